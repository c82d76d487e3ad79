"""Bytes to lines: whatever a log is stored in, its lines come out, all of them and at once."""

from __future__ import annotations

import bz2
import gzip
import importlib
import lzma
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tdparse.read import Source, opened
from tdparse.unpack import UnreadableError

MARKS = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb")
LOG = "10:00:00.000001 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 7, win 9, length 0\n三次握手\n"


class Chunks:
    """A stream that hands out octets in the pieces it was given."""

    def __init__(self, pieces: list[bytes]) -> None:
        """Keep the pieces that are not empty: an empty one would be the end."""
        self._pieces = [piece for piece in pieces if piece]

    def read(self, size: int = -1, /) -> bytes:
        """Return the next piece, or as much of it as was asked for."""
        if not self._pieces:
            return b""
        piece = self._pieces.pop(0)
        if 0 <= size < len(piece):
            self._pieces.insert(0, piece[size:])
            return piece[:size]
        return piece


def lines_of(path: Path) -> list[str]:
    """Read a file as the program does."""
    with opened(str(path)) as source:
        return [line for block in source.blocks() for line in block]


def trouble(path: Path) -> UnreadableError:
    """Return the error that reading `path` ends with."""
    with pytest.raises(UnreadableError) as caught:
        lines_of(path)
    return caught.value


text_octets = st.lists(st.sampled_from([b"a", b"\n", b"\r\n", "三".encode(), b"\xff", b"\xe4\xb8", b"\t", b"IP "]))


@given(pieces=st.lists(text_octets.map(b"".join)))
def test_no_byte_is_lost_however_the_input_is_cut(pieces: list[bytes]) -> None:
    """Lines joined and encoded again are the input, whatever the pieces, valid UTF-8 or not."""
    source = Source("x", Chunks(list(pieces)))
    lines = [line for block in source.blocks() for line in block]
    joined = "\n".join(lines) + ("\n" if lines and source.terminated else "")
    assert joined.encode("utf-8", "surrogateescape") == b"".join(pieces)


@given(octets=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(octets: bytes) -> None:
    """Nothing but UnreadableError comes out of reading, and only for binary data."""
    codes, lines = set(), 0
    try:
        lines = sum(len(block) for block in Source("x", Chunks([octets])).blocks())
    except UnreadableError as error:
        codes.add(error.code)
    assert codes <= {"binary"}
    assert codes or lines == octets.count(b"\n") + (not octets.endswith(b"\n") and octets != b"") or octets[:2] in MARKS


def test_a_block_holds_what_was_there() -> None:
    """Each piece of a pipe gives its complete lines at once; the begun line waits for its end."""
    source = Source("x", Chunks([b"one\ntw", b"o\nthree\n", b"four"]))
    assert list(source.blocks()) == [["one"], ["two", "three"], ["four"]]
    assert not source.terminated


def test_a_carriage_return_stays_with_its_line() -> None:
    """The reader changes nothing but the newline."""
    assert list(Source("x", Chunks([b"a\r\nb\n"])).blocks()) == [["a\r", "b"]]


@pytest.mark.parametrize(
    ("codec", "mark"), [("utf-8", b"\xef\xbb\xbf"), ("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")]
)
def test_a_byte_order_mark_says_the_encoding(codec: str, mark: bytes) -> None:
    """The mark is no part of the first line, and is known for writing a copy."""
    source = Source("x", Chunks([mark + LOG.encode(codec)]))
    assert [line for block in source.blocks() for line in block] == LOG.splitlines()
    assert (source.encoding.codec, source.encoding.mark) == (codec, mark)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, bytes], ids=["gz", "bz2", "xz", "plain"])
