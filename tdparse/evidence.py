"""
What the log proves about each endpoint, and what it lets one presume (R11-R22).

A captured segment proves things about its sender. Whether it arrived is only presumed, and the
presumption is withdrawn as soon as the addressee behaves as if it had not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from tdparse.model import CLOSED, TIME_WAIT, Layer, Role, Standing, State
from tdparse.normalize import SMALL
from tdparse.octets import Octets, Sent
from tdparse.seqnum import add, diff
from tdparse.states import DEDUCED, NO, OBSERVED, PRESUMED, Known, ambiguous, standing

if TYPE_CHECKING:
    from tdparse.flags import Flags, SegmentClass
    from tdparse.model import Endpoint, Segment
    from tdparse.normalize import Numbers


RECENT: Final = 16  # records of one sender, of which copies may come from another device
MAX_SHIFT: Final = 14  # RFC 7323: a larger window scale counts as 14 (R76)
AT_ONCE: Final = 10**6  # a millisecond; capture queues differ by less (R7), timers by more
MAX_WINDOW: Final = 0xFFFF  # as the header holds it
SYN_GONE: Final = 10**9  # a second after the handshake no copy of the SYN is on the way any more


class Record:
    """One segment while it is being placed: its parts at hand, numbers relative (R35)."""

    __slots__ = (
        "_stamp",
        "ack",
        "cls",
        "damaged",
        "end",
        "flags",
        "length",
        "line",
        "numbers",
        "probe",
        "sack",
        "segment",
        "seq",
        "seq_end",
        "time",
        "window",
        "x",
        "y",
    )

    def __init__(
        self,
        segment: Segment,
        numbers: Numbers,
        flags: Flags,
        cls: SegmentClass,
        time: int | None,
        x: Peer,
        y: Peer,
    ) -> None:
        """Take the parts that do not depend on the connection."""
        self.segment = segment
        self.numbers = numbers
        self.flags = flags
        self.cls = cls
        self.time = time
        self.line = segment.line
        self.length = segment.length or 0
        self.window = segment.window
        self._stamp: tuple[int, int] | Literal["at rest"] | None = segment.options.ts
        self.x = x  # the sender
        self.y = y  # its peer
        self.seq: int | None = None  # relative; inferred where it was not printed (R28)
        self.seq_end: int | None = None  # relative, seq + length
        self.end: int | None = None  # relative SEG.END (R2)
        self.ack: int | None = None  # relative to the peer's ISN
        self.sack: tuple[tuple[int, int], ...] = ()  # its blocks in the order of the log, relative as `ack` is
        self.damaged = False  # dropped by its receiver: a wrong checksum where they are computed, a missing signature
        self.probe = False  # occupies no sequence space although it has an octet (window probe, keep-alive)

    @property
    def stamp(self) -> tuple[int, int] | None:
        """Its timestamps option, (val, ecr)."""
        stamp = self._stamp
        return self.segment.options.ts if stamp == "at rest" else stamp

    @property
    def signed(self) -> bool:
        """Whether it shows a signature (R82)."""
        options = self.segment.options_text
        return options is not None and ("md5" in options or "tcp-ao" in options)

    def rest(self) -> None:
        """Keep only what later records are compared with."""
        self._stamp = "at rest"
        layer = self.segment.layer
        if layer is not None:
            layer = Layer(ttl=layer.ttl, ip_id=layer.ip_id)
        self.segment = self.segment._replace(text="", time=None, payload=None, layer=layer)


Place: TypeAlias = tuple[str | None, str]  # device, direction


def place_in(layer: Layer | None) -> Place | None:
    """Return on which device and in which direction something was captured, None where that was not printed."""
    return None if layer is None or layer.direction is None else (layer.device, layer.direction)


class Sighting(NamedTuple):
    """One of the latest records of a sender, and where it was captured."""

    place: Place
    record: Record | Callable[[], Record]  # made only when somebody wants to compare it

    def seen(self) -> Record:
        """Return the record."""
        return self.record if isinstance(self.record, Record) else self.record()


class Doubted(NamedTuple):
    """What an acknowledgment has replaced that may be one of octets that were never sent."""

    lastack: int | None
    time: int | None
    line: int
    win: int | None
    acked: int | None
    unacked: Sequence[Sent]


class Peer:
    """One side of an incarnation: the variables of R11."""

    __slots__ = (
        "accecn",
        "active",
        "copies",
        "crossed",
        "dead",
        "dead_ahead",
        "dead_line",
        "dead_state",
        "dead_time",
        "doubted",
        "duplicate_time",
        "duplicates",
        "ecn_bits",
        "endpoint",
        "fin",
        "fin_acked",
        "fin_count",
        "fin_line",
        "fin_time",
        "got_fin",
        "got_syn",
        "heard",
        "inherited",
        "is_client",
        "isn",
        "isn_absolute",
        "isn_known",
        "lastack",
        "lastack_line",
        "lastack_time",
        "midstream",
        "mss",
        "octets",
        "offered_scale",
        "options",
        "passive",
        "pre_fin",
        "recent",
        "rival_isn",
        "rst_count",
        "rst_segment",
        "rst_signs",
        "sack_ok",
        "sacked",
        "segments",
        "sent_fin",
        "sent_syn",
        "sent_synack",
        "shift",
        "sighted",
        "spoke",
        "spoke_after_syn",
        "standing",
        "strays",
        "syn_acked",
        "syn_count",
        "syn_data",
        "syn_line",
        "syn_stamp",
        "syn_time",
        "synack_ack",
        "synack_count",
        "synack_line",
        "synack_time",
        "tfo_option",
        "time_wait_since",
        "ts",
        "ts_first",
        "ts_last_time",
        "ts_offered",
        "unreadable",
        "win",
        "win_seen",
    )

    def __init__(self, endpoint: Endpoint, *, is_client: bool) -> None:  # noqa: PLR0915  one line a variable of R11
        """Start with nothing known."""
        self.endpoint = endpoint
        self.is_client = is_client
        self.active = is_client  # called connect(); both in a simultaneous open
        # Its numbers.
        self.isn: int | None = None  # 32 bits, in the space of `Numbers`; a pseudo ISN mid-stream (R35)
        self.isn_known = False  # from a SYN, or deduced from the SYN-ACK of the peer
        self.isn_absolute = False  # `isn` is the number on the wire
        self.rival_isn: int | None = None  # of another SYN-ACK for the same SYN, until the third step tells (R55)
        self.octets = Octets()
        self.heard: Octets | None = None  # of these, what its peer was able to take, where that is less
        self.lastack: int | None = None  # highest ack this endpoint sent, relative to the peer's ISN
        self.lastack_time: int | None = None
        self.lastack_line = 0
        self.doubted: Doubted | None = None  # what stood before it acknowledged more than was captured
        self.sacked: tuple[tuple[int, int], ...] = ()  # what its newest ACK reports by SACK, relative to the peer's ISN
        self.duplicate_time: int | None = None
        self.duplicates = 0  # duplicate ACKs since lastack changed
        self.win: int | None = None  # last raw window
        self.win_seen = False  # a window of a non-SYN segment was seen
        self.shift: int | None = None  # window shift in force; None: unknown
        self.fin: int | None = None  # relative number of the FIN
        # The evidence (R11).
        self.sent_syn = NO
        self.got_syn = NO
        self.syn_acked = NO
        self.sent_fin = NO
        self.got_fin = NO
        self.fin_acked = NO
        self.passive = False
        self.pre_fin = True  # it may have sent a FIN that the log does not show
        self.dead = NO
        self.dead_state = CLOSED
        self.dead_time: int | None = None
        self.dead_line = 0
        self.dead_ahead: int | None = None  # its peer's SND.NXT when an RST of its own was captured
        self.crossed = 0  # segments that it sent while the RST to it may have been on its way (R7)
        self.strays: tuple[Record, ...] = ()  # the first in spite of its own RST, or of a bad ack before the third step
        self.time_wait_since: int | None = None  # when TIME-WAIT was last (re)started (R83)
        self.inherited: State | None = None  # state left over from the incarnation before (R44)
        self.midstream = False
        self.spoke = False
        self.unreadable = False  # no segment of the incarnation has shown its flags yet (-q)
        self.spoke_after_syn = False  # an acceptable segment that is not a SYN was captured
        # What was sent, for repetitions and options.
        self.segments = 0
        self.copies = 0  # of them, those that were captured twice (R112)
        self.recent: tuple[Sighting, ...] = ()  # its latest, where each may be captured on several devices (-i any)
        self.sighted = ""  # what its last line shows between time and flags, if it says where it was captured
        self.rst_count = 0
        self.rst_segment = 0  # which of its segments the latest was
        self.rst_signs = ""  # which signs of an injected one its RSTs have shown, in order (rst_injected_suspect)
        self.syn_count = 0
        self.syn_time: int | None = None
        self.syn_line = 0
        self.syn_data = 0  # octets of payload in its bare SYN
        self.syn_stamp: int | None = None  # TSval of its newest bare SYN
        self.sent_synack = False
        self.synack_ack: int | None = None  # ack of its SYN-ACK
        self.synack_count = 0
        self.synack_time: int | None = None
        self.synack_line = 0
        self.fin_count = 0
        self.fin_time: int | None = None
        self.fin_line = 0
        self.options = False  # its SYN was captured, so the options below are known
        self.mss: int | None = None
        self.offered_scale: int | None = None
        self.sack_ok = False
        self.ts_offered = False
        self.tfo_option: str | None = None
        self.ecn_bits: tuple[bool, bool, bool] = (False, False, False)  # AE, CWR, ECE of its SYN
        self.ts: tuple[int, int] | None = None  # last timestamps option
        self.ts_last_time: int | None = None
        self.ts_first: tuple[int, int] | None = None  # (TSval, time) of its first one
        self.standing: Standing = standing(self)

    @property
    def role(self) -> Role:
        """Its name in the output."""
        return "client" if self.is_client else "server"

    @property
    def closed(self) -> bool:
        """Whether its part of the incarnation is over (R43)."""
        return self.standing.state in (CLOSED, TIME_WAIT) and (
            bool(self.dead) or bool(self.sent_fin) or self.standing.state is TIME_WAIT
        )

    @property
    def awaits_reset(self) -> bool:
        """Whether an RST to it is on its way (R7): it has sent something meanwhile."""
        return self.crossed > 0 and not self.dead

    @property
    def window_closed(self) -> bool:
        """Whether it takes nothing: its last window is 0, be it that of its SYN-ACK (R108)."""
        return self.win == 0 and (self.win_seen or (self.sent_synack and bool(self.syn_acked)))

    @property
    def widest_window(self) -> int:
        """How many octets it takes at most: an unknown window or scale counts as the largest (R49, R76)."""
        return (MAX_WINDOW if self.win is None else self.win) << (MAX_SHIFT if self.shift is None else self.shift)

    @property
    def packets(self) -> int:
        """How many segments it has sent, each counted once however often it was captured."""
        return self.segments - self.copies

    def scaled(self, window: int | None) -> int | None:
        """Return the window in octets, None where the shift is unknown (R76)."""
        return None if window is None or self.shift is None else window << self.shift


def has_place(peer: Peer, numbers: Numbers) -> bool:
    """
    Tell whether a printed number can be laid beside those of its sender before (R35).

    One on the wire and one whose base the text never told cannot. Behind a SYN the base is that of the third step,
    presumably (R28, R33): then what is counted from it is where its sender has come to.
    """
    if numbers.seq is None or peer.isn is None:
        return False
    if peer.isn_absolute is numbers.seq_absolute:
        return True
    here = add(peer.isn, peer.octets.nxt or 1)
    return peer.isn_absolute and peer.isn_known and -SMALL < diff(numbers.seq, here) < SMALL


def refresh(x: Peer, y: Peer) -> None:
    """Recompute both standings from the evidence (R23-R27)."""
    plain_x, plain_y = standing(x), standing(y)
    if (y.pre_fin and x.sent_fin and not y.sent_fin) or (x.pre_fin and y.sent_fin and not x.sent_fin):
        plain_x, plain_y = ambiguous(plain_x), ambiguous(plain_y)
    x.standing, y.standing = plain_x, plain_y


def deliver_pending(x: Peer, y: Peer) -> None:
    """R12, R18: what X sent before its present segment has arrived at Y by now, presumably."""
    if y.awaits_reset and x.dead:
        y.dead = PRESUMED
    if x.octets.end is None:
        return
    if x.sent_syn is OBSERVED and not y.got_syn and y.inherited is None:
        y.got_syn = PRESUMED
        if x.synack_ack is not None and x.synack_ack >= 1 and y.sent_syn:
            y.syn_acked = PRESUMED  # T15
    presume_fin(x, y)


def presume_fin(x: Peer, y: Peer) -> None:
    """R14: Y has X's FIN, if nothing below it is missing."""
    if x.fin is None or y.got_fin or not y.got_syn:
        return
    end = (x.octets if x.heard is None else x.heard).reach(y.lastack)  # Y has what it acknowledges, captured or not
    if end is not None and end > x.fin:
        y.got_fin = PRESUMED


