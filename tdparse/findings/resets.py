"""
Anomalies of RST: in the wrong place, too many, without effect, or from somebody else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdparse.findings.table import (
    INJECTED_BURST,
    INJECTED_DISTANCE,
    INJECTED_IP_ID,
    INJECTED_SIGNS,
    STORM,
    make,
)
from tdparse.model import Confidence
from tdparse.states import OBSERVED
from tdparse.steps import WITHOUT_WINDOW, rst_in_window
from tdparse.values import apart, since

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tdparse.evidence import Record
    from tdparse.incarnation import Incarnation
    from tdparse.model import Finding
    from tdparse.modifiers import Context


def reset(conn: Incarnation, record: Record, step: str) -> Iterator[Finding]:
    """Test an RST, before it is applied."""
    x, y = record.x, record.y
    if step == "reset.ignored" and record.numbers.seq is not None and y.standing.state not in WITHOUT_WINDOW:
        yield make("rst_not_exact" if rst_in_window(record) else "rst_out_of_window", record.line)
    if x.rst_count + 1 == STORM:
        yield make("rst_storm", record.line, n=STORM)
    yield from _suspect(conn, record, _signs(conn, record))
    conn.last_rst = (conn.last_rst[0], record) if x.is_client else (record, conn.last_rst[1])


def carried_on(conn: Incarnation, record: Record, step: str, context: Context) -> Iterator[Finding]:
    """Test a record without RST from an endpoint that was reset, or that has reset."""
    x = record.x
    if (context.unharmed or (context.revived and not context.crossing)) and "rst_ignored" not in conn.found:
        reset_line = record.y.dead_line if context.unharmed else x.dead_line
        yield make("rst_ignored", reset_line, record.line, confidence=Confidence.LIKELY)
    if context.outlives or (step == "stepless.stray" and x.dead is OBSERVED):
        yield from _suspect(conn, record, {"a"})


def _suspect(conn: Incarnation, record: Record, signs: set[str]) -> Iterator[Finding]:
    """rst_injected_suspect: said once, when the second sign appears."""
    x, known = record.x, record.x.rst_signs
    x.rst_signs = "".join(sorted({*known, *signs}))
    if len(known) < INJECTED_SIGNS <= len(x.rst_signs):
        before = conn.last_rst[x.is_client]
        lines = (record.line,) if before is None else (before.line, record.line)
        yield make("rst_injected_suspect", *lines, confidence=Confidence.POSSIBLE, signs=x.rst_signs)


def _signs(conn: Incarnation, record: Record) -> set[str]:
    """Return which of (b) to (e) this RST shows."""
    x = record.x
    found: set[str] = set()
    before = conn.last_rst[x.is_client]
    if before is not None and before.numbers.seq != record.numbers.seq and not _rejects(record):
        distance = apart(record, before.time)
        if distance is not None and distance <= INJECTED_BURST:
            found.add("b")
    carries = x.ts_offered and record.y.ts_offered and x.ts is not None
    if carries and record.flags.ack and record.stamp is None:
        found.add("c")
    last = conn.last_of[x.is_client]
    if last is not None and last[0] is not before and _differs(last[0], record):
        found.add("d")
    if _too_near(conn, record):
        found.add("e")
    return found


def _rejects(rst: Record) -> bool:
    """A closed endpoint rejects each late segment with an RST whose number is the ack of that segment (R52)."""
    return not rst.flags.ack and (rst.seq is None or rst.seq <= (rst.y.lastack or 0))


def _differs(other: Record, rst: Record) -> bool:
    """(d): the TTL, or an IP id that leaves the sender's sequence (0 is a stack's own choice for replies)."""
    here, there = rst.segment.layer, other.segment.layer
    if here is None or there is None:
        return False
    if here.ttl is not None and there.ttl is not None and here.ttl != there.ttl:
        return True
    if not here.ip_id or not there.ip_id:
        return False
    return (here.ip_id - there.ip_id) % (1 << 16) > INJECTED_IP_ID


def _too_near(conn: Incarnation, record: Record) -> bool:
    """(e): the peer's first payload was answered faster than X can be reached from here."""
    x, y = record.x, record.y
    first = next((sent for sent in y.octets.sent if sent.start > 0), None)
    distance = _distance(conn, record)
    if first is None or distance is None or (x.lastack is not None and x.lastack > first.start):
        return False
    waited = since(record, first.time)
    return waited is not None and waited < INJECTED_DISTANCE * distance


def _distance(conn: Incarnation, record: Record) -> int | None:
    """Return the round trip between the capture point and the sender, by an undisturbed handshake (R40)."""
    client, server = conn.client, conn.server
    if client.syn_count != 1 or server.synack_count != 1 or client.syn_time is None or server.synack_time is None:
        return None
    behind = server.synack_time - client.syn_time
    if behind < 0:
        return None  # the clock went back
    if record.x is server:
        return behind
    return None if conn.irtt is None else conn.irtt - behind
