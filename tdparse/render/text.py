"""
The view for people: each line as it was, and under it who, what, both states, and what is unusual.

Plain text loses nothing: colours only repeat what words and marks say. The marks of the states (R5):
none observed, ``*`` deduced, ``?`` presumed, ``~`` assumed, ``A|B`` one of these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from tdparse import catalog, wording
from tdparse.escapes import safe
from tdparse.model import State
from tdparse.render import paint
from tdparse.render.paint import Brush
from tdparse.render.screen import broken, joined, padded, width
from tdparse.render.since import Since

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tdparse.model import Endpoint, Finding, Lang, NumberStyle, Role, Side, Skipped, Standing, Step, Summary
    from tdparse.render import Totals

INDENT: Final = "    "
MARKS: Final = "*?~|"
CARET_WITHIN: Final = 1000  # columns; farther right a caret helps nobody
STATE: Final = max(map(len, State)) + 1  # columns of the longest state and its mark
SECOND: Final = 10**9
LONG: Final = 10_000 * SECOND  # from here on a time is written as a clock shows it: h:mm:ss
CONTINUED: Final = "  "  # before the rest of a line of the log that is wider than the terminal
ARROW: Final = " → "
BETWEEN: Final = " · "
NUMBER: Final = "#n"  # how a title leaves room for a number
REMEMBERED: Final = 1024  # ends of connections whose words are kept
ROOM_FOR_LABELS: Final = 60  # columns from which on labels stand in a column of their own


class _Frame(NamedTuple):
    """What all records have in common that are the same step between the same states."""

    who: str
    title: str
    states: str  # lines that are ready to be shown, the last without its end
    marked: bool  # some state has a mark


class _Ending(NamedTuple):
    """What stands below the verdicts of all connections that ended alike."""

    lines: list[str]
    side: int  # columns of their labels


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
        self._columns = columns
        self._frames: dict[tuple[str, tuple[str, str], Role, Side, Side], _Frame] = {}
        self._endings: dict[tuple[object, ...], _Ending] = {}
        self._labels: dict[str, str] = {}
        self._paint = Brush(color=color)
        self._since = Since(catalog.span, lang)
        self._quiet = quiet
        self._verbose = verbose
        self._headings = headings
        self._introduced = 0  # connections up to this number have been
        self._apart: set[int] = set()  # others that have been, where a selection leaves some out
        self._in_order = False  # those that are shown appear in the order of their numbers, which have gaps
        self._conn = 0  # the connection of the record before
        self._explained = False  # the marks have been
        self._once: Callable[[str], bool] = lambda _: True  # by whoever else shows the same log
        self._names = {
            role: self._paint(tint, catalog.sentence("role", role, lang)) for role, tint in paint.ROLES.items()
        }

    def fit(self, columns: int | None) -> None:
        """Fit into `columns` from now on."""
        if columns != self._columns:
            self._columns = columns
            self._frames.clear()
            self._endings.clear()

    def recall(self, conns: int) -> None:
        """Introduce connections above this number anew: those that had it were taken back."""
        self._introduced = min(self._introduced, conns)

    @property
    def template_lang(self) -> Lang | None:
        """The language of what segments have in common; None where each is set by itself."""
        return self._lang if self._columns is None and not self._paint.color else None

    # ------------------------------------------------------------------ the methods of a Renderer

    def start(self, source: str, opening: Sequence[str]) -> str:  # noqa: ARG002 - people see what it is
        """Name the input, when there are several."""
        self._introduced = 0
        self._apart.clear()
        if not self._headings:
            return ""
        lines = self._wrap(f"==> {safe(source)} <==", "")
        return "".join(f"{self._paint(paint.BOLD, line)}\n" for line in lines)

    def step(self, step: Step, lines: Sequence[str]) -> str:
        """Show a segment and what it means."""
        if self._quiet:
            return ""
        under = f"\n{INDENT}".join(self.explanation(step))
        return f"{self.originals(lines or (step.segment.text,))}{INDENT}{under}\n\n"  # several may share a line

    @property
    def divisible(self) -> bool:
        """Whether no line has to be broken, and no colour says that another connection goes on."""
        return self.template_lang is not None

    def divide(self, once: Callable[[str], bool], *, complete: bool) -> None:
        """Show half of the connections from now on; the marks are explained once in all."""
        self._once = once
        self._in_order = complete

    def skipped(self, skipped: Skipped, lines: Sequence[str]) -> str:
        """Let a line pass; point at the place where a segment could not be read."""
        if self._quiet:
            return ""
        under = (line + "\n" for line in self.complaint(skipped))
        return "".join([self.originals(lines), *under])

    def summary(self, summary: Summary) -> str:
        """Show how a connection ended."""
        return "\n".join([*self.verdict(summary), "", ""])

    def end(self, lines: Sequence[str]) -> str:
        """Let the remaining lines pass."""
        return "" if self._quiet else self.originals(lines)

    def finish(self, totals: Totals) -> str:  # noqa: ARG002 - every block stands for itself
        """Add nothing."""
        return ""

    # ------------------------------------------------------------------ the parts

    def explanation(self, step: Step) -> list[str]:
        """
        Return what stands under a segment, without indentation: who and what, states, sentence, findings.

        Under the first one that has a marked state the marks are explained.
        """
        key = (step.step, wording.named(step), step.sender, step.client, step.server)
        frame = self._frames.get(key)
        if frame is None:
            frame = self._frames[key] = self._frame(step)
        conn = step.flow.conn
        lines = self.opening(step) if conn > self._introduced else []
        tag = f"#{conn}" if conn == self._conn else self._paint(paint.BOLD, f"#{conn}")
        self._conn = conn
        head = [f"{tag} {frame.who}", frame.title]
        if self._numbers != "symbolic" and (numbers := wording.numbers_text(step, self._numbers)):
            head.append(numbers)  # a sentence has symbols of its own
        if step.elapsed is not None:
            head.append(self._since(step.elapsed))
        said = safe(wording.text(step, self._lang, self._numbers))
        columns = self._columns
        if columns is None:
            lines += (BETWEEN.join(head), frame.states, said)
        else:
            room = max(columns - len(INDENT), 1)
            lines += (*joined(head, BETWEEN, room), *frame.states.split("\n"), *broken(said, room))
        for finding in step.findings:
            lines += self.finding(finding, step)
        if self._verbose:
            lines += self._background(step)
        if frame.marked and not self._explained:
            self._explained = True
            if self._once("marks"):
                lines += (self._paint(paint.DIM, line) for line in self._wrap(self._say("marks")))
        return lines

    def opening(self, step: Step, indent: str = INDENT) -> list[str]:
        """Return the header of a connection that has not been introduced before."""
        flow = step.flow
        if flow.conn <= self._introduced or flow.conn in self._apart:
            return []
        if self._in_order or flow.conn == self._introduced + 1:
            self._introduced = flow.conn
        else:
            self._apart.add(flow.conn)
        head = self._say("opening", conn=flow.conn, client=peer(flow.client), server=peer(flow.server))
        if flow.role_confidence < wording.GUESSED:
            head = self._say("stop").join((head, self._say("guessed")))
        return [self._paint(paint.BOLD, line) for line in self._wrap(head, indent)]

    def title(self, step: Step) -> str:
        """Return the name of a step, in the colour of its part of a connection's life."""
        return self._paint(paint.group(step.step) or paint.BOLD, wording.title(step, self._lang))

    def states(self, step: Step, names: Sequence[str] = ()) -> list[str]:
        """
        Return both states in columns of their own: what each was, and where it has changed an arrow and what it is.

        In a narrow terminal the two stand under each other. `names` are those of the ends, where they have others.
        """
        names = names or [self._role(role) for role in paint.ROLES]
        before = [wording.state_text(side.before) for side in (step.client, step.server)]
        after = [wording.state_text(side.after) for side in (step.client, step.server)]
        cells = [
            old if old == new else f"{padded(old, STATE)}{ARROW}{self._paint(paint.BOLD, new)}"
            for old, new in zip(before, after, strict=True)
        ]
        side = width(names[0]) + 1 + 2 * STATE + len(ARROW)
        line = f"{padded(f'{names[0]} {cells[0]}', side)}  {names[1]} {cells[1]}"
        room = None if self._columns is None else max(self._columns - len(INDENT), 1)
        if room is None or max(width(line), 2 * side + 2) <= room:
            return [line]
        label = max(map(width, names))
        return [
            part
            for name, cell in zip(names, cells, strict=True)
            for part in broken(f"{padded(name, label)} {cell}", room)
        ]

    def complaint(self, skipped: Skipped, shift: int = 0) -> list[str]:
        """
        Return the lines that say where and why a record could not be read; none for any other line.

        A caret points at the place; `shift` columns will be put in front of it.
        """
        if skipped.kind != "rejected":
            return []
        wanted = self._say("or").join(wording.wanted(skipped.expected or (), self._lang))
        reason = catalog.sentence("reason", skipped.reason, self._lang) if skipped.reason else ""
        reason = catalog.fill(reason, skipped.note or {})
        lines = self._caret(skipped, shift)
        place = {"line": skipped.line, "column": "?" if skipped.column is None else skipped.column}
        parts = [self._say("rejected", **place), reason, self._say("expected", what=wanted) if wanted else ""]
        lines += (INDENT + line for line in self._wrap(self._say("stop").join(part for part in parts if part)))
        return [self._paint(paint.RED, line) for line in lines]

    def verdict(self, summary: Summary) -> list[str]:
        """Return the block that closes a connection."""
        lang, flow = self._lang, summary.flow
        head = self._say(
            "connection_line",
            conn=flow.conn,
            client=peer(flow.client),
            server=peer(flow.server),
            lines=wording.lines_text(summary.first_line, summary.last_line, lang),
            n=summary.segments,
        )
        own = []
        if summary.findings:
            found = [self._counted(*counted) for counted in summary.findings.items()]
            own.append(("findings", self._say("comma").join(found)))
        if self._verbose:
            own.append(("other_tools", self._say("stop").join(wording.other_tools(summary, lang))))
        ending = self._ending(summary, [name for name, _ in own])
        verdict = safe(f"{wording.verdict_text(summary, lang)} [{summary.verdict}]")
        title = [self._paint(paint.BOLD, line) for line in self._wrap(head, "")]
        under = self._labelled([("verdict", self._paint(paint.BOLD, verdict))], ending.side)
        under += ending.lines
        if own:
            under += self._labelled(own, ending.side)
        return [*title, *[INDENT + line for line in under]]

    def close(self, summary: Summary) -> str:
        """Return who closed, and how; in a simultaneous close (R60) both did, whichever FIN passed here first."""
        if not summary.close_shape or summary.close_shape == "none":
            return ""
        shape = catalog.sentence("close_shape", summary.close_shape, self._lang)
        if summary.closed_first is None or summary.close_shape == "simultaneous":
            return shape
        return self._say("closed_first", who=self._role(summary.closed_first), shape=shape)

    def time_wait(self, summary: Summary) -> str:
        """Return who waits in TIME-WAIT, and for how long (R83); after a close that makes nobody wait, that."""
        if summary.time_wait:
            holders = [
                wording.doubted(self._role(role), wording.waiting(summary, role), self._lang)
                for role in summary.time_wait
            ]
            return self._say("time_wait_of", who=self._say("comma").join(holders))
        return self._say("time_wait_none") if summary.close_shape == "reset" else ""

    # ------------------------------------------------------------------ pieces

    def _ending(self, summary: Summary, following: Sequence[str]) -> _Ending:
        """Return the part of a block that alike connections share, laid out for the labels that follow it."""
        likeness = wording.likeness(summary)
        key = (
            likeness,
            summary.client_state,
            summary.server_state,
            summary.close_shape,
            summary.closed_first,
            *following,
        )
        if likeness is not None and (known := self._endings.get(key)) is not None:
            return known
        lang = self._lang
        states = self._say("both", client=self._end(summary.client_state), server=self._end(summary.server_state))
        parts = [
            ("final_states", states),
            ("close", self.close(summary)),
            ("time_wait", self.time_wait(summary)),
            ("also", safe(wording.JOIN[lang].join(wording.notes(summary, lang)))),
            ("cause", safe(wording.cause(summary, lang))),
            ("check", safe(wording.check(summary, lang))),
        ]
        names = ("verdict", *(name for name, text in parts if text), *following)
        side = max(width(self._label(name)) for name in names)
        made = _Ending(self._labelled(parts, side), side)
        if likeness is not None:
            if len(self._endings) >= REMEMBERED:
                self._endings.clear()
            self._endings[key] = made
        return made

    def _caret(self, skipped: Skipped, shift: int) -> list[str]:
        """Return the line that points at a place; of a line too long for the terminal, the part around the place too."""
        if skipped.column is None or "\n" in skipped.raw:
            return []
        place = skipped.column - 1
        before, columns = safe(skipped.raw[:place]), self._columns
        if columns is None:
            if place >= CARET_WITHIN:
                return []
        elif width(safe(skipped.raw).expandtabs()) > columns:
            room = max(columns - 2 * len(INDENT), 1)
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

    def _frame(self, step: Step) -> _Frame:
        sender = step.sender
        states = "\n".join(self.states(step))
        return _Frame(
            f"{self._role(sender)} → {self._role(wording.other(sender))}",
            self.title(step),
            states,
            any(mark in states for mark in MARKS),
        )

    def _end(self, standing: Standing) -> str:
        """Return a state at the end, its certainty in words too: whoever reads the verdicts only sees no legend."""
        return wording.doubted(wording.state_text(standing), standing, self._lang)

    def _background(self, step: Step) -> list[str]:
        """Return what the step means to the two programs, and where it is defined."""
        rfc = catalog.reference("step", wording.told_as(step)).facts.get("rfc", "")
        options = safe(step.segment.options_text or "")
        texts = [("api", wording.api(step, self._lang)), ("rfc", rfc), ("options", options)]
        side = max((width(self._label(name)) for name, text in texts if text), default=0)
        return [self._paint(paint.DIM, line) for line in self._labelled(texts, side)]

    def finding(self, finding: Finding, step: Step, numbers: NumberStyle | None = None) -> list[str]:
        """Return what is unusual about a segment, in a sentence."""
        severity = catalog.sentence("severity", finding.severity, self._lang)
        title = titled(finding.code, self._lang, finding.values.get("n"))
        sentence = safe(wording.finding_text(finding, step, self._lang, numbers or self._numbers))
        lines = self._wrap(self._say("finding", severity=severity, title=title, text=sentence).rstrip())
        shown = [self._paint(paint.SEVERITIES[finding.severity], line) for line in lines]
        if self._verbose:
            sure = catalog.sentence("confidence", finding.confidence, self._lang)
            evidence = self._say("comma").join(map(str, finding.lines))
            shown += self._wrap(self._say("evidence", finding=finding.code, confidence=sure, lines=evidence))
        return shown

    def _counted(self, code: str, count: int) -> str:
        title = titled(code, self._lang)
        return title if count == 1 else f"{title} ×{count}"

    def _labelled(self, parts: Sequence[tuple[str, str]], side: int) -> list[str]:
        """Return the texts that are not empty, each beside its label if there is room for `side` columns, else behind it."""
        columns = self._columns
        if columns is None:
            return [padded(self._label(name), side) + text for name, text in parts if text]
        shown = [(self._label(name), text) for name, text in parts if text]
        if columns < ROOM_FOR_LABELS:
            return [line for label, text in shown for line in self._wrap(label + text)]
        lines = []
        for label, text in shown:
            first, *more = self._wrap(text, INDENT + " " * side)
            lines += [padded(label, side) + first, *(" " * side + line for line in more)]
        return lines

    def _label(self, name: str) -> str:
        label = self._labels.get(name)
        if label is None:
            label = self._labels[name] = self._say("labelled", label=self._say(name), text="")
        return label

    def _role(self, role: Role) -> str:
        return self._names[role]

    def _say(self, code: str, **values: object) -> str:
        template = catalog.sentence("ui", code, self._lang)
        return catalog.fill(template, values) if values else template

    def _wrap(self, text: str, indent: str = INDENT) -> list[str]:
        """Return `text` in lines that leave room for `indent`; a word wider than a line goes on in the next one."""
        return [text] if self._columns is None else broken(text, max(self._columns - len(indent), 1))

    def originals(self, lines: Sequence[str]) -> str:
        """Return lines of the log as they are; only in a terminal too narrow for one it is continued below, indented."""
        columns = self._columns
        if columns is None and len(lines) == 1:
            return safe(lines[0].removesuffix("\r")) + "\n"
        shown = [safe(line.removesuffix("\r")) for line in lines]
        if columns is not None:
            shown = [part for line in shown for part in continued(line, columns)]
        return "".join([f"{line}\n" for line in shown])


