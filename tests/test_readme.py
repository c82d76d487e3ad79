"""The README tells the truth: its commands run, and print what stands under them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Program

from tdparse.job import Exit

README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```console\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def dialogue(block: str) -> list[tuple[str, list[str]]]:
    """Return the commands of a block, each with the lines it is said to print."""
    steps: list[tuple[str, list[str]]] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            steps.append((line[2:], []))
        else:
            steps[-1][1].append(line)
    return steps


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.splitlines()[0][2:])
def test_a_command_prints_what_the_readme_shows(block: str, tmp_path: Path, demo: Path) -> None:
    """Line by line; a line with `…` alone stands for the rest."""
    for name in ("http.log", "refused.log"):
        shutil.copy(demo / name, tmp_path)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for command, expected in dialogue(block):
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=tmp_path,
            env={**os.environ, "PATH": path},
            capture_output=True,
            check=False,
            timeout=60,
        )
        printed = done.stdout.decode().rstrip("\n").splitlines()
        if expected and expected[-1] == "…":
            expected.pop()
            assert len(printed) > len(expected)
            printed = printed[: len(expected)]
        assert printed == expected, command


def test_there_is_something_to_show_first() -> None:
    """The tool is seen working before anything is explained."""
    assert len(BLOCKS) >= 5
    assert README.index("```console") < README.index("## ")


def test_every_exit_code_is_listed() -> None:
    """The table is the enumeration."""
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}
    assert listed == {int(code) for code in Exit}


def test_every_target_of_the_makefile_is_named() -> None:
    """And every target the README names is there."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split()) - {"clean"}  # type: ignore[index]
    assert targets == set(re.findall(r"^make ([\w-]+)", README, re.MULTILINE))


def test_the_help_knows_every_option_of_the_readme(program: Program) -> None:
    """Long options named here exist."""
    commands = ("explain", "connections", "annotate", "convert")
    known = program("--help").out + "".join(program(command, "--help").out for command in commands)
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README)) - {"--regen-all"}
    assert {"--fail-on", "--strict"} <= named
    assert all(option in known for option in named)
