"""
Milestones: the third step of a handshake, and the segments of a close, of a connection in which little else goes on.

What such a segment is, and how it is shown, is known from the first of its kind (`prediction.Form`), so nothing is
asked that only decides or says it. What it changes is applied by the same rules as always (`Tracker.reach`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from tdparse.prediction import (
    ACK,
    FLAGS,
    LAST,
    LENGTH,
    ONLY_ACK,
    PAYLOAD,
    SEQ,
    UNEXPECTED,
    VAL,
    VAL_FIRST,
    WINDOW,
    Signature,
    ends_of,
    form_of,
    is_quiet,
    is_undisturbed,
    new,
    signature_of,
)
from tdparse.seqnum import HALF, MASK, diff
from tdparse.states import OBSERVED

if TYPE_CHECKING:
    from collections.abc import Callable

    from tdparse.evidence import Peer, Record
    from tdparse.incarnation import Incarnation
    from tdparse.model import Numbering, Role
    from tdparse.normalize import Normalizer
    from tdparse.prediction import Emit, Form, Found

KIND: Final = ONLY_ACK  # milestones have no payload; all else of which the result depends is in their `Turn`


class Turn(NamedTuple):
    """All that the result of a milestone depends on, beside its numbers."""

    signature: Signature
    closes: bool  # with FIN
    advances: bool  # acknowledges something new
    covers: bool  # the peer's FIN, the first time
    first_fin: Role | None
    sent: tuple[bool, bool]  # FINs, of its sender and the peer, before it
    passive: tuple[bool, bool]
    midstream: bool


class Milestone:
    """One direction of a connection that is being opened or closed. Numbers are relative."""

    __slots__ = (
        "_bases",
        "_ip",
        "_printed",
        "_reach",
        "begin",
        "conn",
        "conn_number",
        "emit",
        "form",
        "forms",
        "gained",
        "is_open",
        "isn",
        "key",
        "lastack",
        "nxt",
        "peer",
        "scaled",
        "x",
    )

    emit: Emit | None
    form: Form
    peer: Milestone
    __deletable__ = ["peer"]  # noqa: RUF012 - what the compiler wants to know, word for word

    def __init__(
        self,
        conn: Incarnation,
        x: Peer,
        key: str,
        ip: int | None,
        outlook: tuple[tuple[int, int], Numbering] | None,
        reach: Callable[[Milestone, Found, int, int], None],
        forms: dict[tuple[object, ...], Form],
    ) -> None:
        """
        Wait for what `x` sends next.

        Args:
            conn: The incarnation.
            x: The sender.
            key: The text of its lines between the time and the flags.
            ip: 4, 6, None when the lines do not say.
            outlook: What is added to the printed seq and ack to give the numbers on the wire, and how they are
                printed; None while that is open.
            reach: Is given this, what was found, its time and line, when the segment is one that is known.
            forms: How what is known comes out.
        """
        self.conn = conn
        self.conn_number = conn.flow.conn
        self.x = x
        self.key = key
        self.isn = x.isn or 0
        self.is_open = conn.handshake_done or x.is_client
        self.forms = forms
        self.begin = self.nxt = self.lastack = self.scaled = self.gained = 0
        self._ip = ip
        self._bases = None if outlook is None else outlook[0]
        self._printed: Numbering = "unknown" if outlook is None else outlook[1]
        self._reach = reach

    def take(self, found: Found, now: int, line: int) -> int:
        """Note the next segment, if it is as expected, and return its kind; see `prediction.Lane.take`."""
        flags = found[FLAGS]
        closes = flags == "F."
        if (
            not (closes or flags == ".")
            or found[LENGTH] != "0"
            or bool(found[SEQ]) is not closes
            or found[LAST]
            or found[PAYLOAD]
        ):
            return UNEXPECTED
        conn, x, y = self.conn, self.x, self.peer.x
        placed = self._placed(found, closes=closes)
        if placed is None:
            return UNEXPECTED
        printed, ack = placed
        if not (self._is_due(ack, closes=closes) and self._is_ordinary(found, ack)):
            return UNEXPECTED
        acked, first = x.lastack or 0, conn.first_fin
        known = (
            signature_of(conn, x, self._ip, printed),
            closes,
            not conn.handshake_done or acked < ack,
            y.fin is not None and acked <= y.fin < ack,
            None if first is None else first.role,
            (x.fin is not None, y.fin is not None),
            (x.passive, y.passive),
            conn.midstream,
        )
        self.form = form_of(new(Turn, known), printed, self.forms)
        self.emit = self.form.emits[KIND]
        if self.emit is None:
            return ~KIND
        self.gained = ack - max(acked, 1)
        self._reach(self, found, now, line)
        return KIND

    def note(self, record: Record) -> None:
        """Take the numbers of the segment that has come, which is what there is to write of it."""
        scaled = self.x.scaled(record.window)
        self.begin, self.nxt, self.lastack = record.seq or 0, record.seq_end or 0, record.ack or 0
        self.scaled = scaled or 0

    def _placed(self, found: Found, *, closes: bool) -> tuple[Numbering, int] | None:
        """Return how a segment prints its numbers, and what it acknowledges, if its own number is the next one; else None."""
        x, y, ack = self.x, self.peer.x, int(found[ACK] or 0)
        nxt = y.octets.nxt or 0
        expected = ((y.isn or 0) + nxt) & MASK
        if self._bases is None:  # the third step of a handshake tells, if it is not both at once (R34)
            absolute, relative = ack == expected, ack == 1
            return None if absolute is relative else ("absolute" if absolute else "relative", nxt)
        ours, theirs = self._bases
        if closes and (int(found[SEQ]) + ours - (x.isn or 0) - (x.octets.nxt or 0)) & MASK:
            return None
        return self._printed, nxt - ((expected - ack - theirs) & MASK)

    def _is_due(self, ack: int, *, closes: bool) -> bool:
        """
        Tell whether now is the time for such a segment.

        It is the third step, a first FIN, or acknowledges something new: the peer's FIN, or data around a FIN.
        """
        conn, x, y = self.conn, self.x, self.peer.x
        nxt, lastack = y.octets.nxt, x.lastack
        if not conn.handshake_done:
            return not closes and x.is_client and lastack is None and ack == nxt == 1
        if not (x.win_seen and x.syn_acked is OBSERVED) or (y.fin is not None and nxt != y.fin + 1):
            return False
        if closes:
            overtaken = y.lastack is not None and y.lastack > (x.octets.nxt or 0)  # by its own acknowledgment
            if x.fin is not None or overtaken:
                return False
            return ack == nxt and (y.fin is None or (lastack is not None and lastack <= nxt))
        return (x.fin is not None or y.fin is not None) and lastack is not None and 1 <= lastack < ack

    def _is_ordinary(self, found: Found, ack: int) -> bool:
        """Tell whether timestamp and window are such that nothing is said about them (R76, R78, R105)."""
        x, echoed = self.x, self.peer.x.ts
        val, window = found[VAL] or found[VAL_FIRST], int(found[WINDOW])
        if (x.ts is None) is not (not val) or (x.ts is not None and not 0 <= int(val) - x.ts[0] < HALF):
            return False
        if val and echoed is not None and diff(int(val), echoed[1]) < 0:  # R49: PAWS
            return False
        if not window or not x.win_seen or x.shift is None:
            return window > 0
        taken = (x.lastack or 0) + ((x.win or 0) << x.shift) - ack - (window << x.shift)
        return taken <= 1 << x.shift


def await_milestones(
    conn: Incarnation,
    ip: int | None,
    key: str,
    normalizer: Normalizer,
    reach: Callable[[Milestone, Found, int, int], None],
    forms: dict[tuple[object, ...], Form],
) -> tuple[Milestone, Milestone] | None:
    """Return what the next segment of either side may be, that whose line has `key` first; None where nothing can be said."""
    if conn.closed or not (_is_opening(conn) or conn.handshake_done) or not is_quiet(conn):
        return None
    ends = ends_of(conn, key)
    if ends is None:
        return None
    made = []
    for (x, text), (y, _) in (ends, ends[::-1]):
        if not is_undisturbed(conn, x):
            return None
        outlook = normalizer.outlook(x.endpoint, y.endpoint, ip)
        if outlook is None and conn.handshake_done:
            return None
        known = None if outlook is None else (outlook[0], outlook[2])
        made.append(Milestone(conn, x, text, ip, known, reach, forms))
    made[0].peer, made[1].peer = made[1], made[0]
    conn.lanes = (made[0], made[1])
    return conn.lanes


def _is_opening(conn: Incarnation) -> bool:
    """Tell whether SYN and SYN-ACK were captured, once each, and nothing else that matters: the third step is next."""
    client, server = conn.peers
    return (
        client.syn_count == 1
        and server.synack_count == 1
        and client.options
        and server.options
        and not (conn.handshake_done or conn.simultaneous_open or server.syn_count)
        and not (client.syn_data or client.tfo_option or server.tfo_option)
        and conn.count == 2  # noqa: PLR2004 - these two
    )
