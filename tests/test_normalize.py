"""Printed numbers become the numbers on the wire, or say that they are not (R32 to R36)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest
from conversations import captures
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scenario import MASK, Packet, log, packets, printed

from tdparse.model import Numbering, Segment, Step
from tdparse.normalize import SMALL, Normalizer, Numbers
from tdparse.pipeline import explain
from tdparse.record import parse_line

if TYPE_CHECKING:
    from collections.abc import Iterable

BOTH = [True, False]


def read(lines: Iterable[str]) -> list[Segment]:
    """Return the segments that the lines are."""
    found = []
    for number, line in enumerate(lines, 1):
        segment = parse_line(line, number)
        assert isinstance(segment, Segment), segment
        found.append(segment)
    return found


def numbers(lines: Iterable[str], numbering: Numbering | None = None) -> list[Numbers]:
    """Return the numbers of each line of one log."""
    normalizer = Normalizer(numbering)
    return [normalizer.feed(segment) for segment in read(lines)]


def wire(found: Numbers) -> tuple[int | None, int | None]:
    """Return (seq, ack) as far as they are those on the wire."""
    seq = found.seq if found.seq_absolute and found.seq is not None else found.wire_seq
    return seq, found.ack if found.ack_absolute else None


# ------------------------------------------------------------------ tables

OPENING = """
C S
S S.
C .
"""

CONVERSATIONS = {
    "handshake and data": OPENING + "C P. 100\nS P. 50\nC .\nC F.\nS F.\nC .",
    "segments lost and sent again": OPENING
    + "S . 1000\nS . 1000 lost\nS . 1000\nC . sack=2001-3001\nS . 1000 seq=1001\nC .",
    "keep-alive below the next number": OPENING + "C P. 10\nS .\nC . 1 seq=10 +7200\nS .",
    "reset without ACK, amid relative numbers": OPENING + "C P. 10\nS .\nS R\nC P. 5",
    "reset with ACK": OPENING + "C P. 10\nS R.",
    "refused": "C S\nS R.",
    "SYN and SYN-ACK sent again": "C S\nC S +1\nS S.\nS S. +1\nC .\nC P. 5\nS .",
    "the pair used again": OPENING + "C P. 10\nS R.\nC S isn=77777777 +90\nS S. isn=4200000000\nC .\nC P. 3\nS .",
    "the pair used again, SYN-ACK not captured": (
        OPENING + "C P. 10\nS .\nS R.\nC S isn=2147483648 +90\nS S. isn=99999999 unseen\nC .\nC P. 3\nS .\nS P. 9"
    ),
    "Fast Open": "C S 30 <tfo  cookie 29bc5d0a1c3f8e77>\nS S. ack=31\nS P. 40\nC .\nC P. 5",
    "simultaneous open": "C S\nS S\nC S.\nS S.\nC P. 5\nS .",
}


@pytest.mark.parametrize(
    "isns", [(3_000_000_000, 1_000_000_000), (0, MASK), (1, 7), (MASK - 30, 0), (2**31, 2**31 - 1)]
)
@pytest.mark.parametrize("text", CONVERSATIONS.values(), ids=CONVERSATIONS)
@pytest.mark.parametrize("absolute", BOTH, ids=["-S", "no -S"])
def test_whole_conversations(text: str, absolute: bool, isns: tuple[int, int]) -> None:  # noqa: FBT001  a parameter
    """With its opening in the log, every number is known in either printing, wherever the ISNs lie."""
    captured = packets(text, isns=isns)
    for packet, segment, found in zip(
        captured, read(printed(captured, absolute=absolute)), numbers(printed(captured, absolute=absolute)), strict=True
    ):
        assert wire(found) == (
            None if segment.seq is None else packet.seq,
            packet.ack if "." in packet.flags else None,
        )
        assert (found.sack or ()) == packet.sack


@pytest.mark.parametrize("absolute", BOTH, ids=["-S", "no -S"])
def test_late_start_with_data(absolute: bool) -> None:  # noqa: FBT001
    """The first ACK-bearing segment sets both bases; if it printed its seq, nothing is lost (R33)."""
    captured = packets("C P. 100\nS .\nS P. 50\nC .\nS P. 20 seq=1\nC F.", established=True)
    lines = printed(captured, absolute=absolute)
    if not absolute:
        assert ["seq 3000000001:3000000101, ack 1000000001" in lines[0], "seq 1:51, ack 100" in lines[2]] == [True] * 2
    assert [wire(found) for found in numbers(lines)] == [
        (packet.seq if packet.length or "F" in packet.flags else None, packet.ack) for packet in captured
    ]


def test_late_start_with_an_empty_ack() -> None:
    """Its seq is not printed, so the sender's numbers are exact among themselves and not absolute (R33)."""
    text = "C .\nC P. 10\nS .\nS P. 20\nC P. 5\nS .\nS R"
    relative = numbers(log(text, absolute=False, established=True))
    assert [found.seq for found in relative if found.seq is not None] == [0, 1_000_000_001, 10, 1_000_000_021]
    assert [found.seq_absolute for found in relative] == [False, False, True, True, False, True, True]
    assert [wire(found)[1] for found in relative] == [1000000001, 1000000001, None, None, 1000000001 + 20, None, None]
    assert [found.ack for found in relative][2:4] == [10, 10]
    absolute = numbers(log(text, established=True))
    assert [wire(found)[0] for found in absolute] == [None, 3000000001, None, 1000000001, 3000000011, None, 1000000021]


