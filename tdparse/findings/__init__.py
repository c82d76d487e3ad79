"""
Anomalies: what is remarkable about a record, as codes with values (part 5 of the rules).

Every rule looks at the state before the record, or after it, and yields what it finds; which of the
findings of one record stand is decided by one table. Nothing here changes a state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdparse.findings.connection import connection, is_name
from tdparse.findings.options import fields
from tdparse.findings.resets import carried_on, reset
from tdparse.findings.sequence import acknowledgment, sequence, timestamps
from tdparse.findings.table import BACKWARDS_FROM, OF_STEP, make, standing_ones
from tdparse.findings.windows import windows
from tdparse.flags import RST
from tdparse.model import Confidence
from tdparse.steps import captured_before, syn_ack_acceptable
from tdparse.values import copies_of_syn, since

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tdparse.evidence import Record
    from tdparse.incarnation import Incarnation
    from tdparse.model import Finding
    from tdparse.modifiers import Context

__all__ = ["BACKWARDS_FROM", "OF_OPENING", "Findings", "is_name", "without"]

# What a connection shows by being opened.
OF_OPENING: Final = frozenset({"multiple_connections", "name_not_address", "self_connection"})

# Records whose numbers prove nothing: cut off, captured twice, or sent by no TCP.
UNRELIABLE: Final = frozenset({"stepless.capture_duplicate", "stepless.truncated", "stepless.invalid_flags"})


class Findings:
    """The anomaly rules of one log."""

    __slots__ = ("several",)

    def __init__(self) -> None:
        """Start a log."""
        self.several = False

    def before(self, conn: Incarnation, record: Record, step: str) -> list[Finding]:
        """Return what only the state before the record shows (R104, R105)."""
        if step in UNRELIABLE:
            return []
        if record.cls is RST:
            return list(reset(conn, record, step))
        if record.flags.syn:
            return []
        found = [*sequence(conn, record, step), *windows(conn, record, step), *acknowledgment(conn, record, step)]
        if record.x.ts_offered:
            found += timestamps(conn, record, step)
        return found

    def after(
        self, conn: Incarnation, record: Record, step: str, context: Context, gathered: list[Finding]
    ) -> tuple[Finding, ...]:
        """Return all findings of the record, once its evidence has been applied."""
        found = gathered
        code = OF_STEP.get(step)
        if code is not None:
            found.append(_of_step(conn, record, step, code))
        found += fields(conn, record)
        found += connection(conn, record, step, context)
        goes_on = context.revived or context.outlives or context.unharmed or step == "stepless.stray"
        if record.cls is not RST and goes_on:
            found.extend(carried_on(conn, record, step, context))
        if conn.flow.conn > 1 and not self.several:
            self.several = True
            found.append(make("multiple_connections", record.line, n=conn.flow.conn))
        return tuple(self._note(conn, finding) for finding in standing_ones(found)) if found else ()

    def time_backwards(self, conn: Incarnation, record: Record) -> Finding:
        """Return the finding of a timestamp earlier than the record before."""
        return self._note(conn, make("time_backwards", record.line))

    @staticmethod
    def _note(conn: Incarnation, finding: Finding) -> Finding:
        conn.found = {**conn.found, finding.code: conn.found.get(finding.code, 0) + 1}
        return finding


def without(found: Mapping[str, int], codes: Iterable[str]) -> dict[str, int]:
    """
    Return how often each code was found, but for `codes`, each once.

    >>> without({"syn_retransmission": 2, "keep_alive": 1}, ["syn_retransmission", "keep_alive", "urgent"])
    {'syn_retransmission': 1}
    """
    left = dict(found)
    for code in codes:
        if code in left:
            left[code] -= 1
    return {code: count for code, count in left.items() if count}


def _of_step(conn: Incarnation, record: Record, step: str, code: str) -> Finding:
    """Return the finding that a step is."""
    x, line = record.x, record.line
    if step == "handshake.syn.retransmit":
        n, first, first_line = copies_of_syn(conn, record)
        return make(code, first_line, line, n=n, dt=since(record, first))
    if step == "handshake.syn_ack.retransmit":
        return make(code, x.synack_line, line, n=x.synack_count, dt=since(record, x.synack_time))
    if step == "teardown.fin.retransmit":
        return make(code, x.fin_line, line, n=x.fin_count, dt=since(record, x.fin_time))
    if step == "ack.duplicate":
        return make(code, x.lastack_line, line, n=x.duplicates, ack=record.ack)
    if step == "stepless.capture_duplicate":
        before = captured_before(conn, record)
        return make(code, line) if before is None else make(code, before, line, prev=before)
    if step == "probe.zero_window":
        return make(code, line, n=conn.probes)
    if step == "handshake.syn_ack.bad_ack" and x.rival_isn is not None and syn_ack_acceptable(record):
        return make(code, x.synack_line, line, confidence=Confidence.POSSIBLE)  # the third step may still take it
    if step == "stepless.invalid_flags":
        return make(code, line, flags=record.segment.flags or "none")
    if step == "probe.keep_alive":
        return _keep_alive(conn, record)
    if step == "probe.keep_alive_ack" and (asked := conn.last_of[record.y.is_client]) is not None:
        sure = Confidence.LIKELY if asked[0].segment.seq is None else Confidence.CERTAIN  # R109
        return make(code, asked[0].line, line, confidence=sure)
    answers = step in ("ack.challenge", "probe.zero_window_ack")
    return make(code, conn.previous.line, line) if answers and conn.previous else make(code, line)


def _keep_alive(conn: Incarnation, record: Record) -> Finding:
    """R109: without its sequence number a keep-alive is inferred from the silence before it."""
    sure = Confidence.CERTAIN if record.segment.seq is not None else Confidence.POSSIBLE
    if sure is Confidence.POSSIBLE and conn.keep_alives > 1:
        sure = Confidence.LIKELY
    return make("keep_alive", record.line, confidence=sure, dt=since(record, conn.last_time))
