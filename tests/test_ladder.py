"""The ladder of the terminal and the view with one line a segment: goldens, widths, nothing cut, nothing dangerous."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pexpect
import pytest
from conftest import ROOT, TDEXPLAIN, Program
from hypothesis import given, settings
from hypothesis import strategies as st
from ladders import compact, conversation, ladder, lines_of, steps_of, view, whole
from pytest_regressions.file_regression import FileRegressionFixture

from tdparse.escapes import safe
from tdparse.job import Exit
from tdparse.model import Lang, NumberStyle, Step
from tdparse.pipeline import explain
from tdparse.render import Renderer
from tdparse.render.rung import Words
from tdparse.render.screen import broken, width
from tdparse.wording import state_text

EXPECTED = ROOT / "fixtures" / "diagram"
CAPTURES = ROOT / "fixtures" / "captures"
LOGS = ("loss", "reuse", "reset", "refused", "close6", "wrap")
LANGS: tuple[Lang, ...] = ("en", "zh")
STYLES: tuple[NumberStyle, ...] = ("relative", "absolute", "both", "symbolic")
VIEWS: dict[str, Callable[..., Renderer]] = {"diagram": whole, "ladder": ladder, "compact": compact}
COLOR = re.compile("\x1b\\[[0-9;]*m")


@pytest.mark.parametrize("view_name", VIEWS)
@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("columns", [80, 140])
@pytest.mark.parametrize("color", [False, True], ids=["plain", "color"])
def test_the_views_look_as_they_did(
    view_name: str,
    lang: Lang,
    columns: int,
    color: bool,  # noqa: FBT001 - parametrized
    file_regression: FileRegressionFixture,
) -> None:
    """Each view of a connection with losses, and of three connections of one address pair, is the one expected."""
    shown = "".join(
        view(VIEWS[view_name](lang, columns=columns, color=color), lines_of(CAPTURES / name / "absolute.log"))
        for name in ("loss", "reuse")
    )
    name = f"expected.{view_name}.{columns}.{lang}{'.color' if color else ''}.txt"
    file_regression.check(shown, fullpath=EXPECTED / name, encoding="utf-8", newline="")


@pytest.mark.parametrize("view_name", VIEWS)
@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("columns", [40, 57, 80, 100, 119, 120, 140, 200])
def test_no_line_is_wider_than_the_terminal(view_name: str, lang: Lang, columns: int) -> None:
    """Whatever the numbers, the language and the colours; CJK characters count double."""
    for name, numbers, color in product(LOGS, STYLES, (False, True)):
        made = VIEWS[view_name](lang, numbers, columns=columns, color=color)
        shown = view(made, lines_of(CAPTURES / name / "absolute.log")).splitlines()
        assert max(map(width, shown)) <= columns


@pytest.mark.parametrize("view_name", VIEWS)
@pytest.mark.parametrize("columns", [80, 140])
@pytest.mark.parametrize("numbers", STYLES)
def test_no_state_and_no_number_is_cut(view_name: str, columns: int, numbers: NumberStyle) -> None:
    """Every number of every segment that is shown, and every state that is news, stands whole on one line."""
    options = {"run": 0} if view_name == "diagram" else {}
    for name in LOGS:
        lines = lines_of(CAPTURES / name / "absolute.log")
        shown = view(VIEWS[view_name]("en", numbers, columns=columns, **options), lines).splitlines()
        words = Words("en", numbers)
        for step in steps_of(lines):
            for part in " ".join(words.label(step)).split():
                assert any(part in line for line in shown), part
            for side in (step.client, step.server):
                if side.before != side.after:
                    for state in state_text(side.after).split("|"):
                        assert any(re.search(rf"(?<![A-Z-]){re.escape(state)}(?![A-Z-])", line) for line in shown)


@pytest.mark.parametrize("view_name", VIEWS)
@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("columns", [80, 140])
def test_colour_only_repeats(view_name: str, lang: Lang, columns: int) -> None:
    """Without its colours a coloured view is the plain one."""
    lines = lines_of(CAPTURES / "loss" / "absolute.log")
    painted = view(VIEWS[view_name](lang, columns=columns, color=True), lines)
    assert "\x1b[1m" in painted
    assert COLOR.sub("", painted) == view(VIEWS[view_name](lang, columns=columns), lines)


@pytest.mark.parametrize("view_name", VIEWS)
@settings(max_examples=50)
@given(host=st.text(st.characters(codec="utf-8") | st.sampled_from("\x1b\x07\x9b\u202e三"), max_size=120))
def test_nothing_of_a_log_acts_on_a_terminal(view_name: str, host: str) -> None:
    """Whatever stands for a host: no control character comes out, and no line is wider than the terminal."""
    lines = [f"10:00:00.000001 IP {host}x.5 > 10.0.0.2.80: Flags [S], seq 7, win 9, length 0"]
    shown = view(VIEWS[view_name]("zh", columns=60), lines)
    assert all(character in "\n\t" or safe(character) == character for character in shown)
    if any(isinstance(item, Step) for item in explain(lines)):
        assert max(map(width, shown.splitlines()), default=0) <= 60


def test_states_stand_along_the_sides_where_they_change() -> None:
    """Before the first segment both states; then the one that changes, at the side of its endpoint, with its mark."""
    shown = view(whole(columns=80), conversation("C P. 10\nS .\n")).splitlines()
    rungs = [line for line in shown if "│" in line]
    sides = [(line.split("│")[0].split("├")[0].split()[-1:], re.split("[│┤]", line)[-1].strip()) for line in rungs]
    assert [right for _left, right in sides] == [
        "LISTEN~", "SYN-RECEIVED?", "SYN-RECEIVED", "ESTABLISHED?", "", "ESTABLISHED",
    ]  # fmt: skip
    assert [left for left, _right in sides][:4] == [["CLOSED~"], ["SYN-SENT"], ["ESTABLISHED?"], ["ESTABLISHED"]]


def test_what_happened_to_a_segment_shows_on_its_arrow() -> None:
    """A segment that got lost does not arrive, one that is sent again is doubled, one not captured is dotted."""
    script = "S P. 100\nS P. 100 unseen\nS P. 50\nC P. 7 lost\nC P. 7 seq=1 +0.5\nS .\n"
    shown = view(whole(columns=80), conversation(script))
    lines = shown.splitlines()
    assert [line.strip() for line in lines if "╌" in line and "│" in line] == [
        "│◁╌╌╌╌╌╌╌╌╌╌╌╌ 100 bytes not captured ╌╌│"
    ]
    [first, second] = [line for line in lines if "seq 1:8" in line]
    assert re.search(r"├─ PSH\+ACK seq 1:8, ack 251 ─+╳   │", first)
    assert re.search(r"╞═ PSH\+ACK seq 1:8, ack 251 ═+▶│", second)
    assert "note: Retransmission (line 6)" in shown
    legend = " ".join(shown.splitlines()[-3:])
    assert all(sign in legend for sign in "═╳╌")


def test_a_fold_says_what_it_hides() -> None:
    """How much, where in the log, from whom, and what is remarkable in it."""
    shown = view(whole(columns=80), conversation("C P. 1\nS .\n" + "S . 1000\n" * 1206))
    assert "… 1,204 segments of data …" in shown
    assert "lines 7-1210 · server: 1,204,000" in shown


def test_the_growing_ladder_draws_each_segment_at_once() -> None:
    """Nothing waits for a later segment, and nothing folds."""
    lines = conversation("C P. 1\n" + "S . 1000\n" * 50)
    made = ladder(columns=80)
    for step in steps_of(lines):
        shown = made.step(step, [])
        assert " ".join(Words("en").label(step)) in shown


def test_connections_that_alternate_stay_apart() -> None:
    """Each row has its connection's number, each connection its two ends where it begins."""
    lines = lines_of(CAPTURES / "reuse" / "absolute.log")
    shown = view(ladder(columns=100), lines).splitlines()
    arrows = [line for line in shown if "▶│" in line or "│◀" in line]
    assert [int(line.split()[0][1:]) for line in arrows] == [step.flow.conn for step in steps_of(lines)]
    assert [line.split()[:2] for line in shown if "client " in line and line.startswith("#")] == [
        ["#1", "client"], ["#2", "client"], ["#3", "client"],
    ]  # fmt: skip


