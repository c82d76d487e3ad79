"""
What can be measured on one incarnation (part 7 of the rules, R127-R146).

Fed once a record, read once at the end. Times inside are nanoseconds, outside seconds; a metric whose
inputs are not in the log is absent, never 0 (R127).
"""

from __future__ import annotations

from array import array
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from tdparse.flags import INVALID

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdparse.evidence import Peer, Record
    from tdparse.incarnation import Incarnation

SECOND: Final = 10**9
IDLE_GAP: Final = SECOND  # parameter of R138
MAX_GAPS: Final = 16  # the longest idle gaps that are kept
MAX_COPIES: Final = 64  # of a SYN or SYN-ACK whose timestamps are remembered
MAX_SAMPLES: Final = 4096  # RTT samples kept for the median; beyond, every second one is dropped
FEW: Final = 3  # so many numbers take less room by themselves
CLOCK_RATES: Final = (100, 250, 1000, 1_000_000)  # R144
CLOCK_TOLERANCE: Final = 0.2
SAME_HOST: Final = 200_000  # R40: both halves of the handshake below 0.2 ms
DEFAULT_MSS: Final = 536  # R75: of a SYN without the option, over IPv4
DEFAULT_MSS_IPV6: Final = 1220
TIMESTAMPS: Final = 12  # R75: octets that the option takes, as stacks fill it up (RFC 7323 appendix A)
MD5: Final = 20  # R82: the same of RFC 2385
NEAR: Final = 5  # R40: one half below a fifth of the other


class Samples:
    """Durations of one kind: count, minimum and maximum exactly, the median of a bounded sample."""

    __slots__ = ("_kept", "_stride", "count", "high", "low")

    def __init__(self) -> None:
        """Start empty."""
        self.count = 0
        self.low: int | None = None
        self.high: int | None = None
        self._kept: Sequence[int] = ()  # a list while it grows
        self._stride = 1

    def add(self, value: int) -> None:
        """Take one duration in nanoseconds."""
        self.low = value if self.low is None else min(self.low, value)
        self.high = value if self.high is None else max(self.high, value)
        if self.count % self._stride == 0:
            kept = self._growing()
            kept.append(value)
            if len(kept) > MAX_SAMPLES:
                self._kept = kept[::2]
                self._stride *= 2
        self.count += 1

    def extend(self, values: Sequence[int]) -> None:
        """Take several durations."""
        if self._stride > 1 or self.count + len(values) > MAX_SAMPLES:
            for value in values:
                self.add(value)
        elif values:
            low, high = min(values), max(values)
            self.low = low if self.low is None else min(self.low, low)
            self.high = high if self.high is None else max(self.high, high)
            self._growing().extend(values)
            self.count += len(values)

    def _growing(self) -> list[int]:
        kept = self._kept
        if not isinstance(kept, list):
            kept = self._kept = list(kept)
        return kept

    def rest(self) -> None:
        """Take less room until more come."""
        if len(self._kept) < FEW:
            self._kept = tuple(self._kept)
            return
        with suppress(OverflowError):  # of times that nobody has lived
            self._kept = array("q", self._kept)

    @property
    def middle(self) -> float | None:
        """The median in nanoseconds."""
        kept = sorted(self._kept)
        half, odd = divmod(len(kept), 2)
        if odd:
            return kept[half]
        return (kept[half - 1] + kept[half]) / 2 if kept else None

    def report(self) -> dict[str, object] | None:
        """Return min, median, max in seconds, and the count; None without samples."""
        if self.low is None or self.high is None:
            return None
        return {
            "min": self.low / SECOND,
            "median": seconds(self.middle),
            "max": self.high / SECOND,
            "count": self.count,
        }


def seconds(duration: float | None) -> float | None:
    """Return nanoseconds as seconds, exact to the nanosecond; a whole number of them is that without rounding."""
    if duration is None:
        return None
    return duration / SECOND if isinstance(duration, int) else round(duration / SECOND, 9)


def passed(begin: int | None, end: int | None) -> int | None:
    """Return what passed from `begin` to `end`; None where one is not known, or the clock went back meanwhile (R127)."""
    return None if begin is None or end is None or end < begin else end - begin


