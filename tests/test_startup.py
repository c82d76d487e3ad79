"""Nothing heavy is imported or built before it is needed, and so the first explanation comes at once."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import tdparse

if TYPE_CHECKING:
    from collections.abc import Callable

DEMO = Path(tdparse.__file__).parent / "demo" / "http.log"
ROUNDS = 5
# A tenth of a second where `python -c pass` takes 9 ms; processor time, because it is little disturbed by neighbours.
MOST = 100 / 9
HEAVY = {
    "asyncio", "concurrent.futures", "dataclasses", "email", "gzip", "hashlib", "importlib.metadata", "json",
    "lark", "msgspec", "multiprocessing", "platformdirs", "prompt_toolkit", "pyarrow", "pydantic", "rich",
    "secrets", "socket", "tempfile", "tomllib",
}  # fmt: skip
START = "import sys; sys.argv[0] = 'tdexplain'; from tdparse.cli import main; main()"


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return what runs Python on code that has been compiled before, as it is when it is installed."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(tmp_path_factory.mktemp("compiled"))

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, *arguments], check=True, capture_output=True, text=True, env=environment)

    run("-c", START, str(DEMO))
    return run


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        (["--version"], {"importlib.metadata", "email", "socket", "tempfile"}),
        ([str(DEMO)], set()),
        (["-l", "zh", "-v", str(DEMO)], set()),
        (["--compact", str(DEMO)], set()),
        (["connections", str(DEMO)], set()),
        (["why", "refused"], set()),
    ],
    ids=" ".join,
)
def test_only_what_is_needed_is_imported(
    arguments: list[str], needed: set[str], started: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    """A run of text needs neither a parser generator nor a prompt, nor what other formats and other inputs need."""
    done = started("-X", "importtime", "-c", START, *arguments)
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "typer" in loaded
    assert (loaded & HEAVY) - needed == set()


def test_start_up_is_a_few_times_that_of_python(started: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    """From the command to its last explanation."""

    def taken(*arguments: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started(*arguments)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    # In turn, and the quickest of each: what disturbs only ever makes a run longer.
    nothing, everything = zip(
        *((taken("-c", "pass"), taken("-c", START, str(DEMO))) for _ in range(ROUNDS)), strict=True
    )
    assert min(everything) < MOST * min(nothing)
