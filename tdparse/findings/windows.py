"""
Anomalies of the receive window: closed, filled, taken back, changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdparse.evidence import is_old
from tdparse.findings.table import make

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tdparse.evidence import Peer, Record
    from tdparse.incarnation import Incarnation
    from tdparse.model import Finding

# Empty ACKs that repeat the last ack and window for a reason of their own.
EXPLAINED: Final = frozenset({"ack.challenge", "handshake.ack.repeat", "stepless.stray"})


def windows(conn: Incarnation, record: Record, step: str) -> Iterator[Finding]:
    """Test the window of a record without S, F or R, and what the record does to its peer's."""
    x, y, window = record.x, record.y, record.window
    if record.length and not record.flags.fin and not step.startswith("probe."):
        edge = _edge(y)
        if edge is not None and record.seq_end == edge and record.segment.seq is not None:
            yield make("window_full", y.lastack_line, record.line)
    if window is None or x.dead:
        return
    if window == 0:
        # R105: once its FIN is acknowledged, the peer has nothing more to send into that window.
        if record.flags.fin or (y.fin is not None and (record.ack or 0) > y.fin):
            return
        yield make("zero_window", record.line)
    if x.win is None or record.ack is None or x.lastack is None or is_old(record):
        return
    if not x.win_seen and x.win:
        return  # R105: the window of a SYN is never scaled; one of 0 is closed, however it counts
    bare = not record.length and not record.flags.fin and record.seq == x.octets.nxt
    if window and bare and record.ack == x.lastack and window != x.win and step not in EXPLAINED:
        yield make("window_update", record.line, win=_shown(x, window), win_old=_shown(x, x.win))
    before = conn.last_of[x.is_client]
    promised = before is not None and not before[0].flags.syn  # a SYN's window is never scaled (R76)
    if record.segment.options.mptcp:
        return  # the subflows share one window, which counts from what all of them have brought (RFC 8684 section 3.3.1)
    if x.shift is not None and promised and not conn.closed and record.ack >= x.lastack:
        taken = x.lastack + (x.win << x.shift) - record.ack - (window << x.shift)
        if taken > 1 << x.shift:
            yield make("window_shrunk", record.line, n=taken)


def _shown(x: Peer, window: int) -> int:
    scaled = x.scaled(window)
    return window if scaled is None else scaled


def _edge(y: Peer) -> int | None:
    """Return where the window of `y` ends, relative; None while its scale or its ack is unknown."""
    if not y.win or y.shift is None or y.lastack is None:
        return None
    # The window of a SYN is never scaled (R76).
    return y.lastack + (y.win << y.shift if y.win_seen else y.win)
