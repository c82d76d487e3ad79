"""
The long explanation of a code: what it means, when exactly it holds, where it is defined, and a log that shows it.

The log is explained by the program itself, at the records that show the code. Text comes out as lines that
fit the terminal; what they are made of is a record, so that another program can have it too.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from tdparse import catalog
from tdparse.escapes import safe
from tdparse.render.screen import padded, width, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tdparse.model import Lang, Skipped, Step, Summary

Place: TypeAlias = tuple[str, str]  # section and code

INDENT: Final = "    "
SUGGESTIONS: Final = 5
LIKENESS: Final = 0.6  # of a code that is proposed for an unknown word; 1 is the word itself
TITLE_BESIDE: Final = 24  # columns that a title needs, to stand beside its code in a list
_FLAGS: Final = re.compile(r"(?:Flags )?\[?([SFRPUEWe.]+)\]?,?")  # as tcpdump prints them

_BOLD: Final = "\x1b[1m"
_RESET: Final = "\x1b[0m"


class Explained(NamedTuple):
    """
    All there is to say about one code, in one language; None (or empty) where a section has no such thing.

    `superseded_by` and `decides` (the codes a rule decides on) are read off the other entries.
    """

    section: str
    code: str
    title: str | None
    meaning: str | None
    condition: str | None
    note: str | None
    severity: str | None
    display: str | None
    bit: str | None
    place: str | None
    supersedes: tuple[str, ...]
    superseded_by: tuple[str, ...]
    api: str | None
    cause: str | None
    check: str | None
    zeek: str | None
    completeness: str | None
    wireshark: str | None
    aliases: tuple[str, ...]
    see: tuple[str, ...]
    decides: tuple[str, ...]
    rfc: str | None
    rules: tuple[str, ...]
    sample: str | None


def explained(section: str, code: str, lang: Lang) -> Explained:
    """Return what is known about a code; raises catalog.UnknownCodeError."""
    long, short = catalog.reference(section, code), _running(section, code)
    phrases = {**(short.phrases if short else {}), **long.phrases}

    def say(field: str) -> str | None:
        return phrases[field].of(lang) or None if field in phrases else None

    title, condition = say("title"), say("condition")
    meaning = catalog.meaning(section, code, lang)
    return Explained(
        section=section,
        code=code,
        title=title,
        meaning=None if meaning in (title, condition) else meaning,
        condition=condition,
        note=say("note"),
        severity=short.facts.get("severity") if short else None,
        display=short.facts.get("display") if short else None,
        bit=long.facts.get("bit"),
        place=long.facts.get("place"),
        supersedes=long.lists.get("supersedes", ()),
        superseded_by=_backwards("finding", "supersedes").get(code, ()) if section == "finding" else (),
        api=say("api"),
        cause=say("cause"),
        check=say("check"),
        zeek=say("zeek"),
        completeness=say("completeness"),
        wireshark=long.facts.get("wireshark"),
        aliases=long.lists.get("aliases", ()),
        see=long.lists.get("see", ()),
        decides=_decided().get(code, ()) if section == "rule" else (),
        rfc=long.facts.get("rfc"),
        rules=long.lists.get("rules", ()),
        sample=catalog.sample(name) if (name := sample_of(section, code)) else None,
    )


def sample_of(section: str, code: str) -> str | None:
    """Return the name of the sample that shows a code: its own, or of what a term is best seen in."""
    long = catalog.reference(section, code)
    for see in long.lists.get("see", ())[:1]:
        return sample_of(*place_of(see))
    return long.facts.get("sample")


def place_of(name: str) -> Place:
    """
    Return the section and the code of a full name.

    >>> place_of("verdict.half_closed.by_client")
    ('verdict', 'half_closed.by_client')
    """
    section, _, code = name.partition(".")
    return section, code


def _running(section: str, code: str) -> catalog.Entry | None:
    try:
        return catalog.entry(section, code)
    except catalog.UnknownCodeError:
        return None


@cache
def _backwards(section: str, key: str) -> Mapping[str, tuple[str, ...]]:
    """Return a list of the reference the other way round: item → codes that have it."""
    found: dict[str, tuple[str, ...]] = {}
    for code in catalog.reference_codes(section):
        for item in catalog.reference(section, code).lists.get(key, ()):
            found[item] = (*found.get(item, ()), code)
    return found


@cache
def _decided() -> Mapping[str, tuple[str, ...]]:
    """Return, by rule, the codes that cite it; each once, whatever its section."""
    found: dict[str, dict[str, None]] = {}
    for section in catalog.EXPLAINED:
        for rule, codes in _backwards(section, "rules").items():
            found.setdefault(rule, {}).update(dict.fromkeys(codes))
    return {rule: tuple(codes) for rule, codes in found.items()}


# ------------------------------------------------------------------ words into codes


def find(words: Sequence[str]) -> tuple[list[Place], list[str]]:
    """
    Return the codes that `words` mean, in the order asked for, and the words that mean none.

    Several words that are one name together (``three-way handshake``) are taken as one, and flags as they are printed
    together (``[S.]``, ``SYN+ACK``) as each of them.
    """
    if len(words) > 1 and (together := _meant(" ".join(words))):
        return list(together), []
    found = {word: _meant(word) for word in words}
    places = dict.fromkeys(place for word in words for place in found[word])
    return list(places), [word for word in words if not found[word]]


def _meant(word: str) -> tuple[Place, ...]:
    """Return the codes that a word means: those of its name, else the flags that tcpdump or a view of ours prints so."""
    if named := catalog.lookup(word):
        return named
    if printed := _FLAGS.fullmatch(word):
        return tuple(("flag", letter) for letter in printed[1])
    parts = [[place for place in catalog.lookup(part) if place[0] == "flag"] for part in re.split("[-+ ]", word)]
    return tuple(flags[0] for flags in parts) if all(parts) else ()


def nearest(word: str) -> list[str]:
    """Return the codes whose names are most like a word, or contain it; the likeliest first."""
    from difflib import get_close_matches

    known, wanted = catalog.words(), catalog.folded(word)
    names = get_close_matches(wanted, known, SUGGESTIONS, LIKENESS)
    names += [name for name in known if wanted and wanted in name]
    codes = dict.fromkeys(code for name in names for _, code in catalog.lookup(name))
    return list(codes)[:SUGGESTIONS]


def listed(patterns: Sequence[str] = ()) -> tuple[list[Place], list[str]]:
    """Return every code, or those that patterns fit (a section, a group, a glob), and the patterns that fit none."""
    from tdparse.selection import matches

    places = [(section, code) for section in catalog.EXPLAINED for code in catalog.reference_codes(section)]
    if not patterns:
        return places, []
    sections = {word: section for section in catalog.EXPLAINED for word in _names(section)}
    fitting = {
        pattern: [place for place in places if place[0] == sections.get(pattern) or matches(pattern, place[1])]
        for pattern in patterns
    }
    chosen = {place for pattern in patterns for place in fitting[pattern]}
    return [place for place in places if place in chosen], [pattern for pattern in patterns if not fitting[pattern]]


def _names(section: str) -> tuple[str, ...]:
    """Return what a section may be called."""
    entry = catalog.reference("section", section)
    return (section, *entry.phrases["text"], *entry.lists["aliases"])


def complaint(word: str, near: Sequence[str], lang: Lang) -> str:
    """Return the sentence for a word that means nothing here, with the codes it is most like."""
    parts = [catalog.fill(catalog.sentence("ui", "no_code", lang), {"pattern": safe(word) or "''"})]
    if near:
        codes = catalog.sentence("ui", "comma", lang).join(near)
        parts.append(catalog.fill(catalog.sentence("ui", "nearest", lang), {"codes": codes}))
    return catalog.sentence("ui", "stop", lang).join(parts)


def nothing(lang: Lang) -> str:
    """Return the sentence for a question without a word in it."""
    return catalog.reference("why", "nothing").phrases["text"].of(lang)


def records(places: Iterable[Place], lang: Lang) -> str:
    """Return the explanations as JSON, one object a line, for other programs."""
    from tdparse.render.jsonl import SCHEMA, encoded

    return "".join(
        encoded({"record": "code", "schema": SCHEMA, **explained(*place, lang)._asdict()}) for place in places
    )


# ------------------------------------------------------------------ text


class Why:
    """Shows explanations as lines."""

    def __init__(self, lang: Lang, *, columns: int | None = None, color: bool = False) -> None:
        """Speak `lang`; `columns` is how wide a line may be, None for no limit."""
        self._lang: Lang = lang
        self._columns = columns
        self._color = color

    def page(self, places: Iterable[Place]) -> list[str]:
        """Return the explanation of codes; a sample that several share is shown once."""
        lines: list[str] = []
        shown: set[str] = set()
        for place in places:
            lines += [""] if lines else []
            lines += self._entry(explained(*place, self._lang))
            name = sample_of(*place)
            if name is None:
                continue
            lines.append("")
            if name in shown:
                lines += self._field("example", self.say("same_example"))
                continue
            shown.add(name)
            lines += self._wrap(self._label("example", "").rstrip(), INDENT)
            lines += self.example(name, *place)
        return lines

    def index(self, places: Sequence[Place]) -> list[str]:
        """Return one line a code, under a heading for each section."""
        lines: list[str] = []
        for section in dict.fromkeys(section for section, _ in places):
            codes = [code for other, code in places if other == section]
            lines += [""] if lines else []
            many = catalog.reference("section", section).phrases["many"].of(self._lang)
            lines += [self._bold(line) for line in self._wrap(f"{many} ({len(codes)})", "")]
            beside = max(map(width, codes))
            for code in codes:
                lines += self._listed(code, _short(section, code, self._lang), beside)
        return lines

    def _listed(self, code: str, title: str, beside: int) -> list[str]:
        if self._columns is not None and self._columns < len(INDENT) + beside + 2 + TITLE_BESIDE:
            return [*self._wrap(code, INDENT), *self._wrap(title, INDENT * 2)]
        first, *rest = self._wrap(title, INDENT + " " * (beside + 2)) or [""]
        return [INDENT + padded(code, beside + 2) + first.strip(), *rest]

    # -------------------------------------------------------------- one code

    def _entry(self, entry: Explained) -> list[str]:
        section = catalog.reference("section", entry.section).phrases["text"].of(self._lang)
        heading = " · ".join(part for part in (entry.code, section, entry.title) if part)
        lines = [self._bold(line) for line in self._wrap(heading, "")]
        for name, text in self.fields(entry):
            lines += self._field(name, text)
        if entry.rules:
            lines += self._wrap(self._label("rules", "").rstrip(), INDENT)
            margin = max(map(len, entry.rules)) + 2
            for rule in entry.rules:
                text = catalog.reference("rule", rule).phrases["text"].of(self._lang)
                first, *rest = self._wrap(text, INDENT * 2 + " " * margin)
                lines += [INDENT * 2 + padded(rule, margin) + first.strip(), *rest]
        return lines

    def fields(self, entry: Explained) -> Iterator[tuple[str, str]]:
        """Yield label and text of what there is to say, in reading order."""
        lang, comma = self._lang, catalog.sentence("ui", "comma", self._lang)
        severity = catalog.sentence("severity", entry.severity, lang) if entry.severity else None
        place = catalog.fill(self.say("place_of"), {"n": entry.place}) if entry.place else None
        texts: tuple[tuple[str, str | None], ...] = (
            ("meaning", entry.meaning),
            ("condition", entry.condition),
            ("note", entry.note),
            ("severity", severity),
            ("display", entry.display),
            ("bit", entry.bit),
            ("place", place),
            ("supersedes", comma.join(entry.supersedes)),
            ("superseded", comma.join(entry.superseded_by)),
            ("api", entry.api),
            ("cause", entry.cause),
            ("check", entry.check),
            ("zeek", entry.zeek),
            ("completeness", entry.completeness),
            ("wireshark", entry.wireshark),
            ("aliases", comma.join(alias for alias in entry.aliases if alias != entry.display)),
            ("see", comma.join(map(self._full, entry.see))),
            ("decides", comma.join(entry.decides)),
            ("rfc", entry.rfc),
        )
        return ((name, text) for name, text in texts if text)

    def _full(self, name: str) -> str:
        section, code = place_of(name)
        kind = catalog.reference("section", section).phrases["text"].of(self._lang)
        return catalog.fill(self.say("code_of"), {"code": code, "kind": kind})

    def _field(self, name: str, text: str) -> list[str]:
        return self._wrap(self._label(name, text), INDENT)

    def _label(self, name: str, text: str) -> str:
        template = catalog.sentence("ui", "labelled", self._lang)
        return catalog.fill(template, {"label": self.say(name), "text": text})

    # -------------------------------------------------------------- its example

    def example(self, name: str, section: str, code: str) -> list[str]:
        """Return a sample log, explained by the program where it shows what it is a sample of."""
        from tdparse.model import Skipped, Step
        from tdparse.pipeline import explain
        from tdparse.render.text import Text

        items = list(explain(catalog.sample(name).splitlines()))
        chosen = _showing(items, section, code)
        inner = None if self._columns is None else self._columns - 2 * len(INDENT)
        view = Text(self._lang, color=self._color, columns=inner)
        lines: list[str] = []
        for number, item in enumerate(items):
            told: list[str] = []
            if isinstance(item, Step):
                lines += self._log(item.segment.text)
                told = view.explanation(item) if number in chosen else []
            elif isinstance(item, Skipped):
                lines += self._log(item.raw)
            elif number in chosen:
                told = view.verdict(item)
            lines += [line for text in told for line in self._wrap(text, INDENT * 2)]
        return lines

    def _log(self, text: str) -> list[str]:
        return [line for raw in text.splitlines() for line in self._wrap(raw, INDENT, hanging=2)]

    # -------------------------------------------------------------- pieces

    def say(self, code: str) -> str:
        """Return a word around the explanation, such as the label of a field."""
        section = (
            catalog.reference("why", code) if code in catalog.reference_codes("why") else catalog.entry("ui", code)
        )
        return section.phrases["text"].of(self._lang)

    def _wrap(self, text: str, indent: str, *, hanging: int = 0) -> list[str]:
        """Return `text` in lines that fit, all indented, those after the first a little more."""
        if self._columns is None:
            return [indent + text]
        first, *rest = wrapped(text, max(self._columns - len(indent) - hanging, 1))
        return [indent + first, *(indent + " " * hanging + line for line in rest)]

    def _bold(self, line: str) -> str:
        return f"{_BOLD}{line}{_RESET}" if self._color else line


# ------------------------------------------------------------------ where a log shows a code


def _showing(items: Sequence[Step | Skipped | Summary], section: str, code: str) -> set[int]:
    """Return the places in `items` that show a code: records, else the end of a connection; of a flag the first."""
    from tdparse.model import Step, Summary

    wanted = [place_of(name) for name in catalog.reference(section, code).lists.get("see", ())] or [(section, code)]
    found: set[int] = set()
    for kind, name in wanted:
        steps = [
            number
            for number, item in enumerate(items)
            if isinstance(item, Step) and name in _shown_by(item).get(kind, ())
        ]
        ends = [
            number
            for number, item in enumerate(items)
            if isinstance(item, Summary) and name in _concluded_by(item).get(kind, ())
        ]
        found.update(steps[:1] if kind == "flag" else steps or ends)
    return found


def _shown_by(step: Step) -> Mapping[str, Iterable[str]]:
    """Return the codes a record shows, by section; of states those it leads to."""
    entered = [str(side.after.state) for side in (step.client, step.server) if side.after.state != side.before.state]
    return {
        "step": (step.step,),
        "modifier": step.modifiers,
        "finding": [finding.code for finding in step.findings],
        "state": entered,
        "flag": step.segment.flags or "",
    }


def _concluded_by(summary: Summary) -> Mapping[str, Iterable[str]]:
    """Return the codes that only the end of a connection shows, by section."""
    timers = summary.attributes.get("timers")
    return {
        "step": [timer["step"] for timer in timers] if isinstance(timers, list) else (),
        "finding": summary.findings,
        "verdict": (summary.verdict,),
        "state": (str(summary.client_state.state), str(summary.server_state.state)),
    }


def _short(section: str, code: str, lang: Lang) -> str:
    """Return what a list says of a code: its title, else its meaning."""
    entry = explained(section, code, lang)
    return entry.title or entry.meaning or entry.condition or ""
