"""A headless Chromium, driven as a reader would use it; what it complains about and asks the network for is kept."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.remote_connection import RemoteConnection
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
SWITCHES = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars",
)  # fmt: skip
PATIENCE = 90  # seconds for any answer of the browser
DESKTOP = (1280, 900)
PHONE = (390, 844)


class Browser:
    """One window."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        """Drive it."""
        self.driver = driver

    def open(self, page: Path | str, *, script: bool = True) -> None:
        """Open a page, with or without its script; forget what was before."""
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not script})
        self.driver.get("about:blank")
        self._drain()
        self.driver.get(page.as_uri() if isinstance(page, Path) else page)

    def size(self, width: int, height: int) -> None:
        """Lay the page out for a screen of this size."""
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < DESKTOP[0]},
        )

    def scheme(self, name: str) -> None:
        """Prefer light or dark; and nothing that moves by itself."""
        features = [
            {"name": "prefers-color-scheme", "value": name},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def printing(self, *, on: bool) -> None:
        """Show the page as it is printed, or on the screen again."""
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print" if on else ""})

    def complaints(self) -> list[str]:
        """Return what the console has shown since the page was opened, of warnings and errors."""
        return [entry["message"] for entry in self._log("browser") if entry["level"] in {"SEVERE", "WARNING"}]

    def requests(self) -> list[str]:
        """Return every address that was asked for since the page was opened."""
        found = []
        for entry in self._log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(message["params"]["request"]["url"])
        return found

    def one(self, query: str) -> WebElement:
        """Return the first element that fits."""
        return self.driver.find_element(By.CSS_SELECTOR, query)

    def all(self, query: str) -> list[WebElement]:
        """Return every element that fits."""
        return self.driver.find_elements(By.CSS_SELECTOR, query)

    def seen(self, query: str) -> list[str]:
        """Return the text of every element that fits and is shown."""
        return [element.text for element in self.all(query) if element.is_displayed()]

    def click(self, query: str) -> None:
        """Bring an element into sight and click it."""
        element = self.one(query)
        self.bring(element)
        element.click()

    def leave(self, query: str) -> None:
        """Click what leads to another page, and wait until that is there."""
        before = self.run("return performance.timeOrigin")
        self.click(query)
        there = "return performance.timeOrigin !== arguments[0] && document.readyState === 'complete'"
        # Between two pages the driver finds neither, and says so in several ways.
        waiting = WebDriverWait(self.driver, PATIENCE, ignored_exceptions=[WebDriverException])
        waiting.until(lambda _driver: self.run(there, before))

    def bring(self, element: WebElement) -> None:
        """Bring an element into the middle of the window, at once."""
        self.run("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element)

    def hover(self, element: WebElement, across: int = 0, down: int = 0) -> None:
        """Move the pointer to an element, or to a place off its middle."""
        self.bring(element)
        ActionChains(self.driver, duration=20).move_to_element_with_offset(element, across, down).perform()

    def drag(self, element: WebElement, start: int, end: int) -> None:
        """Draw the pointer over an element, from one place off its middle to another."""
        self.bring(element)
        chain = ActionChains(self.driver, duration=30).move_to_element_with_offset(element, start, 0).click_and_hold()
        chain.move_to_element_with_offset(element, end, 0).release().perform()

    def press(self, *keys: str) -> None:
        """Press keys, one after another."""
        ActionChains(self.driver, duration=10).send_keys(*keys).perform()

    def run(self, script: str, *values: object) -> Any:
        """Run a script in the page."""
        return self.driver.execute_script(script, *values)

    def ask(self, script: str, *values: object) -> Any:
        """Run a script that gives its answer to a callback, its last argument."""
        return self.driver.execute_async_script(script, *values)

    def _drain(self) -> None:
        self._log("browser")
        self._log("performance")

    def _log(self, name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.driver.get_log(name)  # type: ignore[no-untyped-call]
        return found


TAB, ESCAPE, RIGHT, LEFT, ENTER = Keys.TAB, Keys.ESCAPE, Keys.ARROW_RIGHT, Keys.ARROW_LEFT, Keys.ENTER


@contextmanager
def browser() -> Iterator[Browser]:
    """Start Chromium with a profile of its own; end it."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for switch in (*SWITCHES, f"--user-data-dir={profile}", f"--window-size={DESKTOP[0]},{DESKTOP[1]}"):
            options.add_argument(switch)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
        driver.set_script_timeout(60)
        driver.set_page_load_timeout(60)
        if isinstance(driver.command_executor, RemoteConnection):
            driver.command_executor.client_config.timeout = PATIENCE
        try:
            opened = Browser(driver)
            opened.size(*DESKTOP)
            opened.scheme("light")
            yield opened
        finally:
            driver.quit()
