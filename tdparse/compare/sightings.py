"""
What one capture point saw, kept small: a `Sighting` for each segment, with numbers that go on where 32 bits end.

Numbers of a direction count from where its connection's do on the wire. Where the log never showed that place
(relative numbers, no handshake) they are right among themselves only; `pairing` and `matching` find how far apart
they are from those of the other log.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from tdparse.clock import Clock
from tdparse.model import TimeStyle
from tdparse.seqnum import MASK, diff, unwrap

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tdparse.model import Endpoint, Flow, Role, Step
    from tdparse.options import Options

ECN_LETTERS: Final = str.maketrans("", "", "EWe")  # what routers may change, and some clear


class Sighting(NamedTuple):
    """One segment at one capture point."""

    place: int  # in its log, counted over the segments
    line: int
    time: str | None  # as printed
    clock: int | None  # nanoseconds by the log's own clock
    conn: int
    sender: Role
    src: Endpoint
    dst: Endpoint
    flags: str
    seq: int | None  # None where it was not printed
    length: int
    ack: int | None
    window: int | None
    options: Options
    sack: tuple[tuple[int, int], ...] | None  # on the wire
    ip_id: int | None
    ttl: int | None
    step: str

    @property
    def letters(self) -> str:
        """The flags without those of ECN."""
        return self.flags.translate(ECN_LETTERS)

    @property
    def octets(self) -> int:
        """How many sequence numbers it occupies (R2)."""
        return self.length + ("S" in self.flags) + ("F" in self.flags)

    @property
    def span(self) -> tuple[int, int] | None:
        """The sequence numbers it occupies, from and up to; None for an empty one."""
        return None if self.seq is None or not self.octets else (self.seq, self.seq + self.octets)


class _Number(NamedTuple):
    """A sequence number or acknowledgment, as far as its record told it."""

    printed: int | None
    wire: int | None
    relative: int | None


class Log:
    """One capture point's log. Feed its steps in order, then `close` it."""

    def __init__(self, name: str) -> None:
        """Start empty."""
        self.name = name
        self.sightings: list[Sighting] = []
        self.flows: dict[int, Flow] = {}
        self.absolute: set[tuple[int, Role]] = set()  # connections and senders whose numbers are those on the wire
        self.styles: Counter[TimeStyle] = Counter()
        self.dropped = 0  # packets that the capture itself says it has lost
        self._clock = Clock()
        self._isns: dict[tuple[int, Role], int] = {}
        self._printed: dict[int, Counter[str]] = defaultdict(Counter)  # by connection, how its numbers are printed
        self._raw: list[tuple[Sighting, _Number, _Number]] = []

    def take(self, step: Step) -> None:
        """Keep what one step needs."""
        segment = step.segment
        conn, sender = step.flow.conn, step.sender
        self.flows[conn] = step.flow
        self.styles[segment.time_style] += 1
        layer = segment.layer
        options = segment.options
        sighting = Sighting(
            place=len(self._raw),
            line=segment.line,
            time=segment.time,
            clock=self._clock.read(segment),
            conn=conn,
            sender=sender,
            src=segment.src,
            dst=segment.dst,
            flags=segment.flags or "",
            seq=None,
            length=segment.length or 0,
            ack=None,
            window=segment.window,
            options=options,
            sack=step.sack,
            ip_id=None if layer is None else layer.ip_id,
            ttl=None if layer is None else layer.ttl,
            step=step.step,
        )
        self._printed[conn].update([step.numbers])
        self._note(conn, sender, step.seq if step.seq_printed else None, step.rel_seq)
        self._note(conn, _other(sender), step.ack, step.rel_ack)
        seq = _Number(segment.seq, step.seq if step.seq_printed else None, step.rel_seq if step.seq_printed else None)
        self._raw.append((sighting, seq, _Number(segment.ack, step.ack, step.rel_ack)))

    def _note(self, conn: int, sender: Role, number: int | None, relative: int | None) -> None:
        """Remember where the numbers of a direction begin on the wire, as soon as a step shows it."""
        if number is None:
            return
        self.absolute.add((conn, sender))
        if relative is not None:
            self._isns.setdefault((conn, sender), (number - relative) & MASK)

    def close(self) -> None:
        """The log has ended: give every sighting its numbers."""
        last: dict[tuple[int, Role], int] = {}
        for sighting, seq, ack in self._raw:
            ours, theirs = ((sighting.conn, role) for role in (sighting.sender, _other(sighting.sender)))
            sack = sighting.sack
            if self._as_on_wire(sighting.conn):
                sack = sack or sighting.options.sack
            self.sightings.append(
                sighting._replace(seq=self._placed(last, ours, seq), ack=self._placed(last, theirs, ack), sack=sack)
            )
        self._raw.clear()

    def _as_on_wire(self, conn: int) -> bool:
        """Tell whether a connection's numbers are printed as they are on the wire, all in all."""
        printed = self._printed[conn]
        return printed["absolute"] > printed["relative"]

    def _placed(self, last: dict[tuple[int, Role], int], key: tuple[int, Role], number: _Number) -> int | None:
        wire = number.wire
        if wire is None and key in self.absolute and self._as_on_wire(key[0]):
            wire = number.printed  # when it was printed, that was not plain yet
        if wire is not None:
            near = last.get(key, wire) if number.relative is None else self.isn(*key) + number.relative
            placed: int | None = unwrap(wire, near)
        else:
            placed = None if number.relative is None else self.isn(*key) + number.relative
        if placed is not None:
            last[key] = placed
        return placed

    def isn(self, conn: int, sender: Role) -> int:
        """Return the number that the relative numbers of a direction are counted from."""
        return self._isns.get((conn, sender), 0)

    @property
    def timed(self) -> bool:
        """Whether every segment has a time."""
        return bool(self.sightings) and self.styles[TimeStyle.NONE] == 0

    @property
    def style(self) -> TimeStyle:
        """How it prints its times, mostly."""
        return self.styles.most_common(1)[0][0] if self.styles else TimeStyle.NONE


def _other(role: Role) -> Role:
    return "server" if role == "client" else "client"


def congruent(one: int, other: int) -> bool:
    """Tell whether two numbers are the same on the wire."""
    return diff(one & MASK, other & MASK) == 0


def seen(steps: Iterable[Step], name: str = "-") -> Log:
    """Return what one capture point saw, from the steps of its log."""
    log = Log(name)
    for step in steps:
        log.take(step)
    log.close()
    return log
