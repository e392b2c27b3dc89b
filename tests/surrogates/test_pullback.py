"""Outputs and the gradient taken back to the hidden sums."""

from __future__ import annotations

import subprocess
import sys

import torch

from ..toys import random_cross_modality


def test_it_is_the_derivative_of_the_tail() -> None:
    model = random_cross_modality([5, 0, 7], seed=2).frozen().double()
    layer = model.additive_layer()
    generator = torch.Generator().manual_seed(0)
    shape = (4, layer.n_blocks, layer.weight.shape[1])
    sums = torch.randn(*shape, generator=generator, dtype=torch.float64)
    wanted = torch.tensor([0, 3])
    given = torch.randn(4, 2, generator=generator, dtype=torch.float64)
    found, back = model.pullback(sums, wanted)
    torch.testing.assert_close(found, model.tail(sums, wanted))
    way = torch.randn(*shape, generator=generator, dtype=torch.float64)
    step = 1e-6
    difference = model.tail(sums + step * way, wanted) - model.tail(sums - step * way, wanted)
    slope = (difference * given).sum() / (2 * step)
    assert slope.abs() > 1e-4
    torch.testing.assert_close((back(given) * way).sum(), slope, rtol=1e-5, atol=1e-8)


def test_it_imports_nothing_within_a_run() -> None:
    # A gradient handed to torch.autograd.grad imports sympy: half a second of a run of 10 ms.
    code = (
        "import sys, torch\n"
        "from xbench.surrogates.cross_modality import CrossModality\n"
        "model = CrossModality([3, 2], 2).frozen()\n"
        "found, back = model.pullback(torch.zeros(1, 2, 16), torch.tensor([0]))\n"
        "back(torch.ones(1, 1))\n"
        "print('sympy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
