"""
Logs explained by one process and by two, side by side: `python tests/halved.py --seeds 40`.

Logs are mixtures (`mixtures.py`). Blocks are small and the limits of the table low, so that halves meet often. The last
line says what was compared and what differs, whose log is left in the present folder.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

ROOT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from mixtures import logs, mixture  # noqa: E402 - found by the path above

from tdparse import halves, icmp, read, roles, stream, table, verdict  # noqa: E402
from tdparse.render import Totals  # noqa: E402
from tdparse.render.jsonl import ConnectionLines, JsonLines  # noqa: E402
from tdparse.render.tabular import Tabular  # noqa: E402
from tdparse.render.text import Text  # noqa: E402
from tdparse.selection import Alarm, Selection  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

    from tdparse.render import Renderer

VIEWS: Final[tuple[Callable[[], Renderer], ...]] = (
    lambda: Text("en"),
    lambda: Text("zh", numbers="both", verbose=True),
    lambda: Text("en", numbers="symbolic"),
    lambda: Text("en", quiet=True),
    lambda: JsonLines("en", numbers="absolute"),
    lambda: ConnectionLines("zh"),
    lambda: Tabular("en", connections=False),
)
SELECTIONS: Final = (*[Selection()] * 4, Selection(codes=("warn",)), Selection(ports=frozenset({"80", "9"})))
LIMITS: Final = ("SWEEP_AT", "CROWD", "MAX_CLOSED", "MAX_UNANSWERED", "MAX_LIVE", "MAX_RETIRED")
LOW: Final = ((8, 4, 6000, 10_000, 100_000, 50_000), (4, 2, 10, 6, 24, 5), (16, 8, 4, 3, 1000, 2))


def explained(path: Path, renderer: Renderer, selection: Selection, *, two: bool) -> tuple[object, bool]:
    """Return what is shown of a log and counted, and whether it was divided."""
    shown: list[bytes] = []

    def write(text: str) -> None:
        shown.append(text.encode("utf-8", "surrogateescape"))

    run = stream.Run(renderer, selection, Alarm(["refused"]), Totals())
    other = halves.Halves(str(path), run)
    with read.opened(str(path)) as source, other:
        if two:
            stopped, divide = lambda: other.stopped(enough=False), other.divide
            run.follow(source, write, stopped, encoded=shown.append, divide=divide)
        else:
            run.follow(source, write, encoded=shown.append)
    return (b"".join(shown), vars(run.totals), run.alarm.met), other.begun


def compare(seed: int, known: list[list[bytes]], folder: Path) -> tuple[bool, bool]:
    """Tell whether one and two processes show the same of a mixture, and whether two did."""
    chance = Random(seed)  # noqa: S311 - reproducible, not secret
    path = folder / f"halved-{seed}.log"
    path.write_bytes(mixture(known, chance))
    for name, value in zip(LIMITS, chance.choice([*LOW, LOW[0]]), strict=True):
        setattr(table, name, value)
    roles.MAX_SERVICES = chance.choice([65_536, 5])  # type: ignore[misc]
    verdict.MAX_SOURCES = chance.choice([65_536, 2])  # type: ignore[misc]
    icmp.MAX_LOOKED_AT = chance.choice([4096, 3])  # type: ignore[misc]
    vars(read)["BLOCK"] = chance.choice([300, 1000, 4096])
    view, selection = chance.choice(VIEWS), chance.choice(SELECTIONS)
    one, _ = explained(path, view(), selection, two=False)
    both, divided = explained(path, view(), selection, two=True)
    return one == both, divided


def main() -> int:
    """Compare as many as asked; return 1 if some differ."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--first", type=int, default=1)
    asked = parser.parse_args()
    stream.LEARNT = 1  # type: ignore[misc]
    known, divided, different = logs(), 0, []
    with TemporaryDirectory() as folder:
        for seed in range(asked.first, asked.first + asked.seeds):
            same, two = compare(seed, known, Path(folder))
            divided += two
            if not same:
                different.append(seed)
                Path(f"halved-{seed}.log").write_bytes((Path(folder) / f"halved-{seed}.log").read_bytes())
    print(f"{asked.seeds} logs, {divided} of them divided, {len(different)} not the same: {different}")
    return bool(different)


if __name__ == "__main__":
    sys.exit(main())
