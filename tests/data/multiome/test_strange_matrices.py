"""Counts in unusual kinds of numbers or places, old and joint files, files beside each other."""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Callable
from itertools import product
from pathlib import Path

import anndata
import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

from xbench.data.dataset import Dataset
from xbench.data.multiome import mtx, read_multiome
from xbench.data.multiome.layout import read_raw
from xbench.data.preprocess import as_counts
from xbench.data.read_options import ReadOptions
from xbench.errors import XbenchError

from ...slow_rest import rest_slow
from .refusals import refusal
from .small_files import CELLS, PEAKS, TYPES, Writer, make_atac, make_rna
from .small_layouts import small_multiome, write_labels, write_mtx_folder, write_tenx_h5

pytestmark = pytest.mark.filterwarnings("ignore:Changing the sparsity structure")
MAC = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        "

kinds = st.sampled_from(["bool", "u1", "i1", "u2", "i2", "u4", "i8", "f4", "f8", "g"])


@given(
    kind=kinds,
    values=arrays(np.int64, 9, elements=st.integers(0, 120)),
    columns=arrays(np.int64, 9, elements=st.integers(0, 2)),
    by_column=st.booleans(),
)
@settings(max_examples=50)
def test_entries_stored_twice_are_added_up_in_any_kind_of_number(
    kind: str, values: np.ndarray, columns: np.ndarray, by_column: bool
) -> None:
    data, pointers = values.astype(kind), np.array([0, 5, 9])
    layout, shape = (sparse.csc_matrix, (3, 2)) if by_column else (sparse.csr_matrix, (2, 3))
    matrix = layout((data, columns, pointers), shape=shape)
    expected = np.zeros((2, 3))
    np.add.at(expected, (np.repeat([0, 1], [5, 4]), columns), data.astype(np.float64))
    found = as_counts(matrix, "x").toarray()
    found = found.T if by_column else found
    assert np.array_equal(found, expected > 0 if kind == "bool" else expected)


def test_half_precision_is_read_where_it_is_exact(write: Writer, small_dataset: Dataset) -> None:
    for dense in (True, False):
        rna = make_rna()
        path = write(f"half{dense}.h5mu")
        with h5py.File(path, "r+") as file:
            group = file["mod/rna"]
            if dense:
                del group["X"]
                group["X"] = rna.X.toarray().astype(np.float16)
                group["X"].attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
            else:
                values = group["X/data"][:].astype(np.float16)
                del group["X/data"]
                group["X/data"] = values
        assert read_multiome(path, name="user").digest == small_dataset.digest
        with h5py.File(path, "r+") as file:
            place = "mod/rna/X" if dense else "mod/rna/X/data"
            file[place][0] = 3000
        assert "rna: X holds 3000 in half precision (float16), which is exact" in refusal(path)


def test_bytes_that_add_up_in_a_file_of_cellranger(tmp_path: Path) -> None:
    data = small_multiome()
    path, labels = write_tenx_h5(data, tmp_path), write_labels(data, tmp_path)
    with h5py.File(path, "r+") as file:
        # The first count of the first cell once more, and both of 200 in a byte.
        values, indices, pointers = (
            file[f"matrix/{part}"][:] for part in ("data", "indices", "indptr")
        )
        cell = int(np.flatnonzero(np.diff(pointers))[0])
        first = int(pointers[cell])
        row = int(indices[first])
        for name, now in (
            ("data", np.insert(values, first, 0).astype(np.uint8)),
            ("indices", np.insert(indices, first, row)),
            ("indptr", pointers + (np.arange(len(pointers)) > cell)),
        ):
            del file[f"matrix/{name}"]
            file[f"matrix/{name}"] = now
        file["matrix/data"][first : first + 2] = 200
    assert read_raw(path).rna.X[cell, row] == 400
    assert labels.exists()


def spoilt_x(rna: anndata.AnnData) -> None:
    rna.X = None


def logged_x(rna: anndata.AnnData) -> None:
    rna.X = rna.X.log1p()


PLACES = product((spoilt_x, logged_x), ("layer", "dense layer", "raw"))
POINTED_AT = {(spoilt_x, "dense layer"), (logged_x, "raw")}


@pytest.mark.parametrize(("spoil", "place"), rest_slow(PLACES, POINTED_AT))
def test_counts_that_are_elsewhere_are_pointed_at(
    spoil: Callable[[anndata.AnnData], None], place: str, write: Writer
) -> None:
    rna = make_rna()
    if place == "raw":
        rna.raw = rna.copy()
    else:
        rna.layers["counts"] = rna.X.toarray() if place == "dense layer" else rna.X.copy()
        rna.layers["scaled"] = rna.X * 0.7
    spoil(rna)
    code = "adata.raw.X" if place == "raw" else "adata.layers['counts']"
    message = refusal(write(rna=rna))
    assert message.endswith(f"; {code} look like counts: adata.X = {code}, then write it again")


