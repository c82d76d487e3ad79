"""A segment with a bad checksum reaches nobody (T114), unless its sender leaves checksums to its card (R8)."""

from __future__ import annotations

from tdparse.model import Step
from tdparse.pipeline import explain


def _records(*parts: tuple[bool, str, str, bool]) -> list[str]:
    lines = []
    for number, (client, flags, numbers, right) in enumerate(parts):
        src, dst = ("192.0.2.1.4000", "192.0.2.2.80") if client else ("192.0.2.2.80", "192.0.2.1.4000")
        checksum = "(correct)" if right else "(incorrect -> 0x1234)"
        lines += [
            f"12:00:00.{number:06d} IP (tos 0x0, ttl 64, id {number}, offset 0, flags [DF], proto TCP (6), length 40)",
            f"    {src} > {dst}: Flags [{flags}], cksum 0x1a2b {checksum}, {numbers}, win 1000, length 0",
        ]
    return lines


OPENING = [(True, "S", "seq 100"), (False, "S.", "seq 900, ack 101"), (True, ".", "ack 901")]


def _server_after_fin(*, opening_right: bool, again: bool) -> str:
    parts = [(client, flags, numbers, opening_right) for client, flags, numbers in OPENING]
    parts.append((True, "F.", "seq 101, ack 901", False))
    if again:
        parts.append((True, "F.", "seq 101, ack 901", True))
    steps = [item for item in explain(_records(*parts)) if isinstance(item, Step)]
    return steps[-1].server.after.state


def test_a_damaged_fin_closes_nothing() -> None:
    """The receiver stays ESTABLISHED until the FIN is repeated intact."""
    assert _server_after_fin(opening_right=True, again=False) == "ESTABLISHED"
    assert _server_after_fin(opening_right=True, again=True) == "CLOSE_WAIT"


def test_offload_is_no_damage() -> None:
    """Where every checksum of the sender is incorrect, its card computes them: the FIN arrives."""
    assert _server_after_fin(opening_right=False, again=False) == "CLOSE_WAIT"
