"""The grammar run by Lark itself: the reference, and the place where a line stops being a record."""

from __future__ import annotations

import re
import zlib
from base64 import b64decode
from functools import cache
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import lark
from lark import Lark, Token
from lark.lexer import ContextualLexer
from lark.parsers.lalr_analysis import Shift

from tdparse import _tables

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from lark.common import LexerConf


NOTHING: Final = re.compile("(?!)")  # what may follow a record
END: Final = "$END"  # Lark's name for the end of the text


class Failure(NamedTuple):
    """Where reading stopped, and what could have stood there."""

    column: int  # from 1, of the text that was parsed (line breaks count as one character)
    expected: tuple[str, ...]  # terminal names of the grammar, sorted


class _Scan(NamedTuple):
    """How the next terminal is found."""

    match: Callable[[str, int], re.Match[str] | None]
    callbacks: Mapping[str, Callable[[Token], Token]]  # Lark's, for terminals that another one's pattern describes too


class _Scans(dict[int, _Scan]):
    """How the next terminal is found in a state of the parser: by Lark's own pattern of all that are possible there."""

    def __init__(self, lexers: Mapping[int, Any]) -> None:
        self._lexers = lexers

    def __missing__(self, state: int) -> _Scan:
        lexer = self._lexers[state]
        (pattern,) = lexer.scanner._mres or (NOTHING,)  # noqa: SLF001 - the ways to it take a third of the time
        self[state] = scan = _Scan(pattern.match, lexer.callback)
        return scan


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


def stored() -> Lark | None:
    """Return the parser of records as `tdparse._tables` keeps it, in a tenth of the time; None for another Lark."""
    if lark.__version__ != _tables.LARK:
        return None
    return Lark.load(BytesIO(zlib.decompress(b64decode(_tables.PACKED))))


class _Place(dict[str, "_Place | None"]):
    """A stack of the parser's states; by terminal, the stack behind it, None where the terminal cannot stand."""

    def __init__(self, places: _Places, stack: tuple[int, ...]) -> None:
        self.state = stack[-1]
        self._places = places
        self._stack = stack

    def __missing__(self, terminal: str) -> _Place | None:
        places, stack = self._places, list(self._stack)
        action: object = None
        while action is not Shift and terminal in places.table[stack[-1]]:
            action, what = places.table[stack[-1]][terminal]
            if action is not Shift:
                del stack[len(stack) - len(what.expansion) :]
                _, what = places.table[stack[-1]][what.origin.name]
            stack.append(what)
        fits = action is Shift or stack[-1] == places.end
        self[terminal] = place = places[tuple(stack)] if fits else None
        return place

    def acceptable(self) -> tuple[str, ...]:
        """Return the names of the terminals that could stand here, sorted."""
        names = self._places.table[self.state]
        return tuple(sorted(name for name in names if name.isupper() and self[name] is not None))


class _Places(dict[tuple[int, ...], _Place]):
    """
    Where a parser can be in a text, by its stack of states.

    The language is regular, so there are few such places, and what Lark's table makes of each is worked out once.
    """

    def __init__(self, parser: Lark) -> None:
        inner: Any = parser.parser  # Lark does not say of which type
        parsing = inner.parser.parser.parse_table
        self.table: Mapping[int, Mapping[str, tuple[object, Any]]] = parsing.states
        self.scans = _Scans(inner.lexer.lexers)
        (start,), (self.end,) = parsing.start_states.values(), parsing.end_states.values()
        self.beginning = self[start,]

    def __missing__(self, stack: tuple[int, ...]) -> _Place:
        self[stack] = place = _Place(self, stack)
        return place


@cache
def records() -> _Places:
    """Return where the parser can be in a record, which those before it have found out."""
    return _Places(stored() or build("record"))


def failure(text: str) -> Failure | None:
    """Return where `text` stops being a record, at the place where Lark's parser stops; None when it is one."""
    places = records()
    place, scans = places.beginning, places.scans
    position, end = 0, len(text)
    while position < end:
        match, callbacks = scans[place.state]
        found = match(text, position)
        if found is None:
            break
        terminal = str(found.lastgroup)
        if terminal in callbacks:
            terminal = callbacks[terminal](Token(terminal, found[0])).type
        behind = place[terminal]
        if behind is None:
            break
        place, position = behind, found.end()
    else:
        if place[END] is not None:
            return None
    return Failure(position + 1, place.acceptable())
