"""Every anomaly of the catalogue: a small log that shows it, its neighbour that does not, and the sentences."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, get_args

import pytest
from scenario import CLIENT, CLIENT_ISN, SERVER_ISN, log, packets, printed

from tdparse import catalog
from tdparse.findings.table import SUPERSEDES
from tdparse.model import Finding, NumberStyle, Segment, Severity, Skipped, Step, Summary
from tdparse.pipeline import explain
from tdparse.wording import finding_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdparse.model import Lang

STYLES: tuple[NumberStyle, ...] = get_args(NumberStyle)
OPEN = "C S\nS S.\nC .\n"
SCALED = "C S <mss 1460,nop,wscale 2>\nS S. <mss 1460,nop,wscale 2>\nC .\n"
STAMPED = "C S <TS val 100 ecr 0>\nS S. <TS val 500 ecr 100>\nC . <nop,nop,TS val 100 ecr 500>\n"
ECN = "C SEW\nS S.E\nC .\n"
CLOSED = OPEN + "C F.\nS F.\nC .\n"
CLOSED_BY_SERVER = OPEN + "S F.\nC F.\nS .\n"
USED = OPEN + "C P. 100\nS .\n"
LOST = OPEN + "C P. 50\nS .\nC P. 100 lost\nC P. 100\nC P. 100\nS .\n"
OLD_NXT = 3_000_000_101 - 9000  # the client's old SND.NXT after USED, counted from its new ISN 9000
OLD_END = 3_000_000_002 - 9000  # the same after CLOSED_BY_SERVER


class Case(NamedTuple):
    """
    Conversations in the shorthand of `scenario`.

    The anomaly is raised on record `at` (-1: the last) of `shows`, and nowhere in `silent`.
    """

    rules: str
    shows: str
    silent: str
    at: int = -1
    values: dict[str, object] = {}  # noqa: RUF012  never changed
    confidence: str = "certain"


CASES: dict[str, Case] = {
    # -- sent again: R104 R111 R114
    "retransmission": Case(
        "R41 R87 R104",
        USED + "C P. 100\nC P. 100 seq=101 +0.3",
        USED + "C P. 100\nC P. 100",
        values={"first": 101, "last": 200, "dt": 300_000_000, "original_captured": True, "timer": False},
    ),
    "fast_retransmission": Case(
        "R87 R104",
        LOST + "S .\nS .\nC P. 100 seq=51 +0.019",
        LOST + "S .\nS .\nC P. 100 seq=51 +0.021",
        values={"n": 3, "first": 51, "last": 150},
    ),
    "spurious_retransmission": Case(
        "R41 R104",
        USED + "C P. 100 seq=1 +0.3",
        OPEN + "C P. 100\nC P. 100 seq=1 +0.3",
        values={"first": 1, "last": 100},
    ),
    "out_of_order": Case(
        "R104 R111",
        OPEN + "C P. 100 seq=101\nC P. 100 seq=1 +0.0015",
        OPEN + "C P. 100 seq=101\nC P. 100 seq=1 +0.0025",  # longer than the round trip of 2 ms
        values={"first": 1, "last": 100},
        confidence="likely",
    ),
    "tail_loss_probe": Case(
        "R87",
        USED + "C P. 100\nC P. 100 seq=101 +0.004",
        USED + "C P. 100\nC P. 100 seq=101 +0.007",
        confidence="possible",
    ),
    "syn_retransmission": Case("R19 R86", "C S\nC S +1", "C S\nC S +1 isn=5", values={"n": 2, "dt": 10**9}),
    "syn_ack_retransmission": Case("R17 R86", "C S\nS S.\nS S. +1", "C S\nS S\nC S.\nS S.", values={"n": 2}),
    "fin_retransmission": Case("R17", OPEN + "C F.\nC F. seq=1 +0.3", CLOSED, values={"n": 2, "dt": 300_000_000}),
    "old_duplicate": Case(
        "R36",
        STAMPED + "C P. 9 <nop,nop,TS val 101 ecr 500>\nC P. 9 seq=1 +0.02 <nop,nop,TS val 101 ecr 500>",
        STAMPED + "C P. 9 <nop,nop,TS val 101 ecr 500>\nC P. 9 seq=1 +0.02 <nop,nop,TS val 121 ecr 500>",
    ),
    "capture_duplicate": Case(
        "R112", OPEN + "C P. 100\nC P. 100 seq=1 +0.0009", OPEN + "C P. 100\nC P. 100 seq=1 +0.0011", values={"prev": 4}
    ),
    # -- acknowledgments: R16 R77 R106 R110
    "duplicate_ack": Case("R104 R106 R107", LOST, USED + "S .", values={"n": 1, "ack": 51}),
    "lost_segment": Case(
        "R28 R104", OPEN + "C P. 100 seq=101", OPEN + "C P. 100", values={"n": 100, "first": 1, "last": 100}
    ),
    "acked_unseen": Case(
        "R16 R48 R50",
        OPEN + "C P. 100\nC P. 100 unseen\nS .",
        OPEN + "C P. 100\nC P. 100\nS .",
        values={"ack": 201, "last": 100},
        confidence="likely",
    ),
    "ack_of_unsent": Case("R50", "C S\nS S.\nC . ack=500", OPEN),
    "dsack": Case(
        "R77",
        USED + "S . sack=1-101",
        OPEN + "C P. 100 lost\nC P. 100\nS . sack=101-201",
        values={"first": 1, "last": 100},
    ),
    "sack_gap": Case(
        "R77",
        OPEN + "C P. 100 lost\nC P. 100\nS . sack=101-201",
        USED + "S . sack=1-101",
        values={"n": 100, "first": 1, "last": 100},
    ),
    "challenge_ack": Case("R110", USED + "C S +9 isn=9000\nS . ack=" + str(OLD_NXT), USED + "C .\nS ."),
    # -- probes: R104 R108 R109
    "keep_alive": Case("R109", USED + "C . +1", USED + "C . +0.9", values={"dt": 10**9}, confidence="possible"),
    "keep_alive_ack": Case("R109", USED + "C . +5\nS .", USED + "C . +5\nS . +1.1", confidence="likely"),
    "window_probe": Case("R104 R108", OPEN + "C P. 9\nS . win=0\nC . +0.3", USED + "C . +0.3", values={"n": 1}),
    "window_probe_ack": Case(
        "R104", OPEN + "C P. 9\nS . win=0\nC . +0.3\nS . win=0", OPEN + "C P. 9\nS . win=0\nC . +0.3\nS ."
    ),
    # -- windows: R76 R104 R105 R107
    "zero_window": Case("R104 R105", OPEN + "S . win=0", OPEN + "C F.\nS . win=0"),
    "window_update": Case(
        "R104 R105 R107", USED + "S . win=600", OPEN + "S . win=600", values={"win": 600, "win_old": 512}
    ),
    "window_full": Case("R76 R104", OPEN + "C P. 1\nS . win=9\nC P. 9", OPEN + "C P. 1\nS . win=9\nC P. 8"),
    "window_shrunk": Case(
        "R76",
        SCALED + "S . win=500\nS . win=498",
        SCALED + "S . win=500\nS . win=499",  # the rounding of the scale
        values={"n": 8},
    ),
    "wscale_unknown": Case("R48 R76", "C S unseen\nS S. <wscale 7>\nC .", SCALED),
    "wscale_ignored": Case("R76", "C S <wscale 7>\nS S.", SCALED),
    "wscale_too_large": Case("R76", "C S <wscale 15>", "C S <wscale 14>", values={"n": 15}),
    # -- opening and closing: R17 R42 to R46 R61 to R65 R83 to R85
    "simultaneous_open": Case("R61", "C S\nS S\nC S.\nS S.", "C S\nS S\nC S.\nS ."),
    "split_handshake": Case("R61", "C S\nS S\nC S.\nS .", "C S\nS S\nC S.\nS S.\nC ."),
    "simultaneous_close": Case("R59", OPEN + "C F. lost\nS F.", CLOSED),
    "port_reuse": Case(
        "R43 R44", CLOSED + "C S +70 isn=77\nS S.", CLOSED + "C S +70 isn=77", values={"dt": 70_001_000_000}
    ),
    "time_wait_reuse": Case(
        "R44 R65 R85", CLOSED + "C S +20 isn=77\nS S.", CLOSED + "C S +70 isn=77\nS S.", values={"dt": 20_001_000_000}
    ),
    "time_wait_rejected": Case(
        "R44 R65",
        CLOSED_BY_SERVER + "C S +5 isn=9000\nS . ack=" + str(OLD_END),
        CLOSED_BY_SERVER + "C S +5 isn=9000\nS S.",
    ),
    "time_wait_assassination": Case("R62", CLOSED_BY_SERVER + "C R seq=2", USED + "C R seq=101"),
    "syn_in_connection": Case("R44 R64", USED + "C S +9 isn=9000", CLOSED + "C S +9 isn=9000"),
    "half_open_discovered": Case(
        "R64",
        USED + f"C S +9 isn=9000\nS . ack={OLD_NXT}\nC R seq={OLD_NXT}",
        USED + f"C S +9 isn=9000\nS . ack={OLD_NXT}\nC .",
    ),
    "bad_syn_ack": Case("R50", "C S\nS S. ack=77", "C S\nS S."),
    "data_after_fin": Case(
        "R53", OPEN + "C F.\nC P. 10 seq=1", OPEN + "C P. 10\nC F.\nC P. 10 seq=1 +0.3", values={"first": 1, "last": 10}
    ),
    "data_after_close": Case("R57", OPEN + "C F.\nS .\nS P. 50\nC R seq=2", OPEN + "C F.\nS .\nS P. 50\nC ."),
    # -- RST: R20 R21 R51 R52 R60
    "rst_not_exact": Case("R51 R60", USED + "C R seq=150", USED + "C R seq=101"),
    "rst_out_of_window": Case("R51", USED + "C R seq=50", USED + "C R seq=101"),
    "rst_ignored": Case("R21", USED + "C R. ack=1\nS P. 50 +0.1", USED + "C R. ack=1\nS P. 50", confidence="likely"),
    "rst_injected_suspect": Case(
        "R52",
        STAMPED + "C P. 9 <nop,nop,TS val 101 ecr 500>\nS R.\nS . seq=1 <nop,nop,TS val 501 ecr 101>",  # (c) and (a)
        STAMPED + "C P. 9 <nop,nop,TS val 101 ecr 500>\nS R.",
        confidence="possible",
        values={"signs": "ac"},
    ),
    "rst_storm": Case("R52", OPEN + "S R.\nS R\nS R", OPEN + "S R.\nS R", values={"n": 3}),
    # -- options and other fields: R75 R78 R79
    "mss_exceeded": Case(
        "R75", "C S\nS S. <mss 100>\nC .\nC P. 101", "C S\nS S. <mss 100>\nC .\nC P. 100", values={"len": 101, "n": 100}
    ),
    "mss_in_non_syn": Case("R75", OPEN + "C P. 9 <mss 1460>", "C S <mss 1460>"),
    "ts_missing": Case("R78", STAMPED + "C P. 9", STAMPED + "C R. seq=1 ack=1"),
    "ts_regression": Case(
        "R78",
        STAMPED + "C P. 9 <nop,nop,TS val 99 ecr 500>",
        STAMPED + "C P. 9 <nop,nop,TS val 100 ecr 500>\nC P. 9 <nop,nop,TS val 100 ecr 500>",
    ),
    "ecn_congestion": Case("R79", ECN + "C P. 9\nS .E", OPEN + "C P. 9\nS .E"),
    "ecn_cwr": Case("R79", ECN + "C P.W 9", OPEN + "C P.W 9"),
    "urgent": Case("R102", OPEN + "C P.U 9 urg=1", OPEN + "C P. 9", values={"n": 1}),
    # -- the log itself: R7 R9 R38 to R46
    "one_sided": Case(
        "R41", "C S\nS S. unseen\nC .\nS P. 9 unseen\nC .", "C S\nS S.\nC .\nS P. 9\nC .", confidence="likely"
    ),
    "illegal_flags": Case("R47", "C FS", "C S", values={"flags": "FS"}),
    "multiple_connections": Case("R46", CLOSED + "C S +70 isn=77", CLOSED, values={"n": 2}),
}


def _lines(talk: str) -> list[str]:
    return log(talk)


def _swapped() -> list[str]:
    *head, last, late = log(OPEN + "C P. 9\nS .")
    return [*head, late, last]


def _verbose(wrong: Sequence[int], talk: str = OPEN + "C P. 9\nS .\nC P. 9") -> list[str]:
    """Print as -v does; the records numbered in `wrong` have an incorrect checksum."""
    found = []
    for number, line in enumerate(log(talk), 1):
        time, _, rest = line.partition(" IP ")
        result = "incorrect -> 0x0001" if number in wrong else "correct"
        ip = f"(tos 0x0, ttl 64, id {number}, offset 0, flags [DF], proto TCP (6), length 60)"
        found += [f"{time} IP {ip}", "    " + rest.replace("], ", f"], cksum 0x1234 ({result}), ", 1)]
    return found


def _between(client: str, server: str, talk: str = OPEN) -> list[str]:
    return printed(packets(talk, client=client, server=server))


def _established(talk: str) -> list[str]:
    return log(talk, established=True)


# What shorthand cannot say: lines that show it, the number of the record, lines that do not.
LOGS: dict[str, tuple[str, list[str], int, list[str]]] = {
    "bad_checksum": ("R8", _verbose([6]), -1, _verbose([])),
    "time_backwards": ("R7 R39", _swapped(), -1, log(OPEN)),
    "mid_stream": ("R26", _established("C P. 9"), 1, log("C S unseen\nS S.")),
    "truncated_record": ("R97", [*log(OPEN), log("C P. 9")[0].partition(" Flags")[0] + " [|tcp]"], -1, log(OPEN)),
    "self_connection": ("R42 R74", _between(CLIENT, CLIENT, "C S"), 1, log(OPEN)),
    "name_not_address": ("R42", _between("localhost.5000", "localhost.http"), 1, _between("fe80::1.5", "::1.80")),
}
# What only the end of a connection shows: lines that show it, lines that do not.
AT_THE_END: dict[str, tuple[str, list[str], list[str]]] = {
    "unacked_data": ("R136", log(OPEN + "C P. 9"), log(OPEN + "C P. 9\nS .")),
    "capture_drops": (
        "R38",
        [*log(OPEN), "3 packets captured", "5 packets received by filter", "2 packets dropped by kernel"],
        [*log(OPEN), "3 packets captured", "5 packets received by filter", "0 packets dropped by kernel"],
    ),
}


class Found(NamedTuple):
    """What one log is explained as."""

    steps: list[Step]
    connections: list[Summary]


def read(lines: Sequence[str]) -> Found:
    """Explain a log."""
    items = list(explain(lines))
    steps = [item for item in items if isinstance(item, Step)]
    return Found(steps, [item for item in items if not isinstance(item, (Step, Skipped, Segment))])


def codes(found: Found) -> set[str]:
    """Return every anomaly of a log."""
    return {finding.code for step in found.steps for finding in step.findings} | {
        code for summary in found.connections for code in summary.findings
    }


def one(step: Step, code: str) -> Finding:
    """Return the finding `code` of a record, which must be there once."""
    found = [finding for finding in step.findings if finding.code == code]
    assert len(found) == 1, [finding.code for finding in step.findings]
    return found[0]


# ------------------------------------------------------------------ one log a code


@pytest.mark.parametrize("code", CASES)
def test_raised_where_it_shows(code: str) -> None:
    """The anomaly is raised on its record, as surely as it can be known, and that record is its evidence."""
    case = CASES[code]
    steps = read(_lines(case.shows)).steps
    step = steps[case.at if case.at < 0 else case.at - 1]
    finding = one(step, code)
    assert finding.lines[-1] == step.segment.line
    assert all(line in {step.segment.line for step in steps} for line in finding.lines)
    assert finding.confidence == case.confidence
    assert finding.severity == catalog.fact("finding", code, "severity")
    assert {name: finding.values.get(name) for name in case.values} == case.values


@pytest.mark.parametrize("code", CASES)
def test_not_raised_next_to_it(code: str) -> None:
    """A log that differs in the one thing that matters does not raise it."""
    assert code not in codes(read(_lines(CASES[code].silent)))


@pytest.mark.parametrize("code", LOGS)
def test_raised_by_a_log_as_printed(code: str) -> None:
    """The same for what only the printed line shows."""
    _, shows, at, silent = LOGS[code]
    step = read(shows).steps[at if at < 0 else at - 1]
    assert one(step, code).lines[-1] == step.segment.line
    assert code not in codes(read(silent))


@pytest.mark.parametrize("code", AT_THE_END)
def test_counted_for_the_connection(code: str) -> None:
    """What belongs to no record is counted in the connection's record."""
    _, shows, silent = AT_THE_END[code]
    assert [summary.findings.get(code) for summary in read(shows).connections] == [1]
    assert code not in codes(read(silent))


