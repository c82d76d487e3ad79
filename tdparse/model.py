"""
The nouns: immutable records that travel from one stage to the next.

Every record is a NamedTuple of plain values (or an enumeration of strings), so it is cheap to
make, hashable when its parts are, and can be sent to another process. Nothing here has
behaviour beyond reading its own fields.

Number spaces, named once and used everywhere:

* *printed*: as tcpdump wrote it, absolute or relative, 32 bits;
* *absolute* (``seq``, ``ack`` of a `Step`): as on the wire, 0 <= n < 2**32;
* *relative* (``rel_…``): counted from the ISN (SYN = 0, first octet = 1), never wrapped (R35, R36).
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from tdparse.escapes import as_html
from tdparse.options import Options, decode

if TYPE_CHECKING:
    from collections.abc import Mapping

Lang: TypeAlias = Literal["en", "zh"]
Role: TypeAlias = Literal["client", "server"]
NumberStyle: TypeAlias = Literal["relative", "absolute", "both", "symbolic"]
Numbering: TypeAlias = Literal["absolute", "relative", "unknown"]


class State(StrEnum):
    """
    A TCP state of one endpoint (RFC 9293 figure 5), and the observer's own UNKNOWN (R3).

    >>> State.SYN_SENT == "SYN_SENT"
    True
    """

    CLOSED = "CLOSED"
    LISTEN = "LISTEN"
    SYN_SENT = "SYN_SENT"
    SYN_RECEIVED = "SYN_RECEIVED"
    ESTABLISHED = "ESTABLISHED"
    FIN_WAIT_1 = "FIN_WAIT_1"
    FIN_WAIT_2 = "FIN_WAIT_2"
    CLOSE_WAIT = "CLOSE_WAIT"
    CLOSING = "CLOSING"
    LAST_ACK = "LAST_ACK"
    TIME_WAIT = "TIME_WAIT"
    UNKNOWN = "UNKNOWN"


# By name, for what asks for every record: through the class it takes Python 3.11 ten times as long.
CLOSED: Final = State.CLOSED
LISTEN: Final = State.LISTEN
SYN_SENT: Final = State.SYN_SENT
SYN_RECEIVED: Final = State.SYN_RECEIVED
ESTABLISHED: Final = State.ESTABLISHED
FIN_WAIT_1: Final = State.FIN_WAIT_1
FIN_WAIT_2: Final = State.FIN_WAIT_2
CLOSE_WAIT: Final = State.CLOSE_WAIT
CLOSING: Final = State.CLOSING
LAST_ACK: Final = State.LAST_ACK
TIME_WAIT: Final = State.TIME_WAIT


class Certainty(StrEnum):
    """
    How a state is known (R10), strongest first.

    Observed: a segment of this endpoint proves it. Deduced: a segment of the peer does. Presumed: a segment that
    leads there was sent to it. Assumed: by convention. Unknown: the log does not tell.

    >>> list(Certainty)[:2] == ["observed", "deduced"]
    True
    """

    OBSERVED = "observed"
    DEDUCED = "deduced"
    PRESUMED = "presumed"
    ASSUMED = "assumed"
    UNKNOWN = "unknown"


class Severity(StrEnum):
    """
    How much a finding matters (R113), least first.

    >>> [severity.value for severity in Severity]
    ['chat', 'note', 'warn', 'error']
    """

    CHAT = "chat"
    NOTE = "note"
    WARN = "warn"
    ERROR = "error"


class Confidence(StrEnum):
    """
    How sure a finding is.

    >>> [confidence.value for confidence in Confidence]
    ['certain', 'likely', 'possible']
    """

    CERTAIN = "certain"
    LIKELY = "likely"
    POSSIBLE = "possible"


# ------------------------------------------------------------------ what was printed


class Endpoint(NamedTuple):
    """
    One side of the address pair, as printed: the port is a number, or a service name; None where none was printed.

    >>> str(Endpoint("10.0.0.1", 80))
    '10.0.0.1.80'
    """

    host: str
    port: int | str | None

    def __str__(self) -> str:
        """Return ``host.port``, the way tcpdump writes it."""
        return self.host if self.port is None else f"{self.host}.{self.port}"


class TimeStyle(StrEnum):
    """Which `-t` option printed a timestamp."""

    NONE = "none"  # -t
    CLOCK = "clock"  # HH:MM:SS.ffffff, no date
    EPOCH = "epoch"  # -tt
    DATE = "date"  # -tttt
    DELTA = "delta"  # -ttt or -ttttt: signed or indented HH:MM:SS.ffffff


class Layer(NamedTuple):
    """What stood around the TCP part of a record and is rarely needed; None where it was not printed."""

    packet_number: int | None = None  #: -#
    device: str | None = None  #: "eth0" of `-i any`, or the pktap text
    direction: str | None = None  #: "In", "Out", "B", "M", "P", "?"
    link: str | None = None  #: link-layer header text of -e, as printed
    ip_text: str | None = None  #: the parenthesised IP header of -v, as printed
    ttl: int | None = None
    ip_id: int | None = None
    tos: int | None = None
    ip_flags: str | None = None
    ip_length: int | None = None
    outer: tuple[tuple[str, str], ...] = ()  #: (src, dst) of tunnels, outermost first
    dump: str | None = None  #: hex or ASCII dump lines that followed
    raw: tuple[str, ...] | None = None  #: physical lines, only where they differ from `text`
    repairs: tuple[str, ...] = ()  #: what had to be undone to read it ("quoted", "wrapped", …)


class Segment(NamedTuple):
    """
    One TCP segment as tcpdump printed it: nothing is interpreted yet, None stands for what was not printed.

    Numbers are those on the line: 32 bits, absolute or relative as the log has them; the window is unscaled.

    >>> import tdparse
    >>> line = "12:00:00.000001 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 7, win 9, length 0"
    >>> segment = tdparse.parse_line(line)
    >>> segment.flags, segment.seq, segment.ack, segment.length
    ('S', 7, None, 0)
    >>> str(segment) == line
    True
    """

    line: int  #: first physical line, from 1
    lines: int  #: how many physical lines
    text: str  #: the printed record without its last newline (a repaired one: its clean form)
    time: str | None  #: as printed, without indentation
    stamp: int | None  #: nanoseconds: since midnight, since 1970, or a difference, by time_style
    time_style: TimeStyle
    src: Endpoint
    dst: Endpoint
    ip: int | None  #: 4, 6, None when the line does not say
    flags: str | None  #: letters in tcpdump's order; "" for [none]; None when the text lacks them (-q)
    seq: int | None  #: printed number
    seq_last: int | None  #: the second number of a printed range
    ack: int | None  #: printed number
    window: int | None  #: raw 16-bit field
    urgent: int | None
    length: int | None  #: octets of payload
    options_text: str | None  #: as printed between the brackets
    checksum: str | None  #: "correct", "incorrect", None
    payload: str | None  #: upper-protocol text after the length, as printed
    truncated: bool  #: the record was cut before its end: `[|tcp]`, `[bad opt]` and the like
    layer: Layer | None  #: None when there was nothing but time, IP and addresses

    def __str__(self) -> str:
        """Return the printed record, byte for byte."""
        return self.text

    @property
    def options(self) -> Options:
        """The TCP options, decoded when asked for."""
        return decode(self.options_text)

    def _repr_html_(self) -> str:
        """Show the record in a notebook."""
        return f"<pre>{as_html(self.text)}</pre>"


class Skipped(NamedTuple):
    """
    A line without a TCP segment.

    `kind` is one of banner, counters, prompt, comment, remark, blank, hexdump, continuation, udp, icmp, arp,
    other_protocol, fragment, and rejected: a line that looks like a TCP segment and could not be read.

    >>> import tdparse
    >>> rejected = tdparse.parse_line("12:00:00.000001 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq x, win 9, length 0")
    >>> rejected.kind, rejected.column
    ('rejected', 61)
    """

    line: int
    kind: str
    raw: str
    column: int | None = None  #: from 1; only for kind "rejected"
    expected: tuple[str, ...] | None = None  #: terminal names of the grammar; only for "rejected"
    reason: str | None = None  #: a code of the catalogue, only for "rejected"
    note: Mapping[str, object] | None = None  #: e.g. addresses an ICMP error quotes, counters


Item: TypeAlias = Segment | Skipped


# ------------------------------------------------------------------ what it means


MARKS: Final = {
    Certainty.OBSERVED: "",
    Certainty.DEDUCED: "*",
    Certainty.PRESUMED: "?",
    Certainty.ASSUMED: "~",
    Certainty.UNKNOWN: "",
}


class Standing(NamedTuple):
    """
    The state of one endpoint at one moment, with its certainty (R5, R10).

    >>> str(Standing(State.CLOSE_WAIT, Certainty.PRESUMED, (State.TIME_WAIT,)))
    'CLOSE-WAIT?|TIME-WAIT'
    """

    state: State
    certainty: Certainty
    alternatives: tuple[State, ...] = ()

    def __str__(self) -> str:
        """Return the state as R5 displays it: RFC hyphens, certainty mark, alternatives."""
        shown = self.state.replace("_", "-") + MARKS[self.certainty]
        return "|".join([shown, *(other.replace("_", "-") for other in self.alternatives)])


class Side(NamedTuple):
    """
    What one segment did to one endpoint.

    >>> import tdparse
    >>> line = "12:00:00.000001 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 7, win 9, length 0"
    >>> (item,) = tdparse.annotate([line])
    >>> print(item.client.before, item.client.after)
    CLOSED~ SYN-SENT
    """

    before: Standing
    after: Standing


class Finding(NamedTuple):
    """
    Something remarkable, as a code with values; `tdexplain why CODE` says under which conditions it is given.

    Values are octets, nanoseconds, 32-bit or relative numbers, as their name says in docs/reference.

    >>> import tdparse
    >>> syn = "12:00:00.000001 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 7, win 9, length 0"
    >>> again = syn.replace("12:00:00", "12:00:01")
    >>> _, item = tdparse.annotate([syn, again])
    >>> [(finding.code, finding.severity.value, finding.lines) for finding in item.findings]
    [('syn_retransmission', 'warn', (1, 2))]
    """

    code: str
    severity: Severity
    confidence: Confidence
    lines: tuple[int, ...]  #: the evidence: first lines of the records concerned
    values: Mapping[str, object]


class Flow(NamedTuple):
    """What stays the same through one incarnation of a connection (R42, R93)."""

    conn: int  #: from 1, in order of appearance
    client: Endpoint
    server: Endpoint
    role_confidence: float


class Symbols(NamedTuple):
    """What the symbolic numbers j, k, m, n stand for at this point (R4); relative numbers."""

    client_isn: bool  #: is the client's ISN known (j)?
    server_isn: bool
    first_fin: Role | None  #: whose FIN is m
    client_fin: int | None  #: relative number of the FIN itself
    server_fin: int | None


class Step(NamedTuple):
    """
    One segment, placed in the life of its connection (RFC 9293 section 3.10, as an observer sees it).

    `seq`, `seq_end` and `ack` are absolute, 32 bits; those named `rel_…` count from the initial sequence number
    (SYN = 0, first octet = 1) and never wrap. None stands for what the log does not tell.

    >>> import tdparse
    >>> line = "12:00:00.000001 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 7, win 9, length 0"
    >>> step = tdparse.Tracker().feed(tdparse.parse_line(line))
    >>> step.step, step.sender, step.seq, step.rel_seq
    ('handshake.syn', 'client', 7, 0)
    """

    segment: Segment
    flow: Flow
    sender: Role
    elapsed: int | None  #: nanoseconds since the first segment of the log
    seq: int | None  #: absolute
    seq_end: int | None  #: absolute; seq + length (R30)
    ack: int | None  #: absolute
    rel_seq: int | None
    rel_end: int | None  #: rel_seq + length
    rel_ack: int | None
    seq_printed: bool
    numbers: Numbering
    sack: tuple[tuple[int, int], ...] | None  #: absolute
    window_scaled: int | None
    step: str
    modifiers: tuple[str, ...]
    client: Side
    server: Side
    findings: tuple[Finding, ...]
    symbols: Symbols
    values: Mapping[str, object]  #: n, dt (ns), win_old, prev, …: what R101 needs beyond the fields above


class Summary(NamedTuple):
    """One incarnation, when it is over or the log ends."""

    flow: Flow
    first_line: int
    last_line: int
    segments: int
    verdict: str
    data: str  #: none | client | server | both
    close_shape: str | None  #: four_segment | three_segment | simultaneous | half | reset | none
    closed_first: Role | None
    time_wait: tuple[Role, ...]
    client_state: Standing
    server_state: Standing
    zeek: str
    history: str
    completeness: int
    attributes: Mapping[str, object]  #: simultaneous_open, tfo, late_rst, retries, open_at_end (R115)
    metrics: Mapping[str, object]  #: part 7 of the rules; seconds and octets; absent when unknown
    findings: Mapping[str, int]  #: code -> how often
    marks: Mapping[str, object]  #: values the verdict's sentence needs
    mild: frozenset[str] = frozenset()  #: codes of findings that were no more than chat in it
