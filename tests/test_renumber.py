"""`convert`: a log in the other numbering is what tcpdump prints with, or without, -S."""

from __future__ import annotations

import gzip
import json
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from scenario import log, packets, printed

from tdparse.assemble import Assembler
from tdparse.model import Segment
from tdparse.renumber import Lost, Renumberer, numbering_of

if TYPE_CHECKING:
    from tdparse.model import Item
    from tdparse.renumber import To

CAPTURES = Path(__file__).parents[1] / "fixtures" / "captures"
CORPUS = Path(__file__).parents[2] / "shared" / "corpus" / "tcpdump"
NAMES = sorted(path.parent.name for path in CAPTURES.glob("*/capture.pcap"))
DIRECTIONS: list[To] = ["absolute", "relative"]


class Line(NamedTuple):
    """One item, converted."""

    item: Item
    text: str
    lost: tuple[Lost, ...]


def items(text: str) -> list[Item]:
    """Return the items of a log."""
    assembler = Assembler()
    found = [item for line in text.split("\n") for item in assembler.feed(line)]
    return found + assembler.flush()


def convert(text: str, to: To) -> list[Line]:
    """Return a log in the numbering `to`, as the program converts it."""
    found = items(text)
    renumberer = Renumberer(to, likely=numbering_of(item for item in found if isinstance(item, Segment)))
    return [Line(item, *renumberer.feed(item)) for item in found]


def joined(lines: list[Line]) -> str:
    """Return the converted log."""
    return "\n".join(line.text for line in lines)


# ------------------------------------------------------------------ our own captures


@pytest.mark.parametrize("suffix", ["", "-vv"])
@pytest.mark.parametrize("name", sorted({*NAMES} - {"late_ack", "late_sack"}))
@pytest.mark.parametrize("to", DIRECTIONS)
def test_captures_byte_for_byte(name: str, suffix: str, to: To) -> None:
    """Each printing converts into the other, one-line and two-line records alike."""
    logs = {key: (CAPTURES / name / f"{key}{suffix}.log").read_text("ascii") for key in DIRECTIONS}
    lines = convert(logs["relative" if to == "absolute" else "absolute"], to)
    assert joined(lines) == logs[to]
    assert not any(line.lost for line in lines)


@pytest.mark.parametrize("name", ["late_ack", "late_sack"])
def test_with_every_number_printed_nothing_is_lost(name: str) -> None:
    """-vv prints the number of the empty ACK that set the bases."""
    logs = {key: (CAPTURES / name / f"{key}-vv.log").read_text("ascii") for key in DIRECTIONS}
    assert joined(convert(logs["relative"], "absolute")) == logs["absolute"]
    assert joined(convert(logs["absolute"], "relative")) == logs["relative"]


@pytest.mark.parametrize("to", DIRECTIONS)
@pytest.mark.parametrize("name", ["late_ack", "late_sack"])
def test_a_base_that_was_never_printed(name: str, to: To) -> None:
    """Numbers that count from it stay as they are and are said to be lost; all others are converted."""
    logs = {key: (CAPTURES / name / f"{key}.log").read_text("ascii").splitlines() for key in DIRECTIONS}
    lines = convert("\n".join(logs["relative" if to == "absolute" else "absolute"]), to)
    assert any(line.lost for line in lines)
    for line, wanted in zip(lines, logs[to], strict=True):
        assert {lost.rule for lost in line.lost} <= {"R33"}
        if not line.lost:
            assert line.text == wanted
        assert isinstance(line.item, Segment)
        assert len(line.lost) < (line.item.seq is not None) + (line.item.ack is not None) + 1


@pytest.mark.parametrize("to", DIRECTIONS)
@pytest.mark.parametrize("name", NAMES)
def test_a_log_that_already_is_as_wanted(name: str, to: To) -> None:
    """Converting to the numbering a log has changes no octet."""
    text = (CAPTURES / name / f"{to}.log").read_text("ascii")
    assert joined(convert(text, to)) == text


# ------------------------------------------------------------------ forms of a record


