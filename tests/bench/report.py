"""From runs to a page: ratios round by round, their medians, and whether each comes to what it should."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from bench.rows import CORE, FIRST, LONG, ROWS, SHAPE, START, TARGETS, TEXT, Row, T, Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bench.measure import Taken

HEAD = """\
# Benchmarks

The last table that `make bench` wrote; `make bench SIZE=100000 ROUNDS=3` writes a smaller one.

The traffic is made up and always the same (`tests/bench/traffic.py`): {size:,} packets of {conversations}, 200 client
addresses, 12 % IPv6, 88 % with timestamps; handshakes, data both ways, SACK, loss, fast and timeout retransmissions,
reordering, zero windows, keep-alives, closes of all kinds. Packets are cut at 192 octets. tcpdump prints the log that
tdexplain reads. Few addresses, because tcpdump is at its best then. Every program runs once a round, in turn, its
output thrown away. Ratios are taken round by round, figures are medians of {rounds} rounds. Wall time says what one
waits, processor time (user and system, all processes) is little disturbed by what else the machine did: both are given.

tcpdump runs as it is found, which is what ratios are taken to. It then asks the system for the time zone at every
packet; with `TZ` set it does not, which is a row of its own.
"""
READING = """\
Derived patterns to typed records: {patterns:,.0f} lines a second of processor time; the LALR parser, which only
accepts and builds nothing: {lalr:,.0f}. That is {ratio:.0f} ×. With Lark's tree it reads {tree:,.0f}: {ratio_tree:.0f} ×.
"""
SLOWER = """\
## Where others are faster

