"""
What a report on a large log costs, beside the text run on it: 100,000 segments of 5,000 connections, and of a single one.

    python tests/bench_report.py [--connections 5000]

Prints the processor time of both, the size of the page, and how long Chromium takes to open it.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from costs import seconds

LARGEST = 10_000_000  # octets of a page
SECOND = 1_000_000


def conversations(count: int, seed: int = 4) -> Iterator[str]:
    """Yield the lines of a log: each connection a request and its answer; some are reset, some lose a segment."""
    events = [event for number in range(count) for event in _conversation(number, random.Random(seed + number))]  # noqa: S311 - a log
    for _time, line in sorted(events):
        yield line


def _conversation(number: int, chance: random.Random) -> Iterator[tuple[int, str]]:
    time = 10 * 3600 * SECOND + number * SECOND // 5
    client = f"10.{number // 60000}.{number // 250 % 240}.{number % 250 + 1}.{20000 + number % 40000}"
    server = f"192.0.2.{number % 7 + 1}.443"
    mine, yours = chance.randrange(2**31), chance.randrange(2**31)
    stamps = ", options [nop,nop,TS val 7 ecr 3]"
    opening = ", options [mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7]"
    up, down = mine + 1, yours + 1
    plan: list[tuple[bool, str]] = [
        (True, f"[S], seq {mine}, win 64240{opening}, length 0"),
        (False, f"[S.], seq {yours}, ack {up}, win 65160{opening}, length 0"),
        (True, f"[.], ack {down}, win 502{stamps}, length 0"),
        (True, f"[P.], seq {up}:{up + 200}, ack {down}, win 502{stamps}, length 200"),
        (False, f"[.], ack {up + 200}, win 502{stamps}, length 0"),
    ]
    up += 200
    for part in range(5):
        data = (False, f"[P.], seq {down}:{down + 1448}, ack {up}, win 501{stamps}, length 1448")
        down += 1448
        again = part == 2 and number % 50 == 0
        plan += [data, data if again else (True, f"[.], ack {down}, win 502{stamps}, length 0")]
    plan.append((True, f"[.], ack {down}, win 502{stamps}, length 0"))
    if number % 100 == 7:
        plan.append((True, f"[R.], seq {up}, ack {down}, win 0, length 0"))
    else:
        plan += [
            (True, f"[F.], seq {up}, ack {down}, win 502{stamps}, length 0"),
            (False, f"[F.], seq {down}, ack {up + 1}, win 502{stamps}, length 0"),
            (True, f"[.], ack {down + 1}, win 502{stamps}, length 0"),
            (True, f"[.], ack {down + 1}, win 502{stamps}, length 0"),
        ]
    for from_client, rest in plan:
        time += chance.randrange(200, 30000)
        clock = (
            f"{time // 3600 // SECOND:02}:{time // 60 // SECOND % 60:02}:{time // SECOND % 60:02}.{time % SECOND:06}"
        )
        one, two = (client, server) if from_client else (server, client)
        yield time, f"{clock} IP {one} > {two}: Flags {rest}"


def transfer(segments: int) -> Iterator[str]:
    """Yield the lines of a log: one connection that nothing disturbs, a server that sends and is acknowledged."""
    client, server, opening = "10.0.0.1.50000", "192.0.2.1.443", ", options [mss 1460,sackOK,nop,wscale 7]"
    plan = [
        (True, f"[S], seq 999, win 64240{opening}, length 0"),
        (False, f"[S.], seq 4999, ack 1000, win 65160{opening}, length 0"),
        (True, "[.], ack 5000, win 502, length 0"),
        (True, "[P.], seq 1000:1200, ack 5000, win 502, length 200"),
        (False, "[.], ack 1200, win 508, length 0"),
    ]
    for number, (from_client, rest) in enumerate([*plan, *_parts(segments - len(plan))]):
        time = 36_000 * SECOND + number * 40
        clock = f"10:{time // 60 // SECOND % 60:02}:{time // SECOND % 60:02}.{time % SECOND:06}"
        one, two = (client, server) if from_client else (server, client)
        yield f"{clock} IP {one} > {two}: Flags {rest}"


def _parts(count: int) -> Iterator[tuple[bool, str]]:
    sent = 5000
    for number in range(count):
        if number % 3 < 2:  # an ACK for every two segments
            yield False, f"[.], seq {sent}:{sent + 1460}, ack 1200, win 508, length 1460"
            sent += 1460
        else:
            yield True, f"[.], ack {sent}, win {500 + number % 1000}, length 0"


def run(*arguments: str) -> None:
    """Run the program, its output thrown away."""
    subprocess.run([sys.executable, "-m", "tdparse", *arguments], check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    """Measure, and complain when a figure does not hold."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("--connections", type=int, default=5000)
    count = parser.parse_args().connections
    from browser import browser

    holds = True
    with TemporaryDirectory() as name:
        log, page = Path(name, "large.log"), Path(name, "large.html")
        for told, lines in ((f"{count} connections", conversations(count)), ("one connection", transfer(20 * count))):
            log.write_text("\n".join(lines) + "\n")
            text = seconds(partial(run, str(log)))
            report = seconds(partial(run, "report", "-o", str(page), str(log)))
            size = page.stat().st_size
            with browser() as window:
                window.open(page)
                start = perf_counter()
                window.open(page)
                opened = perf_counter() - start
                inside = window.run("return performance.getEntriesByType('navigation')[0].loadEventEnd") / 1000
            print(
                f"{told}; text {text:.2f} s, report {report:.2f} s: ratio {report / text:.2f}, page {size / 1e6:.1f} MB"
            )
            print(f"opened in {opened:.2f} s, loaded after {inside:.2f} s")
            holds = holds and report <= 2 * text and size <= LARGEST
    if not holds:
        sys.exit("a figure does not hold")


if __name__ == "__main__":
    main()
