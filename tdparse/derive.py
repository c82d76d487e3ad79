"""
Patterns of `re`, derived from the grammar: the same language, fifty times faster.

The language of one line is regular, so each rule of the grammar can be written as one pattern. Rules
become alternations, the helper recursion that Lark makes of ``*`` and ``+`` becomes a loop (Arden's
lemma), alternatives that differ by one missing part are folded back into an optional part. Any other
recursion is refused. A rule named in `fields` becomes a named group; what lies inside it is not captured.

``python -m tdparse.derive`` writes the module `tdparse._patterns`.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from lark.lexer import PatternStr

from tdparse import lalr

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lark import Lark
    from lark.grammar import Symbol

Sequence_: TypeAlias = "tuple[Symbol, ...]"


class Plan(NamedTuple):
    """One pattern to derive: a rule, the fields it captures, what its sublanguage leaves out."""

    rule: str
    fields: tuple[str, ...]
    drop: tuple[str, ...] = ()


class RecursiveRuleError(ValueError):
    """The grammar nests where only repetition is allowed."""


class Deriver:
    """Write rules of one loaded grammar as patterns."""

    def __init__(self, lark: Lark, fields: Iterable[str], drop: Iterable[str] = ()) -> None:
        """Prepare for `lark`; rules and terminals in `drop` are taken as matching nothing."""
        self._fields = frozenset(fields)
        self._drop = frozenset(drop)
        self._terminals = {terminal.name: terminal.pattern for terminal in lark.terminals}
        self._rules: dict[str, list[Sequence_]] = defaultdict(list)
        for rule in lark.rules:
            self._rules[rule.origin.name].append(tuple(rule.expansion))
        self._capturing = True
        self._open: list[str] = []
        self._groups: dict[str, int] = defaultdict(int)

    def pattern(self, rule: str) -> str:
        """Return the pattern of `rule`."""
        written = self._rule(rule)
        if written is None:
            message = f"nothing is left of {rule}"
            raise ValueError(message)
        return written

    def _symbol(self, symbol: Symbol) -> str | None:
        """Return the pattern of a symbol, None when it was dropped."""
        if symbol.name in self._drop:
            return None
        return self._terminal(symbol.name) if symbol.is_term else self._rule(symbol.name)

    def _terminal(self, name: str) -> str:
        pattern = self._terminals[name]
        if isinstance(pattern, PatternStr):
            return _escape(pattern.value)
        return str(pattern.value)

    def _rule(self, name: str) -> str | None:
        if name in self._open:
            message = f"{name} nests: {' > '.join(self._open)}"
            raise RecursiveRuleError(message)
        self._open.append(name)
        captured = self._capturing and name in self._fields
        if captured:
            self._groups[name] += 1
            group = name if self._groups[name] == 1 else f"{name}_{self._groups[name]}"
            self._capturing = False
        written = self._repeated(name)
        if captured:
            self._capturing = True
            if written is None:
                self._groups[name] -= 1
            else:
                written = f"(?P<{group}>{_unwrap(written)})"
        self._open.pop()
        return written

    def _repeated(self, name: str) -> str | None:
        """Return the pattern of a rule that may be ``R: base | R more``."""
        base: list[Sequence_] = []
        more: list[Sequence_] = []
        for expansion in self._rules[name]:
            if expansion and expansion[0].name == name:
                more.append(expansion[1:])
            else:
                base.append(expansion)
        first = self._fold(base)
        if first is None or not more:
            return first
        again = self._fold(more)
        if again is None:
            return first
        return f"{_group(again)}+" if first == again else f"{_concatenable(first)}{_group(again)}*"

    def _fold(self, sequences: Sequence[Sequence_]) -> str | None:
        """Return one pattern for alternatives, common beginnings written once."""
        choices: list[str] = []
        optional = False
        rest = list(dict.fromkeys(sequences))
        while rest:
            if not rest[0]:
                optional = True
                rest = rest[1:]
                continue
            head, is_optional = _split_off(rest)
            tails = [sequence[1:] for sequence in rest if sequence[:1] == (head,)]
            others = [sequence for sequence in rest if sequence[:1] != (head,)]
            if is_optional:
                first = self._symbol(head)
                then = self._fold(tails)
                if then is not None:
                    choices.append(then if first is None else f"{_optional(first)}{_concatenable(then)}")
                rest = [sequence for sequence in others if sequence not in tails]
                continue
            first = self._symbol(head)
            if first is not None:
                then = self._fold(tails)
                if then is not None:
                    choices.append(f"{_concatenable(first)}{_concatenable(then)}")
            rest = others
        if not choices:
            return "" if optional else None
        written = choices[0] if len(choices) == 1 else f"(?:{'|'.join(choices)})"
        return _optional(written) if optional else written


def _split_off(sequences: Sequence[Sequence_]) -> tuple[Symbol, bool]:
    """
    Return the symbol to write next, and whether it is an optional part.

    It is one when each sequence that begins with it is there without it too.
    """
    for head in dict.fromkeys(sequence[0] for sequence in sequences if sequence):
        tails = {sequence[1:] for sequence in sequences if sequence[:1] == (head,)}
        if tails <= {sequence for sequence in sequences if sequence[:1] != (head,)}:
            return head, True
    return sequences[0][0], False


def _escape(text: str) -> str:
    return re.sub(r"([\\.^$*+?{}\[\]|()])", r"\\\1", text)


def _closes_at(text: str, start: int) -> int:
    """Return the index of the bracket that closes the group opened at `start`."""
    depth, index, in_class = 0, start, False
    while index < len(text):
        char = text[index]
        if char == "\\":
            index += 1
        elif in_class:
            in_class = char != "]" or text[index - 1] == "[" or text[index - 2 : index] == "[^"
        elif char == "[":
            in_class = True
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if depth == 0:
                return index
        index += 1
    return -1


def _has_choice(text: str) -> bool:
    """Return whether `text` has a ``|`` outside all groups."""
    depth, index, in_class = 0, 0, False
    while index < len(text):
        char = text[index]
        if char == "\\":
            index += 1
        elif in_class:
            in_class = char != "]" or text[index - 1] == "[" or text[index - 2 : index] == "[^"
        elif char == "[":
            in_class = True
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
        elif char == "|" and depth == 0:
            return True
        index += 1
    return False


def _is_unit(text: str) -> bool:
    """Return whether a quantifier behind `text` applies to all of it."""
    if len(text) == 1 or (len(text) == 2 and text[0] == "\\"):  # noqa: PLR2004
        return True
    if text.startswith("("):
        return _closes_at(text, 0) == len(text) - 1
    if text.startswith("["):
        return re.fullmatch(r"\[\^?\]?(?:\\.|[^\]\\])*\]", text) is not None
    return False


def _group(text: str) -> str:
    return text if _is_unit(text) and not _has_choice(text) else f"(?:{text})"


def _concatenable(text: str) -> str:
    return f"(?:{text})" if _has_choice(text) else text


def _optional(text: str) -> str:
    if text.endswith("+") and _is_unit(text[:-1]):
        return f"{text[:-1]}*"
    return f"{_group(text)}?" if text else ""


def _unwrap(text: str) -> str:
    if text.startswith("(?:") and _closes_at(text, 0) == len(text) - 1:
        return text[3:-1]
    return text


def derive(plan: Plan, lark: Lark) -> tuple[str, tuple[str, ...]]:
    """Return the pattern of `plan` and the field of each of its groups, in order."""
    deriver = Deriver(lark, plan.fields, plan.drop)
    written = deriver.pattern(plan.rule)
    groups = re.compile(written, re.ASCII).groupindex
    return written, tuple(re.sub(r"_\d+$", "", name) for name in sorted(groups, key=groups.__getitem__))


# ---------------------------------------------------------------- what is derived

RECORD_FIELDS: Final = (
    *("number", "clock", "epoch", "date", "delta", "device", "direction", "word", "src", "dst"),
    *("flags", "correct", "incorrect", "seq", "seq_last", "ack", "window", "urgent"),
    *("options", "faulty_options", "truncation", "length", "payload", "cut"),
)
DOMINANT_FIELDS: Final = ("clock", "epoch", "date", "word", "src", "dst", "flags", "seq", "seq_last", "ack", "window")
DOMINANT_FIELDS_END: Final = ("options", "length", "payload")
OPTION_FIELDS: Final = (
    *("mss", "wscale", "sack_ok", "sack", "ts_val", "ts_ecr", "tfo", "md5", "tcp_ao", "uto", "mptcp"),
    *("echo", "echo_reply", "cc", "cc_new", "cc_echo", "scps", "exp", "unknown_kind", "unknown_data", "bad"),
)
RARE: Final = (
    "number",
    "lengths",
    "delta",
    "_device",
    "_checksum",
    "_urgency",
    "ACK_UNSET",
    "faulty_options",
    "truncation",
)
KINDS: Final = (
    *("blank", "counters", "banner", "prompt", "comment", "hexdump", "continuation"),
    *("arp", "udp", "icmp", "fragment", "suspect", "other_protocol"),
)
COUNTERS: Final = ("captured", "received", "dropped", "dropped_interface")

PLANS: Final[Mapping[str, Plan]] = {
    "CLOCKED": Plan("modern_record", (*DOMINANT_FIELDS, *DOMINANT_FIELDS_END), (*RARE, "epoch", "date")),
    "DATED": Plan("modern_record", (*DOMINANT_FIELDS, *DOMINANT_FIELDS_END), (*RARE, "epoch", "clock")),
    "MODERN": Plan("modern_record", RECORD_FIELDS),
    "QUIET": Plan("quiet_record", RECORD_FIELDS),
    "CUT": Plan("cut_record", RECORD_FIELDS),
    "ENDPOINT": Plan("endpoint", ("host", "port")),
    "OPTION": Plan("option", OPTION_FIELDS),
    "SACK_BLOCK": Plan("sack_block", ("left", "right")),
    **{f"KIND_{kind.upper()}": Plan(kind, COUNTERS if kind == "counters" else ()) for kind in KINDS},
}


def module_text() -> str:
    """Return the source of `tdparse._patterns`: every pattern of `PLANS` and the fields of its groups."""
    lark = lalr.build(*dict.fromkeys(plan.rule for plan in PLANS.values()))
    lines = [
        '"""Patterns derived from grammar/tcpdump.lark by tdparse.derive: do not edit."""',
        "",
        "# ruff: noqa",
        "# fmt: off",
        "",
        "from __future__ import annotations",
        "",
        "from typing import Final",
        "",
    ]
    for name, plan in PLANS.items():
        pattern, fields = derive(plan, lark)
        lines += [f"{name}: Final = (", *(f"    {piece!r}" for piece in _pieces(pattern)), ")"]
        if fields:
            lines.append(f"{name}_FIELDS: Final = {fields!r}")
    lines.append(f"KINDS: Final = {KINDS!r}")
    return "\n".join(lines) + "\n"


def _pieces(text: str, width: int = 100) -> Iterable[str]:
    for start in range(0, len(text), width):
        yield text[start : start + width]


def main() -> None:
    """Write the module beside this one."""
    Path(__file__).with_name("_patterns.py").write_text(module_text(), "utf-8")
    sys.stdout.write("tdparse/_patterns.py written\n")


if __name__ == "__main__":
    main()
