"""
Conversations of every kind, drawn at random: a strategy for tests that must hold for any capture.

Numbers go on from what was sent, sometimes below (sent again) or ahead (a gap); a capture may begin
before a handshake or anywhere behind it, and a pair of addresses may be used again.
"""

from __future__ import annotations

from hypothesis import strategies as st
from scenario import MASK, Packet

SMALL = 2**24  # below, absolute and relative numbers look alike
PAIRS = [
    ("192.0.2.1.1000", "192.0.2.2.80"),
    ("192.0.2.1.1001", "192.0.2.2.80"),
    ("2001:db8::1.1000", "2001:db8::2.80"),
    ("192.0.2.3.9", "192.0.2.3.9"),
]
ISNS = st.one_of(st.sampled_from([0, 1, 7, 2**31, MASK, MASK - 1, MASK - 3000]), st.integers(SMALL, MASK - SMALL))
EVENTS = [
    "ack",
    "data",
    "data",
    "fin",
    "old",
    "ahead",
    "sack",
    "reset",
    "reset_ack",
    "syn",
    "syn_ack",
    "again",
    "illegal",
]


class Flow:
    """Both directions of a pair: the sender of numbers behind a handshake that may not be captured."""

    def __init__(self, pair: tuple[str, str], isns: tuple[int, int]) -> None:
        """Start both directions from their ISNs."""
        self.pair = pair
        self.isns = list(isns)
        self.nxt = [1, 1]

    def event(self, kind: str, by: int, size: int) -> Packet:
        """Return the next packet of endpoint `by`."""
        other = 0 if self.pair[0] == self.pair[1] else 1 - by
        by = 0 if self.pair[0] == self.pair[1] else by
        src, dst = self.pair[by], self.pair[other]
        seq, ack = (self.isns[by] + self.nxt[by]) & MASK, (self.isns[other] + self.nxt[other]) & MASK
        if kind == "syn":
            return Packet(src, dst, "S", self.isns[by], 0)
        if kind == "syn_ack":
            return Packet(src, dst, "S.", self.isns[by], (self.isns[other] + 1) & MASK)
        if kind == "reset":
            return Packet(src, dst, "R", seq, 0)
        if kind == "reset_ack":
            return Packet(src, dst, "R.", seq, ack)
        if kind == "illegal":
            return Packet(src, dst, "FPU", seq, 0, size)
        if kind == "sack":
            left = (ack + size) & MASK
            return Packet(src, dst, ".", seq, ack, sack=((left, (left + size) & MASK),))
        if kind == "old":
            return Packet(src, dst, "P.", (seq - size) & MASK, ack, size)
        if kind == "ahead":
            self.nxt[by] += 16 * size
            seq = (self.isns[by] + self.nxt[by]) & MASK
        length = size if kind in ("data", "ahead") else 0
        self.nxt[by] += length + (kind == "fin")
        return Packet(src, dst, "F." if kind == "fin" else "P." if length else ".", seq, ack, length)


@st.composite
def captures(draw: st.DrawFn) -> list[Packet]:
    """Several conversations, captured from anywhere in their lives, some pairs used again."""
    flows = [
        Flow(pair, (draw(ISNS), draw(ISNS)))
        for pair in draw(st.lists(st.sampled_from(PAIRS), min_size=1, max_size=3, unique=True))
    ]
    found: list[Packet] = []
    for flow in flows:
        if draw(st.booleans()):  # the opening was captured
            found += [flow.event("syn", 0, 0), flow.event("syn_ack", 1, 0), flow.event("ack", 0, 0)]
    steps = st.tuples(st.sampled_from(flows), st.sampled_from(EVENTS), st.integers(0, 1), st.integers(16, 1460))
    for flow, kind, by, size in draw(st.lists(steps, max_size=30)):
        if kind == "again":
            flow.isns, flow.nxt = [draw(ISNS), draw(ISNS)], [1, 1]
            opening = [flow.event("syn", 0, 0), flow.event("syn_ack", 1, 0), flow.event("ack", 0, 0)]
            found += opening
        else:
            found.append(flow.event(kind, by, size))
    return [packet._replace(time=packet.time + 1000 * index) for index, packet in enumerate(found)]
