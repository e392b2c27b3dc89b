from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pytest
from scipy import sparse

from xbench.data.dataset import Dataset
from xbench.data.multiome import read_multiome
from xbench.data.read_options import ReadOptions
from xbench.data.splits import split_cells

from ..slow_rest import rest_slow
from .multiome.small_files import Writer, make_atac, make_rna

# The files are small: that SciPy would rather build a matrix in another way does not matter.
pytestmark = pytest.mark.filterwarnings("ignore:Changing the sparsity structure")


def digest(path: Path, **options: Any) -> str:
    return read_multiome(path, name="user", reading=ReadOptions(**options)).digest


@pytest.fixture(scope="module")
def original(small_dataset: Dataset) -> str:
    return small_dataset.digest


def test_it_is_a_sha256(original: str) -> None:
    assert len(original) == 64
    assert set(original) <= set("0123456789abcdef")


def test_same_for_another_path_name_and_compression(
    write: Writer, original: str, small_file: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    parts = {"atac": make_atac(), "rna": make_rna()}
    packed = write("packed.h5mu", modalities=parts, compression="gzip")
    moved = shutil.copy(packed, folder / "other.h5mu")
    assert packed.read_bytes() != small_file.read_bytes()
    assert read_multiome(moved, name="another name").digest == original


def shuffled_entries(data: anndata.AnnData) -> sparse.csr_matrix:
    """The same matrix with each row's entries stored in falling order."""
    matrix = data.X.copy()
    for first, last in zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True):
        matrix.indices[first:last] = matrix.indices[first:last][::-1].copy()
        matrix.data[first:last] = matrix.data[first:last][::-1].copy()
    matrix.has_sorted_indices = False
    return matrix


@pytest.mark.parametrize(
    "store",
    rest_slow(
        [
            shuffled_entries,
            lambda data: data.X.tocsc(),
            lambda data: data.X.toarray(),
            lambda data: data.X.astype(np.int16),
            lambda data: data.X.astype(np.float64),
        ],
        4,
    ),
    ids=["entries in another order", "csc", "dense", "int16", "float64"],
)
def test_same_however_the_matrices_are_stored(
    write: Writer, original: str, store: Callable[[anndata.AnnData], Any]
) -> None:
    atac, rna = make_atac(), make_rna()
    atac.X, rna.X = store(atac), store(rna)
    assert digest(write(atac=atac, rna=rna)) == original


def test_same_for_peaks_and_barcodes_in_another_order(write: Writer, original: str) -> None:
    atac, rna = make_atac()[:, ::-1].copy(), make_rna()[::-1].copy()
    assert digest(write(atac=atac, rna=rna)) == original


def change_peak(atac: anndata.AnnData, rna: anndata.AnnData) -> None:
    atac.X[0, 0] = 1 - atac.X[0, 0]


def change_count(atac: anndata.AnnData, rna: anndata.AnnData) -> None:
    rna.X[0, 0] += 1


def change_cell_type(atac: anndata.AnnData, rna: anndata.AnnData) -> None:
    rna.obs["cell_type"] = [*rna.obs["cell_type"][:-1], "Micro"]


def change_gene_name(atac: anndata.AnnData, rna: anndata.AnnData) -> None:
    rna.var_names = ["Mag", *rna.var_names[1:]]


def change_peak_name(atac: anndata.AnnData, rna: anndata.AnnData) -> None:
    atac.var_names = ["p9", *atac.var_names[1:]]


def change_peak_end(atac: anndata.AnnData, rna: anndata.AnnData) -> None:
    atac.var["end"] += 1


def change_gene_chromosome(atac: anndata.AnnData, rna: anndata.AnnData) -> None:
    rna.var["chrom"] = ["chrX", "chr1", ""]


@pytest.mark.parametrize(
    "change",
    [
        change_peak,
        change_count,
        change_cell_type,
        change_gene_name,
        change_peak_name,
        change_peak_end,
        change_gene_chromosome,
    ],
)
def test_another_for_other_content(write: Writer, original: str, change: Callable) -> None:
    atac, rna = make_atac(), make_rna()
    change(atac, rna)
    # The cell type is read from rna where the file's own table has none.
    atac.obs = atac.obs[["batch"]]
    assert digest(write(atac=atac, rna=rna)) != original


def test_another_for_another_split(write: Writer, original: str) -> None:
    assert digest(write(), split_seed=1) != original


def images() -> Dataset:
    types = np.array(["3"] * 6 + ["8"] * 6)
    pixels = np.random.default_rng(0).random((12, 4)).astype(np.float32)
    return Dataset(
        name="images",
        inputs=anndata.AnnData(pixels),
        outputs=None,
        cell_types=types,
        split=split_cells(types),
        genome=None,
        cell_type_aliases={},
        default_surrogate="mlp-classifier",
        citation="",
        licence="",
    )


def test_images_have_one_too() -> None:
    pixels = images().X.copy()
    column_by_column = anndata.AnnData(np.asfortranarray(pixels))
    assert replace(images(), inputs=column_by_column).digest == images().digest
    pixels[3, 2] = np.nextafter(pixels[3, 2], np.float32(2))
    assert replace(images(), inputs=anndata.AnnData(pixels)).digest != images().digest


def test_names_cannot_run_into_one_another() -> None:
    one, other = images(), images()
    one.inputs.var_names = ["ab", "c", "d", "e"]
    other.inputs.var_names = ["a", "bc", "d", "e"]
    assert one.digest != other.digest
