"""
Which step a record is: the decision order of R97, read from what was known before the record.

Nothing here changes anything. Every function takes the incarnation and the record and returns a
step id of the closed list (part 4.4 of the rules) or None for "the next question, please".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdparse.evidence import MAX_SHIFT, has_place, hides_fin, is_answered, is_old, place_in
from tdparse.flags import ACK, DATA, FIN, INVALID, RST, SYN, SYN_ACK, SegmentClass
from tdparse.model import CLOSE_WAIT, CLOSED, CLOSING, LAST_ACK, LISTEN, SYN_RECEIVED, SYN_SENT, TIME_WAIT
from tdparse.seqnum import add, diff
from tdparse.states import OBSERVED, OPENING, PRESUMED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tdparse.evidence import Peer, Place, Record
    from tdparse.incarnation import Incarnation

SECOND: Final = 10**9

KEEP_ALIVE_IDLE: Final = SECOND  # parameter ka_idle of R109
ANSWER_TIME: Final = SECOND  # max(1 s, 2 iRTT) of R109 and R110
DUPLICATE_TIME: Final = 10**6  # R112: one millisecond
LEAST_RTO: Final = SECOND // 5  # R87: no timer of a stack runs out sooner
NETWORK_COPY_TICKS: Final = 10 * 10**6  # stepless.old_duplicate: 10 ticks of a 1 kHz clock

# R51, T90, T97, T102: there Linux takes an RST with the number of the peer's FIN, too (tcp_reset_check): so is rejected what
# was sent before that FIN had been processed.
BEHIND_FIN: Final = frozenset({CLOSE_WAIT, CLOSING, LAST_ACK})
WITHOUT_WINDOW: Final = frozenset({CLOSED, LISTEN, SYN_SENT})  # R51: there no number makes an RST acceptable
SYN_STEPS: Final = frozenset({"handshake.syn", "handshake.syn.tfo_request", "handshake.syn.tfo_data"})
# What a conforming stack answers with a challenge ACK (R110).
CHALLENGED: Final = frozenset({
    "reset.ignored", "handshake.syn.unexpected", "handshake.syn.retransmit", "stepless.bad_ack",
})  # fmt: skip
# What an endpoint that has acknowledged its peer's FIN, and sent none, says with an empty ACK beside repeating that.
HALF_CLOSED: Final = frozenset({
    "probe.zero_window", "probe.zero_window_ack", "probe.keep_alive", "probe.keep_alive_ack",
    "ack.window_update", "ack.zero_window",
})  # fmt: skip
WINDOW_CHANGES: Final = frozenset({"ack.window_update", "ack.zero_window"})
# What an endpoint that is opening rejects with an RST (R20 a).
REJECTED_WITH_RST: Final = frozenset({"handshake.syn_ack.bad_ack", "stepless.bad_ack", "ack.challenge"})


def answer_time(conn: Incarnation) -> int:
    """Return how long an answer "directly after" may take: max(1 s, 2 iRTT), in nanoseconds."""
    return max(ANSWER_TIME, 2 * (conn.irtt or 0))


def directly_after(conn: Incarnation, record: Record) -> bool:
    """Tell whether the record before was the peer's, recently enough to be what this one answers."""
    before = conn.previous
    return before is not None and before.x is not record.x and answers(conn, record, before)


def answers(conn: Incarnation, record: Record, before: Record) -> bool:
    """Tell whether `before`, the peer's last record, is recent enough to be what this one answers."""
    if before.time is None or record.time is None:
        return before is conn.previous
    return record.time - before.time <= answer_time(conn)


def decide(conn: Incarnation, record: Record) -> str:
    """Return the step id of `record` (R96, R97)."""
    if record.cls is SegmentClass.UNKNOWN:
        return "stepless.truncated"
    if captured_before(conn, record) is not None:
        return "stepless.capture_duplicate"
    cls = record.cls
    if cls is INVALID:
        return "stepless.truncated" if record.segment.truncated else "stepless.invalid_flags"
    if cls is RST:
        return _reset(conn, record)
    if cls is not SYN and (record.x.dead is OBSERVED or conn.dead):
        return "stepless.stray"
    if cls is SYN:
        return _syn(conn, record)
    if cls is SYN_ACK:
        return _syn_ack(record)
    if record.x.inherited is not None and cls is ACK:
        return "ack.challenge"  # the old incarnation rejects the SYN of the new one (R44)
    if not conn.handshake_done and _is_bad_ack(record):
        return "stepless.bad_ack"
    if cls is FIN:
        return _fin(record)
    if cls is DATA:
        return _data(conn, record)
    return _empty_ack(conn, record)


