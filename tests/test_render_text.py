"""The view for people: golden outputs in both languages, and what must hold for any log."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import PACKAGE, ROOT
from hypothesis import given
from hypothesis import strategies as st
from pytest_regressions.file_regression import FileRegressionFixture

from tdparse import catalog
from tdparse.catalog import LANGUAGES
from tdparse.escapes import safe
from tdparse.model import Lang, Skipped, Step
from tdparse.pipeline import Explainer
from tdparse.read import opened
from tdparse.render import Renderer, Totals
from tdparse.render.annotation import Annotation
from tdparse.render.screen import width
from tdparse.render.since import Since
from tdparse.render.table import Table
from tdparse.render.text import Text
from tdparse.selection import Alarm, Selection
from tdparse.stream import Run

DEMO = PACKAGE / "demo"
EXPECTED = ROOT / "fixtures" / "demo"


def view(renderer: Renderer, *logs: Path) -> str:
    """Return what a renderer shows for some logs."""
    parts: list[str] = []
    totals = Totals()
    run = Run(renderer, Selection(), Alarm(()), totals)
    for log in logs:
        with opened(str(log)) as source:
            source.name = log.name
            run.follow(source, parts.append)
    return "".join(parts) + renderer.finish(totals)


def view_of(text: str, renderer: Renderer) -> str:
    """Return what a renderer shows for lines that are in no file."""
    parts: list[str] = []
    explainer = Explainer()
    lines = text.split("\n")
    for item in [*(item for line in lines for item in explainer.feed(line)), *explainer.finish()]:
        if isinstance(item, Step):
            first = item.segment.line - 1
            parts.append(renderer.step(item, lines[first : first + item.segment.lines]))
        elif isinstance(item, Skipped):
            parts.append(renderer.skipped(item, [lines[item.line - 1]]))
    return "".join(parts)


@pytest.mark.parametrize(
    ("name", "renderer", "logs"),
    [
        ("expected.en.txt", Text("en", headings=True), ["http.log", "refused.log"]),
        ("expected.zh.txt", Text("zh", headings=True), ["http.log", "refused.log"]),
        ("expected.80.en.txt", Text("en", columns=80), ["http.log"]),
        ("expected.80.zh.txt", Text("zh", columns=80), ["http.log"]),
        ("expected.verbose.en.txt", Text("en", verbose=True), ["http.log"]),
        ("expected.annotated.en.log", Annotation(Text("en")), ["http.log"]),
        ("expected.connections.en.txt", Table("en", headings=True), ["http.log", "refused.log"]),
        ("expected.connections.zh.txt", Table("zh", headings=True), ["http.log", "refused.log"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_demo_looks_as_it_did(
    name: str, renderer: Renderer, logs: list[str], file_regression: FileRegressionFixture
) -> None:
    """Each view of the demo is the one in fixtures/demo."""
    file_regression.check(
        view(renderer, *(DEMO / log for log in logs)), fullpath=EXPECTED / name, encoding="utf-8", newline=""
    )


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("columns", [60, 80, 140])
def test_no_sentence_is_wider_than_the_terminal(lang: Lang, columns: int) -> None:
    """Everything fits, CJK counted double, and nothing is cut."""
    narrow = view(Text(lang, columns=columns), DEMO / "http.log").splitlines()
    assert max(map(width, narrow)) <= columns
    whole = view(Text(lang), DEMO / "http.log")
    assert "".join("".join(narrow).replace(" · ", "").split()) == "".join(whole.replace(" · ", "").split())


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_colour_changes_no_wrapping(lang: Lang) -> None:
    """Escape sequences take no columns."""
    plain = view(Text(lang, columns=80), DEMO / "http.log")
    painted = view(Text(lang, columns=80, color=True), DEMO / "http.log")
    assert [width(line) for line in painted.splitlines()] == [width(line) for line in plain.splitlines()]


@given(text=st.text(st.characters(codec="utf-8") | st.sampled_from("\x1b\x07\x9b\u202e\udcff\r"), max_size=60))
def test_nothing_of_a_log_acts_on_a_terminal(text: str) -> None:
    """Whatever a line holds, no control character but the newlines and tabs of the view comes out."""
    log = f"10:00:00.000001 IP {text} > 10.0.0.2.80: Flags [S], seq 7, win 9, length 0: {text}\n{text}"
    shown = view_of(log, Text("en"))
    assert all(character in "\n\t" or safe(character) == character for character in shown)


def test_a_control_character_is_shown_as_what_it_is() -> None:
    """Escapes name the byte or the code point."""
    assert safe("\x1b[2J\x9b\udcff\u202eabc\t三") == "\\x1b[2J\\x9b\\xff\\u202eabc\t三"


def test_a_connection_is_named_on_every_step(captures: Path) -> None:
    """Interleaved connections stay apart: number, roles, and at the end who they were."""
    shown = view(Text("en"), captures / "reuse" / "absolute.log")
    assert "\n    #1 client → server" in shown
    assert "\n    #2 client → server" in shown
    assert shown.count("\nConnection #") + shown.startswith("Connection #") >= 2


def test_a_line_that_cannot_be_read_is_pointed_at() -> None:
    """The caret stands under the place, after tabs and wide characters too; then what was expected."""
    line = "10:00:00.000000 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq x, win 9, length 0"
    first, caret, said = view_of(line, Text("en")).splitlines()
    assert first == line
    assert caret.index("^") == line.index("x, win")
    assert said.startswith(
        f"    line 1, column {line.index('x, win') + 1}: looks like a TCP segment but cannot be read; "
    )
    assert said.endswith("; expected a number of 32 bits")


@pytest.mark.parametrize(
    ("head", "tail", "said"),
    [
        ("IP", "seq 7, win 9, options [what], length 0", "a TCP option or the mark of a faulty option"),
        ("IPX", "seq 7, win x", "an address or what stands before the IP header or a complaint about the packet or"),
    ],
)
def test_what_was_expected_is_said_once_and_in_words(head: str, tail: str, said: str) -> None:
    """However many terminals of the grammar stand for it; none of their names is shown."""
    line = f"10:00:00.000000 {head} 10.0.0.1.5 > 10.0.0.2.80: Flags [S], {tail}"
    told = view_of(line, Text("en")).split("; expected ")[1].split("\n")[0]
    assert told.startswith(said)
    wanted = told.split(" or ")
    assert len(set(wanted)) == len(wanted)
    for lang in LANGUAGES:
        assert not re.search(r"[A-Z]{4}", view_of(line, Text(lang)).splitlines()[-1])


@given(
    st.lists(st.integers(-(10**9), 3 * 86_400 * 10**9) | st.integers(3_598 * 10**9, 3_602 * 10**9)),
    st.sampled_from(LANGUAGES),
)
def test_a_time_reads_the_same_whatever_was_asked_before(times: list[int], lang: Lang) -> None:
    """Words that are kept for the next lines are those the catalogue has for each of them."""
    since = Since(catalog.span, lang)
    for time in times:
        assert since(time) == ("" if time < 0 else "+") + catalog.span(time, lang)
