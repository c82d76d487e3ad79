"""Our anomalies beside tshark's: where they agree, and every departure with both answers."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

import pytest
from against_tshark import DEPARTURES, ENOUGH, TEXTS, cases, compare, departure
from network import scene
from packets import Packet, flags_of, has
from scenario import Packet as Printed
from scenario import packets as played

pytestmark = pytest.mark.skipif(not has("tcpdump", "tshark"), reason="tcpdump and tshark are not both installed")

OPEN = "C S\nS S.\nC .\n"
STAMPED = "C S <TS val 100 ecr 0>\nS S. <TS val 500 ecr 100>\nC . <nop,nop,TS val 100 ecr 500>\n"
CLOSED = OPEN + "C F.\nS F.\nC .\n"


class Both(NamedTuple):
    """A conversation in the shorthand of `scenario`; what both say about its last packet."""

    talk: str
    theirs: str
    ours: str
    text: str = "absolute"


# In the order of DEPARTURES, where each has its reason.
APART: dict[str, Both] = {
    "captured_twice": Both(OPEN + "C P. 100\nC P. 100 seq=1 +0.0002", "retransmission", ""),
    "old_copy": Both(
        STAMPED
        + "C P. 9 <nop,nop,TS val 101 ecr 500>\nS . <nop,nop,TS val 501 ecr 101>\n"
        + "C P. 9 seq=1 +0.1 <nop,nop,TS val 101 ecr 500>",
        "spurious_retransmission",
        "",
    ),
    "after_the_end": Both(OPEN + "C P. 100\nS .\nS R. win=512\nC P. 100 seq=1 +0.3", "spurious_retransmission", ""),
    "other_incarnation": Both(
        "C S unseen\nS S.\nS P. 100\nC S isn=7 unseen\nS S. isn=900000000\nS P. 100", "retransmission", ""
    ),
    "number_of_a_reset": Both("C S\nS R seq=1000\nS S. seq=0", "out_of_order reused_ports", ""),
    "reuse_needs_an_answer": Both(CLOSED + "C S isn=77 +20", "reused_ports", ""),
    "syn_acks_that_cross": Both("C S\nS S\nC S.", "retransmission", ""),
    "sent_again_is_not_reordered": Both(
        OPEN + "C P. 100\nC P. 100\nC P. 100 seq=1 +0.0015", "out_of_order", "retransmission"
    ),
    "written_in_order": Both(
        STAMPED
        + "C P. 9 unseen\nC P. 9 <nop,nop,TS val 101 ecr 500>\nC P. 9 <nop,nop,TS val 101 ecr 500>\n"
        + "C P. 9 seq=1 <nop,nop,TS val 102 ecr 500>",
        "out_of_order",
        "retransmission",
    ),
    "nothing_outstanding": Both(OPEN + "C P. 100\nS .\nS .", "duplicate_ack", ""),
    "duplicates_of_nothing": Both(
        OPEN + "C P. 100\nS .\nS .\nS .\nC P. 100\nC P. 100 seq=101 +0.002", "fast_retransmission", "retransmission"
    ),
    "greatest_ack": Both(
        OPEN + "C P. 100\nC P. 100\nS . ack=201\nS . ack=101\nC P. 100 seq=101 +0.3",
        "retransmission",
        "spurious_retransmission",
    ),
    "window_probe_answer": Both(
        OPEN + "C P. 100\nS . win=0\nC . 1 +0.3\nS . ack=101 win=0",
        "zero_window zero_window_probe_ack",
        "zero_window_probe_ack",
    ),
    "linux_window_probe": Both(OPEN + "C P. 100\nS . win=0\nC . seq=100 +0.3", "keep_alive", "zero_window_probe"),
    "holes_are_remembered": Both(
        OPEN
        + "C P. 100\nC P. 100 lost unseen\nC P. 100\nC P. 100 unseen\nC P. 100\nS . ack=101\n"
        + "C P. 100 seq=101 +0.3\nS . ack=501",
        "",
        "ack_lost_segment",
    ),
    "first_window": Both(OPEN + "S .", "window_update", ""),
    "one_octet_again": Both(OPEN + "C P. 1\nC P. 1 seq=1 +0.3", "keep_alive", "retransmission"),
    "closed_window": Both(
        OPEN + "C P. 100\nS . win=0\nC P. 100 seq=1 +0.3",
        "spurious_retransmission window_full",
        "spurious_retransmission",
    ),
    "overtaken_syn_ack": Both("C S\nS . seq=1\nS S. seq=0", "retransmission", ""),
    "late_answer": Both(OPEN + "C P. 9\nS .\nC . seq=9 +5\nS . +3", "keep_alive_ack", "", "verbose"),
    "challenge": Both(OPEN + "C P. 100\nS .\nC P. 100 lost\nC R seq=150\nS . ack=101", "duplicate_ack", ""),
    "number_not_printed": Both(OPEN + "C P. 100 unseen\nC .", "lost_segment", ""),
    "ack_behind_the_fin": Both(OPEN + "C P. 9\nS .\nC F.\nC . seq=10", "keep_alive", "", "verbose"),
    "begun_at_a_keep_alive": Both("C S unseen\nS S. unseen\nC . seq=0\nS .\nC P. 9", "lost_segment", "", "verbose"),
    "answer_to_none": Both(OPEN + "C P. 9\nS .\nC F.\nC . seq=10\nS .\nS .", "keep_alive_ack", ""),
}


def _packet(printed: Printed) -> Packet:
    """Return a packet of `scenario` with its options taken apart."""
    source, target = (address.rpartition(".") for address in (printed.src, printed.dst))
    stamp = re.search(r"TS val (\d+) ecr (\d+)", printed.options)
    return Packet(
        printed.time * 1000,
        (source[0], int(source[2])),
        (target[0], int(target[2])),
        flags_of(printed.flags),
        printed.seq,
        printed.ack,
        printed.window,
        printed.length,
        ts=(int(stamp[1]), int(stamp[2])) if stamp else None,
        sack=printed.sack,
    )


@pytest.mark.parametrize("name", APART)
def test_a_departure(name: str) -> None:
    """Both answers are those written beside the conversation, and the difference bears the departure's name."""
    both = APART[name]
    case = cases([_packet(one) for one in played(both.talk)], both.text)[-1]
    assert case.theirs == set(both.theirs.split())
    assert case.ours == set(both.ours.split())
    assert {departure(case, label) for label in case.theirs ^ case.ours} == {name}


def test_every_departure_has_its_case() -> None:
    """A difference without a conversation that shows both answers is none."""
    assert list(APART) == list(DEPARTURES)
    assert all(found.rule and found.why for found in DEPARTURES.values())


@cache
def hundred(first: int) -> list[Packet]:
    """Return the packets of a hundred played captures."""
    return [packet for seed in range(first, first + 100) for packet in scene(seed).packets]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("first", [0, pytest.param(2000, marks=pytest.mark.thorough)])
def test_labels_agree(first: int, text: str) -> None:
    """Departures set aside, precision and recall of every label are at least 99 % on a hundred played captures."""
    scores, errors = compare(cases(hundred(first), text))
    assert {label: errors for label, score in scores.items() if min(score.precision, score.recall) < ENOUGH} == {}
