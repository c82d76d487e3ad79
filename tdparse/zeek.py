"""
How Zeek and Wireshark would sum a connection up: conn_state, history, completeness (R122-R125).
"""

from __future__ import annotations

from enum import IntFlag
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tdparse.flags import Flags

INACTIVE: Final = "INACTIVE"
SYN_SENT: Final = "SYN_SENT"
SYN_ACK_SENT: Final = "SYN_ACK_SENT"
PARTIAL: Final = "PARTIAL"
ESTABLISHED: Final = "ESTABLISHED"
CLOSED: Final = "CLOSED"
RESET: Final = "RESET"

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


class History:
    """Feed the records of one incarnation; read the summaries at any time."""

    __slots__ = ("_client", "_payload", "_previous", "_server", "_started", "completeness", "letters")

    def __init__(self) -> None:
        """Start with both endpoints inactive."""
        self._client = INACTIVE
        self._server = INACTIVE
        self._previous = {True: INACTIVE, False: INACTIVE}
        self._payload = False
        self._started = False
        self.letters = ""
        self.completeness = 0

    def feed(self, flags: Flags, length: int, *, from_client: bool) -> None:
        """Account for one record."""
        self._complete(flags, length)
        self._letter(flags, length, from_client=from_client)
        self._payload = self._payload or length > 0
        mine, peer = (self._client, self._server) if from_client else (self._server, self._client)
        new, new_peer = self._next(mine, peer, flags, length, from_client=from_client)
        if new != mine:
            self._previous[from_client] = mine
        if from_client:
            self._client, self._server = new, new_peer
        else:
            self._server, self._client = new, new_peer

    def _complete(self, flags: Flags, length: int) -> None:
        bits = Completeness
        if not self._started:
            self._started = True
            # Single pass: the first record of a stream counts only as the SYN it may be.
            if flags.syn and not flags.ack:
                self.completeness |= bits.SYN | (bits.DATA if length else 0)
            elif flags.rst:
                self.completeness |= bits.RST
            return
        if flags.rst:
            self.completeness |= bits.RST
        if flags.syn:
            self.completeness |= bits.SYN_ACK if flags.ack else bits.SYN
        elif flags.ack:
            self.completeness |= bits.DATA if length else bits.ACK
            if flags.fin:
                self.completeness |= bits.FIN

    def _letter(self, flags: Flags, length: int, *, from_client: bool) -> None:
        found = ""
        if flags.syn:
            found += "Q" if flags.fin or flags.rst else ("H" if flags.ack else "S")
        elif flags.fin and flags.rst:
            found += "I"
        else:
            if length:
                found += "D"
            if flags.fin:
                found += "F"
            if flags.rst:
                found += "R"
            if flags.ack and not found:
                found = "A"
        for letter in found:
            shown = letter if from_client else letter.lower()
            if shown not in self.letters:
                self.letters += shown

    def _next(self, mine: str, peer: str, flags: Flags, length: int, *, from_client: bool) -> tuple[str, str]:
        syn, fin, rst, ack = flags.syn, flags.fin, flags.rst, flags.ack
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
                if not from_client and not length and peer == SYN_SENT:
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
                if peer == RESET and self._previous[not from_client] == CLOSED:
                    peer = CLOSED
                return CLOSED, peer
            return (RESET if rst else mine), peer
        if mine == CLOSED and rst and peer != CLOSED:
            return RESET, peer
        return mine, peer

    @property
    def conn_state(self) -> str:
        """Zeek's `conn_state` as the log stands (R123)."""
        client, server = self._client, self._server
        if server == RESET:
            if client in (SYN_SENT, SYN_ACK_SENT) or (client == RESET and not self._payload):
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
