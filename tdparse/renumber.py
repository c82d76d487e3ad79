"""
A record's text in the other numbering, as tcpdump itself would have printed it (R32, R33).

Only sequence numbers, acknowledgments and SACK edges change; where they stand in the text the
grammar says. To absolute numbers the `Normalizer` inverts tcpdump's table; to relative ones the
same table is replayed forwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from tdparse import _patterns, fields
from tdparse.model import Segment
from tdparse.normalize import Normalizer, begins_run, lacks_ack
from tdparse.record import parse_line
from tdparse.seqnum import MASK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tdparse.model import Endpoint, Item, Numbering
    from tdparse.normalize import Numbers

To: TypeAlias = Literal["absolute", "relative"]
Blocks: TypeAlias = tuple[tuple[int, int], ...]
OTHER: Final[dict[str, To]] = {"absolute": "relative", "relative": "absolute"}


class Lost(NamedTuple):
    """A printed number that stays as it was, because the log does not tell what it would be."""

    field: Literal["seq", "ack", "sack"]
    rule: str  # R33: its base was never printed; R34: absolute or relative could not be decided


class Renumbered(NamedTuple):
    """One item's text in the numbering asked for."""

    text: str
    lost: tuple[Lost, ...] = ()


class _Wanted(NamedTuple):
    """The numbers to print; None where the log does not tell."""

    seq: int | None
    ack: int | None
    sack: Blocks | None


class Renumberer:
    """Feed the items of one log in order; each comes back as text."""

    def __init__(self, to: To, *, numbering: Numbering | None = None, likely: Numbering | None = None) -> None:
        """
        Start a log.

        Args:
            to: The numbering to print.
            numbering: How the log prints its numbers, where the user says so.
            likely: What to take it for where it does not show; the other numbering than `to` unless given
                (see `numbering_of`).
        """
        self._to: To = to
        self._normalizer = Normalizer(numbering)
        self._normalizer.hint(likely if likely not in (None, "unknown") else OTHER[to])
        self._table = _Table()

    def feed(self, item: Item) -> Renumbered:
        """Return the text of `item`: a segment's renumbered, that of any other line as it was."""
        if isinstance(item, Segment):
            return self._segment(item)
        if begins_run(item):
            self._normalizer.note_run()
        quoted = _quoted(item)
        if quoted is None:
            return Renumbered(item.raw)
        indent, segment = quoted
        text, lost = self._segment(segment)
        return Renumbered(indent + text, lost)

    def _segment(self, segment: Segment) -> Renumbered:
        numbers = self._normalizer.feed(segment)
        relative = self._table.feed(segment, numbers)
        if segment.ack is None and not lacks_ack(segment):
            return Renumbered(segment.text)
        if self._to == "relative":
            wanted = relative
            if numbers.printed == "relative":
                return Renumbered(segment.text)
        else:
            wanted = _Wanted(
                numbers.seq if numbers.seq_absolute else None,
                numbers.ack if numbers.ack_absolute else None,
                numbers.sack if numbers.ack_absolute else None,
            )
        return _rewrite(segment, wanted, "R34" if numbers.printed == "unknown" else "R33")


def numbering_of(segments: Iterable[Segment]) -> Numbering:
    """Return how a whole log prints its numbers: one line that shows it decides for lines before it, too."""
    normalizer = Normalizer()
    for segment in segments:
        normalizer.feed(segment)
    return normalizer.numbering