def test_compression_is_recognised_by_its_octets(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    """A name tells nothing; two packed parts in a row are one log."""
    path = tmp_path / "log.txt"
    path.write_bytes(pack(LOG.encode()) + pack(LOG.encode()))
    assert lines_of(path) == LOG.splitlines() * 2


def test_zstandard_is_read(tmp_path: Path) -> None:
    """From Python 3.14 on by the standard library, before by the package of the extra."""
    zstd = importlib.import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
    path = tmp_path / "x"
    path.write_bytes(zstd.compress(LOG.encode()))
    assert lines_of(path) == LOG.splitlines()


def test_without_zstandard_one_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log is refused, by its octets alone."""
    for module in ("compression", "backports"):
        monkeypatch.setitem(sys.modules, module, None)
    path = tmp_path / "x"
    path.write_bytes(b"\x28\xb5\x2f\xfd\x00")
    assert trouble(path).code == "no_zstd"


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress], ids=["gz", "bz2", "xz"])
def test_a_compressed_log_that_breaks_off_is_damaged(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    """What came before the break has been handed out."""
    path = tmp_path / "x"
    path.write_bytes(pack(os.urandom(700_000).hex("\n").encode())[:-20_000])
    seen: list[str] = []

    def read() -> None:
        with opened(str(path)) as source:
            for block in source.blocks():
                seen.extend(block)

    with pytest.raises(UnreadableError) as caught:
        read()
    assert caught.value.code == "damaged"
    assert seen


def test_what_is_no_log_is_refused_by_name(tmp_path: Path) -> None:
    """Each trouble has a code of the catalogue, and the name it was asked for by."""
    binary = tmp_path / "binary"
    binary.write_bytes(bytes(range(256)) * 4)
    assert trouble(binary).code == "binary"
    assert trouble(tmp_path).code == "directory"
    missing = trouble(tmp_path / "missing")
    assert (missing.code, missing.name) == ("system", str(tmp_path / "missing"))


def test_an_odd_octet_does_not_make_a_log_binary(tmp_path: Path) -> None:
    """Escape sequences and a stray control character are part of real logs."""
    path = tmp_path / "x"
    path.write_bytes(b"\x1b[0m\x07\n" + LOG.encode())
    assert lines_of(path)[1:] == LOG.splitlines()


def test_an_endless_line_takes_linear_time(tmp_path: Path) -> None:
    """A line of 30 MB without an end comes out whole."""
    path = tmp_path / "x"
    path.write_bytes(b"a" * 30_000_000)
    assert [len(line) for line in lines_of(path)] == [30_000_000]


def test_a_capture_is_read_through_tcpdump(tmp_path: Path, captures: Path) -> None:
    """A pcap file gives the lines tcpdump prints, compressed or not."""
    if shutil.which("tcpdump") is None:
        pytest.skip("no tcpdump is installed")
    capture = captures / "close" / "capture.pcap"
    lines = lines_of(capture)
    absolute = (captures / "close" / "absolute.log").read_text().splitlines()
    printed = [line.split(" IP ", 1)[1] for line in absolute if " IP " in line]
    assert [line.split(" IP ", 1)[1] for line in lines if " IP " in line] == printed
    packed = tmp_path / "capture.gz"
    packed.write_bytes(gzip.compress(capture.read_bytes()))
    assert lines_of(packed) == lines


def test_a_broken_capture_is_told_in_tcpdumps_words(tmp_path: Path, captures: Path) -> None:
    """A capture cut short is not taken for a whole one."""
    if shutil.which("tcpdump") is None:
        pytest.skip("no tcpdump is installed")
    path = tmp_path / "cut.pcap"
    path.write_bytes((captures / "close" / "capture.pcap").read_bytes()[:-7])
    error = trouble(path)
    assert error.code == "tcpdump"
    assert error.detail
    packed = tmp_path / "cut.pcap.gz"
    packed.write_bytes(gzip.compress((captures / "close" / "capture.pcap").read_bytes())[:-30])
    assert trouble(packed).code == "damaged"


def test_without_tcpdump_a_capture_is_refused(captures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names the missing program."""
    monkeypatch.setenv("PATH", "/nonexistent")
    assert trouble(captures / "close" / "capture.pcap").code == "no_tcpdump"
