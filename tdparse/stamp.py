"""Printed times become nanoseconds, each style in its own meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdparse.model import TimeStyle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SECOND: Final = 1_000_000_000
DAY: Final = 86_400 * SECOND
REMEMBERED: Final = 6144  # entries of a memo before it starts afresh
MONTHS: Final = "JanFebMarAprMayJunJulAugSepOctNovDec"
LEAP_YEAR: Final = 1972  # stands in where OpenBSD prints no year: each date exists, and order is kept within a year


class _Seconds(dict[str, int]):
    """Nanoseconds since midnight by ``HH:MM:SS``."""

    def __missing__(self, text: str) -> int:
        if len(self) >= REMEMBERED:
            self.clear()
        hours, minutes, seconds = text.split(":")
        stamp = ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * SECOND
        self[text] = stamp
        return stamp


class _Days(dict[str, int]):
    """Nanoseconds from 1970-01-01 to ``YYYY-MM-DD``, in the proleptic Gregorian calendar."""

    def __missing__(self, text: str) -> int:
        if len(self) >= REMEMBERED:
            self.clear()
        year, month, day = (int(part) for part in text.split("-"))
        year -= month <= 2  # noqa: PLR2004 - counted from March, so that the leap day comes last
        of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
        days = year * 365 + year // 4 - year // 100 + year // 400 + of_year - 719468
        self[text] = days * DAY
        return days * DAY


seconds_of_day: Final[_Seconds] = _Seconds()
days: Final[_Days] = _Days()


def fraction(digits: str) -> int:
    """Return nanoseconds: nine digits (or a damaged ten) are nanoseconds, fewer are microseconds."""
    return int(digits) * 1000 if len(digits) < 9 else int(digits)  # noqa: PLR2004


def clock(text: str) -> int:
    """
    Return nanoseconds of ``HH:MM:SS.ffffff``.

    >>> clock("00:00:01.000002")
    1000002000
    """
    whole, _, digits = text.partition(".")
    return seconds_of_day[whole] + fraction(digits)


def _epoch(text: str) -> int:
    seconds, _, digits = text.partition(".")
    return int(seconds) * SECOND + fraction(digits)


def _date(text: str) -> int:
    return days[text[:10]] + clock(text[11:])


def _us_date(text: str) -> int:
    return days[f"{text[6:10]}-{text[:2]}-{text[3:5]}"] + clock(text[11:])


def _month_date(text: str) -> int:
    month = MONTHS.find(text[:3]) // 3 + 1
    return days[f"{LEAP_YEAR}-{month}-{text[4:6].strip()}"] + clock(text[7:])


def _delta(text: str) -> int:
    return -clock(text[1:]) if text[0] == "-" else clock(text.lstrip(" "))


def _old_delta(text: str) -> int:
    seconds, _, digits = text.rpartition(". ")
    return int(seconds or "0") * SECOND + int(digits) * 1000


# The rules of the grammar that are times: style, and how the text becomes nanoseconds.
READERS: Final[Mapping[str, tuple[TimeStyle, Callable[[str], int]]]] = {
    "clock": (TimeStyle.CLOCK, clock),
    "epoch": (TimeStyle.EPOCH, _epoch),
    "date": (TimeStyle.DATE, _date),
    "us_date": (TimeStyle.DATE, _us_date),
    "month_date": (TimeStyle.DATE, _month_date),
    "delta": (TimeStyle.DELTA, _delta),
    "old_delta": (TimeStyle.DELTA, _old_delta),
}
