"""Two logs of the same connections: what the path between them did, found again from what two points printed."""

from __future__ import annotations

import json
import random
import re
from bisect import bisect_left
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest
from conftest import CORPUS, ROOT, Program
from endpoints import SECOND
from jsonschema import Draft202012Validator
from scenario import log
from two_points import (
    Truth,
    clamped,
    clock,
    play,
    printed,
    renumbered,
    translated,
    truth_of,
    without_stamps,
)

from tdparse import catalog
from tdparse.compare import CHANGES, KINDS, Comparison, Log, compare, seen
from tdparse.compare.fates import first_blocks
from tdparse.compare.words import Words
from tdparse.model import Step
from tdparse.pipeline import explain

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from packets import Packet

Place = tuple[int, int]  # log and line

KERNEL = CORPUS / "kernel"
NAMES = sorted(path.parent.name for path in KERNEL.glob("*/truth.json"))
# What the second point's clock, or a device between the points, makes of the second log (and of the first).
VARIANTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": ({}, {}),
    "clocks": ({}, {"offset": 3 * 3600 * SECOND + 123_456_789, "stamp": clock, "drift": 5e-5}),
    "translated": ({}, {"change": translated}),
    "no timestamps": ({"change": without_stamps}, {"change": without_stamps}),
    "timestamps stripped": ({}, {"change": without_stamps}),
    "renumbered": ({}, {"change": renumbered}),
    "all at once": ({}, {"change": lambda p: renumbered(translated(clamped(p))), "offset": -7 * 3600 * SECOND}),
}


def read(lines: Iterable[str], name: str = "log") -> Log:
    """Return a log as one point saw it."""
    return seen((item for item in explain(lines) if isinstance(item, Step)), name)


def laid(one: Iterable[str], other: Iterable[str]) -> Comparison:
    """Compare two logs."""
    return compare(read(one, "one.log"), read(other, "other.log"))


def places(comparison: Comparison, *kinds: str) -> set[Place]:
    """Return where differences of these kinds are."""
    return {
        (difference.log, line)
        for link in comparison.links
        for difference in link.differences
        if difference.kind in kinds
        for line in difference.lines[:1]
    }


# ------------------------------------------------------------------ the kernel's own connections


def kernel(name: str) -> tuple[list[str], list[str], set[Place], dict[str, Any]]:
    """Return both logs of a scenario, the places of what the relay dropped, and the whole record."""
    folder = KERNEL / name
    truth = json.loads((folder / "truth.json").read_text("utf-8"))
    logs = [(folder / f"{end}.txt").read_text("utf-8").splitlines() for end in ("client", "server")]
    lost = {
        (log, segment["line"])
        for log, end in enumerate(("client", "server"))
        for segment in truth["segments"][end]
        if segment.get("lost") and segment.get("path_note")
    }
    assert len(lost) == len(truth["lost_on_path"])
    return logs[0], logs[1], lost, truth


needs_corpus = pytest.mark.skipif(not NAMES, reason="no corpus of pairs beside the checkout")


@needs_corpus
@pytest.mark.parametrize("name", NAMES)
def test_every_loss_of_the_kernel_corpus_is_found_and_none_invented(name: str) -> None:
    """The relay's record says which packets it dropped; a capture's own gaps are no losses."""
    one, other, lost, truth = kernel(name)
    found = laid(one, other)
    assert places(found, "lost") == lost
    delays = {"client": truth["one_way_delay_s"]["c2s"], "server": truth["one_way_delay_s"]["s2c"]}
    for link in found.links:
        for way in link.ways:
            if way.delay is not None:
                assert delays[way.sender] - 0.001 < way.delay.least / SECOND < delays[way.sender] + 0.001
    if found.clocks.low is not None and found.clocks.high is not None:
        assert found.clocks.low <= 0 <= found.clocks.high  # both logs were written by one clock
        assert abs(found.clocks.offset or 0) < 1_000_000


