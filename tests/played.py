"""
Conversations in the shorthand of `scenario`, with what the program must say of them written beside.

The remark of a packet holds its step, and as far as they matter the states of client and server after it
(``CLIENT/SERVER``, in the notation of rule R5), modifiers (``+``) and anomalies (``!``); a line ``=>`` holds the
verdict of a connection and values of it, or an anomaly that only its end shows::

    C S            # handshake.syn SYN-SENT/SYN-RECEIVED?
    S R.           # handshake.refused CLOSED?/CLOSED
    => refused zeek=REJ completeness=37

Modifiers and values that are not written may be anything; anomalies above `chat` must be complete. A packet
without a remark is only context.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from scenario import NOON, log, packets, printed

from tdparse.model import Step, Summary
from tdparse.pipeline import explain
from tdparse.wording import state_text

if TYPE_CHECKING:
    from collections.abc import Iterable

END = "=>"
OPEN = "C S\nS S.\nC .\n"
USED = OPEN + "C P. 100\nS .\n"
ENDS = {"C": "10.0.0.1.40000 > 10.0.0.2.80", "S": "10.0.0.2.80 > 10.0.0.1.40000", "D": "10.0.0.3.5 > 10.0.0.2.80"}
# For `timed`.
TIMED_CLOSED = """
0.01 C S seq 1234567890
0.02 S S. seq 3000000000, ack 1234567891
0.03 C . ack 3000000001
0.04 C F. seq 1234567891, ack 3000000001
0.05 S F. seq 3000000001, ack 1234567892
0.06 C . ack 3000000002
"""
TIMED_USED = """
0 C S seq 1000
0.01 S S. seq 5000, ack 1001
0.02 C . ack 5001
0.03 C P. seq 1001:1011, ack 5001 len 10
0.04 S . ack 1011
"""
LATE = ("unacked_data", "capture_drops")  # anomalies that belong to no record


class Played(NamedTuple):
    """What the program makes of a log."""

    steps: list[Step]
    connections: list[Summary]


def play(lines: Iterable[str]) -> Played:
    """Explain the lines of a log."""
    items = list(explain(lines))
    return Played(
        [item for item in items if isinstance(item, Step)], [item for item in items if isinstance(item, Summary)]
    )


def conversation(text: str, *, absolute: bool = True, established: bool = False) -> Played:
    """Print a conversation in shorthand, and explain what was printed."""
    packets = "\n".join(line for line in text.splitlines() if not line.strip().startswith(END))
    return play(log(packets, absolute=absolute, established=established))


def explained(text: str) -> tuple[list[Step], Summary]:
    """Explain a log with one connection, as printed."""
    steps, (end,) = play(text.splitlines())
    return steps, end


def line(time: float, sender: str, said: str) -> str:
    """Return one line of a log; C is the client, S the server, D the client of another connection."""
    return f"10:00:{time:09.6f} IP {ENDS[sender]}: {said}\n"


def timed(text: str) -> Played:
    """
    Explain a log of which each line has a time in seconds, its sender (as for `line`), flags and numbers.

    As far as they matter ``<options>`` follow, and ``len`` with the length.
    """
    lines = []
    for row in text.strip().splitlines():
        time, sender, flags, *rest = row.split(maxsplit=3)
        said, _, length = (rest[0] if rest else "").partition(" len ")
        said, _, options = said.rstrip(">").partition(" <")
        options = options or ("mss 1460" if "S" in flags else "")
        fields = [f"Flags [{flags}]", said, "win 500", options and f"options [{options}]", f"length {length or 0}"]
        lines.append(line(float(time), sender, ", ".join(filter(None, fields))))
    return play("".join(lines).splitlines())


def stepping(shorthand: str, *, back: float, at: int) -> tuple[list[Step], Summary]:
    """Explain a conversation in which the clock goes `back` by so many seconds before packet `at`."""
    captured = packets(shorthand)
    shifted = [
        packet._replace(time=packet.time - (round(back * 1_000_000) if place >= at else 0))
        for place, packet in enumerate(captured)
    ]
    assert shifted[0].time == NOON
    steps, (end,) = play(printed(shifted))
    return steps, end


def compare(text: str, *, absolute: bool = True, established: bool = False) -> tuple[list[str], list[str]]:
    """Return what the program says of a conversation, and what stands beside it: equal if all is well."""
    found, expected = [], []
    played = conversation(text, absolute=absolute, established=established)
    steps, ends = iter(played.steps), iter(played.connections)
    for line in text.strip().splitlines():
        if line.strip().startswith(END):
            wanted = line.strip().removeprefix(END).split()
            found.append(_shown(_of_connection(next(ends)), wanted))
            expected.append(" ".join(wanted))
            continue
        packet, _, remark = line.partition("#")
        if not packet.strip() or "unseen" in packet.split():
            continue
        step = next(steps)
        if wanted := remark.split():
            found.append(f"{packet.strip()} # {_shown(_of_step(step), wanted)}")
            expected.append(f"{packet.strip()} # {' '.join(wanted)}")
    assert next(steps, None) is None
    return found, expected


def _shown(known: list[str], wanted: list[str]) -> str:
    """Return what is known: what was asked for in that order, then other answers to it, and what may not be left out."""
    asked = {_kind(word) for word in wanted} | {"step", "!"}
    rest = [word for word in known if word not in wanted and _kind(word) in asked]
    return " ".join([*(word for word in wanted if word in known), *rest])


def _kind(word: str) -> str:
    """Return what a word answers."""
    if word[0] in "+!":
        return word if word[0] == "+" else "!"
    if "=" in word:
        return word.partition("=")[0]
    return "states" if "/" in word else "step"


def _of_step(step: Step) -> list[str]:
    """Return step, states, modifiers and anomalies."""
    remarkable = [finding.code for finding in step.findings if finding.severity != "chat"]
    return [
        step.step,
        f"{state_text(step.client.after)}/{state_text(step.server.after)}",
        *(f"+{modifier}" for modifier in step.modifiers),
        *(f"!{code}" for code in remarkable),
    ]


def _of_connection(summary: Summary) -> list[str]:
    """Return verdict, values and the anomalies of a connection that no record shows."""
    states = {"client": state_text(summary.client_state), "server": state_text(summary.server_state)}
    values = {
        "data": summary.data,
        "close_shape": summary.close_shape,
        "closed_first": summary.closed_first,
        "time_wait": ",".join(summary.time_wait) or None,
        "zeek": summary.zeek,
        "history": summary.history,
        "completeness": summary.completeness,
        **states,
        **{name: value for name, value in summary.attributes.items() if isinstance(value, str | int | float)},
    }
    late = [code for code in LATE if code in summary.findings]
    return [summary.verdict, *(f"{name}={value}" for name, value in values.items()), *(f"!{code}" for code in late)]
