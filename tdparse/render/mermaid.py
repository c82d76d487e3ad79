"""
Ladders as Mermaid sequence diagrams: one diagram, or a Markdown document with a diagram for each connection.

Whatever stands in a log is text there and nothing else: what Mermaid could read as syntax is written as an
entity code. A diagram stays below the size that Mermaid refuses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdparse.diagram import ORDINARY, Arrow, Fold, States, opening, shortened
from tdparse.escapes import safe
from tdparse.render import markdown
from tdparse.render.screen import broken

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tdparse.diagram import Diagram, Gap
    from tdparse.model import Role, Side
    from tdparse.render.rung import Words

LARGEST: Final = 50_000  # characters: maxTextSize of Mermaid's configuration, where nobody has raised it
COLUMNS: Final = 60  # of a note's lines
INDENT: Final = "    "
SIGNS: Final[Mapping[str, str]] = {"again": "⇢", "lost": "×"}  # what is missing says so on its arrow

_NAMES: Final[Mapping[Role, str]] = {"client": "C", "server": "S"}
_PLACES: Final[Mapping[Role, str]] = {"client": "left of C", "server": "right of S"}
_HARMLESS: Final = " .,_'[]|:()+-=?~*/→←…·×⇢，。：；、（）！？"


class Mermaid:
    """Draws each connection; see `Drawer` for the methods."""

    def __init__(self, words: Words) -> None:
        """Take what is said from `words`."""
        self._words = words
        self._drawn = 0
        self._first = ("", "")  # heading and diagram: whether it is the only one is known later

    def draw(self, diagram: Diagram, source: str) -> str:
        """Draw one connection; the first one waits for a second, which makes the output a document."""
        heading = self._words.heading(diagram)
        drawn = (f"{source}: {heading}" if source else heading, self._within(diagram))
        self._drawn += 1
        if self._drawn == 1:
            self._first = drawn
            return ""
        parts = [self._first, drawn] if self._drawn == 2 else [drawn]  # noqa: PLR2004 - the second one
        return "".join(f"## {markdown.escaped(heading)}\n\n```mermaid\n{text}```\n\n" for heading, text in parts)

    def finish(self) -> str:
        """Write the diagram that has stayed the only one."""
        return self._first[1] if self._drawn == 1 else ""

    def _within(self, diagram: Diagram) -> str:
        """Return the diagram, with fewer rows where it would be too large."""
        text = self._diagram(diagram)
        while len(text) > LARGEST and len(diagram.rows) > 3:  # noqa: PLR2004 - as few as `shortened` can make
            diagram = diagram._replace(rows=shortened(diagram.rows, max(3, len(diagram.rows) * 3 // 4)))
            text = self._diagram(diagram)
        return text

    def _diagram(self, diagram: Diagram) -> str:
        return "".join(["sequenceDiagram\n", *(f"{INDENT}{line}\n" for line in self._lines(diagram))])

    def _lines(self, diagram: Diagram) -> Iterator[str]:
        words, states = self._words, States()
        for role, name in _NAMES.items():
            yield f"participant {name} as {_stacked(words.end(role, diagram.flow))}"
        yield _note("over C,S", [words.heading(diagram)])
        first = opening(diagram.rows)
        if first is not None:
            yield from self._standings(states, *first)
        for row in diagram.rows:
            if isinstance(row, Arrow):
                yield from self._arrow(row)
                yield from self._standings(states, row.step.client, row.step.server)
            elif isinstance(row, Fold):
                yield _note("over C,S", words.fold(row))
            else:
                yield self._gap(row)
        if diagram.summary is not None:
            yield _note("over C,S", [words.verdict(diagram.summary)])
        legend = words.legend(SIGNS)
        if legend:
            yield _note("over C,S", legend)

    def _standings(self, states: States, client: Side, server: Side) -> Iterator[str]:
        for role, side in zip(_PLACES, (client, server), strict=True):
            news = states.news(role, side)
            if news:
                yield _note(_PLACES[role], [self._words.state(standing) for standing in news])

    def _arrow(self, arrow: Arrow) -> Iterator[str]:
        step, words = arrow.step, self._words
        words.sign(arrow)
        there, back = ("C", "S") if step.sender == "client" else ("S", "C")
        line = ("--" if arrow.again else "-") + ("x" if arrow.lost else ">>")
        label = " ".join(part for part in (words.time(step), *words.label(step)) if part)
        told = [label] if step.step in ORDINARY else [label, words.title(step)]
        yield f"{there}{line}{back}: {_stacked(told)}"
        for remark in words.remarks(step):
            yield _note("over C,S", [remark.text])

    def _gap(self, gap: Gap) -> str:
        there, back = ("C", "S") if gap.sender == "client" else ("S", "C")
        return f"{there}--){back}: {escaped(self._words.gap(gap))}"


def escaped(text: str) -> str:
    """
    Return `text` with everything Mermaid could read as syntax, or a browser as HTML, as an entity code.

    >>> escaped("a;b<i>#1")
    'a#59;b#60;i#62;#35;1'
    """
    return "".join(
        character if character.isalnum() or character in _HARMLESS else f"#{ord(character)};"
        for character in safe(text)
    )


def _note(place: str, lines: Sequence[str]) -> str:
    return f"Note {place}: {_stacked(lines)}"


def _stacked(lines: Sequence[str]) -> str:
    return "<br/>".join(escaped(part) for line in lines for part in broken(line, COLUMNS))
