"""What an observer may say: names, symbols, proof and presumption, numbers, acceptability (parts 0 to 3 of the rules)."""

from __future__ import annotations

import pytest
from played import compare, conversation, play
from scenario import log

from tdparse import catalog
from tdparse.model import Certainty, Severity, Skipped, Standing, State, Step
from tdparse.pipeline import explain
from tdparse.render.text import Text
from tdparse.states import OPENING
from tdparse.wording import state_text, text

OPEN = "C S\nS S.\nC .\n"
USED = OPEN + "C P. 100\nS .\n"


def steps_of(written: str, *, established: bool = False) -> list[Step]:
    """Return the steps of a conversation."""
    return conversation(written, established=established).steps


def findings_of(written: str) -> list[str]:
    """Return the anomalies of the last record of a conversation."""
    return [finding.code for finding in steps_of(written)[-1].findings]


# ------------------------------------------------------------------ names and symbols


def test_states_have_the_names_of_the_rfc() -> None:
    """R3, R5: machine names with underscores, shown with hyphens; synchronized is ESTABLISHED and everything after it."""
    assert [state_text(Standing(state, Certainty.OBSERVED)) for state in State] == [
        "CLOSED", "LISTEN", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT",
        "CLOSING", "LAST-ACK", "TIME-WAIT", "UNKNOWN",
    ]  # fmt: skip
    assert set(State) - OPENING - {State.UNKNOWN} == {
        State.ESTABLISHED, State.FIN_WAIT_1, State.FIN_WAIT_2, State.CLOSE_WAIT, State.CLOSING, State.LAST_ACK,
        State.TIME_WAIT,
    }  # fmt: skip
    assert catalog.lookup("SYNC_RCVD") == catalog.lookup("SYN-RECV") == (("state", "SYN_RECEIVED"),)


def test_symbols_of_a_whole_connection() -> None:
    """R4: j and k are the ISNs, m the active closer's FIN, n the other one; anything else counts from its ISN."""
    written = USED + "S P. 20\nC F.\nS .\nS F.\nC ."
    told = [text(step, "en", "symbolic") for step in steps_of(written)]
    expected = [
        "sequence number j;", "ack=j+1 confirms", "(ack=k+1)", "100 bytes", "ack=j+101", "20 bytes", "FIN at m,", "ack=m+1",
        "FIN at n;", "ack=n+1",
    ]  # fmt: skip
    assert all(symbol in line for symbol, line in zip(expected, told, strict=True))
    assert "own SYN carries initial sequence number k" in told[1]


def test_symbols_where_the_isn_is_unknown_or_both_close() -> None:
    """R4: without the ISN the number itself is printed; in a simultaneous close m is the FIN that was captured first."""
    excerpt = steps_of("S P. 20\nC .", established=True)
    assert "ack=1000000021" in text(excerpt[1], "en", "symbolic")
    crossing = steps_of(USED + "C F. lost\nS F. lost\nC . ack=2\nS . ack=102")[-4:]
    told = [text(step, "en", "symbolic") for step in crossing]
    assert ("FIN at m" in told[0], "(n)" in told[1], "ack=n+1" in told[2], "ack=m+1" in told[3]) == (True,) * 4


# ------------------------------------------------------------------ what a record proves


def test_a_captured_segment_proves_only_that_it_was_sent() -> None:
    """R6: its sender's state is seen, its receiver's presumed; whether it arrived shows by what the receiver does."""
    found, expected = compare(
        """
        C S            # handshake.syn SYN-SENT/SYN-RECEIVED?
        S S.           # handshake.syn_ack ESTABLISHED?/SYN-RECEIVED
        C . lost       # handshake.ack ESTABLISHED/ESTABLISHED?
        S S. +1        # handshake.syn_ack.retransmit !syn_ack_retransmission ESTABLISHED/SYN-RECEIVED
        """
    )
    assert found == expected


