"""Logs that are hard to read: lines that stick together or are cut, records in three lines, forms of old programs, notes of people."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from played import explained, line, play

from tdparse import load
from tdparse.model import Layer, Segment, Skipped
from tdparse.repair import Mender

if TYPE_CHECKING:
    from tdparse.model import Item


SYN = "Flags [S], seq 1000, win 64240, options [mss 1460], length 0"
SYN_ACK = "Flags [S.], seq 7000, ack 1001, win 64240, options [mss 1460], length 0"


@pytest.mark.parametrize("prefix", ["x.log:", "logs/2026-11/x.log.1:", "x.log:12:", "12:"])
def test_what_grep_puts_before_a_line_is_no_part_of_it(prefix: str) -> None:
    """The time behind it is the record's own."""
    log = line(0, "C", SYN) + line(0.25, "S", SYN_ACK)
    steps, _ = explained("".join(prefix + text for text in log.splitlines(keepends=True)))
    assert [step.segment.time for step in steps] == ["10:00:00.000000", "10:00:00.250000"]
    assert [step.segment.layer and step.segment.layer.repairs for step in steps] == [("prefix",)] * 2


PRINTED = "{time} IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [S], seq 1000, win 64240, options [mss 1460], length 0"
RESET = "{time} IP 10.0.0.2.80 > 10.0.0.1.40000: Flags [R.], seq 0, ack 1001, win 0, length 0"
VERBOSE = (
    "{time} IP (tos 0x0, ttl 64, id 0, offset 0, flags [DF], proto TCP (6), length 44)\n    "
    "10.0.0.1.40000 > 10.0.0.2.80: Flags [S], cksum 0xfe30 (correct), seq 1000, win 64240, options [mss 1460], length 0"
)
CLOCKS = ["05:34:56.000001", "2026-11-29 11:03:46.067506", "1732880626.067506"]
SEPARATORS = ["", " ", "\r", "\0", "\ufeff", "\u200b", "\r\ufeff"]


@pytest.mark.parametrize("first", [PRINTED, VERBOSE], ids=["one line", "two lines"])
@pytest.mark.parametrize("time", CLOCKS, ids=["time of day", "date", "seconds"])
@pytest.mark.parametrize("separator", SEPARATORS, ids=ascii)
def test_records_that_no_line_feed_separates_are_two(first: str, time: str, separator: str) -> None:
    """A file without a last line break in front of another one: no length takes digits of the time behind it."""
    steps, (end,) = play((first + separator + RESET).format(time=time).split("\n"))
    assert [(step.step, step.segment.length, step.segment.time) for step in steps] == [
        ("handshake.syn", 0, time),
        ("handshake.refused", 0, time),
    ]
    assert end.verdict == "refused"


DATA = "12:00:0{0}.000000 IP 192.0.2.1.40000 > 192.0.2.2.80: Flags [P.], seq {1}:{2}, ack 7, win 512, length {3}"


@pytest.mark.parametrize("length", [1, 10, 1448, 65160])
@pytest.mark.parametrize("separator", ["", "\r", "\ufeff"], ids=ascii)
def test_data_that_no_line_feed_separates_stays_apart(length: int, separator: str) -> None:
    """R30: the printed range says how long the first one is, too."""
    lines = [DATA.format(place, 5 + place * length, 5 + (place + 1) * length, length) for place in range(3)]
    steps, _ = play([separator.join(lines)])
    assert [step.segment.length for step in steps] == [length] * 3


@pytest.mark.parametrize("separator", ["\r", "\r\n"], ids=ascii)
def test_carriage_returns_may_separate_lines(separator: str) -> None:
    """What a sender's text shows of itself never has one, so it does not go on behind it."""
    lines = [f"{DATA.format(place, place * 9, place * 9 + 9, 9)}: HTTP: GET / HTTP/1.1" for place in range(3)]
    said = separator.join(["captured on Monday", *lines, "3 packets captured"])
    steps, _ = play(line.removesuffix("\r") for line in said.split("\n"))
    assert [step.segment.payload for step in steps] == ["HTTP: GET / HTTP/1.1"] * 3


