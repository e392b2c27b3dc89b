from __future__ import annotations

import shutil
import warnings
from pathlib import Path
from typing import Any

import anndata
import mudata
import pytest

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


@pytest.fixture
def write(small_file: Path, tmp_path: Path) -> Writer:
    """Write modalities to a real .h5mu file: small valid ones unless given."""

    def write_file(name: str = "user.h5mu", **options: Any) -> Path:
        if not options:
            return Path(shutil.copyfile(small_file, tmp_path / name))
        modalities = options.pop("modalities", None)
        if modalities is None:
            modalities = {
                "atac": options.pop("atac", make_atac()),
                "rna": options.pop("rna", make_rna()),
            }
        return write_modalities(tmp_path / name, modalities, **options)

    return write_file
