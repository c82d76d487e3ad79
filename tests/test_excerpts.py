"""Logs that lack a part: what else they show proves what was not captured, and where numbers count from."""

from __future__ import annotations

import pytest
from played import OPEN, TIMED_CLOSED, TIMED_USED, USED, compare, conversation, explained, play, timed

from tdparse import wording
from tdparse.model import Lang, NumberStyle
from tdparse.wording import numbers_text, text


def test_quiet_logs_have_no_numbers() -> None:
    """Without flags and numbers (-q) nobody knows what a segment carried twice, or whether it was an ACK."""
    quiet = "10:00:0{0} IP 10.0.0.{1}.80 > 10.0.0.{2}.80: tcp {3}\n"
    _, end = explained("".join(quiet.format(*packet) for packet in ((1, 1, 2, 0), (2, 2, 1, 0), (3, 1, 2, 118))))
    assert end.metrics["data_segments"] == {"client": 1, "server": 0}
    assert not end.metrics.keys() & {"pure_acks", "control_segments", "payload_bytes", "retransmitted_bytes"}
    assert end.data == "client"


@pytest.mark.parametrize("style", ["relative", "symbolic", "absolute", "both"])
def test_an_acknowledgment_below_the_isn_is_shown_as_it_is(style: NumberStyle) -> None:
    """R4: it belongs to another connection, and counts from nothing that is known."""
    steps, _ = conversation("C S\nS S. ack=-99999923")
    said, listed = text(steps[-1], "en", style), numbers_text(steps[-1], style)
    assert "acknowledges 2900000077," in said
    assert "ack 2900000077" in listed
    assert "-99999923" not in said + listed


def test_numbers_stay_relative_where_an_ack_was_left_out() -> None:
    """R32 d: it is the ACK flag that makes a number relative, and somebody has left out only what it acknowledges."""
    shortened = """\
        IP 192.0.2.1.5000 > 192.0.2.2.80: Flags [S], seq 2747080406
        IP 192.0.2.2.80 > 192.0.2.1.5000: Flags [S.], seq 3143961569, ack 2747080407
        IP 192.0.2.1.5000 > 192.0.2.2.80: Flags [.], ack 1
        IP 192.0.2.1.5000 > 192.0.2.2.80: Flags [P.], seq 1:175, length 174
        IP 192.0.2.2.80 > 192.0.2.1.5000: Flags [P.], seq 1:203, length 202
        IP 192.0.2.1.5000 > 192.0.2.2.80: Flags [F.], seq 175
        IP 192.0.2.2.80 > 192.0.2.1.5000: Flags [F.], seq 203
        IP 192.0.2.1.5000 > 192.0.2.2.80: Flags [.], ack 204
    """
    steps, end = explained(shortened)
    assert [step.rel_seq for step in steps] == [0, 0, 1, 1, 1, 175, 203, 176]
    assert not any(step.findings for step in steps)
    assert (end.verdict, end.metrics["payload_bytes"]) == ("complete.clean", {"client": 174, "server": 202})


@pytest.mark.parametrize(
    ("packets", "verdict"),
    [
        ("C P. 9\nS . win=0\nC . +0.2\nS . win=0", "stalled.zero_window_server"),
        ("C P. 9\nS . 50 lost\nS . 50 seq=1 +0.4\nS . 50 seq=1 +0.8", "stalled.unacked_server"),
        ("S . 50 lost\nS . 50 seq=1 +0.4\nS . 50 seq=1 +0.8", "stalled.unacked_server"),
        ("S . 50 lost\nS . 50 seq=1 +0.4\nS . 50 seq=1 +0.8\nS . 50 seq=51", "one_sided.server"),
        ("C P. 9\nS . 50 lost\nS . 50 seq=1 +0.4\nS . 50 seq=1 +0.8\nC .", "mid_stream.open"),
        ("C P. 9\nS . 50 lost\nS . 50 seq=1 +0.4\nS . 50 seq=1 +0.8\nC R.", "mid_stream.reset"),
    ],
    ids=["window", "data", "data of one side", "which goes on", "data that arrives", "RST"],
)
def test_an_excerpt_may_end_in_a_stall(packets: str, verdict: str) -> None:
    """R115, verdicts 28-31: they stand before 34-39, and demand no handshake."""
    _, (end,) = conversation(packets, established=True)
    assert end.verdict == verdict


