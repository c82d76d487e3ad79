"""The verdict of an incarnation: the first rule of part 6.5 that applies (R115-R119)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from tdparse.flags import SegmentClass

if TYPE_CHECKING:
    from tdparse.evidence import Peer, Record
    from tdparse.incarnation import Incarnation
    from tdparse.model import Endpoint

SECOND: Final = 10**9
SCAN_TARGETS: Final = 5  # scan_like.syn, scan_like.ack
ANSWER_DUE: Final = SECOND  # scan_like.syn: an answer later than the first retry is none (R86)
MAX_SOURCES: Final = 65_536  # sources whose targets are counted
STALL_COPIES: Final = 2  # stalled.unacked_*: retransmissions of the same octets
ZERO_WINDOW_SILENCE: Final = 5 * SECOND  # stalled.zero_window_*
_FIRST_OCTETS: Final = 2  # who has sent a SYN and no payload stands there at most, behind a FIN that was not captured
ONE_SIDED_AFTER_SYN: Final = 2
ONE_SIDED_IN_ALL: Final = 3
AFTER_OPENING: Final = frozenset({"reset.abort", "reset.after_fin"})  # RSTs that none sends who is opening

Target: TypeAlias = "tuple[Endpoint, int]"  # by SYN a port; by ACK one probe of it, known by its port and first line
Probe: TypeAlias = "tuple[str, str, Target]"  # by SYN or ACK, the host it comes from, its target


class ScanWatch:
    """How many ports each source has probed without completing a handshake, or how often (verdicts 5 and 6)."""

    __slots__ = ("_acks", "_syns")

    def __init__(self) -> None:
        """Start a log."""
        self._syns: dict[str, set[Target]] = {}
        self._acks: dict[str, set[Target]] = {}

    def probe(self, conn: Incarnation, end: int | None) -> Probe | None:
        """Return what an incarnation that looks like a probe has probed; `end` is the time of the log's last record."""
        flow = conn.flow
        if _probed_by_syn(conn, end):
            return "syn", flow.client.host, (flow.server, 0)
        return ("ack", flow.client.host, (flow.client, conn.first_line)) if _probed_by_ack(conn) else None

    def __deepcopy__(self, _memo: object) -> ScanWatch:
        """Return a watch that goes on by itself; a compiled class has to be told how."""
        made = ScanWatch()
        made._syns = {host: set(targets) for host, targets in self._syns.items()}
        made._acks = {host: set(targets) for host, targets in self._acks.items()}
        return made

    def count(self, probe: Probe | None) -> None:
        """Count a probe; None is none."""
        if probe is None:
            return
        kind, host, target = probe
        table = self._syns if kind == "syn" else self._acks
        targets = table.setdefault(host, set())
        if len(targets) < SCAN_TARGETS:
            targets.add(target)
        if len(table) > MAX_SOURCES:
            del table[next(iter(table))]

    def scans(self, conn: Incarnation, end: int | None) -> str | None:
        """Return the scan verdict that this incarnation is part of, if any."""
        host = conn.flow.client.host
        if _probed_by_syn(conn, end) and len(self._syns.get(host, ())) >= SCAN_TARGETS:
            return "scan_like.syn"
        if _probed_by_ack(conn) and len(self._acks.get(host, ())) >= SCAN_TARGETS:
            return "scan_like.ack"
        return None


def _probed_by_syn(conn: Incarnation, end: int | None) -> bool:
    if conn.first_class is not SegmentClass.SYN or conn.handshake_done:
        return False
    if no_answer(conn):
        # A log that ends at once has given the answer no time.
        late = end is not None and conn.last_time is not None and end - conn.last_time >= ANSWER_DUE
        return late or end is None or conn.last_time is None or conn.client.packets > 1
    return _refused(conn) or (conn.reset_step == "handshake.abort" and conn.reset_by is conn.client)


def _probed_by_ack(conn: Incarnation) -> bool:
    once = all(peer.packets == 1 for peer in conn.peers)
    return once and conn.first_class is SegmentClass.ACK and conn.reset_step == "reset.reply"


# ------------------------------------------------------------------ the rules, in order


def _handshake_captured(conn: Incarnation) -> bool:
    """R117: the handshake, of which SYN or SYN-ACK (not both) may be missing."""
    if conn.midstream or conn.first_class not in (SegmentClass.SYN, SegmentClass.SYN_ACK):
        return False
    crossed = conn.simultaneous_open and all((peer.lastack or 0) >= 1 for peer in conn.peers)
    return conn.handshake_done or crossed or conn.tfo == "accepted" or "data.early" in conn.steps


