"""A checkpoint of the reference opens for data of its own features and outputs only."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch

from xbench.errors import XbenchError
from xbench.surrogates.checkpoint import open_surrogate

from ..small_datasets import small_multiome
from ..verify.plain_reference import small_reference

SIZES, GENES = (30, 1, 25), 12


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "model.pt"
    torch.save({"model": small_reference([*SIZES], GENES, 0).state_dict()}, path)
    return path


def test_data_of_its_sizes(checkpoint: Path) -> None:
    opened = open_surrogate(checkpoint, small_multiome(sizes=SIZES, n_genes=GENES))
    assert opened.digest == hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    assert opened.name == "cross-modality"


@pytest.mark.parametrize(
    ("sizes", "genes", "says"),
    [
        ((30, 1, 26), GENES, "made for 56 features in 3 blocks, but small has 57 in 3"),
        ((31, 25), GENES, "but small has 56 in 2"),
        ((30, 2, 24), GENES, "has 56 in 3"),
        (SIZES, 11, "predicts 12 outputs, but small has 11"),
    ],
)
def test_data_of_other_sizes(
    checkpoint: Path, sizes: tuple[int, ...], genes: int, says: str
) -> None:
    with pytest.raises(XbenchError, match=says):
        open_surrogate(checkpoint, small_multiome(sizes=sizes, n_genes=genes))
