"""Each view at two widths, with and without colours, in both languages: as it was, and never wider than the terminal."""

from __future__ import annotations

import re
import time
from itertools import product
from pathlib import Path

import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_regressions.file_regression import FileRegressionFixture
from test_render_text import view, view_of

from tdparse import catalog
from tdparse.arguments import Sort
from tdparse.model import Lang
from tdparse.render import Renderer
from tdparse.render.compact import Compact
from tdparse.render.rung import Words
from tdparse.render.screen import broken, width, wrapped
from tdparse.render.table import SORTS, Table
from tdparse.render.text import Text

LOGS = [ROOT / "fixtures" / "captures" / name / "absolute.log" for name in ("reuse", "loss", "refused")]
ORIGINALS = frozenset(line for log in LOGS for line in log.read_text().splitlines())
VIEWS = ("text", "verbose", "quiet", "compact", "connections")
COLOR = re.compile(r"\x1b\[[0-9;]*m")


def renderer(name: str, lang: Lang, columns: int | None, *, color: bool = False) -> Renderer:
    """Return a view by its name."""
    if name == "connections":
        return Table(lang, columns=columns, headings=True, color=color)
    look = {name: True} if name in {"verbose", "quiet"} else {}
    text = Text(lang, columns=columns, color=color, headings=True, **look)  # type: ignore[arg-type]
    if name == "compact":
        return Compact(Words(lang), text, columns=columns, color=color, headings=True)
    return text


@pytest.mark.parametrize(
    ("name", "columns", "lang", "color"),
    list(product(VIEWS, (80, 140), catalog.LANGUAGES, (False, True))),
    ids=lambda value: {True: "color", False: "plain"}.get(value, str(value)) if isinstance(value, bool) else str(value),
)
def test_each_view_looks_as_it_did(
    name: str,
    columns: int,
    lang: Lang,
    color: bool,  # noqa: FBT001 - a table's column
    file_regression: FileRegressionFixture,
) -> None:
    """As in fixtures/views; colours change no character and no line."""
    shown = view(renderer(name, lang, columns, color=color), *LOGS)
    path = ROOT / "fixtures" / "views" / f"{name}.{columns}.{lang}.{'color' if color else 'plain'}.txt"
    file_regression.check(shown, fullpath=path, encoding="utf-8", newline="")
    assert COLOR.sub("", shown) == view(renderer(name, lang, columns), *LOGS)
    assert [line for line in shown.splitlines() if width(line) > columns] == []


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("lang", catalog.LANGUAGES)
@pytest.mark.parametrize("columns", [40, 50, 60, 80, 100])
def test_nothing_is_lost_by_wrapping(name: str, lang: Lang, columns: int) -> None:
    """No line is wider than the terminal, original ones included, and no state and no number is broken."""
    shown = view(renderer(name, lang, columns), *LOGS).splitlines()
    assert [line for line in shown if width(line) > columns] == []
    if name != "compact":
        whole = view(renderer(name, lang, None), *LOGS)
        words = re.compile(r"[A-Z]{3,}(?:-[A-Z0-9]+)*[*?~]?|\d+(?:\.\d+)*")
        assert set(words.findall("\n".join(shown))) <= set(words.findall(whole))


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(VIEWS),
    lang=st.sampled_from(catalog.LANGUAGES),
    columns=st.integers(40, 240),
    log=st.sampled_from(sorted((ROOT / "fixtures" / "captures").glob("*/*.log"))),
    color=st.booleans(),
)
def test_no_terminal_is_too_narrow(name: str, lang: Lang, columns: int, log: Path, *, color: bool) -> None:
    """From forty columns on, whatever the log, nothing is wider."""
    shown = view(renderer(name, lang, columns, color=color), log).splitlines()
    assert [line for line in shown if width(line) > columns] == []


