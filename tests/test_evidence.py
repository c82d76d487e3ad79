"""
What the log proves about both ends, what it lets one presume, and what is taken back (R6 to R27).

Each line of a scenario is a packet in shorthand, then its step and both states afterwards, as the text
form writes them: plain observed, * deduced, ? presumed, ~ assumed, A|B two readings (R5).
"""

from __future__ import annotations

from itertools import pairwise

import pytest
from scenario import packets, printed

from tdparse.model import Certainty, State, Step
from tdparse.pipeline import explain
from tdparse.wording import state_text

OPENING = """
C S       | handshake.syn      SYN_SENT      SYN_RECEIVED?
S S.      | handshake.syn_ack  ESTABLISHED?  SYN_RECEIVED
C .       | handshake.ack      ESTABLISHED   ESTABLISHED?
"""

SCENARIOS = {
    "R13, R14, R15: opening and four-segment close": OPENING
    + """
S P. 21   | data.push             ESTABLISHED   ESTABLISHED
C F.      | teardown.fin.active   FIN_WAIT_1    CLOSE_WAIT?
S .       | teardown.ack_of_fin   FIN_WAIT_2?   CLOSE_WAIT
S F.      | teardown.fin.passive  TIME_WAIT?    LAST_ACK
C .       | teardown.last_ack     TIME_WAIT     CLOSED?
""",
    "R13 f: three-segment close, the server first": OPENING
    + """
S F.      | teardown.fin.active   CLOSE_WAIT?   FIN_WAIT_1
C F.      | teardown.fin_ack      LAST_ACK      TIME_WAIT?
S .       | teardown.last_ack     CLOSED?       TIME_WAIT
""",
    "R60: simultaneous close": OPENING
    + """
C F.         | teardown.fin.active               FIN_WAIT_1  CLOSE_WAIT?
S F. ack=1   | teardown.fin.simultaneous         CLOSING?    FIN_WAIT_1
C .          | teardown.ack_of_fin.simultaneous  CLOSING     TIME_WAIT?
S .          | teardown.ack_of_fin.simultaneous  TIME_WAIT?  TIME_WAIT?
""",
    "R61: simultaneous open": """
C S       | handshake.syn                   SYN_SENT       SYN_RECEIVED?
S S       | handshake.syn.simultaneous      SYN_RECEIVED?  SYN_SENT
C S.      | handshake.syn_ack.simultaneous  SYN_RECEIVED   ESTABLISHED?
S S.      | handshake.syn_ack.simultaneous  ESTABLISHED?   SYN_RECEIVED
C .       | handshake.ack                   ESTABLISHED    ESTABLISHED?
""",
    "R17 b, R18: the third step was lost": """
C S       | handshake.syn                 SYN_SENT      SYN_RECEIVED?
S S.      | handshake.syn_ack             ESTABLISHED?  SYN_RECEIVED
C . lost  | handshake.ack                 ESTABLISHED   ESTABLISHED?
S S. +1   | handshake.syn_ack.retransmit  ESTABLISHED   SYN_RECEIVED
C .       | handshake.ack.repeat          ESTABLISHED   ESTABLISHED?
""",
    "R17 c: the ACK of a FIN was lost": OPENING
    + """
S P. 5      | data.push                ESTABLISHED  ESTABLISHED
C F.        | teardown.fin.active      FIN_WAIT_1   CLOSE_WAIT?
S . lost    | teardown.ack_of_fin      FIN_WAIT_2?  CLOSE_WAIT
C F. seq=1  | teardown.fin.retransmit  FIN_WAIT_1   CLOSE_WAIT
S .         | teardown.ack.repeat      FIN_WAIT_2?  CLOSE_WAIT
""",
    "R17 d: a segment that does not cover the FIN": OPENING
    + """
C P. 5     | data.push            ESTABLISHED  ESTABLISHED?
C F.       | teardown.fin.active  FIN_WAIT_1   CLOSE_WAIT?
S . ack=6  | data.ack             FIN_WAIT_1   ESTABLISHED
S .        | teardown.ack_of_fin  FIN_WAIT_2?  CLOSE_WAIT
""",
    "R12, R18: a FIN that was retracted arrives with the next segment of its sender": OPENING
    + """
C P. 5     | data.push            ESTABLISHED  ESTABLISHED?
C F.       | teardown.fin.active  FIN_WAIT_1   CLOSE_WAIT?
S . ack=6  | data.ack             FIN_WAIT_1   ESTABLISHED
C .        | stepless.ack         FIN_WAIT_1   CLOSE_WAIT?
""",
    "R14: a FIN beyond a gap is not presumed to have been processed": OPENING
    + """
S P. 5            | data.push            ESTABLISHED  ESTABLISHED
C P. 10 unseen    |
C F. seq=21       | teardown.fin.active  FIN_WAIT_1   ESTABLISHED
""",
    "R14: SYN-SENT hears nothing but SYN and RST": """
C S              | handshake.syn  SYN_SENT  SYN_RECEIVED?
S . seq=1 ack=1  | stepless.ack   SYN_SENT  SYN_RECEIVED?
""",
    "R16, R23: the SYN-ACK was not captured": """
C S          | handshake.syn  SYN_SENT     SYN_RECEIVED?
S S. unseen  |
C .          | handshake.ack  ESTABLISHED  ESTABLISHED?
S P. 4       | data.push      ESTABLISHED  ESTABLISHED
""",
    "the SYN was not captured": """
C S unseen   |
S S.         | handshake.syn_ack  ESTABLISHED?  SYN_RECEIVED
C .          | handshake.ack      ESTABLISHED   ESTABLISHED?
""",
    "R20 b: refused": """
C S    | handshake.syn      SYN_SENT  SYN_RECEIVED?
S R.   | handshake.refused  CLOSED?   CLOSED
""",
    "R20 c, R25: abort": OPENING
    + """
C P. 7  | data.push    ESTABLISHED  ESTABLISHED?
S R.    | reset.abort  CLOSED?      CLOSED
""",
    "R20, T38: an RST in SYN-RECEIVED takes the server back to LISTEN": """
C S    | handshake.syn      SYN_SENT      SYN_RECEIVED?
S S.   | handshake.syn_ack  ESTABLISHED?  SYN_RECEIVED
C R    | handshake.abort    CLOSED        LISTEN?
""",
    "R21: an RST that was ignored": OPENING
    + """
C P. 7    | data.push    ESTABLISHED  ESTABLISHED?
S R.      | reset.abort  CLOSED?      CLOSED
C P. 100  | data.push    ESTABLISHED  CLOSED
""",
    "R49, R51: an RST outside the window changes nothing": OPENING
    + """
S P. 3         | data.push      ESTABLISHED  ESTABLISHED
S R seq=90000  | reset.ignored  ESTABLISHED  ESTABLISHED
C P. 4         | data.push      ESTABLISHED  ESTABLISHED
""",
    "R42: half-close": OPENING
    + """
C F.      | teardown.fin.active   FIN_WAIT_1   CLOSE_WAIT?
S .       | teardown.ack_of_fin   FIN_WAIT_2?  CLOSE_WAIT
S P. 50   | data.half_close       FIN_WAIT_2?  CLOSE_WAIT
C .       | data.ack              FIN_WAIT_2?  CLOSE_WAIT
S F.      | teardown.fin.passive  TIME_WAIT?   LAST_ACK
C .       | teardown.last_ack     TIME_WAIT    CLOSED?
""",
    "T32: the third step carries a FIN": """
C S    | handshake.syn        SYN_SENT      SYN_RECEIVED?
S S.   | handshake.syn_ack    ESTABLISHED?  SYN_RECEIVED
C F.   | teardown.fin.active  FIN_WAIT_1    CLOSE_WAIT?
S .    | teardown.ack_of_fin  FIN_WAIT_2?   CLOSE_WAIT
""",
    "R13 d: Fast Open lets the server speak in SYN-RECEIVED": """
C S 30 <tfo  cookie 29bc5d0a1c3f8e77>  | handshake.syn.tfo_data        SYN_SENT      SYN_RECEIVED?
S S. ack=31   | handshake.syn_ack.tfo_accept  ESTABLISHED?  SYN_RECEIVED
S P. 40       | data.early                    ESTABLISHED?  SYN_RECEIVED
C .           | handshake.ack                 ESTABLISHED   ESTABLISHED?
""",
}

