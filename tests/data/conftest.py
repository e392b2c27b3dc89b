from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import mudata
import pytest

from .multiome.small_files import Writer, make_atac, make_rna


@pytest.fixture
def write(tmp_path: Path) -> Writer:
    """Write modalities to a real .h5mu file: small valid ones unless given."""

    def write_file(name: str = "user.h5mu", **options: Any) -> Path:
        modalities = options.pop("modalities", None)
        if modalities is None:
            modalities = {
                "atac": options.pop("atac", make_atac()),
                "rna": options.pop("rna", make_rna()),
            }
        path = tmp_path / name
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            mudata.MuData(modalities).write_h5mu(path, **options)
        return path

    return write_file
