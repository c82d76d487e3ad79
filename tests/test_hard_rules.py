"""Where one rule meets another: what was acknowledged before it was sent, answers that look like probes, ends that nobody answers."""

from __future__ import annotations

import pytest
from played import conversation, play
from scenario import log, packets, printed

from tdparse.model import NumberStyle, State
from tdparse.render.text import Text
from tdparse.wording import finding_text
from tdparse.wording import text as text_of
from tdparse.wording import title as title_of

OPEN = "C S\nS S.\nC .\n"


@pytest.mark.parametrize(
    ("text", "goodput"),
    [
        ("S P. 1000\nC . +0.01\nS P. 1000 seq=1 +0.2\nC .\nS F. +9\nC .", 800_000.0),
        ("S P. 100\nC .\nC . ack=201 +1\nS P. 100 seq=101 +0.000005\nS P. 10 +1\nC F. ack=211", 839.2),
        ("S P. 100\nC . ack=201 +1\nS P. 100 seq=101 +0.000005\nS F. +9\nC .", 1600.0),
    ],
    ids=["sent again for nothing", "behind its ACK", "behind its ACK, a FIN after it"],
)
def test_what_was_acknowledged_before_waits_for_no_acknowledgment(text: str, goodput: float) -> None:
    """R137, R130: a FIN's ACK covers no payload that an earlier one has covered; payload captured behind its ACK is covered by that."""
    _, (end,) = conversation(OPEN + text)
    assert end.metrics["goodput"] == {"client": None, "server": goodput}
    samples = end.metrics["rtt"]
    assert isinstance(samples, dict)
    assert samples["server"]["count"] == 3


def test_the_oldest_unacknowledged_segment_is_one_that_is_not_acknowledged() -> None:
    """Retransmission, `rto`: the time since the oldest unacknowledged segment, not since a copy that was sent for nothing."""
    text = "S P. 1000\nC .\nS P. 1000 seq=1 +0.2\nC .\nS P. 1000 seq=1001 +1\nS P. 1000 seq=1001 +0.3"
    (*_, last), _ = conversation(OPEN + text)
    (found,) = last.findings
    assert (found.code, found.values["rto"]) == ("retransmission", 300_000_000)


CLOSED_WINDOW = OPEN + "C P. 100\nS P. 1000\nC . win=0\n"


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("C P. 100 seq=1 win=0 +0.2\nS . +0.00001", "stepless.ack"),
        ("C . 1 seq=100 win=0 +20\nS . +0.00001", "probe.keep_alive_ack"),
        ("S . win=0 +5\nC . win=0 +0.01\nS . win=0 +5\nC . win=0 +0.01", "probe.zero_window_ack"),
        ("S . +0.2", "probe.zero_window"),
        ("C P. 100 seq=1 win=0 +0.2\nS . +5", "probe.zero_window"),
    ],
    ids=["old octets", "keep-alive", "probe of the other window", "nothing", "nothing for long"],
)
def test_what_answers_the_segment_before_probes_no_window(text: str, step: str) -> None:
    """R108, T51, T62: an empty ACK to a closed window is a probe if nothing else explains it."""
    (*_, last), (end,) = conversation(CLOSED_WINDOW + text)
    assert last.step == step
    assert end.verdict.startswith("stalled") is ("probe.zero_window" in step)


@pytest.mark.parametrize(("late", "step"), [(150, "stepless.ack"), (160, "probe.zero_window")])
def test_an_old_acknowledgment_that_paws_rejects_is_answered(late: int, step: str) -> None:
    """R49, R108: its TSval is older than that of the segment that closed the window, so it is one that the path has kept."""
    stamped = "<nop,nop,TS val {} ecr {}>"
    text = (
        f"C S <mss 1460,TS val 100 ecr 0>\nS S. <mss 1460,TS val 700 ecr 100>\nC . {stamped.format(101, 700)}\n"
        f"S P. 100 {stamped.format(750, 101)}\nS P. 100 {stamped.format(751, 101)}\n"
        f"C . win=0 {stamped.format(160, 751)}\nC . ack=101 {stamped.format(late, 750)}\nS . {stamped.format(752, 160)}"
    )
    (*_, last), _ = conversation(text)
    assert last.step == step


