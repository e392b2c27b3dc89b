"""Which pairs masking changes, spelt out, and in pieces of bounded size."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from xbench.mask.changed_pairs import changed_pairs
from xbench.mask.population import disjoint_groups

from ..toys import random_inputs

X = np.array([[0, 2, 1, 0], [0, 0, 0, 0], [1, 1, 0, 3]], np.float32)


def test_spelt_out() -> None:
    groups = disjoint_groups([[3, 0], [2, 1]], 4)
    # In the row of the groups the features are 0, 3, 1, 2.
    assert groups.features.tolist() == [0, 3, 1, 2]
    inputs = sp.csr_matrix(X[:, groups.features])
    (pairs,) = changed_pairs(inputs, np.zeros(4, np.float32), groups, together=99)
    assert pairs.cell.tolist() == [0, 2, 2]
    assert pairs.group.tolist() == [1, 0, 1]
    assert pairs.pair.tolist() == [0, 0, 1, 1, 2]
    assert pairs.feature.tolist() == [1, 2, 0, 3, 1]
    assert pairs.change.tolist() == [-2, -1, -1, -3, -1]


@pytest.mark.parametrize("p", [0.0, 0.5])
@pytest.mark.parametrize("together", [1, 20, 60])
def test_pieces_are_no_larger_than_asked_but_for_one_cell(p: float, together: int) -> None:
    x = random_inputs(9, 24)
    groups = disjoint_groups([range(3, 9), range(9, 24)], 24)
    perturbation = np.full(21, p, np.float32)
    pieces = list(changed_pairs(sp.csr_matrix(x[:, 3:]), perturbation, groups, together))
    for piece in pieces:
        assert len(piece.change) <= together or len(np.unique(piece.cell)) == 1
    assert len(pieces) > 1
    changes = np.zeros_like(x)
    for piece in pieces:
        changes[piece.cell[piece.pair], piece.feature] = piece.change
    expected = p - x
    expected[:, :3] = 0
    np.testing.assert_array_equal(changes, expected)
    cells = np.concatenate([piece.cell for piece in pieces])
    assert (np.diff(cells) >= 0).all()
