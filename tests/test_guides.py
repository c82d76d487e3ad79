"""What else the guides promise: lists of columns, scripts and workflows; tests/test_shown.py runs their commands."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import PACKAGE, ROOT

from tdparse.render.columns import CONNECTIONS, KINDS, SEGMENTS

DATA = (ROOT / "docs" / "data.md").read_text("utf-8")
CHECKS = (ROOT / "docs" / "ci.md").read_text("utf-8")
BATCH = (ROOT / "docs" / "batch.md").read_text("utf-8")
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


def blocks(text: str, language: str) -> list[str]:
    """Return the blocks of a guide in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the two logs of the demo."""
    folder = tmp_path_factory.mktemp("guide")
    for name in ("http.log", "refused.log"):
        shutil.copy(PACKAGE / "demo" / name, folder)
    return folder


def table(columns: dict[str, str]) -> str:
    """Return the columns as a table of the guide."""
    rows = "".join(f"| `{name}` | `{kind}` |\n" for name, kind in columns.items())
    return f"| column | kind |\n|---|---|\n{rows}"


def test_the_guide_lists_every_column_and_its_type() -> None:
    """In their order, with their kinds; and each kind with the type it has."""
    assert table(dict(SEGMENTS)) in DATA
    assert table(dict(CONNECTIONS)) in DATA
    kinds = dict(re.findall(r"^\| `(\w+)` \| `([^`]+)`", DATA.partition("Segments:")[0], re.MULTILINE))
    kinds = {kind: kinds[kind] for kind in KINDS}
    types = pytest.importorskip("tdparse.render.parquet").TYPES
    simple = {kind for kind in KINDS if kind not in {"findings", "kinds", "gaps", "counts"}}
    for kind in simple:
        assert str(types[kind]).replace("element: ", "").replace("item: ", "") == kinds[kind]
    for kind in ("kinds", "gaps"):
        assert str(types[kind]).replace("element: ", "").replace("item: ", "") == kinds[kind]
    assert str(types["counts"]) == kinds["counts"]


@pytest.mark.parametrize("page", ["reading.md", "zh/reading.md"])
def test_labels_that_are_explained_are_those_of_the_output(page: str) -> None:
    """What stands in front of each explanation stands in the block above it, before a colon."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    shown = next(block for block in blocks(text, "console") if "-q" in block)
    labels = {label.strip().lower() for label in re.findall(r"^    ([^:：]+)[:：]", shown, re.MULTILINE)}
    explained = [re.findall(r"\*\*(.+?)\*\*", line) for line in text.splitlines() if re.match(r"- \*\*", line)]
    assert len(explained) >= 5
    assert {label.lower() for found in explained for label in found} <= labels


# ------------------------------------------------------------------ many logs


def test_the_report_of_a_batch_has_the_keys_of_the_table(folder: Path, tmp_path: Path) -> None:
    """All of them, in their order."""
    command = [
        "tdexplain",
        "annotate",
        "http.log",
        "-o",
        str(tmp_path / "out"),
        "--report",
        str(tmp_path / "summary.json"),
    ]
    subprocess.run(command, cwd=folder, env={**os.environ, "PATH": PATH}, check=True, capture_output=True)
    keys = re.findall(r"^\| `(\w+)` \| ", BATCH.partition("## The report")[2], re.MULTILINE)
    assert list(json.loads((tmp_path / "summary.json").read_text())) == keys


# ------------------------------------------------------------------ continuous integration


def test_the_summary_of_a_job(folder: Path, tmp_path: Path) -> None:
    """The step that GitHub's summary takes: the connections as a table of Markdown."""
    step = blocks(CHECKS, "sh")[1]
    shutil.copy(folder / "refused.log", tmp_path / "test.log")
    summary = tmp_path / "summary.md"
    env = {**os.environ, "PATH": PATH, "GITHUB_STEP_SUMMARY": str(summary)}
    subprocess.run(["bash", "-ec", step], cwd=tmp_path, env=env, check=True)
    assert re.search(r"^\|.*8081.*refused", summary.read_text(), re.MULTILINE)


@pytest.mark.parametrize(
    ("log", "command", "code"),
    [("http.log", "true", 0), ("refused.log", "true", 1), ("http.log", "false", 1), ("missing.log", "true", 3)],
)
def test_the_script_judges_a_log(folder: Path, tmp_path: Path, log: str, command: str, code: int) -> None:
    """It passes a clean one, fails with what is wrong, and leaves an explanation."""
    script = tmp_path / "check.sh"
    script.write_text(blocks(CHECKS, "sh")[0])
    done = subprocess.run(
        ["sh", script, folder / log, command],
        cwd=tmp_path,
        env={**os.environ, "PATH": PATH},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == code, done.stderr
    assert (tmp_path / "explained" / log).exists() == (log == "refused.log")


def test_the_workflow_judges_a_log(folder: Path, tmp_path: Path) -> None:
    """Its own steps, as they stand there, on a clean log and on one that is not."""
    workflow = blocks(CHECKS, "yaml")[0]
    steps = re.findall(r"run: (tdexplain .*)", workflow)
    assert len(steps) == 2
    for log, codes in (("http.log", [0, 0]), ("refused.log", [1, 0])):
        shutil.copy(folder / log, tmp_path / "test.log")
        found = [
            subprocess.run(
                ["bash", "-ec", step], cwd=tmp_path, env={**os.environ, "PATH": PATH}, capture_output=True, check=False
            ).returncode
            for step in steps
        ]
        assert found == codes
    assert (tmp_path / "explained" / "test.log").exists()
    assert (tmp_path / "summary.json").exists()


def test_the_codes_of_the_guide_exist(folder: Path) -> None:
    """A pattern that fits no code would be refused as wrong usage."""
    named = set(re.findall(r"--fail-on '?([a-z_*,]+)'?", CHECKS))
    assert len(named) >= 4
    for patterns in named:
        done = subprocess.run(
            ["tdexplain", "-q", "--fail-on", patterns, "http.log"],
            cwd=folder,
            env={**os.environ, "PATH": PATH},
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, patterns
