"""One explanation: the problem as a method sees it, its answer, and the answer's score."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from time import perf_counter
from typing import Any

import numpy as np
import scipy.sparse as sp

from xbench.benchmark.known import known_pairs
from xbench.benchmark.plan import RunKey
from xbench.benchmark.training_cells import (
    cells_of_every_type,
    learned_rows,
    observed_in,
    read_only,
)
from xbench.data.candidates import candidates
from xbench.data.dataset import Dataset, Target
from xbench.data.features import Features
from xbench.data.known_links import KnownPairs
from xbench.explainers.explainer import Budget, Explainer, MeasuredCells, Problem
from xbench.explainers.restricted import restricted
from xbench.explainers.selection import Selection, require_distinct
from xbench.mask import EvaluationCounts, MaskedPopulation, masked_population
from xbench.mask.explained_model import ExplainedModel
from xbench.mask.objective import OBJECTIVES
from xbench.mask.population import perturbation_vector
from xbench.metrics import Outcome
from xbench.metrics.metric import KnownTruth
from xbench.simulation.target_truth import target_truth
from xbench.surrogates.checkpoint import OpenedSurrogate
from xbench.utils.process import PeakMemory, RunTimeoutError, time_limit


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
    rows, validation = learned_rows(dataset, key)
    return assembled_problem(
        dataset,
        surrogate,
        target,
        rows,
        validation,
        subset_size=key.L,
        objective=key.objective,
        beta=key.beta,
        perturbation=key.perturbation,
        seed=key.seed,
        device=device,
        budget=Budget(key.budget_seconds, key.budget_evaluations),
        every_type=cells_of_every_type(dataset, surrogate, key, target),
        kept=candidates(dataset.features, target, key.window),
    )


def assembled_problem(
    dataset: Dataset,
    surrogate: OpenedSurrogate,
    target: Target,
    rows: np.ndarray,
    validation: np.ndarray | None = None,
    *,
    subset_size: int,
    objective: str,
    beta: float | None = None,
    perturbation: float | str = 0.0,
    seed: int = 0,
    device: str = "cpu",
    budget: Budget | None = None,
    every_type: Callable[[], Iterator[MeasuredCells]] | None = None,
    kept: np.ndarray | None = None,
) -> Problem:
    """Return the problem of explaining some cells.

    Parameters
    ----------
    dataset, surrogate, target
        What is explained.
    rows, validation
        The cells, and those by which subsets are chosen; the same where None.
    subset_size, objective, beta, perturbation, seed, device, budget
        See `Problem`, `xbench.benchmark.plan.RunKey`.
    every_type
        See `Problem`.
    kept
        Positions of the only features that may be chosen; all of them where None.
    """
    counts = EvaluationCounts()
    inputs = read_only(surrogate.model.inputs_of(dataset, rows))
    masked = read_only(_perturbation(perturbation, inputs))
    lowered = replace(OBJECTIVES[objective], beta=beta)

    def population(cells: Any) -> MaskedPopulation:
        return masked_population(
            surrogate.model, cells, target, lowered, masked, counts=counts, device=device
        )

    others = rows if validation is None else validation

    problem = Problem(
        population=population(inputs),
        validation=population(surrogate.model.inputs_of(dataset, others)),
        model=ExplainedModel(surrogate.model, target, counts),
        inputs=inputs,
        features=_read_only_features(dataset.features),
        target=target,
        subset_size=subset_size,
        perturbation=masked,
        seed=seed,
        device=device,
        observed=read_only(observed_in(dataset, rows, target)),
        budget=budget or Budget(),
        objective=lowered,
        every_type=every_type,
    )
    if kept is None:
        return problem
    view = restricted(problem, surrogate.model, kept)
    for given in (view.inputs, view.perturbation):
        read_only(given)
    _read_only_features(view.features)
    return view


def _read_only_features(features: Features) -> Features:
    for field in fields(features):
        part = getattr(features, field.name)
        if isinstance(part, np.ndarray):
            read_only(part)
    return features


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
        Where it took longer than `timeout` seconds, even if it returned something in the end.
    """
    problem.budget.start()
    started = perf_counter()
    with PeakMemory() as memory, time_limit(timeout):
        selection = method.explain(problem)
    seconds = perf_counter() - started
    if timeout is not None and seconds > timeout:
        raise RunTimeoutError(f"no result after {timeout:g} s")
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
    # Before the features, which are outside of the problem where there are too many scores.
    if selection.scores is not None and len(selection.scores) != problem.n_features:
        raise ValueError(
            f"returned {len(selection.scores)} scores but d = {problem.n_features}: one a feature"
        )
    beyond = indices[(indices < 0) | (indices >= problem.n_features)]
    if len(beyond):
        outside = f"outside 0..{problem.n_features - 1}, the first of them {beyond[0]}"
        raise ValueError(f"returned {len(beyond)} features {outside}")
    require_distinct(indices)


