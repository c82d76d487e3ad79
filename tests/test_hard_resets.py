"""What only shows in connections that few tests think of: resets, what is not acceptable, and what comes after the close."""

from __future__ import annotations

import re

import pytest
from played import conversation, play
from scenario import CLIENT_ISN, log

from tdparse.wording import notes, text

OPEN = "C S\nS S.\nC .\n"
USED = OPEN + "C P. 100\nS .\n"
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


@pytest.mark.parametrize(("count", "ignored"), [(10, False), (200, True)])
def test_without_times_what_is_sent_after_a_reset_is_counted(count: int, ignored: bool) -> None:  # noqa: FBT001 - a column
    """R7, R21: more than is sent at once was not on its way when the RST was."""
    packets = USED + "C R.\n" + "".join(f"S P. 10 seq={10 * n + 1} ack=101\n" for n in range(count))
    _, (end,) = play(line.partition(" ")[2] for line in log(packets))
    assert ("rst_ignored" in end.findings, end.verdict) == (
        ignored,
        "still_open.data" if ignored else "reset_by_client.data",
    )


@pytest.mark.parametrize("after", [3, 0.001])
def test_a_syn_ack_that_is_repeated_shows_its_state(after: float) -> None:
    """R13 b, R21: SYN-RECEIVED at this moment; nothing goes on, so the RST still decides."""
    steps, (end,) = conversation(f"C S\nS S.\nC R\nS S. +{after}")
    last = steps[-1]
    assert (last.step, str(last.server.after)) == ("handshake.syn_ack.retransmit", "SYN-RECEIVED")
    assert (end.verdict, str(end.server_state)) == (
        "reset_by_client.handshake",
        "SYN-RECEIVED" if after > 1 else "LISTEN?",
    )
    assert "rst_ignored" not in end.findings
    steps, (end,) = conversation(f"C S\nS S.\nC R\nS S. +{after}\nC R")
    assert (steps[-1].step, str(steps[-1].server.after)) == ("reset.repeat", "LISTEN?")


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


def test_nobody_waits_for_a_connection_that_another_one_has_replaced() -> None:
    """R98: at the end of the log its TIME-WAIT is not pending, whether 2MSL is over or not."""
    packets = f"{CLOSED}C S isn=4000000 +5\nS S. isn=5000000\nC ."
    for more in ("", "\nC P. 10 +290"):
        _, (end, _) = conversation(packets + more)
        assert end.time_wait == ("client",)
        assert not any("when the log ends" in note for note in notes(end, "en"))
    _, (end,) = conversation(CLOSED)
    assert any("when the log ends" in note for note in notes(end, "en"))


@pytest.mark.parametrize(("after", "said"), [(3, "when the log ends"), (90, "2MSL has passed")])
def test_a_connection_to_itself_waits_once(after: int, said: str) -> None:
    """R74: one endpoint has one TIME-WAIT."""
    ends = "IP 10.0.0.2.5555 > 10.0.0.2.5555:"
    said_of_it = [
        "Flags [S], seq 1000, win 60000, length 0",
        "Flags [S.], seq 1000, ack 1001, win 60000, length 0",
        "Flags [.], ack 1001, win 60000, length 0",
        "Flags [F.], seq 1001, ack 1001, win 60000, length 0",
        "Flags [.], ack 1002, win 60000, length 0",
    ]
    lines = [f"10:00:00.00000{n} {ends} {one}" for n, one in enumerate(said_of_it)]
    _, (end, _) = play([*lines, OTHER.replace("10:00", f"10:{after // 60:02}").format(after % 60)])
    assert end.time_wait == ("client",)
    assert [said in note for note in notes(end, "en")] == [True]


STAMPED = """\
10:00:00.010000 IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [S], seq 1000, win 500, options [mss 1460,sackOK,TS val 1010 ecr 0], length 0
10:00:00.020000 IP 10.0.0.2.80 > 10.0.0.1.40000: Flags [S.], seq 7000, ack 1001, win 500, options [mss 1460,sackOK,TS val 9020 ecr 1010], length 0
10:00:00.030000 IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [.], ack 7001, win 500, options [nop,nop,TS val 1030 ecr 9020], length 0
10:00:00.040000 IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [P.], seq 1001:1011, ack 7001, win 500, options [nop,nop,TS val 1040 ecr 9020], length 10
10:00:00.050000 IP 10.0.0.2.80 > 10.0.0.1.40000: Flags [.], ack 1011, win 500, options [nop,nop,TS val 9050 ecr 1040], length 0
"""


