"""Every metric of one selection among the paper's number of peaks,
against sorting as many numbers.

pytest tests/benchmarks/test_metrics.py -s
"""

from __future__ import annotations

from typing import Any

import numpy as np

from xbench.data.dataset import Target
from xbench.data.features import Features, Interval
from xbench.metrics import METRICS, Outcome, compute_metrics

from .paper_size import N_CELLS, PEAKS
from .side_by_side import side_by_side, timed

# A quarter of the speed of a sort was measured.
RATIO = 0.1


def test_all_metrics_of_a_selection(benchmark: Any) -> None:
    generator = np.random.default_rng(0)
    chrom = np.repeat([f"chr{number}" for number in range(1, len(PEAKS) + 1)], PEAKS)
    start = np.concatenate([1000 * np.arange(size) for size in PEAKS])
    names = np.char.add(np.char.add(chrom, ":"), start.astype(str))
    features = Features(names, chrom, start, start + 500)
    before = generator.gamma(2.0, size=N_CELLS)
    numbers = generator.random(sum(PEAKS))
    indices = generator.choice(PEAKS[0], 128, replace=False)

    def measure() -> dict[str, float | None]:
        # A new outcome each time: it remembers the distances to its gene.
        target = Target("all", "gene", 0, Interval("chr2", 500_000, 600_000))
        outcome = Outcome(before, 0.9 * before, indices, features, target)
        return compute_metrics(METRICS, outcome)

    assert measure()["hit-ratio"] == 0
    # Peaks 500 to 599 of the second chromosome lie in the gene.
    indices[7] = PEAKS[0] + 599
    assert measure()["hit-ratio"] == 100
    ratio = side_by_side(
        benchmark,
        timed(measure, repeat=5),
        timed(lambda: np.sort(numbers), repeat=5),
        against="a sort of as many numbers",
        size=f"{N_CELLS} cells, {sum(PEAKS):,} peaks, L = 128",
        rounds=7,
    )
    assert ratio >= RATIO
