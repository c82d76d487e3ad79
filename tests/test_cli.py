"""The command line: what each command and option does, and how it ends."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import TDEXPLAIN, Program, interrupted, started

REJECTED = "10:00:00.000000 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq x, win 9, length 0\n"
COMMANDS = ["explain", "connections", "annotate", "convert", "why", "repl", "demo"]


def test_a_file_needs_no_command(program: Program, demo: Path) -> None:
    """`tdexplain x.log` and `tdexplain explain x.log` are the same, and so is the log piped in."""
    short, long = program(demo / "http.log"), program("explain", demo / "http.log")
    assert short.code == long.code == 0
    assert short.out == long.out
    assert program(given=(demo / "http.log").read_bytes()).out == short.out
    assert program("-", given=(demo / "http.log").read_bytes()).out == short.out


def test_every_line_is_shown_and_explained(program: Program, demo: Path) -> None:
    """The original lines stand in the output in their order, untouched, each with something under it."""
    lines = (demo / "http.log").read_text().splitlines()
    shown = program(demo / "http.log").out.splitlines()
    places = [shown.index(line) for line in lines]
    assert places == sorted(places)
    assert all(shown[place + 1].startswith("    ") for place in places)
    assert "[complete.clean]" in program(demo / "http.log").out


@pytest.mark.parametrize("command", ["", "-v", "connections", "diagram", "convert --to absolute", "annotate", "quiz"])
def test_what_may_not_be_looked_at_is_as_any_other_that_is_not_there(
    program: Program, tmp_path: Path, command: str
) -> None:
    """A name longer than any can be, such as a record given in place of its log; so are files in somebody's locked folder."""
    record = f"IP 192.0.2.1.40000 > 192.0.2.2.80: Flags [S], seq 7, options [{'nop,' * 80}mss 1460], length 0"
    locked = tmp_path / "locked"
    locked.mkdir(mode=0)
    try:
        for name in (record, locked / "x.log"):
            done = program(*command.split(), name, cwd=tmp_path)
            told = ("file name too long",) if name is record else ("permission denied", "no such file or directory")
            assert done.code == 3
            assert done.err in {f"tdexplain: {name}: {words}\n" for words in told}  # root looks into every folder
    finally:
        locked.chmod(0o700)


@pytest.mark.parametrize(
    ("make", "code", "said"),
    [
        (lambda folder: folder / "missing.log", 3, "no such file or directory"),
        (lambda folder: folder, 3, "is a directory; tdexplain annotate takes those"),
        (lambda folder: _written(folder / "binary", bytes(range(256)) * 9), 3, "binary data, not a text log"),
        (lambda folder: _written(folder / "empty.log", b""), 4, "empty, nothing to explain"),
        (
            lambda folder: _written(folder / "prose.txt", b"Dear diary\n"),
            4,
            "no TCP segment, nothing to explain; what tcpdump -nn prints is read",
        ),
    ],
    ids=["missing", "directory", "binary", "empty", "prose"],
)
@pytest.mark.parametrize("command", [[], ["connections"], ["-f", "jsonl"]], ids=" ".join)
def test_what_cannot_be_explained_gets_one_line(
    program: Program, tmp_path: Path, make: object, code: int, said: str, command: list[str]
) -> None:
    """One clear line on standard error, with the name, and the exit code that tells what it was."""
    assert callable(make)
    path = make(tmp_path)
    done = program(*command, path)
    assert done.err == f"tdexplain: {path}: {said}\n"
    assert done.code == code


def _written(path: Path, octets: bytes) -> Path:
    path.write_bytes(octets)
    return path


def test_one_bad_input_does_not_stop_the_others(program: Program, tmp_path: Path, demo: Path) -> None:
    """The rest is explained; the exit code tells that something is missing."""
    done = program(tmp_path / "missing", demo / "refused.log")
    assert done.code == 3
    assert "[refused]" in done.out


