"""
The columns of the tables: the fields of the JSON lines, flattened with dots, each of one kind.

They are fixed, so that files of different runs can be laid under each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# What a column holds; empty (null) where the log does not tell. `json` is text that holds a list or an object.
KINDS: Final = (
    "text", "integer", "number", "boolean", "texts", "integers", "pairs", "kinds", "gaps", "findings", "counts", "json",
)  # fmt: skip


def _columns(layout: str) -> dict[str, str]:
    """Return the kind of each column of a layout: lines of a kind, a colon and names."""
    found: dict[str, str] = {}
    for line in layout.strip().splitlines():
        kind, _, names = line.partition(":")
        found.update(dict.fromkeys(names.split(), kind.strip()))
    return found


def _each(names: str, pattern: str, roles: tuple[str, ...] = ("client", "server")) -> str:
    return " ".join(pattern.format(name=name, role=role) for name in names.split() for role in roles)


_SIDE: Final = """
    text: {role}.before {role}.before_certainty
    texts: {role}.before_alternatives
    text: {role}.after {role}.after_certainty
    texts: {role}.after_alternatives
"""
_RTT: Final = """
    number: metrics.rtt.{role}.min metrics.rtt.{role}.median metrics.rtt.{role}.max
    integer: metrics.rtt.{role}.count
"""
_SIDED: Final = "metrics.{name}.{role}"

SEGMENTS: Final[Mapping[str, str]] = _columns(f"""
    text: source
    integer: line lines
    text: time
    number: elapsed
    integer: conn
    text: sender src.host src.port dst.host dst.port
    integer: ip
    text: flags
    integer: seq seq_end ack rel_seq rel_end rel_ack
    boolean: seq_printed
    text: numbers
    integer: window window_scaled urgent length options.mss options.wscale
    boolean: options.sack_ok
    pairs: options.sack
    integers: options.ts
    text: options.tfo options.md5 options.tcp_ao options.uto
    texts: options.mptcp
    integer: options.echo options.echo_reply options.cc options.cc_new options.cc_echo
    text: options.scps options.exp
    kinds: options.unknown
    text: options.bad options_text checksum payload step
    texts: modifiers
    {_SIDE.format(role="client")}
    {_SIDE.format(role="server")}
    findings: findings
    text: text
""")

CONNECTIONS: Final[Mapping[str, str]] = _columns(f"""
    integer: conn
    text: source client.host client.port server.host server.port
    number: role_confidence
    integer: first_line last_line segments
    text: verdict close_shape closed_first
    texts: time_wait
    text: final_states.client final_states.server zeek history
    integer: completeness
    number: metrics.duration metrics.handshake_time metrics.rtt_server metrics.rtt_client
    boolean: metrics.handshake_ambiguous
    number: metrics.time_to_first_byte metrics.response_time metrics.response_time_max
    integer: metrics.turns
    number: metrics.half_closed_time
    gaps: metrics.idle_gaps
    text: metrics.vantage
    integer: {_each("segments data_segments pure_acks control_segments payload_bytes acked_bytes", _SIDED)}
    integer: {_each("missing_bytes retransmitted_segments retransmitted_bytes", _SIDED)}
    number: {_each("goodput", _SIDED)}
    integer: {_each("window_min window_max", _SIDED)}
    boolean: {_each("window_raw", _SIDED)}
    number: {_each("zero_window_time", _SIDED)}
    integer: {_each("bytes_in_flight", _SIDED)}
    number: {_each("bytes_in_flight_share", _SIDED)}
    integer: {_each("mss mss_effective largest_payload ts_clock", _SIDED)}
    {_RTT.format(role="client")}
    {_RTT.format(role="server")}
    counts: findings
    text: text cause check data
    json: attributes
    texts: notes
""")


def flattened(
    record: Mapping[str, object], columns: Mapping[str, str], prefix: str = ""
) -> Iterator[tuple[str, object]]:
    """Yield (column, value) for all that is known of a record; what is a column of its own is not opened further."""
    for key, value in record.items():
        name = prefix + key
        if isinstance(value, dict) and name not in columns:
            yield from flattened(value, columns, name + ".")
        elif value is not None:
            yield name, value
