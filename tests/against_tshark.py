"""
Our anomalies beside tshark's on made-up captures: precision and recall a label, every departure by name.

    python tests/against_tshark.py [--captures 300] [--first 0] [--text absolute] [--examples 2]

Needs tcpdump and tshark. Each capture is played from its number (see `network`), printed by tcpdump,
explained by us from the text, and dissected by tshark from the packets. Where the two differ, the
difference is either one of the DEPARTURES below, each a rule with a reason, or it is counted as an error.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from network import scene
from packets import ACK, FIN, MASK, RST, SYN, Packet, tcpdump_text, tshark_fields, write_pcap

from tdparse.model import Step
from tdparse.pipeline import explain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# tshark's label (without "tcp.analysis.") -> our anomalies (part 5.2 of the rules).
LABELS: Final = {
    "retransmission": {
        "retransmission", "tail_loss_probe", "syn_retransmission", "syn_ack_retransmission", "fin_retransmission",
    },
    "fast_retransmission": {"fast_retransmission"},
    "spurious_retransmission": {"spurious_retransmission"},
    "out_of_order": {"out_of_order"},
    "lost_segment": {"lost_segment"},
    "ack_lost_segment": {"acked_unseen"},
    "duplicate_ack": {"duplicate_ack"},
    "keep_alive": {"keep_alive"},
    "keep_alive_ack": {"keep_alive_ack"},
    "zero_window": {"zero_window"},
    "zero_window_probe": {"window_probe"},
    "zero_window_probe_ack": {"window_probe_ack"},
    "window_update": {"window_update"},
    "window_full": {"window_full"},
    "reused_ports": {"port_reuse", "time_wait_reuse"},
}  # fmt: skip
CODES: Final = {code: label for label, codes in LABELS.items() for code in codes}
FIELDS: Final = ("tcp.stream", *(f"tcp.analysis.{label}" for label in LABELS))
AGAIN: Final = {"retransmission", "fast_retransmission", "spurious_retransmission", "out_of_order"}
TEXTS: Final = {"absolute": ("-S",), "relative": (), "verbose": ("-S", "-vv")}
WINDOW_PROBES: Final = {
    "keep_alive", "keep_alive_ack", "zero_window_probe", "zero_window_probe_ack", "zero_window", "lost_segment",
}  # fmt: skip
SECOND: Final = 10**9
ENOUGH: Final = 0.99


# ------------------------------------------------------------------ what the packets themselves say


@dataclass
class Sender:
    """One direction, from its packets: every octet's first appearance, whatever the text shows."""

    first: int | None = None
    ranges: list[tuple[int, int]] = field(default_factory=list)
    top: int = 0  # highest SEG.END, of empty segments too
    printed: int = 0  # the same, of segments whose number a text without -vv shows
    ack: int = 0  # the highest
    overtaken: bool = False  # since it sent that, an older one passed
    window: int | None = None
    reset: bool = False  # its RST came before
    reported: int = 0  # the peer's octets below were captured, or reported as not captured
    spoke: int = 0  # packets without SYN
    duplicates: int = 0  # empty packets that repeated `highest_ack` while the peer had data outstanding
    stamped: list[tuple[int, int]] = field(default_factory=list)  # end and TSval of each packet with payload

    def place(self, number: int) -> int:
        """Return a number of this direction relative to the first, not wrapped."""
        if self.first is None:
            self.first = number - 1
        near = self.top
        return near + ((number - self.first - near + (1 << 31)) & MASK) - (1 << 31)

    def has(self, start: int, end: int) -> bool:
        """Tell whether all of [start, end) appeared before."""
        return any(left <= start and end <= right for left, right in self.ranges)

    def reach(self, start: int) -> int:
        """Return the end of what appeared without a gap from `start` on."""
        for left, right in self.ranges:
            if left <= start <= right:
                return right
        return start

    def add(self, start: int, end: int) -> None:
        """Note that [start, end) appeared."""
        ranges = sorted([*self.ranges, (start, end)])
        self.ranges = []
        for left, right in ranges:
            if self.ranges and left <= self.ranges[-1][1]:
                self.ranges[-1] = (self.ranges[-1][0], max(right, self.ranges[-1][1]))
            else:
                self.ranges.append((left, right))