def test_trouble_is_told_in_the_chosen_language(program: Program, tmp_path: Path) -> None:
    """`--lang zh` holds for messages too."""
    assert program("-l", "zh", tmp_path).err == f"tdexplain: {tmp_path}：是一个目录；tdexplain annotate 可处理目录\n"


def test_a_pipe_that_is_closed_early_ends_quietly(demo: Path) -> None:
    """`tdexplain x.log | head -3` shows three lines, no complaint, and succeeds."""
    command = " ".join([*TDEXPLAIN, str(demo / "http.log"), *[str(demo / "http.log")] * 200])
    done = subprocess.run(
        ["bash", "-c", f"{command} | head -3; exit ${{PIPESTATUS[0]}}"], capture_output=True, check=False, timeout=60
    )
    assert done.stdout.decode().count("\n") == 3
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("patterns", ["refused", "ref*", "complete,refused"])
def test_fail_on_fails_on_what_was_met(program: Program, demo: Path, patterns: str) -> None:
    """Codes, groups and globs of verdicts and findings; output is as ever."""
    assert program("--fail-on", patterns, demo / "refused.log").code == 1


def test_fail_on_a_severity_includes_what_is_worse(program: Program, tmp_path: Path) -> None:
    """Illegal flags are a warning: `warn` and `note` are met by it, `error` is not."""
    segment = "10:00:00.000000 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [SF], seq 7, win 9, length 0\n"
    log = _written(tmp_path / "x.log", segment.encode())
    found = [program("--fail-on", severity, log).code for severity in ("note", "warn", "error")]
    assert found == [1, 1, 0]


def test_fail_on_passes_what_was_not_met(program: Program, demo: Path) -> None:
    """A clean log meets no error and no reset."""
    assert program("--fail-on", "reset_*,error", demo / "http.log").code == 0


@pytest.mark.parametrize("option", ["--fail-on", "--only"])
def test_a_code_that_cannot_exist_is_wrong_usage(program: Program, demo: Path, option: str) -> None:
    """A typo must not pass for a clean log; the nearest code is proposed."""
    done = program(option, "refussed", demo / "http.log")
    assert done.code == 2
    assert done.err.startswith("tdexplain: refussed: no such code; did you mean refused")


def test_strict_fails_on_a_segment_that_could_not_be_read(program: Program, demo: Path) -> None:
    """Without it such a line is only shown, with the column; with it the run fails."""
    given = (demo / "http.log").read_bytes() + REJECTED.encode()
    lenient, strict = program(given=given), program("--strict", given=given)
    assert (lenient.code, strict.code) == (0, 1)
    assert lenient.out == strict.out
    caret = lenient.out.splitlines()[lenient.out.splitlines().index(REJECTED.rstrip()) + 1]
    assert caret == " " * REJECTED.index("x, win") + "^"


@pytest.mark.parametrize("view", [["-q"], ["connections"], ["-f", "csv"], ["diagram"]], ids=" ".join)
def test_strict_says_where_in_every_view(program: Program, tmp_path: Path, demo: Path, view: list[str]) -> None:
    """The place is told where the view does not show it, so that a script can be followed up."""
    log = tmp_path / "x.log"
    log.write_text((demo / "http.log").read_text() + REJECTED)
    done = program(*view, "--strict", log)
    place = len(log.read_text().splitlines())
    assert (done.code, done.err) == (
        1,
        f"tdexplain: not read: {log}, lines: 1 ({place}:{REJECTED.index('x, win') + 1})\n",
    )


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["{}"], "''"),
        (["-q", "--fail-on", "refused", "{}"], "''"),
        (["annotate", "-o", "out", "{}"], ""),
        (["annotate", "--in-place", "{}"], ""),
    ],
    ids=["explain", "quiet", "annotate", "in place"],
)
def test_an_empty_name_is_no_log(program: Program, tmp_path: Path, demo: Path, command: list[str], said: str) -> None:
    """A variable of a script that was not set: neither a check that has failed, nor the present folder."""
    (tmp_path / "x.log").write_bytes((demo / "http.log").read_bytes())
    done = program(*[word.format("") for word in command], cwd=tmp_path)
    assert done.code == 3
    assert f"tdexplain: {said}" in done.err
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["x.log"]


