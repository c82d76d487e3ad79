"""`tdexplain live`: a real tcpdump on loopback where capturing is allowed, and a stand-in for what it may say elsewhere."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest
from conftest import PATIENCE, TDEXPLAIN, Program, started

from tdparse.live import command


@pytest.fixture
def server() -> Iterator[tuple[str, int]]:
    """A server on loopback that sends back what it gets and closes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(connection.recv(100))

        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()
        listening.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def _allowed() -> None:
    if shutil.which("tcpdump") is None:
        pytest.skip("no tcpdump is installed")
    tried = subprocess.run(["tcpdump", "-i", "lo", "-d"], capture_output=True, check=False, timeout=PATIENCE)
    if tried.returncode:
        pytest.skip(f"capturing is not allowed here: {tried.stderr.decode().strip()}")


def talk(address: tuple[str, int]) -> None:
    """Open, send, receive, close."""
    with socket.create_connection(address) as client:
        client.sendall(b"hello")
        assert client.recv(100) == b"hello"
        client.recv(100)


@pytest.mark.usefixtures("_allowed")
def test_a_live_capture_is_explained_as_it_comes(server: tuple[str, int]) -> None:
    """In a terminal: tcpdump's messages, each segment before the capture ends, Ctrl-C, the verdicts, exit 130."""
    arguments = ["live", "-i", "lo", "tcp", "port", str(server[1])]
    child = pexpect.spawn(
        TDEXPLAIN[0], [*TDEXPLAIN[1:], *arguments], encoding="utf-8", timeout=PATIENCE, dimensions=(50, 100)
    )
    child.expect_exact("listening on lo")
    talk(server)
    child.expect_exact("step 1 (SYN)")
    child.expect_exact("FIN-WAIT-1")
    child.sendintr()
    child.expect_exact("packets captured")
    child.expect_exact("Verdict")
    child.expect_exact("[complete.clean]")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130


@pytest.mark.usefixtures("_allowed")
def test_a_capture_that_ends_by_itself(server: tuple[str, int]) -> None:
    """-c 3 is tcpdump's own option; then all is as after any log."""
    arguments = ["live", "-c", "3", "-i", "lo", "tcp", "port", str(server[1])]
    with started([*TDEXPLAIN, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr
        while b"listening" not in process.stderr.readline():
            assert process.poll() is None
        talk(server)
        out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert out.count(b"Flags [") == 3
    assert b"[still_open." in out


@pytest.mark.usefixtures("_allowed")
def test_an_interrupt_to_one_ends_both(server: tuple[str, int]) -> None:
    """No tcpdump is left behind."""
    arguments = ["live", "--quiet", "-i", "lo", "tcp", "port", str(server[1])]
    with started(
        [*TDEXPLAIN, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stderr
        while b"listening" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(2)
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert b"packets captured" in err
    left = subprocess.run(["pgrep", "-g", str(process.pid)], capture_output=True, check=False).stdout
    assert left == b""


def stand_in(folder: Path, script: str) -> dict[str, str]:
    """Put a program called tcpdump first on PATH."""
    program = folder / "tcpdump"
    program.write_text(
        f"#!/bin/sh\nif [ \"$1\" = --help ]; then echo '{'[ --immediate-mode ]'}' >&2; exit 0; fi\n{script}\n"
    )
    program.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def test_without_the_right_to_capture_one_line_says_what_to_do(program: Program, tmp_path: Path) -> None:
    """Sudo, or setcap with the program's place; tcpdump's two lines are not repeated."""
    said = "tcpdump: eth0: You don't have permission to perform this capture on that device"
    more = "(socket: Operation not permitted)"
    done = program("live", "-i", "eth0", env=stand_in(tmp_path, f'echo "{said}" >&2; echo "{more}" >&2; exit 1'))
    assert (done.code, done.out) == (3, "")
    (line,) = done.err.splitlines()
    assert "sudo tdexplain live" in line
    assert f"setcap cap_net_raw,cap_net_admin=eip {tmp_path}/tcpdump" in line


def test_without_tcpdump_one_line_says_so(program: Program, tmp_path: Path) -> None:
    """And how to get it."""
    done = program("live", env={"PATH": str(tmp_path)})
    assert (done.code, done.out, done.err.count("\n")) == (3, "", 1)
    assert "install" in done.err


def test_other_failures_pass_on(program: Program, tmp_path: Path) -> None:
    """Tcpdump's own words, then its exit code."""
    done = program("live", "nonsense", env=stand_in(tmp_path, "echo 'tcpdump: syntax error in filter' >&2; exit 2"))
    assert done.code == 3
    first, second = done.err.splitlines()
    assert first == "tcpdump: syntax error in filter"
    assert "exit code 2" in second


def test_the_options_reach_tcpdump(program: Program, tmp_path: Path, demo: Path) -> None:
    """Ours first, the user's as they are; what it prints is explained."""
    env = stand_in(tmp_path, f'echo "$@" >&2; cat {demo / "refused.log"}')
    done = program("live", "--lang", "zh", "-i", "any", "-vv", "tcp[13] & 2 != 0", env=env)
    assert done.err == "-l -nn -S --immediate-mode -i any -vv tcp[13] & 2 != 0\n"
    assert "[refused]" in done.out
    assert "结论" in done.out
    assert done.code == 0


@pytest.mark.parametrize(
    ("view", "sign"), [("--ladder", "├─ SYN"), ("--compact", "→ SYN "), ("--verbose", "Socket calls"), ("--quiet", "")]
)
def test_a_capture_has_the_views_of_a_log(program: Program, tmp_path: Path, demo: Path, view: str, sign: str) -> None:
    """As they are called elsewhere, but for the short names, which are tcpdump's."""
    done = program("live", view, env=stand_in(tmp_path, f"cat {demo / 'refused.log'}"))
    assert sign in done.out
    assert done.out.count("[refused]") == 1
    assert program("live", "--ladder", "--compact", env=stand_in(tmp_path, "exit 1")).code == 2


def test_an_old_tcpdump_gets_no_new_option(tmp_path: Path) -> None:
    """Immediate mode is asked for where the help names it."""
    program = tmp_path / "tcpdump"
    program.write_text("#!/bin/sh\necho 'usage: tcpdump [-aAbd] [expression]'\n")
    program.chmod(0o755)
    assert command(str(program), ["port", "80"]) == [str(program), "-l", "-nn", "-S", "port", "80"]


@pytest.mark.parametrize("view", [[], ["--compact"]])
def test_the_width_follows_the_terminal(view: list[str], tmp_path: Path, demo: Path) -> None:
    """What comes after a resize fits the new width; waiting for it is no end of the capture."""
    log, go = demo / "http.log", tmp_path / "go"
    script = f"head -3 {log}; while [ ! -e {go} ]; do sleep 0.05; done; tail -n +4 {log}"
    env = {**os.environ, **stand_in(tmp_path, script), "NO_COLOR": "1", "LC_ALL": "C.UTF-8"}
    env.pop("COLUMNS", None)
    child = pexpect.spawn(
        TDEXPLAIN[0],
        [*TDEXPLAIN[1:], "live", *view],
        encoding="utf-8",
        timeout=PATIENCE,
        dimensions=(50, 130),
        env=env,
    )
    child.expect_exact("step 3 (ACK)")
    child.expect_exact("ESTABLISHED?" if not view else "\r\n")
    child.setwinsize(50, 60)
    go.touch()
    child.expect_exact("[complete.clean]")
    told = child.before or ""
    told = told[told.index("PSH") :]
    assert "FIN" in told
    assert max(map(len, told.splitlines())) <= 60
    child.expect(pexpect.EOF)
