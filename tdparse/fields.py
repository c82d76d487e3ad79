"""The fields that a record's pattern captured become one `Segment`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tdparse import _patterns, stamp
from tdparse.model import Endpoint, Layer, Segment, TimeStyle

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MODULUS: Final = 2**32
NOTHING: Final = Layer()  # stood around the TCP part
IP_VERSION: Final[Mapping[str | None, int]] = {"IP ": 4, "IP6 ": 6}
LETTERS: Final = "FSRP.UEWe"  # tcpdump's order since 4.0
MAXIMUM: Final = 2**16 - 1
PORT_DIGITS: Final = 5
# A port as people write it; an address of IPv6 has two colons.
COLON: Final = re.compile(r"(?P<host>[^:\s]+):(?P<port>\d{1,5})", re.ASCII)
DNS_PREFIX: Final = 2  # octets before a DNS message in TCP

Fields = dict[str, str]


class _Pattern(dict[str, re.Pattern[str]]):
    """Derived patterns by name, compiled when first used."""

    def __missing__(self, name: str) -> re.Pattern[str]:
        compiled = re.compile(getattr(_patterns, name), re.ASCII)
        self[name] = compiled
        return compiled


pattern: Final[_Pattern] = _Pattern()


_hosts: Final[dict[str, str]] = {}  # each once: they are fewer than ports, and many endpoints are remembered


class _Endpoints(dict[str, Endpoint]):
    """Endpoint by printed token, split once."""

    def __missing__(self, token: str) -> Endpoint:
        if len(self) >= stamp.REMEMBERED:
            self.clear()
            _hosts.clear()
        found = pattern["ENDPOINT"].fullmatch(token)
        if found is None or found["port"] is None:
            found = COLON.fullmatch(token) or found
        host, port = (token, None) if found is None else found.group("host", "port")
        endpoint = Endpoint(_hosts.setdefault(host, host), port_of(port))
        self[token] = endpoint
        return endpoint


endpoints: Final[_Endpoints] = _Endpoints()


class _Numbers(dict[str, int]):
    """Numbers that come again and again (windows, lengths) by their digits, converted once: a third of `int`'s time."""

    def __missing__(self, digits: str) -> int:
        if len(self) >= stamp.REMEMBERED:
            self.clear()
        self[digits] = value = int(digits)
        return value


numbers: Final[_Numbers] = _Numbers()


def number(text: str | None) -> int | None:
    """Return the number that was printed, None when there was none."""
    return None if text is None else int(text)


def port_of(text: str | None) -> int | str | None:
    """Return a port that was printed: its number, or its name; more digits than a port has are no number."""
    return int(text) if text is not None and text.isdecimal() and len(text) <= PORT_DIGITS else text


# Patterns of the same, each a part of the next: most is common, and what is seldom takes long to compile.
PACKETS: Final[tuple[str, ...]] = ("COMMON", "PACKET")
UNFINISHED: Final[tuple[str, ...]] = ("COMMON_UNFINISHED", "UNFINISHED")


def whole(text: str, *names: str) -> tuple[str, re.Match[str]] | None:
    """Return the first of the named patterns that describes the whole of `text`, and its match; None if none does."""
    for name in names:
        found = pattern[name].fullmatch(text) if _patterns.NEEDED.get(name, "") in text else None
        if found is not None:
            return name, found
    return None


def captured(name: str, found: re.Match[str]) -> Fields:
    """Return the text of each field that was printed, by the rule that captured it."""
    fields = getattr(_patterns, f"{name}_FIELDS")
    return {field: value for field, value in zip(fields, found.groups(), strict=True) if value is not None}


def match(name: str, text: str) -> re.Match[str]:
    """
    Return the match of the whole of `text`, which one of the derived patterns has captured before.

    Raises:
        ValueError: It does not match: the patterns contradict each other.
    """
    found = pattern[name].fullmatch(text)
    if found is None:
        message = f"{name} does not describe {text!r}"
        raise ValueError(message)
    return found


