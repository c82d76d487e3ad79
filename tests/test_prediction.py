"""Segments that are predicted come out as they do the whole way: the same octets, whatever the log and the view."""

from __future__ import annotations

import gc
import random
import re
from itertools import islice
from typing import TYPE_CHECKING

import pytest
from bench.printing import line
from bench.traffic import mixed
from conftest import COMPILED, CORPUS, ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from mixtures import behind_link, logs, mixture, on_devices

from tdparse.incarnation import Incarnation
from tdparse.prediction import Lane
from tdparse.read import Source
from tdparse.render import Totals
from tdparse.render.annotation import Annotation
from tdparse.render.jsonl import JsonLines
from tdparse.render.report import Report
from tdparse.render.table import Table
from tdparse.render.tabular import Tabular
from tdparse.render.text import Text
from tdparse.selection import Alarm, Selection
from tdparse.stream import WORTH, Run
from tdparse.track import Tracker
from tdparse.unpack import Peeked

if TYPE_CHECKING:
    from collections.abc import Callable

    from tdparse.model import Segment, Step
    from tdparse.render import Renderer

VIEWS: dict[str, Callable[[], Renderer]] = {
    "text": lambda: Text("en"),
    "chinese": lambda: Text("zh", numbers="both", verbose=True),
    "symbolic": lambda: Text("en", numbers="symbolic"),
    "jsonl": lambda: JsonLines("en", numbers="absolute"),
    "annotated": lambda: Annotation(Text("zh")),
    "connections": lambda: Table("en"),
    "csv": lambda: Tabular("en", connections=False),
    "tsv": lambda: Tabular("zh", numbers="symbolic", delimiter="\t", connections=False),
    "connections csv": lambda: Tabular("en", connections=True),
    "report": lambda: Report("en"),
    "symbolic report": lambda: Report("zh", numbers="symbolic"),
}
SELECTIONS = [
    Selection(),
    Selection(codes=("warn",)),
    Selection(codes=("data", "teardown")),
    Selection(conns=frozenset({2, 3, 5})),
    Selection(ports=frozenset({"80"}), codes=("note",)),
    Selection(hosts=frozenset({"10.0.0.2", "127.0.0.1", "10.200.0.1"})),
]
# Traffic of one kind is looked at in those that have their own way of keeping it, with --thorough in all.
OWN = frozenset({"text", "jsonl", "connections", "report"})
SOME = [view if view in OWN else pytest.param(view, marks=pytest.mark.thorough) for view in VIEWS]
REAL = ["text", "jsonl", "annotated", "report"]  # in which logs that were captured are looked at
LOGS = [
    *sorted((ROOT / "fixtures" / "captures").glob("*/*.log")),
    *(sorted(CORPUS.glob("kernel/*/*.txt")) if CORPUS.is_dir() else []),
]


