"""The frame of a page: its head with a strict policy, the switches of language and theme, its one style and one script."""

from __future__ import annotations

import pkgutil
from base64 import b64encode
from functools import cache
from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING, Final

from tdparse import catalog
from tdparse.render.report.markup import Html, joined, label, plain, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdparse.model import Lang

STYLE: Final = "report.css"
PLAIN_STYLE: Final = "plain.css"  # for readers without a script: selectors that look at the whole page are slow
SWITCHES: Final = "switches.js"
ICON: Final = (
    "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'><rect width='32' height='32' rx='7' "
    "fill='%230b5cad'/><path d='M8 6v20M24 6v20M8 10l16 4M24 18L8 22' stroke='white' stroke-width='2.5' fill='none'/></svg>"
)
LOGO: Final = (
    '<svg class=logo viewBox="0 0 32 32" aria-hidden=true><rect width=32 height=32 rx=7 />'
    '<path d="M8 6v20M24 6v20M8 10l16 4M24 18L8 22"/></svg>'
)


def policy(script: str, *, form: str = "'none'") -> str:
    """Return the Content-Security-Policy of a page: its own style and `script`, and nothing else; `form`: where one may go."""
    styles = f"'{_hash(asset(STYLE))}' '{_hash(asset(PLAIN_STYLE))}'"
    scripts = " ".join(f"'{_hash(asset(name))}'" for name in (SWITCHES, script) if name)
    return (
        f"default-src 'none'; style-src {styles}; script-src {scripts}; img-src data:; "
        f"base-uri 'none'; form-action {form}"
    )


def page(
    lang: Lang,
    title: str,
    heading: Html,
    sections: Sequence[tuple[str, Html]],
    script: str,
    *,
    data: str = "",
    form: str = "",
) -> str:
    """
    Return a page.

    Args:
        lang: The language it opens in.
        title: What the browser calls it: plain text.
        heading: What stands beside its name.
        sections: Names and contents, each under a heading of its own.
        script: The name of its script; "" for none but that of the switches.
        data: JSON for the script, with nothing in it that could end its element.
        form: The id of the form that the choice of language belongs to, if there is one.
    """
    body = joined(_section(*section) for section in sections)
    links = joined(Html(f'<li><a href="#{name}">{label("nav_" + name)}</a></li>') for name, _body in sections)
    nav = f"<nav aria-label=tdexplain><ul>{links}</ul></nav>" if len(sections) > 1 else ""
    strict = policy(script, form="'self'" if form else "'none'")
    block = f"<script type=application/json id=data>{data}</script>\n" if data else ""
    return (
        f"<!doctype html>\n<html lang={lang}><head><meta charset=utf-8>"
        f"<meta http-equiv=Content-Security-Policy content={quoted(strict)}>"
        '<meta name=viewport content="width=device-width, initial-scale=1"><meta name=color-scheme content="light dark">'
        f"<meta name=referrer content=same-origin><title>{escape(plain(title))}</title>"
        f"<link rel=icon href={quoted(ICON)}><style>{asset(STYLE)}</style>"
        f"<noscript><style>{asset(PLAIN_STYLE)}</style></noscript></head>\n<body>"
        f'<a class=skip href="#main">{label("skip")}</a>'
        f"<header><div class=bar><p class=brand>{LOGO}<b>tdexplain</b></p><h1>{heading}</h1>{_choices(lang, form)}</div>"
        f"{nav}</header>\n<main id=main>{body}</main>\n<footer><p>{label('footer')}</p></footer>\n"
        f"{block}{joined(Html(f'<script>{asset(name)}</script>') for name in (SWITCHES, script) if name)}</body></html>\n"
    )


@cache
def asset(name: str) -> str:
    """Return a file of this package: a style or a script."""
    data = pkgutil.get_data(__package__, name)
    if data is None:  # pragma: no cover - a loader without data cannot have loaded this package
        raise FileNotFoundError(name)
    return data.decode()


def _section(name: str, body: Html) -> Html:
    heading = f"<h2 id={name}-h>{label('section_' + name)}</h2>"
    return Html(f"<section id={name} aria-labelledby={name}-h>{heading}{body}</section>\n")


def _choices(lang: Lang, form: str) -> Html:
    belongs = f" form={form}" if form else ""
    languages = joined(
        _choice(f"name=lang id=lang-{code} value={code}{belongs}", Html(name), chosen=code == lang)
        for code, name in (("en", "English"), ("zh", catalog.page("chinese").zh))
    )
    themes = joined(
        _choice(f"name=theme id=theme-{code}", label(f"theme_{code}"), chosen=code == "auto")
        for code in ("auto", "light", "dark")
    )
    return Html(
        f"<div class=choices><fieldset><legend>{label('language')}</legend>{languages}</fieldset>"
        f"<fieldset><legend>{label('theme')}</legend>{themes}</fieldset></div>"
    )


def _choice(attributes: str, name: Html, *, chosen: bool) -> Html:
    return Html(f"<label><input type=radio {attributes}{' checked' if chosen else ''}><span>{name}</span></label>")


@cache
def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
