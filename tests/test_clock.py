"""Printed times become durations (R39)."""

from __future__ import annotations

import pytest
from scenario import NOON, log

from tdparse.clock import Clock
from tdparse.model import Segment, Step
from tdparse.pipeline import explain
from tdparse.record import parse_line

TAIL = "IP 192.0.2.1.5 > 192.0.2.2.80: Flags [.], ack 1, win 5, length 0"
SECOND = 10**9


def read(*times: str) -> list[float | None]:
    """Return the seconds since the first of these printed times."""
    clock = Clock()
    found = []
    for time in times:
        segment = parse_line(f"{time} {TAIL}" if time else TAIL)
        assert isinstance(segment, Segment), segment
        found.append(clock.read(segment))
    return [None if one is None or clock.first is None else (one - clock.first) / SECOND for one in found]


@pytest.mark.parametrize(
    ("times", "elapsed"),
    [
        (["10:00:00.000000", "10:00:00.500000", "10:01:00.000000"], [0, 0.5, 60]),
        (["10:00:00.000000001", "10:00:00.000000003"], [0, 2e-9]),
        (["23:59:59.000000", "00:00:01.000000", "00:00:02.000000"], [0, 2, 3]),
        (["23:59:59.000000", "00:00:01.000000", "23:59:58.500000", "00:00:02.000000"], [0, 2, -0.5, 3]),
        (["20:00:00.000000", "06:00:00.000000", "18:00:00.000000", "03:00:00.000000"], [0, 36_000, 79_200, 111_600]),
        (["13:00:00.000000", "02:00:00.000000"], [0, -39_600]),  # eleven hours back is no midnight
        (["10:00:00.000000", "09:59:59.000000", "10:00:01.000000"], [0, -1, 1]),
        (["1700000000.000000", "1700000001.250000", "1699999999.000000"], [0, 1.25, -1]),
        (["2023-11-14 23:59:59.000000", "2023-11-15 00:00:01.000000"], [0, 2]),
        (["2024-02-28 23:00:00.000000", "2024-03-01 00:00:00.000000"], [0, 90_000]),
        (["", "", ""], [None, None, None]),
    ],
    ids=[
        "clock",
        "nanoseconds",
        "midnight",
        "out of order at midnight",
        "two midnights",
        "not midnight",
        "one second back",
        "-tt",
        "-tttt",
        "leap year",
        "-t",
    ],
)
def test_elapsed(times: list[str], elapsed: list[float | None]) -> None:
    """Each style gives the time since the first record; a time of day passes midnight (R39)."""
    assert read(*times) == elapsed


def test_since_the_first_packet() -> None:
    """-ttttt: the times are the answer."""
    assert read(" 00:00:00.000000", " 00:00:01.000000", " 00:00:01.500000", " 00:10:00.000000") == [0, 1, 1.5, 600]


def test_since_the_previous_packet() -> None:
    """-ttt looks the same until a difference is smaller than the one before; then the sum counts."""
    assert read(" 00:00:00.000000", " 00:00:01.000000", " 00:00:00.500000", " 00:00:02.000000") == [0, 1, 1.5, 3.5]


def test_a_difference_may_have_lost_its_space() -> None:
    """Pages and mails drop the first space of a line; a log whose first time is 0 shows differences."""
    times = ["00:00:00.000000", "00:00:01.000000", "00:00:00.500000", "00:00:02.000000"]
    assert read(*times) == [0, 1, 1.5, 3.5]
    lines = [f"{time} {TAIL}" for time in times] * 2
    explained = [item for item in explain(lines) if isinstance(item, Step)]
    assert [step.elapsed for step in explained][:4] == [0, SECOND, 3 * SECOND // 2, 7 * SECOND // 2]
    assert not any(finding.code == "time_backwards" for step in explained for finding in step.findings)
    assert read("00:00:00.000001", "00:00:01.000000", "00:00:00.500000") == [0, 0.999999, 0.499999]


def test_a_record_without_a_time_changes_nothing() -> None:
    """A line that lost its time stands between its neighbours."""
    assert read("10:00:00.000000", "", "10:00:03.000000") == [0, None, 3]


def test_time_going_back_is_a_finding() -> None:
    """A step back of less than twelve hours raises time_backwards; midnight does not (R39)."""
    lines = log("C S\nS S.\nC .")
    late = log("C P. 5", established=True, start=NOON - 3_600_000_000)
    found = [item for item in explain([*lines, *late]) if isinstance(item, Step)]
    assert [[finding.code for finding in step.findings] for step in found][3].count("time_backwards") == 1
    before, after = log("C S", start=24 * 3_600_000_000 - 1), log("S S.", established=True, start=0)
    found = [item for item in explain([*before, *after]) if isinstance(item, Step)]
    assert [finding.code for step in found for finding in step.findings if finding.code == "time_backwards"] == []
    assert found[1].elapsed == 1000