class Facts(NamedTuple):
    """What is true of one packet, from the packets before it."""

    captured: bool  # everything it carries had appeared before
    printed: bool  # the text shows its number
    lagging: bool  # the text has not shown how far this direction had come
    elsewhere: bool  # empty, its number not shown, and not the one this direction had reached
    stale: bool  # since the other side's highest ack, an older one of it has passed
    resumed: bool  # since its sender's highest ack, an older one of it has passed
    late: bool  # its ack is older than an earlier one of its sender
    outstanding: bool  # the other side has sent more than it acknowledges
    unseen: bool  # it is the first to acknowledge an octet that never appeared
    behind_one: bool  # all its direction showed before is one empty number, below what has been acknowledged
    first: bool  # its sender's first packet without SYN
    duplicates: int  # ACKs the other side has repeated while data was outstanding
    after_reset: bool  # its sender's RST came before
    window: int | None  # of the other side, as printed
    stamps: tuple[int, ...]  # its TSval less that of each packet before with octets behind its own


class Ledger:
    """Both directions of one connection."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.senders: dict[tuple[str, int], Sender] = defaultdict(Sender)

    def take(self, packet: Packet, *, numbered: bool) -> Facts:
        """Account for a packet; `numbered`: the text prints every number."""
        x, y = self.senders[packet.src], self.senders[packet.dst]
        if packet.flags & SYN and x.first is None:
            x.first = packet.seq
        start, ack = x.place(packet.seq), 0
        end = start + packet.length + bool(packet.flags & SYN) + bool(packet.flags & FIN)
        shows = numbered or bool(packet.length or packet.flags & (SYN | FIN | RST))
        unseen = False
        if packet.flags & ACK and not packet.flags & RST:
            if y.first is None:
                y.first = (packet.ack - 1) & MASK
            ack = y.place(packet.ack)
            reach = y.reach(max(x.reported, y.reach(1)))
            unseen = bool(y.ranges) and ack > reach
            x.reported = max(x.reported, ack)
        facts = Facts(
            captured=end > start and x.has(start, end),
            printed=shows,
            lagging=x.printed != x.top,
            elsewhere=not shows and start != x.top,
            stale=y.overtaken,
            resumed=x.overtaken,
            late=bool(packet.flags & ACK) and ack < x.ack,
            outstanding=y.top > ack,
            unseen=unseen,
            behind_one=not x.ranges and x.top == 1 and y.ack == start == 2,
            first=not x.spoke,
            duplicates=y.duplicates,
            after_reset=x.reset,
            window=y.window,
            stamps=tuple(packet.ts[0] - val for last, val in x.stamped if last > end) if packet.ts else (),
        )
        if packet.ts and packet.length:
            x.stamped.append((end, packet.ts[0]))
        if end == start and ack == x.ack and y.top > ack:
            x.duplicates += 1
        elif ack > x.ack:
            x.duplicates = 0
        probe = packet.length == 1 and start == x.top and y.window == 0
        x.reset |= bool(packet.flags & RST)
        if not packet.flags & RST:
            if end > start and not probe:
                x.add(start, end)
                x.top = max(x.top, end)
            x.top = max(x.top, start)
            if shows and not probe:
                x.printed = max(x.printed, end)
            if packet.flags & ACK:
                x.overtaken = ack < x.ack or (x.overtaken and ack == x.ack)
                x.ack = max(x.ack, ack)
            x.window = packet.window
            x.spoke += not packet.flags & SYN
        return facts


# ------------------------------------------------------------------ departures


class Case(NamedTuple):
    """One packet, and what both say about it."""

    packet: Packet
    step: Step
    facts: Facts
    theirs: frozenset[str]
    ours: frozenset[str]
    same_start: bool  # both have the connection begin with the same packet
    fin_sent: bool  # its sender's FIN came before
    waited: int  # nanoseconds since the other side's last packet
    probe_doubtful: bool  # only one of the two took the other side's last packet for a keep-alive


class Departure(NamedTuple):
    """A difference that is meant: where it applies, and why ours is right."""

    rule: str
    why: str
    applies: Callable[[Case, str], bool]


def _only_theirs(*labels: str) -> Callable[[Case, str], bool]:
    return lambda case, label: label in labels and label in case.theirs


def _tells(stamps: Sequence[int], *, again: bool) -> bool:
    """Whether the TSval tells that a packet was sent again, else that it was overtaken; without either, in the same tick."""
    return bool(stamps) and (max(stamps) > 0) is again


DEPARTURES: Final[dict[str, Departure]] = {
    "captured_twice": Departure(
        "R112",
        "The same packet within a millisecond, number, timestamps and all, was captured twice, not sent twice.",
        lambda case, _: case.step.step == "stepless.capture_duplicate",
    ),
    "old_copy": Departure(
        "old_duplicate",
        "A stack that sends again writes a newer TSval: an exact copy after 10 ms, or an older one, was kept by the network.",
        lambda case, label: case.step.step == "stepless.old_duplicate" and label in AGAIN,
    ),
    "after_the_end": Departure(
        "R45",
        "Both ends are closed: a segment of the dead connection is a stray, whatever its numbers.",
        lambda case, _: case.step.step == "stepless.stray",
    ),
    "other_incarnation": Departure(
        "R43-R45",
        "The connection began elsewhere for tshark, which compares the numbers with those of another one.",
        lambda case, _: not case.same_start,
    ),
    "number_of_a_reset": Departure(
        "R35, R105",
        "An RST occupies no sequence number, and its number may be copied from anywhere: it moves nothing.",
        lambda case, label: label in AGAIN | {"lost_segment", "reused_ports"} and case.facts.after_reset,
    ),
    "reuse_needs_an_answer": Departure(
        "R44",
        "A SYN on known addresses is a new connection when a SYN-ACK accepts it, not before.",
        _only_theirs("reused_ports"),
    ),
    "syn_acks_that_cross": Departure(
        "R61",
        "In a simultaneous open each SYN-ACK repeats the SYN's number because it must: nothing is retransmitted.",
        lambda case, label: case.step.step == "handshake.syn_ack.simultaneous" and label in AGAIN,
    ),
    "sent_again_is_not_reordered": Departure(
        "R111",
        "Every octet had been captured before: it was sent again, however soon; reordering shows octets once.",
        lambda case, label: label in AGAIN and "out_of_order" in case.theirs and case.facts.captured,
    ),
    "written_in_order": Departure(
        "RFC 7323 section 4",
        "Octets with a newer TSval than later ones were sent again, those with an older one were overtaken.",
        lambda case, label: (
            label in AGAIN
            and not case.facts.captured
            and _tells(case.facts.stamps, again="out_of_order" not in case.ours)
        ),
    ),
    "nothing_outstanding": Departure(
        "R106",
        "RFC 5681 section 2: an ACK is a duplicate only while the one it acknowledges has data outstanding.",
        lambda case, label: label == "duplicate_ack" and not case.facts.outstanding,
    ),
    "duplicates_of_nothing": Departure(
        "R106",
        "Two ACKs repeated while nothing was outstanding ask for nothing: what follows is no fast retransmission.",
        lambda case, label: label in AGAIN and "fast_retransmission" in case.theirs and case.facts.duplicates < 2,
    ),
    "greatest_ack": Departure(
        "R17, R106",
        "Acknowledgments are cumulative: one that is overtaken takes nothing back, and is no keep-alive either.",
        lambda case, label: (
            (label in AGAIN | {"window_full"} and case.facts.stale)
            or (label in ("keep_alive", "duplicate_ack", "window_update") and label in case.theirs and case.facts.late)
            or (label in ("duplicate_ack", "window_update") and case.facts.resumed)
        ),
    ),
    "window_probe_answer": Departure(
        "R104",
        "The answer to a probe says that the window is still closed: one label, not two.",
        lambda case, label: label == "zero_window" and "zero_window_probe_ack" in case.ours & case.theirs,
    ),
    "linux_window_probe": Departure(
        "R108",
        "An empty segment below SND.UNA while the peer's window is closed asks whether it has opened.",
        lambda case, label: case.step.step in ("probe.zero_window", "probe.zero_window_ack") and label in WINDOW_PROBES,
    ),
    "holes_are_remembered": Departure(
        "R11 (maxack), acked_unseen",
        "tshark keeps one number for what it expects to be acknowledged and forgets gaps; we keep the gaps.",
        lambda case, label: label == "ack_lost_segment" and (label in case.ours) == case.facts.unseen,
    ),
    "first_window": Departure(
        "R105, R76",
        "The window of a SYN is never scaled: the first one behind it looks changed without being so.",
        lambda case, label: label == "window_update" and case.facts.first,
    ),
    "one_octet_again": Departure(
        "keep_alive (step)",
        "One octet that nobody has acknowledged yet, or that is pushed again at once, is a retransmission; a keep-alive is neither.",
        lambda case, label: (
            label in ("keep_alive", "retransmission") and case.packet.length == 1 and "keep_alive" in case.theirs
        ),
    ),
    "closed_window": Departure(
        "window_full",
        "Octets that were acknowledged before the window closed do not fill it.",
        lambda case, label: label == "window_full" and case.facts.window == 0,
    ),
    "overtaken_syn_ack": Departure(
        "handshake.syn_ack",
        "The first SYN-ACK captured is no copy, although a later segment of its sender overtook it.",
        lambda case, label: label in AGAIN and case.step.step == "handshake.syn_ack" and not case.facts.captured,
    ),
    "late_answer": Departure(
        "R109",
        "An answer comes within a second (or two round trips); what comes later answers something else.",
        lambda case, label: label == "keep_alive_ack" and case.waited > SECOND,
    ),
    "challenge": Departure(
        "R104, R110",
        "It answers a segment that was not accepted: it asks for no data.",
        lambda case, label: label == "duplicate_ack" and case.step.step == "ack.challenge",
    ),
    "number_not_printed": Departure(
        "R28, R109",
        "tcpdump prints no number for an empty segment: what only that number tells is not in the text.",
        lambda case, label: (
            (label in ("keep_alive", "lost_segment") and not case.facts.printed)
            or (label in {"lost_segment", "retransmission"} and case.facts.lagging)
            or (label in ("duplicate_ack", "keep_alive_ack") and case.facts.elsewhere)
        ),
    ),
    "ack_behind_the_fin": Departure(
        "R109",
        "An ACK sent before the FIN has the number a keep-alive behind it would have; without a silence it is none.",
        lambda case, label: label == "keep_alive" and label in case.theirs and case.fin_sent,
    ),
    "begun_at_a_keep_alive": Departure(
        "R109",
        "An empty segment that is answered one beyond its number was a keep-alive: its octet is not missing.",
        lambda case, label: label in ("lost_segment", "keep_alive_ack") and case.facts.behind_one,
    ),
    "answer_to_none": Departure(
        "R109",
        "It answers what only one of the two takes for a keep-alive.",
        lambda case, label: label in ("keep_alive_ack", "duplicate_ack") and case.probe_doubtful,
    ),
}


# ------------------------------------------------------------------ both readings


def cases(packets: Sequence[Packet], text: str = "absolute") -> list[Case]:
    """Return every packet with both readings; `text` is how tcpdump prints (see TEXTS)."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "capture.pcap")
        write_pcap(path, packets)
        lines = tcpdump_text(path, *TEXTS[text])
        frames = tshark_fields(path, FIELDS)
    steps = [item for item in explain(lines) if isinstance(item, Step)]
    if not len(steps) == len(frames) == len(packets):
        message = f"{len(packets)} packets, {len(frames)} frames, {len(steps)} steps"
        raise ValueError(message)
    return list(_pair(packets, steps, frames, numbered=text == "verbose"))