@pytest.mark.parametrize(
    ("packets", "verdict"),
    [
        (OPEN + "C R. seq=1343 ack=132929", "reset_by_client.data"),
        (OPEN + "S R. seq=132929 ack=1343", "reset_by_server.data"),
        (OPEN + "C . seq=1343 ack=132929\nC R. seq=1343 ack=132929", "reset_by_client.data"),
        (OPEN + "C . ack=132929", "still_open.data"),
        (OPEN + "C R.", "reset_by_client.open"),
        (OPEN + "C . ack=2", "still_open.no_data"),
        (OPEN + "C R. ack=2", "reset_by_client.open"),
    ],
    ids=["RST of the client", "RST of the server", "both", "ACK", "none", "one number", "one number of an RST"],
)
@pytest.mark.parametrize("absolute", [True, False])
def test_payload_that_was_not_captured_was_sent(packets: str, verdict: str, absolute: bool) -> None:  # noqa: FBT001
    """R16, R119: what was acknowledged had been sent; a single number may be that of a FIN."""
    _, (end,) = conversation(packets, absolute=absolute)
    assert end.verdict == verdict


OLD_SYN = "Flags [S], seq 2560603644, win 512, length 0"
BEFORE = "Flags [.], ack {}, win 512, length 0"


@pytest.mark.parametrize("ack", ["5", "2541101298"], ids=["relative", "absolute"])
def test_an_ack_of_bases_from_before_the_log_has_no_place(ack: str) -> None:
    """R32, R35, verdict 11: nothing is known of it but that the RST that answers it, which prints absolute, rejects it."""
    ends = ["127.0.0.1.45150 > 127.0.0.1.4242", "127.0.0.1.4242 > 127.0.0.1.45150"]
    said = [OLD_SYN, BEFORE.format(ack), "Flags [R], seq 2541101298, win 0, length 0", OLD_SYN]
    lines = [f"10:00:0{n}.000000 IP {ends[n == 1]}: {text}" for n, text in enumerate(said)]
    steps, (end,) = play(lines)
    assert [step.step for step in steps[1:]] == ["stepless.ack", "reset.reject_bad_ack", "handshake.syn.retransmit"]
    assert steps[1].ack == (None if ack == "5" else int(ack))
    assert (end.verdict, [*end.findings]) == ("rejected_old", ["syn_retransmission"])


@pytest.mark.parametrize(("first", "last"), [(1449, 2897), (51_488_857, 51_521_241)], ids=["few", "many"])
def test_numbers_are_relative_however_much_one_side_has_sent(first: int, last: int) -> None:
    """R32 a, R34: the other's is that of who has only asked; so an RST without ACK stands for itself."""
    ends = ["10.0.0.2.80 > 10.0.0.1.1000", "10.0.0.1.1000 > 10.0.0.2.80"]
    said = [
        f"Flags [.], seq {first}:{last}, ack 1577, win 268, length {last - first}",
        f"Flags [.], ack {last}, win 606, length 0",
        "Flags [R], seq 92176528, win 0, length 0",
    ]
    steps, (end,) = play(f"10:00:00.00000{n} IP {ends[n > 0]}: {text}" for n, text in enumerate(said))
    assert [step.step for step in steps] == ["data.segment", "data.ack", "reset.abort"]
    assert [step.seq for step in steps[:2]] == [None, None]
    assert end.verdict == "mid_stream.reset"


def test_a_number_that_has_wrapped_is_no_relative_one() -> None:
    """R31, R34: the other one is too large for what was sent since its SYN."""
    steps, _ = play(
        [
            "10:00:00.000000 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [P.], seq 5:105, ack 2000000001, win 268, length 100",
            "10:00:00.000001 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [.], ack 105, win 606, length 0",
        ]
    )
    assert [(step.seq, step.ack) for step in steps] == [(5, 2_000_000_001), (2_000_000_001, 105)]


