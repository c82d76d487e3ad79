"""
The catalogue: code + language + values → sentence.

Four files stand behind it, each read once, when first needed. `messages.toml` has every sentence that
running output shows; `reference.toml` has the long version, for `why` and the verbose views only; `page.toml` has
what only the report's page says, `comparison.toml` what only a comparison of two logs does.
Each table is one code; both languages stand side by side (``en``, ``zh``, or ``NAME_en``, ``NAME_zh``),
every other key is a fact that has no language (a severity, an RFC section, a sample log).
"""

from __future__ import annotations

import pkgutil
import re
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from tdparse import phrasebook

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tdparse.model import Lang
    from tdparse.phrasebook import Fact, Tables

EXPLAINED: Final = ("step", "modifier", "finding", "verdict", "metric", "state", "flag", "term", "rule", "transition")
_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86400
LANGUAGES: Final[tuple[Lang, ...]] = ("en", "zh")
# The English noun behind a count belongs to its placeholder: it is that of the count.
_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}((?: more)? (?:byte|packet|file|connection)s\b)?")

_Index: TypeAlias = "Mapping[str, tuple[tuple[str, str], ...]]"


class UnknownCodeError(KeyError):
    """A code that the catalogue does not have; `section` and `code` say which."""

    def __init__(self, section: str, code: str) -> None:
        """Keep both parts, so that a caller can propose the nearest code of the section."""
        super().__init__(f"{section}.{code}")
        self.section = section
        self.code = code


class Phrase(NamedTuple):
    """One sentence in both languages; empty in both when there is nothing to say."""

    en: str
    zh: str

    def of(self, lang: Lang) -> str:
        """Return the sentence in `lang`."""
        return self.en if lang == "en" else self.zh


class Entry(NamedTuple):
    """
    All the catalogue knows about one code.

    `phrases` maps a field (``"text"``, ``"title"``, ``"cause"``, …) to its sentence, `facts` a key to
    its text, `lists` a key to its items.
    """

    section: str
    code: str
    phrases: Mapping[str, Phrase]
    facts: Mapping[str, str]
    lists: Mapping[str, tuple[str, ...]]


@cache
def sentence(section: str, code: str, lang: Lang, field: str = "text") -> str:
    """
    Return the template of a code, for instance ``sentence("step", "handshake.syn", "en")``.

    Raises UnknownCodeError when the section, the code or the field does not exist.
    """
    try:
        return _sentences()[section, code, field, lang]
    except KeyError:
        raise UnknownCodeError(section, code if field == "text" else f"{code}.{field}") from None


@cache
def parts(template: str) -> tuple[str, tuple[str, ...]]:
    """
    Return a template as a format of the ``%`` operator, and the names of its placeholders in their order.

    >>> parts("{x} sends {len} bytes, 5% of {win}")
    ('%s sends %s, 5%% of %s', ('x', 'len bytes', 'win'))
    """
    names = tuple(name + nouns for name, nouns in _PLACEHOLDER.findall(template))
    return _PLACEHOLDER.sub("%s", template.replace("%", "%%")), names


def counted(number: object, nouns: str) -> str:
    """
    Return a count with its noun.

    >>> counted(1, "bytes"), counted("1,448", "bytes")
    ('1 byte', '1,448 bytes')
    """
    return f"1 {nouns[:-1]}" if number in {1, "1"} else f"{number} {nouns}"


def fill(template: str, values: Mapping[str, object]) -> str:
    """
    Put `values` into the placeholders of a template (rule R101).

    Values are shown as they are, so numbers and durations come already formatted; braces inside a
    value have no meaning. Raises KeyError with the placeholder's name when its value is missing.
    """
    form, counts = _named(template)
    if counts:
        values = {**values, **{name + nouns: counted(values[name], nouns[1:]) for name, nouns in counts}}
    return form % values


