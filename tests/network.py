"""
Two endpoints, the path between them, and a capture point somewhere on it; everything from one seed.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass, field, replace
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Final

from endpoints import MILLISECOND, NEVER, SECOND, Act, Endpoint, Profile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from packets import Packet

MICROSECOND: Final = 1000
MOST_PACKETS: Final = 400
LONGEST: Final = 200 * SECOND


@dataclass
class Leg:
    """One half of the path in one direction."""

    delay: int
    loss: float = 0.0
    reorder: float = 0.0
    lag: int = 0  # how much later a packet that is overtaken arrives, at most
    duplicate: float = 0.0
    last: int = 0

    def arrivals(self, now: int, random: Random) -> Iterator[int]:
        """Yield when copies of a packet sent now arrive; none when it is lost."""
        if random.random() < self.loss:
            return
        arrival = max(now + self.delay, self.last + MICROSECOND)
        if random.random() < self.reorder:
            yield arrival + random.randrange(self.lag // 4, self.lag)
        else:
            self.last = arrival
            yield arrival
        if random.random() < self.duplicate:
            yield arrival + random.randrange(20 * MICROSECOND, 20 * MILLISECOND)


@dataclass
class Tap:
    """What the capture point writes down."""

    miss: float = 0.0  # dropped by the capture, not by the network
    twice: float = 0.0  # captured on two interfaces
    only: str | None = None  # address whose packets pass here; None: both directions
    begin: int = 0  # packets before the capture was started
    seen: int = 0
    packets: list[Packet] = field(default_factory=list)

    def pass_by(self, packet: Packet, now: int, random: Random) -> None:
        """Capture one packet, or not."""
        self.seen += 1
        if self.seen <= self.begin or (self.only and packet.src[0] != self.only):
            return
        if random.random() < self.miss:
            return
        self.packets.append(packet._replace(time=now))
        if random.random() < self.twice:
            self.packets.append(packet._replace(time=now + random.randrange(1, 400) * MICROSECOND))


class Network:
    """Run two endpoints until nothing happens any more."""

    def __init__(self, random: Random, tap: Tap, legs: dict[str, tuple[Leg, Leg]], start: int) -> None:
        """`legs` gives, by sender's address, the halves before and behind the capture point."""
        self.random = random
        self.tap = tap
        self.legs = legs
        self.now = start
        self._events: list[tuple[int, int, Callable[[], None]]] = []
        self._order = count()
        self._endpoints: dict[tuple[str, int], Endpoint] = {}

    def at(self, time: int, event: Callable[[], None]) -> None:
        """Do something later."""
        heapq.heappush(self._events, (time, next(self._order), event))

    def join(self, *endpoints: Endpoint) -> None:
        """Put endpoints on the network, in place of earlier ones of the same name."""
        for endpoint in endpoints:
            self._endpoints[endpoint.name] = endpoint

    def send(self, packet: Packet) -> None:
        """Carry a packet."""
        before, behind = self.legs[packet.src[0]]

        def at_tap(time: int) -> None:
            self.tap.pass_by(packet, time, self.random)
            for arrival in behind.arrivals(time, self.random):
                self.at(arrival, lambda: self._deliver(packet))

        for passing in before.arrivals(packet.time, self.random):
            self.at(passing, lambda time=passing: at_tap(time))  # type: ignore[misc]

    def _deliver(self, packet: Packet) -> None:
        endpoint = self._endpoints.get(packet.dst)
        if endpoint is not None:
            endpoint.receive(packet, self.now)

    def run(self) -> None:
        """Until no packet is under way and no timer armed, or it takes too long."""
        end = self.now + LONGEST
        limit = len(self.tap.packets) + MOST_PACKETS
        while len(self.tap.packets) < limit:
            due = min((endpoint.timers.next() for endpoint in self._endpoints.values()), default=NEVER)
            event = self._events[0][0] if self._events else NEVER
            if min(due, event) > end:
                return
            if event <= due:
                time, _, happen = heapq.heappop(self._events)
                self.now = max(self.now, time)
                happen()
                continue
            self.now = max(self.now, due)
            for endpoint in list(self._endpoints.values()):
                if endpoint.timers.next() <= self.now:
                    endpoint.fire(self.now)


# ------------------------------------------------------------------ what to play


def _request(random: Random) -> tuple[list[Act], list[Act]]:
    asked, answered = random.randrange(20, 900), random.randrange(200, 30_000)
    client = [Act("send", asked), Act("await", answered)]
    server = [Act("await", asked), Act("wait", random.randrange(50 * MILLISECOND)), Act("send", answered)]
    if random.random() < 0.5:
        return [*client, Act("close")], [*server, Act("await", asked + 1), Act("close")]
    return [*client, Act("await", answered + 1), Act("close")], [*server, Act("close")]


