"""
One log on two trackers, each of which accounts for half of the connections.

Nearly all that a record means depends on records of its own connection. What does not is said here: how many
incarnations there are, which endpoints are servers, how the log prints its numbers, who scans. Both halves read every
record, so both know how far they are; each tells what its own records show of these things, and asks for what the other
one has told before it relies on it. A tracker that has the whole log to itself uses the same words and never waits.

Nothing here knows a process: a `Channel` moves what is told.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias, TypeVar, cast
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tdparse.model import Endpoint

ROOM: Final = 64  # positions for the records of one line
SHARES: Final = 32
OF_SECOND: Final = 17  # of those shares: the first half writes, too

Told: TypeAlias = "tuple[int, str, tuple[object, ...]]"  # position, what about, facts
T = TypeVar("T")


class DivergedError(Exception):
    """The halves have not come to the same place: what they show does not fit together."""


class Channel(Protocol):
    """Moves messages of several kinds to the other half and from it, those of a kind in their order."""

    def send(self, kind: str, value: object) -> None:
        """Send a message, at the latest when one is waited for."""

    def take(self, kind: str) -> object:
        """Wait for the next message of a kind."""

    def heard(self, kind: str) -> Sequence[object]:
        """Return, once each, the messages of a kind that have come."""


class Sharing:
    """What one tracker knows of the whole log, and what it shares."""

    def __init__(self) -> None:
        """Have the whole log."""
        self.position = 0  # of the record at hand; grows with every record
        self.divided = False
        self._learners: dict[str, Callable[..., None]] = {}
        # -- of a half
        self._channel: Channel | None = None
        self._second = False
        self._first_number = 0  # of those that are given out in place of a connection's own
        self._told: list[Told] = []  # of either half, and not learnt yet
        self._heard = 0  # the other half has told everything up to here
        self._learnt = 0  # as far all that was told is learnt
        self._said: set[str] = set()

    def divide(self, channel: Channel, *, second: bool, first_number: int) -> None:
        """
        Have half of the connections from now on; up to here both halves have seen the same.

        Args:
            channel: Leads to the other half.
            second: Which half this is.
            first_number: Numbers of connections grow from here, until somebody knows what they really are.
        """
        self._channel = channel
        self._second = second
        self._first_number = first_number
        self.divided = True
        self._heard = self._learnt = self.position
        self.learn("said", self._said.add)

    @property
    def has_remarks(self) -> bool:
        """Whether what belongs to no connection is this half's to show."""
        return not self._second

    def owns(self, one: Endpoint, other: Endpoint) -> bool:
        """Tell whether the records between two endpoints are this half's."""
        return not self.divided or (key(one, other) % SHARES < OF_SECOND) is self._second

    # ------------------------------------------------------------------ where we are

    def at(self, line: int) -> None:
        """A record that begins in `line` is next."""
        self.position = max(self.position + 1, line * ROOM)

    def mark(self, line: int) -> int:
        """All records up to `line` are accounted for: learn what there is to learn by now, and return their last position."""
        place = max(self.position, line * ROOM + ROOM - 1)
        if self._channel is not None:
            self._channel.send("mark", place)
            self._hear()
            self._learn(min(self.position, self._heard))
        return place

    # ------------------------------------------------------------------ facts

    def learn(self, about: str, learner: Callable[..., None]) -> None:
        """Have all facts about something go to `learner`, in the order of the records that show them."""
        self._learners[about] = learner

    def tell(self, about: str, *facts: object) -> None:
        """Tell what the record at hand shows; who has the whole log learns it at once."""
        if self._channel is None:
            self._learners[about](*facts)
            return
        told = (self.position, about, facts)
        self._told.append(told)
        self._channel.send("told", told)

    def know(self) -> None:
        """Wait until everything is learnt that was told up to the record at hand."""
        if self._channel is None:
            return
        before = self.position - 1
        self._hear()
        if self._heard < before:
            self._channel.send("mark", before)
            while self._heard < before:
                self._note(self._channel.take("mark"))
            self._hear()
        self._learn(self.position)

    def is_certain(self, lead: int) -> bool:
        """Tell whether what is not learnt yet cannot make up for a `lead` of facts, of which a record shows one at most."""
        return not self.divided or lead > (self.position - self._learnt) // ROOM + 1

    def once(self, what: str) -> bool:
        """Tell whether `what` is to be said: it was not, in the whole log."""
        if self.divided:
            self.know()
            if what in self._said:
                return False
            self.tell("said", what)
        return True

    def gather(self, mine: T) -> list[T]:
        """Return what all trackers of the log give at this very place; both halves have to come to it."""
        channel = self._channel
        if channel is None:
            return [mine]
        channel.send("mark", self.position - 1)
        channel.send("gathered", (self.position, mine))
        position, theirs = cast("tuple[int, T]", channel.take("gathered"))
        if position != self.position:
            raise DivergedError
        self.know()
        return [mine, theirs]

    def number(self, latest: int) -> int:
        """Return the number of the incarnation that the record at hand opens; `latest` was given before."""
        if self._channel is None:
            return latest + 1
        given = self._first_number + self.position
        self._channel.send("opened", given)
        return given

    # ------------------------------------------------------------------ hearing

    def _hear(self) -> None:
        if self._channel is not None:
            for place in self._channel.heard("mark"):
                self._note(place)
            self._told += cast("Sequence[Told]", self._channel.heard("told"))

    def _note(self, place: object) -> None:
        if isinstance(place, int):
            self._heard = max(self._heard, place)

    def _learn(self, until: int) -> None:
        """Learn what was told up to a position."""
        due = [told for told in self._told if told[0] <= until]
        if due:
            self._told = [told for told in self._told if told[0] > until]
            for _, about, facts in sorted(due, key=_position):
                self._learners[about](*facts)
        self._learnt = max(self._learnt, until)


def _position(told: Told) -> int:
    return told[0]


@lru_cache(maxsize=1 << 12)
def key(one: Endpoint, other: Endpoint) -> int:
    """Return a number that all records between two endpoints share."""
    ends = sorted(f"{end.host} {end.port}" for end in (one, other))
    return crc32("|".join(ends).encode("utf-8", "surrogateescape"))
