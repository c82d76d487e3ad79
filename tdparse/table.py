"""
The table of incarnations: which one a segment belongs to, and how long it is kept (R42-R46).
"""

from __future__ import annotations

from collections import deque
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from tdparse import evidence
from tdparse.evidence import Record
from tdparse.flags import SYN, SYN_ACK, flags_of
from tdparse.incarnation import Incarnation
from tdparse.model import CLOSED, Flow, State
from tdparse.roles import Roles, answers_syn
from tdparse.seqnum import MASK, diff
from tdparse.states import DEDUCED, OBSERVED, PRESUMED
from tdparse.verdict import end_by_reset

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from tdparse.incarnation import Tentative
    from tdparse.model import Endpoint, Segment
    from tdparse.normalize import Normalizer, Numbers
    from tdparse.sharing import Sharing
    from tdparse.verdict import Probe

SECOND: Final = 10**9

# How long an incarnation is kept after its last record, by the log's own clock; then it is summed up
# and forgotten, so that memory grows with the open connections and not with the log.
CLOSED_KEEP: Final = 120 * SECOND  # the longest TIME-WAIT of R83 and R91 in common use
UNANSWERED_KEEP: Final = 300 * SECOND  # every retry schedule of R86 has given up long before
IDLE_KEEP: Final = 3 * 3600 * SECOND  # beyond two hours without keep-alives plus its probes (R89)
TIME_WAIT: Final = 60 * SECOND  # time_wait_len of R83
RELATED: Final = 1 << 24  # numbers farther than this from where a direction stood are another connection's (R45)
IDLE: Final = 10 * SECOND  # an open one is put to rest after such a silence
IDLE_IN_A_CROWD: Final = SECOND  # the same when the table has doubled within a minute
SWEEP_EVERY: Final = 60 * SECOND
SWEEP_AT: Final = 1024  # incarnations; from here on a sweep whenever the table has doubled
CROWD: Final = 2_000  # so many more than at the last sweep, and a quarter more, are swept before the table has doubled
MAX_UNANSWERED: Final = 10_000  # open ones on which one side alone has spoken: what a flood of SYNs is made of
MAX_RETIRED: Final = 50_000  # of a relative log, forgotten ones whose numbers could still be asked for
MAX_CLOSED: Final = 6_000  # closed ones that wait for late copies; beyond, those closed longest are over
MAX_LIVE: Final = 100_000  # hard cap: beyond it the longest idle are dropped, and said to be


class Over:
    """An incarnation that can receive nothing more."""

    __slots__ = ("conn", "evicted", "names", "probe")

    def __init__(
        self, conn: Incarnation | None, probe: Probe | None, *, evicted: bool = False, names: Sequence[str] = ()
    ) -> None:
        """
        Keep it.

        Args:
            conn: The incarnation; None: it is the other half's.
            probe: What it has probed.
            evicted: A cap has dropped it while it was open.
            names: How lines have named it, if it is the other half's.
        """
        self.conn = conn
        self.probe = probe
        self.evicted = evicted
        self.names = names


