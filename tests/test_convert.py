"""`tdexplain convert`: the same log in the other numbering, everything else byte for byte as it was."""

from __future__ import annotations

import gzip
import os
import subprocess
from itertools import product
from pathlib import Path

import pytest
from conftest import CORPUS, TDEXPLAIN, Program, interrupted

SYN = b"10:00:00.000001 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 7000, win 9, length 0"
ANSWER = b"10:00:00.000002 IP 10.0.0.2.80 > 10.0.0.1.5: Flags [S.], seq 90000, ack 7001, win 9, length 0"
ABSOLUTE = b"10:00:00.000003 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [P.], seq 7001:7011, ack 90001, win 9, length 10"
RELATIVE = b"10:00:00.000003 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [P.], seq 1:11, ack 1, win 9, length 10"
# What tcpdump prints for the same packets with -S, and without.
BOTH = {"absolute": [SYN, ANSWER, ABSOLUTE], "relative": [SYN, ANSWER, RELATIVE]}
NOISE = [
    b"tcpdump: listening on eth0, link-type EN10MB (Ethernet), snapshot length 262144 bytes",
    "三次握手 # <b>".encode(),
    b"caf\xe9 \xff\xfe \x1b[31m",
    b"",
    b"\t ",
    b"10:00:00.000001 ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28",
    b"10:00:00.000001 IP 10.0.0.1.53 > 10.0.0.2.53: UDP, length 12",
]


def other(to: str) -> str:
    """Return the numbering a log has that is converted."""
    return "relative" if to == "absolute" else "absolute"


