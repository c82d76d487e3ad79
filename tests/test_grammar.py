"""The grammar is unambiguous, and every rule of it carries examples that it accepts."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import pytest

from tdparse import derive, lalr
from tdparse.mending import is_promising
from tdparse.model import Skipped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lark import Lark, Token

EXAMPLE = re.compile(r"^//> (.*)$")
RULE = re.compile(r"^([a-z_]\w*)\s*:")


def examples() -> list[tuple[str, str]]:
    """Return (rule, example) for each //> line of the grammar."""
    found, waiting = [], []
    for line in lalr.grammar_source().splitlines():
        if example := EXAMPLE.match(line):
            waiting.append(example[1].replace("\\n", "\n").replace("\\t", "\t").replace("␠", " "))
        elif rule := RULE.match(line):
            found += [(rule[1], text) for text in waiting]
            waiting = []
    return found


@cache
def every_rule() -> Lark:
    """Return a parser that can start at each rule, built once."""
    return lalr.build(*lalr.rule_names())


def tokens(rule: str, own: str, context: str) -> Iterator[Token]:
    """
    Yield the tokens of `own`, which `rule` must describe; `context` follows it in the text.

    Raises:
        lark.UnexpectedInput: The rule does not describe it.
    """
    reading = every_rule().parse_interactive(own + context, start=rule)
    for token in reading.lexer_thread.lex(reading.parser_state):  # type: ignore[no-untyped-call]
        yield token
        reading.feed_token(token)
        if (token.start_pos or 0) + len(token) == len(own):
            break
    reading.feed_eof()  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(("rule", "text"), examples())
def test_each_example_is_accepted_by_its_rule(rule: str, text: str) -> None:
    """An example stands above the rule that describes it; Lark and the derived pattern both accept it."""
    own, _, context = text.partition("¦")
    assert "".join(tokens(rule, own, context)) == own
    pattern = re.compile(derive.Deriver(every_rule(), ()).pattern(rule), re.ASCII)
    found = pattern.match(own + context) if context else pattern.fullmatch(own)
    assert found is not None
    assert found.end() == len(own)


@pytest.mark.parametrize(
    "text", [text for rule, text in examples() if rule in {"record", "unfinished", "foreign", "packet"}]
)
def test_what_is_or_begins_a_record_is_looked_at_behind_a_mark(text: str) -> None:
    """What is left alone because nothing in it can be a record is none of the grammar's records (`tdparse.mending`)."""
    assert is_promising(Skipped(1, "remark", f"1. {text.partition('¦')[0]}"))


def test_each_rule_has_an_example() -> None:
    """A rule without an example is not explained."""
    assert set(lalr.rule_names()) - {rule for rule, _ in examples()} == set()


def test_no_two_rules_or_terminals_compete() -> None:
    """Lark's strict mode finds no conflict and no collision of terminals."""
    lalr.build("record", "unfinished", "endpoint", "option", "ip_text", "counters", strict=True)


def test_every_terminal_has_a_name_of_its_own() -> None:
    """Names are what a user sees when a line cannot be read; Lark's own names would show up there."""
    assert [terminal.name for terminal in every_rule().terminals if terminal.name.startswith("__")] == []
