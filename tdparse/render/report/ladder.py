"""A ladder as rows of a page: arrows between two lifelines, states along the sides, folded where nothing happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdparse import wording
from tdparse.diagram import ORDINARY, Arrow, Fold, Folding, States, opening
from tdparse.render.report.keep import Told
from tdparse.render.report.markup import Html, both, joined, shown, title
from tdparse.render.svg import FORMS, GROUPS, SIGNS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tdparse.diagram import Gap, Row
    from tdparse.model import Flow, Role, Side, Standing
    from tdparse.render.report.keep import Entry
    from tdparse.render.rung import Words

SYMBOLS: Final = Html(
    "<svg class=defs aria-hidden=true width=0 height=0><defs>"
    '<g id=a-r><line x1=1 y1=6 x2="100%" y2=6 /><svg x="100%" overflow=visible><path d="M-10 1L0 6L-10 11z"/></svg></g>'
    '<g id=a-l><line x1=0 y1=6 x2="100%" y2=6 /><path d="M10 1L0 6L10 11z"/></g>'
    '<g id=x-r><line x1=1 y1=6 x2="88%" y2=6 /><svg x="88%" overflow=visible><path d="M-5 1L5 11M5 1L-5 11"/></svg></g>'
    '<g id=x-l><line x1="12%" y1=6 x2="100%" y2=6 /><svg x="12%" overflow=visible><path d="M-5 1L5 11M5 1L-5 11"/></svg></g>'
    "</defs></svg>"
)


class Ladders:
    """Writes ladders, with the words of both languages."""

    def __init__(self, en: Words, zh: Words) -> None:
        """Take the words."""
        self._en = en
        self._zh = zh

    def ladder(self, flow: Flow, entries: Sequence[Entry], place: str) -> tuple[Html, dict[int, str]]:
        """
        Return the ladder of one connection, and the id of the rung where each record's line is, or is folded away.

        `place` begins the ids of its rungs and of the records they lead to.
        """
        folding = Folding()
        for entry in entries:
            if isinstance(entry, Told):
                folding.feed(entry.step)
            else:
                folding.skip(entry)
        rows = folding.rows()
        states, lives = States(), {"client": "off", "server": "off"}
        parts = [self._head(flow)]
        first = opening(rows)
        if first is not None:
            news = _news(states, lives, *first)
            parts.append(_rung("first", "", news, lives, Html("")))
        parts += [self._row(row, states, lives, place) for row in rows]
        return Html(f"<ol class=ladder>{joined(parts)}</ol>"), _rungs(rows, entries, place)

    def legend(self) -> Html:
        """Return what the signs mean that have been used."""
        lines = zip(self._en.legend(SIGNS), self._zh.legend(SIGNS), strict=True)
        return joined(Html(f"<p>{both(*texts)}</p>") for texts in lines)

    def _head(self, flow: Flow) -> Html:
        (en, address), (zh, _) = self._en.end("client", flow), self._zh.end("client", flow)
        (en2, address2), (zh2, _) = self._en.end("server", flow), self._zh.end("server", flow)
        return Html(
            f"<li class=ends><b>{both(en, zh)}<br><code>{shown(address)}</code></b>"
            f"<b>{both(en2, zh2)}<br><code>{shown(address2)}</code></b></li>"
        )

    def _row(self, row: Row, states: States, lives: dict[str, str], place: str) -> Html:
        if isinstance(row, Arrow):
            return self._arrow(row, states, lives, place)
        return self._fold(row, lives, place) if isinstance(row, Fold) else self._gap(row, lives)

    def _arrow(self, arrow: Arrow, states: States, lives: dict[str, str], place: str) -> Html:
        step, en, zh = arrow.step, self._en, self._zh
        en.sign(arrow)
        zh.sign(arrow)
        line = step.segment.line
        group = step.step.partition(".")[0]
        form = f"{'r' if step.sender == 'client' else 'l'} {group if group in GROUPS else 'data'}"
        form += " again" if arrow.again else ""
        sign = f"{'x' if arrow.lost else 'a'}-{form[0]}"
        below = [] if step.step in ORDINARY else [Html(f"<small>{title(*wording.named(step))}</small>")]
        if step.findings:
            below += [
                Html(f"<small class={one.severity}>{both(one.text, two.text)}</small>")
                for one, two in zip(en.remarks(step), zh.remarks(step), strict=True)
            ]
        text = shown(" ".join(en.label(step)))
        lane = Html(
            f'<a href="#l{place}-{line}">{text}</a><svg class=ar aria-hidden=true><use href="#{sign}"/></svg>{joined(below)}'
        )
        time = shown(en.time(step))
        return _rung(
            form,
            time,
            _news(states, lives, step.client, step.server),
            lives,
            lane,
            f" id={_rung_id(place, line)} data-l={line}",
        )

    def _gap(self, gap: Gap, lives: Mapping[str, str]) -> Html:
        form = "r" if gap.sender == "client" else "l"
        text = both(self._en.gap(gap), self._zh.gap(gap))
        lane = Html(f'<small class=warn>{text}</small><svg class=ar aria-hidden=true><use href="#a-{form}"/></svg>')
        return _rung(f"{form} gap", "", {}, lives, lane)

    def _fold(self, fold: Fold, lives: Mapping[str, str], place: str) -> Html:
        (much, told), (much_zh, told_zh) = self._en.fold(fold), self._zh.fold(fold)
        lane = Html(f"<b>{both(much, much_zh)}</b><small>{both(told, told_zh)}</small>")
        return _rung("fold", "", {}, lives, lane, f" id={_rung_id(place, fold.first_line)}")


def _rung(
    form: str, time: str, news: Mapping[Role, Html], lives: Mapping[str, str], lane: Html, more: str = ""
) -> Html:
    client, server = news.get("client", ""), news.get("server", "")
    return Html(
        f'<li class="{form}"{more}><span class=tm>{time}</span><span class=st>{client}</span>'
        f'<div class="lane c-{lives["client"]} s-{lives["server"]}">{lane}</div><span class=st>{server}</span></li>'
    )


def _rung_id(place: str, line: int) -> str:
    return f"r{place}-{line}"


def _rungs(rows: Sequence[Row], entries: Sequence[Entry], place: str) -> dict[int, str]:
    """Return where each record's line is in a ladder."""
    own = {row.step.segment.line for row in rows if isinstance(row, Arrow)}
    folds = [row for row in rows if isinstance(row, Fold)]
    found: dict[int, str] = {}
    for entry in entries:
        if not isinstance(entry, Told):
            continue
        line = entry.step.segment.line
        while folds and folds[0].last_line < line:
            folds.pop(0)
        if line in own or (folds and folds[0].first_line <= line):
            found[line] = _rung_id(place, line if line in own else folds[0].first_line)
    return found


def _news(states: States, lives: dict[str, str], client: Side, server: Side) -> dict[Role, Html]:
    found: dict[Role, Html] = {}
    sides: tuple[tuple[Role, Side], ...] = (("client", client), ("server", server))
    for role, side in sides:
        standings = states.news(role, side)
        if standings:
            found[role] = joined(_state(standing) for standing in standings)
        lives[role] = FORMS.get(side.after.state, "closing")
    return found


def _state(standing: Standing) -> Html:
    from tdparse.wording import state_text

    form = FORMS.get(standing.state, "closing")
    return Html(f"<span class=t-{form}>{shown(state_text(standing)).replace('|', '|<wbr>')}</span>")
