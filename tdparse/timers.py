"""
What timers do without any segment: 2MSL, giving up, and the schedules of repeated SYNs (R83-R90, R98).

A timer is only stated as run out when the log itself goes on long enough to show it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from tdparse.model import State

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tdparse.evidence import Peer
    from tdparse.incarnation import Incarnation

SECOND: Final = 10**9
TIME_WAIT: Final = 60 * SECOND  # time_wait_len of R83
FIRST_RETRY: Final = SECOND  # R86: initial RTO, taken as "the previous interval" after a single SYN
TOLERANCE: Final = 0.10  # R86: per interval, for what a timer is late
EARLY: Final = -0.02  # no timer is early, but printed times are rounded and clocks drift


class Schedule(NamedTuple):
    """A known pattern of SYN retransmissions (R86)."""

    name: str
    intervals: tuple[float, ...]  # seconds between the copies, from the first
    gives_up: float  # seconds after the first SYN


SCHEDULES: Final = (
    Schedule("linux", (1, 2, 4, 8, 16, 32), 127),
    Schedule("linux_6_5", (1, 1, 1, 1, 1, 2, 4, 8, 16, 32), 131),
    Schedule("windows", (3, 6), 21),
    Schedule("rto_3s", (3, 6, 12, 24, 48), 189),  # initial RTO of RFC 1122, Linux before 2.6.39
)


def retry_schedule(times: Sequence[int]) -> Schedule | None:
    """
    Return the schedule that the SYNs sent at `times` (nanoseconds) follow, None if none or several do.

    Two SYNs show one interval, which schedules share; where one schedule begins like another, the one that
    is over with the last copy is meant.
    """
    intervals = [(later - earlier) / SECOND for earlier, later in pairwise(times)]
    matching = [
        schedule
        for schedule in SCHEDULES
        if intervals
        and len(intervals) <= len(schedule.intervals)
        and all(EARLY <= seen / due - 1 <= TOLERANCE for seen, due in zip(intervals, schedule.intervals, strict=False))
    ]
    whole = [schedule for schedule in matching if len(schedule.intervals) == len(intervals)]
    return (whole or matching)[0] if len(matching) == 1 or len(whole) == 1 else None


def expired(conn: Incarnation, end: int | None) -> Iterator[dict[str, object]]:
    """Yield `timer.time_wait_expired` for every endpoint whose 2MSL ended inside the log."""
    if end is None:
        return
    for peer in conn.peers:
        since = peer.time_wait_since
        if peer.standing.state is State.TIME_WAIT and since is not None and end - since >= TIME_WAIT:
            yield {"step": "timer.time_wait_expired", "role": peer.role, "after": TIME_WAIT / SECOND}


def gave_up(conn: Incarnation, end: int | None) -> Iterator[dict[str, object]]:
    """Yield `timer.give_up` where the silence after a repetition exceeds twice the interval before it."""
    if end is None or conn.last_time is None or conn.ended_by is not None:
        return
    for x, y in (conn.peers, conn.peers[::-1]):
        times = _unanswered_copies(conn, x, y)
        if len(times) > 1 and end - times[-1] > 2 * (times[-1] - times[-2]):
            yield {"step": "timer.give_up", "role": x.role, "n": len(times)}


def _unanswered_copies(conn: Incarnation, x: Peer, y: Peer) -> Sequence[int]:
    """Return when the copies of what `x` repeats without any answer were sent."""
    if x.is_client and not y.segments and x.syn_count:
        return conn.syn_times
    last = conn.last_of.get(y.is_client)
    heard = 0 if last is None else last[0].line
    if x.fin is not None and (y.lastack is None or y.lastack <= x.fin) and heard < x.fin_line:
        return [entry.time for entry in x.octets.sent if entry.end == x.fin + 1 and entry.time is not None]
    if x.octets.unacked and x.fin is None:
        oldest = x.octets.unacked[0]
        copies = [entry for entry in x.octets.unacked if entry.start == oldest.start and entry.time is not None]
        if copies and heard < copies[-1].line:
            return [entry.time for entry in copies if entry.time is not None]
    return ()
