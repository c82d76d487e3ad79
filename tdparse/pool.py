"""
Tasks to processes: a bounded number is handed out, and a process that dies takes one task along.
"""

from __future__ import annotations

import os
import select
import signal
import threading
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor
from concurrent.futures import wait as first_of
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

from tdparse.interrupt import Interrupt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableSequence
    from multiprocessing.connection import Connection

WINDOW: Final = 4  # tasks handed out ahead, for each process
LOOK: Final = 0.2  # seconds between two looks at how far they have come

T = TypeVar("T")
R = TypeVar("R")


class Work(NamedTuple, Generic[T, R]):
    """What is to be done with tasks."""

    do: Callable[[T], R]  # called in a process of its own; it and its results can be pickled
    crashed: Callable[[T], R]  # what becomes of a task whose process was killed, twice
    enough: Callable[[], bool]  # asked before each hand-out; what has been begun is asked to give up
    seen: Callable[[int, int], None]  # is told now and then what the unfinished tasks have counted


def each(tasks: Iterator[T], work: Work[T, R], jobs: int) -> Iterator[R]:
    """
    Yield the result of each task, in the order they are finished, from at most `jobs` processes.

    A task is taken from `tasks` when there is room for it. Ends early when there is enough.
    """
    team = _Team(work, jobs)
    try:
        while True:
            while team.room and not work.enough() and (task := next(tasks, None)) is not None:
                team.take(task)
            if not team.busy:
                return
            yield from team.results()
    finally:
        team.close()


class _Team(Generic[T, R]):
    """Processes, and what has been handed to them."""

    def __init__(self, work: Work[T, R], jobs: int) -> None:
        self._work = work
        self._jobs = jobs
        # Executor.map would queue every task at once; a window keeps memory even for folders without end.
        self._free = list(range(jobs * WINDOW))
        self._begun: dict[Future[R], tuple[T, int]] = {}  # each task and its place on the board
        self._board = get_context().RawArray("q", 2 * jobs * WINDOW + 1)  # and whether there is enough
        self._pool = _pool(jobs, self._board)

    @property
    def room(self) -> bool:
        return bool(self._free)

    @property
    def busy(self) -> bool:
        return bool(self._begun)

    def take(self, task: T) -> None:
        self._hand(task, self._free.pop())

    def results(self) -> Iterator[R]:
        """Wait for a while; yield what is there."""
        done, _ = first_of(self._begun, LOOK, FIRST_COMPLETED)
        self._work.seen(sum(self._board[:-1:2]), sum(self._board[1::2]))
        for future in done:
            try:
                result = future.result()
            except BrokenProcessPool:
                yield self._sorted_out()
                return
            self._release(self._begun.pop(future)[1])
            yield result
        if self._work.enough():
            self._board[-1] = 1
            for future in [future for future in self._begun if future.cancel()]:
                self._release(self._begun.pop(future)[1])

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _hand(self, task: T, place: int) -> None:
        try:
            future = self._pool.submit(_run, self._work.do, task, place)
        except BrokenProcessPool as error:  # it has died since the last look
            future = Future()
            future.set_exception(error)
        self._begun[future] = task, place

    def _release(self, place: int) -> None:
        self._board[2 * place] = self._board[2 * place + 1] = 0
        self._free.append(place)

    def _sorted_out(self) -> R:
        """
        Return the result of the first task that a dead process may have had, from a process of its own.

        Whose fault it was nobody knows: the others are handed out again.
        """
        self._pool.shutdown()
        self._board[-1] = self._work.enough()  # whoever ends this process may have ended the others first
        begun = self._begun
        self._begun = {future: begun[future] for future in begun if future.done() and not future.exception()}
        (task, place), *others = [begun[future] for future in begun if future not in self._begun]
        with _pool(1, self._board) as alone:
            try:
                result = alone.submit(_run, self._work.do, task, place).result()
            except BrokenProcessPool:
                result = self._work.crashed(task)
        self._release(place)
        self._pool = _pool(self._jobs, self._board)
        for task, place in others:
            if self._work.enough():
                self._release(place)
            else:
                self._hand(task, place)
        return result


# ------------------------------------------------------------------ in a process of the pool

# Ctrl-C and a closed terminal reach every process of the batch; SIGTERM to a worker kills it, as whoever sends it wants.
_interrupt: Final = Interrupt((signal.SIGINT, signal.SIGHUP))
_board: MutableSequence[int] = []  # two counts for each task that is handed out; each place has one writer
_place = 0


def beat(octets: int, lines: int) -> bool:
    """Note what the present task has counted so far, return whether to give up; called between two blocks."""
    _board[2 * _place], _board[2 * _place + 1] = octets, lines
    return _interrupt.requested or bool(_board[-1])


def wait(fd: int) -> bool:
    """As `Interrupt.wait` of whoever has the pool, whom nobody but the board tells of."""
    while not (_interrupt.requested or _board[-1]):
        if select.select([fd], [], [], LOOK)[0]:
            return True
    _interrupt.requested = True
    return _interrupt.wait(fd)


def _run(do: Callable[[T], R], task: T, place: int) -> R:
    global _place  # noqa: PLW0603 - a process does one task at a time
    _place = place
    return do(task)


def _pool(jobs: int, board: MutableSequence[int]) -> ProcessPoolExecutor:
    context = get_context()
    alive, held = context.Pipe(duplex=False)
    forked = context.get_start_method() == "fork"
    given = (board, alive, held if forked else None)
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin, initargs=given)
    _held[pool] = held
    return pool


# The end of a pipe that closes when this process is gone, however it goes; kept as long as its pool.
_held: Final[WeakKeyDictionary[ProcessPoolExecutor, Connection]] = WeakKeyDictionary()


def _begin(board: MutableSequence[int], alive: Connection, held: Connection | None) -> None:
    """Let a worker process take Ctrl-C as a request, and end when its parent has gone."""
    global _board  # noqa: PLW0603 - given once, before the first task
    _board = board
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # not what the parent does with it
    _interrupt.__enter__()
    if held is not None:
        held.close()  # the copy that was forked along would keep the pipe open
    threading.Thread(target=_watch, args=(alive,), daemon=True).start()


def _watch(alive: Connection) -> None:
    alive.poll(None)  # nothing is ever sent: what comes is the end
    os._exit(1)
