"""
32-bit sequence numbers: signed difference and unwrapping (R1, R36).

This is the only place that knows about 2**32. Elsewhere numbers are either 32-bit values carried
around untouched, or unbounded integers that compare with ``<``.
"""

from __future__ import annotations

from typing import Final

MODULUS: Final = 1 << 32
MASK: Final = MODULUS - 1
HALF: Final = 1 << 31


def diff(a: int, b: int) -> int:
    """
    Return the signed distance from `b` to `a`, -2**31 <= result < 2**31.

    Args:
        a: As on the wire, 0 <= a < 2**32.
        b: As on the wire.

    Source: R1; RFC 9293 section 3.4 (comparison is modulo 2**32).

    >>> diff(5, 4294967291)
    10
    >>> diff(4294967291, 5)
    -10
    """
    return ((a - b + HALF) & MASK) - HALF


def add(a: int, n: int) -> int:
    """
    Return the 32-bit number `n` after `a`; `n` may be negative and of any size.

    >>> add(4294967295, 1)
    0
    """
    return (a + n) & MASK


def unwrap(number: int, near: int) -> int:
    """
    Return the unbounded number congruent to `number` modulo 2**32 and closest to `near`.

    Args:
        number: Any integer; only its value modulo 2**32 matters.
        near: Unbounded; usually the highest number seen so far in this direction.

    Source: R36.

    >>> unwrap(5, near=2**32 - 3)
    4294967301
    >>> unwrap(2**32 - 2, near=2**32 + 7)
    4294967294
    """
    return near + ((number - near + HALF) & MASK) - HALF
