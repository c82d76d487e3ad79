"""The top of a page: what happened in words, the worst first; and what kind of log it is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from tdparse import catalog, wording
from tdparse.findings.table import severity_of
from tdparse.model import TimeStyle
from tdparse.pipeline import dialect
from tdparse.render.report.gravity import Gravity, of_finding, of_verdict
from tdparse.render.report.markup import COLON, Html, joined, label, pair, sentence, shown, span, ticked
from tdparse.render.text import Text, titled

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from tdparse.model import Lang, NumberStyle, Skipped, Step, Summary
    from tdparse.render import Totals

EXAMPLES: Final = 12  # connections or lines named with a verdict or a finding
LOGS: Final = 12  # inputs described
REJECTED: Final = 50  # lines shown that could not be read
ASIDE: Final = 200  # other lines shown that are no segments


class Log(NamedTuple):
    """What one input is, with its first and its last record."""

    name: str
    numbering: str | None
    first: Step | None = None
    last: Step | None = None


class _Example(NamedTuple):
    """The first of its kind."""

    place: str  # of its connection
    line: int
    text: Html


class Top:
    """Takes what goes by, and says at the end what mattered."""

    def __init__(self, numbers: NumberStyle) -> None:
        """Choose how sequence numbers are shown."""
        self.logs: list[Log] = []
        self.verdicts: dict[str, int] = {}
        self._numbers = numbers
        self._of_verdict: dict[str, list[str]] = {}
        self._of_finding: dict[str, list[str]] = {}
        self._findings: dict[str, int] = {}
        self._grave: set[str] = set()  # of these, those that are what they usually are in some connection
        self._examples: dict[str, _Example] = {}
        self._segments = 0
        self._rejected: list[tuple[Skipped, int]] = []
        self._aside: list[tuple[Skipped, Sequence[str]]] = []

    def step(self, step: Step, place: str) -> None:
        """Take a record that is the first or last, or has findings."""
        for finding in step.findings:
            if finding.code not in self._examples:
                text = pair(partial(wording.finding_text, finding, step, numbers=self._numbers))
                self._examples[finding.code] = _Example(place, step.segment.line, text)

    def skipped(self, skipped: Skipped, lines: Sequence[str], source: int) -> None:
        """Take a line that is no segment, of the input with this number."""
        if skipped.kind == "rejected":
            if len(self._rejected) < REJECTED:
                self._rejected.append((skipped, source))
        elif skipped.kind != "blank" and len(self._aside) < ASIDE:
            self._aside.append((skipped, lines))

    def summary(self, summary: Summary, place: str) -> None:
        """Take a connection that is over."""
        verdict = summary.verdict
        self._segments += summary.segments
        self.verdicts[verdict] = self.verdicts.get(verdict, 0) + 1
        _note(self._of_verdict, verdict, place)
        self._grave |= summary.findings.keys() - summary.mild
        for code, count in summary.findings.items():
            self._findings[code] = self._findings.get(code, 0) + count
            _note(self._of_finding, code, place)

    # ------------------------------------------------------------------ the parts

    def headline(self, totals: Totals) -> Html:
        """Return everything in one sentence."""
        if not totals.segments:
            return label("headline_nothing")
        count = sum(self.verdicts.values())
        bad = sum(n for code, n in self.verdicts.items() if of_verdict(code) is Gravity.BAD)
        odd = sum(n for code, n in self.verdicts.items() if of_verdict(code) is Gravity.ODD)
        if count == 1:
            (verdict,) = self.verdicts
            return sentence("verdict", verdict, "title")
        code = "headline_bad" if bad else "headline_odd" if odd else "headline_good"
        return label(code, n=f"{count:,}", bad=f"{bad:,}", odd=f"{odd:,}")

    def subline(self) -> Html:
        """Return how much there is, and of what weight: connections, segments, findings by severity."""
        counts = ("connections", sum(self.verdicts.values())), ("segments", self._segments)
        parts = [Html(f"{label('fact_' + name)}{COLON}{count:,}") for name, count in counts]
        weights: dict[str, int] = {}
        mild = self._mild()
        for code, count in self._findings.items():
            severity = severity_of(code, mild)
            weights[severity] = weights.get(severity, 0) + count
        order = (severity for severity in ("error", "warn", "note") if severity in weights)
        parts += [Html(f"{sentence('severity', severity)}{COLON}{weights[severity]:,}") for severity in order]
        return joined(parts, " · ")

    def gravity(self) -> Gravity:
        """Return how bad the worst verdict is."""
        return max(map(of_verdict, self.verdicts), default=Gravity.OPEN)

    def verdict_cards(self, told: Collection[str], names: Mapping[str, str]) -> Html:
        """Return the verdicts, the worst first: how often, why, what to check, and where."""
        order = sorted(self.verdicts, key=lambda code: (-of_verdict(code), -self.verdicts[code], code))
        return joined(self._card(code, told, names) for code in order)

    def finding_list(self, told: Collection[str], names: Mapping[str, str]) -> Html:
        """Return the findings, the worst first: how often, the first example, and where."""
        mild = self._mild()
        order = sorted(self._findings, key=lambda code: (-of_finding(code, mild), -self._findings[code], code))
        return joined(self._finding(code, told, names) for code in order)

    def facts(self, totals: Totals) -> Html:
        """Return what the log is."""
        rows: list[tuple[Html, Html]] = []
        for log in self.logs[:LOGS]:
            numbering = label(f"numbering_{log.numbering}" if log.numbering else "numbering_unknown")
            rows.append((label("fact_log"), Html(f"<code>{shown(log.name)}</code>")))
            printing = dialect(log.first.segment) if log.first is not None else None
            rows.append((label("fact_dialect"), Html(f"{shown(printing)} · {numbering}") if printing else numbering))
            if log.first is not None and log.last is not None:
                rows.append((label("fact_span"), _times(log.first, log.last)))
                rows.append((label("fact_printed"), _printed(log.first)))
        if len(self.logs) > LOGS:
            rows.append((label("fact_log"), label("and_more", n=f"{len(self.logs) - LOGS:,}")))
        counts = ("lines", totals.lines), ("segments", totals.segments), ("connections", totals.connections)
        rows += [(label(f"fact_{name}"), Html(f"{count:,}")) for name, count in counts]
        skipped = sorted(totals.skipped.items(), key=lambda item: (item[0] != "rejected", -item[1]))
        if skipped:
            told = ", ".join(f"{sentence('kind', kind)} ×{count:,}" for kind, count in skipped)
            rows.append((label("fact_skipped"), Html(told)))
        return joined(Html(f"<div><dt>{name}</dt><dd>{value}</dd></div>") for name, value in rows)

    def rejected(self, totals: Totals, names: Callable[[int], str]) -> Html:
        """
        Return the lines that could not be read, and why; "" if there are none.

        `names` says how an input is called by its number, "" where there is but one.
        """
        if not self._rejected:
            return Html("")
        items = []
        for skipped, source in self._rejected:
            complaint = pair(partial(_complaint, skipped))
            name = f"<code>{shown(names(source))}</code> · " if names(source) else ""
            items.append(
                f"<li><span class=n>{skipped.line}</span><pre>{shown(skipped.raw)}</pre><p>{name}{complaint}</p></li>"
            )
        more = totals.skipped["rejected"] - len(self._rejected)
        rest = f"<p class=dim>{label('and_more', n=f'{more:,}')}</p>" if more > 0 else ""
        return Html(f"<ol class=records>{''.join(items)}</ol>{rest}")

    def aside(self) -> Html:
        """Return the other lines that are no segments; "" if there are none."""
        items = [
            f"<li><span class=n>{skipped.line}</span><pre>{shown(chr(10).join(lines))}</pre><p class=dim>{sentence('kind', skipped.kind)}</p></li>"
            for skipped, lines in self._aside
        ]
        return Html(f"<ol class=records>{''.join(items)}</ol>") if items else Html("")

    # ------------------------------------------------------------------ pieces

    def _mild(self) -> AbstractSet[str]:
        """Return the findings that were no more than chat wherever they are."""
        return self._findings.keys() - self._grave

    def _card(self, code: str, told: Collection[str], names: Mapping[str, str]) -> Html:
        count = self.verdicts[code]
        times = f" <span class=times>×{count:,}</span>" if count > 1 else ""
        rows = [
            (field, ticked(partial(catalog.sentence, "verdict", code, field=field)))
            for field in ("cause", "check")
            if catalog.sentence("verdict", code, "en", field)
        ]
        body = "".join(f"<dt>{sentence('ui', name)}</dt><dd>{text}</dd>" for name, text in rows)
        return Html(
            f'<article class="card b{int(of_verdict(code))}" data-verdict={code}><h3>{sentence("verdict", code, "title")}{times}</h3>'
            f"<dl>{body}</dl><p class=where>{_where(self._of_verdict[code], count, told, names)}</p></article>"
        )

    def _finding(self, code: str, told: Collection[str], names: Mapping[str, str]) -> Html:
        severity = severity_of(code, self._mild())
        example = self._examples.get(code)
        text = ""
        if example is not None:
            place = label("script_line", n=example.line)
            if example.place in told:
                place = Html(f'<a href="#l{example.place}-{example.line}">{place}</a>')
            text = f"<p>{place}{COLON}{example.text}</p>"
        return Html(
            f"<li class={severity}><h3><span class=sev>{sentence('severity', severity)}</span> "
            f"{pair(partial(titled, code))} <span class=times>×{self._findings[code]:,}</span> <code>{code}</code></h3>"
            f"{text}<p class=where>{_where(self._of_finding[code], None, told, names)}</p></li>"
        )


def _times(first: Step, last: Step) -> Html:
    if first.segment.time is None or last.segment.time is None:
        return label("no_times")
    text = Html(f"{shown(first.segment.time)} – {shown(last.segment.time)}")
    return text if last.elapsed is None else Html(f"{text} ({span(last.elapsed)})")


def _complaint(skipped: Skipped, lang: Lang) -> str:
    return Text(lang).complaint(skipped)[-1].strip()


def _printed(step: Step) -> Html:
    """Return how a record was printed: what can be seen of tcpdump's options."""
    segment, layer = step.segment, step.segment.layer
    options = {
        TimeStyle.NONE: "-t", TimeStyle.EPOCH: "-tt", TimeStyle.DATE: "-tttt", TimeStyle.DELTA: "-ttt", TimeStyle.CLOCK: "",
    }  # fmt: skip
    found = [options[segment.time_style]]
    if layer is not None:
        found += ["-e" if layer.link else "", "-v" if layer.ip_text else "", "-i any" if layer.direction else ""]
        found += ["-#" if layer.packet_number is not None else "", "-x" if layer.dump else ""]
    found.append("-n" if segment.src.host[:1].isdigit() or ":" in segment.src.host else "")
    return Html(" ".join(f"<code>{option}</code>" for option in found if option) or "–")


def _note(table: dict[str, list[str]], code: str, place: str) -> None:
    places = table.setdefault(code, [])
    if len(places) < EXAMPLES:
        places.append(place)


def _where(places: Sequence[str], count: int | None, told: Collection[str], names: Mapping[str, str]) -> Html:
    links = [
        f'<a href="#c{place}">{names[place]}</a>' if place in told else f"<span>{names[place]}</span>"
        for place in places
    ]
    more = "" if count is None or count <= len(places) else ", …"
    return Html(f"{label('where')} {', '.join(links)}{more}")
