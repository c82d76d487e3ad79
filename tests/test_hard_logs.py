"""Logs that few tests think of: clocks that step back, lines that stick together, lines that are cut off."""

from __future__ import annotations

import pytest
from played import play
from scenario import NOON, packets, printed

from tdparse.model import Step, Summary
from tdparse.render.report import series
from tdparse.wording import finding_text, text

OPEN = "C S\nS S.\nC .\n"
TURNS = ("response_time", "response_time_max", "turns")


def stepping(shorthand: str, *, back: float, at: int) -> tuple[list[Step], Summary]:
    """Return what is said of a conversation in which the clock goes `back` by so many seconds before packet `at`."""
    captured = packets(shorthand)
    shifted = [
        packet._replace(time=packet.time - (round(back * 1_000_000) if place >= at else 0))
        for place, packet in enumerate(captured)
    ]
    assert shifted[0].time == NOON
    steps, (end,) = play(printed(shifted))
    return steps, end


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


def test_data_of_the_server_may_come_before_the_third_step() -> None:
    """R131: with Fast Open the first octet is ahead of it, by the same clock."""
    shorthand = "C S 10 <tfo cookie>\nS S. ack=11\nS P. 9\nC . +0.04"
    found = stepping(shorthand, back=0, at=9)[1].metrics
    assert found["time_to_first_byte"] == -0.04
    assert "time_to_first_byte" not in stepping(shorthand, back=2, at=3)[1].metrics


SYN = "{time} IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [S], seq 1000, win 64240, options [mss 1460], length 0"
RESET = "{time} IP 10.0.0.2.80 > 10.0.0.1.40000: Flags [R.], seq 0, ack 1001, win 0, length 0"
VERBOSE = (
    "{time} IP (tos 0x0, ttl 64, id 0, offset 0, flags [DF], proto TCP (6), length 44)\n    "
    "10.0.0.1.40000 > 10.0.0.2.80: Flags [S], cksum 0xfe30 (correct), seq 1000, win 64240, options [mss 1460], length 0"
)
CLOCKS = ["05:34:56.000001", "2026-11-29 11:03:46.067506", "1732880626.067506"]
SEPARATORS = ["", " ", "\r", "\0", "\ufeff", "\u200b", "\r\ufeff"]


@pytest.mark.parametrize("first", [SYN, VERBOSE], ids=["one line", "two lines"])
@pytest.mark.parametrize("time", CLOCKS, ids=["time of day", "date", "seconds"])
@pytest.mark.parametrize("separator", SEPARATORS, ids=ascii)
def test_records_that_no_line_feed_separates_are_two(first: str, time: str, separator: str) -> None:
    """A file without a last line break in front of another one: no length takes digits of the time behind it."""
    steps, (end,) = play((first + separator + RESET).format(time=time).split("\n"))
    assert [(step.step, step.segment.length, step.segment.time) for step in steps] == [
        ("handshake.syn", 0, time),
        ("handshake.refused", 0, time),
    ]
    assert end.verdict == "refused"


DATA = "12:00:0{0}.000000 IP 192.0.2.1.40000 > 192.0.2.2.80: Flags [P.], seq {1}:{2}, ack 7, win 512, length {3}"


@pytest.mark.parametrize("length", [1, 10, 1448, 65160])
@pytest.mark.parametrize("separator", ["", "\r", "\ufeff"], ids=ascii)
def test_data_that_no_line_feed_separates_stays_apart(length: int, separator: str) -> None:
    """R30: the printed range says how long the first one is, too."""
    lines = [DATA.format(place, 5 + place * length, 5 + (place + 1) * length, length) for place in range(3)]
    steps, _ = play([separator.join(lines)])
    assert [step.segment.length for step in steps] == [length] * 3


@pytest.mark.parametrize("separator", ["\r", "\r\n"], ids=ascii)
def test_carriage_returns_may_separate_lines(separator: str) -> None:
    """What a sender's text shows of itself never has one, so it does not go on behind it."""
    lines = [f"{DATA.format(place, place * 9, place * 9 + 9, 9)}: HTTP: GET / HTTP/1.1" for place in range(3)]
    said = separator.join(["captured on Monday", *lines, "3 packets captured"])
    steps, _ = play(line.removesuffix("\r") for line in said.split("\n"))
    assert [step.segment.payload for step in steps] == ["HTTP: GET / HTTP/1.1"] * 3


