"""
One run of `compare`: both logs read, then laid beside each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdparse.compare import Log, compare
from tdparse.job import Exit
from tdparse.model import Skipped, Step
from tdparse.output import UnwritableError, taking
from tdparse.pipeline import Explainer, dropped_by_capture
from tdparse.progress import Progress, size_of
from tdparse.read import opened, shown_name
from tdparse.unpack import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tdparse.compare import Comparison
    from tdparse.job import Job
    from tdparse.stream import NumberingChoice


def run(
    job: Job,
    names: tuple[str, str],
    view: Callable[[Comparison], str],
    *,
    output: Path | None = None,
    numbering: NumberingChoice = "auto",
) -> Exit:
    """Compare the logs `names`, and write what `view` says; nothing where one of them cannot be read."""
    if job.is_onto_input(output, names):
        return Exit.USAGE
    progress = Progress(job.lang, map(size_of, names))
    logs = []
    for name in names:
        log = Log(shown_name(name))
        try:
            _read(job, name, log, numbering, progress)
        except UnreadableError as error:
            job.trouble(error.name, error.code, error.detail)
        logs.append(log)
    progress.stop()
    if (code := job.code()) not in (Exit.DONE, Exit.ALARM):
        if code is Exit.NOTHING:
            job.complain(" ↔ ".join(map(shown_name, names)), "nothing")
        return code
    text = view(compare(*logs)).encode("utf-8", "surrogateescape")
    try:
        with taking(output) as file:
            file.write(text)
    except BrokenPipeError:  # the reader has seen enough
        return Exit.DONE
    except UnwritableError as error:
        job.trouble(error.name, "unwritable", error.detail)
    return job.code()


def _read(job: Job, name: str, log: Log, numbering: NumberingChoice, progress: Progress) -> None:
    """Take what a log holds. Raises UnreadableError."""
    totals = job.totals
    explainer = Explainer(log.name, numbering=numbering)
    with opened(name) as source:
        for block in source.blocks():
            for line in block:
                for item in explainer.feed(line.removesuffix("\r")):
                    _take(job, log, item)
            totals.lines += len(block)
            progress.tick(source.consumed, totals.lines)
        progress.next(source.consumed)
    for item in explainer.finish():
        _take(job, log, item)
    log.close()


def _take(job: Job, log: Log, item: object) -> None:
    if isinstance(item, Step):
        job.totals.segments += 1
        log.take(item)
    elif isinstance(item, Skipped):
        job.totals.skipped[item.kind] += 1
        log.dropped += dropped_by_capture(item)
