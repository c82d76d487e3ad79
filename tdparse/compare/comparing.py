"""The steps of a comparison, in order: what belongs together, which way it goes, what is the same, what is not."""

from __future__ import annotations

from itertools import chain
from statistics import median
from typing import TYPE_CHECKING, Final

from tdparse.compare.clocks import Passage, compared
from tdparse.compare.expecting import Expectation
from tdparse.compare.fates import Fate, Judge, run_of
from tdparse.compare.links import Linker
from tdparse.compare.matching import Matcher
from tdparse.compare.pairing import bundles, tuple_of
from tdparse.compare.records import Comparison

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

    from tdparse.compare.aligning import Found
    from tdparse.compare.matching import Way
    from tdparse.compare.sightings import Log, Sighting

STEP: Final = 10**6  # nanoseconds between records of a log without times, so that order can stand for time
APART: Final = 2000  # nanoseconds; less, both ways together, does not tell which point a packet passes first


def compare(one: Log, other: Log) -> Comparison:
    """Return what the path between two points did; `one` is the point nearer the client where nothing else tells."""
    return _Comparing((one, other)).result()


class _Comparing:
    """What the steps hand on."""

    def __init__(self, logs: tuple[Log, Log]) -> None:
        self._logs = logs
        self._timed = all(log.timed for log in logs if log.sightings)
        self._matchers = [Matcher(logs, bundle, self._when, timed=self._timed) for bundle in bundles(*logs)]
        for log in (0, 1):
            of = {pair: matcher for matcher in self._matchers for pair in matcher.bundle.ends[log]}
            for sighting in logs[log].sightings:
                of[tuple_of(sighting)].take(log, sighting)
        self._both = [matcher for matcher in self._matchers if all(matcher.records)]
        self._samples: dict[tuple[Matcher, int], list[tuple[int, int]]] = {}
        self._near: dict[Matcher, bool] = {}  # is the sender of side 0 on the first log's side?
        self._related = False  # whether any packet is in both logs, so that times of one mean something in the other
        self._known: dict[int, set[Hashable]] = {0: set(), 1: set()}  # hosts and endpoints, by whose side they are on

    def result(self) -> Comparison:
        for matcher in self._both:
            matcher.prepare()
            for way in matcher.ways:
                self._samples[matcher, way.side] = self._passed(matcher.anchors(way))
        self._orient()
        expectations = self._expectations()
        judges: dict[Matcher, list[Judge]] = {}
        one, other = (run_of(log, self._when) for log in self._logs)
        for matcher in self._matchers:
            for way in matcher.ways:
                expect = expectations[matcher, way.side]
                origin = 0 if self._leaves(matcher, way) else 1
                matcher.match(way, expect, origin)
                judge = Judge(matcher, way, origin, expect, self._logs, (one, other), self._when)
                judges.setdefault(matcher, []).append(judge)
        clocks = compared(self._logs, list(self._passages()) if self._timed else [])
        for matcher in self._both:
            if any(way.pairs for way in matcher.ways):
                self._related = True
                self._learn(matcher)
        off = self._off(chain.from_iterable(judges.values()))
        links = [
            link
            for matcher, pair in judges.items()
            for link in Linker(self._logs, matcher, pair, clocks if self._timed else None, self._when).links(
                list(self._fates(matcher, pair, off))
            )
        ]
        links.sort(key=lambda link: (not link.conns[0], link.conns))
        return Comparison(self._logs, clocks, tuple(links))

    def _when(self, sighting: Sighting) -> int:
        """Return a record's time; in logs without times its place stands for it."""
        clock = sighting.clock
        return sighting.place * STEP if not self._timed or clock is None else clock

    def _passed(self, pairs: Iterable[Found]) -> list[tuple[int, int]]:
        found = ((self._when(one), self._when(other)) for one, other in pairs)
        return [(time, there - time) for time, there in found]

    # -------------------------------------------------------------- which way

    def _leaves(self, matcher: Matcher, way: Way) -> bool:
        """Tell whether a direction passes the first log's point before the other's."""
        return self._near[matcher] is (way.side == 0)

    def _orient(self) -> None:
        """
        Find which side of each bundle the first log is on.

        Whatever the clocks show, a packet and one that comes back take time: what the other clock gains on the
        way out and on the way back differ by it.
        """
        votes: dict[Hashable, int] = {}
        unsure = []
        for matcher in self._matchers:
            samples = [[later for _, later in self._samples.get((matcher, side), ())] for side in (0, 1)]
            apart = median(samples[0]) - median(samples[1]) if self._timed and all(samples) else 0
            if abs(apart) < APART:
                unsure.append(matcher)
                continue
            self._near[matcher] = apart > 0
            for log, host, side in self._hosts(matcher):
                votes[log, host] = votes.get((log, host), 0) + (1 if (side == 0) is (apart > 0) else -1)
        for matcher in unsure:
            told = sum(votes.get((log, host), 0) * (1 if side == 0 else -1) for log, host, side in self._hosts(matcher))
            self._near[matcher] = told > 0 if told else self._client_first(matcher)

    @staticmethod
    def _hosts(matcher: Matcher) -> Iterator[tuple[int, str, int]]:
        """Yield (log, host, side) for each end of a bundle."""
        for log in (0, 1):
            for pair, first in matcher.bundle.ends[log].items():
                for end in pair:
                    yield log, end.host, int(end != first)

    def _client_first(self, matcher: Matcher) -> bool:
        """
        Take the logs in the order in which they were named: the client's first.

        What only one log has, and nobody has answered, was seen where it was sent.
        """
        log = 0 if matcher.records[0] else 1
        record = matcher.records[log][0]
        if not matcher.records[1 - log] and all(s.src == record.src for s in matcher.records[log]):
            return (matcher.bundle.side(log, record) == 0) is (log == 0)
        client = self._logs[log].flows[record.conn].client
        return (matcher.bundle.side(log, record) == 0) is (record.src == client)

    def _expectations(self) -> dict[tuple[Matcher, int], Expectation]:
        """Return what to expect of each direction of each bundle; of one without packets of its own, what others took."""
        general: dict[bool, list[tuple[int, int]]] = {True: [], False: []}
        for matcher in self._both:
            for way in matcher.ways:
                general[self._leaves(matcher, way)] += self._samples[matcher, way.side]
        others = {leaves: Expectation(samples or general[not leaves]) for leaves, samples in general.items()}
        found = {}
        for matcher in self._matchers:
            for way in matcher.ways:
                samples = self._samples.get((matcher, way.side))
                found[matcher, way.side] = Expectation(samples) if samples else others[self._leaves(matcher, way)]
        return found

    def _passages(self) -> Iterator[Passage]:
        for matcher in self._both:
            for way in matcher.ways:
                outward = self._leaves(matcher, way)
                for time, later in self._passed(way.pairs):
                    yield Passage(time, later, outward)

    # -------------------------------------------------------------- what is missing

    def _learn(self, matcher: Matcher) -> None:
        """Remember who is on which side: what goes to them must pass both points."""
        for log in (0, 1):
            for pair, first in matcher.bundle.ends[log].items():
                for end in pair:
                    side = int((end == first) is not self._near[matcher])  # 0: on the first log's side
                    self._known[side] |= {(log, end), (log, end.host)}

    @staticmethod
    def _off(judges: Iterable[Judge]) -> dict[int, set[int]]:
        """Return, by log, at which ends (-1: the beginning, 1: the end) it was off: it lacks what was sent beside it."""
        found: dict[int, set[int]] = {0: set(), 1: set()}
        for judge in judges:
            if all(judge.way.seen) or all(judge.back.seen):
                found[judge.far] |= {end for end in (-1, 1) if next(judge.unheard(end), None) is not None}
        return found

    def _fates(self, matcher: Matcher, judges: list[Judge], off: dict[int, set[int]]) -> Iterator[Fate]:
        for judge in judges:
            fates = [*judge.sent(off[judge.far]), *judge.arrived(off[judge.origin])]
            if not self._related and all(log.sightings for log in self._logs):
                fates = [self._unrelated(fate) for fate in fates]
            if all(matcher.records):
                yield from fates
            else:
                yield from self._alone(matcher, judge, fates)

    @staticmethod
    def _unrelated(fate: Fate) -> Fate:
        """Return what is left of a fate where nothing relates the clocks: that a capture was off then is not known."""
        return fate._replace(kind="undecided", confidence="possible") if fate.kind == "outside" else fate

    def _alone(self, matcher: Matcher, judge: Judge, fates: list[Fate]) -> Iterator[Fate]:
        """
        Yield what became of a connection of which one log has nothing.

        It may have gone elsewhere. Something between has stopped it only where it would have reached a host that
        the other log knows, while that was on, and nobody but an RST has answered.
        """
        log = 0 if matcher.records[0] else 1
        here = [s for s in matcher.records[log] if self._from(matcher, log, s) == log]
        answers = [s for s in matcher.records[log] if self._from(matcher, log, s) != log]
        refused = all("R" in s.flags for s in answers)
        record = matcher.records[log][0]
        beyond = record.dst if record in here else record.src
        served, reached = (log, beyond) in self._known[1 - log], (log, beyond.host) in self._known[1 - log]
        empty = not self._logs[1 - log].sightings
        for fate in fates:
            if fate.kind == "outside" or (empty and not answers):
                yield fate
            elif not refused or not (served or (reached and not answers)):
                yield fate._replace(kind="elsewhere", confidence="likely")
            elif fate.kind == "lost" and not served:
                again = judge.repeats(fate.record)
                yield fate._replace(kind="lost" if again else "undecided", confidence="possible")
            else:
                yield fate

    def _from(self, matcher: Matcher, log: int, s: Sighting) -> int:
        """Return on which log's side a record was sent."""
        return int((matcher.bundle.side(log, s) == 0) is not self._near[matcher])
