"""`--merge`: rotated and overlapping logs are explained as the one log they were."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest
from conftest import Program


def stamped(lines: list[str], style: str, start: int) -> list[str]:
    """Return records with times of a style, a second apart, beginning `start` seconds after midnight."""
    shown = []
    for number, line in enumerate(lines):
        second = start + number
        day, second = divmod(second, 86_400)
        clock = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.000001"
        time = {
            "date": f"2024-02-{28 + day} {clock}",
            "clock": clock,
            "epoch": f"{1_700_000_000 + start + number}.000001",
        }
        shown.append(line.replace("10:00:00.000000", time[style]))
    return shown


def records(count: int = 12) -> list[str]:
    """Return the segments of a connection, all at one time."""
    lines = [
        "10:00:00.000000 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 1000, win 9000, length 0",
        "10:00:00.000000 IP 10.0.0.2.80 > 10.0.0.1.5: Flags [S.], seq 5000, ack 1001, win 9000, length 0",
        "10:00:00.000000 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [.], ack 5001, win 9000, length 0",
    ]
    lines += [
        f"10:00:00.000000 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [P.], seq {1001 + number}:{1002 + number}, "
        "ack 5001, win 9000, length 1"
        for number in range(count - 5)
    ]
    return [
        *lines,
        f"10:00:00.000000 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [F.], seq {996 + count}, ack 5001, win 9000, length 0",
        f"10:00:00.000000 IP 10.0.0.2.80 > 10.0.0.1.5: Flags [R.], seq 5001, ack {997 + count}, win 9000, length 0",
    ]


def verdict(program: Program, folder: Path, *names: str) -> tuple[list[str], list[str]]:
    """Return verdicts, and the log lines as they are shown."""
    done = program("--merge", *names, cwd=folder)
    assert done.code == 0, done.err
    return re.findall(r"\[([a-z_.]+)\]$", done.out, re.MULTILINE), [
        line for line in done.out.splitlines() if "Flags [" in line
    ]


@pytest.mark.parametrize("style", ["date", "epoch", "clock"])
def test_rotated_logs_are_one(program: Program, tmp_path: Path, style: str) -> None:
    """A connection goes on from file to file; where times tell, whatever the order on the command line."""
    lines = stamped(records(), style, 36_000)
    (tmp_path / "x.log.2.gz").write_bytes(gzip.compress("\n".join(lines[:4]).encode()))
    (tmp_path / "x.log.1").write_text("\n".join(lines[4:9]) + "\n")
    (tmp_path / "x.log").write_text("\n".join(lines[9:]) + "\n")
    (tmp_path / "whole.log").write_text("\n".join(lines) + "\n")
    whole = program("whole.log", cwd=tmp_path)
    for names in (("x.log.2.gz", "x.log.1", "x.log"), ("x.log", "x.log.1", "x.log.2.gz")):
        merged = program("--merge", *names, cwd=tmp_path)
        assert merged.out == whole.out
    apart = program("connections", "-f", "jsonl", "x.log", "x.log.1", "x.log.2.gz", cwd=tmp_path).out.splitlines()
    one = program("connections", "--merge", "-f", "jsonl", "x.log", "x.log.1", "x.log.2.gz", cwd=tmp_path).out
    assert (len(apart), len(one.splitlines())) == (3, 1)
    assert json.loads(one)["segments"] == 12
    assert json.loads(one)["source"] == "x.log + x.log.1 + x.log.2.gz"


def test_a_time_of_day_passes_midnight(program: Program, tmp_path: Path) -> None:
    """Without dates the order of the command line tells which log is the later one."""
    lines = stamped(records(), "clock", 86_400 - 5)
    (tmp_path / "1").write_text("\n".join(lines[:5]) + "\n")
    (tmp_path / "2").write_text("\n".join(lines[5:]) + "\n")
    assert lines[4][:2] == "23"
    assert lines[5][:2] == "00"
    assert verdict(program, tmp_path, "1", "2")[1] == lines


def test_logs_that_overlap_interleave(program: Program, tmp_path: Path) -> None:
    """Two captures at once; remarks and dumps stay with the record they follow, the order within a log stays."""
    lines = stamped(records(), "date", 60)
    (tmp_path / "even").write_text("# even\n" + "".join(f"{line}\n\t0x0000:  4500 0028\n" for line in lines[::2]))
    (tmp_path / "odd").write_text("# odd\n" + "".join(f"{line}\nremark\n" for line in lines[1::2]))
    verdicts, shown = verdict(program, tmp_path, "odd", "even")
    assert shown == lines
    assert len(verdicts) == 1
    out = program("--merge", "odd", "even", cwd=tmp_path).out
    for line in ("# odd", "# even"):
        assert out.count(line) == 1
    assert out.count("remark") == out.count("0x0000") == 6


def test_logs_without_times_follow_each_other(program: Program, tmp_path: Path) -> None:
    """In the order of the command line; so do logs whose times cannot be compared."""
    lines = [line.removeprefix("10:00:00.000000 ") for line in records()]
    (tmp_path / "1").write_text("\n".join(lines[:5]) + "\n")
    (tmp_path / "2").write_text("\n".join(lines[5:]) + "\n")
    assert verdict(program, tmp_path, "1", "2")[1] == lines
    mixed = [*stamped(records(), "date", 60)[:5], *stamped(records(), "clock", 10)[5:]]
    (tmp_path / "1").write_text("\n".join(mixed[:5]) + "\n")
    (tmp_path / "2").write_text("\n".join(mixed[5:]) + "\n")
    assert verdict(program, tmp_path, "1", "2")[1] == mixed


def test_what_cannot_be_read_does_not_stop_the_others(program: Program, tmp_path: Path) -> None:
    """Each is told in a line; the rest is explained, exit 3."""
    lines = stamped(records(), "date", 60)
    (tmp_path / "1").write_text("\n".join(lines) + "\n")
    (tmp_path / "cut.gz").write_bytes(gzip.compress("\n".join(lines).encode())[:-12])
    done = program("--merge", "missing", "1", "cut.gz", cwd=tmp_path)
    assert done.code == 3
    assert [line.split(": ")[1] for line in done.err.splitlines()] == ["missing", "cut.gz"]
    assert "[refused]" in done.out or "[reset" in done.out or "[complete" in done.out


def test_an_annotated_copy_of_rotated_logs(program: Program, tmp_path: Path) -> None:
    """One copy, named after the newest log, that of the log they were; nothing is written when none can be read."""
    lines = stamped(records(), "clock", 36_000)
    (tmp_path / "x.log.1.gz").write_bytes(gzip.compress("\n".join(lines[:4]).encode() + b"\n"))
    (tmp_path / "x.log").write_text("\n".join(lines[4:]) + "\n")
    (tmp_path / "whole.log").write_text("\n".join(lines) + "\n")
    whole = program("annotate", "whole.log", cwd=tmp_path).raw
    assert program("annotate", "--merge", "x.log.1.gz", "x.log", cwd=tmp_path).raw == whole
    assert program("annotate", "--merge", "x.log.1.gz", "x.log", "-o", "out", cwd=tmp_path).code == 0
    assert (tmp_path / "out" / "x.log").read_bytes() == whole
    assert program("annotate", "--merge", "x.log.1.gz", "x.log", "-o", ".", cwd=tmp_path).code == 2
    for arguments in (["annotate", "--merge", "missing"], ["missing"]):
        (tmp_path / "kept").write_text("kept\n")
        name = "kept" if arguments == ["missing"] else "out"
        assert program(*arguments, "-o", name, cwd=tmp_path).code == 3
        assert (tmp_path / "kept").read_text() == "kept\n"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["x.log"]
