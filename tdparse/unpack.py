"""
What a log is stored in: nothing but its text, a compressed file, or a capture that tcpdump has to print.

The format is recognised by its first octets, never by a name. Every stream here hands out what is there
and waits for no more, so that what is piped in live comes out live.
"""

from __future__ import annotations

import io
import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

BLOCK: Final = 1 << 16  # octets asked for at once: larger reads gain nothing, smaller ones cost

_GZIP: Final = b"\x1f\x8b"
_XZ: Final = b"\xfd7zXZ\x00"
_BZIP2: Final = b"BZh"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_CAPTURES: Final = (  # pcap: microseconds and nanoseconds in either byte order; pcapng: section header
    b"\xa1\xb2\xc3\xd4",
    b"\xd4\xc3\xb2\xa1",
    b"\xa1\xb2\x3c\x4d",
    b"\x4d\x3c\xb2\xa1",
    b"\x0a\x0d\x0d\x0a",
)
_MAGIC: Final = (_GZIP, _XZ, _BZIP2, _ZSTD, *_CAPTURES)


_PACKINGS: Final = {_GZIP: "gz", _XZ: "xz", _BZIP2: "bz2", _ZSTD: "zst", **dict.fromkeys(_CAPTURES, "capture")}


class UnreadableError(Exception):
    """An input that cannot be read: its name, a code of the catalogue's section ``trouble``, and a detail."""

    def __init__(self, name: str, code: str, detail: object = "") -> None:
        """Keep what the sentence needs; an operating system's error gives its own words."""
        if isinstance(detail, OSError) and detail.strerror:
            detail = detail.strerror[0].lower() + detail.strerror[1:]
        super().__init__(name, code, str(detail))
        self.name = name
        self.code = code
        self.detail = str(detail)


class Stream(Protocol):
    """Anything that hands out what is there: at most `size` octets, b"" at the end."""

    def read(self, size: int = -1, /) -> bytes:
        """Return the next octets."""


class Descriptor:
    """
    A file descriptor as a stream; the caller opens and closes it.

    `wait` is called before each read and returns whether to go on; so the caller can end a stream that
    would otherwise block for ever.
    """

    def __init__(self, fd: int, wait: Callable[[int], bool] | None = None) -> None:
        """Read from `fd`."""
        self._fd = fd
        self._wait = wait
        self.consumed = 0  # octets read so far

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` octets."""
        if self._wait is not None and not self._wait(self._fd):
            return b""
        octets = os.read(self._fd, BLOCK if size < 0 else size)
        self.consumed += len(octets)
        return octets


class Peeked:
    """A stream whose first octets have been looked at and are handed out again."""

    def __init__(self, head: bytes, rest: Stream) -> None:
        """Put `head` in front of `rest`."""
        self._head = head
        self._rest = rest

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` octets."""
        if not self._head:
            return self._rest.read(size)
        cut = len(self._head) if size < 0 else size
        octets, self._head = self._head[:cut], self._head[cut:]
        return octets


def head(stream: Stream, known: tuple[bytes, ...] = _MAGIC) -> bytes:
    """Return the first octets: what is there, or more when that could still become one of the `known` marks."""
    octets = stream.read(BLOCK)
    while octets and any(len(octets) < len(mark) and mark.startswith(octets) for mark in known):
        more = stream.read(BLOCK)
        if not more:
            break
        octets += more
    return octets


def packing_of(path: Path) -> str | None:
    """Return what a file is stored in ("gz", "xz", "bz2", "zst", "capture"), None for text. Raises OSError."""
    with path.open("rb") as file:
        first = file.read(max(map(len, _MAGIC)))
    return next((packing for mark, packing in _PACKINGS.items() if first.startswith(mark)), None)


@contextmanager
def unpacked(name: str, packed: Stream) -> Iterator[Stream]:
    """
    Yield the text octets of a log, whatever it is stored in.

    Raises UnreadableError, in reading too, when it is damaged or a program to read it is missing.
    """
    first = head(packed)
    stream: Stream = Peeked(first, packed)
    if file := _decompressor(name, first, stream):
        stream = _Decompressed(name, file)
        first = head(stream)
        stream = Peeked(first, stream)
    if first.startswith(_CAPTURES):
        with _printed(name, stream) as text:
            yield text
    else:
        yield stream


# ------------------------------------------------------------------ compressed logs


def _decompressor(name: str, first: bytes, packed: Stream) -> io.BufferedIOBase | None:
    """Return the reader for what begins with `first`, None when that is not compressed."""
    # Each module is imported when such a log turns up; a plain log must not wait for them.
    if first.startswith(_GZIP):
        import gzip

        return gzip.GzipFile(fileobj=io.BufferedReader(_Raw(packed)))
    if first.startswith(_BZIP2):
        import bz2

        return bz2.BZ2File(io.BufferedReader(_Raw(packed)))
    if first.startswith(_XZ):
        import lzma

        return lzma.LZMAFile(io.BufferedReader(_Raw(packed)))
    if first.startswith(_ZSTD):
        return _zstd(name, io.BufferedReader(_Raw(packed)))
    return None


def _zstd(name: str, packed: io.BufferedReader) -> io.BufferedIOBase:
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError:
        raise UnreadableError(name, "no_zstd") from None
    file: io.BufferedIOBase = zstd.ZstdFile(packed)
    return file


class _Raw(io.RawIOBase):
    """A stream as the standard library's decompressors want it."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        octets = self._stream.read(len(buffer))
        buffer[: len(octets)] = octets
        return len(octets)


