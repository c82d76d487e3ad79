"""The table of connections: one row each, in order, whatever the language."""

from __future__ import annotations

import json
from pathlib import Path

from conftest import Program

from tdparse.render.screen import width


def test_each_connection_has_a_row(program: Program, demo: Path) -> None:
    """Peers, verdict, who closed, bytes both ways, handshake time, and a dash for what is unknown."""
    head, *rows = program("connections", demo / "http.log").out.splitlines()
    assert head.split() == [
        "#",
        "client",
        "server",
        "verdict",
        "closed",
        "first",
        "bytes",
        "→",
        "←",
        "bytes",
        "handshake",
        "remarkable",
    ]
    assert [row.split() for row in rows] == [
        ["1", "127.0.0.1:50826", "127.0.0.1:8080", "complete.clean", "client", "83", "183", "36", "µs", "-"]
    ]
    refused = program("connections", demo / "refused.log").out.splitlines()[1].split()
    assert refused[3:] == ["refused", "server", "0", "0", "-", "-"]


def test_rows_come_in_the_order_of_their_numbers(program: Program, captures: Path) -> None:
    """Whichever ends first; inputs stay apart under their names."""
    logs = [captures / name / "absolute.log" for name in ("reuse", "close")]
    lines = program("connections", *logs).out.splitlines()[1:]
    headings = [line for line in lines if line.startswith("==> ")]
    assert headings == [f"==> {log} <==" for log in logs]
    first = [int(line.split()[0]) for line in lines[1 : lines.index(headings[1])]]
    assert first == sorted(first)
    assert len(first) >= 2


def test_columns_stand_under_each_other_in_chinese(program: Program, demo: Path) -> None:
    """Wide characters count two columns."""
    head, row = program("connections", "-l", "zh", demo / "http.log").out.splitlines()
    assert width(head[: head.index("结论")]) == width(row[: row.index("complete.clean")])


def test_the_same_as_json_lines(program: Program, captures: Path) -> None:
    """Connection records alone, those of the full output."""
    log = captures / "reuse" / "absolute.log"
    alone = program("connections", "-f", "jsonl", log).out.splitlines()
    full = program("-f", "jsonl", log).out.splitlines()
    assert alone == [line for line in full if json.loads(line)["record"] == "connection"]
    assert len(alone) >= 2


def test_a_table_of_a_log_without_connections_is_empty(program: Program) -> None:
    """No head without rows."""
    done = program("connections", given=b"three packets captured\n")
    assert (done.out, done.code) == ("", 4)
