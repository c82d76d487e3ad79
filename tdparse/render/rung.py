"""
What one rung of a ladder says: time, flags, numbers, remarks, folds, in the words of one language.

Every text is safe for a terminal; other targets escape it once more for themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from tdparse import catalog, wording
from tdparse.escapes import safe
from tdparse.flags import names_of
from tdparse.model import Severity
from tdparse.render.text import MARKS, elapsed_text, peer, titled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tdparse.diagram import Arrow, Diagram, Fold, Gap
    from tdparse.model import Flow, Lang, NumberStyle, Role, Standing, Step, Summary

GRAVEST_FIRST: Final = (Severity.ERROR, Severity.WARN, Severity.NOTE)


class Remark(NamedTuple):
    """A finding in a few words, and how much it matters."""

    severity: Severity
    text: str


class Words:
    """Says it, and notes which signs have been used and are worth a legend."""

    def __init__(self, lang: Lang, numbers: NumberStyle = "relative") -> None:
        """Choose the language and how sequence numbers are shown."""
        self.lang: Lang = lang
        self._numbers = numbers
        self._signs: set[str] = set()

    def end(self, role: Role, flow: Flow) -> tuple[str, str]:
        """Return the name of one end, marked when the roles are guesses, and its address."""
        name = catalog.sentence("role", role, self.lang)
        if flow.role_confidence < wording.GUESSED:
            name = f"{name} ({catalog.sentence('ui', 'guessed', self.lang)})"
        return name, peer(flow.client if role == "client" else flow.server)

    def heading(self, diagram: Diagram) -> str:
        """Return which connection it is."""
        flow, summary = diagram.flow, diagram.summary
        if summary is None:
            return f"{catalog.sentence('ui', 'connection', self.lang)} #{flow.conn}: {peer(flow.client)} → {peer(flow.server)}"
        values = {
            "conn": flow.conn,
            "client": peer(flow.client),
            "server": peer(flow.server),
            "lines": wording.lines_text(summary.first_line, summary.last_line, self.lang),
            "n": summary.segments,
        }
        return catalog.fill(catalog.sentence("ui", "connection_line", self.lang), values)

    def verdict(self, summary: Summary) -> str:
        """Return how the connection ended."""
        label = catalog.sentence("ui", "verdict", self.lang)
        text = f"{safe(wording.verdict_text(summary, self.lang))} [{summary.verdict}]"
        return catalog.fill(catalog.sentence("ui", "labelled", self.lang), {"label": label, "text": text})

    def time(self, step: Step) -> str:
        """Return when, counted from the beginning of the log; "" without timestamps."""
        return "" if step.elapsed is None else elapsed_text(step.elapsed, self.lang)

    def label(self, step: Step, *, full: bool = False) -> list[str]:
        """
        Return flags and numbers, in parts that belong together each and make a text with blanks between them.

        In `full` they have what follows from the numbers too, and the window.
        """
        segment = step.segment
        flags = "?" if segment.flags is None else safe(names_of(segment.flags))
        parts = [wording.numbers_text(step, self._numbers)]
        if segment.length and (full or not step.seq_printed):
            parts.append(f"length {segment.length}")
        if segment.window is not None and (full or not segment.window):
            parts.append(f"win {segment.window}")
        text = ", ".join(part for part in parts if part)
        return [flags, *(text.replace(", ", ",\n").replace(" (", "\n(").split("\n") if text else ())]

    def title(self, step: Step) -> str:
        """Return the name of the step."""
        return wording.title(step, self.lang)

    def sentence(self, step: Step) -> str:
        """Return the whole explanation of the step."""
        return safe(wording.text(step, self.lang, self._numbers))

    def state(self, standing: Standing) -> str:
        """Return a state with its marks."""
        text = wording.state_text(standing)
        if any(mark in text for mark in MARKS):
            self._signs.add("marks")
        return text

    def remarks(self, step: Step) -> list[Remark]:
        """Return the findings at or above note, gravest first; each with the line that is its other half."""
        found: dict[Severity, list[str]] = {}
        for finding in step.findings:
            title = titled(finding.code, self.lang, finding.values.get("n"))
            others = [line for line in finding.lines if line != step.segment.line]
            if others:
                title = self._say("at_line", title=title, line=others[0])
            found.setdefault(finding.severity, []).append(title)
        comma = catalog.sentence("ui", "comma", self.lang)
        remarks = []
        for severity in (severity for severity in GRAVEST_FIRST if severity in found):
            values = {"label": catalog.sentence("severity", severity, self.lang), "text": comma.join(found[severity])}
            remarks.append(Remark(severity, catalog.fill(catalog.sentence("ui", "labelled", self.lang), values)))
        return remarks

    def sign(self, arrow: Arrow) -> None:
        """Note what the drawing of an arrow will use."""
        self._signs.update(name for name, used in (("again", arrow.again), ("lost", arrow.lost)) if used)

    def gap(self, gap: Gap) -> str:
        """Return what is missing."""
        self._signs.add("gap_sign")
        return self._say("gap_unknown") if gap.octets is None else self._say("gap", n=f"{gap.octets:,}")

    def fold(self, fold: Fold) -> list[str]:
        """Return what a fold hides, in two lines: how much; and where, in which direction and what is remarkable in it."""
        told = [wording.lines_text(fold.first_line, fold.last_line, self.lang)]
        for role, octets in fold.octets.items():
            told.append(self._say("octets", x=catalog.sentence("role", role, self.lang), n=f"{octets:,}"))
        for code, count in fold.findings.items():
            title = titled(code, self.lang)
            told.append(title if count == 1 else self._say("times", title=title, n=f"{count:,}"))
        return [self._say("fold_data" if fold.octets else "fold", n=f"{fold.segments:,}"), " · ".join(told)]

    def legend(self, signs: Mapping[str, str]) -> list[str]:
        """Return what the signs mean that have been used, and forget them; `signs` has those of one way to draw."""
        lines = [catalog.sentence("ui", "marks", self.lang)] if "marks" in self._signs else []
        parts = [f"{sign} {self._say(name)}" for name, sign in signs.items() if name in self._signs]
        if parts:
            lines.append(catalog.sentence("ui", "stop", self.lang).join(parts))
        self._signs.clear()
        return lines

    def columns(self) -> str:
        """Return what stands where in a line of the compact view."""
        return self._say("columns")

    def more(self, connections: int) -> str:
        """Return that there are more connections than are drawn."""
        return self._say("more", n=f"{connections:,}")

    def _say(self, code: str, **values: object) -> str:
        return catalog.fill(catalog.sentence("diagram", code, self.lang), values)
