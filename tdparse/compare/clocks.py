"""
How the clocks of two capture points differ, from packets that passed both, in both directions.

A packet takes time, so whatever passes from the first log to the second says that the second clock is at most so
far ahead, and whatever passes back, at least. Between these bounds nothing can be known; the middle is right when
the fastest packets take equally long both ways.
"""

from __future__ import annotations

from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple

from tdparse.clock import DAY
from tdparse.model import TimeStyle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdparse.compare.sightings import Log

ZONE: Final = 900 * 10**9  # time zones differ by quarters of an hour
NEARLY: Final = 60 * 10**9  # so close to one, a difference is a time zone's and a wrong clock's
WINDOWS: Final = 16  # in which the difference is looked at by itself, to see whether it grows
LEAST_WINDOWS: Final = 4
SURE: Final = 4  # times the scatter
DATED: Final = frozenset({TimeStyle.EPOCH, TimeStyle.DATE})
OF_DAY: Final = DATED | {TimeStyle.CLOCK}


class Passage(NamedTuple):
    """One packet at both points: when the first log shows it, and how much later, by its own clock, the second."""

    time: int  # nanoseconds
    later: int
    outward: bool  # it passed the first point first


class Clocks(NamedTuple):
    """The second log's clock, seen from the first's; nanoseconds, None where the logs cannot tell."""

    offset: int | None  # how far ahead
    low: int | None  # it cannot be less
    high: int | None  # nor more
    drift: float  # what it gains in a nanosecond
    since: int  # the first log's time at which `offset` holds
    meaningful: bool  # whether both logs say what time of day it was
    zone: int  # of the offset, what looks like a difference of time zones

    def difference(self, time: int) -> int:
        """Return how far ahead the second clock is at a time of the first."""
        return (self.offset or 0) + round(self.drift * (time - self.since))

    def delay(self, passage: Passage) -> int | None:
        """Return how long a packet took, as far as the offset can be known."""
        if self.offset is None or self.low is None or self.high is None:
            return None
        later = passage.later - self.difference(passage.time)
        return later if passage.outward else -later


def compared(logs: tuple[Log, Log], passages: Sequence[Passage]) -> Clocks:
    """Return what the passages say about the clocks."""
    meaningful = all(log.style in OF_DAY for log in logs)
    whole = DAY if meaningful and not all(log.style in DATED for log in logs) else 0
    since = min((passage.time for passage in passages), default=0)
    drift = _drift(passages)
    level = [passage._replace(later=passage.later - round(drift * (passage.time - since))) for passage in passages]
    high = min((passage.later for passage in level if passage.outward), default=None)
    low = max((passage.later for passage in level if not passage.outward), default=None)
    if high is not None and low is not None:
        low, high = min(low, high), max(low, high)
        offset: int | None = (low + high) // 2
    else:
        offset = high if low is None else low
    zone = 0
    if offset is not None and meaningful:
        near = offset - round(offset / whole) * whole if whole else offset
        nearest = round(near / ZONE) * ZONE
        zone = nearest if abs(near - nearest) <= NEARLY else 0
    return Clocks(offset, low, high, drift, since, meaningful, zone)


def shown_offset(logs: tuple[Log, Log], nanoseconds: int) -> int:
    """Return an offset without the days that a time of day does not tell."""
    if all(log.style in DATED for log in logs):
        return nanoseconds
    return nanoseconds - round(nanoseconds / DAY) * DAY


def _drift(passages: Sequence[Passage]) -> float:
    """Return the slope of the difference where it is plainly no accident, else 0 (Theil and Sen's estimate)."""
    if not passages:
        return 0.0
    start = min(passage.time for passage in passages)
    length = max(passage.time for passage in passages) - start
    bounds: dict[int, list[int | None]] = {}
    for passage in passages:
        window = bounds.setdefault(min((passage.time - start) * WINDOWS // max(length, 1), WINDOWS - 1), [None, None])
        if passage.outward:
            window[1] = passage.later if window[1] is None else min(window[1], passage.later)
        else:
            window[0] = passage.later if window[0] is None else max(window[0], passage.later)
    points = [
        ((place + 0.5) * length / WINDOWS, (low + high) / 2)
        for place, (low, high) in sorted(bounds.items())
        if low is not None and high is not None
    ]
    if len(points) < LEAST_WINDOWS:
        return 0.0
    slope = median((y2 - y1) / (x2 - x1) for place, (x1, y1) in enumerate(points) for x2, y2 in points[place + 1 :])
    level = [y - slope * x for x, y in points]
    scatter = median(abs(b - a) for a, b in pairwise(level))
    grown = abs(slope) * (points[-1][0] - points[0][0])
    return slope if grown > SURE * max(scatter, 50_000) else 0.0
