"""The report in a real browser: read, clicked through, without a script, on a phone, hostile, large."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from bench_report import conversations
from conftest import ROOT, Program
from reports import report
from served import served

from tdparse.render.report import keep, table
from tdparse.render.report.markup import visible

pytest.importorskip("selenium", reason="selenium is not installed")

from browser import CHROMIUM, DESKTOP, DRIVER, ENTER, ESCAPE, LEFT, PHONE, RIGHT, TAB, Browser, browser
from selenium.webdriver.remote.webelement import WebElement

pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="Chromium and its driver are not installed")

CAPTURES = ROOT / "fixtures" / "captures"


class Case(NamedTuple):
    """A log, and what its page must show."""

    log: str
    verdicts: tuple[str, ...]  # as the page says them, the worst first
    shows: tuple[str, ...]  # texts somewhere in the open connection
    curves: tuple[str, ...]  # of the plots
    path: str  # states of the client, as the state diagram's list has them


CASES = {
    "clean close": Case("close", ("Complete, closed cleanly",), ("Three-way handshake, step 1 (SYN)",),
        ("sent", "ack", "window", "mark", "rtt", "flight"), "CLOSED SYN-SENT ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT"),
    "refused": Case("refused", ("Connection refused",), ("RST+ACK",), (), "CLOSED SYN-SENT CLOSED"),
    "no answer": Case("no_answer", ("No answer to the SYN",), ("SYN retransmission",), (), "CLOSED SYN-SENT"),
    "loss with SACK": Case("loss", ("Complete, closed cleanly",), ("SACK shows a hole", "Fast retransmission"),
        ("sack", "again"), "CLOSED SYN-SENT ESTABLISHED CLOSE-WAIT LAST-ACK CLOSED"),
    "zero window": Case("zero_window", ("Complete, closed cleanly",), ("Zero window",), ("zero",),
        "CLOSED SYN-SENT ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT"),
    "simultaneous close": Case("simultaneous", ("Complete, closed cleanly",), ("simultaneous close",), ("sent",),
        "CLOSED SYN-SENT ESTABLISHED FIN-WAIT-1 CLOSING TIME-WAIT"),
    "mid-stream": Case("late_data", ("Start not captured, closed cleanly",), ("ESTABLISHED",), ("sent",),
        "ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT"),
    "several connections": Case("reuse", ("Reset by the client during data transfer", "Complete, closed cleanly"),
        ("Connection",), ("sent",), ""),
}  # fmt: skip


@pytest.fixture(scope="module")
def window() -> Iterator[Browser]:
    """One browser for all tests."""
    with browser() as opened:
        opened.size(*DESKTOP)
        yield opened


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a report on each log, and one on all of them."""
    folder = tmp_path_factory.mktemp("pages")
    logs = [CAPTURES / case.log / "absolute.log" for case in CASES.values()]
    for log in logs:
        (folder / f"{log.parent.name}.html").write_text(report(log), "utf-8")
    (folder / "all.html").write_text(report(*logs), "utf-8")
    return folder


@pytest.mark.parametrize("name", CASES)
def test_a_page_says_what_happened(window: Browser, pages: Path, name: str) -> None:
    """Verdicts, texts, curves and the path of states are there; nothing is complained about, nothing fetched."""
    case = CASES[name]
    page = pages / f"{case.log}.html"
    window.open(page)
    assert tuple(heading.split(" ×")[0] for heading in window.seen(".card h3")) == case.verdicts
    if len(window.all(".conn")) > 1:
        window.click(".conn summary")
    body = window.one(".conn[open]").text
    for text in case.shows:
        assert text in body
    forms = {
        curve
        for path in window.all(".conn[open] .curves path")
        for curve in (path.get_attribute("class") or "").split()
    }
    assert {f"k-{form}" for form in case.curves} <= forms
    assert window.complaints() == []
    assert window.requests() == [page.as_uri()]
    if case.path:
        moves = [item.text for item in window.all(".conn[open] .machine[data-role=client] .path code")]
        states = [moves[0].split(" → ")[0], *(move.split(" → ")[1] for move in moves)]
        assert " ".join(state.rstrip("*?~") for state in states) == case.path


