"""Overview, study and compare in a real Chromium: sort, filter, search, switch, hide, open."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.leaderboard.conftest import ToyTask, build_record
from xbench.leaderboard.site import KeptRuns, Source, build_site

from .chromium import appear, axe_violations, chromium, complaints
from .shown_results import HOSTILE, TRACEBACK, shown_results

pytestmark = pytest.mark.browser
STUDY = "study/toy--cortex--cross-modality.html"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    records, findings = shown_results(build_record)
    own = [one for one in records if one.surrogate == "oracle"]
    kept = KeptRuns("baseline old", own[0].study, own, ("d0", "s1"))
    build_site(
        [Source("s", records, findings)],
        {"toy": ToyTask(metrics=("avg-delta", "rel-delta"))},
        folder,
        controls={"random"},
        baselines=[kept],
    )
    return folder


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with chromium(tmp_path_factory.mktemp("profile"), tmp_path_factory.mktemp("got")) as browser:
        yield browser


@pytest.fixture
def browser(started: Any) -> Iterator[Any]:
    """The browser, which must have nothing to complain of afterwards: no error, no network."""
    appear(started)
    started.get("about:blank")
    complaints(started)
    yield started
    assert complaints(started) == []


def wait(browser: Any, script: str) -> Any:
    """Return what a script returns as soon as that is not empty, within ten seconds."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if answer := browser.execute_script(script):
            return answer
        time.sleep(0.05)
    raise AssertionError(f"it did not come: {script}")


def opened(browser: Any, site: Path, address: str, ready: str) -> Any:
    browser.get("about:blank")
    page, _, anchor = address.partition("#")
    browser.get((site / page).as_uri() + f"#{anchor}" * bool(anchor))
    wait(browser, f"return document.querySelector({json.dumps(ready)})")
    return browser


@pytest.fixture
def overview(browser: Any, site: Path) -> Any:
    return opened(browser, site, "index.html", "table.overview")


def rows(browser: Any) -> list[str]:
    names = "table.overview tbody tr:not(.group) th .name"
    return [one.text for one in browser.find_elements("css selector", names)]


def column(browser: Any, number: int) -> list[str]:
    return browser.execute_script(
        "return [...document.querySelectorAll('table.overview tbody tr:not(.group)')]"
        ".map((row) => row.cells[arguments[0]].innerText)",
        number,
    )


def choose(browser: Any, ident: str, value: str) -> None:
    browser.execute_script(
        "const field = document.getElementById(arguments[0]); field.value = arguments[1];"
        "for (const kind of ['input', 'change'])"
        "  field.dispatchEvent(new Event(kind, {bubbles: true}));",
        ident,
        value,
    )


def test_rows_are_pipelines_columns_are_tasks_at_one_l(overview: Any) -> None:
    heads = [one.text for one in overview.find_elements("css selector", "thead button.sort strong")]
    assert heads == ["L = 10", "L = 20"]
    groups = overview.find_elements("css selector", "tr.group")
    assert [one.text for one in groups] == ["asked of cross-modality", "asked of oracle"]
    assert len(rows(overview)) == 10
    assert HOSTILE in rows(overview)
    shaded = overview.find_elements("css selector", "tr.control .name")
    assert {one.text for one in shaded} == {"random"}


def test_missing_results_are_words(overview: Any) -> None:
    place = rows(overview).index(HOSTILE)
    assert "failed 5 of 6, 1 of 6 targets" in column(overview, 1)[place]
    assert column(overview, 2)[place] == "not run"


def test_a_click_sorts_and_a_second_one_turns_round(overview: Any) -> None:
    choose(overview, "surrogate", "cross-modality")
    button = "thead th:nth-child(2) button.sort"
    first = rows(overview)
    assert set(first[:2]) == {"grids", "fimap"}
    assert first[2:] == ["saliency", "random", HOSTILE]
    heading = overview.find_element("css selector", "thead th:nth-child(2)")
    assert heading.get_attribute("aria-sort") == "ascending"
    overview.find_element("css selector", button).click()
    heading = overview.find_element("css selector", "thead th:nth-child(2)")
    assert heading.get_attribute("aria-sort") == "descending"
    # What is not ranked stays at the end.
    assert rows(overview)[:2] == ["random", "saliency"]
    assert rows(overview)[-1] == HOSTILE


