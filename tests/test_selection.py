"""Patterns over codes: what they fit, what they cannot, and when the alarm goes off."""

from __future__ import annotations

import pytest

from tdparse.model import Confidence, Finding, Severity, Step, Summary
from tdparse.pipeline import explain
from tdparse.selection import Alarm, Selection, UnknownPatternError, check, matches

LOG = [
    "10:00:00.000000 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 7, win 9, length 0",
    "10:00:00.000100 IP 10.0.0.2.80 > 10.0.0.1.5: Flags [R.], seq 0, ack 8, win 0, length 0",
]


def items() -> tuple[Step, Summary]:
    """Return the first step and the summary of a refused connection."""
    found = list(explain(LOG))
    step, summary = found[0], found[-1]
    assert isinstance(step, Step)
    assert isinstance(summary, Summary)
    return step, summary


@pytest.mark.parametrize(
    ("pattern", "code", "fits"),
    [
        ("refused", "refused", True),
        ("complete", "complete.clean", True),
        ("complete", "completely", False),
        ("reset_*", "reset_by_client.data", True),
        ("*.data", "still_open.data", True),
        ("data", "still_open.data", False),
        ("", "refused", False),
    ],
)
def test_a_pattern_is_a_code_a_group_or_a_glob(pattern: str, code: str, fits: bool) -> None:  # noqa: FBT001 - a column
    """A group is what stands before a dot."""
    assert matches(pattern, code) is fits


def test_a_severity_shows_what_is_as_severe_or_more() -> None:
    """A segment by its findings, a connection by all of its own; codes beside it show what they fit."""
    step, summary = items()
    warned = step._replace(findings=(Finding("retransmission", Severity.WARN, Confidence.LIKELY, (1,), {}),))
    for code, shown in (("chat", True), ("warn", True), ("error", False)):
        assert Selection(codes=(code,)).step(warned) is shown
        assert Selection(codes=(code,)).step(step) is False
        assert Selection(codes=(code,)).summary(summary._replace(findings={"lost_segment": 1})) is shown
    assert Selection(codes=("error", "handshake")).step(step)


def test_a_pattern_that_fits_nothing_names_its_neighbours() -> None:
    """The nearest codes come with the error."""
    check(["refused", "handshake", "warn"], ("verdict", "step", "severity"))
    with pytest.raises(UnknownPatternError) as caught:
        check(["refusd"], ("verdict",))
    assert caught.value.nearest[0] == "refused"


@pytest.mark.parametrize(
    ("selection", "shown"),
    [
        (Selection(), True),
        (Selection(conns=frozenset({1})), True),
        (Selection(conns=frozenset({2})), False),
        (Selection(hosts=frozenset({"10.0.0.2"})), True),
        (Selection(hosts=frozenset({"10.0.0"})), False),
        (Selection(ports=frozenset({"80"})), True),
        (Selection(ports=frozenset({"8"})), False),
        (Selection(codes=("handshake",)), True),
        (Selection(codes=("data",)), False),
        (Selection(conns=frozenset({1}), ports=frozenset({"81"})), False),
    ],
)
def test_a_segment_is_shown_when_every_part_lets_it(selection: Selection, shown: bool) -> None:  # noqa: FBT001 - a column
    """Hosts and ports are whole, and either end may have them."""
    assert selection.step(items()[0]) is shown


def test_a_connection_is_selected_by_its_verdict() -> None:
    """Codes of verdicts and findings count for connections."""
    summary = items()[1]
    assert Selection(codes=("refused",)).summary(summary)
    assert not Selection(codes=("complete",)).summary(summary)


def test_everything_is_shown_only_without_a_selection() -> None:
    """Lines without a segment belong to no selection."""
    assert Selection().everything
    assert not Selection(conns=frozenset({1})).everything


@pytest.mark.parametrize(
    ("patterns", "met"),
    [
        (["refused"], True),
        (["complete"], False),
        (["note"], True),
        (["warn"], True),
        (["error"], False),
        (["checksum_bad"], False),
        (["syn_*"], True),
        ([], False),
    ],
)
def test_the_alarm_goes_off_for_findings_and_verdicts(patterns: list[str], met: bool) -> None:  # noqa: FBT001 - a column
    """A severity is met by itself and by anything worse."""
    step, summary = items()
    finding = Finding("syn_flood", Severity.WARN, Confidence.LIKELY, (1,), {})
    alarm = Alarm(patterns)
    alarm.step(step._replace(findings=(finding,)))
    alarm.summary(summary)
    assert alarm.met is met


def checked(*right: str) -> list[str]:
    """Return an opening log with the checksums that `-v` shows, from one sender."""
    return [
        line
        for number, word in enumerate(right)
        for line in (
            f"10:00:0{number}.000000 IP (tos 0x0, ttl 64, id 7, offset 0, flags [DF], proto TCP (6), length 50)",
            f"    10.0.0.1.5 > 10.0.0.2.80: Flags [P.], cksum 0xfe28 ({word}), seq {number}:{number + 1}, ack 1, win 9, length 1",
        )
    ]


@pytest.mark.parametrize(
    ("log", "met"),
    [
        (checked("incorrect -> 0x0001", "incorrect -> 0x0002"), False),
        (checked("correct", "correct", "incorrect -> 0x0001"), True),
        (checked("incorrect -> 0x0001", *["correct"] * 4, "incorrect -> 0x0001"), True),
    ],
    ids=["offloaded", "computed", "seen to be computed later"],
)
def test_a_finding_is_as_severe_as_it_is_there(log: list[str], *, met: bool) -> None:
    """bad_checksum is a note, but chat where the network card computes checksums (R8); its connection counts both."""
    alarm, shown, connections = Alarm(["note"]), Selection(codes=("note",)), 0
    for item in explain(log):
        if isinstance(item, Step):
            bad = tuple(one for one in item.findings if one.code == "bad_checksum")
            alarm.step(item._replace(findings=bad))
        elif isinstance(item, Summary):
            connections += 1
            summary = item._replace(findings={"bad_checksum": item.findings["bad_checksum"]})
            assert shown.summary(summary) is met
            only = Alarm(["note"])
            only.summary(summary)
            assert only.met is met
            alarm.summary(summary)
            assert alarm.met is met
            alarm.summary(summary._replace(findings={"unacked_data": 1}))  # of no segment
    assert alarm.met
    assert connections == 1
