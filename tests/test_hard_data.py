"""Data that few tests think of: probes that are accepted, segments that bring old and new octets, acknowledgments of nothing."""

from __future__ import annotations

import pytest
from played import conversation, play
from scenario import log

from tdparse.model import NumberStyle, Step
from tdparse.pipeline import explain
from tdparse.wording import numbers_text, state_text, text

OPEN = "C S\nS S.\nC .\n"
USED = OPEN + "C P. 100\nS .\n"
FULL = OPEN + "C P. 100\nS . ack=101 win=0\n"
PROBE = "C . 1 {} +0.6\n"


@pytest.mark.parametrize(
    ("probes", "answer"),
    [
        (PROBE.format(""), "S . ack=102 win=100"),
        (PROBE.format(""), "S . ack=102 win=0"),
        (PROBE.format("lost") + PROBE.format("seq=101"), "S . ack=102 win=100"),
        (PROBE.format(""), "S . ack=102 win=100 unseen"),
    ],
    ids=["opens", "stays closed", "second probe", "ACK not captured"],
)
def test_the_octet_of_a_probe_that_is_accepted_was_captured(probes: str, answer: str) -> None:
    """R11, acked_unseen, lost_segment: it is one of the captured octets, and what follows it leaves no gap."""
    steps, (end,) = conversation(f"{FULL}{probes}{answer}\nC P. 9 seq=102\nS . ack=111 win=100")
    assert not end.findings.keys() & {"acked_unseen", "lost_segment", "retransmission"}
    assert [step.step for step in steps[-2:]] == ["data.push", "data.ack"]


def test_the_octet_of_a_probe_that_is_dropped_is_sent_with_the_data() -> None:
    """R11: a probe does not advance SND.NXT."""
    steps, (end,) = conversation(
        FULL + PROBE.format("lost") + "S . ack=101 win=0\nS . ack=101 win=100\nC P. 9 seq=101\nS ."
    )
    assert (steps[-2].step, steps[-2].rel_seq) == ("data.push", 101)
    assert not end.findings.keys() & {"acked_unseen", "lost_segment", "retransmission"}


@pytest.mark.parametrize(
    ("text", "stuck"),
    [
        (OPEN + "S . 1000 lost\n" + "S . 1000 seq=1 lost +0.3\n" * 2, 1000),  # the SYN-ACK got through
        (OPEN + "S . 1000 lost\nC . win=0\n" + "S . 1000 seq=1 lost +0.3\nC . win=0\n" * 2, None),
    ],
    ids=["silence", "closed window"],
)
def test_segments_are_not_too_large_for_a_closed_window(text: str, stuck: int | None) -> None:
    """Verdict 29: a path MTU is suspected where smaller segments get through, not where the receiver takes none."""
    (end,) = conversation(text).connections
    assert end.verdict == "stalled.unacked_server"
    found = end.attributes.get("stuck_size")
    assert found == (None if stuck is None else {"role": "server", "octets": stuck})


def test_nothing_is_known_to_get_through_where_nothing_was_confirmed() -> None:
    """Verdict 28: mid-stream nobody has seen a smaller segment arrive."""
    (end,) = conversation("S . 10\n" + "C . 1000 seq=1 lost +0.3\n" * 3, established=True).connections
    assert "stuck_size" not in end.attributes


@pytest.mark.parametrize(
    ("text", "step", "again"),
    [
        (OPEN + "C P. 100 lost\nC P. 200 seq=1 +0.3", "data.push", (1, 100, True)),
        (OPEN + "C P. 100\nS .\nC . 100 lost\nC . 200 seq=101 +0.3", "data.segment", (101, 200, True)),
        (OPEN + "C . 50 unseen\nC . 50\nC . 200 seq=1 +0.3", "data.gap_fill", (1, 100, False)),
        (OPEN + "C . 50\nC . 50 unseen\nC . 50\nC . 200 seq=1 +0.3", "data.gap_fill", (1, 150, False)),
        (OPEN + "C . 100\nC . 100 seq=1 +0.3", "data.retransmit", (1, 100, True)),
    ],
    ids=["unacknowledged", "behind an ACK", "gap and new", "gap between", "nothing new"],
)
def test_old_and_new_octets_may_come_together(text: str, step: str, again: tuple[int, int, bool]) -> None:
    """data.gap_fill, R97: what was captured fills no gap, and what is new is not sent again."""
    (*_, last), _ = conversation(text)
    (found,) = [one for one in last.findings if one.code == "retransmission"]
    assert last.step == step
    assert (found.values["first"], found.values["last"], found.values["original_captured"]) == again


