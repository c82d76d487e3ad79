"""The commonest shapes of a record, read straight from the groups of their own derived patterns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from tdparse import _patterns, fields, stamp
from tdparse.model import Endpoint, Layer, Segment, TimeStyle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Flow: TypeAlias = tuple[int | None, Endpoint, Endpoint, Layer | None]
Shape: TypeAlias = "tuple[TimeStyle, Mapping[str, int]]"  # of a time, and what reads it without its fraction
Reader: TypeAlias = "Callable[[str, int], Segment | None]"
MICROSECONDS: Final = 6  # digits of a fraction


class _Flows(dict[str, "Flow | None"]):
    """IP version, endpoints and device by the text that stands before the flags; None for a text that is none of addresses."""

    def __missing__(self, text: str) -> Flow | None:
        if len(self) >= stamp.REMEMBERED:
            self.clear()
        found = fields.pattern["SIGHTED"].fullmatch(text)
        if found is None:
            self[text] = None
            return None
        printed = fields.captured("SIGHTED", found)
        word, src, dst = printed.get("word"), printed["src"], printed["dst"]
        version, source, destination = fields.between(word, src, dst)
        layer = fields.layer_of(printed)
        self[text] = flow = (version, source, destination, layer)
        if word is not None and layer is None:  # the answer's: without the word its version might be another
            self[f"{word}{dst} > {src}: "] = (version, destination, source, None)
        return flow


flows: Final = _Flows()


def _reader(name: str, style: TimeStyle, whole: Mapping[str, int]) -> Reader:
    """
    Return the reader of the shape whose pattern is `name`.

    It takes a line and its number, and returns the segment, or None when the line has another shape or
    its length needs a closer look. `whole` gives nanoseconds for a time without its fraction.
    """
    match = fields.pattern[name].fullmatch
    known, numbers = flows, fields.numbers
    modulus = fields.MODULUS
    unknown = TimeStyle.NONE
    new = tuple.__new__

    def read(text: str, line: int) -> Segment | None:
        found = match(text)
        if found is None:
            return None
        time, sighted, flags, seq, last, ack, window, options, length, payload = found.groups()
        flow = known[sighted]
        if flow is None:
            return None
        version, src, dst, layer = flow
        octets = numbers[length]
        first = end = when = None
        if seq is not None:
            first = int(seq)
            if last is not None:
                end = int(last)
                if end - first != octets and (end - first) % modulus != octets:
                    return None
        if time is not None:
            seconds, _, digits = time.partition(".")
            when = whole[seconds] + (int(digits) * 1000 if len(digits) == MICROSECONDS else stamp.fraction(digits))
        return new(
            Segment,
            (
                line,
                1,
                text,
                time,
                when,
                unknown if time is None else style,
                src,
                dst,
                version,
                flags,
                first,
                end,
                None if ack is None else int(ack),
                numbers[window],
                None,
                octets,
                options,
                None,
                payload,
                False,
                layer,
            ),
        )

    return read


def _linked(read: Reader) -> Reader:
    """Return the reader of a shape with a link-layer header, made from that of the shape; it has the header, too."""
    new = tuple.__new__

    def read_behind(text: str, line: int) -> Segment | None:
        segment = read(text, line)
        if segment is None:
            return None
        before = text[: text.index("Flags [")].rsplit(" ", 4)[0]  # the addresses, and what stands between them
        link = before if segment.time is None else before[len(segment.time) + 1 :]
        return new(Segment, (*segment[:-1], Layer(link=f"{link} ")))

    return read_behind


class _Dates(dict[str, int]):
    """Nanoseconds since 1970 by ``YYYY-MM-DD HH:MM:SS``."""

    def __missing__(self, text: str) -> int:
        if len(self) >= stamp.REMEMBERED:
            self.clear()
        self[text] = when = stamp.days[text[:10]] + stamp.seconds_of_day[text[11:]]
        return when


class _Epochs(dict[str, int]):
    """Nanoseconds since 1970 by whole seconds."""

    def __missing__(self, text: str) -> int:
        if len(self) >= stamp.REMEMBERED:
            self.clear()
        self[text] = when = int(text) * stamp.SECOND
        return when


class _Readers(dict[str, Reader]):
    """Readers by the name of their pattern, made when first used."""

    def __missing__(self, name: str) -> Reader:
        style, whole = SHAPES[name]
        reader = _reader(name, style, whole)
        self[name] = reader = _linked(reader) if name.startswith(LINKED) else reader
        return reader


# The shapes in the order in which a log's first lines are tried.
_PLAIN: Final[Mapping[str, Shape]] = {
    "CLOCKED": (TimeStyle.CLOCK, stamp.seconds_of_day),
    "DATED": (TimeStyle.DATE, _Dates()),
    "EPOCHED": (TimeStyle.EPOCH, _Epochs()),
}
LINKED: Final = "LINKED_"  # the same behind the link-layer header that -e prints
SHAPES: Final[Mapping[str, Shape]] = {**_PLAIN, **{LINKED + name: shape for name, shape in _PLAIN.items()}}
readers: Final[dict[str, Reader]] = _Readers()


def name_of(reader: Reader) -> str:
    """Return the name of the shape that `reader` reads."""
    return next(name for name in SHAPES if readers[name] is reader)


def shows_place_only(layer: Layer | None) -> bool:
    """Return whether nothing stood around a record but where it was captured."""
    return layer is None or layer._replace(device=None, direction=None) == fields.NOTHING


def link_of(layer: Layer | None) -> str:
    """Return the link-layer header, of Ethernet, that alone stood around a record; "" where it did not."""
    link = "" if layer is None else layer.link or ""
    return link if "ethertype" in link and layer == fields.NOTHING._replace(link=link) else ""


def reader_of(segment: Segment) -> Reader | None:
    """Return the reader for lines of the shape of `segment`, None when it has no common shape."""
    name = OF_STYLE.get(segment.time_style)
    if name is None or segment.lines > 1:
        return None
    if shows_place_only(segment.layer):
        return readers[name]
    return readers[LINKED + name] if link_of(segment.layer) else None


def read_linked(name: str, text: str, line: int) -> Segment | None:
    """Return what a text of the shape `name` behind a link-layer header says; None for another, or if no log had one so far."""
    reader = readers.get(LINKED + name)
    return None if reader is None else reader(text, line)


# By the rule of its grammar that describes a record's time; none for one without.
OF_TIME: Final = {getattr(_patterns, f"{name}_FIELDS")[0]: name for name in _PLAIN}
OF_STYLE: Final = {
    TimeStyle.NONE: "CLOCKED",  # its time is optional
    **{style: name for name, (style, _) in _PLAIN.items()},
}
