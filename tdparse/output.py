"""
Where data goes: standard output, or a file that gets its final name when it is complete.

A file is written beside its place and renamed, so that no half-written file ever carries the final name.
"""

from __future__ import annotations

import io
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class UnwritableError(Exception):
    """An output that cannot be written: its name, and the operating system's words."""

    def __init__(self, name: str, error: OSError) -> None:
        """Keep what the sentence needs."""
        detail = error.strerror or str(error)
        self.name = name
        self.detail = detail[:1].lower() + detail[1:]
        super().__init__(name, self.detail)


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
        # Python flushes once more at exit; what is left has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise
        raise UnwritableError("<stdout>", error) from error


@contextmanager
def replaced(path: Path) -> Iterator[BinaryIO]:
    """
    Yield a file that takes the place of `path` when the block ends, and vanishes when it fails.

    Raises UnwritableError when the folder or the disk does not let it.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        file = beside.open("wb")
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
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise UnwritableError(str(path), error) from error
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
