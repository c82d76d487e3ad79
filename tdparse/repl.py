"""
The prompt: paste a line or a whole log, read the explanation, ask about it.

A pasted block is one input, answered at once; a single line waits for Enter. Where there is no terminal to
edit on (a pipe, a dumb terminal), lines are read plainly; the answers are the same.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tdparse.completion import candidates, takes_file
from tdparse.dialogue import Dialogue
from tdparse.output import give_up
from tdparse.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import CompleteEvent, Completer, Completion
    from prompt_toolkit.document import Document
    from prompt_toolkit.history import History
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

    from tdparse.model import Lang, NumberStyle
    from tdparse.stream import NumberingChoice

PROMPT: Final = "tdexplain> "
HISTORY: Final = "history"
PIECE: Final = 1 << 16  # octets read at a time


class Repl:
    """One session at a terminal, or of what stands in for one."""

    def __init__(
        self, lang: Lang, numbers: NumberStyle = "relative", numbering: NumberingChoice = "auto", *, color: bool = False
    ) -> None:
        """Prepare a session; nothing is shown yet."""
        talking = sys.stdin.isatty()
        self._dialogue = Dialogue(
            lang, numbers, numbering, color=color, columns=_columns, hints=talking, watch=self._watched
        )

    @contextmanager
    def _watched(self, lines: int, size: int) -> Iterator[Callable[[int], None]]:
        """Show how far a long paste has come; Ctrl-C stops it between two lines, so that what has been read is whole."""
        progress = Progress(self._dialogue.lang, [size])
        asked = False

        def note(_signal: int, _frame: object) -> None:
            nonlocal asked
            asked = True

        def beat(done: int) -> None:
            if asked:
                raise KeyboardInterrupt
            progress.tick(size * done // lines, done)

        before = signal.signal(signal.SIGINT, note)
        try:
            yield beat
        finally:
            signal.signal(signal.SIGINT, before)
            progress.stop()
        if asked:  # all has been read by now, so it is the answer that is not wanted
            raise KeyboardInterrupt

    def run(self) -> int:
        """Talk until the input ends or the user leaves; return the exit code."""
        signal.signal(signal.SIGINT, signal.default_int_handler)  # here Ctrl-C drops a line, or ends the input
        if sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") not in {"dumb", "unknown"}:
            return self._edit()
        return self._read()

    def _edit(self) -> int:
        """Talk on a terminal that can edit lines."""
        session = _session(self._dialogue)
        _show(self._dialogue.welcome())
        while True:
            try:
                session.app.erase_when_done = False
                text = session.prompt(PROMPT)
            except KeyboardInterrupt:  # the line is dropped; the session goes on
                continue
            except EOFError:
                return 0
            answer = self._answer(text)
            if answer is None:
                return 0
            self._show_all(answer)

    def _read(self) -> int:
        """Read lines plainly; at the end say how the connections stand."""
        talking = sys.stdin.isatty()
        try:
            if talking:
                self._talk(self._dialogue.welcome() + PROMPT)
            for line in sys.stdin:
                answer = self._dialogue.answer(line)
                if answer is None:
                    return 0
                _show(answer)
                if talking:
                    self._talk(PROMPT)
            if talking:
                self._talk("\n")
            _show(self._dialogue.closing())
        except KeyboardInterrupt:
            self._talk("\n")
            _show(self._dialogue.closing())
            return 130
        except BrokenPipeError:  # the reader has seen enough
            give_up()
        return 0

    def _answer(self, text: str) -> str | None:
        """Return the answer to an input; Ctrl-C drops it, and the input with it while that is read."""
        try:
            return self._dialogue.answer(text)
        except KeyboardInterrupt:
            with suppress(KeyboardInterrupt):  # once more: what has been read of the input stays
                return self._dialogue.interrupted() or "\n"
            return "\n"

    @staticmethod
    def _talk(text: str) -> None:
        """Say to the person at the terminal what is no answer, and does not belong into a file of them."""
        if sys.stdout.isatty():
            _show(text)
        else:
            sys.stderr.write(text)
            sys.stderr.flush()

    @staticmethod
    def _show_all(answer: str) -> None:
        try:
            _show(answer)
        except KeyboardInterrupt:  # a long answer has been cut short
            _show("\n")


def _show(text: str) -> None:
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
    sys.stdout.flush()


def _columns() -> int | None:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


# ------------------------------------------------------------------ prompt_toolkit, imported where a terminal can edit


def _session(dialogue: Dialogue) -> PromptSession[str]:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.input import create_input
    from prompt_toolkit.input.vt100 import Vt100Input

    keyboard = create_input()
    if isinstance(keyboard, Vt100Input):  # whatever has come at once: a long paste comes in thousands of small pieces
        keyboard.stdin_reader.read = partial(keyboard.stdin_reader.read, PIECE)  # type: ignore[method-assign]
    return PromptSession(
        input=keyboard,
        history=_history(),
        completer=_completer(dialogue),
        key_bindings=_keys(dialogue),
        complete_while_typing=False,
        enable_suspend=True,
    )


def _keys(dialogue: Dialogue) -> KeyBindings:
    """Return the keys of our own: a pasted block of lines answers at once, and nothing stands on the screen twice."""
    from prompt_toolkit.enums import DEFAULT_BUFFER
    from prompt_toolkit.filters import has_focus
    from prompt_toolkit.key_binding import KeyBindings
    from prompt_toolkit.keys import Keys

    keys = KeyBindings()

    @keys.add(Keys.BracketedPaste)
    def paste(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        text = event.data.replace("\r\n", "\n").replace("\r", "\n")
        if "\n" not in text:
            buffer.insert_text(text)
            return
        # The answer repeats every line it explains, so a pasted block is taken off the screen, and is no history.
        event.app.erase_when_done = True
        event.app.exit(result=buffer.document.text_before_cursor + text + buffer.document.text_after_cursor)

    @keys.add(Keys.Enter, filter=has_focus(DEFAULT_BUFFER))
    def enter(event: KeyPressEvent) -> None:
        event.app.erase_when_done = dialogue.repeats(event.current_buffer.text)
        event.current_buffer.validate_and_handle()

    return keys


def _history() -> History:
    from prompt_toolkit.history import FileHistory, InMemoryHistory

    try:
        path = _state_folder() / HISTORY
        path.touch()
        return FileHistory(str(path))
    except OSError:  # a home that cannot be written: the session works, it is only not remembered
        return InMemoryHistory()


def _completer(dialogue: Dialogue) -> Completer:
    """Return what offers words, and names of files where a file is wanted."""
    from prompt_toolkit.completion import Completer, Completion, PathCompleter
    from prompt_toolkit.document import Document

    class Words(Completer):
        """Asks the session what there is."""

        def __init__(self) -> None:
            self._files = PathCompleter(expanduser=True)

        def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
            before = document.text_before_cursor.lstrip()
            if takes_file(before):
                name = before.partition(" ")[2]
                yield from self._files.get_completions(Document(name, len(name)), complete_event)
                return
            begun = before.rpartition(" ")[2]
            for word in candidates(before, dialogue.known()):
                yield Completion(word, -len(begun))

    return Words()


def _state_folder() -> Path:
    """Return the folder for what is kept between sessions; it exists."""
    from platformdirs import user_state_path

    return user_state_path("tdexplain", ensure_exists=True)
