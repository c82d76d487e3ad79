"""One record becomes one segment with the values that were printed."""

from __future__ import annotations

import pytest

from tdparse.model import Endpoint, Segment, Skipped, TimeStyle
from tdparse.record import MAX_LENGTH, parse_line

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
        ("192.0.2.1.123456", Endpoint("192.0.2.1", "123456")),
        pytest.param("192.0.2.1." + "9" * 5000, Endpoint("192.0.2.1", "9" * 5000), id="digits without an end"),
    ],
)
def test_ports_stand_behind_the_last_dot(token: str, endpoint: Endpoint) -> None:
    """A token is split at its last dot, unless it would no longer be an address."""
    assert segment(f"IP {token} > 192.0.2.9.9: Flags [.], ack 1, win 2, length 0").src == endpoint


def test_a_quoted_port_without_an_end_is_no_number() -> None:
    """An ICMP error may quote anything."""
    port = "9" * 5000
    item = parse_line(f"IP 192.0.2.1 > 192.0.2.2: ICMP 192.0.2.3 tcp port {port} unreachable, length 60")
    assert isinstance(item, Skipped)
    assert item.note is not None
    assert item.note["dport"] == port


@pytest.mark.parametrize(
    "said",
    [
        "unreachable route {}",
        " unreachable prohibited {}",  # tcpdump prints two blanks
        "beyond scope {}, source address 2001:db8::1",
        "unreachable address {}",
        "unreachable port, {} tcp port 80",
    ],
)
def test_every_reason_of_an_icmp6_error_names_whom_it_is_about(said: str) -> None:
    """RFC 4443: destination unreachable, codes 0 to 4, as tcpdump prints them."""
    text = f"ICMP6, destination unreachable, {said.format('2001:db8::2')}, length 88"
    item = parse_line(f"IP6 2001:db8::9 > 2001:db8::1: {text}")
    assert isinstance(item, Skipped)
    assert item.note is not None
    assert (item.note["src"], item.note["dst"]) == ("2001:db8::1", "2001:db8::2")


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
        ("\tOpen Message (1), length: 49", "continuation"),
        ("    192.0.2.1.5 > 192.0.2.2.80: Flags [S], seq 1, wi", "continuation"),
        ("192.0.2.1.5 > 192.0.2.2.80: Flags [S], seq 1, wi", "rejected"),
        ("    1  12:00:00.000001 IP 192.0.2.1.5 > 192.0.2.2.80: Flags [S], seq 1, wi", "rejected"),
        ("    12:00:00.000001 IP 192.0.2.1.5 > 192.0.2.2.80: Flags [S], seq 1, wi", "rejected"),
        ("12:00:00.000001 IP 192.0.2.1.5 > 192.0.2.2.80: Flags S, seq 1, win 9, length 0", "rejected"),
    ],
)
def test_other_lines_are_classified(text: str, kind: str) -> None:
    """A line without a segment says what it is."""
    item = parse_line(text, 3)
    assert isinstance(item, Skipped)
    assert (item.kind, item.line, item.raw) == (kind, 3, text)


def test_a_record_of_a_common_form_may_be_of_any_length() -> None:
    """What follows its length is payload; of another form, so long a text is not read (docs/limits.md, Size)."""
    line = "12:00:00.100000 IP 1.2.3.4.5 > 1.2.3.4.6: Flags [P.], seq 1:1001, ack 1, win 5, length 1000: HTTP: "
    assert isinstance(parse_line(line + "A" * MAX_LENGTH), Segment)
    longer = parse_line("x" * MAX_LENGTH + line)
    assert isinstance(longer, Skipped)
    assert (longer.kind, longer.reason) == ("rejected", "too_long")


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


