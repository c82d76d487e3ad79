"""
Made-up TCP traffic for measuring: two endpoints and a path that loses and reorders, many conversations at once.

A conversation is a function of its number alone, so the same capture comes out everywhere. Both ends are a plain
TCP: slow start, delayed ACKs, SACK, fast retransmission and timeout, persist timer, keep-alive. Times are
microseconds. It is written for speed (a few microseconds a segment), which `simulation` is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from operator import itemgetter
from random import Random
from typing import Final, NamedTuple

MS: Final = 1_000
SECOND: Final = 1_000_000
MASK: Final = 2**32 - 1
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
CLIENT, SERVER = 0, 1
CLIENTS: Final = 200  # addresses where there are "few": tcpdump is at its best then
SERVERS: Final = 7
PORTS: Final = 28_000  # of one address, from FIRST_PORT on: tcpdump knows no protocol by one of these
FIRST_PORT: Final = 32_768
GIVE_UP: Final = 4  # timeouts in a row
SERVICES: Final = ((0.2, 80), (0.75, 9731), (1.0, 7543))  # share up to here, port

ARRIVE, TIMER, ACK_LATE, NEXT, CLOSE, CLOSE_BACK, KEEP, READ = range(8)


class Flow(NamedTuple):
    """What does not change during a conversation."""

    number: int
    version: int  # 4 or 6
    client: str
    server: str
    sport: int
    dport: int
    mss: int
    scale: int  # window shift of both
    stamps: bool
    sack: bool


class Segment(NamedTuple):
    """One captured segment; numbers as on the wire."""

    time: int
    flow: Flow
    sender: int  # CLIENT or SERVER
    flags: int
    seq: int
    ack: int
    window: int  # as it stands in the header
    stamps: tuple[int, int] | None
    blocks: tuple[tuple[int, int], ...]
    length: int
    data: bytes  # the first octets of the payload, the rest is filled up


class Plan(NamedTuple):
    """What happens in a conversation."""

    messages: tuple[tuple[int, int, int], ...]  # sender, octets, pause before it
    close: str
    answer: str = "accept"  # the server's: accept, refuse, silent
    loss: float = 0.0
    reordered: float = 0.0
    stalls: bool = False  # the reader of the largest message pauses: zero windows
    keep_alives: int = 0


def address(number: int, version: int, *, few: bool, server: bool = False) -> str:
    """Return an address of a private network."""
    if server:
        return f"10.200.0.{1 + number % SERVERS}" if version == 4 else f"2001:db8:5::{1 + number % SERVERS:x}"
    host = number % CLIENTS if few else number
    if version == 4:
        return f"10.{host >> 16 & 127}.{host >> 8 & 255}.{host & 255}"
    return f"2001:db8:{1 + (host >> 16):x}::a:{host & 0xFFFF:x}"


def flow_of(number: int, rnd: Random, *, few: bool) -> Flow:
    """Return addresses, ports and options of a conversation."""
    version = 6 if rnd.random() < 0.12 else 4
    share = rnd.random()
    return Flow(
        number,
        version,
        address(number, version, few=few),
        address(number // CLIENTS, version, few=few, server=True),
        FIRST_PORT + (number // CLIENTS if few else number * 7) % PORTS,
        next(port for top, port in SERVICES if share <= top),
        1440 if version == 6 else 1460,
        7 if rnd.random() < 0.8 else 8,
        rnd.random() < 0.88,
        rnd.random() < 0.97,
    )


def plan_of(rnd: Random, *, brief: bool) -> Plan:
    """Return the script of a conversation: about 50 segments on average, about 10 if `brief`."""
    share = rnd.random()
    if share < 0.02:
        return Plan((), "none", "refuse")
    if share < 0.03:
        return Plan((), "none", "silent")
    close = _close(rnd.random())
    loss = 0.004 if rnd.random() < 0.7 else 0.0
    reordered = 0.001 if rnd.random() < 0.3 else 0.0
    if brief:
        sizes = [(CLIENT, 80 + int(rnd.random() * 400), 0), (SERVER, 100 + int(rnd.random() * 1300), 300)]
        if share < 0.2:
            sizes = sizes[:1]
        elif share > 0.9:
            sizes += [(CLIENT, 200, SECOND), (SERVER, 9_000, 500)]
        return Plan(tuple(sizes), close, loss=loss)
    if share < 0.08:  # a large answer
        octets = int(60_000 * (1 + 9 * rnd.random() ** 2))
        return Plan(((CLIENT, 300, 0), (SERVER, octets, 2 * MS)), close, "accept", loss, reordered, share < 0.035)
    if share < 0.11:  # an upload
        octets = int(50_000 * (1 + 5 * rnd.random() ** 2))
        return Plan(((CLIENT, octets, 0), (SERVER, 200, 20 * MS)), close, "accept", loss, reordered, share < 0.081)
    if share < 0.2:  # small questions and answers
        pairs = 10 + int(rnd.random() * 40)
        small = [
            (side, 20 + int(rnd.random() * 200), int(rnd.random() * (900 * MS if side == CLIENT else MS)))
            for _ in range(pairs)
            for side in (CLIENT, SERVER)
        ]
        return Plan(tuple(small), close, loss=loss, reordered=reordered)
    pairs = 1 + int(rnd.random() * 4)
    messages = []
    for pair in range(pairs):
        messages.append((CLIENT, 150 + int(rnd.random() * 700), int(pair and rnd.random() * 8 * SECOND)))
        messages.append((SERVER, 200 + int(rnd.random() ** 3 * 40_000), int(rnd.random() * 30 * MS)))
    keep = int(rnd.random() * 12) if rnd.random() < 0.012 else 0
    return Plan(tuple(messages), close, loss=loss, reordered=reordered, keep_alives=keep)


def _close(share: float) -> str:
    for top, kind in (
        (0.40, "client"),  # FIN, ACK with FIN, ACK
        (0.65, "server"),
        (0.78, "client_four"),  # the other side closes a little later
        (0.86, "server_four"),
        (0.87, "both"),
        (0.90, "client_rst"),
        (0.92, "server_rst"),
        (0.95, "fin_rst"),  # FIN answered by RST
    ):
        if share < top:
            return kind
    return "none"


class Side:
    """One end; offsets count from its own SYN (0), not wrapped."""

    __slots__ = (
        "ack_at", "backoff", "begin", "buffer", "clock", "cwnd", "dup", "edge", "end", "fin", "goal", "holes", "isn", "last_capture",
        "nxt", "owed", "peer_edge", "persist", "rcv", "recent", "recover", "sacked", "scaled", "sent_at", "ssthresh",
        "timer", "una", "unread", "waits",
    )  # fmt: skip

    def __init__(self, isn: int, buffer: int) -> None:
        """Begin closed."""
        self.isn = isn
        self.una = self.nxt = 0
        self.end = 1  # SYN and what the application has given
        self.begin = 1  # of its latest message
        self.fin = False  # everything it will ever send is given
        self.rcv = 0
        self.goal = -1  # of the peer's octets: then it is this side's turn
        self.holes: list[tuple[int, int]] = []  # received out of order, the latest first
        self.buffer, self.unread, self.edge = buffer, 0, 0
        self.waits = False  # its application does not read
        self.peer_edge = 1
        self.cwnd, self.ssthresh, self.dup, self.recover, self.sent_at = 10, 1 << 20, 0, -1, 0
        self.sacked: list[tuple[int, int]] = []
        self.timer = self.backoff = self.ack_at = self.owed = 0
        self.persist = False
        self.recent = 0  # the peer's TSval
        self.scaled = False
        self.last_capture = 0
        self.clock = 0  # of its timestamps, milliseconds


class Conversation:
    """One connection from its first segment to its last."""

    def __init__(self, flow: Flow, plan: Plan, rnd: Random, start: int) -> None:
        """Prepare both ends."""
        self.flow, self.plan, self.rnd = flow, plan, rnd
        self.segments: list[Segment] = []
        self.events: list[tuple[int, int, int, int, tuple[int, ...]]] = []
        self.serial = 0
        self.payload = flow.mss - (12 if flow.stamps else 0)
        buffer = 16_384 if plan.stalls else 65_536
        self.sides = (Side(int(rnd.random() * MASK), buffer), Side(int(rnd.random() * MASK), buffer))
        path = int((0.3 + 60 * rnd.random() ** 3) * MS)  # one way
        self.legs = (path - path // 20, path // 20 + 30)  # the capture is near the server
        self.rtt = 2 * (sum(self.legs) + 50)
        self.clocks = (int(rnd.random() * MASK), int(rnd.random() * MASK))
        self.message = 0
        self.over = False
        self.closing = False
        self.blocks: tuple[tuple[int, int], ...] = ()
        self.at(start, NEXT, CLIENT)

    # -------------------------------------------------------------- the clock

    def at(self, time: int, kind: int, side: int, what: tuple[int, ...] = ()) -> None:
        """Have something happen."""
        self.serial += 1
        heappush(self.events, (time, self.serial, kind, side, what))

    def run(self, most: int = 1 << 62) -> list[Segment]:
        """Return what was captured, `most` segments or one more."""
        events = self.events
        begin = heappop(events)[0]
        client = self.sides[CLIENT]
        self.send(client, CLIENT, begin, SYN, 0, 0)
        client.nxt = 1
        self.arm(client, CLIENT, begin)
        while events and not self.over and len(self.segments) < most:
            time, _, kind, side, what = heappop(events)
            if kind == ARRIVE:
                self.arrive(self.sides[side], side, time, what)
            elif kind == TIMER:
                self.timer(self.sides[side], side, time)
            elif kind == ACK_LATE:
                mine = self.sides[side]
                if mine.owed and mine.ack_at <= time:
                    self.send(mine, side, time, ACK, mine.nxt, 0)
            elif kind == NEXT:
                self.next_message(time)
            elif kind == READ:
                mine = self.sides[side]
                mine.waits, mine.unread = False, 0
                self.send(mine, side, time, ACK, mine.nxt, 0)
            elif kind == KEEP:
                mine = self.sides[side]
                self.send(mine, side, time, ACK, mine.nxt - 1, what[0])
            else:
                self.close(time, side, kind)
        return self.segments

    def arm(self, mine: Side, side: int, time: int) -> None:
        """Start the retransmission timer (again)."""
        wait = SECOND if mine.una == 0 else max(200 * MS, 2 * self.rtt)
        pending = mine.timer
        mine.timer = time + (wait << mine.backoff)
        if not pending:
            self.at(mine.timer, TIMER, side)

    def timer(self, mine: Side, side: int, time: int) -> None:
        """Send again what was not acknowledged, or probe a closed window."""
        if mine.timer > time:
            self.at(mine.timer, TIMER, side)
            return
        mine.timer = 0
        if mine.una >= mine.nxt and not mine.persist:
            return
        mine.backoff += 1
        if mine.backoff > GIVE_UP:
            return
        if mine.persist:
            if mine.una >= mine.nxt:
                if self.flow.number % 2:
                    self.send(mine, side, time, ACK, mine.nxt - 1, 0)  # as Linux does
                else:
                    self.send(mine, side, time, ACK, mine.nxt, 1)
            self.arm(mine, side, time)
            return
        mine.ssthresh, mine.cwnd = max(mine.cwnd // 2, 2), 1
        mine.recover, mine.sent_at = mine.nxt, mine.una
        self.again(mine, side, time)
        self.arm(mine, side, time)

    # -------------------------------------------------------------- the applications

    def next_message(self, time: int) -> None:
        """Let the side whose turn it is speak."""
        if self.message >= len(self.plan.messages):
            if self.closing:
                return
            self.closing = True
            keeper = self.flow.number % 2
            for turn in range(self.plan.keep_alives):
                time += 15 * SECOND
                self.at(time, KEEP, keeper, (turn % 2 if self.flow.number % 3 == 0 else 0,))
            close = self.plan.close
            if close != "none":
                self.at(time + 3 * MS, CLOSE, SERVER if close.startswith("server") else CLIENT)
                if close == "both":
                    self.at(time + 3 * MS, CLOSE, SERVER)
            return
        side, octets, _ = self.plan.messages[self.message]
        self.message += 1
        mine, other = self.sides[side], self.sides[1 - side]
        mine.begin = mine.end
        mine.end += octets
        other.goal = mine.end
        if self.plan.stalls and octets > 40_000:
            other.waits = True
            self.at(time + (700 + self.flow.number % 3000) * MS, READ, 1 - side)
        self.push(mine, side, time)

    def close(self, time: int, side: int, kind: int) -> None:
        """Close or abort one side."""
        mine = self.sides[side]
        if mine.fin:
            return
        close = self.plan.close
        if close in ("client_rst", "server_rst") or (close == "fin_rst" and kind == CLOSE_BACK):
            self.send(mine, side, time, RST | ACK, mine.nxt, 0)
            self.over = True
            return
        mine.fin = True
        self.push(mine, side, time)

    # -------------------------------------------------------------- sending

    def push(self, mine: Side, side: int, time: int) -> None:
        """Send what the windows allow."""
        if mine.una == 0:
            return
        first = mine.nxt
        limit = min(mine.una + mine.cwnd * self.payload, mine.peer_edge)
        end, payload = mine.end, self.payload
        while mine.nxt < end:
            size = min(end - mine.nxt, payload)
            room = limit - mine.nxt
            if room < size:
                if mine.nxt > mine.una or room <= 0:
                    break
                size = room
            last = mine.nxt + size == end
            flags = ACK
            if last:
                flags |= PSH
                if mine.fin:
                    flags |= FIN
            self.send(mine, side, time, flags, mine.nxt, size)
            mine.nxt += size + (flags & FIN)
            time += 12
        if mine.fin and mine.nxt == end:
            self.send(mine, side, time, FIN | ACK, end, 0)
            mine.nxt += 1
        if mine.nxt > first:
            mine.persist = False
            if not mine.timer or first == mine.una:
                self.arm(mine, side, time)
        elif mine.nxt < end and mine.una == mine.nxt and not mine.persist:
            mine.persist = True
            self.arm(mine, side, time)

    def again(self, mine: Side, side: int, time: int) -> None:
        """Send the first hole again that was not yet."""
        start = max(mine.una, mine.sent_at)
        if start == 0:
            self.send(mine, side, time, SYN if side == CLIENT else SYN | ACK, 0, 0)
            return
        if start >= mine.recover:
            return
        end = mine.end
        for left, right in mine.sacked:
            if left <= start < right:
                start = right
            elif left > start:
                end = min(end, left)
                break
        else:
            if mine.sacked and start > mine.una:
                return  # nothing above is known to have arrived
        if start > mine.end or start >= mine.recover:
            return
        size = min(self.payload, end - start)
        last = start + size == mine.end
        flags = ACK | (PSH if last and size else 0) | (FIN if last and mine.fin and mine.nxt > mine.end else 0)
        if not size and not flags & FIN:
            return
        self.send(mine, side, time, flags, start, size)
        mine.sent_at = start + max(size, 1)

    def send(self, mine: Side, side: int, time: int, flags: int, start: int, size: int) -> None:
        """Put a segment on the path, past the capture point, to the other side."""
        flow, other = self.flow, self.sides[1 - side]
        if flags & SYN:
            window = 64_240
            mine.edge = mine.rcv + window
        else:
            if not mine.holes:
                free = mine.buffer - mine.unread
                edge = mine.rcv + free
                if free >= self.payload and edge > mine.edge:
                    mine.edge = edge
            window = -(-(mine.edge - mine.rcv) >> flow.scale)
            window = max(window, 0)
            mine.edge = mine.rcv + (window << flow.scale)
        value = 0
        stamps = None
        if flow.stamps and not (flags & RST and not other.scaled):
            mine.clock = max(mine.clock, time // MS)  # a burst is numbered ahead of what is sent in its midst
            value = (self.clocks[side] + mine.clock) & MASK
            stamps = (value, mine.recent)
        blocks: tuple[tuple[int, int], ...] = self.blocks
        if flow.sack and (mine.holes or blocks) and not flags & SYN:
            blocks = (blocks + tuple(mine.holes))[: 3 if flow.stamps else 4]
        wire = tuple([((left + other.isn) & MASK, (right + other.isn) & MASK) for left, right in blocks])
        if flags & ACK:
            mine.owed = 0
            mine.ack_at = 0
        capture = time + self.legs[side]
        fate = self.rnd.random() if self.plan.loss or self.plan.reordered else 1.0
        loss = self.plan.loss
        if fate < loss / 2:
            return  # before the capture point
        if loss <= fate < loss + self.plan.reordered:
            capture += 2 * MS
        else:
            if capture <= mine.last_capture:
                capture = mine.last_capture + 1
            mine.last_capture = capture
        data = b""
        if size:
            data = self.content(side, start, size)
        self.segments.append(
            Segment(
                capture, flow, side, flags, (mine.isn + start) & MASK,
                (other.isn + mine.rcv) & MASK if flags & ACK else 0, window, stamps, wire, size, data,
            )
        )  # fmt: skip
        if fate < loss:
            return
        what = (flags, start, size, mine.rcv, window, value, *[number for block in blocks for number in block])
        self.at(capture + self.legs[1 - side], ARRIVE, 1 - side, what)

    def content(self, side: int, start: int, size: int) -> bytes:
        """Return how the payload begins: HTTP on port 80."""
        mine = self.sides[side]
        if self.flow.dport != 80 or start != mine.begin or size < 120:
            return b""
        head = b"GET /item/%d HTTP/1.1" % self.flow.number if side == CLIENT else b"HTTP/1.1 200 OK"
        return head + b"\r\nContent-Length: %d\r\n\r\n" % (mine.end - start - len(head) - 30)

    # -------------------------------------------------------------- receiving

    def arrive(self, mine: Side, side: int, time: int, what: tuple[int, ...]) -> None:
        """Take a segment as RFC 9293 says."""
        flags, start, size, ack, window, value = what[:6]
        if flags & SYN:
            self.arrive_syn(mine, side, time, window, value)
            return
        if mine.rcv == 0:
            return  # nothing is expected before the SYN
        if start <= mine.rcv and value:
            mine.recent = value
        self.take_ack(mine, side, time, ack, window, size or flags & FIN, what[6:])
        length = size + (flags & FIN)
        if not length:
            if start < mine.rcv:
                self.send(mine, side, time, ACK, mine.nxt, 0)
            self.push(mine, side, time)
            return
        end = start + length
        if end > mine.edge and mine.waits:  # a probe of the closed window
            self.send(mine, side, time, ACK, mine.nxt, 0)
            return
        now = self.take_octets(mine, start, end, ends=bool(flags & FIN))
        self.push(mine, side, time + 20)
        if now or mine.owed >= 2:
            self.send(mine, side, time + 20, ACK, mine.nxt, 0)
        elif mine.owed and not mine.ack_at:
            mine.ack_at = time + 40 * MS
            self.at(mine.ack_at, ACK_LATE, side)
        self.blocks = ()
        if mine.rcv >= mine.goal > 0:
            mine.goal = -1
            messages = self.plan.messages
            pause = messages[self.message][2] if self.message < len(messages) else 5 * MS
            self.at(time + 20 + pause, NEXT, 1 - side)
        peer = self.sides[1 - side]
        if peer.fin and mine.rcv > peer.end and not mine.fin:
            pause = int(self.rnd.random() * 300 * MS) if self.plan.close.endswith("four") else 100
            self.at(time + pause, CLOSE_BACK, side)

    def take_octets(self, mine: Side, start: int, end: int, *, ends: bool) -> bool:
        """Take data or FIN; tell whether it is acknowledged at once."""
        if end <= mine.rcv:
            self.blocks = ((start, end),)
            return True
        if start > mine.rcv:
            self.insert(mine, start, end)
            return True
        now = bool(mine.holes or ends)
        before, mine.rcv = mine.rcv, end
        for left, right in sorted(mine.holes):
            if left <= mine.rcv:
                mine.rcv = max(mine.rcv, right)
        mine.holes = [hole for hole in mine.holes if hole[0] > mine.rcv]
        if mine.waits:
            mine.unread += mine.rcv - before
        elif mine.buffer < 3_000_000:
            mine.buffer += mine.rcv - before
        mine.owed += 1
        return now

    def arrive_syn(self, mine: Side, side: int, time: int, window: int, value: int) -> None:
        """Answer a SYN or a SYN-ACK."""
        mine.recent = value
        mine.rcv = 1
        if side == SERVER:
            mine.peer_edge = 1 + window
            if self.plan.answer == "refuse":
                self.refuse(time)
            elif self.plan.answer == "accept":
                self.send(mine, side, time + 15, SYN | ACK, 0, 0)
                if mine.nxt == 0:
                    mine.nxt = 1
                    self.arm(mine, side, time)
            return
        fresh = mine.una == 0
        mine.una, mine.scaled = max(mine.una, 1), True
        if fresh:
            mine.timer = time + SECOND if mine.timer else 0
            mine.backoff = 0
            mine.peer_edge = 1 + window
        self.send(mine, side, time + 15, ACK, mine.nxt, 0)
        if fresh:
            self.at(time + 60, NEXT, CLIENT)

    def refuse(self, time: int) -> None:
        """Answer a SYN with RST."""
        mine = self.sides[SERVER]
        client = self.sides[CLIENT]
        self.segments.append(
            Segment(
                max(time + 10 + self.legs[SERVER], mine.last_capture + 1), self.flow, SERVER, RST | ACK, 0,
                (client.isn + 1) & MASK, 0, None, (), 0, b"",
            )
        )  # fmt: skip
        self.over = True

    def insert(self, mine: Side, start: int, end: int) -> None:
        """Keep octets that came too early; their block is reported first."""
        rest = []
        for left, right in mine.holes:
            if left <= end and start <= right:
                start, end = min(start, left), max(end, right)
            else:
                rest.append((left, right))
        mine.holes = [(start, end), *rest]

    def take_blocks(self, mine: Side, ack: int, blocks: tuple[int, ...]) -> None:
        """Note what the other side holds above the acknowledged."""
        held = [(blocks[i], blocks[i + 1]) for i in range(0, len(blocks), 2) if blocks[i] >= ack]
        merged: list[tuple[int, int]] = []
        for left, right in sorted([*mine.sacked, *held]):
            if right <= ack:
                continue
            if merged and left <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(right, merged[-1][1]))
            else:
                merged.append((left, right))
        mine.sacked = merged

    def take_ack(
        self, mine: Side, side: int, time: int, ack: int, window: int, size: int, blocks: tuple[int, ...]
    ) -> None:
        """Move on, or notice that something is missing."""
        edge = ack + (window << self.flow.scale)
        if blocks:
            self.take_blocks(mine, ack, blocks)
        if ack > mine.una:
            acked = ack - mine.una
            mine.una = ack
            mine.dup = mine.backoff = 0
            mine.scaled = True
            if mine.sacked:
                mine.sacked = [block for block in mine.sacked if block[1] > ack]
            mine.nxt = max(mine.nxt, ack)
            if mine.recover >= 0:
                if ack >= mine.recover:
                    mine.recover, mine.cwnd = -1, max(mine.ssthresh, 2)
                else:
                    mine.sent_at = max(mine.sent_at, ack)
                    self.again(mine, side, time)
                    if mine.cwnd < mine.ssthresh:
                        mine.cwnd += 1
            elif mine.cwnd < mine.ssthresh:
                mine.cwnd = min(mine.cwnd + max(acked // self.payload, 1), 60)
            elif acked >= self.payload:
                mine.cwnd = min(mine.cwnd + (self.rnd.random() * mine.cwnd < 1), 60)
            mine.timer = time + max(200 * MS, 2 * self.rtt) if mine.timer else 0
            if mine.una < mine.nxt and not mine.timer:
                self.arm(mine, side, time)
        elif ack == mine.una < mine.nxt and not size and edge == mine.peer_edge:
            mine.dup += 1
            if mine.dup == 3 and mine.recover < 0:
                mine.recover, mine.sent_at = mine.nxt, mine.una
                mine.ssthresh = max(mine.cwnd // 2, 2)
                mine.cwnd = mine.ssthresh + 3
                self.again(mine, side, time)
            elif mine.dup > 3 and mine.recover >= 0 and mine.sacked:
                self.again(mine, side, time)
        mine.peer_edge = max(mine.peer_edge, edge)


# ------------------------------------------------------------------ whole captures


def together(starts: Iterator[tuple[int, list[Segment]]]) -> Iterator[Segment]:
    """Yield the segments of conversations in the order of their times; they come in the order of their starts."""
    pending: list[Segment] = []
    by_time = itemgetter(0)
    for count, (start, segments) in enumerate(starts, 1):
        pending += segments
        if count % 200 == 0:
            pending.sort(key=by_time)
            ready = 0
            for ready, segment in enumerate(pending):  # noqa: B007  the first that may have to wait
                if segment.time >= start:
                    break
            yield from pending[:ready]
            del pending[:ready]
    pending.sort(key=by_time)
    yield from pending


def mixed(*, few: bool, brief: bool = False, gap: int = 0, seed: int = 1) -> Iterator[Segment]:
    """Yield endless mixed traffic; a conversation begins every `gap` microseconds on average."""
    gap = gap or (4_000 if brief else 45_000)

    def conversations() -> Iterator[tuple[int, list[Segment]]]:
        start, number = 0, 0
        while True:
            rnd = Random(seed * 1_000_003 + number)  # noqa: S311  nothing secret
            start += int(2 * gap * rnd.random())
            talk = Conversation(flow_of(number, rnd, few=few), plan_of(rnd, brief=brief), rnd, start)
            yield start, talk.run()
            number += 1

    return together(conversations())


def one(segments: int) -> Iterator[Segment]:
    """Yield a single connection: the server sends for hours."""
    rnd = Random(2)  # noqa: S311  nothing secret
    flow = flow_of(3, rnd, few=True)._replace(version=4, client="10.0.0.3", server="10.200.0.1", dport=9731)
    octets = segments * flow.mss  # more than will be captured: an ACK for every two segments comes on top
    plan = Plan(((CLIENT, 300, 0), (SERVER, octets, MS)), "server", loss=0.0005, reordered=0.0001)
    return iter(Conversation(flow, plan, rnd, 0).run(segments))


def three(gap: int = 900) -> Iterator[Segment]:
    """Yield connections of three segments, endlessly: refused after the SYN-ACK, or never used and never closed."""
    for number, flow, isn in _strangers(few=True):
        time = number * gap
        yield _bare(time, flow, CLIENT, SYN, isn, 0)
        yield _bare(time + 40, flow, SERVER, SYN | ACK, isn ^ 0x5A5A5A5A, isn + 1)
        flags = RST if number % 2 else ACK
        yield _bare(time + 300, flow, CLIENT, flags, isn + 1, (isn ^ 0x5A5A5A5A) + 1 if flags == ACK else 0)


def flood(gap: int = 10) -> Iterator[Segment]:
    """Yield SYNs, endlessly, each from an address of its own, none answered."""
    for number, flow, isn in _strangers(few=False):
        yield _bare(number * gap, flow, CLIENT, SYN, isn, 0)


def all_open(connections: int = 100_000) -> Iterator[Segment]:
    """Yield the handshakes of all connections, then a little data on one or another, endlessly; none is closed."""
    rnd = Random(4)  # noqa: S311  nothing secret
    time, flows, isns = 0, [], []
    offsets = [[1, 1] for _ in range(connections)]
    for number, flow, isn in _strangers(few=True):
        if number == connections:
            break
        flows.append(flow)
        isns.append((isn, isn ^ 0x5A5A5A5A))
        for sender, flags, seq, ack in (
            (CLIENT, SYN, isn, 0),
            (SERVER, SYN | ACK, isns[-1][1], isn + 1),
            (CLIENT, ACK, isn + 1, isns[-1][1] + 1),
        ):
            time += 30
            yield _bare(time, flow, sender, flags, seq, ack)
    while True:
        number = int(rnd.random() * connections)
        mine, sender = offsets[number], int(rnd.random() * 2)
        size = 40 + int(rnd.random() * 400)
        seqs = [isns[number][side] + mine[side] for side in (CLIENT, SERVER)]
        time += 90
        segment = _bare(time, flows[number], sender, PSH | ACK, seqs[sender], seqs[1 - sender])
        yield segment._replace(length=size)
        mine[sender] += size
        seqs[sender] += size
        yield _bare(time + 20, flows[number], 1 - sender, ACK, seqs[1 - sender], seqs[sender])


def _strangers(*, few: bool) -> Iterator[tuple[int, Flow, int]]:
    rnd = Random(3)  # noqa: S311  nothing secret
    number = 0
    while True:
        flow = flow_of(number, rnd, few=few)._replace(dport=9731)
        yield number, flow, int(rnd.random() * MASK)
        number += 1


def _bare(time: int, flow: Flow, sender: int, flags: int, seq: int, ack: int) -> Segment:
    stamps = None
    if flow.stamps and not flags & RST:
        stamps = (
            (flow.number * 977 + time // MS) & MASK,
            0 if flags == SYN else (flow.number * 977 + time // MS) & MASK,
        )
    window = 64_240 if flags & SYN else 0 if flags & RST else 502
    return Segment(time, flow, sender, flags, seq & MASK, ack & MASK, window, stamps, (), 0, b"")
