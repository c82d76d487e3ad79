"""
The same analysis on Apache Spark, for logs that one machine is too small for: ``python -m tdparse.spark``.

The engine reads the log, moves its records so that each connection is in one place, and sees to failures; parsing,
tracking and explaining are ours, run by its workers (`shard`). Needs pyspark and Java, which the extra
`tdparse[spark]` brings in part; docs/engine.md says more.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pickle
import sys
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

import pyarrow as pa
import pyarrow.parquet as pq

from tdparse import shard
from tdparse.model import Step, Summary
from tdparse.render.columns import CONNECTIONS, SEGMENTS
from tdparse.render.jsonl import connection, segment
from tdparse.render.parquet import BATCH, batch, schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pyspark.sql import DataFrame, SparkSession

    from tdparse.model import Lang, NumberStyle

BEGINNING: Final = 5000  # lines that every share tracks whole
SHARES: Final = 3  # for each process, so that all have work to the end
LEAST: Final = 1 << 22  # octets of a stretch
_PIECES: Final = "number int, start long, lines long, order boolean, head binary, tail binary"
_RECORDS: Final = "key long, line long, record binary"
_CHECKS: Final = "share int, found binary"
_COUNTS: Final = "share int, segments long, connections long"


class Options(NamedTuple):
    """How rows are written."""

    source: str
    lang: Lang = "en"
    numbers: NumberStyle = "relative"
    numbering: str = "auto"


class Report(NamedTuple):
    """What a run has done."""

    lines: int
    segments: int
    connections: int
    stretches: int
    shares: int
    doubts: tuple[str, ...]  # why the log was tracked in one piece, if it was


def explain(
    session: SparkSession,
    path: str,
    folder: Path,
    options: Options,
    *,
    part: str = "part",
    shares: int | None = None,
    beginning: int = BEGINNING,
    stretch: int | None = None,
) -> Report:
    """
    Explain one log; write `segments/` and `connections/` in `folder`, files of the tables that `-f parquet` writes.

    Args:
        session: Its workers must see `folder` where this process does, and have this package.
        path: The log: text, or text compressed in a way that Hadoop reads (.gz, .bz2).
        folder: Where the tables go; it must be there.
        options: What the rows say.
        part: What the files' names begin with.
        shares: Into how many shares the connections are divided; None: by the number of processes.
        beginning: How many lines every share tracks whole.
        stretch: Octets of the stretches that are parsed; None: by the number of processes.
    """
    processes = session.sparkContext.defaultParallelism
    shares = shares or SHARES * processes
    frame = _lines(session, path, stretch, processes)
    records, stretches = _parsed(frame)
    seams = shard.joined(stretches)
    doubts: set[str] = set()
    if seams is None:
        records.unpersist()
        doubts.add("times or records that only the whole log tells")
        records, stretches = _parsed(frame.coalesce(1))
        seams = shard.joined(stretches) or [shard.Seam(0, None, None)]
        shares = 1
    until = beginning if shares > 1 else 0
    first = sorted(records.where(f"key >= 0 and line <= {until}").collect(), key=lambda row: row.line)
    ends = [one.latest + seam.offset for one, seam in zip(stretches, seams, strict=True) if one.latest is not None]
    servers: dict[Any, int] = {}
    for one in stretches:
        for endpoint, line in one.servers.items():
            servers.setdefault(endpoint, line)
    log = shard.Log(
        [pickle.loads(row.record) for row in first],  # noqa: S301 - our own
        until, seams, servers, max(ends, default=None), options.numbering, shares,
    )  # fmt: skip
    numbers: dict[int, int] = {}
    shared = _divided(records, log)
    if shares > 1:
        rows = shared.mapInArrow(partial(_check, log=log), _CHECKS).collect()
        found = [pickle.loads(row.found) for row in rows]  # noqa: S301 - our own
        doubts = shard.doubts_of(log, [(doubt, probes, most) for doubt, probes, most, _, _ in found])
        if doubts:
            shared.unpersist()
            log = log._replace(beginning=(), until=0, shares=1)
            shared = _divided(records, log)
        else:
            numbers = shard.numbered(found[0][3], (known for *_, ids in found for known in ids))
    for table in ("segments", "connections"):
        (folder / table).mkdir(exist_ok=True)
    write = partial(_write, log=log, options=options, numbers=numbers, folder=str(folder), part=part)
    counts = shared.mapInArrow(write, _COUNTS).collect()
    shared.unpersist()
    records.unpersist()
    return Report(
        sum(one.lines for one in stretches),
        sum(row.segments for row in counts),
        sum(row.connections for row in counts),
        len(stretches),
        log.shares,
        tuple(sorted(doubts)),
    )


# ------------------------------------------------------------------ reading and parsing


def _lines(session: SparkSession, path: str, stretch: int | None, processes: int) -> DataFrame:
    """Return the log's lines as octets, each with where its block of the file begins."""
    from pyspark.sql import functions as f

    if stretch is None:
        size = Path(path).stat().st_size if Path(path).exists() else LEAST * processes * SHARES
        stretch = max(LEAST, size // (SHARES * processes) + 1)
    session.conf.set("spark.sql.files.maxPartitionBytes", str(stretch))
    session.conf.set("spark.sql.files.openCostInBytes", str(stretch))
    frame = session.read.option("lineSep", "\n").text(path)
    return frame.select(f.col("value").cast("binary").alias("line"), f.col("_metadata.file_block_start").alias("start"))


def _parsed(frame: DataFrame) -> tuple[DataFrame, list[shard.Stretch]]:
    """Return the records of the log, kept on disk, and what is known of its stretches."""
    from pyspark import StorageLevel

    pieces = sorted(frame.mapInArrow(_survey, _PIECES).collect(), key=lambda piece: piece.start)
    heads = [pickle.loads(piece.head) for piece in pieces]  # noqa: S301 - our own
    tails = [pickle.loads(piece.tail) for piece in pieces]  # noqa: S301 - our own
    places: dict[int, tuple[int, int, list[bytes], list[bytes]]] = {}
    base = 0
    for place, piece in enumerate(pieces):
        before = [line for tail in tails[:place][-shard.SEAM :] for line in tail][-shard.SEAM :]
        behind = [line for head in heads[place + 1 :][: shard.SEAM] for line in head][: shard.SEAM]
        places[piece.number] = place, base, before, behind
        base += piece.lines
    records = frame.mapInArrow(partial(_parse, places=places), _RECORDS).persist(StorageLevel.DISK_ONLY)
    rows = sorted(records.where("key < 0").collect(), key=lambda row: row.line)
    return records, [pickle.loads(row.record) for row in rows]  # noqa: S301 - our own


def _survey(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Count the lines of a piece, and keep its ends."""
    from pyspark import TaskContext

    head: list[bytes] = []
    tail: list[bytes] = []
    lines, start, order = 0, None, True
    for found in batches:
        starts = found.column(1).to_pylist()
        if starts:
            order = order and (start is None or starts[0] >= start) and starts == sorted(starts)
            start = starts[0] if start is None else start
        texts = found.column(0)
        lines += len(texts)
        if len(head) < shard.SEAM:
            head += texts.slice(0, shard.SEAM - len(head)).to_pylist()
        tail = [*tail, *texts.slice(max(len(texts) - shard.SEAM, 0)).to_pylist()][-shard.SEAM :]
    context = TaskContext.get()
    number = 0 if context is None else context.partitionId()
    if lines:
        row = {"number": number, "start": start, "lines": lines, "order": order}
        yield _rows([{**row, "head": pickle.dumps(head), "tail": pickle.dumps(tail)}], _PIECES)


def _parse(
    batches: Iterable[pa.RecordBatch], places: Mapping[int, tuple[int, int, list[bytes], list[bytes]]]
) -> Iterator[pa.RecordBatch]:
    """Parse a piece: its records, and last what is known of it."""
    from pyspark import TaskContext

    context = TaskContext.get()
    known = places.get(0 if context is None else context.partitionId())
    if known is None:
        return
    number, base, before, behind = known
    lines = (line for found in batches for line in found.column(0).to_pylist())
    rows: list[tuple[int, int, bytes]] = []
    texts = ([_text(line) for line in some] for some in (before, behind))
    for found in shard.parsed(_decoded(lines, first=base == 0), number, base, *texts):
        if isinstance(found, shard.Stretch):
            rows.append((-1, number, pickle.dumps(found)))
        else:
            rows.append((shard.key(found.item), found.item.line, pickle.dumps(found)))
        if len(rows) >= BATCH:
            yield _columns(rows, _RECORDS)
            rows = []
    yield _columns(rows, _RECORDS)


def _decoded(lines: Iterable[bytes], *, first: bool) -> Iterator[str]:
    for line in lines:
        yield _text(line.removeprefix(b"\xef\xbb\xbf") if first else line)
        first = False


def _text(line: bytes) -> str:
    return line.decode("utf-8", "surrogateescape").removesuffix("\r")


# ------------------------------------------------------------------ tracking and writing


def _divided(records: DataFrame, log: shard.Log) -> DataFrame:
    """Return the records behind the beginning, each share in one place and in log order."""
    from pyspark import StorageLevel

    rows = records.where(f"key >= 0 and line > {log.until}")
    rows = rows.selectExpr(f"cast(key % {log.shares} as int) as share", "line", "record")
    # Each share must be somewhere, even where it has no record behind the beginning.
    rows = rows.unionAll(
        rows.sparkSession.range(log.shares).selectExpr("cast(id as int)", "-1L", "cast(null as binary)")
    )
    return (
        rows.repartitionById(log.shares, "share").sortWithinPartitions("share", "line").persist(StorageLevel.DISK_ONLY)
    )


def _shares(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[int, Iterator[shard.Timed]]]:
    """Yield each share of a piece with its records."""
    rows = (
        row for found in batches for row in zip(found.column(0).to_pylist(), found.column(2).to_pylist(), strict=True)
    )
    for number, records in groupby(rows, key=lambda row: row[0]):
        yield number, (pickle.loads(record) for _, record in records if record is not None)  # noqa: S301 - our own


def _tracked(share: shard.Share, records: Iterable[shard.Timed]) -> Iterator[Step | Summary]:
    yield from share.opening
    for record in records:
        yield from share.feed(record)
    yield from share.finish()


def _check(batches: Iterable[pa.RecordBatch], log: shard.Log) -> Iterator[pa.RecordBatch]:
    """Track without writing: what are the connections' numbers, and is a share all that is needed?"""
    for number, records in _shares(batches):
        share = shard.Share(log, number)
        ids = {item.flow.conn for item in _tracked(share, records)}
        found = (share.doubts, share.probes, share.most, share.first, ids)
        yield _columns([(number, pickle.dumps(found))], _CHECKS)


def _write(
    batches: Iterable[pa.RecordBatch],
    log: shard.Log,
    options: Options,
    numbers: Mapping[int, int],
    folder: str,
    part: str,
) -> Iterator[pa.RecordBatch]:
    """Track, explain, and write the tables' files of each share."""
    for number, records in _shares(batches):
        share = shard.Share(log, number)
        name = f"{part}-{number:05d}.parquet"
        with (
            _Table(Path(folder) / "segments" / name, SEGMENTS) as segments,
            _Table(Path(folder) / "connections" / name, CONNECTIONS) as connections,
        ):
            for item in _tracked(share, records):
                known = numbers.get(item.flow.conn)
                if isinstance(item, Step):
                    row = segment(item, options.source, options.lang, options.numbers)
                    table = segments
                else:
                    row = connection(item, options.source, options.lang)
                    table = connections
                if known is not None:
                    row["conn"] = known
                table.add(row)
        yield _columns([(number, segments.count, connections.count)], _COUNTS)


class _Table:
    """One file of a table; it gets its name when it is whole, so a task may be run again."""

    def __init__(self, path: Path, columns: Mapping[str, str]) -> None:
        self.count = 0
        self._path = path
        self._beside = path.with_name(f".{path.name}.part")
        self._columns = columns
        self._rows: list[dict[str, object]] = []

    def __enter__(self) -> Self:
        self._writer = pq.ParquetWriter(self._beside, schema(self._columns))
        return self

    def add(self, row: dict[str, object]) -> None:
        self._rows.append(row)
        self.count += 1
        if len(self._rows) >= BATCH:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_batch(batch(self._rows, self._columns))
            self._rows = []

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._flush()
        self._writer.close()
        if kind is None and self.count:
            self._beside.replace(self._path)
        else:
            self._beside.unlink()


def _columns(rows: Sequence[tuple[Any, ...]], layout: str) -> pa.RecordBatch:
    names = [field.split()[0] for field in layout.split(", ")]
    return _rows([dict(zip(names, row, strict=True)) for row in rows], layout)


_ARROW: Final[Mapping[str, Callable[[], pa.DataType]]] = {
    "int": pa.int32, "long": pa.int64, "boolean": pa.bool_, "binary": pa.binary,
}  # fmt: skip


def _rows(rows: Sequence[Mapping[str, object]], layout: str) -> pa.RecordBatch:
    fields = [field.split() for field in layout.split(", ")]
    return pa.RecordBatch.from_pylist(list(rows), pa.schema([(name, _ARROW[kind]()) for name, kind in fields]))


# ------------------------------------------------------------------ the program


def main(arguments: Sequence[str] | None = None) -> int:
    """Explain logs on a Spark that is found, or started, by the environment; exit codes as those of tdexplain."""
    parser = argparse.ArgumentParser(prog="python -m tdparse.spark", description="Explain logs on Apache Spark.")
    parser.add_argument("logs", nargs="+", metavar="LOG")
    parser.add_argument("-o", "--output", required=True, type=Path, help="a new folder for the tables")
    parser.add_argument("--master", help="where it runs; local[2] is two processes here")
    parser.add_argument("-l", "--lang", choices=("en", "zh"), default="en")
    parser.add_argument("-n", "--numbers", choices=("relative", "absolute", "both", "symbolic"), default="relative")
    parser.add_argument("--numbering", choices=("auto", "absolute", "relative"), default="auto")
    parser.add_argument("--shares", type=int, help="into how many shares the connections are divided")
    parser.add_argument("--stretch", type=int, help="octets of the stretches that are parsed")
    chosen = parser.parse_args(arguments)
    missing = [log for log in chosen.logs if "://" not in log and not Path(log).is_file()]
    for log in missing:
        print(f"tdparse.spark: {log}: no such file", file=sys.stderr)  # noqa: T201 - a program of its own
    if missing:
        return 3
    if chosen.output.exists() and any(chosen.output.iterdir()):
        print(f"tdparse.spark: {chosen.output}: is not empty", file=sys.stderr)  # noqa: T201
        return 3
    with session(chosen.master) as spark:
        made = chosen.output.with_name(f".{chosen.output.name}.part")
        made.mkdir(parents=True, exist_ok=True)
        found = 0
        for place, log in enumerate(chosen.logs):
            options = Options(log, chosen.lang, chosen.numbers, chosen.numbering)
            cuts: dict[str, Any] = {"shares": chosen.shares, "stretch": chosen.stretch}
            report = explain(spark, log, made, options, part=f"part-{place:03d}", **cuts)
            found += report.segments
            why = f" (in one piece: {', '.join(report.doubts)})" if report.doubts else ""
            print(  # noqa: T201
                f"{log}: {report.lines} lines, {report.segments} segments, {report.connections} connections; "
                f"parsed in {report.stretches} stretches, tracked in {report.shares} shares{why}"
            )
        (made / "_SUCCESS").touch()
        if chosen.output.exists():
            chosen.output.rmdir()
        made.rename(chosen.output)
    return 0 if found else 4


def session(master: str | None = None, memory: str = "2g") -> Any:
    """Return a session with our own package known to its workers."""
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # read when the first worker starts
    builder = SparkSession.builder.appName("tdexplain")
    if master is not None:
        builder = builder.master(master)
    return (
        builder.config("spark.driver.memory", memory)
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", str(BATCH))
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.adaptive.enabled", "false")  # a share is a share, however small
        .getOrCreate()
    )


if __name__ == "__main__":
    # The workers know this module by its name, not as the program that was started.
    sys.exit(importlib.import_module("tdparse.spark").main())
