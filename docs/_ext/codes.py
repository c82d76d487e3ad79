"""
Reference pages, written before each build from what the program itself reads: catalogue, grammar, schema and help.

`generated/` holds a page for each kind of code, in both languages, the commands, the JSON records and the grammar's rules.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from typer.main import get_command

import tdparse
from tdparse import catalog, lalr
from tdparse.why import Why, explained, place_of, sample_of

if TYPE_CHECKING:
    from sphinx.application import Sphinx

    from tdparse.model import Lang

PACKAGE: Final = Path(tdparse.__file__).parent
WORDS: Final[Mapping[str, Mapping[Lang, str]]] = {
    "intro": {
        "en": "Generated from the catalogue: what `tdexplain why CODE` prints.",
        "zh": "本页由目录生成，内容与 `tdexplain why -l zh CODE` 的输出相同。",
    },
    "example": {"en": "A log that shows it", "zh": "示例日志"},
}
OPENING: Final = re.compile(r"^//> (.*)$")
RULE: Final = re.compile(r"^([a-z_]\w*)\s*:\s*(.*)$")


def pages() -> Iterator[tuple[str, str]]:
    """Yield every generated page: its name, and its Markdown."""
    for lang in catalog.LANGUAGES:
        for section in catalog.EXPLAINED:
            yield f"{folder(lang)}{plural(section)}", "".join(code_page(section, lang))
    yield "commands", "".join(commands())
    yield "records", "".join(records())
    yield "rules_of_the_grammar", "".join(grammar())


def folder(lang: Lang) -> str:
    """Return the folder of a language: English stands at the top."""
    return "" if lang == "en" else f"{lang}/"


def plural(section: str) -> str:
    """Return the name of the page of a section."""
    return {"finding": "anomalies"}.get(section, f"{section}s")


def label(section: str, code: str, lang: Lang) -> str:
    """Return the anchor of a code, of letters that every address allows; `e` and `E` are two flags."""
    spelled = {".": "dot", "e": "ae"}.get(code, code) if section == "flag" else code
    return re.sub(r"[^a-z0-9]+", "-", f"{'' if lang == 'en' else lang + '-'}{section}-{spelled}".lower()).strip("-")


# ------------------------------------------------------------------ codes


def code_page(section: str, lang: Lang) -> Iterator[str]:
    """Yield the page of one section in one language."""
    heading = catalog.reference("section", section).phrases["many"].of(lang)
    yield f"({label('page', section, lang)})=\n\n# {heading}\n\n{WORDS['intro'][lang]}\n\n"
    view = Why(lang)
    shown: dict[str, str] = {}
    for code in catalog.reference_codes(section):
        entry = explained(section, code, lang)
        title = f" · {plain(entry.title)}" if entry.title else ""
        yield f"({label(section, code, lang)})=\n\n## `{code}`{title}\n\n"
        for name, text in view.fields(entry):
            yield f"{view.say(name)}\n: {linked(name, text, entry, lang)}\n\n"
        if entry.rules:
            rules = ", ".join(link("rule", rule, lang) for rule in entry.rules)
            yield f"{view.say('rules')}\n: {rules}\n\n"
        sample = sample_of(section, code)
        if sample is not None:
            key = "\n".join(view.example(sample, section, code))
            where = shown.setdefault(key, code)
            if where == code:
                yield f'<details class="example"><summary>{WORDS["example"][lang]}</summary>\n\n```text\n{key}\n```\n\n</details>\n\n'
            else:
                yield f"{WORDS['example'][lang]}\n: {link(section, where, lang)}\n\n"


def linked(name: str, text: str, entry: Any, lang: Lang) -> str:
    """Return the text of a field, with links where it lists codes."""
    comma = catalog.sentence("ui", "comma", lang)
    if name == "supersedes":
        return comma.join(link("finding", code, lang) for code in entry.supersedes)
    if name == "superseded":
        return comma.join(link("finding", code, lang) for code in entry.superseded_by)
    if name == "see":
        return comma.join(link(*place_of(see), lang) for see in entry.see)
    if name == "decides":
        places = [(section, code) for code in entry.decides for section in sections_of(code, entry.code)]
        return comma.join(dict.fromkeys(link(*place, lang) for place in places))
    if name == "wireshark":
        return f"`{text}`"
    return plain(text)


def sections_of(code: str, rule: str) -> list[str]:
    """Return the sections whose entry of this code cites a rule."""
    return [
        section
        for section in catalog.EXPLAINED
        if code in catalog.reference_codes(section) and rule in catalog.reference(section, code).lists.get("rules", ())
    ]


def link(section: str, code: str, lang: Lang) -> str:
    """Return a link to the entry of a code."""
    return f"[`{code}`](#{label(section, code, lang)})"


def plain(text: str) -> str:
    """Return text in which Markdown reads nothing but what stands between backticks."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return re.sub(r"([\\`*_{}\[\]<>#|~$])", r"\\\1", text)
    return "`".join(
        part if odd % 2 else re.sub(r"([\\*_{}\[\]<>#|~$])", r"\\\1", part) for odd, part in enumerate(parts)
    )


# ------------------------------------------------------------------ commands, records, grammar


def commands() -> Iterator[str]:
    """Yield the page of commands: the help of each."""
    from tdparse.cli import app

    command: Any = get_command(app)
    yield "# Commands\n\nGenerated from the program: what `tdexplain COMMAND --help` prints.\n\n"
    with command.make_context("tdexplain", [], resilient_parsing=True, terminal_width=100) as context:
        yield f"## `tdexplain`\n\n```text\n{command.get_help(context)}\n```\n\n"
        for name, inner in command.commands.items():
            with inner.make_context(name, [], parent=context, resilient_parsing=True, terminal_width=100) as place:
                yield f"(command-{name})=\n\n## `tdexplain {name}`\n\n```text\n{inner.get_help(place).strip()}\n```\n\n"


def records() -> Iterator[str]:
    """Yield the page of the JSON records: every key with its type and meaning, from the schema."""
    schema = json.loads((PACKAGE / "render" / "schema.json").read_text("utf-8"))
    yield (
        "# JSON records\n\nGenerated from `tdparse/render/schema.json`, which is in the wheel and which every line of "
        "`tdexplain -f jsonl` fits. A key whose value is unknown is `null`, never 0 and never a guess.\n\n"
    )
    for one in schema["oneOf"]:
        name = one["$ref"].rpartition("/")[2]
        record = schema["$defs"][name]
        yield f"## `{name}`\n\n{record.get('description', '')}\n\n| key | type | meaning |\n|---|---|---|\n"
        for key, kind, text in keys(record, schema):
            yield f"| `{key}` | {kind} | {plain(text)} |\n"
        yield "\n"


def keys(record: Mapping[str, Any], schema: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield the keys of an object, those of objects in it with a dot."""
    for key, value in record.get("properties", {}).items():
        inner = resolved(value, schema)
        yield f"{before}{key}", kind_of(inner, schema), str(value.get("description", inner.get("description", "")))
        if inner.get("type") == "object":
            yield from keys(inner, schema, f"{before}{key}.")


def resolved(value: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a reference means."""
    name = value.get("$ref", "").rpartition("/")[2]
    return resolved(schema["$defs"][name], schema) if name else value


def kind_of(value: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """Return the type of a key in words."""
    value = resolved(value, schema)
    if "const" in value:
        return f"`{json.dumps(value['const'])}`"
    if "enum" in value:
        return " or ".join(f"`{json.dumps(item)}`" for item in value["enum"])
    kinds = value.get("type", [kind_of(one, schema) for one in value.get("anyOf", value.get("oneOf", ()))])
    return kinds if isinstance(kinds, str) else " or ".join(kinds) or "any"


def grammar() -> Iterator[str]:
    """Yield the page of the grammar's rules, each with the examples that stand above it."""
    yield "# Rules of the grammar\n\nGenerated from `grammar/tcpdump.lark`; the test suite parses every example.\n\n"
    waiting: list[str] = []
    for line in lalr.grammar_source().splitlines():
        if line.startswith("// ----") and "terminals" not in line:
            yield f"## {plain(line.lstrip('/ -').capitalize())}\n\n"
        elif example := OPENING.match(line):
            waiting.append(example[1])
        elif (rule := RULE.match(line)) and waiting:
            body, _, comment = rule[2].partition("//")
            said = f"\n\n{plain(comment.strip())}" if comment.strip() else ""
            shown = "\n".join(waiting)
            yield f"### `{rule[1].strip('_')}`{said}\n\n```text\n{shown}\n```\n\n```text\n{rule[1]}: {body.strip()}\n```\n\n"
            waiting = []


# ------------------------------------------------------------------ Sphinx


def write(app: Sphinx) -> None:
    """Write the pages that have changed, and take away those that are no more."""
    home = Path(app.srcdir) / "generated"
    wanted = {home / f"{name}.md": text for name, text in pages()}
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
    for path in set(home.rglob("*.md")) - set(wanted):
        path.unlink()


def setup(app: Sphinx) -> dict[str, bool]:
    """Write before Sphinx looks for pages."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
