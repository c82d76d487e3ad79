"""
The transition table against figure 5 of RFC 9293, against the rules, and against what the observer does.

A scene is a conversation in shorthand. Its row must be among those that fit the event at the named record, and
the endpoint must be shown as written: before and after that record, in the notation of rule R5.
"""

from __future__ import annotations

import re
from collections import Counter
from textwrap import dedent
from typing import TYPE_CHECKING, Final, NamedTuple
from unittest import mock

import pytest
import rules_document as document
from conftest import COMPILED, CORPUS
from hypothesis import HealthCheck, given, settings
from scenario import CLIENT, SERVER, log
from simulation import EXAMPLES, Scene, scenes, watched
from worked_examples import DOCUMENT, blocks

from tdparse import catalog, track
from tdparse.apply import WITHOUT_EFFECT
from tdparse.model import Certainty, Side, State, Step, Summary
from tdparse.pipeline import explain
from tdparse.steps import decide
from tdparse.transitions import CALLS, OWN, RCV, SND, TABLE, Event, diagram, received, rows, sent
from tdparse.wording import notes, state_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tdparse.evidence import Record
    from tdparse.incarnation import Incarnation

kernel = CORPUS / "kernel"
GONE: Final = frozenset({State.CLOSED, State.LISTEN})


class Traced(NamedTuple):
    """One record: what was said of it, and what it was to either end before it was applied."""

    step: Step
    sent: Event
    received: Event


def trace(lines: Iterable[str]) -> tuple[list[Traced], list[Summary]]:
    """Explain a log and note the events."""
    if COMPILED:
        pytest.skip("what is compiled calls its functions directly, and nobody can look on")
    events: dict[int, tuple[Event, Event]] = {}

    def spy(conn: Incarnation, record: Record) -> str:
        step = decide(conn, record)
        events.setdefault(record.line, (sent(conn, record, step), received(record, step)))
        return step

    with mock.patch.object(track, "decide", spy):
        items = list(explain(lines))
    steps = [Traced(item, *events[item.segment.line]) for item in items if isinstance(item, Step)]
    return steps, [item for item in items if isinstance(item, Summary)]


# ------------------------------------------------------------------ the figure and the rules

# Every arrow of figure 5 (and its notes 1 to 3), with the row that it is. The three calls that send nothing
# are the diagram's own.
FIGURE_5 = {
    ("CLOSED", "SYN_SENT"): 1,
    ("LISTEN", "SYN_RECEIVED"): 7,
    ("LISTEN", "SYN_SENT"): 12,
    ("SYN_SENT", "SYN_RECEIVED"): 17,
    ("SYN_SENT", "ESTABLISHED"): 15,
    ("SYN_RECEIVED", "ESTABLISHED"): 30,
    ("SYN_RECEIVED", "FIN_WAIT_1"): 42,
    ("SYN_RECEIVED", "LISTEN"): 38,  # note 1
    ("ESTABLISHED", "FIN_WAIT_1"): 47,
    ("ESTABLISHED", "CLOSE_WAIT"): 55,
    ("FIN_WAIT_1", "FIN_WAIT_2"): 67,
    ("FIN_WAIT_1", "CLOSING"): 72,
    ("FIN_WAIT_1", "TIME_WAIT"): 71,  # note 2
    ("FIN_WAIT_2", "TIME_WAIT"): 78,
    ("CLOSE_WAIT", "LAST_ACK"): 85,
    ("CLOSING", "TIME_WAIT"): 92,
    ("LAST_ACK", "CLOSED"): 98,
    ("TIME_WAIT", "CLOSED"): 111,
    # note 3: a RST, whatever else the figure shows
    ("SYN_SENT", "CLOSED"): 20,
    ("ESTABLISHED", "CLOSED"): 59,
    ("FIN_WAIT_1", "CLOSED"): 74,
    ("FIN_WAIT_2", "CLOSED"): 80,
    ("CLOSE_WAIT", "CLOSED"): 90,
    ("CLOSING", "CLOSED"): 97,
}
# What the figure does not draw, and why a row changes the state all the same.
NOT_DRAWN = {
    23: "seen from the segment it sends: it passed through the arrow of T17",
    24: "seen from the segment it sends: it passed through T15",
    32: "T30 and T55 in one segment",
    39: "3.10.7.4: an active opener does not go back to LISTEN",
    44: "abort in SYN-RECEIVED (3.10.5)",
    107: "3.6.1 and 6191: a new connection out of TIME-WAIT",
    110: "the same, opened by the endpoint itself",
}