# ------------------------------------------------------------------ the same packet twice


def captured_before(conn: Incarnation, record: Record) -> int | None:
    """
    Return the line of the record of which this one is a copy (R112): an identical one, less than a millisecond before.

    It is the sender's last one, one of a burst, or with `-i any` one that was captured on another device: others may
    stand between. What was told to be too large since then is sent again at once, and so is a SYN-ACK that was asked for again.
    """
    before = conn.last_of[record.x.is_client]
    if before is None or _answers_again(conn, record, before[0]):
        return None
    return next((line for line in _copied(conn, record, before[0]) if not _told_too_large(conn, line)), None)


def _copied(conn: Incarnation, record: Record, before: Record) -> Iterator[int]:
    """Yield the lines of records of which this one may be a copy; `before` is the sender's last one."""
    if _is_copy(before, record):
        yield before.line
    here = place_of(record)
    if here is None:
        line = _of_burst(conn, record, before)
        if line is not None:
            yield line
        return
    for sighting in record.x.recent:
        if sighting.place != here:
            one = sighting.seen()
            if _is_copy(one, record) or _is_part(one, record):
                yield one.line


def _answers_again(conn: Incarnation, record: Record, before: Record) -> bool:
    """
    T35: tell whether a SYN-ACK equal to the one before it answers another SYN, however soon.

    The peer has repeated its SYN in between, just when the timer of the SYN-ACK ran out as well; or it has answered the
    one before, and has sent a SYN for each of the two.
    """
    if record.cls is not SYN_ACK:
        return False
    heard = conn.last_of[record.y.is_client]
    if heard is None or heard[0].line < before.line or _were_elsewhere(before, record):
        return False
    return heard[1] == "handshake.syn.retransmit" or record.y.syn_count > record.x.synack_count


def _told_too_large(conn: Incarnation, line: int) -> bool:
    """Tell whether after a line an ICMP error has told the sender what size gets through (RFC 1191, RFC 8201)."""
    return any("mtu" in known and isinstance(told := known["line"], int) and told > line for known in conn.icmp)


def _of_burst(conn: Incarnation, record: Record, before: Record) -> int | None:
    """
    Return the line of the record of which this one is a copy, where both are of one burst.

    Its receiver has sent nothing since: no stack repeats anything that soon by itself.
    """
    x, start = record.x, record.seq
    nxt = x.octets.nxt
    if start is None or nxt is None or start >= nxt or record.time is None or record.segment.seq is None:
        return None
    layer = record.segment.layer
    if (
        record.flags.syn
        or (layer is not None and layer.ip_id)
        or (record.ack, record.window) != (before.ack, before.window)
    ):
        return None
    stamp, heard = record.stamp if record.length else None, conn.last_line_of(record.y)
    for one in reversed(x.octets.sent):
        if one.time is None or abs(record.time - one.time) >= DUPLICATE_TIME or one.line < heard:
            return None
        if (one.start, one.end, one.stamp) == (start, record.end, stamp):
            return one.line
    return None


def place_of(record: Record) -> Place | None:
    """Return where a record was captured, None where that was not printed."""
    return place_in(record.segment.layer)


def _were_elsewhere(before: Record, record: Record) -> bool:
    """Tell whether two records were captured in different places."""
    return (place := place_of(before)) is not None and place_of(record) not in (None, place)


def _is_copy(before: Record, record: Record) -> bool:
    one, two = before.segment, record.segment
    same = (
        one.flags == two.flags
        and one.window == two.window
        and one.length == two.length
        and one.options_text == two.options_text
        and before.numbers.seq == record.numbers.seq
        and _same_ack(before, record)
    )
    if not same:
        return False
    here, there = one.layer, two.layer
    if here and there and here.ip_id and there.ip_id:
        if here.ip_id != there.ip_id:
            return False
    elif not record.length and not record.flags.syn and not record.flags.fin and not _were_elsewhere(before, record):
        return False  # two equal empty ACKs in one place are duplicate ACKs, two equal RSTs reject a segment each
    return _in_transit(before, record)


def _same_ack(before: Record, record: Record) -> bool:
    """Tell whether two records acknowledge the same, be it that the first is printed absolute in a relative log (R32 b)."""
    return before.segment.ack == record.segment.ack or before.numbers.ack == record.numbers.ack is not None


