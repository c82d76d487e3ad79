"""
An annotated copy: the log as it was, with comment lines under each record.

Our comments begin with a mark of their own, so that they can be told from the comments a log brought
along, and dropped before the log is annotated again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdparse.escapes import safe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdparse.model import Skipped, Step, Summary
    from tdparse.render import Totals
    from tdparse.render.text import Text

MARK: Final = "#td>"
BELONGING: Final = frozenset({"hexdump", "continuation"})  # lines that go on with the record before them


class Annotation:
    """Writes the copy; `text` says what the comments are. See `Renderer` for the methods."""

    def __init__(self, text: Text, *, on_screen: bool = False) -> None:
        """
        Take the sentences from `text`, which must not use colours.

        A copy is byte for byte the log; `on_screen`, where control characters would do harm, it shows them as escapes.
        """
        self._text = text
        self._on_screen = on_screen
        self._ending = "\n"
        self._held: list[str] = []  # comments that wait until the lines of their record are complete
        self._written = ""  # the same, as they will be written
        self.template_lang = text.template_lang

    def start(self, source: str, opening: Sequence[str]) -> str:  # noqa: ARG002 - the copy carries the name
        """Write nothing."""
        self._ending = "\n"
        return ""

    def step(self, step: Step, lines: Sequence[str]) -> str:
        """Copy a record; its comments follow it."""
        shown = self.release() + self._copied(lines)
        self._held = self._text.explanation(step)
        return shown

    def whole(self, step: Step, lines: Sequence[str]) -> str:
        """Copy a record with its comments at once."""
        return self._copied(lines) + self._comments(self._text.explanation(step))

    def release(self) -> str:
        """Return the comments that wait: their record is complete."""
        held, self._held = self._held, []
        written, self._written = self._written, ""
        return written + self._comments(held)

    def hold(self, whole: str) -> str:
        """Take back the comments of a record of one line, which may not be complete; return the line."""
        line, newline, self._written = whole.partition("\n")
        self._ending = "\n"
        return line + newline

    def skipped(self, skipped: Skipped, lines: Sequence[str]) -> str:
        """Copy a line; say under it why a record could not be read."""
        if skipped.kind in BELONGING:
            return self._copied(lines)
        shown = self.release() + self._copied(lines)
        self._held = self._text.complaint(skipped, len(MARK) + 1)
        return shown

    def summary(self, summary: Summary) -> str:
        """Write the verdict."""
        return self.release() + self._comments(self._text.verdict(summary))

    def end(self, lines: Sequence[str]) -> str:
        """Copy what is left."""
        return self.release() + self._copied(lines)

    def finish(self, totals: Totals) -> str:  # noqa: ARG002 - a copy stands for itself
        """Write nothing."""
        return ""

    def _copied(self, lines: Sequence[str]) -> str:
        if self._on_screen:
            return "".join(safe(line.removesuffix("\r")) + "\n" for line in lines)
        if lines:
            self._ending = "\r\n" if lines[-1].endswith("\r") else "\n"
        return "".join(f"{line}\n" for line in lines)

    def _comments(self, lines: Sequence[str]) -> str:
        return "".join(f"{MARK} {line}{self._ending}" for line in lines)
