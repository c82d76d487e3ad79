"""
Every change of state the kernel recorded, found again in what we say about the log.

The corpus holds conversations captured at both ends, with the kernel's own record of every state. What a log
can show of a change is worked out from that record alone, as its description defines it:

* a change caused by a segment is visible at the line of that segment, in the log of either end;
* a change caused by a call is visible at the first line that only the new state sends (the SYN, the FIN, the
  RST), and until then the endpoint counts as unchanged ("local_wire_*"): a closed socket is not a sent FIN;
* a timer is silent, as is a socket that is destroyed: visible at an RST that tells of it, or not at all;
* two effects of a segment depend on what the log does not show, whether somebody still reads and whether an
  old connection gives way, so they are visible at the answer: data that ends a closed socket (the RST), a SYN
  that is taken out of TIME-WAIT (the SYN-ACK);
* a FIN changes nothing before the data below it is there, so where a log lacks some of that (tcpdump dropped
  it), the change is visible when the FIN is acknowledged;
* at the other end's capture point a change is visible no earlier than the changes before it.

Each endpoint is compared in both logs. Without a connection LISTEN and CLOSED are one: a listener's socket is
still there when the kernel calls the connection closed.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import pytest

from tdparse.model import Certainty, Side, Standing, Step
from tdparse.pipeline import explain
from tdparse.seqnum import diff

CORPUS: Final = Path(__file__).parents[2] / "shared" / "corpus" / "kernel"
pytestmark = pytest.mark.skipif(not CORPUS.exists(), reason="the kernel corpus (../shared/corpus/kernel) is not here")

End: TypeAlias = Literal["client", "server"]
ENDS: Final[tuple[End, End]] = ("client", "server")
GONE: Final = frozenset({"CLOSED", "LISTEN"})
CLOCK: Final = 2e-6  # both clocks are the same, written with six and nine digits
RESET_FIRST: Final = 1e-3  # a kernel that gives up sends the RST before it changes the state
CERTAIN: Final = frozenset({Certainty.OBSERVED, Certainty.DEDUCED})
# What an endpoint sends to show that a call has put it into a state.
SHOWN_BY: Final = {"SYN_SENT": "S", "FIN_WAIT_1": "F", "LAST_ACK": "F", "CLOSED": "R"}


class Change(NamedTuple):
    """A change of one endpoint as one log shows it."""

    line: int
    old: str
    new: str
    overdue: bool = False  # it had happened without a word, and segments have been captured since


class Said(NamedTuple):
    """What we say about one endpoint at one line."""

    line: int
    side: Side


class Scenario:
    """One directory of the corpus."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.truth: dict[str, Any] = json.loads((CORPUS / name / "truth.json").read_text("utf-8"))
        self.log: dict[End, list[str]] = {
            end: (CORPUS / name / f"{end}.txt").read_text("utf-8").splitlines() for end in ENDS
        }
        self.steps: dict[End, dict[int, Step]] = {
            end: {item.segment.line: item for item in explain(self.log[end]) if isinstance(item, Step)} for end in ENDS
        }
        self.segments: dict[End, dict[int, dict[str, Any]]] = {
            end: {one["line"]: one for one in self.truth["segments"][end] if not one.get("not_tcp")} for end in ENDS
        }

    def pairs(self, end: End) -> list[tuple[str, str]]:
        """The (local, remote) addresses of every connection this end took part in, as in the logs."""
        return sorted({(one["local"], one["remote"]) for one in self.truth["transitions"] if one["endpoint"] == end})

    def lines(self, log: End, pair: tuple[str, str]) -> list[int]:
        """The lines of a log that belong to the connection of these two addresses."""
        return [
            line
            for line, step in sorted(self.steps[log].items())
            if {str(step.segment.src), str(step.segment.dst)} == set(pair)
        ]

    def said(self, log: End, pair: tuple[str, str]) -> list[Said]:
        """What we say about the endpoint at the first of two addresses, line by line."""
        found = []
        for line in self.lines(log, pair):
            step = self.steps[log][line]
            found.append(Said(line, step.client if str(step.flow.client) == pair[0] else step.server))
        return found

    def time(self, log: End, line: int) -> float:
        """When a line was captured, seconds since 1970."""
        stamp = " ".join(self.log[log][line - 1].split(" ")[:2])
        return datetime.strptime(stamp, "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=UTC).timestamp()

    # ---------------------------------------------------------- what the wire shows

    def changes(self, end: End, pair: tuple[str, str], log: End) -> list[Change]:
        """The changes of one endpoint that one log shows, those of one line put together."""
        wanted = (end, *pair)
        recorded = [
            one for one in self.truth["transitions"] if (one["endpoint"], one["local"], one["remote"]) == wanted
        ]
        found: list[Change] = []
        held = _name(recorded[0]["old"])  # the state that was shown last
        for number, one in enumerate(recorded):
            until = next((float(later["time"]) for later in recorded[number + 1 :] if later["old"] in GONE), None)
            own = self._own_line(end, pair, one, until)
            line = own if own is None or log == end else self._far_line(end, own)
            new = _name(one["new"])
            if line is not None and one["cause"]["kind"] == "segment" and self._lacks_data(log, pair, line):
                line = self._acknowledged(log, pair, line)
            if line is None:
                continue
            if found and line < found[-1].line:  # crossed on the way: what is sent next is behind it
                line = next((later for later in self.lines(log, pair) if later > found[-1].line), found[-1].line)
            if found and line == found[-1].line:
                found[-1] = found[-1]._replace(new=new)
            else:
                found.append(Change(line, held, new, overdue=self._overdue(end, pair, one, own)))
            held = new
        return found

    def _own_line(self, end: End, pair: tuple[str, str], change: dict[str, Any], until: float | None) -> int | None:
        """The line of the endpoint's own log at which a change is visible."""
        old, new, cause = _name(change["old"]), _name(change["new"]), change["cause"]
        if cause["kind"] == "segment":
            line: int = cause["line"]
            flags = self.segments[end][line]["flags"]
            hidden = new in GONE and "R" not in flags and old != "LAST_ACK"
            if hidden or (old == "TIME_WAIT" and "S" in flags):
                return self._answer(end, line)
            return line
        since = float(change["time"]) - (RESET_FIRST if new in GONE else CLOCK)
        for line in self.lines(end, pair):
            segment = self.segments[end][line]
            shows = segment["dir"] == "out" and SHOWN_BY[new] in segment["flags"]
            if shows and since <= self.time(end, line) < (until or float("inf")):
                return line
        return None

    def _lacks_data(self, log: End, pair: tuple[str, str], line: int) -> bool:
        """Tell whether octets below a FIN are not in this log: tcpdump itself has dropped some (`capture_drops`)."""
        fin = self.segments[log][line]
        before = [self.segments[log][earlier] for earlier in self.lines(log, pair) if earlier < line]
        opened = max((number for number, one in enumerate(before) if "S" in one["flags"]), default=0)
        before = before[opened:]
        if "F" not in fin["flags"] or not before:
            return False
        acks = [diff(one["ack"], fin["seq"]) for one in before if one["dir"] != fin["dir"] and "." in one["flags"]]
        reached = max(acks, default=0)
        for start, length in sorted(
            (diff(one["seq"], fin["seq"]), one["len"]) for one in before if one["dir"] == fin["dir"]
        ):
            if start <= reached:
                reached = max(reached, start + length)
        return reached < 0

    def _acknowledged(self, log: End, pair: tuple[str, str], line: int) -> int | None:
        """The first line that acknowledges a FIN."""
        fin = self.segments[log][line]
        for later in self.lines(log, pair):
            one = self.segments[log][later]
            if later > line and one["dir"] != fin["dir"] and diff(one["ack"], fin["seq"] + fin["len"]) > 0:
                return later
        return None

    def _overdue(self, end: End, pair: tuple[str, str], change: dict[str, Any], own: int | None) -> bool:
        """Tell whether a change that no segment caused was followed by a segment that does not show it."""
        if change["cause"]["kind"] == "segment" or own is None:
            return False
        return any(self.time(end, line) > float(change["time"]) + CLOCK for line in self.lines(end, pair) if line < own)

    def meanwhile(self, end: End, pair: tuple[str, str], log: End, change: Change) -> set[str]:
        """
        The state in which an endpoint sent its latest segment captured at the other end.

        It may be older than the change shown before: the segment was sent before that had arrived (R17).
        """
        if log == end:
            return set()
        theirs = [self.segments[log][line] for line in self.lines(log, pair) if line < change.line]
        latest = [one for one in theirs if one["dir"] == "in" and one.get("remote_after")][-1:]
        return {_name(one.get("remote_wire_after") or one["remote_after"]) for one in latest}

    def held(self, end: End, pair: tuple[str, str], log: End, line: int) -> list[str]:
        """
        The states an endpoint has been in since it sent the latest of its segments captured so far.

        As far as the wire has shown them; the first is the one the segment was sent in.
        """
        theirs = "out" if log == end else "in"
        sent = [
            self.segments[log][one]
            for one in self.lines(log, pair)
            if one <= line and self.segments[log][one]["dir"] == theirs and not self.segments[log][one].get("injected")
        ]
        if not sent:
            return []
        start = max(one["line"] if log == end else one["far_lines"][0] for one in sent)
        now = self.time(log, line)
        states = [
            _name(own.get("local_wire_after", own["local_after"]))
            for one in self.lines(end, pair)
            if one >= start and (one == start or self.time(end, one) <= now)
            for own in (self.segments[end][one],)
        ]
        ended = [
            one for one in self.truth["transitions"] if (one["endpoint"], one["local"], one["remote"]) == (end, *pair)
        ]
        since = self.time(end, start)
        return states + [
            _name(one["new"]) for one in ended if since <= float(one["time"]) <= now + CLOCK and one["new"] == "CLOSED"
        ]

    def _answer(self, end: End, line: int) -> int | None:
        """The line the kernel sent while it processed another."""
        return next((one["line"] for one in self.segments[end].values() if one.get("reply_to") == line), None)

    def _far_line(self, end: End, line: int) -> int | None:
        """The same packet in the other log; of one that was lost, the next that shows the same."""
        segment = self.segments[end][line]
        if segment.get("far_lines"):
            return int(segment["far_lines"][0])
        if segment["dir"] == "in":
            return None
        for later in sorted(self.segments[end]):
            other = self.segments[end][later]
            if (
                later > line
                and other["dir"] == "out"
                and (other["flags"], other["seq"]) == (segment["flags"], segment["seq"])
            ):
                return self._far_line(end, later)
        return None


def _name(state: str) -> str:
    return state.replace("-", "_")


@cache
def scenario(name: str) -> Scenario:
    """Read a scenario once."""
    return Scenario(name)


def names() -> list[str]:
    """Every scenario there is."""
    return sorted(path.parent.name for path in CORPUS.glob("*/truth.json"))


def same(one: str, other: str) -> bool:
    """Equal, LISTEN and CLOSED being one."""
    return one == other or (one in GONE and other in GONE)


def unmatched(one: Scenario, end: End, pair: tuple[str, str], log: End) -> list[str]:
    """The changes of an endpoint that we do not show where its log does, in words."""
    said = {item.line: item.side for item in one.said(log, pair)}
    found = []
    for change in one.changes(end, pair, log):
        side = said[change.line]
        before = {change.old, *one.meanwhile(end, pair, log, change)}
        fits = any(same(side.before.state, state) for state in before) or (
            side.before.certainty is Certainty.PRESUMED and (log != end or change.overdue)
        )
        if not (fits and same(side.after.state, change.new)):
            found.append(
                f"{one.name} {log}.txt line {change.line}: {end} {change.old} -> {change.new}, "
                f"ours {_shown(side.before)} -> {_shown(side.after)}"
            )
    return found


def _shown(standing: Standing) -> str:
    return "|".join([standing.state, *standing.alternatives]) + f" ({standing.certainty})"


@pytest.mark.parametrize("name", names())
def test_every_change_is_matched(name: str) -> None:
    """Each change of each endpoint is ours too, in both logs, at the line that makes it visible."""
    one = scenario(name)
    missing = [
        text for end in ENDS for pair in one.pairs(end) for log in ENDS for text in unmatched(one, end, pair, log)
    ]
    assert not missing, "\n".join(missing)


@pytest.mark.parametrize("name", names())
def test_nothing_else_changes(name: str) -> None:
    """In an endpoint's own log, any other change of ours makes or corrects a presumption."""
    one = scenario(name)
    found = []
    for end in ENDS:
        for pair in one.pairs(end):
            shown = {change.line for change in one.changes(end, pair, end)}
            found += [
                f"{name} {end}.txt line {line}: {_shown(side.before)} -> {_shown(side.after)}"
                for line, side in one.said(end, pair)
                if line not in shown and side.before.state != side.after.state
                if Certainty.PRESUMED not in (side.before.certainty, side.after.certainty)
            ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", names())
def test_no_certain_state_contradicts_the_kernel(name: str) -> None:
    """An observed or deduced state is one the endpoint was in when it sent its latest captured segment, or later."""
    one = scenario(name)
    found = []
    for end in ENDS:
        for pair in one.pairs(end):
            for log in ENDS:
                for line, side in one.said(log, pair):
                    held = one.held(end, pair, log, line) if side.after.certainty in CERTAIN else []
                    if held and not any(same(side.after.state, state) for state in held):
                        found.append(f"{name} {log}.txt line {line}: {end} {_shown(side.after)}, was {held}")
    assert not found, "\n".join(found)


def test_final_states() -> None:
    """What we say last about each endpoint is what the kernel had in the end, unless a timer or a call ended it in silence."""
    found = []
    for name in names():
        one = scenario(name)
        for end in ENDS:
            for pair in one.pairs(end):
                last = one.said(end, pair)[-1].side.after
                shown = one.changes(end, pair, end)[-1].new
                if not same(last.state, shown):
                    found.append(f"{name} {end}: {_shown(last)}, the log shows {shown} in the end")
    assert not found, "\n".join(found)


def test_the_corpus_is_read() -> None:
    """No change is left out but those that no segment shows; where a segment came last, the log ends as the kernel did."""
    compared = recorded = 0
    for name in names():
        one = scenario(name)
        for end in ENDS:
            for pair in one.pairs(end):
                theirs = [
                    t for t in one.truth["transitions"] if (t["endpoint"], t["local"], t["remote"]) == (end, *pair)
                ]
                ours = one.changes(end, pair, end)
                recorded += sum(change["cause"]["kind"] == "segment" for change in theirs)
                compared += len(ours)
                if theirs[-1]["cause"]["kind"] == "segment":
                    assert same(ours[-1].new, _name(theirs[-1]["new"])), (name, end, pair)
    assert compared >= recorded
