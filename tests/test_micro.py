"""
One stage at a time, on ordinary traffic: `make bench-micro`. In the ordinary run each works once, unmeasured.
"""

from __future__ import annotations

from functools import cache
from io import BytesIO
from itertools import islice
from typing import TYPE_CHECKING

import pytest
from bench.generate import SHAPES
from bench.printing import write_text

import tdparse
from tdparse import wording
from tdparse.pipeline import explain
from tdparse.rejection import failure
from tdparse.render.jsonl import JsonLines
from tdparse.render.text import Text
from tdparse.track import Tracker

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_benchmark.fixture import BenchmarkFixture

    from tdparse.model import Lang
    from tdparse.render import Renderer

SIZE = 1_000  # lines a round


@cache
def lines() -> list[str]:
    """Return a log."""
    file = BytesIO()
    write_text(file, islice(SHAPES["few"](SIZE), SIZE))
    return file.getvalue().decode().splitlines()


@cache
def segments() -> list[tdparse.Segment]:
    """Return its records."""
    return [found for line in lines() if isinstance(found := tdparse.parse_line(line), tdparse.Segment)]


@cache
def steps() -> list[tdparse.Step]:
    """Return what happened in each."""
    return [item for item in explain(lines()) if isinstance(item, tdparse.Step)]


def test_parse(benchmark: BenchmarkFixture) -> None:
    """Lines become typed records by the derived patterns."""
    found = benchmark(lambda: [tdparse.parse_line(line) for line in lines()])
    assert all(isinstance(segment, tdparse.Segment) for segment in found)


def test_parse_lalr(benchmark: BenchmarkFixture) -> None:
    """The LALR parser accepts the same lines."""
    some = lines()[::20]
    assert benchmark(lambda: {failure(line) for line in some}) == {None}


def test_track(benchmark: BenchmarkFixture) -> None:
    """Records become steps with states and findings."""

    def track() -> int:
        tracker = Tracker()
        return sum(tracker.feed(segment) is not None for segment in segments())

    assert benchmark(track) == len(segments()) == SIZE


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_word(benchmark: BenchmarkFixture, lang: Lang) -> None:
    """Steps become sentences."""
    assert all(benchmark(lambda: [wording.text(step, lang) for step in steps()]))


@pytest.mark.parametrize("renderer", [Text, JsonLines])
def test_render(benchmark: BenchmarkFixture, renderer: Callable[[Lang], Renderer]) -> None:
    """Steps become what is shown, sentences included."""

    def render() -> list[str]:
        view = renderer("en")
        return [view.step(step, [line]) for step, line in zip(steps(), lines(), strict=True)]

    shown = benchmark(render)
    assert len(shown) == SIZE
    assert all(shown)


def test_explain(benchmark: BenchmarkFixture) -> None:
    """Everything between reading and rendering: assembling, parsing, tracking, verdicts."""
    assert benchmark(lambda: sum(isinstance(item, tdparse.Step) for item in explain(lines()))) == SIZE
