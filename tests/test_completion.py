"""What Tab offers: commands, codes, connections, hosts and lines, as values."""

from __future__ import annotations

import pytest
from conftest import PACKAGE

from tdparse.completion import Known, candidates, takes_file
from tdparse.dialogue import COMMANDS, Dialogue

OFFER = Known(
    ("clear", "connections", "help", "quit", "why"), ("1", "2", "12"), ("10.0.0.1", "web.example.com"), ("7", "4")
)


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ("", ["clear", "connections", "help", "quit", "why"]),
        ("c", ["clear", "connections"]),
        ("CO", ["connections"]),
        ("x", []),
        ("12:00:00.000001 IP 10.0.0.1.5 > 10.", []),
        ("connections ", ["1", "2", "12", "10.0.0.1", "web.example.com"]),
        ("connections 10", ["10.0.0.1"]),
        ("connections 1 w", ["web.example.com"]),
        ("show 1", ["1", "12", "10.0.0.1"]),
        ("ladder W", ["web.example.com"]),
        ("verdicts 2", ["2"]),
        ("tree ", ["7", "4"]),
        ("lang ", ["en", "zh"]),
        ("numbers a", ["absolute"]),
        ("help q", ["quit"]),
        ("why handshake.syn_ack.r", ["handshake.syn_ack.retransmit"]),
        ("why retransmissio", ["retransmission"]),
        ("why 7", ["7"]),
        ("quit ", []),
    ],
)
def test_the_last_word_is_completed(before: str, words: list[str]) -> None:
    """By what its place asks for, in the order in which it is offered; letter case does not matter."""
    assert candidates(before, OFFER) == words


@pytest.mark.parametrize(
    ("before", "wanted"), [("load ", True), ("save /tmp/x", True), ("load", False), ("why load", False), ("", False)]
)
def test_files_are_completed_where_one_is_named(before: str, wanted: bool) -> None:  # noqa: FBT001 - a table's column
    """Behind load and save alone."""
    assert takes_file(before) is wanted


def test_what_has_been_pasted_is_offered() -> None:
    """Connections, both hosts once, and the lines of segments and of what could not be read, the latest first."""
    dialogue = Dialogue("en")
    dialogue.answer("# a remark\n" + (PACKAGE / "demo" / "refused.log").read_text())
    dialogue.answer("10:00:00.0 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq x, win 9, length 0")
    known = dialogue.known()
    assert known == Known(tuple(sorted(COMMANDS)), ("1",), ("127.0.0.1",), ("4", "3", "2"))
