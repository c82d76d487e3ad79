"""
One long log on two processes: each explains half of the connections, and the first one writes what both say in order.

Both read the whole log and know each record; of those of the other half they only take note (`tdparse.sharing`), and put
a mark in their place. So what both have shown of a block goes together record by record, and is what one process would have
shown, octet for octet. Connections are numbered as they appear in the whole log: until both halves have come there,
what stands for their numbers are others, that no log has by chance, and the first process puts in the real ones.

Where the other process is lost, or the halves do not fit together, the log is explained again by this one alone, and what
was written already is not written twice.
"""

from __future__ import annotations

import os
import pickle
import re
import secrets
import select
import signal
import socket
import stat
import struct
from array import array
from bisect import bisect_left
from collections import defaultdict, deque
from contextlib import suppress
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn, cast

from tdparse.interrupt import SIGNALS
from tdparse.read import opened
from tdparse.render import Totals
from tdparse.sharing import DivergedError
from tdparse.stream import PASSED
from tdparse.unpack import UnreadableError, packing_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

    from tdparse.stream import Following, Run

LEAST: Final = 1 << 22  # octets of a log that is worth a second process
LEAD: Final = 8  # blocks that one half may be ahead of the other
RECEIVED: Final = 1 << 18  # octets at once
LENGTH: Final = struct.Struct("=I")
REMEMBERED: Final = 1 << 12  # numbers of connections
DIGITS: Final = 11  # of a position: logs have fewer than 10**9 lines
SUMMED: Final = ("connections", "chosen", "evicted", "verdicts", "findings")  # each half counts its own


def worth(names: Sequence[str]) -> bool:
    """Tell whether there is a log that two processes can read alike, and long enough; `Following` knows how it is shown."""
    if len(names) != 1 or not hasattr(os, "fork"):
        return False
    path = Path(names[0])
    try:
        found = path.stat()
        # What tcpdump prints for a capture comes in blocks as it likes.
        return stat.S_ISREG(found.st_mode) and found.st_size >= LEAST and packing_of(path) != "capture"
    except (OSError, ValueError):
        return False


class LostError(Exception):
    """The other process is gone."""


class Halves:
    """The other process, while entered; `name` is the log that both follow."""

    def __init__(self, name: str, run: Run) -> None:
        """Nothing is started before the log has shown that it can be divided."""
        self._name = name
        self._run = run
        self._pid = 0
        self._blocks = 0  # that this process has been through
        self._last: int | None = None  # the block after which both end
        self._said: deque[tuple[list[str], int]] = deque()  # by this half, of which the other's part has not come
        self._channel: _First | None = None

    def __enter__(self) -> Self:
        """Do nothing yet."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End the other process, whatever it is doing."""
        if self._pid:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        if self._channel is not None:
            self._channel.close()

    def divide(self, following: Following) -> None:
        """Have another process account for half of the connections from here on."""
        ours, theirs = socket.socketpair()
        prefix = 10**7 + secrets.randbelow(8 * 10**7)  # stand-ins have 64 bits, and all as many digits
        first_number = prefix * 10**DIGITS
        self._pid = os.fork()
        if not self._pid:
            ours.close()
            _Second(_Channel(theirs), self._run, self._blocks + 1).go(self._name, following, first_number)
        theirs.close()
        self._channel = _First(ours)
        self._numbers = _Numbers(prefix, following.connections, self._channel)
        following.divide(self._channel, self, second=False, first_number=first_number)

    @property
    def begun(self) -> bool:
        """Whether the log has been divided."""
        return self._channel is not None

    def stopped(self, *, enough: bool) -> bool:
        """
        Take note that a block is over; tell whether to end there.

        When there is `enough` both go on to where the other one may be by now.
        """
        self._blocks += 1
        channel = self._channel
        if channel is None:
            return enough
        if enough and self._last is None:
            self._last = self._blocks + LEAD - 1
            channel.send("last", self._last)
        channel.send("go", self._blocks + LEAD)
        channel.flush()
        return self._last is not None and self._blocks >= self._last

    # ------------------------------------------------------------------ what both have said

    def put(self, parts: list[str], until: int) -> bytes:
        """Take what this half has said of a block, up to a position; return what both have said of blocks by now."""
        self._said.append((parts, until))
        channel = self._joined
        channel.receive()
        whole = []
        while self._said and (len(self._said) > LEAD or channel.has("said")):
            whole.append(self._next())
        return b"".join(whole)

    def end(self) -> bytes:
        """Return what both have said of the last blocks: there are no more of them."""
        self._joined.send("last", self._blocks)
        whole = self._rest()
        if self._joined.take("said") is not None:
            raise DivergedError
        return whole

    def close(self) -> bytes:
        """Return what both have said at last, when this half has nothing to add; take what the other one has counted."""
        whole = self._rest()
        totals, met = cast("tuple[Totals, bool]", self._joined.take("totals"))
        for name in SUMMED:
            setattr(self._run.totals, name, getattr(self._run.totals, name) + getattr(totals, name))
        self._run.alarm.met = self._run.alarm.met or met
        return whole

    @property
    def _joined(self) -> _First:
        if self._channel is None:
            raise LostError
        return self._channel

    def _rest(self) -> bytes:
        return b"".join([self._next() for _ in range(len(self._said))])

    def _next(self) -> bytes:
        """Return what both have said of the next block."""
        ours, until = self._said.popleft()
        theirs = cast("list[str] | None", self._joined.take("said"))
        if theirs is None or len(ours) != len(theirs) or ours.count(PASSED) + theirs.count(PASSED) != len(ours):
            raise DivergedError
        whole = "".join([their if our == PASSED else our for our, their in zip(ours, theirs, strict=True)])
        return self._numbers.put_into(whole, until).encode("latin-1")