OPEN = {
    "R26: open already": """
C P. 10  | data.push  ESTABLISHED  ESTABLISHED~
S P. 20  | data.push  ESTABLISHED  ESTABLISHED
""",
    "R26, R27: the first FIN seen may be the second": """
C .      | stepless.ack             ESTABLISHED              ESTABLISHED~
S F.     | teardown.fin.first_seen  CLOSE_WAIT?|TIME_WAIT    FIN_WAIT_1|LAST_ACK
C .      | teardown.ack_of_fin      CLOSE_WAIT|TIME_WAIT     FIN_WAIT_2?|CLOSED
""",
    "R26: payload proves that no FIN went before": """
C P. 10  | data.push            ESTABLISHED  ESTABLISHED~
S F.     | teardown.fin.active  CLOSE_WAIT?  FIN_WAIT_1
""",
    "R27: the reading is settled by the other FIN": """
C .      | stepless.ack             ESTABLISHED            ESTABLISHED~
S F.     | teardown.fin.first_seen  CLOSE_WAIT?|TIME_WAIT  FIN_WAIT_1|LAST_ACK
C F.     | teardown.fin_ack         LAST_ACK               TIME_WAIT?
S .      | teardown.last_ack        CLOSED?                TIME_WAIT
""",
    "R51: nothing known, an RST is taken": """
C R      | reset.abort  CLOSED  CLOSED?
""",
}


