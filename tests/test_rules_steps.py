"""One step a record, modifiers beside it: the closed lists, the order of the questions, and the words (R96 to R102)."""

from __future__ import annotations

import re

import pytest
from played import conversation, play
from scenario import SERVER, log, packets, printed

from tdparse import catalog
from tdparse.model import Step
from tdparse.render.text import Text
from tdparse.wording import finding_text, text, title

OPEN = "C S\nS S.\nC .\n"
USED = OPEN + "C P. 100\nS .\n"
CLOSED_BY_CLIENT = USED + "C F.\nS F.\nC .\n"

# What makes the last record of a conversation the step; virtual steps have no record (R98).
STEPS = {
    "handshake.syn": "C S",
    "handshake.syn_ack": "C S\nS S.",
    "handshake.ack": OPEN,
    "handshake.ack_data": "C S\nS S.\nC P. 5",
    "handshake.syn.retransmit": "C S\nC S +1",
    "handshake.syn_ack.retransmit": "C S\nS S.\nS S. +1",
    "handshake.ack.repeat": OPEN + "S S. +1\nC .",
    "handshake.syn.tfo_request": "C S <tfo  cookiereq>",
    "handshake.syn.tfo_data": "C S 5 <tfo  cookie a1b2>",
    "handshake.syn_ack.tfo_grant": "C S <tfo  cookiereq>\nS S. <tfo  cookie a1b2>",
    "handshake.syn_ack.tfo_accept": "C S 5 <tfo  cookie a1b2>\nS S.",
    "handshake.syn_ack.tfo_fallback": "C S 5 <tfo  cookie a1b2>\nS S. ack=1",
    "handshake.syn.simultaneous": "C S lost\nS S",
    "handshake.syn_ack.simultaneous": "C S lost\nS S lost\nC S. ack=1",
    "handshake.syn.unexpected": USED + "C S isn=9000 +9",
    "handshake.syn_ack.bad_ack": "C S\nS S. ack=77",
    "handshake.refused": "C S\nS R.",
    "handshake.abort": "C S\nS S.\nC R",
    "data.push": OPEN + "C P. 5",
    "data.segment": OPEN + "C . 5",
    "data.urgent": OPEN + "C P.U 5 urg=3",
    "data.early": "C S 5 <tfo  cookie a1b2>\nS S.\nS P. 7",
    "data.half_close": USED + "C F.\nS .\nS P. 7",
    "data.retransmit": USED + "C P. 100 seq=1 +0.3",
    "data.gap_fill": OPEN + "C P. 10 unseen\nC P. 10\nC P. 10 seq=1",
    "data.ack": USED,
    "ack.duplicate": OPEN + "S . 10\nC .\nS . 10 lost\nS . 10\nC .",
    "ack.window_update": USED + "S . win=700",
    "ack.zero_window": USED + "S . win=0",
    "ack.challenge": USED + "C R seq=111\nS .",
    "probe.keep_alive": USED + "C . 1 seq=100 +10",
    "probe.keep_alive_ack": USED + "C . 1 seq=100 +10\nS .",
    "probe.zero_window": USED + "S . win=0\nC . +0.3",
    "probe.zero_window_ack": USED + "S . win=0\nC . +0.3\nS . win=0",
    "teardown.fin.active": USED + "C F.",
    "teardown.ack_of_fin": USED + "C F.\nS .",
    "teardown.fin.passive": USED + "C F.\nS .\nS F.",
    "teardown.fin_ack": USED + "C F.\nS F.",
    "teardown.last_ack": CLOSED_BY_CLIENT,
    "teardown.fin.simultaneous": USED + "C F. lost\nS F.",
    "teardown.ack_of_fin.simultaneous": USED + "C F. lost\nS F.\nC .",
    "teardown.fin.retransmit": USED + "C F.\nC F. seq=101 +0.3",
    "teardown.ack.repeat": CLOSED_BY_CLIENT + "S F. seq=1 +0.3\nC .",
    "reset.abort": USED + "C R.",
    "reset.reply": USED + "S P. 5\nC R seq=101",
    "reset.after_fin": USED + "C F.\nS .\nS R.",
    "reset.in_time_wait": CLOSED_BY_CLIENT + "S R",
    "reset.reject_bad_ack": "C S\nS S. ack=77\nC R seq=77",
    "reset.ignored": USED + "C R seq=50",
    "reset.repeat": USED + "C R.\nC R +0.1",
    "stepless.ack": "C S\nS .",
    "stepless.bad_ack": "C S\nS S.\nC . ack=77",
    "stepless.old_duplicate": OPEN.replace("S", "S <TS val 1 ecr 0>", 1).replace("S.", "S. <TS val 8 ecr 1>")
    + "C P. 10 <TS val 20 ecr 8>\nS . <TS val 9 ecr 20>\nC P. 10 seq=1 <TS val 20 ecr 8> +0.5",
    "stepless.stray": USED + "C R.\nC . +0.1",
    "stepless.invalid_flags": USED + "C FS",
    "stepless.capture_duplicate": USED + "C P. 10\nC P. 10 seq=101 +0.0001",
}
# Steps that a scenario cannot print, or that have no record.
ELSEWHERE = {
    "teardown.fin.first_seen", "stepless.truncated", "timer.time_wait_expired", "timer.give_up",
}  # fmt: skip


