"""What timers do without a segment, as far as a log shows it (R83 to R91, R98)."""

from __future__ import annotations

from itertools import accumulate

import pytest
from played import Played, compare, conversation, play
from scenario import NOON, Packet, log, packets, printed

from tdparse.timers import retry_schedule
from tdparse.wording import likeness, notes, state_text

OPEN = "C S\nS S.\nC .\n"
USED = OPEN + "C P. 100\nS .\n"
CLOSE = "C F.\nS F.\nC .\n"  # the client waits in TIME-WAIT
SECOND = 1_000_000


def going_on(text: str, seconds: float) -> Played:
    """Explain a conversation whose log goes on: another client appears so long after its last record."""
    first = packets(text)
    later = packets("C S", client="192.0.2.9.50000", start=first[-1].time + round(seconds * SECOND))
    return play(printed([*first, *later]))


def of_first(played: Played) -> tuple[list[tuple[str, str]], str, str]:
    """Return the timers of the first connection, and the states at its end."""
    end = next(end for end in played.connections if end.flow.conn == 1)
    timers = end.attributes.get("timers", [])
    assert isinstance(timers, list)
    told = [(timer["step"], timer["role"]) for timer in timers]
    return told, state_text(end.client_state), state_text(end.server_state)


# ------------------------------------------------------------------ TIME-WAIT


@pytest.mark.parametrize(
    ("after", "timers", "client"),
    [
        (59.9, [], "TIME-WAIT"),
        (60.0, [("timer.time_wait_expired", "client")], "CLOSED~"),
        (100.0, [("timer.time_wait_expired", "client")], "CLOSED~"),
    ],
)
def test_time_wait_lasts_60_seconds(after: float, timers: list[tuple[str, str]], client: str) -> None:
    """R83, R98: timer.time_wait_expired only if the log goes on that long; otherwise TIME-WAIT is still pending."""
    played = going_on(USED + CLOSE, after)
    assert of_first(played) == (timers, client, "CLOSED?")
    end = next(end for end in played.connections if end.flow.conn == 1)
    pending = [note for note in notes(end, "en") if "2MSL not over" in note]
    assert bool(pending) == (not timers)


def test_without_times_nothing_is_said_to_be_over_or_not() -> None:
    """R98: a log of -t does not show how long an endpoint is in TIME-WAIT; one that does is not alike."""
    lines = log(USED + CLOSE)
    (timed,), (untimed,) = play(lines).connections, play([line.partition(" ")[2] for line in lines]).connections
    assert "The client is in TIME-WAIT when the log ends, 2MSL not over." in notes(timed, "en")
    assert notes(untimed, "en") == ["The client was last in TIME-WAIT; no time tells whether 2MSL is over."]
    assert notes(untimed, "zh") == ["客户端最后处于 TIME-WAIT；没有时间可判断 2MSL 是否已到。"]
    assert likeness(timed) != likeness(untimed)


def test_a_repeated_fin_restarts_time_wait() -> None:
    """R83, R68: the 60 s count from the acknowledgment of the last copy of the FIN."""
    again = USED + CLOSE + "S F. seq=1 +30\nC ."
    assert of_first(going_on(again, 59))[0] == []
    assert of_first(going_on(again, 60))[0] == [("timer.time_wait_expired", "client")]


@pytest.mark.parametrize(
    ("text", "holders"),
    [
        (USED + CLOSE, ("client",)),
        (USED + "S F.\nC F.\nS .", ("server",)),
        (USED + "C F. lost\nS F. lost\nC . ack=2\nS . ack=102", ("client", "server")),
        (USED + "C R.", ()),
        (USED + "C F.\nS .\nS R.", ()),
        (USED + "C F.\nS .", ()),
    ],
)
def test_who_waits(text: str, holders: tuple[str, ...]) -> None:
    """R84: the active closer alone, both after a simultaneous close, nobody after an RST or before the second FIN."""
    assert conversation(text).connections[0].time_wait == holders


