"""
The log's own clock: printed timestamps to nanoseconds on one growing line (R39).

tcpdump prints a time of day, seconds since 1970, a date, or a difference; no time zone, and
without `-tttt` no date. A `Clock` turns all of them into nanoseconds that can be subtracted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdparse.model import TimeStyle

if TYPE_CHECKING:
    from tdparse.model import Segment

DAY: Final = 86_400 * 10**9
MIDNIGHT_JUMP: Final = DAY // 2  # a larger step back has passed midnight (R39)


class Clock:
    """Feed the segments of one log in order; times come out in nanoseconds."""

    __slots__ = ("_days", "_deltas", "_last", "_sum", "bare", "first")

    def __init__(self) -> None:
        """Start with no time known."""
        self.first: int | None = None
        self._last: int | None = None
        self._days = 0
        self._deltas = False  # -ttt rather than -ttttt, once proven
        self._sum = 0
        self.bare = False  # its times of day are differences that have lost the space before them

    @property
    def days(self) -> int:
        """What is added to a time of day, nanoseconds."""
        return self._days

    def pass_over(self, latest: int) -> None:
        """Take note that segments went by, the last of them at `latest`."""
        self._last = latest

    def read(self, segment: Segment) -> int | None:
        """
        Return the time of `segment` in nanoseconds, None when it printed none.

        The zero point is arbitrary; differences between two results of one clock are durations.
        """
        stamp = segment.stamp
        if stamp is None:
            return None
        if self.first is None:
            # The first difference is 0. A day of packets does not begin on its first nanosecond.
            self.bare = stamp == 0 and segment.time_style is TimeStyle.CLOCK
        style = self.style(segment)
        if style is TimeStyle.CLOCK:
            stamp += self._days
            if self._last is not None:
                if stamp < self._last - MIDNIGHT_JUMP:
                    self._days += DAY
                    stamp += DAY
                elif self._days and stamp > self._last + MIDNIGHT_JUMP:
                    stamp -= DAY  # a record out of order, printed after its midnight
        elif style is TimeStyle.DELTA:
            stamp = self._elapsed(stamp)
        self._last = stamp
        if self.first is None:
            self.first = stamp
        return stamp

    def style(self, segment: Segment) -> TimeStyle:
        """Return how the time of `segment` is meant, once the first one was read."""
        return TimeStyle.DELTA if self.bare and segment.time_style is TimeStyle.CLOCK else segment.time_style

    def _elapsed(self, delta: int) -> int:
        """
        Read `-ttt` (since the previous record) and `-ttttt` (since the first), which look alike.

        Times since the first record never shrink, so the first one that does proves `-ttt`; from
        there on the sum counts. Until then both readings agree on the first two records, and
        `-ttttt` is taken.
        """
        self._sum += delta
        if not self._deltas and self._last is not None and 0 <= delta < self._last:
            self._deltas = True
        return self._sum if self._deltas else delta
