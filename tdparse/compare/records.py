"""What a comparison finds, as plain values; sentences are made elsewhere."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tdparse.compare.clocks import Clocks
    from tdparse.compare.sightings import Log, Sighting
    from tdparse.model import Endpoint, Role

KINDS: Final = (
    "lost", "duplicated", "reordered", "resegmented", "injected", "not_captured", "undecided", "outside", "elsewhere",
)  # fmt: skip
CHANGES: Final = (
    "address", "isn", "mss", "wscale", "sack_ok", "ts", "tfo", "mptcp", "options", "ecn", "sack", "window",
)  # fmt: skip


class Difference(NamedTuple):
    """Something that is not the same at both points, about one or a few records."""

    kind: str  # one of KINDS
    confidence: str  # certain | likely | possible
    sender: Role
    log: int  # where the record is
    lines: tuple[int, ...]  # there
    other_log: int  # where the following are
    other_lines: tuple[int, ...]  # what has arrived of it, what came before, what proves it
    record: Sighting  # the first of them
    octets: tuple[tuple[int, int], ...]  # those concerned, relative to the ISN; () for the whole record
    again: int | None = None  # the line of the same log in which the same octets were sent again


class Change(NamedTuple):
    """Something in the headers that a device between the points has changed."""

    what: str  # one of CHANGES
    sender: Role
    before: object
    after: object
    lines: tuple[int, int] | None  # by log, of a record that shows it


class Delay(NamedTuple):
    """How long packets took from one point to the other; nanoseconds."""

    least: int
    middle: int
    most: int
    samples: int


class Passing(NamedTuple):
    """One direction of a connection, from the point that it passes first to the other."""

    sender: Role
    origin: int  # the log that has it first
    sent: int  # records there
    arrived: int  # of them, those found at the other point
    received: int  # records at the other point
    counts: Mapping[str, int]  # differences by kind
    delay: Delay | None
    hops: int | None  # routers passed, where TTLs were printed


class Link(NamedTuple):
    """One connection as both logs have it."""

    conns: tuple[tuple[int, ...], tuple[int, ...]]  # its numbers by log; () where a log has nothing of it
    ends: tuple[Mapping[Role, Endpoint] | None, Mapping[Role, Endpoint] | None]  # by log
    matched: bool  # whether any record is in both logs
    ways: tuple[Passing, ...]  # the client's, then the server's
    changes: tuple[Change, ...]
    differences: tuple[Difference, ...]


class Comparison(NamedTuple):
    """What two logs say about the path between them."""

    logs: tuple[Log, Log]
    clocks: Clocks
    links: tuple[Link, ...]

    @property
    def names(self) -> tuple[str, str]:
        """What the logs are called."""
        return self.logs[0].name, self.logs[1].name

    @property
    def counts(self) -> Mapping[str, int]:
        """How often each kind of difference was found."""
        found: Counter[str] = Counter()
        for link in self.links:
            for way in link.ways:
                found.update(way.counts)
        return {kind: found[kind] for kind in KINDS if found[kind] and kind != "elsewhere"}