def test_a_payload_may_imitate_records() -> None:
    """Behind its mark everything is the sender's."""
    imitated = RESET.format(time=CLOCKS[0])
    said = f"HTTP: GET {imitated[:-1]}0{imitated} HTTP/1.1"
    steps, _ = play([f"{DATA.format(0, 0, 9, 9)}: {said}", f"{DATA.format(0, 9, 18, 9)}{DATA.format(1, 18, 27, 9)}"])
    assert [step.segment.payload for step in steps] == [said, None, None]


def test_what_stands_for_options_is_no_sign_that_there_are_none() -> None:
    """R76, R78: whether windows are scaled, and whether timestamps are there, is not known where somebody has left out options."""
    lines = [
        "12:00:00.000001 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 100, win 9, options [mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7], length 0",
        "12:00:00.000002 IP 10.0.0.2.80 > 10.0.0.1.5: Flags [S.], seq 900, ack 101, win 9, options [mss 1460,sackOK,TS val ... ecr 1,nop,wscale 7], length 0",
        "12:00:00.000003 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [.], ack 1, win 9, options [...], length 0",
        "12:00:00.000004 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [P.], seq 1:3, ack 1, win 9, options [nop,nop,TS val ... ecr ...], length 2",
    ]
    steps, _ = play(lines)
    assert [one.step for one in steps] == ["handshake.syn", "handshake.syn_ack", "handshake.ack", "data.push"]
    assert not any(one.findings for one in steps)
    assert steps[3].window_scaled == 9 << 7
    assert not any(one.findings for one in play([*lines[:2], lines[2].partition(", options")[0]])[0])
    hidden, _ = play(
        [lines[0], lines[1].replace("[mss 1460,sackOK,TS val ... ecr 1,nop,wscale 7]", "[...]"), *lines[2:]]
    )
    assert [found.code for one in hidden for found in one.findings] == ["wscale_unknown"]


SYN_OF_3X = "12:00:00.000001 10.0.0.1.2788 > 10.0.0.2.22: S [tcp sum ok] 1:1(0) win 65535 <mss 1460,nop,nop,sackOK> (DF) (ttl 64, id 7, len 48)"
ACK = "12:00:00.000002 10.0.0.1.2788 > 10.0.0.2.22: . ack 1 win 65535 (DF) (ttl 64, id 8, len 40)"


def read(*lines: str) -> list[Item]:
    """Return all items of a log."""
    mender = Mender()
    return [*(item for line in lines for item in mender.feed(line)), *mender.flush()]


def segments(*lines: str) -> list[Segment]:
    """Return the segments of a log."""
    return [item for item in read(*lines) if isinstance(item, Segment)]


def values(segment: Segment) -> tuple[object, ...]:
    """Return what a segment says, without where it stood and what was done to it."""
    return segment._replace(line=0, lines=0, text="", layer=None)


def broken(record: str, *before: str, indent: str = "    ") -> list[str]:
    """Return a record as lines that were broken before some of its parts."""
    for part in before:
        record = record.replace(f" {part}", f"\n{indent}{part}", 1)
    return record.split("\n")


@pytest.mark.parametrize("mark", ["", "> ", "        "])
@pytest.mark.parametrize("behind", [[], [""], ["bye"]], ids=["end", "blank", "remark"])
@pytest.mark.parametrize(
    ("record", "before"),
    [
        (SYN_OF_3X, ("S [", "<mss")),
        (SYN_OF_3X, ("S [", "<mss", "(DF)")),
        (SYN_OF_3X, ("S [", "(DF)")),
        (SYN_OF_3X, ("<mss", "(DF)")),
        (ACK, (". ack", "(DF)")),
    ],
)
def test_a_record_of_3x_may_end_in_lines_of_its_own(
    record: str, before: tuple[str, ...], behind: list[str], mark: str
) -> None:
    """Options, and what is known of the IP header, belong to the record above them, as one line each."""
    lines = [mark + line for _ in range(2) for line in broken(record, *before)]
    items = read(*lines, *behind)
    assert [values(item) for item in items if isinstance(item, Segment)] == [values(*segments(record))] * 2
    count = len(before) + 1
    places = [(item.line, item.lines) if isinstance(item, Segment) else item.line for item in items]
    assert places == [(1, count), (count + 1, count), *range(2 * count + 1, 2 * count + 1 + len(behind))]


def test_spaces_between_options_of_a_broken_record() -> None:
    """A person who breaks a record at its commas may leave a space behind each."""
    (found,) = segments(*broken(SYN_OF_3X.replace(",nop", ", nop"), "S [", "<mss", "(DF)"))
    assert values(found) == values(*segments(SYN_OF_3X))