def test_every_arrow_of_the_figure_is_a_row() -> None:
    """Each arrow of figure 5 that a segment or a timer shows is the row named here, and changes the state as drawn."""
    for (old, new), number in FIGURE_5.items():
        assert any(row.number == number and old in row.states and row.new == new for row in TABLE), (old, new)


def test_no_row_contradicts_the_figure() -> None:
    """A row that changes the state follows an arrow, or is listed with the reason why the figure does not draw it."""
    arrows = set(FIGURE_5) | {(str(old), str(new)) for old, new, _ in CALLS}
    for row in TABLE:
        if row.new is None or row.way is OWN:
            continue
        drawn = all((str(state), str(row.new)) in arrows for state in row.states)
        assert drawn != (row.number in NOT_DRAWN and not drawn), row


def test_rows_are_numbered_without_gaps() -> None:
    """T1 to the last, in order; a number stands for one line of the table of the rules."""
    numbers = [row.number for row in TABLE]
    assert numbers == sorted(numbers)
    assert sorted({f"T{number}" for number in numbers}) == sorted(catalog.reference_codes("transition"))


@pytest.mark.skipif(not DOCUMENT.exists(), reason=f"the rules are not here: {DOCUMENT}")
def test_rows_are_those_of_the_rules() -> None:
    """State, direction and new state of each row are those of its line in the rules."""
    heading: tuple[State, ...] = ()
    told = {}
    for cells in document._rows("### 2.3", "### 2.4"):
        name = cells[0].strip("*")
        if name in State.__members__:
            heading = (State(name),)
        elif name == "any":
            heading = ()
        elif cells[0].startswith("T"):
            way = cells[1][:3] if cells[1][:3] in ("snd", "rcv") else "rcv" if "received" in cells[1] else ""
            told[int(cells[0][1:])] = (heading, way, cells[3])
    assert set(told) == {row.number for row in TABLE}
    for row in TABLE:
        states, way, new = told[row.number]
        assert not states or states == row.states, row
        assert way == row.way, row
        written = {
            State(word)
            for word in new.replace("(", " ").replace(")", " ").replace(":", " ").split()
            if word in State.__members__
        }
        unchanged = new.startswith("=") or " = " in new or written == set(states)
        assert row.new in written or (row.new is None and unchanged), (row, new)


def test_remarks_are_known_codes() -> None:
    """What a row points to is a code of the catalogue."""
    known = {code for section in ("step", "finding", "verdict") for code in catalog.codes(section)}
    assert not {row.remark for row in TABLE} - known - {""}


# ------------------------------------------------------------------ a scene for each row

OPEN = "C S\nS S.\nC .\n"
CROSSED = "C S lost\nS S lost\nC S. ack=1 lost\n"
ACTIVE = OPEN + "C F.\nS .\n"  # FIN-WAIT-2 and CLOSE-WAIT
BOTH = OPEN + "C F.\nS F.\n"  # the client's FIN confirmed by the server's: LAST-ACK
OVER = BOTH + "C .\n"  # the client in TIME-WAIT
SERVER_WAITS = OPEN + "S F.\nC F.\nS .\n"
CROSSED_FINS = OPEN + "C F. lost\nS F. lost\nC . ack=2\n"  # the client in CLOSING
ABORTED = "C S\nS S.\nC R\n"  # the server in LISTEN again

