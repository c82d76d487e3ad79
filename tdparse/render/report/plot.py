"""
Plots as static SVG: sequence numbers, round-trip time, octets in flight and window, over time.

The curves stand in coordinates of their own, in a nested picture that is stretched over the field, with strokes that
do not stretch: so a script zooms by looking at another part of it, and needs no second description of the data. Each
``V`` (or ``h0``, a dot) of a curve is one record; its line stands at the same place of the list that goes with it.
"""

from __future__ import annotations

from math import floor, log10
from operator import sub
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tdparse import catalog
from tdparse.render.report.markup import Html, joined, label, quoted, said
from tdparse.render.report.series import AGAIN, FIN, PROBE, RST, SYN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tdparse.model import Role
    from tdparse.render.report.series import Direction, Series

WIDE: Final = 1_000_000  # the curves' own coordinates, across
HIGH: Final = 100_000  # and down
PAD: Final = 12_000  # around the curves, so that no dot is cut
FLOOR: Final = 3_000  # below them
WIDTH: Final = 920
LEFT, RIGHT, TOP, BOTTOM = 64, 14, 10, 24  # around a field
TICKS: Final = 6
WORTH: Final = 6  # segments that make a curve worth a plot of its own, beside that of the other direction
HEADROOM: Final = 1.08
FAR: Final = 1.8  # a window edge beyond that many times the data is cut off: it would flatten the data
_NANO: Final = 1_000_000_000
_MICRO: Final = 1_000
_MILLI: Final = 1_000_000


class Curve(NamedTuple):
    """One curve: its class, its path, the lines its records stand in, and its largest amount."""

    form: str
    path: str
    lines: Sequence[int]
    top: float


class Field(NamedTuple):
    """The part of time and amount that a plot shows at first."""

    begin: int
    end: int  # nanoseconds
    top: float  # the largest amount

    def across(self, times: Iterable[int]) -> list[int]:
        """Return where times stand."""
        begin, span = self.begin, self.end - self.begin
        return [round((time - begin) * WIDE / span) for time in times]

    def down(self, values: Sequence[int]) -> list[int]:
        """Return where amounts stand, from above; what is far above the picture, not so far."""
        top = self.top
        places = [round(HIGH - value * HIGH / top) for value in values]
        return [max(place, -HIGH) for place in places] if min(places, default=0) < -HIGH else places


def plots(series: Series, place: str) -> tuple[Html, dict[str, Any]]:
    """
    Return the plots of one connection, and what a script needs to know of them; both empty without times or data.

    `place` begins the ids.
    """
    times = [point.time for way in series.of.values() for points in (way.sent, way.acked) for point in points]
    if not times:
        return Html(""), {}
    begin, end = min(times), max(times)
    if begin == end:
        return Html(""), {}
    drawn: list[Html] = []
    data: dict[str, Any] = {}
    most = max(way.octets for way in series.of.values())
    for role, way in series.of.items():
        # A SYN and a FIN make no curve; neither does a single request beside its long answer.
        if way.octets <= 2 or (way.octets < most and len(way.sent) < WORTH):  # noqa: PLR2004
            continue
        name = f"{place}{role[0]}"
        figure, facts = _direction(role, way, begin, end, name)
        drawn.append(figure)
        data[name] = facts
    return joined(drawn), data


def _direction(role: Role, way: Direction, begin: int, end: int, name: str) -> tuple[Html, dict[str, Any]]:
    parts: list[Html] = []
    data: dict[str, Any] = {}
    for kind, height, make, unit in (
        ("seq", 300, _sequence, amount),
        ("rtt", 120, _rtt, span),
        ("fly", 150, _flight, amount),
    ):
        top, curves = make(way, begin, end)
        if not curves:
            continue
        field = Field(begin, end, top)
        parts.append(_figure(f"{name}-{kind}", kind, height, field, curves, unit))
        data[kind] = {"top": round(top), "lines": [_deltas(curve.lines) for curve in curves]}
    other = "server" if role == "client" else "client"
    caption = said(
        "plot_of",
        lambda lang: {"x": catalog.sentence("role", role, lang), "y": catalog.sentence("role", other, lang)},
    )
    thin = Html(f"<p class=dim>{label('plot_thinned')}</p>") if way.thinned else ""
    return (
        Html(f"<div class=plots id={name}><h4>{caption}</h4>{thin}{joined(parts)}</div>"),
        {"begin": 0, "span": end - begin, "plots": data},
    )


