"""Data files that are wrong: one line naming file, what is wrong, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path

import anndata
import numpy as np
import pytest

from ..benchmark.workbench import make_multiome, stored, write_multiome, write_task
from ..slow_rest import rest_slow

Refused = Callable[..., str]
Modalities = dict[str, anndata.AnnData]


def _not_binary(parts: Modalities) -> None:
    parts["atac"].X.data[0] = 3


def _nan(parts: Modalities) -> None:
    parts["rna"].X.data[0] = np.nan


def _negative(parts: Modalities) -> None:
    parts["rna"].X.data[0] = -2


def _normalised(parts: Modalities) -> None:
    parts["rna"].X.data[0] = 0.5


def _no_rna(parts: Modalities) -> None:
    parts["genes"] = parts.pop("rna")


def _no_type(parts: Modalities) -> None:
    for part in parts.values():
        part.obs = part.obs.rename(columns={"cell_type": "celltype"})


SPOILERS = {
    "X holds 3, but peaks must be 0 (closed) or 1 (open); pass --binarize": _not_binary,
    "rna: X holds NaN or infinite values; store raw counts in X": _nan,
    "rna: X holds negative values (-2); store raw counts in X": _negative,
    "rna: X holds 0.5, which is no whole number; store raw counts": _normalised,
    "no modality 'rna'; there are: atac, genes; name peaks 'atac' and genes 'rna'": _no_rna,
    "no obs column 'cell_type' with the cell type; there are:": _no_type,
}


# Both commands read data in one way; each fault by itself is in tests/data/multiome.
COMMANDS = product(SPOILERS, ("run", "train"))


@pytest.mark.parametrize(("said", "command"), rest_slow(COMMANDS, 3))
def test_a_spoilt_file_is_refused(
    said: str, command: str, refused: Refused, tmp_path: Path
) -> None:
    parts = make_multiome()
    SPOILERS[said](parts)
    file = write_multiome(tmp_path / "spoilt.h5mu", parts)
    arguments = ["run", write_task(tmp_path)] if command == "run" else ["train"]
    line = refused(*arguments, "--data", file)
    assert line.startswith(f"{file}: ")
    assert said in line


def test_binarize_takes_what_is_not_binary(
    xbench_command: Callable[..., tuple[int, str, str]], tmp_path: Path, small_surrogate: Path
) -> None:
    parts = make_multiome()
    _not_binary(parts)
    file = write_multiome(tmp_path / "small.h5mu", parts)
    options = ["--data", file, "--checkpoint", small_surrogate, "--jobs", 1]
    code, _, _ = xbench_command("run", write_task(tmp_path), *options, "--binarize")
    assert code == 0
    assert [record.status for record in stored(tmp_path / "results")] == ["ok"]


def test_an_absent_a_truncated_and_a_foreign_file_are_refused(
    refused: Refused, tmp_path: Path, small_data: Path
) -> None:
    task = write_task(tmp_path)
    assert "absent.h5mu: no such file" in refused("run", task, "--data", "absent.h5mu")
    content = small_data.read_bytes()
    cut = tmp_path / "cut.h5mu"
    for part in (content[: len(content) // 2], content[:100], b"", b"no HDF5 at all"):
        cut.write_bytes(part)
        line = refused("run", task, "--data", cut)
        assert line.startswith(f"{cut}: not an HDF5 file, or cut short")


def test_more_features_than_there_are_cannot_be_asked_for(
    refused: Refused, tmp_path: Path, small_data: Path
) -> None:
    line = refused("run", write_task(tmp_path), "--data", small_data, "-L", 31)
    assert line == "small: L = 31 is more than its 30 features; choose a smaller -L"
