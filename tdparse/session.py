"""
What has been pasted in one session: lines, what became of each, and how the connections stand.

A session is one log that grows. Taking back an input reads what is left again, from the beginning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from tdparse.model import Skipped, Step
from tdparse.pipeline import Explainer
from tdparse.record import parse_line

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from tdparse.model import Summary
    from tdparse.stream import NumberingChoice


BEAT: Final = 500  # lines


class Piece(NamedTuple):
    """A record or another line, with the physical lines it stands on."""

    item: Step | Skipped
    lines: tuple[str, ...]


class Session:
    """The log of one session."""

    def __init__(self, numbering: NumberingChoice = "auto") -> None:
        """Start empty; `numbering` is what the user says of the log's numbers."""
        self._numbering: NumberingChoice = numbering
        self._inputs: list[int] = []  # how many lines there were before each input
        self._begin()

    def _begin(self) -> None:
        self.lines: list[str] = []
        self.pieces: list[Piece] = []
        self._by_line: dict[int, Piece] = {}  # each physical line
        self._over: dict[int, Summary] = {}  # by connection, those that can receive nothing more
        self._explainer = Explainer("repl", numbering=self._numbering)

    def feed(self, lines: Sequence[str], beat: Callable[[int], None] = lambda _: None) -> list[Piece]:
        """
        Take one input; return what it completes.

        `beat` hears from time to time how many lines are done. What it raises ends the reading between two lines; those
        that have been read by then are there.
        """
        self._inputs.append(len(self.lines))
        return self._read(lines, beat)

    def _read(self, lines: Sequence[str], beat: Callable[[int], None] = lambda _: None) -> list[Piece]:
        before = len(self.pieces)
        for done, line in enumerate(lines):
            if done % BEAT == 0:
                beat(done)
            self.lines.append(line)
            self._take(self._explainer.feed(line))
        if self.pending and lines and not any(map(str.strip, lines)):  # whoever enters nothing more waits for nothing
            self._take(self._explainer.give_up())
        return self.pieces[before:]

    def _take(self, items: Iterable[Step | Skipped | Summary]) -> None:
        for item in items:
            if isinstance(item, Step | Skipped):
                self._keep(item)
            else:
                self._over[item.flow.conn] = item

    def _keep(self, item: Step | Skipped) -> None:
        first, count = (item.segment.line, item.segment.lines) if isinstance(item, Step) else (item.line, 1)
        piece = Piece(item, tuple(self.lines[first - 1 : first - 1 + count]))
        self.pieces.append(piece)
        for line in range(first, first + count):
            self._by_line[line] = piece

    @property
    def pending(self) -> bool:
        """Whether the last line asks for another."""
        return bool(self.lines) and len(self.lines) not in self._by_line

    def undo(self) -> list[str] | None:
        """Take back the last input, unless reading the others again is interrupted; return its lines, None without one."""
        if not self._inputs:
            return None
        keep = self._inputs[-1]
        taken = self.lines[keep:]
        left = Session(self._numbering)
        left._read(self.lines[:keep])
        self._inputs.pop()
        self.lines, self.pieces, self._by_line = left.lines, left.pieces, left._by_line
        self._over, self._explainer = left._over, left._explainer
        return taken

    def clear(self) -> None:
        """Forget everything."""
        self._inputs.clear()
        self._begin()

    def at(self, line: int) -> Piece | None:
        """
        Return what stands on a physical line, counted from 1; None beyond the end.

        A line that asks for another is read as what it is without it.
        """
        if line in self._by_line or not 0 < line <= len(self.lines):
            return self._by_line.get(line)
        text = self.lines[line - 1]
        item = parse_line(text, line)
        return Piece(item, (text,)) if isinstance(item, Skipped) else None

    def summaries(self, only: Collection[int] | None = None) -> list[Summary]:
        """Return how every connection (`only` these) stands, as if the log ended here, in their order."""
        over = self._over if only is None else {conn: self._over[conn] for conn in only if conn in self._over}
        standing = {**over, **{summary.flow.conn: summary for summary in self._explainer.summaries(only)}}
        return [standing[conn] for conn in sorted(standing)]

    def steps(self, conn: int | None = None) -> list[Step]:
        """Return the segments of a connection, or all."""
        steps = (piece.item for piece in self.pieces if isinstance(piece.item, Step))
        return [step for step in steps if conn is None or step.flow.conn == conn]

    def readable(self) -> list[int]:
        """Return the first lines of the records: segments, and what looks like one and cannot be read, the last line too."""
        last = len(self.lines)
        pieces = self.pieces if last in self._by_line else [*self.pieces, self.at(last)]
        return [
            piece.item.segment.line if isinstance(piece.item, Step) else piece.item.line
            for piece in pieces
            if piece is not None and (isinstance(piece.item, Step) or piece.item.kind == "rejected")
        ]
