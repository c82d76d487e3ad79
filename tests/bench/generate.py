"""
Write a capture, or the log of one: `PYTHONPATH=tests python -m bench.generate few 1000000 big.pcap`.

A name that ends in `.pcap` gets packets, any other the text that tcpdump would print of them.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from bench.printing import write_pcap, write_text
from bench.traffic import Segment, all_open, flood, mixed, one, three

SHAPES: Final[dict[str, Callable[[int], Iterator[Segment]]]] = {
    "few": lambda _: mixed(few=True),  # mixed traffic of 200 clients, about 55 segments a connection
    "big": lambda _: mixed(few=False),  # the same, a client address a connection
    "many": lambda _: mixed(few=True, brief=True),  # about 10 segments a connection, some never closed
    "one": one,  # a single connection
    "three": lambda _: three(),  # three segments a connection, half of them never closed
    "open": lambda _: all_open(),  # 100,000 connections open at once
    "flood": lambda _: flood(),  # a SYN a connection
}


def write(shape: str, size: int, path: Path) -> None:
    """Write `size` packets or lines; the file appears when it is complete."""
    unfinished = path.with_name(path.name + ".part")
    with unfinished.open("wb") as file:
        segments = islice(SHAPES[shape](size), size)
        (write_pcap if path.suffix == ".pcap" else write_text)(file, segments)
    unfinished.rename(path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("size", type=int)
    parser.add_argument("path", type=Path)
    given = parser.parse_args()
    write(given.shape, given.size, given.path)
