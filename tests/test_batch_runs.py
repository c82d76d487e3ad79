"""Batches of many logs: continued after any end, beside each other, with a report that counts rightly."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from conftest import PACKAGE, ROOT, TDEXPLAIN, Done, Program, started

from tdparse.ledger import NAME

SOURCES = sorted((PACKAGE / "demo").glob("*.log")) + sorted((ROOT / "fixtures" / "captures").glob("*/*.log"))
REJECTED = b"10:00:00.000000 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq x, win 9, length 0\n"
SEGMENT = b"10:00:00.000001 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 7, win 9, length 0"
PACK: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}
UNPACK: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.decompress, "bz2": bz2.decompress, "xz": lzma.decompress}


def tree(folder: Path, *, ledger: bool = True) -> dict[str, bytes]:
    """Return every file below a folder with its content, hidden ones too."""
    found = {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    if not ledger:
        found.pop(NAME, None)
    return found


def logs(folder: Path, count: int) -> tuple[int, int]:
    """Make `count` logs in a few folders, some compressed, some broken; return how many are whole, and how many not."""
    texts = [source.read_bytes() for source in SOURCES]
    broken = 0
    for number in range(count):
        text = texts[number % len(texts)] * (1 + number % 3)
        path = folder / f"{number % 7}" / f"{number:04}.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        kind = ["plain", "plain", "plain", "rejected", "gz", "xz", "bz2", "no end", "plain", "cut", "binary"][
            number % 11
        ]
        if kind in PACK:
            path.with_suffix(f".log.{kind}").write_bytes(PACK[kind](text))
        elif kind == "cut":
            broken += 1
            path.with_suffix(".log.gz").write_bytes(gzip.compress(text)[:-20])
        elif kind == "binary":
            broken += 1
            path.write_bytes(bytes(range(256)) * 9)
        else:
            path.write_bytes({"rejected": REJECTED + text, "no end": text.rstrip(b"\n")}.get(kind, text))
    return count - broken, broken


def report(path: Path) -> dict[str, object]:
    """Return a report without what differs between a first run and a later one."""
    found: dict[str, object] = json.loads(path.read_text())
    assert isinstance(found["logs"], dict)
    found["logs"].pop("finished_before")
    return found


@pytest.mark.parametrize("form", ["text", "jsonl", "tsv", "markdown", "html", "parquet"])
def test_two_processes_write_what_one_writes(program: Program, tmp_path: Path, form: str) -> None:
    """Copies, ledger, report and words are the same byte for byte; nothing else is left."""
    if form == "parquet":
        pytest.importorskip("pyarrow")
    whole, broken = logs(tmp_path / "in", 33 if form == "text" else 11)
    done = {}
    for jobs in ("1", "2"):
        options = ["-f", form, "-j", jobs, "-o", tmp_path / jobs, "--report", tmp_path / f"{jobs}.json"]
        done[jobs] = program("annotate", "in", *options, cwd=tmp_path)
    assert done["1"].err == done["2"].err
    assert done["1"].code == done["2"].code == 3
    written = tree(tmp_path / "1")
    assert written == tree(tmp_path / "2")
    assert len(written) == whole + 1
    assert (tmp_path / "1.json").read_bytes() == (tmp_path / "2.json").read_bytes()
    found = report(tmp_path / "1.json")
    assert found["logs"] == {"found": whole + broken, "done": whole, "failed": broken, "left": 0}


def test_the_report_counts_what_the_copies_hold(program: Program, tmp_path: Path) -> None:
    """Each number is that of the JSON lines of the same logs; rejected lines have their places, failures their names."""
    whole, broken = logs(tmp_path / "in", 55)
    program("annotate", "in", "-f", "jsonl", "-o", "out", "--report", "r.json", cwd=tmp_path)
    found = report(tmp_path / "r.json")
    copies = sorted((tmp_path / "out").rglob("*.jsonl"))
    records = [json.loads(line) for copy in copies if copy.name != NAME for line in copy.read_text().splitlines()]
    kinds = [record["record"] for record in records]
    assert kinds.count("log") == whole
    assert found["segments"] == kinds.count("segment")
    assert found["connections"] == kinds.count("connection")
    verdicts = [record["verdict"] for record in records if record["record"] == "connection"]
    assert found["verdicts"] == {code: verdicts.count(code) for code in sorted(set(verdicts))}
    skipped = [record for record in records if record["record"] == "skipped"]
    assert found["lines"] == sum(record["lines"] for record in records if record["record"] == "summary")
    assert isinstance(found["rejected"], list)
    rejected = [(r["source"], r["line"], r["column"]) for r in skipped if r["kind"] == "rejected"]
    assert [(r["log"], p["line"], p["column"]) for r in found["rejected"] for p in r["places"]] == rejected
    assert len(rejected) == 5
    assert isinstance(found["failures"], list)
    assert len(found["failures"]) == broken


def test_a_second_run_does_what_is_missing(program: Program, tmp_path: Path) -> None:
    """Finished logs are not touched; changed, new and damaged ones are done; the report is that of the whole."""
    logs(tmp_path / "in", 22)
    once = program("annotate", "in", "-o", "out", "--report", "1.json", "--fail-on", "refused", cwd=tmp_path)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.log")}
    changed = tmp_path / "in" / "0" / "0000.log"
    changed.write_bytes(changed.read_bytes() + SEGMENT + b"\n")
    (tmp_path / "out" / "1" / "0001.log").unlink()
    cut = tmp_path / "out" / "2" / "0002.log"
    cut.write_bytes(cut.read_bytes()[:-9])
    again = program("annotate", "in", "-o", "out", "--report", "2.json", "--fail-on", "refused", cwd=tmp_path)
    done = {
        str(path.relative_to(tmp_path / "out"))
        for path in (tmp_path / "out").rglob("*.log")
        if path.stat().st_mtime_ns != before.get(path)
    }
    assert done == {"0/0000.log", "1/0001.log", "2/0002.log"}
    assert again.code == once.code == 3
    assert "finished before and unchanged: 15;" in again.err
    reports = [json.loads((tmp_path / f"{n}.json").read_text()) for n in (1, 2)]
    assert reports[1]["segments"] == reports[0]["segments"] + 1
    assert reports[1]["rejected"] == reports[0]["rejected"]
    assert program("annotate", "in", "-o", "new", cwd=tmp_path).code == 3
    assert tree(tmp_path / "out", ledger=False) == tree(tmp_path / "new", ledger=False)


def test_another_way_of_making_copies_makes_them_again(program: Program, tmp_path: Path, demo: Path) -> None:
    """Language, numbers, --fail-on: what was made otherwise is not finished; --force does all again."""
    log = demo / "refused.log"
    program("annotate", log, "-o", tmp_path)
    assert "unchanged: 1;" in program("annotate", log, "-o", tmp_path).err
    for options in (["-l", "zh"], ["-n", "absolute"], ["--fail-on", "refused"], ["--force"]):
        assert "unchanged" not in program("annotate", log, "-o", tmp_path, *options).err.replace("未变化", "unchanged")
    failing = [program("annotate", log, "-o", tmp_path, "--fail-on", "refused") for _ in range(2)]
    assert [done.code for done in failing] == [1, 1]
    assert "unchanged: 1;" in failing[1].err


def test_killed_runs_are_continued(program: Program, tmp_path: Path) -> None:
    """Kill -9 at random moments, of all processes or the first alone; run again, the folder is that of an undisturbed run."""
    logs(tmp_path / "in", 44)
    begun = time.monotonic()
    program("annotate", "in", "-j", "2", "-o", "undisturbed", "--report", "1.json", cwd=tmp_path)
    seconds = time.monotonic() - begun
    killed = 0
    for number in range(4):  # twenty moments: make test-batch
        command = [*TDEXPLAIN, "annotate", "in", "-j", "2", "-o", "out"]
        with started(command, cwd=tmp_path, stderr=subprocess.DEVNULL, start_new_session=True) as process:
            time.sleep(random.SystemRandom().uniform(0.3, 0.9) * seconds / (number + 1))
            if number % 2:
                process.kill()
            elif process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            killed += process.wait(timeout=60) == -signal.SIGKILL
    assert killed
    program("annotate", "in", "-j", "2", "-o", "out", "--report", "2.json", cwd=tmp_path)
    assert tree(tmp_path / "out") == tree(tmp_path / "undisturbed")
    assert report(tmp_path / "1.json") == report(tmp_path / "2.json")


def test_runs_beside_each_other_do_no_harm(tmp_path: Path) -> None:
    """Three at once on one folder: each succeeds, and the folder is that of one."""
    logs(tmp_path / "in", 40)
    commands = [[*TDEXPLAIN, "annotate", "in", "-j", "2", "-o", name] for name in ("out", "out", "out", "one")]
    with ExitStack() as stack:
        running = [stack.enter_context(started(command, cwd=tmp_path, stderr=subprocess.PIPE)) for command in commands]
        told = [process.communicate(timeout=120)[1] for process in running]
    assert [process.returncode for process in running] == [3] * 4, told
    assert b"Traceback" not in b"".join(told)
    assert tree(tmp_path / "out") == tree(tmp_path / "one")


def test_a_process_that_is_killed_takes_one_log_along(tmp_path: Path, demo: Path) -> None:
    """The others are done, the one is named, exit 3."""
    (tmp_path / "in").mkdir()
    for number in range(12):
        shutil.copy(demo / "http.log", tmp_path / "in" / f"{number:02}.log")
    script = (
        "import os, signal, tdparse.batch as b; annotate = b.annotate\n"
        "def deadly(task, *rest):\n"
        "    if task.name.endswith('05.log'): os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return annotate(task, *rest)\n"
        "b.annotate = deadly; from tdparse.entry import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "annotate", "in", "-j", "2", "-o", "out"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 3
    assert b"05.log: the process that worked on it was killed" in done.stderr
    assert sorted(tree(tmp_path / "out", ledger=False)) == [f"{n:02}.log" for n in range(12) if n != 5]


# ------------------------------------------------------------------ which logs


def test_filters_globs_and_lists(program: Program, tmp_path: Path, demo: Path) -> None:
    """Folders by --include and --exclude, quoted globs, lists with newlines or NUL; never hidden files or backups."""
    for name in ("a/x.log", "a/y.txt", "a/b/z.log", "a/.hidden/h.log", "a/x.log~", "c d/x.log"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(demo / "refused.log", path)

    def done(*arguments: str, given: bytes = b"") -> list[str]:
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        assert program("annotate", *arguments, "-o", "out", cwd=tmp_path, given=given).code == 0
        return list(tree(tmp_path / "out", ledger=False))

    assert done("a") == ["b/z.log", "x.log", "y.txt"]
    assert done("a", "--include", "*.log") == ["b/z.log", "x.log"]
    assert done("a", "--include", "*.log", "--exclude", "b/*") == ["x.log"]
    assert done("a/*.log", "a/**/z.log") == ["x.log", "z.log"]
    assert done("--files-from", "-", given=b"a/x.log\nc d/x.log\n") == ["a/x.log", "c d/x.log"]
    assert done("--files-from", "-", given=b"c d/x.log\0./a/b/../x.log\0") == ["a/x.log", "c d/x.log"]
    (tmp_path / "list").write_bytes(b"a\r\n")
    assert done("--files-from", "list") == ["b/z.log", "x.log", "y.txt"]
    # Copies below a folder are no logs of it.
    shutil.rmtree(tmp_path / "out")
    assert program("annotate", ".", "-o", "a/out", cwd=tmp_path).code == 0
    assert program("annotate", ".", "-o", "a/out", cwd=tmp_path).code == 0
    below = list(tree(tmp_path / "a" / "out", ledger=False))
    assert below == ["a/b/z.log", "a/x.log", "a/y.txt", "c d/x.log", "list"]


@pytest.mark.parametrize("packing", ["gz", "bz2", "xz", "zst"])
def test_compressed_copies(program: Program, tmp_path: Path, demo: Path, packing: str) -> None:
    """The same copy, compressed; read again it stays as it is."""
    program("annotate", demo / "http.log", "-o", tmp_path / "plain")
    done = program("annotate", demo / "http.log", "--compress", packing, "-o", tmp_path / "1")
    assert done.code == 0
    packed = tmp_path / "1" / f"http.log.{packing}"
    if packing in UNPACK:
        assert UNPACK[packing](packed.read_bytes()) == (tmp_path / "plain" / "http.log").read_bytes()
    program("annotate", packed, "--compress", packing, "-o", tmp_path / "2")
    assert (tmp_path / "2" / packed.name).read_bytes() == packed.read_bytes()


@pytest.mark.parametrize("packing", ["", "gz"])
def test_in_place_keeps_the_log(program: Program, tmp_path: Path, demo: Path, packing: str) -> None:
    """As NAME~, once; a second run changes nothing; a log that has grown is kept under another name."""
    text = (demo / "refused.log").read_bytes()
    log = tmp_path / ("x.log.gz" if packing else "x.log")
    log.write_bytes(gzip.compress(text) if packing else text)
    log.chmod(0o640)
    before = log.read_bytes()
    program("annotate", demo / "refused.log", "-o", tmp_path / "out")
    copy = (tmp_path / "out" / "refused.log").read_bytes()
    for _ in range(2):
        assert program("annotate", "--in-place", log).code == 0
        assert (gzip.decompress(log.read_bytes()) if packing else log.read_bytes()) == copy
        assert {path.name for path in tmp_path.iterdir()} == {log.name, f"{log.name}~", "out"}
    assert (tmp_path / f"{log.name}~").read_bytes() == before
    assert log.stat().st_mode & 0o777 == 0o640
    if not packing:
        grown = copy + text
        log.write_bytes(grown)
        assert program("annotate", "--in-place", tmp_path, "--exclude", "out/*").code == 0
        assert (tmp_path / "x.log.~1~").read_bytes() == grown
        assert (tmp_path / "x.log~").read_bytes() == before


def test_in_place_goes_through_links(program: Program, tmp_path: Path, demo: Path) -> None:
    """The link stays one, the log behind it is annotated; a capture has no place for comments."""
    shutil.copy(demo / "refused.log", tmp_path / "x.log")
    (tmp_path / "link").symlink_to("x.log")
    assert program("annotate", "--in-place", tmp_path / "link").code == 0
    assert (tmp_path / "link").is_symlink()
    assert b"#td>" in (tmp_path / "x.log").read_bytes()
    (tmp_path / "x.pcap").write_bytes(b"\xd4\xc3\xb2\xa1" + bytes(20))
    done = program("annotate", "--in-place", tmp_path / "x.pcap")
    assert (done.code, "has no text to write into" in done.err) == (3, True)


def test_a_last_line_without_newline_stays_without(program: Program, tmp_path: Path) -> None:
    """The copy of such a log ends in the same way, and annotated again it is the same."""
    for octets in (SEGMENT, SEGMENT + b"\nremark", b"prose", "\ufeffprose".encode("utf-16-le")):
        log = tmp_path / "x"
        log.write_bytes(octets)
        for number in ("1", "2"):
            program("annotate", log, "-o", tmp_path / number)
            log = tmp_path / number / "x"
        assert not log.read_bytes().endswith((b"\n", b"\n\0"))
        assert log.read_bytes() == (tmp_path / "1" / "x").read_bytes()
        if b"prose" in octets:
            assert log.read_bytes() == octets


# ------------------------------------------------------------------ disks


def failing(done: Done, where: str) -> None:
    """Assert that an output could not be written, and that this was told in a line with its name."""
    assert done.code == 3, done.err
    assert "Traceback" not in done.err
    assert f"{where}" in done.err
    assert "cannot be written" in done.err


def test_a_full_disk(program: Program, tmp_path: Path, demo: Path) -> None:
    """Told for each copy that has no room; those before it are whole, and no half one is left."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], check=False, capture_output=True
    ).returncode:
        pytest.skip("no small disk can be mounted here (that needs root)")
    try:
        (tmp_path / "in").mkdir()
        for number in range(40):
            (tmp_path / "in" / f"{number:02}.log").write_bytes((demo / "http.log").read_bytes() * 5)
        done = program("annotate", tmp_path / "in", "-o", disk, "-j", "2")
        failing(done, f"{disk}/39.log: cannot be written (no space left on device)")
        program("annotate", tmp_path / "in", "-o", tmp_path / "out")
        written, whole = tree(disk, ledger=False), tree(tmp_path / "out", ledger=False)
        assert 3 < len(written) < 40
        assert all(whole[name] == octets for name, octets in written.items())
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.parametrize("make", ["file", "forbidden", "read-only"])
def test_a_folder_that_takes_no_file(program: Program, tmp_path: Path, demo: Path, make: str) -> None:
    """Clear words, once, exit 3, and nothing of what was there is touched."""
    folder = tmp_path / "out"
    if make == "file":
        folder.write_text("not a folder")
    elif make == "forbidden":
        folder.mkdir(mode=0o555)
        if os.geteuid() == 0:
            pytest.skip("root may write everywhere")
    else:
        folder.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], check=False, capture_output=True).returncode:
            pytest.skip("no disk can be mounted here (that needs root)")
    try:
        if make == "read-only":
            assert program("annotate", demo / "http.log", "-o", folder).code == 0
            subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        before = folder.read_bytes() if make == "file" else tree(folder)
        done = program("annotate", demo, "-o", folder)
        failing(done, str(folder))
        assert done.err.count("\n") == 1
        assert before == (folder.read_bytes() if make == "file" else tree(folder))
    finally:
        if make == "read-only":
            subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["x", "--in-place", "-o", "y"],
        ["x", "--in-place", "-f", "csv"],
        ["x", "--compress", "gz"],
        ["x", "--force"],
        ["x", "-f", "parquet", "-o", "y", "--compress", "gz"],
    ],
    ids=" ".join,
)
def test_what_does_not_go_together_is_wrong_usage(program: Program, options: list[str]) -> None:
    """Nothing is done."""
    assert program("annotate", *options).code == 2