def test_what_differs_by_noise_stands_in_one_frame(overview: Any) -> None:
    choose(overview, "surrogate", "cross-modality")
    tiers = [text.split("tier ")[1][0] for text in column(overview, 1)[:4]]
    assert tiers == ["1", "1", "2", "3"]
    frames = overview.execute_script(
        "return [...document.querySelectorAll('td.in-tier')].map("
        "(cell) => [cell.classList.contains('tier-start'), cell.classList.contains('tier-end')])"
    )
    assert frames == [[True, False], [False, True], [True, True], [True, True]]


def test_search_filters_and_controls_narrow_the_rows(overview: Any) -> None:
    choose(overview, "search", "GRI")
    assert rows(overview) == ["grids", "grids"]
    choose(overview, "search", "oracle")
    assert len(rows(overview)) == 5
    overview.find_element("id", "with-controls").click()
    assert "random" not in rows(overview)
    choose(overview, "size", "20")
    heads = overview.find_elements("css selector", "thead button.sort strong")
    assert [one.text for one in heads] == ["L = 20"]
    assert "of 10 pipelines, 1 of 2 columns" in overview.find_element("id", "said").text


def test_the_metric_is_switched(overview: Any) -> None:
    choose(overview, "surrogate", "cross-modality")
    best = column(overview, 1)[0]
    choose(overview, "metric", "avg-delta")
    assert column(overview, 1)[0] != best
    choose(overview, "metric", "seconds")
    assert rows(overview)[0] == "random"
    assert column(overview, 1)[0].split("\n")[0] == "0.05"
    # A link to what is shown.
    address = overview.current_url
    overview.get("about:blank")
    overview.get(address)
    wait(overview, "return document.querySelector('table.overview')")
    assert rows(overview)[0] == "random"
    assert overview.find_element("id", "metric").get_attribute("value") == "seconds"


def test_rows_and_columns_are_hidden_and_come_back(overview: Any) -> None:
    overview.find_element("css selector", "[aria-label='Hide grids on oracle']").click()
    overview.find_element("css selector", "[aria-label='Hide toy on cortex, L = 20']").click()
    assert len(rows(overview)) == 9
    assert len(overview.find_elements("css selector", "#overview thead th")) == 2
    overview.find_element("id", "show-hidden").click()
    assert len(rows(overview)) == 10
    assert len(overview.find_elements("css selector", "#overview thead th")) == 3


def test_a_traceback_is_two_clicks_away(overview: Any) -> None:
    overview.find_element("css selector", "a[href$='cross-modality.html#without-a-result']").click()
    wait(overview, "return document.querySelector('#without-a-result li a')")
    overview.execute_script("document.querySelector('#without-a-result details').open = true")
    link = overview.find_element("css selector", "#without-a-result li a")
    overview.execute_script("arguments[0].scrollIntoView()", link)
    link.click()
    wait(overview, "return document.querySelector('#traceback')")
    assert overview.find_element("id", "traceback").text.strip() == TRACEBACK


def charts(browser: Any) -> list[str]:
    """Return the ids of the charts that are drawn."""
    return browser.execute_script(
        "return [...document.querySelectorAll('.chart')]"
        ".filter((chart) => chart.querySelector('svg.main-svg')).map((chart) => chart.id)"
    )


@pytest.fixture
def study(browser: Any, site: Path) -> Any:
    return opened(browser, site, STUDY, "#left-out-chart svg.main-svg")


def test_every_chart_of_a_study_is_drawn_and_said(study: Any) -> None:
    assert charts(study) == ["map-chart", "cost-chart", "drops-chart", "left-out-chart"]
    for one in study.find_elements("css selector", ".canvas"):
        assert len(one.get_attribute("aria-label")) > 30
    # Numbers for who sees no chart.
    assert len(study.find_elements("css selector", "details.numbers")) == 4
    ranks = study.find_element("css selector", "svg.ranks").get_attribute("aria-label")
    assert "random 4.00" in ranks


def test_a_hostile_name_is_letters_in_charts_too(study: Any) -> None:
    names = study.execute_script(
        "return [...document.querySelectorAll('#map-chart .ytick text')]"
        ".map((one) => one.textContent)"
    )
    assert HOSTILE in names
    assert study.find_elements("css selector", "img") == []


def test_data_that_are_missing_are_said(browser: Any, site: Path) -> None:
    kept = (site / "data" / "overview.js").read_bytes()
    (site / "data" / "overview.js").unlink()
    try:
        browser.get((site / "index.html").as_uri())
        said = wait(browser, "return document.querySelector('[role=alert]')?.textContent")
    finally:
        (site / "data" / "overview.js").write_bytes(kept)
    assert said.endswith("data/overview.js is missing: build the site again")
    assert any("overview.js" in text for text in complaints(browser))


