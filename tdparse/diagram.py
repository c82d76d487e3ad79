"""
A ladder: what a drawing of one connection shows, row by row, whoever draws it.

Places of interest stay rows of their own; long runs of ordinary data and acknowledgments fold into one row,
so that a ladder is bounded, however long its connection.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from tdparse.flags import flags_of
from tdparse.model import Severity, Side

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tdparse.model import Flow, Role, Standing, Step, Summary

RUN: Final = 6  # ordinary rows in a row that are still shown one by one
ROWS: Final = 200  # rows of one ladder; beyond them its middle folds, whatever is there
WINDOW: Final = 64  # how far back the first copy of a repeated segment is looked for
REPEATS: Final = 3  # how often a remark of no weight is shown before its repetitions count as ordinary
NEAR: Final = 4  # rows among which the same remark is a repetition: an exchange may alternate

ORDINARY: Final = frozenset({
    "data.push", "data.segment", "data.ack", "data.half_close", "ack.window_update", "stepless.ack",
})  # fmt: skip
AGAIN: Final = frozenset({
    "retransmission", "fast_retransmission", "spurious_retransmission", "tail_loss_probe",
    "syn_retransmission", "syn_ack_retransmission", "fin_retransmission",
})  # fmt: skip
REMARKABLE: Final = frozenset({Severity.NOTE, Severity.WARN, Severity.ERROR})
GRAVE: Final = frozenset({Severity.WARN, Severity.ERROR})


class Arrow(NamedTuple):
    """One segment on its way."""

    step: Step
    again: bool  # its octets, SYN or FIN had been sent before
    lost: bool  # it was sent again before anything acknowledged it: probably it did not arrive


class Gap(NamedTuple):
    """Octets that were sent and that the log does not show."""

    sender: Role
    octets: int | None  # None: how many is not known


class Fold(NamedTuple):
    """Segments that are not shown one by one."""

    first_line: int
    last_line: int
    segments: int
    octets: Mapping[Role, int]  # payload, by sender
    findings: Mapping[str, int]  # code -> how often; notes and above


Row: TypeAlias = Arrow | Gap | Fold


class Diagram(NamedTuple):
    """One connection, folded; `summary` is None where the drawing ends before the connection does."""

    flow: Flow
    rows: tuple[Row, ...]
    summary: Summary | None


def remarkable(step: Step) -> tuple[str, ...]:
    """Return the codes of a segment's findings at or above note."""
    return tuple(finding.code for finding in step.findings if finding.severity in REMARKABLE)


def is_again(step: Step) -> bool:
    """Return whether a segment repeats what was sent before."""
    return any(finding.code in AGAIN for finding in step.findings)


def before(step: Step) -> tuple[Side, Side]:
    """Return what client and server were in before a segment, as sides that nothing changes."""
    client, server = step.client.before, step.server.before
    return Side(client, client), Side(server, server)


def opening(rows: Sequence[Row]) -> tuple[Side, Side] | None:
    """Return what client and server were in before the first segment; None without one."""
    return next((before(row.step) for row in rows if isinstance(row, Arrow)), None)


def shortened(rows: Sequence[Row], limit: int) -> tuple[Row, ...]:
    """Return at most `limit` rows (at least 3), those in the middle folded into one."""
    if len(rows) <= limit:
        return tuple(rows)
    head = limit // 2
    tail = len(rows) - (limit - head - 1)
    bag = _Bag()
    for row in rows[head:tail]:
        bag.add(row)
    return (*rows[:head], *bag.rows(), *rows[tail:])


class States:
    """The states a drawing has shown so far, so that it shows changes only."""

    def __init__(self) -> None:
        """Nothing has been shown."""
        self._shown: dict[Role, Standing] = {}

    def news(self, role: Role, side: Side) -> list[Standing]:
        """Return what has to be shown of one endpoint's states now: nothing, the new one, or both."""
        news = []
        for standing in side:
            if self._shown.get(role) != standing:
                self._shown[role] = standing
                news.append(standing)
        return news


class Gaps:
    """The octets of one connection that a drawing has shown to be missing from the log, so that it shows them once."""

    def __init__(self) -> None:
        """Nothing has been shown."""
        self._last: dict[Role, int] = {}  # the last octet missing, relative

    def news(self, step: Step) -> list[Gap]:
        """Return what a segment shows to be missing, to be drawn before it."""
        found = []
        for finding in step.findings:
            last = finding.values.get("last")
            if finding.code == "lost_segment":
                octets = finding.values.get("n")
                gap = Gap(step.sender, octets if isinstance(octets, int) else None)
            elif finding.code == "acked_unseen":
                gap = Gap("server" if step.sender == "client" else "client", None)
            else:
                continue
            known = isinstance(last, int) and last <= self._last.get(gap.sender, -1)
            if isinstance(last, int) and not known:
                self._last[gap.sender] = last
            if not known:
                found.append(gap)
        return found


