"""One row a connection: who talked to whom, how it ended, how much, how fast, and what was remarkable."""

from __future__ import annotations

from array import array
from math import inf
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from tdparse import catalog
from tdparse.escapes import safe
from tdparse.findings.table import severity_of
from tdparse.model import Severity
from tdparse.render import paint
from tdparse.render.paint import Brush
from tdparse.render.screen import broken, padded, width
from tdparse.render.text import peer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tdparse.model import Lang, Role, Skipped, Step, Summary
    from tdparse.render import Totals

Layout: TypeAlias = "tuple[tuple[str, ...], ...]"

COLUMNS: Final = ("conn", "client", "server", "verdict", "closed_first", "sent", "received", "rtt", "findings")
RIGHT: Final = frozenset({"conn", "sent", "received", "rtt"})
GAP: Final = "  "
PIECE: Final = 4096  # lines of the table that become one text, so that a million take less room
BY_NUMBER: Final = "conn"  # the usual order
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
_ROLES: Final[Mapping[str, Role | None]] = {"client": "client", "server": "server", "": None}
_PLACE: Final = {name: place for place, name in enumerate(COLUMNS)}


class Row(NamedTuple):
    """What a connection leaves behind."""

    source: int  # number of its input, from 1
    cells: tuple[str, ...]  # in the order of `COLUMNS`
    closed_first: Role | None
    gravity: int  # place of its gravest finding in `GRAVITY`, -1 without


class _Kept:
    """The rows of one input, each as one text of a line a cell, since a log may have a million of them."""

    def __init__(self, sort: str) -> None:
        self._texts: list[str] = []
        self._sort = SORTS[sort]
        self._orders: array[int] | list[Any] = array("q") if sort == BY_NUMBER else []

    def add(self, summary: Summary, cells: tuple[str, ...]) -> None:
        """Keep the row of a connection."""
        self._texts.append("\n".join((*cells, summary.closed_first or "", str(gravest(summary)))))
        self._orders.append(self._sort(summary))

    def taken(self, source: int) -> Iterator[Row]:
        """Yield the rows, once each: as asked for, then by number."""
        texts = self._texts
        places: Iterable[int] = range(len(texts))
        if not isinstance(self._orders, array):
            places = sorted(places, key=lambda place: int(texts[place].partition("\n")[0]))
        for place in sorted(places, key=self._orders.__getitem__):
            *cells, closed_first, gravity = texts[place].split("\n")
            texts[place] = ""
            yield Row(source, tuple(cells), _ROLES[closed_first], int(gravity))


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
        self.template_lang: Lang | None = lang
        self._columns = columns
        self._sort = sort
        self._headings = headings
        self._color = color
        self._paint = Brush(color=color)
        self._sources: list[str] = []
        self._kept: list[_Kept] = []  # by input
        self._widest = dict.fromkeys(COLUMNS, 0)  # cell of each column

    def start(self, source: str, opening: Sequence[str]) -> str:  # noqa: ARG002 - a heading is all it gets
        """Begin an input."""
        self._sources.append(source)
        self._kept.append(_Kept(self._sort))
        return ""

    def step(self, step: Step, lines: Sequence[str]) -> str:  # noqa: ARG002 - only connections have rows
        """Show nothing."""
        return ""

    def skipped(self, skipped: Skipped, lines: Sequence[str]) -> str:  # noqa: ARG002 - only connections have rows
        """Show nothing."""
        return ""

    def summary(self, summary: Summary) -> str:
        """Keep a row: connections end in another order than they begin."""
        cells = self._cells(summary)
        self._kept[-1].add(summary, cells)
        self._widen(cells)
        return ""

    def end(self, lines: Sequence[str]) -> str:  # noqa: ARG002 - only connections have rows
        """Show nothing yet."""
        return ""

    def finish(self, totals: Totals) -> str:  # noqa: ARG002 - the rows say it all
        """Show the table."""
        if not self._widest["conn"]:
            return ""
        head = tuple(catalog.sentence("column", column, self._lang) for column in COLUMNS)
        self._widen(head)
        layout, widths = self._fitting()
        lines = [self._paint(paint.BOLD, line) for line in _lines(head, layout, widths)]
        all_placed = sum(map(len, layout)) == len(COLUMNS)
        shown = 0
        pieces: list[str] = []  # of the text, some thousand lines each
        for row in self._rows():
            if len(lines) >= PIECE:
                pieces.append("\n".join(lines))
                lines = []
            if self._headings and row.source != shown:
                shown = row.source
                lines += (
                    self._paint(paint.BOLD, line) for line in self._wrap(f"==> {safe(self._sources[shown - 1])} <==")
                )
            cells = self._painted(row) if self._color else row.cells
            lines += _lines(cells, layout, widths)
            if not all_placed:
                lines += self._below(row.cells, cells, layout)
        return "\n".join([*pieces, *lines, ""])

    def _rows(self) -> Iterator[Row]:
        """Yield the rows of all inputs, once each."""
        for source, kept in enumerate(self._kept, 1):
            yield from kept.taken(source)

    def _widen(self, cells: tuple[str, ...]) -> None:
        for name, cell in zip(COLUMNS, cells, strict=True):
            if (columns := width(cell)) > self._widest[name]:
                self._widest[name] = columns

    def _fitting(self) -> tuple[Layout, list[int]]:
        """Return the widest way to set the rows that fits, and how wide each of its columns is."""
        needed = self._widest
        for layout in LAYOUTS:
            widths = [max(needed[name] for name in group) for group in layout]
            if self._columns is None or sum(widths) + len(GAP) * (len(widths) - 1) <= self._columns:
                break
        return layout, widths

    def _painted(self, row: Row) -> tuple[str, ...]:
        """Return the cells of a row in colours: both ends in their own, what was remarkable in that of the gravest."""
        tints: dict[str, str] = {role: paint.ROLES[role] for role in paint.ROLES if row.cells[_PLACE[role]] != _UNKNOWN}
        if row.closed_first:
            tints["closed_first"] = paint.ROLES[row.closed_first]
        if row.gravity >= 0:
            tints["findings"] = paint.SEVERITIES[GRAVITY[row.gravity]]
        return tuple(self._paint(tints.get(name, ""), cell) for name, cell in zip(COLUMNS, row.cells, strict=True))

    def _below(self, cells: tuple[str, ...], painted: tuple[str, ...], layout: Layout) -> list[str]:
        """Return what has found no column, each with its name; nothing for what is unknown."""
        placed = {name for group in layout for name in group}
        lines = []
        for name, cell, shown in zip(COLUMNS, cells, painted, strict=True):
            if name not in placed and cell != _UNKNOWN:
                label = catalog.sentence("column", name, self._lang)
                values = {"label": label, "text": shown}
                text = catalog.fill(catalog.sentence("ui", "labelled", self._lang), values)
                lines += self._wrap(text, GAP * 2)
        return lines

    def _wrap(self, text: str, indent: str = "") -> list[str]:
        if self._columns is None:
            return [indent + text]
        return [indent + line for line in broken(text, max(self._columns - len(indent), 1))]

    def _cells(self, summary: Summary) -> tuple[str, ...]:
        flow, closed, metrics, found = summary.flow, summary.closed_first, summary.metrics, summary.findings
        sent, received = _octets(metrics)
        return (
            str(flow.conn),
            peer(flow.client),
            peer(flow.server),
            summary.verdict,
            catalog.sentence("role", closed, self._lang) if closed else _UNKNOWN,
            _UNKNOWN if sent is None else str(sent),
            _UNKNOWN if received is None else str(received),
            self._seconds(metrics.get("handshake_time")),
            ", ".join([code if n == 1 else f"{code}×{n}" for code, n in found.items()]) if found else _UNKNOWN,
        )

    def _seconds(self, value: object) -> str:
        return catalog.duration(round(value * _NANO), self._lang) if isinstance(value, int | float) else _UNKNOWN


