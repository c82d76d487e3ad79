"""What is measured, and what it should come to: one row each."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from bench.material import SHORT, capture, log, printed

Pipeline = Sequence[Sequence[str]]
CORE, SHAPE, LONG, START = "core", "shape", "long", "start"
TDEXPLAIN: Final = str(Path(sys.executable).with_name("tdexplain"))
MILLION: Final = 1_000_000
FIELDS: Final = ("frame.number", "tcp.stream", "tcp.analysis.flags", "tcp.completeness")


class Row(NamedTuple):
    """One command, or several side by side."""

    name: str
    commands: Callable[[int], Sequence[Pipeline]]  # from the number of packets
    part: str = CORE
    lines: Callable[[int], int] = lambda size: size  # that go through it
    needs: str = ""  # a condition of `bench.machine.able`


class Target(NamedTuple):
    """A bound on the ratio of two rows, on a figure of one, or on a measured rate."""

    text: str
    bound: float
    of: str  # a row, or a rate
    to: str = ""  # the row it is divided by
    or_to: str = ""  # or this one, where it takes longer
    what: str = "time"  # time | memory | per line | rate
    least: bool = False  # the bound is the least that is wanted, not the most
    wall_only: bool = False  # of processes side by side the processor time says nothing
    times: float = 1.0  # the ratio is multiplied by this
    faster: bool = False  # the ratio is turned round
    size: int = 0  # packets from which on it can be judged


def tcpdump(size: int) -> list[str]:
    """Return the command that prints ordinary traffic."""
    return ["tcpdump", "-nn", "-S", "-r", str(capture("few", size))]


def tshark(size: int, *options: str) -> list[str]:
    """Return the command that dissects it."""
    return ["tshark", "-r", str(capture("few", size)), *options]


def few(size: int) -> str:
    """Return the log of ordinary traffic."""
    return str(printed(size))


def ours(shape: str, share: float) -> Callable[[int], Sequence[Pipeline]]:
    """Return the text run over a log of another shape, of so many times the packets."""
    return lambda size: [[[TDEXPLAIN, str(log(shape, int(size * share)))]]]


def million(*view: str) -> Callable[[int], Sequence[Pipeline]]:
    """Return a run over a million lines, however many the others have."""
    return lambda _: [[[TDEXPLAIN, *view, few(MILLION)]]]


T, W, WS = "tcpdump -nn -S -r", "tshark -T fields", "tshark, one line a packet"
TEXT, JSONL, CONNECTIONS = "tdexplain", "tdexplain -f jsonl", "tdexplain connections"
COMPILED, TWO, BESIDE = "tdexplain, compiled", "tdexplain -j 2", "two runs of tdexplain side by side"
CAT, PIPE, PASS = "tcpdump | cat", "tcpdump | tdexplain", "python -c pass"
FIRST, TSHARK_FIRST = f"tdexplain, {SHORT} lines", f"tshark, {SHORT} packets"
OF_A_TENTH = "1/10 as much, "
HUNDREDTH, TENTH, TENFOLD = "1/100 of it", "1/10 of it", "10 times as much"
ONE, THREE, OPEN, FLOOD = "one connection", "three segments a connection", "100,000 open at once", "a SYN a connection"
MILLION_TEXT = "a million lines"
MILLION_JSONL, MILLION_CONNECTIONS = f"{MILLION_TEXT}, jsonl", f"{MILLION_TEXT}, connections"
MANY = "10 times as many lines, 10 a connection, some never closed"

ROWS: Final = (
    Row(T, lambda size: [[tcpdump(size)]]),
    Row("TZ=UTC " + T, lambda size: [[["env", "TZ=UTC", *tcpdump(size)]]]),
    Row(W, lambda size: [[tshark(size, "-T", "fields", *(word for name in FIELDS for word in ("-e", name)))]], needs="tshark"),
    Row(WS, lambda size: [[tshark(size)]], needs="tshark"),
    Row("tshark -q -z conv,tcp", lambda size: [[tshark(size, "-q", "-z", "conv,tcp")]], needs="tshark"),
    Row("tcptrace -n", lambda size: [[["tcptrace", "-n", str(capture("few", size))]]], needs="tcptrace"),
    Row("tcptrace -n -l", lambda size: [[["tcptrace", "-n", "-l", str(capture("few", size))]]], needs="tcptrace"),
    Row(TEXT, lambda size: [[[TDEXPLAIN, few(size)]]]),
    Row("tdexplain -q", lambda size: [[[TDEXPLAIN, "-q", few(size)]]]),
    Row(JSONL, lambda size: [[[TDEXPLAIN, "-f", "jsonl", few(size)]]]),
    Row(CONNECTIONS, lambda size: [[[TDEXPLAIN, "connections", few(size)]]]),
    Row(CAT, lambda size: [[tcpdump(size), ["cat"]]]),
    Row(PIPE, lambda size: [[tcpdump(size), [TDEXPLAIN]]]),
    Row(TWO, lambda size: [[[TDEXPLAIN, "-j", "2", few(size)]]], needs="jobs"),
    Row(BESIDE, lambda size: [[[TDEXPLAIN, few(size)]]] * 2, lines=lambda size: 2 * size),
    Row(COMPILED, lambda size: [[["{compiled}", few(size)]]], needs="compiled"),
    Row(COMPILED + " -f jsonl", lambda size: [[["{compiled}", "-f", "jsonl", few(size)]]], needs="compiled"),
    Row(COMPILED + " connections", lambda size: [[["{compiled}", "connections", few(size)]]], needs="compiled"),
    Row(PASS, lambda _: [[[sys.executable, "-c", "pass"]]], START),
    Row(FIRST, lambda _: [[[TDEXPLAIN, few(SHORT)]]], START),
    Row(TSHARK_FIRST, lambda _: [[tshark(SHORT)]], START, needs="tshark"),
    Row(HUNDREDTH, ours("few", 0.01), SHAPE, lambda size: size // 100),
    Row(TENTH, ours("few", 0.1), SHAPE, lambda size: size // 10),
    Row(OF_A_TENTH + ONE, ours("one", 0.1), SHAPE, lambda size: size // 10),
    Row(ONE, ours("one", 1), SHAPE),
    Row(OF_A_TENTH + THREE, ours("three", 0.1), SHAPE, lambda size: size // 10),
    Row(THREE, ours("three", 1), SHAPE),
    Row(OPEN, ours("open", 1), SHAPE),
    Row(FLOOD, ours("flood", 1), SHAPE),
    Row(MILLION_TEXT, million(), LONG, lambda _: MILLION),
    Row(MILLION_JSONL, million("-f", "jsonl"), LONG, lambda _: MILLION),
    Row(MILLION_CONNECTIONS, million("connections"), LONG, lambda _: MILLION),
    Row(TENFOLD, ours("few", 10), LONG, lambda size: 10 * size),
    Row(MANY, ours("many", 10), LONG, lambda size: 10 * size),
)  # fmt: skip

TARGETS: Final = (
    Target("text: at most 1.7 × tcpdump", 1.7, TEXT, T),
    Target("text: at least 3 × faster than tshark -T fields", 3, TEXT, W, least=True, faster=True),
    Target("text: no slower than tshark's summary", 1.0, TEXT, WS),
    Target("text, compiled: at most 1.0 × tcpdump", 1.0, COMPILED, T),
    Target("jsonl: at most 1.9 × tcpdump", 1.9, JSONL, T),
    Target("connections: at most 1.2 × tcpdump", 1.2, CONNECTIONS, T),
    Target("in a pipe: at most 1.15 × tcpdump | cat or the tool alone, whichever is slower", 1.15, PIPE, CAT, TEXT, wall_only=True),
    Target("-j 2: at least 1.3 × faster", 1.3, TWO, TEXT, least=True, faster=True, wall_only=True),
    Target("-j 2: or at least 90 % of two runs side by side", 0.9, TWO, BESIDE, least=True, faster=True, wall_only=True, times=0.5),
    Target("derived patterns: at least 45 × the LALR rate, no tree built", 45, "ratio", what="rate", least=True),
    Target("derived patterns: at least 45 × the LALR rate, with Lark's tree", 45, "ratio_tree", what="rate", least=True),
    Target("LALR: at least 12,000 lines a second", 12_000, "lalr", what="rate", least=True),
    Target("records that reach LALR: below 0.1 %", 0.001, "unread", what="rate"),
    Target("memory, a million lines of text: below 96 MB", 96, MILLION_TEXT, what="memory"),
    Target("memory, jsonl: below 96 MB", 96, MILLION_JSONL, what="memory"),
    Target("memory, connections: below 96 MB", 96, MILLION_CONNECTIONS, what="memory"),
    Target("memory, ten million lines, a million connections: below 800 MB", 800, MANY, what="memory", size=1_000_000),
    Target("start to first explanation: at most 100/9 of python -c pass", 100 / 9, FIRST, PASS),
    Target("start to first explanation: at most 0.65 × tshark's", 0.65, FIRST, TSHARK_FIRST),
    Target("a line of 1/100 of the log: within 20 %", 1.2, HUNDREDTH, TEXT, what="per line"),
    Target("a line of 1/10 of the log: within 20 %", 1.2, TENTH, TEXT, what="per line"),
    Target("a line of 10 times the log: within 40 %", 1.4, TENFOLD, TEXT, what="per line"),
    Target("a line of one connection: within 20 % of that of 1/10 of it", 1.2, ONE, OF_A_TENTH + ONE, what="per line"),
    Target("a line of connections of three segments: the same", 1.2, THREE, OF_A_TENTH + THREE, what="per line"),
    Target("a line with 100,000 connections open: no dearer than one of connections of three segments", 1.2, OPEN, THREE, what="per line"),
)  # fmt: skip
