"""The long version of every code is whole, in both languages, and its sample log shows what it explains."""

from __future__ import annotations

import re
from functools import cache
from graphlib import TopologicalSorter

import pytest

from tdparse import catalog
from tdparse.model import Lang, Skipped, Step, Summary
from tdparse.pipeline import explain

PHRASES = [
    (section, code, field, phrase)
    for section in catalog.reference_sections()
    for code in catalog.reference_codes(section)
    for field, phrase in catalog.reference(section, code).phrases.items()
]
# The wide marks , . ; : , ( ) ? of Chinese, by number: beside ordinary ones they cannot be told apart.
WIDE = "\uff0c\u3002\uff1b\uff1a\u3001\uff08\uff09\uff1f"

# What a reader must find, by section; more may stand there.
WHOLE = {
    "step": {"condition", "api"},
    "modifier": {"condition"},
    "finding": {"condition"},
    "verdict": {"condition", "zeek", "completeness"},
    "metric": {"title", "text"},
    "state": {"condition"},
    "flag": {"title", "text"},
    "term": {"title", "text"},
    "rule": {"text"},
    "transition": {"text"},
    "placeholder": {"text"},
    "section": {"text", "many"},
    "why": {"text"},
    "sample": set[str](),
}
# Shown by what the capture or the page is, not by TCP: no RFC defines them.
WITHOUT_RFC = {
    "stepless.capture_duplicate", "stepless.truncated", "capture_duplicate", "time_backwards", "capture_drops",
    "one_sided", "mid_stream", "truncated_record", "multiple_connections", "name_not_address",
    "one_sided.client", "one_sided.server", "undetermined", "UNKNOWN",
}  # fmt: skip


@pytest.mark.parametrize("section", ["step", "modifier", "finding", "verdict", "state"])
def test_every_code_has_its_long_version(section: str) -> None:
    """Whatever output can show, `why` can explain, and nothing else."""
    assert catalog.reference_codes(section) == catalog.codes(section)


@pytest.mark.parametrize("section", sorted(WHOLE))
def test_an_entry_is_whole(section: str) -> None:
    """Every field that its section promises is there, in both languages."""
    for code in catalog.reference_codes(section):
        phrases = catalog.reference(section, code).phrases
        assert set(phrases) >= WHOLE[section], code
        assert all(phrase.en and phrase.zh for phrase in phrases.values()), code


def test_every_section_is_accounted_for() -> None:
    """The sections are those listed here, and those that `why` explains are among them."""
    assert set(catalog.reference_sections()) == set(WHOLE)
    assert set(catalog.EXPLAINED) == set(WHOLE) - {"placeholder", "section", "why", "sample"}
    assert catalog.reference_codes("section") == catalog.EXPLAINED


@pytest.mark.parametrize("section", ["step", "modifier", "finding", "verdict", "state", "flag"])
def test_every_code_names_its_origin(section: str) -> None:
    """An RFC section, unless the thing is one of the capture and not of TCP, and the rules that decide."""
    for code in catalog.reference_codes(section):
        entry = catalog.reference(section, code)
        assert ("rfc" in entry.facts) != (code in WITHOUT_RFC), code
        assert re.fullmatch(
            r"(\d{3,4}( §[\w.]+(-§\w+)?( \([\w\s.-]+\))?(, §[\w.]+( \([\w\s.-]+\))?)*)?(; )?)*",
            entry.facts.get("rfc", ""),
        ), code
        assert entry.lists["rules"], code


def test_every_rule_that_is_cited_exists() -> None:
    """Rules are cited by numbers of the index, in a list and in running text."""
    known = set(catalog.reference_codes("rule"))
    for section in catalog.reference_sections():
        for code in catalog.reference_codes(section):
            entry = catalog.reference(section, code)
            cited = set(entry.lists.get("rules", ()))
            for phrase in entry.phrases.values():
                cited |= set(re.findall(r"\bR\d+\b", phrase.en))
                assert set(re.findall(r"R\d+", phrase.en)) == set(re.findall(r"R\d+", phrase.zh)), code
            assert cited <= known, code


def test_both_languages_name_the_same_codes_and_numbers() -> None:
    """A condition says in Chinese what it says in English: the same fields, numbers and codes occur in it."""
    number = r"(?<![A-Za-z0-9_.^§-])\d+(?:\.\d+)?(?![\dA-Za-z_]|\.\d)"
    token = re.compile(rf"[a-z]+_[a-z_]+|SND\.NXT|RCV\.[A-Z]+|TIME.WAIT|{number}|TSval|\bISN\b")
    conditions = [phrase for phrase in PHRASES if phrase[0] in {"step", "finding"} and phrase[2] == "condition"]
    assert conditions
    told = {code: [set(token.findall(text)) for text in phrase] for _, code, _, phrase in conditions}
    assert {code: en ^ zh for code, (en, zh) in told.items() if en != zh} == {}


def test_no_stray_space_in_a_chinese_text() -> None:
    """No blank stands beside a wide mark, none is doubled, and no narrow mark follows a Chinese character."""
    stray = re.compile(rf" [{WIDE}]|[{WIDE}] (?!→)|  |[一-鿿][,;:?]|^\s|\s$")
    assert [where for *where, phrase in PHRASES if stray.search(phrase.zh)] == []
    assert [where for *where, phrase in PHRASES if re.search(r"^\s|\s$|  | [,;:?)]", phrase.en)] == []


