"""
What the library says of a whole log: its connections, its segments, and tables of both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

from tdparse import catalog, track, wording
from tdparse.annotated import annotated
from tdparse.escapes import as_html, safe
from tdparse.model import Skipped, Step, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from tdparse.annotated import Annotated
    from tdparse.model import Endpoint, Lang, NumberStyle, Segment

Table: TypeAlias = Literal["segments", "connections"]
_Choice = TypeVar("_Choice", bound=str)


class TdparseError(Exception):
    """
    A log cannot be read, or a table cannot be made; the message says which and why.

    >>> import tdparse
    >>> try:
    ...     tdparse.load("missing.log")
    ... except tdparse.TdparseError as error:
    ...     print(error)
    missing.log: no such file or directory
    """


class Connection(Summary):
    """
    One incarnation of a connection, as far as the log shows it; times in seconds, sizes in octets.

    Source: the verdicts of docs/reference; `zeek` and `history` follow Zeek's conn.log, `completeness` Wireshark.

    >>> import tdparse
    >>> line = "12:00:00.000001 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 7, win 9, length 0"
    >>> (connection,) = tdparse.load([line]).connections
    >>> connection.verdict, str(connection.client_state), connection.zeek, connection.segments
    ('no_answer', 'SYN-SENT', 'S0', 1)
    >>> connection
    <Connection #1: 10.0.0.1.5 > 10.0.0.2.80, no_answer>
    """

    lang: Lang = "en"
    source: str = "-"  #: the name of its log

    @classmethod
    def of(cls, summary: Summary, lang: Lang = "en", source: str = "-") -> Connection:
        """Return what the tracker has summed up of the log `source`, with sentences in `lang`."""
        connection = cls(*summary)
        connection.lang = lang
        connection.source = source
        return connection

    @property
    def conn(self) -> int:
        """The number of the incarnation, from 1, in order of appearance."""
        return self.flow.conn

    @property
    def client(self) -> Endpoint:
        """Who opened it, as far as the log tells (`flow.role_confidence` says how sure that is, 0 to 1)."""
        return self.flow.client

    @property
    def server(self) -> Endpoint:
        """The other side."""
        return self.flow.server

    @property
    def text(self) -> str:
        """The verdict in words."""
        return wording.verdict_text(self, self.lang)

    @property
    def cause(self) -> str:
        """The likely cause."""
        return wording.cause(self, self.lang)

    @property
    def check(self) -> str:
        """What to check next."""
        return wording.check(self, self.lang)

    @property
    def notes(self) -> list[str]:
        """What else it shows: timers that ran, how SYNs were repeated, other evidence."""
        return wording.notes(self, self.lang)

    def to_dict(self) -> dict[str, Any]:
        """Return the connection with the keys of its JSON line."""
        from tdparse.render.jsonl import connection

        return connection(self, self.source, self.lang)

    def __repr__(self) -> str:
        """Say which it is and how it ended."""
        return f"<Connection #{self.conn}: {safe(str(self.client))} > {safe(str(self.server))}, {self.verdict}>"

    def _repr_html_(self) -> str:
        """Show the verdict, its cause and what to check in a notebook."""
        states = f"client {self.client_state} · server {self.server_state}"
        said = "<br>".join(as_html(part) for part in (self.cause, self.check, *self.notes) if part)
        return (
            f"<p>#{self.conn} {as_html(str(self.client))} → {as_html(str(self.server))} <b>{as_html(self.text)}</b> "
            f"<code>{as_html(self.verdict)}</code> {as_html(states)}<br>{said}</p>"
        )


class Tracker:
    """
    Follow every connection of one log. Feed segments in the order of the log.

    `numbering` says how the log prints its sequence numbers: "absolute", "relative", or "auto" to find out.

    >>> import tdparse
    >>> tracker = Tracker()
    >>> line = "12:00:00.000001 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 7, win 9, length 0"
    >>> step = tracker.feed(tdparse.parse_line(line))
    >>> str(step.client.after), step.rel_seq
    ('SYN-SENT', 0)
    >>> [connection.verdict for connection in tracker.connections()]
    ['no_answer']
    """

    def __init__(self, *, numbering: str = "auto", lang: Lang = "en") -> None:
        """Start a log; `lang` is the language of the connections' sentences."""
        numbering = checked("numbering", numbering, ("auto", "absolute", "relative"))
        self._tracker = track.Tracker(None if numbering == "auto" else numbering)  # type: ignore[arg-type]
        self._lang = checked("lang", lang, ("en", "zh"))
        self._ended: list[Connection] = []

    def feed(self, segment: Segment) -> Step:
        """
        Account for one segment and say what it did.

        `seq` and `ack` of the step are absolute (32 bits); `rel_…` count from the ISN (SYN = 0, first octet = 1)
        and never wrap; None where the log does not tell.
        """
        step = self._tracker.feed(segment)
        self._ended += [Connection.of(summary, self._lang) for summary in self._tracker.ended()]
        return step

    def ended(self) -> list[Connection]:
        """
        Take away the connections that can receive nothing more, oldest first.

        What is taken is forgotten, so that a tracker that runs for days remembers only what is open.
        """
        ended, self._ended = self._ended, []
        return ended

    def connections(self) -> Iterator[Connection]:
        """Yield how the connections seen so far stand, but for those that `ended` has taken, oldest first."""
        left = [Connection.of(summary, self._lang) for summary in self._tracker.peek()]
        yield from sorted([*self._ended, *left], key=lambda connection: connection.conn)


