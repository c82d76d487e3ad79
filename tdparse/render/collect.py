"""
Connections collected, each drawn as soon as it is over.

What is kept of an open connection is its folded ladder, so memory grows with the open connections only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tdparse.diagram import ROWS, RUN, Diagram, Folding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdparse.model import Flow, Skipped, Step, Summary
    from tdparse.render import Totals


class Drawer(Protocol):
    """One way to draw connections: both methods return the text to write, "" for nothing yet."""

    def draw(self, diagram: Diagram, source: str) -> str:
        """Draw one connection of the input `source`; source is "" where there is one input only."""

    def finish(self) -> str:
        """Write what could only be written at the end."""


class Diagrams:
    """Gathers each connection for a drawer; see `Renderer` for the methods."""

    def __init__(self, drawer: Drawer, *, run: int = RUN, headings: bool = False) -> None:
        """
        Choose how to draw.

        `run` is how many ordinary rows in a row are shown one by one (0: all rows are); `headings` names the inputs.
        """
        self._drawer = drawer
        self._run = run
        self._headings = headings
        self._source = ""
        self._open: dict[int, tuple[Flow, Folding]] = {}

    def start(self, source: str, opening: Sequence[str]) -> str:  # noqa: ARG002 - the drawings stand for themselves
        """Begin an input."""
        self._source = source if self._headings else ""
        return ""

    def step(self, step: Step, lines: Sequence[str]) -> str:  # noqa: ARG002 - what is drawn is what they mean
        """Take a segment."""
        conn = step.flow.conn
        if conn not in self._open:
            self._open[conn] = step.flow, Folding(self._run, ROWS)
        self._open[conn][1].feed(step)
        return ""

    def skipped(self, skipped: Skipped, lines: Sequence[str]) -> str:  # noqa: ARG002 - nothing to draw
        """Show nothing."""
        return ""

    def summary(self, summary: Summary) -> str:
        """Draw a connection that is over."""
        kept = self._open.pop(summary.flow.conn, None)
        if kept is None:
            return ""
        return self._drawer.draw(Diagram(summary.flow, kept[1].rows(), summary), self._source)

    def end(self, lines: Sequence[str]) -> str:  # noqa: ARG002 - nothing to draw
        """Draw what never came to its end."""
        left = [Diagram(flow, folding.rows(), None) for flow, folding in self._open.values()]
        self._open.clear()
        return "".join(self._drawer.draw(diagram, self._source) for diagram in left)

    def finish(self, totals: Totals) -> str:  # noqa: ARG002 - drawings need no totals
        """Write what is left."""
        return self._drawer.finish()
