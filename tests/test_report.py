"""The report: one page, self-contained, bounded, in both languages, with nothing from a log in it unescaped."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from functools import partial
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest
from bench_report import conversations, run, transfer
from conftest import PACKAGE, ROOT, Program
from costs import times
from hypothesis import given, settings
from hypothesis import strategies as st
from ladders import conversation, lines_of, view
from reports import report
from test_selection import checked

from tdparse import catalog
from tdparse.model import Lang, Step, Summary
from tdparse.pipeline import explain
from tdparse.render.report import Report, shell, table
from tdparse.render.report.gravity import of_severity, of_summary
from tdparse.render.report.keep import CLEAN, LINES
from tdparse.render.report.markup import shown
from tdparse.render.report.series import Series
from tdparse.render.table import GRAVITY, gravest

CAPTURES = ROOT / "fixtures" / "captures"
LOGS = sorted(path.parent.name for path in CAPTURES.glob("*/absolute.log"))
VOID = frozenset({"meta", "link", "input", "br", "wbr", "path", "use", "rect", "circle", "line"})


class Page(HTMLParser):
    """What a page has in it, read as a browser would, strictly."""

    def __init__(self, text: str) -> None:
        """Read it; every element that is opened must be closed."""
        super().__init__(convert_charrefs=True)
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.styled: list[str] = []
        self.handlers: list[str] = []
        self.policy = ""
        self.text: list[str] = []
        self.parts: dict[str, str] = {}
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        known = dict(attrs)
        self.tags.append(tag)
        self.handlers += [name for name in known if name.startswith("on")]
        self.styled += [tag for name in known if name == "style"]
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.links += [value for name, value in attrs if name in {"href", "src", "action", "xlink:href"} and value]
        if known.get("http-equiv") == "Content-Security-Policy":
            self.policy = known["content"] or ""
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element that is closed at once."""
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        """Close an element: the one that was opened last."""
        assert self._open, tag
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        where = self._open[-1] if self._open else ""
        if where in {"style", "script"}:
            self.parts[where + ("-plain" if "noscript" in self._open else "")] = data  # the script is the last one
            if where == "script" and data.startswith("{"):
                self.parts["data"] = data
        else:
            self.text.append(data)


def page(lines: list[str], lang: Lang = "en") -> str:
    """Return the report on a log of one line a record."""
    return view(Report(lang), lines)


@pytest.mark.parametrize("name", LOGS)
def test_a_page_is_well_formed_and_leads_nowhere_else(name: str) -> None:
    """Every element closes, no id stands twice, every link leads to a part of the page, no style or handler is inline."""
    read = Page(page(lines_of(CAPTURES / name / "absolute.log")))
    assert len(read.ids) == len(set(read.ids))
    inner = [link for link in read.links if not link.startswith("data:image/svg+xml,")]
    assert {link.removeprefix("#") for link in inner} <= set(read.ids)
    assert len(read.links) - len(inner) == 1  # the icon
    assert read.styled == read.handlers == []


