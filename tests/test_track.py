"""Which incarnation a segment belongs to (R42 to R46), and that the tracker gives one step a segment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from conversations import SMALL, captures
from hypothesis import HealthCheck, assume, given, settings
from scenario import MASK, NOON, Packet, log, packets, printed

from tdparse.model import State, Step, Summary
from tdparse.pipeline import explain
from tdparse.render.jsonl import segment_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

OPENING = "C S\nS S.\nC .\n"
CLOSING = "C F.\nS .\nS F.\nC .\n"


def run(lines: Iterable[str]) -> tuple[list[Step], list[Summary]]:
    """Return the steps and the summaries of a log."""
    items = list(explain(lines))
    return [item for item in items if isinstance(item, Step)], [item for item in items if isinstance(item, Summary)]


def connections(text: str) -> list[int]:
    """Return the number of the incarnation each packet of a scenario belongs to."""
    return [step.flow.conn for step in run(log(text))[0]]


# ------------------------------------------------------------------ R42: what a connection is


def test_a_pair_is_unordered() -> None:
    """R42: both directions are one connection."""
    assert connections(OPENING + "S P. 5\nC P. 5") == [1] * 5


def test_interleaved_connections_are_kept_apart() -> None:
    """R46: each with its own steps and states, numbered in order of appearance."""
    one = packets(OPENING + "C P. 5\nC F.\nS F.\nC .")
    other = packets(OPENING + "S P. 7\nS R.", client="192.0.2.1.40001", start=NOON + 500)
    third = packets("C S\nC S +1", client="192.0.2.9.40000", start=NOON + 700)
    captured = sorted([*one, *other, *third], key=lambda packet: packet.time)
    steps, summaries = run(printed(captured, absolute=False))
    by_client = {"192.0.2.1.40000": 1, "192.0.2.1.40001": 2, "192.0.2.9.40000": 3}
    for packet, step in zip(captured, steps, strict=True):
        assert step.flow.conn == by_client[packet.src if packet.src in by_client else packet.dst]
    assert sorted(summary.flow.conn for summary in summaries) == [1, 2, 3]
    assert sum(summary.segments for summary in summaries) == len(captured)
    assert sorted(summary.zeek for summary in summaries) == ["RSTR", "S0", "SF"]


def test_names_count_as_they_are_printed() -> None:
    """R42: a name and its address are different keys."""
    lines = log(OPENING)
    lines[2] = lines[2].replace("192.0.2.1.40000", "client.example.com.40000")
    assert [step.flow.conn for step in run(lines)[0]] == [1, 1, 2]


def test_a_socket_connected_to_itself() -> None:
    """R42, R74: one endpoint, one state in both columns."""
    ends = ("::1.5000", "::1.5000")
    lines = printed([Packet(*ends, "S", 900, 0), Packet(*ends, "S.", 900, 901, time=NOON + 9)])
    steps, summaries = run(lines)
    assert [step.flow.conn for step in steps] == [1, 1]
    for step in steps:
        assert step.client == step.server
    assert len(summaries) == 1


# ------------------------------------------------------------------ R43: when a SYN opens another

REUSED = {
    "after both FINs": (OPENING + CLOSING + "C S isn=77777777 +2\nS S. isn=88888888\nC .", 7),
    "after a reset": (OPENING + "S R.\nC S isn=77777777 +2\nS S. isn=88888888\nC .", 4),
    "after a refusal": ("C S\nS R.\nC S isn=77777777 +2\nS S.\nC .", 2),
    "after silence": ("C S\nC S +1\nC S isn=77777777 +30\nS S.\nC .", 2),
    "with the same ISN once it is closed": (OPENING + "S R.\nC S seq=0 +2\nS S. seq=0", 4),
}


@pytest.mark.parametrize(("text", "first"), REUSED.values(), ids=REUSED)
def test_a_syn_on_a_closed_pair_opens_another_incarnation(text: str, first: int) -> None:
    """R43: effective reset, both FINs, or never any answer; R44: the same ISN counts once it is closed."""
    found = connections(text)
    assert found[:first] == [1] * first
    assert set(found[first:]) == {2}
    steps, summaries = run(log(text))
    assert [summary.flow.conn for summary in summaries] == [1, 2]
    assert steps[first].step == "handshake.syn"
    assert "reuse" in steps[first].modifiers


@pytest.mark.parametrize(
    "text",
    ["C S\nC S +1\nC S +2\nS S.\nC .", "C S\nS S.\nC S seq=0 +1\nS S. seq=0\nC .", "C S\nS S\nC S.\nS S.\nC ."],
    ids=["no answer yet", "the answer was lost", "crossing"],
)
def test_a_repeated_or_crossing_syn_opens_none(text: str) -> None:
    """R44, R61: the same ISN again, or the peer's SYN the other way, belong to the same incarnation."""
    assert set(connections(text)) == {1}


# ------------------------------------------------------------------ R44: tentative


