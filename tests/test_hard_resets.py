"""What only shows in connections that few tests think of: resets, what is not acceptable, and what comes after the close."""

from __future__ import annotations

import pytest
from played import conversation

from tdparse.wording import text

OPEN = "C S\nS S.\nC .\n"
USED = OPEN + "C P. 100\nS .\n"
CLOSED = USED + "C F.\nS F.\nC .\n"


@pytest.mark.parametrize("reset", ["C R", "C R.", "C R seq=50", "C R +5"])
def test_a_closed_endpoint_ignores_a_reset(reset: str) -> None:
    """R51, T5: behind a complete close nothing is left that it could end; its sender waits on."""
    steps, (end,) = conversation(CLOSED + reset)
    last = steps[-1]
    assert (last.step, str(last.client.after), str(last.server.after)) == ("reset.ignored", "TIME-WAIT", "CLOSED?")
    assert not last.findings
    assert text(last, "en") == "The server is closed and ignores this RST."
    assert (end.verdict, end.time_wait, end.attributes["late_rst"]) == ("complete.clean", ("client",), True)
    assert end.attributes["conntrack"] == "TIME_WAIT"


@pytest.mark.parametrize(("number", "code"), [(6, "rst_not_exact"), (70_000, "rst_out_of_window")])
def test_what_is_wrong_with_a_reset_is_told_before_the_first_ack(number: int, code: str) -> None:
    """R48: RCV.NXT of who has not sent an ACK yet is what was captured towards it."""
    steps, _ = conversation(f"C S\nS S.\nS R. seq={number}")
    assert steps[-1].step == "reset.ignored"
    assert [finding.code for finding in steps[-1].findings] == [code]