@pytest.mark.parametrize("end", [b"\n", b""], ids=["newline", "no newline"])
@pytest.mark.parametrize("separator", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("to", ["absolute", "relative"])
def test_all_else_stays_byte_for_byte(program: Program, tmp_path: Path, to: str, separator: bytes, end: bytes) -> None:
    """Remarks, other protocols, bytes that are no text, line ends, and whether the last line has one."""
    logs = {}
    for numbering, lines in BOTH.items():
        mixed = [line for pair in zip(NOISE, [*lines, *NOISE[:4]], strict=True) for line in pair]
        logs[numbering] = separator.join([*mixed, *NOISE, lines[-1]]) + end
    path = tmp_path / "x.log"
    path.write_bytes(logs[other(to)])
    done = program("convert", "--to", to, path)
    assert done.raw == logs[to]
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize(
    ("front", "separator"),
    [
        (b"> ", b"\n"),
        (b"  ", b"\n"),
        (b"host1: ", b"\n"),
        (b"x.log:17:", b"\n"),
        (b"# ", b"\r\n"),
        (b"", b" "),
        (b"", b""),
        (b"", b"\r"),
    ],
    ids=["quoted", "indented", "prefix", "found", "comment", "one line", "no separator", "CR"],
)
@pytest.mark.parametrize("to", ["absolute", "relative"])
def test_what_every_command_reads_is_converted(program: Program, to: str, front: bytes, separator: bytes) -> None:
    """A record whose text stands in the log as it was printed, whatever stands around it; several may share a line."""
    logs = {
        numbering: separator.join(front + line for line in [*lines, lines[-1]]) for numbering, lines in BOTH.items()
    }
    done = program("convert", "--to", to, given=logs[other(to)] + b"\n")
    assert done.raw == logs[to] + b"\n"
    assert (done.code, done.err) == (0, "")


def test_a_record_that_is_torn_apart_stays(program: Program) -> None:
    """Its numbers may stand in two lines; what is read is no reason to say that nothing is."""
    given = b"\n".join([*BOTH["relative"][:2], RELATIVE[:75], RELATIVE[75:]]) + b"\n"
    done = program("convert", "--to", "absolute", given=given)
    told = "tdexplain: <stdin>: lines kept as they were because their record is torn apart in the log: 1\n"
    assert (done.raw, done.code, done.err) == (given, 0, told)


def test_a_record_that_somebody_has_shortened_is_converted(program: Program) -> None:
    """Where its numbers stand is known, too, and that one without its ack still has a base subtracted from its seq."""
    short = b"10.0.0.1.5 > 10.0.0.2.80: Flags [P.], seq %s, ack %s, length 10"
    without = b"10.0.0.1.5 > 10.0.0.2.80: Flags [F.], seq %s"
    relative = b"\n".join([SYN, ANSWER, short % (b"1:11", b"1"), without % b"11"])
    absolute = b"\n".join([SYN, ANSWER, short % (b"7001:7011", b"90001"), without % b"7011"])
    assert program("convert", "--to", "absolute", given=relative).raw == absolute
    assert program("convert", "--to", "relative", given=absolute).raw == relative


@pytest.mark.parametrize("to", ["absolute", "relative"])
def test_what_tcpdump_prints_with_and_without_s(program: Program, captures: Path, to: str) -> None:
    """Captures printed both ways turn into each other; a log that is as wanted stays as it is."""
    pairs = [
        (captures / name / f"{numbering}{suffix}.log", captures / name / f"{to}{suffix}.log")
        for name, suffix, numbering in product(("close", "wrap", "loss"), ("", "-vv"), (other(to), to))
    ]
    done = program("convert", "--to", to, *(log for log, _ in pairs))
    assert done.raw == b"".join(wanted.read_bytes() for _, wanted in pairs)


def test_a_pipe_is_as_good_as_a_file(program: Program, captures: Path) -> None:
    """Standard input, compressed or not, and a named pipe give the same: a later line decides for earlier ones."""
    log, wanted = captures / "close" / "relative.log", (captures / "close" / "absolute.log").read_bytes()
    octets = log.read_bytes()
    for given in (octets, gzip.compress(octets)):
        assert program("convert", "--to", "absolute", given=given).raw == wanted
        assert program("convert", "--to", "absolute", "-", given=given).raw == wanted
    command = " ".join(TDEXPLAIN)
    done = subprocess.run(
        ["bash", "-c", f"{command} convert --to absolute <(cat {log}); {command} convert --to absolute < {log}"],
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == wanted * 2


def test_several_logs_stand_one_after_another(program: Program, tmp_path: Path) -> None:
    """Each is a log of its own, as `cat` would show them."""
    for number, numbering in enumerate(("relative", "absolute")):
        (tmp_path / f"{number}.log").write_bytes(b"\n".join(BOTH[numbering]))
    done = program("convert", "--to", "absolute", tmp_path / "0.log", tmp_path / "1.log")
    assert done.raw == b"\n".join(BOTH["absolute"]) * 2


def test_an_output_file_is_written_beside_and_renamed(program: Program, tmp_path: Path, captures: Path) -> None:
    """Even onto the log itself."""
    log = tmp_path / "x.log"
    log.write_bytes((captures / "close" / "relative.log").read_bytes())
    done = program("convert", "--to", "absolute", "-o", log, log)
    assert (done.code, done.out) == (0, "")
    assert log.read_bytes() == (captures / "close" / "absolute.log").read_bytes()
    assert list(tmp_path.iterdir()) == [log]


def test_a_log_in_utf_16_stays_one(program: Program) -> None:
    """The byte order mark and the width of its characters."""
    logs = {to: b"\xff\xfe" + b"\r\n".join(lines).decode().encode("utf-16-le") for to, lines in BOTH.items()}
    assert program("convert", "--to", "relative", given=logs["absolute"]).raw == logs["relative"]


def test_numbers_that_cannot_be_recovered_stay_and_are_told(program: Program, tmp_path: Path) -> None:
    """A line each on standard error: rule and count; the log is written in full."""
    middle = [RELATIVE.replace(b"00.000003", b"00.00000%d" % number) for number in range(4, 7)]
    log = tmp_path / "x.log"
    log.write_bytes(b"\n".join(middle) + b"\n")
    done = program("convert", "--to", "absolute", "--numbering", "relative", log)
    assert done.raw == log.read_bytes()
    assert done.code == 0
    told = f"{log}: lines kept as they were because the number theirs count from was never printed (R33): 3"
    assert done.err == f"tdexplain: {told}\n"


def test_lines_that_could_not_be_read_are_told(program: Program) -> None:
    """They stay as they are; with --strict the run fails."""
    given = b"\n".join([*BOTH["relative"], SYN.replace(b"seq 7000", b"seq -7")]) + b"\n"
    lenient = program("convert", "--to", "absolute", given=given)
    assert lenient.raw == given.replace(RELATIVE, ABSOLUTE)
    assert lenient.err == "tdexplain: <stdin>: lines kept as they were because they could not be read: 1\n"
    assert (lenient.code, program("convert", "--to", "absolute", "--strict", given=given).code) == (0, 1)


@pytest.mark.parametrize(
    ("given", "code", "told"),
    [
        (b"", 4, "<stdin>: empty, nothing to explain"),
        (b"Dear diary", 4, "<stdin>: no TCP segment, nothing to explain; what tcpdump -nn prints is read"),
        (bytes(range(256)) * 9, 3, "<stdin>: binary data, not a text log"),
    ],
    ids=["empty", "prose", "binary"],
)
def test_what_has_no_numbers_is_told(program: Program, given: bytes, code: int, told: str) -> None:
    """Text passes as it is; the exit code says that there was nothing to convert."""
    done = program("convert", "--to", "absolute", given=given)
    assert (done.code, done.err) == (code, f"tdexplain: {told}\n")
    assert done.raw == (given if code == 4 else b"")


def test_ctrl_c_discards_half_an_output_file(tmp_path: Path) -> None:
    """Of a file there is more to come, so what is written must not look whole."""
    log = tmp_path / "x.log"
    log.write_bytes(b"\n".join(BOTH["relative"] * 30_000))
    command = [*TDEXPLAIN, "convert", "--to", "absolute", "-o", str(tmp_path / "out"), str(log)]
    assert interrupted(command, tmp_path / "out") == (130, b"")
    assert list(tmp_path.iterdir()) == [log]


def test_a_full_disk_behind_standard_output_is_told(captures: Path) -> None:
    """One line and exit 3, no traceback."""
    if not os.path.exists("/dev/full"):  # noqa: PTH110 - a device, not a file
        pytest.skip("no /dev/full here")
    command = f"{' '.join(TDEXPLAIN)} convert --to absolute {captures / 'close' / 'relative.log'} > /dev/full"
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=False, timeout=60)
    assert done.returncode == 3
    assert done.stderr == b"tdexplain: <stdout>: cannot be written (no space left on device)\n"


def test_logs_of_strangers_pass_through(program: Program) -> None:
    """Whatever people paste: there and back again, every line but those with segments is untouched."""
    logs = sorted(CORPUS.glob("pasted/*.log")) + sorted(CORPUS.glob("notes/*.log"))
    if not logs:
        pytest.skip(f"{CORPUS} is not there")
    for to in ("absolute", "relative"):
        given = [log for log in logs if log.stat().st_size]
        done = program("convert", "--to", to, *given)
        assert done.raw.count(b"\n") == sum(log.read_bytes().count(b"\n") for log in given)


def test_records_that_were_cut_or_shortened_are_converted(program: Program) -> None:
    """What stands there of their numbers is changed, what stands for the rest is not."""
    given = [
        "12:00:00.000001 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 100, win 9, options [mss 1460,...], length 0",
        "12:00:00.000002 IP 10.0.0.2.80 > 10.0.0.1.5: Flags [S.], seq 900, ack 101, w",
        "12:00:00.000003 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [P.], seq 1:11, ack 1, win 9, options [nop,nop,",
        "12:00:00.000004 IP 10.0.0.2.80 > 10.0.0.1.5: Flags [.], ack 1, win 9, options [nop,...,sack 1 {5:11}], length 0",
    ]
    wanted = [
        *given[:2],
        given[2].replace("seq 1:11, ack 1", "seq 101:111, ack 901"),
        given[3].replace(", ack 1,", ", ack 101,").replace("{5:11}", "{105:111}"),
    ]
    shown = program("convert", "--to", "absolute", given="\n".join(given).encode())
    assert shown.raw.decode().splitlines() == wanted
