"""
Logs that are several in one: captured and made-up ones, one after another or interleaved, some damaged.

People paste what they have, from several runs and machines; what holds for a log of one piece has to hold for those, too.
"""

from __future__ import annotations

from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.generate import SHAPES
from bench.printing import write_text

if TYPE_CHECKING:
    from random import Random

ROOT: Final = Path(__file__).parents[1]
MOST: Final = 400  # lines of one log in a mixture
ODD: Final = b"0123456789. >SF[]:,\tx"  # what a damaged octet becomes


def logs() -> list[list[bytes]]:
    """Return the lines of what mixtures are made of."""
    paths = sorted((ROOT / "fixtures" / "captures").glob("*/*.log"))
    corpus = ROOT.parent / "shared" / "corpus"
    if corpus.is_dir():
        paths += sorted(path for path in corpus.glob("*/**/*") if path.suffix in {".log", ".txt", ".out"})
    known = [path.read_bytes() for path in paths]
    for made in SHAPES.values():
        written = BytesIO()
        write_text(written, islice(made(MOST), MOST))
        known.append(written.getvalue())
    return [[*text.splitlines(keepends=True)[:MOST]] for text in known if b" > " in text]


def mixture(known: list[list[bytes]], chance: Random) -> bytes:
    """Return several logs in one."""
    chosen = [
        [*(text if text.endswith(b"\n") else text + b"\n" for text in lines)]
        for lines in chance.choices(known, k=chance.choice([2, 3, 5, 10, 20]))
    ]
    most = chance.choice([MOST, 1, 20])  # lines of one before another goes on
    lines: list[bytes] = []
    while chosen:
        place = chance.randrange(len(chosen)) if most < MOST else 0
        count = chance.randint(1, most) if most < MOST else MOST
        lines += chosen[place][:count]
        del chosen[place][:count]
        if not chosen[place]:
            del chosen[place]
    for _ in range(chance.choice([0, 0, 20])):
        _damage(lines, chance)
    return b"".join(lines)


def on_devices(lines: list[bytes], chance: Random, *, copied: float = 0.1) -> list[bytes]:
    """Return the lines of made-up traffic as `-i any` prints them: each with its device, some on a second one, too, a little later."""
    found: list[tuple[bytes, bytes]] = []  # time, line
    clients: set[bytes] = set()
    for line in lines:
        time, _, record = line.partition(b" ")
        sender = record.split(b" ")[1]
        if b"Flags [S]" in record:
            clients.add(sender)
        way = b"In " if sender in clients else b"Out"
        found.append((time, b"%s eth0  %s %s" % (time, way, record)))
        if chance.random() < copied:
            second = b"%09.6f" % (float(time[6:]) + chance.choice([0, 0.000005, 0.0004, 0.0009]))
            later = time[:6] + second
            found.append((later, b"%s veth7 %s %s" % (later, chance.choice([b"In ", b"Out"]), record)))
    return [line for _, line in sorted(found, key=lambda one: one[0])]


def behind_link(lines: list[bytes], chance: Random, *, tagged: float = 0) -> list[bytes]:
    """Return the lines of made-up traffic as `-e` prints them on Ethernet, some of them with a VLAN."""
    found = []
    for line in lines:
        time, word, record = line.split(b" ", 2)
        kind = b"IPv6 (0x86dd)" if word == b"IP6" else b"IPv4 (0x0800)"
        near, far = sorted((b"02:00:00:00:00:01", b"02:00:00:00:00:02"), reverse=b"Flags [S]" in record)
        tag = b"802.1Q (0x8100), length %d: vlan 7, p 0, ethertype %s, " % (len(record), kind)
        link = tag if chance.random() < tagged else b"%s, length %d: " % (kind, len(record))
        found.append(b"%s %s > %s, ethertype %s%s" % (time, near, far, link, record))
    return found


def _damage(lines: list[bytes], chance: Random) -> None:
    place = chance.randrange(len(lines))
    text = bytearray(lines[place])
    kind = chance.randrange(4)
    if kind == 0:
        lines.insert(place, chance.choice(lines))
    elif kind == 1 and len(lines) > 1:
        del lines[place]
    elif kind == 2:  # without its time
        lines[place] = lines[place].partition(b" ")[2] or b"\n"
    else:
        text[chance.randrange(len(text))] = chance.choice(ODD)
        lines[place] = bytes(text).rstrip(b"\n") + b"\n"