@pytest.mark.parametrize(
    ("packets", "numbers"),
    [
        (
            "C . ack 1|C P. seq 1:217, ack 1 len 216|S . ack 217|S P. seq 1:900, ack 217 len 899",
            [(1, 1), (1, 1), (1, 217), (1, 217)],
        ),
        ("C P. seq 1:217, ack 1 len 216|S . ack 217|C . ack 1", [(1, 1), (1, 217), (217, 1)]),
        (
            "S P. seq 1:900, ack 1 len 899|C . ack 900|C F. seq 1, ack 900|S F. seq 900, ack 2",
            [(1, 1), (1, 900), (1, 900), (900, 2)],
        ),
        ("C . ack 5001|C P. seq 0:216, ack 1 len 216|S . ack 216", [(1, 1), (1, 1), (1, 217)]),
    ],
    ids=["third step", "third step with data", "server first", "not captured either"],
)
@pytest.mark.parametrize("isn", [3477165558, 4294967290])
def test_numbers_are_relative_to_a_syn_ack_that_the_log_lacks(
    packets: str, numbers: list[tuple[int, int]], isn: int
) -> None:
    """R32 c, R33, R34: bases were set by the SYN-ACK if what follows starts at 1, by the third step if it starts at 0."""
    rows = enumerate(packets.split("|"), 1)
    steps, (end,) = timed(f"0 C S seq {isn}\n" + "\n".join(f"0.{n} {packet}" for n, packet in rows))
    assert [(step.rel_seq, step.rel_ack) for step in steps[1:]] == numbers
    assert not {"acked_unseen", "retransmission", "ack_of_unsent"} & end.findings.keys()
    assert end.attributes["not_captured"] == "syn_ack"


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("0 C S seq 1000\n1 C . ack 5001\n2 C P. seq 1001:1011, ack 5001 len 10\n3 C R. seq 1011, ack 5001", True),
        (
            "0 S P. seq 5001:5011, ack 1001 len 10\n1 S P. seq 5011:5021, ack 1001 len 10\n2 S R. seq 5021, ack 1001",
            True,
        ),
        ("0 C S seq 1000\n1 C S seq 1000\n3 C S seq 1000\n4 C R seq 1001", False),
        ("0 C . ack 5001\n1 C P. seq 11:21, ack 6001 len 10\n2 S . ack 21\n3 S P. seq 6001:6011, ack 21 len 10", False),
    ],
    ids=["reset by the client", "reset by the server", "never answered", "late"],
)
def test_one_side_is_missing_if_it_has_said_nothing_by_the_end(text: str, missing: bool) -> None:  # noqa: FBT001 - a column
    """one_sided: also where an RST ended it, not where the other side was late, or need not have said anything."""
    _, (end,) = timed(text)
    assert ("one_sided" in end.findings) is missing


def test_a_log_does_not_go_on_behind_its_last_line() -> None:
    """R120: where a later part was pasted first, no time has passed, and no timer has run out, after the earlier one."""
    late = "25 D S seq 7\n25.01 D S seq 7\n"
    _, ends = timed(f"{late}{TIMED_CLOSED.replace('0.0', '1.0').lstrip()}")
    assert (ends[1].verdict, ends[1].marks["silence"]) == ("complete.clean", 0)
    _, ends = timed(late + TIMED_USED.lstrip())
    assert "log goes on" not in wording.verdict_text(ends[1], "en")
    _, ends = timed(TIMED_USED + late)
    assert "log goes on for 24.97 s" in wording.verdict_text(ends[0], "en")
    _, ends = timed(f"{late}1 C S seq 1\n2 C S seq 1\n")
    assert "timers" not in ends[1].attributes


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("ack", [", ack 1001", ""], ids=["acks", "no acks"])
def test_only_acks_that_were_printed_prove_that_somebody_was_there(lang: Lang, ack: str) -> None:
    """Verdicts 38 and 39, R121: evidence first, and none that the log does not hold."""
    _, (end,) = timed(f"1 S S. seq 5000{ack}\n2 S P. seq 5001:5011{ack} len 10\n3 S P. seq 5011:5021{ack} len 10")
    assert end.verdict == "one_sided.server"
    said = wording.cause(end, lang)
    assert ("ACK" in said) == bool(ack)
    assert said.endswith("." if lang == "en" else "。")


