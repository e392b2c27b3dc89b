"""What selections, datasets and tables look like in a notebook; names from strangers are text."""

from __future__ import annotations

from html.parser import HTMLParser

import numpy as np
import pytest

from xbench.data.arrays import dataset_of
from xbench.explainers.selection import Selection
from xbench.leaderboard.formats import Block, Cell, Table
from xbench.utils.notebook import table_html

NASTY = "<script>alert('x')</script>\x1b[31m"


class Tags(HTMLParser):
    """Every tag that a browser would see, opened and closed in order, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def seen(page: str) -> Tags:
    found = Tags(page)
    assert set(found.tags) <= {
        "div",
        "p",
        "b",
        "small",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    }
    assert "\x1b" not in page
    return found


def test_every_part_of_a_table_is_escaped() -> None:
    found = seen(table_html(NASTY, [NASTY], [[NASTY], [1.5], [12345]], [NASTY]))
    assert sum("<script>" in text for text in found.texts) == 4
    assert "1.5" in found.texts
    assert found.tags.count("td") == 3


def test_a_selection_shows_rank_name_and_score() -> None:
    scores = [0.25, 0.75, 0.5]
    ranked = Selection([1, 2], ordered=True, nested=True, scores=scores, names=(NASTY, "b"))
    texts = seen(ranked._repr_html_()).texts
    assert texts[0] == "Selection of 2 features, best first, nested"
    assert texts[1:5] == ["rank", "index", "feature", "score"]
    assert texts[-4:] == ["2", "2", "b", "0.5"]


def test_a_selection_without_names_or_order_and_an_empty_one() -> None:
    assert "in no order" in seen(Selection([5, 3])._repr_html_()).texts[0]
    assert "Selection of 0 features" in seen(Selection([])._repr_html_()).texts[0]


def test_of_a_long_selection_the_rest_is_counted() -> None:
    found = seen(Selection(range(1234))._repr_html_())
    assert found.tags.count("tr") == 21
    assert found.texts[-1] == "and 1,214 more"


def test_a_dataset_shows_its_types_and_parts() -> None:
    x = np.random.default_rng(0).random((90, 4))
    y = np.array([NASTY] * 60 + ["b"] * 30)
    dataset = dataset_of(x, y, name=NASTY)
    found = seen(dataset._repr_html_())
    assert "90 images or rows x 4 features, 2 classes" in found.texts[0]
    at = found.texts.index("b")
    counts = [int(text) for text in found.texts[at + 1 : at + 5]]
    assert counts[0] == 30 == sum(counts[1:])
    assert counts[3] == len(dataset.rows("b", "test"))


def test_a_table_of_the_leaderboard_has_its_spans_and_bold_cells() -> None:
    rows = ((Cell(NASTY), Cell("-1.0", bold=True), Cell("2")),)
    header = ((Cell(""), Cell("both", span=2)), (Cell("a"), Cell("b"), Cell("c")))
    table = Table(NASTY, header, "lrr", (Block("10", rows), Block("", rows)), notes=(NASTY,))
    page = table._repr_html_()
    found = seen(page)
    assert found.tags.count("table") == 2
    assert 'colspan="2"' in page
    assert page.count("<b>-1.0</b>") == 2
    assert "L = 10" in found.texts


@pytest.mark.parametrize("value", [np.float64(0.123456789), 0.123456789])
def test_numbers_have_six_digits(value: float) -> None:
    assert "0.123457" in seen(table_html("", (), [[value]])).texts
