"""What the guides show does what they say."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from xbench.cli import main
from xbench.registry.find import methods_from_file
from xbench.testing.conformance import check_plugin

from .page_blocks import ROOT, blocks_of

GUIDES = ROOT / "docs" / "guides"


def block_with(guide: str, part: str) -> str:
    """The one block of Python of a guide that holds a text."""
    found = blocks_of(GUIDES / guide)
    (block,) = [one for one in found if one.language == "python" and part in one.text]
    return block.text


@pytest.fixture
def method() -> str:
    """The block that defines a method."""
    return block_with("add_an_explainer.md", "(Explainer)")


def test_the_method_has_at_most_fifteen_lines(method: str) -> None:
    assert method.count("\n") <= 15


def test_the_method_runs_and_appears_on_the_leaderboard(
    method: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "own.py"
    file.write_text(method, encoding="utf-8")
    (entry,) = methods_from_file(file)
    for words in (["run", "quick", "--method", str(file), "--jobs", "1"], ["leaderboard"]):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert not ended.value.code
    assert entry.name in capsys.readouterr().out
    page = (tmp_path / "leaderboard" / "published" / "README.md").read_text(encoding="utf-8")
    assert f"| {entry.name}" in page


def test_the_method_keeps_the_contract_that_it_teaches(method: str, tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    file.write_text(method, encoding="utf-8")
    (entry,) = methods_from_file(file)
    broken = [one for one in check_plugin(entry) if one.outcome == "broken"]
    assert broken == []


def test_a_model_is_explained_as_the_page_says() -> None:
    block = block_with("command_line.md", "xbench.explain(")
    names: dict[str, object] = {}
    exec(compile(block, "command_line.md", "exec"), names)
    _, _, said = block.partition("print(chosen.names)  # ")
    assert str(names["chosen"].names) == said.strip()  # type: ignore[attr-defined]


def test_the_python_interface_is_as_shown() -> None:
    names: dict[str, object] = {}
    exec(compile(block_with("command_line.md", "xbench.run("), "command_line.md", "exec"), names)
    runs = names["runs"]
    assert isinstance(runs, pd.DataFrame)
    assert set(runs["status"]) == {"ok"}