FLOW = "192.0.2.1.5 > 192.0.2.2.80: "
MACS = "02:00:00:00:00:01 > 02:00:00:00:00:02"
TIMED = f"12:00:00.000001 {FLOW}"


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        (
            "S 7:7(0) win 9 <mss 1460> (DF)",
            {"flags": "S", "seq": 7, "seq_last": 7, "ack": None, "window": 9, "length": 0},
        ),
        ("S 7:7(0) ack 3 win 9", {"flags": "S.", "ack": 3}),
        (". ack 3 win 9", {"flags": ".", "seq": None, "length": 0}),
        (". ack 3 win 9 <nop,nop,malformed sack [len 9] ,nop> (DF)", {"flags": ".", "ack": 3, "payload": None}),
        (". ack 3 win 9 (DF) (mobile encap)", {"flags": ".", "ack": 3, "payload": None}),
        ("P 1:11(10) ack 3 win 9 urg 4", {"flags": "P.U", "urgent": 4, "length": 10}),
        ("SWE 7:7(0) win 9", {"flags": "SEW"}),
        (". win 9", {"flags": ""}),
        ("P [tcp sum ok] 1:11(10) ack 3 win 9 (DF) [tos 0x10]  (ttl 64, id 1, len 50)", {"checksum": "correct"}),
        ("P [bad tcp cksum 5fec!] 1:11(10) ack 3 win 9", {"checksum": "incorrect", "length": 10}),
        ("P, cksum 0xfef2 (incorrect (-> 0xc376), 1:11(10) ack 3 win 9", {"checksum": "incorrect", "seq": 1}),
        ("P 1:11(10) ack 3 win 9: BGP (KEEPALIVE) (DF)", {"payload": "BGP (KEEPALIVE)"}),
        ("F 1:1(0) ack 3 win 9 <nop,nop,timestamp 5 6>", {"options_text": "nop,nop,timestamp 5 6"}),
        ("S 7:7(0) win 9 <mss[|tcp]>", {"truncated": True, "options_text": "mss[|tcp]"}),
        (". [bad hdr length]", {"flags": None, "truncated": True}),
        ("tcp 24 (DF)", {"flags": None, "length": 24}),
    ],
)
def test_the_old_form_becomes_the_same_record(tail: str, expected: dict[str, object]) -> None:
    """Flags are translated: `.` only if `ack` is printed, `U` only if `urg` is."""
    found = segment(TIMED + tail)
    assert {name: getattr(found, name) for name in expected} == expected
    assert str(found) == TIMED + tail


@pytest.mark.parametrize(
    ("before", "src", "outer"),
    [
        (f"IP 192.0.2.8 > 192.0.2.9: IP {FLOW}", "192.0.2.1", (("192.0.2.8", "192.0.2.9"),)),
        (f"IP 192.0.2.8 > 192.0.2.9: GREv0, key=0x5, seq 9, length 62: IP {FLOW}", "192.0.2.1", (("192.0.2.8", "192.0.2.9"),)),
        (f"IP 192.0.2.8.1 > 192.0.2.9.6081: Geneve, Flags [none], vni 0xb: IP {FLOW}", "192.0.2.1", (("192.0.2.8.1", "192.0.2.9.6081"),)),
        (f"MPLS (label 16, tc 0, ttl 63) (label 100, tc 0, [S], ttl 63) IP {FLOW}", "192.0.2.1", ()),
        (f"MPLS (label 16, tc 0, ttl 63) (label 0 (IPv4 explicit NULL), tc 0, [S], ttl 63) IP {FLOW}", "192.0.2.1", ()),
        (f"PPPoE  [ses 0x7] IP {FLOW}", "192.0.2.1", ()),
        (f" [ver 5] [type 7]PPPoE  [len 83 > 65!] [ses 0x7] IP {FLOW}", "192.0.2.1", ()),
        ("IP6 2001:db8::1 > 2001:db8::2: HBH DSTOPT 5 > 80: ", "2001:db8::1", ()),
        ("IP 192.0.2.1 > 192.0.2.2: AH(spi=0x00000100,seq=0x1): 5 > 80: ", "192.0.2.1", ()),
        (f"IP truncated-ip - 1955 bytes missing! {FLOW}", "192.0.2.1", ()),
        (f"02:00:00:00:00:01 > Broadcast, ethertype 802.1Q (0x8100), length 58: vlan 1, p 0, ethertype IPv4 (0x0800), {FLOW}", "192.0.2.1", ()),
        (f"Q.922, hdr-len 2, DLCI 100, Flags [none], NLPID IPv4 (0xcc), length 156: {FLOW}", "192.0.2.1", ()),
        (f"IP 192.0.2.8.1701 > 192.0.2.9.1701:  l2tp:[S](1/2)Ns=3,Nr=4 {{IP {FLOW}", "192.0.2.1", (("192.0.2.8.1701", "192.0.2.9.1701"),)),
        ("IP6 2001:db8::1 > 2001:db8::2: HBH (jumbo: 65600)  RT6 (len=2, type=4) 5 > 80: ", "2001:db8::1", ()),
        ("IP6 2001:db8::1 > 2001:db8::2: HBH (padn)[trunc] 5 > 80: ", "2001:db8::1", ()),
        (f"192.0.2.8 > 192.0.2.9: gre [] {FLOW}", "192.0.2.1", (("192.0.2.8", "192.0.2.9"),)),
        (f"192.0.2.8 > 192.0.2.9: gre [KS] key=1280|5+0 seq 7 {FLOW}", "192.0.2.1", (("192.0.2.8", "192.0.2.9"),)),
        (f"MPLS(label 16, exp 0, ttl 63) MPLS(label 17, exp 0, ttl 63) {FLOW}", "192.0.2.1", ()),
    ],
)  # fmt: skip
def test_the_segment_is_the_innermost(before: str, src: str, outer: tuple[tuple[str, str], ...]) -> None:
    """Tunnels, link headers and complaints stand around it; the outer addresses are kept."""
    found = segment(f"{before}Flags [P.], seq 1:11, ack 1, win 9, length 10")
    assert (found.src, found.dst.port) == (Endpoint(src, 5), 80)
    assert (found.seq, found.length) == (1, 10)
    assert (found.layer.outer if found.layer else ()) == outer


