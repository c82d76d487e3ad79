"""Reports made in this process, for tests that look at them."""

from __future__ import annotations

from pathlib import Path

from tdparse.model import Lang
from tdparse.read import opened
from tdparse.render import Totals
from tdparse.render.report import Report
from tdparse.selection import Alarm, Selection
from tdparse.stream import Run


def report(*logs: Path, lang: Lang = "en", conns: tuple[int, ...] = ()) -> str:
    """Return the report on logs; of some connections only, if they are named."""
    renderer, totals = Report(lang), Totals()
    parts: list[str] = []
    for log in logs:
        with opened(str(log)) as source:
            Run(renderer, Selection(frozenset(conns)), Alarm(()), totals).follow(source, parts.append)
    return "".join([*parts, renderer.finish(totals)])
