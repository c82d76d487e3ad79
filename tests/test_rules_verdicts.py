"""One small log a verdict, with what Zeek and Wireshark call the same connection (R115 to R125, part 6.5)."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from played import Played, conversation, play
from scenario import NOON, packets, printed

from tdparse import catalog
from tdparse.model import Summary
from tdparse.render.text import Text
from tdparse.wording import cause, check, notes, verdict_text

OPEN = "C S\nS S.\nC .\n"
USED = OPEN + "C P. 100\nS .\n"
MIDDLE = "S P. 200\nC .\n"


class Log(NamedTuple):
    """A conversation, and how it is summed up."""

    text: str
    zeek: str
    history: str
    completeness: int
    shape: str = "none"
    closed_first: str | None = None
    established: bool = False  # the capture began after the handshake


VERDICTS = {
    "scan_like.null": Log("C none", "OTH", "", 0),
    "scan_like.xmas": Log("C FPU seq=5\nS R. ack=6", "RSTR", "Fr", 36, "reset", "server"),
    "scan_like.fin": Log("C F seq=5", "SH", "F", 0),
    "scan_like.bad_flags": Log("C SR", "OTH", "Q", 1),
    "unsolicited.syn_ack": Log("S S. ack=1\nC R seq=1", "RSTO", "hR", 32, "reset", "client"),
    "unsolicited.rst": Log("S R seq=7", "RSTRH", "r", 32, "reset", "server"),
    "no_answer": Log("C S\nC S +1\nC S +2", "S0", "S", 1),
    "refused": Log("C S\nS R.", "REJ", "Sr", 37, "reset", "server"),
    "rejected_old": Log("C S\nS . ack=4000", "S0", "Sa", 5),
    "handshake_mismatch": Log("C S\nS S. ack=77\nC R seq=77", "RSTO", "ShR", 35),
    "syn_ack_unanswered": Log("C S\nS S.\nS S. +1", "S1", "Sh", 3),
    "reset_by_client.handshake": Log("C S\nS S.\nC R", "RSTO", "ShR", 35, "reset", "client"),
    "reset_by_server.handshake": Log("C S\nS S.\nS R", "RSTR", "Shr", 35, "reset", "server"),
    "reset_by_client.open": Log(OPEN + "C R", "RSTO", "ShAR", 39, "reset", "client"),
    "reset_by_server.open": Log(OPEN + "S R", "RSTR", "ShAr", 39, "reset", "server"),
    "reset_by_client.data": Log(USED + "C R.", "RSTO", "ShADaR", 47, "reset", "client"),
    "reset_by_server.data": Log(USED + "S R.", "RSTR", "ShADar", 47, "reset", "server"),
    "reset_by_client.close": Log(USED + "S F.\nC .\nC R.", "RSTO", "ShADafR", 63, "reset", "server"),
    "reset_by_server.close": Log(USED + "C F.\nS .\nS R.", "RSTR", "ShADaFr", 63, "reset", "client"),
    "complete.clean": Log(USED + "C F.\nS .\nS F.\nC .", "SF", "ShADaFf", 31, "four_segment", "client"),
    "complete.no_last_ack": Log(USED + "C F.\nS .\nS F.", "SF", "ShADaFf", 31, "four_segment", "client"),
    "half_closed.by_client": Log(USED + "C F.\nS .", "S2", "ShADaF", 31, "half", "client"),
    "half_closed.by_server": Log(USED + "S F.\nC .", "S3", "ShADaf", 31, "half", "server"),
    "close_unanswered.by_client": Log(USED + "C F.\nC F. seq=101 +0.3", "S2", "ShADaF", 31, "half", "client"),
    "close_unanswered.by_server": Log(USED + "S F.\nS F. seq=1 +0.3", "S3", "ShADaf", 31, "half", "server"),
    "stalled.unacked_client": Log(OPEN + "C P. 100 lost\nC P. 100 seq=1 +0.2\nC P. 100 seq=1 +0.4", "S1", "ShAD", 15),
    "stalled.unacked_server": Log(OPEN + "S P. 100 lost\nS P. 100 seq=1 +0.2\nS P. 100 seq=1 +0.4", "S1", "ShAd", 15),
    "stalled.zero_window_client": Log(OPEN + "S P. 100\nC . win=0\nS . +0.3\nC . win=0", "S1", "ShAda", 15),
    "stalled.zero_window_server": Log(OPEN + "C P. 100\nS . win=0\nC . +0.3\nS . win=0", "S1", "ShADa", 15),
    "still_open.no_data": Log(OPEN, "S1", "ShA", 7),
    "still_open.data": Log(USED, "S1", "ShADa", 15),
    "mid_stream.closed": Log(
        MIDDLE + "C F.\nS .\nS F.\nC .", "SF", "dAFaf", 20, "four_segment", "client", established=True
    ),
    "mid_stream.half_closed": Log("C .\nS .\nC F.\nS .", "SH", "AaF", 20, "half", None, established=True),
    "mid_stream.reset": Log(MIDDLE + "S R", "RSTRH", "dAr", 36, "reset", "server", established=True),
    "mid_stream.open": Log(MIDDLE + "C P. 5\nS .", "OTH", "dADa", 12, established=True),
    "one_sided.client": Log("C S\nS S. unseen\nC .\nC P. 10\nC P. 10", "S0", "SAD", 13),
    "one_sided.server": Log("S P. 10\nS P. 10\nS P. 10", "OTH", "d", 8, established=True),
}
ELSEWHERE = {"scan_like.syn", "scan_like.ack", "undetermined"}  # they take several connections, or none of the rules


def only(played: Played) -> Summary:
    """Return the summary of a log with one connection."""
    (end,) = played.connections
    return end


def verdict(text: str, *, established: bool = False) -> str:
    """Return the verdict of a conversation."""
    return only(conversation(text, established=established)).verdict


def followed(text: str, seconds: float) -> Summary:
    """Return the summary of a conversation whose log goes on so long after its last record, with another one."""
    found = packets(text)
    later = packets("C S", client="192.0.2.9.50000", start=found[-1].time + round(seconds * 1_000_000))
    return next(end for end in play(printed([*found, *later])).connections if end.flow.conn == 1)


@pytest.mark.parametrize("code", VERDICTS)
def test_a_log_gets_its_verdict(code: str) -> None:
    """Each verdict of part 6.5 (R115) with Zeek's conn_state and history (R122, R123) and Wireshark's bits (R125)."""
    log = VERDICTS[code]
    end = only(conversation(log.text, established=log.established))
    assert (end.verdict, end.zeek, end.history, end.completeness) == (code, log.zeek, log.history, log.completeness)
    assert (end.close_shape, end.closed_first) == (log.shape, log.closed_first)


def test_every_verdict_has_a_log_here() -> None:
    """The table above and the tests below it cover the whole vocabulary."""
    assert set(catalog.codes("verdict")) == VERDICTS.keys() | ELSEWHERE


@pytest.mark.parametrize("code", VERDICTS)
def test_the_words_of_other_tools_are_those_of_the_reference(code: str) -> None:
    """What `why` says that Zeek shows beside a verdict is what it does show."""
    words = catalog.reference("verdict", code).phrases["zeek"].en
    assert VERDICTS[code].zeek in words.replace(",", "").replace("(", "").split()


# ------------------------------------------------------------------ verdicts that take several connections, or none


@pytest.mark.parametrize("answer", ["S R.", "S S.\nC R", ""])
@pytest.mark.parametrize(("ports", "scan"), [(4, False), (5, True)])
def test_a_scan_is_seen_across_connections(answer: str, ports: int, *, scan: bool) -> None:
    """scan_like.syn: refused, unanswered or aborted attempts of one client at five ports or more; at four each for itself."""
    captured = [
        packet
        for number in range(ports)
        for packet in packets(f"C S\n{answer}", server=f"192.0.2.2.{20 + number}", start=NOON + number * 100_000)
    ]
    captured += packets("C S", client="192.0.2.9.50000", start=NOON + 3_000_000)  # the answers have had their time
    *ends, other = sorted(play(printed(captured)).connections, key=lambda end: end.flow.conn)
    assert len(ends) == ports
    assert {end.verdict == "scan_like.syn" for end in ends} == {scan}
    assert other.verdict == "no_answer"


@pytest.mark.parametrize("same", [False, True], ids=["ports", "one port"])
@pytest.mark.parametrize(("count", "expected"), [(4, "mid_stream.reset"), (5, "scan_like.ack")])
def test_a_scan_by_acks(count: int, expected: str, *, same: bool) -> None:
    """scan_like.ack: an empty ACK out of nowhere, answered by RST with its number, five times or more from one host."""
    captured = [
        packet
        for number in range(count)
        for packet in packets(
            "C . ack=1\nS R seq=1",
            client=f"192.0.2.1.{40000 + number * same}",
            server=f"192.0.2.2.{20 + number * (not same)}",
            start=NOON + number * 100_000,
        )
    ]
    ends = play(printed(captured)).connections
    assert [end.verdict for end in ends] == [expected] * count
    assert {(end.zeek, end.completeness) for end in ends} == {("RSTRH", 32)}


def test_undetermined_is_what_no_rule_names() -> None:
    """undetermined: the client's FIN is neither acknowledged nor is its peer silent."""
    assert verdict(USED + "C F. lost\nS P. 10") == "undetermined"


