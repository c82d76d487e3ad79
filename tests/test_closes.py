"""FINs that few logs show, half-closed connections, and what becomes of TIME-WAIT."""

from __future__ import annotations

import re

import pytest
from played import OPEN, USED, compare, conversation, explained, line, play
from scenario import CLIENT_ISN, log

from tdparse.model import Lang, State
from tdparse.render.text import Text
from tdparse.wording import notes, state_text, text, title


def test_half_closed_time_begins_with_any_ack_of_the_fin() -> None:
    """R145: data may acknowledge it."""
    _, (end,) = conversation(USED + "C F.\nS P. 10\nC .\nS F. +1\nC .")
    assert end.metrics["half_closed_time"] == pytest.approx(1.001)
    _, (end,) = conversation(USED + "C F. lost\nS F.\nC .\nS .")
    assert "half_closed_time" not in end.metrics  # both closed before any ACK


def test_a_fin_is_not_in_flight() -> None:
    """R140: neither the one of this segment nor one sent before."""
    _, (end,) = conversation(OPEN + "C P. 100 lost\nC F.\nC P. 100 seq=1 +0.3")
    assert end.metrics["bytes_in_flight"] == {"client": 100, "server": None}


def test_a_fin_without_a_number_is_a_fin() -> None:
    """R13: somebody may have shortened the line; what was sent was sent."""
    steps, _ = explained(line(0, "C", "Flags [F.], ack 5, win 9, length 0"))
    assert str(steps[0].client.after).startswith("FIN-WAIT-1")
    assert steps[0].rel_seq is None
    assert "FIN ?" in Text("en").step(steps[0], [])


def test_a_fin_has_a_number_where_nobody_knows_the_isn() -> None:
    """R4: the number itself stands for it."""
    steps, _ = play(log("C . 10\nS .\nC P. 78\nC F.", absolute=False, established=True)[2:])
    assert steps[-1].seq is None
    assert f"(FIN {steps[-1].rel_end})" in text(steps[-1], "en")


CLOSING = USED + "C F.\nS .\n"


@pytest.mark.parametrize(
    ("text", "states"),
    [
        (CLOSING + "C . ack=2\nS F. seq=1 +0.0001", "TIME-WAIT/CLOSED?"),
        (CLOSING + "C . ack=2\nS F. seq=1 +0.4", "TIME-WAIT/LAST-ACK"),
        (CLOSING + "C . ack=2\nS F. seq=1 +0.4\nC . ack=2", "TIME-WAIT/CLOSED?"),
        (USED + "S . ack=102\nC F. seq=101 +0.0001", "FIN-WAIT-2?/CLOSE-WAIT"),
    ],
    ids=["last ACK", "a copy of the FIN", "a copy that is answered", "first FIN"],
)
def test_a_fin_may_be_captured_behind_its_acknowledgment(text: str, states: str) -> None:
    """R7, R13 e: the ACK proves that the FIN has arrived, in whatever order they were captured."""
    steps, (end,) = conversation(text)
    last = steps[-1]
    assert f"{state_text(last.client.after)}/{state_text(last.server.after)}" == states
    if states.startswith("TIME-WAIT/CLOSED"):
        assert end.verdict == "complete.clean"
        assert not end.attributes.get("open_at_end")


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (
            """
            S F.                           # teardown.fin_ack
            C .                            # teardown.last_ack
            C F. seq=79001 ack=85001 +3    # stepless.stray TIME-WAIT/CLOSED? !data_after_fin !lost_segment
            S F. seq=85001 ack=79002       # stepless.stray TIME-WAIT/CLOSED? !data_after_fin !lost_segment
            """,
            "complete.clean",
        ),
        (
            """
            S .                            # teardown.ack_of_fin
            C F. seq=1001 ack=1 +3         # stepless.stray FIN-WAIT-2?/CLOSE-WAIT !data_after_fin !lost_segment
            """,
            "half_closed.by_client",
        ),
        (
            """
            C F. seq=1 ack=1 +3            # teardown.fin.retransmit FIN-WAIT-1/CLOSE-WAIT? !fin_retransmission
            """,
            "close_unanswered.by_client",
        ),
    ],
    ids=["after the close", "half closed", "the same"],
)
@pytest.mark.parametrize("absolute", [True, False])
def test_a_fin_with_another_number_is_no_copy(text: str, verdict: str, *, absolute: bool) -> None:
    """R97, 8, R45, R53: a FIN is repeated with its number; no FIN follows another one."""
    found, expected = compare(f"C S\nS S.\nC .\nC F.\n{text}\n=> {verdict}", absolute=absolute)
    assert found == expected


