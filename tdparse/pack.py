"""Text on its way into a compressed file; the same octets whenever, and wherever, the same text is written."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from tdparse.unpack import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKINGS: Final = ("gz", "bz2", "xz", "zst")


@contextmanager
def packed(file: BinaryIO, packing: str | None) -> Iterator[BinaryIO]:
    """Yield what compresses into `file`, or `file` itself. Raises UnreadableError when a package is missing."""
    if packing is None:
        yield file
        return
    with _compressor(file, packing) as into:
        yield into


def _compressor(file: BinaryIO, packing: str) -> BinaryIO:
    # Each module is imported when it is asked for; most copies are plain.
    if packing == "gz":
        import gzip

        # Neither name nor time goes in, so that the same copy is the same file.
        return cast("BinaryIO", gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0))
    if packing == "bz2":
        import bz2

        return cast("BinaryIO", bz2.BZ2File(file, "wb"))
    if packing == "xz":
        import lzma

        return cast("BinaryIO", lzma.LZMAFile(file, "wb"))
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError:
        raise UnreadableError("zst", "no_zstd") from None
    return cast("BinaryIO", zstd.ZstdFile(file, "wb"))
