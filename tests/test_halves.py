"""One long log on two processes: the output is that of one, octet for octet, whatever becomes of the other."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from batch_at_scale import REJECTED, generated
from conftest import ROOT, TDEXPLAIN, Done, Program, run, started

from tdparse.model import Endpoint
from tdparse.sharing import ROOM, DivergedError, Sharing

# Logs of the tests are short, so blocks are short as well. How a run went is noted beside the log: it was divided, or
# explained again by one process.
START = """
import os, time, tdparse.halves as halves, tdparse.job as job, tdparse.read as read, tdparse.stream as stream
halves.LEAST = 1
read.BLOCK = 1 << 13
stream.LEARNT = 1
divide, begin_again = halves.Halves.divide, job._Writer.begin_again
def divided(self, following):
    open("divided", "w").close()
    divide(self, following)
def again(self):
    open("again", "w").close()
    begin_again(self)
halves.Halves.divide, job._Writer.begin_again = divided, again
{}
from tdparse.cli import main
main()
"""

# What becomes of the second process; the first one finds out in the middle, at once, or at the end.
LOSSES = {
    "at once": "halves._Second.go = lambda *_: os._exit(1)",
    "in the middle": """
put = halves._Second.put
def dying(self, parts, until):
    if self._blocks > 9:
        os._exit(1)
    return put(self, parts, until)
halves._Second.put = dying
""",
    "at the end": "halves._Second.close = lambda self: os._exit(1)",
    "out of step": """
put = halves._Second.put
def wrong(self, parts, until):
    return put(self, parts[:-1] if self._blocks > 9 else parts, until)
halves._Second.put = wrong
""",
    "another end": """
may = halves._Second._may_go_on
halves._Second._may_go_on = lambda self: self._blocks < 9 and may(self)
""",
}


def one(folder: Path, *arguments: str) -> Done:
    """Run tdexplain on one process, in a folder, with short blocks, too: what a log shows in the first one is told."""
    return run([sys.executable, "-c", START.format(""), *arguments], cwd=folder)


def two(folder: Path, *arguments: str, change: str = "") -> Done:
    """Run tdexplain on two processes, in a folder; `change` is done to the modules before."""
    for name in ("divided", "again"):
        (folder / name).unlink(missing_ok=True)
    return run([sys.executable, "-c", START.format(change), *arguments, "-j", "2"], cwd=folder)


def how(folder: Path) -> set[str]:
    """Return what was noted of the run."""
    return {name for name in ("divided", "again") if (folder / name).exists()}


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of many blocks: connections, remarks, a last line without its newline."""
    return written(tmp_path_factory.mktemp("halves"), b"a remark\r\n")


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
        ["-l", "zh", "-v", "-n", "both"],
        ["-q"],
        ["-f", "jsonl"],
        ["-f", "csv"],
        ["-f", "csv", "--port", "80"],
        ["--only", "warn"],
        ["connections", "-f", "jsonl"],
    ],
    ids=" ".join,
)
def test_two_write_what_one_writes(faulty: Path, options: list[str]) -> None:
    """Every view that can be divided; exit codes and complaints, too."""
    single, both = one(faulty.parent, *options, "x.log"), two(faulty.parent, *options, "x.log")
    assert both.raw == single.raw
    assert (both.code, both.err) == (single.code, single.err)
    assert how(faulty.parent) == {"divided"}


@pytest.mark.parametrize(
    "options",
    [["--compact"], ["--color", "always"], ["-f", "markdown"], ["-c", "3"], ["connections"]],
    ids=" ".join,
)
def test_one_is_enough(log: Path, options: list[str]) -> None:
    """A view in which a record is shown in another way because of those around it is one process's."""
    both = two(log.parent, *options, "x.log")
    assert both.raw == one(log.parent, *options, "x.log").raw
    assert not how(log.parent)