@pytest.mark.parametrize("rest", [["<mss 1460,no"], ["<mss 1460,no", "", "<html>"], ["(DF) (ttl"]])
def test_what_does_not_end_a_record_stands_for_itself(rest: list[str]) -> None:
    """The record above is whole; no line is lost, none is counted twice."""
    lines = [*broken(SYN_OF_3X[: SYN_OF_3X.index(" <")], "S ["), *rest, ACK]
    items = read(*lines)
    assert [(item.line, item.lines if isinstance(item, Segment) else 1) for item in items] == [
        (1, 2),
        *((place, 1) for place in range(3, len(lines) + 1)),
    ]
    assert [item.raw for item in items if isinstance(item, Skipped)] == rest


FLOW = "10.0.0.1.5 > 10.0.0.2.80: S 1:1(0) win 16384 <mss 1460> (DF)"
MONTH = "Apr 29 22:07:36.097760"


@pytest.mark.parametrize("time", [MONTH, "22:07:36.097760"])
@pytest.mark.parametrize(
    "rule",
    [
        "rule def/(match) pass out on em0: ",
        "rule 16.anchor.3/(unkn 16) block in on em0: ",
        "rule 3/(match) [uid 0, pid 12345] block out on em0: [uid 1000, pid 6789] ",
        "rule 3/(match) [uid 0, pid 12345] pass out on em0: [rewritten: src 10.0.0.9:5, dst 10.9.0.9:80] ",
        "rule 0/0(match): pass out on en0: [uid 501, pid 4242] ",
        "rule 7/0(match) [uid 0]: pass in on em1: ",
        "",
    ],
)
def test_records_of_pflog(rule: str, time: str) -> None:
    """As the BSDs and macOS print them; whole, or broken where there is one way to mend it."""
    record = f"{time} {rule}{FLOW}"
    (whole,) = segments(record)
    assert (whole.time, whole.stamp) == (time, segments(f"{time} {FLOW}")[0].stamp)
    assert whole.layer is not None
    assert (whole.layer.link or "", whole.layer.repairs) == (rule, ())
    for part in ("10.0.0.2", "S 1:1", "win", "<mss"):
        place = record.index(part)
        lines = [record[:place].rstrip(), record[place:]]
        assert [values(one) for one in segments(*lines, *lines)] == [values(whole)] * 2


AROUND = {
    "root@host:~# tcpdump -nn": "prompt",
    "tcpdump: verbose output suppressed, use -v[v]... for full protocol decode": "banner",
    "listening on eth0, link-type EN10MB (Ethernet), snapshot length 262144 bytes": "banner",
    "^C2 packets captured": "counters",
    "12 packets dropped by kernel": "counters",
}


@pytest.mark.parametrize(
    "mark",
    [
        "",
        "    ",
        "\t",
        "> ",
        "> > ",
        "| ",
        "- ",
        "tcpdump_1  | ",
        "Nov 30 10:00:00 host tcpdump[123]: ",
        "[pod/web-1/sniff] ",
    ],
)
def test_what_tcpdump_says_stands_behind_the_same_marks_as_its_records(mark: str) -> None:
    """Contract, part 3: banners, counters and prompts have their kinds."""
    items = read(*(mark + line for line in (*AROUND, SYN_OF_3X)))
    assert {item.raw.removeprefix(mark): item.kind for item in items if isinstance(item, Skipped)} == AROUND
    counters = [dict(item.note or {}) for item in items if isinstance(item, Skipped) and item.kind == "counters"]
    assert counters == [{"captured": 2}, {"dropped": 12}]


@pytest.mark.parametrize(
    "line", ["I saw 12 packets dropped by kernel", "# 12 packets dropped by kernel", "12 packets dropped by kernel!"]
)
def test_what_a_person_says_of_counters_is_none(line: str) -> None:
    """Prose is a remark, a comment a comment."""
    (item,) = read(line)
    assert isinstance(item, Skipped)
    assert (item.kind, item.note) == ("comment" if line.startswith("#") else "remark", None)


