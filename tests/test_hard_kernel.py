"""What only shows where logs are held against the states of the kernel that sent the segments."""

from __future__ import annotations

import pytest
from played import compare, conversation
from scenario import CLIENT, CLIENT_ISN, SERVER_ISN, Printer, packets, printed

from tdparse.model import Summary
from tdparse.pipeline import explain

OPEN = "C S\nS S.\nC .\n"


# ------------------------------------------------------------------ a window that is closed


@pytest.mark.parametrize("wait", ["+0.3", "+1.3"])
def test_a_probe_of_a_closed_window_keeps_nothing_alive(wait: str) -> None:
    """R104, R108, keep_alive: the number that -vv prints is that of a keep-alive, the window that is 0 decides."""
    text = f"{OPEN}C P. 100\nS . win=0\n" + f"C . seq=100 {wait}\nS . win=0 +0.1\n" * 3
    printer = Printer(every_seq=True)
    items = list(explain(printer.line(packet) for packet in packets(text)))
    shown = [getattr(item, "step", None) or getattr(item, "verdict", None) for item in items[5:]]
    assert shown == [*["probe.zero_window", "probe.zero_window_ack"] * 3, "stalled.zero_window_server"]


# ------------------------------------------------------------------ a log that lacks a part of the beginning


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


def test_a_fin_completes_no_handshake_that_its_server_has_shown_to_be_over() -> None:
    """R102, completes_handshake: the third step came before, and was not captured."""
    steps, _ = conversation("C S\nS S.\nS P. 10 ack=101\nC F. seq=101 ack=11")
    assert (steps[-1].step, "completes_handshake" in steps[-1].modifiers) == ("teardown.fin.active", False)


def test_an_rst_that_answers_a_later_syn_ends_a_connection_that_was_opening() -> None:
    """R119: the handshake was not over, whatever the SYN that is refused was sent in."""
    _, ends = conversation("C S\nS S.\nC S isn=7777777 +3\nS R. seq=0")
    assert [end.verdict for end in ends] == ["reset_by_server.handshake", "refused"]


# ------------------------------------------------------------------ FINs


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


# ------------------------------------------------------------------ what was overtaken


@pytest.mark.parametrize(
    ("stamp", "steps", "found"),
    [
        (141, ["stepless.ack", "ack.duplicate"], []),
        (143, ["ack.window_update", "ack.window_update"], ["window_shrunk", "window_update"]),
    ],
    ids=["overtaken", "in order"],
)
def test_the_window_of_an_ack_that_was_overtaken_takes_nothing_back(
    stamp: int, steps: list[str], found: list[str]
) -> None:
    """Section 3.10.7.4 of RFC 9293, SND.WL1: a TSval below one that was captured shows which of two was sent first."""
    text = "C S <mss 1460,TS val 100 ecr 0>\nS S. <mss 1460,TS val 500 ecr 100>\nC . <TS val 120 ecr 500>\n"
    text += "S . 1448 lost <TS val 520 ecr 120>\n" + "S . 1448 <TS val 520 ecr 120>\n" * 2
    text += "C . win=510 <TS val 142 ecr 500>\n"
    said, _ = conversation(text + f"C . win=500 <TS val {stamp} ecr 500>\nC . win=510 <TS val 144 ecr 500>")
    assert [step.step for step in said[-2:]] == steps
    assert sorted(one.code for one in said[-2].findings) == found


# ------------------------------------------------------------------ numbers


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


def test_what_a_socket_sends_to_itself_is_counted_once() -> None:
    """R74, R115, unacked_data: one endpoint, whose segments are those of the client."""
    sent = packets("C S\nC S. ack=1 seq=0\nC . ack=1\nC P. 20 ack=1", server=CLIENT, isns=(CLIENT_ISN, CLIENT_ISN))
    items = list(explain(printed(sent)))
    assert isinstance(items[-1], Summary)
    assert (items[-1].data, items[-1].findings["unacked_data"]) == ("client", 1)


def test_an_open_connection_answers_a_syn_ack_with_a_challenge_ack() -> None:
    """R97, 10, section 4 of RFC 5961: a SYN-ACK with another number is not acceptable there."""
    steps, _ = conversation(f"{OPEN}C P. 100\nS .\nS S. seq=7000 ack=1 +0.2\nC . ack=1")
    assert [step.step for step in steps[-2:]] == ["handshake.syn_ack.bad_ack", "ack.challenge"]
    assert [one.code for one in steps[-1].findings] == ["challenge_ack"]


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
