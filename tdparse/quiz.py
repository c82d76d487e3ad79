"""
Practice: a log line by line, and a question about each that is worth one; the analysis knows the answers.

Three kinds of questions in turn: which step a line is, which state an endpoint is in after it, which
acknowledgment number will confirm it. Text in, text out; no terminal is touched here.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from tdparse import catalog, wording
from tdparse.escapes import safe
from tdparse.model import Certainty, State
from tdparse.seqnum import MASK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tdparse.model import Lang, Role, Side, Standing, Step

CHOICES: Final = 4  # steps to choose from
TURN: Final = 7  # by how many places they are turned from line to line
_SURE: Final = frozenset({Certainty.OBSERVED, Certainty.DEDUCED})
_IN_BRACKETS: Final = re.compile(r"[(（]([^)）]+)[)）]")


class Kind(StrEnum):
    """What is asked."""

    STEP = "step"
    STATE = "state"
    ACK = "ack"


class Question(NamedTuple):
    """What is asked of one line, and every answer that counts."""

    kind: Kind
    step: Step
    right: tuple[str, ...]  # the first is the one that is shown
    choices: tuple[str, ...] = ()  # codes of steps, for kind STEP
    role: Role | None = None  # whose state, for kind STATE


class Score(NamedTuple):
    """How it went."""

    right: int = 0
    asked: int = 0


# ------------------------------------------------------------------ what is asked


def questions(steps: Sequence[Step]) -> Iterator[Question | Step]:
    """Yield each segment of a log, as a question where it is worth one; kinds take turns as far as they fit."""
    turn = 0
    kinds = tuple(Kind)
    for step in steps:
        for offset in range(len(kinds)):
            question = _question(kinds[(turn + offset) % len(kinds)], step)
            if question is not None:
                turn = (turn + offset + 1) % len(kinds)
                yield question
                break
        else:
            yield step


def _question(kind: Kind, step: Step) -> Question | None:
    if kind is Kind.STEP:
        code = wording.told_as(step)
        if code.startswith("stepless."):
            return None
        choices = _choices(code, step.segment.line)
        return Question(kind, step, (str(choices.index(code) + 1), code), choices)
    return _state_question(step) if kind is Kind.STATE else _ack_question(step)


def _choices(code: str, line: int) -> tuple[str, ...]:
    """Return steps to choose from: the right one and those that stand nearest to it; its place changes with the line."""
    codes = [other for other in catalog.codes("step") if not other.startswith(("stepless.", "timer."))]
    place = codes.index(code)
    start = min(max(place - CHOICES // 2, 0), len(codes) - CHOICES)
    chosen = codes[start : start + CHOICES]
    turn = line * TURN % CHOICES
    return (*chosen[turn:], *chosen[:turn])


def _state_question(step: Step) -> Question | None:
    """Ask for a state that is known and was not, or was another one, before: of the sender first."""
    sides: tuple[tuple[Role, Side], ...] = (("client", step.client), ("server", step.server))
    for role, side in sorted(sides, key=lambda pair: pair[0] != step.sender):
        before, after = side
        news = after.state is not before.state or before.certainty not in _SURE
        if not news or after.certainty not in _SURE or after.state is State.UNKNOWN:
            continue
        return Question(Kind.STATE, step, _names(after), role=role)
    return None


def _names(standing: Standing) -> tuple[str, ...]:
    """Return the states that an endpoint may be in, as they are shown."""
    return tuple(str(state).replace("_", "-") for state in (standing.state, *standing.alternatives))


def _ack_question(step: Step) -> Question | None:
    """Ask what will confirm a segment that takes sequence numbers: the number behind its last one."""
    flags, segment = step.segment.flags or "", step.segment
    taken = (segment.length or 0) + ("S" in flags) + ("F" in flags)
    if not taken or "R" in flags or not step.seq_printed or step.rel_seq is None:
        return None
    numbers = [str(step.rel_seq + taken)]
    if step.seq is not None:
        numbers.append(str((step.seq + taken) & MASK))
    if step.numbers != "relative":
        numbers.reverse()
    return Question(Kind.ACK, step, tuple(dict.fromkeys(numbers)))


# ------------------------------------------------------------------ in words


def asked(question: Question, lang: Lang) -> list[str]:
    """Return the question as lines."""
    step = question.step
    if question.kind is Kind.STEP:
        right = question.right[-1]
        titles = (
            wording.title(step, lang) if code == right else catalog.sentence("step", code, lang, "title")
            for code in question.choices
        )
        return [
            catalog.sentence("quiz", "which_step", lang),
            *(f"  {number}) {title}" for number, title in enumerate(titles, 1)),
        ]
    if question.role is not None:
        before, after = step.client if question.role == "client" else step.server
        told = before.certainty in _SURE and before.state is not State.UNKNOWN  # nobody was where it is only presumed
        giving_away = after.state in {before.state, *before.alternatives}
        state = catalog.sentence("ui", "or", lang).join(_names(before))
        values = {"role": catalog.sentence("role", question.role, lang), "state": state}
        return [_filled("which_state_now" if told and not giving_away else "which_state", lang, **values)]
    receiver = catalog.sentence("role", wording.other(step.sender), lang)
    return [_filled("which_ack", lang, role=receiver)]


def is_right(question: Question, answer: str) -> bool:
    """
    Return whether an answer counts: letter case, joints and signs do not matter.

    A step's name does as well as its number, and so does what stands in brackets in it, unless another choice has that,
    too: ``SYN``. An answer may be wrapped in a word or a sign: ``ack=185``, ``2)``.
    """
    given = catalog.folded(answer)
    if question.kind is Kind.ACK:
        numbers = re.findall(r"\d+", given.replace(",", ""))
        return len(numbers) == 1 and numbers[0] in question.right
    if question.kind is Kind.STEP:
        names = {code: _step_names(code) for code in question.choices}
        told = question.right[-1]
        others = (called for code, called in names.items() if code != told)
        shown = (wording.title(question.step, lang) for lang in catalog.LANGUAGES)
        right = names[told].difference(*others) | {_bare(text) for text in (*question.right, *shown)}
        return _bare(answer) in right
    right = {catalog.folded(text) for text in question.right}
    return given in right or given.rstrip(".)。）") in right


def _step_names(code: str) -> set[str]:
    """Return what a step may be called: its title in each language, or what stands in brackets in it, without signs."""
    titles = [catalog.sentence("step", code, lang, "title") for lang in catalog.LANGUAGES]
    return {_bare(text) for title in titles for text in (title, *_IN_BRACKETS.findall(title))}


def _bare(text: str) -> str:
    """Return the letters and digits of a text; those of another width or case are the same."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).casefold())


