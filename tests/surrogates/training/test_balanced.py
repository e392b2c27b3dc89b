"""The losses over all positives and as many sampled zeros."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from xbench.surrogates.training.balanced import (
    balanced_squared_error,
    balanced_weights,
    focal_values,
    sampled_zeros,
)

matrices = arrays(
    np.float32,
    st.tuples(st.integers(1, 6), st.integers(1, 8)),
    elements=st.sampled_from([0.0, 0.0, 1.0, 2.5]),
)
TWO_OF_EIGHT = np.tile([1.0, 1, 0, 0, 0, 0, 0, 0], (4000, 1))


@given(matrices, st.integers(0, 99))
def test_drawn_zeros_are_zeros_of_rows_with_at_least_as_many_positives(
    x: np.ndarray, seed: int
) -> None:
    rows, columns = sampled_zeros(sp.csr_matrix(x), np.random.default_rng(seed))
    assert (x[rows, columns] == 0).all()
    assert (np.bincount(rows, minlength=len(x)) <= (x != 0).sum(axis=1)).all()
    # In the order of a CSR matrix, which products rely on, and none twice.
    assert (np.diff(rows * x.shape[1] + columns) > 0).all()


def test_about_as_many_zeros_as_positives_and_all_of_them_alike() -> None:
    _, columns = sampled_zeros(sp.csr_matrix(TWO_OF_EIGHT), np.random.default_rng(0))
    # A quarter of the draws hits an open feature and is dropped.
    assert len(columns) == pytest.approx(6000, rel=0.05)
    counts = np.bincount(columns, minlength=8)
    assert counts[:2].tolist() == [0, 0]
    np.testing.assert_allclose(counts[2:], 1000, rtol=0.15)


def test_draws_are_even_where_stretches_do_not_divide_the_columns() -> None:
    # 3 positives of 7 columns: stretches of 7/3 columns, so that column 2 lies in two, by a third
    # and by two thirds; both draw it in 1/7 x 2/7 of the rows, and then it counts once.
    x = sp.csr_matrix(np.tile([0.0, 0, 0, 0, 1, 1, 1], (30000, 1)))
    _, columns = sampled_zeros(x, np.random.default_rng(0))
    counts = np.bincount(columns, minlength=7) / 30000
    np.testing.assert_allclose(counts[:4], [3 / 7, 3 / 7, 3 / 7 - 2 / 49, 3 / 7], rtol=0.03)


def test_the_sample_follows_the_generator() -> None:
    x = sp.random(20, 30, density=0.3, format="csr", random_state=0)

    def columns(seed: int) -> list[int]:
        return sampled_zeros(x, np.random.default_rng(seed))[1].tolist()

    assert columns(1) == columns(1)
    assert columns(1) != columns(2)


@given(matrices, st.integers(0, 99))
def test_every_positive_weighs_and_only_rows_with_positives_do(x: np.ndarray, seed: int) -> None:
    weights = balanced_weights(x, np.random.default_rng(seed))
    assert set(np.unique(weights)) <= {0.0, 1.0}
    assert (weights[x != 0] == 1).all()
    assert (weights[(x == 0).all(axis=1)] == 0).all()


def test_weights_of_zeros_are_as_many_as_of_positives() -> None:
    weights = balanced_weights(TWO_OF_EIGHT, np.random.default_rng(0))
    assert weights[:, 2:].sum() == pytest.approx(8000, rel=0.03)
    np.testing.assert_allclose(weights[:, 2:].mean(axis=0), 1 / 3, rtol=0.1)


def test_a_row_with_more_positives_than_zeros_takes_all_of_it() -> None:
    assert balanced_weights(np.array([[1.0, 1, 0]]), np.random.default_rng(0)).tolist() == [[1] * 3]


def test_squared_error_at_the_marked_entries_alone() -> None:
    predicted = torch.tensor([[1.0, 2.0], [3.0, 100.0]], requires_grad=True)
    observed, weights = torch.tensor([[9.0, 0.0], [5.0, 0.0]]), torch.tensor([[0.0, 1], [1, 0]])
    loss = balanced_squared_error(predicted, observed, weights)
    loss.backward()
    assert loss.item() == pytest.approx((4 + 4) / 2)
    torch.testing.assert_close(predicted.grad, torch.tensor([[0.0, 2.0], [-2.0, 0.0]]))


def test_squared_error_of_nothing_is_zero() -> None:
    assert balanced_squared_error(*torch.zeros(3, 2, 2)).item() == 0


def test_focal_loss_by_hand() -> None:
    # Probabilities 0.8 of a positive, 0.25 of a negative.
    values, _ = focal_values(torch.tensor([log(4.0), -log(1 / 3)]))
    wanted = [0.2**2 * -log(0.8), 0.25**2 * -log(0.75)]
    assert values.tolist() == pytest.approx(wanted, rel=1e-5)


@given(st.floats(-12, 12))
def test_focal_loss_is_its_definition(margin: float) -> None:
    probability = 1 / (1 + exp(-margin))
    wanted = -((1 - probability) ** 2) * log(probability)
    values, _ = focal_values(torch.tensor([margin], dtype=torch.float64))
    assert values.item() == pytest.approx(wanted, rel=1e-6, abs=1e-12)


def test_its_slope_is_what_autograd_finds() -> None:
    margins = torch.linspace(-30, 30, 101, dtype=torch.float64, requires_grad=True)
    values, slopes = focal_values(margins)
    values.sum().backward()
    torch.testing.assert_close(slopes.detach(), margins.grad)


def test_focal_loss_stays_finite_where_the_model_is_sure() -> None:
    values, slopes = focal_values(torch.tensor([200.0, -200.0]))
    assert values.tolist() == pytest.approx([0, 200])
    assert slopes.tolist() == pytest.approx([0, -1])
