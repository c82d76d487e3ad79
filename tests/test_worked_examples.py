"""Part 8 of the rules, record by record: numbers, steps, states and sentences."""

from __future__ import annotations

from collections import defaultdict
from functools import cache

import pytest
from worked_examples import DOCUMENT, Block, Row, blocks

from tdparse.model import Side, Step, Summary
from tdparse.pipeline import explain
from tdparse.wording import state_text, text

pytestmark = pytest.mark.skipif(not DOCUMENT.exists(), reason="the rules (../shared/docs/tcp-observer.md) are not here")


@cache
def _sections() -> dict[str, list[Block]]:
    sections: dict[str, list[Block]] = defaultdict(list)
    if DOCUMENT.exists():
        for block in blocks():
            sections[block.section].append(block)
    return dict(sections)


def _run(section: str) -> tuple[list[Step], list[Summary]]:
    """Explain the logs of a section as one log: later ones continue the earlier ones."""
    items = list(explain(line for block in _sections()[section] for line in block.log))
    return [item for item in items if isinstance(item, Step)], [item for item in items if isinstance(item, Summary)]


def _rows(section: str) -> list[tuple[Step, Row, tuple[str, str] | None]]:
    """Pair every table row that has a record in the document with its step."""
    steps, _ = _run(section)
    pairs = []
    start = 0
    for block in _sections()[section]:
        for number, table in enumerate(block.tables):
            pairs += [
                (steps[start + row.number - 1], row, block.sentences.get((number, row.number)))
                for row in table
                if row.number <= len(block.log)
            ]
        start += len(block.log)
    return pairs


def _side(side: Side) -> str:
    before, after = (state_text(standing).replace("-", "_") for standing in side)
    return before if before == after else f"{before} → {after}"


def _number(step: Step) -> str:
    if not step.seq_printed or step.rel_seq is None:
        return "-"
    return f"{step.rel_seq}:{step.rel_end}" if step.segment.length else str(step.rel_seq)


SECTIONS = [f"8.{number}" for number in range(1, 19)]


def test_every_section_is_read() -> None:
    """The reader finds a log and a table in each of the eighteen sections."""
    assert sorted(_sections(), key=lambda name: int(name[2:])) == SECTIONS
    assert all(_rows(section) for section in SECTIONS)


@pytest.mark.parametrize("section", SECTIONS)
def test_records(section: str) -> None:
    """Each record has the numbers, step and states of its row (R6 to R53, R96 to R101)."""
    for step, row, _ in _rows(section):
        found = Row(
            row.number,
            row.direction,
            step.segment.flags or "",
            _number(step),
            "-" if step.rel_ack is None else str(step.rel_ack),
            step.segment.length or 0,
            step.step,
            _side(step.client),
            _side(step.server),
        )
        assert found == row
        assert row.direction == ("C→S" if step.sender == "client" else "S→C")


@pytest.mark.parametrize("section", SECTIONS)
def test_sentences(section: str) -> None:
    """Each sentence quoted in the section is ours, to the letter, in both languages (R101, R102)."""
    for step, _, sentences in _rows(section):
        if sentences is not None:
            assert (text(step, "en", "symbolic"), text(step, "zh", "symbolic")) == sentences


# section -> (verdict, zeek, completeness, closed_first, close_shape, time_wait) a connection, in order
VERDICTS: dict[str, list[tuple[str, str, int, str | None, str, tuple[str, ...]]]] = {
    "8.1": [("complete.clean", "SF", 31, "client", "four_segment", ("client",))],
    "8.2": [
        ("half_closed.by_client", "S2", 23, "client", "half", ()),
        ("mid_stream.half_closed", "SHR", 4, None, "half", ()),
    ],
    "8.3": [("complete.clean", "SF", 31, "server", "four_segment", ("server",))],
    "8.4": [("complete.clean", "SF", 31, "client", "three_segment", ("client",))],
    "8.6": [("complete.clean", "SF", 23, "client", "simultaneous", ("client", "server"))],
    "8.9": [("reset_by_client.data", "RSTO", 47, "client", "reset", ())],
    "8.14": [("reset_by_server.close", "RSTR", 63, "server", "reset", ())],
    "8.17": [("no_answer", "S0", 1, None, "none", ())],
}


@pytest.mark.parametrize("section", VERDICTS)
def test_verdicts(section: str) -> None:
    """Verdict, Zeek state, completeness, closer and TIME-WAIT holder are those the section states."""
    _, summaries = _run(section)
    found = [(s.verdict, s.zeek, s.completeness, s.closed_first, s.close_shape, s.time_wait) for s in summaries]
    assert found == VERDICTS[section]


ANOMALIES: dict[str, list[set[str]]] = {
    "8.1": [set()],
    "8.2": [{"name_not_address"}, {"multiple_connections", "name_not_address", "mid_stream", "wscale_unknown"}],
    "8.3": [{"name_not_address"}],
    "8.6": [{"simultaneous_open", "simultaneous_close", "fin_retransmission", "wscale_ignored"}],
    "8.8": [{"duplicate_ack", "sack_gap", "fast_retransmission"}],
    "8.9": [{"retransmission"}],
    "8.10": [{"window_full", "zero_window", "window_probe", "window_probe_ack", "window_update"}],
    "8.11": [{"keep_alive", "keep_alive_ack"}],
    "8.12": [{"rst_not_exact", "challenge_ack", "syn_in_connection", "half_open_discovered"}],
    "8.16": [{"fin_retransmission"}],
    "8.17": [{"syn_retransmission"}],
    "8.18": [{"bad_syn_ack", "syn_retransmission"}],
}


@pytest.mark.parametrize("section", ANOMALIES)
def test_anomalies(section: str) -> None:
    """The anomalies of each connection are those the section names, and no others."""
    _, summaries = _run(section)
    assert [set(summary.findings) for summary in summaries] == ANOMALIES[section]


def test_metrics_of_the_notes() -> None:
    """The check values of R147 hold."""
    one = _run("8.1")[1][0].metrics
    assert one["rtt_server"] == 0.000041
    assert one["rtt_client"] == 0.000500
    assert one["handshake_time"] == 0.000541
    assert one["time_to_first_byte"] == 0.010121
    assert one["payload_bytes"] == {"client": 0, "server": 21}
    assert one["half_closed_time"] == 0.000055
    assert one["idle_gaps"] == [{"seconds": 9.897679, "before": 5, "after": 6}]
    assert one["vantage"] == "near_server"
    four = _run("8.3")[1][0].metrics
    assert (four["rtt_server"], four["rtt_client"], four["handshake_time"]) == (0.000106, 0.002756, 0.002862)
    assert (four["time_to_first_byte"], four["response_time"]) == (0.014009, 0.013764)
    assert four["payload_bytes"] == {"client": 356, "server": 593}
    assert four["half_closed_time"] == 0.000734
    assert four["ts_clock"] == {"client": 1000, "server": 250}
    three = _run("8.2")[1][0].metrics
    assert three["handshake_time"] == 0.000026
    assert three["payload_bytes"] == {"client": 0, "server": 0}
