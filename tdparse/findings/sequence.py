"""
Anomalies of sequence and acknowledgment numbers: what was sent again, what is missing, what was not captured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdparse.evidence import AT_ONCE
from tdparse.findings.table import (
    BACKOFF_TOLERANCE,
    FAST_RETRANSMIT_DUPLICATES,
    FAST_RETRANSMIT_WITHIN,
    MIXED_WITHIN,
    REORDER_WITHIN,
    SLOW_TICKS,
    TAIL_PROBE_BELOW,
    TAIL_PROBE_RTT,
    make,
)
from tdparse.model import Confidence
from tdparse.modifiers import sack_kind
from tdparse.seqnum import diff
from tdparse.states import OBSERVED
from tdparse.steps import acknowledges_unseen, answers_unsent
from tdparse.values import apart, since

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tdparse.evidence import Record
    from tdparse.incarnation import Incarnation
    from tdparse.model import Finding

# Octets that are sent again and that the step explains as something else.
NOT_AGAIN: Final = frozenset({"handshake.ack_data", "stepless.old_duplicate"})


def sequence(conn: Incarnation, record: Record, step: str) -> Iterator[Finding]:
    """Test a record whose number was printed (R28, R104)."""
    x, octets = record.x, record.x.octets
    start, end, nxt = record.seq, record.end, octets.nxt
    if record.segment.seq is None or start is None or end is None or x.dead:
        return
    behind = start + record.length
    if x.fin is not None and behind > x.fin and (record.length or record.flags.fin):  # R53: no FIN follows another
        first = max(start, x.fin) if record.length else x.fin
        yield make("data_after_fin", x.fin_line, record.line, first=first, last=behind - 1)
    if (nxt is None or start >= nxt) and _was_acknowledged(record, start, AT_ONCE):
        # Its first copy was not captured, the ACK of it was, unless that acknowledges what was never sent (R50).
        likely = Confidence.LIKELY
        yield make("spurious_retransmission", record.line, confidence=likely, first=start, last=behind - 1)
    if nxt is None:
        return
    if start > nxt:
        if not octets.guessed:
            before = conn.last_of[x.is_client]
            lines = (before[0].line, record.line) if before else (record.line,)
            yield make("lost_segment", *lines, n=start - nxt, first=nxt, last=start - 1)
    elif start < nxt and start < end and step not in NOT_AGAIN:
        yield from _again(conn, record, nxt)


def _was_acknowledged(record: Record, start: int, least: int) -> bool:
    """
    Tell whether all of a segment's payload, which begins at `start`, was acknowledged before it was captured.

    The last ACK must have been captured `least` nanoseconds earlier by the clock: several queues mix the order of lines (R7).
    """
    lastack, then = record.y.lastack, record.y.lastack_time
    if record.length == 0 or lastack is None or start + record.length > lastack:
        return False
    waited = None if then is None or record.time is None else record.time - then
    return waited is None or waited >= least or waited < -MIXED_WITHIN


def _again(conn: Incarnation, record: Record, nxt: int) -> Iterator[Finding]:
    """The group {retransmission, fast_, spurious_, out_of_order, tail_loss_probe}: all that fit the octets below SND.NXT."""
    y, octets = record.y, record.x.octets
    start, end = record.seq or 0, record.end or 0
    last = min(start + max(record.length, 1), nxt) - 1
    copy = octets.first_copy(start)
    lines = (copy.line, record.line) if copy else (record.line,)
    captured = octets.covered(start, min(end, nxt))  # what it brings beyond is new
    sure = Confidence.CERTAIN if captured else Confidence.LIKELY
    if _was_acknowledged(record, start, 0 if captured else AT_ONCE):
        yield make("spurious_retransmission", *lines, confidence=sure, first=start, last=start + record.length - 1)
    if record.length > 1 and start == nxt - 1:
        return  # the octet before may have been a probe that was dropped: no retransmission
    heard = conn.last_of[y.is_client]
    quick = since(record, heard[0].time) if heard else None
    again = True if captured else _is_sent_again(conn, record, nxt)  # R111: what was captured before, however soon
    if again is False:
        yield make("out_of_order", *lines, confidence=Confidence.LIKELY, first=start, last=last)
        return
    enough = y.duplicates >= FAST_RETRANSMIT_DUPLICATES and start == y.lastack
    if enough and quick is not None and quick < FAST_RETRANSMIT_WITHIN:
        yield make("fast_retransmission", *lines, n=y.duplicates, first=start, last=last)
    late = apart(record, octets.nxt_time)
    limit = REORDER_WITHIN if conn.irtt is None else conn.irtt
    if again is None and end != nxt and late is not None and late < limit:
        yield make("out_of_order", *lines, confidence=Confidence.LIKELY, first=start, last=last)
    if copy is not None and captured and _is_tail_probe(conn, record, nxt):
        yield make("tail_loss_probe", *lines, confidence=Confidence.POSSIBLE, first=start, last=last)
    oldest = octets.unacked[0].time if octets.unacked else None
    yield make(
        "retransmission",
        *lines,
        confidence=sure,
        first=start,
        last=last,
        dt=since(record, copy.time) if copy and captured else None,
        original_captured=captured,
        timer=_backs_off(record),
        rto=since(record, oldest),
    )


def _is_sent_again(conn: Incarnation, record: Record, nxt: int) -> bool | None:
    """
    Tell by its timestamp whether a segment below SND.NXT was sent again, or overtaken; None: it does not tell.

    Its sender sends in order, and again with a newer TSval (RFC 7323 section 4): octets that are newer than later ones
    were sent again, those that are older were overtaken. So were those of the same tick, where that is shorter than the
    round trip that has to pass before anything is sent again.
    """
    octets = record.x.octets
    later = [octets.first_copy(place) for place in (octets.next_captured(record.end or 0), nxt - 1)]
    if record.stamp is None or (stamps := [one.stamp for one in later if one and one.stamp]) == []:
        return None
    ticks = [diff(record.stamp[0], val) for val, _ in stamps]
    if max(ticks) > 0:
        return True
    overtaken = min(ticks) < 0 or (conn.irtt is not None and conn.irtt >= SLOW_TICKS)
    return False if overtaken else None


def _is_tail_probe(conn: Incarnation, record: Record, nxt: int) -> bool:
    octets, rtt = record.x.octets, conn.irtt
    sent = octets.sent[-1] if octets.sent else None
    if sent is None or rtt is None or record.y.duplicates or record.end != nxt or sent.start != record.seq:
        return False
    waited = since(record, sent.time)
    low, high = TAIL_PROBE_RTT
    return waited is not None and low * rtt <= waited <= high * rtt and waited < TAIL_PROBE_BELOW


def _backs_off(record: Record) -> bool:
    """
    R114: is the interval before this copy the double, within 25 %, of the one before that?

    The latest two tell: what sends the first copies may be no timer (a tail loss probe), or one that other data restarted.
    """
    if record.seq is None or record.time is None:
        return False
    times = [copy.time for copy in record.x.octets.copies(record.seq) if copy.time is not None]
    if len(times) < 2:  # noqa: PLR2004  two intervals need three copies
        return False
    before, gap = times[-1] - times[-2], record.time - times[-1]
    return before > 0 and abs(gap / before - 2) <= 2 * BACKOFF_TOLERANCE


def acknowledgment(conn: Incarnation, record: Record, step: str) -> Iterator[Finding]:
    """Test the ack and the SACK blocks."""
    x, y, ack = record.x, record.y, record.ack
    if ack is None or x.dead:
        return
    advances = x.lastack is None or ack > x.lastack
    if advances and (conn.handshake_done or acknowledges_unseen(record)) and step != "stepless.bad_ack":
        yield from _unseen(conn, record, ack)
    if step == "ack.challenge" and answers_unsent(conn, record):
        yield make("ack_of_unsent", conn.last_line_of(y), record.line, confidence=Confidence.LIKELY)
    if (kind := sack_kind(record)) is None:
        return
    blocks = record.sack
    if kind == "dsack":
        left, right = blocks[0]
        yield make("dsack", record.line, first=left, last=right - 1)
        blocks = blocks[1:]
    above = [left for left, _right in blocks if left > ack]
    if above:
        yield make("sack_gap", record.line, n=min(above) - ack, first=ack, last=min(above) - 1)


def _unseen(conn: Incarnation, record: Record, ack: int) -> Iterator[Finding]:
    """acked_unseen and one_sided: octets of the peer that were acknowledged and not captured."""
    x, y = record.x, record.y
    if not y.segments:
        if x.lastack is not None and x.lastack > 0 and "one_sided" not in conn.found:
            yield make("one_sided", record.line, confidence=Confidence.LIKELY)
        return
    missing = None if y.octets.guessed else y.octets.concede(ack)
    if y.dead is OBSERVED:
        return  # what it sends although it has reset is in the log, but stepless
    if missing is not None and not (y.fin is not None and missing > y.fin):
        # Above all that was captured it may be one of what was never sent.
        sure = Confidence.CERTAIN if ack <= (y.octets.nxt or 0) else Confidence.LIKELY
        yield make("acked_unseen", record.line, confidence=sure, ack=ack, last=missing - 1)


def timestamps(conn: Incarnation, record: Record, step: str) -> Iterator[Finding]:
    """Test TSval: missing although agreed on, or older than before on new octets (R78)."""
    x, y, flags, segment = record.x, record.y, record.flags, record.segment
    if flags.syn or flags.rst or segment.truncated or step == "stepless.stray" or not (x.ts_offered and y.ts_offered):
        return
    stamp, end, nxt = record.stamp, record.end, x.octets.nxt
    if stamp is None and segment.options.bad is None and not (segment.options_text is None and segment.length is None):
        yield make("ts_missing", record.line)  # of a record that somebody has shortened nobody knows
    elif stamp is None or x.ts is None or not record.length or end is None or nxt is None:
        return
    elif end > nxt and diff(stamp[0], x.ts[0]) < 0:
        yield make("ts_regression", record.line, confidence=_rejection(conn, record, stamp[0]))


def _rejection(conn: Incarnation, record: Record, val: int) -> Confidence:
    """
    Return how sure it is that PAWS rejects new octets with an older TSval: certainly where a newer one was echoed.

    Else that is one of a segment that may come later. An ACK that has overtaken the octets it was sent behind changes
    nothing (RFC 7323 section 4.3).
    """
    echoed, before = record.y.ts, conn.last_of[record.x.is_client]
    if echoed is not None and diff(val, echoed[1]) < 0:
        return Confidence.CERTAIN
    return Confidence.LIKELY if before is not None and before[0].length else Confidence.POSSIBLE
