"""
The prompt: paste a line or a whole log, press Enter where the paste did not, read the explanation.

A pasted block is one input, answered as soon as its last line is complete. Where there is no terminal to
edit on (a pipe, a dumb terminal), lines are read plainly; the answers are the same.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tdparse import catalog
from tdparse.dialogue import COMMANDS, Dialogue

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession

    from tdparse.model import Lang, NumberStyle
    from tdparse.stream import NumberingChoice

PROMPT: Final = "tdexplain> "
HISTORY: Final = "history"


class Repl:
    """One session at a terminal, or of what stands in for one."""

    def __init__(
        self, lang: Lang, numbers: NumberStyle = "relative", numbering: NumberingChoice = "auto", *, color: bool = False
    ) -> None:
        """Prepare a session; nothing is shown yet."""
        self._dialogue = Dialogue(lang, numbers, numbering, color=color, columns=_columns)

    def run(self) -> int:
        """Talk until the input ends or the user leaves; return the exit code."""
        signal.signal(signal.SIGINT, signal.default_int_handler)  # here Ctrl-C drops a line, or ends the input
        if sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") not in {"dumb", "unknown"}:
            return self._edit()
        return self._read()

    def _edit(self) -> int:
        """Talk on a terminal that can edit lines."""
        session = _session()
        _show(catalog.sentence("repl", "welcome", self._dialogue.lang) + "\n")
        while True:
            try:
                session.app.erase_when_done = False
                text = session.prompt(PROMPT)
            except KeyboardInterrupt:  # the line is dropped, the session goes on
                continue
            except EOFError:
                return 0
            answer = self._dialogue.answer(text)
            if answer is None:
                return 0
            _show(answer)

    def _read(self) -> int:
        """Read lines plainly; at the end say how the connections stand."""
        interactive = sys.stdin.isatty()
        try:
            if interactive:
                _show(catalog.sentence("repl", "welcome", self._dialogue.lang) + "\n" + PROMPT)
            for line in sys.stdin:
                answer = self._dialogue.answer(line)
                if answer is None:
                    return 0
                _show(answer + (PROMPT if interactive else ""))
            _show(self._dialogue.verdicts())
        except KeyboardInterrupt:
            _show("\n" + self._dialogue.verdicts())
            return 130
        return 0


def _show(text: str) -> None:
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
    sys.stdout.flush()


def _columns() -> int | None:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _session() -> PromptSession[str]:
    """Return a prompt with history, completion of commands, and pastes that answer at once."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import WordCompleter
    from prompt_toolkit.history import FileHistory, History, InMemoryHistory
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
    from prompt_toolkit.keys import Keys

    keys = KeyBindings()

    @keys.add(Keys.BracketedPaste)
    def paste(event: KeyPressEvent) -> None:
        # The answer repeats every line it explains, so a pasted block is taken off the screen, and is no history.
        buffer = event.current_buffer
        text = event.data.replace("\r\n", "\n").replace("\r", "\n")
        event.app.erase_when_done = "\n" in text
        if text.endswith("\n"):
            event.app.exit(result=buffer.document.text_before_cursor + text + buffer.document.text_after_cursor)
        else:
            buffer.insert_text(text)

    history: History
    try:
        history = FileHistory(str(_state_folder() / HISTORY))
    except OSError:  # a home that cannot be written: the session works, it is only not remembered
        history = InMemoryHistory()
    words = WordCompleter(sorted(COMMANDS), sentence=True)
    return PromptSession(history=history, completer=words, key_bindings=keys, complete_while_typing=False)


def _state_folder() -> Path:
    """Return the folder for what is kept between sessions; it exists."""
    from platformdirs import user_state_path

    return user_state_path("tdexplain", ensure_exists=True)