def test_segments_of_both_directions_cross() -> None:
    """R7: an ACK older than what was captured before it was under way; it is no anomaly and takes nothing back."""
    found, expected = compare(
        f"""
        {OPEN}
        S P. 10            # data.push
        S P. 10            # data.push
        C P. 5 ack=11      # data.push ESTABLISHED/ESTABLISHED
        S P. 10 ack=1      # data.push ESTABLISHED/ESTABLISHED
        S F. ack=1         # teardown.fin.active CLOSE-WAIT?/FIN-WAIT-1
        C . ack=31         # data.ack +fin_not_covered ESTABLISHED/FIN-WAIT-1
        """
    )
    assert found == expected


def test_socket_calls_are_effects_and_not_facts() -> None:
    """R9: what a segment means to the programs stands apart, on request; accept() is never said to have been measured."""
    third = steps_of(OPEN)[-1]
    plain = "\n".join(Text("en").explanation(third))
    assert "accept()" not in plain
    told = "\n".join(Text("en", verbose=True).explanation(third))
    assert "Socket calls: The connection moves to the accept queue" in " ".join(told.split())
    assert "as soon as the application calls it" in told
    assert all(catalog.reference("step", code).phrases["api"].en for code in catalog.codes("step"))


@pytest.mark.parametrize(
    ("written", "attempts", "side"),
    [("C S\nC S +1\nC S +2", 3, "server"), (USED + "C F.\nC F. seq=101 +0.3\nC F. seq=101 +0.6", 3, "server")],
)
def test_what_nobody_answers_leaves_the_other_side_unknown(written: str, attempts: int, side: str) -> None:
    """R19: the presumption stays in the columns and carries the number of attempts; at the end the state is UNKNOWN."""
    steps, (end,) = conversation(written)
    assert steps[-1].values["n"] == attempts
    assert state_text(steps[-1].server.after).endswith("?")
    assert (state_text(end.server_state), side) == ("UNKNOWN", "server")
    assert end.verdict in {"no_answer", "close_unanswered.by_client"}


# ------------------------------------------------------------------ numbers in the text


def test_without_the_flag_there_is_no_acknowledgment() -> None:
    """R29: no ack is made up for a SYN or a bare RST; their sentences speak of none."""
    syn, *_, rst = steps_of(USED + "C R")
    assert (syn.ack, syn.rel_ack, rst.ack, rst.rel_ack) == (None, None, None, None)
    assert "ack=" not in text(syn, "en") + text(rst, "en")


@pytest.mark.parametrize(
    ("written", "first", "end", "confirmed"),
    [
        (OPEN + "C P. 356\nS .", 1, 357, 357),
        (OPEN + "C P. 17\nC FP. 576\nS .", 18, 594, 595),
        ("C S 3 <tfo  cookie a1b2>\nS S.", 0, 3, 4),
        (OPEN + "C F.\nS .", 1, 1, 2),
    ],
)
def test_the_printed_end_is_seq_plus_length(written: str, first: int, end: int, confirmed: int) -> None:
    """R30, R37: it does not count SYN or FIN; the ack that confirms the segment is SEG.END, which does."""
    *_, sent, answer = steps_of(written)
    assert (sent.rel_seq, sent.rel_end, answer.rel_ack) == (first, end, confirmed)
    assert sent.seq is not None
    assert sent.seq_end == (sent.seq + (sent.segment.length or 0)) & 0xFFFFFFFF


def test_an_ack_is_cumulative() -> None:
    """R37: one ACK may cover many segments; "seq + 1" is only true of an empty SYN or FIN."""
    *_, answer = steps_of(OPEN + "C . 10\nC . 20\nC . 30\nC FP. 40\nS .")
    assert answer.rel_ack == 1 + 10 + 20 + 30 + 40 + 1
    assert answer.step == "teardown.ack_of_fin"


NOISE = [
    "$ tcpdump -i eth0 -nn port 80",
    "tcpdump: verbose output suppressed, use -v or -vv for full protocol decode",
    "listening on eth0, link-type EN10MB (Ethernet), capture size 262144 bytes",
    "三次握手",
    "# the handshake",
    "------------------",
    "",
    "Flags [S], seq 1228404592",
    "seq 43780310 FIN n",
    "ack 43780311 n+1",
    "9 packets captured",
    "0 packets dropped by kernel",
]


