"""The page, the image and the JSON."""

from __future__ import annotations

import base64
import io
import json
import math
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from xbench.errors import XbenchError
from xbench.surrogates.evaluation.measure import SurrogateReport
from xbench.surrogates.evaluation.poster import png_poster
from xbench.surrogates.evaluation.report_page import (
    check_out,
    html_page,
    json_numbers,
    write_report,
)
from xbench.surrogates.evaluation.wording import facts

from .small_report import COUNTS, GENES, marked_multiome, report_of

VOID = {"meta", "img"}


class Page(HTMLParser):
    """Tags, attributes and text of a page; every tag must be closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.images: list[dict[str, str]] = []
        self.links: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = {name: value or "" for name, value in attrs}
        if tag == "img":
            self.images.append(given)
        self.links += [value for name, value in given.items() if name in ("src", "href")]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.text += data


@pytest.fixture(scope="module")
def html(report: SurrogateReport) -> str:
    return html_page(report)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


@pytest.fixture(scope="module")
def png(report: SurrogateReport) -> bytes:
    return png_poster(report)


def test_names_of_the_data_are_text_not_markup(page: Page) -> None:
    assert "script" not in page.tags
    assert "some@body" not in page.tags
    assert "Somebody <some@body> (2020)" in page.text
    assert "marked & small" in page.text


def test_names_everywhere_are_escaped() -> None:
    """Neither quotes, which would end an attribute, nor the template's own signs do anything."""
    quoted = '" onload="alert(1)\' {{ 7 * 7 }} {% raw %} &lt;b&gt;'
    awkward = report_of(
        marked_multiome(),
        dataset=f"<script>1</script>{quoted}",
        split="<b>",
        machine='"<img src=x>',
        citation="<i>",
    )
    awkward.means.names[~awkward.means.counted] = "<u>"
    found = Page(html_page(awkward))
    assert {"script", "b", "i", "u"}.isdisjoint(found.tags)
    assert all(text in found.text for text in ("<script>1</script>", '"<img src=x>', "<i>", "<u>"))
    assert len(found.images) == 4
    assert quoted in found.text
    assert set(found.images[0]) == {"alt", "src"}
    assert "49" not in found.text.split(quoted)[0]


def test_everything_is_inside(page: Page) -> None:
    assert len(page.images) == 4
    assert all(link.startswith("data:image/svg+xml;base64,") for link in page.links)
    for image in page.images:
        drawing = ElementTree.fromstring(base64.b64decode(image["src"].partition(",")[2]))
        assert drawing.tag == "{http://www.w3.org/2000/svg}svg"
        # Nothing from elsewhere, nothing that runs.
        for element in drawing.iter():
            assert not element.tag.endswith("script")
            for name, value in element.attrib.items():
                if name.endswith("href"):
                    assert value.startswith(("#", "data:image/png"))
        assert image["alt"]


def test_it_says_what_matters(page: Page, report: SurrogateReport) -> None:
    first = report.interpretations["surrogate"][0].value
    baseline = report.interpretations["type-training-mean"][0].value
    assert (
        f"{first:.3f} (4 of 14 marker genes, 3 of 4 cell types with at least 10 cells)" in page.text
    )
    assert f"training mean gives {baseline:.3f}" in page.text
    assert "0.914" in page.text
    assert "that is a guess" in page.text
    assert "no test cell was seen in training" in page.text
    assert "batch size 128, adversary weight 0.5" in page.text
    assert "(fewer: Few)" in page.text
    assert "NXPH1, OLIG1, OLIG2, FLT1" in page.text
    assert "PCA of the surrogate's 20-dimensional embedding" in page.text


@pytest.mark.parametrize(
    ("split", "words"),
    [("reference", "test cells were trained on"), ("unknown", "the checkpoint does not say")],
)
def test_it_says_which_cells_were_trained_on(split: str, words: str) -> None:
    assert words in dict(facts(report_of(marked_multiome(), split=split)))["split"]