@pytest.mark.parametrize(
    "text",
    [
        """
        C S
        S S.
        S F. seq=401 ack=101  # teardown.fin.active ESTABLISHED?/FIN-WAIT-1 !lost_segment !acked_unseen
        C F. seq=101 ack=402  # teardown.fin_ack LAST-ACK/TIME-WAIT? !lost_segment
        => complete.no_last_ack closed_first=server
        """,
        """
        C S
        S S.
        C F. seq=101 ack=401  # teardown.fin.active FIN-WAIT-1/ESTABLISHED? +completes_handshake !lost_segment !acked_unseen
        S F. seq=401 ack=102  # teardown.fin_ack TIME-WAIT?/LAST-ACK !lost_segment !acked_unseen
        => complete.no_last_ack closed_first=client
        """,
        """
        C S
        S S.
        S . ack=101           # data.ack ESTABLISHED?/ESTABLISHED !acked_unseen
        S P. 400 ack=101      # data.early ESTABLISHED?/ESTABLISHED
        S R. ack=101          # reset.abort CLOSED?/CLOSED
        => reset_by_server.data
        """,
        """
        C S unseen
        S S.
        S . ack=101           # data.ack ESTABLISHED?/ESTABLISHED
        S P. 400 ack=101      # data.early ESTABLISHED?/ESTABLISHED
        S R. ack=101          # reset.abort CLOSED?/CLOSED
        => reset_by_server.data
        """,
        """
        C S
        S S.
        S R. seq=401 ack=101  # reset.abort CLOSED?/CLOSED
        => reset_by_server.data
        """,
        """
        C S
        S S.
        C R. seq=101 ack=401  # reset.abort CLOSED/CLOSED?
        => reset_by_client.data
        """,
        """
        C S
        S S.
        C F. ack=77           # stepless.bad_ack ESTABLISHED?/SYN-RECEIVED !ack_of_unsent
        S R seq=77            # reset.reject_bad_ack ESTABLISHED?/SYN-RECEIVED
        """,
        """
        C S
        S P. 10 seq=5 ack=77  # stepless.bad_ack SYN-SENT/SYN-RECEIVED? !ack_of_unsent
        """,
        """
        C S
        S S.
        S P. 10 seq=-900 ack=77  # stepless.bad_ack ESTABLISHED?/SYN-RECEIVED !out_of_order !ack_of_unsent
        """,
        """
        C S
        S S.
        S R.                  # handshake.abort CLOSED?/CLOSED
        => reset_by_server.handshake
        """,
        """
        C S
        S S.
        C F. ack=401          # stepless.bad_ack ESTABLISHED?/SYN-RECEIVED !ack_of_unsent
        S F. seq=401 ack=2    # teardown.fin_ack TIME-WAIT?/LAST-ACK !lost_segment
        C . seq=2 ack=402     # teardown.last_ack TIME-WAIT/CLOSED?
        => complete.clean closed_first=client
        """,
        """
        C S <mss 1460,TS val 100 ecr 0>
        S S. <mss 1460,TS val 500 ecr 100>
        C F. ack=401 <TS val 150 ecr 520>  # teardown.fin.active FIN-WAIT-1/CLOSE-WAIT? +completes_handshake !acked_unseen
        S F. seq=401 ack=2 <TS val 560 ecr 150>  # teardown.fin_ack TIME-WAIT?/LAST-ACK !lost_segment
        => complete.no_last_ack closed_first=client
        """,
        """
        C S <mss 1460,TS val 100 ecr 0>
        S S. <mss 1460,TS val 500 ecr 100>
        C F. ack=401 <TS val 150 ecr 500>  # stepless.bad_ack ESTABLISHED?/SYN-RECEIVED !ack_of_unsent
        """,
        """
        C S <mss 1460,TS val 100 ecr 0>
        S S. <mss 1460,TS val 500 ecr 100>
        C R. seq=401 <TS val 150 ecr 520>  # reset.abort CLOSED/CLOSED?
        => reset_by_client.data
        """,
        """
        C S <mss 1460,TS val 100 ecr 0>
        S S. <mss 1460,TS val 500 ecr 100>
        S R. <TS val 550 ecr 120>  # reset.abort CLOSED?/CLOSED
        => reset_by_server.open
        """,
        """
        C S
        S S.
        C F. seq=101 ack=1     # teardown.fin.active FIN-WAIT-1/ESTABLISHED? !lost_segment
        C R seq=102            # reset.after_fin CLOSED/CLOSED?
        => reset_by_client.close
        """,
        """
        C S
        S S.
        C F. seq=101 ack=1     # teardown.fin.active FIN-WAIT-1/ESTABLISHED? !lost_segment
        C R seq=51             # reset.ignored FIN-WAIT-1/ESTABLISHED? !rst_not_exact
        => close_unanswered.by_client !unacked_data
        """,
    ],
    ids=[
        "server closes",
        "client closes",
        "server speaks",
        "server only",
        "server resets",
        "client resets",
        "nothing missing",
        "no SYN-ACK",
        "of another incarnation",
        "half open",
        "what is taken was acceptable",
        "client closes, as its timestamp shows",
        "nothing newer is echoed",
        "client resets, as its timestamp shows",
        "server resets, as its timestamp shows",
        "client answers what followed its FIN",
        "another number",
    ],
)
@pytest.mark.parametrize("absolute", [True, False])
def test_what_a_captured_syn_ack_is_followed_by_shows_what_the_log_lacks(text: str, *, absolute: bool) -> None:
    """R13 d, R16, T41: who has answered the SYN acknowledges what came since; the RST of an open connection is no abort."""
    found, expected = compare(text, absolute=absolute)
    assert found == expected