@pytest.mark.parametrize("noise", NOISE)
def test_what_is_no_record_changes_nothing(noise: str) -> None:
    """R38: prompts, banners, headings, comments, rulers, counters and pasted fragments are skipped, wherever they stand."""
    lines = log(USED + "C F.\nS F.\nC .")
    disturbed = [line for record in lines for line in (noise, record)]
    clean = [(step.step, step.client, step.server) for step in play(lines).steps]
    assert [(step.step, step.client, step.server) for step in play([*disturbed, noise]).steps] == clean
    skipped = [item for item in explain(disturbed) if isinstance(item, Skipped)]
    assert len(skipped) == len(lines)
    assert "rejected" not in {item.kind for item in skipped}


@pytest.mark.parametrize(
    ("written", "step", "captured"),
    [
        (OPEN + "S P. 10\nS P. 10 seq=1 +0.3", "data.retransmit", True),
        (OPEN + "S P. 10 unseen\nS P. 10\nS P. 10 seq=1 +0.3", "data.gap_fill", False),
    ],
)
def test_a_retransmission_says_where_the_loss_was(written: str, step: str, *, captured: bool) -> None:
    """R41: behind the capture point, where both copies are seen; before it, where only the gap was."""
    last = steps_of(written)[-1]
    (finding,) = [finding for finding in last.findings if finding.code == "retransmission"]
    assert (last.step, finding.values["original_captured"]) == (step, captured)


# ------------------------------------------------------------------ acceptability


@pytest.mark.parametrize(
    ("seq", "accepted"), [(101, True), (151, True), (120, False), (100, False), (152, False), (90_000_000, False)]
)
def test_what_a_receiver_expects_is_known_by_two_estimates(seq: int, *, accepted: bool) -> None:
    """R48, R51: by its last ack (101), or by what was captured towards it (151); anything else is not exact."""
    last = steps_of(USED + f"C P. 50\nC R seq={seq}")[-1]
    assert (last.step == "reset.abort", last.step == "reset.ignored") == (accepted, not accepted)
    assert (last.server.after.state is State.CLOSED) == accepted


@pytest.mark.parametrize(("ack", "accepted"), [(1, False), (901, True)])
def test_an_rst_may_show_that_the_log_lacks_a_part(ack: int, *, accepted: bool) -> None:
    """R51: one that confirms what was never captured, too, was sent after more than this: what is expected is unknown."""
    last = steps_of(USED + f"C R. seq=700 ack={ack}")[-1]
    assert (last.step == "reset.abort", last.step == "reset.ignored") == (accepted, not accepted)


@pytest.mark.parametrize(
    ("written", "step"),
    [
        ("C S\nS S. ack=0", "handshake.syn_ack.bad_ack"),
        ("C S\nS S. ack=1", "handshake.syn_ack"),
        ("C S\nS S. ack=2", "handshake.syn_ack.bad_ack"),
        ("C S 9\nS S. ack=10", "handshake.syn_ack.tfo_accept"),
        ("C S 9\nS S. ack=11", "handshake.syn_ack.bad_ack"),
        ("C S\nS R. ack=2", "reset.ignored"),
        ("C S\nS S.\nC . ack=1", "handshake.ack"),
        ("C S\nS S.\nC . ack=2", "stepless.bad_ack"),
        (USED + "S . ack=100", "stepless.ack"),
    ],
)
def test_which_acknowledgments_count(written: str, step: str) -> None:
    """R50: in SYN-SENT and SYN-RECEIVED above the ISN and not above SND.NXT; an older one later changes nothing."""
    assert steps_of(written)[-1].step == step


def test_an_ack_above_what_was_captured_may_be_the_captures_fault() -> None:
    """R50: before the handshake is done it is `ack_of_unsent`; in a synchronized state octets may be missing here."""
    assert findings_of("C S\nS S.\nC . ack=77") == ["ack_of_unsent"]
    assert findings_of(USED + "S P. 9 ack=301") == ["acked_unseen"]


