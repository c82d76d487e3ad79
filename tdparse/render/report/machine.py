"""
The state diagram of RFC 9293, figure 5, from the transition table, and the path of one endpoint over it.

Boxes and arrows stand once in the page; a path refers to them, so that it costs little.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from tdparse.model import State
from tdparse.render.report.markup import Html, joined, shown
from tdparse.transitions import arrows
from tdparse.wording import state_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tdparse.model import Role, Standing, Step, Summary

WIDTH, HEIGHT = 760, 560
BOX: Final = (118, 34)

# Where RFC 9293 has them in figure 5; CLOSED stands at the beginning and at the end.
PLACES: Final = {
    State.CLOSED: (380, 28),
    State.LISTEN: (380, 116),
    State.SYN_RECEIVED: (110, 190),
    State.SYN_SENT: (650, 190),
    State.ESTABLISHED: (380, 264),
    State.FIN_WAIT_1: (110, 350),
    State.CLOSE_WAIT: (650, 350),
    State.FIN_WAIT_2: (110, 440),
    State.CLOSING: (380, 400),
    State.LAST_ACK: (650, 440),
    State.TIME_WAIT: (380, 528),
    State.UNKNOWN: (650, 28),
}
END: Final = (650, 528)  # CLOSED once more
_FINAL: Final = frozenset({
    State.LAST_ACK, State.TIME_WAIT, State.CLOSING, State.FIN_WAIT_1, State.FIN_WAIT_2, State.CLOSE_WAIT,
    State.ESTABLISHED,
})  # fmt: skip

# The arrows of figure 5, as the figure labels them; the table has more, which are drawn where a path takes them.
FIGURE: Final = {
    (State.CLOSED, State.LISTEN): "listen()",
    (State.CLOSED, State.SYN_SENT): "snd SYN",
    (State.LISTEN, State.SYN_RECEIVED): "rcv SYN, snd SYN-ACK",
    (State.LISTEN, State.SYN_SENT): "snd SYN",
    (State.SYN_SENT, State.SYN_RECEIVED): "rcv SYN, snd SYN-ACK",
    (State.SYN_SENT, State.ESTABLISHED): "rcv SYN-ACK, snd ACK",
    (State.SYN_RECEIVED, State.ESTABLISHED): "rcv ACK of SYN",
    (State.SYN_RECEIVED, State.FIN_WAIT_1): "snd FIN",
    (State.ESTABLISHED, State.FIN_WAIT_1): "snd FIN",
    (State.ESTABLISHED, State.CLOSE_WAIT): "rcv FIN, snd ACK",
    (State.FIN_WAIT_1, State.FIN_WAIT_2): "rcv ACK of FIN",
    (State.FIN_WAIT_1, State.CLOSING): "rcv FIN, snd ACK",
    (State.FIN_WAIT_1, State.TIME_WAIT): "rcv FIN-ACK, snd ACK",
    (State.FIN_WAIT_2, State.TIME_WAIT): "rcv FIN, snd ACK",
    (State.CLOSING, State.TIME_WAIT): "rcv ACK of FIN",
    (State.CLOSE_WAIT, State.LAST_ACK): "snd FIN",
    (State.LAST_ACK, State.CLOSED): "rcv ACK of FIN",
    (State.TIME_WAIT, State.CLOSED): "2 MSL",
}


class Move(NamedTuple):
    """One change of an endpoint's state."""

    before: Standing
    after: Standing
    line: int | None  # of the segment that did it; None: a timer, or the end of the log
    step: Step | None


def moves(role: Role, steps: Iterable[Step], summary: Summary) -> list[Move]:
    """Return every change of an endpoint's state, in order: those of segments, and what came after the last of them."""
    found: list[Move] = []
    last: Standing | None = None
    for step in steps:
        side = step.client if role == "client" else step.server
        if last is not None and side.before.state != last.state:
            found.append(Move(last, side.before, None, None))
        if side.before.state != side.after.state:
            found.append(Move(side.before, side.after, step.segment.line, step))
        last = side.after
    final = summary.client_state if role == "client" else summary.server_state
    if last is not None and final.state != last.state:
        found.append(Move(last, final, None, None))
    return found


