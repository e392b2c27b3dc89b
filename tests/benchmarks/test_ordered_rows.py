"""Rows near the ones before them through the head, against the same rows densely.

pytest tests/benchmarks/test_ordered_rows.py -s
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from .paper_size import TARGET, Case, make_case
from .side_by_side import side_by_side, timed

# About half of what was measured.
RATIO = 2


def masked_one_by_one(case: Case, cells: int) -> Tensor:
    """Summed parts of each cell with each of its open peaks masked alone, cell after cell."""
    model, layer, inputs = case.model, case.model.additive_layer(), case.inputs[:cells]
    sums = layer.sparse_sums(inputs)
    parts = model.parts(sums)
    rows = []
    for cell in range(cells):
        open_ = inputs.indices[inputs.indptr[cell] : inputs.indptr[cell + 1]]
        peaks = torch.from_numpy(open_.astype(np.int64))
        block = layer.block_of[peaks]
        moved = model.parts((sums[cell, block] - layer.weight[peaks])[None], block)[0]
        rows.append(parts[cell].sum(dim=0) + moved - parts[cell, block])
    return torch.cat(rows)


def test_one_peak_masked_at_a_tenth_of_the_papers_size(benchmark: Any) -> None:
    case = make_case(1 / 10)
    total, output = masked_one_by_one(case, 8), torch.tensor([TARGET])
    dense = case.model.head(total, output)
    torch.testing.assert_close(case.model.head_in_order(total, output), dense, atol=1e-5, rtol=1e-5)
    ratio = side_by_side(
        benchmark,
        timed(lambda: case.model.head_in_order(total, output)),
        timed(lambda: case.model.head(total, output)),
        against="the dense head",
        size=f"{len(total):,} rows of 8 cells",
        rounds=5,
    )
    assert ratio >= RATIO
