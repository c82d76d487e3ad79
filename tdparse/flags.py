"""
What a set of flag letters means: the bits, and the class of the segment (R47).

Letters are tcpdump's: F S R P . U E W e, in that order; the empty string is `[none]`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

COMBINATIONS: Final = 512  # of nine flags
NAMES: Final = {
    "F": "FIN",
    "S": "SYN",
    "R": "RST",
    "P": "PSH",
    ".": "ACK",
    "U": "URG",
    "E": "ECE",
    "W": "CWR",
    "e": "AE",
}


class SegmentClass(StrEnum):
    """Exactly one class per record (R47)."""

    INVALID = "INVALID"
    RST = "RST"
    SYN = "SYN"
    SYN_ACK = "SYN-ACK"
    FIN = "FIN"
    DATA = "DATA"
    ACK = "ACK"
    UNKNOWN = "UNKNOWN"  # the text does not show the flags: -q, or a line cut before them


# By name, as with the states (`tdparse.model`).
INVALID: Final = SegmentClass.INVALID
UNKNOWN: Final = SegmentClass.UNKNOWN
RST: Final = SegmentClass.RST
SYN: Final = SegmentClass.SYN
SYN_ACK: Final = SegmentClass.SYN_ACK
FIN: Final = SegmentClass.FIN
DATA: Final = SegmentClass.DATA
ACK: Final = SegmentClass.ACK


class Flags(NamedTuple):
    """
    The flags of one segment.

    >>> import tdparse
    >>> line = "12:00:00.000001 IP 10.0.0.2.80 > 10.0.0.1.5: Flags [S.], seq 9, ack 8, win 9, length 0"
    >>> (item,) = tdparse.annotate([line])
    >>> item.flags.syn, item.flags.ack, item.flags.fin
    (True, True, False)
    """

    fin: bool
    syn: bool
    rst: bool
    psh: bool
    ack: bool
    urg: bool
    ece: bool
    cwr: bool
    ae: bool
    header_class: SegmentClass  #: the class of an empty segment with these flags

    def class_of(self, length: int) -> SegmentClass:
        """Return the class of a segment with these flags and `length` octets of payload."""
        if length and self.header_class is ACK:
            return DATA
        return self.header_class


def _header_class(letters: frozenset[str]) -> SegmentClass:
    fin, syn, rst, ack = ("F" in letters, "S" in letters, "R" in letters, "." in letters)
    # The first test is R47's first row; PSH, URG, ECE, CWR and AE never change the class, and
    # something without A, F, S and R is no segment that a TCP sends either.
    if syn + fin + rst > 1 or not (syn or rst or ack):
        return SegmentClass.INVALID
    if rst:
        return SegmentClass.RST
    if syn:
        return SegmentClass.SYN_ACK if ack else SegmentClass.SYN
    return SegmentClass.FIN if fin else SegmentClass.ACK


class _Table(dict[str, Flags]):
    """Flag letters to `Flags`, each distinct string worked out once."""

    def __missing__(self, text: str) -> Flags:
        letters = frozenset(text)
        fin, syn, rst, psh, ack, urg, ece, cwr, ae = (letter in letters for letter in "FSRP.UEWe")
        flags = Flags(fin, syn, rst, psh, ack, urg, ece, cwr, ae, _header_class(letters))
        if len(self) < COMBINATIONS:  # a hostile log must not grow the table
            self[text] = flags
        return flags


_TABLE = _Table()


def flags_of(text: str) -> Flags:
    """
    Return the flags that the printed letters `text` name.

    >>> flags_of("S.").header_class
    <SegmentClass.SYN_ACK: 'SYN-ACK'>
    >>> flags_of("P.").class_of(12)
    <SegmentClass.DATA: 'DATA'>
    >>> flags_of("F").header_class
    <SegmentClass.INVALID: 'INVALID'>
    """
    return _TABLE[text]


def names_of(text: str) -> str:
    """
    Return the names of the printed letters, joined; a letter without a name stands for itself.

    >>> names_of("S."), names_of("")
    ('SYN+ACK', 'none')
    """
    return "+".join(NAMES.get(letter, letter) for letter in text) or "none"