def test_superseding_findings_exist_and_have_an_order() -> None:
    """R104: what supersedes what names findings, never itself, and never goes round in a circle."""
    graph = {code: catalog.reference("finding", code).lists.get("supersedes", ()) for code in catalog.codes("finding")}
    assert {code for over in graph.values() for code in over} <= set(graph)
    order = list(TopologicalSorter(graph).static_order())
    assert order.index("retransmission") < order.index("fast_retransmission") < order.index("spurious_retransmission")


def test_the_place_in_the_decision_order_is_given() -> None:
    """Every step with a record has its line of R97 (1 to 10); the two virtual ones have none."""
    places = {code: catalog.reference("step", code).facts.get("place") for code in catalog.codes("step")}
    assert {code for code, place in places.items() if place is None} == {"timer.time_wait_expired", "timer.give_up"}
    assert {place for place in places.values() if place} == {str(line) for line in range(1, 11)}


@pytest.mark.parametrize("lang", catalog.LANGUAGES)
def test_a_meaning_is_told_without_values(lang: Lang) -> None:
    """Every code that can be explained has a meaning in one sentence, with no placeholder left in it."""
    for section in catalog.EXPLAINED:
        for code in catalog.reference_codes(section):
            told = catalog.meaning(section, code, lang)
            assert told, (section, code)
            assert "{" not in told, (section, code)


@pytest.mark.parametrize(
    ("word", "places"),
    [
        ("handshake.syn", [("step", "handshake.syn")]),
        ("retransmission", [("finding", "retransmission"), ("term", "retransmission")]),
        ("ecn_cwr", [("modifier", "ecn_cwr"), ("finding", "ecn_cwr")]),
        ("E", [("flag", "E")]),
        ("e", [("flag", "e")]),
        (".", [("flag", ".")]),
        ("ack", [("flag", ".")]),
        ("fin", [("flag", "F")]),
        ("Time-Wait", [("state", "TIME_WAIT")]),
        ("SYN_RECV", [("state", "SYN_RECEIVED")]),
        ("three-way handshake", [("term", "handshake")]),
        ("连接实例", [("term", "incarnation")]),
        ("r112", [("rule", "R112")]),
        ("T55", [("transition", "T55")]),
        ("no such word", []),
        ("", []),
    ],
)
def test_a_word_leads_to_its_codes(word: str, places: list[tuple[str, str]]) -> None:
    """A code, an alias or a title in either language, whatever its spelling, leads to all it can mean."""
    assert list(catalog.lookup(word)) == places


# ------------------------------------------------------------------ samples


OF_CODES = ("step", "modifier", "finding", "verdict", "state", "flag")
SAMPLED = [(section, code) for section in OF_CODES for code in catalog.reference_codes(section)]
TERMS = catalog.reference_codes("term")


def test_every_code_has_a_sample_and_every_sample_a_use() -> None:
    """No code is without an example, and no example is left over."""
    used = {catalog.reference(section, code).facts["sample"] for section, code in SAMPLED}
    assert used == set(catalog.reference_codes("sample"))


@cache
def shown(name: str) -> dict[str, set[str]]:
    """Return the codes that the program finds in a sample, by section; of states those somebody ends up in."""
    found: dict[str, set[str]] = {section: set() for section in (*OF_CODES, "rejected")}
    for item in explain(catalog.sample(name).splitlines(keepends=True)):
        match item:
            case Step():
                found["step"].add(item.step)
                found["modifier"].update(item.modifiers)
                found["finding"].update(finding.code for finding in item.findings)
                found["flag"].update(item.segment.flags or "")
                found["state"].update({side.after.state for side in (item.client, item.server)})
            case Summary():
                found["verdict"].add(item.verdict)
                found["finding"].update(item.findings)
                found["state"].update({item.client_state.state, item.server_state.state})
                timers = item.attributes.get("timers", [])
                assert isinstance(timers, list)
                found["step"].update(timer["step"] for timer in timers)
            case Skipped(kind="rejected"):
                found["rejected"].add(item.raw)
    return found


@pytest.mark.parametrize("name", catalog.reference_codes("sample"))
def test_a_sample_is_readable_and_uses_documentation_addresses(name: str) -> None:
    """A sample is short, between hosts of RFC 5737 or names in .example, and no line of it is rejected."""
    log = catalog.sample(name)
    assert log.endswith("\n")
    assert len(log.splitlines()) <= 16
    assert not {host for host in re.findall(r"\d+\.\d+\.\d+\.\d+", log) if not host.startswith("192.0.2.")}
    assert re.search(r"192\.0\.2\.|\.example", log)
    assert shown(name)["rejected"] == set()


@pytest.mark.parametrize(("section", "code"), SAMPLED)
def test_a_sample_shows_what_it_explains(section: str, code: str) -> None:
    """The program finds the code in the log that is printed with its explanation."""
    assert code in shown(catalog.reference(section, code).facts["sample"])[section]


@pytest.mark.parametrize("code", TERMS)
def test_a_term_names_what_it_is_best_seen_in(code: str) -> None:
    """A term leads to codes that exist and have a sample; the first one's sample is the term's own."""
    places = [tuple(name.split(".", 1)) for name in catalog.reference("term", code).lists["see"]]
    assert places
    assert set(places) <= set(SAMPLED)
