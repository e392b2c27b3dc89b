"""A real Chromium without a network, for tests; no test lives here."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

# Nothing is asked of a network, and the profile is a new one.
_ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--hide-scrollbars", "--force-prefers-reduced-motion"),
)


@contextmanager
def chromium(profile: Path, downloads: Path) -> Iterator[Any]:
    """Start Chromium; skip the test where it, its driver or Selenium is not installed."""
    webdriver = pytest.importorskip("selenium.webdriver")
    service = pytest.importorskip("selenium.webdriver.chrome.service")
    programs = [shutil.which(name) for name in ("chromium", "chromedriver")]
    if None in programs:
        pytest.skip("chromium and chromedriver are not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = programs[0]
    for argument in (*_ARGUMENTS, f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options=options, service=service.Service(programs[1]))
    try:
        yield browser
    finally:
        browser.quit()


def appear(browser: Any, width: int = 1300, height: int = 900, theme: str = "light") -> None:
    """Set the size of the window, and the theme that the system is said to want."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    wanted = {"features": [{"name": "prefers-color-scheme", "value": theme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", wanted)


def complaints(browser: Any) -> list[str]:
    """Return what the console says, and every address asked for that is not a file."""
    said = [entry["message"] for entry in browser.get_log("browser")]
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            address = message["params"]["request"]["url"]
            if not address.startswith(("file:", "data:", "blob:", "about:")):
                said.append(address)
    return said


AXE = Path("build/browser/node_modules/axe-core/axe.min.js")


def axe_violations(browser: Any) -> list[Any]:
    """Return what axe finds wrong with a page; skip the test where axe is not installed."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed; make site-test gets it where npm is")
    browser.execute_script(AXE.read_text("utf-8"))
    return browser.execute_async_script(
        "const done = arguments[0];"
        "axe.run(document, {resultTypes: ['violations'], preload: false}).then((found) => done("
        "found.violations.map((one) => [one.id, one.nodes.slice(0, 3).map((node) => node.html)])))"
    )
