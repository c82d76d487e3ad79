"""
One run of `annotate`: what is asked for, found, skipped, done, and told at the end.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tdparse import batch, pool
from tdparse.discover import Task, collision, listed, tasks
from tdparse.formats import OCTETS, MissingError
from tdparse.interrupt import Interrupt
from tdparse.job import PROGRAM, Exit
from tdparse.ledger import Ledger
from tdparse.output import UnwritableError, replaced, sweep
from tdparse.read import opened
from tdparse.render import Totals
from tdparse.selection import Selection
from tdparse.tally import Tally
from tdparse.unpack import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tdparse.batch import Outcome, Style
    from tdparse.discover import Plan
    from tdparse.job import Job


class Request(NamedTuple):
    """What is asked for."""

    paths: Sequence[str]
    files_from: str | None  # a list of more of them
    plan: Plan
    style: Style
    jobs: int
    force: bool = False  # do finished logs again
    report: Path | None = None

    def wrong(self, *, folder: bool) -> str | None:
        """Return what does not go together, None when all is well; `folder`: one was named for the copies."""
        plan = self.plan
        if not self.paths and self.files_from is None:
            return "PATH or --files-from is missing"
        if plan.in_place and folder:
            return "--in-place and -o exclude each other"
        if plan.in_place and (plan.form != "text" or plan.packing):
            return "--in-place writes text, stored as the log is"
        if plan.form in OCTETS and plan.packing:
            return f"{plan.form} is compressed already"
        if not (folder or plan.in_place) and (plan.packing or self.force or self.report):
            return "--compress, --force and --report need -o"
        return None


def run(job: Job, request: Request, *, folder: bool) -> Exit:
    """Do it; without a folder, and not in place, to standard output. `job` remembers what has happened."""
    try:
        found = list(_found(request))
    except UnreadableError as error:
        job.trouble(error.name, error.code, error.detail)
        return Exit.FAILED
    todo = [task for task in found if isinstance(task, Task)]
    missing = [error for error in found if isinstance(error, UnreadableError)]
    if not (folder or request.plan.in_place):
        for trouble in missing:
            job.trouble(trouble.name, trouble.code, trouble.detail)
        return _shown(job, request, todo)
    if clash := collision(todo):
        job.complain(clash.name, "same_output" if clash.other else "onto_input", clash.other or "")
        return Exit.USAGE
    return _Batch(job, request, todo, missing).run()


def _found(request: Request) -> Iterator[Task | UnreadableError]:
    yield from tasks(request.paths, request.plan)
    if request.files_from is not None:
        with opened(request.files_from) as source:
            names = listed(b"".join(source.octets()))
        yield from tasks(names, request.plan, listed=True)


def _shown(job: Job, request: Request, todo: Sequence[Task]) -> Exit:
    """Write the copies to standard output, one after another."""
    on_screen = sys.stdout.isatty()
    if request.plan.form in OCTETS and on_screen:
        job.complain(request.plan.form, "terminal")
        return Exit.USAGE
    try:
        renderer = batch.renderer(request.style, on_screen=on_screen)
    except MissingError as error:
        job.trouble(error.name, error.code)
        return Exit.FAILED
    names = [task.name for task in todo]
    return job.explain(names, renderer, Selection(), numbering=request.style.numbering, drop=batch.MARK)


class _Batch:
    """A batch on its way."""

    def __init__(self, job: Job, request: Request, todo: Sequence[Task], missing: Sequence[UnreadableError]) -> None:
        self._job = job
        self._request = request
        self._todo = todo
        self._tally = Tally(len(todo))
        self._ledger: Ledger | None = None
        self._missing = missing

    def run(self) -> Exit:
        job = self._job
        for error in self._missing:
            self._tally.fail(error.name, job.trouble(error.name, error.code, error.detail))
        with Interrupt() as interrupt:
            self._swept()
            self._ledger = self._opened()
            for outcome in self._outcomes(lambda: interrupt.requested):
                self._take(outcome)
            self._close()
        for line in self._tally.lines(job.lang):
            job.say(f"{PROGRAM}: {line}")
        return Exit.INTERRUPTED if interrupt.requested else job.code()

    def _outcomes(self, stopped: Callable[[], bool]) -> Iterator[Outcome]:
        style, jobs = self._request.style, min(self._request.jobs, len(self._todo))
        if jobs > 1:
            work = _Work(style)
            yield from pool.each(self._known(), work, work.crashed, jobs, stopped)
            return
        for task, known in self._known():
            outcome = known or batch.annotate(task, style, stopped)
            if stopped() and not outcome.finished:
                return
            yield outcome

    def _known(self) -> Iterator[tuple[Task, Outcome | None]]:
        """Yield what there is to do, each with its outcome when it is finished already."""
        for task in self._todo:
            ledger = None if self._request.force else self._ledger
            yield task, None if ledger is None else batch.finished(task, self._request.style, ledger)

    def _take(self, outcome: Outcome) -> None:
        if not outcome.finished:
            return
        self._tally.take(outcome)
        if outcome.trouble is not None:
            self._tally.fail(outcome.trouble[0], self._job.trouble(*outcome.trouble))
            return
        self._job.take(outcome.totals, met=outcome.met)
        if outcome.entry is not None and self._ledger is not None:
            try:
                self._ledger.add(outcome.task.target, outcome.entry)
            except UnwritableError as error:
                self._ledger = None  # told once; the copies are made all the same
                self._unwritable(error)

    def _opened(self) -> Ledger | None:
        if self._request.plan.in_place:
            return None  # the logs themselves show whether they are annotated
        try:
            return Ledger(self._request.plan.folder)
        except UnwritableError as error:
            self._unwritable(error)
            return None

    def _close(self) -> None:
        """Leave order behind, and the report."""
        try:
            if self._ledger is not None:
                self._ledger.tidy()
            self._swept()
            if self._request.report is not None:
                with replaced(self._request.report) as file:
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

    def _unwritable(self, error: UnwritableError) -> None:
        self._tally.fail(error.name, self._job.trouble(error.name, "unwritable", error.detail))


class _Work:
    """What a worker process does with a task."""

    def __init__(self, style: Style) -> None:
        self._style = style

    def __call__(self, task: Task) -> Outcome:
        return batch.annotate(task, self._style, pool.stopped)

    def crashed(self, task: Task) -> Outcome:
        return batch.Outcome(task, Totals(), trouble=(task.name, "crashed", ""))
