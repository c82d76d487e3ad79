"""
Reads the vocabulary of the rules: every id with its sentences, from parts 2, 4, 5, 6 and 9.

The document is not part of the project; where it is missing the tests that need it are skipped.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from worked_examples import DOCUMENT

_HEAD = re.compile(r"^\*\*(?:\d+\. )?`([^`]+)`\*\* — (.*)$")
_FIELD = re.compile(r"^- ([A-Z][A-Za-z ]*): (.*)$")


class Term(NamedTuple):
    """One id: what stands behind it in its heading, split at its dashes and dots, and its fields by name."""

    head: tuple[str, ...]
    fields: dict[str, str]


@cache
def text() -> str:
    """Return the document."""
    return DOCUMENT.read_text("utf-8")


def _part(begin: str, end: str | None = None) -> str:
    start = text().index(f"\n{begin}")
    return text()[start : text().index(f"\n{end}", start) if end else None]


def _terms(begin: str, end: str) -> dict[str, Term]:
    found: dict[str, Term] = {}
    fields: dict[str, str] = {}
    for line in _part(begin, end).splitlines():
        if head := _HEAD.match(line):
            fields = {}
            found[head[1]] = Term(tuple(re.split(r" — | · ", head[2])), fields)
        elif field := _FIELD.match(line):
            fields[field[1]] = field[2]
    return found


def _rows(begin: str, end: str | None = None) -> list[list[str]]:
    lines = [line for line in _part(begin, end).splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in rows[1:] if set(row[0]) != {"-"}]


def steps() -> dict[str, Term]:
    """Return the step vocabulary (part 4.4)."""
    return _terms("### 4.4", "## 5.")


def findings() -> dict[str, Term]:
    """Return the anomaly vocabulary (part 5.2)."""
    return _terms("### 5.2", "## 6.")


def verdicts() -> dict[str, Term]:
    """Return the verdict vocabulary (part 6.5), in order of precedence."""
    return _terms("### 6.5", "## 7.")


def modifiers() -> dict[str, tuple[str, str]]:
    """Return the clauses of the modifiers (part 4.3), English and Chinese; "-" where there is none."""
    return {code.strip("`"): (en, zh) for code, _, en, zh in _rows("### 4.3", "### 4.4")}


def terms() -> list[tuple[str, str]]:
    """Return the glossary (part 9.1): English and Chinese."""
    return [(row[0], row[1]) for row in _rows("### 9.1", "### 9.2")]


def states() -> dict[str, tuple[str, str, tuple[str, ...]]]:
    """Return the states (part 9.2): display name, Chinese explanation, accepted aliases."""
    found = {}
    for code, display, zh, aliases in _rows("### 9.2", "### 9.3"):
        found[code] = (display, zh, tuple(re.sub(r" \(.*", "", alias) for alias in aliases.split(", ") if alias))
    return found


def flags() -> dict[str, tuple[str, str]]:
    """Return the flags (part 9.3): letter -> name and bit."""
    return {row[0]: (row[1], row[2]) for row in _rows("### 9.3") if len(row[0]) == 1}


def placeholders() -> set[str]:
    """Return the closed list of placeholders (R101)."""
    return set(re.findall(r"\{(\w+)\}", _part("**R101**", "### 4.3")))


def rules() -> set[str]:
    """Return the number of every rule that is defined, R1 and on."""
    return set(re.findall(r"^(?:\| )?\*\*(R\d+)\*\*", text(), re.MULTILINE))


def transitions() -> set[str]:
    """Return the number of every row of the transition table, T1 and on."""
    return {row[0] for row in _rows("### 2.3", "### 2.4") if re.fullmatch(r"T\d+", row[0])}
