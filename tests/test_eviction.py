"""Memory grows with the open connections, not with the log, however long a pipe lives."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from conftest import COMPILED, Program

from tdparse import table
from tdparse.model import Step, Summary
from tdparse.pipeline import Explainer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600 % 24:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}.{round((seconds - whole) * 1e6):06d}"


def _record(when: float, port: int, flags: str, numbers: str, *, client: bool) -> str:
    a, b = f"192.0.2.1.{port}", "192.0.2.2.80"
    src, dst = (a, b) if client else (b, a)
    return f"{_clock(when)} IP {src} > {dst}: Flags [{flags}], {numbers}, win 1000, length 0"


def _data(when: float, start: int) -> str:
    """Print ten octets of the client with port 5."""
    return f"{_clock(when)} IP 192.0.2.1.5 > 192.0.2.2.80: Flags [P.], seq {start}:{start + 10}, ack 901, win 1000, length 10"


def _closed(when: float, port: int) -> Iterator[str]:
    """Print a connection that opens and closes within 6 ms."""
    yield _record(when, port, "S", "seq 100", client=True)
    yield _record(when + 0.001, port, "S.", "seq 900, ack 101", client=False)
    yield _record(when + 0.002, port, ".", "ack 901", client=True)
    yield _record(when + 0.003, port, "F.", "seq 101, ack 901", client=True)
    yield _record(when + 0.004, port, "F.", "seq 901, ack 102", client=False)
    yield _record(when + 0.005, port, ".", "ack 902", client=True)


def test_closed_connections_are_summed_up_and_forgotten() -> None:
    """A closed connection is written once its pair can receive nothing more, long before the log ends."""
    explainer = Explainer()
    written: list[int] = []
    most = 0
    for number in range(3000):
        for line in _closed(number * 1.0, 10_000 + number):
            written += [item.flow.conn for item in explainer.feed(line) if isinstance(item, Summary)]
        most = max(most, len(explainer.tracker.table.live))
    assert most <= 200  # 120 s of connections, and the minute until the next sweep
    assert written == sorted(written)
    assert len(written) > 2700
    rest = [item.flow.conn for item in explainer.finish() if isinstance(item, Summary)]
    assert written + rest == list(range(1, 3001))


def test_an_idle_connection_is_kept_for_its_keep_alive() -> None:
    """Two hours of silence are normal (R89); the connection goes on under its own number."""
    explainer = Explainer()
    explainer.feed(_record(0, 5, "S", "seq 100", client=True))
    explainer.feed(_record(0.1, 5, "S.", "seq 900, ack 101", client=False))
    explainer.feed(_record(0.2, 5, ".", "ack 901", client=True))
    (step,) = explainer.feed(_record(7300, 5, ".", "ack 901", client=True))
    assert isinstance(step, Step)
    assert (step.flow.conn, step.step) == (1, "probe.keep_alive")


@pytest.mark.parametrize(("flags", "numbers"), [("S", "seq 100"), (".", "ack 901")])
def test_of_one_direction_it_is_kept_as_well(flags: str, numbers: str) -> None:
    """Who acknowledges has had an answer: only SYNs alone are given up sooner."""
    explainer = Explainer()
    explainer.feed(_record(0, 5, flags, numbers, client=True))
    explainer.feed(_data(0.1, 101))
    (step,) = explainer.feed(_data(2000, 111))
    assert isinstance(step, Step)
    assert (step.flow.conn, step.step) == (1, "data.push")
    assert len(explainer.tracker.table.live) == 1


def test_of_one_direction_a_fin_ends_it_sooner() -> None:
    """Nothing shows when the other side has closed, and a busy log of one direction has very many."""
    explainer = Explainer()
    explainer.feed(_record(0, 5, ".", "ack 901", client=True))
    explainer.feed(_record(1, 5, "F.", "seq 101, ack 901", client=True))
    items = explainer.feed(_record(400, 6, "S", "seq 1", client=True))
    assert [item.verdict for item in items if isinstance(item, Summary)] == ["one_sided.server"]


def test_a_syn_that_nobody_answered_is_forgotten_sooner() -> None:
    """Every schedule of retries has ended after UNANSWERED_KEEP (R86)."""
    explainer = Explainer()
    explainer.feed(_record(0, 5, "S", "seq 100", client=True))
    items = explainer.feed(_record(400, 6, "S", "seq 1", client=True))
    assert [item.verdict for item in items if isinstance(item, Summary)] == ["no_answer"]


def test_a_long_idle_connection_is_forgotten() -> None:
    """Beyond IDLE_KEEP it is summed up; a later record opens a new, mid-stream incarnation."""
    explainer = Explainer()
    explainer.feed(_record(0, 5, "S", "seq 100", client=True))
    explainer.feed(_record(0.1, 5, "S.", "seq 900, ack 101", client=False))
    explainer.feed(_record(0.2, 5, ".", "ack 901", client=True))
    items = explainer.feed(_record(4 * 3600, 6, "S", "seq 1", client=True))
    assert [item.verdict for item in items if isinstance(item, Summary)] == ["still_open.no_data"]


def _before_a_crowd(monkeypatch: pytest.MonkeyPatch) -> Explainer:
    """Return an explainer that looks at its table from fifty connections on, and has seen one begin."""
    monkeypatch.setattr(table, "SWEEP_AT", 50)
    explainer = Explainer()
    explainer.tracker.table._sweep_at = 50
    explainer.feed(_record(0, 5, "S", "seq 100", client=True))
    explainer.feed(_record(0.001, 5, "S.", "seq 900, ack 101", client=False))
    return explainer


@pytest.mark.skipif(COMPILED, reason="the cap is compiled in")
def test_the_hard_cap_says_what_it_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond MAX_LIVE open connections the longest idle are written with `evicted`, and counted."""
    monkeypatch.setattr(table, "MAX_LIVE", 100)
    monkeypatch.setattr(table, "SWEEP_AT", 50)
    explainer = Explainer()
    explainer.tracker.table._sweep_at = 50
    dropped: list[Summary] = []
    for number in range(500):
        items = explainer.feed(_record(number * 0.001, 10_000 + number, "S", "seq 100", client=True))
        dropped += [item for item in items if isinstance(item, Summary)]
        assert len(explainer.tracker.table.live) <= 101
    assert explainer.tracker.table.evicted == len(dropped) > 0
    assert all(summary.attributes["evicted"] for summary in dropped)
    assert [summary.flow.conn for summary in dropped] == list(range(1, len(dropped) + 1))


