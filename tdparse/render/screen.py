"""How wide text is on a terminal, where CJK takes two columns, and how it is laid out in a width."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_COLOR: Final = re.compile("\x1b\\[[0-9;]*m")


def width(text: str) -> int:
    """Return how many columns `text` takes; of control characters it holds at most our own colours."""
    if "\x1b" in text:
        text = _COLOR.sub("", text)
    return len(text) if text.isascii() else sum(map(_widths.__getitem__, text))


class _Widths(dict[str, int]):
    """Columns by character, worked out once each."""

    def __missing__(self, character: str) -> int:
        if unicodedata.east_asian_width(character) in {"W", "F"}:
            columns = 2
        else:
            columns = 0 if unicodedata.category(character) in {"Mn", "Me", "Cf"} else 1
        self[character] = columns
        return columns


_widths: Final = _Widths()


def padded(text: str, columns: int) -> str:
    """Return `text` with spaces up to `columns`."""
    return text + " " * (columns - width(text))


def wrapped(text: str, columns: int) -> list[str]:
    """
    Return `text` in lines of at most `columns`, broken at spaces and between CJK characters.

    A word wider than a line stands alone on its own: numbers, addresses and states are never cut. Where nothing is
    left of a terminal, a line has one column.
    """
    columns = max(columns, 1)
    if width(text) <= columns:
        return [text.rstrip()]
    if text.isascii() and text.isprintable():
        return _wrapped_ascii(text, columns)
    lines: list[str] = []
    line, used = "", 0
    for piece in _piece().findall(text):
        size = width(piece)
        if used and used + size > columns and used + width(piece.rstrip()) > columns:
            lines.append(line.rstrip())
            line, used = "", 0
            piece = piece.lstrip()  # noqa: PLW2901
            size = width(piece)
        line += piece
        used += size
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def _wrapped_ascii(text: str, columns: int) -> list[str]:
    """Do the same for a text that can be broken at blanks only, and whose characters are as wide as they are many."""
    lines = []
    start, end = 0, len(text.rstrip())
    while end - start > columns:
        place = text.rfind(" ", start, start + columns + 1)
        if place < 0 or not text[start:place].strip():
            place = text.find(" ", start + columns)
        if not 0 <= place < end:
            break
        lines.append(text[start:place].rstrip())
        start = place + 1
        while start < end and text[start] == " ":
            start += 1
    return [*lines, text[start:end]]


def broken(text: str, columns: int) -> list[str]:
    """
    Return `text` in lines of at most `columns`; what is longer without a blank goes on in the next line.

    It is broken behind a sign that ends something where there is one, then behind any sign, so that numbers and
    states stay whole.

    >>> broken("sack 2 {1200:2400}{3600:4800}", 16)
    ['sack 2', '{1200:2400}', '{3600:4800}']
    """
    columns = max(columns, 1)
    lines = []
    for line in wrapped(text, columns):
        if len(line) <= columns and line.isascii():
            lines.append(line)
            continue
        start = used = 0
        sizes = _sizes(line) if width(line) > columns else []
        for place, size in enumerate(sizes):
            while used + size > columns and used:
                end = _breaking(line, start, place, sizes)
                lines.append(line[start:end])
                start, used = end, sum(sizes[end:place])
            used += size
        lines.append(line[start:])
    return lines


def _sizes(line: str) -> list[int]:
    """Return how many columns each character takes; our own colours take none."""
    sizes = [_widths[character] for character in line]
    for found in _COLOR.finditer(line):
        sizes[found.start() : found.end()] = [0] * len(found[0])
    return sizes


def _breaking(line: str, start: int, end: int, sizes: Sequence[int]) -> int:
    """Return the best place to break a line that has no blank between two places, at the latest the second."""
    for sign in _SIGNS:
        found = [match.end() for match in sign.finditer(line, start, end) if sizes[match.start()]]
        if found:
            return found[-1]
    return end


def joined(parts: Sequence[str], between: str, columns: int) -> list[str]:
    """Return `parts` with `between` between them, in lines of at most `columns` that break there where possible."""
    whole = between.join(parts)
    if width(whole) <= columns:
        return [whole]
    lines = [parts[0]]
    used, gap = width(parts[0]), width(between)
    for part in parts[1:]:
        size = width(part)
        if used + gap + size <= columns:
            lines[-1] += between + part
            used += gap + size
        else:
            lines.append(part)
            used = size
    return [piece for line in lines for piece in broken(line, columns)]


def packed(parts: Sequence[str], columns: int) -> list[str]:
    """Return `parts` with blanks between them, in lines of at most `columns`."""
    lines = [""]
    for part in parts:
        if lines[-1] and width(lines[-1]) + 1 + width(part) <= columns:
            lines[-1] += " " + part
        else:
            lines.append(part)
    return [piece for line in lines[1:] for piece in broken(line, columns)]


# Where a word that is too long may be broken, best first; the last are inside of names, never of states.
_SIGNS: Final = tuple(map(re.compile, (r"[,;)}\]]", r"[:|/=>]", r"[^\w\x1b.*?~-]", r"(?<=\w)[._-](?=\w)")))


@cache
def _piece() -> re.Pattern[str]:
    """Return what is never broken: a wide character may begin a line unless it closes something; what it opens stays with it."""
    return re.compile(
        r"[（「『《【]*(?:[⺀-鿿豈-﫿]|[^\s⺀-鿿豈-﫿（「『《【]+|[（「『《【])[，。；：！？、）」』》】…]*\s*|\s+"
    )
