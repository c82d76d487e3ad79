"""One record of tcpdump's text becomes one `Segment`, any other line one `Skipped`."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from tdparse import _patterns
from tdparse.model import Endpoint, Item, Layer, Segment, Skipped, TimeStyle

MAX_LENGTH: Final = 65536  # characters of one record; tcpdump prints far shorter ones
MODULUS: Final = 2**32
IP_VERSION: Final = {"IP ": 4, "IP6 ": 6, None: None}
_new = tuple.__new__


class _Endpoints(dict[str, Endpoint]):
    """Endpoint by printed token, split once (bounded: it starts afresh when full)."""

    def __missing__(self, token: str) -> Endpoint:
        if len(self) > MAX_LENGTH:
            self.clear()
        found = _pattern("ENDPOINT").fullmatch(token)
        host, port = (token, None) if found is None else found.group("host", "port")
        endpoint = Endpoint(host, int(port) if port is not None and _is_number(port) else port)
        self[token] = endpoint
        return endpoint


class _Seconds(dict[str, int]):
    """Nanoseconds since midnight by ``HH:MM:SS``."""

    def __missing__(self, text: str) -> int:
        if len(self) > MAX_LENGTH:
            self.clear()
        hours, minutes, seconds = text.split(":")
        stamp = ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1_000_000_000
        self[text] = stamp
        return stamp


_endpoints: Final = _Endpoints()
_seconds: Final = _Seconds()


def _is_number(text: str) -> bool:
    return text.isdecimal() and len(text) <= 10  # noqa: PLR2004 - digits of 2**32


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(getattr(_patterns, name), re.ASCII)


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
    if len(text) > MAX_LENGTH:
        return Skipped(line, "rejected", text, MAX_LENGTH + 1, (), "too_long")
    found = _pattern("CLOCKED").fullmatch(text)
    if found is not None:
        return _dominant(found, line, text)
    for name in ("MODERN", "QUIET", "CUT"):
        found = _pattern(name).fullmatch(text)
        if found is not None:
            return _segment(_fields(name, found), line, text)
    return _skipped(text, line)


def _dominant(found: re.Match[str], line: int, text: str) -> Item:
    """Build the segment of the commonest shape; the groups are those of CLOCKED, in order."""
    clock, word, src, dst, flags, seq, seq_last, ack, window, options, length, payload = found.groups()
    octets = int(length)
    first = None if seq is None else int(seq)
    last = None if seq_last is None else int(seq_last)
    if (0 if last is None or first is None else (last - first) % MODULUS) != octets and last is not None:
        return _rejected(text, line, found.start("length") + 1, "length_disagrees")
    return _new(
        Segment,
        (
            line,
            1,
            text,
            clock,
            None if clock is None else _seconds[clock[:8]] + _fraction(clock[9:]),
            TimeStyle.NONE if clock is None else TimeStyle.CLOCK,
            _endpoints[src],
            _endpoints[dst],
            IP_VERSION[word],
            "" if flags == "none" else flags,
            first,
            last,
            None if ack is None else int(ack),
            int(window),
            None,
            octets,
            options,
            None,
            payload,
            False,
            None,
        ),
    )


def _fields(name: str, found: re.Match[str]) -> dict[str, str]:
    """Return the text of each field that was printed."""
    fields = getattr(_patterns, f"{name}_FIELDS")
    return {field: value for field, value in zip(fields, found.groups(), strict=True) if value is not None}


def _fraction(digits: str) -> int:
    """Return nanoseconds: the digits are microseconds, or nanoseconds when there are nine."""
    return int(digits) * 1000 if len(digits) < 9 else int(digits)  # noqa: PLR2004


def _time(fields: dict[str, str]) -> tuple[str | None, int | None, TimeStyle]:
    """Return the time as printed, its stamp, and its style."""
    if (text := fields.get("clock")) is not None:
        return text, _clock(text), TimeStyle.CLOCK
    if (text := fields.get("epoch")) is not None:
        seconds, _, digits = text.partition(".")
        return text, int(seconds) * 1_000_000_000 + _fraction(digits), TimeStyle.EPOCH
    if (text := fields.get("date")) is not None:
        return text, _days(text[:10]) * 86_400_000_000_000 + _clock(text[11:]), TimeStyle.DATE
    if (text := fields.get("delta")) is not None:
        sign = -1 if text[0] == "-" else 1
        return text.lstrip(" "), sign * _clock(text[1:]), TimeStyle.DELTA
    return None, None, TimeStyle.NONE


def _clock(text: str) -> int:
    whole, _, digits = text.partition(".")
    return _seconds[whole] + _fraction(digits)


def _days(text: str) -> int:
    """Return the days from 1970-01-01 to ``YYYY-MM-DD`` in the proleptic Gregorian calendar."""
    year, month, day = (int(part) for part in text.split("-"))
    year -= month <= 2  # noqa: PLR2004 - the year begins in March
    era = year // 400
    of_era = year % 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1  # noqa: PLR2004
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


def _number(fields: dict[str, str], name: str) -> int | None:
    value = fields.get(name)
    return None if value is None else int(value)


def _segment(fields: dict[str, str], line: int, text: str) -> Item:
    """Build a segment of any shape from its fields."""
    time, stamp, style = _time(fields)
    flags = fields.get("flags")
    seq, last, length = _number(fields, "seq"), _number(fields, "seq_last"), _number(fields, "length")
    if seq is not None and last is not None and length is not None and (last - seq) % MODULUS != length:
        return _rejected(text, line, text.rfind(str(length)) + 1, "length_disagrees")
    return Segment(
        line=line,
        lines=text.count("\n") + 1,
        text=text,
        time=time,
        stamp=stamp,
        time_style=style,
        src=_endpoints[fields["src"]],
        dst=_endpoints[fields["dst"]],
        ip=IP_VERSION[fields.get("word")],
        flags="" if flags == "none" else flags,
        seq=seq,
        seq_last=last,
        ack=_number(fields, "ack"),
        window=_number(fields, "window"),
        urgent=_number(fields, "urgent"),
        length=length,
        options_text=fields.get("options", fields.get("faulty_options")),
        checksum=fields.get("correct", fields.get("incorrect")),
        payload=fields.get("payload"),
        truncated=any(name in fields for name in ("faulty_options", "truncation", "cut")),
        layer=_layer(fields),
    )


def _layer(fields: dict[str, str]) -> Layer | None:
    """Return what stood around the TCP part, None when there was nothing."""
    device = fields.get("device")
    direction = fields.get("direction")
    layer = Layer(
        packet_number=_number(fields, "number"),
        device=None if device is None else device.rstrip(" "),
        direction=None if direction is None else direction.rstrip(" "),
    )
    return None if layer == Layer() else layer


def _skipped(text: str, line: int) -> Skipped:
    """Classify a line that is no record; reject it when it set out to be one."""
    for kind in _patterns.KINDS:
        found = _pattern(f"KIND_{kind.upper()}").fullmatch(text)
        if found is not None:
            if kind == "suspect":
                return _rejected(text, line, None, "unreadable")
            note = {name: int(value) for name, value in found.groupdict().items() if value is not None}
            return Skipped(line, kind, text, note=note or None)
    return Skipped(line, "remark", text)


def _rejected(text: str, line: int, column: int | None, reason: str) -> Skipped:
    """Return the rejection of a line; the grammar itself says where it fails unless `column` does."""
    if column is not None:
        return Skipped(line, "rejected", text, column, (), reason)
    from tdparse import lalr  # lark is loaded only when its error position is wanted

    failure = lalr.failure(text)
    if failure is None:
        return Skipped(line, "rejected", text, 1, (), reason)
    reason = "cut" if failure.column > len(text) else reason
    return Skipped(line, "rejected", text, failure.column, failure.expected, reason)
