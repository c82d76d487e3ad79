"""
Printed sequence numbers to absolute ones: tcpdump's relative numbering, inverted (R32-R36).

Without `-S` tcpdump subtracts a base per direction of a conversation. The same table is replayed
here from the text, in print order, so both printings of one capture give the same numbers. Where
the text never showed a base, numbers are exact among themselves but not absolute, and say so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from tdparse.flags import flags_of
from tdparse.seqnum import MASK, diff

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tdparse.model import Endpoint, Numbering, Segment

# A number this close to where its direction stands is taken as plausible. Windows end at 2**30.
PLAUSIBLE: Final = 1 << 30
# Printed relative numbers of an excerpt whose absolute first lines are missing start at 1.
FIRST_OCTET: Final = 1


class Numbers(NamedTuple):
    """
    The numbers of one segment after normalisation, 32 bits each.

    `seq_absolute` and `ack_absolute` tell whether the number (and the SACK edges, which live in the
    ack's space) is the one on the wire; if not, its origin is arbitrary but fixed for the direction.
    """

    seq: int | None  # None when it was not printed, or cannot be placed
    ack: int | None
    sack: tuple[tuple[int, int], ...] | None
    seq_absolute: bool
    ack_absolute: bool
    printed: Numbering


class _Direction:
    """One direction of a conversation: its base, and where its numbers stand."""

    __slots__ = ("base", "expect", "hidden")

    def __init__(self) -> None:
        self.base: int | None = None  # what tcpdump subtracts; of a hidden base: 0
        self.hidden = False  # the text never printed an absolute number of this direction
        self.expect: int | None = None  # absolute (or hidden-base) number thought to come next

    def rebase(self, base: int | None, expect: int | None) -> None:
        self.hidden = base is None
        self.base = 0 if base is None else base
        self.expect = expect


class _Conversation:
    """Both directions of one address pair; `mode` is how tcpdump prints it from now on (R34)."""

    __slots__ = ("directions", "mode")

    def __init__(self, one: Endpoint, other: Endpoint) -> None:
        self.directions = {one: _Direction(), other: _Direction()}
        self.mode: Numbering = "unknown"


class Normalizer:
    """Feed the segments of one log in order."""

    def __init__(self, numbering: Numbering | None = None) -> None:
        """
        Start a log.

        Args:
            numbering: "absolute" or "relative" when the user says so; None to find out (R34).
        """
        self._forced = numbering if numbering in ("absolute", "relative") else None
        self._conversations: dict[tuple[Endpoint, Endpoint], _Conversation] = {}
        self._votes = {"absolute": 0, "relative": 0}

    @property
    def numbering(self) -> Numbering:
        """How this log prints its numbers, as far as it has shown."""
        if self._forced:
            return self._forced
        absolute, relative = self._votes["absolute"], self._votes["relative"]
        if absolute == relative:
            return "unknown"
        return "absolute" if absolute > relative else "relative"

    def hint(self, numbering: Numbering) -> None:
        """Take a command line in the log (`-S`) as a vote that any real evidence outweighs."""
        if numbering in self._votes and not any(self._votes.values()):
            self._votes[numbering] = 1

    def forget(self, pairs: Iterable[tuple[Endpoint, Endpoint]]) -> None:
        """Drop the conversations of these (source, destination) pairs, in either order."""
        for one, other in pairs:
            self._conversations.pop((one, other), None)
            self._conversations.pop((other, one), None)

    def feed(self, segment: Segment) -> Numbers:
        """Return the numbers of `segment` in absolute form, and update the table."""
        src, dst = segment.src, segment.dst
        flags = flags_of(segment.flags or "")
        seq, ack = segment.seq, segment.ack
        if ack is None or not flags.ack:
            # R32 a: without ACK everything prints absolute, and the table is left alone.
            conversation = self._find(src, dst)
            hidden = conversation is not None and conversation.directions[src].hidden
            lost = hidden and flags.rst  # a bare RST cannot be laid beside numbers of a hidden base
            return Numbers(
                seq=None if lost else seq,
                ack=None,
                sack=self._sack(segment, None, None),
                seq_absolute=not lost,
                ack_absolute=False,
                printed="absolute",
            )
        conversation = self._find(src, dst)
        if conversation is None:
            conversation = self._conversations[src, dst] = _Conversation(src, dst)
            if self._is_excerpt(segment):
                conversation.mode = "relative"
                for direction in conversation.directions.values():
                    direction.rebase(None, None)
            else:
                return self._rebase(segment, conversation)
        if flags.syn:
            return self._rebase(segment, conversation)
        if conversation.mode == "unknown":
            self._decide(segment, conversation)
        sender, receiver = conversation.directions[src], conversation.directions[dst]
        sack = self._sack(segment, ack, receiver.base)
        if conversation.mode == "relative":
            seq = None if seq is None else (seq + (sender.base or 0)) & MASK
            ack = (ack + (receiver.base or 0)) & MASK
        if seq is not None:
            sender.expect = (seq + (segment.length or 0)) & MASK
        return Numbers(
            seq,
            ack,
            sack,
            seq_absolute=not sender.hidden,
            ack_absolute=not receiver.hidden,
            printed=conversation.mode,
        )

    def _find(self, src: Endpoint, dst: Endpoint) -> _Conversation | None:
        return self._conversations.get((src, dst)) or self._conversations.get((dst, src))

    def _rebase(self, segment: Segment, conversation: _Conversation) -> Numbers:
        """R32 b, c: the first ACK-bearing segment, and every SYN-ACK, set both bases."""
        seq, ack = segment.seq, segment.ack
        if ack is None:
            msg = "only a segment with an acknowledgment sets bases"
            raise ValueError(msg)
        sender, receiver = conversation.directions[segment.src], conversation.directions[segment.dst]
        occupied = (segment.length or 0) + ("S" in (segment.flags or ""))
        sack = self._sack(segment, ack, (ack - 1) & MASK)
        sender.rebase(seq, None if seq is None else (seq + occupied) & MASK)
        receiver.rebase((ack - 1) & MASK, ack)
        # What follows may come from another run of tcpdump pasted behind the first: ask anew.
        conversation.mode = self._forced or "unknown"
        if conversation.mode == "absolute":
            sender.hidden = False
        return Numbers(seq, ack, sack, seq_absolute=True, ack_absolute=True, printed="absolute")

    def _is_excerpt(self, segment: Segment) -> bool:
        """Tell whether this first ACK-bearing segment already is relative: the log lost its head."""
        if self._forced == "absolute" or "S" in (segment.flags or ""):
            return False
        # On the wire a number is 1 once in 2**32; in a relative log the first octet always is.
        return FIRST_OCTET in (segment.ack, segment.seq) and (segment.seq or 0) < PLAUSIBLE

    def _decide(self, segment: Segment, conversation: _Conversation) -> None:
        """R34: take the nearer of "absolute continuation" and "relative to the bases"."""
        sender, receiver = conversation.directions[segment.src], conversation.directions[segment.dst]
        absolute = relative = 0
        for printed, direction in ((segment.seq, sender), (segment.ack, receiver)):
            if printed is None or direction.hidden or direction.expect is None or direction.base is None:
                continue
            absolute += abs(diff(printed, direction.expect))
            relative += abs(diff(printed, (direction.expect - direction.base) & MASK))
        if segment.ack is not None and receiver.hidden and absolute == relative:
            # The base was never printed, so a relative ack is small and an absolute one is anything.
            relative, absolute = segment.ack, PLAUSIBLE >> 6
        if absolute == relative:
            conversation.mode = self.numbering if self.numbering != "unknown" else "absolute"
        else:
            conversation.mode = "absolute" if absolute < relative else "relative"
            self._votes[conversation.mode] += 1
        if conversation.mode == "absolute":
            # Nothing was subtracted, so nothing was hidden either.
            sender.hidden = receiver.hidden = False

    def _sack(self, segment: Segment, ack: int | None, base: int | None) -> tuple[tuple[int, int], ...] | None:
        """Return the SACK edges in the space of the normalised ack; relative ones by nearness to it."""
        text = segment.options_text
        if text is None or "sack" not in text:
            return None
        blocks = segment.options.sack
        if not blocks or ack is None or base is None:
            return blocks

        def near(edge: int) -> int:
            moved = (edge + base) & MASK
            return moved if abs(diff(moved, absolute_ack)) < abs(diff(edge, absolute_ack)) else edge

        conversation = self._find(segment.src, segment.dst)
        relative = conversation is not None and conversation.mode == "relative"
        absolute_ack = (ack + base) & MASK if relative else ack
        if relative:
            return tuple(((left + base) & MASK, (right + base) & MASK) for left, right in blocks)
        if conversation is not None and conversation.mode == "absolute":
            return blocks
        return tuple((near(left), near(right)) for left, right in blocks)
