"""How bad things are, for the order and the colour of what a page shows."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final

from tdparse.findings.table import severity_of
from tdparse.model import Severity

if TYPE_CHECKING:
    from collections.abc import Container

    from tdparse.model import Summary


class Gravity(IntEnum):
    """From what nobody has to look at to what broke."""

    GOOD = 0
    OPEN = 1  # nothing wrong, and not over
    ODD = 2
    BAD = 3


_GROUPS: Final = {
    "complete": Gravity.GOOD,
    "still_open": Gravity.OPEN,
    "mid_stream": Gravity.OPEN,
    "one_sided": Gravity.ODD,
    "half_closed": Gravity.ODD,
    "close_unanswered": Gravity.ODD,
    "undetermined": Gravity.ODD,
    "unsolicited": Gravity.ODD,
    "complete.no_last_ack": Gravity.OPEN,
    "mid_stream.reset": Gravity.ODD,
    "reset_by_client.close": Gravity.ODD,
    "reset_by_server.close": Gravity.ODD,
}  # every other verdict: something did not work


def of_verdict(verdict: str) -> Gravity:
    """Return how bad a verdict is."""
    return _GROUPS.get(verdict, _GROUPS.get(verdict.partition(".")[0], Gravity.BAD))


def of_severity(severity: str) -> Gravity:
    """Return how bad a finding is, by its severity."""
    return _SEVERITIES[Severity(severity)]


_SEVERITIES: Final = {
    Severity.CHAT: Gravity.GOOD,
    Severity.NOTE: Gravity.OPEN,
    Severity.WARN: Gravity.ODD,
    Severity.ERROR: Gravity.BAD,
}


def of_finding(code: str, mild: Container[str] = ()) -> Gravity:
    """Return how bad a finding is where those in `mild` were no more than chat."""
    return of_severity(severity_of(code, mild))


def of_summary(summary: Summary) -> tuple[int, int, int]:
    """Return how bad a connection is: its verdict, its worst finding, how many findings; larger is worse."""
    worst = max((of_finding(code, summary.mild) for code in summary.findings), default=Gravity.GOOD)
    return of_verdict(summary.verdict), worst, sum(summary.findings.values())


def is_clean(rank: tuple[int, int, int]) -> bool:
    """Return whether a connection is nothing to look at; such ones rank below all others."""
    verdict, finding, _count = rank
    return verdict == finding == Gravity.GOOD