def between(word: str | None, src: str, dst: str) -> tuple[int | None, Endpoint, Endpoint]:
    """Return the IP version (None when the text does not tell) and the endpoints of two printed tokens."""
    source, destination = endpoints[src], endpoints[dst]
    if src.isdecimal() and dst.isdecimal():  # an IP header too damaged for addresses: ports alone
        source, destination = _at("", src), _at("", dst)
    version = IP_VERSION.get(word) or version_of(source.host) or version_of(destination.host)
    return version, source, destination


class DisagreementError(ValueError):
    """The printed length is not the distance of the printed numbers."""


def segment(fields: Fields, line: int, text: str) -> Segment:
    """
    Build a segment of any shape.

    Raises:
        DisagreementError: `seq a:b` and `length` contradict each other: the text is damaged.
    """
    time, when, style = _time(fields)
    seq, last = number(fields.get("seq")), number(fields.get("seq_last"))
    length, payload = _length(fields, None if seq is None or last is None else (last - seq) % MODULUS)
    tunnels = [found.group("src", "dst", "extension") for found in _outers(fields)]
    version, src, dst = _flow(fields, tunnels)
    options = "".join(fields[name] for name in ("options", "fault") if name in fields)
    return Segment(
        line=line,
        lines=text.count("\n") + 1,
        text=text,
        time=time,
        stamp=when,
        time_style=style,
        src=src,
        dst=dst,
        ip=version,
        flags=_flags(fields),
        seq=seq,
        seq_last=last,
        ack=number(fields.get("ack")),
        window=_window(fields),
        urgent=number(fields.get("urgent")),
        length=length,
        options_text=options or None,
        checksum=_checksum(fields),
        payload=payload,
        truncated=any(name in fields for name in ("fault", "truncation", "cut")),
        layer=layer_of(fields, tunnels),
    )


def time_style(fields: Fields) -> TimeStyle:
    """Return how the time of a record is printed."""
    return _time(fields)[2]


def _time(fields: Fields) -> tuple[str | None, int | None, TimeStyle]:
    """Return the time as printed (without indentation), its stamp, its style."""
    for name, (style, read) in stamp.READERS.items():
        if name in fields:
            return fields[name].lstrip(" "), read(fields[name]), style
    return None, None, TimeStyle.NONE


def _flags(fields: Fields) -> str | None:
    """Return the letters in the order of 4.0 and later, which has one for ACK and one for URG."""
    if "no_flags" in fields:
        return ""
    if "old_flags" in fields:
        if "window" not in fields and "truncation" in fields:
            return None  # cut before the place where ACK would show
        letters = fields["old_flags"].replace(".", "")
        letters += "." * ("ack" in fields) + "U" * ("urgent" in fields)
        ecn = fields.get("old_ecn", "")
        letters += "E" * ("ECN-Echo" in ecn) + "W" * ("CWR" in ecn)
        return "".join(letter for letter in LETTERS if letter in letters)
    flags = fields.get("flags")
    return "" if flags == "none" else flags


def _checksum(fields: Fields) -> str | None:
    if "correct" in fields or "old_correct" in fields:
        return "correct"
    return "incorrect" if "incorrect" in fields or "old_incorrect" in fields else None


def _length(fields: Fields, distance: int | None) -> tuple[int | None, str | None]:
    """
    Return the octets of payload, and the payload's text; `distance` is what the range says.

    Raises:
        DisagreementError: See `segment`.
    """
    printed = fields.get("length")
    payload = fields.get("payload", fields.get("old_payload", fields.get("adjoined")))
    if printed is None:
        return _unprinted_length(fields, distance), payload
    if "glued" in fields and "flags" in fields:
        return _unglue(printed, fields["glued"], distance)
    if distance is not None and int(printed) != distance:
        raise DisagreementError
    return int(printed), payload