def prove(record: Record) -> bool:
    """
    Apply R13 and R17 for the sender of an acceptable segment without RST.

    Returns True when the segment was sent before the peer's FIN was processed although that had
    been presumed, or could have been (modifier `fin_not_covered`).
    """
    x, y, ack = record.x, record.y, record.ack
    x.inherited = None
    if record.flags.syn:
        _prove_opening(record)
        return False
    if x.pre_fin and _is_new(record):
        x.pre_fin = False
    if ack is None:
        return False
    _prove_handshake(record)
    not_covered = False
    if y.fin is not None:
        if ack > y.fin:
            x.got_fin = OBSERVED
            if y.passive:
                x.fin_acked = OBSERVED
        else:
            not_covered = x.got_fin is not OBSERVED
            if x.got_fin is PRESUMED and not is_old(record):
                x.got_fin = NO
    if record.flags.fin and record.end is not None:
        if x.fin is None:
            y.pre_fin = hides_fin(record)
            x.passive = y.fin is not None and ack > y.fin
            if y.lastack == record.end:
                _prove_overtaken(record)
        elif x.fin_acked is PRESUMED and not is_old(record):
            x.fin_acked = NO
        x.sent_fin = OBSERVED
        x.fin = record.end - 1
    return not_covered


def hides_fin(record: Record) -> bool:
    """
    R16, R26: tell whether its sender may have taken a FIN that the log does not show.

    That is one from before the capture, any behind the SYN of a peer of which nothing was captured, or one at the end of what
    it acknowledges beyond all that was captured. Many numbers show nothing in a log without payload (`tcp-syn|tcp-fin`).
    """
    y, octets, ack = record.y, record.y.octets, record.ack
    if y.pre_fin:
        return y.midstream or ack is None or ack > 1
    if ack is None or octets.nxt is None or octets.guessed or octets.probed is not None:
        return False
    return ack == octets.nxt + 1 or (octets.distinct > 0 and ack > octets.nxt)


