"""Commands, options and exit codes: what was asked for is built from parts and run; nothing is decided about TCP here."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from tdparse import interactive
from tdparse.arguments import (
    FAIL_SECTIONS,
    ColorOption,
    CompactOption,
    ComparisonFormat,
    CompressOption,
    ConnOption,
    CopyFormat,
    CopyFormatOption,
    DiagramFormat,
    DiagramFormatOption,
    ExcludeOption,
    FailOnOption,
    Files,
    FilesFromOption,
    FolderOption,
    FoldOption,
    ForceOption,
    Format,
    FormatOption,
    HostOption,
    IncludeOption,
    InPlaceOption,
    JobsOption,
    LadderOption,
    LangOption,
    LogJobsOption,
    MergeOption,
    NumberingChoiceOption,
    NumberingOption,
    Numberings,
    NumbersOption,
    OnlyConnectionsOption,
    OnlyOption,
    OutputOption,
    PortOption,
    QuietOption,
    ReportOption,
    Sort,
    SortOption,
    StrictOption,
    TableFormat,
    TableFormatOption,
    VerboseOption,
    codes_beginning_with,
    compact_view,
    comparison_view,
    cores,
    diagram_view,
    job_of,
    ladder_view,
    misused,
    no_command,
    only_one,
    patterns_of,
    program_view,
    selection_of,
    sorted_view,
    table_view,
)
from tdparse.usual import Color, Numbers, colored, language_of, terminal_columns, text_view

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tdparse.render import Renderer

DEFAULT_COMMAND = "explain"
HELP = "help"  # the word, which many type first
LIKENESS = 0.75  # of a word that was probably meant to be a command; 1 is the command itself


class DefaultCommand(TyperGroup):
    """Takes a command line that names no command as one for `explain`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command's name in front unless it is there, or the group itself is asked for something."""
        with _reader_may_leave():
            return super().parse_args(ctx, self._completed(ctx, args))

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with _reader_may_leave():
            return super().invoke(ctx)

    def _completed(self, ctx: Any, args: list[str]) -> list[str]:
        own = {name for parameter in self.params for name in parameter.opts} | {"--help", "-h"}
        if not args and ctx.resilient_parsing:  # the shell asks what can stand here: a command, too
            return args
        if args and args[0] == HELP and not os.path.exists(HELP):  # noqa: PTH110 - see below
            args = [*args[1:2], "--help"]
        if not args or (args[0] not in self.commands and args[0] not in own):
            # Unlike Path.exists it raises nothing for what may not be looked at, or has too long a name.
            there = bool(args) and os.path.exists(args[0])  # noqa: PTH110
            if args and not there and (near := get_close_matches(args[0], self.commands, 1, LIKENESS)):
                ctx.fail(f"No such file or command: {args[0]}; did you mean {near[0]}?")
            args = [DEFAULT_COMMAND, *args]
        return args

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Offer the options of the default command beside commands and our own options."""
        found = super().shell_complete(ctx, incomplete)
        command = self.commands[DEFAULT_COMMAND]
        with command.make_context(DEFAULT_COMMAND, [], parent=ctx, resilient_parsing=True) as inner:
            return found + command.shell_complete(inner, incomplete)


@contextmanager
def _reader_may_leave() -> Iterator[None]:
    """End quietly when the reader of a pipe has gone (``| head``), which the library of command lines calls a failure."""
    try:
        yield
    except BrokenPipeError:
        from tdparse.output import give_up

        give_up()
        raise typer.Exit from None


app = typer.Typer(
    cls=DefaultCommand,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: tcpdump -l -nn -S tcp | tdexplain",
)


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

    \b
    sudo tcpdump -l -nn -S tcp | tdexplain   in a pipe, as it comes
    sudo tdexplain live -i any tcp           the same, tcpdump started for you
    tdexplain                                a prompt to paste lines or logs at
    tdexplain x.log                          a saved log
    tdexplain annotate -o copies logs/       many of them, as annotated copies

    `tdexplain [FILE]...` is short for `tdexplain explain [FILE]...`; its options: tdexplain explain --help
    """  # noqa: D301 - the backspace is how help texts keep their lines