def _is_part(before: Record, record: Record) -> bool:
    """Tell whether this is a piece of a segment that a host has joined from what came in, and cut again before it went on."""
    one, two = before.segment, record.segment
    same = (one.window, one.options_text) == (two.window, two.options_text) and _same_ack(before, record)
    if not same or not 0 < record.length < before.length or record.seq is None or before.seq is None:
        return False
    within = before.seq <= record.seq and record.seq + record.length <= before.seq + before.length
    return within and _in_transit(before, record)


def _in_transit(before: Record, record: Record) -> bool:
    """
    Tell whether two records of a packet are as near as those of one that is captured twice.

    Where it waits, that takes longer: for a queue less than any timer does, for an address to be resolved even more,
    but then its timestamp shows that it was not sent again.
    """
    if before.time is None or record.time is None:  # another device says that it is no other packet
        return _were_elsewhere(before, record)
    apart = abs(record.time - before.time)
    return apart < DUPLICATE_TIME or ((apart < LEAST_RTO or record.stamp is not None) and _passed_on(before, record))


def _passed_on(before: Record, record: Record) -> bool:
    """Tell whether of two records one was captured as it came in, and one as it went out."""
    one, two = place_of(before), place_of(record)
    return one is not None and two is not None and (one[1] == "Out") is not (two[1] == "Out")


# ------------------------------------------------------------------ acceptability (part 2.2)


def acknowledges_unsent(record: Record) -> bool:
    """R50: the ack is above anything the peer was captured sending."""
    y = record.y
    return record.ack is not None and y.sent_syn is OBSERVED and record.ack > (y.octets.nxt or 0)


def acknowledges_unseen(record: Record) -> bool:
    """
    R16, T41: tell whether an ack above anything captured, before the third step was, shows that the log lacks a part.

    Who has answered the SYN acknowledges what has come since (R13 d); who opens does where its own octets are missing,
    too, or its timestamp tells of them. What is below the sender's ISN is of another incarnation.
    """
    x = record.x
    if not acknowledges_unsent(record):
        return False
    printed = record.segment.seq is not None and record.seq is not None
    if x.sent_synack:
        return not printed or (record.seq or 0) >= 1
    beyond = printed and (record.seq or 0) > (x.octets.nxt or 1)
    return record.y.sent_synack and (beyond or echoes_unseen(record))


def echoes_unseen(record: Record) -> bool:
    """R16, R78: tell whether the timestamps show that the peer has sent more than was captured: what is echoed is newer."""
    x, y, stamp = record.x, record.y, record.stamp
    if stamp is None or x.ts is None or y.ts is None:
        return False
    return diff(stamp[1], y.ts[0]) > 0 and diff(stamp[0], x.ts[0]) >= 0


def shows_open(record: Record) -> bool:
    """Tell whether an RST shows that the handshake is over although the log lacks its third step (R119)."""
    return acknowledges_unseen(record) or echoes_unseen(record)


def _is_bad_ack(record: Record) -> bool:
    """R97, 7: what the ack of a segment that is no SYN confirms was never sent, or by an incarnation before."""
    if acknowledges_unsent(record):
        return not acknowledges_unseen(record)
    return record.cls is not ACK and acknowledges_older(record)


def acknowledges_older(record: Record) -> bool:
    """R50 for SYN-SENT: the ack does not even cover the peer's SYN, it is one of an incarnation before."""
    y = record.y
    comparable = y.isn_known and record.numbers.ack_absolute is y.isn_absolute
    return comparable and y.standing.state is SYN_SENT and record.ack is not None and record.ack < 1


def syn_ack_acceptable(record: Record) -> bool:
    """R50 for SYN-SENT and SYN-RECEIVED: ISS < ack <= SND.NXT."""
    y = record.y
    if record.ack is None:
        return False
    if y.octets.nxt is None or not y.isn_known:
        return True
    return 1 <= record.ack <= y.octets.nxt


def expected_by(receiver: Peer, sender: Peer) -> tuple[int, ...]:
    """R48: RCV.NXT of `receiver`, by its last ack and by what was captured towards it: it has what it acknowledges (R16)."""
    acked, octets = receiver.lastack, sender.octets
    return tuple({n for n in (acked, octets.end, octets.reach(acked)) if n is not None})


