"""
What became of a record that one point has and the other has not: lost, or just not captured there.

A capture that misses a packet is not the network losing it. What the receiver has acknowledged before it could
have had it again, it had; what it sent while the other log has nothing of it shows that log to be incomplete; and
before a capture began or after it ended nothing can be missing.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import cache, cached_property
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, TypeVar

from tdparse.compare.matching import LARGEST
from tdparse.seqnum import MASK, diff

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from tdparse.compare.expecting import Expectation
    from tdparse.compare.matching import Matcher, Way
    from tdparse.compare.sightings import Log, Sighting

DUPLICATE_WITHIN: Final = 200 * 10**6  # nanoseconds; a later copy was rather sent again (the shortest common RTO)
PROBES: Final = 2  # acknowledgments in a row that nothing asked for

Run: TypeAlias = tuple[int, int]  # the times of a log's first and last record
Reporter = TypeVar("Reporter")


class Fate(NamedTuple):
    """
    What happened to one record that only one log has, or only in part.

    Kinds for what was sent: ``lost``; ``not_captured`` (the receiver had it); ``outside`` (the other capture had not
    begun, or had ended); ``undecided``. Kinds for what has arrived: ``duplicated`` on the way; ``not_captured``
    where it was sent; ``outside``; ``injected``; ``undecided`` (the capture where it was sent is `blind`).
    """

    kind: str
    confidence: str  # certain | likely | possible
    log: int  # where the record is
    record: Sighting
    spans: tuple[tuple[int, int], ...]  # its octets concerned, as its log counts them; () for all of it
    other: tuple[int, Sighting] | None = None  # what proves it, and its log: the acknowledgment, or an earlier copy


class _Acknowledged:
    """Which record acknowledges a number first; records in the order of their log, with their numbers."""

    def __init__(self, records: list[tuple[int, Sighting]]) -> None:
        self._records = records
        self._reached = list(accumulate((number for number, _ in records), max))
        self._edges, self._blocks = first_blocks([(*block, s) for number, s in records for block in _edges(s, number)])
        self.some = bool(records)

    def first(self, end: int) -> Sighting | None:
        """Return the first record that acknowledges the octet before `end`."""
        place = bisect_right(self._reached, end - 1)
        proof = self._records[place][1] if place < len(self._reached) else None
        piece = bisect_left(self._edges, end)
        block = self._blocks[piece] if piece < len(self._blocks) else None
        if proof is None or block is None:
            return proof or block
        return min(proof, block, key=lambda s: s.place)


class Judge:
    """Decides about what one direction of a bundle has left over."""

    def __init__(
        self,
        matcher: Matcher,
        way: Way,
        origin: int,
        expect: Expectation,
        logs: tuple[Log, Log],
        runs: tuple[Run | None, Run | None],
        when: Callable[[Sighting], int],
    ) -> None:
        """`origin` is the log that a packet of this direction passes first; `runs` are the times of both logs."""
        self._matcher = matcher
        self.way = way
        self.back = matcher.ways[1 - way.side]
        self.origin = origin
        self.far = 1 - origin
        self._expect = expect
        self._logs = logs
        self._when = when
        self._timed = matcher.timed
        self._runs = runs
        self._explained: set[tuple[int, int]] = set()  # log and place of proofs that a copy has arrived

    # -------------------------------------------------------------- where it was sent

    def place_in_run(self, log: int, s: Sighting, off: AbstractSet[int] = frozenset()) -> int:
        """
        Tell whether the other capture was on when it should have had a record.

        Returns -1 where it had not begun, 0 where it was on, 1 where it had ended. At an end at which it is known
        to have been `off`, what would have come about then counts as too early or too late.
        """
        run = self._runs[1 - log]
        if run is None:
            return 1
        if (sure := self._sure(log)) is not None and sure[0] <= s.place <= sure[1]:
            return 0
        time = self._when(s)
        there = self._expect.arrival(time) if log == 0 else self._expect.departure(time)
        early, late = (self._expect.jitter if end in off else 0 for end in (-1, 1))
        return -1 if there < run[0] + early else int(there > run[1] - late)

    @cache  # noqa: B019
    def _sure(self, log: int) -> tuple[int, int] | None:
        """Return between which places of a log the other one has had records of this direction, if order is kept."""
        places = sorted((pair[log].place, pair[1 - log].place) for pair in self.way.pairs)
        sure = [pair[log].place for pair in self.way.pairs if pair[0].place in self.way.alone or not self._timed]
        kept = all(one[1] < other[1] for one, other in pairwise(places))
        return (min(sure), max(sure)) if sure and kept else None

    def unheard(self, end: int) -> Iterator[Sighting]:
        """Yield what the far side sent before its capture began (-1) or after it ended (1), as the origin has it."""
        left = self.back.left[self.origin]
        known = {_looks(s) for s in self.back.seen[self.origin] if s.place not in left}
        for place in left:
            s = self._logs[self.origin].sightings[place]
            if _looks(s) not in known and self.place_in_run(self.origin, s) == end:
                yield s

    def sent(self, off: AbstractSet[int]) -> Iterator[Fate]:
        """
        Yield what became of the records that did not arrive.

        `off` says at which ends (-1, 1) the far capture is known to have been off.
        """
        left = self.way.left[self.origin]
        records = [self._logs[self.origin].sightings[place] for place in sorted(left)]
        places = {s.place: self.place_in_run(self.origin, s, off) for s in records}
        inside = [s for s in records if not places[s.place]]
        yield from self._inside(inside)
        for end in (-1, 1):
            group = [s for s in records if places[s.place] == end]
            unanswered = self._unanswered(group, end)
            for s in reversed(group):
                spans = self._spans(self.origin, s)
                if (proof := self._received(s)) is not None:
                    yield Fate("outside", "certain", self.origin, s, spans, proof)
                elif end in off or (self._runs[self.far] is None and self._hears()):
                    yield Fate("outside", "likely", self.origin, s, spans)
                elif unanswered:
                    yield Fate("lost", "likely" if self._runs[self.far] else "possible", self.origin, s, spans)
                else:
                    yield Fate("undecided", "possible", self.origin, s, spans)

    def _hears(self) -> bool:
        """Tell whether anything comes back at all."""
        return bool(self.back.seen[self.origin])

    def _unanswered(self, group: list[Sighting], end: int) -> bool:
        """Tell whether the sender repeats what it sent beyond the far log, and hears nothing."""
        if not group:
            return False
        if any(self.repeats(s) is not None for s in group):
            return True
        heard = any(s.place > group[0].place for s in self.back.seen[self.origin])
        empty = [s for s in group if not s.octets and "R" not in s.flags]
        return end > 0 and not heard and len(empty) >= PROBES

    def repeats(self, s: Sighting) -> Sighting | None:
        """Return the record in which its sender sends the same octets again, if it does."""
        if s.span is None:
            return None
        start, end = s.span
        low, high = bisect_left(self._spans_sent, (start - LARGEST,)), bisect_left(self._spans_sent, (end,))
        later = [place for _, until, place in self._spans_sent[low:high] if until > start and place > s.place]
        return self._logs[self.origin].sightings[min(later)] if later else None

    @cached_property
    def _spans_sent(self) -> list[tuple[int, int, int]]:
        """What the origin's log has of the direction: from, up to, and its place."""
        return sorted((*s.span, s.place) for s in self.way.seen[self.origin] if s.span is not None)

    def _inside(self, records: list[Sighting]) -> Iterator[Fate]:
        """Yield the fates of what was sent while the far capture was on: the last copy first."""
        found: list[Fate] = []
        for s in reversed(records):
            spans = self._spans(self.origin, s)
            proof = self._received(s)
            if proof is not None:
                found.append(Fate("not_captured", "certain", self.origin, s, spans, proof))
            else:
                found.append(Fate("lost", "certain" if s.octets else "likely", self.origin, s, spans))
        incomplete = self._logs[self.far].dropped > 0 or any(fate.kind == "not_captured" for fate in found)
        for fate in reversed(found):
            if fate.kind == "lost" and incomplete and not fate.record.octets:
                yield fate._replace(kind="undecided", confidence="possible")
            else:
                yield fate

    def _received(self, s: Sighting) -> tuple[int, Sighting] | None:
        """Return what shows that the receiver had a record that its own log has not, with its log; each shows one."""
        found = self._proof(s)
        if found is not None:
            self._explained.add((found[0], found[1].place))
        return found

    def _proof(self, s: Sighting) -> tuple[int, Sighting] | None:
        if s.span is None:
            echo = self._echo(s)
            return None if echo is None else (self.far, echo)
        moved = 0 if self.origin == 0 else self._matcher.moved(self.way.side, s.conn)
        spans = [(start + moved, end + moved) for start, end in self.way.left[self.origin][s.place]]
        end = max(end for _, end in spans)
        arrived = self._first_arrival(spans)
        proof = self._acks[self.far].first(end)
        if (
            proof is not None
            and (arrived is None or proof.place < arrived)
            and (self.far, proof.place) not in self._explained
        ):
            due = self._when(s)
            there = self._expect.arrival(due) if self.origin == 0 else self._expect.departure(due)
            if there <= self._when(proof) + self._expect.alone:
                return self.far, proof
        if arrived is not None:
            return None
        # Its log has neither the octets nor, perhaps, the acknowledgment; the sender's may have that.
        proof = self._acks[self.origin].first(end)
        again = self.repeats(s)
        if proof is None or proof.place < s.place or (again is not None and again.place < proof.place):
            return None
        return self.origin, proof

    def _echo(self, s: Sighting) -> Sighting | None:
        """Return a record of the receiver that echoes a timestamp which nothing else has brought there."""
        stamps, added = s.options.ts, self.way.stamps
        if stamps is None or added is None or self.back.stamps is None:
            return None
        value = (stamps[0] + (added if self.origin == 0 else -added)) & MASK
        return None if value in self._values else self._echoes.get(value)

    # What the far log has of both directions, worked out once.

    @cached_property
    def _values(self) -> set[int]:
        return {s.options.ts[0] for s in self.way.seen[self.far] if s.options.ts is not None}

    @cached_property
    def _echoes(self) -> dict[int, Sighting]:
        found: dict[int, Sighting] = {}
        for s in self.back.seen[self.far]:
            if s.options.ts is not None:
                found.setdefault(s.options.ts[1], s)
        return found

    @cached_property
    def _arrivals(self) -> list[tuple[int, int, int]]:
        """From where to where, and the place in the far log."""
        return sorted((*self._placed(self.far, s), s.place) for s in self.way.seen[self.far] if s.span)

    @cached_property
    def _acks(self) -> tuple[_Acknowledged, _Acknowledged]:
        """What the receiver has acknowledged, as each log has it."""
        one, other = (
            _Acknowledged(
                [
                    ((s.ack or 0) + (self._matcher.moved(self.way.side, s.conn) if log else 0), s)
                    for s in self.back.seen[log]
                    if s.ack is not None and "R" not in s.flags  # which anybody may have sent
                ]
            )
            for log in (0, 1)
        )
        return one, other

    def _placed(self, log: int, s: Sighting) -> tuple[int, int]:
        start, end = s.span or (0, 0)
        moved = self._matcher.moved(self.way.side, s.conn) if log else 0
        return start + moved, end + moved

    def _first_arrival(self, spans: list[tuple[int, int]]) -> int | None:
        """Return the place in the far log where any of these octets stand first."""
        found = []
        for start, end in spans:
            low, high = bisect_left(self._arrivals, (start - LARGEST,)), bisect_left(self._arrivals, (end,))
            found += [place for one, other, place in self._arrivals[low:high] if other > start and one < end]
        return min(found, default=None)

    # -------------------------------------------------------------- where it has arrived

    def arrived(self, off: AbstractSet[int]) -> Iterator[Fate]:
        """Yield where the records come from that were not sent, as far as the origin's log shows."""
        left = self.way.left[self.far]
        if not left:
            return
        before: dict[object, Sighting] = {}
        spans = [s.span for s in self.way.seen[self.origin] if s.span is not None]
        moved = [self._placed(self.origin, s) for s in self.way.seen[self.origin] if s.span is not None]
        low, high = min((one for one, _ in moved), default=None), max((end for _, end in moved), default=None)
        for s in self.way.seen[self.far]:
            key = _looks(s)
            earlier = before.get(key)
            if s.place not in left:
                before[key] = s
                continue
            concerned = self._spans(self.far, s)
            if self.place_in_run(self.far, s, off):
                yield Fate("outside", "certain" if spans else "likely", self.far, s, concerned)
            elif earlier is not None and (
                s.options.ts is not None
                or self._when(s) - self._when(earlier) <= DUPLICATE_WITHIN
                or (s.ip_id and s.ip_id == earlier.ip_id)
            ):
                yield Fate("duplicated", "likely", self.far, s, concerned, (self.far, earlier))
            elif self.blind:
                yield self._unseen(s, concerned)
            else:
                yield self._unsent(s, concerned, low, high)

    @cached_property
    def blind(self) -> bool:
        """Whether the origin's log has nothing of this direction, though what comes back acknowledges some of it."""
        return not self.way.seen[self.origin] and self._acks[self.origin].some

    def _unseen(self, s: Sighting, concerned: tuple[tuple[int, int], ...]) -> Fate:
        """Return the fate of what a blind log does not have: what it shows to be acknowledged, it has missed."""
        proof = None if s.span is None else self._acks[self.origin].first(self._placed(self.far, s)[1])
        if proof is None:
            return Fate("undecided", "possible", self.far, s, concerned)
        return Fate("not_captured", "likely", self.far, s, concerned, (self.origin, proof))

    def _unsent(self, s: Sighting, concerned: tuple[tuple[int, int], ...], low: int | None, high: int | None) -> Fate:
        """Return the fate of what nobody has sent: somebody else did, or the capture missed it."""
        goes_on = self._latest is not None and self._latest > self._when(s)
        if s.span is not None:
            start, end = self._placed(self.far, s)
            ours = low is not None and high is not None and low <= end and start <= high
            if ours and ("S" not in s.flags or end == low):
                return Fate("not_captured", "likely", self.far, s, concerned)
        elif "R" not in s.flags:
            return Fate("not_captured", "likely" if goes_on else "possible", self.far, s, concerned)
        return Fate("injected", "likely" if goes_on else "possible", self.far, s, concerned)

    @cached_property
    def _latest(self) -> int | None:
        """When the last record that its origin has of the direction, RSTs left out, is expected in the far log."""
        there = self._expect.arrival if self.origin == 0 else self._expect.departure
        seen = self.way.seen[self.origin]
        return max((there(self._when(s)) for s in seen if "R" not in s.flags), default=None)

    def _spans(self, log: int, s: Sighting) -> tuple[tuple[int, int], ...]:
        spans = tuple(self.way.left[log][s.place])
        return () if s.span is None or spans == (s.span,) else spans


