"""
The ladder for terminals: two lifelines, an arrow a segment, states along the sides where they change.

Whatever the width, no state and no number is cut: what does not fit beside goes above, below or onto more lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from tdparse.diagram import Arrow, Fold, Gap, Gaps, States, before, is_again, opening
from tdparse.escapes import safe
from tdparse.render import paint
from tdparse.render.paint import Brush
from tdparse.render.screen import broken, packed, padded, width

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tdparse.diagram import Diagram
    from tdparse.model import Flow, Role, Side, Skipped, Standing, Step, Summary
    from tdparse.render import Totals
    from tdparse.render.rung import Words
    from tdparse.render.text import Text

COLUMNS: Final = 100  # where nobody says how wide the output is
NARROWEST: Final = 40  # below this nothing can be drawn without cutting
WIDE: Final = 120  # from here on the printed time, the window and the name of the step have room
STATE: Final = 13  # SYN-RECEIVED?
TIME: Final = 10  # +1234.56 s
CONN: Final = 4  # #123
SPARE: Final = 30  # a lane narrower than this gives the states' room to the arrows

SIGNS: Final[Mapping[str, str]] = {"again": "═", "lost": "╳", "gap_sign": "╌"}


class _Shape(NamedTuple):
    """Columns of each part; 0 where a part is not shown. A part that is shown is followed by a blank."""

    conn: int
    clock: int
    time: int
    state: int  # on both sides
    lane: int  # between the lifelines
    total: int

    @property
    def before(self) -> int:
        """Columns before the left state."""
        return sum(part + 1 for part in (self.conn, self.clock, self.time) if part)


class _Cells(NamedTuple):
    """The lines of one rung, part by part; `at` is the line of the arrow, beside which times and states stand."""

    lane: Sequence[str]  # with the lifelines
    at: int
    conn: str = ""
    clock: str = ""
    time: str = ""
    left: Sequence[str] = ()
    right: Sequence[str] = ()


class Rungs:
    """Draws rows; every method returns whole lines without their ends."""

    def __init__(self, words: Words, *, columns: int | None, color: bool = False, numbered: bool = False) -> None:
        """Draw in `columns` (None: a width of our own); `numbered` tells connections apart on every row."""
        self.words = words
        self._paint = Brush(color=color)
        self._numbered = numbered
        self.fit(columns)

    def fit(self, columns: int | None) -> None:
        """Draw in `columns` from now on."""
        self.columns = max(columns or COLUMNS, NARROWEST)
        self._wide = self.columns >= WIDE
        self._clock = 0
        self._shape = self._shaped()

    def head(self, flow: Flow, first: Step | None) -> list[str]:
        """Return the two ends and, with the first step, the states before it."""
        self._clock = len(safe(first.segment.time or "")) if first and self._wide else 0
        self._shape = self._shaped()
        shape = self._shape
        start = shape.before + (shape.state + 1 if shape.state else 0)
        room = shape.total - start
        lines = []
        client, server = self._end("client", flow), self._end("server", flow)
        if max(map(width, client)) + max(map(width, server)) + 2 <= room:
            gap = room - max(map(width, server))
            for one, two in zip(client, server, strict=True):
                lines.append(" " * start + padded(one, gap) + two)
            lines[0] = padded(f"#{flow.conn}", start) + lines[0][start:]
        else:
            lines += [f"#{flow.conn}"]
            lines += [" " * start + part for line in client for part in broken(line, room)]
            for line in server:
                parts = broken(line, room)
                lines += [" " * (shape.total - max(map(width, parts))) + part for part in parts]
        return [line.rstrip() for line in lines]

    def standings(self, states: Mapping[Role, Sequence[Standing]], conn: int | None = None) -> list[str]:
        """Return a row of states without an arrow."""
        return self._composed(
            _Cells(
                [self._lane("")],
                0,
                conn="" if conn is None else f"#{conn}",
                left=self._side(states, "client"),
                right=self._side(states, "server"),
            )
        )

    def arrow(self, arrow: Arrow, states: Mapping[Role, Sequence[Standing]]) -> list[str]:
        """Return one segment: numbers, arrow, states that have changed, remarks."""
        step, shape, words = arrow.step, self._shape, self.words
        words.sign(arrow)
        tint = paint.group(step.step)
        parts, title = words.label(step, full=self._wide), words.title(step) if self._wide else ""
        room = shape.lane - (10 if arrow.lost else 7)
        label, above = " ".join(parts), []
        if width(label) > room:
            above = [self._lane(" " + self._paint(tint, line), step.sender) for line in packed(parts, shape.lane - 2)]
            label = ""
        if title and label and width(f"{label} · {title}") <= room:
            label, title = f"{label} · {title}", ""
        below = [self._lane("  " + line) for line in (broken(title, shape.lane - 3) if title else ())]
        below += [
            self._lane("  " + self._paint(paint.SEVERITIES[remark.severity], part))
            for remark in words.remarks(step)
            for part in broken(remark.text, shape.lane - 3)
        ]
        line = self._arrow(arrow, label, tint)
        return self._composed(
            _Cells(
                [*above, line, *below],
                len(above),
                conn=f"#{step.flow.conn}" if self._numbered else "",
                clock=safe(step.segment.time or "") if self._wide else "",
                time=words.time(step),
                left=self._side(states, "client"),
                right=self._side(states, "server"),
            )
        )

    def gap(self, gap: Gap, conn: int | None = None) -> list[str]:
        """Return what the log does not show."""
        lane, text = self._shape.lane, f" {self.words.gap(gap)} "
        rest = max(lane - width(text) - 3, 1)
        if width(text) > lane - 4:
            lines = [self._lane(part) for part in broken(text.strip(), lane)]
            return self._composed(_Cells(lines, 0, conn="" if conn is None else f"#{conn}"))
        drawn = "╌╌" + text + "╌" * rest + "▷" if gap.sender == "client" else "◁" + "╌" * rest + text + "╌╌"
        line = "│" + self._paint(paint.YELLOW, drawn) + "│"
        return self._composed(_Cells([line], 0, conn="" if conn is None else f"#{conn}"))

    def fold(self, fold: Fold) -> list[str]:
        """Return what is not shown one by one."""
        lane = self._shape.lane
        lines = []
        for line in (part for text in self.words.fold(fold) for part in broken(text, lane - 2)):
            blank = lane - width(line)
            lines.append("┊" + " " * (blank // 2) + self._paint(paint.DIM, line) + " " * (blank - blank // 2) + "┊")
        return self._composed(_Cells(lines, 0))

    def text(self, line: str) -> list[str]:
        """Return a line of text, in as many lines as it needs."""
        return broken(line, self.columns)

    # ------------------------------------------------------------------ pieces

    def _shaped(self) -> _Shape:
        conn, clock = CONN if self._numbered else 0, self._clock
        before = sum(part + 1 for part in (conn, clock, TIME) if part)
        lane = self.columns - before - 2 * (STATE + 1) - 2
        state = STATE
        if lane < SPARE:
            state, lane = 0, self.columns - before - 2
        return _Shape(conn, clock, TIME, state, lane, self.columns)

    def _end(self, role: Role, flow: Flow) -> list[str]:
        name, address = self.words.end(role, flow)
        return [self._paint(paint.ROLES[role] + paint.BOLD, name), address]

    def _side(self, states: Mapping[Role, Sequence[Standing]], role: Role) -> list[str]:
        """Return the states of one side, oldest first, each in as many lines as its alternatives need."""
        lines = []
        for standing in states.get(role, ()):
            first, *others = self.words.state(standing).split("|")
            lines += [self._paint(paint.BOLD, part) for part in (first, *("|" + alternative for alternative in others))]
        return lines

    def _arrow(self, arrow: Arrow, label: str, tint: str) -> str:
        """Return the line of the arrow; a lost one ends before it reaches the other side."""
        lane, right = self._shape.lane, arrow.step.sender == "client"
        dash = SIGNS["again"] if arrow.again else "─"
        head, miss = ("▶" if right else "◀", 0) if not arrow.lost else (SIGNS["lost"], 3)
        text = f"{dash} {label} " if right else f" {label} {dash}"
        if not label:
            text = ""
        line = dash * (lane - miss - 1 - width(text))
        near = "├" if right else "┤"
        if arrow.again:
            near = "╞" if right else "╡"
        drawn = text + line + head if right else head + line + text
        drawn = self._paint(tint, drawn)
        return f"{near}{drawn}{' ' * miss}│" if right else f"│{' ' * miss}{drawn}{near}"

    def _lane(self, text: str, sender: Role = "client") -> str:
        """Return a line between the lifelines, beside the sender's."""
        blank = " " * (self._shape.lane - width(text) - 1)
        return f"│{text} {blank}│" if sender == "client" else f"│{blank}{text} │"

    def _composed(self, cells: _Cells) -> list[str]:
        shape = self._shape
        lane, at = list(cells.lane), cells.at
        left, right = list(cells.left), list(cells.right)
        if not shape.state:
            lane += self._inside(left, right)
            left, right = [], []
        lines = []
        heads = [(cells.conn, shape.conn), (cells.clock, shape.clock), (cells.time, shape.time)]
        if any(width(text) > columns for text, columns in heads if columns):
            # Something is longer than its column: it stands in a line of its own, above.
            lines += broken(" ".join(text for text, columns in heads if text and columns), shape.total)
            heads = [("", columns) for _text, columns in heads]
        for place in range(max(len(lane), at + max(len(left), len(right)))):
            line = "".join(_cell(text if place == at else "", columns) for text, columns in heads)
            if shape.state:
                line += _right(_at(left, place - at), shape.state) + " "
            line += lane[place] if place < len(lane) else self._lane("")
            if shape.state:
                line += " " + _at(right, place - at)
            lines.append(line.rstrip())
        return lines

    def _inside(self, left: Sequence[str], right: Sequence[str]) -> Iterator[str]:
        """Yield the states between the lifelines, where there is no room beside them."""
        lane = self._shape.lane
        for place in range(max(len(left), len(right))):
            one, two = _at(left, place), _at(right, place)
            if width(one) + width(two) < lane:
                yield f"│{one}{' ' * (lane - width(one) - width(two))}{two}│"
            else:
                yield f"│{padded(one, lane)}│"
                yield f"│{_right(two, lane)}│"


