"""One record becomes one segment with the values that were printed."""

from __future__ import annotations

import pytest

from tdparse.model import Endpoint, Segment, Skipped, TimeStyle
from tdparse.parse import parse_line

TAIL = "IP 192.0.2.1.54321 > 192.0.2.2.80: Flags [S], seq 1, win 64240, length 0"


def segment(text: str) -> Segment:
    """Return the segment that `text` must be."""
    item = parse_line(text, 7)
    assert isinstance(item, Segment), item
    return item


def test_every_field_of_a_plain_segment() -> None:
    """The fields are the printed numbers, uninterpreted."""
    text = (
        "12:00:01.000002 IP 192.0.2.1.54321 > web.example.com.https: Flags [P.], seq 4294967295:9, ack 3, "
        "win 502, options [nop,nop,TS val 5 ecr 6], length 10: HTTP: GET / HTTP/1.1"
    )
    assert segment(text) == Segment(
        line=7,
        lines=1,
        text=text,
        time="12:00:01.000002",
        stamp=43_201_000_002_000,
        time_style=TimeStyle.CLOCK,
        src=Endpoint("192.0.2.1", 54321),
        dst=Endpoint("web.example.com", "https"),
        ip=4,
        flags="P.",
        seq=4294967295,
        seq_last=9,
        ack=3,
        window=502,
        urgent=None,
        length=10,
        options_text="nop,nop,TS val 5 ecr 6",
        checksum=None,
        payload="HTTP: GET / HTTP/1.1",
        truncated=False,
        layer=None,
    )


@pytest.mark.parametrize(
    ("printed", "time", "stamp", "style"),
    [
        ("", None, None, TimeStyle.NONE),
        ("00:00:00.000001 ", "00:00:00.000001", 1000, TimeStyle.CLOCK),
        ("00:00:00.000000001 ", "00:00:00.000000001", 1, TimeStyle.CLOCK),
        ("1700000000.123456 ", "1700000000.123456", 1_700_000_000_123_456_000, TimeStyle.EPOCH),
        ("2023-11-14 22:13:20.5", None, None, None),
        ("2023-11-14 22:13:20.500000 ", "2023-11-14 22:13:20.500000", 1_700_000_000_500_000_000, TimeStyle.DATE),
        (" 00:00:01.000000 ", "00:00:01.000000", 1_000_000_000, TimeStyle.DELTA),
        ("-00:00:01.000000 ", "-00:00:01.000000", -1_000_000_000, TimeStyle.DELTA),
    ],
)
def test_time_styles(printed: str, time: str | None, stamp: int | None, style: TimeStyle | None) -> None:
    """Each -t option gives nanoseconds in its own meaning; a broken time is no time."""
    item = parse_line(printed + TAIL)
    if style is None:
        assert isinstance(item, Skipped)
    else:
        assert isinstance(item, Segment)
        assert (item.time, item.stamp, item.time_style) == (time, stamp, style)


@pytest.mark.parametrize(
    ("token", "endpoint"),
    [
        ("192.0.2.1.80", Endpoint("192.0.2.1", 80)),
        ("192.0.2.1", Endpoint("192.0.2.1", None)),
        ("2001:db8::1.80", Endpoint("2001:db8::1", 80)),
        ("::.80", Endpoint("::", 80)),
        ("::ffff:10.0.0.1", Endpoint("::ffff:10.0.0.1", None)),
        ("::ffff:10.0.0.1.80", Endpoint("::ffff:10.0.0.1", 80)),
        ("localhost.nsesrvr", Endpoint("localhost", "nsesrvr")),
        ("a.b.c.http-alt", Endpoint("a.b.c", "http-alt")),
        ("10-2-0-2.node.internal.443", Endpoint("10-2-0-2.node.internal", 443)),
        ("localhost", Endpoint("localhost", None)),
    ],
)
def test_ports_stand_behind_the_last_dot(token: str, endpoint: Endpoint) -> None:
    """A token is split at its last dot, unless it would no longer be an address."""
    assert segment(f"IP {token} > 192.0.2.9.9: Flags [.], ack 1, win 2, length 0").src == endpoint


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "blank"),
        ("4 packets captured", "counters"),
        ("listening on eth0, link-type EN10MB (Ethernet), capture size 262144 bytes", "banner"),
        ("root@host:/home# tcpdump -i eth0", "prompt"),
        ("$ sudo tcpdump -nn", "prompt"),
        ("# == handshake ==", "comment"),
        ("\t0x0000:  4500 003c", "hexdump"),
        ("12:00:00.000001 ARP, Request who-has 192.0.2.2 tell 192.0.2.1, length 28", "arp"),
        ("IP 192.0.2.1.53 > 192.0.2.2.4242: UDP, length 12", "udp"),
        ("IP 192.0.2.1 > 192.0.2.2: ICMP echo request, id 1, seq 2, length 64", "icmp"),
        ("IP 192.0.2.1 > 192.0.2.2: ip-proto-6", "fragment"),
        ("IP 192.0.2.1 > 192.0.2.2: ESP(spi=0x00000001,seq=0x5), length 72", "other_protocol"),
        ("Flags [S], seq 1228404592", "remark"),
        ("seq 43780310 FIN n", "remark"),
        ("ack 1228404594 m+1", "remark"),
        ("三次握手", "remark"),
    ],
)
def test_other_lines_are_classified(text: str, kind: str) -> None:
    """A line without a segment says what it is."""
    item = parse_line(text, 3)
    assert isinstance(item, Skipped)
    assert (item.kind, item.line, item.raw) == (kind, 3, text)


def test_a_segment_that_cannot_be_read_is_rejected_with_its_column() -> None:
    """The grammar itself says where it fails and what it expected there."""
    text = "IP 192.0.2.1.5 > 192.0.2.2.80: Flags [S], seq 1, window 5, length 0"
    item = parse_line(text)
    assert isinstance(item, Skipped)
    assert item.kind == "rejected"
    assert item.column == text.index(", window") + 1
    assert item.expected is not None
    assert "WIN" in item.expected


def test_a_length_that_contradicts_the_range_is_rejected() -> None:
    """`seq a:b` and `length` say the same thing; a cut or damaged line shows here."""
    item = parse_line("IP 192.0.2.1.5 > 192.0.2.2.80: Flags [P.], seq 1:1449, ack 1, win 5, length 14")
    assert isinstance(item, Skipped)
    assert (item.kind, item.reason) == ("rejected", "length_disagrees")
