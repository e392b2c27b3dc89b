"""What is given to `xbench.run`, `xbench.benchmark` and `xbench.explain` is checked alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import xbench
from xbench.benchmark.given import listed, texts, whole_numbers
from xbench.errors import XbenchError

from .workbench import cache, own_folders

__all__ = ["cache", "own_folders"]

X = np.random.default_rng(0).normal(1, 0.5, size=(60, 4)).astype(np.float32)


def model(x: np.ndarray) -> np.ndarray:
    return x @ np.arange(1, 5, dtype=np.float32)


class Corner(xbench.Explainer):
    """The first L features, by a constructor that takes what it likes."""

    name = "corner"

    def __init__(self, start: int = 0) -> None:
        if start < 0:
            raise ValueError("start: too low")

    def explain(self, problem: xbench.Problem) -> xbench.Selection:
        return xbench.Selection(np.arange(problem.subset_size))


class Smallest(xbench.Explainer):
    """The last feature."""

    name = "smallest"

    def explain(self, problem: xbench.Problem) -> xbench.Selection:
        return xbench.Selection(np.arange(problem.n_features)[-problem.subset_size :])


def explained(**given: Any) -> xbench.Selection:
    return xbench.explain(model, X, **{"L": 2, "method": "leave-one-out", **given})


def compared(**given: Any) -> Any:
    return xbench.benchmark(model, X, **{"L": 2, "methods": ["random"], **given})  # type: ignore[operator]


WRONG = [
    ({"perturbation": np.nan}, "perturbation: must be a finite number or 'mean', not nan"),
    ({"perturbation": -np.inf}, "perturbation: must be a finite number or 'mean', not -inf"),
    ({"perturbation": 1e39}, "perturbation: must be a finite number or 'mean', not 1e+39"),
    ({"perturbation": 10**400}, "perturbation: must be a finite number or 'mean', not 1000"),
    ({"perturbation": "median"}, "perturbation: must be a finite number or 'mean', not 'median'"),
    ({"perturbation": None}, "perturbation: must be a finite number or 'mean', not None"),
    ({"perturbation": True}, "perturbation: must be a finite number or 'mean', not True"),
    ({"perturbation": np.ones(4)}, "perturbation: must be a finite number or 'mean', not array("),
    ({"L": "2"}, "L: must be a whole number, not '2'"),
    ({"L": 2.0}, "L: must be a whole number, not 2.0"),
    ({"L": np.float64(2)}, "L: must be a whole number, not 2.0"),
    ({"L": [None]}, "L: must be a whole number, not "),
    ({"L": True}, "L: must be a whole number, not True"),
    ({"output": [1]}, "output: must be a name or a position, not [1]"),
    ({"features": "abcd"}, "own-data: features has shape (1,) but must have shape (4,)"),
]


@pytest.mark.parametrize(("given", "said"), WRONG)
@pytest.mark.parametrize("asked", [explained, compared])
def test_explain_and_benchmark_refuse_the_same(asked: Any, given: Any, said: str) -> None:
    with pytest.raises(XbenchError) as caught:
        asked(**given)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"L": None}, "L: must be a whole number, not None"),
        ({"L": [2]}, "L: must be a whole number, not [2]"),
        ({"L": 5}, "L = 5: give 1 to 4"),
        ({"seed": -1}, "seed -1: give a whole number from 0 to"),
        ({"seed": 2**63}, "give a whole number from 0 to"),
        ({"seed": "a"}, "seed: must be a whole number, not 'a'"),
        ({"method": ["random"]}, "method: must be a name of 'xbench list', a file or a class"),
        ({"method": None}, "method: must be a name of 'xbench list', a file or a class, not None"),
        ({"parameters": ["steps"]}, "parameters: must be a dictionary by name"),
        ({"parameters": {1: 2}}, "parameters: must be a dictionary by name"),
        ({"method": Corner, "parameters": {"start": -1}}, "method 'corner': start: too low"),
        ({"method": Corner, "parameters": {"end": 1}}, "unexpected keyword argument 'end'"),
        ({"target": ["0"]}, "target: must be a name or a position, not ['0']"),
    ],
)
def test_what_explain_alone_is_given_is_checked(given: Any, said: str) -> None:
    with pytest.raises(XbenchError) as caught:
        explained(**given)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"methods": 3}, "methods: must be a name of 'xbench list', a file or a class, not 3"),
        ({"methods": [["random"]]}, "methods: must be a name of 'xbench list', a file or a class"),
        ({"metrics": 3}, "metrics: must be a name of 'xbench list', a file or a class, not 3"),
        ({"targets": [None, ["0"]]}, "targets: must be a name or a position, not ['0']"),
        ({"repetitions": "1"}, "repetitions: must be a whole number, not '1'"),
        ({"jobs": 1.5}, "jobs: must be a whole number, not 1.5"),
    ],
)
def test_what_benchmark_alone_is_given_is_checked(given: Any, said: str) -> None:
    with pytest.raises(XbenchError) as caught:
        compared(**given)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"subset_sizes": "5"}, "subset_sizes: must be a whole number, not '5'"),
        ({"subset_sizes": [2.0]}, "subset_sizes: must be a whole number, not 2.0"),
        ({"repetitions": "1"}, "repetitions: must be a whole number, not '1'"),
        ({"targets": 3}, "targets: must be a text or a list of texts, not 3"),
        ({"methods": [Corner]}, "methods: must be a text or a list of texts, not <class"),
        ({"methods": "grid"}, "unknown method 'grid'. Nearest: grids"),
        ({"targets": "8"}, "target '8': must be CELL_TYPE:OUTPUT"),
    ],
)
def test_what_run_is_given_is_checked(given: Any, said: str) -> None:
    with pytest.raises(XbenchError) as caught:
        xbench.run("quick", **given)
    assert said in str(caught.value)


def test_one_is_a_list_of_one_and_numpy_counts(tmp_path: Path) -> None:
    one = np.int64(1)
    store = tmp_path / "store"
    frame = xbench.run(
        "quick",
        methods="random",
        targets="8:3",
        subset_sizes=np.int64(5),
        repetitions=one,
        jobs=one,  # type: ignore[arg-type]
        store=store,
    )
    assert frame[["method", "L"]].to_numpy().tolist() == [["random", 5]]
    # What is asked with lists is the same run.
    again = xbench.run("quick", methods=["random"], targets=["8:3"], subset_sizes=[5], store=store)
    assert again["run_id"].tolist() == frame["run_id"].tolist()
    found = compared(
        methods=Smallest,
        metrics="value-drop",
        L=np.array([1, 2]),
        targets="0",
        repetitions=one,
        perturbation=np.float32(0.5),
        store=store,
    ).to_frame()
    assert found[["method", "L", "status"]].to_numpy().tolist() == [
        ["smallest", 1, "ok"],
        ["smallest", 2, "ok"],
    ]
    assert explained(L=np.int64(2), seed=np.int64(3), perturbation=np.float32(0)).names == (
        "3",
        "2",
    )


def test_a_target_by_its_position() -> None:
    def two(x: np.ndarray) -> np.ndarray:
        return x[:, :2]

    given = {"labels": ["first", "second"], "methods": "random", "L": 1}
    found = xbench.benchmark(two, X, targets=np.int64(1), **given)  # type: ignore[operator]
    assert found.to_frame()["target"].tolist() == ["second"]


def test_lists_of_what_is_given() -> None:
    path = Path("own.py")
    assert listed(path) == [path]
    assert listed(Corner) == [Corner]
    assert listed(one for one in "ab") == ["a", "b"]
    assert texts("known", [path, np.str_("truth")]) == ["own.py", "truth"]
    assert whole_numbers("L", (np.int8(1), 2)) == [1, 2]
    assert whole_numbers("L", range(3)) == [0, 1, 2]
    for wrong in (np.bool_(True), 1.0, "1", b"1", {1: 2}):
        with pytest.raises(XbenchError, match="L: must be a whole number"):
            whole_numbers("L", wrong)


@pytest.mark.parametrize(
    ("y", "why"),
    [
        ((X[:, :1] > 1).astype(int), "y was taken for numbers"),
        ((X[:, 0] > 1).astype(float), "y was taken for numbers"),
        (None, "there is no y"),
    ],
)
@pytest.mark.parametrize("asked", [xbench.explain, xbench.benchmark])
def test_a_target_of_classes_where_there_are_none_says_why(y: Any, why: str, asked: Any) -> None:
    one = "target" if asked is xbench.explain else "targets"
    said = rf"own-data: target '1:0' is of classes, but {why}.*; give classes, or name one output: "
    with pytest.raises(XbenchError, match=said):
        asked(model, X, y, L=1, **{one: "1:0"})