@pytest.mark.parametrize("relative", [False, True], ids=["absolute", "relative"])
@pytest.mark.parametrize("number", [4_928_182, 2**32 - 39_114], ids=["small", "about to wrap"])
def test_numbers_that_could_have_been_relative_are_on_the_wire_from_their_first_line(
    number: int,
    relative: bool,  # noqa: FBT001 - a column
) -> None:
    """R34, R35: behind an empty ACK nobody can tell; what follows shows it, and is laid beside what was before."""
    ours, theirs = (1, 0) if relative else (number, 2_000_000_001)
    data, fin = f"seq {ours}:{ours + 50}, ack {theirs} len 50", ours + 50
    first = "" if relative else "0 C . ack 2000000001"
    steps, (end,) = timed(f"""
{first}
1 S . ack {number}
2 C P. {data}
3 C P. {data}
4 S . ack {fin}
5 C F. seq {fin}, ack {theirs}
6 S . ack {fin + 1}
7 S F. seq {theirs}, ack {fin + 1}
8 C . ack {theirs + 1}
""")
    steps = steps[-8:]
    assert [step.step for step in steps[1:]] == [
        "data.push", "data.retransmit", "data.ack", "teardown.fin.first_seen", "teardown.ack_of_fin",
        "teardown.fin.passive", "teardown.last_ack",
    ]  # fmt: skip
    assert [(step.seq, step.rel_seq) for step in steps[2:6:2]] == [(number, 1), (number + 50, 51)]
    assert (end.verdict, [*end.findings]) == ("mid_stream.closed", ["mid_stream", "wscale_unknown", "retransmission"])


