"""
The same connections as two capture points print them, and what the path between did to each packet.

`play` runs simulated endpoints with a point beside each; `Truth` says which line is which, and what never arrived.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Final

from endpoints import MILLISECOND, SECOND, Endpoint
from network import PLAYS, Leg, Network, Tap, _profile
from packets import LETTERS, MASK, SYN

if TYPE_CHECKING:
    from collections.abc import Callable

    from packets import Packet

NOON: Final = 12 * 3600 * SECOND
START: Final = 1_700_000_000 * SECOND


@dataclass
class Truth:
    """What happened; lines count from 1, a place is (log, line)."""

    lost: set[tuple[int, int]] = field(default_factory=set)
    duplicated: set[tuple[int, int]] = field(default_factory=set)
    pairs: dict[tuple[int, int], list[int]] = field(default_factory=dict)  # of a place at the first point: lines there


@dataclass
class Record:
    """A packet passing a point."""

    time: int
    packet: Packet
    number: int  # the packet's own, the same at both points


class Between(Network):
    """A network with a point at either end: the client's is log 0."""

    def __init__(self, random: Random, clients: set[str], legs: dict[str, Leg], start: int) -> None:
        """`legs` gives the path of what each address sends."""
        super().__init__(random, Tap(), {}, start)
        self.logs: tuple[list[Record], list[Record]] = ([], [])
        self._clients = clients
        self._paths = legs
        self._count = 0
        self.origins: dict[int, int] = {}  # by packet, where it was sent

    def send(self, packet: Packet) -> None:
        """Carry a packet past both points, or past one."""
        near = 0 if packet.src[0] in self._clients else 1
        self._count += 1
        number = self._count
        self.origins[number] = near
        self.logs[near].append(Record(packet.time, packet, number))
        self.tap.packets.append(packet)  # the limit of a run counts them
        for arrival in self._paths[packet.src[0]].arrivals(packet.time, self.random):
            self.at(arrival, lambda time=arrival: self._arrive(packet, number, 1 - near, time))  # type: ignore[misc]

    def _arrive(self, packet: Packet, number: int, far: int, time: int) -> None:
        self.logs[far].append(Record(time, packet, number))
        self._deliver(packet)


def play(seed: int, *, connections: int = 1) -> Between:
    """Return simulated connections over a path that may lose, reorder and duplicate."""
    random = Random(f"two points {seed}")  # noqa: S311  a game, repeatable
    client, server = f"10.7.{seed >> 8 & 255}.1", "10.8.0.1"
    delay = random.choice([300_000, 4 * MILLISECOND, 40 * MILLISECOND])
    legs = {}
    for name in (client, server):
        leg = Leg(delay + random.randrange(delay))
        trouble = random.choice(["none", "loss", "loss", "reorder", "duplicate", "all"])
        if trouble in {"loss", "all"}:
            leg.loss = random.choice([0.02, 0.08])
        if trouble in {"reorder", "all"}:
            leg.reorder, leg.lag = 0.05, delay // 2
        if trouble in {"duplicate", "all"}:
            leg.duplicate = 0.04
        legs[name] = leg
    network = Between(random, {client}, legs, random.randrange(SECOND))
    for number in range(connections):
        scripts = PLAYS[(seed + number) % len(PLAYS)](random)
        profiles = [_profile(random), _profile(random)]
        for profile in profiles:
            profile.offload = 1
        one = Endpoint((client, 30_000 + number), (server, 80), profiles[0], deque(scripts[0]), network.send)
        other = Endpoint((server, 80), (client, 30_000 + number), profiles[1], deque(scripts[1]), network.send)
        network.join(one, other)
        other.listen()
        network.at(network.now, lambda end=one: end.connect(network.now))  # type: ignore[misc]
        network.run()
        network.now += random.randrange(MILLISECOND, 2 * SECOND)
    return network