@pytest.mark.parametrize("command", [[], ["connections"], ["report"], ["convert", "--to", "relative"]], ids=" ".join)
@pytest.mark.parametrize("output", ["", ".", "/"])
def test_what_is_no_name_of_a_file_takes_no_output(
    program: Program, tmp_path: Path, demo: Path, command: list[str], output: str
) -> None:
    """An empty -o, or that of a folder, is told like a file that cannot be written."""
    done = program(*command, "-o", output, demo / "http.log", cwd=tmp_path)
    assert (done.code, done.out) == (3, "")
    assert done.err == f"tdexplain: {output or '.'}: cannot be written (is a directory)\n"


@pytest.mark.parametrize("pattern", ["", ",", " , "])
def test_a_check_for_nothing_is_wrong_usage(program: Program, demo: Path, pattern: str) -> None:
    """It would never fail."""
    done = program("--fail-on", pattern, demo / "http.log")
    named = pattern or "''"
    assert (done.code, done.err) == (2, f"tdexplain: {named}: no such code\n")


def test_a_connection_that_is_not_there_is_named(program: Program, demo: Path) -> None:
    """Nothing is shown of it, and that is not because nothing happened there."""
    done = program("-q", "-c", "1", "-c", "7", demo / "http.log")
    assert (done.code, done.err) == (0, f"tdexplain: {demo / 'http.log'}: no such connection: 7\n")
    assert "[complete.clean]" in done.out


@pytest.mark.parametrize(
    "command",
    [
        *([], ["report"]),
        *(
            pytest.param(other, marks=pytest.mark.thorough)
            for other in (["connections"], ["connections", "-f", "csv"], ["diagram"])
        ),
    ],
)
@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (["--host", "10.9.9.9"], "--host 10.9.9.9"),
        (["--port", "https"], "--port https"),
        (["--host", "127.0.0.1", "--port", "1"], "--host 127.0.0.1, --port 1"),
        (["-c", "1", "--port", "1"], "--port 1"),
        (["--host", "10.9.9.9", "--host", "127.0.0.1", "--port", "8080"], ""),
    ],
)
def test_a_host_that_is_not_there_is_named(
    program: Program, demo: Path, command: list[str], asked: list[str], told: str
) -> None:
    """As a connection is: nothing is shown, and that is not because nothing happened there."""
    done = program(*command, *asked, demo / "http.log")
    assert done.code == 0
    assert done.err == (f"tdexplain: {demo / 'http.log'}: no such connection: {told}\n" if told else "")


@pytest.mark.parametrize("host", ["2001:db8::1", "[2001:db8::1]", "2001:DB8::1", "2001:0db8:0:0:0:0:0:1"])
def test_a_host_of_ipv6_may_be_spelled_in_any_way(program: Program, captures: Path, host: str) -> None:
    """In brackets, as every view shows it beside its port; in capitals and in full, as other programs print it."""
    done = program("connections", "--host", host, captures / "close6" / "absolute.log")
    assert (done.code, done.err) == (0, "")
    assert "[2001:db8::1]:37703" in done.out


OUTPUTS = [[], ["-f", "csv"], ["--ladder"], ["connections"], ["diagram", "-f", "svg"], ["report"], ["compare"]]


@pytest.mark.parametrize("command", OUTPUTS, ids=" ".join)
def test_no_output_replaces_the_log_it_is_about(
    program: Program, tmp_path: Path, demo: Path, command: list[str]
) -> None:
    """An option that was left out, or names in the wrong order, must not cost a log; wrong usage, as in a batch."""
    log, octets = tmp_path / "x.log", (demo / "http.log").read_bytes()
    log.write_bytes(octets)
    (tmp_path / "same.log").hardlink_to(log)
    for output in ("x.log", "./x.log", "same.log"):
        done = program(*command, "-o", output, demo / "refused.log", "x.log", cwd=tmp_path)
        assert (done.code, done.out) == (2, "")
        assert done.err == f"tdexplain: {Path(output)}: the output would replace the log itself; choose another place\n"
    assert log.read_bytes() == octets
    assert {path.name for path in tmp_path.iterdir()} == {"x.log", "same.log"}


