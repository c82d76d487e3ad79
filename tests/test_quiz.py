"""Practice: questions whose answers the analysis knows; answers from people, checked and counted."""

from __future__ import annotations

import os
from pathlib import Path

import pexpect
import pytest
from conftest import PACKAGE, ROOT, TDEXPLAIN, Program
from scenario import log

from tdparse import catalog, quiz
from tdparse.model import Certainty, Lang, Step
from tdparse.pipeline import explain
from tdparse.quiz import Kind, Question

HTTP = [item for item in explain((PACKAGE / "demo" / "http.log").read_text().splitlines()) if isinstance(item, Step)]
ASKED = [item for item in quiz.questions(HTTP) if isinstance(item, Question)]


def test_every_line_is_shown_and_each_kind_is_asked() -> None:
    """In log order, none left out; the three kinds take turns."""
    items = [item.step if isinstance(item, Question) else item for item in quiz.questions(HTTP)]
    assert items == HTTP
    assert [question.kind for question in ASKED[:4]] == [Kind.STEP, Kind.STATE, Kind.STEP, Kind.ACK]
    assert {question.kind for question in ASKED} == set(Kind)


def test_the_right_answers_are_those_of_the_analysis() -> None:
    """SYN: step 1 of the handshake; then SYN-RECEIVED; 83 bytes from 1 on are confirmed by 84."""
    first, second, _, fourth = ASKED[:4]
    assert first.choices[int(first.right[0]) - 1] == "handshake.syn"
    assert (second.right, second.role) == (("SYN-RECEIVED",), "server")
    assert fourth.right == ("3914577973", "84")


@pytest.mark.parametrize(
    ("told", "code", "title"),
    [
        ("C S 5", "handshake.syn", "Three-way handshake, step 1 (SYN)"),
        ("C S 5 <tfo cookie 0123456789abcdef>", "handshake.syn.tfo_data", "with Fast Open cookie and data"),
        (
            "C S\nS S. unseen\nC .\nS P. 9 unseen\nC .\nC F.",
            "teardown.fin.first_seen",
            "FIN, first seen (capture incomplete)",
        ),
    ],
    ids=["SYN with data", "Fast Open", "FIN behind a gap"],
)
def test_a_step_is_asked_for_by_what_is_told_of_it(told: str, code: str, title: str) -> None:
    """R27, R70: the right choice has the name that the explanation has, and is taken by it."""
    last = [item for item in explain(log(told)) if isinstance(item, Step)][-1]
    (question,) = quiz.questions([last])
    assert isinstance(question, Question)
    number, right = question.right
    assert right == code == question.choices[int(number) - 1]
    (line,) = [line for line in quiz.asked(question, "en") if line.startswith(f"  {number}) ")]
    assert title in line
    assert title in quiz.reply(question, number, "en")[0]
    assert quiz.is_right(question, line.partition(") ")[2])


def test_a_copy_that_the_path_has_kept_is_no_step_to_ask_for() -> None:
    """R17: it is told as an old duplicate, which is no step."""
    steps = [item for item in explain(log("C S\nS S.\nC .\nC P. 5\nS .\nS S. seq=0 ack=1")) if isinstance(item, Step)]
    assert steps[-1].step == "handshake.syn_ack.retransmit"
    asked = [item for item in quiz.questions(steps[-1:]) if isinstance(item, Question)]
    assert [question.kind for question in asked] != [Kind.STEP]


@pytest.mark.parametrize(
    ("number", "answer", "right"),
    [
        (0, ASKED[0].right[0], True),
        (0, f"{ASKED[0].right[0]})", True),
        (0, "handshake.syn", True),
        (0, "three-way handshake, step 1 (SYN)", True),
        (0, "三次握手第 1 步（SYN）", True),
        (0, "三次握手第1步(syn)", True),
        (0, "SYN", True),
        (0, "(syn).", True),
        (0, "SYN+ACK", False),
        (0, "three-way handshake", False),
        (0, "9", False),
        (0, "", False),
        (1, "syn received", True),
        (1, "SYN_RECEIVED", True),
        (1, "established", False),
        (3, "84", True),
        (3, "ack=84", True),
        (3, "3914577973", True),
        (3, "ack 3,914,577,973", True),
        (3, "83", False),
        (3, "84 or 85", False),
        (3, "x", False),
    ],
)
def test_answers_are_taken_as_people_write_them(number: int, answer: str, right: bool) -> None:  # noqa: FBT001 - a table's column
    """By number, code, name or what stands in its brackets; states with any joint; numbers relative or absolute; guesses do not count."""
    assert quiz.is_right(ASKED[number], answer) is right


