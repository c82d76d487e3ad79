"""Physical lines become items: each line belongs to exactly one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdparse.model import Segment, Skipped
from tdparse.parse import is_unfinished, parse_line

if TYPE_CHECKING:
    from tdparse.model import Item

MAX_LINES: Final = 16  # of one record; tunnels in tunnels print fewer


class Assembler:
    """Feed physical lines, get segments and skipped lines; no line is lost, none is counted twice."""

    def __init__(self) -> None:
        """Start before line 1."""
        self._line = 0
        self._held: list[str] = []  # the physical lines of a record that asks for another

    def feed(self, text: str) -> list[Item]:
        """Return the items that are complete now that the line `text` (without its newline) has come."""
        self._line += 1
        if self._held:
            return self._join(text)
        return self._begin(text)

    def flush(self) -> list[Item]:
        """Return what was held back when the input ends."""
        return self._give_up()

    def _begin(self, text: str) -> list[Item]:
        """Return the item of a line that may open a record."""
        item = parse_line(text, self._line)
        if isinstance(item, Skipped) and item.kind in OPEN_KINDS and is_unfinished(text):
            self._held = [text]
            return []
        return [item]

    def _join(self, text: str) -> list[Item]:
        """Return the items when `text` follows a record that asked for another line."""
        joined = "\n".join((*self._held, text))
        first = self._line - len(self._held)
        item = parse_line(joined, first)
        if isinstance(item, Segment):
            self._held = []
            return [item]
        if len(self._held) < MAX_LINES and is_unfinished(joined):
            self._held.append(text)
            return []
        if item.kind in PACKET_KINDS:
            lines = (*self._held, text)
            self._held = []
            return [
                item._replace(raw=lines[0]),
                *(Skipped(first + index, "continuation", raw) for index, raw in enumerate(lines[1:], 1)),
            ]
        return [*self._give_up(), *self._begin(text)]

    def _give_up(self) -> list[Item]:
        """Return the held lines as what they are without the line they asked for."""
        first = self._line - len(self._held)
        held, self._held = self._held, []
        if not held:
            return []
        return [
            Skipped(first, "other_protocol", held[0]),
            *(Skipped(first + index, "continuation", raw) for index, raw in enumerate(held[1:], 1)),
        ]


OPEN_KINDS: Final = frozenset({"remark", "continuation", "other_protocol"})
PACKET_KINDS: Final = frozenset({"arp", "udp", "icmp", "fragment", "other_protocol"})
