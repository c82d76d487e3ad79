"""
The usual runs, `tdexplain FILE...`, `... | tdexplain` and `tdexplain report -o PAGE FILE...`, and what they share with the others.

Of the first two JSON lines may be asked for (`-f jsonl`). They start without the library that reads command lines, which takes
as long as everything else at start-up together.
"""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tdparse.model import Lang
    from tdparse.output import UnwritableError
    from tdparse.render import Renderer


class Language(StrEnum):
    """The language of sentences and labels."""

    EN = "en"
    ZH = "zh"


class Numbers(StrEnum):
    """How sequence numbers are shown."""

    RELATIVE = "relative"
    ABSOLUTE = "absolute"
    BOTH = "both"
    SYMBOLIC = "symbolic"


class Color(StrEnum):
    """When to use colours."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


def language_of(chosen: Language | None) -> Lang:
    """Return the language: as asked for, as TDEXPLAIN_LANG says, by the locale, else English."""
    if chosen is not None:
        return chosen.value
    for name in ("TDEXPLAIN_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


def colored(color: Color, output: Path | None) -> bool:
    """Return whether to use colours."""
    if color is Color.AUTO:
        return (
            output is None
            and sys.stdout.isatty()
            and not os.environ.get("NO_COLOR")
            and os.environ.get("TERM") != "dumb"
        )
    return color is Color.ALWAYS


def terminal_columns() -> int:
    """Return how wide the terminal is."""
    from shutil import get_terminal_size  # brings compression libraries

    return get_terminal_size().columns


def text_view(lang: Lang, numbers: Numbers, color: Color, output: Path | None, **look: bool) -> Renderer:
    """Return the view for people, as wide as the terminal when it goes to one."""
    from tdparse.render.text import Text

    columns = terminal_columns() if output is None and sys.stdout.isatty() else None
    return Text(lang, numbers=numbers.value, color=colored(color, output), columns=columns, **look)


def is_usual(words: Sequence[str]) -> bool:
    """
    Return whether a command line (without the program's name) names nothing but logs that are there, or nothing at all.

    What could be a command is left to who knows the commands; so is the shell that asks how a word could go on, and
    a terminal with no log, which gets a prompt.
    """
    if not words:
        return not sys.stdin.isatty() and "_TDEXPLAIN_COMPLETE" not in os.environ
    return not words[0].isalpha() and all(word == "-" or (word[:1] != "-" and os.path.exists(word)) for word in words)  # noqa: PTH110


def records(words: Sequence[str]) -> list[str] | None:
    """Return the logs whose records a command line asks for as JSON lines; None if it is not that, or asks for more."""
    for place, word in enumerate(words):
        if word in {"-f", "--format"} and words[place + 1 : place + 2] == ["jsonl"]:
            names = [*words[:place], *words[place + 2 :]]
            return names if is_usual(names) else None
    return None


def pages(words: Sequence[str]) -> tuple[list[str], Path | None] | None:
    """
    Return what a command line asks a report on, and where it goes; None if it is not that, or asks for more.

    A terminal takes no page: what is said then is left to who knows the commands.
    """
    if not words or words[0] != "report":
        return None
    names: list[str] = []
    output: str | None = None
    rest = iter(words[1:])
    for word in rest:
        if word in {"-o", "--output"} and output is None:
            output = next(rest, "")
        elif word == "-" or (word and word[0] != "-" and os.path.exists(word)):  # noqa: PTH110
            names.append(word)
        else:
            return None
    if output in {"", "-"} or (output is None and sys.stdout.isatty()):
        return None
    from pathlib import Path

    return names or ["-"], None if output is None else Path(output)


def report(names: Sequence[str], output: Path | None) -> int:
    """Write a report in the usual way; return the exit code."""
    from tdparse.job import Job
    from tdparse.render.report import Report
    from tdparse.selection import Selection

    lang = language_of(None)
    return Job(lang).explain(names, Report(lang), Selection(), output=output)


def explain(words: Sequence[str], *, as_records: bool = False) -> int:
    """Explain logs in the usual way; return the exit code."""
    from tdparse.job import Job
    from tdparse.selection import Selection

    lang = language_of(None)
    names = words or ["-"]
    if as_records:
        from tdparse import formats

        view = formats.segments("jsonl", lang)
    else:
        view = text_view(lang, Numbers.RELATIVE, Color.AUTO, None, headings=len(names) > 1)
    return Job(lang).explain(names, view, Selection())


def unwritable(error: UnwritableError) -> int:
    """Tell of an output that cannot be written; return the exit code."""
    from tdparse.job import Job

    job = Job(language_of(None))
    job.trouble(error.name, "unwritable", error.detail)
    return job.code()
