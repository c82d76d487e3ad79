"""Times since the beginning of a log, which grow slowly from line to line: each second is put into words once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from tdparse.model import Lang
    from tdparse.prediction import Awaited, Found

SHORT: Final = 1_000_000_000  # nanoseconds: longer times are shown to the hundredth of a second, or in whole seconds


class Since:
    """Puts times into words, with their sign: a clock may have gone backwards."""

    __slots__ = ("_around", "_lang", "_latest", "_second", "_shown", "_words")

    def __init__(self, words: Callable[[int, Lang], str], lang: Lang) -> None:
        """Use `words` (of the catalogue), in `lang`."""
        self._words = words
        self._lang: Lang = lang
        self._latest = -1
        self._shown = ""
        self._second = -1
        self._around: tuple[str, str] | None = (
            None  # what stands around the hundredths of this second, if they are shown
        )

    def __call__(self, elapsed: int) -> str:
        """Return ``+1.25 s`` for a time in nanoseconds."""
        if elapsed < SHORT:
            shown = self._words(elapsed, self._lang)
            return shown if elapsed < 0 else "+" + shown
        hundredths = (elapsed + 5_000_000) // 10_000_000
        if hundredths == self._latest:
            return self._shown
        second, rest = divmod(hundredths, 100)
        if second != self._second:
            self._second = second
            before, point, after = self._words(second * SHORT, self._lang).partition(".00")
            self._around = (f"+{before}.", after) if point else None
        if self._around is None:
            return "+" + self._words(elapsed, self._lang)
        self._latest, self._shown = hundredths, f"{self._around[0]}{rest:02d}{self._around[1]}"
        return self._shown


def octets(text: str) -> str:
    """Return text whose characters are the octets of `text` in UTF-8."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("latin-1")


def nothing(_found: Found, _lane: Awaited, _number: int, _elapsed: int) -> str:
    """Write nothing of a segment that is predicted."""
    return ""
