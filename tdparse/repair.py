"""
What people do to logs, undone: quoting, prefixes, wrapping, entities, escapes, colours.

A repair is tried only on a line that is nothing by itself, and made only when the result is a record of the
grammar. The repaired record says what was undone, and keeps the raw lines (`Layer.repairs`, `Layer.raw`).
"""

from __future__ import annotations

import html
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from tdparse import fields
from tdparse.assemble import Assembler
from tdparse.model import Layer, Segment, Skipped
from tdparse.record import is_unfinished, parse_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tdparse.model import Item
    from tdparse.shapes import Reader

MAX_JOINED: Final = 8  # physical lines of one wrapped record
MAX_READINGS: Final = 32  # ways to join them that are followed at once
MAX_LENGTH: Final = 4096  # characters of a line that is worth mending
HARD_WRAP: Final = 55  # a line at least this long may have been broken inside a word

# Kinds of lines that may be records in disguise; the others are what they are.
MENDABLE: Final = frozenset({"remark", "rejected", "comment", "prompt", "continuation", "other_protocol"})

_COLOURS: Final = re.compile("\x1b\\[[0-9;:?]*[ -/]*[@-~]|\x1b\\][^\x07\x1b]*(?:\x07|\x1b\\\\)")
_INVISIBLE: Final = re.compile("[\ufeff\u200b-\u200f\u202a-\u202e\u2060\x00\r]")
_SPACES: Final = re.compile("[\u00a0\u2000-\u200a\u202f\u3000\t]")
_INDENT: Final = re.compile("^[ \t]*\t[ \t]*")  # one space would make a time of day a difference (-ttt)
_OCTET: Final = re.compile("=([0-9A-F]{2})")
_TAGS: Final = re.compile(
    r"\[/?(?:[bius]|(?i:color|size|font|code|quote|url|pre))(?:=[^\]\n]*)?\]"  # [S] and [P] are flags
    r"|</?(?i:b|i|em|strong|code|pre|span|font|br|p|tt)\b[^<>]*>"
)
# One sign of quoting, of a list, of a comment or of a numbered line.
_MARK: Final = re.compile(r"[ \t]*(?:>|\||//+|/?\*+|[-+•](?=[ \t])|#+|;+|`+|\d{1,6}[.:)\]](?=\s))[ \t]?|[ \t]+")
_CLOSING: Final = re.compile(r"[`\"'”’»]+[,;.]?$")  # what opened before the record ends behind it
# Where a record can begin inside a line: a time, the network word, or two addresses.
_STAMP: Final = r"\d\d:\d\d:\d\d\.\d{6}|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}|\d{9,10}\.\d{6,9}"
_OPENING: Final = rf"{_STAMP} |IP6? (?=\S)"  # only behind the last kind of time the space is asked for
_RECORD: Final = re.compile(rf"(?<![\w.:])(?:{_OPENING})")
_START: Final = re.compile(rf"(?<![\w.:])(?:{_OPENING}|[\w:][\w.:-]* > [\w.:-]+: )")
# Where one of several records begins that a page or a chat has put into one line.
_ANOTHER: Final = re.compile(
    rf"(?<= )(?:{_STAMP})"
    r"(?= (?:[\w.@:-]+ +(?:In|Out|[BMP]) +)?(?:IP6? |ARP, |[\w.:-]+ > ))"
)
_TIME: Final = re.compile(r"(?:\d{1,10}  )?(?:\d\d:\d\d:\d\d\.\d{6}|\d{4}-\d\d-\d\d |\d{9,10}\.\d{6})")
# In front of a record without a time: a time of the record itself, or its IP header, that cannot be read. A prefix ends
# otherwise ("host tcpdump[123]: ", "pod | "), and what the record says is not left out for the sake of the rest.
_DAMAGED: Final = re.compile(r"\bIP6? \(|(?<![\w.:])\d\d:\d\d:\d\d\.\d+ +(?:[^\s:|]+ +){0,3}$")
_ENDED: Final = re.compile(r"Flags \[.*, length \d")  # a modern record has nothing behind it
_SPLIT_NUMBER: Final = re.compile(r"(?<=\d) (?=\d+ (?:win|ack)\b)")
_PATCH_MARK: Final = re.compile(r" \+(?=[a-z<])")
_TIGHT_ARROW: Final = re.compile(r"(?<=\S) *> *(?=\S)")
_TIGHT_COMMA: Final = re.compile(r",(?=(?:cksum|seq|ack|win|urg|options|length) )")
# What grep puts before a line: the name of the file, the number of the line.
_FOUND_IN: Final = re.compile(rf"(?:[^\s:]*[^\s:\d][^\s:]*:)?(?:\d{{1,9}}:)?(?=(?:{_STAMP}) )")
# A time that somebody has cut to milliseconds.
_SHORT_TIME: Final = re.compile(
    r"(?<![\w.:])\d\d:\d\d:\d\d\.\d{3}(?= (?:[\w.@:-]+ +(?:In|Out) +)?(?:IP6? |[\w.:-]+ > ))"
)
_DOTS: Final = re.compile(r", +(?:seq|ack|win) (?:\.\.\.|…)(?=[, ])")  # a number that somebody has left out
_LOOSE_OPTION: Final = re.compile(r", +(?=(?:mss|sackOK|TS|nop|wscale|eol|sack|timestamp)\b)")
_TIGHT_WORD: Final = re.compile(r"\bIP(6?)(?=[^\sI6\W][^\s]* > )")


