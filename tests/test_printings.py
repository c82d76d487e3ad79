"""One capture, printed in every way, gives the same segments."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tdparse.assemble import Assembler
from tdparse.model import Segment, Skipped, TimeStyle

if TYPE_CHECKING:
    from tdparse.model import Item

LINES: Final = Path(__file__).parents[1] / "fixtures" / "lines"
SAME: Final = ("absolute", "verbose", "very_verbose", "link", "link_verbose", "numbered", "no_time", "epoch")
DELTAS: Final = ("since_previous", "since_first")
DUMPS: Final = ("hex", "hex_ascii", "ascii")
RELATIVE: Final = ("verbose", "link", "link_verbose", "numbered", "no_time", "epoch", *DELTAS, *DUMPS)


def items(name: str) -> list[Item]:
    """Return what one of the files holds."""
    return list(Assembler().read((LINES / f"{name}.log").read_text("latin-1").splitlines()))


def segments(name: str) -> list[Segment]:
    """Return the segments of one of the files."""
    return [item for item in items(name) if isinstance(item, Segment)]


@pytest.mark.parametrize("name", [*SAME, *DELTAS, *DUMPS])
def test_what_every_printing_tells_is_the_same(name: str) -> None:
    """Addresses, flags, window, length and options do not depend on how a log is printed."""
    ours, plain = segments(name), segments("plain")
    for segment, same in zip(ours, plain[: len(ours)], strict=True):
        assert (segment.src, segment.dst, segment.ip, segment.flags) == (same.src, same.dst, same.ip, same.flags)
        assert (segment.window, segment.length, segment.options) == (same.window, same.length, same.options)
    assert len(ours) >= 5
    assert len(ours) == len(plain) or name in DUMPS


@pytest.mark.parametrize("name", RELATIVE)
def test_numbers_are_the_same_without_S(name: str) -> None:  # noqa: N802 - the option's name
    """-S alone decides how numbers are printed."""
    for segment, same in zip(segments(name), segments("plain"), strict=False):
        assert (segment.seq, segment.seq_last, segment.ack) == (same.seq, same.seq_last, same.ack)


def test_very_verbose_prints_the_sequence_number_of_every_segment() -> None:
    """With -vv a pure ACK has one too; elsewhere the numbers are those of -S."""
    for segment, same in zip(segments("very_verbose"), segments("absolute"), strict=True):
        assert segment.seq is not None
        assert same.seq in (None, segment.seq)
        assert segment.ack == same.ack


def test_quiet_lines_tell_addresses_and_length() -> None:
    """-q has neither flags nor numbers."""
    for segment, same in zip(segments("quiet"), segments("plain"), strict=True):
        assert (segment.src, segment.dst, segment.length) == (same.src, same.dst, same.length)
        assert (segment.flags, segment.seq, segment.ack, segment.window) == (None, None, None, None)


def test_names_stand_for_the_same_endpoints() -> None:
    """Names instead of numbers change nothing else."""
    for segment, same in zip(segments("names"), segments("plain"), strict=True):
        assert (segment.flags, segment.seq, segment.length) == (same.flags, same.seq, same.length)
        assert segment.src.host == segment.dst.host
    assert {port for segment in segments("names") for port in (segment.src.port, segment.dst.port)} >= {"http-alt"}


@pytest.mark.parametrize(("name", "style"), [("epoch", TimeStyle.EPOCH), ("numbered", TimeStyle.DATE)])
def test_absolute_times_agree(name: str, style: TimeStyle) -> None:
    """Seconds since 1970, a date, and the time of day are one moment."""
    day = 86_400 * 10**9
    for segment, same in zip(segments(name), segments("plain"), strict=True):
        assert segment.time_style is style
        assert segment.stamp is not None
        assert segment.stamp % day == same.stamp


def test_differences_add_up() -> None:
    """Differences to the first packet are the sums of those to the previous one, which skipped packets share."""
    first, plain = segments("since_first"), segments("plain")
    for segment, same in zip(first, plain, strict=True):
        assert segment.time_style is TimeStyle.DELTA
        assert None not in (segment.stamp, same.stamp, plain[0].stamp)
        assert segment.stamp == (same.stamp or 0) - (plain[0].stamp or 0)


def test_the_ip_header_of_v_is_kept() -> None:
    """Every verbose segment has its time to live and its length; the link header of -e is kept as printed."""
    for segment in segments("link_verbose"):
        assert segment.layer is not None
        assert segment.layer.ttl == 64
        assert segment.layer.ip_length is not None
        assert segment.layer.link is not None
        assert segment.layer.link.startswith("00:00:00:00:00:00 > 00:00:00:00:00:00, ethertype IPv")
        assert segment.checksum in {"correct", "incorrect"}  # the loopback leaves most of them to nobody


@pytest.mark.parametrize("name", DUMPS)
def test_dumps_are_dumps(name: str) -> None:
    """Every line that is no record belongs to a dump, or is the empty line behind one."""
    kinds = {item.kind for item in items(name) if isinstance(item, Skipped)}
    assert kinds <= {"hexdump", "blank"}


def test_the_icmp_error_names_the_packet_it_quotes() -> None:
    """What the error says of the datagram is kept, in one line and in three."""
    assert [
        item.note for item in items("plain") if isinstance(item, Skipped) and item.kind == "icmp" and item.note
    ] == [
        {
            "text": "ICMP 127.0.0.1 udp port 9 unreachable, length 37",
            "reporter": "127.0.0.1",
            "src": "127.0.0.1",
            "dst": "127.0.0.1",
            "dport": 9,
            "protocol": "udp",
        }
    ]
