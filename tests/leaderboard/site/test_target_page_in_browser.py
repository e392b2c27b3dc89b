"""Pages of targets and runs in a real Chromium: zoom, hover, keys, a BED file, a traceback."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from xbench.leaderboard.site import Source, build_site
from xbench.leaderboard.site.views import read_views
from xbench.results.exports import bed_text, chosen_features
from xbench.results.record import Record
from xbench.utils.text import shown

from .chromium import appear, axe_violations, chromium, complaints
from .shown_targets import HOSTILE, PEAKS, TRACEBACK, door, runs_of_target, small_genome

pytestmark = pytest.mark.browser
Make = Callable[..., Record]
ADDRESS = "target/toy--cortex--cross-modality--VIP--GAD1.html"


@pytest.fixture(scope="module")
def dataset() -> Any:
    return small_genome("-")


@pytest.fixture
def records(make_record: Make, dataset: Any) -> list[Record]:
    return runs_of_target(make_record, dataset)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    names = ("site", "profile", "downloads")
    return {name: tmp_path_factory.mktemp(name) for name in names}


@pytest.fixture(scope="module")
def started(places: dict[str, Path]) -> Iterator[Any]:
    with chromium(places["profile"], places["downloads"]) as browser:
        yield browser


@pytest.fixture
def browser(
    started: Any, places: dict[str, Path], records: list[Record], dataset: Any, make_task: Any
) -> Iterator[Any]:
    """The browser, with the site built once; afterwards it must have nothing to complain of."""
    if not (places["site"] / "index.html").exists():
        tasks = {"toy": make_task()}
        build_site([Source("s", records)], tasks, places["site"], open_data=door(dataset))
    appear(started)
    started.get("about:blank")
    complaints(started)
    yield started
    assert complaints(started) == []


@pytest.fixture
def target(browser: Any, places: dict[str, Path]) -> Any:
    browser.get((places["site"] / ADDRESS).as_uri())
    wait(lambda: browser.find_elements("css selector", ".mark"))
    return browser


def wait(question: Callable[[], Any]) -> Any:
    """Return the first answer that is not empty, within ten seconds."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if answer := question():
            return answer
        time.sleep(0.05)
    raise AssertionError("it did not come")


def text(browser: Any, selector: str) -> str:
    return browser.execute_script(f"return document.querySelector({selector!r}).textContent")


def width_of_view(browser: Any) -> int:
    first, last = text(browser, "#track-view").split(", ")[0].split(":")[-1].rsplit("–")
    return int(last.replace(",", "")) - int(first.replace(",", ""))


def press(browser: Any, *keys: str) -> None:
    for key in keys:
        browser.switch_to.active_element.send_keys(key)


def test_each_method_has_its_line_and_true_peaks_another_shape(target: Any) -> None:
    labels = [one.text for one in target.find_elements("css selector", ".row-label")]
    assert "grids · 3 chosen, 2 true (2 runs)" in labels
    assert "random · 4 chosen, 1 true, 3 outside (2 runs)" in labels
    assert f"{shown(HOSTILE)} · no result: failed" in labels
    row = "return document.querySelectorAll(`.mark[data-row='method-1'] ${arguments[0]}`).length"
    assert target.execute_script(row, "circle.true") == 2
    assert target.execute_script(row, "path.untrue") == 1


def test_buttons_wheel_and_keys_zoom_and_move(target: Any) -> None:
    whole = width_of_view(target)
    target.find_element("css selector", "[aria-label='Zoom in']").click()
    assert width_of_view(target) == pytest.approx(whole / 2, abs=2)
    frame = target.find_element("css selector", ".track-frame")
    target.execute_script("arguments[0].focus()", frame)
    press(target, "-")
    assert width_of_view(target) == pytest.approx(whole, abs=2)
    before = text(target, "#track-view")
    target.execute_script(
        "arguments[0].dispatchEvent(new WheelEvent('wheel',"
        "{deltaY: -100, clientX: 500, clientY: 300, cancelable: true}))",
        frame,
    )
    assert width_of_view(target) == pytest.approx(0.8 * whole, abs=2)
    press(target, "\ue014")
    assert text(target, "#track-view") != before
    press(target, "0")
    assert width_of_view(target) == whole


def test_a_mark_says_what_it_is_to_mouse_and_keyboard(target: Any) -> None:
    actions = pytest.importorskip("selenium.webdriver").ActionChains(target)
    mark = target.find_element("css selector", ".mark[data-row='method-1'] .hit")
    actions.move_to_element(mark).perform()
    tip = wait(lambda: text(target, ".track-tip"))
    assert PEAKS[1][0] in tip or PEAKS[2][0] in tip or PEAKS[3][0] in tip
    assert "grids: chosen in" in tip
    target.execute_script("document.querySelector('.track-frame').focus()")
    press(target, "\ue007")
    named = target.switch_to.active_element.get_attribute("aria-label")
    assert named.startswith("gene ")
    press(target, "\ue015")
    named = target.switch_to.active_element.get_attribute("aria-label")
    assert "open in" in named
    assert "VIP cells" in named
    press(target, "\ue00c")
    assert target.switch_to.active_element.get_attribute("class") == "track-frame"


def test_what_the_picture_does_not_show_is_listed(target: Any) -> None:
    which = target.find_element("id", "which-features")
    which.send_keys("not in")
    expected = [PEAKS[5][0], PEAKS[0][0], shown(HOSTILE)]
    wait(lambda: listed(target) == expected)
    target.find_element("css selector", "#chosen-features tbody button").click()
    assert text(target, "#track-view").startswith("chr2:")
    wait(lambda: listed(target) != expected and PEAKS[5][0] not in listed(target))