@pytest.mark.skipif(COMPILED, reason="the cap is compiled in")
def test_of_very_many_closed_ones_the_latest_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond MAX_CLOSED those that closed first are summed up; nothing of theirs was given up, and open ones stay."""
    monkeypatch.setattr(table, "MAX_CLOSED", 100)
    monkeypatch.setattr(table, "CROWD", 10)
    explainer = _before_a_crowd(monkeypatch)
    over: list[Summary] = []
    for number in range(500):
        for line in _closed(0.01 + number * 0.01, 10_000 + number):
            over += [item for item in explainer.feed(line) if isinstance(item, Summary)]
        assert len(explainer.tracker.table.live) <= 127
    assert [summary.flow.conn for summary in over] == list(range(2, len(over) + 2))
    assert len(over) > 380
    assert not any("evicted" in summary.attributes for summary in over)
    assert not explainer.tracker.table.evicted


def test_a_connection_at_rest_goes_on_as_if_it_had_not_rested() -> None:
    """What is kept of a silent connection takes less room, and says the same when it speaks again."""
    data = [_data(0.01 + 0.001 * n, 101 + 10 * n) for n in range(40)]
    opening = [
        _record(0, 5, "S", "seq 100", client=True),
        _record(0.001, 5, "S.", "seq 900, ack 101", client=False),
        _record(0.002, 5, ".", "ack 901", client=True),
    ]
    late = [_data(70, 201), _data(70.5, 501), _record(70.6, 5, ".", "ack 501", client=False)]
    told = []
    for rests in (False, True):
        explainer = Explainer()
        for line in [*opening, *data]:
            explainer.feed(line)
        if rests:
            (conn,) = explainer.tracker.table.live.values()
            conn.rest()
        told.append([item for line in late for item in explainer.feed(line)] + explainer.finish())
    assert told[0] == told[1]
    first = told[0][0]
    assert isinstance(first, Step)
    assert first.step == "data.retransmit"


@pytest.mark.skipif(COMPILED, reason="the cap is compiled in")
def test_a_flood_pushes_out_nobody_who_talks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unanswered SYNs give way to each other, the oldest first; the connection before them goes on."""
    monkeypatch.setattr(table, "MAX_UNANSWERED", 100)
    explainer = _before_a_crowd(monkeypatch)
    dropped: list[Summary] = []
    for number in range(2000):
        items = explainer.feed(_record(1 + number * 0.001, 10_000 + number, "S", "seq 100", client=True))
        dropped += [item for item in items if isinstance(item, Summary)]
        assert len(explainer.tracker.table.live) <= 202
        assert len(explainer.tracker.normalizer._conversations) <= 2 * 202
    assert explainer.tracker.table.evicted == len(dropped) > 1700
    assert [summary.flow.conn for summary in dropped] == list(range(2, len(dropped) + 2))
    (step,) = explainer.feed(_record(4, 5, ".", "ack 901", client=True))
    assert isinstance(step, Step)
    assert (step.flow.conn, step.step) == (1, "handshake.ack")


@pytest.mark.skipif(COMPILED, reason="the cap is compiled in")
def test_a_relative_log_keeps_few_bases_of_closed_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """What tcpdump subtracts may be asked for by a late segment; that of the oldest is forgotten."""
    monkeypatch.setattr(table, "MAX_RETIRED", 50)
    explainer = Explainer(numbering="relative")
    for number in range(600):
        for line in _closed(number * 1.0, 10_000 + number):
            explainer.feed(line.replace("seq 901", "seq 1").replace("seq 101", "seq 1").replace("ack 90", "ack "))
    live = len(explainer.tracker.table.live)
    assert len(explainer.tracker.normalizer._conversations) <= 2 * (live + 50)


@pytest.mark.skipif(COMPILED, reason="the cap is compiled in")
def test_how_many_were_given_up_is_told(program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In each verdict, and at the end on standard error; the exit code is that of a run without."""
    (tmp_path / "sitecustomize.py").write_text(
        "import tdparse.table as t; t.MAX_UNANSWERED = 100; t.SWEEP_AT = 50; i = t.Table.__init__\n"
        "def init(self, *given): i(self, *given); self._sweep_at = 50\n"
        "t.Table.__init__ = init\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    log = "".join(_record(number * 0.001, 10_000 + number, "S", "seq 100", client=True) + "\n" for number in range(500))
    (tmp_path / "x.log").write_text(log)
    told = (
        "tdexplain: connections given up while they were open, because more were open at once than the memory is for: "
    )
    for arguments in (["-q", "x.log"], ["connections", "x.log"], ["annotate", "x.log", "-o", "out"]):
        done = program(*arguments, cwd=tmp_path)
        count = int(re.findall(rf"^{told}(\d+)$", done.err, re.MULTILINE)[0])
        assert 300 <= count < 500
        assert done.code == 0
        if arguments[0] == "-q":
            assert done.out.count("Dropped while still open") == count
