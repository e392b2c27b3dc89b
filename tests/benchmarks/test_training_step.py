"""One training step of the ATAC autoencoder against the same step with dense look-ups, in one run.

    pytest tests/benchmarks -m slow -k training -s

takes the paper's size, 128 cells x 127,219 peaks; the rest of the suite a twentieth of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from xbench.surrogates.cross_modality import CrossModality
from xbench.surrogates.training.alignment import TrainingModel
from xbench.surrogates.training.batches import TrainingCells
from xbench.surrogates.training.loop import GRADIENT_NORM, adam

from .dense_step import DenseAutoencoder, sparse_loss
from .paper_size import PEAKS
from .side_by_side import side_by_side, timed

BATCH, OPEN = 128, 4811
# Issue 3 asks for 20 at the paper's size.
RATIO, SMALL_RATIO = 20, 4


class Case:
    """Cells whose peaks differ in how often they are open, a batch of them, and both models."""

    def __init__(self, share: float) -> None:
        sizes = [max(2, round(size * share)) for size in PEAKS]
        generator = np.random.default_rng(0)
        rates = generator.beta(0.3, 8, sum(sizes))
        rates *= OPEN * share / rates.sum()
        rows = [np.flatnonzero(generator.random(sum(sizes)) < rates) for _ in range(2 * BATCH)]
        pointers = np.cumsum([0, *map(len, rows)])
        columns = np.concatenate(rows)
        shape = (len(rows), sum(sizes))
        peaks = sp.csr_matrix((np.ones(len(columns), np.int8), columns, pointers), shape=shape)
        genes = sp.csr_matrix((len(rows), 4), dtype=np.float32)
        block_of = np.repeat(np.arange(len(sizes)), sizes)
        types = np.zeros(len(rows), dtype=int)
        self.cells = TrainingCells(peaks, genes, types, block_of, len(sizes))
        torch.manual_seed(0)
        self.model = TrainingModel(CrossModality(sizes, 4), sizes, 4, 2)
        self.dense = DenseAutoencoder(self.model)
        self.rows = generator.choice(len(rows), BATCH, replace=False)
        self.generator = generator

    def dense_batch(self) -> tuple[Tensor, Tensor]:
        """Draw a batch and lay it out densely."""
        peaks = self.cells.peak_batch(self.rows, self.generator)
        n_blocks = self.cells.n_blocks
        chosen = torch.zeros(BATCH, self.cells.peaks.shape[1], dtype=torch.bool)
        for positions in (peaks.opened, peaks.closed):
            pairs = np.repeat(np.arange(positions.n_rows), np.diff(positions.pointers))
            chosen[pairs // n_blocks, positions.indices] = True
        x = torch.from_numpy(self.cells.peaks[self.rows].toarray().astype(np.int64))
        return x, chosen


def stepper(loss: Callable[[], Tensor], modules: list[nn.Module]) -> Callable[[], float]:
    """Return a whole step: loss, gradients, clipping, Adam; it gives the loss."""
    parameters = list({id(p): p for module in modules for p in module.parameters()}.values())
    optimizer = adam(parameters, 1e-3)

    def step() -> float:
        optimizer.zero_grad(set_to_none=True)
        value = loss()
        value.backward()
        nn.utils.clip_grad_norm_(parameters, GRADIENT_NORM)
        optimizer.step()
        return value.item()

    return step


def compare(benchmark: Any, share: float, repeat: int, rounds: int) -> float:
    """Return how many times faster our step is; both draw their batch and lay it out."""
    case = Case(share)
    encoder, decoder = case.model.surrogate.encoder, case.model.atac_decoder

    def ours() -> Tensor:
        return sparse_loss(case.model, case.cells.peak_batch(case.rows, case.generator))

    def theirs() -> Tensor:
        return case.dense(*case.dense_batch())

    return side_by_side(
        benchmark,
        timed(stepper(ours, [encoder, decoder]), repeat),
        timed(stepper(theirs, [case.dense])),
        against="dense look-ups",
        size=f"{BATCH} cells, {case.cells.peaks.shape[1]:,} peaks",
        rounds=rounds,
    )


def test_both_have_the_same_loss_and_gradients() -> None:
    case = Case(1 / 50)
    peaks = case.cells.peak_batch(case.rows, np.random.default_rng(1))
    case.generator = np.random.default_rng(1)
    x, chosen = case.dense_batch()
    ours = sparse_loss(case.model, peaks)
    ours.backward()
    encoder, decoder = case.model.surrogate.encoder, case.model.atac_decoder
    of_encoder, of_decoder = encoder.weight.grad, decoder.weight.grad
    case.model.zero_grad(set_to_none=True)
    theirs = case.dense(x, chosen)
    theirs.backward()
    close = {"rtol": 1e-3, "atol": 1e-7}
    torch.testing.assert_close(ours, theirs, **close)
    table = case.dense.embedding.weight.grad
    assert table is not None
    torch.testing.assert_close(of_encoder, table[1::2], **close)
    torch.testing.assert_close(of_decoder, case.dense.weight.grad, **close)


def test_a_twentieth_of_the_size_is_already_faster(benchmark: Any) -> None:
    assert compare(benchmark, 1 / 20, repeat=3, rounds=4) > SMALL_RATIO


@pytest.mark.slow
def test_a_step_at_the_papers_size(benchmark: Any) -> None:
    assert compare(benchmark, 1.0, repeat=5, rounds=3) > RATIO
