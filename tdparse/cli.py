"""Commands, options and exit codes: what was asked for is built from parts and run; nothing is decided about TCP here."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdparse.job import Job
    from tdparse.model import Lang
    from tdparse.render import Renderer
    from tdparse.selection import Selection

DEFAULT_COMMAND = "explain"
FAIL_SECTIONS = ("verdict", "finding", "severity")


class Format(StrEnum):
    """What the output is."""

    TEXT = "text"
    JSONL = "jsonl"


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


class NumberingOption(StrEnum):
    """What the log holds."""

    AUTO = "auto"
    ABSOLUTE = "absolute"
    RELATIVE = "relative"


class Color(StrEnum):
    """When to use colours."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class DefaultCommand(TyperGroup):
    """Takes a command line that names no command as one for `explain`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command's name in front unless it is there, or the group itself is asked for something."""
        own = {name for parameter in self.params for name in parameter.opts} | {"--help"}
        if not args or (args[0] not in self.commands and args[0] not in own):
            args = [DEFAULT_COMMAND, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=DefaultCommand,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: tcpdump -l -nn -S tcp | tdexplain",
)

Files = Annotated[
    list[str] | None,
    typer.Argument(metavar="[FILE]...", help="Logs; - or nothing is standard input.", show_default=False),
]
FormatOption = Annotated[Format, typer.Option("--format", "-f", help="What the output is.")]
OutputOption = Annotated[
    Path | None, typer.Option("--output", "-o", help="A file instead of standard output.", show_default=False)
]
LangOption = Annotated[
    Language | None,
    typer.Option(
        "--lang", "-l", help="Language of the sentences; else TDEXPLAIN_LANG, else the locale.", show_default=False
    ),
]
NumbersOption = Annotated[Numbers, typer.Option("--numbers", "-n", help="How sequence numbers are shown.")]
NumberingChoiceOption = Annotated[NumberingOption, typer.Option("--numbering", help="What numbers the log holds.")]
ConnOption = Annotated[
    list[int] | None, typer.Option("--conn", "-c", help="Show only this connection.", show_default=False)
]
HostOption = Annotated[list[str] | None, typer.Option("--host", help="Show only this host.", show_default=False)]
PortOption = Annotated[list[str] | None, typer.Option("--port", help="Show only this port.", show_default=False)]
OnlyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--only", metavar="CODE", help="Show only these steps, findings or verdicts (globs).", show_default=False
    ),
]
ColorOption = Annotated[Color, typer.Option("--color", help="When to use colours; NO_COLOR is honoured.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Verdicts only.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Also evidence, socket calls, RFC sections.")]
FailOnOption = Annotated[
    list[str] | None,
    typer.Option(
        "--fail-on",
        metavar="CODE",
        help="Exit 1 if this verdict, finding or severity is met (globs, comma-separated).",
        show_default=False,
    ),
]
StrictOption = Annotated[bool, typer.Option("--strict", help="Exit 1 if a segment line could not be read.")]
JobsOption = Annotated[
    int | None,
    typer.Option("--jobs", "-j", min=1, help="Processes; as many as cores if not given.", show_default=False),
]


def _version(asked: bool) -> None:  # noqa: FBT001 - typer calls it with the flag's value
    if asked:
        from importlib.metadata import version

        typer.echo(f"tdexplain {version('tdparse')}")
        raise typer.Exit


