"""Lines in, records out: however the input is cut, the output is the same, and no line is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import PACKAGE
from hypothesis import given
from hypothesis import strategies as st

from tdparse.read import Source
from tdparse.render import Totals
from tdparse.render.jsonl import JsonLines
from tdparse.render.text import Text
from tdparse.selection import Alarm, Selection
from tdparse.stream import Run
from tdparse.unpack import Peeked, UnreadableError

LOG = (PACKAGE / "demo" / "http.log").read_bytes() + b"remark\r\n\n# comment\n\ttail without end"


class Pieces:
    """A stream that gives its octets in pieces of the sizes asked for, then the rest."""

    def __init__(self, octets: bytes, sizes: list[int]) -> None:
        """Cut `octets` at the sums of `sizes`."""
        self._stream = Peeked(octets, Nothing())
        self._sizes = list(sizes)

    def read(self, size: int = -1, /) -> bytes:
        """Return the next piece."""
        return self._stream.read(min(self._sizes.pop(0), size) if self._sizes else size)


class Nothing:
    """The end of every stream."""

    def read(self, _size: int = -1, /) -> bytes:
        """Return no octets."""
        return b""


def shown(octets: bytes, sizes: list[int], renderer: Text | JsonLines) -> tuple[str, Totals]:
    """Return what is written for octets that come in pieces."""
    parts: list[str] = []
    totals = Totals()
    Run(renderer, Selection(), Alarm(()), totals).follow(Source("x", Pieces(octets, sizes)), parts.append)
    return "".join(parts), totals


@given(sizes=st.lists(st.integers(1, 4000), max_size=30))
def test_cutting_never_changes_the_output(sizes: list[int]) -> None:
    """Block borders are nowhere to be seen, in text and in JSON lines but for the log record's guess."""
    assert shown(LOG, sizes, Text("en"))[0] == shown(LOG, [], Text("en"))[0]
    records = [shown(LOG, cut, JsonLines("en"))[0].splitlines()[1:] for cut in (sizes, [])]
    assert records[0] == records[1]


def test_every_line_is_shown_once_and_in_order() -> None:
    """Originals, in their order, are a subsequence of the view."""
    lines = [line.removesuffix("\r") for line in LOG.decode().split("\n")]
    view = iter(shown(LOG, [], Text("en"))[0].splitlines())
    assert all(line in view for line in lines)


def test_totals_count_lines_and_records() -> None:
    """Every physical line is in a segment or skipped."""
    totals = shown(LOG, [], Text("en"))[1]
    assert totals.lines == 17
    assert totals.segments + totals.skipped.total() == totals.lines
    assert (totals.sources, totals.connections, dict(totals.verdicts)) == (1, 1, {"complete.clean": 1})


def test_what_was_read_before_a_break_is_explained() -> None:
    """The verdicts come, then the error."""

    class Breaking:
        def __init__(self) -> None:
            self._left = [LOG]

        def read(self, _size: int = -1, /) -> bytes:
            if self._left:
                return self._left.pop()
            raise OSError(5, "Input/output error")

    parts: list[str] = []
    run = Run(Text("en"), Selection(), Alarm(()), Totals())
    with pytest.raises(UnreadableError, match="input/output error"):
        run.follow(Source("x", Breaking()), parts.append)
    assert "[complete.clean]" in "".join(parts)


def test_a_stop_ends_the_input_between_blocks(tmp_path: Path) -> None:
    """The lines before it are judged as if the log ended there."""
    path = tmp_path / "x"
    path.write_bytes(LOG)
    parts: list[str] = []
    sizes = [LOG.index(b"\n", 900) + 1]
    run = Run(Text("en"), Selection(), Alarm(()), Totals())
    run.follow(Source("x", Pieces(LOG, sizes)), parts.append, lambda: True)
    assert "[still_open.data]" in "".join(parts)
