"""
Anomalies: what is remarkable about a record, as codes with values (part 5 of the rules).

The tests that read the state before the record run in `before`, in the order of R104; those that need
what the record changed run in `after`. Nothing here changes a state.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from tdparse import ecn
from tdparse.catalog import fact
from tdparse.flags import SegmentClass
from tdparse.model import Confidence, Finding, Severity
from tdparse.modifiers import sack_blocks, sack_kind
from tdparse.seqnum import diff
from tdparse.states import Known
from tdparse.steps import rst_in_window
from tdparse.values import since

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tdparse.evidence import Peer, Record
    from tdparse.incarnation import Incarnation
    from tdparse.modifiers import Context

MILLISECOND: Final = 10**6
SECOND: Final = 10**9

FAST_RETRANSMIT_WITHIN: Final = 20 * MILLISECOND  # fast_retransmission
FAST_RETRANSMIT_DUPLICATES: Final = 2  # fast_retransmission: one of RFC 5681's three may be missing
REORDER_WITHIN: Final = 3 * MILLISECOND  # out_of_order, when iRTT is unknown
TAIL_PROBE_BELOW: Final = 150 * MILLISECOND  # tail_loss_probe: "well below 200 ms"
TAIL_PROBE_RTT: Final = (1.5, 3.0)  # tail_loss_probe
BACKOFF_TOLERANCE: Final = 0.25  # R114
STORM: Final = 3  # rst_storm
MAX_WSCALE: Final = 14  # RFC 7323 section 2.3
TIME_WAIT: Final = 60 * SECOND  # time_wait_len (R83)
MIN_ONE_SIDED: Final = 3

# Steps that are their own anomaly.
OF_STEP: Final = {
    "handshake.syn.retransmit": "syn_retransmission",
    "handshake.syn_ack.retransmit": "syn_ack_retransmission",
    "teardown.fin.retransmit": "fin_retransmission",
    "teardown.fin.simultaneous": "simultaneous_close",
    "handshake.syn.unexpected": "syn_in_connection",
    "ack.challenge": "challenge_ack",
    "handshake.syn_ack.bad_ack": "bad_syn_ack",
    "stepless.bad_ack": "ack_of_unsent",
    "stepless.old_duplicate": "old_duplicate",
    "stepless.capture_duplicate": "capture_duplicate",
    "stepless.truncated": "truncated_record",
    "stepless.invalid_flags": "illegal_flags",
    "probe.keep_alive_ack": "keep_alive_ack",
    "probe.zero_window": "window_probe",
    "probe.zero_window_ack": "window_probe_ack",
    "ack.window_update": "window_update",
    "ack.duplicate": "duplicate_ack",
    "reset.in_time_wait": "time_wait_assassination",
}


def _finding(code: str, *lines: int, confidence: Confidence = Confidence.CERTAIN, **values: object) -> Finding:
    kept = {name: value for name, value in values.items() if value is not None}
    return Finding(code, Severity(fact("finding", code, "severity")), confidence, lines, kept)


class Findings:
    """The anomaly rules of one log."""

    __slots__ = ("_several",)

    def __init__(self) -> None:
        """Start a log."""
        self._several = False

    def time_backwards(self, conn: Incarnation, record: Record) -> Finding:
        """Return the finding of a timestamp earlier than the record before."""
        return self._note(conn, _finding("time_backwards", record.line))

    @staticmethod
    def _note(conn: Incarnation, finding: Finding) -> Finding:
        conn.found[finding.code] = conn.found.get(finding.code, 0) + 1
        return finding

    def before(self, conn: Incarnation, record: Record, step: str) -> list[Finding]:
        """Return what only the state before the record shows (R104, R105)."""
        if step in ("stepless.capture_duplicate", "stepless.truncated", "stepless.invalid_flags"):
            return []
        if record.cls is SegmentClass.RST:
            return list(_reset(record, step))
        if record.flags.syn:
            return list(_syn(record))
        return [*_sequence(conn, record, step), *_window(conn, record), *_acknowledgment(conn, record, step)]

    def after(
        self, conn: Incarnation, record: Record, step: str, context: Context, gathered: list[Finding]
    ) -> tuple[Finding, ...]:
        """Return all findings of the record, once its evidence has been applied."""
        found = gathered
        code = OF_STEP.get(step)
        if code is not None:
            found.append(_of_step(conn, record, step, code))
        elif step == "probe.keep_alive":
            found.append(_keep_alive(conn, record))
        found.extend(_options(conn, record, step))
        found.extend(_connection(conn, record, step, context))
        if conn.flow.conn > 1 and not self._several:
            self._several = True
            found.append(_finding("multiple_connections", record.line, n=conn.flow.conn))
        if not found:
            return ()
        return tuple(self._note(conn, finding) for finding in found)


# ------------------------------------------------------------------ of the step itself


def _of_step(conn: Incarnation, record: Record, step: str, code: str) -> Finding:
    x = record.x
    if step == "handshake.syn.retransmit":
        return _finding(code, x.syn_line, record.line, n=x.syn_count, dt=since(record, x.syn_time))
    if step == "handshake.syn_ack.retransmit":
        return _finding(code, x.synack_line, record.line, n=x.synack_count, dt=since(record, x.synack_time))
    if step == "teardown.fin.retransmit":
        return _finding(code, x.fin_line, record.line, n=x.fin_count, dt=since(record, x.fin_time))
    if step == "ack.duplicate":
        return _finding(code, x.lastack_line, record.line, n=x.duplicates, ack=record.ack)
    if step == "stepless.capture_duplicate":
        before = conn.last_of[x.is_client][0].line
        return _finding(code, before, record.line, prev=before)
    if step == "ack.window_update":
        return _finding(code, record.line, win=_shown(x, record.window), win_old=_shown(x, conn.window_before))
    if step == "probe.zero_window":
        return _finding(code, record.line, n=conn.probes)
    if step == "stepless.invalid_flags":
        return _finding(code, record.line, flags=record.segment.flags or "none")
    lines = (record.line,) if conn.previous is None else (conn.previous.line, record.line)
    return _finding(code, *lines) if step == "ack.challenge" else _finding(code, record.line)


def _shown(peer: Peer, window: int | None) -> int | None:
    scaled = peer.scaled(window)
    return window if scaled is None else scaled


def _keep_alive(conn: Incarnation, record: Record) -> Finding:
    """R109: without its sequence number a keep-alive is inferred from the silence before it."""
    sure = Confidence.CERTAIN if record.segment.seq is not None else Confidence.POSSIBLE
    if sure is Confidence.POSSIBLE and conn.keep_alives > 1:
        sure = Confidence.LIKELY
    return _finding("keep_alive", record.line, confidence=sure, dt=since(record, conn.last_time))


# ------------------------------------------------------------------ sequence numbers


def _sequence(conn: Incarnation, record: Record, step: str) -> Iterator[Finding]:
    """Test a record with payload or FIN, in R104's order."""
    x, y, octets = record.x, record.y, record.x.octets
    if record.segment.seq is None or record.seq is None or record.seq_end is None or record.end is None:
        return
    if x.dead or step.startswith("probe."):
        return
    start, nxt = record.seq, octets.nxt
    first, last = start, record.seq_end - 1
    if nxt is None:
        return
    if record.length and x.fin is not None and record.seq_end > x.fin:
        yield _finding("data_after_fin", x.fin_line, record.line, first=max(first, x.fin), last=last)
    if start > nxt:
        before = conn.last_of.get(x.is_client)
        lines = (before[0].line, record.line) if before else (record.line,)
        yield _finding("lost_segment", *lines, n=start - nxt, first=nxt, last=start - 1)
        return
    window = y.scaled(y.win)
    if (
        record.length and not record.flags.fin and window and y.lastack is not None
        and record.seq_end == y.lastack + window and record.seq_end > nxt
    ):  # fmt: skip
        yield _finding("window_full", y.lastack_line, record.line)
    if start >= nxt or not record.length or step in ("handshake.ack_data", "stepless.old_duplicate"):
        return
    if record.flags.fin and x.fin is not None:
        return  # a repeated FIN has its own id
    yield _repeated(conn, record, nxt)