def _fin_acked(x: Peer, y: Peer) -> bool:
    """R118: a captured ACK covers the FIN of `x`."""
    return x.fin is not None and y.lastack is not None and y.lastack > x.fin


def both_fins(conn: Incarnation) -> bool:
    """Tell whether both FINs were captured."""
    return conn.client.fin is not None and conn.server.fin is not None


def both_fins_acked(conn: Incarnation) -> bool:
    """Tell whether both FINs were captured, and captured ACKs cover both (R118)."""
    return both_fins(conn) and _fin_acked(conn.client, conn.server) and _fin_acked(conn.server, conn.client)


def clean_before_reset(conn: Incarnation) -> bool:
    """Tell whether both FINs were acknowledged before any effective RST."""
    return both_fins_acked(conn) and not (conn.reset_by is not None and conn.reset_before_close)


def end_by_reset(conn: Incarnation, by: Peer, step: str, record: Record) -> None:
    """R116: an RST of `by`, shown by a record, has ended an incarnation, if none has before."""
    if conn.reset_by is not None:
        return
    conn.reset_by, conn.reset_step, conn.reset_time = by, step, record.time
    conn.reset_phase = _phase(conn, record, done=conn.completed or step in AFTER_OPENING)
    conn.reset_before_close = not both_fins_acked(conn)


def _phase(conn: Incarnation, record: Record, *, done: bool) -> str:
    """R119: where in its life the incarnation is, by what was captured and by the numbers of an RST; `done`: its handshake is over."""
    client, server = conn.peers
    if client.sent_fin or server.sent_fin:
        return "close"
    if not (done or conn.simultaneous_open):
        return "handshake"
    beyond = record.flags.rst and max(record.seq or 0, record.ack or 0) > _FIRST_OCTETS
    return "data" if beyond or has_payload(conn) else "open" if done else "handshake"


def has_payload(conn: Incarnation) -> bool:
    """R16: tell whether payload was captured, or acknowledged without having been."""
    client, server = conn.peers
    if client.octets.distinct or server.octets.distinct:
        return True
    return any(
        x.lastack is not None and (x.lastack if y.fin is None else min(x.lastack, y.fin + 1)) > _FIRST_OCTETS
        for x, y in ((client, server), (server, client))
    )


def no_answer(conn: Incarnation) -> bool:
    """Tell whether nothing but copies of the client's SYN was captured (verdict 9)."""
    if conn.first_class is not SegmentClass.SYN or conn.server.segments:
        return False
    return conn.client.syn_count == conn.client.packets


def _refused(conn: Incarnation) -> bool:
    """Tell whether the SYN was answered by an RST before any SYN-ACK, whatever came too late for it (verdict 10)."""
    return conn.reset_step == "handshake.refused" and conn.reset_by is not None


def _first_invalid(flags: str) -> str:
    letters = set(flags)
    if not letters:
        return "scan_like.null"
    if letters >= {"F", "P", "U"} and "." not in letters and not letters & {"S", "R"}:
        return "scan_like.xmas"
    if "F" in letters and not letters & {"S", "R", "."}:
        return "scan_like.fin"
    return "scan_like.bad_flags"


def _unsolicited(conn: Incarnation) -> str | None:
    if conn.only_rst:
        return "unsolicited.rst"
    if conn.first_class is SegmentClass.SYN_ACK and not conn.handshake_done:
        client_silent = conn.client.packets == conn.client.rst_count
        server_copies = conn.server.packets == conn.server.synack_count + conn.server.rst_count
        if client_silent and server_copies:
            return "unsolicited.syn_ack"
    return None


def _opening(conn: Incarnation) -> str | None:
    client, server = conn.client, conn.server
    if no_answer(conn):
        return "no_answer"
    if _refused(conn):
        return "refused"
    if conn.first_class is SegmentClass.SYN and not server.sent_synack and not conn.handshake_done:
        if _acked_something_else(conn) and not server.syn_count and conn.reset_by is None:
            return "rejected_old"
        if "handshake.syn_ack.bad_ack" in conn.steps and "reset.reject_bad_ack" in conn.steps:
            return "handshake_mismatch"
    quiet = client.packets == client.syn_count
    if client.syn_count and server.sent_synack and quiet and conn.reset_by is None and not conn.simultaneous_open:
        return None if server.octets.distinct and conn.tfo == "accepted" else "syn_ack_unanswered"
    return None


def _acked_something_else(conn: Incarnation) -> bool:
    """Tell whether the SYN was answered by an ACK of what its sender had not sent, or long before (verdict 11), wherever."""
    if conn.steps & {"ack.challenge", "stepless.bad_ack"}:
        return True
    acked = conn.server.lastack
    return conn.server.spoke if acked is None else acked < 1


