"""
Everything a log could try on whatever shows it, in every place of a log, through every format: all of it is shown.

A vector carries the word `pwned`, so that a test knows that it has arrived; what its output must not hold, the checkers
of tests/fuzz/harmless.py say.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from conftest import TDEXPLAIN, Program, run
from harmless import ACTS, VIEWS, shown
from test_report import Page

VECTORS = {
    "ANSI colours": "\x1b[31mpwned\x1b[0m",
    "ANSI cursor": "\x1b[2J\x1b[1;1Hpwned",
    "ANSI of eight bits": "\x9b31mpwned\x9c",
    "terminal title": "\x1b]0;pwned\x07",
    "terminal hyperlink": "\x1b]8;;http://pwned.example\x1b\\pwned\x1b]8;;\x1b\\",
    "clipboard": "\x1b]52;c;cHduZWQ=\x07pwned",
    "device control": "\x1bP$qpwned\x1b\\",
    "bell and backspace": "x\x07\x08\x08pwned",
    "overwriting": "harmless\rpwned",
    "NUL": "a\x00pwned",
    "DEL": "a\x7fpwned",
    "no UTF-8": "\udcff\udc80pwned\udcc3",
    "bidirectional": "\u202edenwp\u202cpwned\u2066",
    "invisible": "pw\u200bned\u2060pwned\ufeff",
    "tags": "\U000e0070\U000e0077pwned",
    "line separators": "a\u2028pwned\u2029\x85",
    "script": "<script>alert('pwned')</script>",
    "image": "<img/src=x/onerror=alert(1)>pwned",
    "end of an element": "</style></script></text></pre>--><b>pwned",
    "attribute": "\"onmouseover='pwned'x=\"",
    "entities": "&lt;pwned&#x3e;&amp;",
    "CDATA": "]]><pwned/><![CDATA[",
    "doctype": "<!DOCTYPE/pwned[<!ENTITY/x/'y'>]>&x;",
    "SVG": "<svg/onload=pwned()><use/href=data:x>",
    "Markdown link": "[pwned](http://evil.example)",
    "Markdown image": "![pwned](//evil.example/x)",
    "Markdown mention": "@pwned#1@all",
    "Markdown fence": "```pwned```~~~",
    "Markdown table": "a|pwned|--|",
    "Markdown emphasis": "__pwned__**x**_y_$z$",
    "autolink": "https://pwned.example/www.pwned.example",
    "formula": "=pwned()",
    "formula with plus": "+pwned()",
    "formula with minus": "-pwned()",
    "formula with at": "@pwned()",
    "formula behind a tab": "\t=pwned()",
    "DDE": "=cmd|'/C_calc'!pwned",
    "CSV quoting": 'a","pwned""',
    "CSV semicolon": "a;pwned;=1+1",
    "Mermaid directive": "%%{init:{'pwned':1}}%%",
    "Mermaid end": "end;pwned->>x:end",
    "Mermaid click": "click;pwned;href;'x'",
    "JSON": '"},{"pwned":"\\"',
    "JSON escapes": "\\u0000\\ud800pwned\\",
    "JSON numbers": "NaN,Infinity,-0,1e999,pwned",
    "our own mark": "#td>pwned",
    "format strings": "%s%n{0}{pwned}{!r}$(pwned)`pwned`",
    "path": "../../pwned/../..",
}
START = "12:00:00.000001 IP "
REST = ": Flags [S], seq 7, win 9, length 0"


# Where it is the name of the file that matters.
PLAIN = f"{START}192.0.2.1.5 > 192.0.2.2.80{REST}\n".encode()


def hostile(vector: str) -> bytes:
    """Return a log that has a vector in every place that takes it."""
    host = re.sub(r"[\s.]", "_", vector)
    lines = [
        vector,
        f"# {vector}",
        f"{START}{host}.5 > 192.0.2.2.80{REST}",
        f"{START}192.0.2.1.6 > {host}.80{REST}",
        f"{START}192.0.2.2.80 > 192.0.2.1.6: Flags [P.], seq 1:6, ack 8, win 9, length 5: {vector}",
        f"{START}192.0.2.2.80 > 192.0.2.1.6: Flags [P.], seq 6:11, ack 8, win 9, options [mptcp {vector}], length 5: HTTP",
        f"{START}192.0.2.2.80 > 192.0.2.1.6: Flags [R], seq x, win 9, length 5: {vector}",
        f"{START}192.0.2.9 > 192.0.2.1: ICMP {host} tcp port 80 unreachable, length 68",
        f"{START}192.0.2.9 > 192.0.2.1: ICMP 192.0.2.2 unreachable - {vector}, length 68",
        f"> {START}192.0.2.1.7 > {host}.80{REST}",
        f"\t{vector}",
    ]
    return "\n".join(lines).encode("utf-8", "surrogateescape") + b"\n"


def arrived(text: str) -> bool:
    """Tell whether the vector's word is in an output; some formats put something between its letters."""
    joined = re.sub(r"\n\s*|\\", "", text)
    return "pwned" in joined or "pwned" in re.sub(r"<[^>]*>", "", joined)


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("vector", VECTORS)
def test_no_vector_acts(vector: str, name: str) -> None:
    """Each vector, in hosts, payloads, options, errors, remarks, comments and the log's name, through each format."""
    if "parquet" in name:
        pytest.importorskip("pyarrow")
    log = hostile(VECTORS[vector])
    found = shown(VIEWS[name].make("en", "both"), log, name=VECTORS[vector].replace("/", "_") + ".log")
    VIEWS[name].check(found)
    if "parquet" not in name and name != "text, narrow":
        assert arrived(found.text)