def steps_of(conversation_text: str) -> list[Step]:
    """Return the steps of a conversation."""
    return conversation(conversation_text).steps


def last(conversation_text: str) -> Step:
    """Return the last step of a conversation."""
    return steps_of(conversation_text)[-1]


# ------------------------------------------------------------------ the closed lists


def test_what_is_quiet_is_not_cut_off() -> None:
    """-q prints no flags: nothing is missing from the record, and whether the connection was open before is unknown."""
    quiet = play(["12:00:00.006000 IP 192.0.2.1.40000 > 192.0.2.2.80: tcp 7"]).steps[-1]
    assert quiet.step == "stepless.truncated"
    assert [finding.code for finding in quiet.findings] == ["truncated_record"]
    for lang in ("en", "zh"):
        said = [text(quiet, lang), finding_text(quiet.findings[0], quiet, lang)]
        assert not any("cut off" in one or "截断" in one for one in said)


@pytest.mark.parametrize(
    ("end", "sentence"),
    [
        (USED + "C P. 1", "The client sends 1 byte (101 to 101) and sets PSH: deliver to the application "),
        (USED + "C . 21", "The client sends 21 bytes (101 to 121); more data of the same write follows."),
        (USED + "C P. 1\nS .", "The server confirms 1 byte: ack=102 is the next byte it expects."),
        (USED + "C FP. 1", "The client closes first: FIN at 102, no more data will follow from it; it enters "),
    ],
)
def test_one_byte_is_told_in_the_singular(end: str, sentence: str) -> None:
    """R101: a count and its noun agree."""
    said = text(last(end), "en")
    assert said.startswith(sentence)
    assert " 1 bytes" not in said


@pytest.mark.parametrize(("n", "missing"), [(1, "Byte 101 is missing"), (2, "2 bytes (101-102) are missing")])
def test_a_gap_of_one_byte_is_told_in_the_singular(n: int, missing: str) -> None:
    """lost_segment: its verb agrees with the count, too."""
    step = last(USED + f"C P. {n} unseen\nC P. 5")
    said = [finding_text(one, step, "en") for one in step.findings if one.code == "lost_segment"]
    assert said == [f"{missing} before this segment."]


def test_an_address_stands_apart_from_chinese_words() -> None:
    """R101: where the roles are guessed sentences name the ends by their addresses."""
    client, server = "192.0.2.1.40000", "192.0.2.2.41000"
    captured = packets("C P. 5\nS .\nC F.", established=True, client=client, server=server)
    first, second, third = play(printed(captured)).steps
    assert text(first, "zh").startswith("端点 192.0.2.1.40000 发送 5 字节数据")
    assert text(second, "zh").startswith("端点 192.0.2.2.41000 确认收到 5 字节")
    assert text(first, "en").startswith("The endpoint 192.0.2.1.40000 sends 5 bytes")
    assert "此时端点 192.0.2.1.40000 LAST_ACK，端点 192.0.2.2.41000 TIME_WAIT。" in text(third, "zh")


def test_both_numbers_stand_in_one_kind_of_brackets() -> None:
    """R101: the absolute one in narrow brackets, since wide ones stand around it where a sentence has an aside."""
    step = last(USED + "C F.\nS .")
    said = "服务器端确认 FIN（ack=102 (3000000102)），处于 CLOSE-WAIT；"
    assert text(step, "zh", "both").startswith(said)


