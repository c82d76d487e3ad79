"""Resets: who was reset, who was not, what shows it, and what comes after."""

from __future__ import annotations

import pytest
from played import OPEN, USED, conversation, explained, play
from scenario import SERVER_ISN, log, packets, printed

from tdparse.model import Lang
from tdparse.wording import finding_text, notes, text


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_who_carries_on_after_a_reset_is_named(lang: Lang) -> None:
    """rst_ignored, R21: it was sent to the endpoint whose segment shows that it had no effect."""
    steps, _ = conversation(USED + "C R\nS P. 10 +2")
    (finding,) = [one for one in steps[-1].findings if one.code == "rst_ignored"]
    said = finding_text(finding, steps[-1], lang)
    assert ("The server carries on" if lang == "en" else "服务器端继续") in said


def test_octets_of_an_endpoint_that_has_reset_are_in_the_log() -> None:
    """acked_unseen: the capture is not incomplete because somebody has sent a reset in the sender's name."""
    text = USED + "S R.\nS P. 7 seq=1 ack=101 +2\nC . ack=8 seq=101"
    _, (end,) = conversation(text)
    assert "acked_unseen" not in end.findings


def test_a_reset_that_did_not_arrive_does_not_arrive_later() -> None:
    """R21: once it is said that it had no effect, its receiver is not presumed closed again."""
    text = USED + "C R\nS P. 10 +2\nC R +0.1\nS P. 10 +2"
    steps, _ = conversation(text)
    assert str(steps[6].server.after) == "ESTABLISHED"
    text = USED + "S R\nC P. 10 +2\nS . ack=111 seq=1\nC P. 10"
    steps, _ = conversation(text)
    assert "rst_ignored" in {finding.code for finding in steps[6].findings}
    assert [str(step.client.after) for step in steps[6:]] == ["ESTABLISHED"] * 3


def test_a_refusal_that_was_none_decides_nothing() -> None:
    """Verdict 10: no SYN-ACK of the server was captured."""
    text = "C S\nS R.\nS S. +0.02\nC .\nC P. 10 +2\nS ."
    _, (end,) = conversation(text)
    assert end.verdict != "refused"


@pytest.mark.parametrize("last", ["S P. 10", "S P. 10\nS F."], ids=["data", "data and FIN"])
def test_data_to_a_closed_endpoint_is_named_with_a_fin_behind_it(last: str) -> None:
    """data_after_close: what is rejected is the data, wherever the FIN is."""
    steps, (end,) = conversation(USED + f"C F.\nS .\n{last}\nC R")
    assert end.findings["data_after_close"] == 1
    (finding,) = steps[-1].findings
    assert finding.lines[0] == 8


def test_a_reset_outside_of_the_window_is_not_answered() -> None:
    """R110: a challenge ACK answers an RST within the window; another ACK behind it has a reason of its own."""
    steps, _ = conversation(USED + "C R seq=900000\nS . win=400")
    assert steps[-1].step == "ack.window_update"


def test_backscatter_may_repeat_itself() -> None:
    """Verdict 7: the server sends nothing but copies of its SYN-ACK, the client nothing but RST."""
    _, (end,) = conversation("S S. ack=1\nC R seq=1\nS S. ack=1 seq=0 +1\nC R seq=1")
    assert end.verdict == "unsolicited.syn_ack"


REFUSED = "C S\nS R.\nS S.\n"


@pytest.mark.parametrize(
    ("packets", "steps", "verdict", "states"),
    [
        (
            REFUSED + "C .\nC P. 10\nS .",
            "handshake.ack data.push data.ack",
            "still_open.data",
            "ESTABLISHED/ESTABLISHED",
        ),
        (
            REFUSED + "C .\nC P. 10\nS P. 20\nC F.\nS F.\nC .",
            "handshake.ack data.push data.push teardown.fin.active teardown.fin_ack teardown.last_ack",
            "complete.clean",
            "TIME-WAIT/CLOSED?",
        ),
        (REFUSED + "C . +2\nS P. 10", "handshake.ack data.push", "still_open.data", "ESTABLISHED/ESTABLISHED"),
        ("C S\nS S.\nS R\nC .\nC P. 10\nS P. 20\nC .", "data.ack", "still_open.data", "ESTABLISHED/ESTABLISHED"),
        (
            USED + "S R.\nS P. 10\nC .\nS F.\nC F.\nS .",
            "data.ack teardown.fin.active teardown.fin_ack teardown.last_ack",
            "complete.clean",
            "CLOSED?/TIME-WAIT",
        ),
        (USED + "S R.\nS F.\nC .", "teardown.ack_of_fin", "half_closed.by_server", "CLOSE-WAIT/FIN-WAIT-2?"),
    ],
    ids=["refused", "refused, then closed", "later", "half open", "open", "FIN"],
)
def test_who_acknowledges_what_came_after_a_reset_was_not_reset(
    packets: str, steps: str, verdict: str, states: str
) -> None:
    """R7, R21, R116: it was not on its way when the RST passed; so its sender goes on, too, and all that it sends counts."""
    played, (end,) = conversation(packets)
    wanted = steps.split()
    assert [step.step for step in played[-len(wanted) :]] == wanted
    ignored = [step for step in played if "rst_ignored" in [finding.code for finding in step.findings]]
    assert [step.step for step in ignored] == wanted[:1]
    assert (end.verdict, f"{end.client_state}/{end.server_state}") == (verdict, states)
    assert "not_captured" not in end.attributes
    assert not {"acked_unseen", "lost_segment"} & end.findings.keys()


