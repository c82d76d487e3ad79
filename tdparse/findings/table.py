"""
What the anomaly rules share: how a finding is made, which one supersedes which, and every threshold.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from tdparse.catalog import fact
from tdparse.model import Confidence, Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

MICROSECOND: Final = 10**3
MILLISECOND: Final = 10**6
SECOND: Final = 10**9

# ------------------------------------------------------------------ thresholds, with the rule that sets each

FAST_RETRANSMIT_WITHIN: Final = 20 * MILLISECOND  # fast_retransmission
FAST_RETRANSMIT_DUPLICATES: Final = 2  # fast_retransmission: one of RFC 5681's three may be missing
REORDER_WITHIN: Final = 3 * MILLISECOND  # out_of_order, when iRTT is unknown
SLOW_TICKS: Final = 20 * MILLISECOND  # out_of_order: two ticks of the slowest timestamp clock in use (R144)
TAIL_PROBE_BELOW: Final = 150 * MILLISECOND  # tail_loss_probe: "well below 200 ms"
TAIL_PROBE_RTT: Final = (1.5, 3.0)  # tail_loss_probe: multiples of the RTT
BACKOFF_TOLERANCE: Final = 0.25  # R114
STORM: Final = 3  # rst_storm
MAX_WSCALE: Final = 14  # wscale_too_large; RFC 7323 section 2.3
TIME_WAIT: Final = 60 * SECOND  # time_wait_len (R83)
COMPUTES_CHECKSUMS: Final = 2  # bad_checksum: so many more correct than incorrect ones; one is right by chance
INJECTED_SIGNS: Final = 2  # rst_injected_suspect: how many of (a) to (e)
INJECTED_BURST: Final = 10 * MILLISECOND  # rst_injected_suspect (b)
INJECTED_IP_ID: Final = 1000  # rst_injected_suspect (d): a counter does not leap further between two segments
INJECTED_DISTANCE: Final = 0.5  # rst_injected_suspect (e): share of the measured distance
MIXED_WITHIN: Final = SECOND  # lines of several queues; the clock of what lies further back was set (R7, R39)
BACKWARDS_FROM: Final = 100 * MICROSECOND  # time_backwards: several queues mix their records by less (R7)

# ------------------------------------------------------------------ which step is itself an anomaly

OF_STEP: Final[Mapping[str, str]] = {
    "handshake.syn.retransmit": "syn_retransmission",
    "handshake.syn_ack.retransmit": "syn_ack_retransmission",
    "teardown.fin.retransmit": "fin_retransmission",
    "teardown.fin.simultaneous": "simultaneous_close",
    "handshake.syn.unexpected": "syn_in_connection",
    "ack.challenge": "challenge_ack",
    "ack.duplicate": "duplicate_ack",
    "handshake.syn_ack.bad_ack": "bad_syn_ack",
    "stepless.bad_ack": "ack_of_unsent",
    "stepless.old_duplicate": "old_duplicate",
    "stepless.capture_duplicate": "capture_duplicate",
    "stepless.truncated": "truncated_record",
    "stepless.invalid_flags": "illegal_flags",
    "probe.keep_alive": "keep_alive",
    "probe.keep_alive_ack": "keep_alive_ack",
    "probe.zero_window": "window_probe",
    "probe.zero_window_ack": "window_probe_ack",
    "reset.in_time_wait": "time_wait_assassination",
}

# ------------------------------------------------------------------ which finding supersedes which

_AGAIN: Final = frozenset({
    "retransmission", "fast_retransmission", "spurious_retransmission", "out_of_order", "tail_loss_probe",
})  # fmt: skip
_DATA: Final = _AGAIN | {"lost_segment", "window_full"}

# Of what one record shows, the first column silences the second: R104, R105, R107, R108, R111, and the entries.
SUPERSEDES: Final[Mapping[str, frozenset[str]]] = {
    "spurious_retransmission": _AGAIN - {"spurious_retransmission"},
    "fast_retransmission": frozenset({"out_of_order", "tail_loss_probe", "retransmission"}),
    "out_of_order": frozenset({"retransmission"}),
    "tail_loss_probe": frozenset({"retransmission"}),
    "old_duplicate": _AGAIN,
    "fin_retransmission": frozenset({"retransmission"}),
    "window_probe": _DATA | {"keep_alive", "duplicate_ack"},
    "window_probe_ack": frozenset({"zero_window", "duplicate_ack"}),
    "keep_alive": (_DATA | {"duplicate_ack"}) - {"lost_segment"},
    "keep_alive_ack": frozenset({"duplicate_ack"}),
    "window_update": frozenset({"duplicate_ack"}),
    "zero_window": frozenset({"duplicate_ack"}),
    "challenge_ack": frozenset({"keep_alive", "keep_alive_ack", "window_update", "duplicate_ack"}),
    "ack_of_unsent": frozenset({"acked_unseen"}),
    "split_handshake": frozenset({"simultaneous_open"}),
    "time_wait_reuse": frozenset({"port_reuse"}),
}


def make(code: str, *lines: int, confidence: Confidence = Confidence.CERTAIN, **values: object) -> Finding:
    """
    Return a finding.

    Args:
        code: Anomaly id of the vocabulary.
        lines: First lines of the records that are its evidence, the present one last.
        confidence: How sure it is.
        values: What its sentence needs; those that are None are left out.
    """
    kept = {name: value for name, value in values.items() if value is not None}
    return Finding(code, _severity(code), confidence, lines, kept)


def severity_of(code: str, mild: Container[str] = ()) -> Severity:
    """Return how much a finding matters where those in `mild` were no more than chat."""
    return Severity.CHAT if code in mild else _severity(code)


@cache
def _severity(code: str) -> Severity:
    return Severity(fact("finding", code, "severity"))


def standing_ones(found: list[Finding]) -> list[Finding]:
    """Return the findings of one record that no other of them supersedes."""
    if len(found) < 2:  # noqa: PLR2004
        return found
    silenced: set[str] = set()
    for finding in found:
        silenced |= SUPERSEDES.get(finding.code, frozenset())
    return [finding for finding in found if finding.code not in silenced] if silenced else found
