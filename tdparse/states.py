"""
The state of an endpoint as a function of what is known about it (R23-R27).

These two tables are the whole state machine of the observer: because a state is looked up from
the evidence and never stepped along, taking a piece of evidence back needs no extra rule.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final, Protocol

from tdparse.model import (
    CLOSE_WAIT,
    CLOSED,
    CLOSING,
    ESTABLISHED,
    FIN_WAIT_1,
    FIN_WAIT_2,
    LAST_ACK,
    LISTEN,
    SYN_RECEIVED,
    SYN_SENT,
    TIME_WAIT,
    Certainty,
    Standing,
    State,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


class Known(IntEnum):
    """How well a piece of evidence is known, weakest first (R10); NO means: it is not the case."""

    NO = 0
    ASSUMED = 1
    PRESUMED = 2
    DEDUCED = 3
    OBSERVED = 4


# By name, as with the states (`tdparse.model`).
NO: Final = Known.NO
ASSUMED: Final = Known.ASSUMED
PRESUMED: Final = Known.PRESUMED
DEDUCED: Final = Known.DEDUCED
OBSERVED: Final = Known.OBSERVED


CERTAINTY: Final[Mapping[Known, Certainty]] = {
    NO: Certainty.UNKNOWN,
    ASSUMED: Certainty.ASSUMED,
    PRESUMED: Certainty.PRESUMED,
    DEDUCED: Certainty.DEDUCED,
    OBSERVED: Certainty.OBSERVED,
}


class Evidence(Protocol):
    """The variables of R11 that decide a state."""

    is_client: bool
    sent_syn: Known
    got_syn: Known
    syn_acked: Known
    sent_fin: Known
    got_fin: Known
    fin_acked: Known
    passive: bool
    dead: Known
    dead_state: State
    inherited: State | None
    midstream: bool
    spoke: bool
    unreadable: bool


# fmt: off
SYNCHRONIZED: Final[Mapping[tuple[bool, bool, bool, bool], tuple[State, tuple[str, ...]]]] = {
    # R24. A state is as certain as the weakest of the evidence named behind it.
    # sent_fin got_fin fin_acked passive   state        certainty of
    (False,   False,  False,    False):   (ESTABLISHED, ("got_syn", "syn_acked")),
    (False,   True,   False,    False):   (CLOSE_WAIT,  ("got_fin",)),
    (True,    False,  False,    False):   (FIN_WAIT_1,  ("sent_fin",)),
    (True,    False,  True,     False):   (FIN_WAIT_2,  ("fin_acked",)),
    (True,    True,   False,    False):   (CLOSING,     ("got_fin",)),
    (True,    True,   True,     False):   (TIME_WAIT,   ("got_fin", "fin_acked")),
    (True,    True,   False,    True):    (LAST_ACK,    ("sent_fin",)),
    (True,    True,   True,     True):    (CLOSED,      ("fin_acked",)),
}

AMBIGUOUS: Final[Mapping[State, State]] = {
    # R27: while the peer may have sent its FIN before the capture began, the FIN seen first may
    # be the second one.
    FIN_WAIT_1: LAST_ACK,
    FIN_WAIT_2: CLOSED,
    CLOSE_WAIT: TIME_WAIT,
}
# fmt: on

OPENING: Final = frozenset({CLOSED, LISTEN, SYN_SENT, SYN_RECEIVED})
OVER: Final = frozenset({CLOSED, LISTEN, TIME_WAIT})

_STANDINGS: Final = {
    (state, known): Standing(state, certainty) for state in State for known, certainty in CERTAINTY.items()
}


def standing(evidence: Evidence) -> Standing:
    """Return the state that the evidence about one endpoint amounts to (R23-R26)."""
    if evidence.unreadable:
        return _STANDINGS[State.UNKNOWN, NO]
    if evidence.dead:  # R25
        return _STANDINGS[evidence.dead_state, evidence.dead]
    if evidence.inherited is not None:  # R44: what a tentative SYN meets
        return _STANDINGS[evidence.inherited, PRESUMED]
    if not evidence.got_syn:
        if evidence.sent_syn:
            return _STANDINGS[SYN_SENT, evidence.sent_syn]
        return _STANDINGS[CLOSED if evidence.is_client else LISTEN, ASSUMED]
    if not evidence.syn_acked and not evidence.sent_fin:
        return _STANDINGS[SYN_RECEIVED, evidence.got_syn]
    key = (bool(evidence.sent_fin), bool(evidence.got_fin), bool(evidence.fin_acked), evidence.passive)
    state, reasons = SYNCHRONIZED[key]
    if state is ESTABLISHED and evidence.midstream and not evidence.spoke:
        return _STANDINGS[state, ASSUMED]  # R26
    weakest = OBSERVED
    for reason in reasons:
        weakest = min(weakest, getattr(evidence, reason))
    return _STANDINGS[state, weakest]


def ambiguous(plain: Standing) -> Standing:
    """Add the other reading of R27, where the state has one."""
    other = AMBIGUOUS.get(plain.state)
    return plain if other is None else Standing(plain.state, plain.certainty, (other,))
