"""One explanation: the problem as a method sees it, its answer, and the answer's score."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from xbench.benchmark.plan import RunKey
from xbench.data.dataset import Dataset
from xbench.data.splits import divided_anew
from xbench.data.target import Target
from xbench.explainers.explainer import Budget, Explainer, Problem, Selection
from xbench.mask import EvaluationCounts, MaskedPopulation, masked_population
from xbench.mask.build import ExplainedModel
from xbench.mask.objective import OBJECTIVES
from xbench.mask.population import perturbation_vector
from xbench.metrics import Outcome
from xbench.simulation.target_truth import target_truth
from xbench.surrogates.checkpoint import OpenedSurrogate
from xbench.utils.process import PeakMemory, time_limit


@dataclass
class Explained:
    """One explanation and what it cost."""

    selection: Selection
    counts: EvaluationCounts
    seconds: float
    peak_memory_bytes: int | None
    stopped: str = ""


def build_problem(
    dataset: Dataset, surrogate: OpenedSurrogate, device: str, key: RunKey, target: Target
) -> Problem:
    """Return the problem of one run: training and validation cells, never test cells."""
    counts = EvaluationCounts()
    rows, validation = (dataset.rows(key.cell_type, part) for part in ("train", "validation"))
    if key.division is not None:
        rows, validation = divided_anew(rows, validation, key.cell_type, key.division)
    inputs = surrogate.model.inputs_of(dataset, rows)
    perturbation = _perturbation(key.perturbation, inputs)
    objective = replace(OBJECTIVES[key.objective], beta=key.beta)

    def population(cells: Any) -> MaskedPopulation:
        return masked_population(
            surrogate.model, cells, target, objective, perturbation, counts=counts, device=device
        )

    return Problem(
        population=population(inputs),
        validation=population(surrogate.model.inputs_of(dataset, validation)),
        model=ExplainedModel(surrogate.model, target, counts),
        inputs=inputs,
        features=dataset.features,
        target=target,
        subset_size=key.L,
        perturbation=perturbation,
        seed=key.seed,
        device=device,
        observed=_observed(dataset, rows, target),
        budget=Budget(key.budget_seconds, key.budget_evaluations),
        objective=objective,
    )


def _observed(dataset: Dataset, rows: np.ndarray, target: Target) -> np.ndarray | None:
    """Measured expression of the target in the training cells; None for classes."""
    if dataset.Y is None:
        return None
    return dataset.Y[rows][:, [target.output]].toarray()[:, 0]


def _perturbation(declared: float | str, inputs: sp.csr_matrix | np.ndarray) -> np.ndarray:
    if declared == "mean":
        return perturbation_vector(np.asarray(inputs.mean(axis=0)).ravel(), inputs.shape[1])
    return perturbation_vector(float(declared), inputs.shape[1])


def explain(method: Explainer, problem: Problem, timeout: float | None) -> Explained:
    """Let a method explain, measure what it cost, and hold it to its contract.

    Raises
    ------
    TypeError, ValueError
        Where it does not return a selection of L distinct features in range.
    RunTimeoutError
        Where it took longer than `timeout` seconds.
    """
    started = time.perf_counter()
    problem.budget.start()
    with PeakMemory() as memory, time_limit(timeout):
        selection = method.explain(problem)
    seconds = time.perf_counter() - started
    check_selection(selection, problem)
    return Explained(selection, problem.counts, seconds, memory.peak, problem.budget.stopped)


def check_selection(selection: Selection, problem: Problem) -> None:
    """Hold a method to its contract: L distinct features in range.

    Raises
    ------
    TypeError, ValueError
        Saying what was returned instead.
    """
    if not isinstance(selection, Selection):
        raise TypeError(f"explain() returned {type(selection).__name__}, not a Selection")
    indices = selection.indices
    if len(indices) != problem.subset_size:
        raise ValueError(f"returned {len(indices)} features but L = {problem.subset_size}")
    if len(indices) and (indices.min() < 0 or indices.max() >= problem.n_features):
        raise ValueError(f"returned a feature outside 0..{problem.n_features - 1}")


def score(
    dataset: Dataset,
    surrogate: OpenedSurrogate,
    device: str,
    key: RunKey,
    problem: Problem,
    indices: np.ndarray,
) -> Outcome:
    """Mask the selection on test cells, which the method has not seen, at no cost to it."""
    rows = dataset.rows(key.cell_type, "test")
    test = masked_population(
        surrogate.model,
        surrogate.model.inputs_of(dataset, rows),
        problem.target,
        OBJECTIVES[key.objective],
        problem.perturbation,
        device=device,
    )
    # A simulation's truth is about peaks that are closed: it has no answer for another p.
    closed = not problem.perturbation.any()
    truth = target_truth(dataset, problem.target, rows) if closed else None
    before, after = test.values(), test.values(indices)
    return Outcome(before, after, indices, dataset.features, problem.target, truth)