@pytest.mark.parametrize(
    ("absolute", "relative"),
    [
        (
            ["IP 192.0.2.1.5 > 192.0.2.2.80: Flags [S], seq 3000, win 9, length 0"],
            ["IP 192.0.2.1.5 > 192.0.2.2.80: Flags [S], seq 3000, win 9, length 0"],
        ),
        (
            [  # 3.x
                "12:00:00.000001 192.0.2.1.5 > 192.0.2.2.80: S 2000000000:2000000000(0) win 9 <mss 1460> (DF)",
                "12:00:00.000002 192.0.2.2.80 > 192.0.2.1.5: S 3000000000:3000000000(0) ack 2000000001 win 9 (DF)",
                "12:00:00.000003 192.0.2.1.5 > 192.0.2.2.80: . ack 3000000001 win 9 (DF)",
                "12:00:00.000004 192.0.2.1.5 > 192.0.2.2.80: P 2000000001:2000000011(10) ack 3000000001 win 9 (DF)",
                "12:00:00.000005 192.0.2.2.80 > 192.0.2.1.5: . ack 2000000001 win 9 <nop,nop,sack sack 1 {2000000006:2000000011} > (DF)",
                "12:00:00.000006 192.0.2.2.80 > 192.0.2.1.5: R 3000000001:3000000001(0) win 0 (DF)",
            ],
            [
                "12:00:00.000001 192.0.2.1.5 > 192.0.2.2.80: S 2000000000:2000000000(0) win 9 <mss 1460> (DF)",
                "12:00:00.000002 192.0.2.2.80 > 192.0.2.1.5: S 3000000000:3000000000(0) ack 2000000001 win 9 (DF)",
                "12:00:00.000003 192.0.2.1.5 > 192.0.2.2.80: . ack 1 win 9 (DF)",
                "12:00:00.000004 192.0.2.1.5 > 192.0.2.2.80: P 1:11(10) ack 1 win 9 (DF)",
                "12:00:00.000005 192.0.2.2.80 > 192.0.2.1.5: . ack 1 win 9 <nop,nop,sack sack 1 {6:11} > (DF)",
                "12:00:00.000006 192.0.2.2.80 > 192.0.2.1.5: R 3000000001:3000000001(0) win 0 (DF)",
            ],
        ),
        (
            [  # numbers that look alike but are none: times, options of MPTCP, payload
                "12:00:00.000001 IP6 ::1.5 > ::2.80: Flags [S.], seq 7000000, ack 9000001, win 9, options [TS val 7000000 ecr 9000001], length 0",
                (
                    "12:00:00.000002 IP6 ::2.80 > ::1.5: Flags [P.], seq 9000001:9000005, ack 7000001, win 9, options "
                    "[mptcp 20 dss ack 7000001 seq 9000001 subseq 1 len 4 csum 0x1,nop,nop,sack 1 {7000011:7000021}], length 4: HTTP, ack 7000001"
                ),
            ],
            [
                "12:00:00.000001 IP6 ::1.5 > ::2.80: Flags [S.], seq 7000000, ack 9000001, win 9, options [TS val 7000000 ecr 9000001], length 0",
                (
                    "12:00:00.000002 IP6 ::2.80 > ::1.5: Flags [P.], seq 1:5, ack 1, win 9, options "
                    "[mptcp 20 dss ack 7000001 seq 9000001 subseq 1 len 4 csum 0x1,nop,nop,sack 1 {11:21}], length 4: HTTP, ack 7000001"
                ),
            ],
        ),
        (
            [  # a header that an ICMP error quotes is printed with the bases of its connection
                "12:00:00.000001 IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 45)",
                "    192.0.2.1.5 > 192.0.2.2.80: Flags [P.], cksum 0x1234 (correct), seq 4000000000:4000000005, ack 2000000000, win 9, length 5",
                "12:00:00.000002 IP (tos 0xc0, ttl 64, id 1, offset 0, flags [none], proto ICMP (1), length 73)",
                "    192.0.2.9 > 192.0.2.1: ICMP 192.0.2.2 unreachable - need to frag (mtu 1400), length 53",
                "\tIP (tos 0x0, ttl 63, id 1, offset 0, flags [DF], proto TCP (6), length 45)",
                "    192.0.2.1.5 > 192.0.2.2.80: Flags [P.], seq 4000000000:4000000005, ack 2000000000, win 9, length 5",
            ],
            [
                "12:00:00.000001 IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 45)",
                "    192.0.2.1.5 > 192.0.2.2.80: Flags [P.], cksum 0x1234 (correct), seq 4000000000:4000000005, ack 2000000000, win 9, length 5",
                "12:00:00.000002 IP (tos 0xc0, ttl 64, id 1, offset 0, flags [none], proto ICMP (1), length 73)",
                "    192.0.2.9 > 192.0.2.1: ICMP 192.0.2.2 unreachable - need to frag (mtu 1400), length 53",
                "\tIP (tos 0x0, ttl 63, id 1, offset 0, flags [DF], proto TCP (6), length 45)",
                "    192.0.2.1.5 > 192.0.2.2.80: Flags [P.], seq 0:5, ack 1, win 9, length 5",
            ],
        ),
        (
            [  # SACK edges are relative even on the line that sets the bases; lines of other kinds pass
                "tcpdump: verbose output suppressed, use -v[v]... for full protocol decode",
                "12:00:00.000001 IP 192.0.2.1.5 > 192.0.2.2.80: Flags [.], ack 4241046021, win 9, options [nop,nop,sack 1 {4241047481:4241048941}], length 0",
                "12:00:00.000002 ARP, Request who-has 192.0.2.2 tell 192.0.2.1, length 28",
                "# seq 4241046021, ack 7",
                "12:00:00.000003 IP 192.0.2.2.80 > 192.0.2.1.5: Flags [.], seq 4241046020:4241046031, ack 99, win 9, length 11",
            ],
            [
                "tcpdump: verbose output suppressed, use -v[v]... for full protocol decode",
                "12:00:00.000001 IP 192.0.2.1.5 > 192.0.2.2.80: Flags [.], ack 4241046021, win 9, options [nop,nop,sack 1 {1461:2921}], length 0",
                "12:00:00.000002 ARP, Request who-has 192.0.2.2 tell 192.0.2.1, length 28",
                "# seq 4241046021, ack 7",
                "12:00:00.000003 IP 192.0.2.2.80 > 192.0.2.1.5: Flags [.], seq 0:11, ack 99, win 9, length 11",
            ],
        ),
    ],
    ids=["SYN alone", "3.x", "IPv6, MPTCP, payload", "quoted by ICMP", "late start with SACK"],
)
def test_forms(absolute: list[str], relative: list[str]) -> None:
    """Sequence numbers, acknowledgments and SACK edges change, and no other octet."""
    assert joined(convert("\n".join(absolute), "relative")).split("\n") == relative
    assert joined(convert("\n".join(relative), "absolute")).split("\n") == absolute


