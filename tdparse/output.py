"""
Where data goes: standard output, or a file that gets its final name when it is complete.

A file is written beside its place and renamed, so that no half-written file ever carries the final name.
"""

from __future__ import annotations

import errno
import fcntl
import io
import os
import re
import stat
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

PART: Final = re.compile(r"^\..+\.[0-9a-f]{8}\.tdexplain\.part$")  # what a file is called until it is complete
STREAMS: Final = frozenset({"/dev", "/dev/fd", "/proc/self/fd"})  # folders of what leads elsewhere
LOST: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EBADF})  # what only writing meets
LONGEST: Final = 200  # octets of a name that leave room for the marks of a file in the making


class UnwritableError(Exception):
    """An output that cannot be written: its name, and the operating system's words."""

    def __init__(self, name: str, error: OSError) -> None:
        """Keep what the sentence needs."""
        detail = error.strerror or str(error)
        self.name = name
        self.detail = detail[:1].lower() + detail[1:]
        super().__init__(name, self.detail)


def stand_in() -> None:
    """
    Open the standard streams that were closed when the program was started.

    Otherwise the next file that is opened would be taken for one of them. Reading finds the end, writing fails as on
    any output that cannot be written, and complaints go nowhere.
    """
    for number, (name, mode, way) in enumerate(
        (("stdin", "r", os.O_RDONLY), ("stdout", "w", os.O_RDONLY), ("stderr", "w", os.O_WRONLY))
    ):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, way)
            if opened == number:
                os.set_inheritable(number, True)  # noqa: FBT003 - the standard library's argument
            else:
                os.dup2(opened, number)
                os.close(opened)
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - for good


@contextmanager
def standard_output() -> Iterator[BinaryIO]:
    """
    Yield standard output for octets.

    When the reader of a pipe has gone (``| head``), BrokenPipeError comes out once and nothing complains later.
    Raises UnwritableError when a disk behind it is full.
    """
    stream = sys.stdout.buffer if hasattr(sys.stdout, "buffer") else io.BytesIO()
    try:
        yield stream
        stream.flush()
    except OSError as error:
        give_up()
        if isinstance(error, BrokenPipeError):
            raise
        raise UnwritableError("<stdout>", error) from error


def taking(output: Path | None) -> AbstractContextManager[BinaryIO]:
    """Return what takes an output: the file that somebody has called `output`, else, and for ``-``, standard output."""
    return standard_output() if output is None or str(output) == "-" else named(output)


def unforeseen(error: Exception) -> UnwritableError | None:
    """
    Return an error that nobody has expected as one of what surrounds the program, None if it is another.

    That is standard output (a full disk, a closed stream), or the present folder, when somebody has removed it.
    """
    if isinstance(error, OSError) and error.filename is None:
        if error.errno in LOST:
            give_up()
            return UnwritableError("<stdout>", error)
        if isinstance(error, FileNotFoundError):  # of os.getcwd
            return UnwritableError(".", error)
    return error if isinstance(error, UnwritableError) else None


