"""The grammar run by Lark itself: the reference, and the place where a line stops being a record."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from lark import Lark
from lark.exceptions import UnexpectedCharacters, UnexpectedToken
from lark.lexer import ContextualLexer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from lark.common import LexerConf


class Failure(NamedTuple):
    """Where reading stopped, and what could have stood there."""

    column: int  # from 1, of the text that was parsed (line breaks count as one character)
    expected: tuple[str, ...]  # terminal names of the grammar, sorted


class _TrustingLexer(ContextualLexer):
    """Lark's contextual lexer without the comparison of all terminals, which belongs to the tests."""

    def __init__(
        self, conf: LexerConf, states: dict[int, Collection[str]], always_accept: Collection[str] = ()
    ) -> None:
        conf.skip_validation = True
        super().__init__(conf, states, always_accept)


def grammar_source() -> str:
    """Return the grammar: the copy shipped in the wheel, else the checkout's."""
    shipped = files("tdparse") / "_grammar" / "tcpdump.lark"
    if shipped.is_file():
        return shipped.read_text("utf-8")
    return (Path(__file__).parents[1] / "grammar" / "tcpdump.lark").read_text("utf-8")


def rule_names() -> Iterator[str]:
    """Yield the names of the grammar's rules in reading order."""
    for match in re.finditer(r"^([a-z_]\w*)\s*:", grammar_source(), re.MULTILINE):
        yield match[1]


def build(*start: str, strict: bool = False) -> Lark:
    """
    Return Lark's LALR parser for the rules named `start`.

    Raises:
        lark.exceptions.GrammarError: A conflict, or with `strict` two terminals that compete.
    """
    return Lark(
        grammar_source(),
        parser="lalr",
        lexer="contextual",
        start=list(start),
        strict=strict,
        propagate_positions=True,
        maybe_placeholders=False,
        keep_all_tokens=False,
        g_regex_flags=re.ASCII,
        _plugins={} if strict else {"ContextualLexer": _TrustingLexer},
    )


@cache
def record_parser() -> Lark:
    """Return the parser of records, built once."""
    return build("record")


def failure(text: str) -> Failure | None:
    """Return where `text` stops being a record; None when it is one."""
    try:
        record_parser().parse(text)
    except UnexpectedCharacters as error:
        return Failure(cast("int", error.pos_in_stream) + 1, tuple(sorted(error.allowed)))
    except UnexpectedToken as error:
        at_end = error.token.type == "$END"
        return Failure(len(text) + 1 if at_end else cast("int", error.pos_in_stream) + 1, tuple(sorted(error.accepts)))
    return None
