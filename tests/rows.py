"""Parquet tables as sets of rows: what two runs have to agree on."""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def rows(paths: Iterable[Path]) -> Counter[bytes]:
    """Return how often each row stands in these files together, each by its digest."""
    import pyarrow.parquet as pq

    found: Counter[bytes] = Counter()
    for path in paths:
        for batch in pq.ParquetFile(path).iter_batches(8192):
            names = batch.schema.names
            columns = [column.to_pylist() for column in batch.columns]
            for values in zip(*columns, strict=True):
                text = repr(list(zip(names, values, strict=True)))
                found[blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).digest()] += 1
    return found