def test_packed_and_damaged_logs(program: Program, log: Path, tmp_path: Path) -> None:
    """What could be read before it breaks off is shown, and the trouble told."""
    packed = gzip.compress(log.read_bytes(), 0)  # as long as the log
    for name, octets, code in (("x.gz", packed, 0), ("cut.gz", packed[:-2000], 3)):
        (tmp_path / name).write_bytes(octets)
        single, both = program(name, cwd=tmp_path), two(tmp_path, name, "-o", "out")
        assert (tmp_path / "out").read_bytes() == single.raw
        assert (both.code, both.err) == (single.code, single.err)
        assert both.code == code
        assert how(tmp_path) == {"divided"}
        assert sorted(path.name for path in tmp_path.iterdir() if path.suffix != ".gz") == ["divided", "out"]


@pytest.mark.parametrize("change", LOSSES.values(), ids=LOSSES)
def test_without_the_other_one_goes_on(alone: Done, log: Path, change: str) -> None:
    """A process that is lost, or does not fit, costs nothing but time: nothing is written twice, nothing counted twice."""
    both = two(log.parent, "x.log", change=change)
    assert both.raw == alone.raw
    assert (both.code, both.err) == (alone.code, alone.err)
    assert how(log.parent) == {"divided", "again"}
    as_json = two(log.parent, "-f", "jsonl", "x.log", change=change)
    assert json.loads(as_json.out.splitlines()[-1])["lines"] == log.read_bytes().count(b"\n") + 1


def test_a_log_that_grows(program: Program, log: Path, tmp_path: Path) -> None:
    """What the two of them read of a log that grows meanwhile may differ; the output is that of the whole."""
    (tmp_path / "x.log").write_bytes(log.read_bytes()[:200_000].rpartition(b"\n")[0] + b"\n")
    change = f"""
from_child = halves._Second.go
def late(self, *given):
    with open("x.log", "ab") as file:
        file.write(open({str(log)!r}, "rb").read()[:100_000].rpartition(b"\\n")[0] + b"\\n")
    from_child(self, *given)
halves._Second.go = late
"""
    both = two(tmp_path, "x.log", change=change)
    assert both.raw == program("x.log", cwd=tmp_path).raw


def test_an_interrupted_run_ends_with_verdicts(log: Path, tmp_path: Path) -> None:
    """Ctrl-C: both stop behind the same block, and what was explained has its verdicts."""
    change = """
import signal
stopped = halves.Halves.stopped
def interrupted(self, *, enough):
    if self._blocks == 3:
        os.kill(os.getpid(), signal.SIGINT)
    return stopped(self, enough=enough)
halves.Halves.stopped = interrupted
"""
    both = two(log.parent, "-f", "jsonl", "x.log", change=change)
    assert both.code == 130
    records = [json.loads(line) for line in both.out.splitlines()]
    lines = records[-1]["lines"]
    assert 100 < lines < log.read_bytes().count(b"\n")
    (tmp_path / "x.log").write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:lines]))
    assert both.raw == one(tmp_path, "-f", "jsonl", "x.log").raw


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
        process.stdout.read(100_000)
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


