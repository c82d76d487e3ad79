"""What is told about each connection: how much passed, how long it took, what was changed, what is missing."""

from __future__ import annotations

from collections import Counter, defaultdict
from statistics import median
from typing import TYPE_CHECKING

from tdparse.compare.changes import Changes
from tdparse.compare.records import Delay, Difference, Link, Passing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from tdparse.compare.aligning import Found
    from tdparse.compare.clocks import Clocks
    from tdparse.compare.fates import Fate, Judge
    from tdparse.compare.matching import Matcher
    from tdparse.compare.sightings import Log, Sighting
    from tdparse.model import Endpoint, Role

Key = tuple[int, int]  # log and connection


class Linker:
    """Turns what was decided about one bundle into links."""

    def __init__(
        self,
        logs: tuple[Log, Log],
        matcher: Matcher,
        judges: list[Judge],
        clocks: Clocks | None,
        when: Callable[[Sighting], int],
    ) -> None:
        """`clocks` is None where there are no times."""
        self._logs = logs
        self._matcher = matcher
        self._judges = judges
        self._clocks = clocks
        self._when = when

    def links(self, fates: list[Fate]) -> Iterator[Link]:
        """Yield a link for each connection that both logs have, and for each that only one has."""
        groups = self._groups()
        of: dict[Key, list[Key]] = {key: group for group in groups for key in group}
        found: dict[int, list[tuple[int, Difference]]] = defaultdict(list)
        for judge in self._judges:
            for side, difference, key in self._differences(judge, fates):
                found[id(of[key])].append((side, difference))
        for group in groups:
            yield self._link(group, found[id(group)])

    def _groups(self) -> list[list[Key]]:
        """Return which connections of the logs share records."""
        of: dict[Key, list[Key]] = {}
        for log in (0, 1):
            for s in self._matcher.records[log]:
                if (log, s.conn) not in of:
                    of[log, s.conn] = [(log, s.conn)]
        for way in self._matcher.ways:
            for one, other in (*way.pairs, *(part.records for part in way.parts)):
                ours, theirs = of[0, one.conn], of[1, other.conn]
                if ours is not theirs:
                    ours += theirs
                    for key in theirs:
                        of[key] = ours
        return list({id(group): group for group in of.values()}.values())

    def _link(self, group: list[Key], differences: list[tuple[int, Difference]]) -> Link:
        keys = set(group)
        conns = tuple(tuple(sorted(conn for log, conn in group if log == which)) for which in (0, 1))
        flows = [self._logs[log].flows[conn] for log, conn in sorted(group)]
        best = max(flows, key=lambda flow: flow.role_confidence)
        log = next(log for log, conn in sorted(group) if self._logs[log].flows[conn] is best)
        sample = next(s for s in self._matcher.records[log] if (log, s.conn) in keys)
        client = self._matcher.bundle.side(log, sample) ^ (sample.src != best.client)
        roles: dict[int, Role] = {client: "client", 1 - client: "server"}
        ends: list[Mapping[Role, Endpoint] | None] = []
        for which in (0, 1):
            record = next((s for s in self._matcher.records[which] if (which, s.conn) in keys), None)
            if record is None:
                ends.append(None)
                continue
            side = self._matcher.bundle.side(which, record)
            ends.append({roles[side]: record.src, roles[1 - side]: record.dst})
        named = [(roles[side], difference._replace(sender=roles[side])) for side, difference in differences]
        ways = tuple(
            self._passing(self._judges[side], keys, roles[side], [d for role, d in named if role == roles[side]])
            for side in (client, 1 - client)
        )
        changes = Changes(self._logs, keys, roles).of(self._judges, ends) if all(conns) else ()
        ordered = sorted((d for _, d in named), key=lambda d: (d.log, d.lines))
        matched = any(way.arrived for way in ways)
        return Link((conns[0], conns[1]), (ends[0], ends[1]), matched, ways, tuple(changes), tuple(ordered))

    def _passing(self, judge: Judge, keys: set[Key], role: Role, differences: list[Difference]) -> Passing:
        way, origin = judge.way, judge.origin
        pairs = [pair for pair in way.pairs if (0, pair[0].conn) in keys]
        parts = {part.records[origin].place for part in way.parts if (0, part.records[0].conn) in keys}
        times = [self._delay(judge, pair) for pair in pairs]
        known = sorted(time for time in times if time is not None)
        fallen = Counter(
            pair[origin].ttl - pair[1 - origin].ttl  # type: ignore[operator]
            for pair in pairs
            if pair[0].ttl is not None and pair[1].ttl is not None
        )
        return Passing(
            role,
            origin,
            sum((origin, s.conn) in keys for s in way.seen[origin]),
            len(pairs) + len(parts),
            sum((1 - origin, s.conn) in keys for s in way.seen[1 - origin]),
            Counter(difference.kind for difference in differences),
            Delay(known[0], round(median(known)), known[-1], len(known)) if known else None,
            fallen.most_common(1)[0][0] if fallen else None,
        )

    def _delay(self, judge: Judge, pair: Found) -> int | None:
        clocks = self._clocks
        if clocks is None or clocks.low is None or clocks.high is None:
            return None
        time = self._when(pair[0])
        later = self._when(pair[1]) - time - clocks.difference(time)
        return later if judge.origin == 0 else -later

    # -------------------------------------------------------------- differences

    def _differences(self, judge: Judge, fates: Iterable[Fate]) -> Iterator[tuple[int, Difference, Key]]:
        """Yield each difference of a direction with its side and the connection it belongs to."""
        side, way, origin = judge.way.side, judge.way, judge.origin
        for fate in fates:
            s = fate.record
            if self._matcher.bundle.side(fate.log, s) != side:
                continue
            again = judge.repeats(s) if fate.kind == "lost" else None
            there, other = (1 - fate.log, ()) if fate.other is None else (fate.other[0], (fate.other[1].line,))
            octets = tuple(self._relative(fate.log, s, span) for span in fate.spans)
            yield (
                side,
                Difference(
                    fate.kind,
                    fate.confidence,
                    s.sender,
                    fate.log,
                    (s.line,),
                    there,
                    other,
                    s,
                    octets,
                    again and again.line,
                ),
                (fate.log, s.conn),
            )
        for pair in _overtaken(way.pairs, origin):
            s, there_s = pair[origin], pair[1 - origin]
            yield (
                side,
                Difference("reordered", "certain", s.sender, origin, (s.line,), 1 - origin, (there_s.line,), s, ()),
                (origin, s.conn),
            )
        for ours, theirs in self._recut(judge):
            s = ours[0]
            lines, others = tuple(r.line for r in ours), tuple(r.line for r in theirs)
            yield (
                side,
                Difference("resegmented", "certain", s.sender, origin, lines, 1 - origin, others, s, ()),
                (origin, s.conn),
            )

    def _relative(self, log: int, s: Sighting, span: tuple[int, int]) -> tuple[int, int]:
        isn = self._logs[log].isn(s.conn, s.sender)
        return span[0] - isn, span[1] - isn

    @staticmethod
    def _recut(judge: Judge) -> Iterator[tuple[list[Sighting], list[Sighting]]]:
        """Yield which records of the origin hold the same octets as which, cut otherwise, of the far log."""
        parts = sorted(judge.way.parts, key=lambda part: part.records[judge.origin].place)
        joined: dict[tuple[int, int], list[tuple[int, Sighting]]] = {}
        for part in parts:
            ends = [(log, part.records[log]) for log in (judge.origin, judge.far)]
            lists = [joined.setdefault((log, s.place), [(log, s)]) for log, s in ends]
            if lists[0] is not lists[1]:
                lists[0] += lists[1]
                for log, s in lists[1]:
                    joined[log, s.place] = lists[0]
        for members in {id(members): members for members in joined.values()}.values():
            members.sort(key=lambda member: member[1].place)
            ours, theirs = ([s for log, s in members if log == which] for which in (judge.origin, judge.far))
            yield ours, theirs


def _overtaken(pairs: Iterable[Found], origin: int) -> list[Found]:
    """Return the packets that arrived behind one that was sent later."""
    found: list[Found] = []
    earliest: int | None = None
    for pair in sorted(pairs, key=lambda pair: -pair[origin].place):
        place = pair[1 - origin].place
        if earliest is not None and place > earliest:
            found.append(pair)
        earliest = place if earliest is None else min(earliest, place)
    return found[::-1]
