"""The quiz at a terminal, or with its answers from a pipe: shows, asks, reads a line, replies, counts."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Final

from tdparse import catalog, quiz
from tdparse.model import Step
from tdparse.pipeline import Explainer
from tdparse.read import opened
from tdparse.render.screen import broken, safe

if TYPE_CHECKING:
    from tdparse.model import Lang
    from tdparse.stream import NumberingChoice

PROMPT: Final = "? "
LEAVE: Final = frozenset({"quit", "exit", "q"})


def steps_of(name: str, numbering: NumberingChoice = "auto") -> list[Step]:
    """Return the segments of a log, explained; raises UnreadableError."""
    explainer = Explainer(name, numbering=numbering)
    items = []
    with opened(name) as source:
        for block in source.blocks():
            for line in block:
                items += explainer.feed(line.removesuffix("\r"))
    items += explainer.finish()
    return [item for item in items if isinstance(item, Step)]


def ask(steps: list[Step], lang: Lang, *, columns: int | None = None) -> int:
    """Ask about each segment until the log, the answers or the patience ends; return the exit code."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    score, code = quiz.Score(), 0
    talking = sys.stdin.isatty()
    _show([catalog.sentence("quiz", "welcome", lang)], columns)
    try:
        for item in quiz.questions(steps):
            step = item.step if isinstance(item, quiz.Question) else item
            _original(step)
            if isinstance(item, Step):
                continue
            _show(quiz.asked(item, lang), columns)
            sys.stdout.write(PROMPT)
            sys.stdout.flush()
            answer = sys.stdin.readline()
            if not talking:
                sys.stdout.write(safe(answer.rstrip("\n")) + "\n")  # what a terminal would have shown
            if not answer or answer.strip().lower() in LEAVE:
                break
            if answer.strip():
                score = quiz.Score(score.right + quiz.is_right(item, answer), score.asked + 1)
            _show([*quiz.reply(item, answer, lang), ""], columns)
    except KeyboardInterrupt:
        sys.stdout.write("\n")
        code = 130
    _show([quiz.final(score, lang)], columns)
    return code


def _original(step: Step) -> None:
    for line in step.segment.text.splitlines():
        sys.stdout.write(safe(line) + "\n")


def _show(lines: list[str], columns: int | None) -> None:
    for line in lines:
        told = [line] if columns is None else broken(line, columns)
        sys.stdout.write("".join(f"{part}\n" for part in told))
