"""A log explained in pieces as an engine would, without one: for the tests of `tdparse.shard`."""

from __future__ import annotations

import pickle
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from tdparse import shard
from tdparse.model import Step, Summary
from tdparse.pipeline import Explainer
from tdparse.render.jsonl import connection, encoded, segment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Pieces(NamedTuple):
    """The rows of a log, and how they were made."""

    rows: Counter[str]
    shares: int
    doubts: set[str]


def row(item: Step | Summary, conn: int | None = None) -> str:
    """Return an item as a row that can be compared."""
    found = segment(item, "x", "en", "relative") if isinstance(item, Step) else connection(item, "x", "en")
    return encoded(found if conn is None else {**found, "conn": conn})


def whole(lines: Iterable[str]) -> Counter[str]:
    """Return the rows of a log explained in one piece."""
    explainer = Explainer()
    items = [item for line in lines for item in explainer.feed(line)] + explainer.finish()
    return Counter(row(item) for item in items if isinstance(item, Step | Summary))


def in_pieces(lines: Sequence[str], cuts: Sequence[int], shares: int, beginning: int) -> Pieces:
    """Explain a log that is cut before these lines (counted from 0), its connections in `shares`."""
    bounds = [0, *cuts, len(lines)]
    stretches: list[shard.Stretch] = []
    records: list[shard.Timed] = []
    for number, (start, end) in enumerate(pairwise(bounds)):
        before = lines[max(start - shard.SEAM, 0) : start]
        for found in shard.parsed(lines[start:end], number, start, before, lines[end : end + shard.SEAM]):
            if isinstance(found, shard.Stretch):
                stretches.append(found)
            else:
                records.append(pickle.loads(pickle.dumps(found)))  # noqa: S301 - as it travels
    seams = shard.joined(stretches)
    if seams is None:
        return in_pieces(lines, [], 1, 0)._replace(doubts={"cuts"})
    ends = [one.latest + seam.offset for one, seam in zip(stretches, seams, strict=True) if one.latest is not None]
    servers = {end: line for one in reversed(stretches) for end, line in one.servers.items()}
    until = beginning if shares > 1 else 0
    first = [record for record in records if record.item.line <= until]
    log = shard.Log(first, until, seams, servers, max(ends, default=None), "auto", shares)
    tracked = [_share(log, number, records) for number in range(shares)]
    doubts: set[str] = set()
    if shares > 1:
        doubts = shard.doubts_of(log, [(share.doubts, share.probes, share.most) for share, _ in tracked])
        if doubts:
            return in_pieces(lines, cuts, 1, 0)._replace(doubts=doubts)
    ids = {item.flow.conn for _, items in tracked for item in items}
    numbers = shard.numbered(tracked[0][0].first, ids) if shares > 1 else {}
    rows = Counter(row(item, numbers.get(item.flow.conn)) for _, items in tracked for item in items)
    return Pieces(rows, shares, doubts)


def _share(log: shard.Log, number: int, records: Sequence[shard.Timed]) -> tuple[shard.Share, list[Step | Summary]]:
    share = shard.Share(log, number)
    items = list(share.opening)
    for record in records:
        if record.item.line > log.until and shard.key(record.item) % log.shares == number:
            items += share.feed(record)
    return share, [*items, *share.finish()]
