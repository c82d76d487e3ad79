"""
What the REPL answers: text in, text out; all that has been pasted is one trace that grows.

No terminal is touched here, so every answer can be tested as a value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdparse import catalog
from tdparse.model import Skipped, State, Step
from tdparse.pipeline import Explainer
from tdparse.render import Totals
from tdparse.render.table import Table
from tdparse.render.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tdparse.model import Lang, NumberStyle, Summary
    from tdparse.stream import NumberingChoice

_OVER: Final = frozenset({State.CLOSED, State.TIME_WAIT})


class Dialogue:
    """The trace of one session, its language, and its commands."""

    def __init__(
        self,
        lang: Lang,
        numbers: NumberStyle = "relative",
        numbering: NumberingChoice = "auto",
        *,
        color: bool = False,
        columns: Callable[[], int | None] = lambda: None,
    ) -> None:
        """Start with an empty trace; `columns` tells how wide the terminal is, None for no limit."""
        self.lang: Lang = lang
        self._numbers = numbers
        self._numbering: NumberingChoice = numbering
        self._color = color
        self._columns = columns
        self._lines: list[str] = []
        self._explainer = Explainer("repl", numbering=numbering)

    def answer(self, text: str) -> str | None:
        """Return what to show for one input, a command or pasted lines; None to leave."""
        words = text.split()
        if "\n" not in text.strip() and words and words[0].lower() in COMMANDS:
            return COMMANDS[words[0].lower()](self, words[1:])
        lines = text.splitlines()
        return self._explain(lines) if any(line.strip() for line in lines) else ""

    def verdicts(self, conns: frozenset[int] | None = None) -> str:
        """Return how the connections (all, or some) stand now."""
        view = self._view()
        return "".join(
            view.summary(summary) for summary in self._summaries() if conns is None or summary.flow.conn in conns
        )

    # ------------------------------------------------------------------ pasted lines

    def _explain(self, lines: Sequence[str]) -> str:
        view, parts = self._view(), list[str]()
        touched: set[int] = set()
        over: set[int] = set()
        for line in lines:
            self._lines.append(line)
            for item in self._explainer.feed(line):
                if isinstance(item, Step):
                    parts.append(view.step(item, item.segment.text.splitlines()))
                    touched.add(item.flow.conn)
                    ends = {item.client.after.state, item.server.after.state}
                    over |= {item.flow.conn} if ends <= _OVER else set()
                elif isinstance(item, Skipped):
                    parts.append(self._aside(item) if len(lines) == 1 else view.skipped(item, [item.raw]))
        # Of a pasted log the verdicts are what one wants to know; a single line is worth one when it ends something.
        if concluded := touched if len(lines) > 1 else over:
            parts.append(self.verdicts(frozenset(concluded)))
        return "".join(parts)

    def _aside(self, skipped: Skipped) -> str:
        """Answer a line that is no segment."""
        if skipped.kind == "rejected":
            return self._view().skipped(skipped, [skipped.raw])
        kind = catalog.sentence("kind", skipped.kind, self.lang)
        return catalog.fill(self._say("not_tcpdump"), {"kind": kind}) + "\n"

    def _summaries(self) -> list[Summary]:
        """Return how every connection stands, as if the log ended here."""
        explainer = Explainer("repl", numbering=self._numbering)
        items = [item for line in self._lines for item in explainer.feed(line)] + explainer.finish()
        summaries = [item for item in items if not isinstance(item, Step | Skipped)]
        return sorted(summaries, key=lambda summary: summary.flow.conn)

    def _view(self) -> Text:
        return Text(self.lang, numbers=self._numbers, color=self._color, columns=self._columns())

    def _say(self, code: str) -> str:
        return catalog.sentence("repl", code, self.lang)

    # ------------------------------------------------------------------ commands

    def tell_help(self, _words: Sequence[str]) -> str:
        """Return what can be done here."""
        return self._say("help").strip("\n") + "\n"

    def leave(self, _words: Sequence[str]) -> None:
        """Return None: the session is over."""
        return

    def forget(self, _words: Sequence[str]) -> str:
        """Empty the trace."""
        self._lines.clear()
        self._explainer = Explainer("repl", numbering=self._numbering)
        return self._say("cleared") + "\n"

    def speak(self, words: Sequence[str]) -> str:
        """Switch the language."""
        for lang in catalog.LANGUAGES:
            if list(words) == [lang]:
                self.lang = lang
                return self._say("welcome") + "\n"
        return self._say("languages") + "\n"

    def table(self, _words: Sequence[str]) -> str:
        """Return one row a connection."""
        table = Table(self.lang)
        table.start("repl", ())
        for summary in self._summaries():
            table.summary(summary)
        return table.finish(Totals()) or self._say("nothing_yet") + "\n"

    def stand(self, _words: Sequence[str]) -> str:
        """Return the verdicts so far."""
        return self.verdicts() or self._say("nothing_yet") + "\n"


COMMANDS: Final[dict[str, Callable[[Dialogue, Sequence[str]], str | None]]] = {
    "help": Dialogue.tell_help,
    "?": Dialogue.tell_help,
    "quit": Dialogue.leave,
    "exit": Dialogue.leave,
    "clear": Dialogue.forget,
    "lang": Dialogue.speak,
    "connections": Dialogue.table,
    "verdicts": Dialogue.stand,
}
