from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

from xbench.data.preprocess import as_counts, binary, log_normalise
from xbench.errors import XbenchError

count_tables = arrays(np.float32, (4, 3), elements=st.integers(0, 1000).map(float))


@given(count_tables)
@settings(max_examples=50)
def test_normalisation_against_the_dense_formula(table: np.ndarray) -> None:
    normalised = log_normalise(as_counts(table, "rna"), "rna")
    totals = table.astype(np.float64).sum(axis=1, keepdims=True)
    shares = np.divide(table, totals, out=np.zeros(table.shape), where=totals > 0)
    np.testing.assert_allclose(normalised.toarray(), np.log1p(shares * 1e5), rtol=1e-6)
    assert normalised.dtype == np.float32
    assert normalised.nnz == np.count_nonzero(table)


@given(count_tables)
@settings(max_examples=50)
def test_every_cell_adds_up_to_1e5_again(table: np.ndarray) -> None:
    normalised = log_normalise(as_counts(table, "rna"), "rna").toarray().astype(np.float64)
    totals = np.expm1(normalised).sum(axis=1)
    np.testing.assert_allclose(totals[table.sum(axis=1) > 0], 1e5, rtol=1e-5)


@given(count_tables)
@settings(max_examples=50)
def test_binarized_is_above_zero(table: np.ndarray) -> None:
    opened = binary(as_counts(table, "atac"), True, "atac")
    assert opened.dtype == np.int8
    assert np.array_equal(opened.toarray(), table > 0)


def test_duplicate_entries_are_summed_and_stored_zeros_dropped() -> None:
    twice = sparse.csr_matrix((np.ones(2), np.array([1, 1]), np.array([0, 2])), shape=(1, 3))
    counts = as_counts(twice, "atac")
    assert counts.nnz == 1
    with pytest.raises(XbenchError, match=r"atac: X holds 2, but peaks must be 0 .*--binarize"):
        binary(counts, False, "atac")
    zeros = sparse.csr_matrix((np.zeros(2), np.array([0, 1]), np.array([0, 2])), shape=(1, 3))
    assert as_counts(zeros, "atac").nnz == 0


def test_the_matrix_given_is_not_changed() -> None:
    given_matrix = sparse.csr_matrix((np.zeros(1), np.array([0]), np.array([0, 1])), shape=(1, 2))
    as_counts(given_matrix, "atac")
    assert given_matrix.nnz == 1


@pytest.mark.parametrize("kind", [bool, np.int8, np.uint32, np.int64, np.float32, np.float64])
@pytest.mark.parametrize("container", [np.array, sparse.csr_matrix, sparse.csc_matrix])
def test_number_types_and_containers(kind: type, container: type) -> None:
    table: np.ndarray = np.array([[0, 1], [1, 1]], dtype=kind)
    assert as_counts(container(table), "atac").toarray().tolist() == table.tolist()


def test_no_numbers() -> None:
    with pytest.raises(XbenchError, match="atac: X holds no numbers"):
        as_counts(np.array([["a"]]), "atac")
