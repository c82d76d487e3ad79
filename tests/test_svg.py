"""SVG ladders: well-formed, self-contained, escaped, readable on both grounds, and nothing overlaps, in theory and in a browser."""

from __future__ import annotations

import re
import shutil
from itertools import product
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

import pytest
from conftest import CORPUS, ROOT, run
from hypothesis import given, settings
from hypothesis import strategies as st
from ladders import conversation, drawn, lines_of, steps_of
from pytest_regressions.file_regression import FileRegressionFixture

from tdparse.diagram import ROWS, Arrow, Folding
from tdparse.escapes import safe
from tdparse.model import Lang, NumberStyle
from tdparse.render.rung import Words
from tdparse.render.screen import width
from tdparse.render.svg import COLUMN, MOST, SMALL, STYLE, WIDTH, Svg
from tdparse.wording import state_text

EXPECTED = ROOT / "fixtures" / "diagram"
CAPTURES = ROOT / "fixtures" / "captures"
LANGS: tuple[Lang, ...] = ("en", "zh")
STYLES: tuple[NumberStyle, ...] = ("relative", "absolute", "both", "symbolic")
SVG = "{http://www.w3.org/2000/svg}"
ENOUGH = 4.5  # contrast of text: WCAG 2.2, level AA
LONG = "a-very-long-name." * 14 + "example"
EDGES = [
    f"10:00:00.000001 IP {LONG}.5 > {LONG}.80: Flags [S], seq 4294967295, win 9, length 0",
    f"10:00:01.000001 IP {LONG}.5 > {LONG}.80: Flags [S], seq 4294967295, win 9, length 0",
    "10:00:02.000001 IP6 2001:db8:1234:5678:9abc:def0:1234:5678.5 > 2001:db8::1.80: Flags [F.], seq 9, ack 8, win 9, length 0",
    "10:00:02.100001 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [R], seq 9, win 9, length 0",
]


class Box(NamedTuple):
    """Where a text stands."""

    left: float
    right: float
    baseline: float
    text: str


def picture(lines: list[str], lang: Lang = "en", numbers: NumberStyle = "relative") -> str:
    """Return the picture of a log."""
    return drawn(Svg(Words(lang, numbers)), lines)


def boxes(root: ET.Element, top: float = 0) -> list[Box]:
    """Return where texts stand, by the layout's own measure."""
    found = []
    for child in root:
        shift = re.fullmatch(r"translate\(0 ([\d.]+)\)", child.get("transform", "translate(0 0)"))
        assert shift
        if child.tag == SVG + "text":
            forms, text = child.get("class", "").split(), child.text or ""
            wide = width(text) * (SMALL if "small" in forms else COLUMN)
            x = float(child.get("x", "nan"))
            left = x - wide if "end" in forms else x - wide / 2 if "mid" in forms else x
            found.append(Box(left, left + wide, top + float(child.get("y", "nan")), text))
        found += boxes(child, top + float(shift[1]))
    return found


def logs() -> list[Path]:
    """Return the project's captures, and the corpora where they are."""
    return [*sorted(CAPTURES.glob("*/absolute.log")), *sorted(CORPUS.glob("kernel/*/client.txt"))]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_picture_looks_as_it_did(lang: Lang, file_regression: FileRegressionFixture) -> None:
    """Losses, repetitions, folds and a close, as they were looked at in a browser."""
    text = picture(lines_of(CAPTURES / "loss" / "absolute.log"), lang)
    file_regression.check(text, fullpath=EXPECTED / f"expected.loss.{lang}.svg", encoding="utf-8", newline="")


@pytest.mark.parametrize("log", [*logs(), None], ids=lambda log: log.parent.name if log else "edges")
def test_no_text_stands_on_another_or_outside(log: Path | None) -> None:
    """In both languages and all styles of numbers, with long names too."""
    lines = EDGES if log is None else lines_of(log)
    for lang, numbers in product(LANGS, STYLES):
        root = ET.fromstring(picture(lines, lang, numbers))  # noqa: S314 - our own output
        placed = sorted(boxes(root), key=lambda box: box.baseline)
        height = float(root.get("height", "nan"))
        for box in placed:
            assert box.left >= 0, box
            assert box.right <= WIDTH, box
            assert 10 <= box.baseline <= height - 4, box
        for place, one in enumerate(placed):
            for other in placed[place + 1 :]:
                if other.baseline - one.baseline >= 13:  # the height of a line of capitals and descenders
                    break
                assert one.right <= other.left or other.right <= one.left, (one, other)


@pytest.mark.parametrize("log", logs(), ids=lambda log: log.parent.name)
@pytest.mark.parametrize("numbers", STYLES)
def test_every_number_and_state_is_in_the_picture(log: Path, numbers: NumberStyle) -> None:
    """Of whatever is not folded: the numbers whole, the states in texts of their own where they change."""
    lines = lines_of(log)
    words = Words("en", numbers)
    root = ET.fromstring(picture(lines, "en", numbers))  # noqa: S314 - our own output
    texts = {text.text or "" for text in root.iter(SVG + "text")}
    tokens = {token for text in texts for token in text.split()}
    connections: dict[int, Folding] = {}
    for step in steps_of(lines):
        connections.setdefault(step.flow.conn, Folding()).feed(step)
    for folding in connections.values():
        for row in folding.rows():
            if isinstance(row, Arrow):
                assert tokens.issuperset(" ".join(words.label(row.step)).split())
                for side in (row.step.client, row.step.server):
                    if side.before != side.after:
                        first, *others = state_text(side.after).split("|")
                        assert texts.issuperset([first, *(f"|{other}" for other in others)])