def test_every_code_has_a_case() -> None:
    """The cases are the catalogue's anomalies, each once."""
    assert sorted([*CASES, *LOGS, *AT_THE_END]) == sorted(catalog.codes("finding"))
    assert all(case.rules for case in CASES.values())


# ------------------------------------------------------------------ closer looks

LOOKS = {
    "R104: at most one of the group": (OPEN + "C P. 100\nS .\nC P. 100 seq=1 +0.3", {"spurious_retransmission"}),
    "R104: the answer to a probe is no zero window of its own": (
        OPEN + "C P. 9\nS . win=0\nC . 1 +0.3\nS . ack=10 win=0",
        {"window_probe_ack"},
    ),
    "R107: a changed window is an update, never a duplicate": (LOST + "S . win=600", {"window_update"}),
    "R105: a fast retransmission survives a window update": (
        LOST + "S .\nS .\nS . win=600\nC P. 100 seq=51 +0.005",
        {"fast_retransmission"},
    ),
    "R111: captured before, so not reordered": (
        OPEN + "C P. 100\nC P. 100\nC P. 100 seq=1 +0.0015",
        {"retransmission"},
    ),
    "retransmission: the octet of a probe that was dropped": (OPEN + "C P. 1\nC P. 100 seq=1 +0.3", set[str]()),
    "fin_retransmission: its data had been acknowledged": (
        OPEN + "C FP. 9\nS .\nC FP. 9 seq=1 +0.3",
        {"fin_retransmission", "spurious_retransmission"},
    ),
    "acked_unseen: once for each gap": (OPEN + "C P. 9\nC P. 9 unseen\nS .\nC P. 9\nS .", set[str]()),
    "acked_unseen: of another gap again": (
        OPEN + "C P. 9\nC P. 9 unseen\nC P. 9\nC P. 9 unseen\nC P. 9\nS . ack=20\nS .",
        {"acked_unseen"},
    ),
    "ack_of_unsent: seen from the answer": (USED + "S . ack=900\nC .", {"ack_of_unsent", "challenge_ack"}),
    "R109: an answered probe, and the next one": (USED + "C . +5\nS .\nS . +5", {"keep_alive"}),
    "R53: data below the FIN may come again": (OPEN + "C P. 9\nC F.\nC P. 9 seq=1 +0.3", {"retransmission"}),
    "R12: an ACK that was overtaken changes no window": (
        OPEN + "C P. 9\nC P. 9\nS . ack=19 win=0\nS . ack=10\nC . +0.3",
        {"window_probe"},
    ),
    "R51: an RST nobody can check is no anomaly": ("C S\nS R seq=7", set[str]()),
}