def test_drops_are_counted_behind_a_mark() -> None:
    """capture_drops: tcpdump's counter at the end of the log."""
    records = f"> {SYN_OF_3X}", f"> {SYN_OF_3X.replace(' S ', ' R ')}"
    assert any(
        "capture_drops" in part.findings for part in load([*records, "> 12 packets dropped by kernel"]).connections
    )


@pytest.mark.parametrize("mark", [">", ">>", "|", "*"])
@pytest.mark.parametrize(
    "record",
    [
        "10.0.0.1.5 > localhost.80: Flags [S], seq 7, win 9, length 0",
        "localhost.80 > 10.0.0.1.5: . ack 1 win 9",
        "10.0.0.1.5 > localhost: Flags [S], seq 320236027,",
    ],
)
def test_a_mark_without_a_space_is_no_part_of_a_host(record: str, mark: str) -> None:
    """R38: the same connection as without the mark."""
    (quoted,), (plain,) = segments(mark + record), segments(record)
    if mark == "*" and record.startswith("localhost"):
        assert quoted.src.host == "*localhost"  # a name that somebody has masked
    else:
        assert values(quoted) == values(plain)
        assert quoted.layer is not None
        assert quoted.layer.repairs[0] == "quoted"


@pytest.mark.parametrize("host", ["*.*.*.7", "*.example.com", "<host IP>", "***"])
def test_a_masked_address_stays_one(host: str) -> None:
    """What people put in place of an address."""
    found = segments(f"12:00:00.000001 IP {host}.443 > 10.0.0.2.9: Flags [.], ack 1, win 9, length 0")
    assert [one.src.host for one in found] == [host.replace(" ", "_")]


@pytest.mark.parametrize(
    ("printed", "host", "port"),
    [
        ("10.0.0.1:8080", "10.0.0.1", 8080),
        ("client:5", "client", 5),
        ("2001:db8::1:8080", "2001:db8::1:8080", None),
        ("2001:db8::1.8080", "2001:db8::1", 8080),
        ("10.0.0.1:99999999", "10.0.0.1:99999999", None),
    ],
)
def test_a_port_behind_a_colon(printed: str, host: str, port: int | None) -> None:
    """As people write it; an address of IPv6 has colons of its own."""
    (found,) = segments(f"12:00:00.000001 IP {printed} > 10.0.0.2.9: Flags [.], ack 1, win 9, length 0")
    assert (found.src.host, found.src.port) == (host, port)


@pytest.mark.parametrize(
    ("suffix", "known"),
    [
        ("(DF) (ttl 128, id 45836)", {"ip_flags": "DF", "ttl": 128, "ip_id": 45836}),
        (
            "(DF) [tos 0x10]  (ttl 64, id 7, len 40)",
            {"ip_flags": "DF", "tos": 16, "ttl": 64, "ip_id": 7, "ip_length": 40},
        ),
        ("[tos 0x2,ECT] (ttl 64, id 7, optlen=4 NOP)", {"tos": 2, "ttl": 64, "ip_id": 7}),
        ("[tos 0x10] ", {"tos": 16}),
        ("(len 20, hlim 64)", {"ttl": 64, "ip_length": 20}),
        ("[ttl 1] (id 7, len 40)", {"ttl": 1, "ip_id": 7, "ip_length": 40}),
        ("[flowlabel 0x3] [hlim 64] (len 20)", {"ttl": 64, "ip_length": 20}),
        ("(DF)", {"ip_flags": "DF"}),
    ],
)
def test_what_3x_prints_of_the_ip_header_is_known(suffix: str, known: dict[str, object]) -> None:
    """The same as what later releases print before the addresses."""
    (found,) = segments(f"12:00:00.1 10.0.0.1.5 > 10.0.0.2.80: . ack 1 win 9 {suffix}".replace(".1 ", ".100000 ", 1))
    assert found.layer == Layer(ip_text=f" {suffix}", **known)  # type: ignore[arg-type]


@pytest.mark.parametrize(("second", "step"), [(7, "stepless.capture_duplicate"), (8, "stepless.ack")])
def test_equal_acks_are_one_packet_by_their_ip_id(second: int, step: str) -> None:
    """R112: an empty ACK was captured twice where both have one IP id, whichever release printed it."""
    data = "12:00:00.000000 10.0.0.1.5 > 10.0.0.2.80: P 1:11(10) ack 1 win 9 (DF)"
    acks = [
        f"12:00:00.10000{place} 10.0.0.2.80 > 10.0.0.1.5: . ack 11 win 9 (DF) (ttl 64, id {number})"
        for place, number in enumerate((7, second))
    ]
    assert [one.step for one in load([data, *acks]).segments] == ["data.push", "data.ack", step]


