"""The prompt in a real pseudo-terminal: paste, read, ask, leave; and the same talk where there is no terminal."""

from __future__ import annotations

import os
import re
import shlex
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pexpect
import pytest
from conftest import TDEXPLAIN, Program

from tdparse.dialogue import Dialogue

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


def test_a_paste_without_a_last_newline_is_answered_too(terminal: Terminal, demo: Path) -> None:
    """Browsers leave it out; a single line waits for Enter, as it may be edited first."""
    child = terminal()
    lines = (demo / "refused.log").read_text().rstrip("\n")
    child.send(PASTE.format(lines))
    child.expect_exact("[refused]")
    child.expect_exact(READY)
    child.send(PASTE.format(lines.splitlines()[0]))
    with pytest.raises(pexpect.TIMEOUT):
        child.expect_exact("step 1 (SYN)", timeout=0.5)
    child.sendline("")
    child.expect_exact("step 1 (SYN)")


def test_a_hundred_lines_with_noise_are_pasted(terminal: Terminal, captures: Path) -> None:
    """A prompt, banners, remarks, quoted lines, blank lines, a torn line: every segment is found, in its connection."""
    logs = [
        (captures / name / "absolute.log").read_text().splitlines() for name in ("close", "refused", "loss", "reuse")
    ]
    noise = (
        "root@host:~# tcpdump -nn -S tcp",
        "listening on lo, link-type EN10MB (Ethernet), snapshot length 262144 bytes",
        "",
        "> 看这里：",
        "what does this mean?",
    )
    lines = [line for log in logs for number, text in enumerate(log) for line in (noise[number % 5], f"> {text}")][:100]
    assert len(lines) == 100
    child = terminal()
    child.send(PASTE.format("\r".join(lines)))
    child.expect_exact(READY)
    text = " ".join(shown(child).split())
    segments = [line.removeprefix("> ") for line in lines if "Flags [" in line]
    assert len(segments) == 50
    for segment in segments:
        assert segment in text
    assert text.count(" client → server ") + text.count(" server → client ") >= 50
    child.sendline("show 1")
    child.expect_exact("FIN-WAIT-1")


def test_tab_completes(terminal: Terminal, demo: Path) -> None:
    """A command, a code, a pasted host, a connection's number."""
    child = terminal()
    child.send(PASTE.format((demo / "http.log").read_text()))
    child.expect_exact(READY)
    child.send("conn\t")
    child.expect_exact("connections")
    child.send(" 127\t")
    child.expect_exact("127.0.0.1")
    child.sendline("")
    child.expect_exact("complete.clean")
    child.expect_exact(READY)
    child.send("why handshake.syn_ack.ret\t")
    child.sendline("")
    child.expect_exact("SYN-ACK retransmission")


def test_the_width_follows_the_terminal(terminal: Terminal, demo: Path) -> None:
    """After a resize the explanations fit the new width."""
    child = terminal()
    line = (demo / "http.log").read_text().splitlines()[0]
    for columns in (60, 130):
        child.setwinsize(50, columns)
        child.send(line)
        child.sendline("")
        child.expect_exact("SYN-RECEIVED?")
        child.expect_exact(READY)
        child.sendline("why 1")
        child.expect_exact("Condition")
        told = [text for text in shown(child).splitlines() if text.startswith("      ")]
        assert told
        assert max(map(len, told)) <= columns
        assert max(map(len, told)) > columns - 30
        child.expect_exact(READY)


def test_ctrl_c_in_a_long_answer_keeps_the_session(terminal: Terminal, demo: Path) -> None:
    """The answer is cut short, the prompt comes back, and what was pasted is still there or taken whole."""
    child = terminal()
    child.send(PASTE.format((demo / "http.log").read_text() * 300))
    child.expect_exact("step 1 (SYN)")
    child.sendintr()
    child.expect_exact(READY)
    child.sendline("lang zh")
    child.expect_exact("粘贴 tcpdump")


def test_ten_thousand_lines_are_pasted(terminal: Terminal) -> None:
    """
    In one paste: explained whole, every verdict told, within two seconds of the processor from key to prompt.

    A machine with other work makes its processor slower too: then the seconds are as much longer, and it has three tries.
    """
    log = "".join(conversation(number) for number in range(1000))
    assert log.count("\n") == 10_000
    seen = []
    for _ in range(3):
        child = terminal()
        child.delaybeforesend = None
        before = worked(child.pid)
        child.send(PASTE.format(log))
        child.expect_exact("Connection #1000: 10.0.0.1:20999", timeout=60)
        child.expect_exact(READY)
        seen.append(worked(child.pid) - before)
        child.close()
        if seen[-1] < 2.0 * slowness():
            return
    pytest.fail(f"seconds of the processor: {seen}")


def test_ten_thousand_lines_keep_every_explanation() -> None:
    """Nothing is left out of so long an answer; the next paste does not go through all of it again."""
    dialogue = Dialogue("en", color=True, columns=lambda: 100)
    answer = dialogue.answer("".join(conversation(number) for number in range(1000))) or ""
    assert answer.count("Verdict: ") == 1000
    assert answer.count("step 1 (SYN)") == 1000
    before = time.process_time()
    assert "[complete.clean]" in (dialogue.answer(conversation(1000)) or "")
    assert time.process_time() - before < 0.2


