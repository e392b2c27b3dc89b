"""The divergence of shares and its gradient against torch's own operations."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from xbench.explainers.share_divergence import divergence_of_shares

# Rows of several entries, of none, of one, and one that does not count.
POINTERS = np.array([0, 4, 4, 5, 9], dtype=np.int32)
SHARES = np.array([0.5, 0.25, 0, 0.25, 1, 0, 0, 0, 0], dtype=np.float32)


@pytest.mark.parametrize("scale", [0.1, 40.0])
def test_it_is_the_cross_entropy_of_each_row(scale: float) -> None:
    start = scale * torch.randn(9, generator=torch.Generator().manual_seed(0))
    ours, theirs = (start.clone().requires_grad_() for _ in range(2))
    found = divergence_of_shares(ours, SHARES, POINTERS)
    rows = [slice(first, last) for first, last in pairwise(POINTERS.tolist())]
    wanted = -sum(
        (torch.from_numpy(SHARES[row]) * torch.log_softmax(theirs[row], dim=0)).sum()
        for row in rows
    )
    assert found.item() == pytest.approx(wanted.item(), rel=1e-5)
    (3 * found).backward()
    (3 * wanted).backward()
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-4, atol=1e-6)


def test_a_logit_that_is_no_number_is_not_hidden() -> None:
    logits = torch.tensor([0.0, float("nan")], requires_grad=True)
    found = divergence_of_shares(logits, np.array([1, 0], np.float32), np.array([0, 2]))
    found.backward()
    assert found.isnan()
    assert logits.grad is not None
    assert logits.grad.isnan().all()
