"""
Bytes to lines: an input becomes a stream of blocks of lines.

A block holds the lines that were there when the operating system was asked, so a live pipe stays live
and a file is read in pieces of 64 KiB. Decoding never fails and never loses a byte: what is not valid
in the log's encoding becomes lone surrogates (PEP 383), which turn into the same bytes again when they
are encoded with ``errors="surrogateescape"``.
"""

from __future__ import annotations

import codecs
import os
import stat
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from tdparse.unpack import BLOCK, Descriptor, Peeked, Stream, UnreadableError, head, unpacked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STDIN: Final = "-"
LONGEST: Final = 64 << 20  # characters of one line: what has longer ones is no log, and must not fill the memory

_CONTROLS: Final = bytes(set(range(32)) - set(b"\t\n\v\f\r\b\x1b"))  # what no text log holds
_BINARY_SHARE: Final = 0.05  # of them; random or compressed octets have 0.1
_BINARY_COUNT: Final = 8  # so that one odd octet in a short first line decides nothing


class Encoding(NamedTuple):
    """How a log's text was stored, so that a copy of it can be stored in the same way."""

    codec: str
    errors: str
    mark: bytes = b""  # the byte order mark the log began with


UTF_8: Final = Encoding("utf-8", "surrogateescape")
_MARKED: Final = (
    Encoding("utf-8", "surrogateescape", codecs.BOM_UTF8),
    # Half a character has no surrogate to stand for it: damaged UTF-16 is the one text that is not kept byte for byte.
    Encoding("utf-16-le", "replace", codecs.BOM_UTF16_LE),
    Encoding("utf-16-be", "replace", codecs.BOM_UTF16_BE),
)


def encoding_of(octets: bytes) -> Encoding:
    """Return how a text is stored, by the mark it begins with."""
    return next((marked for marked in _MARKED if octets.startswith(marked.mark)), UTF_8)


class Source:
    """One opened input."""

    def __init__(self, name: str, stream: Stream, *, live: bool = False, stored: Descriptor | None = None) -> None:
        """Read lines from `stream`; messages call the input `name`; `stored` is where it is read from, as it is packed."""
        self.name = name
        self.live = live  # a pipe or a terminal: each block is worth showing at once
        self.encoding = UTF_8  # known when the first block has been read
        self.terminated = True  # whether the last line ended with a newline; known at the end
        self._stream = stream
        self._stored = stored

    @property
    def consumed(self) -> int:
        """How many octets have been read, as they are stored."""
        return 0 if self._stored is None else self._stored.consumed

    def blocks(self) -> Iterator[list[str]]:
        """
        Yield the lines without their newline, as many at once as were there.

        A carriage return before the newline is kept. Raises UnreadableError when the input breaks off
        or is no text.
        """
        try:
            yield from self._blocks()
        except OSError as error:
            raise UnreadableError(self.name, "system", error) from error

    def octets(self) -> Iterator[bytes]:
        """Yield what `blocks` would decode, as it is stored. Raises UnreadableError when the input breaks off."""
        try:
            while chunk := self._stream.read(BLOCK):
                yield chunk
        except OSError as error:
            raise UnreadableError(self.name, "system", error) from error

    def octet_blocks(self) -> Iterator[bytes | list[str]]:
        """
        Yield the same as octets, each line with its newline, while the log is stored in UTF-8, else as `blocks`.

        The last line may lack its newline.
        """
        try:
            self._begin()
            if self.encoding.codec != UTF_8.codec:
                yield from self._decoded()
                return
            begun: list[bytes] = []  # the pieces of a line whose end has not come yet
            length = 0  # theirs
            while chunk := self._stream.read(BLOCK):
                whole, newline, rest = chunk.rpartition(b"\n")
                if newline:
                    yield b"".join([*begun, whole, newline])
                    begun, length = [], 0
                begun.append(rest)
                length += len(rest)
                if length > LONGEST:
                    raise UnreadableError(self.name, "endless")
            if last := b"".join(begun):
                self.terminated = False
                yield last
        except OSError as error:
            raise UnreadableError(self.name, "system", error) from error

    def _begin(self) -> None:
        """Find out how the log is stored."""
        first = head(self._stream, tuple(marked.mark for marked in _MARKED))
        self.encoding = encoding_of(first)
        if self.encoding is UTF_8 and _is_binary(first):
            raise UnreadableError(self.name, "binary")
        self._stream = Peeked(first[len(self.encoding.mark) :], self._stream)

    def _blocks(self) -> Iterator[list[str]]:
        self._begin()
        yield from self._decoded()

    def _decoded(self) -> Iterator[list[str]]:
        decoder = codecs.getincrementaldecoder(self.encoding.codec)(self.encoding.errors)
        begun: list[str] = []  # the pieces of a line whose end has not come yet
        length = 0  # theirs
        while chunk := self._stream.read(BLOCK):
            lines = decoder.decode(chunk).split("\n")
            last = lines.pop()
            if lines:
                if begun:
                    lines[0] = "".join([*begun, lines[0]])
                    begun.clear()
                length = 0
                yield lines
            if last:
                begun.append(last)
                length += len(last)
                if length > LONGEST:
                    raise UnreadableError(self.name, "endless")
        begun.append(decoder.decode(b"", final=True))
        if rest := "".join(begun):
            self.terminated = False
            yield [rest]


