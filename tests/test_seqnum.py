"""Arithmetic modulo 2**32 (R1) and unwrapping (R36)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tdparse.seqnum import HALF, MASK, MODULUS, add, diff, unwrap

U32 = st.integers(0, MASK)
SHORT = st.integers(-HALF, HALF - 1)


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [
        (7, 7, 0),
        (8, 7, 1),
        (7, 8, -1),
        (0, MASK, 1),
        (MASK, 0, -1),
        (5, 4294967291, 10),
        (4294967291, 5, -10),
        (HALF - 1, 0, HALF - 1),
        (HALF, 0, -HALF),  # exactly half the space apart: no order, the result is the negative one
        (0, HALF, -HALF),
    ],
)
def test_signed_distance(a: int, b: int, distance: int) -> None:
    """`diff` goes the shorter way around the circle."""
    assert diff(a, b) == distance


@given(U32, SHORT)
def test_distance_inverts_addition(number: int, distance: int) -> None:
    """Going n ahead and measuring gives n, wherever the circle closes."""
    assert diff(add(number, distance), number) == distance


@given(U32, U32)
def test_order_is_antisymmetric_but_for_opposites(a: int, b: int) -> None:
    """`diff` changes sign with its arguments, unless they are 2**31 apart."""
    assert diff(a, b) == -diff(b, a) or abs(diff(a, b)) == HALF


@given(U32, st.integers(-(10**15), 10**15))
def test_addition_stays_inside(number: int, n: int) -> None:
    """`add` gives a 32-bit number whatever is added, negative included."""
    assert 0 <= add(number, n) <= MASK
    assert (add(number, n) - number - n) % MODULUS == 0


@given(st.integers(-(2**40), 2**40), SHORT)
def test_unwrapping_finds_the_number_near_by(near: int, distance: int) -> None:
    """What is less than half the space from `near` comes back whole (R36)."""
    number = near + distance
    assert unwrap(number & MASK, near) == number
    assert unwrap(number, near) == number


@given(st.lists(st.integers(0, HALF - 1), min_size=1, max_size=40), U32)
def test_offsets_grow_beyond_four_gibibytes(jumps: list[int], isn: int) -> None:
    """A direction that only moves forward keeps its true offset, however often it wraps (R36)."""
    true = 0
    offset = 0
    for jump in jumps:
        true += jump
        offset = unwrap(((isn + true) & MASK) - isn, offset)
        assert offset == true
