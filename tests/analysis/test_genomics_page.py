"""The examples of docs/explanation/genomics.md run, and print what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "genomics.md"


def test_the_examples_print_what_the_page_says(
    simulated_files: dict[str, Path],
    simulated_cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("XBENCH_CACHE", str(simulated_cache))
    page = PAGE.read_text(encoding="utf-8")
    examples = re.findall(r"```python\n(.*?)```.*?```text\n(.*?)```", page, re.DOTALL)
    assert len(examples) == 2
    names: dict[str, object] = {}
    for number, (code, printed) in enumerate(examples):
        if number == 1:
            pytest.importorskip("cooler", reason="cooler is not here; pip install '.[hic]'")
        exec(compile(code, str(PAGE), "exec"), names)
        assert capsys.readouterr().out == printed