def test_it_is_self_contained() -> None:
    """Nothing is fetched, nothing runs: no scripts, links, images, fonts from elsewhere."""
    text = picture(lines_of(CAPTURES / "loss" / "absolute.log"))
    assert re.findall(r"https?://[^\"]*", text) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"<script|href|url\(|@import|<image|<foreignObject|\son\w+=", text)


@settings(max_examples=50)
@given(host=st.text(st.characters(codec="utf-8") | st.sampled_from("<>&\"'\x1b\x00\ufffe\uffff\u202e三"), max_size=80))
def test_whatever_a_log_holds_is_text(host: str) -> None:
    """The picture stays well-formed XML, its elements are ours, and the host is in it, character for character."""
    line = f"10:00:00.000001 IP x{host}x.5 > 10.0.0.2.80: Flags [S], seq 7, win 9, length 0"
    text = picture([line])
    steps = steps_of([line])
    assert bool(text) == bool(steps)
    if not steps:
        return
    root = ET.fromstring(text)  # noqa: S314 - our own output
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "style", "rect", "g", "title", "text", "path"}
    shown = "".join(element.text or "" for element in root.iter(SVG + "text"))
    wanted = safe(steps[0].segment.src.host).replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")
    assert "".join(wanted.split()) in "".join(shown.split())


def test_what_happened_to_a_segment_shows_on_its_arrow() -> None:
    """Dashes for what is sent again, a cross for what got lost, dots for what was not captured; a legend for each."""
    text = picture(conversation("S P. 100 unseen\nS P. 50\nC P. 7 lost\nC P. 7 seq=1 +0.5\nS .\n"))
    assert len(re.findall(r'class="arrow again"', text)) == 1
    assert len(re.findall(r'class="arrow gap"', text)) == 1
    assert len(re.findall(r"l10 10m0 -10l-10 10", text)) == 1
    assert "100 bytes not captured" in text
    assert all(sign in text for sign in ("╌╌▶", "──✕", "┈┈▷"))


@pytest.mark.parametrize("ground", ["light", "dark"])
def test_text_stands_out_on_both_grounds(ground: str) -> None:
    """Every colour of text has enough contrast with its ground and with the band of a fold."""
    palettes = re.findall(r"\.td\{(--ground[^}]*)\}", STYLE)
    assert len(palettes) == 2
    colors = dict(re.findall(r"--(\w+):(#\w+)", palettes[ground == "dark"]))
    for name in ("ink", "dim", "opening", "open", "closing", "waiting", "off", "reset", "note", "warn", "error"):
        for under in ("ground", "band") if name in {"ink", "dim"} else ("ground",):
            assert contrast(colors[name], colors[under]) >= ENOUGH, (name, under)


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours (WCAG 2.2)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(color: str) -> float:
    """Return the relative luminance of ``#rgb`` or ``#rrggbb``."""
    digits = color[1:] if len(color) == 7 else "".join(2 * digit for digit in color[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_picture_is_bounded() -> None:
    """Long connections fold, and of very many connections the first are drawn and the others counted."""
    long = picture(conversation("S P. 100 unseen\nS P. 100\n" * 1000))
    assert long.count("<g class=") <= ROWS
    lines = [
        f"10:00:00.000001 IP 10.0.0.1.{port} > 10.0.0.2.80: Flags [S], seq 7, win 9, length 0"
        for port in range(1000, 1000 + MOST + 42)
    ]
    many = picture(lines)
    assert many.count("<g transform=") == MOST
    assert "… 42 more connections …" in many


def test_connections_stand_in_order() -> None:
    """One below the other, by their numbers, whichever was over first."""
    text = picture(lines_of(CAPTURES / "reuse" / "absolute.log"))
    assert re.findall(r"<title>Connection #(\d)", text) == ["1", "2", "3"]
    tops = [float(top) for top in re.findall(r"<g transform=\"translate\(0 ([\d.]+)\)\">", text)]
    assert tops == sorted(set(tops))


# ------------------------------------------------------------------ in a browser


MEASURE = """<!doctype html><meta charset="utf-8"><body style="margin:0">%s<pre id="found"></pre><script>
const texts = [...document.querySelectorAll("svg text")].map(
  (text) => ({ box: text.getBoundingClientRect(), text: text.textContent }));
const found = [];
texts.forEach((one, place) => {
  if (one.box.left < 0 || one.box.right > %d) found.push("outside: " + one.text);
  for (const other of texts.slice(place + 1)) {
    const wide = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
    const high = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
    if (wide > 1 && high > 4) found.push(one.text + " / " + other.text);
  }
});
document.getElementById("found").textContent = "measured " + texts.length + "\\n" + found.join("\\n");
</script>"""


@pytest.mark.slow
@pytest.mark.parametrize(("lang", "numbers"), [("en", "relative"), ("zh", "both")])
def test_nothing_overlaps_in_a_browser(lang: Lang, numbers: NumberStyle, tmp_path: Path) -> None:
    """Chromium, with the fonts there are, draws no text on another and none outside."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        pytest.skip("no Chromium to draw in")
    for name in ("loss", "reuse", "close6", "edges"):
        lines = EDGES if name == "edges" else lines_of(CAPTURES / name / "absolute.log")
        page = tmp_path / f"{name}.html"
        page.write_text(MEASURE % (picture(lines, lang, numbers), WIDTH), encoding="utf-8")
        options = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--dump-dom",
        ]
        done = run([browser, *options, page.as_uri()])
        measured = re.search(r'<pre id="found">measured (\d+)\n(.*?)</pre>', done.out, re.DOTALL)
        assert measured, done.err
        assert int(measured[1]) > 5
        assert measured[2] == ""
