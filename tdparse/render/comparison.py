"""A comparison of two logs for people: the clocks, each connection with its two directions, then what was not the same."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from tdparse.compare.records import KINDS
from tdparse.compare.words import Words
from tdparse.escapes import safe
from tdparse.render import paint
from tdparse.render.paint import Brush
from tdparse.render.screen import broken, width
from tdparse.render.text import peer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tdparse.compare.records import Comparison, Difference, Link
    from tdparse.model import Lang

MOST: Final = 20  # records of one kind and direction that are listed
INDENT: Final = "    "
COLORS: Final = {"lost": paint.RED, "injected": paint.RED, "duplicated": paint.YELLOW, "reordered": paint.YELLOW}


class ComparisonText:
    """Writes a comparison as text."""

    def __init__(
        self, lang: Lang, *, columns: int | None = None, color: bool = False, quiet: bool = False, verbose: bool = False
    ) -> None:
        """`columns`: lines are broken to fit (None: they are not); `quiet`: no lists; `verbose`: whole lists."""
        self._lang: Lang = lang
        self._columns = columns
        self._brush = Brush(color=color)
        self._quiet = quiet
        self._verbose = verbose

    def __call__(self, comparison: Comparison) -> str:
        """Return the text."""
        words = Words(comparison, self._lang, safe, peer)
        lines = [*self._set(" ↔ ".join(words.names), "", paint.BOLD), *self._set(words.clocks(), "")]
        for link in comparison.links:
            lines += ["", *self._link(words, link)]
        lines += ["", *self._set(words.total(), "", paint.BOLD)]
        return "\n".join(lines) + "\n"

    def _link(self, words: Words, link: Link) -> Iterator[str]:
        yield from self._set(words.link(link), "", paint.BOLD)
        elsewhere = all(difference.kind == "elsewhere" for difference in link.differences)
        if not link.matched and elsewhere and link.differences:
            name = words.names[0 if link.conns[0] else 1]
            yield from self._set(words.say("compare", "elsewhere", name=name), INDENT)
            return
        for way in link.ways:
            yield from self._set(words.passing(way), INDENT, paint.ROLES[way.sender])
        if self._quiet:
            return
        if link.changes:
            yield from self._set(words.say("compare", "changed"), INDENT)
            for change in link.changes:
                yield from self._set(words.change(change), 2 * INDENT)

        def order(difference: Difference) -> tuple[int, bool]:
            return KINDS.index(difference.kind), difference.sender == "server"

        for _, group in groupby(sorted(link.differences, key=order), key=order):
            found = list(group)
            yield from self._set(words.kind(found[0]), INDENT, COLORS.get(found[0].kind, ""))
            shown = found if self._verbose else found[:MOST]
            for difference in shown:
                yield from self._set(words.difference(difference), 2 * INDENT)
            if len(found) > len(shown):
                yield from self._set(words.say("compare", "more", n=len(found) - len(shown)), 2 * INDENT)

    def _set(self, text: str, indent: str, color: str = "") -> list[str]:
        """Return a text in lines that fit."""
        if self._columns is None:
            return [indent + self._brush(color, text)]
        lines = broken(text, max(self._columns - width(indent) - 2, 20))
        return [indent + ("  " if place else "") + self._brush(color, line) for place, line in enumerate(lines)]