# ------------------------------------------------------------------ what decides


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C none\nC S isn=5\nS R.", "scan_like.null"),  # 1 before 10
        ("S S. ack=1\nS R seq=1\nC R seq=1", "unsolicited.syn_ack"),  # 7 before 14
        (USED + "C F.\nS .\nS R.\nC R", "reset_by_server.close"),  # 21 before 24
        (USED + "C F.\nS .\nS F.\nC .\nS R", "complete.clean"),  # an RST behind the close is late
        (
            OPEN + "C P. 100 win=0 lost\nC P. 100 seq=1 +0.2\nC P. 100 seq=1 +6",
            "stalled.unacked_client",
        ),  # 28 before 30
    ],
)
def test_the_first_rule_decides(text: str, expected: str) -> None:
    """R115: of several verdicts that fit the one that stands first."""
    ends = conversation(text).connections
    assert ends[0].verdict == expected


def test_attributes_say_what_the_verdict_leaves_out() -> None:
    """R115: data, close_shape, closed_first, time_wait, simultaneous_open, tfo, late_rst, retries, open_at_end."""
    end = only(conversation(USED + "C F.\nS .\nS F.\nC .\nS R"))
    assert (end.data, end.close_shape, end.closed_first, end.time_wait) == ("client", "four_segment", "client", ())
    assert (end.attributes["late_rst"], end.attributes["open_at_end"]) == (True, False)
    end = only(conversation("C S\nC S +1\nC S +2\nS S.\nC .\nS P. 5\nC P. 5"))
    assert (end.data, end.attributes["retries"], end.attributes["open_at_end"]) == ("both", 2, True)
    assert (end.flow.role_confidence, end.attributes.keys() & {"late_rst", "tfo", "simultaneous_open"}) == (1.0, set())
    opened = only(conversation("C S lost\nS S lost\nC S. ack=1\nS S. ack=1\nC ."))
    assert opened.attributes["simultaneous_open"] is True
    fast = only(conversation("C S 8 <tfo  cookie a1b2c3d4>\nS S.\nC ."))
    assert fast.attributes["tfo"] == "accepted"