@pytest.mark.parametrize(
    ("device", "name", "direction"),
    [
        ("eth0  In  IP ", "eth0", "In"),
        ("lo    Out IP ", "lo", "Out"),
        ("?     In  IP ", "?", "In"),
        ("(en0, proc Google Chrome (Helper):244, out) IP ", "(en0, proc Google Chrome (Helper):244, out)", None),
        (" In IP ", None, "In"),
        ("(proc curl:42, out) IP ", "(proc curl:42, out)", None),
        ("(en0.100, svc BE, in) IP ", "(en0.100, svc BE, in)", None),
        ("(lo0, proc Helper (Renderer):7, out) AF IPv4 (2), length 56: ", "(lo0, proc Helper (Renderer):7, out)", None),
        (f"(en0, proc curl:42, out) {MACS}, ethertype IPv4 (0x0800), length 56: ", "(en0, proc curl:42, out)", None),
        ("(authentic,confidential): SPI 0x00001234: IP ", "(authentic,confidential): SPI 0x00001234:", None),
        ("(unprotected): SPI 0x00001234: IP ", "(unprotected): SPI 0x00001234:", None),
        ("(confidential,SPI 0x00001234: IP ", "(confidential,SPI 0x00001234:", None),
    ],
)
def test_device_and_direction(device: str, name: str | None, direction: str | None) -> None:
    """What -i any and -k put in front is kept."""
    found = segment(f"12:00:00.000001 {device}{FLOW}Flags [R], seq 1, win 0, length 0")
    assert found.layer is not None
    assert (found.layer.device, found.layer.direction) == (name, direction)


