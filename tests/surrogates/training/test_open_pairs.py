"""Sums over open peaks and their pairs are those of dense matrices, in every type of number."""

import numpy as np
import pytest
import scipy.sparse as sp

from xbench.surrogates.training.open_pairs import products_through, squares


def some_opened(dtype: type, n_cells: int = 50, n_peaks: int = 7) -> np.ndarray:
    opened = (np.random.default_rng(0).random((n_cells, n_peaks)) < 0.3).astype(dtype)
    opened[3] = 0
    return opened


def test_squares_are_those_of_dense_matrices() -> None:
    opened = some_opened(float)
    amounts = np.random.default_rng(1).normal(size=50)
    wanted = opened.T @ (amounts[:, None] * opened)
    np.testing.assert_allclose(squares(sp.csr_matrix(opened), amounts), wanted, atol=1e-12)


def test_squares_are_scipys_to_the_last_bit() -> None:
    # Cells one after the other: weights that were trained before stay what they are.
    opened = sp.csr_matrix(some_opened(float, 2_000, 40))
    amounts = np.random.default_rng(1).normal(size=2_000)
    weighted = sp.diags_array(amounts) @ opened.tocsc()
    found = squares(opened, amounts)
    np.testing.assert_array_equal(np.triu(found), np.triu((opened.tocsc().T @ weighted).toarray()))


@pytest.mark.parametrize(("dtype", "within"), [(np.float32, 1e-4), (np.float64, 1e-12)])
@pytest.mark.parametrize("n_peaks", [7, 0])
def test_products_are_those_of_dense_matrices(dtype: type, within: float, n_peaks: int) -> None:
    opened = some_opened(dtype, n_peaks=n_peaks)
    generator = np.random.default_rng(1)
    through, weighted = (generator.normal(size=(k, 50)).astype(dtype) for k in (3, 2))
    curved, left = (generator.normal(size=50).astype(dtype) for _ in range(2))
    pairs, single = products_through(sp.csr_matrix(opened), through, curved, weighted, left)
    one, two = np.triu_indices(3)
    wanted = np.einsum(
        "nj,nl,wn,n->jlw", opened, opened, through[one] * through[two], curved, optimize=True
    )
    np.testing.assert_allclose(pairs, wanted, atol=within)
    mixed = np.einsum("nj,an,bn->jab", opened, through, weighted).reshape(n_peaks, 6)
    slopes = np.einsum("nj,an,n->ja", opened, through, left)
    np.testing.assert_allclose(single, np.concatenate([mixed, slopes], axis=1), atol=within)
    assert pairs.dtype == single.dtype == dtype
