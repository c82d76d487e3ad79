"""One long log on two processes: the output is that of one, octet for octet, whatever becomes of the other."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from batch_at_scale import REJECTED, generated
from conftest import TDEXPLAIN, Done, Program, run, started

# Logs of the tests are short, and on a busy machine either process may be slow: the first one waits for the other.
# Whether that one has spoken is noted beside the log. Blocks are a quarter as long, so that short logs have several.
START = """
import os, select, sys, time, tdparse.ahead as ahead, tdparse.read as read
ahead.LEAST = 1
read.BLOCK = 1 << 14
block = ahead.Ahead.block
def waiting(self, *rest):
    while self._pid and not self._board.turn and not select.select([self._result], [], [], 0.01)[0]:
        pass
    block(self, *rest)
ahead.Ahead.block = waiting
copy = ahead.Ahead.copy
def noted(self, file):
    open("spoken", "w").close()
    copy(self, file)
ahead.Ahead.copy = noted
{}
from tdparse.cli import main
main()
"""


# The other process dies after it has begun to speak.
DYING = """
begin = ahead._Mute.end_silence
def dying(self):
    begin(self)
    self.summary = lambda summary: os._exit(1)
ahead._Mute.end_silence = dying
"""


def two(folder: Path, *arguments: str, change: str = "") -> Done:
    """Run tdexplain on two processes, in a folder; `change` is done to the module before."""
    (folder / "spoken").unlink(missing_ok=True)
    return run([sys.executable, "-c", START.format(change), "-j", "2", *arguments], cwd=folder)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of many blocks: connections, remarks, a last line without its newline."""
    return written(tmp_path_factory.mktemp("ahead"), b"a remark\r\n")


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with lines that cannot be read; each process that meets one loads the grammar."""
    return written(tmp_path_factory.mktemp("faulty"), b"a remark\r\n" + REJECTED)


def written(folder: Path, between: bytes) -> Path:
    """Write a log that has something between its segments, and return where."""
    lines = generated(100_000, 7).text.splitlines(keepends=True)
    for place in range(100, len(lines), 200):
        lines[place] += between
    path = folder / "x.log"
    path.write_bytes(b"".join(lines).rstrip(b"\n"))
    return path


@pytest.fixture(scope="module")
def alone(log: Path) -> Done:
    """What one process makes of it, without options."""
    return run([*TDEXPLAIN, "x.log"], cwd=log.parent)


@pytest.mark.parametrize(
    "options",
    [
        ["--fail-on", "refused", "--strict"],
        ["-l", "zh", "-v", "-n", "both", "--color", "always"],
        ["-f", "jsonl"],
        ["-f", "csv", "--port", "80"],
    ],
    ids=" ".join,
)
def test_two_write_what_one_writes(program: Program, faulty: Path, options: list[str]) -> None:
    """Every view that can begin in the middle; exit codes and complaints, too."""
    one, both = program(*options, "x.log", cwd=faulty.parent), two(faulty.parent, *options, "x.log")
    assert both.raw == one.raw
    assert (both.code, both.err) == (one.code, one.err)
    assert (faulty.parent / "spoken").exists()


@pytest.mark.parametrize(("options", "gain"), [(["--compact"], -1), (["-q"], 2), (["-f", "markdown"], -1)])
def test_one_is_enough(program: Program, log: Path, options: list[str], gain: int) -> None:
    """For a view that cannot begin in the middle, and where there is nothing to gain."""
    both = two(log.parent, *options, "x.log", change=f"ahead.GAIN = {gain}")
    assert both.raw == program(*options, "x.log", cwd=log.parent).raw
    assert not (log.parent / "spoken").exists()


def test_packed_and_damaged_logs(program: Program, log: Path, tmp_path: Path) -> None:
    """What could be read before it breaks off is shown, and the trouble told."""
    packed = gzip.compress(log.read_bytes(), 0)  # as long as the log
    for name, octets, code in (("x.gz", packed, 0), ("cut.gz", packed[:-2000], 3)):
        (tmp_path / name).write_bytes(octets)
        one, both = program(name, cwd=tmp_path), two(tmp_path, name, "-o", "out")
        assert (tmp_path / "out").read_bytes() == one.raw
        assert (both.code, both.err) == (one.code, one.err)
        assert both.code == code
        assert (tmp_path / "spoken").exists()
        assert sorted(path.name for path in tmp_path.iterdir() if path.suffix != ".gz") == ["out", "spoken"]


@pytest.mark.parametrize(
    "change",
    [
        "ahead._Runner._block = lambda self, octets: os._exit(1)",  # before it speaks
        "ahead._Mute.end_silence = lambda self: os._exit(1)",
        DYING,
        "ahead.ROOM = 1 << 40",
        "ahead.PLACES = ('/proc',)",
    ],
    ids=["at once", "at its turn", "in the middle", "no room", "no place"],
)
def test_without_the_other_one_goes_on(alone: Done, log: Path, change: str) -> None:
    """A process that dies, or cannot put down what it shows, costs nothing but time."""
    both = two(log.parent, "x.log", change=change)
    assert both.raw == alone.raw
    assert (both.code, both.err) == (alone.code, alone.err)
    assert not (log.parent / "spoken").exists()


def test_the_other_goes_with_the_first(log: Path) -> None:
    """A reader that has seen enough, and a kill, leave no process behind."""
    command = [sys.executable, "-c", START.format("")]
    done = subprocess.run(
        ["bash", "-c", '"$@" | head -1', "-", *command, "-j", "2", "x.log"],
        cwd=log.parent,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.stdout.count(b"\n") == 1
    assert done.stderr == b""
    with started(
        [*command, "-j", "2", "x.log"], cwd=log.parent, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None
        process.stdout.read(1000)
        process.send_signal(signal.SIGKILL)
        process.wait()
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                os.killpg(process.pid, 0)
            except ProcessLookupError:
                break
            time.sleep(0.05)
        else:
            pytest.fail("the other process is still there")


def test_a_table_of_connections_is_made_by_one(program: Program, log: Path) -> None:
    """The number of processes is a wish there, too."""
    arguments = ["connections", "-f", "jsonl", "x.log"]
    assert program(*arguments, "-j", "2", cwd=log.parent).raw == program(*arguments, cwd=log.parent).raw
