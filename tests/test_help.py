"""What the program says of itself: help, manual page, completion in the shell."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT, Program
from typer.main import get_command

from tdparse import manual
from tdparse.cli import app

COMMANDS = list(get_command(app).commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_ends_with_an_example(program: Program, command: str) -> None:
    """The last line can be pasted, and is about this command."""
    done = program(command, "--help")
    last = done.out.rstrip("\n").splitlines()[-1]
    assert done.code == 0
    assert re.fullmatch(r"\s+Example: .*tdexplain.*", last)
    assert command == "explain" or f" {command}" in last


def test_the_list_of_commands_is_whole(program: Program) -> None:
    """Each with a sentence that fits its line."""
    listed = program("--help").out.partition("Commands:\n")[2]
    for command in COMMANDS:
        assert re.search(rf"(?m)^  {command} +[A-Z].*\.$", listed), command
    assert "..." not in listed


def test_the_three_ways_are_in_the_help(program: Program) -> None:
    """A pipe, the prompt, saved logs: each on a line of its own."""
    out = program("--help").out
    for way in (
        "sudo tcpdump -l -nn -S tcp | tdexplain  ",
        "tdexplain  ",
        "tdexplain x.log  ",
        "tdexplain annotate -o copies logs/  ",
    ):
        assert re.search(rf"(?m)^  {re.escape(way)}", out), way


@pytest.mark.parametrize(("word", "meant"), [("conections", "connections"), ("lve", "live"), ("anotate", "annotate")])
def test_a_mistyped_command_is_recognised(program: Program, word: str, meant: str, tmp_path: Path) -> None:
    """Wrong usage, with the command that was meant; a file of that name is a file."""
    done = program(word, "-i", "lo", cwd=tmp_path)
    assert done.code == 2
    assert f"did you mean {meant}?" in done.err
    (tmp_path / word).write_text("")
    assert "nothing to explain" in program(word, cwd=tmp_path).err


def test_the_manual_page_is_fresh() -> None:
    """`make man` after every change of an option or a help text."""
    assert (ROOT / "docs" / "tdexplain.1").read_text("utf-8") == manual.page(), "make man"


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_the_manual_page_is_one() -> None:
    """Groff finds nothing to complain about, and every command has a part."""
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-P-c", "-P-b", "-P-u", str(ROOT / "docs" / "tdexplain.1")],
        capture_output=True,
        check=True,
        text=True,
    )
    assert done.stderr == ""
    for command in COMMANDS:
        assert re.search(rf"(?m)^   tdexplain {command}$", done.stdout), command


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("tdexplain conn", {"connections"}),
        ("tdexplain ", set(COMMANDS)),
        ("tdexplain --lan", {"--lang"}),
        ("tdexplain --vers", {"--version"}),
        ("tdexplain x.log --numbers s", {"symbolic"}),
        ("tdexplain connections --sort h", {"handshake"}),
        ("tdexplain why fast_r", {"fast_retransmission"}),
    ],
)
def test_the_shell_completes(program: Program, words: str, offered: set[str]) -> None:
    """Commands, options, their values and codes, for bash; options of the default command without its name."""
    env = {
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
        "_TDEXPLAIN_COMPLETE": "complete_bash",
    }
    assert set(program(env=env).out.split()) == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_its_script(program: Program, shell: str) -> None:
    """It names the program."""
    done = program("--show-completion", shell, env={"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"})
    assert done.code == 0
    assert "complete" in done.out


def test_help_is_a_word_too(program: Program, tmp_path: Path) -> None:
    """As in many programs: of all, or of a command; a file of that name comes first."""
    assert program("help").out == program("--help").out
    assert program("help", "quiz").out == program("quiz", "--help").out
    (tmp_path / "help").write_text("12:00:00.000001 IP 10.0.0.1.4 > 10.0.0.2.80: Flags [S], seq 7, win 9, length 0\n")
    assert "[no_answer]" in program("help", cwd=tmp_path).out