@pytest.mark.parametrize(
    ("step", "text", "expected"),
    [
        ("reset.ignored", USED + "C R seq=50", "still_open.data"),
        ("reset.reject_bad_ack", "C S\nS S. ack=77\nC R seq=77\nS S. ack=1\nC .", "still_open.no_data"),
        ("reset.in_time_wait", USED + "C F.\nS F.\nC .\nS R", "complete.clean"),
        ("reset.repeat", USED + "C R.\nC R +0.1\nC R +0.1", "reset_by_client.data"),
    ],
)
def test_some_resets_decide_nothing(step: str, text: str, expected: str) -> None:
    """R116: reset.ignored, reset.repeat, reset.reject_bad_ack and reset.in_time_wait never make a verdict."""
    steps, (end,) = conversation(text)
    assert step in {one.step for one in steps}
    assert end.verdict == expected


def test_a_reset_that_was_retracted_decides_nothing() -> None:
    """R116, R21: whoever carries on long after "its" RST was not reset by it."""
    text = USED + "C R\nS P. 10 +2\nC . ack=11 seq=101\nS P. 10\nC . ack=21 seq=101"
    steps, (end,) = conversation(text)
    assert steps[5].step == "reset.reply"
    assert "rst_ignored" in end.findings
    assert (end.verdict, end.close_shape) == ("still_open.data", "none")
    again = only(conversation(text + "\nC R +0.1"))
    assert again.verdict == "reset_by_client.data"  # this one was not ignored any more


