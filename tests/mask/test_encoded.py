"""Changes of single features, for all cells and for a batch."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from xbench.mask.encoded import EncodedPopulation
from xbench.surrogates.layers import AdditiveLayer


@pytest.mark.parametrize("rows", [None, [4, 0, 7], [2, 2, 5], []])
def test_changes_are_p_minus_x_of_the_rows_asked_for(rows: list[int] | None) -> None:
    generator = np.random.default_rng(0)
    x = (generator.random((9, 12)) < 0.4) * generator.normal(size=(9, 12))
    p = generator.normal(size=12).astype(np.float32)
    layer = AdditiveLayer(torch.ones(12, 2), torch.zeros(1, 2), np.array([0, 12]))
    encoded = EncodedPopulation(layer, sp.csr_matrix(x, dtype=np.float32), p)
    features = np.array([11, 3, 0, 5])
    chosen = None if rows is None else np.array(rows, dtype=np.int64)
    wanted = (p - x)[:, features] if chosen is None else (p - x)[chosen][:, features]
    np.testing.assert_allclose(encoded.changes(features, chosen), wanted, rtol=1e-6, atol=1e-7)
