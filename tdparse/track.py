"""
The tracker: segments in, steps out, in the order of the log.
"""

from __future__ import annotations

from copy import deepcopy
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from tdparse import apply, evidence
from tdparse.clock import Clock
from tdparse.evidence import Record
from tdparse.findings import BACKWARDS_FROM, OF_OPENING, Findings, without
from tdparse.findings.table import COMPUTES_CHECKSUMS
from tdparse.flags import INVALID, RST, SegmentClass, flags_of
from tdparse.icmp import confirm, quote
from tdparse.milestone import KIND, await_milestones
from tdparse.model import Side, Step
from tdparse.modifiers import Context, modifiers_of
from tdparse.normalize import Normalizer
from tdparse.prediction import LINE, Elsewhere, part, predict, settle, turned
from tdparse.record import segment_of
from tdparse.seqnum import MASK
from tdparse.shapes import flows, link_of
from tdparse.sharing import Sharing
from tdparse.states import OBSERVED, PRESUMED
from tdparse.steps import acknowledged_before, completes_handshake, decide, gap_of
from tdparse.summary import summarize
from tdparse.table import Table
from tdparse.values import values_of
from tdparse.verdict import Probe, ScanWatch

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

    from tdparse.incarnation import Incarnation
    from tdparse.milestone import Milestone
    from tdparse.model import Finding, Numbering, Segment, Summary
    from tdparse.prediction import Awaited, Expected, Form, Found, Lane, Lanes

NOT_BEFORE: Final = 1 << 63