def _pair(
    packets: Sequence[Packet], steps: Sequence[Step], frames: Sequence[dict[str, str]], *, numbered: bool
) -> Iterable[Case]:
    number = {step.segment.line: place for place, step in enumerate(steps)}
    reused: dict[int, int] = {}  # place of the SYN of each accepted reuse -> place of the record that says so
    begins: dict[int, int] = {}
    for place, step in enumerate(steps):
        begins.setdefault(step.flow.conn, place)
        for finding in step.findings:
            if CODES.get(finding.code) == "reused_ports":
                reused[number[finding.lines[0]]] = place
                begins[step.flow.conn] = min(begins[step.flow.conn], number[finding.lines[0]])
    streams: dict[str, int] = {}
    ledgers: dict[int, Ledger] = defaultdict(Ledger)
    finished: set[tuple[int, tuple[str, int]]] = set()
    heard: dict[tuple[int, tuple[str, int]], int] = {}
    doubtful: dict[tuple[int, tuple[str, int]], bool] = {}
    for place, (packet, step, frame) in enumerate(zip(packets, steps, frames, strict=True)):
        conn = step.flow.conn
        stream = streams.setdefault(frame["tcp.stream"], place)
        facts = ledgers[conn].take(packet, numbered=numbered)
        theirs = _alone({label for label in LABELS if frame[f"tcp.analysis.{label}"]})
        ours = _alone({CODES[finding.code] for finding in step.findings if finding.code in CODES} - {"reused_ports"})
        if place in reused:
            ours |= {"reused_ports"}
        tentative = step.step == "handshake.syn.unexpected"
        same = stream == begins[conn] or (tentative and stream == place)
        me, other = (conn, packet.src), (conn, packet.dst)
        waited = packet.time - heard.get(other, packet.time)
        yield Case(packet, step, facts, theirs, ours, same, me in finished, waited, doubtful.get(other, False))
        heard[me] = packet.time
        doubtful[me] = "keep_alive" in theirs ^ ours
        if packet.flags & FIN:
            finished.add(me)


