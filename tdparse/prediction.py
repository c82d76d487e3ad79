"""
Header prediction: what the next segment of a calm connection will be, so that it need not be asked every question.

Most segments of a log are the next data in order or an ACK of new data, of a connection that nothing disturbs
(the idea, and its name, is Van Jacobson's; RFC 1323 section 4.2.2). For those the rules always come to
the same result; only numbers differ. A `Lane` holds one direction of such a connection: what its next segment
must look like for that to be so, and what the segments that did have added up to. `predict` makes the lanes of a
connection when it is calm, `settle` gives what they hold back to the incarnation before any other segment is
placed. What the result is (step, modifiers, states, sentence) is not known here: it is taken from
the first segment of its kind, which went the whole way (`Form`).
"""

from __future__ import annotations

import re
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from tdparse.evidence import RECENT, Peer, Record, Sighting, place_in, refresh
from tdparse.fields import numbers
from tdparse.flags import flags_of
from tdparse.metrics import IDLE_GAP
from tdparse.model import Numbering  # noqa: TC001 - a compiled NamedTuple looks up what its fields are
from tdparse.normalize import Numbers
from tdparse.octets import HISTORY, MAX_UNACKED, UNKNOWN, Sent
from tdparse.record import segment_of
from tdparse.seqnum import HALF, MASK
from tdparse.shapes import flows
from tdparse.states import OBSERVED, PRESUMED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tdparse.evidence import Place
    from tdparse.incarnation import Incarnation
    from tdparse.milestone import Milestone
    from tdparse.normalize import Direction, Normalizer

_TIME: Final = re.compile(r"[\d:.-]{6}")  # how the time of another record begins, or goes on
MOST: Final = 1000  # data segments between two settlements: what a lane holds is bounded
NEVER: Final = -1  # an edge that no segment ends at
new: Final = tuple.__new__  # what NamedTuple itself calls, without its checks
ACKNOWLEDGING: Final = flags_of(".")
ANY_SIZE: Final = 1 << 32  # of payload: the MSS was not captured

# What the groups of the NEXT patterns hold.
LINE, TIME, SIGHTED, FLAGS, SEQ, LAST, ACK, WINDOW, VAL_FIRST, ECR_FIRST, VAL, ECR, LENGTH, PAYLOAD, OTHER = range(15)

# The kinds of segment that are predicted: data without and with PSH, the same with an ACK of new data, that ACK alone.
# Each of them, too, with what tcpdump has printed of the payload, and all of these as the first behind a SYN-ACK.
PLAIN, PUSH, ADVANCING, ONLY_ACK, PRINTED, FIRST = 0, 1, 2, 4, 5, 10
KINDS: Final = 2 * FIRST
DATA_KINDS: Final = {".": PLAIN, "P.": PUSH}
UNEXPECTED: Final = -100
LEAVES: Final = -50  # a FIN: what is held is given back, and what comes is a milestone

Found: TypeAlias = "tuple[str, ...]"
Awaited: TypeAlias = "Lane | Milestone"
Expected: TypeAlias = "Lane | Milestone | Elsewhere"  # whoever is asked about a segment
Lanes: TypeAlias = "tuple[Lane, Lane] | tuple[Milestone, Milestone]"  # of one connection
Emit: TypeAlias = (
    "Callable[[Found, Awaited, int, int], str]"  # of line, lane, number of the line, time since the beginning
)


class Signature(NamedTuple):
    """All that the result of a predicted segment depends on, beside its kind and its numbers."""

    ip: int | None
    from_client: bool
    confidence: float  # in who is who: roles that are guessed are named as such (R94)
    standings: tuple[object, object]
    known: tuple[bool, bool]  # the ISNs, of client and server, which have symbols then
    scaling: int | None  # None: unknown, 0: none, 1: some
    numbers: Numbering
    stamped: bool  # with the timestamps option


