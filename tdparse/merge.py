"""
Several logs as one trace: the records of all, in the order of their times.

Where times can be compared (dates, seconds since 1970), records of logs that overlap interleave. A time of
day says no date: logs are taken in the order they are named, each beginning within half a day of the one
before. Where there is no time to compare, one log follows another. The order within a log always stays.
"""

from __future__ import annotations

from collections import deque
from contextlib import ExitStack, contextmanager
from heapq import merge as interleaved
from typing import TYPE_CHECKING, Final, NamedTuple

from tdparse.assemble import Assembler
from tdparse.clock import DAY, MIDNIGHT_JUMP, Clock
from tdparse.model import Segment, TimeStyle
from tdparse.read import Source, opened, shown_name
from tdparse.unpack import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

BLOCK: Final = 1024  # lines handed on at once


class _Record(NamedTuple):
    """Lines that belong together, and when: nanoseconds, never less than those of the record before."""

    time: int
    style: TimeStyle
    lines: list[str]


@contextmanager
def merged(
    names: Sequence[str], wait: Callable[[int], bool], trouble: Callable[[UnreadableError], None]
) -> Iterator[Source]:
    """Open logs as one; those that cannot be read, or break off, are told to `trouble`, and the others go on."""
    with ExitStack() as stack:
        logs = []
        for name in names:
            try:
                logs.append(stack.enter_context(opened(name, wait)))
            except UnreadableError as error:
                trouble(error)
        yield _Merged(logs, trouble)


class _Merged(Source):
    """Logs that read as one."""

    def __init__(self, logs: Sequence[Source], trouble: Callable[[UnreadableError], None]) -> None:
        super().__init__(name_of([log.name for log in logs]), _Nothing())
        self._sources = logs
        self._logs = [_records(log, trouble) for log in logs]

    @property
    def consumed(self) -> int:
        """How many octets of all logs have been read."""
        return sum(log.consumed for log in self._sources)

    def octet_blocks(self) -> Iterator[bytes | list[str]]:
        """Yield the lines of all logs, decoded."""
        yield from self.blocks()

    def blocks(self) -> Iterator[list[str]]:
        """Yield the lines of all logs."""
        block: list[str] = []
        for record in _ordered(self._logs):
            block += record.lines
            if len(block) >= BLOCK:
                yield block
                block = []
        if block:
            yield block


class _Nothing:
    def read(self, _size: int = -1, /) -> bytes:
        return b""


def name_of(names: Sequence[str]) -> str:
    """Return what several logs are called when they are one."""
    return " + ".join(map(shown_name, names))


def _ordered(logs: Sequence[Iterator[_Record]]) -> Iterator[_Record]:
    begun = [(first, rest) for rest in logs if (first := next(rest, None)) is not None]
    styles = {first.style for first, _ in begun}
    if len(styles) != 1 or styles & {TimeStyle.NONE, TimeStyle.DELTA}:
        for first, rest in begun:
            yield first
            yield from rest
        return
    shifted = []
    shift, last = 0, None
    for first, rest in begun:
        if styles == {TimeStyle.CLOCK} and last is not None:
            while first.time + shift < last - MIDNIGHT_JUMP:
                shift += DAY
        last = first.time + shift
        shifted.append(_shifted(first, rest, shift))
    yield from interleaved(*shifted, key=lambda record: record.time)


def _shifted(first: _Record, rest: Iterator[_Record], shift: int) -> Iterator[_Record]:
    yield first._replace(time=first.time + shift)
    for record in rest:
        yield record._replace(time=record.time + shift)


def _records(log: Source, trouble: Callable[[UnreadableError], None]) -> Iterator[_Record]:
    """Yield the segments of a log, each with the lines that stand before and after it and have no time."""
    assembler, clock = Assembler(), Clock()
    waiting: deque[str] = deque()  # physical lines that no record has claimed yet
    claimed = 0
    time: int | None = None
    style = TimeStyle.NONE
    before: list[str] = []  # what stands before the first time
    try:
        for block in log.blocks():
            for line in block:
                waiting.append(line)
                for item in assembler.feed(line.removesuffix("\r")):
                    last = item.line + item.lines - 1 if isinstance(item, Segment) else item.line
                    lines = [waiting.popleft() for _ in range(last - claimed)]
                    claimed = last
                    if isinstance(item, Segment) and (now := clock.read(item)) is not None:
                        if time is None:
                            style = clock.style(item)
                        time = now if time is None else max(now, time)
                    if time is None:
                        before += lines
                    else:
                        yield _Record(time, style, before + lines)
                        before = []
    except UnreadableError as error:
        trouble(error)
    if left := [*before, *waiting]:
        yield _Record(time or 0, style, left)