def test_no_output_replaces_what_standard_input_comes_from(tmp_path: Path, demo: Path) -> None:
    """The shell has opened it; it is the log all the same."""
    log, octets = tmp_path / "x.log", (demo / "http.log").read_bytes()
    log.write_bytes(octets)
    with log.open("rb") as given:
        done = subprocess.run([*TDEXPLAIN, "-o", str(log)], stdin=given, capture_output=True, check=False)
    assert (done.returncode, log.read_bytes()) == (2, octets)


def test_a_link_gives_way_to_the_output(program: Program, tmp_path: Path, demo: Path) -> None:
    """What it leads to stays."""
    log, link = tmp_path / "x.log", tmp_path / "link.log"
    log.write_bytes((demo / "http.log").read_bytes())
    link.symlink_to(log)
    assert program("-q", "-o", link, log).code == 0
    assert log.read_bytes() == (demo / "http.log").read_bytes()
    assert "[complete.clean]" in link.read_text("utf-8")


@pytest.mark.parametrize(
    "command", [[], ["-f", "jsonl"], ["connections"], ["report"], ["convert", "--to", "relative"], ["annotate"]]
)
def test_a_hyphen_is_standard_output(program: Program, tmp_path: Path, demo: Path, command: list[str]) -> None:
    """As it is standard input among the logs; no file gets that name."""
    plain = program(*command, demo / "http.log", cwd=tmp_path)
    done = program(*command, "-o", "-", demo / "http.log", cwd=tmp_path)
    assert (done.code, done.raw) == (plain.code, plain.raw)
    assert not list(tmp_path.iterdir())


def test_a_command_behind_options_is_told_to_stand_before_them(program: Program, demo: Path) -> None:
    """It is no log, so there is no use in explaining the others."""
    done = program("--fail-on", "refused", "connections", demo / "http.log")
    assert (done.code, done.out) == (2, "")
    assert "tdexplain connections …" in done.err


