"""The work grows with the input and no faster, whatever the input: at n and 8n, and where that is in doubt at 2n and 4n."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time
from typing import TypeAlias, TypeVar

import pytest
from harmless import VIEWS, shown
from scenario import log

from tdparse.compare import Log, compare, seen
from tdparse.model import Step
from tdparse.octets import MAX_HOLES, MAX_UNACKED, Octets
from tdparse.pipeline import Explainer, explain

Maker: TypeAlias = Callable[[int], str]
Made = TypeVar("Made")

START = "12:00:00.000001 IP "
ENDS = "192.0.2.1.5 > 192.0.2.2.80"
REST = "Flags [S], seq 7, win 9, length 0"
GROWTH = 8
# A square law would take 64 times as long for 8 times as much; caches, the collector and a busy machine are worth a factor of 3.
CHANCES = 4
MOST = 3 * GROWTH


def with_options(text: str) -> str:
    """Return a record with these options."""
    return f"{START}{ENDS}: Flags [.], ack 1, win 9, options [{text}], length 0\n"


def clock(number: int) -> str:
    """Return the time of the record with this number, 50 microseconds behind the one before."""
    micro = number * 50
    return f"12:{micro // 60_000_000:02}:{micro // 1_000_000 % 60:02}.{micro % 1_000_000:06}"


def segment(number: int, src: str, dst: str, what: str) -> str:
    """Return a record."""
    return f"{clock(number)} IP {src} > {dst}: Flags {what}, length 0\n"


def syns(count: int) -> str:
    """Return SYNs from as many hosts."""
    return "".join(
        segment(
            n, f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}.{n % 60_000 + 1}", "192.0.2.2.80", f"[S], seq {n}, win 9"
        )
        for n in range(count)
    )


def data(count: int, *, skip: int, ack: bool) -> str:
    """Return segments of one connection with a gap between any two, and perhaps an ACK with SACK blocks for each."""
    lines = log("C S\nS S.\nC .\n")
    base = 3_000_000_001
    for n in range(count):
        start = (base + n * skip) % 2**32
        when = clock(100 + n)
        lines.append(
            f"{when} IP 192.0.2.1.40000 > 192.0.2.2.80: Flags [P.], seq {start}:{start + 10}, ack 1000000001, win 512, length 10"
        )
        if ack:
            blocks = f"sack 1 {{{start}:{start + 10}}}"
            lines.append(
                f"{when} IP 192.0.2.2.80 > 192.0.2.1.40000: Flags [.], ack {base}, win 512, options [{blocks}], length 0"
            )
    return "\n".join(lines) + "\n"


# What is repeated n times, and how often for n itself.
LINES: dict[str, tuple[int, Maker]] = {
    "no newline": (50000, lambda n: "x" * n),
    "a record without newline": (50_000, lambda n: f"{START}{ENDS}: {REST}" + "x" * n),
    "spaces": (50_000, lambda n: " " * n + "x"),
    "tabs in a line": (50_000, lambda n: f"{START}{ENDS}:" + "\t" * n),
    "NUL": (20_000, lambda n: "x" * 99_000 + "\x00" * (n // 20)),
    "invalid octets": (20_000, lambda n: "x\udcff" * n),
    "lone surrogates": (10_000, lambda n: "\udced\udca0\udc80" * n),
    "bidirectional": (20_000, lambda n: "\u202ea" * n),
    "zero width": (20_000, lambda n: "\u200ba" * n),
    "zero width in a short line": (3, lambda n: ("I\u200bP " * 50 + "\n") * n),
    "combining": (20_000, lambda n: "e\u0301" * n),
    "colours": (10_000, lambda n: "\x1b[31mx" * n),
    "nested brackets": (65_000, lambda n: with_options("[" * n + "]" * n)),
    "nested parentheses": (65_000, lambda n: f"{START}{'(' * n}{')' * n} {ENDS}: {REST}\n"),
    "options": (5_000, lambda n: with_options(",".join(["nop", "mss 1460"] * n))),
    "unknown options": (2000, lambda n: with_options(",".join(["unknown-253 0xff"] * n))),
    "SACK blocks": (5_000, lambda n: with_options(f"sack {n} " + "{1:2}" * n)),
    "mptcp": (43_000, lambda n: with_options("mptcp " + "{a}" * n)),
    "deep quoting": (65_000, lambda n: "> " * n + f"{START}{ENDS}: {REST}\n"),
    "deep quoting in many lines": (10, lambda n: ("> " * 30 + f"{START}{ENDS}: {REST}\n") * n),
    "huge number": (20_000, lambda n: f"{START}{ENDS}: Flags [S], seq {'9' * n}, win 9, length 0\n"),
    "huge counter": (20_000, lambda n: "9" * n + " packets captured\n"),
    "counters": (5_000, lambda n: ", ".join(["4 packets captured"] * n) + "\n"),
    "labels": (5_000, lambda n: f"{START}MPLS {'(label 1) ' * n}{ENDS}: {REST}\n"),
    "tunnels": (2_000, lambda n: START + "192.0.2.1 > 192.0.2.2: GREv0, length 44: IP " * n + f"{ENDS}: {REST}\n"),
    "addresses": (1500, lambda n: START + "a.1 > b.2: " * n + "\n"),
    "starts": (5_000, lambda n: START * n + f"{ENDS}: {REST}\n"),
    "host name": (50_000, lambda n: f"{START}{'a.' * n}5 > b.80: {REST}\n"),
    "payload": (50_000, lambda n: f"{START}{ENDS}: Flags [P.], seq 1:2, ack 1, win 9, length 1: {'=1+1' * n}\n"),
    "entities": (40, lambda n: (f"{START}{ENDS}: {REST}".replace(">", "&gt;") + "&amp;" * 20 + "\n") * n),
    "quoted printable": (30, lambda n: ("=3D" * 60 + f"{START}=\n") * n),
    "wrapped records": (30, lambda n: f"{START}192.0.2.1.5 >\n192.0.2.2.80: Flags [S],\nseq 7, win 9, length 0\n" * n),
    "records that never end": (30, lambda n: f"{START}(tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 40)\n" * n),
    "wrapping without an end": (20, lambda n: f"{START}192.0.2.1.5 > x\n{'y' * 60}\n" * n),
    "dump": (300, lambda n: f"{START}{ENDS}: {REST}\n" + "\t0x0000:  4500 0028 0001 4000\n" * n),
    "text dump": (200, lambda n: f"{START}{ENDS}: {REST}\n" + "E..4.j@.@.!X.....c..\n" * n),
    "blank lines": (500, lambda n: "\n" * n),
    "our own comments": (200, lambda n: "#td> x\n" * n),
    "rejected lines": (20, lambda n: f"{START}{ENDS}: Flags [S], seq x, win 9, length 0\n" * n),
}  # fmt: skip

LOGS: dict[str, tuple[int, Maker]] = {
    "SYN flood": (40, syns),
    "one pair again and again": (40, lambda n: "".join(
        segment(k, "10.0.0.1.5", "192.0.2.2.80", f"[S], seq {k * 9999}, win 9") for k in range(n))),
    "gaps": (40, lambda n: data(n, skip=20, ack=False)),
    "gaps and SACK": (40, lambda n: data(n, skip=20, ack=True)),
    "retransmissions": (40, lambda n: data(n, skip=0, ack=False)),
    "duplicate ACKs": (40, lambda n: data(n, skip=0, ack=True)),
    "times going back": (40, lambda n: "".join(reversed(syns(n).splitlines(keepends=True)))),
    "ICMP errors": (40, lambda n: syns(100) + "".join(
        f"{clock(n + k)} IP 192.0.2.9 > 10.9.9.9: ICMP 192.0.2.77 tcp port 80 unreachable, length 68\n" for k in range(n))),
    "ICMP errors about one connection": (40, lambda n: syns(1) + "".join(
        f"{clock(n + k)} IP 192.0.2.9 > 10.0.0.0: ICMP 192.0.2.2 tcp port 80 unreachable, length 68\n" for k in range(n))),
    "counters of drops": (40, lambda n: syns(100) + "4 packets dropped by kernel\n" * n),
}  # fmt: skip


def many_connections(count: int) -> tuple[Log, Log]:
    """Return what two points saw of connections that are refused."""
    lines = [line for n in range(count) for line in refused(n)]
    return both(lines, lines)


def refused(number: int) -> list[str]:
    """Return a connection of three records, as many records behind the beginning."""
    client, server = f"10.0.{number >> 8}.{number & 255}.5", "192.0.2.2.80"
    reset = f"[R.], seq 0, ack {number + 1}, win 0"
    return [
        segment(2 * number, client, server, f"[S], seq {number}, win 9").rstrip(),
        segment(2 * number + 1, server, client, reset).rstrip(),
    ]


def gaps_at_both_points(count: int) -> tuple[Log, Log]:
    """Return what two points saw of one connection with SACK, each but for other records."""
    lines = data(count, skip=20, ack=True).splitlines()
    ours, theirs = ([line for place, line in enumerate(lines) if place < 4 or place % 7 != rest] for rest in (1, 4))
    return both(ours, theirs)


def both(ours: list[str], theirs: list[str]) -> tuple[Log, Log]:
    """Return the logs of two points as they are compared."""
    one, other = (
        seen((item for item in explain(lines) if isinstance(item, Step)), name)
        for lines, name in ((ours, "one"), (theirs, "other"))
    )
    return one, other


def quickest(make: Callable[[int], Made], counts: range, work: Callable[[Made], object]) -> float:
    """Return the CPU seconds of the quickest of several logs of about one length: nothing is remembered of another text."""
    tries = []
    for count in counts:
        made = make(count)
        before = process_time()
        work(made)
        tries.append(process_time() - before)
    return min(tries)


def grows_linearly(count: int, make: Callable[[int], Made], work: Callable[[Made], object]) -> None:
    """Assert it; a machine that does something else at the wrong moment is given another chance, a square law has none."""
    figures = []
    for _ in range(CHANCES):
        first = quickest(make, range(count, count + 3), work)
        last = quickest(make, range(GROWTH * count, GROWTH * count + 1), work)
        if last <= MOST * max(first, 0.002):
            return
        # Short texts may take a way of their own; for a square law the last step alone is fourfold.
        second, fourth = (quickest(make, range(times * count, times * count + 3), work) for times in (2, 4))
        last = min(last, quickest(make, range(GROWTH * count + 1, GROWTH * count + 2), work))
        if last <= MOST * max(first, second / 2) or last <= 3 * fourth:
            return
        figures.append((first, second, fourth, last))
    pytest.fail(f"{figures}")


def showing(view: str) -> Callable[[str], object]:
    """Return what reads, explains and shows a log in a view."""
    return lambda text: shown(VIEWS[view].make("en", "relative"), text.encode("utf-8", "surrogateescape"))


@pytest.mark.parametrize("name", LINES)
def test_lines_of_malice_take_linear_time(name: str) -> None:
    """One line, or the same few lines, read, repaired, explained and shown."""
    grows_linearly(*LINES[name], showing("text"))


@pytest.mark.parametrize("name", LOGS)
def test_logs_of_malice_take_linear_time(name: str) -> None:
    """Connections and what is remembered of them."""
    grows_linearly(*LOGS[name], showing("text, quiet"))


@pytest.mark.parametrize(("count", "make"), [(200, many_connections), (200, gaps_at_both_points)])
def test_two_logs_are_compared_in_linear_time(count: int, make: Callable[[int], tuple[Log, Log]]) -> None:
    """Many connections, and one with much that only one point has."""
    grows_linearly(count, make, lambda logs: compare(*logs))


def test_ranges_are_bounded() -> None:
    """However many gaps and unacknowledged segments, of either few are remembered."""
    explainer = Explainer()
    for line in data(3 * MAX_HOLES + MAX_UNACKED, skip=20, ack=True).splitlines():
        explainer.feed(line)
    (conn,) = explainer.tracker.table.live.values()
    octets = conn.client.octets
    assert isinstance(octets, Octets)
    assert len(octets.holes()) <= MAX_HOLES
    assert len(octets.unacked) <= MAX_UNACKED
