"""
The numbers a step's sentence needs beyond the fields of the record (R101): counts and durations.

Values are raw: octets, counts, nanoseconds. A duration is absent when the log has no times,
or those that it prints were not told by one clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdparse.metrics import passed
from tdparse.steps import captured_before

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tdparse.evidence import Record
    from tdparse.incarnation import Incarnation
    from tdparse.modifiers import Context


def since(record: Record, then: int | None) -> int | None:
    """Return how long before the record `then` was, nanoseconds; None where a time is missing, or the clock went back."""
    return passed(then, record.time)


def apart(record: Record, then: int | None) -> int | None:
    """Return how far `then` is from the record's time: several queues may mix the order of lines (R7)."""
    return None if then is None or record.time is None else abs(record.time - then)


def values_of(conn: Incarnation, record: Record, step: str, context: Context) -> Mapping[str, object]:
    """
    Return `n`, `dt`, `win_old`, `prev`, `first`, `last` as far as `step` has them; evidence has been applied.

    `active` is 1 for the third step of a handshake in which nobody listens (R100), `answered` for a SYN that is repeated
    behind an answer in the log.
    """
    maker = _MAKERS.get(step)
    if maker is None:
        return {}
    return {name: value for name, value in maker(conn, record, context).items() if value is not None}


def _syn_again(conn: Incarnation, record: Record, _context: Context) -> dict[str, int | None]:
    n, time, _ = copies_of_syn(conn, record)
    answered = record.y.segments and not conn.tentative
    return {"n": n, "dt": since(record, time), "answered": 1 if answered else None}


def copies_of_syn(conn: Incarnation, record: Record) -> tuple[int, int | None, int]:
    """Return how many copies of a SYN there are with this one, when the first came and its line."""
    x, tentative = record.x, conn.tentative
    if tentative is not None and tentative.is_repeated_by(record):
        return tentative.copies + 1, tentative.first_time, tentative.first_line
    if x.synack_count and x.synack_line < x.syn_line:  # its ISN was in a SYN-ACK before
        return x.syn_count + x.synack_count, x.synack_time, x.synack_line
    return x.syn_count, x.syn_time, x.syn_line


def _syn_ack_again(_conn: Incarnation, record: Record, _context: Context) -> dict[str, int | None]:
    return {"n": record.x.synack_count, "dt": since(record, record.x.synack_time)}


def _fin_again(_conn: Incarnation, record: Record, _context: Context) -> dict[str, int | None]:
    return {"n": record.x.fin_count, "dt": since(record, record.x.fin_time)}


def _confirmed_again(_conn: Incarnation, record: Record, _context: Context) -> dict[str, int | None]:
    return {"n": record.y.fin_count}


def _accepted(_conn: Incarnation, record: Record, _context: Context) -> dict[str, int | None]:
    return {"n": None if record.ack is None else record.ack - 1}


def _urgent(_conn: Incarnation, record: Record, _context: Context) -> dict[str, int | None]:
    return {"n": record.segment.urgent}


def _again(_conn: Incarnation, record: Record, _context: Context) -> dict[str, int | None]:
    first = None if record.seq is None else record.x.octets.first_copy(record.seq)
    if first is None or first.line == record.line:
        return {"dt": None}
    return {"dt": since(record, first.time), "prev": first.line}


def _gap(_conn: Incarnation, record: Record, context: Context) -> dict[str, int | None]:
    if context.missing is None or context.missing == (record.seq, record.seq_end):
        return {}
    return {"first": context.missing[0], "last": context.missing[1] - 1}


def _confirmed(_conn: Incarnation, record: Record, context: Context) -> dict[str, int | None]:
    if record.ack is None or context.ack_before is None:
        return {"n": None}
    before = context.ack_before
    return {"n": record.ack - (max(before, 1) if record.y.isn_known else before)}  # a SYN is no byte


def _duplicate(_conn: Incarnation, record: Record, _context: Context) -> dict[str, int | None]:
    return {"n": record.x.duplicates}


def _window(_conn: Incarnation, record: Record, context: Context) -> dict[str, int | None]:
    x = record.x
    old = x.scaled(context.win_before)
    return {"win_old": context.win_before if old is None else old}


def _idle(conn: Incarnation, record: Record, _context: Context) -> dict[str, int | None]:
    return {"dt": since(record, conn.last_time)}


def _copy(conn: Incarnation, record: Record, _context: Context) -> dict[str, int | None]:
    return {"prev": captured_before(conn, record)}


def _third(conn: Incarnation, _record: Record, _context: Context) -> dict[str, int | None]:
    return {"active": 1 if conn.simultaneous_open else None}


_MAKERS = {
    "handshake.ack": _third,
    "handshake.ack_data": _third,
    "handshake.syn.retransmit": _syn_again,
    "handshake.syn_ack.retransmit": _syn_ack_again,
    "handshake.syn_ack.tfo_accept": _accepted,
    "data.urgent": _urgent,
    "data.retransmit": _again,
    "stepless.old_duplicate": _again,
    "data.gap_fill": _gap,
    "data.ack": _confirmed,
    "ack.duplicate": _duplicate,
    "ack.window_update": _window,
    "probe.keep_alive": _idle,
    "teardown.fin.retransmit": _fin_again,
    "teardown.ack.repeat": _confirmed_again,
    "stepless.capture_duplicate": _copy,
}
