"""README and documentation tell the truth: every command, question and program on them runs, and prints what is shown."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT
from shown import BLOCK, LOGS, PROMPTS, Page, pages

import tdparse

RUN_BY_ANOTHER = re.compile(
    r"^(?:make|pip|git clone|uv|pipx|cd|\.venv/bin/pytest|\.venv/bin/python -m tdparse\.derive|\.ci/run)\b.*$|^$|^#.*$"
    r"|^cp (?:tdparse|fixtures)/.*$"
)


@pytest.mark.parametrize("path", pages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_shows_what_is_printed(path: Path, tmp_path: Path) -> None:
    """From top to bottom, in one folder; `make outputs` writes the pages anew."""
    page = Page(path, tmp_path)
    text = page.run()
    assert not page.wrong, "\n".join(map(str, page.wrong))
    assert text == path.read_text("utf-8"), "the page is as it would be written"
    if page.missing:
        pytest.skip(f"not installed: {', '.join(sorted(page.missing))}; the rest of the page is true")


@pytest.mark.parametrize("path", pages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_command_hides_in_a_block_that_is_not_run(path: Path) -> None:
    """What a reader may type stands in a block that runs, or is a line that other tests try (make, pip, uv)."""
    text = path.read_text("utf-8")
    for found in re.finditer(r"(?ms)^ *```(\w*)\n(.*?)^ *```$", text):
        language, body = found[1], found[2]
        if language in {*PROMPTS, "pycon"} or (language == "python" and body.lstrip().startswith(">>>")):
            continue
        if language in {"", "text"}:
            hidden = [line for line in body.splitlines() if re.match(r"\s*(?:\$ |tdexplain\b|sudo\b|tcpdump\b)", line)]
            assert not hidden, (path, hidden)
        if language in {"sh", "bash", "shell"} and path.name != "ci.md":  # whose scripts tests/test_guides.py runs
            assert all(RUN_BY_ANOTHER.match(line) for line in body.splitlines()), (path, body)


@pytest.mark.parametrize("name", ["docs/tutorial.md", "docs/zh/tutorial.md"])
def test_who_follows_the_tutorial_has_its_logs(name: str, tmp_path: Path) -> None:
    """What it copies in a clone are the logs that it goes on to read, under their names."""
    text = (ROOT / name).read_text("utf-8")
    (tmp_path / "tdparse").symlink_to(Path(tdparse.__file__).parent)  # as installed, where these tests run on that
    (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")
    for command in re.findall(r"(?m)^cp .*$", text):
        subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True)
    read = {log for line in re.findall(r"(?m)^\$ .*$", text) for log in re.findall(r"\b\w+\.log\b", line)}
    assert read
    for log in read:
        assert (tmp_path / log).read_bytes() == LOGS[log].read_bytes()


def test_pages_show_a_good_deal() -> None:
    """A pattern that finds nothing would pass all of the above."""
    counts = {path.name: len(BLOCK.findall(path.read_text("utf-8"))) for path in pages()}
    assert counts["README.md"] >= 5
    assert sum(counts.values()) >= 20


def test_a_lie_is_found(tmp_path: Path) -> None:
    """And written as it should be, whatever the language of the block."""
    page = tmp_path / "page.md"
    page.write_text(
        "```console\n$ tdexplain -q refused.log | head -1\nsomething else\n```\n\n"
        "```pycon\n>>> 1 + 1\n3\n>>> x = 5\n>>> x\n5\n\n```\n\n```repl\ntdexplain> why T47\nnothing\n```\n"
    )
    folder = tmp_path / "folder"
    folder.mkdir()
    running = Page(page, folder)
    text = running.run()
    assert len(running.wrong) == 3
    assert "```console\n$ tdexplain -q refused.log | head -1\nConnection #1: 127.0.0.1" in text
    assert ">>> 1 + 1\n2\n>>> x = 5\n>>> x\n5\n\n```" in text
    assert "tdexplain> why T47\nT47 · transition" in text
