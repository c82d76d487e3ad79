"""
The made-up segments as a pcap file, and as the text that `tcpdump -nn -S` prints of it.

Packets are cut at `SNAP` octets, as a capture of a busy server is; checksums are right for the octets that
are there only, which nobody looks at without `-v`.
"""

from __future__ import annotations

import socket
import struct
from functools import lru_cache
from typing import TYPE_CHECKING, BinaryIO, Final

from bench.traffic import ACK, CLIENT, FIN, RST, SYN, Flow, Segment

if TYPE_CHECKING:
    from collections.abc import Iterable

EPOCH: Final = 1_700_006_400  # 00:00:00 UTC
SNAP: Final = 192
SECOND: Final = 1_000_000
CHUNK: Final = 4_000  # segments written at once
FILLER: Final = b"\x8e" * SNAP
FILE_HEADER: Final = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, SNAP, 1)
RECORD: Final = struct.Struct("<IIII")
TCP: Final = struct.Struct(">HHIIBBHI")
STAMPS: Final = struct.Struct(">BBBBII")
LETTERS: Final = ((SYN, "S"), (FIN, "F"), (RST, "R"), (8, "P"), (ACK, "."))
FLAGS: Final = ["".join(letter for bit, letter in LETTERS if flags & bit) or "none" for flags in range(32)]


@lru_cache(1 << 18)
def _ends(flow: Flow, sender: int) -> tuple[bytes, bytes]:
    """Return Ethernet and IP header before and behind the length."""
    family = socket.AF_INET if flow.version == 4 else socket.AF_INET6
    ends = [socket.inet_pton(family, flow.client), socket.inet_pton(family, flow.server)]
    if sender != CLIENT:
        ends.reverse()
    if flow.version == 4:
        return b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\x00\x45\0", b"\0\1\x40\0\x40\6\0\0" + b"".join(ends)
    return b"\2\0\0\0\0\1\2\0\0\0\0\2\x86\xdd\x60\0\0\0", b"\6\x40" + b"".join(ends)


def packet(segment: Segment) -> tuple[bytes, int]:
    """Return a packet, cut, and how long it was."""
    _, flow, sender, flags, seq, ack, window, stamps, blocks, length, data = segment
    if flags & SYN:
        options = struct.pack(">BBH", 2, 4, flow.mss)
        if stamps:
            options += (b"\4\2" if flow.sack else b"\1\1") + struct.pack(">BBII", 8, 10, *stamps)
        else:
            options += b"\1\1\4\2" if flow.sack else b""
        options += b"\1\3\3" + bytes([flow.scale])
    else:
        options = STAMPS.pack(1, 1, 8, 10, *stamps) if stamps else b""
        if blocks:
            options += struct.pack(">BBBB", 1, 1, 5, 2 + 8 * len(blocks))
            for block in blocks:
                options += struct.pack(">II", *block)
    before, behind = _ends(flow, sender)
    size = 20 + len(options)
    ports = (flow.sport, flow.dport) if sender == CLIENT else (flow.dport, flow.sport)
    tcp = TCP.pack(*ports, seq, ack, size << 2, flags, window, 0)
    total = size + length + (20 if flow.version == 4 else 0)
    whole = before + total.to_bytes(2) + behind + tcp + options
    if length:
        whole += (data + FILLER)[: min(length, SNAP - len(whole))]
    return whole, total + (14 if flow.version == 4 else 54)


def write_pcap(file: BinaryIO, segments: Iterable[Segment]) -> int:
    """Write a pcap file; return how many packets."""
    file.write(FILE_HEADER)
    parts: list[bytes] = []
    count = 0
    for segment in segments:
        octets, length = packet(segment)
        second, micro = divmod(segment.time, SECOND)
        parts.append(RECORD.pack(EPOCH + second, micro, len(octets), length))
        parts.append(octets)
        count += 1
        if count % CHUNK == 0:
            file.write(b"".join(parts))
            parts.clear()
    file.write(b"".join(parts))
    return count


@lru_cache(1 << 18)
def _start(flow: Flow, sender: int) -> str:
    """Return the part of the line between the time and the flags."""
    ends = [f"{flow.client}.{flow.sport}", f"{flow.server}.{flow.dport}"]
    if sender != CLIENT:
        ends.reverse()
    return f"{'IP' if flow.version == 4 else 'IP6'} {ends[0]} > {ends[1]}: Flags ["


@lru_cache(64)
def _clock(second: int) -> str:
    minutes, seconds = divmod(second, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours % 24:02}:{minutes:02}:{seconds:02}."


def line(segment: Segment) -> str:
    """Return what `tcpdump -nn -S` prints (in UTC)."""
    time, flow, sender, flags, seq, ack, window, stamps, blocks, length, data = segment
    second, micro = divmod(time, SECOND)
    text = f"{_clock(second)}{micro:06} {_start(flow, sender)}{FLAGS[flags]}]"
    if length:
        text += f", seq {seq}:{(seq + length) & 0xFFFFFFFF}"
    elif flags & (SYN | FIN | RST):
        text += f", seq {seq}"
    if flags & ACK:
        text += f", ack {ack}"
    text += f", win {window}"
    if flags & SYN:
        permitted = flow.sack
        if stamps:
            middle = f"{'sackOK' if permitted else 'nop,nop'},TS val {stamps[0]} ecr {stamps[1]},"
        else:
            middle = "nop,nop,sackOK," if permitted else ""
        text += f", options [mss {flow.mss},{middle}nop,wscale {flow.scale}]"
    elif stamps or blocks:
        options = f"nop,nop,TS val {stamps[0]} ecr {stamps[1]}" if stamps else ""
        if blocks:
            shown = "".join(f"{{{left}:{right}}}" for left, right in blocks)
            options += f"{',' if options else ''}nop,nop,sack {len(blocks)} {shown}"
        text += f", options [{options}]"
    text += f", length {length}"
    if length and 80 in (flow.sport, flow.dport):
        text += ": HTTP"
        if data:
            text += f": {data.partition(bytes([13]))[0].decode()}"
    return text


def write_text(file: BinaryIO, segments: Iterable[Segment]) -> int:
    """Write a log; return how many lines."""
    lines: list[str] = []
    count = 0
    for segment in segments:
        lines.append(line(segment))
        count += 1
        if count % CHUNK == 0:
            file.write(("\n".join(lines) + "\n").encode())
            lines.clear()
    if lines:
        file.write(("\n".join(lines) + "\n").encode())
    return count