def _repeated(conn: Incarnation, record: Record, nxt: int) -> Finding:
    """One of the group {retransmission, fast_, spurious_, out_of_order, tail_loss_probe}."""
    y, octets = record.y, record.x.octets
    start, end = record.seq or 0, record.seq_end or 0
    last = end - 1
    copy = octets.first_copy(start)
    lines = (copy.line, record.line) if copy else (record.line,)
    captured = octets.covered(start, end)
    if y.lastack is not None and end <= y.lastack and captured:
        return _finding("spurious_retransmission", *lines, first=start, last=last)
    quick = since(record, y.lastack_time if not y.duplicates else y.duplicate_time)
    if (
        y.duplicates >= FAST_RETRANSMIT_DUPLICATES and start == y.lastack
        and (quick is None or quick < FAST_RETRANSMIT_WITHIN)
    ):  # fmt: skip
        return _finding("fast_retransmission", *lines, n=y.duplicates, first=start, last=last)
    late = since(record, octets.nxt_time)
    limit = REORDER_WITHIN if conn.irtt is None else conn.irtt
    if not captured and record.end != nxt and late is not None and late < max(limit, 1):
        return _finding("out_of_order", *lines, confidence=Confidence.LIKELY, first=start, last=last)
    if copy is not None and captured and _is_tail_probe(conn, record, nxt):
        return _finding("tail_loss_probe", *lines, confidence=Confidence.POSSIBLE, first=start, last=last)
    waited = since(record, copy.time) if copy else None
    oldest = octets.unacked[0].time if octets.unacked else None
    return _finding(
        "retransmission",
        *lines,
        first=start,
        last=last,
        dt=waited,
        original_captured=captured,
        timer=_backs_off(record),
        rto=since(record, oldest),
    )


