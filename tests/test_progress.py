"""How far a long run has come: on a terminal, after a second, and nowhere else."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest
from conftest import TDEXPLAIN, Program

from tdparse.progress import Progress, size_of


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Return True."""
        return True


def ticking(*times: float) -> Iterator[float]:
    """Yield the times a clock shows, one a look."""
    yield from times


def test_nothing_is_shown_within_a_second() -> None:
    """Then one line, rewritten five times a second at most, and taken off at the end."""
    clock = ticking(0.0, 0.5, 1.0, 1.1, 1.25)
    shown = Terminal()
    progress = Progress("en", [1000], stream=shown, clock=lambda: next(clock))
    progress.tick(100, 10)
    assert shown.getvalue() == ""
    progress.tick(500, 50)
    assert shown.getvalue().endswith("50 % (500 B of 1.0 kB) · 50 lines/s · 1 s left")
    progress.tick(600, 60)
    assert shown.getvalue().count("\r") == 1
    progress.tick(750, 75)
    assert shown.getvalue().count("\r") == 2
    progress.stop()
    assert shown.getvalue().endswith("\r\x1b[K")
    progress.tick(999, 99)


@pytest.mark.parametrize(
    ("lang", "sizes", "line"),
    [
        ("en", [4000, 4000], "1 of 2 files · 75 % (6.0 kB of 8.0 kB) · 300 lines/s · 1 s left"),
        ("zh", [4000, 4000], "2 个文件中的 1 个 · 75 %（6.0 kB，共 8.0 kB） · 每秒 300 行 · 剩余 1 s"),
        ("en", [4000, None], "1 of 2 files · 6.0 kB · 300 lines/s"),
        ("en", [0, 0], "1 of 2 files · 6.0 kB · 300 lines/s"),
    ],
)
def test_what_is_known_is_told(lang: str, sizes: list[int | None], line: str) -> None:
    """Files, share, speed, time left; without a size neither share nor time."""
    progress = Progress(lang, sizes, stream=Terminal(), clock=lambda: 0.0)  # type: ignore[arg-type]
    progress.next(4000)
    assert progress.line(6000, 900, 3.0) == line


def test_a_pipe_gets_none(program: Program, tmp_path: Path, demo: Path) -> None:
    """However long it takes, standard error stays empty when it is no terminal."""
    big = tmp_path / "big.log"
    big.write_text((demo / "http.log").read_text() * 1500)
    done = program("-q", big)
    assert (done.code, done.err) == (0, "")


def test_a_terminal_shows_it_while_a_file_is_written(tmp_path: Path, demo: Path) -> None:
    """And has it taken off at the end."""
    big = tmp_path / "big.log"
    big.write_text((demo / "http.log").read_text() * 4000)
    child = pexpect.spawn(
        TDEXPLAIN[0],
        [*TDEXPLAIN[1:], "-o", str(tmp_path / "out.txt"), str(big)],
        env={**os.environ, "TERM": "xterm"},
        encoding="utf-8",
        timeout=60,
        dimensions=(50, 100),
    )
    child.expect(r"\d+ % \(\d\S+ MB of \d\S+ MB\) · [\d,]+ lines/s · \S+ s left")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert child.before is not None
    assert child.before.endswith("\r\x1b[K")


def test_sizes_of_what_has_none(tmp_path: Path) -> None:
    """A folder, a missing file, a pipe."""
    (tmp_path / "x").write_bytes(b"12345")
    assert size_of(str(tmp_path / "x")) == 5
    assert size_of(str(tmp_path)) is None
    assert size_of(str(tmp_path / "missing")) is None
    assert size_of("a\0b") is None
