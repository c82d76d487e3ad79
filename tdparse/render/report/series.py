"""
What a connection's plots show, point by point: numbers over time, for each direction.

Numbers are relative (SYN = 0, first octet = 1), times nanoseconds since the log's first segment. A point says
which line it comes from. What is sent, acknowledged and in flight is what the log shows; an RTT sample follows
R130 and Karn: from a segment that was sent once to the ACK that first covers it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from tdparse.diagram import is_again
from tdparse.octets import MAX_UNACKED, NO_STAMP, Octets
from tdparse.octets import Sent as Waiting
from tdparse.prediction import new
from tdparse.seqnum import diff

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdparse.model import Role, Step
    from tdparse.render.alike import Brief

POINTS: Final = 4000  # of one kind and direction; beyond, every second ordinary one is dropped

PLAIN, AGAIN, SYN, FIN, RST, PROBE = 0, 1, 2, 4, 8, 16  # what a sent segment is, added up
_PROBES: Final = frozenset({"probe.zero_window", "probe.keep_alive"})


class Sent(NamedTuple):
    """A segment that takes up numbers, or a probe."""

    time: int
    line: int
    first: int
    end: int
    kind: int


class Acked(NamedTuple):
    """What the other end said: up to where it has received, and the window from there."""

    time: int
    line: int
    ack: int
    window: int | None


class Block(NamedTuple):
    """A range reported by SACK."""

    time: int
    line: int
    left: int
    right: int


class Sample(NamedTuple):
    """A round-trip time, or the octets in flight."""

    time: int
    line: int
    value: int


class Direction:
    """What one end sent, and what the other said to it."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.sent: list[Sent] = []
        self.acked: list[Acked] = []
        self.blocks: list[Block] = []
        self.rtt: list[Sample] = []
        self.flight: list[Sample] = []
        self.thinned = False  # points were left out
        self._sent = Octets()
        self._reached = 0
        self._ack: int | None = None
        self._sacked: list[tuple[int, int]] = []

    @property
    def octets(self) -> int:
        """How far the numbers reach."""
        return self._reached

    def send(self, step: Step, time: int) -> None:
        """Take a segment of this direction's sender."""
        flags = step.segment.flags or ""
        first, end = step.rel_seq, step.rel_end
        if first is None or end is None:
            return
        kind = ("S" in flags and SYN) + ("F" in flags and FIN) + ("R" in flags and RST)
        probe = step.step in _PROBES
        end += bool(kind & SYN) + bool(kind & FIN)
        if end == first and not kind and not probe:
            return
        again = bool(step.findings) and is_again(step)
        payload = first + bool(kind & SYN)
        sent = Sent(time, step.segment.line, first, end, kind + (again and AGAIN) + (probe and PROBE))
        self._send(sent, (payload, payload + (step.segment.length or 0)))

    def answer(self, step: Step, time: int) -> None:
        """Take a segment of the receiver: what it acknowledges."""
        ack = step.rel_ack
        if ack is None or "R" in (step.segment.flags or ""):
            return
        window = step.segment.window if step.window_scaled is None else step.window_scaled
        sacked: list[tuple[int, int]] = []
        if step.sack and step.ack is not None:
            sacked = [(ack + diff(left, step.ack), ack + diff(right, step.ack)) for left, right in step.sack]
        self._answer(Acked(time, step.segment.line, ack, window), sacked)

    def take(self, briefs: Sequence[Brief], sender: Role) -> None:
        """Take segments of one connection that were predicted, in a row; `sender` is that of this direction."""
        begin = next(
            (brief.begin for brief in briefs if brief.end > brief.begin and brief.first.sender == sender), None
        )
        if self._sacked or begin not in {None, self._sent.nxt} or not (self._sent.nxt is None or self._sent.is_orderly):
            for brief in briefs:
                self._take_one(brief, sender)
            return
        # The same, where all that was sent is one piece: the next segment begins where everything before it ends.
        sent, acked, rtt, flight = self.sent, self.acked, self.rtt, self.flight
        reached, known = self._reached, self._ack
        waiting: list[Waiting] = [*self._sent.unacked]
        old, place = len(waiting), 0
        for first, _line, line, time, start, end, ack, window, _gained, _isn, _peer_isn in briefs:
            if first.sender == sender:
                if end == start:
                    continue
                sent.append(new(Sent, (time, line, start, end, PLAIN)))
                waiting.append(new(Waiting, (start, end, time, line, False, *NO_STAMP)))
                if len(waiting) - place > MAX_UNACKED:
                    place += 1
                reached = end
            else:
                acked.append(new(Acked, (time, line, ack, window)))
                if known is None or ack > known:
                    known = ack
                    while place < len(waiting) and waiting[place].end <= ack:
                        rtt.append(new(Sample, (time, line, time - (waiting[place].time or 0))))
                        place += 1
            if known is not None:
                flight.append(new(Sample, (time, line, reached - known if reached > known else 0)))
        self._reached, self._ack = reached, known
        self._sent.acked = known
        self._sent.take(waiting[old:], waiting[place:], nxt=waiting[-1].end if waiting else 0, largest=0, through=0)

    def thin(self) -> None:
        """Leave out every second ordinary point where there are too many."""
        if len(self.sent) > POINTS:
            self.sent = [point for place, point in enumerate(self.sent) if point.kind or place % 2]
            self.thinned = True
        for name in ("acked", "blocks", "rtt", "flight"):
            points = getattr(self, name)
            if len(points) > POINTS:
                setattr(self, name, points[::2])
                self.thinned = True
        if len(self.sent) > 2 * POINTS:  # even the remarkable ones are too many
            self.sent = self.sent[::2]

    def _take_one(self, brief: Brief, sender: Role) -> None:
        if brief.first.sender != sender:
            self._answer(Acked(brief.elapsed, brief.number, brief.ack, brief.window), [])
        elif brief.end > brief.begin:
            sent = Sent(brief.elapsed, brief.number, brief.begin, brief.end, PLAIN)
            self._send(sent, (brief.begin, brief.end))

    def _send(self, sent: Sent, payload: tuple[int, int]) -> None:
        self.sent.append(sent)
        time, line, first, end, kind = sent
        if kind & (PROBE | RST):
            return
        if end > first:
            self._sent.add(first, end, payload, time, line)
        self._reached = max(self._reached, end)
        self._note_flight(time, line)

    def _answer(self, acked: Acked, sacked: list[tuple[int, int]]) -> None:
        self.acked.append(acked)
        time, line, ack, _window = acked
        self._sacked = sacked
        self.blocks += [Block(time, line, left, right) for left, right in sacked if right > left]
        if self._ack is None or ack > self._ack:
            self._ack = ack
            for sent in self._sent.acknowledge(ack):
                if not sent.repeated and sent.time is not None and sent.time <= time:
                    self.rtt.append(Sample(time, line, time - sent.time))
        self._note_flight(time, line)

    def _note_flight(self, time: int, line: int) -> None:
        if self._ack is None:
            return
        octets = max(0, self._reached - self._ack)
        floor = self._ack
        for left, right in sorted(self._sacked):
            start = max(left, floor)
            if right > start:
                octets -= right - start
                floor = right
        self.flight.append(Sample(time, line, max(0, octets)))


class Series:
    """Feed the segments of one connection."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.of: dict[Role, Direction] = {"client": Direction(), "server": Direction()}
        self._count = 0

    def feed(self, step: Step) -> None:
        """Take the next segment; one without a time has no place in a plot."""
        time = step.elapsed
        if time is None:
            return
        sender: Role = step.sender
        self.of[sender].send(step, time)
        self.of["server" if sender == "client" else "client"].answer(step, time)
        self._counted(1)

    def take(self, briefs: Sequence[Brief]) -> None:
        """Take segments that were predicted, in a row."""
        place = 0
        while place < len(briefs):
            part = briefs[place : place + POINTS - self._count % POINTS]
            for sender, direction in self.of.items():
                direction.take(part, sender)
            place += len(part)
            self._counted(len(part))

    def _counted(self, count: int) -> None:
        self._count += count
        if self._count % POINTS == 0:
            for direction in self.of.values():
                direction.thin()
