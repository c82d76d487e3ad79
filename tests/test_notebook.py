"""The worked notebook runs from top to bottom, and shows what is stored in it."""

from __future__ import annotations

import pytest
from notebook import NOTEBOOK, executed, outputs, stored

pytest.importorskip("nbformat")
pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")
pytest.importorskip("pyarrow")


@pytest.mark.filterwarnings("ignore")  # of the packages that run it
def test_the_notebook_shows_what_it_computes() -> None:
    """`make outputs` stores a fresh run."""
    shown = outputs(stored())
    assert sum(map(len, shown)) >= 6
    assert outputs(executed()) == shown


def test_the_notebook_is_stored_without_traces_of_a_machine() -> None:
    """No absolute path, no version of a kernel, no counter."""
    text = NOTEBOOK.read_text("utf-8")
    assert not [word for word in ("/home/", "/root/", "/usr/", "/Users/", "language_info") if word in text]
