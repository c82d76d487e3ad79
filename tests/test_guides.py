"""The guides tell the truth: their commands and programs run, and print what stands under them."""

from __future__ import annotations

import doctest
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from tdparse.render.columns import CONNECTIONS, KINDS, SEGMENTS

DATA = (ROOT / "docs" / "data.md").read_text("utf-8")
CHECKS = (ROOT / "docs" / "ci.md").read_text("utf-8")
BATCH = (ROOT / "docs" / "batch.md").read_text("utf-8")
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


def blocks(text: str, language: str) -> list[str]:
    """Return the blocks of a guide in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def run_dialogue(block: str, folder: Path) -> None:
    """Run the commands of a block; each prints the lines under it."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            env={**os.environ, "PATH": PATH},
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert done.stdout.decode() == expected, (command, done.stderr)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the three logs, and the tables made of them as the guide makes them."""
    folder = tmp_path_factory.mktemp("guide")
    for name in ("http.log", "refused.log"):
        shutil.copy(ROOT / "tdparse" / "demo" / name, folder)
    shutil.copy(ROOT / "fixtures" / "captures" / "reuse" / "absolute.log", folder / "reuse.log")
    pytest.importorskip("pyarrow")
    run_dialogue(blocks(DATA, "console")[0], folder)
    return folder


@pytest.mark.parametrize("block", blocks(DATA, "console")[1:], ids=lambda block: block[2:30])
def test_commands_print_what_the_guide_shows(block: str, folder: Path) -> None:
    """With jq and with sqlite3, where they are installed."""
    tool = block.split()[1]
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    (folder / "logs.db").unlink(missing_ok=True)
    run_dialogue(block, folder)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("block", blocks(DATA, "python"), ids=lambda block: block.split()[2])
def test_programs_print_what_the_guide_shows(block: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With DuckDB, polars and pandas, where they are installed."""
    tool = block.split()[2]
    if importlib.util.find_spec(tool) is None:
        pytest.skip(f"{tool} is not installed")
    monkeypatch.chdir(folder)
    test = doctest.DocTestParser().get_doctest(block, {}, tool, None, None)
    told: list[str] = []
    result = doctest.DocTestRunner().run(test, out=told.append)
    assert result.attempted
    assert not result.failed, "".join(told)


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


# ------------------------------------------------------------------ many logs


def test_batches_end_as_the_guide_says(folder: Path, tmp_path: Path) -> None:
    """One after another, each goes on where the one before has ended; the report has the keys of the table."""
    if shutil.which("jq") is None:
        pytest.skip("jq is not installed")
    for name in ("http.log", "refused.log", "reuse.log"):
        shutil.copy(folder / name, tmp_path)
    assert len(blocks(BATCH, "console")) >= 4
    for block in blocks(BATCH, "console"):
        run_dialogue(block, tmp_path)
    keys = re.findall(r"^\| `(\w+)` \| ", BATCH.partition("## The report")[2], re.MULTILINE)
    assert list(json.loads((tmp_path / "summary.json").read_text())) == keys


# ------------------------------------------------------------------ continuous integration


@pytest.mark.parametrize("block", blocks(CHECKS, "console"), ids=lambda block: block[2:30])
def test_the_checks_end_as_the_guide_says(block: str, folder: Path) -> None:
    """Exit codes and output."""
    if "jq" in block and shutil.which("jq") is None:
        pytest.skip("jq is not installed")
    run_dialogue(block, folder)


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
