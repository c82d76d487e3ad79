"""
Where a line that no pattern describes stops being a record, and what could have stood there.

The line is read by the table of Lark's LALR parser for the grammar, with Lark's terminals in Lark's order. Both are
derived (`tdparse._tables`), since making them takes Lark a second: it is not imported for this.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

from tdparse._tables import BEGINNING, END, RULES, STATES, TERMINALS, WANTED

OVER: Final = "$END"  # Lark's name for the end of the text


class Failure(NamedTuple):
    """Where reading stopped, and what could have stood there."""

    column: int  # from 1, of the text that was parsed (line breaks count as one character)
    expected: tuple[str, ...]  # terminal names of the grammar, sorted


@cache
def _any_of(wanted: int) -> re.Pattern[str]:
    """Return what matches the next terminal where these are wanted; its group says which one it is."""
    return re.compile("|".join(f"(?P<{name}>{TERMINALS[name]})" for name in WANTED[wanted]) or "(?!)", re.ASCII)


class _Place(dict[str, "_Place | None"]):
    """A stack of the parser's states; by terminal, the stack behind it, None where the terminal cannot stand."""

    def __init__(self, stack: tuple[int, ...]) -> None:
        wanted, self._actions, _ = STATES[stack[-1]]
        self.match: Final = _any_of(wanted).match
        self._stack = stack

    def __missing__(self, terminal: str) -> _Place | None:
        stack = [*self._stack]
        while (action := STATES[stack[-1]][1].get(terminal)) is not None and action < 0:
            symbol, size = RULES[~action]  # which ends before this terminal
            del stack[len(stack) - size :]
            stack.append(STATES[stack[-1]][2][symbol])
        if action is not None:
            stack.append(action)
        self[terminal] = place = _place(tuple(stack)) if action is not None or stack[-1] == END else None
        return place

    def acceptable(self) -> tuple[str, ...]:
        """Return the names of the terminals that could stand here, sorted."""
        return tuple(sorted(name for name in self._actions if self[name] is not None))


@cache  # the language is regular, so there are few such places, and what the table makes of each is worked out once
def _place(stack: tuple[int, ...]) -> _Place:
    return _Place(stack)


def failure(text: str) -> Failure | None:
    """Return where `text` stops being a record, at the place where Lark's parser stops; None when it is one."""
    place = _place((BEGINNING,))
    position, end = 0, len(text)
    while position < end:
        found = place.match(text, position)
        behind = None if found is None else place[str(found.lastgroup)]
        if found is None or behind is None:
            break
        place, position = behind, found.end()
    else:
        if place[OVER] is not None:
            return None
    return Failure(position + 1, place.acceptable())