def test_a_bare_reset_cannot_be_placed_beside_hidden_numbers() -> None:
    """Its number is printed absolute: it is given as such and not laid beside the relative ones."""
    found = numbers(log("C .\nC P. 10\nS .\nC R", absolute=False, established=True))[-1]
    assert (found.seq, found.wire_seq, found.seq_absolute) == (None, 3000000011, False)


def test_an_empty_ack_behind_a_syn() -> None:
    """The base it hides most likely is the number after the SYN (R28): good for distances, not called absolute."""
    found = numbers(log("C S\nS S. unseen\nC .\nC P. 10\nS .", absolute=False))
    assert [(one.seq, one.seq_absolute) for one in found if one.seq is not None] == [
        (3_000_000_000, True),
        (3_000_000_001, False),
    ]
    assert (found[3].ack, found[3].ack_absolute) == (3_000_000_011, False)


def test_a_syn_amid_hidden_numbers() -> None:
    """What it states cannot be laid beside them, so what follows has no place at all."""
    text = "C .\nC P. 10\nS .\nC S isn=77777777\nS S. unseen\nC .\nC P. 5\nS ."
    found = numbers(log(text, absolute=False, established=True))
    assert [one.seq for one in found] == [None, 0, None, 77_777_777, None, None, None]
    assert [one.ack is None for one in found] == [False, False, False, True, False, False, True]


def test_the_first_line_is_absolute_but_for_its_sack_edges() -> None:
    """SACK edges are relative even on the line that sets the bases (tcpdump subtracts after it has set them)."""
    for absolute in BOTH:
        lines = log("C . sack=101-201,301-401\nS . 100\nC .", absolute=absolute, established=True)
        assert ("{1000000101:1000000201}" in lines[0]) == absolute
        assert numbers(lines)[0].sack == ((1000000101, 1000000201), (1000000301, 1000000401))


def test_sack_edges_count_from_what_the_ack_counts_from_in_a_log_that_lost_its_head() -> None:
    """No base is set on its first line: edges as small as the ack are relative to the base that the ack is relative to."""
    text = OPENING + "S . 300\nS . 100\nS . 100\nC . sack=401-501\nC . sack=401-501"
    lines = log(text, absolute=False)
    for kept in (3, 2):  # with data before them, and alone
        found = numbers(lines[-kept:])
        assert [one.sack for one in found if one.sack] == [((401, 501),)] * 2


