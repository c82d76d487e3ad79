"""Annotated copies: the log untouched, comments around it, and nothing half-written whatever happens."""

from __future__ import annotations

import gzip
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
from conftest import CORPUS, PACKAGE, ROOT, TDEXPLAIN, Program, started, wait_for
from hypothesis import given
from hypothesis import strategies as st

from tdparse.batch import MARK, Style, annotate
from tdparse.discover import Task
from tdparse.ledger import NAME

STYLE = Style("text", "en", "relative", "auto")
LOGS = sorted((PACKAGE / "demo").glob("*.log")) + sorted((ROOT / "fixtures" / "captures").glob("*/*.log"))
SEGMENT = b"10:00:00.000001 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 7, win 9, length 0"


def without_comments(copy: bytes) -> bytes:
    """Return a copy's lines but those that are ours."""
    return b"".join(line for line in copy.splitlines(keepends=True) if not line.startswith(MARK.encode()))


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder with its content."""
    found = {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    found.pop(NAME, None)
    return found


def twice(folder: Path, octets: bytes) -> tuple[bytes, bytes]:
    """Return the annotated copy of a log, and the annotated copy of that copy."""
    log, once, again = folder / "x.log", folder / "1" / "x.log", folder / "2" / "x.log"
    log.write_bytes(octets)
    for task in (Task(str(log), once), Task(str(once), again)):
        assert annotate(task, STYLE, lambda _octets, _lines: False).trouble is None
    return once.read_bytes(), again.read_bytes()


@pytest.mark.parametrize("log", LOGS, ids=lambda log: f"{log.parent.name}-{log.name}")
def test_a_copy_holds_its_log_and_stays_as_it_is(log: Path, tmp_path: Path) -> None:
    """Without our comments the copy is the log, byte for byte; annotated again it is itself."""
    once, again = twice(tmp_path, log.read_bytes())
    assert without_comments(once) == log.read_bytes()
    assert once == again
    assert once.count(MARK.encode()) > 2


def test_copies_of_strangers_logs_stay_as_they_are(tmp_path: Path) -> None:
    """The same for every log people pasted, with its remarks, quotes and broken lines."""
    logs = sorted(CORPUS.glob("notes/*.log")) + sorted(CORPUS.glob("pasted/*.log"))
    if not logs:
        pytest.skip(f"{CORPUS} is not there")
    for log in logs:
        once, again = twice(tmp_path, log.read_bytes())
        assert without_comments(once).rstrip(b"\n") == log.read_bytes().rstrip(b"\n"), log
        assert once == again, log


pieces = st.sampled_from(
    [
        SEGMENT,
        SEGMENT.replace(b"[S]", b"[R]"),
        SEGMENT + b"\r",
        b"# remark",
        b"",
        b"caf\xe9 \xff\xfe",
        "三次".encode(),
        b"\r",
    ]
)


@given(lines=st.lists(pieces, max_size=12))
def test_any_log_is_copied_untouched(lines: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Line ends, foreign comments, undecodable bytes: all of it stays."""
    log = b"".join(line + b"\n" for line in lines)
    once, again = twice(tmp_path_factory.mktemp("copy"), log)
    assert without_comments(once) == log
    assert once == again


def test_a_copy_keeps_line_ends_and_encoding(tmp_path: Path) -> None:
    """A Windows log in UTF-16 stays one, comments included."""
    log = b"\xff\xfe" + (SEGMENT.decode() + "\r\n").encode("utf-16-le")
    once, again = twice(tmp_path, log)
    assert once.startswith(log)
    assert once == again
    comments = once[len(log) :].decode("utf-16-le").splitlines(keepends=True)
    assert comments
    assert all(line.startswith(MARK) and line.endswith("\r\n") for line in comments)


def test_comments_follow_the_lines_of_their_record(tmp_path: Path) -> None:
    """A record of two lines, and a dump, are not torn apart."""
    record = [
        b"10:00:00.000001 IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 40)",
        b"    10.0.0.1.5 > 10.0.0.2.80: Flags [S], cksum 0x1234 (correct), seq 7, win 9, length 0",
        b"\t0x0000:  4500 0028 0001 4000 4006 0000 0a00 0001  E..(..@.@.......",
    ]
    once, again = twice(tmp_path, b"\n".join(record) + b"\n")
    assert once.startswith(b"\n".join(record) + b"\n" + MARK.encode())
    assert once == again