@contextmanager
def opened(name: str, wait: Callable[[int], bool] | None = None, *, called: str | None = None) -> Iterator[Source]:
    """
    Open a log by its name (``-`` is standard input), whatever it is stored in.

    `wait` is asked before each read of a pipe or terminal whether to go on; messages call the log `called`, or
    by its name. Raises UnreadableError.
    """
    shown = called or shown_name(name)
    try:
        fd = os.dup(0) if name == STDIN else _descriptor(name, wait)
    except (OSError, ValueError) as error:
        raise UnreadableError(shown, "system", error) from error
    with ExitStack() as stack:
        stack.callback(os.close, fd)
        mode = os.fstat(fd).st_mode
        if stat.S_ISDIR(mode):
            raise UnreadableError(shown, "directory")
        live = not stat.S_ISREG(mode)
        try:
            stored = Descriptor(fd, wait if live else None)
            stream = stack.enter_context(unpacked(shown, stored))
        except OSError as error:
            raise UnreadableError(shown, "system", error) from error
        yield Source(shown, stream, live=live, stored=stored)


def _descriptor(name: str, wait: Callable[[int], bool] | None) -> int:
    """Open a file; a pipe with a name to which nobody writes yet only for as long as `wait` says so, else nothing."""
    if wait is None or not stat.S_ISFIFO(os.stat(name).st_mode):  # noqa: PTH116 - a usual run does without pathlib
        return os.open(name, os.O_RDONLY)
    from threading import Thread

    opened, tell = os.pipe()
    found: list[int | OSError] = []

    def open_it() -> None:
        try:
            found.append(os.open(name, os.O_RDONLY))
        except OSError as error:
            found.append(error)
        os.close(tell)

    opening = Thread(target=open_it, daemon=True)
    opening.start()
    try:
        if wait(opened):
            opening.join()
    finally:
        os.close(opened)
    fd = found[0] if found else os.open(os.devnull, os.O_RDONLY)
    if isinstance(fd, OSError):
        raise fd
    return fd


def shown_name(name: str) -> str:
    """Return the name by which messages and records call an input."""
    return "<stdin>" if name == STDIN else name


def _is_binary(octets: bytes) -> bool:
    odd = len(octets) - len(octets.translate(None, _CONTROLS))
    return odd > _BINARY_SHARE * len(octets) and (odd >= _BINARY_COUNT or b"\0" in octets)