def test_a_line_that_cannot_be_read_is_shown_in_a_view_of_segments() -> None:
    """With the reason; lines that are no segment are left out."""
    bad = "10:00:00.000000 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq x, win 9, length 0"
    for made in (ladder(), compact()):
        shown = view(made, ["# remark", bad])
        assert shown.startswith(bad + "\n")
        assert "line 2, column" in shown
        assert "remark" not in shown


def test_a_long_word_goes_on_in_the_next_line() -> None:
    """Nothing is lost, wide characters are not split, and it takes linear time."""
    assert broken("ab 三三三三三 c", 5) == ["ab 三", "三三", "三三", "c"]
    assert broken("a" + "ﾃ三" * 3, 4) == ["aﾃ三", "ﾃ三ﾃ", "三"]
    assert broken("x" * 10, 4) == ["xxxx", "xxxx", "xx"]
    assert "".join(broken("y" * 200_000, 40)) == "y" * 200_000


@pytest.mark.parametrize("columns", [80, 140])
@pytest.mark.parametrize("arguments", [["--ladder"], ["--compact"], ["diagram"], ["diagram", "-n", "both", "-l", "zh"]])
def test_a_real_terminal_is_filled_and_not_overrun(columns: int, arguments: list[str], demo: Path) -> None:
    """The width is the terminal's; there are colours."""
    child = pexpect.spawn(
        TDEXPLAIN[0],
        [*TDEXPLAIN[1:], *arguments, str(demo / "http.log")],
        dimensions=(50, columns),
        encoding="utf-8",
        env={**{name: value for name, value in os.environ.items() if name != "COLUMNS"}, "TERM": "xterm"},
    )
    child.expect(pexpect.EOF)
    lines = str(child.before).splitlines()
    assert child.wait() == Exit.DONE
    assert columns - 25 <= max(map(width, lines)) <= columns
    assert any("\x1b[" in line for line in lines)


