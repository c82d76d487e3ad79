"""
The tracker: segments in, steps out; it owns every incarnation of one log (R42-R46).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdparse import evidence
from tdparse.clock import Clock
from tdparse.evidence import Record
from tdparse.findings import Findings
from tdparse.flags import SegmentClass, flags_of
from tdparse.incarnation import Incarnation, Tentative
from tdparse.model import Flow, Side, State, Step
from tdparse.modifiers import Context, modifiers_of
from tdparse.normalize import Normalizer
from tdparse.roles import Roles
from tdparse.seqnum import MASK, diff
from tdparse.states import Known
from tdparse.steps import completes_handshake, decide, rst_acceptable
from tdparse.summary import summarize
from tdparse.values import values_of
from tdparse.verdict import ScanWatch, both_fins_acked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tdparse.evidence import Peer
    from tdparse.model import Endpoint, Numbering, Segment, Standing, Summary
    from tdparse.normalize import Numbers

SECOND: Final = 10**9
MAX_SYN_TIMES: Final = 16  # more copies than any schedule of R86 has

# How long an incarnation is kept after its last record, by the log's own clock; then it is summed up
# and forgotten, so that memory grows with the open connections and not with the log.
CLOSED_KEEP: Final = 120 * SECOND  # the longest TIME-WAIT of R83 and R91 in common use
UNANSWERED_KEEP: Final = 300 * SECOND  # every retry schedule of R86 has given up long before
IDLE_KEEP: Final = 3 * 3600 * SECOND  # beyond two hours without keep-alives plus its probes (R89)
TIME_WAIT: Final = 60 * SECOND  # time_wait_len of R83
RELATED: Final = 1 << 24  # numbers farther than this from where a direction stood are another connection's (R45)
SWEEP_EVERY: Final = 60 * SECOND
SWEEP_AT: Final = 1024  # incarnations; from here on a sweep whenever the table has doubled
MAX_LIVE: Final = 200_000  # hard cap: beyond it the longest idle are dropped, and said to be

Pair = tuple["Endpoint", "Endpoint"]

# Steps that prove nothing about their sender and do nothing to their receiver.
WITHOUT_EFFECT: Final = frozenset({
    "stepless.truncated", "stepless.capture_duplicate", "stepless.invalid_flags", "stepless.stray",
    "stepless.bad_ack", "handshake.syn.unexpected", "handshake.syn_ack.bad_ack",
})  # fmt: skip
EFFECTIVE_RESETS: Final = frozenset(
    {"handshake.refused", "handshake.abort", "reset.abort", "reset.reply", "reset.after_fin"}
)  # R116


class Tracker:
    """Follow every connection of one log. Feed segments in log order."""

    def __init__(self, numbering: Numbering | None = None) -> None:
        """
        Start a log.

        Args:
            numbering: how the log prints its numbers, where the user says so; None to find out.
        """
        self.normalizer = Normalizer(numbering)
        self._clock = Clock()
        self._roles = Roles()
        self._live: dict[Pair, Incarnation] = {}
        self._over: list[tuple[Incarnation, bool]] = []  # and whether the hard cap dropped it
        self._count = 0
        self._findings = Findings()
        self._scans = ScanWatch()
        self._last_time: int | None = None
        self._swept: int | None = None  # time of the last sweep
        self._sweep_at = SWEEP_AT
        self.evicted = 0  # incarnations dropped by the hard cap while still open

    # -------------------------------------------------------------- in

    def feed(self, segment: Segment) -> Step:
        """Account for one segment and say what it did."""
        backwards = self._last_time
        time = self._clock.read(segment)
        if time is not None:
            self._last_time = time if backwards is None else max(time, backwards)
        if len(self._live) >= self._sweep_at or self._sweep_is_due():
            self._sweep()
        flags = flags_of(segment.flags or "")
        numbers = self.normalizer.feed(segment)
        conn = self._incarnation(segment, numbers, time)
        from_client = segment.src == conn.flow.client
        x, y = (conn.client, conn.server) if from_client else (conn.server, conn.client)
        record = Record(segment, numbers, flags, flags.class_of(segment.length or 0), time, x, y)
        conn.place(record)
        step = self._apply(conn, record)
        if time is not None and backwards is not None and time < backwards:
            step = step._replace(findings=(*step.findings, self._findings.time_backwards(conn, record)))
        return step

    def ended(self) -> Iterator[Summary]:
        """Yield, once each, the incarnations that can receive nothing more."""
        over, self._over = self._over, []
        for conn, evicted in over:
            yield self._summarize(conn, evicted=evicted)

    def note_drops(self) -> None:
        """The capture itself lost packets (capture_drops): true of every connection it still follows."""
        for conn in self._live.values():
            conn.found["capture_drops"] = conn.found.get("capture_drops", 0) + 1

    def finish(self) -> Iterator[Summary]:
        """Yield every incarnation that is left, oldest first; the log has ended."""
        yield from self.ended()
        left = sorted(self._live.values(), key=lambda conn: conn.flow.conn)
        for conn in left:
            self._scans.note(conn)
        for conn in left:
            yield self._summarize(conn)
        self._live.clear()

    # -------------------------------------------------------------- incarnations

    def _incarnation(self, segment: Segment, numbers: Numbers, time: int | None) -> Incarnation:
        """Return the incarnation `segment` belongs to, opening one where R43 to R45 say so."""
        pair = (segment.src, segment.dst)
        conn = self._live.get(pair) or self._live.get((segment.dst, segment.src))
        flags = flags_of(segment.flags or "")
        bare_syn = flags.header_class is SegmentClass.SYN
        if conn is None:
            return self._open(segment, None)
        if bare_syn and conn.reopened_by(numbers.seq) and not self._crosses(conn, segment):
            return self._open(segment, conn)
        if not bare_syn and conn.closed and _is_unrelated(conn, segment, numbers, time):
            return self._open(segment, conn)
        tentative, ack = conn.tentative, numbers.ack
        if tentative is not None and flags.ack and ack is not None and (flags.syn or flags.rst):
            syn = tentative.record
            confirms = segment.src == syn.y.endpoint and 0 < diff(ack, tentative.isn) <= syn.length + 1
            if confirms:
                return self._confirm(conn, tentative)
        return conn

    @staticmethod
    def _crosses(conn: Incarnation, segment: Segment) -> bool:
        """A bare SYN the other way while the first one is outstanding: one connection, not two (R61)."""
        x, y = (conn.client, conn.server) if segment.src == conn.flow.client else (conn.server, conn.client)
        return not conn.closed and not x.segments and y.syn_count > 0

    def _open(self, segment: Segment, old: Incarnation | None) -> Incarnation:
        sender_is_client, confidence = self._roles.decide(segment)
        client, server = (segment.src, segment.dst) if sender_is_client else (segment.dst, segment.src)
        self._count += 1
        flags = flags_of(segment.flags or "")
        conn = Incarnation(Flow(self._count, client, server, confidence), midstream=not flags.syn)
        if old is not None:
            conn.reused = True
            # An attempt that was rejected ended nothing: what counts is the connection before it.
            conn.previous_end = old.last_time if old.server.inherited is None else old.previous_end
            conn.took_time_wait = any(peer.standing.state is State.TIME_WAIT for peer in old.peers)
            self._inherit(old, conn)
            self._retire(old)
        self._live[client, server] = conn
        self._roles.note(client, server, confidence)
        return conn

    def _inherit(self, old: Incarnation, new: Incarnation) -> None:
        """R44: the receiver of a tentative SYN keeps a TIME-WAIT it may still be in."""
        receiver = next(peer for peer in old.peers if peer.endpoint == new.flow.server)
        if receiver.standing.state is State.TIME_WAIT:
            new.server.inherited = State.TIME_WAIT
            evidence.refresh(new.server, new.client)

    def _confirm(self, old: Incarnation, tentative: Tentative) -> Incarnation:
        """R44: the SYN-ACK (or RST) that acknowledges the tentative SYN makes it an incarnation."""
        syn = tentative.record.segment
        conn = self._open(syn, old)
        numbers = tentative.record.numbers
        record = Record(syn, numbers, flags_of(syn.flags or ""), SegmentClass.SYN, tentative.record.time, *conn.peers)
        conn.place(record)
        self._apply(conn, record)
        return conn

    def _retire(self, conn: Incarnation, *, evicted: bool = False) -> None:
        self._live.pop((conn.flow.client, conn.flow.server), None)
        self._over.append((conn, evicted))
        self._scans.note(conn)

    def _summarize(self, conn: Incarnation, *, evicted: bool = False) -> Summary:
        return summarize(conn, self._last_time, self._scans, evicted=evicted)

    def _sweep_is_due(self) -> bool:
        now = self._last_time
        if now is None:
            return False
        if self._swept is None:
            self._swept = now
        return now - self._swept >= SWEEP_EVERY

    def _sweep(self) -> None:
        """Retire what can receive nothing more, and beyond the hard cap what has been idle longest."""
        now = self._swept = self._last_time
        if now is not None:
            for conn in [conn for conn in self._live.values() if _is_over(conn, now)]:
                self._retire(conn)
                self._forget(conn)
        if len(self._live) > MAX_LIVE:
            by_age = sorted(self._live.values(), key=lambda conn: (not conn.closed, conn.last_time or 0, conn.last_line))
            for conn in by_age[: len(by_age) - MAX_LIVE * 9 // 10]:
                self._retire(conn, evicted=not conn.closed)
                self._forget(conn)
                self.evicted += not conn.closed
        self._sweep_at = min(max(SWEEP_AT, 2 * len(self._live)), MAX_LIVE + 1)

    def _forget(self, conn: Incarnation) -> None:
        """Drop the number bases too, unless the log is printed relative to them (R32)."""
        if self.normalizer.numbering == "absolute":
            self.normalizer.forget([(conn.flow.client, conn.flow.server)])

    # -------------------------------------------------------------- one record

    def _apply(self, conn: Incarnation, record: Record) -> Step:
        """Decide the step, apply the evidence, and collect what is worth saying."""
        x, y = record.x, record.y
        before_client, before_server = conn.client.standing, conn.server.standing
        context = Context()
        context.ack_before, context.win_before = x.lastack, x.win
        context.opened = conn.count == 0
        context.rejected = x.inherited is not None
        conn.window_before = x.win
        context.completes = completes_handshake(conn, record) and record.cls is not SegmentClass.RST
        if x.dead is Known.PRESUMED and record.cls is not SegmentClass.RST and _carries_on(record):
            context.revived = evidence.revive(x)
            evidence.refresh(x, y)
        step = decide(conn, record)
        effective = step not in WITHOUT_EFFECT and not (context.rejected and step == "ack.challenge")
        self._count_probes(conn, record, step)
        gathered = self._findings.before(conn, record, step)
        if step != "stepless.capture_duplicate":
            evidence.deliver_pending(x, y)
        if record.cls is SegmentClass.RST and effective:
            self._reset(conn, record, step)
        elif effective:
            self._advance(conn, record, step, context)
        evidence.refresh(x, y)
        for peer in (x, y):
            _restart_time_wait(peer, record, step, y)
        values = values_of(conn, record, step, context)
        findings = self._findings.after(conn, record, step, context, gathered)
        result = self._step(conn, record, step, modifiers_of(conn, record, step, context), before_client, before_server)
        self._remember(conn, record, step, effective=effective)
        return result._replace(findings=findings, values=values)

    @staticmethod
    def _count_probes(conn: Incarnation, record: Record, step: str) -> None:
        """Keep the runs of probes and duplicate ACKs that findings count."""
        x = record.x
        if step == "probe.zero_window":
            conn.probes += 1
        elif step != "probe.zero_window_ack" and record.window:
            conn.probes = 0
        if step == "probe.keep_alive":
            conn.keep_alives += 1
        elif x.is_client != (conn.previous is not None and conn.previous.x.is_client) or record.length:
            conn.keep_alives = 0
        if step == "ack.duplicate":
            x.duplicates += 1
            x.duplicate_time = record.time

    def _advance(self, conn: Incarnation, record: Record, step: str, context: Context) -> None:
        """Apply an acceptable segment without RST."""
        x, y = record.x, record.y
        if record.flags.syn:
            self._syn(conn, record, step)
        context.synack_missing = context.completes and not y.sent_syn
        context.not_covered = evidence.prove(record)
        record.probe = step in ("probe.zero_window", "probe.keep_alive")
        new_octets = not record.probe and record.seq is not None and record.end is not None and record.end > record.seq
        if record.flags.fin:
            x.fin_count += 1
            if conn.first_fin is None:
                conn.first_fin = x
            if x.fin_count == 1:
                x.fin_time, x.fin_line = record.time, record.line
            conn.refresh_symbols()
        if new_octets and record.seq is not None and record.end is not None:
            first = record.seq + record.flags.syn
            stamp = record.segment.options.ts if record.length else None
            x.octets.add(record.seq, record.end, (first, first + record.length), record.time, record.line, stamp)
        elif record.seq is not None and not record.probe:
            x.octets.start_at(record.seq)
        if record.ack is not None:
            self._acknowledge(conn, record)
        if context.completes:
            conn.handshake_done = True
            if record.time is not None and y.synack_time is not None and x.syn_time is not None:
                conn.irtt = record.time - x.syn_time
        evidence.presume(record)
        x.spoke = True
        if not record.flags.syn:
            x.spoke_after_syn = True
            x.win_seen = True
        x.win = record.window
        self._stamp(record)

    def _syn(self, conn: Incarnation, record: Record, step: str) -> None:
        """Take what a SYN or SYN-ACK announces."""
        x, segment = record.x, record.segment
        if step == "handshake.syn.simultaneous":
            conn.simultaneous_open = True
            x.active = True
        if record.flags.ack:
            x.sent_synack = True
            x.synack_count += 1
            x.synack_ack = record.ack
            if x.synack_time is None:
                x.synack_time, x.synack_line = record.time, record.line
        else:
            x.syn_count += 1
            if x.is_client and record.time is not None and len(conn.syn_times) < MAX_SYN_TIMES:
                conn.syn_times.append(record.time)
            x.syn_data = max(x.syn_data, record.length)
            if segment.options.ts is not None:
                x.syn_stamp = segment.options.ts[0]
            if x.syn_time is None:
                x.syn_time, x.syn_line = record.time, record.line
        options = segment.options
        if not x.options:
            x.options = True
            x.mss, x.offered_scale = options.mss, options.wscale
            x.sack_ok, x.ts_offered = bool(options.sack_ok), options.ts is not None
            x.tfo_option = options.tfo
            x.ecn_bits = (record.flags.ae, record.flags.cwr, record.flags.ece)
            conn.negotiate()
        if step == "handshake.syn_ack.tfo_accept":
            conn.tfo = "accepted"
        elif step == "handshake.syn_ack.tfo_fallback":
            conn.tfo = "fallback"
        elif step == "handshake.syn.tfo_request":
            conn.tfo = "requested"

    @staticmethod
    def _acknowledge(conn: Incarnation, record: Record) -> None:
        x, y, ack = record.x, record.y, record.ack
        if ack is None or (x.lastack is not None and ack <= x.lastack):
            return
        x.lastack, x.lastack_time, x.lastack_line = ack, record.time, record.line
        x.duplicates = 0
        for sent in y.octets.acknowledge(ack):
            control = (y.fin is not None and sent.end > y.fin) + (sent.start == 0 and y.isn_known)
            conn.metrics.confirmed(
                y, sent.time, record.time, clean=not sent.repeated, payload=sent.end - sent.start > control
            )

    @staticmethod
    def _stamp(record: Record) -> None:
        text = record.segment.options_text
        if text is None or "TS val" not in text:
            return
        x, stamp = record.x, record.segment.options.ts
        if stamp is None:
            return
        if x.ts is None or diff(stamp[0], x.ts[0]) >= 0:
            x.ts, x.ts_last_time = stamp, record.time
        if x.ts_first is None and record.time is not None:
            x.ts_first = (stamp[0], record.time)

    def _reset(self, conn: Incarnation, record: Record, step: str) -> None:
        """Apply R20."""
        x, y = record.x, record.y
        x.rst_count += 1
        if step == "reset.reject_bad_ack":
            y.inherited = None  # R65: the RST frees what rejected the SYN
            return
        if step == "reset.ignored":
            return
        acceptable = rst_acceptable(record)
        server_opening = not y.is_client and y.standing.state is State.SYN_RECEIVED
        if step == "handshake.refused":
            x.got_syn = Known.NO
        evidence.kill(x, Known.OBSERVED, State.CLOSED, record)
        if acceptable or step in EFFECTIVE_RESETS:
            evidence.kill(y, Known.PRESUMED, State.LISTEN if server_opening else State.CLOSED, record)
        if step in EFFECTIVE_RESETS and conn.reset_by is None:
            conn.reset_by, conn.reset_step, conn.reset_time = x, step, record.time
            conn.reset_phase = _phase(conn)
            conn.reset_before_close = not both_fins_acked(conn)

    def _remember(self, conn: Incarnation, record: Record, step: str, *, effective: bool) -> None:
        """Keep what later records are compared with."""
        x = record.x
        if step == "handshake.syn.unexpected" and record.numbers.seq is not None:
            conn.tentative = Tentative(record, record.numbers.seq)
        elif effective and conn.tentative is not None and record.cls in (SegmentClass.DATA, SegmentClass.FIN):
            conn.tentative = None  # the old incarnation goes on
        conn.count += 1
        x.segments += 1
        if conn.first_class is None:
            conn.first_class, conn.first_flags, conn.first_line = record.cls, record.segment.flags or "", record.line
        if step == "stepless.capture_duplicate":
            return
        conn.only_rst = conn.only_rst and record.cls is SegmentClass.RST
        conn.history.feed(record.flags, record.length, from_client=x.is_client)
        conn.metrics.feed(conn, record, step)
        conn.steps.add(step)
        conn.previous, conn.previous_step = record, step
        conn.last_of[x.is_client] = (record, step)
        conn.last_line = record.line
        if record.time is not None:
            conn.last_time = record.time

    def _step(
        self,
        conn: Incarnation,
        record: Record,
        step: str,
        modifiers: tuple[str, ...],
        before_client: Standing,
        before_server: Standing,
    ) -> Step:
        x, segment, numbers = record.x, record.segment, record.numbers
        placed = not (record.cls is SegmentClass.RST and (not x.segments or _answers_syn(record)))
        seq = numbers.seq if numbers.seq is not None and numbers.seq_absolute else None
        if numbers.seq is None and not record.flags.rst:
            seq = conn.absolute(x, record.seq)
        first = self._clock.first
        scaled = None if record.flags.syn else x.scaled(segment.window)
        return Step(
            segment=segment,
            flow=conn.flow,
            sender=x.role,
            elapsed=None if record.time is None or first is None else record.time - first,
            seq=seq,
            seq_end=None if seq is None else (seq + record.length) & MASK,
            ack=numbers.ack if numbers.ack_absolute else None,
            rel_seq=record.seq if placed else None,
            rel_end=record.seq_end if placed else None,
            rel_ack=record.ack,
            seq_printed=segment.seq is not None,
            numbers=numbers.printed,
            sack=numbers.sack if numbers.ack_absolute else None,
            window_scaled=scaled,
            step=step,
            modifiers=modifiers,
            client=Side(before_client, conn.client.standing),
            server=Side(before_server, conn.server.standing),
            findings=(),
            symbols=conn.symbols,
            values={},
        )


def _restart_time_wait(peer: Peer, record: Record, step: str, receiver: Peer) -> None:
    """R83: 2MSL starts on entering TIME-WAIT, and again when a repeated FIN is acknowledged."""
    if peer.standing.state is not State.TIME_WAIT:
        peer.time_wait_since = None
    elif peer.time_wait_since is None or (
        peer is not receiver and step in ("teardown.last_ack", "teardown.ack.repeat")
    ):
        peer.time_wait_since = record.time


def _is_unrelated(conn: Incarnation, segment: Segment, numbers: Numbers, time: int | None) -> bool:
    """R45: a segment long after the close, with other numbers: the opening of its incarnation was missed."""
    if time is None or conn.last_time is None or time - conn.last_time <= TIME_WAIT or "R" in (segment.flags or ""):
        return False
    x, y = (conn.client, conn.server) if segment.src == conn.flow.client else (conn.server, conn.client)
    places = ((numbers.seq, x), (numbers.ack, y))
    known = [(n, peer.isn, peer.octets.nxt or 0) for n, peer in places if n is not None and peer.isn is not None]
    return bool(known) and all(abs(diff(number, (isn + nxt) & MASK)) > RELATED for number, isn, nxt in known)


def _is_over(conn: Incarnation, now: int) -> bool:
    if conn.last_time is None:
        return False
    idle = now - conn.last_time
    if conn.closed:
        return idle > CLOSED_KEEP
    return idle > (UNANSWERED_KEEP if conn.unanswered else IDLE_KEEP)


def _answers_syn(record: Record) -> bool:
    """An RST-ACK with seq 0: its number says nothing (R35)."""
    return record.flags.ack and record.numbers.seq == 0


def _carries_on(record: Record) -> bool:
    """R21: new octets, or an ack that advances."""
    x = record.x
    if record.flags.syn:
        return False
    if record.end is not None and x.octets.nxt is not None and record.end > x.octets.nxt:
        return True
    return record.ack is not None and x.lastack is not None and record.ack > x.lastack


def _phase(conn: Incarnation) -> str:
    """R119: where in its life the incarnation is."""
    client, server = conn.peers
    if client.sent_fin or server.sent_fin:
        return "close"
    if client.octets.distinct or server.octets.distinct:
        return "data" if conn.handshake_done or conn.simultaneous_open else "handshake"
    return "open" if conn.handshake_done else "handshake"
