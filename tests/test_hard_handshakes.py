"""Handshakes that few logs show: of a connection on the heels of another, without one of their segments, crossing each other."""

from __future__ import annotations

import pytest

from tdparse import wording
from tdparse.model import Lang, Step, Summary
from tdparse.pipeline import explain
from tdparse.render.text import Text
from tdparse.wording import state_text

ENDS = {"C": "10.0.0.1.40000 > 10.0.0.2.80", "S": "10.0.0.2.80 > 10.0.0.1.40000", "D": "10.0.0.3.5 > 10.0.0.2.80"}


def told(text: str) -> tuple[list[Step], list[Summary]]:
    """
    Return what the program makes of a log.

    A line has a time in seconds, its sender (C or S, or D of another connection), flags, numbers, and as far as they matter ``<options>``
    and ``len`` with the length.
    """
    lines = []
    for row in text.strip().splitlines():
        time, sender, flags, *rest = row.split(maxsplit=3)
        said, _, length = (rest[0] if rest else "").partition(" len ")
        said, _, options = said.rstrip(">").partition(" <")
        options = options or ("mss 1460" if "S" in flags else "")
        fields = [f"Flags [{flags}]", said, "win 500", options and f"options [{options}]", f"length {length or 0}"]
        lines.append(f"10:00:{float(time):09.6f} IP {ENDS[sender]}: {', '.join(filter(None, fields))}")
    items = list(explain(lines))
    return [item for item in items if isinstance(item, Step)], [item for item in items if isinstance(item, Summary)]


def shown(step: Step) -> str:
    """Return the step and both states."""
    return f"{step.step} {state_text(step.client.after)}/{state_text(step.server.after)}"


CLOSED = """
0.01 C S seq 1234567890
0.02 S S. seq 3000000000, ack 1234567891
0.03 C . ack 3000000001
0.04 C F. seq 1234567891, ack 3000000001
0.05 S F. seq 3000000001, ack 1234567892
0.06 C . ack 3000000002
"""


@pytest.mark.parametrize("isn", [1234568790, 1234567892, 3334567890, 4234567890])
@pytest.mark.parametrize(
    "old", ["F. seq 3000000001, ack 1234567892", "P. seq 3000000001:3000000011, ack 1234567891 len 10"]
)
def test_what_an_old_connection_sends_again_is_no_part_of_the_new_one(old: str, isn: int) -> None:
    """R11, R13, R50, T22: in SYN-SENT an ack at or below the ISN is not acceptable, wherever the old numbers are."""
    text = (
        f"{CLOSED}1.06 C S seq {isn}\n1.07 S {old}\n1.08 S S. seq 3000070000, ack {isn + 1}\n1.09 C . ack 3000070001\n"
    )
    steps, ends = told(
        text
        + f"1.1 C F. seq {isn + 1}, ack 3000070001\n1.11 S F. seq 3000070001, ack {isn + 2}\n1.12 C . ack 3000070002"
    )
    assert [shown(step) for step in steps[7:]] == [
        "stepless.bad_ack SYN-SENT/SYN-RECEIVED?",
        "handshake.syn_ack ESTABLISHED?/SYN-RECEIVED",
        "handshake.ack ESTABLISHED/ESTABLISHED?",
        "teardown.fin.active FIN-WAIT-1/CLOSE-WAIT?",
        "teardown.fin_ack TIME-WAIT?/LAST-ACK",
        "teardown.last_ack TIME-WAIT/CLOSED?",
    ]
    assert [(end.verdict, end.close_shape, end.data) for end in ends] == [
        ("complete.clean", "three_segment", "none")
    ] * 2


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
    steps, (end,) = told(f"0 C S seq {isn}\n" + "\n".join(f"0.{n} {packet}" for n, packet in rows))
    assert [(step.rel_seq, step.rel_ack) for step in steps[1:]] == numbers
    assert not {"acked_unseen", "retransmission", "ack_of_unsent"} & end.findings.keys()
    assert end.attributes["not_captured"] == "syn_ack"


@pytest.mark.parametrize("absolute", [True, False])
@pytest.mark.parametrize("ack", [", ack 2965525192", ""], ids=["whole", "shortened"])
def test_a_shortened_syn_ack_acknowledges_the_syn_before_it(ack: str, *, absolute: bool) -> None:
    """R32: both ISNs are printed, so the bases are known also if somebody has left out what the SYN-ACK acknowledges."""
    k, j = (2769915070, 2965525191) if absolute else (0, 0)
    text = (
        f"0 C S seq 2965525191\n0.1 S S. seq 2769915070{ack}\n0.2 C . ack {k + 1}\n0.3 C F. seq {j + 1}, ack {k + 1}\n"
    )
    steps, (end,) = told(f"{text}0.4 S . ack {j + 2}")
    assert [shown(step) for step in steps[2:]] == [
        "handshake.ack ESTABLISHED/ESTABLISHED?",
        "teardown.fin.active FIN-WAIT-1/CLOSE-WAIT?",
        "teardown.ack_of_fin FIN-WAIT-2?/CLOSE-WAIT",
    ]
    assert (steps[-1].ack, end.verdict) == (2965525193, "half_closed.by_client")


