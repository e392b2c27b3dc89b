"""`xbench.explain` and `xbench.benchmark`: own model, own data, own method and metric."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import xbench
from xbench.benchmark.own_study import explain, plan_own
from xbench.benchmark.own_task import toml_text
from xbench.benchmark.request import Request
from xbench.benchmark.task import load_task
from xbench.cli import main
from xbench.data.load import DataChoice
from xbench.errors import XbenchError
from xbench.metrics import Metric, Outcome
from xbench.results.current import current
from xbench.results.store import ResultStore

from .workbench import cache, own_folders

__all__ = ["cache", "own_folders"]

X = np.random.default_rng(0).normal(1, 0.5, size=(60, 3, 4)).astype(np.float32)
WEIGHT = np.arange(1, 13, dtype=np.float32)


class Linear(nn.Module):
    """Its best subset is known: the largest of |mean x weight|."""

    def __init__(self) -> None:
        super().__init__()
        self.dropout = nn.Dropout(0.5)
        self.weight = nn.Parameter(torch.from_numpy(WEIGHT))

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"value": self.dropout(x.flatten(1)) @ self.weight, "none": x}


class Corner(xbench.Explainer):
    """The first L features (a control)."""

    name = "corner"
    start: int = 0

    def explain(self, problem: xbench.Problem) -> xbench.Selection:
        first = range(self.start, self.start + problem.subset_size)
        return xbench.Selection(first, ordered=True)  # type: ignore[arg-type]


class Largest(Metric):
    """The largest fall of all cells."""

    name = "largest-fall"
    label = "largest fall"
    unit = "output"
    direction = "higher"
    description = "Largest fall of the number explained."

    def compute(self, outcome: Outcome) -> float:
        return float((outcome.before - outcome.after).max())


def best(size: int) -> set[int]:
    """Masking to 0 changes the mean by -mean(x) w: the lowest of these sums."""
    change = -X.reshape(60, -1).mean(axis=0) * WEIGHT
    return set(np.argsort(change)[:size].tolist())


@pytest.mark.parametrize("method", ["grids", "gradient-change", "leave-one-out", "greedy"])
def test_the_best_subset_of_a_linear_module_is_found_and_named(method: str) -> None:
    model = Linear().train()
    found = explain(model, X, L=3, method=method, output="value")
    assert set(found.indices.tolist()) == best(3)
    named = [tuple(map(int, name.split(","))) for name in found.names]
    assert [np.ravel_multi_index(place, (3, 4)) for place in named] == found.indices.tolist()
    assert model.training
    assert model.dropout.training
    assert model.weight.requires_grad


def test_a_class_a_file_and_parameters_are_methods_too(tmp_path: Path) -> None:
    found = explain(Linear(), X, L=2, method=Corner, parameters={"start": 5}, output="value")
    assert found.names == ("1,1", "1,2")
    with pytest.raises(XbenchError, match="the method asks for gradients"):
        explain(lambda x: x.reshape(len(x), -1) @ WEIGHT, X, L=2, method="gradient-change")
    for wrong, said in (
        ({"L": 0}, "give 1 to 12"),
        ({"L": 2, "target": "9"}, "unknown gene '9'"),
        ({"L": 2, "output": "absent"}, "no output 'absent'"),
        ({"L": 2, "method": "grid"}, "unknown method"),
    ):
        with pytest.raises(XbenchError, match=said):
            explain(Linear(), X, **{"output": "value", **wrong})  # type: ignore[arg-type]


def test_a_benchmark_of_classes_defined_here(tmp_path: Path) -> None:
    model = Linear().train()
    found = xbench.benchmark(  # type: ignore[operator]
        model,
        X,
        methods=["random", "gradient-change", Corner],
        metrics=["value-drop", Largest],
        L=[2, 3],
        output="value",
        store=tmp_path / "store",
    )
    frame = found.to_frame()
    assert set(frame["status"]) == {"ok"}, frame["reason"].tolist()
    assert set(frame["method"]) == {"random", "gradient-change", "corner"}
    assert (frame["largest-fall"] >= frame["value-drop"]).all()
    corner = frame[(frame["method"] == "corner") & (frame["L"] == 2)].iloc[0]
    assert corner["features"] == ["0,0", "0,1"]
    summary = found.summary()
    assert summary["method"][summary["L"] == 3].tolist()[0] == "gradient-change"
    assert "<table" in found._repr_html_()
    assert "gradient-change" in repr(found)
    assert model.training
    written = found.leaderboard(tmp_path / "out")
    page = next(path for path in written if path.name == "README.md")
    assert "gradient-change" in page.read_text()
    assert "largest fall" in page.read_text()
    # The same again finds its runs; another model is another one.
    again = xbench.benchmark(  # type: ignore[operator]
        model, X, methods=["random"], metrics=["value-drop"], L=[2], output="value",
        store=tmp_path / "store",
    )  # fmt: skip
    assert set(again.run_ids) <= set(found.run_ids)


def test_values_are_those_of_the_model_itself(tmp_path: Path) -> None:
    found = xbench.benchmark(Linear(), X, methods=[Corner], L=1, output="value")  # type: ignore[operator]
    rows = found.to_frame()
    assert len(rows) == 1
    from xbench.data.arrays import dataset_of

    test = dataset_of(X).split.test
    drop = float((X.reshape(60, -1)[test, 0] * WEIGHT[0]).mean())
    assert rows["value-drop"][0] == pytest.approx(drop, rel=1e-4)


def test_two_perturbation_values_are_two_studies(tmp_path: Path) -> None:
    x = np.random.default_rng(0).random((30, 3)).astype(np.float32)
    for value in (0.0, 0.5):
        compared = xbench.benchmark(
            lambda x: x[:, 0] - x[:, 2],
            x,
            methods=["random"],
            L=1,
            perturbation=value,
            store=tmp_path / "store",
        )
    first, second = sorted(compared.store.records(), key=lambda record: str(record.asked))
    assert (first.asked, second.asked) == ({"perturbation": 0.5}, {})
    # A page shows one of them, and says that another was left out.
    shown = current([first, second])
    assert len(shown.records) == 1
    assert sum(shown.left_out.values()) == 1


def test_an_estimator_is_explained_and_gradients_are_skipped_with_the_reason() -> None:
    tree = pytest.importorskip("sklearn.tree")
    flat = X.reshape(60, -1)
    y = np.where(flat[:, 7] > 1, "up", "down")
    model = tree.DecisionTreeClassifier(random_state=0).fit(flat, y)
    found = xbench.benchmark(model, flat, y, methods=["leave-one-out", "gradient-change"], L=[1])  # type: ignore[operator]
    frame = found.to_frame().set_index(["method", "target"])
    assert set(frame.loc["gradient-change", "status"]) == {"skipped"}
    assert set(frame.loc["gradient-change", "reason"]) == {
        "the method asks for gradients, but model DecisionTreeClassifier gives none; one that asks "
        "for none is leave-one-out, greedy, cross-entropy or random"
    }
    assert frame.loc[("leave-one-out", "down"), "features"] == ["7"]


class Detached(Linear):
    """It has weights, and no way back to its inputs."""

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        return super().forward(x.detach())


def test_methods_that_need_gradients_are_skipped_for_a_module_without_any() -> None:
    asked = ["gradient-change", "saliency", "leave-one-out"]
    found = xbench.benchmark(Detached(), X, methods=asked, L=2, output="value")  # type: ignore[operator]
    frame = found.to_frame().set_index("method")
    assert frame["status"].to_dict() == dict.fromkeys(asked[:2], "skipped") | {asked[2]: "ok"}
    assert all(
        "asks for gradients, but model Detached" in frame["reason"][one] for one in asked[:2]
    )
    for method in ("grids", "saliency", "integrated-gradients", "smoothgrad"):
        with pytest.raises(XbenchError, match="asks for gradients, but model Detached gives none"):
            explain(Detached(), X, L=2, method=method, output="value")


@pytest.mark.parametrize("answers", [0, 1, 3, 7, 1000])
def test_a_function_that_fails_is_named_wherever_it_does(answers: int) -> None:
    asked = []

    def model(x: np.ndarray) -> list[float]:
        asked.append(len(x))
        if len(asked) > answers:
            raise ValueError("no more")
        # A list of numbers, one a row, is one output.
        return [float(one) for one in x.sum(axis=(1, 2))]

    if answers == 1000:
        largest = np.argsort(-X.reshape(60, -1).mean(axis=0))[:2]
        found = explain(model, X, L=2, method="leave-one-out")
        assert set(found.indices.tolist()) == set(largest.tolist())
        return
    with pytest.raises(XbenchError, match=r"^model model: fails on inputs of shape .*no more"):
        explain(model, X, L=2, method="leave-one-out")


def test_the_task_that_is_made_is_kept_and_read_again(tmp_path: Path) -> None:
    for name in ("quick", "table1", "oracle", "mnist-binary"):
        task = load_task(name)
        file = tmp_path / f"{name}.toml"
        file.write_text(toml_text(task), encoding="utf-8")
        assert load_task(file) == task


# Classes of this file, above, reach the runs in the same way; tests/test_own_models_page.py runs a
# cell of the page in this process.
@pytest.mark.slow
def test_a_notebook_cell_works_where_classes_are_of_main(tmp_path: Path) -> None:
    code = Path(__file__).read_text(encoding="utf-8")
    start, end = code.index("class Corner"), code.index("class Largest")
    program = f"""
