"""What only shows where logs are held against the states of the kernel that sent the segments."""

from __future__ import annotations

import pytest
from scenario import Printer, packets

from tdparse.pipeline import explain

OPEN = "C S\nS S.\nC .\n"


# ------------------------------------------------------------------ a window that is closed


@pytest.mark.parametrize("wait", ["+0.3", "+1.3"])
def test_a_probe_of_a_closed_window_keeps_nothing_alive(wait: str) -> None:
    """R104, R108, keep_alive: the number that -vv prints is that of a keep-alive, the window that is 0 decides."""
    text = f"{OPEN}C P. 100\nS . win=0\n" + f"C . seq=100 {wait}\nS . win=0 +0.1\n" * 3
    printer = Printer(every_seq=True)
    items = list(explain(printer.line(packet) for packet in packets(text)))
    shown = [getattr(item, "step", None) or getattr(item, "verdict", None) for item in items[5:]]
    assert shown == [*["probe.zero_window", "probe.zero_window_ack"] * 3, "stalled.zero_window_server"]
