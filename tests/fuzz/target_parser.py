"""The parser: one text to one record, the derived patterns beside the grammar, repairs, and the work it takes."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Final
from zlib import crc32

import invariants
from hypothesis import given
from made import CHANCE, HOSTILE, LINES, a_line, conversation, rule_names, sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST: Final = 1_500  # characters that are held against Lark, which is slow


def seeds() -> Iterator[bytes]:
    """Yield a sentence of each rule of the grammar, and records."""
    for number, rule in enumerate(rule_names()):
        yield sentence(Random(number), rule, wild=0).encode("utf-8", "surrogatepass")
    for number in range(100):
        yield a_line(Random(number)).encode("utf-8", "surrogatepass")


def check(octets: bytes) -> None:
    """Hold what the fuzzer made against every invariant of the parser."""
    chance = Random(crc32(octets))
    text = octets.decode("utf-8", "surrogateescape")
    _record(text)
    invariants.every_line_has_one_record(tuple(text.split("\n")))
    if chance.random() < 0.02:
        start = chance.randrange(len(text) + 1)
        invariants.reading_is_linear(text[:start], text[start : start + chance.randint(1, 20)])


def _record(text: str) -> None:
    invariants.a_record_is_its_text(text)
    if len(text) < LONGEST:
        invariants.patterns_are_the_grammar(text)


@given(LINES)
def records_are_read(text: str) -> None:
    """Sentences of the grammar, damaged or not."""
    _record(text)


@given(CHANCE)
def lines_belong_to_records(chance: Random) -> None:
    """Every line of a log to one, whatever has been repaired."""
    invariants.every_line_has_one_record(tuple(conversation(chance)))


@given(CHANCE)
def work_is_linear(chance: Random) -> None:
    """A beginning of a record, then a piece of the grammar again and again."""
    text = a_line(chance)
    pieces = (chance.choice(HOSTILE), sentence(chance, chance.choice(rule_names())), text[len(text) // 2 :][:20], text)
    invariants.reading_is_linear(text if chance.random() < 0.5 else "", chance.choice(pieces))


PROPERTIES: Final = (records_are_read, lines_belong_to_records, work_is_linear)
