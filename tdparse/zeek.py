"""
How Zeek and Wireshark would sum a connection up: conn_state, history, completeness (R122-R125).
"""

from __future__ import annotations

from enum import IntFlag
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from tdparse.flags import Flags

INACTIVE: Final = "INACTIVE"
SYN_SENT: Final = "SYN_SENT"
SYN_ACK_SENT: Final = "SYN_ACK_SENT"
PARTIAL: Final = "PARTIAL"
ESTABLISHED: Final = "ESTABLISHED"
CLOSED: Final = "CLOSED"
RESET: Final = "RESET"

REMEMBERED: Final = 4096  # courses of incarnations that are kept; ordinary traffic has some hundred

_SILENT: Final = (INACTIVE, PARTIAL)
_AFTER_SYN: Final = frozenset("HAFGIQ")


class Completeness(IntFlag):
    """Wireshark's `tcp.completeness` bits (R125)."""

    SYN = 1
    SYN_ACK = 2
    ACK = 4
    DATA = 8
    FIN = 16
    RST = 32


class _Kind(NamedTuple):
    """All that matters here about one record."""

    syn: bool
    fin: bool
    rst: bool
    ack: bool
    payload: bool
    from_client: bool


class History:
    """Feed the records of one incarnation; read the summaries at any time."""

    __slots__ = ("_course",)

    def __init__(self) -> None:
        """Start with both endpoints inactive."""
        self._course = _BEGINNING

    def feed(self, flags: Flags, length: int, *, from_client: bool) -> None:
        """Account for one record."""
        kind = (flags.syn, flags.fin, flags.rst, flags.ack, length > 0, from_client)
        known = self._course.after.get(kind)
        self._course = self._course.followed_by(_Kind(*kind)) if known is None else known

    @property
    def is_settled(self) -> bool:
        """Whether both have shown themselves, so that segments without S, F and R are noted once a kind (R124)."""
        return INACTIVE not in self._course.states

    @property
    def letters(self) -> str:
        """Zeek's `history`: what was sent, in the order of its first appearance (R124)."""
        return self._course.letters

    @property
    def completeness(self) -> int:
        """Wireshark's `tcp.completeness` as the log stands (R125)."""
        return self._course.completeness

    @property
    def conn_state(self) -> str:
        """Zeek's `conn_state` as the log stands (R123)."""
        return self._course.conn_state


class _Course:
    """What an incarnation has come to. Most take one of few courses, so each is worked out once for all of them."""

    __slots__ = ("after", "completeness", "conn_state", "letters", "payload", "previous", "states")

    def __init__(
        self, states: tuple[str, str], previous: tuple[str, str], letters: str, completeness: int, *, payload: bool
    ) -> None:
        self.states = states  # of client and server
        self.previous = previous  # of each, the one before its present state
        self.letters = letters
        self.completeness = completeness
        self.payload = payload
        self.conn_state = self._summed_up()
        self.after: dict[tuple[bool, ...], _Course] = {}  # by the kind of the next record

    def followed_by(self, kind: _Kind) -> _Course:
        """Return what one more record makes of it."""
        letters = self.letters
        for letter in _letters(kind):
            shown = letter if kind.from_client else letter.lower()
            if shown not in letters:
                letters += shown
        states, previous = self.states, self.previous
        if kind.from_client:
            states = self._states(states[0], states[1], kind)
            if states[0] != self.states[0]:
                previous = (self.states[0], previous[1])
        else:
            states = self._states(states[1], states[0], kind)[::-1]
            if states[1] != self.states[1]:
                previous = (previous[0], self.states[1])
        completeness = self.completeness | _bits(kind, first=self is _BEGINNING)
        payload = self.payload or kind.payload
        key = (states, previous, letters, completeness, payload)
        if key not in _courses:
            if len(_courses) >= REMEMBERED:  # a strange log: those of the past are worked out again
                _courses.clear()
                _BEGINNING.after.clear()
            _courses[key] = _Course(states, previous, letters, completeness, payload=payload)
        self.after[kind] = found = _courses[key]
        return found

    def _states(self, mine: str, peer: str, kind: _Kind) -> tuple[str, str]:
        """Return the states of the sender and its peer after a record."""
        syn, fin, rst, ack, payload, from_client = kind
        if mine == INACTIVE:
            if syn:
                if from_client:
                    mine = SYN_ACK_SENT if ack else SYN_SENT
                else:
                    if peer == SYN_SENT:
                        peer = ESTABLISHED
                    mine = ESTABLISHED
            if fin:
                mine = CLOSED
            if rst:
                mine = RESET
            if mine == INACTIVE:
                if not from_client and not payload and peer == SYN_SENT:
                    return mine, peer
                mine = ESTABLISHED if ack and peer == ESTABLISHED else PARTIAL
            return mine, peer
        if mine in (SYN_SENT, SYN_ACK_SENT):
            if fin:
                return CLOSED, peer
            return (RESET if rst else mine), peer
        if mine in (ESTABLISHED, PARTIAL):
            if syn and not ack and mine == PARTIAL and peer == INACTIVE:
                mine = SYN_SENT
            if fin and not rst:
                if peer == RESET and self.previous[1 if from_client else 0] == CLOSED:
                    peer = CLOSED
                return CLOSED, peer
            return (RESET if rst else mine), peer
        if mine == CLOSED and rst and peer != CLOSED:
            return RESET, peer
        return mine, peer

    def _summed_up(self) -> str:
        """Return Zeek's `conn_state` (R123)."""
        client, server = self.states
        if server == RESET:
            if client in (SYN_SENT, SYN_ACK_SENT) or (client == RESET and not self.payload):
                return "REJ"
            return "RSTRH" if client in _SILENT else "RSTR"
        if client == RESET:
            if server in _SILENT:
                before = self.letters.split("R", 1)[0]
                alone = self.letters.startswith("S") and not _AFTER_SYN & set(before)
                return "RSTOS0" if alone else "OTH"
            return "RSTO"
        if client == CLOSED:
            if server == CLOSED:
                return "SF"
            return "SH" if server in _SILENT else "S2"
        if server == CLOSED:
            return "SHR" if client in _SILENT else "S3"
        if client == SYN_SENT and server == INACTIVE:
            return "S0"
        if client == ESTABLISHED == server:
            return "S1"
        return "OTH"


_BEGINNING: Final = _Course((INACTIVE, INACTIVE), (INACTIVE, INACTIVE), "", 0, payload=False)
_courses: Final[dict[tuple[object, ...], _Course]] = {}


def _bits(kind: _Kind, *, first: bool) -> int:
    """Return the bits of completeness that a record adds."""
    bits = Completeness
    if first:  # single pass: the first record of a stream counts only as the SYN it may be
        if kind.syn and not kind.ack:
            return int(bits.SYN | bits.DATA if kind.payload else bits.SYN)
        return int(bits.RST) if kind.rst else 0
    found = bits.RST if kind.rst else bits(0)
    if kind.syn:
        found |= bits.SYN_ACK if kind.ack else bits.SYN
    elif kind.ack:
        found |= bits.DATA if kind.payload else bits.ACK
        if kind.fin:
            found |= bits.FIN
    return int(found)


def _letters(kind: _Kind) -> str:
    """Return the letters of a record, as those of the originator."""
    if kind.syn:
        return "Q" if kind.fin or kind.rst else ("H" if kind.ack else "S")
    if kind.fin and kind.rst:
        return "I"
    found = ("D" if kind.payload else "") + ("F" if kind.fin else "") + ("R" if kind.rst else "")
    return "A" if kind.ack and not found else found