def _is_new(record: Record) -> bool:
    """R26: it has a FIN, or octets beyond those that its receiver is known to have: its sender had not closed before."""
    x, y, end = record.x, record.y, record.end
    if not record.length or record.flags.fin:
        return record.flags.fin
    known = [x.octets.nxt or 0, y.lastack or 0, *(right for _left, right in y.sacked)]
    return end is None or end > max(known)


def is_answered(record: Record) -> bool:
    """R13 f: tell whether the peer's FIN, captured before this one, acknowledges it: this one was overtaken, or is a copy."""
    y = record.y
    return bool(y.sent_fin) and y.lastack == record.end and y.lastack_line <= y.fin_line


def _prove_overtaken(record: Record) -> None:
    """Apply R13 e and f to a FIN whose acknowledgment was captured before it (R7), and R14 if both came at once."""
    x, y = record.x, record.y
    y.got_fin = OBSERVED
    y.passive = y.passive or (not x.passive and is_answered(record))
    if x.passive:
        y.fin_acked = OBSERVED
    times = record.time, y.lastack_time
    if times[0] is None or times[1] is None or times[0] - times[1] < AT_ONCE:
        # Else it is a copy of one that was not captured, and not acknowledged for its sender (R17 c).
        x.fin_acked = PRESUMED


