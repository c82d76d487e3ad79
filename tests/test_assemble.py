"""Physical lines become items at the right moment, each line in exactly one."""

from __future__ import annotations

import pytest

from tdparse.assemble import Assembler
from tdparse.model import Endpoint, Item, Segment, Skipped

ONE = "12:00:00.000001 IP 192.0.2.1.5 > 192.0.2.2.80: Flags [S], seq 1, win 9, length 0"
HEADER = "12:00:00.000001 IP (tos 0x10, ttl 64, id 7, offset 0, flags [DF], proto TCP (6), length 40)"
SECOND = "    192.0.2.1.5 > 192.0.2.2.80: Flags [S], cksum 0x1234 (correct), seq 1, win 9, length 0"


def feed(*lines: str) -> list[list[Item]]:
    """Return what each line brought, and what the end brought."""
    assembler = Assembler()
    return [*(assembler.feed(line) for line in lines), assembler.flush()]


def kinds(items: list[Item]) -> list[str]:
    """Return what the items are."""
    return [item.kind if isinstance(item, Skipped) else "segment" for item in items]


def test_a_record_of_one_line_comes_at_once() -> None:
    """A live pipe is explained line by line."""
    first, second, end = feed(ONE, ONE)
    assert kinds(first) == kinds(second) == ["segment"]
    assert [first[0].line, second[0].line] == [1, 2]
    assert end == []


def test_a_record_of_two_lines_comes_with_its_second() -> None:
    """The IP header of -v asks for a line; the record is complete when it arrives."""
    first, second, end = feed(HEADER, SECOND)
    assert first == end == []
    (segment,) = second
    assert isinstance(segment, Segment)
    assert (segment.line, segment.lines, str(segment)) == (1, 2, f"{HEADER}\n{SECOND}")
    assert segment.layer is not None
    assert (segment.layer.ttl, segment.layer.ip_id, segment.layer.tos) == (64, 7, 16)
    assert (segment.layer.ip_flags, segment.layer.ip_length) == ("DF", 40)
    assert segment.checksum == "correct"


def test_flags_of_the_ip_header_are_no_letters() -> None:
    """Releases 4.0 to 4.5 print again what stood before, where a segment has no flags."""
    (segment,) = feed(HEADER, SECOND.replace("[S]", "[DF]"))[1]
    assert isinstance(segment, Segment)
    assert segment.flags == ""


def test_a_tunnel_of_four_lines_is_one_record() -> None:
    """Outer header, GRE, inner header, segment."""
    lines = (
        HEADER.replace("TCP (6)", "GRE (47)"),
        "    192.0.2.10 > 198.51.100.20: GREv0, Flags [none], length 44",
        "\tIP (tos 0x0, ttl 63, id 1, offset 0, flags [DF], proto TCP (6), length 40)",
        SECOND,
    )
    *held, last, _ = feed(*lines)
    assert held == [[], [], []]
    (segment,) = last
    assert isinstance(segment, Segment)
    assert segment.lines == 4
    assert segment.src == Endpoint("192.0.2.1", 5)
    assert segment.layer is not None
    assert segment.layer.outer == (("192.0.2.10", "198.51.100.20"),)
    assert segment.layer.ttl == 63


NSH = "NSH, flags [none], service-path-id 0x000005, service-index 0xff"


def test_a_service_header_in_one_line_and_in_many() -> None:
    """NSH stands between the tunnel and the packet; with -vvv its contexts have lines of their own."""
    outer = "192.0.2.8.5000 > 192.0.2.9.4790: VXLAN-GPE, flags [IP], vni 100"
    ((found,), _) = feed(f"12:00:00.000001 IP {outer}: {NSH}: {ONE.partition(' ')[2]}")
    assert isinstance(found, Segment)
    assert (found.src, found.length) == (Endpoint("192.0.2.1", 5), 0)
    contexts = [f"        Context[0{number}]: 0x00000000" for number in range(4)]
    inner = "    IP" + HEADER.partition(" IP")[2]
    *_, (found,), _ = feed(HEADER, f"    {outer}", f"    {NSH}", *contexts, inner, SECOND)
    assert isinstance(found, Segment)
    assert (found.lines, found.time, found.src) == (9, "12:00:00.000001", Endpoint("192.0.2.1", 5))


def test_labels_of_mpls_may_have_names() -> None:
    """With -v each label but the first stands in a line of its own; those of special use are named."""
    labels = [
        "12:00:00.000001 MPLS (label 1 (router alert), tc 0, ttl 63)",
        "\t(label 0 (IPv4 explicit NULL), tc 0, [S], ttl 63)",
    ]
    *_, (found,), _ = feed(*labels, "\tIP" + HEADER.partition(" IP")[2], SECOND)
    assert isinstance(found, Segment)
    assert (found.lines, found.time) == (4, "12:00:00.000001")


