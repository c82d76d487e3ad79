"""
The stages in a row, for one log: physical lines in, explained records out, lazily.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, cast

from tdparse.model import Segment, Skipped, Step, Summary
from tdparse.normalize import begins_run
from tdparse.repair import Mender
from tdparse.track import Tracker

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from tdparse.model import Item, Numbering
    from tdparse.shapes import Reader

_MODERN: Final = re.compile(r" > \S+: Flags \[")
_ABSOLUTE_OPTION: Final = re.compile(r"\s(?:-[A-Za-z]*S|--absolute-tcp-sequence-numbers\b)")


class Passed(NamedTuple):
    """What stands in the place of a segment of the other half, or, without one, of a connection of it that is over."""

    segment: Segment | None


class Together(NamedTuple):
    """What one segment has shown: the connection that it has replaced, and itself. The other half knows of one segment."""

    items: tuple[Summary | Step, ...]


Part: TypeAlias = "Step | Skipped | Summary | Passed | Together"


class Explainer:
    """Feed physical lines; each record comes out as soon as its last line is known."""

    def __init__(self, source: str = "-", *, numbering: str = "auto") -> None:
        """
        Start a log.

        Args:
            source: its name in the output.
            numbering: "auto", or "absolute" or "relative" where the user says how numbers are printed.
        """
        self.source = source
        self.tracker = Tracker(_forced(numbering))
        self._assembler = Mender()

    @property
    def numbering(self) -> Numbering:
        """How this log prints its numbers, as far as it has shown."""
        return self.tracker.normalizer.numbering

    @property
    def reader(self) -> Reader | None:
        """What reads the next line if it is a segment of the shape of the last one; None while something else goes on."""
        return self._assembler.reader

    @property
    def line(self) -> int:
        """The number of physical lines so far."""
        return self._assembler.line

    def pass_over(self, count: int, latest: int, *, payload: bool) -> None:
        """Count segments, one a line, that were predicted: the time of the last one, and whether it shows its payload."""
        self._assembler.pass_over(count, payload=payload)
        self.tracker.pass_over(latest)

    def take(self, segment: Segment) -> list[Part]:
        """Take the next line, which `reader` has read."""
        self._assembler.pass_over(1, payload=bool(segment.payload))
        return self._placed(segment)

    def parts(self, line: str) -> list[Part]:
        """Do the same as `feed`, for whoever may have half of the log only (`Tracker.divide`)."""
        return self._explain(self._assembler.feed(line))

    def feed(self, line: str) -> list[Step | Skipped | Summary]:
        """Take one physical line without its newline; return what it completes."""
        return cast("list[Step | Skipped | Summary]", self.parts(line))

    def give_up(self) -> list[Step | Skipped | Summary]:
        """Return what waits for another line, as what it is without it; feeding may go on."""
        return cast("list[Step | Skipped | Summary]", self._explain(self._assembler.flush()))

    def finish(self) -> list[Step | Skipped | Summary]:
        """The log has ended: return what was pending, and every connection left."""
        return cast("list[Step | Skipped | Summary]", list(self.ending()))

    def ending(self) -> Iterator[Part]:
        """Do the same one by one."""
        yield from self._explain(self._assembler.flush())
        sharing = self.tracker.sharing
        if sharing.divided:
            sharing.at(self.line + 1)
        yield from map(_or_passed, self.tracker.finish())

    def summaries(self, only: Container[int] | None = None) -> list[Summary]:
        """Return how the connections that are not over (`only` these) stand, as if the log ended; feeding may go on."""
        return self.tracker.peek(only)

    def _explain(self, items: Iterable[Item]) -> list[Part]:
        found: list[Part] = []
        for item in items:
            if isinstance(item, Segment):
                found += self._placed(item)
            else:
                self._note(item)
                found.append(item)
        return found

    def _placed(self, segment: Segment) -> list[Part]:
        """Return what a segment does, behind the connections that are over by then."""
        tracker = self.tracker
        if not tracker.sharing.divided:
            step = tracker.feed(segment)
            return [*tracker.ended(), step]
        if not tracker.sharing.owns(segment.src, segment.dst):
            tracker.elsewhere(segment)
            return [*map(_or_passed, tracker.swept()), Passed(segment)]
        step = tracker.feed(segment)
        swept, replaced = map(_or_passed, tracker.swept()), [*tracker.replaced()]
        return [*swept, Together((*replaced, step)) if replaced else step]

    def _note(self, skipped: Skipped) -> None:
        """Take what a line that is no segment says about the log."""
        if begins_run(skipped):
            self.tracker.note_run()
            if skipped.kind == "prompt":
                # People edit the commands they paste, so this only decides where the numbers do not (R34).
                absolute = _ABSOLUTE_OPTION.search(skipped.raw) is not None
                self.tracker.normalizer.hint("absolute" if absolute else "relative")
        elif skipped.kind == "icmp" and skipped.note is not None:
            self.tracker.note_icmp(skipped.line, skipped.note)
        elif dropped := dropped_by_capture(skipped):
            self.tracker.note_drops(dropped)


def dropped_by_capture(skipped: Skipped) -> int:
    """Return how many packets a line says the capture itself has lost, in the kernel or at the interface (capture_drops)."""
    if skipped.kind != "counters" or skipped.note is None:
        return 0
    told = (skipped.note.get(name) for name in ("dropped", "dropped_interface"))
    return sum(number for number in told if isinstance(number, int))


def _or_passed(summary: Summary | None) -> Summary | Passed:
    return Passed(None) if summary is None else summary


def explain(lines: Iterable[str], *, numbering: str = "auto") -> Iterator[Step | Skipped | Summary]:
    """Explain a log line by line, reading no further than asked."""
    explainer = Explainer(numbering=numbering)
    for line in lines:
        yield from explainer.feed(line.rstrip("\n"))
    yield from explainer.finish()


def sniff(lines: Iterable[str]) -> tuple[str | None, Numbering]:
    """Return (dialect, numbering) as the first lines of a log show them; no dialect where no segment shows one."""
    explainer = Explainer()
    shown: str | None = None
    for line in lines:
        for item in explainer.feed(line):
            if shown is None and isinstance(item, Step):
                shown = dialect(item.segment)
    return shown, explainer.numbering


def dialect(segment: Segment) -> str | None:
    """Return which printing of TCP a segment shows; None for the old one (before 4.0) and for what -q leaves of both."""
    return "tcpdump-4" if _MODERN.search(segment.text) else None


def _forced(numbering: str) -> Numbering | None:
    if numbering == "absolute":
        return "absolute"
    return "relative" if numbering == "relative" else None
