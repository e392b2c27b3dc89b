"""Losses of many subsets, taken cell by cell, against each subset on its own."""

from __future__ import annotations

import numpy as np
import pytest

from xbench.data.dataset import Target
from xbench.mask import masked_population
from xbench.mask.additive import MANY
from xbench.mask.objective import OBJECTIVES
from xbench.surrogates.cross_modality_network import IN_ORDER

from ..toys import random_cross_modality, random_inputs
from .small_models import NARROW, SIZES, D

P = np.linspace(-0.5, 0.5, D).astype(np.float32)


@pytest.mark.parametrize("p", [0.0, P], ids=["0", "p"])
def test_they_are_those_of_each_subset_alone(p: float | np.ndarray) -> None:
    model = random_cross_modality(SIZES, seed=3, **NARROW).frozen()
    target, objective = Target("all", "gene", 1), OBJECTIVES["cross-entropy"]
    population = masked_population(model, random_inputs(12, D, seed=2), target, objective, p)
    generator = np.random.default_rng(0)
    # Overlapping, unsorted, of several sizes, an empty one and two that are the same.
    subsets = [generator.permutation(D)[: 1 + number % 9] for number in range(MANY - 1)]
    subsets += [np.zeros(0, dtype=np.int64), subsets[3]]
    before = population.counts.forward
    many = population.losses(subsets)
    assert population.counts.forward - before == 12 * len(subsets)
    # Enough rows for what is quicker at rows that are near each other.
    assert population.counts.computed >= IN_ORDER
    each = np.array([population.losses([subset])[0] for subset in subsets])
    assert many.dtype == each.dtype
    np.testing.assert_allclose(many, each, atol=2e-6)
    assert many[3] == pytest.approx(many[-1], abs=1e-6)
    assert np.ptp(each) > 1e-3
    with pytest.raises(ValueError, match="feature 99 is out of range"):
        population.losses([*subsets, [99]])
