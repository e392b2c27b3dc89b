"""Choices drawn as often as they should be, with the gradients they should have."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import binomtest

from xbench.explainers.relaxation import bounded, logistic_noise, straight_through


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("logit", [-2.0, 0.0, 1.0])
def test_a_choice_is_made_as_often_as_its_logit_says(logit: float) -> None:
    drawn = straight_through(torch.full((4000,), logit), 0.5, seeded())
    assert set(drawn.tolist()) == {0.0, 1.0}
    share = float(torch.sigmoid(torch.tensor(logit)))
    assert binomtest(int(drawn.sum()), 4000, share).pvalue > 1e-4


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.0])
def test_its_gradient_is_that_of_the_relaxed_choice(temperature: float) -> None:
    logits = torch.linspace(-2, 2, 9).requires_grad_()
    pull = torch.arange(1.0, 10.0)
    straight_through(logits, temperature, seeded(3)).mul(pull).sum().backward()
    noisy = (logits + logistic_noise(logits, seeded(3))).detach().numpy() / temperature
    relaxed = 1 / (1 + np.exp(-noisy))
    wanted = pull.numpy() * relaxed * (1 - relaxed) / temperature
    assert logits.grad is not None
    np.testing.assert_allclose(logits.grad.numpy(), wanted, rtol=1e-4, atol=1e-6)


def test_noise_is_logistic() -> None:
    noise = logistic_noise(torch.zeros(20_000), seeded())
    # Variance pi^2 / 3, median 0.
    assert float(noise.var()) == pytest.approx(np.pi**2 / 3, rel=0.05)
    assert float(noise.median()) == pytest.approx(0, abs=0.05)


def test_at_the_bound_only_gradients_that_lead_down_pass() -> None:
    logits = torch.tensor([1.0, 1.0, 3.0, 3.0, 9.0, 9.0], requires_grad=True)
    capped = bounded(logits, 3.0)
    assert capped.tolist() == [1, 1, 3, 3, 3, 3]
    capped.backward(torch.tensor([-1.0, 2.0, -1.0, 2.0, -1.0, 2.0]))
    assert logits.grad is not None
    assert logits.grad.tolist() == [-1, 2, 0, 2, 0, 2]