def rows(text: str) -> tuple[str, list[str]]:
    """Return the shorthand of a scenario, and what is expected of each captured packet."""
    shorthand, expected = [], []
    for line in text.strip().splitlines():
        packet, _, columns = line.partition("|")
        if packet.strip():
            shorthand.append(packet)
            if columns.strip():
                expected.append(" ".join(columns.split()))
    return "\n".join(shorthand), expected


def outcome(text: str, *, established: bool = False) -> list[str]:
    """Return the step and both states after each packet."""
    lines = printed(packets(text, established=established))
    return [
        f"{item.step} {state_text(item.client.after)} {state_text(item.server.after)}".replace("-", "_")
        for item in explain(lines)
        if isinstance(item, Step)
    ]


@pytest.mark.parametrize("text", SCENARIOS.values(), ids=SCENARIOS)
def test_from_the_opening(text: str) -> None:
    """Steps and states are those the rules name."""
    shorthand, expected = rows(text)
    assert outcome(shorthand) == expected


@pytest.mark.parametrize("text", OPEN.values(), ids=OPEN)
def test_from_the_middle(text: str) -> None:
    """A log that begins inside a connection says what can be known of it."""
    shorthand, expected = rows(text)
    assert outcome(shorthand, established=True) == expected


def test_before_and_after_chain() -> None:
    """What was after one record is before the next one, unless that one opens another incarnation (R22)."""
    for text in SCENARIOS.values():
        steps = [item for item in explain(printed(packets(rows(text)[0]))) if isinstance(item, Step)]
        for one, other in pairwise(steps):
            if one.flow == other.flow:
                assert (one.client.after, one.server.after) == (other.client.before, other.server.before)


def test_a_presumption_is_never_rewritten() -> None:
    """`before` and `after` never use later records: any beginning of a log gives the same records (R22)."""
    for text in SCENARIOS.values():
        lines = printed(packets(rows(text)[0]))
        whole = [item for item in explain(lines) if isinstance(item, Step)]
        for count in range(len(lines)):
            assert [item for item in explain(lines[:count]) if isinstance(item, Step)] == whole[:count]


def test_where_the_text_shows_no_flags_no_state_is_claimed() -> None:
    """-q prints neither flags nor numbers."""
    steps = list(explain(["12:00:00.000000 IP 192.0.2.1.5 > 192.0.2.2.80: tcp 100"]))
    assert isinstance(steps[0], Step)
    for side in (steps[0].client, steps[0].server):
        assert (side.after.state, side.after.certainty) == (State.UNKNOWN, Certainty.UNKNOWN)
