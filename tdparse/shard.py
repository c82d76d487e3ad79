"""
One log in many pieces: parsed by stretches of lines, tracked by shares of its connections, the same as in one piece.

What a record means depends on the records before it of its own connection, and on a little that the whole log
decides: its clock, how it prints numbers, which endpoints are servers, who scans. Every share is therefore given the
log's beginning, which it tracks whole, and the clock. Where anything else that spans connections would be needed,
the share says so (`Share.doubts`), and the log is tracked in one piece instead.

Nothing here knows an engine; `spark` moves the pieces.
"""

from __future__ import annotations

from itertools import count as counted
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from tdparse import sharing
from tdparse.clock import DAY, MIDNIGHT_JUMP, Clock
from tdparse.model import Segment, Skipped, Summary, TimeStyle
from tdparse.normalize import begins_run
from tdparse.pipeline import Explainer
from tdparse.render.jsonl import connection
from tdparse.repair import Mender
from tdparse.roles import MAX_SERVICES, Roles
from tdparse.summary import summarize
from tdparse.table import MAX_CLOSED, MAX_LIVE, MAX_RETIRED, MAX_UNANSWERED, SWEEP_EVERY, over_at
from tdparse.verdict import SCAN_TARGETS, ScanWatch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tdparse.incarnation import Incarnation
    from tdparse.model import Endpoint, Item, Step
    from tdparse.verdict import Probe

LOOK_EVERY: Final = 256  # incarnations more, before a share looks again how many there are
SEAM: Final = 64  # lines on either side of a cut that both stretches read: no record is longer


class Timed(NamedTuple):
    """A record, with the times its stretch knows: nanoseconds, by the stretch's own clock."""

    item: Item
    stretch: int
    time: int | None
    latest: int | None  # of the records before it in its stretch
    previous: int | None


class Stretch(NamedTuple):
    """What the log needs to know of one stretch of its lines."""

    number: int
    lines: int
    styles: frozenset[TimeStyle]
    first: int | None  # stamp of its first timed record, as printed
    last: int | None  # time of its last one, by its own clock
    latest: int | None  # the greatest
    days: int  # midnights that its clock has passed, nanoseconds
    leaps: bool  # a record lies half a day ahead of the one before: after a midnight it would belong before it
    head: tuple[tuple[int, int], ...]  # where records begin behind its first line, and how many lines they have
    tail: tuple[tuple[int, int], ...]  # the same for the lines behind its last, as it reads on
    servers: Mapping[Endpoint, int]  # endpoints that a SYN or SYN-ACK shows to be servers, with the first such line
    skipped: Mapping[str, int]
    telling: int  # lines that are no segments and still say something about them


def parsed(
    lines: Iterable[str], number: int, base: int, before: Sequence[str], behind: Sequence[str]
) -> Iterator[Timed | Stretch]:
    """
    Yield the records that begin in a stretch, and at last what is known of it.

    Args:
        lines: Its lines, without newlines.
        number: Which stretch it is, from 0.
        base: How many lines of the log stand before it.
        before: The last of them, at most SEAM.
        behind: The first lines behind it, at most SEAM.
    """
    mender, clock = Mender(), Clock()
    shift = base - len(before)
    styles: set[TimeStyle] = set()
    servers: dict[Endpoint, int] = {}
    skipped: dict[str, int] = {}
    first: int | None = None
    last: int | None = None
    latest: int | None = None
    leaps, telling, lines_read = False, 0, 0
    head: list[tuple[int, int]] = []
    tail: list[tuple[int, int]] = []

    def read() -> Iterator[Item]:
        nonlocal lines_read
        for line in before:
            yield from mender.feed(line)
        for line in lines:
            lines_read += 1
            yield from mender.feed(line)
        for line in behind:
            yield from mender.feed(line)
        if len(behind) < SEAM:
            yield from mender.flush()

    for found in read():
        item = found._replace(line=found.line + shift)
        if item.line <= base:
            continue
        mark = (item.line, item.lines if isinstance(item, Segment) else 0)
        if item.line > base + lines_read:
            tail.append(mark)
            continue
        if item.line <= base + SEAM:
            head.append(mark)
        if isinstance(item, Skipped):
            skipped[item.kind] = skipped.get(item.kind, 0) + 1
            if _tells(item):
                telling += 1
                yield Timed(item, number, None, latest, last)
            continue
        flags = item.flags or ""
        if "S" in flags:
            servers.setdefault(item.src if "." in flags else item.dst, item.line)
        before_it = last
        time = clock.read(item)
        styles.add(clock.style(item))
        yield Timed(item, number, time, latest, last)
        if time is not None:
            if first is None:
                first = item.stamp
            leaps = leaps or (before_it is not None and time > before_it + MIDNIGHT_JUMP)
            last = time
            latest = time if latest is None else max(latest, time)
    days = 0 if last is None else clock._days  # noqa: SLF001 - its state is what the next stretch goes on from
    yield Stretch(
        number, lines_read, frozenset(styles), first, last, latest, days, leaps,
        tuple(head), tuple(tail), servers, skipped, telling,
    )  # fmt: skip


