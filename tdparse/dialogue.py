"""
What the REPL answers: text in, text out; all that has been pasted is one log that grows.

No terminal is touched here, so every answer can be tested as a value.
"""

from __future__ import annotations

import os
import re
import shlex
from contextlib import ExitStack, nullcontext, suppress
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from tdparse import catalog, fragment, why, wording
from tdparse.completion import STYLES, Known, known
from tdparse.escapes import safe
from tdparse.model import Severity, Skipped, State, Step
from tdparse.output import UnwritableError, replaced
from tdparse.questions import Questions
from tdparse.read import opened
from tdparse.record import parse_line
from tdparse.render.compact import shortened
from tdparse.render.screen import broken, width
from tdparse.render.text import INDENT, Text
from tdparse.session import Session
from tdparse.unpack import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from tdparse.model import Lang, NumberStyle, Summary
    from tdparse.session import Piece
    from tdparse.stream import NumberingChoice

_LINE_END: Final = re.compile(r"\r\n?|\n")  # no other sign ends a line of a log, whatever Python takes for one
_OVER: Final = frozenset({State.CLOSED, State.TIME_WAIT})
QUOTED: Final = 60  # columns of a line that is quoted
MEANT: Final = 2  # words behind a command; more of them are prose
# Commands that cost something: with words behind them it is prose.
BARE: Final = frozenset({"quit", "exit", "q", "clear", "undo"})
_LISTED: Final = 12  # connections named in a hint


def is_log(name: str) -> bool:
    """Return whether there is a file of this name."""
    return os.path.isfile(_named([name]))  # noqa: PTH113 - Path.is_file raises for what may not be looked at


def _named(words: Sequence[str]) -> Path:
    """Return the file that is meant; a name that no file has is read as a shell does, in quotes or with backslashes."""
    name = " ".join(words)
    if not os.path.lexists(name):
        with suppress(ValueError):  # a quote that is not closed
            name = " ".join(shlex.split(name))
    return Path(os.path.expanduser(name))  # noqa: PTH111 - Path.expanduser raises for a user who is not there


def _unheard(_done: int) -> None:
    pass


