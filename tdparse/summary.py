"""
The summary of an incarnation that is over: its verdict, attributes, final states and metrics (R115).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdparse.conntrack import conntrack_state
from tdparse.flags import SegmentClass
from tdparse.model import Certainty, Standing, State, Summary
from tdparse.states import Known
from tdparse.timers import expired, gave_up, retry_schedule
from tdparse.verdict import ONE_SIDED_IN_ALL, both_fins, clean_before_reset, verdict_of

if TYPE_CHECKING:
    from tdparse.evidence import Peer
    from tdparse.incarnation import Incarnation
    from tdparse.model import Role
    from tdparse.verdict import ScanWatch


def summarize(conn: Incarnation, end: int | None, scans: ScanWatch, *, evicted: bool = False) -> Summary:
    """
    Return the summary of an incarnation that is over, or whose log has ended.

    Args:
        conn: The incarnation.
        end: Time of the log's last record, nanoseconds; None without timestamps.
        scans: What the log's sources have probed.
        evicted: It was dropped while still open, to keep memory bounded.
    """
    verdict = verdict_of(conn, end, scans)
    marks: dict[str, object] = {}
    if end is not None and conn.last_time is not None:
        marks["silence"] = end - conn.last_time
    return Summary(
        flow=conn.flow,
        first_line=conn.first_line,
        last_line=conn.last_line,
        segments=conn.count,
        verdict=verdict,
        data=_data(conn),
        close_shape=_close_shape(conn),
        closed_first=_closed_first(conn),
        time_wait=tuple(peer.role for peer in conn.peers if _holds_time_wait(peer)),
        client_state=_final(conn, conn.client, end, verdict),
        server_state=_final(conn, conn.server, end, verdict),
        zeek=conn.history.conn_state,
        history=conn.history.letters,
        completeness=int(conn.history.completeness),
        attributes=_attributes(conn, end, evicted=evicted),
        metrics=conn.metrics.report(conn),
        findings=_findings(conn, verdict),
        marks=marks,
    )


def _attributes(conn: Incarnation, end: int | None, *, evicted: bool) -> dict[str, object]:
    """R115, as far as they are not fields of their own; absent where there is nothing to say."""
    attributes: dict[str, object] = {"open_at_end": not conn.closed}
    if (tracked := conntrack_state(conn)) is not None:
        attributes["conntrack"] = tracked
    if conn.simultaneous_open:
        attributes["simultaneous_open"] = True
    if conn.tfo != "none":
        attributes["tfo"] = conn.tfo
    if clean_before_reset(conn) and (conn.client.rst_count or conn.server.rst_count):
        attributes["late_rst"] = True
    retries = conn.client.syn_count - 1
    if retries > 0:
        attributes["retries"] = retries
        schedule = retry_schedule(conn.syn_times)
        if schedule is not None:
            attributes["retry_schedule"] = schedule.name
            attributes["gives_up_after"] = schedule.gives_up
    if conn.first_class is SegmentClass.SYN_ACK:
        attributes["not_captured"] = "syn"
    elif conn.first_class is SegmentClass.SYN and conn.server.sent_syn is Known.DEDUCED:
        attributes["not_captured"] = "syn_ack"
    if conn.keep_alives and conn.ended_by is not None:
        attributes["keep_alives_unanswered"] = conn.keep_alives
    for peer in conn.peers:
        stuck = peer.octets.stuck_size()
        if stuck is not None and conn.handshake_done:
            attributes["stuck_size"] = {"role": peer.role, "octets": stuck}
    if conn.icmp:
        attributes["icmp"] = list(conn.icmp)
    timers = [*expired(conn, end), *gave_up(conn, end)]
    if timers:
        attributes["timers"] = timers
    if evicted:
        attributes["evicted"] = True
    return attributes


def _data(conn: Incarnation) -> str:
    client, server = bool(conn.client.octets.distinct), bool(conn.server.octets.distinct)
    if client and server:
        return "both"
    return "client" if client else "server" if server else "none"


def _close_shape(conn: Incarnation) -> str:
    if conn.ended_by is not None and not clean_before_reset(conn):
        return "reset"
    if "teardown.fin.simultaneous" in conn.steps or (conn.self_connected and conn.first_fin is not None):
        return "simultaneous"  # R74: its own FIN crosses itself
    if "teardown.fin_ack" in conn.steps:
        return "three_segment"
    if both_fins(conn):
        return "four_segment"
    return "half" if conn.first_fin is not None else "none"


def _closed_first(conn: Incarnation) -> Role | None:
    """R95, R142: the sender of the first FIN, else of the effective RST; ambiguous mid-stream is None."""
    if conn.first_fin is None:
        return None if conn.ended_by is None else conn.ended_by.role
    other = conn.server if conn.first_fin is conn.client else conn.client
    return None if other.pre_fin and other.fin is None else conn.first_fin.role


def _holds_time_wait(peer: Peer) -> bool:
    return peer.standing.state is State.TIME_WAIT and not peer.standing.alternatives


def _final(conn: Incarnation, peer: Peer, end: int | None, verdict: str) -> Standing:
    """Return the state at the end of the log: timers have run, and R19 leaves the unanswered side unknown."""
    other = conn.server if peer is conn.client else conn.client
    unheard = Standing(State.UNKNOWN, Certainty.UNKNOWN)
    if verdict == "no_answer" and not peer.segments:
        return unheard
    last = conn.last_of.get(peer.is_client)
    silent_since = 0 if last is None else last[0].line
    if other.fin_count > 1 and silent_since < other.fin_line and peer.standing.certainty is Certainty.PRESUMED:
        return unheard
    if any(timer["role"] == peer.role for timer in (*expired(conn, end), *gave_up(conn, end))):
        return Standing(State.CLOSED, Certainty.ASSUMED)
    return peer.standing


def _findings(conn: Incarnation, verdict: str) -> dict[str, int]:
    """Add to the findings of the records what only the whole incarnation shows."""
    found = dict(conn.found)
    for x, y in (conn.peers, conn.peers[::-1]):
        if verdict.startswith("one_sided") and not y.segments and x.segments >= ONE_SIDED_IN_ALL:
            found["one_sided"] = 1
        if conn.ended_by is None and x.octets.unacked and _unacked_payload(x, y):
            found["unacked_data"] = found.get("unacked_data", 0) + 1
    return found


def _unacked_payload(x: Peer, y: Peer) -> bool:
    """unacked_data: payload of `x` above the highest ack of `y`, at the end of the incarnation."""
    if not y.segments or x.octets.nxt is None:
        return False
    top = x.fin if x.fin is not None else x.octets.nxt
    return top > max(y.lastack or 1, 1)
