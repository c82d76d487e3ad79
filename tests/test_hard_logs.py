"""Logs that few tests think of: clocks that step back, lines that stick together, lines that are cut off."""

from __future__ import annotations

import pytest
from played import play
from scenario import NOON, packets, printed

from tdparse.model import Step, Summary

OPEN = "C S\nS S.\nC .\n"


def stepping(shorthand: str, *, back: float, at: int) -> tuple[list[Step], Summary]:
    """Return what is said of a conversation in which the clock goes `back` by so many seconds before packet `at`."""
    captured = packets(shorthand)
    shifted = [
        packet._replace(time=packet.time - (round(back * 1_000_000) if place >= at else 0))
        for place, packet in enumerate(captured)
    ]
    assert shifted[0].time == NOON
    steps, (end,) = play(printed(shifted))
    return steps, end


@pytest.mark.parametrize(
    ("again", "step"),
    [
        ("C P. 10\nC P. 10 seq=1 +0.2\nC P. 10 seq=1 +0.4\nC P. 10 seq=1 +0.8", "data.retransmit"),
        ("C F.\nC F. seq=1 +0.2\nC F. seq=1 +0.4\nC F. seq=1 +0.8", "teardown.fin.retransmit"),
    ],
    ids=["data", "FIN"],
)
@pytest.mark.parametrize("back", [0.0, 0.5, 2.0, 5.0])
def test_what_is_sent_again_behind_a_step_of_the_clock_is_no_copy(again: str, step: str, back: float) -> None:
    """R112: the copies of one packet are less than a millisecond apart, whatever the clock says was first."""
    steps, _ = stepping(OPEN + again, back=back, at=4)
    assert [one.step for one in steps[4:]] == [step] * 3