@pytest.mark.parametrize(
    ("options", "report", "said"),
    [
        (("logs", "-o", "copies"), "logs/x.log", "logs/x.log: the output would replace the log itself"),
        (("logs", "--in-place"), "logs/x.log", "logs/x.log: the output would replace the log itself"),
        (("--files-from", "list", "-o", "copies"), "list", "list: the output would replace the log itself"),
        (("logs", "-o", "copies"), "copies/x.log", "copies/x.log and logs/x.log would be written to the same file"),
    ],
    ids=["a log", "a log in place", "the list", "a copy"],
)
def test_no_report_replaces_a_log_or_its_copy(
    program: Program, tmp_path: Path, demo: Path, options: tuple[str, ...], report: str, said: str
) -> None:
    """A name too many must not cost a log; wrong usage, and nothing is done."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "x.log").write_bytes((demo / "refused.log").read_bytes())
    (tmp_path / "list").write_text("logs/x.log\n")
    before = tree(tmp_path)
    done = program("annotate", *options, "--report", report, cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert tree(tmp_path) == before


def test_a_report_goes_to_standard_output_for_a_hyphen(program: Program, tmp_path: Path, demo: Path) -> None:
    """As every output; the program of a pipe reads it there, and no file gets that name."""
    done = program("annotate", demo / "refused.log", "-o", "copies", "--report", "-", cwd=tmp_path)
    assert (done.code, json.loads(done.out)["verdicts"]) == (0, {"refused": 1})
    assert [path.name for path in tmp_path.iterdir()] == ["copies"]


def test_memory_grows_with_neither_lines_nor_logs(tmp_path: Path, demo: Path) -> None:
    """A log of twenty times the length takes hardly more memory; the worker's peak is looked at."""
    text = (demo / "http.log").read_bytes()
    peaks = []
    for times in (50, 1000):
        log = tmp_path / f"{times}.log"
        log.write_bytes(text * times)
        script = (
            "import resource, sys; from tdparse.cli import app; app(standalone_mode=False)\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        done = subprocess.run(
            [sys.executable, "-c", script, "annotate", str(log), "-o", str(tmp_path / "out")],
            capture_output=True,
            check=False,
            text=True,
            timeout=120,
        )
        peaks.append(int(done.stdout.split()[-1]))
    assert peaks[1] < peaks[0] + 20_000  # KiB
