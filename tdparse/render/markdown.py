"""
Markdown, for tickets and merge requests: each record as code, its explanation as a quotation under it.

A line of the log stands in an indented block, which nothing inside can end; whatever else came from a log
has its marks escaped, so that it makes no link, no mention, no HTML and no column.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tdparse import catalog
from tdparse.escapes import safe
from tdparse.render.annotation import BELONGING
from tdparse.render.table import COLUMNS, RIGHT, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tdparse.model import Skipped, Step, Summary
    from tdparse.render import Totals
    from tdparse.render.text import Text

CODE: Final = "    "
QUOTE: Final = "> "
_MARKS: Final = re.compile(r"[\\`*_\[\]{}|~#!$<>&@]|(?<=www)\.|:(?=//)")
_ENTITIES: Final = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "@": "&#64;"}


def escaped(text: str) -> str:
    r"""
    Return `text` so that Markdown shows it as it is.

    >>> escaped("<b>a|b</b> `c`")
    '&lt;b&gt;a\\|b&lt;/b&gt; \\`c\\`'
    """
    return _MARKS.sub(lambda mark: _ENTITIES.get(mark[0], "\\" + mark[0]), safe(text))


class Markdown:
    """Shows each record and what it means; see `Renderer` for the methods."""

    def __init__(self, text: Text, *, headings: bool = True) -> None:
        """Take the sentences from `text`, which must not use colours; `headings` names each input."""
        self._text = text
        self._headings = headings
        self._last = ""  # what stands last: "code", "quote", "heading" or nothing yet
        self._held: list[str] = []  # an explanation that waits until the lines of its record are complete

    def start(self, source: str, opening: Sequence[str]) -> str:  # noqa: ARG002 - the log follows
        """Name the input."""
        return self._apart("heading", [f"## {escaped(source)}"]) if self._headings else ""

    def step(self, step: Step, lines: Sequence[str]) -> str:
        """Show a record; its explanation follows it."""
        shown = self._release() + self._code(lines)
        self._held = self._text.explanation(step)
        return shown

    def skipped(self, skipped: Skipped, lines: Sequence[str]) -> str:
        """Show a line; say under it why a record could not be read."""
        if skipped.kind in BELONGING:
            return self._code(lines)
        shown = self._release() + self._code(lines)
        self._held = [line for line in self._text.complaint(skipped) if line.strip() != "^"]
        return shown

    def summary(self, summary: Summary) -> str:
        """Show how a connection ended."""
        head, *body = self._text.verdict(summary)
        shown = self._release() + self._apart("heading", [f"### {escaped(head)}"])
        return shown + self._quote(body)

    def end(self, lines: Sequence[str]) -> str:
        """Show the remaining lines."""
        return self._release() + self._code(lines)

    def finish(self, totals: Totals) -> str:
        """Explain the marks, once."""
        return self._quote(line.removesuffix("\n") for line in [self._text.finish(totals)] if line)

    def _release(self) -> str:
        held, self._held = self._held, []
        return self._quote(held)

    def _code(self, lines: Sequence[str]) -> str:
        return self._apart("code", [CODE + safe(line.removesuffix("\r")) for line in lines])

    def _quote(self, lines: Iterable[str]) -> str:
        told = [escaped(line.strip()) for line in lines]
        return self._apart("quote", [QUOTE + line + "\\" for line in told[:-1]] + [QUOTE + line for line in told[-1:]])

    def _apart(self, kind: str, lines: Sequence[str]) -> str:
        """Return lines, with an empty one before them unless they go on with what stands last."""
        if not lines:
            return ""
        gap = "\n" if self._last and (kind != "code" or self._last != "code") else ""
        self._last = kind
        return gap + "".join(f"{line}\n" for line in lines)


class MarkdownTable(Table):
    """One row a connection, as a table of Markdown."""

    def finish(self, totals: Totals) -> str:  # noqa: ARG002 - the rows say it all
        """Show the table."""
        if not self._widest["conn"]:
            return ""
        names = (*(["source"] if self._headings else []), *COLUMNS)
        head = [catalog.sentence("column", name, self._lang) for name in names]
        rules = ["--:" if name in RIGHT else "---" for name in names]
        rows = ((self._sources[row.source - 1], *row.cells) if self._headings else row.cells for row in self._rows())
        return "".join(
            f"| {' | '.join(row)} |\n" for row in [map(escaped, head), rules, *(map(escaped, row) for row in rows)]
        )