def test_the_policy_names_the_style_and_the_script_by_their_hashes() -> None:
    """Nothing else can run or be fetched."""
    read = Page(page(lines_of(CAPTURES / "close" / "absolute.log")))
    read.parts["switches"] = shell.asset(shell.SWITCHES)
    hashes = {
        part: b64encode(sha256(read.parts[part].encode()).digest()).decode()
        for part in ("style", "style-plain", "script", "switches")
    }
    assert read.policy == (
        f"default-src 'none'; style-src 'sha256-{hashes['style']}' 'sha256-{hashes['style-plain']}'; script-src 'sha256-{hashes['switches']}' 'sha256-{hashes['script']}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


@pytest.mark.parametrize("name", LOGS)
def test_everything_to_read_is_there_without_a_script(name: str) -> None:
    """Every record as it was, its explanation in both languages, ladder, states and plots as static pictures."""
    lines = lines_of(CAPTURES / name / "absolute.log")
    text = page(lines)
    for line in lines:
        assert f"<pre>{shown(line)}</pre>" in text
    summaries = [item for item in explain(lines) if isinstance(item, Summary)]
    for summary in summaries:
        for lang in catalog.LANGUAGES:
            assert catalog.sentence("verdict", summary.verdict, lang, "title") in text
    assert text.count("<ol class=ladder>") == text.count("<ol class=records>") == len(summaries)
    assert text.count("<svg class=fsm") == 2 * len(summaries)


def test_the_data_for_the_script_is_json() -> None:
    """It is read as it stands, and holds nothing that could end its element."""
    read = Page(page(lines_of(CAPTURES / "loss" / "absolute.log")))
    data = json.loads(read.parts["data"])
    assert len(data["keys"]) == 1
    assert set(data["words"]) == {"en", "zh"}
    assert "<" not in read.parts["data"]


@pytest.mark.parametrize("name", LOGS)
def test_the_plots_agree_with_the_metrics(name: str) -> None:
    """As many RTT samples as the connection's metrics have, with the same least and largest."""
    series: dict[int, Series] = {}
    for item in explain(lines_of(CAPTURES / name / "absolute.log")):
        if not isinstance(item, Summary):
            if isinstance(item, Step):
                series.setdefault(item.flow.conn, Series()).feed(item)
            continue
        rtt = item.metrics.get("rtt", {})
        assert isinstance(rtt, dict)
        for role, way in series[item.flow.conn].of.items():
            values = [sample.value for sample in way.rtt]
            known = rtt.get(role)
            assert bool(values) == bool(known)
            if known:
                assert (min(values), max(values)) == (round(known["min"] * 1e9), round(known["max"] * 1e9))
                assert len(values) == known["count"]


@settings(max_examples=60)
@given(st.text())
def test_no_text_is_markup_and_none_is_hidden(text: str) -> None:
    """What stands between tags is text, and every character of it has ink or is a blank."""
    markup = shown(text)
    inner = re.sub(r"</?b(?: class=esc)?>", "", markup)
    assert "<" not in inner
    assert all(character == "\t" or character.isprintable() for character in markup)


def test_the_program_writes_a_report(program: Program, tmp_path: Path) -> None:
    """To a file; to standard output when that is no terminal; nothing to explain is told, too."""
    log = CAPTURES / "close" / "absolute.log"
    target = tmp_path / "x.html"
    done = program("report", "-o", str(target), str(log))
    assert (done.code, done.out, done.err) == (0, "", "")
    assert target.read_text("utf-8") == program("report", str(log)).out
    empty = tmp_path / "empty.log"
    empty.write_text("nothing here\n")
    done = program("report", "-o", str(target), str(empty))
    assert done.code == 4
    assert "No TCP segment" in target.read_text("utf-8")


def test_of_many_connections_the_worst_are_told_and_the_rest_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page is bounded, every connection is in it, and it says how many are not told in detail."""
    monkeypatch.setattr(table, "FULL", 100)
    text = page(list(conversations(130)))
    assert text.count("<details class=conn") == CLEAN + 5  # reset, or with a loss
    assert len(re.findall("<tr><td>(?:<a|#)", text)) == 100
    assert f"only in the table: {130 - CLEAN - 5}" in text
    others = text[text.index("<details id=others>") :].partition("</details>")[0]
    assert others.count("complete.clean") == 30
    first = text.index("<details class=conn")
    assert "Reset by the client" in text[first : first + 1000]


def test_of_a_long_connection_the_ends_and_the_remarkable_are_told() -> None:
    """What is hidden is counted; the plots are made of all records."""
    data = "".join(f"C P. 100\nS . {'win=0' if number == 4000 else ''}\n" for number in range(4000))
    lines = conversation(data + "C F.\nS F.\nC .\n")
    text = page(lines)
    assert len(text) < 6_000_000
    told = len(re.findall(r"<li id=l1-1-\d+", text))
    assert LINES // 2 < told <= LINES
    hidden = sum(
        int(number.replace(",", ""))
        for number in re.findall(r"<li class=hole><b><span lang=en>… ([\d,]+) segments", text)
    )
    assert told + hidden == len(lines)
    for line in (lines[0], lines[-1]):
        assert f"<pre>{shown(line)}</pre>" in text
    sent = json.loads(Page(text).parts["data"])["plots"]["p1-1c"]["plots"]["seq"]["lines"]
    assert max(map(len, sent)) > LINES


def test_a_selection_is_told_and_everything_is_counted(program: Program) -> None:
    """`--conn` tells one connection; the counts of the log stay."""
    text = program("report", "-c", "2", str(CAPTURES / "reuse" / "absolute.log")).out
    assert re.findall(r"<details class=conn id=(\S+)", text) == ["c1-2"]
    assert len(re.findall("<tr><td>(?:<a|#)", text)) == 1
    log = (CAPTURES / "reuse" / "absolute.log").read_text("utf-8").splitlines()
    facts = text[text.index("<dl class=facts>") :].partition("</dl>")[0]
    assert f"<dd>{len(log)}</dd>" in facts
    assert "<dd>tcpdump-4 · " in facts


def test_a_report_names_no_dialect_that_the_log_does_not_show(program: Program) -> None:
    """The form of older releases is not that of tcpdump 4."""
    text = program("report", given=b"12:00:00.000001 10.0.0.1.5 > 10.0.0.2.80: S 7:7(0) win 9\n").out
    assert "10.0.0.2" in text
    assert "tcpdump-4" not in text


KEYS = {
    "relative": "Numbers are relative: ",
    "absolute": "Numbers are absolute, ",
    "both": "with the absolute ones in brackets",
    "symbolic": "j and k stand for the initial sequence numbers",
}


@pytest.mark.parametrize("style", KEYS)
def test_the_key_tells_how_numbers_are_shown(program: Program, style: str) -> None:
    """R4, R35: as `-n` says, and of no other style."""
    text = program(
        "report", "-n", style, given=b"12:00:00.000001 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 7, win 9, length 0\n"
    ).out
    assert [name for name, said in KEYS.items() if said in text] == [style]


def test_the_labels_of_pages_are_whole_and_used() -> None:
    """Each in both languages with the same placeholders, asked for by the code or by the script."""
    code = "".join(path.read_text("utf-8") for path in PACKAGE.rglob("*") if path.suffix in {".py", ".js"})
    groups = set(re.findall(r"""["'](\w+_)(?:["'] \+|\{)""", code))  # label("nav_" + name), label(f"plot_{kind}")
    for name in catalog.page_codes():
        en, zh = catalog.page(name)
        assert en
        assert zh
        assert re.findall(r"\{\w+\}", en) == re.findall(r"\{\w+\}", zh), name
        spoken = name.removeprefix("script_")
        quoted = (f'"{spoken}"', f"'{spoken}'")
        assert any(word in code for word in quoted) or any(name.startswith(group) for group in groups), name


COSTLY = {
    "20 lines": lambda: conversations(1),
    "1,200 lines": lambda: conversations(60),
    "a long transfer": lambda: transfer(30_000),
}


@pytest.mark.parametrize("name", COSTLY)
def test_a_report_costs_at_most_twice_the_text(tmp_path: Path, name: str) -> None:
    """Processor time of the whole program."""
    log = tmp_path / "x.log"
    log.write_text("\n".join(COSTLY[name]()) + "\n")
    page = partial(run, "report", "-o", str(tmp_path / "x.html"), str(log))
    assert times(page, partial(run, str(log)), 2) <= 2


def test_lines_of_several_logs_are_told_apart(tmp_path: Path) -> None:
    """A line that could not be read stands with its log."""
    bad = "10:00:00.000000 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq x, win 9, length 0\n"
    whole = (CAPTURES / "close" / "absolute.log").read_text()
    (tmp_path / "first.log").write_text(whole)
    (tmp_path / "second.log").write_text(whole + bad)
    both = report(tmp_path / "first.log", tmp_path / "second.log")
    (rejected,) = re.findall(r"<section id=rejected.*?</section>", both, re.DOTALL)
    assert "<code>second.log</code>" in rejected
    assert "first.log" not in rejected
    assert re.search(r"unreadable segment line.{0,80}×1", both)
    (alone,) = re.findall(r"<section id=rejected.*?</section>", report(tmp_path / "second.log"), re.DOTALL)
    assert "second.log" not in alone


def test_the_banner_counts_what_the_report_is_about() -> None:
    """Of connections that were chosen only their own segments count."""
    log = CAPTURES / "reuse" / "absolute.log"
    (chosen,) = [
        item for item in explain(log.read_text().splitlines()) if isinstance(item, Summary) and item.flow.conn == 2
    ]
    (banner,) = re.findall(r'class="headline[^>]*>.*?<small>(.*?)</small></p>', report(log, conns=(2,)))
    assert re.findall(r"：</span>([0-9,]+)", banner)[:2] == ["1", str(chosen.segments)]


@pytest.mark.parametrize(
    ("right", "severity"), [(("correct",) * 4, "note"), ((), "chat")], ids=["computed", "offloaded"]
)
def test_a_finding_weighs_what_it_is_in_its_connection(right: tuple[str, ...], severity: str) -> None:
    """bad_checksum is chat where the network card computes checksums (R8), in the list and in the order of connections."""
    log = checked(*right, "incorrect -> 0x0001")
    (summary,) = (item for item in explain(log) if isinstance(item, Summary))
    alone = summary._replace(findings={"bad_checksum": 1})
    assert of_summary(alone)[1] == of_severity(severity)
    assert GRAVITY[gravest(alone)].value == severity
    assert re.search(rf"<li class={severity}>(?:(?!</li>).)*<code>bad_checksum</code>", page(log))
