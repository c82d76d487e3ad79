"""Handshakes that few logs show: on the heels of another connection, without one of their segments, crossing each other."""

from __future__ import annotations

import pytest
from played import ENDS, OPEN, TIMED_CLOSED, TIMED_USED, USED, conversation, explained, line, play, stepping, timed
from scenario import packets, printed

from tdparse import wording
from tdparse.model import Lang, State, Step, Summary
from tdparse.pipeline import explain
from tdparse.render.text import Text
from tdparse.wording import finding_text, state_text
from tdparse.wording import text as text_of
from tdparse.wording import title as title_of


@pytest.mark.parametrize("ack", [1051, 991_051], ids=["below", "above"])
@pytest.mark.parametrize("reset", [True, False], ids=["reset", "no reset"])
def test_an_old_connection_answers_wherever_its_numbers_are(ack: int, reset: bool) -> None:  # noqa: FBT001 - a column
    """Verdict 11: the SYN is answered by an ACK that does not acknowledge it."""
    log = line(0, "C", "Flags [S], seq 777000, win 65160, options [mss 1460], length 0")
    log += line(0.05, "S", f"Flags [.], ack {ack}, win 65160, length 0")
    log += line(0.06, "C", f"Flags [R], seq {ack}, win 0, length 0") if reset else ""
    assert explained(log)[1].verdict == "rejected_old"


SYN = "Flags [S], seq 1000, win 64240, options [mss 1460], length 0"
SYN_ACK = "Flags [S.], seq 7000, ack 1001, win 64240, options [mss 1460], length 0"


def test_a_syn_that_its_answer_has_overtaken_opens_no_other_connection() -> None:
    """R7, R43: the SYN-ACK told its number, so it is the SYN of this connection."""
    log = line(0.00001, "S", SYN_ACK) + line(0.00002, "C", SYN)
    log += line(0.2, "C", "Flags [.], ack 7001, win 1000, length 0")
    log += line(1, "S", "Flags [P.], seq 7001:7011, ack 1001, win 1000, length 10")
    steps, end = explained(log)
    assert [step.step for step in steps] == ["handshake.syn_ack", "handshake.syn", "handshake.ack", "data.push"]
    assert (end.verdict, end.attributes.get("not_captured")) == ("still_open.data", None)
    assert [str(steps[-1].client.after), str(steps[-1].server.after)] == ["ESTABLISHED", "ESTABLISHED"]


def test_a_connection_that_is_confirmed_later_is_still_another_one() -> None:
    """R44: its SYN was shown before anybody knew; what it says of the whole log is said with the record that confirms it."""
    text = USED + "C S +2 isn=9000\nS S. isn=500\nC ."
    items = list(explain(printed(packets(text))))
    found = [one for item in items if isinstance(item, Step) for one in item.findings]
    told = [end for end in items if isinstance(end, Summary)]
    assert len(told) > 1
    counted = sum(end.findings.get("multiple_connections", 0) for end in told)
    assert counted == sum(one.code == "multiple_connections" for one in found) == 1


def shown(step: Step) -> str:
    """Return the step and both states."""
    return f"{step.step} {state_text(step.client.after)}/{state_text(step.server.after)}"