@pytest.mark.parametrize("late", ["S P. 10", "S P. 10\nC . ack=1 seq=101", "S P. 10 seq=1\nC P. 10 ack=1"])
def test_who_acknowledges_only_what_came_before_a_reset_may_have_been_reset(late: str) -> None:
    """R7, R21: that may have crossed the RST."""
    _, (end,) = conversation(USED + "S R.\n" + late)
    assert end.verdict == "reset_by_server.data"
    assert "rst_ignored" not in end.findings


@pytest.mark.parametrize("late", ["", "C R", "C R\nS R."], ids=["silence", "RST", "RSTs"])
def test_a_syn_ack_comes_too_late_for_a_refused_syn(late: str) -> None:
    """Verdicts 10 and 15: no SYN-ACK had been captured when the RST was, so it was no handshake that it aborted."""
    _, (end,) = conversation(REFUSED + late)
    assert end.verdict == "refused"


@pytest.mark.parametrize("acks", ["ack 1001", "ack 1"], ids=["absolute", "relative"])
@pytest.mark.parametrize(
    ("places", "steps"),
    [
        (["eth0  In ", "br0   Out", "veth1 P  "], ["handshake.refused", *["stepless.capture_duplicate"] * 2]),
        (["eth0  In ", "eth0  In ", "eth0  In "], ["handshake.refused", "reset.repeat", "reset.repeat"]),
    ],
    ids=["elsewhere", "in one place"],
)
def test_a_reset_that_is_captured_in_several_places_is_one(acks: str, places: list[str], steps: list[str]) -> None:
    """R112: with -i any a packet passes them within a millisecond; two in one place reject a segment each."""
    ends = "10.0.0.2.80 > 10.0.0.1.1000"
    lines = ["10:00:00.000100 eth0  Out IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [S], seq 1000, win 9, length 0"]
    for place, ack in zip(places, ["ack 1001", acks, acks], strict=True):
        lines.append(f"10:00:00.00020{len(lines)} {place} IP {ends}: Flags [R.], seq 0, {ack}, win 0, length 0")
    played, (end,) = play(lines)
    assert [step.step for step in played[1:]] == steps
    assert ("rst_storm" in end.findings) is ("reset.repeat" in steps)


def test_an_rst_that_answers_a_later_syn_ends_a_connection_that_was_opening() -> None:
    """R119: the handshake was not over, whatever the SYN that is refused was sent in."""
    _, ends = conversation("C S\nS S.\nC S isn=7777777 +3\nS R. seq=0")
    assert [end.verdict for end in ends] == ["reset_by_server.handshake", "refused"]


@pytest.mark.parametrize("absolute", [True, False])
def test_the_number_0_of_an_rst_is_0_in_relative_numbers_too(*, absolute: bool) -> None:
    """R32 c, d, R35: both bases are known, so what is printed for 0 tells how the log prints its numbers."""
    steps, (end,) = conversation(f"C S\nS S.\nS R. seq={-SERVER_ISN}\nC .", absolute=absolute)
    assert [(step.step, step.rel_seq, step.numbers) for step in steps[2:]] == [
        ("reset.ignored", None, "absolute" if absolute else "relative"),
        ("handshake.ack", 1, "absolute" if absolute else "relative"),
    ]
    assert [one.code for one in steps[2].findings] == ["rst_out_of_window"]
    assert end.verdict == "still_open.no_data"


