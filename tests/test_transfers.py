"""Data on its way: what was sent again, overtaken, captured twice, missing, or acknowledged without having been sent."""

from __future__ import annotations

import pytest
from played import OPEN, USED, conversation, explained, line, play
from scenario import CLIENT, CLIENT_ISN, log, packets, printed

from tdparse.model import NumberStyle, Step, Summary
from tdparse.pipeline import explain
from tdparse.wording import text as text_of

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
    _, end = explained(log)
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


@pytest.mark.parametrize("count", [5, 16, 17, 40])
def test_giving_up_is_told_by_the_last_copies(count: int) -> None:
    """timer.give_up: the silence is laid beside the interval before it, however many SYNs there were."""
    waiting = "C S\n" + "C S +1\n" * (count - 1)
    assert "timers" not in conversation(waiting)[1][0].attributes
    other = waiting + "C S +0.5"
    _, (end,) = conversation(other)
    assert end.attributes["retries"] == count


def test_copies_of_several_packets_may_come_together() -> None:
    """R112: a host that forwards shows with -i any two packets as they come in, then both as they go out."""
    sent = ["seq 1001:2449, ack 7001, win 500, length 1448", "seq 2449:3001, ack 7001, win 500, length 552"]
    log = line(0, "C", SYN) + line(0.001, "S", SYN_ACK) + line(0.002, "C", "Flags [.], ack 7001, win 500, length 0")
    log = log.replace(" IP ", " eth0  In  IP ")
    for copy, device in enumerate(("eth0  In ", "eth1  Out")):
        for place, said in enumerate(sent):
            time = 1 + 0.00001 * (2 * copy + place)
            log += line(time, "C", f"Flags [.], {said}").replace(" IP ", f" {device} IP ")
    steps, end = explained(log)
    assert [step.step for step in steps[3:]] == ["data.segment"] * 2 + ["stepless.capture_duplicate"] * 2
    assert [step.findings[0].lines for step in steps[5:]] == [(4, 6), (5, 7)]
    assert "retransmission" not in end.findings
    here = log.replace("eth1  Out", "eth0  In ")  # on one device they are sent again
    assert "retransmission" in explained(here)[1].findings


def routed(*rows: str) -> tuple[list[Step], Summary]:
    """Explain what `-i any` shows of a connection on a host between: each row a time in ms, device and way, sender, the rest."""
    log = line(0, "C", SYN) + line(0.01, "S", SYN_ACK) + line(0.02, "C", "Flags [.], ack 7001, win 500, length 0")
    text = log.replace(" IP ", " eth0  In  IP ")
    for row in rows:
        time, device, way, who, said = row.split(maxsplit=4)
        text += line(1 + float(time) / 1000, who, f"Flags {said}").replace(" IP ", f" {device}  {way:3} IP ")
    return explained(text)


@pytest.mark.parametrize("places", [("eth0  In  IP", "eth1  Out IP"), ("IP", "IP")], ids=["-i any", "one device"])
@pytest.mark.parametrize(
    "text", ["C P. 10", "C .\nC P. 10", "C F.", "S . 20\nC ."], ids=["data", "ACK", "FIN", "answered"]
)
@pytest.mark.parametrize("absolute", [True, False])
def test_the_first_packet_of_a_capture_is_captured_twice_too(
    places: tuple[str, str], text: str, *, absolute: bool
) -> None:
    """R32 b, R112: it alone is printed absolute in a relative log; its copy is not, and neither is it another packet."""
    sent = [one._replace(time=one.time + copy * 5) for one in packets(text, established=True) for copy in range(2)]
    lines = printed(sent, absolute=absolute)
    steps, (end,) = play([one.replace("IP", places[at % 2]) for at, one in enumerate(lines)])
    copies = [
        at % 2 == 1 and (places[0] != places[1] or packet.flags != "." or packet.length > 0)
        for at, packet in enumerate(sent)
    ]
    assert [step.step == "stepless.capture_duplicate" for step in steps] == copies
    assert not {"retransmission", "fin_retransmission"} & end.findings.keys()


