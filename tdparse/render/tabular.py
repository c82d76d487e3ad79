"""
CSV and TSV: one row a segment, or one row a connection.

Lists and objects inside a cell are JSON. A cell that a spreadsheet would take for a formula begins with an
apostrophe; what is no printable character is shown as an escape.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Final

from tdparse.escapes import safe
from tdparse.render.columns import CONNECTIONS, SEGMENTS, flattened
from tdparse.render.jsonl import connection, encoded, segment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tdparse.model import Lang, NumberStyle, Skipped, Step, Summary
    from tdparse.render import Totals

_PLAIN: Final = re.compile(r"[\w.:%-]+", re.ASCII)  # what no table writes in another way
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class Tabular:
    """Writes one table, of segments or of connections, over all inputs of a run."""

    def __init__(
        self, lang: Lang, *, numbers: NumberStyle = "relative", delimiter: str = ",", connections: bool
    ) -> None:
        """Write cells between `delimiter`; one row a connection where `connections`, else one a segment."""
        self._lang: Lang = lang
        self.template_lang: Lang | None = lang
        self._numbers: NumberStyle = numbers
        self._delimiter = delimiter
        self._connections = connections
        self._columns = CONNECTIONS if connections else SEGMENTS
        self._source = ""
        self._begun = False

    def start(self, source: str, opening: Sequence[str]) -> str:  # noqa: ARG002 - no log record here
        """Write the heading before the first input."""
        self._source = source
        if self._begun:
            return ""
        self._begun = True
        return self._row(list(self._columns))

    def step(self, step: Step, lines: Sequence[str]) -> str:  # noqa: ARG002 - the fields say what they said
        """Write a segment."""
        if self._connections:
            return ""
        return self._record(segment(step, self._source, self._lang, self._numbers))

    divisible: Final = True

    def divide(self, once: Callable[[str], bool], *, complete: bool) -> None:
        """Nothing depends on what was before."""

    def skipped(self, skipped: Skipped, lines: Sequence[str]) -> str:  # noqa: ARG002 - not a row of this table
        """Write nothing."""
        return ""

    def summary(self, summary: Summary) -> str:
        """Write a connection."""
        if not self._connections:
            return ""
        return self._record(connection(summary, self._source, self._lang))

    def end(self, lines: Sequence[str]) -> str:  # noqa: ARG002 - every line had its record
        """Write nothing."""
        return ""

    def finish(self, totals: Totals) -> str:  # noqa: ARG002 - a table has no foot
        """Write nothing."""
        return ""

    def spelled(self, value: float | str) -> str:
        """Return a cell as it stands between delimiters."""
        text = cell(value)
        return text if _PLAIN.fullmatch(text) else self._row([text, ""])[: -len(self._delimiter) - 1]

    def _record(self, record: dict[str, object]) -> str:
        cells = {name: cell(value) for name, value in flattened(record, self._columns)}
        return self._row([cells.get(column, "") for column in self._columns])

    def _row(self, cells: Sequence[str]) -> str:
        if self._delimiter == "\t":  # not every reader of TSV knows quotes
            cells = [text.replace("\t", r"\t") for text in cells]
        out = io.StringIO()
        csv.writer(out, delimiter=self._delimiter, lineterminator="\n").writerow(cells)
        return out.getvalue()


def cell(value: object) -> str:
    """
    Return a value as the text of a cell.

    >>> cell(True), cell([1, 2]), cell("=1+1")
    ('true', '[1,2]', "'=1+1")
    """
    if isinstance(value, str):
        shown = safe(value)
        return "'" + shown if shown.startswith(_FORMULA) else shown
    if isinstance(value, dict | list | tuple):
        return safe(encoded_value(value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def encoded_value(value: object) -> str:
    """Return a list or an object as JSON without its newline; empty ones as an empty cell."""
    return encoded({"": value})[4:-2] if value else ""
