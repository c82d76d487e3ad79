"""
A SYN flood of many sources into the program: `make flood`; its memory must stay below the limit of docs/limits.md.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Final

LIMIT_MIB: Final = 512
ROOT: Final = Path(__file__).parents[2]


def write(into: IO[bytes], sources: int) -> None:
    """Write a SYN from each source, 200,000 a second by the log's clock."""
    for first in range(0, sources, 1000):
        lines = []
        for number in range(first, min(first + 1000, sources)):
            seconds, micro = divmod(number * 5, 10**6)
            clock = f"{seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{micro:06}"
            host = f"{10 + (number >> 24)}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
            seq = number * 2_654_435_761 % 2**32
            lines.append(
                f"{clock} IP {host}.{1024 + number % 60_000} > 192.0.2.2.80: Flags [S], seq {seq}, win 65535, options [mss 1460], length 0\n"
            )
        into.write("".join(lines).encode())
    into.close()


def main() -> None:
    """Flood; exit 1 when the memory grew beyond the limit or nothing was said of what was given up."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sources", type=int, default=10_000_000)
    given = parser.parse_args()
    with subprocess.Popen(
        [sys.executable, "-m", "tdparse", "-q"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    ) as process:
        if process.stdin is None or process.stderr is None:
            raise ValueError("pipes are needed")
        threading.Thread(target=write, args=(process.stdin, given.sources), daemon=True).start()
        told = process.stderr.read().decode()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    peak = used.ru_maxrss / 1024
    sys.stdout.write(
        f"{given.sources} sources, {used.ru_utime + used.ru_stime:.0f} CPU-seconds, peak {peak:.0f} MiB, exit {process.returncode}\n{told}"
    )
    sys.exit(peak > LIMIT_MIB or process.returncode != 0 or "given up" not in told)


if __name__ == "__main__":
    main()
