"""One row a connection: who talked to whom, how it ended, how much, how fast, and what was remarkable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from tdparse import catalog
from tdparse.render.screen import padded, safe, width
from tdparse.render.text import peer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tdparse.model import Lang, Skipped, Step, Summary
    from tdparse.render import Totals

COLUMNS: Final = ("conn", "client", "server", "verdict", "closed_first", "sent", "received", "rtt", "findings")
RIGHT: Final = frozenset({"conn", "sent", "received", "rtt"})
GAP: Final = "  "

_NANO: Final = 1_000_000_000
_UNKNOWN: Final = "-"


class _Row(NamedTuple):
    source: int
    conn: int
    cells: tuple[str, ...]


class Table:
    """Collects the connections and shows them when the run ends; see `Renderer` for the methods."""

    def __init__(self, lang: Lang, *, headings: bool = False) -> None:
        """Choose the language; `headings` names each input above its rows."""
        self._lang: Lang = lang
        self._headings = headings
        self._sources: list[str] = []
        self._rows: list[_Row] = []

    def start(self, source: str, opening: Sequence[str]) -> str:  # noqa: ARG002 - a heading is all it gets
        """Begin an input."""
        self._sources.append(source)
        return ""

    def step(self, step: Step, lines: Sequence[str]) -> str:  # noqa: ARG002 - only connections have rows
        """Show nothing."""
        return ""

    def skipped(self, skipped: Skipped, lines: Sequence[str]) -> str:  # noqa: ARG002 - only connections have rows
        """Show nothing."""
        return ""

    def summary(self, summary: Summary) -> str:
        """Keep a row: connections end in another order than they begin."""
        self._rows.append(_Row(len(self._sources), summary.flow.conn, self._cells(summary)))
        return ""

    def end(self, lines: Sequence[str]) -> str:  # noqa: ARG002 - only connections have rows
        """Show nothing yet."""
        return ""

    def finish(self, totals: Totals) -> str:  # noqa: ARG002 - the rows say it all
        """Show the table."""
        if not self._rows:
            return ""
        head = tuple(catalog.sentence("column", column, self._lang) for column in COLUMNS)
        rows = sorted(self._rows, key=lambda row: row[:2])
        widths = [max(map(width, cells)) for cells in zip(head, *(row.cells for row in rows), strict=True)]
        lines = [_line(head, widths)]
        shown = 0
        for row in rows:
            if self._headings and row.source != shown:
                shown = row.source
                lines.append(f"==> {safe(self._sources[shown - 1])} <==")
            lines.append(_line(row.cells, widths))
        return "\n".join(lines) + "\n"

    def _cells(self, summary: Summary) -> tuple[str, ...]:
        closed = summary.closed_first
        return (
            str(summary.flow.conn),
            peer(summary.flow.client),
            peer(summary.flow.server),
            summary.verdict,
            catalog.sentence("role", closed, self._lang) if closed else _UNKNOWN,
            *_octets(summary.metrics),
            self._seconds(summary.metrics.get("handshake_time")),
            ", ".join(code if n == 1 else f"{code}×{n}" for code, n in summary.findings.items()) or _UNKNOWN,
        )

    def _seconds(self, value: object) -> str:
        return catalog.duration(round(value * _NANO), self._lang) if isinstance(value, int | float) else _UNKNOWN


def _octets(metrics: Mapping[str, object]) -> tuple[str, str]:
    """Return the payload of client and server, in octets."""
    octets = metrics.get("payload_bytes")
    sides = octets if isinstance(octets, dict) else {}
    client, server = (sides.get(role) for role in ("client", "server"))
    return _UNKNOWN if client is None else str(client), _UNKNOWN if server is None else str(server)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    parts = []
    for column, cell, columns in zip(COLUMNS, cells, widths, strict=True):
        parts.append(" " * (columns - width(cell)) + cell if column in RIGHT else padded(cell, columns))
    return GAP.join(parts).rstrip()
