"""A piece of a line is explained as far as it goes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tdparse import fragment
from tdparse.dialogue import Dialogue


@pytest.mark.parametrize(
    ("text", "step", "missing"),
    [
        ("Flags [S.], seq 43780288, ack 1228404593", "handshake.syn_ack", ("no_addresses", "no_window", "no_length")),
        ("Flags [S]", "handshake.syn", ("no_addresses", "no_window", "no_length", "no_number")),
        ("[S.], seq 8, ack 7", "handshake.syn_ack", ("no_addresses", "no_window", "no_length")),
        ("[S.] seq 8 ack 7 win 9", "handshake.syn_ack", ("no_addresses", "no_length")),
        ("seq 1:84, ack 1, win 502, length 83", "data.segment", ("no_flags", "no_addresses")),
        ("ack 7", "stepless.ack", ("no_flags", "no_addresses", "no_window", "no_length")),
        ("12:00:00.500000 Flags [S], seq 8, win 9, length 0", "handshake.syn", ("no_addresses",)),
        ("Flags [S], seq 7, options [mss 1460]", "handshake.syn", ("no_addresses", "no_window", "no_length")),
        ("Flags [P.], seq 1:84, ack 1, win 502, length 83: HTTP", "data.push", ("no_addresses",)),
        ("Flags [P.], seq 1:84, ack 1", "data.push", ("no_addresses", "no_window", "no_length")),
        ("Flags [F.], seq 1, ack 5,", "teardown.fin.first_seen", ("no_addresses", "no_window", "no_length")),
        ("1.5 ms later: Flags [R], seq 9", "reset.abort", ("no_addresses", "no_window", "no_length")),
        ("IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 8", "handshake.syn", ("no_window", "no_length")),
        ("S 1:1(0) win 64240", "handshake.syn", ("no_addresses",)),
    ],
)
def test_what_is_missing_is_told(text: str, step: str, missing: tuple[str, ...]) -> None:
    """The step, and what had to be added for the grammar to accept it."""
    found = fragment.read(text)
    assert found is not None
    assert (found.step.step, found.missing) == (step, missing)


def test_the_length_follows_from_the_numbers() -> None:
    """Numbers a:b have b - a octets between them, over the end of the number space too."""
    found = fragment.read("Flags [.], seq 4294967290:4, ack 1")
    assert found is not None
    assert found.step.segment.length == 10


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "Flags",
        "Flags [S",
        "IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 8, win 9, length 0",
        "a, b, c",
        "x" * 9999,
    ],
)
def test_what_is_no_fragment(text: str) -> None:
    """Prose, a torn word, a whole record, a text without end."""
    assert fragment.read(text) is None


@given(st.text(alphabet=st.sampled_from("Flags [S.], seqackwin 0123:options"), max_size=60))
def test_any_text_has_an_answer(text: str) -> None:
    """A fragment or none, never an exception; the reference parser is not needed for it."""
    found = fragment.read(text)
    assert found is None or found.missing


def test_no_added_number_is_told() -> None:
    """Neither the window nor the length that the grammar asked for appears; the printed numbers do."""
    answer = Dialogue("en").answer("Flags [S.], seq 43780288, ack 1228404593") or ""
    assert "step 2 (SYN+ACK)" in answer
    assert "SYN-RECEIVED" in answer
    assert "43780288" in answer
    assert "1228404593" in answer
    assert "65535" not in answer
    assert "no addresses" in answer


def test_a_fragment_is_no_part_of_the_log() -> None:
    """Nothing has been pasted after it."""
    dialogue = Dialogue("zh")
    assert "三次握手第 2 步" in (dialogue.answer("Flags [S.], seq 43780288, ack 1228404593") or "")
    assert dialogue.answer("connections") == "还没有粘贴任何内容。\n"