class _Table:
    """tcpdump's table of bases: one for each direction of each address pair, IPv4 and IPv6 apart."""

    def __init__(self) -> None:
        self._bases: dict[tuple[Endpoint, Endpoint, int | None], list[int | None]] = {}

    def feed(self, segment: Segment, numbers: Numbers) -> _Wanted:
        """Return what tcpdump prints without -S for a segment with these absolute numbers."""
        ack = numbers.ack if numbers.ack_absolute else None
        seq = numbers.seq if numbers.seq_absolute else None
        flags = segment.flags or ""
        if segment.ack is None and "." not in flags:
            return _Wanted(seq, None, numbers.sack)
        bases, ours, theirs = self._find(segment)
        enters = not bases or "S" in flags
        if enters:
            bases[:] = [None, None]
            bases[ours], bases[theirs] = seq, None if ack is None else (ack - 1) & MASK
        sack = None if numbers.sack is None or ack is None else _moved(numbers.sack, bases[theirs])
        if enters:
            return _Wanted(seq, ack, sack)
        return _Wanted(_less(seq, bases[ours]), _less(ack, bases[theirs]), sack)

    def _find(self, segment: Segment) -> tuple[list[int | None], int, int]:
        """Return the bases of a segment's pair, and the places of its sender's and its receiver's."""
        src, dst, ip = segment.src, segment.dst, segment.ip
        bases = self._bases.get((src, dst, ip))
        if bases is not None:
            return bases, 0, 1
        bases = self._bases.get((dst, src, ip))
        if bases is not None:
            return bases, 1, 0
        return self._bases.setdefault((src, dst, ip), []), 0, 1


def _less(number: int | None, base: int | None) -> int | None:
    return None if number is None or base is None else (number - base) & MASK


def _moved(blocks: Blocks, base: int | None) -> Blocks | None:
    if base is None:
        return None
    return tuple(((left - base) & MASK, (right - base) & MASK) for left, right in blocks)


# ------------------------------------------------------------------ text


def _rewrite(segment: Segment, wanted: _Wanted, rule: str) -> Renumbered:
    """Put the wanted numbers where the printed ones stand."""
    spans = _spans(segment.text)
    edits: list[tuple[tuple[int, int], int]] = []
    lost: list[Lost] = []
    if segment.seq is not None:
        if wanted.seq is None:
            lost.append(Lost("seq", rule))
        else:
            edits.append((spans["seq"], wanted.seq))
            if segment.seq_last is not None:
                edits.append((spans["seq_last"], (wanted.seq + segment.seq_last - segment.seq) & MASK))
    if segment.ack is not None and wanted.ack is None:
        lost.append(Lost("ack", rule))
    elif wanted.ack is not None:
        edits.append((spans["ack"], wanted.ack))
    if "options" in spans:
        edges = [span for block in _blocks(segment.text, spans["options"]) for span in block]
        if edges and wanted.sack is None:
            lost.append(Lost("sack", rule))
        elif edges and wanted.sack:
            # All edges move by one base, also those of a SACK option printed twice.
            start, end = edges[0]
            shift = wanted.sack[0][0] - int(segment.text[start:end])
            edits += [(edge, (int(segment.text[slice(*edge)]) + shift) & MASK) for edge in edges]
    return Renumbered(_edited(segment.text, edits), tuple(lost))


def _edited(text: str, edits: list[tuple[tuple[int, int], int]]) -> str:
    parts, position = [], 0
    for (start, end), number in sorted(edits):
        parts += [text[position:start], str(number)]
        position = end
    return "".join((*parts, text[position:]))


def _spans(text: str) -> dict[str, tuple[int, int]]:
    """Return where each field of a record was printed, by the grammar."""
    described = fields.whole(text, "CLOCKED", *fields.PACKETS, "ABRIDGED")
    shortened = described is None
    if shortened:
        from tdparse import mending  # the numbers stand before what is missing

        described = fields.whole(mending.known_options(text)[0], "ABRIDGED")
    if described is None:
        msg = f"no record: {text!r}"
        raise ValueError(msg)
    name, found = described
    names = getattr(_patterns, f"{name}_FIELDS")
    spans = {field: found.span(index) for index, field in enumerate(names, 1) if found[index] is not None}
    options = text.find("options [") if shortened else -1
    return spans if options < 0 else {**spans, "options": (options, len(text))}


def _blocks(text: str, options: tuple[int, int]) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Yield where the edges of each SACK block stand."""
    for found in fields.pattern["SACK_BLOCK"].finditer(text, *options):
        yield found.span("left"), found.span("right")


def _quoted(item: Item) -> tuple[str, Segment] | None:
    """Return the indentation and the TCP header in a line that an ICMP error quotes; tcpdump renumbers it, too."""
    if isinstance(item, Segment) or item.kind != "icmp" or not item.note or "flags" not in item.note:
        return None
    text = item.raw.lstrip()
    segment = parse_line(text, item.line)
    return (item.raw[: -len(text)], segment) if isinstance(segment, Segment) else None