def test_layers_without_counts_are_not_pointed_at(write: Writer) -> None:
    rna = make_rna()
    rna.layers["scaled"] = rna.X * 0.7
    rna.X = rna.X.log1p()
    assert "look like counts" not in refusal(write(rna=rna))


def test_an_old_file_says_how_to_write_it_anew(tmp_path: Path) -> None:
    make_atac().write_h5ad(tmp_path / "atac.h5ad")
    table = np.zeros(24, dtype=[("index", "S20"), ("cell_type", "i1")])
    with h5py.File(tmp_path / "rna.h5ad", "w") as file:
        file["obs"] = file["var"] = table
        file["X"] = np.ones((24, 24))
    message = refusal(tmp_path)
    assert "rna.h5ad: obs is as anndata wrote it before version 0.7; read the file with" in message


def joint() -> anndata.AnnData:
    both = anndata.concat([make_rna(), make_atac()], axis="var", merge="first")
    both.var["chrom"] = [*make_rna().var["chrom"], *PEAKS["chrom"]]
    both.obs = make_rna().obs
    return both


def test_one_h5ad_file_of_both(tmp_path: Path) -> None:
    both = joint()
    kinds = ["Gene Expression"] * 3 + ["Peaks"] * 5
    both.var["feature_types"] = kinds
    both[:, ::-1].write_h5ad(tmp_path / "both.h5ad")
    dataset = read_multiome(tmp_path / "both.h5ad", name="user")
    assert dataset.output_features.names.tolist() == ["Nowhere", "Gad1", "Mog"]
    assert sorted(dataset.features.names) == ["p0", "p1", "p2", "p3", "p4"]
    assert dataset.cell_types.tolist() == TYPES
    del both.var["feature_types"]
    both.write_h5ad(tmp_path / "both.h5ad")
    assert "if it holds both, split it into these two" in refusal(tmp_path / "both.h5ad")


def test_shadow_files_of_a_mac_are_passed_over(tmp_path: Path) -> None:
    data = small_multiome()
    folder, labels = write_mtx_folder(data, tmp_path), write_labels(data, tmp_path)
    pair = tmp_path / "pair"
    pair.mkdir()
    make_atac().write_h5ad(pair / "atac.h5ad")
    make_rna().write_h5ad(pair / "rna.h5ad")
    for place in (folder, pair):
        for path in list(place.iterdir()):
            path.with_name(f"._{path.name}").write_bytes(MAC)
    reading = ReadOptions(labels=labels, binarize=True)
    assert read_multiome(folder, name="user", reading=reading).n_cells == 30
    assert read_multiome(pair, name="user").n_cells == len(CELLS)


@pytest.mark.parametrize("name", ["features.tsv", "barcodes.tsv"])
def test_an_old_and_a_new_copy_of_a_table_are_asked_for(name: str, tmp_path: Path) -> None:
    data = small_multiome()
    folder, labels = write_mtx_folder(data, tmp_path), write_labels(data, tmp_path)
    (folder / name).write_bytes(gzip.decompress((folder / f"{name}.gz").read_bytes()))
    assert f"both {name} and {name}.gz are there; keep the one" in refusal(folder, labels=labels)


def test_more_than_the_memory_is_refused_before_it_is_read(write: Writer) -> None:
    path = write()
    with h5py.File(path, "r+") as file:
        del file["mod/rna/X"]
        matrix = file["mod/rna"].create_dataset("X", (24, 10**13), "f4", chunks=(24, 10**6))
        matrix.attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
    assert "rna: X: is said to hold 960,000 GB, more than this machine's" in refusal(path)


def test_a_packed_matrix_that_never_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = small_multiome()
    folder, labels = write_mtx_folder(data, tmp_path), write_labels(data, tmp_path)
    matrix = folder / "matrix.mtx.gz"
    text = gzip.decompress(matrix.read_bytes())
    # A smaller stretch of entries is smaller text; as many are read as can take 6.6 MB.
    monkeypatch.setattr(mtx, "CHUNK", 1 << 16)
    # Parts that are packed one by one are read as one, and these are packed once.
    matrix.write_bytes(gzip.compress(text) + 10 * gzip.compress(b" " * (1 << 20)))
    assert "holds more than" in refusal(folder, labels=labels)


def test_files_that_are_links_to_others_are_refused(write: Writer, tmp_path: Path) -> None:
    path = write()
    shutil.copy(path, tmp_path / "other.h5mu")
    with h5py.File(path, "r+") as file:
        del file["mod/rna/X"]
        file["mod/rna/X"] = h5py.ExternalLink("other.h5mu", "/mod/rna/X")
    assert "'mod/rna/X' is a link to another place, which is not followed" in refusal(path)


def test_pipes_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "data.h5mu")
    with pytest.raises(XbenchError, match="is a device or a pipe; give a regular file"):
        read_raw(tmp_path / "data.h5mu")
