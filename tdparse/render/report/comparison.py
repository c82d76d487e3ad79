"""The page of a comparison of two logs, in both languages, in the frame of the report."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from tdparse.compare.records import KINDS
from tdparse.compare.words import Words
from tdparse.render.report import shell
from tdparse.render.report.markup import Html, both, joined, shown
from tdparse.render.text import peer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tdparse.compare.records import Comparison, Difference, Link
    from tdparse.model import Lang

MOST: Final = 1000  # records of one kind, direction and connection that are listed
SEVERE: Final = frozenset({"lost", "injected"})


class ComparisonPage:
    """Writes a comparison as one page that needs nothing else."""

    def __init__(self, lang: Lang) -> None:
        """Choose the language that the page opens in."""
        self._lang: Lang = lang

    def __call__(self, comparison: Comparison) -> str:
        """Return the page."""
        words = _Both(Words(comparison, "en", str, peer), Words(comparison, "zh", str, peer))
        title = " ↔ ".join(words.en.names)
        weight = 3 if SEVERE & set(comparison.counts) else 0
        top = f'<p class="headline b{weight}">{words(lambda w: w.total())}</p><p>{words(lambda w: w.clocks())}</p>'
        sections = [("summary", Html(top))]
        if comparison.links:
            sections.append(("connections", joined(_link(link, words) for link in comparison.links)))
        return shell.page(self._lang, f"{title} – tdexplain", Html(f"<code>{shown(title)}</code>"), sections, "")


class _Both:
    """Says a thing in both languages."""

    def __init__(self, en: Words, zh: Words) -> None:
        self.en = en
        self._zh = zh

    def __call__(self, say: Callable[[Words], str]) -> Html:
        return both(say(self.en), say(self._zh))


def _link(link: Link, words: _Both) -> Html:
    head = f"<h3>{words(lambda w: w.link(link))}</h3>"
    if not link.matched and link.differences and all(d.kind == "elsewhere" for d in link.differences):
        name = words.en.names[0 if link.conns[0] else 1]
        said = words(lambda w: w.say("compare", "elsewhere", name=name))
        return Html(f"<section class=link>{head}<p>{said}</p></section>")
    parts = [_list(words(lambda w, way=way: w.passing(way)) for way in link.ways)]  # type: ignore[misc]
    if link.changes:
        changes = _list(words(lambda w, change=change: w.change(change)) for change in link.changes)  # type: ignore[misc]
        parts.append(Html(f"<p>{words(lambda w: w.say('compare', 'changed'))}</p>{changes}"))

    def order(difference: Difference) -> tuple[int, bool]:
        return KINDS.index(difference.kind), difference.sender == "server"

    for _, group in groupby(sorted(link.differences, key=order), key=order):
        found = list(group)
        rows = [words(lambda w, one=one: w.difference(one)) for one in found[:MOST]]  # type: ignore[misc]
        if (more := len(found) - MOST) > 0:
            rows.append(words(lambda w, n=more: w.say("compare", "more", n=n)))  # type: ignore[misc]
        kind = words(lambda w, one=found[0]: w.kind(one))  # type: ignore[misc]
        opened = " open" if found[0].kind in SEVERE else ""
        parts.append(Html(f"<details{opened}><summary>{kind} ({len(found)})</summary>{_list(rows)}</details>"))
    return Html(f"<section class=link>{head}{joined(parts)}</section>")


def _list(items: Iterable[Html]) -> Html:
    return Html(f"<ul>{joined(Html(f'<li>{item}</li>') for item in items)}</ul>")
