"""
The view for people: each line as it was, and under it who, what, both states, and what is unusual.

Plain text loses nothing: colours only repeat what words and marks say. The marks of the states (R5):
none observed, ``*`` deduced, ``?`` presumed, ``~`` assumed, ``A|B`` one of these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdparse import catalog, wording
from tdparse.render import paint
from tdparse.render.paint import Brush
from tdparse.render.screen import broken, safe, width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdparse.model import Endpoint, Finding, Lang, NumberStyle, Role, Side, Skipped, Step, Summary
    from tdparse.render import Totals

INDENT: Final = "    "
MARKS: Final = "*?~|"
CARET_WITHIN: Final = 1000  # columns; farther right a caret helps nobody


class Text:
    """Shows each record under its own lines; see `Renderer` for the methods."""

    def __init__(
        self,
        lang: Lang,
        *,
        numbers: NumberStyle = "relative",
        color: bool = False,
        columns: int | None = None,
        quiet: bool = False,
        verbose: bool = False,
        headings: bool = False,
    ) -> None:
        """
        Choose how to show.

        `columns` is the width sentences are wrapped to (None: they are not); `headings` names each input;
        `quiet` shows the verdicts only; `verbose` adds the evidence, the socket calls and the RFC sections.
        """
        self._lang: Lang = lang
        self._numbers = numbers
        self.columns = columns  # may change with the terminal
        self._paint = Brush(color=color)
        self._quiet = quiet
        self._verbose = verbose
        self._headings = headings
        self._latest = 0  # the connection that appeared last
        self._marked = False  # a mark has been shown and is worth its legend
        self._explained = False  # and has had it
        self._names = {
            role: self._paint(tint, catalog.sentence("role", role, lang)) for role, tint in paint.ROLES.items()
        }

    # ------------------------------------------------------------------ the methods of a Renderer

    def start(self, source: str, opening: Sequence[str]) -> str:  # noqa: ARG002 - people see what it is
        """Name the input, when there are several."""
        self._latest = 0
        if not self._headings:
            return ""
        lines = self._wrap(f"==> {safe(source)} <==", "")
        return "".join(f"{self._paint(paint.BOLD, line)}\n" for line in lines)

    def step(self, step: Step, lines: Sequence[str]) -> str:
        """Show a segment and what it means."""
        if self._quiet:
            return ""
        under = (f"{INDENT}{line}\n" for line in self.explanation(step))
        return "".join([*(_original(line) for line in lines), *under, "\n"])

    def skipped(self, skipped: Skipped, lines: Sequence[str]) -> str:
        """Let a line pass; point at the place where a segment could not be read."""
        if self._quiet:
            return ""
        under = (line + "\n" for line in self.complaint(skipped))
        return "".join([*(_original(line) for line in lines), *under])

    def summary(self, summary: Summary) -> str:
        """Show how a connection ended."""
        return "".join([*(line + "\n" for line in self.verdict(summary)), "\n"])

    def end(self, lines: Sequence[str]) -> str:
        """Let the remaining lines pass."""
        return "" if self._quiet else "".join(map(_original, lines))

    def finish(self, totals: Totals) -> str:
        """Explain the marks, once."""
        return self.legend() if totals.segments else ""

    def legend(self) -> str:
        """Explain the marks when one has been shown since they were explained last: never, for most."""
        if not self._marked or self._explained:
            return ""
        self._explained = True
        return "".join(self._paint(paint.DIM, line) + "\n" for line in self._wrap(self._say("marks"), ""))

    # ------------------------------------------------------------------ the parts

    def explanation(self, step: Step) -> list[str]:
        """Return what stands under a segment, without indentation: who and what, states, sentence, findings."""
        lines = self._opening(step) + self._wrap(self._headline(step)) + self._wrap(self._states(step))
        lines += self._wrap(safe(wording.text(step, self._lang, self._numbers)))
        for finding in step.findings:
            lines += self._finding(finding, step)
        return lines + (self._background(step) if self._verbose else [])

    def complaint(self, skipped: Skipped, shift: int = 0) -> list[str]:
        """
        Return the lines that say where and why a record could not be read; none for any other line.

        A caret points at the place; `shift` columns will be put in front of it.
        """
        if skipped.kind != "rejected":
            return []
        wanted = self._say("or").join(_word("terminal", name, self._lang) for name in skipped.expected or ())
        reason = _word("reason", skipped.reason, self._lang) if skipped.reason else ""
        lines = self._caret(skipped, shift)
        place = {"line": skipped.line, "column": "?" if skipped.column is None else skipped.column}
        parts = [self._say("rejected", **place), reason, self._say("expected", what=wanted) if wanted else ""]
        lines += (INDENT + line for line in self._wrap(self._say("stop").join(part for part in parts if part)))
        return [self._paint(paint.RED, line) for line in lines]

    def verdict(self, summary: Summary) -> list[str]:
        """Return the block that closes a connection."""
        lang, flow = self._lang, summary.flow
        values = {"conn": flow.conn, "client": peer(flow.client), "server": peer(flow.server), "n": summary.segments}
        head = self._say("connection_line", **values, first=summary.first_line, last=summary.last_line)
        states = (wording.state_text(summary.client_state), wording.state_text(summary.server_state))
        self._note_marks(*states)
        verdict = f"{wording.verdict_text(summary, lang)} [{summary.verdict}]"
        parts = [
            ("verdict", self._paint(paint.BOLD, safe(verdict))),
            ("final_states", self._say("both", client=states[0], server=states[1])),
            ("close", self._close(summary)),
            ("also", safe(wording.JOIN[lang].join(wording.notes(summary, lang)))),
            ("cause", safe(wording.cause(summary, lang))),
            ("check", safe(wording.check(summary, lang))),
            ("findings", self._say("comma").join(self._counted(*counted) for counted in summary.findings.items())),
            ("other_tools", self._say("stop").join(wording.other_tools(summary, lang)) if self._verbose else ""),
        ]
        body = [line for name, text in parts if text for line in self._labelled(name, text)]
        return [*(self._paint(paint.BOLD, line) for line in self._wrap(head, "")), *(INDENT + line for line in body)]

    # ------------------------------------------------------------------ pieces

    def _opening(self, step: Step) -> list[str]:
        """Return the header of a connection that has not appeared before; they appear in the order of their numbers."""
        flow = step.flow
        if flow.conn <= self._latest:
            return []
        self._latest = flow.conn
        head = self._say("opening", conn=flow.conn, client=peer(flow.client), server=peer(flow.server))
        if flow.role_confidence < wording.GUESSED:
            head = self._say("stop").join((head, self._say("guessed")))
        return [self._paint(paint.BOLD, line) for line in self._wrap(head)]

    def _caret(self, skipped: Skipped, shift: int) -> list[str]:
        """Return the line that points at a place; of a line too long for the terminal, the part around the place too."""
        if skipped.column is None or "\n" in skipped.raw:
            return []
        place = skipped.column - 1
        before, columns = safe(skipped.raw[:place]), self.columns
        if columns is None:
            if place >= CARET_WITHIN:
                return []
        elif width(safe(skipped.raw).expandtabs()) > columns:
            room = columns - 2 * len(INDENT)
            begin = safe(skipped.raw[max(0, place - room) : place].replace("\t", " "))
            while width(begin) > room // 2:
                begin = begin[1:]
            part = begin
            for character in safe(skipped.raw[place : place + room].replace("\t", " ")):
                if width(part + character) > room:
                    break
                part += character
            return [f"{INDENT}{part}", f"{INDENT}{' ' * width(begin)}^"]
        space = "".join("\t" if character == "\t" else " " * width(character) for character in before)
        return [space[shift:] + "^"] if len(space) >= shift else []

    def _headline(self, step: Step) -> str:
        sender = step.sender
        parts = [
            f"#{step.flow.conn} {self._role(sender)} → {self._role(wording.other(sender))}",
            self._paint(paint.group(step.step) or paint.BOLD, wording.title(step, self._lang)),
            ""
            if self._numbers == "symbolic"
            else wording.numbers_text(step, self._numbers),  # the sentence has symbols
            "" if step.elapsed is None else elapsed_text(step.elapsed, self._lang),
        ]
        return " · ".join(part for part in parts if part)

    def _states(self, step: Step) -> str:
        sides = []
        both: tuple[tuple[Role, Side], ...] = (("client", step.client), ("server", step.server))
        for role, side in both:
            before, after = wording.state_text(side.before), wording.state_text(side.after)
            self._note_marks(before, after)
            change = after if before == after else f"{before} → {self._paint(paint.BOLD, after)}"
            sides.append(f"{self._role(role)} {change}")
        return " · ".join(sides)

    def _note_marks(self, *states: str) -> None:
        self._marked = self._marked or any(mark in state for state in states for mark in MARKS)

    def _background(self, step: Step) -> list[str]:
        """Return what the step means to the two programs, and where it is defined."""
        rfc = catalog.reference("step", step.step).facts.get("rfc", "")
        options = safe(step.segment.options_text or "")
        texts = [("api", wording.api(step, self._lang)), ("rfc", rfc), ("options", options)]
        return [self._paint(paint.DIM, line) for name, text in texts if text for line in self._labelled(name, text)]

    def _finding(self, finding: Finding, step: Step) -> list[str]:
        severity = catalog.sentence("severity", finding.severity, self._lang)
        title = catalog.sentence("finding", finding.code, self._lang, "title")
        sentence = safe(wording.finding_text(finding, step, self._lang, self._numbers))
        lines = self._wrap(self._say("finding", severity=severity, title=title, text=sentence).rstrip())
        shown = [self._paint(paint.SEVERITIES[finding.severity], line) for line in lines]
        if self._verbose:
            sure = catalog.sentence("confidence", finding.confidence, self._lang)
            evidence = ", ".join(map(str, finding.lines))
            shown += self._wrap(self._say("evidence", finding=finding.code, confidence=sure, lines=evidence))
        return shown

    def _close(self, summary: Summary) -> str:
        """Return who closed, how, and who waits in TIME-WAIT."""
        comma = self._say("comma")
        parts = []
        if summary.closed_first:
            parts.append(self._say("closed_first", who=self._role(summary.closed_first)))
        if summary.close_shape and summary.close_shape != "none":
            parts.append(catalog.sentence("close_shape", summary.close_shape, self._lang))
        if summary.time_wait:
            parts.append(self._say("time_wait", who=comma.join(map(self._role, summary.time_wait))))
        return comma.join(parts)

    def _counted(self, code: str, count: int) -> str:
        title = catalog.sentence("finding", code, self._lang, "title")
        return title if count == 1 else f"{title} ×{count}"

    def _labelled(self, label: str, text: str) -> list[str]:
        return self._wrap(self._say("labelled", label=self._say(label), text=text))

    def _role(self, role: Role) -> str:
        return self._names[role]

    def _say(self, code: str, **values: object) -> str:
        template = catalog.sentence("ui", code, self._lang)
        return catalog.fill(template, values) if values else template

    def _wrap(self, text: str, indent: str = INDENT) -> list[str]:
        """Return `text` in lines that leave room for `indent`; a word wider than a line goes on in the next one."""
        return [text] if self.columns is None else broken(text, max(self.columns - len(indent), 1))


def _original(line: str) -> str:
    return safe(line.removesuffix("\r")) + "\n"


def _word(section: str, code: str, lang: Lang) -> str:
    """Return a name in words, or the name itself when the catalogue has no words for it."""
    try:
        return catalog.sentence(section, code, lang)
    except catalog.UnknownCodeError:
        return code


def elapsed_text(ns: int, lang: Lang) -> str:
    """Return a time since the beginning with its sign: a clock may have gone backwards."""
    return ("+" if ns >= 0 else "") + catalog.duration(ns, lang)


def peer(endpoint: Endpoint) -> str:
    """Return an address and port as people write it, safe for a terminal."""
    if endpoint.port is None:
        return safe(endpoint.host)
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    return safe(f"{host}:{endpoint.port}")
