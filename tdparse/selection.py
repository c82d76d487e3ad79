"""What to show, and what to fail on: patterns over codes, connections, hosts and ports. Analysis always sees everything."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from tdparse import catalog
from tdparse.findings.table import severity_of
from tdparse.model import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tdparse.model import Flow, Step, Summary

_SEVERITIES: Final = tuple(Severity)  # weakest first


class UnknownPatternError(ValueError):
    """A pattern that no code can match, with the nearest codes there are."""

    def __init__(self, pattern: str, nearest: Sequence[str]) -> None:
        """Keep both for the message."""
        super().__init__(pattern)
        self.pattern = pattern
        self.nearest = nearest


def matches(pattern: str, code: str) -> bool:
    """
    Return whether a code fits a pattern: the code itself, a group of codes, or a glob.

    >>> matches("complete", "complete.clean"), matches("reset_*", "reset_by_client.data"), matches("data", "data_loss")
    (True, True, False)
    """
    return code == pattern or code.startswith(pattern + ".") or fnmatchcase(code, pattern)


def check(patterns: Iterable[str], sections: Sequence[str]) -> None:
    """Raise UnknownPatternError for a pattern that fits no code of the catalogue's `sections`."""
    codes = [code for section in sections for code in catalog.codes(section)]
    for pattern in patterns:
        if not any(matches(pattern, code) for code in codes):
            from difflib import get_close_matches

            raise UnknownPatternError(pattern, get_close_matches(pattern, codes))


class Selection(NamedTuple):
    """What is shown; an empty part lets everything through."""

    conns: frozenset[int] = frozenset()
    hosts: frozenset[str] = frozenset()
    ports: frozenset[str] = frozenset()
    codes: tuple[str, ...] = ()  # patterns, and severities

    @property
    def everything(self) -> bool:
        """Whether nothing is left out, so that lines without a segment are shown too."""
        return not any(self)

    def step(self, step: Step) -> bool:
        """Return whether a segment is shown."""
        codes = (step.step, *step.modifiers, *(finding.code for finding in step.findings))
        return self.flow(step.flow) and self._chosen(codes, (finding.severity for finding in step.findings))

    def summary(self, summary: Summary) -> bool:
        """Return whether a connection is shown."""
        severities = (severity_of(code, summary.mild) for code in summary.findings)
        return self.flow(summary.flow) and self._chosen((summary.verdict, *summary.findings), severities)

    def flow(self, flow: Flow) -> bool:
        """Return whether a connection is one of those of which something is shown."""
        ends = (flow.client, flow.server)
        return (
            (not self.conns or flow.conn in self.conns)
            and (not self.hosts or any(end.host in self.hosts for end in ends))
            and (not self.ports or any(str(end.port) in self.ports for end in ends))
        )

    def _chosen(self, codes: Iterable[str], severities: Iterable[object]) -> bool:
        if not self.codes or any(matches(pattern, code) for code in codes for pattern in self.codes):
            return True
        return not severe(self.codes).isdisjoint(severities)


@cache
def severe(patterns: tuple[str, ...]) -> frozenset[Severity]:
    """
    Return the severities among `patterns`, and all above the weakest of them.

    >>> sorted(severity.value for severity in severe(("warn", "refused")))
    ['error', 'warn']
    """
    floor = [_SEVERITIES.index(Severity(pattern)) for pattern in patterns if pattern in _SEVERITIES]
    return frozenset(_SEVERITIES[min(floor) :]) if floor else frozenset()


class Alarm:
    """Notes whether anything of `--fail-on` was met: verdicts, findings, or a severity and all above it."""

    def __init__(self, patterns: Sequence[str]) -> None:
        """Watch for `patterns`."""
        self.met = False
        self._watching = bool(patterns)
        self._patterns = tuple(pattern for pattern in patterns if pattern not in _SEVERITIES)
        self._severities = severe(tuple(patterns))

    def step(self, step: Step) -> None:
        """Look at a segment's findings."""
        if self._watching and not self.met and step.findings:
            self.met = any(
                finding.severity in self._severities or self._fits(finding.code) for finding in step.findings
            )

    def summary(self, summary: Summary) -> None:
        """Look at a verdict, and at findings that belong to the connection as a whole."""
        if self._watching and not self.met:
            severe = any(severity_of(code, summary.mild) in self._severities for code in summary.findings)
            self.met = severe or any(map(self._fits, (summary.verdict, *summary.findings)))

    def _fits(self, code: str) -> bool:
        return any(matches(pattern, code) for pattern in self._patterns)