def rst_acceptable(record: Record) -> bool:
    """R51: does the receiver take this RST?"""
    x, y = record.x, record.y
    state = y.standing.state
    if y.inherited is None and state is SYN_SENT:
        # Of a SYN that was not captured there is no number to compare with (R35), nor is one whose base was never printed.
        uncertain = y.isn is None or (record.ack is None and record.segment.ack is not None)
        return record.flags.ack and (uncertain or syn_ack_acceptable(record))
    if state in (LISTEN, CLOSED) and y.dead < PRESUMED:
        return False
    expected = expected_by(y, x)
    if not expected or record.numbers.seq is None or record.seq is None:
        return True
    if record.seq == x.fin and state in BEHIND_FIN:
        return True
    if not y.segments and not record.flags.ack and 0 < record.seq <= (x.octets.nxt or 0):
        return True  # R52, R73: it has the number of an ACK, of which the log has none
    return record.seq in expected or _shows_a_gap(record, max(expected))


def _shows_a_gap(record: Record, expected: int) -> bool:
    """
    Tell whether a record goes beyond what was captured of its sender and shows that the log lacks a part: R48 cannot be used.

    It acknowledges what was not captured either, or echoes it; or, as an RST without ACK has the number that its receiver
    has acknowledged (R52), it shows that the FIN below it was, and all before that.
    """
    x, nxt = record.x, record.y.octets.nxt
    if record.seq is None or record.seq <= expected:
        return False
    beyond = nxt is not None and record.ack is not None and record.ack > nxt
    answers = not record.flags.ack and x.fin is not None and record.seq == x.fin + 1
    return beyond or answers or echoes_unseen(record)


def rst_in_window(record: Record) -> bool:
    """R49, R60: above RCV.NXT and below RCV.NXT + RCV.WND; an unknown window or scale counts as the largest."""
    x, y = record.x, record.y
    expected = expected_by(y, x)
    if not expected or record.seq is None:
        return False
    return min(expected) < record.seq < max(expected) + y.widest_window


def _in_vain(before: Record, x: Peer) -> bool:
    """Tell whether the ACK before confirmed nothing of X, which is opening; in SYN-SENT also if that is not known (R50)."""
    state = x.standing.state
    if state not in (SYN_SENT, SYN_RECEIVED) or before.segment.ack is None or before.flags.syn:
        return False
    if before.ack is None or not before.numbers.ack_absolute:
        return state is SYN_SENT
    return not 1 <= before.ack <= (x.octets.nxt or 1)


def answers_bad_ack(conn: Incarnation, record: Record) -> bool:
    """Tell whether an RST rejects the unacceptable acknowledgment of the record before it (R20 a)."""
    before = conn.previous
    return (
        before is not None
        and before.x is record.y
        and (conn.previous_step in REJECTED_WITH_RST or _in_vain(before, record.x))
        and not record.flags.ack
        # None: cannot be compared
        and (None in (record.numbers.seq, before.numbers.ack) or record.numbers.seq == before.numbers.ack)
    )


def _answers_ack(conn: Incarnation, record: Record) -> bool:
    """RST without ACK whose seq is the ack of the peer's immediately preceding record (R52)."""
    before = conn.previous
    if before is None or before.x is record.x or record.flags.ack:
        return False
    if record.numbers.seq is None:
        return True  # a bare RST on a log whose base was never printed cannot be compared
    return record.numbers.seq == before.numbers.ack


def _answers_invalid(conn: Incarnation, record: Record) -> bool:
    """T4: RST-ACK with seq 0 that acknowledges what no TCP sends and came just before, without ACK: nobody has this connection."""
    before = conn.previous
    if before is None or before.x is record.x or before.cls is not INVALID or before.flags.ack or before.flags.rst:
        return False
    if not record.flags.ack or record.numbers.seq != 0:
        return False
    seq, ack = before.numbers.seq, record.numbers.ack
    occupied = before.length + before.flags.syn + before.flags.fin
    return seq is None or ack is None or ack == add(seq, occupied)


# ------------------------------------------------------------------ 3: RST


def _reset(conn: Incarnation, record: Record) -> str:
    x, y = record.x, record.y
    if x.rst_count and x.dead is OBSERVED:
        return "reset.repeat"
    acceptable = rst_acceptable(record)
    if y.standing.state is SYN_SENT:
        if acceptable:
            return "handshake.abort" if x.sent_synack else "handshake.refused"
        return "reset.reject_bad_ack" if answers_bad_ack(conn, record) else "reset.ignored"
    if answers_bad_ack(conn, record) and x.standing.state in OPENING:
        return "reset.reject_bad_ack"
    if _answers_invalid(conn, record) and (acceptable or y.standing.state is CLOSED):
        return "reset.reply"
    if not acceptable:
        return "reset.ignored"
    if not conn.handshake_done and x.is_client and not y.segments:
        return "handshake.abort"  # the client gives up before any answer
    if not (conn.completed or shows_open(record)):
        return "handshake.abort"
    if y.standing.state is TIME_WAIT and not y.standing.alternatives:
        return "reset.in_time_wait"
    if _answers_ack(conn, record):
        return "reset.reply"
    if x.sent_fin or y.sent_fin:
        return "reset.after_fin"
    return "reset.abort"