@app.command(
    epilog="Example: tdexplain -l zh x.log.gz", short_help="Explain every segment, then every connection (the default)."
)
def explain(
    files: Files = None,
    format: TableFormatOption = TableFormat.TEXT,  # noqa: A002 - the option's name
    output: OutputOption = None,
    lang: LangOption = None,
    numbers: NumbersOption = Numbers.RELATIVE,
    numbering: NumberingChoiceOption = NumberingOption.AUTO,
    conn: ConnOption = None,
    host: HostOption = None,
    port: PortOption = None,
    only: OnlyOption = None,
    color: ColorOption = Color.AUTO,
    ladder: LadderOption = False,
    compact: CompactOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    merge: MergeOption = False,
    fail_on: FailOnOption = None,
    strict: StrictOption = False,
    jobs: LogJobsOption = 1,
) -> None:
    """Explain every segment in log order, then every connection (the default command)."""
    language = language_of(lang)
    if not files and sys.stdin.isatty():
        interactive.talk(language, numbers, numbering, color)
    no_command(
        language,
        files or (),
        [made.name or made.callback.__name__ for made in app.registered_commands if made.callback],
    )
    only_one(
        language,
        {"--ladder": ladder, "--compact": compact, "-q": quiet, f"-f {format}": format is not TableFormat.TEXT},
    )
    names = files or ["-"]
    job = job_of(language, fail_on, strict=strict)
    look = {"verbose": verbose, "headings": len(names) > 1 and not merge}
    if format is not TableFormat.TEXT:
        from tdparse import formats

        chosen: dict[str, Any] = {"numbers": numbers.value, "numbering": numbering.value}
        renderer = program_view(job, format.value, output, lambda: formats.segments(format.value, language, **chosen))
    elif ladder or compact:
        renderer = (ladder_view if ladder else compact_view)(language, numbers, color, output, **look)
    else:
        look["quiet"] = quiet
        renderer = text_view(language, numbers, color, output, **look)
    selection = selection_of(language, conn, host, port, only)
    raise typer.Exit(
        job.explain(names, renderer, selection, output=output, numbering=numbering.value, merge=merge, jobs=jobs)
    )


@app.command(
    epilog="Example: tdexplain diagram -f svg -o x.svg -c 1 x.log",
    short_help="Draw each connection as a ladder: terminal, Mermaid, SVG.",
)
def diagram(
    files: Files = None,
    format: DiagramFormatOption = DiagramFormat.TEXT,  # noqa: A002 - the option's name
    output: OutputOption = None,
    lang: LangOption = None,
    numbers: NumbersOption = Numbers.RELATIVE,
    numbering: NumberingChoiceOption = NumberingOption.AUTO,
    fold: FoldOption = 6,
    conn: ConnOption = None,
    host: HostOption = None,
    port: PortOption = None,
    color: ColorOption = Color.AUTO,
    fail_on: FailOnOption = None,
    strict: StrictOption = False,
) -> None:
    """
    Draw each connection as a ladder when it is over: arrows between two lifelines, states along the sides.

    What is ordinary folds, so that a long log stays readable. A ladder that grows line by line: tdexplain --ladder
    """
    language = language_of(lang)
    names = files or ["-"]
    job = job_of(language, fail_on, strict=strict)
    renderer = diagram_view(language, numbers, color, output, form=format, fold=fold, headings=len(names) > 1)
    selection = selection_of(language, conn, host, port)
    raise typer.Exit(job.explain(names, renderer, selection, output=output, numbering=numbering.value))


@app.command(
    epilog="Example: tdexplain report -o report.html x.log",
    short_help="Write one HTML page that explains a log by itself.",
)
def report(
    files: Files = None,
    output: OutputOption = None,
    lang: LangOption = None,
    numbers: NumbersOption = Numbers.RELATIVE,
    numbering: NumberingChoiceOption = NumberingOption.AUTO,
    conn: ConnOption = None,
    host: HostOption = None,
    port: PortOption = None,
    merge: MergeOption = False,
    fail_on: FailOnOption = None,
    strict: StrictOption = False,
) -> None:
    """
    Write one page that explains a log by itself: verdicts, findings, ladders, plots, state diagrams, every line.

    It needs nothing but a browser and no network; both languages are in it. Of a very long log the worst connections
    are told in detail; --conn tells others.
    """
    from tdparse import formats

    language = language_of(lang)
    job = job_of(language, fail_on, strict=strict)
    chosen: dict[str, Any] = {"numbers": numbers.value, "numbering": numbering.value}
    renderer = program_view(job, formats.PAGE, output, lambda: formats.segments(formats.PAGE, language, **chosen))
    selection = selection_of(language, conn, host, port)
    names = files or ["-"]
    raise typer.Exit(job.explain(names, renderer, selection, output=output, numbering=numbering.value, merge=merge))


