"""
Inputs to one output: lines in, rendered records out, each block of lines written before the next is awaited.

Every physical line belongs to exactly one record and is handed to the renderer with it, as it was but
for its newline.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from tdparse.model import Skipped, Step
from tdparse.pipeline import Explainer
from tdparse.unpack import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tdparse.model import Summary
    from tdparse.read import Source
    from tdparse.render import Renderer, Totals
    from tdparse.selection import Alarm, Selection

NumberingChoice: TypeAlias = Literal["auto", "absolute", "relative"]
Place: TypeAlias = tuple[int, int | None]  # line and column, from 1
PLACES: Final = 20  # of one log; more of them help nobody


class Run(NamedTuple):
    """What stays the same over the inputs of one run, and what they add up to."""

    renderer: Renderer
    selection: Selection  # what is shown
    alarm: Alarm  # what is watched for; it sees everything
    totals: Totals
    numbering: NumberingChoice = "auto"
    drop: str | None = None  # lines that begin with this are left out as if they had never been there
    places: list[Place] | None = None  # takes where the first records stand that could not be read

    def follow(self, source: Source, write: Callable[[str], None], stopped: Callable[[], bool] = lambda: False) -> None:
        """
        Explain one input to its end, or until `stopped` says so between two blocks.

        Raises UnreadableError, after what could be read has been explained.
        """
        following = _Following(self, source.name)
        broken: UnreadableError | None = None
        try:
            for block in source.blocks():
                write(following.feed(block))
                if stopped():
                    break
        except UnreadableError as error:
            broken = error
        if broken is None or following.begun:
            write(following.finish())
        if broken is not None:
            raise broken


class _Following:
    """One input on its way: its explainer, and the lines that no record has claimed yet."""

    def __init__(self, run: Run, name: str) -> None:
        self.begun = False
        self._run = run
        self._name = name
        self._explainer = Explainer(name, numbering=run.numbering)
        self._waiting: deque[str] = deque()
        self._claimed = 0  # physical lines that records have claimed

    def feed(self, block: Sequence[str]) -> str:
        drop, waiting, explainer = self._run.drop, self._waiting, self._explainer
        if drop is not None:
            block = [line for line in block if not line.startswith(drop)]
        parts = self._begin(block)
        for line in block:
            waiting.append(line)
            for item in explainer.feed(line.removesuffix("\r")):
                parts += self._shown(item)
        self._run.totals.lines += len(block)
        return "".join(parts)

    def finish(self) -> str:
        parts = self._begin([])
        for item in self._explainer.finish():
            parts += self._shown(item)
        parts.append(self._run.renderer.end(list(self._waiting) if self._run.selection.everything else ()))
        return "".join(parts)

    def _begin(self, opening: Sequence[str]) -> list[str]:
        if self.begun:
            return []
        self.begun = True
        self._run.totals.sources += 1
        return [self._run.renderer.start(self._name, opening)]

    def _shown(self, item: Step | Skipped | Summary) -> list[str]:
        renderer, selection, alarm, totals = self._run[:4]
        if isinstance(item, Step):
            lines = self._claim(item.segment.line + item.segment.lines - 1)
            totals.segments += 1
            alarm.step(item)
            return [renderer.step(item, lines)] if selection.step(item) else []
        if isinstance(item, Skipped):
            lines = self._claim(item.line)
            totals.skipped[item.kind] += 1
            if item.kind == "rejected" and self._run.places is not None and len(self._run.places) < PLACES:
                self._run.places.append((item.line, item.column))
            return [renderer.skipped(item, lines)] if selection.everything else []
        totals.connections += 1
        totals.evicted += "evicted" in item.attributes
        totals.verdicts[item.verdict] += 1
        totals.findings.update(item.findings)
        alarm.summary(item)
        return [renderer.summary(item)] if selection.summary(item) else []

    def _claim(self, last: int) -> list[str]:
        """Return the lines up to the physical line `last` that no record has claimed before."""
        count = min(last - self._claimed, len(self._waiting))
        if count <= 0:
            return []
        self._claimed += count
        return [self._waiting.popleft() for _ in range(count)]