def _prove_opening(record: Record) -> None:
    """
    Apply R13 a, b: a SYN or SYN-ACK.

    It takes back what was only presumed (R17 a, b). A fact observed before stands: then this is a copy
    that the network has kept, or repeated.
    """
    x, y = record.x, record.y
    if x.midstream and x.pre_fin and not is_old(record):  # R26 took its handshake as done, but it was not
        x.midstream = False
        x.syn_acked = NO
    x.pre_fin = x.pre_fin and x.midstream
    x.sent_syn = OBSERVED
    if record.flags.ack:
        if not y.sent_syn:  # R16: its SYN was not captured, but must have been sent
            y.sent_syn = DEDUCED
        x.got_syn = OBSERVED
    elif x.got_syn is not OBSERVED:
        x.got_syn = NO
    if x.syn_acked is not OBSERVED and not is_old(record):
        x.syn_acked = NO


def _prove_handshake(record: Record) -> None:
    """R13 c, d: a segment that is no SYN, from an endpoint that sent one."""
    x, y, ack = record.x, record.y, record.ack
    if not x.sent_syn or ack is None or (ack < 1 and y.isn_known):  # mid-stream, numbers count from anywhere (R35)
        return
    if not y.sent_syn:  # R16: its SYN-ACK was not captured, but must have been sent
        y.sent_syn = DEDUCED
        y.got_syn = max(y.got_syn, DEDUCED)
        y.inherited = None  # R44: it moved Y out of its TIME-WAIT
    x.got_syn = OBSERVED
    if shows_established(record, ack):
        x.syn_acked = OBSERVED
    elif not x.syn_acked and (y.syn_count == 0 or (y.lastack is not None and y.lastack >= 1)):
        # The third step was captured, and withdrawn by a SYN-ACK sent before this (R17 b, R18), or missed
        # with the SYN before the capture began.
        x.syn_acked = PRESUMED