def test_numbers_below_the_base_wrap() -> None:
    """A segment from before the first line prints a number near 2**32: minus something."""
    lines = log("C P. 10\nC P. 10 seq=-19\nS . ack=11\nS P. 1 seq=0", absolute=False, established=True)
    assert "seq 4294967276:4294967286" in lines[1]
    assert "seq 0:1" in lines[3]
    found = numbers(lines)
    assert [found[1].seq, found[3].seq] == [3_000_000_000 - 19, 1_000_000_000]


def test_ipv4_and_ipv6_have_a_table_each() -> None:
    """One pair of names can be two conversations."""
    v4 = packets(OPENING + "C P. 10", client="here.5", server="there.6")
    v6 = packets(OPENING + "C P. 20", client="here.5", server="there.6", isns=(5_000_000, 6_000_000))
    lines = []
    for four, six in zip(
        printed(v4, absolute=False),
        (line.replace(" IP ", " IP6 ") for line in printed(v6, absolute=False)),
        strict=True,
    ):
        lines += [four, six]
    expected = [packet for both in zip(v4, v6, strict=True) for packet in both]
    assert [wire(found)[1] for found in numbers(lines)][2:] == [packet.ack for packet in expected][2:]


def test_a_connection_to_itself() -> None:
    """One endpoint, yet what it sends and what it acknowledges have a base each."""
    captured = [
        Packet("::1.5", "::1.5", ".", 900_000_000, 900_000_100, 50),
        Packet("::1.5", "::1.5", ".", 900_000_050, 900_000_100, 7),
    ]
    for absolute in BOTH:
        assert [wire(found) for found in numbers(printed(captured, absolute=absolute))] == [
            (900_000_000, 900_000_100),
            (900_000_050, 900_000_100),
        ]


def test_a_header_at_fault_counts_although_its_numbers_were_not_printed() -> None:
    """`bad hdr length … too long` enters tcpdump's table: what follows is relative to bases never shown."""
    captured = packets("C P. 10\nC P. 10\nS .\nS S.", established=True)
    lines = printed(captured, absolute=False)
    lines[0] = lines[0].partition(",")[0] + " [bad hdr length 60 - too long, > 24]"
    found = numbers(lines)
    assert [wire(one) for one in found[:3]] == [(None, None)] * 3
    assert found[1].seq == 10
    assert wire(found[3]) == (captured[3].seq, captured[3].ack)


@pytest.mark.parametrize(
    ("lost", "absolute", "placed"),
    # a base that was not printed stays unknown
    [(0, True, 6), (0, False, 6), (1, True, 5), (1, False, 5), (2, True, 5), (2, False, 3)],
)
def test_a_record_whose_ack_was_left_out_is_numbered_as_it_was(lost: int, placed: int, *, absolute: bool) -> None:
    """It has the ACK flag, so a base is subtracted from its seq (R32 d), whoever shortened what it acknowledges."""
    captured = packets(f"{OPENING}C P. 100\nS .\nS P. 50\nC F.\nS FR.")
    segments = read(printed(captured, absolute=absolute))
    kept = [pair for place, pair in enumerate(zip(captured, segments, strict=True), 1) if place != lost]
    normalizer = Normalizer()
    found = [
        (packet, normalizer.feed(segment if "S" in packet.flags or segment.seq is None else segment._replace(ack=None)))
        for packet, segment in kept
    ]
    known = [(packet, one) for packet, one in found if one.seq is not None and one.seq_absolute]
    assert [one.seq for _, one in known] == [packet.seq for packet, _ in known]
    assert len(known) == placed


# ------------------------------------------------------------------ R34: absolute or relative?


@pytest.mark.parametrize("absolute", BOTH, ids=["-S", "no -S"])
def test_the_second_record_decides(absolute: bool) -> None:  # noqa: FBT001
    """Absolute or relative is known from the first record after the SYN-ACK."""
    normalizer = Normalizer()
    found = []
    for segment in read(log(OPENING + "C P. 10", absolute=absolute)):
        normalizer.feed(segment)
        found.append(normalizer.numbering)
    decided: Numbering = "absolute" if absolute else "relative"
    assert found == ["unknown", "unknown", decided, decided]