@pytest.mark.parametrize("code", STEPS)
def test_a_record_gets_its_step(code: str) -> None:
    """The last record of the conversation is that step of the vocabulary (part 4.4)."""
    assert last(STEPS[code]).step == code


def test_every_step_with_a_record_has_a_conversation_here() -> None:
    """The table and the tests for what it cannot print cover the whole vocabulary."""
    assert set(catalog.codes("step")) == STEPS.keys() | ELSEWHERE


def test_what_no_scenario_prints() -> None:
    """teardown.fin.first_seen needs a beginning that was missed, stepless.truncated a record that was cut off."""
    first, *_ = conversation("C F.\nS .", established=True).steps
    assert first.step == "teardown.fin.first_seen"
    whole = log(USED)
    cut = "12:00:00.006000 IP 192.0.2.1.40000 > 192.0.2.2.80: [|tcp]"
    truncated = play([*whole, cut]).steps[-1]
    assert truncated.step == "stepless.truncated"
    assert (truncated.client.before, truncated.server.before) == (truncated.client.after, truncated.server.after)
    assert [finding.code for finding in truncated.findings] == ["truncated_record"]


@pytest.mark.parametrize("code", STEPS)
def test_steps_modifiers_and_anomalies_are_of_closed_lists(code: str) -> None:
    """R96: one step a record; modifiers in the order of R102's table, each once; anomalies of part 5."""
    order = catalog.codes("modifier")
    for step in steps_of(STEPS[code]):
        assert step.step in catalog.codes("step")
        places = [order.index(modifier) for modifier in step.modifiers]
        assert places == sorted(set(places))
        assert {finding.code for finding in step.findings} <= set(catalog.codes("finding"))


# ------------------------------------------------------------------ the order of the questions


@pytest.mark.parametrize(
    ("line", "text", "expected"),
    [
        # 1: a copy made by the capture is not a retransmission.
        (1, OPEN + "C P. 10\nC P. 10 seq=1 +0.0005", "stepless.capture_duplicate"),
        # 2: flags that no TCP sends, behind a reset too.
        (2, USED + "C R.\nC none +0.1", "stepless.invalid_flags"),
        # 3: who has reset resets again, whatever its number.
        (3, USED + "C R.\nC R seq=50 +0.1", "reset.repeat"),
        (3, "C S\nS S. ack=77\nS R. ack=1", "handshake.refused"),
        (3, "C S\nS R. ack=77", "reset.ignored"),
        (3, "C S\nS S.\nC R seq=77", "reset.ignored"),
        (3, CLOSED_BY_CLIENT + "S R", "reset.in_time_wait"),
        (3, USED + "C F.\nS .\nS P. 10\nC R", "reset.reply"),
        # 4: behind a reset nothing but a SYN means anything.
        (4, USED + "C R.\nC F. +0.003", "stepless.stray"),
        (4, USED + "C R.\nC S isn=5 +0.1", "handshake.syn"),
        # 5: the same SYN again is a retransmission even with data or an option.
        (5, "C S 5 <tfo  cookie a1b2>\nC S 5 seq=0 <tfo  cookie a1b2> +1", "handshake.syn.retransmit"),
        (5, "C S <tfo  cookiereq> +1", "handshake.syn.tfo_request"),
        # 6: accepting data wins over granting a cookie.
        (6, "C S 5 <tfo  cookie a1b2>\nS S. <tfo  cookie c3d4>", "handshake.syn_ack.tfo_accept"),
        (6, "C S 5\nS S. ack=77", "handshake.syn_ack.bad_ack"),
        # 7: before the handshake is done an ACK of nothing is no handshake step, with data or without.
        (7, "C S\nS S.\nC P. 5 ack=77", "stepless.bad_ack"),
        (7, "C S\nS S.\nC F. ack=77", "stepless.bad_ack"),
        # 8: a FIN stays a FIN, with data, repeated, or as the third step.
        (8, OPEN + "C FP. 10", "teardown.fin.active"),
        (8, OPEN + "C FP. 10\nC FP. 10 seq=1 +0.3", "teardown.fin.retransmit"),
        (8, "C S\nS S.\nC F.", "teardown.fin.active"),
        # 9: what was sent before is a retransmission, with URG or PSH, half-closed or not.
        (9, OPEN + "C P.U 10 urg=1\nC P.U 10 urg=1 seq=1 +0.3", "data.retransmit"),
        (9, USED + "C F.\nS P. 10\nS P. 10 seq=1 +0.3", "data.retransmit"),
        (9, USED + "C F.\nS .\nS P.U 10 urg=1", "data.half_close"),
        (9, OPEN + "C P.U 10 urg=1", "data.urgent"),
        (9, USED + "S . win=0\nC P. 1", "probe.zero_window"),
        # 10: first of all an empty ACK completes the handshake.
        (10, "C S\nS S.\nS S. +1\nC .", "handshake.ack"),
        (10, USED + "C F.\nS . win=700", "teardown.ack_of_fin"),
        (10, USED + "C P. 10\nS . win=0", "data.ack"),
    ],
)  # fmt: skip
def test_the_first_line_that_applies_wins(line: int, text: str, expected: str) -> None:
    """R97: where several of its ten lines fit, the earliest decides; the reference names that line for `why`."""
    assert last(text).step == expected
    place = int(catalog.reference("step", expected).facts["place"])
    assert place == line or expected == "handshake.syn"


