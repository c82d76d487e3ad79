"""
The library: what `import tdparse` offers, as functions of lines and values of a whole log.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

from tdparse import wording
from tdparse.assemble import Assembler
from tdparse.model import Segment, Skipped, Step, Summary
from tdparse.pipeline import Explainer

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Sequence
    from os import PathLike

    import pyarrow as pa

    from tdparse.model import Finding, Item, Lang, NumberStyle, Role, Side


class TdparseError(Exception):
    """A log cannot be read; the message names it and says why."""


class Annotated(NamedTuple):
    """
    One segment, explained.

    `details` is the whole record: absolute and relative numbers, options in force, values of the sentence.
    """

    segment: Segment
    conn: int  # incarnation, from 1
    sender: Role
    step: str
    modifiers: tuple[str, ...]
    client: Side
    server: Side
    findings: tuple[Finding, ...]
    text: str
    details: Step

    def _repr_html_(self) -> str:
        """Show the record and its explanation in a notebook."""
        states = " · ".join(
            f"{role} {wording.state_text(side.before)} → {wording.state_text(side.after)}"
            for role, side in (("client", self.client), ("server", self.server))
        )
        return f"<pre>{escape(str(self.segment))}</pre><p><b>{escape(self.step)}</b> {escape(states)}<br>{escape(self.text)}</p>"


def parse(lines: Iterable[str]) -> Iterator[Item]:
    """
    Yield the segments and the other lines of a log, reading no further than asked.

    A line that is no segment, or looks like one and cannot be read, is a `Skipped`, never an exception.

    >>> [type(item).__name__ for item in parse(["listening on eth0, link-type EN10MB (Ethernet)"])]
    ['Skipped']
    """
    return Assembler().read(line.rstrip("\r\n") for line in lines)


def annotate(
    lines: Iterable[str],
    *,
    lang: Lang = "en",
    numbers: NumberStyle = "relative",
    numbering: str = "auto",
) -> Iterator[Annotated]:
    """
    Explain a log segment by segment, reading no further than asked.

    Args:
        lines: Lines of tcpdump's text, with or without their newlines, such as an open file.
        lang: Language of the sentences, "en" or "zh".
        numbers: How sequence numbers are written in them: "relative", "absolute", "both" or "symbolic".
        numbering: What the log holds: "auto" to find out, "absolute" or "relative".

    >>> log = ["12:00:00.000001 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 7, win 9, length 0"]
    >>> [(item.step, item.client.after.state) for item in annotate(log)]
    [('handshake.syn', <State.SYN_SENT: 'SYN_SENT'>)]
    """
    explainer = Explainer(numbering=numbering)
    for line in lines:
        yield from _annotated(explainer.feed(line.rstrip("\r\n")), lang, numbers)
    yield from _annotated(explainer.finish(), lang, numbers)


async def annotate_async(
    lines: AsyncIterable[str],
    *,
    lang: Lang = "en",
    numbers: NumberStyle = "relative",
    numbering: str = "auto",
) -> AsyncIterator[Annotated]:
    """Explain the lines of an asynchronous reader; the arguments are those of `annotate`."""
    explainer = Explainer(numbering=numbering)
    async for line in lines:
        for item in _annotated(explainer.feed(line.rstrip("\r\n")), lang, numbers):
            yield item
    for item in _annotated(explainer.finish(), lang, numbers):
        yield item


def load(source: str | PathLike[str] | Iterable[str], *, lang: Lang = "en", numbering: str = "auto") -> Trace:
    """
    Explain a whole log: a path (text, compressed, or a capture read through tcpdump), or its lines.

    Raises TdparseError when the file cannot be read.

    >>> log = ["12:00:00.000001 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 7, win 9, length 0"]
    >>> load(log).connections[0].verdict
    'no_answer'
    """
    if isinstance(source, str) or hasattr(source, "__fspath__"):
        name = str(source)
        lines: Iterable[str] = _lines(name)
    else:
        name, lines = "-", source
    explainer = Explainer(name, numbering=numbering)
    items: list[Step | Skipped | Summary] = []
    for line in lines:
        items += explainer.feed(line.rstrip("\r\n"))
    items += explainer.finish()
    return Trace(name, lang, items)


def _lines(name: str) -> Iterator[str]:
    from tdparse.read import opened
    from tdparse.unpack import UnreadableError

    try:
        with opened(name) as source:
            for block in source.blocks():
                yield from block
    except UnreadableError as error:
        raise TdparseError(f"{name}: {error}") from error


def _annotated(items: Iterable[object], lang: Lang, numbers: NumberStyle) -> Iterator[Annotated]:
    for item in items:
        if isinstance(item, Step):
            yield Annotated(
                item.segment,
                item.flow.conn,
                item.sender,
                item.step,
                item.modifiers,
                item.client,
                item.server,
                item.findings,
                wording.text(item, lang, numbers),
                item,
            )


class Trace:
    """A whole log: its segments, its connections, and the lines that were neither."""

    def __init__(self, source: str, lang: Lang, items: Sequence[Step | Skipped | Summary]) -> None:
        """Sort the items of an explained log."""
        self.source = source
        self.lang: Lang = lang
        self.segments: tuple[Annotated, ...] = tuple(_annotated(items, lang, "relative"))
        self.connections: tuple[Summary, ...] = tuple(
            sorted((item for item in items if isinstance(item, Summary)), key=lambda summary: summary.flow.conn)
        )
        self.skipped: tuple[Skipped, ...] = tuple(item for item in items if isinstance(item, Skipped))

    def __repr__(self) -> str:
        """Say how much there is of what."""
        return f"<Trace {self.source!r}: {len(self.segments)} segments, {len(self.connections)} connections>"

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return one dictionary a segment, with the keys of the JSON lines."""
        from tdparse.render.jsonl import segment_record

        return [segment_record(item.details, self.source, item.text) for item in self.segments]

    def to_arrow(self) -> pa.Table:
        """
        Return the segments as an Arrow table, for polars, pandas or duckdb; columns flattened with dots.

        Raises TdparseError without pyarrow, which the extra `tdparse[parquet]` brings.
        """
        try:
            import pyarrow as pa
        except ImportError as error:
            raise TdparseError("to_arrow needs pyarrow: pip install 'tdparse[parquet]'") from error
        from tdparse.render.columns import SEGMENTS
        from tdparse.render.parquet import batch

        return pa.Table.from_batches([batch(self.to_dicts(), SEGMENTS)])

    def _repr_html_(self) -> str:
        """Show the connections as a table in a notebook."""
        rows = "".join(
            f"<tr><td>{s.flow.conn}</td><td>{escape(str(s.flow.client))}</td><td>{escape(str(s.flow.server))}</td>"
            f"<td>{escape(wording.verdict_text(s, self.lang))}</td><td>{s.segments}</td></tr>"
            for s in self.connections
        )
        head = "<tr><th>#</th><th>client</th><th>server</th><th>verdict</th><th>segments</th></tr>"
        return f"<table><caption>{escape(repr(self))}</caption>{head}{rows}</table>"
