"""One connection in detail: how it ended and why, its ladder, its states, its plots, its records."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tdparse import catalog, wording
from tdparse.render.report import machine, plot
from tdparse.render.report.keep import Told
from tdparse.render.report.ladder import Ladders
from tdparse.render.report.markup import Html, duration, joined, label, pair, said, sentence, shown, span, ticked
from tdparse.render.report.records import Records
from tdparse.render.report.table import number, seconds, verdict_badge
from tdparse.render.rung import Words
from tdparse.render.text import Text, peer, titled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdparse.model import Lang, NumberStyle, Role, Summary
    from tdparse.render.report.keep import Detail
    from tdparse.render.report.machine import Move

_ROLES: Final[tuple[Role, ...]] = ("client", "server")


class Connections:
    """Writes them."""

    def __init__(self, numbers: NumberStyle) -> None:
        """Choose how sequence numbers are shown."""
        en, zh = Words("en", numbers), Words("zh", numbers)
        self._ladders = Ladders(en, zh)
        self._records = Records(en, zh, numbers)
        self._texts: dict[Lang, Text] = {"en": Text("en"), "zh": Text("zh")}

    def connection(self, detail: Detail, place: str, source: str, *, opened: bool) -> tuple[Html, dict[str, Any]]:
        """Return one connection, and what a script needs to know of its plots."""
        kept, summary = detail
        flow = summary.flow
        series = kept.series()
        drawn, data = plot.plots(series, f"p{place}")
        entries = kept.entries()
        ladder, rungs = self._ladders.ladder(flow, entries, place)
        steps = [entry.step for entry in entries if isinstance(entry, Told)]
        paths = {role: machine.moves(role, steps, summary) for role in _ROLES}
        name = Html(
            f"<b>{shown(source) + ' ' if source else ''}#{flow.conn}</b> <code>{shown(peer(flow.client))}</code> → "
            f"<code>{shown(peer(flow.server))}</code>"
        )
        body = joined(
            [
                self._verdict(summary),
                _part("ladder", Html(f"{ladder}{self._ladders.legend()}")),
                _part("states", joined(_machine(role, path, place) for role, path in paths.items())),
                _part("plots", drawn or Html(f"<p class=dim>{label('no_plot')}</p>")),
                _part("records", self._records.records(entries, place, rungs)),
            ]
        )
        open_mark = " open" if opened else ""
        return (
            Html(
                f"<details class=conn id=c{place}{open_mark}><summary><span>{name}</span> {verdict_badge(summary)}"
                f"</summary>{body}</details>"
            ),
            data,
        )

    def _verdict(self, summary: Summary) -> Html:
        states = [wording.state_text(state) for state in (summary.client_state, summary.server_state)]
        rows = [
            ("verdict", Html(f"{verdict_badge(summary)} <code>[{summary.verdict}]</code>")),
            ("cause", ticked(lambda lang: wording.cause(summary, lang))),
            ("check", ticked(lambda lang: wording.check(summary, lang))),
            ("also", pair(lambda lang: wording.JOIN[lang].join(wording.notes(summary, lang)))),
            ("findings", _findings(summary)),
            ("close", pair(lambda lang: self._texts[lang].close(summary))),
            ("time_wait", pair(lambda lang: self._texts[lang].time_wait(summary))),
            (
                "final_states",
                Html(
                    f"{label('client')} <code>{shown(states[0])}</code> · {label('server')} <code>{shown(states[1])}</code>"
                ),
            ),
            (
                "other_tools",
                pair(lambda lang: catalog.sentence("ui", "stop", lang).join(wording.other_tools(summary, lang))),
            ),
        ]
        told = joined(Html(f"<dt>{sentence('ui', code)}</dt><dd>{text}</dd>") for code, text in rows if text)
        return Html(f"<div class=two><dl class=verdict>{told}</dl>{_metrics(summary)}</div>")


def _part(code: str, body: Html) -> Html:
    return Html(f"<section class=part-{code}><h3>{label('part_' + code)}</h3>{body}</section>")


def _findings(summary: Summary) -> Html:
    return Html(
        ", ".join(
            f"{pair(partial(titled, code))}{f' ×{count}' if count > 1 else ''}"
            for code, count in summary.findings.items()
        )
    )


def _metrics(summary: Summary) -> Html:
    """Return what was measured: each with its two directions, or one value for the whole connection."""
    metrics = summary.metrics
    rows = []
    for name in ("duration", "handshake_time", "time_to_first_byte", "response_time", "half_closed_time"):
        value = seconds(metrics, name)
        if value is not None:
            words = span(value)
            rows.append(f"<tr><th scope=row>{sentence('metric', name)}</th><td colspan=2>{words}</td></tr>")
    for name in ("segments", "payload_bytes", "retransmitted_segments", "missing_bytes", "bytes_in_flight", "mss"):
        values = [number(metrics, name, role) for role in _ROLES]
        if any(value is not None for value in values):
            cells = "".join(f"<td>{'–' if value is None else f'{value:,}'}</td>" for value in values)
            rows.append(f"<tr><th scope=row>{sentence('metric', name)}</th>{cells}</tr>")
    rtt = metrics.get("rtt")
    if isinstance(rtt, dict):
        cells = "".join(f"<td>{_median(rtt.get(role))}</td>" for role in _ROLES)
        rows.append(f"<tr><th scope=row>{sentence('metric', 'rtt')}</th>{cells}</tr>")
    head = f"<tr><td></td><th scope=col>{label('client')}</th><th scope=col>{label('server')}</th></tr>"
    return Html(f"<table class=metrics><caption>{label('measured')}</caption>{head}{''.join(rows)}</table>")


def _median(value: object) -> Html:
    if not isinstance(value, dict):
        return Html("–")
    return duration(round(value["median"] * 1e9))


def _machine(role: Role, path: Sequence[Move], place: str) -> Html:
    """Return the state diagram of one end, its path, and the path as a list."""
    name = said("states_of", lambda lang: {"x": catalog.sentence("role", role, lang)})
    if not path:
        return Html(f"<div class=machine><h4>{name}</h4><p class=dim>{label('no_change')}</p></div>")
    items = []
    for step, move in enumerate(path, 1):
        if move.step is None:
            why = label("no_segment")
        else:
            line = move.line
            title = pair(partial(wording.title, move.step))
            why = Html(f'<a href="#l{place}-{line}">{label("script_line", n=line)}</a> {title}')
        where = "" if move.line is None else f" data-l={move.line}"
        items.append(f"<li data-k={step}{where}><code>{machine.change(move)}</code> <span>{why}</span></li>")
    title = Html(f"{catalog.sentence('role', role, 'en')} / {catalog.sentence('role', role, 'zh')}")
    return Html(
        f"<div class=machine data-role={role}><h4>{name}</h4>{machine.diagram(path, title)}<ol class=path>{''.join(items)}</ol></div>"
    )