WHOLE, FIRST, SECOND_PART = (
    f"[{flags}], seq {start}:{end}, ack 7001, win 500, length {end - start}"
    for flags, start, end in (("P.", 1001, 3001), (".", 1001, 2449), ("P.", 2449, 3001))
)
ACKED = "[.], ack 3001, win 500, length 0"
STAMPED = "[P.], seq 3001:3009, ack 7001, win 500, options [nop,nop,TS val 5 ecr 9], length 8"
COPIED, AGAIN, OLD = ["stepless.capture_duplicate"], ["data.retransmit"], ["stepless.old_duplicate"]


@pytest.mark.parametrize(
    ("rows", "steps"),
    [
        ([f"0.02 eth0 In S {ACKED}"], COPIED),
        ([f"7 eth0 Out S {ACKED}"], COPIED),
        ([f"0.02 eth1 Out S {ACKED}"], ["stepless.ack"]),
        ([f"7 eth0 In S {ACKED}"], ["stepless.ack"]),
        (
            [f"7 eth0 Out S {ACKED}", f"9 eth1 In S {ACKED}", f"9.01 eth0 Out S {ACKED}"],
            [*COPIED, "stepless.ack", *COPIED],
        ),
    ],
    ids=["two devices", "it waited", "one device", "two ways in", "another follows"],
)
def test_an_empty_ack_that_passes_a_host_is_one(rows: list[str], steps: list[str]) -> None:
    """R112: a pair of In and Out on two devices is one packet, however long it waited between; so no ACK is a duplicate."""
    first = f"0 eth1 {'Out' if 'eth1 Out' in rows[0] else 'In'} S {ACKED}"
    played, end = routed(f"-5 eth0 In C {WHOLE}", first, *rows)
    assert [step.step for step in played[5:]] == steps
    assert "duplicate_ack" not in end.findings


@pytest.mark.parametrize(
    ("rows", "steps"),
    [
        ([f"7 eth1 Out C {WHOLE}"], COPIED),
        ([f"3 eth1 Out C {FIRST}", f"7 eth1 Out C {SECOND_PART}"], COPIED * 2),
        ([f"3 eth0 In C {FIRST}"], AGAIN),
        ([f"3 eth1 Out C {FIRST.replace('500', '501')}"], AGAIN),
        ([f"250 eth1 Out C {FIRST}"], AGAIN),
        ([f"5 eth0 In C {STAMPED}", f"1020 eth1 Out C {STAMPED}"], ["data.push", *COPIED]),
        ([f"5 eth0 In C {STAMPED}", f"1020 eth0 In C {STAMPED}"], ["data.push", *OLD]),
        ([f"0.3 eth1 In C {WHOLE}"], COPIED),
        ([f"3 eth1 In C {WHOLE}"], AGAIN),
    ],
    ids=[
        "it waited",
        "cut",
        "sent again in parts",
        "another window",
        "a timer later",
        "its address was asked for",
        "it comes again",
        "two ways in",
        "in by the other way",
    ],
)
def test_data_that_pass_a_host_are_sent_once(rows: list[str], steps: list[str]) -> None:
    """R112: what offloading has joined comes in as one segment and goes out in parts, after it has waited in a queue."""
    played, end = routed(f"0 eth0 In C {WHOLE}", *rows)
    assert [step.step for step in played[4:]] == steps
    assert ("retransmission" in end.findings) is (steps == AGAIN)


@pytest.mark.parametrize(("told", "step"), [("need to frag (mtu 900)", AGAIN), ("host unreachable", COPIED)])
def test_what_is_too_large_is_sent_again_at_once(told: str, step: list[str]) -> None:
    """R112, RFC 1191: who offloads sends the same segment again, to be cut smaller, as soon as a router has said so."""
    log = line(0, "C", SYN) + line(0.01, "S", SYN_ACK) + line(0.02, "C", "Flags [.], ack 7001, win 500, length 0")
    log += line(1, "C", f"Flags {WHOLE}")
    log += f"10:00:01.000070 IP 10.0.0.9 > 10.0.0.1: ICMP 10.0.0.2 unreachable - {told}, length 556\n"
    steps, _ = explained(log + line(1.000115, "C", f"Flags {WHOLE}"))
    assert [steps[-1].step] == step


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
    ("answer", "state"), [("C .", "FIN-WAIT-1"), ("", "FIN-WAIT-2?")], ids=["challenged", "not yet"]
)
def test_what_was_never_sent_acknowledges_no_fin(answer: str, state: str) -> None:
    """T54, T68: an ACK above the FIN seems to cover it, until its sender rejects that ACK."""
    steps, _ = conversation(f"{USED}C F. lost\nS . ack=5000\n{answer}")
    assert str(steps[-1].client.after) == state


