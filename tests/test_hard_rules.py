"""Where one rule meets another: what was acknowledged before it was sent, answers that look like probes, ends that nobody answers."""

from __future__ import annotations

import pytest
from played import conversation

OPEN = "C S\nS S.\nC .\n"


@pytest.mark.parametrize(
    ("text", "goodput"),
    [
        ("S P. 1000\nC . +0.01\nS P. 1000 seq=1 +0.2\nC .\nS F. +9\nC .", 800_000.0),
        ("S P. 100\nC .\nC . ack=201 +1\nS P. 100 seq=101 +0.000005\nS P. 10 +1\nC F. ack=211", 839.2),
        ("S P. 100\nC . ack=201 +1\nS P. 100 seq=101 +0.000005\nS F. +9\nC .", 1600.0),
    ],
    ids=["sent again for nothing", "behind its ACK", "behind its ACK, a FIN after it"],
)
def test_what_was_acknowledged_before_waits_for_no_acknowledgment(text: str, goodput: float) -> None:
    """R137, R130: a FIN's ACK covers no payload that an earlier one has covered; payload captured behind its ACK is covered by that."""
    _, (end,) = conversation(OPEN + text)
    assert end.metrics["goodput"] == {"client": None, "server": goodput}
    samples = end.metrics["rtt"]
    assert isinstance(samples, dict)
    assert samples["server"]["count"] == 3


def test_the_oldest_unacknowledged_segment_is_one_that_is_not_acknowledged() -> None:
    """Retransmission, `rto`: the time since the oldest unacknowledged segment, not since a copy that was sent for nothing."""
    text = "S P. 1000\nC .\nS P. 1000 seq=1 +0.2\nC .\nS P. 1000 seq=1001 +1\nS P. 1000 seq=1001 +0.3"
    (*_, last), _ = conversation(OPEN + text)
    (found,) = last.findings
    assert (found.code, found.values["rto"]) == ("retransmission", 300_000_000)
