"""One log in pieces, parsed by stretches and tracked by shares: the same rows as in one piece (no engine needed)."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest
from bench.printing import line as printed
from bench.traffic import mixed
from conftest import CORPUS, ROOT
from pieces import in_pieces, whole
from two_points import clock, play
from two_points import printed as seen

from tdparse import track

pytestmark = pytest.mark.skipif(
    not (track.__file__ or "").endswith(".py"), reason="a share is made from the interpreted tracker"
)
LINES = 3000
MIXED = [printed(segment).rstrip("\n") for segment in islice(mixed(few=True), LINES)]
CAPTURES = sorted((ROOT / "fixtures" / "captures").glob("*/*.log"))


def cut(lines: list[str], pieces: int) -> list[int]:
    """Return where equal pieces begin."""
    return [len(lines) * piece // pieces for piece in range(1, pieces)]


def test_ordinary_traffic_is_the_same_in_shares() -> None:
    """Connections by the hundred, losses and all; nothing needs the whole log."""
    found = in_pieces(MIXED, cut(MIXED, 5), 5, 500)
    assert (found.shares, found.doubts) == (5, set())
    assert found.rows == whole(MIXED)


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_printing_is_the_same_wherever_it_is_cut(path: Path) -> None:
    """Records of two lines too, relative numbers, captures that begin late: in shares, or told to be impossible."""
    lines = path.read_text("utf-8").splitlines()
    expected = whole(lines)
    for pieces in (2, len(lines) // 2):
        assert in_pieces(lines, cut(lines, pieces), 3, 4).rows == expected


def test_midnight_and_times_of_day() -> None:
    """The clock of a stretch goes on from the one before, past midnight; times that go back and forth need the whole."""
    network = play(3, connections=8)
    start = (23 * 3600 + 59 * 60 + 59) * 10**9
    lines = seen(network.logs[0], stamp=clock, offset=start - 1_700_000_000 * 10**9 % (86_400 * 10**9))
    assert lines[0] > lines[-1]
    expected = whole(lines)
    for pieces in (2, 5, 11):
        assert in_pieces(lines, cut(lines, pieces), 1, 0).rows == expected


def test_what_spans_connections_is_told_in_one_piece() -> None:
    """A scan is many connections: no share would see it."""
    scan = []
    for port in range(100, 112):
        ends = "192.0.2.66.5555", f"192.0.2.1.{port}"
        scan.append(f"00:59:00.{port:06} IP {ends[0]} > {ends[1]}: Flags [S], seq 7, win 1024, length 0")
        scan.append(f"00:59:00.{port:06} IP {ends[1]} > {ends[0]}: Flags [R.], seq 0, ack 8, win 0, length 0")
    lines = MIXED[:1500] + scan
    found = in_pieces(lines, cut(lines, 4), 4, 300)
    assert found.doubts == {"scans"}
    assert found.rows == whole(lines)
    assert sum('"scan_like.syn"' in row for row in found.rows) == 12


def test_notes_between_the_records() -> None:
    """What the capture says about itself concerns every connection it still follows."""
    lines = [*MIXED[:1000], "12 packets dropped by kernel", *MIXED[1000:1500]]
    found = in_pieces(lines, cut(lines, 3), 4, 300)
    assert "notes" in found.doubts
    assert found.rows == whole(lines)


def test_nothing_and_next_to_nothing() -> None:
    """A log without a record, and one of a line."""
    for lines in ([], ["no segment"], MIXED[:1]):
        assert in_pieces(lines, [], 3, 100).rows == whole(lines)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus beside the checkout")
def test_logs_of_strangers_are_the_same_in_pieces() -> None:
    """Pasted logs with all that stands in them."""
    for path in sorted((CORPUS / "pasted").rglob("*.txt"))[:40]:
        lines = path.read_text("utf-8", "surrogateescape").split("\n")
        assert in_pieces(lines, cut(lines, 3), 3, len(lines) // 4).rows == whole(lines), path.name
