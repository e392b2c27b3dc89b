"""Training that streams batches from mapped files gives the weights of training in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from xbench.data.mapped_matrix import MappedMatrix
from xbench.data.prepared import keep_prepared, open_prepared
from xbench.surrogates.obtain import recipe_of
from xbench.surrogates.training import adversarial, balanced
from xbench.surrogates.training.adversarial import CrossModalityTraining
from xbench.surrogates.training.paired import PairedTraining

from ...small_datasets import small_multiome

SHORT = {
    "cross-modality": CrossModalityTraining(
        atac_steps=6, rna_steps=6, mapping_steps=6, batch_size=16, evaluate_every=3
    ),
    "end-to-end": PairedTraining(steps=8, batch_size=16, evaluate_every=4),
}


def trained(name: str, dataset: Any) -> dict[str, torch.Tensor]:
    model, _ = recipe_of(name).train(
        dataset, SHORT[name], seed=3, train_rows=dataset.split.train, progress=_Silent()
    )
    found: dict[str, torch.Tensor] = model.state_dict()
    return found


class _Silent:
    def __getattr__(self, name: str) -> Any:
        return lambda *given, **more: None


@pytest.mark.parametrize("name", SHORT)
def test_same_weights(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XBENCH_CACHE", str(tmp_path))
    dataset = small_multiome()
    keep_prepared(dataset)
    mapped = open_prepared(dataset.digest)
    assert mapped is not None
    assert isinstance(mapped.X, MappedMatrix)
    expected, found = trained(name, dataset), trained(name, mapped)
    assert expected.keys() == found.keys()
    for part, tensor in expected.items():
        assert torch.equal(tensor, found[part]), part


def test_zeros_are_the_same_however_many_rows_are_marked_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    peaks = small_multiome().X
    expected = balanced.sampled_zeros(peaks, np.random.default_rng(1))
    monkeypatch.setattr(balanced, "_MARKED", 3 * peaks.shape[1])
    for one, other in zip(
        expected, balanced.sampled_zeros(peaks, np.random.default_rng(1)), strict=True
    ):
        assert np.array_equal(one, other)


def test_validation_cells_that_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.arange(100, 200)
    assert adversarial._looked_at(rows, 0) is rows
    monkeypatch.setattr(adversarial, "MOST_VALIDATION", 9)
    chosen = adversarial._looked_at(rows, 0)
    assert len(np.unique(chosen)) == 9
    assert np.isin(chosen, rows).all()
    assert np.array_equal(chosen, adversarial._looked_at(rows, 0))