@pytest.mark.parametrize(
    ("written", "step"),
    [
        ("C S\nS R.", "handshake.refused"),
        (USED + "S P. 5\nC R seq=101", "reset.reply"),
        (USED + "S P. 5\nC .\nC R.", "reset.abort"),
    ],
)
def test_how_a_reset_reads(written: str, step: str) -> None:
    """R52: seq 0 and ack answers a SYN; seq equal to the last ack and no ACK: unknown connection; both: an abort."""
    assert steps_of(written)[-1].step == step


@pytest.mark.parametrize(
    ("written", "code"),
    [
        (USED + "C FS", "illegal_flags"),
        (USED + "C F.\nS .\nC P. 10", "data_after_fin"),
        ("C S\nS S.\nC . ack=77", "ack_of_unsent"),
    ],
)
def test_what_the_table_does_not_list_changes_no_state(written: str, code: str) -> None:
    """R53: received, it leaves the receiver's state; that the sender cannot have sent it there is an anomaly."""
    *_, before, last = steps_of(written)
    assert code in {finding.code for finding in last.findings}
    assert (last.server.after.state, last.client.after.state) == (before.server.after.state, before.client.after.state)


# ------------------------------------------------------------------ roles


def test_who_opens_and_who_closes_are_two_questions() -> None:
    """R92, R142: the client connects; the active closer sends the first FIN, or the RST where there is no FIN."""
    for written, closer in ((USED + "S F.\nC F.\nS .", "server"), (USED + "C F.", "client"), (USED + "S R.", "server")):
        (end,) = conversation(written).connections
        assert (end.flow.client.port, end.closed_first) == (40000, closer)
    assert conversation(USED).connections[0].closed_first is None


@pytest.mark.parametrize(
    ("written", "closer"),
    [
        ("C F.\nS .", None),
        ("S P. 5\nC .\nC F.\nS .", "client"),
        ("S .\nC F.\nS F.\nC .", "client"),
        ("C P. 5\nS .\nC F.\nS .", None),
    ],
)
def test_without_the_beginning_the_first_fin_may_be_the_second(written: str, closer: str | None) -> None:
    """R95, R27: it decides who closed first only if the other side has shown that it had not sent one before."""
    assert conversation(written, established=True).connections[0].closed_first == closer


# ------------------------------------------------------------------ anomalies


def test_departures_from_wireshark() -> None:
    """R103: an empty probe of a closed window is no keep-alive, a crossing SYN-ACK no retransmission, a SYN no reuse."""
    assert findings_of(USED + "S . win=0\nC . +0.3") == ["window_probe"]
    crossing = steps_of("C S lost\nS S lost\nC S. ack=1\nS S. ack=1")
    assert {finding.code for step in crossing for finding in step.findings} == {"simultaneous_open"}
    rejected = steps_of(USED + f"C S isn=9000 +9\nS . ack={3_000_000_101 - 9000}")
    assert "port_reuse" not in {finding.code for step in rejected for finding in step.findings}


def test_a_new_window_makes_no_duplicate() -> None:
    """R107: the same ack with another window is a window update, even while data are missing."""
    missing = OPEN + "S . 10\nC .\nS . 10 lost\nS . 10\n"
    assert findings_of(missing + "C .") == ["duplicate_ack"]
    assert findings_of(missing + "C . win=600") == ["window_update"]


def test_severities() -> None:
    """R113: chat, note, warn, error; only what violates the protocol is an error."""
    severities = {code: catalog.fact("finding", code, "severity") for code in catalog.codes("finding")}
    assert set(severities.values()) == set(Severity)
    assert [code for code, severity in severities.items() if severity == "error"] == ["data_after_fin"]
    shown = steps_of(USED + "S . win=600")[-1].findings[0]
    assert (shown.code, shown.severity) == ("window_update", Severity.CHAT)


def test_who_holds_time_wait_and_until_when() -> None:
    """R143: endpoints whose final state is TIME-WAIT; none after an RST."""
    (end,) = conversation(USED + "C F.\nS F.\nC .").connections
    assert end.time_wait == ("client",)
    assert conversation(USED + "C F.\nS F.\nC .\nS R").connections[0].time_wait == ()
