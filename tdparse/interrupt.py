"""
Ctrl-C as the end of the input: a request that is looked at between two reads, so that nothing is torn apart.

The same holds for SIGTERM, with which a supervisor stops a service, and for SIGHUP, which a closed terminal leaves
behind. A signal that was ignored when the program was started (nohup, a background job of a script) stays ignored.

And the other signal of a terminal: that it has changed its size.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType, TracebackType
    from typing import Any, Self, TypeAlias

    Handler: TypeAlias = Callable[[int, FrameType | None], Any] | int | signal.Handlers | None

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# tcpdump gets the same Ctrl-C and flushes its last lines; they are waited for this long, in seconds.
_SILENCE: Final = 0.2
_PATIENCE: Final = 1.0


def take(handler: Handler, signals: Sequence[signal.Signals] = SIGNALS) -> dict[signal.Signals, Handler]:
    """Let `handler` have the signals that are not ignored; return who had them before."""
    before = {number: signal.getsignal(number) for number in signals}
    taken = {number: had for number, had in before.items() if had is not signal.SIG_IGN}
    for number in taken:
        signal.signal(number, handler)
    return taken


def leave(_signal: int, _frame: object) -> NoReturn:
    """End the program as what was interrupted."""
    sys.exit(130)


class Interrupt:
    """
    While entered, the first of the signals sets `requested`; a second one raises KeyboardInterrupt.

    Outside the main thread, where Python delivers no signals, it does nothing.
    """

    def __init__(self, signals: Sequence[signal.Signals] = SIGNALS) -> None:
        """Start without a request; `signals` make one."""
        self.requested = False
        self._signals = signals
        self._deadline: float | None = None
        self._wake: tuple[int, int] | None = None
        self._before: dict[signal.Signals, Handler] = {}
        self._wakeup_before = -1

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._wake = os.pipe()
            for end in self._wake:
                os.set_blocking(end, False)
            self._wakeup_before = signal.set_wakeup_fd(self._wake[1], warn_on_full_buffer=False)
            self._before = take(self._note, self._signals)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._wake is not None:
            for number, handler in self._before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(self._wakeup_before)
            for end in self._wake:
                os.close(end)
            self._wake = None

    def wait(self, fd: int) -> bool:
        """
        Wait until `fd` has something to read and return True, or return False when it should be read no more.

        After the request, what comes at once is still worth reading: it was on its way.
        """
        if self._wake is None:
            return True
        while not self.requested:
            ready, _, _ = select.select([fd, self._wake[0]], [], [])
            if fd in ready and not self.requested:
                return True
            if not self.requested:
                os.read(self._wake[0], select.PIPE_BUF)  # it was another signal
        now = time.monotonic()
        if self._deadline is None:
            self._deadline = now + _PATIENCE
        ready, _, _ = select.select([fd], [], [], max(0.0, min(_SILENCE, self._deadline - now)))
        return bool(ready) and now < self._deadline

    def _note(self, _signal: int, _frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True


@contextmanager
def resizing(fit: Callable[[int], None]) -> Iterator[None]:
    """While entered, tell `fit` how many columns the terminal has whenever that changes."""

    def changed(_signal: int, _frame: FrameType | None) -> None:
        from shutil import get_terminal_size  # brings compression libraries, which take a while

        fit(get_terminal_size().columns)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGWINCH, changed)
    try:
        yield
    finally:
        signal.signal(signal.SIGWINCH, before)