@needs_corpus
@pytest.mark.parametrize("name", NAMES)
def test_the_logs_may_be_named_in_either_order(name: str) -> None:
    """Which point a packet passes first is in the logs."""
    one, other, lost, _ = kernel(name)
    assert places(laid(other, one), "lost") == {(1 - log, line) for log, line in lost}


@needs_corpus
def test_copies_delays_and_forgeries_of_the_kernel_corpus() -> None:
    """What the relay duplicated, delayed or forged is called that."""
    for name, kind in (("duplicate_data", "path_duplicate_of"), ("reorder_mild", "path_reordered_after")):
        one, other, _, truth = kernel(name)
        expected = sum(kind in segment for segment in truth["segments"]["client"])
        found = laid(one, other).counts
        assert found == {"duplicated" if "duplicate" in name else "reordered": pytest.approx(expected, abs=0)}
    for name in ("inject_syn", "inject_rst_out_of_window"):
        one, other, _, truth = kernel(name)
        forged = {(1, s["line"]) for s in truth["segments"]["server"] if s.get("injected")}
        assert places(laid(one, other), "injected") == forged


@needs_corpus
@pytest.mark.parametrize("name", ["bulk_loss", "fin_lost", "last_ack_lost", "reuse_after_reset", "several_connections"])
@pytest.mark.parametrize("cut", [11, 27], ids=["time of day", "untimed"])
def test_other_times_of_the_corpus(name: str, cut: int) -> None:
    """By the time of day only, or with no time at all, it is the same."""
    one, other, lost, _ = kernel(name)
    assert places(laid([line[cut:] for line in one], [line[cut:] for line in other]), "lost") == lost


@needs_corpus
@pytest.mark.parametrize("name", ["bulk_loss", "seq_wrap_client"])
def test_one_log_may_have_relative_numbers(name: str, program: Program) -> None:
    """One of tcpdump without -S beside one with it."""
    one, other, lost, _ = kernel(name)
    relative = program("convert", "--to", "relative", KERNEL / name / "client.txt").out.splitlines()
    assert relative != one
    assert places(laid(relative, other), "lost") == lost


@needs_corpus
@pytest.mark.parametrize("name", ["bulk_loss", "loss_no_sack", "normal_client_close", "zero_window", "seq_wrap_client"])
@pytest.mark.parametrize("log", [0, 1])
@pytest.mark.parametrize("end", ["head", "tail"])
def test_a_capture_that_begins_late_or_ends_early_loses_nothing(name: str, log: int, end: str) -> None:
    """What it could not see is not lost; what was lost while both were on is found."""
    one, other, lost, _ = kernel(name)
    logs = [one, other]
    gone = len(logs[log]) * 2 // 5
    kept = logs[log][gone:] if end == "head" else logs[log][: len(logs[log]) - gone]
    limits = kept[0][:26], kept[-1][:26]
    moved = gone if end == "head" else 0
    found = laid(*(kept if which == log else logs[which] for which in (0, 1)))
    back = {(which, line + moved if which == log else line) for which, line in places(found, "lost")}
    assert back <= lost
    times = {(which, line): logs[which][line - 1][:26] for which, line in lost}
    hidden = {place for place in lost if place[0] == log and logs[log][place[1] - 1] not in kept}
    inside = {place for place in lost - hidden if limits[0] < times[place] < limits[1]}
    near = {place for place in inside if end == "tail" and _micro(limits[1]) - _micro(times[place]) < 50_000}
    assert inside - near <= back


def _micro(stamp: str) -> int:
    hours, minutes, seconds = stamp[11:].split(":")
    return (int(hours) * 60 + int(minutes)) * 60_000_000 + round(float(seconds) * 1e6)


def test_our_own_pair() -> None:
    """A real path that loses, doubles and delays, with a router and a wrong clock: what its relay did is found again."""
    folder = ROOT / "fixtures" / "pairs"
    truth = json.loads((folder / "truth.json").read_text("utf-8"))
    logs = [(folder / name).read_text("utf-8").splitlines() for name in ("client.log", "server.log")]
    found = laid(*logs)
    assert places(found, "lost") == {(log, line) for log, line in truth["lost"]}
    assert found.counts["duplicated"] == len(truth["duplicated"])
    assert places(found, "reordered") <= {(log, line) for log, line in truth["late"]}
    assert found.clocks.offset == pytest.approx(3600.35 * SECOND, abs=1_000_000)
    assert all({change.what for change in link.changes} == {"address", "mss"} for link in found.links)


