"""Physical lines become items: each line belongs to exactly one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tdparse.model import Segment, Skipped
from tdparse.record import (
    is_continuation,
    is_unfinished,
    opens_ascii_dump,
    parse_line,
    read_line,
    shows_ip_header_only,
    style_of_unfinished,
    with_place,
)
from tdparse.shapes import reader_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tdparse.model import Item, TimeStyle
    from tdparse.shapes import Reader

# How the packet that an ICMP error quotes begins; pasting may have expanded the tab.
QUOTED: Final = ("\t", "        IP")
# The IP header of a TCP segment in the line of its own that -v gives it; behind the first fragment no ports are shown.
TCP_HEADER: Final = re.compile(r"\boffset 0, [^()\n]*\bproto:? TCP \(6\)")
MAX_LINES: Final = 16  # of one record; tunnels in tunnels print fewer
OPEN_KINDS: Final = frozenset({"remark", "continuation", "other_protocol"})
PACKET_KINDS: Final = frozenset({"arp", "udp", "icmp", "fragment", "other_protocol"})
DUMPED_KINDS: Final = frozenset({"remark", "rejected", "continuation", "comment", "prompt", *PACKET_KINDS})


class Assembler:
    """Feed physical lines, get segments and skipped lines; no line is lost, none is counted twice."""

    def __init__(self, *, lends: bool = False) -> None:
        """
        Start before line 1.

        Args:
            lends: Put the first line of a record that the next one does not complete into `lent`, and do not take
                that next one: somebody else may find out how they belong together, or `take_back` them. Where reading
                stops in what is rejected is left to them, too (`record.located`).
        """
        self._lends = lends
        self._read = read_line if lends else parse_line
        self.lent: str | None = None
        self._line = 0
        self._held: list[str] = []  # the physical lines of a record that asks for another
        self._after: str | None = None  # what came last: "segment", or the kind of a packet
        self._dumping = False  # inside the text of -A
        self._dumps = False  # whether this log was printed with -A
        self._styles: set[TimeStyle] = set()  # of the segments outside of dumps
        self._message: Skipped | None = None  # the ICMP message that came last
        self._quoted: str | None = None  # the first line of a packet that it quotes
        self.quoting = False  # the last line was one of such a packet
        self._fast: Reader | None = None  # for the shape of the last segment, while a line like it is one

    def feed(self, text: str) -> list[Item]:
        """Return the items that are complete now that the line `text` (without its newline) has come."""
        self._line = line = self._line + 1
        if self._fast is not None:
            segment = self._fast(text, line)
            if segment is not None:
                self._after = "segment"
                return [segment]
        if self._held:
            return self._join(text)
        return self._begin(text)

    def read(self, lines: Iterable[str]) -> Iterator[Item]:
        """Yield the items of `lines` (without newlines), each as soon as it is complete; reads no further than asked."""
        for text in lines:
            if self._fast is not None:
                self._line += 1
                segment = self._fast(text, self._line)
                if segment is not None:
                    self._after = "segment"
                    yield segment
                    continue
                self._line -= 1
            yield from self.feed(text)
        yield from self.flush()

    @property
    def reader(self) -> Reader | None:
        """What reads the next line if it is a segment of the shape of the last one; None while something else goes on."""
        return self._fast

    @property
    def line(self) -> int:
        """The number of physical lines so far."""
        return self._line

    def pass_over(self, count: int) -> None:
        """Count lines that were segments `reader` would have read."""
        self._line += count
        self._after = "segment"

    def flush(self) -> list[Item]:
        """Return what was held back, when the input ends or nobody waits for more of it."""
        self._line += 1  # as if another line had come, behind those that are held
        items = self._give_up()
        self._line -= 1
        return items

    def _begin(self, text: str) -> list[Item]:
        """Return the item of a line that may open a record."""
        self.quoting = False
        if not self._dumping and self._after != "icmp" and shows_ip_header_only(text):
            return self._hold(text)
        item = self._read(text, self._line)
        if isinstance(item, Segment):
            return [self._segment(item)]
        if item.kind in OPEN_KINDS:
            quotes = self._after == "icmp" and (text.startswith(QUOTED) or self._quoted is not None)
            if quotes and not self._dumping:
                return [self._quotation(text)]
            if style_of_unfinished(text) in self._styles if self._dumping else is_unfinished(text):
                return self._hold(text)
        return [self._other(item)]

    def _hold(self, text: str) -> list[Item]:
        """Keep a line that asks for another."""
        self._held = [text]
        self._fast = None
        return []

    def _segment(self, item: Segment) -> Item:
        """Return the segment, or the line of a dump that imitates one."""
        if self._dumping and item.time_style not in self._styles:
            return Skipped(item.line, "hexdump", item.text)
        self._dumping = False
        self._after = "segment"
        self._styles.add(item.time_style)
        self._fast = reader_of(item)
        return item

    def _other(self, item: Skipped) -> Skipped:
        """Return the line under its kind, as part of a dump where one is being printed."""
        if self._dumping:
            return item._replace(kind="hexdump", note=None) if item.kind in DUMPED_KINDS else item
        if item.kind in PACKET_KINDS:
            self._after = item.kind
            self._message = None
            if item.kind == "icmp":
                self._message = item
                self._fast = None  # what it quotes is no segment of the log
        elif self._after and item.kind in DUMPED_KINDS and (self._dumps or opens_ascii_dump(item.raw)):
            self._dumping = self._dumps = True
            self._fast = None
            return Skipped(item.line, "hexdump", item.raw)
        elif item.kind not in {"continuation", "hexdump"}:
            self._after = None
        self._quoted = None
        return item

    def _quotation(self, text: str) -> Skipped:
        """Return a line of the header that an ICMP error quotes: it is no segment of its own."""
        self.quoting = True
        joined = text.lstrip() if self._quoted is None else f"{self._quoted}\n{text}"
        item = read_line(joined, self._line)
        self._quoted = joined if is_unfinished(joined) else None
        message = self._message
        if not isinstance(item, Segment) or message is None or message.note is None:
            return Skipped(self._line, "continuation", text)
        note = {
            **message.note,
            "behind": self._line - message.line,
            "src": item.src.host,
            "sport": item.src.port,
            "dst": item.dst.host,
            "dport": item.dst.port,
            "flags": item.flags,
            "seq": item.seq,
        }
        return Skipped(
            self._line, "icmp", text, note={name: value for name, value in note.items() if value is not None}
        )

    def _join(self, text: str) -> list[Item]:
        """Return the items when `text` follows a record that asked for another line."""
        joined = "\n".join((*self._held, text))
        first = self._line - len(self._held)
        item = read_line(joined, first)
        if isinstance(item, Segment):
            self._held = []
            return [self._segment(item)]
        if len(self._held) < MAX_LINES and is_unfinished(joined):
            self._held.append(text)
            return []
        if item.kind in PACKET_KINDS:
            lines = (*self._held, text)
            self._held = []
            return [
                self._other(item._replace(raw=lines[0])),
                *(Skipped(first + index, "continuation", raw) for index, raw in enumerate(lines[1:], 1)),
            ]
        if self._lends and len(self._held) == 1:
            self._line -= 1
            self.lent = self._held.pop()
            return []
        if item.kind == "rejected" and is_continuation(text):
            return self._refuse(item, text)
        return [*self._give_up(), *self._begin(text)]

    def take_back(self, first: str, text: str) -> list[Item]:
        """Return the items of what was lent and the line behind it, which do not belong together."""
        self._held = [first]
        self._lends = False
        items = self.feed(text)
        self._lends = True
        return items

    def _refuse(self, item: Skipped, text: str) -> list[Item]:
        """Return the lines of a segment that cannot be read, known by its last one; reading has stopped in that."""
        before = len("\n".join(self._held)) + 1
        held = self._give_up(known=True)
        place = with_place(item)
        column = None if place.column is None else max(place.column - before, 1)
        return [*held, self._other(place._replace(line=self._line, raw=text, column=column))]

    def _give_up(self, *, known: bool = False) -> list[Item]:
        """Return the held lines as what they are without the line they asked for; `known`: that line stands for the segment."""
        first = self._line - len(self._held)
        held, self._held = self._held, []
        if len(held) == 1 and not self._dumping and not known and TCP_HEADER.search(held[0]):
            item = Skipped(first, "rejected", held[0])
            return [item if self._lends else with_place(item)]
        kinds = ("hexdump", "hexdump") if self._dumping else ("other_protocol", "continuation")
        return [Skipped(first + index, kinds[index > 0], raw) for index, raw in enumerate(held)]
