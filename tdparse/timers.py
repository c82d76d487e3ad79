"""
What timers do without any segment: 2MSL, giving up, and the schedules of repeated SYNs (R83-R90, R98).

A timer is only stated as run out when the log itself goes on long enough to show it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    gives_up: int  # seconds after the first SYN
    stacks: tuple[str | None, ...]  # that `stack_of` may tell


SCHEDULES: Final = (
    Schedule("linux", (1, 2, 4, 8, 16, 32), 127, ("linux", None)),
    Schedule("linux_6_5", (1, 1, 1, 1, 1, 2, 4, 8, 16, 32), 131, ("linux", None)),
    Schedule("bsd", (1, 1, 1, 1, 1, 2, 4, 8, 16, 32), 75, ("bsd",)),  # tcp_syn_backoff, TCPTV_KEEP_INIT
    Schedule("windows", (3, 6), 21, ("windows", None)),
    Schedule("rto_3s", (3, 6, 12, 24, 48), 189, ("linux", None)),  # initial RTO of RFC 1122, Linux before 2.6.39
)


def stack_of(options: str) -> str | None:
    """
    Return whose SYN has its options in this order: "linux", "bsd" (macOS, iOS, FreeBSD) or "windows"; None if unknown.

    >>> stack_of("mss 1460,nop,wscale 6,nop,nop,TS val 1 ecr 0,sackOK,eol")
    'bsd'
    """
    size, _, others = options.partition(",")
    if not size.startswith("mss "):
        return None
    if others.startswith("sackOK,"):
        return "linux"
    if others.startswith("nop,wscale "):
        return "bsd" if "TS val" in others or "timestamp" in others else "windows"
    return "windows" if others == "nop,nop,sackOK" else None


def retry_schedule(times: Sequence[int], stack: str | None = None) -> Schedule | None:
    """
    Return the schedule that the SYNs sent at `times` (nanoseconds) follow, None if none or several do.

    Two SYNs show one interval, which schedules share; where one schedule begins like another, the one that
    is over with the last copy is meant. `stack` is what `stack_of` tells of the SYNs.
    """
    intervals = [(later - earlier) / SECOND for earlier, later in pairwise(times)]
    matching = [
        schedule
        for schedule in SCHEDULES
        if intervals
        and stack in schedule.stacks
        and len(intervals) <= len(schedule.intervals)
        and all(EARLY <= seen / due - 1 <= TOLERANCE for seen, due in zip(intervals, schedule.intervals, strict=False))
    ]
    whole = [schedule for schedule in matching if len(schedule.intervals) == len(intervals)]
    return (whole or matching)[0] if len(matching) == 1 or len(whole) == 1 else None


def run_out(conn: Incarnation, end: int | None) -> list[dict[str, object]]:
    """
    Return the timers that ran out by `end`, the time of the log's last record: step, role, and what their words need.

    `timer.time_wait_expired` is that of every endpoint whose 2MSL ended inside the log, `timer.give_up` one whose
    silence after a repetition exceeds twice the interval before it.
    """
    found: list[dict[str, object]] = []
    if end is None:
        return found
    client, server = conn.peers
    for peer in (client,) if conn.self_connected else (client, server):
        since = peer.time_wait_since
        if since is not None and end - since >= TIME_WAIT:
            found.append({"step": "timer.time_wait_expired", "role": peer.role, "after": TIME_WAIT / SECOND})
    if conn.last_time is None or conn.reset_by is not None:
        return found
    for x, y in ((client, server), (server, client)):
        times = _unanswered_copies(conn, x, y)
        if len(times) > 1 and end - times[-1] > 2 * (times[-1] - times[-2]) >= _silence(conn, x, times[-1]):
            count = x.syn_count if times is conn.syn_times else len(times)
            found.append({"step": "timer.give_up", "role": x.role, "n": count})
    return found


def _silence(conn: Incarnation, x: Peer, since: int) -> int:
    """Return how long after `since` the last segment of `x` was sent, at least 0: who sends has not given up."""
    last = conn.last_of[x.is_client]
    return 0 if last is None or last[0].time is None else max(0, last[0].time - since)


def _unanswered_copies(conn: Incarnation, x: Peer, y: Peer) -> Sequence[int]:
    """Return when the copies of what `x` repeats without any answer were sent."""
    if not y.segments and x.spoke_after_syn and x.syn_count:  # R73: it was answered, and the log has no answers
        return ()
    if x.is_client and not y.segments and x.syn_count:
        return conn.syn_times
    if x.fin is None:
        copies = x.octets.waiting()
        if not copies:
            return ()
        waits_since = copies[-1].line
    elif y.lastack is None or y.lastack <= x.fin:
        copies = [entry for entry in x.octets.sent if entry.end == x.fin + 1]
        waits_since = x.fin_line
    else:
        return ()
    last = conn.last_of[y.is_client]
    if last is not None and last[0].line >= waits_since:
        return ()
    return [entry.time for entry in copies if entry.time is not None]
