"""
Readings of a line without what people put into it, and with the lines behind it: `tdparse.repair` judges by them.

All of this is loaded with the first line that is nothing by itself.
"""

from __future__ import annotations

import html
import re
from copy import copy
from functools import lru_cache
from itertools import pairwise, tee
from typing import TYPE_CHECKING, Final, NamedTuple

from tdparse import fields
from tdparse.model import Layer, Segment, Skipped, TimeStyle
from tdparse.options import LEFT_OUT, decode
from tdparse.record import is_unfinished, parse_line
from tdparse.seqnum import MASK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tdparse.model import Item

REMEMBERED: Final = 4096  # characters of a line whose readings are kept for a moment
HARD_WRAP: Final = 55  # a line at least this long may have been broken inside a word


_COLOURS: Final = re.compile("\x1b\\[[0-9;:?]*[ -/]*[@-~]|\x1b\\][^\x07\x1b]*(?:\x07|\x1b\\\\)")
_INVISIBLE: Final = re.compile("[\ufeff\u200b-\u200f\u202a-\u202e\u2060\x00\r]")
_SPACES: Final = re.compile("[\u00a0\u2000-\u200a\u202f\u3000\t]")
_INDENT: Final = re.compile("^[ \t]*\t[ \t]*")  # one space would make a time of day a difference (-ttt)
_OCTET: Final = re.compile("=([0-9A-F]{2})")
_LINE_END: Final = re.compile("(?:=0D)?=0A=$")  # a line of a mail that is encoded as one
_TAGS: Final = re.compile(
    r"\[/?(?:[bius]|(?i:color|size|font|code|quote|url|pre))(?:=[^\]\n]*)?\]"  # [S] and [P] are flags
    r"|</?(?i:b|i|em|strong|code|pre|span|font|br|p|tt|div|h[1-6]|[uo]l|li|t[dhr]|table|tbody|samp|kbd|mark|del)\b[^<>]*>"
    r"|</(?i:a)>|<(?i:a) [^<>]*>"
)
# Options of 3.x that a page has taken for a tag: each blank began an attribute, and a tag asks for its end.
_OLD_KIND: Final = r"(?:mss|nop|sackok|wscale|timestamp|eol)"
_TAKEN_FOR_TAG: Final = re.compile(rf"<{_OLD_KIND}\b[^<>\n]*>|(?:</{_OLD_KIND}[^<>\n]*>)+")
# An address of which a web page, or Markdown, has made a link: its text.
_LINK: Final = re.compile(r"\[([\w:-]+\.[\w.:-]+)\]\([^()\s]*\.[^()\s]*\)")
# Markdown's emphasis, and a span of code in a sentence, a list or a table.
_EMPHASIS: Final = re.compile(r"[ \t]*(?:[>|+-] +|\* +)*(\*{1,3}|_{1,3}|~~)(?=[^\s*_~])(?P<text>.*[^\s*_~])\1[ |]*")
_ESCAPED: Final = re.compile(r"\\(?=[][<>*_.|#(){}-])")  # what would be a mark otherwise
_BOLD: Final = re.compile(r"\*\*(?=\S)([^*\n]+)(?<=\S)\*\*")  # some of it
_CODE: Final = re.compile(r"[^`\n]*(`{1,2})(?=[^`\s])(?P<text>[^`\n]+)\1[^`\n]*")
# A string among others, as a value of JSON is.
_STRING: Final = re.compile(r"\"(?:[^\"\\\n]|\\.)+\"")
_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-cA-C][0-9a-fA-F]{3})|([\"/\\]))")
_ENDS_LINE: Final = re.compile(r"(?:\\[nr])+$")
# One sign of quoting, of a list, of a comment or of a numbered line.
_MARK: Final = re.compile(
    r"[ \t]*(?:>|\||//+|/?\*+|[-+•](?=[ \t])|#+|;+|`+|\d{1,6}(?:[.:)\]](?=\s)|[.)](?=\d\d:\d\d:\d\d\.)))[ \t]?|[ \t]+"
)
# Such a sign, unless it may be the arrow before the second address.
_MARKED: Final = re.compile(r"[ \t]*(?:[|#*]|//|>(?! ?\S+[:,](?![^ ])))")
# What opened before the record ends behind it; in the source of a program there may be its line break.
_CLOSING: Final = re.compile(r"(?:\\[nr])*[`\"'”’»]+ ?[,;.+)\\]*$")
# Where a record can begin inside a line: a time, the network word, or two addresses.
_MONTH: Final = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d\.\d{6}"
_STAMP: Final = rf"\d\d:\d\d:\d\d\.\d{{6}}|\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{{6}}|{_MONTH}|\d{{9,10}}\.\d{{6,9}}"
# Behind the last kind of time a space is asked for, or that nothing follows.
_OPENING: Final = rf"{_STAMP}(?: |(?![^\n]))|IP6? (?=\S)"
_RECORD: Final = re.compile(rf"(?<![\w.:])(?:{_OPENING})")
_START: Final = re.compile(rf"(?<![\w.:])(?:{_OPENING}|[\w:][\w.:-]* > [\w.:-]+:(?: |(?![^\n])))")
# Where one of several records begins that a page or a chat has put into one line, or that no line break separates.
_BEHIND: Final = "|".join(["(?<= )", *(rf"(?<=, length \d{{{digits}}})" for digits in range(1, 6))])
_ANOTHER: Final = re.compile(
    rf"(?:{_BEHIND})(?<!\d{{4}}-\d\d-\d\d )(?:{_STAMP})"  # not the time behind its date
    r"(?= (?:[\w.@:-]+ +(?:In|Out|[BMP]) +)?(?:IP6? |ARP, |[\w.:-]+ > ))"
)
_BORROWED: Final = 5  # characters of its time that the length before it can have taken: those of a year
# What separates lines where it stands before a time: a carriage return of its own, a mark where a file begins.
_BREAK: Final = re.compile(rf"(?<=[^\ufeff\u200b\x00\r])[\ufeff\u200b\x00\r]+(?=(?:{_STAMP}) )")
_BREAKS: Final = re.compile(rf"{_BREAK.pattern}|\r")
# Seconds since the log began, which are a time only where a record follows: other numbers look like them.
_ADDRESSED: Final = r"(?:IP6? |[\w:][\w.:-]* > )"
_SINCE: Final = rf"\d{{1,8}}\.\d{{6}}(?= {_ADDRESSED})"
_TIME: Final = re.compile(
    rf"(?:\d{{1,10}}  )?(?:\d\d:\d\d:\d\d\.\d{{6}}|\d{{4}}-\d\d-\d\d |{_MONTH}|\d{{9,10}}\.\d{{6}})|{_SINCE}"
)
_IN_SECONDS: Final = re.compile(rf"^{_SINCE} ")
# How books number records and give their times: seconds since the first, and in brackets since the one before.
_LISTED: Final = re.compile(
    rf" *(?:\d{{1,4}}[.:)]? +)?(0\.0+|\d{{1,8}}\.\d{{6}}) +(?:\( *\d+\.\d+\) +)?(?={_ADDRESSED})"
)
# In front of a record without a time: a time of the record itself, or its IP header, that cannot be read. A prefix ends
# otherwise ("host tcpdump[123]: ", "pod | "), and what the record says is not left out for the sake of the rest.
_DAMAGED: Final = re.compile(
    r"\bIP6? \(|\((?:tos 0x|class 0x|flowlabel |hlim )|\bethertype \w+[ ,]|\brule \S+ .*\bon \S+: |(?<![\w.:])\d\d:\d\d:\d\d\.\d+ +(?:[^\s:|]+ +){0,3}$"
)
_FLOW: Final = re.compile(r"\S > \S+:(?![^ ])")  # addresses, of whatever layer, and not those of Ethernet
_ENDED: Final = re.compile(r"Flags \[.*, length \d")  # a modern record has nothing behind it
_CUT_LENGTH: Final = re.compile(r", length \d{1,4}$")  # of what is no record, as it does not agree with its range
_SPLIT_NUMBER: Final = re.compile(r"(?<=\d) (?=\d+ (?:win|ack)\b)")
_BACKSLASH: Final = re.compile(r" +\\$")  # says that the next line belongs to this one
_PATCH_MARK: Final = re.compile(r" \+(?=[a-z<])")
# Words in brackets that stand for a host.
_STAND_IN: Final = re.compile(
    r"(?:<[^<>\s]+(?: [^<>\s]+){1,4}>|\[[^][\s]+(?: [^][\s]+){1,4}\])(?=(?:\.[\w-]+)?(?: > |: ))"
)
# An arrow of somebody's own between two addresses.
_ANOTHER_ARROW: Final = re.compile(r"(?<=\S) *(?:[-=]+>|[→⇒]) *(?=[^\s:][^\s]*: *(?:Flags \[|[SFPR.]+ \d+:))")
# Two addresses between which a page has shown no arrow; a time is none.
_LOST_ARROW: Final = re.compile(
    r"^([^>\n]*(?<![\w.:-])(?!\d\d:\d\d:\d\d\.|\d+\.\d{6} )[\w:][\w.:-]*\.[\w-]+) ([\w:][\w.:-]*\.[\w-]+)"
    r"(?=: (?:Flags \[|[SFPRWE.]{1,6} (?:\d+:\d+\(|ack \d)))"
)
# An arrow without its spaces, but not the bracket behind what stands for a host.
_TIGHT_ARROW: Final = re.compile(r"(<\S[^<>]*>)|(?<=[^\s-]) *> *(?=\S)")
# Addresses with what separates them from the flags; where nothing does, or a bracket opens, a sentence speaks of flags.
_BEFORE_FLAGS: Final = re.compile(r"( > [^\s:](?:[^\s]*[^\s:])?) *: *Flags ?\[|( > [^\s:(（]+) +Flags ?\[")
_CORRECTED: Final = re.compile(r"(?<=incorrect) *(?:[-–—]*>|→) *(?=0x)")  # the sum there should be
_ASSIGNED: Final = re.compile(r"(?<=[\s,])(seq|ack|win|urg|length) *= *(?=\d)")  # a number behind an equals sign
_LOOSE_BRACKET: Final = re.compile(r", *options? *:? *\[")
_TIGHT_COMMA: Final = re.compile(r",(?=(?:cksum|seq|ack|win|urg|options|length) )")
# What puts itself before every line that a program writes: syslog, and those that run containers.
_LOGGED: Final = re.compile(r"[\w.-]+ +\| |\[pod/\S+\] |[^\n]*?\S tcpdump(?:\[\d+\])?: ")
# Without any of this a line is neither a segment nor what tcpdump, or who called it, says.
_TELLING: Final = re.compile(
    r" > |\d packets? |tcpdump|windump|listening on |reading from |Warning: |dropped |mode not |Got \d|[#$%>]"
)
# With what the header of a packet begins, or of what is carried in another.
_HEADER: Final = r"IP|MPLS|PPPoE|NSH|WCCP|Session|\((?:tos|class|flowlabel|hlim|label) "
# Without any of this a line neither is a record nor begins one, whatever is undone in it: an arrow or what may stand for
# it, a header, a time.
_SIGNS: Final = re.compile(rf"[>→⇒&\uff01-\uff5e]|=3[AE]|\\u00|[Aa][Rr][Pp]|{_HEADER}|{_STAMP}")
# What another protocol shows behind the addresses, so much that no lost piece of its line makes a segment of it, and
# nothing of a segment, of another record or of a tunnel in it.
_FOREIGN: Final = re.compile(
    r"[^>\n]* > \S+: (?! *(?:[SFRPWE.]{1,6}(?![^ ,])|tcp|<|\[(?!udp |no cksum|bad udp )))"
    rf"(?!.*(?:[>&]|lags| (?:ack|seq|win) \d|{_HEADER}|GRE|gre |VXLAN|OTV|Geneve|l2tp|HBH|DSTOPT|\b(?:AH|ESP)\(|{_STAMP}))"
    r"[ -~]{16,}$"
)
# What grep puts before a line: the name of the file, the number of the line.
_FOUND_IN: Final = re.compile(rf"(?:[^\s:]*[^\s:\d][^\s:]*:)?(?:\d{{1,9}}:)?(?=(?:{_STAMP}) )")
# What a terminal shows of Ctrl-C, which ends tcpdump after the line it prints next.
_KEY: Final = re.compile(r"(?:\^[A-Z])+")
_KEY_BEHIND: Final = re.compile(r"(?<=\d)(?:\^[A-Z])+$")
# A time that somebody has cut to milliseconds.
_SHORT_TIME: Final = re.compile(
    r"(?<![\w.:])\d\d:\d\d:\d\d\.\d{3}(?= (?:[\w.@:-]+ +(?:In|Out) +)?(?:IP6? |[\w.:-]+ > ))"
)
# What stands for a number, or for some of its digits, that somebody has left out; one too large to be any, made up.
_GAP: Final = (
    r"\d*(?:\.{2,}|…+|[?*_#]+|[xX]{2,})|<[^<>\n]*>|0x[0-9a-fA-F]+|[A-Za-z]\w{1,7}|[A-Za-z]\w{0,7} ?\+ ?\d{1,9}|\d{10,}"
)
_DOTS: Final = re.compile(
    rf",? +(?:seq (?:(?:{_GAP})(?::(?:\d+|{_GAP}))?|\d+:(?:{_GAP}))|(?:ack|win|urg) (?:{_GAP}))(?=[, ]|$)"
    rf"|,? +length (?:{_GAP})(?=[:, ]|$)"
)
# Elements left out between others.
_LEFT_OUT_BETWEEN: Final = re.compile(r"(?<=[\w\]]),? +(?:\.{2,}|…+),? +(?=(?:seq|ack|win|urg|options|length) )")
_NUMBERS: Final = re.compile(r" \d+(?::\d+)?$")
# What tcpdump says of the checksum, without whether it is right.
_BARE_SUM: Final = re.compile(r", cksum 0x[0-9a-f]{1,4}(?=, )")
# How the manual of tcpdump writes elements since 4.0.
_OF_MANUAL: Final = re.compile(r"(?<=, seq),(?= \d+:\d)|(?<=, opt)s(?= \[)")
# Where a web page shows one of several blanks: behind where to a packet goes, and in an option.
_FAST_OPEN: Final = re.compile(r"(?<=[,<\[]tfo) (?=\w)")
_DIRECTION: Final = re.compile(r"(?<![^ ])(\? )?(In|[BMP?])(?= (?:IP6?|ifindex|ethertype) | [0-9a-f]{2}:)")
_FULL_WIDTH: Final = re.compile("[\uff01-\uff5e]")  # ASCII as Chinese input methods write it
_OPTIONS: Final = re.compile(r"(?<=options \[)([^][\n]*)(?=\])")
_LIKE_AN_OPTION: Final = re.compile(r" ?(?:mss|ws|sack|TS|nop|eol|tfo|mptcp)")
_LEFT_SOME_OUT: Final = re.compile(r"\.\.|…|<[^<>\n]*>|\bsnip\b")  # options of a record have none of these
# A line that ends before its record, as a narrow screen shows it: in the name of an element, or in the options.
_CUT_WORD: Final = re.compile(r",(?: (?:c\w{0,4}|s\w{0,2}|a\w{0,2}|w\w{0,2}|u\w{0,2}|o\w{0,6}|l\w{0,5}))? ?$")
_CUT_OPTIONS: Final = re.compile(r", options? \[?([^][\n]*)$")
_ELEMENT: Final = re.compile(r"\b(?:seq|ack|win|length) \d")
_NAMED: Final = re.compile(r"(?:seq|ack|win|urg|options|length) ")  # the name of an element
_UNNAMED_END: Final = re.compile(r" > [^\s:](?:\S*[^\s:])? *$")  # addresses whose colon was left out
# A comma that was left out, or a full-width one.
_NO_COMMA: Final = re.compile(r"(?<=[\w\])]) *(?:[，、] *| )(?=(?:seq|ack|win|urg|options|length) )")
_BLANKS: Final = re.compile(r"(?<=\S)  +(?=\S)")
_LOOSE_COMMA: Final = re.compile(r"(?<=\S) +,(?= )")
_LOOSE_OPTION: Final = re.compile(r", +(?=(?:mss|sackOK|TS|nop|wscale|eol|sack|timestamp)\b)")
_END_OF_OLD: Final = re.compile(
    r"[\s>|]*(?=<(?:mss|nop|sackOK|sack|wscale|timestamp|eol)\b|\(DF\)|\[tos 0x|\((?:ttl|id|len) \d)"
)
_ELEMENTS: Final = re.compile(rf"[\s>|]*(?:Flags \[|(?:seq|ack|win|length) \d|options \[)|{_END_OF_OLD.pattern}")
_TIGHT_WORD: Final = re.compile(r"\bIP(6?)(?=[^\sI6\W][^\s]* > )")


class Reading(NamedTuple):
    """One way to read the lines held so far, as the beginning of a record."""

    text: str
    repairs: tuple[str, ...]
    soft: bool  # the last line ended in a soft break of quoted-printable


# ------------------------------------------------------------------ cleaning


def cleanings(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the readings of one physical line, the least changed first, with what was undone for each."""
    return copy(_remembered(text)) if len(text) <= REMEMBERED else _readings(text)


@lru_cache(8)  # a line is read again when it does not continue those before it, and to see what is left of it
def _remembered(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Return what each copy of begins anew, and makes every reading once, when it is asked for."""
    return tee(_readings(text), 1)[0]


def _readings(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    cleaned, repairs = _characters(text)
    yield cleaned, repairs
    seen = {cleaned}
    for marked, undone in _marked(cleaned):
        for variant, more in _variants(marked):
            for shortened, most in _beginnings(variant):
                if shortened not in seen:
                    seen.add(shortened)
                    yield shortened, (*repairs, *undone, *more, *most)


def _marked(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the text without the marks that emphasise the whole of it, then code in a sentence or table, a string in JSON."""
    emphasised = _EMPHASIS.fullmatch(text)
    yield (text, ()) if emphasised is None else (emphasised["text"], ("tags",))
    code = _CODE.fullmatch(text)
    if code is not None and " > " in code["text"]:
        yield code["text"], ("quoted",)
    if "{" in text or "[" in text:
        for string in map(_value, _STRING.findall(text)):
            if " > " in string:
                yield string, ("quoted",)
                return


def _value(string: str) -> str:
    """Return the text that a string of JSON stands for, without the end of its line."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else found[2], _ENDS_LINE.sub("", string[1:-1]))


def _characters(text: str) -> tuple[str, tuple[str, ...]]:
    """Undo what changes single characters."""
    repairs = []
    for name, pattern, put in (
        ("colours", _COLOURS, ""),
        ("invisible", _INVISIBLE, ""),
        ("spaces", _INDENT, "        "),
        ("spaces", _SPACES, " "),
        ("quoted_printable", _LINE_END, ""),
        ("prefix", _KEY_BEHIND, ""),
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
        decoded = _decoded(plain)
        if "\n" not in decoded:
            yield decoded, (*repairs, "quoted_printable")
    everything, undone, applied = plain, repairs, 0
    for name, pattern, put in (
        ("tags", _TAGS, ""),
        ("tags", _LINK, r"\1"),
        ("tags", _TAKEN_FOR_TAG, _options),
        ("tags", _ESCAPED, ""),
        ("tags", _BOLD, r"\1"),
        ("wrapped", _BACKSLASH, ""),
        ("split_number", _SPLIT_NUMBER, ""),
        ("patch_marks", _PATCH_MARK, " "),
        ("spacing", _FULL_WIDTH, _narrow),
        ("spacing", _STAND_IN, _one_word),
        ("spacing", _ANOTHER_ARROW, " > "),
        ("spacing", _LOST_ARROW, r"\1 > \2"),
        ("spacing", _CORRECTED, " -> "),
        ("spacing", _TIGHT_ARROW, _spaced),
        ("spacing", _TIGHT_WORD, r"IP\1 "),
        ("spacing", _BEFORE_FLAGS, r"\1\2: Flags ["),
        ("spacing", _LOOSE_BRACKET, ", options ["),
        ("spacing", _ASSIGNED, r"\1 "),
        ("spacing", _TIGHT_COMMA, ", "),
        ("spacing", _NO_COMMA, _comma),
        ("spacing", _OF_MANUAL, _as_printed),
        ("abridged", _DOTS, _known_numbers),
        ("abridged", _BARE_SUM, ""),
        ("abridged", _LEFT_OUT_BETWEEN, ", "),
        ("abridged", _SHORT_TIME, _lengthened),
        ("spacing", _LOOSE_COMMA, ","),
        ("spacing", _LOOSE_OPTION, ","),
        ("spaces", _BLANKS, " "),
        ("spaces", _DIRECTION, _padded),
        ("spaces", _FAST_OPEN, "  "),
    ):
        changed = pattern.sub(put, plain)
        if changed != plain:
            yield changed, (*repairs, name)
        if applied:
            changed = pattern.sub(put, everything)
        if changed != everything:
            everything, undone, applied = changed, _with(undone, name), applied + 1
    if applied > 1:
        yield everything, undone


def _decoded(text: str) -> str:
    """Return the text without the escapes of quoted-printable."""
    return _OCTET.sub(lambda found: chr(int(found[1], 16)), text)


def _spaced(arrow: re.Match[str]) -> str:
    """Return the arrow between two addresses as it is printed; text in angle brackets stays as it is."""
    return arrow[1] or " > "


def _options(tag: re.Match[str]) -> str:
    """Return the options of which a page has made a tag; nothing for the end of it."""
    return "" if tag[0].startswith("</") else tag[0].replace('=""', "").replace("sackok", "sackOK")


def _padded(direction: re.Match[str]) -> str:
    """Return the direction as it is printed, and the interface without a name before it."""
    return f"{'' if direction[1] is None else '?     '}{direction[2]:<3}"


def _narrow(letter: re.Match[str]) -> str:
    """Return the character of ASCII that a wide one stands for."""
    return chr(ord(letter[0]) - 0xFEE0)


def _as_printed(slip: re.Match[str]) -> str:
    """Return what stands in records where the manual has a comma too many, or a shorter word."""
    return "" if slip[0] == "," else "ions"


def _one_word(host: re.Match[str]) -> str:
    """Return what stands for a host without the spaces that no name has."""
    return host[0].replace(" ", "_")


def _comma(left_out: re.Match[str]) -> str:
    """Return what separates the elements of a record since 4.0; before their flags, and in records of 3.x, that is a space."""
    return ", " if "Flags [" in left_out.string[: left_out.start()] else left_out[0]


def _known_numbers(element: re.Match[str]) -> str:
    """Return an element whose numbers a header can hold; nothing where something stands in their place."""
    numbers = _NUMBERS.search(element[0])
    return element[0] if numbers and all(int(number) <= MASK for number in numbers[0].split(":")) else ""


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
    listed = _LISTED.match(text)
    if listed is not None:
        yield f"{listed[1]:0<8} {text[listed.end() :]}", ("quoted",)
    found_in = _FOUND_IN.match(text)
    if found_in is not None and found_in[0]:
        yield text[found_in.end() :], ("prefix",)
    key = _KEY.match(text)
    if key is not None:
        yield text[key.end() :], ("prefix",)
    for place, found in enumerate(_START.finditer(text)):
        if place >= 3:  # noqa: PLR2004  a record does not begin far inside a line
            break
        front, rest = text[: found.start()], text[found.start() :]
        if front and (_TIME.match(rest) or not _DAMAGED.search(front)):
            yield rest, ("prefix",)


def joined(reading: Reading, text: str) -> Iterator[Reading]:
    """Yield the ways in which `text` continues a reading."""
    seen = set()
    cleaned, _ = _characters(text)
    cleaned = _BACKSLASH.sub("", cleaned)
    plain = _SPACES.sub(" ", _unescaped(cleaned)) if "entities" in reading.repairs else cleaned
    another = _RECORD.search(plain) is not None and (_FLOW.search(reading.text) is None or is_unfinished(reading.text))
    for shortened, undone in _beginnings(plain):
        if "quoted" in reading.repairs and _MARKED.match(shortened):
            continue  # what stood before the first line stands before this one
        if "prefix" in undone and (another or _TIME.match(shortened)):
            continue  # its time or addresses are those of another record
        soft = shortened.endswith("=") and (reading.soft or "quoted_printable" in reading.repairs)
        printed = shortened[:-1] if soft else shortened
        rest = printed.lstrip(" ")
        if not rest or rest in seen:
            continue
        seen.add(rest)
        if reading.soft:
            repairs = _with(reading.repairs, "quoted_printable")
            # As it stands, indented, or behind a space that was lost at the end of the line before.
            lost = " " if reading.text.endswith((",", ")")) else ""
            spaces = dict.fromkeys((printed[: -len(rest)], "", lost))
            for coded in dict.fromkeys((rest, _decoded(rest).rstrip(" "))):
                yield from (Reading(reading.text + space + coded, repairs, soft) for space in spaces)
            continue
        closed = _LOOSE_OPTION.sub(",", rest)
        if is_unfinished(reading.text):
            indented = "quoted" in reading.repairs or shortened.startswith("    ")
            repairs = reading.repairs if indented else _with(reading.repairs, "spaces")
            yield Reading(f"{reading.text}\n    {rest}", repairs, soft)
            for variant, more in _variants(rest):
                if variant != rest:
                    undone_there = tuple(dict.fromkeys((*repairs, *more)))
                    yield Reading(f"{reading.text}\n    {variant}", undone_there, soft)
        yield Reading(f"{reading.text.rstrip()} {rest}", _with(reading.repairs, "wrapped"), soft)
        if "Flags [" in reading.text and _NAMED.match(rest):
            for text_behind in dict.fromkeys((rest, closed)):
                repaired = _with(_with(reading.repairs, "wrapped"), "spacing")
                yield Reading(f"{reading.text.rstrip()}, {text_behind}", repaired, soft)
        if rest.startswith("Flags [") and _UNNAMED_END.search(reading.text):
            yield Reading(f"{reading.text.rstrip()}: {rest}", _with(_with(reading.repairs, "wrapped"), "spacing"), soft)
        if rest.startswith("<") and closed != rest:
            yield Reading(
                f"{reading.text.rstrip()} {closed}", _with(_with(reading.repairs, "wrapped"), "spacing"), soft
            )
        if len(reading.text) >= HARD_WRAP:
            yield Reading(reading.text + rest, _with(reading.repairs, "wrapped"), soft)


def _with(repairs: tuple[str, ...], name: str) -> tuple[str, ...]:
    return repairs if name in repairs else (*repairs, name)


# ------------------------------------------------------------------ judging


def whole(text: str, line: int) -> Item | None:
    """Return the record that `text` is, a segment or a packet of another protocol; None for anything else."""
    if fields.whole(text, *fields.PACKETS) is None:
        return None
    item = parse_line(text, line)
    if isinstance(item, Segment):
        return item
    return None if item.kind in {"rejected", "other_protocol"} else item


def abridged(text: str, line: int, header: str = "") -> Segment | None:
    """Return the record that a person has shortened, behind its `header` of -v: what is left of it, and nothing made up."""
    raw = (header, text) if header else (text,)
    best: Segment | None = None
    for cleaned, repairs in cleanings(text.lstrip() if header else text):
        segment = shortened(cleaned, line, raw, repairs, header)
        if segment is None:
            continue
        if best is None or _told(segment) > _told(best):
            best = segment
        if _told(segment) >= len(_ELEMENT.findall(cleaned)):
            break  # nothing that it says stands in what is taken for a remark behind it
    return best


def _told(segment: Segment) -> int:
    """Return how many elements of a record were read."""
    return sum(one is not None for one in (segment.seq, segment.ack, segment.window, segment.length))


def shortened(text: str, line: int, raw: tuple[str, ...], repairs: tuple[str, ...], header: str = "") -> Segment | None:
    """Return the record that `text` is but for what somebody has left out; it stood in the lines `raw`."""
    front = f"{header}\n    " if header else ""
    known, some = known_options(text)
    found = fields.whole(front + known, "ABRIDGED") or (None if header else fields.whole(text, "WINDOWLESS"))
    if found is None:
        return None
    printed = fields.captured(*found)
    try:
        segment = fields.segment(printed, line, front + text)
    except fields.DisagreementError:
        return None
    layer = (segment.layer or Layer())._replace(raw=raw, repairs=_with(repairs, "abridged"))
    told = "length" in printed or segment.seq_last is not None or "old_flags" in printed
    return segment._replace(
        lines=len(raw),
        layer=layer,
        options_text=some if some is not None else segment.options_text,
        length=segment.length if told else None,
    )


def known_options(text: str) -> tuple[str, str | None]:
    """Return a record without the options that stand there in part, and those that stand there, with a mark behind."""
    found = _OPTIONS.search(text)
    if found is not None and (_LEFT_SOME_OUT.search(found[1]) or _is_damaged(found[1].split(","))):
        start = found.start() - len(", options [")
        return text[:start] + text[found.end() + 1 :], _readable(found[1].split(","))
    if "Flags [" not in text:
        return text, None
    cut = _CUT_OPTIONS.search(text)
    if cut is not None:  # the last of them may be cut
        return text[: cut.start()], _readable(cut[1].split(",")[:-1])
    return _CUT_WORD.sub("", text), None


def _readable(options: Iterable[str]) -> str:
    """Return the options that can be read, with a mark for the others behind."""
    return ",".join([*(option.strip() for option in options if _is_known(option)), LEFT_OUT])


def _is_damaged(options: list[str]) -> bool:
    """Tell whether some options cannot be read, beside others or where each of them begins as one that TCP has."""
    odd = [option for option in options if not _is_known(option)]
    return bool(odd) and (len(odd) < len(options) or all(map(_LIKE_AN_OPTION.match, odd)))


def _is_known(option: str) -> bool:
    return bool(option.strip()) and decode(option.strip()).bad is None


def is_promising(item: Item) -> bool:
    """Tell whether a line that is nothing by itself may be a record, or begin one, once something is undone in it."""
    if not isinstance(item, Skipped):
        return True
    if item.kind == "other_protocol":
        return _FOREIGN.match(item.raw) is None
    return _SIGNS.search(item.raw) is not None


def opens(text: str) -> bool:
    """Tell whether `text` can be the beginning of a record that goes on in the next line; a soft break says that it does."""
    if is_unfinished(text):
        return True
    if _START.match(_IN_SECONDS.sub("", text.removeprefix(" "))) is None:  # a difference has a space for its sign
        return False
    if _ENDED.search(text) and not text.endswith("=") and not (len(text) >= HARD_WRAP and _CUT_LENGTH.search(text)):
        return False
    return " > " in f"{text} " or "IP" in text or _TIME.match(text) is not None


def unquoted(item: Item) -> Item:
    """Return a line that is nothing by itself under the kind it has without what stands before it, if tcpdump or its user wrote it."""
    if not isinstance(item, Skipped) or item.kind not in {"remark", "continuation"} or not _TELLING.search(item.raw):
        return item
    cleaned, _ = _characters(item.raw)
    logged = _LOGGED.match(cleaned)
    readings = [rest for rest, repairs in _openings(cleaned) if "prefix" not in repairs]
    told = item
    for rest in readings if logged is None else [*readings, cleaned[logged.end() :]]:
        plain = parse_line(rest, item.line)
        if isinstance(plain, Skipped) and plain.kind in {"banner", "counters", "prompt"}:
            return plain._replace(raw=item.raw)
        if isinstance(plain, Skipped) and plain.kind == "rejected" and item.kind == "continuation":
            before = max(len(item.raw.rstrip()) - len(rest), 0)
            told = plain._replace(raw=item.raw, column=None if plain.column is None else plain.column + before)
    return told


def goes_on(text: str) -> bool:
    """Tell whether a line begins with elements of a record, which others before may lack."""
    return _ELEMENTS.match(text) is not None


def end_of_old(text: str) -> str | None:
    """Return what a line shows of a record of 3.x if that begins with its options, or what follows them; else None."""
    found = _END_OF_OLD.match(text)
    return None if found is None else text[found.end() :]


def begins_anew(text: str) -> bool:
    """Tell whether a line is, or begins, a record by itself, so that nothing goes on in it."""
    return any(_TIME.match(cleaned) or whole(cleaned, 1) is not None for cleaned, _ in cleanings(text))


def alone(text: str) -> list[Item | None]:
    """Return the records that a line is by itself, behind whatever marks; None is one that begins with its time."""
    found: list[Item | None] = []
    for cleaned, repairs in cleanings(text):
        if "prefix" in repairs:
            continue
        if _TIME.match(cleaned):
            return [None]
        item = whole(cleaned, 1)
        if item is not None:
            found.append(item)
    return found


def is_hopeless(readings: list[Reading], text: str) -> bool:
    """Tell whether nothing held but a time, nor the next line, looks like a record."""
    return ">" not in text and not any(">" in reading.text or "IP" in reading.text for reading in readings)


def heads(item: Item, alone: list[Item | None]) -> bool:
    """
    Tell whether what was held is the time and link header of a record, which the next line is without them.

    Everything else that the joined record says is said by that line alone: no digit is taken for the end of a number.
    """
    if not isinstance(item, Segment) or (
        item.layer and any(fields.endpoints[end].port for ends in item.layer.outer for end in ends)
    ):
        return False
    return any(isinstance(one, Segment) and _said(one) == _said(item) for one in alone)


def _said(segment: Segment) -> Segment:
    return segment._replace(
        line=0, lines=0, text="", time=None, stamp=None, time_style=TimeStyle.NONE, ip=None, layer=None
    )


def runs_on(segment: Segment) -> bool:
    """Tell whether another record follows where a payload would: with no mark before it, which no sender can leave out."""
    text, payload = segment.text, segment.payload
    if payload is None or text.endswith(f": {payload}"):
        return False
    begin = len(text) - len(payload)
    another = _ANOTHER.search(text, max(begin - _BORROWED, 0))
    return another is not None and another.start() <= begin


def parted(text: str, line: int, raw: tuple[str, ...], repairs: tuple[str, ...]) -> list[Item]:
    """Return the records of a text that has several, which begins in a line."""
    places = [0, *(found.start() for found in _ANOTHER.finditer(text)), len(text)]
    parts = [parse_line(text[start:end].rstrip(), line) for start, end in pairwise(places)]
    if not isinstance(parts[-1], Segment):
        closed = whole(_CLOSING.sub("", text[places[-2] :]), line)  # of what opened before them
        parts[-1] = closed or parts[-1]
    return [mended(part, raw, (*repairs, "run_together")) for part in parts]


def stuck_together(text: str, line: int) -> bool:
    """Tell whether a text is a record without payload, and another one that begins right behind its length."""
    another = _ANOTHER.search(text)
    return another is not None and text[another.start() - 1] != " " and _is_all(text[: another.start()], line)


def stand_together(text: str, line: int) -> bool:
    """Tell whether one line holds records of 3.x, which end with more than a length: elsewhere a payload would follow."""
    places = [0, *(found.start() for found in _ANOTHER.finditer(text)), len(text)]
    parts = [text[start:end].rstrip(" ") for start, end in pairwise(places)]
    return len(parts) > 1 and all(_is_all(part, line) for part in parts[:-1]) and whole(parts[-1], line) is not None


def _is_all(text: str, line: int) -> bool:
    """Tell whether a text is a record without payload."""
    item = whole(text, line)
    return isinstance(item, Segment) and item.payload is None


def separated(text: str) -> list[str]:
    """Return the lines of a text that no line feed separates, none if it is one line."""
    return _BREAKS.split(text) if _BREAK.search(text) else []


def mended(item: Item, raw: tuple[str, ...], repairs: tuple[str, ...]) -> Item:
    """Return the item with the lines it was made from, and what was undone."""
    if isinstance(item, Segment):
        layer = (item.layer or Layer())._replace(raw=raw, repairs=repairs)
        return item._replace(lines=len(raw), layer=layer)
    return item._replace(raw=raw[0])