@pytest.mark.parametrize("look", LOOKS)
def test_the_last_record(look: str) -> None:
    """The last record of the conversation has exactly these findings."""
    talk, expected = LOOKS[look]
    assert {finding.code for finding in read(_lines(talk)).steps[-1].findings} == expected


def test_backoff_is_recognised() -> None:
    """R114: copies at intervals that double within a quarter are the timer's."""
    talk = OPEN + "C P. 9\nC P. 9 seq=1 +0.2\nC P. 9 seq=1 +{}"
    timers = {
        gap: read(_lines(talk.format(gap))).steps[-1].findings[0].values["timer"] for gap in (0.24, 0.4, 0.48, 0.7)
    }
    assert timers == {0.24: False, 0.4: True, 0.48: True, 0.7: False}


SIGNS = {
    "b: two numbers within 10 ms": (STAMPED + "S R. seq=100 ack=1\nS R. seq=2000 ack=1", "bc"),
    "b: not when each answers a late segment": (OPEN + "C P. 9\nC P. 9\nS R. ack=1\nS R seq=1\nS R seq=0", ""),
    "e: nearer than its sender": (
        STAMPED.replace("S S.", "S S. +0.1") + "C P. 9 +0.2 <nop,nop,TS val 101 ecr 500>\nS R. ack=10 +0.04",
        "ce",
    ),
    "e: not when it had the time": (
        STAMPED.replace("S S.", "S S. +0.1") + "C P. 9 +0.2 <nop,nop,TS val 101 ecr 500>\nS R. ack=10 +0.06",
        "",
    ),
}


