"""A judge: a second surrogate, of other cells, in which every selection is masked too."""

import json
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

import xbench
from xbench.benchmark.explain import build_problem
from xbench.benchmark.plan import expand
from xbench.benchmark.task import load_task
from xbench.data.dataset import Target
from xbench.data.features import Features
from xbench.errors import XbenchError
from xbench.mask import masked_population
from xbench.mask.objective import OBJECTIVES
from xbench.mask.population import perturbation_vector
from xbench.metrics import Outcome, compute_metrics
from xbench.metrics.expression import rel_delta
from xbench.surrogates import end_to_end
from xbench.surrogates.checkpoint import open_surrogate
from xbench.surrogates.obtain import surrogates_folder
from xbench.surrogates.training.paired import PairedTraining

from .workbench import write_task

OWN = (np.log([2.0, 4.0]), np.log([1.0, 1.0]))
FOLLOWS = (np.log([2.0, 4.0]), np.log([2.0, 3.0]))


def outcome(judged: tuple[np.ndarray, np.ndarray] | None, after: np.ndarray = OWN[1]) -> Outcome:
    place = Features(["a", "b"]), Target("VIP", "GAD1", 0)
    return Outcome(OWN[0], after, np.array([1]), *place, None, judged)


def test_metrics_by_hand() -> None:
    # Own: (-1/2 - 3/4) / 2 = -62.5%. The judge's: (0 - 1/4) / 2 = -12.5%, a fifth of that.
    found = compute_metrics(["rel-delta"], outcome(FOLLOWS))
    assert found["judge-rel-delta"] == pytest.approx(-12.5)
    assert found["judge-agreement"] == pytest.approx(0.2)


def test_without_a_judge_or_a_drop_there_is_no_agreement() -> None:
    assert set(compute_metrics(["rel-delta"], outcome(None))) == {"rel-delta"}
    assert compute_metrics(["judge-agreement"], outcome(None)) == {"judge-agreement": None}
    rising = outcome(FOLLOWS, after=OWN[0] + 1)
    assert compute_metrics([], rising)["judge-agreement"] is None
    # 0.4% less: whatever the judge does, its share of that would be mostly noise.
    hardly = outcome(FOLLOWS, after=OWN[0] - 0.004)
    assert compute_metrics([], hardly)["judge-agreement"] is None


def test_the_judge_is_trained_on_the_other_half_and_gives_its_own_values(
    tmp_path: Path, small_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XBENCH_CACHE", str(tmp_path / "cache"))
    # Which cells they are trained on is asked, not how well.
    few_steps = partial(PairedTraining, steps=40, evaluate_every=20)
    monkeypatch.setattr(end_to_end, "PairedTraining", few_steps)
    task = write_task(tmp_path, surrogate="end-to-end")
    runs = xbench.run(str(task), data=small_data, methods=["gradient-change"], judge=True)
    told = {}
    for folder in surrogates_folder().iterdir():
        if (folder / "surrogate.json").exists():
            training = json.loads((folder / "surrogate.json").read_text())["training"]
            told[training["split"]] = folder, training["seed"]
    assert {split: seed for split, (_, seed) in told.items()} == {"half-a": 0, "half-b": 1}
    # An independent witness: the judge opened here, its test cells masked here.
    dataset = xbench.load_dataset(data=small_data)
    judge = open_surrogate(told["half-b"][0], dataset).model
    cells = judge.inputs_of(dataset, dataset.rows("Oligo", "test"))
    asked = masked_population(
        judge, cells, dataset.target("Oligo", "Mog"), OBJECTIVES["expression"],
        perturbation_vector(0.0, dataset.n_features),
    )  # fmt: skip
    expected = rel_delta(asked.values(), asked.values(np.array(runs["indices"][0])))
    assert runs["judge-rel-delta"][0] == pytest.approx(expected)


def test_what_learns_from_cells_has_none_of_the_judges(
    tmp_path: Path, small_data: Path, small_surrogate: Path
) -> None:
    dataset = xbench.load_dataset(data=small_data)
    target = dataset.target("Oligo", "Mog")
    opened = open_surrogate(small_surrogate, dataset)
    half = dataset.training_rows("half-a")
    for division in (None, 1):
        (key,) = expand(load_task(str(write_task(tmp_path))), methods=["random"], repetitions=1)
        key = replace(key, split="half-a", division=division)
        problem = build_problem(dataset, opened, "cpu", key, target)
        assert problem.every_type is not None
        given = sp.vstack([cells.inputs for cells in problem.every_type()]).toarray()
        own = dataset.cell_types == "Oligo"
        # Of the explained type validation cells take part where cells are divided anew.
        allowed = np.union1d(half, dataset.rows("Oligo", "validation")) if division else half
        assert counted(given) <= counted(dataset.X[allowed].toarray())
        assert len(given) == len(half)
        assert len(problem.observed) == own[half].sum()


def counted(rows: np.ndarray) -> Counter[bytes]:
    return Counter(row.astype(np.float32).tobytes() for row in rows)


def test_a_checkpoint_has_no_judge(tmp_path: Path, small_data: Path, small_surrogate: Path) -> None:
    with pytest.raises(XbenchError, match="cannot be known of a checkpoint"):
        xbench.run(
            str(write_task(tmp_path)), data=small_data, checkpoint=small_surrogate, judge=True
        )
