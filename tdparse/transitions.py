"""
The transition table (rows T1 to T114), to be laid beside figure 5 of RFC 9293.

A row says what one event does to one endpoint. The observer's states are looked up from evidence
(`tdparse.states`); this table is what those lookups amount to, step by step. `sent` and `received` turn a
record and the evidence before it into an event, and `rows` finds the rows of an event.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from tdparse.evidence import shows_established
from tdparse.flags import SegmentClass
from tdparse.model import State
from tdparse.steps import answers_bad_ack, rst_acceptable, rst_in_window

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tdparse.evidence import Record
    from tdparse.incarnation import Incarnation


class Way(StrEnum):
    """Where an event comes from."""

    SND = "snd"  # captured from this endpoint: its new state is observed
    RCV = "rcv"  # captured towards it: its new state is presumed
    OWN = ""  # no segment: a timer, a call, a line of another protocol


class Occasion(StrEnum):
    """What happens, where that is more special than the class of a segment or no segment at all."""

    KEEP_ALIVE = "keep-alive"
    PROBE = "zero-window probe"
    BAD_SUM = "segment with a bad checksum"
    TIMEOUT = "timeout"
    ICMP = "ICMP unreachable"
    ABORT = "user timeout, process killed"


class If(StrEnum):
    """What a row asks of the evidence."""

    ACKS = "ack acceptable"
    BAD_ACK = "ack not acceptable"
    UNSENT = "ack above SND.NXT"
    ADVANCES = "ack advances"
    COVERS = "ack covers the FIN"
    NOT_COVERED = "ack does not cover the FIN"
    SAME_ISN = "same ISN"
    OTHER_ISN = "other ISN"
    AGAIN = "sent before"
    IN_ORDER = "next in order"
    GAP = "beyond a gap"
    OLD = "below RCV.NXT"
    OUTSIDE = "outside the window"
    EXACT = "seq = RCV.NXT"
    IN_WINDOW = "in the window, not exact"
    PASSIVE = "passive open"
    ACTIVE = "active open"
    PROVES = "sent after the own SYN was acknowledged"
    EARLY = "Fast Open, third step not needed"
    REJECTS = "answers a bad ack"
    REGULAR = "answers no bad ack"
    # What no segment tells: both rows apply until the answer decides.
    NOBODY = "no listener"
    LISTENER = "listener with room"
    FULL = "queue full, or filtered"
    ROOM = "accept queue has room"
    READER = "somebody reads"
    NO_READER = "nobody reads (closed)"
    REUSE = "acceptable for reuse"
    NO_REUSE = "not acceptable for reuse"
    RFC = "as RFC 9293"
    STACKS = "as many stacks"
    EXHAUSTED = "retries exhausted"
    ORPHAN = "socket without owner"
    TWO_MSL = "2 MSL"


HIDDEN: Final = frozenset({
    If.NOBODY, If.LISTENER, If.FULL, If.ROOM, If.READER, If.NO_READER, If.REUSE, If.NO_REUSE, If.RFC, If.STACKS,
    If.EXHAUSTED, If.ORPHAN, If.TWO_MSL,
})  # fmt: skip


class Reply(StrEnum):
    """What a conforming stack sends next."""

    NONE = ""
    SYN_ACK = "SYN-ACK"
    ACK = "ACK"
    DUP_ACK = "duplicate ACK"
    CHALLENGE = "challenge ACK"
    RST = "RST, seq = SEG.ACK"
    RST_ACK = "RST-ACK, seq 0"


class Row(NamedTuple):
    """One row; `new` is None where the state stays, `remark` a step or anomaly that shows the row, or empty."""

    number: int
    states: tuple[State, ...]
    way: Way
    kinds: tuple[SegmentClass | Occasion, ...]
    test: tuple[If, ...]
    new: State | None
    reply: Reply
    remark: str

    @property
    def hidden(self) -> bool:
        """Whether it depends on something no segment tells."""
        return not HIDDEN.isdisjoint(self.test)


class Event(NamedTuple):
    """What a record is to one endpoint."""

    way: Way
    kind: SegmentClass | Occasion
    facts: frozenset[If]


# fmt: off
SYN, SYN_ACK, ACK, DATA, FIN, RST, INVALID = (
    SegmentClass.SYN, SegmentClass.SYN_ACK, SegmentClass.ACK, SegmentClass.DATA, SegmentClass.FIN, SegmentClass.RST,
    SegmentClass.INVALID,
)
KEEP, PROBE, BAD_SUM, TIMEOUT, ICMP, ABORT = Occasion
SND, RCV, OWN = Way
CLOSED, LISTEN, SYN_SENT, SYN_RECEIVED = ((state,) for state in (
    State.CLOSED, State.LISTEN, State.SYN_SENT, State.SYN_RECEIVED,
))
ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, CLOSING, LAST_ACK, TIME_WAIT = SYNC = tuple((state,) for state in (
    State.ESTABLISHED, State.FIN_WAIT_1, State.FIN_WAIT_2, State.CLOSE_WAIT, State.CLOSING, State.LAST_ACK,
    State.TIME_WAIT,
))
SYNCHRONIZED: Final = tuple(state for (state,) in SYNC)
ANY: Final = tuple(state for state in State if state is not State.UNKNOWN)
ALIVE: Final = tuple(state for state in ANY if state not in (State.CLOSED, State.LISTEN))
S, R = State, Reply
SPEECH = (ACK, DATA)
TALK = (ACK, DATA, FIN)

TABLE: Final = (
    #   no. state         way  event                     test                        new state       reply        remark
    Row(1, CLOSED,        SND, (SYN,),                   (),                         S.SYN_SENT,     R.NONE,      "handshake.syn"),
    Row(2, CLOSED,        RCV, (SYN,),                   (If.NOBODY,),               None,           R.RST_ACK,   "handshake.refused"),
    Row(3, CLOSED,        RCV, (SYN_ACK, *TALK),         (),                         None,           R.RST,       "reset.reply"),
    Row(4, CLOSED,        RCV, (INVALID,),               (),                         None,           R.RST_ACK,   "stepless.invalid_flags"),
    Row(5, CLOSED,        RCV, (RST,),                   (),                         None,           R.NONE,      "reset.ignored"),
    Row(6, CLOSED,        SND, (RST,),                   (),                         None,           R.NONE,      "reset.repeat"),
    Row(7, LISTEN,        RCV, (SYN,),                   (If.LISTENER,),             S.SYN_RECEIVED, R.SYN_ACK,   "handshake.syn"),
    Row(8, LISTEN,        RCV, (SYN,),                   (If.FULL,),                 None,           R.NONE,      "no_answer"),
    Row(9, LISTEN,        RCV, (SYN_ACK, *TALK),         (),                         None,           R.RST,       "reset.reply"),
    Row(10, LISTEN,       RCV, (INVALID,),               (),                         None,           R.NONE,      "stepless.invalid_flags"),
    Row(11, LISTEN,       RCV, (RST,),                   (),                         None,           R.NONE,      "reset.ignored"),
    Row(12, LISTEN,       SND, (SYN,),                   (),                         S.SYN_SENT,     R.NONE,      "handshake.syn.simultaneous"),
    Row(13, SYN_SENT,     SND, (SYN,),                   (If.SAME_ISN,),             None,           R.NONE,      "handshake.syn.retransmit"),
    Row(14, SYN_SENT,     SND, (SYN,),                   (If.OTHER_ISN,),            None,           R.NONE,      "handshake.syn"),
    Row(15, SYN_SENT,     RCV, (SYN_ACK,),               (If.ACKS,),                 S.ESTABLISHED,  R.ACK,       "handshake.syn_ack"),
    Row(16, SYN_SENT,     RCV, (SYN_ACK,),               (If.BAD_ACK,),              None,           R.RST,       "handshake.syn_ack.bad_ack"),
    Row(17, SYN_SENT,     RCV, (SYN,),                   (),                         S.SYN_RECEIVED, R.SYN_ACK,   "handshake.syn.simultaneous"),
    Row(18, SYN_SENT,     RCV, (ACK,),                   (If.ACKS,),                 None,           R.NONE,      "stepless.ack"),
    Row(19, SYN_SENT,     RCV, (ACK,),                   (If.BAD_ACK,),              None,           R.RST,       "stepless.bad_ack"),
    Row(20, SYN_SENT,     RCV, (RST,),                   (If.ACKS,),                 S.CLOSED,       R.NONE,      "handshake.refused"),
    Row(21, SYN_SENT,     RCV, (RST,),                   (If.BAD_ACK,),              None,           R.NONE,      "reset.ignored"),
    Row(22, SYN_SENT,     RCV, (FIN, DATA),              (),                         None,           R.NONE,      ""),
    Row(23, SYN_SENT,     SND, (SYN_ACK,),               (),                         S.SYN_RECEIVED, R.NONE,      "handshake.syn_ack.simultaneous"),
    Row(24, SYN_SENT,     SND, SPEECH,                   (),                         S.ESTABLISHED,  R.NONE,      "handshake.ack"),
    Row(24, SYN_SENT,     SND, (FIN,),                   (),                         S.FIN_WAIT_1,   R.NONE,      "teardown.fin.active"),
    Row(25, SYN_SENT,     SND, (RST,),                   (If.REJECTS,),              None,           R.NONE,      "reset.reject_bad_ack"),
    Row(26, SYN_SENT,     SND, (RST,),                   (If.REGULAR,),              S.CLOSED,       R.NONE,      "handshake.abort"),
    Row(27, SYN_SENT,     OWN, (TIMEOUT,),               (If.EXHAUSTED,),            S.CLOSED,       R.NONE,      "timer.give_up"),
    Row(28, SYN_SENT,     OWN, (ICMP,),                  (),                         None,           R.NONE,      "no_answer"),
    Row(29, SYN_RECEIVED, SND, (SYN_ACK,),               (),                         None,           R.NONE,      "handshake.syn_ack.retransmit"),
    Row(30, SYN_RECEIVED, RCV, (ACK,),                   (If.ACKS, If.ROOM),         S.ESTABLISHED,  R.NONE,      "handshake.ack"),
    Row(31, SYN_RECEIVED, RCV, (DATA,),                  (If.ACKS,),                 S.ESTABLISHED,  R.ACK,       "handshake.ack_data"),
    Row(32, SYN_RECEIVED, RCV, (FIN,),                   (If.ACKS,),                 S.CLOSE_WAIT,   R.ACK,       "teardown.fin.active"),
    Row(33, SYN_RECEIVED, RCV, (SYN_ACK,),               (If.ACKS,),                 S.ESTABLISHED,  R.ACK,       "handshake.syn_ack.simultaneous"),
    Row(34, SYN_RECEIVED, RCV, (ACK,),                   (If.BAD_ACK,),              None,           R.RST,       "stepless.bad_ack"),
    Row(35, SYN_RECEIVED, RCV, (SYN,),                   (If.SAME_ISN,),             None,           R.SYN_ACK,   "handshake.syn.retransmit"),
    Row(36, SYN_RECEIVED, RCV, (SYN,),                   (If.OTHER_ISN, If.RFC),     S.LISTEN,       R.NONE,      "handshake.syn.unexpected"),
    Row(36, SYN_RECEIVED, RCV, (SYN,),                   (If.OTHER_ISN, If.STACKS),  None,           R.CHALLENGE, "handshake.syn.unexpected"),
    Row(37, SYN_RECEIVED, RCV, (ACK,),                   (If.ACKS, If.FULL),         None,           R.NONE,      "handshake.syn_ack.retransmit"),
    Row(38, SYN_RECEIVED, RCV, (RST,),                   (If.EXACT, If.PASSIVE),     S.LISTEN,       R.NONE,      "handshake.abort"),
    Row(39, SYN_RECEIVED, RCV, (RST,),                   (If.EXACT, If.ACTIVE),      S.CLOSED,       R.NONE,      "handshake.abort"),
    Row(40, SYN_RECEIVED, SND, (DATA,),                  (If.EARLY,),                None,           R.NONE,      "data.early"),
    Row(41, SYN_RECEIVED, SND, SPEECH,                   (If.PROVES,),               S.ESTABLISHED,  R.NONE,      ""),
    Row(42, SYN_RECEIVED, SND, (FIN,),                   (),                         S.FIN_WAIT_1,   R.NONE,      "teardown.fin.active"),
    Row(43, SYN_RECEIVED, SND, (RST,),                   (If.REJECTS,),              None,           R.NONE,      "reset.reject_bad_ack"),
    Row(44, SYN_RECEIVED, SND, (RST,),                   (If.REGULAR,),              S.CLOSED,       R.NONE,      "handshake.abort"),
    Row(45, SYN_RECEIVED, OWN, (TIMEOUT,),               (If.EXHAUSTED,),            S.CLOSED,       R.NONE,      "timer.give_up"),
    Row(46, ESTABLISHED,  SND, (*SPEECH, KEEP, PROBE),   (),                         None,           R.NONE,      ""),
    Row(47, ESTABLISHED,  SND, (FIN,),                   (If.NOT_COVERED,),          S.FIN_WAIT_1,   R.NONE,      "teardown.fin.active"),
    Row(48, ESTABLISHED,  SND, (RST,),                   (),                         S.CLOSED,       R.NONE,      "reset.abort"),
    Row(49, ESTABLISHED,  RCV, (DATA,),                  (If.IN_ORDER,),             None,           R.ACK,       "data.push"),
    Row(50, ESTABLISHED,  RCV, (DATA,),                  (If.GAP,),                  None,           R.DUP_ACK,   "ack.duplicate"),
    Row(51, ESTABLISHED,  RCV, (DATA,),                  (If.OLD,),                  None,           R.ACK,       "data.retransmit"),
    Row(52, ESTABLISHED,  RCV, (DATA,),                  (If.OUTSIDE,),              None,           R.ACK,       ""),
    Row(53, ESTABLISHED,  RCV, (ACK,),                   (If.ADVANCES,),             None,           R.NONE,      "data.ack"),
    Row(54, ESTABLISHED,  RCV, (ACK,),                   (If.UNSENT,),               None,           R.CHALLENGE, "acked_unseen"),
    Row(55, ESTABLISHED,  RCV, (FIN,),                   (If.IN_ORDER,),             S.CLOSE_WAIT,   R.ACK,       "teardown.fin.active"),
    Row(56, ESTABLISHED,  RCV, (FIN,),                   (If.GAP,),                  None,           R.DUP_ACK,   "teardown.fin.active"),
    Row(57, ESTABLISHED,  RCV, (SYN_ACK,),               (),                         None,           R.ACK,       "handshake.syn_ack.retransmit"),
    Row(58, ESTABLISHED,  RCV, (SYN,),                   (),                         None,           R.CHALLENGE, "handshake.syn.unexpected"),
    Row(59, ESTABLISHED,  RCV, (RST,),                   (If.EXACT,),                S.CLOSED,       R.NONE,      "reset.abort"),
    Row(60, ESTABLISHED,  RCV, (RST,),                   (If.IN_WINDOW,),            None,           R.CHALLENGE, "rst_not_exact"),
    Row(61, ESTABLISHED,  RCV, (RST,),                   (If.OUTSIDE,),              None,           R.NONE,      "reset.ignored"),
    Row(62, ESTABLISHED,  RCV, (KEEP,),                  (),                         None,           R.ACK,       "probe.keep_alive"),
    Row(63, ESTABLISHED,  RCV, (PROBE,),                 (),                         None,           R.ACK,       "probe.zero_window"),
    Row(64, ESTABLISHED,  OWN, (TIMEOUT,),               (If.EXHAUSTED,),            S.CLOSED,       R.NONE,      "probe.keep_alive"),
    Row(65, FIN_WAIT_1,   SND, (FIN,),                   (If.AGAIN,),                None,           R.NONE,      "teardown.fin.retransmit"),
    Row(66, FIN_WAIT_1,   SND, (DATA,),                  (),                         None,           R.NONE,      "data.retransmit"),
    Row(67, FIN_WAIT_1,   RCV, SPEECH,                   (If.COVERS,),               S.FIN_WAIT_2,   R.NONE,      "teardown.ack_of_fin"),
    Row(68, FIN_WAIT_1,   RCV, (ACK,),                   (If.NOT_COVERED,),          None,           R.NONE,      "data.ack"),
    Row(69, FIN_WAIT_1,   RCV, (DATA,),                  (If.NOT_COVERED, If.READER), None,          R.ACK,       ""),
    Row(70, FIN_WAIT_1,   RCV, (DATA,),                  (If.NO_READER,),            S.CLOSED,       R.RST,       "data_after_close"),
    Row(71, FIN_WAIT_1,   RCV, (FIN,),                   (If.COVERS,),               S.TIME_WAIT,    R.ACK,       "teardown.fin_ack"),
    Row(72, FIN_WAIT_1,   RCV, (FIN,),                   (If.NOT_COVERED,),          S.CLOSING,      R.ACK,       "teardown.fin.simultaneous"),
    Row(73, FIN_WAIT_1,   RCV, (SYN,),                   (),                         None,           R.CHALLENGE, "handshake.syn.unexpected"),
    Row(74, FIN_WAIT_1,   RCV, (RST,),                   (If.EXACT,),                S.CLOSED,       R.NONE,      "reset.after_fin"),
    Row(75, FIN_WAIT_1,   SND, (RST,),                   (),                         S.CLOSED,       R.NONE,      "reset.after_fin"),
    Row(76, FIN_WAIT_2,   RCV, (DATA,),                  (If.READER,),               None,           R.ACK,       "data.half_close"),
    Row(77, FIN_WAIT_2,   RCV, (DATA,),                  (If.NO_READER,),            S.CLOSED,       R.RST,       "data_after_close"),
    Row(78, FIN_WAIT_2,   RCV, (FIN,),                   (If.IN_ORDER,),             S.TIME_WAIT,    R.ACK,       "teardown.fin.passive"),
    Row(79, FIN_WAIT_2,   SND, (ACK,),                   (),                         None,           R.NONE,      "data.ack"),
    Row(80, FIN_WAIT_2,   RCV, (RST,),                   (If.EXACT,),                S.CLOSED,       R.NONE,      "reset.after_fin"),
    Row(81, FIN_WAIT_2,   SND, (RST,),                   (),                         S.CLOSED,       R.NONE,      "reset.after_fin"),
    Row(82, FIN_WAIT_2,   OWN, (TIMEOUT,),               (If.ORPHAN,),               S.CLOSED,       R.NONE,      ""),
    Row(83, CLOSE_WAIT,   SND, (DATA,),                  (),                         None,           R.NONE,      "data.half_close"),
    Row(84, CLOSE_WAIT,   SND, (ACK,),                   (),                         None,           R.NONE,      "teardown.ack_of_fin"),
    Row(85, CLOSE_WAIT,   SND, (FIN,),                   (If.COVERS,),               S.LAST_ACK,     R.NONE,      "teardown.fin.passive"),
    Row(86, CLOSE_WAIT,   SND, (RST,),                   (),                         S.CLOSED,       R.NONE,      "reset.after_fin"),
    Row(87, CLOSE_WAIT,   RCV, (ACK,),                   (),                         None,           R.NONE,      "data.ack"),
    Row(88, CLOSE_WAIT,   RCV, (FIN,),                   (If.AGAIN,),                None,           R.ACK,       "teardown.fin.retransmit"),
    Row(89, CLOSE_WAIT,   RCV, (DATA,),                  (),                         None,           R.NONE,      "data_after_fin"),
    Row(90, CLOSE_WAIT,   RCV, (RST,),                   (If.EXACT,),                S.CLOSED,       R.NONE,      "reset.after_fin"),
    Row(91, CLOSE_WAIT,   RCV, (SYN,),                   (),                         None,           R.CHALLENGE, "handshake.syn.unexpected"),
    Row(92, CLOSING,      RCV, (ACK,),                   (If.COVERS,),               S.TIME_WAIT,    R.NONE,      "teardown.ack_of_fin.simultaneous"),
    Row(93, CLOSING,      RCV, (ACK,),                   (If.NOT_COVERED,),          None,           R.NONE,      "stepless.ack"),
    Row(94, CLOSING,      RCV, (FIN,),                   (If.AGAIN, If.NOT_COVERED), None,           R.ACK,       "teardown.fin.retransmit"),
    Row(95, CLOSING,      SND, (ACK,),                   (If.COVERS,),               None,           R.NONE,      "teardown.ack_of_fin.simultaneous"),
    Row(96, CLOSING,      SND, (FIN,),                   (If.AGAIN,),                None,           R.NONE,      "teardown.fin.retransmit"),
    Row(97, CLOSING,      RCV, (RST,),                   (If.EXACT,),                S.CLOSED,       R.NONE,      "reset.after_fin"),
    Row(98, LAST_ACK,     RCV, (ACK,),                   (If.COVERS,),               S.CLOSED,       R.NONE,      "teardown.last_ack"),
    Row(99, LAST_ACK,     RCV, (ACK,),                   (If.NOT_COVERED,),          None,           R.NONE,      "teardown.ack.repeat"),
    Row(100, LAST_ACK,    SND, (FIN,),                   (If.AGAIN,),                None,           R.NONE,      "teardown.fin.retransmit"),
    Row(101, LAST_ACK,    RCV, (FIN,),                   (If.AGAIN, If.NOT_COVERED), None,           R.ACK,       "teardown.fin.retransmit"),
    Row(102, LAST_ACK,    RCV, (RST,),                   (If.EXACT,),                S.CLOSED,       R.NONE,      "reset.after_fin"),
    Row(103, LAST_ACK,    OWN, (TIMEOUT,),               (If.EXHAUSTED,),            S.CLOSED,       R.NONE,      "timer.give_up"),
    Row(104, TIME_WAIT,   SND, (ACK,),                   (),                         None,           R.NONE,      "teardown.last_ack"),
    Row(105, TIME_WAIT,   RCV, (FIN,),                   (If.AGAIN,),                None,           R.ACK,       "teardown.fin.retransmit"),
    Row(106, TIME_WAIT,   RCV, SPEECH,                   (),                         None,           R.ACK,       ""),
    Row(107, TIME_WAIT,   RCV, (SYN,),                   (If.REUSE,),                S.SYN_RECEIVED, R.SYN_ACK,   "time_wait_reuse"),
    Row(108, TIME_WAIT,   RCV, (SYN,),                   (If.NO_REUSE,),             None,           R.CHALLENGE, "time_wait_rejected"),
    Row(109, TIME_WAIT,   RCV, (RST,),                   (If.EXACT,),                S.CLOSED,       R.NONE,      "reset.in_time_wait"),
    Row(110, TIME_WAIT,   SND, (SYN,),                   (),                         S.SYN_SENT,     R.NONE,      "port_reuse"),
    Row(111, TIME_WAIT,   OWN, (TIMEOUT,),               (If.TWO_MSL,),              S.CLOSED,       R.NONE,      "timer.time_wait_expired"),
    Row(112, ALIVE,       OWN, (ABORT,),                 (),                         S.CLOSED,       R.NONE,      ""),
    Row(113, SYNCHRONIZED, RCV, (INVALID,),              (),                         None,           R.NONE,      "stepless.invalid_flags"),
    Row(114, ANY,         RCV, (BAD_SUM,),               (),                         None,           R.NONE,      "bad_checksum"),
)
# fmt: on


def rows(state: State, event: Event) -> Iterator[Row]:
    """Yield the rows that an event in a state may follow; several where no segment tells which."""
    for row in TABLE:
        applies = state in row.states and row.way is event.way and event.kind in row.kinds
        if applies and event.facts.union(HIDDEN).issuperset(row.test):
            yield row


# ------------------------------------------------------------------ events

PROBES: Final[Mapping[str, Occasion]] = {"probe.keep_alive": KEEP, "probe.zero_window": PROBE}


def sent(conn: Incarnation, record: Record, step: str) -> Event:
    """What a record is to its sender, by what was known before it; `step` is what it was found to be."""
    x, y, ack = record.x, record.y, record.ack
    facts = {If.COVERS if y.fin is not None and ack is not None and ack > y.fin else If.NOT_COVERED}
    if record.flags.syn:
        facts.add(If.SAME_ISN if x.syn_count and record.seq == 0 else If.OTHER_ISN)
    elif record.flags.rst:
        facts.add(If.REJECTS if answers_bad_ack(conn, record) else If.REGULAR)
    elif ack is not None:
        facts.add(If.PROVES if shows_established(record, ack) else If.EARLY)
    if record.flags.fin and x.fin is not None:
        facts.add(If.AGAIN)
    return Event(SND, PROBES.get(step, record.cls), frozenset(facts))  # its checksum is the receiver's affair


def received(record: Record, step: str) -> Event:
    """What a record is to its receiver, if it arrives, by what was known before it."""
    x, y, ack = record.x, record.y, record.ack
    facts = {If.ACTIVE if y.active else If.PASSIVE}
    if ack is not None:
        acceptable = not y.isn_known or 1 <= ack <= (y.octets.nxt or 1)
        facts.add(If.ACKS if acceptable else If.BAD_ACK)
        facts.add(If.COVERS if y.fin is not None and ack > y.fin else If.NOT_COVERED)
        if y.octets.nxt is not None and ack > y.octets.nxt:
            facts.add(If.UNSENT)
        elif x.lastack is None or ack > x.lastack:
            facts.add(If.ADVANCES)
    elif record.flags.rst:
        facts.add(If.BAD_ACK)  # to SYN-SENT
    if record.flags.syn:
        facts.add(If.SAME_ISN if x.syn_count and record.seq == 0 else If.OTHER_ISN)
    elif record.flags.rst:
        facts.add(If.EXACT if rst_acceptable(record) else If.IN_WINDOW if rst_in_window(record) else If.OUTSIDE)
    else:
        facts.update(_place(record))
    return Event(RCV, _kind(record, step), frozenset(facts))


def _kind(record: Record, step: str) -> SegmentClass | Occasion:
    if record.segment.checksum == "incorrect":
        return BAD_SUM
    return PROBES.get(step, record.cls)


def _place(record: Record) -> Iterator[If]:
    """Where the octets of a segment lie, by what was captured before (R48, R49)."""
    x, y = record.x, record.y
    if record.flags.fin and x.fin is not None:
        yield If.AGAIN
    start, end, reached = record.seq, record.end, x.octets.reach(y.lastack)
    if start is None or end is None or reached is None:
        return
    window = y.scaled(y.win)
    if window is not None and y.lastack is not None and start >= y.lastack + window > y.lastack:
        yield If.OUTSIDE
    elif start > reached:
        yield If.GAP
    else:
        yield If.OLD if end <= reached else If.IN_ORDER


# ------------------------------------------------------------------ the diagram

CALLS: Final = (
    # Figure 5 has three arrows that no segment shows.
    (State.CLOSED, State.LISTEN, "listen()"),
    (State.LISTEN, State.CLOSED, "close()"),
    (State.SYN_SENT, State.CLOSED, "close()"),
)


@cache
def arrows() -> Mapping[tuple[State, State], tuple[str, ...]]:
    """Return every change of a state, with what brings it about: the rows of the table, and the calls of figure 5."""
    found: dict[tuple[State, State], list[str]] = {(old, new): [label] for old, new, label in CALLS}
    for row in TABLE:
        if row.new is not None and len(row.states) == 1:
            found.setdefault((row.states[0], row.new), []).append(_label(row))
    return {pair: tuple(labels) for pair, labels in sorted(found.items(), key=_order)}


def diagram() -> str:
    """Return the state diagram as Mermaid text: an arrow for every change, labelled with its rows."""
    lines = ["stateDiagram-v2", "    [*] --> CLOSED"]
    lines += [f"    {old} --> {new}: {'<br/>'.join(labels)}" for (old, new), labels in arrows().items()]
    return "\n".join(lines)


def _order(arrow: tuple[tuple[State, State], list[str]]) -> tuple[int, int]:
    states = list(State)
    return states.index(arrow[0][0]), states.index(arrow[0][1])


def _label(row: Row) -> str:
    what = "/".join(row.kinds)
    test = ", ".join(row.test)
    label = f"T{row.number} {row.way} {what}".replace("  ", " ") + (f" ({test})" if test else "")
    return f"{label} / {row.reply}" if row.reply else label