def test_the_data_of_the_syn_may_come_again_with_more() -> None:
    """R70, tfo_fallback_data: the third step may bring it."""
    steps, _ = conversation("C S 10 <mss 1460,tfo  cookie 0102030405060708,nop,nop>\nS S. ack=1\nC P. 100 seq=1")
    assert (steps[-1].step, "tfo_fallback_data" in steps[-1].modifiers) == ("handshake.ack_data", True)


@pytest.mark.parametrize("unacked", ["", "C . 100 lost\n"], ids=["all acknowledged", "data in flight"])
def test_what_was_never_sent_was_never_acknowledged(unacked: str) -> None:
    """T54, stepless.bad_ack: an ACK that a challenge ACK answers does not become the last ack."""
    text = USED + unacked + "S . ack=5000 win=9\nC .\nC P. 10 +0.1\nS . ack=111"
    steps, (end,) = conversation(text)
    assert steps[-3].step == "ack.challenge"
    assert not any(one.code == "spurious_retransmission" for one in steps[-2].findings)
    assert (steps[-1].step, steps[-1].values["n"]) == ("data.ack", 10)
    assert "ack_of_unsent" in end.findings


@pytest.mark.parametrize(
    ("packets", "sure"),
    [("S . ack=5000\nC P. 10 +0.1", "likely"), ("C P. 10\nS . +0.1\nC P. 10 seq=101 +0.1", "certain")],
    ids=["acknowledged before it was captured", "captured before"],
)
def test_what_was_not_captured_before_is_only_likely_sent_again(packets: str, sure: str) -> None:
    """spurious_retransmission: what was acknowledged may never have been sent, and nobody has to say so (R50, R110)."""
    steps, _ = conversation(USED + packets)
    (found,) = [one for one in steps[-1].findings if one.code == "spurious_retransmission"]
    assert found.confidence.value == sure


SYN = "10:00:00.000000 IP 10.0.0.1.4000 > 10.0.0.2.80: Flags [S], seq 10, win 65535, options [mss 1460,nop,wscale 5], length 0\n"
ANSWER = "10:00:00.000100 IP 10.0.0.2.80 > 10.0.0.1.4000: Flags [S.], seq 70, ack 11, win 65160"
THIRD = "\n10:00:00.000200 IP 10.0.0.1.4000 > 10.0.0.2.80: Flags [.], ack 71, win 2060, length 0\n"


@pytest.mark.parametrize(
    ("end", "scaled"),
    [
        (", ...", None),
        ("", None),
        (", options [mss 1460,nop,[|tcp]", None),
        (", options [mss 1460,nop,wscale 7,[|tcp]", 2060 << 5),
        (", options [mss 1460,nop,wscale 7]", 2060 << 5),
        (", options [mss 1460]", 2060),
        (", length 0", 2060),
    ],
)
def test_what_was_cut_off_a_syn_may_have_scaled(end: str, scaled: int | None) -> None:
    """R76, wscale_ignored: only a SYN whose options are all there can be known to offer no scaling."""
    items = list(explain((SYN + ANSWER + end + THIRD).splitlines()))
    steps = [item for item in items if isinstance(item, Step)]
    found = {one.code for step in steps for one in step.findings}
    assert steps[-1].window_scaled == scaled
    assert ("wscale_ignored" in found, "wscale_unknown" in found) == (scaled == 2060, scaled is None)