REUSED = {
    "accepted: the SYN-ACK's ISN is above the old numbers": f"""
        {USED}
        {CLOSE}
        C S isn=3100000000 +5  # handshake.syn +reuse SYN-SENT/SYN-RECEIVED?
        S S. isn=1000065539    # handshake.syn_ack !time_wait_reuse ESTABLISHED?/SYN-RECEIVED
        C .                    # handshake.ack
        """,
    "accepted by the server that waits": f"""
        {USED}
        S F.
        C F.
        S .
        C S isn=3100000000 +5  # handshake.syn +reuse +tentative SYN-SENT/TIME-WAIT?
        S S. isn=1000065539    # handshake.syn_ack !time_wait_reuse ESTABLISHED?/SYN-RECEIVED
        """,
    "rejected: an ACK with the old numbers, RST, and the SYN again": f"""
        {USED}
        S F.
        C F.
        S .
        C S isn=2900000000 +5  # handshake.syn +reuse +tentative SYN-SENT/TIME-WAIT?
        S . ack=100000102      # ack.challenge !time_wait_rejected !challenge_ack SYN-SENT/TIME-WAIT?
        C R seq=100000102      # reset.reject_bad_ack SYN-SENT/LISTEN~
        C S +1                 # handshake.syn.retransmit !syn_retransmission SYN-SENT/SYN-RECEIVED?
        S S. isn=1500000000 ack=1  # handshake.syn_ack !time_wait_reuse
        """,
    "later than 2MSL it is only the port that is used again": f"""
        {USED}
        S F.
        C F.
        S .
        C S isn=3100000000 +61  # handshake.syn +reuse SYN-SENT/SYN-RECEIVED?
        S S. isn=1000065539     # handshake.syn_ack !port_reuse
        """,
}


# What the program does not tell yet; the test fails as soon as it does, so that nothing stays here by mistake.
PENDING: set[str] = set()


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.xfail(reason="not told yet")] if name in PENDING else [])
        for name in REUSED
    ],
)
def test_a_pair_in_time_wait_may_be_reopened(name: str) -> None:
    """R85, R44: the answer decides whether the SYN was accepted out of TIME-WAIT or rejected by it."""
    found, expected = compare(REUSED[name])
    assert found == expected


# ------------------------------------------------------------------ repeated SYNs


def syns(*times: float) -> Played:
    """Explain copies of one SYN at these times, in seconds."""
    (first,) = packets("C S")
    return play(printed([first._replace(time=NOON + round(time * SECOND)) for time in times]))


@pytest.mark.parametrize(
    ("times", "name", "gives_up"),
    [
        ((0, 1, 3, 7, 15, 31, 63), "linux", 127),
        ((0, 1.02, 3.1, 7.3, 15.7), "linux", 127),
        ((0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67), "linux_6_5", 131),
        ((0, 1, 2), "linux_6_5", 131),
        ((0, 3, 9), "windows", 21),
        ((0, 3, 9, 21), "rto_3s", 189),
        ((0, 3), None, None),
        ((0, 1), None, None),
        ((0, 0.5, 1.0), None, None),
        ((0, 1.2, 3.6), None, None),
        ((0, 1, 3, 7, 15, 31, 63, 127), None, None),
    ],
)
def test_the_schedule_of_syns_tells_the_stack(times: tuple[float, ...], name: str | None, gives_up: int | None) -> None:
    """R86: intervals of 1, 2, 4, … s, of 1, 1, 1, 1, 1, 2, 4, … s, or of 3, 6 (12, …) s, each up to 10 % late."""
    (end,) = syns(*times).connections
    assert (end.attributes.get("retry_schedule"), end.attributes.get("gives_up_after")) == (name, gives_up)
    assert end.attributes["retries"] == len(times) - 1
    schedule = retry_schedule([round(time * 10**9) for time in times])
    assert (schedule.name if schedule else None) == name


@pytest.mark.parametrize(
    ("options", "times", "name"),
    [
        ("mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7", (0, 1, 2), "linux_6_5"),
        ("mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7", (0, 3, 9), "rto_3s"),
        ("mss 1460,nop,wscale 6,nop,nop,TS val 1 ecr 0,sackOK,eol", (0, 1, 2), "bsd"),
        ("mss 1460,nop,wscale 6,sackOK,TS val 1 ecr 0", (0, 1, 3, 7), None),
        ("mss 1460,nop,wscale 8,nop,nop,sackOK", (0, 3, 9), "windows"),
        ("mss 1460,nop,nop,sackOK", (0, 3, 9), "windows"),
        ("mss 1460,nop,wscale 8,nop,nop,sackOK", (0, 1, 3, 7), None),
        ("nop,nop,sackOK", (0, 3, 9), "windows"),
    ],
)
def test_the_options_of_a_syn_tell_whose_schedule_it_is(
    options: str, times: tuple[float, ...], name: str | None
) -> None:
    """R86: stacks share intervals, but each writes its options in an order of its own."""
    (first,) = packets("C S")
    lines = printed([first._replace(time=NOON + round(time * SECOND)) for time in times])
    (end,) = play([line.replace(", length", f", options [{options}], length") for line in lines]).connections
    assert end.attributes.get("retry_schedule") == name


