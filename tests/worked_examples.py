"""
Reads part 8 of the rules: the logs, the tables and the sentences of its worked examples.

The document is not part of the project; where it is missing the tests that need it are skipped.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

DOCUMENT = Path(__file__).parents[2] / "shared" / "docs" / "tcp-observer.md"

_SECTION = re.compile(r"^### (8\.\d+) (.*)$")
_ROW = re.compile(r"^\| (\d+) \| (.*) \|$")
_SENTENCE = re.compile(r"^- \*\*(\d+)\*\* (.*)$")
_RECORD = re.compile(r"^\d\d:\d\d:\d\d\.\d{6} IP ")


class Row(NamedTuple):
    """One row of a table of part 8, as it is written there."""

    number: int
    direction: str
    flags: str
    seq: str
    ack: str
    length: int
    step: str
    client: str
    server: str


class Block(NamedTuple):
    """One log with the rows and sentences that belong to its records."""

    section: str
    log: tuple[str, ...]
    tables: tuple[tuple[Row, ...], ...]
    sentences: dict[tuple[int, int], tuple[str, str]]  # (table, row number) -> (en, zh)


def blocks() -> list[Block]:
    """Return every log of part 8 with its tables."""
    text = DOCUMENT.read_text("utf-8")
    lines = text[text.index("## 8. Worked examples") : text.index("### 8.19")].splitlines()
    found: list[Block] = []
    section, inside = "", False
    log: list[str] = []
    tables: list[list[Row]] = []
    sentences: dict[tuple[int, int], tuple[str, str]] = {}

    def close() -> None:
        if log:
            found.append(Block(section, tuple(log), tuple(map(tuple, tables)), dict(sentences)))
        log.clear()
        tables.clear()
        sentences.clear()

    pending: int | None = None
    for line in lines:
        heading = _SECTION.match(line)
        if heading:
            close()
            section = heading[1]
        elif line.startswith("```"):
            if not inside:
                close()
            inside = not inside
        elif inside:
            log.append(line)
        elif line.startswith("| # |"):
            tables.append([])
        elif (row := _ROW.match(line)) and tables:
            # An alternative reading is written `A\|B` inside a table cell.
            cells = [cell.replace("\0", "|") for cell in row[2].replace("\\|", "\0").split(" | ")]
            _time, direction, flags, seq, ack, length, step, client, server = cells
            tables[-1].append(
                Row(int(row[1]), direction, flags.strip("`[]"), seq, ack, int(length), step, client, server)
            )
        elif (sentence := _SENTENCE.match(line)) and tables:
            pending = int(sentence[1])
            sentences[len(tables) - 1, pending] = (sentence[2], "")
        elif pending is not None and line.startswith("  "):
            en, zh = sentences[len(tables) - 1, pending]
            sentences[len(tables) - 1, pending] = (en, zh + line.strip())
            pending = None
        else:
            pending = None
    close()
    return found
