"""Every record that is told: its lines as they were, and under them who, what, both states, and what is unusual."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from tdparse import wording
from tdparse.diagram import Fold
from tdparse.render.report.markup import COLON, Html, both, joined, label, pair, sentence, shown, title
from tdparse.render.text import elapsed_text

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tdparse.model import Finding, NumberStyle, Side, Step
    from tdparse.render.report.keep import Entry, Told
    from tdparse.render.rung import Words


class Records:
    """Writes them, in both languages."""

    def __init__(self, en: Words, zh: Words, numbers: NumberStyle) -> None:
        """Take the words, and how sequence numbers are shown."""
        self._en = en
        self._zh = zh
        self._numbers = numbers

    def records(self, entries: Sequence[Entry], place: str, rungs: Mapping[int, str]) -> Html:
        """Return the records of one connection; `place` begins their ids, `rungs` are where they lead to."""
        told = {entry.step.segment.line for entry in entries if not isinstance(entry, Fold)}
        return Html(
            "<ol class=records>"
            + joined(
                self._hole(entry) if isinstance(entry, Fold) else self._record(entry, place, told, rungs)
                for entry in entries
            )
            + "</ol>"
        )

    def _hole(self, fold: Fold) -> Html:
        (much, told), (much_zh, told_zh) = self._en.fold(fold), self._zh.fold(fold)
        return Html(f"<li class=hole><b>{both(much, much_zh)}</b> <span>{both(told, told_zh)}</span></li>")

    def _record(self, entry: Told, place: str, told: Collection[int], rungs: Mapping[int, str]) -> Html:
        step, lines = entry
        line = step.segment.line
        worst = max((finding.severity for finding in step.findings), key=_weight, default="")
        form = f" class={worst}" if worst else ""
        original = shown("\n".join(text.removesuffix("\r") for text in lines))
        rung = rungs.get(line)
        number = f'<a class=n href="#{rung}">{line}</a>' if rung else f"<span class=n>{line}</span>"
        return Html(
            f"<li id=l{place}-{line}{form}>{number}<pre>{original}</pre>"
            f"<p class=h>{self._headline(step)}</p><p class=s>{_states(step)}</p>"
            f"<p>{pair(lambda lang: wording.text(step, lang, self._numbers))}</p>"
            + joined(self._finding(finding, step, place, told) for finding in step.findings)
            + "</li>"
        )

    def _headline(self, step: Step) -> Html:
        sender, receiver = step.sender, wording.other(step.sender)
        parts = [
            Html(f"<b class={sender}>{label(sender)}</b> → {label(receiver)}"),
            Html(f"<b>{title(*wording.named(step))}</b>"),
            shown(wording.numbers_text(step, self._numbers)),
            "" if step.elapsed is None else shown(elapsed_text(step.elapsed, "en")),
        ]
        return Html(" · ".join(part for part in parts if part))

    def _finding(self, finding: Finding, step: Step, place: str, told: Collection[int]) -> Html:
        lines = ", ".join(
            f'<a href="#l{place}-{line}">{line}</a>' if line in told and line != step.segment.line else str(line)
            for line in finding.lines
        )
        return Html(
            f"<p class={finding.severity}><b>{sentence('severity', finding.severity)}{COLON}"
            f"{sentence('finding', finding.code, 'title')}</b> "
            f"{pair(lambda lang: wording.finding_text(finding, step, lang, self._numbers))} "
            f"<small>[{finding.code}] {sentence('confidence', finding.confidence)} · {label('evidence')} {lines}</small></p>"
        )


def _weight(severity: str) -> int:
    return ("chat", "note", "warn", "error").index(severity)


def _states(step: Step) -> Html:
    return _changes(step.client, step.server)


@lru_cache
def _changes(client: Side, server: Side) -> Html:
    """Most records leave the states as they were."""
    return Html(f"{label('client')} {_change(client)} · {label('server')} {_change(server)}")


def _change(side: Side) -> Html:
    before, after = wording.state_text(side.before), wording.state_text(side.after)
    return shown(after) if before == after else Html(f"{shown(before)} → <b>{shown(after)}</b>")