@pytest.mark.parametrize(
    "text",
    [
        """
        S . ack=5001
        C P. 100 seq=4001     # data.push !spurious_retransmission
        S . ack=5001          # stepless.ack
        S F. ack=5001         # teardown.fin.first_seen CLOSE-WAIT?|TIME-WAIT/FIN-WAIT-1|LAST-ACK +midstream
        C . seq=5001          # teardown.ack_of_fin CLOSE-WAIT|TIME-WAIT/FIN-WAIT-2?|CLOSED +midstream
        => mid_stream.half_closed closed_first=None
        """,
        """
        S . ack=1 sack=101-201  # stepless.ack !sack_gap
        C P. 100 seq=1        # data.push
        S F. ack=201          # teardown.fin.first_seen CLOSE-WAIT?|TIME-WAIT/FIN-WAIT-1|LAST-ACK +midstream !acked_unseen
        """,
        """
        S . ack=5001
        C P. 100 seq=5001     # data.push
        S F. ack=5101         # teardown.fin.active CLOSE-WAIT?/FIN-WAIT-1
        """,
    ],
    ids=["acknowledged", "reported by SACK", "new"],
)
def test_octets_that_had_arrived_do_not_show_that_nothing_was_closed(text: str) -> None:
    """R26: only new ones do, as what was sent before a FIN may be sent again behind it."""
    found, expected = compare(text, established=True)
    assert found == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            """
            C S
            S S. unseen
            C .
            C P. 10
            S P. 5 unseen
            C F.                # teardown.fin.first_seen FIN-WAIT-1|LAST-ACK/CLOSE-WAIT?|TIME-WAIT +midstream !one_sided
            C . ack=7           # data.ack FIN-WAIT-1|LAST-ACK/CLOSE-WAIT?|TIME-WAIT
            => one_sided.client closed_first=None
            """,
            "because not all the server sent was captured",
        ),
        (
            """
            C S unseen
            S S.
            C . unseen
            S P. 5
            C F. unseen
            S F.                # teardown.fin.first_seen CLOSE-WAIT?|TIME-WAIT/FIN-WAIT-1|LAST-ACK +midstream
            => one_sided.server closed_first=None time_wait=None
            """,
            "because not all the client sent was captured",
        ),
        (
            """
            C S
            S S. unseen
            C .
            C P. 10
            C F.                # teardown.fin.active FIN-WAIT-1/CLOSE-WAIT?
            => one_sided.client closed_first=client
            """,
            "closes first",
        ),
        (
            USED
            + """
            C F. unseen
            S .                 # data.ack ESTABLISHED/ESTABLISHED !acked_unseen
            S F.                # teardown.fin.first_seen CLOSE-WAIT?|TIME-WAIT/FIN-WAIT-1|LAST-ACK +midstream
            C . seq=102         # teardown.ack_of_fin CLOSE-WAIT|TIME-WAIT/FIN-WAIT-2?|CLOSED +midstream
            => half_closed.by_server closed_first=None
            """,
            "because not all the client sent was captured",
        ),
        (
            USED
            + """
            C P. 1 unseen
            S .                 # data.ack ESTABLISHED/ESTABLISHED !acked_unseen
            S F.                # teardown.fin.first_seen CLOSE-WAIT?|TIME-WAIT/FIN-WAIT-1|LAST-ACK +midstream
            C P. 5              # data.half_close CLOSE-WAIT/FIN-WAIT-2? !lost_segment
            => half_closed.by_server closed_first=server !unacked_data
            """,
            "because not all the client sent was captured",
        ),
        (
            USED
            + """
            C FP. 50 unseen
            S .                 # data.ack ESTABLISHED/ESTABLISHED !acked_unseen
            S F.                # teardown.fin.first_seen CLOSE-WAIT?|TIME-WAIT/FIN-WAIT-1|LAST-ACK +midstream
            """,
            "because not all the client sent was captured",
        ),
        (
            OPEN
            + """
            C P. 50 unseen
            S F. ack=51         # teardown.fin.active CLOSE-WAIT?/FIN-WAIT-1 !acked_unseen
            """,
            "closes first",
        ),
    ],
    ids=[
        "client only",
        "server only",
        "nothing but the SYN was taken",
        "no FIN",
        "no octet",
        "no data and FIN",
        "no data",
    ],
)
def test_a_fin_may_answer_one_that_was_not_captured(text: str, told: str) -> None:
    """R10, R16, R26: what was acknowledged of the other side may have been its FIN; then LAST-ACK is as well possible."""
    found, expected = compare(text)
    assert found == expected
    steps, _ = conversation(text)
    (fin,) = (step for step in steps if step.segment.flags == "F.")
    assert told in wording.text(fin, "en")
    assert "start not captured" not in wording.title(fin, "en")


