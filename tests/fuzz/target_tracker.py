"""Numbering and tracker: what is said of numbers and states, for logs of RFC endpoints and for logs of nobody."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Final, Literal
from zlib import crc32

import invariants
from hypothesis import given
from hypothesis import strategies as st
from made import CHANCE, conversation, octets_of
from simulation import Scene, scenes, watched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tdparse.stream import NumberingChoice

MOST_LINES: Final = 60
NUMBERINGS: Final[tuple[NumberingChoice, ...]] = ("auto", "auto", "absolute", "relative")
Damage = tuple[Literal["lost", "twice"], int]
DAMAGES: Final = st.lists(st.tuples(st.sampled_from(["lost", "twice"]), st.integers(0, 60)), max_size=4)


def seeds() -> Iterator[bytes]:
    """Yield conversations."""
    for number in range(150):
        yield octets_of(Random(number), conversation(Random(number)))


def check(octets: bytes) -> None:
    """Hold what the fuzzer made against every invariant of numbering and tracker."""
    chance = Random(crc32(octets))
    lines = tuple(octets.decode("utf-8", "surrogateescape").split("\n")[:MOST_LINES])
    _anything(lines, chance.choice(NUMBERINGS), chance.randrange(MOST_LINES))
    if chance.random() < 0.01:
        invariants.tracking_is_linear(lines)


def _anything(lines: tuple[str, ...], numbering: NumberingChoice, place: int) -> None:
    invariants.numbers_are_not_invented(lines, numbering)
    invariants.states_move_forward(lines)
    invariants.connections_are_whole(lines)
    invariants.asking_changes_nothing(lines, place)


@given(CHANCE, st.sampled_from(NUMBERINGS), st.integers(0, MOST_LINES))
def any_log_is_tracked(chance: Random, numbering: NumberingChoice, place: int) -> None:
    """Hosts that talk as no TCP does."""
    _anything(tuple(conversation(chance)), numbering, place)


@given(scenes(), DAMAGES)
def captures_are_tracked(scene: Scene, damages: list[Damage]) -> None:
    """RFC endpoints on a bad path; where numbers are absolute, the capture has lost and doubled lines too."""
    lines = watched(scene)[2]
    for damage, place in damages if scene.absolute else ():
        if place < len(lines):
            lines[place : place + 1] = [] if damage == "lost" else [lines[place]] * 2
    if lines:
        invariants.states_move_by_the_table(tuple(lines))
        invariants.numbers_are_not_invented(tuple(lines))
        invariants.connections_are_whole(tuple(lines))


@given(CHANCE)
def work_is_linear(chance: Random) -> None:
    """A log that repeats itself."""
    invariants.tracking_is_linear(tuple(conversation(chance)))


PROPERTIES: Final = (any_log_is_tracked, captures_are_tracked)
RARELY: Final = (work_is_linear,)  # a fifth of a second each