def test_a_payload_may_imitate_records() -> None:
    """Behind its mark everything is the sender's."""
    imitated = RESET.format(time=CLOCKS[0])
    said = f"HTTP: GET {imitated[:-1]}0{imitated} HTTP/1.1"
    steps, _ = play([f"{DATA.format(0, 0, 9, 9)}: {said}", f"{DATA.format(0, 9, 18, 9)}{DATA.format(1, 18, 27, 9)}"])
    assert [step.segment.payload for step in steps] == [said, None, None]


VAGUE = "12:00:00.000500 IP 192.0.2.7 > 192.0.2.1: ICMP host 192.0.2.2 unreachable - admin prohibited filter, length 56"
CLEAR = "12:00:00.000500 IP 192.0.2.7 > 192.0.2.1: ICMP 192.0.2.2 tcp port 80 unreachable, length 48"


@pytest.mark.parametrize(
    ("shorthand", "at", "error", "kept"),
    [
        ("C S", 1, VAGUE, True),
        ("C S\nC S +1", 1, VAGUE, True),
        ("C S\nC S +1\nS S.\nC .", 1, VAGUE, True),
        ("C S\nS S.\nC .", 1, VAGUE, False),
        ("C S\nS R.", 1, VAGUE, False),
        ("C S\nS S.\nC .", 1, CLEAR, True),
        (OPEN + "C P. 9\nS .", 4, VAGUE, False),
        (OPEN + "C P. 9\nC P. 9 seq=1 +0.3\nS .", 4, VAGUE, True),
        (OPEN + "C P. 9\nS P. 9 ack=1\nS .", 4, VAGUE, True),
    ],
    ids=["silence", "repeated", "late", "SYN-ACK", "refused", "port", "data", "data again", "crossed"],
)
def test_what_has_arrived_no_error_is_about(shorthand: str, at: int, error: str, kept: bool) -> None:  # noqa: FBT001 - a column
    """T28: an error that names a host alone may be about any packet to it, but not about one that the host answers next."""
    lines = printed(packets(shorthand))
    (end,) = play([*lines[:at], error, *lines[at:]]).connections
    assert ("icmp" in end.attributes) is kept


def test_what_stands_for_options_is_no_sign_that_there_are_none() -> None:
    """R76, R78: whether windows are scaled, and whether timestamps are there, is not known where somebody has left out options."""
    lines = [
        "12:00:00.000001 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 100, win 9, options [mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7], length 0",
        "12:00:00.000002 IP 10.0.0.2.80 > 10.0.0.1.5: Flags [S.], seq 900, ack 101, win 9, options [mss 1460,sackOK,TS val ... ecr 1,nop,wscale 7], length 0",
        "12:00:00.000003 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [.], ack 1, win 9, options [...], length 0",
        "12:00:00.000004 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [P.], seq 1:3, ack 1, win 9, options [nop,nop,TS val ... ecr ...], length 2",
    ]
    steps, _ = play(lines)
    assert [one.step for one in steps] == ["handshake.syn", "handshake.syn_ack", "handshake.ack", "data.push"]
    assert not any(one.findings for one in steps)
    assert steps[3].window_scaled == 9 << 7
    assert not any(one.findings for one in play([*lines[:2], lines[2].partition(", options")[0]])[0])
    hidden, _ = play(
        [lines[0], lines[1].replace("[mss 1460,sackOK,TS val ... ecr 1,nop,wscale 7]", "[...]"), *lines[2:]]
    )
    assert [found.code for one in hidden for found in one.findings] == ["wscale_unknown"]


@pytest.mark.parametrize("ack", ["1", "..."])
def test_a_third_step_behind_a_syn_ack_without_numbers(ack: str) -> None:
    """R33: what follows counts from the SYN-ACK, whatever numbers it had."""
    lines = [
        "IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq ..., win 9, length 0",
        "IP 10.0.0.2.80 > 10.0.0.1.5: Flags [S.], seq ..., ack ..., win 9, length 0",
        f"IP 10.0.0.1.5 > 10.0.0.2.80: Flags [.], ack {ack}, win 9, length 0",
    ]
    assert [one.step for one in play(lines)[0]] == ["handshake.syn", "handshake.syn_ack", "handshake.ack"]
