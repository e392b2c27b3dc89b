"""What an explainer must do, a function a clause: it raises where the clause is broken.

What it must leave alone is in `isolation`. Two kinds of problem may be asked of it, peaks and
pixels.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from xbench.testing import isolation, toys
from xbench.testing.questions import BrokenClauseError, NotTestedError, Questions

# What tells a reader where an idea comes from.
REFERENCE = re.compile(r"\b(19|20)\d\d\b|doi|arxiv|https?://|\bEq\.|\bpaper\b|\bcontrol\b", re.I)
# A method that asks this little a cell need not be able to stop in the middle.
CHEAP = 64
# How far beyond its budget a method may go: it can only ask after a step.
OVERRUN = 2.0


def selects_distinct_features(asked: Questions) -> None:
    """Returns a Selection of L distinct features in range, for peaks and for pixels."""
    for kind in asked.kinds():
        answer = asked.plain(kind)
        if answer.how == "error":
            raise BrokenClauseError(answer.reason)
    asked.answered()


def is_deterministic(asked: Questions) -> None:
    """Gives the same selection for the same seed, in one process and in another."""
    for kind, answer in asked.answered():
        others = [answer.again, asked.as_in_a_run(kind).indices]
        for other in others:
            if other and other != answer.indices:
                raise BrokenClauseError(
                    f"on {kind.name} seed 0 gave {answer.indices}, then {other}: take all "
                    "randomness from problem.generator()"
                )


def uses_other_seeds(asked: Questions) -> None:
    """Draws from the seed alone: where seeds matter, others give others."""
    for kind, answer in asked.answered():
        for seed in range(1, 4):
            if set(asked.ask(kind, seed=seed).indices) != set(answer.indices):
                return
    raise NotTestedError("four seeds gave one subset: the seed does not matter here")


def finds_the_linear_optimum(asked: Questions) -> None:
    """Finds the exact best subset of a linear model (if it says finds_linear_optimum = True)."""
    _check_linear(asked, np.zeros(toys.N_PEAKS, dtype=np.float32), "linear")


def respects_the_perturbation(asked: Questions) -> None:
    """Masks to p, not to 0: the best subset of a linear model changes with p."""
    # Peaks with an even number are opened by masking, so that they can raise F or lower it.
    opened = (np.arange(toys.N_PEAKS) % 2 == 0).astype(np.float32)
    _check_linear(asked, opened, "linear, with another p")


def handles_extreme_sizes(asked: Questions) -> None:
    """Handles L = 1 and L = d."""
    for kind, _ in asked.answered():
        for size in (1, kind.n_features):
            asked.ask(kind, size)


def chooses_among_candidates(asked: Questions) -> None:
    """Chooses among the candidates alone where a window leaves fewer features."""
    if (reason := asked.about()["skips"]["peaks"]) is not None:
        raise NotTestedError(f"it skips peaks: {reason}")
    model = toys.linear_surrogate()
    found = set(asked.of(lambda: toys.window_problem(model, 3), "peaks in a window").indices)
    best = toys.best_linear_subset(toys.window_problem(model, 3), model)
    if asked.about()["linear"] and found != best:
        raise BrokenClauseError(
            f"of the features in a window the best are {sorted(best)}, but it chose {sorted(found)}"
        )


def is_nested_as_it_says(asked: Questions) -> None:
    """Gives, where it says nested, the first l features for the smaller size l."""
    said = False
    for kind, small in asked.answered():
        if not small.nested:
            continue
        large = asked.ask(kind, 9)
        said = True
        if large.nested and large.indices[:4] != small.indices:
            raise BrokenClauseError(
                f"on {kind.name} L = 4 gave {small.indices}, but the first 4 for L = 9 "
                f"are {large.indices[:4]}: do not say nested"
            )
    if not said:
        raise NotTestedError("it does not say nested")


def stops_near_its_budget(asked: Questions) -> None:
    """Stops near its budget of evaluations, with its best selection so far."""
    for kind, free in asked.answered():
        used = free.forward + free.gradient
        if used <= CHEAP * kind.n_cells:
            continue
        limited = asked.ask(kind, evaluations=used // 4)
        spent = limited.forward + limited.gradient
        if spent > OVERRUN * used / 4:
            raise BrokenClauseError(
                f"on {kind.name} it made {spent:,} evaluations of a budget of {used // 4:,}: ask "
                "problem.exhausted() after each step, and return the best so far"
            )
        return
    raise NotTestedError(f"it asks at most {CHEAP} evaluations a cell")


def works_on_cuda(asked: Questions) -> None:
    """Works on CUDA too."""
    if not torch.cuda.is_available():
        raise NotTestedError("there is no CUDA device here")
    asked.answered()
    asked.of(lambda: toys.peaks_problem(toys.random_surrogate(), 4, device="cuda"), "cuda")


def can_be_sent_to_a_worker(asked: Questions) -> None:
    """Can be pickled with its parameters, and imported by a process that knows its file alone."""
    if said := asked.about()["unsendable"]:
        raise BrokenClauseError(f"it cannot be sent ({said})")


def has_parameters_of_json(asked: Questions) -> None:
    """Has parameters that JSON can hold, for the record."""
    if said := asked.about()["unwritable"]:
        raise BrokenClauseError(f"its parameters cannot be written as JSON ({said})")


def says_where_it_comes_from(asked: Questions) -> None:
    """Has a docstring that names its source: a paper with its year, a link, or "control"."""
    if not REFERENCE.search(asked.about()["doc"]):
        raise BrokenClauseError("its docstring names no source, such as (Simonyan et al. 2014)")


CLAUSES: tuple[Callable[[Questions], None], ...] = (
    selects_distinct_features,
    isolation.raises_ordinary_errors,
    isolation.keeps_its_process,
    isolation.comes_to_an_end,
    isolation.lets_its_time_limit_through,
    is_deterministic,
    uses_other_seeds,
    isolation.works_on_data_that_can_only_be_read,
    isolation.leaves_the_data_alone,
    isolation.leaves_the_model_alone,
    isolation.charges_every_evaluation,
    isolation.leaves_random_states_alone,
    isolation.leaves_torch_settings_alone,
    isolation.leaves_python_settings_alone,
    isolation.leaves_signals_alone,
    isolation.leaves_surroundings_alone,
    isolation.leaves_streams_alone,
    isolation.leaves_nothing_running,
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


def _check_linear(asked: Questions, perturbation: np.ndarray, name: str) -> None:
    if not asked.about()["linear"]:
        raise NotTestedError("it does not say finds_linear_optimum = True")
    asked.answered()
    model = toys.linear_surrogate()
    problem = toys.peaks_problem(model, 5, perturbation=perturbation)
    best = toys.best_linear_subset(problem, model)
    found = asked.of(lambda: problem, name).indices
    if set(found) != best:
        raise BrokenClauseError(f"the best subset is {sorted(best)}, but it chose {sorted(found)}")


ClauseOutcome = Literal["kept", "broken", "not tested"]


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