class Folding:
    """Feed the steps of one connection; `rows` is the ladder so far."""

    def __init__(self, run: int = RUN, limit: int = ROWS) -> None:
        """
        Start a ladder.

        Args:
            run: how many ordinary rows in a row are shown one by one; 0: all, and nothing is ever folded.
            limit: how many rows there may be, at least 3.
        """
        self._run = run
        self._limit = limit
        self._recent: deque[tuple[Row, bool]] = deque()  # and whether it is ordinary; it may still turn out not to be
        self._settled = _Settled(run, limit)
        self._gaps = Gaps()
        self._acked: dict[Role, int] = {}  # by who acknowledged: relative numbers of the other side
        self._kinds: deque[tuple[object, ...]] = deque(maxlen=NEAR)
        self._streaks: Counter[tuple[object, ...]] = Counter()

    def feed(self, step: Step) -> None:
        """Take the next segment."""
        again = is_again(step)
        if again:
            self._mark_lost(step)
        self._recent.extend((gap, False) for gap in self._gaps.news(step))
        self._recent.append((Arrow(step, again, lost=False), self._is_ordinary(step)))
        if step.rel_ack is not None:
            self._acked[step.sender] = max(step.rel_ack, self._acked.get(step.sender, 0))
        while self._run and len(self._recent) > WINDOW:
            self._settled.add(*self._recent.popleft())

    def skip(self, fold: Fold) -> None:
        """Take segments that nobody has kept one by one."""
        self._recent.append((fold, False))

    def rows(self) -> tuple[Row, ...]:
        """Return the rows; nothing can be fed after this."""
        if not self._run:
            return tuple(row for row, _ordinary in self._recent)
        while self._recent:
            self._settled.add(*self._recent.popleft())
        return self._settled.rows()

    def _is_ordinary(self, step: Step) -> bool:
        if step.client.before != step.client.after or step.server.before != step.server.after:
            return False
        codes = remarkable(step)
        if not codes:
            return step.step in ORDINARY
        if any(finding.severity in GRAVE for finding in step.findings):
            return False
        kind = (step.sender, step.step, codes)
        self._streaks[kind] = self._streaks[kind] + 1 if kind in self._kinds else 1
        self._kinds.append(kind)
        for old in [old for old in self._streaks if old not in self._kinds]:
            del self._streaks[old]
        return self._streaks[kind] > REPEATS

    def _mark_lost(self, step: Step) -> None:
        """The earlier copies of what `step` repeats: unless they were acknowledged, they probably got lost."""
        span = _span(step)
        if span is None:
            return
        acked = self._acked.get("server" if step.sender == "client" else "client", -1)
        for place in range(-1, -min(WINDOW, len(self._recent)) - 1, -1):
            row = self._recent[place][0]
            if not isinstance(row, Arrow) or row.step.sender != step.sender:
                continue
            sent = _span(row.step)
            if sent is not None and sent[0] < span[1] and span[0] < sent[1] and sent[1] > acked:
                self._recent[place] = row._replace(lost=True), False


def _span(step: Step) -> tuple[int, int] | None:
    """Return the numbers a segment takes up, SYN and FIN included; None for none, or unknown ones."""
    flags = flags_of(step.segment.flags or "")
    taken = flags.syn + flags.fin
    if step.rel_seq is None or step.rel_end is None or step.rel_end + taken == step.rel_seq:
        return None
    return step.rel_seq, step.rel_end + taken


# ------------------------------------------------------------------ folding


class _Settled:
    """Rows whose place is decided: the run that is open, and what stands before it."""

    def __init__(self, run: int, limit: int) -> None:
        self._size = run
        self._limit = limit
        self._rows: list[Row] = []
        self._run: list[Row] = []  # ordinary rows in a row: all of them, or the first and the last
        self._bag = _Bag()  # what stands between these two

    def add(self, row: Row, ordinary: bool) -> None:  # noqa: FBT001 - it is half of a pair
        if not ordinary:
            self._close()
            self._rows.append(row)
            if len(self._rows) > 2 * self._limit:
                self._rows = list(shortened(self._rows, self._limit))
            return
        self._run.append(row)
        if len(self._run) > self._size or self._bag:
            for inner in self._run[1:-1]:
                self._bag.add(inner)
            del self._run[1:-1]

    def rows(self) -> tuple[Row, ...]:
        self._close()
        return shortened(self._rows, self._limit)

    def _close(self) -> None:
        if self._run:
            self._rows += [self._run[0], *self._bag.rows(), *self._run[1:]]
            self._run, self._bag = [], _Bag()


class _Bag:
    """Counts what a fold hides."""

    def __init__(self) -> None:
        self._first = self._last = self._segments = 0
        self._octets: Counter[Role] = Counter()
        self._findings: Counter[str] = Counter()

    def __bool__(self) -> bool:
        return self._segments > 0

    def add(self, row: Row) -> None:
        if isinstance(row, Arrow):
            step = row.step
            self._count(step.segment.line, step.segment.line, 1)
            self._octets[step.sender] += step.segment.length or 0
            self._findings.update(remarkable(step))
        elif isinstance(row, Fold):
            self._count(row.first_line, row.last_line, row.segments)
            self._octets.update(row.octets)
            self._findings.update(row.findings)

    def rows(self) -> tuple[Fold, ...]:
        """Return the fold, if there is anything in it."""
        if not self:
            return ()
        octets = {role: count for role, count in sorted(self._octets.items()) if count}
        return (Fold(self._first, self._last, self._segments, octets, dict(self._findings)),)

    def _count(self, first: int, last: int, segments: int) -> None:
        self._first = first if not self._segments else self._first
        self._last = last
        self._segments += segments
