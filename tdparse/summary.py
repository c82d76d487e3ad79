"""
The summary of an incarnation that is over: its verdict, attributes, final states and metrics (R115).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdparse.conntrack import conntrack_state
from tdparse.flags import SegmentClass
from tdparse.model import Certainty, Standing, State, Summary
from tdparse.states import Known
from tdparse.steps import WITHOUT_WINDOW, answer_time, rst_in_window
from tdparse.timers import retry_schedule, run_out
from tdparse.verdict import ONE_SIDED_IN_ALL, both_fins, clean_before_reset, no_answer, verdict_of

if TYPE_CHECKING:
    from tdparse.evidence import Peer
    from tdparse.incarnation import Incarnation
    from tdparse.model import Role
    from tdparse.verdict import ScanWatch


def summarize(
    conn: Incarnation, end: int | None, scans: ScanWatch, *, evicted: bool = False, replaced: bool = False
) -> Summary:
    """
    Return the summary of an incarnation that is over, or whose log has ended.

    Args:
        conn: The incarnation.
        end: Time of the log's last record, nanoseconds; None without timestamps.
        scans: What the log's sources have probed.
        evicted: It was dropped while still open, to keep memory bounded.
        replaced: Its pair of endpoints has another one by now, so nobody waits in TIME-WAIT for it (R98).
    """
    if conn.behind == end:  # no later time was captured after it
        end = conn.last_time
    verdict = verdict_of(conn, end, scans)
    clean = clean_before_reset(conn)
    client, server, history = conn.client, conn.server, conn.history
    unheard = [x.role for x, y in ((client, server), (server, client)) if _is_unheard(conn, x, y, verdict)]
    timers = [timer for timer in run_out(conn, end) if timer["role"] not in unheard]
    over = [timer["role"] for timer in timers]
    attributes = _attributes(conn, timers, clean=clean, evicted=evicted)
    unacked = _unacked(conn)
    if any(unacked.values()):
        attributes["unacked"] = {role: octets for role, octets in unacked.items() if octets}
    if conn.previous_step == "reset.ignored" and _ends_in_silence(conn, end):
        attributes["rst_accepted"] = True
    return Summary(
        conn.flow,
        conn.first_line,
        conn.last_line,
        conn.count,
        verdict,
        _data(conn),
        _close_shape(conn, clean=clean),
        _closed_first(conn),
        tuple(dict.fromkeys(peer.role for peer in conn.peers if _holds_time_wait(peer) and peer.role not in unheard)),
        _UNHEARD if client.role in unheard else _final(client, over),
        _UNHEARD if server.role in unheard else _final(server, over),
        history.conn_state,
        history.letters,
        history.completeness,
        attributes,
        conn.metrics.report(conn),
        _findings(conn, verdict, len(unacked)),
        _marks(conn, end, replaced=replaced),
        conn.mild,
    )


def _marks(conn: Incarnation, end: int | None, *, replaced: bool) -> dict[str, object]:
    marks: dict[str, object] = {"replaced": True} if replaced else {}
    if end is not None and conn.last_time is not None:
        marks["silence"] = end - conn.last_time
    return marks


def _attributes(conn: Incarnation, timers: list[dict[str, object]], *, clean: bool, evicted: bool) -> dict[str, object]:
    """R115, as far as they are not fields of their own; absent where there is nothing to say."""
    client, server = conn.client, conn.server
    attributes: dict[str, object] = {"open_at_end": not conn.closed}
    if (tracked := conntrack_state(conn)) is not None:
        attributes["conntrack"] = tracked
    if conn.simultaneous_open:
        attributes["simultaneous_open"] = True
    if conn.tfo != "none":
        attributes["tfo"] = conn.tfo
    if clean and (client.rst_count or server.rst_count):
        attributes["late_rst"] = True
    attributes.update(_opening_attributes(conn))
    if conn.keep_alives and conn.reset_by is not None:
        attributes["keep_alives_unanswered"] = conn.keep_alives
    if conn.handshake_done:
        for peer, other in (conn.peers, conn.peers[::-1]):
            refused = other.win == 0  # whatever arrives, it takes no more
            stuck = peer.octets.stuck_size() if peer.octets.unacked and not refused else None
            if stuck is not None:
                attributes["stuck_size"] = {"role": peer.role, "octets": stuck}
    if conn.icmp:
        attributes["icmp"] = list(conn.icmp)
    if conn.dropped:
        attributes["dropped"] = conn.dropped
    if timers:
        attributes["timers"] = timers
    if evicted:
        attributes["evicted"] = True
    return attributes


def _opening_attributes(conn: Incarnation) -> dict[str, object]:
    """Return those of R115 that are about the SYNs: how they were repeated, what the log lacks, that none of them was answered."""
    client, server = conn.client, conn.server
    attributes: dict[str, object] = {}
    retries = client.syn_count - 1
    if retries > 0:
        attributes["retries"] = retries
        schedule = retry_schedule(conn.syn_times, conn.syn_stack)
        if schedule is not None:
            attributes["retry_schedule"] = schedule.name
            attributes["gives_up_after"] = schedule.gives_up
    if conn.first_class is SegmentClass.SYN_ACK and not client.syn_count:
        attributes["not_captured"] = "syn"
    elif conn.first_class is SegmentClass.SYN and server.sent_syn is Known.DEDUCED:
        attributes["not_captured"] = "syn_ack"
    if no_answer(conn) and (last := conn.last_of[True]) is not None and last[0].signed:
        attributes["signed"] = True
    return attributes


def _ends_in_silence(conn: Incarnation, end: int | None) -> bool:
    """R51: nothing follows an RST in the window that is not exact, no challenge ACK either: some stacks accept it."""
    last = conn.previous
    if last is None or last.time is None or end is None or not rst_in_window(last):
        return False
    return last.y.standing.state not in WITHOUT_WINDOW and end - last.time > answer_time(conn)


def _data(conn: Incarnation) -> str:
    client, server = (
        peer.octets.distinct or (peer.unreadable and conn.metrics.halves[peer.is_client].data) for peer in conn.peers
    )
    if client:
        return "both" if server and not conn.self_connected else "client"
    return "server" if server else "none"


def _close_shape(conn: Incarnation, *, clean: bool) -> str:
    if not clean and conn.reset_by is not None:
        return "reset"
    if "teardown.fin.simultaneous" in conn.steps or (conn.self_connected and conn.first_fin is not None):
        return "simultaneous"  # R74: its own FIN crosses itself
    if "teardown.fin_ack" in conn.steps:
        return "three_segment"
    if both_fins(conn):  # of which one may have been captured behind the FIN that has acknowledged it (R7, R58)
        merged = any(peer.passive and peer.lastack_line == peer.fin_line for peer in conn.peers)
        return "three_segment" if merged else "four_segment"
    return "half" if conn.first_fin is not None else "none"


def _closed_first(conn: Incarnation) -> Role | None:
    """R95, R142: the sender of the first FIN, else of the effective RST; ambiguous mid-stream is None."""
    first = conn.first_fin
    if first is None:
        return None if conn.reset_by is None else conn.reset_by.role
    other = conn.server if first is conn.client else conn.client
    return None if other.pre_fin and other.fin is None else first.role


def _holds_time_wait(peer: Peer) -> bool:
    if peer.time_wait_since is not None:  # 2MSL may be over by now
        return True
    return peer.standing.state is State.TIME_WAIT and not peer.standing.alternatives


_UNHEARD: Final = Standing(State.UNKNOWN, Certainty.UNKNOWN)
_GONE: Final = Standing(State.CLOSED, Certainty.ASSUMED)
_UNPROVEN: Final = frozenset({Certainty.PRESUMED, Certainty.ASSUMED})


def _is_unheard(conn: Incarnation, peer: Peer, other: Peer, verdict: str) -> bool:
    """
    Tell whether nobody knows the state of an endpoint at the end of the log.

    That is so if it has not answered what was repeated to it (R19), nor a SYN (R64), or has answered one for an older
    connection, whose state is not in the log (verdict 11).
    """
    if not peer.segments and no_answer(conn):
        return True
    if peer.standing.certainty not in _UNPROVEN:
        return False
    if verdict == "rejected_old" and peer.standing.state is State.SYN_RECEIVED:
        return True
    last = conn.last_line_of(peer)
    return (other.fin_count > 1 and last < other.fin_line) or (other.synack_count > 1 and last < other.synack_line)


def _final(peer: Peer, over: list[object]) -> Standing:
    """Return the state of an endpoint at the end of the log; `over` holds the roles whose timers have run out."""
    if peer.awaits_reset:  # which has arrived by then
        return Standing(peer.dead_state, Certainty.PRESUMED)
    return _GONE if over and peer.role in over else peer.standing


def _findings(conn: Incarnation, verdict: str, unacked: int) -> dict[str, int]:
    """Add to the findings of the records what only the whole incarnation shows; `unacked`: of how many sides payload waits."""
    found = dict(conn.found)
    client, server = conn.client, conn.server
    for x, y in ((client, server), (server, client))[: 1 if conn.self_connected else 2]:  # R74: one endpoint
        if not y.segments and x.packets >= ONE_SIDED_IN_ALL and (x.spoke_after_syn or verdict.startswith("one_sided")):
            found["one_sided"] = 1
        elif x.segments and y.segments:
            found.pop("one_sided", None)  # the other side was late
    if unacked:
        found["unacked_data"] = unacked
    return found


def _unacked(conn: Incarnation) -> dict[str, int]:
    """
    Return, by role, how many octets of payload were captured above the highest ack of the peer (unacked_data).

    It is 0 where those that lie there were not captured.
    """
    found: dict[str, int] = {}
    for x, y in (conn.peers, conn.peers[::-1])[: 1 if conn.self_connected else 2]:  # R74: one endpoint
        if x.octets.unacked and x.octets.nxt is not None and conn.reset_by is None and y.segments:
            top, acked = x.octets.nxt if x.fin is None else x.fin, max(y.lastack or 1, 1)
            if top > acked:
                found[x.role] = x.octets.captured(acked, top)
    return found
