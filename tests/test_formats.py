"""Tables and Markdown: the same facts as the JSON lines, in fixed columns, and nothing from a log gets out of its cell."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from conftest import PACKAGE, ROOT, Program, run
from hypothesis import given
from hypothesis import strategies as st

from tdparse.render.columns import CONNECTIONS, KINDS, SEGMENTS, flattened
from tdparse.render.markdown import escaped
from tdparse.render.tabular import cell

LOGS = sorted((PACKAGE / "demo").glob("*.log")) + sorted((ROOT / "fixtures" / "captures").glob("*/*.log"))
COMMANDS = {"explain": (SEGMENTS, "segment"), "connections": (CONNECTIONS, "connection")}
EVIL = "\x1b]0;owned\x07|<script>alert(1)</script>`[x](http://evil.example)`@all =cmd()\u202e\x00"
SEGMENT = "10:00:00.{n:06} IP 10.0.0.1.{port} > 10.0.0.2.80: Flags [P.], seq 1:11, ack 1, win 9, length 10: {payload}\n"


def records(program: Program, command: str, *logs: Path) -> list[dict[str, Any]]:
    """Return the JSON records a table of the same command is made of."""
    lines = [json.loads(line) for line in program(command, "-f", "jsonl", *logs).out.splitlines()]
    return [line for line in lines if line["record"] == COMMANDS[command][1]]


def evil_log(folder: Path) -> Path:
    """Return a log whose payloads and remarks mean harm to whatever shows them."""
    payloads = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "```", "    code", "|a|b|", "<img src=x>", EVIL]
    lines = [SEGMENT.format(n=n, port=f"{n + 1}", payload=payload) for n, payload in enumerate(payloads)]
    path = folder / "=evil|<b>.log"
    path.write_text("".join(line for line in lines) + f"```\n# </pre> {EVIL}\n| --- |\n===\n> quoted\n")
    return path


@pytest.mark.parametrize("form", ["csv", "tsv"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_table_says_what_the_records_say(program: Program, command: str, form: str) -> None:
    """Row by row and column by column; no record is left out, and no field of a record has no column."""
    columns, _ = COMMANDS[command]
    done = program(command, "-f", form, *LOGS)
    head, *rows = csv.reader(io.StringIO(done.out), delimiter="," if form == "csv" else "\t", strict=True)
    assert head == list(columns)
    found = records(program, command, *LOGS)
    assert len(rows) == len(found) > len(LOGS)
    for row, record in zip(rows, found, strict=True):
        record.pop("record")
        named = dict(flattened(record, columns))
        assert set(named) <= set(columns)
        assert row == [cell(named[name]) if name in named else "" for name in columns]


@pytest.mark.parametrize("command", COMMANDS)
def test_parquet_says_what_the_records_say(program: Program, command: str, tmp_path: Path) -> None:
    """With the types of the schema, whole numbers whole and lists as lists; through a pipe as into a file."""
    parquet = pytest.importorskip("pyarrow.parquet")
    columns, _ = COMMANDS[command]
    path = tmp_path / "x.parquet"
    assert program(command, "-f", "parquet", "-o", path, *LOGS).code == 0
    assert program(command, "-f", "parquet", *LOGS).raw == path.read_bytes()
    table = parquet.read_table(path)
    assert table.column_names == list(columns)
    found = records(program, command, *LOGS)
    assert table.num_rows == len(found)
    for row, record in zip(table.to_pylist(), found, strict=True):
        record.pop("record")
        for name, value in flattened(record, columns):
            match columns[name]:
                case "text":
                    assert row[name] == str(value)
                case "json":
                    assert json.loads(row[name]) == value
                case "counts":
                    assert dict(row[name]) == value
                case "kinds":
                    assert [[item["kind"], item["hex"]] for item in row[name]] == value
                case "findings":
                    opened = [{**item, **json.loads(item["values"])} for item in row[name]]
                    assert [{**finding, "values": None} for finding in value] == [  # type: ignore[attr-defined]
                        {**item, "values": None} for item in opened
                    ]
                case _:
                    assert row[name] == value


def test_the_types_are_those_of_the_guide() -> None:
    """Every column has one kind, and every kind a type."""
    types = pytest.importorskip("tdparse.render.parquet").TYPES
    assert set(types) == set(KINDS)
    assert {*SEGMENTS.values(), *CONNECTIONS.values()} <= set(KINDS)


def test_an_empty_table_has_its_columns(program: Program, tmp_path: Path) -> None:
    """Nothing to explain is a table without rows, not a broken file."""
    parquet = pytest.importorskip("pyarrow.parquet")
    done = program("-f", "parquet", "-o", tmp_path / "x", given=b"prose\n")
    assert done.code == 4
    assert parquet.read_table(tmp_path / "x").column_names == list(SEGMENTS)
    assert program("-f", "csv", given=b"prose\n").out.count("\n") == 1


def test_parquet_without_pyarrow_says_what_to_install(tmp_path: Path, demo: Path) -> None:
    """One line, exit 3, no file."""
    script = "import sys; sys.modules['pyarrow'] = None; from tdparse.entry import main; main()"
    done = run([sys.executable, "-c", script, "-f", "parquet", "-o", str(tmp_path / "x"), str(demo / "http.log")])
    assert (done.code, done.err) == (3, "tdexplain: parquet needs pyarrow: pip install 'tdparse[parquet]'\n")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_table_is_no_file(tmp_path: Path, demo: Path) -> None:
    """A table that could not be finished leaves nothing, and no complaint of its writer."""
    pytest.importorskip("pyarrow")
    script = (
        "import tdparse.stream as s, sys; follow = s.Run.follow\n"
        "def stop(*a, **k): follow(*a, **k); raise KeyboardInterrupt\n"
        "s.Run.follow = stop; from tdparse.entry import main; main()"
    )
    command = [sys.executable, "-c", script, "-f", "parquet", "-o", str(tmp_path / "x"), str(demo / "http.log")]
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (130, b"")
    assert list(tmp_path.iterdir()) == []


# ------------------------------------------------------------------ what a log may bring along


@pytest.mark.parametrize("form", ["csv", "tsv"])
def test_no_cell_is_a_formula(program: Program, tmp_path: Path, form: str) -> None:
    """Text that a spreadsheet would calculate begins with an apostrophe; control characters are escapes."""
    done = program("-f", form, evil_log(tmp_path), cwd=tmp_path)
    assert done.code == 0
    rows = list(csv.reader(io.StringIO(done.out), delimiter="," if form == "csv" else "\t", strict=True))
    assert len(rows) > 5
    assert {len(row) for row in rows} == {len(SEGMENTS)}
    payloads = [row[list(SEGMENTS).index("payload")] for row in rows[1:]]
    assert "'=1+1" in payloads
    assert not [text for row in rows for text in row if re.match(r"[=+@\t\r]|-\D", text)]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", done.out)
    if form == "tsv":
        assert all(line.count("\t") == len(SEGMENTS) - 1 for line in done.out.splitlines())


@given(text=st.text())
def test_no_text_leaves_its_cell(text: str) -> None:
    """Whatever a log holds: one line, nothing a terminal acts on, no formula."""
    shown = cell(text)
    assert not re.search("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\ud800-\udfff]", shown)
    assert not shown.startswith(("=", "+", "-", "@", "\t", "\r"))


def test_markdown_shows_a_log_as_code(program: Program, tmp_path: Path) -> None:
    """Every line of the log stands in an indented block; all else is ours, with marks of the log escaped."""
    log = evil_log(tmp_path)
    done = program("-f", "markdown", log, cwd=tmp_path)
    lines = done.out.splitlines()
    code = [line for line in lines if line.startswith("    ")]
    assert len(code) == len(log.read_text().splitlines())
    assert all(line == "" or line.startswith(("    ", "> ", "## ", "### ")) for line in lines)
    for before, line in pairwise(lines):
        if line.startswith("    "):  # a block needs an empty line or its own kind before it
            assert before == "" or before.startswith("    ")
    told = "\n".join(line.removeprefix("> ") for line in lines if not line.startswith("    "))
    assert not re.search(r"[<@]|(?<!\\)[`|*_\[\]~]", told)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", done.out)


def test_markdown_has_what_the_text_has(program: Program, demo: Path) -> None:
    """The same sentences, without their escapes."""
    text = program(demo / "http.log").out
    shown = program("-f", "markdown", demo / "http.log").out.replace("&gt;", ">")
    shown = re.sub(r"\\(?=[^a-zA-Z0-9])|\\$", "", shown, flags=re.MULTILINE)
    for line in text.splitlines():
        assert line.strip() in shown


def test_markdown_of_connections_is_one_table(program: Program, tmp_path: Path, demo: Path) -> None:
    """A row a connection, with as many cells as the head; names of files are escaped like all else."""
    done = program("connections", "-f", "markdown", demo / "http.log", evil_log(tmp_path))
    lines = done.out.splitlines()
    assert re.fullmatch(r"(\| (---|--:) )+\|", lines[1])
    bars = {len(re.findall(r"(?<!\\)\|", line)) for line in lines}
    assert bars == {11}
    assert "evil\\|&lt;b&gt;.log" in done.out
    assert "complete.clean" in done.out


@given(text=st.text())
def test_escaped_text_has_no_marks(text: str) -> None:
    """Neither HTML nor links, tables, emphasis, mentions."""
    shown = escaped(text)
    assert not re.search(r"[<>@\n]|://|www\.", shown)
    assert not re.search(r"(?<!\\)(?:\\\\)*[`|*_~\[\]]", re.sub(r"\\[^\w\s]", "", shown))