class _Half:
    """What is measured on the segments of one sender."""

    __slots__ = (
        "acked_payload_time",
        "control",
        "data",
        "flight",
        "flight_share",
        "payload_time",
        "pure_acks",
        "retransmitted",
        "rtt",
        "window_max",
        "window_min",
        "window_raw",
        "zero_since",
        "zero_time",
    )

    def __init__(self) -> None:
        self.data = 0
        self.pure_acks = 0
        self.control = 0
        self.rtt = Samples()
        self.payload_time: int | None = None  # first payload record
        self.acked_payload_time: int | None = None  # last ack that covered new payload
        self.window_min: int | None = None
        self.window_max: int | None = None
        self.window_raw = False
        self.zero_since: int | None = None
        self.zero_time = 0
        self.flight = 0
        self.flight_share: float | None = None


class _Openings:
    """The SYNs, or the SYN-ACKs, of one end: which copy an answer echoes (R129)."""

    __slots__ = (
        "_times",
        "copies",
        "echoed",
        "last",
    )

    def __init__(self, copies: int = 0) -> None:
        self.copies = copies
        self.last: int | None = None  # time of the latest
        self._times: tuple[tuple[int, int], ...] = ()  # first copies: TSval and time, until one is answered
        self.echoed: int | None = None

    def sent(self, now: int, stamp: tuple[int, int] | None) -> None:
        self.copies += 1
        self.last = now
        known = self._times
        if stamp is not None and len(known) < MAX_COPIES and all(stamp[0] != val for val, _ in known):
            self._times += ((stamp[0], now),)

    def answered(self, stamp: tuple[int, int] | None) -> None:
        if stamp is not None:
            self.echoed = next((time for val, time in self._times if val == stamp[1]), None)
        self._times = ()

    @property
    def time(self) -> int | None:
        """When the copy that was answered was sent; the latest one where timestamps do not tell."""
        return self.last if self.echoed is None else self.echoed

    @property
    def ambiguous(self) -> bool:
        """Several were sent and nothing tells which was answered (Karn)."""
        return self.copies > 1 and self.echoed is None


