"""
One incarnation of a connection: both peers and what is remembered between its records (R42-R46).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tdparse.evidence import MAX_SHIFT, Peer, has_place, refresh
from tdparse.flags import INVALID
from tdparse.metrics import Metrics
from tdparse.model import CLOSED, TIME_WAIT, Symbols
from tdparse.normalize import SMALL
from tdparse.seqnum import MASK, add, diff, unwrap
from tdparse.states import OBSERVED
from tdparse.zeek import History

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tdparse.evidence import Record
    from tdparse.flags import SegmentClass
    from tdparse.model import Endpoint, Flow
    from tdparse.prediction import Lanes

REMEMBERED: Final = 4096  # sets of steps that incarnations share; ordinary traffic has some hundred
MAX_SYN_COPIES: Final = 16  # more than any schedule of R86 has

_OVER: Final = frozenset({CLOSED, TIME_WAIT})

# What most incarnations never fill is one and the same for all of them, and replaced when there is something.
NOTHING: Final[Mapping[Any, Any]] = {}
NO_STEPS: Final[frozenset[str]] = frozenset()
_step_sets: Final[dict[frozenset[str], frozenset[str]]] = {}


class Tentative:
    """A bare SYN inside an open incarnation, and its copies, until somebody answers it (R44)."""

    __slots__ = ("before", "copies", "first_line", "first_time", "is_client", "isn", "pending", "record")

    def __init__(self, record: Record, isn: int) -> None:
        """Remember the SYN."""
        self.record = record  # the last copy, which an answer answers
        self.copies = 1
        self.first_line, self.first_time = record.line, record.time
        self.isn = isn
        self.is_client = record.x.is_client
        # What may yet turn out to belong to another incarnation, and what was known of this one before it.
        self.pending: list[tuple[Record, str]] = []
        self.before: tuple[int, int | None, int, int, Record | None, str] = (0, None, 0, 0, None, "")

    def is_repeated_by(self, record: Record) -> bool:
        """Tell whether a record is another copy of it."""
        same = record.flags.syn and not record.flags.ack and record.numbers.seq == self.isn
        return same and record.x.is_client == self.is_client


class Incarnation:
    """One life of an address pair, from its first record to its last."""

    __slots__ = (
        "behind",
        "checksums",
        "client",
        "count",
        "doubted",
        "dropped",
        "first_class",
        "first_fin",
        "first_flags",
        "first_line",
        "flow",
        "found",
        "handshake_done",
        "history",
        "icmp",
        "irtt",
        "keep_alives",
        "lanes",
        "last_line",
        "last_of",
        "last_rst",
        "last_time",
        "metrics",
        "midstream",
        "mild",
        "only_rst",
        "previous",
        "previous_end",
        "previous_open",
        "previous_step",
        "probes",
        "replay",
        "reset_before_close",
        "reset_by",
        "reset_phase",
        "reset_step",
        "reset_time",
        "rested",
        "reused",
        "self_connected",
        "server",
        "simultaneous_open",
        "split_handshake",
        "steps",
        "symbols",
        "syn_stack",
        "syn_times",
        "tentative",
        "tfo",
        "thinned",
        "took_time_wait",
        "window_before",
    )

    def __init__(  # noqa: PLR0915  one line a thing to remember
        self, flow: Flow, *, midstream: bool, unreadable: bool = False
    ) -> None:
        """Start with both peers unknown; mid-stream they are taken as open (R26), unless flags are not shown."""
        self.flow = flow
        self.client = Peer(flow.client, is_client=True)
        # A socket connected to itself is one endpoint with one state (R74).
        self.self_connected = flow.client == flow.server
        self.server = self.client if self.self_connected else Peer(flow.server, is_client=False)
        self.midstream = midstream
        self.handshake_done = midstream
        self.simultaneous_open = False
        self.split_handshake = False
        self.tfo: str = "none"  # none | requested | accepted | fallback (R115)
        self.reused = False  # the pair was seen before
        self.tentative: Tentative | None = None
        self.replay: Sequence[Record] = ()  # copies of the SYN that opened it, shown before as tentative
        self.first_fin: Peer | None = None
        self.first_class: SegmentClass | None = None
        self.first_flags = ""
        self.first_line = 0
        self.last_line = 0
        self.rested = 0  # the last line there was when it was put to rest
        self.thinned = False  # and how
        self.last_time: int | None = None
        self.behind: int | None = None  # the log's time at its last record that was older: other records came first
        self.previous_end: int | None = None  # the last time of the incarnation before this one
        self.previous_open = False  # which nothing in the log had ended
        self.took_time_wait = False  # an endpoint of the incarnation before was in TIME-WAIT
        self.steps: frozenset[str] = NO_STEPS
        self.icmp: tuple[dict[str, object], ...] = ()  # ICMP errors that quote it: line, text, mtu
        # The latest of them while it may be about something else: its line, and whether it is what the client sent.
        self.doubted: tuple[int, bool] | None = None
        self.dropped = 0  # packets that tcpdump says it has lost itself meanwhile
        self.syn_times: tuple[int, ...] = ()  # of the client's latest bare SYNs, more than any schedule has
        self.syn_stack: str | None = None  # whose they are, once repeated
        self.count = 0
        self.only_rst = True
        # -- the record before, for what only makes sense "directly after"
        self.previous: Record | None = None
        self.previous_step = ""
        self.last_of: list[tuple[Record, str] | None] = [None, None]  # by "is the client", its last record and step
        # -- the reset that ended it (R116)
        self.reset_by: Peer | None = None  # None again while the other side carries on in spite of it (R21)
        self.reset_step = ""
        self.reset_phase = ""  # handshake | open | data | close
        self.reset_time: int | None = None
        self.reset_before_close = False  # not both FINs had been acknowledged by then
        # -- counters that findings and verdicts share
        self.window_before: int | None = None  # of the present record's sender
        self.probes = 0  # zero-window probes in a row
        self.keep_alives = 0  # keep-alives in a row without an answer
        self.checksums: Mapping[bool, int] = NOTHING  # by "is the client", how many more correct ones than incorrect
        self.last_rst: tuple[Record | None, Record | None] = (None, None)  # as `last_of`
        self.irtt: int | None = None
        self.lanes: Lanes | None = None  # while what comes next is foreseen
        self.history = History()
        self.metrics = Metrics()
        self.found: Mapping[str, int] = NOTHING  # how often, by code
        self.mild: frozenset[str] = frozenset()  # findings that were no more than chat, by code
        self.symbols = Symbols(client_isn=False, server_isn=False, first_fin=None, client_fin=None, server_fin=None)
        for peer in (self.client, self.server):
            peer.unreadable = unreadable
            if midstream:
                peer.midstream = True
                peer.sent_syn = peer.got_syn = peer.syn_acked = OBSERVED
        refresh(self.client, self.server)
        self.refresh_symbols()

    # -------------------------------------------------------------- numbers

    def place(self, record: Record) -> None:
        """Give the record its relative numbers, and the peers their (pseudo) ISNs (R35, R36)."""
        x, y, numbers = record.x, record.y, record.numbers
        rst, syn = record.flags.rst, record.flags.syn
        announced = syn and record.cls is not INVALID  # what no TCP sends announces nothing (T113)
        if numbers.seq is not None and not rst and (x.isn is None or self._renews_isn(record)):
            x.isn = 0 if numbers.from_syn else add(numbers.seq, 0 if syn else -(x.octets.nxt or 1))
            x.isn_known = announced
            x.isn_absolute = numbers.seq_absolute
            self.refresh_symbols()
        elif syn and self._tells_isns(record):
            x.isn, x.isn_known, x.isn_absolute = numbers.seq, True, True
            y.isn, y.isn_absolute = add(numbers.ack or 0, -1), True
            self.refresh_symbols()
        if numbers.ack is not None and not rst and y.isn is None:
            y.isn = 0 if numbers.from_syn else add(numbers.ack, -1)
            y.isn_known = announced
            y.isn_absolute = numbers.ack_absolute
            self.refresh_symbols()
        if not self.handshake_done and not rst:
            self._weigh_answers(record)
        if not (rst or numbers.ack is None or (x.isn_absolute and y.isn_absolute)):
            self._recognise(x, numbers.seq if numbers.seq_absolute else None)
            self._recognise(y, numbers.ack if numbers.ack_absolute else None)
        if numbers.seq is not None:
            if has_place(x, numbers) and x.isn is not None:
                near = x.octets.nxt if x.octets.nxt is not None else (y.lastack or 0)
                record.seq = unwrap(numbers.seq - x.isn, near)
        elif syn:
            record.seq = 0  # by definition, even where somebody has shortened the record (R35)
        if record.seq is None and (numbers.seq is None or not rst):
            record.seq = x.octets.nxt if x.octets.nxt is not None else y.lastack
            if record.seq is None and (x.isn is not None or record.flags.fin):
                record.seq = 1  # a FIN stands somewhere, even if nobody can say where
        if record.seq is not None:
            record.seq_end = record.seq + record.length
            record.end = record.seq_end + syn + record.flags.fin
        if numbers.ack is not None and y.isn is not None:
            near = y.octets.nxt if y.octets.nxt is not None else (x.lastack or 0)
            record.ack = unwrap(numbers.ack - y.isn, near)
        elif record.flags.ack and record.segment.ack is None and not rst:
            # Somebody has shortened the record: it is taken to acknowledge what was captured, and shows no number.
            record.ack = y.octets.nxt or 1
        isn, ack = y.isn, record.ack
        if numbers.sack and isn is not None and ack is not None:
            record.sack = tuple([(unwrap(left - isn, ack), unwrap(right - isn, ack)) for left, right in numbers.sack])

    @staticmethod
    def _recognise(peer: Peer, number: int | None) -> None:
        """R34: a number on the wire shows that those beside it, of which nobody could tell, were on the wire as well."""
        if number is not None and peer.isn is not None and not peer.isn_absolute:
            peer.isn_absolute = -SMALL < diff(number, add(peer.isn, peer.octets.nxt or 1)) < SMALL

    def _renews_isn(self, record: Record) -> bool:
        """A SYN states its sender's ISN; a pseudo ISN taken from the peer's ack gives way to it, and that of a rejected SYN-ACK."""
        return record.flags.syn and not (record.x.isn_known and record.x.sent_syn) and not self.midstream

    def _tells_isns(self, record: Record) -> bool:
        """R32 c: what an excerpt has shown counts from the SYNs, and a SYN-ACK that is repeated prints where those were."""
        x, y, numbers = record.x, record.y, record.numbers
        hidden = x.isn == y.isn == 0 and not (x.isn_absolute or y.isn_absolute)
        told = numbers.seq_absolute and numbers.ack_absolute and None not in (numbers.seq, numbers.ack)
        return self.midstream and hidden and told and record.flags.ack and x.octets.nxt in (None, 1)

    def _weigh_answers(self, record: Record) -> None:
        """Of two SYN-ACKs for one SYN, with an ISN each, the third step tells which one its sender has taken."""
        x, y, numbers = record.x, record.y, record.numbers
        if record.flags.syn:
            if record.flags.ack and x.sent_synack and x.isn_known and numbers.seq not in (None, x.isn):
                x.rival_isn = numbers.seq
        elif y.rival_isn is not None and numbers.ack == add(y.rival_isn, 1):
            y.isn, y.rival_isn = y.rival_isn, None
            y.octets.unacked = [one._replace(repeated=True) for one in y.octets.unacked]  # it acknowledges the rival

    def absolute(self, peer: Peer, relative: int | None) -> int | None:
        """Return the number on the wire for a relative one, None where the text never told."""
        if relative is None or peer.isn is None or not peer.isn_absolute:
            return None
        return (peer.isn + relative) & MASK

    def refresh_symbols(self) -> None:
        """Rebuild what j, k, m, n stand for (R4)."""
        client, server, first = self.client, self.server, self.first_fin
        known = client.isn_known, server.isn_known
        self.symbols = tuple.__new__(Symbols, (*known, None if first is None else first.role, client.fin, server.fin))

    def add_step(self, step: str) -> None:
        """Note that a record was this step."""
        if step in self.steps:
            return
        if len(_step_sets) >= REMEMBERED:  # a strange log
            _step_sets.clear()
        steps = self.steps | {step}
        self.steps = _step_sets.setdefault(steps, steps)

    def account(self, record: Record, step: str) -> None:
        """Count a record in what is told of the whole incarnation."""
        self.history.feed(record.flags, record.length, from_client=record.x.is_client)
        self.metrics.feed(self, record, step)

    # -------------------------------------------------------------- a SYN that may belong to another incarnation

    def attempt(self, record: Record, step: str) -> bool:
        """Tell whether a record is a SYN that opens another incarnation if it is answered (R44), and keep it then."""
        tentative = self.tentative
        if tentative is not None and not tentative.is_repeated_by(record):
            self.take_in()
            tentative = None
        if tentative is not None:
            tentative.record = record
            tentative.copies += 1
            if len(tentative.pending) >= MAX_SYN_COPIES:
                self.take_in()
        elif step == "handshake.syn.unexpected" and record.numbers.seq is not None:
            tentative = self.tentative = Tentative(record, record.numbers.seq)
        else:
            return False
        if not tentative.pending:
            x, last = record.x, self.last_of[record.x.is_client]
            before, last_step = (None, "") if last is None else last
            tentative.before = (self.count, self.last_time, x.segments, x.copies, before, last_step)
        tentative.pending.append((record, step))
        return True

    def take_in(self) -> None:
        """Count a tentative SYN here: nobody has answered it so far."""
        if self.tentative is not None:
            for record, step in self.tentative.pending:
                if step != "stepless.capture_duplicate":
                    self.account(record, step)
            self.tentative.pending = []

    def give_back(self) -> list[Record]:
        """Forget a tentative SYN, which has opened another incarnation, and return its copies."""
        tentative = self.tentative
        if tentative is None:
            return []
        found = [record for record, _ in tentative.pending]
        if found:
            x = found[0].x
            self.count, self.last_time, x.segments, x.copies, record, step = tentative.before
            self.last_of[x.is_client] = None if record is None else (record, step)
        self.tentative = None
        return found or [tentative.record]

    # -------------------------------------------------------------- life

    @property
    def peers(self) -> tuple[Peer, Peer]:
        """Client and server."""
        return self.client, self.server

    @property
    def completed(self) -> bool:
        """Whether the third step of the handshake was captured, or its server shows that it has arrived (R13 d, T41)."""
        return self.handshake_done or self.server.syn_acked is OBSERVED

    @property
    def dead(self) -> bool:
        """An RST ended both sides."""
        return bool(self.client.dead and self.server.dead)

    @property
    def closed(self) -> bool:
        """R43: effective RST, or both FINs captured and each endpoint CLOSED or TIME_WAIT."""
        client, server = self.client, self.server
        if (client.dead or client.crossed) and (server.dead or server.crossed):
            return True
        if not (client.sent_fin and server.sent_fin):  # asked of every connection, and mostly so
            return False
        ours, theirs = client.standing, server.standing
        if ours.alternatives or theirs.alternatives:
            return False
        return ours.state in _OVER and theirs.state in _OVER

    def misses_signature(self, record: Record) -> bool:
        """R82: tell whether a record has no signature (MD5, TCP-AO), although the last one of its receiver has one."""
        last = self.last_of[record.y.is_client]
        return last is not None and last[0].signed and not record.signed and not record.segment.truncated

    def last_line_of(self, peer: Peer) -> int:
        """Return the line of the last record that `peer` sent, 0 before the first."""
        last = self.last_of[peer.is_client]
        return 0 if last is None else last[0].line

    def rest(self, *, thinned: bool = False) -> None:
        """Take less room, as nothing happens; `thinned`: keep no more of what was sent than late copies need."""
        fresh = self.rested != self.last_line
        if fresh or thinned > self.thinned:
            for peer in self.peers:
                peer.octets.rest(thinned=thinned)
                peer.recent = ()
                for stray in peer.strays:
                    stray.rest()
        self.rested, self.thinned = self.last_line, thinned
        if not fresh:
            return
        if self.tentative is None:
            for last in self.last_of:
                if last is not None:
                    last[0].rest()
        self.metrics.rest()

    @property
    def unanswered(self) -> bool:
        """Only one side has sent anything so far."""
        return not self.client.segments or not self.server.segments

    def reopened_by(self, isn: int | None) -> bool:
        """Tell whether a bare SYN with this ISN opens a new incarnation at once (R43)."""
        if self.closed:
            return True
        never_accepted = self.unanswered or self.server.inherited is not None
        return never_accepted and isn is not None and all(p.isn != isn or not p.isn_known for p in self.peers)

    def left_by(self, sender: Endpoint, isn: int | None, ack: int | None) -> bool:
        """Tell whether a SYN-ACK of `sender` answers a SYN of another, later incarnation."""
        x, y = self.peers if sender == self.flow.client else self.peers[::-1]
        if isn is None or ack is None or isn == x.isn:
            return False
        opened = y.syn_count or y.synack_count
        if opened and y.isn is not None and 0 < diff(ack, y.isn) <= max(y.syn_data + 1, y.octets.nxt or 0):
            return False  # it acknowledges what was sent in this one
        if self.closed or self.first_fin is not None:
            return True
        # While this one is open its SYN must be missing, and its SYN-ACK be another.
        return x.synack_count > 0 and not y.syn_count and not self.midstream

    def negotiate(self) -> None:
        """R76: the window shifts, as far as the SYNs captured so far decide them."""
        client, server = self.peers
        known = [peer for peer in self.peers if peer.options]
        if any(peer.offered_scale is None for peer in known):
            client.shift = server.shift = 0  # in force only if both carry it, and one does not
            return
        for peer in known:
            # A SYN-ACK carries the option only if its SYN did; a SYN alone decides nothing.
            if len(known) > 1 or peer.sent_synack:
                peer.shift = min(peer.offered_scale or 0, MAX_SHIFT)
