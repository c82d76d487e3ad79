"""What a sentence says is true of the log at hand, where a code has more than one: a table a family, both languages."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import pytest
from scenario import log

from tdparse.model import Step, Summary
from tdparse.pipeline import explain
from tdparse.render.report import markup
from tdparse.render.text import Text
from tdparse.wording import cause, finding_text, named, notes, text, title

OPEN = "C S\nS S.\nC .\n"
USED = OPEN + "C P. 100\nS .\n"
COOKIE = "<mss 1460,tfo cookie 0123456789abcdef>"


class Words(NamedTuple):
    """A conversation in the shorthand of `scenario`, the record (-1: the last) and code that speak, and what is said."""

    told: str
    at: int
    code: str
    en: str
    zh: str


FINDINGS = {
    # R19: the SYN-ACK is in the log, so that there is an answer; so is what rejects the SYN
    "a SYN without an answer": Words(
        "C S\nC S +1",
        -1,
        "syn_retransmission",
        "SYN copy 2 after 1.00 s: no answer so far.",
        "第 2 个 SYN，间隔 1.00 s：一直没有应答。",
    ),
    "a SYN behind a SYN-ACK": Words(
        "C S\nS S. lost\nC S +1",
        -1,
        "syn_retransmission",
        "SYN copy 2: no answer accepted so far.",
        "第 2 个 SYN：尚未接受任何应答。",
    ),
    "a SYN behind an ACK of an old connection": Words(
        "C S\nS . ack=500\nC R seq=500\nC S seq=0 +1",
        -1,
        "syn_retransmission",
        "SYN copy 2: no answer accepted so far.",
        "第 2 个 SYN：尚未接受任何应答。",
    ),
    # R43, R44: what has ended in the log, and what has not
    "a pair that was closed": Words(
        OPEN + "C F.\nS F.\nC .\nC S isn=9000 +70\nS S. isn=77",
        -1,
        "port_reuse",
        "New connection on the same addresses and ports (70.00 s after the previous one ended).",
        "同一对地址端口上的新连接（距上一个连接结束 70.00 s）。",
    ),
    "a pair that was open": Words(
        USED + "C S isn=9000 +70\nS S. isn=77",
        -1,
        "port_reuse",
        "New connection on the same addresses and ports.",
        "同一对地址端口上的新连接。",
    ),
    "a pair whose SYN nobody answered": Words(
        "C S\nC S isn=9000 +70\nS S. isn=77",
        -1,
        "port_reuse",
        "New connection on the same addresses and ports.",
        "同一对地址端口上的新连接。",
    ),
    # acked_unseen: octets behind the gap are in the log, or none are
    "a gap in the middle": Words(
        OPEN + "C P. 10\nC P. 10 unseen\nC P. 10\nS .",
        -1,
        "acked_unseen",
        "The server acknowledges up to 31, but not all bytes above 10 were captured: the capture is incomplete.",
        "服务器端确认到 31，但 10 之后的数据没有抓全：抓包不完整。",
    ),
    "a gap at the end": Words(
        OPEN + "C P. 10\nC P. 10 unseen\nS .",
        -1,
        "acked_unseen",
        "The server acknowledges up to 21, but the bytes above 10 were not captured: the capture is incomplete.",
        "服务器端确认到 21，但 10 之后的数据没有抓到：抓包不完整。",
    ),
    # R35: below what an excerpt counts from
    "octets below the first of an excerpt": Words(
        "C S unseen\nS S. unseen\nC . unseen\nC P. 100 unseen\nC P. 100\nC P. 100 seq=1 +0.3",
        -1,
        "retransmission",
        "Bytes -99…0 sent again; cause not visible.",
        "第 -99…0 字节重传；原因不明。",
    ),
    # R77: what is reported twice was sent again, or was no retransmission at all
    "octets sent again": Words(
        USED + "C P. 100 seq=1 +0.3\nS . sack=1-101",
        -1,
        "dsack",
        "The server reports that 1-100 arrived twice: the retransmission was not needed.",
        "服务器端报告 1-100 收到两次：重传并不必要。",
    ),
    "the octet of a keep-alive": Words(
        USED + "C . 1 seq=100 +45\nS . sack=100-101",
        -1,
        "dsack",
        "The server reports that 100-100 arrived twice.",
        "服务器端报告 100-100 收到两次。",
    ),
    "the SYN of a simultaneous open": Words(
        "C S\nS S\nC S. seq=0\nS S. seq=0\nC . sack=0-1\nS . sack=0-1",
        -1,
        "dsack",
        "The server reports that 0-0 arrived twice.",
        "服务器端报告 0-0 收到两次。",
    ),
}

STEPS = {
    # R76: what the number counts is known with the scale alone
    "a window whose scale is known": Words(
        "C S <mss 1460,nop,wscale 2>\nS S. <mss 1460,nop,wscale 2>\nC .\nC P. 100\nS .\nS . win=100",
        -1,
        "ack.window_update",
        "The server changes its receive window to 400 bytes; nothing new is acknowledged.",
        "服务器端更新接收窗口为 400 字节，没有确认新数据。",
    ),
    "a window whose scale is not known": Words(
        "C S unseen\nS S. unseen\nC . unseen\nC P. 100\nS .\nS . win=100",
        -1,
        "ack.window_update",
        "The server changes its receive window to 100 (raw); nothing new is acknowledged.",
        "服务器端更新接收窗口为 100（原始值），没有确认新数据。",
    ),
    # R37: whoever has not captured the SYN-ACK sees its ack again
    "an ACK of octets": Words(
        "C S\nS S. unseen\nC .\nC P. 5\nS .",
        -1,
        "data.ack",
        "The server confirms 5 bytes: ack=6 is the next byte it expects.",
        "服务器端确认收到 5 字节：ack=6 表示期望收到的下一个序号。",
    ),
    "an ACK of a SYN alone": Words(
        "C S\nS S. unseen\nC .\nC P. 5 lost\nS .",
        -1,
        "data.ack",
        "The server restates ack=1; nothing new.",
        "服务器端重申 ack=1，没有新的内容。",
    ),
    # R66 to R70
    "a cookie with data": Words(
        f"C S 5 {COOKIE}",
        -1,
        "handshake.syn.tfo_data",
        "The client opens the connection with a Fast Open cookie and already sends 5 bytes in the SYN.",
        "客户端用 TFO Cookie 打开连接，并在 SYN 中直接携带 5 字节数据。",
    ),
    "a cookie without data": Words(
        f"C S {COOKIE}",
        -1,
        "handshake.syn.tfo_data",
        "The client opens the connection with a Fast Open cookie, without data.",
        "客户端用 TFO Cookie 打开连接，SYN 不带数据。",
    ),
    # R97.9: the third step on the first octets, on others, and on one
    "first octets": Words(
        "C S\nS S.\nC P. 7",
        -1,
        "handshake.ack_data",
        "The client completes the handshake (ack=1) and sends its first 7 bytes in the same segment.",
        "客户端在同一个报文段里完成第三次握手（ack=1）并发送前 7 字节数据。",
    ),
    "octets behind those of the SYN": Words(
        f"C S 5 {COOKIE}\nS S.\nC P. 7",
        -1,
        "handshake.ack_data",
        "The client completes the handshake (ack=1) with 7 bytes of data (6 to 12).",
        "客户端完成第三次握手（ack=1），同时发送 7 字节数据（第 6 到 12 字节）。",
    ),
    "octets behind a gap": Words(
        "C S\nS S.\nC P. 7 unseen\nC P. 9",
        -1,
        "handshake.ack_data",
        "The client completes the handshake (ack=1) with 9 bytes of data (8 to 16).",
        "客户端完成第三次握手（ack=1），同时发送 9 字节数据（第 8 到 16 字节）。",
    ),
    "the first octet": Words(
        "C S\nS S.\nC P. 1",
        -1,
        "handshake.ack_data",
        "The client completes the handshake (ack=1) with 1 byte of data (1 to 1).",
        "客户端完成第三次握手（ack=1），同时发送 1 字节数据（第 1 到 1 字节）。",
    ),
}


def steps_of(told: str, *, absolute: bool) -> list[Step]:
    """Return the records of a conversation, explained."""
    return [item for item in explain(log(told, absolute=absolute)) if isinstance(item, Step)]


@pytest.mark.parametrize("absolute", [True, False])
@pytest.mark.parametrize("name", FINDINGS)
def test_a_finding_says_what_this_log_shows(name: str, *, absolute: bool) -> None:
    """Both languages, both kinds of numbers."""
    told, at, code, *said = FINDINGS[name]
    step = steps_of(told, absolute=absolute)[at]
    (finding,) = [one for one in step.findings if one.code == code]
    assert [finding_text(finding, step, "en"), finding_text(finding, step, "zh")] == said


@pytest.mark.parametrize("absolute", [True, False])
@pytest.mark.parametrize("name", STEPS)
def test_a_step_says_what_this_log_shows(name: str, *, absolute: bool) -> None:
    """Both languages, both kinds of numbers; clauses of modifiers may follow."""
    told, at, code, *said = STEPS[name]
    step = steps_of(told, absolute=absolute)[at]
    assert step.step == code
    assert text(step, "en").startswith(said[0])
    assert text(step, "zh").startswith(said[1])


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (1, "1 byte of the client was never acknowledged in this log."),
        (2, "2 bytes of the client were never acknowledged in this log."),
    ],
)
def test_one_octet_is_one(octets: int, said: str) -> None:
    """unacked_data: the verb goes with the count."""
    (end,) = [item for item in explain(log(f"{USED}C P. {octets}")) if isinstance(item, Summary)]
    assert notes(end, "en") == [said]
    assert notes(end, "zh") == [f"客户端有 {octets} 字节在日志中始终没有被确认。"]


@pytest.mark.parametrize("icmp", [True, False])
def test_what_an_icmp_error_explains_was_not_dropped_silently(*, icmp: bool) -> None:
    """R120, verdict no_answer: the cause is the error, where there is one."""
    syn = "12:00:0{}.000000 IP 192.0.2.1.40000 > 192.0.2.2.80: Flags [S], seq 1000, win 65535, length 0"
    error = "12:00:00.000500 IP 198.51.100.1 > 192.0.2.1: ICMP host 192.0.2.2 unreachable, length 68"
    (end,) = [
        item for item in explain([syn.format(0), error if icmp else "", syn.format(1)]) if isinstance(item, Summary)
    ]
    assert end.verdict == "no_answer"
    assert cause(end, "en").startswith("ICMP in line 2 quotes this connection" if icmp else "Packets dropped silently")
    assert cause(end, "zh").startswith("第 2 行的 ICMP 引用了该连接" if icmp else "报文被静默丢弃")


def test_one_line_is_evidence_once() -> None:
    """R74: a socket that is connected to itself has one SYN-ACK."""
    own = "12:00:00.00000{} IP 192.0.2.1.40000 > 192.0.2.1.40000: Flags {}, win 512, length 0"
    lines = [own.format(1, "[S], seq 1000"), own.format(2, "[S.], seq 1000, ack 1001")]
    steps = [item for item in explain(lines) if isinstance(item, Step)]
    assert [(one.code, one.lines) for one in steps[1].findings] == [("simultaneous_open", (2,))]


@pytest.mark.parametrize(("options", "defined"), [("", False), (f" {COOKIE}", True)], ids=["plain", "Fast Open"])
def test_where_a_step_is_defined_goes_with_what_is_told_of_it(options: str, *, defined: bool) -> None:
    """R70: data in a SYN without a cookie is none of Fast Open's."""
    (step,) = steps_of(f"C S 5{options}", absolute=True)
    (line,) = [line for line in Text("en", verbose=True).explanation(step) if "Defined in RFC" in line]
    assert ("7413" in line) is defined