def test_the_command_draws_what_is_asked_for(program: Program, captures: Path, tmp_path: Path) -> None:
    """One connection or all, folded or not, to standard output or a file; data and talk apart."""
    log = captures / "reuse" / "absolute.log"
    everything = program("diagram", log)
    assert everything.out.count("Connection #") == 3
    second = program("diagram", "-c", "2", log)
    assert second.out.count("Connection #") == 1
    assert "#2 " in second.out
    loss = captures / "loss" / "absolute.log"
    folded, unfolded = program("diagram", loss).out, program("diagram", "--fold", "0", loss).out
    assert "segments of data" in folded
    assert "segments of data" not in unfolded
    assert unfolded.count("▶│") + unfolded.count("│◀") + unfolded.count("╳") >= 61
    for form, start in (("text", "#1"), ("mermaid", "## Connection"), ("svg", "<svg ")):
        path = tmp_path / f"x.{form}"
        done = program("diagram", "-f", form, "-o", path, log)
        assert (done.code, done.out, done.err) == (Exit.DONE, "", "")
        assert path.read_text(encoding="utf-8").startswith(start)


def test_views_that_exclude_each_other_are_wrong_usage(program: Program, demo: Path) -> None:
    """In a line, with exit code 2."""
    done = program("--ladder", "--compact", demo / "http.log")
    assert (done.code, done.out) == (Exit.USAGE, "")
    assert done.err == "tdexplain: --ladder, --compact: only one of them at a time\n"
    assert program("--ladder", "-f", "jsonl", demo / "http.log").code == Exit.USAGE


def test_nothing_to_draw_is_told(program: Program) -> None:
    """As everywhere: exit code 4, a line on standard error, and no empty picture."""
    for form in ("text", "mermaid", "svg"):
        done = program("diagram", "-f", form, given=b"no segment\n")
        assert (done.code, done.out) == (Exit.NOTHING, "")
        assert done.err
