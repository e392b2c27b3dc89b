"""How a selection does by a known truth, apart from any surrogate."""

from typing import ClassVar

import numpy as np

from xbench.metrics.metric import Direction, Metric, Outcome


class _OfTruth(Metric):
    """What every run has whose data have a truth, whatever the task declares."""

    direction: ClassVar[Direction] = "higher"
    unit = "1"
    low, high = 0.0, 1.0
    of_truth = True


class Optimality(_OfTruth):
    """How near the true drop comes to the largest one there is."""

    name = "optimality"
    label = "optimality"
    low = float("-inf")
    description = (
        "Drop of the true mean F on test cells, relative to the largest that any L "
        "peaks reach; negative where it rises. Only where the truth is known."
    )

    def compute(self, outcome: Outcome) -> float | None:
        """Return the share, at most 1; None without a truth, or where no peaks lower the true F."""
        return None if outcome.truth is None else outcome.truth.optimality(outcome.indices)


class TruePrecision(_OfTruth):
    """How much of the subset really regulates the gene."""

    name = "true-precision"
    label = "true precision"
    description = (
        "Share of the subset that are CREs of the gene itself, repressing ones too; "
        "only where the truth is known."
    )

    def compute(self, outcome: Outcome) -> float | None:
        """Return the share in 0..1; None without a truth."""
        return None if outcome.truth is None else outcome.truth.precision(outcome.indices)


class TruePrecisionChance(_OfTruth):
    """What random peaks reach."""

    name = "true-precision-chance"
    label = "true precision, chance"
    direction = "none"
    description = (
        "Mean of true-precision over uniformly random distinct peaks: the share of "
        "all peaks that are CREs of the gene."
    )

    def compute(self, outcome: Outcome) -> float | None:
        """Return the share in 0..1; None without a truth."""
        if outcome.truth is None:
            return None
        is_cre = np.zeros(len(outcome.features))
        is_cre[outcome.truth.cres] = 1.0
        return float(np.mean(outcome.among_candidates(is_cre)))


class ModuleRecall(_OfTruth):
    """How many of the gene's own enhancer modules are found whole."""

    name = "module-recall"
    label = "module recall"
    description = (
        "Share of the gene's own enhancer modules whose peaks are all masked; only "
        "where the truth is known."
    )

    def compute(self, outcome: Outcome) -> float | None:
        """Return the share in 0..1; None without a truth."""
        return None if outcome.truth is None else outcome.truth.module_recall(outcome.indices)
