"""The options, the same wherever they make sense, and what is built from them before anything runs."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

from tdparse.usual import Color, Language, Numbers, colored, terminal_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tdparse.compare import Comparison
    from tdparse.job import Job
    from tdparse.model import Lang
    from tdparse.render import Renderer
    from tdparse.render.ladder import Rungs
    from tdparse.render.text import Text
    from tdparse.selection import Selection

FAIL_SECTIONS: Final = ("verdict", "finding", "severity")


class Format(StrEnum):
    """What the output is."""

    TEXT = "text"
    JSONL = "jsonl"


class ComparisonFormat(StrEnum):
    """What a comparison is written as."""

    TEXT = "text"
    JSONL = "jsonl"
    HTML = "html"


class DiagramFormat(StrEnum):
    """What a diagram is drawn as."""

    TEXT = "text"
    MERMAID = "mermaid"
    SVG = "svg"


class TableFormat(StrEnum):
    """What the output is, where it can be a table."""

    TEXT = "text"
    JSONL = "jsonl"
    CSV = "csv"
    TSV = "tsv"
    MARKDOWN = "markdown"
    PARQUET = "parquet"


class CopyFormat(StrEnum):
    """What the copy of a log is."""

    TEXT = "text"
    JSONL = "jsonl"
    CSV = "csv"
    TSV = "tsv"
    MARKDOWN = "markdown"
    HTML = "html"
    PARQUET = "parquet"


class Packing(StrEnum):
    """How a copy is compressed."""

    GZ = "gz"
    BZ2 = "bz2"
    XZ = "xz"
    ZST = "zst"


class NumberingOption(StrEnum):
    """What the log holds."""

    AUTO = "auto"
    ABSOLUTE = "absolute"
    RELATIVE = "relative"


class Numberings(StrEnum):
    """How tcpdump prints sequence numbers: with -S, and without."""

    ABSOLUTE = "absolute"
    RELATIVE = "relative"


class Sort(StrEnum):
    """The order of a table's rows: the keys of `tdparse.render.table.SORTS`."""

    CONN = "conn"
    CLIENT = "client"
    SERVER = "server"
    VERDICT = "verdict"
    BYTES = "bytes"
    HANDSHAKE = "handshake"
    REMARKABLE = "remarkable"


Files = Annotated[
    list[str] | None,
    typer.Argument(metavar="[FILE]...", help="Logs; - or nothing is standard input.", show_default=False),
]
FormatOption = Annotated[Format, typer.Option("--format", "-f", help="What the output is.")]
TableFormatOption = Annotated[TableFormat, typer.Option("--format", "-f", help="What the output is.")]
CopyFormatOption = Annotated[CopyFormat, typer.Option("--format", "-f", help="What the copies are.")]
DiagramFormatOption = Annotated[
    DiagramFormat, typer.Option("--format", "-f", help="For a terminal, as Mermaid (several: Markdown), or a picture.")
]
FoldOption = Annotated[
    int,
    typer.Option("--fold", metavar="N", min=0, help="Fold runs of more than N ordinary segments; 0: show them all."),
]
CompactOption = Annotated[bool, typer.Option("--compact", help="One line a segment.")]
LadderOption = Annotated[bool, typer.Option("--ladder", help="Arrows between two lifelines, states along the sides.")]


def _place(path: Path | None) -> Path | None:
    """Return where the output goes; ``-`` is standard output, as it is standard input among the logs."""
    return None if path == Path("-") else path


OutputOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", callback=_place, help="A file instead of standard output.", show_default=False),
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


def _only(codes: str) -> Any:
    return typer.Option("--only", metavar="CODE", help=f"Show only these {codes} (globs).", show_default=False)


OnlyOption = Annotated[list[str] | None, _only("steps, findings, verdicts or severities")]
OnlyConnectionsOption = Annotated[list[str] | None, _only("findings, verdicts or severities")]
ColorOption = Annotated[Color, typer.Option("--color", help="When to use colours; NO_COLOR is honoured.")]
SortOption = Annotated[Sort, typer.Option("--sort", help="The order of the rows; amounts from the largest down.")]
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

