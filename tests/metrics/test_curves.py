"""Areas of deletion and insertion: by hand on a linear model, and by what must always hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xbench.data.dataset import Target
from xbench.data.features import Features
from xbench.metrics import METRICS, Outcome
from xbench.metrics.curves import STEPS, curve

WEIGHTS = np.array([8.0, 4.0, 2.0, 1.0, 0.5])


def outcome(indices: list[int], *, ordered: bool = True, weights: np.ndarray = WEIGHTS) -> Outcome:
    """F is the sum of the weights that are not masked, the same in three cells."""

    def masked(subset: object) -> np.ndarray:
        kept = np.ones(len(weights), bool)
        kept[np.asarray(subset, dtype=np.int64)] = False
        return np.full(3, weights[kept].sum(), dtype=np.float32)

    features = Features([str(number) for number in range(len(weights))])
    chosen = np.array(indices)
    return Outcome(
        masked([]),
        masked(chosen),
        chosen,
        features,
        Target("all", "0", 0),
        ordered=ordered,
        masked=masked,
    )


def test_a_case_worked_by_hand() -> None:
    best = outcome([0, 1, 2])
    # Deletion: 15.5, 7.5, 3.5, 1.5; trapezoids (11.5 + 5.5 + 2.5) / 3.
    assert METRICS["deletion-area"].compute(best) == pytest.approx(6.5)
    # Worst first: 15.5, 13.5, 9.5, 1.5; (14.5 + 11.5 + 5.5) / 3 = 10.5.
    assert METRICS["symmetric-relevance-gain"].compute(best) == pytest.approx(4.0)
    assert METRICS["symmetric-relevance-gain"].compute(outcome([2, 1, 0])) == pytest.approx(-4.0)
    # Insertion: 0, 8, 12, 14; (4 + 10 + 13) / 3.
    assert METRICS["insertion-area"].compute(best) == pytest.approx(9.0)
    assert METRICS["value-drop"].compute(best) == pytest.approx(14.0)


@given(st.permutations(range(12)), st.integers(1, 12), st.integers(0, 10))
@settings(max_examples=40, deadline=None)
def test_of_a_linear_model_the_order_by_weight_is_best(
    order: list[int], size: int, seed: int
) -> None:
    weights = np.random.default_rng(seed).uniform(0.1, 3, 12)
    chosen = order[:size]
    sorted_too = sorted(chosen, key=lambda one: -weights[one])
    any_order, best = (outcome(one, weights=weights) for one in (chosen, sorted_too))
    for name, sign in (
        ("deletion-area", 1),
        ("insertion-area", -1),
        ("symmetric-relevance-gain", -1),
    ):
        found, bound = (METRICS[name].compute(one) for one in (any_order, best))
        assert found is not None
        assert bound is not None
        assert sign * found >= sign * bound - 1e-5


def test_without_an_order_they_are_undefined() -> None:
    for name in ("deletion-area", "insertion-area", "symmetric-relevance-gain"):
        assert METRICS[name].compute(outcome([0, 1], ordered=False)) is None


def test_a_long_curve_has_few_steps_with_both_ends() -> None:
    steps, _ = curve(lambda subset: np.zeros(2), [], np.arange(1000))
    assert len(steps) == STEPS + 1
    assert (steps[0], steps[-1]) == (0, 1000)


def test_quantus_flips_pixels_to_the_same_curve() -> None:
    quantus = pytest.importorskip("quantus", exc_type=ImportError)
    import torch

    from xbench.data.arrays import dataset_of
    from xbench.mask import masked_population
    from xbench.mask.objective import OBJECTIVES
    from xbench.surrogates.own_model import Parts, black_box

    generator = np.random.default_rng(0)
    x = generator.random((10, 1, 3, 4)).astype(np.float32)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = torch.nn.Sequential(
            torch.nn.Flatten(), torch.nn.Linear(12, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2)
        ).eval()
    order = generator.permutation(12)
    ranked = np.empty(12, dtype=np.float32)
    ranked[order] = np.arange(12, 0, -1)
    flipping = quantus.PixelFlipping(
        perturb_baseline=0.0,
        normalise=False,
        disable_warnings=True,
        return_auc_per_sample=False,
    )
    theirs = flipping(
        model=net,
        x_batch=x,
        y_batch=np.ones(10, dtype=int),
        a_batch=np.tile(ranked, (10, 1)).reshape(x.shape),
        device="cpu",
        softmax=False,
    )
    dataset = dataset_of(x)
    box = black_box(net, Parts.of(dataset)).frozen()
    population = masked_population(box, dataset.X, Target("all", "1", 1), OBJECTIVES["expression"])
    steps, ours = curve(population.values, [], order)
    assert steps.tolist() == list(range(13))
    assert np.allclose(ours[1:], np.mean(theirs, axis=0), atol=1e-5)
