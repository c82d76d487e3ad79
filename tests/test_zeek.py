"""What Zeek and Wireshark would say of a connection: conn_state, history, completeness (R122 to R125)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenario import packets, printed

from tdparse.flags import flags_of
from tdparse.model import Summary
from tdparse.pipeline import explain
from tdparse.zeek import History

STATES = {"S0", "S1", "S2", "S3", "SF", "REJ", "RSTO", "RSTR", "RSTOS0", "RSTRH", "SH", "SHR", "OTH"}


def history(text: str) -> History:
    """Return the account of records: `C S` or `S P. 10`, the originator being C."""
    made = History()
    for words in map(str.split, text.strip().split("/")):
        flags = "" if words[1] == "none" else words[1]
        made.feed(flags_of(flags), int(words[2]) if len(words) > 2 else 0, from_client=words[0] == "C")
    return made


OPEN = "C S/S S./C ."

CASES = {
    # R123, in its order.
    "refused": ("C S/S R.", "REJ", "Sr"),
    "refused after two SYNs": ("C S/C S/S R.", "REJ", "Sr"),
    "both reset, no payload": (f"{OPEN}/C R./S R", "REJ", "ShARr"),
    "both reset, with payload": (f"{OPEN}/C P. 5/C R./S R", "RSTR", "ShADRr"),
    "responder resets": (f"{OPEN}/C P. 9/S R.", "RSTR", "ShADr"),
    "responder resets, originator never seen": ("S R.", "RSTRH", "r"),
    "originator half-seen, responder resets": ("C ./S R", "RSTRH", "Ar"),
    "originator resets": (f"{OPEN}/S P. 9/C R.", "RSTO", "ShAdR"),
    "SYN and RST alone": ("C S/C R", "RSTOS0", "SR"),
    "RST alone": ("C R", "OTH", "R"),
    "handshake ACK without SYN-ACK, then RST": ("C S/C ./C R", "OTH", "SAR"),
    "normal close": (f"{OPEN}/C F./S ./S F./C .", "SF", "ShAFaf"),
    "FINs never acknowledged": (f"{OPEN}/C F./S F.", "SF", "ShAFf"),
    "RST after both FINs": (f"{OPEN}/C F./S F./C R", "SF", "ShAFfR"),
    "mid-stream, closed by both": ("C P. 5/S ./C F./S F.", "SF", "DaFf"),
    "originator closes": (f"{OPEN}/C F./S .", "S2", "ShAFa"),
    "originator closes, responder silent": ("C S/C F.", "SH", "SF"),
    "responder closes": (f"{OPEN}/S F./C .", "S3", "ShAf"),
    "responder closes, originator silent": ("S F.", "SHR", "f"),
    "no answer": ("C S", "S0", "S"),
    "no answer, repeated": ("C S/C S/C S", "S0", "S"),
    "established": (OPEN, "S1", "ShA"),
    "established, data both ways": (f"{OPEN}/C P. 1/S P. 1/C .", "S1", "ShADd"),
    "SYN-ACK never acknowledged": ("C S/S S.", "S1", "Sh"),  # R124: S1, not S0
    "mid-stream": ("C P. 5/S .", "OTH", "Da"),
    "SYN-ACK alone": ("S S.", "OTH", "h"),
    "no flags": ("C none", "OTH", ""),
    "FIN scan without answer": ("C F", "SH", "F"),
    "FIN scan, closed port": ("C F/S R.", "RSTR", "Fr"),
    "SYN and FIN": ("C SF", "SH", "Q"),
    "mid-stream SYN of a half-seen originator": ("C ./C S", "S0", "AS"),
    "a reset that ends a closed responder": (f"{OPEN}/S F./S R.", "RSTR", "ShAfr"),
    "a FIN after the reset of a closed peer": (f"{OPEN}/S F./S R./C F.", "SF", "ShAfrF"),
}


@pytest.mark.parametrize(("text", "state", "letters"), CASES.values(), ids=CASES)
def test_conn_state_and_history(text: str, state: str, letters: str) -> None:
    """conn_state by R122 and R123; the letters in order of first appearance, small for the responder."""
    made = history(text)
    assert (made.conn_state, made.letters) == (state, letters)


@pytest.mark.parametrize(
    ("text", "sum_of_bits"),
    [
        ("C S", 1),
        ("C S 30", 9),  # the SYN of Fast Open
        ("C S/S S.", 3),
        (OPEN, 7),
        (f"{OPEN}/C P. 5", 15),
        ("C S/S S./C P. 5", 11),  # the third step carries data: no empty ACK yet
        (f"{OPEN}/C P. 5/S ./C F./S F./C .", 31),
        (f"{OPEN}/C F./S F./C .", 23),
        (f"{OPEN}/C P. 5/S R.", 47),
        (f"{OPEN}/C P. 5/C F./S R", 63),
        (f"{OPEN}/S R.", 39),
        (f"{OPEN}/S R", 39),
        ("C S/S R.", 37),  # an RST-ACK also counts as an ACK
        ("C S/S R", 33),
        ("S S./C .", 4),  # the first record counts only as the SYN it may be
        ("C P. 5/S .", 4),
        ("C F./S F./C .", 20),
        ("C R", 32),
        ("C R./S .", 36),
        ("C none", 0),
        (f"{OPEN}/C FP. 5", 31),
    ],
)
def test_completeness(text: str, sum_of_bits: int) -> None:
    """The bits of Wireshark's tcp.completeness in a single pass (R125)."""
    assert history(text).completeness == sum_of_bits


FLAGS = st.sampled_from(["S", "S.", ".", "P.", "F.", "FP.", "R", "R.", "", "F", "SF", "FPU", "SR"])
RECORDS = st.lists(st.tuples(FLAGS, st.integers(0, 2), st.booleans()), max_size=25)


@given(RECORDS)
def test_any_records_have_a_state(records: list[tuple[str, int, bool]]) -> None:
    """Whatever comes, conn_state is one of Zeek's, and bits are never taken back."""
    made = History()
    bits = 0
    for flags, length, from_client in records:
        made.feed(flags_of(flags), length, from_client=from_client)
        assert made.conn_state in STATES
        assert made.completeness & bits == bits
        bits = made.completeness
    assert len(set(made.letters)) == len(made.letters)


@pytest.mark.parametrize(
    ("text", "established", "state", "letters", "completeness"),
    [
        ("C S\nS S.\nC .\nC P. 9\nS P. 9\nC .\nC F.\nS .\nS F.\nC .", False, "SF", "ShADdFaf", 31),
        ("C S\nS R.", False, "REJ", "Sr", 37),
        ("C P. 9\nS P. 9\nC .\nS R.", True, "RSTRH", "DdAr", 44),
    ],
)
def test_summaries_carry_them(text: str, established: bool, state: str, letters: str, completeness: int) -> None:  # noqa: FBT001
    """The connection record has what its records amount to."""
    summaries = [item for item in explain(printed(packets(text, established=established))) if isinstance(item, Summary)]
    assert [(one.zeek, one.history, one.completeness) for one in summaries] == [(state, letters, completeness)]
