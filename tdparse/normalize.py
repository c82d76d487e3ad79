"""
Printed sequence numbers to absolute ones: tcpdump's relative numbering, inverted (R32-R36).

Without `-S` tcpdump subtracts a base per direction of a conversation. The same table is replayed
here from the text, in print order, so both printings of one capture give the same numbers. Where
the text never showed a base, numbers are exact among themselves but not absolute, and say so.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from tdparse.model import TimeStyle
from tdparse.seqnum import MASK, diff
from tdparse.sharing import Sharing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tdparse.model import Endpoint, Numbering, Segment, Skipped

# An absolute number is this close to 0 once in 128; a relative one is, until 16 MiB have been sent.
SMALL: Final = 1 << 24
# Of who has only asked, while the other has sent up to 256 MiB; both so low is once in 8,000,000 absolute ones.
TINY: Final = 1 << 12
MANY: Final = 1 << 28
# Farther than this from where its direction stands no number lies: windows end at 2**30 octets.
FAR: Final = 1 << 30
# The two readings of a record are told apart by an exact fit, or by a misfit this much worse.
ODDS: Final = 16
SLACK: Final = 1 << 16
FIRST_OCTET: Final = 1  # where a relative direction starts
NEW_RUN: Final = 10**9  # time going back this far (nanoseconds): another run of tcpdump, pasted behind
# What tcpdump says when it begins.
BEGINS: Final = re.compile(r"\b(?:listening on|reading from file) ")
HALF_DAY: Final = 43_200 * 10**9  # farther back without a date it is midnight (R39)


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
    wire_seq: int | None = None  # the number on the wire, where it cannot be placed beside its direction's others
    from_syn: bool = False  # both spaces begin at SYNs that stood before the log's first line: those are 0 (R35)


class Direction:
    """One direction of a conversation: its base, and where its numbers stand."""

    __slots__ = ("adrift", "base", "expect", "hidden", "presumed", "third")

    def __init__(self) -> None:
        self.base: int | None = None  # what tcpdump subtracts; None: the text does not tell
        self.presumed = False  # the base was not printed
        self.third: int | None = None  # what its third step of the handshake carries, once its SYN was printed
        self.hidden = True  # its numbers have no known place on the wire
        self.adrift = False  # hidden, and beside numbers on the wire: there is no telling how far apart
        self.expect: int | None = None  # the number thought to come next, in the space that is given out

    def rebase(self, base: int | None, expect: int | None, *, doubtful: bool) -> None:
        """Begin again: `base` is what is subtracted from now on, `expect` the number to come."""
        self.hidden = doubtful or base is None
        self.presumed = base is None and not doubtful and self.third is not None
        if self.presumed:
            # Its number was not printed, but behind a SYN the first ACK is the third step, presumably.
            base = expect = self.third
        self.base = base
        self.expect = expect
        self.third = None
        self.adrift = False


class _Conversation:
    """Both directions of one address pair, and how tcpdump prints it from now on (R34)."""

    __slots__ = ("doubtful", "entered", "forward", "headless", "mode", "one", "opened", "printed", "reverse", "run")

    def __init__(self, one: Endpoint) -> None:
        self.one = one
        self.forward = Direction()  # what `one` sends
        self.reverse = Direction()
        self.opened = False  # its SYN was printed, so the log has its head
        self.entered = False  # tcpdump has bases for it
        self.mode: Numbering = "unknown"
        self.printed: Numbering = "unknown"
        self.doubtful = False  # its first numbers look relative: the log may have lost its head
        self.headless = False  # they are: the log has lost it
        self.run = 0

    def directions(self, src: Endpoint) -> tuple[Direction, Direction]:
        """Return what `src` sends and what it receives."""
        return (self.forward, self.reverse) if src == self.one else (self.reverse, self.forward)

    def settle(self, mode: Numbering, printed: Numbering) -> None:
        self.mode, self.printed = mode, printed

    def go_on_relative(self, printed: Numbering) -> None:
        """It goes on as it began: relative to bases from before the first line."""
        self.forward.base = self.reverse.base = 0
        self.settle("relative", printed)


class Normalizer:
    """Feed the segments of one log in order."""

    def __init__(self, numbering: Numbering | None = None, sharing: Sharing | None = None) -> None:
        """
        Start a log.

        Args:
            numbering: "absolute" or "relative" when the user says so; None to find out (R34).
            sharing: How the log is shared, if it is.
        """
        self._sharing = sharing or Sharing()
        self._sharing.learn("numbering", self._vote)
        self._sharing.learn("head", self._take_head)
        self._sharing.learn("guess", self._take_guess)
        self._sharing.learn("syn", self._take_syn)
        self._forced: Numbering | None = numbering if numbering in ("absolute", "relative") else None
        self._hint: Numbering = "unknown"
        self._guess: Numbering = "unknown"  # from numbers that look as if the log had lost its head
        self._votes = {"absolute": 0, "relative": 0}
        self._headless: bool | None = None  # are the log's first lines missing?
        self._any_syn = False
        self._conversations: dict[tuple[Endpoint, Endpoint, int | None], _Conversation] = {}
        self._run = 0
        self._stamp: int | None = None
        self._style: TimeStyle | None = None

    @property
    def numbering(self) -> Numbering:
        """How this log prints its numbers, as far as it has shown."""
        shown = self._shown
        return self._guess if shown == "unknown" else shown

    @property
    def _shown(self) -> Numbering:
        """The same without guesses: what a number may be called absolute for."""
        if self._forced:
            return self._forced
        absolute, relative = self._votes["absolute"], self._votes["relative"]
        if not self._sharing.is_certain(abs(absolute - relative)):
            self._sharing.know()
            absolute, relative = self._votes["absolute"], self._votes["relative"]
        if absolute == relative:
            return self._hint
        return "absolute" if absolute > relative else "relative"

    def hint(self, numbering: Numbering) -> None:
        """Take a command line in the log (`-S`) as an opinion that any real evidence outweighs."""
        self._hint = numbering

    def forget(self, pairs: Iterable[tuple[Endpoint, Endpoint]]) -> None:
        """Drop the conversations of these (source, destination) pairs, in either order."""
        for one, other in pairs:
            for ip in (4, 6, None):
                self._conversations.pop((one, other, ip), None)
                self._conversations.pop((other, one, ip), None)

    def has_bases(self, pair: tuple[Endpoint, Endpoint]) -> bool:
        """Tell whether tcpdump may be subtracting something from the numbers of a pair: an ACK of it was printed."""
        known = (self._known(*pair, ip) for ip in (4, 6, None))
        return any(conversation is not None and conversation.entered for conversation in known)

    def feed(self, segment: Segment) -> Numbers:
        """Return the numbers of `segment` in absolute form, and update the table."""
        self.watch_time(segment)
        seq, ack = segment.seq, segment.ack
        if ack is None and not lacks_ack(segment):
            return self._without_ack(segment)
        conversation = self._find(segment)
        if not conversation.entered or "S" in (segment.flags or ""):
            return self._enter(segment, conversation)
        if conversation.run != self._run and self._starts_again(segment, conversation):
            return self._enter(segment, conversation)
        sender, receiver = conversation.directions(segment.src)
        decided = True
        printed: Numbering | None = None
        if conversation.mode == "unknown":
            mode, decided = self._decide(segment, conversation)
            printed = mode if decided and conversation.mode == "unknown" else None
        else:
            mode = conversation.mode
            if mode == "relative" and self._enters_again(segment, conversation):
                return self._enter(segment, conversation)
            if seq is not None and sender.expect is not None and "R" not in (segment.flags or ""):
                ahead = diff(seq if mode == "absolute" else seq + (sender.base or 0), sender.expect)
                if not -FAR < ahead < FAR:
                    mode = self._reconsider(segment, conversation)
            if mode == "absolute" and conversation.opened and _is_before_syn(segment, sender, receiver):
                mode = self._reconsider(segment, conversation)
        sack = segment.options.sack if segment.options_text is not None and "sack" in segment.options_text else None
        if mode == "relative":
            ours, theirs = sender.base or 0, receiver.base or 0
            seq = None if seq is None else (seq + ours) & MASK
            ack = None if ack is None else (ack + theirs) & MASK
            if sack:
                sack = tuple(((left + theirs) & MASK, (right + theirs) & MASK) for left, right in sack)
        if sender.adrift:
            seq = None
        if receiver.adrift:
            ack = sack = None
        if seq is not None and decided and "R" not in (segment.flags or ""):  # that of an RST may be 0 (R35)
            sender.expect = (seq + (segment.length or 0)) & MASK
        return Numbers(
            seq,
            ack,
            sack,
            seq_absolute=not sender.hidden and (decided or sender.base == 0),
            ack_absolute=not receiver.hidden and (decided or receiver.base == 0),
            printed=printed or conversation.printed,
            from_syn=conversation.headless,
        )

    def outlook(
        self, src: Endpoint, dst: Endpoint, ip: int | None
    ) -> tuple[tuple[int, int], Direction, Numbering] | None:
        """
        Return how the numbers of the next segment from `src` will be read, None while that is open.

        That is: what is added to its printed seq and ack, where its own numbers stand, how they are printed.
        """
        conversation = self._known(src, dst, ip)
        if conversation is None or not conversation.entered or conversation.run != self._run:
            return None
        sender, receiver = conversation.directions(src)
        if conversation.mode == "unknown" or sender.hidden or receiver.hidden or sender.adrift or receiver.adrift:
            return None
        relative = conversation.mode == "relative"
        bases = (sender.base or 0, receiver.base or 0) if relative else (0, 0)
        return bases, sender, conversation.printed

    def pass_over(self, stamp: int) -> None:
        """Take note that segments went by, the last at `stamp`, that were read as `outlook` said."""
        self._stamp = stamp

    # -------------------------------------------------------------- the table

    def _find(self, segment: Segment) -> _Conversation:
        """Return the conversation of a segment; IPv4 and IPv6 have a table each."""
        conversation = self._known(segment.src, segment.dst, segment.ip)
        if conversation is None:
            conversation = _Conversation(segment.src)
            self._conversations[segment.src, segment.dst, segment.ip] = conversation
        return conversation

    def _known(self, src: Endpoint, dst: Endpoint, ip: int | None) -> _Conversation | None:
        """Return a conversation by its ends, in either order."""
        return self._conversations.get((src, dst, ip)) or self._conversations.get((dst, src, ip))

    def _without_ack(self, segment: Segment) -> Numbers:
        """R32 a: everything prints absolute, and the table is left alone."""
        flags = segment.flags or ""
        conversation = self._known(segment.src, segment.dst, segment.ip)
        if "." in flags:
            # The header's data offset was at fault and its numbers were not printed, but they count.
            conversation = conversation or self._find(segment)
            if "S" in flags and segment.seq is not None:  # shortened: what it acknowledges is the SYN before it
                due = conversation.directions(segment.src)[1].third
                theirs = (None, None) if due is None else ((due - 1) & MASK, due)
                self._rebase(conversation, segment.src, (segment.seq, (segment.seq + 1) & MASK), theirs)
            elif not conversation.entered or "S" in flags:
                self._rebase(conversation, segment.src, (None, None), (None, None))
        elif "S" in flags:
            conversation = conversation or self._find(segment)
            conversation.opened = True
            if not self._any_syn:
                self._sharing.tell("syn")
        sender = conversation.directions(segment.src)[0] if conversation else None
        hidden = sender is not None and sender.hidden and not sender.presumed
        hidden = hidden and conversation is not None and conversation.entered
        lost = hidden and "S" not in flags
        if sender is not None and "S" in flags:
            sender.adrift = hidden and segment.seq is not None
            if segment.seq is not None:
                sender.third = (segment.seq + 1 + (segment.length or 0)) & MASK
                sender.expect = sender.expect if hidden else (segment.seq + 1) & MASK  # what its answer acknowledges
        return Numbers(
            seq=None if lost else segment.seq,
            ack=None,
            sack=segment.options.sack,
            seq_absolute=not lost,
            ack_absolute=False,
            printed="absolute",
            wire_seq=segment.seq if lost else None,
        )

    def _enter(self, segment: Segment, conversation: _Conversation) -> Numbers:
        """R32 b, c: the first ACK-bearing segment, and every SYN-ACK, set both bases."""
        seq, ack, flags = segment.seq, segment.ack, segment.flags or ""
        if conversation.opened and self._lost_syn_ack(segment, conversation):
            if seq is None and ack != FIRST_OCTET and conversation.directions(segment.src)[0].third is None:
                # It acknowledges nothing that was printed: the bases are those of an incarnation before, presumably.
                return Numbers(None, None, None, seq_absolute=False, ack_absolute=False, printed="relative")
            return self._enter_behind_syn(segment, conversation)
        due = conversation.directions(segment.src)[1].third
        known = "R" in flags and ack == FIRST_OCTET and due not in (None, ack) and self._shown != "absolute"
        if known and due is not None:  # tcpdump had bases before the log's first line: this refuses the SYN
            ack = due
        open_ended = not ("S" in flags or conversation.opened) and self._shown != "absolute"
        doubtful = open_ended and self._looks_relative(seq, ack or 0, rst="R" in flags)
        end = None if seq is None else (seq + (segment.length or 0) + ("S" in flags) + ("F" in flags)) & MASK
        base = None if ack is None else (ack - 1) & MASK
        stands = conversation.directions(segment.src)[0]
        # Where the log has its earlier run, an empty ACK stands where its sender has come to, presumably.
        before = stands.expect if seq is None and conversation.entered and not stands.hidden else None
        ours = (seq, end) if before is None else (before, before)
        self._rebase(conversation, segment.src, ours, (base, ack), doubtful=doubtful)
        if known and self._forced is None:
            conversation.settle("relative", "relative")
        if segment.src == segment.dst:  # one endpoint, so its two directions are one space of numbers
            sender = conversation.directions(segment.src)[0]
            sender.adrift = sender.hidden
        conversation.headless = doubtful and FIRST_OCTET in (seq, ack)
        if conversation.headless:  # on the wire a number is 1 once in 2**32
            conversation.go_on_relative("relative")
            self._sharing.tell("guess", "relative")
        sack = segment.options.sack if segment.options_text is not None else None
        return Numbers(
            seq,
            ack,
            None if ack is None or base is None or not sack else self._edges(sack, ack, base, doubtful=doubtful),
            seq_absolute=not conversation.directions(segment.src)[0].hidden,
            ack_absolute=not doubtful,
            printed=conversation.printed if doubtful or known else "absolute",
            from_syn=conversation.headless,
        )

    def _lost_syn_ack(self, segment: Segment, conversation: _Conversation) -> bool:
        """Tell whether the first ACK behind a SYN is relative to bases that a SYN-ACK has set which the log lacks (R34)."""
        sender, receiver = conversation.directions(segment.src)
        flags = segment.flags or ""
        if "S" in flags or "R" in flags or conversation.entered or self._shown == "absolute":
            return False
        due, printed = (sender.third, segment.seq) if sender.third is not None else (receiver.third, segment.ack)
        if due is None:
            return False
        if printed is None:
            return segment.ack == FIRST_OCTET
        relative, absolute = abs(diff(printed, FIRST_OCTET)), abs(diff(printed, due))
        return relative < SMALL and (relative == 0 < absolute or absolute > ODDS * relative + SLACK)

    def _enter_behind_syn(self, segment: Segment, conversation: _Conversation) -> Numbers:
        """Set the base of who sent the SYN; the other's is not known, but that its SYN was 0 (R35)."""
        sender, receiver = conversation.directions(segment.src)
        asked = [direction.third for direction in (sender, receiver)]
        bases = [None if third is None else (third - 1) & MASK for third in asked]
        sender.third = receiver.third = None
        self._rebase(conversation, segment.src, (bases[0], asked[0]), (bases[1], segment.ack))
        conversation.settle("relative", "relative")
        conversation.headless = True
        return self.feed(segment)

    def _looks_relative(self, seq: int | None, ack: int, *, rst: bool) -> bool:
        """
        Tell whether the first numbers of a conversation, which should be absolute, look relative.

        Then the log's first lines are missing. The first conversation found open tells for all; one small
        number alone may be chance in a log that has shown a SYN.
        """
        small = ack < SMALL and (seq is None or seq < SMALL)
        if not rst and seq is not None:  # whose seq may be 0, or any number (R35)
            small = small or (min(seq, ack) < TINY and max(seq, ack) < MANY)
        headless = self._headless
        if headless is None:
            self._sharing.know()
            headless = self._headless
        if headless is None:
            headless = small and (not self._any_syn or seq is not None or ack == FIRST_OCTET)
            self._sharing.tell("head", headless)
        return small and headless

    def _rebase(
        self,
        conversation: _Conversation,
        src: Endpoint,
        ours: tuple[int | None, int | None],
        theirs: tuple[int | None, int | None],
        *,
        doubtful: bool = False,
    ) -> None:
        sender, receiver = conversation.directions(src)
        sender.rebase(*ours, doubtful=doubtful)
        receiver.rebase(*theirs, doubtful=doubtful)
        conversation.entered = True
        conversation.doubtful = doubtful
        conversation.run = self._run
        # What follows may come from another run of tcpdump pasted behind the first: ask anew.
        conversation.settle("unknown", "unknown")
        if self._forced == "absolute":
            self._settle_absolute(conversation)
        elif self._forced == "relative" and not doubtful:
            conversation.settle("relative", "relative")

    @staticmethod
    def _settle_absolute(conversation: _Conversation) -> None:
        """Nothing was subtracted, so nothing is hidden either."""
        conversation.settle("absolute", "absolute")
        for direction in (conversation.forward, conversation.reverse):
            direction.hidden = direction.adrift = False

    # -------------------------------------------------------------- what the whole log shows

    def _vote(self, mode: str) -> None:
        self._votes[mode] += 1

    def _take_head(self, missing: bool) -> None:  # noqa: FBT001 - a fact
        self._headless = missing

    def _take_guess(self, numbering: Numbering) -> None:
        self._guess = numbering

    def _take_syn(self) -> None:
        self._any_syn = True

    # -------------------------------------------------------------- absolute or relative?

    def _decide(self, segment: Segment, conversation: _Conversation) -> tuple[Numbering, bool]:
        """
        R34: take the nearer of "absolute continuation" and "relative to the bases".

        Returns how to read this record, and whether that is decided. Only a clear answer settles the
        conversation; until there is one, each record is asked again.
        """
        distances = self._distances(segment, conversation)
        if distances is None:
            # Only numbers whose base was never printed. Relative ones are small, but where they refuse a SYN that came later.
            due = conversation.directions(segment.src)[1].third
            refuses = "R" in (segment.flags or "") and due not in (None, segment.ack)
            if abs(diff(segment.ack or 0, 0)) >= SMALL and not refuses:
                return self._settle(conversation, "absolute"), True
            distances = (0, 0)
        absolute, relative = distances
        nearer: Numbering = "absolute" if absolute < relative else "relative"
        if _is_clear(distances):
            return self._settle(conversation, nearer), True
        numbering = self._shown
        if numbering != "unknown" and not conversation.doubtful:
            return numbering, True
        return nearer, False

    def _settle(self, conversation: _Conversation, mode: Numbering) -> Numbering:
        if conversation.doubtful and mode == "absolute":
            conversation.go_on_relative(conversation.printed)  # as far as one can tell
            return "relative"
        self._sharing.tell("numbering", mode)
        if mode == "absolute":
            self._settle_absolute(conversation)
            return mode
        for direction in (conversation.forward, conversation.reverse):
            direction.hidden = direction.base is None or direction.presumed
        conversation.doubtful = False
        conversation.settle("relative", "relative")
        return mode

    @staticmethod
    def _distances(segment: Segment, conversation: _Conversation) -> tuple[int, int] | None:
        """Return how far the record is from either prediction, octets; None when it shows nothing."""
        sender, receiver = conversation.directions(segment.src)
        absolute = relative = 0
        known = False
        # The number of an RST-ACK may be 0 whatever its sender has sent (R35), before something is subtracted or behind.
        zero = segment.seq in (0, -(sender.base or 0) & MASK) and "R" in (segment.flags or "")
        seq = None if zero else segment.seq
        for printed, direction in ((seq, sender), (segment.ack, receiver)):
            if printed is None or direction.base is None or direction.expect is None:
                continue
            known = True
            absolute += abs(diff(printed, direction.expect))
            relative += abs(diff(printed, (direction.expect - direction.base) & MASK))
        return (absolute, relative) if known else None

    def _reconsider(self, segment: Segment, conversation: _Conversation) -> Numbering:
        """A number that fits nowhere: the log may go on in the other numbering, pasted from another run."""
        mode = conversation.mode
        if self._forced or conversation.forward.hidden or conversation.reverse.hidden:
            return mode
        distances = self._distances(segment, conversation)
        if distances is None or min(distances) >= SLACK:
            return mode
        other: Numbering = "relative" if mode == "absolute" else "absolute"
        if (distances[0] < distances[1]) == (other == "absolute"):
            conversation.settle(other, other)
        return conversation.mode

    def _enters_again(self, segment: Segment, conversation: _Conversation) -> bool:
        """R32 b: tell whether a record behind relative ones stands as on the wire, as the first of another run does."""
        sender, receiver = conversation.directions(segment.src)
        ack, base, due = segment.ack, receiver.base, receiver.expect
        if ack is None or base is None or due is None or -SMALL < diff(ack + base, due) < SMALL:
            return False
        if self._forced or sender.hidden or receiver.hidden or "R" in (segment.flags or ""):
            return False
        if sender.third is not None or receiver.third is not None:  # a SYN was printed: its numbers are new ones
            return False
        distances = self._distances(segment, conversation)
        near = SLACK if segment.seq is None else SMALL  # one number alone may be chance
        return distances is not None and distances[0] < near and distances[0] < distances[1] and _is_clear(distances)

    def note_run(self) -> None:
        """Another run of tcpdump begins here: the next record of each conversation may be its first."""
        self._run += 1

    def watch_time(self, segment: Segment) -> None:
        """Notice where another run of tcpdump begins: time jumps back, or is printed in another style."""
        stamp, style = segment.stamp, segment.time_style
        if stamp is None or style is TimeStyle.DELTA:
            return
        if self._stamp is not None:
            back = self._stamp - stamp
            midnight = style is TimeStyle.CLOCK and back > HALF_DAY
            if style is not self._style or (back > NEW_RUN and not midnight):
                self.note_run()
        self._stamp, self._style = stamp, style

    def _starts_again(self, segment: Segment, conversation: _Conversation) -> bool:
        """Tell whether a record behind such a place is its conversation's first of a new run."""
        conversation.run = self._run
        if self._forced or conversation.mode == "absolute":
            return not self._forced
        distances = self._distances(segment, conversation)
        return distances is None or distances[1] >= SMALL

    def _edges(
        self, blocks: tuple[tuple[int, int], ...], ack: int, base: int, *, doubtful: bool
    ) -> tuple[tuple[int, int], ...] | None:
        """
        Return the SACK edges of a record that sets the bases, in the space of its ack.

        They alone are relative on such a line, unless the log is absolute. Edges lie near the ack; where
        that does not tell, the log so far does. None when nothing does. If it is `doubtful` that the line
        sets them, they count from what the ack counts from.
        """
        moved = tuple(((left + base) & MASK, (right + base) & MASK) for left, right in blocks)
        as_printed = sum(abs(diff(edge, ack)) for block in blocks for edge in block)
        as_moved = sum(abs(diff(edge, ack)) for block in moved for edge in block)
        shown = self._shown
        far = max(as_printed, as_moved) >= SMALL
        if min(as_printed, as_moved) < SMALL and (far or base == 0):
            return moved if as_moved < as_printed else blocks
        if doubtful:
            return blocks if as_printed < as_moved else None
        return {"absolute": blocks, "relative": moved, "unknown": None}[shown]


def lacks_ack(segment: Segment) -> bool:
    """Tell whether somebody has left out what a record acknowledges: the rest of it is numbered as one that bears an ACK."""
    return segment.seq is not None and "." in (segment.flags or "") and "S" not in (segment.flags or "")


def _is_before_syn(segment: Segment, sender: Direction, receiver: Direction) -> bool:
    """Tell whether the numbers of a record lie before those of the SYNs, which were printed: none on the wire does."""
    if "R" in (segment.flags or "") or sender.third is not None or receiver.third is not None:  # of a newer SYN
        return False
    numbers = ((segment.seq, sender.base), (segment.ack, receiver.base))
    return any(number is not None and base is not None and diff(number, base) <= 0 for number, base in numbers)


def _is_clear(distances: tuple[int, int]) -> bool:
    """Tell whether one of two readings fits, and the other does not."""
    near, far = sorted(distances)
    return near < far and near < SMALL and (near == 0 or far > ODDS * near + SLACK)


def begins_run(skipped: Skipped) -> bool:
    """Tell whether tcpdump begins behind this line: it was called there, or says what it reads."""
    if skipped.kind == "prompt":
        return "tcpdump" in skipped.raw
    return skipped.kind == "banner" and BEGINS.search(skipped.raw) is not None