@pytest.mark.parametrize("name", SIGNS)
def test_signs_of_an_injected_reset(name: str) -> None:
    """rst_injected_suspect needs two signs, and says which it saw."""
    talk, signs = SIGNS[name]
    found = [finding for step in read(_lines(talk)).steps for finding in step.findings]
    assert [finding.values["signs"] for finding in found if finding.code == "rst_injected_suspect"] == [signs] * bool(
        signs
    )


@pytest.mark.parametrize(("ttl", "ip_id", "signs"), [(64, 7, ""), (43, 7, "cd"), (64, 9000, "cd"), (64, 0, "")])
def test_an_injected_reset_has_another_ip_header(ttl: int, ip_id: int, signs: str) -> None:
    """rst_injected_suspect (d): TTL, or an IP id out of its sender's sequence; 0 is a stack's own choice."""
    lines = _verbose([], STAMPED + "S . <nop,nop,TS val 501 ecr 100>\nS R.")
    lines[-2] = lines[-2].replace("ttl 64, id 5", f"ttl {ttl}, id {ip_id}")
    last = [finding for finding in read(lines).steps[-1].findings if finding.code == "rst_injected_suspect"]
    assert [finding.values["signs"] for finding in last] == [signs] * bool(signs)


def test_checksums_left_to_the_card_are_chat() -> None:
    """R8: a sender all of whose checksums are incorrect has offloaded them; one among correct ones is a note."""
    severities = [
        one(step, "bad_checksum").severity for step in read(_verbose([2, 5])).steps if step.sender == "server"
    ]
    assert severities == [Severity.CHAT, Severity.CHAT]
    assert one(read(_verbose([6])).steps[-1], "bad_checksum").severity is Severity.NOTE


