"""JSON lines: every record fits the shipped schema, in a fixed key order, with null for what is unknown."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from conftest import CORPUS, PACKAGE, ROOT, Program
from jsonschema import Draft202012Validator

from tdparse.render import jsonl

LOGS = sorted((PACKAGE / "demo").glob("*.log")) + sorted((ROOT / "fixtures" / "captures").glob("*/*.log"))
MODERN = "12:00:00.000001 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 7, win 9, length 0\n"
VERBOSE = (
    "12:00:00.000001 IP (tos 0x0, ttl 64, id 7, offset 0, flags [DF], proto TCP (6), length 40)\n"
    "    10.0.0.1.5 > 10.0.0.2.80: Flags [S], cksum 0xfef2 (correct), seq 7, win 9, length 0\n"
)
OLD = "12:00:00.000001 10.0.0.1.5 > 10.0.0.2.80: S 7:7(0) win 9\n"
STRANGERS = sorted(CORPUS.glob("**/*.log")) + sorted(CORPUS.glob("kernel/*/*.txt"))


@cache
def schema() -> dict[str, Any]:
    """The schema as it is shipped."""
    loaded: dict[str, Any] = json.loads(files("tdparse.render").joinpath("schema.json").read_text("utf-8"))
    return loaded


@cache
def definition(record: str) -> Draft202012Validator:
    """What the schema says about one kind of record."""
    return Draft202012Validator({**schema()["$defs"][record], "$defs": schema()["$defs"]})


def records(text: str) -> list[dict[str, Any]]:
    """Parse JSON lines; NaN and the infinities are no JSON."""

    def refuse(name: str) -> None:
        raise AssertionError(name)

    return [json.loads(line, parse_constant=refuse) for line in text.splitlines()]


def hold(found: list[dict[str, Any]]) -> None:
    """Assert that every record fits its definition."""
    for record in found:
        errors = [f"{list(error.path)}: {error.message}" for error in definition(record["record"]).iter_errors(record)]
        assert not errors, (record, errors)


def test_the_schema_is_one() -> None:
    """It is valid itself, and says the number that the log record carries."""
    Draft202012Validator.check_schema(schema())
    assert schema()["$defs"]["log"]["properties"]["schema"]["const"] == jsonl.SCHEMA
    assert {definition["$ref"].rpartition("/")[2] for definition in schema()["oneOf"]} == {
        "log", "segment", "skipped", "connection", "summary", "comparison", "link", "difference",
    }  # fmt: skip


def test_the_whole_schema_takes_a_whole_output(program: Program, demo: Path) -> None:
    """Each line of the demo fits exactly one of the kinds of record."""
    validator = Draft202012Validator(schema())
    for record in records(program("-f", "jsonl", demo / "http.log").out):
        validator.validate(record)


def test_our_own_logs_fit_the_schema(program: Program) -> None:
    """Every record of every log the project has is valid."""
    found = records(program("-f", "jsonl", *LOGS).out)
    assert sum(record["record"] == "log" for record in found) == len(LOGS)
    hold(found)


def test_logs_of_strangers_fit_the_schema(program: Program) -> None:
    """Whatever people paste, the records are valid."""
    if not STRANGERS:
        pytest.skip(f"{CORPUS} is not there")
    found = records(program("-f", "jsonl", *STRANGERS).out)
    assert sum(record["record"] == "log" for record in found) == len(STRANGERS)
    hold(found)


def test_keys_come_in_the_order_of_the_schema(program: Program, demo: Path) -> None:
    """A reader by position and a reader of diffs can rely on it."""
    for record in records(program("-f", "jsonl", demo / "http.log", demo / "refused.log").out):
        properties = list(schema()["$defs"][record["record"]]["properties"])
        assert list(record) == properties


def test_records_come_in_the_order_of_the_log(program: Program, demo: Path) -> None:
    """First the log, then its lines as they stand, then its connections; the run last."""
    kinds = [record["record"] for record in records(program("-f", "jsonl", demo / "refused.log").out)]
    assert kinds == ["log", "segment", "segment", "connection", "summary"]


def test_a_segment_says_all_that_the_line_says(program: Program, demo: Path) -> None:
    """The first record of the demo, key by key but for its sentence."""
    first = records(program("-f", "jsonl", demo / "http.log").out)[1]
    text = first.pop("text")
    assert text.startswith("The client asks to open a connection")
    assert first == {
        "record": "segment",
        "source": str(demo / "http.log"),
        "line": 1,
        "lines": 1,
        "time": "05:34:53.298105",
        "elapsed": 0.0,
        "conn": 1,
        "sender": "client",
        "src": {"host": "127.0.0.1", "port": 50826},
        "dst": {"host": "127.0.0.1", "port": 8080},
        "ip": 4,
        "flags": "S",
        "seq": 3914577889,
        "seq_end": 3914577889,
        "ack": None,
        "rel_seq": 0,
        "rel_end": 0,
        "rel_ack": None,
        "seq_printed": True,
        "numbers": "absolute",
        "window": 65495,
        "window_scaled": None,
        "urgent": None,
        "length": 0,
        "options": {"mss": 65495, "wscale": 10, "sack_ok": True, "ts": [1190839789, 0]},
        "options_text": "mss 65495,sackOK,TS val 1190839789 ecr 0,nop,wscale 10",
        "checksum": None,
        "payload": None,
        "step": "handshake.syn",
        "modifiers": [],
        "client": {
            "before": "CLOSED",
            "before_certainty": "assumed",
            "before_alternatives": [],
            "after": "SYN_SENT",
            "after_certainty": "observed",
            "after_alternatives": [],
        },
        "server": {
            "before": "LISTEN",
            "before_certainty": "assumed",
            "before_alternatives": [],
            "after": "SYN_RECEIVED",
            "after_certainty": "presumed",
            "after_alternatives": [],
        },
        "findings": [],
    }


def test_bytes_that_are_no_text_become_replacement_characters(program: Program) -> None:
    """JSON has no other way to carry them; the output stays valid UTF-8."""
    skipped = records(program("-f", "jsonl", given=b"caf\xe9 \x1b[31m\n").out)[1]
    assert skipped["raw"] == "caf\ufffd \x1b[31m"


def test_an_empty_log_has_its_record(program: Program) -> None:
    """Nothing is known about it, and null says so."""
    found = records(program("-f", "jsonl").out)
    assert [record["record"] for record in found] == ["log", "summary"]
    assert (found[0]["dialect"], found[0]["numbering"]) == (None, None)
    hold(found)


@pytest.mark.parametrize(
    ("log", "dialect"),
    [
        ("a remark\n\n", None),
        (OLD, None),
        (f"a remark\n{MODERN}", "tcpdump-4"),
        (MODERN, "tcpdump-4"),
        (VERBOSE, "tcpdump-4"),
    ],
    ids=["no segment", "the old form", "behind a remark", "one record", "of two lines"],
)
def test_a_dialect_is_told_when_a_segment_shows_it(program: Program, log: str, dialect: str | None) -> None:
    """Without one, and in the form that older releases and other programs print, it is not known."""
    found = records(program("-f", "jsonl", given=log.encode()).out)
    assert found[0]["dialect"] == dialect
    hold(found)


def test_the_summary_counts_everything(program: Program, demo: Path) -> None:
    """Its numbers are those of the records before it."""
    found = records(program("-f", "jsonl", demo / "http.log", demo / "refused.log").out)
    summary = found[-1]
    count = Counter(record["record"] for record in found)
    assert summary["sources"] == count["log"] == 2
    assert summary["segments"] == count["segment"] == summary["lines"]
    assert summary["connections"] == count["connection"]
    assert summary["verdicts"] == {"complete.clean": 1, "refused": 1}