# ------------------------------------------------------------------ words


@pytest.mark.parametrize(
    ("code", "zh"),
    [
        ("handshake.syn", "三次握手第 1 步"),
        ("handshake.syn_ack", "三次握手第 2 步"),
        ("handshake.ack", "三次握手第 3 步"),
        ("teardown.fin.active", "四次挥手第 1 步"),
        ("teardown.ack_of_fin", "四次挥手第 2 步"),
        ("teardown.fin.passive", "四次挥手第 3 步"),
        ("teardown.last_ack", "四次挥手第 4 步"),
        ("teardown.fin_ack", "四次挥手第 2、3 步合并"),
    ],
)
def test_chinese_counts_handshakes_and_waves(code: str, zh: str) -> None:
    """R99: three handshakes and four waves, the second and third merged where one segment is both."""
    assert title(last(STEPS[code]), "zh").startswith(zh)


@pytest.mark.parametrize(
    "code",
    ["teardown.fin.simultaneous", "teardown.ack_of_fin.simultaneous", "data.half_close"],
)
def test_what_belongs_to_no_wave_has_no_number(code: str) -> None:
    """R99: not in a simultaneous close, and not for data between the second and the third wave."""
    step = last(STEPS[code])
    assert not re.search(r"第 ?\d|第[一二三四]次", title(step, "zh") + text(step, "zh"))
    seen, *_ = conversation("C F.\nS .", established=True).steps
    assert not re.search(r"第 ?\d|第[一二三四]次", title(seen, "zh") + text(seen, "zh"))


def test_only_applications_that_exist_are_spoken_of() -> None:
    """R100: nobody calls accept() where both connect, and nobody reads in TIME-WAIT."""
    view = Text("en", verbose=True)
    ordinary = "\n".join(view.explanation(last(OPEN)))
    assert "Socket calls: " in ordinary
    assert "accept()" in ordinary
    crossing = steps_of("C S lost\nS S lost\nC S. ack=1\nS S. ack=1\nC .")
    told = ["\n".join(view.explanation(step)) for step in crossing[2:]]
    assert all("connect()" in one and "accept()" not in one for one in told)
    assassinated = "\n".join(view.explanation(last(CLOSED_BY_CLIENT + "S R")))
    assert "Socket calls: None." in " ".join(assassinated.split())


@pytest.mark.parametrize(
    ("wait", "en", "zh"),
    [("0.0005", "500 µs", "500 µs"), ("0.3", "300.0 ms", "300.0 ms"), ("12.345", "12.35 s", "12.35 s")],
)
def test_a_duration_has_the_unit_that_suits_it(wait: str, en: str, zh: str) -> None:
    """R101: below 1 ms in µs, below 1 s in ms with one decimal, else in s with two."""
    step = last(f"C S <mss {wait[-1]}>\nC S +{wait}")
    assert step.step == "handshake.syn.retransmit"
    assert f"(attempt 2, {en} after the first)" in text(step, "en")
    assert f"距首次 {zh}）" in text(step, "zh")


def test_octets_are_counted_from_the_first() -> None:
    """R101, R35: {first} and {last} are relative, the last one inclusive; {n} of a data.ack is what is newly confirmed."""
    data, ack = steps_of(USED)[-2:]
    assert text(data, "en").startswith("The client sends 100 bytes (1 to 100)")
    assert text(ack, "en").startswith("The server confirms 100 bytes")