def test_each_conversation_is_decided_for_itself() -> None:
    """A log may hold both numberings, one conversation in each (R34)."""
    one = packets(OPENING + "C P. 10\nS .")
    other = packets(OPENING + "C P. 20\nS .", client="192.0.2.1.7", isns=(400_000_000, 500_000_000))
    lines = [line for pair in zip(printed(one), printed(other, absolute=False), strict=True) for line in pair]
    expected = [packet for pair in zip(one, other, strict=True) for packet in pair]
    assert [found.ack for found in numbers(lines)] == [p.ack if "." in p.flags else None for p in expected]


@pytest.mark.parametrize("first", BOTH, ids=["-S first", "-S second"])
def test_another_run_pasted_behind(first: bool) -> None:  # noqa: FBT001
    """A second log of the same connection in the other numbering: its opening asks the question anew."""
    captured = packets(OPENING + "C P. 10\nS P. 20\nC .")
    lines = [*printed(captured, absolute=first), *printed(captured, absolute=not first)]
    assert [wire(found)[1] for found in numbers(lines)] == [p.ack if "." in p.flags else None for p in captured] * 2


@pytest.mark.parametrize("first", BOTH, ids=["-S first", "-S second"])
def test_another_run_without_an_opening(first: bool) -> None:  # noqa: FBT001
    """Where time goes back, the next record of a conversation may be its first of another run."""
    captured = packets("C P. 10\nS P. 20 +2\nC . +2\nC P. 30", established=True)
    lines = [*printed(captured, absolute=first), *printed(captured, absolute=not first)]
    assert [wire(found)[1] for found in numbers(lines)] == [packet.ack for packet in captured] * 2


ROTATED = packets(OPENING + "C P. 10\nS .\nS P. 20\nC .\nC P. 30\nS .\nC F.\nS F.\nC .")


@pytest.mark.parametrize("cut", range(3, len(ROTATED)))
def test_another_run_that_goes_on_where_the_first_has_ended(cut: int) -> None:
    """R32 b: its first record of a conversation stands as on the wire, and what follows is relative to that."""
    lines = [*printed(ROTATED[:cut], absolute=False), *printed(ROTATED[cut:], absolute=False)]
    assert [wire(found)[1] for found in numbers(lines)][1:] == [packet.ack for packet in ROTATED[1:]]


@pytest.mark.parametrize(
    "banner", ["listening on eth0, link-type EN10MB", "reading from file b.pcap", "$ tcpdump -r b.pcap"]
)
@pytest.mark.parametrize("first", BOTH, ids=["-S first", "relative first"])
@pytest.mark.parametrize("cut", range(2, len(ROTATED)))
def test_another_run_that_says_so(cut: int, first: bool, banner: str) -> None:  # noqa: FBT001
    """R32 b: behind what tcpdump says when it begins it asks anew, in whichever numbering the first run was."""
    lines = [*printed(ROTATED[:cut], absolute=first), banner, *printed(ROTATED[cut:], absolute=False)]
    found = [item for item in explain(lines) if isinstance(item, Step)]
    assert [step.ack for step in found][1:] == [packet.ack for packet in ROTATED[1:]]
    assert not [finding for step in found for finding in step.findings]


def test_a_clock_set_back_changes_nothing() -> None:
    """Time going back is no other run by itself: relative numbers go on from the bases they had."""
    captured = packets(OPENING + "C P. 10\nS P. 20\nC .\nC P. 5")
    captured = [*captured[:5], *(packet._replace(time=packet.time - 5_000_000) for packet in captured[5:])]
    for absolute in BOTH:
        assert [wire(found)[1] for found in numbers(printed(captured, absolute=absolute))][1:] == [
            p.ack for p in captured[1:]
        ]


