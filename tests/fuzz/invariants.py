"""
What holds for every input there can be; each invariant is a function that raises when it does not.

Hypothesis and the fuzzer use the same ones. Those that take octets take a log as it is stored; those that take
lines take a log's lines; those that take a text take one record.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
from contextlib import suppress
from functools import lru_cache
from time import process_time
from typing import TYPE_CHECKING, Any, Final

from harmless import VIEWS, Pieces, Shown, shown
from test_patterns import by_parser, by_pattern
from test_transitions import TAKEN, _reach, accounted

from tdparse.batch import MARK
from tdparse.model import Certainty, Segment, Skipped, State, Step, Summary
from tdparse.pipeline import Explainer
from tdparse.read import UTF_8, Source
from tdparse.record import parse_line
from tdparse.repair import Mender
from tdparse.transitions import TABLE
from tdparse.unpack import UnreadableError, unpacked

if TYPE_CHECKING:
    from collections.abc import Callable

    from tdparse.model import Lang, NumberStyle
    from tdparse.stream import NumberingChoice

MASK: Final = 2**32 - 1
CAPTURES: Final = (b"\xa1\xb2", b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1", b"\x0a\x0d\x0d\x0a")  # tcpdump reads these
LARGEST_SHIFT: Final = 14
SMALL: Final = 2_000  # characters of a text that is repeated to see how its work grows
GROWTH: Final = 8  # how many times longer it gets
SLACK: Final = 4.0  # of time; a square law would be 8
ENOUGH: Final = 0.05  # seconds below which nothing is measured


def holds(condition: bool, what: str, *shown_values: object) -> None:  # noqa: FBT001 - as assert, which -O leaves out
    """Raise where `condition` is false."""
    if not condition:
        raise AssertionError(what, *shown_values)


# ------------------------------------------------------------------ reader


def lines_of(octets: bytes, sizes: tuple[int, ...] = ()) -> list[str] | str:
    """Return the lines that are read from a log, or the code of the trouble with it."""
    source = Source("x", Pieces(octets, sizes))
    try:
        return [line for block in source.blocks() for line in block]
    except UnreadableError as error:
        return error.code


def no_octet_is_lost(octets: bytes) -> None:
    """Lines put together again are the octets that were read; what is refused is refused with a code."""
    source = Source("x", Pieces(octets))
    try:
        lines = [line for block in source.blocks() for line in block]
    except UnreadableError:
        return
    if source.encoding.codec == UTF_8.codec:
        text = "\n".join(lines) + ("\n" if source.terminated and lines else "")
        holds(source.encoding.mark + text.encode("utf-8", "surrogateescape") == octets, "octets lost", octets)


def pieces_make_no_difference(octets: bytes, sizes: tuple[int, ...]) -> None:
    """However the input is cut, its lines are the same."""
    if not octets.startswith((b"\xff\xfe", b"\xfe\xff")) and len(octets) > sum(sizes[:1]) > 0:
        first = octets[: sizes[0]]
        if len(first) < len(octets) and lines_of(octets) == "binary":
            return  # what a log is, its first octets decide
    whole, cut = lines_of(octets), lines_of(octets, sizes)
    holds(cut in (whole, "binary"), "cutting changes lines", octets, sizes)


def packing_makes_no_difference(octets: bytes) -> None:
    """A compressed log has the same lines."""
    if octets.startswith((*CAPTURES, b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")):
        return
    for pack in (gzip.compress, bz2.compress, lzma.compress):
        with unpacked("x", io.BytesIO(pack(octets))) as stream:
            holds(b"".join(iter(lambda s=stream: s.read(1000), b"")) == octets, "packing changes a log", octets)  # type: ignore[misc]


def damage_is_told(octets: bytes) -> None:
    """What claims to be compressed and is not, or not to its end, gives text or an UnreadableError."""
    if octets.startswith(CAPTURES):
        return
    with suppress(UnreadableError), unpacked("x", io.BytesIO(octets)) as stream:
        while stream.read(1 << 16):
            pass


# ------------------------------------------------------------------ parser


def a_record_is_its_text(text: str) -> None:
    """Each text becomes a segment that prints as it was, or a line under a kind; nothing is raised."""
    item = parse_line(text, 7)
    if isinstance(item, Segment):
        holds(str(item) == text, "a segment is not its text", text)
        holds((item.line, item.lines) == (7, text.count("\n") + 1), "lines", text)
        _printed(item)
        _ = item.options
        return
    holds((item.raw, item.line) == (text, 7), "a line is not kept", text)
    if item.kind == "rejected":
        holds(item.reason is not None, "rejected without a reason", text)


def _printed(segment: Segment) -> None:
    """Every number of a segment stands in its text, the window perhaps with a DNS query's id glued to it."""
    digits = set(re.findall(r"\d+", segment.text))
    numbers = {str(int(number)) for number in digits}
    for name in ("seq", "ack", "window", "urgent"):
        value = getattr(segment, name)
        glued = name == "window" and any(number.startswith(str(value)) for number in digits)
        holds(value is None or str(value) in numbers or glued, "a number that was not printed", name, segment.text)
    for end in (segment.src, segment.dst):
        holds(end.host in segment.text, "a host that was not printed", segment.text)