def _at(lines: Sequence[str], place: int) -> str:
    return lines[place] if 0 <= place < len(lines) else ""


def _cell(text: str, columns: int) -> str:
    return _right(text, columns) + " " if columns else ""


def _right(text: str, columns: int) -> str:
    return " " * (columns - width(text)) + text


# ------------------------------------------------------------------ who uses it


class Ladder:
    """Shows each segment as a rung, in log order, as it comes; see `Renderer` for the methods."""

    def __init__(self, rungs: Rungs, text: Text, *, headings: bool = False) -> None:
        """Take the rows from `rungs` (numbered ones), verdicts and complaints from `text`; `headings` names the inputs."""
        self._rungs = rungs
        self._text = text
        self._headings = headings
        self._shown: dict[int, tuple[States, Gaps]] = {}
        self._drawing = False  # the last thing shown was a rung

    def fit(self, columns: int) -> None:
        """Fit into `columns` from now on; the two ends are named anew, where they stand now."""
        self._rungs.fit(columns)
        self._text.fit(self._rungs.columns)
        self._shown.clear()

    def start(self, source: str, opening: Sequence[str]) -> str:  # noqa: ARG002 - people see what it is
        """Name the input, when there are several."""
        self._shown.clear()
        return _joined(self._rungs.text(f"==> {safe(source)} <==")) if self._headings else ""

    def step(self, step: Step, lines: Sequence[str]) -> str:  # noqa: ARG002 - what is drawn is what they mean
        """Draw one rung, below the two ends where their connection is new."""
        shown = []
        self._drawing = True
        conn, rungs = step.flow.conn, self._rungs
        new = conn not in self._shown
        states, gaps = self._shown.setdefault(conn, (States(), Gaps()))
        if new:
            shown += rungs.head(step.flow, step)
            shown += rungs.standings(_news(states, *before(step)), conn)
        for gap in gaps.news(step):
            shown += rungs.gap(gap, conn)
        shown += rungs.arrow(Arrow(step, is_again(step), lost=False), _news(states, step.client, step.server))
        return _joined(shown)

    def skipped(self, skipped: Skipped, lines: Sequence[str]) -> str:
        """Show a record that could not be read, and why; other lines are no part of a ladder."""
        complaint = self._text.complaint(skipped)
        return self._text.originals(lines) + _joined(complaint) if complaint else ""

    def summary(self, summary: Summary) -> str:
        """Show how a connection ended."""
        self._shown.pop(summary.flow.conn, None)
        blank = [""] if self._drawing else []
        self._drawing = False
        return _joined([*blank, *self._text.verdict(summary), ""])

    def end(self, lines: Sequence[str]) -> str:  # noqa: ARG002 - nothing to draw
        """Show nothing."""
        return ""

    def finish(self, totals: Totals) -> str:
        """Explain the signs, once."""
        return _legend(self._rungs) if totals.segments else ""


