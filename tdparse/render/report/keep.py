"""
What is kept of a log for its page: bounded, whatever its length, the worst connections in most detail.

An open connection keeps its first and latest records, all that changed a state, and what is remarkable; the
ordinary rest of a long one becomes holes that say how much they hide. A connection that is over keeps its records
as long as no worse ones need the room. Times and numbers for the plots are taken from every record, before it goes.
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, cast

from tdparse.diagram import Fold, remarkable
from tdparse.render.alike import Brief
from tdparse.render.report.gravity import is_clean, of_summary
from tdparse.render.report.series import Series

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tdparse.model import Flow, Role, Step, Summary

LINES: Final = 2500  # records told one by one, over all connections
DETAILED: Final = 60  # connections told in detail
CLEAN: Final = 20  # of these, connections with nothing remarkable
LONGEST: Final = LINES  # records of one connection that are kept while it is open
POOL: Final = 40_000  # records of open connections; beyond, they give back what is ordinary
SMALL: Final = 40  # what is left to each of them then, and to each connection told in detail
CHUNK: Final = 64  # records that count as one in the course of time once they are dropped


class Told(NamedTuple):
    """A record that is told, with its physical lines."""

    step: Step
    lines: Sequence[str]


Entry: TypeAlias = "Told | Fold"
Record: TypeAlias = "Told | Brief"  # as it is kept
Beat: TypeAlias = "tuple[int, Role, int, bool]"  # time, sender, octets, whether it is remarkable


class Kept:
    """One connection on its way through the log."""

    __slots__ = ("_beats", "_fresh", "_series", "flow", "records", "source")

    def __init__(self, source: int, flow: Flow) -> None:
        """Begin with nothing; `source` numbers the input."""
        self.source = source
        self.flow = flow
        self.records: list[Record | Fold] = []  # with holes
        self._series: Series | None = None  # begun when the first record is dropped
        self._beats: list[Beat] = []  # of what was dropped
        self._fresh = 0  # entries that the plots have had

    def shrink(self, size: int) -> None:
        """Leave about `size` entries: the first, the last, and the remarkable ones between; holes for the others."""
        records = self.records
        if len(records) <= size:
            return
        self.series()
        head, tail = max(1, size * 2 // 5), max(1, size // 5)
        room = max(1, size // 5)  # remarkable ones between; beside each may be a hole
        kept = records[:head]
        hidden: list[Record] = []
        for record in records[head : len(records) - tail]:
            if isinstance(record, Brief):  # nothing about it is remarkable
                hidden.append(record)
            elif isinstance(record, Fold):
                self._hide(kept, hidden)
                _append(kept, record)
            elif room and is_striking(record.step):
                room -= 1
                self._hide(kept, hidden)
                kept.append(record)
            else:
                hidden.append(record)
        self._hide(kept, hidden)
        kept += records[len(records) - tail :]
        self.records = kept
        self._fresh = len(kept)

    def series(self) -> Series:
        """Return what the plots show, of all records so far."""
        if self._series is None:
            self._series = Series()
        for kind, run in groupby(self.records[self._fresh :], type):
            if kind is Brief:
                self._series.take(cast("list[Brief]", [*run]))
            elif kind is Told:
                for told in cast("Iterator[Told]", run):
                    self._series.feed(told.step)
        self._fresh = len(self.records)
        return self._series

    def beats(self) -> Iterator[Beat]:
        """Yield what was sent, in no particular order."""
        yield from self._beats
        for record in self.records:
            if isinstance(record, Brief):
                yield record.elapsed, record.first.sender, record.end - record.begin, False
            elif isinstance(record, Told):
                step = record.step
                if step.elapsed is not None:
                    yield step.elapsed, step.sender, step.segment.length or 0, bool(step.findings and remarkable(step))

    def entries(self) -> list[Entry]:
        """Return what is told."""
        return [
            Told(record.step(self.flow), [record.line]) if isinstance(record, Brief) else record
            for record in self.records
        ]

    def last(self) -> Step | None:
        """Return the latest record."""
        last = self.records[-1] if self.records else None
        if isinstance(last, Brief):
            return last.step(self.flow)
        return last.step if isinstance(last, Told) else None

    def _hide(self, kept: list[Record | Fold], records: list[Record]) -> None:
        """Put a hole in the place of records, and forget them."""
        if not records:
            return
        octets: dict[Role, int] = {}
        findings: dict[str, int] = {}
        for start in range(0, len(records), CHUNK):
            amounts: dict[Role, int] = {}
            for record in records[start : start + CHUNK]:
                if isinstance(record, Brief):
                    sender, length = record.first.sender, record.end - record.begin
                else:
                    sender, length = record.step.sender, record.step.segment.length or 0
                    for code in remarkable(record.step) if record.step.findings else ():
                        findings[code] = findings.get(code, 0) + 1
                if length:
                    amounts[sender] = amounts.get(sender, 0) + length
            first = records[start]
            time = first.elapsed if isinstance(first, Brief) else first.step.elapsed
            for role, amount in amounts.items():
                octets[role] = octets.get(role, 0) + amount
                if time is not None:
                    self._beats.append((time, role, amount, False))
        _append(kept, Fold(_line(records[0]), _line(records[-1]), len(records), octets, findings))
        records.clear()


class Detail(NamedTuple):
    """A connection that is over and told in detail."""

    kept: Kept
    summary: Summary


class Keeper:
    """Feed the records of a log, then how its connections ended."""

    def __init__(self) -> None:
        """Nothing is kept yet."""
        self._open: dict[int, Kept] = {}
        self._latest: Kept | None = None
        self._pooled = 0  # records since the open connections were looked at
        self._source = 0
        self._over: list[tuple[tuple[int, int, int], int, Detail]] = []  # a heap, the least bad first
        self._lines = 0  # in it
        self._clean = 0  # connections with nothing remarkable in it
        self._count = 0

    def begin(self) -> None:
        """Begin another input."""
        self._source += 1
        self._open.clear()
        self._latest = None
        self._pooled = 0

    def step(self, step: Step, lines: Sequence[str]) -> None:
        """Take a record."""
        flow = step.flow
        if flow.conn not in self._open:
            self._open[flow.conn] = Kept(self._source, flow)
        self.take(flow.conn, Told(step, lines))

    def take(self, conn: int, record: Record) -> None:
        """Take a record of a connection that has shown one before."""
        kept = self._latest = self._open[conn]
        records = kept.records
        records.append(record)
        if len(records) >= 2 * LONGEST:
            kept.shrink(LONGEST)
        self._pooled += 1
        if self._pooled > POOL:
            self._pooled = 0
            for other in self._open.values():
                other.shrink(SMALL)

    def last(self) -> Step | None:
        """Return the latest record of this input."""
        return None if self._latest is None else self._latest.last()

    def over(self, summary: Summary) -> Kept:
        """Take how a connection ended; return what was kept of it."""
        kept = self._open.pop(summary.flow.conn, None) or Kept(self._source, summary.flow)
        self._pooled -= min(self._pooled, len(kept.records))
        self._count += 1
        if kept.records:
            kept.shrink(LONGEST)
            rank = of_summary(summary)
            heappush(self._over, (rank, -self._count, Detail(kept, summary)))
            self._lines += len(kept.records)
            self._clean += is_clean(rank)
            while self._too_much():
                rank, _order, detail = heappop(self._over)
                self._lines -= len(detail.kept.records)
                self._clean -= is_clean(rank)
        return kept

    def _too_much(self) -> bool:
        over = len(self._over) > DETAILED or self._clean > CLEAN
        return over or (self._lines > 4 * LINES and len(self._over) > 1)

    def details(self) -> list[Detail]:
        """Return the connections that are told in detail, the worst first, cut to what a page holds."""
        details = [detail for _rank, _order, detail in sorted(self._over, reverse=True)]
        share = _share([len(detail.kept.records) for detail in details], LINES)
        for detail in details:
            detail.kept.series()  # of all records, before some go
            detail.kept.shrink(max(share, SMALL))
        return details


def _share(wanted: Sequence[int], room: int) -> int:
    """Return how much each may have so that all together have `room`, and nobody less than he could."""
    left = len(wanted)
    for amount in sorted(wanted):
        if amount * left > room:
            return room // left
        room -= amount
        left -= 1
    return max(wanted, default=0)


def is_striking(step: Step) -> bool:
    """Return whether a record is told wherever it stands: it changed a state, or is remarkable."""
    client, server = step.client, step.server
    if client.before != client.after or server.before != server.after:
        return True
    return bool(step.findings) and bool(remarkable(step))


def _line(record: Record) -> int:
    return record.number if isinstance(record, Brief) else record.step.segment.line


def _append(kept: list[Record | Fold], fold: Fold) -> None:
    """Add a hole, to the one before it if there is one."""
    last = kept[-1] if kept else None
    if not isinstance(last, Fold):
        kept.append(fold)
        return
    octets, findings = dict(last.octets), dict(last.findings)
    for role, count in fold.octets.items():
        octets[role] = octets.get(role, 0) + count
    for code, count in fold.findings.items():
        findings[code] = findings.get(code, 0) + count
    kept[-1] = Fold(last.first_line, fold.last_line, last.segments + fold.segments, octets, findings)
