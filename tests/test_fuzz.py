"""The fuzzers of tests/fuzz for a moment, from a fixed seed, and everything they have ever found."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest
from campaign import TARGETS, run_property, target
from conftest import ROOT, Program
from made import log

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EXAMPLES = 12
SEED = 20260101
FOUND = sorted((ROOT / "fixtures" / "found").iterdir())


def properties() -> Iterator[tuple[str, str]]:
    """Yield the names of targets and of their properties."""
    for name in TARGETS:
        yield from ((name, check.__name__) for check in target(name).PROPERTIES)


@pytest.mark.parametrize(("name", "check"), list(properties()))
def test_a_moment_of_hypothesis(name: str, check: str) -> None:
    """Each property holds for some examples; `make fuzz` tries many more."""
    assert run_property(getattr(target(name), check), EXAMPLES, SEED) >= EXAMPLES


@pytest.mark.parametrize("name", TARGETS)
def test_a_moment_of_mutation(name: str) -> None:
    """What the fuzzer does to logs without coverage to guide it, the seeds of its corpus first."""
    from made import mutated

    module, chance = target(name), Random(SEED)
    corpus = list(module.seeds())
    for _ in range(EXAMPLES):
        octets = chance.choice(corpus)
        module.check(octets)
        module.check(mutated(octets, 4096, chance))


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.name)
def test_what_was_found_stays_found(path: Path) -> None:
    """Every input that has broken an invariant breaks none any more."""
    for name in TARGETS:
        target(name).check(path.read_bytes())


@pytest.mark.parametrize("form", ["text", "jsonl"])
def test_many_processes_say_what_one_says(program: Program, tmp_path: Path, form: str) -> None:
    """Whatever the logs hold, copies are the same byte for byte."""
    (tmp_path / "in").mkdir()
    for number in range(14):
        (tmp_path / "in" / f"{number}.log").write_bytes(log(Random(SEED + number)))
    told = {}
    for jobs in ("1", "2"):
        done = program("annotate", "in", "-f", form, "-j", jobs, "-o", jobs, cwd=tmp_path)
        told[jobs] = done.code, done.err, {path.name: path.read_bytes() for path in (tmp_path / jobs).iterdir()}
    assert told["1"] == told["2"]
    assert len(told["1"][2]) > 8