FIN_UNCONFIRMED = OPEN + "C F.\nS .\nS F.\nS F. seq=1 +0.2\nS F. seq=1 +0.4"
ELSEWHERE = "10:02:00.000000 IP 10.0.0.9.4000 > 10.0.0.2.80: Flags [S], seq 1, win 100, length 0"


@pytest.mark.parametrize("late", ["", "S F. seq=1 +70", ELSEWHERE], ids=["log ends", "2MSL later", "other lines later"])
def test_nobody_is_in_time_wait_whose_state_nobody_knows(late: str) -> None:
    """R19, R143, 8.16: who answers no copy of a FIN ends UNKNOWN, and holds no TIME-WAIT that could end."""
    lines = log("\n".join([FIN_UNCONFIRMED, *([late] if late != ELSEWHERE else [])]))
    end = play([*lines, *([late] if late == ELSEWHERE else [])]).connections[0]
    assert (end.client_state.state, end.time_wait) == (State.UNKNOWN, ())
    said = "\n".join(Text("en").verdict(end))
    assert "TIME-WAIT:" not in said
    assert "in TIME-WAIT when" not in said
    assert "leaves TIME-WAIT" not in said


STAMPED = "10:00:{:09.6f} IP {}: Flags [{}], {}win 100, length 0"
ASKED, ANSWERED = "10.0.0.1.4000 > 10.0.0.2.80", "10.0.0.2.80 > 10.0.0.1.4000"


@pytest.mark.parametrize(
    ("lines", "verdict", "states"),
    [
        (
            [(0, ASKED, "S", "seq 10, "), *((n, ANSWERED, "S.", "seq 70, ack 11, ") for n in (1, 2, 4))],
            "syn_ack_unanswered",
            ("UNKNOWN", "SYN_RECEIVED"),
        ),
        (
            [(n, ANSWERED, "S.", "seq 70, ack 11, ") for n in (1, 2, 4)],
            "unsolicited.syn_ack",
            ("UNKNOWN", "SYN_RECEIVED"),
        ),
        ([(0, ANSWERED, "S.", "seq 70, ack 11, ")], "unsolicited.syn_ack", ("ESTABLISHED", "SYN_RECEIVED")),
        (
            [(5 * n, f"10.0.0.1.4000 > 10.0.0.2.{80 + n}", "S", "seq 10, ") for n in range(6)],
            "scan_like.syn",
            ("SYN_SENT", "UNKNOWN"),
        ),
        (
            [(0, ASKED, "S", "seq 10, "), (1, ANSWERED, ".", "ack 5000, ")],
            "rejected_old",
            ("SYN_SENT", "UNKNOWN"),
        ),
    ],
    ids=["SYN-ACK", "SYN-ACK without SYN", "one SYN-ACK", "SYN scan", "ACK of another connection"],
)
def test_the_state_of_who_does_not_answer_is_unknown(
    lines: list[tuple[float, str, str, str]], verdict: str, states: tuple[str, str]
) -> None:
    """R19, R64, verdict 11: what is repeated without an answer may have arrived or not, and an older connection is not in the log."""
    ends = play([STAMPED.format(*line) for line in lines]).connections
    assert ends[0].verdict == verdict
    assert {(end.client_state.state.name, end.server_state.state.name) for end in ends} == {states}


GAP = OPEN + "C P. 1000\nC P. 1000 unseen\nC P. 1000\nS . ack=1001\n"


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        (GAP + "C P. 2500 seq=501 +0.3", (1001, 2000)),
        (GAP + "C P. 1000 seq=501 +0.3", (1001, 1500)),
        (GAP + "C P. 3000 seq=1501 +0.3", (1501, 2000)),
        (GAP + "C P. 1000 seq=1001 +0.3", (1001, 2000)),
        (GAP + "C P. 9 unseen\nC P. 1000 seq=3010\nC P. 4000 seq=1 +0.3", (1001, 3009)),
    ],
    ids=["amidst captured ones", "behind captured ones", "before captured and new ones", "alone", "two gaps"],
)
@pytest.mark.parametrize("style", ["relative", "absolute"])
def test_what_was_captured_before_was_not_missing(text: str, missing: tuple[int, int], style: NumberStyle) -> None:
    """data.gap_fill: the missing octets appear, whatever their segment brings besides; they have no original to be sent after."""
    (*_, last), _ = conversation(text)
    first, end = (number + (3_000_000_000 if style == "absolute" else 0) for number in missing)
    assert last.step == "data.gap_fill"
    assert text_of(last, "en", style).startswith(f"Bytes {first} to {end}, missing")
    assert not any("dt" in finding.values for finding in last.findings)


