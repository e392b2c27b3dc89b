"""Every way a user's file can be wrong: one line naming the file, what is wrong, what to do."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import anndata
import h5py
import pytest

from xbench.data.multiome import read_multiome
from xbench.data.read_options import ReadOptions
from xbench.errors import XbenchError

from ...slow_rest import rest_slow
from .small_files import Writer, make_atac, make_rna

# The files are small: that SciPy would rather build a matrix in another way does not matter.
pytestmark = pytest.mark.filterwarnings("ignore:Changing the sparsity structure")


def refusal(path: Path, **options: Any) -> str:
    """Return the error's text, after checking that it is one line that names the file."""
    with pytest.raises(XbenchError) as caught:
        read_multiome(path, name="user", reading=ReadOptions(**options))
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(str(path))
    assert ";" in message  # what is wrong; what to do
    return message


def test_absent_file(tmp_path: Path) -> None:
    assert "no such file or folder; give the path" in refusal(tmp_path / "absent.h5mu")
    assert "none of the layouts that are read: a MuData file (.h5mu); " in refusal(tmp_path)


def test_not_hdf5(tmp_path: Path) -> None:
    path = tmp_path / "text.h5mu"
    path.write_text("chr1\t100\t200\n" * 1000)
    assert "not an HDF5 file, or cut short" in refusal(path)
    path.write_bytes(b"")
    assert "not an HDF5 file, or cut short" in refusal(path)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.999])