def _reset(conn: Incarnation) -> str | None:
    if conn.reset_by is None or clean_before_reset(conn) or conn.midstream:
        return None
    return f"reset_by_{conn.reset_by.role}.{conn.reset_phase}"


def _complete(conn: Incarnation) -> str | None:
    if not _handshake_captured(conn) or not both_fins(conn):
        return None
    return "complete.clean" if both_fins_acked(conn) else "complete.no_last_ack"


def _half(conn: Incarnation) -> str | None:
    if not _handshake_captured(conn) or conn.reset_by is not None:
        return None
    for x, y in ((conn.client, conn.server), (conn.server, conn.client)):
        if x.fin is not None and y.fin is None:
            if _fin_acked(x, y):
                return f"half_closed.by_{x.role}"
            if conn.last_line_of(x) >= x.fin_line and not _spoke_after_fin(conn, x, y):
                return f"close_unanswered.by_{x.role}"
            return None
    return None


def _spoke_after_fin(conn: Incarnation, x: Peer, y: Peer) -> bool:
    return conn.last_line_of(y) > x.fin_line


def _stalled(conn: Incarnation, end: int | None) -> str | None:
    """Verdicts 28-31, which an excerpt shows as well as a whole connection."""
    if conn.client.fin is not None or conn.server.fin is not None or conn.reset_by is not None:
        return None
    if not (conn.midstream or _handshake_captured(conn)):
        return None
    for x, y in ((conn.client, conn.server), (conn.server, conn.client)):
        if stalled_octets(x, y):
            return f"stalled.unacked_{x.role}"
    for x in conn.peers:
        if x.window_closed:
            last = conn.last_of[x.is_client]
            silence = None if last is None or last[0].time is None or end is None else end - last[0].time
            if conn.probes or (silence is not None and silence >= ZERO_WINDOW_SILENCE):
                return f"stalled.zero_window_{x.role}"
    return None


def stalled_octets(x: Peer, y: Peer) -> bool:
    """Tell whether octets of `x` were repeated at least twice and never acknowledged."""
    return x.octets.most_copies(y.lastack) > STALL_COPIES


def _ends_with_copy(conn: Incarnation) -> bool:
    """Tell whether the last record brings again what is waiting; else what one side shows may have been acknowledged unseen."""
    last = conn.previous
    if last is None:
        return False
    copies = last.x.octets.waiting()
    return bool(copies) and copies[-1].line == last.line


def _still_open(conn: Incarnation) -> str | None:
    if not _handshake_captured(conn) or conn.reset_by is not None or conn.client.fin is not None:
        return None
    if conn.server.fin is not None:
        return None
    return "still_open.data" if has_payload(conn) else "still_open.no_data"


def _midstream(conn: Incarnation) -> str | None:
    if not conn.midstream:
        return None
    if clean_before_reset(conn):
        return "mid_stream.closed"
    if conn.reset_by is not None:
        return "mid_stream.reset"
    one_sided = _one_sided(conn)
    if one_sided:
        return one_sided
    if conn.client.fin is not None or conn.server.fin is not None:
        return "mid_stream.half_closed" if not both_fins(conn) else None
    return "mid_stream.open"


def _one_sided(conn: Incarnation) -> str | None:
    if conn.client.segments and conn.server.segments:
        return None
    for x, y in ((conn.client, conn.server), (conn.server, conn.client)):
        if x.segments and not y.segments:
            after_syn = x.packets - x.syn_count - x.synack_count
            enough = x.packets >= ONE_SIDED_IN_ALL or (x.syn_count and after_syn >= ONE_SIDED_AFTER_SYN)
            if not x.is_client:
                enough = enough or x.packets >= ONE_SIDED_AFTER_SYN
            if enough:
                return f"one_sided.{x.role}"
    return None


def verdict_of(conn: Incarnation, end: int | None, scans: ScanWatch) -> str:
    """Return the verdict id; `end` is the time of the log's last record."""
    if conn.first_class is SegmentClass.UNKNOWN:
        return "undetermined"
    if conn.first_class is SegmentClass.INVALID:
        return _first_invalid(conn.first_flags)
    found = scans.scans(conn, end) or _unsolicited(conn) or _opening(conn) or _reset(conn)
    if found is not None:
        return found
    one_sided = _one_sided(conn)
    if one_sided is None:
        found = _complete(conn) or _half(conn) or _stalled(conn, end) or _still_open(conn)
    elif _ends_with_copy(conn):
        found = _stalled(conn, end)
    return found or _midstream(conn) or one_sided or "undetermined"