LogJobsOption = Annotated[
    int, typer.Option("--jobs", "-j", min=1, help="With 2, two processes share one long log, where that is faster.")
]
MergeOption = Annotated[bool, typer.Option("--merge", help="Take all FILEs for one log, in the order of their times.")]
FolderOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", callback=_place, help="The folder for the copies.", show_default=False),
]
InPlaceOption = Annotated[
    bool, typer.Option("--in-place", help="Replace each log by its copy; the log is kept as NAME~.")
]
IncludeOption = Annotated[
    list[str] | None,
    typer.Option("--include", metavar="GLOB", help="Of folders only these files (name or path).", show_default=False),
]
ExcludeOption = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="GLOB", help="Of folders not these files.", show_default=False),
]
FilesFromOption = Annotated[
    str | None,
    typer.Option(
        "--files-from",
        metavar="LIST",
        help="Read names of logs from a file (- is standard input), a line each or ended by NUL.",
        show_default=False,
    ),
]
CompressOption = Annotated[
    Packing | None, typer.Option("--compress", help="Write compressed copies.", show_default=False)
]
ForceOption = Annotated[bool, typer.Option("--force", help="Do finished logs again, too.")]
ReportOption = Annotated[
    Path | None, typer.Option("--report", metavar="FILE", help="Write the report as JSON, too.", show_default=False)
]


# ------------------------------------------------------------------ from options to a run


def codes_beginning_with(begun: str) -> list[str]:
    """Return what `why` can explain, for the shell's completion."""
    from tdparse import catalog

    codes = (code for section in catalog.EXPLAINED for code in catalog.reference_codes(section))
    return [code for code in dict.fromkeys(codes) if code.startswith(begun)]


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def job_of(lang: Lang, fail_on: Sequence[str] | None, *, strict: bool) -> Job:
    """Return the job that watches for what `--fail-on` and `--strict` ask."""
    from tdparse.job import Job

    return Job(lang, fail_on=patterns_of(lang, fail_on, FAIL_SECTIONS), strict=strict)


def program_view(job: Job, form: str, output: Path | None, make: Callable[[], Renderer]) -> Renderer:
    """Return the view that `make` makes; a package that is missing, and octets for a terminal, end the program."""
    from tdparse.formats import FOR_FILES, MissingError
    from tdparse.job import Exit

    if form in FOR_FILES and output is None and sys.stdout.isatty():
        job.complain(form, "terminal")
        raise typer.Exit(Exit.USAGE)
    try:
        return make()
    except MissingError as error:
        job.complain(error.name, error.code)
        raise typer.Exit(Exit.FAILED) from None


def sorted_view(lang: Lang, form: TableFormat, sort: Sort) -> None:
    """What is written as connections end has no other order."""
    if form not in (TableFormat.TEXT, TableFormat.MARKDOWN):
        only_one(lang, {f"--sort {sort.value}": sort is not Sort.CONN, f"-f {form.value}": True})


def table_view(lang: Lang, color: Color, output: Path | None, sort: Sort, *, headings: bool) -> Renderer:
    """Return the table of connections, folded to the terminal when it goes to one."""
    from tdparse.render.table import Table

    columns = terminal_columns() if output is None and sys.stdout.isatty() else None
    paint = colored(color, output)
    return Table(lang, columns=columns, sort=sort.value, headings=headings, color=paint)


def only_one(lang: Lang, given: Mapping[str, bool]) -> None:
    """Two of these options at once are wrong usage."""
    names = [name for name, on in given.items() if on]
    if len(names) > 1:
        from tdparse import catalog

        misused(lang, "one_of", options=catalog.sentence("ui", "comma", lang).join(names))


def no_command(lang: Lang, names: Sequence[str], commands: Sequence[str]) -> None:
    """A command behind options would be taken for a log; one that is not there is wrong usage."""
    word = next((name for name in names if name in commands and not os.path.lexists(name)), None)
    if word is not None:
        misused(lang, "command_first", command=word)


def misused(lang: Lang, code: str, **values: str) -> NoReturn:
    """End the program because of wrong usage, in the words of a sentence of the section ``ui``."""
    from tdparse import catalog

    _refuse(catalog.fill(catalog.sentence("ui", code, lang), values))


def _refuse(why: str) -> NoReturn:
    from tdparse.job import PROGRAM, Exit

    typer.echo(f"{PROGRAM}: {why}", err=True)
    raise typer.Exit(Exit.USAGE)


def compact_view(
    lang: Lang, numbers: Numbers, color: Color, output: Path | None, *, verbose: bool, headings: bool
) -> Renderer:
    """Return the view with one line a segment, as wide as the terminal when it goes to one."""
    from tdparse.render.compact import Compact
    from tdparse.render.rung import Words
    from tdparse.render.text import Text

    columns = terminal_columns() if output is None and sys.stdout.isatty() else None
    paint = colored(color, output)
    text = Text(lang, numbers=numbers.value, color=paint, columns=columns, verbose=verbose)
    return Compact(Words(lang, numbers.value), text, columns=columns, color=paint, headings=headings)