USED = """
0 C S seq 1000
0.01 S S. seq 5000, ack 1001
0.02 C . ack 5001
0.03 C P. seq 1001:1011, ack 5001 len 10
0.04 S . ack 1011
"""


@pytest.mark.parametrize("copies", [1, 2, 3])
def test_a_syn_counts_where_it_is_answered(copies: int) -> None:
    """R44, R120: until then it is tentative; the connection it replaces has ended before it, in every number."""
    text = USED + "".join(f"1{n} C S seq 91000\n" for n in range(copies))
    steps, (old, new) = told(text + "19 S S. seq 95000, ack 91001\n19.01 C . ack 95001\n40 C . ack 95001")
    assert (old.segments, new.segments, old.last_line, new.first_line) == (5, copies + 3, 5 + copies, 6)
    assert (old.metrics["duration"], "idle_gaps" in old.metrics) == (0.04, False)
    assert (new.attributes.get("retries", 0), new.completeness) == (copies - 1, 7)
    found = {finding.code: finding for finding in steps[5 + copies].findings}
    assert found["port_reuse"].values["dt"] == 18_960_000_000
    assert found["multiple_connections"].lines == (6 + copies,)
    assert old.marks["silence"] == 18_960_000_000


def test_a_flood_of_copies_is_not_kept() -> None:
    """R44: the latest copies alone wait for an answer; all are counted."""
    _, (old, new) = told(
        USED + "".join(f"{10 + n} C S seq 91000\n" for n in range(40)) + "55 S S. seq 95000, ack 91001"
    )
    assert old.segments + new.segments == 46
    assert new.segments < 20


def test_a_syn_that_is_rejected_counts_where_it_was_rejected() -> None:
    """R44: the old connection goes on."""
    _, (end,) = told(USED + "10 C S seq 91000\n10.01 S . ack 1011\n")
    assert (end.segments, end.metrics["duration"], end.last_line) == (7, 10.01, 7)


@pytest.mark.parametrize("answered", ["S . ack 1011", "S S. seq 95000, ack 91001"])
def test_a_tentative_syn_is_sent_again(answered: str) -> None:
    """R44, R97.5: with the same ISN it is a retransmission; R110: the answer to it may be a challenge ACK."""
    steps, ends = told(
        f"{USED}10 C S seq 91000\n11 C S seq 91000\n13 C S seq 91000\n13.01 {answered}\n13.02 C R seq 1011"
    )
    assert [step.step for step in steps[5:8]] == ["handshake.syn.unexpected", *["handshake.syn.retransmit"] * 2]
    assert all("tentative" in step.modifiers and step.rel_seq == 90000 for step in steps[5:8])
    assert [dict(step.values) for step in steps[6:8]] == [{"n": 2, "dt": 10**9}, {"n": 3, "dt": 3 * 10**9}]
    (finding,) = steps[7].findings
    assert (finding.code, finding.lines, finding.values) == ("syn_retransmission", (6, 8), {"n": 3, "dt": 3 * 10**9})
    if len(ends) == 1:
        assert steps[8].step == "ack.challenge"
        (finding,) = [one for one in steps[9].findings if one.code == "half_open_discovered"]
        assert finding.lines == (8, 9, 10)
    else:
        assert (steps[8].step, ends[0].verdict) == ("handshake.syn_ack", "still_open.data")


def test_what_another_syn_has_replaced_was_answered_in_vain() -> None:
    """R44, verdict 13: the SYN of another ISN does not belong to the handshake that nobody completes."""
    text = (
        "0 C S seq 1000\n0.01 S S. seq 5000, ack 1001\n1 C S seq 4000\n1.01 S S. seq 5900, ack 4001\n1.02 C . ack 5901"
    )
    assert [end.verdict for end in told(text)[1]] == ["syn_ack_unanswered", "still_open.no_data"]


TWO_ANSWERS = "0 C S seq 1000\n0.01 S S. seq 3000000000, ack 1001\n0.02 S S. seq 3235141037, ack 1001\n"