def test_the_chart_follows_the_choice(study: Any) -> None:
    said = "return document.querySelector('#cost-chart .canvas').getAttribute('aria-label')"
    assert "On the Pareto front: random, saliency, grids" in study.execute_script(said)
    choose(study, "size", "20")
    wait(study, f"{said.replace('return', 'return (')}).includes('L = 20')")
    choose(study, "cost-kind", "evaluations")
    wait(study, f"{said.replace('return', 'return (')}).includes('evaluations')")


def test_a_table_of_a_study_is_sorted_by_number(study: Any) -> None:
    heads = study.find_elements("css selector", "#L-10 thead th")
    place = 1 + [one.text for one in heads].index("seconds ↓")
    button = study.find_element("css selector", f"#L-10 thead th:nth-child({place}) button")
    study.execute_script("arguments[0].scrollIntoView({block: 'center'})", button)
    button.click()
    first = f"#L-10 tbody td:nth-child({place})"
    shown = [one.text for one in study.find_elements("css selector", first)]
    assert shown == ["0.05", "0.8", "5", "20", "90"]


def test_a_comparison_says_who_is_better_where(browser: Any, site: Path) -> None:
    study = "study=toy--cortex--cross-modality"
    opened(browser, site, f"compare.html#{study}", "#compare-chart svg.main-svg")
    sides = browser.execute_script(
        "return [...document.getElementById('one').options].map((option) => option.text)"
    )
    choose(browser, "one", str(sides.index("grids")))
    choose(browser, "other", str(sides.index("saliency")))
    said = browser.find_element("id", "said").text
    assert "grids is better on 6 of 6 targets, saliency on 0, equal on 0" in said
    assert "−5.233" in said
    assert said.endswith("A is better.")
    browser.find_element("id", "exchange").click()
    said = browser.find_element("id", "said").text
    assert "saliency is better on 0 of 6 targets, grids on 6" in said
    assert "5.233" in said
    assert said.endswith("B is better.")
    # What Python counted is the mean of the bars that are drawn.
    bars = browser.execute_script(
        "return document.querySelector('#compare-chart .canvas').data.flatMap((one) => [...one.x])"
    )
    assert sum(bars) / len(bars) == pytest.approx(5.233, abs=1e-3)


def test_a_baseline_is_compared_with_and_other_data_are_told(browser: Any, site: Path) -> None:
    study = "study=toy--cortex--oracle"
    opened(browser, site, f"compare.html#{study}", "#compare-chart svg.main-svg")
    sides = browser.execute_script(
        "return [...document.getElementById('one').options].map((option) => option.text)"
    )
    choose(browser, "one", str(sides.index("grids (s)")))
    choose(browser, "other", str(sides.index("grids (baseline old)")))
    assert "equal on 6" in browser.find_element("id", "said").text
    assert "have another data under the same name" in browser.find_element("id", "differs").text


PAGES = {
    "index.html": "table.overview",
    STUDY: "#left-out-chart svg.main-svg",
    "compare.html": "#compare-chart svg.main-svg",
}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_nothing_wrong(browser: Any, site: Path, page: str, theme: str) -> None:
    appear(browser, theme=theme)
    opened(browser, site, page, PAGES[page])
    assert browser.execute_script("return document.documentElement.dataset.theme") == theme
    assert axe_violations(browser) == []


@pytest.mark.parametrize("page", PAGES)
def test_a_narrow_window_scrolls_tables_but_not_the_page(
    browser: Any, site: Path, page: str
) -> None:
    appear(browser, width=400)
    opened(browser, site, page, PAGES[page])
    width = "return document.documentElement.scrollWidth"
    assert browser.execute_script(width) <= 400


def test_the_theme_is_switched_and_charts_follow(study: Any) -> None:
    ink = "return getComputedStyle(document.querySelector('#map-chart svg text')).fill"
    before = study.execute_script(ink)
    button = study.find_element("id", "theme-switch")
    assert button.text == "Theme: system"
    button.click()
    button.click()
    assert button.text == "Theme: dark"
    wait(study, f"return ({ink.removeprefix('return ')}) !== {json.dumps(before)}")
    button.click()
    assert button.text == "Theme: system"


def test_a_keyboard_reaches_the_content_first(overview: Any) -> None:
    overview.execute_script("document.body.tabIndex = -1; document.body.focus()")
    overview.switch_to.active_element.send_keys("\ue004")
    assert overview.switch_to.active_element.text == "Skip to the content"
