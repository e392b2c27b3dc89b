"""Pictures of each page of a built site, light and dark, wide and narrow, for people to look at.

``XBENCH_SITE=build/site XBENCH_SCREENSHOTS=docs/screenshots pytest -m browser -k screenshots``
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from .chromium import appear, chromium, complaints

pytestmark = pytest.mark.browser
# What is looked at: a file of the site, what its page must have drawn, how much of it is shown.
PAGES = {
    "overview": ("index.html", "table.overview tbody tr", 900),
    "study": ("study/*simulated-multiome--c*.html", "#left-out-chart svg.main-svg", 2600),
    "compare": ("compare.html", "#compare-chart svg.main-svg", 1400),
    "target": ("target/*--simulated-multiome--c*--VIP--GAD1.html", ".mark", 1150),
    "pixels": ("target/mnist-binary--*.html", "svg.pixels", 900),
    "run": ("run.html", "#selected", 1150),
}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with chromium(tmp_path_factory.mktemp("p"), tmp_path_factory.mktemp("d")) as started:
        yield started


@pytest.mark.skipif("XBENCH_SITE" not in os.environ, reason="XBENCH_SITE names no built site")
@pytest.mark.parametrize("width", [1300, 400])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_screenshots(browser: Any, page: str, theme: str, width: int, tmp_path: Path) -> None:
    pattern, drawn, height = PAGES[page]
    site = Path(os.environ["XBENCH_SITE"]).absolute()
    file = min(site.glob(pattern), default=None)
    if file is None:
        pytest.skip(f"the site has no {pattern}")
    appear(browser, width, height, theme)
    browser.get("about:blank")
    complaints(browser)
    if page == "run":
        browser.get(min(site.glob(PAGES["target"][0])).as_uri())
        script = "return document.querySelector('a[href*=\"run.html#\"]')?.href.split('#')[1]"
        browser.get(f"{file.as_uri()}#{_soon(browser, script)}")
    else:
        browser.get(file.as_uri())
    _soon(browser, f"return document.querySelectorAll({drawn!r}).length")
    time.sleep(1)
    assert browser.execute_script("return document.documentElement.scrollWidth") == width
    folder = Path(os.environ.get("XBENCH_SCREENSHOTS", tmp_path))
    folder.mkdir(exist_ok=True)
    _save(browser.get_screenshot_as_png(), folder / f"{page}-{theme}-{width}.png")
    assert complaints(browser) == []


def _save(content: bytes, path: Path) -> None:
    """Save a picture with 64 colours, those of small marks too: a quarter of the bytes."""
    with Image.open(io.BytesIO(content)) as picture:
        few = picture.convert("RGB").quantize(
            64, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
        )
        few.save(path, optimize=True)


def _soon(browser: Any, script: str) -> Any:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if answer := browser.execute_script(script):
            return answer
        time.sleep(0.1)
    raise AssertionError(f"it did not come: {script}")
