"""
Anomalies of single header fields: options, checksum, urgent pointer, ECN bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdparse import ecn
from tdparse.findings.table import MAX_WSCALE, make
from tdparse.model import Confidence, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tdparse.evidence import Record
    from tdparse.incarnation import Incarnation
    from tdparse.model import Finding


def fields(conn: Incarnation, record: Record) -> Iterator[Finding]:
    """Test what one header says by itself, or beside what was negotiated."""
    y, flags, segment = record.y, record.flags, record.segment
    if flags.urg:
        yield make("urgent", record.line, n=segment.urgent)
    if segment.checksum == "correct":
        conn.checksums.add(record.x.is_client)
    elif segment.checksum == "incorrect":
        # A sender that has never shown a correct one leaves them to its network card (R8).
        exceptional = record.x.is_client in conn.checksums
        finding = make("bad_checksum", record.line, confidence=Confidence.POSSIBLE)
        yield finding if exceptional else finding._replace(severity=Severity.CHAT)
    if flags.syn:
        scale = segment.options.wscale
        if scale is not None and scale > MAX_WSCALE:
            yield make("wscale_too_large", record.line, n=scale)
        return
    if y.mss is not None and record.length > y.mss:
        yield make("mss_exceeded", record.line, len=record.length, n=y.mss)
    if segment.options_text is not None and segment.options.mss is not None:
        yield make("mss_in_non_syn", record.line)
    if (flags.ece or flags.cwr) and ecn.in_force(conn.client, conn.server) == ecn.CLASSIC:
        if flags.ece:
            yield make("ecn_congestion", record.line)
        if flags.cwr:
            yield make("ecn_cwr", record.line)
