"""Physical lines become items: each line belongs to exactly one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdparse.parse import parse_line

if TYPE_CHECKING:
    from tdparse.model import Item


class Assembler:
    """Feed physical lines, get segments and skipped lines; no line is lost, none is counted twice."""

    def __init__(self) -> None:
        """Start before line 1."""
        self._line = 0

    def feed(self, text: str) -> list[Item]:
        """Return the items that are complete now that the line `text` (without its newline) has come."""
        self._line += 1
        return [parse_line(text, self._line)]

    def flush(self) -> list[Item]:
        """Return what was held back when the input ends."""
        return []
