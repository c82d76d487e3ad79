"""The captures and logs that are measured: made once, kept under `.cache/bench` until the generator changes."""

from __future__ import annotations

import subprocess
import sys
import zlib
from functools import cache
from pathlib import Path
from typing import Final

from bench.measure import UTC

HERE: Final = Path(__file__).parent
CACHE: Final = HERE.parents[1] / ".cache" / "bench"
SHORT: Final = 5  # lines of the log that is explained to see what starting costs


@cache
def folder() -> Path:
    """Return where this version of the generator keeps its files; those of others are removed."""
    sources = b"".join((HERE / name).read_bytes() for name in ("traffic.py", "printing.py", "generate.py"))
    ours = CACHE / f"{zlib.crc32(sources):08x}"
    for other in CACHE.glob("*/*"):
        if other.parent != ours:
            other.unlink()
    ours.mkdir(parents=True, exist_ok=True)
    return ours


def capture(shape: str, size: int) -> Path:
    """Return the pcap file of a shape."""
    return _made(shape, size, folder() / f"{shape}-{size}.pcap")


def log(shape: str, size: int) -> Path:
    """Return the text of a shape, as tcpdump would print it."""
    return _made(shape, size, folder() / f"{shape}-{size}.txt")


def printed(size: int) -> Path:
    """Return the text of ordinary traffic, printed by tcpdump itself."""
    path = folder() / f"printed-{size}.txt"
    if not path.exists():
        print(f"printing {path.name}", file=sys.stderr)
        beside = path.with_name(path.name + ".part")
        with beside.open("wb") as file:
            command = ["tcpdump", "-nn", "-S", "-r", str(capture("few", size))]
            subprocess.run(command, check=True, stdout=file, stderr=subprocess.DEVNULL, env=UTC)
        beside.rename(path)
    return path


def _made(shape: str, size: int, path: Path) -> Path:
    if not path.exists():
        print(f"making {path.name}", file=sys.stderr)
        # In a process of its own: the memory of one that grew large would be counted as that of what it starts.
        command = [sys.executable, "-m", "bench.generate", shape, str(size), str(path)]
        subprocess.run(command, check=True, cwd=HERE.parent)
    return path
