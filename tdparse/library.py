"""
The library: what `import tdparse` offers, as functions of lines and values of a whole log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdparse import record
from tdparse.annotated import Explanation, annotated
from tdparse.assemble import Assembler
from tdparse.pipeline import Explainer
from tdparse.trace import TdparseError, Trace, checked

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
    from os import PathLike

    from tdparse.annotated import Annotated
    from tdparse.model import Item, Lang, NumberStyle, Skipped, Step, Summary
    from tdparse.stream import NumberingChoice


def parse_line(text: str | bytes, *, line: int = 1) -> Item:
    """
    Read one record of tcpdump's text, or one line that is none.

    A line that is not a TCP segment is returned as `Rejected`, never raised: in a capture, foreign lines are normal.

    Args:
        text: The record, with or without its last newline; a record of several lines with its inner line breaks.
        line: Its first physical line, from 1.

    Returns:
        A `Segment` with the numbers as printed (nothing is interpreted), or a `Rejected` whose `kind` says what
        the line is, and for kind "rejected" the `column` (from 1) where reading stopped.

    >>> parse_line("12:00:00.000001 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 7, win 9, length 0").seq
    7
    >>> parse_line("listening on eth0").kind
    'banner'
    """
    return record.parse_line(_text(text), line)


def parse(lines: Iterable[str | bytes]) -> Iterator[Item]:
    """
    Yield the segments and the other lines of a log, reading no further than asked.

    Records of several lines (`-v`, hex dumps) are put together. A line that is no segment, or looks like one and
    cannot be read, is a `Rejected`, never an exception. Raises TypeError for one text instead of lines.

    >>> [type(item).__name__ for item in parse(["listening on eth0, link-type EN10MB (Ethernet)"])]
    ['Skipped']
    """
    return Assembler().read(map(_text, _several(lines)))


def explain(step: Step) -> Explanation:
    """
    Return what is worth saying about a step: codes and values, no language yet.

    >>> from tdparse import Tracker
    >>> line = "12:00:00.000001 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 7, win 9, length 0"
    >>> explain(Tracker().feed(parse_line(line))).code
    'handshake.syn'
    """
    return Explanation(step.step, step.modifiers, step.findings, step.values, step)


def annotate(
    lines: Iterable[str | bytes],
    *,
    lang: Lang = "en",
    numbers: NumberStyle = "relative",
    numbering: NumberingChoice = "auto",
) -> Iterator[Annotated]:
    """
    Explain a log segment by segment, reading no further than asked.

    Args:
        lines: Lines of tcpdump's text, with or without their newlines, such as an open file.
        lang: Language of the sentences, "en" or "zh".
        numbers: How sequence numbers are written in them: "relative", "absolute", "both" or "symbolic" (j, k, m, n).
        numbering: What the log holds: "auto" to find out, "absolute" or "relative".

    Raises ValueError for an option that does not exist, TypeError for one text instead of lines (a path is for
    `load`); nothing in a log raises.

    Source: RFC 9293 for steps and states (`Step` names the rules); see docs/reference for all codes.

    >>> log = ["12:00:00.000001 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 7, win 9, length 0"]
    >>> for item in annotate(log):
    ...     print(item.step, item.client.after, item.server.after)
    handshake.syn SYN-SENT SYN-RECEIVED?
    """
    _check(lang, numbers, numbering)
    return _annotate(_several(lines), lang, numbers, numbering)


def annotate_async(
    lines: AsyncIterable[str | bytes],
    *,
    lang: Lang = "en",
    numbers: NumberStyle = "relative",
    numbering: NumberingChoice = "auto",
) -> AsyncIterator[Annotated]:
    """
    Explain the lines of an asynchronous reader, such as the `stdout` of an asyncio process.

    Arguments and errors are those of `annotate`; each segment is explained before the next line is awaited.

    >>> import asyncio
    >>> async def steps() -> list[str]:
    ...     reader = asyncio.StreamReader()
    ...     reader.feed_data(b"12:00:00.000001 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 7, win 9, length 0")
    ...     reader.feed_eof()
    ...     return [item.step async for item in annotate_async(reader)]
    >>> asyncio.run(steps())
    ['handshake.syn']
    """
    _check(lang, numbers, numbering)
    return _annotate_async(lines, lang, numbers, numbering)


def load(
    source: str | PathLike[str] | Iterable[str | bytes],
    *,
    lang: Lang = "en",
    numbers: NumberStyle = "relative",
    numbering: NumberingChoice = "auto",
) -> Trace:
    """
    Explain a whole log: a path (text, compressed, or a capture read through tcpdump), or its lines.

    Args:
        source: A path, or lines as `annotate` takes them.
        lang: As for `annotate`.
        numbers: As for `annotate`.
        numbering: As for `annotate`.

    Raises TdparseError when the file cannot be read, ValueError for an option that does not exist, TypeError for
    octets instead of lines.

    >>> log = ["12:00:00.000001 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 7, win 9, length 0"]
    >>> load(log).connections[0].verdict
    'no_answer'
    """
    _check(lang, numbers, numbering)
    if isinstance(source, str) or hasattr(source, "__fspath__"):
        name = str(source)
        lines: Iterable[str | bytes] = _lines(name, lang)
    else:
        name, lines = "-", _several(source)
    explainer = Explainer(name, numbering=numbering)
    items: list[Step | Skipped | Summary] = []
    for line in lines:
        items += explainer.feed(_text(line))
    items += explainer.finish()
    return Trace(name, lang, items, numbers)


def _annotate(
    lines: Iterable[str | bytes], lang: Lang, numbers: NumberStyle, numbering: NumberingChoice
) -> Iterator[Annotated]:
    explainer = Explainer(numbering=numbering)
    for line in lines:
        yield from annotated(explainer.feed(_text(line)), lang, numbers)
    yield from annotated(explainer.finish(), lang, numbers)


async def _annotate_async(
    lines: AsyncIterable[str | bytes], lang: Lang, numbers: NumberStyle, numbering: NumberingChoice
) -> AsyncIterator[Annotated]:
    explainer = Explainer(numbering=numbering)
    async for line in lines:
        for item in annotated(explainer.feed(_text(line)), lang, numbers):
            yield item
    for item in annotated(explainer.finish(), lang, numbers):
        yield item


def _check(lang: Lang, numbers: NumberStyle, numbering: NumberingChoice) -> None:
    checked("lang", lang, ("en", "zh"))
    checked("numbers", numbers, ("relative", "absolute", "both", "symbolic"))
    checked("numbering", numbering, ("auto", "absolute", "relative"))


def _several(lines: Iterable[str | bytes]) -> Iterable[str | bytes]:
    """Return the lines. Raises TypeError for one text, which would be read letter by letter."""
    if isinstance(lines, (str, bytes, bytearray)):
        message = "lines are wanted, such as an open file or text.splitlines(); tdparse.load takes a path"
        raise TypeError(message)
    return lines


def _text(line: str | bytes) -> str:
    text = line if isinstance(line, str) else line.decode("utf-8", "surrogateescape")
    return text.rstrip("\r\n")


def _lines(name: str, lang: Lang) -> Iterator[str]:
    from tdparse import catalog
    from tdparse.read import opened
    from tdparse.unpack import UnreadableError

    try:
        with opened(name) as source:
            for block in source.blocks():
                yield from block
    except UnreadableError as error:
        raise TdparseError(catalog.trouble(error.code, lang, error.name, error.detail)) from error