class Form:
    """How segments with one signature come out: by kind, what writes them, and the step they are."""

    __slots__ = ("emits", "numbers", "seen", "steps", "then", "tried")

    def __init__(self, numbers: Numbering) -> None:
        """Start with nothing known; `numbers` says how they are printed."""
        self.numbers = numbers
        self.then: dict[Form, tuple[Form, Form]] = {}  # by the peer's form: theirs behind a segment of kind FIRST
        self.emits: list[Emit | None] = [None] * KINDS
        self.steps: list[str] = [""] * KINDS
        self.seen = 0  # milestones that went the whole way
        self.tried: Emit | None = None  # what writes one of them, and has to write the next one, too

    def forget(self) -> None:
        """Know nothing of how to write them any more."""
        self.emits[:] = [None] * KINDS
        self.tried = None
        self.seen = 0


def is_plain(payload: str) -> bool:
    """Tell whether what was printed of a payload is nothing but that: no other record begins in it, with its time."""
    return payload.isascii() and payload.isprintable() and _TIME.match(payload) is None


class Lane:
    """One direction of a calm connection. Numbers are relative, times nanoseconds."""

    __slots__ = (
        "ack_line",
        "ack_offset",
        "ack_text",
        "ack_time",
        "acked",
        "acks",
        "advanced",
        "begin",
        "conn",
        "conn_number",
        "data",
        "direction",
        "edge",
        "emit",
        "emits",
        "first_ack_line",
        "flight",
        "flight_window",
        "form",
        "former",
        "former_last",
        "fresh",
        "from_client",
        "gained",
        "ip",
        "is_open",
        "isn",
        "key",
        "last",
        "last_line",
        "last_time",
        "lastack",
        "log",
        "metrics",
        "most",
        "nxt",
        "old",
        "payload_acked",
        "peer",
        "place",
        "raw_window",
        "recent",
        "rtts",
        "scaled",
        "seq_number",
        "seq_text",
        "shift",
        "stamp",
        "stamp_text",
        "stamped",
        "turn",
        "turned",
        "turns",
        "win_high",
        "win_low",
        "win_text",
        "x",
    )

    emit: Emit | None  # what writes the last one
    emits: list[Emit | None]
    form: Form
    peer: Lane
    __deletable__ = ["peer"]  # noqa: RUF012 - what the compiler wants to know, word for word

    def __init__(  # noqa: PLR0915  one line a number it holds
        self,
        conn: Incarnation,
        x: Peer,
        y: Peer,
        key: str,
        ip: int | None,
        bases: tuple[int, int],
        direction: Direction,
    ) -> None:
        """
        Look ahead from where `x` stands.

        Args:
            conn: The incarnation, which is calm.
            x: The sender.
            y: Its peer.
            key: The text of its lines between the time and the flags.
            ip: 4, 6, None when the lines do not say.
            bases: What is added to the printed seq and ack to give the numbers on the wire.
            direction: Where the numbering of the log keeps what it expects.
        """
        self.conn = conn
        self.conn_number = conn.flow.conn
        self.x = x
        self.key = key
        self.ip = ip
        self.direction = direction
        self.from_client = x.is_client
        self.metrics = conn.metrics
        half = conn.metrics.halves[x.is_client]
        # -- numbers
        isn, nxt, lastack = x.isn or 0, x.octets.nxt or 0, x.lastack or 0
        self.isn = isn
        self.nxt = nxt
        self.seq_number = (isn + nxt - bases[0]) & MASK
        self.seq_text = str(self.seq_number)
        self.turn = nxt + MASK + 1 - ((isn + nxt) & MASK)
        printed = ((y.isn or 0) + lastack - bases[1]) & MASK
        self.lastack = lastack
        self.ack_text = str(printed)
        self.ack_offset = lastack - printed
        self.ack_time, self.ack_line = x.lastack_time, x.lastack_line
        self.advanced = False
        self.most = ANY_SIZE if y.mss is None else y.mss
        # -- window
        self.shift = x.shift or 0
        self.raw_window = x.shift is None
        self.win_text = str(x.win)
        self.fresh = not x.win_seen  # its next segment proves that its SYN-ACK was acknowledged (R13 d)
        self.is_open = not (self.fresh and (y.syn_data or y.tfo_option))  # unless it is a Fast Open server
        self.scaled = (x.win or 0) << self.shift if x.win_seen else x.win or 0  # that of a SYN is never scaled (R76)
        self.edge = NEVER if x.shift is None else lastack + self.scaled
        self.win_low, self.win_high = half.window_min or 0, half.window_max or 0
        # -- timestamps option
        self.stamped = x.ts is not None
        self.stamp = UNKNOWN if x.ts is None else x.ts[0]
        self.stamp_text = "" if x.ts is None else str(x.ts[0])
        # -- what was sent; the entries below `acked` are acknowledged
        self.log = [*x.octets.unacked]
        self.old = len(self.log)
        self.acked = 0
        self.data = self.acks = 0
        self.begin = self.gained = 0  # of the last one: where it began, how much it acknowledged
        self.last: Found | None = None
        self.former: Form | None = None  # that of `former_last`, if another one than now
        self.former_last: Found | None = None
        self.last_line = 0
        self.last_time = 0
        self.first_ack_line = 0
        # -- what is measured
        self.rtts: list[int] = []
        self.payload_acked: int | None = None
        self.flight, self.flight_window = half.flight, -1
        self.turns: list[int] = []
        # -- where it was captured (-i any)
        self.place = place_shown(key) if x.sighted else None
        self.recent: deque[tuple[Found, int, int, int]] | None = None if self.place is None else deque(maxlen=RECENT)
        self.turned = conn.metrics.first_byte is not None

    def take(self, found: Found, now: int, line: int) -> int:  # noqa: C901, PLR0915  asked of nearly every line: calls would cost most of it
        """
        Note the next segment, if it is as expected, and return its kind.

        Otherwise nothing is noted, and the result is negative: UNEXPECTED, LEAVES, or ``~kind`` for the first of its kind.

        Args:
            found: What a NEXT pattern found in its line.
            now: Its time, nanoseconds, not before that of any other.
            line: Its number.
        """
        ack, win, val = found[ACK], found[WINDOW], found[VAL] or found[VAL_FIRST]
        stamp = self.stamp
        if val != self.stamp_text:
            if not self.stamped or not val:
                return UNEXPECTED
            stamp = int(val)
            if not 0 <= stamp - self.stamp < HALF:
                return UNEXPECTED
        known, peer, begin = self.lastack, self.peer, self.nxt
        if ack == self.ack_text:
            reached = known
        elif ack == peer.seq_text and peer.nxt - peer.seq_number == self.ack_offset:
            reached = peer.nxt
        else:
            reached = int(ack or 0) + self.ack_offset
        if not known <= reached <= peer.nxt:
            return UNEXPECTED
        if found[LENGTH] == "0":
            if reached == known or found[SEQ] or found[PAYLOAD] or found[FLAGS] != ".":
                return LEAVES if found[FLAGS] == "F." else UNEXPECTED
            kind, end = ONLY_ACK, begin
        else:
            size, kind, payload = numbers[found[LENGTH]], DATA_KINDS.get(found[FLAGS], UNEXPECTED), found[PAYLOAD]
            end = begin + size
            if (
                kind < 0
                or found[SEQ] != self.seq_text
                or int(found[LAST] or 0) - self.seq_number != size
                or size > self.most
                or end == peer.edge
                or end > self.turn
                or self.data >= MOST
                or len(self.log) - self.acked >= MAX_UNACKED  # the oldest would be given up
                or not (self.from_client or self.turned or self.metrics.waiting_since is not None)
            ):
                return UNEXPECTED
            if reached != known:
                kind += ADVANCING
            if payload:
                if not is_plain(payload):
                    return UNEXPECTED
                kind += PRINTED
        fresh = self.fresh
        if fresh:
            kind += FIRST
        self.emit = self.emits[kind]
        if self.emit is None:
            return ~kind
        then = self.form.then.get(peer.form) if fresh else None
        if fresh and then is None:
            return UNEXPECTED
        if (win != self.win_text or fresh) and not self._take_window(win, reached):
            return UNEXPECTED
        self.stamp_text, self.stamp = val, stamp
        self.begin = begin
        if end != begin:
            self._take_data(found, end, now, line)
        else:
            self.gained = reached - known
            self.acks += 1
            if self.acks == 1:
                self.first_ack_line = line
        conn = self.conn
        latest = conn.last_time
        if latest is not None and now - latest >= IDLE_GAP:
            before = max(self.metrics.last_line, self.last_line, peer.last_line)
            self.metrics.pause(now - latest, before, line)
        conn.last_time = self.last_time = now
        self.last, self.last_line = found, line
        if self.recent is not None:
            self.recent.append((found, now, line, begin))
        if reached != known:
            self._take_ack(ack, reached, now, line)
        if then is not None:
            self.fresh = False
            self.become(then[0])
            peer.become(then[1])
        return kind

    def _take_data(self, found: Found, end: int, now: int, line: int) -> None:
        """Note payload that ends at `end`."""
        ecr = UNKNOWN
        if self.stamped:
            echoed = found[ECR] or found[ECR_FIRST]
            ecr = self.peer.stamp if echoed == self.peer.stamp_text else int(echoed)
        self.log.append(new(Sent, (self.begin, end, now, line, False, self.stamp, ecr)))
        self.seq_number += end - self.nxt
        self.nxt = end
        self.seq_text = found[LAST]
        self.data += 1
        metrics = self.metrics
        if self.from_client:
            metrics.waiting_since = now
        elif metrics.waiting_since is not None:
            self.turns.append(now - metrics.waiting_since)
            self.turned = True
            metrics.waiting_since = None
        flight = end - self.peer.lastack
        if flight > self.flight:
            self.flight = flight
            self.flight_window = -1 if self.peer.raw_window else self.peer.scaled

    def _take_ack(self, text: str, ack: int, now: int, line: int) -> None:
        """Note an acknowledgment of new data: `text` as printed, `ack` relative."""
        self.ack_text = text
        self.lastack = ack
        self.ack_time = now
        self.ack_line = line
        self.advanced = True
        if not self.raw_window:
            self.edge = ack + self.scaled
        peer = self.peer
        log, place = peer.log, peer.acked
        count = len(log)
        if place < count and log[place].start < ack:
            peer.payload_acked = now
        while place < count and log[place].end <= ack:
            peer.rtts.append(now - (log[place].time or 0))
            place += 1
        peer.acked = place

    def become(self, form: Form) -> None:
        """Go on in another form: both endpoints stand otherwise from now on."""
        self.former, self.former_last = self.form, self.last
        self.form, self.emits = form, form.emits

    def _take_window(self, text: str, ack: int) -> bool:
        """Note a window other than the one before, in a segment with `ack`; False: it is remarkable, nothing is noted."""
        window = int(text)
        scaled = window << self.shift
        taken = 0 if self.fresh else self.edge - ack - scaled  # the window of a SYN promises nothing (R76)
        if not window or taken > 1 << self.shift:
            return False
        self.win_text = text
        self.scaled = scaled
        if scaled < self.win_low:
            self.win_low = scaled
        elif scaled > self.win_high:
            self.win_high = scaled
        if not self.raw_window:
            self.edge = ack + scaled
        return True


