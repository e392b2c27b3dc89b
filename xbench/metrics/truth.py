"""How a selection does by a known truth, apart from any surrogate."""

from __future__ import annotations

from xbench.metrics.metric import Metric
from xbench.metrics.outcome import Outcome


class Optimality(Metric):
    """How near the true drop comes to the largest one there is."""

    name = "optimality"
    label = "optimality"
    unit = "1"
    direction = "higher"
    low, high = 0.0, 1.0
    description = (
        "Drop of the true mean F on test cells, relative to the largest that any L "
        "peaks reach; only where the truth is known."
    )

    def compute(self, outcome: Outcome) -> float | None:
        """Return the share in 0..1; None without a truth, or where no peaks lower the true F."""
        return None if outcome.truth is None else outcome.truth.optimality(outcome.indices)


class ModuleRecall(Metric):
    """How many of the gene's own enhancer modules are found whole."""

    name = "module-recall"
    label = "module recall"
    unit = "1"
    direction = "higher"
    low, high = 0.0, 1.0
    description = (
        "Share of the gene's own enhancer modules whose peaks are all masked; only "
        "where the truth is known."
    )

    def compute(self, outcome: Outcome) -> float | None:
        """Return the share in 0..1; None without a truth."""
        return None if outcome.truth is None else outcome.truth.module_recall(outcome.indices)
