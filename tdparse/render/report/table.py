"""One row a connection, with numbers to sort by; of very many the worst."""

from __future__ import annotations

from heapq import heappush, heappushpop
from typing import TYPE_CHECKING, Final, NamedTuple

from tdparse import wording
from tdparse.render.report.gravity import of_summary, of_verdict
from tdparse.render.report.markup import Html, duration, joined, label, pair, shown
from tdparse.render.text import peer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from tdparse.model import Summary
    from tdparse.render.report.keep import Beat

ROWS: Final = 6000  # connections; what is left out is counted
FIRST: Final = 200  # rows that are laid out at once where a script can show the others
BARS: Final = 24  # of a sparkline
COLUMNS: Final = ("conn", "client", "server", "verdict", "sent", "received", "rtt", "again", "duration", "activity")
_NANO: Final = 1_000_000_000


class Row(NamedTuple):
    """A connection in the table."""

    rank: tuple[int, ...]  # larger is worse
    order: int  # smaller came first
    place: str  # its id
    cells: Html  # all but its name
    keys: tuple[object, ...]  # what a script sorts by, in the order of COLUMNS


class Table:
    """Takes connections as they end."""

    def __init__(self) -> None:
        """No rows."""
        self._rows: list[tuple[tuple[int, ...], int, Row]] = []
        self._count = 0

    def add(self, place: str, summary: Summary, beats: Iterable[Beat]) -> None:
        """Take a connection: the worst stay."""
        self._count += 1
        rank = of_summary(summary)
        if len(self._rows) < ROWS:
            heappush(self._rows, (rank, -self._count, self._row(place, summary, beats, rank)))
            return
        if rank > self._rows[0][0]:
            heappushpop(self._rows, (rank, -self._count, self._row(place, summary, beats, rank)))

    @property
    def count(self) -> int:
        """How many connections there were."""
        return self._count

    def keys(self) -> list[tuple[object, ...]]:
        """Return what a script sorts the rows by."""
        return [row.keys for row in self._sorted()]

    def markup(self, told: Collection[str], names: Mapping[str, str]) -> Html:
        """Return the table, the worst first; `told` are the places that are told in detail, `names` what they are called."""
        rows = self._sorted()
        heads = joined(Html(f"<th scope=col>{label('column_' + column)}</th>") for column in COLUMNS)
        bodies = [_body(rows[:FIRST], told, names, "")]
        if len(rows) > FIRST:
            bodies.append(_body(rows[FIRST:], told, names, " class=more"))
        left = self._count - len(rows)
        notice = f"<p class=notice>{label('rows_left', n=f'{left:,}')}</p>" if left else ""
        return Html(
            f"<div class=tools id=tools></div>{notice}<div class=scroll tabindex=0 role=region aria-labelledby=connections-h>"
            f"<table id=table><caption>{label('table_caption')}</caption><thead><tr>{heads}</tr></thead>"
            f"{joined(bodies)}</table></div>"
        )

    def _sorted(self) -> list[Row]:
        return [row for _rank, _order, row in sorted(self._rows, reverse=True)]

    def _row(self, place: str, summary: Summary, beats: Iterable[Beat], rank: tuple[int, ...]) -> Row:
        flow, metrics = summary.flow, summary.metrics
        sent, received = (number(metrics, "payload_bytes", role) for role in ("client", "server"))
        again = [number(metrics, "retransmitted_segments", role) for role in ("client", "server")]
        repeated = None if again == [None, None] else sum(count or 0 for count in again)
        rtt = seconds(metrics, "handshake_time") or seconds(metrics, "rtt_server")
        length = seconds(metrics, "duration")
        verdict = verdict_badge(summary)
        client, server = peer(flow.client), peer(flow.server)
        cells = Html(
            f"<td>{shown(client)}</td><td>{shown(server)}</td><td>{verdict}</td>"
            f"<td>{_count(sent)}</td><td>{_count(received)}</td><td>{_time(rtt)}</td><td>{_count(repeated)}</td>"
            f"<td>{_time(length)}</td><td>{sparkline(beats)}</td>"
        )
        keys = (self._count, client, server, summary.verdict, sent, received, rtt, repeated, length, rank)
        return Row(rank, self._count, place, cells, keys)


def verdict_badge(summary: Summary) -> Html:
    """Return a verdict, in the colour of how bad it is."""
    words = pair(lambda lang: wording.verdict_text(summary, lang))
    return Html(f"<span class=g{int(of_verdict(summary.verdict))}>{words}</span>")


def sparkline(beats: Iterable[Beat]) -> Html:
    """Return what each end sent over time: the client's upwards, the server's downwards, oddities marked."""
    points = list(beats)
    if not points:
        return Html("")
    begin = min(point[0] for point in points)
    span = max(point[0] for point in points) - begin or 1
    up, down, odd = [0] * BARS, [0] * BARS, [False] * BARS
    for time, role, octets, remarkable in points:
        place = min(BARS - 1, (time - begin) * BARS // span)
        bars = up if role == "client" else down
        bars[place] += octets + 40  # a segment without payload is seen, too
        odd[place] = odd[place] or remarkable
    most = max(*up, *down)
    parts = []
    for bars, sign in ((up, -1), (down, 1)):
        path = "".join(
            f"M{2 * place + 1} 10v{sign * max(1, round(amount * 9 / most))}"
            for place, amount in enumerate(bars)
            if amount
        )
        if path:
            parts.append(f'<path class={"up" if sign < 0 else "down"} d="{path}"/>')
    marks = "".join(f"M{2 * place + 1} 10h0" for place, is_odd in enumerate(odd) if is_odd)
    if marks:
        parts.append(f'<path class=odd d="{marks}"/>')
    return Html(f'<svg class=spark aria-hidden=true viewBox="0 0 48 20">{"".join(parts)}</svg>')


def number(metrics: Mapping[str, object], name: str, role: str) -> int | None:
    """Return a count of one side, None if the log does not tell it."""
    values = metrics.get(name)
    count = values.get(role) if isinstance(values, dict) else None
    return count if isinstance(count, int) else None


def seconds(metrics: Mapping[str, object], name: str) -> int | None:
    """Return a duration in nanoseconds, None if the log does not tell it."""
    value = metrics.get(name)
    return round(value * _NANO) if isinstance(value, int | float) else None


def _count(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def _time(value: int | None) -> Html:
    return Html("–") if value is None else duration(value)


def _body(rows: Sequence[Row], told: Collection[str], names: Mapping[str, str], form: str) -> Html:
    lines = []
    for row in rows:
        name = names[row.place]
        link = f'<a href="#c{row.place}">{name}</a>' if row.place in told else name
        lines.append(f"<tr><td>{link}</td>{row.cells}</tr>")
    return Html(f"<tbody{form}>{''.join(lines)}</tbody>")