def reply(question: Question, answer: str, lang: Lang) -> list[str]:
    """Return whether it was right, what is, and why."""
    shown = question.right[0]
    if question.kind is Kind.STEP:
        shown = f"{shown}) {wording.title(question.step, lang)}"
    elif question.kind is Kind.ACK and len(question.right) > 1:
        shown = _filled("or_ack", lang, number=shown, other=question.right[1])
    elif question.kind is Kind.STATE:
        shown = catalog.sentence("ui", "or", lang).join(question.right)
    verdict = "right" if is_right(question, answer) else "wrong" if answer.strip() else "passed"
    lines = [_filled(verdict, lang, answer=shown)]
    if question.kind is Kind.ACK:
        lines.append(_counting(question.step, lang))
    return [*lines, safe(wording.text(question.step, lang))]


def _counting(step: Step, lang: Lang) -> str:
    """Return why an acknowledgment number is what it is: SYN, FIN and each octet take one."""
    flags = step.segment.flags or ""
    parts = [str(step.rel_seq)]
    if step.segment.length:
        parts.append(_filled("octets", lang, n=step.segment.length))
    parts += [f"1 ({name})" for name, letter in (("SYN", "S"), ("FIN", "F")) if letter in flags]
    return _filled("counting", lang, sum=" + ".join(parts))


def so_far(score: Score, lang: Lang) -> str:
    """Return the score in a few signs."""
    return _filled("so_far", lang, right=score.right, asked=score.asked)


def final(score: Score, lang: Lang) -> str:
    """Return the score as a sentence."""
    return _filled("score", lang, right=score.right, asked=score.asked)


def _filled(code: str, lang: Lang, **values: object) -> str:
    return catalog.fill(catalog.sentence("quiz", code, lang), values)
