"""The same command gives the same records, however it is carried out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import xbench
from xbench.benchmark.execute import one_thread
from xbench.surrogates.obtain import train_surrogate

from .workbench import (
    TWO_STEPS,
    lasting,
    make_multiome,
    stored,
    train_small,
    write_multiome,
    write_task,
)

Run = Callable[..., pd.DataFrame]
EVERY_METHOD = ["random", "saliency", "smoothgrad", "gradient-change", "grids"]
TWO_TARGETS = [{"cell_type": "Oligo", "outputs": ["Mog", "Gad1"]}]


def test_the_same_command_gives_the_same_records_on_one_and_on_two_processes(
    run: Run, tmp_path: Path
) -> None:
    task = {"methods": EVERY_METHOD, "subset_sizes": [3, 8]}
    for name, jobs in (("one", 1), ("again", 1), ("two", 2)):
        run(task, store=tmp_path / name, jobs=jobs)
    one, again, two = (lasting(stored(tmp_path / name)) for name in ("one", "again", "two"))
    assert len(one) == 5 * 2
    assert {record["status"] for record in one.values()} == {"ok"}
    assert again == one
    assert two == one


# The same as above of other data.
@pytest.mark.slow
def test_the_same_command_gives_the_same_records_on_images(tmp_path: Path) -> None:
    for name in ("one", "again"):
        frame = xbench.run("quick", store=tmp_path / name)
    assert frame["method"].tolist() == ["random", "saliency", "gradient-change", "grids"]
    assert lasting(stored(tmp_path / "one")) == lasting(stored(tmp_path / "again"))


def test_only_what_is_missing_runs_when_more_is_asked_for_and_then_nothing(
    run: Run, tmp_path: Path
) -> None:
    run({"repetitions": 1}, store=tmp_path / "store")
    before = (tmp_path / "store" / "runs.jsonl").read_bytes()
    frame = run({"repetitions": 3}, store=tmp_path / "store")
    after = (tmp_path / "store" / "runs.jsonl").read_bytes()
    assert after.startswith(before)
    assert after.count(b"\n") == 3
    assert frame["repetition"].tolist() == [0, 1, 2]
    again = run({"repetitions": 3}, store=tmp_path / "store")
    assert (tmp_path / "store" / "runs.jsonl").read_bytes() == after
    pd.testing.assert_frame_equal(frame, again)


def test_rows_come_in_the_order_asked_for_whatever_ended_first(run: Run, tmp_path: Path) -> None:
    task = {"methods": ["grids", "random"], "repetitions": 2}
    run({"methods": ["random"], "repetitions": 2}, store=tmp_path / "store")
    frame = run(task, store=tmp_path / "store", jobs=2)
    assert frame["method"].tolist() == ["grids", "grids", "random", "random"]
    assert frame["repetition"].tolist() == [0, 1, 0, 1]


def test_a_run_alone_equals_the_same_run_among_others(run: Run, tmp_path: Path) -> None:
    methods = ["random", "smoothgrad", "grids"]
    task = {"methods": methods, "repetitions": 2, "targets": TWO_TARGETS}
    run(task, store=tmp_path / "all")
    run(task, store=tmp_path / "one", methods=["smoothgrad"], targets=["Oligo:Gad1"])
    everything, alone = lasting(stored(tmp_path / "all")), lasting(stored(tmp_path / "one"))
    assert len(alone) == 2
    assert alone == {run_id: everything[run_id] for run_id in alone}


def test_seeds_differ_between_repetitions_targets_and_methods_in_any_order(run: Run) -> None:
    forth = run({"methods": ["random", "grids"], "repetitions": 3, "targets": TWO_TARGETS})
    assert len(forth) == 12
    assert forth["seed"].nunique() == 12
    assert len({tuple(indices) for indices in forth["indices"]}) > 3
    turned = [{"cell_type": "Oligo", "outputs": ["Gad1", "Mog"]}]
    back = run({"methods": ["grids", "random"], "repetitions": 3, "targets": turned})
    key = ["method", "target", "repetition"]
    one, other = (frame.sort_values(key).reset_index(drop=True) for frame in (forth, back))
    assert one["seed"].tolist() == other["seed"].tolist()
    assert one["indices"].tolist() == other["indices"].tolist()


def test_nested_methods_give_the_small_subset_as_the_beginning_of_the_large_one(
    run: Run, tmp_path: Path
) -> None:
    methods = ["random", "saliency", "gradient-change"]
    task = {"methods": methods, "subset_sizes": [5, 20]}
    both = run(task, store=tmp_path / "both").set_index(["method", "L"])["indices"]
    for method in methods:
        assert both[method, 5] == both[method, 20][:5]
        assert len(set(both[method, 20])) == 20
    run(task, store=tmp_path / "alone", subset_sizes=[5])
    together, alone = lasting(stored(tmp_path / "both")), lasting(stored(tmp_path / "alone"))
    assert alone == {run_id: together[run_id] for run_id in alone}


def test_the_largest_subset_holds_every_feature(run: Run) -> None:
    frame = run({"methods": ["random", "gradient-change", "grids"], "subset_sizes": [30]})
    assert set(frame["status"]) == {"ok"}
    assert all(sorted(indices) == list(range(30)) for indices in frame["indices"])


def _numpy_state() -> list[Any]:
    state = np.random.get_state(legacy=False)["state"]  # noqa: NPY002
    return [state["pos"], *state["key"]]


def test_global_random_numbers_go_on_as_if_nothing_had_run(run: Run) -> None:
    np.random.seed(3)  # noqa: NPY002
    torch.manual_seed(3)
    threads = torch.get_num_threads()
    before = _numpy_state(), torch.get_rng_state().tolist()
    frame = run({"methods": EVERY_METHOD})
    after = _numpy_state(), torch.get_rng_state().tolist()
    assert set(frame["status"]) == {"ok"}
    assert before == after
    assert torch.get_num_threads() == threads


def test_training_leaves_global_random_numbers_alone(tmp_path: Path, small_data: Path) -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state().tolist()
    with one_thread():
        train_surrogate(
            xbench.load_dataset(data=small_data), settings=TWO_STEPS, folder=tmp_path / "trained"
        )
    assert torch.get_rng_state().tolist() == before


# That changed data are read: tests/data/test_read_once.py; other weights are another surrogate by
# their digest.
@pytest.mark.slow
def test_changed_files_are_read_anew_in_the_same_process(tmp_path: Path) -> None:
    # The same paths with other content: neither this process nor a worker may remember the old.
    data, folder = tmp_path / "mine.h5mu", tmp_path / "surrogate"
    task = write_task(tmp_path, repetitions=2)
    options: dict[str, Any] = {"data": data, "checkpoint": folder}
    digests = []
    for seed in (0, 1):
        modalities = make_multiome()
        modalities["rna"].X[0, 0] = 7 + seed
        write_multiome(data, modalities)
        if folder.exists():
            for part in folder.iterdir():
                part.unlink()
            folder.rmdir()
        train_small(data, folder, seed)
        for jobs in (1, 2):
            frame = xbench.run(str(task), **options, jobs=jobs)
            digests.append((frame["dataset_digest"][0], frame["surrogate_digest"][0]))
    assert digests[0] == digests[1]
    assert digests[2] == digests[3]
    assert digests[0][0] != digests[2][0]
    assert digests[0][1] != digests[2][1]
