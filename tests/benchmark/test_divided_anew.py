"""Training and validation cells divided anew for a repetition."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from xbench.benchmark.explain import build_problem
from xbench.benchmark.plan import expand
from xbench.benchmark.task import load_task
from xbench.data.load import load_dataset
from xbench.data.splits import divided_anew
from xbench.simulation.known_regulation import truth_of
from xbench.surrogates.checkpoint import OpenedSurrogate
from xbench.surrogates.oracle import Oracle


@given(st.integers(1, 60), st.integers(1, 20), st.integers(0, 2**31))
def test_the_same_cells_in_parts_of_the_same_sizes(train: int, validation: int, seed: int) -> None:
    rows = np.random.default_rng(0).permutation(1000)[: train + validation]
    parts = divided_anew(rows[:train], rows[train:], "VIP", seed)
    assert [len(part) for part in parts] == [train, validation]
    assert sorted(np.concatenate(parts).tolist()) == sorted(rows.tolist())
    again = divided_anew(rows[train:][::-1], rows[:train], "VIP", seed)
    if train == validation:
        np.testing.assert_array_equal(parts[0], again[0])


def test_seeds_and_types_give_other_divisions() -> None:
    train, validation = np.arange(70), np.arange(70, 80)
    drawn = {
        divided_anew(train, validation, cell_type, seed)[0].tobytes()
        for cell_type in ("VIP", "SST")
        for seed in range(10)
    }
    assert len(drawn) == 20


def test_repetitions_explain_other_cells_and_never_a_test_cell() -> None:
    dataset = load_dataset("simulated-multiome-small")
    oracle = Oracle.from_truth(truth_of(dataset), dataset.n_features)
    surrogate = OpenedSurrogate(oracle.frozen(), "oracle", "digest")  # type: ignore[arg-type]
    target = dataset.target("VIP", "GAD1")
    keys = expand(load_task("table1"), methods=["random"], subset_sizes=[3], repetitions=2)[:2]
    matrices = [build_problem(dataset, surrogate, "cpu", key, target).inputs for key in keys]
    assert matrices[0].shape == matrices[1].shape == dataset.X[dataset.rows("VIP", "train")].shape
    assert (matrices[0] != matrices[1]).nnz
    learnt = np.concatenate([dataset.rows("VIP", part) for part in ("train", "validation")])
    known = {row.toarray().tobytes() for row in dataset.X[learnt]}
    for matrix in matrices:
        assert all(row.toarray().tobytes() in known for row in matrix)


def test_controls_see_training_cells_of_every_type_and_of_the_explained_one_the_run_s_own() -> None:
    dataset = load_dataset("simulated-multiome-small")
    oracle = Oracle.from_truth(truth_of(dataset), dataset.n_features)
    surrogate = OpenedSurrogate(oracle.frozen(), "oracle", "digest")  # type: ignore[arg-type]
    target = dataset.target("VIP", "GAD1")
    key = expand(load_task("table1"), methods=["random"], subset_sizes=[3], repetitions=2)[1]
    assert key.division is not None
    problem = build_problem(dataset, surrogate, "cpu", key, target)
    groups = list(problem.measured_cells("cell-type"))
    rows = divided_anew(
        dataset.rows("VIP", "train"), dataset.rows("VIP", "validation"), "VIP", key.division
    )[0]
    assert dataset.Y is not None
    explained = dataset.resolve_cell_type("VIP")
    for (inputs, observed), name in zip(groups, np.unique(dataset.cell_types), strict=True):
        wanted = rows if name == explained else dataset.rows(name, "train")
        assert (inputs != oracle.inputs_of(dataset, wanted)).nnz == 0
        np.testing.assert_array_equal(observed, dataset.Y[wanted].toarray()[:, target.output])