SCENES: dict[str, tuple[str, int, str, str]] = {
    # row: conversation, record, endpoint, its state before and after the record
    "T1": ("C S", 1, "C", "CLOSED~ SYN-SENT"),
    "T2": ("C S\nS R.", 1, "S", "LISTEN~ SYN-RECEIVED?"),
    "T2 the answer": ("C S\nS R.", 2, "S", "SYN-RECEIVED? CLOSED"),
    "T3": (OPEN + "C R.\nS P. 5", 5, "C", "CLOSED CLOSED"),
    "T4": (OPEN + "C R.\nS none", 5, "C", "CLOSED CLOSED"),
    "T5": (OPEN + "C R.\nS R", 5, "C", "CLOSED CLOSED"),
    "T6": (OPEN + "C R.\nC R.", 5, "C", "CLOSED CLOSED"),
    "T7": ("C S", 1, "S", "LISTEN~ SYN-RECEIVED?"),
    "T8": ("C S\nC S +1", 2, "S", "SYN-RECEIVED? SYN-RECEIVED?"),
    "T9": (ABORTED + "C .", 4, "S", "LISTEN? LISTEN?"),
    "T10": (ABORTED + "C none", 4, "S", "LISTEN? LISTEN?"),
    "T11": (ABORTED + "C R", 4, "S", "LISTEN? LISTEN?"),
    "T12": ("C S lost\nS S", 2, "S", "SYN-RECEIVED? SYN-SENT"),
    "T13": ("C S\nC S +1", 2, "C", "SYN-SENT SYN-SENT"),
    "T14": ("C S\nC S isn=5000 +1", 2, "C", "CLOSED~ SYN-SENT"),
    "T15": ("C S\nS S.", 2, "C", "SYN-SENT ESTABLISHED?"),
    "T16": ("C S\nS S. ack=77", 2, "C", "SYN-SENT SYN-SENT"),
    "T17": ("C S lost\nS S", 2, "C", "SYN-SENT SYN-RECEIVED?"),
    "T18": ("C S\nS . ack=1", 2, "C", "SYN-SENT SYN-SENT"),
    "T19": ("C S\nS . ack=999", 2, "C", "SYN-SENT SYN-SENT"),
    "T20": ("C S\nS R.", 2, "C", "SYN-SENT CLOSED?"),
    "T21": ("C S\nS R", 2, "C", "SYN-SENT SYN-SENT"),
    "T22": ("C S\nS P. 5 ack=1", 2, "C", "SYN-SENT SYN-SENT"),
    "T23": (CROSSED, 3, "C", "SYN-RECEIVED? SYN-RECEIVED"),
    "T24": ("C S\nS S. unseen\nC .", 2, "C", "SYN-SENT ESTABLISHED"),
    "T24 FIN": ("C S\nS S. unseen\nC F.", 2, "C", "SYN-SENT FIN-WAIT-1"),
    "T25": ("C S\nS . ack=999\nC R seq=999", 3, "C", "SYN-SENT SYN-SENT"),
    "T26": ("C S\nC R", 2, "C", "SYN-SENT CLOSED"),
    "T29": ("C S\nS S.\nS S. +1", 3, "S", "SYN-RECEIVED SYN-RECEIVED"),
    "T30": (OPEN, 3, "S", "SYN-RECEIVED ESTABLISHED?"),
    "T31": ("C S\nS S.\nC P. 5", 3, "S", "SYN-RECEIVED ESTABLISHED?"),
    "T32": ("C S\nS S.\nC F.", 3, "S", "SYN-RECEIVED CLOSE-WAIT?"),
    "T33": (CROSSED + "S S. ack=1", 4, "C", "SYN-RECEIVED ESTABLISHED?"),
    "T34": ("C S\nS S.\nC . ack=999", 3, "S", "SYN-RECEIVED SYN-RECEIVED"),
    "T35": ("C S\nS S.\nC S +1", 3, "S", "SYN-RECEIVED SYN-RECEIVED"),
    "T36": ("C S\nS S.\nC S isn=5000 +1", 3, "S", "SYN-RECEIVED SYN-RECEIVED"),
    "T37": (OPEN + "S S. +1", 3, "S", "SYN-RECEIVED ESTABLISHED?"),
    "T37 the answer": (OPEN + "S S. +1", 4, "S", "ESTABLISHED? SYN-RECEIVED"),
    "T38": (ABORTED, 3, "S", "SYN-RECEIVED LISTEN?"),
    "T39": (CROSSED + "S R.", 4, "C", "SYN-RECEIVED CLOSED?"),
    "T40": ("C S 5 <mss 1460,tfo  cookie 29bc5d0a1c3f8e77>\nS S.\nS P. 9", 3, "S", "SYN-RECEIVED SYN-RECEIVED"),
    "T41": ("C S\nS S.\nS P. 9", 3, "S", "SYN-RECEIVED ESTABLISHED"),
    "T42": ("C S\nS S.\nS F.", 3, "S", "SYN-RECEIVED FIN-WAIT-1"),
    "T43": ("C S\nS S.\nC . ack=999\nS R seq=999", 4, "S", "SYN-RECEIVED SYN-RECEIVED"),
    "T44": ("C S\nS S.\nS R.", 3, "S", "SYN-RECEIVED CLOSED"),
    "T46": (OPEN + "C P. 5", 4, "C", "ESTABLISHED ESTABLISHED"),
    "T47": (OPEN + "C F.", 4, "C", "ESTABLISHED FIN-WAIT-1"),
    "T48": (OPEN + "C R.", 4, "C", "ESTABLISHED CLOSED"),
    "T49": (OPEN + "C P. 5", 4, "S", "ESTABLISHED? ESTABLISHED?"),
    "T50": (OPEN + "C P. 5 seq=10", 4, "S", "ESTABLISHED? ESTABLISHED?"),
    "T51": (OPEN + "C P. 5\nS .\nC P. 5 seq=1 +0.3", 6, "S", "ESTABLISHED ESTABLISHED"),
    "T52": (
        "C S <mss 1460,wscale 0>\nS S. <mss 1460,wscale 0>\nC .\nS P. 1 win=100\nC P. 5 seq=5000",
        5, "S", "ESTABLISHED ESTABLISHED",
    ),
    "T53": (OPEN + "C P. 5\nS .", 5, "C", "ESTABLISHED ESTABLISHED"),
    "T54": (OPEN + "S . ack=999", 4, "C", "ESTABLISHED ESTABLISHED"),
    "T55": (OPEN + "C F.", 4, "S", "ESTABLISHED? CLOSE-WAIT?"),
    "T56": (OPEN + "C F. seq=10", 4, "S", "ESTABLISHED? ESTABLISHED?"),
    "T57": (OPEN + "S S. +1", 4, "C", "ESTABLISHED ESTABLISHED"),
    "T58": (OPEN + "C S isn=5000", 4, "S", "ESTABLISHED? ESTABLISHED?"),
    "T59": (OPEN + "C R.", 4, "S", "ESTABLISHED? CLOSED?"),
    "T60": (OPEN + "C R seq=101", 4, "S", "ESTABLISHED? ESTABLISHED?"),
    "T61": (OPEN + "C P. 5\nS .\nC R seq=1", 6, "S", "ESTABLISHED ESTABLISHED"),
    "T62": (OPEN + "C P. 5\nS .\nC P. 1 seq=5 +5", 6, "S", "ESTABLISHED ESTABLISHED"),
    "T63": (OPEN + "C P. 5\nS . win=0\nC P. 1 +1", 6, "S", "ESTABLISHED ESTABLISHED"),
    "T65": (OPEN + "C F.\nC F. seq=1 +0.3", 5, "C", "FIN-WAIT-1 FIN-WAIT-1"),
    "T66": (OPEN + "C P. 5\nC F.\nC P. 5 seq=1 +0.3", 6, "C", "FIN-WAIT-1 FIN-WAIT-1"),
    "T67": (ACTIVE, 5, "C", "FIN-WAIT-1 FIN-WAIT-2?"),
    "T68": (OPEN + "C P. 5\nC F.\nS . ack=6", 6, "C", "FIN-WAIT-1 FIN-WAIT-1"),
    "T69": (OPEN + "C F.\nS P. 5 ack=1", 5, "C", "FIN-WAIT-1 FIN-WAIT-1"),
    "T70": (OPEN + "C F.\nS P. 5 ack=1\nC R seq=1", 5, "C", "FIN-WAIT-1 FIN-WAIT-1"),
    "T70 the answer": (OPEN + "C F.\nS P. 5 ack=1\nC R seq=1", 6, "C", "FIN-WAIT-1 CLOSED"),
    "T71": (BOTH, 5, "C", "FIN-WAIT-1 TIME-WAIT?"),
    "T72": (OPEN + "C F. lost\nS F.", 5, "C", "FIN-WAIT-1 CLOSING?"),
    "T73": (OPEN + "C F.\nS S isn=5000", 5, "C", "FIN-WAIT-1 FIN-WAIT-1"),
    "T74": (OPEN + "C F. lost\nS R.", 5, "C", "FIN-WAIT-1 CLOSED?"),
    "T75": (OPEN + "C F.\nC R.", 5, "C", "FIN-WAIT-1 CLOSED"),
    "T76": (ACTIVE + "S P. 5", 6, "C", "FIN-WAIT-2? FIN-WAIT-2?"),
    "T77": (ACTIVE + "S P. 5\nC R", 6, "C", "FIN-WAIT-2? FIN-WAIT-2?"),
    "T77 the answer": (ACTIVE + "S P. 5\nC R", 7, "C", "FIN-WAIT-2? CLOSED"),
    "T78": (ACTIVE + "S F.", 6, "C", "FIN-WAIT-2? TIME-WAIT?"),
    "T79": (ACTIVE + "S P. 5\nC .", 7, "C", "FIN-WAIT-2? FIN-WAIT-2?"),
    "T80": (ACTIVE + "S R.", 6, "C", "FIN-WAIT-2? CLOSED?"),
    "T81": (ACTIVE + "C R.", 6, "C", "FIN-WAIT-2? CLOSED"),
    "T83": (ACTIVE + "S P. 5", 6, "S", "CLOSE-WAIT CLOSE-WAIT"),
    "T84": (ACTIVE, 5, "S", "CLOSE-WAIT? CLOSE-WAIT"),
    "T85": (ACTIVE + "S F.", 6, "S", "CLOSE-WAIT LAST-ACK"),
    "T86": (ACTIVE + "S R.", 6, "S", "CLOSE-WAIT CLOSED"),
    "T87": (ACTIVE + "S P. 5\nC .", 7, "S", "CLOSE-WAIT CLOSE-WAIT"),
    "T88": (ACTIVE + "C F. seq=1 +0.3", 6, "S", "CLOSE-WAIT CLOSE-WAIT"),
    "T89": (ACTIVE + "C P. 5", 6, "S", "CLOSE-WAIT CLOSE-WAIT"),
    "T90": (ACTIVE + "C R.", 6, "S", "CLOSE-WAIT CLOSED?"),
    "T91": (ACTIVE + "C S isn=5000", 6, "S", "CLOSE-WAIT CLOSE-WAIT"),
    "T92": (CROSSED_FINS + "S . ack=2", 7, "C", "CLOSING TIME-WAIT?"),
    "T93": (CROSSED_FINS + "S . ack=1", 7, "C", "CLOSING CLOSING"),
    "T94": (CROSSED_FINS + "S F. seq=1 ack=1 +0.3", 7, "C", "CLOSING CLOSING"),
    "T95": (CROSSED_FINS, 6, "C", "CLOSING? CLOSING"),
    "T96": (CROSSED_FINS + "C F. seq=1 ack=2 +0.3", 7, "C", "CLOSING CLOSING"),
    "T97": (CROSSED_FINS + "S R.", 7, "C", "CLOSING CLOSED?"),
    "T98": (OVER, 6, "S", "LAST-ACK CLOSED?"),
    "T99": (BOTH + "C . ack=1", 6, "S", "LAST-ACK LAST-ACK"),
    "T100": (BOTH + "S F. seq=1 ack=2 +0.3", 6, "S", "LAST-ACK LAST-ACK"),
    "T101": (BOTH + "C F. seq=1 ack=1 +0.3", 6, "S", "LAST-ACK LAST-ACK"),
    "T102": (BOTH + "C R.", 6, "S", "LAST-ACK CLOSED?"),
    "T104": (OVER, 6, "C", "TIME-WAIT? TIME-WAIT"),
    "T105": (OVER + "S F. seq=1 ack=2 +0.3", 7, "C", "TIME-WAIT TIME-WAIT"),
    "T106": (OVER + "S . ack=2", 7, "C", "TIME-WAIT TIME-WAIT"),
    "T107": (SERVER_WAITS + "C S isn=3100000000 +1\nS S.", 7, "S", "TIME-WAIT? TIME-WAIT?"),
    "T107 the answer": (SERVER_WAITS + "C S isn=3100000000 +1\nS S. isn=1100000000", 8, "S", "TIME-WAIT? SYN-RECEIVED"),
    "T108": (SERVER_WAITS + "C S isn=2900000000 +1\nS . ack=100000002", 7, "S", "TIME-WAIT? TIME-WAIT?"),
    "T109": (SERVER_WAITS + "C R", 7, "S", "TIME-WAIT CLOSED?"),
    "T110": (OVER + "C S isn=3100000000 +1", 7, "C", "CLOSED~ SYN-SENT"),
    "T113": (OPEN + "C none", 4, "S", "ESTABLISHED? ESTABLISHED?"),
}  # fmt: skip