def score(
    dataset: Dataset,
    surrogate: OpenedSurrogate,
    device: str,
    key: RunKey,
    indices: np.ndarray,
    judge: OpenedSurrogate | None = None,
    score_ranks: np.ndarray | None = None,
    *,
    ordered: bool = False,
) -> Outcome:
    """Mask the selection on test cells, which the method has not seen, at no cost to it.

    Parameters
    ----------
    judge
        A second surrogate, in which it is masked too; it gets no part in choosing it.
    score_ranks
        Of the method's scores, by candidate; see `Outcome`.
    ordered
        Whether the selection comes best first.

    Raises
    ------
    ValueError
        Where the surrogate gives NaN or infinite outputs: these would win or lose by chance.
    """
    return TestCells.of(dataset, surrogate, device, key, judge).outcome(
        indices, ordered, score_ranks
    )


@dataclass(frozen=True)
class TestCells:
    """Test cells of one target, encoded once: whatever selections of it are scored on them.

    Parameters
    ----------
    dataset, target, truth
        What is explained, and what is known of it.
    population, before
        The cells under the surrogate, and the number explained with nothing masked.
    judged, judged_before
        The same under a judge, where there is one.
    kept
        Positions of the only features that could be chosen; all of them where None.
    known
        What is known of the target from outside.
    """

    dataset: Dataset
    target: Target
    truth: KnownTruth | None
    population: MaskedPopulation
    before: np.ndarray
    judged: MaskedPopulation | None = None
    judged_before: np.ndarray | None = None
    kept: np.ndarray | None = None
    known: KnownPairs | None = None

    # Its name is not that of a test of pytest.
    __test__ = False

    @classmethod
    def of(
        cls,
        dataset: Dataset,
        surrogate: OpenedSurrogate,
        device: str,
        key: RunKey,
        judge: OpenedSurrogate | None = None,
    ) -> "TestCells":
        """Return the test cells of a run."""
        target = dataset.target(key.cell_type, key.target)
        rows = dataset.rows(key.cell_type, "test")
        inputs = dataset.X
        if key.perturbation == "mean":
            inputs = surrogate.model.inputs_of(dataset, learned_rows(dataset, key)[0])
        perturbation = _perturbation(key.perturbation, inputs)

        def population(asked: OpenedSurrogate) -> MaskedPopulation:
            return masked_population(
                asked.model,
                asked.model.inputs_of(dataset, rows),
                target,
                OBJECTIVES[key.objective],
                perturbation,
                device=device,
            )

        # A simulation's truth is about peaks that are closed: it has no answer for another p.
        closed = not perturbation.any()
        truth = target_truth(dataset, target, rows) if closed else None
        own = population(surrogate)
        judging = None if judge is None else population(judge)
        before = None if judging is None else judging.values()
        kept = candidates(dataset.features, target, key.window)
        known = known_pairs(dataset, target, key, truth)
        return cls(dataset, target, truth, own, own.values(), judging, before, kept, known)

    def outcome(
        self, indices: np.ndarray, ordered: bool = False, score_ranks: np.ndarray | None = None
    ) -> Outcome:
        """Mask a selection.

        Parameters
        ----------
        indices, ordered
            The selection, and whether it comes best first.
        score_ranks
            Of the method's scores, by candidate; see `Outcome`.

        Raises
        ------
        ValueError
            Where the surrogate gives NaN or infinite outputs.
        """
        before, after = self.before, self.population.values(indices)
        odd = ~(np.isfinite(before) & np.isfinite(after))
        if odd.any():
            raise ValueError(
                f"the surrogate gives NaN or infinite outputs for {int(odd.sum())} of {len(odd)} "
                "test cells, which cannot be scored; check the data and train it again"
            )
        judged = None
        if self.judged is not None and self.judged_before is not None:
            judged = self.judged_before, self.judged.values(indices)
        ranks = score_ranks
        if self.kept is not None and score_ranks is not None:
            ranks = np.full(self.dataset.n_features, -1)
            ranks[self.kept] = score_ranks
        return Outcome(
            before,
            after,
            indices,
            self.dataset.features,
            self.target,
            self.truth,
            judged,
            self.kept,
            self.known,
            ranks,
            ordered,
            self.population.values,
        )