class _Second:
    """What the other process does."""

    def __init__(self, channel: _Channel, run: Run, blocks: int) -> None:
        """Go on behind so many blocks."""
        self._channel = channel
        self._run = run
        self._blocks = blocks
        self._permitted = blocks + LEAD - 1
        self._last: int | None = None

    def go(self, name: str, following: Following, first_number: int) -> NoReturn:
        """Follow the log to its end, and end."""
        try:
            for number in SIGNALS:
                signal.signal(number, signal.SIG_IGN)  # the first process decides, and this one ends with it
            vars(self._run.totals).update(vars(Totals()))  # what has been counted so far the first one counts
            self._run.alarm.met = False
            following.divide(self._channel, self, second=True, first_number=first_number)
            with opened(name) as source, suppress(UnreadableError):  # the first one tells of it
                for block in islice(source.octet_blocks(), self._blocks, None):
                    if not isinstance(block, bytes) or not self._may_go_on():
                        break
                    self._blocks += 1
                    following.feed_octets(block)
            for _ in following.ending():
                pass
            self._channel.flush()
            while True:
                self._channel.wait()  # for the first process to have taken everything: it closes
        except LostError:
            pass
        finally:  # whatever was wrong here: the first process finds out, does the same by itself, and tells of it
            os._exit(0)  # nothing of what that one has opened is to be tidied up

    def _may_go_on(self) -> bool:
        """Wait until the next block may be read; tell whether there is one."""
        while self._blocks >= self._permitted:
            self._permitted = cast("int", self._channel.take("go"))
        for last in self._channel.heard("last"):
            self._last = cast("int", last)
        return self._last is None or self._blocks < self._last

    def put(self, parts: list[str], until: int) -> bytes:  # noqa: ARG002 - the first process asks its own half
        """Hand over what this half has said of a block."""
        self._channel.send("said", parts)
        self._channel.flush()
        return b""

    def end(self) -> bytes:
        """Tell that there are no more blocks here, and hear that there are none there."""
        self._channel.send("said", None)
        while self._last != self._blocks:
            self._last = cast("int", self._channel.take("last"))
        return b""

    def close(self) -> bytes:
        """Hand over what has been counted."""
        self._channel.send("totals", (self._run.totals, self._run.alarm.met))
        return b""


