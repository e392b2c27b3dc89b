"""A valid file of 24 cells, 5 peaks and 3 genes, for tests to spoil."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
from scipy import sparse

CELLS = [f"cell{number}" for number in range(24)]
TYPES = ["Oligo"] * 12 + ["Astro"] * 12
PEAKS = pd.DataFrame(
    {
        "chrom": ["chrX", "chr10", "chr2", "chr2", "chr1"],
        "start": [50, 300, 900, 100, 700],
        "end": [60, 400, 950, 200, 800],
    },
    index=["p0", "p1", "p2", "p3", "p4"],
)
GENES = pd.DataFrame(
    {"chrom": ["chr2", "chr1", ""], "start": [150, 10, -1], "end": [180, 20, -1]},
    index=["Mog", "Gad1", "Nowhere"],
)


def make_atac() -> anndata.AnnData:
    matrix = (np.random.default_rng(1).random((24, 5)) < 0.5).astype(np.float32)
    matrix[:, 4] = 0  # a peak that is never open
    return anndata.AnnData(sparse.csr_matrix(matrix), _obs(), PEAKS.copy())


def make_rna() -> anndata.AnnData:
    matrix = np.random.default_rng(2).integers(0, 6, (24, 3)).astype(np.float32)
    matrix[:, 0] += 1  # no cell without counts, unless a test makes one
    return anndata.AnnData(sparse.csr_matrix(matrix), _obs(), GENES.copy())


def _obs() -> pd.DataFrame:
    return pd.DataFrame({"cell_type": TYPES, "batch": "one"}, index=CELLS)


Writer = Callable[..., Path]
