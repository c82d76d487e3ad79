"""
The octets of one direction: what was captured, sent again, missing and acknowledged (R11, R130-R136).

Positions are relative and unbounded: the SYN is 0, the first octet of payload 1, a FIN occupies the
position behind the last octet. Ranges are half open.
"""

from __future__ import annotations

import struct
from contextlib import suppress
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

HISTORY: Final = 64  # how many acknowledged segments are remembered, for "sent again … after the first"
AT_REST: Final = 4  # the same, once the connection is closed
MAX_HOLES: Final = 256  # captured ranges beyond a gap that are kept apart
STUCK_COPIES: Final = 2  # retransmissions of one segment without any acknowledgment
SMALL: Final = 500  # octets; every path carries segments of this size (RFC 9293 section 3.7.1)
FIELDS: Final = 7  # numbers that a segment is packed into
ROW: Final = struct.Struct(f"={FIELDS}q")
UNKNOWN: Final = -1 << 63  # stands for a time or a timestamp that there is none of, where only numbers are kept
NO_STAMP: Final = (UNKNOWN, UNKNOWN)
MAX_UNACKED: Final = 1024  # segments waiting for an acknowledgment that may never be captured


class Sent(NamedTuple):
    """One captured segment that occupied sequence space."""

    start: int
    end: int
    time: int | None  # nanoseconds
    line: int
    repeated: bool  # some octet had been captured before, so it gives no RTT sample (Karn)
    val: int = UNKNOWN  # its timestamps option, where it had payload
    ecr: int = UNKNOWN

    @property
    def stamp(self) -> tuple[int, int] | None:
        """Its timestamps option, as `Options.ts` has it."""
        return None if self.val == UNKNOWN else (self.val, self.ecr)


