"""
One line a segment: when, which connection, who, flags and numbers, both states, and the step in a few words.

Where a line has no room for everything, the name of the step is shortened, and in the last resort states go
onto a line of their own: no state and no number is ever cut.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tdparse.escapes import safe
from tdparse.render import paint
from tdparse.render.paint import Brush
from tdparse.render.screen import broken, padded, width, wrapped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdparse.model import Side, Skipped, Step, Summary
    from tdparse.render import Totals
    from tdparse.render.rung import Words
    from tdparse.render.text import Text

TIME: Final = 10  # +1234.56 s
CONN: Final = 3  # #12
FLAGS: Final = 7  # SYN+ACK
NUMBERS: Final = 22  # seq 1449:2897, ack 51
MOST_NUMBERS: Final = 44  # as far as the column grows with them, where there is room
STATE: Final = 14  # a sign and SYN-RECEIVED?
OTHERS: Final = TIME + CONN + FLAGS + 2 * STATE + 7  # columns a line with states has beside its numbers
WIDE: Final = 120  # below this the states are shown where they change only
SHORTEST: Final = 8  # columns below which a shortened name says nothing
INDENT: Final = "    "
CHANGED: Final = "→"  # before a state that this segment has changed


class Compact:
    """Shows each segment in a line; see `Renderer` for the methods."""

    def __init__(
        self, words: Words, text: Text, *, columns: int | None, color: bool = False, headings: bool = False
    ) -> None:
        """
        Take the words from `words`, verdicts and complaints from `text`.

        In `columns` None a line is as long as it has to be; `headings` names the inputs.
        """
        self._words = words
        self._text = text
        self._paint = Brush(color=color)
        self._headings = headings
        self._numbers = NUMBERS  # grows with them
        self._set(columns)
        self._segments = False  # the last thing shown was a segment

    def _set(self, columns: int | None) -> None:
        self._columns = columns
        self._wide = columns is None or columns >= WIDE
        self._most = MOST_NUMBERS if columns is None else max(min(columns - OTHERS, MOST_NUMBERS), NUMBERS)

    def fit(self, columns: int) -> None:
        """Fit into `columns` from now on."""
        self._set(columns)
        self._text.fit(columns)

    def start(self, source: str, opening: Sequence[str]) -> str:
        """Name the input, when there are several."""
        self._text.start(source, opening)
        return f"==> {safe(source)} <==\n" if self._headings else ""

    def step(self, step: Step, lines: Sequence[str]) -> str:  # noqa: ARG002 - the line says what they say
        """Show one segment; before the first of a connection, whose it is."""
        self._segments = True
        return "".join(f"{line}\n" for line in [*self._text.opening(step, ""), *self._line(step)])

    def _line(self, step: Step) -> list[str]:
        flags, *parts = self._words.label(step)
        numbers = " ".join(parts)
        self._numbers = min(max(self._numbers, width(numbers)), self._most)
        start = " ".join((
            right(self._words.time(step), TIME),
            padded(f"#{step.flow.conn}", CONN),
            "→" if step.sender == "client" else "←",
            padded(flags, FLAGS),
        ))  # fmt: skip
        changed = any(side.before != side.after for side in (step.client, step.server))
        states = f"{self._state(step.client)} {self._state(step.server)}" if changed or self._wide else ""
        remarks, title = self._words.remarks(step), self._words.title(step)
        name = " · ".join([*(remark.text for remark in remarks), title])
        tint = paint.SEVERITIES[remarks[0].severity] if remarks else paint.group(step.step)
        line = (
            f"{start} {padded(numbers, self._numbers)} {states}"
            if states
            else f"{start} {padded(numbers, self._numbers)}"
        )
        columns = self._columns
        if columns is None or (room := columns - width(line) - 1) >= width(name):
            return [f"{line} {self._paint(tint, name)}"]
        if room >= SHORTEST:
            return [f"{line} {self._paint(tint, shortened(name, room))}"]
        line = line.rstrip()
        below = [self._paint(paint.SEVERITIES[remark.severity], remark.text) for remark in remarks]
        if width(line) > columns and states:
            below.insert(0, states)
            line = f"{start} {numbers}"
        if width(line) > columns:
            below.insert(0, numbers)
            line = start
        shown = [line, *(INDENT + part for text in below for part in broken(text, columns - len(INDENT)))]
        return [part.rstrip() for part in shown]

    def skipped(self, skipped: Skipped, lines: Sequence[str]) -> str:
        """Show a record that could not be read, and why; other lines are left out."""
        complaint = self._text.complaint(skipped)
        return self._text.originals(lines) + "".join(f"{line}\n" for line in complaint) if complaint else ""

    def summary(self, summary: Summary) -> str:
        """Show how a connection ended."""
        before = [""] if self._segments else []
        self._segments = False
        return "".join(f"{line}\n" for line in [*before, *self._text.verdict(summary), ""])

    def end(self, lines: Sequence[str]) -> str:  # noqa: ARG002 - nothing to show
        """Show nothing."""
        return ""

    def finish(self, totals: Totals) -> str:
        """Explain the marks, once."""
        dim = (self._paint(paint.DIM, line) for line in self._legend())
        return "".join(f"{line}\n" for line in dim) if totals.segments else ""

    # ------------------------------------------------------------------ pieces

    def _state(self, side: Side) -> str:
        """Return the state after the segment, with a sign where the segment has changed it."""
        state = self._words.state(side.after)
        if side.before == side.after:
            return padded(f" {state}", STATE)
        return padded(CHANGED + self._paint(paint.BOLD, state), STATE)

    def _legend(self) -> list[str]:
        lines = [self._words.columns(), *self._words.legend({})]
        return lines if self._columns is None else [part for line in lines for part in wrapped(line, self._columns)]


def right(text: str, columns: int) -> str:
    """Return `text` with spaces before it up to `columns`."""
    return " " * (columns - width(text)) + text


def shortened(text: str, columns: int) -> str:
    """
    Return the beginning of `text` with an ellipsis, in at most `columns`; a number is there whole or not at all.

    >>> shortened("warning: Gap (line 1204)", 23), shortened("Data transfer", 8)
    ('warning: Gap (line…', 'Data tr…')
    """
    used = 0
    for place, character in enumerate(text):
        used += width(character)
        if used > columns - 1:
            kept = text[:place]
            return (_NUMBER.sub("", kept) if character.isalnum() else kept).rstrip() + "…"
    return text


_NUMBER: Final = re.compile(r"[\w.:,]*\d[\w.:,]*$")