# ------------------------------------------------------------------ the table


def test_the_table_is_filtered_and_sorted(window: Browser, pages: Path) -> None:
    """By words, by verdict, by any column, downwards and upwards; the count says how many rows are left."""
    window.open(pages / "all.html")
    rows = "#table tbody tr"
    everything = len(window.seen(rows))
    assert everything == 10
    window.one("#filter").send_keys("refused")
    assert len(window.seen(rows)) == 1
    assert "rows: 1 of 10" in window.one("#tools").text
    window.run("arguments[0].value = ''; arguments[0].dispatchEvent(new Event('input'))", window.one("#filter"))
    window.one("#verdict").send_keys("no_answer")
    assert [row for row in window.seen(rows) if "No answer to the SYN" in row] == window.seen(rows) != []
    window.run("arguments[0].value = ''; arguments[0].dispatchEvent(new Event('change'))", window.one("#verdict"))
    for column in (5, 6, 9):
        orders = []
        for _click in range(2):
            window.click(f"#table th:nth-child({column}) button")
            keys = "const keys = JSON.parse(document.querySelector('#data').textContent).keys;"
            cells = (
                "return [...document.querySelectorAll('#table tbody tr')].map(row => row.cells[arguments[0]].innerText)"
            )
            orders.append(window.run(keys + cells, column - 1))
        known = [cell for cell in orders[0] if cell != "–"]
        assert [cell for cell in orders[1] if cell != "–"] == known[::-1] or len(set(known)) < len(known)
        assert sorted(orders[0]) == sorted(orders[1])
        assert orders[0][len(known) :] == orders[1][len(known) :] == ["–"] * (everything - len(known))
        assert window.one(f"#table th:nth-child({column})").get_attribute("aria-sort") == "ascending"
    numbers = [
        int(cell.replace(",", ""))
        for cell in window.run(
            "return [...document.querySelectorAll('#table tbody tr')].map(row => row.cells[4].innerText)"
        )
        if cell != "–"
    ]
    assert len(numbers) > 3
    window.click("#table th:nth-child(5) button")
    numbers = [
        int(cell.replace(",", ""))
        for cell in window.run(
            "return [...document.querySelectorAll('#table tbody tr')].map(row => row.cells[4].innerText)"
        )
        if cell != "–"
    ]
    assert numbers == sorted(numbers, reverse=True)
    assert window.complaints() == []