def listed(browser: Any) -> list[str]:
    script = (
        "return [...document.querySelectorAll('#chosen-features tbody th')].map(e => e.textContent)"
    )
    return browser.execute_script(script)


def test_three_clicks_from_the_front_page_lie_the_peaks_and_which_are_true(
    browser: Any, places: dict[str, Path]
) -> None:
    browser.get((places["site"] / "index.html").as_uri())
    browser.find_element("css selector", ".menu summary").click()
    browser.find_element("partial link text", "toy").click()
    wait(lambda: browser.find_elements("link text", "VIP:GAD1"))[0].click()
    wait(lambda: browser.find_elements("css selector", ".mark circle.true"))
    assert "grids · 3 chosen, 2 true (2 runs)" in text(browser, "svg.tracks")


def test_distances_are_those_of_the_exports(
    target: Any, records: list[Record], dataset: Any
) -> None:
    views = read_views(records, door(dataset))
    chosen = {one.feature: one for one in chosen_features(views.named.values())}
    for name, one in chosen.items():
        if one.place is None:
            continue
        gene = dict(zip(("chrom", "start", "end"), one.gene, strict=True), strand=one.strand)
        place = dict(zip(("chrom", "start", "end"), one.place, strict=True))
        script = (
            "const [place, gene] = arguments; const found = xbenchGenome.distance(place, gene);"
            "return [found, found === null ? '' : xbenchGenome.side(found, gene)]"
        )
        assert target.execute_script(script, place, gene) == [one.distance, one.side], name


def test_a_downloaded_bed_is_that_of_runs_export(
    target: Any, places: dict[str, Path], records: list[Record], dataset: Any
) -> None:
    target.find_element("id", "download-bed").click()
    file = places["downloads"] / "VIP-GAD1-L2.bed"
    wait(file.exists)
    words = shlex.split(text(target, "#export-command"))
    expected = "xbench runs export --task toy --dataset cortex --surrogate cross-modality"
    assert words == [*expected.split(), "--target", "VIP:GAD1", "-L", "2", "--format", "bed"]
    views = read_views(records, door(dataset))
    assert wait(file.read_text) == bed_text(chosen_features(views.named.values()))


def test_a_failed_run_shows_its_traceback_two_clicks_from_the_front_page(
    browser: Any, places: dict[str, Path]
) -> None:
    browser.get((places["site"] / "index.html").as_uri())
    browser.find_element("link text", "Runs").click()
    wait(lambda: browser.find_elements("css selector", "a.run"))[0].click()
    wait(lambda: browser.find_elements("id", "traceback"))
    assert text(browser, "#traceback") == TRACEBACK.replace("\x07", " ")
    assert text(browser, "#reason") == f"failed: ValueError: {shown(HOSTILE)}"
    assert browser.execute_script("return document.querySelectorAll('#run img').length") == 0


def test_a_run_shows_its_features_scores_and_curve(
    browser: Any, places: dict[str, Path], records: list[Record]
) -> None:
    browser.get(f"{(places['site'] / 'run.html').as_uri()}#{records[0].run_id}")
    wait(lambda: browser.find_elements("id", "selected"))
    rows = [
        [cell.text for cell in row.find_elements("css selector", "td, th")]
        for row in browser.find_elements("css selector", "#selected tbody tr")
    ]
    # The gene's start is its last base, 1,039,999, since it lies on the other strand.
    assert rows == [
        ["1", PEAKS[3][0], "✓ true", "39.4 kb downstream", "0.75"],
        ["2", PEAKS[2][0], "✓ true", "49.5 kb downstream", "0.5"],
    ]
    assert "loss by step: from 3.5 at step 0 to 1.25 at step 1" in text(browser, "#run")
    assert f"told {shown(HOSTILE)}" in text(browser, "#run")
    browser.find_element("link text", "All methods on VIP:GAD1").click()
    wait(lambda: browser.find_elements("css selector", ".mark"))


def test_an_address_of_no_run_says_so(browser: Any, places: dict[str, Path]) -> None:
    browser.get(f"{(places['site'] / 'run.html').as_uri()}#%3Cimg%20src=x%3E")
    wait(lambda: "There is no run <img src=x> here." in text(browser, "#run"))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_fit_400_pixels(target: Any, theme: str) -> None:
    appear(target, 400, 800, theme)
    time.sleep(0.3)
    assert target.execute_script("return document.documentElement.scrollWidth") == 400
    ink, paper = target.execute_script(
        "const s = getComputedStyle(document.body); return [s.color, s.backgroundColor]"
    )
    assert (sum(rgb(ink)) > sum(rgb(paper))) == (theme == "dark")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("page", ["target", "run", "failed run", "runs"])
def test_axe_finds_nothing_wrong(
    browser: Any, places: dict[str, Path], records: list[Record], page: str, theme: str
) -> None:
    appear(browser, theme=theme)
    runs = (places["site"] / "run.html").as_uri()
    address, drawn = {
        "target": ((places["site"] / ADDRESS).as_uri(), ".mark"),
        "run": (f"{runs}#{records[0].run_id}", "#selected"),
        "failed run": (f"{runs}#{records[-1].run_id}", "#traceback"),
        "runs": (runs, "a.run"),
    }[page]
    browser.get(address)
    wait(lambda: browser.find_elements("css selector", drawn))
    assert axe_violations(browser) == []


def rgb(colour: str) -> list[int]:
    return [int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
