"""Flag letters: bits and classes (R47)."""

from __future__ import annotations

import itertools

import pytest

from tdparse.flags import SegmentClass, flags_of

LETTERS = "FSRP.UEWe"
ALL = ["".join(chosen) for size in range(10) for chosen in itertools.combinations(LETTERS, size)]


@pytest.mark.parametrize(
    ("letters", "length", "expected"),
    [
        ("S", 0, SegmentClass.SYN),
        ("S", 30, SegmentClass.SYN),
        ("SEW", 0, SegmentClass.SYN),
        ("SEWe", 0, SegmentClass.SYN),
        ("S.", 0, SegmentClass.SYN_ACK),
        ("S.E", 5, SegmentClass.SYN_ACK),
        ("R", 0, SegmentClass.RST),
        ("R.", 0, SegmentClass.RST),
        ("RP.", 9, SegmentClass.RST),
        ("F.", 0, SegmentClass.FIN),
        ("FP.", 576, SegmentClass.FIN),
        ("P.", 21, SegmentClass.DATA),
        (".", 1448, SegmentClass.DATA),
        (".U", 1, SegmentClass.DATA),
        (".", 0, SegmentClass.ACK),
        ("P.", 0, SegmentClass.ACK),
        (".EW", 0, SegmentClass.ACK),
        ("", 0, SegmentClass.INVALID),
        ("F", 0, SegmentClass.INVALID),
        ("FPU", 0, SegmentClass.INVALID),
        ("SF", 0, SegmentClass.INVALID),
        ("FS.", 0, SegmentClass.INVALID),
        ("SR", 0, SegmentClass.INVALID),
        ("FR.", 0, SegmentClass.INVALID),
        ("P", 10, SegmentClass.INVALID),
    ],
)
def test_class(letters: str, length: int, expected: SegmentClass) -> None:
    """Exactly one class a segment, the first test that holds (R47)."""
    assert flags_of(letters).class_of(length) is expected


@pytest.mark.parametrize("letters", ALL)
def test_push_urgent_and_congestion_bits_never_change_the_class(letters: str) -> None:
    """PSH, URG, ECE, CWR and AE are ignored by R47."""
    bare = "".join(letter for letter in letters if letter in "FSR.")
    for length in (0, 7):
        assert flags_of(letters).class_of(length) is flags_of(bare).class_of(length)


def test_every_combination_names_its_bits() -> None:
    """Nine letters, nine booleans, in tcpdump's order."""
    for letters in ALL:
        assert tuple(flags_of(letters)[:9]) == tuple(letter in letters for letter in LETTERS)


def test_payload_makes_data_of_an_ack_only() -> None:
    """SYN, FIN and RST keep their class with payload (R47)."""
    for letters in ALL:
        flags = flags_of(letters)
        if flags.class_of(0) is not SegmentClass.ACK:
            assert flags.class_of(100) is flags.class_of(0)