CLOSED = USED + "C F.\nS F.\nC .\n"


@pytest.mark.parametrize("reset", ["C R", "C R.", "C R seq=50", "C R +5"])
def test_a_closed_endpoint_ignores_a_reset(reset: str) -> None:
    """R51, T5: behind a complete close nothing is left that it could end; its sender waits on."""
    steps, (end,) = conversation(CLOSED + reset)
    last = steps[-1]
    assert (last.step, str(last.client.after), str(last.server.after)) == ("reset.ignored", "TIME-WAIT", "CLOSED?")
    assert not last.findings
    assert text(last, "en") == "The server is closed and ignores this RST."
    assert (end.verdict, end.time_wait, end.attributes["late_rst"]) == ("complete.clean", ("client",), True)
    assert end.attributes["conntrack"] == "TIME_WAIT"


@pytest.mark.parametrize(("number", "code"), [(6, "rst_not_exact"), (70_000, "rst_out_of_window")])
def test_what_is_wrong_with_a_reset_is_told_before_the_first_ack(number: int, code: str) -> None:
    """R48: RCV.NXT of who has not sent an ACK yet is what was captured towards it."""
    steps, _ = conversation(f"C S\nS S.\nS R. seq={number}")
    assert steps[-1].step == "reset.ignored"
    assert [finding.code for finding in steps[-1].findings] == [code]


@pytest.mark.parametrize(
    ("reset", "step", "verdict"),
    [
        ("C R seq=-70000", "reset.ignored", "still_open.data"),
        ("C R seq=1", "handshake.abort", "reset_by_client.handshake"),
    ],
    ids=["for octets of the connection before", "for its own SYN"],
)
@pytest.mark.parametrize("absolute", [True, False])
def test_only_a_reset_with_its_number_takes_back_a_syn(reset: str, step: str, verdict: str, *, absolute: bool) -> None:
    """R51, T25: who reuses its port answers what is still on its way from the old connection with RSTs of that one's numbers."""
    packets = USED + f"C R.\nC S isn=7777777 +1\n{reset}\n{reset}"
    packets += "\nS S.\nC .\nC P. 10\nS ." if step == "reset.ignored" else ""
    steps, ends = conversation(packets, absolute=absolute)
    assert steps[7].step == step
    assert [end.verdict for end in ends] == ["reset_by_client.data", verdict]


@pytest.mark.parametrize(
    ("close", "state"),
    [("S F.\nC R.", "FIN-WAIT-1"), ("C F.\nS F.\nC R seq=102", "LAST-ACK")],
    ids=["of the active closer", "of the passive closer"],
)
def test_who_repeats_its_fin_was_not_reset(close: str, state: str) -> None:
    """R13 f, R21, T65, T100: a closed endpoint sends no FIN, so the RST before did not reach it, or had no effect."""
    steps, (end,) = conversation(USED + close + "\nS F. seq=1 +2\nS F. seq=1 +4")
    assert [(step.step, str(step.server.after)) for step in steps[-2:]] == [("teardown.fin.retransmit", state)] * 2
    assert (end.findings["rst_ignored"], end.findings["fin_retransmission"]) == (1, 2)
    steps, _ = conversation(USED + "S F.\nC .\nC R.\nS F. seq=1 +2")
    assert (steps[-1].step, str(steps[-1].server.after)) == ("stepless.stray", "CLOSED?")


@pytest.mark.parametrize(
    ("packets", "verdict"),
    [
        (USED + "C R.\nS P. 10 seq=1 ack=101 +2\nS R. seq=11 ack=101 +1", "reset_by_server.data"),
        (OPEN + "S R.\nC P. 20 +2\nS R seq=1", "reset_by_server.data"),
        (USED + "C R.\nS P. 10 seq=1 ack=101 +2", "still_open.data"),
        (USED + "C R.\nS P. 10 seq=1 ack=101 +2\nC R seq=101 +1", "reset_by_client.data"),
        (USED + "C R.\nS P. 10 seq=1 ack=101 +2\nC R seq=101 +1\nS P. 10 seq=11 ack=101 +2", "still_open.data"),
    ],
    ids=["the other's", "its own", "none", "a repeated one", "nor a repeated one"],
)
def test_the_first_reset_that_was_not_withdrawn_decides(packets: str, verdict: str) -> None:
    """R21, R116: what had no effect decides nothing, but what comes after it may."""
    _, (end,) = conversation(packets)
    assert (end.verdict, end.findings["rst_ignored"]) == (verdict, 1)
    assert (end.close_shape == "reset") is verdict.startswith("reset") is not end.attributes["open_at_end"]


