"""The traffic that is measured: real tcpdump prints it, and it is what it says it is. And what is made of figures."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from io import BytesIO
from itertools import islice
from typing import TYPE_CHECKING

import pytest
from bench.generate import SHAPES
from bench.measure import FailedError, Taken, taken
from bench.printing import write_pcap, write_text
from bench.report import Measured, document
from bench.rows import COMPILED, FIRST, ROWS, TEXT

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


def test_what_a_run_took() -> None:
    """Wall and processor time, memory, of all processes of a pipeline; a failure is not taken for speed."""
    busy = [sys.executable, "-c", "x = bytearray(60_000_000); sum(range(2_000_000))"]
    one = min((taken([busy]) for _ in range(2)), key=lambda run: run.cpu)  # the first one reads the files
    assert one.peak > 60
    assert 0 < one.cpu < one.wall * 1.5
    assert taken([busy, ["cat"]], [busy]).cpu > 1.3 * one.cpu
    with pytest.raises(FailedError):
        taken([[sys.executable, "-c", "raise SystemExit(3)"], ["cat"]])


def test_the_page_says_what_was_met() -> None:
    """Ratios are of runs of the same round; what was not measured, and what was not met, is said."""
    results = {row.name: [Taken(2.0, 1.0, 50.0), Taken(4.0, 2.0, 50.0)] for row in ROWS}
    results[TEXT] = [Taken(3.0, 2.0, 50.0), Taken(6.0, 4.0, 50.0)]
    results[FIRST] = [Taken(0.1, 0.1, 20.0)]
    results.pop(COMPILED)
    found = Measured(
        1000,
        2,
        results,
        {"patterns": 5e5, "lalr": 1e4, "tree": 9e3, "ratio": 50.0, "ratio_tree": 55.0, "unread": 0.0},
        [COMPILED],
        18.0,
        [1.0],
    )
    page = document(found, ["Processor: made of sand"])
    assert "| text: at most 1.7 × tcpdump | 1.50 | met | 2.00 | **not met** |" in page
    assert "| text, compiled: at most 1.0 × tcpdump | | not measured | | |" in page
    assert "| derived patterns: at least 45 × the LALR rate, no tree built | 50 | met | | |" in page
    of_fewer_lines = "| memory, ten million lines, a million connections: below 800 MB | | not measured | | |"
    assert of_fewer_lines in page
    assert "Processor: made of sand" in page
    tables = [line for line in page.splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in tables} == {4, 6, 8}