class Dialogue:
    """One session, its language, and its commands."""

    def __init__(
        self,
        lang: Lang,
        numbers: NumberStyle = "relative",
        numbering: NumberingChoice = "auto",
        *,
        color: bool = False,
        columns: Callable[[], int | None] = lambda: None,
        hints: bool = True,
        watch: Callable[[int, int], AbstractContextManager[Callable[[int], None]]] = lambda _lines, _size: nullcontext(
            _unheard
        ),
    ) -> None:
        """
        Start with nothing pasted.

        `columns` tells how wide the terminal is, None for no limit; `hints` says what is waited for, to people who type;
        `watch` is entered with the lines and characters of an input, and hears how many lines are done.
        """
        self.lang: Lang = lang
        self._numbers: NumberStyle = numbers
        self._color = color
        self._columns = columns
        self._hints = hints
        self._watch = watch
        self._session = Session(numbering)
        self._view = self._new_view()
        self._shown = 0  # the line that has been complained of although it may go on
        self._reading = False  # an input whose end has not been reached
        self._saved: set[Path] = set()  # files this session has written, and may write again

    def answer(self, text: str) -> str | None:
        """Return what to show for one input, a command or pasted lines; None to leave."""
        word, *rest = text.split() or [""]
        command = COMMANDS.get(word.lower())
        if command and "\n" not in text.strip() and not (rest and word.lower() in BARE):
            return command(self, rest)
        lines = _LINE_END.split(text.removesuffix("\n"))
        if not any(line.strip() for line in lines) and not self._session.pending:
            return ""
        return self._explain(lines)

    def known(self) -> Known:
        """Return what can be completed."""
        return known(self._session, sorted(COMMANDS))

    def welcome(self) -> str:
        """Return what is said first."""
        return self._wrapped(self._say("welcome"))

    def repeats(self, text: str) -> bool:
        """Whether the answer to a line will begin with that line."""
        return fragment.is_record(text)

    def interrupted(self) -> str:
        """Drop an input that was interrupted while it was read, and tell that; what was read before it stays."""
        reading, self._reading = self._reading, False
        return self.take_back(()) if reading else ""

    def closing(self) -> str:
        """Return what is left to say when the input ends: how all connections stand."""
        rest = self._explain([""]) if self._session.pending else ""
        return rest + self._ask().verdicts(self._session.summaries())

    # ------------------------------------------------------------------ pasted lines

    def _explain(self, lines: Sequence[str]) -> str:
        self._refit()
        alone = len(lines) == 1
        if alone and not self._session.pending and (piece := fragment.read(lines[0])):
            return self._piece(piece)
        if alone and not self._session.pending and (slip := self._slip(lines[0])):
            return slip
        parts: list[str] = []
        touched: set[int] = set()
        over: set[int] = set()
        view = self._view
        self._reading = True
        with self._watch(len(lines), sum(map(len, lines)) + len(lines)) as beat:
            pieces = self._session.feed(lines, beat)
            self._reading = False
        for item, raw in pieces:
            if isinstance(item, Step):
                parts.append(view.step(item, raw))
                touched.add(item.flow.conn)
                ends = {item.client.after.state, item.server.after.state}
                over |= {item.flow.conn} if ends <= _OVER else set()
            else:
                parts.append(self._aside(item) if alone else view.skipped(item, raw))
        # Of a pasted log the verdicts are what one wants to know; a single line is worth one when it ends something.
        if concluded := over if alone else touched:
            parts += map(view.summary, self._session.summaries(concluded))
        if self._hints and self._session.pending:
            parts.append(self._waiting())
        return "".join(parts)

    def _waiting(self) -> str:
        """Answer a line that may go on: what is wrong with it as it is, or that its next line is awaited."""
        piece = self._session.at(len(self._session.lines))
        if piece is not None and isinstance(piece.item, Skipped) and piece.item.kind == "rejected":
            self._shown = piece.item.line
            return self._view.skipped(piece.item, piece.lines)
        return self._wrapped(self._say("pending"))

    def _aside(self, skipped: Skipped) -> str:
        """Answer a line that is no segment."""
        if skipped.kind == "blank" or skipped.line == self._shown:
            return ""
        if skipped.kind == "rejected":
            return self._view.skipped(skipped, [skipped.raw])
        return self._strange(skipped)

    def _strange(self, skipped: Skipped, *more: str) -> str:
        kind = catalog.sentence("kind", skipped.kind, self.lang)
        return self._wrapped("\n".join([self._filled("not_tcpdump", kind=kind), *more]))

    def _slip(self, text: str) -> str:
        """Answer a line that was meant for a command or a question; it is not kept. "" for any other."""
        item = parse_line(text)
        if not isinstance(item, Skipped) or item.kind != "remark":
            return ""
        meant = self._perhaps(text)
        return self._strange(item, *meant) if meant else ""

    def _perhaps(self, text: str) -> list[str]:
        """Return what a few words that are no log may have been meant for: a command, a question."""
        first, *rest = text.split() or [""]
        if len(rest) > MEANT or not all(word.replace(".", "").replace(":", "").isalnum() for word in rest):
            return []
        near = get_close_matches(first.lower(), COMMANDS, n=1)
        meant = [word if word in BARE else " ".join((word, *rest)) for word in near]
        meant += [f"load {text.strip()}"] if not meant and is_log(text.strip()) else []
        meant += [f"why {' '.join(text.split())}"] if not why.find([text.strip()])[1] else []
        return [self._filled("perhaps", words=safe(self._listed(meant)))] if meant else []

    def _piece(self, found: fragment.Fragment) -> str:
        """Answer a piece of a line, as far as it goes."""
        step = found.step
        named = step.flow.role_confidence >= wording.GUESSED
        lacking = [*found.missing, *([] if step.segment.time else ["no_time"])]
        missing = self._listed(map(self._say, lacking))
        view = self._view
        told = [
            view.title(step),
            *view.states(step, () if named else (fragment.SENDER, fragment.RECEIVER)),
            safe(wording.text(step, self.lang, "absolute")),
        ]
        for finding in step.findings:
            told += view.finding(finding, step, "absolute") if finding.severity is not Severity.CHAT else ()
        return self._wrapped("\n".join([*told, self._filled("fragment", missing=missing)]))

    # ------------------------------------------------------------------ commands: the session

    def tell_help(self, words: Sequence[str]) -> str:
        """Return what can be done here, or with the commands that are named."""
        text = self._say("help").strip("\n")
        asked = {word.lower() for word in words} & {*COMMANDS}
        about = [
            line for line in text.splitlines() if line.startswith("  ") and asked & {*re.findall(r"\w+", line[:22])}
        ]
        return "".join(f"{line}\n" for line in self._rows(about or text.splitlines()))

    def _rows(self, lines: Sequence[str]) -> Iterator[str]:
        """Yield lines of the help; of a row that is too wide for the terminal, its cells stand below each other."""
        columns = self._columns()
        for line in lines:
            if columns is None or width(line) <= columns:
                yield line
                continue
            indent = "  " if line.startswith(" ") else ""
            first, *cells = re.split(r" {2,}", line.strip())
            yield from (indent + part for part in broken(first, columns - len(indent)))
            yield from (INDENT * 2 + part for cell in cells for part in broken(cell, columns - 2 * len(INDENT)))

    def leave(self, _words: Sequence[str]) -> None:
        """Return None: the session is over."""
        return

    def forget(self, _words: Sequence[str]) -> str:
        """Empty the log."""
        self._session.clear()
        self._view = self._new_view()
        return self._wrapped(self._say("cleared"))

    def take_back(self, _words: Sequence[str]) -> str:
        """Take back the last input."""
        before = len(self._session.lines)
        taken = self._session.undo()
        if taken is None:
            return self._wrapped(self._say("nothing_to_undo"))
        self._view.recall(max((step.flow.conn for step in self._session.steps()), default=0))
        text = next((line for line in taken if line.strip()), "")
        lines = wording.lines_text(before - len(taken) + 1, before, self.lang)
        return self._wrapped(self._filled("undone", lines=lines, text=safe(shortened(text.strip(), QUOTED))))

    def speak(self, words: Sequence[str]) -> str:
        """Switch the language."""
        for lang in catalog.LANGUAGES:
            if list(words) == [lang]:
                self.lang = lang
                self._view = self._new_view()
                return self.welcome()
        return self._wrapped(self._say("languages"))

    def number(self, words: Sequence[str]) -> str:
        """Switch how sequence numbers are shown."""
        if len(words) == 1 and words[0] in STYLES:
            self._numbers = cast("NumberStyle", words[0])
            self._view = self._new_view()
            return self._wrapped(self._filled("style", style=self._numbers))
        return self._wrapped(self._filled("styles", style=self._numbers))

    def load(self, words: Sequence[str]) -> str:
        """Read a log as if it had been pasted."""
        if not words:
            return self._wrapped(self._filled("which_file", command="load"))
        name = str(_named(words))
        lines: list[str] = []
        told = ""
        try:
            with opened(name) as source:
                for block in source.blocks():
                    lines += (line.removesuffix("\r") for line in block)
        except UnreadableError as error:
            told = self._trouble(error.name, error.code, error.detail)
        if not lines and not told:
            return self._trouble(name, "empty", "")
        return (self._explain(lines) if lines else "") + told

    def save(self, words: Sequence[str]) -> str:
        """Write what has been pasted to a new file, or one that this session has written."""
        if not words:
            return self._wrapped(self._filled("which_file", command="save"))
        path = _named(words)
        if os.path.exists(path) and path not in self._saved:  # noqa: PTH110 - Path.exists raises for what may not be looked at
            return self._wrapped(self._filled("exists", name=safe(str(path))))
        lines = self._session.lines
        try:
            with ExitStack() as stack:
                file = stack.enter_context(replaced(path))
                file.write("".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape"))
        except UnwritableError as error:
            return self._trouble(error.name, "unwritable", error.detail)
        self._saved.add(path)
        return self._wrapped(self._filled("saved", name=safe(str(path)), n=len(lines)))

    # ------------------------------------------------------------------ commands: questions

    def table(self, words: Sequence[str]) -> str:
        """Return one row a connection."""
        return self._about("connections", words, self._ask().table, every=True)

    def stand(self, words: Sequence[str]) -> str:
        """Return the verdicts so far."""
        return self._about("verdicts", words, self._ask().verdicts, every=True)

    def show(self, words: Sequence[str]) -> str:
        """Return a connection with a line for each segment."""
        return self._about("show", words, self._ask().show)

    def draw(self, words: Sequence[str]) -> str:
        """Return a connection as a ladder."""
        return self._about("ladder", words, self._ask().ladder)

    def _about(
        self, command: str, words: Sequence[str], reply: Callable[[Sequence[Summary]], str], *, every: bool = False
    ) -> str:
        """Answer about the connections that are named; about all where `every`, or there is but one."""
        summaries = self._session.summaries()
        if not summaries:
            return self._wrapped(self._say("nothing_yet"))
        if not words:
            if every or len(summaries) == 1:
                return reply(summaries)
            shown = [str(summary.flow.conn) for summary in summaries[:_LISTED]]
            conns = self._listed([*shown, "…"] if len(summaries) > _LISTED else shown)
            return self._wrapped(self._filled("which", conns=conns, command=command, example=summaries[0].flow.conn))
        chosen: dict[int, Summary] = {}
        for word in words:
            found = self._ask().chosen(word)
            if not found:
                return self._wrapped(self._filled("no_connection", word=safe(word)))
            chosen |= {summary.flow.conn: summary for summary in found}
        return reply(list(chosen.values()))

    def reason(self, words: Sequence[str]) -> str:
        """Return why a line is explained as it is, or what a code means."""
        if not words:
            return self._wrapped(self._say("why_what"))
        if len(words) == 1 and words[0].isdecimal():
            return self._on_line("why", words, self._ask().why)
        places, unknown = why.find(words)
        complaints = [why.complaint(word, why.nearest(word), self.lang) for word in unknown]
        page = why.Why(self.lang, columns=self._columns(), color=self._color).page(places) if places else []
        return "".join(map(self._wrapped, complaints)) + "".join(f"{line}\n" for line in page)

    def tree(self, words: Sequence[str]) -> str:
        """Return a line as the grammar sees it."""
        return self._on_line("tree", words, self._ask().tree)

    def _on_line(self, command: str, words: Sequence[str], reply: Callable[[Piece], str]) -> str:
        last = len(self._session.lines)
        if not last:
            return self._wrapped(self._say("nothing_yet"))
        if len(words) != 1 or not words[0].isdecimal():
            return self._wrapped(self._filled("which_line", command=command, last=last))
        number = words[0].lstrip("0")
        piece = self._session.at(int(number)) if 0 < len(number) <= len(str(last)) else None  # Python refuses long ones
        return self._wrapped(self._filled("no_line", word=words[0], last=last)) if piece is None else reply(piece)

    # ------------------------------------------------------------------ pieces

    def _ask(self) -> Questions:
        return Questions(self._session, self.lang, self._numbers, color=self._color, columns=self._columns())

    def _new_view(self) -> Text:
        return Text(self.lang, numbers=self._numbers, color=self._color, columns=self._columns())

    def _refit(self) -> None:
        """Follow the terminal, which may have changed its size."""
        self._view.fit(self._columns())

    def _wrapped(self, text: str) -> str:
        columns = self._columns()
        lines = text.split("\n")
        return "".join(f"{line}\n" for told in lines for line in ([told] if columns is None else broken(told, columns)))

    def _trouble(self, name: str, code: str, detail: str) -> str:
        return self._wrapped(catalog.trouble(code, self.lang, safe(name), detail))

    def _listed(self, words: Iterable[str]) -> str:
        return catalog.sentence("ui", "comma", self.lang).join(words)

    def _filled(self, code: str, **values: object) -> str:
        return catalog.fill(self._say(code), values)

    def _say(self, code: str) -> str:
        return catalog.sentence("repl", code, self.lang)


COMMANDS: Final[dict[str, Callable[[Dialogue, Sequence[str]], str | None]]] = {
    "help": Dialogue.tell_help,
    "?": Dialogue.tell_help,
    "quit": Dialogue.leave,
    "exit": Dialogue.leave,
    "q": Dialogue.leave,
    "clear": Dialogue.forget,
    "undo": Dialogue.take_back,
    "lang": Dialogue.speak,
    "numbers": Dialogue.number,
    "load": Dialogue.load,
    "save": Dialogue.save,
    "connections": Dialogue.table,
    "show": Dialogue.show,
    "ladder": Dialogue.draw,
    "verdicts": Dialogue.stand,
    "why": Dialogue.reason,
    "tree": Dialogue.tree,
}
