"""What the guides show runs, and does what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from xbench.registry.find import methods_from_file

from .page_blocks import LOOKED_INTO, ROOT, PageBlock, blocks_of, run_page


def block_with(page: str, part: str) -> str:
    """The one block of Python of a page that holds a text."""
    found = [one for one in blocks_of(ROOT / page) if one.language == "python"]
    (block,) = [one for one in found if part in one.text]
    return block.text


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_as_it_stands(page: str, folder: Path) -> tuple[dict[str, Any], list[tuple[PageBlock, str]]]:
    """Run a page, and return what its Python defines and what each block prints."""
    names: dict[str, Any] = {}
    blocks = [one for one in blocks_of(ROOT / page) if not one.mark]
    return names, list(run_page(blocks, folder, names))


def test_the_method_has_at_most_fifteen_lines_and_keeps_its_contract_and_is_ranked(
    here: Path,
) -> None:
    page = LOOKED_INTO[0]
    assert block_with(page, "(Explainer)").count("\n") <= 15
    _, [(block, printed)] = run_as_it_stands(page, here)
    # `xbench check`, a run of it, and the leaderboard, as the page has them.
    assert len(block.commands()) == 3
    (entry,) = methods_from_file(here / "centre_pixels.py")
    assert entry.name == "centre-pixels"
    assert "it keeps the contract" in printed
    ranked = (here / "mine" / "pages" / "README.md").read_text(encoding="utf-8")
    assert f"| {entry.name}" in ranked


# tests/test_own_models_page.py runs the same in Python and from the command line.
@pytest.mark.slow
def test_runs_and_a_model_of_ones_own_in_python_are_as_the_page_says(here: Path) -> None:
    names, _ = run_as_it_stands(LOOKED_INTO[1], here)
    assert isinstance(names["runs"], pd.DataFrame)
    assert set(names["runs"]["status"]) == {"ok"}
    said = block_with(LOOKED_INTO[1], "xbench.explain(").partition("print(chosen.names)  # ")[2]
    assert str(names["chosen"].names) == said.strip()
    pages = list((here / "leaderboard" / "published").glob("README.md"))
    assert len(pages) == 1
