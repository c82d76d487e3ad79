"""Windows that close, shrink or were never scaled, and who probes them."""

from __future__ import annotations

import pytest
from played import OPEN, USED, conversation, play
from scenario import Printer, packets, printed

from tdparse.model import Step
from tdparse.pipeline import explain


def test_without_scaling_a_window_is_taken_back_too() -> None:
    """window_shrunk, R76: where no scaling is in force the shift is known, it is 0."""
    steps, _ = conversation(USED + "S . win=300")
    (finding,) = [one for one in steps[-1].findings if one.code == "window_shrunk"]
    assert finding.values["n"] == 212


def test_the_window_that_subflows_share_is_not_taken_back() -> None:
    """window_shrunk, R81, RFC 8684 section 3.3.1: of MPTCP it counts from the data ack, which other subflows move."""
    steps, _ = conversation(USED + "S . win=300 <mptcp 12 dss ack 14785388998056482829>")
    assert [one.code for one in steps[-1].findings] == ["window_update"]


def test_a_window_that_closes_at_once_is_told() -> None:
    """R105: on the first segment behind a SYN only the change of a window is not told."""
    steps, _ = conversation(OPEN + "C P. 9 unseen\nS . ack=1 win=0")
    assert steps[-1].step == "ack.zero_window"


@pytest.mark.parametrize("between", ["", "C . +0.5\n", "C P. 9 lost\n"], ids=["at once", "probed", "data in flight"])
def test_a_window_that_a_syn_ack_has_closed_opens(between: str) -> None:
    """window_update, R105: the number in a SYN is not scaled, but 0 is none; what speaks for a server begins so."""
    steps, (end,) = conversation(f"C S\nS S. win=0\nC .\n{between}S . ack=1 win=227")
    assert steps[-1].step == "ack.window_update"
    (finding,) = steps[-1].findings
    assert (finding.code, finding.values["win_old"]) == ("window_update", 0)
    assert end.findings["window_update"] == 1


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


SCALED_SYN = "10:00:00.000000 IP 10.0.0.1.4000 > 10.0.0.2.80: Flags [S], seq 10, win 65535, options [mss 1460,nop,wscale 5], length 0\n"
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
    items = list(explain((SCALED_SYN + ANSWER + end + THIRD).splitlines()))
    steps = [item for item in items if isinstance(item, Step)]
    found = {one.code for step in steps for one in step.findings}
    assert steps[-1].window_scaled == scaled
    assert ("wscale_ignored" in found, "wscale_unknown" in found) == (scaled == 2060, scaled is None)


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


@pytest.mark.parametrize(
    ("probes", "steps", "verdict"),
    [
        ("C . +0.2\nC . +0.4", ["probe.zero_window"] * 2, "stalled.zero_window_server"),
        ("C . +2", ["probe.zero_window"], "stalled.zero_window_server"),
        ("C P. 1 seq=1 +5", ["probe.zero_window"], "stalled.zero_window_server"),
        ("C . +0.2\nS . win=0", ["probe.zero_window", "probe.zero_window_ack"], "stalled.zero_window_server"),
        ("C . +0.2\nS . win=9", ["probe.zero_window", "ack.window_update"], "still_open.no_data"),
        ("C . <mptcp 20 add-addr id 3 11.0.0.1>", ["stepless.ack"], "still_open.no_data"),
        ("C F. seq=1", ["teardown.fin.active"], "close_unanswered.by_client"),
    ],
    ids=["empty", "later", "octet", "answered", "opened", "another address", "FIN"],
)
def test_the_window_of_a_syn_ack_may_be_closed(probes: str, steps: list[str], verdict: str) -> None:
    """R108, verdict 31: its 0 is 0 under any scale; what has another reason is no probe."""
    played, (end,) = conversation("C S\nS S. win=0\nC .\n" + probes)
    assert [step.step for step in played[3:]] == steps
    assert end.verdict == verdict


@pytest.mark.parametrize("wait", ["+0.3", "+1.3"])
def test_a_probe_of_a_closed_window_keeps_nothing_alive(wait: str) -> None:
    """R104, R108, keep_alive: the number that -vv prints is that of a keep-alive, the window that is 0 decides."""
    text = f"{OPEN}C P. 100\nS . win=0\n" + f"C . seq=100 {wait}\nS . win=0 +0.1\n" * 3
    printer = Printer(every_seq=True)
    items = list(explain(printer.line(packet) for packet in packets(text)))
    shown = [getattr(item, "step", None) or getattr(item, "verdict", None) for item in items[5:]]
    assert shown == [*["probe.zero_window", "probe.zero_window_ack"] * 3, "stalled.zero_window_server"]


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


@pytest.mark.parametrize("every_seq", [True, False], ids=["-vv", "no numbers"])
@pytest.mark.parametrize(("window", "kind"), [("win=0", "zero_window"), ("", "keep_alive")])
def test_a_keep_alive_to_a_closed_window_is_a_probe(window: str, kind: str, every_seq: bool) -> None:  # noqa: FBT001 - a column
    """keep_alive, R108: Linux probes a closed window with the number of a keep-alive, whether or not that is printed."""
    text = f"{OPEN}C P. 100\nS P. 1000\nC . {window}\nS . seq=1000 +5\nC . {window}"
    steps = play(printed(packets(text), every_seq=every_seq)).steps
    assert [step.step for step in steps[-2:]] == [f"probe.{kind}", f"probe.{kind}_ack"]


@pytest.mark.parametrize(
    ("text", "step"),
    [
        (USED + "C S seq=0 +0.2\nS .\nC .", "stepless.ack"),
        (OPEN + "S P. 5\nC .\nS S. seq=0 ack=1\nC .\nS .", "stepless.ack"),
        ("C S\nS . ack=1 seq=0\nS S\nC S.\nS .", "handshake.ack"),
    ],
    ids=["copy of the SYN", "copy of the SYN-ACK", "SYN behind an ACK"],
)
def test_the_window_of_a_syn_amid_others_is_compared_with_none(text: str, step: str) -> None:
    """R76, R105: it is never scaled, so neither it nor the one behind it is another window."""
    steps, (end,) = conversation(text)
    assert steps[-1].step == step
    assert "window_update" not in end.findings
