"""
A million lines on Spark with two processes: the same rows as the program's own, and how fast. `make test-spark`.

Without a log, made-up traffic of a million lines is written first.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rows import rows

TABLES = ("segments", "connections")


def timed(*command: object) -> float:
    """Run a program; return how many seconds it took."""
    begun = time.perf_counter()
    subprocess.run([str(word) for word in command], check=True)
    return time.perf_counter() - begun


def main() -> int:
    """Compare; 0 when all rows are the same."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log", nargs="?", type=Path)
    parser.add_argument("--master", default="local[2]")
    parser.add_argument("--lines", type=int, default=1_000_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = chosen.log
        if log is None:
            from bench.generate import write

            log = folder / "traffic.log"
            write("few", chosen.lines, log)
        program = Path(sys.executable).with_name("tdexplain")
        # Two processes of ours: each half of a pair of logs, so that both have as much to do.
        pair = folder / "pair"
        pair.mkdir()
        for half in ("a.log", "b.log"):
            (pair / half).symlink_to(log.resolve())
        ours = timed(program, "annotate", "-j", 2, "-f", "parquet", "-o", folder / "out", pair)
        timed(program, "connections", "-f", "parquet", "-o", folder / "connections.parquet", log)
        timed(program, "-f", "parquet", "-o", folder / "segments.parquet", log)
        engine = timed(sys.executable, "-m", "tdparse.spark", "--master", chosen.master, "-o", folder / "tables", log)
        with log.open("rb") as file:
            lines = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
        print(
            f"{lines} lines; tdexplain annotate -j 2: {2 * lines / ours:,.0f} lines/s in {ours:.0f} s for two such logs"
        )
        print(f"Spark, {chosen.master}: {lines / engine:,.0f} lines/s in {engine:.0f} s, its start included")
        same = True
        for table in TABLES:
            one, other = rows([folder / f"{table}.parquet"]), rows(sorted((folder / "tables" / table).iterdir()))
            print(f"{table}: {one.total()} rows, {other.total()} of the engine, different: {(one - other).total()}")
            same = same and one == other
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