@pytest.mark.parametrize(
    ("later", "state"), [("+0.2", "FIN-WAIT-1"), ("+0.00001", "FIN-WAIT-2?")], ids=["sent again", "overtaken"]
)
def test_a_fin_that_was_answered_before_it_was_captured_crosses_nothing(later: str, state: str) -> None:
    """R7, R13 f: the FIN that answers it is the passive one; its own ack only shows that it was sent before that arrived."""
    found, expected = compare(
        f"""{USED}
        C F. unseen
        S F.                        # teardown.fin.first_seen CLOSE-WAIT?|TIME-WAIT/FIN-WAIT-1|LAST-ACK +midstream !acked_unseen
        C F. seq=101 ack=1 {later}  # teardown.fin.active {state}/LAST-ACK
        C . seq=102 ack=2           # teardown.last_ack TIME-WAIT/CLOSED?
        => complete.clean closed_first=client close_shape=three_segment time_wait=client
        """
    )
    assert found == expected


@pytest.mark.parametrize("later", ["+0.2", "+0.00001"], ids=["sent again", "overtaken"])
def test_fins_that_cross_still_cross(later: str) -> None:
    """R60: neither covers the other."""
    found, expected = compare(
        f"""{USED}
        C F. unseen
        S F. ack=101                # teardown.fin.active CLOSE-WAIT?/FIN-WAIT-1
        S . ack=102                 # data.ack CLOSE-WAIT?/FIN-WAIT-1 !acked_unseen
        C F. seq=101 ack=1 {later}  # teardown.fin.simultaneous
        => complete.no_last_ack closed_first=server close_shape=simultaneous
        """
    )
    assert found == expected


ONE_WAY = "C S\nS S. unseen\nC .\n"


@pytest.mark.parametrize(
    "text",
    [
        "C P. 500\nC P. 500 seq=1 +0.3\nC F. +1\nC F. seq=501 +0.3",
        "C P. 500 unseen\nC P. 500\nC P. 500 seq=1 +0.3",
        "C P. 500\nS .\nC F.\nC F. seq=501 +0.3\nS .",
        "C P. 500 unseen\nC P. 500\nS . ack=501\nS . ack=1001\nC F.\nS .\nS F.\nC .",
        "C F.\nC P. 5 seq=1 +0.3",
    ],
    ids=["sent again", "a gap", "FIN sent again", "a gap that is acknowledged", "late"],
)
def test_relative_numbers_behind_a_third_step_count_from_the_syn(text: str) -> None:
    """R28, R33, R35: the base that an empty ACK hides is the number behind its sender's SYN, where that was captured."""
    said = []
    for absolute in (True, False):
        steps, (end,) = conversation(ONE_WAY + text, absolute=absolute)
        known = [(step.step, step.rel_seq, step.rel_ack, step.client.after, step.server.after) for step in steps]
        said.append((known, [[finding.code for finding in step.findings] for step in steps], end.verdict))
    assert said[0] == said[1]


AGAIN = "C S isn={0} +2\nS R."
RESTART = "C S isn=3005000000 +2\nS . seq={0} ack={1}\nC R seq={1}"


@pytest.mark.parametrize(
    ("before", "established"),
    [(ONE_WAY + "C F.\nS .\nS F.\nC .", False), ("C .\nC F.\nS F.\nC .", True)],
    ids=["third step", "nothing"],
)
@pytest.mark.parametrize("tries", [1, 3])
def test_a_syn_is_refused_wherever_numbers_count_from(before: str, tries: int, *, established: bool) -> None:
    """R20 b, R32 a, R33: its answer is relative to a base of the connection before, which no line has shown."""
    text = "\n".join([before, *(AGAIN.format(3_005_000_000 + 9_000_000 * place) for place in range(tries))])
    for absolute in (True, False):
        steps, ends = conversation(text, absolute=absolute, established=established)
        assert [step.step for step in steps[-2 * tries :]] == ["handshake.syn", "handshake.refused"] * tries
        assert [end.verdict for end in ends[1:]] == ["refused"] * tries


