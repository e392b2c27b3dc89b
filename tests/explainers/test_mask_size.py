"""The shift that holds a mask's expected size."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from xbench.explainers.relaxation import shift_to_size


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    logits=st.lists(st.floats(-40, 40, width=32), min_size=2, max_size=12),
    share=st.floats(0.01, 0.99),
)
def test_the_expected_size_is_the_one_asked_for(logits: list[float], share: float) -> None:
    values = torch.tensor(logits)
    size = share * len(logits)
    shifted = values + shift_to_size(values, size)
    assert float(torch.sigmoid(shifted.double()).sum()) == pytest.approx(size, abs=1e-3)


def test_a_small_size_among_very_many_features() -> None:
    logits = torch.randn(100_000, generator=torch.Generator().manual_seed(0))
    shifted = logits + shift_to_size(logits, 10.0)
    assert float(torch.sigmoid(shifted).sum()) == pytest.approx(10, rel=1e-4)


@pytest.mark.parametrize("size", [0.5, 2.0, 4.5])
def test_its_gradient_is_that_of_the_implicit_function(size: float) -> None:
    values = torch.tensor([0.3, -1.0, 2.0, 0.0, 1.5], dtype=torch.float64)
    pull = torch.tensor([1.0, -2.0, 0.5, 3.0, 1.0], dtype=torch.float64)

    def pulled(logits: torch.Tensor) -> torch.Tensor:
        return (pull * torch.sigmoid(logits + shift_to_size(logits, size))).sum()

    leaf = values.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(pulled(leaf), leaf)
    step = 1e-3
    differences = [
        float(pulled(values + nudge) - pulled(values - nudge)) / (2 * step)
        for nudge in step * torch.eye(5, dtype=torch.float64)
    ]
    np.testing.assert_allclose(gradient.numpy(), differences, atol=2e-3)
    # The size cannot change: what one logit gains, the others lose.
    sizes = torch.sigmoid(leaf + shift_to_size(leaf, size)).sum()
    np.testing.assert_allclose(torch.autograd.grad(sizes, leaf)[0].numpy(), 0, atol=1e-6)
