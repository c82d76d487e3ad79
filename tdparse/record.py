"""One record of tcpdump's text becomes one `Segment`, any other line one `Skipped`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdparse import fields, shapes
from tdparse.model import Item, Segment, Skipped

if TYPE_CHECKING:
    import re

    from tdparse.model import TimeStyle

MAX_LENGTH: Final = 2**20  # characters of one record; a decoded payload of 64 KiB prints 200,000
FOREIGN: Final = ("arp", "udp", "icmp", "fragment", "other_protocol")
COMMON_UNFINISHED: Final[str] = fields.UNFINISHED[0]
USUAL: Final = next(iter(shapes.SHAPES))  # whose time is optional, as that of the others
_readers: Final = shapes.readers
_pattern: Final = fields.pattern
_endpoints: Final = fields.endpoints


def parse_line(text: str, line: int = 1) -> Item:
    """
    Return what one record (or one line that is none) says.

    Args:
        text: The record without its last newline; a record of several lines with its inner line breaks.
        line: Its first physical line, from 1.

    A line that is not a TCP segment is returned as `Skipped`, never raised.

    >>> parse_line("12:00:00.000001 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 7, win 9, length 0").seq
    7
    >>> parse_line("4 packets captured").kind
    'counters'
    """
    return _readers[USUAL](text, line) or located(_read_by_time(text, line))


def read_line(text: str, line: int) -> Item:
    """Return the same, but for where reading stops in what is rejected, which takes long to find: see `located`."""
    usual = _readers.get(USUAL)  # what a log with another kind of times never wants is not compiled for it
    return (usual and usual(text, line)) or _read_by_time(text, line)


def _read_by_time(text: str, line: int) -> Item:
    """Return the same, read by the pattern for the kind of time that the text begins with."""
    timed = _pattern["TIMED"].match(text)
    name = USUAL if timed is None or timed.lastgroup is None else shapes.OF_TIME[timed.lastgroup]
    return _readers[name](text, line) or shapes.read_linked(name, text, line) or read_unusual(text, line)


def segment_of(text: str, line: int) -> Segment:
    """Return the segment that a text is known to be, as one of the NEXT patterns has described it."""
    item = read_line(text, line)
    if not isinstance(item, Segment):  # pragma: no cover - what those patterns describe is a segment
        raise TypeError(text)
    return item


def read_unusual(text: str, line: int) -> Item:
    """Return the same as `read_line` for a text that has none of the shapes of `tdparse.shapes`."""
    if len(text) > MAX_LENGTH:
        note = {"length": len(text), "limit": MAX_LENGTH}
        return Skipped(line, "rejected", text, MAX_LENGTH + 1, (), "too_long", note)
    found = _pattern["PLAIN"].fullmatch(text)
    if found is not None:
        return _plain(found, line, text)
    packet = fields.whole(text, *fields.PACKETS)
    return _left_over(text, line) if packet is None else _packet(fields.captured(*packet), line, text)


def is_unfinished(text: str) -> bool:
    """Return whether `text` is the beginning of a record that goes on in the next physical line."""
    return _unfinished(text) is not None


def shows_ip_header_only(text: str) -> bool:
    """Return whether `text` is the commonest of such beginnings: one without addresses, so that it is nothing else."""
    return len(text) <= MAX_LENGTH and fields.whole(text + "\n", COMMON_UNFINISHED) is not None


def style_of_unfinished(text: str) -> TimeStyle | None:
    """Return how the time of such a beginning is printed, None if `text` is none."""
    found = _unfinished(text)
    return None if found is None else fields.time_style(fields.captured(*found))


def _unfinished(text: str) -> tuple[str, re.Match[str]] | None:
    return fields.whole(text + "\n", *fields.UNFINISHED) if len(text) <= MAX_LENGTH else None


def is_continuation(text: str) -> bool:
    """Return whether `text` has the form of a physical line under another one."""
    return _pattern["CONTINUATION"].fullmatch(text) is not None


def opens_ascii_dump(text: str) -> bool:
    """Return whether `text` can be the first line of a packet's bytes as -A prints them."""
    return _pattern["ASCII_DUMP"].fullmatch(text) is not None


def _plain(found: re.Match[str], line: int, text: str) -> Skipped:
    """Return the line under the kind whose rule matched."""
    kind = str(found.lastgroup)
    if kind != "counters":
        return Skipped(line, kind, text)
    counters = _pattern["COUNTERS"].fullmatch(text)
    numbers = fields.captured("COUNTERS", counters) if counters is not None else {}
    return Skipped(line, kind, text, note={name: int(value) for name, value in numbers.items()})


def _packet(printed: fields.Fields, line: int, text: str) -> Item:
    """Return the segment, or the packet of another protocol under its kind."""
    for kind in FOREIGN:
        if kind in printed:
            return Skipped(line, kind, text, note=_quotation(printed) if kind == "icmp" else None)
    try:
        return fields.segment(printed, line, text)
    except fields.DisagreementError:
        return Skipped(line, "rejected", text, text.rfind(printed["length"]) + 1, (), "length_disagrees")


def _quotation(printed: fields.Fields) -> dict[str, object] | None:
    """
    Return what an ICMP error says of the packet that caused it; None for other messages.

    Keys: text, reporter (who says so), src (who is told: the sender of that packet), and as far as printed
    dst, dport, protocol (of that packet), mtu (octets).
    """
    found = _pattern["ICMP_ERROR"].fullmatch(printed["icmp"])
    if found is None:
        return None
    quoted = fields.captured("ICMP_ERROR", found)
    note = {
        "text": printed["icmp"],
        "reporter": _endpoints[printed["src"]].host,
        "src": _endpoints[printed["dst"]].host,
        "dst": quoted.get("quoted_host"),
        "dport": fields.port_of(quoted.get("quoted_port")),
        "protocol": quoted.get("quoted_protocol"),
        "mtu": fields.number(quoted.get("mtu")),
    }
    return {name: value for name, value in note.items() if value is not None}


def _left_over(text: str, line: int) -> Skipped:
    """Return the kind of a text that no pattern of a whole record describes."""
    if is_continuation(text):
        return Skipped(line, "continuation", text)
    suspect = _pattern["SUSPECT"].fullmatch(text.replace("\n", " ")) is not None
    return Skipped(line, "rejected" if suspect else "remark", text)


def located(item: Item) -> Item:
    """Return an item of `read_line`, which has the place where reading stops now if it was rejected."""
    return item if isinstance(item, Segment) else with_place(item)


def with_place(item: Skipped) -> Skipped:
    """Do the same for a line that is no segment."""
    if item.kind != "rejected" or item.column is not None:
        return item
    from tdparse.rejection import failure  # its tables are loaded only when the place is wanted

    stop = failure(item.raw)
    if stop is None:
        return item._replace(column=1, expected=(), reason="unreadable")
    reason = "cut" if stop.column > len(item.raw) else "unreadable"
    return item._replace(column=stop.column, expected=stop.expected, reason=reason)
