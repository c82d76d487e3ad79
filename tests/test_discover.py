"""Which logs a batch is about, and that no copy gets in the way of another one or of a log, whatever they are called."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from pathlib import Path

import pytest
from conftest import Program

from tdparse.discover import Collision, Plan, Task, apart, collision, copy_name, listed
from tdparse.ledger import NAME


def copies(folder: Path) -> list[str]:
    """Return what a batch has left in a folder but for its ledger, hidden files too."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.name != NAME)


@pytest.mark.parametrize(
    ("name", "copy"),
    [
        ("x.log", "x.log"),
        ("x.log.gz", "x.log"),
        ("x.txt.XZ", "x.txt"),
        ("x.pcap", "x.pcap.log"),
        ("x.pcap.gz", "x.pcap.log"),
    ],
)
def test_a_copy_is_named_after_its_log(name: str, copy: str) -> None:
    """A packed log's copy is not packed; a capture's copy is text."""
    assert copy_name(name, Plan(Path())) == copy


def targets(names: list[str], plan: Plan) -> list[str]:
    """Return where the copies of some logs go, each first asked for as it is found below `in`."""
    todo = [
        Task(name, plan.folder / Path(name).parent.relative_to("in") / copy_name(Path(name).name, plan))
        for name in names
    ]
    return [str(task.target.relative_to(plan.folder)) for task in apart(todo, plan)]


@pytest.mark.parametrize(
    ("names", "plan", "found"),
    [
        (["x.log", "x.log.gz", "y.log.gz"], Plan(Path("o")), ["x.log", "x.log.gz.log", "y.log"]),
        (["x.log.gz", "x.log.xz"], Plan(Path("o")), ["x.log.gz.log", "x.log.xz.log"]),
        (["x.log", "x.log.gz"], Plan(Path("o"), "jsonl"), ["x.log.jsonl", "x.log.gz.jsonl"]),
        (["x.log", "x.log.gz"], Plan(Path("o"), packing="gz"), ["x.log.gz", "x.log.gz.log.gz"]),
        (["x.pcap", "x.pcap.log"], Plan(Path("o")), ["x.pcap.log.log", "x.pcap.log"]),
        (["x.log", "x.log.gz", "x.log.gz.log"], Plan(Path("o")), ["x.log", "x.log.gz.log.log", "x.log.gz.log"]),
        (["q.gz", "q/x.log"], Plan(Path("o")), ["q.gz.log", "q/x.log"]),
        (["x.log", "x.log"], Plan(Path("o")), ["x.log"]),
        (["a/x.log", "b/x.log"], Plan(Path("o")), ["a/x.log", "b/x.log"]),
    ],
)
def test_copies_that_would_meet_get_names_of_their_own(names: list[str], plan: Plan, found: list[str]) -> None:
    """Those of plain logs keep theirs; one log is done once."""
    assert targets([f"in/{name}" for name in names], plan) == found
    assert len(set(found)) == len(found)