class Reading(NamedTuple):
    """One way to read the lines held so far, as the beginning of a record."""

    text: str
    repairs: tuple[str, ...]
    soft: bool  # the last line ended in a soft break of quoted-printable


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
        self._payload = False  # what tcpdump prints of the last segment's payload may come, each line behind a tab

    def feed(self, text: str) -> list[Item]:
        """Return the items that are complete now that the line `text` (without its newline) has come."""
        self._line += 1
        if self._raw:
            return self._go_on(text)
        items = self._assembler.feed(text)
        if self._assembler.lent is not None:
            return self._borrow(self._assembler.lent, text)
        if self._payload and text[:1] == "\t":
            return self._numbered(items)  # the sender chose it; behind a tab it can imitate a record
        self._payload = len(items) == 1 and isinstance(items[0], Segment) and bool(items[0].payload)
        if self._payload and isinstance(first := items[0], Segment) and _runs_on(first):
            return self._numbered(_parted(first, text, ()))
        if (
            len(items) == 1
            and isinstance(item := items[0], Skipped)
            and item.kind in MENDABLE
            and not self._assembler.quoting
        ):
            if item.line + self._beyond < self._line:  # the line before, given up for `text`, which may go on
                return self._numbered(items)
            return self._begin(text, self._numbered(items))
        return self._numbered(items) if self._beyond else items

    @property
    def reader(self) -> Reader | None:
        """What reads the next line if it is a segment of the shape of the last one; None while something else goes on."""
        return None if self._raw else self._assembler.reader

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
        """Return what was held back when the input ends."""
        items: list[Item] = []
        while self._raw:
            items += self._give_up()
        return [*items, *self._numbered(self._assembler.flush())]

    # -------------------------------------------------------------- one line

    def _begin(self, text: str, plain: list[Item]) -> list[Item]:
        if len(text) > MAX_LENGTH:
            return plain
        readings: list[Reading] = []
        for cleaned, repairs in cleanings(text):
            item = _whole(cleaned, self._line)
            if item is not None:
                if isinstance(item, Segment) and _runs_on(item):
                    return _parted(item, text, repairs)
                return [_mended(item, (text,), repairs)] if repairs else [item]
            if _opens(cleaned):
                soft = cleaned.endswith("=")
                readings.append(Reading(cleaned[:-1] if soft else cleaned, repairs, soft))
        if not readings:
            shortened = _abridged(text, self._line)
            return plain if shortened is None else [shortened]
        self._raw, self._plain, self._readings = [text], plain, readings[:MAX_READINGS]
        return []

    # -------------------------------------------------------------- several lines

    def _borrow(self, first: str, text: str) -> list[Item]:
        """Go on with the first line of a record that `text`, as it stands, does not complete."""
        self._assembler.lent = None
        self._lent = True
        self._raw, self._plain, self._readings = [first], [], [Reading(first, (), soft=False)]
        return self._go_on(text)

    def _go_on(self, text: str) -> list[Item]:
        """Join the next line to what is held, or let it stand for itself."""
        self._raw.append(text)
        if _begins_anew(text, "prefix") and not any(is_unfinished(reading.text) for reading in self._readings):
            return self._give_up()  # its time or address would be taken for the number that was cut off
        first = self._line - len(self._raw) + 1
        followed: list[Reading] = []
        for reading in self._readings:
            for joined in _joined(reading, text):
                item = _whole(joined.text, first)
                if item is not None:
                    raw = tuple(self._raw)
                    self._beyond += len(raw) - 1
                    self._raw, self._plain, self._readings = [], [], []
                    self._lent = False
                    return [
                        _mended(item, raw, joined.repairs),
                        *(
                            Skipped(first + place, "continuation", line)
                            for place, line in enumerate(raw[1:], 1)
                            if not isinstance(item, Segment)
                        ),
                    ]
                followed.append(joined)
        if len(self._raw) >= MAX_JOINED or not text.strip() or _begins_anew(text):
            return self._give_up()
        self._readings = followed[:MAX_READINGS]
        return []

    def _give_up(self) -> list[Item]:
        """Nothing came of it: the first line is what it is by itself, the others are looked at anew."""
        rest = self._raw[1:]
        if self._lent:
            return self._return_lent(self._raw[0], rest)
        shortened = _abridged(self._raw[0], self._line - len(rest))
        items: list[Item] = list(self._plain) if shortened is None else [shortened]
        self._raw, self._plain, self._readings = [], [], []
        self._line -= len(rest)
        for line in rest:
            items += self.feed(line)
        return items

    def _return_lent(self, first: str, rest: list[str]) -> list[Item]:
        """Do the same where the first line is the assembler's: it knows best where reading stops."""
        self._lent = False
        self._raw, self._plain, self._readings = [], [], []
        self._line -= len(rest) - 1
        items = self._numbered(self._assembler.take_back(first, rest[0]))
        for line in rest[1:]:
            items += self.feed(line)
        return items

    def _numbered(self, items: list[Item]) -> list[Item]:
        return [item._replace(line=item.line + self._beyond) for item in items] if self._beyond else items


