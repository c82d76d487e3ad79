"""What attacks and fuzzing have found, a test for each defect, named after it."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest
from harmless import VIEWS, shown

from tdparse import read
from tdparse.model import Segment, Skipped
from tdparse.pipeline import explain
from tdparse.read import Source
from tdparse.record import MAX_LENGTH, parse_line
from tdparse.rejection import failure
from tdparse.repair import Mender
from tdparse.unpack import UnreadableError

if TYPE_CHECKING:
    from tdparse.model import Lang

BEGINNING = "12:00:00.000001 IP "
SEGMENT = ": Flags [S], seq 7, win 9, length 0\n"


def view(name: str, text: str, lang: Lang = "en") -> str:
    """Return what a view shows for a log, after it has been looked through for harm."""
    found = shown(VIEWS[name].make(lang, "relative"), text.encode("utf-8", "surrogateescape"))
    VIEWS[name].check(found)
    return found.text


@pytest.mark.parametrize("character", ["\u061c", "\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\U000e0041"])
@pytest.mark.parametrize("name", ["text", "ladder", "csv", "markdown", "diagram mermaid", "connections"])
def test_characters_without_width_reached_the_terminal(name: str, character: str) -> None:
    """Two hosts that look the same must not be shown the same."""
    text = view(name, f"{BEGINNING}a{character}b.5 > c.80{SEGMENT}{BEGINNING}ab.5 > c.80{SEGMENT}")
    assert character not in text


def test_a_tag_character_was_shown_with_too_few_digits() -> None:
    """Beyond U+FFFF an escape has eight digits, so that what follows is no part of it."""
    assert "a\\U000e0041b" in view("text", f"{BEGINNING}a\U000e0041b.5 > c.80{SEGMENT}")


@pytest.mark.parametrize("character", ["\x7f", "\x9b", "\u202e", "\u200b", "\u2028", "\U000e0041"])
def test_json_lines_carried_controls_of_eight_bits(character: str) -> None:
    """JSON escapes what a terminal would act on, beyond the controls that it has to."""
    text = view("jsonl", f"x {character} y\n")
    assert character not in text
    assert json.loads(text.split("\n")[1])["raw"] == f"x {character} y"


def test_a_copy_on_a_terminal_had_carriage_returns() -> None:
    """Windows line ends are for files; on the screen they would be what overwrites a line."""
    assert "\r" not in view("annotate on screen", f"{BEGINNING}a.5 > c.80{SEGMENT}".replace("\n", "\r\n"))


def test_a_mention_stood_in_the_heading_of_a_diagram() -> None:
    """A document of several diagrams escapes names as all Markdown of ours does."""
    names = ("@all", "b")
    text = view("diagram mermaid", "".join(f"{BEGINNING}{name}.5 > c.80{SEGMENT}" for name in names))
    assert "@" not in text


@pytest.mark.parametrize("name", ["parquet", "connections parquet"])
def test_a_number_without_end_broke_the_table(name: str) -> None:
    """No field of TCP has twenty digits; a column that cannot hold them says that it does not know."""
    pytest.importorskip("pyarrow")
    digits = "9" * 20
    view(name, f"{BEGINNING}a.5 > c.80: Flags [S], seq 7, win {digits}, options [mss {digits}], length 0\n")


def test_the_last_line_was_counted_as_the_one_before() -> None:
    """A header that waits for its second line keeps its place where the log ends."""
    header = "12:00:00.000001 IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 40)"
    assert [item.line for item in explain(["x", header]) if isinstance(item, Skipped)] == [1, 2]


def test_pattern_and_grammar_differed_behind_sack_blocks() -> None:
    """A space that ends the option is none that joins two blocks, for Lark too."""
    record = "192.0.2.1 > 192.0.2.2.80: Flags [.], ack 1, win 24, options [sack 1 {1460:1} ,nop], length 0"
    assert failure(record) is None
    assert isinstance(parse_line(record), Segment)


def test_pattern_and_grammar_differed_over_a_parenthesis() -> None:
    """A parenthesis opens an IP header, never a host name."""
    record = "IP (x.5 > 192.0.2.2.80: Flags [.], ack 1, win 24, length 0"
    assert failure(record) is not None
    assert not isinstance(parse_line(record), Segment)


@pytest.mark.parametrize("number", [2**32, 9_999_999_999, 10**10, 10**19])
def test_a_number_of_more_than_32_bits_was_taken_for_a_sequence_number(number: int) -> None:
    """It is refused where it stands, and the largest one is not."""
    record = f"{BEGINNING}a.5 > b.80: Flags [S], seq {{}}, win 9, length 0"
    found = parse_line(record.format(number))
    assert isinstance(found, Skipped)
    assert (found.kind, found.column, found.expected) == ("rejected", record.index("{") + 1, ("SEQUENCE",))
    assert isinstance(parse_line(record.format(2**32 - 1)), Segment)


def test_a_header_that_was_given_up_took_the_place_of_the_next() -> None:
    """Two headers in a row: the first is a line by itself, the second begins the record."""
    header = "IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 40)"
    lines = [header, header, "    192.0.2.1.5 > 192.0.2.2.80: Flags [.], ack 1, win 5, length 0"]
    mender = Mender()
    items = [item for line in lines for item in mender.feed(line)]
    assert [(type(item), item.line) for item in items] == [(Skipped, 1), (Segment, 2)]


def test_a_line_too_long_was_rejected_without_its_length() -> None:
    """How long it is and how long a record can be are said."""
    assert "has 1048577 characters, more than any record (1048576)" in view("text", "x" * (MAX_LENGTH + 1) + "\n")


def test_a_line_without_an_end_filled_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading stops at a limit; what stands before it has been read."""
    monkeypatch.setattr(read, "LONGEST", 200_000)
    blocks = Source("x", io.BytesIO(b"before\n" + b"x" * 300_000)).blocks()
    assert next(blocks) == ["before"]
    with pytest.raises(UnreadableError, match="endless"):
        next(blocks)
