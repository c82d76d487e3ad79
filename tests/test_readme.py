"""The README is whole: exit codes, targets and options are those there are; tests/test_shown.py runs its commands."""

from __future__ import annotations

import re

from conftest import ROOT, Program

from tdparse.job import Exit

README = (ROOT / "README.md").read_text("utf-8")


def test_there_is_something_to_show_first() -> None:
    """The tool is seen working before anything is explained."""
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