@pytest.mark.parametrize("columns", range(1, 12))
@pytest.mark.parametrize("name", VIEWS)
def test_a_terminal_of_hardly_a_column_is_one(name: str, columns: int, tmp_path: Path) -> None:
    """What is left of a window that was shrunk shows less than one can read, but the log goes on and its end is reached."""
    log = tmp_path / "x.log"
    lines = LOGS[1].read_text().splitlines()
    log.write_text(
        "\n".join([*lines[:4], lines[4].replace("win", "wax"), "四次挥手 some prose about it", *lines[5:]]) + "\n"
    )
    shown = view(renderer(name, "en", columns), log)
    for text in ("complete.clean", *(["1096559247", "四次挥手"] if name in {"text", "verbose"} else [])):
        assert text in "".join(shown.split())


@pytest.mark.parametrize("columns", [-3, 0, 1])
def test_text_is_broken_where_no_column_is_left(columns: int) -> None:
    """As where one is."""
    assert broken("seq 12, ack", columns) == [*"seq", *"12,", *"ack"]
    assert wrapped("seq 12, ack", columns) == ["seq", "12,", "ack"]


@pytest.mark.parametrize("columns", [40, 80, 140])
def test_a_line_of_the_log_is_there_as_it_was(columns: int) -> None:
    """In a terminal too narrow for it, it goes on below, a little indented; elsewhere it is one line."""
    shown = re.findall(r"(?m)^\S.*(?:\n  (?! ).*)*", view(Text("en", columns=columns), *LOGS))
    assert {"".join(part.split()) for part in shown} >= {"".join(line.split()) for line in ORIGINALS}
    assert set(view(Text("en"), *LOGS).splitlines()) >= ORIGINALS


@pytest.mark.parametrize("columns", [40, 57, 80])
def test_a_long_name_is_broken_between_its_parts(columns: int, tmp_path: Path) -> None:
    """Colours do not count, and the port, and each number in the name, stays whole."""
    host, peer = "app-server-production-eu-central-1a-0123456789.internal.example.company.com", "2001:db8:85a3::7334"
    log = tmp_path / "x.log"
    log.write_text(f"12:00:00.000001 IP {host}.52144 > {peer}.3306: Flags [S], seq 4294967295, win 64240, length 0\n")
    for name in ("text", "connections", "quiet"):
        shown = view(renderer(name, "en", columns), log)
        assert COLOR.sub("", view(renderer(name, "en", columns, color=True), log)) == shown
        assert set(re.findall(r"\d{5,}", shown)) <= {"0123456789", "52144", "4294967295", "64240", "000001"}
        assert {"0123456789", "52144"} <= set(re.findall(r"\d{5,}", shown))


def test_the_states_stand_in_columns() -> None:
    """What was and what is begin at the same place in every record, on each side; an arrow where it has changed."""
    shown = [line for line in view(Text("en"), *LOGS).splitlines() if line.startswith("    client ")]
    assert len(shown) == len([line for line in ORIGINALS if "Flags [" in line])
    assert {line.index("server ") for line in shown} == {42}
    assert {place for line in shown for place in range(len(line)) if line[place] == "→"} == {25, 63}


def test_a_connection_is_introduced_once() -> None:
    """Where it first appears, under its first line; in each input anew."""
    shown = view(Text("en", headings=True), *LOGS)
    heads = re.findall(r"(?m)^    Connection #(\d+): client \S+, server \S+$", shown)
    assert heads == ["1", "2", "3", "1", "1"]


def test_a_time_before_the_beginning_has_one_sign() -> None:
    """A clock that went backwards, or logs of two days in one."""
    lines = [
        f"12:00:0{second}.000000 IP 10.0.0.1.4 > 10.0.0.2.80: Flags [S], seq 7, win 9, length 0" for second in (5, 3)
    ]
    shown = view_of("\n".join(lines), Text("en"))
    assert "· -2.00 s" in shown
    assert "+-" not in shown