# ------------------------------------------------------------------ curves


def _sequence(way: Direction, begin: int, end: int) -> tuple[float, list[Curve]]:
    if not way.sent:
        return 0, []
    data = max(point.end for point in way.sent)
    edge = max((point.ack + point.window for point in way.acked if point.window is not None), default=0)
    high = max(data, max((point.ack for point in way.acked), default=0))
    top = max(high * HEADROOM, min(edge * 1.02, high * FAR), 1)
    field = Field(begin, end, top)
    first = [point for point in way.sent if not point.kind & (AGAIN | PROBE | RST)]
    again = [point for point in way.sent if point.kind & AGAIN]
    marks = [point for point in way.sent if point.kind & (SYN | FIN | RST)]
    probes = [point for point in way.sent if point.kind & PROBE]
    zero = [point for point in way.acked if point.window == 0]
    window = [(point.time, point.line, point.ack + point.window) for point in way.acked if point.window is not None]
    curves = [
        _steps("window", field, window),
        _steps("ack", field, way.acked),
        _bars("sack", field, way.blocks),
        _bars("sent", field, first),
        _bars("again", field, again),
        _dots("mark", field, [(point.time, point.line, point.end) for point in marks]),
        _dots("probe", field, [(point.time, point.line, point.end) for point in probes]),
        _dots("zero", field, zero),
    ]
    return top, [curve for curve in curves if curve is not None]


def _rtt(way: Direction, begin: int, end: int) -> tuple[float, list[Curve]]:
    if not way.rtt:
        return 0, []
    top = max(point.value for point in way.rtt) * 1.1 or 1
    curve = _dots("rtt", Field(begin, end, top), way.rtt)
    return top, [] if curve is None else [curve]


def _flight(way: Direction, begin: int, end: int) -> tuple[float, list[Curve]]:
    flight = max((point.value for point in way.flight), default=0)
    if not flight:
        return 0, []
    windows = [(point.time, point.line, point.window) for point in way.acked if point.window is not None]
    largest = max((window for _time, _line, window in windows), default=0)
    top = max(flight * HEADROOM, min(largest * 1.02, flight * 12), 1)
    field = Field(begin, end, top)
    zero = [point for point in windows if point[2] == 0]
    curves = [_steps("window", field, windows), _steps("flight", field, way.flight), _dots("zero", field, zero)]
    return top, [curve for curve in curves if curve is not None]


def _bars(form: str, field: Field, points: Sequence[tuple[int, ...]]) -> Curve | None:
    """Return upright strokes: time, line, lower and upper end; None without one."""
    if not points:
        return None
    times, lines, first, last = [*zip(*points, strict=True)][:4]
    places = zip(field.across(times), field.down(first), field.down(last), strict=True)
    return Curve(form, "".join([f"M{x} {low}V{high}" for x, low, high in places]), lines, max(0, *last))


def _steps(form: str, field: Field, points: Sequence[tuple[int | None, ...]]) -> Curve | None:
    """Return a staircase: time, line, value; None without a step."""
    if not points:
        return None
    times, lines, values = [*zip(*points, strict=True)][:3]
    xs, ys = field.across(times), field.down(values)
    path = "".join([f"H{x}V{y}" for x, y in zip(xs, ys, strict=True)])
    begin = f"H{xs[0]}"
    return Curve(form, f"M{xs[0]} {ys[0]}{path.removeprefix(begin)}H{WIDE}", lines, max(0, *values))


def _dots(form: str, field: Field, points: Sequence[tuple[int | None, ...]]) -> Curve | None:
    """Return dots: time, line, value; None without one."""
    if not points:
        return None
    times, lines, values = [*zip(*points, strict=True)][:3]
    places = zip(field.across(times), field.down(values), strict=True)
    return Curve(form, "".join([f"M{x} {y}h0" for x, y in places]), lines, max(0, *values))


