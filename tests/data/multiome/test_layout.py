"""Paths that have no layout, or two."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .refusals import refusal
from .small_layouts import small_multiome, write_h5ad_pair, write_h5mu


@pytest.mark.parametrize("name", ["data.csv", "data.zarr", "data", "data.h5mu.gz", "data.mtx"])
def test_a_file_of_no_layout(name: str, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    message = refusal(tmp_path / name)
    for words in (".h5mu", "CellRanger ARC", "atac.h5ad", "matrix.mtx", "train_atac.npz"):
        assert words in message


def test_an_absent_path(tmp_path: Path) -> None:
    message = refusal(tmp_path / "absent")
    assert message == f"{tmp_path / 'absent'}: no such file or folder; give the path of your data"


def test_a_folder_of_no_layout(tmp_path: Path) -> None:
    assert "none of the layouts that are read" in refusal(tmp_path)
    path = write_h5mu(small_multiome(), tmp_path)
    assert refusal(tmp_path).endswith(f"; did you mean {path}?")


def test_a_folder_of_two_layouts(tmp_path: Path) -> None:
    folder = write_h5ad_pair(small_multiome(), tmp_path)
    (folder / "GSE1_matrix.mtx.gz").touch()
    message = refusal(folder)
    assert (
        "could be a folder with atac.h5ad and rna.h5ad or a folder with matrix.mtx, features.tsv "
        "and barcodes.tsv; give a folder with the files of one"
    ) in message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look into every folder")
def test_a_folder_that_may_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0)
    assert "may not be read" in refusal(tmp_path / "closed")
    assert "may not be read" in refusal(tmp_path / "closed" / "data.h5mu")
