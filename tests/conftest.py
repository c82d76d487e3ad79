"""What every test has: a fixed zone and locale, the program as a user starts it, and the corpora where they exist."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import settings

import tdparse

ROOT = Path(__file__).parents[1]
PACKAGE = Path(tdparse.__file__).parent  # of the checkout, or of the installed wheel that is being tested
COMPILED = any(PACKAGE.glob("track.*.*"))  # its core is: such modules take no patches
CORPUS = ROOT.parent / "shared" / "corpus"
TDEXPLAIN = [sys.executable, "-m", "tdparse"]
PATIENCE = 60.0  # seconds; a healthy run needs milliseconds

# A shared machine pauses; how long a test takes is not what it is about. What is drawn is the same in every run: chance
# has `make fuzz`.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")

os.environ.update(TZ="UTC", LC_ALL="C.UTF-8", COLUMNS="80")
for name in ("TDEXPLAIN_LANG", "LANG", "LC_MESSAGES", "NO_COLOR", "FORCE_COLOR"):
    os.environ.pop(name, None)

# What starts the tests may have told its children to ignore signals (`nohup`, a shell's `&`); those of the tests must not.
signal.pthread_sigmask(signal.SIG_UNBLOCK, signal.valid_signals())
for number, handler in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGHUP, signal.SIG_DFL),
    (signal.SIGTERM, signal.SIG_DFL),
    (signal.SIGQUIT, signal.SIG_DFL),
):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of `make thorough` and of tests/installs.py."""
    parser.addoption(
        "--thorough", action="store_true", help="play and generate as much as is claimed, not a part of it"
    )
    parser.addoption("--whole-suite", action="store_true", help="run all tests on the installed wheel, not a selection")
    parser.addoption("--built", help="test the wheel of this folder instead of building one")
    parser.addoption("--only-python", help="test the wheel on one Python only, for instance 3.12")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """More of what other tests try already belongs to `make thorough`."""
    if not config.getoption("--thorough"):
        left_out = [item for item in items if item.get_closest_marker("thorough")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("thorough")]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A run in which no test passed has shown nothing."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    controller = not hasattr(session.config, "workerinput")
    asked = not session.config.option.collectonly
    if (
        controller
        and asked
        and reporter
        and session.exitstatus == pytest.ExitCode.OK
        and not reporter.stats.get("passed")
    ):
        session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED


class Done:
    """How a started program ended."""

    def __init__(self, done: subprocess.CompletedProcess[bytes]) -> None:
        """Decode what it wrote."""
        self.code = done.returncode
        self.raw = done.stdout
        self.out = done.stdout.decode(errors="surrogateescape")
        self.err = done.stderr.decode()


Program: TypeAlias = Callable[..., Done]


@pytest.fixture
def program() -> Program:
    """Start tdexplain with arguments, and bytes as its standard input; wait for its end."""

    def start(
        *arguments: str | Path, given: bytes = b"", env: dict[str, str] | None = None, cwd: Path | None = None
    ) -> Done:
        return run([*TDEXPLAIN, *map(str, arguments)], given, env, cwd)

    return start


def run(command: Sequence[str], given: bytes = b"", env: dict[str, str] | None = None, cwd: Path | None = None) -> Done:
    """Run a command to its end, in this environment with `env` added."""
    return Done(
        subprocess.run(
            command,
            input=given,
            capture_output=True,
            check=False,
            timeout=120,
            env={**os.environ, **(env or {})},
            cwd=cwd,
        )
    )


@contextmanager
def started(command: Sequence[str | Path], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """
    Start a command that a test watches while it runs; `options` are those of `Popen`.

    A test that fails meanwhile fails at once: it does not wait for an end that nobody brings about.
    """
    with subprocess.Popen(command, **options) as process:
        try:
            yield process
        except BaseException:
            if process.poll() is None and options.get("start_new_session"):
                os.killpg(process.pid, signal.SIGKILL)
            process.kill()
            raise


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Wait until something is there."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def interrupted(command: Sequence[str | Path], target: Path) -> tuple[int, bytes]:
    """Press Ctrl-C when a command has begun to write `target`; return its exit code and what it complained of."""
    with started(command, stderr=subprocess.PIPE) as process:
        wait_for(lambda: list(target.parent.glob(f".{target.name}.*.part")), "nothing is being written")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE)
    return process.returncode, err


@pytest.fixture(scope="session")
def thorough(request: pytest.FixtureRequest) -> bool:
    """Whether a test does all that it stands for, or the part that every change is tried with."""
    return bool(request.config.getoption("--thorough"))


@pytest.fixture(scope="session")
def demo() -> Path:
    """The folder of the bundled logs."""
    return PACKAGE / "demo"


@pytest.fixture(scope="session")
def notes() -> Path:
    """The logs of the teaching notes, which are not part of the project."""
    folder = CORPUS / "notes"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    return folder


@pytest.fixture(scope="session")
def captures() -> Path:
    """The project's own captures, each with what tcpdump printed for it."""
    return ROOT / "fixtures" / "captures"