def _is_tail_probe(conn: Incarnation, record: Record, nxt: int) -> bool:
    octets, rtt = record.x.octets, conn.irtt
    sent = octets.sent[-1] if octets.sent else None
    if sent is None or rtt is None or record.y.duplicates or record.end != nxt or sent.start != record.seq:
        return False
    waited = since(record, sent.time)
    low, high = TAIL_PROBE_RTT
    return waited is not None and low * rtt <= waited <= high * rtt and waited < TAIL_PROBE_BELOW


def _backs_off(record: Record) -> bool:
    """R114: do the intervals between the copies double within 25 %?"""
    times = [entry.time for entry in record.x.octets.sent if entry.start == record.seq and entry.time is not None]
    if record.time is None or len(times) < 2:  # noqa: PLR2004  two intervals need three copies
        return False
    times.append(record.time)
    gaps = [b - a for a, b in pairwise(times)]
    return all(a > 0 and abs(b / a - 2) <= 2 * BACKOFF_TOLERANCE for a, b in pairwise(gaps))


# ------------------------------------------------------------------ windows and acknowledgments


def _window(conn: Incarnation, record: Record) -> Iterator[Finding]:
    x, y = record.x, record.y
    if record.window is None or record.flags.syn or x.dead:
        return
    if record.window == 0 and not (y.sent_fin and y.fin_acked):
        if x.win != 0 or not x.win_seen:
            yield _finding("zero_window", record.line)
        return
    if not x.win_seen or x.win is None or not x.shift or record.ack is None or x.lastack is None or conn.closed:
        return
    edge = record.ack + (record.window << x.shift)
    old = x.lastack + (x.win << x.shift)
    if record.ack >= x.lastack and old - edge > (1 << x.shift):
        yield _finding("window_shrunk", record.line, n=old - edge)


def _acknowledgment(conn: Incarnation, record: Record, step: str) -> Iterator[Finding]:
    """Tests on the ack and on SACK."""
    x, y, ack = record.x, record.y, record.ack
    if ack is None or x.dead:
        return
    unseen = y.octets.end is not None and ack > y.octets.end and not (y.fin is not None and ack == y.fin + 1)
    advances = x.lastack is None or ack > x.lastack
    if unseen and advances and conn.handshake_done and y.segments and step != "stepless.bad_ack" and conn.unseen < ack:
        conn.unseen = y.octets.nxt if y.octets.nxt is not None and y.octets.nxt > ack else ack
        yield _finding("acked_unseen", record.line, last=(y.octets.end or 1) - 1)
    kind = sack_kind(record)
    if kind is None:
        return
    blocks = sack_blocks(record)
    if kind == "dsack":
        left, right = blocks[0]
        yield _finding("dsack", record.line, first=left, last=right - 1)
        blocks = blocks[1:]
    above = [left for left, _right in blocks if left > ack]
    if above:
        yield _finding("sack_gap", record.line, n=min(above) - ack, first=ack, last=min(above) - 1)


# ------------------------------------------------------------------ SYN, RST, options


def _syn(record: Record) -> Iterator[Finding]:
    if record.segment.options_text is None:
        return
    scale = record.segment.options.wscale
    if scale is not None and scale > MAX_WSCALE:
        yield _finding("wscale_too_large", record.line, n=scale)


def _reset(record: Record, step: str) -> Iterator[Finding]:
    x = record.x
    if step == "reset.ignored" and record.numbers.seq is not None:
        inside = rst_in_window(record)
        yield _finding("rst_not_exact" if inside else "rst_out_of_window", record.line)
    if x.rst_count + 1 == STORM:
        yield _finding("rst_storm", record.line, n=STORM)


