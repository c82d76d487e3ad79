"""A comparison of two logs as JSON lines; `schema.json` says what each key holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdparse.compare.records import KINDS
from tdparse.compare.words import Words
from tdparse.render.jsonl import SCHEMA, encoded
from tdparse.render.text import peer
from tdparse.seqnum import MASK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tdparse.compare.records import Change, Comparison, Difference, Link, Passing
    from tdparse.model import Endpoint, Lang

_NANO: Final = 10**9


class ComparisonLines:
    """Writes a comparison as one object a line."""

    def __init__(self, lang: Lang) -> None:
        """Write sentences in `lang`."""
        self._lang: Lang = lang

    def __call__(self, comparison: Comparison) -> str:
        """Return the lines: the comparison, then each link and what was found about it."""
        words = Words(comparison, self._lang, str, peer)
        return "".join(map(encoded, _records(comparison, words)))


def _records(comparison: Comparison, words: Words) -> Iterator[dict[str, object]]:
    clocks = comparison.clocks
    yield {
        "record": "comparison",
        "schema": SCHEMA,
        "sources": comparison.names,
        "clock": {
            "offset": _seconds(clocks.offset),
            "low": _seconds(clocks.low),
            "high": _seconds(clocks.high),
            "drift": clocks.drift,
            "meaningful": clocks.meaningful,
            "zone": _seconds(clocks.zone),
        },
        "links": len(comparison.links),
        "differences": dict(comparison.counts),
        "text": words.clocks(),
    }
    for link in comparison.links:
        yield _link(link, comparison.names, words)
        for difference in link.differences:
            yield _difference(comparison, link, difference, words)


def _link(link: Link, names: tuple[str, str], words: Words) -> dict[str, object]:
    return {
        "record": "link",
        "conns": link.conns,
        "client": [_end(ends["client"] if ends else None) for ends in link.ends],
        "server": [_end(ends["server"] if ends else None) for ends in link.ends],
        "matched": link.matched,
        "directions": [_passing(way, names, words) for way in link.ways],
        "changes": [_change(change, words) for change in link.changes],
        "text": words.link(link),
    }


def _passing(way: Passing, names: tuple[str, str], words: Words) -> dict[str, object]:
    delay = way.delay
    return {
        "sender": way.sender,
        "first_at": names[way.origin],
        "sent": way.sent,
        "arrived": way.arrived,
        "received": way.received,
        "differences": {kind: way.counts[kind] for kind in KINDS if way.counts.get(kind)},
        "delay": delay
        and {
            "min": _seconds(delay.least),
            "median": _seconds(delay.middle),
            "max": _seconds(delay.most),
            "count": delay.samples,
        },
        "hops": way.hops,
        "text": words.passing(way),
    }


def _change(change: Change, words: Words) -> dict[str, object]:
    return {
        "what": change.what,
        "sender": change.sender,
        "before": change.before,
        "after": change.after,
        "lines": change.lines,
        "text": words.change(change),
    }


def _difference(comparison: Comparison, link: Link, difference: Difference, words: Words) -> dict[str, object]:
    record, log = difference.record, comparison.logs[difference.log]
    isn = log.isn(record.conn, record.sender)
    known = (record.conn, record.sender) in log.absolute
    relative = None if record.seq is None else record.seq - isn
    return {
        "record": "difference",
        "kind": difference.kind,
        "confidence": difference.confidence,
        "conns": link.conns,
        "sender": difference.sender,
        "source": log.name,
        "lines": difference.lines,
        "other_source": comparison.names[difference.other_log] if difference.other_lines else None,
        "other_lines": difference.other_lines,
        "time": record.time,
        "flags": record.flags,
        "seq": record.seq & MASK if record.seq is not None and known else None,
        "rel_seq": relative,
        "rel_end": None if relative is None else relative + record.length,
        "length": record.length,
        "octets": difference.octets,
        "sent_again": difference.again,
        "text": f"{words.kind(difference)} {words.difference(difference)}",
    }


def _end(endpoint: Endpoint | None) -> dict[str, object] | None:
    return None if endpoint is None else {"host": endpoint.host, "port": endpoint.port}


def _seconds(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / _NANO
