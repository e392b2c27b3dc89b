"""What the README shows runs as it stands there."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from xbench.registry.find import methods_from_file
from xbench.testing.conformance import check_plugin

README = Path(__file__).resolve().parents[2] / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def method() -> str:
    """The block that defines a method."""
    (block,) = [block for block in BLOCKS if "(Explainer)" in block]
    return str(block)


def test_the_method_has_at_most_fifteen_lines(method: str) -> None:
    assert method.count("\n") <= 15


def test_the_method_runs_and_appears_on_the_leaderboard(
    method: str, xbench_command: Command, tmp_path: Path
) -> None:
    file = tmp_path / "own.py"
    file.write_text(method, encoding="utf-8")
    (entry,) = methods_from_file(file)
    code, out, _ = xbench_command("run", "quick", "--method", file, "--jobs", 1)
    assert code == 0
    assert entry.name in out
    assert xbench_command("leaderboard")[0] == 0
    page = (tmp_path / "leaderboard" / "published" / "README.md").read_text(encoding="utf-8")
    assert f"| {entry.name}" in page


def test_the_method_keeps_the_contract_that_it_teaches(method: str, tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    file.write_text(method, encoding="utf-8")
    (entry,) = methods_from_file(file)
    broken = [one for one in check_plugin(entry) if one.outcome == "broken"]
    assert broken == []


def test_the_model_of_the_readme_is_explained_as_it_says() -> None:
    (block,) = [block for block in BLOCKS if "xbench.explain(" in block]
    names: dict[str, object] = {}
    exec(compile(block, str(README), "exec"), names)
    (said,) = re.findall(r"print\(chosen.names\)  # (.*)", block)
    assert str(names["chosen"].names) == said  # type: ignore[attr-defined]


def test_the_python_interface_is_as_shown() -> None:
    blocks = [block for block in BLOCKS if "xbench.run(" in block]
    assert blocks
    for block in blocks:
        names: dict[str, object] = {}
        exec(compile(block, str(README), "exec"), names)
        runs = names["runs"]
        assert isinstance(runs, pd.DataFrame)
        assert set(runs["status"]) == {"ok"}
