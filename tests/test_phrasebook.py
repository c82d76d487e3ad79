"""The fast reader of the catalogue's files and the standard library's read the same."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tdparse
from tdparse import phrasebook

FILES = sorted(Path(tdparse.__file__).parent.glob("*.toml"))
# Pieces of which most texts are nearly in the plain form.
PIECES = (
    "[a.b]", '[a."b.c"]', '[a."b\\tc"]', "[a]", "[a.b.c]", "[[a.b]]", "en = 'x'", "en = ''", 'en = "x"', "zh = '''x'''",
    "zh = '''", "'''", "zh = ''''x''''", "n = 1", "l = ['a', 'b']", "l = ['a','b']", "l = []", "l = ['a', ]", "l = ['a' 'b']",
    "l = [['a']]", "# 'x'", "en='x'", " en = 'x'", "en = 'x' # x", "a.en = 'x'", "x", "",
)  # fmt: skip


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_our_files_are_in_the_plain_form(path: Path) -> None:
    """Else every run would wait for the standard library."""
    text = path.read_text(encoding="utf-8")
    assert phrasebook.plain(text) == phrasebook.tables(text) == tomllib.loads(text)


@given(st.lists(st.sampled_from(PIECES)).map("\n".join), st.sampled_from(["", "\n", "\r\n"]))
def test_plain_means_the_same(text: str, end: str) -> None:
    """What the fast reader takes for plain, the standard library reads as the same, or it names a table twice."""
    text += end
    found = phrasebook.plain(text)
    if found is None:
        return
    try:
        assert found == tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        assert "Cannot declare" in str(error)  # noqa: PT017