LATER = "13:00:00.000000 IP 192.0.2.9.1 > 192.0.2.8.2: Flags [S], seq 1, win 1, length 0"
# Rows without a segment: what is said of client and server in the end, when the log has gone on for long.
SILENT = {
    "T27": ("C S\nC S +1\nC S +2\nC S +4", "CLOSED~ UNKNOWN"),
    "T45": ("C S\nS S.\nS S. +1\nS S. +2", "UNKNOWN CLOSED~"),
    "T64": (OPEN + "S . ack=1 +2\nS . ack=1 +2\nS . ack=1 +2\nS R. +2", "CLOSED? CLOSED"),
    "T82": (ACTIVE + "S P. 5 +70\nC R", "CLOSED CLOSED?"),
    "T103": (BOTH + "S F. seq=1 ack=2 +1\nS F. seq=1 ack=2 +2", "UNKNOWN CLOSED~"),
    "T111": (OVER, "CLOSED~ CLOSED?"),
    "T112": (OPEN + "C P. 5\nC R.", "CLOSED CLOSED?"),
}


@pytest.mark.parametrize("name", SCENES)
def test_every_row_is_reached(name: str) -> None:
    """The event of the record fits the row, and the endpoint is in the states shown before and after it."""
    text, number, end, states = SCENES[name]
    traced = trace(log(text))[0][number - 1]
    address = CLIENT if end == "C" else SERVER
    step = traced.step
    side = step.client if str(step.flow.client) == address else step.server
    assert f"{state_text(side.before)} {state_text(side.after)}" == states
    if "answer" in name:
        return
    event = traced.sent if str(step.segment.src) == address else traced.received
    wanted = [row for row in TABLE if f"T{row.number}" == name.split(maxsplit=1)[0]]
    fitting = [row for row in wanted for state in row.states if row in rows(state, event)]
    assert fitting, event
    if not any(row.hidden for row in fitting) and side.before.state in fitting[0].states:
        assert side.after.state == (fitting[0].new or side.before.state)


