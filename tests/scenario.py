"""
Small conversations in shorthand, printed the way tcpdump prints them.

One line a packet: who sends, the flags, and what differs from the ordinary::

    C S <mss 1460>        the client's SYN
    S S.                  numbers follow from what was sent and received before
    C .
    C P. 100              100 octets of payload
    S . lost              captured, but never arrives
    S P. 20 unseen        arrives, but was not captured
    C P. 100 seq=1 +0.3   sent again 0.3 s later; numbers count from the ISN (SYN = 0)

More words: ``ack=N``, ``win=N``, ``urg=N``, ``sack=11-21,31-41`` (numbers count from the ISN),
``isn=N`` (a SYN from another ISN, 32 bits). What follows a ``#`` is a remark.

`Printer` is written from the description of tcpdump's algorithm alone, so that what reads its output
can be held against it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = 2**32 - 1
CLIENT, SERVER = "192.0.2.1.40000", "192.0.2.2.80"
CLIENT_ISN, SERVER_ISN = 3_000_000_000, 1_000_000_000
NOON = 12 * 3600 * 1_000_000
STEP = 1000  # microseconds between packets, unless the line says otherwise


class Packet(NamedTuple):
    """One TCP packet, header fields as on the wire."""

    src: str  # host.port, as printed
    dst: str
    flags: str  # tcpdump's letters
    seq: int
    ack: int
    length: int = 0
    window: int = 512
    options: str = ""  # as printed, without SACK
    sack: tuple[tuple[int, int], ...] = ()
    urgent: int = 0
    time: int = NOON  # microseconds since midnight

    @property
    def end(self) -> int:
        """The sequence number after it."""
        return (self.seq + self.length + ("S" in self.flags) + ("F" in self.flags)) & MASK


class Printer:
    """One run of tcpdump: what it prints for each packet, in order."""

    def __init__(self, *, absolute: bool = True, every_seq: bool = False) -> None:
        """Print with -S if `absolute`, with the sequence number of every segment (-vv) if `every_seq`."""
        self._absolute = absolute
        self._every_seq = every_seq
        self._bases: dict[tuple[str, str], tuple[int, int]] = {}  # by the pair in order: one for each direction

    def line(self, packet: Packet) -> str:
        """Return the line of `packet`."""
        seq, ack, sack = self._numbers(packet)
        parts = [f"Flags [{packet.flags or 'none'}]"]
        if packet.length:
            parts.append(f"seq {seq}:{(seq + packet.length) & MASK}")
        elif self._every_seq or set(packet.flags) & set("SFR"):
            parts.append(f"seq {seq}")
        if "." in packet.flags:
            parts.append(f"ack {ack}")
        parts.append(f"win {packet.window}")
        if "U" in packet.flags:
            parts.append(f"urg {packet.urgent}")
        options = [packet.options] if packet.options else []
        if sack:
            options.append(f"nop,nop,sack {len(sack)} " + "".join(f"{{{left}:{right}}}" for left, right in sack))
        if options:
            parts.append(f"options [{','.join(options)}]")
        parts.append(f"length {packet.length}")
        word = "IP6" if ":" in packet.src else "IP"
        return f"{_clock(packet.time)} {word} {packet.src} > {packet.dst}: {', '.join(parts)}"

    def _numbers(self, packet: Packet) -> tuple[int, int, tuple[tuple[int, int], ...]]:
        if self._absolute or "." not in packet.flags:
            return packet.seq, packet.ack, packet.sack
        key = (min(packet.src, packet.dst), max(packet.src, packet.dst))
        forward = packet.src == key[0]
        fresh = key not in self._bases or "S" in packet.flags
        if fresh:
            mine, other = packet.seq, (packet.ack - 1) & MASK
            self._bases[key] = (mine, other) if forward else (other, mine)
        mine, other = self._bases[key] if forward else reversed(self._bases[key])
        sack = tuple(((left - other) & MASK, (right - other) & MASK) for left, right in packet.sack)
        if fresh:
            return packet.seq, packet.ack, sack
        return (packet.seq - mine) & MASK, (packet.ack - other) & MASK, sack


def _clock(time: int) -> str:
    seconds, micro = divmod(time, 1_000_000)
    return f"{seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{micro:06}"


class _End:
    """What one end has sent and received; unbounded numbers from its ISN."""

    def __init__(self, address: str, isn: int) -> None:
        self.address = address
        self.isn = isn
        self.nxt = 0
        self.received: int | None = None  # next number expected from the peer
        self.early: list[tuple[int, int]] = []

    def receive(self, seq: int, end: int) -> None:
        if self.received is None or seq > self.received:
            if self.received is None and seq == 0:
                self.received = end
            else:
                self.early.append((seq, end))
        else:
            self.received = max(self.received, end)
        for left, right in sorted(self.early):
            if self.received is not None and left <= self.received:
                self.received = max(self.received, right)


_OPTIONS = re.compile(r"<([^>]*)>")


def packets(
    text: str,
    *,
    client: str = CLIENT,
    server: str = SERVER,
    isns: tuple[int, int] = (CLIENT_ISN, SERVER_ISN),
    established: bool = False,
    start: int = NOON,
) -> list[Packet]:
    """Return the packets that were captured; `established` starts behind the handshake (both at 1)."""
    ends = {"C": _End(client, isns[0]), "S": _End(server, isns[1])}
    if established:
        for side in ends.values():
            side.nxt = side.received = 1
    found: list[Packet] = []
    time = start
    for written in text.strip().splitlines():
        options = _OPTIONS.search(written)
        words = _OPTIONS.sub("", written).partition("#")[0].split()
        if not words:
            continue
        who, flags, *rest = words
        x, y = ends[who], ends["S" if who == "C" else "C"]
        length = next((int(word) for word in rest if word.isdecimal()), 0)
        values = dict(word.split("=") for word in rest if "=" in word)
        time += next((round(float(word) * 1_000_000) for word in rest if word[0] == "+"), STEP if found else 0)
        flags = "" if flags == "none" else flags
        if "isn" in values:
            x.isn, x.nxt = int(values["isn"]) & MASK, 0
            if "." not in flags:
                x.received, y.received = None, None
                x.early, y.early = [], []
        elif "S" in flags and x.nxt:
            values.setdefault("seq", "0")  # a repeated SYN
        seq = int(values.get("seq", x.nxt))
        end = seq + length + ("S" in flags) + ("F" in flags)
        ack = int(values["ack"]) if "ack" in values else x.received or 0
        silent = "R" in flags and "." in flags and x.nxt == 0  # answers a SYN: it has no number of its own
        sack = [tuple(map(int, block.split("-"))) for block in values.get("sack", "").split(",") if block]
        if "unseen" not in rest:
            found.append(
                Packet(
                    x.address,
                    y.address,
                    flags,
                    0 if silent else (x.isn + seq) & MASK,
                    (y.isn + ack) & MASK if "." in flags else 0,
                    length,
                    int(values.get("win", 65535 if "S" in flags else 0 if "R" in flags else 512)),
                    options[1] if options else "",
                    tuple(((y.isn + left) & MASK, (y.isn + right) & MASK) for left, right in sack),
                    int(values.get("urg", 0)),
                    time,
                )
            )
        if "R" not in flags:
            x.nxt = max(x.nxt, end)
            if "lost" not in rest:
                y.receive(seq, end)
    return found


def printed(captured: Iterable[Packet], *, absolute: bool = True, every_seq: bool = False) -> list[str]:
    """Return what one run of tcpdump prints for these packets."""
    printer = Printer(absolute=absolute, every_seq=every_seq)
    return [printer.line(packet) for packet in captured]


def log(text: str, *, absolute: bool = True, established: bool = False, start: int = NOON) -> list[str]:
    """Return the lines of a conversation in shorthand between `CLIENT` and `SERVER`."""
    return printed(packets(text, established=established, start=start), absolute=absolute)