def _alone(labels: set[str]) -> frozenset[str]:
    """One label is enough where tshark gives two: a fast or spurious retransmission is a retransmission as well."""
    if labels & {"fast_retransmission", "spurious_retransmission", "out_of_order"}:
        labels.discard("retransmission")
    return frozenset(labels)


def departure(case: Case, label: str) -> str | None:
    """Return the name of the departure that explains a label only one of the two gave, None for an error."""
    return next((name for name, found in DEPARTURES.items() if found.applies(case, label)), None)


@dataclass
class Score:
    """How the two compare on one label."""

    both: int = 0
    ours: int = 0  # only we
    theirs: int = 0  # only tshark
    set_aside: Counter[str] = field(default_factory=Counter)

    @property
    def precision(self) -> float:
        """Of what we said, how much tshark says."""
        return self.both / (self.both + self.ours) if self.both + self.ours else 1.0

    @property
    def recall(self) -> float:
        """Of what tshark says, how much we said."""
        return self.both / (self.both + self.theirs) if self.both + self.theirs else 1.0


def compare(found: Iterable[Case]) -> tuple[dict[str, Score], list[tuple[str, Case]]]:
    """Return the score of each label, and the errors: (label, case)."""
    scores = {label: Score() for label in LABELS}
    errors: list[tuple[str, Case]] = []
    for case in found:
        for label in case.theirs & case.ours:
            scores[label].both += 1
        for label in case.theirs ^ case.ours:
            name = departure(case, label)
            if name is not None:
                scores[label].set_aside[name] += 1
                continue
            errors.append((label, case))
            if label in case.ours:
                scores[label].ours += 1
            else:
                scores[label].theirs += 1
    return scores, errors