class Metrics:
    """Feed every record that belongs to the incarnation, after its evidence was applied."""

    __slots__ = (
        "early",
        "first_byte",
        "first_fin_acked",
        "first_synack_time",
        "first_time",
        "gaps",
        "halves",
        "last_line",
        "last_time",
        "late_syns",
        "rival",
        "second_fin",
        "synacks",
        "syns",
        "third_data",
        "third_time",
        "turns",
        "waiting_since",
    )

    def __init__(self) -> None:
        """Start with nothing measured."""
        self.first_time: int | None = None
        self.last_time: int | None = None
        self.last_line = 0
        self.gaps: list[tuple[int, int, int]] = []  # (nanoseconds, line before, line after)
        self.syns = _Openings()  # before the SYN-ACK
        self.late_syns: _Openings | None = None  # the same with those that were repeated behind the SYN-ACK
        self.rival: tuple[_Openings, int] | None = None  # SYNs before a SYN-ACK with another ISN, and its time
        self.synacks = _Openings()  # before the third step
        self.first_synack_time: int | None = None
        self.third_time: int | None = None
        self.third_data = False  # it waited for data of the application
        self.first_byte: int | None = None  # first payload of the server
        self.early = False  # it came before the third step
        self.turns = Samples()
        self.waiting_since: int | None = None  # last payload of the client, unanswered
        self.first_fin_acked: int | None = None
        self.second_fin: int | None = None
        self.halves = (_Half(), _Half())  # by "is the client"

    def feed(self, conn: Incarnation, record: Record, step: str) -> None:
        """Account for one record; `step` is its step id."""
        now = record.time
        half = self.halves[record.x.is_client]
        self._count(record, half)
        taken = record.cls is not INVALID  # T113: what no TCP sends measures none
        if taken:
            self._window(record, half, now)
        if now is None:
            self.last_line = record.line
            return
        if self.first_time is None:
            self.first_time = now
        elif self.last_time is not None and now - self.last_time >= IDLE_GAP:
            self.pause(now - self.last_time, self.last_line, record.line)
        self.last_time, self.last_line = now, record.line
        if not taken:
            return
        self._handshake(conn, record, step, now)
        self._payload(record, half, now)
        self._close(conn, record, now)

    def pause(self, duration: int, before: int, after: int) -> None:
        """Take a silence of `duration` nanoseconds between the lines `before` and `after` (R138)."""
        self.gaps.append((duration, before, after))
        if len(self.gaps) > 2 * MAX_GAPS:
            self.gaps = sorted(self.gaps, reverse=True)[:MAX_GAPS]

    def _count(self, record: Record, half: _Half) -> None:
        flags = record.flags
        if flags.syn or flags.fin or flags.rst:
            half.control += 1
        elif record.length:
            half.data += 1
        else:
            half.pure_acks += flags.ack

    def _window(self, record: Record, half: _Half, now: int | None) -> None:
        if record.window is None or record.flags.rst:
            return
        # R139: a SYN's window is never scaled.
        scaled = record.window if record.flags.syn else record.x.scaled(record.window)
        if scaled is None:
            half.window_raw = True
            scaled = record.window
        half.window_min = scaled if half.window_min is None else min(half.window_min, scaled)
        half.window_max = scaled if half.window_max is None else max(half.window_max, scaled)
        if record.flags.syn or now is None:
            return
        if record.window == 0:
            half.zero_since = now if half.zero_since is None else half.zero_since
        elif half.zero_since is not None:
            half.zero_time += passed(half.zero_since, now) or 0
            half.zero_since = None

    def _handshake(self, conn: Incarnation, record: Record, step: str, now: int) -> None:
        if self.third_time is not None or conn.midstream:
            return
        flags = record.flags
        if step.startswith("handshake.syn_ack") and step != "handshake.syn_ack.bad_ack":
            self.synacks.sent(now, record.stamp)
            if self.first_synack_time is None:
                self.first_synack_time = now
                self.syns.answered(record.stamp)
        elif flags.syn and not flags.ack:
            if record.x.is_client and self.first_synack_time is None:
                self.syns.sent(now, record.stamp)
            elif record.x.is_client and step == "handshake.syn.retransmit":
                self.late_syns = self.late_syns or _Openings(self.syns.copies)
                self.late_syns.sent(now, record.stamp)
        elif flags.syn:
            if record.x.rival_isn is not None:
                self.rival = self.late_syns or self.syns, now
                if self.late_syns is not None:
                    self.late_syns.answered(record.stamp)
        elif record.x.is_client and conn.handshake_done and not flags.rst:
            if self.rival is not None and record.y.rival_isn is None:
                self._take_rival(*self.rival)
            self.third_time, self.third_data = now, bool(record.length)
            self.synacks.answered(record.stamp)

    def _take_rival(self, syns: _Openings, synack_time: int) -> None:
        """Let the handshake be that of the SYN-ACK that the third step has taken (R55)."""
        self.syns, self.synacks, self.first_synack_time = syns, _Openings(), synack_time
        self.synacks.sent(synack_time, None)

    def _payload(self, record: Record, half: _Half, now: int) -> None:
        if not record.length or record.flags.rst or record.probe:
            return
        if half.payload_time is None:
            half.payload_time = now
        x, y = record.x, record.y
        if x.is_client:
            self.waiting_since = now
        else:
            since = self.waiting_since
            if since is None and self.first_byte is None:
                since = self.third_time  # R132: the greeting of a server that speaks first
            if self.first_byte is None:
                self.first_byte, self.early = now, self.third_time is None
            if since is not None:
                if now >= since:
                    self.turns.add(now - since)
                self.waiting_since = None
        nxt, acked = x.octets.nxt, y.lastack
        if nxt is not None and acked is not None:
            fin = x.fin is not None and acked <= x.fin < nxt
            flight = nxt - acked - fin - (record.flags.syn and not record.flags.ack)
            flight -= _above(y.sacked, acked)
            if flight > half.flight:
                half.flight = flight
                window = y.scaled(y.win) if y.win_seen else y.win  # R76: a SYN's window is never scaled
                half.flight_share = round(flight / window, 3) if window else None

    def acknowledged(self, sender: Peer, now: int | None) -> None:
        """Take note that payload of `sender` is acknowledged (R137)."""
        if now is not None:
            self.halves[sender.is_client].acked_payload_time = now

    def confirmed(self, sender: Peer, sent_time: int | None, now: int | None, *, clean: bool) -> None:
        """Take one acknowledged segment of `sender`: an RTT sample unless it was repeated (R130, Karn)."""
        half = self.halves[sender.is_client]
        if clean and (sample := passed(sent_time, now)) is not None:
            half.rtt.add(sample)

    def _close(self, conn: Incarnation, record: Record, now: int) -> None:
        if record.flags.rst or self.second_fin is not None:
            return
        fin = record.y.fin
        if self.first_fin_acked is None and conn.first_fin is record.y and fin is not None and (record.ack or 0) > fin:
            self.first_fin_acked = now
        if record.flags.fin and record.x.fin_count == 1 and record.y.fin is not None:
            self.second_fin = now

    def rest(self) -> None:
        """Take less room until there is more to measure."""
        for samples in (self.turns, *(half.rtt for half in self.halves)):
            samples.rest()

    # -------------------------------------------------------------- results

    def report(self, conn: Incarnation) -> dict[str, object]:
        """Return every metric the log allows, by the ids of part 7."""
        result = self._times()
        client, server = conn.client, conn.server
        signature = _signature(conn)
        ours = self._direction(client, server, signature)
        if server is client:
            result.update(
                (name, {"client": value}) for name, value in zip(_SIDED, ours, strict=True) if value is not None
            )
            return result
        for name, our, their in zip(_SIDED, ours, self._direction(server, client, signature), strict=True):
            if our is not None or their is not None:
                result[name] = {"client": our, "server": their}
        return result

    def _times(self) -> dict[str, object]:
        """Return the metrics of both directions together."""
        found: dict[str, object] = {}
        turns = self.turns
        _enter(found, "duration", passed(self.first_time, self.last_time))
        rtt_server, rtt_client = self._halves_of_handshake(found)
        if self.early and (ahead := passed(self.first_byte, self.third_time)) is not None:
            found["time_to_first_byte"] = -ahead / SECOND
        elif not self.early:
            _enter(found, "time_to_first_byte", passed(self.third_time, self.first_byte))
        if turns.high is not None:
            found["response_time"] = seconds(turns.middle)
            found["response_time_max"] = turns.high / SECOND
            found["turns"] = turns.count
        _enter(found, "half_closed_time", passed(self.first_fin_acked, self.second_fin))
        if self.gaps:
            gaps = sorted(self.gaps, reverse=True)[:MAX_GAPS]
            found["idle_gaps"] = [
                {"seconds": d / SECOND, "before": before, "after": after} for d, before, after in gaps
            ]
        repeated = self.late_syns is not None or self.syns.copies > 1 or self.synacks.copies > 1
        simple = not repeated and not self.third_data  # R40
        place = vantage(rtt_server, rtt_client, simple=simple)
        if place is not None:
            found["vantage"] = place
        return found

    def _halves_of_handshake(self, found: dict[str, object]) -> tuple[int | None, int | None]:
        """Enter the iRTT (R129) and its halves into `found`; return the halves, that of the server first."""
        syn_time = self.syns.time
        rtt_server = passed(syn_time, self.first_synack_time)
        rtt_client = passed(self.synacks.time, self.third_time)
        handshake = None if self.first_synack_time is None else passed(syn_time, self.third_time)
        _enter(found, "handshake_time", handshake)
        _enter(found, "rtt_server", rtt_server)
        _enter(found, "rtt_client", rtt_client)
        if handshake is not None and (self.syns.ambiguous or self.synacks.ambiguous):
            found["handshake_ambiguous"] = True
        return rtt_server, rtt_client

    def _direction(self, x: Peer, y: Peer, signature: int) -> tuple[object, ...]:
        """Return the metrics of one direction, in the order of `_SIDED`; `signature`: how many octets of options sign a segment."""
        half, octets = self.halves[x.is_client], x.octets
        acked, distinct = acked_bytes(x, y), octets.distinct
        segments = x.segments
        rtt = half.rtt
        told = segments and not x.unreadable  # without flags and numbers (-q) there is nothing but sizes
        return (
            segments,
            half.data,
            None if x.unreadable else half.pure_acks,
            None if x.unreadable else half.control,
            distinct if told else None,
            acked,
            acked - distinct if acked is not None and acked > distinct else None,
            octets.repeated_segments if told else None,
            octets.repeated_octets if told else None,
            rtt.report() if rtt.count else None,
            _goodput(half, distinct, acked) if acked and distinct and segments else None,
            half.window_min,
            half.window_max,
            True if half.window_raw and half.window_min is not None else None,
            half.zero_time / SECOND if half.zero_time else None,
            half.flight or None,
            half.flight_share,
            x.mss,
            effective_mss(x, y, signature),
            octets.largest if segments and octets.largest else None,
            None if x.ts_first is None else ts_clock(x, self.last_time),
        )


