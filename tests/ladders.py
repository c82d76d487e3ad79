"""Logs, rows and drawings that the tests of diagrams share."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from scenario import packets, printed

from tdparse.diagram import RUN, Arrow, Fold, Folding, Row
from tdparse.model import Lang, NumberStyle, Skipped, Step, Summary
from tdparse.pipeline import explain
from tdparse.render import Renderer, Totals
from tdparse.render.collect import Diagrams, Drawer
from tdparse.render.compact import Compact
from tdparse.render.ladder import Ladder, Rungs, WholeLadders
from tdparse.render.rung import Words
from tdparse.render.text import Text

HANDSHAKE = "C S\nS S.\nC .\n"


def conversation(script: str) -> list[str]:
    """Return what tcpdump prints for a conversation in shorthand, after a handshake."""
    return printed(packets(HANDSHAKE + script))


def steps_of(lines: Iterable[str]) -> list[Step]:
    """Return the segments of a log, explained."""
    return [item for item in explain(lines) if isinstance(item, Step)]


def rows_of(lines: Iterable[str], **limits: int) -> tuple[Row, ...]:
    """Return the ladder of a log that holds one connection."""
    folding = Folding(**limits)
    for step in steps_of(lines):
        folding.feed(step)
    return folding.rows()


def segments(rows: Iterable[Row]) -> int:
    """Return how many segments rows stand for."""
    return sum(row.segments if isinstance(row, Fold) else isinstance(row, Arrow) for row in rows)


def ladder(lang: Lang = "en", numbers: NumberStyle = "relative", *, columns: int = 80, color: bool = False) -> Ladder:
    """Return the ladder that grows."""
    text = Text(lang, columns=columns, color=color)
    return Ladder(Rungs(Words(lang, numbers), columns=columns, color=color, numbered=True), text)


def whole(
    lang: Lang = "en", numbers: NumberStyle = "relative", *, columns: int = 80, color: bool = False, run: int = RUN
) -> Diagrams:
    """Return the ladders of whole connections."""
    text = Text(lang, columns=columns, color=color)
    return Diagrams(WholeLadders(Rungs(Words(lang, numbers), columns=columns, color=color), text), run=run)


def compact(lang: Lang = "en", numbers: NumberStyle = "relative", *, columns: int = 80, color: bool = False) -> Compact:
    """Return the view with one line a segment."""
    return Compact(Words(lang, numbers), Text(lang, columns=columns, color=color), columns=columns, color=color)


def drawn(drawer: Drawer, lines: Iterable[str]) -> str:
    """Return what a drawer makes of a log."""
    return view(Diagrams(drawer), lines)


@lru_cache(maxsize=16)
def explained(lines: tuple[str, ...]) -> tuple[Step | Skipped | Summary, ...]:
    """Return what a log holds; it is looked at in many ways."""
    return tuple(explain(lines))


def view(renderer: Renderer, lines: Iterable[str]) -> str:
    """Return what a renderer shows for a log of one line a record."""
    parts = [renderer.start("x.log", [])]
    totals = Totals()
    given = tuple(lines)
    for item in explained(given):
        if isinstance(item, Step):
            totals.segments += 1
            parts.append(renderer.step(item, given[item.segment.line - 1 : item.segment.line]))
        elif isinstance(item, Skipped):
            parts.append(renderer.skipped(item, [item.raw]))
        elif isinstance(item, Summary):
            parts.append(renderer.summary(item))
    return "".join([*parts, renderer.end([]), renderer.finish(totals)])


def lines_of(log: Path) -> list[str]:
    """Return the lines of a log."""
    return log.read_text(encoding="utf-8").splitlines()