def _looks(s: Sighting) -> Hashable:
    """Return what a copy made on the way has in common with its original."""
    return s.letters, s.seq, s.length, s.ack, s.options.ts, s.sack


def run_of(log: Log, when: Callable[[Sighting], int]) -> Run | None:
    """Return the times of a log's first and last record, None if it has none."""
    times = [when(s) for s in log.sightings]
    return (min(times), max(times)) if times else None


def _edges(s: Sighting, ack: int) -> Iterator[tuple[int, int]]:
    """Yield the SACK blocks of a record as numbers that go on, `ack` being its own."""
    for left, right in s.sack or ():
        yield ack + diff(left, (s.ack or 0) & MASK), ack + diff(right, (s.ack or 0) & MASK)


def first_blocks(blocks: Sequence[tuple[int, int, Reporter]]) -> tuple[list[int], list[Reporter | None]]:
    """
    Return all edges of SACK blocks in order, and for what lies between each and the one before it who reports it first.

    Every piece between two edges is taken once, by the first block over it, so many blocks over each other cost no more.
    """
    edges = sorted({edge for left, right, _ in blocks for edge in (left, right)})
    first: list[Reporter | None] = [None] * len(edges)
    free = list(range(len(edges) + 1))  # by piece, that piece if nobody has taken it, or one behind it
    for left, right, s in blocks:
        piece, last = bisect_left(edges, left) + 1, bisect_left(edges, right)
        while (piece := _root(free, piece)) <= last:
            first[piece] = s
            free[piece] = piece + 1
    return edges, first


def _root(free: list[int], piece: int) -> int:
    """Return the first free piece from `piece` on, and make the way there shorter."""
    while free[piece] != piece:
        free[piece] = free[free[piece]]
        piece = free[piece]
    return piece