def test_the_checkers_would_see_it() -> None:
    """An output that lets a vector through is found out."""
    for name, act in {"text": "\x1b]0;x\x07", "diagram svg": "<svg><script/></svg>", "markdown": "> @all"}.items():
        found = shown(VIEWS[name].make("en", "relative"), b"")
        with pytest.raises(AssertionError):
            VIEWS[name].check(found._replace(text=act))


# ------------------------------------------------------------------ by way of the program


def test_names_of_files_reach_no_terminal(program: Program, tmp_path: Path) -> None:
    """Complaints, headings, progress and reports show a hostile name of a file as what it is."""
    vectors = ("ANSI colours", "terminal title", "ANSI of eight bits", "bidirectional", "no UTF-8")
    names = [VECTORS[vector].replace("/", "_") + "\n.log" for vector in vectors]
    for name in names:
        (tmp_path / name).write_bytes(hostile("x") if name == names[0] else PLAIN)
    for arguments in (
        [*names, "missing\x1b[31m\n"],
        ["connections", *names],
        ["--compact", *names],
        ["annotate", *names, "-o", "out", "--report", "r.json"],
        ["annotate", *names, "missing\x07", "-o", "out", "--in-place"],
        ["convert", "--to", "absolute", "missing\x9b"],
        ["diagram", *names],
        ["why", "x\x1b[31m"],
        *(["quiz", name] for name in names),
        ["--only", "x\x1b[31m", *names],
    ):
        done = program(*arguments, cwd=tmp_path)
        assert not ACTS.search(done.err), (arguments, done.err)
        if arguments[0] != "convert":
            assert not ACTS.search(done.out), (arguments, done.out)


def test_a_name_that_looks_like_an_option_is_a_name(program: Program, tmp_path: Path) -> None:
    """Behind `--`, from a folder, from a glob and from a list."""
    (tmp_path / "-o.log").write_bytes(PLAIN)
    (tmp_path / "list").write_text("-o.log\n")
    assert program("--", "-o.log", cwd=tmp_path).code == 0
    for arguments in (["."], ["--", "-o.log"], ["./-*"], ["--files-from", "list"]):
        out = tmp_path / "out"
        done = program("annotate", "-o", out, "--force", *arguments, cwd=tmp_path)
        assert done.code == 0, done.err
        assert (out / "-o.log").exists()


def test_no_copy_leaves_its_folder(program: Program, tmp_path: Path) -> None:
    """`..`, absolute names and links in a list or a folder lead nowhere else."""
    inside, out, beyond = tmp_path / "a" / "in", tmp_path / "a" / "b" / "out", tmp_path / "beyond"
    for folder in (inside, beyond):
        folder.mkdir(parents=True)
        (folder / "x.log").write_bytes(PLAIN)
    (inside / "link.log").symlink_to(beyond / "x.log")
    (inside / "folder").symlink_to(beyond)
    names = ["../in/x.log", "../../beyond/x.log", str(beyond / "x.log"), "./../../a/in/link.log"]
    (tmp_path / "list").write_text("".join(f"{name}\n" for name in names))
    before = {path for path in tmp_path.rglob("*") if out not in path.parents}
    done = [
        program("annotate", "--files-from", tmp_path / "list", "-o", out, cwd=inside),
        program("annotate", "in", "-o", out, cwd=tmp_path / "a"),
    ]
    assert {path for path in tmp_path.rglob("*") if out not in path.parents} - before == {out, out.parent}
    assert "Traceback" not in done[0].err + done[1].err
    assert (beyond / "x.log").read_bytes() == PLAIN


@pytest.mark.parametrize("linked", ["x.log", ".tdexplain.jsonl"])
def test_a_link_in_the_place_of_a_copy_is_not_followed(program: Program, tmp_path: Path, linked: str) -> None:
    """What it leads to stays as it is, even where a copy is forced: the copy takes the link's place, the ledger does not."""
    (tmp_path / "x.log").write_bytes(PLAIN)
    (tmp_path / "out").mkdir()
    precious = tmp_path / "precious"
    precious.write_text("precious")
    (tmp_path / "out" / linked).symlink_to(precious)
    for options in ([], ["--force"]):
        done = program("annotate", "-o", "out", *options, "x.log", cwd=tmp_path)
        assert "Traceback" not in done.err
        assert precious.read_text() == "precious"
    assert (tmp_path / "out" / linked).is_symlink() == (linked != "x.log")