# ------------------------------------------------------------------ simulated pairs


def judged(comparison: Comparison, truth: Truth) -> None:
    """Every loss is found, or lies behind the last record of the other log, and none is invented."""
    found = places(comparison, "lost")
    assert found <= truth.lost
    assert truth.lost - found <= places(comparison, "undecided")


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_loss_of_a_simulated_path_is_found_and_none_invented(variant: str) -> None:
    """Under other clocks, behind address translation, with numbers hidden and options stripped."""
    ours, theirs = VARIANTS[variant]
    for seed in range(12):
        network = play(seed, connections=1 + seed % 3)
        judged(laid(printed(network.logs[0], **ours), printed(network.logs[1], **theirs)), truth_of(network))


def test_the_clocks_are_told_apart() -> None:
    """Within the bounds that packets in both directions set; a time zone and a gain are named."""
    network = play(4, connections=3)
    offset = -5 * 3600 * SECOND + 77_000_000
    found = laid(printed(network.logs[0]), printed(network.logs[1], offset=offset)).clocks
    assert found.low is not None
    assert found.high is not None
    assert found.low <= offset <= found.high
    assert found.zone == -5 * 3600 * SECOND
    assert found.meaningful
    drifting = laid(printed(network.logs[0]), printed(network.logs[1], drift=4e-4)).clocks
    assert drifting.drift == pytest.approx(4e-4, rel=0.3)


def test_devices_on_the_way_are_told() -> None:
    """MSS lowered, window scaling and timestamps taken out, addresses translated, numbers hidden."""

    def change(packet: Packet) -> Packet:
        return renumbered(translated(without_stamps(clamped(packet))))

    network = play(0)
    found = laid(printed(network.logs[0]), printed(network.logs[1], change=change))
    (link,) = found.links
    changed = {change.what: change for change in link.changes if change.sender == "client"}
    syn = network.logs[0][0].packet
    assert {"address", "isn"} <= set(changed)
    assert ("ts" in changed) == (syn.ts is not None)
    assert ("wscale" in changed) == (syn.wscale is not None)
    if syn.mss is not None and syn.mss > 1300:
        assert (changed["mss"].before, changed["mss"].after) == (syn.mss, 1300)
    assert ((changed["isn"].after - changed["isn"].before) % 2**32) == 0x12345678  # type: ignore[operator]
    assert "isn" not in {change.what for change in link.changes if change.sender == "server"}


BULK = """
C S <mss 1460,sackOK,TS val 10 ecr 0,nop,wscale 7>
S S. <mss 1460,sackOK,TS val 20 ecr 10,nop,wscale 7>
C . <nop,nop,TS val 11 ecr 20>
C P. 50 <nop,nop,TS val 11 ecr 20>
S . 1448 <nop,nop,TS val 21 ecr 11>
S . 1448 <nop,nop,TS val 21 ecr 11>
S P. 1448 <nop,nop,TS val 21 ecr 11>
C . ack=4345 <nop,nop,TS val 12 ecr 21>
S F. <nop,nop,TS val 30 ecr 12>
C F. <nop,nop,TS val 13 ecr 30>
S . <nop,nop,TS val 31 ecr 13>
"""


def bulk() -> tuple[list[str], list[str]]:
    """Return one connection at both points, 20 ms apart."""
    ours = log(BULK)
    theirs = [later(line, 20_000 if " > 192.0.2.2." in line else -20_000) for line in ours]
    return ours, theirs


def later(line: str, micro: int) -> str:
    """Return a line printed later."""
    hours, minutes, seconds = line[:15].split(":")
    total = (int(hours) * 60 + int(minutes)) * 60_000_000 + round(float(seconds) * 1e6) + micro
    whole, part = divmod(total, 1_000_000)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}.{part:06d}{line[15:]}"


