"""Logs as people pasted them: the records are read, or rejected with a reason; none is invented."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, Final

import pytest
from conftest import CORPUS

from tdparse.model import Segment, Skipped
from tdparse.repair import Mender

ROOT: Final = CORPUS / "pasted"
pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason="the corpus of pasted logs is not beside the repository")


def pastes() -> list[dict[str, Any]]:
    """Return what is known of each log."""
    index = ROOT / "index.jsonl"
    return [json.loads(line) for line in index.read_text("utf-8").splitlines()] if index.is_file() else []


def read(name: str) -> list[Segment | Skipped]:
    """Return what one log holds."""
    mender = Mender()
    lines = (ROOT / name).read_text("utf-8").removesuffix("\n").split("\n")
    return [*(item for line in lines for item in mender.feed(line)), *mender.flush()]


@pytest.mark.parametrize("paste", pastes(), ids=lambda paste: paste["file"])
def test_what_is_not_read_is_rejected_and_nothing_is_invented(paste: dict[str, Any]) -> None:
    """Segments and rejected lines are the records that a person counts."""
    items = read(paste["file"])
    segments = sum(isinstance(item, Segment) for item in items)
    rejected = Counter(item.reason for item in items if isinstance(item, Skipped) and item.kind == "rejected")
    assert segments <= paste["tcp_lines"]
    assert segments + rejected.total() >= paste["tcp_lines"]
    assert None not in rejected


def test_nearly_all_records_are_read() -> None:
    """At least 99 of 100."""
    read_ones = sum(isinstance(item, Segment) for paste in pastes() for item in read(paste["file"]))
    assert read_ones >= 0.99 * sum(paste["tcp_lines"] for paste in pastes())


@pytest.mark.parametrize("paste", pastes(), ids=lambda paste: paste["file"])
def test_each_line_belongs_to_one_item(paste: dict[str, Any]) -> None:
    """Nothing is lost, nothing counted twice."""
    owner = Counter[int]()
    for item in read(paste["file"]):
        owner.update(range(item.line, item.line + (item.lines if isinstance(item, Segment) else 1)))
    assert owner == Counter(range(1, len(owner) + 1))