class Elsewhere:
    """What comes next of a connection that the other half of the log's connections has (`tdparse.sharing`)."""

    __slots__ = ("emit",)

    def __init__(self, emit: Callable[[Found, Expected, int, int], str]) -> None:
        """`emit` writes what stands in the place of such a segment."""
        self.emit = emit

    def take(self, found: Found, now: int, line: int) -> int:  # noqa: ARG002 - as a Lane does
        """Let the next segment pass, whatever it says; only what it shows of its payload may concern the lines behind."""
        payload = found[PAYLOAD]
        if not payload:
            return PLAIN
        return PRINTED if is_plain(payload) else UNEXPECTED


# ------------------------------------------------------------------ looking ahead


def predict(
    conn: Incarnation, ip: int | None, key: str, normalizer: Normalizer, forms: dict[tuple[object, ...], Form]
) -> tuple[Lane, Lane] | None:
    """Return the lanes of a connection, that of the segment whose line has `key` first; None unless it is calm."""
    if conn.client.fin is not None or conn.server.fin is not None or not _is_calm(conn):
        return None
    client, server = conn.peers
    if not (_is_ready(conn, client, server) and _is_ready(conn, server, client)):
        return None
    ends = ends_of(conn, key)
    if ends is None:
        return None
    lanes = []
    for (x, text), (y, _) in (ends, ends[::-1]):
        outlook = normalizer.outlook(x.endpoint, y.endpoint, ip)
        if outlook is None:
            return None
        bases, direction, printed = outlook
        lane = Lane(conn, x, y, text, ip, bases, direction)
        signature = signature_of(conn, x, ip, printed)
        lane.form = form_of(signature, printed, forms)
        lane.emits = lane.form.emits
        lanes.append(lane)
    lanes[0].peer, lanes[1].peer = lanes[1], lanes[0]
    conn.lanes = (lanes[0], lanes[1])
    return conn.lanes


