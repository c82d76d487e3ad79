"""Times of a log that go back, and what is measured across them."""

from __future__ import annotations

import pytest
from played import OPEN, USED, play, stepping
from scenario import log

from tdparse.render.report import series
from tdparse.wording import finding_text, text


@pytest.mark.parametrize(
    ("again", "step"),
    [
        ("C P. 10\nC P. 10 seq=1 +0.2\nC P. 10 seq=1 +0.4\nC P. 10 seq=1 +0.8", "data.retransmit"),
        ("C F.\nC F. seq=1 +0.2\nC F. seq=1 +0.4\nC F. seq=1 +0.8", "teardown.fin.retransmit"),
    ],
    ids=["data", "FIN"],
)
@pytest.mark.parametrize("back", [0.0, 0.5, 2.0, 5.0])
def test_what_is_sent_again_behind_a_step_of_the_clock_is_no_copy(again: str, step: str, back: float) -> None:
    """R112: the copies of one packet are less than a millisecond apart, whatever the clock says was first."""
    steps, _ = stepping(OPEN + again, back=back, at=4)
    assert [one.step for one in steps[4:]] == [step] * 3


TURNS = ("response_time", "response_time_max", "turns")


@pytest.mark.parametrize(
    ("shorthand", "at", "absent"),
    [
        (OPEN, 1, {"duration", "handshake_time", "rtt_server", "vantage"}),
        (OPEN, 2, {"duration", "handshake_time", "rtt_client", "vantage"}),
        (OPEN + "S P. 9", 3, {"duration", "time_to_first_byte", *TURNS}),
        (OPEN + "C P. 9\nS P. 9\nS P. 9", 4, {"duration", "time_to_first_byte", "goodput", *TURNS}),
        (OPEN + "C F.\nS .\nS F.\nC .", 5, {"duration", "half_closed_time"}),
        (OPEN + "C P. 9\nS . win=0\nS . win=9", 5, {"duration", "zero_window_time"}),
    ],
    ids=["SYN-ACK", "third step", "greeting", "response", "second FIN", "zero window"],
)
def test_a_time_that_a_clock_going_back_has_cut_is_unknown(shorthand: str, at: int, absent: set[str]) -> None:
    """R127: what passed between two records is measured where one clock has told both."""
    measured = stepping(shorthand, back=0, at=at)[1].metrics
    known = stepping(shorthand, back=2, at=at)[1].metrics
    assert measured.keys() - known.keys() == absent


def test_no_round_trip_is_shorter_than_nothing() -> None:
    """R130: a sample spans no step of the clock; the others stay."""
    _, end = stepping(OPEN + "C P. 9\nS .\nC P. 9\nS .", back=2, at=4)
    assert end.metrics["rtt"] == {
        "client": {"min": 0.001, "median": 0.001, "max": 0.001, "count": 2},
        "server": {"min": 0.001, "median": 0.001, "max": 0.001, "count": 1},
    }
    direction = series.Direction()
    direction.send(stepping("C S", back=0, at=9)[0][0], 5)
    direction.answer(stepping(OPEN, back=0, at=9)[0][1], 4)
    assert not direction.rtt


@pytest.mark.parametrize(
    ("shorthand", "at"),
    [
        ("C S\nC S +1\nC S +1", 2),
        (OPEN + "C P. 10\nC P. 10 seq=1 +0.2", 4),
        (OPEN + "C F.\nC F. seq=1 +0.2", 4),
    ],
    ids=["SYN", "data", "FIN"],
)
def test_how_long_after_the_first_copy_is_not_told_across_a_step_of_the_clock(shorthand: str, at: int) -> None:
    """R101, R114: the sentence has a form without a time."""
    steps, _ = stepping(shorthand, back=9, at=at)
    last = steps[-1]
    assert "dt" not in last.values
    again = [finding for finding in last.findings if finding.code.endswith("retransmission")]
    assert again
    said = [text(last, "en"), *(finding_text(finding, last, "en") for finding in again)]
    assert not any(" after " in sentence or "?" in sentence for sentence in said)


def test_a_timer_that_doubles_is_not_seen_across_a_step_of_the_clock() -> None:
    """timer.give_up: an interval that nobody knows is not laid beside the silence."""
    steps, end = stepping("C S\nC S +1\nC S +1", back=1.5, at=2)
    assert len(steps) == 3
    assert "timers" not in end.attributes


@pytest.mark.parametrize("back", [0.0011, 3.0])
def test_what_overtakes_a_little_is_out_of_order_what_comes_later_is_sent_again(back: float) -> None:
    """R7: several queues mix the order of lines by microseconds; a step of the clock is no order."""
    steps, _ = stepping(OPEN + "C P. 10 seq=11\nC P. 10 seq=1", back=back, at=4)
    codes = {finding.code for finding in steps[-1].findings}
    assert ("out_of_order" in codes) is (back < 1)


@pytest.mark.parametrize("timed", [True, False], ids=["with times", "-t"])
def test_without_times_nothing_is_certain_to_have_happened_soon(*, timed: bool) -> None:
    """R127, fast_retransmission, time_wait_reuse: 20 ms and 60 s are not over, as far as times tell."""
    lost = OPEN + "C . 100\nC . 100 lost\nC . 100\nS .\nS .\nS .\nC . 100 seq=101"
    used_again = USED + "S F.\nC F.\nS .\nC S isn=3100000000 +1\nS S. isn=1000065539"
    findings = []
    for talk in (lost, used_again):
        steps, _ = play(line if timed else line.partition(" ")[2] for line in log(talk))
        (finding,) = steps[-1].findings
        findings.append((finding.code, finding.confidence.value))
    again = "fast_retransmission" if timed else "retransmission"
    assert findings == [(again, "certain"), ("time_wait_reuse", "certain" if timed else "likely")]