def _unprinted_length(fields: Fields, distance: int | None) -> int | None:
    """Return the length where the record does not print one: it stops early, or is an old one without a range."""
    if distance is not None:
        return distance
    whole = "old_flags" in fields and "truncation" not in fields
    return 0 if whole or "seq" in fields else None


def _unglue(printed: str, summary: str, distance: int | None) -> tuple[int | None, str]:
    """
    Return the length and the DNS summary that stands right behind it (releases up to 4.9.2).

    The last digits of `printed` are the query id. The range says how many; where there is none (4.0.0),
    the size of the message at the end does, if it came in one segment.
    """
    if distance is None and (size := re.search(r"\((\d{1,9})\)$", summary)):
        distance = int(size[1]) + DNS_PREFIX
    own = str(distance)
    if printed.startswith(own) and len(printed) > len(own):
        return distance, printed[len(own) :] + summary
    return None, summary


def _window(fields: Fields) -> int | None:
    """Return the window; None when a DNS summary follows so closely that its query id cannot be told apart."""
    printed = fields.get("window")
    follows = "glued" in fields and "options" not in fields and "fault" not in fields
    if printed is None or "old_flags" not in fields or not follows:
        return number(printed)
    splits = [
        int(printed[:size])
        for size in range(1, len(printed))
        if int(printed[:size]) <= MAXIMUM and int(printed[size:]) <= MAXIMUM
        if (printed[0] != "0" or size == 1) and (printed[size] != "0" or size == len(printed) - 1)
    ]
    return splits[0] if len(splits) == 1 else None


def _outers(fields: Fields) -> Iterator[re.Match[str]]:
    """Yield the layers around the innermost packet, outermost first."""
    outers = fields.get("outers")
    return pattern["OUTER"].finditer(outers) if outers else iter(())


def _flow(fields: Fields, tunnels: list[tuple[str | None, ...]]) -> tuple[int | None, Endpoint, Endpoint]:
    """
    Return IP version, source and destination.

    Behind an IPv6 extension header or AH only ports are printed; the hosts stand before it.
    """
    src, dst = fields["src"], fields["dst"]
    if tunnels and tunnels[-1][2] is not None and "." not in src and "." not in dst and ":" not in src:
        source, destination = _at(tunnels[-1][0], src), _at(tunnels[-1][1], dst)
        return version_of(source.host), source, destination
    return between(fields.get("word"), src, dst)


def _at(host: str | None, port: str) -> Endpoint:
    return Endpoint(host or "", port_of(port))


def version_of(host: str) -> int | None:
    """Return the IP version of a numeric address, None for a name."""
    if ":" in host:
        return 6
    return 4 if host.replace(".", "").isdecimal() and host.count(".") == 3 else None  # noqa: PLR2004


def layer_of(fields: Fields, tunnels: Sequence[tuple[str | None, ...]] = ()) -> Layer | None:
    """Return what stood around the TCP part, None when there was nothing."""
    device, direction = fields.get("device"), fields.get("direction")
    header = _ip_header(fields)
    tos = header.get("tos")
    layer = Layer(
        packet_number=number(fields.get("number")),
        device=None if device is None else device.strip(" "),
        direction=None if direction is None else direction.strip(" "),
        link=fields.get("link"),
        ip_text=fields.get("ip_text", fields.get("suffix")),
        ttl=number(header.get("ttl")),
        ip_id=number(header.get("ip_id")),
        tos=None if tos is None else int(tos, 16),
        ip_flags=header.get("ip_flags"),
        ip_length=number(header.get("ip_length")),
        outer=tuple((src, dst) for src, dst, extension in tunnels if src and dst and extension is None),
    )
    return None if layer == NOTHING else layer


def _ip_header(fields: Fields) -> Fields:
    """Return what was printed of the IP header: since 3.8 before the addresses, by older releases at the end."""
    for field, name in (("ip_text", "IP_TEXT"), ("suffix", "SUFFIX_TEXT")):
        if field in fields:
            found = pattern[name].fullmatch(fields[field])
            return {} if found is None else captured(name, found)
    return {}