def test_what_offloading_joins_is_not_lost() -> None:
    """Three segments at one point are one at the other; or two of them, where the third was lost."""
    ours, theirs = bulk()
    assert laid(ours, theirs).counts == {}
    first = theirs[4]
    start = int(first.split("seq ")[1].split(":")[0])
    large = first.replace(f"{start}:{start + 1448}", f"{start}:{start + 4344}").replace("length 1448", "length 4344")
    joined = [*theirs[:4], large, *theirs[7:]]
    found = laid(ours, joined)
    assert found.counts == {"resegmented": 1}
    (difference,) = found.links[0].differences
    assert (difference.log, difference.lines, difference.other_lines) == (1, (5,), (5, 6, 7))
    short = [*ours[:5], *ours[6:]]  # the middle one does not arrive, and nothing acknowledges it
    short[6] = short[6].replace(f"ack {start + 4344}", f"ack {start + 1448}")
    partly = laid(short[:7], [*joined[:5], later(short[6], 20_000)])
    (lost,) = [d for d in partly.links[0].differences if d.kind == "lost"]
    assert (lost.log, lost.lines, lost.octets) == (1, (5,), ((1449, 2897),))


def test_what_a_capture_misses_is_not_lost() -> None:
    """The receiver acknowledges it without having had it again."""
    ours, theirs = bulk()
    found = laid([*ours[:5], *ours[6:]], theirs)
    assert found.counts == {"not_captured": 1}
    (difference,) = found.links[0].differences
    assert (difference.log, difference.lines, difference.confidence) == (1, (6,), "certain")
    assert laid(ours, [*theirs[:5], *theirs[6:]]).counts == {"not_captured": 1}


def test_what_proves_an_arrival_is_named_with_its_log() -> None:
    """The acknowledgment may stand beside the record, where the other log had not begun, or was over."""
    ours, theirs = bulk()
    for one, other in ((ours, theirs[:8]), (ours[:8], theirs)):
        found = laid(one, other)
        proved = [d for d in found.links[0].differences if d.kind == "outside" and d.other_lines]
        assert proved
        for difference in proved:
            lines = (one, other)[difference.other_log]
            assert max(difference.other_lines) <= len(lines)
            assert " ack " in lines[difference.other_lines[0] - 1]
            said = Words(found, "en", str, str).difference(difference)
            assert f"line {difference.other_lines[0]} of {found.names[difference.other_log]}" in said


def test_of_copies_the_first_to_arrive_is_the_one_that_was_sent() -> None:
    """The other is the duplicate, however their times lie beside those of the packets around them."""
    ours, theirs = bulk()
    sent = [line for line in theirs if " > 192.0.2.2." in line][2]
    for micro in (-1, 1):
        found = laid(ours, sorted([*theirs, later(sent, micro)]))
        assert found.counts == {"duplicated": 1}
        (difference,) = found.links[0].differences
        assert (difference.log, difference.lines[0] > difference.other_lines[0]) == (1, True)


def test_a_connection_that_goes_elsewhere_is_not_lost() -> None:
    """Another server answers it: it never was to pass the other point. To the same one, it was stopped on the way."""
    ours, theirs = bulk()
    other = [line.replace("192.0.2.1.40000", "192.0.2.1.40007").replace("192.0.2.2.", "192.0.2.99.") for line in ours]
    found = laid(sorted(ours + other), theirs)
    assert found.counts == {}
    assert [link.conns for link in found.links] == [((1,), (1,)), ((2,), ())]
    stopped = [line.replace("192.0.2.1.40000", "192.0.2.1.40007") for line in ours[:1]]
    reset = "12:00:00.004000 IP 192.0.2.2.80 > 192.0.2.1.40007: Flags [R.], seq 0, ack 3000000001, win 0, length 0"
    refused = [*stopped, reset]
    found = laid(sorted(ours + refused), theirs)
    assert found.counts == {"lost": 1, "injected": 1}