class Octets:
    """What the capture holds of one sender's sequence space."""

    __slots__ = (
        "_below",
        "_beyond",
        "_sent",
        "acked",
        "conceded",
        "distinct",
        "end",
        "first",
        "guessed",
        "largest",
        "largest_through",
        "nxt",
        "nxt_time",
        "probed",
        "repeated_octets",
        "repeated_segments",
        "unacked",
        "widest",
    )

    def __init__(self) -> None:
        """Start with nothing captured."""
        self.first: int | None = None  # lowest position captured
        self.guessed = False  # no number of this direction was printed: where it stands is inferred (R28)
        self.end: int | None = None  # end of the contiguous captured range (maxack of R11)
        self.nxt: int | None = None  # highest end captured (SND.NXT)
        self.nxt_time: int | None = None  # when nxt was set
        self.probed: Sent | None = None  # the octet of a window probe that nothing shows to have been accepted
        self._below: tuple[tuple[int, int], ...] = ()  # captured ranges below `first`, sorted, disjoint
        self._beyond: tuple[tuple[int, int], ...] = ()  # the same above `end`
        self.distinct = 0  # payload octets captured at least once
        self.repeated_octets = 0
        self.repeated_segments = 0
        self.largest = 0  # largest payload
        self.widest = 0  # largest segment
        self.largest_through = 0  # largest segment that the peer has acknowledged, or named by SACK
        self.unacked: Sequence[Sent] = ()  # a list while some wait
        self._sent: Sequence[Sent] | bytes = ()  # a list while it grows
        self.acked: int | None = None  # highest acknowledgment of the peer
        self.conceded = 0  # everything below was captured, or reported as acknowledged without having been

    def start_at(self, position: int, *, guessed: bool = False) -> None:
        """
        Say where this direction's captured space begins; later calls change nothing.

        A guess gives way to the first number that was printed.
        """
        if self.end is None:
            self.first = self.end = self.nxt = position
            self.guessed = guessed

    def move_to(self, position: int, time: int | None) -> None:
        """Say that the sender has come to `position`, as the printed number of an empty segment shows."""
        if self.guessed or self.nxt is None:
            self.guessed = False
            self.first = self.end = self.nxt = position
        elif position > self.nxt:
            self.nxt, self.nxt_time = position, time

    def stand_behind_keep_alive(self, ack: int | None) -> None:
        """
        Take the one number that was captured, of empty segments, for that of a keep-alive where `ack` acknowledges the octet there.

        It is SND.NXT - 1 then, of what was sent before the capture (R109); nothing is missing.
        """
        if ack is not None and self.first == self.nxt == ack - 1 and not self.guessed:
            self.first = self.end = self.nxt = ack

    def covered(self, start: int, end: int) -> bool:
        """Tell whether every position of [start, end) was captured."""
        if self.end is None or self.first is None:
            return False
        if start < self.first:
            return any(left <= start and end <= right for left, right in self._below)
        if end <= self.end:
            return True
        start = max(start, self.end)
        return any(left <= start and end <= right for left, right in self._beyond)

    def missing(self, start: int, end: int) -> tuple[int, int]:
        """Return where what is missing of [start, end) begins and ends; some of it must be."""
        captured = self._ranges()
        for left, right in captured:
            if left <= start < right:
                start = right
        for left, right in reversed(captured):
            if left < end <= right:
                end = left
        return start, end

    def next_captured(self, position: int) -> int:
        """Return the first captured position from `position` on, itself if there is none."""
        return next((max(left, position) for left, right in self._ranges() if position < right), position)

    def captured(self, start: int, end: int) -> int:
        """Return how many positions of [start, end) were captured before."""
        if self.end is None or self.first is None or (self.nxt is not None and start >= self.nxt):
            return 0
        count = 0
        for left, right in self._ranges():
            if left >= end:
                break
            count += max(0, min(end, right) - max(start, left))
        return count

    def _ranges(self) -> tuple[tuple[int, int], ...]:
        return *self._below, (self.first or 0, self.end or 0), *self._beyond

    def add(
        self,
        start: int,
        end: int,
        payload: tuple[int, int],
        time: int | None,
        line: int,
        stamp: tuple[int, int] | None = None,
    ) -> None:
        """
        Account for a segment that occupies [start, end), of which [payload) is payload.

        Args:
            start: Relative position of the segment's first sequence number.
            end: SEG.END (R2).
            payload: Half-open range of its octets; empty when both are equal.
            time: Nanoseconds, None without timestamps.
            line: First line of the record.
            stamp: Its timestamps option.
        """
        if self.guessed:
            self.guessed = False
            self.first = self.end = self.nxt = start
        length = payload[1] - payload[0]
        seen = self.captured(*payload) if length else 0
        again = self.captured(start, end)
        self.distinct += length - seen
        if seen:
            self.repeated_octets += seen
            self.repeated_segments += 1
        self.largest = max(self.largest, length)
        self.widest = max(self.widest, end - start)
        if again:
            # Karn: neither copy of these positions gives a sample any more.
            self.unacked = [
                entry._replace(repeated=True)
                if not entry.repeated and entry.start < end and start < entry.end
                else entry
                for entry in self.unacked
            ]
        entry = Sent(start, end, time, line, bool(again), *stamp or NO_STAMP)
        self._remember([entry])
        if self.acked is None or end > self.acked:
            waiting = self.unacked
            if not isinstance(waiting, list):
                waiting = self.unacked = [*waiting]
            waiting.append(entry)
            del waiting[:-MAX_UNACKED]
        else:  # its acknowledgment was captured before it
            self.largest_through = max(self.largest_through, end - start)
        if self.end is None or self.nxt is None:
            self.start_at(start)
        self._cover(start, end)
        if self.nxt is None or end > self.nxt:
            self.nxt = end
            self.nxt_time = time

    def probe(self, start: int, time: int | None, line: int) -> None:
        """Note the octet of a window probe, which does not advance SND.NXT (R11)."""
        before = self.probed
        self.probed = Sent(start, start + 1, time, line, before is not None and before.start == start)

    def accept_probe(self, reached: int | None) -> None:
        """Account for the octet of a window probe where it is acknowledged, or its sender goes on behind it."""
        probed = self.probed
        if probed is None or reached is None or reached <= probed.start:
            return
        self.probed = None
        if self.nxt == probed.start:
            place = probed.start, probed.end
            self.add(*place, place, probed.time, probed.line)
            self.unacked = [probed if one.line == probed.line else one for one in self.unacked]

    def _cover(self, start: int, end: int) -> None:
        contiguous, first = self.end, self.first
        if contiguous is None or first is None:
            return
        if start > contiguous:
            if self._beyond and start >= self._beyond[-1][0] and start <= self._beyond[-1][1]:
                self._beyond = (*self._beyond[:-1], (self._beyond[-1][0], max(end, self._beyond[-1][1])))
            else:
                self._merge((start, end))
            return
        if start < first:
            if end < first:
                self._below = _joined(self._below, (start, end))[-MAX_HOLES:]
                return
            while self._below and self._below[-1][1] >= start:
                start = min(start, self._below[-1][0])
                self._below = self._below[:-1]
            self.first = start
        if end > contiguous:
            self.end = contiguous = end
            while self._beyond and self._beyond[0][0] <= contiguous:
                contiguous = self.end = max(contiguous, self._beyond[0][1])
                self._beyond = self._beyond[1:]

    def _merge(self, captured: tuple[int, int]) -> None:
        merged = _joined(self._beyond, captured)
        if len(merged) > MAX_HOLES:
            # Bounded memory: the oldest hole is taken as never to be filled.
            self.end = merged[0][1]
            merged = merged[1:]
        self._beyond = merged

    def reach(self, ack: int | None) -> int | None:
        """Return up to where every position is captured, taking those below `ack` as such; None: nothing is."""
        if self.end is None or ack is None or ack <= self.end:
            return self.end
        for left, right in self._beyond:
            if left > ack:
                break
            ack = max(ack, right)
        return ack

    def acknowledge(self, ack: int) -> list[Sent]:
        """Note the peer's acknowledgment `ack`; return the segments it confirms for the first time."""
        if self.acked is not None and ack <= self.acked:
            return []
        self.acked = ack
        unacked = self.unacked
        confirmed = [entry for entry in unacked if entry.end <= ack]
        if confirmed:
            self.unacked = [entry for entry in unacked if entry.end > ack] or ()
            self.largest_through = max(self.largest_through, *[entry.end - entry.start for entry in confirmed])
        return confirmed

    def refuse(self, position: int) -> None:
        """Take everything from `position` on, the end of what was sent, as never sent: its receiver has not kept it (R70)."""
        if self.end is None or self.nxt is None or self._beyond or position >= self.nxt:
            return
        self.distinct -= self.nxt - position
        self.end = self.nxt = position
        self.unacked = [one._replace(end=min(one.end, position)) for one in self.unacked if one.start < position]
        self._sent = [one._replace(end=min(one.end, position)) for one in self.sent if one.start < position]

    def take_out(self, start: int, end: int, length: int) -> None:
        """Take a segment beyond all others, with `length` octets of payload, as never sent: it was no octet of the stream (R49)."""
        if self.end is None or self._beyond[-1:] != ((start, end),):
            return
        self._beyond = self._beyond[:-1]
        self.nxt = self._beyond[-1][1] if self._beyond else self.end
        self.distinct -= length
        self.unacked = [one for one in self.unacked if one.start < start]
        self._sent = [one for one in self.sent if one.start < start]

    def covers_payload(self, ack: int) -> bool:
        """Tell whether `ack`, not above the FIN, acknowledges captured payload, even if only a part of a segment (R137)."""
        return any(max(one.start, 1) < ack and one.end > 1 for one in self.unacked)

    def received(self, start: int, end: int) -> None:
        """Note a SACK block: the segments inside it have arrived."""
        if self.largest_through >= self.widest:
            return  # none of them is larger
        for entry in self.unacked:
            if start <= entry.start and entry.end <= end:
                self.largest_through = max(self.largest_through, entry.end - entry.start)

    @property
    def is_orderly(self) -> bool:
        """Whether all that was captured is one piece, and what waits for its acknowledgment was sent once, in order."""
        if self.end is None or self.end != self.nxt or self._beyond or self.guessed or self.first is None:
            return False
        place = -1
        for entry in self.unacked:
            if entry.repeated or entry.time is None or entry.end <= place:
                return False
            place = entry.end
        return True

    def take(self, sent: list[Sent], waiting: list[Sent], *, nxt: int, largest: int, through: int) -> None:
        """
        Account for segments in order, each with payload only, as `add` and `acknowledge` would have.

        Args:
            sent: The latest of them: all that `sent` remembers.
            waiting: What waits for its acknowledgment now.
            nxt: Where the last one ends.
            largest: The largest payload, 0 where nothing was sent.
            through: The largest segment that the peer has acknowledged since.
        """
        if sent and self.nxt is not None:
            self.distinct += nxt - self.nxt
            self.end = self.nxt = nxt
            self.nxt_time = sent[-1].time
            self.largest = max(self.largest, largest)
            self.widest = max(self.widest, largest)
            self._remember(sent)
        self.unacked = waiting[-MAX_UNACKED:] or ()
        self.largest_through = max(self.largest_through, through)

    def stuck_size(self) -> int | None:
        """
        Return the size of the segments that never get through while smaller ones do, None if that is not so.

        It takes three copies of one segment, larger than every segment the peer has confirmed, and a confirmed one.
        """
        copies = self.waiting()
        if len(copies) <= STUCK_COPIES or not self.largest_through:
            return None
        size = copies[-1].end - copies[-1].start
        return size if size > max(self.largest_through, SMALL) else None

    def concede(self, ack: int) -> int | None:
        """
        Take everything below `ack` as sent, whether captured or not.

        Returns the first position below `ack` that was neither captured nor conceded before, None if
        there is none: a gap is returned once.
        """
        if self.end is None:
            return None
        reached = max(self.end, self.conceded, self.acked or 0)
        if ack <= reached:
            return None
        for left, right in self._beyond:
            if left > reached:
                break
            reached = max(reached, right)
        self.conceded = max(self.conceded, ack)
        return reached if reached < ack else None

    def _remember(self, sent: list[Sent]) -> None:
        known = self.sent
        known += sent
        del known[:-HISTORY]

    @property
    def sent(self) -> list[Sent]:
        """The latest segments, oldest first."""
        known = self._sent
        if not isinstance(known, list):
            known = self._sent = _unpacked(known) if isinstance(known, bytes) else [*known]
        return known

    def rest(self, *, thinned: bool) -> None:
        """Take less room until there is more; `thinned`: all but the latest of what was sent are not expected again."""
        if thinned:
            self._sent = self._sent[-AT_REST * (ROW.size if isinstance(self._sent, bytes) else 1) :]
        if isinstance(self._sent, list):
            with suppress(struct.error):  # of numbers that no TCP has sent
                self._sent = _packed(self._sent)

    def first_copy(self, start: int) -> Sent | None:
        """Return the earliest remembered segment that held position `start`."""
        copies = (one for known in (self.unacked, self.sent) for one in known if one.start <= start < one.end)
        return min(copies, key=_sent_at, default=None)

    def copies(self, start: int) -> list[Sent]:
        """Return all remembered segments that began at `start`, oldest first."""
        known = {_sent_at(one): one for one in (*self.unacked, *self.sent) if one.start == start}
        return [known[place] for place in sorted(known)]

    def waiting(self) -> list[Sent]:
        """Return the copies of the oldest position that is not acknowledged, oldest first."""
        if not self.unacked:
            return []
        oldest = min(one.start for one in self.unacked)
        if self.acked is not None:
            oldest = max(oldest, self.acked)
        return [one for one in self.unacked if one.start <= oldest < one.end]

    def most_copies(self, acked: int | None) -> int:
        """Return how often the octet that was sent most often was, of those from `acked` on that still wait."""
        if acked is None:
            acked = min((one.start for one in self.unacked), default=0)
        waiting = [one for one in self.unacked if one.end > acked]
        if not any(one.repeated for one in waiting):
            return min(len(waiting), 1)
        edges = sorted([(max(one.start, acked), 1) for one in waiting] + [(one.end, -1) for one in waiting])
        return max(accumulate(change for _, change in edges))

    def holes(self) -> list[tuple[int, int]]:
        """Return the gaps between captured ranges, lowest first."""
        if self.end is None:
            return []
        gaps = []
        left = self.end
        for start, end in self._beyond:
            gaps.append((left, start))
            left = end
        return gaps


def _joined(ranges: tuple[tuple[int, int], ...], another: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    """Return sorted, disjoint ranges with another one among them."""
    merged: list[tuple[int, int]] = []
    for left, right in sorted((*ranges, another)):
        if merged and left <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(right, merged[-1][1]))
        else:
            merged.append((left, right))
    return tuple(merged)


def _sent_at(one: Sent) -> tuple[int, int]:
    """Return what orders segments as they were sent, whichever list remembers them."""
    return one.time or 0, one.line


def _packed(sent: list[Sent]) -> bytes:
    """Return segments as numbers in a row, a fifth of the size. Raises struct.error if one is too large."""
    if None in [one.time for one in sent]:
        sent = [one._replace(time=UNKNOWN) if one.time is None else one for one in sent]
    return struct.pack(f"={FIELDS * len(sent)}q", *chain.from_iterable(sent))


def _unpacked(row: bytes) -> list[Sent]:
    """Return what `_packed` was given."""
    return [
        Sent(start, end, None if time == UNKNOWN else time, line, bool(repeated), val, ecr)
        for start, end, time, line, repeated, val, ecr in ROW.iter_unpack(row)
    ]
