"""
One row a connection, with numbers to sort by: the worst in full, the others as plain lines, of which a script makes rows.

A browser takes a second for 5,000 rows in full, and no time for as many lines of text.
"""

from __future__ import annotations

from heapq import heappush, heappushpop, heapreplace
from typing import TYPE_CHECKING, Final, NamedTuple

from tdparse import catalog, wording
from tdparse.render.report.gravity import of_summary, of_verdict
from tdparse.render.report.markup import Html, duration, joined, label, pair, shown
from tdparse.render.text import peer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from tdparse.model import Summary
    from tdparse.render.report.keep import Beat

FULL: Final = 1000  # connections with a row in full
ROWS: Final = 10_000  # connections in the table; what is left out is counted
FIRST: Final = 200  # rows that are laid out at once where a script can show the others
BARS: Final = 24  # of a sparkline
COLUMNS: Final = ("conn", "client", "server", "verdict", "sent", "received", "rtt", "again", "duration", "activity")
_NANO: Final = 1_000_000_000


class Row(NamedTuple):
    """A connection in the table."""

    rank: tuple[int, ...]  # larger is worse
    order: int  # larger came first
    place: str  # its id
    keys: tuple[object, ...]  # what a script sorts by, in the order of COLUMNS
    verdict: Html
    spark: Html


class Table:
    """Takes connections as they end."""

    def __init__(self) -> None:
        """No rows."""
        self.count = 0  # connections that were taken
        self._full: list[Row] = []  # heaps, the least bad first
        self._plain: list[Row] = []

    def add(self, place: str, summary: Summary, beats: Callable[[], Iterable[Beat]]) -> None:
        """Take a connection, and what says how it went on in time: asked only where it is shown."""
        self.count += 1
        rank = of_summary(summary)
        row = Row(rank, -self.count, place, _keys(self.count, summary, rank), verdict_badge(summary), Html(""))
        if len(self._full) < FULL:
            heappush(self._full, row._replace(spark=sparkline(beats())))
            return
        if row > self._full[0]:
            row = heapreplace(self._full, row._replace(spark=sparkline(beats())))
        if len(self._plain) < ROWS - FULL:
            heappush(self._plain, row)
        else:
            heappushpop(self._plain, row)

    def facts(self, names: Mapping[str, str]) -> dict[str, object]:
        """Return what a script needs: keys to sort by, and what it makes rows of where they are not there in full."""
        plain = sorted(self._plain, reverse=True)
        verdicts = {row.keys[_VERDICT]: row.verdict for row in plain}
        return {
            "keys": [row.keys for row in (*sorted(self._full, reverse=True), *plain)],
            "names": [names[row.place] for row in plain],
            "verdicts": verdicts,
        }

    def markup(self, told: Collection[str], names: Mapping[str, str]) -> Html:
        """Return the table, the worst first; `told` are the places that are told in detail, `names` what they are called."""
        rows = sorted(self._full, reverse=True)
        heads = joined(Html(f"<th scope=col>{label('column_' + column)}</th>") for column in COLUMNS)
        bodies = [_body(rows[:FIRST], told, names, "")]
        if len(rows) > FIRST:
            bodies.append(_body(rows[FIRST:], told, names, " class=more"))
        left = self.count - len(self._full) - len(self._plain)
        notice = f"<p class=notice>{label('rows_left', n=f'{left:,}')}</p>" if left else ""
        return Html(
            f"<div class=tools id=tools></div>{notice}<div class=scroll tabindex=0 role=region aria-labelledby=connections-h>"
            f"<table id=table><caption>{label('table_caption')}</caption><thead><tr>{heads}</tr></thead>"
            f"{joined(bodies)}</table></div>{self._others(names)}"
        )

    def _others(self, names: Mapping[str, str]) -> Html:
        """Return the rows that are plain lines."""
        if not self._plain:
            return Html("")
        lines = []
        for row in sorted(self._plain, reverse=True):
            _order, client, server, verdict, sent, received, rtt, again, length, _rank = row.keys
            figures = (_count(sent), _count(received), _span(rtt), _count(again), _span(length))
            lines.append(
                f"{names[row.place]} {shown(str(client))} → {shown(str(server))}  {verdict}  {'  '.join(figures)}"
            )
        text = "\n".join(lines)
        return Html(
            f"<details id=others><summary>{label('rows_more', n=f'{len(lines):,}')}</summary><pre>{text}</pre></details>"
        )


_VERDICT: Final = COLUMNS.index("verdict")


def _keys(order: int, summary: Summary, rank: tuple[int, ...]) -> tuple[object, ...]:
    flow, metrics = summary.flow, summary.metrics
    sent, received = (number(metrics, "payload_bytes", role) for role in ("client", "server"))
    again = [number(metrics, "retransmitted_segments", role) for role in ("client", "server")]
    repeated = None if again == [None, None] else sum(count or 0 for count in again)
    rtt = seconds(metrics, "handshake_time") or seconds(metrics, "rtt_server")
    length = seconds(metrics, "duration")
    return order, peer(flow.client), peer(flow.server), summary.verdict, sent, received, rtt, repeated, length, rank


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


def _count(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else "–"


def _span(value: object) -> str:
    return catalog.duration(value, "en") if isinstance(value, int) else "–"


def _time(value: object) -> Html:
    return duration(value) if isinstance(value, int) else Html("–")


def _body(rows: Sequence[Row], told: Collection[str], names: Mapping[str, str], form: str) -> Html:
    lines = []
    for row in rows:
        name = names[row.place]
        link = f'<a href="#c{row.place}">{name}</a>' if row.place in told else name
        _order, client, server, _verdict, sent, received, rtt, again, length, _rank = row.keys
        lines.append(
            f"<tr><td>{link}</td><td>{shown(str(client))}</td><td>{shown(str(server))}</td><td>{row.verdict}</td>"
            f"<td>{_count(sent)}</td><td>{_count(received)}</td><td>{_time(rtt)}</td><td>{_count(again)}</td>"
            f"<td>{_time(length)}</td><td>{row.spark}</td></tr>"
        )
    return Html(f"<tbody{form}>{''.join(lines)}</tbody>")
