"""
A running tcpdump as an input: its lines come out as it prints them, its messages pass on to the user.

Ctrl-C on a terminal reaches both programs; where only this one gets it, tcpdump is told. Either way its last
lines are still read. The one message that is replaced is that capturing is not allowed: what to do is said instead.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from tdparse.read import Source
from tdparse.unpack import Descriptor, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

NAME: Final = "tcpdump"

_OPTIONS: Final = ("-l", "-nn", "-S")  # line by line, no names, absolute numbers
_AT_ONCE: Final = "--immediate-mode"  # each packet as it comes: since tcpdump 4.6
_FORBIDDEN: Final = re.compile(r"permission|not permitted", re.IGNORECASE)
_MOMENT: Final = 0.2  # seconds for tcpdump to end by itself
_PATIENCE: Final = 2.0  # seconds for tcpdump to end after it has been told to


def command(program: str, arguments: Sequence[str]) -> list[str]:
    """Return the command line: our options first, so that the user's can change them."""
    done = subprocess.run([program, "--help"], capture_output=True, text=True, errors="replace", check=False)  # noqa: S603 - an installed tcpdump
    at_once = [_AT_ONCE] if _AT_ONCE in done.stdout + done.stderr else []
    return [program, *_OPTIONS, *at_once, *arguments]


@contextmanager
def captured(arguments: Sequence[str], wait: Callable[[int], bool] | None = None) -> Iterator[Source]:
    """
    Run tcpdump with the user's arguments and yield what it prints.

    `wait` is asked before each read whether to go on. Raises UnreadableError when there is no tcpdump, when it
    may not capture, or when it fails.
    """
    program = shutil.which(NAME)
    if program is None:
        raise UnreadableError(NAME, "live_no_tcpdump")
    process = subprocess.Popen(  # noqa: S603 - the user's own arguments
        command(program, arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with process:
        messages = _Messages(process)
        try:
            yield Source(NAME, Descriptor(_fd(process), wait), live=True)
        finally:
            told = _end(process)
            messages.heard.wait(_PATIENCE)
    if process.returncode and not told:
        if messages.forbidden:
            raise UnreadableError(NAME, "live_forbidden", program)
        raise UnreadableError(NAME, "live_failed", process.returncode)


def _fd(process: subprocess.Popen[bytes]) -> int:
    if process.stdout is None:
        raise ValueError("tcpdump needs a pipe")
    return process.stdout.fileno()


def _end(process: subprocess.Popen[bytes]) -> bool:
    """Wait for a tcpdump that is about to end; tell one that is not. Return whether it was told."""
    try:
        process.wait(_MOMENT)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
        return True
    return False


class _Messages:
    """Passes on what tcpdump says beside its output; keeps back that capturing is not allowed."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.forbidden = False
        self.heard = threading.Event()  # tcpdump has said its last word
        self._process = process
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for octets in self._process.stderr or ():
            line = octets.decode(errors="replace")
            if _FORBIDDEN.search(line):
                self.forbidden = True
            else:
                sys.stderr.write(line)
                sys.stderr.flush()
        self.heard.set()