def test_same_names_in_different_folders_keep_the_folders(program: Program, tmp_path: Path, demo: Path) -> None:
    """Of those that would meet, however they are named; the other logs stay where they were to go."""
    for name, log in (("a/x.log", "http"), ("b/x.log", "refused"), ("b/s/y.log", "http"), ("a/z.log", "http")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(demo / f"{log}.log", tmp_path / name)
    for number, names in enumerate((["a", "b"], [str(tmp_path / "a"), "b"], ["a/../a", "./b", "b", "a"])):
        out = tmp_path / f"{number}"
        assert program("annotate", *names, "-o", out, cwd=tmp_path).code == 0
        assert copies(out) == ["a/x.log", "b/x.log", "s/y.log", "z.log"]
        assert b"8081" in (out / "b" / "x.log").read_bytes()


def test_no_copy_replaces_a_log(program: Program, tmp_path: Path, demo: Path) -> None:
    """Neither its own nor a stranger's beside it; told in one line, nothing is written."""
    shutil.copy(demo / "http.log", tmp_path / "x.log")
    (tmp_path / "y.log.gz").write_bytes(gzip.compress((demo / "refused.log").read_bytes()))
    (tmp_path / "y.log").write_text("something else\n")
    for name, words in (("x.log", "replace the log itself"), ("y.log.gz", "would replace y.log")):
        done = program("annotate", name, "-o", ".", cwd=tmp_path)
        assert (done.code, done.err.count("\n")) == (2, 1)
        assert words in done.err
        assert copies(tmp_path) == ["x.log", "y.log", "y.log.gz"]
    assert (tmp_path / "y.log").read_text() == "something else\n"
    (tmp_path / "y.log").unlink()
    for _ in range(2):  # and then it is a copy
        assert program("annotate", "y.log.gz", "-o", ".", cwd=tmp_path).code == 0
    assert b"#td>" in (tmp_path / "y.log").read_bytes()


def test_a_collision_is_found_by_place_not_by_spelling(tmp_path: Path) -> None:
    """`out/x` and `out/../out/x` are one file."""
    todo = [Task("1", tmp_path / "x"), Task("2", tmp_path / "y" / ".." / "x")]
    assert collision(todo, {}) == Collision("1", "same_output", "2")
    assert collision(todo[:1], {}) is None


def test_copies_in_the_folder_of_their_logs_are_no_logs(program: Program, tmp_path: Path, demo: Path) -> None:
    """A second run does what the first has done; but copies made elsewhere can be logs of another run."""
    logs = tmp_path / "in"
    logs.mkdir()
    shutil.copy(demo / "http.log", logs / "x.log")
    for _ in range(2):
        assert program("annotate", "in", "-f", "jsonl", "-o", "in", cwd=tmp_path).code == 0
        assert copies(logs) == ["x.log", "x.log.jsonl"]
    assert program("annotate", "in/x.log", "-o", "out", cwd=tmp_path).code == 0
    for _ in range(2):
        assert program("annotate", "out", "-f", "csv", "-o", "out", cwd=tmp_path).code == 0
        assert copies(tmp_path / "out") == ["x.log", "x.log.csv"]


def test_names_of_every_kind(program: Program, tmp_path: Path, demo: Path) -> None:
    """Newlines, dashes, octets that are no UTF-8, escapes, globs; from a folder, a list, and the command line."""
    text = (demo / "refused.log").read_bytes()
    names = [
        b"new\nline.log",
        b"-dash.log",
        b"--force",
        b"bad\xff\xfe.log",
        b"esc\x1b[31mred.log",
        b"a [b] *.log",
        b"\xe4\xb8\xad.log",
        b"'q\"uote",
        b"a" * 251 + b".log",
        b"#td> x",
    ]
    folder = tmp_path / "in"
    folder.mkdir()
    for name in names:
        (folder / os.fsdecode(name)).write_bytes(text)
    program("annotate", demo / "refused.log", "-o", tmp_path)
    copy = (tmp_path / "refused.log").read_bytes()
    names_given = b"\0".join(b"in/" + name for name in names)
    for number, (arguments, given) in enumerate(
        (
            (["-j", "2", "in"], b""),
            (["--files-from", "-"], names_given),
            (["--", *map(os.fsdecode, names_given.split(b"\0"))], b""),
        )
    ):
        out = f"out{number}"
        done = program("annotate", "-o", out, "--report", "r.json", *arguments, given=given, cwd=tmp_path)
        assert done.code == 0, done.err
        found = tmp_path / out / ("in" if given else "")
        assert {os.fsencode(path.name) for path in found.iterdir()} - {NAME.encode()} == set(names)
        assert all((found / os.fsdecode(name)).read_bytes() == copy for name in names)
        assert json.loads((tmp_path / "r.json").read_text())["logs"]["done"] == len(names)
        again = program("annotate", "-o", out, *arguments, given=given, cwd=tmp_path)
        assert f"unchanged: {len(names)};" in again.err


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_list_is_read_however_it_is_stored(codec: str, end: str) -> None:
    """With the mark of an editor or shell of Windows, and its ends of lines."""
    assert listed(f"a b.log{end}中.log{end}".encode(codec)) == ["a b.log", "中.log"]


def test_what_is_no_log_in_a_folder(program: Program, tmp_path: Path, demo: Path) -> None:
    """Links that lead nowhere or to themselves, damaged and wrong files are named; empty ones are logs; others are done."""
    text = (demo / "http.log").read_bytes()
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "x.log").write_bytes(text)
    (folder / "empty.log").touch()
    (folder / "empty.gz").write_bytes(gzip.compress(b""))
    (folder / "plain.gz").write_bytes(text)  # not packed at all
    (folder / "two.gz").write_bytes(gzip.compress(text) * 2)
    (folder / "wrong.gz").write_bytes(b"\x1f\x8b" + bytes(40))
    (folder / "cut.gz").write_bytes(gzip.compress(text)[:-30])
    (folder / "noise").write_bytes(bytes(range(256)) * 40)
    (folder / "up").symlink_to("..")
    (folder / "itself").symlink_to("itself")
    (folder / "nowhere.log").symlink_to("missing")
    (folder / "link.log").symlink_to("x.log")
    os.mkfifo(folder / "pipe")
    done = program("annotate", "in", "in", "missing.log", "-o", "out", "--report", "r.json", cwd=tmp_path)
    assert done.code == 3
    assert copies(tmp_path / "out") == ["empty", "empty.log", "link.log", "plain", "two", "x.log"]
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["logs"] == {"found": 12, "done": 6, "finished_before": 0, "failed": 6, "left": 0}
    bad = ["in/cut.gz", "in/itself", "in/noise", "in/nowhere.log", "in/wrong.gz", "missing.log"]
    assert [failure["name"] for failure in report["failures"]] == bad
    assert report["segments"] == 13 * 5
    assert (tmp_path / "out" / "two").read_bytes().count(b"Flags [S]") == 2
