"""
Many logs, many processes: an annotated copy of each, the results in the order of the inputs.

A copy gets its name when it is complete, so an interrupted run leaves finished copies only.
"""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

from tdparse.interrupt import Interrupt
from tdparse.output import UnwritableError, replaced
from tdparse.read import UTF_8, opened
from tdparse.render import Totals
from tdparse.render.annotation import MARK as MARK  # noqa: PLC0414 - callers drop such lines
from tdparse.render.annotation import Annotation
from tdparse.render.jsonl import JsonLines
from tdparse.render.text import Text
from tdparse.selection import Alarm, Selection
from tdparse.stream import NumberingChoice, Run
from tdparse.unpack import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tdparse.model import Lang, NumberStyle
    from tdparse.read import Source
    from tdparse.render import Renderer

WINDOW: Final = 4  # logs handed out ahead, for each process
PACKED: Final = frozenset({".gz", ".xz", ".bz2", ".zst"})  # endings a copy does without
CAPTURES: Final = frozenset({".pcap", ".pcapng", ".cap"})  # a copy of these is text


class Style(NamedTuple):
    """How the copies look."""

    format: str  # "text" or "jsonl"
    lang: Lang
    numbers: NumberStyle
    numbering: NumberingChoice
    fail_on: tuple[str, ...] = ()


class Task(NamedTuple):
    """One log and where its copy goes."""

    name: str
    target: Path


class Outcome(NamedTuple):
    """What became of one log: counts, and what went wrong; without `finished` there is no copy."""

    task: Task
    totals: Totals
    met: bool = False  # --fail-on
    trouble: tuple[str, str, str] | None = None  # name, code, detail
    finished: bool = True


class Collision(NamedTuple):
    """Two logs whose copies would carry one name, or a copy that would replace its log (`other` is None)."""

    name: str
    other: str | None


def tasks(paths: Sequence[str], folder: Path, style: Style) -> Iterator[Task | UnreadableError]:
    """
    Yield what there is to do for files and folders; a folder is walked, and its structure kept.

    A folder without any file gives an UnreadableError as a value: it does not stop the others.
    """
    for name in paths:
        path = Path(name)
        if not path.is_dir():
            yield Task(name, folder / copy_name(path.name, style))
            continue
        files = sorted(Path(top) / file for top, _, names in os.walk(path) for file in names)
        found = [file for file in files if not file.name.startswith(".")]
        if not found:
            yield UnreadableError(name, "no_logs")
        for file in found:
            yield Task(str(file), folder / file.relative_to(path).parent / copy_name(file.name, style))


def copy_name(name: str, style: Style) -> str:
    """
    Return the name of a log's copy: the log's own, as what it is stored in now.

    >>> style = Style("text", "en", "relative", "auto")
    >>> copy_name("x.log.gz", style), copy_name("y.pcap", style), copy_name("z.log", style._replace(format="jsonl"))
    ('x.log', 'y.pcap.log', 'z.log.jsonl')
    """
    path = Path(name)
    path = path.with_suffix("") if path.suffix.lower() in PACKED else path
    if style.format == "jsonl":
        return f"{path.name}.jsonl"
    return f"{path.name}.log" if path.suffix.lower() in CAPTURES else path.name


def collision(todo: Iterable[Task]) -> Collision | None:
    """Return the first pair of logs that would get in each other's way, None when all is well."""
    taken: dict[Path, str] = {}
    for task in todo:
        target = task.target.resolve()
        if target in taken:
            return Collision(taken[target], task.name)
        taken[target] = task.name
        if target == Path(task.name).resolve():
            return Collision(task.name, None)
    return None


def annotate(task: Task, style: Style, stopped: Callable[[], bool] | None = None) -> Outcome:
    """
    Write the copy of one log; trouble with it is part of the outcome, never an exception.

    When `stopped` says so between two blocks, the copy is given up; a worker process listens to Ctrl-C itself.
    """
    stopped = stopped or (lambda: _worker.requested)
    alarm, totals = Alarm(style.fail_on), Totals()
    run = Run(renderer(style), Selection(), alarm, totals, style.numbering, drop=MARK)
    trouble = None
    try:
        with opened(task.name) as source:
            task.target.parent.mkdir(parents=True, exist_ok=True)
            with replaced(task.target) as file:
                copy = _Copy(file, source, marked=style.format == "text")
                run.follow(source, copy.write, stopped)
                if stopped():
                    raise _StoppedError  # noqa: TRY301 - leaving the blocks removes the half-written file
                copy.write(run.renderer.finish(totals))
    except _StoppedError:
        return Outcome(task, totals, finished=False)
    except UnreadableError as error:
        trouble = (error.name, error.code, error.detail)
    except UnwritableError as error:
        trouble = (error.name, "unwritable", error.detail)
    except OSError as error:
        trouble = (str(task.target), "unwritable", UnwritableError("", error).detail)
    return Outcome(task, totals, alarm.met, trouble)


def annotate_all(todo: Sequence[Task], style: Style, jobs: int, stopped: Callable[[], bool]) -> Iterator[Outcome]:
    """
    Write all copies with at most `jobs` processes; outcomes come in the order of `todo`.

    Ends early when `stopped` says so.
    """
    if jobs <= 1 or len(todo) <= 1:
        for task in todo:
            outcome = annotate(task, style, stopped)
            if not outcome.finished:
                return
            yield outcome
        return
    with ProcessPoolExecutor(min(jobs, len(todo)), initializer=_listen) as pool:
        # Executor.map would queue every log at once; a window keeps memory even for folders without end.
        running: deque[Future[Outcome]] = deque()
        waiting = iter(todo)
        while not stopped():
            running.extend(pool.submit(annotate, task, style) for task in islice(waiting, jobs * WINDOW - len(running)))
            if not running:
                break
            outcome = running.popleft().result()
            if not outcome.finished:
                break
            yield outcome
        pool.shutdown(cancel_futures=True)


class _StoppedError(Exception):
    """The run is over before the copy is."""


_worker: Final = Interrupt()


def _listen() -> None:
    """Let a worker process take Ctrl-C as a request; its parent gets the same one and ends the run."""
    _worker.__enter__()


def renderer(style: Style, *, on_screen: bool = False) -> Renderer:
    """Return what makes copies look like `style`; `on_screen` they are shown on a terminal."""
    if style.format == "jsonl":
        return JsonLines(style.lang, numbers=style.numbers, numbering=style.numbering)
    return Annotation(Text(style.lang, numbers=style.numbers), on_screen=on_screen)


class _Copy:
    """Writes text in the encoding of its log, which is known once the first block has been read."""

    def __init__(self, file: BinaryIO, source: Source, *, marked: bool) -> None:
        self._file = file
        self._source = source
        self._kept = marked  # whether the copy is the log itself, and keeps its encoding
        self._begun = False

    def write(self, text: str) -> None:
        codec, errors, mark = self._source.encoding if self._kept else UTF_8
        if not self._begun:
            self._begun = True
            self._file.write(mark)
        self._file.write(text.encode(codec, errors))