@pytest.mark.parametrize("name", SILENT)
def test_rows_without_a_segment(name: str) -> None:
    """A timer or a call is stated when the log goes on without the endpoint, or by the RST it sends."""
    text, states = SILENT[name]
    summary = trace([*log(text), LATER])[1][0]
    assert f"{state_text(summary.client_state)} {state_text(summary.server_state)}" == states
    assert any(f"T{row.number}" == name and row.way is OWN for row in TABLE)


def test_an_icmp_message_with_its_packet_is_one_message() -> None:
    """With -v the quoted header names the connection; what was said before it is what is said (T28)."""
    log = """
        00:00:00.000000 IP 192.0.2.1.5 > 192.0.2.2.80: Flags [S], seq 7, win 777, length 0
        00:00:00.100000 IP 192.0.2.1.6 > 192.0.2.2.80: Flags [S], seq 8, win 777, length 0
        00:00:01.000000 IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto ICMP (1), length 68)
            192.0.2.9 > 192.0.2.1: ICMP 192.0.2.2 tcp port 80 unreachable, length 48
    """
    quoted = (
        "\tIP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 40)",
        "    192.0.2.1.5 > 192.0.2.2.80: Flags [S], seq 7, win 777, length 0",
    )
    lines = dedent(log).strip().splitlines()
    found = [item for item in explain([*lines, *quoted]) if isinstance(item, Summary)]
    said = [{"line": 3, "text": "ICMP 192.0.2.2 tcp port 80 unreachable, length 48", "reporter": "192.0.2.9"}]
    assert [summary.attributes.get("icmp") for summary in found] == [said, None]
    assert "ICMP in line 3 quotes this connection" in " ".join(notes(found[0], "en"))
    without = [item for item in explain(lines) if isinstance(item, Summary)]
    assert [summary.attributes.get("icmp") for summary in without] == [None, said]  # the latest, as far as one can tell