@pytest.mark.parametrize("crossing", ["S P. 10 seq=1 ack=101", "S P. 10 seq=1 ack=101\nS P. 10 seq=11 ack=101"])
def test_a_reset_that_is_crossed_arrives(crossing: str) -> None:
    """R7, R21: what was on its way meanwhile shows how its sender was then; at the end of the log it is closed."""
    steps, (end,) = conversation(USED + f"C R.\n{crossing}")
    assert str(steps[-1].server.after) == "ESTABLISHED"
    assert "rst_ignored" not in end.findings
    assert (end.verdict, str(end.server_state), end.attributes["open_at_end"]) == (
        "reset_by_client.data",
        "CLOSED?",
        False,
    )


def test_who_carries_on_after_a_crossed_reset_was_not_reset() -> None:
    """R21: later the RST has arrived, or never will."""
    steps, (end,) = conversation(USED + "C R.\nS P. 10 seq=1 ack=101\nS P. 10 seq=11 ack=101 +2")
    assert [finding.code for finding in steps[-1].findings] == ["rst_ignored"]
    assert (end.verdict, str(end.server_state), end.attributes["open_at_end"]) == (
        "still_open.data",
        "ESTABLISHED",
        True,
    )


@pytest.mark.parametrize(("later", "ignored"), [("02.2", True), ("00.2", False)])
@pytest.mark.parametrize("number", ["5001", "777777"])
def test_who_sends_again_in_an_excerpt_was_not_reset(number: str, later: str, ignored: bool) -> None:  # noqa: FBT001 - a column
    """R21: octets that nothing in the log has acknowledged still wait, so that their sender is open (R7: unless at once)."""
    data, reset = (
        "10.0.0.1.40000 > 10.0.0.2.80: Flags [P.], seq 101:201, ack 1, win 9, length 100",
        (f"10.0.0.2.80 > 10.0.0.1.40000: Flags [R], seq {number}, win 0, length 0"),
    )
    text = "\n".join([
        f"12:00:00.000001 IP {data}", f"12:00:00.000201 IP {reset}",
        f"12:00:{later}00001 IP {data}", f"12:00:{later}00201 IP {reset}",
    ])  # fmt: skip
    steps, end = explained(text)
    assert (steps[2].step, str(steps[2].client.after)) == ("data.retransmit", "ESTABLISHED")
    assert ("rst_ignored" in end.findings, end.verdict) == (ignored, "mid_stream.reset")
    assert steps[3].step == "reset.repeat"


@pytest.mark.parametrize(("count", "ignored"), [(10, False), (200, True)])
def test_without_times_what_is_sent_after_a_reset_is_counted(count: int, ignored: bool) -> None:  # noqa: FBT001 - a column
    """R7, R21: more than is sent at once was not on its way when the RST was."""
    packets = USED + "C R.\n" + "".join(f"S P. 10 seq={10 * n + 1} ack=101\n" for n in range(count))
    _, (end,) = play(line.partition(" ")[2] for line in log(packets))
    assert ("rst_ignored" in end.findings, end.verdict) == (
        ignored,
        "still_open.data" if ignored else "reset_by_client.data",
    )


OTHER = "10:00:{:02}.000000 IP 10.0.0.9.5000 > 10.0.0.2.80: Flags [S], seq 1, win 8192, length 0"


@pytest.mark.parametrize(
    ("reset", "after", "accepted"),
    [
        ("Flags [R.], seq 438, ack 1", 30, True),
        ("Flags [R.], seq 438, ack 1", 10, False),
        ("Flags [R.], seq 90000, ack 1", 30, False),
    ],
    ids=["silence", "too soon to say", "out of the window"],
)
@pytest.mark.parametrize("answered", [False, True])
def test_silence_after_a_reset_that_is_not_exact_is_told(
    reset: str,
    after: int,
    accepted: bool,  # noqa: FBT001 - columns
    answered: bool,  # noqa: FBT001
) -> None:
    """R51: a stack without RFC 5961 has probably accepted it; a challenge ACK shows that this one has not."""
    there, back = "IP 10.0.0.1.40000 > 10.0.0.2.80:", "IP 10.0.0.2.80 > 10.0.0.1.40000:"
    lines = [
        f"10:00:00.000000 {there} Flags [S], seq 1000, win 8192, options [mss 1460], length 0",
        f"10:00:00.100000 {back} Flags [S.], seq 7000, ack 1001, win 5840, options [mss 1460], length 0",
        f"10:00:00.200000 {there} Flags [.], ack 1, win 8192, length 0",
        f"10:00:09.000000 {there} {reset}, win 0, length 0",
    ]
    if answered:
        lines.append(f"10:00:09.100000 {back} Flags [.], ack 1, win 5840, length 0")
    _, (end, _) = play([*lines, OTHER.format(after)])
    assert end.attributes.get("rst_accepted", False) is (accepted and not answered)
    assert any("probably accepted" in note for note in notes(end, "en")) is (accepted and not answered)