def _deltas(lines: Sequence[int]) -> list[int]:
    """Return the first number, and from each to the next: short to write."""
    return [*lines[:1], *map(sub, lines[1:], lines)]


# ------------------------------------------------------------------ the picture


def _figure(
    name: str, kind: str, height: int, field: Field, curves: Sequence[Curve], unit: Callable[[float], str]
) -> Html:
    inner_width, inner_height = WIDTH - LEFT - RIGHT, height - TOP - BOTTOM
    grid = []
    for value in ticks(field.top, max(3, inner_height // 45)):
        y = TOP + inner_height * (1 - value / field.top) * HIGH / (HIGH + FLOOR)
        grid.append(
            f'<path class=grid d="M{LEFT} {y:.1f}h{inner_width}"/>'
            f"<text class=end x={LEFT - 6} y={y + 4:.1f}>{unit(value)}</text>"
        )
    total = field.end - field.begin
    for value in ticks(total, TICKS):
        x = LEFT + inner_width * (value / total * WIDE + PAD) / (WIDE + 2 * PAD)
        anchor = " class=end" if x > WIDTH - 40 else " class=mid"
        grid.append(
            f'<path class=grid d="M{x:.1f} {TOP}v{inner_height}"/><text{anchor} x={x:.1f} y={height - 8}>{span(value)}</text>'
        )
    drawn = "".join(f'<path class=k-{curve.form} d="{curve.path}"/>' for curve in curves)
    keys = joined(Html(f"<li class=k-{curve.form}><i></i>{_key(curve, field, unit)}</li>") for curve in curves)
    title = label(f"plot_{kind}")
    return Html(
        f"<figure class=plot id={name} data-kind={kind} data-height={height}>"
        f"<figcaption>{title}<ul class=keys>{keys}</ul></figcaption>"
        f'<svg class=field viewBox="0 0 {WIDTH} {height}" role=img aria-labelledby={quoted(name + "-t")}>'
        f"<title id={name}-t>{_plain_title(kind)}</title><g class=axes>{''.join(grid)}</g>"
        f'<svg class=curves x={LEFT} y={TOP} width={inner_width} height={inner_height} viewBox="{-PAD} 0 {WIDE + 2 * PAD} {HIGH + FLOOR}"'
        f" preserveAspectRatio=none>{drawn}</svg></svg></figure>"
    )


def _key(curve: Curve, field: Field, unit: Callable[[float], str]) -> Html:
    """Return what a curve is, and how high it goes where the picture does not show it."""
    name = label(f"curve_{curve.form}")
    return Html(f"{name} ({label('above', n=unit(curve.top))})") if curve.top > field.top else name


def _plain_title(kind: str) -> Html:
    return Html(" / ".join(catalog.page(f"plot_{kind}")))


def ticks(top: float, most: int) -> list[float]:
    """
    Return round numbers from 0 to `top`, at most about `most`.

    >>> ticks(93, 5)
    [0, 20, 40, 60, 80]
    """
    if top <= 0:
        return [0.0]
    rough = top / most
    power = 10 ** floor(log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    return [place * step for place in range(int(top / step) + 1)]


def amount(value: float) -> str:
    """
    Return an amount as an axis shows it.

    >>> [amount(value) for value in (0, 950, 1500, 20000, 3e6)]
    ['0', '950', '1.5k', '20k', '3M']
    """
    for size, sign in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.4g}{sign}"
    return f"{value:.4g}"


def span(ns: float) -> str:
    """
    Return a time as an axis shows it.

    >>> [span(value) for value in (0, 2e3, 1.5e8, 3e9, 9e11)]
    ['0', '2 µs', '150 ms', '3 s', '900 s']
    """
    for size, sign in ((_NANO, "s"), (_MILLI, "ms"), (_MICRO, "µs")):
        if ns >= size:
            return f"{ns / size:.6g} {sign}"
    return f"{ns:.4g} ns" if ns else "0"
