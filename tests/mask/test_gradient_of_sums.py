"""Gradients by the inputs, which go through those by the hidden sums."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from xbench.data.dataset import Target
from xbench.mask import masked_population
from xbench.mask.objective import OBJECTIVES

from ..toys import random_cross_modality


def test_they_are_the_derivative_of_the_model() -> None:
    model = random_cross_modality([5, 3, 7], seed=2).frozen().double()
    x = np.random.default_rng(0).random((4, 15))
    target = Target("all", "gene", 3)
    inputs = sp.csr_matrix(x, dtype=np.float32)
    single = random_cross_modality([5, 3, 7], seed=2).frozen()
    population = masked_population(single, inputs, target, OBJECTIVES["expression"])
    found = np.concatenate(list(population.gradients()))
    way = np.random.default_rng(1).normal(size=x.shape)
    step = 1e-6
    with torch.no_grad():
        ahead, behind = (
            model(torch.from_numpy(inputs.toarray() + sign * step * way))[:, 3] for sign in (1, -1)
        )
    slope = ((ahead - behind) / (2 * step)).numpy()
    assert np.abs(slope).max() > 1e-4
    np.testing.assert_allclose((found * way).sum(axis=1), slope, rtol=1e-4, atol=1e-6)


# A process that imports torch, for half a second that a run might lose; what a start imports is
# looked at in tests/cli/test_start_and_help.py.
@pytest.mark.slow
def test_they_import_nothing_within_a_run() -> None:
    # A gradient handed to torch.autograd.grad imports sympy: half a second of a run of 10 ms.
    code = """
import sys
import numpy as np, scipy.sparse as sp
from xbench.data.dataset import Target
from xbench.mask import masked_population
from xbench.mask.objective import OBJECTIVES
from xbench.surrogates.cross_modality import CrossModality
model, x = CrossModality([3, 2], 2).frozen(), sp.csr_matrix(np.eye(5, dtype=np.float32))
population = masked_population(model, x, Target("all", "gene", 0), OBJECTIVES["expression"])
assert population.descent().shape == (5,)
print("sympy" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
