"""Which renderer writes a format: the same choice for one log, for many, and for a table of connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tdparse.model import Lang, NumberStyle
    from tdparse.render import Renderer
    from tdparse.stream import NumberingChoice

DELIMITERS: Final = {"csv": ",", "tsv": "\t"}
OCTETS: Final = frozenset({"parquet"})  # formats that are no text
PAGE: Final = "html"
FOR_FILES: Final = OCTETS | {PAGE}  # formats that nobody reads on a terminal
ENDINGS: Final = {
    "jsonl": ".jsonl",
    "csv": ".csv",
    "tsv": ".tsv",
    "markdown": ".md",
    "parquet": ".parquet",
    PAGE: ".html",
}  # what a file of the format is called


class MissingError(Exception):
    """A format whose optional package is not installed: its name, and a code of the catalogue's section ``trouble``."""

    def __init__(self, name: str, code: str) -> None:
        """Keep what the sentence needs."""
        super().__init__(name, code)
        self.name = name
        self.code = code


def segments(
    form: str,
    lang: Lang,
    *,
    numbers: NumberStyle = "relative",
    numbering: NumberingChoice = "auto",
    headings: bool = True,
) -> Renderer:
    """
    Return what writes logs in a format for programs or for tickets; `headings` names each input where it matters.

    Raises MissingError.
    """
    # Each module is imported when its format is asked for; the others must not wait for it.
    if form in DELIMITERS:
        from tdparse.render.tabular import Tabular

        return Tabular(lang, numbers=numbers, delimiter=DELIMITERS[form], connections=False)
    if form == "parquet":
        return _parquet(lang, numbers=numbers, connections=False)
    if form == "markdown":
        from tdparse.render.markdown import Markdown
        from tdparse.render.text import Text

        return Markdown(Text(lang, numbers=numbers), headings=headings)
    if form == PAGE:
        from tdparse.render.report import Report

        return Report(lang, numbers=numbers)
    from tdparse.render.jsonl import JsonLines

    return JsonLines(lang, numbers=numbers, numbering=numbering)


def connections(
    form: str, lang: Lang, *, numbering: NumberingChoice = "auto", headings: bool = True, sort: str = "conn"
) -> Renderer:
    """Return what writes connections in a format for programs or for tickets, where it can `sort` them. Raises MissingError."""
    if form in DELIMITERS:
        from tdparse.render.tabular import Tabular

        return Tabular(lang, delimiter=DELIMITERS[form], connections=True)
    if form == "parquet":
        return _parquet(lang, connections=True)
    if form == "markdown":
        from tdparse.render.markdown import MarkdownTable

        return MarkdownTable(lang, headings=headings, sort=sort)
    from tdparse.render.jsonl import ConnectionLines

    return ConnectionLines(lang, numbering=numbering)


def _parquet(lang: Lang, *, numbers: NumberStyle = "relative", connections: bool) -> Renderer:
    try:
        from tdparse.render.parquet import Parquet
    except ImportError as error:
        if error.name is None or error.name.partition(".")[0] != "pyarrow":
            raise
        raise MissingError("parquet", "no_pyarrow") from error
    return Parquet(lang, numbers=numbers, connections=connections)