class _Numbers:
    """The numbers of connections that were opened since the log is divided."""

    def __init__(self, prefix: int, before: int, channel: _First) -> None:
        """`prefix` is how all stand-ins begin; `before` connections have their numbers."""
        self._before = before
        self._channel = channel
        self._pattern = re.compile(rf"({prefix}[0-9]{{{DIGITS}}})")
        self._first_number = prefix * 10**DIGITS
        self._opened = array("q")  # stand-ins in the order of the log
        self._waiting: list[int] = []  # of blocks that are not whole yet
        self._real = lru_cache(REMEMBERED)(self._found)

    def put_into(self, text: str, until: int) -> str:
        """Return text in which the connections that were opened up to a position have their real numbers."""
        waiting = self._waiting + [cast("int", opened) for opened in self._channel.heard("opened")]
        last = self._first_number + until
        self._opened.extend(sorted(opened for opened in waiting if opened <= last))
        self._waiting = [opened for opened in waiting if opened > last]
        pieces = self._pattern.split(text)
        pieces[1::2] = map(self._real, pieces[1::2])
        return "".join(pieces)

    def _found(self, shown: str) -> str:
        """Return the real number of a connection that has appeared, as text."""
        opened = int(shown)
        place = bisect_left(self._opened, opened)
        if place < len(self._opened) and self._opened[place] == opened:
            return str(self._before + place + 1)
        return shown  # the log's own


class _Channel:
    """Messages over a socket."""

    def __init__(self, connection: socket.socket) -> None:
        """Neither side waits while the other one would have to read first."""
        self._socket = connection
        self._socket.setblocking(False)  # noqa: FBT003 - its own name for it
        self._queues: defaultdict[str, deque[object]] = defaultdict(deque)
        self._out = bytearray()
        self._in = bytearray()

    def close(self) -> None:
        """Have no more to do with the other process."""
        self._socket.close()

    def send(self, kind: str, value: object) -> None:
        """Send a message, at the latest when one is waited for."""
        octets = pickle.dumps((kind, value), pickle.HIGHEST_PROTOCOL)
        self._out += LENGTH.pack(len(octets)) + octets

    def flush(self) -> None:
        """Send what is to be sent. Raises LostError."""
        while self._out:
            readable, writable, _ = select.select([self._socket], [self._socket], [])
            if readable:
                self._read()
            if writable:
                try:
                    del self._out[: self._socket.send(self._out)]
                except BlockingIOError:
                    continue
                except OSError as error:
                    raise LostError from error

    def take(self, kind: str) -> object:
        """Wait for the next message of a kind. Raises LostError."""
        self.flush()
        queue = self._queues[kind]
        while not queue:
            self.wait()
        return queue.popleft()

    def wait(self) -> None:
        """Wait until something comes. Raises LostError."""
        select.select([self._socket], [], [])
        self._read()

    def receive(self) -> None:
        """Take what has come. Raises LostError."""
        while select.select([self._socket], [], [], 0)[0]:
            self._read()

    def has(self, kind: str) -> bool:
        """Tell whether a message of a kind has come."""
        return bool(self._queues[kind])

    def heard(self, kind: str) -> list[object]:
        """Return, once each, the messages of a kind that have come. Raises LostError."""
        self.receive()
        queue = self._queues[kind]
        found = [*queue]
        queue.clear()
        return found

    def _read(self) -> None:
        try:
            octets = self._socket.recv(RECEIVED)
        except BlockingIOError:
            return
        except OSError as error:
            raise LostError from error
        if not octets:
            raise LostError
        self._in += octets
        place, known = 0, len(self._in)
        while known - place >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self._in, place)
            end = place + LENGTH.size + length
            if known < end:
                break
            kind, value = pickle.loads(memoryview(self._in)[place + LENGTH.size : end])  # noqa: S301 - from our own child
            self._queues[kind].append(value)
            place = end
        del self._in[:place]


class _First(_Channel):
    """The same for the first process, to which both tell what they have opened."""

    def send(self, kind: str, value: object) -> None:
        """Send a message, if it is not for this process itself."""
        if kind == "opened":
            self._queues[kind].append(value)
        else:
            super().send(kind, value)