# ------------------------------------------------------------------ 5, 6: SYN and SYN-ACK


def _syn(conn: Incarnation, record: Record) -> str:
    x, y = record.x, record.y
    if (x.syn_count or x.sent_synack) and record.seq == 0:  # its SYN-ACK may have overtaken its SYN
        return "handshake.syn.retransmit"
    if conn.tentative is not None and conn.tentative.is_repeated_by(record):
        return "handshake.syn.retransmit"
    outstanding = y.syn_count and not y.sent_synack and not x.sent_synack and not x.syn_count
    if outstanding and y.standing.state is SYN_SENT:
        return "handshake.syn.simultaneous"
    overtaken = x.isn_known and record.seq == 0 and not x.segments  # by the SYN-ACK that answers it (R7)
    if conn.count and not overtaken:
        return "handshake.syn.unexpected"
    tfo = record.segment.options.tfo
    if tfo == "cookiereq":
        return "handshake.syn.tfo_request"
    return "handshake.syn.tfo_data" if tfo is not None or record.length else "handshake.syn"


def _syn_ack(record: Record) -> str:
    x, y = record.x, record.y
    if not syn_ack_acceptable(record) or (x.isn_known and (x.syn_count or x.sent_synack) and record.seq != 0):
        return "handshake.syn_ack.bad_ack"
    if x.sent_synack and record.seq == 0:
        return "handshake.syn_ack.retransmit"
    if x.syn_count:
        return "handshake.syn_ack.simultaneous"
    if y.syn_data and record.ack is not None:
        return "handshake.syn_ack.tfo_accept" if record.ack > 1 else "handshake.syn_ack.tfo_fallback"
    if record.segment.options.tfo not in (None, "cookiereq"):
        return "handshake.syn_ack.tfo_grant"
    return "handshake.syn_ack"


# ------------------------------------------------------------------ 8: FIN


def covers_fin(record: Record) -> bool:
    """R13 e: the ack covers the peer's FIN."""
    return record.y.fin is not None and record.ack is not None and record.ack > record.y.fin


def first_coverage(record: Record) -> bool:
    """Tell whether no earlier segment of the sender covered the peer's FIN."""
    x, fin = record.x, record.y.fin
    return fin is not None and (x.lastack is None or x.lastack <= fin)


def _repeats_fin(record: Record) -> bool:
    """Tell whether a FIN has the number of the one that its sender has sent, or one that nobody can tell."""
    return not has_place(record.x, record.numbers) or record.seq_end == record.x.fin


def _fin(record: Record) -> str:
    x, y = record.x, record.y
    if x.fin is not None:  # no FIN follows another: it is of an incarnation whose beginning was missed (R45), if of any
        return "teardown.fin.retransmit" if _repeats_fin(record) else "stepless.stray"
    if y.fin is not None:
        if not covers_fin(record):
            return "teardown.fin.active" if is_answered(record) else "teardown.fin.simultaneous"
        return "teardown.fin_ack" if first_coverage(record) else "teardown.fin.passive"
    return "teardown.fin.first_seen" if hides_fin(record) else "teardown.fin.active"


# ------------------------------------------------------------------ 9: data


def completes_handshake(conn: Incarnation, record: Record) -> bool:
    """Tell whether this is the client's first segment after its SYN that acknowledges the server's."""
    x = record.x
    return (
        not conn.handshake_done
        and not record.flags.syn
        and record.ack is not None
        and record.ack >= 1
        and bool(x.sent_syn)
        and (x.is_client or (conn.simultaneous_open and x.syn_count > 0))
    )


def is_one_octet_probe(record: Record) -> bool:
    """R108 a: one octet at SND.NXT while the peer's window is closed."""
    return record.length == 1 and record.y.win == 0 and record.seq == record.x.octets.nxt


