"""How far a long run has come: on a terminal, after a second, and nowhere else."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

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


def test_sizes_of_what_has_none(tmp_path: Path) -> None:
    """A folder, a missing file, a pipe."""
    (tmp_path / "x").write_bytes(b"12345")
    assert size_of(str(tmp_path / "x")) == 5
    assert size_of(str(tmp_path)) is None
    assert size_of(str(tmp_path / "missing")) is None
    assert size_of("a\0b") is None


# The program with no second to wait for, so that a small log is enough.
EAGER = "import tdparse.progress as p; p.AFTER = p.EVERY = 0; from tdparse.entry import main; main()"
COMMANDS = {
    "explain": ["-o", "out.txt", "a.log", "b.log"],
    "jsonl": ["-f", "jsonl", "-o", "out.jsonl", "a.log", "b.log"],
    "merge": ["--merge", "-o", "out.txt", "a.log", "b.log"],
    "annotate": ["annotate", "-j", "1", "-o", "out", "a.log", "b.log"],
    "annotate, two processes": ["annotate", "-j", "2", "-o", "out", "a.log", "b.log"],
    "connections": ["connections", "a.log", "b.log"],
    "convert": ["convert", "--to", "relative", "-o", "out.log", "a.log", "b.log"],
    "diagram": ["diagram", "-c", "1", "-o", "out.txt", "a.log", "b.log"],
    "report": ["report", "-o", "out.html", "a.log"],
    "quiz": ["quiz", "a.log"],
}


@pytest.fixture
def logs(tmp_path: Path, demo: Path) -> Path:
    """A folder with two logs of several blocks each."""
    for name in ("a.log", "b.log"):
        (tmp_path / name).write_text((demo / "http.log").read_text() * 60)
    return tmp_path


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_it_on_a_terminal(name: str, logs: Path) -> None:
    """Octets, lines a second, time left; taken off before the end."""
    child = pexpect.spawn(
        sys.executable,
        ["-c", EAGER, *COMMANDS[name]],
        cwd=logs,
        env={**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8"},
        encoding="utf-8",
        timeout=60,
        dimensions=(50, 100),
    )
    child.expect(r"\d+ % \(\d\S* k?B of \d\S+ kB\) · [\d,]+ lines/s · \S+ s left")
    child.expect_exact("? ") if name == "quiz" else child.expect(pexpect.EOF)
    shown = child.before or ""
    if name == "quiz":
        child.sendline("quit")
        child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert "left" not in shown[shown.rindex("\r\x1b[K") :]


def test_a_long_paste_shows_it_too(logs: Path, tmp_path: Path) -> None:
    """While it is read; then the answer stands alone."""
    child = pexpect.spawn(
        sys.executable,
        ["-c", EAGER],
        env={**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8", "XDG_STATE_HOME": str(tmp_path)},
        encoding="utf-8",
        timeout=60,
        dimensions=(50, 100),
    )
    child.expect_exact("\x1b[?2004h")
    child.delaybeforesend = None
    child.send(f"\x1b[200~{(logs / 'a.log').read_text()}\x1b[201~")
    child.expect(r"6\d % \(\d\S+ kB of \d\S+ kB\) · [\d,]+ lines/s · \S+ s left")
    child.expect_exact("[complete.clean]")
    assert "left" not in (child.before or "").rpartition("\r\x1b[K")[2]
    child.close(force=True)


@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_shows_it_in_a_pipe(name: str, logs: Path) -> None:
    """Standard error has what there is to say, and no control character."""
    done = subprocess.run(
        [sys.executable, "-c", EAGER, *COMMANDS[name]], cwd=logs, input=b"quit\n", capture_output=True, check=True
    )
    assert b"\x1b" not in done.stderr
    assert b" left" not in done.stderr
