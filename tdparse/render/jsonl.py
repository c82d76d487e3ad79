"""
One JSON object a line, for other programs; `schema.json` beside this file says what each key holds.

Keys come in a fixed order. A value that is unknown is null, never 0 and never a guess. Bytes that are
not valid in the log's encoding appear as U+FFFD, because JSON has no other way to carry them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from tdparse import wording
from tdparse.escapes import UNSAFE
from tdparse.pipeline import sniff

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tdparse.model import Endpoint, Finding, Lang, NumberStyle, Side, Skipped, Step, Summary
    from tdparse.options import Options
    from tdparse.render import Totals

SCHEMA: Final = 1  # grows when the meaning of a key changes

_NANO: Final = 1_000_000_000
_DURATIONS: Final = frozenset({"dt", "rto"})  # values in nanoseconds inside, in seconds outside
_SURROGATES: Final = re.compile("[\ud800-\udfff]")
_DELETE: Final = b"\x7f"
_encoder: Final = msgspec.json.Encoder()


class JsonLines:
    """Writes every record as an object; see `Renderer` for the methods."""

    def __init__(self, lang: Lang, *, numbers: NumberStyle = "relative", numbering: str = "auto") -> None:
        """Write sentences in `lang`; `numbering` is what the user says the logs hold, or "auto"."""
        self._lang: Lang = lang
        self.template_lang: Lang | None = lang
        self._numbers = numbers
        self._numbering = numbering
        self._source = ""

    def start(self, source: str, opening: Sequence[str]) -> str:
        """Write the log record, from what the first lines show."""
        self._source = source
        dialect, numbering = sniff(line.removesuffix("\r") for line in opening) if opening else (None, "unknown")
        return encoded(log_record(source, dialect, numbering if self._numbering == "auto" else self._numbering))

    def step(self, step: Step, lines: Sequence[str]) -> str:  # noqa: ARG002 - the record says what they said
        """Write a segment record."""
        return encoded(segment(step, self._source, self._lang, self._numbers))

    def spelled(self, value: float | str) -> str:
        """Return a value as JSON."""
        return _encoder.encode(value).decode()

    divisible: Final = True

    def divide(self, once: Callable[[str], bool], *, complete: bool) -> None:
        """Nothing depends on what was before."""

    def skipped(self, skipped: Skipped, lines: Sequence[str]) -> str:  # noqa: ARG002 - `raw` is the line
        """Write a record of a line that is no segment."""
        return encoded(skipped_record(skipped, self._source))

    def summary(self, summary: Summary) -> str:
        """Write a connection record."""
        return encoded(connection(summary, self._source, self._lang))

    def end(self, lines: Sequence[str]) -> str:  # noqa: ARG002 - every line had its record
        """Write nothing."""
        return ""

    def finish(self, totals: Totals) -> str:
        """Write the record of the whole run."""
        return encoded(summary_record(totals))


class ConnectionLines(JsonLines):
    """Writes the connection records alone."""

    def start(self, source: str, opening: Sequence[str]) -> str:  # noqa: ARG002 - see JsonLines
        """Write nothing."""
        self._source = source
        return ""

    def step(self, step: Step, lines: Sequence[str]) -> str:  # noqa: ARG002 - see JsonLines
        """Write nothing."""
        return ""

    def skipped(self, skipped: Skipped, lines: Sequence[str]) -> str:  # noqa: ARG002 - see JsonLines
        """Write nothing."""
        return ""

    def finish(self, totals: Totals) -> str:  # noqa: ARG002 - see JsonLines
        """Write nothing."""
        return ""


# ------------------------------------------------------------------ records


def log_record(source: str, dialect: str | None, numbering: str) -> dict[str, object]:
    """Return the record of one input."""
    return {
        "record": "log",
        "schema": SCHEMA,
        "source": source,
        "dialect": dialect,
        "numbering": None if numbering == "unknown" else numbering,
    }


def segment(step: Step, source: str, lang: Lang, numbers: NumberStyle) -> dict[str, object]:
    """Return the record of one segment, explained in `lang`."""
    return segment_record(step, source, wording.text(step, lang, numbers))


def connection(summary: Summary, source: str, lang: Lang) -> dict[str, object]:
    """
    Return the record of one incarnation, explained in `lang`.

    `text`, `cause` and `check` say what it was, why, and what to do; `notes` what else it shows.
    """
    flow = summary.flow
    return {
        "record": "connection",
        "conn": flow.conn,
        "source": source,
        "client": _endpoint(flow.client),
        "server": _endpoint(flow.server),
        "role_confidence": flow.role_confidence,
        "first_line": summary.first_line,
        "last_line": summary.last_line,
        "segments": summary.segments,
        "verdict": summary.verdict,
        "close_shape": summary.close_shape,
        "closed_first": summary.closed_first,
        "time_wait": summary.time_wait,
        "final_states": {"client": summary.client_state.state, "server": summary.server_state.state},
        "zeek": summary.zeek,
        "history": summary.history,
        "completeness": summary.completeness,
        "metrics": dict(summary.metrics),
        "findings": dict(summary.findings),
        "text": wording.verdict_text(summary, lang),
        "cause": wording.cause(summary, lang),
        "check": wording.check(summary, lang),
        "data": summary.data,
        "attributes": dict(summary.attributes),
        "notes": wording.notes(summary, lang),
    }


def segment_record(step: Step, source: str, text: str) -> dict[str, object]:
    """Return the record of one segment; `text` is its explanation."""
    segment = step.segment
    return {
        "record": "segment",
        "source": source,
        "line": segment.line,
        "lines": segment.lines,
        "time": segment.time,
        "elapsed": None if step.elapsed is None else step.elapsed / _NANO,
        "conn": step.flow.conn,
        "sender": step.sender,
        "src": _endpoint(segment.src),
        "dst": _endpoint(segment.dst),
        "ip": segment.ip,
        "flags": segment.flags,
        "seq": step.seq,
        "seq_end": step.seq_end,
        "ack": step.ack,
        "rel_seq": step.rel_seq,
        "rel_end": step.rel_end,
        "rel_ack": step.rel_ack,
        "seq_printed": step.seq_printed,
        "numbers": step.numbers,
        "window": segment.window,
        "window_scaled": step.window_scaled,
        "urgent": segment.urgent,
        "length": segment.length,
        "options": _options(segment.options, step.sack) if segment.options_text else {},
        "options_text": segment.options_text,
        "checksum": segment.checksum,
        "payload": segment.payload,
        "step": step.step,
        "modifiers": step.modifiers,
        "client": _side(step.client),
        "server": _side(step.server),
        "findings": [_finding(finding) for finding in step.findings],
        "text": text,
    }


def skipped_record(skipped: Skipped, source: str) -> dict[str, object]:
    """Return the record of a line that is no segment."""
    return {
        "record": "skipped",
        "source": source,
        "line": skipped.line,
        "kind": skipped.kind,
        "raw": skipped.raw,
        "column": skipped.column,
        "expected": skipped.expected,
    }


def summary_record(totals: Totals) -> dict[str, object]:
    """Return the record of the whole run."""
    return {
        "record": "summary",
        "sources": totals.sources,
        "lines": totals.lines,
        "segments": totals.segments,
        "connections": totals.connections,
        "skipped": _sorted(totals.skipped),
        "verdicts": _sorted(totals.verdicts),
        "findings": _sorted(totals.findings),
    }


def encoded(record: dict[str, object]) -> str:
    """Return one record as a line of JSON, with its newline; what a terminal would act on is an escape of JSON."""
    try:
        octets = _encoder.encode(record)
    except UnicodeEncodeError:
        octets = _encoder.encode(cleaned(record))
    text = octets.decode()
    if octets.isascii() and _DELETE not in octets:  # the encoder itself escapes every other control character of ASCII
        return text + "\n"
    return (text if text.isprintable() else UNSAFE.sub(_escape, text)) + "\n"


def _escape(match: re.Match[str]) -> str:
    import json  # msgspec has no way to write ASCII alone

    return json.dumps(match[0])[1:-1]


# ------------------------------------------------------------------ parts


def _endpoint(endpoint: Endpoint) -> dict[str, object]:
    return {"host": endpoint.host, "port": endpoint.port}


def _side(side: Side) -> dict[str, object]:
    before, after = side
    return {
        "before": before.state,
        "before_certainty": before.certainty,
        "before_alternatives": before.alternatives,
        "after": after.state,
        "after_certainty": after.certainty,
        "after_alternatives": after.alternatives,
    }


def _finding(finding: Finding) -> dict[str, object]:
    values = {key: _value(key, value) for key, value in finding.values.items()}
    return {
        "code": finding.code,
        "severity": finding.severity,
        "confidence": finding.confidence,
        "lines": finding.lines,
        **values,
    }


def _value(key: str, value: object) -> object:
    return value / _NANO if key in _DURATIONS and isinstance(value, int) else value


def _options(options: Options, sack: tuple[tuple[int, int], ...] | None) -> dict[str, object]:
    """Return what was printed, SACK edges as absolute numbers (null while those are unknown)."""
    printed: dict[str, object] = {
        key: value for key, value in zip(options._fields, options, strict=True) if value is not None
    }
    if "sack" in printed:
        printed["sack"] = sack
    return printed


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    return {key: counts[key] for key in sorted(counts)}


def cleaned(value: object) -> object:
    """Return `value` with every lone surrogate in its texts replaced by U+FFFD."""
    if isinstance(value, str):
        return _SURROGATES.sub("\ufffd", value)
    if isinstance(value, dict):
        return {cleaned(key): cleaned(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [cleaned(item) for item in value]
    return value
