"""The sequences that the rules name (R54 to R74), each played and told record by record."""

from __future__ import annotations

import pytest
from played import compare, conversation, play
from scenario import SERVER, Packet, log, printed

from tdparse.wording import state_text, text

OLD = 3_000_000_101 - 9000  # where the client's old numbers stood, counted from its new ISN
OPEN = "C S\nS S.\nC .\n"
USED = OPEN + "C P. 100\nS .\n"

SEQUENCES = {
    "R55 normal open": """
        C S        # handshake.syn SYN-SENT/SYN-RECEIVED?
        S S.       # handshake.syn_ack ESTABLISHED?/SYN-RECEIVED
        C .        # handshake.ack ESTABLISHED/ESTABLISHED?
        => still_open.no_data close_shape=none zeek=S1 completeness=7
        """,
    "R55 the third step carries data": """
        C S
        S S.
        C P. 10    # handshake.ack_data ESTABLISHED/ESTABLISHED?
        => still_open.data data=client completeness=11 !unacked_data
        """,
    "R55 the third step carries a FIN": """
        C S
        S S.
        C F.       # teardown.fin.active +completes_handshake FIN-WAIT-1/CLOSE-WAIT?
        S F.       # teardown.fin_ack TIME-WAIT?/LAST-ACK
        C .        # teardown.last_ack TIME-WAIT/CLOSED?
        => complete.clean close_shape=three_segment
        """,
    "R56 a SYN-ACK nobody asked for is rejected with RST, and its sender listens again": """
        C S unseen
        S S.       # handshake.syn_ack +syn_not_captured ESTABLISHED?/SYN-RECEIVED
        C R        # handshake.abort CLOSED/LISTEN?
        => unsolicited.syn_ack
        """,
    "R57 four-segment close, data between the second and the third": f"""
        {OPEN}
        C P. 100   # data.push
        S .        # data.ack
        C F.       # teardown.fin.active FIN-WAIT-1/CLOSE-WAIT?
        S .        # teardown.ack_of_fin FIN-WAIT-2?/CLOSE-WAIT
        S P. 50    # data.half_close FIN-WAIT-2?/CLOSE-WAIT
        C .        # data.ack FIN-WAIT-2?/CLOSE-WAIT
        S F.       # teardown.fin.passive TIME-WAIT?/LAST-ACK
        C .        # teardown.last_ack TIME-WAIT/CLOSED?
        => complete.clean close_shape=four_segment closed_first=client time_wait=client zeek=SF completeness=31
        """,
    "R58 three-segment close": f"""
        {USED}
        S F.       # teardown.fin.active CLOSE-WAIT?/FIN-WAIT-1
        C F.       # teardown.fin_ack LAST-ACK/TIME-WAIT?
        S .        # teardown.last_ack CLOSED?/TIME-WAIT
        => complete.clean close_shape=three_segment closed_first=server time_wait=server
        """,
    "R59 FIN with data: an ACK of octets before it confirms neither": f"""
        {USED}
        S P. 17    # data.push
        S FP. 576  # teardown.fin.active +with_data CLOSE-WAIT?/FIN-WAIT-1
        C . ack=18 # data.ack +fin_not_covered ESTABLISHED/FIN-WAIT-1
        C .        # teardown.ack_of_fin CLOSE-WAIT/FIN-WAIT-2?
        C F.       # teardown.fin.passive LAST-ACK/TIME-WAIT?
        S .        # teardown.last_ack CLOSED?/TIME-WAIT
        => complete.clean data=both
        """,
    "R60 simultaneous close: both in CLOSING, both in TIME-WAIT": f"""
        {USED}
        C F. lost        # teardown.fin.active FIN-WAIT-1/CLOSE-WAIT?
        S F. lost        # teardown.fin.simultaneous CLOSING?/FIN-WAIT-1
        C . ack=2        # teardown.ack_of_fin.simultaneous CLOSING/TIME-WAIT?
        S . ack=102      # teardown.ack_of_fin.simultaneous TIME-WAIT?/TIME-WAIT?
        => complete.clean close_shape=simultaneous time_wait=client,server closed_first=client
        """,
    "R61 simultaneous open: one connection, its SYN-ACKs no retransmissions": """
        C S lost         # handshake.syn SYN-SENT/SYN-RECEIVED?
        S S lost         # handshake.syn.simultaneous SYN-RECEIVED?/SYN-SENT
        C S. ack=1       # handshake.syn_ack.simultaneous SYN-RECEIVED/ESTABLISHED?
        S S. ack=1       # handshake.syn_ack.simultaneous !simultaneous_open ESTABLISHED?/SYN-RECEIVED
        C .              # handshake.ack ESTABLISHED/ESTABLISHED?
        => still_open.no_data simultaneous_open=True completeness=7
        """,
    "R62 split handshake: after the client's SYN-ACK an ACK instead of a SYN-ACK": """
        C S lost         # handshake.syn
        S S lost         # handshake.syn.simultaneous
        C S. ack=1       # handshake.syn_ack.simultaneous
        S . ack=1        # handshake.ack !split_handshake ESTABLISHED?/ESTABLISHED
        => still_open.no_data
        """,
    "R62 split handshake with a bare ACK before the SYN": """
        C S              # handshake.syn SYN-SENT/SYN-RECEIVED?
        S .              # stepless.ack SYN-SENT/SYN-RECEIVED?
        S S lost         # handshake.syn.simultaneous
        C S. ack=1       # handshake.syn_ack.simultaneous
        S . ack=1        # handshake.ack !split_handshake
        """,
    "R63 refused: the server was CLOSED all the time": """
        C S        # handshake.syn SYN-SENT/SYN-RECEIVED?
        S R.       # handshake.refused CLOSED?/CLOSED
        => refused close_shape=reset closed_first=server zeek=REJ completeness=37
        """,
    "R64 no answer: nothing is known of the server": """
        C S        # handshake.syn
        C S +1     # handshake.syn.retransmit !syn_retransmission SYN-SENT/SYN-RECEIVED?
        C S +2     # handshake.syn.retransmit !syn_retransmission
        => no_answer client=SYN-SENT server=UNKNOWN retries=2 zeek=S0 completeness=1
        """,
    "R65 half-open: SYN, challenge ACK, RST, and the SYN again": f"""
        {USED}
        C S isn=9000 +60   # handshake.syn.unexpected +tentative !syn_in_connection ESTABLISHED/ESTABLISHED
        S . ack={OLD}      # ack.challenge !challenge_ack ESTABLISHED/ESTABLISHED
        C R seq={OLD}      # reset.reply !half_open_discovered CLOSED/CLOSED?
        C S +1             # handshake.syn +reuse SYN-SENT/SYN-RECEIVED?
        S S. ack=1         # handshake.syn_ack !port_reuse
        C . ack=1          # handshake.ack ESTABLISHED/ESTABLISHED?
        => reset_by_client.data
        => still_open.no_data
        """,
    "R65 half-open, discovered by data": f"""
        {USED}
        S P. 10 +60        # data.push
        C R seq=101        # reset.reply CLOSED/CLOSED?
        """,
    "R66 half-close by shutdown": f"""
        {USED}
        C F.       # teardown.fin.active
        S .        # teardown.ack_of_fin
        S P. 50    # data.half_close
        C .        # data.ack FIN-WAIT-2?/CLOSE-WAIT
        => half_closed.by_client close_shape=half
        """,
    "R66 after close() nobody reads: data are answered by RST": f"""
        {USED}
        C F.       # teardown.fin.active
        S .        # teardown.ack_of_fin
        S P. 50    # data.half_close
        C R seq=102 # reset.reply !data_after_close CLOSED/CLOSED?
        => reset_by_client.close closed_first=client
        """,
    "R67 abort: RST-ACK at SND.NXT, no TIME-WAIT anywhere": f"""
        {USED}
        C R.       # reset.abort CLOSED/CLOSED?
        => reset_by_client.data time_wait=None close_shape=reset
        """,
    "R68 the last ACK is lost: the FIN is repeated, and acknowledged again out of TIME-WAIT": f"""
        {USED}
        C F.       # teardown.fin.active
        S F.       # teardown.fin_ack
        C . lost   # teardown.last_ack TIME-WAIT/CLOSED?
        S F. seq=1 +0.2  # teardown.fin.retransmit !fin_retransmission TIME-WAIT/LAST-ACK
        C .        # teardown.ack.repeat TIME-WAIT/CLOSED?
        => complete.clean
        """,
    "R68 the peer of a repeated FIN is gone: RST": f"""
        {USED}
        C F.       # teardown.fin.active
        S F.       # teardown.fin_ack
        S F. seq=1 +0.2  # teardown.fin.retransmit !fin_retransmission
        C R seq=102      # reset.reply CLOSED/CLOSED?
        """,
    "R69 SYN-ACK repeated, no ACK in the log": """
        C S          # handshake.syn
        S S. lost    # handshake.syn_ack
        S S. +1      # handshake.syn_ack.retransmit !syn_ack_retransmission ESTABLISHED?/SYN-RECEIVED
        S S. +2      # handshake.syn_ack.retransmit !syn_ack_retransmission
        => syn_ack_unanswered zeek=S1 completeness=3
        """,
    "R69 SYN-ACK repeated although the ACK is in the log": """
        C S          # handshake.syn
        S S.         # handshake.syn_ack
        C . lost     # handshake.ack ESTABLISHED/ESTABLISHED?
        S S. +1      # handshake.syn_ack.retransmit !syn_ack_retransmission ESTABLISHED/SYN-RECEIVED
        C .          # handshake.ack.repeat ESTABLISHED/ESTABLISHED?
        => still_open.no_data
        """,
    "R70 first contact: a cookie is asked for and granted": """
        C S <mss 1460,tfo  cookiereq,nop,nop>            # handshake.syn.tfo_request
        S S. <mss 1460,tfo  cookie 29bc11402eb84a75>     # handshake.syn_ack.tfo_grant
        C .                                              # handshake.ack
        => still_open.no_data tfo=requested
        """,
    "R70 later: the data of the SYN are accepted, the server answers before the third step": """
        C S 80 <mss 1460,tfo  cookie 29bc11402eb84a75>   # handshake.syn.tfo_data
        S S. <mss 1460>                                  # handshake.syn_ack.tfo_accept
        S P. 500                                         # data.early ESTABLISHED?/SYN-RECEIVED
        C .                                              # handshake.ack ESTABLISHED/ESTABLISHED?
        => still_open.data tfo=accepted data=both
        """,
    "R70 the data are not accepted and sent again with the third step: no loss": """
        C S 80 <mss 1460,tfo  cookie 29bc11402eb84a75>   # handshake.syn.tfo_data
        S S. ack=1 <mss 1460>                            # handshake.syn_ack.tfo_fallback
        C P. 80 seq=1                                    # handshake.ack_data +tfo_fallback_data
        S .                                              # data.ack
        => still_open.data tfo=fallback
        """,
    "R70 refused: the RST-ACK acknowledges the data too": """
        C S 80 <mss 1460,tfo  cookie 29bc11402eb84a75>   # handshake.syn.tfo_data
        S R. ack=81                                      # handshake.refused CLOSED?/CLOSED
        => refused completeness=45
        """,
    "R70 an older stack asks with the experimental option": """
        C S <mss 1460,exp-tfo cookiereq>                 # handshake.syn.tfo_request
        """,
    "R70 data without any option are legal and not acknowledged": """
        C S 5                                            # handshake.syn.tfo_data +with_data
        S S. ack=1                                       # handshake.syn_ack.tfo_fallback
        """,
    "R73 only the client is captured: what the server must have sent is deduced": """
        C S                # handshake.syn SYN-SENT/SYN-RECEIVED?
        S S. unseen
        C .                # handshake.ack +synack_not_captured ESTABLISHED/ESTABLISHED?
        C P. 100           # data.push ESTABLISHED/ESTABLISHED?
        S P. 700 unseen
        C .                # data.ack !one_sided ESTABLISHED/ESTABLISHED?
        => one_sided.client
        """,
}


