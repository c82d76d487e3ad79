"""
The state diagram as a drawing, from the transition table: it stands where a page has the Mermaid text of the same table.

Only places are ours: boxes stand as in figure 5 of RFC 9293. Which arrows there are, and which rows each stands for, is read
from `tdparse.transitions`. Arrows to CLOSED, which nearly every state has, stand as a line of text in the box.
"""

from __future__ import annotations

from math import hypot
from typing import TYPE_CHECKING, Final, NamedTuple

from docutils import nodes
from sphinx.transforms import SphinxTransform

from tdparse.model import State
from tdparse.transitions import CALLS, TABLE, diagram

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx

S = State
WIDTH, HEIGHT = 980, 860
BOX: Final = (218, 54)
LEFT, MIDDLE, RIGHT = 160, 490, 820
PLACES: Final = {
    S.CLOSED: (MIDDLE, 40), S.LISTEN: (MIDDLE, 170), S.SYN_RECEIVED: (LEFT, 290), S.SYN_SENT: (RIGHT, 290),
    S.ESTABLISHED: (MIDDLE, 410), S.FIN_WAIT_1: (LEFT, 560), S.CLOSE_WAIT: (RIGHT, 560), S.FIN_WAIT_2: (LEFT, 720),
    S.CLOSING: (MIDDLE, 650), S.LAST_ACK: (RIGHT, 720), S.TIME_WAIT: (MIDDLE, 800),
}  # fmt: skip
# How far an arrow bends to its left, in pixels, where a straight one would run through a box or another arrow.
BENDS: Final = {
    (S.SYN_SENT, S.SYN_RECEIVED): 40, (S.LISTEN, S.SYN_RECEIVED): 22, (S.SYN_RECEIVED, S.LISTEN): 22,
    (S.FIN_WAIT_1, S.TIME_WAIT): -20, (S.SYN_SENT, S.FIN_WAIT_1): 190, (S.SYN_RECEIVED, S.CLOSE_WAIT): -115,
}  # fmt: skip
# Arrows that go around others: where they leave, how they turn (two control points), where they end, and their label.
AROUND: Final = {
    (S.CLOSED, S.SYN_SENT): ((601, 40), (760, 40), (820, 120), (820, 261), (772, 92)),
    (S.TIME_WAIT, S.SYN_RECEIVED): ((379, 810), (-80, 900), (-60, 420), (80, 319), (24, 600)),
    (S.TIME_WAIT, S.SYN_SENT): ((601, 810), (1060, 900), (1040, 420), (900, 319), (956, 600)),
}  # fmt: skip


DEFINITIONS: Final = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 0 L8 4 L0 8 z"/></marker></defs>'
)


class Arrow(NamedTuple):
    """One change of state, with the numbers of its rows, or the call that makes it."""

    old: State
    new: State
    rows: tuple[str, ...]


def arrows() -> list[Arrow]:
    """Return what the table changes, in the order of its rows; rows of several states stand for each of them."""
    found: dict[tuple[State, State], list[str]] = {(old, new): [call] for old, new, call in CALLS}
    for row in TABLE:
        if row.new is not None and len(row.states) == 1 and row.states[0] is not row.new:
            found.setdefault((row.states[0], row.new), []).append(f"T{row.number}")
    return [Arrow(old, new, tuple(rows)) for (old, new), rows in found.items()]


def drawing() -> str:
    """Return the picture as an SVG element."""
    ending = {arrow.old: arrow for arrow in arrows() if arrow.new is S.CLOSED}
    parts = [
        f'<svg viewBox="-12 0 {WIDTH + 24} {HEIGHT}" role="img" aria-label="TCP states and what moves between them">',
        DEFINITIONS,
    ]
    labels: list[str] = []
    for arrow in arrows():
        if arrow.new is not S.CLOSED:
            path, label = _drawn(arrow)
            parts.append(path)
            labels.append(label)
    parts += labels
    for state, (x, y) in PLACES.items():
        parts.append(f'<rect x="{x - BOX[0] / 2}" y="{y - BOX[1] / 2}" width="{BOX[0]}" height="{BOX[1]}" rx="6"/>')
        told = ending.get(state)
        parts.append(_text(x, y - 6 if told else y + 4, f'<tspan class="name">{state.replace("_", "-")}</tspan>'))
        if told is not None:
            parts.append(_text(x, y + 13, "→ CLOSED: " + _linked(told.rows)))
    return "".join([*parts, "</svg>"])