_SIDED: Final = (
    "segments",
    "data_segments",
    "pure_acks",
    "control_segments",
    "payload_bytes",
    "acked_bytes",
    "missing_bytes",
    "retransmitted_segments",
    "retransmitted_bytes",
    "rtt",
    "goodput",
    "window_min",
    "window_max",
    "window_raw",
    "zero_window_time",
    "bytes_in_flight",
    "bytes_in_flight_share",
    "mss",
    "mss_effective",
    "largest_payload",
    "ts_clock",
)


def _enter(found: dict[str, object], name: str, duration: int | None) -> None:
    """Enter a duration in nanoseconds as a metric, if it is known."""
    if duration is not None:
        found[name] = duration / SECOND


def _goodput(half: _Half, payload: int, acked: int) -> float | None:
    if half.payload_time is None or half.acked_payload_time is None:
        return None
    interval = half.acked_payload_time - half.payload_time
    return round(min(payload, acked) * 8 * SECOND / interval, 1) if interval > 0 else None


def _above(blocks: Sequence[tuple[int, int]], floor: int) -> int:
    """Return how many positions the blocks cover above `floor`, each once."""
    count = 0
    for left, right in sorted(blocks):
        start = max(left, floor)
        if right > start:
            count += right - start
            floor = right
    return count