def test_a_refusal_whose_syn_was_not_captured_is_one() -> None:
    """R52, R16: number 0 and window 0 answer a SYN, which must have been sent; nothing was open, so nothing is aborted."""
    back = "10:00:00.000000 IP 10.0.0.2.3000 > 10.0.0.1.4117: Flags [R.], seq {}, ack 1644879593, win {}, length 0"
    steps, (end,) = play([back.format(0, 0)])
    (only,) = steps
    assert (only.step, end.verdict) == ("handshake.refused", "unsolicited.rst")
    assert [str(one) for one in (only.client.before, only.client.after, only.server.after)] == [
        "SYN-SENT*",
        "CLOSED?",
        "CLOSED",
    ]
    assert (only.rel_seq, only.rel_ack) == (None, None)
    assert not only.findings
    for other in (back.format(0, 500), back.format(7, 0)):
        steps, _ = play([other])
        assert steps[0].step == "reset.abort"


@pytest.mark.parametrize("seq", [0, 3000007001])
@pytest.mark.parametrize(("first", "verdict"), [(0, "reset_by_server.open"), (2, "mid_stream.reset")])
def test_a_refused_syn_ends_the_connection_it_came_in(seq: int, first: int, verdict: str) -> None:
    """T58: an RFC 793 stack closes it; one that refuses the SYN has it no longer, and neither has who sent the SYN."""
    there, back = "IP 10.0.0.1.40000 > 10.0.0.2.80:", "IP 10.0.0.2.80 > 10.0.0.1.40000:"
    lines = [
        f"10:00:00.000000 {there} Flags [S], seq 1234568000, win 8192, length 0",
        f"10:00:00.100000 {back} Flags [S.], seq 3000007000, ack 1234568001, win 5840, length 0",
        f"10:00:00.200000 {there} Flags [.], ack 3000007001, win 8192, length 0",
        f"10:00:00.250000 {back} Flags [.], ack 1234568001, win 5840, length 0",
        f"10:00:00.300000 {there} Flags [S], seq 1234568100, win 8192, length 0",
        f"10:00:00.400000 {back} Flags [R.], seq {seq}, ack 1234568101, win 0, length 0",
    ]
    _, (old, new) = play(lines[first:])
    assert (old.verdict, new.verdict) == (verdict, "refused")
    assert [str(one) for one in (old.client_state, old.server_state)] == ["CLOSED?", "CLOSED"]
    assert old.attributes["open_at_end"] is False


FORGED = OPEN + "C P. 10\nS .\nS P. 20\nC .\nS R.\n"


@pytest.mark.parametrize(
    ("after", "verdict", "strays"),
    [
        # Each acknowledges what was sent behind the RST.
        ("C P. 10 +1\nS . +0.01\nC F.\nS .\nS F.\nC .", "complete.clean", 0),
        ("C P. 10 +1\nS P. 10\nC .\nC F.\nS F.\nC .", "complete.clean", 0),
        ("C P. 10\nS .\nC P. 10\nS .", "still_open.data", 0),
        # Nothing shows that its sender has outlived it.
        ("S P. 10 ack=11\nC P. 10 ack=21 +1", "still_open.data", 1),
    ],
)
def test_who_acknowledges_what_came_behind_its_rst_has_not_sent_it(after: str, verdict: str, strays: int) -> None:
    """R13, R21: as a kernel does that has dropped an RST with a wrong checksum; what its sender has sent since counts."""
    steps, (end,) = conversation(FORGED + after)
    assert (end.verdict, end.findings.get("rst_ignored")) == (verdict, 1)
    assert [step.step for step in steps].count("stepless.stray") == strays
    assert ("unacked_data" in end.findings) is bool(strays)