tcptrace only counts what each connection was and prints no line a packet: it takes {tcptrace} of tcpdump's time, and
`tdexplain connections`, which answers the same question from text, takes {connections}. Who needs nothing but such a
table, and has the packets, is served faster by tcptrace. `tshark -q -z conv,tcp` takes {conv}.
"""
OTHERS = {"tcptrace": "tcptrace -n", "connections": "tdexplain connections", "conv": "tshark -q -z conv,tcp"}


class Measured(NamedTuple):
    """Everything that was measured."""

    size: int
    rounds: int
    results: Mapping[str, Sequence[Taken]]
    rates: Mapping[str, float]
    missing: Sequence[str]
    own: float  # MB, the measuring program's own peak
    loads: Sequence[float]  # of the machine, before each round: processes that ran or wanted to


def document(found: Measured, machine: Sequence[str]) -> str:
    """Return the page."""
    rows = {part: [row for row in ROWS if row.part == part and found.results.get(row.name)] for part in (CORE, START)}
    shapes = [row for row in ROWS if row.part in (SHAPE, LONG) and found.results.get(row.name)]
    conversations = "tens of thousands of connections" if found.size >= 1_000_000 else "many connections"
    parts = [
        HEAD.format(size=found.size, rounds=found.rounds, conversations=conversations),
        "\n".join(f"- {line}" for line in [*machine, load(found)]) + "\n",
        "## What was wanted\n",
        *targets(found),
        "## Against others\n",
        *table(found, rows[CORE]),
        f"A peak of {found.own:.0f} MB is that of the measuring program, from which the others are started: it may be less.\n",
        "## Starting\n",
        *starting(found, rows[START]),
        "## The same work on other traffic\n",
        "Time a line, what starting takes left out, beside that of the ordinary log (`tdexplain` above).\n",
        *flatness(found, shapes),
        "## Reading a line\n",
        READING.format(**found.rates),
    ]
    if all(name in found.results for name in OTHERS.values()):
        parts.append(SLOWER.format(**{key: f"{ratio(found, name, T)[0]:.2f} ×" for key, name in OTHERS.items()}))
    if found.missing:
        parts.append("Not measured here: " + ", ".join(found.missing) + ".\n")
    return "\n".join(parts)


def load(found: Measured) -> str:
    """Return how busy the machine was with other work."""
    return (
        f"Load before each round: {min(found.loads):.1f} to {max(found.loads):.1f}; above 1 other work was going on, and "
        "wall time is no measure of speed, only its ratios are"
    )


def ratio(found: Measured, of: str, to: str, or_to: str = "") -> tuple[float, float]:
    """Return the medians of the ratios round by round, of wall and of processor time."""
    below = found.results[to]
    if or_to:
        below = [max(pair) for pair in zip(below, found.results[or_to], strict=True)]
    pairs = list(zip(found.results[of], below, strict=False))
    return median(a.wall / b.wall for a, b in pairs), median(a.cpu / b.cpu for a, b in pairs)


def table(found: Measured, rows: Sequence[Row]) -> Iterator[str]:
    """Yield the table of programs."""
    yield "| | packets/s | wall s | cpu s | peak MB | wall × tcpdump | cpu × tcpdump |\n|---|--:|--:|--:|--:|--:|--:|"
    for row in rows:
        runs = found.results[row.name]
        wall, cpu, peak = (median(run[place] for run in runs) for place in range(3))
        by_wall, by_cpu = ratio(found, row.name, T)
        yield (
            f"| `{_cell(row.name)}` | {row.lines(found.size) / wall:,.0f} | {wall:.2f} | {cpu:.2f} "
            f"| {peak:.0f} | {by_wall:.2f} | {by_cpu:.2f} |"
        )
    yield ""


def starting(found: Measured, rows: Sequence[Row]) -> Iterator[str]:
    """Yield the table of what starting takes."""
    yield "| | wall ms | cpu ms |\n|---|--:|--:|"
    for row in rows:
        runs = found.results[row.name]
        yield f"| `{row.name}` | {median(r.wall for r in runs) * 1e3:.0f} | {median(r.cpu for r in runs) * 1e3:.0f} |"
    yield ""


def per_line(found: Measured, name: str) -> tuple[float, float]:
    """Return microseconds a line, of wall and of processor time, without what starting takes."""
    row = next(row for row in ROWS if row.name == name)
    start, runs = found.results[FIRST], found.results[name]
    lines = row.lines(found.size) / 1e6
    return (
        (median(r.wall for r in runs) - median(r.wall for r in start)) / lines,
        (median(r.cpu for r in runs) - median(r.cpu for r in start)) / lines,
    )


def flatness(found: Measured, rows: Sequence[Row]) -> Iterator[str]:
    """Yield the table of other sizes and shapes."""
    yield "| | lines | wall µs a line | cpu µs a line | wall × | cpu × | peak MB |\n|---|--:|--:|--:|--:|--:|--:|"
    base = per_line(found, TEXT)
    for name, lines in [(TEXT, found.size), *((row.name, row.lines(found.size)) for row in rows)]:
        each, peak = per_line(found, name), max(run.peak for run in found.results[name])
        yield (
            f"| {name} | {lines:,} | {each[0]:.2f} | {each[1]:.2f} | {_times(each[0], base[0])} | {_times(each[1], base[1])} "
            f"| {peak:.0f} |"
        )
    yield ""


def targets(found: Measured) -> Iterator[str]:
    """Yield the table of what was wanted."""
    yield "| | wall | | cpu | |\n|---|--:|---|--:|---|"
    for target in TARGETS:
        values = figures(found, target) if found.size >= target.size else ()
        cells = [f"{_shown(target, value)} | {_verdict(target, value)}" for value in values] or ["| not measured"]
        yield f"| {_cell(target.text)} | " + " | ".join([*cells, "|"][:2]) + " |"
    yield ""


def figures(found: Measured, target: Target) -> tuple[float, ...]:
    """Return what was measured, of wall and of processor time, or one figure where there is but one; () for none."""
    if target.what == "rate":
        return (found.rates[target.of],)
    if not all(found.results.get(name) for name in (target.of, target.to, target.or_to) if name):
        return ()
    if target.what == "memory":
        return (max(run.peak for run in found.results[target.of]),)
    if target.what == "per line":
        above, below = per_line(found, target.of), per_line(found, target.to)
        if min(below) <= 0:
            return ()  # so few lines that starting is all there is
        return above[0] / below[0], above[1] / below[1]
    both = ratio(found, target.of, target.to, target.or_to)
    values = [target.times * (1 / value if target.faster else value) for value in both]
    return tuple(values[:1] if target.wall_only else values)


def _times(above: float, below: float) -> str:
    return f"{above / below:.2f}" if below > 0 else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _shown(target: Target, value: float) -> str:
    if target.what == "rate" and target.bound >= 1:
        return f"{value:,.0f}"
    return f"{value:.2%}" if target.what == "rate" else f"{value:.0f}" if target.what == "memory" else f"{value:.2f}"


def _verdict(target: Target, value: float) -> str:
    return "met" if (value >= target.bound if target.least else value <= target.bound) else "**not met**"
