"""
One long log on two processes: this one shows the beginning, another one runs ahead without a word and shows the rest.

Both track every segment in the same order with the same code; where the second begins to speak it is where one
process alone would be. So the output is the same, octet for octet, and what is gained is the time that words and
summaries take. A process that reads for another that tracks would gain less: reading is a twenty-fifth of the work,
and half of that goes into handing over what was read. Half of the connections for each is out of reach without another
core: which incarnation a segment opens, when the table is swept and how numbers are printed depend on all of them.
"""

from __future__ import annotations

import errno
import mmap
import os
import pickle
import select
import signal
import stat
import sys
import tempfile
from contextlib import suppress
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, NoReturn, cast

from tdparse.interrupt import SIGNALS
from tdparse.read import opened
from tdparse.render import Silent, Totals
from tdparse.unpack import UnreadableError, packing_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Self

    from tdparse.model import Skipped, Step, Summary
    from tdparse.render import Renderer
    from tdparse.stream import Run

PLACES: Final = ("/var/tmp",)  # noqa: S108 - kept on a disk; where it is not there, what the system names
LOOK: Final = 0.2  # seconds between two looks at whether there is enough
LEAST: Final = 1 << 22  # octets of a log that is worth a second process
ROOM: Final = 8  # times the size of the log that must be free where the rest waits
GAIN: Final = 0.1  # of its way that the second process has to be ahead, or it gives up
COPIED: Final = 1 << 20  # octets at once


def worth(names: Sequence[str], renderer: Renderer) -> bool:
    """Tell whether there is a log that two processes can read alike, long enough, and shown in a way that can begin later."""
    if len(names) != 1 or not isinstance(renderer, Silent) or not hasattr(os, "fork"):
        return False
    path = Path(names[0])
    try:
        found = path.stat()
        # What tcpdump prints for a capture comes in blocks as it likes.
        return stat.S_ISREG(found.st_mode) and found.st_size >= LEAST and packing_of(path) != "capture"
    except (OSError, ValueError):
        return False


class HandedOverError(Exception):
    """The other process has shown the rest."""


class Ahead:
    """The other process, while entered; `run` is what both follow."""

    def __init__(self, name: str, run: Run, beside: Path | None) -> None:
        """`beside` is where there is room for the rest, None where the system keeps what is temporary."""
        self._name = name
        self._run = run
        self._beside = beside
        self._size = os.stat(name).st_size  # noqa: PTH116 - by the name as it was given
        self._board = _Board()
        self._blocks = 0
        self._pid = 0
        self.trouble: tuple[str, str, str] | None = None  # name, code, detail: the log breaks off

    def __enter__(self) -> Self:
        """Start it, unless there is no room for what it shows; then this process shows everything."""
        try:
            self._rest = _temporary(self._beside, self._size * ROOM)
        except OSError:
            return self
        read, write = os.pipe()
        runner = _Runner(self._run, self._board, self._rest, self._size)
        self._pid = os.fork()
        if not self._pid:
            runner.go(self._name, write)
        os.close(write)
        self._result = os.fdopen(read, "rb")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End it, whatever it is doing."""
        if self._pid:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
            self._result.close()
            self._rest.close()

    def block(self, octets: int, enough: Callable[[], bool]) -> None:
        """
        Note that a block has been shown, `octets` of the log in all.

        Raises HandedOverError where the other one has begun to speak, when all it had to say is there; it is not
        waited for when there is `enough`.
        """
        self._blocks += 1
        self._board.octets = octets
        if self._pid and self._blocks == self._board.turn and self._taken(enough):
            raise HandedOverError

    def copy(self, file: BinaryIO) -> None:
        """Write what the other one has shown."""
        self._rest.seek(0)
        while chunk := self._rest.read(COPIED):
            file.write(chunk)

    def _taken(self, enough: Callable[[], bool]) -> bool:
        """Wait for the other one to end, take what it has counted; False when it came to nothing, or there is enough."""
        while not select.select([self._result], [], [], LOOK)[0]:
            if enough():
                return False
        octets = self._result.read()
        if not octets:
            return False
        totals, met, trouble = pickle.loads(octets)  # noqa: S301 - from our own child, through our own pipe
        self._run.totals.add(totals)
        self._run.alarm.met = self._run.alarm.met or met
        self.trouble = trouble
        return True


class _Board:
    """What both processes see: how many octets the first has shown, and after which block it is the other's turn."""

    def __init__(self) -> None:
        self._numbers = mmap.mmap(-1, 16)

    @property
    def octets(self) -> int:
        return self._read(0)

    @octets.setter
    def octets(self, count: int) -> None:
        self._numbers[:8] = count.to_bytes(8, sys.byteorder)

    @property
    def turn(self) -> int:
        return self._read(8)

    @turn.setter
    def turn(self, block: int) -> None:
        self._numbers[8:] = block.to_bytes(8, sys.byteorder)

    def _read(self, place: int) -> int:
        return int.from_bytes(self._numbers[place : place + 8], sys.byteorder)


