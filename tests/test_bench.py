"""The traffic that is measured: real tcpdump prints it, and it is what it says it is."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter
from io import BytesIO
from itertools import islice
from typing import TYPE_CHECKING

import pytest
from bench.generate import SHAPES
from bench.printing import write_pcap, write_text

from tdparse.model import Step
from tdparse.pipeline import explain

if TYPE_CHECKING:
    from pathlib import Path

SIZE = 3_000


def text(shape: str, size: int = SIZE) -> bytes:
    """Return a log as bytes."""
    file = BytesIO()
    assert write_text(file, islice(SHAPES[shape](size), size)) == size
    return file.getvalue()


@pytest.mark.skipif(shutil.which("tcpdump") is None, reason="tcpdump is not installed")
@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape != "open"])
def test_tcpdump_prints_the_same_text(shape: str, tmp_path: Path) -> None:
    """Both writers tell of the same segments, and tcpdump agrees."""
    path = tmp_path / "x.pcap"
    with path.open("wb") as file:
        write_pcap(file, islice(SHAPES[shape](SIZE), SIZE))
    done = subprocess.run(
        ["tcpdump", "-nn", "-S", "-r", str(path)], check=True, capture_output=True, env={**os.environ, "TZ": "UTC"}
    )
    assert done.stdout == text(shape)


def test_mixed_traffic_has_something_of_everything() -> None:
    """The tracker finds what the traffic was made to have, and mostly nothing."""
    steps = [item for item in explain(text("few", 20_000).decode().splitlines()) if isinstance(item, Step)]
    assert len(steps) == 20_000
    found = Counter(finding.code for step in steps for finding in step.findings)
    kinds = Counter(step.step for step in steps)
    assert kinds["data.segment"] + kinds["data.ack"] + kinds["data.push"] > 0.8 * len(steps)
    assert {
        "teardown.fin.active", "teardown.fin.passive", "teardown.last_ack", "reset.abort", "reset.after_fin",
        "handshake.refused", "probe.keep_alive", "probe.keep_alive_ack", "teardown.fin.simultaneous",
    } <= kinds.keys()  # fmt: skip
    assert {"retransmission", "fast_retransmission", "duplicate_ack", "lost_segment"} <= found.keys()
    versions = Counter(step.segment.src.host.count(":") > 0 for step in steps)
    assert 0.05 < versions[True] / len(steps) < 0.25
