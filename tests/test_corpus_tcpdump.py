"""Every TCP record that ten releases of tcpdump printed is read, once, with the values of the packet's own bytes."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter, defaultdict
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import pytest
from conftest import CORPUS

from tdparse.assemble import Assembler
from tdparse.model import Segment, Skipped, TimeStyle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tdparse.model import Item

ROOT: Final = CORPUS / "tcpdump"
pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason="the corpus of tcpdump texts is not beside the repository")

DATED: Final = frozenset({TimeStyle.CLOCK, TimeStyle.DATE, TimeStyle.EPOCH})
Case: TypeAlias = dict[str, Any]
LETTERS: Final = ((1, "F"), (2, "S"), (4, "R"), (8, "P"), (16, "."), (32, "U"), (64, "E"), (128, "W"), (256, "e"))
# A line that shows a TCP header, wherever it stands: the corpus counts the same.
EMPTY: Final = re.compile(r"Flags \[(?:DF)?\], ")  # how old releases print that there are none
HEADER: Final = re.compile(
    r" > \S+: (?:.* )?(?:Flags \[(?:none|[FSRP.UEWe]+)\](?! )| ?tcp -?\d| ?\[\|tcp\]"
    r"|(?:\.|[SFRPWE]+)(?:, cksum| \[tcp|,? \d+:\d+\(| ack \d| win \d| \[bad hdr))"
)
# Headers that are shown but were not sent as such: quoted by ICMP, carried in a payload, imitated by one.
SHOWN: Final = frozenset({"icmp", "continuation", "hexdump"})


class Text(NamedTuple):
    """What one tcpdump printed for one capture, its physical lines, and what we read in it."""

    case: Case
    lines: list[str]
    items: list[Item]


def cases() -> dict[str, list[Case]]:
    """Return the cases by release and options."""
    groups: dict[str, list[Case]] = defaultdict(list)
    index = ROOT / "cases.jsonl"
    for line in index.read_text("utf-8").splitlines() if index.is_file() else ():
        case = json.loads(line)
        groups[case["name"].rpartition("/")[0]].append(case)
    return dict(groups)


CASES: Final = cases()


@cache
def printed_runs(path: str) -> dict[str, str]:
    """Return the texts of one release and one set of options, by capture."""
    with gzip.open(ROOT / path, "rt", encoding="utf-8") as lines:
        return {run["pcap"]: run["text"] for run in map(json.loads, lines)}


@cache
def frames(path: str) -> dict[str, list[dict[str, Any]]]:
    """Return the TCP frames of one capture by their time."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    with gzip.open(ROOT / path, "rt", encoding="utf-8") as lines:
        for frame in map(json.loads, lines):
            found[frame["time_epoch"]].append(frame)
    return found


def text_of(case: Case) -> list[str]:
    """Return the physical lines of a case."""
    if case["out"].endswith(".jsonl.gz"):
        text = printed_runs(case["out"])[case["pcap"].removeprefix("pcap/")]
    else:
        path = ROOT / case["out"]
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        text = raw.decode("latin-1")
    return text.removesuffix("\n").split("\n") if text else []


def read(lines: list[str]) -> Iterator[Item]:
    """Yield the items of a whole text."""
    assembler = Assembler()
    for line in lines:
        yield from assembler.feed(line)
    yield from assembler.flush()


