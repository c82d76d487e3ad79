"""The catalogue says everything in both languages, with the same placeholders, and claims no more than is known."""

from __future__ import annotations

import ast
import errno
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tdparse import catalog, lalr
from tdparse.model import Certainty, Severity, State

PACKAGE = Path(catalog.__file__).parent

# R101, the closed list.
PLACEHOLDERS = frozenset({
    "x", "y", "seq", "ack", "seq_abs", "ack_abs", "sym_seq", "sym_ack", "len", "first", "last", "win", "win_old",
    "n", "dt", "flags", "prev", "alt", "rto_hint",
})  # fmt: skip
# The wide marks , . ; : , ( ) ? ! of Chinese, by number: beside ordinary ones they cannot be told apart.
WIDE = "\uff0c\u3002\uff1b\uff1a\u3001\uff08\uff09\uff1f\uff01"
# Codes that show themselves in another way than by a sentence (R102), and verdicts that leave nothing to say.
SILENT = {
    "modifier": {"tentative", "inferred_seq", "scaled", "raw_win", "accecn", "mptcp"},
    "verdict": {"mid_stream.open", "undetermined"},
}
PHRASES = [
    (section, code, field, phrase)
    for section in catalog.sections()
    for code in catalog.codes(section)
    for field, phrase in catalog.entry(section, code).phrases.items()
]
OF_RULES = [phrase for phrase in PHRASES if phrase[0] in {"step", "modifier", "finding", "verdict"}]
LAID_OUT = {"ui", "repl"}  # joints and laid-out help, where blanks and line ends have a meaning
CHINESE = re.compile(r"[一-鿿]")
ENTRIES = [(section, code) for section in catalog.sections() for code in catalog.codes(section)]


def placeholders(text: str) -> set[str]:
    """Return the placeholders of a template."""
    return set(re.findall(r"\{(\w*)\}", text))


def test_every_sentence_exists_in_both_languages() -> None:
    """An entry has text, each field in both languages, and is empty only where that is its meaning."""
    for section, code in ENTRIES:
        entry = catalog.entry(section, code)
        assert entry.phrases, (section, code)
        assert not [key for key in entry.facts if key.endswith(("en", "zh"))], (section, code)
    assert [where for *where, phrase in PHRASES if bool(phrase.en) != bool(phrase.zh)] == []
    empty = {(section, code) for section, code, _, phrase in PHRASES if not phrase.en}
    assert empty <= {(section, code) for section, silent in SILENT.items() for code in silent}


def test_both_languages_use_the_same_placeholders() -> None:
    """What one language tells about a segment, the other tells too; braces stand for nothing else."""
    assert [where for *where, phrase in PHRASES if placeholders(phrase.en) != placeholders(phrase.zh)] == []
    assert [where for *where, phrase in PHRASES if "{" in re.sub(r"\{\w+\}", "", phrase.en + phrase.zh)] == []


def test_only_placeholders_of_the_closed_list() -> None:
    """Steps, modifiers, findings and verdicts use the placeholders of R101 and no others."""
    assert [where for *where, phrase in OF_RULES if not placeholders(phrase.en) <= PLACEHOLDERS] == []


def test_no_stray_space_and_no_stray_mark() -> None:
    """No blank at either end, none doubled, none before or beside a mark that takes none; no exclamation."""
    stray = re.compile(r"^\s|\s$|  |[\t\n\r]| [,;:?)]| \.(?!\d)|!|\uff01")
    chinese = re.compile(rf" [{WIDE}]|[{WIDE}] |[一-鿿][,;:?]|[,;:?][一-鿿]")
    told = [phrase for phrase in PHRASES if phrase[0] not in LAID_OUT]
    assert [where for *where, phrase in told if any(map(stray.search, phrase)) or chinese.search(phrase.zh)] == []


def test_each_language_is_itself() -> None:
    """No English sentence has Chinese in it, and no Chinese sentence of a rule is a copy of the English one."""
    assert [where for *where, phrase in PHRASES if CHINESE.search(phrase.en)] == []
    assert [where for *where, phrase in OF_RULES if phrase.zh and not CHINESE.search(phrase.zh)] == []


