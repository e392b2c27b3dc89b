"""Cells explained by LIME against the same with dense passes and the package's own fit.

pytest tests/benchmarks/test_lime_fit.py -s
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from xbench.explainers.local_models import SharedMasks
from xbench.mask import MaskedPopulation

from .paper_size import Case, make_case
from .side_by_side import side_by_side, timed

# About half of what was measured.
SMALL_RATIO, RATIO = 2.5, 4


class Package:
    """What somebody would do with the package alone: each neighbour a dense input, in double."""

    def __init__(self, population: MaskedPopulation, features: np.ndarray) -> None:
        from lime.lime_base import LimeBase

        self.population, self.features = population, features
        self.base = LimeBase(lambda distances: np.exp(-((distances / 0.25) ** 2) / 2), False, 0)

    def fit(self, present: np.ndarray) -> np.ndarray:
        values = self.population.masked_values(0, self.features, ~present)
        distances = 1 - np.sqrt(present.mean(axis=1))
        arguments = (present.astype(float), values[:, None], distances, 0, present.shape[1])
        found = self.base.explain_instance_with_data(*arguments, feature_selection="none")[1]
        return np.array([coefficient for _, coefficient in sorted(found)])


def compare(benchmark: Any, case: Case, neighbours: int, rounds: int) -> float:
    pytest.importorskip("lime")
    ours = case.ours().batch(np.arange(4))
    changes = ours.changing_pairs()
    features = changes.indices[: changes.indptr[1]]
    masks = SharedMasks(neighbours, len(features), np.random.default_rng(0), kernel_width=0.25)
    present = masks.present
    package = Package(case.dense().batch(np.arange(4)), features)

    def fit() -> np.ndarray:
        # The product of a cell's masks is shared: of the next cell only some columns are added.
        return masks.coefficients(
            ours.masked_values(0, features, ~present).astype(float), len(features)
        )

    theirs = package.fit(present)
    assert np.corrcoef(fit(), theirs)[0, 1] > 0.9999
    return side_by_side(
        benchmark,
        timed(fit),
        timed(lambda: package.fit(present)),
        against="dense passes and lime's own fit",
        size=f"{neighbours:,} neighbours, {len(features):,} open of {case.inputs.shape[1]:,} peaks",
        rounds=rounds,
    )


def test_a_cell_of_a_hundredth_of_the_papers_size(benchmark: Any) -> None:
    assert compare(benchmark, make_case(1 / 100), 512, rounds=5) >= SMALL_RATIO


@pytest.mark.slow
def test_a_cell_of_the_papers_size(benchmark: Any) -> None:
    assert compare(benchmark, make_case(), 2048, rounds=1) >= RATIO