@app.callback()
def program(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """
    Explain tcpdump's text output for TCP: step, state of both endpoints, what is unusual, verdicts.

    `tdexplain [FILE]...` is short for `tdexplain explain [FILE]...`; its options: tdexplain explain --help
    """


@app.command(epilog="Example: tdexplain -l zh x.log.gz")
def explain(
    files: Files = None,
    format: FormatOption = Format.TEXT,  # noqa: A002 - the option's name
    output: OutputOption = None,
    lang: LangOption = None,
    numbers: NumbersOption = Numbers.RELATIVE,
    numbering: NumberingChoiceOption = NumberingOption.AUTO,
    conn: ConnOption = None,
    host: HostOption = None,
    port: PortOption = None,
    only: OnlyOption = None,
    color: ColorOption = Color.AUTO,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    fail_on: FailOnOption = None,
    strict: StrictOption = False,
) -> None:
    """Explain every segment in log order, then every connection (the default command)."""
    language = _language(lang)
    if not files and sys.stdin.isatty():
        _repl(language, numbers, numbering, color)
    names = files or ["-"]
    job = _job(language, fail_on, strict=strict)
    if format is Format.JSONL:
        from tdparse.render.jsonl import JsonLines

        renderer: Renderer = JsonLines(language, numbers=numbers.value, numbering=numbering.value)
    else:
        look = {"quiet": quiet, "verbose": verbose, "headings": len(names) > 1}
        renderer = _text(language, numbers, color, output, **look)
    selection = _selection(language, conn, host, port, only)
    raise typer.Exit(job.explain(names, renderer, selection, output=output, numbering=numbering.value))


@app.command(epilog="Example: tdexplain connections x.log")
def connections(
    files: Files = None,
    format: FormatOption = Format.TEXT,  # noqa: A002 - the option's name
    output: OutputOption = None,
    lang: LangOption = None,
    numbering: NumberingChoiceOption = NumberingOption.AUTO,
    conn: ConnOption = None,
    host: HostOption = None,
    port: PortOption = None,
    only: OnlyOption = None,
    fail_on: FailOnOption = None,
    strict: StrictOption = False,
) -> None:
    """Show one row a connection: peers, verdict, who closed, bytes, handshake time, what was remarkable."""
    language = _language(lang)
    names = files or ["-"]
    job = _job(language, fail_on, strict=strict)
    if format is Format.JSONL:
        from tdparse.render.jsonl import ConnectionLines

        renderer: Renderer = ConnectionLines(language, numbering=numbering.value)
    else:
        from tdparse.render.table import Table

        renderer = Table(language, headings=len(names) > 1)
    selection = _selection(language, conn, host, port, only)
    raise typer.Exit(job.explain(names, renderer, selection, output=output, numbering=numbering.value))


@app.command(epilog="Example: tdexplain annotate -o explained logs/ x.log.gz")
def annotate(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Logs and folders of logs.")],
    format: FormatOption = Format.TEXT,  # noqa: A002 - the option's name
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The folder for the copies.", show_default=False)
    ] = None,
    lang: LangOption = None,
    numbers: NumbersOption = Numbers.RELATIVE,
    numbering: NumberingChoiceOption = NumberingOption.AUTO,
    fail_on: FailOnOption = None,
    strict: StrictOption = False,
    jobs: JobsOption = None,
) -> None:
    """Write a copy of each log with comment lines under each record; without -o to standard output."""
    from tdparse import batch
    from tdparse.interrupt import Interrupt
    from tdparse.job import Exit
    from tdparse.selection import Selection
    from tdparse.unpack import UnreadableError

    language = _language(lang)
    patterns = _patterns(language, fail_on, FAIL_SECTIONS)
    job = _job(language, fail_on, strict=strict)
    style = batch.Style(format.value, language, numbers.value, numbering.value, tuple(patterns))
    found = list(batch.tasks(paths, output or Path(), style))
    for missing in found:
        if isinstance(missing, UnreadableError):
            job.trouble(missing.name, missing.code, missing.detail)
    todo = [task for task in found if isinstance(task, batch.Task)]
    if output is None:
        names = [task.name for task in todo]
        renderer = batch.renderer(style, on_screen=sys.stdout.isatty())
        raise typer.Exit(job.explain(names, renderer, Selection(), numbering=numbering.value, drop=batch.MARK))
    if clash := batch.collision(todo):
        job.complain(clash.name, "same_output" if clash.other else "onto_input", clash.other or "")
        raise typer.Exit(Exit.USAGE)
    with Interrupt() as interrupt:
        for outcome in batch.annotate_all(todo, style, jobs or _cores(), lambda: interrupt.requested):
            job.take(outcome.totals, met=outcome.met)
            if outcome.trouble:
                job.trouble(*outcome.trouble)
    job.report()
    raise typer.Exit(Exit.INTERRUPTED if interrupt.requested else job.code())


@app.command(epilog="Example: tdexplain why retransmission")
def why(
    codes: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CODE...",
            help="Steps, modifiers, anomalies, verdicts, states, flags, terms, rules (R112), transitions (T55).",
            show_default=False,
        ),
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List all codes, or those of a section or glob.")] = False,
    format: FormatOption = Format.TEXT,  # noqa: A002 - the option's name
    lang: LangOption = None,
    color: ColorOption = Color.AUTO,
) -> None:
    """Explain a code at length: what it means, when it holds, where it is defined, and a log that shows it."""
    from tdparse import why as pages
    from tdparse.job import PROGRAM, Exit
    from tdparse.output import standard_output

    language = _language(lang)
    places, unknown = pages.listed(codes or ()) if listed else pages.find(codes or ())
    if unknown or not places:
        for line in [pages.complaint(word, language) for word in unknown] or [pages.nothing(language)]:
            typer.echo(f"{PROGRAM}: {line}", err=True)
        raise typer.Exit(Exit.USAGE)
    if format is Format.JSONL:
        text = pages.records(places, language)
    else:
        columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        view = pages.Why(language, columns=columns, color=_colored(color, None))
        text = "\n".join(view.index(places) if listed else view.page(places)) + "\n"
    try:
        with standard_output() as file:
            file.write(text.encode())
    except BrokenPipeError:  # the reader has seen enough
        raise typer.Exit from None


