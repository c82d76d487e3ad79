"""
Anomalies of single header fields: options, checksum, urgent pointer, ECN bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdparse import ecn
from tdparse.findings.table import COMPUTES_CHECKSUMS, MAX_WSCALE, make
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
    if segment.checksum is not None:
        side, right = record.x.is_client, segment.checksum == "correct"
        balance = conn.checksums.get(side, 0)
        conn.checksums = {**conn.checksums, side: balance + (1 if right else -1)}
        if not right:
            # A sender that does not show correct ones leaves them to its network card (R8).
            finding = make("bad_checksum", record.line, confidence=Confidence.POSSIBLE)
            if balance >= COMPUTES_CHECKSUMS:
                conn.mild -= {finding.code}
                yield finding
            else:
                conn.mild |= {finding.code} - conn.found.keys()
                yield finding._replace(severity=Severity.CHAT)
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