def test_no_sentence_claims_too_much() -> None:
    """R121: no cause is stated as a certainty, and nobody is blamed."""
    english = re.compile(
        r"\b(certainly|definitely|obviously|clearly|undoubtedly|surely|always|guilty|blame)\b", re.IGNORECASE
    )
    chinese = re.compile(r"肯定|必然|毫无疑问|显然|绝对")
    assert [where for *where, phrase in OF_RULES if english.search(phrase.en) or chinese.search(phrase.zh)] == []


@pytest.mark.parametrize("code", catalog.codes("verdict"))
def test_a_verdict_names_cause_and_check_apart(code: str) -> None:
    """R121: a verdict has a title, a likely cause and what to check, and no cross reference to another verdict."""
    phrases = catalog.entry("verdict", code).phrases
    assert set(phrases) == {"title", "cause", "check"}
    for phrase in phrases.values():
        assert not re.match(r"(Same )?[Aa]s [a-z_]+\.[a-z]", phrase.en)
        assert not re.match(r"同 ?[a-z_]+\.[a-z]", phrase.zh)


@pytest.mark.parametrize("code", catalog.codes("step"))
def test_a_step_has_title_and_sentence(code: str) -> None:
    """Every step can be named and told, and its sentence is one (or more) whole sentences."""
    phrases = catalog.entry("step", code).phrases
    assert {"title", "text"} <= set(phrases)
    assert phrases["text"].en.endswith(".")
    assert phrases["text"].zh.endswith("。")


@pytest.mark.parametrize("code", catalog.codes("finding"))
def test_a_finding_has_a_known_severity(code: str) -> None:
    """R113 has four severities."""
    assert catalog.fact("finding", code, "severity") in set(Severity)


def test_states_and_certainties_are_those_of_the_model() -> None:
    """The catalogue names exactly the model's states (R3) and certainties (R10), and the marks of R5."""
    assert catalog.codes("state") == tuple(State)
    assert catalog.codes("certainty") == (*Certainty, "ambiguous")
    marks = {code: catalog.fact("certainty", code, "mark") for code in catalog.codes("certainty")}
    assert marks == {"observed": "", "deduced": "*", "presumed": "?", "assumed": "~", "unknown": "", "ambiguous": "|"}
    for state in State:
        assert catalog.fact("state", state, "display") == state.replace("_", "-")


def test_severities_are_all_named() -> None:
    """Every severity of the model has a word in both languages."""
    assert catalog.codes("severity") == tuple(Severity)


def test_the_catalogue_stays_small_enough_to_load_for_a_single_line() -> None:
    """Ordinary output reads messages.toml at start, which takes milliseconds; what nobody asked for is in reference.toml."""
    assert (PACKAGE / "messages.toml").stat().st_size < 110_000


@pytest.mark.parametrize(
    ("section", "code", "field", "shown"),
    [
        ("step", "handshake.nothing", "text", "step.handshake.nothing"),
        ("nothing", "handshake.syn", "text", "nothing.handshake.syn"),
        ("step", "handshake.syn", "colour", "step.handshake.syn.colour"),
    ],
)
def test_an_unknown_code_is_named(section: str, code: str, field: str, shown: str) -> None:
    """The error carries the section and the code, and is a KeyError."""
    with pytest.raises(catalog.UnknownCodeError) as caught:
        catalog.sentence(section, code, "en", field)
    assert caught.value.args == (shown,)
    assert isinstance(caught.value, KeyError)


@pytest.mark.parametrize(
    "call",
    [
        lambda: catalog.entry("step", "nothing"),
        lambda: catalog.entry("nothing", "handshake.syn"),
        lambda: catalog.codes("nothing"),
        lambda: catalog.fact("finding", "nothing", "severity"),
        lambda: catalog.fact("finding", "retransmission", "nothing"),
        lambda: catalog.sample("nothing"),
        lambda: catalog.meaning("step", "nothing", "en"),
    ],
)
def test_every_access_names_what_it_does_not_know(call: object) -> None:
    """No access returns a default for something that does not exist."""
    assert callable(call)
    with pytest.raises(catalog.UnknownCodeError, match="nothing"):
        call()


