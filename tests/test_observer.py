"""
What the observer says about two endpoints that follow RFC 9293, held against what they did.

A state marked *observed* or *deduced* speaks about the past: its endpoint was in it when it sent the
latest of its segments captured so far, or, where that is proven by the peer, later. It must never be
wrong. A state marked *presumed* holds as soon as everything captured on its way to the endpoint has
arrived there; it may be wrong only where the path behind the capture point lost, repeated, reordered or
still carries something of it, or where the endpoint has since acted without a word (a timer, a call, a
segment that has not reached the capture point).

The truth is what the capture point could be shown: a FIN counts from its first captured copy (as in a
log that says "as far as the wire has shown it"), because nothing on the wire tells a FIN that was lost
on the way to the capture point from one that was never sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from rfc9293 import SYNCHRONIZED, Moment, Name, Packet
from scenario import log as shorthand
from simulation import EXAMPLES, HOSTS, Captured, Scene, World, scenes, watched

from tdparse.model import Certainty, Standing, State, Step
from tdparse.pipeline import explain
from tdparse.wording import state_text

if TYPE_CHECKING:
    from collections.abc import Sequence

CERTAIN: Final = frozenset({Certainty.OBSERVED, Certainty.DEDUCED})
GONE: Final = frozenset({"CLOSED", "LISTEN"})

# These prove nothing about the connection they are shown in (R65, 8.12, rule 4 of R97; the RST that rejects
# an acknowledgment is the same from SYN-SENT and from an endpoint that has given up in silence, R20 a).
SILENT: Final = frozenset(
    {"handshake.syn.unexpected", "reset.ignored", "reset.reject_bad_ack", "stepless.stray", "stepless.bad_ack"}
)


# ------------------------------------------------------------------ the truth, as the capture shows it


class Truth:
    """What one endpoint really did in one connection, as the capture point could be shown it until now."""

    def __init__(
        self, name: Name, world: World, seen: Sequence[Captured], placed: Sequence[Captured], life: int | None
    ) -> None:
        """
        Look at an endpoint.

        Args:
            name: which one.
            world: everything that happens, also later.
            seen: the records so far.
            placed: those of them that belong to the connection that is spoken of.
            life: which of its connections that is, None while it has not shown itself.
        """
        history = world.ends[name].history
        if life is not None:
            # To a connection, whatever comes after it in this endpoint is its being gone.
            later = [moment._replace(state="CLOSED", cause="crash") for moment in history if moment.life > life]
            history = [moment for moment in history if moment.life <= life] + later[:1]
        self.history = history
        self.name = name
        self.now = seen[-1].order
        self.midstream = not any(one.packet.has("S") for one in placed[:1])
        self.own = [one for one in placed if one.packet.sender == name]
        self.inbound = [one for one in placed if one.packet.sender != name]
        self.misled = self._misled(placed, "SF")  # where a state might be observed by it
        self.confused = self._misled(placed, "SF.")
        # An RST has no timestamp, so nothing tells one that the path has kept (of an attempt before, say).
        self.kept_reset = any(
            one.packet.has("R") and one.packet.sent < earlier.packet.sent
            for number, one in enumerate(self.own)
            for earlier in self.own[:number]
        )
        self.latest = max(self.own, key=lambda one: one.packet.sent, default=None)
        self.spoke = self.latest.packet.sent if self.latest else 0
        captured = {one.packet.sent for one in seen}
        self.on_the_way = [
            packet.sent
            for packet in world.packets
            if packet.sender == name and packet.sent not in captured and set(packet.flags) & set("SR")
        ]
        wanted = {one.packet.sent for one in self.inbound}
        self.arrived = [one for one in world.arrivals[name] if one.packet.sent in wanted]
        everything = {one.packet.sent for one in world.arrivals[name]}
        # Also of connections before: an RST that was lost leaves an endpoint where a new SYN finds it.
        self.lost = any(one.packet.sender != name and one.packet.sent not in everything for one in seen)
        coming = {one.packet.sent for one in world.captured if one.order > self.now} - captured
        self.overtaken_by = [one.done for one in world.arrivals[name] if one.packet.sent in coming]

    def _misled(self, placed: Sequence[Captured], flags: str) -> bool:
        """
        Tell whether the latest news is an old segment without a timestamp that shows its age.

        It looks exactly like one that is sent because an acknowledgment or a FIN has not arrived (R17 b, c, d).
        """
        newest, stamp, misled = 0, 0, False
        for one in placed:
            packet = one.packet
            if packet.sender != self.name:
                misled = False
                continue
            old = packet.sent < newest and (packet.ts is None or packet.ts[0] >= stamp)
            misled = misled or (old and bool(set(packet.flags) & set(flags)))
            newest, stamp = max(newest, packet.sent), max(stamp, packet.ts[0] if packet.ts else 0)
        return misled

    def moments(self, start: int, until: int) -> list[Moment]:
        """What was true of it at `start` and at every later moment up to `until`."""
        before = [moment for moment in self.history if moment.order <= start]
        return before[-1:] + [moment for moment in self.history if start < moment.order <= until]

    def shown(self, moment: Moment, at: int) -> str:
        """The state of `moment`, which held at `at`, if only SYNs and FINs count that were captured."""
        opened = moment.syn_acked or self.midstream
        if moment.state == "SYN_RECEIVED" and opened:
            return "ESTABLISHED"  # the handshake was not captured: R26 takes it as done
        if moment.state not in SYNCHRONIZED or not self.own:  # a TIME-WAIT left by the connection before
            return moment.state
        begun = min(other.order for other in self.history if other.life == moment.life and other.state not in GONE)
        own, peers = (
            next((one.packet.sent for one in side if one.packet.has("F") and one.packet.sent > begun), None)
            for side in (self.own, self.inbound)
        )
        sent = own is not None and own <= at
        got = moment.got_fin is not None and peers is not None
        acked = sent and moment.fin_acked is not None
        if not sent:
            return "CLOSE_WAIT" if got else "ESTABLISHED" if opened else "SYN_RECEIVED"
        if not got:
            return "FIN_WAIT_2" if acked else "FIN_WAIT_1"
        if own is not None and moment.got_fin is not None and moment.got_fin < own:
            return "CLOSED" if acked else "LAST_ACK"
        return "TIME_WAIT" if acked else "CLOSING"

    def settled(self) -> Moment | None:
        """
        What all that was captured on its way to this endpoint led to.

        None where the path behind the capture point interfered, where the endpoint spoke before all of it had
        arrived (which corrects the presumption, R17), or where it has acted on its own since.
        """
        arrived = self.arrived
        if (
            self.confused
            or self.lost
            or [one.packet.sent for one in arrived] != [one.packet.sent for one in self.inbound]
        ):
            return None
        crossed = (
            self.latest is not None and there.order < self.latest.order and here.done > self.spoke
            for here, there in zip(arrived, self.inbound, strict=True)
        )
        at = max(arrived[-1].done if arrived else 0, self.spoke)
        if any(crossed) or any(order <= at for order in (*self.on_the_way, *self.overtaken_by)):
            return None
        moment = self.moments(at, at)[-1]
        if moment.state not in GONE and any(one.packet.has("R") for one in arrived):
            return None  # R48 takes an RST that fits either estimate of what is expected; here the other was right
        return None if moment.state in GONE and moment.cause != "segment" else moment._replace(order=at)


def matches(standing: Standing, state: str) -> bool:
    """Without a connection block there is no telling LISTEN from CLOSED."""
    claimed = {str(standing.state), *map(str, standing.alternatives)}
    return state in claimed or (state in GONE and bool(claimed & GONE))


def wrong(standing: Standing, truth: Truth, *, sender: bool, late: bool) -> str | None:
    """Say what is wrong with a claim about one endpoint after one record."""
    if truth.misled or truth.kept_reset:
        return None
    if late and all(one.packet.has("R") for one in truth.own) and str(standing.state) in GONE:
        return None  # it has only rejected segments of a connection, so it is not in that one
    if standing.certainty in CERTAIN:
        moments = truth.moments(truth.spoke, truth.spoke if sender else truth.now)
        held = [truth.shown(moment, max(moment.order, truth.spoke)) for moment in moments]
        real = [moment.state for moment in moments]
        if any(matches(standing, state) for state in (*held, *(real if late else ()))):
            return None
        return f"was {real}, shown as {held}"
    settled = truth.settled() if standing.certainty is Certainty.PRESUMED else None
    if settled is None:
        return None
    state = truth.shown(settled, settled.order)
    if matches(standing, state) or (late and matches(standing, settled.state)):
        return None
    if late and (standing.state, state) == (State.ESTABLISHED, "SYN_RECEIVED"):
        return None  # the third step may have been missed with the SYN
    return f"became {settled.state}, shown as {state}"


class Book:
    """Which connections of the two endpoints one of ours is about."""

    def __init__(self) -> None:
        self.lives: dict[int, dict[Name, int]] = {}
        self.placed: dict[int, list[Captured]] = {}
        self._syns: dict[tuple[int, Name], int] = {}
        self._announced: dict[tuple[int, Name], int] = {}

    def enter(self, one: Captured, step: Step, before: Sequence[Captured]) -> bool:
        """
        Take a record.

        False where an old SYN takes effect: the path has kept it until no connection was open, so it counts as a
        new attempt (R43, R44), or it has reached a listener that has lost its memory. From there on, one
        connection of ours and two of theirs are mixed, and no claim can be held against either.
        """
        packet, conn = one.packet, step.flow.conn
        if conn not in self.lives and packet.has("S") and self._is_old(packet, before):
            return False
        known, placed = self.lives.setdefault(conn, {}), self.placed.setdefault(conn, [])
        if step.step in SILENT:
            return True
        placed.append(one)
        if packet.has("S"):
            known[packet.sender] = packet.life
            self._syns[packet.seq, packet.sender] = conn
            answered = [
                c for (seq, sender), c in self._syns.items() if sender != packet.sender and seq + 1 == packet.ack
            ]
            if answered and conn not in answered:
                return False
            return self._announced.setdefault((conn, packet.sender), packet.life) == packet.life
        # A new connection whose SYN the capture has not seen yet, or an old segment behind the new SYN, mixes two as well.
        return packet.has("R") or known.setdefault(packet.sender, packet.life) == packet.life

    @staticmethod
    def _is_old(packet: Packet, before: Sequence[Captured]) -> bool:
        """Tell whether this SYN, or the one this SYN-ACK answers, is older than what its sender has said since."""
        if packet.flags == "S":
            own = [one.packet for one in before if one.packet.sender == packet.sender]
            return any(other.sent > packet.sent or (other.flags, other.seq) == ("S", packet.seq) for other in own)
        theirs = [one.packet for one in before if one.packet.sender != packet.sender and not one.packet.has("R")]
        return any(other.flags != "S" and other.life == theirs[-1].life for other in theirs)


class Line(NamedTuple):
    """One record, what was made of it and what is wrong with that."""

    text: str
    step: Step
    faults: tuple[str, ...]


def observe(scene: Scene) -> list[Line]:
    """Let a scene happen, explain its log, and hold every claim against the truth."""
    world, log, texts = watched(scene)
    steps = [item for item in explain(texts) if isinstance(item, Step)]
    assert len(steps) == len(log)
    lines: list[Line] = []
    book = Book()
    for number, (one, text, step) in enumerate(zip(log, texts, steps, strict=True), 1):
        if not book.enter(one, step, log[: number - 1]):
            break
        placed, known = book.placed[step.flow.conn], book.lives[step.flow.conn]
        faults = []
        for name, host in HOSTS.items():
            truth = Truth(name, world, log[:number], placed, known.get(name))
            ours = (step.client if step.flow.client.host == host else step.server).after
            fault = wrong(ours, truth, sender=name == one.packet.sender, late=scene.skip > 0)
            if fault:
                faults.append(f"{name} {ours.state} {ours.certainty}: {fault}")
        lines.append(Line(text, step, tuple(faults)))
    return lines


def report(lines: list[Line]) -> str:
    """The log with what was said about each record."""
    shown = []
    for line in lines:
        step = line.step
        states = " ".join(
            f"{side.before.state}>{side.after.state}({side.after.certainty})" for side in (step.client, step.server)
        )
        shown += [line.text, f"    {step.step} {states}", *(f"    WRONG {fault}" for fault in line.faults)]
    return "\n".join(shown)


@settings(max_examples=EXAMPLES, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(scenes())
def test_no_claim_is_wrong(scene: Scene) -> None:
    """Observed and deduced states are never wrong, presumed ones only where the path explains it."""
    lines = observe(scene)
    assert not [fault for line in lines for fault in line.faults], report(lines)


# ------------------------------------------------------------------ what the simulations have taught

OPEN: Final = "C S\nS S.\nC .\n"
LESSONS: Final = {
    # name: conversation, client and server after its last record
    "an old copy of the SYN changes nothing that was observed": (OPEN + "C S +0.3", "ESTABLISHED ESTABLISHED?"),
    "an old copy of the SYN-ACK neither": (OPEN + "S P. 5\nS S. +0.3", "ESTABLISHED ESTABLISHED"),
    "a SYN-ACK that is written again takes a presumption back": (OPEN + "S S. +1", "ESTABLISHED SYN-RECEIVED"),
    "an empty ACK like the SYN-ACK may answer a copy of the SYN": (OPEN + "S .", "ESTABLISHED ESTABLISHED?"),
    "a second later nothing of the handshake is on the way": (OPEN + "S . +1", "ESTABLISHED ESTABLISHED"),
    "an echo newer than the SYN proves the third step": (
        "C S <TS val 5 ecr 0>\nS S. <TS val 9 ecr 5>\nC . <TS val 6 ecr 9>\nS . <TS val 10 ecr 6>",
        "ESTABLISHED ESTABLISHED",
    ),
    "a FIN that meets SYN-SENT is lost on it (T22)": ("C S\nS S. unseen\nS F.\nS S. +1", "ESTABLISHED? FIN-WAIT-1"),
    "and counts when it comes again": ("C S\nS S. unseen\nS F.\nS S. +1\nC . ack=1\nS F. seq=1 +1", "CLOSE-WAIT? FIN-WAIT-1"),
    "octets that were acknowledged are no gap below a FIN": (
        OPEN + "S P. 100 unseen\nC . ack=101\nS FP. 50", "CLOSE-WAIT? FIN-WAIT-1",
    ),
    "a FIN older than what followed it takes nothing back": (
        """
        C S <TS val 5 ecr 0>
        S S. <TS val 9 ecr 5>
        C . <TS val 6 ecr 9>
        C F. <TS val 7 ecr 9>
        S . <TS val 12 ecr 7>
        S P. 5 <TS val 13 ecr 7>
        C . <TS val 15 ecr 13>
        C F. seq=1 <TS val 7 ecr 9>
        """,
        "FIN-WAIT-2? CLOSE-WAIT",
    ),
    "an RST for an ACK that confirms nothing leaves SYN-SENT": (
        "C S\nS . ack=-999\nC R seq=-999", "SYN-SENT SYN-RECEIVED?",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LESSONS)
def test_lessons(name: str) -> None:
    """What looks like proof and is none, and what is proof although it does not look like it."""
    text, states = LESSONS[name]
    last = [item for item in explain(shorthand(text)) if isinstance(item, Step)][-1]
    assert f"{state_text(last.client.after)} {state_text(last.server.after)}" == states
