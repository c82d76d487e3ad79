"""The derived patterns are those of the grammar, and describe the same language."""

from __future__ import annotations

from pathlib import Path

from tdparse import _patterns, derive


def test_the_generated_module_is_up_to_date() -> None:
    """`python -m tdparse.derive` writes what is in the repository."""
    assert Path(_patterns.__file__).read_text("utf-8") == derive.module_text()