def test_the_schedule_of_syn_acks() -> None:
    """R86: 0, 1, 3, 7, 15, 31 s, given up at 63 s: copies 2 to 6, each counted, and then silence."""
    waits = "\n".join(f"S S. +{wait}" for wait in (1, 2, 4, 8, 16))
    played = going_on(f"C S\nS S. lost\n{waits}", 33)
    copies = [step for step in played.steps if step.step == "handshake.syn_ack.retransmit"]
    assert [step.values["n"] for step in copies] == [2, 3, 4, 5, 6]
    assert of_first(played)[0] == [("timer.give_up", "server")]


@pytest.mark.parametrize(("silence", "timers"), [(7.9, []), (8.1, [("timer.give_up", "client")])])
def test_giving_up_is_told_after_twice_the_last_interval(silence: float, timers: list[tuple[str, str]]) -> None:
    """R86, R98: timer.give_up where the log goes on without an answer for more than twice the interval before."""
    told, client, _ = of_first(going_on("C S\nC S +1\nC S +2\nC S +4", silence))
    assert told == timers
    assert client == ("CLOSED~" if timers else "SYN-SENT")


@pytest.mark.parametrize(("later", "state"), [("+0.5", "CLOSED~"), ("+9", "ESTABLISHED")])
def test_who_still_sends_has_not_given_up(later: str, state: str) -> None:
    """R98: the silence that shows it is that of the endpoint itself."""
    told, client, _ = of_first(going_on(USED + f"C P. 9\nC P. 9 seq=101 +0.2\nC P. 9 seq=101 +0.4\nC . {later}", 5))
    assert (told, client) == ([("timer.give_up", "client")] if state == "CLOSED~" else [], state)


def test_who_was_answered_out_of_sight_has_not_given_up() -> None:
    """R73, R98: who acknowledges the SYN-ACK has had it, whatever the log lacks."""
    told, client, server = of_first(going_on("C S lost\nC S +1\nS S. unseen\nC . +0.1\nC P. 10", 60))
    assert (told, client, server) == ([], "ESTABLISHED", "ESTABLISHED?")


# ------------------------------------------------------------------ repeated data


def again(*waits: float) -> list[dict[str, object]]:
    """Return what the copies of one segment show, sent again after these waits."""
    copies = "\n".join(f"C P. 100 seq=1 +{wait}" for wait in waits)
    steps, _ = conversation(f"{OPEN}C P. 100 lost\n{copies}")
    return [dict(finding.values) for step in steps for finding in step.findings if finding.code == "retransmission"]


def test_retransmissions_by_timer_double() -> None:
    """R87, R114: 0.2, 0.4, 0.8, 1.6, 3.2 s; from the second interval on it shows that a timer sends them."""
    assert [values["timer"] for values in again(0.2, 0.4, 0.8, 1.6, 3.2)] == [False, True, True, True, True]
    assert [values["timer"] for values in again(0.2, 0.2, 0.2)] == [False, False, False]
    assert [values["timer"] for values in again(0.2, 0.48, 1.2)] == [False, True, True]
    assert [values["timer"] for values in again(0.2, 0.55)] == [False, False]


@pytest.mark.parametrize("probe", [0.045, 0.21])
def test_what_comes_before_the_timer_does_not_hide_it(probe: float) -> None:
    """R87, R114: a tail loss probe is sent first, and restarts the timer; the doubling begins behind it."""
    assert [values["timer"] for values in again(0.3, probe, 0.21, 0.42, 0.85, 1.7)[-3:]] == [True, True, True]
    assert [values["timer"] for values in again(0.21, 0.42, 0.42)] == [False, True, False]


def test_a_retransmission_before_the_timer_has_another_cause() -> None:
    """R87: after duplicate ACKs it is a fast one; of the last segment after about two round trips a tail loss probe."""
    found, expected = compare(
        """
        C S
        S S. +0.02
        C .
        S . 100
        S . 100 lost
        S . 100
        C .                    # data.ack
        S . 100
        C .                    # ack.duplicate !duplicate_ack
        S . 100
        C .                    # ack.duplicate !duplicate_ack
        S . 100 seq=101        # data.retransmit !fast_retransmission
        """
    )
    assert found == expected
    found, expected = compare(
        """
        C S
        S S. +0.02
        C .
        C P. 100 lost
        C P. 100 seq=1 +0.042  # data.retransmit !tail_loss_probe
        """
    )
    assert found == expected


# ------------------------------------------------------------------ delayed ACKs, keep-alives, orphans, middleboxes


