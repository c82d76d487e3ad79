"""Nothing heavy is imported or built before it is needed, and so the first explanation comes at once."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest
from costs import times

import tdparse

if TYPE_CHECKING:
    from collections.abc import Callable

DEMO = Path(tdparse.__file__).parent / "demo" / "http.log"
# A tenth of a second where `python -c pass` takes 9 ms; processor time, because it is little disturbed by neighbours.
MOST = 100 / 9
HEAVY = {
    "asyncio", "concurrent.futures", "dataclasses", "email", "gzip", "hashlib", "importlib.metadata", "json",
    "lark", "msgspec", "multiprocessing", "platformdirs", "prompt_toolkit", "pyarrow", "pydantic", "rich",
    "secrets", "socket", "tempfile", "tomllib",
}  # fmt: skip
OF_VERSIONS = {"importlib.metadata", "email", "socket", "tempfile"}
START = "import sys; sys.argv[0] = 'tdexplain'; from tdparse.entry import main; main()"


Done: TypeAlias = subprocess.CompletedProcess[str]
Started: TypeAlias = "Callable[..., Done]"


def modules(done: Done) -> set[str]:
    """Return what was imported, from what `-X importtime` says."""
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Started:
    """Return what runs Python on code that has been compiled before, as it is when it is installed."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(tmp_path_factory.mktemp("compiled"))

    def run(*arguments: str, given: str = "", check: bool = True, cwd: Path | None = None) -> Done:
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, check=check, capture_output=True, text=True, env=environment, input=given, cwd=cwd
        )

    run("-c", START, str(DEMO))
    return run


@pytest.mark.parametrize(
    "arguments",
    [
        ["-l", "zh", "-v", str(DEMO)],
        ["--compact", str(DEMO)],
        ["connections", str(DEMO)],
        ["why", "refused"],
        ["--version"],
    ],
    ids=["verbose", "compact", "connections", "why", "version"],
)
def test_only_what_is_needed_is_imported(arguments: list[str], started: Started) -> None:
    """A run of text needs neither a parser generator nor a prompt, nor what other formats and other inputs need."""
    done = started("-X", "importtime", "-c", START, *arguments)
    loaded = modules(done)
    assert "typer" in loaded
    assert (loaded & HEAVY) - (OF_VERSIONS if arguments == ["--version"] else set()) == set()


def test_the_usual_run_needs_even_less(started: Started) -> None:
    """Nothing but names of logs: nobody has to read a command line."""
    loaded = modules(started("-X", "importtime", "-c", START, str(DEMO)))
    assert "tdparse.render.text" in loaded
    assert loaded & (HEAVY | {"typer", "inspect", "pathlib", "shutil", "subprocess"}) == set()
    loaded = modules(started("-X", "importtime", "-c", START, "-f", "jsonl", str(DEMO)))
    assert "tdparse.render.jsonl" in loaded
    assert "typer" not in loaded


def test_a_line_that_cannot_be_read_needs_no_parser_generator(started: Started) -> None:
    """What it would make of the grammar is stored, so the place where reading stops is found without it."""
    line = "10:00:00.000000 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq x, win 9, length 0\n"
    done = started("-X", "importtime", "-c", START, given=line, check=False)
    assert "column 61" in done.stdout
    assert modules(done) & HEAVY == set()


def test_the_usual_run_is_that_of_the_command(started: Started, tmp_path: Path) -> None:
    """With the same output and exit code, whatever is given and however."""
    (tmp_path / "empty.log").touch()
    (tmp_path / "explain").write_bytes(DEMO.read_bytes())

    def both(*words: str, log: str = "") -> None:
        runs = [
            started("-c", START, *first, *words, given=log, check=False, cwd=tmp_path) for first in ([], ["explain"])
        ]
        assert runs[0].stdout == runs[1].stdout
        assert runs[0].stderr == runs[1].stderr
        assert runs[0].returncode == runs[1].returncode
        assert runs[0].stdout or runs[0].stderr

    log = DEMO.read_text()
    both(log=log)
    both("./explain")
    both(str(DEMO), "-", log=log)
    both(str(DEMO), "empty.log")
    both("empty.log")
    both(str(tmp_path))
    both(str(DEMO), "missing.log")
    both("-f", "jsonl", log=log)
    both(str(DEMO), "-", "--format", "jsonl", log=log)
    both("-f", "jsonl", str(DEMO), "missing.log")
    both("-f", "jsonl", "empty.log")


def test_the_usual_report_is_that_of_the_command(started: Started, tmp_path: Path) -> None:
    """With the same page, words and exit code; without the library that reads command lines."""
    (tmp_path / "empty.log").touch()
    for words in (
        [str(DEMO)],
        [str(DEMO), "empty.log"],
        ["empty.log"],
        ["missing.log"],
        [str(DEMO), "-o"],
        ["-o", "no/x.html", str(DEMO)],
    ):
        usual = started("-c", START, "report", *words, check=False, cwd=tmp_path)
        command = started("-c", START, "report", "--numbering", "auto", *words, check=False, cwd=tmp_path)
        assert (usual.stdout, usual.stderr, usual.returncode) == (command.stdout, command.stderr, command.returncode)
    done = started("-X", "importtime", "-c", START, "report", "-o", str(tmp_path / "x.html"), str(DEMO))
    assert modules(done) & {"typer", "inspect", "subprocess"} == set()
    assert (tmp_path / "x.html").read_text("utf-8") == started("-c", START, "report", str(DEMO)).stdout


def test_start_up_is_a_few_times_that_of_python(started: Started) -> None:
    """From the command to its last explanation."""
    everything, nothing = partial(started, "-c", START, str(DEMO)), partial(started, "-c", "pass")
    assert times(everything, nothing, MOST) < MOST
