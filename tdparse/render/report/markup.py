"""
What may reach a page, and both languages in it.

`Html` is text that is markup already; everything else becomes `Html` through `shown` (between tags) or `quoted`
(inside an attribute). Characters that a browser would act on or not show at all, such as controls, marks that turn
the writing direction and blanks without width, stand there as visible escapes: a log cannot hide anything.
"""

from __future__ import annotations

import re
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Final, NewType

from tdparse import catalog
from tdparse.escapes import escape_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tdparse.model import Lang

Html = NewType("Html", str)

# Letters and marks that have no ink, though Python calls them printable: fillers, joiners, selectors, an empty Braille cell.
_INKLESS: Final = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef"
)
_HIDDEN: Final = re.compile(f"[{_INKLESS}]")
_SPECIAL: Final = re.compile("[<>&]")


def visible(character: str) -> str:
    r"""
    Return a character, or the escape that is shown for it.

    >>> visible("a"), visible("\x1b"), visible("\u202e"), visible("\U000e0041")
    ('a', '\\x1b', '\\u202e', '\\U000e0041')
    """
    if character == "\t" or (character.isprintable() and not _HIDDEN.match(character)):
        return character
    return escape_of(character)


def plain(text: str) -> str:
    """Return text with escapes in the place of what would not be seen."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(visible, text))


def shown(text: str) -> Html:
    """Return text as markup; escapes are marked, so that they differ from the same letters in the log."""
    if text.isprintable() and (text.isascii() or not _HIDDEN.search(text)):
        return Html(escape(text, quote=False) if _SPECIAL.search(text) else text)
    parts = []
    for character in text:
        seen = visible(character)
        parts.append(escape(seen, quote=False) if seen == character else f"<b class=esc>{seen}</b>")
    return Html("".join(parts).replace("</b><b class=esc>", ""))


def quoted(text: str) -> Html:
    """Return text as a quoted value of an attribute."""
    return Html(f'"{escape(plain(text))}"')


def joined(parts: Iterable[Html], between: str = "") -> Html:
    """Return markup in a row."""
    return Html(between.join(parts))


# ------------------------------------------------------------------ both languages


def both(en: str, zh: str) -> Html:
    """Return a text in both languages; once where they do not differ."""
    return spans(shown(en), shown(zh))


def spans(en: Html, zh: Html) -> Html:
    """Return markup in both languages; once where they do not differ."""
    return en if en == zh else Html(f"<span lang=en>{en}</span><span lang=zh>{zh}</span>")


COLON: Final = both(": ", "：")


def pair(make: Callable[[Lang], str]) -> Html:
    """Return what `make` says in each language."""
    return both(make("en"), make("zh"))


def ticked(make: Callable[[Lang], str]) -> Html:
    """Return what `make` says in each language, with what stands between backticks as code."""
    return spans(_ticked(make("en")), _ticked(make("zh")))


def _ticked(text: str) -> Html:
    parts = shown(text).split("`")
    return Html("".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts)))


def sentence(section: str, code: str, field: str = "text", **values: object) -> Html:
    """Return a sentence of `messages.toml` in both languages, `values` filled in."""
    return (
        _sentence(section, code, field)
        if not values
        else pair(lambda lang: catalog.fill(catalog.sentence(section, code, lang, field), values))
    )


@cache
def title(code: str, field: str) -> Html:
    """Return the name of a step in both languages (`wording.named`)."""
    return sentence("step", code, field)


@cache
def _sentence(section: str, code: str, field: str) -> Html:
    return pair(lambda lang: catalog.sentence(section, code, lang, field))


def label(code: str, **values: object) -> Html:
    """Return a label of the page in both languages, `values` filled in."""
    return _label(code) if not values else pair(lambda lang: catalog.fill(catalog.page(code).of(lang), values))


def said(code: str, values: Callable[[Lang], Mapping[str, object]]) -> Html:
    """Return a label of the page in both languages, with values that differ between them."""
    return pair(lambda lang: catalog.fill(catalog.page(code).of(lang), values(lang)))


@cache
def _label(code: str) -> Html:
    return both(*catalog.page(code))


def duration(ns: int) -> Html:
    """Return a time span."""
    return pair(lambda lang: catalog.duration(ns, lang))


def span(ns: int) -> Html:
    """Return a time span as people say it: minutes, hours and days where it is long."""
    return pair(lambda lang: catalog.span(ns, lang))
