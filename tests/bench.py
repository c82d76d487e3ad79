"""
How fast, against tcpdump itself: `tcpdump -r` prints a generated capture, tdexplain explains what it printed.

Both run on this machine in turn, so their ratio says more than either figure. Run it with `make bench`.
"""

from __future__ import annotations

import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

CONNECTIONS = 3_000
ROUNDS = 3
CLIENTS = 200  # few addresses, where tcpdump is at its best
SYN, ACK, PSH, FIN = 0x02, 0x10, 0x08, 0x01
TIMESTAMPS = b"\x01\x01\x08\x0a"


def packet(ends: tuple[bytes, bytes, int, int], seq: int, ack: int, flags: int, stamp: int, payload: int) -> bytes:
    """Return an IPv4 packet with a TCP segment; checksums are left 0, which tcpdump does not print."""
    src, dst, sport, dport = ends
    options = TIMESTAMPS + struct.pack(">II", stamp, stamp - 1)
    if flags & SYN:
        options = b"\x02\x04\x05\xb4\x04\x02\x08\x0a" + struct.pack(">II", stamp, 0) + b"\x01\x03\x03\x07"
    offset = (20 + len(options)) // 4 << 4
    tcp = struct.pack(">HHIIBBHHH", sport, dport, seq, ack, offset, flags, 502, 0, 0) + options + b"x" * payload
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0x4000, 64, 6, 0, src, dst)
    return ip + tcp


def connection(number: int) -> Iterator[bytes]:
    """Yield handshake, four requests and answers, and a four-segment close."""
    client = bytes([10, 0, number % CLIENTS, 1])
    server = bytes([10, 1, 0, 1 + number % 7])
    port = 1024 + number // CLIENTS % 60_000
    out, back = (client, server, port, 80), (server, client, 80, port)
    stamp, theirs, ours = 1000 + number, 2_000_000_000, 1_000_000 + number
    yield packet(out, ours, 0, SYN, stamp, 0)
    yield packet(back, theirs, ours + 1, SYN | ACK, stamp, 0)
    ours, theirs = ours + 1, theirs + 1
    yield packet(out, ours, theirs, ACK, stamp, 0)
    for size in (300, 1400, 80, 1448):
        yield packet(out, ours, theirs, PSH | ACK, stamp, 120)
        ours += 120
        yield packet(back, theirs, ours, PSH | ACK, stamp, size)
        theirs += size
        yield packet(out, ours, theirs, ACK, stamp, 0)
    yield packet(out, ours, theirs, FIN | ACK, stamp, 0)
    yield packet(back, theirs, ours + 1, ACK, stamp, 0)
    yield packet(back, theirs, ours + 1, FIN | ACK, stamp, 0)
    yield packet(out, ours + 1, theirs + 1, ACK, stamp, 0)


def write_capture(file: BinaryIO) -> int:
    """Write a pcap file of raw IP packets; return how many."""
    file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
    count = 0
    for number in range(CONNECTIONS):
        for octets in connection(number):
            count += 1
            file.write(
                struct.pack("<IIII", 1_700_000_000 + count // 10_000, count % 10_000 * 100, len(octets), len(octets))
            )
            file.write(octets)
    return count


def seconds(command: list[str], given: Path | None = None) -> float:
    """Return how long a command takes, its output thrown away."""
    with tempfile.TemporaryFile() as nothing, (given or Path("/dev/null")).open("rb") as source:
        begun = time.perf_counter()
        subprocess.run(command, check=True, stdin=source, stdout=subprocess.DEVNULL, stderr=nothing)
        return time.perf_counter() - begun


def main() -> None:
    """Print packets a second of each, and the ratio to tcpdump, round by round."""
    tcpdump = shutil.which("tcpdump")
    if tcpdump is None:
        print("no tcpdump is installed: nothing to measure against")
        return
    with tempfile.TemporaryDirectory() as folder:
        capture, log = Path(folder) / "x.pcap", Path(folder) / "x.log"
        with capture.open("wb") as file:
            packets = write_capture(file)
        printing = [tcpdump, "-nn", "-S", "-r", "-"]
        with capture.open("rb") as source, log.open("wb") as file:
            subprocess.run(printing, check=True, stdin=source, stdout=file, stderr=subprocess.DEVNULL)
        program = [sys.executable, "-m", "tdparse"]
        runs = {
            "text": [*program, str(log)],
            "jsonl": [*program, "-f", "jsonl", str(log)],
            "quiet": [*program, "-q", str(log)],
        }
        print(f"{packets} packets, {CONNECTIONS} connections, {ROUNDS} rounds")
        ratios: dict[str, list[float]] = {name: [] for name in runs}
        rates: dict[str, list[float]] = {name: [] for name in ["tcpdump", *runs]}
        for _ in range(ROUNDS):
            base = seconds(printing, capture)
            rates["tcpdump"].append(packets / base)
            for name, command in runs.items():
                taken = seconds(command)
                rates[name].append(packets / taken)
                ratios[name].append(base / taken)
        for name, found in rates.items():
            ratio = f"{statistics.median(ratios[name]):.2f} x tcpdump" if name in ratios else ""
            print(f"{name:8} {statistics.median(found):>10,.0f} packets/s  {ratio}")


if __name__ == "__main__":
    main()
