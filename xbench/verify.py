"""Replaying a recorded run of coordinate descent with our own GRIDS."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xbench.data.target import Target
from xbench.mask import MaskedPopulation, masked_population
from xbench.mask.objective import OBJECTIVES
from xbench.metrics.expression import avg_delta, rel_delta
from xbench.recorded_run import Trace, read_recorded_run
from xbench.registry.find import explainer_class

LOSS_TOLERANCE = 1e-4
DELTA_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Verification:
    """How a replay compares with the record; all errors are relative.

    Parameters
    ----------
    steps, matched
        Recorded steps; those after which our subset is the recorded one, position by position.
    loss_error
        Largest over steps.
    avg_delta_error, rel_delta_error
        Of the last subset over the whole population.
    first_difference
        What differed first, in words; empty where nothing did.
    """

    steps: int
    matched: int
    loss_error: float
    avg_delta_error: float
    rel_delta_error: float
    first_difference: str = ""

    @property
    def agrees(self) -> bool:
        """Whether every subset is equal and every number within its tolerance."""
        return (
            self.matched == self.steps
            and self.loss_error <= LOSS_TOLERANCE
            and self.avg_delta_error <= DELTA_TOLERANCE
            and self.rel_delta_error <= DELTA_TOLERANCE
        )


def verify(folder: Path) -> Verification:
    """Replay a folder with ``model-final.pt``, ``population.npz`` and ``trace.json``.

    A step that differs is counted, and the replay goes on from the recorded subset, so that one
    difference is one difference.

    Raises
    ------
    XbenchError
        Where a file is missing or broken.
    """
    surrogate, inputs, trace = read_recorded_run(Path(folder))
    target = Target("population", "target", trace.target_gene_index)
    population = masked_population(
        surrogate, inputs, target, OBJECTIVES["expression"], trace.perturbation_value
    )
    return _replay(population, trace)


def _replay(population: MaskedPopulation, trace: Trace) -> Verification:
    # The reference does not add the present index to the candidates: so does this replay.
    grids = explainer_class("grids")(candidates=trace.top_k, keep_present=False)
    subset = np.array(trace.initial_subset)
    recorded = zip(
        trace.batches, trace.subset_after_each_step, trace.loss_before_each_step, strict=True
    )
    errors, matched, first = [], 0, ""
    for number, (rows, after, loss) in enumerate(recorded):
        batch = population.batch(np.array(rows))
        errors.append(_relative(float(batch.losses([subset])[0]), loss))
        ours = grids.step(batch, subset, number % len(subset)).subset
        subset = np.array(after)
        matched += bool(np.array_equal(ours, subset))
        if not first and not np.array_equal(ours, subset):
            first = f"step {number}: ours {ours.tolist()}, recorded {after}"
    before, masked = population.values(), population.values(subset)
    return Verification(
        steps=len(errors),
        matched=matched,
        loss_error=float(np.max(errors)),  # NaN where one is NaN, unlike max()
        avg_delta_error=_relative(avg_delta(before, masked), trace.avg_delta_exp),
        rel_delta_error=_relative(rel_delta(before, masked) / 100, trace.rel_delta_exp),
        first_difference=first,
    )


def _relative(ours: float, recorded: float) -> float:
    return abs(ours - recorded) / max(abs(recorded), 1e-12)
