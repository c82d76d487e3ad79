# pyright: strict
"""
A page of typical uses that type checkers must accept as it stands; `assert_type` says what they must see.

It also runs: tests/test_typing.py calls `main` on a bundled log.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, assert_type

import tdparse


def one_line(text: str) -> int | None:
    """A record, or a line that is none: told apart by their classes."""
    item = tdparse.parse_line(text, line=7)
    assert_type(item, tdparse.Segment | tdparse.Rejected)
    if isinstance(item, tdparse.Rejected):
        assert_type(item.kind, str)
        return item.column
    assert_type(item.src, tdparse.Endpoint)
    assert_type(item.options, tdparse.Options)
    assert_type(item.options.mss, int | None)
    return item.seq


def a_log(path: Path) -> list[str]:
    """Line by line, reading no further than asked."""
    told: list[str] = []
    with path.open() as lines:
        for item in tdparse.annotate(lines, lang="zh", numbers="absolute"):
            assert_type(item, tdparse.Annotated)
            assert_type(item.client, tdparse.Peer)
            assert_type(item.client.after, tdparse.Standing)
            assert_type(item.client.after.state, tdparse.State)
            assert_type(item.flags, tdparse.TcpFlags)
            assert_type(item.details.rel_seq, int | None)
            if item.client.after.certainty is tdparse.Certainty.OBSERVED:
                told += item.sentences
            for finding in item.findings:
                assert_type(finding, tdparse.Finding)
                if finding.severity in {tdparse.Severity.WARN, tdparse.Severity.ERROR}:
                    told.append(finding.code)
    return told


def octets(path: Path) -> Iterator[str]:
    """Bytes are decoded."""
    with path.open("rb") as lines:
        yield from (item.step for item in tdparse.annotate(lines))


def a_whole_log(path: Path) -> dict[str, str]:
    """Connections, and tables for other tools."""
    trace = tdparse.load(path, numbering="auto")
    assert_type(trace, tdparse.Trace)
    assert_type(trace.segments, tuple[tdparse.Annotated, ...])
    assert_type(trace.connections, tuple[tdparse.Connection, ...])
    assert_type(trace.skipped, tuple[tdparse.Rejected, ...])
    assert_type(trace.to_dicts("connections"), list[dict[str, Any]])
    return {str(connection.client): connection.verdict for connection in trace.connections}


def by_hand(lines: list[str]) -> list[tuple[str, ...]]:
    """The stages one by one: read, follow, explain."""
    tracker = tdparse.Tracker(numbering="absolute")
    told: list[tuple[str, ...]] = []
    for item in tdparse.parse(lines):
        if isinstance(item, tdparse.Segment):
            step = tracker.feed(item)
            assert_type(step, tdparse.Step)
            explanation = tdparse.explain(step)
            assert_type(explanation, tdparse.Explanation)
            told.append(explanation.sentences(lang="en", numbers="symbolic"))
    assert_type([connection.verdict for connection in tracker.connections()], list[str])
    return told


async def awaited(lines: list[str]) -> list[str]:
    """The same from an asynchronous reader."""

    async def reader() -> AsyncIterator[str]:
        for line in lines:
            yield line

    return [item.step async for item in tdparse.annotate_async(reader())]


def missing(path: Path) -> str:
    """What can be caught."""
    try:
        tdparse.load(path)
    except tdparse.TdparseError as error:
        return str(error)
    return ""


def main(path: Path) -> None:
    """Use all of it."""
    lines = path.read_text("utf-8").splitlines()
    one_line(lines[0])
    a_log(path)
    list(octets(path))
    a_whole_log(path)
    by_hand(lines)
    asyncio.run(awaited(lines))
    missing(path / "missing")
