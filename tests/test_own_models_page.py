"""What docs/guides/own_models.md and CONTRIBUTING.md show runs as it stands there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xbench.cli import main
from xbench.registry.plugins import plugin_entries, using
from xbench.testing.conformance import check_plugin

from .slow_rest import rest_slow

ROOT = Path(__file__).resolve().parents[1]
KINDS = ("method", "dataset", "surrogate", "metric", "task")


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path


def test_the_notebook_runs_in_fifteen_lines(here: Path) -> None:
    pytest.importorskip("sklearn")
    (cell,) = blocks("docs/guides/own_models.md", "python")
    assert len([line for line in cell.splitlines() if line.strip()]) <= 15
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(cell, "cell", "exec"), names)
    frame = names["found"].to_frame()
    assert set(frame["status"]) == {"ok"}
    assert set(frame["method"]) == {"random", "gradient-change"}
    places = [tuple(map(int, name.split(","))) for name in names["chosen"].names]
    assert len(places) == 5
    assert all(len(place) == 3 and max(place) < 8 for place in places)


# tests/benchmark/test_own_study.py runs, scores and renders the same from the command line.
@pytest.mark.slow
def test_the_command_lines_run(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("sklearn")
    x = np.random.default_rng(0).random((60, 2, 4)).astype(np.float32)
    y = np.where(x[:, 1, 1] > 0.5, "8", "3")
    np.savez(here / "x.npz", X=x, y=y)
    (here / "model.py").write_text(
        "import numpy as np\n\ndef make():\n"
        "    return lambda x: np.stack([1 - x[:, 1, 1], x[:, 1, 1]], axis=1)\n"
    )
    (console,) = blocks("docs/guides/own_models.md", "console")
    lines = [line.partition(" #")[0].strip() for line in console.splitlines()]
    assert len(lines) == 4
    for line in lines:
        words = shlex.split(line)
        assert words[0] == "xbench"
        extra = ["--jobs", "1"] if words[1] == "run" else []
        with pytest.raises(SystemExit) as ended:
            main([*words[1:], *extra])
        assert not ended.value.code, capsys.readouterr().err
    page = (here / "leaderboard" / "published" / "README.md").read_text(encoding="utf-8")
    assert "breast-cancer" in page
    rows = (here / "leaderboard" / "published" / "results.csv").read_text(encoding="utf-8")
    assert ",deletion-area," in rows


def example(kind: str) -> str:
    """The block of CONTRIBUTING.md that shows a kind."""
    marks = {"method": "(Explainer)", "dataset": "(DatasetSource)", "surrogate": "(MLPClassifier)"}
    marks["metric"] = "(Metric)"
    if kind == "task":
        (block,) = blocks("CONTRIBUTING.md", "toml")
        return block
    (block,) = [one for one in blocks("CONTRIBUTING.md", "python") if marks[kind] in one]
    return block


# What `xbench new` writes for a surrogate is checked below.
@pytest.mark.parametrize("kind", rest_slow(KINDS, ("method", "dataset", "metric", "task")))
def test_the_example_of_a_kind_is_short_and_keeps_its_contract(kind: str, here: Path) -> None:
    text = example(kind)
    assert len([line for line in text.splitlines() if line.strip()]) < 20
    file = here / ("example.toml" if kind == "task" else "example.py")
    file.write_text(text, encoding="utf-8")
    (entry,) = plugin_entries(file)
    assert entry.kind == kind
    with using([entry]):
        verdicts = check_plugin(entry)
    assert "broken" not in {one.outcome for one in verdicts}, verdicts
    assert "kept" in {one.outcome for one in verdicts}


# A method goes through `xbench check` in tests/docs/test_guides.py too.
@pytest.mark.parametrize("kind", rest_slow(KINDS, ("dataset", "surrogate", "metric", "task")))
def test_a_new_plugin_of_a_kind_keeps_its_contract(
    kind: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in (["new", kind, "my-own"], ["check", f"my{'-' if kind == 'task' else '_'}own"]):
        words = command
        if command[0] == "check":
            words = ["check", command[1] + (".toml" if kind == "task" else ".py")]
        with pytest.raises(SystemExit) as ended:
            main(words)
        shown = capsys.readouterr()
        assert not ended.value.code, shown
    assert "it keeps the contract" in shown.out
    assert "BROKEN" not in shown.out