def test_a_syn_inside_an_open_connection_changes_nothing_by_itself() -> None:
    """R44, R65: a challenge ACK with the old numbers; the old incarnation goes on."""
    text = OPENING + "C P. 10\nS .\nC S isn=77777777 +1"
    challenged = printed([*packets(text), packets(OPENING + "C P. 10\nS .\nS .", start=NOON + 1_050_000)[-1]])
    steps, summaries = run(challenged)
    assert [step.step for step in steps[-2:]] == ["handshake.syn.unexpected", "ack.challenge"]
    assert "tentative" in steps[-2].modifiers
    assert {step.flow.conn for step in steps} == {1}
    assert steps[-1].server.after.state is State.ESTABLISHED
    assert len(summaries) == 1


def test_a_syn_ack_for_it_confirms_another_incarnation() -> None:
    """R44: the SYN-ACK that acknowledges the new ISN belongs to the new incarnation, and so does what follows."""
    steps, summaries = run(log(OPENING + "C P. 10\nS .\nC S isn=77777777 +90\nS S. isn=88888888\nC .\nC P. 5"))
    assert [step.flow.conn for step in steps] == [1, 1, 1, 1, 1, 1, 2, 2, 2]
    assert [step.step for step in steps[-3:]] == ["handshake.syn_ack", "handshake.ack", "data.push"]
    assert [summary.flow.conn for summary in summaries] == [1, 2]


def test_time_wait_is_kept_until_the_syn_is_answered() -> None:
    """R44, T107: the receiver of a tentative SYN stays in TIME-WAIT; the SYN-ACK moves it on."""
    text = OPENING + "S F.\nC .\nC F.\nS .\nC S isn=3900000000 +3\nS S. isn=1200000000\nC ."
    steps, _ = run(log(text))
    assert steps[6].server.after.state is State.TIME_WAIT
    assert [step.server.after.state for step in steps[7:]] == [State.TIME_WAIT, State.SYN_RECEIVED, State.ESTABLISHED]
    assert "tentative" in steps[7].modifiers


# ------------------------------------------------------------------ R45: after the end


def test_what_comes_after_the_end_belongs_to_it() -> None:
    """R45: strays and repeated closings open no other incarnation."""
    after_fins = run(log(OPENING + CLOSING + "S F. seq=1 +1\nC ."))[0]
    assert [step.step for step in after_fins[-2:]] == ["teardown.fin.retransmit", "teardown.ack.repeat"]
    after_reset = run(log(OPENING + "S R.\nS P. 5"))[0]
    assert after_reset[-1].step == "stepless.stray"
    assert {step.flow.conn for step in [*after_fins, *after_reset]} == {1}


# ------------------------------------------------------------------ any log at all


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(captures())
def test_one_step_a_segment(captured: list[Packet]) -> None:
    """R96: whatever a log holds, each segment has one step, and each incarnation one summary that adds up."""
    steps, summaries = run(printed(captured))
    assert [step.segment.line for step in steps] == list(range(1, len(captured) + 1))
    assert sorted(summary.flow.conn for summary in summaries) == sorted({summary.flow.conn for summary in summaries})
    assert {step.flow.conn for step in steps} <= {summary.flow.conn for summary in summaries}
    for summary in summaries:
        mine = [step for step in steps if step.flow.conn == summary.flow.conn]
        assert all(summary.first_line <= step.segment.line <= summary.last_line for step in mine)
    for step in steps:
        for side in (step.client, step.server):
            assert side.after.state in State
        assert step.rel_end is None or step.rel_seq is None or step.rel_end - step.rel_seq == (step.segment.length or 0)


@settings(max_examples=200, suppress_health_check=list(HealthCheck), deadline=None)
@given(captures())
def test_both_printings_tell_the_same_story(captured: list[Packet]) -> None:
    """Where no base is hidden and none is tiny, records differ in nothing but how numbers were printed."""
    assume(all(_clear(captured)))
    absolute, relative = (
        [segment_record(step, "", "") for step in run(printed(captured, absolute=kind))[0]] for kind in (True, False)
    )
    for one, other in zip(absolute, relative, strict=True):
        assert {key for key in one if one[key] != other[key]} <= {"numbers", "options_text"}


def _clear(captured: list[Packet]) -> Iterator[bool]:
    """Yield, for each packet that sets tcpdump's bases, whether they are printed and not near 0."""
    entered: set[frozenset[str]] = set()
    for packet in captured:
        pair = frozenset((packet.src, packet.dst))
        if "." in packet.flags and (pair not in entered or "S" in packet.flags):
            entered.add(pair)
            shown = bool(packet.length) or bool(set(packet.flags) & set("SFR"))
            yield shown and all(SMALL <= number <= MASK - SMALL for number in (packet.seq, packet.ack))


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(captures())
def test_a_log_explained_line_by_line_is_the_same(captured: list[Packet]) -> None:
    """R22: no record depends on later ones."""
    lines = printed(captured)
    whole, _ = run(lines)
    half = len(lines) // 2
    assert run(lines[:half])[0] == whole[:half]