def test_what_an_endpoint_sends_again_after_an_rst_has_not_reached_it() -> None:
    """R53: who was closed sends nothing again, so each copy counts (R134); each answer resets it anew, presumably."""
    copies = "C P. 10 seq=11 +{}\nS R"
    steps, (end,) = conversation(OPEN + "C P. 10\nS .\nC P. 10\nS R\n" + "\n".join(map(copies.format, (1, 2, 4))))
    assert [str(step.client.after) for step in steps[6:]] == ["CLOSED?", *["ESTABLISHED", "CLOSED?"] * 3]
    assert [step.step for step in steps[7::2]] == ["data.retransmit"] * 3
    assert (end.verdict, end.findings["rst_ignored"]) == ("reset_by_server.data", 1)


CHECKED = """\
10:00:00.010000 IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 40)
    10.0.0.1.40000 > 10.0.0.2.80: Flags [S], cksum 0x1111 (correct), seq 1000, win 500, length 0
10:00:00.020000 IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 40)
    10.0.0.2.80 > 10.0.0.1.40000: Flags [S.], cksum 0x1111 (correct), seq 7000, ack 1001, win 500, length 0
10:00:00.030000 IP (tos 0x0, ttl 64, id 2, offset 0, flags [DF], proto TCP (6), length 40)
    10.0.0.1.40000 > 10.0.0.2.80: Flags [.], cksum 0x1111 (correct), seq 1001, ack 7001, win 500, length 0
10:00:00.040000 IP (tos 0x0, ttl 64, id 2, offset 0, flags [DF], proto TCP (6), length 40)
    10.0.0.2.80 > 10.0.0.1.40000: Flags [.], cksum 0x1111 (correct), seq 7001, ack 1001, win 500, length 0
10:00:00.050000 IP (tos 0x0, ttl 64, id 3, offset 0, flags [DF], proto TCP (6), length 40)
    10.0.0.2.80 > 10.0.0.1.40000: Flags [R.], cksum 0x1111 ({}), seq 7001, ack 1001, win 500, length 0
"""


@pytest.mark.parametrize(("checksum", "state"), [("correct", "CLOSED?"), ("incorrect -> 0x2222", "ESTABLISHED")])
def test_a_damaged_rst_ends_nobody_who_gets_it(checksum: str, state: str) -> None:
    """T114: it is dropped without a reply, if its sender is one that computes checksums."""
    steps, _ = play(CHECKED.format(checksum).splitlines())
    assert (str(steps[-1].client.after), str(steps[-1].server.after)) == (state, "CLOSED")


@pytest.mark.parametrize(
    ("text", "step", "state"),
    [
        ("C P. 10\nS F. ack=101\nC .\nS R seq=1", "reset.after_fin", "CLOSED?"),
        ("C P. 10\nS F. ack=101\nC F.\nS R seq=1", "reset.after_fin", "CLOSED?"),
        ("C F. lost\nS F. lost\nC . ack=2\nS R seq=1", "reset.after_fin", "CLOSED?"),
        ("C F.\nS F.\nC .\nS R seq=1", "reset.ignored", "TIME-WAIT"),
        ("C P. 10\nS F. ack=101\nC .\nS R seq=0", "reset.ignored", "CLOSE-WAIT"),
        ("C P. 10\nS P. 9\nC .\nS R seq=9", "reset.ignored", "ESTABLISHED"),
    ],
    ids=["CLOSE-WAIT", "LAST-ACK", "CLOSING", "TIME-WAIT", "below the FIN", "no FIN"],
)
def test_a_reset_may_have_the_number_of_the_fin_before_it(text: str, step: str, state: str) -> None:
    """T90, T97, T102: it answers what crossed that FIN, and is taken although the FIN has been processed."""
    (*_, last), _ = conversation(USED + text)
    assert (last.step, str(last.client.after)) == (step, state)


@pytest.mark.parametrize(("ack", "ignored"), [(1, False), (11, True)], ids=["older", "as new"])
def test_what_was_sent_before_another_segment_carries_nothing_on(ack: int, *, ignored: bool) -> None:
    """R17, R21: a FIN that the path has kept for long was sent before the reset: it acknowledges less than was confirmed before."""
    _, (end,) = conversation(USED + f"S P. 10\nC .\nS R.\nC F. ack={ack} +2")
    assert ("rst_ignored" in end.findings) is ignored


