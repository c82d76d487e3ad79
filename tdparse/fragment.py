"""
A piece of a record, typed without time or addresses: completed so far that the grammar accepts it, and explained alone.

What has to be added is said; the added window and length are such that no sentence speaks of them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from tdparse import mending
from tdparse.model import Segment, Step
from tdparse.pipeline import Explainer
from tdparse.seqnum import MASK

if TYPE_CHECKING:
    from collections.abc import Iterator

SENDER: Final = "A"
RECEIVER: Final = "B"
LONGEST: Final = 4096  # characters; a record without its addresses is far shorter

_ENDS: Final = f"IP {SENDER} > {RECEIVER}: "
_WINDOW: Final = ", win 65535"
_RANGE: Final = re.compile(r"\bseq (\d{1,10}):(\d{1,10})")
_BARE: Final = re.compile(r"\[[SFRPUEWe.]{1,9}\](?=$|[,\s])")  # flags without the word before them
_JOINT: Final = re.compile(r"(?<=[\w\]])\s+(?=(?:seq|ack|win|urg|options|length)\s)")  # where a comma was left out
_CLOCK: Final = re.compile(r"(?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d\.\d{1,9} ")
_SEQ: Final = re.compile(r"\bseq \d|\b\d+:\d+\(\d+\)")
_ACKED: Final = "Flags [.], "


class Fragment(NamedTuple):
    """A fragment with its meaning, and what it lacked: codes of the catalogue's section ``repl``."""

    step: Step
    missing: tuple[str, ...]


def read(text: str) -> Fragment | None:
    """
    Return what a fragment means, None when it is none, or a whole record.

    >>> found = read("Flags [S.], seq 43780288, ack 1228404593")
    >>> found and (found.step.step, found.missing)
    ('handshake.syn_ack', ('no_addresses', 'no_window', 'no_length'))
    """
    if len(text) > LONGEST or "\n" in text.strip() or is_record(text):
        return None
    for record, missing in _readings(text.strip().rstrip(",")):
        # The pattern comes first: only a text that it accepts can be a segment, and nobody asks why the others are none.
        if isinstance(mending.whole(record, 1), Segment):
            if not missing:
                return None
            explainer = Explainer(numbering="absolute")  # numbers are shown as they are
            items = (*explainer.feed(record), *explainer.finish())
            steps = [item for item in items if isinstance(item, Step)]
            unnumbered = () if _SEQ.search(record) or "S" not in (steps[0].segment.flags or "") else ("no_number",)
            return Fragment(steps[0], (*missing, *unnumbered)) if steps else None
    return None


def is_record(text: str) -> bool:
    """Return whether a line is a whole record without what somebody has put around it, such as a mark of quoting."""
    return any(isinstance(mending.whole(cleaned, 1), Segment) for cleaned, _ in mending.cleanings(text))


def _readings(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the fragment completed: as it is, then with the word and the commas that people leave out, then with flags."""
    yield from _completions(text)
    head, bracket, rest = text.partition("options [")
    inside, close, tail = rest.partition("]")
    tidied = _JOINT.sub(", ", head) + bracket + inside + close + _JOINT.sub(", ", tail)
    if _BARE.match(tidied):
        tidied = f"Flags {tidied}"
    if tidied != text:
        yield from _completions(tidied)
    if "ack " in tidied and "[" not in head:
        yield from ((record, ("no_flags", *missing)) for record, missing in _completions(_ACKED + tidied))


def _completions(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the fragment with ever more added, and what that was."""
    start = text.find("Flags [")
    numbers = _RANGE.search(text)
    octets = (int(numbers[2]) - int(numbers[1])) & MASK if numbers else 0
    clock = _CLOCK.match(text) if start > 0 else None
    ends = (clock[0] if clock else "") + _ENDS
    for head, lacking in ((text, ()), (ends + (text[start:] if start > 0 else text), ("no_addresses",))):
        for window, length in ((False, False), (False, True), (True, False), (True, True)):
            missing = (*lacking, *(("no_window",) if window else ()), *(("no_length",) if length else ()))
            whole = f"{head}, length {octets}" if length else head
            # The window stands in front of the options, the urgent pointer or the length: wherever it fits.
            places = [place for place in range(len(whole)) if whole.startswith(", ", place)] if window else [-1]
            for place in reversed([*places, len(whole)] if window and not length else places):
                yield (whole if place < 0 else whole[:place] + _WINDOW + whole[place:]), missing
