"""
Every view a log can reach, and for each what its output must never hold, whatever the log does.

`VIEWS` names them; `shown` lets a view show a log as the program would; `Harm` is what a checker raises.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from functools import cache
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn
from xml.etree import ElementTree as ET

from conftest import ROOT
from test_report import Page

from tdparse import formats
from tdparse.catalog import LANGUAGES
from tdparse.read import Source
from tdparse.render import Octets, Totals
from tdparse.render.annotation import MARK, Annotation
from tdparse.render.collect import Diagrams
from tdparse.render.compact import Compact
from tdparse.render.ladder import Ladder, Rungs, WholeLadders
from tdparse.render.mermaid import Mermaid
from tdparse.render.report import Report
from tdparse.render.rung import Words
from tdparse.render.svg import Svg
from tdparse.render.table import Table
from tdparse.render.text import Text
from tdparse.selection import Alarm, Selection
from tdparse.stream import NumberingChoice, Run
from tdparse.unpack import Peeked

if TYPE_CHECKING:
    from tdparse.model import Lang, NumberStyle
    from tdparse.render import Renderer

# Controls but for tab and newline, C1, bidirectional and invisible characters, separators of lines, lone surrogates.
ACTS: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
OUR_COLOURS: Final = re.compile("\x1b\\[[0-9;]*m")
MERMAID_TEXT: Final = r"(?:[^#;<>&`{}\"\\%$]|#\d+;|<br/>)+"
MERMAID_LINE: Final = re.compile(
    rf"    (?:participant [CS] as |(?:C(?:-|--)(?:>>|x|\))S|S(?:-|--)(?:>>|x|\))C): "
    rf"|Note (?:left of C|right of S|over C,S): ){MERMAID_TEXT}|sequenceDiagram|"
)
_SCRIPTS: Final = 3  # the data, and what shows it
SVG: Final = "{http://www.w3.org/2000/svg}"
SVG_TAGS: Final = frozenset({"svg", "style", "rect", "g", "title", "text", "path", "line"})
RUNS: Final = re.compile(r"<script|href|url\(|@import|<image|<foreignObject|\son\w+=", re.IGNORECASE)


class Harm(AssertionError):  # noqa: N818 - what was done, not what went wrong with the program
    """An output that acts instead of showing."""


def _harm(what: str, where: object) -> NoReturn:
    message = f"{what}: {where!r}"
    raise Harm(message)


class Shown(NamedTuple):
    """What a view made of a log."""

    text: str  # what goes to a text output
    octets: bytes  # what a view that writes octets wrote
    totals: Totals


class View(NamedTuple):
    """A way to show logs, and how its output is looked through."""

    make: Callable[[Lang, NumberStyle], Renderer]
    check: Callable[[Shown], None]
    drop: str | None = None  # lines that the program does not read: what it has written itself


class Pieces:
    """A stream that gives its octets in pieces of the sizes asked for, then the rest."""

    def __init__(self, octets: bytes, sizes: tuple[int, ...] = ()) -> None:
        """Cut `octets` at the sums of `sizes`."""
        self._stream = Peeked(octets, io.BytesIO())
        self._sizes = list(sizes)

    def read(self, size: int = -1, /) -> bytes:
        """Return the next piece."""
        return self._stream.read(min(self._sizes.pop(0), size) if self._sizes else size)


def shown(
    renderer: Renderer,
    octets: bytes,
    sizes: tuple[int, ...] = (),
    *,
    name: str = "x.log",
    drop: str | None = None,
    numbering: NumberingChoice = "auto",
) -> Shown:
    """Return what a renderer writes for a log that comes in pieces. Raises UnreadableError, as the program does."""
    parts: list[str] = []
    totals = Totals()
    file = io.BytesIO()
    if isinstance(renderer, Octets):
        renderer.attach(file)
    run = Run(renderer, Selection(), Alarm(()), totals, numbering, drop)
    run.follow(Source(name, Pieces(octets, sizes)), parts.append)
    parts.append(renderer.finish(totals))
    return Shown("".join(parts), file.getvalue(), totals)


# ------------------------------------------------------------------ checks


def on_terminal(found: Shown) -> None:
    """Nothing moves the cursor, colours, hides, reverses or rings but our own colours."""
    _quiet(OUR_COLOURS.sub("", found.text))


def plain(found: Shown) -> None:
    """The same without any colours."""
    _quiet(found.text)


def _quiet(text: str) -> None:
    if acting := ACTS.search(text):
        _harm("acts on a terminal", text[max(0, acting.start() - 40) : acting.end() + 40])


def comments(found: Shown) -> None:
    """The lines that an annotated copy adds are harmless; the others are the log's own octets."""
    for line in found.text.split("\n"):
        if line.startswith(MARK):
            _quiet(line.removesuffix("\r"))


