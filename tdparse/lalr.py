"""The grammar run by Lark itself: the reference, from which all that reads lines is derived (`tdparse.derive`)."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from lark import Lark
from lark.lexer import ContextualLexer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from lark.common import LexerConf


class _ComparedLexer(ContextualLexer):
    """Lark's contextual lexer for terminals that the tests have compared: it does not do so again."""

    def __init__(
        self, conf: LexerConf, states: dict[int, Collection[str]], always_accept: Collection[str] = ()
    ) -> None:
        """Take what Lark's own lexer takes."""
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
        maybe_placeholders=False,
        keep_all_tokens=False,
        g_regex_flags=re.ASCII,
        _plugins={} if strict else {"ContextualLexer": _ComparedLexer},
    )
