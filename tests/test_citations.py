"""
Every rule, row and id of the vocabulary is cited by a test: in its docstring, in a parameter, or in a scenario.

The list is that of the rules where they are present, else the project's own index. What only repeats the
vocabulary (the catalogue's tests) cites nothing, nor does a range of rules.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import rules_document as document
from worked_examples import DOCUMENT

from tdparse import catalog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

TESTS = Path(__file__).parent
# Tests of the vocabulary itself, and of how it is shown.
ABOUT_WORDS = {
    "test_catalog.py", "test_reference.py", "test_rules_document.py", "test_why.py", "test_citations.py", "rules_document.py",
}  # fmt: skip
RANGE = re.compile(r"\b[RT]\d+ ?(?:to|-|–) ?[RT]\d+\b")
IDS: dict[str, Callable[[], Iterable[str]]] = {
    "rule": document.rules,
    "transition": document.transitions,
    "step": document.steps,
    "modifier": document.modifiers,
    "finding": document.findings,
    "verdict": document.verdicts,
}


@cache
def strings() -> tuple[str, ...]:
    """Return every string of the tests, without ranges of rules."""
    return tuple(
        RANGE.sub("", text)
        for path in sorted(TESTS.glob("*.py"))
        if path.name not in ABOUT_WORDS
        for text in _strings(ast.parse(path.read_text("utf-8")))
    )


def _strings(module: ast.Module) -> Iterator[str]:
    return (node.value for node in ast.walk(module) if isinstance(node, ast.Constant) and isinstance(node.value, str))


@cache
def _words() -> tuple[frozenset[str], frozenset[str]]:
    """Return the strings that are one word, and every word of the others that may be an id, marks before it kept."""
    whole = frozenset(text for text in strings() if " " not in text)
    inside = frozenset(word for text in strings() for word in re.findall(r"[`!+]?[A-Za-z][\w.]*\w\b|[RT]\d+\b", text))
    return whole, inside


def is_cited(code: str) -> bool:
    """
    Tell whether a test cites an id.

    An ordinary word (``reuse``) is only meant as one where it stands alone in a string, or marked.
    """
    whole, inside = _words()
    if code in whole or any(mark + code in inside for mark in "`!+"):
        return True
    return code in inside if re.search(r"[\d._]", code) else any(f"=> {code}" in text for text in strings())


def test_what_counts_as_a_citation() -> None:
    """Ids in words, parameters and scenarios do; parts of other ids, ordinary words and ranges do not."""
    source = 'def test_a():\n    """R2, R3 to R5: a reuse, `wrap`, T1–T9."""\n    x("T7", "!sack")\n'
    found = [RANGE.sub("", text) for text in _strings(ast.parse(source))]
    assert sorted(found) == ["!sack", "R2, : a reuse, `wrap`, .", "T7"]
    assert is_cited("R97")
    assert is_cited("handshake.syn_ack.tfo_grant")
    assert not is_cited("R999")
    assert not is_cited("handshake.syn_ack.tfo")


@pytest.mark.parametrize("section", IDS)
def test_every_id_is_cited(section: str) -> None:
    """Nothing in the rules is without a test that names it."""
    codes = IDS[section]() if DOCUMENT.exists() else catalog.reference_codes(section)
    uncited = sorted((code for code in codes if not is_cited(code)), key=lambda code: (len(code), code))
    assert uncited == []


@pytest.mark.parametrize("section", IDS)
@pytest.mark.skipif(not DOCUMENT.exists(), reason=f"the rules are not here: {DOCUMENT}")
def test_the_index_is_that_of_the_rules(section: str) -> None:
    """Where the rules are missing, the project's own index names the same ids."""
    assert set(catalog.reference_codes(section)) == set(IDS[section]())