@pytest.mark.parametrize(
    ("text", "missing", "said"),
    [
        ("C S unseen\nS S.\nC .\nC P. 100\nS .", "syn", "the SYN was not captured"),
        ("C S\nS S. unseen\nC .\nC P. 100\nS .", "syn_ack", "the SYN-ACK was not captured"),
    ],
)
def test_half_a_handshake_is_enough(text: str, missing: str, said: str) -> None:
    """R117: if SYN or SYN-ACK is missing the verdict is that of the whole handshake, and says so; not mid_stream."""
    end = only(conversation(text))
    assert (end.verdict, end.attributes["not_captured"]) == ("still_open.data", missing)
    assert verdict_text(end, "en").startswith(f"Open at the end of the log; {said}")


def test_a_simultaneous_open_is_captured_by_its_acknowledgments() -> None:
    """R117: both SYNs and an acknowledgment of each."""
    assert verdict("C S lost\nS S lost\nC S. ack=1\nS S. ack=1\nC .") == "still_open.no_data"
    assert verdict("C S lost\nS S lost") not in {"still_open.no_data", "complete.clean"}


def test_a_fin_is_acknowledged_by_captured_segments_alone() -> None:
    """R118: the last ACK that was sent but not captured does not count."""
    assert verdict(USED + "C F.\nS .\nS F.\nC . unseen") == "complete.no_last_ack"
    assert verdict(USED + "C F.\nS .\nS F.\nC .") == "complete.clean"
    assert verdict(USED + "C F.\nS . unseen\nS F. ack=101") == "complete.no_last_ack"


@pytest.mark.parametrize(
    ("text", "phase"),
    [
        ("C S\nS S.\nS R", "handshake"),
        (OPEN + "S R", "open"),
        (OPEN + "C P. 1\nS R.", "data"),
        (OPEN + "S F.\nC .\nS R.", "close"),
        (OPEN + "C P. 1\nC F.\nS R seq=1", "close"),
    ],
)
def test_the_phase_of_a_reset(text: str, phase: str) -> None:
    """R119: handshake before the third step, open before any payload, data before any FIN, then close."""
    assert verdict(text) == f"reset_by_server.{phase}"


