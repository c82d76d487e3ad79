"""The grammar run by Lark itself: the reference, and the place where a line stops being a record."""

from __future__ import annotations

import re
import zlib
from base64 import b64decode
from functools import cache
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

import lark
from lark import Lark, Token
from lark.exceptions import UnexpectedCharacters, UnexpectedToken
from lark.lexer import ContextualLexer
from lark.parsers.lalr_analysis import Shift

from tdparse import _tables

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from lark.common import LexerConf
    from lark.lexer import LexerState
    from lark.parsers.lalr_parser_state import ParserState


NOTHING: Final = re.compile("(?!)")  # what may follow a record


class Failure(NamedTuple):
    """Where reading stopped, and what could have stood there."""

    column: int  # from 1, of the text that was parsed (line breaks count as one character)
    expected: tuple[str, ...]  # terminal names of the grammar, sorted


class _Scan(NamedTuple):
    """How the next terminal is found."""

    match: Callable[[str, int], re.Match[str] | None]
    callbacks: Mapping[str, Callable[[Token], Token]]  # Lark's, for terminals that another one's pattern describes too


class _QuickLexer(ContextualLexer):
    """
    Lark's contextual lexer for short texts whose terminals the tests have compared.

    It neither compares the terminals again nor counts lines and columns while all goes well.
    """

    def __init__(
        self, conf: LexerConf, states: dict[int, Collection[str]], always_accept: Collection[str] = ()
    ) -> None:
        """Take what Lark's own lexer takes."""
        conf.skip_validation = True
        super().__init__(conf, states, always_accept)
        self._scans: dict[int, _Scan] = {}

    def lex(self, lexer_state: LexerState, parser_state: ParserState[object]) -> Iterator[Token]:
        """Yield the tokens; where none matches, let Lark's own lexer say so."""
        counter, text, stack = lexer_state.line_ctr, str(lexer_state.text.text), parser_state.state_stack
        position, end = counter.char_pos, lexer_state.text.end
        scans, new = self._scans, str.__new__
        while position < end:
            state = cast("int", stack[-1])
            match, callbacks = scans.get(state) or self._scan(state)
            found = match(text, position)
            if found is None:
                break
            value, name = found[0], str(found.lastgroup)
            token = new(Token, value)
            token.type, token.value, token.start_pos = name, value, position
            token.line = token.column = token.end_line = token.end_column = token.end_pos = None
            counter.char_pos = position = found.end()
            yield callbacks[name](token) if name in callbacks else token
        yield from super().lex(lexer_state, parser_state)

    def _scan(self, state: int) -> _Scan:
        """Return what finds the next terminal in a state of the parser: Lark's own pattern of all that are possible."""
        lexer: Any = self.lexers[state]
        (pattern,) = lexer.scanner._mres or (NOTHING,)  # noqa: SLF001 - the ways to it take a third of the time
        self._scans[state] = found = _Scan(pattern.match, lexer.callback)
        return found


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
        _plugins={} if strict else {"ContextualLexer": _QuickLexer},
    )


def stored() -> Lark | None:
    """Return the parser of records as `tdparse._tables` keeps it, in a tenth of the time; None for another Lark."""
    if lark.__version__ != _tables.LARK:
        return None
    return Lark.load(BytesIO(zlib.decompress(b64decode(_tables.PACKED))))


@cache
def record_parser() -> Lark:
    """Return the parser of records, made once; it accepts or fails, and builds no tree."""
    parser = stored() or build("record")
    parser.parser.parser.parser.callbacks = {}
    return parser


def failure(text: str) -> Failure | None:
    """Return where `text` stops being a record; None when it is one."""
    try:
        record_parser().parse(text)
    except UnexpectedCharacters as error:
        return Failure(cast("int", error.pos_in_stream) + 1, acceptable(error.state))
    except UnexpectedToken as error:
        position = len(text) if error.token.type == "$END" else cast("int", error.pos_in_stream)
        return Failure(position + 1, acceptable(error.state))
    return None


def acceptable(state: ParserState[object]) -> tuple[str, ...]:
    """Return the names of the terminals that could follow, sorted; a log fails in few ways, each is worked out once."""
    stack = tuple(state.state_stack)
    if stack not in _acceptable:
        table = state.parse_conf.states
        _acceptable[stack] = tuple(
            sorted(name for name in table[stack[-1]] if name.isupper() and _fits(stack, name, table))
        )
    return _acceptable[stack]


_acceptable: Final[dict[tuple[object, ...], tuple[str, ...]]] = {}


def _fits(stack: tuple[object, ...], terminal: str, table: Mapping[object, Mapping[str, tuple[object, Any]]]) -> bool:
    """Return whether the parser would shift `terminal`, after whatever it must reduce first."""
    states = list(stack)
    while terminal in table[states[-1]]:
        action, rule = table[states[-1]][terminal]
        if action is Shift:
            return True
        del states[len(states) - len(rule.expansion) :]
        states.append(table[states[-1]][rule.origin.name][1])
    return False