@cache
def symbols() -> Html:
    """Return what every diagram of the page refers to: the arrows, and the whole figure."""
    pairs = sorted({*arrows(), *FIGURE}, key=_order)
    paths = joined(Html(f'<path id="{edge_id(*pair)}" d="{_edge(*pair)}"/>') for pair in pairs)
    edges = joined(Html(f'<use href="#{edge_id(*pair)}" class=edge />') for pair in FIGURE)
    words = joined(_label(pair, text) for pair, text in FIGURE.items())
    boxes = joined(
        Html(f"<g class=box>{_box(x, y)}{_name(x, y, state)}</g>")
        for state, (x, y) in [*PLACES.items(), (State.CLOSED, END)]
        if state is not State.UNKNOWN
    )
    return Html(
        "<svg class=defs aria-hidden=true width=0 height=0><defs>"
        '<marker id=tip viewBox="0 0 10 10" refX=9 refY=5 markerWidth=7 markerHeight=7 orient=auto>'
        '<path d="M0 0L10 5L0 10z"/></marker>'
        '<marker id=tip-on viewBox="0 0 10 10" refX=8 refY=5 markerWidth=4.5 markerHeight=4.5 orient=auto>'
        '<path d="M0 0L10 5L0 10z"/></marker>'
        f"{paths}<g id=fsm>{edges}{boxes}</g><g id=fsm-words>{words}</g></defs></svg>"
    )


def diagram(found: Sequence[Move], name: Html) -> Html:
    """Return the figure with a path over it."""
    return _diagram(tuple((move.before.state, move.after.state) for move in found), name)


@lru_cache
def _diagram(found: tuple[tuple[State, State], ...], name: Html) -> Html:
    """Most connections take one of few paths."""
    parts, seen = [], set()
    unknown = any(State.UNKNOWN in pair for pair in found)
    for place, pair in enumerate(found, 1):
        known = pair in arrows() or pair in FIGURE
        shape = f'<use href="#{edge_id(*pair)}"' if known else f'<path d="{_edge(*pair)}"'
        parts.append(Html(f'{shape} class="edge on" data-k={place} />'))
    for place, pair in enumerate(found, 1):
        x, y = _middle(*pair)
        while (round(x), round(y)) in seen:
            x += 22
        seen.add((round(x), round(y)))
        parts.append(
            Html(
                f"<g class=no data-k={place}><circle cx={x:.0f} cy={y:.0f} r=10 /><text class=mid x={x:.0f} y={y + 4:.0f}>{place}</text></g>"
            )
        )
    states = [old for old, _new in found[:1]] + [new for _old, new in found]
    boxes = []
    for place, state in enumerate(states):
        x, y = _at(state, end=place > 0)
        final = " final" if place == len(states) - 1 else ""
        boxes.append(Html(f'<g class="box on{final}" data-k={place}>{_box(x, y)}{_name(x, y, state)}</g>'))
    extra = (
        Html(f"<g class=box>{_box(*PLACES[State.UNKNOWN])}{_name(*PLACES[State.UNKNOWN], State.UNKNOWN)}</g>")
        if unknown
        else ""
    )
    return Html(
        f'<svg class=fsm viewBox="0 0 {WIDTH} {HEIGHT}" role=img><title>{name}</title><use href="#fsm"/>{extra}'
        f'{joined(parts[: len(found)])}<use href="#fsm-words"/>{joined(boxes)}{joined(parts[len(found) :])}</svg>'
    )


def edge_id(old: State, new: State) -> str:
    """Return the id of an arrow."""
    return f"e-{old}-{new}".lower()


def change(move: Move) -> Html:
    """Return a change in words: both states with their marks."""
    return shown(f"{state_text(move.before)} → {state_text(move.after)}")


# ------------------------------------------------------------------ geometry


def _at(state: State, *, end: bool) -> tuple[int, int]:
    return END if state is State.CLOSED and end else PLACES[state]


def _order(pair: tuple[State, State]) -> tuple[int, int]:
    states = list(State)
    return states.index(pair[0]), states.index(pair[1])