@pytest.mark.parametrize(
    ("environment", "lang"),
    [
        ({"TDEXPLAIN_LANG": "zh"}, "zh"),
        ({"TDEXPLAIN_LANG": "en", "LC_ALL": "zh_CN.UTF-8"}, "en"),
        ({"LC_ALL": "zh_CN.UTF-8"}, "zh"),
        ({"LC_ALL": "", "LC_MESSAGES": "zh_TW.UTF-8", "LANG": "en_US.UTF-8"}, "zh"),
        ({"LC_ALL": "", "LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"LC_ALL": "", "LANG": "de_DE.UTF-8"}, "en"),
    ],
)
def test_the_language_comes_from_the_environment(
    program: Program, demo: Path, environment: dict[str, str], lang: str
) -> None:
    """TDEXPLAIN_LANG, then the locale as POSIX reads it, then English; -l beats them all."""
    clean = dict.fromkeys(("TDEXPLAIN_LANG", "LC_MESSAGES", "LANG"), "")
    shown = program(demo / "http.log", env={**clean, **environment}).out
    assert shown == program("-l", lang, demo / "http.log", env={**clean, **environment}).out
    assert ("客户端" in shown) == (lang == "zh")


def test_a_selection_introduces_each_connection(program: Program, tmp_path: Path) -> None:
    """Once, before the first of its segments that is shown, whichever connection that of another was."""
    ports, log = (5, 6, 7, 6, 5, 7, 6), tmp_path / "x.log"
    syns = (
        f"00:00:{at:02}.0 IP 10.0.0.1.{port} > 10.0.0.2.80: Flags [S], seq {port}, win 9"
        for at, port in enumerate(ports)
    )
    log.write_text("".join(f"{syn}, length 0\n".replace(".0 ", ".000000 ") for syn in syns))
    shown = program("--only", "warn", log).out
    assert re.findall(r"(?m)^    (Connection #\d+|#\d+)", shown) == [
        *("Connection #2", "#2", "Connection #1", "#1", "Connection #3", "#3", "#2"),
    ]


def test_a_selection_shows_less_and_counts_all(program: Program, captures: Path) -> None:
    """-c, --host, --port and --only choose what is shown; connection numbers do not change."""
    log = captures / "reuse" / "absolute.log"
    whole = program(log).out
    second = program("-c", "2", log).out
    assert re.findall(r"(?m)^Connection #(\d+)", whole)[:2] == ["1", "2"]
    assert re.findall(r"(?m)^Connection #(\d+)", second) == ["2"]
    assert not re.search(r"(?m)^    #1 ", second)
    assert program("--host", "192.0.2.99", log).out == ""
    assert "handshake" in program("--only", "handshake", "-f", "jsonl", log).out
    steps = set(re.findall(r'"step":"([a-z_.]+)"', program("--only", "handshake", "-f", "jsonl", log).out))
    assert steps
    assert all(step.startswith("handshake.") for step in steps)


def test_an_output_file_gets_its_name_when_it_is_complete(program: Program, tmp_path: Path, demo: Path) -> None:
    """-o writes what standard output would have had, and leaves nothing else behind."""
    target = tmp_path / "out.txt"
    done = program("-o", target, demo / "http.log")
    assert (done.code, done.out) == (0, "")
    assert target.read_text() == program(demo / "http.log").out
    assert list(tmp_path.iterdir()) == [target]


def test_an_output_that_cannot_be_written_is_trouble(program: Program, tmp_path: Path, demo: Path) -> None:
    """One line on standard error, exit 3."""
    done = program("-o", tmp_path / "no" / "out.txt", demo / "http.log")
    assert done.code == 3
    assert done.err == f"tdexplain: {tmp_path}/no/out.txt: cannot be written (no such file or directory)\n"


@pytest.mark.parametrize("command", ["-o x", "report -o x", "annotate -o x", "annotate --in-place"])
def test_a_present_folder_that_somebody_has_removed(tmp_path: Path, demo: Path, command: str) -> None:
    """Nothing can be written there, and that is said; what needs no present folder is done."""
    log, gone = tmp_path / "x.log", tmp_path / "gone"
    log.write_bytes((demo / "refused.log").read_bytes())
    steps = (
        "import os, sys",
        f"os.chdir({str(gone)!r})",
        f"os.rmdir({str(gone)!r})",
        "os.execv(sys.argv[1], sys.argv[1:])",
    )
    name = "../x.log" if "place" in command else str(log)
    for words, code in (([*command.split(), name], 3), (["-q", str(log)], 0)):
        gone.mkdir()
        done = subprocess.run(
            [sys.executable, "-c", "; ".join(steps), *TDEXPLAIN, *words], capture_output=True, text=True, check=False
        )
        assert (done.returncode, "Traceback" in done.stderr) == (code, False)
        assert ("no such file or directory" in done.stderr) == bool(code)


def test_quiet_shows_the_verdicts_alone(program: Program, demo: Path) -> None:
    """No line of the log is left."""
    out = program("-q", demo / "http.log").out
    assert out.startswith("Connection #1: ")
    assert "Flags [" not in out


def test_verbose_adds_socket_calls_and_sources(program: Program, demo: Path) -> None:
    """connect() returns when the SYN-ACK arrives, by RFC 9293."""
    plain, verbose = program(demo / "http.log").out, program("-v", demo / "http.log").out
    assert "connect()" not in plain
    assert "connect()" in verbose
    assert "9293" in verbose


def test_colours_repeat_what_the_words_say(program: Program, demo: Path) -> None:
    """Without its colours the coloured view is the plain one; a pipe gets none unless asked."""
    plain = program(demo / "http.log").out
    colored = program("--color", "always", demo / "http.log").out
    assert "\x1b[" not in plain
    assert colored != plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == plain


@pytest.mark.parametrize("numbers", ["absolute", "both", "symbolic"])
def test_numbers_can_be_shown_in_other_ways(program: Program, demo: Path, numbers: str) -> None:
    """The second line's acknowledgment is the ISN + 1 in each style."""
    expected = {"absolute": "ack=3914577890", "both": "3914577890", "symbolic": "ack=j+1"}[numbers]
    answer = program("-n", numbers, demo / "http.log").out.split("\n\n")[1]
    assert expected in answer


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_ends_with_an_example(program: Program, command: str) -> None:
    """The last line can be pasted."""
    done = program(command, "--help")
    assert done.code == 0
    assert re.fullmatch(r"\s+Example: .*tdexplain.*", done.out.rstrip("\n").splitlines()[-1])


def test_the_program_says_what_it_can(program: Program) -> None:
    """The general help names every command and ends with an example; the version is the package's."""
    out = program("--help").out
    assert all(f"  {command} " in out for command in COMMANDS)
    assert out.rstrip().endswith("tdexplain")
    assert re.fullmatch(r"tdexplain \d+\.\d+\.\d+\n", program("--version").out)


@pytest.mark.parametrize("arguments", [["--nonsense"], ["-f", "yaml"], ["annotate"], ["-l", "fr", "x.log"]])
def test_wrong_usage_is_two(program: Program, arguments: list[str]) -> None:
    """An option that does not exist, a value it cannot have, an argument that is missing."""
    done = program(*arguments)
    assert done.code == 2
    assert "Usage" in done.err


def test_standard_input_is_one_log(program: Program, demo: Path) -> None:
    """Nothing is left of it for the other side of a comparison."""
    done = program("compare", "-", "-", given=(demo / "http.log").read_bytes())
    assert (done.code, done.out) == (2, "")
    assert done.err == "tdexplain: standard input can be one of the two logs only\n"


def test_ctrl_c_ends_a_run_over_files(demo: Path) -> None:
    """The verdicts so far, exit 130, nothing on standard error."""
    many = [*TDEXPLAIN, *[str(demo / "http.log")] * 2000]
    with started(many, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, b"")
    assert out.decode().rstrip().splitlines()[-1].startswith("    What to check: ")


def test_ctrl_c_discards_half_an_output_file(demo: Path, tmp_path: Path) -> None:
    """Of a file there is more to come, so what is written must not look whole."""
    many = [*TDEXPLAIN, "-o", str(tmp_path / "x"), *[str(demo / "http.log")] * 3000]
    assert interrupted(many, tmp_path / "x") == (130, b"")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl"])
def test_what_is_written_as_connections_end_is_not_sorted(program: Program, demo: Path, form: str) -> None:
    """An order that cannot be kept is refused, not ignored; the order of numbers is the default."""
    done = program("connections", "--sort", "bytes", "-f", form, demo / "http.log")
    assert (done.code, done.out) == (2, "")
    assert done.err == f"tdexplain: --sort bytes, -f {form}: only one of them at a time\n"
    assert program("connections", "--sort", "conn", "-f", form, demo / "http.log").code == 0


def test_tables_of_markdown_are_sorted(program: Program, demo: Path) -> None:
    """They are shown at the end, as those of text are."""
    logs = [demo / "http.log", demo / "refused.log"]
    text, markdown = (
        program("connections", "--merge", "--sort", "client", *form, *logs).out for form in ([], ["-f", "markdown"])
    )
    numbers = [row.split("|")[1].strip() for row in markdown.splitlines()[2:]]
    assert numbers == [row.split()[0] for row in text.splitlines()[1 : len(numbers) + 1]]
    assert numbers != sorted(numbers)


def test_rows_are_not_chosen_by_what_they_do_not_show(program: Program, demo: Path) -> None:
    """A connection has a verdict and findings; it is no step."""
    done = program("connections", "--only", "data.push", demo / "http.log")
    assert (done.code, done.out, done.err) == (2, "", "tdexplain: data.push: no such code\n")
