"""Mermaid diagrams: escaped, small enough, and, where Mermaid is installed (make test-mermaid), read by its parser."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import CORPUS, ROOT
from hypothesis import given
from hypothesis import strategies as st
from ladders import conversation, drawn, lines_of, view
from pytest_regressions.file_regression import FileRegressionFixture

from tdparse.diagram import ROWS
from tdparse.escapes import safe
from tdparse.model import Lang, NumberStyle
from tdparse.render.collect import Diagrams
from tdparse.render.mermaid import LARGEST, Mermaid, escaped
from tdparse.render.rung import Words

EXPECTED = ROOT / "fixtures" / "diagram"
CAPTURES = ROOT / "fixtures" / "captures"
INSTALLED = ROOT / ".cache" / "mermaid"
PARSE = ROOT / "tests" / "mermaid" / "parse.mjs"

TEXT = r"(?:[^#;<>&`{}\"\\%$]|#\d+;|<br/>)+"
LINES = [
    re.compile(rf"    participant ([CS]) as {TEXT}"),
    re.compile(rf"    (?:C(?:-|--)(?:>>|x|\))S|S(?:-|--)(?:>>|x|\))C): {TEXT}"),
    re.compile(rf"    Note (?:left of C|right of S|over C,S): {TEXT}"),
]
HOSTILE = (
    "end",
    "a;b",
    "a#b",
    "x<br>y",
    "<script>alert(1)</script>",
    "%%{init",
    "`",
    '"',
    "'",
    "a->>b",
    "{}",
    "$$x$$",
    "三",
)


def diagrams(text: str) -> list[str]:
    """Return the diagrams of an output: the one it is, or those of a document."""
    if text.startswith("sequenceDiagram\n"):
        return [text]
    return re.findall(r"^```mermaid\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def hostile() -> list[str]:
    """Return a log whose hosts are what no host should be."""
    return [
        f"10:00:00.00000{place % 10} IP {host}.{place + 1000} > {host}.80: Flags [S], seq 7, win 9, length 0"
        for place, host in enumerate(HOSTILE)
    ]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", ["loss", "reuse"])
def test_a_diagram_looks_as_it_did(lang: Lang, name: str, file_regression: FileRegressionFixture) -> None:
    """One connection is a diagram, three are a document."""
    text = drawn(Mermaid(Words(lang)), lines_of(CAPTURES / name / "absolute.log"))
    ending = "mmd" if name == "loss" else "md"
    file_regression.check(text, fullpath=EXPECTED / f"expected.{name}.{lang}.{ending}", encoding="utf-8", newline="")


def test_several_connections_are_a_document_with_a_diagram_each() -> None:
    """One connection alone is the diagram itself, so that it can be used as it is; none is nothing."""
    lines = lines_of(CAPTURES / "reuse" / "absolute.log")
    several = drawn(Mermaid(Words("en")), lines)
    assert len(diagrams(several)) == 3
    assert re.findall(r"^## Connection \\#(\d)", several, re.MULTILINE) == ["1", "2", "3"]
    one = drawn(Mermaid(Words("en")), lines[:11])
    assert one.startswith("sequenceDiagram\n")
    assert drawn(Mermaid(Words("en")), ["nothing"]) == ""


def test_every_line_has_one_of_three_shapes() -> None:
    """Participant, message or note: whatever a log holds, it is in their texts."""
    for lines in (lines_of(CAPTURES / "loss" / "absolute.log"), hostile()):
        found = diagrams(drawn(Mermaid(Words("zh", "both")), lines))
        assert found
        for line in (line for text in found for line in text.splitlines()[1:]):
            assert any(shape.fullmatch(line) for shape in LINES), line


@given(st.text(st.characters(codec="utf-8") | st.sampled_from('#;<>&`{}"\\%$:\n\x1b三ﬂ°¶ß')))
def test_escaped_text_is_harmless_and_complete(text: str) -> None:
    """Nothing that Mermaid or a browser would act on; decoded it is what a terminal would be shown."""
    shown = escaped(text)
    assert re.fullmatch(r"(?:[^#;<>&`{}\"\\%$\n\r\x1b]|#\d+;)*", shown)
    assert re.sub(r"#(\d+);", lambda match: chr(int(match[1])), shown) == safe(text)


def test_losses_and_repetitions_show_on_the_arrows() -> None:
    """A cross for what got lost, a dotted arrow for what is sent again, an open one for what was not captured."""
    script = "S P. 100 unseen\nS P. 50\nC P. 7 lost\nC P. 7 seq=1 +0.5\nS .\n"
    text = drawn(Mermaid(Words("en")), conversation(script))
    arrows = re.findall(r"^    [CS](-+\S+?)[CS]: (.*)", text, re.MULTILINE)
    shapes = {label.split("<")[0].split(" ", 2)[-1]: shape for shape, label in arrows}
    assert [shape for shape, label in arrows if "not captured" in label] == ["--)"]
    assert [shape for shape, label in arrows if "seq 1:8" in label] == ["-x", "-->>"]
    assert shapes["SYN seq 0"] == "->>"


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("run", [0, 6])
def test_a_diagram_is_small_enough_for_mermaid(lang: Lang, run: int) -> None:
    """However long the connection, its host names and its numbers, and even where nothing shall fold."""
    script = "S P. 1000 unseen\nS P. 1000\nC . sack=1000001-1002001\n" * (2 * ROWS) + "C R.\n"
    host = "a<b>" * 60
    lines = [line.replace("192.0.2.1", host) for line in conversation(script)]
    [text] = diagrams(view(Diagrams(Mermaid(Words(lang, "both")), run=run), lines))
    assert len(text) <= LARGEST
    assert run or len(text) > LARGEST // 2
    assert "SYN seq 0" in text
    assert text.count("RST+ACK") == 1
    assert ("个数据报文段" if lang == "zh" else "segments of data") in text


def test_nothing_folds_where_nothing_shall() -> None:
    """With a run of 0 every segment is a message, as long as Mermaid takes it."""
    lines = conversation("S . 100\n" * 300)
    text = view(Diagrams(Mermaid(Words("en")), run=0), lines)
    assert len(re.findall("->>", text)) == 303


def test_hosts_that_are_syntax_are_drawn_as_hosts() -> None:
    """What the grammar takes for a host is drawn; the names are not the syntax they look like."""
    text = drawn(Mermaid(Words("en")), hostile())
    assert len(diagrams(text)) > len(HOSTILE) // 2
    assert "<script" not in text
    assert "client<br/>end:1000" in text


# ------------------------------------------------------------------ the real parser


def parsed(texts: list[str]) -> list[dict[str, Any]]:
    """Return what Mermaid reads in some diagrams; without Mermaid the test is skipped."""
    node = shutil.which("node")
    if node is None or not (INSTALLED / "node_modules" / "mermaid").is_dir():
        pytest.skip("Mermaid is not installed: make test-mermaid (needs node and npm)")
    done = subprocess.run(
        [node, str(PARSE), str(INSTALLED)],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    assert len(found) == len(texts)
    return found


def unescaped(text: str, code: str) -> str:
    """Return a text with its entity codes decoded, in our spelling or in Mermaid's own."""
    return re.sub(code, lambda match: chr(int(match[1])), text)