def give_up() -> None:
    """Let go of what is left for standard output: Python flushes once more at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def replaces(path: Path, names: Iterable[str]) -> bool:
    """Tell whether an output that somebody has called `path` would take the place of one of the inputs."""
    with suppress(OSError):
        place = path.lstat()  # a link gives way to the output, and what it leads to stays
        return stat.S_ISREG(place.st_mode) and any(_is_at(place, name) for name in names)
    return False


def _is_at(place: os.stat_result, name: str) -> bool:
    try:
        return os.path.samestat(place, os.stat(0 if name == "-" else name))  # noqa: PTH116 - a Path is no descriptor
    except OSError:  # an input that is not there, or standard input, where that is closed
        return False


@contextmanager
def named(path: Path) -> Iterator[BinaryIO]:
    """
    Yield a file for the output that somebody has called `path`: one that takes its place, as `replaced`.

    What is no regular file (a pipe, ``/dev/null``, ``/dev/stdout``) is written to instead, and stays what it is.
    Raises UnwritableError; BrokenPipeError when the reader of a pipe has gone.
    """
    if not _is_taken(path):
        with replaced(path) as file:
            yield file
        return
    try:
        with path.open("wb") as file:
            yield file
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UnwritableError(str(path), error) from error


def _is_taken(path: Path) -> bool:
    """Tell whether a name belongs to something that must not be replaced by a file."""
    try:
        if str(path.absolute().parent) in STREAMS:
            return True
        mode = path.stat().st_mode
    except OSError:  # also of a name in a present folder that is gone
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


@contextmanager
def replaced(path: Path) -> Iterator[BinaryIO]:
    """
    Yield a file that takes the place of `path` when the block ends, and vanishes when it fails.

    It is read by nobody who may not read what it replaces, from its first octet on.
    Raises UnwritableError when the folder or the disk does not let it.
    """
    try:
        beside, file = _begun(path)
    except OSError as error:
        raise UnwritableError(str(path), error) from error
    try:
        with file:
            yield file
            try:
                file.flush()
                os.fsync(file.fileno())
            except OSError as error:
                raise UnwritableError(str(path), error) from error
            beside.replace(path)  # while the lock is held, so that nobody sweeps it away
            _settle(path.parent)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise UnwritableError(str(path), error) from error
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def check(folder: Path) -> None:
    """Make a folder unless it is there, and see whether it takes files. Raises UnwritableError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        beside, file = _begun(folder / "x")
        beside.unlink()
        file.close()
    except OSError as error:
        raise UnwritableError(str(folder), error) from error


def sweep(folder: Path) -> None:
    """
    Remove what killed runs have left half-written in a folder; what is being written is locked, and stays.

    Raises UnwritableError.
    """
    from pathlib import Path

    try:
        found = [Path(entry.path) for entry in os.scandir(folder) if PART.search(entry.name)]
        for path in found:
            with suppress(FileNotFoundError, BlockingIOError), path.open("rb") as file:
                _lock(file)
                path.unlink()
    except FileNotFoundError:
        return  # a folder that is not there holds nothing
    except OSError as error:
        raise UnwritableError(str(folder), error) from error


def _begun(path: Path) -> tuple[Path, BinaryIO]:
    """Create a file beside `path` that `sweep` leaves alone, under a name that nobody else takes."""
    from hashlib import sha256
    from secrets import token_hex

    if not path.name:  # "", "." or "/"
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    old = _found(path)
    name = path.name if len(os.fsencode(path.name)) <= LONGEST else sha256(os.fsencode(path.name)).hexdigest()
    while True:
        beside = path.with_name(f".{name}.{token_hex(4)}.tdexplain.part")
        file = _created(beside, 0o666 if old is None else 0o600)
        try:
            if old is not None:
                _belong(file.fileno(), old)
            _lock(file)
            if os.fstat(file.fileno()).st_nlink:
                return beside, file
        except BlockingIOError:
            pass  # it was taken for one that was left behind, before the lock was there
        except BaseException:
            file.close()
            raise
        file.close()


def _created(path: Path, mode: int) -> BinaryIO:
    """Create a file with what the umask leaves of `mode`."""
    return open(path, "xb", opener=lambda name, flags: os.open(name, flags, mode))


def _belong(fd: int, old: os.stat_result) -> None:
    """Give a file the owner, the group and the permissions of an old one, as far as the system lets it."""
    mode = stat.S_IMODE(old.st_mode)
    for owner in (old.st_uid, -1):  # only root gives files away
        with suppress(OSError):
            os.fchown(fd, owner, old.st_gid)
            break
    else:  # its group is another one, which gets no more than everybody
        mode = mode & ~stat.S_IRWXG | (mode & stat.S_IRWXO) << 3
    with suppress(OSError):
        os.fchmod(fd, mode)


def _found(path: Path) -> os.stat_result | None:
    """Return what the system knows of a file, None if there is none."""
    try:
        return path.stat()
    except OSError:
        return None


def _settle(folder: Path) -> None:
    """Have the names in a folder written to the disk, where the file system can."""
    with suppress(OSError):
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def _lock(file: BinaryIO) -> None:
    """Lock a file until it is closed; BlockingIOError when another process has. Not every file system can."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError as error:
        if error.errno not in {errno.ENOTSUP, errno.ENOLCK, errno.ENOSYS}:
            raise