@pytest.mark.parametrize("absolute", [True, False])
@pytest.mark.parametrize(
    ("before", "numbers", "established"),
    [
        (ONE_WAY + "C P. 5\nS .\n", (1, 6), False),
        ("C .\nC P. 5\nS .\n", (1, 6), True),
        ("C .\nC P. 5\nS .\nC F.\nS .\n", (1, 7), True),
    ],
    ids=["third step", "nothing", "half closed"],
)
def test_a_syn_is_challenged_wherever_numbers_count_from(
    before: str, numbers: tuple[int, int], *, established: bool, absolute: bool
) -> None:
    """R33, R44, R65: the answer has the ack that was printed before, whatever that is on the wire."""
    isn = 3_000_000_000 - 3_005_000_000  # what the shorthand counts from by then
    text = before + RESTART.format(numbers[0], numbers[1] + isn)
    steps, (end,) = conversation(text, absolute=absolute, established=established)
    assert [step.step for step in steps[-3:]] == ["handshake.syn.unexpected", "ack.challenge", "reset.reply"]
    assert end.findings["half_open_discovered"] == 1


def test_an_old_number_resets_no_later_connection() -> None:
    """R51: that of an RST is always printed as on the wire, so beside a SYN it has its place."""
    text = ONE_WAY + "C F.\nC .\nC S isn=3005000000 +2\nC R seq=-4999998\nC S seq=0 +1"
    for absolute in (True, False):
        steps, _ = conversation(text, absolute=absolute)
        assert [step.step for step in steps[-2:]] == ["reset.ignored", "handshake.syn.retransmit"]


ONE_DIRECTION = [  # of a log of one direction, relative as tcpdump prints it without -S: printed number, octets, what it is
    (0, 14, "data.push"),
    (14, 12, "data.push"),
    (14, 12, "data.retransmit"),
    (44, 6, "data.push"),
    (26, 18, "data.gap_fill"),
    (50, 6, "data.push"),
]


def test_numbers_behind_a_third_step_without_a_number_keep_their_distances() -> None:
    """R28, R33: they count from an empty ACK, presumably the third step, and not each from where the one before ended."""
    rows = ["IP 192.0.2.1.5000 > 192.0.2.2.80: Flags [S], seq 2747080406, win 8192, length 0"]
    rows += ["IP 192.0.2.1.5000 > 192.0.2.2.80: Flags [.], ack 3143961569, win 8192, length 0"]
    for seq, length, _ in ONE_DIRECTION:
        rows.append(
            f"IP 192.0.2.1.5000 > 192.0.2.2.80: Flags [P.], seq {seq}:{seq + length}, ack 21, win 8172, length {length}"
        )
    steps, end = explained("\n".join(f"10:00:0{number} {row}" for number, row in enumerate(rows)))
    assert [(step.rel_seq, step.step) for step in steps[2:]] == [(1 + seq, step) for seq, _, step in ONE_DIRECTION]
    assert all(step.seq is None for step in steps[2:])  # where that is on the wire, no line says
    assert end.metrics["retransmitted_bytes"] == {"client": 12, "server": None}


def test_a_syn_ack_that_is_repeated_tells_where_the_numbers_of_an_excerpt_count_from() -> None:
    """R29, R32 c: its own numbers are those on the wire, in the middle of relative ones; the octets stay what they were."""
    there, here = "IP 192.0.2.1.5000 > 192.0.2.2.80:", "IP 192.0.2.2.80 > 192.0.2.1.5000:"
    steps, end = explained(
        f"""
        {there} Flags [P.], seq 1:83, ack 1, win 502, length 82
        {here} Flags [S.], seq 2310816704, ack 1746195193, win 27760, options [mss 1400], length 0
        {there} Flags [.], ack 1, win 502, length 0
        {there} Flags [P.], seq 1:83, ack 1, win 502, length 82
        {there} Flags [F.], seq 83, ack 1, win 502, length 0
        {here} Flags [S.], seq 2310816704, ack 1746195193, win 27760, options [mss 1400], length 0
        {there} Flags [.], ack 1, win 502, length 0
        """
    )
    assert [(step.rel_seq, step.rel_ack) for step in steps] == [
        (1, 1),
        (0, 1),
        (83, 1),
        (1, 1),
        (83, 1),
        (0, 1),
        (84, 1),
    ]
    assert [step.step for step in steps[3:]] == [
        "data.retransmit",
        "teardown.fin.active",
        "handshake.syn_ack.retransmit",
        "handshake.ack.repeat",
    ]
    assert (str(steps[5].server.after), steps[3].seq) == ("SYN-RECEIVED", 1746195193)
    assert end.metrics["retransmitted_bytes"] == {"client": 82, "server": 0}
