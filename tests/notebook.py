"""
The worked notebook: run, and its outputs compared with those that are stored.

`python tests/notebook.py --write` stores what it prints now.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
NOTEBOOK: Final = ROOT / "docs" / "notebook.ipynb"


def stored() -> Any:
    """Return the notebook as it is."""
    import nbformat

    return nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]


def executed() -> Any:
    """Return the notebook with the outputs of a fresh run."""
    from nbclient import NotebookClient

    book = stored()
    NotebookClient(
        book, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(NOTEBOOK.parent)}}
    ).execute()
    return book


def outputs(book: Any) -> list[list[object]]:
    """Return what the cells of a notebook show, without what differs from run to run."""
    return [[cleaned(output) for output in cell.get("outputs", [])] for cell in book.cells if cell.cell_type == "code"]


def cleaned(output: Any) -> object:
    """Return one output as text or as its pictures and pages."""
    if output["output_type"] == "stream":
        return output["name"], output["text"]
    if output["output_type"] == "error":
        return "error", output["ename"], output["evalue"]
    return {kind: re.sub(r"0x[0-9a-f]+", "0x", str(value)) for kind, value in output["data"].items()}


def main() -> None:
    """Store a fresh run."""
    import nbformat

    book = executed()
    for number, cell in enumerate(book.cells):
        cell["id"] = f"cell-{number}"
        cell["metadata"] = {}
        if cell.cell_type == "code":
            cell["execution_count"] = None
            for output in cell["outputs"]:
                output.pop("execution_count", None)
                if output["output_type"] == "execute_result":
                    output["execution_count"] = None
    book["metadata"] = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    nbformat.write(book, NOTEBOOK)  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        raise SystemExit(__doc__)
    main()
