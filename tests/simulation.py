"""
Two scripted endpoints, a path that loses, repeats and reorders, and tcpdump somewhere on it.

Everything is a function of a `Scene`, so a failure can be repeated and shrunk.
"""

from __future__ import annotations

import heapq
import os
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from hypothesis import strategies as st
from rfc9293 import MILLISECOND, SECOND, Action, Endpoint, Name, Packet, Rules, Script

if TYPE_CHECKING:
    from collections.abc import Callable

Point = Literal["client", "middle", "server"]

EXAMPLES: Final = int(os.environ.get("TDPARSE_SIMULATIONS", "200"))  # scenes a test tries
LEG: Final = 5 * MILLISECOND  # one of the two halves of the path
END: Final = 300 * SECOND
MAX_PACKETS: Final = 400
MASK: Final = 2**32 - 1
HOSTS: Final[dict[Name, str]] = {"client": "192.0.2.1", "server": "192.0.2.2"}
ADDRESS: Final[dict[Name, str]] = {"client": "192.0.2.1.40001", "server": "192.0.2.2.80"}


class Scene(NamedTuple):
    """
    Everything a run depends on.

    `fates` says what each passage of a half of the path does, until they are used up: 0 passes, -1 loses, n > 0
    delays by n ms, n < -1 passes and delays a second copy by -n ms. At a host nothing happens between the capture
    point and its TCP.
    """

    client: Script
    server: Script
    rules: Rules = Rules()
    point: Point = "middle"
    fates: tuple[int, ...] = ()
    skip: int = 0  # how many records the capture missed at the beginning
    absolute: bool = True


class Captured(NamedTuple):
    """One line of the log: the packet, when and in which order it passed the capture point."""

    time: int
    order: int
    packet: Packet


class Arrival(NamedTuple):
    """A packet processed by its addressee; what it caused happened before `done`."""

    done: int
    packet: Packet


class World:
    """The clock, the path, and tcpdump."""

    def __init__(self, scene: Scene) -> None:
        """Set the scene."""
        self.now = 0
        self.order = 0
        self._events: list[tuple[int, int, Callable[[], None]]] = []
        self.packets: list[Packet] = []
        self.captured: list[Captured] = []
        self.arrivals: dict[Name, list[Arrival]] = {"client": [], "server": []}
        self._fates = list(scene.fates)[::-1]
        self._point = scene.point
        self.ends: dict[Name, Endpoint] = {
            "client": Endpoint("client", self, scene.client, scene.rules),
            "server": Endpoint("server", self, scene.server, scene.rules),
        }

    def tick(self) -> int:
        """Return the next place in the order of things."""
        self.order += 1
        return self.order

    def after(self, delay: int, action: Callable[[], None]) -> None:
        """Let something happen later."""
        heapq.heappush(self._events, (self.now + delay, self.tick(), action))

    def run(self) -> None:
        """Let everything happen."""
        for end in self.ends.values():
            time = 0
            for action in end.script.actions:
                time += action.wait
                self.after(time, lambda end=end, action=action: end.act(action))  # type: ignore[misc]
        while self._events and self._events[0][0] <= END and len(self.packets) < MAX_PACKETS:
            self.now, _, action_due = heapq.heappop(self._events)
            action_due()

    def emit(self, packet: Packet) -> None:
        """Put a segment on the path."""
        self.packets.append(packet)
        if self._point == packet.sender:
            self._capture(packet)
        else:
            self._leg(lambda: self._capture(packet))

    def _capture(self, packet: Packet) -> None:
        self.captured.append(Captured(self.now, self.tick(), packet))
        if self._point in ("middle", packet.sender):
            self._leg(lambda: self._arrive(packet))
            return
        self._arrive(packet)

    def _arrive(self, packet: Packet) -> None:
        receiver: Name = "server" if packet.sender == "client" else "client"
        self.ends[receiver].receive(packet)
        self.arrivals[receiver].append(Arrival(self.tick(), packet))

    def _leg(self, done: Callable[[], None]) -> None:
        half = LEG if self._point == "middle" else 2 * LEG
        fate = self._fates.pop() if self._fates else 0
        if fate == -1:
            return
        self.after(half + max(fate, 0) * MILLISECOND, done)
        if fate < -1:
            self.after(half - fate * MILLISECOND, done)