@pytest.mark.parametrize(
    ("tail", "length", "payload"),
    [
        ("Flags [P.], seq 1:32, ack 1, win 9, length 3112345+ A? example.com. (29)", 31, "12345+ A? example.com. (29)"),
        ("Flags [P.], ack 1, win 9, length 3112345+ A? example.com. (29)", 31, "12345+ A? example.com. (29)"),
        ("Flags [P.], seq 1:59, ack 1, win 9, length 58 17177+ [1au] A? a.b. (56)", 58, "17177+ [1au] A? a.b. (56)"),
        ("Flags [P.], seq 1:9, ack 1, win 9, length 8, RPKI-RTR", 8, "RPKI-RTR"),
        ("Flags [P.], seq 1:7, ack 1, win 9, length 6 [telnet DO TSPEED]", 6, "[telnet DO TSPEED]"),
        ("Flags [.], ack 1, win 9, options [nop,[bad opt]]", None, None),
        ("Flags [P.], seq 1:9, ack 1, win 9, options [[bad opt]", 8, None),
        (
            "Flags [P.], seq 1:9, ack 1, win 9, length 8LDP version 33024 packet not supported",
            8,
            "LDP version 33024 packet not supported",
        ),
    ],
)
def test_length_and_what_follows_it(tail: str, length: int | None, payload: str | None) -> None:
    """Old releases glue a DNS summary to the length; a cut list of options has none."""
    found = segment(f"IP {FLOW}{tail}")
    assert (found.length, found.payload) == (length, payload)


@pytest.mark.parametrize(
    ("behind", "window"),
    [
        ("win 84+ A? example.com. (29)", 8),  # 8, and the query id 4
        ("win 8412+ A? example.com. (29)", None),  # three ways to part them
        ("win 84 <mss 1460>+ A? example.com. (29)", 84),
        ("win 84 <[bad opt]>+ A? example.com. (29)", 84),
    ],
)
def test_a_query_id_is_glued_to_what_stands_last(behind: str, window: int | None) -> None:
    """Up to 4.9.2 a DNS summary follows the window without a space, unless options stand between, at fault or not."""
    item = parse_line(f"192.0.2.1.5 > 192.0.2.2.53: P {behind}")
    assert isinstance(item, Segment)
    assert item.window == window


SNAP = "LLC, dsap SNAP (0xaa) Individual, ssap SNAP (0xaa) Command, ctrl 0x03: oui Ethernet (0x000000), ethertype IPv4 (0x0800), length 75: "
LINKS = [
    "02:00:00:00:00:01 > 02:00:00:00:00:02, 802.1Q-QinQ, length 58: vlan 100, p 0, 802.1Q, vlan 200, p 0, IPv4, ",
    "02:00:00:00:00:01 > 02:00:00:00:00:02, 802.1Q-9100, length 58: vlan 5, p 0, IPv4, ",
    "02:00:00:00:00:01 > 02:00:00:00:00:02, BRCM tag OP: EG, CID: 0, RC: reserved, TC: 0, port: 5, IPv4, length 58: ",
    "02:00:00:00:00:01 (oui Unknown) ",
    "ifindex 1 02:00:00:00:00:01 ",
    "Q.922, DLCI 100, length 136: ",
    "version 0, resource ID 20, IPv4, length 100: ",
    "50 be 1448: ",
    "EN10MB, length 91: 02:00:00:00:00:01 > 02:00:00:00:00:02, IPv4, length 83: ",
    "ff 03 93 IP: ",
    "50 be ip seqid 0000 87: ",
    "V.0 DLT EN10MB (1) len 8, length 91: 02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype IPv4 (0x0800), length 83: ",
    "0 > 0, family IPv4 (2), length 180: ",
    "BRCM tag OP: EG, CID: 0, RC: reserved, TC: 0, port: 5, IP ",
    "DSA CPU > port 0.0, VLAN 0u, IP ",
    "EDSA 0xdada, CPU > port 0.0, VLAN 0u, IP ",
    "IP: IP ",
    "02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype 802.1AE MACsec (0x88e5), length 156: an 0, pn 9, flags none, ethertype IPv4 (0x0800), ",
    "02:00:00:00:00:01 > 02:00:00:00:00:02, 802.1AE MACsec, length 133: an 0, pn 9, flags I, sci 0200000000010001, IPv4, ",
    "802.1Q vid 5 pri 0 ",
    "QinQ svid 100 pri 0 802.1Q vid 5 pri 3 cfi ",
    "54.0 Mb/s 5180 MHz 11a -60dBm signal antenna 0 IP ",
    "12345us tsft short preamble 1.0 Mb/s 2412 MHz 11b -50dBm signal -90dBm noise antenna 1 [bit 14] IP ",
    "65.0 Mb/s MCS 7 20 MHz long GI IP ",
    "2437 MHz 11n ht/40- 20 MHz (U) short GI User 0 MCS 9 LDPC FEC unknown (28) IP ",
    f"6.0 Mb/s 2437 MHz 11g -70dBm signal BSSID:02:00:00:00:00:01 SA:fa:00:00:00:00:03 DA:02:00:00:00:00:02 {SNAP}",
    f"Retry Protected 44us CF +QoS RA:02:00:00:00:00:01 (oui Unknown) TA:02:00:00:00:00:02 (oui Unknown) {SNAP}",
]


