"""
ICMP errors in the log: which connection the quoted addresses belong to (T28, verdict 9).
"""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tdparse.evidence import Record
    from tdparse.incarnation import Incarnation
    from tdparse.model import Endpoint
    from tdparse.sharing import Sharing

MAX_LOOKED_AT: Final = 4096  # latest connections among which a quoted one is searched
MAX_QUOTED: Final = 8  # ICMP errors kept for one connection


def quote(line: int, note: Mapping[str, object], newest_first: Iterable[Incarnation], sharing: Sharing) -> bool:
    """
    Tie an ICMP error to the one live connection it can be about; tell whether there was one here.

    Args:
        line: Line of the ICMP record.
        note: What it says: `text`, `reporter`, and of the packet that it quotes `src`, `dst` and, where printed, `sport`,
            `dport`, `protocol`, `mtu`; `behind`: how many lines ago it began, where this line adds to it.
        newest_first: The connections that are open, the latest first.
        sharing: Knows who else has connections of this log.

    Without the port of the sender several connections may fit: the one whose quoted side sent the latest
    record is meant, because an error answers a packet that has just passed.
    """
    if note.get("protocol", "tcp") != "tcp" or note.get("src") is None:
        return False
    latest = [*islice(newest_first, MAX_LOOKED_AT)]
    fitting = {conn.flow.conn: conn for conn in latest if _fits(conn, note)}
    shares = sharing.gather(
        (
            [conn.flow.conn for conn in latest],
            [(conn.last_line, number) for number, conn in fitting.items()],
        )
    )
    looked_at = sorted(chain.from_iterable(numbers for numbers, _ in shares))[-MAX_LOOKED_AT:]
    places = [place for _, found in shares for place in found if place[1] >= looked_at[0]]
    if not places or (note.get("dst") is None and len(places) > 1):
        return False
    conn = fitting.get(max(places)[1])
    behind = note.get("behind")
    if isinstance(behind, int):  # now that more is known of it
        line -= behind
        for other in latest:
            if other.icmp:
                other.icmp = tuple(known for known in other.icmp if known["line"] != line)
    if conn is None:  # the other half's
        return False
    if len(conn.icmp) < MAX_QUOTED:
        kept = {name: note[name] for name in ("text", "mtu", "reporter") if note.get(name) is not None}
        conn.icmp += ({"line": line, **kept},)
        vague = note.get("sport") is None and note.get("dport") is None
        conn.doubted = (line, conn.flow.client.host == note["src"]) if vague else None
    return True


def confirm(conn: Incarnation, record: Record) -> None:
    """
    Take the latest error back if `record`, the next one, shows that it was about something else.

    It names a host and no port, and what the host has been sent in this connection has all arrived: it is acknowledged.
    """
    if conn.doubted is None:
        return
    line, from_client = conn.doubted
    conn.doubted = None
    if record.y.is_client is from_client and record.ack is not None and record.ack >= (record.y.octets.nxt or 0):
        conn.icmp = tuple(known for known in conn.icmp if known["line"] != line)


def _fits(conn: Incarnation, note: Mapping[str, object]) -> bool:
    """Tell whether the quoted packet can have been one of this connection, in either direction."""
    pairs = ((conn.flow.client, conn.flow.server), (conn.flow.server, conn.flow.client))
    return any(
        _is(sender, note["src"], note.get("sport")) and _is(receiver, note.get("dst"), note.get("dport"))
        for sender, receiver in pairs
    )


def _is(endpoint: Endpoint, host: object, port: object) -> bool:
    return host in (None, endpoint.host) and port in (None, endpoint.port)