class _Runner:
    """What the other process does."""

    def __init__(self, run: Run, board: _Board, rest: BinaryIO, size: int) -> None:
        self._board = board
        self._rest = rest
        self._size = size
        self._mute = _Mute(cast("Silent", run.renderer))  # or it would not be worth it
        self._run = run._replace(renderer=self._mute)
        self._parent = os.getpid()  # made before the fork
        self._blocks = 0
        self._octets = 0

    def go(self, name: str, result: int) -> NoReturn:
        """Follow the log to its end, hand over what has been counted, and end."""
        try:
            for number in SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            trouble = None
            with opened(name) as source:
                try:
                    self._run.follow(source, self._write, lambda: self._block(source.consumed), encoded=self._encoded)
                except UnreadableError as error:
                    trouble = error.name, error.code, error.detail
            self._rest.flush()
            if self._board.turn:
                with os.fdopen(result, "wb") as file:
                    pickle.dump((self._run.totals, self._run.alarm.met, trouble), file)
        finally:
            os._exit(0)  # nothing of what the first process has opened is to be tidied up here

    def _write(self, text: str) -> None:
        if self._board.turn:
            self._encoded(text.encode("utf-8", "surrogateescape"))

    def _encoded(self, text: bytes) -> None:
        if self._board.turn:
            self._rest.write(text)

    def _block(self, octets: int) -> bool:
        """Begin to speak where as much is left as the other one still has to show until there: both end together."""
        self._blocks += 1
        if not self._board.turn:
            lead = octets - self._board.octets
            if octets > self._size // 4 and lead < octets * GAIN:
                return True  # words take no time here: there is nothing to gain
            if self._size - octets <= lead:
                self._mute.end_silence()
                vars(self._run.totals).update(vars(Totals()))  # what has been counted so far the first one counts
                self._board.turn = self._blocks
        return os.getppid() != self._parent  # nobody would read the rest


class _Mute:
    """A Renderer that shows nothing until it is told to, and then all."""

    def __init__(self, renderer: Silent) -> None:
        self._renderer = renderer
        self.template_lang = getattr(renderer, "template_lang", None)
        self.silent = True

    def __copy__(self) -> Renderer:
        copied = copy(self._renderer)
        return _Mute(copied) if self.silent else copied

    def end_silence(self) -> None:
        """Show all from now on."""
        renderer = self._renderer
        self.silent = False
        self.step, self.skipped, self.summary, self.end = (  # type: ignore[method-assign]
            renderer.step,
            renderer.skipped,
            renderer.summary,
            renderer.end,
        )

    def start(self, source: str, opening: Sequence[str]) -> str:
        return self._renderer.start(source, opening)

    def step(self, step: Step, lines: Sequence[str]) -> str:  # noqa: ARG002 - the other process shows them
        self._renderer.pass_over(step)
        return ""

    def skipped(self, skipped: Skipped, lines: Sequence[str]) -> str:  # noqa: ARG002 - the same
        return ""

    def summary(self, summary: Summary) -> str:  # noqa: ARG002 - the same
        return ""

    def end(self, lines: Sequence[str]) -> str:  # noqa: ARG002 - the same
        return ""

    def finish(self, totals: Totals) -> str:
        return self._renderer.finish(totals)


def _temporary(beside: Path | None, room: int) -> BinaryIO:
    """Return a file without a name, where there is so much room. Raises OSError."""
    folder = beside or next((place for place in PLACES if os.access(place, os.W_OK)), None)
    file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - whoever asked for it closes it
    free = os.fstatvfs(file.fileno())
    if free.f_bavail * free.f_frsize < room:
        file.close()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return file