def form_of(key: tuple[object, ...], printed: Numbering, forms: dict[tuple[object, ...], Form]) -> Form:
    """Return how all segments with `key` come out, which print their numbers as `printed` says."""
    form = forms.get(key)
    if form is None:
        form = forms[key] = Form(printed)
    return form


def ends_of(conn: Incarnation, key: str) -> tuple[tuple[Peer, str], tuple[Peer, str]] | None:
    """
    Return both ends of a connection, each with what its lines show between time and flags, the sender of `key` first.

    None where that does not name them as the connection has them.
    """
    client, server = conn.peers
    if not key.isascii() or not key.isprintable() or client.endpoint.port is None or server.endpoint.port is None:
        return None
    for x, y in ((client, server), (server, client)):
        if key == x.sighted:  # where the answers are captured only they can tell
            return ((x, key), (y, y.sighted)) if y.sighted else None
    src, dst, answer = _named(key)
    x, y = (client, server) if src == str(client.endpoint) else (server, client)
    if src != str(x.endpoint) or dst != str(y.endpoint):
        return None
    return (x, key), (y, answer)


def place_shown(key: str) -> Place | None:
    """Return where lines that show `key` between time and flags were captured, None if they do not say."""
    flow = flows[key]
    return None if flow is None else place_in(flow[-1])