def logs() -> list[list[str]]:
    """Return the logs to draw: the project's captures, what no log should hold, and the corpora where they are."""
    paths = [*sorted(CAPTURES.glob("*/absolute.log")), *sorted(Path(CORPUS).glob("kernel/*/client.txt"))]
    return [hostile(), *map(lines_of, paths)]


@pytest.mark.slow
@pytest.mark.parametrize(("lang", "numbers"), [("en", "relative"), ("zh", "both"), ("en", "symbolic")])
def test_mermaid_reads_what_was_drawn(lang: Lang, numbers: NumberStyle) -> None:
    """Its parser takes every diagram, and finds the participants, messages and notes that were written, in their order."""
    texts = [text for lines in logs() for text in diagrams(drawn(Mermaid(Words(lang, numbers)), lines))]
    assert len(texts) > 10
    for text, found in zip(texts, parsed(texts), strict=True):
        assert "error" not in found, f"{found}\n{text}"
        written = [line.strip() for line in text.splitlines()[1:]]
        names = [line.partition(" as ")[2] for line in written if line.startswith("participant ")]
        told = [line.partition(": ")[2] for line in written if not line.startswith("participant ")]
        decoded = [[unescaped(line, r"#(\d+);") for line in lines] for lines in (names, told)]
        read = [found["participants"], [message["message"] for message in found["messages"]]]
        assert [[unescaped(line, "ﬂ°°(\\d+)¶ß") for line in lines] for lines in read] == decoded


@pytest.mark.slow
def test_the_parser_would_have_refused() -> None:
    """The test above can fail: what is not escaped is not read, or not as it was written."""
    bad = "sequenceDiagram\n    participant C as client\n    participant S as server\n    C->>S: a; b\n"
    [found] = parsed([bad])
    assert "error" in found