def watched(scene: Scene) -> tuple[World, list[Captured], list[str]]:
    """Let a scene happen; return it with what was captured of it and the text of that."""
    world = World(scene)
    world.run()
    log = world.captured[scene.skip :]
    printer = Printer(absolute=scene.absolute)
    return world, log, [printer.line(one) for one in log]


class Printer:
    """tcpdump's text, with `-S` or with the relative numbers of its table."""

    def __init__(self, *, absolute: bool) -> None:
        self._absolute = absolute
        self._bases: dict[str, int] | None = None

    def line(self, captured: Captured) -> str:
        """Return one record."""
        packet = captured.packet
        seq, ack = packet.seq & MASK, None if packet.ack is None else packet.ack & MASK
        other: Name = "server" if packet.sender == "client" else "client"
        if ack is not None and not self._absolute:
            if self._bases is None or packet.has("S"):
                self._bases = {packet.sender: seq, other: ack - 1}
            else:
                seq = (seq - self._bases[packet.sender]) & MASK
                ack = (ack - self._bases[other]) & MASK
        seconds, micro = divmod(captured.time, SECOND)
        clock = f"{9 + seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{micro:06}"
        text = f"{clock} IP {ADDRESS[packet.sender]} > {ADDRESS[other]}: Flags [{packet.flags}]"
        if packet.length:
            text += f", seq {seq}:{(seq + packet.length) & MASK}"
        elif set(packet.flags) & set("SFR"):
            text += f", seq {seq}"
        if ack is not None:
            text += f", ack {ack}"
        text += f", win {packet.window}"
        if packet.options:
            text += f", options [{packet.options}]"
        return f"{text}, length {packet.length}"


# ------------------------------------------------------------------ any scene

WAITS: Final = st.sampled_from([0, 1, 7, 30, 45, 100, 400, 1500]).map(lambda ms: ms * MILLISECOND)
ACTIONS: Final = st.one_of(
    st.builds(Action, WAITS, st.just("send"), st.sampled_from([1, 600, 2500, 25_000])),
    st.builds(Action, WAITS, st.sampled_from(["shutdown", "close", "abort", "crash"])),
    # After silence only: in the text an empty one looks like any ACK (R28), so also like the third step.
    st.builds(Action, st.just(4000 * MILLISECOND), st.just("keepalive"), st.sampled_from([0, 1])),
    # Not before what the last connection left in the network has died (MSL): 9293 builds on that.
    st.builds(Action, st.sampled_from([31_000_000, 62_000_000]), st.just("connect"), st.sampled_from([0, 300])),
)
# The third wraps after 20000 octets. Small ones would look like relative numbers.
ISS: Final = st.sampled_from([3_123_456_789, 811_000_003, 2**32 - 20_000, 1_777_777_777])
FATES: Final = st.lists(st.sampled_from([0, 0, 0, 0, -1, 2, 13, 60, 350, -2, -25, -200]), max_size=60).map(tuple)


@st.composite
def scripts(draw: st.DrawFn, *, client: bool) -> Script:
    """Any application."""
    actions = draw(st.lists(ACTIONS, max_size=5))
    listens = not client and draw(st.integers(0, 9)) > 0
    if client:
        actions.insert(0, Action(0, "connect", draw(st.sampled_from([0, 300]))))
    elif not listens and draw(st.booleans()):
        actions.insert(0, Action(draw(st.sampled_from([0, 3, 9])) * MILLISECOND, "connect"))
    on_eof: Literal["close", "nothing"] = draw(st.sampled_from(["close", "nothing"]))
    wait = draw(st.sampled_from([0, 20, 80])) * MILLISECOND
    return Script(listens, tuple(actions), on_eof, wait, draw(ISS), draw(st.sampled_from([100_000, -100_000])))


def scenes() -> st.SearchStrategy[Scene]:
    """Return any scene."""
    return st.builds(
        Scene,
        client=scripts(client=True),
        server=scripts(client=False),
        rules=st.builds(
            Rules,
            timestamps=st.booleans(),
            delayed_ack=st.booleans(),
            reset_with_ack=st.booleans(),
            repeat_syn_ack=st.booleans(),
            fast_open=st.sampled_from(["no", "no", "no", "accepted", "refused"]),
            reuse_time_wait=st.booleans(),
        ),
        point=st.sampled_from(["client", "middle", "server"]),
        fates=FATES,
        skip=st.one_of(st.just(0), st.just(0), st.integers(0, 12)),
        absolute=st.booleans(),
    )