def confidence(text: str, code: str) -> list[str]:
    """Return how sure the findings `code` of a conversation are, in order."""
    return [one.confidence for step in conversation(text).steps for one in step.findings if one.code == code]


@pytest.mark.parametrize(
    ("text", "asked", "answered"),
    [
        ("C . +60\nS .", ["possible"], ["likely"]),
        ("C . 1 seq=100 +60\nS .", ["certain"], ["certain"]),
        ("C . +60\nC . +60", ["possible", "likely"], []),
        ("C . +60\nS . +2", ["possible", "possible"], []),
    ],
    ids=["answered", "its number is printed", "two", "one of each"],
)
def test_an_answer_is_no_surer_than_what_it_answers(text: str, asked: list[str], answered: list[str]) -> None:
    """R109, R10: a keep-alive without number that is answered is likely; two in a row are those of one sender."""
    text = OPEN + "C P. 100\nS .\n" + text
    assert confidence(text, "keep_alive") == asked
    assert confidence(text, "keep_alive_ack") == answered


STAMPS = "C S <mss 1460,TS val 100 ecr 0>\nS S. <mss 1460,TS val 700 ecr 100>\nC . <nop,nop,TS val 101 ecr 700>\n"


@pytest.mark.parametrize(
    ("newer", "sure"),
    [
        ("C . <nop,nop,TS val 160 ecr 700>", "possible"),
        ("C P. 100 <nop,nop,TS val 160 ecr 700>", "likely"),
        ("C P. 100 <nop,nop,TS val 160 ecr 700>\nS . <nop,nop,TS val 750 ecr 160>", "certain"),
    ],
    ids=["an ACK overtakes", "data", "data that has arrived"],
)
def test_paws_rejects_what_is_older_than_what_has_arrived(newer: str, sure: str) -> None:
    """ts_regression, R49: only of a timestamp that was echoed it is known that the receiver compares with it."""
    assert confidence(f"{STAMPS}{newer}\nC P. 100 <nop,nop,TS val 150 ecr 700>", "ts_regression") == [sure]


@pytest.mark.parametrize("gap", ["", "S P. 50 seq=251\n"], ids=["next", "in a gap"])
@pytest.mark.parametrize(("late", "again"), [("0.000005", 0), ("0.2", 1)])
def test_what_is_captured_right_behind_its_acknowledgment_is_no_second_copy(gap: str, late: str, again: int) -> None:
    """R7: capture order is wrong by microseconds, a retransmission takes longer."""
    _, (end,) = conversation(OPEN + f"S P. 100\nC .\n{gap}C . ack=201 +1\nS P. 100 seq=101 +{late}")
    assert end.findings.get("spurious_retransmission", 0) == again


USED = OPEN + "C P. 100\nS .\n"
CLOSED = USED + "C F.\nS .\nS F.\nC .\n"
OLD = ("Old duplicate", "An old copy of something already received; the {} just acknowledges again.")