def test_an_icmp_line_changes_no_state() -> None:
    """T28: an ICMP error about the SYN is a soft error."""
    lines = log("C S\nC S +1")
    error = "12:00:00.500000 IP 192.0.2.7 > 192.0.2.1: ICMP host 192.0.2.2 unreachable, length 68"
    steps, _ = trace([lines[0], error, lines[1]])
    assert [state_text(traced.step.client.after) for traced in steps] == ["SYN-SENT", "SYN-SENT"]


def test_a_bad_checksum_is_its_own_event() -> None:
    """T114: a segment with a bad checksum fits the row that says it is dropped."""
    lines = log(OPEN + "C F.")
    lines[3] = lines[3].replace("Flags [F.]", "Flags [F.], cksum 0x1234 (incorrect -> 0x4321)")
    traced = trace(lines)[0][3]
    assert [row.number for row in rows(State.ESTABLISHED, traced.received)] == [114]


def test_every_row_has_a_scene() -> None:
    """No row is without a conversation that shows it."""
    shown = {int(name.split()[0][1:]) for name in (*SCENES, *SILENT)} | {28, 114}
    assert shown == {row.number for row in TABLE}


# ------------------------------------------------------------------ every change of ours is a row

# Which states an endpoint can be taken to by what is on its way to it.
TAKEN: Final = {(state, row.new) for row in TABLE if row.way is RCV and row.new is not None for state in row.states}


