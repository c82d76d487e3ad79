"""
What the library says of one segment: its codes and values, and the sentences they make.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tdparse import wording
from tdparse.escapes import as_html
from tdparse.flags import Flags, flags_of
from tdparse.model import Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tdparse.model import Finding, Lang, NumberStyle, Role, Segment, Side


class Explanation(NamedTuple):
    """
    What is worth saying about one step: codes with their values, in the order they are said in; no language yet.

    Source: the lists of steps, modifiers and anomalies of docs/reference.

    >>> import tdparse
    >>> line = "12:00:00.000001 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 7, win 9, length 0"
    >>> said = tdparse.explain(tdparse.Tracker().feed(tdparse.parse_line(line)))
    >>> said.code, said.modifiers, [finding.code for finding in said.findings]
    ('handshake.syn', (), [])
    >>> said.sentences(numbers="absolute")[0][:40]
    'The client asks to open a connection: SY'
    """

    code: str  #: of the step
    modifiers: tuple[str, ...]  #: codes of what adds a clause to the step's sentence
    findings: tuple[Finding, ...]  #: what is unusual, codes with values
    values: Mapping[str, object]  #: what fills the step's sentence: octets, nanoseconds, numbers
    step: Step  #: where all of it comes from

    def sentences(self, *, lang: Lang = "en", numbers: NumberStyle = "relative") -> tuple[str, ...]:
        """Return the step's sentence, then one for each finding; sequence numbers are written as `numbers` says."""
        return sentences(self.step, lang, numbers)


class Annotated(NamedTuple):
    """
    One segment, explained.

    `details` is the whole record: absolute (32-bit) and relative numbers, options in force, values of the sentence.

    >>> import tdparse
    >>> line = "12:00:00.000001 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 7, win 9, length 0"
    >>> (item,) = tdparse.annotate([line])
    >>> item.step, item.sender, str(item.client.after), item.flags.syn, item.details.rel_seq
    ('handshake.syn', 'client', 'SYN-SENT', True, 0)
    >>> item.line == str(item.segment) == line
    True
    """

    segment: Segment
    conn: int  #: incarnation of a connection, from 1, in order of appearance
    sender: Role
    step: str
    modifiers: tuple[str, ...]
    client: Side
    server: Side
    findings: tuple[Finding, ...]
    text: str  #: the sentence of the step
    sentences: tuple[str, ...]  #: `text`, then one sentence for each finding
    details: Step

    @property
    def line(self) -> str:
        """The record as it was printed, without its last newline; `segment.line` is its place in the log."""
        return self.segment.text

    @property
    def flags(self) -> Flags:
        """The TCP flags of the segment (all false where the text does not show them)."""
        return flags_of(self.segment.flags or "")

    def __repr__(self) -> str:
        """Say where it stands and what it is; `_asdict` has all of it."""
        return f"<Annotated line {self.segment.line}: #{self.conn} {self.sender} {self.step}>"

    def _repr_html_(self) -> str:
        """Show the record and its explanation in a notebook."""
        sides = (("client", self.client), ("server", self.server))
        states = " · ".join(
            f"{role} {side.after}" if side.before == side.after else f"{role} {side.before} → {side.after}"
            for role, side in sides
        )
        said = "<br>".join(map(as_html, self.sentences))
        return f"<pre>{as_html(self.line)}</pre><p><b>{as_html(self.step)}</b> {as_html(states)}<br>{said}</p>"


def sentences(step: Step, lang: Lang, numbers: NumberStyle) -> tuple[str, ...]:
    """Return the sentence of a step, then those of its findings."""
    found = [wording.finding_text(finding, step, lang, numbers) for finding in step.findings]
    return (wording.text(step, lang, numbers), *found)


def annotated(items: Iterable[object], lang: Lang, numbers: NumberStyle) -> Iterator[Annotated]:
    """Yield the steps among the items of a log, each with its sentences."""
    for item in items:
        if isinstance(item, Step):
            said = sentences(item, lang, numbers)
            flow = item.flow
            yield Annotated(
                item.segment, flow.conn, item.sender, item.step, item.modifiers, item.client, item.server,
                item.findings, said[0], said, item,
            )  # fmt: skip
