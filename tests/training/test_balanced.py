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

from xbench.training.balanced import (
    Entries,
    balanced_entries,
    balanced_squared_error,
    focal_loss,
)

matrices = arrays(
    np.float32,
    st.tuples(st.integers(1, 6), st.integers(1, 8)),
    elements=st.sampled_from([0.0, 0.0, 1.0, 2.5]),
)


@given(matrices, st.integers(0, 99))
def test_all_positives_once_then_zeros_of_the_same_rows(x: np.ndarray, seed: int) -> None:
    entries = balanced_entries(sp.csr_matrix(x), np.random.default_rng(seed))
    rows, columns = entries.rows.numpy(), entries.columns.numpy()
    values, count = entries.values.numpy(), int((x != 0).sum())
    assert len(rows) == len(columns) == len(values)
    np.testing.assert_array_equal(values, x[rows, columns])
    assert (values[:count] != 0).all()
    assert len(set(zip(rows[:count].tolist(), columns[:count].tolist(), strict=True))) == count
    assert (values[count:] == 0).all()
    positives = np.bincount(rows[:count], minlength=len(x))
    zeros = np.bincount(rows[count:], minlength=len(x))
    assert (zeros <= positives).all()


def test_about_as_many_zeros_as_positives_and_all_of_them_alike() -> None:
    x = sp.csr_matrix(np.tile([1.0, 1, 0, 0, 0, 0, 0, 0], (4000, 1)))
    entries = balanced_entries(x, np.random.default_rng(0))
    drawn = entries.columns[8000:].numpy()
    # A quarter of the draws hits an open feature and is dropped.
    assert len(drawn) == pytest.approx(6000, rel=0.05)
    counts = np.bincount(drawn, minlength=8)
    assert counts[:2].tolist() == [0, 0]
    np.testing.assert_allclose(counts[2:], 1000, rtol=0.15)


def test_the_sample_follows_the_generator() -> None:
    x = sp.random(20, 30, density=0.3, format="csr", random_state=0)

    def columns(seed: int) -> list[int]:
        return balanced_entries(x, np.random.default_rng(seed)).columns.tolist()

    assert columns(1) == columns(1)
    assert columns(1) != columns(2)


def test_squared_error_at_the_entries_alone() -> None:
    predicted = torch.tensor([[1.0, 2.0], [3.0, 100.0]])
    entries = Entries(torch.tensor([0, 1]), torch.tensor([1, 0]), torch.tensor([0.0, 5.0]))
    assert balanced_squared_error(predicted, entries).item() == pytest.approx((4 + 4) / 2)


def test_squared_error_has_the_gradient_of_its_definition() -> None:
    generator = torch.Generator().manual_seed(0)
    predicted = torch.randn(4, 5, generator=generator, requires_grad=True)
    rows = torch.tensor([0, 0, 3, 3, 3])
    columns = torch.tensor([1, 1, 4, 0, 0])  # zeros may be drawn twice
    values = torch.tensor([1.0, 1, 2, 0, 0])
    balanced_squared_error(predicted, Entries(rows, columns, values)).backward()
    plain = predicted.detach().clone().requires_grad_()
    ((plain[rows, columns] - values) ** 2).mean().backward()
    torch.testing.assert_close(predicted.grad, plain.grad)


def test_focal_loss_by_hand() -> None:
    # Probabilities 0.8 of a positive, 0.25 of a negative.
    logits = torch.tensor([log(4.0), log(1 / 3)])
    wanted = (0.2**2 * -log(0.8) + 0.25**2 * -log(0.75)) / 2
    assert focal_loss(logits, torch.tensor([1.0, 0.0])).item() == pytest.approx(wanted, rel=1e-5)


@given(st.floats(-12, 12), st.sampled_from([0.0, 1.0]))
def test_focal_loss_is_its_definition(logit: float, label: float) -> None:
    probability = 1 / (1 + exp(-logit)) if label else 1 / (1 + exp(logit))
    wanted = -((1 - probability) ** 2) * log(probability)
    loss = focal_loss(torch.tensor([logit], dtype=torch.float64), torch.tensor([label]).double())
    assert loss.item() == pytest.approx(wanted, rel=1e-6, abs=1e-12)


def test_focal_loss_stays_finite_where_the_model_is_sure() -> None:
    logits = torch.tensor([200.0, -200.0], requires_grad=True)
    loss = focal_loss(logits, torch.tensor([0.0, 1.0]))
    loss.backward()
    assert loss.item() == pytest.approx(200)
    assert logits.grad is not None
    assert logits.grad.isfinite().all()