def test_every_reader_that_skips_comments_still_reads_a_copy(program: Program, tmp_path: Path, demo: Path) -> None:
    """Ours does: the same segments, with the same steps and numbers."""
    assert program("annotate", demo / "http.log", "-o", tmp_path).code == 0
    found = [program("-f", "jsonl", path).out for path in (demo / "http.log", tmp_path / "http.log")]
    steps = [re.findall(r'"rel_seq":.*?"step":"[a-z_.]+"', text) for text in found]
    assert steps[0] == steps[1]
    assert len(steps[0]) == 13


def test_many_processes_write_the_same_copies(program: Program, tmp_path: Path) -> None:
    """-j 1 and -j 3 differ in nothing, and nothing is left beside the copies."""
    folder = ROOT / "fixtures" / "captures"
    one, three = (program("annotate", folder, "-j", jobs, "-o", tmp_path / jobs) for jobs in ("1", "3"))
    assert one.err == three.err
    assert one.code == three.code
    written = tree(tmp_path / "1")
    assert written == tree(tmp_path / "3")
    assert {name for name in written if name.endswith(".log")} >= {
        str(log.relative_to(folder)) for log in folder.rglob("*.log")
    }


def test_jsonl_copies_get_a_name_of_their_own(program: Program, tmp_path: Path, demo: Path) -> None:
    """The records are those of the command without annotate."""
    assert program("annotate", "-f", "jsonl", demo / "http.log", "-o", tmp_path).code == 0
    assert (tmp_path / "http.log.jsonl").read_text() == program("-f", "jsonl", demo / "http.log").out


def test_without_a_folder_the_copy_goes_to_standard_output(program: Program, tmp_path: Path, demo: Path) -> None:
    """The same bytes as the file would have."""
    program("annotate", demo / "http.log", "-o", tmp_path)
    assert program("annotate", demo / "http.log").raw == (tmp_path / "http.log").read_bytes()


def test_trouble_with_one_log_leaves_the_others(program: Program, tmp_path: Path, demo: Path) -> None:
    """Each gets a line, exit 3; the good ones are there, no half-written file is."""
    (tmp_path / "cut.log.gz").write_bytes(gzip.compress(os.urandom(40_000).hex("\n").encode())[:-9000])
    (tmp_path / "binary").write_bytes(bytes(range(256)) * 9)
    names = [tmp_path / "cut.log.gz", tmp_path / "missing", tmp_path / "binary", demo / "http.log"]
    done = program("annotate", *names, "-o", tmp_path / "out", "-j", "2")
    assert done.code == 3
    assert [line.split(": ")[1] for line in done.err.splitlines()[:3]] == [str(name) for name in names[:3]]
    assert list(tree(tmp_path / "out")) == ["http.log"]


def test_a_folder_without_logs_is_told(program: Program, tmp_path: Path) -> None:
    """An empty folder is trouble, not silence."""
    (tmp_path / "empty").mkdir()
    done = program("annotate", tmp_path / "empty", "-o", tmp_path / "out")
    assert done.code == 3
    assert f"{tmp_path / 'empty'}: no log in this folder" in done.err


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_interrupted_run_leaves_whole_copies_only(tmp_path: Path, demo: Path, jobs: str) -> None:
    """Ctrl-C ends it with 130; what is there is complete, nothing carries a temporary name."""
    source = tmp_path / "in"
    source.mkdir()
    text = (demo / "http.log").read_bytes()
    for number in range(60):
        (source / f"{number:02}.log").write_bytes(text * 40)
    target = tmp_path / "out"
    command = [*TDEXPLAIN, "annotate", str(source), "-o", str(target), "-j", jobs]
    with started(command, stderr=subprocess.PIPE, start_new_session=True) as process:
        wait_for(lambda: target.is_dir() and list(target.glob("*.log")), "no copy is made")
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert b"Traceback" not in err
    written = tree(target)
    assert 0 < len(written) < 60
    assert all(re.fullmatch(r"\d\d\.log", name) for name in written)
    assert len(set(written.values())) == 1