def _reach(start: State, pairs: set[tuple[State, State]]) -> set[State]:
    """Every state that follows from a state by some of these steps, itself included."""
    found = {start}
    while more := {new for old, new in pairs if old in found} - found:
        found |= more
    return found


def account(side: Side, event: Event) -> str | None:
    """
    Say how the table accounts for a change of one endpoint.

    "row": a row of the event leads from the state before to the state after. "pending": first something captured
    earlier has arrived (R12, R13). "withdrawn": the state before was only presumed, and what it was presumed from
    has not arrived, or the RST was not taken (R17, R20 b, R21). "deduced": it had opened before the first record
    (R16, R26). "overtaken": it was sent before what has been captured already. None: not at all.
    """
    before, after = side.before.state, side.after.state
    back = _reach(before, {(new, old) for old, new in TAKEN})
    starts = {"row": {before}, "pending": _reach(before, TAKEN)}
    if event.way is SND and side.before.certainty in (Certainty.PRESUMED, Certainty.ASSUMED):
        starts["withdrawn"] = back
        starts["withdrawn, pending"] = {state for start in back for state in _reach(start, TAKEN)}
    if before in GONE and side.before.certainty is Certainty.ASSUMED:
        starts["deduced"] = _reach(State.SYN_SENT, TAKEN) | _reach(State.LISTEN, TAKEN)
    for how, states in starts.items():
        if any(same(after, new) for state in states for new in _news(state, event)):
            return how
    if event.way is SND:
        later = {end for state in back for new in _news(state, event) for end in _reach(new, TAKEN)}
        return "overtaken" if after in later else None
    return None


