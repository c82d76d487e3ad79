"""The quiz at a terminal, or with its answers from a pipe: shows, asks, reads a line, replies, counts."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Final

from tdparse import catalog, quiz, wording
from tdparse.escapes import safe
from tdparse.model import Step
from tdparse.pipeline import Explainer
from tdparse.progress import Progress, size_of
from tdparse.read import opened
from tdparse.render.paint import BOLD, GREEN, RED, Brush
from tdparse.render.screen import broken
from tdparse.render.text import Text

if TYPE_CHECKING:
    from tdparse.model import Lang
    from tdparse.stream import NumberingChoice

PROMPT: Final = "? "
HELP: Final = frozenset({"help", "?"})
LEAVE: Final = frozenset({"quit", "exit", "q"})


def steps_of(name: str, lang: Lang, numbering: NumberingChoice = "auto") -> list[Step]:
    """Return the segments of a log, explained; how far that has come is told in `lang`. Raises UnreadableError."""
    explainer = Explainer(name, numbering=numbering)
    items = []
    lines, progress = 0, Progress(lang, [size_of(name)])
    try:
        with opened(name) as source:
            for block in source.blocks():
                for line in block:
                    items += explainer.feed(line.removesuffix("\r"))
                lines += len(block)
                progress.tick(source.consumed, lines)
    finally:
        progress.stop()
    items += explainer.finish()
    return [item for item in items if isinstance(item, Step)]


def ask(steps: list[Step], lang: Lang, *, columns: int | None = None, color: bool = False) -> int:
    """Ask about each segment until the log, the answers or the patience ends; return the exit code."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    score, code = quiz.Score(), 0
    view, brush = Text(lang, columns=columns, color=color), Brush(color=color)
    _show([catalog.sentence("quiz", "welcome", lang), ""], columns)
    try:
        for item in quiz.questions(steps):
            step = item.step if isinstance(item, quiz.Question) else item
            _show(view.opening(step, ""), columns)
            sys.stdout.write(view.originals(step.segment.text.split("\n")))
            if isinstance(item, Step):
                continue
            answer = _answer(item, lang, columns, brush)
            if not answer or answer.strip().lower() in LEAVE:
                break
            right, said = quiz.is_right(item, answer), quiz.reply(item, answer, lang)
            if answer.strip():
                score = quiz.Score(score.right + right, score.asked + 1)
                joint = wording.JOIN[lang]
                said[0] = brush(GREEN if right else RED, said[0]) + joint + quiz.so_far(score, lang)
            _show([*said, ""], columns)
    except KeyboardInterrupt:
        sys.stdout.write("\n")
        code = 130
    _show([brush(BOLD, quiz.final(score, lang))], columns)
    return code


def _answer(question: quiz.Question, lang: Lang, columns: int | None, brush: Brush) -> str:
    """Ask, and return what is answered; "" at the end of all answers."""
    first, *choices = quiz.asked(question, lang)
    while True:
        _show([brush(BOLD, first), *choices], columns)
        sys.stdout.write(PROMPT)
        sys.stdout.flush()
        answer = sys.stdin.readline()
        if not sys.stdin.isatty():
            sys.stdout.write(safe(answer.rstrip("\n")) + "\n")  # what a terminal would have shown
        if answer.strip().lower() not in HELP:
            return answer
        _show([catalog.sentence("quiz", "help", lang)], columns)


def _show(lines: list[str], columns: int | None) -> None:
    for line in lines:
        told = [line] if columns is None else broken(line, columns)
        sys.stdout.write("".join(f"{part}\n" for part in told))