# ------------------------------------------------------------------ the command


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the comparison; return 1 when a label stays below 99 %."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--captures", type=int, default=300)
    parser.add_argument("--first", type=int, default=0, help="number of the first capture")
    parser.add_argument("--text", choices=sorted(TEXTS), default="absolute")
    parser.add_argument("--examples", type=int, default=3, help="errors shown in full")
    parser.add_argument("--keep", type=Path, help="write the capture files to this folder too")
    options = parser.parse_args(arguments)
    scenes = [scene(seed) for seed in range(options.first, options.first + options.captures)]
    if options.keep:
        for one in scenes:
            write_pcap(options.keep / f"{one.seed:04}_{one.play}.pcap", one.packets)
    packets = [packet for one in scenes for packet in one.packets]
    scores, errors = compare(cases(packets, options.text))
    print(f"{options.captures} captures, {len(packets)} packets, text {options.text}")
    print(f"{'label':26}{'both':>7}{'ours':>7}{'theirs':>7}{'precision':>11}{'recall':>8}   set aside")
    for label, score in scores.items():
        aside = ", ".join(f"{name} {count}" for name, count in score.set_aside.most_common())
        figures = f"{score.both:7}{score.ours:7}{score.theirs:7}{score.precision:11.4f}{score.recall:8.4f}"
        print(f"{label:26}{figures}   {aside}")
    for label, case in errors[: options.examples]:
        side = "ours" if label in case.ours else "theirs"
        print(f"\nonly {side}: {label} ({case.step.step})\n  {case.step.segment}")
    low = [label for label, score in scores.items() if min(score.precision, score.recall) < ENOUGH]
    print(f"\nbelow {ENOUGH:.0%}: {', '.join(low) or 'none'}")
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main())