def test_a_delayed_ack_is_nothing_remarkable() -> None:
    """R88: 40 ms later, or one for two segments: no finding, and the round trips measured include the wait."""
    found, expected = compare(
        f"""
        {OPEN}
        S . 100
        C . +0.04      # data.ack
        S . 100
        S . 100
        C . +0.2       # data.ack
        """
    )
    assert found == expected
    played = conversation(OPEN + "S . 100\nC . +0.04\nS . 100\nS . 100\nC . +0.2")
    rtt = played.connections[0].metrics["rtt"]
    assert isinstance(rtt, dict)
    assert (rtt["server"]["count"], rtt["server"]["max"]) == (4, 0.201)


def test_keep_alives_that_nobody_answers() -> None:
    """R89: after two hours nine probes 75 s apart, with 0 or 1 octet at SND.NXT-1, then RST-ACK: how many is told."""
    probes = "C . +7200\n" + "C . +75\n" * 8
    played = conversation(f"{USED}{probes}C R. +75")
    assert [step.step for step in played.steps[5:]] == ["probe.keep_alive"] * 9 + ["reset.abort"]
    (end,) = played.connections
    assert (end.verdict, end.attributes["keep_alives_unanswered"]) == ("reset_by_client.data", 9)
    assert any("9" in note for note in notes(end, "en"))
    (late,) = conversation(f"{USED}{probes}C R. +75\nS P. 10 +5\nC R seq=101").connections
    assert late.attributes["keep_alives_unanswered"] == 9  # whatever is rejected later
    octet = conversation(f"{USED}C . 1 seq=100 +7200\nS .")
    assert [step.step for step in octet.steps[-2:]] == ["probe.keep_alive", "probe.keep_alive_ack"]
    assert octet.connections[0].verdict == "still_open.data"


SCALED = "C S win=64240 <wscale 7>\nS S. win=65160 <wscale 7>\nC . win=502\n"


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("S . win=510 +60\nC . win=502", ["probe.keep_alive", "probe.keep_alive_ack"]),
        ("S . seq=0 win=510 +60\nC . win=502", ["probe.keep_alive", "probe.keep_alive_ack"]),
        ("C . win=502 +60\nS . win=510", ["probe.keep_alive", "probe.keep_alive_ack"]),
        ("C . seq=0 win=502 +60\nS . win=510", ["probe.keep_alive", "probe.keep_alive_ack"]),
        ("C . win=502 +60\nS . win=510 +30", ["probe.keep_alive", "probe.keep_alive"]),
        ("S . win=510 +0.01\nC . win=502", ["stepless.ack", "stepless.ack"]),
    ],
    ids=["the server's", "with its number", "the client's", "with its number", "no answer in time", "no silence"],
)
def test_keep_alives_of_a_connection_without_data(text: str, steps: list[str]) -> None:
    """R109, R105: the window of a SYN is not scaled, so the first one behind it tells a keep-alive or its answer from nothing."""
    played = conversation(SCALED + text)
    assert [step.step for step in played.steps[3:]] == steps


def test_fin_wait_2_has_no_timer_that_a_log_could_know() -> None:
    """R90: a socket still held waits without limit, so FIN-WAIT-2 stays; that nobody held it shows by the RST."""
    half = USED + "C F.\nS .\n"
    assert of_first(going_on(half, 100)) == ([], "FIN-WAIT-2?", "CLOSE-WAIT")
    found, expected = compare(
        f"""
        {half}
        S P. 10 +70    # data.half_close FIN-WAIT-2?/CLOSE-WAIT
        C R seq=102    # reset.reply !data_after_close CLOSED/CLOSED?
        => reset_by_client.close time_wait=None
        """
    )
    assert found == expected


@pytest.mark.parametrize("ending", ["C P. 10 lost\nC P. 10 seq=101 +0.3\nC P. 10 seq=101 +0.6", "C P. 10\nS R"])
def test_the_silence_before_the_end_is_measured(ending: str) -> None:
    """R91: where a middlebox has dropped an idle connection, silence or an RST follows: the longest gap says since when."""
    (end,) = conversation(f"{USED}{ending.replace(' 10', ' 10 +351', 1)}").connections
    gaps = end.metrics["idle_gaps"]
    assert isinstance(gaps, list)
    assert (gaps[0]["seconds"], gaps[0]["before"], gaps[0]["after"]) == (351.0, 5, 6)
    assert end.verdict in {"stalled.unacked_client", "reset_by_server.data"}


def test_the_waits_add_up() -> None:
    """The shorthand prints what it says: a check of the tests' own clock."""
    times = [packet.time - NOON for packet in packets("C S\nC S +1\nC S +2\nC S +4")]
    assert times == list(accumulate([0, SECOND, 2 * SECOND, 4 * SECOND]))
    assert isinstance(packets("C S")[0], Packet)
    assert log("C S")[0].startswith("12:00:00.000000 IP ")