@pytest.mark.parametrize(
    "note", ["(1)", "1", " 1", "# SYN", "<-- again", "// why?", "➊", "; three", " the third step", "--> lost"]
)
@pytest.mark.parametrize(
    "record",
    [
        "10.0.0.1.5 > 10.0.0.2.80: S 1:1(0) win 16384 <mss 1460> (DF)",
        "10.0.0.1.5 > 10.0.0.2.80: . ack 1 win 16384 (DF) [tos 0x10]",
        "10.0.0.1.5 > 10.0.0.2.80: . ack 1 win 16384 (DF) (ttl 64, id 7, len 40)",
        "eth1 < 10.0.0.1.5 > 10.0.0.2.80: tcp 0 (DF)",
    ],
)
def test_a_note_may_stand_behind_the_ip_header_of_old_records(record: str, note: str) -> None:
    """What a person adds to a line of 3.x or of -q changes nothing of what it says."""
    (noted,), (plain,) = segments(f"12:00:00.000001 {record} {note}"), segments(f"12:00:00.000001 {record}")
    assert values(noted) == values(plain)
    assert noted.layer is not None
    assert noted.layer._replace(ip_text=(noted.layer.ip_text or "").rstrip()) == plain.layer


@pytest.mark.parametrize("end", ["(DF) (ttl", "(DF) [tos 0x", "(DF) 12:00:01.000000 10.0.0.1.5 > 10.0.0.2.80: . a"])
def test_what_is_cut_off_of_the_ip_header_is_no_note(end: str) -> None:
    """It is said that the line cannot be read, and where, if it is not mended."""
    (item,) = read(f"12:00:00.000001 10.0.0.1.5 > 10.0.0.2.80: . ack 1 win 16384 {end}")
    assert isinstance(item, Skipped)
    assert item.kind == "rejected"


HEADED = [
    "0:10:5a:a1:e9:8 0:10:5a:e3:37:c ip 60: 10.0.0.1.1174 > 10.0.0.2.23: . ack 7 win 8647 (DF)",
    "4e:7d:69:53:97:61 > 92:dc:e0:5d:fb:15, ethertype IPv4 (0x0800), length 74: 10.0.0.1.5 > 10.0.0.2.80: tcp 7",
    (
        "4e:7d:69:53:97:61 > 92:dc:e0:5d:fb:15, ethertype 802.1Q (0x8100), length 74: vlan 12, p 0, ethertype IPv4, "
        "10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 6, win 9, length 0"
    ),
    "rule 39/0(match): pass in on em1: 10.0.0.1.5 > 10.0.0.2.80: S 1:1(0) win 5840 <mss 1460> (DF)",
    "(en0, proc curl:4242, svc BE, out) IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 6, win 9, length 0",
    "IP 10.0.1.1 > 10.0.1.2: GREv0, key=0x1, length 64: IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 6, win 9, length 0",
    (
        "IP6 (class 0x10, flowlabel 0x2, hlim 64, next-header TCP (6) payload length: 20) 2001:db8::1.5 > 2001:db8::2.80: "
        "Flags [R], seq 6, win 9, length 0"
    ),
    "MPLS (label 16, tc 0, ttl 63) IP 10.0.0.1.5 > 10.0.0.2.80: Flags [R], seq 6, win 9, length 0",
]


@pytest.mark.parametrize(
    "length", [" payload length: 20", ", payload length 20", ", payload length: 20", ", length 20", ", length: 20"]
)
@pytest.mark.parametrize("behind", [" ", "\n    ", "\n"])
def test_a_header_of_ipv6_written_in_any_way(length: str, behind: str) -> None:
    """The comma came and the colon went with 4.99.6; who writes a log by hand has both, and two lines as for IPv4."""
    head = f"12:00:00.000001 IP6 (hlim 64, next-header TCP (6){length})"
    record = f"{head}{behind}2001:db8::1.5 > 2001:db8::2.80: Flags [R], seq 6, win 9, length 0"
    (found,) = segments(*record.split("\n"))
    assert (found.time, found.seq, str(found.dst)) == ("12:00:00.000001", 6, "2001:db8::2.80")


