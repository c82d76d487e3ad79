"""When a packet of one log is expected in the other, by what its neighbours took."""

from __future__ import annotations

from bisect import bisect_left
from statistics import median
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

MILLISECOND: Final = 10**6
ALONE: Final = 250 * MILLISECOND  # so far from where it is expected, a copy is rather another packet
WAVERING: Final = 3  # times what delays have differed from their neighbours' by
BURST: Final = 2 * MILLISECOND
NEIGHBOURS: Final = 3  # on either side, whose delay tells what to expect


class Expectation:
    """When a packet of one log is expected in the other: by what its neighbours took, nanoseconds."""

    def __init__(self, samples: Iterable[tuple[int, int]]) -> None:
        """Take (time in the first log, how much more the other log's clock showed)."""
        self._samples = sorted(samples)
        self._times = [time for time, _ in self._samples]
        self.known = bool(self._samples)
        self.alone = ALONE + 10 * self._spread()
        # How far off an expectation may be: what it has been, and bursts are slower than what is alone.
        self.jitter = min(max(WAVERING * self._jitter(), BURST), self.alone)
        self._middle = round(median(sample for _, sample in self._samples)) if self.known else 0

    def arrival(self, time: int) -> int:
        """Return when the other log is expected to have what the first has at `time`."""
        if not self.known:
            return time
        place = bisect_left(self._times, time)
        near = self._samples[max(place - NEIGHBOURS, 0) : place + NEIGHBOURS]
        return time + round(median(sample for _, sample in near))

    def departure(self, time: int) -> int:
        """Return when the first log is expected to have what the other has at `time`."""
        if not self.known:
            return time
        near = time - self._middle
        return time - (self.arrival(near) - near)

    def _jitter(self) -> int:
        return max((abs(time + sample - self.arrival(time)) for time, sample in self._samples), default=0)

    def _spread(self) -> int:
        steps = [abs(b - a) for (_, a), (_, b) in zip(self._samples, self._samples[1:], strict=False)]
        return round(median(steps)) if steps else 0