def truth_of(network: Between) -> Truth:
    """Return what the path did, by the lines of the logs in time order."""
    truth = Truth()
    places: tuple[dict[int, list[int]], dict[int, list[int]]] = ({}, {})
    for log in (0, 1):
        for line, record in enumerate(ordered(network.logs[log]), 1):
            places[log].setdefault(record.number, []).append(line)
    for number, origin in network.origins.items():
        line = places[origin][number][0]
        arrived = places[1 - origin].get(number, [])
        truth.pairs[origin, line] = arrived
        if not arrived:
            truth.lost.add((origin, line))
        truth.duplicated |= {(1 - origin, copy) for copy in arrived[1:]}
    return truth


def ordered(records: list[Record]) -> list[Record]:
    """Return records in the order in which a capture prints them."""
    return sorted(records, key=lambda record: record.time)


def epoch(time: int) -> str:
    """Print a time as -tt does."""
    return f"{time // SECOND}.{time % SECOND // 1000:06d} "


def clock(time: int) -> str:
    """Print a time as tcpdump does without options."""
    micro = time // 1000 % (86_400 * 10**6)
    seconds, micro = divmod(micro, 10**6)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{micro:06d} "


def printed(
    records: list[Record],
    *,
    stamp: Callable[[int], str] = epoch,
    offset: int = 0,
    drift: float = 0.0,
    change: Callable[[Packet], Packet] = lambda packet: packet,
) -> list[str]:
    """Return what tcpdump -S prints of records: by a clock that is `offset` ahead, what devices made of each packet."""
    lines = []
    for record in ordered(records):
        packet = change(record.packet)
        time = START + record.time + offset + round(record.time * drift)
        lines.append(stamp(time) + line(packet))
    return lines


def line(packet: Packet) -> str:
    """Return the line of a packet, without its time."""
    letters = "".join(letter for letter, bit in LETTERS.items() if packet.flags & bit)
    parts = [f"Flags [{letters or 'none'}]"]
    seq, ack = packet.seq & MASK, packet.ack & MASK
    if packet.length:
        parts.append(f"seq {seq}:{(seq + packet.length) & MASK}")
    elif set(letters) & set("SFR"):
        parts.append(f"seq {seq}")
    if "." in letters:
        parts.append(f"ack {ack}")
    parts.append(f"win {packet.window}")
    options = []
    if packet.mss is not None:
        options.append(f"mss {packet.mss}")
    if packet.sack_ok:
        options.append("sackOK")
    if packet.ts is not None:
        options.append(f"TS val {packet.ts[0] & MASK} ecr {packet.ts[1] & MASK}")
    if packet.wscale is not None:
        options.append(f"nop,wscale {packet.wscale}")
    if packet.sack:
        blocks = "".join(f"{{{left & MASK}:{right & MASK}}}" for left, right in packet.sack)
        options.append(f"nop,nop,sack {len(packet.sack)} {blocks}")
    if options:
        parts.append(f"options [{','.join(options)}]")
    parts.append(f"length {packet.length}")
    ends = [f"{host}.{port}" for host, port in (packet.src, packet.dst)]
    return f"IP {ends[0]} > {ends[1]}: {', '.join(parts)}"


# ------------------------------------------------------------------ devices


def translated(packet: Packet) -> Packet:
    """Address translation: the client appears under another address and port."""

    def end(address: tuple[str, int]) -> tuple[str, int]:
        return ("198.51.100.7", address[1] + 10_000) if address[0].startswith("10.7.") else address

    return packet._replace(src=end(packet.src), dst=end(packet.dst))


def clamped(packet: Packet) -> Packet:
    """A router that lowers the MSS, and takes SACK and timestamps out of the SYN."""
    if packet.flags & SYN:
        return packet._replace(mss=min(packet.mss or 536, 1300), wscale=None)
    return packet


def without_stamps(packet: Packet) -> Packet:
    """A device that strips timestamps."""
    return packet._replace(ts=None)


def renumbered(packet: Packet) -> Packet:
    """A firewall that hides the client's ISN behind another one."""
    by = 0x12345678
    if packet.src[0].startswith(("10.7.", "198.51.")):
        return packet._replace(seq=packet.seq + by)
    return packet._replace(ack=packet.ack + by, sack=tuple((left + by, right + by) for left, right in packet.sack))