def _bulk(random: Random) -> tuple[list[Act], list[Act]]:
    size = random.randrange(20_000, 120_000)
    if random.random() < 0.5:
        return [Act("send", size), Act("close")], [Act("await", size + 1), Act("close")]
    return [Act("await", size + 1), Act("close")], [Act("send", size), Act("close")]


def _keystrokes(random: Random) -> tuple[list[Act], list[Act]]:
    client: list[Act] = []
    server: list[Act] = []
    for number in range(1, random.randrange(8, 25)):
        client += [Act("wait", random.randrange(20, 400) * MILLISECOND), Act("send", 36), Act("await", 36 * number)]
        server += [Act("await", 36 * number), Act("send", 36)]
    return [*client, Act("close")], [*server, Act("await", 1 << 30), Act("close")]


def _full_window(random: Random) -> tuple[list[Act], list[Act]]:
    size = random.randrange(30_000, 120_000)
    pauses: list[Act] = [Act("stop_reading")]
    for _ in range(random.randrange(1, 4)):
        pauses += [Act("wait", random.randrange(200, 4000) * MILLISECOND), Act("read"), Act("stop_reading")]
    pauses += [Act("read"), Act("await", size + 1), Act("close")]
    if random.random() < 0.5:
        return [Act("send", size), Act("close")], pauses
    return pauses, [Act("send", size), Act("close")]


def _idle(random: Random) -> tuple[list[Act], list[Act]]:
    pause = random.randrange(3, 30) * SECOND
    client = [Act("send", 100), Act("wait", pause), Act("send", 50), Act("wait", pause), Act("close")]
    return client, [Act("await", 100), Act("send", 300), Act("await", 1 << 30), Act("close")]


def _half_close(random: Random) -> tuple[list[Act], list[Act]]:
    late: list[Act] = []
    for _ in range(random.randrange(1, 5)):
        late += [Act("wait", random.randrange(10, 600) * MILLISECOND), Act("send", random.randrange(1, 9000))]
    return [Act("send", 200), Act("close")], [Act("await", 1 << 30), *late, Act("close")]


def _abort(random: Random) -> tuple[list[Act], list[Act]]:
    asked = random.randrange(1, 5000)
    pause = Act("wait", random.randrange(1, 200) * MILLISECOND)
    if random.random() < 0.5:
        return [Act("send", asked), pause, Act("abort")], [Act("send", 20_000)]
    return [Act("send", asked), Act("await", 1 << 30)], [Act("await", asked), Act("send", 3000), pause, Act("abort")]


def _both_close(random: Random) -> tuple[list[Act], list[Act]]:
    pause = Act("wait", random.randrange(20, 300) * MILLISECOND)
    return [Act("send", 300), pause, Act("close")], [Act("send", 500), pause, Act("close")]


PLAYS: Final = (_request, _bulk, _keystrokes, _full_window, _idle, _half_close, _abort, _both_close, _bulk)
QUIET_PLAYS: Final = (_request, _keystrokes, _request)


@dataclass(frozen=True)
class Scene:
    """A capture: its packets in the order of the capture point, and how it came about."""

    seed: int
    play: str
    packets: tuple[Packet, ...]


def _profile(random: Random) -> Profile:
    profile = Profile(
        isn=random.choice([random.getrandbits(32), random.getrandbits(32), (1 << 32) - random.randrange(1, 40_000)]),
        mss=random.choice([1460, 1460, 1400, 536]),
        buffer=random.choice([65535, 65535, 262144, 20_000, 8192]),
        wscale=random.choice([7, 7, 0, 2, 10, None]),
        sack=random.random() < 0.8,
        stamps=random.random() < 0.7,
        delayed_ack=random.choice([0, 40 * MILLISECOND, 40 * MILLISECOND, 200 * MILLISECOND]),
        tail_probe=random.random() < 0.6,
        nagle=random.random() < 0.3,
        offload=random.choice([1, 1, 1, 4]),
        probe_octet=random.random() < 0.5,
        keep_alive=random.choice([0, 0, 2 * SECOND, 5 * SECOND]),
        keep_alive_octet=random.random() < 0.3,
        stamp_offset=random.getrandbits(31),
    )
    if (profile.wscale or 0) < 1:
        profile.buffer = min(profile.buffer, 65535)
    return profile