@cache
def by_stamp(path: str, digits: int, period: int) -> dict[int, list[dict[str, Any]]]:
    """Return the TCP frames of one capture by what a printed time of so many digits says of theirs."""
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    unit = 10 ** (9 - digits)
    for time, at_once in frames(path).items():
        found[int(time.replace(".", "")) // unit * unit % period] += at_once
    return found


def sent_at(segment: Segment, case: Case) -> list[dict[str, Any]]:
    """Return the frames that were captured when `segment` was, as far as its time tells."""
    digits = len((segment.time or ".").rpartition(".")[2])
    period = 86_400 * 10**9 if segment.time_style is TimeStyle.CLOCK else 10**30
    if segment.stamp is None or digits >= 10:
        return []
    found = by_stamp(case["truth"], digits, period).get(segment.stamp, [])
    return [frame for frame in found if not is_read_differently(frame, case)]


def is_read_differently(frame: dict[str, Any], case: Case) -> bool:
    """Return whether this release sees a damaged frame in its own way: a header too short, AE as CWR."""
    return (20 if frame["hdr_len"] is None else frame["hdr_len"]) < 20 or (
        frame["flags"] == 0x100 and case["tcpdump"] < "4.9"
    )


def differences(segment: Segment, frame: dict[str, Any], case: Case) -> dict[str, tuple[object, object]]:
    """Return what a segment says differently from a frame; what either does not know is no difference."""
    ports = [port if isinstance(port, int) else None for port in (segment.src.port, segment.dst.port)]
    letters = "".join(letter for bit, letter in LETTERS if (frame["flags"] or 0) & bit)
    values: dict[str, tuple[object, object]] = {
        "sport": (ports[0], frame["sport"]),
        "dport": (ports[1], frame["dport"]),
        "flags": (segment.flags, letters if case["tcpdump"].startswith("5") else letters.replace("e", "")),
        "window": (segment.window, frame["window"]),
        "length": (segment.length, frame["payload_len"]),
        "urgent": (segment.urgent, frame["urgent"]),
    }
    if "-S" in case["flags"]:
        values |= {"seq": (segment.seq, frame["seq"]), "ack": (segment.ack, frame["ack"])}
    options, known = segment.options, frame.get("options") or {}
    values |= {"mss": (options.mss, known.get("mss")), "wscale": (options.wscale, known.get("wscale"))}
    if "ts_val" in known and "ts_ecr" in known:
        values["ts"] = (options.ts, (known["ts_val"], known["ts_ecr"]))
    return {name: (ours, its) for name, (ours, its) in values.items() if None not in (ours, its) and ours != its}


@pytest.fixture(scope="module", params=CASES)
def texts(request: pytest.FixtureRequest) -> list[Text]:
    """The texts of one release and one set of options, read once for all that is asked of them."""
    found = [(case, text_of(case)) for case in CASES[request.param]]
    return [Text(case, lines, list(read(lines))) for case, lines in found]


@pytest.mark.slow
def test_every_record_is_read_and_none_is_invented(texts: list[Text]) -> None:
    """Segments and headers that are only shown add up to the lines that show a TCP header; no line is rejected."""
    for case, _, items in texts:
        segments = [item for item in items if isinstance(item, Segment)]
        shown = [item for item in items if isinstance(item, Skipped) and item.kind in SHOWN and HEADER.search(item.raw)]
        empty = sum(
            segment.flags == "" and EMPTY.search(segment.text) is not None for segment in segments
        )  # not counted
        assert Counter(item.kind for item in items if isinstance(item, Skipped))["rejected"] == 0, case["name"]
        assert len(segments) - empty <= case["tcp_lines"], case["name"]
        assert len(segments) - empty + len(shown) >= case["tcp_lines"], case["name"]


@pytest.mark.slow
def test_each_line_belongs_to_one_item_and_each_segment_gives_its_text_back(texts: list[Text]) -> None:
    """Nothing is lost, nothing counted twice, and str(segment) is the printed record, byte for byte."""
    for case, lines, items in texts:
        owner = Counter[int]()
        for item in items:
            count = item.lines if isinstance(item, Segment) else 1
            owner.update(range(item.line, item.line + count))
            printed = "\n".join(lines[item.line - 1 : item.line - 1 + count])
            assert (str(item) if isinstance(item, Segment) else item.raw) == printed, case["name"]
        assert owner == Counter(range(1, len(lines) + 1)), case["name"]


@pytest.mark.slow
def test_the_values_are_those_of_the_packet(texts: list[Text]) -> None:
    """Ports, flags, numbers, window, length and options equal the packet's bytes wherever the text holds them."""
    for case, _, items in texts:
        if "truth" not in case or "invalid" in case["pcap"]:
            continue
        for segment in items:
            if not isinstance(segment, Segment) or segment.time_style not in DATED or is_damaged(segment):
                continue
            found = [differences(segment, frame, case) for frame in sent_at(segment, case)]
            assert not found or {} in found, (case["name"], segment.text, found[:1])


def is_damaged(segment: Segment) -> bool:
    """Return whether the IP header lied about its length: tcpdump believes it and says so, or the length is negative."""
    complaint = re.search(r"truncated-ip|\(invalid\)", segment.text)
    return complaint is not None or (segment.length is not None and segment.length >= 2**31)