def turned(key: str) -> str | None:
    """Return what lines of the other direction show between time and flags, None if only they can tell."""
    return _named(key)[-1] if place_shown(key) is None else None


def _named(key: str) -> tuple[str, str, str]:
    """Return both addresses, and what lines of the other direction show; what stands before a device is none."""
    word = "IP6 " if key.startswith("IP6 ") else "IP " if key.startswith("IP ") else ""  # behind a link-layer header
    src, _, dst = key[len(word) : -2].partition(" > ")
    return src, dst, f"{word}{dst} > {src}: "


def signature_of(conn: Incarnation, x: Peer, ip: int | None, printed: Numbering) -> Signature:
    """Return what the results of all segments that `x` sends now depend on."""
    client, server = conn.peers
    standings, known = (client.standing, server.standing), (client.isn_known, server.isn_known)
    scaling = None if x.shift is None else min(x.shift, 1)
    confidence, stamped = conn.flow.role_confidence, x.ts is not None
    return new(Signature, (ip, x.is_client, confidence, standings, known, scaling, printed, stamped))


def _is_calm(conn: Incarnation) -> bool:
    """Tell whether nothing is going on beside the exchange of data: no rule looks at more than the numbers."""
    metrics = conn.metrics
    return (
        conn.handshake_done
        and conn.first_fin is None
        and is_quiet(conn)
        and (metrics.third_time is not None or conn.midstream)
        and conn.history.is_settled
    )