@pytest.mark.parametrize("printed", ["TS val {} ecr {}", "timestamp {} {}"])
@pytest.mark.parametrize(("stamp", "state"), [(1060, "CLOSE-WAIT?"), (5, "ESTABLISHED")])
def test_a_fin_with_an_old_timestamp_closes_nothing(stamp: int, state: str, printed: str) -> None:
    """R14, R49: PAWS rejects it, whatever else its sender sends; sent again it is taken. tcpdump 3.x printed it otherwise."""
    there = "10:00:00.{:02}0000 IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [{}], {}ack 7001, win 500, options [nop,nop,TS val {} ecr 9050], length 0"
    lines = [*STAMPED.splitlines(), there.format(6, "F.", "seq 1011, ", stamp), there.format(7, ".", "", 1070)]
    said = ["\n".join(lines), there.format(8, "F.", "seq 1011, ", 1080)]
    told, again = (re.sub(r"TS val (\d+) ecr (\d+)", lambda ts: printed.format(*ts.groups()), text) for text in said)
    steps, _ = play(told.splitlines())
    assert [str(step.server.after) for step in steps[-2:]] == [state, state]
    steps, _ = play([*told.splitlines(), again])
    assert str(steps[-1].server.after) == "CLOSE-WAIT?"


def test_a_fin_into_a_closed_window_closes_nothing() -> None:
    """R14, R49: but what it acknowledges counts."""
    steps, _ = conversation(OPEN + "C P. 10\nS . win=0\nC F.\nC F. seq=11 +1\nS . ack=11 win=512\nC F. seq=11 +1")
    assert [str(step.server.after) for step in steps[-4:]] == ["ESTABLISHED"] * 3 + ["CLOSE-WAIT?"]
    steps, _ = conversation(OPEN + "C P. 10\nS F. win=0\nC F.")
    assert str(steps[-1].server.after) == "FIN-WAIT-2?"


@pytest.mark.parametrize(("number", "state"), [(1, "FIN-WAIT-2?"), (500, "FIN-WAIT-2?"), (600, "FIN-WAIT-1")])
def test_what_lies_beyond_the_window_confirms_no_fin(number: int, state: str) -> None:
    """R14, T52: its receiver answers it, and takes nothing of it."""
    steps, _ = conversation(OPEN + f"C F.\nS P. 10 seq={number}")
    assert str(steps[-1].client.after) == state


HALF = USED + "C F.\nS .\n"
ANSWERED = CLIENT_ISN + 102 - 7000  # counted from the number of another SYN
CURRENT = f"S . ack={ANSWERED}"


@pytest.mark.parametrize(
    ("packets", "step", "said"),
    [
        (CLOSED + "C .", "teardown.ack.repeat", "restates"),
        (CLOSED + "S F. seq=1 +1\nC .", "teardown.ack.repeat", "repeated FIN"),
        (HALF + "C F. seq=101 +1\nS .", "teardown.ack.repeat", "repeated FIN"),
        (HALF + "C F. seq=101 +1\nS . win=600", "teardown.ack.repeat", "repeated FIN"),
        (HALF + "S P. 10\nC .\nS .", "teardown.ack.repeat", "restates"),
        (HALF + "S P. 10\nC .\nS . win=600 +1", "ack.window_update", "window"),
        (HALF + "S . win=0", "ack.zero_window", "window"),
        (HALF + "C S isn=7000\n" + CURRENT, "ack.challenge", "does not accept"),
        (HALF + "S F.\nC S isn=7000\n" + CURRENT, "ack.challenge", "does not accept"),
        (HALF + "C R seq=150\nS . ack=102", "ack.challenge", "does not accept"),
    ],
)
def test_an_ack_that_covers_a_fin_again_answers_something(packets: str, step: str, said: str) -> None:
    """R97.10, R110, T91: the FIN that was repeated, a SYN or RST, or nothing; and half closed, there is a window."""
    steps, _ = conversation(packets)
    assert steps[-1].step == step
    assert said in text(steps[-1], "en")