def is_network_copy(record: Record) -> bool:
    """
    Tell whether the path has kept this copy: TSval and ecr equal the earlier copy's although its sender's clock went on.

    One that is older than the copy captured first was written before it: it has been overtaken by its repetition.
    """
    if record.stamp is None or record.seq is None:
        return False
    first = record.x.octets.first_copy(record.seq)
    if first is None or first.stamp is None:
        return False
    if diff(record.stamp[0], first.stamp[0]) < 0:
        return True
    return (
        first.stamp == record.stamp
        and (first.end == record.end and first.start == record.seq)
        and first.time is not None
        and record.time is not None
        and record.time - first.time >= NETWORK_COPY_TICKS
    )


def _is_pushed_again(conn: Incarnation, record: Record) -> bool:
    """
    Tell whether one octet is data whose acknowledgment has not come, as of a key that was pressed, and asks for nothing else.

    A keep-alive follows a silence (R109 d), and nobody has to deliver its octet.
    """
    if not record.flags.psh or record.time is None or conn.last_time is None:
        return False
    return record.time - conn.last_time < KEEP_ALIVE_IDLE


def gap_of(record: Record) -> tuple[int, int] | None:
    """Return where the octets of data.gap_fill that were missing begin and end: what it brings besides is sent again or new."""
    octets, start, end = record.x.octets, record.seq, record.seq_end
    if start is None or end is None or octets.nxt is None:
        return None
    return octets.missing(start, min(end, octets.nxt))


def _data(conn: Incarnation, record: Record) -> str:
    x, y, octets = record.x, record.y, record.x.octets
    if is_one_octet_probe(record):
        return "probe.zero_window"
    start, end, nxt = record.seq, record.seq_end, octets.nxt
    if nxt is None and record.length == 1 and start is not None and start + 1 == y.lastack:
        return "probe.keep_alive"  # none of its numbers was printed: what was acknowledged has been sent (R16)
    if record.segment.seq is not None and start is not None and end is not None and nxt is not None:
        # The third step shows that the SYN was acknowledged, captured or not (R13 c).
        acknowledged = max(y.lastack or 0, bool(x.syn_acked)) >= nxt
        if record.length == 1 and start == nxt - 1 and acknowledged and not _is_pushed_again(conn, record):
            return "probe.keep_alive"
        if octets.covered(start, end):
            return "stepless.old_duplicate" if is_network_copy(record) else "data.retransmit"
        if start < nxt and not octets.covered(start, min(end, nxt)):
            return "data.gap_fill"
    if completes_handshake(conn, record):
        return "handshake.ack_data"
    if not conn.handshake_done and not x.is_client:
        return "data.early"
    # A presumed CLOSE-WAIT that this very ack disproves is none (R17 d); one that it proves is one (R13 e).
    half_closed = x.standing.state is CLOSE_WAIT if y.fin is None else covers_fin(record) and not x.sent_fin
    if half_closed:
        return "data.half_close"
    if record.flags.urg:
        return "data.urgent"
    return "data.push" if record.flags.psh else "data.segment"


# ------------------------------------------------------------------ 10: empty ACK


def _empty_ack(conn: Incarnation, record: Record) -> str:
    x, y = record.x, record.y
    if completes_handshake(conn, record):
        return "handshake.ack"
    if y.standing.state is SYN_SENT and not x.sent_syn:
        return "stepless.ack"
    if x.fin is None and has_keep_alive_number(record) and _idle(conn, record):
        return "probe.zero_window" if y.window_closed else "probe.keep_alive"
    if covers_fin(record):
        if not first_coverage(record):
            return _covers_again(conn, record)
        if not x.sent_fin:
            return "teardown.ack_of_fin"
        return "teardown.last_ack" if y.passive else "teardown.ack_of_fin.simultaneous"
    if (restates(record) or _prints_again(conn, record)) and directly_after(conn, record) and _rejects(conn, record):
        return "ack.challenge"
    if (
        conn.previous_step == "handshake.syn_ack.retransmit"
        and directly_after(conn, record)
        and x.is_client
        and record.ack == 1
    ):
        return "handshake.ack.repeat"
    if restates(record):
        again = _restatement(conn, record)
        return "stepless.ack" if again in WINDOW_CHANGES and is_old(record) else again  # it was overtaken (SND.WL1)
    before = acknowledged_before(record)
    if before is not None and record.ack is not None and record.ack > before:
        return "data.ack"
    return "stepless.ack"


def _covers_again(conn: Incarnation, record: Record) -> str:
    """Return what an empty ACK is that covers the peer's FIN, which was covered before."""
    if not restates(record) or conn.previous_step == "teardown.fin.retransmit":
        return "teardown.ack.repeat"
    if conn.previous_step in CHALLENGED and directly_after(conn, record) and _rejects(conn, record):
        return "ack.challenge"
    # Half closed, it may still probe or be probed, and opens or closes its window.
    other = "" if record.x.sent_fin else _restatement(conn, record)
    return other if other in HALF_CLOSED else "teardown.ack.repeat"


