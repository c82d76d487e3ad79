"""States as a function of the evidence: the tables of R23 to R27."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from tdparse.evidence import Peer
from tdparse.model import Certainty, Endpoint, Standing, State
from tdparse.states import SYNCHRONIZED, Known, ambiguous, standing

if TYPE_CHECKING:
    from collections.abc import Mapping

NO, ASSUMED, PRESUMED, DEDUCED, OBSERVED = Known
S = State
CERTAINTY = {
    NO: Certainty.UNKNOWN,
    ASSUMED: Certainty.ASSUMED,
    PRESUMED: Certainty.PRESUMED,
    DEDUCED: Certainty.DEDUCED,
    OBSERVED: Certainty.OBSERVED,
}


def peer(evidence: Mapping[str, object], *, client: bool = True) -> Peer:
    """Return an endpoint about which this is known."""
    made = Peer(Endpoint("192.0.2.1", 5), is_client=client)
    for name, value in evidence.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    ("client", "sent_syn", "got_syn", "syn_acked", "state", "certainty"),
    [
        (True, NO, NO, NO, S.CLOSED, ASSUMED),
        (False, NO, NO, NO, S.LISTEN, ASSUMED),
        (True, OBSERVED, NO, NO, S.SYN_SENT, OBSERVED),
        (True, DEDUCED, NO, NO, S.SYN_SENT, DEDUCED),
        (False, NO, PRESUMED, NO, S.SYN_RECEIVED, PRESUMED),  # SYN captured, SYN-ACK not yet
        (False, OBSERVED, OBSERVED, NO, S.SYN_RECEIVED, OBSERVED),
        (True, OBSERVED, PRESUMED, NO, S.SYN_RECEIVED, PRESUMED),  # simultaneous open
        (True, OBSERVED, PRESUMED, PRESUMED, S.ESTABLISHED, PRESUMED),
        (True, OBSERVED, OBSERVED, OBSERVED, S.ESTABLISHED, OBSERVED),
        (False, OBSERVED, OBSERVED, PRESUMED, S.ESTABLISHED, PRESUMED),
        (False, DEDUCED, DEDUCED, OBSERVED, S.ESTABLISHED, DEDUCED),
    ],
)
def test_opening(
    client: bool,  # noqa: FBT001  a column of the table
    sent_syn: Known,
    got_syn: Known,
    syn_acked: Known,
    state: State,
    certainty: Known,
) -> None:
    """R23: not mid-stream, not dead; a state is as certain as the weaker of its reasons."""
    found = standing(peer({"sent_syn": sent_syn, "got_syn": got_syn, "syn_acked": syn_acked}, client=client))
    assert found == Standing(state, CERTAINTY[certainty])


# R24: sent_fin, got_fin, fin_acked, passive -> state, and the evidence it is as certain as.
R24 = {
    (False, False, False, False): (S.ESTABLISHED, {"got_syn", "syn_acked"}),
    (False, True, False, False): (S.CLOSE_WAIT, {"got_fin"}),
    (True, False, False, False): (S.FIN_WAIT_1, {"sent_fin"}),
    (True, False, True, False): (S.FIN_WAIT_2, {"fin_acked"}),
    (True, True, False, False): (S.CLOSING, {"got_fin"}),
    (True, True, True, False): (S.TIME_WAIT, {"got_fin", "fin_acked"}),
    (True, True, False, True): (S.LAST_ACK, {"sent_fin"}),
    (True, True, True, True): (S.CLOSED, {"fin_acked"}),
}


@pytest.mark.parametrize("key", R24, ids=lambda key: "".join("01"[value] for value in key))
@pytest.mark.parametrize("weak", [ASSUMED, PRESUMED, DEDUCED, OBSERVED])
def test_synchronized(key: tuple[bool, bool, bool, bool], weak: Known) -> None:
    """R24: each combination has its state, as certain as the weakest of the evidence it rests on."""
    state, reasons = R24[key]
    assert set(SYNCHRONIZED) == set(R24)
    sent_fin, got_fin, fin_acked, passive = key
    for reason in ("sent_syn", "got_syn", "syn_acked", "sent_fin", "got_fin", "fin_acked"):
        known = {
            "sent_syn": OBSERVED,
            "got_syn": OBSERVED,
            "syn_acked": OBSERVED,
            "sent_fin": OBSERVED if sent_fin else NO,
            "got_fin": OBSERVED if got_fin else NO,
            "fin_acked": OBSERVED if fin_acked else NO,
        }
        if known[reason] is NO:
            continue
        known[reason] = weak
        found = standing(peer({**known, "passive": passive}))
        assert found == Standing(state, CERTAINTY[weak if reason in reasons else OBSERVED])


def test_a_fin_before_the_handshake_was_acknowledged() -> None:
    """R23: an endpoint that has sent its FIN is no longer in SYN-RECEIVED."""
    found = standing(peer({"sent_syn": OBSERVED, "got_syn": OBSERVED, "sent_fin": OBSERVED}))
    assert found == Standing(S.FIN_WAIT_1, Certainty.OBSERVED)


@pytest.mark.parametrize("known", [PRESUMED, DEDUCED, OBSERVED])
@pytest.mark.parametrize("state", [S.CLOSED, S.LISTEN])
def test_after_a_reset(known: Known, state: State) -> None:
    """R25: whatever the tables say."""
    for sent_fin, got_fin in itertools.product((NO, OBSERVED), repeat=2):
        found = standing(
            peer({"got_syn": OBSERVED, "sent_fin": sent_fin, "got_fin": got_fin, "dead": known, "dead_state": state})
        )
        assert found == Standing(state, CERTAINTY[known])


def test_mid_stream() -> None:
    """R26: ESTABLISHED is assumed until the endpoint has sent something."""
    evidence: dict[str, object] = {"midstream": True, "sent_syn": OBSERVED, "got_syn": OBSERVED, "syn_acked": OBSERVED}
    assert standing(peer(evidence)) == Standing(S.ESTABLISHED, Certainty.ASSUMED)
    assert standing(peer({**evidence, "spoke": True})) == Standing(S.ESTABLISHED, Certainty.OBSERVED)


@pytest.mark.parametrize(
    ("state", "other"),
    [(S.FIN_WAIT_1, S.LAST_ACK), (S.FIN_WAIT_2, S.CLOSED), (S.CLOSE_WAIT, S.TIME_WAIT), (S.ESTABLISHED, None)],
)
def test_other_reading(state: State, other: State | None) -> None:
    """R27: the FIN seen first may be the second one of the connection."""
    plain = Standing(state, Certainty.OBSERVED)
    assert ambiguous(plain) == plain._replace(alternatives=() if other is None else (other,))


def test_order_of_strength() -> None:
    """R10: observed > deduced > presumed > assumed > unknown."""
    assert NO < ASSUMED < PRESUMED < DEDUCED < OBSERVED
