"""
Patterns of `re`, derived from the grammar: the same language, more than thirty times faster.

The language of one line is regular, so each rule of the grammar can be written as one pattern. Rules
become alternations, the helper recursion that Lark makes of ``*`` and ``+`` becomes a loop (Arden's
lemma), alternatives that differ by one missing part are folded back into an optional part. Any other
recursion is refused. A rule named in `fields` becomes a named group; what lies inside it is not captured.

``python -m tdparse.derive`` writes the module `tdparse._patterns`, and `tdparse._tables` of what Lark's parser does.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from lark.lexer import PatternStr
from lark.parsers.lalr_analysis import Shift

from tdparse import lalr

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lark import Lark
    from lark.grammar import Symbol

Sequence_: TypeAlias = "tuple[Symbol, ...]"


class Plan(NamedTuple):
    """
    One pattern to derive: a rule, the fields it captures, what its sublanguage leaves out.

    One for `text` matches each line of a text that ends with a newline: its first group is the whole line if the
    rule describes it, its last group any other line. Terminals in `decided` look ahead to no more than what the rule
    wants behind them anyway. What those in `checked` must not look like is not looked at: whoever reads what they are
    part of holds each text of it, once, against a pattern that does. Optional parts that begin with what is `sparing`
    are tried when it does not go on without them: most texts have none.
    """

    rule: str
    fields: tuple[str, ...]
    drop: tuple[str, ...] = ()
    decided: tuple[str, ...] = ()
    checked: tuple[str, ...] = ()
    sparing: tuple[str, ...] = ()
    text: bool = False


RUN: Final = re.compile(r"(?:\\d|\[(?:\\.|[^\]\\])+\])(?:\+|\{\d+,\d+\})")  # one class of characters, repeated
REPEATED: Final = re.compile(r"[*+?}]")
ENDING_RUN: Final = re.compile(r"\\d(\+|\{\d+,\d+\})(?=$|\||\(\?!)")  # behind it an alternative of the terminal ends
DIGIT: Final = r"\d"
DIGITS: Final = "[0-9]"  # the same; `re` goes through a run of them in two thirds of the time
NEGATED: Final = re.compile(r"\[\^(?!\])(?:\\n|\n)?")  # the beginning of a class of all other characters
STAYS: Final = r"[^\\n"  # in the line


class RecursiveRuleError(ValueError):
    """The grammar nests where only repetition is allowed."""


class Deriver:
    """Write rules of one loaded grammar as patterns."""

    def __init__(
        self,
        lark: Lark,
        fields: Iterable[str],
        drop: Iterable[str] = (),
        decided: Iterable[str] = (),
        checked: Iterable[str] = (),
        sparing: Iterable[str] = (),
    ) -> None:
        """Prepare for `lark`; rules and terminals in `drop` are taken as matching nothing; for the rest see `Plan`."""
        self._fields = frozenset(fields)
        self._decided = frozenset(decided)
        self._checked = frozenset(checked)
        self._sparing = frozenset(sparing)
        self._terminals = {terminal.name: terminal.pattern for terminal in lark.terminals}
        self._rules: dict[str, list[Sequence_]] = defaultdict(list)
        for rule in lark.rules:
            self._rules[rule.origin.name].append(tuple(rule.expansion))
        self._prune(frozenset(drop))
        self._capturing = True
        self._open: list[str] = []
        self._needs: dict[str, frozenset[str] | None] = {}
        self._groups: dict[str, int] = defaultdict(int)

    def pattern(self, rule: str) -> str:
        """Return the pattern of `rule`."""
        return self._rule(rule)

    def needed(self, rule: str) -> frozenset[str]:
        """Return the fixed texts of which every text of a rule has each somewhere."""
        return self._needed(rule) or frozenset()

    def _needed(self, name: str) -> frozenset[str] | None:
        """Do the same for a symbol; None for a rule that is open already: it needs no other texts than it does."""
        if name in self._terminals:
            pattern = self._terminals[name]
            return frozenset({pattern.value}) if isinstance(pattern, PatternStr) else frozenset()
        if name in self._open:
            return None
        if name in self._needs:
            return self._needs[name]
        self._open.append(name)
        of_all: frozenset[str] | None = None
        for sequence in self._rules[name]:
            found = [self._needed(symbol.name) for symbol in sequence]
            if None not in found:
                of_one = frozenset[str]().union(*(one for one in found if one is not None))
                of_all = of_one if of_all is None else of_all & of_one
        self._open.pop()
        self._needs[name] = of_all
        return of_all

    def _prune(self, dead: frozenset[str]) -> None:
        """Leave out what needs a dead symbol, until nothing more dies."""
        while True:
            for name, expansions in self._rules.items():
                self._rules[name] = [
                    sequence for sequence in expansions if not any(symbol.name in dead for symbol in sequence)
                ]
            empty = {name for name, expansions in self._rules.items() if not expansions}
            if empty <= dead:
                return
            dead |= empty

    def _symbol(self, symbol: Symbol) -> str:
        return self._terminal(symbol.name) if symbol.is_term else self._rule(symbol.name)

    def _terminal(self, name: str) -> str:
        """Return the pattern of a terminal; like the lexer, it never gives characters back."""
        pattern = self._terminals[name]
        if isinstance(pattern, PatternStr):
            return _escape(pattern.value)
        value = str(pattern.value)
        if name in self._checked and value.startswith("(?!"):
            value = value[_closes_at(value, 0) + 1 :]
        if name in self._decided:
            return _without_look_ahead(value)
        if RUN.fullmatch(value):
            return f"{DIGITS}{value[len(DIGIT) :]}+" if value.startswith(DIGIT) else f"{value}+"
        return f"(?>{value})" if REPEATED.search(value) else value

    def _rule(self, name: str) -> str:
        if name in self._open:
            message = f"{name} nests: {' > '.join(self._open)}"
            raise RecursiveRuleError(message)
        self._open.append(name)
        if self._capturing and name in self._fields:
            self._groups[name] += 1
            group = name if self._groups[name] == 1 else f"{name}_{self._groups[name]}"
            self._capturing = False
            written = f"(?P<{group}>{_unwrap(self._repeated(name))})"
            self._capturing = True
        else:
            written = self._repeated(name)
        self._open.pop()
        return written

    def _repeated(self, name: str) -> str:
        """Return the pattern of a rule that may be ``R: base | R more``."""
        base: list[Sequence_] = []
        more: list[Sequence_] = []
        for expansion in self._rules[name]:
            if expansion and expansion[0].name == name:
                more.append(expansion[1:])
            else:
                base.append(expansion)
        first = self._fold(base)
        if not more:
            return first
        again = self._fold(more)
        written = f"{_group(again)}+" if first == again else f"{_concatenable(first)}{_group(again)}*"
        return f"{written}+" if self._is_list(more) else written

    def _is_list(self, more: Sequence[Sequence_]) -> bool:
        """Return whether what is repeated begins with a separator: such a loop never gives a round back."""
        return all(
            sequence[0].is_term and isinstance(self._terminals[sequence[0].name], PatternStr) for sequence in more
        )

    def _fold(self, sequences: Sequence[Sequence_]) -> str:
        """Return one pattern for alternatives, common beginnings written once."""
        choices: list[str] = []
        rest = [sequence for sequence in dict.fromkeys(sequences) if sequence]
        optional = len(rest) < len(set(sequences))  # tried last: repetition and choice are greedy, like the lexer
        while rest:
            part, is_optional = _split_off(rest, optional=optional)
            tails = [sequence[len(part) :] for sequence in rest if sequence[: len(part)] == part]
            others = [sequence for sequence in rest if sequence[: len(part)] != part]
            first = "".join(_concatenable(self._symbol(symbol)) for symbol in part)
            then = self._fold(tails)
            if is_optional:
                choices.append(f"{self._maybe(part[0], first)}{_concatenable(then)}")
                rest = [sequence for sequence in others if sequence not in tails]
                optional = optional and (() not in tails or bool(rest) or len(choices) > 1)
            else:
                choices.append(f"{first}{_concatenable(then)}")
                rest = others
        if not choices:
            return ""
        written = choices[0] if len(choices) == 1 else f"(?:{'|'.join(choices)})"
        return _optional(written) if optional else written

    def _maybe(self, begins: Symbol, written: str) -> str:
        """Return an optional part, which begins with a symbol."""
        return f"(?:|{_unwrap(written)})" if begins.name in self._sparing else _optional(written)


def _split_off(sequences: Sequence[Sequence_], *, optional: bool) -> tuple[Sequence_, bool]:
    """
    Return the symbols to write next, and whether they are an optional part.

    They are one when each sequence that begins with them is there without them too; `optional` says that
    nothing at all is one of the sequences.
    """
    nothing: set[Sequence_] = {()} if optional else set()
    for head in dict.fromkeys(sequence[0] for sequence in sequences if sequence):
        with_head = [sequence for sequence in sequences if sequence[:1] == (head,)]
        for size in range(1, _common_beginning(with_head) + 1):
            part = with_head[0][:size]
            tails = {sequence[size:] for sequence in with_head}
            if tails != nothing and tails <= nothing.union(
                sequence for sequence in sequences if sequence[:size] != part
            ):
                return part, True
    return sequences[0][:1], False


def _common_beginning(sequences: Sequence[Sequence_]) -> int:
    """Return how many symbols all sequences begin with."""
    size = 0
    while all(len(sequence) > size and sequence[size] == sequences[0][size] for sequence in sequences):
        size += 1
    return size


def _escape(text: str) -> str:
    return re.sub(r"([\\.^$*+?{}\[\]|()])", r"\\\1", text)


def _without_look_ahead(terminal: str) -> str:
    """
    Return the pattern of a terminal without the look-ahead it ends with, which says where its last run stops.

    Before ``(?!`` that is where no more of the run follows, so a run at the end of an alternative gives nothing back;
    before ``(?=`` it may be sooner.
    """
    start = next(
        found.start()
        for found in re.finditer(r"\(\?[=!]", terminal)
        if _closes_at(terminal, found.start()) == len(terminal) - 1
    )
    stops = terminal[start + 2] == "!"
    return ENDING_RUN.sub(rf"{DIGITS}\1+", terminal[:start]) if stops else terminal[:start]


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
    """Return `text` or nothing, as a choice: `re` enters one at half the cost of what ``?`` repeats."""
    if text.endswith("+") and _is_unit(text[:-1]):
        return f"{text[:-1]}*"
    return f"(?:{_unwrap(text)}|)" if text else ""


def _unwrap(text: str) -> str:
    if text.startswith("(?:") and _closes_at(text, 0) == len(text) - 1:
        return text[3:-1]
    return text


def derive(plan: Plan, lark: Lark) -> tuple[str, tuple[str, ...]]:
    """Return the pattern of `plan` and the field of each of its groups, in order."""
    deriver = Deriver(lark, plan.fields, plan.drop, plan.decided, plan.checked, plan.sparing)
    written = deriver.pattern(plan.rule)
    if plan.text:
        written = rf"({NEGATED.sub(STAYS, written)})\n|([^\n]*)\n"
    groups = re.compile(written, re.ASCII).groupindex
    return written, tuple(re.sub(r"_\d+$", "", name) for name in sorted(groups, key=groups.__getitem__))


# ---------------------------------------------------------------- what is derived

TIMES: Final = ("clock", "epoch", "date", "us_date", "month_date", "delta", "old_delta")
AROUND: Final = ("number", *TIMES, "device", "direction", "outers", "link", "word", "ip_text", "src", "dst")
NUMBERS: Final = ("seq", "seq_last", "ack", "window", "urgent", "length")
PACKET_FIELDS: Final = (
    *(
        *AROUND,
        "flags",
        "no_flags",
        "correct",
        "incorrect",
        *NUMBERS,
        "options",
        "fault",
        "truncation",
        "payload",
        "glued",
        "adjoined",
        "suffix",
    ),
    *("old_flags", "old_ecn", "old_correct", "old_incorrect", "old_payload", "cut"),
    *("arp", "udp", "icmp", "fragment", "other_protocol"),
)
DOMINANT_FIELDS: Final = ("flags", "seq", "seq_last", "ack", "window", "options", "length", "payload")
# What few options are, or have.
ODD_OPTIONS: Final = (
    *("_md5", "_tcp_ao", "_uto", "_echo", "_echo_reply", "_cc", "_cc_new", "_cc_echo", "_scps", "_exp", "_unknown"),
    *("OPTION_LENGTH", "SACK_INVALID", "bad", "TIMESTAMP"),
)
# What a record of today does without, on Ethernet or of `-i any`, verbose or not.
SELDOM: Final = (
    *ODD_OPTIONS,
    *("lengths", "us_date", "month_date", "old_delta", "TIME_NOTE", "TIME_ERROR", "PKTAP", "ENC", "ARROW"),
    *("OLD_VLAN", "SWITCH_TAG", "MACSEC", "LLC", "DOT3", "PPP", "LOOPBACK", "RAW_IP", "HDLC", "FRAME_RELAY", "FDDI"),
    *("JUNIPER", "TOKEN_RING", "RADIO", "WIFI", "PFLOG", "IPOIB", "ARCNET", "NFLOG", "PKTAP_DLT", "SLIP"),
    *("OLD_ETHERNET", "OLD_SLL"),
    *("OLD_SNAP", "complaint", "LENGTH_NOTE", "IP_OPTIONS", "outer", "_tunnel", "_shim", "BAD_IP"),
    *("_urgency", "ACK_UNSET", "fault", "truncation", "suffix", "no_flags", "BRACES", "glued", "adjoined"),
)
# What the commonest shape of line does without, too; those of `-i any` show where they were captured.
RARE: Final = (*SELDOM, "number", "delta", "link", "_details", "_checksum", "NONE")
OPTION_FIELDS: Final = (
    *("mss", "wscale", "sack_ok", "sack", "ts_val", "ts_ecr", "tfo", "exp_tfo", "md5", "tcp_ao", "uto", "mptcp"),
    *(
        "echo",
        "echo_reply",
        "cc",
        "cc_new",
        "cc_echo",
        "scps",
        "exp",
        "unknown_kind",
        "joined_kind",
        "unknown_data",
        "bad",
    ),
)
IP_FIELDS: Final = ("tos", "ttl", "ip_id", "ip_flags", "ip_length")
ABRIDGED_FIELDS: Final = (*AROUND, "flags", "correct", "incorrect", *NUMBERS[:4], "options", "length")
WINDOWLESS_FIELDS: Final = (
    *TIMES,
    *("device", "direction", "word", "src", "dst", "old_flags", "old_ecn"),
    *("seq", "seq_last", "length", "ack", "options", "fault", "suffix"),
)
WINDOWLESS_LACKS: Final = tuple(name for name in RARE if name not in {"suffix", "delta", "TIMESTAMP"})
PLAIN_FIELDS: Final = ("blank", "counters", "banner", "prompt", "comment", "hexdump", "remark")
COUNTERS: Final = ("captured", "received", "dropped", "dropped_interface")
# Behind a time stands a space, behind the addresses what separates them, behind a number no digit.
DECIDED: Final = ("CLOCK", "DATE", "EPOCH", "ADDRESS", "SEQUENCE")
CHECKED: Final = ("ADDRESS",)  # what is captured as `sighted`, or `unlinked`, must also be described by SIGHTED
SPARING: Final = ("_device",)

# Behind the link-layer header that -e prints on Ethernet, with or without VLAN.
ETHERNET: Final = (
    *(name for name in RARE if name != "link"),
    "IFINDEX",
    "SLL_ADDRESS",
    "FRAME_LENGTH",
    "QUIET_ETHERTYPE",
    "word",
)
# What the next segment in order of an open connection does without, too.
UNUSUAL: Final = ("mss", "wscale", "sack_ok", "_sack", "tfo", "mptcp", "EOL")
NEXT_FIELDS: Final = ("flags", "seq", "seq_last", "ack", "window", "ts_val", "ts_ecr", "length", "payload")

# The common shapes: which time they print, and which they do not; what they are, the field that says whose they are,
# and what they do without.
SHAPES: Final = {
    "CLOCKED": ("clock", "epoch", "date"),
    "DATED": ("date", "epoch", "clock"),
    "EPOCHED": ("epoch", "date", "clock"),
}
FORMS: Final[Mapping[str, tuple[str, str, tuple[str, ...]]]] = {
    "": ("modern_record", "sighted", RARE),
    "LINKED_": ("linked_record", "unlinked", ETHERNET),
}

OTHER_TIMES: Final = ("us_date", "month_date", "delta", "old_delta", "TIME_NOTE", "TIME_ERROR")

PLANS: Final[Mapping[str, Plan]] = {
    **{
        f"NEXT_{form}{name}": Plan(
            rule, (time, whose, *NEXT_FIELDS), (*lacks, *UNUSUAL, *others), DECIDED, CHECKED, SPARING, text=True
        )
        for form, (rule, whose, lacks) in FORMS.items()
        for name, (time, *others) in SHAPES.items()
    },
    **{
        form + name: Plan(rule, (time, whose, *DOMINANT_FIELDS), (*lacks, *others), DECIDED, CHECKED, SPARING)
        for form, (rule, whose, lacks) in FORMS.items()
        for name, (time, *others) in SHAPES.items()
    },
    "TIMED": Plan("_time", tuple(time for time, *_ in SHAPES.values()), OTHER_TIMES),
    "SIGHTED": Plan("sighted", ("device", "direction", "word", "src", "dst"), RARE),
    "COMMON": Plan("modern_record", PACKET_FIELDS, SELDOM),
    "PACKET": Plan("packet", PACKET_FIELDS),
    "ABRIDGED": Plan("abridged", ABRIDGED_FIELDS),
    "WINDOWLESS": Plan("windowless", WINDOWLESS_FIELDS, WINDOWLESS_LACKS),
    "COMMON_UNFINISHED": Plan("unfinished", TIMES, SELDOM),
    "UNFINISHED": Plan("unfinished", TIMES),
    "OUTER": Plan("outer", ("src", "dst", "extension")),
    "IP_TEXT": Plan("ip_text", IP_FIELDS),
    "SUFFIX_TEXT": Plan("suffix_text", IP_FIELDS),
    "ICMP_ERROR": Plan("icmp_error", ("quoted_host", "quoted_protocol", "quoted_port", "mtu")),
    "ENDPOINT": Plan("endpoint", ("host", "port")),
    "COMMON_OPTION": Plan("option", OPTION_FIELDS, (*ODD_OPTIONS, "mptcp")),
    "OPTION": Plan("option", OPTION_FIELDS),
    "SACK_BLOCK": Plan("sack_block", ("left", "right")),
    "PLAIN": Plan("plain", PLAIN_FIELDS),
    "COUNTERS": Plan("counters", COUNTERS),
    "CONTINUATION": Plan("continuation", ()),
    "ASCII_DUMP": Plan("ascii_dump", ()),
    "SUSPECT": Plan("suspect", ()),
}


def module_text() -> str:
    """
    Return the source of `tdparse._patterns`: every pattern of `PLANS` and the fields of its groups.

    `NEEDED` has for some of them the longest text without which nothing can match.
    """
    loaded = lalr.build(*dict.fromkeys(plan.rule for plan in PLANS.values()))
    lines = _head("Patterns derived from grammar/tcpdump.lark by tdparse.derive: do not edit.")
    for name, plan in PLANS.items():
        pattern, fields = derive(plan, loaded)
        lines += [f"{name}: Final = (", *(f"    {piece!r}" for piece in _pieces(pattern)), ")"]
        if fields:
            lines.append(f"{name}_FIELDS: Final = {fields!r}")
    texts = {name: _longest(plan, loaded) for name, plan in PLANS.items() if not plan.text}
    needed = {name: text for name, text in texts.items() if text}
    lines.append(f"NEEDED: Final = {needed!r}")
    return "\n".join(lines) + "\n"


def _longest(plan: Plan, lark: Lark) -> str:
    """Return the longest text that whatever `plan` describes needs, "" if there is none."""
    texts = Deriver(lark, plan.fields, plan.drop).needed(plan.rule)
    return max(sorted(texts), key=len, default="")


class _Numbers(dict[Any, int]):
    """Numbers for things, from 0, in the order in which they are first asked for."""

    def __init__(self) -> None:
        self.known: list[Any] = []

    def __missing__(self, thing: object) -> int:
        self[thing] = number = len(self.known)
        self.known.append(thing)
        return number


def tables_text() -> str:
    """
    Return the source of `tdparse._tables`: what Lark's parser of records does, and how its lexer tells terminals apart.

    Lark numbers its states as they come; here they are numbered by the way to them, so that the text is always the same.
    """
    inner: Any = lalr.build("record").parser  # Lark does not say of which type
    table, lexers = inner.parser.parser.parse_table, inner.lexer.lexers
    (start,), (end,) = table.start_states.values(), table.end_states.values()
    numbers, rules, wanted = _Numbers(), _Numbers(), _Numbers()
    patterns: dict[str, str] = {}
    states = []
    beginning = numbers[start]
    for state in numbers.known:  # which grows meanwhile
        actions, behind = {}, {}
        for symbol, (action, what) in sorted(table.states[state].items()):
            if action is not Shift:
                actions[str(symbol)] = ~rules[str(what.origin.name), len(what.expansion)]
            elif symbol.isupper():
                actions[str(symbol)] = numbers[what]
            else:
                behind[str(symbol)] = numbers[what]
        terminals = lexers[state].terminals if state in lexers else ()
        if terminals and lexers[state].scanner and lexers[state].callback:
            raise ValueError(f"Lark tells {[*lexers[state].callback]} from other terminals by their texts")
        patterns |= {terminal.name: terminal.pattern.to_regexp() for terminal in terminals}
        states.append((wanted[tuple(terminal.name for terminal in terminals)], actions, behind))
    return "\n".join(
        [
            *_head("What Lark's parser does with records, from grammar/tcpdump.lark by tdparse.derive: do not edit."),
            "# The states at the beginning of a record and behind it; the pattern of each terminal.",
            f"BEGINNING: Final = {beginning}",
            f"END: Final = {numbers[end]}",
            *_listed(
                "TERMINALS: Final", "{}", (f"{name!r}: {pattern!r}" for name, pattern in sorted(patterns.items()))
            ),
            "# The terminals that are looked for in some state, in that order.",
            *_listed("WANTED: Final", "()", map(repr, wanted.known)),
            "# Rules: which, and of how many symbols.",
            *_listed("RULES: Final", "()", map(repr, rules.known)),
            "# States: which are WANTED; by terminal the next state, or ~ the number of the rule that ends before it; by rule the",
            "# state behind it.",
            *_listed("STATES: Final[tuple[tuple[int, dict[str, int], dict[str, int]], ...]]", "()", map(repr, states)),
            "",
        ]
    )


def _listed(declared: str, brackets: str, items: Iterable[str]) -> list[str]:
    """Return the lines that declare several items."""
    return [f"{declared} = {brackets[0]}", *(f"    {item}," for item in items), brackets[1]]


def _head(docstring: str) -> list[str]:
    """Return the first lines of a module that is written here."""
    return [
        f'"""{docstring}"""',
        "",
        "# ruff: noqa",
        "# fmt: off",
        "",
        "from __future__ import annotations",
        "",
        "from typing import Final",
        "",
    ]


def _pieces(text: str, width: int = 100) -> Iterable[str]:
    for start in range(0, len(text), width):
        yield text[start : start + width]


def main() -> None:
    """Write the modules beside this one."""
    for name, text in {"_patterns.py": module_text, "_tables.py": tables_text}.items():
        Path(__file__).with_name(name).write_text(text(), "utf-8")
        sys.stdout.write(f"tdparse/{name} written\n")


if __name__ == "__main__":
    main()
