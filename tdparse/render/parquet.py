"""
Parquet: the same tables as CSV, with a type for each column, for programs that read columns.

Needs pyarrow, which the extra `tdparse[parquet]` brings.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from tdparse.render.columns import CONNECTIONS, SEGMENTS, flattened
from tdparse.render.jsonl import cleaned, connection, encoded, segment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import BinaryIO

    from tdparse.model import Lang, NumberStyle, Skipped, Step, Summary
    from tdparse.render import Totals

BATCH: Final = 4096  # rows kept as Python objects
GROUP: Final = 16  # batches in a row group
LARGEST: Final = 2**63  # what 64 bits with a sign do not hold

_FINDING: Final = ("code", "severity", "confidence", "lines")
TYPES: Final[Mapping[str, pa.DataType]] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "texts": pa.list_(pa.string()),
    "integers": pa.list_(pa.int64()),
    "pairs": pa.list_(pa.list_(pa.int64())),
    "kinds": pa.list_(pa.struct([("kind", pa.int64()), ("hex", pa.string())])),
    "gaps": pa.list_(pa.struct([("seconds", pa.float64()), ("before", pa.int64()), ("after", pa.int64())])),
    "findings": pa.list_(
        pa.struct(
            [
                *((name, pa.string()) for name in _FINDING[:3]),
                ("lines", pa.list_(pa.int64())),
                ("values", pa.string()),
            ]
        )
    ),
    "counts": pa.map_(pa.string(), pa.int64()),
    "json": pa.string(),
}


def _json(value: object) -> str:
    return encoded({"": value})[4:-2]


def _finding(finding: Mapping[str, object]) -> dict[str, object]:
    """Return a finding with the values that only its code has as JSON."""
    values = {key: value for key, value in finding.items() if key not in _FINDING}
    return {**{key: finding[key] for key in _FINDING}, "values": _json(values)}


# What a value has to become before its type takes it.
_SHAPES: Final[Mapping[str, Callable[[Any], object]]] = {
    "text": str,
    "number": float,
    "kinds": lambda found: [{"kind": kind, "hex": digits} for kind, digits in found],
    "findings": lambda found: [_finding(finding) for finding in found],
    "counts": lambda found: list(found.items()),
    "json": _json,
}


def schema(columns: Mapping[str, str]) -> pa.Schema:
    """Return the types of a table; every column may be null."""
    return pa.schema([(name, TYPES[kind]) for name, kind in columns.items()])


def batch(records: Sequence[Mapping[str, object]], columns: Mapping[str, str]) -> pa.RecordBatch:
    """Return records of the JSON lines as rows."""
    rows = [dict(flattened(record, columns)) for record in records]
    arrays = []
    for name, kind in columns.items():
        shape = _SHAPES.get(kind)
        values = [row.get(name) for row in rows]
        if shape is not None:
            values = [None if value is None else shape(value) for value in values]
        try:
            arrays.append(pa.array(values, TYPES[kind]))
        except (UnicodeEncodeError, OverflowError):
            arrays.append(pa.array(cleaned(_fitting(values)), TYPES[kind]))
    return pa.RecordBatch.from_arrays(arrays, schema=schema(columns))


def _fitting(value: Any) -> Any:
    """Return `value` without the integers that no column holds: a log may print more digits than any field of TCP has."""
    if isinstance(value, int):
        return value if abs(value) < LARGEST else None
    if isinstance(value, dict):
        return {key: _fitting(item) for key, item in value.items()}
    return [_fitting(item) for item in value] if isinstance(value, list | tuple) else value


class Parquet:
    """Writes one table, of segments or of connections, over all inputs of a run; see `Renderer` for the methods."""

    def __init__(self, lang: Lang, *, numbers: NumberStyle = "relative", connections: bool) -> None:
        """Write one row a connection where `connections`, else one a segment."""
        self._lang: Lang = lang
        self._numbers: NumberStyle = numbers
        self._connections = connections
        self._columns = CONNECTIONS if connections else SEGMENTS
        self._source = ""
        self._rows: list[dict[str, object]] = []
        self._batches: list[pa.RecordBatch] = []
        self._writer: pq.ParquetWriter | None = None

    def attach(self, file: BinaryIO) -> None:
        """Write to `file` from now on: what a table is made of is no text."""
        self._writer = pq.ParquetWriter(_Sink(file), schema(self._columns))

    def start(self, source: str, opening: Sequence[str]) -> str:  # noqa: ARG002 - no log record here
        """Begin an input."""
        self._source = source
        return ""

    def step(self, step: Step, lines: Sequence[str]) -> str:  # noqa: ARG002 - the fields say what they said
        """Take a segment."""
        if not self._connections:
            self._take(segment(step, self._source, self._lang, self._numbers))
        return ""

    def skipped(self, skipped: Skipped, lines: Sequence[str]) -> str:  # noqa: ARG002 - not a row of this table
        """Take nothing."""
        return ""

    def summary(self, summary: Summary) -> str:
        """Take a connection."""
        if self._connections:
            self._take(connection(summary, self._source, self._lang))
        return ""

    def end(self, lines: Sequence[str]) -> str:  # noqa: ARG002 - every line had its record
        """Take nothing."""
        return ""

    def finish(self, totals: Totals) -> str:  # noqa: ARG002 - a table has no foot
        """Write what is left, and the file's own index."""
        self._pack()
        self._flush()
        if self._writer is not None:
            self._writer.close()
        return ""

    def _take(self, record: dict[str, object]) -> None:
        self._rows.append(record)
        if len(self._rows) >= BATCH:
            self._pack()
            if len(self._batches) >= GROUP:
                self._flush()

    def _pack(self) -> None:
        if self._rows:
            self._batches.append(batch(self._rows, self._columns))
            self._rows.clear()

    def _flush(self) -> None:
        if self._batches and self._writer is not None:
            self._writer.write_table(pa.Table.from_batches(self._batches))
            self._batches.clear()


class _Sink(io.RawIOBase):
    """A file as the writer wants it: it asks where it is, which a pipe does not know."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._at = 0

    def writable(self) -> bool:
        return True

    def write(self, octets: Any) -> int:
        # A writer that is given up still wants to write its index; nobody will read that.
        if not self._file.closed:
            self._file.write(octets)
        self._at += len(octets)
        return len(octets)

    def tell(self) -> int:
        return self._at