def _drawn(arrow: Arrow) -> tuple[str, str]:
    """Return the line of an arrow, and its label with a ground under it."""
    if around := AROUND.get((arrow.old, arrow.new)):
        start, one, two, end, (lx, ly) = (f"{x} {y}" if n < 4 else (x, y) for n, (x, y) in enumerate(around))  # noqa: PLR2004
        path = f'<path class="arrow" marker-end="url(#tip)" d="M{start} C{one} {two} {end}"/>'
        return path, _text(lx, ly, _linked(arrow.rows), halo=True)
    (x1, y1), (x2, y2) = PLACES[arrow.old], PLACES[arrow.new]
    length = hypot(x2 - x1, y2 - y1)
    bend = BENDS.get((arrow.old, arrow.new), 0)
    mx, my = (x1 + x2) / 2 + (y2 - y1) / length * bend, (y1 + y2) / 2 - (x2 - x1) / length * bend
    (ax, ay), (bx, by) = _edge(x1, y1, mx, my), _edge(x2, y2, mx, my)
    lx, ly = (ax + 2 * mx + bx) / 4, (ay + 2 * my + by) / 4
    rows = arrow.rows
    lines = [rows[start : start + 3] for start in range(0, len(rows), 3)]
    label = "".join(
        _text(lx, ly + 4 + 14 * (number - (len(lines) - 1) / 2), _linked(line), halo=True)
        for number, line in enumerate(lines)
    )
    return (
        f'<path class="arrow" marker-end="url(#tip)" d="M{ax:.0f} {ay:.0f} Q{mx:.0f} {my:.0f} {bx:.0f} {by:.0f}"/>',
        label,
    )


def _edge(x: float, y: float, towards_x: float, towards_y: float) -> tuple[float, float]:
    """Return where the line from the middle of a box leaves it."""
    dx, dy = towards_x - x, towards_y - y
    scale = min(
        (BOX[0] / 2 + 2) / abs(dx) if dx else float("inf"), (BOX[1] / 2 + 2) / abs(dy) if dy else float("inf"), 1.0
    )
    return x + dx * scale, y + dy * scale


def _linked(rows: tuple[str, ...]) -> str:
    return " ".join(
        f'<a href="generated/transitions.html#transition-{row.lower()}">{row}</a>' if row.startswith("T") else row
        for row in rows
    )


def _text(x: float, y: float, inner: str, *, halo: bool = False) -> str:
    ground = ' paint-order="stroke" style="stroke: var(--color-background-primary); stroke-width: 5px"' if halo else ""
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="middle"{ground}>{inner}</text>'


class Draw(SphinxTransform):
    """Puts the drawing where a page shows the table as Mermaid text."""

    default_priority = 210

    def apply(self, **_options: object) -> None:
        """Replace the blocks of this page."""
        for block in list(self._blocks()):
            if block.astext().strip() != diagram().strip():
                raise ValueError(
                    f"{self.env.docname}: the Mermaid text is not that of tdparse.transitions: make outputs"
                )
            block.replace_self(nodes.raw("", f'<div class="state-machine">{drawing()}</div>', format="html"))

    def _blocks(self) -> Iterator[nodes.literal_block]:
        return (block for block in self.document.findall(nodes.literal_block) if block.get("language") == "mermaid")


def setup(app: Sphinx) -> dict[str, bool]:
    """Draw after a page has been read."""
    app.add_transform(Draw)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
