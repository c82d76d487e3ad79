"""
One run of `annotate`: what is asked for, found, skipped, done, and told at the end.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from tdparse import batch, pool
from tdparse.discover import Task, apart, collision, listed, tasks
from tdparse.formats import FOR_FILES, OCTETS, MissingError
from tdparse.interrupt import Interrupt
from tdparse.job import PROGRAM, Exit
from tdparse.ledger import Ledger
from tdparse.output import UnwritableError, check, sweep, taking
from tdparse.progress import Progress, size_of
from tdparse.read import opened
from tdparse.render import Totals
from tdparse.selection import Selection
from tdparse.tally import Tally
from tdparse.unpack import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tdparse.batch import Outcome, Style
    from tdparse.discover import Plan
    from tdparse.job import Job


LARGE: Final = 1 << 16  # octets; a log of less is done in a moment


class Request(NamedTuple):
    """What is asked for."""

    paths: Sequence[str]
    files_from: str | None  # a list of more of them
    plan: Plan
    style: Style
    jobs: int
    force: bool = False  # do finished logs again
    report: Path | None = None
    merge: bool = False  # one copy of all logs as one

    def wrong(self, *, folder: bool) -> str | None:
        """Return what does not go together, None when all is well; `folder`: one was named for the copies."""
        plan = self.plan
        if not self.paths and self.files_from is None:
            return "PATH or --files-from is missing"
        if plan.in_place and folder:
            return "--in-place and -o exclude each other"
        if self.merge and (plan.in_place or plan.packing or self.force or self.report):
            return "--merge writes one copy, anew each time: without --in-place, --compress, --force, --report"
        if plan.in_place and (plan.form != "text" or plan.packing):
            return "--in-place writes text, stored as the log is"
        if plan.form in OCTETS and plan.packing:
            return f"{plan.form} is compressed already"
        if not (folder or plan.in_place) and (plan.packing or self.force or self.report):
            return "--compress, --force and --report need -o"
        return None


def run(job: Job, request: Request, *, folder: bool) -> Exit:
    """Do it; without a folder, and not in place, to standard output. `job` remembers what has happened."""
    to_files = folder or request.plan.in_place
    ledger = None
    try:
        if folder:
            ledger = Ledger(request.plan.folder)
        copies = ledger.copies if ledger else {}
        found = list(_found(request, copies))
    except UnreadableError as error:
        job.trouble(error.name, error.code, error.detail)
        return Exit.FAILED
    except UnwritableError as error:
        job.trouble(error.name, "unwritable", error.detail)
        return Exit.FAILED
    todo = [task for task in found if isinstance(task, Task)]
    missing = [error for error in found if isinstance(error, UnreadableError)]
    if request.merge or not to_files:
        for trouble in missing:
            job.trouble(trouble.name, trouble.code, trouble.detail)
        return _one_output(job, request, todo, folder=folder)
    todo = apart(todo, request.plan)
    if clash := collision(todo, None if request.force else copies):
        job.complain(clash.name, clash.code, clash.other)
        return Exit.USAGE
    if request.report is not None and _is_in_the_way(job, request.report, request, todo):
        return Exit.USAGE
    if todo and folder:
        try:
            check(request.plan.folder)
        except UnwritableError as error:  # once, not for each log
            job.trouble(error.name, "unwritable", error.detail)
            return Exit.FAILED
    return _Batch(job, request, todo, ledger).run(missing)


def _found(request: Request, copies: Mapping[str, str]) -> Iterator[Task | UnreadableError]:
    yield from tasks(request.paths, request.plan, copies)
    if request.files_from is not None:
        with opened(request.files_from) as source:
            names = listed(b"".join(source.octets()))
        yield from tasks(names, request.plan, copies, listed=True)


def _is_in_the_way(job: Job, report: Path, request: Request, todo: Sequence[Task]) -> bool:
    """Tell of a report that would replace a log, the list of them, or a copy, and return whether it would."""
    given = [task.name for task in todo] + ([] if request.files_from is None else [request.files_from])
    if job.is_onto_input(report, given):
        return True
    place = os.path.realpath(report)
    for task in todo:
        if os.path.realpath(task.target) == place:
            job.complain(str(report), "same_output", task.name)
            return True
    return False


def _one_output(job: Job, request: Request, todo: Sequence[Task], *, folder: bool) -> Exit:
    """Write the copies one after another to standard output, or merged to one place."""
    on_screen = not folder and sys.stdout.isatty()
    if request.plan.form in FOR_FILES and on_screen:
        job.complain(request.plan.form, "terminal")
        return Exit.USAGE
    names = list(dict.fromkeys(task.name for task in todo))
    # Rotated logs are called after the newest: x.log.2.gz, x.log.1, x.log.
    output = min((task.target for task in todo), key=lambda target: len(target.name)) if folder and todo else None
    if output is not None:
        for name in names:
            if clash := collision([Task(name, output)], None):
                job.complain(clash.name, clash.code, clash.other)
                return Exit.USAGE
    try:
        renderer = batch.renderer(request.style, on_screen=on_screen)
        if output is not None:
            check(output.parent)
    except MissingError as error:
        job.trouble(error.name, error.code)
        return Exit.FAILED
    except UnwritableError as error:
        job.trouble(error.name, "unwritable", error.detail)
        return Exit.FAILED
    return job.explain(
        names,
        renderer,
        Selection(),
        output=output,
        numbering=request.style.numbering,
        drop=batch.MARK,
        merge=request.merge and bool(names),
    )


class _Batch:
    """A batch on its way."""

    def __init__(self, job: Job, request: Request, todo: Sequence[Task], ledger: Ledger | None) -> None:
        self._job = job
        self._request = request
        self._todo = todo
        self._ledger = ledger
        self._tally = Tally(len(todo))
        self._sizes = [size_of(task.name) or 0 for task in todo]
        self._progress = Progress(job.lang, self._sizes)
        self._octets = self._lines = 0  # of the logs that are done
        self._done: dict[int, tuple[str, str, str] | None] = {}  # trouble that waits until that before it is told
        self._told = 0

    def run(self, missing: Sequence[UnreadableError]) -> Exit:
        """Do it; `missing` is what was asked for and is not there."""
        for error in missing:
            self._tally.lack(error.name, self._trouble(error.name, error.code, error.detail))
        with Interrupt() as interrupt:
            self._swept()
            self._work(interrupt)
            for _, trouble in sorted(self._done.items()):
                self._tell(trouble)
            self._progress.stop()
            self._close()
        for line in self._tally.lines(self._job.lang):
            self._job.say(f"{PROGRAM}: {line}")
        self._job.tell_evicted(self._tally.totals.evicted)
        return Exit.INTERRUPTED if interrupt.requested else self._job.code()

    def _work(self, interrupt: Interrupt) -> None:
        style = self._request.style

        def stopped() -> bool:
            return interrupt.requested

        if (jobs := min(self._request.jobs, len(self._todo))) > 1:
            do = _Do(style)
            work = pool.Work(do, do.crashed, stopped, self._seen)
            for number, outcome in pool.each(self._missing(self._largest_first()), work, jobs):
                self._take(number, outcome)
            return

        def beat(octets: int, lines: int) -> bool:
            self._seen(octets, lines)
            return stopped()

        for number, task in self._missing(range(len(self._todo))):
            self._take(number, batch.annotate(task, style, beat, interrupt.wait))
            if stopped():
                return

    def _largest_first(self) -> list[int]:
        """Return the numbers of the logs in an order that leaves no process with a long one when the others are done."""
        order = range(len(self._todo))
        large = [number for number in order if self._sizes[number] >= LARGE]
        return sorted(large, key=lambda number: -self._sizes[number]) + [
            number for number in order if self._sizes[number] < LARGE
        ]

    def _missing(self, order: Iterable[int]) -> Iterator[tuple[int, Task]]:
        """Yield the logs that have to be done, and take what is known of the others."""
        for number in order:
            task = self._todo[number]
            known = None
            if self._ledger is not None and not self._request.force:
                known = batch.finished(task, self._request.style, self._ledger)
            if known is None:
                yield number, task
            else:
                self._take(number, known)

    def _take(self, number: int, outcome: Outcome) -> None:
        """Take what became of a log; what went wrong is told in the order of the inputs, whichever ends first."""
        if not outcome.finished:
            return
        size = self._sizes[number]
        if outcome.skipped:
            self._progress.without(size)
        else:
            self._octets += size
            self._lines += outcome.totals.lines
            self._progress.next(0)
        self._tally.take(number, outcome)
        if outcome.trouble is None:
            self._job.take(outcome.totals, met=outcome.met)
            self._note(outcome)
        self._done[number] = outcome.trouble
        while self._told in self._done:
            self._tell(self._done.pop(self._told))
            self._told += 1

    def _tell(self, trouble: tuple[str, str, str] | None) -> None:
        if trouble is not None:
            self._tally.tell(trouble[0], self._trouble(*trouble))

    def _note(self, outcome: Outcome) -> None:
        if outcome.entry is None or self._ledger is None:
            return
        try:
            self._ledger.add(outcome.task.target, outcome.entry)
        except UnwritableError as error:
            self._ledger = None  # told once; the copies are made all the same
            self._unwritable(error)

    def _close(self) -> None:
        """Leave order behind, and the report."""
        try:
            if self._ledger is not None:
                self._ledger.tidy()
            self._swept()
            if self._request.report is not None:
                with taking(self._request.report) as file:
                    file.write(self._tally.as_json())
        except UnwritableError as error:
            self._unwritable(error)

    def _swept(self) -> None:
        """Remove what killed runs have left half-written where this one writes."""
        for folder in sorted({task.target.parent for task in self._todo}):
            try:
                sweep(folder)
            except UnwritableError as error:
                self._unwritable(error)

    def _seen(self, octets: int, lines: int) -> None:
        """Show how far it has come, with so much read of what is not done yet."""
        self._progress.tick(self._octets + octets, self._lines + lines)

    def _unwritable(self, error: UnwritableError) -> None:
        self._tally.tell(error.name, self._trouble(error.name, "unwritable", error.detail))

    def _trouble(self, name: str, code: str, detail: str) -> str:
        self._progress.clear()
        return self._job.trouble(name, code, detail)


class _Do:
    """What a worker process does with a log and its number."""

    def __init__(self, style: Style) -> None:
        self._style = style

    def __call__(self, numbered: tuple[int, Task]) -> tuple[int, Outcome]:
        number, task = numbered
        return number, batch.annotate(task, self._style, pool.beat, pool.wait)

    def crashed(self, numbered: tuple[int, Task]) -> tuple[int, Outcome]:
        number, task = numbered
        return number, batch.Outcome(task, Totals(), trouble=(task.name, "crashed", ""))