def _octets(metrics: Mapping[str, object]) -> tuple[int | None, int | None]:
    """Return the payload of client and server, in octets."""
    octets = metrics.get("payload_bytes")
    return (octets.get("client"), octets.get("server")) if isinstance(octets, dict) else (None, None)


def _lines(cells: tuple[str, ...], layout: Layout, widths: Sequence[int]) -> list[str]:
    lines = []
    for level in range(max(map(len, layout))):
        parts = []
        for group, columns in zip(layout, widths, strict=True):
            name = group[level] if level < len(group) else ""
            cell = cells[_PLACE[name]] if name else ""
            if name in RIGHT:
                cell = " " * (columns - width(cell)) + cell
            else:
                cell = cell.ljust(columns) if cell.isascii() and cell.isprintable() else padded(cell, columns)
            parts.append(cell)
        lines.append(GAP.join(parts).rstrip())
    return lines


def _most(value: float | None) -> float:
    """Order the largest first, what is unknown last."""
    return inf if value is None else -value


def _bytes(summary: Summary) -> float:
    known = [count for count in _octets(summary.metrics) if count is not None]
    return _most(sum(known) if known else None)


def _handshake(summary: Summary) -> float:
    time = summary.metrics.get("handshake_time")
    return _most(time if isinstance(time, int | float) else None)


def gravest(summary: Summary) -> int:
    """Return the place of the gravest finding in `GRAVITY`, -1 without any."""
    return max((GRAVITY.index(severity_of(code, summary.mild)) for code in summary.findings), default=-1)


def _gravity(summary: Summary) -> tuple[int, int]:
    """Order the gravest finding first, then the most of them."""
    return -gravest(summary), -sum(summary.findings.values())


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