@pytest.mark.parametrize("mac", ["02:00:00:00:00:01", "fa:16:3e:00:00:01", "aa:00:04:00:0a:04 (oui Unknown)"])
def test_the_packet_in_a_vxlan_begins_with_any_mac(mac: str) -> None:
    """With -e the second line begins with the address of the inner sender, whatever its first digit is."""
    outer = (
        "02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype IPv4 (0x0800), length 116: 192.0.2.8.5000 > 192.0.2.9.4789"
    )
    inner = f"{mac} > 02:00:00:00:00:03, ethertype IPv4 (0x0800), length 66: 192.0.2.1.5 > 192.0.2.2.80: Flags [S], seq 1, win 9, length 0"
    *_, (found,), _ = feed(f"12:00:00.000001 {outer}: VXLAN, flags [I] (0x08), vni 100", inner)
    assert isinstance(found, Segment)
    assert (found.lines, found.time, found.src) == (2, "12:00:00.000001", Endpoint("192.0.2.1", 5))


PPPOE = ["12:00:00.000001 PPPoE-Session", "\tcode Session, version 1, type 1, id 0x0007, length 42"]


def test_openbsd_prints_a_session_of_pppoe_in_three_lines() -> None:
    """The segment has the time of the first; what else is in a session is no segment."""
    *_, (found,), _ = feed(*PPPOE, "\tIP: 192.0.2.1.5 > 192.0.2.2.80: S 1:1(0) win 9 (DF)")
    assert isinstance(found, Segment)
    assert (found.lines, found.time, found.src) == (3, "12:00:00.000001", Endpoint("192.0.2.1", 5))
    result = feed(*PPPOE, "\tLCP: Echo-Request, Magic-Number=5", ONE)
    assert [kind for items in result for kind in kinds(items)] == [
        "other_protocol",
        "continuation",
        "continuation",
        "segment",
    ]


def test_a_header_without_its_second_line_does_not_swallow_the_next_record() -> None:
    """A log that was filtered or cut between the two lines: a segment that could not be read, where its line ends."""
    first, second, _ = feed(HEADER, ONE)
    assert first == []
    assert kinds(second) == ["rejected", "segment"]
    assert isinstance(second[0], Skipped)
    assert (second[0].column, second[0].reason) == (len(HEADER) + 1, "cut")
    assert [item.line for item in second] == [1, 2]


def test_a_header_at_the_end_of_the_log_is_not_lost() -> None:
    """The last line of a cut log."""
    assert kinds(feed(ONE, HEADER)[-1]) == ["rejected"]


@pytest.mark.parametrize("changed", [("TCP (6)", "UDP (17)"), ("offset 0,", "offset 1480,")])
def test_a_header_that_is_none_of_a_segment_is_no_segment(changed: tuple[str, str]) -> None:
    """Another protocol's, or a later fragment's, which has no ports."""
    assert kinds(feed(ONE, HEADER.replace(*changed))[-1]) == ["other_protocol"]


@pytest.mark.parametrize(
    ("second", "column"),
    [
        (SECOND.replace("seq 1,", "seq x,"), SECOND.index("seq 1,") + 5),
        (SECOND.partition(", seq")[0], SECOND.index(", seq") + 1),
        (SECOND.replace("seq 1,", "seq 1:5,").replace("length 0", "length 5"), len(SECOND) + 2),
    ],
    ids=["damaged", "cut", "disagreeing"],
)
def test_a_damaged_record_of_two_lines_is_rejected(second: str, column: int) -> None:
    """It is known by its second line, and the column is that of where reading stops there."""
    first, items, after, _ = feed(HEADER, second, ONE)
    assert (first, kinds(after)) == ([], ["segment"])
    assert kinds(items) == ["other_protocol", "rejected"]
    assert [(item.line, item.raw) for item in items if isinstance(item, Skipped)] == [(1, HEADER), (2, second)]
    assert isinstance(items[1], Skipped)
    assert items[1].column == column


def test_a_damaged_record_behind_a_lonely_header_is_rejected_by_itself() -> None:
    """What begins a record is no second line of the one before."""
    damaged = ONE.replace("seq 1", "seq x")
    for text, column in ((damaged, damaged.index("x,") + 1), (f"    7  {damaged}", damaged.index("x,") + 8)):
        header, rejected = feed(HEADER, text)[1]
        assert kinds([header, rejected]) == ["rejected", "rejected"]
        assert isinstance(rejected, Skipped)
        assert rejected.column == column


