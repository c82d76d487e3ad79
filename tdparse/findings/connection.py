"""
Anomalies of the connection as a whole, each said at the record that shows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdparse.findings.table import TIME_WAIT, make
from tdparse.flags import INVALID, SYN_ACK, UNKNOWN
from tdparse.model import Confidence
from tdparse.values import since

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tdparse.evidence import Peer, Record
    from tdparse.incarnation import Incarnation
    from tdparse.model import Finding
    from tdparse.modifiers import Context

OCTETS_OF_AN_ADDRESS: Final = 4
REFUSALS: Final = frozenset({"reset.reply", "reset.reject_bad_ack"})


def connection(conn: Incarnation, record: Record, step: str, context: Context) -> Iterator[Finding]:
    """Test what the record says about its incarnation."""
    x, y = record.x, record.y
    if context.opened:
        yield from _opening(conn, record)
    if step == "handshake.syn_ack.simultaneous" and y.sent_synack and y.syn_count:
        yield make("simultaneous_open", *dict.fromkeys((y.synack_line, record.line)))  # R74: one of an endpoint alone
    if conn.simultaneous_open and context.completes and not x.is_client and not x.sent_synack:  # R62: its own ACK
        conn.split_handshake = True
        yield make("split_handshake", conn.server.syn_line, record.line)
    if record.cls is SYN_ACK and x.synack_count == 1 and step != "handshake.syn_ack.bad_ack":
        yield from _accepted(conn, record)
    if context.synack_missing:
        yield from _reused(conn, record, x)
    if _scale_missed(conn, record):
        yield make("wscale_unknown", record.line)
    if step == "ack.challenge" and context.rejected:
        yield make("time_wait_rejected", y.syn_line, record.line)
    if step in REFUSALS:
        yield from _refused_by_reset(conn, record, step)


def _opening(conn: Incarnation, record: Record) -> Iterator[Finding]:
    if conn.midstream and record.cls not in (INVALID, UNKNOWN):
        yield make("mid_stream", record.line)
    if conn.self_connected:
        yield make("self_connection", record.line)
    if any(is_name(end.host) or isinstance(end.port, str) for end in (conn.flow.client, conn.flow.server)):
        yield make("name_not_address", record.line)


def _scale_missed(conn: Incarnation, record: Record) -> bool:
    """One of the two SYNs was not captured: windows from here on are raw (R76)."""
    if record.flags.syn or record.x.shift is not None or record.window is None or "wscale_unknown" in conn.found:
        return False
    return conn.handshake_done and record.cls is not INVALID


def is_name(host: str) -> bool:
    """
    Tell whether a printed host is no IP literal.

    >>> is_name("localhost"), is_name("127.0.0.1"), is_name("fe80::1")
    (True, False, False)
    """
    if ":" in host:
        return False
    labels = host.split(".")
    return not (len(labels) == OCTETS_OF_AN_ADDRESS and all(label.isdigit() for label in labels))


def _accepted(conn: Incarnation, record: Record) -> Iterator[Finding]:
    """What the SYN-ACK that answers a SYN shows."""
    x, y = record.x, record.y
    one_offers = y.options and x.options and (x.offered_scale is None) != (y.offered_scale is None)
    if one_offers and "wscale_ignored" not in conn.found:
        yield make("wscale_ignored", y.syn_line, record.line)
    yield from _reused(conn, record, y)


def _reused(conn: Incarnation, record: Record, opener: Peer) -> Iterator[Finding]:
    """What the answer to a SYN of `opener` shows, be it only the third step."""
    if conn.reused and opener.syn_count and not {"port_reuse", "time_wait_reuse"} & conn.found.keys():
        elapsed = since(record, conn.previous_end)
        ended = False if conn.previous_open else None  # then `dt` counts from its last record
        yield make("port_reuse", conn.first_line, record.line, dt=elapsed, ended=ended)
        if conn.took_time_wait and (elapsed is None or elapsed < TIME_WAIT):
            sure = Confidence.LIKELY if elapsed is None else Confidence.CERTAIN
            yield make("time_wait_reuse", conn.first_line, record.line, confidence=sure, dt=elapsed)


def _refused_by_reset(conn: Incarnation, record: Record, step: str) -> Iterator[Finding]:
    """An RST that shows what had become of the connection: half_open_discovered, data_after_close."""
    before = conn.previous
    if before is None:
        return
    tentative = conn.tentative
    if conn.previous_step == "ack.challenge" and tentative is not None and tentative.is_client == record.x.is_client:
        yield make("half_open_discovered", tentative.record.line, before.line, record.line)
    if step == "reset.reply" and record.x is conn.first_fin and (line := _rejected_data(conn, before)):
        yield make("data_after_close", line, record.line)


def _rejected_data(conn: Incarnation, before: Record) -> int:
    """Return the line of the data that the peer of a closed endpoint has sent last, though its FIN follows; 0 for none."""
    if conn.previous_step == "data.half_close":
        return before.line
    if not before.flags.fin or "data.half_close" not in conn.steps:
        return 0
    fin_line, acked = before.y.fin_line, before.y.lastack or 0
    sent = (one.line for one in reversed(before.x.octets.sent) if one.line > fin_line and one.end > acked)
    return next((line for line in sent if line != before.line), 0)
