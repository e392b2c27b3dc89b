"""The additive operator against full passes of the same module, question by question."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from xbench.data.dataset import Target
from xbench.mask import MaskedPopulation, masked_population
from xbench.mask.objective import OBJECTIVES
from xbench.surrogates.surrogate import Surrogate

from ..slow_rest import rest_slow
from ..toys import dense_twin, masked_by_hand, messy_csr, random_cross_modality, random_inputs
from .small_models import CLASS, NARROW, SIZES, D, classifier

GENE = Target("all", "gene", 3)


def close(ours: np.ndarray, theirs: np.ndarray) -> None:
    scale = max(1e-3, float(np.abs(theirs).max()))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5 * scale)


def cross_modality(seed: int) -> Surrogate:
    return random_cross_modality(SIZES, seed=seed, **NARROW)


def folded(seed: int) -> Surrogate:
    return cross_modality(seed).frozen()


SURROGATES: dict[str, tuple[Callable[[int], Surrogate], Target, str]] = {
    "mlp-classifier": (classifier, CLASS, "cross-entropy"),
    "cross-modality": (cross_modality, GENE, "expression"),
    "cross-modality folded": (folded, GENE, "expression"),
}


def perturbations(x: np.ndarray) -> dict[str, float | np.ndarray]:
    return {
        "0": 0.0,
        "1": 1.0,
        "means": x.mean(axis=0),
        "arbitrary": np.random.default_rng(4).normal(size=x.shape[1]),
    }


def ask_everything(ours: MaskedPopulation, theirs: MaskedPopulation, seed: int) -> None:
    generator = np.random.default_rng(seed)
    mixed = generator.permutation(ours.n_features)
    subset, others = mixed[:4], mixed[4:]
    assert (ours.n_cells, ours.n_features) == (theirs.n_cells, theirs.n_features)
    for chosen in ((), subset, subset[:1]):
        close(ours.outputs(chosen), theirs.outputs(chosen))
        close(ours.values(chosen), theirs.values(chosen))
        close(ours.descent(chosen), theirs.descent(chosen))
        close(
            np.concatenate([*ours.gradients(chosen)]), np.concatenate([*theirs.gradients(chosen)])
        )
        close(ours.added_losses(chosen, others[:7]), theirs.added_losses(chosen, others[:7]))
        for groups in (None, np.split(mixed[2:], [1, 3, 3, 10])):
            exact, expected = ours.effects(groups, chosen), theirs.effects(groups, chosen)
            # Differences of losses: as exact as these are.
            scale = max(1e-3, float(np.abs(ours.outputs(chosen)).max()))
            np.testing.assert_allclose(exact.toarray(), expected.toarray(), 0, 3e-6 * scale)
            np.testing.assert_array_equal(exact.indptr, expected.indptr)
            np.testing.assert_array_equal(exact.indices, expected.indices)
    several = [subset, others[:1], [], mixed]
    close(ours.losses(several), theirs.losses(several))
    for position in (0, 3):
        tried = [subset[position], *others[:7]]
        close(
            ours.swap_losses(subset, position, tried), theirs.swap_losses(subset, position, tried)
        )


# Each surrogate with both kinds of inputs; each kind of inputs with p of 0, another number, and
# a vector.
AGREEING = {
    ("mlp-classifier", "binary", "1"),
    ("mlp-classifier", "continuous", "0"),
    ("cross-modality", "binary", "means"),
    ("cross-modality", "continuous", "1"),
    ("cross-modality folded", "binary", "0"),
    ("cross-modality folded", "continuous", "arbitrary"),
}
EVERY_WAY = product(SURROGATES, ("binary", "continuous"), ("0", "1", "means", "arbitrary"))


@pytest.mark.parametrize(("name", "kind", "p"), rest_slow(EVERY_WAY, AGREEING))
def test_both_operators_agree_on_every_question(name: str, kind: str, p: str) -> None:
    make, target, objective = SURROGATES[name]
    model, x = make(1), random_inputs(11, D, binary=kind == "binary")
    value = perturbations(x)[p]
    ours = masked_population(model, messy_csr(x), target, OBJECTIVES[objective], value)
    theirs = dense_twin(model, x, target, objective, value)
    ask_everything(ours, theirs, seed=0)
    # A batch of a batch counts rows of the batch, not of the population: cells 3, 0, 1 and 3.
    rows, of_these = np.array([7, 0, 1, 7, 3]), np.array([4, 1, 2, 4])
    ask_everything(ours.batch(rows).batch(of_these), theirs.batch(rows).batch(of_these), seed=2)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(data=st.data())
def test_both_operators_agree_on_arbitrary_inputs(data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(0, 5), min_size=1, max_size=4).filter(sum))
    d = sum(sizes)
    n_cells = data.draw(st.integers(1, 6))
    values = st.sampled_from([0.0, 0.0, 1.0, 0.5, -2.0, 3.0])
    rows = st.lists(values, min_size=d, max_size=d)
    x = np.array(data.draw(st.lists(rows, min_size=n_cells, max_size=n_cells)), np.float32)
    p = np.array(data.draw(rows), np.float32)
    model = random_cross_modality(sizes, n_outputs=2, seed=data.draw(st.integers(0, 3)), **NARROW)
    subset = data.draw(st.lists(st.integers(0, d - 1), min_size=1, unique=True))
    target, objective = Target("all", "gene", 1), OBJECTIVES["expression"]
    ours = masked_population(model, sp.csr_matrix(x), target, objective, p)
    theirs = dense_twin(model, x, target, perturbation=p)
    with torch.no_grad():
        plain = model(torch.from_numpy(masked_by_hand(x, subset, p)))[:, 1].numpy()
    close(ours.values(subset), plain)
    close(theirs.values(subset), plain)
    close(ours.descent(subset), theirs.descent(subset))
    free = [*set(range(d)) - set(subset), subset[0]]
    close(ours.swap_losses(subset, 0, free), theirs.swap_losses(subset, 0, free))


@pytest.mark.parametrize("p", [0.0, 0.7])
def test_a_population_without_a_single_entry(p: float) -> None:
    model = cross_modality(2)
    nothing = sp.csr_matrix((4, D), dtype=np.float32)
    ours = masked_population(model, nothing, GENE, OBJECTIVES["expression"], p)
    theirs = dense_twin(model, nothing.toarray(), GENE, perturbation=p)
    ask_everything(ours, theirs, seed=3)
    if p == 0:
        assert not ours.descent().any()


@pytest.mark.parametrize("kind", [np.float64, np.uint8, bool, np.int64])
def test_inputs_of_any_number_type_mean_the_same(kind: type) -> None:
    model, x = cross_modality(0), random_inputs(5, D)
    plain = masked_population(model, x, GENE, OBJECTIVES["expression"])
    other = masked_population(model, sp.csr_matrix(x.astype(kind)), GENE, OBJECTIVES["expression"])
    np.testing.assert_array_equal(plain.values([1]), other.values([1]))
    np.testing.assert_array_equal(plain.descent([1]), other.descent([1]))


def test_rows_of_a_batch_may_be_a_mask_a_slice_of_numbers_or_count_from_the_end() -> None:
    model, x = cross_modality(0), random_inputs(6, D)
    ours = masked_population(model, x, GENE, OBJECTIVES["expression"])
    theirs = dense_twin(model, x, GENE)
    mask = np.array([True, False, True, True, False, False])
    for rows in (mask, np.array([-1, 2]), [3, 4]):
        ask_everything(ours.batch(rows), theirs.batch(rows), seed=1)


def test_inputs_are_not_changed() -> None:
    x = random_inputs(6, D, binary=False)
    given = messy_csr(x)
    before = (given.data.copy(), given.indices.copy(), given.indptr.copy())
    population = masked_population(cross_modality(0), given, GENE, OBJECTIVES["expression"])
    population.descent([1, 2])
    population.swap_losses([1, 2], 0, [5])
    for now, then in zip((given.data, given.indices, given.indptr), before, strict=True):
        np.testing.assert_array_equal(now, then)