@pytest.mark.parametrize(
    ("packets", "step"),
    [
        ("S P. 10 ack=5000 lost\nC .", "ack.challenge"),
        ("S P. 10 ack=5000 lost\nC .\nS P. 10 seq=1 ack=5000 lost +0.2\nC .", "ack.challenge"),
        ("S P. 10 ack=5000\nC .", "data.ack"),
        ("S P. 10 unseen lost\nS P. 10 ack=5000 lost\nC .", "ack.duplicate"),
        ("S P. 10\nC .\nS P. 10 seq=1 ack=5000 +0.2\nC .", "stepless.ack"),
        ("C . win=0\nS P. 10 ack=5000 lost\nC . win=0", "stepless.ack"),
    ],
    ids=["refused", "refused again", "taken", "beyond a gap", "old", "no room"],
)
def test_data_that_acknowledges_what_was_never_sent_is_refused(packets: str, step: str) -> None:
    """T54, ack_of_unsent: an answer that asks for those very octets again takes none of the segment; else they explain it."""
    steps, (end,) = conversation(USED + packets)
    assert steps[-1].step == step
    assert ("ack_of_unsent" in end.findings, "duplicate_ack" in end.findings) == (
        step == "ack.challenge",
        step == "ack.duplicate",
    )


@pytest.mark.parametrize(
    ("forged", "codes"),
    [
        ("S P. 30 ack=5000", {"ack_of_unsent", "challenge_ack"}),
        ("S P. 30 ack=-2000000000", {"challenge_ack"}),
        ("S F. ack=5000", {"ack_of_unsent", "challenge_ack"}),
        ("S FP. 30 ack=-2000000000", {"challenge_ack"}),
        ("S . ack=-2000000000", {"challenge_ack"}),
    ],
    ids=["data", "data, long ago", "FIN", "FIN, long ago", "nothing, long ago"],
)
@pytest.mark.parametrize("absolute", [True, False])
def test_what_a_blind_attacker_sends_has_not_been_sent(forged: str, codes: set[str], *, absolute: bool) -> None:
    """R50, R110, T54: an ack older than a window is refused as one of what was never sent is, and all that comes with it."""
    text = f"{USED}{forged} lost\nC .\nS P. 40 seq=1 ack=101 +0.3\nC .\nS F.\nC F.\nS ."
    steps, (end,) = conversation(text, absolute=absolute)
    wanted = "ack.challenge data.push data.ack teardown.fin.active teardown.fin_ack teardown.last_ack"
    assert [step.step for step in steps[-6:]] == wanted.split()
    assert str(steps[-6].server.after) == "ESTABLISHED"
    assert (end.findings.keys() - {"acked_unseen"}, end.closed_first, end.verdict) == (
        codes,
        "server",
        "complete.clean",
    )


@pytest.mark.parametrize(
    ("forged", "steps"),
    [
        ("S P. 30 seq=70000", "ack.duplicate data.push data.ack teardown.fin.active"),
        ("S FP. 30 seq=70000", "ack.duplicate data.push data.ack teardown.fin.active"),
        ("S F. seq=70000", "ack.duplicate data.push data.ack teardown.fin.active"),
        ("S P. 30 seq=400", "ack.duplicate data.gap_fill data.ack teardown.fin.active"),
    ],
    ids=["data", "data and FIN", "FIN", "in the window"],
)
@pytest.mark.parametrize("absolute", [True, False])
def test_what_lies_beyond_the_window_and_is_not_taken_leaves_no_gap(forged: str, steps: str, *, absolute: bool) -> None:
    """R49, T52: an ACK that asks for the next octet again refuses it, so what comes then is neither late nor sent again."""
    text = f"{USED}{forged} lost\nC .\nS P. 40 seq=1 ack=101 +0.3\nC .\nS F. seq=41\nC F.\nS ."
    played, (end,) = conversation(text, absolute=absolute)
    assert [step.step for step in played[-6:-2]] == steps.split()
    assert ("retransmission" in end.findings) is ("gap_fill" in steps)
    assert (end.closed_first, end.verdict) == ("server", "complete.clean")