import numpy as np, xbench
{code[start:end]}
def model(x):
    return x[:, 0] + 2 * x[:, 1]
found = xbench.benchmark(model, np.eye(40, 3) + 1, methods=[Corner, "random"], L=[1])
frame = found.to_frame()
print(sorted(zip(frame["method"], frame["status"])))
"""
    done = subprocess.run(
        [sys.executable, "-"], input=program, capture_output=True, text=True, check=False
    )
    assert done.stdout == "[('corner', 'ok'), ('random', 'ok')]\n", done.stderr


Command = Callable[..., tuple[int, str, str]]


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0), *capsys.readouterr()  # type: ignore[return-value]


def test_the_same_from_the_command_line_and_scored_afterwards(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    np.savez("x.npz", X=X)
    Path("model.py").write_text(
        "import numpy as np\n\ndef make():\n"
        "    return lambda x: x.reshape(len(x), -1) @ np.arange(12.0)[::-1]\n"
    )
    given = ("--model", "model.py:make", "--data", "x.npz", "--store", "st")
    code, out, err = call(
        capsys, "run", *given, "--methods", "random,leave-one-out", "-L", 2, "--jobs", 1
    )
    assert code == 0, err
    assert "leave-one-out" in out
    code, out, err = call(capsys, "score", *given, "--metric", "deletion-area")
    assert code == 0, err
    assert "2 values computed" in out
    before = Path("st/runs.jsonl").read_bytes()
    code, out, _ = call(capsys, "score", *given, "--metric", "deletion-area")
    assert "0 values computed" in out
    assert "2 were there before" in out
    assert Path("st/runs.jsonl").read_bytes() == before
    assert call(capsys, "leaderboard", "--store", "st", "--out", "lb")[0] == 0
    assert "deletion-area" in Path("lb/results.csv").read_text()
    # By hand: leave-one-out's own order, on the test cells.
    (record,) = [one for one in xbench.ResultStore("st").records() if one.method != "random"]
    from xbench.data.arrays import dataset_of

    cells = X.reshape(60, -1)[dataset_of(X).split.test] * np.arange(12.0)[::-1]
    first, second = record.indices
    states = [cells.sum(), cells.sum() - cells[:, first].sum()]
    states.append(states[1] - cells[:, second].sum())
    means = np.array(states) / len(cells)
    expected = (means[0] + 2 * means[1] + means[2]) / 4
    rows = [line.split(",") for line in Path("lb/results.csv").read_text().splitlines()]
    mean = rows[0].index("mean")
    (found,) = [
        float(row[mean])
        for row in rows
        if row[7] == "deletion-area" and row[5] == "leave-one-out" and row[4] == "0"
    ]
    assert found == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "--data", "x.npz", "--model", "model.py:boom"), "model.py:boom: makes no model"),
        (("run", "--data", "x.npz", "--model", "model.py:needs"), "argument: 'x'; to explain this"),
        (("run", "--data", "blank.csv"), "y has no class in 5 of 60 rows; leave these rows out"),
        (("run",), "say what to run"),
        (("run", "quick", "--metric", "rel-delta"), "a task says what it is scored by"),
        (("run", "quick", "--output", "1"), "--output: is of a model of your own"),
        (("score", "--store", "none", "--metric", "rel-delta"), "no results are there"),
        (("score",), "say which: --metric NAME"),
        (("score", "--metric", "odd"), "unknown metric 'odd'"),
        (("list", "--plugin"), "--plugin: names nothing"),
        (("list", "--plugin", "absent.py"), "cannot be read"),
    ],
)
def test_mistakes_on_the_command_line(
    arguments: tuple[str, ...],
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    np.savez("x.npz", X=X)
    rows = ["a,b,label", *(f"{row},1,{'xy'[row % 2] if row > 4 else ''}" for row in range(60))]
    Path("blank.csv").write_text("\n".join(rows))
    broken = "def boom():\n    raise RuntimeError('no weights')\n\ndef needs(x):\n    return x\n"
    Path("model.py").write_text(broken)
    code, out, err = call(capsys, *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("changes", "metrics", "said"),
    [
        ({"methods": ["gridz"]}, (), "unknown method 'gridz'"),
        ({}, ("log-odds",), "log-odds"),
        ({"subset_sizes": [0]}, (), "subset"),
        ({"jobs": 0}, (), "jobs"),
        ({"budget_seconds": 0}, (), "budget_seconds"),
    ],
)
def test_what_is_asked_in_vain_is_known_before_anything_is_trained(
    changes: dict[str, Any],
    metrics: tuple[str, ...],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def trains(*given: Any, **options: Any) -> None:
        pytest.fail("a surrogate would have been trained")

    monkeypatch.setattr("xbench.benchmark.own_study.opened_or_obtained", trains)
    request = Request("", data=DataChoice("mnist-binary"), **changes)
    with pytest.raises(XbenchError, match=said):
        plan_own(request, ResultStore(tmp_path / "store"), metrics=metrics)
    assert not (tmp_path / "store").exists()