# ------------------------------------------------------------------ tables and sentences


def test_supersession_is_as_explained() -> None:
    """Whatever a code silences in the program is what `why` says of it."""
    for code, silenced in SUPERSEDES.items():
        assert silenced <= set(catalog.reference("finding", code).lists.get("supersedes", ())), code


LOGS_OF: dict[str, list[str]] = {code: log(case.shows) for code, case in CASES.items()} | {
    code: shows for code, (_, shows, _, _) in LOGS.items()
}


@pytest.mark.parametrize("code", LOGS_OF)
def test_sentences_are_complete(code: str) -> None:
    """In both languages a finding of a log with times leaves nothing open."""
    for step in read(LOGS_OF[code]).steps:
        for finding in step.findings:
            for lang in catalog.LANGUAGES:
                sentence = finding_text(finding, step, lang)
                assert "?" not in sentence
                assert "{" not in sentence
                assert "None" not in sentence


OCTETS_OF_RECEIVER = {"acked_unseen", "dsack", "sack_gap", "duplicate_ack"}  # the others' are those of the sender
PLACES = {"first", "last", "ack"}
NUMBERED = sorted(
    code for code in CASES if PLACES & set(re.findall(r"{(\w+)}", catalog.sentence("finding", code, "en")))
)


def test_findings_that_say_numbers_are_known() -> None:
    """R101: those with {first}, {last} or {ack} in their sentence."""
    sent = {"retransmission", "spurious_retransmission", "out_of_order", "lost_segment"}
    assert set(NUMBERED) == sent | OCTETS_OF_RECEIVER