@pytest.mark.parametrize(
    ("text", "says"),
    [(OPEN, True), (USED, True), (USED + "C F.\nS .", True), (USED + "C F.\nS F.\nC .", False), (USED + "C R.", False)],
)
def test_how_long_the_log_goes_on(text: str, *, says: bool) -> None:
    """R120: of what is still open or half-closed, and of nothing else, the text adds how long nothing more has come."""
    end = followed(text, 12.5)
    assert ("the log goes on for 12.50 s after its last record" in verdict_text(end, "en")) == says
    assert ("之后日志还持续 12.50 s" in verdict_text(end, "zh")) == says


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        (USED + "C P. 30 lost\nS P. 7 lost", {"client": 30, "server": 7}),
        (USED + "C FP. 30 lost\nC FP. 30 seq=101 +1", {"client": 30}),
        (USED + "C P. 30\nC P. 40 lost\nS . ack=121", {"client": 50}),
        (USED + "C P. 30 unseen lost\nC P. 5", {"client": 5}),
        ("C S\nC P. 30 ack=1", {}),
        (USED + "C P. 30\nS R. ack=101", {}),
        (USED + "C F.", {}),
        (USED, {}),
    ],
    ids=["both", "sent again", "in part", "a gap", "nobody there", "reset", "a FIN", "all"],
)
def test_what_was_never_acknowledged_is_counted(text: str, octets: dict[str, int]) -> None:
    """unacked_data: no record shows it, so the end of the connection says it, each captured octet once."""
    (end,) = conversation(text).connections
    assert end.attributes.get("unacked", {}) == octets
    english = {note for note in notes(end, "en") if "never" in note}
    assert english == {f"{n} bytes of the {role} were never acknowledged in this log." for role, n in octets.items()}
    assert sum("始终" in note for note in notes(end, "zh")) == len(octets)


@pytest.mark.parametrize("absolute", [True, False])
def test_what_the_capture_has_lost_is_counted(*, absolute: bool) -> None:
    """capture_drops: of every connection that was open meanwhile, by the kernel and by the interface."""
    lines = printed(packets(USED), absolute=absolute)
    (end,) = play(
        [*lines, "9 packets captured", "3 packets dropped by kernel", "2 packets dropped by interface"]
    ).connections
    assert (end.attributes["dropped"], end.findings["capture_drops"]) == (5, 2)
    assert "The capture itself lost 5 packets: gaps prove nothing." in notes(end, "en")
    assert "抓包本身丢失了 5 个报文，缺口不能说明问题。" in notes(end, "zh")
    (end,) = play([*lines, "9 packets captured", "0 packets dropped by kernel"]).connections
    assert "dropped" not in end.attributes


@pytest.mark.parametrize("code", sorted(VERDICTS.keys() - {"mid_stream.open"}))
def test_advice_is_hedged_and_says_what_to_check(code: str) -> None:
    """R121: a likely cause, then what to check, in both languages; nothing is stated as a fact beyond the evidence."""
    end = only(conversation(VERDICTS[code].text, established=VERDICTS[code].established))
    for lang in catalog.LANGUAGES:
        assert cause(end, lang)
        assert check(end, lang)
        assert cause(end, lang) != check(end, lang)


# ------------------------------------------------------------------ other tools


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("C S", "SYN_SENT"),
        ("C S lost\nS S", "SYN_SENT2"),
        ("C S\nS S.", "SYN_RECV"),
        (OPEN, "ESTABLISHED"),
        (USED, "ESTABLISHED"),
        (USED + "C F.", "FIN_WAIT"),
        (USED + "S F.", "FIN_WAIT"),
        (USED + "C F.\nS .", "CLOSE_WAIT"),
        (USED + "C F.\nS .\nS F.", "LAST_ACK"),
        (USED + "C F. lost\nS F.", "LAST_ACK"),
        (USED + "C F.\nS .\nS F.\nC .", "TIME_WAIT"),
        (USED + "C R.", "CLOSE"),
        ("C S\nS R.", "CLOSE"),
        ("C none", None),
    ],
)
def test_the_state_a_firewall_shows(text: str, state: str | None) -> None:
    """R126: nf_conntrack has one state for both ends; its CLOSE_WAIT and LAST_ACK are the connection's."""
    assert only(conversation(text)).attributes.get("conntrack") == state


@pytest.mark.parametrize(
    ("text", "english", "chinese"),
    [
        (USED + "C F.\nS F. ack=101\nC .\nS .", "simultaneous close", "同时关闭"),
        (USED + "C F.\nS .\nS F.\nC .", "client first, four-segment close", "客户端先关闭，四次挥手"),
        (USED + "S F.\nC F.\nS .", "server first, three-segment close", "服务器端先关闭，三段式关闭"),
        (USED, "", ""),
    ],
)
def test_who_closed_first_is_said_where_somebody_did(text: str, english: str, chinese: str) -> None:
    """R60, R142: in a simultaneous close both closed, though one FIN passed the capture point before the other."""
    end = only(conversation(text))
    assert [Text("en").close(end), Text("zh").close(end)] == [english, chinese]


