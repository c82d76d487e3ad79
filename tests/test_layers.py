"""Imports point down, and the core touches nothing of the outside."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from conftest import PACKAGE, ROOT

SHELL = {
    "__init__",
    "annotated",
    "trace",
    "__main__",
    "cli",
    "manual",
    "interactive",
    "arguments",
    "live",
    "practice",
    "progress",
    "quiz",
    "repl",
    "dialogue",
    "questions",
    "completion",
    "session",
    "fragment",
    "job",
    "batch",
    "stream",
    "convert",
    "formats",
    "annotating",
    "ahead",
    "pool",
    "tally",
    "discover",
    "ledger",
    "pack",
    "merge",
    "read",
    "output",
    "interrupt",
    "selection",
    "unpack",
    "why",
    "spark",
}


def test_the_layers_hold() -> None:
    """The contracts of pyproject.toml are kept, and every module has its place in them."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout


def test_the_core_does_nothing() -> None:
    """No module of the core opens, prints or asks: such built-in functions are not called there."""
    forbidden = {"open", "print", "input", "exec", "eval", "__import__"}
    core = [path for path in (PACKAGE).glob("*.py") if path.stem not in SHELL]
    assert len(core) > 10
    for path in core:
        calls = {
            node.func.id
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert not calls & forbidden, path
