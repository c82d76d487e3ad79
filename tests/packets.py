"""
TCP packets written by hand: bytes with right checksums, and the pcap files that hold them.
"""

from __future__ import annotations

import shutil
import socket
import struct
import subprocess
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

MASK: Final = 0xFFFFFFFF
DLT_RAW: Final = 101  # the packet begins with its IP header
FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (1 << bit for bit in range(8))
LETTERS: Final = {"F": FIN, "S": SYN, "R": RST, "P": PSH, ".": ACK, "U": URG, "E": ECE, "W": CWR}
EPOCH: Final = 1_700_000_000 * 10**9


class Packet(NamedTuple):
    """One TCP packet over IPv4; numbers as on the wire."""

    time: int  # nanoseconds; written in microseconds
    src: tuple[str, int]
    dst: tuple[str, int]
    flags: int
    seq: int
    ack: int = 0
    window: int = 65535
    length: int = 0
    mss: int | None = None
    wscale: int | None = None
    sack_ok: bool = False
    ts: tuple[int, int] | None = None
    sack: tuple[tuple[int, int], ...] = ()
    urgent: int = 0
    ip_id: int = 0
    ttl: int = 64

    @property
    def end(self) -> int:
        """SEG.END, not wrapped."""
        return self.seq + self.length + bool(self.flags & SYN) + bool(self.flags & FIN)


def flags_of(letters: str) -> int:
    """Return the flag bits of tcpdump's letters."""
    bits = 0
    for letter in letters:
        bits |= LETTERS[letter]
    return bits


def checksum(data: bytes) -> int:
    """Return the Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _options(packet: Packet) -> bytes:
    """Return the options in the order Linux writes them, padded to four octets."""
    out = b""
    if packet.mss is not None:
        out += struct.pack("!BBH", 2, 4, packet.mss)
    if packet.sack_ok:
        out += b"\4\2" if packet.ts else b"\1\1\4\2"
    if packet.ts is not None:
        aligned = packet.sack_ok and packet.flags & SYN
        out += b"" if aligned else b"\1\1"
        out += struct.pack("!BBII", 8, 10, packet.ts[0] & MASK, packet.ts[1] & MASK)
    if packet.wscale is not None:
        out += struct.pack("!BBBB", 1, 3, 3, packet.wscale)
    if packet.sack:
        blocks = packet.sack[:3] if packet.ts else packet.sack[:4]
        out += struct.pack("!BBBB", 1, 1, 5, 2 + 8 * len(blocks))
        for left, right in blocks:
            out += struct.pack("!II", left & MASK, right & MASK)
    return out + b"\1" * (-len(out) % 4)


def ip_bytes(packet: Packet) -> bytes:
    """Return the packet from its IP header on."""
    options, payload = _options(packet), b"x" * packet.length
    source, target = socket.inet_aton(packet.src[0]), socket.inet_aton(packet.dst[0])
    size = 20 + len(options)
    words = (packet.src[1], packet.dst[1], packet.seq & MASK, packet.ack & MASK)
    flags = (size // 4) << 12 | packet.flags
    head = struct.pack("!HHIIHHHH", *words, flags, packet.window, 0, packet.urgent)
    pseudo = source + target + struct.pack("!BBH", 0, 6, size + packet.length)
    total = checksum(pseudo + head + options + payload)
    head = head[:16] + struct.pack("!H", total) + head[18:]
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + size + packet.length, packet.ip_id, 0x4000, packet.ttl, 6, 0)
    ip += source + target
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return ip + head + options + payload


def write_pcap(path: Path, packets: Iterable[Packet], snap: int = 65535) -> None:
    """Write packets in the order given; `snap` octets of each at most."""
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, DLT_RAW))
        for packet in packets:
            data = ip_bytes(packet)
            when = (EPOCH + packet.time) // 1000
            kept = data[:snap]
            file.write(struct.pack("<IIII", when // 10**6, when % 10**6, len(kept), len(data)))
            file.write(kept)


# ------------------------------------------------------------------ the two readers


def has(*programs: str) -> bool:
    """Tell whether all these programs are installed."""
    return all(shutil.which(program) for program in programs)


def tcpdump_text(path: Path, *options: str) -> list[str]:
    """Return what tcpdump prints for a capture file."""
    command = ["tcpdump", "-nn", "-tt", *options, "-r", str(path)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def tshark_fields(path: Path, fields: Sequence[str]) -> list[dict[str, str]]:
    """Return, for each frame, what tshark's dissection has in those `fields`; "" for nothing."""
    command = ["tshark", "-n", "-r", str(path), "-T", "fields", "-E", "separator=/t", "-E", "aggregator=+"]
    for field in fields:
        command += ["-e", field]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [dict(zip(fields, line.split("\t"), strict=True)) for line in output.splitlines()]
