"""The engine with real workers: the tables are those of the program, as sets of rows. `make test-spark` does a million lines."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from itertools import islice
from typing import TYPE_CHECKING

import pytest
from bench.printing import line as printed
from bench.traffic import mixed
from rows import rows

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Program

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("pyspark") is None, reason="pyspark is not installed"),
    pytest.mark.skipif(shutil.which("java") is None, reason="Java is not installed"),
]


def engine(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the engine with two processes."""
    command = [sys.executable, "-m", "tdparse.spark", "--master", "local[2]", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=600)


def test_the_engine_writes_the_rows_of_the_program(program: Program, tmp_path: Path) -> None:
    """A log cut into several stretches, with line ends of both kinds, octets that are no text, and notes between."""
    lines = [printed(segment).rstrip("\n").encode() for segment in islice(mixed(few=True), 7000)]
    lines[10] += b"\r"
    lines[6000:6000] = [b"caf\xe9 \xff", b"", b"# a remark"]
    log = tmp_path / "x.log"
    log.write_bytes(b"\n".join(lines) + b"\n")
    stretch = log.stat().st_size // 5
    done = engine("-o", "tables", "--stretch", stretch, "--shares", 4, "x.log", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "7003 lines, 7000 segments" in done.stdout
    assert "tracked in 4 shares\n" in done.stdout
    assert (tmp_path / "tables" / "_SUCCESS").exists()
    for table, command in (("segments", ("explain",)), ("connections", ("connections",))):
        expected = tmp_path / f"{table}.parquet"
        assert program(*command, "-f", "parquet", "-o", expected, "x.log", cwd=tmp_path).code == 0
        found = rows(sorted((tmp_path / "tables" / table).iterdir()))
        assert found == rows([expected])
    again = engine("-o", "tables", "x.log", cwd=tmp_path)
    assert again.returncode == 3
    assert "is not empty" in again.stderr
