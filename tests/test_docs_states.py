"""The documentation's state diagram is the transition table's."""

from __future__ import annotations

from conftest import ROOT

from tdparse.transitions import diagram


def test_the_diagram_of_the_documentation_is_generated() -> None:
    """docs/states.md shows exactly what the table gives."""
    assert f"```mermaid\n{diagram().strip()}\n```" in (ROOT / "docs" / "states.md").read_text("utf-8")