def slowness() -> float:
    """Return how many times longer than on the idle machine these limits are for the interpreter takes for the same work; at least 1."""
    before = time.process_time()
    sum(len(str(number)) for number in range(1_000_000))
    return max(1.0, (time.process_time() - before) / 0.1)


def worked(pid: int | None) -> float:
    """Return how many seconds of the processor a process has had: a machine with other work decides nothing."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        pytest.skip("this system does not tell what a process has used")
    user, system = stat.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def conversation(number: int) -> str:
    """Return the ten lines of one short connection."""
    client, server = f"10.0.0.1.{20000 + number}", "10.0.0.2.80"
    there, back = f"{client} > {server}", f"{server} > {client}"
    lines = (
        f"{there}: Flags [S], seq 100, win 64240, options [mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7], length 0",
        f"{back}: Flags [S.], seq 900, ack 101, win 65160, options [mss 1460,sackOK,TS val 2 ecr 1,nop,wscale 7], length 0",
        f"{there}: Flags [.], ack 1, win 502, length 0",
        f"{there}: Flags [P.], seq 1:84, ack 1, win 502, length 83: HTTP: GET / HTTP/1.1",
        f"{back}: Flags [.], ack 84, win 509, length 0",
        f"{back}: Flags [P.], seq 1:184, ack 84, win 509, length 183: HTTP: HTTP/1.0 200 OK",
        f"{there}: Flags [.], ack 184, win 501, length 0",
        f"{there}: Flags [F.], seq 84, ack 184, win 501, length 0",
        f"{back}: Flags [F.], seq 184, ack 85, win 509, length 0",
        f"{there}: Flags [.], ack 185, win 501, length 0",
    )
    minute, second = divmod(number, 60)
    return "".join(f"10:{minute:02}:{second:02}.{place:06} IP {line}\n" for place, line in enumerate(lines))


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
    child.expect_exact("one row a connection")
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


def test_ctrl_c_takes_back_what_is_being_read(terminal: Terminal, demo: Path, tmp_path: Path) -> None:
    """Half of a paste is not kept without a word; what was there before stays, and what comes then is read as ever."""
    log = tmp_path / "long.log"
    log.write_text((demo / "http.log").read_text() * 4000)
    child = terminal()
    child.send(PASTE.format((demo / "refused.log").read_text()))
    child.expect_exact("[refused]")
    child.expect_exact(READY)
    child.sendline(f"load {log}")
    child.expect_exact("lines/s")
    child.sendintr()
    child.expect_exact("Taken back: lines 3-")
    child.expect_exact(READY)
    child.sendline("Flags [S.], seq 43780288, ack 1228404593")
    child.expect_exact("A piece of a line")
    child.expect_exact(READY)
    child.sendline("why 3")
    child.expect_exact("lines go from 1 to 2.")


def test_ctrl_z_suspends(tmp_path: Path) -> None:
    """As in every program of a terminal; the line that was begun is there again."""
    env = {**os.environ, "TERM": "xterm", "XDG_STATE_HOME": str(tmp_path), "PROMPT_TOOLKIT_NO_CPR": "1", "PS1": "$ "}
    child = pexpect.spawn("bash", ["--norc", "--noprofile", "-i"], env=env, encoding="utf-8", timeout=20)
    child.sendline(shlex.join(TDEXPLAIN))
    child.expect_exact("what else there is.")
    child.expect_exact(READY)
    child.send("sho")
    child.expect_exact("sho")
    child.sendcontrol("z")
    child.expect_exact("Stopped")
    child.sendline("fg")
    child.expect_exact("tdexplain>")
    child.sendline("w")
    child.expect_exact("Nothing has been pasted yet.")
    child.close(force=True)


def test_a_dumb_terminal_is_enough(terminal: Terminal, demo: Path) -> None:
    """No escape sequence is sent; lines are read plainly."""
    child = terminal(term="dumb")
    for line in (demo / "refused.log").read_text().splitlines():
        child.sendline(line)
    child.expect_exact("[refused]")
    assert "\x1b" not in (child.before or "")
    child.sendline("quit")
    child.expect(pexpect.EOF)


def test_answers_into_a_file_hold_no_prompt(demo: Path, tmp_path: Path) -> None:
    """The prompts go to the person, on standard error."""
    answers = tmp_path / "answers.txt"
    child = pexpect.spawn(
        "bash", ["-c", f"{shlex.join(TDEXPLAIN)} repl > {answers}"], encoding="utf-8", timeout=20, dimensions=(50, 100)
    )
    child.expect_exact(PROMPT)
    for line in (demo / "refused.log").read_text().splitlines():
        child.sendline(line)
        child.expect_exact(PROMPT)
    child.sendeof()
    child.expect(pexpect.EOF)
    written = answers.read_text()
    assert written.startswith("05:34:56.046322 IP ")
    assert PROMPT not in written
    assert "[refused]" in written


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
