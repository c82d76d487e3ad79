"""Our metrics beside tcptrace's: equal, or apart for a reason that has a name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from against_tcptrace import COLUMNS, DEPARTURES, ENOUGH, explained, pairs
from against_tshark import DEPARTURES as FROM_TSHARK
from conftest import ROOT
from packets import has


@pytest.mark.skipif(not has("tcpdump", "tcptrace"), reason="tcpdump and tcptrace are not both installed")
def test_metrics_are_those_of_tcptrace(tmp_path: Path) -> None:
    """On captures with losses, reordering, resets and reused ports; nearly all numbers are equal, the others explained."""
    found = [pair for number in range(24) for pair in pairs(number, tmp_path)]
    assert len(found) > 24 * 2 * len(COLUMNS)
    assert sum(pair.why == "" for pair in found) / len(found) > 0.9
    assert explained(found) >= ENOUGH


def test_the_page_names_every_departure() -> None:
    """From tshark and from tcptrace, each with its reason; and none that is no more."""
    page = (ROOT / "docs" / "comparison.md").read_text("utf-8")
    listed = re.findall(r"(?m)^\| `(\w+)` \| (.*?) \|", page)
    told = {name: departure.why for name, departure in FROM_TSHARK.items()} | DEPARTURES
    assert dict(listed) == told
