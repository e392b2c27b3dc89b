from __future__ import annotations

import tracemalloc
import warnings

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from xbench.data.dataset import Dataset
from xbench.data.load import load_dataset
from xbench.data.multiome import read_multiome
from xbench.data.read_options import ReadOptions

from .small_files import CELLS, Writer, make_atac, make_rna


def test_peaks_are_sorted_with_their_columns(small_dataset: Dataset) -> None:
    dataset = small_dataset
    assert dataset.features.names.tolist() == ["p4", "p3", "p2", "p1", "p0"]
    assert dataset.features.blocks()[0] == ["chr1", "chr2", "chr10", "chrX"]
    assert isinstance(dataset.X, sparse.csr_matrix)
    assert dataset.features.start is not None
    assert dataset.features.start.tolist() == [700, 100, 900, 300, 50]
    expected = make_atac()[:, ["p4", "p3", "p2", "p1", "p0"]].X.toarray()
    assert np.array_equal(dataset.X.toarray(), expected)


def test_matrices_are_csr_of_the_protocol(small_dataset: Dataset) -> None:
    dataset = small_dataset
    assert dataset.Y is not None
    for matrix, kind in ((dataset.X, np.int8), (dataset.Y, np.float32)):
        assert isinstance(matrix, sparse.csr_matrix)
        assert matrix.dtype == kind
        assert matrix.has_canonical_format
    counts = make_rna().X.toarray().astype(np.float64)
    expected = np.log1p(counts / counts.sum(axis=1, keepdims=True) * 1e5)
    np.testing.assert_allclose(dataset.Y.toarray(), expected, rtol=1e-6)


def test_genes_keep_order_and_coordinates(small_dataset: Dataset) -> None:
    dataset = small_dataset
    assert dataset.output_features.names.tolist() == ["Mog", "Gad1", "Nowhere"]
    assert dataset.target("Oligo", "mog").interval is not None
    assert dataset.target("Oligo", "Nowhere").interval is None


def test_genes_need_no_coordinates(write: Writer) -> None:
    rna = make_rna()
    rna.var = rna.var[[]]
    dataset = read_multiome(write(rna=rna), name="user")
    assert not dataset.output_features.has_coordinates


def test_coordinates_from_names(write: Writer, small_dataset: Dataset) -> None:
    atac = make_atac()
    places = zip(atac.var["chrom"], atac.var["start"], atac.var["end"], strict=True)
    names = [f"{chrom}:{start}-{end}" for chrom, start, end in places]
    atac.var = pd.DataFrame(index=names)
    named, described = read_multiome(write(atac=atac), name="user").features, small_dataset.features
    assert named.start is not None
    assert described.start is not None
    assert named.start.tolist() == described.start.tolist()
    assert named.names[0] == "chr1:700-800"


def test_barcodes_in_another_order_are_aligned(write: Writer, small_dataset: Dataset) -> None:
    order = np.random.default_rng(0).permutation(24)
    one = small_dataset
    other = read_multiome(write(rna=make_rna()[order].copy()), name="user")
    assert one.inputs.obs_names.tolist() == other.inputs.obs_names.tolist() == CELLS
    assert one.Y is not None
    assert other.Y is not None
    assert np.array_equal(one.Y.toarray(), other.Y.toarray())


@pytest.mark.parametrize("holder", ["atac", "rna"])
def test_cell_types_of_one_modality_are_enough(write: Writer, holder: str) -> None:
    modalities = {"atac": make_atac(), "rna": make_rna()[::-1].copy()}
    for name, data in modalities.items():
        if name != holder:
            data.obs = data.obs[["batch"]]
    dataset = read_multiome(write(modalities=modalities), name="user")
    assert dataset.cell_types.tolist() == ["Oligo"] * 12 + ["Astro"] * 12


def test_cell_types_of_another_column_and_kind(write: Writer) -> None:
    rna = make_rna()
    rna.obs["leiden"] = pd.Categorical([0] * 20 + [1] * 4)
    dataset = read_multiome(
        write(rna=rna), name="user", reading=ReadOptions(cell_type_key="leiden")
    )
    assert dataset.cell_types.tolist() == ["0"] * 20 + ["1"] * 4


def test_binarize(write: Writer, small_dataset: Dataset) -> None:
    atac = make_atac()
    atac.X = atac.X * 3
    dataset = read_multiome(write(atac=atac), name="user", reading=ReadOptions(binarize=True))
    assert dataset.digest == small_dataset.digest


def test_cells_and_peaks_without_counts_stay(write: Writer) -> None:
    rna, atac = make_rna(), make_atac()
    rna.X = rna.X.multiply(np.arange(24)[:, None] != 2).tocsr()
    atac.X = atac.X.multiply(np.arange(24)[:, None] != 3).tocsr()
    dataset = read_multiome(write(rna=rna, atac=atac), name="user")
    assert dataset.Y is not None
    assert np.isfinite(dataset.Y.toarray()).all()
    assert dataset.Y[2].nnz == 0
    assert isinstance(dataset.X, sparse.csr_matrix)
    assert dataset.X[3].nnz == 0
    assert dataset.n_cells == 24
    assert dataset.X.getnnz(axis=0)[0] == 0  # p4 of the fixture is never open


def test_other_modalities_are_left_alone(write: Writer) -> None:
    protein = make_rna()[:5].copy()
    protein.var_names = ["CD4", "CD8", "CD19"]
    assert read_multiome(write(protein=protein), name="user").n_cells == 24


def test_split_follows_the_seed(write: Writer) -> None:
    path = write()
    zero, one = (
        read_multiome(path, name="user", reading=ReadOptions(split_seed=seed)).split
        for seed in (0, 1)
    )
    assert [len(zero.train), len(zero.validation), len(zero.test)] == [18, 2, 4]
    assert zero.test.tolist() != one.test.tolist()


def test_no_warning_reaches_the_user(write: Writer) -> None:
    path = write()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_multiome(path, name="user")


def test_load_dataset_takes_a_file(write: Writer) -> None:
    dataset = load_dataset(data=write("my cortex.h5mu"), split_seed=2)
    assert dataset.name == "my cortex"
    assert dataset.default_surrogate == "cross-modality"
    assert (
        dataset.digest
        == read_multiome(write("again.h5mu"), name="b", reading=ReadOptions(split_seed=2)).digest
    )


# That memory is bounded by what is stored: test_tenx_h5.py.
@pytest.mark.slow
def test_sparse_stays_sparse(write: Writer) -> None:
    cells = [f"c{number}" for number in range(20_000)]
    obs = pd.DataFrame({"cell_type": "Oligo"}, index=cells)
    peaks = pd.DataFrame(index=[f"chr{n % 19 + 1}:{n}-{n + 1}" for n in range(20_000)])
    genes = pd.DataFrame(index=[f"g{number}" for number in range(2_000)])
    generator = np.random.default_rng(0)
    rows, columns = generator.integers(0, 20_000, (2, 100_000))
    atac = sparse.csr_matrix((np.ones(100_000, np.float32), (rows, columns)), (20_000, 20_000))
    rna = sparse.csr_matrix((np.ones(100_000, np.float32), (rows, columns % 2_000)))
    path = write(atac=anndata.AnnData(atac, obs, peaks), rna=anndata.AnnData(rna, obs, genes))
    tracemalloc.start()
    dataset = read_multiome(path, name="wide", reading=ReadOptions(binarize=True))
    assert len(dataset.digest) == 64
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # As one array of bytes the peaks alone would take 400 MB.
    assert peak < 60e6
