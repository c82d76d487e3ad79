"""One row a connection: who talked to whom, how it ended, how much, how fast, and what was remarkable."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from tdparse import catalog
from tdparse.model import Severity
from tdparse.render import paint
from tdparse.render.paint import Brush
from tdparse.render.screen import broken, padded, safe, width
from tdparse.render.text import peer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tdparse.model import Lang, Skipped, Step, Summary
    from tdparse.render import Totals

Layout: TypeAlias = "tuple[tuple[str, ...], ...]"

COLUMNS: Final = ("conn", "client", "server", "verdict", "closed_first", "sent", "received", "rtt", "findings")
RIGHT: Final = frozenset({"conn", "sent", "received", "rtt"})
GAP: Final = "  "
GRAVITY: Final = tuple(Severity)  # weakest first

# Ways to set a row, widest first: each column holds the cells that stand under each other in it; what is in no
# column stands on lines of its own below.
LAYOUTS: Final = (
    tuple((column,) for column in COLUMNS),
    tuple((column,) for column in COLUMNS[:-1]),
    (("conn",), ("client", "server"), ("verdict",), ("closed_first",), ("sent", "received"), ("rtt",)),
    (("conn",), ("client", "server"), ("verdict", "closed_first"), ("sent", "received", "rtt")),
    (("conn",),),
)

_NANO: Final = 1_000_000_000
_UNKNOWN: Final = "-"


class _Row(NamedTuple):
    source: int
    summary: Summary
    cells: Mapping[str, str]


class Table:
    """Collects the connections and shows them when the run ends; see `Renderer` for the methods."""

    def __init__(
        self,
        lang: Lang,
        *,
        columns: int | None = None,
        sort: str = "conn",
        headings: bool = False,
        color: bool = False,
    ) -> None:
        """
        Choose the language, and whether to paint.

        Columns are folded until a row fits into `columns` (None: any width); `sort` is one of `SORTS`;
        `headings` names each input above its rows.
        """
        self._lang: Lang = lang
        self._columns = columns
        self._sort = SORTS[sort]
        self._headings = headings
        self._paint = Brush(color=color)
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
        self._rows.append(_Row(len(self._sources), summary, self._cells(summary)))
        return ""

    def end(self, lines: Sequence[str]) -> str:  # noqa: ARG002 - only connections have rows
        """Show nothing yet."""
        return ""

    def finish(self, totals: Totals) -> str:  # noqa: ARG002 - the rows say it all
        """Show the table."""
        if not self._rows:
            return ""
        head = {column: catalog.sentence("column", column, self._lang) for column in COLUMNS}
        rows = sorted(self._rows, key=lambda row: (row.source, self._sort(row.summary), row.summary.flow.conn))
        layout, widths = self._fitting([head, *(row.cells for row in rows)])
        lines = [self._paint(paint.BOLD, line) for line in _lines(head, layout, widths)]
        shown = 0
        for row in rows:
            if self._headings and row.source != shown:
                shown = row.source
                lines += (
                    self._paint(paint.BOLD, line) for line in self._wrap(f"==> {safe(self._sources[shown - 1])} <==")
                )
            cells = self._painted(row)
            lines += _lines(cells, layout, widths)
            lines += self._below(row.cells, cells, layout)
        return "\n".join(lines) + "\n"

    def _fitting(self, rows: Sequence[Mapping[str, str]]) -> tuple[Layout, list[int]]:
        """Return the widest way to set `rows` that fits, and how wide each of its columns is."""
        for layout in LAYOUTS:
            widths = [max(width(row[name]) for row in rows for name in group) for group in layout]
            if self._columns is None or sum(widths) + len(GAP) * (len(widths) - 1) <= self._columns:
                break
        return layout, widths

    def _painted(self, row: _Row) -> Mapping[str, str]:
        """Return the cells of a row in colours: both ends in their own, what was remarkable in that of the gravest."""
        tints: dict[str, str] = {role: paint.ROLES[role] for role in paint.ROLES if row.cells[role] != _UNKNOWN}
        if row.summary.closed_first:
            tints["closed_first"] = paint.ROLES[row.summary.closed_first]
        if row.summary.findings:
            tints["findings"] = paint.SEVERITIES[max(map(severity_of, row.summary.findings), key=GRAVITY.index)]
        return {name: self._paint(tints.get(name, ""), cell) for name, cell in row.cells.items()}

    def _below(self, cells: Mapping[str, str], painted: Mapping[str, str], layout: Layout) -> list[str]:
        """Return what has found no column, each with its name; nothing for what is unknown."""
        placed = {name for group in layout for name in group}
        lines = []
        for name in COLUMNS:
            if name not in placed and cells[name] != _UNKNOWN:
                label = catalog.sentence("column", name, self._lang)
                values = {"label": label, "text": painted[name]}
                text = catalog.fill(catalog.sentence("ui", "labelled", self._lang), values)
                lines += self._wrap(text, GAP * 2)
        return lines

    def _wrap(self, text: str, indent: str = "") -> list[str]:
        if self._columns is None:
            return [indent + text]
        return [indent + line for line in broken(text, max(self._columns - len(indent), 1))]

    def _cells(self, summary: Summary) -> Mapping[str, str]:
        closed, metrics = summary.closed_first, summary.metrics
        sent, received = (_octets(metrics, role) for role in ("client", "server"))
        return {
            "conn": str(summary.flow.conn),
            "client": peer(summary.flow.client),
            "server": peer(summary.flow.server),
            "verdict": summary.verdict,
            "closed_first": catalog.sentence("role", closed, self._lang) if closed else _UNKNOWN,
            "sent": _UNKNOWN if sent is None else str(sent),
            "received": _UNKNOWN if received is None else str(received),
            "rtt": self._seconds(metrics.get("handshake_time")),
            "findings": ", ".join(code if n == 1 else f"{code}×{n}" for code, n in summary.findings.items())
            or _UNKNOWN,
        }

    def _seconds(self, value: object) -> str:
        return catalog.duration(round(value * _NANO), self._lang) if isinstance(value, int | float) else _UNKNOWN


def _octets(metrics: Mapping[str, object], role: str) -> int | None:
    """Return the payload of one side, in octets."""
    octets = metrics.get("payload_bytes")
    count = octets.get(role) if isinstance(octets, dict) else None
    return count if isinstance(count, int) else None


def _lines(cells: Mapping[str, str], layout: Layout, widths: Sequence[int]) -> list[str]:
    lines = []
    for level in range(max(map(len, layout))):
        parts = []
        for group, columns in zip(layout, widths, strict=True):
            name = group[level] if level < len(group) else ""
            cell = cells[name] if name else ""
            parts.append(" " * (columns - width(cell)) + cell if name in RIGHT else padded(cell, columns))
        lines.append(GAP.join(parts).rstrip())
    return lines


def severity_of(code: str) -> Severity:
    """Return how much a finding matters."""
    return Severity(catalog.fact("finding", code, "severity"))


def _most(value: float | None) -> float:
    """Order the largest first, what is unknown last."""
    return inf if value is None else -value


def _bytes(summary: Summary) -> float:
    known = [count for role in ("client", "server") if (count := _octets(summary.metrics, role)) is not None]
    return _most(sum(known) if known else None)


def _handshake(summary: Summary) -> float:
    time = summary.metrics.get("handshake_time")
    return _most(time if isinstance(time, int | float) else None)


def _gravity(summary: Summary) -> tuple[int, int]:
    """Order the gravest finding first, then the most of them."""
    worst = max((GRAVITY.index(severity_of(code)) for code in summary.findings), default=-1)
    return -worst, -sum(summary.findings.values())


# What rows can be sorted by: text from a to z, amounts from the largest down; equal ones by their number.
SORTS: Final[Mapping[str, Callable[[Summary], Any]]] = {
    "conn": lambda summary: summary.flow.conn,
    "client": lambda summary: peer(summary.flow.client),
    "server": lambda summary: peer(summary.flow.server),
    "verdict": lambda summary: summary.verdict,
    "bytes": _bytes,
    "handshake": _handshake,
    "remarkable": _gravity,
}