def _news(state: State, event: Event) -> set[State]:
    """Where an event leads from a state; one that fits no row changes nothing (R53)."""
    return {row.new or state for row in rows(state, event)} or {state}


def same(one: State, other: State) -> bool:
    """Equal, LISTEN and CLOSED being one."""
    return one == other or {one, other} <= GONE


def accounted(lines: Iterable[str]) -> tuple[Counter[str], list[str]]:
    """How the table accounts for each change in a log, and the changes it does not."""
    how: Counter[str] = Counter()
    found = []
    for traced in trace(lines)[0]:
        step = traced.step
        for role, side in (("client", step.client), ("server", step.server)):
            if side.before.state == side.after.state:
                continue
            event = traced.sent if role == step.sender else traced.received
            # What belongs to another connection does nothing; it only shows what was sent before it (R12).
            reason = account(side, event._replace(way=OWN) if step.step in WITHOUT_EFFECT else event)
            how[reason or "none"] += 1
            if reason is None:
                found.append(
                    f"{step.segment.text}\n    {role} {state_text(side.before)} -> {state_text(side.after)} {event}"
                )
    return how, found


@pytest.mark.skipif(not DOCUMENT.exists(), reason=f"the rules are not here: {DOCUMENT}")
def test_changes_in_the_worked_examples() -> None:
    """Every change of state in part 8 of the rules is a row; what was presumed and withdrawn is the exception."""
    sections: dict[str, list[str]] = {}
    for block in blocks():
        sections.setdefault(block.section, []).extend(block.log)
    how: Counter[str] = Counter()
    for lines in sections.values():
        counted, missing = accounted(lines)
        assert not missing, "\n".join(missing)
        how += counted
    assert how["row"] > 0.9 * how.total(), how


@pytest.mark.skipif(not kernel.exists(), reason=f"the kernel corpus is not here: {kernel}")
def test_changes_in_the_kernel_corpus() -> None:
    """The same for real conversations, at both capture points."""
    how: Counter[str] = Counter()
    for path in sorted(kernel.glob("*/*.txt")):
        counted, missing = accounted(path.read_text("utf-8").splitlines())
        assert not missing, "\n".join([str(path), *missing])
        how += counted
    assert how["row"] > 0.9 * how.total(), how


@settings(max_examples=EXAMPLES, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(scenes())
def test_changes_in_simulations(scene: Scene) -> None:
    """The same for two endpoints behind a path that loses, repeats and reorders."""
    missing = accounted(watched(scene)[2])[1]
    assert not missing, "\n".join(missing)


# ------------------------------------------------------------------ the diagram


def test_the_diagram_is_the_table() -> None:
    """The diagram names every state, has every arrow of the figure, and every row that changes a state once."""
    text = diagram()
    lines = text.splitlines()
    assert lines[0] == "stateDiagram-v2"
    arrows = {tuple(line.strip().partition(":")[0].split(" --> ")) for line in lines[1:]}
    assert set(FIGURE_5) | {(str(old), str(new)) for old, new, _ in CALLS} <= arrows
    assert {state for arrow in arrows for state in arrow} - {"[*]"} == {
        str(state) for state in State if state is not State.UNKNOWN
    }
    changing = [row for row in TABLE if row.new is not None and len(row.states) == 1]
    for row in changing:
        assert len(re.findall(rf"\bT{row.number}\b", text)) == sum(other.number == row.number for other in changing)
    assert len(lines) == len(set(lines))