@pytest.mark.parametrize("mark", ["", "> "])
@pytest.mark.parametrize("record", HEADED)
def test_a_break_before_the_addresses_keeps_the_time(record: str, mark: str) -> None:
    """Wherever it is, although what stands behind it may be a record without a time by itself."""
    record = f"12:00:00.000001 {record}"
    (whole,) = segments(record)
    for place in (found.start() for found in re.finditer(" ", record[: record.rindex(" > ")])):
        lines = [mark + record[:place], mark + record[place + 1 :]]
        found = segments(*lines, *lines)
        assert [values(one) for one in found] == [values(whole)] * 2, lines
        assert whole.layer is None or found[0].layer is not None
        assert [(one.line, one.lines) for one in found] == [(1, 2), (3, 2)]


@pytest.mark.parametrize(
    "first",
    [
        "12:00:00.000001 something else",
        "12:00:00.000001 IP 10.0.0.1.5 > 10.0.0.2.80:",
        "12:00:00.000001 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [.], ack 1, win",
        "12:00:00.000001 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [.], ack",
    ],
)
@pytest.mark.parametrize("behind", ["", "12:00:01.000000 ", "> 12:00:01.000000 ", "host: 12:00:01.000000 "])
def test_a_time_is_given_to_no_other_record(first: str, behind: str) -> None:
    """What stands in the next line is a record by itself."""
    record = f"{behind}IP 10.0.0.3.7 > 10.0.0.4.80: Flags [.], ack 5, win 9, length 0"
    damaged, other = read(first, record)
    if isinstance(damaged, Segment):  # what is left of it
        assert (damaged.lines, damaged.window, damaged.length) == (1, None, None)
    assert isinstance(other, Segment)
    assert (other.line, other.lines, other.time) == (2, 1, "12:00:01.000000" if behind else None)


@pytest.mark.parametrize(
    "record",
    [
        HEADED[1].replace(
            "length 74: ", "length 74: (tos 0x0, ttl 64, id 7, offset 0, flags [DF], proto TCP (6), length 60)    "
        )
    ],
)
def test_the_two_lines_of_a_verbose_record_in_one(record: str) -> None:
    """With the blanks that were before the second line."""
    (found,) = segments(f"12:00:00.000001 {record}")
    assert found.layer is not None
    assert (found.time, found.layer.ip_id, found.layer.repairs) == ("12:00:00.000001", 7, ("spaces",))


@pytest.mark.parametrize(
    "front",
    [
        "12:00:00.00001 4e:7d:69:53:97:61 > 92:dc:e0:5d:fb:15, ethertype IPv4, length 7:",
        "12:00:00.1 rule 7/(x) on em0:",
    ],
)
def test_a_link_header_that_cannot_be_read_is_no_prefix(front: str) -> None:
    """It is told with its place, as a time or an IP header is."""
    (item,) = read(f"{front} 10.0.0.1.5 > 10.0.0.2.80: Flags [.], ack 5, win 9, length 0")
    assert isinstance(item, Skipped)
    assert item.kind == "rejected"


@pytest.mark.parametrize(
    ("printed", "flags"),
    [
        ("S [ECN-Echo,CWR] 1:1(0) win 5808 <mss 1452> (DF)", "SEW"),
        ("S [ECN-Echo] 1:1(0) ack 2 win 5808 <mss 1452> (DF)", "S.E"),
        ("P [CWR] [tcp sum ok] 1:5(4) ack 2 win 5808 (DF) (ttl 64, id 7)", "P.W"),
        (". [ECN-Echo] ack 2 win 5808", ".E"),
    ],
)
def test_ecn_as_the_first_releases_printed_it(printed: str, flags: str) -> None:
    """Two words behind the other flags; what follows them is that of any record of 3.x."""
    head = "19:10:37.192791 10.0.0.1.5 > 10.0.0.2.80: "
    (found,) = segments(head + printed)
    (plain,) = segments(head + re.sub(r" \[(?:ECN-Echo|CWR).*?\]", "", printed))
    assert found.flags == flags
    assert values(found._replace(flags=plain.flags)) == values(plain)


