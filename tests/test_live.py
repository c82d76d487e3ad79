"""A pipe that stays open: each line is explained before the next one is written."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import PATIENCE, TDEXPLAIN, started, wait_for


@contextmanager
def piped(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start tdexplain between two pipes that stay open."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with started([*TDEXPLAIN, *arguments], **pipes) as process:
        yield process
        process.kill()


def exchange(process: subprocess.Popen[bytes], octets: bytes, until: bytes) -> bytes:
    """Write octets, then read until `until` has come; nothing more is written meanwhile."""
    assert process.stdin
    assert process.stdout
    process.stdin.write(octets)
    process.stdin.flush()
    seen = b""
    deadline = time.monotonic() + PATIENCE
    while until not in seen:
        ready, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, f"nothing came for {octets!r} but {seen!r}"
        seen += os.read(process.stdout.fileno(), 1 << 16)
    return seen


def test_each_line_is_explained_before_the_next_is_written(demo: Path) -> None:
    """The original and its sentence are there while the pipe is open and silent."""
    with piped() as process:
        for line in (demo / "http.log").read_bytes().splitlines(keepends=True):
            shown = exchange(process, line, b"\n\n")
            assert shown.startswith(line)
            assert "→".encode() in shown


def test_each_record_is_written_before_the_next_line(demo: Path) -> None:
    """The same for JSON lines: one line in, one record out."""
    with piped("-f", "jsonl") as process:
        for number, line in enumerate((demo / "http.log").read_bytes().splitlines(keepends=True), 1):
            shown = exchange(process, line, b'"record":"segment"')
            assert json.loads(shown.splitlines()[-1])["line"] == number


def test_a_line_that_is_no_segment_passes_at_once() -> None:
    """A banner of tcpdump does not wait for the first packet."""
    banner = b"listening on lo, link-type EN10MB (Ethernet), snapshot length 262144 bytes\n"
    with piped() as process:
        assert exchange(process, banner, b"\n") == banner


def test_a_line_may_come_in_pieces(demo: Path) -> None:
    """It is explained when its newline comes."""
    line = (demo / "http.log").read_bytes().splitlines(keepends=True)[0]
    with piped() as process:
        assert process.stdin
        process.stdin.write(line[:40])
        process.stdin.flush()
        assert exchange(process, line[40:], b"\n\n").startswith(line)


@pytest.mark.parametrize("format_", ["text", "jsonl"])
def test_ctrl_c_gives_the_verdicts_so_far(demo: Path, format_: str) -> None:
    """The input ends there: verdicts are printed, the exit code is 130, nothing is complained about."""
    lines = (demo / "http.log").read_bytes().splitlines(keepends=True)
    with piped("-f", format_) as process:
        exchange(process, b"".join(lines[:5]), b"83 bytes: ack=84")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
        assert b"still_open.data" in out
        assert (process.returncode, err) == (130, b"")


def test_what_was_on_its_way_at_ctrl_c_is_still_explained(demo: Path) -> None:
    """A stopped tcpdump flushes its last lines on the same Ctrl-C."""
    lines = (demo / "http.log").read_bytes().splitlines(keepends=True)
    with piped() as process:
        exchange(process, lines[0], b"\n\n")
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(b"".join(lines[1:]), timeout=PATIENCE)
        assert b"[complete.clean]" in out
        assert process.returncode == 130


def test_the_end_of_the_pipe_gives_the_verdicts(demo: Path) -> None:
    """The ordinary end of a capture."""
    with piped() as process:
        out, _ = process.communicate((demo / "refused.log").read_bytes(), timeout=PATIENCE)
        assert b"[refused]" in out
        assert process.returncode == 0


def test_ctrl_c_keeps_an_output_file(demo: Path, tmp_path: Path) -> None:
    """A live capture is ended that way, so its explanation is complete."""
    target = tmp_path / "out.txt"
    lines = (demo / "http.log").read_bytes()
    with piped("-o", str(target)) as process:
        assert process.stdin
        process.stdin.write(lines)
        process.stdin.flush()
        wait_for(lambda: any(part.stat().st_size for part in tmp_path.glob(".out.txt.*.part")), "nothing is written")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)
        assert process.returncode == 130
    assert "[complete.clean]" in target.read_text()
    assert list(tmp_path.iterdir()) == [target]
