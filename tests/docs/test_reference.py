"""The reference has every public name, each page is listed, and all links lead to something."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import xbench
import xbench.plot

from .page_blocks import PAGES, ROOT

DOCS = ROOT / "docs"
REFERENCE = "\n".join(
    page.read_text(encoding="utf-8") for page in sorted((DOCS / "reference").glob("*.md"))
)
DIRECTIVE = re.compile(r"^\.\. (?:auto|py:)(?:\w+):: xbench\.(\w+)$", re.MULTILINE)


def test_every_public_name_is_in_the_reference() -> None:
    described = set(DIRECTIVE.findall(REFERENCE))
    assert set(xbench.__all__) - described == set()
    # `xbench.benchmark` is a room that can be called.
    assert ".. function:: xbench.benchmark(" in REFERENCE


def test_every_figure_is_in_the_reference() -> None:
    (members,) = re.findall(r"automodule:: xbench\.plot\n\s+:members: (.*)", REFERENCE)
    assert sorted(members.split(", ")) == xbench.plot.__all__


def test_every_page_stands_in_one_list_of_pages() -> None:
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    listed = re.findall(r"^([\w/]+)$", index, re.MULTILINE)
    there = {
        str(path.relative_to(DOCS).with_suffix(""))
        for ending in ("md", "ipynb")
        for path in DOCS.rglob(f"*.{ending}")
    }
    assert sorted(listed) == sorted(there - {"index"})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_to_a_file(page: Path) -> None:
    text = re.sub(r"^```(?!\{).*?^```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.M)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"[a-z]+:|#", target):
            assert (page.parent / target.partition("#")[0]).exists(), target


def test_the_readme_fits_on_a_screen() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if line.strip()]) <= 60
