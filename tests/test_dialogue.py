"""What the prompt answers, as values: commands, pasted lines, and the trace between them."""

from __future__ import annotations

import pytest
from conftest import ROOT

from tdparse.dialogue import COMMANDS, Dialogue

LOG = (ROOT / "tdparse" / "demo" / "http.log").read_text()


def test_a_single_line_is_explained_without_a_verdict() -> None:
    """The connection is not over, so nothing is judged."""
    answer = Dialogue("en").answer(LOG.splitlines()[0])
    assert answer is not None
    assert "step 1 (SYN)" in answer
    assert "Verdict" not in answer


def test_the_line_that_ends_a_connection_brings_its_verdict() -> None:
    """Typed line by line, the verdict comes once, when both ends are closed."""
    dialogue = Dialogue("en")
    answers = [dialogue.answer(line) or "" for line in LOG.splitlines()]
    assert ["Verdict" in answer for answer in answers] == [False] * 12 + [True]


def test_a_paste_is_judged_for_what_it_touches() -> None:
    """A later paste about another connection does not repeat the first verdict."""
    dialogue = Dialogue("en")
    assert (dialogue.answer(LOG) or "").count("Verdict") == 1
    other = LOG.replace(".50826", ".50827")
    answer = dialogue.answer(other) or ""
    assert "Connection #2" in answer
    assert "Connection #1" not in answer


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_help_or_a_second_name(command: str) -> None:
    """Help leaves out nothing but the short form of itself and the other word for quit."""
    text = Dialogue("en").answer("help") or ""
    assert command in text or command in {"?", "exit"}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("HELP", "connections   one row a connection"),
        ("lang fr", "lang en, or lang zh"),
        ("lang zh", "粘贴"),
        ("connections", "Nothing has been pasted yet."),
        ("verdicts", "Nothing has been pasted yet."),
        ("clear", "Trace forgotten."),
        ("what is this", "Not a TCP segment of tcpdump"),
    ],
)
def test_commands_answer_in_words(asked: str, said: str) -> None:
    """Each on an empty trace."""
    assert said in (Dialogue("en").answer(asked) or "")


def test_quit_is_the_only_answer_that_is_none() -> None:
    """An empty line is an empty answer."""
    assert Dialogue("en").answer("quit") is None
    assert Dialogue("en").answer("") == ""
    assert Dialogue("en").answer("\n") == ""


def test_a_line_that_cannot_be_read_is_pointed_at() -> None:
    """The same caret as in the view."""
    answer = Dialogue("en").answer("10:00:00.0 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq x, win 9, length 0") or ""
    assert "^\n" in answer


def test_the_language_can_change_between_pastes() -> None:
    """What comes later is in the new one."""
    dialogue = Dialogue("en")
    dialogue.answer("lang zh")
    assert "三次握手" in (dialogue.answer(LOG) or "")
    assert "结论" in (dialogue.answer("connections") or "")