def _tells(item: Skipped) -> bool:
    """Tell whether the tracker makes something of a line that is no segment (see `Explainer`)."""
    dropped = (item.note or {}).get("dropped")
    return (
        begins_run(item)
        or item.kind == "icmp"
        or (item.kind == "counters" and isinstance(dropped, int) and dropped > 0)
    )


class Seam(NamedTuple):
    """What a stretch must know of those before it: nanoseconds, by the log's clock."""

    offset: int  # what its own clock lacks
    latest: int | None
    previous: int | None


def joined(stretches: Sequence[Stretch]) -> list[Seam] | None:
    """
    Return how the clocks of the stretches go on from each other; None where only one piece can tell.

    That is where a cut has changed what a record is, where times are differences, or where times of day go back and
    forth around a midnight.
    """
    styles = frozenset().union(*(stretch.styles for stretch in stretches))
    if TimeStyle.DELTA in styles or len(styles) > 1:
        return None
    seams: list[Seam] = []
    days, latest, last = 0, None, None
    for one, other in pairwise(stretches):
        limit = one.lines and min(SEAM, other.lines) // 2
        start = sum(stretch.lines for stretch in stretches[: other.number])
        if [m for m in one.tail if m[0] <= start + limit] != [m for m in other.head if m[0] <= start + limit]:
            return None
    for stretch in stretches:
        offset = days
        if stretch.first is not None and last is not None and TimeStyle.CLOCK in styles:
            time = stretch.first + days
            if time < last - MIDNIGHT_JUMP:
                offset += DAY
            elif days and time > last + MIDNIGHT_JUMP:
                return None
        if offset and stretch.leaps:
            return None
        seams.append(Seam(offset, latest, last))
        if stretch.last is not None and stretch.latest is not None:
            last = stretch.last + offset
            latest = stretch.latest + offset if latest is None else max(latest, stretch.latest + offset)
            days = offset + stretch.days
    return seams


def key(item: Item) -> int:
    """Return a number that all records of an address pair share."""
    if isinstance(item, Skipped):
        return 0
    return sharing.key(item.src, item.dst)


# ------------------------------------------------------------------ tracking


class Log(NamedTuple):
    """What every share of a log is given."""

    beginning: Sequence[Timed]  # the records of its first lines
    until: int  # the last of these lines
    seams: Sequence[Seam]
    servers: Mapping[Endpoint, int]
    end: int | None  # the time of its last record
    numbering: str
    shares: int  # 1: the one share is the whole log


class Crowd(NamedTuple):
    """How many incarnations a share had at once: what a table drops when there are too many."""

    live: int = 0
    unanswered: int = 0
    bases: int = 0  # address pairs whose numbers a relative log may still ask for


