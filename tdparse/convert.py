"""
A whole log in the other numbering: the numbers change, every other byte stays what and where it was.

One line that shows how a log prints its numbers decides for the lines before it, too, so a log is read
twice; what comes through a pipe is kept in a temporary file for that.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter, deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from tdparse.model import Segment
from tdparse.read import STDIN, opened
from tdparse.render import Totals
from tdparse.renumber import Renumberer, numbering_of
from tdparse.repair import Mender

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tdparse.model import Item, Numbering
    from tdparse.read import Source
    from tdparse.renumber import Renumbered, To
    from tdparse.stream import NumberingChoice


class Kept(NamedTuple):
    """What a conversion has met; `lost` counts lines with a number that stayed as it was, by rule."""

    totals: Totals
    lost: Counter[str]


@contextmanager
def readable_twice(name: str, wait: Callable[[int], bool]) -> Iterator[str]:
    """
    Yield a name under which an input can be opened as often as needed: its own, or that of a copy.

    `wait` is as for `opened`. Raises UnreadableError, and OSError when there is no room for the copy.
    """
    if name != STDIN and os.path.isfile(name):  # noqa: PTH113 - Path.is_file raises for what may not be looked at
        yield name
        return
    with opened(name, wait) as source, tempfile.NamedTemporaryFile(prefix="tdexplain-") as copy:
        for octets in source.octets():
            copy.write(octets)
        copy.flush()
        yield copy.name


def hint(source: Source, beat: Callable[[int], None] = lambda _: None) -> Numbering:
    """Return how a log prints its numbers; `beat` hears how many lines each block had. Raises UnreadableError."""
    return numbering_of(item for item in _items(source, beat) if isinstance(item, Segment))


def convert(
    source: Source,
    to: To,
    file: BinaryIO,
    *,
    likely: Numbering | None = None,
    numbering: NumberingChoice = "auto",
    stopped: Callable[[], bool] = lambda: False,
    beat: Callable[[int], None] = lambda _: None,
) -> Kept:
    """
    Write a log in the numbering `to`, as far as `stopped` lets it.

    Args:
        source: The log, from its beginning.
        to: The numbering to write.
        file: Takes the log in its own encoding.
        likely: What `hint` has found.
        numbering: How the log prints its numbers, where the user says so.
        stopped: Asked between two blocks.
        beat: Hears how many lines each block had.

    Raises UnreadableError, after what could be read has been written.
    """
    converting = _Converting(source, file, Renumberer(to, numbering=_forced(numbering), likely=likely))
    try:
        for block in source.blocks():
            converting.feed(block)
            beat(len(block))
            if stopped():
                break
    finally:
        converting.finish()
    return converting.kept()


class _Converting:
    """One log on its way: items come when they are complete, each takes its physical lines along."""

    def __init__(self, source: Source, file: BinaryIO, renumberer: Renumberer) -> None:
        self._source = source
        self._file = file
        self._renumberer = renumberer
        self._mender = Mender()
        self._waiting: deque[str] = deque()  # physical lines that no item has claimed yet
        self._place = 0  # in what the last item has become: where it ends, and others of its lines may begin
        self._begun = False
        self._fed = self._written = 0  # physical lines
        self._totals = Totals()
        self._totals.sources = 1
        self._lost: Counter[str] = Counter()

    def feed(self, block: Iterable[str]) -> None:
        shown: list[str] = []
        for line in block:
            self._waiting.append(line)
            self._fed += 1
            self._convert(self._mender.feed(line.removesuffix("\r")), shown)
        self._write("".join(shown))

    def finish(self) -> None:
        shown: list[str] = []
        self._convert(self._mender.flush(), shown)
        self._write("".join(shown) + self._ended(list(self._waiting)))

    def kept(self) -> Kept:
        self._totals.lines = self._fed
        return Kept(self._totals, self._lost)

    def _convert(self, items: Iterable[Item], shown: list[str]) -> None:
        """Add to `shown` what the items have become; several may stand in one line."""
        for item in items:
            found = self._renumberer.feed(item)
            if isinstance(item, Segment):
                self._totals.segments += 1
                last, before = item.line + item.lines - 1, item.text
            else:
                self._totals.skipped[item.kind] += 1
                last, before = item.line, item.raw
            if last <= self._written and shown:
                shown[-1] = self._replaced_within(shown[-1], before, found)
                continue
            lines = [self._waiting.popleft() for _ in range(last - self._written)]
            text = self._ended(self._replaced(lines, before, found))
            self._place = max(text.find(found.text), 0) + len(found.text)
            shown.append(text)

    def _replaced_within(self, text: str, before: str, found: Renumbered) -> str:
        """Return lines with the new text of another of their records in the place of the old one."""
        self._lost.update({lost.rule for lost in found.lost})
        place = text.find(before, self._place)
        if place < 0:
            self._lost["repaired"] += found.text != before
            return text
        self._place = place + len(found.text)
        return text[:place] + found.text + text[place + len(before) :]

    def _replaced(self, lines: list[str], before: str, found: Renumbered) -> list[str]:
        """Return the physical lines of a record with its new text in the place of the old one."""
        self._lost.update({lost.rule for lost in found.lost})
        if found.text == before:
            return lines
        old, new = before.split("\n"), found.text.split("\n")
        if len(old) == len(lines) == len(new) and all(text in line for text, line in zip(old, lines, strict=True)):
            return [line.replace(text, now, 1) for line, text, now in zip(lines, old, new, strict=True)]
        self._lost["repaired"] += 1  # the record was pieced together: its text is nowhere in the log as it stands
        return lines

    def _ended(self, lines: list[str]) -> str:
        """Return lines with their newlines; the last one of a log may have none."""
        self._written += len(lines)
        text = "".join(f"{line}\n" for line in lines)
        return text[:-1] if text and not self._source.terminated and self._written == self._fed else text

    def _write(self, text: str) -> None:
        codec, errors, mark = self._source.encoding
        if not self._begun:
            self._begun = True
            self._file.write(mark)
        self._file.write(text.encode(codec, errors))


def _items(source: Source, beat: Callable[[int], None]) -> Iterator[Item]:
    return Mender().read(line.removesuffix("\r") for block in _heard(source, beat) for line in block)


def _heard(source: Source, beat: Callable[[int], None]) -> Iterator[list[str]]:
    for block in source.blocks():
        beat(len(block))
        yield block


def _forced(numbering: NumberingChoice) -> Numbering | None:
    return None if numbering == "auto" else numbering