# ------------------------------------------------------------------ cleaning


def cleanings(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the readings of one physical line, the least changed first, with what was undone for each."""
    cleaned, repairs = _characters(text)
    yield cleaned, repairs
    seen = {cleaned}
    for variant, more in _variants(cleaned):
        for shortened, most in _beginnings(variant):
            if shortened not in seen:
                seen.add(shortened)
                yield shortened, (*repairs, *more, *most)


def _characters(text: str) -> tuple[str, tuple[str, ...]]:
    """Undo what changes single characters."""
    repairs = []
    for name, pattern, put in (
        ("colours", _COLOURS, ""),
        ("invisible", _INVISIBLE, ""),
        ("spaces", _INDENT, "        "),
        ("spaces", _SPACES, " "),
    ):
        cleaned = pattern.sub(put, text)
        if cleaned != text:
            if name not in repairs:
                repairs.append(name)
            text = cleaned
    return text.rstrip(" "), tuple(repairs)


def _variants(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the text as it is, and without what web pages, mail and people put into it."""
    yield text, ()
    plain: str = text
    repairs: tuple[str, ...] = ()
    if "&" in text:
        plain, repairs = _SPACES.sub(" ", _unescaped(text)), ("entities",)
        yield plain, repairs
    if _OCTET.search(plain):
        decoded = _OCTET.sub(lambda found: chr(int(found[1], 16)), plain)
        if "\n" not in decoded:
            yield decoded, (*repairs, "quoted_printable")
    for name, pattern, put in (
        ("tags", _TAGS, ""),
        ("split_number", _SPLIT_NUMBER, ""),
        ("patch_marks", _PATCH_MARK, " "),
        ("spacing", _TIGHT_ARROW, " > "),
        ("spacing", _TIGHT_COMMA, ", "),
        ("abridged", _DOTS, ""),
        ("abridged", _SHORT_TIME, _lengthened),
        ("spacing", _LOOSE_OPTION, ","),
    ):
        changed = pattern.sub(put, plain)
        if changed != plain:
            yield changed, (*repairs, name)
    spaced = _TIGHT_WORD.sub(r"IP\1 ", _TIGHT_ARROW.sub(" > ", plain))
    if spaced != plain:
        yield spaced, (*repairs, "spacing")
    single = re.sub(r"(?<=\S)  +(?=\S)", " ", plain)
    if single != plain:
        yield single, (*repairs, "spaces")


def _lengthened(time: re.Match[str]) -> str:
    """Return a time of day with microseconds."""
    return f"{time[0]:0<15}"


def _unescaped(text: str) -> str:
    """Return the text without HTML's escapes; what was pasted from a page's source into a page has them twice."""
    plain = html.unescape(text)
    return html.unescape(plain) if "&amp;" in text else plain


def _beginnings(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the text without what stands before a record, then without what closes quotes that began there, too."""
    yield from _openings(text)
    closed = _CLOSING.sub("", text)
    if closed != text:
        yield from ((shortened, repairs) for shortened, repairs in _openings(closed) if repairs)


def _openings(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the text without one, two, … marks of quoting, then from each place where a record can begin."""
    yield text, ()
    rest = text
    for _ in range(8):
        mark = _MARK.match(rest)
        if mark is None or not mark[0]:
            break
        rest = rest[mark.end() :]
        yield rest, ("quoted",)
    found_in = _FOUND_IN.match(text)
    if found_in is not None and found_in[0]:
        yield text[found_in.end() :], ("prefix",)
    for place, found in enumerate(_START.finditer(text)):
        if place >= 3:  # noqa: PLR2004  a record does not begin far inside a line
            break
        front, rest = text[: found.start()], text[found.start() :]
        if front and (_TIME.match(rest) or not _DAMAGED.search(front)):
            yield rest, ("prefix",)


def _joined(reading: Reading, text: str) -> Iterator[Reading]:
    """Yield the ways in which `text` continues a reading."""
    seen = set()
    cleaned, _ = _characters(text)
    plain = _SPACES.sub(" ", _unescaped(cleaned)) if "entities" in reading.repairs else cleaned
    another = is_unfinished(reading.text) and _RECORD.search(plain) is not None
    for shortened, undone in _beginnings(plain):
        if another and "prefix" in undone:
            continue  # its addresses are those of another record
        soft = shortened.endswith("=") and (reading.soft or "quoted_printable" in reading.repairs)
        rest = (shortened[:-1] if soft else shortened).lstrip(" ")
        if not rest or rest in seen:
            continue
        seen.add(rest)
        if reading.soft:
            yield Reading(reading.text + rest, _with(reading.repairs, "quoted_printable"), soft)
            yield Reading(reading.text + _OCTET.sub(lambda f: chr(int(f[1], 16)), rest), reading.repairs, soft)
            continue
        if is_unfinished(reading.text):
            indented = "quoted" in reading.repairs or shortened.startswith("    ")
            repairs = reading.repairs if indented else _with(reading.repairs, "spaces")
            yield Reading(f"{reading.text}\n    {rest}", repairs, soft)
            if (closed := _LOOSE_OPTION.sub(",", rest)) != rest:
                yield Reading(f"{reading.text}\n    {closed}", _with(repairs, "spacing"), soft)
        yield Reading(f"{reading.text.rstrip()} {rest}", _with(reading.repairs, "wrapped"), soft)
        if len(reading.text) >= HARD_WRAP:
            yield Reading(reading.text + rest, _with(reading.repairs, "wrapped"), soft)


def _with(repairs: tuple[str, ...], name: str) -> tuple[str, ...]:
    return repairs if name in repairs else (*repairs, name)


# ------------------------------------------------------------------ judging


def _whole(text: str, line: int) -> Item | None:
    """Return the record that `text` is, a segment or a packet of another protocol; None for anything else."""
    if fields.pattern["PACKET"].fullmatch(text) is None:
        return None
    item = parse_line(text, line)
    if isinstance(item, Segment):
        return item
    return None if item.kind in {"rejected", "other_protocol"} else item


def _abridged(text: str, line: int) -> Segment | None:
    """Return the record that a person has shortened: what is left of it, and nothing made up."""
    for cleaned, repairs in cleanings(text):
        found = fields.pattern["ABRIDGED"].fullmatch(cleaned)
        if found is not None:
            printed = fields.captured("ABRIDGED", found)
            try:
                segment = fields.segment(printed, line, cleaned)
            except fields.DisagreementError:
                continue
            layer = (segment.layer or Layer())._replace(raw=(text,), repairs=(*repairs, "abridged"))
            told = "length" in printed or segment.seq_last is not None
            return segment._replace(layer=layer, length=segment.length if told else None)
    return None


def _opens(text: str) -> bool:
    """Tell whether `text` can be the beginning of a record that goes on in the next line."""
    if is_unfinished(text):
        return True
    if _START.match(text.removeprefix(" ")) is None or _ENDED.search(text):  # a difference has a space for its sign
        return False
    return " > " in text or "IP" in text


def _begins_anew(text: str, without: str = "") -> bool:
    """Tell whether a line is, or begins, a record by itself, so that nothing goes on in it; `without` one repair."""
    readings = (cleaned for cleaned, repairs in cleanings(text) if without not in repairs)
    return any(_TIME.match(cleaned) or _whole(cleaned, 1) is not None for cleaned in readings)


def _runs_on(segment: Segment) -> bool:
    """Tell whether another record follows where a payload would: with no mark before it, which no sender can leave out."""
    payload = segment.payload
    if payload is None or segment.text.endswith(f": {payload}"):
        return False
    return _ANOTHER.match(f" {payload}", 1) is not None


def _parted(segment: Segment, text: str, repairs: tuple[str, ...]) -> list[Item]:
    """Return the records of a line that has several."""
    places = [0, *(found.start() for found in _ANOTHER.finditer(segment.text)), len(segment.text)]
    parts = [parse_line(segment.text[start:end].rstrip(), segment.line) for start, end in pairwise(places)]
    return [_mended(part, (text,), (*repairs, "run_together")) for part in parts]


def _mended(item: Item, raw: tuple[str, ...], repairs: tuple[str, ...]) -> Item:
    """Return the item with the lines it was made from, and what was undone."""
    if isinstance(item, Segment):
        layer = (item.layer or Layer())._replace(raw=raw, repairs=repairs)
        return item._replace(lines=len(raw), layer=layer)
    return item._replace(raw=raw[0])
