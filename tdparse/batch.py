"""
Many logs, many processes: a copy of each, the results in the order of the inputs.

A copy gets its name when it is complete, so an interrupted run leaves finished copies only; what is
finished is skipped when the run is started again.
"""

from __future__ import annotations

import filecmp
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple, TypeAlias

from tdparse import formats, ledger
from tdparse.discover import BACKUP, Task
from tdparse.output import UnwritableError, replaced
from tdparse.pack import packed
from tdparse.read import UTF_8, opened
from tdparse.render import Octets, Totals
from tdparse.render.annotation import MARK as MARK  # noqa: PLC0414 - callers drop such lines
from tdparse.render.annotation import Annotation
from tdparse.render.text import Text
from tdparse.selection import Alarm, Selection
from tdparse.stream import NumberingChoice, Place, Run
from tdparse.unpack import UnreadableError

if TYPE_CHECKING:
    from tdparse.model import Lang, NumberStyle
    from tdparse.read import Source
    from tdparse.render import Renderer

TEXTS: Final = frozenset({"text"})  # formats whose copy is the log itself, and keeps its encoding


# Takes how many octets and lines of the log have been read, returns whether to give up.
Beat: TypeAlias = Callable[[int, int], bool]


class Style(NamedTuple):
    """How the copies look."""

    format: str
    lang: Lang
    numbers: NumberStyle
    numbering: NumberingChoice
    fail_on: tuple[str, ...] = ()


class Outcome(NamedTuple):
    """What became of one log: counts, and what went wrong; without `finished` there is no copy."""

    task: Task
    totals: Totals
    met: bool = False  # --fail-on
    trouble: tuple[str, str, str] | None = None  # name, code, detail
    finished: bool = True
    places: tuple[Place, ...] = ()  # of the first records that could not be read
    entry: ledger.Entry | None = None  # what the ledger keeps of it
    skipped: bool = False  # it was finished before
    size: int = 0  # of the log, in octets


def annotate(task: Task, style: Style, beat: Beat, wait: Callable[[int], bool] | None = None) -> Outcome:
    """
    Write the copy of one log; trouble with it is part of the outcome, never an exception.

    When `beat` says so between two blocks, the copy is given up. A pipe ends then instead, as its lines do not come
    again; `wait` is asked before each read of one whether to go on.
    """
    alarm, totals = Alarm(style.fail_on), Totals()
    places: list[Place] = []
    trouble = None
    stamp = ledger.stamp(task.name)  # before it is read: a log that grows meanwhile is done again
    octets = 0
    try:
        run = Run(renderer(style), Selection(), alarm, totals, style.numbering, MARK, places)
        octets = _written(task, style, run, beat, wait)
    except _StoppedError:
        return Outcome(task, totals, finished=False)
    except _UnchangedError:
        pass
    except UnreadableError as error:
        trouble = (error.name, error.code, error.detail)
    except UnwritableError as error:
        trouble = (error.name, "unwritable", error.detail)
    except formats.MissingError as error:
        trouble = (error.name, error.code, "")
    except OSError as error:
        trouble = (str(task.target), "unwritable", UnwritableError("", error).detail)
    except Exception as error:  # noqa: BLE001 - a defect that one log brings to light must not cost the others
        trouble = (task.name, "internal", f"{type(error).__name__}: {error}")
    met, found = alarm.met, tuple(places)
    entry = None
    if trouble is None and stamp is not None and not task.in_place:
        entry = ledger.Entry(task.name, stamp, fingerprint(task, style), octets, met, totals, found)
    return Outcome(task, totals, met, trouble, places=found, entry=entry, size=stamp.size if stamp else 0)


def finished(task: Task, style: Style, kept: ledger.Ledger) -> Outcome | None:
    """Return the outcome of a log whose copy is there and up to date, None for one that has to be made."""
    stamp = ledger.stamp(task.name)
    if stamp is None:
        return None
    entry = kept.find(task.target, task.name, stamp, fingerprint(task, style))
    if entry is None:
        return None
    return Outcome(task, entry.totals, entry.met, places=entry.places, skipped=True, size=stamp.size)


