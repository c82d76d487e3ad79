"""
A TCP endpoint in simulated time: it follows RFC 9293, 5681, 6298, 2018, 7323 and 8985 as far as a capture shows them.

Numbers inside are relative and unbounded: the SYN is 0, the first octet 1, the FIN behind the last octet.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from packets import ACK, FIN, MASK, PSH, RST, SYN, Packet

if TYPE_CHECKING:
    from collections.abc import Callable

MILLISECOND: Final = 10**6
SECOND: Final = 10**9
NEVER: Final = 1 << 62
MAX_TRIES: Final = 5

Verb = Literal["send", "await", "wait", "close", "abort", "stop_reading", "read"]
Schedule = "Callable[[int, Callable[[], None]], None]"


class Act(NamedTuple):
    """What the application does next; `amount` is octets or nanoseconds."""

    verb: Verb
    amount: int = 0


@dataclass
class Profile:
    """How one stack is set up."""

    isn: int = 1000
    mss: int = 1460
    buffer: int = 65535
    wscale: int | None = 7
    sack: bool = True
    stamps: bool = True
    delayed_ack: int = 40 * MILLISECOND
    rto_min: int = 200 * MILLISECOND
    tail_probe: bool = True
    nagle: bool = False
    window_segments: int = 10  # initial congestion window
    offload: int = 1  # segments the card makes out of one
    probe_octet: bool = False  # window probes carry one octet (RFC 9293) instead of none (Linux)
    keep_alive: int = 0  # idle time before keep-alives; 0: none
    keep_alive_octet: bool = False
    stamp_offset: int = 100_000
    challenge: bool = True


@dataclass
class Flight:
    """One segment sent and not yet acknowledged."""

    start: int
    end: int
    time: int
    again: bool = False


@dataclass
class Timers:
    """When what is due; NEVER: not armed."""

    retransmit: int = NEVER
    tail: int = NEVER
    ack: int = NEVER
    persist: int = NEVER
    keep_alive: int = NEVER
    app: int = NEVER

    def next(self) -> int:
        """Return the earliest."""
        return min(self.retransmit, self.tail, self.ack, self.persist, self.keep_alive, self.app)


@dataclass
class Endpoint:
    """One side of a connection; `transmit` takes what it sends."""

    name: tuple[str, int]
    peer: tuple[str, int]
    profile: Profile
    script: deque[Act]
    transmit: Callable[[Packet], None]
    state: str = "CLOSED"
    timers: Timers = field(default_factory=Timers)
    # -- sending
    una: int = 0
    nxt: int = 0
    top: int = 0  # highest ever sent
    written: int = 0
    closing: bool = False
    cwnd: int = 0
    recover: int = 0
    in_recovery: bool = False
    duplicates: int = 0
    sacked: list[tuple[int, int]] = field(default_factory=list)
    peer_window: int = 0
    peer_shift: int = 0
    peer_mss: int = 536
    flights: list[Flight] = field(default_factory=list)
    srtt: int = 0
    rto: int = SECOND
    tries: int = 0
    probed: bool = False
    # -- receiving
    irs: int = 0
    rcv: int = 0
    beyond: list[tuple[int, int]] = field(default_factory=list)
    recent: list[tuple[int, int]] = field(default_factory=list)  # SACK blocks, newest first
    unread: int = 0
    reading: bool = True
    edge: int = 0  # right edge of the window as announced
    unacked_segments: int = 0
    peer_fin: int | None = None
    # -- options in force
    shift: int = 0
    sack: bool = False
    stamps: bool = False
    stamp_recent: int = 0
    now: int = 0
    heard: int = 0
    keep_alives: int = 0
    resume: int = 0
    ip_id: int = 0

    # ---------------------------------------------------------------- opening

    def listen(self) -> None:
        """Wait for a SYN."""
        self.state = "LISTEN"

    def connect(self, now: int) -> None:
        """Send a SYN."""
        self.now = now
        self.state = "SYN_SENT"
        self._syn()

    def _syn(self) -> None:
        profile = self.profile
        flags = SYN if self.state == "SYN_SENT" else SYN | ACK
        answering = bool(flags & ACK)
        self._emit(
            flags,
            0,
            window=min(profile.buffer, 65535),
            mss=profile.mss,
            wscale=profile.wscale if not answering or self._scales else None,
            sack_ok=profile.sack if not answering else self.sack,
            stamped=profile.stamps if not answering else self.stamps,
        )
        self.edge = max(self.edge, self.rcv + min(profile.buffer, 65535))
        self.nxt = self.top = max(self.top, 1)
        if not self.flights:
            self.flights.append(Flight(0, 1, self.now))
        self.timers.retransmit = self.now + self.rto

    _scales: bool = False

    def _take_syn(self, packet: Packet) -> None:
        profile = self.profile
        self.irs, self.rcv = packet.seq, 1
        self._scales = packet.wscale is not None and profile.wscale is not None
        if self._scales:
            self.shift, self.peer_shift = profile.wscale or 0, packet.wscale or 0
        self.sack = packet.sack_ok and profile.sack
        self.stamps = packet.ts is not None and profile.stamps
        self.peer_mss = packet.mss or 536
        self.peer_window = packet.window
        if packet.ts:
            self.stamp_recent = packet.ts[0]
        self.cwnd = profile.window_segments * self._mss

    @property
    def _mss(self) -> int:
        return min(self.profile.mss, self.peer_mss) - (12 if self.stamps else 0)

    # ---------------------------------------------------------------- output

    def _emit(
        self,
        flags: int,
        seq: int,
        length: int = 0,
        *,
        window: int | None = None,
        mss: int | None = None,
        wscale: int | None = None,
        sack_ok: bool = False,
        stamped: bool | None = None,
        dsack: tuple[int, int] | None = None,
    ) -> None:
        if flags & ACK:
            self.timers.ack = NEVER
            self.unacked_segments = 0
        blocks: list[tuple[int, int]] = []
        if self.sack and not flags & (SYN | RST):
            blocks = [dsack] if dsack else []
            blocks += [block for block in self.recent if block[0] > self.rcv]
        stamped = self.stamps if stamped is None else stamped
        self.ip_id = (self.ip_id + 1) & 0xFFFF
        self.transmit(
            Packet(
                self.now,
                self.name,
                self.peer,
                flags,
                (self.profile.isn + seq) & MASK,
                (self.irs + self.rcv) & MASK if flags & ACK else 0,
                self._window() if window is None else window,
                length,
                mss,
                wscale,
                sack_ok,
                (self.now // MILLISECOND + self.profile.stamp_offset, self.stamp_recent) if stamped else None,
                tuple(((self.irs + left) & MASK, (self.irs + right) & MASK) for left, right in blocks),
                ip_id=self.ip_id,
            )
        )

    def _window(self) -> int:
        """Return the raw window; its right edge never moves back."""
        room = max(0, self.profile.buffer - self.unread)
        edge = max(self.edge, self.rcv + (room >> self.shift << self.shift))
        raw = min(65535, (edge - self.rcv + (1 << self.shift) - 1) >> self.shift)
        self.edge = max(self.edge, self.rcv + (raw << self.shift))
        return raw

    def _ack(self, dsack: tuple[int, int] | None = None) -> None:
        self._emit(ACK, max(self.nxt, self.top), dsack=dsack)

    def _limit(self) -> int:
        return 1 + self.written

    def _fin_at(self) -> int | None:
        return self._limit() if self.closing else None

    def _can_send(self) -> bool:
        return self.state in {"ESTABLISHED", "CLOSE_WAIT", "FIN_WAIT_1", "CLOSING", "LAST_ACK"}

    def _output(self) -> None:
        """Send what windows allow."""
        if not self._can_send():
            return
        while True:
            start = self._skip(self.nxt)
            room = self.una + min(self.cwnd, self.peer_window) - start
            have = self._limit() - start
            size = min(self._mss * self.profile.offload, have, room)
            if size > 0:
                small = size < self._mss and size == have and self.profile.nagle and not self.closing
                if small and self.una < self.nxt:
                    break
                if size < self._mss and size < have and self.una < self.nxt:
                    break  # silly window avoidance: wait for the acknowledgment
                self._send(start, size)
                continue
            if self.closing and start == self._limit() and have == 0 and start >= self._fin_sent():
                self._send(start, 0)
            break
        if self._limit() > self.nxt and self.una == self.top and self.peer_window < min(self._mss, have or 1):
            self._arm_persist()

    def _fin_sent(self) -> int:
        """Return the lowest position at which a FIN is still to be sent (again)."""
        return self._limit() if self.nxt <= self._limit() else NEVER

    def _skip(self, start: int) -> int:
        for left, right in self.sacked:
            if left <= start < right:
                return right
        return start

    def _send(self, start: int, size: int) -> None:
        """Send [start, start + size), with the FIN where it is the end of all."""
        end = start + size
        flags = ACK
        if size and end >= self._limit():
            flags |= PSH
        fin = self.closing and end == self._limit()
        if fin:
            flags |= FIN
            if self.state == "ESTABLISHED":
                self.state = "FIN_WAIT_1"
            elif self.state == "CLOSE_WAIT":
                self.state = "LAST_ACK"
        again = start < self.top
        self._emit(flags, start, size)
        end += fin
        self.nxt = max(self.nxt, end) if again and self.nxt > start else end
        self.top = max(self.top, end)
        if again:
            for flight in self.flights:
                if flight.start < end and start < flight.end:
                    flight.again = True
        else:
            self.flights.append(Flight(start, end, self.now))
        if self.timers.retransmit == NEVER or not again:
            self.timers.retransmit = self.now + self.rto
        if not again and self.profile.tail_probe and self.srtt and not self.probed:
            self.timers.tail = self.now + max(2 * self.srtt, 10 * MILLISECOND)

    # ---------------------------------------------------------------- timers

    def fire(self, now: int) -> None:
        """Do what is due at `now`."""
        self.now = now
        timers = self.timers
        if timers.app <= now:
            timers.app = NEVER
            self.run()
        if timers.ack <= now:
            timers.ack = NEVER
            self._ack()
        if timers.tail <= now:
            timers.tail = NEVER
            self._probe_tail()
        if timers.persist <= now:
            timers.persist = NEVER
            self._probe_window()
        if timers.keep_alive <= now:
            timers.keep_alive = NEVER
            self._keep_alive()
        if timers.retransmit <= now:
            timers.retransmit = NEVER
            self._timeout()

    def _timeout(self) -> None:
        if self.una >= self.top:
            return
        self.tries += 1
        if self.tries > MAX_TRIES:
            self.state = "CLOSED"
            self.timers = Timers()
            return
        self.rto = min(self.rto * 2, 60 * SECOND)
        for flight in self.flights:
            flight.again = True
        if self.state in {"SYN_SENT", "SYN_RECEIVED"}:
            self._syn()
            return
        self.cwnd = self._mss
        self.in_recovery = False
        self.duplicates = 0
        self.nxt = self.una
        self._again(self.una)
        self.timers.retransmit = self.now + self.rto

    def _again(self, start: int) -> int:
        """Send the segment at `start` again; return its end."""
        limit = min([self._limit(), *(left for left, _ in self.sacked if left > start)])
        size = max(0, min(self._mss, limit - start))
        if size == 0 and not self.closing:
            return start
        kept = self.nxt
        self._send(start, size)
        self.nxt = max(kept, self.nxt)
        return start + size

    def _probe_tail(self) -> None:
        """RFC 8985 section 7: send the last segment once more."""
        if self.una >= self.top or self.duplicates or self.in_recovery or self.probed or not self.flights:
            return
        last = self.flights[-1]
        if last.start == 0:
            return
        self.probed = True
        self._again(max(last.start, last.end - self._mss))

    def _arm_persist(self) -> None:
        if self.timers.persist == NEVER:
            self.timers.persist = self.now + (self.rto << min(self.tries, 6))

    def _probe_window(self) -> None:
        if self.peer_window >= self._mss or self._limit() <= self.nxt or self.una < self.top:
            self._output()
            return
        if self.peer_window and self._limit() - self.nxt > 0:
            self._send(self.nxt, min(self.peer_window, self._limit() - self.nxt))
            return
        self.tries += 1
        if self.profile.probe_octet:
            self._emit(ACK, self.nxt, 1)
        else:
            self._emit(ACK, self.una - 1)
        if self.tries < MAX_TRIES:
            self._arm_persist()

    def _keep_alive(self) -> None:
        if self.state not in {"ESTABLISHED", "CLOSE_WAIT"} or self.una < self.top:
            return
        idle = self.profile.keep_alive
        if self.now - self.heard >= idle or self.keep_alives:
            self.keep_alives += 1
            if self.keep_alives > MAX_TRIES:
                self._emit(RST | ACK, self.nxt)
                self._die()
                return
            self._emit(ACK, self.nxt - 1, 1 if self.profile.keep_alive_octet else 0)
        self.timers.keep_alive = self.now + idle

    def _die(self) -> None:
        self.state = "CLOSED"
        self.timers = Timers()

    # ---------------------------------------------------------------- the application

    def run(self) -> None:
        """Go on with the script as far as possible."""
        while self.script and self.state in {"ESTABLISHED", "CLOSE_WAIT", "FIN_WAIT_1", "FIN_WAIT_2"}:
            act = self.script[0]
            if act.verb == "wait":
                if not self.resume:
                    self.resume = self.now + act.amount
                if self.now < self.resume:
                    self.timers.app = self.resume
                    break
                self.resume = 0
            elif act.verb == "await" and self.rcv - 1 < act.amount and self.peer_fin is None:
                break
            self.script.popleft()
            self._act(act)
        self._output()

    def _act(self, act: Act) -> None:
        if act.verb == "send":
            self.written += act.amount
            self._output()
        elif act.verb == "close":
            self.closing = True
            self._output()
        elif act.verb == "abort":
            self._emit(RST | ACK, self.top)
            self._die()
        elif act.verb == "stop_reading":
            self.reading = False
        elif act.verb == "read":
            self.reading = True
            opened = self.unread
            self.unread = 0
            if opened and self.rcv + self.profile.buffer - self.edge >= min(2 * self._mss, self.profile.buffer // 2):
                self._ack()

    # ---------------------------------------------------------------- input

    def receive(self, packet: Packet, now: int) -> None:
        """Take one packet from the wire."""
        self.now = now
        self.heard = now
        self.keep_alives = 0
        if self.state == "CLOSED":
            self._refuse(packet)
        elif self.state == "LISTEN":
            self._in_listen(packet)
        elif self.state == "SYN_SENT":
            self._in_syn_sent(packet)
        else:
            self._synchronized(packet)

    def _refuse(self, packet: Packet) -> None:
        if packet.flags & RST:
            return
        if packet.flags & ACK:
            reply = Packet(self.now, self.name, self.peer, RST, packet.ack, 0, 0)
        else:
            reply = Packet(self.now, self.name, self.peer, RST | ACK, 0, packet.end & MASK, 0)
        self.transmit(reply)

    def _in_listen(self, packet: Packet) -> None:
        if packet.flags & RST:
            return
        if packet.flags & ACK or not packet.flags & SYN:
            self._refuse(packet)
            return
        self._take_syn(packet)
        self.state = "SYN_RECEIVED"
        self._syn()

    def _in_syn_sent(self, packet: Packet) -> None:
        if packet.flags & ACK and packet.ack != (self.profile.isn + 1) & MASK:
            self._refuse(packet)
            return
        if packet.flags & RST:
            if packet.flags & ACK:
                self._die()
            return
        if not packet.flags & SYN:
            return
        self._take_syn(packet)
        if packet.flags & ACK:
            self.state = "ESTABLISHED"
            self._acknowledged(1)
            self._ack()
            self._open()
        else:
            self.state = "SYN_RECEIVED"
            self._syn()

    def _open(self) -> None:
        if self.profile.keep_alive:
            self.timers.keep_alive = self.now + self.profile.keep_alive
        self.run()

    def _relative(self, number: int, origin: int, near: int) -> int:
        return near + (((number - origin - near) + (1 << 31)) & MASK) - (1 << 31)

    def _synchronized(self, packet: Packet) -> None:
        seq = self._relative(packet.seq, self.irs, self.rcv)
        ack = self._relative(packet.ack, self.profile.isn, self.una)
        size = packet.length + bool(packet.flags & FIN)
        if packet.flags & RST:
            if seq == self.rcv:
                self._die()
            elif self.rcv < seq < self.edge and self.profile.challenge:
                self._ack()
            return
        if packet.flags & SYN:
            if packet.flags & ACK and self.state == "SYN_RECEIVED" and ack == 1:
                self.state = "ESTABLISHED"
                self._acknowledged(1)
                self._open()
            else:
                self._ack()
                if self.state == "SYN_RECEIVED":
                    self._syn()
            return
        if not packet.flags & ACK:
            return
        if packet.ts and seq <= self.rcv and packet.ts[0] >= self.stamp_recent:
            self.stamp_recent = packet.ts[0]
        outside = seq + size <= self.rcv if size else seq < self.rcv
        if outside or seq > max(self.edge, self.rcv):
            if ack <= self.top:
                self._process_ack(packet, ack)
            if self.state != "CLOSED":
                kept = (seq, seq + packet.length) if packet.length and outside else None
                self._ack(kept)
                self.run()
            return
        if self.state == "SYN_RECEIVED":
            if not 1 <= ack <= self.top:
                self._refuse(packet)
                return
            self.state = "ESTABLISHED"
            self._process_ack(packet, ack)
            self._open()
        elif ack > self.top:
            self._ack()
            return
        else:
            self._process_ack(packet, ack)
        if size:
            self._data(seq, packet)
        self.run()

    def _process_ack(self, packet: Packet, ack: int) -> None:
        window = packet.window << self.peer_shift
        fresh = bool(packet.sack) and self._sack(packet)
        if ack > self.una:
            self.peer_window = window
            self._acknowledged(ack)
        elif ack == self.una:
            same = window == self.peer_window and not packet.length and not packet.flags & FIN
            grew = window > self.peer_window
            self.peer_window = window
            if grew and window:
                self.timers.persist = NEVER
                self.tries = 0
            if self.top > self.una and (same or fresh):
                self._duplicate()
        self._closed_by_ack()
        if self.state != "CLOSED":
            self._output()

    def _sack(self, packet: Packet) -> bool:
        """Take SACK blocks; tell whether they say something new."""
        before = list(self.sacked)
        blocks = [*self.sacked]
        for left, right in packet.sack:
            start = self._relative(left, self.profile.isn, self.una)
            stop = self._relative(right, self.profile.isn, self.una)
            if start > self.una:
                blocks.append((start, stop))
        self.sacked = _merged(blocks)
        return before != self.sacked

    def _duplicate(self) -> None:
        self.duplicates += 1
        if self.duplicates == 3 and not self.in_recovery:
            self.in_recovery = True
            self.recover = self.top
            self.cwnd = max(2 * self._mss, self.cwnd // 2)
            self.hole = self._again(self.una)
        elif self.in_recovery:
            if self.sack:
                self._next_hole()
            else:
                self.cwnd += self._mss

    hole: int = 0

    def _next_hole(self) -> None:
        start = max(self.hole, self.una)
        start = self._skip(start)
        if self.sacked and start < self.sacked[-1][0]:
            self.hole = self._again(start)

    def _acknowledged(self, ack: int) -> None:
        self.una = ack
        self.tries = 0
        self.probed = False
        self.duplicates = 0
        done = [flight for flight in self.flights if flight.end <= ack]
        self.flights = [flight for flight in self.flights if flight.end > ack]
        self.sacked = [block for block in self.sacked if block[1] > ack]
        self.nxt = max(self.nxt, ack)
        if done and not done[-1].again:
            sample = self.now - done[-1].time
            self.srtt = sample if not self.srtt else (7 * self.srtt + sample) // 8
            self.rto = max(self.profile.rto_min, 3 * self.srtt)
        if self.in_recovery:
            if ack >= self.recover:
                self.in_recovery = False
            else:
                self.hole = self._again(self._skip(ack))
        else:
            self.cwnd += self._mss
        self.timers.retransmit = self.now + self.rto if self.una < self.top else NEVER
        if self.una >= self.top:
            self.timers.tail = NEVER
        self.timers.persist = NEVER

    def _closed_by_ack(self) -> None:
        fin = self._fin_at()
        if fin is None or self.una <= fin:
            return
        if self.state == "FIN_WAIT_1":
            self.state = "FIN_WAIT_2"
        elif self.state == "CLOSING":
            self.state = "TIME_WAIT"
        elif self.state == "LAST_ACK":
            self._die()

    # ---------------------------------------------------------------- receiving data

    def _data(self, seq: int, packet: Packet) -> None:
        end = seq + packet.length
        if self.state in {"TIME_WAIT", "CLOSING", "LAST_ACK"}:
            self._ack()
            return
        if packet.flags & FIN:
            self.peer_fin = end
        over = end > self.edge
        if over:
            end = self.edge
        if seq > self.rcv:
            if end > seq:
                self.beyond = _merged([*self.beyond, (seq, end)])
                block = next(held for held in self.beyond if held[0] <= seq <= held[1])
                self.recent = [block, *(held for held in self.recent if held[1] < block[0] or held[0] > block[1])]
            self._ack()
            return
        filled = bool(self.beyond)
        before = self.rcv
        self.rcv = max(self.rcv, end)
        while self.beyond and self.beyond[0][0] <= self.rcv:
            self.rcv = max(self.rcv, self.beyond.pop(0)[1])
        self.recent = [block for block in self.recent if block[1] > self.rcv]
        if not self.reading:
            self.unread += self.rcv - before
        fin = self.peer_fin is not None and self.rcv == self.peer_fin
        if fin:
            self.rcv += 1
            self._peer_closed()
        self.unacked_segments += 1
        prompt = filled or fin or over or self.unacked_segments > 1 or packet.length > self._mss
        if not self.profile.delayed_ack or prompt:
            self._ack()
        elif self.timers.ack == NEVER:
            self.timers.ack = self.now + self.profile.delayed_ack

    def _peer_closed(self) -> None:
        if self.state == "ESTABLISHED":
            self.state = "CLOSE_WAIT"
        elif self.state == "FIN_WAIT_1":
            self.state = "CLOSING"
        elif self.state == "FIN_WAIT_2":
            self.state = "TIME_WAIT"


def _merged(blocks: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the blocks sorted and joined."""
    out: list[tuple[int, int]] = []
    for left, right in sorted(blocks):
        if out and left <= out[-1][1]:
            out[-1] = (out[-1][0], max(right, out[-1][1]))
        elif right > left:
            out.append((left, right))
    return out
