"""
CSV and TSV: one row a segment, or one row a connection; the fields of the JSON lines, flattened with dots.

The columns are fixed, so that files of different runs can be laid under each other. Lists and objects
inside a cell are JSON. A cell that a spreadsheet would take for a formula begins with an apostrophe.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

from tdparse import explain
from tdparse.render.jsonl import connection_record, encoded, segment_record
from tdparse.render.screen import safe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tdparse.model import Lang, NumberStyle, Skipped, Step, Summary
    from tdparse.render import Totals

# fmt: off
OPTIONS: Final = (
    "mss", "wscale", "sack_ok", "sack", "ts", "tfo", "md5", "tcp_ao", "uto", "mptcp", "echo", "echo_reply", "cc",
    "cc_new", "cc_echo", "scps", "exp", "unknown", "bad",
)
SIDE: Final = (
    "before", "before_certainty", "before_alternatives", "after", "after_certainty", "after_alternatives",
)
SEGMENT_COLUMNS: Final = (
    "source", "line", "lines", "time", "elapsed", "conn", "sender", "src.host", "src.port", "dst.host", "dst.port", "ip",
    "flags", "seq", "seq_end", "ack", "rel_seq", "rel_end", "rel_ack", "seq_printed", "numbers", "window",
    "window_scaled", "urgent", "length", *(f"options.{name}" for name in OPTIONS), "options_text", "checksum", "payload",
    "step", "modifiers", *(f"client.{name}" for name in SIDE), *(f"server.{name}" for name in SIDE), "findings", "text",
)
WHOLE_METRICS: Final = (
    "duration", "handshake_time", "rtt_server", "rtt_client", "handshake_ambiguous", "time_to_first_byte",
    "response_time", "response_time_max", "turns", "half_closed_time", "idle_gaps", "vantage",
)
SIDED_METRICS: Final = (
    "segments", "data_segments", "pure_acks", "control_segments", "payload_bytes", "acked_bytes", "missing_bytes",
    "retransmitted_segments", "retransmitted_bytes", "goodput", "window_min", "window_max", "window_raw",
    "zero_window_time", "bytes_in_flight", "bytes_in_flight_share", "mss", "mss_effective", "largest_payload", "ts_clock",
)
RTT: Final = ("min", "median", "max", "count")
CONNECTION_COLUMNS: Final = (
    "conn", "source", "client.host", "client.port", "server.host", "server.port", "role_confidence", "first_line",
    "last_line", "segments", "verdict", "close_shape", "closed_first", "time_wait", "final_states.client",
    "final_states.server", "zeek", "history", "completeness", *(f"metrics.{name}" for name in WHOLE_METRICS),
    *(f"metrics.{name}.{role}" for name in SIDED_METRICS for role in ("client", "server")),
    *(f"metrics.rtt.{role}.{name}" for role in ("client", "server") for name in RTT), "findings", "text", "cause", "check",
)
# fmt: on

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class Tabular:
    """Writes one table, of segments or of connections, over all inputs of a run."""

    def __init__(
        self, lang: Lang, *, numbers: NumberStyle = "relative", delimiter: str = ",", connections: bool
    ) -> None:
        """Write cells between `delimiter`; one row a connection where `connections`, else one a segment."""
        self._lang: Lang = lang
        self._numbers: NumberStyle = numbers
        self._delimiter = delimiter
        self._connections = connections
        self._columns = CONNECTION_COLUMNS if connections else SEGMENT_COLUMNS
        self._source = ""
        self._begun = False

    def start(self, source: str, opening: Sequence[str]) -> str:  # noqa: ARG002 - no log record here
        """Write the heading before the first input."""
        self._source = source
        if self._begun:
            return ""
        self._begun = True
        return self._row(self._columns)

    def step(self, step: Step, lines: Sequence[str]) -> str:  # noqa: ARG002 - the fields say what they said
        """Write a segment."""
        if self._connections:
            return ""
        return self._record(segment_record(step, self._source, explain.text(step, self._lang, self._numbers)))

    def skipped(self, skipped: Skipped, lines: Sequence[str]) -> str:  # noqa: ARG002 - not a row of this table
        """Write nothing."""
        return ""

    def summary(self, summary: Summary) -> str:
        """Write a connection."""
        if not self._connections:
            return ""
        lang = self._lang
        texts = (explain.verdict_text(summary, lang), explain.cause(summary, lang), explain.check(summary, lang))
        return self._record(connection_record(summary, self._source, *texts))

    def end(self, lines: Sequence[str]) -> str:  # noqa: ARG002 - every line had its record
        """Write nothing."""
        return ""

    def finish(self, totals: Totals) -> str:  # noqa: ARG002 - a table has no foot
        """Write nothing."""
        return ""

    def _record(self, record: dict[str, object]) -> str:
        cells = dict(flattened(record, frozenset(self._columns)))
        return self._row([cells.get(column, "") for column in self._columns])

    def _row(self, cells: Sequence[str]) -> str:
        out = io.StringIO()
        csv.writer(out, delimiter=self._delimiter, lineterminator="\n").writerow(cells)
        return out.getvalue()


def flattened(record: dict[str, object], columns: frozenset[str], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield (column, cell) for every value of a record; what is a column of its own is not opened further."""
    for key, value in record.items():
        name = prefix + key
        if isinstance(value, dict) and name not in columns:
            yield from flattened(value, columns, name + ".")
        elif value is not None:
            yield name, cell(value)


def cell(value: object) -> str:
    """
    Return a value as the text of a cell.

    >>> cell(True), cell([1, 2]), cell("=1+1")
    ('true', '[1,2]', "'=1+1")
    """
    if isinstance(value, str):
        shown = safe(value)
        return "'" + shown if shown.startswith(_FORMULA) else shown
    if isinstance(value, dict | list | tuple):
        return encoded_value(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def encoded_value(value: object) -> str:
    """Return a list or an object as JSON without its newline; empty ones as an empty cell."""
    return encoded({"": value})[4:-2] if value else ""