def is_quiet(conn: Incarnation) -> bool:
    """Tell whether nothing is going on that one of the rules looks at beside numbers, options and flags."""
    return (
        conn.tentative is None
        and not (conn.self_connected or conn.probes or conn.keep_alives or conn.checksums)
        and conn.metrics.first_time is not None
    )


def _is_ready(conn: Incarnation, x: Peer, y: Peer) -> bool:
    """Tell whether nothing that `x` has shown is sent again, or waits for more, in the ordinary way of things."""
    return (
        x.got_syn is OBSERVED
        and x.lastack is not None
        and 1 <= x.lastack <= (y.octets.nxt or 0)  # or what `y` sends next was acknowledged before
        and (_has_spoken(x) or _is_awaited(x))
        and is_undisturbed(conn, x)
    )


def is_undisturbed(conn: Incarnation, x: Peer) -> bool:
    """Tell whether `x` has sent all that was captured once, in order, and nothing of its state is in doubt."""
    octets, half = x.octets, conn.metrics.halves[x.is_client]
    return (
        bool(x.sent_syn)
        and bool(x.win)
        and not (x.dead or x.crossed or x.pre_fin or x.unreadable or x.duplicates)
        and x.inherited is None
        and x.heard is None
        and x.isn is not None
        and x.isn_absolute
        and (x.shift is not None or (half.window_raw and "wscale_unknown" in conn.found))
        and (x.ts is not None or not x.ts_offered)
        and not x.sacked
        and half.zero_since is None
        and half.window_min is not None
        and octets.is_orderly
        and len(octets.unacked) < MAX_UNACKED
    )


def _has_spoken(x: Peer) -> bool:
    """Tell whether `x` is known to be established, and its window is that of a segment behind the SYN."""
    return x.syn_acked is OBSERVED and x.win_seen


def _is_awaited(x: Peer) -> bool:
    """Tell whether `x` is a server of which only the SYN-ACK was captured: its client may be predicted meanwhile."""
    return not x.is_client and x.syn_acked is PRESUMED and not x.spoke_after_syn and x.shift is not None


# ------------------------------------------------------------------ looking back


def settle(conn: Incarnation, ready: dict[str, Expected]) -> None:
    """Give what the lanes of a connection hold back to it, and take them out of `ready`."""
    lanes, conn.lanes = conn.lanes, None
    if lanes is None:
        return
    for lane in lanes:
        ready.pop(lane.key, None)
    calm = [lane for lane in lanes if isinstance(lane, Lane)]  # at a milestone nothing is held back
    used = [lane for lane in calm if lane.last is not None]
    if not used:
        return
    used.sort(key=lambda lane: lane.last_line)
    _note_history(conn, used)
    for lane in calm:
        if lane.data or lane.acked:
            _settle_octets(lane)
        _settle_metrics(conn, lane)
    for lane in used:
        _settle_sender(lane)
        count = lane.data + lane.acks
        lane.x.segments += count
        conn.count += count
    for lane in used:
        if lane.recent:
            lane.x.recent = (*lane.x.recent, *_sightings(lane))[-RECENT:]
        record, step = _last(lane)
        conn.previous, conn.previous_step = record, step
        conn.last_of[lane.from_client] = (record, step)
        conn.last_line = lane.last_line
    conn.metrics.last_time, conn.metrics.last_line = conn.last_time, conn.last_line


def part(lanes: Lanes) -> None:
    """Have two directions hold each other no longer when nobody needs them, or memory would grow with what was predicted."""
    for lane in lanes:
        del lane.peer


def _note_history(conn: Incarnation, used: list[Lane]) -> None:
    """Note what was sent, in the order of its first appearance; the history of a calm connection takes each kind once."""
    kinds = []
    for lane in used:
        if lane.data:
            kinds.append((lane.log[lane.old].line, ANY_SIZE, lane.from_client))
        if lane.acks:
            kinds.append((lane.first_ack_line, 0, lane.from_client))
    for _line, length, from_client in sorted(kinds):
        conn.history.feed(ACKNOWLEDGING, length, from_client=from_client)