@cache
def _named(template: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return a template as a format of the ``%`` operator that finds its values by name, and the counts with nouns."""
    form = _PLACEHOLDER.sub(r"%(\1\2)s", template.replace("%", "%%"))
    return form, tuple((name, nouns) for name, nouns in _PLACEHOLDER.findall(template) if nouns)


def entry(section: str, code: str) -> Entry:
    """Return the sentences and facts of one code of `messages.toml`; raises UnknownCodeError."""
    return _entry("messages.toml", section, code)


def reference(section: str, code: str) -> Entry:
    """Return the long version of one code, from `reference.toml`; raises UnknownCodeError."""
    return _entry("reference.toml", section, code)


def page(code: str) -> Phrase:
    """Return a label or sentence that only pages have, from `page.toml`; raises UnknownCodeError."""
    return _entry("page.toml", "page", code).phrases["text"]


def comparison(section: str, code: str, field: str = "text") -> Phrase:
    """Return what only a comparison of two logs says, from `comparison.toml`; raises UnknownCodeError."""
    return _entry("comparison.toml", section, code).phrases[field]


def comparison_codes() -> tuple[tuple[str, str], ...]:
    """Return (section, code) of everything in `comparison.toml`, in its order."""
    return tuple((section, code) for section, table in _tables("comparison.toml").items() for code in table)


def page_codes() -> tuple[str, ...]:
    """Return the codes of `page.toml`, in the order of the file."""
    return tuple(_section("page.toml", "page"))


def meaning(section: str, code: str, lang: Lang) -> str:
    """
    Return what a code means, in one sentence without values: for `why` and for lists.

    It is the long version's own sentence where there is one (terms, flags, rules), else the sentence
    of running output with a plain word in each placeholder, else (verdicts) its title. Raises
    UnknownCodeError.
    """
    for known, field in ((reference, "text"), (entry, "text"), (entry, "title")):
        try:
            phrase = known(section, code).phrases.get(field)
        except UnknownCodeError:
            continue
        if phrase is not None and phrase.en:
            return fill(phrase.of(lang), _stand_ins(lang))
    return reference(section, code).phrases["condition"].of(lang)


def sample(name: str) -> str:
    """Return a sample log of `reference.toml`: whole lines, the last one with its newline."""
    try:
        return reference("sample", name).facts["log"]
    except KeyError:
        raise UnknownCodeError("sample", name) from None


def lookup(word: str) -> tuple[tuple[str, str], ...]:
    """
    Return every (section, code) that `why` can explain under a word: a code, an alias or a title.

    A code as written comes before any other name or spelling (letter case, ``-`` or blank for ``_``), so that
    the flags ``E`` and ``e`` differ; codes of several sections may share a word (``ecn_cwr``). Empty
    when nothing fits.
    """
    exact, loose = _words()
    return exact.get(word) or loose.get(folded(word), ())


def words() -> tuple[str, ...]:
    """Return every word that `lookup` knows: codes as written, the other names as `folded` spells them."""
    exact, loose = _words()
    return tuple({**exact, **loose})


def folded(word: str) -> str:
    """
    Return a word without what `lookup` overlooks: letter case, and which joint stands between its parts.

    >>> folded("SYN-SENT"), folded("Three-way handshake")
    ('syn_sent', 'three_way_handshake')
    """
    return word.strip().casefold().replace("-", "_").replace(" ", "_")


def trouble(code: str, lang: Lang, name: str, detail: str) -> str:
    """Return why an input or output cannot be used; the operating system's own words, too, in the language asked for."""
    return fill(sentence("trouble", code, lang), {"name": name, "detail": _of_system(detail, lang)})


def _of_system(detail: str, lang: Lang) -> str:
    for code in codes("system"):
        if detail == sentence("system", code, "en"):
            return sentence("system", code, lang)
    return detail


def codes(section: str) -> tuple[str, ...]:
    """Return the codes of a section of `messages.toml`, in the order of the file."""
    return tuple(_section("messages.toml", section))


def reference_codes(section: str) -> tuple[str, ...]:
    """Return the codes of a section of `reference.toml`, in the order of the file."""
    return tuple(_section("reference.toml", section))


def sections() -> tuple[str, ...]:
    """Return the names of the sections of `messages.toml`."""
    return tuple(_tables("messages.toml"))


def reference_sections() -> tuple[str, ...]:
    """Return the names of the sections of `reference.toml`."""
    return tuple(_tables("reference.toml"))


def fact(section: str, code: str, name: str) -> str:
    """Return a fact that has no language, such as ``fact("finding", "retransmission", "severity")``."""
    value = _section("messages.toml", section).get(code, {}).get(name)
    if not isinstance(value, str):
        raise UnknownCodeError(section, f"{code}.{name}")
    return value


def duration(ns: int, lang: Lang) -> str:
    """
    Return a time span as R101 wants it: µs below 1 ms, ms with one decimal below 1 s, else s with two.

    `ns` is in nanoseconds and may be negative. The unit is chosen after rounding (halves away from
    zero), so 999.96 ms is ``1.00 s`` and never ``1000.0 ms``.
    """
    sign, size = ("-", -ns) if ns < 0 else ("", ns)
    if (micro := (size + 500) // 1_000) < 1_000:  # noqa: PLR2004
        unit, number = "us", str(micro)
    elif (tenths := (size + 50_000) // 100_000) < 10_000:  # noqa: PLR2004
        unit, number = "ms", f"{tenths // 10}.{tenths % 10}"
    else:
        hundredths = (size + 5_000_000) // 10_000_000
        unit, number = "s", f"{hundredths // 100}.{hundredths % 100:02d}"
    return _unit(unit, lang) % (sign + number)


def span(ns: int, lang: Lang) -> str:
    """
    Return a time span as people say it: `duration` below a minute, then minutes, hours and days.

    >>> span(75_250_000_000, "en"), span(-7_384_000_000_000, "en"), span(200_000_000_000_000, "en")
    ('1 min 15.25 s', '-2 h 03 min 04 s', '2 d 07 h 33 min')
    """
    sign, size = ("-", -ns) if ns < 0 else ("", ns)
    if (hundredths := (size + 5_000_000) // 10_000_000) < 100 * _MINUTE:
        return duration(ns, lang)
    seconds = (size + 500_000_000) // 1_000_000_000
    if hundredths < 100 * _HOUR:
        minutes, rest = divmod(hundredths, 100 * _MINUTE)
        parts = [("min", str(minutes)), ("s", f"{rest // 100:02d}.{rest % 100:02d}")]
    elif seconds < _DAY:
        parts = [("h", str(seconds // _HOUR)), ("min", f"{seconds // 60 % 60:02d}"), ("s", f"{seconds % 60:02d}")]
    else:
        minutes = (seconds + 30) // _MINUTE
        parts = [("d", str(minutes // 1440)), ("h", f"{minutes // 60 % 24:02d}"), ("min", f"{minutes % 60:02d}")]
    return sign + " ".join(fill(sentence("unit", unit, lang), {"n": number}) for unit, number in parts)


# ------------------------------------------------------------------ the files


@cache
def _tables(name: str) -> Tables:
    """Read one file of the package: section → code → key → text."""
    data = pkgutil.get_data("tdparse", name)
    if data is None:  # pragma: no cover - a loader without data cannot have loaded this package
        raise FileNotFoundError(name)
    return phrasebook.tables(data.decode())


def _section(name: str, section: str) -> Mapping[str, Mapping[str, Fact]]:
    try:
        return _tables(name)[section]
    except KeyError:
        raise UnknownCodeError(section, "") from None


@cache
def _sentences() -> Mapping[tuple[str, str, str, str], str]:
    """Flatten `messages.toml`, because a sentence is looked up for every record."""
    flat: dict[tuple[str, str, str, str], str] = {}
    for section, table in _tables("messages.toml").items():
        for code, keys in table.items():
            for key, value in keys.items():
                field, lang = _split(key)
                if lang and isinstance(value, str):
                    flat[section, code, field, lang] = value
    return flat


@cache
def _unit(unit: str, lang: Lang) -> str:
    """Return the format of an amount of `unit`."""
    return parts(sentence("unit", unit, lang))[0]


@cache
def _stand_ins(lang: Lang) -> Mapping[str, str]:
    return {code: reference("placeholder", code).phrases["text"].of(lang) for code in reference_codes("placeholder")}


@cache
def _words() -> tuple[_Index, _Index]:
    """Return where a word leads: codes as they are written, and all names as `folded` spells them."""
    exact: dict[str, dict[tuple[str, str], None]] = {}
    loose: dict[str, dict[tuple[str, str], None]] = {}
    for section in EXPLAINED:
        for code in reference_codes(section):
            long = reference(section, code)
            titles = [title for known in (reference, entry) for title in _titles(known, section, code)]
            exact.setdefault(code, {})[section, code] = None
            for word in (code, *long.lists.get("aliases", ()), *titles):
                loose.setdefault(folded(word), {})[section, code] = None
    return (
        {word: tuple(places) for word, places in exact.items()},
        {word: tuple(places) for word, places in loose.items()},
    )


def _titles(known: Callable[[str, str], Entry], section: str, code: str) -> tuple[str, ...]:
    try:
        return known(section, code).phrases.get("title", ())
    except UnknownCodeError:
        return ()


@cache
def _entry(name: str, section: str, code: str) -> Entry:
    keys = _section(name, section).get(code)
    if keys is None:
        raise UnknownCodeError(section, code)
    texts: dict[str, dict[str, str]] = {}
    facts: dict[str, str] = {}
    lists: dict[str, tuple[str, ...]] = {}
    for key, value in keys.items():
        field, lang = _split(key)
        if isinstance(value, list):
            lists[key] = tuple(value)
        elif lang:
            texts.setdefault(field, {})[lang] = value
        else:
            facts[key] = value
    phrases = {field: Phrase(**both) for field, both in texts.items()}
    return Entry(section, code, phrases, facts, lists)


def _split(key: str) -> tuple[str, str]:
    """Split ``cause_zh`` into its field and language; the language is "" for a fact."""
    if key in LANGUAGES:
        return "text", key
    field, _, lang = key.rpartition("_")
    return (field, lang) if lang in LANGUAGES else (key, "")
