"""What only shows in connections that few tests think of: copies, overtaking, injected resets, large segments."""

from __future__ import annotations

import pytest
from played import conversation
from scenario import packets, printed

from tdparse.model import Lang, Step, Summary
from tdparse.pipeline import explain
from tdparse.render.text import Text
from tdparse.wording import finding_text

OPEN = "C S\nS S.\nC .\n"
USED = OPEN + "C P. 100\nS .\n"


def told(text: str) -> tuple[list[Step], Summary]:
    """Return the steps and the verdict of a log with one connection, as printed."""
    items = list(explain(text.splitlines()))
    (end,) = [item for item in items if isinstance(item, Summary)]
    return [item for item in items if isinstance(item, Step)], end


def line(time: float, sender: str, said: str) -> str:
    """Return one line of a log; C is the client, S the server."""
    ends = "10.0.0.1.40000 > 10.0.0.2.80" if sender == "C" else "10.0.0.2.80 > 10.0.0.1.40000"
    return f"10:00:{time:09.6f} IP {ends}: {said}\n"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_who_carries_on_after_a_reset_is_named(lang: Lang) -> None:
    """rst_ignored, R21: it was sent to the endpoint whose segment shows that it had no effect."""
    steps, _ = conversation(USED + "C R\nS P. 10 +2")
    (finding,) = [one for one in steps[-1].findings if one.code == "rst_ignored"]
    said = finding_text(finding, steps[-1], lang)
    assert ("The server carries on" if lang == "en" else "服务器端继续") in said


@pytest.mark.parametrize("ack", [1051, 991_051], ids=["below", "above"])
@pytest.mark.parametrize("reset", [True, False], ids=["reset", "no reset"])
def test_an_old_connection_answers_wherever_its_numbers_are(ack: int, reset: bool) -> None:  # noqa: FBT001 - a column
    """Verdict 11: the SYN is answered by an ACK that does not acknowledge it."""
    log = line(0, "C", "Flags [S], seq 777000, win 65160, options [mss 1460], length 0")
    log += line(0.05, "S", f"Flags [.], ack {ack}, win 65160, length 0")
    log += line(0.06, "C", f"Flags [R], seq {ack}, win 0, length 0") if reset else ""
    assert told(log)[1].verdict == "rejected_old"


SYN = "Flags [S], seq 1000, win 64240, options [mss 1460], length 0"
SYN_ACK = "Flags [S.], seq 7000, ack 1001, win 64240, options [mss 1460], length 0"


@pytest.mark.parametrize(
    ("packets", "verdict"),
    [
        ([(0, "C", SYN)], "no_answer"),
        ([(0, "C", SYN), (1, "C", SYN), (3, "C", SYN)], "no_answer"),
        ([(0, "C", SYN), (0.1, "S", SYN_ACK)], "syn_ack_unanswered"),
        ([(0, "S", SYN_ACK)], "unsolicited.syn_ack"),
    ],
    ids=["one SYN", "three SYNs", "SYN-ACK", "SYN-ACK alone"],
)
@pytest.mark.parametrize("copies", [1, 2, 3])
def test_packets_captured_several_times_count_once(
    packets: list[tuple[float, str, str]], verdict: str, copies: int
) -> None:
    """R112: what -i any shows on several devices is ignored, by the verdict, too; the lines are all named."""
    log = "".join(line(time + 0.00001 * copy, *rest) for time, *rest in packets for copy in range(copies))
    _, end = told(log)
    assert (end.verdict, end.segments, end.last_line) == (verdict, len(packets) * copies, len(packets) * copies)
    assert "one_sided" not in end.findings


@pytest.mark.parametrize("flying", [10, 100, 1000])
def test_the_first_copy_is_known_however_much_is_in_flight(flying: int) -> None:
    """R114: times are those since the first copy, and doubling intervals show a timer."""
    text = OPEN + "C . 100 lost\n" + "C . 100\n" * (flying - 1)
    steps, _ = conversation(text + "C . 100 seq=1 +10\nC . 100 seq=1 +20\nC . 100 seq=1 +40")
    found = [next(one for one in step.findings if one.code == "retransmission") for step in steps[-3:]]
    since = [finding.values["dt"] for finding in found]
    first = steps[3].elapsed
    assert since == [step.elapsed - first for step in steps[-3:] if step.elapsed is not None and first is not None]
    assert found[-1].values["timer"] is True


def test_a_stall_is_seen_behind_a_large_segment() -> None:
    """Verdict 28: what an offloading host sent as one segment is acknowledged and repeated in parts."""
    text = OPEN + "C . 4344 lost\nS . ack=1449\n" + "".join(f"C . 1448 seq=1449 +{2**n}\n" for n in range(-1, 5))
    _, (end,) = conversation(text)
    assert end.verdict == "stalled.unacked_client"


def test_goodput_counts_parts_of_segments() -> None:
    """R137: an ACK covers payload even where it ends within a segment."""
    _, (end,) = conversation(OPEN + "C . 4000\nS . ack=2001 +1")
    assert end.metrics["goodput"] == {"client": 16000.0, "server": None}