# ------------------------------------------------------------------ modifiers

MODIFIERS = {
    "with_data": (USED + "C FP. 10", "It also carries 10 bytes of data (101 to 110)."),
    "fin_not_covered": (
        USED + "S P. 5\nS F.\nC . ack=6", "The FIN of the server is not confirmed by it: the client had not processed",
    ),
    "piggyback_ack": (USED + "S P. 5\nC P. 7", "It also acknowledges up to k+6."),
    "tfo_fallback_data": ("C S 5 <tfo  cookie a1b2>\nS S. ack=1\nC P. 5 seq=1", "These are the bytes of the SYN, sent again."),
    "completes_handshake": ("C S\nS S.\nC F.", "It also completes the three-way handshake."),
    "reuse": (CLOSED_BY_CLIENT + "C S isn=9 +90", "Same addresses and ports as an earlier connection."),
    "tentative": (USED + "C S isn=9 +9", ""),
    "syn_not_captured": ("C S unseen\nS S.", "The SYN itself was not captured."),
    "synack_not_captured": ("C S\nS S. unseen\nC .", "The SYN-ACK was not captured, but must have been sent."),
    "zero_win": (OPEN + "C P. 9\nS . win=0", "Its receive window is now 0."),
    "offload": ("C S <mss 1000>\nS S. <mss 1000>\nC .\nC . 2000", "Larger than the MSS: segmentation offload"),
    "inferred_seq": (OPEN, ""),
    "scaled": ("C S <wscale 7>\nS S. <wscale 7>\nC .", ""),
    "raw_win": ("C S <wscale 7> unseen\nS S. <wscale 7>\nC .", ""),
    "ecn_setup": ("C SEW", "It offers ECN."),
    "ecn_accept": ("C SEW\nS S.E", "It accepts ECN."),
    "ecn_echo": ("C SEW\nS S.E\nC .\nC . 9\nS .E", "It echoes a congestion mark."),
    "ecn_cwr": ("C SEW\nS S.E\nC .\nC P.W 9", "It has reduced its congestion window."),
    "accecn": ("C SEWe", "It offers ECN."),
    "sack": (OPEN + "S . 9 lost\nS . 9\nC . sack=10-19", "It reports later data received out of order (SACK)."),
    "dsack": (OPEN + "S . 9\nC .\nS . 9 seq=1\nC . sack=1-10", "It reports data received twice (D-SACK)."),
    "mptcp": ("C S <mptcp 4 capable v1>", ""),
}  # fmt: skip


@pytest.mark.parametrize("code", MODIFIERS)
def test_a_modifier_adds_its_clause(code: str) -> None:
    """R102: the record carries the modifier, and its explanation goes on with the clause, in both languages."""
    conversation_text, clause = MODIFIERS[code]
    step = last(conversation_text)
    assert code in step.modifiers
    assert clause in text(step, "en", "symbolic")
    bare = step._replace(modifiers=tuple(other for other in step.modifiers if other != code))
    for lang in catalog.LANGUAGES:
        silent = not catalog.sentence("modifier", code, lang)
        assert (text(step, lang) == text(bare, lang)) == silent


def test_clauses_follow_each_other_in_the_order_of_the_table() -> None:
    """R102: with_data before piggyback_ack before zero_win, each in a sentence of its own."""
    step = last(USED + "S P. 5\nC FP. 7")
    assert [code for code in step.modifiers if code in {"with_data", "piggyback_ack"}] == ["with_data", "piggyback_ack"]
    told = text(step, "en")
    assert told.index("It also carries 7 bytes") < told.index("It also acknowledges up to")


def test_modifiers_that_need_more_than_a_conversation() -> None:
    """R102: `midstream` offers the other reading of a close without its beginning, `wrap` a range that crosses 2^32."""
    fin, ack = conversation("S F.\nC .", established=True).steps
    assert "midstream" in fin.modifiers
    assert "midstream" in ack.modifiers
    assert "Other reading: this belongs to the second half of the close; then: client TIME_WAIT" in text(ack, "en")
    found = packets(USED, isns=(2**32 - 50, 1000))
    wrapped = [step for step in play(printed(found)).steps if "wrap" in step.modifiers]
    assert [step.step for step in wrapped] == ["data.push"]
    assert "The sequence number wraps around to 0 inside this segment." in text(wrapped[0], "en")
    assert SERVER in wrapped[0].segment.text
