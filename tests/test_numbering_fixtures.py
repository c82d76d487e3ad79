"""Captures of our own, printed with and without -S: the same records come out, with the numbers on the wire."""

from __future__ import annotations

import struct
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from tdparse.model import Step
from tdparse.pipeline import explain
from tdparse.render.jsonl import segment_record

CAPTURES = Path(__file__).parents[1] / "fixtures" / "captures"
NAMES = sorted(path.parent.name for path in CAPTURES.glob("*/capture.pcap"))
MASK = 2**32 - 1
# The endpoint whose numbers tcpdump never prints in the relative log: its empty ACK came first (R33).
HIDDEN = {"late_ack": "192.0.2.2", "late_sack": "192.0.2.1"}
# What says how the numbers were printed, and so differs.
OF_THE_TEXT = {"numbers", "options_text"}
NUMBERS = {"seq", "seq_end", "ack"}


class Header(NamedTuple):
    """The numbers of one packet's TCP header."""

    seq: int
    ack: int
    sack: tuple[tuple[int, int], ...]


def headers(name: str) -> list[Header]:
    """Return the TCP headers of a capture of raw IP packets."""
    data = (CAPTURES / name / "capture.pcap").read_bytes()
    found = []
    offset = 24
    while offset < len(data):
        length = struct.unpack_from("<I", data, offset + 8)[0]
        packet = data[offset + 16 : offset + 16 + length]
        tcp = packet[40:] if packet[0] >> 4 == 6 else packet[(packet[0] & 15) * 4 :]
        seq, ack = struct.unpack_from(">II", tcp, 4)
        found.append(Header(seq, ack, _sack(tcp[20 : (tcp[12] >> 4) * 4])))
        offset += 16 + length
    return found


def _sack(options: bytes) -> tuple[tuple[int, int], ...]:
    while options:
        if options[0] == 5:
            edges = struct.unpack_from(f">{(options[1] - 2) // 4}I", options, 2)
            return tuple(zip(edges[::2], edges[1::2], strict=True))
        options = options[1 if options[0] == 1 else options[1] :]
    return ()


@cache
def steps(name: str, printing: str) -> list[Step]:
    """Return what one printing of a capture says."""
    with (CAPTURES / name / f"{printing}.log").open(encoding="ascii") as lines:
        return [item for item in explain(lines) if isinstance(item, Step)]


PRINTINGS = ["absolute", "relative", "absolute-vv", "relative-vv"]


def test_the_captures_are_there() -> None:
    """Each scenario of make.py has its capture and its printings."""
    assert {"close", "close6", "loss", "reset", "reuse", "wrap", "late_ack", "late_data", "late_sack"} <= set(NAMES)


@pytest.mark.parametrize("printing", PRINTINGS)
@pytest.mark.parametrize("name", NAMES)
def test_numbers_are_those_on_the_wire(name: str, printing: str) -> None:
    """Every number of a record is the header's own, or null where the text never told it (R32, R33)."""
    found = steps(name, printing)
    assert len(found) == len(headers(name))
    for step, header in zip(found, headers(name), strict=True):
        # An inferred number is SND.NXT (R28); a probe without octets carries the one before (R108, R109).
        probe = not step.seq_printed and step.step in ("probe.zero_window", "probe.keep_alive")
        assert step.seq in (header.seq + probe, None)
        assert step.ack in (None if "." not in (step.segment.flags or "") else header.ack, None)
        assert tuple(step.sack or ()) in (header.sack, ())
        if step.seq is not None:
            assert step.seq_end == (step.seq + (step.segment.length or 0)) & MASK


@pytest.mark.parametrize("printing", PRINTINGS)
@pytest.mark.parametrize("name", NAMES)
def test_only_a_hidden_base_makes_numbers_null(name: str, printing: str) -> None:
    """Null stands for the numbers of the direction whose base was never printed, and for no others (R33)."""
    hidden = HIDDEN.get(name) if printing == "relative" else None  # -vv prints the number of the empty ACK
    for step in steps(name, printing):
        if "S" in (step.segment.flags or "") or step.segment.seq is not None:
            wanted = step.segment.src.host != hidden
            assert (step.seq is not None) == (wanted or "." not in (step.segment.flags or "."))
        if step.segment.ack is not None:
            first = step is steps(name, printing)[0]
            assert (step.ack is not None) == (step.segment.dst.host != hidden or first)


@pytest.mark.parametrize("suffix", ["", "-vv"])
@pytest.mark.parametrize("name", NAMES)
def test_both_printings_give_the_same_records(name: str, suffix: str) -> None:
    """Segment records differ in how numbers were printed, and in nulls for what a relative log never told."""
    absolute = [segment_record(step, "", "") for step in steps(name, f"absolute{suffix}")]
    relative = [segment_record(step, "", "") for step in steps(name, f"relative{suffix}")]
    assert len(absolute) == len(relative) > 0
    for one, other in zip(absolute, relative, strict=True):
        differing = {key for key in one if one[key] != other[key]} - OF_THE_TEXT
        if name in HIDDEN and not suffix:
            assert all(other[key] is None for key in differing)
            assert differing <= NUMBERS
        else:
            assert not differing


def test_what_was_printed_is_said() -> None:
    """`numbers` tells each record's numbering: what has no ACK, and what sets the bases, is absolute (R32)."""
    assert {step.numbers for step in steps("close", "absolute")} == {"absolute"}
    assert [step.numbers for step in steps("close", "relative")] == ["absolute", "absolute", *["relative"] * 14]
    resets = [step for step in steps("reset", "relative") if step.segment.flags == "R"]
    assert resets
    assert {step.numbers for step in resets} == {"absolute"}


def test_relative_numbers_count_on_past_the_wrap() -> None:
    """A wrapped range is an ordinary one in relative numbers (R31, R36)."""
    data = [step for step in steps("wrap", "absolute") if step.segment.length and step.sender == "client"]
    assert [(step.rel_seq, step.rel_end) for step in data] == [(1, 501), (501, 1501), (1501, 1531)]
    assert [step.segment.seq_last for step in data][1] == 801


def test_each_life_of_a_pair_counts_from_its_own_numbers() -> None:
    """A reused pair is three connections, each with its SYN at 0 (R43)."""
    for printing in ("absolute", "relative"):
        syns = [step for step in steps("reuse", printing) if step.segment.flags == "S"]
        assert [step.flow.conn for step in syns] == [1, 2, 3]
        assert [step.rel_seq for step in syns] == [0, 0, 0]
