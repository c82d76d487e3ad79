"""
Inputs to one output: lines in, rendered records out, each block of lines written before the next is awaited.

Every physical line belongs to exactly one record and is handed to the renderer with it, as it was but
for its newline. Segments that could be predicted (`tdparse.prediction`) go the short way: they are neither placed
nor rendered one by one, but counted by their lane and written by a template of the renderer, or kept by it.
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol, TypeAlias

from tdparse import _patterns, shapes
from tdparse.milestone import Milestone
from tdparse.model import Skipped, Step
from tdparse.pipeline import Explainer, Part, Passed, Together
from tdparse.prediction import (
    FIRST,
    KINDS,
    LEAVES,
    LINE,
    OTHER,
    PLAIN,
    PRINTED,
    SIGHTED,
    TIME,
    UNEXPECTED,
    Elsewhere,
    Lane,
)
from tdparse.render import Divisible, Holding, Keeping, Renderer, Templated, Totals, also
from tdparse.render.since import nothing, octets
from tdparse.repair import is_odd
from tdparse.selection import Alarm, Selection  # noqa: TC001 - a compiled NamedTuple looks up what its fields are
from tdparse.unpack import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tdparse.model import Flow, Lang, Segment
    from tdparse.prediction import Awaited, Emit, Expected, Form, Found
    from tdparse.read import Source
    from tdparse.shapes import Reader
    from tdparse.sharing import Channel

NumberingChoice: TypeAlias = Literal["auto", "absolute", "relative"]
Place: TypeAlias = tuple[int, int | None]  # line and column, from 1
PIECE: Final = 256  # verdicts that are written at once at the end
WORTH: Final = 3  # milestones that are alike, before it is worth while to make out how they are written
PLACES: Final = 20  # of one log; more of them help nobody
BEFORE: Final = -(10**9)  # all times of a log, nanoseconds
NOTHING: Final[Mapping[str, Expected]] = {}
SHORTEST: Final = 64  # lines, to learn for how those of a new log are written
LEARNT: Final = 4  # blocks, after which most of how a log is shown is known, and worth being known to both halves
PASSED: Final = "\0"  # stands in the output of one half for a record of the other; no renderer writes it


class Run(NamedTuple):
    """What stays the same over the inputs of one run, and what they add up to."""

    renderer: Renderer
    selection: Selection  # what is shown
    alarm: Alarm  # what is watched for; it sees everything
    totals: Totals
    numbering: NumberingChoice = "auto"
    drop: str | None = None  # lines that begin with this are left out as if they had never been there
    places: list[Place] | None = None  # takes where the first records stand that could not be read

    def follow(
        self,
        source: Source,
        write: Callable[[str], None],
        stopped: Callable[[], bool] = lambda: False,
        *,
        encoded: Callable[[bytes], None] | None = None,
        divide: Callable[[Following], None] | None = None,
    ) -> None:
        """
        Explain one input to its end, or until `stopped` says so between two blocks.

        `write` takes text; `encoded`, where it is given, text in UTF-8, and then there is a short way for what is
        stored so too. `divide` is given a log that may be divided, once, as soon as that is so. Raises UnreadableError,
        after what could be read has been explained.
        """
        following = Following(self, source.name)
        broken: UnreadableError | None = None
        try:
            for block in source.blocks() if encoded is None else source.octet_blocks():
                if isinstance(block, list):
                    write(following.feed(block))
                elif encoded is not None:
                    encoded(following.feed_octets(block))
                    if divide is not None and following.is_divisible:
                        divide(following)
                        divide = None
                if stopped():
                    break
        except UnreadableError as error:
            broken = error
        if broken is None or following.begun:
            if encoded is not None and following.is_divided:
                for part in following.ending():
                    encoded(part)
            else:
                for text in following.finish():
                    write(text)
        if broken is not None:
            raise broken


class Other(Protocol):
    """Whoever accounts for the other half of the connections, and puts together what both halves say."""

    def put(self, parts: list[str], until: int) -> bytes:
        """
        Take what is said of the records up to a position, and return what can be written by now.

        Each part belongs to one record, octets of UTF-8 as characters, and is PASSED where the other half says something.
        """

    def end(self) -> bytes:
        """Do the same when there are no more blocks: what is put now are the connections that are left."""

    def close(self) -> bytes:
        """Do the same when everything has been put."""


def _text(octets: str) -> str:
    """Return the text in UTF-8 whose octets these characters are."""
    return octets if octets.isascii() else octets.encode("latin-1").decode("utf-8", "surrogateescape")


def _sighted(segment: Segment) -> str:
    """Return what a segment shows between time and flags, as the lines behind it will; "" where it shows more than they do."""
    link = shapes.link_of(segment.layer)
    if segment.time is None or not (link or shapes.shows_place_only(segment.layer)):
        return ""
    return segment.text.partition(f"{segment.time} {link}")[2].partition("Flags [")[0]


def _opening(segment: Segment) -> str:
    """Return the same of a SYN or SYN-ACK; "" for other segments."""
    return _sighted(segment) if segment.flags in {"S", "S."} else ""


def _none(_text: str, _line: int) -> None:
    """Read nothing: no log has been seen yet."""


def _passed(_found: Found, _lane: Expected, _number: int, _elapsed: int) -> str:
    """Write what stands for a segment of the other half."""
    return PASSED


class Following:
    """One input on its way: its explainer, and the lines that no record has claimed yet."""

    def __init__(self, run: Run, name: str) -> None:
        self.begun = False
        self._run = run
        self._name = name
        self._explainer = Explainer(name, numbering=run.numbering)
        self._waiting: deque[str] = deque()
        self._claimed = 0  # physical lines that records have claimed
        # -- the short way
        renderer = run.renderer
        templated, self._keeping = also(renderer, Templated), also(renderer, Keeping)
        self._holding, self._divisible = also(renderer, Holding), also(renderer, Divisible)
        self._lang: Lang | None = None if templated is None else templated.template_lang
        self._all = run.selection.everything  # is shown
        self._short = self._lang is not None or self._keeping is not None
        self._reader: Reader | None = None  # what reads the log's segments
        self._read: Reader = _none
        self._next: re.Pattern[str] | None = None  # matches the same in a text of many lines
        self._whole: Mapping[str, int] = {}  # nanoseconds for a time without its fraction
        self._latest: Step | None = None  # the segment that went the whole way last
        self._forms: dict[tuple[object, ...], Form] = {}
        self._hidden: dict[tuple[object, ...], Form] = {}  # of connections that are not shown
        self._elsewhere = Elsewhere(_passed)
        self._blocks = 0
        self._other: Other | None = None  # who has the other half of the connections

    # ------------------------------------------------------------------ half of a log

    @property
    def is_divisible(self) -> bool:
        """Whether from the next block on each of two may account for half of the connections."""
        return (
            self._blocks >= LEARNT
            and self._divisible is not None
            and self._divisible.divisible
            and not self._run.selection.conns  # whose numbers are known later
            and self._run.drop is None
            and self._explainer.tracker.is_divisible
        )

    @property
    def is_divided(self) -> bool:
        """Whether that has happened."""
        return self._other is not None

    @property
    def connections(self) -> int:
        """How many connections there have been."""
        return self._explainer.tracker.table.opened

    def divide(self, channel: Channel, other: Other, *, second: bool, first_number: int) -> None:
        """
        Account for half of the connections from now on.

        Args:
            channel: Leads to who has the other half.
            other: Puts together what both say.
            second: Which half this is.
            first_number: See `Sharing.divide`.
        """
        tracker = self._explainer.tracker
        tracker.sharing.at(self._claimed)
        tracker.sharing.divide(channel, second=second, first_number=first_number)
        tracker.divide()
        if self._divisible is not None:
            self._divisible.divide(tracker.sharing.once, complete=self._all)
        self._other = other

    def _say(self, parts: list[str]) -> bytes:
        """Return what is to be written of a block."""
        self._blocks += 1
        if self._other is None:
            return "".join(parts).encode("latin-1")
        return self._other.put(parts, self._explainer.tracker.sharing.mark(self._claimed))

    def feed(self, block: Sequence[str]) -> str:
        """Return what the lines of a block, without their newlines, say."""
        return "".join(self._parts(block))

    def _parts(self, block: Sequence[str]) -> list[str]:
        block = self._kept(block)
        parts = self._begin(block)
        for line in block:
            parts += self._line(line)
        self._run.totals.lines += len(block)
        return parts

    def _kept(self, block: Sequence[str]) -> Sequence[str]:
        """Return the lines of a block that are not left out as if they had never been there."""
        drop = self._run.drop
        return block if drop is None else [line for line in block if not line.startswith(drop)]

    def feed_octets(self, block: bytes) -> bytes:
        """Do the same with lines as they are stored in UTF-8, each with its newline."""
        return self._say(self._octet_parts(block))

    def _octet_parts(self, block: bytes) -> list[str]:
        if not (self._short and self.begun and self._is_open()) or self._next is None:
            return self._find_way(block)
        if not block.endswith(b"\n"):  # the last one
            whole, _, last = block.rpartition(b"\n")
            before = self._octet_parts(whole + b"\n") if whole else []
            return [*before, *map(octets, self._parts([last.decode("utf-8", "surrogateescape")]))]
        return self._go_through(block.decode("latin-1"), self._next)

    def _find_way(self, block: bytes) -> list[str]:
        """Return what the lines of a block say, those up to the first one behind which there is a short way by the whole one."""
        lines = block.decode("utf-8", "surrogateescape").split("\n")
        if not lines[-1]:
            lines.pop()
        if not self._short:
            return [*map(octets, self._parts(lines))]
        parts = self._begin(self._kept(lines))
        for count, line in enumerate(lines, 1):
            parts += self._parts([line])
            if len(lines) - count >= SHORTEST and self._is_open():
                rest = block.split(b"\n", count)[count:]
                return [*map(octets, parts), *(self._octet_parts(rest[0]) if rest and rest[0] else ())]
        return [*map(octets, parts)]

    def _line(self, line: str) -> list[str]:
        """Return what a line completes."""
        self._waiting.append(line)
        return [self._shown(item) for item in self._explainer.parts(line.removesuffix("\r"))]

    def finish(self) -> Iterator[str]:
        """Yield what is left to be shown, in pieces: connections may be many."""
        for parts in self._pieces():
            yield "".join(parts)

    def ending(self) -> Iterator[bytes]:
        """Do the same for half of the connections."""
        if self._other is not None:
            yield self._other.end()
            for parts in self._pieces():
                yield self._say([*map(octets, parts)])
            yield self._other.close()

    def _pieces(self) -> Iterator[list[str]]:
        parts = self._begin([])
        for item in self._explainer.ending():
            parts.append(self._shown(item))
            if len(parts) >= PIECE:
                yield parts
                parts = []
        end = self._run.renderer.end(list(self._waiting) if self._all else ())
        parts.append(end if self._explainer.tracker.sharing.has_remarks else PASSED)
        yield parts

    # ------------------------------------------------------------------ the short way

    def _is_open(self) -> bool:
        """Tell whether the next line can be a segment by itself, read by the pattern for this log's times."""
        reader = self._explainer.reader
        if reader is None:
            return False
        if reader is not self._reader:
            name = shapes.name_of(reader)
            self._read = self._reader = reader
            self._whole = shapes.SHAPES[name][1]
            self._next = re.compile(getattr(_patterns, f"NEXT_{name}"), re.ASCII)
        return self._next is not None and not self._waiting

    def _go_through(self, text: str, pattern: re.Pattern[str]) -> list[str]:
        """Return what the lines of a text say, whose characters are octets; each ends with a newline."""
        run, tracker, whole = self._run, self._explainer.tracker, self._whole
        ready: Mapping[str, Expected] = tracker.ready
        latest, due, first = tracker.latest, tracker.due, tracker.first or 0
        number = passed = self._explainer.line
        second, base = "", 0
        parts: list[str] = []
        holding = self._holding
        waiting = True  # something may be kept back
        predicted = UNEXPECTED  # the kind of the last one that was
        for found in pattern.findall(text):
            number += 1
            lane = ready.get(found[SIGHTED])
            kind = UNEXPECTED
            time = found[TIME]
            if lane is not None and time:
                if time[:-7] != second:
                    second = time[:-7]
                    base = whole[second] + tracker.days if time[-7:-6] == "." else BEFORE
                now = base + int(time[-6:]) * 1000
                if latest <= now < due:
                    kind = lane.take(found, now, number)
                    if kind == LEAVES and isinstance(lane, Lane):
                        lane = tracker.leave(lane, self._forms_of(lane.conn.flow))
                        kind = UNEXPECTED if lane is None else lane.take(found, now, number)
                    if kind >= 0 and lane is not None:
                        latest, predicted = now, kind
                        emit = lane.emit
                        if waiting and holding is not None:
                            parts.append(octets(holding.release()))
                        waiting = False
                        if emit is not None:
                            parts.append(emit(found, lane, number, now - first))  # type: ignore[arg-type]  # Elsewhere has one of its own
                        continue
            line = _text(found[LINE] or found[OTHER])
            segment = self._segment(line, number)
            if lane is None and segment is not None and latest <= (now := self._passing(segment)) < due:
                latest, predicted = now, PLAIN
                parts.append(PASSED)
                continue
            # The whole way.
            if number - 1 > passed:
                self._catch_up(number - 1 - passed, latest, predicted, parts)
            if run.drop is not None and line.startswith(run.drop):
                number -= 1
            else:
                parts += map(octets, self._whole_way(line, segment, found, None if lane is None else (lane, ~kind)))
            passed, waiting = number, True
            ready = tracker.ready if self._is_open() and self._next is pattern else NOTHING
            latest, due, second = tracker.latest, tracker.due, ""
        if number > passed:
            self._catch_up(number - passed, latest, predicted, parts)
        return parts

    def _segment(self, line: str, number: int) -> Segment | None:
        """Return the segment that a line is by itself; None where that cannot be told."""
        return None if self._waiting or not self._is_open() else self._read(line.removesuffix("\r"), number)

    def _passing(self, segment: Segment) -> int:
        """Return when a segment came that is known to be the other half's and needs no closer look; BEFORE for any other."""
        tracker = self._explainer.tracker
        if self._other is None or segment.payload or segment.stamp is None:
            return BEFORE
        known = isinstance(tracker.ready.get(_sighted(segment)), Elsewhere)
        return segment.stamp + tracker.days if known else BEFORE

    def _whole_way(
        self, line: str, segment: Segment | None, found: Found, lane: tuple[Expected, int] | None
    ) -> list[str]:
        """
        Return what a line completes that was not predicted.

        `segment` is what it is by itself; `found` what the pattern made of it; `lane` its lane, if it has one, and
        its kind, if that is none that the lane knows.
        """
        self._run.totals.lines += 1
        self._forget()
        if segment is None or (segment.payload and is_odd(segment)):
            parts = self._line(line)
        else:
            self._claimed += 1
            items, lines = self._explainer.take(segment), [line]
            parts = [self._shown(item, lines) for item in items]
            if isinstance(items[-1], Passed):
                self._explainer.tracker.look_away(segment, found[SIGHTED] or _sighted(segment), self._elsewhere)
        step = self._latest
        key = "" if step is None else found[SIGHTED] or _opening(step.segment)
        if step is not None and shapes.flows.get(key) is not None:
            lanes = self._explainer.tracker.look_ahead(step.segment, key, self._forms_of(step.flow))
            if lane is not None and 0 <= lane[1] < KINDS and not isinstance(lane[0], Elsewhere):
                form, kind = lane[0].form, lane[1]
                form.steps[kind % PRINTED] = step.step
                form.emits[kind] = self._learnt(step, found, lane[0])
                if kind >= FIRST and lanes is not None:
                    form.then[lane[0].peer.form] = lanes[0].form, lanes[1].form
        return parts

    def _forms_of(self, flow: Flow) -> dict[tuple[object, ...], Form]:
        """Return how segments of a connection come out."""
        return self._forms if self._all or self._run.selection.flow(flow) else self._hidden

    def _forget(self) -> None:
        """No segment has gone the long way yet; said apart, or a type checker would hold that it stays so."""
        self._latest = None

    def _catch_up(self, count: int, latest: int, kind: int, parts: list[str]) -> None:
        """Tell everybody that `count` segments, one a line, went the short way: of which kind the last one is, which ends `parts`."""
        self._explainer.pass_over(count, latest, payload=kind % FIRST >= PRINTED)
        self._claimed += count
        self._run.totals.lines += count
        self._run.totals.segments += count
        if self._holding is not None:
            parts[-1] = octets(self._holding.hold(_text(parts[-1])))

    def _learnt(self, step: Step, found: Found, lane: Awaited) -> Emit | None:
        """
        Return what writes segments like `step` from now on, None where each must be rendered by itself for now.

        For milestones that takes some which were alike, as few logs have many; what is made of one has to fit the next.
        """
        if not isinstance(lane, Milestone):
            return self._written(step, found, lane)
        form = lane.form
        if step.findings:  # not alike after all
            form.forget()
            return None
        form.seen += 1
        if form.tried is None:
            form.tried = self._written(step, found, lane) if form.seen >= WORTH else None
            return None
        if form.tried is not nothing:
            from tdparse.render.template import fits

            if not fits(form.tried, self._run.renderer, step, found, lane):
                form.forget()
        return form.tried

    def _written(self, step: Step, found: Found, lane: Awaited) -> Emit | None:
        """Return what writes or keeps segments like `step`; None where each must be rendered by itself."""
        renderer, selection = self._run.renderer, self._run.selection
        if step.findings:
            return None
        if not (self._all or selection.step(step)):
            return nothing
        if selection.codes:
            return None  # it may have to introduce its connection, of which nothing else was shown
        if self._keeping is not None:
            # What is kept is brief and has no room for the numbers of FINs.
            return self._keeping.keeps(step, found, lane) if isinstance(lane, Lane) else None
        if self._lang is None:
            return None
        from tdparse.render.template import fits, template  # what makes code is loaded only for logs that need it

        try:
            write = template(renderer, step, self._lang)
        except ValueError:
            return None
        return write if write is nothing or fits(write, renderer, step, found, lane) else None

    def _begin(self, opening: Sequence[str]) -> list[str]:
        if self.begun:
            return []
        self.begun = True
        self._run.totals.sources += 1
        return [self._run.renderer.start(self._name, opening)]

    def _shown(self, item: Part, lines: list[str] | None = None) -> str:
        """Return what an item looks like; `lines` are its own where no record has to claim them."""
        renderer, selection, alarm, totals = self._run[:4]
        if isinstance(item, Step):
            if lines is None:
                lines = self._claim(item.segment.line + item.segment.lines - 1)
            self._latest = item
            totals.segments += 1
            alarm.step(item)
            return renderer.step(item, lines) if self._all or selection.step(item) else ""
        if isinstance(item, Together):
            return "".join([self._shown(part, lines) for part in item.items])
        if isinstance(item, Passed):
            if item.segment is not None:
                if lines is None:
                    self._claim(item.segment.line + item.segment.lines - 1)
                totals.segments += 1
            return PASSED
        if isinstance(item, Skipped):
            lines = self._claim(item.line)
            totals.skipped[item.kind] += 1
            if item.kind == "rejected" and self._run.places is not None and len(self._run.places) < PLACES:
                self._run.places.append((item.line, item.column))
            if not self._explainer.tracker.sharing.has_remarks:
                return PASSED
            return renderer.skipped(item, lines) if self._all else ""
        totals.connections += 1
        totals.evicted += "evicted" in item.attributes
        totals.verdicts[item.verdict] += 1
        if item.findings:  # most have none, and a Counter is slow to see it
            totals.findings.update(item.findings)
        alarm.summary(item)
        if self._all:
            return renderer.summary(item)
        totals.chosen += selection.flow(item.flow)
        return renderer.summary(item) if selection.summary(item) else ""

    def _claim(self, last: int) -> list[str]:
        """Return the lines up to the physical line `last` that no record has claimed before."""
        count = min(last - self._claimed, len(self._waiting))
        if count <= 0:
            return []
        self._claimed += count
        return [self._waiting.popleft() for _ in range(count)]
