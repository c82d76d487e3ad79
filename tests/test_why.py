"""`tdexplain why`: every code explained in both languages, with a log, on any terminal, at once."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys

import pytest
from conftest import Program, started

from tdparse import catalog, why
from tdparse.cli import app
from tdparse.model import Lang, Skipped
from tdparse.pipeline import explain
from tdparse.render.screen import width

PLACES, _ = why.listed()
SAMPLED = [place for place in PLACES if place[0] not in {"metric", "rule", "transition"}]


@pytest.mark.parametrize("lang", catalog.LANGUAGES)
def test_every_code_has_a_page(lang: Lang) -> None:
    """What the rules say of a code stands on its page: title, condition, sections, rule numbers, an explained log."""
    view = why.Why(lang)
    for place in PLACES:
        page = "\n".join([*view.page([place]), ""])
        entry = why.explained(*place, lang)
        for text in (
            entry.code,
            entry.title,
            entry.meaning,
            entry.condition,
            entry.rfc,
            entry.zeek,
            entry.api,
            entry.check,
        ):
            assert text is None or text in page, place
        assert all(rule in page for rule in entry.rules), place
        assert all(code in page for code in (*entry.supersedes, *entry.superseded_by)), place
        log = (entry.sample or "").splitlines()
        assert [line for line in log if f"    {line}\n" not in page] == [], place


@pytest.mark.parametrize("lang", catalog.LANGUAGES)
def test_the_log_of_a_page_is_explained_where_it_shows_the_code(lang: Lang) -> None:
    """Steps, modifiers, anomalies, verdicts, states, flags and terms each have a log with something under it."""
    assert len(SAMPLED) == len(PLACES) - 33 - 147 - 114
    for section, code in SAMPLED:
        name = why.sample_of(section, code)
        assert name is not None, (section, code)
        items = list(explain(catalog.sample(name).splitlines()))
        showing = why._showing(items, section, code)
        assert showing, (section, code)
        assert not [items[number] for number in showing if isinstance(items[number], Skipped)]
    verdict = catalog.sentence("verdict", "refused", lang, "title")
    assert f"{verdict} [refused]" in "\n".join(why.Why(lang).page([("verdict", "refused")]))


@pytest.mark.parametrize("lang", catalog.LANGUAGES)
@pytest.mark.parametrize("columns", [60, 80, 132])
def test_no_line_is_wider_than_the_terminal(lang: Lang, columns: int) -> None:
    """Prose, logs, explanations and lists are wrapped by columns, of which a Chinese character takes two."""
    view = why.Why(lang, columns=columns, color=True)
    lines = [*view.page(PLACES), *view.index(PLACES)]
    assert len(lines) > len(PLACES)
    assert [line for line in lines if width(line) > columns] == []


def test_a_shared_sample_is_shown_once() -> None:
    """Where a word means two things (anomaly and term) that one log shows, it is printed with the first."""
    places = list(catalog.lookup("retransmission"))
    assert len(places) == 2
    page = why.Why("en").page(places)
    assert page.count("    Example:") == 1
    assert page[-1] == "    Example: the one above"


@pytest.mark.parametrize(
    ("words", "heading"),
    [
        (["SYN_SENT"], "SYN_SENT · state"),
        (["SYN-SENT"], "SYN_SENT · state"),
        (["SYN_RCVD"], "SYN_RECEIVED · state"),
        (["TIME_WAIT"], "TIME_WAIT · state"),
        (["P"], "P · flag · PSH"),
        (["."], ". · flag · ACK"),
        (["e"], "e · flag · AE"),
        (["四次挥手"], "four_segment_close · term · four-way close"),
        (["three-way", "handshake"], "handshake · term · three-way handshake"),
        (["Connection refused"], "refused · verdict · Connection refused"),
        (["handshake.refused"], "handshake.refused · step · Connection refused"),
        (["r104"], "R104 · rule"),
        (["T55"], "T55 · transition"),
    ],
)
def test_a_word_finds_its_page(words: list[str], heading: str) -> None:
    """Codes, aliases of the states, flag letters, names in either language and their spellings lead to the page."""
    places, unknown = why.find(words)
    assert unknown == []
    assert heading in why.Why("en").page(places)


@pytest.mark.parametrize(
    ("words", "letters"),
    [
        (["S."], "S."),
        (["[S.]"], "S."),
        (["Flags", "[FP.],"], "FP."),
        (["Flags [SEW]"], "SEW"),
        (["[.]"], "."),
        (["SYN+ACK"], "S."),
        (["rst-ack"], "R."),
        (["PSH", "ACK"], "P."),
        (["[S.]", "SYN_SENT"], "S."),
    ],
)
def test_flags_are_asked_for_as_they_are_printed(words: list[str], letters: str) -> None:
    """By tcpdump, between brackets, or by our own views; each flag has its page."""
    places, unknown = why.find(words)
    assert unknown == []
    assert [code for section, code in places if section == "flag"] == list(letters)


@pytest.mark.parametrize("word", ["", "[]", "[Sx]", "S-X", "SYN+", "flags", "+"])
def test_what_only_looks_like_flags_means_none(word: str) -> None:
    """It is told as any word that means nothing."""
    assert why.find([word]) == ([], [word])


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("retransmision", "retransmission"),
        ("TIMEWAIT", "TIME_WAIT"),
        ("handshake.sin", "handshake.syn"),
        ("重传报文", "retransmission"),
        ("R999", "R99"),
        ("window", "zero_window"),
    ],
)
def test_an_unknown_code_is_answered_with_the_nearest(program: Program, word: str, near: str) -> None:
    """Wrong usage, exit 2: nothing on standard output, the word and what it may have meant on standard error."""
    if catalog.lookup(word):
        assert near in why.nearest(word)
        return
    done = program("why", word)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"tdexplain: {word}: no such code; did you mean ")
    assert near in re.split(r"[ ,?]+", done.err)


def test_an_unknown_code_cannot_write_to_the_terminal(program: Program) -> None:
    """What was typed or pasted is shown with its control characters as escapes."""
    done = program("why", "\x1b[31mred")
    assert (done.code, done.out) == (2, "")
    assert "\x1b" not in done.err
    assert "\\x1b[31mred" in done.err


def test_nothing_asked_is_wrong_usage(program: Program) -> None:
    """Without a code there is nothing to explain; the way to the list is told."""
    done = program("why")
    assert (done.code, done.out) == (2, "")
    assert "tdexplain why --list" in done.err


def test_the_list_names_every_code(program: Program) -> None:
    """One line a code, with what it is; a section, a group or a glob narrows the list, and one that fits none is wrong."""
    done = program("why", "--list")
    assert (done.code, done.err) == (0, "")
    listed = [line.split()[0] for line in done.out.splitlines() if line.startswith("    ")]
    assert listed == [code for _, code in PLACES]
    assert len(listed) > 500
    some = program("why", "--list", "state", "reset.*")
    assert [line.split()[0] for line in some.out.splitlines() if line.startswith("    ")] == [
        *(code for code in catalog.codes("step") if code.startswith("reset.")),
        *catalog.codes("state"),
    ]
    for word in ("finding", "anomaly", "anomalies", "异常"):
        assert {section for section, _ in why.listed([word])[0]} == {"finding"}
    wrong = program("why", "--list", "nonsense.*")
    assert (wrong.code, wrong.out) == (2, "")


@pytest.mark.parametrize("lang", catalog.LANGUAGES)
def test_json_lines_hold_the_same(program: Program, lang: Lang) -> None:
    """-f jsonl gives one object a code, with the keys of `Explained` in their order, null where there is nothing."""
    done = program("why", "ecn_cwr", "TIME_WAIT", "-f", "jsonl", "-l", lang)
    assert done.code == 0
    found = [json.loads(line) for line in done.out.splitlines()]
    assert [(one["record"], one["section"], one["code"]) for one in found] == [
        ("code", "modifier", "ecn_cwr"),
        ("code", "finding", "ecn_cwr"),
        ("code", "state", "TIME_WAIT"),
    ]
    for one in found:
        assert list(one) == ["record", "schema", *why.Explained._fields]
        assert why.explained(one["section"], one["code"], lang)._asdict() == {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in one.items()
            if key not in {"record", "schema"}
        }


def test_a_pipe_gets_plain_text(program: Program) -> None:
    """No colour and no wrapping where no terminal is; colours only when asked for."""
    plain, coloured = program("why", "retransmission"), program("why", "retransmission", "--color", "always")
    assert "\x1b" not in plain.out
    assert max(map(width, plain.out.splitlines())) > 200
    assert re.sub(r"\x1b\[\d*m", "", coloured.out) == plain.out
    assert coloured.out != plain.out


def test_a_terminal_gets_lines_that_fit() -> None:
    """On a terminal of 50 columns every line fits, and headings are emphasised."""
    leader, follower = pty.openpty()
    environment = {**os.environ, "COLUMNS": "50", "TERM": "xterm"}
    with started(
        [sys.executable, "-m", "tdparse", "why", "refused", "-l", "zh"],
        stdout=follower,
        stdin=follower,
        env=environment,
    ) as running:
        os.close(follower)
        parts: list[bytes] = []
        while part := _read(leader):
            parts.append(part)
        assert running.wait(60) == 0
    os.close(leader)
    lines = b"".join(parts).decode().replace("\r\n", "\n").splitlines()
    assert len(lines) > 20
    assert max(map(width, lines)) <= 50
    assert "\x1b[1m" in lines[0]


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other side has closed
        return b""


def test_a_reader_that_leaves_is_no_error() -> None:
    """`tdexplain why --list | head` ends quietly."""
    command = f"{sys.executable} -m tdparse why --list -f jsonl | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=False, timeout=60)
    assert done.stderr == b""
    assert done.stdout.count(b"\n") == 1


@pytest.mark.parametrize(
    ("arguments", "pipeline"), [(["--list"], False), (["--list", "-f", "jsonl", "R1"], True), (["refused"], True)]
)
def test_the_grammar_is_not_built(arguments: list[str], *, pipeline: bool) -> None:
    """An explanation with its log needs no parser generator, and a list not even the pipeline: both feel instant."""
    code = (
        "import sys; from tdparse.cli import app\n"
        f"app(['why', *{arguments!r}], standalone_mode=False)\n"
        f"assert ('tdparse.pipeline' in sys.modules) == {pipeline}; assert 'lark' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=60, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


def test_every_help_ends_with_an_example() -> None:
    """Whoever asks for help sees at its end what to type."""
    epilogs = [app.info.epilog, *(command.epilog for command in app.registered_commands)]
    assert [epilog for epilog in epilogs if not (epilog or "").startswith("Example: ")] == []


@pytest.mark.parametrize("code", catalog.codes("state"))
def test_a_state_is_not_also_written_as_it_is_shown(program: Program, code: str) -> None:
    """R3: the name of RFC 9293 stands there once, other names beside it."""
    said = program("why", code).out
    shown = re.search(r"(?m)^ +Shown as: (.+)$", said)
    also = re.search(r"(?m)^ +Also written: (.+)$", said)
    assert shown
    assert also is None or shown[1] not in also[1].split(", ")
