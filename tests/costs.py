"""What a command costs beside another one, on a machine that has other work at times."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

FEWEST: Final = 3
MOST: Final = 12


def seconds(run: Callable[[], object]) -> float:
    """Return the processor time, user and system, of the processes that `run` starts and waits for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def times(dear: Callable[[], object], cheap: Callable[[], object], limit: float) -> float:
    """
    Return how many times as much `dear` costs as `cheap`: the quickest runs of each, in turn.

    What disturbs only ever makes a run longer. So where the ratio is above `limit`, both are given some more chances.
    """
    runs: list[tuple[float, float]] = []
    while True:
        runs.append((seconds(dear), seconds(cheap)))
        ratio = min(run[0] for run in runs) / min(run[1] for run in runs)
        if len(runs) >= (FEWEST if ratio <= limit else MOST):
            return ratio