def test_truncated(write: Writer, share: float) -> None:
    path = write()
    os.truncate(path, int(path.stat().st_size * share))
    assert "not an HDF5 file, or cut short" in refusal(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_unreadable(write: Writer) -> None:
    path = write()
    path.chmod(0)
    assert "may not be read" in refusal(path)


def test_h5ad_instead_of_h5mu(tmp_path: Path) -> None:
    path = tmp_path / "single.h5mu"
    make_rna().write_h5ad(path)
    assert "not a MuData file (no group 'mod')" in refusal(path)


def test_missing_modality(write: Writer) -> None:
    path = write(modalities={"peaks": make_atac(), "rna": make_rna()})
    assert "no modality 'atac'; there are: peaks, rna; name" in refusal(path)
    path = write("two.h5mu", modalities={"atac": make_atac()})
    assert "no modality 'rna'; there are: atac" in refusal(path)


def test_missing_matrix(write: Writer) -> None:
    rna = make_rna()
    path = write(rna=anndata.AnnData(obs=rna.obs, var=rna.var))
    assert "rna: no X; write the file again" in refusal(path)


def test_missing_cell_type_column(write: Writer) -> None:
    message = refusal(write(), cell_type_key="celltype")
    assert "no obs column 'celltype'" in message
    assert "there are: batch, cell_type; name one" in message
    assert "--cell-type-key" in message


@pytest.mark.parametrize("empty", rest_slow([None, "", " "], (None, " ")))
def test_cells_without_a_type(write: Writer, empty: str | None) -> None:
    rna, atac = make_rna(), make_atac()
    for data in (rna, atac):
        data.obs["cell_type"] = ["Oligo", empty, empty, *["Oligo"] * 21]
    assert "2 cells, such as 'cell1', have no 'cell_type'" in refusal(write(rna=rna, atac=atac))


NO_COUNTS = {
    "nan": "X holds NaN or infinite values; store raw counts",
    "inf": "X holds NaN or infinite values; store raw counts",
    "-inf": "X holds NaN or infinite values; store raw counts",
    "-2": "X holds negative values (-2); store raw counts",
}
# Each value once, each modality and each layout twice.
SHOWN = {
    ("atac", "nan", "sparse"),
    ("rna", "inf", "dense"),
    ("atac", "-inf", "dense"),
    ("rna", "-2", "sparse"),
}


@pytest.mark.parametrize(
    ("modality", "value", "layout"),
    rest_slow(product(("atac", "rna"), NO_COUNTS, ("sparse", "dense")), SHOWN),
)
def test_values_that_are_no_counts(write: Writer, modality: str, value: str, layout: str) -> None:
    data = make_atac() if modality == "atac" else make_rna()
    data.X[1, 1] = float(value)
    if layout == "dense":
        data.X = data.X.toarray()
    path = write(**{modality: data})
    assert f"{modality}: {NO_COUNTS[value]}" in refusal(path, binarize=True)


def test_normalised_expression(write: Writer) -> None:
    rna = make_rna()
    rna.X[0, 0] = 1.5
    assert "rna: X holds 1.5, which is no whole number; store raw" in refusal(write(rna=rna))


def test_counts_of_peaks_without_binarize(write: Writer) -> None:
    atac = make_atac()
    atac.X[0, 0] = 4
    message = refusal(write(atac=atac))
    assert "atac: X holds 4, but peaks must be 0" in message
    assert "--binarize" in message


def test_barcodes_that_differ(write: Writer) -> None:
    message = refusal(write(rna=make_rna()[:20].copy()))
    assert "4 barcodes of atac, such as 'cell20', are not in rna; keep" in message
    message = refusal(write(atac=make_atac()[1:].copy()))
    assert "1 barcodes of rna, such as 'cell0', are not in atac; keep" in message


def write_index(path: Path, modality: str, table: str, names: list[str]) -> None:
    """Put names into a written file: mudata itself would not write these."""
    with h5py.File(path, "r+") as file:
        file[f"mod/{modality}/{table}/_index"][: len(names)] = names


@pytest.mark.parametrize(("modality", "name"), [("atac", "p0"), ("rna", "Mog")])
def test_duplicate_feature_names(write: Writer, modality: str, name: str) -> None:
    path = write()
    write_index(path, modality, "var", [name, name])
    assert f"{modality}: feature name '{name}' occurs twice" in refusal(path)


def test_duplicate_barcodes(write: Writer) -> None:
    path = write()
    write_index(path, "rna", "obs", ["cell0", "cell0"])
    assert "rna: barcode 'cell0' occurs twice" in refusal(path)


def test_no_cell_and_no_feature(write: Writer) -> None:
    path = write(modalities={"atac": make_atac()[:0].copy(), "rna": make_rna()[:0].copy()})
    assert "atac: holds no cells" in refusal(path)
    assert "rna: holds no features" in refusal(write(rna=make_rna()[:, :0].copy()))


def test_peaks_without_coordinates(write: Writer) -> None:
    atac = make_atac()
    atac.var = atac.var[["chrom", "start"]]
    message = refusal(write(atac=atac))
    assert "atac: no var columns chrom, start, end, and names such as 'p0' are not like" in message


def test_peak_that_ends_before_it_starts(write: Writer) -> None:
    atac = make_atac()
    atac.var.loc["p2", "end"] = 1
    assert "atac: feature 'p2' ends at 1 but starts at 900" in refusal(write(atac=atac))


def test_genes_on_other_chromosomes_than_peaks(write: Writer) -> None:
    rna = make_rna()
    rna.var["chrom"] = ["LGE64", "LGE22", ""]
    message = refusal(write(rna=rna))
    assert "such as 'chr1', genes on ones such as 'LGE22', and none is shared; name" in message
    rna.var["chrom"] = ["chrScf_a", "chr2", ""]
    atac = make_atac()
    atac.var["chrom"] = atac.var["chrom"].replace("chrX", "scf_a")
    message = refusal(write("two.h5mu", rna=rna, atac=atac))
    assert "'chrScf_a' and 'scf_a' seem to be one chromosome; name it in one way" in message


def out_of_range(file: h5py.File) -> None:
    file["mod/atac/X/indices"][0] = 10_000_000


def negative_pointer(file: h5py.File) -> None:
    file["mod/atac/X/indptr"][3] = -5


def lost_part(file: h5py.File) -> None:
    del file["mod/atac/X/indices"]


def lost_description(file: h5py.File) -> None:
    del file["mod/atac/X"].attrs["encoding-type"]


@pytest.mark.parametrize("damage", [out_of_range, negative_pointer, lost_part, lost_description])
def test_damaged_matrix(write: Writer, damage: Callable[[h5py.File], None]) -> None:
    path = write()
    with h5py.File(path, "r+") as file:
        damage(file)
    message = refusal(path)
    assert re.search(r"atac: X cannot be read \(.+\); get or write the file again", message)


def test_matrix_of_another_shape(write: Writer) -> None:
    path = write()
    with h5py.File(path, "r+") as file:
        file["mod/rna/X"].attrs["shape"] = (24, 4)
    message = refusal_of_shape(path)
    assert message == f"{path}: rna: X has shape (24, 4) but must have shape (24, 3)"


def refusal_of_shape(path: Path) -> str:
    with pytest.raises(XbenchError) as caught:
        read_multiome(path, name="user")
    return str(caught.value)


@pytest.mark.parametrize("beginnings", rest_slow([2, 10], 1))
def test_damaged_bytes_inside(write: Writer, beginnings: int) -> None:
    path = write(modalities={"atac": make_atac(), "rna": make_rna()}, compression="gzip")
    whole = path.read_bytes()
    for first in range(2_000, 2_000 + beginnings):
        content = bytearray(whole)
        for place in range(first, len(content), 1_499):
            content[place] ^= 0xFF
        path.write_bytes(bytes(content))
        assert refusal(path)