@app.command(
    epilog="Example: tdexplain connections --sort bytes --port 443 x.log",
    short_help="Show one row a connection: peers, verdict, bytes, oddities.",
)
def connections(
    files: Files = None,
    format: TableFormatOption = TableFormat.TEXT,  # noqa: A002 - the option's name
    output: OutputOption = None,
    lang: LangOption = None,
    numbering: NumberingChoiceOption = NumberingOption.AUTO,
    conn: ConnOption = None,
    host: HostOption = None,
    port: PortOption = None,
    only: OnlyConnectionsOption = None,
    merge: MergeOption = False,
    fail_on: FailOnOption = None,
    strict: StrictOption = False,
    sort: SortOption = Sort.CONN,
    color: ColorOption = Color.AUTO,
    jobs: LogJobsOption = 1,
) -> None:
    """Show one row a connection: peers, verdict, who closed, bytes, handshake time, what was remarkable."""
    language = language_of(lang)
    names = files or ["-"]
    sorted_view(language, format, sort)
    job = job_of(language, fail_on, strict=strict)
    if format is not TableFormat.TEXT:
        from tdparse import formats

        look: dict[str, Any] = {
            "numbering": numbering.value,
            "headings": len(names) > 1 and not merge,
            "sort": sort.value,
        }
        renderer = program_view(job, format.value, output, lambda: formats.connections(format.value, language, **look))
    else:
        renderer = table_view(language, color, output, sort, headings=len(names) > 1 and not merge)
    selection = selection_of(language, conn, host, port, only, ("finding", "verdict", "severity"))
    raise typer.Exit(
        job.explain(names, renderer, selection, output=output, numbering=numbering.value, merge=merge, jobs=jobs)
    )


@app.command(
    epilog="Example: tdexplain annotate -o explained logs/ x.log.gz",
    short_help="Write copies of logs with comment lines under each record.",
)
def annotate(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATH]...", help="Logs, folders of logs, globs.", show_default=False),
    ] = None,
    format: CopyFormatOption = CopyFormat.TEXT,  # noqa: A002 - the option's name
    output: FolderOption = None,
    in_place: InPlaceOption = False,
    include: IncludeOption = None,
    exclude: ExcludeOption = None,
    files_from: FilesFromOption = None,
    merge: MergeOption = False,
    compress: CompressOption = None,
    force: ForceOption = False,
    report: ReportOption = None,
    lang: LangOption = None,
    numbers: NumbersOption = Numbers.RELATIVE,
    numbering: NumberingChoiceOption = NumberingOption.AUTO,
    fail_on: FailOnOption = None,
    strict: StrictOption = False,
    jobs: JobsOption = None,
) -> None:
    """
    Write a copy of each log with comment lines under each record; without -o to standard output.

    A run that was interrupted goes on where it ended when it is started again.
    """
    from tdparse import annotating
    from tdparse.batch import Style
    from tdparse.discover import Plan

    language = language_of(lang)
    patterns = patterns_of(language, fail_on, FAIL_SECTIONS)
    job = job_of(language, fail_on, strict=strict)
    filters = tuple(include or ()), tuple(exclude or ())
    packing = compress.value if compress else None
    plan = Plan(output or Path(), format.value, packing, *filters, in_place=in_place)
    style = Style(format.value, language, numbers.value, numbering.value, tuple(patterns))
    request = annotating.Request(paths or [], files_from, plan, style, jobs or cores(), force, report, merge)
    if wrong := request.wrong(folder=output is not None):
        raise typer.BadParameter(wrong)
    raise typer.Exit(annotating.run(job, request, folder=output is not None))


@app.command(
    epilog="Example: tdexplain compare client.log server.log",
    short_help="Lay two logs beside each other: what was lost between.",
)
def compare(
    client: Annotated[str, typer.Argument(metavar="CLIENT.log", help="The log of one point.", show_default=False)],
    server: Annotated[str, typer.Argument(metavar="SERVER.log", help="The log of the other.", show_default=False)],
    format: Annotated[  # noqa: A002 - the option's name
        ComparisonFormat, typer.Option("--format", "-f", help="What the output is; html is a page of its own.")
    ] = ComparisonFormat.TEXT,
    output: OutputOption = None,
    lang: LangOption = None,
    numbering: NumberingChoiceOption = NumberingOption.AUTO,
    color: ColorOption = Color.AUTO,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Numbers only, no lists.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Whole lists, however long.")] = False,
    strict: StrictOption = False,
) -> None:
    """
    Lay two logs of the same connections, taken at two points, beside each other.

    Pairs the connections, also through address translation, tells how the clocks differ, which segments were lost
    between the points and in which direction, what was duplicated, overtaken, injected or changed, and the delays.
    """
    from tdparse import vantage

    language = language_of(lang)
    if client == server == "-":
        misused(language, "one_stdin")
    job = job_of(language, None, strict=strict)
    view = comparison_view(language, format, color, output, quiet=quiet, verbose=verbose)
    raise typer.Exit(vantage.run(job, (client, server), view, output=output, numbering=numbering.value))


