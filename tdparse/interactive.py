"""The commands that talk with somebody or something: the prompt, a live capture, the quiz."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from tdparse.arguments import (
    ColorOption,
    LangOption,
    NumberingChoiceOption,
    NumberingOption,
    NumbersOption,
    compact_view,
    job_of,
    ladder_view,
    only_one,
)
from tdparse.usual import Color, Language, Numbers, colored, language_of, terminal_columns, text_view

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tdparse.model import Lang
    from tdparse.read import Source

# tcpdump's own options pass through; ours are the long ones, and --help.
PASSING: dict[str, object] = {"ignore_unknown_options": True, "help_option_names": ["--help"]}


def repl(
    lang: LangOption = None,
    numbers: NumbersOption = Numbers.RELATIVE,
    numbering: NumberingChoiceOption = NumberingOption.AUTO,
    color: ColorOption = Color.AUTO,
) -> None:
    """Paste lines or whole logs and get them explained; ask about them: why, show, ladder, tree."""
    talk(language_of(lang), numbers, numbering, color)


def talk(lang: Lang, numbers: Numbers, numbering: NumberingOption, color: Color) -> NoReturn:
    """Start the prompt."""
    from tdparse.repl import Repl

    raise typer.Exit(Repl(lang, numbers.value, numbering.value, color=colored(color, None)).run())


def live(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TCPDUMP ARGS]...", help="Interface, filter: what tcpdump takes.", show_default=False),
    ] = None,
    lang: Annotated[
        Language | None, typer.Option("--lang", help="Language of the sentences.", show_default=False)
    ] = None,
    numbers: Annotated[Numbers, typer.Option("--numbers", help="How sequence numbers are shown.")] = Numbers.RELATIVE,
    color: ColorOption = Color.AUTO,
    quiet: Annotated[bool, typer.Option("--quiet", help="Verdicts only.")] = False,
    compact: Annotated[bool, typer.Option("--compact", help="One line a segment.")] = False,
    ladder: Annotated[bool, typer.Option("--ladder", help="As a ladder that grows.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Also evidence, socket calls, RFC sections.")] = False,
) -> None:
    """
    Run tcpdump and explain what it captures, as it comes; Ctrl-C ends both, with the verdicts.

    All but the options below goes to tcpdump, which is run with -l -nn -S (and --immediate-mode where it has that).
    """
    from tdparse.live import NAME, captured
    from tdparse.selection import Selection

    language = language_of(lang)

    def opener(_name: str, wait: Callable[[int], bool]) -> AbstractContextManager[Source]:
        return captured(arguments or (), wait)

    only_one(language, {"--ladder": ladder, "--compact": compact, "--quiet": quiet})
    if ladder or compact:
        view = ladder_view if ladder else compact_view
        renderer = view(language, numbers, color, None, verbose=verbose, headings=False)
    else:
        renderer = text_view(language, numbers, color, None, quiet=quiet, verbose=verbose)
    job = job_of(language, None, strict=False)
    raise typer.Exit(job.explain([NAME], renderer, Selection(), opener=opener))


def serve(
    port: Annotated[
        int, typer.Option("--port", "-p", min=0, max=65535, help="Where to listen; 0: any free port.")
    ] = 8484,
    limit: Annotated[
        int, typer.Option("--limit", metavar="MB", min=1, max=1000, help="The largest log that is taken.")
    ] = 32,
    lang: LangOption = None,
) -> None:
    """
    Show reports on a local page: paste a log or drop a file. Only this machine reaches it, and nothing leaves it.

    Needs the extra of that name: pip install 'tdparse[serve]'. Ctrl-C ends it.
    """
    from tdparse import catalog
    from tdparse.job import PROGRAM, Exit

    language = language_of(lang)
    job = job_of(language, None, strict=False)
    try:
        from tdparse import serving
    except ImportError as error:
        if error.name is None or error.name.partition(".")[0] not in {"anyio", "multipart", "starlette", "uvicorn"}:
            raise
        job.say(f"{PROGRAM}: {catalog.page('serve_missing').of(language)}")
        raise typer.Exit(Exit.FAILED) from None
    try:
        made = serving.bound(port)
    except OSError as error:
        job.trouble(f"{serving.HOST}:{port}", "system", (error.strerror or str(error)).lower())
        raise typer.Exit(Exit.FAILED) from None
    sentence = catalog.page("serve_running").of(language)
    serving.serve(language, made, limit=limit, ready=lambda url: job.say(catalog.fill(sentence, {"url": url})))
    raise typer.Exit(Exit.INTERRUPTED)


def quiz(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The log to practise on.")],
    lang: LangOption = None,
    numbering: NumberingChoiceOption = NumberingOption.AUTO,
    color: ColorOption = Color.AUTO,
) -> None:
    """Practise: the log line by line, with questions about step, state and ack; answers checked, explained, counted."""
    from tdparse.job import Exit
    from tdparse.practice import ask, steps_of
    from tdparse.unpack import UnreadableError

    language = language_of(lang)
    job = job_of(language, None, strict=False)
    try:
        steps = steps_of(file, language, numbering.value)
    except UnreadableError as error:
        job.complain(error.name, error.code, error.detail)
        raise typer.Exit(Exit.FAILED) from None
    if not steps:
        job.complain(file, "nothing")
        raise typer.Exit(Exit.NOTHING)
    columns = terminal_columns() if sys.stdout.isatty() else None
    raise typer.Exit(ask(steps, language, columns=columns, color=colored(color, None)))
