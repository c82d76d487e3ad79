"""
The report: one page that explains a log by itself, in both languages, from nothing but what is in it.

Styles and script stand in the page and are named by their hashes in its Content-Security-Policy, so nothing else can
run or be fetched, whatever a log holds. Everything to read is there without the script: the tables, the text, the
ladders, the plots.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from tdparse import catalog
from tdparse.render.alike import keeping
from tdparse.render.report import ladder, machine, shell
from tdparse.render.report.connection import Connections
from tdparse.render.report.keep import Keeper, is_striking
from tdparse.render.report.markup import Html, joined, label, shown
from tdparse.render.report.table import Table
from tdparse.render.report.top import Log, Top

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tdparse.model import Flow, Lang, NumberStyle, Skipped, Step, Summary
    from tdparse.prediction import Emit, Found, Lane
    from tdparse.render import Totals


SCRIPT: Final = "report.js"


class Report:
    """Collects a run and writes its page at the end; see `Renderer` for the methods."""

    def __init__(self, lang: Lang, *, numbers: NumberStyle = "relative") -> None:
        """Choose the language the page opens in, and how sequence numbers are shown."""
        self._lang: Lang = lang
        self._numbers = numbers
        self._keeper = Keeper()
        self._table = Table()
        self._top = Top(numbers)
        self._connections = Connections(numbers)
        self._sources: list[str] = []
        self._short: list[str] = []  # the same, as short as they differ
        self._log = Log("", None)  # the input that is being read
        self._first: Step | None = None

    def start(self, source: str, opening: Sequence[str]) -> str:  # noqa: ARG002 - the records show what it is
        """Begin an input."""
        self._sources.append(source)
        self._keeper.begin()
        self._first = None
        # How a log prints its numbers shows later on, wherever its first block ends.
        self._log = Log(source, "unknown")
        return ""

    def step(self, step: Step, lines: Sequence[str]) -> str:
        """Take a segment."""
        if self._first is None:
            self._first = step
        self._keeper.step(step, lines)
        beyond_opening = step.segment.ack is not None and "S" not in (step.segment.flags or "")
        if beyond_opening and self._log.numbering == "unknown" != step.numbers:
            self._log = self._log._replace(numbering=step.numbers)
        if step.findings:
            self._top.step(step, self._place(step.flow))
        return ""

    def keeps(self, step: Step, found: Found, lane: Lane) -> Emit | None:
        """Return what takes segments that are predicted to be like `step`."""
        return None if is_striking(step) else keeping(step, found, lane, self._keeper.take)

    def skipped(self, skipped: Skipped, lines: Sequence[str]) -> str:
        """Take a line that is no segment."""
        self._top.skipped(skipped, lines, len(self._sources))
        return ""

    def summary(self, summary: Summary) -> str:
        """Take a connection that is over."""
        place = self._place(summary.flow)
        kept = self._keeper.over(summary)
        self._table.add(place, summary, kept.beats)
        self._top.summary(summary, place)
        return ""

    def end(self, lines: Sequence[str]) -> str:  # noqa: ARG002 - they are no part of a connection
        """End an input."""
        self._top.logs.append(self._log._replace(first=self._first, last=self._keeper.last()))
        return ""

    def finish(self, totals: Totals) -> str:
        """Write the page."""
        self._short = _shortened(self._sources)
        details = self._keeper.details()
        places = [f"{detail.kept.source}-{detail.summary.flow.conn}" for detail in details]
        told, data, parts = set(places), {}, []
        for place, detail in zip(places, details, strict=True):
            source = self._source(detail.kept.source)
            part, plots = self._connections.connection(detail, place, source, opened=len(details) == 1)
            parts.append(part)
            data.update(plots)
        names = _Names(self._short)
        facts: dict[str, Any] = {
            **self._table.facts(names),
            "plots": data,
            "words": {lang: _words(lang) for lang in catalog.LANGUAGES},
        }
        sections = list(self._sections(totals, told, names, joined(parts)))
        symbols = Html(f"{ladder.SYMBOLS}{machine.symbols()}")
        sections[-1] = sections[-1][0], Html(f"{sections[-1][1]}{symbols}")
        title = self._title()
        known = json.dumps(facts, separators=(",", ":")).replace("<", "\\u003c")
        heading = Html(f"{label('title')} <code>{shown(title)}</code>")
        return shell.page(self._lang, f"{title} – tdexplain", heading, sections, SCRIPT, data=known)

    def _sections(self, totals: Totals, told: set[str], names: _Names, details: Html) -> Iterator[tuple[str, Html]]:
        """Yield the sections that have something to say, each with its name."""
        top = self._top
        headline = f'<p class="headline b{int(top.gravity())}">{top.headline(totals)}<small>{top.subline()}</small></p>'
        cards = f"<div class=cards>{top.verdict_cards(told, names)}</div>"
        yield "summary", Html(f"{headline}{cards}<dl class=facts>{top.facts(totals)}</dl>")
        if findings := top.finding_list(told, names):
            yield "findings", Html(f"<ol class=findings>{findings}</ol>")
        if rejected := top.rejected(totals, self._source):
            yield "rejected", rejected
        if self._table.count:
            yield "connections", self._table.markup(told, names)
        if details:
            left = self._table.count - len(told)
            notice = f"<p class=notice>{label('details_left', n=f'{left:,}')}</p>" if left else ""
            yield "details", Html(f"{notice}{details}")
        if aside := top.aside():
            yield "aside", Html(f"<details><summary>{label('aside_show')}</summary>{aside}</details>")
        numbers = label("key_" + self._numbers)
        yield "key", Html(f"<p>{label('key_marks')}</p><p>{label('key_observer')}</p><p>{numbers}</p>")

    # ------------------------------------------------------------------ names

    def _place(self, flow: Flow) -> str:
        return f"{len(self._sources)}-{flow.conn}"

    def _source(self, number: int) -> str:
        """Return the name of an input where there are several."""
        return self._short[number - 1] if len(self._short) > 1 else ""

    def _title(self) -> str:
        return ", ".join(self._short[:3]) + (", …" if len(self._short) > 3 else "")  # noqa: PLR2004 - a title is short


def _shortened(names: Sequence[str]) -> list[str]:
    """
    Return names of files without the folders they are all in, and without the name that they all have.

    >>> _shortened(["/a/b/x/c.log", "/a/b/y/c.log"]), _shortened(["/a/b/x.log"])
    (['x', 'y'], ['x.log'])
    """
    parts = [name.split("/") for name in names]
    if len(set(names)) < len(names):
        return [part[-1] for part in parts]
    while all(len(part) > 1 for part in parts) and len({part[0] for part in parts}) == 1:
        parts = [part[1:] for part in parts]
    while len(parts) > 1 and all(len(part) > 1 for part in parts) and len({part[-1] for part in parts}) == 1:
        parts = [part[:-1] for part in parts]
    return ["/".join(part) for part in parts]


class _Names(dict[str, str]):
    """What a connection is called, by its place."""

    def __init__(self, sources: Sequence[str]) -> None:
        super().__init__()
        self._sources = sources

    def __missing__(self, place: str) -> str:
        source, conn = place.split("-")
        name = f"{shown(self._sources[int(source) - 1])} #{conn}" if len(self._sources) > 1 else f"#{conn}"
        self[place] = name
        return name


_SPOKEN: Final = "script_"  # what the script says is called in page.toml


def _words(lang: Lang) -> dict[str, str]:
    """Return what the script says."""
    return {
        code.removeprefix(_SPOKEN): catalog.page(code).of(lang)
        for code in catalog.page_codes()
        if code.startswith(_SPOKEN)
    }