def test_an_unanswered_connection_and_an_empty_log() -> None:
    """Repeated and unanswered, it was lost; once, nobody can tell; answered, the other capture was not there."""
    ours, _ = bulk()
    repeated = [ours[0], later(ours[0], 1_000_000), later(ours[0], 3_000_000)]
    assert laid(repeated, []).counts == {"lost": 3}
    assert laid([], repeated).counts == {"lost": 3}
    assert laid(repeated[:1], []).counts == {"undecided": 1}
    assert "lost" not in laid(ours, []).counts
    assert laid([], []).links == ()


def test_a_hundred_equal_acknowledgments_cost_no_square_of_time() -> None:
    """Copies that nothing tells apart are paired in bounded time, and in their order."""
    ours, theirs = bulk()
    again = ours[7]
    many = [later(again, 500 * number) for number in range(1, 6000)]
    laid_out = laid([*ours[:8], *many], [*theirs[:8], *(later(line, 20_000) for line in many)])
    assert laid_out.counts == {}


@pytest.mark.parametrize("seed", range(20))
def test_the_first_report_of_an_octet_is_found_among_many(seed: int) -> None:
    """What SACK reports overlaps, comes again and grows; who asks for an octet gets the first record that had it."""
    chance = random.Random(seed)  # noqa: S311
    reports = [(left, left + chance.randint(0, 9), place) for place in range(30) for left in [chance.randint(0, 40)]]
    edges, first = first_blocks(reports)
    for end in range(60):
        piece = bisect_left(edges, end)
        expected = next((place for left, right, place in reports if left < end <= right), None)
        assert (first[piece] if piece < len(edges) else None) == expected


PLAIN = """
C S <mss 1460> +0.05
S S. <mss 1460> +0.05
C . +0.05
C P. 50 +0.05
S . +0.05
S P. 100 +0.05
C . +0.05
"""


@pytest.mark.parametrize("isn", [1_200_000_000, 3_000_000_000])
def test_a_log_of_one_direction_has_missed_the_other(isn: int) -> None:
    """What it shows to be acknowledged was there; of the rest nothing is known, and nobody is said to have made it."""
    ours = [line.replace(" 30000000", f" {isn // 100}").replace(":30000000", f":{isn // 100}") for line in log(PLAIN)]
    theirs = [later(line, 20_000 if " > 192.0.2.2." in line else -20_000) for line in ours]
    found = laid([line for line in ours if " > 192.0.2.1." in line], theirs)
    (link,) = found.links
    assert [(d.kind, d.lines, d.other_log, d.other_lines) for d in link.differences] == [
        ("outside", (1,), 0, ()),
        ("undecided", (3,), 0, ()),
        ("not_captured", (4,), 0, (2,)),  # by the first acknowledgment behind the SYN-ACK
        ("outside", (7,), 0, ()),
    ]


def test_without_a_packet_in_common_nothing_is_outside_of_the_common_time() -> None:
    """Nothing relates the clocks, so a connection of one log is one that the other does not have, all of it."""
    ours = log(PLAIN)
    same = [later(line, 5_000).replace("30000000", "20000000").replace("10000000", "15000000") for line in ours]
    other = [line.replace("192.0.2.1.40000", "192.0.2.7.41000").replace("192.0.2.2.", "192.0.2.99.") for line in same]
    for pair in ((ours[:3], other), (other, ours[:3])):
        found = laid(*pair)
        assert found.clocks.offset is None
        assert found.counts == {}
        assert {(d.kind, d.confidence) for link in found.links for d in link.differences} == {("elsewhere", "likely")}
    assert laid(ours[:2], same[4:]).counts == {"undecided": 4}  # the same addresses


# ------------------------------------------------------------------ the sentences