class Share:
    """One share of a log's connections: feed its records in log order; steps and summaries come out."""

    def __init__(self, log: Log, number: int) -> None:
        """Track the beginning of the log; of what it shows only what is this share's own comes out, in `opening`."""
        self.log = log
        self.doubts: set[str] = set()  # why this share may not be what the whole log would have shown
        self.probes: set[tuple[str, str, str]] = set()  # kind, source, target (verdicts scan_like)
        self.most = Crowd()
        self._number = number
        self._explainer = explainer = Explainer(numbering=log.numbering)
        self._tracker = tracker = explainer.tracker
        self._clock = _Given()
        tracker._clock = self._clock  # noqa: SLF001 - a share is a tracker with the log's own clock
        self._whole = log.shares == 1
        self.opening: list[Step | Summary] = []
        self.line = 0
        self._look_at = 0
        for timed in log.beginning:
            self.opening += self._track(timed)
        self.first = tracker.table.opened  # connections of the beginning have their numbers
        if not self._whole:
            self._alone()

    def _alone(self) -> None:
        """Go on from the beginning with this share's connections only."""
        tracker = self._tracker
        normalizer, table = tracker.normalizer, tracker.table
        if normalizer._shown == "unknown" or not tracker._findings.several:  # noqa: SLF001
            self.doubts.add("the beginning tells too little")
        self._votes, self._headless = dict(normalizer._votes), normalizer._headless  # noqa: SLF001
        for conn in [conn for conn in table.live.values() if not self._mine(conn)]:
            del table.live[conn.flow.client, conn.flow.server]
        self.opening = [item for item in self.opening if self._mine(item)]
        scans = _Scans(self)
        scans.take(tracker._scans)  # noqa: SLF001
        tracker._scans = scans  # noqa: SLF001
        table._roles = _Roles(table._roles, self)  # noqa: SLF001

    def _mine(self, known: Incarnation | Summary | Step) -> bool:
        return sharing.key(known.flow.client, known.flow.server) % self.log.shares == self._number

    def feed(self, timed: Timed) -> list[Step | Summary]:
        """Take one record behind the beginning; connections are numbered by the line at which they appear."""
        table = self._tracker.table
        if not self._whole:
            self.line = timed.item.line
            table.opened = self.first + timed.item.line
            self._watch(timed)
        found = self._track(timed)
        if len(table.live) > self._look_at:
            unanswered = sum(conn.unanswered and not conn.closed for conn in table.live.values())
            self.most = self.most._replace(live=len(table.live), unanswered=max(self.most.unanswered, unanswered))
            self._look_at = len(table.live) + LOOK_EVERY
        return found

    def finish(self) -> list[Step | Summary]:
        """The log has ended."""
        tracker = self._tracker
        if not self._whole:
            tracker._now = self.log.end  # noqa: SLF001
            votes = tracker.normalizer._votes  # noqa: SLF001
            fewer = min(votes, key=lambda mode: votes[mode])
            if votes[fewer] > self._votes[fewer] or tracker.normalizer._headless is not self._headless:  # noqa: SLF001
                self.doubts.add("numbering")
            if tracker.normalizer.numbering != "absolute":
                self.most = self.most._replace(bases=len(tracker.table._retired))  # noqa: SLF001
            for conn in tracker.table.live.values():
                self.settled(conn)
        return [item for item in tracker.finish() if item is not None]

    def _track(self, timed: Timed) -> list[Step | Summary]:
        seam = self.log.seams[timed.stretch]
        tracker = self._tracker
        if isinstance(timed.item, Skipped):
            self._explainer._note(timed.item)  # noqa: SLF001
            return []
        self._clock.now = None if timed.time is None else timed.time + seam.offset
        if self._clock.first is None:
            self._clock.first = self._clock.now
        tracker._previous = seam.previous if timed.previous is None else timed.previous + seam.offset  # noqa: SLF001
        own = None if timed.latest is None else timed.latest + seam.offset
        known = [time for time in (own, seam.latest) if time is not None]
        tracker._now = max(known) if known else None  # noqa: SLF001
        step = tracker.feed(timed.item)
        return [*tracker.ended(), step]

    # -------------------------------------------------------------- what other shares may know

    def _watch(self, timed: Timed) -> None:
        """Doubt a record whose incarnation is over, unless the table has been tidied since in any case."""
        item = timed.item
        if isinstance(item, Skipped) or timed.time is None:
            if isinstance(item, Skipped):
                self.doubts.add("notes")
            return
        table = self._tracker.table
        conn = table.live.get((item.src, item.dst)) or table.live.get((item.dst, item.src))
        if conn is None or conn.last_time is None:
            return
        now = timed.time + self.log.seams[timed.stretch].offset
        if over_at(conn) <= now <= over_at(conn) + SWEEP_EVERY:
            self.doubts.add("late records")

    def settled(self, conn: Incarnation) -> None:
        """Doubt a summary that depends on when the table was tidied."""
        end = self.log.end
        if end is None or conn.last_time is None or end <= over_at(conn):
            return
        scans = ScanWatch()
        one, other = (connection(summarize(conn, time, scans), "", "en") for time in (over_at(conn) + 1, end))
        if one != other:
            self.doubts.add("idle connections")