@pytest.mark.parametrize(
    ("text", "english", "chinese"),
    [("C S", "(line 1, segments: 1)", "（第 1 行，报文段数：1）"), (USED, "(lines 1-5, ", "（第 1-5 行，")],
)
def test_a_connection_of_one_line_has_no_range_of_lines(text: str, english: str, chinese: str) -> None:
    """It is in line 1, not in lines 1-1."""
    end = only(conversation(text))
    assert english in Text("en").verdict(end)[0]
    assert chinese in Text("zh").verdict(end)[0]


@pytest.mark.parametrize(
    ("text", "held", "pending"),
    [
        (USED + "C F.\nS .\nS F.\nC .", "client", ["client is in TIME-WAIT"]),
        (USED + "C F.\nS .\nS F.", "client (presumed)", ["client is in TIME-WAIT? (presumed)"]),
        (
            USED + "C F.\nS F. ack=101\nC .\nS .",
            "client (presumed), server (presumed)",
            ["client is in TIME-WAIT? (presumed)", "server is in TIME-WAIT? (presumed)"],
        ),
    ],
)
def test_who_waits_in_time_wait_is_no_surer_than_its_state(text: str, held: str, pending: list[str]) -> None:
    """R10, R98, R143: that an endpoint which was sent a FIN holds TIME-WAIT is presumed, until it shows that it does."""
    end = only(conversation(text))
    assert Text("en").time_wait(end).startswith(f"held by {held} for 2MSL")
    assert [said for said in notes(end, "en") if "2MSL" in said] == [
        f"The {one} when the log ends, 2MSL not over." for one in pending
    ]


def test_users_of_other_tools_find_their_words() -> None:
    """R122, R125, R126: -v names the connection as Zeek, Wireshark and a Linux firewall do."""
    end = only(conversation(VERDICTS["complete.clean"].text))
    told = "\n".join(Text("en", verbose=True).verdict(end))
    assert (
        "In other tools: Zeek conn_state SF, history ShADaFf; Wireshark tcp.completeness 31; nf_conntrack TIME_WAIT"
        in told
    )
    assert "Zeek" not in "\n".join(Text("en").verdict(end))
    assert "其他工具中：Zeek conn_state SF，history ShADaFf；" in "\n".join(Text("zh", verbose=True).verdict(end))


@pytest.mark.parametrize(
    ("text", "established", "zeek"),
    [
        ("C S\nS S.\nS S. +1", False, "S1"),
        (MIDDLE + "C F.\nS .\nS F.\nC .", True, "SF"),
        (USED + "C F. lost\nS F. lost", False, "SF"),
        (MIDDLE + "S R", True, "RSTRH"),
        (USED + "C F.\nS .\nS F.\nC .\nS R", False, "SF"),
    ],
)
def test_zeek_where_it_surprises(text: str, *, established: bool, zeek: str) -> None:
    """R124: an unacknowledged SYN-ACK is S1, two FINs are SF whatever came of them, a late RST changes nothing."""
    assert only(conversation(text, established=established)).zeek == zeek


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        ("C S 10", 1 + 8),
        ("C S\nS S.", 1 + 2),
        ("C S\nS S.\nC .", 1 + 2 + 4),
        (OPEN + "C P. 1", 1 + 2 + 4 + 8),
        (OPEN + "C F.", 1 + 2 + 4 + 16),
        (OPEN + "C R", 1 + 2 + 4 + 32),
        ("C S\nS S.\nC FP. 10", 1 + 2 + 8 + 16),
        ("C S\nS R.", 1 + 4 + 32),
    ],
)
def test_completeness_adds_bits(text: str, bits: int) -> None:
    """R125: SYN, SYN-ACK, ACK, data, FIN, RST; an empty FIN or RST with ACK is an ACK too."""
    assert only(conversation(text)).completeness == bits
