"""
What people do to logs, undone: quoting, prefixes, wrapping, entities, escapes, colours.

A repair is tried only on a line that is nothing by itself, and made only when the result is a record of the
grammar. The repaired record says what was undone, and keeps the raw lines (`Layer.repairs`, `Layer.raw`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdparse.assemble import Assembler
from tdparse.model import Segment, Skipped
from tdparse.record import is_unfinished, located

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tdparse.mending import Reading
    from tdparse.model import Item
    from tdparse.shapes import Reader

MAX_JOINED: Final = 8  # physical lines of one wrapped record
MAX_READINGS: Final = 32  # ways to join them that are followed at once
MAX_LENGTH: Final = 4096  # characters of a line that is worth mending
# Kinds of lines that may be records in disguise; the others are what they are.
MENDABLE: Final = frozenset({"remark", "rejected", "comment", "prompt", "continuation", "other_protocol"})


def is_odd(segment: Segment) -> bool:
    """Tell whether what stands behind a segment's length may be more than what tcpdump prints of a payload."""
    payload = segment.payload or ""
    return not (payload.isascii() and payload.isprintable()) or not segment.text.endswith(f": {payload}")


class Mender:
    """Feed physical lines, get segments and skipped lines, as from an `Assembler`, with repairs made."""

    def __init__(self) -> None:
        """Start before line 1."""
        self._assembler = Assembler(lends=True)
        self._lent = False  # the first of the lines below is the assembler's
        self._beyond = 0  # lines that were joined here, which the assembler has not counted
        self._line = 0
        self._raw: list[str] = []  # lines of a record that may go on
        self._plain: list[Item] = []  # what the first of them is by itself
        self._readings: list[Reading] = []
        self._plain_lines = 1  # how many of them that is
        self._counted = 1  # how many of them the assembler has counted
        self._whole = False  # they are a record by themselves
        self._wraps = False  # ends of records of 3.x stand in lines of their own
        self._payload = False  # what tcpdump prints of the last segment's payload may come, each line behind a tab

    def feed(self, text: str) -> list[Item]:
        """Return the items that are complete now that the line `text` (without its newline) has come."""
        return [located(item) for item in self._feed(text)]

    def _feed(self, text: str) -> list[Item]:
        """Do so, but for where reading stops in what is rejected: most of it is a record when it is mended."""
        self._line += 1
        if self._raw:
            return self._end(text) if self._whole else self._go_on(text)
        items = self._assembler.feed(text)
        if len(items) == 1 and isinstance(first := items[0], Segment) and self._expects_more(first):
            from tdparse import mending

            self._raw, self._counted = first.text.split("\n"), first.lines
            return self._await_more(self._numbered(items)[0], mending.Reading(first.text, (), soft=False))
        if self._assembler.lent is not None:
            return self._borrow(self._assembler.lent, text)
        if self._payload and text[:1] == "\t":
            return self._numbered(items)  # the sender chose it; behind a tab it can imitate a record
        self._payload = len(items) == 1 and isinstance(items[0], Segment) and bool(items[0].payload)
        if self._payload and isinstance(first := items[0], Segment) and is_odd(first):
            from tdparse import mending

            if lines := mending.separated(text):
                return self._separate(lines)
            if mending.runs_on(first):
                return self._numbered(mending.parted(first.text, first.line, tuple(first.text.split("\n")), ()))
        if (
            len(items) == 1
            and isinstance(item := items[0], Skipped)
            and (item.kind in MENDABLE or (item.kind == "banner" and " > " in item.raw))
            and not self._assembler.quoting
        ):
            if item.line + self._beyond < self._line:  # the line before, given up for `text`, which may go on
                return self._numbered(items)
            return self._begin(text, self._numbered(items))
        return self._numbered(items) if self._beyond else items

    @property
    def reader(self) -> Reader | None:
        """What reads the next line if it is a segment of the shape of the last one; None while something else goes on."""
        return None if self._raw or self._wraps else self._assembler.reader

    @property
    def line(self) -> int:
        """The number of physical lines so far."""
        return self._line

    def pass_over(self, count: int, *, payload: bool) -> None:
        """Count lines that were segments `reader` would have read; `payload`: the last one shows something of its own."""
        self._line += count
        self._payload = payload
        self._assembler.pass_over(count)

    def flush(self) -> list[Item]:
        """Return what was held back, when the input ends or nobody waits for more of it."""
        items: list[Item] = []
        while self._raw:
            self._whole = False
            items += self._give_up()
        return [located(item) for item in (*items, *self._numbered(self._assembler.flush()))]

    def read(self, lines: Iterable[str]) -> Iterator[Item]:
        """Yield the items of `lines` (without newlines), each as soon as it is complete; reads no further than asked."""
        for text in lines:
            yield from self.feed(text)
        yield from self.flush()

    # -------------------------------------------------------------- one line

    def _begin(self, text: str, plain: list[Item]) -> list[Item]:
        if len(text) > MAX_LENGTH and "\r" not in text:
            return plain
        from tdparse import mending  # what it needs to know is loaded only for logs that need it

        if lines := mending.separated(text):
            return self._separate(lines)
        if len(text) > MAX_LENGTH:
            return plain
        self._wraps = self._wraps or mending.end_of_old(text) is not None
        if not any(map(mending.is_promising, plain)):
            return [*map(mending.unquoted, plain)]
        readings: list[Reading] = []
        for cleaned, repairs in mending.cleanings(text):
            item = mending.whole(cleaned, self._line)
            if item is not None:
                if isinstance(item, Segment) and mending.runs_on(item):
                    return mending.parted(item.text, item.line, (text,), repairs)
                if isinstance(item, Segment) and self._expects_more(item):
                    self._raw = [text]
                    found = mending.mended(item, (text,), repairs)
                    return self._await_more(found, mending.Reading(cleaned, repairs, soft=False))
                return [mending.mended(item, (text,), repairs)] if repairs else [item]
            if cleaned.count(" > ") > 1 and mending.stand_together(cleaned, self._line):
                return mending.parted(cleaned, self._line, (text,), repairs)
        for cleaned, repairs in mending.cleanings(text):
            if mending.stuck_together(cleaned, self._line):
                return mending.parted(cleaned, self._line, (text,), repairs)
            if mending.opens(cleaned):
                soft = cleaned.endswith("=")
                readings.append(mending.Reading(cleaned[:-1] if soft else cleaned, repairs, soft))
        if not readings:
            shortened = mending.abridged(text, self._line)
            return [*map(mending.unquoted, plain)] if shortened is None else [shortened]
        self._raw, self._plain, self._readings = [text], plain, readings[:MAX_READINGS]
        return []

    def _separate(self, lines: list[str]) -> list[Item]:
        """Return the items of the lines that this one holds: all of them stand in it."""
        self._payload = False
        line = self._line
        return [
            item._replace(line=line, lines=1) if isinstance(item, Segment) else item._replace(line=line)
            for item in Mender().read(lines)
        ]

    # -------------------------------------------------------------- the end of a record in lines of its own

    def _expects_more(self, segment: Segment) -> bool:
        """
        Tell whether a record, whole by itself, may be one of 3.x that was broken before its options, or what follows them.

        SYNs have options; whether others were broken is known once one was, at whatever place.
        """
        if segment.window is None or segment.payload or "Flags [" in segment.text:
            return False
        self._wraps = self._wraps or len(self._raw) > 1
        shown = segment.text.rstrip()
        if shown.endswith(f" win {segment.window}"):
            return self._wraps or "S" in (segment.flags or "")
        return self._wraps and shown.endswith((">", "(DF)", "]"))

    def _await_more(self, item: Item, reading: Reading) -> list[Item]:
        """Keep a record, which all lines held so far are, for one line more."""
        self._plain, self._plain_lines, self._readings = [item], len(self._raw), [reading]
        self._whole, self._payload, self._lent = True, False, False
        return []

    def _end(self, text: str) -> list[Item]:
        """Join a line with options, or what follows them, to the record before it; any other stands for itself."""
        from tdparse import mending

        self._whole = False
        shown = mending.end_of_old(text)
        if shown is None:
            self._line -= 1
            plain = self._plain
            self._let_go(self._plain_lines)
            return [*plain, *self._feed(text)]
        self._wraps = True
        return self._go_on(text, shown)

    # -------------------------------------------------------------- several lines

    def _borrow(self, first: str, text: str) -> list[Item]:
        """Go on with the first line of a record that `text`, as it stands, does not complete."""
        from tdparse import mending

        self._assembler.lent = None
        self._lent = True
        self._raw, self._plain, self._readings = [first], [], [mending.Reading(first, (), soft=False)]
        return self._go_on(text)

    def _go_on(self, text: str, shown: str | None = None) -> list[Item]:
        """Join the next line, or what it has `shown`, to what is held, or let it stand for itself."""
        from tdparse import mending

        self._raw.append(text)
        if mending.is_hopeless(self._readings, text):
            return self._give_up()
        asked_for = any(is_unfinished(reading.text) for reading in self._readings)
        if asked_for and not text.strip() and self._raw[-2].strip():
            return []  # every other line of a page may be empty
        alone = [] if asked_for else mending.alone(text)
        if None in alone:
            return self._give_up()  # its time would be taken for the number that was cut off
        first = self._line - len(self._raw) + 1
        followed: list[Reading] = []
        goes_on = mending.goes_on(text)
        for reading in self._readings:
            for joined in mending.joined(reading, text if shown is None else shown):
                item = mending.whole(joined.text, first)
                several = (
                    mending.runs_on(item) if isinstance(item, Segment) else mending.stuck_together(joined.text, first)
                )
                if several:
                    raw = tuple(self._raw)
                    self._let_go(len(raw))
                    return mending.parted(joined.text, first, raw, joined.repairs)
                if item is not None and (not alone or mending.heads(item, alone)):
                    raw = tuple(self._raw)
                    found = mending.mended(item, raw, joined.repairs)
                    if isinstance(item, Segment) and (joined.soft or self._expects_more(item)):
                        return self._await_more(found, joined)
                    self._let_go(len(raw))
                    return [
                        found,
                        *(
                            Skipped(first + place, "continuation", line)
                            for place, line in enumerate(raw[1:], 1)
                            if not isinstance(item, Segment)
                        ),
                    ]
                followed.append(joined)
                if goes_on and (short := mending.shortened(joined.text, first, tuple(self._raw), joined.repairs)):
                    self._plain, self._plain_lines, goes_on = [short], len(self._raw), False
        if alone or len(self._raw) >= MAX_JOINED or not text.strip() or mending.begins_anew(text):
            return self._give_up()
        self._readings = followed[:MAX_READINGS]
        return []

    def _give_up(self) -> list[Item]:
        """Nothing came of it: the first line is what it is by itself, the others are looked at anew."""
        if self._lent:
            return self._return_lent(self._raw[0], self._raw[1:])
        from tdparse import mending

        rest = self._raw[self._plain_lines :]
        shortened = mending.abridged(self._raw[0], self._line - len(rest)) if self._plain_lines == 1 else None
        items: list[Item] = [shortened] if shortened else [*map(mending.unquoted, self._plain)]
        self._let_go(self._plain_lines)
        self._line -= len(rest)
        for line in rest:
            items += self._feed(line)
        return items

    def _let_go(self, lines: int) -> None:
        """Hold nothing any more; as many `lines` of what was held have become items here."""
        self._beyond += lines - self._counted
        self._raw, self._plain, self._readings = [], [], []
        self._plain_lines = self._counted = 1
        self._lent = False

    def _return_lent(self, first: str, rest: list[str]) -> list[Item]:
        """Do the same where the first line is the assembler's: it knows best where reading stops."""
        from tdparse import mending

        self._let_go(1)
        self._line -= len(rest) - 1
        items = self._numbered(self._assembler.take_back(first, rest[0]))
        if len(items) > 1 and all(isinstance(item, Skipped) for item in items):
            shortened = mending.abridged(rest[0], items[-2].line, header=first)
            items = items if shortened is None else [*items[:-2], shortened]
        for line in rest[1:]:
            items += self._feed(line)
        return items

    def _numbered(self, items: list[Item]) -> list[Item]:
        return [item._replace(line=item.line + self._beyond) for item in items] if self._beyond else items