def test_a_half_closed_connection_is_discovered_to_be_half_open() -> None:
    """R65, T91: the SYN is answered by a challenge ACK, and that by an RST."""
    _, (end,) = conversation(HALF + f"C S isn=7000\n{CURRENT}\nC R seq={ANSWERED}")
    assert (end.findings["challenge_ack"], end.findings["half_open_discovered"]) == (1, 1)
    assert end.verdict == "reset_by_client.close"


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


@pytest.mark.parametrize(
    ("after", "state", "step"), [(50, "TIME-WAIT", "reset.in_time_wait"), (70, "CLOSED~", "reset.ignored")]
)
def test_time_wait_ends(after: int, state: str, step: str) -> None:
    """T111, R83: after 2MSL its holder is taken as closed, by what is sent to it, too."""
    steps, (end,) = conversation(CLOSED + f"S F. seq=1 ack=102 +{after}")
    assert (str(steps[-1].client.before), str(steps[-1].client.after)) == ("TIME-WAIT", state)
    assert str(steps[-1].server.after) == "LAST-ACK"  # R17 c: it shows that it has not been closed
    assert end.time_wait == ("client",)
    steps, _ = conversation(CLOSED + f"S R seq=2 +{after}")
    assert (steps[-1].step, str(steps[-1].client.after)) == (step, state if after > 60 else "CLOSED?")
    assert ("The client is closed" in text(steps[-1], "en")) is (step == "reset.ignored")


@pytest.mark.parametrize("answer", ["C R seq=102", "C ."])
def test_who_answers_after_2msl_shows_whether_it_waits(answer: str) -> None:
    """T3, R83: a closed endpoint sends an RST; where 2MSL takes longer, the FIN is confirmed and 2MSL restarts."""
    steps, (end,) = conversation(CLOSED + f"S F. seq=1 ack=102 +70\n{answer}")
    waits = answer == "C ."
    assert steps[-1].step == ("teardown.ack.repeat" if waits else "reset.reply")
    assert str(end.client_state) == ("TIME-WAIT" if waits else "CLOSED")
    assert end.time_wait == (("client",) if waits else ())
    assert any("when the log ends" in note for note in notes(end, "en")) is waits
    assert end.verdict == "complete.clean"


def test_the_end_of_time_wait_is_told_whoever_shows_it() -> None:
    """R98: once, whether a record of the connection or of another one comes so late."""
    late = conversation(CLOSED + "S F. seq=1 ack=102 +70").connections[0]
    assert [note for note in notes(late, "en") if "2MSL" in note] == [
        "2MSL has passed: the client leaves TIME-WAIT and is CLOSED."
    ]
    assert str(late.client_state) == "CLOSED~"


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


@pytest.mark.parametrize(("first", "state"), [("C . +30", "CLOSED~"), ("S F. seq=1 ack=102 +30\nC .", "TIME-WAIT")])
def test_2msl_restarts_where_a_repeated_fin_is_confirmed(first: str, state: str) -> None:
    """R83: another copy of the last ACK alone restarts nothing."""
    steps, _ = conversation(CLOSED + f"{first}\nS F. seq=1 ack=102 +35")
    assert str(steps[-1].client.after) == state


FORGED = OPEN + "C P. 10\nS .\nS P. 20\nC .\nS R.\n"


@pytest.mark.parametrize(
    ("after", "verdict", "strays"),
    [
        # Each acknowledges what was sent behind the RST.
        ("C P. 10 +1\nS . +0.01\nC F.\nS .\nS F.\nC .", "complete.clean", 0),
        ("C P. 10 +1\nS P. 10\nC .\nC F.\nS F.\nC .", "complete.clean", 0),
        ("C P. 10\nS .\nC P. 10\nS .", "still_open.data", 0),
        # Nothing shows that its sender has outlived it.
        ("C P. 10 +1\nS P. 10 ack=11", "still_open.data", 1),
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
