"""The library as its users import it (contract, part 5)."""

from __future__ import annotations

import asyncio
import pickle
import pkgutil
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from costs import times
from harmless import ACTS

import tdparse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

HEAVY = (
    "typer", "rich", "click", "prompt_toolkit", "pydantic", "http.server", "asyncio", "socket", "jinja2",
    "lark", "pyarrow", "pandas", "polars", "duckdb",
)  # fmt: skip
LOG = """\
12:00:00.000000 IP 192.0.2.1.40000 > 192.0.2.2.80: Flags [S], seq 1000, win 64240, options [mss 1460], length 0
12:00:00.010000 IP 192.0.2.2.80 > 192.0.2.1.40000: Flags [S.], seq 5000, ack 1001, win 64240, options [mss 1460], length 0
12:00:00.010100 IP 192.0.2.1.40000 > 192.0.2.2.80: Flags [.], ack 5001, win 64240, length 0
a remark
12:00:00.020000 IP 192.0.2.1.40000 > 192.0.2.2.80: Flags [R.], seq 1001, ack 5001, win 64240, length 0
"""


def test_annotate_is_lazy() -> None:
    """It reads no further than asked: the first explanation needs the first line only."""
    read = []

    def lines() -> Iterator[str]:
        for line in LOG.splitlines(keepends=True):
            read.append(line)
            yield line

    first = next(tdparse.annotate(lines()))
    assert len(read) == 1
    assert (first.step, first.client.after.state, str(first.segment)) == (
        "handshake.syn",
        tdparse.State.SYN_SENT,
        LOG.splitlines()[0],
    )


def test_annotate_in_chinese_with_symbols() -> None:
    """Language and numbers are keywords."""
    texts = [item.text for item in tdparse.annotate(LOG.splitlines(), lang="zh", numbers="symbolic")]
    assert (
        texts[1]
        == "服务器端应答：ack=j+1 表示对 SYN 的确认，同时发送自己的 SYN，初始序列号 k，处于 SYN-RECEIVED 状态。"
    )


def test_annotate_async_says_the_same() -> None:
    """An asynchronous reader gets the same explanations."""

    async def lines() -> AsyncIterator[str]:
        for line in LOG.splitlines():
            yield line

    async def run() -> list[tdparse.Annotated]:
        return [item async for item in tdparse.annotate_async(lines())]

    assert asyncio.run(run()) == list(tdparse.annotate(LOG.splitlines()))


def test_load_gives_the_whole_log(tmp_path: Path) -> None:
    """Segments, connections and other lines of a file."""
    path = tmp_path / "x.log"
    path.write_text(LOG)
    trace = tdparse.load(path)
    assert [item.step for item in trace.segments][-1] == "reset.abort"
    assert [summary.verdict for summary in trace.connections] == ["reset_by_client.open"]
    assert [line.raw for line in trace.skipped] == ["a remark"]
    assert trace.to_dicts()[0]["rel_seq"] == 0
    assert "reset_by_client" not in trace._repr_html_()
    assert "Reset by the client before any data" in trace._repr_html_()


@pytest.mark.parametrize("read", [tdparse.annotate, tdparse.parse, tdparse.load])
def test_one_text_is_no_log(read: Callable[[Any], object]) -> None:
    """A text would be read letter by letter, and a name in the place of an open file would explain nothing."""
    with pytest.raises(TypeError, match="lines"):
        read(LOG.encode())
    if read is not tdparse.load:  # which takes a name
        with pytest.raises(TypeError, match="lines"):
            read(LOG)


def test_a_file_that_cannot_be_read_is_an_error_of_its_own(tmp_path: Path) -> None:
    """TdparseError names the file."""
    with pytest.raises(tdparse.TdparseError, match="missing"):
        tdparse.load(tmp_path / "missing.log")


def test_nothing_of_a_log_reaches_a_notebook_unescaped() -> None:
    """Neither markup nor what moves a cursor, turns the writing direction or is there without being seen."""
    hostile = "<script>alert(1)</script>\x1b[2J\u202e\u200b\x9b"
    line = LOG.splitlines()[0].replace(" > ", f"{hostile} > ", 1)
    trace = tdparse.load([line + f": {hostile}", line], numbering="absolute")
    values: list[Any] = [trace, *trace.connections, *trace.segments, *(item.segment for item in trace.segments)]
    for value in values:
        shown = value._repr_html_()
        assert "&lt;script&gt;alert(1)&lt;/script&gt;\\x1b[2J\\u202e\\u200b\\x9b" in shown
        assert not ACTS.search(shown + repr(value))
    of_two_lines = LOG.splitlines()[0].replace(
        "IP ", "IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 60)\n    "
    )
    (segment,) = tdparse.parse([*of_two_lines.split("\n")])
    assert segment._repr_html_().count("\n") == 1  # type: ignore[union-attr]


def test_every_public_name_exists() -> None:
    """`__all__` is the contract, and `dir` shows it."""
    assert all(getattr(tdparse, name) is not None for name in tdparse.__all__)
    assert sorted(dir(tdparse)) == sorted(tdparse.__all__)
    with pytest.raises(AttributeError):
        _ = tdparse.nothing