@pytest.mark.parametrize("isn", [1234568790, 1234567892, 3334567890, 4234567890])
@pytest.mark.parametrize(
    "old", ["F. seq 3000000001, ack 1234567892", "P. seq 3000000001:3000000011, ack 1234567891 len 10"]
)
def test_what_an_old_connection_sends_again_is_no_part_of_the_new_one(old: str, isn: int) -> None:
    """R11, R13, R50, T22: in SYN-SENT an ack at or below the ISN is not acceptable, wherever the old numbers are."""
    text = f"{TIMED_CLOSED}1.06 C S seq {isn}\n1.07 S {old}\n1.08 S S. seq 3000070000, ack {isn + 1}\n1.09 C . ack 3000070001\n"
    steps, ends = timed(
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


@pytest.mark.parametrize("absolute", [True, False])
@pytest.mark.parametrize("ack", [", ack 2965525192", ""], ids=["whole", "shortened"])
def test_a_shortened_syn_ack_acknowledges_the_syn_before_it(ack: str, *, absolute: bool) -> None:
    """R32: both ISNs are printed, so the bases are known also if somebody has left out what the SYN-ACK acknowledges."""
    k, j = (2769915070, 2965525191) if absolute else (0, 0)
    text = (
        f"0 C S seq 2965525191\n0.1 S S. seq 2769915070{ack}\n0.2 C . ack {k + 1}\n0.3 C F. seq {j + 1}, ack {k + 1}\n"
    )
    steps, (end,) = timed(f"{text}0.4 S . ack {j + 2}")
    assert [shown(step) for step in steps[2:]] == [
        "handshake.ack ESTABLISHED/ESTABLISHED?",
        "teardown.fin.active FIN-WAIT-1/CLOSE-WAIT?",
        "teardown.ack_of_fin FIN-WAIT-2?/CLOSE-WAIT",
    ]
    assert (steps[-1].ack, end.verdict) == (2965525193, "half_closed.by_client")


@pytest.mark.parametrize("copies", [1, 2, 3])
def test_a_syn_counts_where_it_is_answered(copies: int) -> None:
    """R44, R120: until then it is tentative; the connection it replaces has ended before it, in every number."""
    text = TIMED_USED + "".join(f"1{n} C S seq 91000\n" for n in range(copies))
    steps, (old, new) = timed(text + "19 S S. seq 95000, ack 91001\n19.01 C . ack 95001\n40 C . ack 95001")
    assert (old.segments, new.segments, old.last_line, new.first_line) == (5, copies + 3, 5 + copies, 6)
    assert (old.metrics["duration"], "idle_gaps" in old.metrics) == (0.04, False)
    assert (new.attributes.get("retries", 0), new.completeness) == (copies - 1, 7)
    found = {finding.code: finding for finding in steps[5 + copies].findings}
    assert found["port_reuse"].values["dt"] == 18_960_000_000
    assert found["multiple_connections"].lines == (6 + copies,)
    assert old.marks["silence"] == 18_960_000_000


def test_a_flood_of_copies_is_not_kept() -> None:
    """R44: the latest copies alone wait for an answer; all are counted."""
    _, (old, new) = timed(
        TIMED_USED + "".join(f"{10 + n} C S seq 91000\n" for n in range(40)) + "55 S S. seq 95000, ack 91001"
    )
    assert old.segments + new.segments == 46
    assert new.segments < 20


def test_a_syn_that_is_rejected_counts_where_it_was_rejected() -> None:
    """R44: the old connection goes on."""
    _, (end,) = timed(TIMED_USED + "10 C S seq 91000\n10.01 S . ack 1011\n")
    assert (end.segments, end.metrics["duration"], end.last_line) == (7, 10.01, 7)


@pytest.mark.parametrize("answered", ["S . ack 1011", "S S. seq 95000, ack 91001"])
def test_a_tentative_syn_is_sent_again(answered: str) -> None:
    """R44, R97.5: with the same ISN it is a retransmission; R110: the answer to it may be a challenge ACK."""
    steps, ends = timed(
        f"{TIMED_USED}10 C S seq 91000\n11 C S seq 91000\n13 C S seq 91000\n13.01 {answered}\n13.02 C R seq 1011"
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
    assert [end.verdict for end in timed(text)[1]] == ["syn_ack_unanswered", "still_open.no_data"]


TWO_ANSWERS = "0 C S seq 1000\n0.01 S S. seq 3000000000, ack 1001\n0.02 S S. seq 3235141037, ack 1001\n"


@pytest.mark.parametrize("k", [3000000000, 3235141037])
def test_the_third_step_tells_which_of_two_answers_was_taken(k: int) -> None:
    """R11, R32, R55: nothing is counted from an ISN that is not the connection's."""
    text = f"{TWO_ANSWERS}0.03 C . ack {k + 1}\n0.04 S P. seq {k + 1}:{k + 11}, ack 1001 len 10\n0.05 C . ack {k + 11}"
    steps, (end,) = timed(text)
    assert [step.step for step in steps[1:4]] == ["handshake.syn_ack", "handshake.syn_ack.bad_ack", "handshake.ack"]
    assert [(step.rel_seq, step.rel_ack) for step in steps[3:]] == [(1, 1), (1, 1), (1, 11)]
    assert (end.verdict, set(end.findings)) == ("still_open.data", {"bad_syn_ack"})


@pytest.mark.parametrize("when", ["unanswered", "established"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_syn_ack_of_another_isn_is_told_to_be_one(when: str, lang: Lang) -> None:
    """R97.6: it acknowledges the right SYN, and no number beside the connection's is told to be an ISN."""
    text = TWO_ANSWERS if when == "unanswered" else TIMED_USED + "1 S S. seq 9000, ack 1011\n1.01 C . ack 5001"
    steps, (end,) = timed(text)
    (step,) = [step for step in steps if step.step == "handshake.syn_ack.bad_ack"]
    said = wording.text(step, lang)
    assert ("not that of the server before" if lang == "en" else "初始序列号与服务器端此前的不同") in said
    assert set(end.findings) == {"bad_syn_ack", *(["challenge_ack"] if when == "established" else ())}


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("options", ["mss 1460", "mss 1460,tfo  cookie 29bc0133e9a56b67,nop,nop"])
def test_data_in_a_syn_needs_no_cookie(lang: Lang, options: str) -> None:
    """R70: data in a SYN without any Fast Open option is legal, and no Fast Open."""
    (step,), _ = timed(f"0 C S seq 1000:1010 <{options}> len 10")
    said = wording.text(step, lang)
    assert step.step == "handshake.syn.tfo_data"
    assert ("Cookie" in said or "cookie" in said) == ("tfo" in options)
    assert "10" in said


@pytest.mark.parametrize(
    ("lang", "title", "said"),
    [
        ("en", "Handshake step 1 with Fast Open cookie", "The client opens the connection with a Fast Open cookie, without data."),
        ("zh", "三次握手第 1 步（TFO：携带 Cookie）", "客户端用 TFO Cookie 打开连接，SYN 不带数据。"),
    ],
)  # fmt: skip
def test_a_cookie_may_come_without_data(lang: Lang, title: str, said: str) -> None:
    """R70, handshake.syn.tfo_data: its data may be 0 octets, of which nothing is said to be sent."""
    (step,), _ = timed("0 C S seq 1000 <mss 1460,tfo  cookie 29bc0133e9a56b67,nop,nop>")
    assert step.step == "handshake.syn.tfo_data"
    assert (wording.title(step, lang), wording.text(step, lang)) == (title, said)


CROSSING = "0 C S seq 1000\n0.01 S S seq 5000\n"


@pytest.mark.parametrize("later", ["", "0.04 C . ack 5001\n", "0.04 C P. seq 1001:1006, ack 5001 len 5\n"])
def test_crossing_syns_are_a_handshake_once_both_are_acknowledged(later: str) -> None:
    """R117: both SYNs and an acknowledgment of each."""
    both = "0.02 C S. seq 1000, ack 5001\n0.03 S S. seq 5000, ack 1001\n"
    _, (end,) = timed(CROSSING + both + later)
    assert end.verdict == ("still_open.data" if "len" in later else "still_open.no_data")
    assert end.findings.get("simultaneous_open") == 1
    _, (end,) = timed(CROSSING)
    assert end.verdict == "undetermined"


def test_a_simultaneous_open_needs_two_bare_syns() -> None:
    """simultaneous_open: a SYN-ACK of the client that answers the server's SYN-ACK is none."""
    _, (end,) = timed("0 C S seq 1000\n0.1 S S. seq 5000, ack 1001\n0.2 C . ack 5001\n0.3 C S. seq 1000, ack 5001")
    assert "simultaneous_open" not in end.findings


def test_a_split_handshake_is_shown_where_it_was_split() -> None:
    """split_handshake: the server opened with a bare SYN."""
    steps, _ = timed(CROSSING + "0.02 C S. seq 1000, ack 5001\n0.03 S . ack 1001")
    (finding,) = [one for one in steps[-1].findings if one.code == "split_handshake"]
    assert finding.lines == (2, 4)


@pytest.mark.parametrize("early", ["F. seq 1001, ack 5001", ". ack 5001"])
def test_what_the_client_sends_next_splits_no_handshake(early: str) -> None:
    """split_handshake: the server's own ACK shows it; its SYN-ACK may be on its way when the client goes on, or closes (T42)."""
    _, (end,) = timed(CROSSING + f"0.02 C S. seq 1000, ack 5001\n0.03 C {early}\n0.04 S S. seq 5000, ack 1001")
    assert "split_handshake" not in end.findings
    assert end.findings["simultaneous_open"] == 1


def test_a_syn_behind_the_syn_ack_of_its_isn_is_the_second_copy() -> None:
    """syn_retransmission: its number is shown beside what it repeats."""
    steps, _ = timed("0 C S seq 1000\n0.1 S S. seq 5000, ack 1001\n0.3 S S seq 5000\n0.7 S S seq 5000")
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
    _, (end,) = timed(f"0 C S seq 1000\n0.0001 S S. seq 5000, ack 1001\n0.01 C {third}")
    assert ("vantage" in end.metrics) is known


def test_what_replaces_a_connection_under_way_is_no_record_of_it() -> None:
    """R125: its SYN sets no bit of the connection before."""
    text = "0 C P. seq 3000001:3000011, ack 70000001 len 10\n0.1 S . ack 3000011\n1 C S seq 9000000\n"
    _, (old, _) = timed(text + "1.1 S S. seq 95000000, ack 9000001\n1.2 C . ack 95000001")
    assert (old.verdict, old.completeness) == ("mid_stream.open", 4)


REFUSED_DATA = "0 C S seq 1000:1005 <mss 1460,tfo  cookie aabbccdd> len 5\n0.02 S S. seq 5000, ack 1001\n"


def steps_end(resent: list[str]) -> int:
    """Return the relative number behind what was sent last."""
    return int(resent[-1].split()[-1]) + 1


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
    steps, (end,) = timed(f"{text}0.04 S . ack {1000 + steps_end(resent)}")
    assert steps[1].step == "handshake.syn_ack.tfo_fallback"
    third = "handshake.ack" if len(resent) > 1 else "handshake.ack_data"
    assert steps[2].step == third
    assert not end.findings
    assert ("tfo_fallback_data" in steps[2].modifiers) == (third == "handshake.ack_data")
    assert end.metrics["payload_bytes"]["client"] == steps_end(resent) - 1  # type: ignore[index]
    assert end.metrics["retransmitted_bytes"]["client"] == 0  # type: ignore[index]
    _, ends = timed(text + "9 D S seq 7")
    assert "timers" not in ends[0].attributes


def test_nothing_that_is_sent_again_is_taken_for_refused() -> None:
    """R70: a copy of the SYN-ACK refuses nothing that was sent behind the first one."""
    text = REFUSED_DATA + "0.0201 C P. seq 1001:1006, ack 5001 len 5\n"
    steps, _ = timed(text + "1 S S. seq 5000, ack 1001\n1.1 C P. seq 1001:1006, ack 5001 len 5")
    assert [step.step for step in steps[2:]] == [
        "handshake.ack_data",
        "handshake.syn_ack.retransmit",
        "data.retransmit",
    ]


@pytest.mark.parametrize("third", ["F. seq 1001, ack 5500", "P. seq 1001:1006, ack 5500 len 5"])
def test_what_acknowledges_the_unsent_completes_nothing(third: str) -> None:
    """R102, R50: an unacceptable acknowledgment is no third step, and confirms nothing on the way."""
    steps, _ = timed(f"0 C S seq 1000\n0.1 S S. seq 5000, ack 1001\n0.2 C {third}")
    assert steps[-1].step == "stepless.bad_ack"
    assert not {"completes_handshake", "piggyback_ack"} & {*steps[-1].modifiers}


def test_an_empty_ack_that_echoes_the_syn_shows_no_more_than_the_syn() -> None:
    """R10, R13: a server that waits for data before it accepts answers a keep-alive from SYN-RECEIVED."""
    stamps = "<nop,nop,TS val {} ecr {}>"
    steps, _ = timed(f"""
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
    steps, _ = timed(
        "1 C S seq 1234567000\n1.1 S S. seq 2000009000, ack 1234567001\n1.2 C R seq 1234565000\n1.3 C S seq 1234630000\n1.31 S . ack 1234567001\n"
    )
    assert shown(steps[-1]) == "ack.challenge ESTABLISHED?/SYN-RECEIVED"


@pytest.mark.parametrize(
    ("third", "states"),
    [
        ("", ["SYN-RECEIVED"] * 2),
        ("C .\n", ["ESTABLISHED"] * 2),
    ],
    ids=["without the third step", "behind it"],
)
def test_a_reset_that_is_not_exact_is_challenged_in_syn_received_too(third: str, states: list[str]) -> None:
    """T37, T60, RFC 5961 section 3.2: it may be that of who aborts behind a third step that was lost."""
    steps, _ = conversation(f"C S\nS S.\n{third}C R seq=11\nS .\nS S. +1")
    assert steps[-2].step == "ack.challenge"
    assert [str(step.server.after) for step in steps[-2:]] == states


def test_the_isn_of_a_rejected_syn_ack_is_not_the_servers() -> None:
    """R4, R35: relative numbers count from the SYN-ACK that the client takes."""
    steps, _ = timed("""
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
    steps, _ = timed("".join(f"1 {sender} S seq 100:110 {options} len 10\n" for sender, options in rows))
    view = Text("en")
    names = [wording.title(step, "en") for step in steps]
    assert [name in view.step(step, []) for name, step in zip(names, steps, strict=True)] == [True, True]
    assert len(set(names)) == 2


def test_a_fin_completes_no_handshake_that_its_server_has_shown_to_be_over() -> None:
    """R102, completes_handshake: the third step came before, and was not captured."""
    steps, _ = conversation("C S\nS S.\nS P. 10 ack=101\nC F. seq=101 ack=11")
    assert (steps[-1].step, "completes_handshake" in steps[-1].modifiers) == ("teardown.fin.active", False)


def test_an_open_connection_answers_a_syn_ack_with_a_challenge_ack() -> None:
    """R97, 10, section 4 of RFC 5961: a SYN-ACK with another number is not acceptable there."""
    steps, _ = conversation(f"{OPEN}C P. 100\nS .\nS S. seq=7000 ack=1 +0.2\nC . ack=1")
    assert [step.step for step in steps[-2:]] == ["handshake.syn_ack.bad_ack", "ack.challenge"]
    assert [one.code for one in steps[-1].findings] == ["challenge_ack"]


@pytest.mark.parametrize("after", [3, 0.001])
def test_a_syn_ack_that_is_repeated_shows_its_state(after: float) -> None:
    """R13 b, R21: SYN-RECEIVED at this moment; nothing goes on, so the RST still decides."""
    steps, (end,) = conversation(f"C S\nS S.\nC R\nS S. +{after}")
    last = steps[-1]
    assert (last.step, str(last.server.after)) == ("handshake.syn_ack.retransmit", "SYN-RECEIVED")
    assert (end.verdict, str(end.server_state)) == (
        "reset_by_client.handshake",
        "SYN-RECEIVED" if after > 1 else "LISTEN?",
    )
    assert "rst_ignored" not in end.findings
    steps, (end,) = conversation(f"C S\nS S.\nC R\nS S. +{after}\nC R")
    assert (steps[-1].step, str(steps[-1].server.after)) == ("reset.repeat", "LISTEN?")


STAMPED = "10:00:{:09.6f} IP {}: Flags [{}], {}win 100, length 0"
ASKED, ANSWERED = "10.0.0.1.4000 > 10.0.0.2.80", "10.0.0.2.80 > 10.0.0.1.4000"


@pytest.mark.parametrize(
    ("lines", "verdict", "states"),
    [
        (
            [(0, ASKED, "S", "seq 10, "), *((n, ANSWERED, "S.", "seq 70, ack 11, ") for n in (1, 2, 4))],
            "syn_ack_unanswered",
            ("UNKNOWN", "SYN_RECEIVED"),
        ),
        (
            [(n, ANSWERED, "S.", "seq 70, ack 11, ") for n in (1, 2, 4)],
            "unsolicited.syn_ack",
            ("UNKNOWN", "SYN_RECEIVED"),
        ),
        ([(0, ANSWERED, "S.", "seq 70, ack 11, ")], "unsolicited.syn_ack", ("ESTABLISHED", "SYN_RECEIVED")),
        (
            [(5 * n, f"10.0.0.1.4000 > 10.0.0.2.{80 + n}", "S", "seq 10, ") for n in range(6)],
            "scan_like.syn",
            ("SYN_SENT", "UNKNOWN"),
        ),
        (
            [(0, ASKED, "S", "seq 10, "), (1, ANSWERED, ".", "ack 5000, ")],
            "rejected_old",
            ("SYN_SENT", "UNKNOWN"),
        ),
    ],
    ids=["SYN-ACK", "SYN-ACK without SYN", "one SYN-ACK", "SYN scan", "ACK of another connection"],
)
def test_the_state_of_who_does_not_answer_is_unknown(
    lines: list[tuple[float, str, str, str]], verdict: str, states: tuple[str, str]
) -> None:
    """R19, R64, verdict 11: what is repeated without an answer may have arrived or not, and an older connection is not in the log."""
    ends = play([STAMPED.format(*line) for line in lines]).connections
    assert ends[0].verdict == verdict
    assert {(end.client_state.state.name, end.server_state.state.name) for end in ends} == {states}


OVER = USED + "C F.\nS .\nS F.\nC .\n"
OLD = ("Old duplicate", "An old copy of something already received; the {} just acknowledges again.")


@pytest.mark.parametrize(
    ("text", "step", "words"),
    [
        (USED + "S S. seq=0 ack=1 +0.1", "handshake.syn_ack.retransmit", OLD),
        (USED + "C S seq=0 +0.1", "handshake.syn.retransmit", OLD),
        (OVER + "S F. seq=1 +0.1\nC F. seq=101 ack=1", "teardown.fin.retransmit", OLD),
        (OVER + "C F. seq=101 ack=1 +0.1", "teardown.fin.retransmit", ("Segment for a closed connection", "")),
        (OPEN + "S S. seq=0 ack=1 +0.1", "handshake.syn_ack.retransmit", ("SYN-ACK retransmission", "")),
        ("C S\nS S.\nC S seq=0 +1", "handshake.syn.retransmit", ("SYN retransmission", "")),
        (USED + "C F.\nS .\nC F. seq=101 +0.1", "teardown.fin.retransmit", ("FIN retransmission", "")),
    ],
    ids=["SYN-ACK", "SYN", "FIN", "FIN to a closed end", "SYN-ACK unheard", "SYN unheard", "FIN unheard"],
)
def test_who_has_processed_the_answer_repeats_nothing(text: str, step: str, words: tuple[str, str]) -> None:
    """R17: an observed fact stands, so that what looks like a repetition is a copy that the path has kept."""
    (*_, last), _ = conversation(text)
    named, said = title_of(last, "en"), text_of(last, "en")
    assert (last.step, named) == (step, words[0])
    assert said.startswith(words[1].format("client" if last.sender == "server" else "server")) or not words[1]
    remarks = " ".join(finding_text(one, last, "en") for one in last.findings)
    assert ("so far" in remarks) is (named == "SYN retransmission")


@pytest.mark.parametrize("half", ["", "C F.\nS .\n"], ids=["open", "half closed"])
def test_a_copy_of_the_syn_is_answered_by_a_challenge_ack(half: str) -> None:
    """T58, T91: in a synchronized state whatever number a SYN has."""
    steps, (end,) = conversation(f"{USED}{half}C S seq=0 +0.1\nS .")
    assert [step.step for step in steps[-2:]] == ["handshake.syn.retransmit", "ack.challenge"]
    assert end.verdict == ("half_closed.by_client" if half else "still_open.data")


FIRST, SECOND = 2_000_000_000, 2_000_012_345


@pytest.mark.parametrize(
    ("again", "taken", "expected"),
    [
        (True, SECOND, (0.02, 0.01, 0.01, True, None)),
        (False, SECOND, (1.03, 1.02, 0.01, None, "near_client")),
        (True, FIRST, (1.03, 0.01, 1.02, None, None)),
        (False, FIRST, (1.03, 0.01, 1.02, None, "near_server")),
    ],
    ids=["second SYN, second answer", "one SYN, second answer", "second SYN, first answer", "one SYN, first answer"],
)
def test_a_handshake_is_measured_with_the_answer_that_was_taken(
    again: bool,  # noqa: FBT001 - a column
    taken: int,
    expected: tuple[float, float, float, bool | None, str | None],
) -> None:
    """R129, R40, R130, T15: until the third step tells, either SYN-ACK may be the one; then the other gives no sample."""
    lines = [
        STAMPED.format(0, ASKED, "S", "seq 10, "),
        STAMPED.format(0.01, ANSWERED, "S.", f"seq {FIRST}, ack 11, "),
        *([STAMPED.format(1.01, ASKED, "S", "seq 10, ")] if again else []),
        STAMPED.format(1.02, ANSWERED, "S.", f"seq {SECOND}, ack 11, "),
        STAMPED.format(1.03, ASKED, ".", f"ack {taken + 1}, "),
    ]
    steps, (end,) = play(lines)
    (doubt,) = steps[-2].findings
    assert (steps[-2].step, doubt.confidence, str(steps[-2].client.after)) == (
        "handshake.syn_ack.bad_ack",
        "possible",
        "ESTABLISHED?",
    )
    names = ("handshake_time", "rtt_server", "rtt_client", "handshake_ambiguous", "vantage")
    assert tuple(end.metrics.get(name) for name in names) == expected
    assert end.client_state.state is State.ESTABLISHED
    samples = end.metrics["rtt"]
    assert isinstance(samples, dict)
    assert (samples["server"] is None) is (taken == SECOND)


@pytest.mark.parametrize(
    ("text", "en", "zh"),
    [
        ("C S\nS S.\nC .", "The client acknowledges the server's SYN", "客户端确认服务器端的 SYN"),
        ("C S\nS S\nC S. seq=0\nS .", "The server acknowledges the client's SYN", "服务器端确认客户端的 SYN"),
    ],
    ids=["ordinary", "split"],
)
def test_the_third_step_acknowledges_the_others_syn(text: str, en: str, zh: str) -> None:
    """R62: in a split handshake the server has the last word."""
    (*_, last), _ = conversation(text)
    assert (last.step, last.rel_ack) == ("handshake.ack", 1)
    assert text_of(last, "en").startswith(en)
    assert text_of(last, "zh").startswith(zh)


@pytest.mark.parametrize(
    ("text", "client"),
    [
        ("C S\nS S. unseen\nC . ack=1 +0.1\nC P. 10\nS . +0.3", 1),
        ("C S\nS S. unseen\nS P. 10 seq=1 ack=1 +0.3\nC .", None),
        ("C S\nS S. +0.1\nC .", 1),
        ("C S unseen\nS S.\nC . +0.1\nS P. 10", None),
    ],
    ids=["acknowledged with data", "by data", "by its SYN-ACK", "not captured"],
)
def test_a_syn_gives_no_sample_without_its_answer(text: str, client: int | None) -> None:
    """R130, R16: the SYN-ACK was sent, and answered it, but is not in the log."""
    _, (end,) = conversation(text)
    samples = end.metrics.get("rtt")
    assert samples is None or isinstance(samples, dict)
    found = None if samples is None else samples["client"]
    assert (None if found is None else found["count"]) == client


@pytest.mark.parametrize("accepted", [0, 50])
def test_what_a_fast_open_server_has_not_accepted_comes_with_the_third_step(accepted: int) -> None:
    """R97.9, tfo_fallback_data: what is left of the SYN's data is no retransmission, however much was accepted."""
    cookie = "<mss 1460,tfo  cookie 0102030405060708,nop,nop>"
    (*_, last), (end,) = conversation(
        f"C S 100 {cookie}\nS S. ack={accepted + 1}\nC P. {100 - accepted} seq={accepted + 1}"
    )
    assert (last.step, "tfo_fallback_data" in last.modifiers, last.findings) == ("handshake.ack_data", True, ())
    assert end.metrics["payload_bytes"] == {"client": 100, "server": 0}


def test_data_of_the_server_may_come_before_the_third_step() -> None:
    """R131: with Fast Open the first octet is ahead of it, by the same clock."""
    shorthand = "C S 10 <tfo cookie>\nS S. ack=11\nS P. 9\nC . +0.04"
    found = stepping(shorthand, back=0, at=9)[1].metrics
    assert found["time_to_first_byte"] == -0.04
    assert "time_to_first_byte" not in stepping(shorthand, back=2, at=3)[1].metrics


@pytest.mark.parametrize("ack", ["1", "..."])
def test_a_third_step_behind_a_syn_ack_without_numbers(ack: str) -> None:
    """R33: what follows counts from the SYN-ACK, whatever numbers it had."""
    lines = [
        "IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq ..., win 9, length 0",
        "IP 10.0.0.2.80 > 10.0.0.1.5: Flags [S.], seq ..., ack ..., win 9, length 0",
        f"IP 10.0.0.1.5 > 10.0.0.2.80: Flags [.], ack {ack}, win 9, length 0",
    ]
    assert [one.step for one in play(lines)[0]] == ["handshake.syn", "handshake.syn_ack", "handshake.ack"]


@pytest.mark.parametrize("fins", ["C F.\nS .\n", "S F.\n", "C F.\nS F.\n"], ids=["client", "server", "both"])
def test_a_syn_ack_that_acknowledges_what_was_sent_opens_nothing(fins: str) -> None:
    """R43, T57, RFC 5961 section 4: whatever its number, it is of this connection, which goes on."""
    steps, (_end,) = conversation(f"C S\nS S.\nC .\nC P. 100\nS P. 10\nC .\n{fins}C S. isn=9000 ack=11")
    assert steps[-1].step == "handshake.syn_ack.bad_ack"
    assert (steps[-1].client.after, steps[-1].server.after) == (steps[-2].client.after, steps[-2].server.after)


@pytest.mark.parametrize("flags", ["FR.", "FR.EW", "FSEW", "FS.E"])
def test_what_no_tcp_sends_takes_no_part_in_a_handshake(flags: str) -> None:
    """R102, T113: it completes none, and neither offers nor accepts anything."""
    steps, _ = conversation(f"C S\nS S.\nC {flags}")
    assert {"completes_handshake", "ecn_setup", "ecn_accept"}.isdisjoint(steps[-1].modifiers)


@pytest.mark.parametrize("flags", ["FS", "FS.", "none", "F", "FPU"])
@pytest.mark.parametrize("seq", [0, 77])
def test_a_syn_behind_what_no_tcp_sends_opens_a_connection(flags: str, seq: int) -> None:
    """R43: nothing was open before, whatever the number of the probe was."""
    steps, (_, end) = conversation(f"C {flags} seq={seq}\nC S seq=0\nS S. ack=1\nC . seq=1 ack=1")
    assert [step.step for step in steps[1:]] == ["handshake.syn", "handshake.syn_ack", "handshake.ack"]
    assert (end.verdict, end.segments) == ("still_open.no_data", 3)


@pytest.mark.parametrize(("flags", "missing"), [("FS", False), ("FSPU", False), ("FPU", True), ("none", True)])
def test_a_syn_that_no_tcp_sends_was_captured(flags: str, missing: bool) -> None:  # noqa: FBT001 - a column
    """syn_not_captured: old stacks answer SYN+FIN as they do a SYN."""
    steps, _ = conversation(f"C {flags} seq=0\nS S. ack=1\nC R seq=1")
    assert steps[1].step == "handshake.syn_ack"
    assert ("syn_not_captured" in steps[1].modifiers) is missing


@pytest.mark.parametrize("absolute", [True, False])
@pytest.mark.parametrize(
    ("text", "later", "verdict"),
    [
        ("S P. 5\nC .", "handshake.ack", "still_open.data"),
        ("S P. 5\nS P. 5\nC P. 3", "handshake.ack_data", "still_open.data"),
        ("S F.\nC .\nC F.\nS .", "handshake.ack teardown.fin.passive teardown.last_ack", "complete.clean"),
        ("S F.\nC F.\nS .", "teardown.fin_ack teardown.last_ack", "complete.clean"),
    ],
    ids=["data", "more data", "FIN", "FINs"],
)
def test_the_third_step_is_known_behind_what_came_after_a_syn_ack_that_the_log_lacks(
    text: str, later: str, verdict: str, *, absolute: bool
) -> None:
    """R13 c, R16, R97.10: who acknowledges the other's SYN has completed the handshake, whatever was captured of the other."""
    steps, (end,) = conversation(f"C S\nS S. unseen\nC . unseen\n{text}\nC P. 4 seq=900 ack=900", absolute=absolute)
    first = next(place for place, step in enumerate(steps) if place and step.sender == "client")
    assert " ".join(step.step for step in steps[first:-1]) == later
    assert "synack_not_captured" in steps[first].modifiers
    assert not steps[-1].step.startswith("handshake.")
    assert end.verdict == verdict


def test_what_was_rejected_was_not_if_its_receiver_has_sent_it() -> None:
    """Verdict 11: a hole in the log behind the SYN is no old connection."""
    (*_, last), (end,) = conversation("C S\nS S. unseen\nC . unseen\nC P. 10 unseen\nS .\nC P. 10\nS .")
    assert last.step == "data.ack"
    assert end.verdict == "still_open.data"


@pytest.mark.parametrize("between", ["", SYN], ids=["captured twice", "asked for again"])
def test_each_syn_is_answered_however_soon_the_answer_was_repeated(between: str) -> None:
    """R112, T35: both timers run out after a second, so that a repeated SYN finds a SYN-ACK that has just been repeated."""
    log = line(0, "C", SYN) + line(0.00002, "S", SYN_ACK) + line(1.0070, "S", SYN_ACK)
    log += line(1.0071, "C", between) if between else ""
    log += line(1.0072, "S", SYN_ACK) + line(1.0073, "C", "Flags [.], ack 7001, win 1000, length 0")
    steps, _ = explained(log)
    once, again = "handshake.syn_ack.retransmit", "handshake.syn.retransmit"
    assert [step.step for step in steps[2:-1]] == (
        [once, again, once] if between else [once, "stepless.capture_duplicate"]
    )
    assert state_text(steps[-1].client.after) == "ESTABLISHED"


@pytest.mark.parametrize("syns", [1, 2])
def test_each_of_two_syns_is_answered(syns: int) -> None:
    """R112, T35: at the client both SYN-ACKs come within a moment, and the first has its ACK before the second is there."""
    log = "".join(line(0.5 * number, "C", SYN) for number in range(syns)) + line(1, "S", SYN_ACK)
    log += line(1.0001, "C", "Flags [.], ack 7001, win 1000, length 0") + line(1.0005, "S", SYN_ACK)
    steps, _ = explained(log + line(1.0006, "C", "Flags [.], ack 7001, win 1000, length 0"))
    told = {
        1: ["stepless.capture_duplicate", "stepless.ack"],
        2: ["handshake.syn_ack.retransmit", "handshake.ack.repeat"],
    }
    assert [step.step for step in steps[-2:]] == told[syns]


CLOSED_BY_SERVER = "C S\nS S.\nC .\nS F.\nC .\nC F.\n"


@pytest.mark.parametrize(
    ("close", "third", "step"),
    [
        ("S .\n", "C .", "handshake.ack"),
        ("S .\n", "C P. 5", "handshake.ack_data"),
        ("S . unseen\n", "C .", "handshake.ack"),
        ("S . unseen\n", "C P. 5", "handshake.ack_data"),
    ],
    ids=["closed", "closed, data", "last ACK not captured", "last ACK not captured, data"],
)
@pytest.mark.parametrize("absolute", [True, False])
def test_a_third_step_shows_that_time_wait_has_taken_the_syn(
    close: str, third: str, step: str, *, absolute: bool
) -> None:
    """R16, R44: the SYN-ACK is not in the log, but nobody sends a third step without one; no FIN leaves room for its ack."""
    again = f"C S isn=3000100000 +1\nS S. isn=1000900000 unseen\n{third}\nS P. 7\nC ."
    steps, (_, end) = conversation(CLOSED_BY_SERVER + close + again, absolute=absolute)
    opened = next(one for one in steps if one.step == step and one.flow.conn == end.flow.conn)
    assert f"{opened.client.after}/{opened.server.after}" == "ESTABLISHED/ESTABLISHED?"
    assert {finding.code for finding in opened.findings} - {"multiple_connections"} == {"time_wait_reuse"}
    assert str(steps[-2].server.after) == "ESTABLISHED"
    assert (end.verdict, "time_wait_rejected" in end.findings) == ("still_open.data", False)


def test_an_acknowledgment_of_the_old_connection_is_none_of_a_new_one() -> None:
    """R44: a SYN that somebody has forged opens nothing while the connection it comes in goes on."""
    steps, _ = conversation(CLOSED_BY_SERVER + "C S isn=3000100000\nC . ack=2 seq=2\nS .")
    assert [step.flow.conn for step in steps[-3:]] == [1, 1, 1]