def doubts_of(log: Log, shares: Sequence[tuple[set[str], set[tuple[str, str, str]], Crowd]]) -> set[str]:
    """Return why shares (their doubts, probes and crowds) may not add up to the whole log."""
    found = set().union(*(doubts for doubts, _, _ in shares))
    targets: dict[tuple[str, str], set[str]] = {}
    for _, probes, _ in shares:
        for kind, source, target in probes:
            targets.setdefault((kind, source), set()).add(target)
    if any(len(known) >= SCAN_TARGETS for known in targets.values()):
        found.add("scans")
    live, unanswered, bases = (
        sum(most[place] for _, _, most in shares) + LOOK_EVERY * len(shares) for place in range(3)
    )
    if (
        live > min(MAX_LIVE, MAX_CLOSED)
        or unanswered > MAX_UNANSWERED
        or bases > MAX_RETIRED
        or len(log.servers) > MAX_SERVICES
    ):
        found.add("very many connections")
    return found


class _Given(Clock):
    """A clock that shows what it was set to."""

    __slots__ = ("now",)

    def __init__(self) -> None:
        super().__init__()
        self.now: int | None = None

    def read(self, segment: Segment) -> int | None:  # noqa: ARG002
        """Return what it was set to."""
        return self.now


class _Roles(Roles):
    """Roles by what the whole log shows of servers; who else has talked to whom only the whole log knows."""

    __slots__ = ("_before", "_share")

    def __init__(self, before: Roles, share: Share) -> None:
        super().__init__()
        self._before = before
        self._share = share
        self._servers = _Servers(before, share)  # type: ignore[assignment]

    def note(self, client: Endpoint, server: Endpoint, confidence: float) -> None:
        """Nothing to remember: the log's servers are known."""

    def _has_partners(self, endpoint: Endpoint, partner: Endpoint) -> bool:
        self._share.doubts.add("roles")
        return self._before._has_partners(endpoint, partner)  # noqa: SLF001


class _Servers:
    """The servers that the log has shown up to the present line."""

    def __init__(self, before: Roles, share: Share) -> None:
        self._before = before._servers  # noqa: SLF001
        self._share = share

    def __contains__(self, endpoint: Endpoint) -> bool:
        first = self._share.log.servers.get(endpoint)
        return endpoint in self._before or (first is not None and first < self._share.line)


class _Scans(ScanWatch):
    """Scans nobody here can see whole: what might belong to one is noted, and judged in the end."""

    __slots__ = ("_share",)

    def __init__(self, share: Share) -> None:
        super().__init__()
        self._share = share

    def probe(self, conn: Incarnation, end: int | None) -> Probe | None:
        """Note a probe, of which nothing comes here."""
        found = super().probe(conn, end)
        if found is not None:
            kind, source, target = found
            self._share.probes.add((kind, source, str(target)))
        if end is not None and end > over_at(conn):
            self._share.settled(conn)
        return None

    def take(self, other: ScanWatch) -> None:
        """Note what another one has counted, and let it start afresh."""
        for kind, table in (("syn", other._syns), ("ack", other._acks)):  # noqa: SLF001
            for source, targets in table.items():
                self._share.probes |= {(kind, source, str(target)) for target in targets}
            table.clear()

    def scans(self, conn: Incarnation, end: int | None) -> str | None:  # noqa: ARG002
        """Return nothing: were it a scan, the log would be tracked in one piece."""
        return None


def numbered(first: int, ids: Iterable[int]) -> dict[int, int]:
    """Return connection numbers by order of appearance; those of the log's beginning, up to `first`, are right already."""
    late = sorted({known for known in ids if known > first})
    return dict(zip(late, counted(first + 1), strict=False))
