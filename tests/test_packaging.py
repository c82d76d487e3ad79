"""What is built is what runs: the wheel holds everything, and needs nothing that only developers have."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT, run

DEVELOPERS = [
    "build",
    "hatchling",
    "hypothesis",
    "importlinter",
    "interegular",
    "jsonschema",
    "mypy",
    "pexpect",
    "pytest",
]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel, built through the source distribution, without network."""
    if not (ROOT / "tdparse").is_dir():
        pytest.skip("what is tested here has been built and installed: its source is not beside the tests")
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_wheel_holds_what_the_program_reads(built: Path) -> None:
    """The grammar, the catalogue, the schema, the demo and the mark of a typed package; no test."""
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
        metadata = wheel.read(next(name for name in names if name.endswith("/METADATA"))).decode()
        entry = wheel.read(next(name for name in names if name.endswith("/entry_points.txt"))).decode()
    assert names >= {
        "tdparse/_grammar/tcpdump.lark",
        "tdparse/messages.toml",
        "tdparse/reference.toml",
        "tdparse/comparison.toml",
        "tdparse/page.toml",
        "tdparse/render/report/report.css",
        "tdparse/render/report/report.js",
        "tdparse/render/report/switches.js",
        "tdparse/render/report/plain.css",
        "tdparse/render/report/paste.js",
        "tdparse/render/schema.json",
        "tdparse/demo/http.log",
        "tdparse/demo/refused.log",
        "tdparse/py.typed",
    }
    assert {name.split("/")[0] for name in names} == {"tdparse", "tdparse-0.1.0.dist-info"}
    assert "tdexplain = tdparse.entry:main" in entry
    assert "License-Expression: MIT" in metadata


def test_the_source_distribution_can_be_tested(built: Path) -> None:
    """It holds tests and fixtures, and nothing of a developer's machine."""
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names >= {"tests/conftest.py", "fixtures/demo/README.md", "grammar/tcpdump.lark", "Makefile", "LICENSE"}
    assert not {name.split("/")[0] for name in names} & {".venv", ".git", ".mypy_cache", "dist"}


def test_the_wheel_runs_alone(built: Path, tmp_path: Path) -> None:
    """From its unpacked files only, without any package that only developers have."""
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        wheel.extractall(tmp_path)  # noqa: S202 - we have just built it
    blocked = f"import sys; sys.modules.update(dict.fromkeys({DEVELOPERS!r}))"
    rejected = "10:00:00.000000 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq x, win 9, length 0\n"
    script = f"{blocked}; sys.path.insert(0, {str(tmp_path)!r}); import tdparse; print(tdparse.__file__, flush=True); from tdparse.entry import main; main()"
    env = {"PYTHONPATH": "", "PYTHONSAFEPATH": "1"}
    demo = run([sys.executable, "-c", script, "demo"], env=env, cwd=tmp_path)
    assert demo.out.startswith(str(tmp_path / "tdparse")), demo.err
    assert "[complete.clean]" in demo.out
    # A line no pattern knows is shown to the grammar, which therefore is there.
    shown = run([sys.executable, "-c", script, "--strict"], rejected.encode(), env=env, cwd=tmp_path)
    assert shown.code == 1
    assert "column 61" in shown.out


def test_python_m_is_the_program() -> None:
    """`python -m tdparse` and the script are one."""
    script = Path(sys.executable).with_name("tdexplain")
    versions = [run([*command, "--version"]).out for command in ([str(script)], [sys.executable, "-m", "tdparse"])]
    assert versions[0] == versions[1]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