@pytest.mark.parametrize(
    ("text", "step"),
    [
        (
            USED + "C . 100 +1\nC . 50 +0.0001\nC . 100 seq=101 +0.0001\nC . 50 seq=201 +0.0001",
            "stepless.capture_duplicate",
        ),
        (USED + "C . 100 +1\nC . 50 +0.001\nC . 100 seq=101 +0.001", "data.retransmit"),
        (USED + "C . 100 +1 lost\nC . 50 +0.0001\nS . ack=101 +0.0001\nC . 100 seq=101 +0.0001", "data.retransmit"),
        (USED + "C . 100 +1\nC . 50 +0.0001\nC . 100 win=9 seq=101 +0.0001", "data.retransmit"),
        (
            USED + "C . 100 +1\nC F. +0.0001\nC . 100 seq=101 +0.0001\nC F. seq=201 +0.0001",
            "stepless.capture_duplicate",
        ),
    ],
    ids=["burst", "later", "answered", "other window", "with FIN"],
)
def test_copies_of_a_burst_are_captured_twice(text: str, step: str) -> None:
    """R112: they need not follow each other; what comes again after an answer, or later, is sent again."""
    steps, _ = conversation(text)
    assert steps[-1].step == step


@pytest.mark.parametrize(("places", "step"), [("AB", "stepless.capture_duplicate"), ("AA", "handshake.syn.retransmit")])
def test_devices_tell_copies_where_no_times_are_printed(places: str, step: str) -> None:
    """R112: what is captured on another device is one packet; on the same it was sent again."""
    bare = SYN.split(maxsplit=1)[1]
    steps = [item for item in explain([f"br-{place} In  {bare.strip()}" for place in places]) if isinstance(item, Step)]
    assert steps[-1].step == step


@pytest.mark.parametrize("style", ["relative", "symbolic", "absolute", "both"])
def test_an_acknowledgment_below_the_isn_is_shown_as_it_is(style: NumberStyle) -> None:
    """R4: it belongs to another connection, and counts from nothing that is known."""
    steps, _ = conversation("C S\nS S. ack=-99999923")
    said, listed = text(steps[-1], "en", style), numbers_text(steps[-1], style)
    assert "acknowledges 2900000077," in said
    assert "ack 2900000077" in listed
    assert "-99999923" not in said + listed


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


STALLED = "S . ack={} win=0 +0.1\nC . +0.22\nC . +0.45\nS . ack={} win=0\nC . +1.8\nS . ack={} win=0"


@pytest.mark.parametrize(
    ("talk", "established"),
    [
        ("S . ack=1\nC . +0.2\n" + STALLED.replace("{}", "5001"), True),
        (OPEN + "C P. 100\nS .\nC . 1448 unseen\n" + STALLED.replace("{}", "1549"), False),
    ],
    ids=["capture began while the window was closed", "capture missed what filled the window"],
)
def test_a_closed_window_is_probed_not_challenged(talk: str, *, established: bool) -> None:
    """R108: a timer behind the ACK that closed the window comes a probe, though that acknowledged what was not captured."""
    steps, (end,) = conversation(talk, established=established)
    assert [step.step.removeprefix("probe.zero_") for step in steps[-5:]] == [
        "window", "window", "window_ack", "window", "window_ack",
    ]  # fmt: skip
    assert not {"ack_of_unsent", "challenge_ack"} & end.findings.keys()


def test_an_acknowledgment_of_nothing_that_closes_the_window_is_challenged_at_once() -> None:
    """R104, R110: an answer does not wait for a timer."""
    steps, (end,) = conversation(USED + "S . ack=5000 win=0\nC .")
    assert steps[-1].step == "ack.challenge"
    assert "ack_of_unsent" in end.findings


def acks(*told: str) -> str:
    """Return ACKs of the server, each written as its TSval and what else there is."""
    return "".join(
        f"S . ack=101 {rest} <nop,nop,TS val {val} ecr 9>\n" for val, rest in (one.split(maxsplit=1) for one in told)
    )


SCALED = "C S <mss 1460,sackOK,TS val 9 ecr 0,nop,wscale 7>\nS S. <mss 1460,sackOK,TS val 70 ecr 9,nop,wscale 7>\n"
SENT = "C . <nop,nop,TS val 9 ecr 70>\nC . 100 <nop,nop,TS val 9 ecr 70>\n"
HOLE = SCALED + SENT + "".join(f"C . 100 seq={n} <nop,nop,TS val 9 ecr 70>\n" for n in range(201, 901, 100))


