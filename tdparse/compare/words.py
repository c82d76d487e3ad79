"""A comparison in words: from the catalogue's sentences and the values found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdparse import catalog
from tdparse.compare.clocks import shown_offset
from tdparse.compare.records import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tdparse.compare.records import Change, Comparison, Difference, Link, Passing
    from tdparse.model import Endpoint, Lang, Role

MINUTE: Final = 60 * 10**9
ABSENT: Final = (None, False)  # values of an option that was not there
OTHER: Final[Mapping[Role, Role]] = {"client": "server", "server": "client"}
CERTAINTIES: Final = {"likely": "likely", "possible": "unsure"}  # what is certain needs no word


class Words:
    """Says what a comparison has found, in one language."""

    def __init__(
        self, comparison: Comparison, lang: Lang, name: Callable[[str], str], peer: Callable[[Endpoint], str]
    ) -> None:
        """`name` and `peer` write what comes from outside so that it can do no harm where it is shown."""
        self._comparison = comparison
        self._lang: Lang = lang
        self.names = [name(known) for known in _short(comparison.names)]
        self._safe = name
        self._comma = catalog.sentence("ui", "comma", lang)
        self._joint = catalog.sentence("ui", "clause_join", lang)
        self._peer = peer

    def say(self, section: str, code: str, field: str = "text", **values: object) -> str:
        """Return a sentence."""
        return catalog.fill(catalog.comparison(section, code, field).of(self._lang), values)

    def clocks(self) -> str:
        """Return what is known about the clocks."""
        clocks, logs = self._comparison.clocks, self._comparison.logs
        names = {"one": self.names[0], "other": self.names[1]}
        if not all(log.timed for log in logs if log.sightings):
            return self.say("compare", "clocks_untimed")
        if clocks.offset is None:
            return self.say("compare", "clocks_unknown")
        if not clocks.meaningful:
            return self.say("compare", "clocks_free", **names, offset=self.span(clocks.offset))
        shown = shown_offset(logs, clocks.offset)
        if clocks.low is None or clocks.high is None:
            if shown < 0:
                names = {"one": self.names[1], "other": self.names[0]}
            return self.say("compare", "clocks_one_way", **names, offset=self.span(abs(shown)))
        moved = shown - clocks.offset
        code = "clocks_earlier" if shown < 0 else "clocks_later" if shown else "clocks_equal"
        low, high = clocks.low + moved, clocks.high + moved
        exact = shown and self.span(low) == self.span(high)  # as far as it is written out
        values = {**names, "offset": self.span(abs(shown)), "limits": self._limits(low, high)}
        parts = [self.say("compare", code, "exact" if exact else "text", **values)]
        if clocks.zone:
            parts.append(self.say("compare", "zone", zone=self.span(abs(clocks.zone))))
        if clocks.drift:
            parts.append(self.say("compare", "drift", n=f"{clocks.drift * 1e6:.1f}"))
        return (" " if self._lang == "en" else "").join(parts)

    def _limits(self, low: int, high: int) -> str:
        """Return between what the second clock's lead lies, or, where all of it is one, its lag."""
        code = "limits_around" if low < 0 < high else "limits"
        least, most = sorted((abs(low), abs(high))) if code == "limits" else (-low, high)
        return self.say("compare", code, low=self.span(least), high=self.span(most))

    def span(self, nanoseconds: int) -> str:
        """Return a time span; from a minute on with hours and minutes."""
        if abs(nanoseconds) < MINUTE:
            return catalog.duration(nanoseconds, self._lang)
        micro = (abs(nanoseconds) + 500) // 1000
        seconds, micro = divmod(micro, 10**6)
        sign = "-" if nanoseconds < 0 else ""
        return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{micro:06d}"

    def link(self, link: Link) -> str:
        """Return which connection it is, in both logs."""
        numbers = [", ".join(f"#{conn}" for conn in conns) or self.say("compare", "absent") for conns in link.conns]
        ends = [" | ".join(dict.fromkeys(self._peer(end[role]) for end in link.ends if end)) for role in OTHER]
        return self.say("compare", "link", ours=numbers[0], theirs=numbers[1], client=ends[0], server=ends[1])

    def passing(self, way: Passing) -> str:
        """Return how one direction got through."""
        values = {"x": self._role(way.sender), "y": self._role(OTHER[way.sender])}
        parts = [self.say("compare", "passing", **values, sent=way.sent, arrived=way.arrived)]
        parts += self.counts(way.counts)
        text = self._comma.join(parts)
        if way.delay is not None:
            spans = {
                name: catalog.duration(span, self._lang)
                for name, span in zip(("least", "middle", "most"), way.delay, strict=False)
            }
            text += " · " + self.say("compare", "delay" if way.delay.samples > 1 else "delay_one", **spans)
        if way.hops:
            text += " · " + self.say("compare", "hops", n=way.hops)
        return text

    def counts(self, counts: Mapping[str, int]) -> list[str]:
        """Return how often each kind was found."""
        return [
            self.say("compare", "kind", n=counts[kind], kind=self.say("difference", kind, "title"))
            for kind in KINDS
            if counts.get(kind)
        ]

    def kind(self, difference: Difference) -> str:
        """Return what a kind of difference means, for its direction."""
        roles = {"x": self._role(difference.sender), "y": self._role(OTHER[difference.sender])}
        return self.say("difference", difference.kind, **roles)

    def difference(self, difference: Difference) -> str:
        """Return which record it is, and what else is known about it."""
        record, log = difference.record, difference.log
        lines = ", ".join(map(str, difference.lines))
        parts = [self.say("compare", "row", log=self.names[log], lines=lines)]
        if record.time is not None:
            parts.append(self._safe(record.time))
        parts.append(self.packet(difference))
        notes = list(self._notes(difference))
        return "  ".join(parts) + (" · " + self._joint.join(notes) if notes else "")

    def packet(self, difference: Difference) -> str:
        """Return the record itself, shortly: flags, relative numbers, length."""
        record, log = difference.record, self._comparison.logs[difference.log]
        text = f"[{self._safe(record.flags)}]"
        if record.span is not None:
            first = record.span[0] - log.isn(record.conn, record.sender)
            text += f" seq {first}:{first + record.length}" if record.length else f" seq {first}"
        if record.ack is not None:
            text += f" ack {record.ack - log.isn(record.conn, OTHER[record.sender])}"
        return f"{text} length {record.length}"

    def _notes(self, difference: Difference) -> Iterator[str]:
        if difference.octets:
            octets = ", ".join(f"{start}-{end - 1}" for start, end in difference.octets)
            yield self.say("compare", "octets", octets=octets)
        if difference.again is not None:
            yield self.say("compare", "again", n=difference.again)
        if difference.other_lines:
            lines = ", ".join(map(str, difference.other_lines))
            yield self.say("compare", "there", log=self.names[difference.other_log], lines=lines)
        if difference.confidence in CERTAINTIES and difference.kind not in {"undecided", "outside", "elsewhere"}:
            yield self.say("compare", CERTAINTIES[difference.confidence])

    def change(self, change: Change) -> str:
        """Return what was changed, from what to what, and where it shows."""
        code = "removed" if change.after in ABSENT else "added" if change.before in ABSENT else "change"
        values = {"before": self._value(change.before), "after": self._value(change.after)}
        text = self.say("compare", code, what=self.say("change", change.what), **values)
        shown = [self._role(change.sender)]
        if change.lines is not None:
            shown += [
                self.say("compare", "row", log=name, lines=line)
                for name, line in zip(self.names, change.lines, strict=True)
            ]
        return self.say("compare", "seen", text=text, where=self._comma.join(shown))

    def total(self) -> str:
        """Return what was found in all."""
        parts = self.counts(self._comparison.counts)
        return self.say("compare", "total", parts=self._comma.join(parts) or self.say("compare", "nothing"))

    def _role(self, role: str) -> str:
        return catalog.sentence("role", role, self._lang)

    def _value(self, value: object) -> str:
        if isinstance(value, tuple):
            return " ".join("-".join(map(str, part)) if isinstance(part, tuple) else str(part) for part in value)
        if isinstance(value, dict):
            return ", ".join(f"{name} {self._value(part)}" for name, part in value.items())
        return self._safe(str(value))


def _short(names: tuple[str, str]) -> tuple[str, str]:
    """Return names without the folders that both are in."""
    parts = [name.split("/") for name in names]
    while len(parts[0]) > 1 and len(parts[1]) > 1 and parts[0][0] == parts[1][0]:
        parts = [part[1:] for part in parts]
    return "/".join(parts[0]), "/".join(parts[1])