def test_an_ack_within_the_window_is_no_old_one() -> None:
    """R50: it may be old, but not older than SND.UNA - MAX.SND.WND; data that came with it asks for them again, at most."""
    steps, _ = conversation(USED + "S P. 30 ack=50 lost\nC .")
    assert steps[-1].step == "ack.duplicate"


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


@pytest.mark.parametrize(
    ("octets", "step", "found"),
    [
        ("C P. 100 seq=-99 +0.3", "data.push", ["spurious_retransmission"]),
        ("C P. 100 seq=-98 +0.3", "data.push", []),
        ("C P. 100 seq=-99 +0.0001", "data.push", []),
        ("C . 1 seq=0 +45", "probe.keep_alive", ["keep_alive"]),
    ],
    ids=["acknowledged", "one more", "overtaken by its ACK", "the octet before the next"],
)
def test_the_first_number_of_who_has_sent_only_empty_acks(octets: str, step: str, found: list[str]) -> None:
    """R16, spurious_retransmission, keep_alive: what was acknowledged before was sent before, captured or not."""
    for absolute in (True, False):
        steps, _ = conversation("C .\nS .\n" + octets, absolute=absolute, established=True)
        assert (steps[-1].step, [one.code for one in steps[-1].findings]) == (step, found)


@pytest.mark.parametrize("absolute", [True, False])
def test_a_capture_may_begin_with_a_keep_alive(absolute: bool) -> None:  # noqa: FBT001 - a column
    """R109: the octet that its answer acknowledges beyond it is missing from no capture; with -vv the next ones are told."""
    text = "C . seq=0\nS .\nC . seq=0 +3\nS .\nC . seq=0 +3"
    steps, (end,) = play(printed(packets(text, established=True), absolute=absolute, every_seq=True))
    assert [step.step for step in steps[2:]] == ["probe.keep_alive", "probe.keep_alive_ack", "probe.keep_alive"]
    assert "acked_unseen" not in end.findings


def test_what_was_sent_before_the_capture_and_is_sent_again() -> None:
    """Octets below the first that were captured are remembered: their second copy fills no gap (R111), and a stall shows."""
    text = "S P. 100 seq=901\nC . ack=101\nS . 100 seq=101 +0.3\nS . 100 seq=101 +0.6\nS . 100 seq=301\nS . 300 seq=101 +1.2"
    steps, (end,) = play(printed(packets(text, established=True)))
    assert [step.step for step in steps[2:]] == ["data.gap_fill", "data.retransmit", "data.gap_fill", "data.gap_fill"]
    assert end.verdict == "stalled.unacked_server"
    assert (end.metrics["payload_bytes"], end.metrics["retransmitted_bytes"]) == (
        {"client": 0, "server": 400},
        {"client": 0, "server": 300},
    )


def test_what_was_sent_before_the_capture_is_confirmed_as_well() -> None:
    """data.ack tells how far the acknowledgment has moved, also below the first octet captured."""
    text = "S P. 100 seq=901\nC . ack=101\nC . ack=301\nC . ack=1001"
    steps, _ = play(printed(packets(text, established=True)))
    assert [(step.step, step.values.get("n")) for step in steps[2:]] == [("data.ack", 200), ("data.ack", 700)]


def test_a_keep_alive_may_have_the_number_of_the_syn() -> None:
    """probe.keep_alive: the third step tells that the SYN was acknowledged, although the SYN-ACK was not captured (R13 c)."""
    steps, _ = conversation("C S\nS S. unseen\nC .\nC . 1 seq=0 +45")
    assert (steps[-1].step, [one.code for one in steps[-1].findings]) == ("probe.keep_alive", ["keep_alive"])


@pytest.mark.parametrize(
    ("packets", "back", "codes"),
    [
        ("S . ack=111 +0.1\nC P. 10", 0.0012, {"time_backwards"}),
        ("C P. 10 +0.1\nS . +0.1\nC P. 10 seq=101", 0.05, {"time_backwards", "retransmission"}),
        ("S . ack=111 +9\nC P. 10", 5, {"time_backwards", "spurious_retransmission"}),
    ],
    ids=["sent once", "sent twice", "the clock was set back"],
)
def test_what_was_captured_before_its_ack_is_not_sent_in_vain(packets: str, back: float, codes: set[str]) -> None:
    """spurious_retransmission, R7: queues mix the order of lines, and the time of each tells which was captured first."""
    *lines, last = log(USED + packets)
    time, rest = last.split(" ", 1)
    hours, minutes, seconds = time.split(":")
    earlier = f"{hours}:{minutes}:{float(seconds) - back:09.6f} {rest}"
    steps, _ = play([*lines, earlier])
    assert {finding.code for finding in steps[-1].findings} == codes


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