def continued(line: str, columns: int) -> list[str]:
    """Return a line of a log in lines of at most `columns`: broken at blanks, all but the first a little indented."""
    if len(line) <= columns and line.isascii() and "\t" not in line:
        return [line]
    line = line.expandtabs()
    if width(line) <= columns:
        return [line]
    first, *more = broken(line, columns)
    rest = line[len(first) :].lstrip(" ") if more else ""
    return [first, *(CONTINUED + part for part in broken(rest, columns - len(CONTINUED)))] if rest else [first]


def titled(code: str, lang: Lang, number: object = None) -> str:
    """Return the title of a finding, with its number where it counts; without one, no place for it is left."""
    title = catalog.sentence("finding", code, lang, "title")
    if number is None:
        return title.removesuffix(f" ({NUMBER})").removesuffix(f"（{NUMBER}）")
    return title.replace(NUMBER, f"#{number}")


def elapsed_text(ns: int, lang: Lang) -> str:
    """
    Return a time since the beginning for a narrow column, with its sign: a clock may have gone backwards.

    >>> elapsed_text(65_250_000_000, "en"), elapsed_text(-36_061_000_000_000, "en")
    ('+65.25 s', '-10:01:01')
    """
    if -LONG < ns < LONG:
        return ("+" if ns >= 0 else "") + catalog.duration(ns, lang)
    sign, seconds = "-" if ns < 0 else "+", (abs(ns) + SECOND // 2) // SECOND
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def peer(endpoint: Endpoint) -> str:
    """Return an address and port as people write it, safe for a terminal."""
    host, port = endpoint
    if port is None:
        return safe(host)
    return safe(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