CLOCKS = [
    (5_000, 1_000, "The clock of b is ahead of that of a by 5.0 ms; by anything from 4.0 ms to 6.0 ms, if"),
    (-5_000, 1_000, "The clock of b is behind that of a by 5.0 ms; by anything from 4.0 ms to 6.0 ms, if"),
    (
        5_000,
        20_000,
        "The clock of b is ahead of that of a by 5.0 ms; by anything from 15.0 ms behind to 25.0 ms ahead, if",
    ),
    (
        -5_000,
        20_000,
        "The clock of b is behind that of a by 5.0 ms; by anything from 25.0 ms behind to 15.0 ms ahead, if",
    ),
    (0, 0, "The clocks of a and b agree"),
    (2_000_000, 400, "The clock of b is ahead of that of a by 2.00 s."),  # its limits are written alike
    (-2_000_000, 400, "The clock of b is behind that of a by 2.00 s."),
]


@pytest.mark.parametrize(("offset", "delay", "said"), CLOCKS)
def test_no_clock_is_ahead_by_less_than_nothing(offset: int, delay: int, said: str) -> None:
    """What is behind is said to be behind, its limits too; clocks that agree differ by no time."""
    ours, _ = bulk()
    theirs = [later(line, offset + (delay if " > 192.0.2.2." in line else -delay)) for line in ours]
    found = compare(read(ours, "a"), read(theirs, "b"))
    assert Words(found, "en", str, str).clocks().startswith(said)
    assert "-" not in Words(found, "zh", str, str).clocks()


@pytest.mark.parametrize("late", [0, 1])
def test_packets_of_one_direction_are_later_in_the_log_that_shows_them_later(late: int) -> None:
    """Whichever log was named first."""
    ours, _ = bulk()
    returning = [line for line in ours if line.split()[2].startswith("192.0.2.2.")]
    names = ["a", "b"]
    logs = [
        read([later(line, 9_900) for line in returning] if log == late else returning, names[log]) for log in (0, 1)
    ]
    said = Words(compare(*logs), "en", str, str).clocks()
    assert f"show a time 9.9 ms later in {names[late]} than in {names[1 - late]}" in said


def test_every_sentence_exists_in_both_languages() -> None:
    """With the same placeholders; and every kind of difference and change has its own."""
    codes = catalog.comparison_codes()
    for section, code in codes:
        fields = ("text", "title") if section == "difference" else ("text",)
        for field in fields:
            phrase = catalog.comparison(section, code, field)
            assert phrase.en
            assert phrase.zh
            assert set(re.findall(r"{\w+}", phrase.en)) == set(re.findall(r"{\w+}", phrase.zh)), code
            assert not re.search(r"[一-鿿]", phrase.en)
    assert {code for section, code in codes if section == "difference"} == set(KINDS)
    assert {code for section, code in codes if section == "change"} == set(CHANGES)


# ------------------------------------------------------------------ the command


def written(folder: Path, *logs: Iterable[str]) -> list[Path]:
    """Write logs to files."""
    paths = [folder / name for name in ("client.log", "server.log")]
    for path, lines in zip(paths, logs, strict=True):
        path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return paths


def test_the_command_tells_it_in_both_languages(program: Program, tmp_path: Path) -> None:
    """The clocks, both directions, what was lost, and the sum; nothing English in Chinese but terms."""
    ours, theirs = bulk()
    again = later(ours[5], 300_000)
    ours = [*ours[:5], *ours[6:7], *(later(line, 400_000) for line in ours[7:])]
    theirs = [*theirs[:7], *(later(line, 400_000) for line in theirs[7:])]
    ours.insert(6, again)
    theirs.insert(7, later(again, -20_000))
    paths = written(tmp_path, ours, theirs)
    done = program("compare", *paths)
    assert done.code == 0
    assert "Connection #1 ↔ #1: 192.0.2.1:40000 → 192.0.2.2:80" in done.out
    assert "server → client: 7 sent, 6 arrived, 1 lost" in done.out
    assert "server.log line 6" in done.out
    assert "sent again in line 8" in done.out
    assert done.out.endswith("In all: 1 lost\n")
    assert "server.log line 6" not in program("compare", "-q", *paths).out
    chinese = program("compare", "-l", "zh", *paths).out
    assert chinese.endswith("合计：丢失 1\n")
    assert not {"lost", "sent", "client", "server", "clock", "delay"} & set(
        re.findall(r"\w+", re.sub(r"\w+\.log", "", chinese))
    )