@pytest.mark.parametrize(
    ("text", "step", "words"),
    [
        (USED + "S S. seq=0 ack=1 +0.1", "handshake.syn_ack.retransmit", OLD),
        (USED + "C S seq=0 +0.1", "handshake.syn.retransmit", OLD),
        (CLOSED + "S F. seq=1 +0.1\nC F. seq=101 ack=1", "teardown.fin.retransmit", OLD),
        (CLOSED + "C F. seq=101 ack=1 +0.1", "teardown.fin.retransmit", ("Segment for a closed connection", "")),
        (OPEN + "S S. seq=0 ack=1 +0.1", "handshake.syn_ack.retransmit", ("SYN-ACK retransmission", "")),
        ("C S\nS S.\nC S seq=0 +1", "handshake.syn.retransmit", ("SYN retransmission", "")),
        (USED + "C F.\nS .\nC F. seq=101 +0.1", "teardown.fin.retransmit", ("FIN retransmission", "")),
    ],
    ids=["SYN-ACK", "SYN", "FIN", "FIN to a closed end", "SYN-ACK unheard", "SYN unheard", "FIN unheard"],
)
def test_who_has_processed_the_answer_repeats_nothing(text: str, step: str, words: tuple[str, str]) -> None:
    """R17: an observed fact stands, so that what looks like a repetition is a copy that the path has kept."""
    (*_, last), _ = conversation(text)
    named, said = title_of(last, "en"), text_of(last, "en")
    assert (last.step, named) == (step, words[0])
    assert said.startswith(words[1].format("client" if last.sender == "server" else "server")) or not words[1]
    remarks = " ".join(finding_text(one, last, "en") for one in last.findings)
    assert ("no answer so far" in remarks) is (named == "SYN retransmission")


@pytest.mark.parametrize("half", ["", "C F.\nS .\n"], ids=["open", "half closed"])
def test_a_copy_of_the_syn_is_answered_by_a_challenge_ack(half: str) -> None:
    """T58, T91: in a synchronized state whatever number a SYN has."""
    steps, (end,) = conversation(f"{USED}{half}C S seq=0 +0.1\nS .")
    assert [step.step for step in steps[-2:]] == ["handshake.syn.retransmit", "ack.challenge"]
    assert end.verdict == ("half_closed.by_client" if half else "still_open.data")


FIRST, SECOND = 2_000_000_000, 2_000_012_345


@pytest.mark.parametrize(
    ("again", "taken", "expected"),
    [
        (True, SECOND, (0.02, 0.01, 0.01, True, None)),
        (False, SECOND, (1.03, 1.02, 0.01, None, "near_client")),
        (True, FIRST, (1.03, 0.01, 1.02, None, None)),
        (False, FIRST, (1.03, 0.01, 1.02, None, "near_server")),
    ],
    ids=["second SYN, second answer", "one SYN, second answer", "second SYN, first answer", "one SYN, first answer"],
)
def test_a_handshake_is_measured_with_the_answer_that_was_taken(
    again: bool,  # noqa: FBT001 - a column
    taken: int,
    expected: tuple[float, float, float, bool | None, str | None],
) -> None:
    """R129, R40, R130, T15: until the third step tells, either SYN-ACK may be the one; then the other gives no sample."""
    lines = [
        STAMPED.format(0, ASKED, "S", "seq 10, "),
        STAMPED.format(0.01, ANSWERED, "S.", f"seq {FIRST}, ack 11, "),
        *([STAMPED.format(1.01, ASKED, "S", "seq 10, ")] if again else []),
        STAMPED.format(1.02, ANSWERED, "S.", f"seq {SECOND}, ack 11, "),
        STAMPED.format(1.03, ASKED, ".", f"ack {taken + 1}, "),
    ]
    steps, (end,) = play(lines)
    (doubt,) = steps[-2].findings
    assert (steps[-2].step, doubt.confidence, str(steps[-2].client.after)) == (
        "handshake.syn_ack.bad_ack",
        "possible",
        "ESTABLISHED?",
    )
    names = ("handshake_time", "rtt_server", "rtt_client", "handshake_ambiguous", "vantage")
    assert tuple(end.metrics.get(name) for name in names) == expected
    assert end.client_state.state is State.ESTABLISHED
    samples = end.metrics["rtt"]
    assert isinstance(samples, dict)
    assert (samples["server"] is None) is (taken == SECOND)


@pytest.mark.parametrize(
    ("text", "en", "zh"),
    [
        ("C S\nS S.\nC .", "The client acknowledges the server's SYN", "客户端确认服务器端的 SYN"),
        ("C S\nS S\nC S. seq=0\nS .", "The server acknowledges the client's SYN", "服务器端确认客户端的 SYN"),
    ],
    ids=["ordinary", "split"],
)
def test_the_third_step_acknowledges_the_others_syn(text: str, en: str, zh: str) -> None:
    """R62: in a split handshake the server has the last word."""
    (*_, last), _ = conversation(text)
    assert (last.step, last.rel_ack) == ("handshake.ack", 1)
    assert text_of(last, "en").startswith(en)
    assert text_of(last, "zh").startswith(zh)