def test_an_output_that_is_a_link_is_replaced(program: Program, tmp_path: Path) -> None:
    """The same for -o of one file."""
    (tmp_path / "x.log").write_bytes(PLAIN)
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "out").symlink_to("precious")
    assert program("x.log", "-o", "out", cwd=tmp_path).code == 0
    assert (tmp_path / "precious").read_text() == "precious"


@pytest.mark.parametrize("name", ["-w pwned", "$(touch pwned)", "x;touch pwned", "-z touch", "x\npwned", "|pwned"])
def test_a_capture_with_a_hostile_name_is_a_capture(captures: Path, tmp_path: Path, name: str) -> None:
    """Tcpdump never sees the name: neither an option nor a command nor a file comes of it."""
    capture = next(captures.glob("refused/*.pcap*"))
    (tmp_path / name).write_bytes(capture.read_bytes())
    done = run([*TDEXPLAIN, "-q", "--", name], cwd=tmp_path)
    if "no tcpdump" in done.err:
        pytest.skip("no tcpdump is installed")
    assert (done.code, done.err) == (0, "")
    assert "[refused]" in done.out
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(("packing", "filling"), [("gz", "line"), ("xz", "line"), ("zst", "line"), ("bz2", "lines")])
def test_a_bomb_costs_no_memory(tmp_path: Path, packing: str, filling: str) -> None:
    """Some kilobytes that become many megabytes, in one line without an end or in lines: neither fills the memory."""
    log = tmp_path / f"bomb.{packing}"
    piece = (b"x" * 63 + b"\n" if filling == "lines" else b"x" * 64) * 2**14
    with _packer(packing)(log) as file:
        for _ in range(2 if filling == "lines" else 80):
            file.write(piece)
    limited = 'ulimit -v 700000 && exec "$@"'
    done = run(["sh", "-c", limited, "sh", *TDEXPLAIN, "connections", str(log)])
    assert "Traceback" not in done.err
    assert done.code == (4 if filling == "lines" else 3), done.err
    assert filling == "lines" or "longer than 64 MiB" in done.err


def _packer(packing: str):  # type: ignore[no-untyped-def]  # noqa: ANN202 - each has a type of its own
    import bz2
    import gzip
    import lzma

    if packing == "zst":
        pytest.importorskip("backports.zstd")
        from backports.zstd import ZstdFile

        return lambda path: ZstdFile(path, "wb")
    return {
        "gz": lambda path: gzip.open(path, "wb", compresslevel=1),
        "bz2": lambda path: bz2.open(path, "wb", compresslevel=1),
        "xz": lambda path: lzma.open(path, "wb", preset=0),
    }[packing]


def test_the_names_of_a_json_report_are_json(program: Program, tmp_path: Path) -> None:
    """Whatever the names hold, the report of a batch is strict JSON."""
    for place, vector in enumerate(VECTORS.values()):
        name = f"{place}{vector}".replace("/", "_").replace("\x00", "_")
        (tmp_path / name).write_bytes(PLAIN)
    done = program("annotate", ".", "-o", "out", "--report", "r.json", cwd=tmp_path)
    assert "Traceback" not in done.err
    json.loads((tmp_path / "r.json").read_bytes())
    assert not ACTS.search((tmp_path / "r.json").read_text())


@pytest.mark.parametrize("form", ["text", "jsonl", "html"])
def test_two_hostile_logs_are_compared(program: Program, tmp_path: Path, form: str) -> None:
    """Every vector at once, in both logs and in their names."""
    talk = "".join(
        f"12:00:00.000{n}01 IP {line}, win 9, length 0\n"
        for n, line in enumerate(
            [
                "192.0.2.1.40000 > 192.0.2.2.80: Flags [S], seq 100",
                "192.0.2.2.80 > 192.0.2.1.40000: Flags [S.], seq 900, ack 101",
                "192.0.2.1.40000 > 192.0.2.2.80: Flags [.], ack 901",
            ]
        )
    )
    names = [f"{name}\x1b[31m<b>\u202e.log" for name in "ab"]
    for name in names:
        (tmp_path / name).write_bytes(talk.encode() + b"".join(map(hostile, VECTORS.values())))
    done = program("compare", "-f", form, *names, cwd=tmp_path)
    assert done.code == 0
    assert arrived(done.out)
    assert not ACTS.search(done.out + done.err)
    if form == "jsonl":
        assert all(json.loads(line) for line in done.out.splitlines())
    if form == "html":
        read = Page(done.out)
        assert read.handlers == read.styled == []
        assert all(link.startswith(("#", "data:image/svg+xml,")) for link in read.links)
        assert read.tags.count("script") <= 3
