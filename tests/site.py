"""
The built site: every link leads somewhere, and no page asks anything of the outside. `make docs` runs this.
"""

from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import pytest
from conftest import ROOT

SITE: Final = ROOT / "build" / "docs"
PAGES: Final = sorted(SITE.rglob("*.html"))
LOADED: Final = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "audio": "src"}
HARMLESS: Final = {"canonical", "next", "prev", "index", "search", "author", "help", "copyright", "license"}


class Reading(HTMLParser):
    """What a page links to, what it loads, and where it can be linked to."""

    def __init__(self) -> None:
        """Start before the page."""
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take one tag."""
        found = {name: value or "" for name, value in attrs}
        self.anchors.update(found[name] for name in ("id", "name") if name in found)
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag == "link" and "href" in found and not set(found.get("rel", "").split()) & HARMLESS:
            self.loads.append(found["href"])
        if tag in LOADED and found.get(LOADED[tag]):
            self.loads.append(found[LOADED[tag]])
        self.loads += re.findall(r"url\(['\"]?([^'\")]+)", found.get("style", ""))


@cache
def read(page: Path) -> Reading:
    """Return what stands on a page."""
    reading = Reading()
    reading.feed(page.read_text("utf-8"))
    return reading


def test_there_is_a_site() -> None:
    """With its main pages, in both languages."""
    names = {str(page.relative_to(SITE)) for page in PAGES}
    assert names >= {
        "index.html", "tutorial.html", "reading.html", "zh/tutorial.html", "zh/reading.html", "library.html", "states.html",
        "notebook.html", "reference.html", "generated/anomalies.html", "generated/zh/anomalies.html", "contributing.html",
    }  # fmt: skip


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(SITE)))
def test_every_link_leads_somewhere(page: Path) -> None:
    """To a page that is there, and on it to a place that is there."""
    broken = []
    for link in read(page).links:
        parts = urlsplit(link)
        if parts.scheme in {"http", "https", "mailto"}:
            continue
        target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        if not target.is_file() or (
            parts.fragment and target.suffix == ".html" and unquote(parts.fragment) not in read(target).anchors
        ):
            broken.append(link)
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(SITE)))
def test_nothing_is_loaded_from_elsewhere(page: Path) -> None:
    """Scripts, styles, fonts and pictures are files of the site."""
    for loaded in read(page).loads:
        parts = urlsplit(loaded)
        assert (parts.scheme, parts.netloc) in {("", ""), ("data", "")}, loaded
        assert parts.scheme or (page.parent / unquote(parts.path)).resolve().is_file(), loaded


def test_no_style_or_script_asks_for_anything_outside() -> None:
    """No font, no import, no request with an address of its own."""
    for path in [*SITE.rglob("*.css"), *SITE.rglob("*.js")]:
        text = path.read_text("utf-8", "replace")
        asked = re.findall(
            r"(?:@import\s+(?:url\()?['\"]?|url\(['\"]?|fetch\(['\"]|import\(['\"]|\.src\s*=\s*['\"])(?:https?:)?//[^\s'\")]+",
            text,
        )
        assert not asked, path