@pytest.mark.parametrize("k", [3000000000, 3235141037])
def test_the_third_step_tells_which_of_two_answers_was_taken(k: int) -> None:
    """R11, R32, R55: nothing is counted from an ISN that is not the connection's."""
    text = f"{TWO_ANSWERS}0.03 C . ack {k + 1}\n0.04 S P. seq {k + 1}:{k + 11}, ack 1001 len 10\n0.05 C . ack {k + 11}"
    steps, (end,) = told(text)
    assert [step.step for step in steps[1:4]] == ["handshake.syn_ack", "handshake.syn_ack.bad_ack", "handshake.ack"]
    assert [(step.rel_seq, step.rel_ack) for step in steps[3:]] == [(1, 1), (1, 1), (1, 11)]
    assert (end.verdict, set(end.findings)) == ("still_open.data", {"bad_syn_ack"})


@pytest.mark.parametrize("when", ["unanswered", "established"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_syn_ack_of_another_isn_is_told_to_be_one(when: str, lang: Lang) -> None:
    """R97.6: it acknowledges the right SYN, and no number beside the connection's is told to be an ISN."""
    text = TWO_ANSWERS if when == "unanswered" else USED + "1 S S. seq 9000, ack 1011\n1.01 C . ack 5001"
    steps, (end,) = told(text)
    (step,) = [step for step in steps if step.step == "handshake.syn_ack.bad_ack"]
    said = wording.text(step, lang)
    assert ("not the one that the server sent before" if lang == "en" else "初始序列号与服务器端此前的不同") in said
    assert set(end.findings) == {"bad_syn_ack", *(["challenge_ack"] if when == "established" else ())}


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("options", ["mss 1460", "mss 1460,tfo  cookie 29bc0133e9a56b67,nop,nop"])
def test_data_in_a_syn_needs_no_cookie(lang: Lang, options: str) -> None:
    """R70: data in a SYN without any Fast Open option is legal, and no Fast Open."""
    (step,), _ = told(f"0 C S seq 1000:1010 <{options}> len 10")
    said = wording.text(step, lang)
    assert step.step == "handshake.syn.tfo_data"
    assert ("Cookie" in said or "cookie" in said) == ("tfo" in options)
    assert "10" in said


CROSSING = "0 C S seq 1000\n0.01 S S seq 5000\n"


@pytest.mark.parametrize("later", ["", "0.04 C . ack 5001\n", "0.04 C P. seq 1001:1006, ack 5001 len 5\n"])
def test_crossing_syns_are_a_handshake_once_both_are_acknowledged(later: str) -> None:
    """R117: both SYNs and an acknowledgment of each."""
    both = "0.02 C S. seq 1000, ack 5001\n0.03 S S. seq 5000, ack 1001\n"
    _, (end,) = told(CROSSING + both + later)
    assert end.verdict == ("still_open.data" if "len" in later else "still_open.no_data")
    assert end.findings.get("simultaneous_open") == 1
    _, (end,) = told(CROSSING)
    assert end.verdict == "undetermined"


def test_a_simultaneous_open_needs_two_bare_syns() -> None:
    """simultaneous_open: a SYN-ACK of the client that answers the server's SYN-ACK is none."""
    _, (end,) = told("0 C S seq 1000\n0.1 S S. seq 5000, ack 1001\n0.2 C . ack 5001\n0.3 C S. seq 1000, ack 5001")
    assert "simultaneous_open" not in end.findings


def test_a_split_handshake_is_shown_where_it_was_split() -> None:
    """split_handshake: the server opened with a bare SYN."""
    steps, _ = told(CROSSING + "0.02 C S. seq 1000, ack 5001\n0.03 S . ack 1001")
    (finding,) = [one for one in steps[-1].findings if one.code == "split_handshake"]
    assert finding.lines == (2, 4)


@pytest.mark.parametrize("early", ["F. seq 1001, ack 5001", ". ack 5001"])
def test_what_the_client_sends_next_splits_no_handshake(early: str) -> None:
    """split_handshake: the server's own ACK shows it; its SYN-ACK may be on its way when the client goes on, or closes (T42)."""
    _, (end,) = told(CROSSING + f"0.02 C S. seq 1000, ack 5001\n0.03 C {early}\n0.04 S S. seq 5000, ack 1001")
    assert "split_handshake" not in end.findings
    assert end.findings["simultaneous_open"] == 1


def test_a_syn_behind_the_syn_ack_of_its_isn_is_the_second_copy() -> None:
    """syn_retransmission: its number is shown beside what it repeats."""
    steps, _ = told("0 C S seq 1000\n0.1 S S. seq 5000, ack 1001\n0.3 S S seq 5000\n0.7 S S seq 5000")
    found = [one for step in steps for one in step.findings if one.code == "syn_retransmission"]
    assert [(one.lines, one.values["n"], one.values["dt"]) for one in found] == [
        ((2, 3), 2, 200_000_000),
        ((2, 4), 3, 600_000_000),
    ]


def test_the_first_copy_is_known_without_times() -> None:
    """R19, syn_retransmission, syn_ack_retransmission: the line of the first copy is that of the first one."""
    rows = [("C", "[S], seq 1000"), ("C", "[S], seq 1000"), *[("S", "[S.], seq 5000, ack 1001")] * 3]
    items = explain(f"IP {ENDS[end]}: Flags {said}, win 500, length 0" for end, said in rows)
    assert [one.lines for step in items if isinstance(step, Step) for one in step.findings] == [(1, 2), (3, 4), (3, 5)]


@pytest.mark.parametrize(("third", "known"), [(". ack 5001", True), ("P. seq 1001:1006, ack 5001 len 5", False)])
def test_a_third_step_with_data_does_not_tell_where_the_capture_was_taken(third: str, known: bool) -> None:  # noqa: FBT001
    """R40: it waits for what the application says."""
    _, (end,) = told(f"0 C S seq 1000\n0.0001 S S. seq 5000, ack 1001\n0.01 C {third}")
    assert ("vantage" in end.metrics) is known


def test_what_replaces_a_connection_under_way_is_no_record_of_it() -> None:
    """R125: its SYN sets no bit of the connection before."""
    text = "0 C P. seq 3000001:3000011, ack 70000001 len 10\n0.1 S . ack 3000011\n1 C S seq 9000000\n"
    _, (old, _) = told(text + "1.1 S S. seq 95000000, ack 9000001\n1.2 C . ack 95000001")
    assert (old.verdict, old.completeness) == ("mid_stream.open", 4)


REFUSED_DATA = "0 C S seq 1000:1005 <mss 1460,tfo  cookie aabbccdd> len 5\n0.02 S S. seq 5000, ack 1001\n"


@pytest.mark.parametrize(
    "resent",
    [
        ["P. seq 1001:1006, ack 5001 len 5"],
        ["P. seq 1001:1021, ack 5001 len 20"],
        [". ack 5001", "P. seq 1001:1006, ack 5001 len 5"],
        [". ack 5001", "P. seq 1001:1021, ack 5001 len 20"],
    ],
    ids=["with the third step", "and more", "later", "later and more"],
)
def test_refused_data_of_a_syn_is_sent_anew(resent: list[str]) -> None:
    """R70: fallback is no loss, so nothing was sent twice, and no timer has waited."""
    text = REFUSED_DATA + "".join(f"0.0201 C {said}\n" for said in resent)
    steps, (end,) = told(f"{text}0.04 S . ack {1000 + steps_end(resent)}")
    assert steps[1].step == "handshake.syn_ack.tfo_fallback"
    third = "handshake.ack" if len(resent) > 1 else "handshake.ack_data"
    assert steps[2].step == third
    assert not end.findings
    assert ("tfo_fallback_data" in steps[2].modifiers) == (third == "handshake.ack_data")
    assert end.metrics["payload_bytes"]["client"] == steps_end(resent) - 1  # type: ignore[index]
    assert end.metrics["retransmitted_bytes"]["client"] == 0  # type: ignore[index]
    _, ends = told(text + "9 D S seq 7")
    assert "timers" not in ends[0].attributes


def steps_end(resent: list[str]) -> int:
    """Return the relative number behind what was sent last."""
    return int(resent[-1].split()[-1]) + 1


def test_nothing_that_is_sent_again_is_taken_for_refused() -> None:
    """R70: a copy of the SYN-ACK refuses nothing that was sent behind the first one."""
    text = REFUSED_DATA + "0.0201 C P. seq 1001:1006, ack 5001 len 5\n"
    steps, _ = told(text + "1 S S. seq 5000, ack 1001\n1.1 C P. seq 1001:1006, ack 5001 len 5")
    assert [step.step for step in steps[2:]] == [
        "handshake.ack_data",
        "handshake.syn_ack.retransmit",
        "data.retransmit",
    ]


@pytest.mark.parametrize("third", ["F. seq 1001, ack 5500", "P. seq 1001:1006, ack 5500 len 5"])
def test_what_acknowledges_the_unsent_completes_nothing(third: str) -> None:
    """R102, R50: an unacceptable acknowledgment is no third step, and confirms nothing on the way."""
    steps, _ = told(f"0 C S seq 1000\n0.1 S S. seq 5000, ack 1001\n0.2 C {third}")
    assert steps[-1].step == "stepless.bad_ack"
    assert not {"completes_handshake", "piggyback_ack"} & {*steps[-1].modifiers}


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
    _, (end,) = told(text)
    assert ("one_sided" in end.findings) is missing


def test_a_log_does_not_go_on_behind_its_last_line() -> None:
    """R120: where a later part was pasted first, no time has passed, and no timer has run out, after the earlier one."""
    late = "25 D S seq 7\n25.01 D S seq 7\n"
    _, ends = told(f"{late}{CLOSED.replace('0.0', '1.0').lstrip()}")
    assert (ends[1].verdict, ends[1].marks["silence"]) == ("complete.clean", 0)
    _, ends = told(late + USED.lstrip())
    assert "log goes on" not in wording.verdict_text(ends[1], "en")
    _, ends = told(USED + late)
    assert "log goes on for 24.97 s" in wording.verdict_text(ends[0], "en")
    _, ends = told(f"{late}1 C S seq 1\n2 C S seq 1\n")
    assert "timers" not in ends[1].attributes


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("ack", [", ack 1001", ""], ids=["acks", "no acks"])
def test_only_acks_that_were_printed_prove_that_somebody_was_there(lang: Lang, ack: str) -> None:
    """Verdicts 38 and 39, R121: evidence first, and none that the log does not hold."""
    _, (end,) = told(f"1 S S. seq 5000{ack}\n2 S P. seq 5001:5011{ack} len 10\n3 S P. seq 5011:5021{ack} len 10")
    assert end.verdict == "one_sided.server"
    said = wording.cause(end, lang)
    assert ("ACK" in said) == bool(ack)
    assert said.endswith("." if lang == "en" else "。")


def test_an_empty_ack_that_echoes_the_syn_shows_no_more_than_the_syn() -> None:
    """R10, R13: a server that waits for data before it accepts answers a keep-alive from SYN-RECEIVED."""
    stamps = "<nop,nop,TS val {} ecr {}>"
    steps, _ = told(f"""
1.0 C S seq 7000 {stamps.format(500, 0)}
1.1 S S. seq 9000, ack 7001 {stamps.format(80, 500)}
1.2 C . ack 9001 {stamps.format(550, 80)}
2.9 C . ack 9001 {stamps.format(1900, 80)}
3.0 S . ack 7001 {stamps.format(1880, 500)}
4.9 C . ack 9001 {stamps.format(3900, 1880)}
5.0 S . ack 7001 {stamps.format(3880, 3900)}
""")
    assert [state_text(step.server.after) for step in steps[2:]] == ["ESTABLISHED?"] * 4 + ["ESTABLISHED"]


def test_a_challenge_ack_does_not_show_that_a_handshake_is_complete() -> None:
    """T36: SYN-RECEIVED sends one, too, whatever RST has been ignored before."""
    steps, _ = told(
        "1 C S seq 1234567000\n1.1 S S. seq 2000009000, ack 1234567001\n1.2 C R seq 1234565000\n1.3 C S seq 1234630000\n1.31 S . ack 1234567001\n"
    )
    assert shown(steps[-1]) == "ack.challenge ESTABLISHED?/SYN-RECEIVED"


def test_the_isn_of_a_rejected_syn_ack_is_not_the_servers() -> None:
    """R4, R35: relative numbers count from the SYN-ACK that the client takes."""
    steps, _ = told("""
1 C S seq 7000
1.1 S S. seq 9000, ack 6001
1.2 C R seq 6001
2 C S seq 7000
2.1 S S. seq 59000, ack 7001
2.2 C . ack 59001
2.3 S P. seq 59001:59011, ack 7001 len 10
""")
    assert [(step.rel_seq, step.rel_ack) for step in steps[4:]] == [(0, 1), (1, 1), (1, 1)]


@pytest.mark.parametrize("first", ["with", "without"])
def test_what_a_syn_is_called_depends_on_nothing_before_it(first: str) -> None:
    """R70: of two SYNs with data only the one with a cookie is of Fast Open, whichever comes first."""
    cookie, bare = "<tfo  cookie 0123456789abcdef>", "<mss 1460>"
    rows = [("C", cookie), ("D", bare)][:: 1 if first == "with" else -1]
    steps, _ = told("".join(f"1 {sender} S seq 100:110 {options} len 10\n" for sender, options in rows))
    view = Text("en")
    names = [wording.title(step, "en") for step in steps]
    assert [name in view.step(step, []) for name, step in zip(names, steps, strict=True)] == [True, True]
    assert len(set(names)) == 2