@pytest.mark.parametrize(
    "printed", ["S [ECN-Echo,CWR] 1:1(0) win x", "S [tcp sum ok] 1:1(0) wi", "P [CWR] [bad tcp cksum 1 ("]
)
def test_records_of_the_first_releases_that_cannot_be_read(printed: str) -> None:
    """They look like segments: they are no packets of another protocol."""
    (item,) = read(f"19:10:37.192791 10.0.0.1.5 > 10.0.0.2.80: {printed}")
    assert isinstance(item, Skipped)
    assert item.kind == "rejected"


@pytest.mark.parametrize(
    "record",
    [
        "10.0.0.9.445 > 10.0.0.1.5: Flags [.], seq 1:7241, ack 5, win 256, length 7240",
        "10.0.0.9.445 > 10.0.0.1.5: . 1:7241(7240) ack 5 win 256",
    ],
)
@pytest.mark.parametrize(
    "said", ["Packet is continued in later TCP segments", "Short packet. Try increasing the snap length by 7"]
)
def test_warnings_about_smb_follow_without_a_space(record: str, said: str) -> None:
    """They are what is printed of the payload."""
    (found,) = segments(f"{record}WARNING: {said}")
    assert (found.length, found.window, found.payload) == (7240, 256, f"WARNING: {said}")


@pytest.mark.parametrize("end", ['",', '" +', '\\n"', '\\n" +', '\\n",', '\\r\\n");', "'", '" \\'])
@pytest.mark.parametrize("indent", ["", "    ", "\t"])
def test_records_in_the_source_of_a_program(indent: str, end: str) -> None:
    """A literal ends behind its record, with what joins it to the next one."""
    record = "18:21:23.300000 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 1, win 9, length 0"
    quote = "'" if end == "'" else '"'
    found = segments(*[f"{indent}{quote}{record}{end}"] * 2)
    assert [values(one) for one in found] == [values(*segments(record))] * 2


@pytest.mark.parametrize("indent", ["", "       ", "\t"])
def test_a_backslash_says_that_the_next_line_belongs_to_this_one(indent: str) -> None:
    """As in manuals, where records are broken."""
    lines = [f"{line} \\" for line in broken(SYN_OF_3X, "1:1", "(ttl", indent=f"{indent}    ")]
    found = segments(*[indent + line for line in (*lines[:-1], lines[-1][:-2])] * 2)
    assert [values(one) for one in found] == [values(*segments(SYN_OF_3X))] * 2
    assert [(one.line, one.lines) for one in found] == [(1, 3), (4, 3)]


@pytest.mark.parametrize("front", ["    ", "\t", "     `", "> "])
@pytest.mark.parametrize(
    ("record", "column"),
    [
        ("<the IP of our XCP-ng host>.443 > 10.0.0.2.80: Flags [.], ack 1, win 9, length 0", 1),
        ("10.0.0.2.80 > <the IP of our XCP-ng host>.443: Flags [.], ack 1, win 9, length 0", 15),
        ("12:00:00.000001 IP 10.0.0.2.80 > 10.0.0.1.5: Flags [.], ack -1, win 9, length 0", 61),
    ],
)
def test_a_record_behind_blanks_that_cannot_be_read_is_told(record: str, column: int, front: str) -> None:
    """Contract, part 3: it looks like a segment, wherever it stands; the column is that of the line."""
    (item,) = read(front + record)
    assert isinstance(item, Skipped)
    assert item.kind == "rejected"
    if front == "\t":
        assert item.column == len(front) + column


@pytest.mark.parametrize("places", [("<mss",), ("10.0.0.1.5 >", "<mss")])
def test_options_in_a_line_of_their_own_below_an_ip_header(places: tuple[str, ...]) -> None:
    """As 3.9 prints it, in the same line or in the line above."""
    record = (
        "12:00:00.000001 IP (tos 0x0, ttl 128, id 16243, offset 0, flags [DF], proto: TCP (6), length: 48) "
        "10.0.0.1.5 > 10.0.0.2.80: S, cksum 0x093b (correct), 7:7(0) win 65535 <mss 1260,nop,nop,sackOK>"
    )
    lines = broken(record, *places)
    items = read(*lines, *lines, "bye")
    assert [values(item) for item in items if isinstance(item, Segment)] == [values(*segments(record))] * 2
    count = len(places) + 1
    assert [item.line for item in items] == [1, count + 1, 2 * count + 1]
    assert all(item.layer is not None and item.layer.ip_id == 16243 for item in items if isinstance(item, Segment))