def test_a_log_that_goes_on_in_the_other_numbering() -> None:
    """Lines of both printings, put together in order of time: a number that fits nowhere is asked again."""
    captured = packets(OPENING + "C P. 10\nS P. 20\nC .\nC P. 5\nS .\nS P. 7\nC .")
    absolute, relative = printed(captured), printed(captured, absolute=False)
    for lines in ([*absolute[:6], *relative[6:]], [*relative[:6], *absolute[6:]]):
        assert [wire(found)[1] for found in numbers(lines)][1:] == [packet.ack for packet in captured[1:]]


@pytest.mark.parametrize(
    ("line", "numbering"),
    [
        ("seq 1:101, ack 1, win 5, length 100", "relative"),
        ("ack 1, win 5, length 0", "relative"),
        ("seq 2049:2149, ack 512, win 5, length 100", "unknown"),
        ("ack 512, win 5, length 0", "unknown"),
    ],
)
def test_a_log_that_has_lost_its_head(line: str, numbering: str) -> None:
    """Small numbers on a first line are most likely relative to bases that were cut off: they are not absolute."""
    first = "12:00:00.000000 IP 192.0.2.1.5 > 192.0.2.2.80: Flags [.], " + line
    normalizer = Normalizer()
    found = normalizer.feed(read([first])[0])
    assert (found.seq_absolute, found.ack_absolute) == (False, False)
    assert (found.printed, normalizer.numbering) == (numbering, "relative" if numbering == "relative" else "unknown")
    assert Normalizer("absolute").feed(read([first])[0]).ack_absolute


def test_small_numbers_that_were_absolute_after_all() -> None:
    """When the next record is relative to them, they were the bases."""
    captured = packets("C P. 100\nS .\nS P. 50\nC .", established=True, isns=(5_000, 700_000))
    found = [wire(one) for one in numbers(printed(captured, absolute=False))]
    assert found == [(None, None), (None, 5101), (700_001, 5101), (None, 700_051)]


def test_an_excerpt_of_a_relative_log_keeps_its_distances() -> None:
    """Nothing is absolute, and the numbers of each direction are as printed."""
    lines = log(OPENING + "C P. 100\nS P. 50\nC .\nS P. 7\nC F.", absolute=False)[3:]
    found = numbers(lines)
    assert [wire(one) for one in found] == [(None, None)] * 5
    assert [(one.seq, one.ack) for one in found] == [(1, 1), (1, 101), (None, 51), (51, 101), (101, 58)]


def test_a_refused_syn_of_an_excerpt() -> None:
    """A SYN leaves the bases of its pair alone, so a second refusal prints ack 1 (R32), also where the first is cut off."""
    lines = log("C S\nS R.\nC S +1\nS R.", absolute=False)
    assert ", ack 1, " in lines[3]
    for part in (lines, lines[2:]):
        syn, refusal = numbers(part)[-2:]
        assert refusal.ack == ((syn.seq or 0) + 1) & MASK
        assert refusal.ack_absolute
    assert numbers(lines[2:], "absolute")[1].ack == 1


def test_an_excerpt_is_explained_with_the_numbers_it_shows() -> None:
    """Its SYN is 0 in the numbers that are printed; what comes late is not below 0."""
    lines = log(OPENING + "C . 100\nC . 100 lost\nC . 100\nS .\nC . 100 seq=101\nS .", absolute=False)
    whole, excerpt = ([step for step in explain(part) if isinstance(step, Step)] for part in (lines, lines[5:]))
    assert [(step.rel_seq, step.rel_end, step.rel_ack) for step in excerpt] == [
        (step.rel_seq, step.rel_end, step.rel_ack) for step in whole[5:]
    ]
    assert excerpt[0].rel_seq == 201


def test_the_user_knows_best() -> None:
    """What the user says is not questioned."""
    lines = ["IP 192.0.2.1.5 > 192.0.2.2.80: Flags [.], ack 7, win 5, length 0"] * 2
    assert [wire(found)[1] for found in numbers(lines, "absolute")] == [7, 7]
    relative = numbers(log(OPENING + "C P. 100", absolute=False), "relative")
    assert wire(relative[-1]) == (3_000_000_001, 1_000_000_001)