class Tracker:
    """Follow every connection of one log. Feed segments in log order."""

    def __init__(self, numbering: Numbering | None = None) -> None:
        """
        Start a log.

        Args:
            numbering: how the log prints its numbers, where the user says so; None to find out.
        """
        self.sharing = Sharing()
        self.normalizer = Normalizer(numbering, self.sharing)
        self.table = Table(self.normalizer, self._settle, self._probe, self.sharing)
        self._clock = Clock()
        self._findings = Findings()
        self._scans = ScanWatch()
        self.sharing.learn("probe", self._scans.count)
        self._now: int | None = None  # the latest time of the log so far
        self._previous: int | None = None  # the time of the record before
        self._settled: list[Lanes] = []  # lanes that only who feeds the segment at hand may still need
        self.ready: dict[str, Expected] = {}  # what is foreseen, by what its line shows between time and flags

    def feed(self, segment: Segment) -> Step:
        """Account for one segment and say what it did."""
        previous = self._previous
        time = self._arrive(segment)
        if self._clock.bare:
            segment = segment._replace(time_style=self._clock.style(segment))
        numbers = self.normalizer.feed(segment)
        conn = self.table.find(segment, numbers, time)
        if conn.lanes is not None:
            self._settle(conn)
        late: tuple[Finding, ...] = ()
        if conn.replay:
            late = tuple(one._replace(lines=(segment.line,)) for one in self._replayed(conn))
        x, y = conn.peers if segment.src == conn.flow.client else conn.peers[::-1]
        flags = flags_of(segment.flags or "")
        cls = SegmentClass.UNKNOWN if segment.flags is None else flags.class_of(segment.length or 0)
        record = Record(segment, numbers, flags, cls, time, x, y)
        step = self._place(conn, record)
        if conn.doubted is not None:
            confirm(conn, record)
        if conn.first_fin is not None or conn.reset_by is not None:
            self.table.note(conn)
        if time is not None and self._now is not None and time < self._now:
            conn.behind = self._now
        if time is not None and previous is not None and previous - time >= BACKWARDS_FROM:
            late = (*late, self._findings.time_backwards(conn, record))
        return step._replace(findings=(*step.findings, *late)) if late else step

    def _replayed(self, conn: Incarnation) -> list[Finding]:
        """
        Account for the SYNs that have opened a connection and were shown as part of the one before.

        Their findings count where they do, and were shown with them but for what opening another connection shows: this
        is returned.
        """
        found = [one for earlier in conn.replay for one in self._place(conn, earlier).findings]
        conn.replay = ()
        over = self.table.replaced
        if over is not None and over.conn is not None:
            over.conn.found = without(over.conn.found, [one.code for one in found if one.code not in OF_OPENING])
        return [one for one in found if one.code in OF_OPENING]

    def _arrive(self, segment: Segment) -> int | None:
        """Take note of when a segment comes, which may be due to whoever is over by then; return its time."""
        self._part()
        if self.sharing.divided:
            self.sharing.at(segment.line)
        time, latest = self._clock.read(segment), self._now
        if time is not None:
            self._now = time if latest is None else max(time, latest)
            self._previous = time
        self.table.tidy(self._now)
        return time

    # -------------------------------------------------------------- half of the connections

    @property
    def is_divisible(self) -> bool:
        """Whether half of the connections can be tracked elsewhere from here on: there are several, and times are plain."""
        return self._findings.several and not self._clock.bare

    def divide(self) -> None:
        """Track one half only, as `sharing` says; each half is told of the other's segments, `elsewhere`."""
        self.table.divide()
        self._part()

    def elsewhere(self, segment: Segment) -> None:
        """Take note of a segment that the other half accounts for."""
        self._arrive(segment)
        self.normalizer.watch_time(
            segment._replace(time_style=self._clock.style(segment)) if self._clock.bare else segment
        )
        self.table.meet(segment.src, segment.dst)

    def look_away(self, segment: Segment, key: str, passing: Elsewhere) -> None:
        """Have what follows a segment of the other half's, whose line has `key`, be asked of `passing`, in both directions."""
        if flows.get(key) is not None:
            for name in (key, turned(key)):
                if name is not None and name not in self.ready:
                    self.ready[name] = passing
                    self.table.name(segment.src, segment.dst, name)

    # -------------------------------------------------------------- segments that are predicted

    @property
    def latest(self) -> int:
        """The time from which on the next segment may be predicted, nanoseconds; beyond every time if none may."""
        if self._now is None or self._now != self._previous or self._clock.bare:
            return NOT_BEFORE
        return self._now

    @property
    def due(self) -> int:
        """The time from which on the next segment may not be predicted: there is tidying up to do."""
        return self.table.due

    @property
    def days(self) -> int:
        """What is added to a time of day, nanoseconds."""
        return self._clock.days

    @property
    def first(self) -> int | None:
        """The time of the log's first segment."""
        return self._clock.first

    def look_ahead(self, segment: Segment, key: str, forms: dict[tuple[object, ...], Form]) -> Lanes | None:
        """
        Foresee what comes next in the connection of `segment`, which came last; None where that is not possible.

        `key` is as for `Lane`.
        """
        conn = self.table.live_one(segment)
        if conn is None or conn.lanes is not None:
            return None
        if segment.layer is not None and not link_of(segment.layer):
            (conn.client if segment.src == conn.flow.client else conn.server).sighted = key
        return self._foresee(conn, segment.ip, key, forms)

    def _foresee(
        self, conn: Incarnation, ip: int | None, key: str, forms: dict[tuple[object, ...], Form]
    ) -> Lanes | None:
        lanes: Lanes | None = predict(conn, ip, key, self.normalizer, forms)
        if lanes is None and (conn.first_fin is not None or not conn.handshake_done):
            lanes = await_milestones(conn, ip, key, self.normalizer, self._reach, forms)
        return self._made_ready(lanes)

    def _made_ready(self, lanes: Lanes | None) -> Lanes | None:
        """Have what comes next be asked of `lanes`, and return them."""
        for lane in lanes or ():
            if lane.is_open:
                self.ready[lane.key] = lane
        return lanes

    def leave(self, lane: Lane, forms: dict[tuple[object, ...], Form]) -> Awaited | None:
        """Have a connection that is calm no longer so, as a FIN comes; return what that may be, None where nobody can say."""
        conn, ip, key = lane.conn, lane.ip, lane.key
        self._settle(conn)
        found = self._made_ready(await_milestones(conn, ip, key, self.normalizer, self._reach, forms))
        return None if found is None else found[0]

    def _reach(self, milestone: Milestone, found: Found, now: int, line: int) -> None:
        """Apply a segment that is a milestone, and foresee what comes behind it."""
        conn, form = milestone.conn, milestone.form
        if self.sharing.divided:
            self.sharing.at(line)
        segment = segment_of(found[LINE], line)
        flags = flags_of(segment.flags or "")
        x, y = milestone.x, milestone.peer.x
        numbers = self.normalizer.feed(segment)
        record = Record(segment, numbers, flags, flags.class_of(0), now, x, y)
        step = form.steps[KIND]
        opening = not conn.handshake_done
        conn.place(record)
        self._apply(conn, record, step, self._context(conn, record), effective=True)
        apply.remember(conn, record, step, effective=True)
        milestone.note(record)
        if conn.first_fin is not None:
            self.table.note(conn)
        if opening or conn.closed:
            self._settle(conn)
        if opening:
            self._foresee(conn, segment.ip, milestone.key, milestone.forms)

    def pass_over(self, latest: int) -> None:
        """Take note that segments were predicted, the last of them at `latest`."""
        self._now = self._previous = latest
        self._clock.pass_over(latest)
        self.normalizer.pass_over(latest - self._clock.days)

    def _settle(self, conn: Incarnation) -> None:
        if conn.lanes is not None:
            self._settled.append(conn.lanes)
            settle(conn, self.ready)

    def _part(self) -> None:
        while self._settled:
            part(self._settled.pop())

    # -------------------------------------------------------------- the end

    def ended(self) -> Iterator[Summary]:
        """Yield, once each, the incarnations that can receive nothing more."""
        for summary in self.swept():
            if summary is not None:
                yield summary
        yield from self.replaced()

    def swept(self) -> Iterator[Summary | None]:
        """Yield, once each, those of them that no other one has replaced; None in the place of the other half's."""
        for over in self.table.over():
            self._scans.count(over.probe)
            for name in over.names:
                self.ready.pop(name, None)
            if over.conn is not None:
                over.conn.take_in()
            yield None if over.conn is None else summarize(over.conn, self._now, self._scans, evicted=over.evicted)

    def replaced(self) -> Iterator[Summary]:
        """Yield the incarnation in whose place the segment that came last has opened another one, if it has."""
        over, self.table.replaced = self.table.replaced, None
        if over is not None and over.conn is not None:
            if over.probe is not None:
                self.sharing.tell("probe", over.probe)
                self.sharing.know()
            over.conn.take_in()
            yield summarize(over.conn, self._now, self._scans, replaced=True)

    def finish(self) -> Iterator[Summary | None]:
        """Yield every incarnation that is left, oldest first, None in the place of the other half's; the log has ended."""
        yield from self.ended()
        left = {conn.flow.conn: conn for conn in self.table.live.values()}
        facts = []
        for number, conn in sorted(left.items()):
            self._settle(conn)
            conn.take_in()
            facts.append((number, self._probe(conn)))
        numbers = []
        for number, probe in sorted(chain.from_iterable(self.sharing.gather(facts)), key=itemgetter(0)):
            numbers.append(number)
            self._scans.count(probe)
        for number in numbers:
            own = left.get(number)
            yield None if own is None else summarize(own, self._now, self._scans)
        self._part()
        self.table.clear()

    def peek(self, only: Container[int] | None = None) -> list[Summary]:
        """
        Return how every incarnation that is left stands, oldest first, as if the log ended here; nothing changes.

        With `only` those connections alone.
        """
        left = sorted(self.table.live.values(), key=lambda conn: conn.flow.conn)
        scans = deepcopy(self._scans)
        for conn in left:
            self._settle(conn)
            scans.count(self._probe(conn))
        return [summarize(conn, self._now, scans) for conn in left if only is None or conn.flow.conn in only]

    def _probe(self, conn: Incarnation) -> Probe | None:
        return self._scans.probe(conn, self._now)

    def note_run(self) -> None:
        """Another run of tcpdump begins: what was foreseen of its numbers is open again."""
        for conn in {lane.conn for lane in self.ready.values() if not isinstance(lane, Elsewhere)}:
            self._settle(conn)
        self.normalizer.note_run()

    def note_drops(self, dropped: int) -> None:
        """The capture itself lost so many packets (capture_drops): true of every connection it still follows."""
        for conn in self.table.live.values():
            conn.dropped += dropped
            conn.found = {**conn.found, "capture_drops": conn.found.get("capture_drops", 0) + 1}

    def note_icmp(self, line: int, note: Mapping[str, object]) -> None:
        """An ICMP error quotes a packet: keep it with the connection it is about, as evidence."""
        for conn in {lane.conn for lane in self.ready.values() if not isinstance(lane, Elsewhere)}:
            self._settle(conn)
        if self.sharing.divided:
            self.sharing.at(line)
        quote(line, note, reversed(self.table.live.values()), self.sharing)

    def _place(self, conn: Incarnation, record: Record) -> Step:
        """Decide the step, apply the evidence, and collect what is worth saying."""
        conn.place(record)
        if record.x.octets.probed is not None or record.y.octets.probed is not None:
            apply.accept_probes(record)
        if record.y.midstream:
            record.y.octets.stand_behind_keep_alive(record.ack)
        before_client, before_server = conn.client.standing, conn.server.standing
        if conn.first_fin is not None:
            apply.outlast_time_wait(record)
        context = self._context(conn, record)
        computes = conn.checksums.get(record.x.is_client, 0) >= COMPUTES_CHECKSUMS
        record.damaged = computes and record.segment.checksum == "incorrect"
        if record.cls is RST and conn.misses_signature(record):
            record.damaged = True
        step = decide(conn, record)
        if step == "stepless.bad_ack":
            context.completes = False
        effective = step not in apply.WITHOUT_EFFECT and not (context.rejected and step == "ack.challenge")
        if step == "handshake.syn.retransmit" and conn.tentative is not None:
            effective = not conn.tentative.is_repeated_by(record)
        if step == "data.gap_fill":
            context.missing = gap_of(record)
        apply.count_probes(conn, record, step)
        gathered = self._findings.before(conn, record, step)
        self._apply(conn, record, step, context, effective=effective)
        result = self._step(
            conn,
            record,
            step,
            modifiers_of(conn, record, step, context),
            Side(before_client, conn.client.standing),
            Side(before_server, conn.server.standing),
            self._findings.after(conn, record, step, context, gathered),
            values_of(conn, record, step, context),
        )
        apply.remember(conn, record, step, effective=effective)
        return result

    @staticmethod
    def _apply(conn: Incarnation, record: Record, step: str, context: Context, *, effective: bool) -> None:
        """Change what is known of both ends by a record that is `step`."""
        x, y = record.x, record.y
        if step != "stepless.capture_duplicate":
            evidence.deliver_pending(x, y)
        if record.cls is RST and effective:
            apply.reset(conn, record, step)
        elif effective:
            apply.advance(conn, record, step, context)
        evidence.refresh(x, y)
        for peer in (x, y):
            apply.restart_time_wait(peer, record, step, y)

    @staticmethod
    def _context(conn: Incarnation, record: Record) -> Context:
        x = record.x
        context = Context()
        context.ack_before, context.win_before = acknowledged_before(record), x.win
        context.opened = conn.count == 0
        context.rejected = x.inherited is not None
        conn.window_before = x.win
        if record.cls is RST or record.cls is INVALID:  # T113: what no TCP sends shows nothing of its sender
            return context
        if x.dead is PRESUMED or x.crossed:
            context.revived = apply.carries_on(record)
            if context.revived or apply.offers_on(record):
                context.crossing = "rst_ignored" not in conn.found and apply.overtakes(conn, record)
                evidence.revive(record, crossing=context.crossing)
            if context.revived and not context.crossing:
                apply.withdraw(conn, x)
        if apply.acknowledges_strays(record):
            context.unharmed = x.dead is OBSERVED and record.y.dead is OBSERVED
            apply.restore(conn, record.y)
        if apply.outlives_its_rst(conn, record):
            context.unharmed = context.unharmed or record.y.dead is OBSERVED
            apply.withdraw(conn, x)
            apply.restore(conn, x)
            context.outlives = True
        context.completes = completes_handshake(conn, record)
        return context

    def _step(
        self,
        conn: Incarnation,
        record: Record,
        step: str,
        modifiers: tuple[str, ...],
        client: Side,
        server: Side,
        findings: tuple[Finding, ...],
        values: Mapping[str, object],
    ) -> Step:
        x, segment, numbers = record.x, record.segment, record.numbers
        placed = x.isn is not None and not (record.cls is RST and (not x.segments or _answers_syn(record)))
        seq = numbers.seq if numbers.seq is not None and numbers.seq_absolute else None
        if numbers.seq is None and segment.seq is not None:
            placed, seq = False, numbers.wire_seq  # of a direction whose base is hidden (R33)
        elif numbers.seq is None and not record.flags.rst:
            seq = conn.absolute(x, record.seq)
        first = self._clock.first
        return Step(  # in order, not by name, which would take three times as long
            segment,
            conn.flow,
            x.role,
            None if record.time is None or first is None else record.time - first,
            seq,
            None if seq is None else (seq + record.length) & MASK,
            numbers.ack if numbers.ack_absolute else None,
            record.seq if placed else None,
            record.seq_end if placed else None,
            None if numbers.ack is None else record.ack,
            segment.seq is not None,
            numbers.printed,
            numbers.sack if numbers.ack_absolute else None,
            None if record.flags.syn else x.scaled(segment.window),
            step,
            modifiers,
            client,
            server,
            findings,
            conn.symbols,
            values,
        )


def _answers_syn(record: Record) -> bool:
    """An RST-ACK with seq 0: its number says nothing (R35), unless it is the next one of its sender, wrapped."""
    return record.flags.ack and record.numbers.seq == 0 and record.seq != record.x.octets.nxt
