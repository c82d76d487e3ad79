"""The log of a session: it grows, it can be taken back, and how it stands can be asked at any time."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from conftest import PACKAGE, ROOT
from hypothesis import given
from hypothesis import strategies as st

from tdparse.model import Skipped, Step, Summary
from tdparse.pipeline import Explainer
from tdparse.session import Session

LOGS = sorted((ROOT / "fixtures" / "captures").glob("*/absolute.log"))
HTTP = (PACKAGE / "demo" / "http.log").read_text().splitlines()


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.parent.name)
def test_how_it_stands_is_how_it_would_end(log: Path) -> None:
    """At every line the summaries are those that the end of the log would bring, and asking changes nothing."""
    lines = log.read_text().splitlines()
    asked, told = Explainer(), []
    for number, line in enumerate(lines, 1):
        told += asked.feed(line)
        fresh = Explainer()
        ended = [item for text in lines[:number] for item in fresh.feed(text)] + list(fresh.tracker.finish())
        over = [item for item in told if not isinstance(item, Step | Skipped)]
        summaries = [item for item in ended if not isinstance(item, Step | Skipped)]
        assert over + asked.summaries() == summaries
    fresh = Explainer()
    assert told + asked.finish() == [item for line in lines for item in fresh.feed(line)] + fresh.finish()


@given(st.lists(st.integers(0, len(HTTP)), max_size=4))
def test_an_input_taken_back_has_never_been(cuts: list[int]) -> None:
    """However a log is pasted in pieces, undo leads back to each state before."""
    places = [0, *sorted(cuts), len(HTTP)]
    session, states = Session(), []
    for first, last in pairwise(places):
        states.append((list(session.lines), list(session.pieces), session.summaries()))
        session.feed(HTTP[first:last])
    for state in reversed(states):
        assert session.undo() is not None
        assert (session.lines, session.pieces, session.summaries()) == state
    assert session.undo() is None


@pytest.mark.parametrize("beats", [1, 2, 3])
def test_reading_ends_between_two_lines(beats: int) -> None:
    """What has been read by then is whole: nothing is pending, and the rest goes on where it has ended."""
    lines = HTTP * 150
    session, heard = Session(), []

    def beat(done: int) -> None:
        heard.append(done)
        if len(heard) == beats:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        session.feed(lines, beat)
    assert (session.lines, session.pending) == (lines[: heard[-1]], False)
    session.feed(lines[heard[-1] :])
    whole = Session()
    whole.feed(lines)
    assert (session.pieces, session.summaries()) == (whole.pieces, whole.summaries())


def test_taking_back_is_done_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who interrupts it while what stays is read again has what there was."""
    session = Session()
    session.feed(HTTP[:5])
    session.feed(HTTP[5:])
    lines, pieces, explainer = list(session.lines), list(session.pieces), Explainer.feed

    def interrupted(self: Explainer, line: str) -> list[Step | Skipped | Summary]:
        if line == HTTP[3]:
            raise KeyboardInterrupt
        return explainer(self, line)

    with monkeypatch.context() as patch:
        patch.setattr(Explainer, "feed", interrupted)
        with pytest.raises(KeyboardInterrupt):
            session.undo()
    assert (session.lines, session.pieces) == (lines, pieces)
    assert session.undo() == HTTP[5:]
    assert session.lines == HTTP[:5]


def test_each_line_knows_its_record() -> None:
    """A record of two lines stands on both; beyond the end there is nothing; an unfinished one is waited for."""
    session = Session()
    first = "12:00:00.000001 IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 40)"
    second = "    10.0.0.1.5 > 10.0.0.2.80: Flags [R], cksum 0xfef2 (correct), seq 1, win 0, length 0"
    assert session.feed([first]) == []
    assert session.pending
    (piece,) = session.feed([second])
    assert piece.lines == (first, second)
    assert session.at(1) is session.at(2) is piece
    assert session.at(3) is None
    assert session.at(0) is None
    assert not session.pending
    assert session.readable() == [1]


def test_one_connection_stands_as_among_all() -> None:
    """Asked for alone, whether it is over or not."""
    session = Session()
    session.feed((ROOT / "fixtures" / "captures" / "reuse" / "absolute.log").read_text().splitlines())
    every = session.summaries()
    assert len(every) == 3
    for summary in every:
        assert session.summaries({summary.flow.conn}) == [summary]
    assert session.summaries({2, 9}) == [every[1]]
