"""TCP options: the printed text of one segment's options, decoded."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from tdparse import _patterns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


class Options(NamedTuple):
    """
    The TCP options of one segment, decoded; None where one was not printed.

    Sizes in octets, the window scale as a shift (RFC 7323), timestamps as 32-bit ticks of the sender.

    >>> import tdparse
    >>> line = "12:00:00.000001 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 7, win 9, options [mss 1460], length 0"
    >>> tdparse.parse_line(line).options.mss
    1460
    """

    mss: int | None = None
    wscale: int | None = None
    sack_ok: bool | None = None
    sack: tuple[tuple[int, int], ...] | None = None  #: printed numbers: base of the ack
    ts: tuple[int, int] | None = None  #: (val, ecr)
    tfo: str | None = None  #: "cookiereq", or the cookie's hex digits
    md5: str | None = None
    tcp_ao: str | None = None
    uto: str | None = None
    mptcp: tuple[str, ...] | None = None
    echo: int | None = None
    echo_reply: int | None = None
    cc: int | None = None
    cc_new: int | None = None
    cc_echo: int | None = None
    scps: str | None = None
    exp: str | None = None
    unknown: tuple[tuple[int, str], ...] | None = None  #: (kind, hex digits)
    bad: str | None = None  #: the printed complaint, or the mark of somebody who has left out some


NO_OPTIONS = Options()
LEFT_OUT: Final = "..."  # stands for options that somebody has left out
MALFORMED: Final = "[len "  # behind an option: its length, which its kind has not
_TS: Final = Options._fields.index("ts")
_STAMPS: Final = re.compile(r"(?:^|,)TS val (\d{1,20}) ecr (\d{1,20})(?=,|$)", re.ASCII)
_BEHIND: Final = ("", ",")  # an option that is not whole with what the pattern of the common ones describes
_STAND_IN: Final = 98_765_432_109_876_543_210  # for a timestamp: more than 32 bits hold
_EDGE: Final = "4294967295"  # stands in for one of a block


@cache
def _option(name: str) -> re.Pattern[str]:
    return re.compile(getattr(_patterns, name), re.ASCII)


@cache
def _sack_block() -> re.Pattern[str]:
    return re.compile(_patterns.SACK_BLOCK, re.ASCII)


@lru_cache(maxsize=64)  # the stages ask for the options of one segment one after the other
def decode(text: str | None) -> Options:
    """
    Return the options that `text` (what stands between the brackets) names.

    An option that is printed twice counts as its first, but for `mptcp` and `unknown`, which are lists.
    Reading stops where the text stops being options; what stands there is `Options.bad`.

    >>> decode("mss 1460,sackOK,TS val 900 ecr 0,nop,wscale 7").ts
    (900, 0)
    """
    if not text:
        return NO_OPTIONS
    stamps = _STAMPS.search(text)
    if stamps is None:
        return _read(text)
    before, behind = text[: stamps.start(1)], text[stamps.end(2) :]
    place = behind.find("{")  # edges of SACK differ like timestamps
    edges: list[tuple[str, str]] = []
    if place >= 0:
        edges = _sack_block().findall(behind, place)
        if behind[place:] != _braced(edges):
            return _read(text)
        behind = behind[:place]
    beside = _beside(before, behind, len(edges))
    if beside is None:
        return _read(text)
    val, ecr = stamps.groups()
    if edges:
        beside = beside._replace(sack=tuple([(int(left), int(right)) for left, right in edges]))
    return tuple.__new__(Options, (*beside[:_TS], (int(val), int(ecr)), *beside[_TS + 1 :]))


def taken(text: str | None) -> Options:
    """
    Return the options that the receiver of `text` takes: one that has not the length of its kind is none to it.

    >>> taken("mss 1460,wscale 7[len 4],eol")[:2], decode("mss 1460,wscale 7[len 4],eol")[:2]
    ((1460, None), (1460, 7))
    """
    return _read(text, strict=True) if text is not None and MALFORMED in text else decode(text)


def _braced(edges: Iterable[tuple[str, str]]) -> str:
    return "".join([f"{{{left}:{right}}}" for left, right in edges])


@lru_cache(maxsize=256)
def _beside(before: str, behind: str, blocks: int) -> Options | None:
    """
    Return what the text around the values of timestamps, and before so many blocks at its end, says.

    It is the same in most segments of a log. None where it does not leave them to be the timestamps and the blocks.
    """
    edges = [(_EDGE, _EDGE)] * blocks
    found = _read(f"{before}{_STAND_IN} ecr {_STAND_IN}{behind}{_braced(edges)}")
    alike = found.sack is None if not blocks else found.sack == ((int(_EDGE), int(_EDGE)),) * blocks
    return found if alike and found.ts == (_STAND_IN, _STAND_IN) else None


def _read(text: str, *, strict: bool = False) -> Options:
    """Return the options that `text` names, one after the other; `strict`: but those of a wrong length."""
    values: dict[str, object] = {}
    position = 0
    match = _option("COMMON_OPTION").match
    while position < len(text):
        found = match(text, position)
        fields: tuple[str, ...] = _patterns.COMMON_OPTION_FIELDS
        if found is None or text[found.end() : found.end() + 1] not in _BEHIND:
            found, fields = _option("OPTION").match(text, position), _patterns.OPTION_FIELDS
        if found is None:
            values.setdefault("bad", text[position:].lstrip(" "))
            break
        if found.lastgroup is not None and not (strict and MALFORMED in found[0]):  # nop and eol say nothing
            _note(values, found, fields)
        position = found.end()
        if text[position : position + 1] == ",":
            position += 1
    for field in _LISTS & values.keys():
        values[field] = tuple(values[field])  # type: ignore[arg-type]
    return Options(**values)  # type: ignore[arg-type]


def _note(values: dict[str, object], found: re.Match[str], fields: tuple[str, ...]) -> None:
    """Add what one option says to `values`, keyed by the fields of `Options`; `fields` are the rules of its groups."""
    alone = found.lastgroup
    if alone in _ALONE:
        field, read = _READERS[alone]
        values.setdefault(field, read(found[alone], {}))
        return
    printed = {rule: text for rule, text in zip(fields, found.groups(), strict=True) if text is not None}
    for rule, text in printed.items():
        if rule in _READERS:
            field, read = _READERS[rule]
            if field in _LISTS:
                values.setdefault(field, []).append(read(text, printed))  # type: ignore[attr-defined]
            else:
                values.setdefault(field, read(text, printed))


def _blocks(text: str, _: Mapping[str, str]) -> tuple[tuple[int, int], ...]:
    return tuple((int(left), int(right)) for left, right in _sack_block().findall(text))


def _cookie(text: str, _: Mapping[str, str]) -> str | None:
    """Return what a Fast Open option says, None of one that tcpdump calls invalid: it asks for no cookie and has none."""
    return text.removeprefix("cookie ") if text.startswith("cookie") else None


def _unknown(text: str, printed: Mapping[str, str]) -> tuple[int, str]:
    return int(text), printed.get("unknown_data", "")


# What each captured rule of the grammar gives: the field of `Options`, and its value.
_READERS: Final[Mapping[str, tuple[str, Callable[[str, Mapping[str, str]], object]]]] = {
    **{name: (name, lambda text, _: int(text)) for name in ("mss", "wscale", "echo", "echo_reply")},
    **{name: (name, lambda text, _: int(text)) for name in ("cc", "cc_new", "cc_echo")},
    **{name: (name, lambda text, _: text) for name in ("md5", "tcp_ao", "uto", "scps", "exp", "bad")},
    "sack_ok": ("sack_ok", lambda _, __: True),
    "sack": ("sack", _blocks),
    "ts_val": ("ts", lambda text, printed: (int(text), int(printed["ts_ecr"]))),
    "tfo": ("tfo", _cookie),
    "exp_tfo": ("tfo", _cookie),
    "mptcp": ("mptcp", lambda text, _: text.removeprefix("mptcp ")),
    "unknown_kind": ("unknown", _unknown),
    "joined_kind": ("unknown", _unknown),
}
_ALONE: Final = frozenset({"mss", "wscale", "sack_ok", "sack"})  # rules of which nothing else is captured
_LISTS: Final = frozenset({"mptcp", "unknown"})
