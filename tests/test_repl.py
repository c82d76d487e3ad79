"""The prompt in a real pseudo-terminal: paste, read, ask, leave; and the same talk where there is no terminal."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pexpect
import pytest
from conftest import TDEXPLAIN, Program

PASTE = "\x1b[200~{}\x1b[201~"
READY = "\x1b[?2004h"  # asks the terminal to bracket pastes: the last thing before keys are read
PROMPT = "tdexplain> "
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]")

Terminal: TypeAlias = Callable[..., "pexpect.spawn[str]"]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """Start tdexplain on a terminal of 100 columns whose answers are never waited for longer than 20 seconds."""
    started: list[pexpect.spawn[str]] = []

    def start(*arguments: str, term: str = "xterm") -> pexpect.spawn[str]:
        env = {
            **os.environ,
            "TERM": term,
            "XDG_STATE_HOME": str(tmp_path),
            "PROMPT_TOOLKIT_NO_CPR": "1",
            "NO_COLOR": "1",
        }
        env.pop("COLUMNS", None)
        child = pexpect.spawn(
            TDEXPLAIN[0], [*TDEXPLAIN[1:], *arguments], env=env, encoding="utf-8", timeout=20, dimensions=(50, 100)
        )
        started.append(child)
        child.expect_exact(PROMPT if term == "dumb" else READY)
        return child

    yield start
    for child in started:
        child.close(force=True)


def shown(child: pexpect.spawn[str]) -> str:
    """Return what has been shown before the last match, without the terminal's own signs."""
    return _CONTROL.sub("", child.before or "").replace("\r", "")


def test_a_whole_log_is_pasted_and_judged(terminal: Terminal, demo: Path) -> None:
    """One bracketed paste, no key after it: every step, and the verdict at the end."""
    child = terminal()
    child.send(PASTE.format((demo / "http.log").read_text()))
    child.expect_exact("[complete.clean]")
    text = shown(child)
    assert "Three-way handshake, step 1 (SYN)" in text
    assert "FIN-WAIT-1" in text
    child.expect_exact(READY)
    child.sendline("quit")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_a_teaching_note_is_pasted_and_judged(terminal: Terminal, notes: Path) -> None:
    """Note 1: four-way close, the client first, in Chinese too."""
    child = terminal("repl", "-l", "zh")
    child.send(PASTE.format((notes / "note1.records.log").read_text()))
    child.expect_exact("[complete.clean]")
    assert "三次握手" in shown(child)
    child.expect_exact(READY)
    child.sendeof()
    child.expect(pexpect.EOF)


def test_a_paste_without_brackets_works_too(terminal: Terminal, demo: Path) -> None:
    """A terminal that sends the lines as if typed: the verdict comes when the connection is over."""
    child = terminal()
    for line in (demo / "refused.log").read_text().splitlines():
        child.sendline(line)
    child.expect_exact("[refused]")


def test_a_paste_without_a_last_newline_waits_for_enter(terminal: Terminal, demo: Path) -> None:
    """The last line could go on."""
    child = terminal()
    child.send(PASTE.format((demo / "refused.log").read_text().rstrip("\n")))
    child.sendline("")
    child.expect_exact("[refused]")


def test_the_trace_grows_with_each_paste(terminal: Terminal, demo: Path) -> None:
    """The second half of a connection is understood by its first half, pasted before."""
    child = terminal()
    lines = (demo / "http.log").read_text().splitlines(keepends=True)
    child.send(PASTE.format("".join(lines[:5])))
    child.expect_exact("[still_open.data]")
    child.expect_exact(READY)
    child.send(PASTE.format("".join(lines[5:])))
    child.expect_exact("[complete.clean]")
    child.expect_exact(READY)
    child.sendline("connections")
    child.expect_exact("complete.clean")
    child.expect_exact(READY)
    child.sendline("clear")
    child.expect_exact(READY)
    child.sendline("verdicts")
    child.expect_exact("Nothing has been pasted yet.")


def test_the_session_explains_itself(terminal: Terminal) -> None:
    """Commands are named by help; lang switches; what is no log is answered kindly."""
    child = terminal()
    child.sendline("help")
    child.expect_exact("connections   one row a connection")
    child.expect_exact(READY)
    child.sendline("hello there")
    child.expect_exact("Not a TCP segment of tcpdump")
    child.expect_exact(READY)
    child.sendline("lang zh")
    child.expect_exact("粘贴 tcpdump")
    child.expect_exact(READY)
    child.sendline("help")
    child.expect_exact("退出")


def test_history_lasts_over_sessions(terminal: Terminal) -> None:
    """The arrow up brings back what the last session asked."""
    first = terminal()
    first.sendline("lang zh")
    first.expect_exact("粘贴 tcpdump")
    first.expect_exact(READY)
    first.sendline("quit")
    first.expect(pexpect.EOF)
    second = terminal()
    second.send("\x1b[A\x1b[A")  # quit, then lang zh
    second.expect_exact("lang zh")
    second.sendline("")
    second.expect_exact("粘贴 tcpdump")


def test_ctrl_c_drops_the_line_and_ctrl_d_leaves(terminal: Terminal) -> None:
    """Neither shows a traceback."""
    child = terminal()
    child.send("half a li")
    child.sendintr()
    child.expect_exact(READY)
    child.sendeof()
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert "Traceback" not in shown(child)


def test_a_dumb_terminal_is_enough(terminal: Terminal, demo: Path) -> None:
    """No escape sequence is sent; lines are read plainly."""
    child = terminal(term="dumb")
    for line in (demo / "refused.log").read_text().splitlines():
        child.sendline(line)
    child.expect_exact("[refused]")
    assert "\x1b" not in (child.before or "")
    child.sendline("quit")
    child.expect(pexpect.EOF)


def test_without_a_terminal_it_reads_and_answers(program: Program, demo: Path) -> None:
    """A pipe into `repl`: the same answers, and the verdicts at its end."""
    done = program("repl", given=(demo / "http.log").read_bytes())
    assert done.code == 0
    assert "Three-way handshake, step 1 (SYN)" in done.out
    assert done.out.rstrip().splitlines()[0] == (demo / "http.log").read_text().splitlines()[0]
    assert "[complete.clean]" in done.out


def test_commands_work_in_a_pipe(program: Program) -> None:
    """What follows quit is not read."""
    done = program("repl", given=b"lang zh\nquit\nhelp\n")
    assert done.out.startswith("粘贴 tcpdump")
    assert "套接字" not in done.out
    assert done.out.count("\n") == 1
