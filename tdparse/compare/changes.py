"""What devices between the points have changed in the headers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdparse.compare.records import Change
from tdparse.seqnum import MASK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from tdparse.compare.aligning import Found
    from tdparse.compare.fates import Judge
    from tdparse.compare.sightings import Log, Sighting
    from tdparse.model import Endpoint, Role

# Options of a SYN that are told by their own names; the others are "options".
NEGOTIATED: Final = ("mss", "wscale", "sack_ok", "tfo", "mptcp")
EVERYWHERE: Final[Mapping[str, Callable[[Sighting], object]]] = {"sack": lambda s: s.sack, "window": lambda s: s.window}


class Changes:
    """Finds the changes of one connection."""

    def __init__(self, logs: tuple[Log, Log], keys: AbstractSet[tuple[int, int]], roles: Mapping[int, Role]) -> None:
        """`keys` are its numbers (log, connection), `roles` who is on which side."""
        self._logs = logs
        self._keys = keys
        self._roles = roles

    def of(self, judges: Sequence[Judge], ends: Sequence[Mapping[Role, Endpoint] | None]) -> Iterator[Change]:
        """Yield them, one direction after the other; `ends` are the addresses by log."""
        for judge in judges:
            role = self._roles[judge.way.side]
            by = [end and end[role] for end in (ends[judge.origin], ends[judge.far])]
            if by[0] != by[1]:
                yield Change("address", role, str(by[0]), str(by[1]), None)
            pairs = [pair for pair in judge.way.pairs if (0, pair[0].conn) in self._keys]
            yield from self._opening(judge, role, pairs)
            yield from self._numbers(judge, role, pairs)
            yield from self._everywhere(judge, role, pairs)

    @staticmethod
    def _opening(judge: Judge, role: Role, pairs: Sequence[Found]) -> Iterator[Change]:
        """Yield what was changed in a SYN or SYN-ACK; the same change once."""
        told: set[str] = set()
        for pair in pairs:
            if "S" not in pair[0].flags:
                continue
            for what, before, after in _options(pair[judge.origin], pair[judge.far]):
                change = Change(what, role, before, after, (pair[0].line, pair[1].line))
                mark = repr(change[:4])
                if mark not in told:
                    told.add(mark)
                    yield change

    def _numbers(self, judge: Judge, role: Role, pairs: Sequence[Found]) -> Iterator[Change]:
        """Yield the ISN where both logs know it and it is not the same."""
        for pair in pairs:
            both = list(enumerate(pair))
            if any(s.seq is None or (s.conn, s.sender) not in self._logs[log].absolute for log, s in both):
                continue
            if ((pair[0].seq or 0) - (pair[1].seq or 0)) & MASK:
                isns = [self._logs[log].isn(s.conn, s.sender) & MASK for log, s in both]
                yield Change("isn", role, isns[judge.origin], isns[judge.far], (pair[0].line, pair[1].line))
                return

    @staticmethod
    def _everywhere(judge: Judge, role: Role, pairs: Sequence[Found]) -> Iterator[Change]:
        """Yield what is changed in record after record, with one of them."""
        later = [pair for pair in pairs if "S" not in pair[0].flags]
        if judge.way.stamps != 0:
            stamped = [pair for pair in later if pair[0].options.ts != pair[1].options.ts]
            for pair in stamped[:1]:
                by = [pair[log].options.ts for log in (judge.origin, judge.far)]
                yield Change("ts", role, by[0], by[1], (pair[0].line, pair[1].line))
        for name, field in EVERYWHERE.items():
            if judge.way.same.get(name, True):
                continue
            for pair in [pair for pair in later if field(pair[0]) != field(pair[1])][:1]:
                before, after = field(pair[judge.origin]), field(pair[judge.far])
                yield Change(name, role, before, after, (pair[0].line, pair[1].line))


def _options(before: Sighting, after: Sighting) -> Iterator[tuple[str, object, object]]:
    """Yield (what, before, after) for each option that is not the same in a SYN at both points."""
    one, other = before.options._asdict(), after.options._asdict()
    for name in NEGOTIATED:
        was, became = one.pop(name), other.pop(name)
        if was != became:
            yield name, was, became
    stamps = one.pop("ts"), other.pop("ts")
    if (stamps[0] is None) != (stamps[1] is None):
        yield "ts", stamps[0], stamps[1]
    changed = [name for name in one if one[name] != other[name]]
    if changed:
        yield "options", {name: one[name] for name in changed}, {name: other[name] for name in changed}
    marks = [set(s.flags) & set("EWe") for s in (before, after)]
    if marks[0] != marks[1]:
        yield "ecn", before.flags, after.flags