def _settle_octets(lane: Lane) -> None:
    """Hand over what was sent; of what will not be asked for again only the sizes count."""
    log, old, acked = lane.log, lane.old, lane.acked
    sizes = [one.end - one.start for one in log]
    kept = max(old, min(acked, len(log) - HISTORY))
    lane.x.octets.take(
        log[kept:],
        log[acked:],
        nxt=lane.nxt,
        largest=max(sizes[old:], default=0),
        through=max(sizes[:acked], default=0),
    )
    lane.direction.expect = (lane.isn + lane.nxt) & MASK


def _settle_metrics(conn: Incarnation, lane: Lane) -> None:
    metrics = conn.metrics
    half = metrics.halves[lane.from_client]
    half.data += lane.data
    half.pure_acks += lane.acks
    half.window_min, half.window_max = lane.win_low, lane.win_high
    half.rtt.extend(lane.rtts)
    if lane.payload_acked is not None:
        half.acked_payload_time = lane.payload_acked
    if lane.data:
        first = lane.log[lane.old].time
        if half.payload_time is None:
            half.payload_time = first
        if not lane.from_client and metrics.first_byte is None:
            metrics.first_byte = first
    metrics.turns.extend(lane.turns)
    if lane.flight > half.flight:
        half.flight = lane.flight
        half.flight_share = round(lane.flight / lane.flight_window, 3) if lane.flight_window > 0 else None


def _settle_sender(lane: Lane) -> None:
    x, last = lane.x, lane.last
    x.win = int(lane.win_text)
    if not x.win_seen:
        x.win_seen = x.spoke_after_syn = True
        x.syn_acked = OBSERVED
        refresh(x, lane.peer.x)
    if lane.advanced:
        lane.peer.x.octets.acked = lane.lastack
        x.lastack, x.lastack_time, x.lastack_line = lane.lastack, lane.ack_time, lane.ack_line
    if last is not None and last[VAL]:
        x.ts, x.ts_last_time = (int(last[VAL]), int(last[ECR])), lane.last_time


def _last(lane: Lane) -> tuple[Record, str]:
    """Return the record of the last segment of a lane, and its step."""
    last = lane.last or ()
    record = _numbered(lane).record(last, lane.last_time, lane.last_line, lane.nxt - int(last[LENGTH]))
    form = lane.form if lane.former is None or last is not lane.former_last else lane.former
    return record, form.steps[ONLY_ACK if not record.length else PUSH if record.flags.psh else PLAIN]


def _sightings(lane: Lane) -> Iterator[Sighting]:
    """Yield the latest records of a lane, with where they were captured."""
    own = _numbered(lane)
    for noted in lane.recent or ():
        if lane.place is not None:
            yield Sighting(lane.place, partial(own.record, *noted))


def _numbered(lane: Lane) -> Numbered:
    numbers = lane.isn, lane.peer.isn, lane.ack_offset
    return new(Numbered, (lane.x, lane.peer.x, *numbers, lane.form.numbers))


class Numbered(NamedTuple):
    """What gives the records of a lane their numbers."""

    x: Peer
    y: Peer
    isn: int
    peer_isn: int
    ack_offset: int  # from its printed acks to relative ones
    printed: Numbering

    def record(self, found: Found, time: int, line: int, start: int) -> Record:
        """Return the record of a segment, which begins at `start`, relative."""
        segment = segment_of(found[LINE], line)
        length = segment.length or 0
        ack = int(found[ACK]) + self.ack_offset
        numbers = Numbers(
            seq=(self.isn + start) & MASK if length else None,
            ack=(self.peer_isn + ack) & MASK,
            sack=None,
            seq_absolute=True,
            ack_absolute=True,
            printed=self.printed,
        )
        flags = flags_of(segment.flags or "")
        record = Record(segment, numbers, flags, flags.class_of(length), time, self.x, self.y)
        record.seq, record.seq_end, record.end, record.ack = start, start + length, start + length, ack
        return record