SCALED_SYN = "10:00:00.000000 IP 10.0.0.1.4000 > 10.0.0.2.80: Flags [S], seq 10, win 65535, options [mss 1460,nop,wscale 5], length 0\n"


@pytest.mark.parametrize(("places", "step"), [("AB", "stepless.capture_duplicate"), ("AA", "handshake.syn.retransmit")])
def test_devices_tell_copies_where_no_times_are_printed(places: str, step: str) -> None:
    """R112: what is captured on another device is one packet; on the same it was sent again."""
    bare = SCALED_SYN.split(maxsplit=1)[1]
    steps = [item for item in explain([f"br-{place} In  {bare.strip()}" for place in places]) if isinstance(item, Step)]
    assert steps[-1].step == step


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


def test_what_a_socket_sends_to_itself_is_counted_once() -> None:
    """R74, R115, unacked_data: one endpoint, whose segments are those of the client."""
    sent = packets("C S\nC S. ack=1 seq=0\nC . ack=1\nC P. 20 ack=1", server=CLIENT, isns=(CLIENT_ISN, CLIENT_ISN))
    items = list(explain(printed(sent)))
    assert isinstance(items[-1], Summary)
    assert (items[-1].data, items[-1].findings["unacked_data"]) == ("client", 1)


@pytest.mark.parametrize(
    ("text", "goodput"),
    [
        ("S P. 1000\nC . +0.01\nS P. 1000 seq=1 +0.2\nC .\nS F. +9\nC .", 800_000.0),
        ("S P. 100\nC .\nC . ack=201 +1\nS P. 100 seq=101 +0.000005\nS P. 10 +1\nC F. ack=211", 839.2),
        ("S P. 100\nC . ack=201 +1\nS P. 100 seq=101 +0.000005\nS F. +9\nC .", 1600.0),
    ],
    ids=["sent again for nothing", "behind its ACK", "behind its ACK, a FIN after it"],
)
def test_what_was_acknowledged_before_waits_for_no_acknowledgment(text: str, goodput: float) -> None:
    """R137, R130: a FIN's ACK covers no payload that an earlier one has covered; payload captured behind its ACK is covered by that."""
    _, (end,) = conversation(OPEN + text)
    assert end.metrics["goodput"] == {"client": None, "server": goodput}
    samples = end.metrics["rtt"]
    assert isinstance(samples, dict)
    assert samples["server"]["count"] == 3


def test_the_oldest_unacknowledged_segment_is_one_that_is_not_acknowledged() -> None:
    """Retransmission, `rto`: the time since the oldest unacknowledged segment, not since a copy that was sent for nothing."""
    text = "S P. 1000\nC .\nS P. 1000 seq=1 +0.2\nC .\nS P. 1000 seq=1001 +1\nS P. 1000 seq=1001 +0.3"
    (*_, last), _ = conversation(OPEN + text)
    (found,) = last.findings
    assert (found.code, found.values["rto"]) == ("retransmission", 300_000_000)


@pytest.mark.parametrize(("late", "step"), [(150, "stepless.ack"), (160, "probe.zero_window")])
def test_an_old_acknowledgment_that_paws_rejects_is_answered(late: int, step: str) -> None:
    """R49, R108: its TSval is older than that of the segment that closed the window, so it is one that the path has kept."""
    stamped = "<nop,nop,TS val {} ecr {}>"
    text = (
        f"C S <mss 1460,TS val 100 ecr 0>\nS S. <mss 1460,TS val 700 ecr 100>\nC . {stamped.format(101, 700)}\n"
        f"S P. 100 {stamped.format(750, 101)}\nS P. 100 {stamped.format(751, 101)}\n"
        f"C . win=0 {stamped.format(160, 751)}\nC . ack=101 {stamped.format(late, 750)}\nS . {stamped.format(752, 160)}"
    )
    (*_, last), _ = conversation(text)
    assert last.step == step