def ladder_view(
    lang: Lang, numbers: Numbers, color: Color, output: Path | None, *, verbose: bool, headings: bool
) -> Renderer:
    """Return the ladder that grows with the log."""
    from tdparse.render.ladder import Ladder

    return Ladder(*_rungs(lang, numbers, color, output, numbered=True, verbose=verbose), headings=headings)


def diagram_view(
    lang: Lang,
    numbers: Numbers,
    color: Color,
    output: Path | None,
    *,
    form: DiagramFormat,
    fold: int,
    headings: bool,
) -> Renderer:
    """Return what draws whole connections."""
    from tdparse.render.collect import Diagrams
    from tdparse.render.ladder import WholeLadders
    from tdparse.render.mermaid import Mermaid
    from tdparse.render.rung import Words
    from tdparse.render.svg import Svg

    if form is DiagramFormat.TEXT:
        return Diagrams(WholeLadders(*_rungs(lang, numbers, color, output)), run=fold, headings=headings)
    words = Words(lang, numbers.value)
    drawer = Mermaid(words) if form is DiagramFormat.MERMAID else Svg(words)
    return Diagrams(drawer, run=fold, headings=headings)


def _rungs(
    lang: Lang, numbers: Numbers, color: Color, output: Path | None, *, numbered: bool = False, verbose: bool = False
) -> tuple[Rungs, Text]:
    """Return what ladders are made of; a width of their own is taken from COLUMNS even where there is no terminal."""
    from tdparse.render.ladder import Rungs
    from tdparse.render.rung import Words
    from tdparse.render.text import Text

    known = "COLUMNS" in os.environ or (output is None and sys.stdout.isatty())
    columns, paint = terminal_columns() if known else None, colored(color, output)
    rungs = Rungs(Words(lang, numbers.value), columns=columns, color=paint, numbered=numbered)
    return rungs, Text(lang, numbers=numbers.value, color=paint, columns=rungs.columns, verbose=verbose)


def comparison_view(
    lang: Lang, form: ComparisonFormat, color: Color, output: Path | None, *, quiet: bool, verbose: bool
) -> Callable[[Comparison], str]:
    """Return what writes a comparison."""
    if form is ComparisonFormat.JSONL:
        from tdparse.render.comparison_lines import ComparisonLines

        return ComparisonLines(lang)
    if form is ComparisonFormat.HTML:
        from tdparse.render.report.comparison import ComparisonPage

        return ComparisonPage(lang)
    from tdparse.render.comparison import ComparisonText

    columns = terminal_columns() if output is None and sys.stdout.isatty() else None
    look: dict[str, bool] = {"color": colored(color, output), "quiet": quiet, "verbose": verbose}
    return ComparisonText(lang, columns=columns, **look)


def selection_of(
    lang: Lang,
    conn: Sequence[int] | None = None,
    host: Sequence[str] | None = None,
    port: Sequence[str] | None = None,
    only: Sequence[str] | None = None,
    sections: Sequence[str] = ("step", "modifier", "finding", "verdict", "severity"),
) -> Selection:
    """Return what is shown: of the codes, those that `sections` of the catalogue have."""
    from tdparse.selection import Selection

    codes = patterns_of(lang, only, sections)
    return Selection(frozenset(conn or ()), frozenset(map(_printed, host or ())), frozenset(port or ()), tuple(codes))


def _printed(host: str) -> str:
    """Return a host as tcpdump prints it: IPv6 in its short form, without the brackets in which views show it."""
    host = host.removeprefix("[").removesuffix("]")
    if ":" not in host:
        return host
    from socket import AF_INET6, inet_ntop, inet_pton

    try:
        return inet_ntop(AF_INET6, inet_pton(AF_INET6, host))
    except OSError:  # no address
        return host


def patterns_of(lang: Lang, given: Sequence[str] | None, sections: Sequence[str]) -> list[str]:
    """Return the codes asked for, one by one; a code that cannot exist is wrong usage."""
    from tdparse import selection

    patterns = []
    for text in given or ():
        patterns += [pattern.strip() for pattern in text.split(",") if pattern.strip()] or [text]
    try:
        selection.check(patterns, sections)
    except selection.UnknownPatternError as error:
        from tdparse.why import complaint

        _refuse(complaint(error.pattern, error.nearest, lang))
    return patterns
