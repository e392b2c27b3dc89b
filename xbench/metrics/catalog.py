"""Every metric xbench reports, declared in one list.

Computing a task's metrics for one selection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from xbench.data.features import Features
from xbench.data.target import Target
from xbench.metrics.classification import log_odds_drop, own_class_share
from xbench.metrics.expression import avg_delta, rel_delta, rel_delta_expm1
from xbench.metrics.genomic import SOFT_DISTANCE, hit, hit_chance
from xbench.metrics.metric import Metric

if TYPE_CHECKING:
    from xbench.simulation.target_truth import TargetTruth

_DECLARED = (
    Metric(
        "avg-delta",
        "Avg. Δ",
        "expression",
        "lower",
        description="Mean change of exp(F) of the target on test cells after masking "
        "(paper, Section 5.3.1); negative where masking lowers expression.",
        explains="expression",
    ),
    Metric(
        "rel-delta",
        "Rel. Δ(%)",
        "%",
        "lower",
        low=-100.0,
        description="Mean of (a - b) / b with a = exp(F(masked x)), b = exp(F(x)) on test cells "
        "(paper, Section 5.3.1).",
        explains="expression",
    ),
    Metric(
        "rel-delta-expm1",
        "Rel. Δ expm1(%)",
        "%",
        "lower",
        low=-100.0,
        description="Change of the summed expm1(F) over test cells, relative to its sum before: "
        "expression without the added 1 of exp(log1p).",
        explains="expression",
    ),
    Metric(
        "hit-ratio",
        "HR(%)",
        "%",
        "higher",
        low=0.0,
        high=100.0,
        description="100 where the selected peak closest to the target overlaps its gene body, "
        "else 0; the mean over targets is the paper's HR (Table 3).",
        pooled="targets",
    ),
    Metric(
        "hit-ratio-chance",
        "HR chance(%)",
        "%",
        "none",
        low=0.0,
        high=100.0,
        description="Exact probability that L uniformly random distinct peaks hit.",
        pooled="targets",
    ),
    Metric(
        "soft-hit-ratio",
        "SHR(%)",
        "%",
        "higher",
        low=0.0,
        high=100.0,
        description="As hit-ratio, within 10 Mb of the gene body (Table 3).",
        pooled="targets",
    ),
    Metric(
        "soft-hit-ratio-chance",
        "SHR chance(%)",
        "%",
        "none",
        low=0.0,
        high=100.0,
        description="Exact probability that L uniformly random distinct peaks soft-hit.",
        pooled="targets",
    ),
    Metric(
        "optimality",
        "optimality",
        "1",
        "higher",
        high=1.0,
        description="Drop of the true mean F on test cells, relative to the largest that any L "
        "peaks reach; negative where it rises. Only where the truth is known.",
        of_truth=True,
    ),
    Metric(
        "true-precision",
        "true precision",
        "1",
        "higher",
        low=0.0,
        high=1.0,
        description="Share of the subset that are CREs of the gene itself, repressing ones too; "
        "only where the truth is known.",
        of_truth=True,
    ),
    Metric(
        "true-precision-chance",
        "true precision, chance",
        "1",
        "none",
        low=0.0,
        high=1.0,
        description="Mean of true-precision over uniformly random distinct peaks: the share of "
        "all peaks that are CREs of the gene.",
        of_truth=True,
    ),
    Metric(
        "module-recall",
        "module recall",
        "1",
        "higher",
        low=0.0,
        high=1.0,
        description="Share of the gene's own enhancer modules whose peaks are all masked; only "
        "where the truth is known.",
        of_truth=True,
    ),
    Metric(
        "own-class-share-before",
        "own class before(%)",
        "%",
        "none",
        low=0.0,
        high=100.0,
        description="Share of test inputs predicted as their own class before masking.",
        explains="classes",
    ),
    Metric(
        "own-class-share-after",
        "own class after(%)",
        "%",
        "lower",
        low=0.0,
        high=100.0,
        description="Share of test inputs predicted as their own class after masking.",
        explains="classes",
    ),
    Metric(
        "target-class-share-before",
        "target class before(%)",
        "%",
        "none",
        low=0.0,
        high=100.0,
        description="Share of test inputs predicted as the target class before masking.",
        explains="classes",
    ),
    Metric(
        "target-class-share-after",
        "target class after(%)",
        "%",
        "higher",
        low=0.0,
        high=100.0,
        description="Share of test inputs predicted as the target class after masking.",
        explains="classes",
    ),
    Metric(
        "log-odds-drop",
        "log-odds drop",
        "nats",
        "higher",
        description="Mean fall of log p(own class) - log p(target class) on test inputs.",
        explains="classes",
    ),
)

METRICS: dict[str, Metric] = {metric.name: metric for metric in _DECLARED}
OF_TRUTH = tuple(name for name, metric in METRICS.items() if metric.of_truth)


@dataclass(frozen=True)
class Outcome:
    """What masking a selection did on test cells: all that metrics look at.

    Parameters
    ----------
    before, after
        The number explained for each test cell, shape (n,).
    indices
        The selected features.
    features
        All features.
    target
        What was explained.
    truth
        How the target is really regulated in the test cells; None where nobody knows.
    """

    before: np.ndarray
    after: np.ndarray
    indices: np.ndarray
    features: Features
    target: Target
    truth: TargetTruth | None = None

    @cached_property
    def distances(self) -> np.ndarray | None:
        """Base pairs from each feature to the target; None without coordinates of both."""
        if self.target.interval is None or not self.features.has_coordinates:
            return None
        return self.features.distance_to(self.target.interval)


Measure = Callable[[Outcome], float | None]


def _near(
    measure: Callable[[np.ndarray, Outcome], float],
) -> Measure:
    """Apply a measure of distances, or give None where there are no coordinates."""

    def measured(outcome: Outcome) -> float | None:
        return None if outcome.distances is None else measure(outcome.distances, outcome)

    return measured


def _known(measure: Callable[[TargetTruth, Outcome], float | None]) -> Measure:
    """Compare with the truth, or give None where nobody knows it."""

    def measured(outcome: Outcome) -> float | None:
        return None if outcome.truth is None else measure(outcome.truth, outcome)

    return measured


MEASURES: dict[str, Measure] = {
    "avg-delta": lambda outcome: avg_delta(outcome.before, outcome.after),
    "rel-delta": lambda outcome: rel_delta(outcome.before, outcome.after),
    "rel-delta-expm1": lambda outcome: rel_delta_expm1(outcome.before, outcome.after),
    "hit-ratio": _near(lambda distances, outcome: hit(distances, outcome.indices)),
    "hit-ratio-chance": _near(
        lambda distances, outcome: hit_chance(distances, len(outcome.indices))
    ),
    "soft-hit-ratio": _near(
        lambda distances, outcome: hit(distances, outcome.indices, SOFT_DISTANCE)
    ),
    "soft-hit-ratio-chance": _near(
        lambda distances, outcome: hit_chance(distances, len(outcome.indices), SOFT_DISTANCE)
    ),
    "own-class-share-before": lambda outcome: own_class_share(outcome.before),
    "own-class-share-after": lambda outcome: own_class_share(outcome.after),
    "target-class-share-before": lambda outcome: own_class_share(-outcome.before),
    "target-class-share-after": lambda outcome: own_class_share(-outcome.after),
    "optimality": _known(lambda truth, outcome: truth.optimality(outcome.indices)),
    "true-precision": _known(lambda truth, outcome: truth.precision(outcome.indices)),
    "true-precision-chance": _known(lambda truth, outcome: len(truth.cres) / len(outcome.features)),
    "module-recall": _known(lambda truth, outcome: truth.module_recall(outcome.indices)),
    "log-odds-drop": lambda outcome: log_odds_drop(outcome.before, outcome.after),
}


def compute_metrics(names: Iterable[str], outcome: Outcome) -> dict[str, float | None]:
    """Compute metrics by name, and all that compare with the truth where it is known.

    Parameters
    ----------
    names
        Of the metrics that a task declares.
    outcome
        What they are computed from.

    Returns
    -------
    dict
        Value of each metric; None where it is undefined here (no coordinates, nothing expressed).
    """
    known = () if outcome.truth is None else OF_TRUTH
    return {name: MEASURES[name](outcome) for name in dict.fromkeys((*names, *known))}