@pytest.mark.parametrize("lang", catalog.LANGUAGES)
@pytest.mark.parametrize(
    "log", sorted((ROOT / "fixtures" / "captures").glob("*/*.log")), ids=lambda log: log.parent.name
)
def test_every_question_of_every_log_can_be_answered(log: Path, lang: str) -> None:
    """The shown answer counts, in both languages; no other choice does; the reply tells it."""
    steps = [item for item in explain(log.read_text().splitlines()) if isinstance(item, Step)]
    for question in quiz.questions(steps):
        if isinstance(question, Question):
            assert quiz.asked(question, lang)  # type: ignore[arg-type]
            assert all(quiz.is_right(question, answer) for answer in question.right)
            if question.kind is Kind.STEP:
                chosen = [quiz.is_right(question, str(number + 1)) for number in range(quiz.CHOICES)]
                assert chosen.count(True) == 1
                assert len(set(question.choices)) == quiz.CHOICES
            assert question.right[0] in quiz.reply(question, "?", lang)[0]  # type: ignore[arg-type]


def test_answers_from_a_pipe(program: Program, demo: Path) -> None:
    """Three right ones, one wrong, one passed over, then the end: the score counts four."""
    done = program("quiz", demo / "http.log", given=b"handshake.syn\nsyn-received\nhelp\n9\nack 84\n\n")
    assert done.code == 0
    assert done.out.count("Right: ") == 3
    assert done.out.count("No, it is ") == 1
    assert "(2 of 3)" in done.out
    assert done.out.rstrip().splitlines()[-1] == "Right answers: 3 of 4."


def test_a_line_is_shown_as_every_view_shows_it(program: Program, tmp_path: Path) -> None:
    """A form feed in it ends no line."""
    log = tmp_path / "x.log"
    line = "10:00:00.000000 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 1, win 9, length 4: HTTP: a{}b"
    log.write_text(line.format("\f") + "\n")
    assert line.format("\\x0c") in program("quiz", log).out.splitlines()


def test_a_whole_quiz_in_chinese(program: Program, demo: Path) -> None:
    """All right answers, until the log ends."""
    answers = "".join(f"{question.right[0]}\n" for question in ASKED)
    done = program("quiz", "-l", "zh", demo / "http.log", given=answers.encode())
    assert done.out.rstrip().splitlines()[-1] == f"答对 {len(ASKED)} 题，共 {len(ASKED)} 题。"
    for line in (demo / "http.log").read_text().splitlines():
        assert f"\n{line}\n" in done.out


@pytest.mark.parametrize(("content", "code"), [(None, 3), ("", 4), ("prose\n", 4)])
def test_a_log_without_a_segment_cannot_be_practised_on(
    program: Program, tmp_path: Path, content: str | None, code: int
) -> None:
    """One line on standard error."""
    log = tmp_path / "x.log"
    if content is not None:
        log.write_text(content)
    done = program("quiz", log)
    assert (done.code, done.out, done.err.count("\n")) == (code, "", 1)


def test_a_dumb_terminal_is_enough(demo: Path) -> None:
    """No escape sequence; quit ends with the score, Ctrl-C too."""
    for end, code in (("quit\n", 0), ("\x03", 130)):
        env = {**os.environ, "TERM": "dumb"}
        child = pexpect.spawn(
            TDEXPLAIN[0], [*TDEXPLAIN[1:], "quiz", str(demo / "http.log")], env=env, encoding="utf-8", timeout=20
        )
        child.expect_exact("\r\n? ")
        child.sendline("handshake.syn")
        child.expect_exact("Right: ")
        child.expect_exact("SYN-SENT)\r\n? ")
        child.send(end)
        child.expect_exact("Right answers: 1 of 1.")
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == code


def test_the_place_of_the_right_answer_tells_nothing() -> None:
    """Over a log it stands in every place."""
    log = ROOT / "fixtures" / "captures" / "loss" / "absolute.log"
    steps = [item for item in explain(log.read_text().splitlines()) if isinstance(item, Step)]
    asked = [item for item in quiz.questions(steps) if isinstance(item, Question) and item.kind is Kind.STEP]
    places = [question.right[0] for question in asked]
    assert set(places) == {"1", "2", "3", "4"}
    assert max(map(places.count, places)) <= len(places) // 2


def test_a_question_gives_no_state_away() -> None:
    """What a state was is told where it is known, and another one now, and nowhere else."""
    for question in ASKED:
        if question.kind is Kind.STATE and question.role is not None:
            before, after = question.step.client if question.role == "client" else question.step.server
            (said,) = quiz.asked(question, "en")
            assert not any(f"was {state}." in said for state in question.right)
            known = before.certainty in {Certainty.OBSERVED, Certainty.DEDUCED}
            assert said.startswith("The ") is (known and before.state is not after.state)


@pytest.mark.parametrize("lang", catalog.LANGUAGES)
def test_a_question_does_not_say_that_a_server_was_where_it_never_was(lang: Lang) -> None:
    """Who refuses a SYN has not been in SYN-RECEIVED; that was presumed until then."""
    lines = (PACKAGE / "demo" / "refused.log").read_text().splitlines()
    steps = [item for item in explain(lines) if isinstance(item, Step)]
    (question,) = [item for item in quiz.questions(steps) if isinstance(item, Question) and item.kind is Kind.STATE]
    assert question.right == ("CLOSED",)
    assert "SYN-RECEIVED" not in quiz.asked(question, lang)[0]