def _ends(old: State, new: State) -> tuple[int, int, int, int]:
    """Return the centres of the boxes an arrow joins; CLOSED is the one at the end for who had opened."""
    x0, y0 = PLACES[old]
    x1, y1 = _at(new, end=old in _FINAL)
    return x0, y0, x1, y1


def _edge(old: State, new: State) -> str:
    """Return the path from the border of one box to that of another; what would cross boxes goes around them."""
    x0, y0, x1, y1 = _ends(old, new)
    if (old, new) == (State.FIN_WAIT_1, State.TIME_WAIT):
        return f"M{x0 + 40} {y0 + 17}C{x0 + 70} {y0 + 90} {x1 - 70} {y1 - 90} {x1 - 22} {y1 - 17}"
    if old is new:
        return f"M{x0 + 59} {y0 - 8}c40 -20 40 36 0 16"
    if (old, new) in FIGURE:
        bx, by = _border(x0, y0, x1, y1)
        ex, ey = _border(x1, y1, x0, y0)
        return f"M{bx:.0f} {by:.0f}L{ex:.0f} {ey:.0f}"
    bend = 46 if (x0, y0) < (x1, y1) else -46
    if x0 == x1:
        bend *= 2
    cx, cy = (x0 + x1) / 2 + (bend if x0 == x1 else 0), (y0 + y1) / 2 + (bend if x0 != x1 else 0)
    bx, by = _border(x0, y0, cx, cy)
    ex, ey = _border(x1, y1, cx, cy)
    return f"M{bx:.0f} {by:.0f}Q{cx:.0f} {cy:.0f} {ex:.0f} {ey:.0f}"


def _border(x: float, y: float, to_x: float, to_y: float) -> tuple[float, float]:
    """Return where the line from the middle of a box leaves it."""
    dx, dy = to_x - x, to_y - y
    half_x, half_y = BOX[0] / 2 + 2, BOX[1] / 2 + 2
    scale = min(half_x / abs(dx) if dx else 9, half_y / abs(dy) if dy else 9)
    return x + dx * scale, y + dy * scale


def _middle(old: State, new: State) -> tuple[float, float]:
    """Return where the number of an arrow stands."""
    numbers = [
        float(part)
        for part in _edge(old, new)
        .replace("M", " ")
        .replace("C", " ")
        .replace("L", " ")
        .replace("Q", " ")
        .replace("c", " ")
        .split()
    ]
    points = list(zip(numbers[::2], numbers[1::2], strict=True))
    if len(points) == 3:  # noqa: PLR2004 - a curve with one point that bends it
        (a, b), (c, d), (e, f) = points
        return (a + 2 * c + e) / 4, (b + 2 * d + f) / 4
    (a, b), (e, f) = points[0], points[-1]
    if len(points) == 2:  # noqa: PLR2004 - a straight line: nearer to where it comes from, away from its label
        return a + (e - a) * 0.2, b + (f - b) * 0.2
    return (a + e) / 2, (b + f) / 2


def _label(pair: tuple[State, State], text: str) -> Html:
    x0, y0, x1, y1 = _ends(*pair)
    x, y = x0 + (x1 - x0) * 0.55, y0 + (y1 - y0) * 0.55
    if pair == (State.FIN_WAIT_1, State.TIME_WAIT):
        return Html(f'<text class="why mid" x={x0 + 118} y={y0 + 76}>{text}</text>')
    if x0 == x1:
        anchor, x = (" end", x - 8) if x0 < WIDTH / 3 else ("", x + 8)
        return Html(f'<text class="why{anchor}" x={x:.0f} y={y + 3:.0f}>{text}</text>')
    return Html(f'<text class="why mid" x={x:.0f} y={y + 1:.0f}>{text}</text>')


def _box(x: int, y: int) -> str:
    return f"<rect x={x - BOX[0] // 2} y={y - BOX[1] // 2} width={BOX[0]} height={BOX[1]} rx=8 />"


def _name(x: int, y: int, state: State) -> str:
    return f"<text class=mid x={x} y={y + 5}>{state.replace('_', '-')}</text>"
