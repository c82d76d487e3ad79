"""
Fuzzing at length: `make fuzz`, or by hand.

::

    python tests/fuzz/campaign.py hypothesis parser --examples 50000
    python tests/fuzz/campaign.py atheris parser --minutes 24

Minutes are those of the processor. Each run ends with one line that says what was done; what breaks an
invariant ends it with the input (hypothesis prints it, atheris leaves it in the folder of the corpus).
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from pathlib import Path
from random import Random
from time import process_time
from typing import TYPE_CHECKING, Any, Final

ROOT: Final = Path(__file__).parents[2]
for folder in (ROOT / "tests", ROOT / "tests" / "fuzz"):
    sys.path.insert(0, str(folder))

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

TARGETS: Final = ("reader", "parser", "tracker", "renderers")
CORPUS: Final = ROOT / ".cache" / "fuzz"
LARGEST: Final = 4096  # octets of one input
ROUND: Final = 2000  # examples between two seeds: hypothesis remembers all it has tried


def target(name: str) -> ModuleType:
    """Return the module of a target."""
    return importlib.import_module(f"target_{name}")


# ------------------------------------------------------------------ hypothesis


def run_property(check: Callable[..., None], examples: int, seed: int, *, shrink: bool = False) -> int:
    """Try examples of one property; return how many were tried. Raises what it raises, `shrink` for the smallest."""
    from hypothesis import HealthCheck, Phase, settings
    from hypothesis import seed as seeded

    inner = check.hypothesis.inner_test  # type: ignore[attr-defined]
    tried = 0

    def counted(*given: Any, **named: Any) -> None:
        nonlocal tried
        tried += 1
        inner(*given, **named)

    check.hypothesis.inner_test = counted  # type: ignore[attr-defined]
    # What @settings does, which refuses to do it twice.
    check._hypothesis_internal_use_settings = settings(  # type: ignore[attr-defined]
        max_examples=examples,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, *((Phase.shrink,) if shrink else ())),
    )
    try:
        seeded(seed)(check)()
    finally:
        check.hypothesis.inner_test = inner  # type: ignore[attr-defined]
    return tried


def hypothesis(name: str, examples: int, seed: int) -> None:
    """Try examples of each property of a target in turn, until that many have been tried."""
    properties = target(name).PROPERTIES
    counts = dict.fromkeys((check.__name__ for check in properties), 0)
    place = 0
    while sum(counts.values()) < examples:
        check = properties[place % len(properties)]
        share = -(-examples // len(properties))
        wanted = min(ROUND, share, examples - sum(counts.values()))
        counts[check.__name__] += run_property(check, wanted, seed + place, shrink=True)
        place += 1
        if place % 5 == 0:
            _say(f"hypothesis {name}: {sum(counts.values())} examples, {process_time() / 60:.1f} CPU-minutes")
    _say(f"hypothesis {name}: clean, {sum(counts.values())} examples, {process_time() / 60:.1f} CPU-minutes, {counts}")


# ------------------------------------------------------------------ atheris


def atheris(name: str, minutes: float, seed: int) -> None:
    """Let atheris mutate logs until the processor has worked that long."""
    try:
        import atheris as fuzzer
    except ImportError:
        _say("atheris is not installed: pip install '.[fuzz]' (needs a wheel for this Python)")
        sys.exit(3)
    with fuzzer.instrument_imports(include=["tdparse"]):
        module = target(name)
    from made import mutated

    corpus = CORPUS / name
    seeded(module, corpus)
    runs = 0

    def one(octets: bytes) -> None:
        nonlocal runs
        module.check(octets)
        runs += 1
        if process_time() > minutes * 60:
            count = sum(1 for _ in corpus.iterdir())
            _say(f"atheris {name}: clean, {runs} runs, {process_time() / 60:.1f} CPU-minutes, corpus {count}")
            os._exit(0)

    def mutator(octets: bytes, most: int, seed: int) -> bytes:
        chance = Random(seed)
        if chance.random() < 0.4:
            return bytes(fuzzer.Mutate(octets, most))
        return mutated(octets, most, chance)

    arguments = [sys.argv[0], str(corpus), f"-artifact_prefix={corpus}-", f"-seed={seed}", f"-max_len={LARGEST}"]
    arguments += ["-timeout=600", "-rss_limit_mb=3000", "-print_final_stats=1", "-verbosity=0", "-use_value_profile=1"]
    fuzzer.Setup(arguments, one, custom_mutator=mutator)
    fuzzer.Fuzz()


def seeded(module: ModuleType, corpus: Path) -> None:
    """Put into the corpus what a target begins with, and the project's own logs."""
    corpus.mkdir(parents=True, exist_ok=True)
    logs = [*ROOT.glob("tdparse/demo/*.log"), *ROOT.glob("fixtures/**/*.log"), *ROOT.glob("fixtures/found/*")]
    for number, octets in enumerate([*module.seeds(), *(log.read_bytes()[:LARGEST] for log in sorted(logs))]):
        (corpus / f"seed-{number:04}").write_bytes(octets)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run one campaign."""
    parser = argparse.ArgumentParser()
    parser.add_argument("engine", choices=("hypothesis", "atheris"))
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--examples", type=int, default=2000)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if given.engine == "hypothesis":
        hypothesis(given.target, given.examples, given.seed)
    else:
        atheris(given.target, given.minutes, given.seed)


if __name__ == "__main__":
    main()
