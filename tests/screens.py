"""Take the pictures that docs/report.md shows: `make screens`."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from browser import browser
from conftest import ROOT
from reports import report

TARGET = ROOT / "docs" / "_static"
LOG = ROOT / "fixtures" / "captures" / "zero_window" / "absolute.log"
LADDER, PLOTS = (1200, 760), (1200, 1000)


def main() -> None:
    """Write them."""
    with TemporaryDirectory() as name, browser() as window:
        page = Path(name, "zero_window.html")
        page.write_text(report(LOG), "utf-8")
        window.size(*LADDER)
        window.open(page)
        window.run("document.querySelector('.part-ladder').scrollIntoView({behavior: 'instant'})")
        window.hover(window.one(".ladder li[data-l='9']"))
        window.driver.save_screenshot(str(TARGET / "report-ladder.png"))
        window.size(*PLOTS)
        window.scheme("dark")
        window.click(".plots .buttons input")
        window.one(".part-plots").screenshot(str(TARGET / "report-plots.png"))


if __name__ == "__main__":
    main()