def json_lines(found: Shown) -> None:
    """One strict object a line; no NaN, no key twice, nothing that acts where it is shown as it is."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            _harm("a key twice", pairs)
        return dict(pairs)

    def constant(name: str) -> NoReturn:
        _harm("no JSON", name)

    for line in found.text.split("\n")[:-1]:
        record = json.loads(line, object_pairs_hook=once, parse_constant=constant)
        if not isinstance(record, dict):
            _harm("no object", line)
    found.text.encode()
    _quiet(found.text)


def _table(delimiter: str) -> Callable[[Shown], None]:
    def check(found: Shown) -> None:
        """Each row has the columns of the first, no cell calculates, no cell acts."""
        rows = list(csv.reader(io.StringIO(found.text, newline=""), delimiter=delimiter, strict=True))
        if len({len(row) for row in rows}) > 1:
            _harm("columns differ", {len(row) for row in rows})
        for row in rows:
            for text in row:
                if re.match(r"[=+@\t\r]|-\D", text):
                    _harm("a formula", text)
        _quiet(found.text.replace("\r\n", "\n"))

    return check


def markdown(found: Shown) -> None:
    """The log stands in indented code that nothing ends; in what is told about it every mark is escaped."""
    lines = found.text.split("\n")
    for line in lines:
        if line and not line.startswith(("    ", "> ", "## ", "### ")):
            _harm("a line of its own", line)
    for before, line in pairwise(["", *lines]):
        if line.startswith("    ") and before and not before.startswith("    "):
            _harm("code that goes on with text", line)
    _unmarked("\n".join(line.removeprefix("> ") for line in lines if not line.startswith("    ")), r"[`*_\[\]~]|\|")
    _quiet(found.text)


def _unmarked(told: str, marks: str) -> None:
    if mark := re.search(rf"[<@]|(?<!\\)(?:\\\\)*(?:{marks})|(?<!\\)://|www\.", told):
        _harm("marks that are not escaped", told[max(0, mark.start() - 40) : mark.end() + 40])


def markdown_table(found: Shown) -> None:
    """As many cells in each row as in the head, and every mark is escaped."""
    lines = found.text.split("\n")[:-1]
    for line in lines:
        if len(re.findall(r"(?<!\\)\|", line)) != len(re.findall(r"(?<!\\)\|", lines[0])):
            _harm("columns differ", line)
    _unmarked("\n".join(lines), r"[`*_\[\]~]")
    _quiet(found.text)


def mermaid(found: Shown) -> None:
    """Each line of a diagram is a participant, a message or a note; all else is escaped text."""
    text = found.text
    drawings = [text] if text.startswith("sequenceDiagram\n") else re.findall(r"(?ms)^```mermaid\n(.*?)^```$", text)
    for line in (line for drawing in drawings for line in drawing.split("\n")):
        if not MERMAID_LINE.fullmatch(line):
            _harm("no line of a diagram", line)
    _unmarked(
        re.sub(r"(?ms)^```mermaid\n.*?^```$", "", "" if text.startswith("sequenceDiagram\n") else text), r"[`*_\[\]]"
    )
    _quiet(text)


def svg(found: Shown) -> None:
    """Well-formed, of our own elements, and nothing in it runs or is fetched."""
    if not found.text:
        return
    root = ET.fromstring(found.text)  # noqa: S314 - our own output
    if strange := {element.tag.removeprefix(SVG) for element in root.iter()} - SVG_TAGS:
        _harm("elements", strange)
    for element in root.iter():
        if running := [name for name in element.attrib if name.startswith("on") or "href" in name]:
            _harm("attributes", running)
    texts = "".join(f"{element.text or ''}{element.tail or ''}" for element in root.iter())
    markup = re.sub(r">[^<]*<", "><", found.text)
    if RUNS.search(markup):
        _harm("runs", markup)
    _quiet(texts)
    _quiet(found.text)


@cache
def _tags() -> frozenset[str]:
    """Return the elements of pages about ordinary logs."""
    logs = [ROOT / "fixtures" / "captures" / name / "absolute.log" for name in ("loss", "reuse")]
    texts = [shown(Report(lang), log.read_bytes()).text for lang, log in product(LANGUAGES, logs)]
    return frozenset(tag for text in texts for tag in Page(text).tags) | {"wbr", "b"}


def page(found: Shown) -> None:
    """A whole page: every element is one of ours and closes, none acts, every link stays inside."""
    read = Page(found.text)
    if strange := set(read.tags) - _tags():
        _harm("elements", strange)
    if acting := [*read.handlers, *read.styled]:
        _harm("acts", acting)
    if leading := [link for link in read.links if not link.startswith(("#", "data:image/svg+xml,"))]:
        _harm("leads elsewhere", leading)
    if read.tags.count("script") > _SCRIPTS:
        _harm("scripts", read.tags.count("script"))
    json.loads(read.parts["data"])
    _quiet(found.text)


def parquet(found: Shown) -> None:
    """A table with as many rows as records."""
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(io.BytesIO(found.octets))
    if table.num_rows not in {found.totals.segments, found.totals.connections}:
        _harm("rows", table.num_rows)


# ------------------------------------------------------------------ views


def _text(**look: Any) -> Callable[[Lang, NumberStyle], Renderer]:
    return lambda lang, numbers: Text(lang, numbers=numbers, **look)


def _rungs(lang: Lang, numbers: NumberStyle) -> tuple[Rungs, Text]:
    text = Text(lang, numbers=numbers, columns=80)
    return Rungs(Words(lang, numbers), columns=80, color=False, numbered=True), text


def _segments(form: str) -> Callable[[Lang, NumberStyle], Renderer]:
    return lambda lang, numbers: formats.segments(form, lang, numbers=numbers)


def _connections(form: str) -> Callable[[Lang, NumberStyle], Renderer]:
    return lambda lang, _: formats.connections(form, lang)


VIEWS: Final[dict[str, View]] = {
    "text": View(_text(), plain),
    "text, coloured": View(_text(color=True, columns=80, verbose=True), on_terminal),
    "text, narrow": View(_text(columns=12, headings=True), plain),
    "text, quiet": View(_text(quiet=True), plain),
    "annotate": View(lambda lang, numbers: Annotation(Text(lang, numbers=numbers)), comments, MARK),
    "annotate on screen": View(lambda lang, numbers: Annotation(Text(lang, numbers=numbers), on_screen=True), plain),
    "compact": View(
        lambda lang, numbers: Compact(Words(lang, numbers), Text(lang, numbers=numbers), columns=80, color=True),
        on_terminal,
    ),
    "ladder": View(lambda lang, numbers: Ladder(*_rungs(lang, numbers)), plain),
    "diagram": View(lambda lang, numbers: Diagrams(WholeLadders(*_rungs(lang, numbers))), plain),
    "diagram mermaid": View(lambda lang, numbers: Diagrams(Mermaid(Words(lang, numbers))), mermaid),
    "diagram svg": View(lambda lang, numbers: Diagrams(Svg(Words(lang, numbers))), svg),
    "jsonl": View(_segments("jsonl"), json_lines),
    "csv": View(_segments("csv"), _table(",")),
    "tsv": View(_segments("tsv"), _table("\t")),
    "markdown": View(_segments("markdown"), markdown),
    "parquet": View(_segments("parquet"), parquet),
    "report": View(lambda lang, numbers: Report(lang, numbers=numbers), page),
    "connections": View(lambda lang, _: Table(lang), plain),
    "connections, folded": View(lambda lang, _: Table(lang, columns=60, headings=True), plain),
    "connections jsonl": View(_connections("jsonl"), json_lines),
    "connections csv": View(_connections("csv"), _table(",")),
    "connections tsv": View(_connections("tsv"), _table("\t")),
    "connections markdown": View(_connections("markdown"), markdown_table),
    "connections parquet": View(_connections("parquet"), parquet),
}
