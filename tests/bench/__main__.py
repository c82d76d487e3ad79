"""
How fast and how large, against tcpdump, tshark and tcptrace, all in turn: `make bench [SIZE=1000000] [ROUNDS=5]`.

The table goes to standard output and into `docs/benchmarks.md`.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

from bench.machine import able, compiled, description
from bench.material import log
from bench.measure import Taken, taken
from bench.report import Measured, document
from bench.rows import LONG, ROWS, SHAPE, START, Row

OFTEN = 3  # runs a round of what takes a moment


def run(row: Row, size: int) -> Taken:
    """Run a row once."""
    pipelines = [
        [[compiled() if word == "{compiled}" else word for word in command] for command in pipeline]
        for pipeline in row.commands(size)
    ]
    return taken(*pipelines)


def measured(size: int, rounds: int, limits: dict[str, int]) -> Measured:
    """Run every row in every round, those of some parts in fewer."""
    rows = [row for row in ROWS if able(row.needs) and limits.get(row.part, rounds)]
    for row in rows:
        row.commands(size)  # makes what it reads
    results: dict[str, list[Taken]] = {row.name: [] for row in rows}
    loads = []
    for number in range(rounds):
        loads.append(os.getloadavg()[0])
        for row in rows:
            if number >= limits.get(row.part, rounds):
                continue
            for _ in range(OFTEN if row.part == START else 1):
                results[row.name].append(run(row, size))
            last = results[row.name][-1]
            print(f"{number + 1} {row.name}: {last.wall:.2f} s, {last.cpu:.2f} s, {last.peak:.0f} MB", file=sys.stderr)
    command = [sys.executable, "-m", "bench.rates", str(log("few", size))]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1])
    missing = [row.name for row in ROWS if row not in rows]
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    return Measured(size, rounds, results, json.loads(done.stdout), missing, own, loads)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=1_000_000, help="packets")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--shape-rounds", type=int, default=3, help="of other traffic")
    parser.add_argument("--long-rounds", type=int, default=1, help="of ten times the packets; 0: without them")
    parser.add_argument("--output", type=Path, default=Path(__file__).parents[2] / "docs" / "benchmarks.md")
    given = parser.parse_args()
    limits = {SHAPE: given.shape_rounds, LONG: given.long_rounds}
    text = document(measured(given.size, given.rounds, limits), description())
    given.output.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
