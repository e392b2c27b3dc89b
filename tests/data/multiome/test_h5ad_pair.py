"""Two .h5ad files in a folder: how they are found, and every way they can be wrong."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from xbench.data.multiome import read_multiome
from xbench.data.read_options import ReadOptions

from ...slow_rest import rest_slow
from .refusals import refusal
from .small_layouts import atac_of, rna_of, small_multiome, write_h5ad_pair


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_h5ad_pair(small_multiome(), tmp_path_factory.mktemp("written"))


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    """A test's own copy."""
    return Path(shutil.copytree(written, tmp_path / "pair"))


@pytest.mark.parametrize(
    "name", rest_slow(["my-sample-{}.h5ad", "{}.h5ad", "s1.{}.h5ad", "A_{}.h5ad"], 1)
)
def test_names(folder: Path, name: str) -> None:
    before = read_multiome(folder, name="user", reading=ReadOptions(binarize=True)).digest
    for modality in ("atac", "rna"):
        (folder / f"small_{modality}.h5ad").rename(folder / name.format(modality))
    (folder / "other.h5ad").touch()  # left alone
    assert read_multiome(folder, name="user", reading=ReadOptions(binarize=True)).digest == before


def test_a_modality_is_absent(folder: Path) -> None:
    (folder / "small_rna.h5ad").rename(folder / "genes.h5ad")
    message = refusal(folder)
    assert "no file rna.h5ad, nor one ending in _rna.h5ad; there are: genes.h5ad, sm" in message


def test_a_modality_is_there_twice(folder: Path) -> None:
    (folder / "atac.h5ad").touch()
    assert "2 files of atac: atac.h5ad, small_atac.h5ad; give a folder with" in refusal(folder)


def test_one_file_alone(folder: Path) -> None:
    assert "is one file of several; give the folder" in refusal(folder / "small_rna.h5ad")


def test_truncated(folder: Path) -> None:
    path = folder / "small_atac.h5ad"
    os.truncate(path, path.stat().st_size // 2)
    assert refusal(folder).startswith(f"{path}: not an HDF5 file, or cut short")


def test_barcodes_that_do_not_match(folder: Path) -> None:
    rna = rna_of(small_multiome())
    rna.obs_names = [f"{name}_2" for name in rna.obs_names]
    rna.write_h5ad(folder / "small_rna.h5ad")
    assert "30 barcodes of atac, such as 'AAAACGT-1', are not in rna; keep" in refusal(folder)


def test_no_cell_types_in_either(folder: Path) -> None:
    rna = rna_of(small_multiome())
    rna.obs = rna.obs.rename(columns={"cell_type": "leiden"})
    rna.write_h5ad(folder / "small_rna.h5ad")
    message = refusal(folder)
    assert "no obs column 'cell_type' with the cell type; there are: leiden; name one" in message


def test_scaffolds_of_prepared_data_stay(folder: Path) -> None:
    data = small_multiome()
    data.peaks[-1] = "GL000194.1:1-5"
    atac_of(data).write_h5ad(folder / "small_atac.h5ad")
    dataset = read_multiome(folder, name="user", reading=ReadOptions(binarize=True))
    assert dataset.features.names.tolist() == data.peaks
