"""The demo: the bundled logs are real, and the program explains them without anything else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import Program


@pytest.mark.parametrize(("lang", "said"), [("en", "Complete, closed cleanly"), ("zh", "完整且正常关闭")])
def test_the_demo_explains_both_logs(program: Program, tmp_path: Path, lang: str, said: str) -> None:
    """Anywhere, with no input: handshake, data, four-way close; then a refused connection."""
    done = program("demo", "-l", lang, cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert said in done.out
    verdicts = re.findall(r"\[([a-z_.]+)\]$", done.out, re.MULTILINE)
    assert verdicts == ["complete.clean", "refused"]


def test_the_first_log_shows_every_phase(program: Program, demo: Path) -> None:
    """Three steps to open, data both ways, four to close."""
    steps = re.findall(r'"step":"([a-z_.]+)"', program("-f", "jsonl", demo / "http.log").out)
    assert steps[:3] == ["handshake.syn", "handshake.syn_ack", "handshake.ack"]
    assert steps[-4:] == ["teardown.fin.active", "teardown.ack_of_fin", "teardown.fin.passive", "teardown.last_ack"]
    assert set(steps[3:-4]) == {"data.push", "data.ack"}


def test_the_demo_has_formats(program: Program) -> None:
    """It is the main job on a bundled log, so JSON lines work too."""
    assert program("demo", "-f", "jsonl").out.count('"record":"segment"') == 15
