"""
What a record changes: its evidence and octets are taken over into the incarnation (R11-R22).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdparse import evidence
from tdparse.evidence import RECENT, Sighting
from tdparse.flags import DATA, FIN, RST, SYN_ACK
from tdparse.incarnation import MAX_SYN_COPIES
from tdparse.model import CLOSED, LISTEN, SYN_RECEIVED, TIME_WAIT
from tdparse.modifiers import Context
from tdparse.options import taken
from tdparse.seqnum import diff
from tdparse.states import ASSUMED, NO, OBSERVED, PRESUMED
from tdparse.steps import completes_handshake, place_of, refuses_ack, refuses_place, rst_acceptable, shows_open
from tdparse.timers import TIME_WAIT as TIME_WAIT_LEN
from tdparse.timers import stack_of
from tdparse.values import since
from tdparse.verdict import end_by_reset

if TYPE_CHECKING:
    from tdparse.evidence import Peer, Record
    from tdparse.incarnation import Incarnation
    from tdparse.model import Segment

FLIGHT: Final = 64  # segments that are sent at once
IGNORED_AFTER: Final = 10**9  # rst_ignored, when iRTT is unknown (R7)

# Steps that prove nothing about their sender and do nothing to their receiver.
WITHOUT_EFFECT: Final = frozenset({
    "stepless.truncated", "stepless.capture_duplicate", "stepless.invalid_flags", "stepless.stray",
    "stepless.bad_ack", "handshake.syn.unexpected", "handshake.syn_ack.bad_ack",
})  # fmt: skip
REFUSALS: Final = frozenset({"ack.duplicate", "stepless.ack"})  # of what is not in the window (T52)
EFFECTIVE_RESETS: Final = frozenset(
    {"handshake.refused", "handshake.abort", "reset.abort", "reset.reply", "reset.after_fin"}
)  # R116


def count_probes(conn: Incarnation, record: Record, step: str) -> None:
    """Keep the runs of probes and duplicate ACKs that findings count."""
    x = record.x
    if step == "probe.zero_window":
        conn.probes += 1
    elif step != "probe.zero_window_ack" and record.window:
        conn.probes = 0
    if OBSERVED not in (conn.client.dead, conn.server.dead):  # behind an RST those before it are told
        _count_keep_alives(conn, record, step)
    if step == "ack.duplicate":
        x.duplicates += 1
        x.duplicate_time = record.time


def _count_keep_alives(conn: Incarnation, record: Record, step: str) -> None:
    x, before = record.x, conn.previous
    if step == "probe.keep_alive":
        conn.keep_alives = 1 + (conn.keep_alives if before is not None and before.x is x else 0)
    elif x.is_client != (before is not None and before.x.is_client) or record.length:
        conn.keep_alives = 0


def accept_probes(record: Record) -> None:
    """R11: the octet of a window probe is one of the captured ones, as soon as this record shows that it was accepted."""
    record.x.octets.accept_probe(record.seq)
    record.y.octets.accept_probe(record.ack)


def advance(conn: Incarnation, record: Record, step: str, context: Context) -> None:
    """Apply an acceptable segment without RST."""
    x, y = record.x, record.y
    x.unreadable = y.unreadable = False
    if record.flags.syn:
        _syn(conn, record, step)
    context.synack_missing = context.completes and not y.sent_syn
    context.not_covered = evidence.prove(record)
    record.probe = step in ("probe.zero_window", "probe.keep_alive")
    new_octets = not record.probe and record.seq is not None and record.end is not None and record.end > record.seq
    if record.flags.fin:
        x.fin_count += 1
        if conn.first_fin is None or step == "teardown.fin.active":  # also where the answer to it was captured first
            conn.first_fin = x
        if x.fin_count == 1:
            x.fin_time, x.fin_line = record.time, record.line
        conn.refresh_symbols()
    if new_octets:
        _occupy(conn, record)
    elif record.probe:
        if step == "probe.zero_window" and record.length and record.seq is not None:
            x.octets.probe(record.seq, record.time, record.line)
    elif record.seq is not None:
        if record.segment.seq is None:
            x.octets.start_at(record.seq, guessed=x.midstream)
        else:
            x.octets.move_to(record.seq, record.time)
    if step == "ack.challenge" and refuses_ack(conn, record):
        evidence.take_back(y, x)
        _refuse(conn, record)
    elif step in REFUSALS and refuses_place(conn, record):
        _refuse(conn, record)
    if record.ack is not None:
        _acknowledge(conn, record)
    if context.completes:
        conn.handshake_done = True
        asked = conn.syn_times[-1] if x.is_client and conn.syn_times else x.syn_time
        # Only the third step itself, and from the copy of the SYN it belongs to, shows the round trip (Karn).
        if y.synack_time is not None and record.seq == 1:
            conn.irtt = since(record, asked)
    evidence.presume(record)
    x.spoke = True
    if not record.flags.syn:
        x.spoke_after_syn = True
        x.win_seen = True
    _offer(record)
    _stamp(record)


def _refuse(conn: Incarnation, record: Record) -> None:
    """
    T52, T54: nothing was taken of what an ACK answers so, octets or a FIN: who sends them later has not sent them before.

    They are those that were awaited, or lie beyond all others.
    """
    before, x, y = conn.previous, record.x, record.y
    if before is None or before.seq is None or before.end is None or before.end != y.octets.nxt:
        return
    if before.seq == record.ack:
        y.octets.refuse(before.seq)
    else:
        y.octets.take_out(before.seq, before.end, before.length)
    if before.flags.fin and y.fin_count == 1 and y.octets.nxt != before.end:
        y.fin, y.sent_fin, y.fin_count, y.fin_time, y.fin_line = None, NO, 0, None, 0
        if x.got_fin is PRESUMED:
            x.got_fin = NO
        x.pre_fin = x.pre_fin and x.midstream and not x.octets.distinct
        conn.first_fin = x if x.sent_fin else None
        conn.refresh_symbols()


def _offer(record: Record) -> None:
    """
    Take the window, and what SACK reports, unless the segment was overtaken: then it says nothing of them (RFC 9293: SND.WL2).

    Nor does a SYN behind other segments of its sender: its window is never scaled (R76), so none can be laid beside it.
    """
    x = record.x
    if evidence.acknowledges_less(record) or evidence.is_old(record) or (x.win_seen and record.flags.syn):
        return
    x.win = record.window
    if record.ack is not None:
        x.sacked = record.sack


def _occupy(conn: Incarnation, record: Record) -> None:
    """Account for a segment that occupies sequence space."""
    x, start, end, length = record.x, record.seq, record.end, record.length
    if start is None or end is None:
        return
    first, octets = start + record.flags.syn, x.octets
    if octets.acked is not None and end <= octets.acked and length and not octets.covered(first, first + length):
        conn.metrics.acknowledged(x, record.y.lastack_time)  # R137: by an ACK that was captured before it
    octets.add(start, end, (first, first + length), record.time, record.line, record.stamp if length else None)


def _syn(conn: Incarnation, record: Record, step: str) -> None:
    """Take what a SYN or SYN-ACK announces."""
    x, segment = record.x, record.segment
    if step == "handshake.syn.simultaneous":
        conn.simultaneous_open = True
        x.active = True
    if record.flags.ack:
        x.sent_synack = True
        x.synack_count += 1
        x.synack_ack = record.ack
        if record.ack is not None and 1 <= record.ack <= record.y.syn_data and not record.y.spoke_after_syn:
            record.y.octets.refuse(record.ack)
        if x.synack_count == 1:
            x.synack_time, x.synack_line = record.time, record.line
    else:
        x.syn_count += 1
        if x.is_client and record.time is not None:
            if conn.syn_times:
                conn.syn_stack = stack_of(segment.options_text or "")
            conn.syn_times = (*conn.syn_times, record.time)[-MAX_SYN_COPIES:]
        x.syn_data = max(x.syn_data, record.length)
        if x.syn_count == 1:
            x.syn_time, x.syn_line = record.time, record.line
    options = taken(segment.options_text)
    if record.stamp is not None:  # of the newest SYN that was captured, or that a SYN-ACK echoes
        stamped, stamp = (record.y, record.stamp[1]) if record.flags.ack else (x, record.stamp[0])
        if stamped.syn_stamp is None or diff(stamp, stamped.syn_stamp) > 0:
            stamped.syn_stamp = stamp
    if not x.options:
        x.options = _shows_options(segment)
        x.mss, x.offered_scale = options.mss, options.wscale
        x.sack_ok, x.ts_offered = bool(options.sack_ok), options.ts is not None
        x.tfo_option = options.tfo
        if record.flags.ae or record.flags.cwr or record.flags.ece:
            x.ecn_bits = (record.flags.ae, record.flags.cwr, record.flags.ece)
        conn.negotiate()
    if step == "handshake.syn_ack.tfo_accept":
        conn.tfo = "accepted"
    elif step == "handshake.syn_ack.tfo_fallback":
        conn.tfo = "fallback"
    elif step == "handshake.syn.tfo_request":
        conn.tfo = "requested"


def _shows_options(segment: Segment) -> bool:
    """Tell whether all options of a SYN are known, or that it scales windows: nobody knows what was cut off."""
    if segment.truncated or segment.options.bad is not None:
        return segment.options.wscale is not None
    return segment.options_text is not None or segment.length is not None  # behind the length there are none


def _acknowledge(conn: Incarnation, record: Record) -> None:
    x, y, ack = record.x, record.y, record.ack
    for left, right in record.sack:
        y.octets.received(left, right)
    if ack is None or (x.lastack is not None and ack <= x.lastack):
        return
    if ack > (y.octets.nxt or 0):
        evidence.doubt(x, y)
    if y.octets.covers_payload(ack if y.fin is None else min(ack, y.fin)):
        conn.metrics.acknowledged(y, record.time)
    x.lastack, x.lastack_time, x.lastack_line = ack, record.time, record.line
    x.duplicates = 0
    for sent in y.octets.acknowledge(ack):
        # A SYN has its answer in a SYN-ACK: that was not captured where another segment acknowledges it first.
        answered = sent.start != 0 or y.sent_synack or x.sent_synack or x.syn_count > 0
        conn.metrics.confirmed(y, sent.time, record.time, clean=answered and not sent.repeated)


def _stamp(record: Record) -> None:
    x, stamp = record.x, record.stamp
    if stamp is None:
        return
    if x.ts is None or diff(stamp[0], x.ts[0]) >= 0:
        x.ts, x.ts_last_time = stamp, record.time
    if x.ts_first is None and record.time is not None:
        x.ts_first = (stamp[0], record.time)


def reset(conn: Incarnation, record: Record, step: str) -> None:
    """Apply R20."""
    x, y = record.x, record.y
    x.rst_count += 1
    x.rst_segment = x.segments + 1
    if step == "reset.reject_bad_ack":
        y.inherited = None  # R65: the RST frees what rejected the SYN
        return
    if step == "reset.ignored":
        return
    acceptable = rst_acceptable(record)
    server_opening = not y.is_client and y.standing.state is SYN_RECEIVED and not shows_open(record)
    if step == "handshake.refused":
        x.got_syn = NO
    evidence.kill(x, OBSERVED, CLOSED, record)
    if record.damaged:
        return  # T114, R82: its receiver drops it
    again = step == "reset.repeat" and (not y.dead or "rst_ignored" in conn.found)  # what its first one did not end
    if acceptable or step in EFFECTIVE_RESETS:
        evidence.kill(y, PRESUMED, LISTEN if server_opening else CLOSED, record)
    if step in EFFECTIVE_RESETS or again:
        end_by_reset(conn, x, step, record)


def remember(conn: Incarnation, record: Record, step: str, *, effective: bool) -> None:
    """Keep what later records are compared with."""
    x = record.x
    tentative = conn.attempt(record, step)
    if effective and conn.tentative is not None and record.cls in (DATA, FIN):
        conn.tentative = None  # the old incarnation goes on
    conn.count += 1
    conn.last_line = record.line + record.segment.lines - 1
    x.segments += 1
    if conn.first_class is None:
        conn.first_class, conn.first_flags, conn.first_line = record.cls, record.segment.flags or "", record.line
    if step == "stepless.capture_duplicate":
        x.copies += 1
        return
    place = place_of(record)
    if place is not None:
        x.recent = (*x.recent[1 - RECENT :], Sighting(place, record))
    if step == "stepless.stray" and record.cls is SYN_ACK:
        x.synack_count += 1
    in_doubt = _continues(record) if step == "stepless.bad_ack" else step == "stepless.stray" and x.dead is OBSERVED
    if in_doubt and len(x.strays) < FLIGHT:
        x.strays = (*x.strays, record)
    conn.only_rst = conn.only_rst and record.cls is RST
    if not tentative:
        conn.account(record, step)
    conn.add_step(step)
    conn.previous, conn.previous_step = record, step
    conn.last_of[x.is_client] = (record, step)
    if record.time is not None:
        conn.last_time = record.time


def _continues(record: Record) -> bool:
    """Tell whether a segment has the number that follows what was captured of its sender, or what was kept in doubt of it."""
    x = record.x
    ahead = x.strays[-1].end if x.strays else x.octets.nxt
    return x.isn_known and record.segment.seq is not None and record.seq == ahead


def restart_time_wait(peer: Peer, record: Record, step: str, receiver: Peer) -> None:
    """R83: 2MSL starts on entering TIME-WAIT, and again when a repeated FIN is acknowledged."""
    if peer.standing.state is not TIME_WAIT:
        if peer.dead is not ASSUMED:
            peer.time_wait_since = None
    elif peer.time_wait_since is None or (peer is not receiver and _confirms_fin(step, receiver)):
        peer.time_wait_since = record.time


def _confirms_fin(step: str, receiver: Peer) -> bool:
    return step == "teardown.last_ack" or (step == "teardown.ack.repeat" and receiver.fin_count > 1)


def withdraw(conn: Incarnation, peer: Peer) -> None:
    """R116: the RST to `peer` has had no effect, so it decides nothing."""
    if conn.reset_by is not None and conn.reset_by is not peer:
        conn.reset_by = None


def outlast_time_wait(record: Record) -> None:
    """T111: once 2MSL is over, who held TIME-WAIT is taken as CLOSED, unless it sends what no closed endpoint does (R83)."""
    x, y, now = record.x, record.y, record.time
    for peer in (x, y):
        since = peer.time_wait_since
        if since is None or now is None or now - since < TIME_WAIT_LEN:
            continue
        lives = peer is x and record.cls is not RST
        if lives and peer.dead is ASSUMED:
            peer.dead = NO
        elif not lives and peer.standing.state is TIME_WAIT:
            peer.dead, peer.dead_state = ASSUMED, CLOSED
        evidence.refresh(x, y)


def acknowledges_strays(record: Record) -> bool:
    """
    Tell whether the ack covers what was not believed of the peer.

    Such is what it has sent after an RST of its own, so it can only have been sent later (R7, R21), and what acknowledges
    more than was captured before the third step was: what is taken was acceptable, so the log lacks a part (R16, R50).
    """
    y = record.y
    if not y.strays or record.ack is None or record.ack <= (y.octets.nxt or 0):
        return False
    return record.ack <= max(stray.end or 0 for stray in y.strays)


def outlives_its_rst(conn: Incarnation, record: Record) -> bool:
    """
    R13, R21: tell whether its sender lives on behind an RST that seemed its own.

    It acknowledges what was sent behind the RST, or it goes on where it had come to: who has reset does neither.
    """
    x, ahead = record.x, record.x.dead_ahead
    if x.dead is not OBSERVED:
        return False
    if ahead is not None and record.ack is not None and ahead < record.ack <= (record.y.octets.nxt or 0):
        return True
    return record.cls in (DATA, FIN) and _is_sent_behind(conn, record)


def _is_sent_behind(conn: Incarnation, record: Record) -> bool:
    """
    Tell whether octets or a FIN were sent behind an RST of the same sender, and have not only come late (R7).

    They are the next ones or, as their timestamp shows, sent again since; and more time has passed than a path keeps what
    it overtakes.
    """
    x, nxt, rst = record.x, record.x.octets.nxt, conn.last_rst[record.x.is_client]
    if record.time is None or x.dead_time is None or record.segment.seq is None or rst is None or nxt is None:
        return False
    if record.time - x.dead_time <= _crossing_time(conn):
        return False
    if record.seq == nxt and (rst.seq is None or rst.seq <= nxt):
        return True
    if record.stamp is None or x.ts is None or record.end is None or record.end > nxt:
        return False
    return diff(record.stamp[0], x.ts[0]) > 0 and record.end > (record.y.lastack or 0)


def restore(conn: Incarnation, peer: Peer) -> None:
    """R21, R53: an RST that did not end its receiver was not its sender's; what has been taken of `peer` counts (R16)."""
    strays, peer.dead, peer.strays = peer.strays, NO, ()
    if conn.reset_by is peer and not (conn.server if peer is conn.client else conn.client).dead:
        conn.reset_by = None
    for stray in strays:
        opens = stray.cls is SYN_ACK
        peer.synack_count -= opens
        context = Context()
        context.completes = completes_handshake(conn, stray)
        advance(conn, stray, "handshake.syn_ack" if opens else "stepless.stray", context)
    evidence.refresh(conn.client, conn.server)