def shows_established(record: Record, ack: int) -> bool:
    """
    Tell whether a segment that is no SYN can only have been sent after its sender's SYN was acknowledged.

    Not if SYN-RECEIVED sends the like: an empty ACK that says no more than the SYN-ACK did may answer a copy of the
    SYN (9293 section 3.10.7.4, first check), or a SYN or RST that is not acceptable (T36, RFC 5961 section 3.2), unless
    too much time has passed since the third step, or that RST came behind it. A server that waits for data before it
    accepts (TCP_DEFER_ACCEPT) answers keep-alives so, too, and then echoes the timestamp of the SYN. A Fast Open server
    may send data in SYN-RECEIVED, and that may cross the third step.
    """
    x, y = record.x, record.y
    if x.synack_ack is None or ack > x.synack_ack:
        return True
    if _echoes_more_than_syn(record):
        return True
    if record.length or record.flags.fin:
        fast_open = y.syn_data > 0 or y.tfo_option not in (None, "cookiereq")
        return x.active or not fast_open
    if x.active:
        return y.sent_synack
    if _echoes_only_syn(record):
        return False
    if y.lastack is None:
        return False
    waited = record.time is not None and y.lastack_time is not None and record.time - y.lastack_time >= SYN_GONE
    return waited or y.segments == y.rst_segment


def is_old(record: Record) -> bool:
    """Tell whether its sender certainly wrote another captured segment after this one: the path has kept it."""
    newest, stamp = record.x.ts, record.stamp
    if newest is None or stamp is None:
        return False
    return _reports_less(record) if stamp[0] == newest[0] else diff(stamp[0], newest[0]) < 0


def acknowledges_less(record: Record) -> bool:
    """R17: tell whether a segment has an older ack than another one that was captured of its sender."""
    return record.ack is not None and record.x.lastack is not None and record.ack < record.x.lastack


def _reports_less(record: Record) -> bool:
    """
    Tell whether an ACK reports less by SACK than another with the same number, of the same tick of its sender's clock.

    What has arrived above a number that stands still only grows (RFC 2018 section 8 lets a receiver discard it, but not
    within a tick): a block that is part of one reported before is older, and so is an ACK that leaves one out although
    it has fewer. MPTCP may need the room of the others (R81).
    """
    x, ack = record.x, record.ack
    if not x.sacked or ack is None or ack != x.lastack or record.segment.options.mptcp:
        return False
    known, told = ([one for one in blocks if one[0] > ack] for blocks in (x.sacked, record.sack))
    if len(record.sack) < len(x.sacked) and any(not _within(one, told) for one in known):
        return True
    return any(_within(one, known) and one not in known for one in told if not _within(one, [*{*told} - {one}]))


def _within(block: tuple[int, int], others: Sequence[tuple[int, int]]) -> bool:
    return any(left <= block[0] and block[1] <= right for left, right in others)


def _echoes_more_than_syn(record: Record) -> bool:
    """Tell whether the timestamp echo is newer than the peer's SYN, so that more of it has arrived (R13 d)."""
    sent, stamp = record.y.syn_stamp, record.stamp
    return sent is not None and stamp is not None and diff(stamp[1], sent) > 0