class Trace:
    """
    A whole log: `segments`, `connections`, and `skipped`, the lines that were neither; `source` is its name.

    >>> import tdparse
    >>> line = "12:00:00.000001 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 7, win 9, length 0"
    >>> trace = tdparse.load(["a remark", line])
    >>> trace
    <Trace '-': 1 segments, 1 connections>
    >>> trace.skipped[0].kind, trace.connections[0].verdict
    ('remark', 'no_answer')
    >>> trace.to_dicts()[0]["rel_seq"], trace.to_dicts("connections")[0]["zeek"]
    (0, 'S0')
    """

    def __init__(
        self, source: str, lang: Lang, items: Sequence[Step | Skipped | Summary], numbers: NumberStyle = "relative"
    ) -> None:
        """Sort the items of an explained log."""
        self.source = source
        self.lang: Lang = lang
        self.segments: tuple[Annotated, ...] = tuple(annotated(items, lang, numbers))
        found = [Connection.of(item, lang, source) for item in items if isinstance(item, Summary)]
        self.connections: tuple[Connection, ...] = tuple(sorted(found, key=lambda connection: connection.conn))
        self.skipped: tuple[Skipped, ...] = tuple(item for item in items if isinstance(item, Skipped))

    def __repr__(self) -> str:
        """Say how much there is of what."""
        return f"<Trace {self.source!r}: {len(self.segments)} segments, {len(self.connections)} connections>"

    def to_dicts(self, table: Table = "segments") -> list[dict[str, Any]]:
        """Return one dictionary a segment (or a connection), with the keys of the JSON lines."""
        from tdparse.render.jsonl import segment_record

        if checked("table", table, ("segments", "connections")) == "connections":
            return [connection.to_dict() for connection in self.connections]
        return [segment_record(item.details, self.source, item.text) for item in self.segments]

    def to_arrow(self, table: Table = "segments") -> pa.Table:
        """
        Return the segments (or the connections) as an Arrow table, for polars, pandas or duckdb.

        Nested keys become columns with a dot in their name (`client.after`). Raises TdparseError without pyarrow,
        which the extra `tdparse[parquet]` brings.
        """
        try:
            import pyarrow as pa
        except ImportError as error:
            values = {"name": "to_arrow", "detail": ""}
            raise TdparseError(catalog.fill(catalog.sentence("trouble", "no_pyarrow", self.lang), values)) from error
        from tdparse.render.columns import CONNECTIONS, SEGMENTS
        from tdparse.render.parquet import batch

        return pa.Table.from_batches([batch(self.to_dicts(table), SEGMENTS if table == "segments" else CONNECTIONS)])

    def _repr_html_(self) -> str:
        """Show the connections as a table in a notebook."""
        rows = "".join(
            f"<tr><td>{item.conn}</td><td>{as_html(str(item.client))}</td><td>{as_html(str(item.server))}</td>"
            f"<td>{as_html(item.text)}</td><td>{item.segments}</td></tr>"
            for item in self.connections
        )
        head = "<tr><th>#</th><th>client</th><th>server</th><th>verdict</th><th>segments</th></tr>"
        return f"<table><caption>{as_html(repr(self))}</caption>{head}{rows}</table>"


def checked(name: str, value: _Choice, known: Sequence[str]) -> _Choice:
    """Return the value of an option. Raises ValueError for one that it does not have."""
    if value not in known:
        raise ValueError(f"{name}={value!r} is none of {', '.join(map(repr, known))}")
    return value