@pytest.mark.parametrize(
    ("told", "step"),
    [
        (("80 win=40 sack=201-401", "80 win=30 sack=201-301"), "stepless.ack"),
        (("80 win=40 sack=201-301,401-501", "80 win=30 sack=201-301"), "stepless.ack"),
        (("80 win=40 sack=401-501,201-301", "80 win=30 sack=51-101"), "stepless.ack"),
        (("80 win=40 sack=201-301", "80 win=30"), "stepless.ack"),
        (("80 win=40 sack=201-301", "80 win=30 sack=201-401"), "ack.window_update"),
        (("80 win=40 sack=201-301", "80 win=30 sack=201-251,201-301"), "ack.window_update"),  # D-SACK
        (("80 win=40 sack=201-301", "81 win=30"), "ack.window_update"),  # it may discard what it has reported
        (("80 win=40 sack=201-301,401-501,601-701", "80 win=30 sack=801-901,201-301,401-501"), "ack.window_update"),
        (("80 win=40", "80 win=30"), "ack.window_update"),
    ],
    ids=["part", "one less", "D-SACK only", "none", "more", "part twice", "later", "no room", "nothing tells"],
)
def test_an_ack_that_reports_less_was_overtaken(told: tuple[str, str], step: str) -> None:
    """R7, R107, window_shrunk: what has arrived only grows, so no window was taken back; the newer ACK's stands."""
    steps, (end,) = conversation(HOLE + acks(*told))
    assert steps[-1].step == step
    assert ("window_shrunk" in end.findings) is (step == "ack.window_update")


def sent(*segments: str) -> str:
    """Return segments of 100 octets of the client, each written as its number, its TSval and what else there is."""
    return "".join(
        f"C . 100 seq={seq} {rest} <nop,nop,TS val {val} ecr 70>\n"
        for seq, val, rest in (f"{one} ".split(" ", 2) for one in segments)
    )


TWICE = "S . ack=101 sack=201-301 <nop,nop,TS val 80 ecr 9>\n" * 3
FAR = SCALED + "C . +0.05 <nop,nop,TS val 9 ecr 70>\n" + sent("1 60")


@pytest.mark.parametrize(
    ("talk", "code"),
    [
        (SCALED + SENT + sent("201 60", "301 60", "101 61"), "retransmission"),
        (SCALED + SENT + sent("201 60", "301 60", "101 60"), "out_of_order"),
        (SCALED + SENT + sent("201 60", "301 60", "101 59 +0.3"), "out_of_order"),
        (SCALED + SENT + sent("201 60", "301 60", "101 60 +0.3"), "retransmission"),
        (FAR + sent("201 60", "301 60", "101 60 +0.3"), "out_of_order"),
        (SCALED + SENT + sent("201 60") + TWICE + sent("101 60"), "fast_retransmission"),
        (SCALED + SENT + sent("201 60") + TWICE + sent("101 62"), "fast_retransmission"),
        (SCALED + SENT + sent("201 60") + TWICE + sent("101 59"), "out_of_order"),
        (FAR + sent("201 60", "301 60") + TWICE + sent("101 60"), "out_of_order"),
        (FAR + sent("201 60", "401 65") + TWICE + sent("101 65"), "fast_retransmission"),  # new data in the same tick
        (SCALED + SENT + sent("201 60", "301 4294967290", "101 61"), "retransmission"),
        (OPEN + "C . 100 unseen\nC . 100\nC . 100\nC . 100 seq=1", "out_of_order"),
    ],
)
def test_a_timestamp_tells_what_was_sent_again_from_what_was_overtaken(talk: str, code: str) -> None:
    """out_of_order, RFC 7323 section 4: who sends again writes a newer TSval, and a round trip lies between."""
    (*_, last), _ = conversation(talk)
    assert last.step == "data.gap_fill"
    assert {one.code for one in last.findings} == {code}


@pytest.mark.parametrize(
    ("again", "code"),
    [("101 60", "old_duplicate"), ("101 62", "spurious_retransmission"), ("101 61 +0.002", "spurious_retransmission")],
    ids=["written before", "written behind", "in one tick"],
)
def test_what_was_written_before_its_repetition_is_not_sent_again(again: str, code: str) -> None:
    """stepless.old_duplicate, RFC 7323 section 4: an original that its repetition has overtaken was late, not needless."""
    repeated = sent("201 60") + TWICE + sent("101 61") + "S . ack=301 <nop,nop,TS val 81 ecr 61>\n"
    steps, _ = conversation(SCALED + SENT + repeated + sent(again))
    assert {one.code for one in steps[-1].findings} == {code}
