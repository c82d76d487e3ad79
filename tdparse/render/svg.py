"""
Ladders as one SVG picture: self-contained, readable on light and dark grounds, everything from the log escaped.

Text is laid out on a grid of columns, as a terminal would, in a fixed-width face of a known size: so that
nothing overlaps, whoever has to draw it.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final, NamedTuple

from tdparse.diagram import ORDINARY, Arrow, Fold, States, opening
from tdparse.escapes import safe
from tdparse.model import State
from tdparse.render.screen import broken, packed, width

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tdparse.diagram import Diagram, Gap, Row
    from tdparse.model import Role, Side, Standing, Step
    from tdparse.render.rung import Words

MOST: Final = 100  # connections in one picture; the others are counted

WIDTH: Final = 960
MARGIN: Final = 20
COLUMN: Final = 7.9  # of text of 13 px; of fixed-width faces the widest in use need 7.83
SMALL: Final = 6.7  # of text of 11 px
LINE: Final = 16  # from one line of text to the next
STATE: Final = 13 * COLUMN + 14  # SYN-RECEIVED?, and the distance to the lifeline
TIME: Final = 11 * COLUMN
CLOCKS: Final = 27  # columns of the printed time: a date, a time of day
SIGNS: Final[Mapping[str, str]] = {"again": "╌╌▶", "lost": "──✕", "gap_sign": "┈┈▷"}

FORMS: Final[Mapping[State, str]] = {
    State.CLOSED: "off",
    State.LISTEN: "off",
    State.UNKNOWN: "off",
    State.SYN_SENT: "opening",
    State.SYN_RECEIVED: "opening",
    State.ESTABLISHED: "open",
    State.TIME_WAIT: "waiting",
}  # every other one is closing
GROUPS: Final = frozenset({"handshake", "teardown", "reset"})

STYLE: Final = """\
.td{--ground:#fff;--ink:#1f2328;--dim:#59636e;--faint:#d1d9e0;--band:#f3f5f8;--opening:#9a6700;--open:#1a7f37;\
--closing:#8250df;--waiting:#0969da;--off:#656d76;--reset:#cf222e;--note:#0969da;--warn:#9a6700;--error:#cf222e}
@media(prefers-color-scheme:dark){.td{--ground:#0d1117;--ink:#e6edf3;--dim:#9198a1;--faint:#3d444d;--band:#1a212b;\
--opening:#d29922;--open:#3fb950;--closing:#ab7df8;--waiting:#4493f8;--off:#8b949e;--reset:#f85149;--note:#4493f8;\
--warn:#d29922;--error:#f85149}}
.td text{font:13px ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono","Noto Sans Mono CJK SC",monospace;\
fill:var(--ink);white-space:pre}
.td .small{font-size:11px}.td .dim{fill:var(--dim)}.td .bold{font-weight:700}
.td .end{text-anchor:end}.td .mid{text-anchor:middle}
.td .ground{fill:var(--ground)}.td .band{fill:var(--band);stroke:var(--faint)}.td .rule{stroke:var(--faint)}
.td .arrow{stroke:var(--ink);stroke-width:1.5;fill:none}.td .tip{fill:var(--ink)}
.td .handshake .arrow{stroke:var(--opening)}.td .handshake .tip{fill:var(--opening)}
.td .teardown .arrow{stroke:var(--closing)}.td .teardown .tip{fill:var(--closing)}
.td .reset .arrow{stroke:var(--reset)}.td .reset .tip{fill:var(--reset)}
.td .again{stroke-dasharray:7 4}.td .gap{stroke:var(--warn);stroke-dasharray:2 5}
.td text.note{fill:var(--note)}.td text.warn,.td .missing{fill:var(--warn)}.td text.error{fill:var(--error)}
.td rect.opening{fill:var(--opening)}.td rect.open{fill:var(--open)}.td rect.closing{fill:var(--closing)}
.td rect.waiting{fill:var(--waiting)}.td rect.off{fill:var(--faint)}
.td text.opening{fill:var(--opening)}.td text.open{fill:var(--open)}.td text.closing{fill:var(--closing)}
.td text.waiting{fill:var(--waiting)}.td text.off{fill:var(--off)}
"""


class _Drawn(NamedTuple):
    """One connection, drawn from its own upper edge."""

    order: tuple[int, int]  # of the input, and the connection in it
    height: float
    parts: str


class Svg:
    """Draws each connection; the picture is written at the end. See `Drawer` for the methods."""

    def __init__(self, words: Words) -> None:
        """Take what is said from `words`."""
        self._words = words
        self._drawn: list[_Drawn] = []
        self._more = 0
        self._sources: dict[str, int] = {}

    def draw(self, diagram: Diagram, source: str) -> str:
        """Draw one connection, as long as there is room in the picture."""
        if len(self._drawn) >= MOST:
            self._more += 1
            return ""
        order = self._sources.setdefault(source, len(self._sources)), diagram.flow.conn
        self._drawn.append(_Picture(self._words, diagram).drawn(order, source))
        return ""

    def finish(self) -> str:
        """Return the whole picture; "" when there is no connection."""
        if not self._drawn:
            return ""
        top = float(MARGIN)
        parts = []
        for drawn in sorted(self._drawn):
            parts.append(f'<g transform="translate(0 {_number(top)})">\n{drawn.parts}</g>\n')
            top += drawn.height + 2 * MARGIN
        for line in [*self._words.legend(SIGNS), *([self._words.more(self._more)] if self._more else [])]:
            for part in _lines(line, WIDTH - 2 * MARGIN, SMALL):
                parts.append(_text(MARGIN, top, part, "small dim"))
                top += LINE
        size = f'width="{WIDTH}" height="{_number(top)}" viewBox="0 0 {WIDTH} {_number(top)}"'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="td" role="img" {size}>\n<style>\n{STYLE}</style>\n'
            f'<rect class="ground" width="100%" height="100%"/>\n{"".join(parts)}</svg>\n'
        )


class _Picture:
    """One connection on its way onto the picture: parts, and how far down they reach."""

    def __init__(self, words: Words, diagram: Diagram) -> None:
        self._words = words
        self._diagram = diagram
        self._parts: list[str] = []
        self._lives: dict[Role, list[tuple[float, Standing]]] = {"client": [], "server": []}
        self._states = States()
        clocks = [width(safe(row.step.segment.time or "")) for row in diagram.rows if isinstance(row, Arrow)]
        self._left = MARGIN + max(TIME, min(max(clocks, default=0), CLOCKS) * SMALL)  # where times end
        self._at: dict[Role, float] = {"client": self._left + STATE + 8, "server": WIDTH - MARGIN - STATE}
        self._y = 0.0

    def drawn(self, order: tuple[int, int], source: str) -> _Drawn:
        """Draw everything."""
        words, diagram = self._words, self._diagram
        heading = words.heading(diagram)
        self._write(f"{safe(source)}: {heading}" if source else heading, "bold")
        self._ends()
        start = self._y
        first = opening(diagram.rows)
        if first is not None:
            self._y += LINE
            self._beside(*first)
            self._y += LINE / 2
        for row in diagram.rows:
            self._row(row)
        lives = "".join(self._life(role, start, self._y + LINE / 2) for role in self._at)
        self._y += 2 * LINE
        if diagram.summary is not None:
            self._write(words.verdict(diagram.summary), "bold")
        parts = f"<title>{_escaped(heading)}</title>\n{lives}{''.join(self._parts)}"
        return _Drawn(order, self._y, parts)

    # ------------------------------------------------------------------ rows

    def _row(self, row: Row) -> None:
        if isinstance(row, Arrow):
            self._arrow(row)
        elif isinstance(row, Fold):
            self._fold(row)
        else:
            self._gap(row)

    def _arrow(self, arrow: Arrow) -> None:
        step, words = arrow.step, self._words
        words.sign(arrow)
        group = step.step.partition(".")[0]
        self._parts.append(f'<g class="{group if group in GROUPS else "data"}">')
        self._parts.append(f"<title>{_escaped(words.sentence(step))}</title>\n")
        self._between(packed(words.label(step), self._room), "mid")
        self._y += LINE / 2
        self._shaft(step.sender, "arrow again" if arrow.again else "arrow", lost=arrow.lost)
        self._times(step)
        down = self._beside(step.client, step.server)
        below = [] if step.step in ORDINARY else [(words.title(step), "mid small dim")]
        below += [(remark.text, f"mid small {remark.severity}") for remark in words.remarks(step)]
        top = self._y
        for text, form in below:
            self._between(_lines(text, self._width - 16, SMALL), form)
        clock = 2 if step.segment.time else 1
        self._y = max(self._y, top + (max(down, clock) - 1) * LINE) + LINE / 2
        self._parts.append("</g>\n")

    def _gap(self, gap: Gap) -> None:
        self._between(_lines(self._words.gap(gap), self._width - 16, SMALL), "mid small missing")
        self._y += LINE / 2
        self._shaft(gap.sender, "arrow gap")
        self._y += LINE / 2

    def _fold(self, fold: Fold) -> None:
        much, told = self._words.fold(fold)
        lines = _lines(told, self._width - 16, SMALL)
        height = LINE * (len(lines) + 1) + 14
        left = self._at["client"] - 12
        self._parts.append(
            f'<rect class="band" x="{_number(left)}" y="{_number(self._y + 6)}" rx="6"'
            f' width="{_number(self._width + 24)}" height="{_number(height)}"/>\n'
        )
        self._y += 8
        self._between([much], "mid")
        self._between(lines, "mid small dim")
        self._y += 14

    # ------------------------------------------------------------------ pieces

    @property
    def _width(self) -> float:
        return self._at["server"] - self._at["client"]

    @property
    def _room(self) -> int:
        """Columns between the lifelines."""
        return int((self._width - 24) / COLUMN)

    def _ends(self) -> None:
        """Write who they are above the lifelines."""
        room = (WIDTH - 3 * MARGIN - self._left) / 2
        top = self._y
        bottoms = []
        for role, x, form in zip(self._at, (self._left + 8, WIDTH - MARGIN), ("", "end "), strict=True):
            name, address = self._words.end(role, self._diagram.flow)
            self._y = top + 4
            for text, weight in ((name, "bold"), (address, "dim")):
                for line in _lines(text, room, COLUMN):
                    self._y += LINE
                    self._parts.append(_text(x, self._y, line, form + weight))
            bottoms.append(self._y)
        self._y = max(bottoms) + 8

    def _shaft(self, sender: Role, form: str, *, lost: bool = False) -> None:
        """Draw an arrow at this height; a lost one does not arrive."""
        right = sender == "client"
        sign = 1 if right else -1
        start, end = (
            (self._at["client"] + 4, self._at["server"] - 5)
            if right
            else (self._at["server"] - 4, self._at["client"] + 5)
        )
        y = _number(self._y)
        if lost:
            end -= sign * self._width * 0.12
        line = end if lost else end - sign * 8
        self._parts.append(f'<path class="{form}" d="M{_number(start)} {y}H{_number(line)}"/>')
        if lost:
            self._parts.append(
                f'<path class="arrow" d="M{_number(end - 5)} {_number(self._y - 5)}l10 10m0 -10l-10 10"/>\n'
            )
        else:
            tip = "tip missing" if form.endswith("gap") else "tip"
            self._parts.append(f'<path class="{tip}" d="M{_number(end)} {y}l{-9 * sign} -4.5v9z"/>\n')

    def _times(self, step: Step) -> None:
        self._parts.append(_text(self._left, self._y + 4, self._words.time(step), "end"))
        for place, line in enumerate(broken(safe(step.segment.time or ""), CLOCKS)):
            self._parts.append(_text(self._left, self._y + 4 + LINE * (place + 1), line, "end small dim"))

    def _beside(self, client: Side, server: Side) -> int:
        """Write the states that are news at this height, and return in how many lines."""
        most = 0
        for role, side in zip(self._at, (client, server), strict=True):
            lines = []
            for standing in self._states.news(role, side):
                self._lives[role].append((self._y, standing))
                first, *others = self._words.state(standing).split("|")
                form = FORMS.get(standing.state, "closing")
                lines += [(part, form) for part in (first, *("|" + other for other in others))]
            x, anchor = (self._at[role] - 12, "end ") if role == "client" else (self._at[role] + 12, "")
            for place, (line, form) in enumerate(lines):
                self._parts.append(_text(x, self._y + 4 + place * LINE, line, f"{anchor}bold {form}"))
            most = max(most, len(lines))
        return most

    def _life(self, role: Role, top: float, bottom: float) -> str:
        """Return a lifeline: a stretch for each state, in its colour."""
        changes = self._lives[role]
        ends = [*(y for y, _standing in changes[1:]), bottom]
        stretches = []
        for place, ((y, standing), end) in enumerate(zip(changes, ends, strict=True)):
            start = y if place else top
            form = FORMS.get(standing.state, "closing")
            wide = 2 if form == "off" else 6
            stretches.append(
                f'<rect class="{form}" x="{_number(self._at[role] - wide / 2)}" y="{_number(start)}"'
                f' width="{wide}" height="{_number(max(end - start, 0))}"/>\n'
            )
        return "".join(stretches)

    def _between(self, lines: Sequence[str], form: str) -> None:
        """Write lines between the lifelines."""
        for line in lines:
            self._y += LINE
            self._parts.append(_text((self._at["client"] + self._at["server"]) / 2, self._y, line, form))

    def _write(self, text: str, form: str) -> None:
        """Write lines over the whole width."""
        for line in _lines(text, WIDTH - 2 * MARGIN, COLUMN):
            self._y += LINE
            self._parts.append(_text(MARGIN, self._y, line, form))


def _lines(text: str, room: float, column: float) -> list[str]:
    return broken(text, int(room / column))


def _text(x: float, y: float, text: str, form: str) -> str:
    return f'<text x="{_number(x)}" y="{_number(y)}" class="{form}">{_escaped(text)}</text>\n' if text else ""


def _escaped(text: str) -> str:
    """Return text as XML wants it; two characters that XML cannot hold at all are replaced."""
    return escape(safe(text)).replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