SIGNED = "C S <md5 valid>\nS S. <md5 valid>\nC . <md5 valid>\nC P. 10 <md5 valid>\nS . <md5 valid>\n"


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("S R.", "ESTABLISHED"),
        ("S R. <md5 invalid>", "CLOSED?"),  # that is only what tcpdump knows, who has another key or none
        ("S R. <md5 valid>", "CLOSED?"),
        ("S R.\nS R. <md5 valid>", "CLOSED?"),
    ],
    ids=["none", "another", "signed", "signed at last"],
)
def test_who_signs_takes_no_reset_without_a_signature(text: str, state: str) -> None:
    """R82: it is dropped without a reply, so its receiver goes on until one comes that is signed."""
    steps, (end,) = conversation(SIGNED + text)
    assert (str(steps[-1].client.after), str(steps[-1].server.after)) == (state, "CLOSED")
    assert ("reset" in end.verdict) is (state == "CLOSED?")


@pytest.mark.parametrize("flags", ["none", "P", "F", "FPU", "FR", "FR."])
def test_what_no_tcp_sends_shows_no_reset_without_effect(flags: str) -> None:
    """R21, T113: only a segment of its receiver does, and an RST among the flags shows nothing anyway."""
    steps, (end,) = conversation(USED + f"C R.\nS {flags} 5 +2")
    assert [finding.code for finding in steps[-1].findings if finding.code != "urgent"] == ["illegal_flags"]
    assert str(steps[-1].server.after) == "CLOSED?"
    assert end.verdict == "reset_by_client.data"


SCANNED = "10:00:00.00000{} IP {}: Flags [{}], {}win {}, length {}\n"


@pytest.mark.parametrize(
    ("flags", "length", "ack"),
    [("none", 4, 1004), ("F", 0, 1001), ("FPU", 0, 1001), ("FS", 0, 1002), ("FS", 4, 1006), ("P", 4, 1004)],
)
@pytest.mark.parametrize("beyond", [0, 1], ids=["answers it", "answers something else"])
def test_a_closed_port_that_is_scanned_aborts_nothing(flags: str, length: int, ack: int, beyond: int) -> None:
    """T4, R20 c: its RST-ACK has seq 0 and acknowledges the probe, so nobody had that connection."""
    seq = f"seq 1000:{1000 + length}, " if length else "seq 1000, "
    log = SCANNED.format(0, "10.0.0.1.40000 > 10.0.0.2.81", flags, seq, 1024, length)
    log += SCANNED.format(1, "10.0.0.2.81 > 10.0.0.1.40000", "R.", f"seq 0, ack {ack + beyond}, ", 0, 0)
    steps, (end,) = play(log.splitlines())
    assert (steps[1].step == "reset.reply") == (not beyond)
    if not beyond:
        assert (str(steps[1].server.after), end.verdict[:10]) == ("CLOSED", "scan_like.")


def test_an_open_connection_takes_no_reset_that_answers_a_scan() -> None:
    """R51: its number is none that the other end expects."""
    text = log(USED + "C none 4")
    text += ["12:00:09.000000 IP 192.0.2.2.80 > 192.0.2.1.40000: Flags [R.], seq 0, ack 3000000105, win 0, length 0"]
    steps, (end,) = play(text)
    assert (steps[-1].step, end.verdict) == ("reset.ignored", "still_open.data")


@pytest.mark.parametrize("gap", ["+0.01", "+2"])
@pytest.mark.parametrize("resets", ["S R.\nC R. +0", "C R.\nS R. +0"], ids=["server first", "client first"])
def test_resets_of_both_that_end_nothing_have_had_no_effect(resets: str, gap: str) -> None:
    """rst_ignored, R21: who goes on behind both has not been ended by the one of its peer."""
    steps, (end,) = conversation(USED + f"{resets}\nC P. 9 {gap}\nS .\nS P. 7 +2\nC .")
    said = [(finding.code, finding.lines) for step in steps for finding in step.findings]
    assert said == [("rst_ignored", (6 if resets[0] == "S" else 7, 8))]
    assert [str(steps[8].client.after), str(steps[8].server.after)] == ["ESTABLISHED"] * 2
    assert end.verdict == "still_open.data"


def test_a_reset_whose_number_has_wrapped_to_0_has_a_place() -> None:
    """R35: only that of one which answers a SYN says nothing."""
    wrapped = printed(packets(OPEN + "C R.", isns=(2**32 - 1, SERVER_ISN)))
    assert play(wrapped)[0][-1].rel_seq == 1
    assert conversation("C S\nS S.\nS R. seq=-1000000000")[0][-1].rel_seq is None