def patterns_are_the_grammar(text: str) -> None:
    """The derived pattern and Lark's LALR parser accept the same records, with the same fields."""
    holds(by_pattern(text) == by_parser(text), "pattern and grammar differ", text)


def every_line_has_one_record(lines: tuple[str, ...]) -> None:
    """Each physical line belongs to one record; records come in the order of their lines, none is invented."""
    mender = Mender()
    items = [item for line in lines for item in mender.feed(line)] + mender.flush()
    covered: list[int] = []
    for item in items:
        covered += range(item.line, item.line + (item.lines if isinstance(item, Segment) else 1))
    holds(sorted(set(covered)) == list(range(1, len(lines) + 1)), "lines without a record", lines, covered)
    firsts = [item.line for item in items]
    holds(firsts == sorted(firsts), "records out of order", lines, firsts)


def seconds(work: Callable[[], object], tries: int = 3) -> float:
    """Return the CPU time that `work` takes at its quickest."""
    found = []
    for _ in range(tries):
        before = process_time()
        work()
        found.append(process_time() - before)
    return min(found)


def grows_linearly(work: Callable[[int], object], *, least: float = ENOUGH) -> None:
    """Raise when a job `GROWTH` times as large takes much longer than that; `work` is called with 1 and `GROWTH`."""
    large = seconds(lambda: work(GROWTH), 1)
    if large < least:
        return
    large = min(large, seconds(lambda: work(GROWTH), 2))
    small = seconds(lambda: work(1))
    holds(
        large <= GROWTH * SLACK * max(small, least / GROWTH / SLACK), "work grows faster than its input", small, large
    )


