"""What stands on the screen of a real terminal in the end: tmux draws it, and is asked."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import TDEXPLAIN

from tdparse.render.screen import width

PATIENCE = 30.0  # seconds
PROMPT = "tdexplain>"
LINE = "IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [S], seq 7, win 64240, length 0"


class Screen:
    """A terminal with tdexplain on it."""

    def __init__(
        self, folder: Path, number: int, columns: int, rows: int, arguments: tuple[str, ...], env: dict[str, str]
    ) -> None:
        """Start it."""
        self._socket = str(folder / f"tmux{number}")
        given = {"XDG_STATE_HOME": str(folder), "LC_ALL": "C.UTF-8", **env}
        words = ["env", "-u", "COLUMNS", "-u", "LINES", *(f"{name}={value}" for name, value in given.items())]
        command = f"{shlex.join([*words, *TDEXPLAIN, *arguments])}; echo; echo THE END; sleep 60"
        self.tmux("new-session", "-d", "-x", str(columns), "-y", str(rows), command)

    def tmux(self, *arguments: str, given: bytes = b"") -> str:
        """Ask tmux."""
        command = ["tmux", "-S", self._socket, "-f", os.devnull, *arguments]
        return subprocess.run(command, input=given, capture_output=True, check=True, timeout=PATIENCE).stdout.decode()

    def type(self, *keys: str) -> None:
        """Press keys; words that name none are typed as they are."""
        self.tmux("send-keys", *keys)

    def paste(self, text: str) -> None:
        """Paste, bracketed where the program has asked for that."""
        self.tmux("load-buffer", "-", given=text.encode())
        self.tmux("paste-buffer", "-p")

    def shown(self, *look: str) -> str:
        """Return all that has been shown and not been erased."""
        return self.tmux("capture-pane", "-p", "-S", "-", *look)

    def wait(self, for_it: Callable[[str], bool]) -> str:
        """Return what is shown as soon as it is what is waited for."""
        deadline = time.monotonic() + PATIENCE
        while not for_it(shown := self.shown()):
            assert time.monotonic() < deadline, shown
            time.sleep(0.05)
        return shown


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Callable[..., Screen]]:
    """Start terminals; end them."""
    if shutil.which("tmux") is None:
        pytest.skip("no tmux is installed")
    started: list[Screen] = []

    def start(*arguments: str, columns: int = 80, rows: int = 24, env: dict[str, str] | None = None) -> Screen:
        started.append(Screen(tmp_path, len(started), columns, rows, arguments, env or {}))
        return started[-1]

    yield start
    for one in started:
        one.tmux("kill-server")


def prompts(count: int) -> Callable[[str], bool]:
    """Tell whether a screen has so many prompts, the last of them waiting."""
    return lambda shown: shown.count(PROMPT) == count and shown.rstrip().endswith(PROMPT)


def test_a_line_that_is_explained_stands_there_once(screen: Callable[..., Screen]) -> None:
    """What was typed is taken off, as the answer begins with it; a question stays above its answer."""
    terminal = screen(columns=100)
    terminal.wait(prompts(1))
    terminal.type("-l", LINE)
    terminal.type("Enter")
    shown = terminal.wait(lambda shown: "step 1 (SYN)" in shown and prompts(1)(shown))
    assert shown.count("seq 7") == 1
    terminal.type("-l", "why 1")
    terminal.type("Enter")
    shown = terminal.wait(lambda shown: "Condition" in shown and prompts(2)(shown))
    assert f"{PROMPT} why 1" in shown


def test_a_paste_with_noise_at_forty_columns(screen: Callable[..., Screen], captures: Path) -> None:
    """Nothing is wider, no number and no state is cut; after a resize the answers use the new width."""
    lines = (captures / "refused" / "absolute.log").read_text().splitlines()
    noise = ["root@host:~# tcpdump -nn", "listening on lo, link-type EN10MB (Ethernet)", "", "> 看这里"]
    terminal = screen(columns=40)
    terminal.wait(lambda shown: PROMPT in shown)
    terminal.paste("\n".join([*noise, *lines]) + "\n")
    shown = terminal.wait(lambda shown: "[refused]" in shown and shown.rstrip().endswith(PROMPT))
    told = shown.splitlines()
    assert max(map(width, told)) <= 40
    assert "    server LISTEN~       → SYN-RECEIVED?" in told
    assert {number for line in lines for number in line.split() if number.isdecimal()} <= set(shown.split())
    terminal.tmux("resize-window", "-x", "120")
    terminal.type("-l", "verdicts")
    terminal.type("Enter")
    after = terminal.wait(lambda shown: shown.count("[refused]") > 1)
    assert any(80 < width(line) <= 120 for line in after.splitlines())


@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"NO_COLOR": "1"}], ids=["dumb", "no colour"])
def test_no_colour_where_none_is_wanted(screen: Callable[..., Screen], demo: Path, env: dict[str, str]) -> None:
    """Neither in a view nor at the prompt."""
    terminal = screen(str(demo / "http.log"), env=env)
    terminal.wait(lambda shown: "THE END" in shown)
    assert "\x1b[" not in terminal.shown("-e")
    prompt = screen(env=env)
    prompt.wait(lambda shown: PROMPT in shown)
    prompt.type("-l", LINE)
    prompt.type("Enter")
    prompt.wait(lambda shown: "step 1 (SYN)" in shown)
    assert "\x1b[3" not in prompt.shown("-e")


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("view", [[], ["--compact"], ["--ladder"], ["-q"]], ids=" ".join)
def test_a_view_fills_the_terminal(screen: Callable[..., Screen], captures: Path, lang: str, view: list[str]) -> None:
    """The terminal never has to wrap a line itself: joined or not, the screen is the same."""
    terminal = screen("-l", lang, *view, str(captures / "reuse" / "absolute.log"), columns=80)
    terminal.wait(lambda shown: "THE END" in shown)
    assert [line.rstrip() for line in terminal.shown("-J").splitlines()] == terminal.shown().splitlines()
