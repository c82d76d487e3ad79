"""The library as its users import it (contract, part 5)."""

from __future__ import annotations

import asyncio
import doctest
import pkgutil
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from conftest import ROOT

import tdparse
from tdparse import library

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

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

    async def run() -> list[library.Annotated]:
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


def test_a_file_that_cannot_be_read_is_an_error_of_its_own(tmp_path: Path) -> None:
    """TdparseError names the file."""
    with pytest.raises(tdparse.TdparseError, match="missing"):
        tdparse.load(tmp_path / "missing.log")


def test_nothing_of_a_log_reaches_a_notebook_unescaped() -> None:
    """HTML in a record is text."""
    line = LOG.splitlines()[2].replace("length 0", "length 5: HTTP: <script>alert(1)</script>")
    (item,) = tdparse.annotate([line])
    assert "<script>" not in item._repr_html_()


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
list(tdparse.annotate({LOG.splitlines()!r}))
print([name for name in ("typer", "rich", "prompt_toolkit", "lark", "pyarrow", "click") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # the example leaves its file to the interpreter
def test_the_readme_uses_it_truly(tmp_path: Path, demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The examples of the README print what stands under them."""
    for name in ("http.log", "refused.log"):
        shutil.copy(demo / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    failed, tried = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert tried >= 5
    assert not failed


def test_no_module_hides_a_public_name() -> None:
    """A module that is imported becomes an attribute of the package: `tdparse.parse` must stay the function."""
    modules = {module.name for module in pkgutil.iter_modules(tdparse.__path__)}
    assert not modules & set(tdparse.__all__)