@pytest.mark.parametrize(
    ("text", "shrunk"),
    [
        ("S . win=0", {"zero_window": 1, "window_shrunk": 1}),
        ("C P. 512\nS . win=0", {"zero_window": 1}),
        ("C F.\nS . ack=102 win=0", {}),
    ],
    ids=["nothing arrived", "filled", "behind the peer's FIN"],
)
def test_a_window_that_falls_to_zero_may_be_taken_back(text: str, shrunk: dict[str, int]) -> None:
    """window_shrunk: the right edge goes back where the window closes without octets that have filled it."""
    (*_, last), _ = conversation(USED + text)
    assert {one.code: one.values.get("n", 0) for one in last.findings}.keys() == shrunk.keys()


@pytest.mark.parametrize(
    ("text", "client"),
    [
        ("C S\nS S. unseen\nC . ack=1 +0.1\nC P. 10\nS . +0.3", 1),
        ("C S\nS S. unseen\nS P. 10 seq=1 ack=1 +0.3\nC .", None),
        ("C S\nS S. +0.1\nC .", 1),
        ("C S unseen\nS S.\nC . +0.1\nS P. 10", None),
    ],
    ids=["acknowledged with data", "by data", "by its SYN-ACK", "not captured"],
)
def test_a_syn_gives_no_sample_without_its_answer(text: str, client: int | None) -> None:
    """R130, R16: the SYN-ACK was sent, and answered it, but is not in the log."""
    _, (end,) = conversation(text)
    samples = end.metrics.get("rtt")
    assert samples is None or isinstance(samples, dict)
    found = None if samples is None else samples["client"]
    assert (None if found is None else found["count"]) == client


@pytest.mark.parametrize("accepted", [0, 50])
def test_what_a_fast_open_server_has_not_accepted_comes_with_the_third_step(accepted: int) -> None:
    """R97.9, tfo_fallback_data: what is left of the SYN's data is no retransmission, however much was accepted."""
    cookie = "<mss 1460,tfo  cookie 0102030405060708,nop,nop>"
    (*_, last), (end,) = conversation(
        f"C S 100 {cookie}\nS S. ack={accepted + 1}\nC P. {100 - accepted} seq={accepted + 1}"
    )
    assert (last.step, "tfo_fallback_data" in last.modifiers, last.findings) == ("handshake.ack_data", True, ())
    assert end.metrics["payload_bytes"] == {"client": 100, "server": 0}


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("C P. 200\n" + "C P. 100 seq=101 +0.5\n" * 2, "stalled.unacked_client"),
        ("C P. 200 lost\nC P. 100 seq=101 +0.5", "still_open.data"),
        ("C P. 200\nC P. 100 seq=1 +0.5\nC P. 100 seq=101 +0.5", "still_open.data"),
        ("C P. 200\n" + "C P. 100 seq=1 +0.5\n" * 2 + "S . ack=101", "still_open.data"),
    ],
    ids=["second half twice", "once", "each half once", "acknowledged"],
)
def test_any_octets_that_are_repeated_in_vain_are_a_stall(text: str, verdict: str) -> None:
    """Verdict 28: two retransmissions of the same octets, whichever they are."""
    _, (end,) = conversation(OPEN + text)
    assert end.verdict == verdict


@pytest.mark.parametrize("every_seq", [True, False], ids=["-vv", "no numbers"])
@pytest.mark.parametrize(("window", "kind"), [("win=0", "zero_window"), ("", "keep_alive")])
def test_a_keep_alive_to_a_closed_window_is_a_probe(window: str, kind: str, every_seq: bool) -> None:  # noqa: FBT001 - a column
    """keep_alive, R108: Linux probes a closed window with the number of a keep-alive, whether or not that is printed."""
    text = f"{OPEN}C P. 100\nS P. 1000\nC . {window}\nS . seq=1000 +5\nC . {window}"
    steps = play(printed(packets(text), every_seq=every_seq)).steps
    assert [step.step for step in steps[-2:]] == [f"probe.{kind}", f"probe.{kind}_ack"]