@pytest.mark.parametrize("lang", catalog.LANGUAGES)
@pytest.mark.parametrize("code", NUMBERED)
def test_numbers_of_a_finding_are_shown_as_those_of_the_step(code: str, lang: Lang) -> None:
    """Absolute beside absolute ones, by the ISN of whoever sent the octets; R4 has letters for no octet of data."""
    case = CASES[code]
    step = read(log(case.shows)).steps[case.at]
    finding = one(step, code)
    isn = CLIENT_ISN if (step.sender == "client") is (code not in OCTETS_OF_RECEIVER) else SERVER_ISN
    for style in STYLES:
        shown = {}
        for name in PLACES & finding.values.keys():
            value = finding.values[name]
            assert isinstance(value, int)
            both = rf"{value} ?[(（]{isn + value}[)）]"
            shown[name] = {"absolute": str(isn + value), "both": both}.get(style, str(value))
        parts = re.split(r"{(\w+)}", catalog.sentence("finding", code, lang))
        form = "".join(shown.get(part, ".+") if place % 2 else re.escape(part) for place, part in enumerate(parts))
        assert re.fullmatch(form, finding_text(finding, step, lang, style)), style


@pytest.mark.parametrize("code", NUMBERED)
def test_without_an_isn_a_finding_has_relative_numbers_only(code: str) -> None:
    """Where nothing tells the numbers on the wire (R32, b), every style shows those that are known."""
    case = CASES[code]
    shown = log(case.shows, absolute=False)
    step = next(step for step in read(shown).steps if code in {finding.code for finding in step.findings})
    bare = step._replace(seq=None, seq_end=None, ack=None)
    finding = one(step, code)
    for lang in catalog.LANGUAGES:
        assert len({finding_text(finding, bare, lang, style) for style in STYLES}) == 1
