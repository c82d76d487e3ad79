"""The renderers: no view acts, breaks or depends on how its input comes; a copy holds its log."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Final
from zlib import crc32

import invariants
from harmless import VIEWS
from hypothesis import given
from hypothesis import strategies as st
from made import LOGS, log
from target_reader import SIZES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tdparse.model import Lang, NumberStyle

LANGS: Final[tuple[Lang, ...]] = ("en", "zh")
STYLES: Final[tuple[NumberStyle, ...]] = ("relative", "absolute", "both", "symbolic")
NAMES: Final = tuple(VIEWS)


def seeds() -> Iterator[bytes]:
    """Yield logs."""
    for number in range(150):
        yield log(Random(number))


def check(octets: bytes) -> None:
    """Let one view show what the fuzzer made; which one, its octets say."""
    chance = Random(crc32(octets))
    name = chance.choice(NAMES)
    invariants.view_is_harmless(name, octets, chance.choice(LANGS), chance.choice(STYLES))
    if chance.random() < 0.3:
        invariants.cutting_never_changes_a_view(name, octets, tuple(chance.choices(range(1, 80), k=5)))
    if chance.random() < 0.2:
        invariants.a_copy_holds_its_log(octets)


@given(LOGS, st.sampled_from(NAMES), st.sampled_from(LANGS), st.sampled_from(STYLES))
def views_are_harmless(octets: bytes, name: str, lang: Lang, numbers: NumberStyle) -> None:
    """Each view, in each language and with each way to show numbers."""
    invariants.view_is_harmless(name, octets, lang, numbers)


@given(LOGS, st.sampled_from(NAMES), SIZES)
def pieces_make_no_difference(octets: bytes, name: str, sizes: tuple[int, ...]) -> None:
    """However the log comes."""
    invariants.cutting_never_changes_a_view(name, octets, sizes)


@given(LOGS)
def copies_hold_their_logs(octets: bytes) -> None:
    """Annotated once, and again."""
    invariants.a_copy_holds_its_log(octets)


PROPERTIES: Final = (views_are_harmless, pieces_make_no_difference, copies_hold_their_logs)