def test_filling_takes_values_as_they_are() -> None:
    """A value with braces or format marks has no power over the template, and a missing one is named."""
    assert catalog.fill("{x} sends {len} bytes", {"x": "{y}{0}%s", "len": 5}) == "{y}{0}%s sends 5 bytes"
    assert catalog.fill("no placeholder", {}) == "no placeholder"
    with pytest.raises(KeyError, match="len"):
        catalog.fill("{len}", {"x": 1})


@pytest.mark.parametrize(
    ("ns", "shown"),
    [
        (0, "0 µs"),
        (499, "0 µs"),
        (500, "1 µs"),
        (41_000, "41 µs"),
        (541_000, "541 µs"),
        (999_499, "999 µs"),
        (999_500, "1.0 ms"),
        (6_384_000, "6.4 ms"),
        (10_321_000, "10.3 ms"),
        (206_116_000, "206.1 ms"),
        (626_116_000, "626.1 ms"),
        (999_949_999, "999.9 ms"),
        (999_950_000, "1.00 s"),
        (1_004_472_000, "1.00 s"),
        (1_023_776_000, "1.02 s"),
        (1_458_128_000, "1.46 s"),
        (68_927_806_000, "68.93 s"),
        (86_400_000_000_000, "86400.00 s"),
        (-5_000, "-5 µs"),
    ],
)
def test_durations_are_written_as_the_rule_says(ns: int, shown: str) -> None:
    """R101: µs below 1 ms, ms with one decimal below 1 s, else s with two; the same in both languages."""
    assert [catalog.duration(ns, lang) for lang in catalog.LANGUAGES] == [shown, shown]


@given(st.integers(min_value=0, max_value=10**15))
def test_a_duration_is_never_further_off_than_half_its_last_digit(ns: int) -> None:
    """Whatever the span, the number read back is within half a unit of the last place shown."""
    number, unit = catalog.duration(ns, "en").split(" ")
    size, step = {"µs": (10**3, 10**3), "ms": (10**6, 10**5), "s": (10**9, 10**7)}[unit]
    whole, _, digits = number.partition(".")
    value = int(whole) * size + (int(digits) * step if digits else 0)
    assert abs(value - ns) * 2 <= step
    assert unit == "s" or int(whole) < 1000


def _constant_calls() -> list[tuple[str, int, list[str]]]:
    """Return (file, line, section and code) of every sentence the package asks for by name."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name)):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            words = [arg.value for arg in node.args[:2] if isinstance(arg, ast.Constant)]
            if name in {"sentence", "fact", "entry"} and len(words) == 2:
                found.append((path.name, node.lineno, [str(word) for word in words]))
    return found


def test_the_package_asks_only_for_sentences_that_exist() -> None:
    """No code path can fail for want of a sentence: every one asked for by name is in the catalogue."""
    asked = _constant_calls()
    assert asked
    missing = [
        call for call in asked if call[2][0] not in catalog.sections() or call[2][1] not in catalog.codes(call[2][0])
    ]
    assert missing == []


def test_no_sentence_lives_in_the_code() -> None:
    """Chinese text stands in the catalogue and in no string of the package's code."""
    found = [
        (path.name, node.lineno)
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.search(r"[一-鿿]{3}", node.value)
    ]
    assert found == []


def test_every_terminal_of_a_record_is_told_in_words() -> None:
    """What a rejected line could have had instead; a terminal that is renamed or new must not go without words."""
    named = [
        terminal
        for code in catalog.codes("terminal")
        for terminal in catalog.entry("terminal", code).lists.get("terminals", (code.upper(),))
    ]
    assert sorted(named) == sorted({"$END", *(terminal.name for terminal in lalr.build("record").terminals)})


def test_what_the_system_says_is_known_by_its_words() -> None:
    """Errors of files are told in both languages; what has no translation stays as it is."""
    for code in catalog.codes("system"):
        words = os.strerror(getattr(errno, code))
        assert catalog.sentence("system", code, "en") == words[0].lower() + words[1:]
        assert catalog.sentence("system", code, "zh") in catalog.trouble(
            "unwritable", "zh", "x", words[0].lower() + words[1:]
        )
    assert "something new" in catalog.trouble("system", "zh", "x", "something new")
