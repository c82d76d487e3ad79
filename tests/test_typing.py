"""The types of the library are what its users see: a page of typical uses that mypy and pyright accept, and that runs."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

PAGE = ROOT / "tests" / "typing" / "uses.py"


def test_the_page_runs(demo: Path) -> None:
    """Nothing on it is only for show."""
    spec = importlib.util.spec_from_file_location("uses", PAGE)
    assert spec is not None
    assert spec.loader is not None
    page = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(page)
    log = demo / "http.log"
    page.main(log)
    assert page.a_whole_log(log) == {"127.0.0.1.50826": "complete.clean"}
    assert page.by_hand(log.read_text().splitlines())[0][0].startswith("The client asks")
    assert page.missing(log / "missing").endswith("not a directory")


def test_mypy_accepts_the_page() -> None:
    """Strictly, as one file that imports the package."""
    pytest.importorskip("mypy")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", str(PAGE)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout


def test_pyright_accepts_the_page() -> None:
    """Strictly; pyright's program comes from npm when it is started for the first time."""
    pytest.importorskip("pyright")
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable]
    try:
        ready = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False, timeout=120)
    except subprocess.TimeoutExpired:
        pytest.skip("pyright could not be fetched")
    if ready.returncode:
        pytest.skip(f"pyright could not be fetched: {ready.stderr.strip()[-200:]}")
    done = subprocess.run([*command, str(PAGE)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout
