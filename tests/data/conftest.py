from __future__ import annotations

import shutil
import warnings
from pathlib import Path
from typing import Any

import anndata
import mudata
import pytest

from xbench.data.dataset import Dataset
from xbench.data.multiome import read_multiome

from .multiome.small_files import Writer, make_atac, make_rna


def write_modalities(path: Path, modalities: dict[str, anndata.AnnData], **options: Any) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mudata.MuData(modalities).write_h5mu(path, **options)
    return path


@pytest.fixture(scope="session")
def small_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small valid file, for tests to read alone."""
    path = tmp_path_factory.mktemp("small") / "small.h5mu"
    return write_modalities(path, {"atac": make_atac(), "rna": make_rna()})


@pytest.fixture(scope="session")
def small_dataset(small_file: Path) -> Dataset:
    """What is read of the small valid file, for tests to look at alone."""
    return read_multiome(small_file, name="user")


@pytest.fixture
def write(small_file: Path, tmp_path: Path) -> Writer:
    """Write a real .h5mu file: the small valid one unless given.

    A modality that is given by its name takes the place of the small one in its file, where the
    table of all cells stays: where that matters, all are given together, as `modalities`.
    """

    def write_file(
        name: str = "user.h5mu",
        *,
        modalities: dict[str, anndata.AnnData] | None = None,
        compression: str | None = None,
        **parts: anndata.AnnData,
    ) -> Path:
        path = tmp_path / name
        if modalities is not None:
            return write_modalities(path, modalities, compression=compression)
        shutil.copyfile(small_file, path)
        for modality, data in parts.items():
            mudata.write(f"{path}/{modality}", data)
        return path

    return write_file
