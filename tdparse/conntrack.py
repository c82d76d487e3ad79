"""
The one state that a Linux firewall's table (nf_conntrack) would show for a whole connection (R126).

Its CLOSE_WAIT and LAST_ACK are states of the connection, not of one endpoint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdparse.flags import SegmentClass
from tdparse.model import State

if TYPE_CHECKING:
    from tdparse.evidence import Peer
    from tdparse.incarnation import Incarnation


def conntrack_state(conn: Incarnation) -> str | None:
    """Return the state by the names of `conntrack -L`; None where it would have no entry."""
    client, server = conn.peers
    if conn.reset_by is not None:
        return "CLOSE"
    if conn.first_fin is not None:
        return _closing(conn.first_fin, server if conn.first_fin is client else client)
    states = (client.standing.state, server.standing.state)
    if client.syn_count and server.syn_count and not (client.sent_synack or server.sent_synack):
        return "SYN_SENT2"
    if states[0] is State.SYN_SENT:
        return "SYN_SENT"
    if State.SYN_RECEIVED in states:
        return "SYN_RECV"
    return "ESTABLISHED" if State.ESTABLISHED in states and conn.first_class is not SegmentClass.INVALID else None


def _closing(x: Peer, y: Peer) -> str:
    """Return how far the close has come; `x` has sent the first FIN."""
    if y.fin is None:
        return "CLOSE_WAIT" if _acknowledged(x, y) else "FIN_WAIT"
    return "TIME_WAIT" if _acknowledged(x, y) and _acknowledged(y, x) else "LAST_ACK"


def _acknowledged(x: Peer, y: Peer) -> bool:
    return x.fin is not None and y.lastack is not None and y.lastack > x.fin
