"""One cell under masks of its own: both operators against each mask spelt out."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from xbench.data.dataset import Target
from xbench.mask import MaskedPopulation, masked_population
from xbench.mask.objective import OBJECTIVES

from ..toys import (
    dense_twin,
    masked_by_hand,
    messy_csr,
    random_cross_modality,
    random_inputs,
)
from .small_models import NARROW, SIZES, D

GENE = Target("all", "gene", 3)
MODEL = random_cross_modality(SIZES, seed=1, **NARROW)
FOLDED = MODEL.frozen()


def by_hand(
    model: torch.nn.Module, x: np.ndarray, p: object, features: np.ndarray, masks: np.ndarray
) -> np.ndarray:
    """Each mask spelt out, in one plain pass."""
    masked = [masked_by_hand(x[None], features[mask], p) for mask in masks]
    with torch.no_grad():
        values: np.ndarray = model(torch.from_numpy(np.concatenate(masked)))[:, GENE.output].numpy()
    return values


def both(x: np.ndarray, p: float | np.ndarray = 0.0) -> tuple[MaskedPopulation, MaskedPopulation]:
    ours = masked_population(FOLDED, messy_csr(x), GENE, OBJECTIVES["expression"], p)
    return ours, dense_twin(MODEL, x, GENE, perturbation=p)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(data=st.data(), binary=st.booleans())
def test_both_operators_give_what_each_mask_gives_alone(data: st.DataObject, binary: bool) -> None:
    seed = data.draw(st.integers(0, 2**32 - 1))
    generator = np.random.default_rng(seed)
    x = random_inputs(5, D, seed=seed, binary=binary)
    p = data.draw(st.sampled_from([0.0, 1.0, generator.normal(size=D).astype(np.float32)]))
    # In any order, across blocks: a column of the masks is a feature, wherever it lies.
    features = generator.permutation(D)[: data.draw(st.integers(0, D))]
    masks = generator.random((data.draw(st.integers(1, 9)), len(features))) < 0.5
    rows = generator.integers(0, 5, 3)
    cell = data.draw(st.integers(0, 2))
    wanted = by_hand(MODEL, x[rows[cell]], p, features, masks)
    for population in both(x, p):
        found = population.batch(rows).masked_values(cell, features, masks)
        np.testing.assert_allclose(found, wanted, rtol=2e-5, atol=2e-5)


def test_a_mask_of_nothing_and_one_of_everything() -> None:
    x = random_inputs(4, D)
    features = np.arange(D)
    for population in both(x):
        values = population.masked_values(1, features, np.array([[False] * D, [True] * D]))
        wanted = population.values()[1], population.values(features)[1]
        np.testing.assert_allclose(values, wanted, rtol=1e-5)


@pytest.mark.parametrize("chunk", [1, 2 * D, 3 * D + 1])
def test_masks_in_small_chunks_give_the_same(monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    masks = np.random.default_rng(0).random((7, D)) < 0.5
    for whole, cut in zip(both(random_inputs(3, D)), both(random_inputs(3, D)), strict=True):
        wanted = whole.masked_values(2, np.arange(D), masks)
        with monkeypatch.context() as patch:
            patch.setattr("xbench.mask.masked_values.MASK_CHUNK", chunk)
            found = cut.masked_values(2, np.arange(D), masks)
        np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_each_mask_is_charged_as_a_cell() -> None:
    for population in both(random_inputs(3, D)):
        assert population.masked_values(0, [3], np.zeros((0, 1), bool)).shape == (0,)
        assert population.counts.forward == 0
        population.masked_values(1, [3, 1], np.zeros((6, 2), bool))
        counts = population.counts
        assert (counts.forward, counts.gradient, counts.computed) == (6, 0, 6)


@pytest.mark.parametrize(
    ("cell", "features", "masks", "message"),
    [
        (3, [0], np.ones((1, 1), bool), "cell 3 is out of range 0..2"),
        (-1, [0], np.ones((1, 1), bool), "cell -1 is out of range"),
        (0, [D], np.ones((1, 1), bool), f"feature {D} is out of range"),
        (0, [2, 2], np.ones((1, 2), bool), "feature 2 is in the subset more than once"),
        (0, [2, 1], np.ones((1, 1), bool), r"must have \(masks, 2\) and bool"),
        (0, [2], np.ones((1, 1)), r"type float64 but must have \(masks, 1\) and bool"),
        (0, [2], np.ones(1, bool), r"shape \(1,\)"),
    ],
)
def test_masks_that_do_not_fit_are_refused(
    cell: int, features: list[int], masks: np.ndarray, message: str
) -> None:
    for population in both(random_inputs(3, D)):
        with pytest.raises(ValueError, match=message):
            population.masked_values(cell, features, masks)
