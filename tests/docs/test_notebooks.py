"""The tutorials run from top to bottom, and what is kept of them is what comes out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("nbclient", reason="nbclient is not here; pip install '.[docs]'")
import nbformat

from .notebooks import FOLDER, executed, tidied

NAMES = ("explain_my_model", "peaks_of_my_gene", "reproduce_a_table")


def texts_of(book: nbformat.NotebookNode) -> list[str]:
    """What a reader sees of each output that is text: no seconds, which no two runs share."""
    return [
        re.sub(r"\d+\.\d+(e-?\d+)?", lambda number: f"{float(number[0]):.2g}", text)
        for cell in book.cells
        if cell.cell_type == "code"
        for text in map(plain_of, cell.outputs)
        if text and "seconds" not in text and "run_id" not in text
    ]


def plain_of(output: Any) -> str:
    return str(output.get("text", "") or output.get("data", {}).get("text/plain", ""))


def test_the_tutorials_are_these_three() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_tutorial_is_kept_with_its_outputs_and_small(name: str) -> None:
    path = FOLDER / f"{name}.ipynb"
    book = nbformat.read(path, as_version=4)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    outputs = [output for cell in code for output in cell.outputs]
    assert len([one for one in outputs if "image/png" in one.get("data", {})]) >= 1
    assert len([one for one in outputs if "text/html" in one.get("data", {})]) >= 1
    assert not [one for one in outputs if one.output_type == "error"]
    assert path.stat().st_size < 250_000
    assert tidied(nbformat.from_dict(book)) == book


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_tutorial_runs_and_says_what_is_kept(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XBENCH_CACHE", str(tmp_path / "cache"))
    path = FOLDER / f"{name}.ipynb"
    ran = tidied(executed(path, tmp_path))
    assert texts_of(ran) == texts_of(nbformat.read(path, as_version=4))