def acknowledged_before(record: Record) -> int | None:
    """Return up to where the sender had acknowledged; mid-stream, up to the first octet captured of its peer."""
    x, y = record.x, record.y
    if x.lastack is not None:
        return x.lastack
    known = y.octets.first is not None and not y.octets.guessed and y.segments
    return y.octets.first if known and y.octets.distinct else None


def _rejects(conn: Incarnation, record: Record) -> bool:
    """Tell whether the record before was none that a stack accepts: it answers such a one (R110)."""
    if conn.tentative is not None and conn.tentative.record is conn.previous:
        return True  # or its copy
    if conn.previous_step == "handshake.syn.retransmit":
        return record.x.standing.state not in OPENING  # T58: whatever its number is
    if conn.previous_step == "handshake.syn_ack.bad_ack":
        return True  # RFC 5961 section 4: any SYN
    if conn.previous_step in CHALLENGED:
        return conn.previous_step != "reset.ignored" or (conn.previous is not None and rst_in_window(conn.previous))
    received, before = record.y.octets.nxt, conn.previous
    due = None if record.ack is None or before is None else record.ack + before.length + before.flags.fin
    waiting = received is not None and due is not None and received > due
    return refuses_ack(conn, record) and not waiting and record.window == record.x.win


def answers_unsent(conn: Incarnation, record: Record) -> bool:
    """
    Tell whether the record before was the peer's and acknowledged more than was captured of this sender.

    Alone that shows a capture with gaps; answered by a restatement it shows an ack of what was never sent, unless
    something else explains the answer.
    """
    ack, nxt = _ack_before(conn, record), record.x.octets.nxt
    return ack is not None and nxt is not None and ack > nxt


def refuses_ack(conn: Incarnation, record: Record) -> bool:
    """R50: tell whether the ack of the peer's record before is none to accept: of what was never sent, or of long ago."""
    ack, y = _ack_before(conn, record), record.y
    outdated = ack is not None and y.lastack is not None and ack < y.lastack - _widest_window(conn, y)
    return outdated or answers_unsent(conn, record)


def refuses_place(conn: Incarnation, record: Record) -> bool:
    """R49, T52: tell whether an ACK answers that the peer's record before, all of it beyond the window, is not what it waits for."""
    before, x = conn.previous, record.x
    if before is None or before.x is not record.y or before.seq is None or before.segment.seq is None:
        return False
    if record.length or not restates(record) or record.ack is None or not directly_after(conn, record):
        return False
    return before.end != before.seq and before.seq >= record.ack + _widest_window(conn, x)


def _widest_window(conn: Incarnation, peer: Peer) -> int:
    """Return how many octets a peer has ever taken at most: an unknown scale counts as the largest (R50)."""
    widest = conn.metrics.halves[peer.is_client].window_max or 0
    return max(widest << MAX_SHIFT if peer.shift is None else widest, peer.widest_window)


def _ack_before(conn: Incarnation, record: Record) -> int | None:
    """
    Return the ack of the peer's record before, where a restatement in answer to it can only be about that.

    Any data it held were those awaited, and the window was open, else they explain the answer. It cannot be told where no
    number of this sender was printed, nor where that ack closed the window: a timer later it is probed (R108).
    """
    before, octets = conn.previous, record.x.octets
    if before is None or before.x is not record.y or before.ack is None:
        return None
    if before.length and (before.seq != record.ack or record.x.window_closed):
        return None
    if octets.nxt is None or octets.guessed or (record.y.window_closed and waited_for_timer(record, before)):
        return None
    return before.ack


def waited_for_timer(record: Record, before: Record) -> bool:
    """Tell whether a record comes so late behind another that a timer may have run out (R87)."""
    return record.time is not None and before.time is not None and record.time - before.time >= LEAST_RTO


def restates(record: Record) -> bool:
    """The ack is the sender's current one: nothing new is acknowledged."""
    return record.ack is not None and record.ack == record.x.lastack


def _prints_again(conn: Incarnation, record: Record) -> bool:
    """R33: tell whether an ack that cannot be laid beside a SYN printed since is the one that its sender's record before shows."""
    before = conn.last_of[record.x.is_client]
    return record.ack is None and before is not None and before[0].segment.ack == record.segment.ack


