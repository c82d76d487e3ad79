"""The catalogue is the vocabulary of the rules: the same ids, the same sentences, nothing missing and nothing added."""

from __future__ import annotations

import re

import pytest
import rules_document as document
from worked_examples import DOCUMENT

from tdparse import catalog

pytestmark = pytest.mark.skipif(not DOCUMENT.exists(), reason=f"the rules are not here: {DOCUMENT}")

# Cross references of the document, written out where they are shown: a reader has only the one verdict.
WRITTEN_OUT = {
    ("scan_like.xmas", "check"): "scan_like.null",
    ("scan_like.fin", "check"): "scan_like.null",
    ("scan_like.bad_flags", "check"): "scan_like.null",
    ("one_sided.server", "cause"): "one_sided.client",
    ("one_sided.server", "check"): "one_sided.client",
}


def test_steps_are_those_of_the_rules() -> None:
    """Every step, in the order of the document, with its titles and sentences to the letter."""
    told = {
        code: (*phrases["title"], *phrases["text"])
        for code in catalog.codes("step")
        for phrases in [catalog.entry("step", code).phrases]
    }
    assert list(told.items()) == [
        (code, (*term.head, term.fields["EN"], term.fields["ZH"])) for code, term in document.steps().items()
    ]


def test_modifiers_are_those_of_the_rules() -> None:
    """Every modifier, in the order in which clauses follow each other, with its clauses to the letter."""
    told = {code: catalog.entry("modifier", code).phrases["text"] for code in catalog.codes("modifier")}
    assert list(told.items()) == [
        (code, tuple("" if clause == "-" else clause for clause in clauses))
        for code, clauses in document.modifiers().items()
    ]


def test_findings_are_those_of_the_rules() -> None:
    """Every anomaly with its titles, severity, sentences, and the name Wireshark gives it."""
    expected = {}
    for code, term in document.findings().items():
        wireshark = term.head[3].strip("`") if len(term.head) > 3 else None
        expected[code] = (*term.head[:3], term.fields["EN"], term.fields["ZH"], wireshark)
    told = {}
    for code in catalog.codes("finding"):
        entry = catalog.entry("finding", code)
        wireshark = catalog.reference("finding", code).facts.get("wireshark")
        told[code] = (*entry.phrases["title"], entry.facts["severity"], *entry.phrases["text"], wireshark)
    assert list(told.items()) == list(expected.items())


def test_verdicts_are_those_of_the_rules() -> None:
    """Every verdict, in order of precedence, with title, cause and check; cross references are written out."""
    expected = document.verdicts()
    assert catalog.codes("verdict") == tuple(expected)
    for code, term in expected.items():
        phrases = catalog.entry("verdict", code).phrases
        assert tuple(phrases["title"]) == term.head, code
        for field in ("cause", "check"):
            want = tuple(term.fields[f"{field.title()} {lang}"] for lang in ("EN", "ZH"))
            if (code, field) in WRITTEN_OUT:
                assert WRITTEN_OUT[code, field] in want[0]
            else:
                assert tuple(phrases[field]) == tuple("" if text == "-" else text for text in want), (code, field)


def test_verdicts_carry_the_words_of_other_tools() -> None:
    """Zeek's and Wireshark's values beside a verdict are those of the document."""
    for code, term in document.verdicts().items():
        zeek, _, completeness = term.fields["Zeek"].partition(" · Wireshark completeness: ")
        phrases = catalog.reference("verdict", code).phrases
        assert (phrases["zeek"].en, phrases["completeness"].en) == (zeek, completeness), code


@pytest.mark.parametrize(("section", "field"), [("step", "RFC"), ("step", "API")])
def test_steps_carry_their_origin_and_effect(section: str, field: str) -> None:
    """The RFC section and the effect on the application are those of the document, but for capitals and full stops."""
    for code, term in document.steps().items():
        entry = catalog.reference(section, code)
        want = term.fields[field]
        if field == "RFC":
            assert entry.facts.get("rfc", "-") == want, code
        else:
            told = " · ".join(text.rstrip(".。") for text in entry.phrases["api"])
            plain = " · ".join(text.rstrip(".。") for text in want.split(" · "))
            assert told.casefold() == plain.casefold(), code


def test_states_are_those_of_the_rules() -> None:
    """Names, display names and explanations of the states, and every alias that a log may use."""
    assert catalog.codes("state") == tuple(document.states())
    for code, (display, zh, aliases) in document.states().items():
        assert catalog.fact("state", code, "display") == display
        assert catalog.sentence("state", code, "zh") == zh
        for alias in (display, *aliases):
            assert ("state", code) in catalog.lookup(alias), alias


def test_flags_are_those_of_the_rules() -> None:
    """Letter, name and bit of every flag."""
    told = {}
    for code in catalog.reference_codes("flag"):
        entry = catalog.reference("flag", code)
        told[code] = (entry.phrases["title"].en, entry.facts["bit"])
    assert told == document.flags()


def test_the_glossary_is_that_of_the_rules() -> None:
    """Every term in both languages, in the order of the document."""
    told = [tuple(catalog.reference("term", code).phrases["title"]) for code in catalog.reference_codes("term")]
    assert told == document.terms()


def test_the_index_of_rules_is_complete() -> None:
    """Every numbered rule is in the index, and no other."""
    assert set(catalog.reference_codes("rule")) == document.rules()


def test_the_index_of_transitions_is_complete() -> None:
    """Every row of the transition table is in the index, and no other."""
    assert set(catalog.reference_codes("transition")) == document.transitions()


def test_no_sentence_has_a_placeholder_outside_the_closed_list() -> None:
    """R101 lists every placeholder, and each has a word that stands for it where there is no segment."""
    used = {
        name
        for section in ("step", "modifier", "finding", "verdict")
        for code in catalog.codes(section)
        for phrase in catalog.entry(section, code).phrases.values()
        for name in re.findall(r"\{(\w+)\}", phrase.en + phrase.zh)
    }
    assert used <= document.placeholders()
    assert set(catalog.reference_codes("placeholder")) == document.placeholders()