def test_parts_that_do_not_exist_are_said_to_be_absent() -> None:
    bare = report_of(marked_multiome(genes=("A", "B")), stages={}, surrogate="oracle")
    found = Page(html_page(bare))
    assert len(found.images) == 2
    assert "None of the paper's marker genes is among the genes predicted" in found.text
    assert "holds no record of training" in found.text
    assert "only as many zeros" not in found.text
    assert png_poster(bare).startswith(b"\x89PNG")


def test_the_image_holds_every_part(png: bytes) -> None:
    image = Image.open(io.BytesIO(png))
    assert image.width == 1650
    pixels = np.asarray(image.convert("L"))
    # Parts lie one below the other: no inch of the height is empty, and the margins are.
    inked = (pixels < 200).any(axis=1)
    assert all(inked[start : start + 150].any() for start in range(0, len(inked) - 150, 150))
    assert not (pixels[:, :10] < 200).any()
    assert not (pixels[:, -10:] < 200).any()


def test_json_holds_every_number(report: SurrogateReport) -> None:
    content = json.loads(json_numbers(report), parse_constant=lambda name: pytest.fail(name))
    assert (content["format"], content["version"]) == ("xbench-surrogate-report", 1)
    assert content["subject"]["saw_test_cells"] is False
    assert content["subject"]["stages"]["one"]["curve"] == [[0, 3], [10, 2], [20, 2.5]]
    assert content["genes"]["names"] == list(GENES)
    for name, found in report.agreements.items():
        for measure, values in vars(found).items():
            stored = content["genes"][name][measure]
            back = [math.nan if value is None else value for value in stored["values"]]
            np.testing.assert_allclose(back, values, rtol=1e-5)
            assert stored["undefined"] == np.isnan(values).sum()
            assert stored["defined"] + stored["undefined"] == len(GENES)
            if stored["defined"]:
                assert stored["quantiles"]["0.5"] == pytest.approx(np.nanmedian(values), rel=1e-5)
            else:
                assert stored["quantiles"]["0.5"] is None
    types = {one["name"]: (one["test_cells"], one["counted"]) for one in content["cell_types"]}
    test_cells = {name: round(0.2 * count) for name, count in COUNTS.items()}
    assert types == {name: (count, count >= 10) for name, count in test_cells.items()}
    marker = content["markers"][1]
    assert (marker["gene"], marker["name"], marker["own_types"]) == ("GAD2", "Gad2", ["CGE"])
    np.testing.assert_allclose(marker["observed_means"], report.means.observed[:, 1], rtol=1e-5)
    stored = content["mean_r2"]["surrogate"][0]
    assert stored["value"] == pytest.approx(report.interpretations["surrogate"][0].value, rel=1e-5)
    assert content["mean_r2"]["constant"][0]["value"] is None
    np.testing.assert_allclose(content["map"]["coordinates"], report.map.coordinates, rtol=1e-4)
    gene = content["map"]["genes"]["Gad2"]
    np.testing.assert_allclose(gene["observed"], report.cells.observed[:, 1], rtol=1e-5)
    np.testing.assert_allclose(gene["predicted"], report.cells.predicted[:, 1], rtol=1e-5)


# All drawn once more.
@pytest.mark.slow
def test_the_page_and_its_numbers_are_written_the_same_each_time(
    tmp_path: Path, report: SurrogateReport, html: str, png: bytes
) -> None:
    for name, content in (("a.html", html.encode()), ("b.PNG", png)):
        page, numbers = write_report(report, tmp_path / "new" / name)
        assert page.read_bytes() == content
        assert numbers == page.with_suffix(".json")
        assert numbers.read_text() == json_numbers(report)
    assert len(list((tmp_path / "new").iterdir())) == 4


def test_a_name_that_says_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(XbenchError, match=r"report.pdf: must end in one of: .html, .png"):
        check_out(Path("report.pdf"))
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(XbenchError, match="is a folder"):
        check_out(tmp_path / "folder.html")