def _restatement(conn: Incarnation, record: Record) -> str:
    """R104 for an empty ACK that acknowledges nothing new."""
    x, y = record.x, record.y
    same_window = record.window == x.win
    peers_last = conn.last_of[y.is_client]
    peers_step = peers_last[1] if peers_last else ""
    waiting = y.octets.nxt is not None and record.ack is not None and y.octets.nxt > record.ack
    in_place = record.segment.seq is None or record.seq == x.octets.nxt  # R106: an unprinted number is taken so
    explained = not y.window_closed or _says_more_of_mptcp(conn, record) or _answers_in_place(conn, record)
    if same_window and not waiting and not explained:
        return "probe.zero_window"
    if record.window == 0 and same_window and peers_step == "probe.zero_window":
        return "probe.zero_window_ack"
    if record.window and (same_window or (x.win and not x.win_seen)):  # R105: a SYN's window says nothing of the first
        numbered = has_keep_alive_number(record)
        if numbered and (x.fin is None or _idle(conn, record)):
            return "probe.keep_alive"  # behind a FIN, an ACK sent before it has the same number
        probed = in_place and not waiting and peers_step == "probe.keep_alive"
        if probed and peers_last and answers(conn, record, peers_last[0]):
            return "probe.keep_alive_ack"
        if record.segment.seq is None and is_silent_keep_alive(conn, record, waiting=waiting):
            return "probe.keep_alive"
    duplicate = waiting and record.window and in_place and not _says_other_of_mptcp(conn, record)
    if not x.win_seen:
        # The window of a SYN is not scaled: only without scaling can the first one behind it be the same (R105).
        if record.window == 0 and x.win:
            return "ack.zero_window"
        if record.window and x.win == 0:
            return "ack.window_update"  # a proxy opens what its SYN-ACK has closed once it has reached the server
        return "ack.duplicate" if duplicate and same_window and not x.shift else "stepless.ack"
    if record.window is not None and not same_window:
        return "ack.window_update" if record.window else "ack.zero_window"
    return "ack.duplicate" if duplicate else "stepless.ack"


def _answers_in_place(conn: Incarnation, record: Record) -> bool:
    """
    Tell whether an empty ACK answers the record before, of which its sender takes nothing (R108: something else explains it).

    Such are octets that it had before (T51), a keep-alive (T62), a probe of its own closed window (T63), and what is
    older than another segment that it has taken (R49: PAWS) and would say less than that.
    """
    before, x = conn.previous, record.x
    if before is None or not directly_after(conn, record):
        return False
    if conn.previous_step == "probe.keep_alive" or (conn.previous_step == "probe.zero_window" and not record.window):
        return True
    if before.end is not None and before.end != before.seq:
        return before.segment.seq is not None and x.lastack is not None and before.end <= x.lastack
    return is_old(before) and before.ack is not None and before.ack < (before.x.lastack or 0)


def _says_other_of_mptcp(conn: Incarnation, record: Record) -> bool:
    """Tell whether an ACK differs from its sender's record before in its MPTCP options: it acknowledges there (R81)."""
    if "mptcp" not in (record.segment.options_text or ""):
        return False
    before = conn.last_of[record.x.is_client]
    return before is None or before[0].segment.options.mptcp != record.segment.options.mptcp


def _says_more_of_mptcp(conn: Incarnation, record: Record) -> bool:
    """Tell whether an ACK has MPTCP options that its sender's record before had not: they explain it (R108)."""
    before = conn.last_of[record.x.is_client]
    known = () if before is None else before[0].segment.options.mptcp or ()
    return not {*known}.issuperset(record.segment.options.mptcp or ())


def has_keep_alive_number(record: Record) -> bool:
    """Tell whether a number was printed and is SND.NXT - 1."""
    nxt = record.x.octets.nxt
    return record.segment.seq is not None and record.seq is not None and nxt is not None and record.seq == nxt - 1


def _idle(conn: Incarnation, record: Record) -> bool:
    """R109 d: nothing was captured for a while."""
    return record.time is not None and conn.last_time is not None and record.time - conn.last_time >= KEEP_ALIVE_IDLE


def is_silent_keep_alive(conn: Incarnation, record: Record, *, waiting: bool) -> bool:
    """R109: a keep-alive in a text without its sequence number."""
    x, y = record.x, record.y
    in_flight = x.octets.nxt is not None and (y.lastack is None or y.lastack < x.octets.nxt)
    return not waiting and not in_flight and y.win != 0 and _idle(conn, record)