def test_of_many_connections_every_row_is_found(
    window: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that are plain lines become rows: shown on demand, filtered, sorted among the others."""
    monkeypatch.setattr(table, "FULL", 40)
    monkeypatch.setattr(keep, "DETAILED", 5)
    log, page = tmp_path / "many.log", tmp_path / "many.html"
    log.write_text("\n".join(conversations(230)) + "\n")
    page.write_text(report(log), "utf-8")
    window.open(page)
    assert len(window.all(".conn")) == 5
    assert "only in the table: 225" in window.one("#details").text
    assert len(window.all("#table tbody tr")) == 200
    window.click(".more-rows")
    assert len(window.all("#table tbody tr")) == 230
    window.one("#filter").send_keys("20229 cleanly")
    assert [row.split()[0] for row in window.seen("#table tbody tr")] == ["#230"]
    window.run("arguments[0].value = ''; arguments[0].dispatchEvent(new Event('input'))", window.one("#filter"))
    window.click("#table th:nth-child(1) button")
    names = window.run("return [...document.querySelectorAll('#table tbody tr')].map(row => row.cells[0].innerText)")
    assert names == [f"#{number}" for number in range(1, 231)]
    window.open(page, script=False)
    window.one("#others summary").click()
    assert window.one("#others pre").text.count("complete.clean") == 190
    assert window.complaints() == []


def test_a_row_leads_to_its_connection(window: Browser, pages: Path) -> None:
    """The connection opens and comes into sight."""
    window.open(pages / "all.html")
    assert window.all(".conn[open]") == []
    window.click("#table tbody tr:nth-child(3) a")
    opened = window.one(".conn[open]")
    assert (
        opened.get_attribute("id")
        == (window.one("#table tbody tr:nth-child(3) a").get_attribute("href") or "").split("#")[1]
    )
    assert window.run("return arguments[0].getBoundingClientRect().top < innerHeight", opened)
    window.click("#details .buttons button:first-child")
    assert len(window.all(".conn[open]")) == len(window.all(".conn"))


# ------------------------------------------------------------------ ladder, states, plots, records


def test_a_rung_shows_its_record_by_pointer_and_by_keyboard(window: Browser, pages: Path) -> None:
    """The record, its explanation and its evidence; Escape puts it away; rung and record lead to each other."""
    window.open(pages / "loss.html")
    rung = window.one(".ladder li[data-l='44']")
    window.hover(rung)
    card = window.one("#tip-card")
    assert "Retransmitted at once after 10 duplicate ACKs" in card.text
    assert "evidence: lines" in card.text
    assert lines("loss")[43] in card.text
    assert "at" in (window.one("#l1-1-44").get_attribute("class") or "").split()
    window.press(ESCAPE)
    assert not card.is_displayed()
    window.run("arguments[0].focus()", window.one(".ladder li[data-l='1'] a"))
    assert "asks to open a connection" in card.text
    window.press(TAB)
    assert "Three-way handshake, step 2" in card.text
    window.press(ESCAPE)
    window.click(".ladder li[data-l='44'] a")
    assert window.run("return location.hash") == "#l1-1-44"
    window.click("#l1-1-44 a.n")
    assert window.run("return location.hash") == "#r1-1-44"
    hidden = window.run(
        "return [...document.querySelectorAll('.records a.n')].find(a => !a.hash.endsWith('-' + a.textContent))"
    )
    window.bring(hidden)
    hidden.click()
    assert "fold" in (window.one(":target").get_attribute("class") or "")
    assert window.complaints() == []


def test_the_state_diagram_goes_step_by_step(window: Browser, pages: Path) -> None:
    """Either end has its own; a step lights up its arrow, its box and its line of the list."""
    window.open(pages / "simultaneous.html")
    for role in ("client", "server"):
        machine = f".machine[data-role={role}]"
        steps = len(window.all(f"{machine} .path li"))
        assert steps == 5
        assert len(window.all(f"{machine} .edge.on")) == steps
        for step in range(1, steps + 1):
            window.click(f"{machine} .buttons button:nth-child(2)")
            lit = {element.get_attribute("data-k") for element in window.all(f"{machine} .now")}
            assert lit == {str(step)}
            assert len(window.all(f"{machine} .now")) == 4  # arrow, number, box, line
            assert f"step {step} of {steps}" in window.one(f"{machine} output").text
        window.click(f"{machine} .buttons button:nth-child(1)")
        assert window.one(f"{machine} .path .now").get_attribute("data-k") == str(steps - 1)
    window.hover(window.one(".machine[data-role=client] .path li:nth-child(1)"))
    assert "asks to open a connection" in window.one("#tip-card").text
    assert window.complaints() == []


def ticks(window: Browser, plot: str) -> list[str]:
    """Return what the axes of a plot say."""
    return [
        str(text)
        for text in window.run(
            "return [...document.querySelectorAll(arguments[0] + ' .axes text')].map(t => t.textContent)", plot
        )
    ]


def test_a_plot_is_zoomed_and_read(window: Browser, pages: Path) -> None:
    """Dragging, buttons, keys; pointing shows the record; idle times shrink; everything goes back."""
    window.open(pages / "loss.html")
    plot, others = "#p1-1s-seq", "#p1-1s-fly"
    field = window.one(f"{plot} .field")
    whole = ticks(window, plot)
    burst = across(window, field, f"{plot} .curves .k-again")
    window.drag(field, burst - 40, burst + 40)
    assert ticks(window, plot) != whole
    near = ticks(window, others)
    assert "0" not in near[-3:]
    window.click("#p1-1s .buttons button:nth-child(3)")
    assert ticks(window, plot) == whole
    window.click("#p1-1s .buttons button:nth-child(1)")
    assert ticks(window, plot) != whole
    window.click("#p1-1s .buttons button:nth-child(2)")
    assert ticks(window, plot) == whole
    before = window.run("return document.querySelector(arguments[0]).getAttribute('d')", f"{plot} .curves .k-sent")
    window.click("#p1-1s .buttons input")
    squeezed = window.run("return document.querySelector(arguments[0]).getAttribute('d')", f"{plot} .curves .k-sent")
    assert squeezed != before
    assert spread(squeezed) > 4 * spread(before)  # the burst takes more room than its share of the time
    window.click("#p1-1s .buttons input")
    assert (
        window.run("return document.querySelector(arguments[0]).getAttribute('d')", f"{plot} .curves .k-sent") == before
    )
    window.run("arguments[0].focus()", field)
    window.press(RIGHT)
    first = window.one("#tip-card").text
    assert "Three-way handshake, step 2" in first
    for _ in range(3):
        window.press(RIGHT)
    assert window.one("#tip-card").text != first
    window.press(LEFT, ENTER)
    assert window.run("return location.hash").startswith("#l1-1-")
    again = window.one(f"{plot} .curves .k-again")
    window.hover(field, across(window, field, f"{plot} .curves .k-again"), down(again, field))
    card = window.one("#tip-card").text
    assert [number for number, line in enumerate(lines("loss"), 1) if line in card] in ([43], [44], [45], [46])
    assert window.complaints() == []


def across(window: Browser, field: WebElement, curve: str) -> int:
    """Return how far right of the middle of a plot a curve begins."""
    return int(window.one(curve).rect["x"] - field.rect["x"] - field.rect["width"] / 2) + 1


def down(curve: WebElement, field: WebElement) -> int:
    """Return how far below the middle of a plot the middle of a curve is."""
    return int(curve.rect["y"] + curve.rect["height"] / 2 - field.rect["y"] - field.rect["height"] / 2)


def spread(path: str) -> int:
    """Return how far the middle half of a curve's points reaches."""
    places = sorted(int(part.split()[0]) for part in path.split("M")[1:])
    return places[3 * len(places) // 4] - places[len(places) // 4]


# ------------------------------------------------------------------ language, theme, paper, no script


@pytest.mark.parametrize("script", [True, False])
def test_both_languages_and_themes_are_in_the_page(window: Browser, pages: Path, *, script: bool) -> None:
    """The switches work with and without the script; no text of the other language stays."""
    window.open(pages / "refused.html", script=script)
    assert "Connection refused" in window.one("main").text
    assert "连接被拒绝" not in window.one("main").text
    window.one("#lang-zh").click()
    text = window.one("main").text
    assert "连接被拒绝" in text
    assert "Connection refused" not in text
    assert "Likely cause" not in text
    if script:
        assert "筛选" in window.one("#tools").text
        assert window.one("html").get_attribute("lang") == "zh"
    grounds = set()
    for theme in ("light", "dark"):
        window.one(f"#theme-{theme}").click()
        grounds.add(window.one("body").value_of_css_property("background-color"))
    assert len(grounds) == 2


def test_everything_is_read_without_a_script(window: Browser, pages: Path) -> None:
    """Tables, records, ladders, plots and diagrams stand there; links open what they lead to."""
    window.open(pages / "all.html", script=False)
    assert len(window.seen("#table tbody tr")) == 10
    window.click(".conn summary")
    for query in (".ladder li", ".fsm", ".records li", ".metrics"):
        assert window.seen(f".conn[open] {query}"), query
    assert window.one("#tools").text == ""
    window.open(pages / "loss.html", script=False)
    box = window.one("#p1-1s-seq .curves .k-sent").rect
    assert box["width"] > 100
    assert box["height"] > 50
    assert window.complaints() == []


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_nothing_is_wider_than_the_window(window: Browser, pages: Path, size: tuple[int, int]) -> None:
    """On a desktop and on a phone the page scrolls downwards only."""
    window.size(*size)
    try:
        for name in ("all", "zero_window"):
            window.open(pages / f"{name}.html")
            window.run("document.querySelector('.conn').open = true")
            for lang in ("en", "zh"):
                window.run("document.querySelector(arguments[0]).click()", f"#lang-{lang}")
                assert window.run("return document.documentElement.scrollWidth") <= size[0]
    finally:
        window.size(*DESKTOP)


@pytest.mark.parametrize("script", [True, False])
def test_paper_shows_what_is_closed_on_the_screen(window: Browser, pages: Path, *, script: bool) -> None:
    """Nobody can open a connection there."""
    parts = (".verdict", ".ladder", ".fsm", ".records li")
    visible = "return [...document.querySelectorAll(arguments[0])].filter((part) => part.checkVisibility()).length"
    window.open(pages / "all.html", script=script)
    assert [window.run(visible, f".conn {part}") for part in parts] == [0, 0, 0, 0]
    window.printing(on=True)
    try:
        for part in parts:
            assert window.run(visible, f".conn {part}") == len(window.all(f".conn {part}")) > 0, part
    finally:
        window.printing(on=False)


def test_a_number_stands_in_one_line(window: Browser, pages: Path) -> None:
    """A phone has no room for a column that takes 39,456 for 39,45 and 6."""
    window.size(*PHONE)
    try:
        window.open(pages / "loss.html")
        tops = """return [...document.querySelectorAll('.metrics td')].map((cell) => {
            const range = document.createRange();
            range.selectNodeContents(cell);
            return new Set([...range.getClientRects()].map((box) => Math.round(box.bottom))).size;
        })"""
        assert set(window.run(tops)) == {0, 1}  # some cells are empty
        assert window.run("return document.documentElement.scrollWidth") <= PHONE[0]
    finally:
        window.size(*DESKTOP)


def test_a_comparison_shows_what_belongs_to_what(window: Browser, program: Program, tmp_path: Path) -> None:
    """Each connection stands by itself, and what a heading is about stands behind it, on a screen of any width."""
    page = tmp_path / "pair.html"
    logs = [ROOT / "fixtures" / "pairs" / f"{name}.log" for name in ("client", "server")]
    assert program("compare", "-f", "html", "-o", page, *logs).code == 0
    for size in (PHONE, DESKTOP):
        window.size(*size)
        window.open(page)
        pairs = window.all(".link")
        assert len(pairs) == 3
        for one, two in pairwise(pair.rect for pair in pairs):
            assert one["y"] + one["height"] < two["y"]
        for head in window.all(".link > p, .link details[open] > summary"):
            below = head.find_element("xpath", "following-sibling::ul/li")
            assert below.rect["x"] > head.rect["x"]
        assert window.run("return document.documentElement.scrollWidth") <= size[0]


# ------------------------------------------------------------------ hostile logs

EVIL = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"><style>*{display:none}</style>"
BIDI = "\u202ereversed\u202c \u2066isolated\u2069 \u200bzero\ufeffwidth \u3164filler \x1b[31mred\x07 \u05d0\u05d1 \U000e0041"


def hostile() -> list[str]:
    """Return a log that has markup, script, style, addresses of scripts, controls and marks in every field of text."""
    src = "javascript:alert(1)//<svg/onload=alert(1)>.5"
    names = (src.replace(" ", ""), "a'><b>x</b>.80", "javascript:alert(2).443", "{{7*7}}${7*7}.http")
    lines = [
        f"{EVIL} {BIDI} </pre></script><!--",
        f"listening on <b>{BIDI}</b>, link-type EN10MB (Ethernet), capture size 262144 bytes",
    ]
    for number, name in enumerate(names):
        at = f"10:00:0{number}.000001 IP {name} > 10.0.0.2.<i>{number}</i>: "
        plain = f"10:00:0{number}.100001 IP 10.0.0.{number}.1000 > 10.0.0.9.80: "
        lines += [
            at + "Flags [S], seq 1, win 9, length 0",
            at + f"Flags [P.], seq 2:12, ack 1, win 9, length 10: HTTP: GET /{EVIL} {BIDI}",
            plain
            + "Flags [S], seq 1, win 9, options [mss 1460,unknown-77 0x3c736372697074,<script>alert(3)</script>], length 0",
            plain + f"Flags [P.], seq 2:12, ack 1, win 9, length 10: HTTP: {EVIL} {BIDI} `{{x}}` <!-- ]]> </script>",
            plain + f"Flags [{EVIL}], seq 2:12, ack 1, win 9, length 10",
            plain + f"Flags [.], ack <script>alert(4)</script>, win 9, length 10 {BIDI}",
        ]
    return lines


def test_a_hostile_log_executes_nothing_and_hides_nothing(window: Browser, tmp_path: Path) -> None:
    """Whatever it holds is text in the page: no element of its own, no address, no character without ink."""
    log, page = tmp_path / f"{EVIL.replace('/', '_')[:80]}.log", tmp_path / "hostile.html"
    log.write_text("\n".join(hostile()) + "\n", "utf-8")
    page.write_text(report(log), "utf-8")
    window.open(page)
    assert window.complaints() == []
    assert window.requests() == [page.as_uri()]
    assert window.run("return document.title") == f"{log.name} – tdexplain"
    assert window.run("return document.querySelectorAll('script').length") == 3
    assert window.run("return document.querySelectorAll('style').length") == 1
    assert (
        window.run(
            "return document.querySelectorAll('main img, main i[id], iframe, object, embed, svg[onload], base').length"
        )
        == 0
    )
    assert window.run("return [...document.querySelectorAll('a')].every(a => a.getAttribute('href').startsWith('#'))")
    assert window.run(
        "return [...document.querySelectorAll('*')].every(e => e.getAttributeNames().every(n => !/^(on|style$)/.test(n) || n === 'style'))"
    )
    window.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    shown = window.run("return document.querySelector('main').textContent")
    for line in hostile():
        seen = "".join(visible(character) for character in line)
        assert seen in shown, line
    assert not [character for character in shown if not (character.isprintable() or character in "\n\t")]
    for size in (PHONE, DESKTOP):
        window.size(*size)
        assert window.run("return document.documentElement.scrollWidth") <= size[0]
    for rung in window.all(".ladder li[data-l]")[:6]:
        window.hover(rung)
    assert window.complaints() == []
    assert window.run("return document.title") == f"{log.name} – tdexplain"


def lines(name: str) -> list[str]:
    """Return the lines of a capture."""
    return (CAPTURES / name / "absolute.log").read_text("utf-8").splitlines()


# ------------------------------------------------------------------ the local page


@pytest.mark.parametrize("script", [True, False])
def test_the_local_page_takes_a_paste_and_a_file(window: Browser, tmp_path: Path, *, script: bool) -> None:
    """In the language chosen; the report works as one that was saved; nothing else is asked for."""
    pytest.importorskip("uvicorn", reason="uvicorn is not installed")
    with served(temporary=tmp_path) as port:
        here = f"http://127.0.0.1:{port}/"
        window.open(here, script=script)
        window.one("#lang-zh").click()
        window.run("arguments[0].value = arguments[1]", window.one("#text"), "\n".join(lines("refused")))
        window.leave(".go")
        assert "连接被拒绝" in window.one("main").text
        assert window.driver.current_url == here + "report"
        assert window.requests() == [here, here + "report"]
        window.open(here, script=script)
        window.one("#file").send_keys(str(CAPTURES / "loss" / "absolute.log"))
        window.leave(".go")
        assert window.seen(".card h3") == ["Complete, closed cleanly"]
        window.open(here, script=script)
        window.leave(".go")
        assert "There was nothing in it." in window.one("[role=alert]").text
        window.driver.refresh()
        assert [text for text in window.complaints() if "400" not in text] == []


# ------------------------------------------------------------------ for everyone

AXE = ROOT / ".cache" / "axe" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: make test-axe")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["all", "zero_window"])
def test_axe_finds_no_serious_violation(window: Browser, pages: Path, name: str, scheme: str) -> None:
    """Landmarks, names, contrast: nothing that keeps a reader out; one connection is open."""
    window.scheme(scheme)
    window.open(pages / f"{name}.html")
    window.run("document.querySelector('.conn').open = true")
    window.run(AXE.read_text("utf-8"))
    found = window.ask(
        "const done = arguments[arguments.length - 1]; axe.run().then(result => done(result.violations))"
    )
    window.scheme("light")
    serious = [
        (violation["id"], violation["impact"], [node["target"] for node in violation["nodes"][:3]])
        for violation in found
        if violation["impact"] in {"serious", "critical"}
    ]
    assert serious == []
