"""
Which connection of one log is which of the other.

The same pair of addresses is the same connection. Through address translation it is the ISNs, the timestamps and
the numbers of the data that tell: what both logs show once, and nowhere else, is the same segment.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from tdparse.seqnum import MASK

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from tdparse.compare.sightings import Log, Sighting
    from tdparse.model import Endpoint

Tuple: TypeAlias = "tuple[Endpoint, Endpoint]"  # of addresses; in order, so that either direction gives the same

ISN: Final = 4  # what a shared ISN is worth, in votes
STAMPS: Final = 2
DATA: Final = 1
ENOUGH: Final = 4
SHARE: Final = 0.5  # of the best candidate's votes: another part of it, for instance under another translated port


class Bundle(NamedTuple):
    """
    What belongs together of both logs: by log, its address pairs.

    Each pair maps to the endpoint that is side 0; the other one is side 1.
    """

    ends: tuple[dict[Tuple, Endpoint], dict[Tuple, Endpoint]]

    def side(self, log: int, sighting: Sighting) -> int:
        """Return which side has sent it, 0 or 1."""
        return int(sighting.src != self.ends[log][tuple_of(sighting)])


def tuple_of(sighting: Sighting) -> Tuple:
    """Return its address pair, the same for both directions."""
    src, dst = sighting.src, sighting.dst
    return (src, dst) if (src.host, str(src.port)) <= (dst.host, str(dst.port)) else (dst, src)


def bundles(one: Log, other: Log) -> list[Bundle]:
    """Return the bundles, in the order in which they appear in `one`, then those of `other` alone."""
    seen = [list(dict.fromkeys(map(tuple_of, log.sightings))) for log in (one, other)]
    shared = set(seen[0]) & set(seen[1])
    left = tuple({pair for pair in pairs if pair not in shared} for pairs in seen)
    joined = _translated(one, other, left)  # type: ignore[arg-type]
    groups: dict[tuple[int, Tuple], list[tuple[int, Tuple, bool]]] = {}
    for log, pairs in enumerate(seen):
        for pair in pairs:
            if (log, pair) in groups:
                continue
            group: list[tuple[int, Tuple, bool]] = []
            waiting = [(log, pair, False)]
            while waiting:
                node = waiting.pop()
                if node[:2] in groups:
                    continue
                groups[node[:2]] = group
                group.append(node)
                if node[1] in shared:
                    waiting.append((1 - node[0], node[1], node[2]))
                waiting += [(where, to, turned != node[2]) for where, to, turned in joined[node[:2]]]
    found: list[Bundle] = []
    for group in {id(group): group for group in groups.values()}.values():
        ends: tuple[dict[Tuple, Endpoint], dict[Tuple, Endpoint]] = ({}, {})
        for log, pair, turned in group:
            ends[log][pair] = pair[1] if turned else pair[0]
        found.append(Bundle(ends))
    return found


_Links: TypeAlias = "dict[tuple[int, Tuple], list[tuple[int, Tuple, bool]]]"


def _translated(one: Log, other: Log, left: tuple[set[Tuple], set[Tuple]]) -> _Links:
    """Return which address pairs are the same under other names, and whether their order is turned around."""
    links: _Links = defaultdict(list)
    if not (left[0] and left[1]):
        return links
    tables = [_marks(log, pairs) for log, pairs in zip((one, other), left, strict=True)]
    votes: Counter[tuple[Tuple, Tuple, bool]] = Counter()
    for mark, (pair, forward) in tables[0].items():
        known, same = tables[1].get(mark, (None, False))
        if pair is not None and known is not None:
            votes[pair, known, forward != same] += mark[0]
    best: Counter[tuple[int, Tuple]] = Counter()
    for (pair, match, _), count in votes.items():
        for node in ((0, pair), (1, match)):
            best[node] = max(best[node], count)
    taken: set[tuple[Tuple, Tuple]] = set()
    for (pair, match, turned), count in votes.most_common():
        near = count >= SHARE * best[0, pair] or count >= SHARE * best[1, match]
        if count >= ENOUGH and near and (pair, match) not in taken:
            taken.add((pair, match))
            links[0, pair].append((1, match, turned))
            links[1, match].append((0, pair, turned))
    return links


_Mark: TypeAlias = "tuple[int, Hashable]"  # its votes, and what it is


def _marks(log: Log, pairs: set[Tuple]) -> dict[_Mark, tuple[Tuple | None, bool]]:
    """Return what tells an address pair: (pair, sent by its first endpoint?); a pair of None: it tells nothing."""
    found: dict[_Mark, tuple[Tuple | None, bool]] = {}
    for sighting in log.sightings:
        pair = tuple_of(sighting)
        if pair not in pairs:
            continue
        forward = sighting.src == pair[0]
        for mark, ours in _of(log, sighting):
            place = (pair, forward is ours)
            if found.setdefault(mark, place)[0] != pair:
                found[mark] = (None, False)
    return found


def _of(log: Log, sighting: Sighting) -> Iterator[tuple[_Mark, bool]]:
    """Yield the marks of one segment, and whether they are of its sender (or of the receiver)."""
    conn, sender, flags = sighting.conn, sighting.sender, sighting.letters
    stamps = sighting.options.ts
    if (conn, sender) in log.absolute and sighting.seq is not None:
        if "S" in flags:
            yield (ISN, ("isn", sighting.seq & MASK)), True
        elif sighting.octets:
            yield (DATA, ("data", sighting.seq & MASK, sighting.length, flags)), True
    if flags == "S." and sighting.ack is not None:
        yield (ISN, ("isn", (sighting.ack - 1) & MASK)), False
    if stamps is not None and any(stamps):
        yield (STAMPS, ("stamps", stamps, sighting.length, flags)), True