def acked_bytes(x: Peer, y: Peer) -> int | None:
    """R135: the payload of `x` that `y` has acknowledged."""
    if y.lastack is None or x.isn is None:
        return None
    covers_fin = x.fin is not None and y.lastack > x.fin
    return max(0, y.lastack - 1 - covers_fin)


def effective_mss(x: Peer, y: Peer, signature: int) -> int | None:
    """R75, R141: what `x` may send in one segment: the peer's MSS, or the default, less the option octets, as of a signature."""
    if not y.options and y.mss is None:
        return None  # the peer's SYN was not captured, or nobody knows whether it announces one
    announced = y.mss if y.mss is not None else DEFAULT_MSS_IPV6 if ":" in y.endpoint.host else DEFAULT_MSS
    return max(0, announced - signature - (TIMESTAMPS if x.ts_offered and y.ts_offered else 0))


def _signature(conn: Incarnation) -> int:
    """R82: how many octets of options sign each segment of a connection, with what fills them up to words; 0 where none is."""
    for last in conn.last_of:
        text = (last[0].segment.options_text if last is not None else None) or ""
        if "md5" in text:
            return MD5
        _, ao, mac = text.partition("tcp-ao ")
        if ao:
            octets = len(mac.partition(" mac 0x")[2].partition(",")[0]) // 2
            return (4 + octets + 3) // 4 * 4
    return 0


def ts_clock(x: Peer, last_time: int | None) -> int | None:
    """R144: the rate of the sender's timestamp clock, ticks per second."""
    if x.ts is None or x.ts_first is None or x.ts_last_time is None or last_time is None:
        return None
    interval = x.ts_last_time - x.ts_first[1]
    if interval < SECOND // 100:
        return None
    rate = ((x.ts[0] - x.ts_first[0]) & 0xFFFFFFFF) * SECOND / interval
    for round_rate in CLOCK_RATES:
        if abs(rate - round_rate) <= CLOCK_TOLERANCE * round_rate:
            return round_rate
    return round(rate) if rate > 0 else None


def vantage(rtt_server: int | None, rtt_client: int | None, *, simple: bool) -> str | None:
    """R40: where the capture was taken, from the two halves of the handshake."""
    if rtt_server is None or rtt_client is None or not simple:
        return None
    if rtt_server < SAME_HOST and rtt_client < SAME_HOST:
        return "same_host"
    if rtt_server * NEAR < rtt_client:
        return "near_server"
    if rtt_client * NEAR < rtt_server:
        return "near_client"
    return "between"