@app.command(epilog="Example: tdexplain repl")
def repl(
    lang: LangOption = None,
    numbers: NumbersOption = Numbers.RELATIVE,
    numbering: NumberingChoiceOption = NumberingOption.AUTO,
    color: ColorOption = Color.AUTO,
) -> None:
    """Paste lines or whole logs and get them explained."""
    _repl(_language(lang), numbers, numbering, color)


@app.command(epilog="Example: tdexplain demo -l zh")
def demo(
    format: FormatOption = Format.TEXT,  # noqa: A002 - the option's name
    lang: LangOption = None,
    numbers: NumbersOption = Numbers.RELATIVE,
    color: ColorOption = Color.AUTO,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Explain two bundled logs of real connections: a web page fetched, and a connection refused."""
    from tdparse.selection import Selection

    language = _language(lang)
    logs = Path(__file__).with_name("demo")
    if format is Format.JSONL:
        from tdparse.render.jsonl import JsonLines

        renderer: Renderer = JsonLines(language, numbers=numbers.value)
    else:
        renderer = _text(language, numbers, color, None, quiet=quiet, verbose=verbose, headings=True)
    names = [str(logs / "http.log"), str(logs / "refused.log")]
    raise typer.Exit(_job(language, None, strict=False).explain(names, renderer, Selection()))


# ------------------------------------------------------------------ from options to a run


def _language(chosen: Language | None) -> Lang:
    """Return the language: as asked for, as TDEXPLAIN_LANG says, by the locale, else English."""
    if chosen is not None:
        return chosen.value
    for name in ("TDEXPLAIN_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


def _cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _colored(color: Color, output: Path | None) -> bool:
    if color is Color.AUTO:
        return (
            output is None
            and sys.stdout.isatty()
            and not os.environ.get("NO_COLOR")
            and os.environ.get("TERM") != "dumb"
        )
    return color is Color.ALWAYS


def _job(lang: Lang, fail_on: Sequence[str] | None, *, strict: bool) -> Job:
    from tdparse.job import Job

    return Job(lang, fail_on=_patterns(lang, fail_on, FAIL_SECTIONS), strict=strict)


def _text(lang: Lang, numbers: Numbers, color: Color, output: Path | None, **look: bool) -> Renderer:
    from tdparse.render.text import Text

    columns = shutil.get_terminal_size().columns if output is None and sys.stdout.isatty() else None
    return Text(lang, numbers=numbers.value, color=_colored(color, output), columns=columns, **look)


def _repl(lang: Lang, numbers: Numbers, numbering: NumberingOption, color: Color) -> NoReturn:
    from tdparse.repl import Repl

    raise typer.Exit(Repl(lang, numbers.value, numbering.value, color=_colored(color, None)).run())


def _selection(
    lang: Lang,
    conn: Sequence[int] | None = None,
    host: Sequence[str] | None = None,
    port: Sequence[str] | None = None,
    only: Sequence[str] | None = None,
) -> Selection:
    from tdparse.selection import Selection

    codes = _patterns(lang, only, ("step", "modifier", "finding", "verdict"))
    return Selection(frozenset(conn or ()), frozenset(host or ()), frozenset(port or ()), tuple(codes))


def _patterns(lang: Lang, given: Sequence[str] | None, sections: Sequence[str]) -> list[str]:
    """Return the codes asked for, one by one; a code that cannot exist is wrong usage."""
    from tdparse import catalog, selection
    from tdparse.job import PROGRAM, Exit

    patterns = [pattern.strip() for text in given or () for pattern in text.split(",") if pattern.strip()]
    try:
        selection.check(patterns, sections)
    except selection.UnknownPatternError as error:
        words = [catalog.fill(catalog.sentence("ui", "no_code", lang), {"pattern": error.pattern})]
        if error.nearest:
            nearest = ", ".join(error.nearest)
            words.append(catalog.fill(catalog.sentence("ui", "nearest", lang), {"codes": nearest}))
        typer.echo(f"{PROGRAM}: {'; '.join(words)}", err=True)
        raise typer.Exit(Exit.USAGE) from None
    return patterns


def main() -> None:
    """Run the program; Ctrl-C before or after the work itself ends it without a word."""
    signal.signal(signal.SIGINT, _interrupted)
    app()


def _interrupted(_signal: int, _frame: object) -> NoReturn:
    sys.exit(130)
