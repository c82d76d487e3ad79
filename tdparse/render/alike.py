"""
Segments that were predicted, and the steps they are: like the first of their kind but for their numbers.

`tdparse.prediction` counts such segments and makes no steps of them. Whoever keeps segments keeps a `Brief` of each,
which costs little, and makes the step of it when the segment is told after all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tdparse.prediction import LINE, new
from tdparse.record import segment_of
from tdparse.seqnum import MASK

if TYPE_CHECKING:
    from collections.abc import Callable

    from tdparse.model import Flow, Segment, Step
    from tdparse.prediction import Awaited, Emit, Found, Lane


class Brief(NamedTuple):
    """One segment that was predicted: all in which it differs from the first of its kind, but for its flow."""

    first: Step
    line: str
    number: int  # of the line
    elapsed: int
    begin: int  # numbers are relative
    end: int
    ack: int
    window: int  # as scaled as it can be
    gained: int  # what an ACK acknowledges
    isn: int
    peer_isn: int

    def step(self, flow: Flow) -> Step:
        """Return the step; `flow` is its connection."""
        return like(
            self.first,
            segment_of(self.line, self.number),
            flow,
            elapsed=self.elapsed,
            seq=(self.begin + self.isn) & MASK,
            ack=(self.ack + self.peer_isn) & MASK,
            rel_seq=self.begin,
            rel_ack=self.ack,
            window=self.window,
            gained=self.gained,
        )


def keeping(first: Step, found: Found, lane: Lane, keep: Callable[[int, Brief], object]) -> Emit | None:
    """
    Return what hands a `Brief` of segments like `first` to `keep`, with the number of its connection.

    None if a brief would not give `first` itself again, whose line was `found` in `lane`.
    """

    def made(keep: Callable[[int, Brief], object]) -> Emit:
        def take(found: Found, lane: Awaited, number: int, elapsed: int) -> str:
            numbers = lane.begin, lane.nxt, lane.lastack, lane.scaled, lane.gained, lane.isn, lane.peer.isn
            keep(lane.conn_number, new(Brief, (first, found[LINE], number, elapsed, *numbers)))
            return ""

        return take

    if not placed(lane, first):
        return None
    kept: list[Brief] = []
    made(lambda _conn, brief: kept.append(brief))(found, lane, first.segment.line, first.elapsed or 0)
    return made(keep) if kept[0].step(first.flow) == first else None


def like(
    first: Step,
    segment: Segment,
    flow: Flow,
    *,
    elapsed: int,
    seq: int,
    ack: int,
    rel_seq: int,
    rel_ack: int,
    window: int,
    gained: int,
) -> Step:
    """Return a step that differs from `first` in its numbers only; what that one does not tell, it does not either."""
    length = segment.length or 0
    return first._replace(
        segment=segment,
        flow=flow,
        elapsed=None if first.elapsed is None else elapsed,
        seq=None if first.seq is None else seq,
        seq_end=None if first.seq is None else (seq + length) & MASK,
        ack=None if first.ack is None else ack,
        rel_seq=rel_seq,
        rel_end=rel_seq + length,
        rel_ack=rel_ack,
        window_scaled=None if first.window_scaled is None else window,
        values={**first.values, "n": gained} if "n" in first.values else first.values,
    )


def placed(lane: Awaited, step: Step) -> bool:
    """Have a lane, of which nothing else is wanted, say what it would have said of `step`; False: it could not have."""
    gained = step.values.get("n")
    if step.rel_seq is None or step.rel_end is None or step.rel_ack is None:
        return False
    lane.begin, lane.nxt, lane.lastack = step.rel_seq, step.rel_end, step.rel_ack
    lane.gained, lane.scaled = gained if isinstance(gained, int) else 0, step.window_scaled or 0
    return True