@app.command(
    epilog="Example: tdexplain convert --to absolute -o absolute.log relative.log",
    short_help="Write a log with absolute or relative sequence numbers.",
)
def convert(
    to: Annotated[Numberings, typer.Option("--to", help="The numbering to write.", show_default=False)],
    files: Files = None,
    output: OutputOption = None,
    lang: LangOption = None,
    numbering: NumberingChoiceOption = NumberingOption.AUTO,
    strict: StrictOption = False,
) -> None:
    """Write the same log with its sequence numbers in the other numbering; every other byte stays as it is."""
    job = job_of(language_of(lang), None, strict=strict)
    raise typer.Exit(job.convert(files or ["-"], to.value, output=output, numbering=numbering.value))


@app.command(
    epilog="Example: tdexplain why retransmission",
    short_help="Explain a code: step, anomaly, verdict, state, flag, term.",
)
def why(
    codes: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CODE...",
            help="Steps, modifiers, anomalies, verdicts, states, flags, terms, rules (R112), transitions (T55).",
            show_default=False,
            autocompletion=codes_beginning_with,
        ),
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List all codes, or those of a section or glob.")] = False,
    format: FormatOption = Format.TEXT,  # noqa: A002 - the option's name
    lang: LangOption = None,
    color: ColorOption = Color.AUTO,
) -> None:
    """Explain a code at length: what it means, when it holds, where it is defined, and a log that shows it."""
    from tdparse import why as pages
    from tdparse.output import standard_output

    language = language_of(lang)
    places, unknown = pages.listed(codes or ()) if listed else pages.find(codes or ())
    if unknown or not places:
        from tdparse.job import PROGRAM, Exit  # brings the whole pipeline, which a list does without

        for line in [pages.complaint(word, pages.nearest(word), language) for word in unknown] or [
            pages.nothing(language)
        ]:
            typer.echo(f"{PROGRAM}: {line}", err=True)
        raise typer.Exit(Exit.USAGE)
    if format is Format.JSONL:
        text = pages.records(places, language)
    else:
        columns = terminal_columns() if sys.stdout.isatty() else None
        view = pages.Why(language, columns=columns, color=colored(color, None))
        text = "\n".join(view.index(places) if listed else view.page(places)) + "\n"
    try:
        with standard_output() as file:
            file.write(text.encode())
    except BrokenPipeError:  # the reader has seen enough
        raise typer.Exit from None


app.command(epilog="Example: tdexplain repl", short_help="Paste lines or logs at a prompt, and ask about them.")(
    interactive.repl
)
app.command(
    epilog="Example: sudo tdexplain live -i any port 443",
    context_settings=interactive.PASSING,
    short_help="Run tcpdump and explain what it captures, as it comes.",
)(interactive.live)
app.command(
    epilog="Example: tdexplain serve --port 8484", short_help="Show reports on a local page: paste, or drop a file."
)(interactive.serve)
app.command(
    epilog="Example: tdexplain quiz x.log", short_help="Practise on a log: which step, which state, which ack."
)(interactive.quiz)


@app.command(epilog="Example: tdexplain demo -l zh", short_help="Explain two bundled logs of real connections.")
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

    language = language_of(lang)
    logs = Path(__file__).with_name("demo")
    if format is Format.JSONL:
        from tdparse.render.jsonl import JsonLines

        renderer: Renderer = JsonLines(language, numbers=numbers.value)
    else:
        renderer = text_view(language, numbers, color, None, quiet=quiet, verbose=verbose, headings=True)
    names = [str(logs / "http.log"), str(logs / "refused.log")]
    raise typer.Exit(job_of(language, None, strict=False).explain(names, renderer, Selection()))


def main() -> None:
    """Run a command line."""
    app(prog_name="tdexplain")
