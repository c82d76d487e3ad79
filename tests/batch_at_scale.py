"""
A folder as it is met in practice, annotated on one core and on two, killed and continued: `make test-batch`.

Two thousand logs made of the fixtures, some packed, some broken in twenty ways, some of 100 MB. What the report
has to say is known from how each log was made, not from the program that is looked at.
"""

from __future__ import annotations

import argparse
import bz2
import gzip
import json
import lzma
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
COMMAND = [sys.executable, "-m", "tdparse", "annotate"]
PACK: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}
MEMORY = 400  # MB that all processes of a run may take together
SHARE = 0.9  # of the speed-up of two runs beside each other
REJECTED = b"10:00:00.000000 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq x, win 9, length 0\n"
PROSE = b"nothing that tcpdump would print\n"


class Known(NamedTuple):
    """What is known of a text: lines, segments, verdicts of its connections, and where a record cannot be read."""

    text: bytes
    lines: int
    segments: int
    verdicts: Counter[str]
    rejected: tuple[int, ...] = ()


class Folder:
    """A folder of logs, and what a report on it has to say."""

    def __init__(self, path: Path) -> None:
        """Begin an empty one."""
        self.path = path
        self.done = 0
        self.lines = self.segments = 0
        self.verdicts: Counter[str] = Counter()
        self.rejected: dict[str, tuple[int, ...]] = {}
        self.failed: set[str] = set()

    def put(self, name: str, octets: bytes | Path, known: Known | None) -> None:
        """Add a log; one of which nothing is `known` has to fail."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(octets, Path):
            path.symlink_to(octets)
        else:
            path.write_bytes(octets)
        shown = str(path.relative_to(self.path.parent))
        if known is None:
            self.failed.add(shown)
            return
        self.done += 1
        self.lines += known.lines
        self.segments += known.segments
        self.verdicts += known.verdicts
        if known.rejected:
            self.rejected[shown] = known.rejected


# ------------------------------------------------------------------ what the logs are made of


def connection(number: int) -> tuple[list[str], str]:
    """Return the records of a connection whose end is known, and its verdict."""
    client, server = (
        f"10.{number >> 14 & 255}.{number >> 7 & 127}.{number & 127}.{1024 + number % 60_000}",
        "192.0.2.1.80",
    )
    ours, theirs = 1_000_000 + number * 7 % 3_000_000_000, 2_000_000_000 + number * 11 % 2_000_000_000
    out, back = f"IP {client} > {server}: Flags", f"IP {server} > {client}: Flags"
    if number % 9 == 8:
        return [
            f"{out} [S], seq {ours}, win 64240, options [mss 1460,sackOK,TS val {number} ecr 0,nop,wscale 7], length 0",
            f"{back} [R.], seq 0, ack {ours + 1}, win 0, length 0",
        ], "refused"
    stamps = f"options [nop,nop,TS val {number} ecr {number + 1}]"
    lines = [
        f"{out} [S], seq {ours}, win 64240, options [mss 1460,sackOK,TS val {number} ecr 0,nop,wscale 7], length 0",
        f"{back} [S.], seq {theirs}, ack {ours + 1}, win 65160, options [mss 1460,sackOK,TS val {number} ecr 9], length 0",
        f"{out} [.], ack {theirs + 1}, win 502, {stamps}, length 0",
    ]
    ours, theirs = ours + 1, theirs + 1
    for size in (300, 1400, 80, 1448):
        lines.append(f"{out} [P.], seq {ours}:{ours + 120}, ack {theirs}, win 502, {stamps}, length 120")
        ours += 120
        lines.append(f"{back} [P.], seq {theirs}:{theirs + size}, ack {ours}, win 509, {stamps}, length {size}")
        theirs += size
        lines.append(f"{out} [.], ack {theirs}, win 502, {stamps}, length 0")
    return [
        *lines,
        f"{out} [F.], seq {ours}, ack {theirs}, win 502, {stamps}, length 0",
        f"{back} [.], ack {ours + 1}, win 509, {stamps}, length 0",
        f"{back} [F.], seq {theirs}, ack {ours + 1}, win 509, {stamps}, length 0",
        f"{out} [.], ack {theirs + 1}, win 502, {stamps}, length 0",
    ], "complete.clean"


def generated(size: int, start: int) -> Known:
    """Return a log of about `size` octets: many connections, thirty open at a time."""
    pieces: list[str] = []
    verdicts: Counter[str] = Counter()
    octets, number, count = 0, start, 0
    opened: list[Iterator[str]] = []
    while octets < size or opened:
        while octets < size and len(opened) < 30:
            records, verdict = connection(number)
            number += 1
            verdicts[verdict] += 1
            opened.append(iter(records))
        for place in range(len(opened) - 1, -1, -1):
            record = next(opened[place], None)
            if record is None:
                opened.pop(place)
                continue
            second, micro = divmod(count * 50, 1_000_000)
            pieces.append(
                f"2024-05-06 {second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}.{micro:06} {record}\n"
            )
            octets += len(pieces[-1])
            count += 1
    return Known("".join(pieces).encode(), count, count, verdicts)


def fixture(path: Path) -> Known:
    """Return a fixture with what the reviewed output beside it, or for want of one the program on this log alone, says."""
    text = path.read_bytes()
    done = subprocess.run(
        [sys.executable, "-m", "tdparse", "connections", "-f", "jsonl", str(path)], capture_output=True, check=True
    )
    verdicts = Counter(json.loads(line)["verdict"] for line in done.stdout.splitlines())
    return Known(text, text.count(b"\n"), text.count(b"Flags ["), verdicts)


def fixtures() -> list[Known]:
    """Return logs of one line a record, whose segments can be counted without us."""
    paths = sorted((ROOT / "tdparse" / "demo").glob("*.log")) + sorted((ROOT / "fixtures/captures").glob("*/*.log"))
    found = [fixture(path) for path in paths if b"\n    " not in path.read_bytes()]
    return [known for known in found if known.segments == known.lines]


def broken(folder: Folder, logs: list[Known], captures: list[bytes]) -> int:
    """Add logs that are broken, each in a way of its own; return how many."""
    known = max(logs, key=lambda log: log.lines)
    text = known.text
    packed, xz, bz = gzip.compress(text), lzma.compress(text), bz2.compress(text)
    spoilt = bytearray(packed)
    spoilt[len(packed) // 2] ^= 0xFF
    nothing = Known(b"", 0, 0, Counter())
    capture = captures[0]
    ways: list[tuple[str, bytes | Path, Known | None]] = [
        ("cut.gz", packed[:-20], None),
        ("cut.xz", xz[:-20], None),
        ("cut.bz2", bz[:-20], None),
        ("spoilt.gz", bytes(spoilt), None),
        ("sum.gz", packed[:-8] + bytes(8), None),
        ("head.gz", b"\x1f\x8b" + bytes(50), None),
        ("tail.gz", packed + b"and more", None),
        ("noise.log", bytes(range(256)) * 40, None),
        ("noise.gz", gzip.compress(bytes(range(256)) * 40), None),
        ("missing.log", Path("nowhere"), None),
        ("itself.log", Path("itself.log"), None),
        ("cut.pcap", capture[: len(capture) * 2 // 3 + 1], None),
        ("cut.pcap.gz", gzip.compress(capture)[:-30], None),
        ("head.pcap", capture[:10], None),
        ("empty.log", b"", nothing),
        ("empty.gz", gzip.compress(b""), nothing),
        ("prose.log", PROSE * 40, known._replace(lines=40, segments=0, verdicts=Counter())),
        ("odd.log", REJECTED + text + REJECTED, known._replace(lines=known.lines + 2, rejected=(1, known.lines + 2))),
        ("latin.log", b"# caf\xe9\xff\n" + text, known._replace(lines=known.lines + 1)),
        ("no end.log", text.rstrip(b"\n"), known),
    ]
    for name, octets, outcome in ways:
        folder.put(f"broken/{name}", octets, outcome)
    return len(ways)


def build(path: Path, count: int, packed: int, large: int, size: int) -> Folder:
    """Make the folder."""
    folder = Folder(path)
    logs = fixtures()
    captures = [found.read_bytes() for found in sorted((ROOT / "fixtures/captures").glob("*/*.pcap"))]
    rest = count - broken(folder, logs, captures) - large
    for number in range(rest):
        known = logs[number % len(logs)] if number % 3 else generated(5000 * (1 + number % 5), number * 40)
        name = f"{number % 17:02}/{number:05}.log"
        if number < packed:
            packing = list(PACK)[number % len(PACK)]
            folder.put(f"{name}.{packing}", PACK[packing](known.text), known)
        else:
            folder.put(name, known.text, known)
    for number in range(large):
        known = generated(size, 1_000_000 * number)
        folder.put(f"large/{number}.log", known.text, known)
    return folder


# ------------------------------------------------------------------ runs, looked at from outside


class Measured(NamedTuple):
    """How a run went: its exit code, seconds, and the most memory all of its processes had together, in MB."""

    code: int
    seconds: float
    memory: float


def memory(pid: int) -> float:
    """Return the memory of a process and its descendants in MB, what they share counted once."""
    total, waiting = 0, [pid]
    while waiting:
        now = waiting.pop()
        try:
            for line in Path(f"/proc/{now}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
            for task in Path(f"/proc/{now}/task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
        except OSError:
            continue  # it has ended meanwhile
    return total / 1000


def measured(*commands: list[str], cwd: Path) -> Measured:
    """Run commands beside each other to their ends."""
    begun = time.monotonic()
    running = [subprocess.Popen(command, cwd=cwd, stderr=subprocess.DEVNULL) for command in commands]
    most = 0.0
    while any(process.poll() is None for process in running):
        most = max(most, sum(memory(process.pid) for process in running))
        time.sleep(0.1)
    return Measured(max(process.returncode for process in running), time.monotonic() - begun, most)


def same(one: Path, other: Path) -> bool:
    """Return whether two folders hold the same files, hidden ones too, with the same octets."""
    done = subprocess.run(["diff", "-rq", "--no-dereference", one, other], capture_output=True, check=False)
    return done.returncode == 0


class Checks:
    """What has been looked at."""

    def __init__(self) -> None:
        """Begin without any."""
        self.failed = 0

    def that(self, holds: bool, what: str) -> None:  # noqa: FBT001 - the condition is the point
        """Note and tell."""
        self.failed += not holds
        print(f"{'ok  ' if holds else 'FAIL'} {what}", flush=True)


def counts(checks: Checks, report: dict[str, object], folder: Folder) -> None:
    """Compare a report with what is known of the folder."""
    failed = len(folder.failed)
    logs = {"found": folder.done + failed, "done": folder.done, "finished_before": 0, "failed": failed, "left": 0}
    checks.that(report["logs"] == logs, f"logs: {report['logs']}")
    for key in ("lines", "segments"):
        checks.that(report[key] == getattr(folder, key), f"{key}: {report[key]} of {getattr(folder, key)}")
    checks.that(report["connections"] == folder.verdicts.total(), f"connections: {report['connections']}")
    checks.that(report["verdicts"] == folder.verdicts, f"verdicts: {report['verdicts']}")
    listed = report["rejected"]
    assert isinstance(listed, list)
    rejected = {found["log"]: tuple(place["line"] for place in found["places"]) for found in listed}
    checks.that(rejected == folder.rejected, f"lines that could not be read: {rejected}")
    failures = report["failures"]
    assert isinstance(failures, list)
    checks.that({found["name"] for found in failures} == folder.failed, f"failures: {len(failures)}, each named")


def killed(checks: Checks, cwd: Path, moments: int) -> None:
    """Kill runs at random moments, the first process alone or all of them, and run again."""
    build(cwd / "few", 300, 50, 2, 3_000_000)
    command = [*COMMAND, "few", "-j", "2", "-o"]
    seconds = measured([*command, "undisturbed"], cwd=cwd).seconds
    command.append("killed")
    chance = random.SystemRandom()
    identical = hit = 0
    for number in range(moments):
        shutil.rmtree(cwd / "killed", ignore_errors=True)
        process = subprocess.Popen(command, cwd=cwd, stderr=subprocess.DEVNULL, start_new_session=True)
        time.sleep(chance.uniform(0.1, seconds * 1.02))
        if process.poll() is None:
            process.kill() if number % 2 else os.killpg(process.pid, signal.SIGKILL)
        hit += process.wait() == -signal.SIGKILL
        subprocess.run(command, cwd=cwd, stderr=subprocess.DEVNULL, check=False)
        identical += same(cwd / "killed", cwd / "undisturbed")
    checks.that(
        identical == moments, f"killed at {hit} of {moments} moments, then run again: identical {identical} times"
    )


def main() -> int:
    """Build, run, compare."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--logs", type=int, default=2000)
    options.add_argument("--packed", type=int, default=50)
    options.add_argument("--large", type=int, default=5)
    options.add_argument("--size", type=int, default=100, help="of a large log, in MB")
    options.add_argument("--rounds", type=int, default=3, help="of one process, two, and two runs; the medians count")
    options.add_argument("--kills", type=int, default=20)
    chosen = options.parse_args()
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="tdexplain-batch-") as top:
        cwd = Path(top)
        folder = build(cwd / "in", chosen.logs, chosen.packed, chosen.large, chosen.size * 1_000_000)
        octets = sum(path.stat().st_size for path in folder.path.rglob("*") if path.is_file())
        print(f"{folder.done + len(folder.failed)} logs, {octets / 1e6:.0f} MB, {folder.segments} segments")
        runs: dict[str, list[Measured]] = {"one": [], "two": [], "beside": []}
        for _ in range(chosen.rounds):
            for name, found in runs.items():
                for old in ("one", "two", "beside", "besides"):
                    if old.startswith(name):
                        shutil.rmtree(cwd / old, ignore_errors=True)
                outputs = ["beside", "besides"] if name == "beside" else [name]
                jobs = "2" if name == "two" else "1"
                commands = [
                    [*COMMAND, "in", "-j", jobs, "-o", output, "--report", f"{output}.json"] for output in outputs
                ]
                found.append(measured(*commands, cwd=cwd))
        shutil.rmtree(cwd / "beside")
        shutil.rmtree(cwd / "besides")
        seconds = {name: sorted(run.seconds for run in found)[len(found) // 2] for name, found in runs.items()}
        for name, found in runs.items():
            print(f"{name:7} {seconds[name]:7.1f} s, {max(run.memory for run in found):4.0f} MB, exit {found[0].code}")
        checks.that(
            all(run.code == 3 for found in runs.values() for run in found), "exit 3: some logs could not be read"
        )
        checks.that(same(cwd / "one", cwd / "two"), "-j 2 writes what -j 1 writes, octet for octet")
        reports = [(cwd / f"{name}.json").read_bytes() for name in ("one", "two")]
        checks.that(reports[0] == reports[1], "and the same report")
        counts(checks, json.loads(reports[1]), folder)
        reached, possible = seconds["one"] / seconds["two"], 2 * seconds["one"] / seconds["beside"]
        checks.that(
            reached >= SHARE * possible,
            f"speed-up {reached:.2f}; two runs beside each other reach {possible:.2f}: {reached / possible:.0%}",
        )
        most = max(run.memory for run in runs["two"])
        checks.that(most < MEMORY, f"memory of all processes together: {most:.0f} MB")
        shutil.rmtree(cwd / "two")
        killed(checks, cwd, chosen.kills)
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
