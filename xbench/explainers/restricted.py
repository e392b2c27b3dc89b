"""A problem in which only some features may be chosen: what a method sees of it."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
from torch import nn

from xbench.explainers.explainer import MeasuredCells, Problem
from xbench.mask.explained_model import ExplainedModel
from xbench.mask.restricted import RestrictedPopulation, restricted_model


def restricted(problem: Problem, model: nn.Module, kept: np.ndarray) -> Problem:
    """Return a problem of the candidates alone; a method answers with positions among them.

    So every method obeys a window without knowing of it: there is nothing else to choose. What
    the candidates are masked in are whole cells. Only `problem.model`, which cannot know which
    cell a row is of, has all other features at their means over the training cells.

    Parameters
    ----------
    problem
        With all features.
    model
        The model that is explained, as it is: `problem.model` is made of it.
    kept
        Positions of the candidates, ascending.

    Examples
    --------
    >>> from xbench.testing.toys import linear_surrogate, peaks_problem
    >>> model = linear_surrogate()
    >>> near = restricted(peaks_problem(model, 2), model, np.array([9, 10, 11]))
    >>> near.n_features, near.features.names.tolist()[0], near.candidates[[2, 0]].tolist()
    (3, 'chr2:0-500', [11, 9])
    """
    cells = problem.every_type
    return replace(
        problem,
        population=RestrictedPopulation(problem.population, kept),
        validation=RestrictedPopulation(problem.validation, kept),
        model=ExplainedModel(
            restricted_model(model, kept, problem.inputs), problem.target, problem.counts
        ),
        inputs=problem.inputs[:, kept],
        features=problem.features.take(kept),
        perturbation=problem.perturbation[kept],
        every_type=None if cells is None else lambda: _columns_of(cells(), kept),
        candidates=kept,
    )


def _columns_of(cells: Iterable[MeasuredCells], kept: np.ndarray) -> Iterator[MeasuredCells]:
    for each in cells:
        yield MeasuredCells(each.inputs[:, kept], each.observed)