# What the program does not tell yet; the test fails as soon as it does, so that nothing stays here by mistake.
PENDING: set[str] = set()


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.xfail(reason="not told yet")] if name in PENDING else [])
        for name in SEQUENCES
    ],
)
def test_a_sequence_is_told_as_the_rules_tell_it(name: str) -> None:
    """Step, states, modifiers and anomalies of each record, and the verdict, are those of the rule in the name."""
    found, expected = compare(SEQUENCES[name])
    assert found == expected


AGAIN = f"""
    {USED}
    C F.                # teardown.fin.active
    S F.                # teardown.fin_ack
    C .                 # teardown.last_ack TIME-WAIT/CLOSED?
    """


def test_a_pair_used_again_is_another_connection() -> None:
    """R71 (R44, R85): a SYN behind the close opens a new incarnation; its SYN-ACK confirms that the port was reused."""
    found, expected = compare(
        f"""
        {AGAIN}
        C S isn=4000000000 +90  # handshake.syn +reuse SYN-SENT/SYN-RECEIVED?
        S S. isn=2000000000     # handshake.syn_ack !port_reuse
        C .                     # handshake.ack
        => complete.clean
        => still_open.no_data
        """
    )
    assert found == expected


def test_an_excerpt_has_pseudo_numbers_and_guessed_roles() -> None:
    """R72: mid-stream both sides start at 1, windows stay raw, ports tell who is the server, a FIN may be the second."""
    packets = "S P. 200\nC .\nC P. 30\nS .\nS F."
    steps, (end,) = conversation(packets, established=True)
    assert [(step.rel_seq, step.rel_ack) for step in steps[:3]] == [(1, 1), (1, 201), (1, 201)]
    assert {step.window_scaled for step in steps} == {None}
    assert (end.flow.client.port, end.flow.server.port, end.flow.role_confidence) == (40000, 80, 0.90)
    assert state_text(steps[0].server.after) == "ESTABLISHED"
    assert state_text(steps[0].client.after) == "ESTABLISHED~"
    assert end.verdict == "mid_stream.half_closed"
    first, *_ = conversation("S F.\nC .", established=True)
    assert [step.step for step in first] == ["teardown.fin.first_seen", "teardown.ack_of_fin"]
    assert state_text(first[1].client.after) == "CLOSE-WAIT|TIME-WAIT"
    assert state_text(first[1].server.after) == "FIN-WAIT-2?|CLOSED"