def test_a_syn_that_its_answer_has_overtaken_opens_no_other_connection() -> None:
    """R7, R43: the SYN-ACK told its number, so it is the SYN of this connection."""
    log = line(0.00001, "S", SYN_ACK) + line(0.00002, "C", SYN)
    log += line(0.2, "C", "Flags [.], ack 7001, win 1000, length 0")
    log += line(1, "S", "Flags [P.], seq 7001:7011, ack 1001, win 1000, length 10")
    steps, end = told(log)
    assert [step.step for step in steps] == ["handshake.syn_ack", "handshake.syn", "handshake.ack", "data.push"]
    assert (end.verdict, end.attributes.get("not_captured")) == ("still_open.data", None)
    assert [str(steps[-1].client.after), str(steps[-1].server.after)] == ["ESTABLISHED", "ESTABLISHED"]


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


@pytest.mark.parametrize("count", [5, 16, 17, 40])
def test_giving_up_is_told_by_the_last_copies(count: int) -> None:
    """timer.give_up: the silence is laid beside the interval before it, however many SYNs there were."""
    waiting = "C S\n" + "C S +1\n" * (count - 1)
    assert "timers" not in conversation(waiting)[1][0].attributes
    other = waiting + "C S +0.5"
    _, (end,) = conversation(other)
    assert end.attributes["retries"] == count


def test_without_scaling_a_window_is_taken_back_too() -> None:
    """window_shrunk, R76: where no scaling is in force the shift is known, it is 0."""
    steps, _ = conversation(USED + "S . win=300")
    (finding,) = [one for one in steps[-1].findings if one.code == "window_shrunk"]
    assert finding.values["n"] == 212


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


def test_backscatter_may_repeat_itself() -> None:
    """Verdict 7: the server sends nothing but copies of its SYN-ACK, the client nothing but RST."""
    _, (end,) = conversation("S S. ack=1\nC R seq=1\nS S. ack=1 seq=0 +1\nC R seq=1")
    assert end.verdict == "unsolicited.syn_ack"


def test_a_window_that_closes_at_once_is_told() -> None:
    """R105: on the first segment behind a SYN only the change of a window is not told."""
    steps, _ = conversation(OPEN + "C P. 9 unseen\nS . ack=1 win=0")
    assert steps[-1].step == "ack.zero_window"


def test_a_fin_without_a_number_is_a_fin() -> None:
    """R13: somebody may have shortened the line; what was sent was sent."""
    steps, _ = told(line(0, "C", "Flags [F.], ack 5, win 9, length 0"))
    assert str(steps[0].client.after).startswith("FIN-WAIT-1")
    assert steps[0].rel_seq is None
    assert "FIN ?" in Text("en").step(steps[0], [])


def test_quiet_logs_have_no_numbers() -> None:
    """Without flags and numbers (-q) nobody knows what a segment carried twice, or whether it was an ACK."""
    quiet = "10:00:0{0} IP 10.0.0.{1}.80 > 10.0.0.{2}.80: tcp {3}\n"
    _, end = told("".join(quiet.format(*packet) for packet in ((1, 1, 2, 0), (2, 2, 1, 0), (3, 1, 2, 118))))
    assert end.metrics["data_segments"] == {"client": 1, "server": 0}
    assert not end.metrics.keys() & {"pure_acks", "control_segments", "payload_bytes", "retransmitted_bytes"}
    assert end.data == "client"


def test_copies_of_several_packets_may_come_together() -> None:
    """R112: a host that forwards shows with -i any two packets as they come in, then both as they go out."""
    sent = ["seq 1001:2449, ack 7001, win 500, length 1448", "seq 2449:3001, ack 7001, win 500, length 552"]
    log = line(0, "C", SYN) + line(0.001, "S", SYN_ACK) + line(0.002, "C", "Flags [.], ack 7001, win 500, length 0")
    log = log.replace(" IP ", " eth0  In  IP ")
    for copy, device in enumerate(("eth0  In ", "eth1  Out")):
        for place, said in enumerate(sent):
            time = 1 + 0.00001 * (2 * copy + place)
            log += line(time, "C", f"Flags [.], {said}").replace(" IP ", f" {device} IP ")
    steps, end = told(log)
    assert [step.step for step in steps[3:]] == ["data.segment"] * 2 + ["stepless.capture_duplicate"] * 2
    assert [step.findings[0].lines for step in steps[5:]] == [(4, 6), (5, 7)]
    assert "retransmission" not in end.findings
    here = log.replace("eth1  Out", "eth0  In ")  # on one device they are sent again
    assert "retransmission" in told(here)[1].findings


@pytest.mark.parametrize("prefix", ["x.log:", "logs/2026-11/x.log.1:", "x.log:12:", "12:"])
def test_what_grep_puts_before_a_line_is_no_part_of_it(prefix: str) -> None:
    """The time behind it is the record's own."""
    log = line(0, "C", SYN) + line(0.25, "S", SYN_ACK)
    steps, _ = told("".join(prefix + text for text in log.splitlines(keepends=True)))
    assert [step.segment.time for step in steps] == ["10:00:00.000000", "10:00:00.250000"]
    assert [step.segment.layer and step.segment.layer.repairs for step in steps] == [("prefix",)] * 2


def test_a_connection_that_is_confirmed_later_is_still_another_one() -> None:
    """R44: its SYN was shown before anybody knew; what it says of the whole log is said with the record that confirms it."""
    text = USED + "C S +2 isn=9000\nS S. isn=500\nC ."
    items = list(explain(printed(packets(text))))
    found = [one for item in items if isinstance(item, Step) for one in item.findings]
    told = [end for end in items if isinstance(end, Summary)]
    assert len(told) > 1
    counted = sum(end.findings.get("multiple_connections", 0) for end in told)
    assert counted == sum(one.code == "multiple_connections" for one in found) == 1