def _is_rejected(record: Record) -> bool:
    """R49: its timestamp is older than one that its receiver has echoed (PAWS), or all of it lies beyond the window."""
    x, y = record.x, record.y
    if y.lastack is None:
        return False
    if record.stamp is not None and y.ts is not None and diff(record.stamp[0], y.ts[1]) < 0:
        return True
    if record.segment.seq is None or record.seq is None or not y.win:
        return False
    return record.seq >= max(y.lastack, x.octets.end or 0) + y.widest_window


def _miss(record: Record) -> None:
    """Note that the receiver of a record takes nothing of it, so that it waits for another copy."""
    x = record.x
    if x.heard is None and record.seq is not None and record.end != record.seq:
        x.heard = Octets()
        x.heard.start_at(record.seq)


def _echoes_only_syn(record: Record) -> bool:
    """Tell whether the timestamp echo is that of the peer's SYN, although the peer has sent a newer one since."""
    y = record.y
    if y.ts is None or y.syn_stamp is None or diff(y.ts[0], y.syn_stamp) <= 0:
        return False
    return record.stamp is not None and not _echoes_more_than_syn(record)


def presume(record: Record) -> None:
    """Apply R14: what an acceptable segment without RST does to its receiver when it arrives."""
    x, y, ack = record.x, record.y, record.ack
    if y.inherited is not None:
        return
    closes = record.flags.fin and not y.got_fin
    confirms = y.fin is not None and ack is not None and ack > y.fin and not y.fin_acked
    if record.damaged or ((closes or confirms) and _is_rejected(record)):  # T114, T52
        _miss(record)
        return
    taken = not (closes and y.window_closed)  # R49: by a closed window only its ack is
    if not taken:
        _miss(record)
    syn = record.flags.syn
    if y.sent_syn and not y.got_syn and not syn:
        # SYN-SENT: only a SYN or an acceptable RST has an effect. Data and FIN are lost on it (T22).
        if x.heard is None and record.end != record.seq:
            x.heard = Octets()
            x.heard.start_at(1)
        return
    if syn and not y.got_syn:
        y.got_syn = PRESUMED
    if x.heard is not None and taken and not record.probe and record.seq is not None and record.end is not None:
        x.heard.add(record.seq, record.end, (record.seq, record.seq), record.time, record.line)
    if ack is not None:
        if ack >= 1 and y.sent_syn and not y.syn_acked:
            y.syn_acked = PRESUMED
        if y.fin is not None and ack > y.fin and not y.fin_acked:
            y.fin_acked = PRESUMED
    presume_fin(x, y)


def kill(peer: Peer, known: Known, state: State, record: Record) -> None:
    """R20, R25: an RST ended this endpoint's part."""
    if known > peer.dead:
        peer.dead = known
        peer.dead_state = state
        peer.dead_time = record.time
        peer.dead_line = record.line
        peer.crossed = 0
        peer.dead_ahead = record.y.octets.nxt if peer is record.x else None


def doubt(x: Peer, y: Peer) -> None:
    """Keep what an acknowledgment of X, beyond all that was captured of Y, is about to replace."""
    octets = y.octets
    x.doubted = Doubted(x.lastack, x.lastack_time, x.lastack_line, x.win, octets.acked, octets.unacked)


def take_back(x: Peer, y: Peer) -> None:
    """T54, stepless.bad_ack: Y shows that it never sent what X has acknowledged, so that never was X's last ack."""
    before, octets = x.doubted, y.octets
    if before is None or x.lastack is None or x.lastack <= (octets.nxt or 0):
        return
    x.doubted = None
    x.lastack, x.lastack_time, x.lastack_line, x.win = before[:4]
    since = [one for one in octets.unacked if one not in before.unacked]
    octets.acked, octets.unacked, octets.conceded = before.acked, [*before.unacked, *since], before.acked or 0
    if y.fin is not None and y.fin_acked is PRESUMED and (x.lastack is None or x.lastack <= y.fin):
        y.fin_acked = NO


def revive(record: Record, *, crossing: bool) -> None:
    """R21: it carries on after an RST that should have ended it; `crossing`: which may be on its way (R7)."""
    x = record.x
    x.dead = NO
    x.crossed = x.crossed + 1 if crossing else 0
    refresh(x, record.y)