def test_a_socket_connected_to_itself_has_one_state() -> None:
    """R74: one endpoint, shown in both columns, that receives what it sends; its FIN leads to CLOSING and TIME-WAIT."""
    rows = [
        ("S", 0, None), ("S.", 0, 1), (".", 1, 1), ("P.", 1, 1), (".", 11, 11), ("F.", 11, 11), (".", 12, 12),
    ]  # fmt: skip
    isn = 7_000_000
    packets = [
        Packet(
            SERVER, SERVER, flags, isn + seq, 0 if ack is None else isn + ack, 10 * (flags == "P."), time=number * 50
        )
        for number, (flags, seq, ack) in enumerate(rows)
    ]
    steps, (end,) = play(printed(packets))
    assert all(step.client.after == step.server.after for step in steps)
    assert "self_connection" in {finding.code for finding in steps[0].findings}
    assert [state_text(step.client.after).rstrip("?*") for step in steps] == [
        "SYN-RECEIVED", "ESTABLISHED", "ESTABLISHED", "ESTABLISHED", "ESTABLISHED", "CLOSING", "TIME-WAIT",
    ]  # fmt: skip
    assert end.flow.client == end.flow.server
    assert (end.verdict, end.close_shape) == ("complete.clean", "simultaneous")


def test_a_simultaneous_close_counts_no_waves() -> None:
    """R60, R99: its steps are called 同时关闭, and none of them is the second or third of four."""
    steps, _ = conversation(SEQUENCES["R60 simultaneous close: both in CLOSING, both in TIME-WAIT"])
    told = [text(step, "zh") for step in steps if ".simultaneous" in step.step]
    assert len(told) == 3
    assert not any("第二次" in line or "第三次" in line for line in told)


