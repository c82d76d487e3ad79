"""
A TCP endpoint that follows RFC 9293 section 3.10 event by event, and knows nothing of the program under test.

Where the RFC leaves a choice, `Rules` names it. Sequence numbers are unbounded integers; times are
microseconds. *Order* is a counter of everything that happens, so that "before" and "after" mean something
within one microsecond.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

Name = Literal["client", "server"]

MILLISECOND: Final = 1000
SECOND: Final = 1000 * MILLISECOND
MSS: Final = 1000
WINDOW: Final = 60_000
RTO: Final = 300 * MILLISECOND
DELAYED_ACK: Final = 40 * MILLISECOND
RETRIES: Final = 5
TIME_WAIT: Final = 60 * SECOND  # 2 MSL
COOKIE: Final = "tfo  cookie 29bc5d0a1c3f8e77"

SYNCHRONIZED: Final = frozenset(
    {"ESTABLISHED", "FIN_WAIT_1", "FIN_WAIT_2", "CLOSE_WAIT", "CLOSING", "LAST_ACK", "TIME_WAIT"}
)
RECEIVING: Final = frozenset({"ESTABLISHED", "FIN_WAIT_1", "FIN_WAIT_2"})


class Surroundings(Protocol):
    """What an endpoint needs of the world: a clock, timers, and a path."""

    now: int

    def tick(self) -> int:
        """Return the next place in the order of things."""

    def after(self, delay: int, action: Callable[[], None]) -> None:
        """Let something happen later."""

    def emit(self, packet: Packet) -> None:
        """Put a segment on the path."""


class Packet(NamedTuple):
    """One segment; numbers unbounded, `sent` is its place in the order of things and its name."""

    sender: Name
    life: int  # which connection of its sender
    flags: str  # tcpdump's letters
    seq: int
    ack: int | None
    length: int
    window: int
    options: str
    ts: tuple[int, int] | None
    sent: int

    def has(self, flag: str) -> bool:
        """Tell whether a flag is set."""
        return flag in self.flags

    @property
    def size(self) -> int:
        """SEG.LEN."""
        return self.length + self.has("S") + self.has("F")


class Moment(NamedTuple):
    """What is true of an endpoint from `order` on."""

    order: int
    state: str
    life: int
    syn_acked: bool
    fin_sent: int | None  # order in which its FIN was first sent
    got_fin: int | None  # order in which the peer's FIN was processed
    fin_acked: int | None
    cause: str  # open | segment | call | timer | crash


class Rules(NamedTuple):
    """Where RFC 9293 leaves a choice, and what the two ends have negotiated."""

    timestamps: bool = False
    delayed_ack: bool = False
    reset_with_ack: bool = True  # ABORT sends RST-ACK as stacks do, or RST as section 3.10.5 writes it
    repeat_syn_ack: bool = True  # a repeated SYN in SYN-RECEIVED: SYN-ACK again, or the empty ACK of the first check
    fast_open: Literal["no", "accepted", "refused"] = "no"
    reuse_time_wait: bool = True  # a newer SYN in TIME-WAIT opens a new connection


class Action(NamedTuple):
    """What an application does, `wait` after its action before."""

    wait: int
    verb: Literal["connect", "send", "shutdown", "close", "abort", "keepalive", "crash"]
    size: int = 0


class Script(NamedTuple):
    """One application: how it begins, what it does, and what it does when it reads EOF."""

    listens: bool
    actions: tuple[Action, ...]
    on_eof: Literal["close", "nothing"] = "close"
    eof_wait: int = 0
    iss: int = 1000
    next_iss: int = 100_000  # how far the ISN of its next connection is from the last one


class Block:
    """One thing on the retransmission queue."""

    def __init__(self, seq: int, length: int, flags: str) -> None:
        self.seq = seq
        self.length = length
        self.flags = flags  # S, F or nothing

    @property
    def end(self) -> int:
        """The number behind it."""
        return self.seq + self.length + len(self.flags)


class Endpoint:
    """A TCP that follows RFC 9293 section 3.10."""

    def __init__(self, name: Name, world: Surroundings, script: Script, rules: Rules) -> None:
        self.name = name
        self.world = world
        self.script = script
        self.rules = rules
        self.life = 0
        self.iss = script.iss
        self.history: list[Moment] = []
        self.timer_number = 0
        self.emitted = 0
        self._forget("LISTEN" if script.listens else "CLOSED", "open")

    # ---------------------------------------------------------- state

    def _forget(self, state: str, cause: str) -> None:
        """Delete the connection block."""
        self.state = ""
        self.active = False
        self.una = self.nxt = self.iss
        self.irs = self.rcv_nxt = 0
        self.queue: list[Block] = []
        self.unsent = 0
        self.closing = False
        self.reader = True
        self.fin: int | None = None
        self.beyond: dict[int, tuple[int, bool]] = {}
        self.fin_sent: int | None = None
        self.got_fin: int | None = None
        self.fin_acked: int | None = None
        self.ts_recent = 0
        self.retries = 0
        self.ack_due = False
        self.timer_number += 1  # every pending timer is void
        self.enter(state, cause)

    def enter(self, state: str, cause: str) -> None:
        """Be in a state from now on."""
        self.state = state
        known = (self.life, self.una > self.iss, self.fin_sent, self.got_fin, self.fin_acked)
        self.history.append(Moment(self.world.tick(), state, *known, cause))

    def _end(self, cause: str) -> None:
        self._forget("LISTEN" if self.script.listens else "CLOSED", cause)

    # ---------------------------------------------------------- output

    def _emit(self, flags: str, seq: int, ack: int | None, length: int = 0, options: tuple[str, ...] = ()) -> None:
        stamp = None
        parts = list(options)
        if self.rules.timestamps and "R" not in flags:
            stamp = (self.world.now // MILLISECOND + 1, self.ts_recent if ack is not None else 0)
            parts = [*parts, *(["nop", "nop"] if not parts else []), f"TS val {stamp[0]} ecr {stamp[1]}"]
        window = 0 if "R" in flags else WINDOW
        self.emitted += 1
        order = self.world.tick()
        self.world.emit(Packet(self.name, self.life, flags, seq, ack, length, window, ",".join(parts), stamp, order))

    def _acknowledge(self) -> None:
        self.ack_due = False
        self._emit(".", self.nxt, self.rcv_nxt)

    def _schedule_ack(self) -> None:
        if not self.rules.delayed_ack or self.ack_due:
            self._acknowledge()
            return
        self.ack_due = True
        timer = self.timer_number
        self.world.after(
            DELAYED_ACK, lambda: self._acknowledge() if timer == self.timer_number and self.ack_due else None
        )

    def _transmit(self, block: Block) -> None:
        """Send or repeat one block with the numbers of now."""
        if block.flags == "S":
            options = ["mss 1000"]
            length = 0
            if self.state == "SYN_SENT":
                if self.rules.fast_open != "no":
                    options.append(COOKIE)
                    length = 0 if self.retries else block.length  # 7413: it is repeated without data
                self._emit("S", block.seq, None, length, tuple(options))
            else:
                self._emit("S.", block.seq, self.rcv_nxt, 0, tuple(options))
            return
        letters = ("F" if block.flags else "") + ("P" if block.length else "") + "."
        self.ack_due = False
        self._emit(letters, block.seq, self.rcv_nxt, block.length)

    def _enqueue(self, block: Block) -> None:
        self.queue.append(block)
        self.nxt = max(self.nxt, block.end)
        self._transmit(block)
        if len(self.queue) == 1:
            self._arm(RTO)

    def _arm(self, delay: int) -> None:
        self.retransmit_number = number = self.world.tick()
        timer = self.timer_number

        def expired() -> None:
            if timer != self.timer_number or number != self.retransmit_number or not self.queue:
                return
            self.retries += 1
            if self.retries > RETRIES:
                self._end("timer")
                return
            self._transmit(self.queue[0])
            self._arm(delay * 2)

        self.world.after(delay, expired)

    def _syn_acked(self, ack: int) -> None:
        """Take the acknowledgment of the SYN; octets it carried and did not confirm are sent as ordinary data."""
        length = self.queue[0].length if self.queue else 0
        self._acked(ack)
        if length and ack == self.iss + 1:
            self.queue.clear()
            self.nxt = ack
            self.unsent += length

    def _push(self) -> None:
        """Send what may be sent: data, then the FIN."""
        early = self.state == "SYN_RECEIVED" and self.rules.fast_open == "accepted" and not self.active
        if self.state not in {"ESTABLISHED", "CLOSE_WAIT"} and not early:
            if self.state == "SYN_RECEIVED" and self.closing and not self.unsent and self.fin is None:
                self._send_fin()
            return
        while self.unsent and self.nxt - self.una < WINDOW - MSS:
            length = min(MSS, self.unsent)
            self.unsent -= length
            self._enqueue(Block(self.nxt, length, ""))
        if self.closing and not self.unsent and self.fin is None:
            self._send_fin()

    def _send_fin(self) -> None:
        self.fin = self.nxt
        self.fin_sent = self.world.tick()
        self.enter("LAST_ACK" if self.state == "CLOSE_WAIT" else "FIN_WAIT_1", "call")
        self._enqueue(Block(self.nxt, 0, "F"))

    # ---------------------------------------------------------- calls (3.10.1 to 3.10.5)

    def act(self, action: Action) -> None:
        """Do what the application asks, where the state allows it."""
        verb = action.verb
        if verb == "connect":
            self._connect(action.size)
        elif verb == "send":
            if self.state in {"SYN_SENT", "SYN_RECEIVED", "ESTABLISHED", "CLOSE_WAIT"} and not self.closing:
                self.unsent += action.size
                self._push()
        elif verb in {"shutdown", "close"}:
            self._close(verb == "close")
        elif verb == "abort":
            if self.state in SYNCHRONIZED | {"SYN_RECEIVED"} and self.state not in {"CLOSING", "LAST_ACK", "TIME_WAIT"}:
                self._reset()
            elif self.state not in {"LISTEN", "CLOSED", "TIME_WAIT"}:
                self._end("call")
        elif verb == "crash":
            if self.state not in {"LISTEN", "CLOSED"}:
                self._end("crash")
        elif self.state in {"ESTABLISHED", "CLOSE_WAIT"} and not self.queue:
            # 3.8.4: SEG.SEQ = SND.NXT-1, with or without one octet of garbage.
            self._emit("." if not action.size else "P.", self.nxt - 1, self.rcv_nxt, min(action.size, 1))

    def _connect(self, size: int) -> None:
        if self.state not in {"CLOSED", "LISTEN"}:
            return
        self.life += 1
        self.iss += self.script.next_iss * (self.life > 1)
        self._forget("", "call")
        self.history.pop()
        self.active = True
        self.enter("SYN_SENT", "call")
        data = size if self.rules.fast_open != "no" else 0
        self._enqueue(Block(self.iss, data, "S"))

    def _close(self, gone: bool) -> None:  # noqa: FBT001
        if self.state == "SYN_SENT":
            self._end("call")
            return
        if self.state in {"LISTEN", "CLOSED"}:
            return
        self.reader = self.reader and not gone
        self.closing = True
        self._push()

    def _reset(self) -> None:
        flags, seq, ack = ("R.", self.nxt, self.rcv_nxt) if self.rules.reset_with_ack else ("R", self.nxt, None)
        self._end("call")
        self._emit(flags, seq, ack)

    # ---------------------------------------------------------- arrivals (3.10.7)

    def receive(self, packet: Packet) -> None:
        """Process one segment."""
        if self.state == "CLOSED":
            self._no_connection(packet)
        elif self.state == "LISTEN":
            self._listen(packet)
        elif self.state == "SYN_SENT":
            self._syn_sent(packet)
        else:
            self._otherwise(packet)

    def _no_connection(self, packet: Packet) -> None:
        if packet.has("R"):
            return
        if packet.ack is not None:
            self._emit("R", packet.ack, None)
        else:
            self._emit("R.", 0, packet.seq + packet.size)

    def _listen(self, packet: Packet) -> None:
        if packet.has("R"):
            return
        if packet.ack is not None:
            self._emit("R", packet.ack, None)
        elif packet.has("S"):
            self._accept(packet)

    def _accept(self, packet: Packet) -> None:
        self.life += 1
        self.iss += self.script.next_iss * (self.life > 1)
        self._forget("", "segment")
        self.history.pop()
        self.irs, self.rcv_nxt = packet.seq, packet.seq + 1
        if packet.ts:
            self.ts_recent = packet.ts[0]
        if self.rules.fast_open == "accepted" and packet.length:
            self.rcv_nxt += packet.length
        self.enter("SYN_RECEIVED", "segment")
        self._enqueue(Block(self.iss, 0, "S"))

    def _syn_sent(self, packet: Packet) -> None:
        ack = packet.ack
        if ack is not None and not self.iss < ack <= self.nxt:
            if not packet.has("R"):
                self._emit("R", ack, None)
            return
        if packet.has("R"):
            if ack is not None:
                self._end("segment")
            return
        if not packet.has("S"):
            return
        self.irs, self.rcv_nxt = packet.seq, packet.seq + 1
        if packet.ts:
            self.ts_recent = packet.ts[0]
        if ack is not None:
            self._syn_acked(ack)
            self.enter("ESTABLISHED", "segment")
            if self.unsent or self.closing:
                self._push()
            else:
                self._acknowledge()
            return
        self.enter("SYN_RECEIVED", "segment")
        self._transmit(self.queue[0])

    def _otherwise(self, packet: Packet) -> None:
        crossing = self.state == "SYN_RECEIVED" and packet.flags == "S." and packet.seq == self.irs and self.active
        if self.state == "TIME_WAIT" and packet.flags == "S" and self._reusable(packet):
            self._accept(packet)
            return
        if packet.ts and packet.ts[0] < self.ts_recent and not packet.has("R"):  # PAWS, 7323 section 5.3
            self._acknowledge()
            return
        if not crossing and not self._acceptable(packet):
            self._refuse(packet)
            return
        if packet.ts and packet.seq <= self.rcv_nxt:
            self.ts_recent = max(self.ts_recent, packet.ts[0])
        if packet.has("R"):
            self._got_reset(packet)
            return
        if packet.has("S") and not crossing:
            if self.state == "SYN_RECEIVED" and not self.active and packet.ack is None:
                self._end("segment")
            else:
                self._acknowledge()
            return
        if packet.ack is None or not self._check_ack(packet, packet.ack):
            return
        if self.state in RECEIVING and packet.length and not self._take(packet):
            return
        if packet.has("F") and self.state in RECEIVING:
            self.beyond[packet.seq + packet.length] = (0, True)
        if crossing:
            self._acknowledge()
        self._advance(packet)

    def _reusable(self, packet: Packet) -> bool:
        if not self.rules.reuse_time_wait:
            return False
        newer = packet.ts is not None and packet.ts[0] > self.ts_recent
        return newer or packet.seq > self.rcv_nxt

    def _refuse(self, packet: Packet) -> None:
        if packet.has("R"):
            return
        repeated = self.state == "SYN_RECEIVED" and packet.flags == "S" and packet.seq == self.irs
        if repeated and (self.rules.repeat_syn_ack or self.active):
            self._transmit(self.queue[0])
        else:
            self._acknowledge()

    def _acceptable(self, packet: Packet) -> bool:
        """Table 6 of section 3.10.7.4; the window is never closed here."""
        low, high = self.rcv_nxt, self.rcv_nxt + WINDOW
        if packet.has("S") and packet.seq == self.irs:
            return False  # a copy of the SYN, whatever it carries
        if not packet.size:
            return low <= packet.seq < high
        return low <= packet.seq < high or low <= packet.seq + packet.size - 1 < high

    def _got_reset(self, packet: Packet) -> None:
        if packet.seq != self.rcv_nxt:
            self._acknowledge()  # 5961
        elif self.state == "SYN_RECEIVED" and self.active:
            self._forget("CLOSED", "segment")
        else:
            self._end("segment")

    def _check_ack(self, packet: Packet, ack: int) -> bool:
        """The fifth check; return whether the segment is processed further."""
        if self.state == "SYN_RECEIVED":
            if not self.una < ack <= self.nxt:
                self._emit("R", ack, None)
                return False
            self._syn_acked(ack)
            self.enter("ESTABLISHED", "segment")
            return True
        if ack > self.nxt:
            self._acknowledge()
            return False
        if ack > self.una:
            opened = self.una == self.iss  # its FIN was sent before the SYN was acknowledged
            self._acked(ack)
            if opened:
                self.enter(self.state, "segment")
        covered = self.fin is not None and self.una > self.fin
        if covered and self.fin_acked is None:
            self.fin_acked = self.world.tick()
            if self.state == "FIN_WAIT_1":
                self.enter("FIN_WAIT_2", "segment")
            elif self.state == "CLOSING":
                self._time_wait()
            elif self.state == "LAST_ACK":
                self._end("segment")
                return False
        if self.state == "TIME_WAIT" and packet.has("F"):
            self._acknowledge()
            self._time_wait()
        return True

    def _acked(self, ack: int) -> None:
        self.una = ack
        self.retries = 0
        while self.queue and self.queue[0].end <= ack:
            self.queue.pop(0)
        if self.queue:
            head = self.queue[0]
            if head.flags != "S" and head.seq < ack:
                head.length -= ack - head.seq
                head.seq = ack
            self._arm(RTO)

    def _take(self, packet: Packet) -> bool:
        """The seventh check: payload; False when nobody is left to read it."""
        start, end = packet.seq, packet.seq + packet.length
        if end > self.rcv_nxt and not self.reader:
            self._end("segment")
            self._emit("R", packet.ack or 0, None)
            return False
        if end > self.rcv_nxt:
            known = self.beyond.get(start, (0, False))
            self.beyond[start] = (max(known[0], packet.length), known[1])
        return True

    def _advance(self, packet: Packet) -> None:
        """Move RCV.NXT over what is there, take the FIN when it is its turn, answer."""
        emitted, moved = self.emitted, True
        while moved:
            moved = False
            for start in sorted(self.beyond):
                length, fin = self.beyond[start]
                if start <= self.rcv_nxt:
                    del self.beyond[start]
                    self.rcv_nxt = max(self.rcv_nxt, start + length)
                    if fin and start == self.rcv_nxt and self.got_fin is None:
                        self.rcv_nxt += 1
                        self._take_fin()
                    moved = True
                    break
        self._push()
        answered = self.emitted > emitted  # what it sent carries the acknowledgment
        if packet.size and not packet.has("S") and not answered and self.state in SYNCHRONIZED:
            if self.beyond or packet.has("F"):
                self._acknowledge()
            else:
                self._schedule_ack()

    def _take_fin(self) -> None:
        self.got_fin = self.world.tick()
        if self.state == "ESTABLISHED":
            self.enter("CLOSE_WAIT", "segment")
            if self.script.on_eof == "close":
                timer = self.timer_number
                close = Action(0, "close")
                if self.script.eof_wait:
                    self.world.after(
                        self.script.eof_wait, lambda: self.act(close) if timer == self.timer_number else None
                    )
                else:
                    self.act(close)
        elif self.state == "FIN_WAIT_1":
            self.enter("CLOSING", "segment")
        elif self.state == "FIN_WAIT_2":
            self._time_wait()

    def _time_wait(self) -> None:
        self.timer_number += 1
        self.queue.clear()
        timer = self.timer_number
        self.enter("TIME_WAIT", "segment")
        self.world.after(TIME_WAIT, lambda: self._end("timer") if timer == self.timer_number else None)
