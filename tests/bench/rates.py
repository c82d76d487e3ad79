"""
Lines a second of the derived patterns, to typed records, and of the LALR parser: `PYTHONPATH=tests python -m bench.rates LOG`.

The parser as the program uses it only accepts: no tree, no record, and what Lark's tables say of a place in a line
is worked out once, all of which is to its advantage. As Lark is used elsewhere it builds a tree.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import tdparse
from tdparse import lalr
from tdparse.rejection import failure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TURNS = 50  # short ones: what disturbs the machine disturbs all three alike
LINES, FEWER = 50_000, 3_000


def rate(work: Callable[[str], object], lines: Sequence[str]) -> float:
    """Return lines a second of processor time."""
    begun = time.process_time()
    for line in lines:
        work(line)
    return len(lines) / (time.process_time() - begun)


def part(lines: Sequence[str], turn: int) -> Sequence[str]:
    """Return the lines of one turn, which follow one another in the log."""
    return lines[len(lines) * turn // TURNS : len(lines) * (turn + 1) // TURNS]


def main(path: Path) -> dict[str, float]:
    """Measure both in turn."""
    with path.open(encoding="utf-8") as file:
        lines = [line.rstrip("\n") for line in islice(file, LINES)]
    fewer = lines[:: max(len(lines) // FEWER, 1)]
    reached = sum(not isinstance(tdparse.parse_line(line), tdparse.Segment) for line in lines)
    failure(lines[0])
    tree = lalr.build("record").parse
    works = ((tdparse.parse_line, lines), (failure, fewer), (tree, fewer))
    rounds = [[rate(work, part(some, turn)) for work, some in works] for turn in range(TURNS)]
    return {
        "patterns": statistics.median(patterns for patterns, _, _ in rounds),
        "lalr": statistics.median(parser for _, parser, _ in rounds),
        "tree": statistics.median(tree for _, _, tree in rounds),
        "ratio": statistics.median(patterns / parser for patterns, parser, _ in rounds),
        "ratio_tree": statistics.median(patterns / tree for patterns, _, tree in rounds),
        "unread": reached / len(lines),
    }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