GAP = OPEN + "C P. 1000\nC P. 1000 unseen\nC P. 1000\nS . ack=1001\n"


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        (GAP + "C P. 2500 seq=501 +0.3", (1001, 2000)),
        (GAP + "C P. 1000 seq=501 +0.3", (1001, 1500)),
        (GAP + "C P. 3000 seq=1501 +0.3", (1501, 2000)),
        (GAP + "C P. 1000 seq=1001 +0.3", (1001, 2000)),
        (GAP + "C P. 9 unseen\nC P. 1000 seq=3010\nC P. 4000 seq=1 +0.3", (1001, 3009)),
    ],
    ids=["amidst captured ones", "behind captured ones", "before captured and new ones", "alone", "two gaps"],
)
@pytest.mark.parametrize("style", ["relative", "absolute"])
def test_what_was_captured_before_was_not_missing(text: str, missing: tuple[int, int], style: NumberStyle) -> None:
    """data.gap_fill: the missing octets appear, whatever their segment brings besides; they have no original to be sent after."""
    (*_, last), _ = conversation(text)
    first, end = (number + (3_000_000_000 if style == "absolute" else 0) for number in missing)
    assert last.step == "data.gap_fill"
    assert text_of(last, "en", style).startswith(f"Bytes {first} to {end}, missing")
    assert not any("dt" in finding.values for finding in last.findings)


def confidence(text: str, code: str) -> list[str]:
    """Return how sure the findings `code` of a conversation are, in order."""
    return [one.confidence for step in conversation(text).steps for one in step.findings if one.code == code]


@pytest.mark.parametrize(
    ("text", "asked", "answered"),
    [
        ("C . +60\nS .", ["possible"], ["likely"]),
        ("C . 1 seq=100 +60\nS .", ["certain"], ["certain"]),
        ("C . +60\nC . +60", ["possible", "likely"], []),
        ("C . +60\nS . +2", ["possible", "possible"], []),
    ],
    ids=["answered", "its number is printed", "two", "one of each"],
)
def test_an_answer_is_no_surer_than_what_it_answers(text: str, asked: list[str], answered: list[str]) -> None:
    """R109, R10: a keep-alive without number that is answered is likely; two in a row are those of one sender."""
    text = OPEN + "C P. 100\nS .\n" + text
    assert confidence(text, "keep_alive") == asked
    assert confidence(text, "keep_alive_ack") == answered


STAMPS = "C S <mss 1460,TS val 100 ecr 0>\nS S. <mss 1460,TS val 700 ecr 100>\nC . <nop,nop,TS val 101 ecr 700>\n"


@pytest.mark.parametrize(
    ("newer", "sure"),
    [
        ("C . <nop,nop,TS val 160 ecr 700>", "possible"),
        ("C P. 100 <nop,nop,TS val 160 ecr 700>", "likely"),
        ("C P. 100 <nop,nop,TS val 160 ecr 700>\nS . <nop,nop,TS val 750 ecr 160>", "certain"),
    ],
    ids=["an ACK overtakes", "data", "data that has arrived"],
)
def test_paws_rejects_what_is_older_than_what_has_arrived(newer: str, sure: str) -> None:
    """ts_regression, R49: only of a timestamp that was echoed it is known that the receiver compares with it."""
    assert confidence(f"{STAMPS}{newer}\nC P. 100 <nop,nop,TS val 150 ecr 700>", "ts_regression") == [sure]


@pytest.mark.parametrize("gap", ["", "S P. 50 seq=251\n"], ids=["next", "in a gap"])
@pytest.mark.parametrize(("late", "again"), [("0.000005", 0), ("0.2", 1)])
def test_what_is_captured_right_behind_its_acknowledgment_is_no_second_copy(gap: str, late: str, again: int) -> None:
    """R7: capture order is wrong by microseconds, a retransmission takes longer."""
    _, (end,) = conversation(OPEN + f"S P. 100\nC .\n{gap}C . ack=201 +1\nS P. 100 seq=101 +{late}")
    assert end.findings.get("spurious_retransmission", 0) == again


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("C P. 200\n" + "C P. 100 seq=101 +0.5\n" * 2, "stalled.unacked_client"),
        ("C P. 200 lost\nC P. 100 seq=101 +0.5", "still_open.data"),
        ("C P. 200\nC P. 100 seq=1 +0.5\nC P. 100 seq=101 +0.5", "still_open.data"),
        ("C P. 200\n" + "C P. 100 seq=1 +0.5\n" * 2 + "S . ack=101", "still_open.data"),
    ],
    ids=["second half twice", "once", "each half once", "acknowledged"],
)
def test_any_octets_that_are_repeated_in_vain_are_a_stall(text: str, verdict: str) -> None:
    """Verdict 28: two retransmissions of the same octets, whichever they are."""
    _, (end,) = conversation(OPEN + text)
    assert end.verdict == verdict