@pytest.fixture
def placed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return what will hold the lines of the segments that go the whole way."""
    lines: list[int] = []
    feed = Tracker.feed

    def counted(self: Tracker, segment: Segment) -> Step:
        lines.append(segment.line)
        return feed(self, segment)

    monkeypatch.setattr(Tracker, "feed", counted)
    return lines


class Pieces:
    """A stream that gives its octets in pieces."""

    def __init__(self, octets: bytes, sizes: list[int]) -> None:
        """Cut `octets` at the sums of `sizes`, over and over."""
        self._stream = Peeked(octets, self)
        self._sizes, self._place = sizes, 0
        self._over = False

    def read(self, size: int = -1, /) -> bytes:
        """Return the next piece; nothing behind the last."""
        if self._over:
            return b""
        self._over = True  # asked by the inner stream when it has come to its end
        self._place += 1
        piece = self._stream.read(min(self._sizes[self._place % len(self._sizes)], size))
        self._over = not piece
        return piece


def shown(
    octets: bytes,
    view: str,
    sizes: list[int],
    *,
    short: bool,
    worth: int = 1,
    selection: Selection = Selection(),  # noqa: B008 - cannot be changed
) -> tuple[bytes, dict[str, object]]:
    """
    Return what a view writes of a log that comes in pieces, and what was counted.

    From the `worth`-th milestone on it is made out how such are written: in short logs, too, some shall go the short way.
    """
    parts: list[bytes] = []
    totals = Totals()
    renderer = VIEWS[view]()

    def write(text: str) -> None:
        parts.append(text.encode("utf-8", "surrogateescape"))

    run = Run(renderer, selection, Alarm(()), totals)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tdparse.stream.WORTH", worth)
        run.follow(Source("x", Pieces(octets, sizes)), write, encoded=parts.append if short else None)
    write(renderer.finish(totals))
    return b"".join(parts), vars(totals)


def traffic(size: int, seed: int) -> bytes:
    """Return made-up traffic as tcpdump prints it."""
    return "".join(f"{line(segment)}\n" for segment in islice(mixed(few=True, seed=seed), size)).encode()


@pytest.mark.parametrize("view", VIEWS)
def test_made_up_traffic_comes_out_the_same(view: str) -> None:
    """Loss, duplicates, every kind of close, many connections at once."""
    log = traffic(1500, 7)
    assert shown(log, view, [5000], short=True) == shown(log, view, [5000], short=False)


@pytest.mark.parametrize("view", SOME)
@pytest.mark.parametrize("greeting", [False, True], ids=["asked first", "greeted first"])
def test_silences_come_out_the_same(view: str, greeting: bool) -> None:  # noqa: FBT001 - a column
    """Between requests and answers, from midnight on: they are kept as idle gaps, whoever speaks first."""
    sent, log = {True: 101, False: 901}, []

    def say(seconds: int, flags: str, *, client: bool, length: int = 0) -> None:
        ends = "10.0.0.1.5 > 10.0.0.2.80" if client else "10.0.0.2.80 > 10.0.0.1.5"
        seq = f", seq {sent[client]}:{sent[client] + length}" if length else ""
        sent[client] += length
        numbers = f"{seq}, ack {sent[not client]}, win 500, length {length}"
        log.append(f"00:00:{seconds:02}.000000 IP {ends}: Flags [{flags}]{numbers}\n")

    ends, options = "00:00:00.000000 IP 10.0.0.1.5 > 10.0.0.2.80", "options [mss 1460,nop,wscale 7], length 0\n"
    log.append(f"{ends}: Flags [S], seq 100, win 64240, {options}")
    log.append(f"00:00:00.000000 IP 10.0.0.2.80 > 10.0.0.1.5: Flags [S.], seq 900, ack 101, win 65160, {options}")
    say(0, ".", client=True)
    if greeting:
        say(2, "P.", client=False, length=20)
    for turn in range(6):
        say(3 + 4 * turn, ".", client=True, length=100)
        say(4 + 4 * turn, "P.", client=True, length=50)
        say(6 + 4 * turn, "P.", client=False, length=200)
        say(6 + 4 * turn, ".", client=True)
    octets = "".join(log).encode()
    assert shown(octets, view, [90], short=True) == shown(octets, view, [90], short=False)


@pytest.mark.parametrize("view", SOME)
def test_guessed_roles_come_out_the_same(view: str) -> None:
    """Connections that differ only in how well one knows who is who: both found open, one with a server's port (R93, R94)."""
    log = []
    for number, ends in enumerate([("10.0.0.1.40000", "10.0.0.2.80"), ("10.0.0.3.40001", "10.0.0.4.40002")]):
        for turn in range(20):
            src, dst = ends[:: -1 if turn % 2 else 1]
            sent, acked = (3_000_000_000 + 10 * (turn // 2 + late) for late in (0, turn % 2))
            numbers = f"seq {sent}:{sent + 10}, ack {acked}, win 500, length 10"
            log.append(f"12:00:0{number}.0000{turn:02} IP {src} > {dst}: Flags [P.], {numbers}\n")
    octets = "".join(log).encode()
    assert shown(octets, view, [150], short=True) == shown(octets, view, [150], short=False)


@pytest.mark.parametrize("view", SOME)
def test_single_octets_come_out_the_same(view: str) -> None:
    """Keystrokes and their echoes among longer segments: 1 byte, not 1 bytes."""
    ends, reverse = "IP 10.0.0.1.5 > 10.0.0.2.23: Flags", "IP 10.0.0.2.23 > 10.0.0.1.5: Flags"
    log = [
        f"{ends} [S], seq 100, win 64240, options [mss 1460,nop,wscale 7], length 0",
        f"{reverse} [S.], seq 900, ack 101, win 65160, options [mss 1460,nop,wscale 7], length 0",
        f"{ends} [.], ack 901, win 500, length 0",
    ]
    typed, echoed = 101, 901
    for length in (9, 1, 1, 9, 1, 9, 9, 1) * 4:
        log.append(f"{ends} [P.], seq {typed}:{typed + length}, ack {echoed}, win 500, length {length}")
        typed += length
        log.append(f"{reverse} [.], ack {typed}, win 500, length 0")
        log.append(f"{reverse} [P.], seq {echoed}:{echoed + length}, ack {typed}, win 500, length {length}")
        echoed += length
        log.append(f"{ends} [.], ack {echoed}, win 500, length 0")
    octets = "".join(f"12:00:00.{number:06} {text}\n" for number, text in enumerate(log)).encode()
    written, counted = shown(octets, view, [90], short=True)
    assert (written, counted) == shown(octets, view, [90], short=False)
    assert b" 1 bytes" not in written


@pytest.mark.parametrize(("view", "every", "segments"), [("jsonl", 1500, 4000), ("report", 2, 9000)])
def test_a_long_transfer_comes_out_the_same(view: str, every: int, segments: int) -> None:
    """More than a page tells, than its plots have points, and than is remembered of what waits for its acknowledgment."""
    ends = "10.0.0.1.5 > 10.0.0.2.80", "10.0.0.2.80 > 10.0.0.1.5"
    options = "options [mss 1460,nop,wscale 14], length 0"
    rest = [
        (0, f"[S], seq 100, win 65535, {options}"),
        (1, f"[S.], seq 900, ack 101, win 65535, {options}"),
        (0, "[.], ack 901, win 65535, length 0"),
    ]
    for number in range(segments):
        start = 901 + 1000 * number
        rest.append((1, f"[.], seq {start}:{start + 1000}, ack 101, win 65535, length 1000"))
        if number % every == 0:
            rest.append((0, f"[.], ack {start + 1000 - number % 3 * 1000}, win 65535, length 0"))
    log = "".join(
        f"00:00:00.{number * 50:06} IP {ends[sender]}: Flags {said}\n" for number, (sender, said) in enumerate(rest)
    ).encode()
    assert shown(log, view, [65_000], short=True) == shown(log, view, [65_000], short=False)


@pytest.mark.skipif(COMPILED, reason="the collector does not see what is compiled")
def test_what_was_predicted_leaves_nothing_behind() -> None:
    """Lanes hold each other: they are parted, since the collector is told to look seldom."""
    log = traffic(2500, 7)
    gc.collect()
    gc.disable()
    try:
        shown(log, "text", [5000], short=True)
        left = [item for item in gc.get_objects() if isinstance(item, Lane | Incarnation)]
    finally:
        gc.enable()
    assert not left


@pytest.mark.skipif(not LOGS, reason="no captured logs")
@pytest.mark.slow
@pytest.mark.parametrize("view", REAL)
def test_real_logs_come_out_the_same(view: str, *, thorough: bool) -> None:
    """Fixtures and, where it is present, the kernel corpus, a few lines at a time; each log in one view, or in all."""
    dealt = random.Random(1).sample(LOGS, len(LOGS))[REAL.index(view) :: len(REAL)]  # noqa: S311 - nothing secret
    for path in LOGS if thorough else dealt:
        log = path.read_bytes()
        assert shown(log, view, [300], short=True) == shown(log, view, [300], short=False), path


def test_what_was_acknowledged_before_it_was_sent_is_not_predicted() -> None:
    """The ACK of a client goes beyond all that was captured of its server: what comes next in order is spurious."""
    ends, reverse = "IP 10.0.0.1.5 > 10.0.0.2.80: Flags", "IP 10.0.0.2.80 > 10.0.0.1.5: Flags"
    log = [
        f"{ends} [S], seq 100, win 64240, options [mss 1460,nop,wscale 7], length 0",
        f"{reverse} [S.], seq 900, ack 101, win 65160, options [mss 1460,nop,wscale 7], length 0",
        f"{ends} [.], ack 901, win 500, length 0",
        f"{ends} [P.], seq 101:201, ack 901, win 500, length 100",
        *(f"{reverse} [.], seq {begin}:{begin + 50}, ack 201, win 500, length 50" for begin in range(901, 1201, 50)),
        f"{ends} [.], ack 9001, win 500, length 0",
        *(f"{reverse} [.], seq {begin}:{begin + 50}, ack 201, win 500, length 50" for begin in range(1201, 1501, 50)),
    ]
    octets = "".join(f"00:00:{number:02}.000000 {text}\n" for number, text in enumerate(log)).encode()
    records, counted = shown(octets, "jsonl", [90], short=True)
    assert (records, counted) == shown(octets, "jsonl", [90], short=False)
    assert records.count(b'{"code":"spurious_retransmission"') == 6


@pytest.mark.parametrize("view", SOME)
def test_printed_payload_is_no_record_behind_what_was_predicted(view: str) -> None:
    """A line behind a tab is read as the segment before it asks for, whichever way that one went."""
    ends, reverse = "IP 10.0.0.1.5 > 10.0.0.2.80: Flags", "IP 10.0.0.2.80 > 10.0.0.1.5: Flags"
    other = "\tIP 10.0.0.9.5 > 10.0.0.2.80: Flags [S], seq 100, win 64240, length 0"
    log = [
        f"{ends} [S], seq 100, win 64240, options [mss 1460,nop,wscale 7], length 0",
        f"{reverse} [S.], seq 900, ack 101, win 65160, options [mss 1460,nop,wscale 7], length 0",
        f"{ends} [.], ack 901, win 500, length 0",
    ]
    for turn in range(0, 400, 100):
        log += [
            f"{ends} [P.], seq {101 + turn}:{151 + turn}, ack {901 + turn}, win 500, length 50: HTTP: GET / HTTP/1.1",
            other,
            f"{ends} [P.], seq {151 + turn}:{201 + turn}, ack {901 + turn}, win 500, length 50",
            other if turn == 300 else "remark",
            f"{reverse} [P.], seq {901 + turn}:{1001 + turn}, ack {201 + turn}, win 500, length 100: HTTP: HTTP/1.1 200 OK",
            other,
        ]
    timed = (text if text.startswith(("\t", "r")) else f"00:00:00.{place:06} {text}" for place, text in enumerate(log))
    octets = "".join(f"{text}\n" for text in timed).encode()
    shortly = shown(octets, view, [300], short=True)
    assert shortly == shown(octets, view, [300], short=False)
    assert shortly[1]["connections"] == 2


@pytest.mark.parametrize("view", SOME)
@pytest.mark.parametrize("separator", [" ", "", "\r", "\ufeff"], ids=ascii)
def test_records_that_share_a_line_come_out_the_same(view: str, separator: str) -> None:
    """Whatever should separate them, and wherever a segment that was foreseen stands in front of another one."""
    lines = traffic(300, 7).decode().splitlines()
    ends = [separator if place % 9 == 7 and ": HTTP" not in text else "\n" for place, text in enumerate(lines)]
    log = "".join(text + end for text, end in zip(lines, ends, strict=True)).encode()
    shortly = shown(log, view, [4000], short=True)
    assert shortly == shown(log, view, [4000], short=False)
    assert shortly[1]["segments"] == len(lines)


@pytest.mark.parametrize("view", SOME)
def test_errors_about_hosts_come_out_the_same(view: str) -> None:
    """Wherever an ICMP message stands, whatever comes next shows whether it was about this connection."""
    parts = []
    for place, text in enumerate(traffic(400, 5).decode().splitlines()):
        time, _ip, src, _arrow, dst = text.split(" ")[:5]
        there, here = (end.rpartition(".")[0] for end in (dst, src))
        error = f"{time} IP 10.0.0.7 > {here}: ICMP host {there} unreachable, length 56"
        parts += [text, error] if place % 7 == 0 else [text]
    log = "".join(f"{text}\n" for text in parts).encode()
    assert shown(log, view, [4000], short=True) == shown(log, view, [4000], short=False)


@pytest.mark.parametrize("view", SOME)
def test_lines_that_lost_their_time_come_out_the_same(view: str) -> None:
    """One here and there, or all from some place on: a connection that is predicted goes on without times."""
    lines = traffic(900, 11).splitlines(keepends=True)
    bare = [text.partition(b" ")[2] for text in lines]
    log = b"".join(bare[place] if place % 50 == 49 or place > 700 else text for place, text in enumerate(lines))
    assert shown(log, view, [4000], short=True) == shown(log, view, [4000], short=False)


@pytest.mark.parametrize("view", SOME)
def test_long_times_come_out_the_same(view: str) -> None:
    """Years behind the first record: nanoseconds that a float cannot hold are rounded once."""
    first = b"2001-02-03 04:05:06.000007 IP 10.9.9.9.5 > 10.0.0.2.80: Flags [S], seq 1, win 64240, length 0\n"
    log = first + b"".join(b"2026-01-02 " + text for text in traffic(400, 5).splitlines(keepends=True))
    assert shown(log, view, [4000], short=True) == shown(log, view, [4000], short=False)


@pytest.mark.slow
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_damaged_traffic_comes_out_the_same(*, data: st.DataObject, thorough: bool) -> None:
    """Lines lost, doubled, swapped and changed by a character: what is not as predicted goes the whole way."""
    rnd = random.Random(data.draw(st.integers(0, 10**6)))  # noqa: S311 - nothing secret
    lines = traffic(700, rnd.randrange(50)).splitlines(keepends=True)
    for _ in range(rnd.randrange(60)):
        place = rnd.randrange(len(lines) - 1)
        match rnd.randrange(6):
            case 0:
                del lines[place]
            case 1:
                lines.insert(place, lines[place])
            case 2:
                lines[place], lines[place + 1] = lines[place + 1], lines[place]
            case 3:
                lines[place] = lines[place].partition(b" ")[2] or b"\n"
            case 4:
                spot = rnd.randrange(len(lines[place]))
                lines[place] = (
                    lines[place][:spot] + bytes([rnd.choice(b"0123456789.,: \xc3\x1b")]) + lines[place][spot + 1 :]
                )
            case _:
                lines[place] = rnd.choice([b"# remark\n", b"\n", b"caf\xc3\xa9\n", lines[place].rstrip() + b"\r\n"])
    log = b"".join(lines)
    views = ["jsonl", "annotated", "symbolic", "report"]
    for view in views if thorough else [rnd.choice(views)]:
        assert shown(log, view, [3000], short=True) == shown(log, view, [3000], short=False)


@pytest.mark.parametrize("view", REAL)
@pytest.mark.parametrize("copied", [0.02, 0.3])
def test_traffic_of_several_devices_comes_out_the_same(*, view: str, copied: float, thorough: bool) -> None:
    """What `-i any` prints: copies of a packet come from another device, and others may stand between (R112)."""
    chance = random.Random(view)  # noqa: S311 - nothing secret
    for seed in range(2 if thorough else 1):
        lines = on_devices(traffic(900, seed).splitlines(keepends=True), chance, copied=copied)
        for _ in range(chance.choice([0, 20])):
            lines.insert(chance.randrange(len(lines)), chance.choice([b"# remark\n", chance.choice(lines)]))
        log = b"".join(lines)
        assert shown(log, view, [3000], short=True) == shown(log, view, [3000], short=False), seed


@pytest.mark.parametrize("view", SOME)
def test_traffic_behind_a_link_layer_header_comes_out_the_same(view: str) -> None:
    """What `-e` prints before the addresses says nothing of the connection, and is shown as it was."""
    chance = random.Random(view)  # noqa: S311 - nothing secret
    log = b"".join(behind_link(traffic(900, 3).splitlines(keepends=True), chance, tagged=0.3))
    assert shown(log, view, [3000], short=True) == shown(log, view, [3000], short=False)


@pytest.mark.skipif(COMPILED, reason="what is compiled takes no patches")
@pytest.mark.parametrize("word", [b"", b"IP "])
def test_traffic_without_a_word_for_its_protocol_is_predicted(placed: list[int], word: bytes) -> None:
    """As that of lines which have one; behind a link-layer header none is printed."""
    log = traffic(3000, 1)
    shown(log, "text", [20_000], short=True)
    without = len(placed)
    placed.clear()
    lines = log.splitlines(keepends=True)
    others = [line.replace(b" IP ", b" " + word).replace(b" IP6 ", b" ") for line in lines]
    for changed in (behind_link(lines, random.Random(1)), others):  # noqa: S311 - nothing secret
        shown(b"".join(changed), "text", [20_000], short=True)
        assert len(placed) <= without + 5  # blocks end elsewhere
        placed.clear()


@pytest.mark.parametrize("view", SOME)
def test_ports_with_and_without_names_come_out_the_same(view: str) -> None:
    """What is learned from a port that is a number holds for a name, and for none."""
    lines = []
    for text in traffic(1500, 4).splitlines(keepends=True):
        ends = text.split(b": Flags", 1)[0].split(b" ")
        kind = sum(b"".join(sorted((ends[2], ends[4])))) % 3
        lines.append(
            text if kind == 0 else re.sub(rb"\.(80|7543|9731)(?= >|: Flags)", (b".http", b"")[kind - 1], text, count=1)
        )
    log = b"".join(lines)
    assert log.count(b".http ") > 100
    assert shown(log, view, [3000], short=True) == shown(log, view, [3000], short=False)


@pytest.mark.skipif(COMPILED, reason="what is compiled takes no patches")
def test_traffic_of_a_device_is_predicted(placed: list[int]) -> None:
    """As that of lines which do not say where they were captured."""
    log = traffic(3000, 1)
    shown(log, "text", [20_000], short=True)
    without = len(placed)
    placed.clear()
    lines = on_devices(log.splitlines(keepends=True), random.Random(1), copied=0)  # noqa: S311 - nothing secret
    shown(b"".join(lines), "text", [20_000], short=True)
    assert len(placed) <= without + 5  # blocks end elsewhere


@pytest.mark.slow
def test_mixtures_come_out_the_same(*, thorough: bool) -> None:
    """Logs of all kinds in one, times in several styles or none, damaged here and there; in one view each."""
    known = logs()
    for seed in range(600 if thorough else 30):
        chance = random.Random(seed)  # noqa: S311 - nothing secret
        log, view, chosen = mixture(known, chance), chance.choice([*VIEWS]), chance.choice(SELECTIONS)
        both = [shown(log, view, [4000], short=short, selection=chosen) for short in (True, False)]
        assert both[0] == both[1], seed


@pytest.mark.parametrize(
    "selection", SELECTIONS[1:], ids=["severity", "steps", "numbers", "port and severity", "hosts"]
)
def test_a_selection_comes_out_the_same(selection: Selection) -> None:
    """What is not shown goes the short way as well, and of what is shown nothing is missing."""
    log = traffic(900, 4)
    for view in ("text", "jsonl", "csv", "connections"):
        shortly = shown(log, view, [4000], short=True, selection=selection)
        assert shortly == shown(log, view, [4000], short=False, selection=selection)
        assert view != "text" or shortly[0]


def answered(client: int, opening: str) -> str:
    """Return a handshake, a question and its first answer; `opening` are the options of the SYN."""
    there = f"IP 10.0.0.1.{client} > 10.0.0.2.80: Flags"
    back = f"IP 10.0.0.2.80 > 10.0.0.1.{client}: Flags"
    said = (
        f"{there} [S], seq 100, win 64240, options [{opening}], length 0",
        f"{back} [S.], seq 900, ack 101, win 65160, options [mss 1460,nop,wscale 7], length 0",
        f"{there} [.], ack 901, win 502, length 0",
        f"{there} [P.], seq 101:151, ack 901, win 502, length 50",
        f"{back} [.], ack 151, win 509, length 0",
        f"{back} [P.], seq 901:911, ack 151, win 508, length 10",
        f"{there} [.], ack 911, win 502, length 0",
    )
    return "".join(f"00:00:{client:02}.{place:06} {line}\n" for place, line in enumerate(said))


@pytest.mark.skipif(COMPILED, reason="what is compiled takes no patches")
@pytest.mark.parametrize(
    ("opening", "whole_way"), [("mss 1460,nop,wscale 7", 3), ("mss 1460,wscale 7,tfo  cookiereq", 4)]
)
def test_the_first_segment_of_a_server_is_predicted(placed: list[int], opening: str, whole_way: int) -> None:
    """It shows that its SYN-ACK was acknowledged (R13 d), unless a Fast Open server may have spoken before that."""
    log = "".join(answered(client, opening) for client in range(1, 4)).encode()
    short = shown(log, "jsonl", [90], short=True, worth=WORTH)
    assert len([line for line in placed if line > 2 * 7]) == whole_way  # of the third connection
    assert short == shown(log, "jsonl", [90], short=False)


@pytest.mark.skipif(COMPILED, reason="what is compiled takes no patches")
def test_a_log_of_one_block_is_predicted_too(placed: list[int]) -> None:
    """From the second line on; a line that goes on in the next one, as it seems, delays it by one. Not if it is short."""
    header = b"00:00:00.000000 IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 60)\n"
    for before in (b"", header):
        shown(before + traffic(900, 3), "text", [1 << 20], short=True)
        assert len(placed) < 200
        placed.clear()
    shown(traffic(60, 3), "text", [1 << 20], short=True)
    assert len(placed) == 60


@pytest.mark.skipif(COMPILED, reason="what is compiled takes no patches")
@pytest.mark.parametrize("view", ["text", "report"])
def test_most_segments_of_ordinary_traffic_are_predicted(placed: list[int], view: str) -> None:
    """The whole way is for what opens, closes or disturbs a connection."""
    shown(traffic(6000, 1), view, [20_000], short=True, worth=WORTH)
    assert 600 < len(placed) < {"text": 1000, "report": 2000}[view]


def closed(client: int, ending: str, *, stamped: bool, scaled: bool, relative: bool) -> str:
    """
    Return a connection with a question and its answer, as tcpdump prints it with and without -S.

    `ending` has a letter a segment: F and f are a FIN of client and server, A and a an ACK, D and d data, X a FIN again,
    P and p an ACK of all but the last 21 octets.
    """
    there, back = f"IP 10.0.0.1.{client} > 10.0.0.2.80: Flags", f"IP 10.0.0.2.80 > 10.0.0.1.{client}: Flags"
    sent = {True: 2**32 - 40 * client, False: 5_000_000 * client}  # some wrap
    first = dict(sent)
    said: list[str] = []

    def say(flags: str, *, mine: bool, length: int = 0, again: int = 0, open_: int = 0) -> None:
        syn, fin, entered = "S" in flags, "F" in flags, relative and len(said) > 1
        start, acked = sent[mine] - again, sent[not mine] - open_
        sent[mine] += length + syn + fin - again
        if entered:
            start, acked = start - first[mine], acked - first[not mine]
        start, last, acked = (number % 2**32 for number in (start, start + length, acked))
        numbers = f", seq {start}:{last}" if length else f", seq {start}" if syn or fin else ""
        numbers += "" if flags == "S" else f", ack {acked}"
        stamps = [f"TS val {client * 1000 + len(said)} ecr {7 * bool(said)}"] * stamped
        options = [*["mss 1460"] * syn, *stamps, *["wscale 7"] * (syn and scaled)]
        shown_options = f", options [{','.join(options)}]" if options else ""
        window = 64240 if syn else 500 + len(said) % 2
        ends = there if mine else back
        said.append(f"{ends} [{flags}]{numbers}, win {window}{shown_options}, length {length}")

    say("S", mine=True)
    say("S.", mine=False)
    say(".", mine=True)
    say("P.", mine=True, length=30)
    say("P.", mine=False, length=500)
    say(".", mine=True)
    for letter in ending:
        mine = letter.isupper()
        match letter.upper():
            case "F":
                say("F.", mine=mine)
            case "X":
                say("F.", mine=mine, again=1)
            case "D":
                say("P.", mine=mine, length=20)
            case "P":
                say(".", mine=mine, open_=21)
            case _:
                say(".", mine=mine)
    return "".join(f"00:0{client // 60}:{client % 60:02}.{place:06} {line}\n" for place, line in enumerate(said))


ENDINGS = ["FafA", "FfA", "faFa", "fFa", "FfAa", "FadAfA", "FdAfA", "FXafA", "FaAfXA", "Fa", "F", "FafXAA", "FDa"]
ENDINGS += ["DDFpafA", "ddfPAFa", "FddPAfA", "DDFpdafA", "FddfPA"]


@pytest.mark.parametrize("view", SOME)
@pytest.mark.parametrize("relative", [False, True], ids=["absolute", "relative"])
def test_milestones_come_out_the_same(view: str, relative: bool) -> None:  # noqa: FBT001 - a column
    """Third steps and closes of every shape (part 4.3), with and without timestamps and scaling, some beyond 2**32."""
    log = "".join(
        closed(client, ENDINGS[client % len(ENDINGS)], stamped=client % 3 > 0, scaled=client % 5 > 0, relative=relative)
        for client in range(1, 6 * len(ENDINGS))
    ).encode()
    assert shown(log, view, [700], short=True) == shown(log, view, [700], short=False)


@pytest.mark.skipif(COMPILED, reason="what is compiled takes no patches")
def test_milestones_are_predicted(placed: list[int]) -> None:
    """Of a connection like many before it only the SYNs go the whole way."""
    log = "".join(closed(client, "FafA", stamped=True, scaled=True, relative=False) for client in range(1, 21))
    shown(log.encode(), "text", [700], short=True, worth=WORTH)
    assert placed[-4:] == [181, 182, 191, 192]


@pytest.mark.skipif(COMPILED, reason="what is compiled takes no patches")
def test_acks_of_data_around_a_fin_are_predicted(placed: list[int]) -> None:
    """They are milestones like others, with the number of octets that they confirm; the data behind the FIN is none."""
    log = "".join(closed(client, "DDFpafA", stamped=True, scaled=True, relative=False) for client in range(1, 21))
    shown(log.encode(), "text", [700], short=True, worth=WORTH)
    assert placed[-2:] == [13 * 19 + 1, 13 * 19 + 2]
