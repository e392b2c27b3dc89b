"""What compares with the truth is in every run whose data have one, declared by the task or not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import xbench
from xbench.benchmark.task import load_task
from xbench.metrics.catalog import OF_TRUTH
from xbench.simulation.response import state_of
from xbench.simulation.target_truth import target_truth


def test_a_task_that_declares_none_has_them(tmp_path: Path) -> None:
    assert not set(OF_TRUTH) & set(load_task("table1").metrics)
    runs: Any = xbench.run(
        "table1",
        dataset="simulated-multiome-sparse-small",
        surrogate="oracle",
        methods=["random", "gradient-change"],
        targets=["Oligo:MOG"],
        subset_sizes=[10],
        repetitions=1,
        store=tmp_path / "store",
    )
    assert runs["status"].tolist() == ["ok", "ok"]
    assert set(OF_TRUTH) <= set(runs.columns)
    dataset = xbench.load_dataset("simulated-multiome-sparse-small")
    rows = dataset.rows("Oligo", "test")
    known = target_truth(dataset, dataset.target("Oligo", "MOG"), rows)
    assert known is not None
    for run in runs.to_dict("records"):
        indices = np.array(run["indices"])
        assert run["optimality"] == pytest.approx(known.optimality(indices))
        assert run["true-precision"] == np.isin(indices, known.cres).mean()
        assert run["true-precision-chance"] == len(known.cres) / dataset.n_features
    found = runs.set_index("method")
    # On the oracle a gradient sees the hidden state itself: what was seen holds a fifth of it.
    assert found.loc["gradient-change", "optimality"] > 0.6 > found.loc["random", "optimality"]
    assert dataset.X[rows].nnz < 0.4 * state_of(dataset, rows).nnz


def test_data_without_a_truth_have_none(tmp_path: Path) -> None:
    runs = xbench.run("quick", methods=["random"], store=tmp_path / "store")
    assert not set(OF_TRUTH) & set(runs.columns)