def test_what_cannot_be_converted_says_which_and_why() -> None:
    """A lost number is named with the rule that makes it so."""
    lines = convert("\n".join(log("C .\nC P. 10\nS .", absolute=False, established=True)), "absolute")
    assert [line.lost for line in lines] == [(), (Lost("seq", "R33"),), (Lost("ack", "R33"),)]
    assert "seq 0:10, ack 1000000001," in lines[1].text
    excerpt = convert("IP 192.0.2.1.5 > 192.0.2.2.80: Flags [P.], seq 2000:2010, ack 500, win 9, length 10", "absolute")
    assert [line.lost for line in excerpt] == [(Lost("seq", "R34"), Lost("ack", "R34"))]


def test_one_clear_line_decides_for_the_lines_before_it() -> None:
    """A conversation of one segment with SACK shows nothing itself; the rest of the log does."""
    single = packets("C . sack=101-201", established=True, client="192.0.2.7.7", isns=(5, 3000))
    rest = packets("C S\nS S.\nC .\nC P. 10")
    for to in DIRECTIONS:
        absolute, relative = (printed([*single, *rest], absolute=kind) for kind in (True, False))
        source, wanted = (relative, absolute) if to == "absolute" else (absolute, relative)
        assert joined(convert("\n".join(source), to)).split("\n")[1:] == wanted[1:]
        assert numbering_of(item for item in items("\n".join(source)) if isinstance(item, Segment)) != to


# ------------------------------------------------------------------ every release


class Case(NamedTuple):
    """One printing of a capture by one release."""

    file: Path
    capture: str
    plain: bool  # without -S


def pairs() -> dict[tuple[str, str], list[Case]]:
    """Return the captures of the corpus printed with `-nn` and with `-nn -S`, by release and name."""
    found: dict[tuple[str, str], list[Case]] = defaultdict(list)
    with (CORPUS / "cases.jsonl").open(encoding="utf-8") as lines:
        for case in map(json.loads, lines):
            flags = set(case["flags"].split())
            if {"-nn"} <= flags <= {"-nn", "-S"}:
                name = Path(case["pcap"]).name
                found[case["tcpdump"], name].append(Case(CORPUS / case["out"], name, "-S" not in flags))
    return {key: sorted(both, key=lambda case: case.plain) for key, both in found.items() if len(both) == 2}


@cache
def outputs(file: Path) -> dict[str, str]:
    """Return the texts of one file of outputs, by capture."""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        return {entry["pcap"]: entry["text"] for entry in map(json.loads, lines)}


def output(case: Case) -> str:
    """Return the text of one case."""
    if case.file.name.endswith(".jsonl.gz"):
        return outputs(case.file)[case.capture]
    data = case.file.read_bytes()
    return (gzip.decompress(data) if case.file.suffix == ".gz" else data).decode("latin-1")


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus (../shared/corpus/tcpdump) is not here")
@pytest.mark.parametrize("to", DIRECTIONS)
def test_every_release_byte_for_byte(*, to: To, thorough: bool) -> None:
    """All lines of all releases become what that release prints, but for bases that were never printed; or of every second text."""
    count: Counter[str] = Counter()
    for both in [*pairs().values()][:: 1 if thorough else 2]:
        absolute, relative = map(output, both)
        source, target = (relative, absolute) if to == "absolute" else (absolute, relative)
        lines = convert(source, to)
        wanted = target.split("\n")
        for line in lines:
            size = line.text.count("\n") + 1
            same = line.text == "\n".join(wanted[:size])
            wanted = wanted[size:]
            count["segments"] += isinstance(line.item, Segment)
            for lost in line.lost:
                count[lost.rule] += not same
            assert same or line.lost, (both, line.text)
        assert not wanted
    assert count["segments"] > (38_000 if thorough else 15_000)
    assert set(count) <= {"segments", "R33", "R34"}
    assert 0 < count["R33"] < count["segments"] // 100
    assert not count["R34"]
