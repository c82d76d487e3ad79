"""What a batch has come to: counts, what could not be read and where, what failed; for people and as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from tdparse import catalog
from tdparse.escapes import safe
from tdparse.render import Totals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdparse.batch import Outcome
    from tdparse.model import Lang
    from tdparse.stream import Place

SCHEMA: Final = 1  # grows when the meaning of a key changes
NAMED: Final = 20  # logs that are named on the screen; the JSON names more
LISTED: Final = 1000  # logs that are named in the JSON


class Tally:
    """Takes the outcomes of a batch one by one, in any order."""

    def __init__(self, found: int) -> None:
        """`found` logs are to be done."""
        self.totals = Totals()
        self.found = found
        self.done = 0
        self.skipped = 0  # of those done: finished before
        self.failed = 0
        self._told: list[tuple[str, str]] = []  # name, what was wrong in words
        self._troubles = 0
        self._rejected: list[tuple[int, str, int, tuple[Place, ...]]] = []  # number, name, lines, the first places

    def take(self, number: int, outcome: Outcome) -> None:
        """Count one log; `number` is its place among all."""
        if outcome.trouble is not None:
            self.failed += 1
            return  # what was read of it before is no result
        self.done += 1
        self.skipped += outcome.skipped
        self.totals.add(outcome.totals)
        if lines := outcome.totals.skipped["rejected"]:
            self._rejected.append((number, outcome.task.name, lines, outcome.places))
            if len(self._rejected) > 2 * LISTED:
                self._rejected = self.rejected

    def lack(self, name: str, sentence: str) -> None:
        """Take a log that was asked for and is not there."""
        self.found += 1
        self.failed += 1
        self.tell(name, sentence)

    def tell(self, name: str, sentence: str) -> None:
        """Take what went wrong, in the order in which it is reported."""
        self._troubles += 1
        if len(self._told) < LISTED:
            self._told.append((name, sentence))

    @property
    def rejected(self) -> list[tuple[int, str, int, tuple[Place, ...]]]:
        """The first logs with lines that could not be read."""
        return sorted(self._rejected)[:LISTED]

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
            verdicts = sorted(totals.verdicts.items(), key=lambda found: (-found[1], found[0]))
            told.append(say("batch_verdicts", text=comma.join(f"{code} {n}" for code, n in verdicts)))
        for _, name, lines, places in self.rejected[:NAMED]:
            told.append(unread(name, lines, places, lang))
        if self.skipped:
            told.append(say("batch_unchanged", n=self.skipped))
        if self._troubles:
            names = comma.join(safe(name) for name, _ in self._told[:NAMED])
            told.append(say("batch_failed", n=self._troubles, names=names + (", …" if self._troubles > NAMED else "")))
        if left := self.left:
            told.append(say("batch_left", n=left))
        return told

    @property
    def left(self) -> int:
        """How many logs an interrupted run has not come to."""
        return self.found - self.done - self.failed

    def as_json(self) -> bytes:
        """Return the report for programs; keys in a fixed order."""
        totals = self.totals
        report = {
            "schema": SCHEMA,
            "logs": {
                "found": self.found,
                "done": self.done,
                "finished_before": self.skipped,
                "failed": self.failed,
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
                for _, name, lines, places in self.rejected
            ],
            "failures": [{"name": name, "text": sentence} for name, sentence in self._told],
        }
        return (json.dumps(report, indent=2) + "\n").encode()


def unread(name: str, lines: int, places: Sequence[Place], lang: Lang) -> str:
    """Return what is said of a log of which so many lines could not be read, the first of them at `places`."""
    comma = catalog.sentence("ui", "comma", lang)
    shown = comma.join(str(line) if column is None else f"{line}:{column}" for line, column in places)
    values = {"name": safe(name), "n": lines, "places": shown + (", …" if lines > len(places) else "")}
    return catalog.fill(catalog.sentence("ui", "batch_rejected", lang), values)
