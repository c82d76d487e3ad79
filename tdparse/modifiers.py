"""
Which modifiers a record carries, in the order of R102's table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdparse.ecn import ecn_modifiers
from tdparse.flags import INVALID
from tdparse.states import OBSERVED
from tdparse.steps import SYN_STEPS

if TYPE_CHECKING:
    from tdparse.evidence import Record
    from tdparse.incarnation import Incarnation

# Steps whose own sentence already says what the modifier would add.
STATES_ITS_ACK: Final = frozenset({"teardown.fin_ack", "handshake.ack_data", "stepless.bad_ack"})
STATES_NOT_COVERED: Final = frozenset({"teardown.fin.simultaneous", "teardown.fin.retransmit"})
STATES_ZERO: Final = frozenset({"ack.zero_window", "probe.zero_window", "probe.zero_window_ack"})


class Context:
    """What is known about a record only while it is applied."""

    __slots__ = (
        "ack_before",
        "completes",
        "crossing",
        "missing",
        "not_covered",
        "opened",
        "outlives",
        "rejected",
        "revived",
        "synack_missing",
        "unharmed",
        "win_before",
    )

    def __init__(self) -> None:
        """Start with nothing remarkable."""
        self.not_covered = False  # an ACK-bearing segment that does not cover the peer's FIN
        self.completes = False  # the client's third step
        self.synack_missing = False
        self.missing: tuple[int, int] | None = None  # where the gap that this record fills begins and ends
        self.ack_before: int | None = None
        self.win_before: int | None = None
        self.opened = False  # this record opened the incarnation
        self.revived = False  # the sender carried on after an RST that should have ended it (R21)
        self.crossing = False  # but that RST may not have arrived yet (R7)
        self.unharmed = False  # it has taken what its peer sent behind an RST, although both seemed to have reset (R21)
        self.outlives = False  # the sender goes on although an RST was its own, as it seemed
        self.rejected = False  # an old TIME-WAIT rejects the SYN of a new incarnation (R44)


def modifiers_of(conn: Incarnation, record: Record, step: str, context: Context) -> tuple[str, ...]:
    """Return the modifiers of `record` (R102), after its evidence was applied."""
    found: list[str] = []
    _closing(found, record, step, context)
    _opening(found, conn, record, step, context)
    _numbers(found, conn, record, step, context)
    if record.cls is not INVALID:
        found += ecn_modifiers(record)
    if kind := sack_kind(record):
        found.append(kind)
    if "mptcp" in (record.segment.options_text or ""):
        found.append("mptcp")
    return tuple(found)


def _closing(found: list[str], record: Record, step: str, context: Context) -> None:
    x, y, flags = record.x, record.y, record.flags
    tfo_syn = step == "handshake.syn.tfo_data" and record.segment.options.tfo is not None
    if record.length and (flags.fin or (flags.syn and not tfo_syn)):
        found.append("with_data")
    if context.not_covered and step not in STATES_NOT_COVERED:
        found.append("fin_not_covered")
    if step.startswith("teardown.") and (x.standing.alternatives or y.standing.alternatives):
        found.append("midstream")
    advances = context.ack_before is not None and record.ack is not None and record.ack > context.ack_before
    if (record.length or flags.fin) and not flags.syn and not flags.rst and advances and step not in STATES_ITS_ACK:
        found.append("piggyback_ack")


def _opening(found: list[str], conn: Incarnation, record: Record, step: str, context: Context) -> None:
    x, y = record.x, record.y
    if step == "handshake.ack_data" and x.syn_data and record.seq is not None and record.seq <= x.syn_data:
        found.append("tfo_fallback_data")
    if context.completes and record.flags.fin and y.syn_acked is not OBSERVED:
        found.append("completes_handshake")
    if step in SYN_STEPS and conn.reused:
        found.append("reuse")
    again = conn.tentative is not None and conn.tentative.is_repeated_by(record)
    if again or step == "handshake.syn.unexpected" or (step in SYN_STEPS and y.inherited is not None):
        found.append("tentative")
    # Some stacks answer a SYN that no TCP sends.
    if step == "handshake.syn_ack" and not (y.syn_count or (conn.first_class is INVALID and "S" in conn.first_flags)):
        found.append("syn_not_captured")
    if context.synack_missing:
        found.append("synack_not_captured")


def _numbers(found: list[str], conn: Incarnation, record: Record, step: str, context: Context) -> None:
    x, y, flags, segment = record.x, record.y, record.flags, record.segment
    plain = not (flags.syn or flags.fin or flags.rst or record.cls is INVALID)
    if record.window == 0 and plain and context.win_before != 0 and step not in STATES_ZERO:
        found.append("zero_win")
    if record.length and segment.seq is not None:
        start, end = conn.absolute(x, record.seq), conn.absolute(x, record.seq_end)
        if start is not None and end is not None and 0 < end < start:
            found.append("wrap")
    if y.mss is not None and record.length > y.mss:
        found.append("offload")
    if segment.seq is None and record.seq is not None:
        found.append("inferred_seq")
    if record.window is not None and not flags.syn:
        if x.shift is None:
            found.append("raw_win")
        elif x.shift:
            found.append("scaled")


def sack_kind(record: Record) -> str | None:
    """R77: "dsack" when the first block is at or below the ack or inside the second, else "sack"."""
    blocks = record.sack
    if not blocks or record.ack is None:
        return None
    left, right = blocks[0]
    inside_second = len(blocks) > 1 and blocks[1][0] <= left and right <= blocks[1][1]
    return "dsack" if right <= record.ack or inside_second else "sack"
