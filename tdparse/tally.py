"""What a batch has come to: counts, what could not be read and where, what failed; for people and as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from tdparse import catalog
from tdparse.render import Totals
from tdparse.render.screen import safe

if TYPE_CHECKING:
    from tdparse.batch import Outcome
    from tdparse.model import Lang
    from tdparse.stream import Place

SCHEMA: Final = 1  # grows when the meaning of a key changes
NAMED: Final = 20  # logs that are named on the screen; the JSON names more
LISTED: Final = 1000  # logs that are named in the JSON


class Tally:
    """Takes the outcomes of a batch one by one."""

    def __init__(self, found: int) -> None:
        """`found` logs are to be done."""
        self.totals = Totals()
        self.found = found
        self._seen = 0
        self.done = 0
        self.skipped = 0  # of those done: finished before
        self.failed: list[tuple[str, str]] = []  # name, what was wrong in words
        self.failures = 0
        self.rejected: list[tuple[str, int, tuple[Place, ...]]] = []  # name, lines, the first places

    def take(self, outcome: Outcome) -> None:
        """Count one log."""
        self._seen += 1
        if outcome.trouble is not None:
            return  # what was read of it before is no result
        self.done += 1
        self.skipped += outcome.skipped
        self.totals.add(outcome.totals)
        if (lines := outcome.totals.skipped["rejected"]) and len(self.rejected) < LISTED:
            self.rejected.append((outcome.task.name, lines, outcome.places))

    def fail(self, name: str, sentence: str) -> None:
        """Take what went wrong with a log, or with what was to be one."""
        self.failures += 1
        if len(self.failed) < LISTED:
            self.failed.append((name, sentence))

    def lines(self, lang: Lang) -> list[str]:
        """Return the report for people."""

        def say(code: str, **values: object) -> str:
            return catalog.fill(catalog.sentence("ui", code, lang), values)

        totals = self.totals
        told = [
            say(
                "annotated",
                logs=totals.sources,
                lines=totals.lines,
                segments=totals.segments,
                connections=totals.connections,
                rejected=totals.skipped["rejected"],
            )
        ]
        comma = catalog.sentence("ui", "comma", lang)
        if totals.verdicts:
            told.append(
                say("batch_verdicts", text=comma.join(f"{code} {n}" for code, n in totals.verdicts.most_common()))
            )
        for name, lines, places in self.rejected[:NAMED]:
            shown = comma.join(_place(place) for place in places) + (", …" if lines > len(places) else "")
            told.append(say("batch_rejected", name=safe(name), n=lines, places=shown))
        if self.skipped:
            told.append(say("batch_unchanged", n=self.skipped))
        if self.failures:
            names = comma.join(safe(name) for name, _ in self.failed[:NAMED])
            told.append(say("batch_failed", n=self.failures, names=names + (", …" if self.failures > NAMED else "")))
        if left := self.left:
            told.append(say("batch_left", n=left))
        return told

    @property
    def left(self) -> int:
        """How many logs an interrupted run has not come to."""
        return self.found - self._seen

    def as_json(self) -> bytes:
        """Return the report for programs; keys in a fixed order."""
        totals = self.totals
        report = {
            "schema": SCHEMA,
            "logs": {
                "found": self.found,
                "done": self.done,
                "finished_before": self.skipped,
                "failed": self.failures,
                "left": self.left,
            },
            "lines": totals.lines,
            "segments": totals.segments,
            "connections": totals.connections,
            "skipped": dict(sorted(totals.skipped.items())),
            "verdicts": dict(sorted(totals.verdicts.items())),
            "findings": dict(sorted(totals.findings.items())),
            "rejected": [
                {"log": name, "lines": lines, "places": [{"line": line, "column": column} for line, column in places]}
                for name, lines, places in self.rejected
            ],
            "failures": [{"name": name, "text": sentence} for name, sentence in self.failed],
        }
        return (json.dumps(report, indent=2) + "\n").encode()


def _place(place: Place) -> str:
    line, column = place
    return str(line) if column is None else f"{line}:{column}"