def test_chinese_has_brackets_of_its_own(program: Program) -> None:
    """Where a change shows stands in wide brackets, as every other aside does."""
    pair = [str(ROOT / "fixtures" / "pairs" / name) for name in ("client.log", "server.log")]
    chinese = program("compare", "-l", "zh", *pair).out
    assert "MSS：1460 → 1360（客户端、client.log 第 1 行、server.log 第 1 行）" in chinese
    assert "(" not in chinese


def test_records_of_a_comparison_fit_the_schema(program: Program, tmp_path: Path) -> None:
    """Each line is an object of the shipped schema; what a line says is what the library found."""
    schema = json.loads(files("tdparse.render").joinpath("schema.json").read_text("utf-8"))
    validator = Draft202012Validator(schema)
    network = play(5, connections=2)
    logs = printed(network.logs[0]), printed(network.logs[1], change=lambda p: renumbered(translated(clamped(p))))
    paths = written(tmp_path, *logs)
    done = program("compare", "-f", "jsonl", *paths)
    records = [json.loads(line) for line in done.out.splitlines()]
    for record in records:
        validator.validate(record)
    assert [record["record"] for record in records[:2]] == ["comparison", "link"]
    found = laid(*logs)
    assert records[0]["differences"] == dict(found.counts)
    text = program("compare", *paths).out
    assert all(record["text"] in text for record in records if record["record"] == "link")
    lines = {
        (record["source"], record["lines"][0])
        for record in records
        if record["record"] == "difference" and record["kind"] == "lost"
    }
    assert lines == {(str(paths[log]), line) for log, line in places(found, "lost")}


def test_exit_codes(program: Program, tmp_path: Path) -> None:
    """3 where a log cannot be read (and nothing is written), 4 where both hold no segment, 2 without the second."""
    paths = written(tmp_path, bulk()[0], [])
    output = tmp_path / "out.txt"
    assert program("compare", paths[0], tmp_path / "missing.log", "-o", output).code == 3
    assert not output.exists()
    assert program("compare", paths[1], paths[1]).code == 4
    assert program("compare", paths[0]).code == 2
    assert program("compare", paths[0], paths[1], "-o", output).code == 0
    assert output.read_text("utf-8").startswith("client.log ↔ server.log\n")


def test_nothing_of_a_log_reaches_the_terminal_as_it_is(program: Program, tmp_path: Path) -> None:
    """Names of files and of hosts come from outside."""
    ours, theirs = bulk()
    paths = written(tmp_path, [line.replace("192.0.2.2.80", "ho\x1b]st.80") for line in ours], theirs)
    evil = tmp_path / "evil\x1b[31m.log"
    paths[0].rename(evil)
    for options in ((), ("-f", "jsonl")):
        assert "\x1b" not in program("compare", *options, evil, paths[1]).out


def test_the_page_says_the_same_in_both_languages(program: Program, tmp_path: Path) -> None:
    """One page without anything from outside; nothing of a log is markup."""
    folder = ROOT / "fixtures" / "pairs"
    output = tmp_path / "pair.html"
    done = program("compare", "-f", "html", "-o", output, folder / "client.log", folder / "server.log")
    page = output.read_text("utf-8")
    assert done.code == 0
    assert page.startswith("<!doctype html>")
    assert "In all: 9 lost, 8 duplicated, 7 overtaken" in page
    assert "丢失 9" in page
    assert page.count("sent again in line") == sum(line.count("sent again") for line in done_text(program, folder))
    assert not re.search(r"(?:src|href)=[\"']?https?:", page)
    ours, theirs = bulk()
    evil = [line.replace("192.0.2.2.80", "<img/onerror=x>.80") for line in ours]
    paths = written(tmp_path, evil, [line.replace("192.0.2.2.80", "<img/onerror=x>.80") for line in theirs])
    assert "<img" not in program("compare", "-f", "html", *paths).out


def done_text(program: Program, folder: Path) -> list[str]:
    """Return the text of the comparison of our pair."""
    return program("compare", folder / "client.log", folder / "server.log").out.splitlines()
