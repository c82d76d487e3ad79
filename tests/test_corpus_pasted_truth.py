"""
What people posted, and what a person reading it found: verdict and closer agree (corpus `pasted`).

The corpus tells its truth in words. They are read here by a few key words, and only for the connections
whose truth is marked `high`.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tdparse.model import Step, Summary
from tdparse.pipeline import explain

PASTED = Path(__file__).parents[2] / "shared" / "corpus" / "pasted"

pytestmark = pytest.mark.skipif(not PASTED.exists(), reason="the pasted logs (../shared/corpus/pasted) are not here")

AGREED: float = 0.95

# The first pattern found in the words of `outcome` decides; the verdicts that say the same.
OUTCOMES = (
    (r"refused|answered with RST,ACK", r"refused|scan_like\..*|unsolicited\.rst"),
    (r"no answer|rejected", r"no_answer|scan_like\.syn"),
    (r"reset by client|client resets|client gives up with RST|sends RST", r"reset_by_.*|mid_stream\.reset"),
    (r"stuck: server repeats the SYN-ACK", r"syn_ack_unanswered|still_open\..*|mid_stream\.open|undetermined"),
    (r"orderly close", r"complete\..*|mid_stream\.(closed|half_closed)|one_sided\..*"),
    (r"half", r"half_closed\..*|mid_stream\.half_closed"),
    (r"reset|RST", r"reset_by_.*|mid_stream\.reset|handshake_mismatch|complete\.clean"),
    (r"open|established|stuck", r"still_open\..*|mid_stream\.open|stalled\..*|syn_ack_unanswered|one_sided\..*"),
)


def _meant(outcome: str) -> str | None:
    """Return the pattern of verdicts that agree with the words of the truth, None where no key word is found."""
    return next((verdicts for words, verdicts in OUTCOMES if re.search(words, outcome, re.IGNORECASE)), None)


def _closer(closed_by: str) -> str | None:
    """Return who the truth says closed first; None where it names nobody, or is not sure."""
    found = re.match(r"(client|server)\b", closed_by)
    return found[1] if found else None


@cache
def _logs() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (PASTED / "index.jsonl").read_text("utf-8").splitlines()]


def _explained(name: str) -> tuple[list[Summary], int]:
    text = (PASTED / name).read_text("utf-8", errors="surrogateescape")
    items = list(explain(text.split("\n")))
    return [item for item in items if isinstance(item, Summary)], sum(isinstance(item, Step) for item in items)


def _agrees(truth: dict[str, str], summaries: list[Summary]) -> str | None:
    """Return None when some connection of the same endpoints agrees with the truth, else why none does."""
    ours = [s for s in summaries if {str(s.flow.client), str(s.flow.server)} == {truth["client"], truth["server"]}]
    if not ours:
        return "not found"
    meant, closer = _meant(truth["outcome"]), _closer(truth["closed_by"])
    verdicts = [s.verdict for s in ours]
    if meant is not None and not any(re.fullmatch(meant, verdict) for verdict in verdicts):
        return f"{truth['outcome']!r}: {verdicts}"
    if closer is not None:
        named = {getattr(ours[0].flow, s.closed_first) for s in ours if s.closed_first is not None}
        expected = {end for s in ours for end in (s.flow.client, s.flow.server) if str(end) == truth[closer]}
        if named and not named & expected:
            return f"closed by {truth['closed_by']!r}: {[s.closed_first for s in ours]}"
    return None


def test_verdict_and_closer_agree_with_what_a_person_read() -> None:
    """At least 95 % of the connections marked high have the outcome and the closer of the truth."""
    total, wrong = 0, []
    for log in _logs():
        summaries, _ = _explained(log["file"])
        for truth in log["truth"]:
            if truth["confidence"] != "high":
                continue
            total += 1
            reason = _agrees(truth, summaries)
            if reason is not None:
                wrong.append(f"{log['file']} {truth['client']} {truth['server']}: {reason}")
    assert 1 - len(wrong) / total >= AGREED, "\n".join([f"{len(wrong)} of {total}", *wrong])