def test_a_hint_is_outweighed_by_evidence() -> None:
    """`-S` in a command line counts until the numbers say otherwise; people edit command lines."""
    normalizer = Normalizer()
    normalizer.hint("absolute")
    found = [normalizer.numbering]
    for segment in read(log(OPENING, absolute=False)):
        normalizer.feed(segment)
        found.append(normalizer.numbering)
    assert found == ["absolute", "absolute", "absolute", "relative"]


def test_forgotten_conversations_start_afresh() -> None:
    """`forget` drops a pair in either order."""
    normalizer = Normalizer()
    segments = read(log(OPENING + "C P. 10"))
    for segment in segments:
        normalizer.feed(segment)
    normalizer.forget([(segments[0].dst, segments[0].src)])
    assert not normalizer._conversations


# ------------------------------------------------------------------ any conversation at all


class Told(NamedTuple):
    """Which numbers of a packet the text tells, by tcpdump's own table."""

    seq: bool
    ack: bool
    alike: bool = False  # a base is tiny: what is absolute may as well be relative


def told(captured: list[Packet], *, absolute: bool) -> list[Told]:
    """
    Return what a reader of the whole log could know of each packet.

    A relative number is known when its base was printed.
    """
    bases: dict[tuple[str, str, str], bool] = {}  # by direction: was its base printed?
    alike: dict[tuple[str, str, str], bool] = {}
    found = []
    for packet in captured:
        ours, theirs = (packet.src, packet.dst, "seq"), (packet.dst, packet.src, "seq")
        if packet.src == packet.dst:
            theirs = (packet.dst, packet.src, "ack")
        shown = bool(packet.length) or bool(set(packet.flags) & set("SFR"))
        if "." not in packet.flags:
            found.append(Told(shown, ack=False))
            continue
        entering = ours not in bases or "S" in packet.flags
        if entering:
            bases[ours], bases[theirs] = shown or absolute, True
            tiny = any(min(number, MASK - number) < SMALL for number in (packet.seq, packet.ack))
            alike[ours] = alike[theirs] = tiny
        found.append(Told(shown and (bases[ours] or entering), bases[theirs], alike[ours]))
    return found


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(captures(), st.booleans())
def test_any_capture_in_either_printing(captured: list[Packet], absolute: bool) -> None:  # noqa: FBT001
    """No number is ever wrong, and none is missing that the text tells."""
    for packet, found, known in zip(
        captured, numbers(printed(captured, absolute=absolute)), told(captured, absolute=absolute), strict=True
    ):
        if known.alike:
            continue
        assert wire(found) == (packet.seq if known.seq else None, packet.ack if known.ack else None)
        if known.ack and packet.sack:
            assert found.sack == packet.sack


@pytest.mark.parametrize("isns", [(100, 300), (1000, 2000), (3_000_000_000, 1_000_000_000)])
@pytest.mark.parametrize("first", ["seq 1:79, ack 1", "ack 1"], ids=["data", "ACK"])
def test_numbers_before_those_of_the_syns_are_relative(isns: tuple[int, int], first: str) -> None:
    """R34: who writes a log by hand often prints the third step with -S and what follows it without; no number lies before a SYN."""
    client, server = isns
    ends = ("12:00:00.000001 IP 10.0.0.1.5 > 10.0.0.2.80: Flags", "12:00:00.000001 IP 10.0.0.2.80 > 10.0.0.1.5: Flags")
    lines = [
        f"{ends[0]} [S], seq {client}, win 9, length 0",
        f"{ends[1]} [S.], seq {server}, ack {client + 1}, win 9, length 0",
        f"{ends[0]} [.], ack {server + 1}, win 9, length 0",
        f"{ends[0]} [P.], {first}, win 9, length {78 if 'seq' in first else 0}",
        f"{ends[1]} [P.], seq 1:5, ack 79, win 9, length 4",
    ]
    found = numbers(lines)
    assert [(one.seq, one.ack) for one in found[3:]] == [
        (client + 1 if "seq" in first else None, server + 1),
        (server + 1, client + 79),
    ]