def fingerprint(task: Task, style: Style) -> str:
    """Return what tells this way of making a copy from all others."""
    return ledger.fingerprint(*style, task.packing)


def renderer(style: Style, *, on_screen: bool = False) -> Renderer:
    """Return what makes copies look like `style`; `on_screen` they are shown on a terminal. Raises MissingError."""
    if style.format in TEXTS:
        return Annotation(Text(style.lang, numbers=style.numbers), on_screen=on_screen)
    return formats.segments(style.format, style.lang, numbers=style.numbers, numbering=style.numbering)


class _StoppedError(Exception):
    """The run is over before the copy is."""


class _UnchangedError(Exception):
    """The log says already what its copy would say."""


def _written(task: Task, style: Style, run: Run, beat: Beat, wait: Callable[[int], bool] | None) -> int:
    """Write a copy; return how long it is, in octets."""
    with opened(task.name, wait) as source:

        def stopped() -> bool:
            enough = beat(source.consumed, run.totals.lines)
            return enough and not (source.live and run.totals.lines)

        task.target.parent.mkdir(parents=True, exist_ok=True)
        with replaced(task.target) as file:
            with packed(file, task.packing) as into:
                if isinstance(run.renderer, Octets):
                    run.renderer.attach(into)
                copy = _Copy(into, source, marked=style.format in TEXTS)
                run.follow(source, copy.write, stopped, encoded=copy.encoded)
                if stopped():
                    raise _StoppedError  # leaving the blocks removes the half-written file
                copy.write(run.renderer.finish(run.totals))
                copy.close()
            file.flush()
            octets = os.fstat(file.fileno()).st_size
            if task.in_place:
                _secure(task.target, file)
    return octets


class _Copy:
    """Writes text in the encoding of its log, which is known once the first block has been read."""

    def __init__(self, file: BinaryIO, source: Source, *, marked: bool) -> None:
        self._file = file
        self._source = source
        self._kept = marked  # whether the copy is the log itself, and keeps its encoding
        self._begun = False
        self._end = b""  # the last newline, until it is known that it is not the last

    def write(self, text: str) -> None:
        """Write text."""
        codec, errors, _ = self._source.encoding if self._kept else UTF_8
        self._put(text.encode(codec, errors), "\n".encode(codec))

    def encoded(self, text: bytes) -> None:
        """Write text that is in UTF-8, as the log is."""
        self._put(text, b"\n")

    def _put(self, octets: bytes, newline: bytes) -> None:
        if not self._begun:
            self._begun = True
            self._file.write(self._source.encoding.mark if self._kept else b"")
        if not octets:
            return
        self._file.write(self._end)
        self._end = newline if self._kept and octets.endswith(newline) else b""
        self._file.write(octets[: len(octets) - len(self._end)])

    def close(self) -> None:
        """Write the last newline, unless the log has none either."""
        if self._source.terminated:
            self._file.write(self._end)


# ------------------------------------------------------------------ in place


def _secure(log: Path, copy: BinaryIO) -> None:
    """Keep the log under another name before its copy takes its own; raises _UnchangedError when they are the same."""
    beside = Path(str(copy.name))
    if filecmp.cmp(log, beside, shallow=False):
        raise _UnchangedError
    kept = _backup(log)
    if not kept.exists():
        try:
            os.link(log, kept)
        except OSError:  # a file system without links
            shutil.copy2(log, kept)


def _backup(log: Path) -> Path:
    """Return the first name for a backup that is free, or holds this very log already."""
    number = 0
    while True:
        kept = log.with_name(f"{log.name}{BACKUP}" if not number else f"{log.name}.{BACKUP}{number}{BACKUP}")
        if not kept.exists() or filecmp.cmp(log, kept, shallow=False):
            return kept
        number += 1