def test_long_times_are_written_as_people_say_them() -> None:
    """Minutes, hours and days; in the narrow column of the other views as a clock shows them."""
    stamps = ("01-01 10:00:00", "01-01 10:01:05", "01-01 12:01:05", "01-04 12:01:05", "02-14 12:01:05")
    log = "\n".join(
        f"2024-{stamp}.250000 IP 10.0.0.1.4 > 10.0.0.2.80: Flags [S], seq 7, win 9, length 0" for stamp in stamps
    )
    text, compact = (view_of(log, renderer(name, "en", None)) for name in ("text", "compact"))
    assert re.findall(r"· (\+\S.*)", text) == [
        "+0 µs", "+1 min 05.00 s", "+2 h 01 min 05 s", "+3 d 02 h 01 min", "+44 d 02 h 01 min",
    ]  # fmt: skip
    assert re.findall(r"\+\S+(?= s #| µs #| #)", compact) == ["+0", "+65.00", "+7265.00", "+74:01:05", "+1058:01:05"]


def test_roles_that_are_guesses_are_said_to_be() -> None:
    """In the header of a connection whose beginning is not in the log."""
    line = "12:00:00.000001 IP 10.0.0.1.40000 > 10.0.0.2.40001: Flags [.], ack 7, win 9, length 0"
    assert "roles guessed" in view_of(line, Text("en"))


def test_a_long_line_that_cannot_be_read_is_shown_around_the_place() -> None:
    """In a terminal narrower than the line, a caret under the whole of it would point at nothing."""
    line = (
        "10:00:00.000000 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq x, win 9, options [mss 1460,nop,nop,nop], length 0"
    )
    _, _, part, caret, *said = view_of(line, Text("en", columns=60)).splitlines()
    assert part[caret.index("^") :].startswith("x, win")
    assert part.strip() in line
    assert max(map(len, (part, caret, *said))) <= 60


# ------------------------------------------------------------------ the table of connections


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("conn", ["1", "2", "3"]),
        ("verdict", ["1", "3", "2"]),
        ("bytes", ["1", "2", "3"]),
        ("remarkable", ["2", "3", "1"]),
        ("client", ["1", "2", "3"]),
    ],
)
def test_rows_can_be_sorted(sort: str, order: list[str]) -> None:
    """Text from a to z, amounts and severities from the largest down, equal rows by their number."""
    rows = view(Table("en", sort=sort), LOGS[0]).splitlines()[1:]
    assert [row.split()[0] for row in rows] == order


def test_every_order_has_an_option() -> None:
    """And the other way round."""
    assert list(SORTS) == [str(sort) for sort in Sort]


@pytest.mark.parametrize("columns", [200, 100, 80, 60, 40])
def test_a_folded_table_says_the_same(columns: int) -> None:
    """Every cell of the wide table is in the narrow one, whole."""
    narrow = view(Table("en", columns=columns), *LOGS)
    assert max(map(width, narrow.splitlines())) <= columns
    wide = view(Table("en"), *LOGS).splitlines()[1:]
    flat = " ".join(narrow.split())
    for cell in {cell for row in wide for cell in re.split(r"\s{2,}|, ", row)} - {"-"}:
        assert cell in flat


# ------------------------------------------------------------------ wrapping


@pytest.mark.parametrize("word", ["x", "é", "三", "1,", "\x1b[1mx\x1b[0m", "a-b "])
def test_a_line_without_end_takes_time_by_its_length(word: str) -> None:
    """Twenty times as long, at most a hundred times as slow, whatever it is made of."""
    spent = []
    for count in (10_000, 200_000):
        text = word * count
        before = time.process_time()
        lines = broken(text, 80)
        spent.append(time.process_time() - before)
        assert "".join("".join(lines).split()) == "".join(text.split())
    assert spent[1] < max(spent[0], 0.01) * 100


@given(st.text(st.sampled_from("ab ,.→·三（）\t"), max_size=60), st.integers(2, 20))
def test_wrapping_keeps_every_character_and_the_width(text: str, columns: int) -> None:
    """Whatever stands there: blanks aside nothing is lost, and no line is too wide; words are whole where they fit."""
    assert "".join("".join(broken(text, columns)).split()) == "".join(text.split())
    assert all(width(line) <= columns for line in broken(text, columns))
    for line in wrapped(text, columns):
        assert width(line) <= columns or " " not in line.strip()
