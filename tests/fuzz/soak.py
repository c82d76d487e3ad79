"""
A live pipe for a long time: `make soak MINUTES=10`, or by hand: python tests/fuzz/soak.py --minutes 10.

Made conversations, one after another and their clock going on, are written into a running program as fast as that takes it. Measured:
memory and descriptors of the program, and the lag, which is how long a marked line needs from the pipe to its
explanation. All three must stay flat: what the second half of the time shows is held against the first.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
if TYPE_CHECKING:
    from collections.abc import Iterator

CONNECTIONS: Final = 400  # of one round of the capture
MARKS: Final = 1.0  # seconds between two lines whose way is timed
ALLOWED_GROWTH: Final = 1.15  # of memory, from the first half to the end
ALLOWED_MIB: Final = 24
ALLOWED_LAG: Final = 2.0  # seconds, most of it what the pipes hold


class Sample(NamedTuple):
    """What the program held at one moment."""

    seconds: float
    resident: int  # KiB
    descriptors: int


def rounds() -> Iterator[str]:
    """Yield lines for ever: conversations that open, talk, lose and close, each round on other ports and later."""
    micro, round_ = 0, 0
    chance = Random(1)
    while True:
        for number in range(CONNECTIONS):
            client, server = (
                f"10.0.{round_ % 200}.{number % 250}.{20_000 + (round_ * 7 + number) % 40_000}",
                "192.0.2.2.80",
            )
            isn, other = chance.randrange(2**32), chance.randrange(2**32)
            for who, what in _conversation(isn, other, chance):
                micro += chance.choice((1_000, 5_000, 45_000))  # so that closed connections are forgotten soon
                src, dst = (client, server) if who == "c" else (server, client)
                yield f"{_clock(micro)} IP {src} > {dst}: Flags {what}\n"
        round_ += 1


def _conversation(isn: int, other: int, chance: Random) -> Iterator[tuple[str, str]]:
    mask = 2**32 - 1
    seq, ack = (isn + 1) & mask, (other + 1) & mask
    yield "c", f"[S], seq {isn}, win 64240, options [mss 1460,sackOK,nop,wscale 7], length 0"
    if chance.random() < 0.05:
        return  # nobody answers
    yield "s", f"[S.], seq {other}, ack {seq}, win 65160, options [mss 1460,sackOK,nop,wscale 7], length 0"
    yield "c", f"[.], ack {ack}, win 502, length 0"
    yield "c", f"[P.], seq {seq}:{(seq + 100) & mask}, ack {ack}, win 502, length 100: HTTP: GET / HTTP/1.1"
    seq = (seq + 100) & mask
    for _ in range(chance.randrange(12)):
        end = (ack + 1448) & mask
        if chance.random() < 0.95:
            yield "s", f"[P.], seq {ack}:{end}, ack {seq}, win 509, length 1448: HTTP"
        if chance.random() < 0.05:
            yield "s", f"[P.], seq {ack}:{end}, ack {seq}, win 509, length 1448: HTTP"
        ack = end
        yield "c", f"[.], ack {ack}, win 501, length 0"
    if chance.random() < 0.05:
        yield "s", f"[R], seq {ack}, win 0, length 0"
        return
    yield "c", f"[F.], seq {seq}, ack {ack}, win 501, length 0"
    yield "s", f"[F.], seq {ack}, ack {(seq + 1) & mask}, win 509, length 0"
    yield "c", f"[.], ack {(ack + 1) & mask}, win 501, length 0"


def _clock(micro: int) -> str:
    seconds = micro // 10**6
    return f"{seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{micro % 10**6:06}"


class Soak:
    """One program, fed and watched."""

    def __init__(self, options: list[str]) -> None:
        """Start the program with these options."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tdparse", *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
        )
        self.lines = 0
        self.octets = 0  # explained
        self.lags: list[float] = []
        self.samples: list[Sample] = []
        self._sent: dict[int, float] = {}
        self._mark = 0

    def run(self, seconds: float) -> None:
        """Feed for some time, then let it end."""
        reader = threading.Thread(target=self._read)
        reader.start()
        started = time.monotonic()
        into = self.process.stdin
        if into is None:
            raise ValueError("a pipe is needed")
        lines = rounds()
        marked = sampled = started
        while (now := time.monotonic()) - started < seconds:
            if now - marked >= MARKS:
                marked = now
                self._mark += 1
                self._sent[self._mark] = time.monotonic()
                into.write(b"# soak mark %d\n" % self._mark)
            block = "".join(next(lines) for _ in range(50))
            into.write(block.encode())
            into.flush()
            self.lines += 50
            if now - sampled >= min(1.0, seconds / 40):
                sampled = now
                self.samples.append(self._sample(now - started))
        into.close()
        reader.join()
        self.process.wait()

    def _sample(self, seconds: float) -> Sample:
        place = Path(f"/proc/{self.process.pid}")
        status = (place / "status").read_text()
        resident = re.search(r"VmRSS:\s+(\d+)", status)
        return Sample(seconds, int(resident[1]) if resident else 0, len(os.listdir(place / "fd")))  # noqa: PTH208 - names alone

    def _read(self) -> None:
        rest = b""
        out = self.process.stdout
        while out is not None and (octets := os.read(out.fileno(), 1 << 16)):
            self.octets += len(octets)
            text = rest + octets
            for found in re.finditer(rb"# soak mark (\d+)\n", text):
                sent = self._sent.pop(int(found[1]), None)
                if sent is not None:
                    self.lags.append(time.monotonic() - sent)
            rest = text[-40:]

    def told(self) -> tuple[str, list[str]]:
        """Return the figures, and what is not flat."""
        middle = len(self.samples) // 2
        early = max(sample.resident for sample in self.samples[middle // 2 : middle + 1])
        peak = max(sample.resident for sample in self.samples)
        last = self.samples[-1]
        descriptors = [sample.descriptors for sample in self.samples]
        lag = max(self.lags, default=0.0)
        late = max(self.lags[len(self.lags) // 2 :], default=0.0)
        text = (
            f"{last.seconds:.0f} s, {self.lines} lines ({self.lines / last.seconds:.0f}/s), RSS peak {peak / 1024:.1f} MiB, "
            f"final {last.resident / 1024:.1f} MiB, second quarter {early / 1024:.1f} MiB, descriptors {min(descriptors)}-"
            f"{max(descriptors)}, {len(self.lags)} marks, largest lag {lag:.2f} s (second half {late:.2f} s), "
            f"{self.octets / 2**20:.0f} MiB explained, exit {self.process.returncode}"
        )
        wrong = []
        if last.resident > max(early * ALLOWED_GROWTH, early + ALLOWED_MIB * 1024):
            wrong.append("memory grows")
        if descriptors[-1] > descriptors[0]:
            wrong.append("descriptors grow")
        if late > max(ALLOWED_LAG, 3 * max(self.lags[: len(self.lags) // 2], default=0.0)):
            wrong.append("lag grows")
        if self._sent:
            wrong.append(f"marks lost: {len(self._sent)}")
        if self.process.returncode != 0:
            wrong.append("it failed")
        return text, wrong


def main() -> None:
    """Soak; exit 1 when something is not flat."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("options", nargs="*", help="of tdexplain, after --")
    given = parser.parse_args()
    soak = Soak(given.options)
    soak.run(given.minutes * 60)
    text, wrong = soak.told()
    sys.stdout.write("\n".join([text, *wrong]) + "\n")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