def test_importing_brings_no_terminal() -> None:
    """`import tdparse`, and explaining with it, imports no terminal, server or table library, nor the grammar."""
    program = f"""
import sys, tdparse
from tdparse import *
list(tdparse.annotate({LOG.splitlines()!r}))
tdparse.load({LOG.splitlines()!r}).to_dicts()
print([name for name in {HEAVY!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_importing_is_as_good_as_free() -> None:
    """Measured against an interpreter that does nothing, so that a slow machine is no excuse and no cause."""
    importing, nothing = (
        partial(subprocess.run, [sys.executable, "-c", program], check=True) for program in ("import tdparse", "pass")
    )
    assert times(importing, nothing, 4) < 4


def test_no_module_hides_a_public_name() -> None:
    """A module that is imported becomes an attribute of the package: `tdparse.parse` must stay the function."""
    modules = {module.name for module in pkgutil.iter_modules(tdparse.__path__)}
    assert not modules & set(tdparse.__all__)


def test_octets_are_lines_too(demo: Path) -> None:
    """A file opened for octets, and the reader of an asyncio process, give what text gives."""
    log = (demo / "http.log").read_bytes()
    text = [item.text for item in tdparse.annotate(log.decode().splitlines())]
    assert [item.text for item in tdparse.annotate(log.splitlines(keepends=True))] == text

    async def run() -> list[str]:
        reader = asyncio.StreamReader()
        reader.feed_data(log)
        reader.feed_eof()
        return [item.text async for item in tdparse.annotate_async(reader)]

    assert asyncio.run(run()) == text
    assert [item.text for item in tdparse.load(log.splitlines()).segments] == text


def test_a_line_may_keep_its_newline() -> None:
    """As a file gives it; the record does not hold it."""
    line = LOG.splitlines()[0]
    for end in ("", "\n", "\r\n"):
        assert str(tdparse.parse_line(line + end)) == line


@pytest.mark.parametrize("option", [{"lang": "de"}, {"numbers": "roman"}, {"numbering": "none"}])
def test_an_option_that_does_not_exist_is_told_at_once(option: dict[str, Any]) -> None:
    """Before anything is read, with what there is."""
    (name,) = option
    for offered in ("annotate", "annotate_async", "load"):
        with pytest.raises(ValueError, match=f"{name}='.*' is none of"):
            getattr(tdparse, offered)([], **option)


def test_a_tracker_tells_every_connection_once() -> None:
    """`connections` shows how all stand and changes nothing; what `ended` has taken is gone."""
    tracker = tdparse.Tracker(lang="zh")
    lines = LOG.splitlines()
    later = lines[0].replace("12:00", "13:00").replace("40000", "40001")
    for item in tdparse.parse([*lines, later]):
        if isinstance(item, tdparse.Segment):
            tracker.feed(item)
    verdicts = [(connection.conn, connection.verdict) for connection in tracker.connections()]
    assert verdicts == [(1, "reset_by_client.open"), (2, "no_answer")]
    assert [connection.conn for connection in tracker.connections()] == [1, 2]
    assert [connection.conn for connection in tracker.ended()] == [1]
    (left,) = tracker.connections()
    assert (left.conn, left.text) == (2, tdparse.load([later], lang="zh").connections[0].text)
    assert tracker.ended() == []


def test_findings_have_sentences_of_their_own() -> None:
    """The step's sentence first, as `explain` gives them; and a notebook shows both."""
    syn = LOG.splitlines()[0]
    _, item = tdparse.annotate([syn, syn.replace("12:00:00", "12:00:01")])
    assert item.sentences[0] == item.text
    assert len(item.sentences) == 1 + len(item.findings) == 2
    assert tdparse.explain(item.details).sentences() == item.sentences
    assert item.sentences[1].partition("'")[0] in item._repr_html_()


def test_every_kind_of_value_shows_itself_in_a_notebook(demo: Path) -> None:
    """A trace, a connection, an explained segment and a bare one."""
    trace = tdparse.load(demo / "refused.log")
    for value in (trace, trace.connections[0], trace.segments[0], trace.segments[0].segment):
        assert "127.0.0.1" in value._repr_html_()
    assert "ss -ltnp" in trace.connections[0]._repr_html_()


def test_a_connection_keeps_its_language_and_its_log_in_another_process(demo: Path) -> None:
    """Copies are whole."""
    (connection,) = tdparse.load(demo / "refused.log", lang="zh").connections
    copy = pickle.loads(pickle.dumps(connection))  # noqa: S301 - our own octets
    assert (copy, copy.text, copy.lang) == (connection, connection.text, "zh")
    assert copy.to_dict() == connection.to_dict()


def test_tables_of_connections(demo: Path) -> None:
    """As dictionaries and as Arrow, with the columns of the files."""
    trace = tdparse.load(demo / "http.log")
    (row,) = trace.to_dicts("connections")
    assert (row["source"], row["verdict"]) == (str(demo / "http.log"), "complete.clean")
    assert row == trace.connections[0].to_dict()
    pytest.importorskip("pyarrow")
    assert trace.to_arrow("connections").column("verdict").to_pylist() == ["complete.clean"]
    assert trace.to_arrow().num_rows == 13
    with pytest.raises(ValueError, match="'segments', 'connections'"):
        trace.to_dicts("others")  # type: ignore[arg-type]