VAGUE = "12:00:00.000500 IP 192.0.2.7 > 192.0.2.1: ICMP host 192.0.2.2 unreachable - admin prohibited filter, length 56"
CLEAR = "12:00:00.000500 IP 192.0.2.7 > 192.0.2.1: ICMP 192.0.2.2 tcp port 80 unreachable, length 48"


@pytest.mark.parametrize(
    ("shorthand", "at", "error", "kept"),
    [
        ("C S", 1, VAGUE, True),
        ("C S\nC S +1", 1, VAGUE, True),
        ("C S\nC S +1\nS S.\nC .", 1, VAGUE, True),
        ("C S\nS S.\nC .", 1, VAGUE, False),
        ("C S\nS R.", 1, VAGUE, False),
        ("C S\nS S.\nC .", 1, CLEAR, True),
        (OPEN + "C P. 9\nS .", 4, VAGUE, False),
        (OPEN + "C P. 9\nC P. 9 seq=1 +0.3\nS .", 4, VAGUE, True),
        (OPEN + "C P. 9\nS P. 9 ack=1\nS .", 4, VAGUE, True),
    ],
    ids=["silence", "repeated", "late", "SYN-ACK", "refused", "port", "data", "data again", "crossed"],
)
def test_what_has_arrived_no_error_is_about(shorthand: str, at: int, error: str, kept: bool) -> None:  # noqa: FBT001 - a column
    """T28: an error that names a host alone may be about any packet to it, but not about one that the host answers next."""
    lines = printed(packets(shorthand))
    (end,) = play([*lines[:at], error, *lines[at:]]).connections
    assert ("icmp" in end.attributes) is kept


@pytest.mark.parametrize(("text", "sure"), [("S . ack=109", "likely"), ("C P. 9\nS . ack=118", "certain")])
def test_what_may_never_have_been_sent_is_only_likely_missing(text: str, sure: str) -> None:
    """acked_unseen: the log lacks it surely where it holds what follows; above that the ack may be wrong (R50)."""
    steps, _ = conversation(USED + ("C P. 9 unseen\n" + text if sure == "certain" else text))
    assert [(one.code, str(one.confidence)) for one in steps[-1].findings] == [("acked_unseen", sure)]


@pytest.mark.parametrize(
    ("again", "step"),
    [
        ("P. 1 seq=100 +0.25", "data.retransmit"),
        ("P. 1 seq=100 +0.9", "data.retransmit"),
        ("P. 1 seq=100 +1", "probe.keep_alive"),
        (". 1 seq=100 +0.25", "probe.keep_alive"),
    ],
    ids=["at once", "before any keep-alive", "behind a silence", "not pushed"],
)
def test_a_key_that_is_sent_again_keeps_nothing_alive(again: str, step: str) -> None:
    """R104, R109 d: its ACK was captured, and lost behind; a keep-alive waits for a silence and pushes nothing."""
    steps, (end,) = conversation(OPEN + f"C P. 99\nS .\nC P. 1\nS . lost\nC {again}\nS .")
    assert steps[-2].step == step
    assert ("spurious_retransmission" in end.findings, "keep_alive" in end.findings) == (
        step == "data.retransmit",
        step == "probe.keep_alive",
    )
    repeated = end.metrics["retransmitted_bytes"]
    assert isinstance(repeated, dict)
    assert repeated["client"] == (step == "data.retransmit")


def test_without_times_an_octet_before_the_next_is_a_keep_alive() -> None:
    """R104: nothing tells that there was no silence."""
    lines = [line.partition(" ")[2] for line in log(OPEN + "C P. 1\nS .\nC P. 1 seq=1\nS .")]
    assert [step.step for step in play(lines).steps][-2:] == ["probe.keep_alive", "probe.keep_alive_ack"]