def _legs(random: Random, trouble: str) -> tuple[Leg, Leg]:
    round_trip = random.choice([200 * MICROSECOND, 5 * MILLISECOND, 30 * MILLISECOND, 120 * MILLISECOND])
    share = random.choice([0.02, 0.5, 0.98])
    halves = [Leg(int(round_trip / 2 * part) + 5 * MICROSECOND) for part in (share, 1 - share)]
    half = halves[random.randrange(2)]
    if trouble == "loss":
        half.loss = random.choice([0.01, 0.05, 0.15])
    elif trouble == "reorder":
        half.reorder, half.lag = random.choice([0.03, 0.15]), random.choice([MILLISECOND, 8 * MILLISECOND, round_trip])
        half.lag = max(half.lag, 40 * MICROSECOND)
    elif trouble == "duplicate":
        half.duplicate = 0.08
    elif trouble == "all":
        half.loss, half.reorder, half.lag, half.duplicate = 0.04, 0.05, 2 * MILLISECOND, 0.02
    return halves[0], halves[1]


TROUBLES: Final = ("none", "loss", "loss", "reorder", "duplicate", "all")


def scene(seed: int) -> Scene:
    """Return the capture number `seed`."""
    random = Random(f"scene {seed}")  # noqa: S311  a game, repeatable
    play = PLAYS[seed % len(PLAYS)]
    trouble = random.choice(TROUBLES)
    client, server = (f"10.{seed >> 8 & 255}.{seed & 255}.{last}" for last in (1, 2))
    legs = {client: _legs(random, trouble), server: _legs(random, random.choice([trouble, "none"]))}
    tap = Tap()
    vantage = random.random()
    if vantage < 0.10:
        tap.miss = 0.04
    elif vantage < 0.15:
        tap.twice = 0.1
    elif vantage < 0.20:
        tap.only = random.choice([client, server])
    elif vantage < 0.30:
        tap.begin = random.randrange(1, 12)
    network = Network(random, tap, legs, random.randrange(SECOND))
    port = random.randrange(1024, 65536)
    for _ in range(random.choice([1, 1, 1, 2])):
        _play(network, (client, port), (server, 80), random, play(random))
        network.now += random.randrange(MILLISECOND, 70 * SECOND)
    return Scene(seed, play.__name__[1:], _captured(tap))


def _captured(tap: Tap) -> tuple[Packet, ...]:
    """In time order, each microsecond once: tcpdump writes no smaller ones."""
    return tuple(sorted(tap.packets, key=lambda packet: packet.time // MICROSECOND))


def _play(
    network: Network,
    client: tuple[str, int],
    server: tuple[str, int],
    random: Random,
    scripts: tuple[list[Act], list[Act]],
    profiles: tuple[Profile, Profile] | None = None,
) -> None:
    one, other = profiles or (_profile(random), _profile(random))
    initiator = Endpoint(client, server, one, deque(scripts[0]), network.send)
    responder = Endpoint(server, client, other, deque(scripts[1]), network.send)
    network.join(initiator, responder)
    chance = random.random() if profiles is None else 1.0
    if chance > 0.05:
        responder.listen()
    elif chance > 0.02:
        network.at(network.now + 10 * MICROSECOND, lambda: responder.connect(network.now))
    network.at(network.now, lambda: initiator.connect(network.now))
    network.run()


def quiet(connections: int, seed: int = 1) -> tuple[Packet, ...]:
    """Return a capture of ordinary connections on a lossless path, one after another, with overlaps."""
    random = Random(f"quiet {seed}")  # noqa: S311
    packets: list[Packet] = []
    for number in range(connections):
        client, server = f"10.1.{number >> 8}.{number & 255}", "10.2.0.1"
        delay = random.choice([30 * MICROSECOND, 4 * MILLISECOND, 40 * MILLISECOND])
        legs = {name: (Leg(delay // 10), Leg(delay)) for name in (client, server)}
        tap = Tap()
        network = Network(random, tap, legs, number * 20 * MILLISECOND + random.randrange(MILLISECOND))
        profile = Profile(random.getrandbits(32), buffer=262_144, tail_probe=False, stamp_offset=random.getrandbits(31))
        other = replace(profile, isn=random.getrandbits(32), stamp_offset=random.getrandbits(31))
        play = QUIET_PLAYS[number % len(QUIET_PLAYS)]
        port = 20_000 + number % 40_000
        _play(network, (client, port), (server, 443), random, play(random), (profile, other))
        packets += tap.packets
    return tuple(sorted(packets, key=lambda packet: packet.time // MICROSECOND))