def _options(conn: Incarnation, record: Record, step: str) -> Iterator[Finding]:
    x, y, flags, segment = record.x, record.y, record.flags, record.segment
    if flags.urg:
        yield _finding("urgent", record.line, n=segment.urgent)
    if segment.checksum == "incorrect":
        yield _finding("bad_checksum", record.line, confidence=Confidence.POSSIBLE)
    if y.mss is not None and record.length > y.mss and not flags.syn:
        yield _finding("mss_exceeded", record.line, len=record.length, n=y.mss)
    text = segment.options_text or ""
    if not flags.syn:
        if "mss" in text and segment.options.mss is not None:
            yield _finding("mss_in_non_syn", record.line)
        if not flags.rst and x.ts_offered and y.ts_offered and not segment.truncated:
            if "TS val" not in text and "timestamp" not in text and step != "stepless.stray":
                yield _finding("ts_missing", record.line)
            elif record.length and x.ts is not None and step not in ("data.retransmit", "data.gap_fill"):
                stamp = segment.options.ts
                if stamp is not None and diff(stamp[0], x.ts[0]) < 0:
                    yield _finding("ts_regression", record.line)
        if ecn.in_force(conn.client, conn.server) == ecn.CLASSIC:
            if flags.ece:
                yield _finding("ecn_congestion", record.line)
            if flags.cwr:
                yield _finding("ecn_cwr", record.line)


# ------------------------------------------------------------------ of the connection


def _connection(conn: Incarnation, record: Record, step: str, context: Context) -> Iterator[Finding]:
    """Things said once an incarnation, at the record that shows them."""
    x, y = record.x, record.y
    if context.opened:
        yield from _opening(conn, record)
    if step == "handshake.syn_ack.simultaneous" and y.sent_synack:
        yield _finding("simultaneous_open", record.line)
    if conn.simultaneous_open and context.completes and not conn.server.sent_synack:
        conn.split_handshake = True
        yield _finding("split_handshake", record.line)
    if record.cls is SegmentClass.SYN_ACK and y.options and x.options and x.synack_count == 1:
        if (x.offered_scale is None) != (y.offered_scale is None) and "wscale_ignored" not in conn.found:
            yield _finding("wscale_ignored", record.line)
        if conn.reused and step != "handshake.syn_ack.bad_ack":
            yield from _reuse(conn, record)
    if step == "ack.challenge" and context.rejected:
        yield _finding("time_wait_rejected", record.line)
    if step in ("reset.reply", "reset.reject_bad_ack") and conn.previous_step == "ack.challenge":
        yield _finding("half_open_discovered", record.line)
    if (
        step == "reset.reply" and conn.previous_step == "data.half_close"
        and x is conn.first_fin and conn.previous is not None
    ):  # fmt: skip
        yield _finding("data_after_close", conn.previous.line, record.line)
    if context.revived and x.dead_time is not None and record.time is not None:
        late = record.time - x.dead_time > 2 * (conn.irtt or SECOND)
        if late and "rst_ignored" not in conn.found:
            yield _finding("rst_ignored", x.dead_line, record.line, confidence=Confidence.LIKELY)
    if (
        step == "stepless.stray"
        and x.dead is Known.OBSERVED
        and "rst_injected_suspect" not in conn.found
        and x.rst_count
    ):
        yield _finding("rst_injected_suspect", x.dead_line, record.line, confidence=Confidence.POSSIBLE)


def _opening(conn: Incarnation, record: Record) -> Iterator[Finding]:
    if conn.midstream and record.cls is not SegmentClass.INVALID:
        yield _finding("mid_stream", record.line)
        yield _finding("wscale_unknown", record.line)
    if conn.self_connected:
        yield _finding("self_connection", record.line)
    if any(is_name(end.host) or isinstance(end.port, str) for end in (conn.flow.client, conn.flow.server)):
        yield _finding("name_not_address", record.line)


def is_name(host: str) -> bool:
    """Tell whether a printed host is no IP literal."""
    if ":" in host:
        return False
    labels = host.split(".")
    return not (len(labels) == 4 and all(label.isdigit() for label in labels))  # noqa: PLR2004


def _reuse(conn: Incarnation, record: Record) -> Iterator[Finding]:
    elapsed = since(record, conn.previous_end)
    yield _finding("port_reuse", record.line, dt=elapsed)
    if conn.took_time_wait and (elapsed is None or elapsed < TIME_WAIT):
        yield _finding("time_wait_reuse", record.line, dt=elapsed)
