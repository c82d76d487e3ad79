"""The reader: octets to lines, whatever they are stored in and however they come."""

from __future__ import annotations

import bz2
import gzip
import lzma
from random import Random
from typing import TYPE_CHECKING, Final
from zlib import crc32

import invariants
from hypothesis import given
from hypothesis import strategies as st
from made import CHANCE, LOGS, log

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES: Final = st.lists(st.integers(1, 80), max_size=8).map(tuple)
PACKERS: Final = (gzip.compress, bz2.compress, lzma.compress)


def seeds() -> Iterator[bytes]:
    """Yield packed logs, whole and cut."""
    for number in range(24):
        packed = PACKERS[number % 3](log(Random(number), 3))
        yield packed
        yield packed[: -1 - number]


def check(octets: bytes) -> None:
    """Hold what the fuzzer made against every invariant of the reader."""
    chance = Random(crc32(octets))
    invariants.no_octet_is_lost(octets)
    invariants.pieces_make_no_difference(octets, tuple(chance.choices(range(1, 80), k=chance.randrange(8))))
    invariants.damage_is_told(octets)
    if chance.random() < 0.05:
        invariants.packing_makes_no_difference(octets)


@given(LOGS, SIZES)
def logs_are_read(octets: bytes, sizes: tuple[int, ...]) -> None:
    """Every octet, in whatever pieces."""
    invariants.no_octet_is_lost(octets)
    invariants.pieces_make_no_difference(octets, sizes)


@given(st.binary(max_size=300) | LOGS, SIZES)
def anything_is_read_or_refused(octets: bytes, sizes: tuple[int, ...]) -> None:
    """The same for what is no log."""
    invariants.no_octet_is_lost(octets)
    invariants.pieces_make_no_difference(octets, sizes)
    invariants.damage_is_told(octets)


@given(CHANCE, st.sampled_from(PACKERS))
def damaged_archives_are_told(chance: Random, pack: object) -> None:
    """A flipped bit or a missing end of a compressed log is no exception but trouble that is told."""
    octets = bytearray(gzip.compress(log(chance, 3)) if pack is gzip.compress else bz2.compress(log(chance, 3)))
    octets[chance.randrange(len(octets))] ^= 1 << chance.randrange(8)
    invariants.damage_is_told(bytes(octets[: chance.randint(1, len(octets))]))


PROPERTIES: Final = (logs_are_read, anything_is_read_or_refused, damaged_archives_are_told)