ALIKE = {
    # a FIN of an excerpt, and one behind octets that were not captured: R27
    "first FIN": (
        "C S unseen\nS S. unseen\nC . unseen\nC .\nS .\nC F.",
        "C S\nS S.\nC .\nS P. 5\nC .\nS P. 2 unseen\nC .\nC F.",
    ),
    # R70
    "SYN with data": ("C S 5", f"C S 5 {COOKIE}"),
}


@pytest.mark.parametrize("name", ALIKE)
def test_what_was_shown_before_gives_no_step_its_name(name: str) -> None:
    """Steps between the same states share their lay-out, not what they are called: in either order, in every view."""
    for order in (ALIKE[name], ALIKE[name][::-1]):
        view = Text("en")
        for told in order:
            for step in steps_of(told, absolute=True):
                (line,) = [line for line in view.explanation(step) if line.startswith("#1 ")]
                assert title(step, "en") in line
                assert title(step, "en") in str(markup.title(*named(step)))


@pytest.mark.parametrize("host", ["192.0.2.1", "a.example"])
@pytest.mark.parametrize("answer", ["S S. isn=77\nC .", "S R.", "S . ack=3000000101", ""])
def test_what_connections_count_is_what_was_shown(answer: str, host: str) -> None:
    """R44: a SYN counts where it is answered, and what is remarkable about it only there."""
    told = f"{USED}C S isn=9000 +70 <wscale 15>\nC S seq=0 +1 <wscale 15>\nC S seq=0 +2 <wscale 15>\n{answer}"
    items = [*explain(line.replace("192.0.2.1", host) for line in log(told))]
    shown = Counter(one.code for item in items if isinstance(item, Step) for one in item.findings)
    counted: Counter[str] = Counter()
    for item in items:
        if isinstance(item, Summary):
            counted.update(item.findings)
    assert counted == shown
    assert counted["syn_retransmission"] == 2
