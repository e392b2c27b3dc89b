"""What an explainer must do, a function a clause: it raises where the clause is broken.

Two kinds of problem may be asked of it here, peaks and pixels.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import pickle
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch

from xbench.benchmark.answer import failure
from xbench.benchmark.explain import check_selection
from xbench.explainers.explainer import Budget, Explainer, Problem
from xbench.explainers.selection import Selection
from xbench.testing import toys
from xbench.testing.traces import (
    changed,
    problem_state,
    random_states,
    settings,
    unlikely_random_states,
)
from xbench.utils.apart import run_apart

# What tells a reader where an idea comes from.
REFERENCE = re.compile(r"\b(19|20)\d\d\b|doi|arxiv|https?://|\bEq\.|\bpaper\b|\bcontrol\b", re.I)
# A method that asks this little a cell need not be able to stop in the middle.
CHEAP = 64
# How far beyond its budget a method may go: it can only ask after a step.
OVERRUN = 2.0


def selects_distinct_features(make: Make) -> None:
    """Returns a Selection of L distinct features in range, for peaks and for pixels."""
    for kind in _answered(make):
        explained(make, kind.problem(4))


def is_deterministic(make: Make) -> None:
    """Gives the same selection for the same seed."""
    for kind in _answered(make):
        # In one process, so that a method which remembers is found.
        first, again = (explained_here(make, kind.problem(4, seed=5)) for _ in range(2))
        if first.indices.tolist() != again.indices.tolist():
            raise BrokenClauseError(
                f"on {kind.name} seed 5 gave {first.indices.tolist()}, then "
                f"{again.indices.tolist()}: take all randomness from problem.generator()"
            )


def uses_other_seeds(make: Make) -> None:
    """Draws from the seed alone: where seeds matter, others give others."""
    for kind in _answered(make):
        found = [explained(make, kind.problem(4, seed=seed)) for seed in range(4)]
        if len({tuple(sorted(one.indices.tolist())) for one in found}) > 1:
            return
    raise NotTestedError("four seeds gave one subset: the seed does not matter here")


def leaves_no_trace(make: Make) -> None:
    """Changes neither the model, the data, nor any global random state."""
    for kind, problem in [(kind, kind.problem(4)) for kind in _answered(make)]:
        with unlikely_random_states():
            before, states = problem_state(problem), random_states()
            explained_here(make, problem)
            found = changed(before, problem_state(problem)) + changed(states, random_states())
        if found:
            raise BrokenClauseError(f"on {kind.name} it changed {', '.join(found)}")


def leaves_settings_alone(make: Make) -> None:
    """Changes no setting of the process: of torch, NumPy, warnings, signals, folder, output."""
    for kind, problem in [(kind, kind.problem(4)) for kind in _answered(make)]:
        before = settings()
        explained_here(make, problem)
        if found := changed(before, settings()):
            raise BrokenClauseError(f"on {kind.name} it changed {', '.join(found)}")


def finds_the_linear_optimum(make: Make) -> None:
    """Finds the exact best subset of a linear model (if it says finds_linear_optimum = True)."""
    _check_linear(make, np.zeros(toys.N_PEAKS, dtype=np.float32))


def respects_the_perturbation(make: Make) -> None:
    """Masks to p, not to 0: the best subset of a linear model changes with p."""
    # Peaks with an even number are opened by masking, so that they can raise F or lower it.
    _check_linear(make, (np.arange(toys.N_PEAKS) % 2 == 0).astype(np.float32))


def handles_extreme_sizes(make: Make) -> None:
    """Handles L = 1 and L = d."""
    for kind in _answered(make):
        for size in (1, kind.n_features):
            explained(make, kind.problem(size))


def chooses_among_candidates(make: Make) -> None:
    """Chooses among the candidates alone where a window leaves fewer features."""
    model = toys.linear_surrogate()
    problem = toys.window_problem(model, 3)
    if (reason := make().skip(problem)) is not None:
        raise NotTestedError(f"it skips features in a window: {reason}")
    found = explained(make, problem).indices.tolist()
    best = toys.best_linear_subset(problem, model)
    if make().finds_linear_optimum and set(found) != best:
        raise BrokenClauseError(
            f"of the features in a window the best are {sorted(best)}, but it chose {sorted(found)}"
        )


def is_nested_as_it_says(make: Make) -> None:
    """Gives, where it says nested, the first l features for the smaller size l."""
    said = False
    for kind in _answered(make):
        large, small = (explained(make, kind.problem(size)) for size in (9, 4))
        said = said or large.nested
        if large.nested and large.first(4).indices.tolist() != small.indices.tolist():
            raise BrokenClauseError(
                f"on {kind.name} L = 4 gave {small.indices.tolist()}, but the first 4 for L = 9 "
                f"are {large.indices[:4].tolist()}: do not say nested"
            )
    if not said:
        raise NotTestedError("it does not say nested")


def stops_near_its_budget(make: Make) -> None:
    """Stops near its budget of evaluations, with its best selection so far."""
    for kind in _answered(make):
        free = kind.problem(4)
        explained(make, free)
        used = free.counts.forward + free.counts.gradient
        if used <= CHEAP * free.population.n_cells:
            continue
        limited = kind.problem(4, budget=Budget(evaluations=used // 4))
        explained(make, limited)
        spent = limited.counts.forward + limited.counts.gradient
        if spent > OVERRUN * used / 4:
            raise BrokenClauseError(
                f"on {kind.name} it made {spent:,} evaluations of a budget of {used // 4:,}: ask "
                "problem.exhausted() after each step, and return the best so far"
            )
        return
    raise NotTestedError(f"it asks at most {CHEAP} evaluations a cell")


def works_on_cuda(make: Make) -> None:
    """Works on CUDA too."""
    if not torch.cuda.is_available():
        raise NotTestedError("there is no CUDA device here")
    explained(make, toys.peaks_problem(toys.random_surrogate(), 4, device="cuda"))


def can_be_sent_to_a_worker(make: Make) -> None:
    """Can be pickled, with its parameters."""
    method = make()
    try:
        copied = pickle.loads(pickle.dumps(method))  # noqa: S301 - its own bytes, a line before
    except Exception as error:
        # A class from a file has no module that pickle could name; runs send its place instead.
        if "<" in type(method).__module__ or _is_from_file(type(method)):
            raise NotTestedError(
                "its class is in a file of its own, outside of a package"
            ) from None
        raise BrokenClauseError(f"it cannot be pickled ({error})") from error
    if copied.parameters() != method.parameters():
        raise BrokenClauseError("its parameters are others after pickling")


def has_parameters_of_json(make: Make) -> None:
    """Has parameters that JSON can hold, for the record."""
    try:
        json.dumps(make().parameters(), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise BrokenClauseError(f"its parameters cannot be written as JSON ({error})") from error


def says_where_it_comes_from(make: Make) -> None:
    """Has a docstring that names its source: a paper with its year, a link, or "control"."""
    text = inspect.getdoc(type(make())) or ""
    if not REFERENCE.search(text):
        raise BrokenClauseError("its docstring names no source, such as (Simonyan et al. 2014)")


CLAUSES: tuple[Callable[[Make], None], ...] = (
    selects_distinct_features,
    is_deterministic,
    uses_other_seeds,
    leaves_no_trace,
    leaves_settings_alone,
    respects_the_perturbation,
    finds_the_linear_optimum,
    handles_extreme_sizes,
    chooses_among_candidates,
    is_nested_as_it_says,
    stops_near_its_budget,
    works_on_cuda,
    can_be_sent_to_a_worker,
    has_parameters_of_json,
    says_where_it_comes_from,
)


def _answered(make: Make) -> list[ProblemKind]:
    """The kinds of problem that the explainer does not skip; at least one."""
    reasons = {kind.name: make().skip(kind.problem(4)) for kind in KINDS}
    answered = [kind for kind in KINDS if reasons[kind.name] is None]
    if not answered:
        said = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
        raise BrokenClauseError(f"it skips every kind of problem ({said})")
    return answered


def _check_linear(make: Make, perturbation: np.ndarray) -> None:
    if not make().finds_linear_optimum:
        raise NotTestedError("it does not say finds_linear_optimum = True")
    model = toys.linear_surrogate()
    problem = toys.peaks_problem(model, 5, perturbation=perturbation)
    best, found = toys.best_linear_subset(problem, model), explained(make, problem).indices.tolist()
    if set(found) != best:
        raise BrokenClauseError(f"the best subset is {sorted(best)}, but it chose {sorted(found)}")


def _is_from_file(method: type) -> bool:
    try:
        return pickle.loads(pickle.dumps(method)) is not method  # noqa: S301 - its own bytes
    except Exception:
        return True


@dataclass(frozen=True)
class ProblemKind:
    """A kind of problem.

    Parameters
    ----------
    name
        As verdicts call it.
    n_features
        d.
    make
        From L and a seed to a new problem, nothing of it charged yet.
    """

    name: str
    n_features: int
    make: Callable[[int, int], Problem]

    def problem(self, subset_size: int, seed: int = 0, budget: Budget | None = None) -> Problem:
        """Return a new problem."""
        return dataclasses.replace(self.make(subset_size, seed), budget=budget or Budget())


KINDS = (
    ProblemKind(
        "peaks",
        toys.N_PEAKS,
        lambda size, seed: toys.peaks_problem(toys.random_surrogate(), size, seed),
    ),
    ProblemKind("pixels", toys.SIDE * toys.SIDE, toys.pixels_problem),
)


def explained(make: Make, problem: Problem) -> Selection:
    """Let a new explainer answer in a process of its own, as in a run; see `explained_here`.

    What it evaluated is charged to the problem. Whatever it leaves behind is gone with the
    process, so that one broken clause breaks no other.
    """

    def answer(begun: Callable[[], None]) -> bytes:
        found: dict[str, Any] = {}
        problem.counts.move_here()
        try:
            selection = explained_here(make, problem)
        except BrokenClauseError as error:
            found["broken"] = str(error)
        else:
            found["selection"] = {
                "indices": selection.indices.tolist(),
                "ordered": bool(selection.ordered),
                "nested": bool(selection.nested),
            }
        counts = problem.counts
        found["counts"] = [counts.forward, counts.gradient, counts.computed]
        return json.dumps(found).encode()

    end = run_apart(answer)
    if end.answer is None:
        raise BrokenClauseError(f"{_asked(problem)}: {end.reason}")
    found = json.loads(end.answer)
    forward, gradient, computed = found["counts"]
    problem.counts.add(forward, gradient, computed)
    if "broken" in found:
        raise BrokenClauseError(found["broken"])
    return Selection(**found["selection"])


def explained_here(make: Make, problem: Problem) -> Selection:
    """Let a new explainer answer, and hold it to what every selection must be.

    Raises
    ------
    BrokenClauseError
        Where it raises an error or its selection is not one of L distinct features in range.
    """
    problem.budget.start()
    try:
        selection = make().explain(problem)
        check_selection(selection, problem)
    except BaseException as error:
        raise BrokenClauseError(f"{_asked(problem)}: {failure(error)['reason']}") from error
    return selection


def _asked(problem: Problem) -> str:
    return f"with L = {problem.subset_size} of {problem.n_features}"


ClauseOutcome = Literal["kept", "broken", "not tested"]
# A new explainer with its parameters: the suite never asks the same instance twice.
Make = Callable[[], Explainer]


@dataclass(frozen=True)
class ClauseVerdict:
    """One clause, what came out, and why.

    Parameters
    ----------
    clause
        What an explainer must do, as a sentence.
    outcome
        ``"kept"``, ``"broken"``, or ``"not tested"`` where it does not apply.
    detail
        What was seen; always there where a clause is broken or was not tested.
    """

    clause: str
    outcome: ClauseOutcome
    detail: str = ""


class BrokenClauseError(Exception):
    """A clause is broken; the message says how."""


class NotTestedError(Exception):
    """A clause does not apply; the message says why."""
