"""
Tasks to processes: a bounded number is handed out, results come in order, and a process that dies takes one task along.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TYPE_CHECKING, Final, TypeVar
from weakref import WeakKeyDictionary

from tdparse.interrupt import Interrupt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

WINDOW: Final = 4  # tasks handed out ahead, for each process

T = TypeVar("T")
R = TypeVar("R")

_worker: Final = Interrupt()


def stopped() -> bool:
    """Return whether Ctrl-C has come; what a worker process asks between two blocks."""
    return _worker.requested


def each(
    tasks: Iterator[tuple[T, R | None]],
    work: Callable[[T], R],
    crashed: Callable[[T], R],
    jobs: int,
    enough: Callable[[], bool],
) -> Iterator[R]:
    """
    Yield the result of each task, in their order, from at most `jobs` processes; ends early when `enough` says so.

    Args:
        tasks: each with its result where that is known already.
        work: called in a process of its own; it and its results can be pickled.
        crashed: what becomes of a task whose process was killed, twice.
        jobs: processes.
        enough: asked before each result.
    """
    # Executor.map would queue every task at once; a window keeps memory even for folders without end.
    waiting: deque[tuple[T, R | None, Future[R] | None]] = deque()
    pool: ProcessPoolExecutor | None = None
    try:
        while not enough():
            try:
                if pool is None:
                    pool = _pool(jobs)
                    for place, (task, known, _) in enumerate(waiting):
                        waiting[place] = task, known, _handed(pool, work, task, known)
                while len(waiting) < jobs * WINDOW and (more := next(tasks, None)) is not None:
                    waiting.append((*more, None))
                    waiting[-1] = *more, _handed(pool, work, *more)
                if not waiting:
                    break
                task, known, future = waiting[0]
                result = known if future is None else future.result()
            except BrokenProcessPool:
                if pool is not None:
                    pool.shutdown()
                pool = None  # whose fault it was nobody knows: the first is tried alone, the others again
                task, known, _ = waiting[0]
                result = _alone(work, crashed, task) if known is None else known
            waiting.popleft()
            if result is not None:
                yield result
    finally:
        if pool is not None:
            pool.shutdown(cancel_futures=True)


def _handed(pool: ProcessPoolExecutor, work: Callable[[T], R], task: T, known: R | None) -> Future[R] | None:
    return None if known is not None else pool.submit(work, task)


def _alone(work: Callable[[T], R], crashed: Callable[[T], R], task: T) -> R:
    with _pool(1) as pool:
        try:
            return pool.submit(work, task).result()
        except BrokenProcessPool:
            return crashed(task)


def _pool(jobs: int) -> ProcessPoolExecutor:
    context = get_context()
    alive, held = context.Pipe(duplex=False)
    forked = context.get_start_method() == "fork"
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin, initargs=(alive, held if forked else None))
    _held[pool] = held
    return pool


# The end of a pipe that closes when this process is gone, however it goes; kept as long as its pool.
_held: Final[WeakKeyDictionary[ProcessPoolExecutor, Connection]] = WeakKeyDictionary()


def _begin(alive: Connection, held: Connection | None) -> None:
    """Let a worker process take Ctrl-C as a request, and end when its parent has gone."""
    _worker.__enter__()
    if held is not None:
        held.close()  # the copy that was forked along would keep the pipe open
    threading.Thread(target=_watch, args=(alive,), daemon=True).start()


def _watch(alive: Connection) -> None:
    alive.poll(None)  # nothing is ever sent: what comes is the end
    os._exit(1)
