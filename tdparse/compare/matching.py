"""
Which record of one log is the same packet as which of the other.

Packets with nothing to tell them apart (repeated acknowledgments, retransmissions without timestamps) are laid
beside each other by time: the delay of their neighbours says where a copy must have come from. What has no equal
is laid beside the other log octet by octet, because offloading joins segments and cuts them (GRO, TSO).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

from tdparse.compare.aligning import cheapest
from tdparse.seqnum import HALF, MASK

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

    from tdparse.compare.aligning import Found
    from tdparse.compare.expecting import Expectation
    from tdparse.compare.pairing import Bundle
    from tdparse.compare.sightings import Log, Sighting

MILLISECOND: Final = 10**6
AGREEMENT: Final = 0.6  # share of unmistakable pairs in which a field must agree to tell packets apart
MOST_VOTES: Final = 400  # records that are asked how far apart the numbers of the logs are
MOST_CANDIDATES: Final = 64
SENT_AGAIN: Final = 150 * MILLISECOND  # less than a retransmission by timer waits
LARGEST: Final = 1 << 20  # octets of one record, offloading included


class Part(NamedTuple):
    """Octets of one record that are in a record of the other log under another cut: by log, and which."""

    records: Found
    start: int  # as the first log counts
    end: int


class Way:
    """One direction of a bundle, through both capture points."""

    def __init__(self, side: int, seen: tuple[list[Sighting], list[Sighting]]) -> None:
        """Take what each log has of it, in log order."""
        self.side = side
        self.seen = seen
        self.pairs: list[Found] = []
        self.parts: list[Part] = []
        self.alone: set[int] = set()  # places in the first log of packets that each log has once
        self.left: tuple[dict[int, list[tuple[int, int]]], dict[int, list[tuple[int, int]]]] = ({}, {})
        # -- what is the same at both points
        self.stamps: int | None = 0  # what has been added to TSval on the way; None: they do not go with the packet
        self.same: dict[str, bool] = {}
        self.groups: list[tuple[list[Sighting], list[Sighting]]] = []


class Matcher:
    """Matches the records of one bundle."""

    def __init__(self, logs: tuple[Log, Log], bundle: Bundle, when: Callable[[Sighting], int], *, timed: bool) -> None:
        """`when` gives the time of a record of a log, or, where logs are not `timed`, what stands for it."""
        self.timed = timed
        self._logs = logs
        self.bundle = bundle
        self._when = when
        seen: tuple[tuple[list[Sighting], list[Sighting]], ...] = (([], []), ([], []))
        self.records: tuple[list[Sighting], list[Sighting]] = ([], [])
        self._seen = seen
        self.ways: tuple[Way, Way] = (Way(0, seen[0]), Way(1, seen[1]))
        self._shifts: dict[tuple[int, int], int] = {}  # by connection of the other log, and side: to our numbers
        self._moved: tuple[dict[int, int], dict[int, int]] = ({}, {})  # the same without an end at 2**32
        self._taken: tuple[set[int], set[int]] = (set(), set())  # connections of the first log that were recognised
        self._placed_blocks = True  # whether both logs tell where the edges of SACK blocks lie
        self._wire: dict[int, set[Hashable]] = {}  # by side, the numbers that the first log shows as on the wire
        self._empties = False  # whether both logs print the number of a segment that occupies none

    def take(self, log: int, sighting: Sighting) -> None:
        """Take a record; in log order."""
        self._seen[self.bundle.side(log, sighting)][log].append(sighting)
        self.records[log].append(sighting)

    # -------------------------------------------------------------- numbers

    def prepare(self) -> None:
        """Find what the logs have in common, and group what looks the same."""
        self._empties = all(
            any(s.seq is not None and not s.octets and "R" not in s.flags for way in self.ways for s in way.seen[log])
            for log in (0, 1)
        )
        self._placed_blocks = all(s.sack is not None for log in (0, 1) for s in self.records[log] if s.options.sack)
        for conn, side in dict.fromkeys((s.conn, way.side) for way in self.ways for s in way.seen[1]):
            for number in (side, 1 - side):
                if (conn, number) not in self._shifts:
                    self._shifts[conn, number] = self._shift(conn, number)
        for way in self.ways:
            self._find_stamps(way)
        for way in self.ways:
            self._find_same(way)
            way.groups = self._grouped(way)

    def _shift(self, conn: int, side: int) -> int:
        """Return what to add to the other log's numbers of a connection and side to get ours, modulo 2**32."""
        if self._as_printed(conn, side):
            return 0
        votes: Counter[tuple[int, int]] = Counter()
        for stamped in (True, False):
            table: dict[Hashable, list[tuple[int, int]]] = defaultdict(list)
            for number, where, mark in self._numbers(side, 0, None, stamped=stamped):
                if len(table[mark]) < MOST_CANDIDATES:
                    table[mark].append((number, where))
            for number, _, mark in self._numbers(side, 1, conn, stamped=stamped):
                candidates = table.get(mark, ())
                for candidate, where in candidates:
                    votes[(candidate - number) & MASK, where] += 1 + (len(candidates) == 1)
            if votes:
                # Where several incarnations look the same, they have come in the same order.
                taken = self._taken[side]
                (shift, where), count = max(
                    votes.items(), key=lambda vote: (vote[1], vote[0][1] not in taken, -vote[0][1])
                )
                if count > 1:
                    taken.add(where)
                    return shift
                return 0
        return 0

    def _as_printed(self, conn: int, side: int) -> bool:
        """Tell whether numbers of a side are on the wire of both logs, and the same there."""
        if side not in self._wire:
            self._wire[side] = set(self._on_wire(0, side, self.records[0]))
        theirs = [s for s in self.records[1] if s.conn == conn]
        return any(mark in self._wire[side] for mark in self._on_wire(1, side, theirs))

    def _on_wire(self, log: int, side: int, records: Iterable[Sighting]) -> Iterator[Hashable]:
        """Yield the numbers of a side that are known as they are on the wire, each with where it stands."""
        absolute = self._logs[log].absolute
        for s in records:
            own = self.bundle.side(log, s) == side
            number = s.ack if not own else s.seq if s.octets or "R" in s.flags else None
            owner = s.sender if own else "server" if s.sender == "client" else "client"
            if number is not None and (s.conn, owner) in absolute:
                yield own, s.letters, s.length, number & MASK

    def _numbers(self, side: int, log: int, conn: int | None, *, stamped: bool) -> Iterator[tuple[int, int, Hashable]]:
        """Yield numbers of a side, each with its connection and what says which packet it stands in."""
        count = 0
        for way in self.ways:
            for s in way.seen[log]:
                number = s.seq if way.side == side else s.ack
                if number is None or (conn is not None and s.conn != conn) or (way.side == side and not s.octets):
                    continue
                if stamped == (s.options.ts is None):
                    continue
                yield number, s.conn, (way.side, s.letters, s.length, s.options.ts if stamped else None)
                count += 1
                if conn is not None and count >= MOST_VOTES:
                    return

    def ours(self, log: int, number: int, conn: int, side: int) -> int:
        """Return a number as the first log counts it, modulo 2**32."""
        return (number if log == 0 else number + self._shifts[conn, side]) & MASK

    def moved(self, side: int, conn: int) -> int:
        """Return what to add to the other log's numbers, which go on beyond 2**32, to get the first's."""
        return self._moved[side].get(conn, 0)

    # -------------------------------------------------------------- what tells packets apart

    def _plain(self, log: int, way: Way, s: Sighting) -> tuple[Hashable, ...]:
        """What no device changes that leaves the connection whole."""
        printed = s.seq is not None and (s.octets or "R" in s.flags or self._empties)
        seq = self.ours(log, s.seq or 0, s.conn, way.side) if printed else None
        ack = None if s.ack is None else self.ours(log, s.ack, s.conn, 1 - way.side)
        return s.letters, seq, s.length, ack

    def _unmistakable(self, way: Way) -> list[Found]:
        """Return the pairs that are alone with their numbers in both logs."""
        alone: tuple[dict[Hashable, Sighting | None], dict[Hashable, Sighting | None]] = ({}, {})
        for log in (0, 1):
            for s in way.seen[log]:
                key = self._plain(log, way, s)
                alone[log][key] = None if key in alone[log] else s
        pairs = ((s, alone[1].get(key)) for key, s in alone[0].items())
        return [(one, other) for one, other in pairs if one is not None and other is not None]

    def _find_stamps(self, way: Way) -> None:
        pairs = [(a.options.ts, b.options.ts) for a, b in self._unmistakable(way)]
        if not pairs:
            return
        moved = Counter((b[0] - a[0]) & MASK for a, b in pairs if a is not None and b is not None)
        if not moved:
            way.stamps = None if any(a is not b for a, b in pairs) else 0
            return
        shift, count = moved.most_common(1)[0]
        # Two packets that agree by accident are rarer than two that are not the same.
        sure = count > 1 or len(moved) == len(pairs) == 1
        way.stamps = shift if sure or (not shift and count) else None

    def _find_same(self, way: Way) -> None:
        """Find which of the fields that a device may change have not been."""
        pairs = self._unmistakable(way)
        for name, field in _FIELDS.items():
            both = [(field(a), field(b)) for a, b in pairs]
            told = [a == b for a, b in both if a is not None or b is not None]
            way.same[name] = sum(told) >= AGREEMENT * len(told) and not (name == "ip_id" and not told)
        edges = [(self._edges(0, way, a), self._edges(1, way, b)) for a, b in pairs]
        told = [a == b for a, b in edges if a is not None or b is not None]
        way.same["sack"] = sum(told) >= AGREEMENT * len(told)

    def _edges(self, log: int, way: Way, s: Sighting) -> Hashable:
        """Return the SACK blocks; where a log does not tell where they lie, how long they are."""
        if not s.options.sack:
            return None
        if not self._placed_blocks or s.sack is None:
            return tuple((right - left) & MASK for left, right in s.options.sack)
        return tuple(tuple(self.ours(log, edge, s.conn, 1 - way.side) for edge in block) for block in s.sack)

    def _key(self, log: int, way: Way, s: Sighting) -> Hashable:
        """Everything that goes with the packet from one point to the other."""
        stamps: Hashable = None
        moved = [self.ways[side].stamps for side in (way.side, 1 - way.side)]
        if s.options.ts is not None and moved[0] is not None:
            val, ecr = s.options.ts
            if log == 1:
                val = (val - moved[0]) & MASK
                ecr = (ecr - moved[1]) & MASK if ecr and moved[1] is not None else ecr
            stamps = (val, ecr if moved[1] is not None else None)
        kept = [field(s) if way.same[name] else None for name, field in _FIELDS.items()]
        return (*self._plain(log, way, s), stamps, self._edges(log, way, s) if way.same["sack"] else None, *kept)

    def _grouped(self, way: Way) -> list[tuple[list[Sighting], list[Sighting]]]:
        groups: dict[Hashable, tuple[list[Sighting], list[Sighting]]] = {}
        for log in (0, 1):
            for s in way.seen[log]:
                groups.setdefault(self._key(log, way, s), ([], []))[log].append(s)
        return list(groups.values())

    # -------------------------------------------------------------- records

    def anchors(self, way: Way) -> list[Found]:
        """Return the packets that each log has once."""
        return [(ours[0], theirs[0]) for ours, theirs in way.groups if len(ours) == len(theirs) == 1]

    def match(self, way: Way, expect: Expectation, origin: int) -> None:
        """Pair what is the same, and lay the rest beside each other octet by octet; `origin` has it first."""
        for ours, theirs in way.groups:
            if len(ours) == len(theirs) == 1:
                way.alone.add(ours[0].place)
            if ours and theirs:
                way.pairs += self._aligned(ours, theirs, expect, origin)
        way.groups = []
        for log in (0, 1):
            found = {pair[log].place for pair in way.pairs}
            for s in way.seen[log]:
                if s.place not in found:
                    way.left[log][s.place] = [s.span or (0, 0)]
        self._cover(way, expect)
        way.pairs.sort(key=lambda pair: pair[0].place)

    def _aligned(
        self, ours: list[Sighting], theirs: list[Sighting], expect: Expectation, origin: int
    ) -> Iterator[Found]:
        """Yield pairs of copies that cannot be told apart but by their times."""
        if len(ours) == len(theirs) == 1 and not expect.known:
            yield ours[0], theirs[0]
            return
        if not self.timed and ours[0].octets and len(ours) != len(theirs):
            # Octets are sent until they arrive.
            shorter = min(len(ours), len(theirs))
            yield from zip(ours[-shorter:], theirs[-shorter:], strict=True)
            return
        if ours[0].options.ts is None and expect.known:
            ours = [s for s in ours if not self._late(expect.arrival(self._when(s)), 1)]
            theirs = [s for s in theirs if not self._late(expect.departure(self._when(s)), 0)]
        if self.timed and len((ours, theirs)[origin]) == 1:
            yield from self._first_copy([(one, other) for one in ours for other in theirs], expect, 1 - origin)
            return
        marks = [(expect.arrival(self._when(s)), 0, s) for s in ours] + [(self._when(s), 1, s) for s in theirs]
        marks.sort(key=lambda mark: (mark[0], mark[1], mark[2].place))
        cluster: tuple[list[tuple[int, Sighting]], list[tuple[int, Sighting]]] = ([], [])
        last: int | None = None
        for time, log, s in marks:
            if last is not None and time - last > 2 * expect.alone:
                yield from cheapest(*cluster, expect.alone)
                cluster = ([], [])
            cluster[log].append((time, s))
            last = time
        yield from cheapest(*cluster, expect.alone)

    def _first_copy(self, pairs: list[Found], expect: Expectation, far: int) -> Iterator[Found]:
        """Yield the pair of what was sent once and the first of its copies; the path has made those just behind it."""
        nearest = min(pairs, key=lambda pair: self._misplaced(pair[0], pair[1], expect))
        if self._misplaced(nearest[0], nearest[1], expect) <= 2 * expect.alone:
            latest = self._when(nearest[far])
            yield next(pair for pair in pairs if latest - self._when(pair[far]) <= SENT_AGAIN)

    def _misplaced(self, one: Sighting, other: Sighting, expect: Expectation) -> int:
        """Return how far a record of the other log stands from where one of the first is expected in it."""
        return abs(self._when(other) - expect.arrival(self._when(one)))

    def _late(self, time: int, log: int) -> bool:
        """Tell whether a log had ended long before it could have had what is expected in it at `time`."""
        records = self._logs[log].sightings
        return time - self._when(records[-1]) > SENT_AGAIN

    # -------------------------------------------------------------- octets

    def _cover(self, way: Way, expect: Expectation) -> None:
        """Lay what has no equal in the other log over the octets that have none there."""
        moved = self._moved[way.side]
        moved.update(self._unbounded(way))
        rest = [[s for s in way.seen[log] if s.place in way.left[log] and s.span is not None] for log in (0, 1)]
        theirs = sorted(((s.seq or 0) + moved[s.conn], s.place, s) for s in rest[1])
        starts = [start for start, _, _ in theirs]
        free: dict[int, list[tuple[int, int]]] = {place: [(at, at + s.octets)] for at, place, s in theirs}
        for s in rest[0]:
            spans = [s.span or (0, 0)]
            start, end = spans[0]
            low, high = bisect_left(starts, start - LARGEST), bisect_left(starts, end)
            near = sorted(theirs[low:high], key=lambda item: item[1])
            for _, place, other in near:
                if not spans or not self._plausible(way, s, other, expect):
                    continue
                for span in spans:
                    for common in _common(span, free[place]):
                        if common == (start, end) and other.octets == s.octets:
                            way.pairs.append((s, other))
                        else:
                            way.parts.append(Part((s, other), *common))
                        free[place] = _without(free[place], common)
                        spans = _without(spans, common)
            way.left[0][s.place] = spans
        for start, place, s in theirs:
            back = (s.seq or 0) - start
            way.left[1][place] = [(one + back, end + back) for one, end in free[place]]
        for log in (0, 1):
            for place in [place for place, spans in way.left[log].items() if not spans]:
                del way.left[log][place]

    def _plausible(self, way: Way, s: Sighting, other: Sighting, expect: Expectation) -> bool:
        """Tell whether octets of one record can be those of the other: sent at that time, with that timestamp."""
        if ("S" in s.flags) != ("S" in other.flags):
            return False
        if s.options.ts is None and self._late(expect.departure(self._when(other)), 0):
            return False
        ours, theirs = s.options.ts, other.options.ts
        stamped = way.stamps is not None and ours is not None and theirs is not None
        if stamped and ours and theirs and (theirs[0] - ours[0]) & MASK != way.stamps:
            return False
        return self._misplaced(s, other, expect) <= 2 * expect.alone or not expect.known

    def _unbounded(self, way: Way) -> dict[int, int]:
        """Return, by connection of the other log, what to add to its numbers, which do not wrap, to get ours."""
        votes: dict[int, Counter[int]] = defaultdict(Counter)
        for one, other in way.pairs:
            if one.seq is not None and other.seq is not None and one.octets:
                votes[other.conn][one.seq - other.seq] += 1
        moved = {}
        sent = (s.seq for s in way.seen[0] if s.seq is not None)
        confirmed = (s.ack for s in self.ways[1 - way.side].seen[0] if s.ack is not None and "R" not in s.flags)
        near = next(chain(sent, confirmed), 0)
        begun: dict[int, int | None] = {}
        for s in self.records[1]:
            begun.setdefault(s.conn, None)
        for s in way.seen[1]:
            if begun[s.conn] is None:
                begun[s.conn] = s.seq
        for conn, first in begun.items():
            if conn in votes:
                moved[conn] = votes[conn].most_common(1)[0][0]
            else:
                shift = self._shifts.get((conn, way.side), 0)
                there = (near if first is None else first) + shift
                moved[conn] = shift - ((there - near + HALF) & ~MASK)
        return moved


_FIELDS: Final[dict[str, Callable[[Sighting], Hashable]]] = {
    "window": lambda s: s.window,
    "ip_id": lambda s: s.ip_id,
}


def _common(span: tuple[int, int], others: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return what `span` shares with the spans of `others`."""
    both = ((max(span[0], start), min(span[1], end)) for start, end in others)
    return [(start, end) for start, end in both if start < end]


def _without(spans: Sequence[tuple[int, int]], taken: tuple[int, int]) -> list[tuple[int, int]]:
    """Return what is left of spans."""
    rest = []
    for start, end in spans:
        pieces = ((start, min(end, taken[0])), (max(start, taken[1]), end))
        rest += [piece for piece in pieces if piece[0] < piece[1]]
    return rest
