"""Answers about what has been pasted: tables, one connection, a record as the grammar sees it, why a line is explained so."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from tdparse import catalog, wording
from tdparse.escapes import safe
from tdparse.model import Skipped
from tdparse.render import Totals
from tdparse.render.compact import Compact
from tdparse.render.ladder import Ladder, Rungs
from tdparse.render.rung import Words
from tdparse.render.screen import broken
from tdparse.render.table import Table
from tdparse.render.text import Text, peer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from lark import Lark, Token, Tree

    from tdparse.model import Lang, NumberStyle, Side, Summary
    from tdparse.render import Renderer
    from tdparse.session import Piece, Session

INDENT: Final = "    "
DEEPER: Final = "  "


class Questions:
    """Asks a session, and answers in one language, for one terminal."""

    def __init__(
        self, session: Session, lang: Lang, numbers: NumberStyle, *, color: bool = False, columns: int | None = None
    ) -> None:
        """Take what every view takes; `columns` None is no limit."""
        self._session = session
        self._lang: Lang = lang
        self._numbers: NumberStyle = numbers
        self._color = color
        self._columns = columns

    # ------------------------------------------------------------------ connections

    def chosen(self, word: str) -> list[Summary]:
        """Return the connections a word means: a number, a host, or a host with its port, as tcpdump or a view shows it."""
        number = word.removeprefix("#")
        found = []
        for summary in self._session.summaries():
            flow = summary.flow
            names = {str(flow.conn)} if number.isdecimal() else set[str]()
            for end in (flow.client, flow.server):
                names |= {end.host, f"[{end.host}]", str(end), f"{end.host}:{end.port}", peer(end)}
            if number in names:
                found.append(summary)
        return found

    def table(self, summaries: Iterable[Summary]) -> str:
        """Return one row a connection."""
        table = Table(self._lang, columns=self._columns, color=self._color)
        table.start("", ())
        for summary in summaries:
            table.summary(summary)
        return table.finish(Totals())

    def verdicts(self, summaries: Iterable[Summary]) -> str:
        """Return how connections stand."""
        view = self._text()
        return "".join(map(view.summary, summaries))

    def show(self, summaries: Iterable[Summary]) -> str:
        """Return connections with a line for each segment."""
        return self._drawn(
            lambda words, text: Compact(words, text, columns=self._columns, color=self._color), summaries
        )

    def ladder(self, summaries: Iterable[Summary]) -> str:
        """Return connections as ladders."""
        return self._drawn(
            lambda words, text: Ladder(Rungs(words, columns=self._columns, color=self._color, numbered=True), text),
            summaries,
        )

    def _drawn(self, build: Callable[[Words, Text], Renderer], summaries: Iterable[Summary]) -> str:
        text = self._text()
        renderer = build(Words(self._lang, self._numbers), text)
        totals, parts = Totals(), list[str]()
        for summary in summaries:
            steps = self._session.steps(summary.flow.conn)
            totals.segments += len(steps)
            parts += (renderer.step(step, step.segment.text.split("\n")) for step in steps)
            parts.append(renderer.summary(summary))
        return "".join(parts) + renderer.finish(totals)

    # ------------------------------------------------------------------ one line

    def tree(self, piece: Piece) -> str:
        """Return a record as the grammar sees it: its rules, and under each what it read."""
        if isinstance(piece.item, Skipped):
            kind = catalog.sentence("kind", piece.item.kind, self._lang)
            no_tree = self._told(catalog.fill(self._say("no_tree"), {"kind": kind}), "")
            told = self._text().complaint(piece.item) or no_tree
            return "".join(f"{line}\n" for line in (*self._originals(piece), *told))
        return "".join(f"{line}\n" for line in _branches(_parser().parse(piece.item.segment.text), ""))

    def why(self, piece: Piece) -> str:
        """Return why a line is explained as it is: step, rules, what made each state, and the evidence of findings."""
        item = piece.item
        lines = self._originals(piece)
        if isinstance(item, Skipped):
            lines += self._text().complaint(item)
            if item.kind != "rejected":
                kind = catalog.sentence("kind", item.kind, self._lang)
                lines += self._told(catalog.fill(self._say("no_segment"), {"kind": kind}), INDENT)
            return "".join(f"{line}\n" for line in lines)
        lines += self._code("step", item.step, wording.text(item, self._lang, self._numbers))
        for modifier in item.modifiers:
            lines += self._code("modifier", modifier, "")
        for role, side in (("client", item.client), ("server", item.server)):
            lines += self._told(self._standing(role, side), INDENT)
        for finding in item.findings:
            said = wording.finding_text(finding, item, self._lang, self._numbers)
            lines += self._code("finding", finding.code, said)
            lines += self._evidence(finding.lines, item.segment.line)
        return "".join(f"{line}\n" for line in lines)

    def _code(self, section: str, code: str, said: str) -> Iterator[str]:
        """Yield a code with its sentence, the exact condition, and the rules that decide."""
        long = catalog.reference(section, code)
        name = catalog.reference("section", section).phrases["text"].of(self._lang)
        title = self._title(section, code)
        yield from self._told(f"{name} {code} · {title}", INDENT)
        if said:
            yield from self._told(safe(said), INDENT + DEEPER)
        condition = long.phrases["condition"].of(self._lang) if "condition" in long.phrases else ""
        if condition not in {"", title}:
            yield from self._labelled("condition", condition)
        if rules := long.lists.get("rules", ()):
            comma = catalog.sentence("ui", "stop", self._lang)
            named = (f"{rule} {catalog.reference('rule', rule).phrases['text'].of(self._lang)}" for rule in rules)
            yield from self._labelled("rules", comma.join(named))

    def _title(self, section: str, code: str) -> str:
        phrase = catalog.entry(section, code).phrases.get("title") or catalog.reference(section, code).phrases.get(
            "title"
        )
        return phrase.of(self._lang) if phrase else catalog.meaning(section, code, self._lang)

    def _standing(self, role: str, side: Side) -> str:
        """Return how one endpoint's state changed, and how that is known."""
        before, after = wording.state_text(side.before), wording.state_text(side.after)
        change = after if before == after else f"{before} → {after}"
        known = catalog.sentence("certainty", side.after.certainty, self._lang)
        label = catalog.sentence("role", role, self._lang)
        values = {"label": label, "text": f"{change} ({known})" if self._lang == "en" else f"{change}（{known}）"}
        return catalog.fill(catalog.sentence("ui", "labelled", self._lang), values)

    def _evidence(self, numbers: Collection[int], own: int) -> Iterator[str]:
        """Yield the lines a finding rests on, as they were pasted."""
        for number in numbers:
            piece = self._session.at(number)
            if number != own and piece is not None:
                yield from self._told(f"{self._say('evidence')} {number}:", INDENT + DEEPER)
                yield from self._originals(piece)

    # ------------------------------------------------------------------ pieces

    def _text(self) -> Text:
        return Text(self._lang, numbers=self._numbers, color=self._color, columns=self._columns)

    def _originals(self, piece: Piece) -> list[str]:
        """Return the lines of the log as every view shows them."""
        return self._text().originals(piece.lines).removesuffix("\n").split("\n")

    def _labelled(self, name: str, text: str) -> list[str]:
        label = catalog.reference("why", name).phrases["text"].of(self._lang)
        template = catalog.sentence("ui", "labelled", self._lang)
        return self._told(catalog.fill(template, {"label": label, "text": text}), INDENT + DEEPER)

    def _told(self, text: str, indent: str) -> list[str]:
        if self._columns is None:
            return [indent + text]
        return [indent + line for line in broken(text, max(self._columns - len(indent), 1))]

    def _say(self, code: str) -> str:
        return catalog.sentence("repl", code, self._lang)


@cache
def _parser() -> Lark:
    from tdparse import lalr  # the reference parser: slow to start, wanted here alone

    return lalr.build("record")


def _branches(tree: Tree[Token], indent: str) -> Iterator[str]:
    """Yield a tree as lines: a rule that read one text has it beside its name."""
    children: Sequence[Tree[Token] | Token] = tree.children
    leaf = children[0] if len(children) == 1 else None
    if isinstance(leaf, str):
        yield f"{indent}{tree.data}  {_quoted(leaf)}"
        return
    yield f"{indent}{tree.data}"
    for child in children:
        if isinstance(child, str):
            yield f"{indent}{DEEPER}{_quoted(child)}"
        else:
            yield from _branches(child, indent + DEEPER)


def _quoted(text: str) -> str:
    return '"' + safe(text.replace("\n", "\\n").replace("\t", "\\t")) + '"'
