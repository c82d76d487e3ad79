"""What the prompt answers, as values: commands, pasted lines, and the trace between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import PACKAGE, ROOT

from tdparse import catalog
from tdparse.dialogue import COMMANDS, Dialogue
from tdparse.model import Lang, Step
from tdparse.pipeline import explain
from tdparse.render.screen import width

LOG = (PACKAGE / "demo" / "http.log").read_text()


def test_a_single_line_is_explained_without_a_verdict() -> None:
    """The connection is not over, so nothing is judged."""
    answer = Dialogue("en").answer(LOG.splitlines()[0])
    assert answer is not None
    assert "step 1 (SYN)" in answer
    assert "Verdict" not in answer


def test_the_line_that_ends_a_connection_brings_its_verdict() -> None:
    """Typed line by line, the verdict comes once, when both ends are closed."""
    dialogue = Dialogue("en")
    answers = [dialogue.answer(line) or "" for line in LOG.splitlines()]
    assert ["Verdict" in answer for answer in answers] == [False] * 12 + [True]


@pytest.mark.parametrize("before", ["> ", "| ", "pod-7 | ", "12: "])
def test_a_line_that_stands_behind_something_is_no_piece(before: str) -> None:
    """Quoted, or with what a program puts before it, a record is one of its connection, also typed line by line."""
    dialogue = Dialogue("en")
    answers = [dialogue.answer(f"{before}{line}") or "" for line in LOG.splitlines()]
    assert "step 3 (ACK)" in answers[2]
    assert ["Verdict" in answer for answer in answers] == [False] * 12 + [True]


def test_a_paste_is_judged_for_what_it_touches() -> None:
    """A later paste about another connection does not repeat the first verdict."""
    dialogue = Dialogue("en")
    assert (dialogue.answer(LOG) or "").count("Verdict") == 1
    other = LOG.replace(".50826", ".50827")
    answer = dialogue.answer(other) or ""
    assert "Connection #2" in answer
    assert "Connection #1" not in answer


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_help_or_a_second_name(command: str) -> None:
    """Help leaves out nothing but the short form of itself and the other word for quit."""
    text = Dialogue("en").answer("help") or ""
    assert command in text or command in {"?", "exit"}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("HELP", "one row a connection"),
        ("lang fr", "lang en, or lang zh"),
        ("lang zh", "粘贴"),
        ("connections", "Nothing has been pasted yet."),
        ("verdicts", "Nothing has been pasted yet."),
        ("clear", "Everything forgotten."),
        ("what is this", "Not a TCP segment of tcpdump"),
        ("undo", "There is nothing to take back."),
        ("numbers", "now: relative"),
        ("numbers octal", "now: relative"),
        ("numbers both", "shown as both"),
        ("show", "Nothing has been pasted yet."),
        ("tree 1", "Nothing has been pasted yet."),
        ("why 1", "Nothing has been pasted yet."),
        ("why", "Why what?"),
        ("why retransmision", "did you mean retransmission"),
        ("why R43", "R43"),
        ("load", "Which file?"),
        ("save", "Which file?"),
        ("load /nowhere/x.log", "/nowhere/x.log: no such file or directory"),
    ],
)
def test_commands_answer_in_words(asked: str, said: str) -> None:
    """Each on an empty trace."""
    assert said in (Dialogue("en").answer(asked) or "")


def test_quit_is_the_only_answer_that_is_none() -> None:
    """An empty line is an empty answer."""
    assert Dialogue("en").answer("quit") is None
    assert Dialogue("en").answer("") == ""
    assert Dialogue("en").answer("\n") == ""


def test_a_line_that_cannot_be_read_is_pointed_at() -> None:
    """The same caret as in the view."""
    answer = Dialogue("en").answer("10:00:00.0 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq x, win 9, length 0") or ""
    assert "^\n" in answer


def test_the_language_can_change_between_pastes() -> None:
    """What comes later is in the new one."""
    dialogue = Dialogue("en")
    dialogue.answer("lang zh")
    assert "三次握手" in (dialogue.answer(LOG) or "")
    assert "结论" in (dialogue.answer("connections") or "")


# ------------------------------------------------------------------ questions about what has been pasted


def asked(*questions: str) -> list[str]:
    """Return the answers after the log of a page fetched and one of a connection refused."""
    dialogue = Dialogue("en")
    dialogue.answer(LOG)
    dialogue.answer((PACKAGE / "demo" / "refused.log").read_text())
    return [dialogue.answer(question) or "" for question in questions]


@pytest.mark.parametrize(
    ("question", "said", "unsaid"),
    [
        ("connections", "refused", "\n3"),
        ("connections 1", "complete.clean", "refused"),
        ("connections 127.0.0.1:8081", "refused", "complete"),
        ("connections 127.0.0.1", "complete.clean", "\n3"),
        ("verdicts 2", "Connection #2", "Connection #1"),
        ("show #2", "refused", "50826"),
        ("show", "Which connection? There are: 1, 2. For instance: show 1", "Verdict"),
        ("show 9", "9: no such connection", "Verdict"),
        ("ladder 2", "SYN-SENT", "50826"),
        ("why 2", "handshake.syn_ack", "handshake.ack"),
        ("why 99", "There is no line 99; lines go from 1 to 15.", "step"),
        ("tree 14", 'flags  "S"', '"F."'),
        ("tree", "For instance: tree 1", "record"),
    ],
)
def test_questions_are_answered(question: str, said: str, unsaid: str) -> None:
    """Connections by number, host, or host and port; lines by their number over everything pasted."""
    (answer,) = asked(question)
    assert said in answer
    assert unsaid not in answer


@pytest.mark.parametrize("number", ["0", "00", "16", "9" * 5000, "0" * 5000])
def test_a_line_that_is_not_there_is_told(number: str) -> None:
    """However long its number; one with noughts in front is the same line."""
    why, tree, same, plain = asked(f"why {number}", f"tree {number}", "why 0003", "why 3")
    assert why == tree == f"There is no line {number}; lines go from 1 to 15.\n"
    assert same == plain


def test_why_names_rules_and_evidence() -> None:
    """The condition and the rules of the step, how each state is known, and the line a finding rests on."""
    text = catalog.sample("timer_retransmission")
    again = [item for item in explain(text.splitlines()) if isinstance(item, Step) and item.step == "data.retransmit"]
    (line,) = {item.segment.line for item in again[:1]}
    evidence = next(number for finding in again[0].findings for number in finding.lines if number != line)
    dialogue = Dialogue("en")
    dialogue.answer(text)
    answer = dialogue.answer(f"why {line}") or ""
    assert f"evidence, line {evidence}:\n{text.splitlines()[evidence - 1]}\n" in answer
    assert "Condition: " in answer
    assert "ESTABLISHED (observed)" in answer
    rules = catalog.reference("step", "data.retransmit").lists["rules"]
    assert all(f"{rule} " in answer for rule in rules)


def test_every_record_has_a_tree_and_a_reason(captures: Path) -> None:
    """For each line of each capture both questions have an answer in both languages."""
    for lang in catalog.LANGUAGES:
        dialogue = Dialogue(lang)
        text = (captures / "reuse" / "absolute.log").read_text()
        dialogue.answer(text)
        for number in range(1, len(text.splitlines()) + 1):
            assert len((dialogue.answer(f"why {number}") or "").splitlines()) > 4
            assert (dialogue.answer(f"tree {number}") or "").startswith("record\n")


def test_a_line_that_is_no_segment_has_no_tree() -> None:
    """It is told what it is; a rejected one where reading stopped."""
    dialogue = Dialogue("en")
    dialogue.answer("4 packets captured\n10:00:00.0 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq x, win 9, length 0\n")
    assert "no tree" in (dialogue.answer("tree 1") or "")
    assert "^\n" in (dialogue.answer("tree 2") or "")
    assert "left out" in (dialogue.answer("why 1") or "")
    assert "^\n" in (dialogue.answer("why 2") or "")


def test_numbers_change_what_is_shown() -> None:
    """From the next answer on."""
    dialogue = Dialogue("en")
    dialogue.answer("numbers symbolic")
    assert "ack=j+1" in (dialogue.answer(LOG) or "")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("exit code 130", "exit"),
        ("quit?", "quit"),
        ("clear text", "clear"),
        ("undo 3", "undo"),
        ("q how does one read this", ""),
        ("clear the DF bit and it works", ""),
    ],
)
def test_prose_costs_nothing(text: str, told: str) -> None:
    """Words that begin as a command that ends or forgets something are none, but may have been meant for one."""
    dialogue = Dialogue("en")
    dialogue.answer(LOG)
    answer = dialogue.answer(text)
    assert answer is not None
    assert answer.startswith("Not a TCP segment of tcpdump")
    assert answer.endswith(f"\nDid you mean: {told}?\n") or (not told and "Did you mean" not in answer)
    assert "[complete.clean]" in (dialogue.answer("verdicts") or "")


def test_undo_takes_back_a_paste() -> None:
    """What is pasted afterwards continues with what was there before."""
    dialogue = Dialogue("en")
    lines = LOG.splitlines(keepends=True)
    dialogue.answer("".join(lines[:3]))
    dialogue.answer("".join(lines[6:]))
    assert dialogue.answer("undo") == f"Taken back: lines 4-10, beginning with: {lines[6][:59].rstrip()}…\n"
    assert "[complete.clean]" in (dialogue.answer("".join(lines[3:])) or "")


def test_who_takes_the_place_of_what_was_taken_back_is_introduced() -> None:
    """A number says nothing of who that is; who has stayed is known."""
    dialogue = Dialogue("en")
    first, second, third = (LOG.replace(".50826", f".5082{number}") for number in range(3))
    assert "Connection #1: client 127.0.0.1:50820" in (dialogue.answer(first) or "")
    assert "Connection #2: client 127.0.0.1:50821" in (dialogue.answer(second) or "")
    dialogue.answer("undo")
    assert "Connection #2: client 127.0.0.1:50822" in (dialogue.answer(third) or "")
    assert "Connection #1: client" not in (dialogue.answer(first.splitlines()[-1]) or "")


def test_an_input_that_is_interrupted_has_never_been() -> None:
    """It is taken back as a whole, and that is told; an answer that is interrupted leaves what it is about."""
    halfway = False

    @contextmanager
    def watch(_lines: int, _size: int) -> Iterator[Callable[[int], None]]:
        def beat(done: int) -> None:
            if halfway and done:
                raise KeyboardInterrupt

        yield beat

    dialogue = Dialogue("en", watch=watch)
    dialogue.answer(LOG)
    assert dialogue.interrupted() == ""
    halfway = True
    with pytest.raises(KeyboardInterrupt):
        dialogue.answer(LOG.replace(".50826", ".50827") * 100)
    assert dialogue.interrupted().startswith("Taken back: lines 14-513, beginning with: 05:34:53.298105 IP")
    assert dialogue.interrupted() == ""
    assert "step 2 (SYN+ACK)" in (dialogue.answer("Flags [S.], seq 43780288, ack 1228404593") or "")
    assert "lines go from 1 to 13" in (dialogue.answer("why 14") or "")


def test_an_end_is_found_under_every_name_it_is_shown_by() -> None:
    """As tcpdump prints it, and as the table does: an address of IPv6 stands in brackets there."""
    dialogue = Dialogue("en")
    dialogue.answer(f"load {ROOT / 'fixtures' / 'captures' / 'close6' / 'absolute.log'}")
    shown = (dialogue.answer("connections") or "").splitlines()[1].split()[1]
    assert shown == "[2001:db8::1]:37703"
    for word in (shown, "[2001:db8::1]", "2001:db8::1", "2001:db8::1.37703", "1", "#1"):
        assert "[complete.clean]" in (dialogue.answer(f"verdicts {word}") or ""), word


@pytest.mark.parametrize("sign", ["\v", "\f", "\x1c", "\x1e", "\x85", "\u2028", "\u2029"])
def test_a_pasted_line_ends_where_one_of_a_file_does(tmp_path: Path, sign: str) -> None:
    """Python knows more ends of lines than logs have; what is pasted, loaded and saved is the same log."""
    lines = LOG.splitlines()
    lines[3] += f": GET /{sign}x"
    log, saved = tmp_path / "x.log", tmp_path / "saved.log"
    log.write_bytes("".join(f"{line}\n" for line in lines).encode())
    pasted, loaded = Dialogue("en"), Dialogue("en")
    assert pasted.answer("\r\n".join(lines)) == loaded.answer(f"load {log}")
    pasted.answer(f"save {saved}")
    assert saved.read_bytes() == log.read_bytes()


@pytest.mark.parametrize("typed", ["'{}'", '"{}"', "{}"])
def test_a_name_may_be_written_as_for_a_shell(tmp_path: Path, typed: str) -> None:
    """A terminal on which a file is dropped types its name in quotes, or with backslashes."""
    log = tmp_path / "my log.txt"
    log.write_text(LOG)
    name = typed.format(log)
    assert "[complete.clean]" in (Dialogue("en").answer(f"load {name}") or "")
    assert "[complete.clean]" in (Dialogue("en").answer("load " + str(log).replace(" ", "\\ ")) or "")
    copy = tmp_path / "my copy.txt"
    Dialogue("en").answer(f"save {typed.format(copy)}")
    assert copy.exists()


@pytest.mark.parametrize("command", ["load", "save"])
@pytest.mark.parametrize("name", ["~nobody-of-this-name/x.log", f"{'x' * 300}.log", "don't.log/x"])
def test_a_name_that_no_file_can_have_is_told(command: str, name: str) -> None:
    """As any other that is not there."""
    answer = Dialogue("en").answer(f"{command} {name}") or ""
    assert answer.replace("\n", "").startswith(name)


def test_a_session_is_saved_and_loaded(tmp_path: Path) -> None:
    """Byte for byte; a file that was there before is left alone, one of this session is written again."""
    target, other = tmp_path / "saved.log", tmp_path / "other.log"
    other.write_text("mine")
    dialogue = Dialogue("en")
    dialogue.answer(LOG)
    assert dialogue.answer(f"save {target}") == f"{target}: saved, lines: 13\n"
    assert target.read_text() == LOG
    assert "left as it is" in (dialogue.answer(f"save {other}") or "")
    assert other.read_text() == "mine"
    dialogue.answer("12:00:00.000001 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 7, win 9, length 0")
    assert "lines: 14" in (dialogue.answer(f"save {target}") or "")
    fresh = Dialogue("en")
    assert "Connection #2" in (fresh.answer(f"load {target}") or "")
    assert fresh.answer("connections") == dialogue.answer("connections")
    assert "cannot be written" in (dialogue.answer(f"save {tmp_path}/no/x") or "")


def test_the_marks_are_explained_once() -> None:
    """Under the first answer that shows one."""
    dialogue = Dialogue("en")
    first, second = (dialogue.answer(line) or "" for line in LOG.splitlines()[:2])
    assert "States: plain observed" in first
    assert "States: plain" not in second


def test_a_record_that_goes_on_is_waited_for() -> None:
    """A hint for people who type; an empty line gives up."""
    half = "12:00:00.000001 IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 40)"
    dialogue = Dialogue("en")
    assert "Waiting for the rest" in (dialogue.answer(half) or "")
    assert "the line ends too early" in (dialogue.answer("") or "")
    assert dialogue.answer("") == ""
    whole = "12:00:00.000002 IP 192.0.2.1.5 > 192.0.2.2.80: Flags [S], seq 7, win 9, length 0"
    assert "Waiting" not in (dialogue.answer(whole) or "")
    assert whole in (dialogue.answer("why 3") or "")
    assert Dialogue("en", hints=False).answer(half) == ""


@pytest.mark.parametrize("lang", catalog.LANGUAGES)
@pytest.mark.parametrize("columns", [60, 80, 140])
def test_no_answer_is_wider_than_the_terminal(lang: Lang, columns: int) -> None:
    """The lines of the log are broken at blanks, too, also where they are the evidence of a finding."""
    dialogue = Dialogue(lang, columns=lambda: columns)
    questions = (
        "help",
        "connections",
        "show 1",
        "ladder 1",
        "verdicts",
        "why 4",
        "why 14",
        "why 15",
        "why 16",
        "tree 15",
        "tree 16",
        "why retransmission",
        "Flags [F.], seq 1",
    )
    again, rejected = LOG.splitlines()[12], LOG.splitlines()[3].replace("win 64", "win x")
    answers = [dialogue.answer(text) or "" for text in (f"{LOG}{again}\n{rejected}\n{'a remark ' * 30}\n", *questions)]
    assert [line for answer in answers for line in answer.splitlines() if width(line) > columns] == []


@pytest.mark.parametrize("lang", catalog.LANGUAGES)
def test_no_short_answer_is_wider_than_the_terminal(
    lang: Lang, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is told of a slip is broken at blanks as everything else is."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").touch()
    dialogue = Dialogue(lang, columns=lambda: 40)
    told = {}
    nothing = ("undo", "show", "why 1", "tree 1", "why", "lang", "numbers", "numbers both", "load", "save", "load x")
    for text in nothing:
        told[text] = dialogue.answer(text) or ""
    dialogue.answer(LOG + LOG.replace(".50826", ".50827"))
    some = (
        "show",
        "show 9",
        "verdicts 9",
        "ladder",
        "tree",
        "tree x",
        "tree 99",
        "why 99",
        "save mine",
        "save new",
        "clear",
    )
    for text in some:
        told[f"{text} (some)"] = dialogue.answer(text) or ""
    dialogue.answer(LOG.splitlines()[0])
    told["pending"] = (
        dialogue.answer("12:00:00.000001 IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6)") or ""
    )
    assert {
        text: answer for text, answer in told.items() if not answer or max(map(width, answer.split("\n"))) > 40
    } == {}


@pytest.mark.parametrize("lang", catalog.LANGUAGES)
def test_the_help_fits_a_terminal_of_eighty_columns(lang: Lang) -> None:
    """Laid out as it is; what it proposes to try can be typed as it stands."""
    text = Dialogue(lang, columns=lambda: 80).answer("help") or ""
    assert text == (Dialogue(lang).answer("help") or "")
    line = next(line for line in text.splitlines() if "seq 7" in line)
    assert "SYN-SENT" in (Dialogue(lang).answer(line[line.index("IP ") :]) or "")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("verdict", "verdicts"),
        ("conections 10.0.0.1", "connections 10.0.0.1"),
        ("SYN", "why SYN"),
        ("LADER 2", "ladder 2"),
    ],
)
def test_a_slip_is_met_with_what_was_meant(typed: str, meant: str) -> None:
    """A command or a question that is like it; the slip is not kept, and prose gets no guess."""
    dialogue = Dialogue("en")
    assert f"Did you mean: {meant}?\n" in (dialogue.answer(typed) or "")
    assert dialogue.answer("undo") == "There is nothing to take back.\n"
    assert "Did you mean" not in (dialogue.answer("verdict of the court on this") or "")


def test_help_for_one_command() -> None:
    """Its lines alone; of what is no command, all."""
    dialogue = Dialogue("en")
    assert (dialogue.answer("help show") or "").split()[:2] == ["show", "N"]
    assert (dialogue.answer("help why") or "").count("\n") == 2
    assert dialogue.answer("help x") == dialogue.answer("help")


@pytest.mark.parametrize("lang", catalog.LANGUAGES)
def test_help_names_the_other_ways_of_use(lang: Lang) -> None:
    """A pipe, saved logs, many of them: whoever finds the prompt first finds these, too; every command is named."""
    told = Dialogue(lang).answer("help") or ""
    assert all(way in told for way in ("| tdexplain", "tdexplain x.log", "tdexplain annotate", "tdexplain --help"))
    assert all(name in told for name in COMMANDS if name not in {"?", "exit", "q"})


def test_the_name_of_a_file_is_met_with_load(tmp_path: Path) -> None:
    """Whoever types a log's name means to read it."""
    log = tmp_path / "x.log"
    log.write_text(LOG)
    assert f"Did you mean: load {log}?" in (Dialogue("en").answer(str(log)) or "")


