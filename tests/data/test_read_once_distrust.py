"""Files of strangers that are read a few rows at a time are trusted no more than others."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from xbench.errors import XbenchError

from .multiome.small_files import Writer
from .test_read_once import cache, pytestmark, read

__all__ = ["cache", "pytestmark"]


def spoiled(path: Path, change: Any) -> str:
    with h5py.File(path, "r+") as file:
        change(file)
    with pytest.raises(XbenchError) as refused:
        read(path)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def linked(file: h5py.File) -> None:
    del file["mod/atac/X/indices"]
    file["mod/atac/X/indices"] = h5py.ExternalLink("/etc/passwd", "/")


def outside(file: h5py.File) -> None:
    file["mod/atac/X/indices"][3] = 77


def falling(file: h5py.File) -> None:
    file["mod/atac/X/indptr"][1] = 50


def ending_at_nothing(file: h5py.File) -> None:
    file["mod/atac/X/indptr"][-1] = 0


def boasting(file: h5py.File) -> None:
    pointers = file["mod/atac/X/indptr"][:].astype(np.int64)
    pointers[1:] += 10**12 - pointers[-1]
    for name, kind in (("data", "f4"), ("indices", "i4")):
        del file[f"mod/atac/X/{name}"]
        file["mod/atac/X"].create_dataset(name, (10**12,), kind, chunks=(1 << 20,))
    del file["mod/atac/X/indptr"]
    file["mod/atac/X/indptr"] = pointers


@pytest.mark.parametrize("change", [outside, falling, ending_at_nothing])
def test_distrust_of_a_file_that_is_read_at_once(
    write: Writer, change: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XBENCH_LARGE")
    assert "cannot be read" in spoiled(write(), change)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (linked, "is a link to another place"),
        (outside, "names a column outside of the 5"),
        (falling, "indptr does not count up"),
        (ending_at_nothing, "indptr does not count up"),
        (boasting, r"is said to hold 4,000\.0 GB, but 0 bytes are stored"),
    ],
)
def test_distrust_of_a_file_that_is_read_by_rows(write: Writer, change: Any, words: str) -> None:
    assert re.search(words, spoiled(write(), change))
