"""
How far a long run has come: one line on standard error, rewritten in place.

It appears after a second, only on a terminal, never in a pipe; and not where the output itself moves on the screen.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from typing import TYPE_CHECKING, Final

from tdparse import catalog
from tdparse.render.screen import broken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TextIO

    from tdparse.model import Lang

AFTER: Final = 1.0  # seconds before anything is shown
EVERY: Final = 0.2  # seconds between two lines
_ERASE: Final = "\r\x1b[K"
_SECOND: Final = 10**9
_UNITS: Final = ("B", "kB", "MB", "GB", "TB")
_THOUSAND: Final = 1000


class Progress:
    """Counts what has been done and shows it from time to time."""

    def __init__(
        self,
        lang: Lang,
        sizes: Iterable[int | None],
        *,
        together: bool = False,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Expect inputs of these `sizes` in octets, None where that is unknown, one after another or all `together`.

        `clock` tells seconds.
        """
        known = list(sizes)
        self._lang: Lang = lang
        self._files = 1 if together else len(known)
        self._total = None if None in known else sum(size or 0 for size in known)
        self._stream = sys.stderr if stream is None else stream
        self._clock = clock
        self._begun = clock()
        self._next = self._begun + AFTER
        self._octets = self._done = 0
        self._shown = False
        self._off = not self._stream.isatty() or os.environ.get("TERM") == "dumb"

    def tick(self, octets: int, lines: int) -> None:
        """Note that `octets` of the present input and `lines` of all have been read."""
        if self._off:
            return
        now = self._clock()
        if now < self._next:
            return
        self._next = now + EVERY
        text = self.line(self._octets + octets, lines, now - self._begun)
        self._stream.write(_ERASE + broken(text, max(self._columns() - 1, 1))[0])
        self._stream.flush()
        self._shown = True

    def next(self, octets: int) -> None:
        """Note that one more input, of which `octets` have been read, is done."""
        self._octets += octets
        self._done += 1

    def without(self, octets: int) -> None:
        """Note that an input of so many octets was done before: it says nothing about how fast this run is."""
        if self._total is not None:
            self._total -= octets
        self._done += 1

    def clear(self) -> None:
        """Take the line off the screen, because something else is going to be written."""
        if self._shown:
            self._stream.write(_ERASE)
            self._stream.flush()
            self._shown = False

    def stop(self) -> None:
        """Show nothing any more."""
        self.clear()
        self._off = True

    def line(self, octets: int, lines: int, elapsed: float) -> str:
        """Return what is shown after `elapsed` seconds."""
        total = self._total
        parts = []
        if self._files > 1:
            parts.append(self._say("files", done=self._done, all=self._files))
        if total:
            share = min(octets / total, 1.0)
            parts.append(self._say("share", percent=int(share * 100), done=_size(octets), all=_size(total)))
        elif octets:
            parts.append(_size(octets))
        if elapsed > 0:
            parts.append(self._say("speed", n=f"{round(lines / elapsed):,}"))
        if total and octets:
            left = max(round((total - octets) * elapsed / octets), 1)
            parts.append(self._say("left", dt=catalog.span(left * _SECOND, self._lang).replace(".00", "")))
        return " · ".join(parts)

    def _columns(self) -> int:
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or 80
        except (OSError, ValueError):
            return 80

    def _say(self, code: str, **values: object) -> str:
        return catalog.fill(catalog.sentence("progress", code, self._lang), values)


def size_of(name: str) -> int | None:
    """Return the size of an input in octets, None where there is none: a pipe, what cannot be read."""
    try:
        found = os.fstat(0) if name == "-" else os.stat(name)  # noqa: PTH116 - by descriptor and by name alike
    except (OSError, ValueError):
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _size(octets: float) -> str:
    """
    Return octets as people write them.

    >>> _size(999), _size(1234567)
    ('999 B', '1.2 MB')
    """
    unit = 0
    while octets >= _THOUSAND and unit < len(_UNITS) - 1:
        octets /= _THOUSAND
        unit += 1
    return f"{octets:.1f} {_UNITS[unit]}" if unit else f"{octets:.0f} B"
