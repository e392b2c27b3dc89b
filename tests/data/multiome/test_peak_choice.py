"""Which peaks are kept, and that cells are those that are read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

from xbench.data.multiome import read_multiome
from xbench.data.multiome.peaks import open_often
from xbench.data.read_options import ReadOptions
from xbench.data.row_blocks import rows_of_matrix
from xbench.errors import XbenchError, XbenchWarning

from .refusals import refusal
from .small_layouts import small_multiome, write_h5mu, write_labels


@given(arrays(np.int8, (10, 6), elements=st.integers(0, 1)), st.integers(1, 10))
@settings(max_examples=50)
def test_open_in_a_share_of_cells(table: np.ndarray, tenths: int) -> None:
    share = tenths / 10
    expected = table.sum(axis=0) >= tenths
    if not expected.any():
        with pytest.raises(
            XbenchError, match=r"no peak is open in .* of the cells .*; lower --min"
        ):
            open_often(rows_of_matrix(sparse.csr_matrix(table)), share, "atac")
    else:
        assert (
            open_often(rows_of_matrix(sparse.csr_matrix(table)), share, "atac").tolist()
            == expected.tolist()
        )


@pytest.mark.parametrize("share", [None, 0, 0.0])
def test_no_share_keeps_all(share: float | None) -> None:
    assert open_often(rows_of_matrix(sparse.csr_matrix((3, 2), dtype=np.int8)), share, "atac").all()


def test_a_share_that_is_no_round_number_of_cells() -> None:
    # 0.07 of 100 cells is 7, though the computer makes it a little more.
    assert 0.07 * 100 > 7
    table = np.zeros((100, 2), dtype=np.int8)
    table[:7, 0] = table[:6, 1] = 1
    assert open_often(rows_of_matrix(sparse.csr_matrix(table)), 0.07, "atac").tolist() == [
        True,
        False,
    ]


def test_a_share_of_the_cells_that_are_read(tmp_path: Path) -> None:
    data = small_multiome()
    data.atac[:, :] = 0
    data.atac[:6, 0] = data.atac[20:, 1] = 1
    path = write_h5mu(data, tmp_path)
    data.barcodes, data.types = data.barcodes[:10], data.types[:10]
    labels = write_labels(data, tmp_path)
    reading = ReadOptions(labels=labels, minimum_open_share=0.5)
    with pytest.warns(XbenchWarning, match=r"20 of 30 cells have no type in .*labels.csv and are"):
        dataset = read_multiome(path, name="user", reading=reading)
    assert dataset.features.names.tolist() == [data.peaks[0]]
    assert dataset.n_cells == 10


def test_no_peak_is_open_often_enough(tmp_path: Path) -> None:
    data = small_multiome()
    data.atac[0] = 0
    path = write_h5mu(data, tmp_path)
    message = refusal(path, minimum_open_share=1.0)
    assert "atac: no peak is open in 1 of the cells (at most in 0." in message
    assert message.endswith("lower --minimum-open-share")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_h5mu(small_multiome(), tmp_path_factory.mktemp("file"))


def test_variable_genes_are_scaled_by_all_counts(path: Path) -> None:
    data = small_multiome()
    dataset = read_multiome(path, name="user", reading=ReadOptions(binarize=True, variable_genes=2))
    shares = data.rna / data.rna.sum(axis=1, keepdims=True)
    assert dataset.Y is not None
    assert dataset.output_features.names.tolist() == ["Mog", "GAD1"]
    np.testing.assert_allclose(dataset.Y.toarray(), np.log1p(shares[:, [0, 2]] * 1e5), rtol=1e-6)


def test_fractions_in_a_gene_that_would_not_be_kept(tmp_path: Path) -> None:
    data = small_multiome()
    data.rna = data.rna.astype(np.float64)
    data.rna[4, 3] = 0.5
    message = refusal(write_h5mu(data, tmp_path), variable_genes=2)
    assert "rna: X holds 0.5, which is no whole number" in message


def test_more_variable_genes_than_there_are(path: Path) -> None:
    every = read_multiome(path, name="user", reading=ReadOptions(binarize=True)).digest
    for count in (4, 3000):
        reading = ReadOptions(binarize=True, variable_genes=count)
        assert read_multiome(path, name="user", reading=reading).digest == every
