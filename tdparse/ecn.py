"""
Explicit congestion notification: what both SYNs negotiate, and what the bits then mean (R79, R80).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tdparse.evidence import Peer, Record

NONE: Final = "none"
CLASSIC: Final = "classic"
ACCURATE: Final = "accecn"

# (AE, CWR, ECE) of a SYN-ACK that accepts accurate ECN (RFC 9768)
ACCEPTS_ACCURATE: Final = frozenset(
    {(False, True, False), (False, True, True), (True, False, False), (True, True, False)}
)
ACCEPTS_CLASSIC: Final = (False, False, True)
OFFERS_CLASSIC: Final = (False, True, True)
OFFERS_ACCURATE: Final = (True, True, True)


def in_force(client: Peer, server: Peer) -> str:
    """Return what the two SYNs negotiated: "none", "classic" or "accecn"."""
    if not (client.options and server.options):
        return NONE
    offer, answer = client.ecn_bits, server.ecn_bits
    # tcpdump 4.x drops the AE bit, so [SEW] may hide an offer of accurate ECN (R80).
    if offer not in (OFFERS_CLASSIC, OFFERS_ACCURATE):
        return NONE
    if answer == ACCEPTS_CLASSIC:
        return CLASSIC
    return ACCURATE if answer in ACCEPTS_ACCURATE else NONE


def ecn_modifiers(record: Record) -> Iterator[str]:
    """Yield the ECN modifiers of a record (R102)."""
    flags = record.flags
    if not (flags.ece or flags.cwr or flags.ae):
        return
    if flags.syn and not flags.ack:
        if flags.ece and flags.cwr:
            yield "ecn_setup"
            if flags.ae:
                yield "accecn"
        return
    client, server = (record.x, record.y) if record.x.is_client else (record.y, record.x)
    kind = in_force(client, server)
    if flags.syn:
        if kind != NONE:
            yield "ecn_accept"
        if kind == ACCURATE:
            yield "accecn"
    elif kind == CLASSIC:
        if flags.ece:
            yield "ecn_echo"
        if flags.cwr:
            yield "ecn_cwr"
    elif kind == ACCURATE:
        yield "accecn"