@pytest.mark.parametrize(
    ("reset", "step"),
    [("S R. seq=3001", "reset.abort"), ("S R. seq=2900", "reset.ignored")],
    ids=["behind the last octet", "elsewhere"],
)
def test_octets_that_were_acknowledged_are_no_gap_below_a_reset(reset: str, step: str) -> None:
    """R16, R48: its receiver has what it acknowledges, captured or not, and all that follows on it."""
    steps, _ = conversation(OPEN + f"S . 1000 unseen\nS . 1000\nC . ack=2001\nS P. 1000\n{reset}\nC . ack=2001")
    assert steps[6].step == step
    assert str(steps[6].server.after) == ("CLOSED" if step == "reset.abort" else "ESTABLISHED")


ONE_WAY = "C S\nS S. unseen\nC .\nC P. 500\nC P. 10\nC F.\n"


@pytest.mark.parametrize("absolute", [True, False])
@pytest.mark.parametrize("number", [1, 501, 511, 512])
def test_a_reset_may_have_any_number_that_the_other_side_would_have_acknowledged(
    number: int, *, absolute: bool
) -> None:
    """R51, R52, R73: where nothing of the other side was captured, what it has acknowledged is unknown."""
    steps, (end,) = conversation(ONE_WAY + f"C R seq={number}\nC R seq={number}", absolute=absolute)
    assert [step.step for step in steps[-2:]] == ["reset.after_fin", "reset.repeat"]
    assert (str(steps[-1].client.after), end.verdict) == ("CLOSED", "reset_by_client.close")


def test_no_reset_has_a_number_that_nobody_has_sent() -> None:
    """R51: one beyond all that was captured may be forged, whoever was captured; and so may one whose ACKs were captured."""
    for talk in (ONE_WAY + "C R seq=4000", OPEN + "C P. 500\nS .\nC P. 10\nS .\nC R seq=1"):
        steps, _ = conversation(talk)
        assert steps[-1].step == "reset.ignored"


REJECTED = OPEN + "C P. 10\nS .\nC P. 10\nS R\n"
STAMPED = (
    "C S <TS val 100 ecr 0>\nS S. <TS val 900 ecr 100>\nC . <TS val 102 ecr 900>\nS P. 20 <TS val 904 ecr 102> lost\n"
    "C P. 10 <TS val 105 ecr 900>\nS R\n"
)


@pytest.mark.parametrize(
    ("text", "step", "state"),
    [
        (REJECTED + "S P. 10 ack=11 +0.2", "data.push", "CLOSED?/ESTABLISHED"),
        (REJECTED + "S F. ack=11 +0.2", "teardown.fin.active", "CLOSED?/FIN-WAIT-1"),
        (REJECTED + "S P. 10 ack=11", "stepless.stray", "CLOSED?/CLOSED"),  # the RST may have overtaken it
        (REJECTED + "S P. 10 seq=500 ack=11 +0.2", "stepless.stray", "CLOSED?/CLOSED"),  # of another incarnation, maybe
        (REJECTED + "S . ack=11 +0.2", "stepless.stray", "CLOSED?/CLOSED"),
        (STAMPED + "S P. 20 seq=1 ack=1 <TS val 1104 ecr 102> +0.2", "data.retransmit", "CLOSED?/ESTABLISHED"),
        (STAMPED + "S P. 20 seq=1 ack=1 <TS val 904 ecr 102> +0.2", "stepless.stray", "CLOSED?/CLOSED"),  # a late copy
    ],
    ids=["next octets", "FIN", "at once", "beyond a gap", "empty", "sent again", "kept by the path"],
)
@pytest.mark.parametrize("absolute", [True, False])
def test_who_goes_on_behind_its_rst_has_not_sent_it(text: str, step: str, state: str, *, absolute: bool) -> None:
    """R13, R20 c, R21: a firewall rejects in its name, and nobody tells it; the RST has ended its receiver all the same."""
    steps, (end,) = conversation(text, absolute=absolute)
    assert (steps[-1].step, f"{steps[-1].client.after}/{steps[-1].server.after}") == (step, state)
    assert end.verdict == "reset_by_server.data"


def test_who_signs_on_behind_an_unsigned_rst_has_not_sent_it() -> None:
    """R82, R21: nor has it ended anybody."""
    steps, (end,) = conversation(SIGNED + "S R.\nS P. 20 <md5 valid> +0.2\nC . <md5 valid>")
    assert [f"{step.client.after}/{step.server.after}" for step in steps[-2:]] == ["ESTABLISHED/ESTABLISHED"] * 2
    assert end.verdict == "still_open.data"
