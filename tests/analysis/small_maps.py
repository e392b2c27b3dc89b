"""Small contact maps with known counts; no test lives here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from xbench.data.features import Features

cooler = pytest.importorskip("cooler", reason="cooler is not here; pip install '.[hic]'")

# Two chromosomes of 12 and 5 bins of 10 kb, the last of each cut short.
LENGTHS = {"chr1": 115_000, "chr2": 45_000}
BIN = 10_000
# Bins of chr1 and their reads; bins 3 and 9 have none, bins 12 and 13 are on chr2.
READS = {
    (0, 0): 50, (0, 1): 20, (0, 2): 8, (0, 5): 4, (1, 2): 12, (2, 5): 10, (2, 8): 1,
    (4, 5): 30, (5, 5): 70, (5, 6): 16, (5, 8): 6, (6, 7): 10, (7, 10): 2, (8, 11): 3,
    (2, 12): 5, (12, 13): 7,
}  # fmt: skip


def write_cool(
    path: Path | str,
    reads: dict[tuple[int, int], float],
    *,
    lengths: dict[str, int] | None = None,
    bin_size: int = BIN,
    weight: np.ndarray | None = None,
    assembly: str | None = None,
) -> str:
    bins = cooler.binnify(pd.Series(lengths or LENGTHS), bin_size)
    if weight is not None:
        bins["weight"] = weight
    rows = [(*pair, count) for pair, count in sorted(reads.items())]
    pixels = pd.DataFrame(rows, columns=["bin1_id", "bin2_id", "count"])
    cooler.create_cooler(
        str(path), bins, pixels, assembly=assembly, dtypes={"count": float}, ordered=True
    )
    return str(path)


def peaks_in_bins(bins: list[int], chrom: str = "chr1", bin_size: int = BIN) -> Features:
    """A peak of 400 bases in the middle of each of some bins."""
    start = np.array(bins) * bin_size + 4_500
    names = [f"{chrom}-{number}-{place}" for number, place in enumerate(start)]
    return Features(names, [chrom] * len(bins), start, start + 400)


def decaying_reads(
    n_bins: int, generator: np.random.Generator, near: float = 60.0
) -> dict[tuple[int, int], float]:
    """Poisson reads that fall with distance, and nothing else."""
    reads = {}
    for apart in range(n_bins):
        counts = generator.poisson(near / max(apart, 1), n_bins - apart)
        reads |= {
            (int(one), int(one) + apart): float(counts[one]) for one in np.flatnonzero(counts)
        }
    return reads