@pytest.mark.parametrize("tail", ["tcp 0", "Flags [R], seq 1, win 0, length 0"])
@pytest.mark.parametrize(
    "details", ["", "(tos 0x0, ttl 64, id 1, offset 0, flags [none], proto TCP (6), length 40)\n    "]
)
@pytest.mark.parametrize("link", LINKS)
def test_the_link_header(link: str, details: str, tail: str) -> None:
    """What -e prints of it with -q and without, and what some links print without -e, stands before the segment."""
    found = segment(f"    7  12:00:00.000001 {link}{details}{FLOW}{tail}")
    assert (found.src.host, found.dst.port, found.length) == ("192.0.2.1", 80, 0)
    assert found.layer is not None
    assert (found.layer.link, found.layer.packet_number) == (link.removesuffix("IP "), 7)


ENDS = [
    "Flags [R] [bad hdr length 60 - too long, > 24]",
    " tcp 24 [bad hdr length 0 - too short, < 20]",
    "Flags [R], seq 1, win 9, options [nop,[bad opt]]",
    "Flags [R], seq 1, win 9, options [nop,[bad opt]>",
    "Flags [R], seq 1, win 9, options [[bad opt]",
    "Flags [R], seq 1, win 9, options [mss[|tcp]>",
    " [|tcp]",
]


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize(
    ("front", "behind"),
    [
        ("IP 192.0.2.8 > 192.0.2.9: IP ", " (ipip-proto-4)"),
        ("IP 192.0.2.8.1701 > 192.0.2.9.1701:  l2tp:[](1/2) {IP ", "}"),
        ("IP 192.0.2.8.1701 > 192.0.2.9.1701:  l2tp:[](1/2) {IP 192.0.2.8 > 192.0.2.9: IP ", " (ipip-proto-4)}"),
        ("IP 192.0.2.8 > 192.0.2.9: IP 192.0.2.8.1701 > 192.0.2.9.1701:  l2tp:[](1/2) {IP ", "} (ipip-proto-4)"),
    ],
)
def test_tunnels_close_behind_a_segment_that_stops_early(front: str, behind: str, end: str) -> None:
    """Faults of the segment do not keep the layers around it from printing their ends."""
    assert segment(f"12:00:00.000001 {front}{FLOW}{end}{behind}").truncated


@pytest.mark.parametrize("mark", ["[|tcp]", "[|mptcp]"])
@pytest.mark.parametrize(
    "options", ["nop,mss [", "mptcp 4 unknown, [", "unknown-172 0x [", "nop,tcp-ao keyid 1 [", "TS ["]
)
def test_options_that_were_not_captured_to_their_end(options: str, mark: str) -> None:
    """Behind an option of MPTCP the mark has its name, whatever was cut."""
    options = options.removesuffix("[") + mark
    found = segment(f"IP {FLOW}Flags [P.], seq 1:9, ack 1, win 9, options [{options}")
    assert (found.length, found.truncated, found.options_text) == (8, True, options)


def test_a_device_without_a_name() -> None:
    """A device that is not known any more is a question mark as wide as a name; its direction follows."""
    layer = segment(f"12:00:00.000001 ?     In  {TAIL}").layer
    assert layer is not None
    assert (layer.device, layer.direction) == ("?", "In")
    layer = segment(f"12:00:00.000001 ?   {TAIL}").layer
    assert layer is not None
    assert (layer.device, layer.direction) == (None, "?")
