"""The optional compiled build: which modules it is about, and that a wheel that has it runs it."""

from __future__ import annotations

import tomllib
from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest
from conftest import COMPILED, PACKAGE, ROOT

TABLES = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
MODULES: list[str] = TABLES["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["custom"]["modules"]


def compiled() -> set[str]:
    """Return the files of the modules that are there in compiled form, as they are called in pyproject.toml."""
    found = (path for suffix in EXTENSION_SUFFIXES for path in PACKAGE.rglob(f"*{suffix}"))
    return {f"tdparse/{path.relative_to(PACKAGE).with_name(path.name.partition('.')[0])}.py" for path in found}


def test_what_is_to_be_compiled_is_there() -> None:
    """A renamed module does not drop out of the compiled build unnoticed."""
    assert [name for name in MODULES if not (PACKAGE.parent / name).is_file()] == []
    assert len(set(MODULES)) == len(MODULES)


@pytest.mark.skipif(not COMPILED, reason="this is the pure Python build: make test-compiled tests the other one")
def test_the_compiled_modules_are_those_that_run() -> None:
    """All that should be compiled is, and Python prefers it to the source beside it."""
    assert compiled() == set(MODULES)
    for name in MODULES:
        module = import_module(name.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
        assert str(module.__file__).endswith(tuple(EXTENSION_SUFFIXES)), Path(str(module.__file__)).name
