"""
What is finished: a line for each copy in a file beside the copies, so that a run goes on where another ended.

A copy is up to date when its log still has the size and time it was made from, was made in the same way by
the same version, and is there in its full length. Several runs may write into one ledger at once.
"""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Literal, NamedTuple

from tdparse.output import UnwritableError, replaced
from tdparse.render import Totals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tdparse.stream import Place

NAME: Final = ".tdexplain.jsonl"


class Stamp(NamedTuple):
    """What tells one version of a file from another: octets, and nanoseconds since 1970."""

    size: int
    time: int


class Entry(NamedTuple):
    """One finished copy: what it was made from and how, its length, and what its log has shown."""

    name: str
    stamp: Stamp  # of its log
    style: str
    octets: int
    met: bool  # --fail-on
    totals: Totals
    places: tuple[Place, ...]


class Ledger:
    """The entries of one folder of copies."""

    def __init__(self, folder: Path) -> None:
        """Read what is there; a line that a killed run has left unfinished counts for nothing."""
        self._path = folder / NAME
        self._folder = folder
        self._lines: dict[str, bytes] = {}
        try:
            with _opened(self._path, "rb") as file:
                self._lines = _lines(file)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise UnwritableError(str(self._path), error) from error

    @property
    def copies(self) -> dict[str, str]:
        """The real path of each copy, and of the log it was made from."""
        found = ((key, json.loads(line).get("name")) for key, line in self._lines.items())
        return {
            os.path.realpath(self._folder / key): os.path.realpath(name) for key, name in found if isinstance(name, str)
        }

    def find(self, target: Path, name: str, stamp: Stamp, style: str) -> Entry | None:
        """Return the entry of a copy that is up to date, None for one that has to be made."""
        line = self._lines.get(self._key(target))
        if line is None:
            return None
        entry = _entry(line)
        wanted = (name, stamp, style)
        if entry is None or (entry.name, entry.stamp, entry.style) != wanted:
            return None
        try:
            return entry if target.stat().st_size == entry.octets else None
        except OSError:
            return None

    def add(self, target: Path, entry: Entry) -> None:
        """Note a finished copy at once. Raises UnwritableError."""
        key = self._key(target)
        line = _line(key, entry)
        try:
            with _locked(self._path) as file:
                if file.seek(0, os.SEEK_END) and file.seek(-1, os.SEEK_END) >= 0 and file.read(1) != b"\n":
                    line = b"\n" + line  # a run was killed in the middle of its line
                file.write(line)
        except OSError as error:
            raise UnwritableError(str(self._path), error) from error

    def tidy(self) -> None:
        """Leave one line for each copy that is there, in the order of their names. Raises UnwritableError."""
        try:
            if not self._path.exists():
                return
            with _locked(self._path) as file:
                file.seek(0)
                found = _lines(file)
                kept = [line for key, line in sorted(found.items()) if (self._folder / key).exists()]
                with replaced(self._path) as tidied:
                    tidied.writelines(kept)
        except OSError as error:
            raise UnwritableError(str(self._path), error) from error

    def _key(self, target: Path) -> str:
        return os.path.relpath(target, self._folder)


def fingerprint(*parts: object) -> str:
    """Return a short text that is the same for the same parts only."""
    from importlib.metadata import version

    return sha256(json.dumps([version("tdparse"), *parts]).encode()).hexdigest()[:16]


def stamp(name: str) -> Stamp | None:
    """Return the stamp of a log; None for what is no file, or is not there."""
    try:
        found = Path(name).stat()
    except OSError:
        return None
    return Stamp(found.st_size, found.st_mtime_ns) if Path(name).is_file() else None


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    """Yield the file at `path` for reading and appending, while no other run has it."""
    while True:
        with _opened(path, "a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            # Another run may have put a tidy one in its place while we waited.
            if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
                yield file
                return


def _opened(path: Path, mode: Literal["rb", "a+b"]) -> BinaryIO:
    """Open the ledger itself, never what somebody's link in its place leads to."""
    return open(path, mode, opener=lambda name, flags: os.open(name, flags | os.O_NOFOLLOW, 0o666))


def _lines(file: BinaryIO) -> dict[str, bytes]:
    """Return the last whole line of each copy."""
    found = {}
    for line in file:
        key = _key_of(line)
        if key is not None:
            found[key] = line
    return found


def _key_of(line: bytes) -> str | None:
    if not line.endswith(b"}\n"):
        return None
    try:
        return str(json.loads(line)["copy"])
    except (ValueError, KeyError, TypeError):
        return None


def _line(key: str, entry: Entry) -> bytes:
    found = {"copy": key, **entry._asdict(), "totals": vars(entry.totals)}
    return json.dumps(found, sort_keys=True).encode() + b"\n"


def _entry(line: bytes) -> Entry | None:
    try:
        found = json.loads(line)
        totals = Totals()
        for name, value in vars(totals).items():
            kept = found["totals"][name]
            setattr(totals, name, type(value)(kept))
        return Entry(
            found["name"],
            Stamp(*found["stamp"]),
            found["style"],
            found["octets"],
            found["met"],
            totals,
            tuple((line, column) for line, column in found["places"]),
        )
    except (ValueError, KeyError, TypeError):
        return None