def test_other_protocols_of_two_lines_keep_their_kind() -> None:
    """The first line says the kind, the second continues it."""
    second = "    192.0.2.1.53 > 192.0.2.2.5: [udp sum ok] UDP, length 12"
    assert kinds(feed(HEADER.replace("TCP (6)", "UDP (17)"), second)[1]) == ["udp", "continuation"]


def test_a_dump_never_delays_its_record() -> None:
    """The record comes first, the dump's lines follow under their own kind."""
    result = feed(ONE, "\t0x0000:  4500 0034 9b11 4000", "\t0x0010:  c633 6414", ONE)
    assert [kinds(items) for items in result] == [["segment"], ["hexdump"], ["hexdump"], ["segment"], []]


def test_text_of_a_dump_cannot_imitate_a_record() -> None:
    """What -A prints was chosen by the sender; only the log's own time style makes a record."""
    imitation = ONE.partition(" ")[2]
    result = feed(ONE, "E..4.j@.@.!X....d.........", "GET / HTTP/1.1", "", imitation, "", ONE)
    assert [kinds(items) for items in result[:-1]] == [
        ["segment"],
        ["hexdump"],
        ["hexdump"],
        ["blank"],
        ["hexdump"],
        ["blank"],
        ["segment"],
    ]


@pytest.mark.parametrize(
    "header",
    [
        "E..4.j@.@.!X....d.........",
        "E..(.,@.@.#.",
        "E..(.,@.@.#....",
        "E...., .?.#.......",
        "E....,..?.#.......",
        "..............E..(.,@.@.#.",
        "`..i.(.@ .............",
        "..............E..4.j@.@.!X....d.........",
        ".4...J..^.....E..4.j@.@.!X....d.........",
        ".4...J..^......d..E..4.j@.@.!X....d.........",
        "....E..4.j@.@.!X....d.........",
        ".......4...J....E..4.j@.@.!X....d.........",
        "....................`..i.(.@ .............",
    ],
)
def test_a_dump_begins_with_the_header_of_ip_or_of_its_link(header: str) -> None:
    """-AA prints the header of Ethernet, a VLAN, BSD loopback or a cooked capture as text, too."""
    found = [kind for items in feed(ONE, header, "4 packets captured? no") for kind in kinds(items)]
    assert found == ["segment", "hexdump", "hexdump"]


@pytest.mark.parametrize("text", ["Looks bad. Why so?", "No reply to 10.0.0.1", "E..(.,@.@", "F......"])
def test_words_under_a_record_open_no_dump(text: str) -> None:
    """What is no header is what it is by itself."""
    assert [kind for items in feed(ONE, text) for kind in kinds(items)] == ["segment", "remark"]


def test_records_of_two_lines_between_dumps() -> None:
    """-A with -v: a dump ends at a header with a time as the log prints it, not at one that imitates it."""
    dump = ["E..4.j@.@.!X....d.........", "GET / HTTP/1.1", HEADER.partition(" ")[2], SECOND]
    result = feed(HEADER, SECOND, *dump, HEADER, SECOND, *dump, HEADER, "no second line", HEADER, SECOND)
    found = [kind for items in result for kind in kinds(items)]
    assert found == ["segment", *["hexdump"] * 4, "segment", *["hexdump"] * 6, "segment"]


@pytest.mark.parametrize("quoted", [SECOND, "    192.0.2.1.5 > 192.0.2.2.80: [|tcp]"])
def test_a_header_quoted_by_icmp_is_no_segment(quoted: str) -> None:
    """The quoted packet was sent before, and may have been printed before."""
    *_, note, _ = feed(
        HEADER.replace("TCP (6)", "ICMP (1)"),
        "    192.0.2.2 > 192.0.2.1: ICMP 192.0.2.2 tcp port 80 unreachable, length 48",
        "\tIP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 40)",
        quoted,
    )
    (item,) = note
    assert isinstance(item, Skipped)
    assert item.kind == "icmp"
    assert item.note is not None
    assert (item.note["src"], item.note["sport"], item.note["dst"], item.note["dport"]) == (
        "192.0.2.1",
        5,
        "192.0.2.2",
        80,
    )
    assert item.note["text"] == "ICMP 192.0.2.2 tcp port 80 unreachable, length 48"
    assert item.note["behind"] == 3


def test_an_icmp_error_keeps_what_it_says_of_the_packet() -> None:
    """Enough to tie it to its connection."""
    line = "IP 192.0.2.9 > 192.0.2.1: ICMP 192.0.2.2 unreachable - need to frag (mtu 1400), length 48"
    (item,), _ = feed(line)
    assert isinstance(item, Skipped)
    assert item.note == {
        "text": "ICMP 192.0.2.2 unreachable - need to frag (mtu 1400), length 48",
        "reporter": "192.0.2.9",
        "src": "192.0.2.1",
        "dst": "192.0.2.2",
        "mtu": 1400,
    }