def test_time_wait_goes_where_an_rst_rejects_what_it_has_said_to_a_late_syn_ack() -> None:
    """T109: a copy of the SYN has opened its server again, which knows nothing of the connection before."""
    steps, (end,) = conversation(f"{OPEN}C F.\nS F.\nC .\nS S. seq=7000 ack=1 +0.2\nC . ack=2\nS R seq=2\nC R seq=1 +1")
    assert [step.step for step in steps[-4:]] == [
        "handshake.syn_ack.bad_ack",
        "teardown.ack.repeat",
        "reset.in_time_wait",
        "reset.ignored",
    ]
    assert (end.verdict, str(end.client_state)) == ("complete.clean", "CLOSED?")


CLOSED = USED + "C F.\nS F.\nC .\n"


def test_nobody_waits_for_a_connection_that_another_one_has_replaced() -> None:
    """R98: at the end of the log its TIME-WAIT is not pending, whether 2MSL is over or not."""
    packets = f"{CLOSED}C S isn=4000000 +5\nS S. isn=5000000\nC ."
    for more in ("", "\nC P. 10 +290"):
        _, (end, _) = conversation(packets + more)
        assert end.time_wait == ("client",)
        assert not any("when the log ends" in note for note in notes(end, "en"))
    _, (end,) = conversation(CLOSED)
    assert any("when the log ends" in note for note in notes(end, "en"))


OTHER = "10:00:{:02}.000000 IP 10.0.0.9.5000 > 10.0.0.2.80: Flags [S], seq 1, win 8192, length 0"


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


@pytest.mark.parametrize(("first", "state"), [("C . +30", "CLOSED~"), ("S F. seq=1 ack=102 +30\nC .", "TIME-WAIT")])
def test_2msl_restarts_where_a_repeated_fin_is_confirmed(first: str, state: str) -> None:
    """R83: another copy of the last ACK alone restarts nothing."""
    steps, _ = conversation(CLOSED + f"{first}\nS F. seq=1 ack=102 +35")
    assert str(steps[-1].client.after) == state


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


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("second", ["C FP. 5 seq=101", "C F. seq=901"], ids=["below", "beyond"])
@pytest.mark.parametrize("until", ["", "S . ack=112\n"], ids=["FIN-WAIT-1", "FIN-WAIT-2"])
def test_another_fin_does_not_come_to_a_connection_that_has_ended(second: str, until: str, lang: Lang) -> None:
    """stepless.stray, R53: its sender is still closing."""
    steps, _ = conversation(f"{USED}C FP. 10\n{until}{second}")
    said = f"{title(steps[-1], lang)} {text(steps[-1], lang)}"
    assert steps[-1].step == "stepless.stray"
    assert ("Another FIN" if lang == "en" else "另一个 FIN") in said
    assert not [word for word in ("has ended", "已经结束", "关闭后") if word in said]


@pytest.mark.parametrize("psh", [".", "P."])
def test_data_that_acknowledges_a_fin_comes_behind_it(psh: str) -> None:
    """R13 e, R17 d, R66: what came between was sent before the FIN arrived; who acknowledges it is in CLOSE-WAIT."""
    found, expected = compare(
        f"""
        {OPEN}
        C P. 100
        C F.             # teardown.fin.active FIN-WAIT-1/CLOSE-WAIT?
        S . ack=101      # data.ack FIN-WAIT-1/ESTABLISHED +fin_not_covered
        S {psh} 50       # data.half_close FIN-WAIT-2?/CLOSE-WAIT +piggyback_ack
        C R seq=102      # reset.reply !data_after_close CLOSED/CLOSED?
        => reset_by_client.close close_shape=reset
        """
    )
    assert found == expected


def test_data_that_acknowledges_a_fin_is_no_half_close_behind_the_other() -> None:
    """R97, 9: who has sent its own FIN sends the rest again, or what no TCP sends."""
    steps, _ = conversation(OPEN + "C F.\nS F. ack=1\nS P. 50 seq=2 ack=2")
    assert steps[-1].step == "data.push"