# Segments that were sent to a real stack, and what its own list of sockets said afterwards (R54): the state
# of the server, or of the client where the segment went that way.
CRAFTED = {
    "closed port, SYN": ("C S\nS R.", "server", "CLOSED"),
    "listener, SYN-ACK rejected": ("C S. ack=5\nS R seq=5", "server", "CLOSED|LISTEN"),
    "SYN-SENT, wrong SYN-ACK": ("C S\nS S. ack=77\nC R seq=77", "client", "SYN-SENT"),
    "SYN-SENT, bare ACK": ("C S\nS . ack=1", "client", "SYN-SENT"),
    "SYN-SENT, bare SYN": ("C S lost\nS S", "client", "SYN-RECEIVED"),
    "SYN-SENT, RST-ACK": ("C S\nS R.", "client", "CLOSED"),
    "SYN-RECEIVED, same SYN": ("C S\nS S. lost\nC S +1", "server", "SYN-RECEIVED"),
    "SYN-RECEIVED, wrong ACK": ("C S\nS S.\nC . ack=77\nS R seq=77", "server", "SYN-RECEIVED"),
    "SYN-RECEIVED, RST": ("C S\nS S.\nC R seq=1", "server", "LISTEN"),
    "ESTABLISHED, SYN": (USED + "C S isn=9000 +9", "server", "ESTABLISHED"),
    "ESTABLISHED, RST exact": (USED + "C R", "server", "CLOSED"),
    "ESTABLISHED, RST in the window": (USED + "C R seq=111", "server", "ESTABLISHED"),
    "ESTABLISHED, RST below it": (USED + "C R seq=50", "server", "ESTABLISHED"),
    "ESTABLISHED, ACK of unsent data": (USED + "C . ack=5000\nS .", "server", "ESTABLISHED"),
    "ESTABLISHED, keep-alive without an octet": (USED + "C . +10\nS .", "server", "ESTABLISHED"),
    "ESTABLISHED, keep-alive with an octet": (USED + "C . 1 seq=100 +10\nS .", "server", "ESTABLISHED"),
    "ESTABLISHED, data beyond a gap": (USED + "C P. 10 seq=201\nS . ack=101", "server", "ESTABLISHED"),
    "ESTABLISHED, FIN beyond a gap": (USED + "C F. seq=201\nS . ack=101", "server", "ESTABLISHED"),
    "ESTABLISHED, old data": (USED + "C P. 100 seq=1\nS .", "server", "ESTABLISHED"),
    "ESTABLISHED, close with unread data": (USED + "S R.", "client", "CLOSED"),
    "FIN-WAIT-2 without a reader, data": (USED + "S F.\nC .\nC P. 5\nS R", "server", "CLOSED"),
    "LAST-ACK, FIN again": (USED + "C F.\nS F. lost\nS F. seq=1 +0.2", "server", "LAST-ACK"),
    "TIME-WAIT, FIN": (USED + "S F.\nC F.\nS . lost\nC F. seq=101 +0.2\nS .", "server", "TIME-WAIT"),
    "TIME-WAIT, RST": (USED + "S F.\nC F.\nS .\nC R seq=102", "server", "CLOSED"),
    "TIME-WAIT, SYN above the old numbers": (
        USED + "S F.\nC F.\nS .\nC S isn=3500000000 +1\nS S. isn=1500000000", "server", "SYN-RECEIVED",
    ),
    "TIME-WAIT, SYN below the old numbers": (
        USED + f"S F.\nC F.\nS .\nC S isn=2900000000 +1\nS . ack={100_000_102}", "server", "TIME-WAIT",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CRAFTED)
def test_a_crafted_segment_leaves_the_state_a_stack_reports(name: str) -> None:
    """R54: the state derived after the segment (whatever its certainty) is the one the stack itself had."""
    written, role, expected = CRAFTED[name]
    *_, last = play(log(written)).steps
    side = last.client if role == "client" else last.server
    assert side.after.state.replace("_", "-") in expected.split("|")