def reading_is_linear(text: str, unit: str) -> None:
    """A line that goes on with the same piece is read in linear time, whatever the piece."""
    if not unit:
        return
    count = max(1, SMALL // len(unit))
    grows_linearly(lambda times: parse_line(text + unit * (count * times)))


# ------------------------------------------------------------------ numbering and tracker


@lru_cache(maxsize=4)
def explained(lines: tuple[str, ...], numbering: NumberingChoice = "auto") -> tuple[Step | Skipped | Summary, ...]:
    """Return everything that is said about a log; several invariants look at the same."""
    explainer = Explainer(numbering=numbering)
    found = [item for line in lines for item in explainer.feed(line)]
    return (*found, *explainer.finish())


def numbers_are_not_invented(lines: tuple[str, ...], numbering: NumberingChoice = "auto") -> None:
    """
    A number that is shown was printed, or follows from printed ones.

    An absolute number is the printed one, or that and a base which the log has shown; a relative one counts from the
    first number of its direction; what was not printed is unknown.
    """
    bases = {0}
    for item in explained(lines, numbering):
        if not isinstance(item, Step):
            continue
        segment = item.segment
        length = segment.length or 0
        for value, limit in ((item.seq, MASK), (item.seq_end, MASK), (item.ack, MASK)):
            holds(value is None or 0 <= value <= limit, "no 32 bits", segment.text, value)
        for printed in (segment.seq, segment.ack):
            if printed is not None:
                bases |= {
                    (printed + shift) & MASK for shift in (-1, 0, 1, length, 1 + length)
                }  # R30: what a SYN carries counts
        if item.seq is not None and segment.seq is not None:
            holds((item.seq - segment.seq) & MASK in bases, "a base from nowhere", segment.text, item.seq)
        if item.ack is not None:
            holds(segment.ack is not None, "an ack from nowhere", segment.text)
            holds((item.ack - (segment.ack or 0)) & MASK in bases, "a base from nowhere", segment.text, item.ack)
        holds(item.seq_printed == (segment.seq is not None), "seq_printed", segment.text)
        holds(item.sack is None or segment.options.sack is not None, "a SACK from nowhere", segment.text)
        if item.seq is not None:
            holds(item.seq_end == (item.seq + length) & MASK, "R30", segment.text)
        if item.rel_seq is not None and item.rel_end is not None:
            holds(item.rel_end - item.rel_seq == length, "R30", segment.text)
        if item.window_scaled is not None:
            shifts = {(segment.window or 0) << shift for shift in range(LARGEST_SHIFT + 1)}
            holds(item.window_scaled in shifts, "a window from nowhere", segment.text)


def states_move_by_the_table(lines: tuple[str, ...]) -> None:
    """Where endpoints follow the RFC, every change of a state is a row of the transition table, or accounted for."""
    missing = accounted(lines)[1]
    holds(not missing, "no row", lines, *missing)


# Within one life; what was over may begin again.
_OVER: Final = frozenset({State.CLOSED, State.LISTEN, State.TIME_WAIT})
_AHEAD: Final = {(old, row.new) for row in TABLE if row.new is not None for old in row.states if old not in _OVER}
_BACK: Final = {(new, old) for old, new in _AHEAD}
_UNTAKEN: Final = {(new, old) for old, new in TAKEN if old not in _OVER}


def states_move_forward(lines: tuple[str, ...]) -> None:
    """
    In any log at all an endpoint goes from state to state along rows of the table, some of them perhaps unseen.

    It goes back only from what was presumed or assumed, and begins anew only where it was over, with a SYN, or after
    an RST that was not taken. Of what is unknown it may come to anything.
    """
    begun: set[int] = set()  # connections with a segment that is no SYN
    reset: set[int] = set()  # and those that have been told to end, or to begin again
    for item in explained(lines):
        if not isinstance(item, Step):
            continue
        conn, flags = item.flow.conn, item.segment.flags or ""
        if "R" in flags or ("S" in flags and conn in begun):
            reset.add(conn)
        elif "S" not in flags:
            begun.add(conn)
        if conn not in reset and "S" not in flags:
            for side in (item.client, item.server):
                before, after = side.before, side.after
                if before.state is State.UNKNOWN:  # records without flags say nothing; the first with flags does
                    continue
                starts = {before.state, *before.alternatives}
                if before.certainty in (Certainty.PRESUMED, Certainty.ASSUMED):
                    starts = {back for start in starts for back in _reach(start, _BACK)}
                elif side is (item.client if item.sender == "client" else item.server):  # sent before, captured behind
                    starts = {back for start in starts for back in _reach(start, _UNTAKEN)}
                if not starts & _OVER:
                    ends = {end for start in starts for end in _reach(start, _AHEAD)}
                    holds(after.state in ends, "backwards", lines, item.segment.text, side)


def connections_are_whole(lines: tuple[str, ...]) -> None:
    """Each segment belongs to a connection that gets one verdict; states before are the states that were left."""
    counts: dict[int, int] = {}
    standing: dict[tuple[int, str], Any] = {}
    ended: set[int] = set()
    for item in explained(lines):
        if isinstance(item, Step):
            conn = item.flow.conn
            holds(conn not in ended, "a segment behind its verdict", lines)
            counts[conn] = counts.get(conn, 0) + 1
            for role, side in (("client", item.client), ("server", item.server)):
                if (conn, role) in standing:
                    before = standing[conn, role].state, side.before.state
                    holds(before[0] == before[1], "a state from nowhere", lines, item.segment.text, *before)
                standing[conn, role] = side.after
        elif isinstance(item, Summary):
            holds(item.flow.conn not in ended, "two verdicts", lines)
            ended.add(item.flow.conn)
            holds(item.segments >= counts.get(item.flow.conn, 0), "segments", lines)
    holds(ended == set(counts), "no verdict", lines, counts, ended)


def asking_changes_nothing(lines: tuple[str, ...], place: int) -> None:
    """How the connections stand can be asked for in the middle; what comes after it is the same."""
    explainer = Explainer()
    found: list[object] = []
    for number, line in enumerate(lines):
        if number == place % len(lines):
            explainer.summaries()
        found += explainer.feed(line)
    found += explainer.finish()
    holds(tuple(found) == explained(lines), "asking changes the answer", lines, place)


def tracking_is_linear(lines: tuple[str, ...]) -> None:
    """A log that says the same again and again is explained in linear time."""
    given = lines * max(1, 40 // len(lines))
    grows_linearly(lambda times: explained.__wrapped__(given * times), least=0.2)


# ------------------------------------------------------------------ views


def view_is_harmless(name: str, octets: bytes, lang: Lang = "en", numbers: NumberStyle = "relative") -> None:
    """Whatever a log holds, its view shows it and does nothing."""
    view = VIEWS[name]
    with suppress(UnreadableError):
        view.check(shown(view.make(lang, numbers), octets, drop=view.drop))


def cutting_never_changes_a_view(name: str, octets: bytes, sizes: tuple[int, ...]) -> None:
    """The same output, whatever pieces its input comes in; only the JSON record of a log guesses from what is there."""

    def found(cuts: tuple[int, ...]) -> Shown | None:
        try:
            seen = shown(VIEWS[name].make("en", "relative"), octets, cuts, drop=VIEWS[name].drop)
        except UnreadableError:
            return None
        if name == "jsonl":
            seen = seen._replace(text=re.sub(r'^\{"record":"log".*\n', "", seen.text))
        return seen._replace(octets=b"")

    whole, cut = found(()), found(sizes)
    holds(whole is None or cut is None or whole[0] == cut[0], "cutting changes a view", name, octets, sizes)


def a_copy_holds_its_log(octets: bytes) -> None:
    """An annotated copy without our comments is the log; annotated again it is itself."""

    def annotated(given: bytes) -> bytes:
        return shown(VIEWS["annotate"].make("en", "relative"), given, drop=MARK).text.encode("utf-8", "surrogateescape")

    if lines_of(octets) == "binary" or octets.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        return
    octets = b"".join(line + b"\n" for line in octets.removesuffix(b"\n").split(b"\n") if not line.startswith(b"#td>"))
    once = annotated(octets)
    kept = b"".join(line + b"\n" for line in once.split(b"\n")[:-1] if not line.startswith(b"#td>"))
    holds(kept == octets, "a copy is not its log", octets)
    holds(annotated(once) == once, "annotated again it changes", octets)
