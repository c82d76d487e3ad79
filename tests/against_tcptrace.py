"""
Our metrics beside tcptrace's on made-up captures: how often they are equal, and every departure by name.

    python tests/against_tcptrace.py [--captures 40] [--first 0] [--examples 2]

Needs tcpdump and tcptrace. Each capture is played from its number (see `network`) and printed by tcpdump; we read the
text, tcptrace the packets. A difference is one of the DEPARTURES below, each with a reason and an arithmetic that must
come out even, or it is counted as unexplained.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from network import scene
from packets import tcpdump_text, write_pcap

import tdparse

# Column of tcptrace (without its direction) -> metric of ours.
COLUMNS: Final = {
    "total_packets": "segments",
    "pure_acks_sent": "pure_acks",
    "actual_data_pkts": "data_segments",
    "unique_bytes_sent": "payload_bytes",
    "rexmt_data_pkts": "retransmitted_segments",
    "rexmt_data_bytes": "retransmitted_bytes",
    "max_segm_size": "largest_payload",
    "mss_requested": "mss",
}
ENOUGH: Final = 0.99
DEPARTURES: Final = {
    "pair_used_again": "The address pair was used again, and the two have the new connection begin at different packets.",
    "fin_with_payload": "A FIN that carries payload is a control segment for us, data for tcptrace.",
    "sent_again_is_more": "tcptrace also counts as data sent again: repeated FINs, keep-alives, probes, a packet captured twice.",
    "hole_in_the_capture": "Octets below a gap appear late: sent again for tcptrace, which cannot tell, first seen for us.",
    "capture_began_later": "The capture began later: tcptrace counts from the first packet, we from the numbers acknowledged.",
}


class Pair(NamedTuple):
    """One number of one direction of one connection, as both give it."""

    capture: int
    metric: str
    ours: int
    theirs: int
    why: str | None  # a departure, or None: not explained; "" where they are equal


class Direction(NamedTuple):
    """What one end of a connection sent."""

    connection: tdparse.Connection
    role: str
    sent: tuple[tdparse.Annotated, ...]

    def value(self, metric: str) -> int:
        """Return a metric of this direction; 0 where the log does not allow it, as tcptrace has it."""
        both = self.connection.metrics.get(metric)
        found = both.get(self.role) if isinstance(both, dict) else None
        return found if isinstance(found, int) else 0


def pairs(number: int, folder: Path) -> Iterator[Pair]:
    """Yield what both say of one capture."""
    path = folder / "capture.pcap"
    write_pcap(path, scene(number).packets)
    trace, rows = tdparse.load(tcpdump_text(path, "-S")), tcptrace(path)
    yield Pair(
        number,
        "connections",
        len(trace.connections),
        len(rows),
        "" if len(trace.connections) == len(rows) else "pair_used_again",
    )
    reused = len({frozenset((c.client, c.server)) for c in trace.connections}) < len(trace.connections)
    for connection, row in zip(trace.connections, rows, strict=False):
        ours_first = str(connection.client) == f"{row['host_a']}.{row['port_a']}"
        for role, way in (("client", "a2b" if ours_first else "b2a"), ("server", "b2a" if ours_first else "a2b")):
            sent = tuple(item for item in trace.segments if item.conn == connection.conn and item.sender == role)
            direction = Direction(connection, role, sent)
            for column, metric in COLUMNS.items():
                theirs = next(
                    int(float(row[name] or 0)) for name in row if name.startswith(column) and name.endswith(way)
                )
                ours = direction.value(metric)
                yield Pair(
                    number,
                    metric,
                    ours,
                    theirs,
                    "" if ours == theirs else reason(direction, metric, theirs, reused=reused),
                )


def tcptrace(path: Path) -> list[dict[str, str]]:
    """Return tcptrace's long output, a dictionary a connection."""
    done = subprocess.run(["tcptrace", "--csv", "-n", "-l", str(path)], check=True, capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if line and not line.startswith("#")]
    return [{name: (text or "").strip() for name, text in row.items() if name} for row in csv.DictReader(lines)]


def reason(direction: Direction, metric: str, theirs: int, *, reused: bool) -> str | None:
    """Return the departure that a difference is, None if it is none."""
    more, sent = theirs - direction.value(metric), direction.sent
    with_payload = sum(bool(item.segment.length) for item in sent)
    again = [item for item in sent if counts_as_again(item)]
    if metric == "data_segments" and theirs == with_payload:
        return "fin_with_payload"
    if metric == "retransmitted_segments" and 0 < more <= len(again):
        return "sent_again_is_more"
    if metric == "retransmitted_bytes" and 0 < more <= sum(max(item.segment.length or 0, 1) for item in again):
        return "sent_again_is_more"
    if metric.startswith("retransmitted") and any(item.step == "data.gap_fill" for item in sent):
        return "hole_in_the_capture"
    if direction.connection.verdict.startswith(("mid_stream", "one_sided")):
        return "capture_began_later"
    return "pair_used_again" if reused else None


def counts_as_again(item: tdparse.Annotated) -> bool:
    """Tell whether tcptrace takes a segment for data sent again that is none for us."""
    return item.step in {
        "teardown.fin.retransmit", "probe.keep_alive", "probe.zero_window", "stepless.capture_duplicate",
        "handshake.syn.retransmit", "handshake.syn_ack.retransmit", "stepless.old_duplicate", "stepless.stray",
    }  # fmt: skip


def explained(found: Sequence[Pair]) -> float:
    """Return the share of the numbers that are equal or a departure."""
    return sum(pair.why is not None for pair in found) / len(found)


def report(found: Sequence[Pair], examples: int) -> Iterator[str]:
    """Yield one line a metric, and examples of what is not explained."""
    yield f"{'metric':24} {'equal':>6} {'apart':>6} {'unexplained':>12}   departures"
    for metric in ("connections", *COLUMNS.values()):
        mine = [pair for pair in found if pair.metric == metric]
        apart = [pair for pair in mine if pair.why != ""]
        names = Counter(pair.why for pair in apart if pair.why)
        told = ", ".join(f"{name} {count}" for name, count in sorted(names.items()))
        unexplained = sum(pair.why is None for pair in apart)
        yield f"{metric:24} {len(mine) - len(apart):6} {len(apart):6} {unexplained:12}   {told}".rstrip()
    shown: dict[str, int] = defaultdict(int)
    for pair in found:
        if pair.why is None and shown[pair.metric] < examples:
            shown[pair.metric] += 1
            yield f"  capture {pair.capture}: {pair.metric} ours {pair.ours}, theirs {pair.theirs}"


def main() -> int:
    """Compare, print, and return 1 if too much is not explained."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--captures", type=int, default=40)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--examples", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        numbers = range(options.first, options.first + options.captures)
        found = [pair for number in numbers for pair in pairs(number, Path(folder))]
    sys.stdout.writelines(f"{line}\n" for line in report(found, options.examples))
    return int(explained(found) < ENOUGH)


if __name__ == "__main__":
    raise SystemExit(main())