def carries_on(record: Record) -> bool:
    """R21, R53: new octets, octets or a FIN that wait for an acknowledgment once more, or an ack that advances."""
    x, acked = record.x, record.y.lastack
    if record.flags.syn:
        return False
    if record.end is not None and x.octets.nxt is not None and record.end > x.octets.nxt:
        return True
    if record.end is not None and record.end != record.seq and (acked is None or record.end > acked):
        return True
    if x.lastack is None:
        return x.syn_count > 0 and record.y.synack_count > 0 and record.ack is not None and record.ack >= 1
    return record.ack is not None and record.ack > x.lastack


def offers_on(record: Record) -> bool:
    """R13 b: the SYN-ACK again, so it is in SYN-RECEIVED at this moment, whatever was presumed before."""
    return record.cls is SYN_ACK and record.x.dead_state is LISTEN and record.x.sent_synack and record.seq == 0


def overtakes(conn: Incarnation, record: Record) -> bool:
    """
    R7: tell whether a record of an endpoint that was reset may have been on its way when the RST passed here.

    It was if it is older than another that was captured of its sender. Without times that is taken of as many as may be
    sent at once.
    """
    x = record.x
    if acknowledges_strays(record) or not record.y.dead:
        return False
    if evidence.is_old(record) or evidence.acknowledges_less(record):
        return True
    if record.time is None or x.dead_time is None:
        return x.crossed < FLIGHT
    return record.time - x.dead_time <= _crossing_time(conn)


def _crossing_time(conn: Incarnation) -> int:
    """Return how long after an RST what has crossed it may come (R7)."""
    return 2 * conn.irtt if conn.irtt else IGNORED_AFTER
