"""What happens to a running program: signals, dying partners, slow readers, strange surroundings; with real processes."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import PACKAGE, PATIENCE, TDEXPLAIN, Program, run, started, wait_for
from test_live import exchange, piped

HTTP = (PACKAGE / "demo" / "http.log").read_bytes()
LINES = HTTP.splitlines(keepends=True)
VIEWS = [[], ["-f", "jsonl"], ["--compact"], ["--ladder"], ["-f", "csv"], ["-f", "markdown"]]


# ------------------------------------------------------------------ signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
@pytest.mark.parametrize("form", ["text", "jsonl"])
def test_a_signal_ends_the_input(number: signal.Signals, form: str) -> None:
    """Ctrl-C, the stop of a supervisor, a closed terminal: verdicts so far, no complaint, exit 130."""
    with piped("-f", form) as process:
        exchange(process, b"".join(LINES[:5]), b"83 bytes: ack=84")
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
        assert b"still_open.data" in out
        assert (process.returncode, err) == (130, b"")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
@pytest.mark.parametrize(
    ("words", "module"), [("--version", "typer"), ("report -", "hashlib")], ids=["command", "page"]
)
def test_a_signal_while_it_starts(number: signal.Signals, words: str, module: str, tmp_path: Path) -> None:
    """What is still being imported leaves no traceback behind: exit 130, as at any other time."""
    (tmp_path / f"{module}.py").write_text(f"import os, signal\nos.kill(os.getpid(), {int(number)})\nsignal.pause()\n")
    done = run([*TDEXPLAIN, *words.split()], env={"PYTHONPATH": str(tmp_path)})
    assert (done.code, done.out, done.err) == (130, "", "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_keeps_an_output_file(number: signal.Signals, tmp_path: Path) -> None:
    """What a live pipe has brought so far is a whole explanation; nothing half-written stays."""
    target = tmp_path / "out.txt"
    with piped("-o", str(target)) as process:
        assert process.stdin
        process.stdin.write(HTTP)
        process.stdin.flush()
        wait_for(lambda: any(part.stat().st_size for part in tmp_path.glob(".out.txt.*.part")), "nothing is written")
        process.send_signal(number)
        process.communicate(timeout=PATIENCE)
        assert process.returncode == 130
    assert "[complete.clean]" in target.read_text()
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT], ids=lambda number: number.name)
def test_an_ignored_signal_stays_ignored(number: signal.Signals) -> None:
    """As under nohup, and in background jobs of scripts."""
    script = (
        f"import os, signal, sys; signal.signal({int(number)}, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    )
    with started([sys.executable, "-c", script, *TDEXPLAIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        exchange(process, LINES[0], b"\n\n")
        process.send_signal(number)
        out, _ = process.communicate(b"".join(LINES[1:]), timeout=PATIENCE)
        assert b"[complete.clean]" in out
        assert process.returncode == 0


@pytest.mark.parametrize(
    ("jobs", "number"), [("1", signal.SIGTERM), ("2", signal.SIGTERM), ("2", signal.SIGHUP)], ids=str
)
def test_a_signal_leaves_whole_copies_of_a_batch(jobs: str, number: signal.Signals, tmp_path: Path) -> None:
    """Finished copies stay, nothing half-written does."""
    (tmp_path / "in").mkdir()
    for place in range(40):
        (tmp_path / "in" / f"{place:02}.log").write_bytes(HTTP * 60)
    command = [*TDEXPLAIN, "annotate", "in", "-j", jobs, "-o", "out"]
    with started(command, cwd=tmp_path, stderr=subprocess.PIPE) as process:
        wait_for(lambda: len(list(tmp_path.glob("out/*.log"))) >= 3, "no copy is made")
        process.send_signal(number)
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, err
    assert b"Traceback" not in err
    copies = list((tmp_path / "out").glob("*.log"))
    assert 3 <= len(copies) < 40
    assert not list((tmp_path / "out").glob(".*.part"))
    assert len({copy.read_bytes() for copy in copies}) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
@pytest.mark.parametrize("logs", [["-"], ["-", "x.log"]], ids=["alone", "beside another"])
def test_a_signal_ends_a_pipe_of_a_batch(logs: list[str], number: signal.Signals, tmp_path: Path) -> None:
    """What it has brought does not come again, so its copy is kept, and whole."""
    (tmp_path / "x.log").write_bytes(HTTP)
    command = [*TDEXPLAIN, "annotate", *logs, "-j", "2", "-o", "out"]
    with started(command, cwd=tmp_path, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin
        process.stdin.write(HTTP)
        process.stdin.flush()
        wait_for(lambda: any(part.stat().st_size for part in tmp_path.glob("out/.-.*.part")), "nothing is written")
        process.send_signal(number)
        process.wait(PATIENCE)  # though nobody has closed the pipe
        assert process.returncode == 130
    assert b"[complete.clean]" in (tmp_path / "out" / "-").read_bytes()
    assert not list((tmp_path / "out").glob(".*.part"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
@pytest.mark.parametrize(
    "words", ["x.log pipe", "connections x.log pipe", "convert --to relative x.log pipe", "annotate pipe -o out"]
)
def test_a_signal_ends_the_wait_for_somebody_who_writes(words: str, number: signal.Signals, tmp_path: Path) -> None:
    """A pipe with a name can be opened when somebody opens its other end; until then there is something to interrupt."""
    (tmp_path / "x.log").write_bytes(HTTP)
    os.mkfifo(tmp_path / "pipe")
    with started([*TDEXPLAIN, *words.split()], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        wait_for(lambda: _opens(process.pid), "it does not open the pipe")
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert b"Traceback" not in err
    assert (b"127.0.0.1" in out) == ("x.log" in words)


def test_a_pipe_with_a_name_is_read(tmp_path: Path) -> None:
    """Whichever end is opened first."""
    os.mkfifo(tmp_path / "pipe")
    with started([*TDEXPLAIN, "-q", tmp_path / "pipe"], stdout=subprocess.PIPE) as process:
        wait_for(lambda: _opens(process.pid), "it does not open the pipe")
        (tmp_path / "pipe").write_bytes(HTTP)
        out, _ = process.communicate(timeout=PATIENCE)
    assert b"[complete.clean]" in out


def _opens(pid: int) -> bool:
    """Tell whether a process waits for what it opens, so that it has a thread beside the one that hears signals."""
    return len(list(Path(f"/proc/{pid}/task").iterdir())) > 1


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: " ".join(view) or "text")
def test_a_reader_that_goes_away_ends_it_quietly(view: list[str], tmp_path: Path) -> None:
    """SIGPIPE in every view: the reader has seen enough."""
    log = tmp_path / "long.log"
    log.write_bytes(HTTP * 300)
    with started([*TDEXPLAIN, *view, log], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_a_slow_reader_gets_everything_and_costs_no_memory(tmp_path: Path) -> None:
    """Output waits in the pipe, not in the program."""
    log = tmp_path / "long.log"
    log.write_bytes(HTTP * 600)
    whole = run([*TDEXPLAIN, str(log)]).raw
    with started([*TDEXPLAIN, str(log)], stdout=subprocess.PIPE) as process:
        assert process.stdout
        seen = os.read(process.stdout.fileno(), 100)
        time.sleep(1.0)
        held = _resident(process.pid)
        time.sleep(0.5)
        assert _resident(process.pid) < held + 8
        while chunk := os.read(process.stdout.fileno(), 1 << 20):
            seen += chunk
    assert seen == whole
    assert process.returncode == 0


def _resident(pid: int) -> float:
    """Return the memory of a process in MiB."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        pytest.skip("needs /proc")
    return int(next(line for line in status.read_text().splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def test_a_closed_terminal_ends_it(tmp_path: Path) -> None:
    """The window is closed while a capture runs into the program: it ends by itself, and writes no traceback anywhere."""
    errors = tmp_path / "err"
    read, write = os.pipe()
    pid, master = pty.fork()
    if pid == 0:
        os.dup2(read, 0)
        os.close(write)
        with errors.open("wb") as file:
            os.dup2(file.fileno(), 2)
        os.execv(TDEXPLAIN[0], TDEXPLAIN)  # noqa: S606 - a shell would be another process on the terminal
    os.close(read)
    os.write(write, b"".join(LINES[:4]))
    os.read(master, 100)
    os.close(master)
    ended = 0
    deadline = time.monotonic() + PATIENCE
    while not ended and time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        time.sleep(0.05)
    os.close(write)
    if not ended:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    assert ended, "it still runs without its terminal"
    assert os.waitstatus_to_exitcode(status) == 130
    assert "Traceback" not in errors.read_text()


# ------------------------------------------------------------------ tcpdump


@pytest.fixture
def dying(tmp_path: Path) -> dict[str, str]:
    """Surroundings in which tcpdump prints a few lines, says something and is killed."""
    program = tmp_path / "bin" / "tcpdump"
    program.parent.mkdir()
    log = tmp_path / "lines"
    log.write_bytes(b"".join(LINES[:4]))
    program.write_text(
        f"#!/bin/sh\ncase $1 in --help) exit;; esac\ncat '{log}'\necho 'oops \x1b[31m' >&2\nkill -9 $$\n"
    )
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:{os.environ['PATH']}"}


def test_a_tcpdump_that_dies_over_a_capture(program: Program, tmp_path: Path, dying: dict[str, str]) -> None:
    """What it printed is explained, how it ended is told, and the other inputs are done."""
    capture = tmp_path / "x.pcap"
    capture.write_bytes(b"\xd4\xc3\xb2\xa1" + bytes(100))
    log = tmp_path / "y.log"
    log.write_bytes(HTTP)
    done = program(capture, log, env=dying)
    assert done.code == 3
    assert "still_open" in done.out
    assert "[complete.clean]" in done.out
    assert done.err == f"tdexplain: {capture}: tcpdump could not read the capture (oops \\x1b[31m)\n"


def test_a_live_tcpdump_that_dies(program: Program, dying: dict[str, str]) -> None:
    """The verdicts so far, and how it ended."""
    done = program("live", "-i", "lo", env=dying)
    assert done.code == 3
    assert "still_open" in done.out
    assert "exit code -9" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_ends_the_tcpdump_too(tmp_path: Path, number: signal.Signals) -> None:
    """No tcpdump goes on capturing for nobody."""
    program = tmp_path / "tcpdump"
    log, note = tmp_path / "lines", tmp_path / "pid"
    log.write_bytes(b"".join(LINES[:4]))
    program.write_text(f"#!/bin/sh\ncase $1 in --help) exit;; esac\necho $$ > '{note}'\ncat '{log}'\nexec sleep 1000\n")
    program.chmod(0o755)
    env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    with started(
        [*TDEXPLAIN, "live"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, start_new_session=True
    ) as process:
        assert process.stdout
        os.read(process.stdout.fileno(), 100)
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert b"still_open" in out
    assert err == b""
    assert not Path(f"/proc/{int(note.read_text())}").exists()


# ------------------------------------------------------------------ surroundings


@pytest.mark.parametrize("env", [{"HOME": ""}, {"HOME": "/nonexistent"}, {"HOME": "/dev/null"}, {}], ids=str)
def test_without_a_home(env: dict[str, str], demo: Path) -> None:
    """Nothing is kept there that the work needs; the prompt goes without its history."""
    kept = {name: value for name, value in os.environ.items() if name not in ("HOME", "XDG_STATE_HOME", "USER")}
    for arguments, given in (([str(demo / "http.log")], b""), (["repl"], LINES[0]), (["why", "syn"], b"")):
        done = subprocess.run(
            [*TDEXPLAIN, *arguments], input=given, env={**kept, **env}, capture_output=True, check=False, timeout=60
        )
        assert done.returncode in (0, 2 if arguments[0] == "why" else 0), done.stderr
        assert b"Traceback" not in done.stderr


def test_a_read_only_file_system(tmp_path: Path, demo: Path) -> None:
    """Explaining needs nothing to write to; what was to be written there is told in a line, and is exit 3."""
    script = f"mount -t tmpfs -o ro none '{tmp_path}' && exec \"$@\""
    tried = subprocess.run(["unshare", "-rm", "sh", "-c", script, "sh", "true"], check=False, capture_output=True)
    if tried.returncode:
        pytest.skip("needs user namespaces with mounts")
    command = ["unshare", "-rm", "sh", "-c", script, "sh", "env", f"HOME={tmp_path}", *TDEXPLAIN]
    log = str(demo / "http.log")
    assert run([*command, log]).code == 0
    for arguments in (["-o", f"{tmp_path}/x", log], ["annotate", "-o", f"{tmp_path}/x", log]):
        done = run([*command, *arguments])
        assert done.code == 3
        assert "read-only file system" in done.err
        assert "Traceback" not in done.err


@pytest.mark.parametrize(
    "env",
    [{"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"PYTHONIOENCODING": "latin-1"}],
    ids=str,
)
def test_a_plain_locale(program: Program, tmp_path: Path, env: dict[str, str]) -> None:
    """Output is UTF-8 all the same, names of files and complaints included."""
    log = tmp_path / "三\udcff.log"
    log.write_bytes(HTTP + "三次握手\n".encode())
    done = program("-l", "zh", log, tmp_path / "没有", env=env)
    assert done.code == 3
    assert "三次握手" in done.out
    assert "完整" in done.out
    assert done.err.startswith("tdexplain: ")
    copies = program("annotate", "-l", "zh", "-o", tmp_path / "out", log, env=env)
    assert copies.code == 0, copies.err
    assert [path.name for path in (tmp_path / "out").iterdir() if path.suffix == ".log"] == [log.name]


def test_windows_line_ends_say_the_same(program: Program) -> None:
    """Each record but for what is kept of the line."""
    found = [program("-f", "jsonl", given=octets).out for octets in (HTTP, HTTP.replace(b"\n", b"\r\n"))]
    assert found[0] == found[1]


def test_windows_paths_are_names(program: Program, tmp_path: Path) -> None:
    """A backslash and a drive letter are characters of a name here; the copy carries the same one."""
    (tmp_path / "in").mkdir()
    name = r"C:\logs\x y.log"
    (tmp_path / "in" / name).write_bytes(HTTP.replace(b"\n", b"\r\n"))
    (tmp_path / "list").write_bytes(b"in/" + name.encode() + b"\r\n")
    assert program("annotate", "in", "-o", "one", cwd=tmp_path).code == 0
    assert program("annotate", "--files-from", "list", "-o", "two", cwd=tmp_path).code == 0
    copies = [tmp_path / "one" / name, tmp_path / "two" / "in" / name]
    assert copies[0].read_bytes() == copies[1].read_bytes()
    assert copies[0].read_bytes().count(b"\n") == copies[0].read_bytes().count(b"\r\n")


def test_a_clock_that_jumps_changes_nothing(tmp_path: Path) -> None:
    """Time comes from the log; the clock of the machine may go where it likes, in a batch and in a pipe."""
    (tmp_path / "sitecustomize.py").write_text(
        "import itertools, time\n"
        "jumps = itertools.cycle([0, 4e9, -4e9, 1.5, -3600])\n"
        "real, real_ns = time.time, time.time_ns\n"
        "time.time = lambda: real() + next(jumps)\n"
        "time.time_ns = lambda: real_ns() + int(next(jumps) * 1e9)\n"
    )
    (tmp_path / "x.log").write_bytes(HTTP * 20)
    told = []
    for env in ({}, {"PYTHONPATH": str(tmp_path)}):
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        explained = run([*TDEXPLAIN, "-f", "jsonl"], HTTP, env)
        copied = run([*TDEXPLAIN, "annotate", "x.log", "-o", "out"], env=env, cwd=tmp_path)
        told.append((explained.out, explained.code, copied.code, copied.err, (tmp_path / "out" / "x.log").read_bytes()))
    assert told[0] == told[1]


def test_times_that_jump_are_told(program: Program) -> None:
    """A capture whose clock was set back says so, and stays in the order of its lines."""
    late = HTTP.replace(b"05:34:53.298183", b"05:04:53.298183")
    records = [json.loads(line) for line in program("-f", "jsonl", given=late).out.splitlines()]
    segments = [record for record in records if record["record"] == "segment"]
    assert [segment["line"] for segment in segments] == list(range(1, len(segments) + 1))
    assert [finding["code"] for finding in segments[3]["findings"]] == ["time_backwards"]
    assert records[-2]["verdict"] == "complete.clean"


# ------------------------------------------------------------------ standard streams that are closed or full


EVERY_WAY = [
    "refused.log", "connections refused.log", "report refused.log", "compare refused.log refused.log", "demo",
    "why refused", "quiz refused.log", "repl", "--version",
]  # fmt: skip


def redirected(words: str, how: str, folder: Path) -> tuple[int, str, str]:
    """Let a shell start the program with some of its standard streams redirected; return its code and what it wrote."""
    done = run(["sh", "-c", f'"$@" {how}', "sh", *TDEXPLAIN, *words.split()], cwd=folder)
    return done.code, done.out, done.err


@pytest.mark.parametrize(("where", "why"), [("> /dev/full", "no space left on device"), (">&-", "bad file descriptor")])
@pytest.mark.parametrize("words", EVERY_WAY)
def test_an_output_that_is_full_or_closed_is_told(demo: Path, words: str, where: str, why: str) -> None:
    """In a line, with the exit code of an output that cannot be written, whatever was asked for."""
    code, _, err = redirected(words, f"< refused.log {where}", demo)
    assert (code, err) == (3, f"tdexplain: <stdout>: cannot be written ({why})\n")


@pytest.mark.parametrize("words", [*EVERY_WAY, "--help", "why --help", "why --list"])
def test_a_reader_that_has_gone_is_no_failure(demo: Path, words: str) -> None:
    """Whoever reads may stop at any time: quiet, and with exit code 0."""
    read, write = os.pipe()
    os.close(read)
    with (demo / "refused.log").open("rb") as given, os.fdopen(write, "wb") as gone:
        command = [*TDEXPLAIN, *words.split()]
        done = subprocess.run(
            command, stdin=given, stdout=gone, stderr=subprocess.PIPE, cwd=demo, check=False, timeout=60
        )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("words", ["", "-", "repl", "quiz refused.log", "connections"])
def test_an_input_that_is_closed_is_an_empty_one(demo: Path, words: str) -> None:
    """Nothing waits for it, and no file that the program opens is taken for it."""
    closed = redirected(words, "<&-", demo)
    assert closed == redirected(words, "< /dev/null", demo)
    assert "Traceback" not in closed[2]


def test_nobody_has_to_listen_to_complaints(demo: Path) -> None:
    """A standard error that is closed takes nothing from the output, nor from the exit code."""
    code, out, _ = redirected("-q refused.log missing.log", "2>&-", demo)
    assert (code, out.count("[refused]")) == (3, 1)