class WholeLadders:
    """Draws whole connections, one below the other; see `Drawer` for the methods."""

    def __init__(self, rungs: Rungs, text: Text) -> None:
        """Take the rows from `rungs`, the verdicts from `text`."""
        self._rungs = rungs
        self._text = text

    def draw(self, diagram: Diagram, source: str) -> str:
        """Draw one connection, and how it ended."""
        rungs, states = self._rungs, States()
        steps = [row.step for row in diagram.rows if isinstance(row, Arrow)]
        lines = rungs.text(f"==> {safe(source)} <==") if source else []
        lines += rungs.text(rungs.words.heading(diagram)) if diagram.summary is None else []
        lines += rungs.head(diagram.flow, steps[0] if steps else None)
        first = opening(diagram.rows)
        if first is not None:
            lines += rungs.standings(_news(states, *first))
        for row in diagram.rows:
            if isinstance(row, Arrow):
                lines += rungs.arrow(row, _news(states, row.step.client, row.step.server))
            else:
                lines += rungs.fold(row) if isinstance(row, Fold) else rungs.gap(row)
        if diagram.summary is not None:
            lines += ["", *self._text.verdict(diagram.summary)]
        return _joined([*lines, ""])

    def finish(self) -> str:
        """Explain the signs, once."""
        return _legend(self._rungs)


def _news(states: States, client: Side, server: Side) -> dict[Role, list[Standing]]:
    return {"client": states.news("client", client), "server": states.news("server", server)}


def _legend(rungs: Rungs) -> str:
    return _joined(part for line in rungs.words.legend(SIGNS) for part in rungs.text(line))


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