class _Decompressed:
    """A decompressor's output; damage becomes an UnreadableError."""

    def __init__(self, name: str, file: io.BufferedIOBase) -> None:
        self._name = name
        self._file = file

    def read(self, size: int = -1, /) -> bytes:
        try:
            return self._file.read1(size)
        except Exception as error:  # each module has types of its own: BadGzipFile, LZMAError, zlib.error, …
            raise UnreadableError(self._name, "damaged", error) from error


# ------------------------------------------------------------------ captures


@contextmanager
def _printed(name: str, capture: Stream) -> Iterator[Stream]:
    """Yield what an installed tcpdump prints for a capture: names unresolved, numbers absolute, with dates."""
    import shutil
    import subprocess
    import threading

    program = shutil.which("tcpdump")
    if program is None:
        raise UnreadableError(name, "no_tcpdump")
    process = subprocess.Popen(  # noqa: S603 - nothing of the command comes from the log
        [program, "-nn", "-S", "-tttt", "-r", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        printing = _Printing(name, process)
        # The capture goes in beside us; else both programs would wait for each other once the pipes are full.
        threading.Thread(target=printing.pump, args=(capture,), daemon=True).start()
        threading.Thread(target=printing.listen, daemon=True).start()
        try:
            yield printing
        finally:
            process.kill()
            printing.heard.wait()
            with suppress(OSError):  # what it has not taken yet, nobody reads any more
                printing.close()


class _Printing:
    """A running tcpdump: the capture is pumped in, its text is read out, its complaints are kept."""

    def __init__(self, name: str, process: subprocess.Popen[bytes]) -> None:
        import threading

        if not (process.stdin and process.stdout and process.stderr):
            raise ValueError("tcpdump needs three pipes")
        self._name = name
        self._process = process
        self._into, self._out, self._messages = process.stdin, process.stdout, process.stderr
        self._complaint = ""
        self.heard = threading.Event()  # tcpdump has said its last word
        self._failure: UnreadableError | None = None

    def pump(self, capture: Stream) -> None:
        """Copy the capture to tcpdump, which may have had enough before its end."""
        try:
            while chunk := capture.read(BLOCK):
                self._into.write(chunk)
            self._into.close()
        except (BrokenPipeError, ValueError):
            pass
        except OSError as error:
            self._fail(UnreadableError(self._name, "system", error))
        except UnreadableError as error:
            self._fail(error)

    def _fail(self, error: UnreadableError) -> None:
        self._failure = error
        self._process.kill()

    def listen(self) -> None:
        """Keep tcpdump's last words."""
        for line in self._messages:
            self._complaint = line.decode(errors="replace").strip()
        self.heard.set()

    def close(self) -> None:
        """Close the way in."""
        self._into.close()

    def read(self, size: int = -1, /) -> bytes:
        octets = os.read(self._out.fileno(), BLOCK if size < 0 else size)
        if not octets and self._process.wait():
            self.heard.wait()
            raise self._failure or UnreadableError(self._name, "tcpdump", self._complaint)
        return octets