@pytest.mark.parametrize("typed", ["SYN_SENT", "S.", "SYN+ACK"])
def test_a_code_alone_is_met_with_why(typed: str) -> None:
    """Whoever types a state, or flags as views show them, means to ask what they are."""
    assert f"Did you mean: why {typed}?" in (Dialogue("en").answer(typed) or "")


@pytest.mark.parametrize("lang", catalog.LANGUAGES)
@pytest.mark.parametrize("columns", [40, 60, 80])
def test_help_fits_the_terminal(lang: Lang, columns: int) -> None:
    """No line is wider, and every usage and example stands whole on one."""
    told = (Dialogue(lang, columns=lambda: columns).answer("help") or "").splitlines()
    assert max(map(width, told)) <= columns
    for usage in ("connections [HOST]", "connections 10.0.0.1", "why LINE", "undo, clear", "tdexplain x.log"):
        assert any(usage in line for line in told), usage


def test_lists_have_the_marks_of_their_language() -> None:
    """Codes that are like a word, and lines that were taken back: no English comma in Chinese, no range of one line."""
    chinese = Dialogue("zh")
    assert "rto、retransmission" in (chinese.answer("why 超时重传") or "")
    chinese.answer(LOG.splitlines()[0])
    assert (chinese.answer("undo") or "").startswith("已撤销：第 1 行，开头为：")