@pytest.mark.slow
def test_mixtures(thorough: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a fixture
    """Logs of all kinds in one, damaged too, with a table that is swept all the time: see halved.py."""
    seeds = 400 if thorough else 16
    done = run([sys.executable, str(ROOT / "tests" / "halved.py"), "--seeds", str(seeds)], cwd=tmp_path)
    found = re.fullmatch(r"(\d+) logs, (\d+) of them divided, 0 not the same: \[\]\n", done.out)
    assert found is not None, done.out + done.err
    assert int(found[2]) > seeds * 0.7  # short ones have too few blocks


# ------------------------------------------------------------------ what one half tells the other


class Wire:
    """A channel of which a test writes the other end."""

    def __init__(self) -> None:
        """Nothing has come."""
        self.sent: list[tuple[str, object]] = []
        self.to_come: list[tuple[str, object]] = []  # one at a time, when it is waited for
        self.come: list[tuple[str, object]] = []

    def send(self, kind: str, value: object) -> None:
        """Keep it."""
        self.sent.append((kind, value))

    def take(self, kind: str) -> object:
        """Wait for what the test has."""
        while not any(known == kind for known, _ in self.come):
            self.come.append(self.to_come.pop(0))
        place = next(place for place, (known, _) in enumerate(self.come) if known == kind)
        return self.come.pop(place)[1]

    def heard(self, kind: str) -> list[object]:
        """Return what has come."""
        found = [value for known, value in self.come if known == kind]
        self.come = [(known, value) for known, value in self.come if known != kind]
        return found


@pytest.fixture
def wire() -> Wire:
    """A channel."""
    return Wire()


@pytest.fixture
def half(wire: Wire) -> Sharing:
    """The first half of a log, at its line 10, that learns words into `known`."""
    sharing = Sharing()
    sharing.at(10)
    sharing.divide(wire, second=False, first_number=1000)
    return sharing


def test_facts_are_learnt_in_the_order_of_the_log(half: Sharing, wire: Wire) -> None:
    """What the other half has seen first is learnt first, whenever it comes."""
    known: list[str] = []
    half.learn("words", known.append)
    half.at(12)
    half.tell("words", "ours of 12")
    half.at(14)
    wire.to_come = [
        ("told", (11 * ROOM, "words", ("theirs of 11",))),
        ("told", (20 * ROOM, "words", ("theirs of 20",))),
        ("mark", 20 * ROOM),
    ]
    assert known == []
    half.know()
    assert known == ["theirs of 11", "ours of 12"]
    assert ("mark", 14 * ROOM - 1) in wire.sent  # before it waits, or the other one might wait for it
    half.at(21)
    wire.to_come = [("mark", 21 * ROOM)]
    half.know()
    assert known[-1] == "theirs of 20"


def test_nobody_waits_where_it_does_not_matter(half: Sharing) -> None:
    """A lead that the records in between cannot make up for is certain."""
    half.at(15)
    assert half.is_certain(7)
    assert not half.is_certain(5)


def test_what_is_said_once(half: Sharing, wire: Wire) -> None:
    """By whoever comes to it first in the log."""
    half.at(12)
    wire.to_come = [("told", (11 * ROOM, "said", ("theirs",))), ("mark", 12 * ROOM)]
    assert not half.once("theirs")
    assert half.once("ours")
    assert not half.once("ours")
    assert Sharing().once("anything")


def test_what_both_have_is_gathered_at_one_place(half: Sharing, wire: Wire) -> None:
    """Both halves have to be at the same record, else they do not see the same log."""
    half.at(12)
    wire.to_come = [("mark", 12 * ROOM - 1), ("gathered", (12 * ROOM, "theirs"))]
    assert half.gather("ours") == ["ours", "theirs"]
    assert Sharing().gather("ours") == ["ours"]
    wire.to_come = [("mark", 13 * ROOM - 1), ("gathered", (13 * ROOM, "theirs"))]
    with pytest.raises(DivergedError):
        half.gather("ours")


def test_a_connection_is_owned_by_one_half(wire: Wire) -> None:
    """In both directions by the same one, and about as many by either."""
    other = Sharing()
    other.divide(wire, second=True, first_number=0)
    first = Sharing()
    first.divide(wire, second=False, first_number=0)
    server, owned = Endpoint("192.0.2.1", 80), 0
    for port in range(1000, 2000):
        client = Endpoint("198.51.100.7", port)
        assert first.owns(client, server) is first.owns(server, client) is not other.owns(client, server)
        owned += first.owns(client, server)
    assert 400 < owned < 600
    assert Sharing().owns(server, server)


def test_numbers_stand_for_those_that_nobody_knows_yet(half: Sharing, wire: Wire) -> None:
    """They grow with the log, and the whole log numbers one after another."""
    half.at(12)
    assert half.number(7) == 1000 + 12 * ROOM
    assert ("opened", 1000 + 12 * ROOM) in wire.sent
    assert Sharing().number(7) == 8