class Table:
    """The incarnations of one log that can still receive a segment."""

    def __init__(
        self,
        normalizer: Normalizer,
        settle: Callable[[Incarnation], None],
        probe: Callable[[Incarnation], Probe | None],
        sharing: Sharing,
    ) -> None:
        """
        Start empty.

        Args:
            normalizer: Forgets the numbers of what is forgotten here.
            settle: Is told of each incarnation that is over.
            probe: Says what an incarnation that is over has probed.
            sharing: Knows who has the other connections of the log, if there is somebody.
        """
        self._settle = settle
        self._probe = probe
        self._sharing = sharing
        self.elsewhere: dict[tuple[Endpoint, Endpoint], list[str]] = {}  # the other half's, with how lines name them
        self.live: dict[tuple[Endpoint, Endpoint], Incarnation] = {}
        self.evicted = 0  # incarnations dropped by the caps while still open
        self._normalizer = normalizer
        self._roles = Roles(sharing)
        self._over: list[Over] = []
        self.replaced: Over | None = None  # by the record at hand; only the half that has it knows
        self._closing: deque[Incarnation] = deque()  # what is closed and has not been put to rest
        self._retired: deque[tuple[Endpoint, Endpoint] | None] = deque()  # None: the other half's
        self.opened = 0  # incarnations; the number of the last one
        self._now: int | None = None  # the log's time so far
        self._swept: int | None = None  # time of the last sweep
        self._sweep_at = SWEEP_AT

    def over(self) -> Iterator[Over]:
        """Yield, once each, what has been swept out."""
        over, self._over = self._over, []
        yield from over

    @property
    def count(self) -> int:
        """How many incarnations the log has at present."""
        return len(self.live) + len(self.elsewhere)

    def clear(self) -> None:
        """Know no incarnation any more."""
        self.live.clear()
        self._closing.clear()

    @property
    def due(self) -> int:
        """The time of the next sweep, nanoseconds; 0 where it comes with the next record."""
        return 0 if self._swept is None or self.count >= self._sweep_at else self._swept + SWEEP_EVERY

    def live_one(self, segment: Segment) -> Incarnation | None:
        """Return the incarnation of a segment's address pair."""
        pair = (segment.src, segment.dst)
        return self.live.get(pair) or self.live.get((segment.dst, segment.src))

    def find(self, segment: Segment, numbers: Numbers, time: int | None) -> Incarnation:
        """Return the incarnation `segment` belongs to, opening one where R43 to R45 say so."""
        conn = self.live_one(segment)
        flags = flags_of(segment.flags or "")
        bare_syn = flags.header_class is SYN
        if conn is None:
            return self._open(segment, None)
        if bare_syn and conn.reopened_by(numbers.seq) and not self._crosses(conn, segment):
            return self._open(segment, conn)
        if not bare_syn and conn.closed and _is_unrelated(conn, segment, numbers, time):
            return self._open(segment, conn)
        syn_ack = flags.header_class is SYN_ACK
        if syn_ack and conn.tentative is None and conn.left_by(segment.src, numbers.seq, numbers.ack):
            return self._open(segment, conn)  # its SYN was not captured
        tentative, ack = conn.tentative, numbers.ack
        if tentative is not None and flags.ack and ack is not None and (flags.syn or flags.rst):
            syn = tentative.record
            confirms = segment.src == syn.y.endpoint and 0 < diff(ack, tentative.isn) <= syn.length + 1
            if confirms:
                if flags.rst:
                    _refuse(conn, syn)
                return self._confirm(conn)
        elif tentative is not None and _is_third_step(tentative, segment, numbers):
            return self._confirm(conn)
        return conn

    @staticmethod
    def _crosses(conn: Incarnation, segment: Segment) -> bool:
        """A bare SYN the other way while the first one is outstanding: one connection, not two (R61)."""
        x, y = (conn.client, conn.server) if segment.src == conn.flow.client else (conn.server, conn.client)
        return not conn.closed and not x.syn_count and not x.sent_synack and y.syn_count > 0

    def _open(self, segment: Segment, old: Incarnation | None) -> Incarnation:
        sender_is_client, confidence = self._roles.decide(segment)
        client, server = (segment.src, segment.dst) if sender_is_client else (segment.dst, segment.src)
        self.opened = self._sharing.number(self.opened)
        refused = not sender_is_client and answers_syn(segment)
        midstream = not refused and not flags_of(segment.flags or "").syn
        flow = Flow(self.opened, client, server, confidence)
        conn = Incarnation(flow, midstream=midstream, unreadable=segment.flags is None)
        if refused:
            conn.client.sent_syn = DEDUCED  # R16: what was refused was not captured, but must have been sent
            evidence.refresh(*conn.peers)
        if old is not None:
            conn.reused = True
            # An attempt that was rejected ended nothing: what counts is the connection before it.
            conn.previous_end = old.last_time if old.server.inherited is None else old.previous_end
            conn.previous_open = not old.closed and old.server.inherited is None
            conn.took_time_wait = any(peer.standing.state is State.TIME_WAIT for peer in old.peers)
            self._inherit(old, conn)
            self._retire(old)
            self.replaced = Over(old, self._probe(old))
        self.live[client, server] = conn
        self._roles.note(client, server, confidence)
        return conn

    def _inherit(self, old: Incarnation, new: Incarnation) -> None:
        """R44: the receiver of a tentative SYN keeps a TIME-WAIT it may still be in."""
        receiver = next(peer for peer in old.peers if peer.endpoint == new.flow.server)
        since, now = receiver.time_wait_since, self._now
        ended = since is not None and now is not None and now - since > TIME_WAIT
        if receiver.standing.state is State.TIME_WAIT and not ended:
            new.server.inherited = State.TIME_WAIT
            evidence.refresh(new.server, new.client)

    def _confirm(self, old: Incarnation) -> Incarnation:
        """R44: the SYN-ACK (or RST) that acknowledges the tentative SYN makes it an incarnation."""
        tries = old.give_back()
        conn = self._open(tries[0].segment, old)
        # They were shown as part of the old incarnation, and are applied to the new one unseen.
        conn.replay = [Record(one.segment, one.numbers, one.flags, SYN, one.time, *conn.peers) for one in tries]
        return conn

    def _retire(self, conn: Incarnation) -> None:
        if conn.lanes is not None:
            self._settle(conn)
        self.live.pop((conn.flow.client, conn.flow.server), None)

    def meet(self, src: Endpoint, dst: Endpoint) -> None:
        """Take note of a record between two endpoints of the other half: it opens an incarnation, or belongs to one."""
        if (src, dst) not in self.elsewhere and (dst, src) not in self.elsewhere:
            self.elsewhere[src, dst] = []

    def divide(self) -> None:
        """Have the incarnations no longer that are the other half's from now on."""
        for pair, conn in [*self.live.items()]:
            if not self._sharing.owns(*pair):
                self._retire(conn)
                self._normalizer.forget([pair])
                self.elsewhere[pair] = []
        self._retired = deque(pair if pair is None or self._sharing.owns(*pair) else None for pair in self._retired)

    def _leave(self, pair: tuple[Endpoint, Endpoint]) -> Sequence[str]:
        """Forget an incarnation of the other half, and return how lines have named it."""
        place = pair if pair in self.elsewhere else pair[::-1]
        return self.elsewhere.pop(place, ())

    def name(self, src: Endpoint, dst: Endpoint, text: str) -> None:
        """Note how lines name an incarnation of the other half, until it is over."""
        names = self.elsewhere.get((src, dst))
        if names is None:
            names = self.elsewhere[dst, src]
        names.append(text)

    def note(self, conn: Incarnation) -> None:
        """Take note of an incarnation that may have been closed by the segment that came last."""
        if conn.closed:
            self._closing.append(conn)

    def tidy(self, now: int | None) -> None:
        """Retire what can receive nothing more, when that is due; `now` is the log's time so far."""
        self._now = now
        closing = self._closing
        while closing and (now is None or now - (closing[0].last_time or 0) >= IDLE_IN_A_CROWD):
            closing.popleft().rest()
        if now is not None and self._swept is None:
            self._swept = now
        due = now is not None and self._swept is not None and now - self._swept >= SWEEP_EVERY
        if due or self.count >= self._sweep_at:
            self._sweep(now)

    def _sweep(self, now: int | None) -> None:
        """Retire what is over, and beyond the hard cap what has been idle longest; both halves do so at the same record."""
        self._sharing.know()
        idle = IDLE if self._swept is None or now is None or now - self._swept >= SWEEP_EVERY else IDLE_IN_A_CROWD
        self._swept = now
        if now is not None:
            self._end([conn for conn in self.live.values() if _is_over(conn, now)], _number, evicted=False)
        closed = [conn for conn in self.live.values() if self._rest(conn, now, idle)]
        unanswered = [conn for conn in self.live.values() if conn.unanswered and not conn.closed]
        shares = self._sharing.gather((len(closed), len(unanswered)))
        excess = sum(share[0] for share in shares) - MAX_CLOSED
        if excess > 0:
            self._evict(closed, _age, excess + MAX_CLOSED // 10)
        excess = sum(share[1] for share in shares) - MAX_UNANSWERED
        if excess > 0:  # the oldest have waited in vain, and connections that talk are left alone
            self._evict(unanswered, _number, excess + MAX_UNANSWERED // 2)
        if self.count > MAX_LIVE:
            for conn in self.live.values():
                if conn.lanes is not None:
                    self._settle(conn)
            self._evict(self.live.values(), _worth, self.count - MAX_LIVE * 9 // 10)
        count = self.count
        self._sweep_at = min(max(SWEEP_AT, 2 * count), count + max(CROWD, count // 4), MAX_LIVE + 1)

    def _rest(self, conn: Incarnation, now: int | None, idle: int) -> bool:
        """Have an incarnation take less room if it is closed or has been silent for `idle` ns; tell whether it is closed."""
        closed = conn.closed
        if closed or (now is not None and conn.last_time is not None and now - conn.last_time >= idle):
            if conn.lanes is not None:
                self._settle(conn)
            conn.rest(thinned=closed and now is not None)
        return closed

    def _evict(
        self, crowd: Collection[Incarnation], order: Callable[[Incarnation], tuple[int, ...]], count: int
    ) -> None:
        """Drop the first `count` by `order` of a crowd, whose members both halves have."""
        shares = self._sharing.gather([order(conn) for conn in crowd])
        last = sorted(chain.from_iterable(shares))[count - 1]
        self._end([conn for conn in crowd if order(conn) <= last], order, evicted=True)

    def _end(
        self, crowd: Collection[Incarnation], order: Callable[[Incarnation], tuple[int, ...]], *, evicted: bool
    ) -> None:
        """Retire a crowd and forget its number bases, in an order that both halves know; `evicted`: those that are open."""
        mine: dict[tuple[int, ...], Incarnation] = {}
        facts = []
        for conn in crowd:
            self._retire(conn)
            place, pair = order(conn), (conn.flow.client, conn.flow.server)
            mine[place] = conn
            dropped = evicted and not conn.closed
            self.evicted += dropped
            facts.append((place, pair, dropped, self._probe(conn), self._keeps_bases(pair)))
        for place, pair, dropped, probe, kept in sorted(
            chain.from_iterable(self._sharing.gather(facts)), key=itemgetter(0)
        ):
            known = mine.get(place)
            names = () if known is not None else self._leave(pair)
            self._over.append(Over(known, probe, evicted=dropped, names=names))
            if kept:
                self._retired.append(pair if known is not None else None)
        while len(self._retired) > MAX_RETIRED:
            oldest = self._retired.popleft()
            if oldest is not None and oldest not in self.live and oldest[::-1] not in self.live:
                self._normalizer.forget([oldest])

    def _keeps_bases(self, pair: tuple[Endpoint, Endpoint]) -> bool:
        """Drop the number bases; where the log may be printed relative to them (R32), keep them until many others were."""
        if self._normalizer.numbering == "absolute" or not self._normalizer.has_bases(pair):
            self._normalizer.forget([pair])
            return False
        return True


def _refuse(conn: Incarnation, syn: Record) -> None:
    """T58, R65: an RST answers a SYN in an open incarnation, which neither of its ends has any more."""
    evidence.kill(syn.y, OBSERVED, CLOSED, syn)
    evidence.kill(syn.x, PRESUMED, CLOSED, syn)
    evidence.refresh(*conn.peers)
    end_by_reset(conn, syn.y, "reset.reply", syn)


def _number(conn: Incarnation) -> tuple[int]:
    """Return what orders incarnations as they appeared."""
    return (conn.flow.conn,)


def _age(conn: Incarnation) -> tuple[int, int, int]:
    """Return what orders incarnations by when they were last heard of."""
    return conn.last_time or 0, conn.last_line, conn.flow.conn


def _worth(conn: Incarnation) -> tuple[int, int, int, int]:
    """Return what orders incarnations by how little they will be missed."""
    return (not conn.closed, *_age(conn))


def _is_unrelated(conn: Incarnation, segment: Segment, numbers: Numbers, time: int | None) -> bool:
    """R45: a segment long after the close, with other numbers: the opening of its incarnation was missed."""
    if time is None or conn.last_time is None or time - conn.last_time <= TIME_WAIT or "R" in (segment.flags or ""):
        return False
    x, y = (conn.client, conn.server) if segment.src == conn.flow.client else (conn.server, conn.client)
    places = ((numbers.seq, x), (numbers.ack, y))
    known = [(n, peer.isn, peer.octets.nxt or 0) for n, peer in places if n is not None and peer.isn is not None]
    return bool(known) and all(abs(diff(number, (isn + nxt) & MASK)) > RELATED for number, isn, nxt in known)


def _keep(conn: Incarnation) -> int:
    """Return how long after its last record an incarnation may still go on, in ns."""
    if conn.closed:
        return CLOSED_KEEP
    # Who sends anything but SYNs has had an answer, even if the log has one direction only; until its FIN it may go on.
    goes_on = not conn.unanswered or any(peer.spoke_after_syn and not peer.sent_fin for peer in conn.peers)
    return IDLE_KEEP if goes_on else UNANSWERED_KEEP


def over_at(conn: Incarnation) -> int:
    """Return the time after which an incarnation is forgotten when the table is next tidied."""
    return (conn.last_time or 0) + _keep(conn)


def _is_third_step(tentative: Tentative, segment: Segment, numbers: Numbers) -> bool:
    """R16, R44: tell whether who has sent a tentative SYN acknowledges what no FIN leaves room for: the SYN-ACK is missing."""
    x, y, ack, seq = tentative.record.x, tentative.record.y, numbers.ack, numbers.seq
    if segment.src != x.endpoint or y.fin is None or y.isn is None or ack is None:
        return False
    if numbers.ack_absolute is not y.isn_absolute or -RELATED < diff(ack, (y.isn + y.fin + 1) & MASK) <= 0:
        return False
    return seq is None or 0 < diff(seq, tentative.isn) <= RELATED


def _is_over(conn: Incarnation, now: int) -> bool:
    return conn.last_time is not None and now > over_at(conn)
