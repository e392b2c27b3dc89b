"""SHAP by its authors' package, as it is: what `shap` is compared with."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
from pydantic import NonNegativeInt, PositiveInt

from xbench import Explainer, Problem, Selection
from xbench.explainers.attribution import mean_of_players, seeded


class ShapReference(Explainer):
    """Mean |Shapley value| over cells (Lundberg and Lee 2017), by the shap package.

    Its permutation explainer masks a cell's features one after the other, in a random order and
    back, and credits each with the change of the number explained. Only features that differ from
    p in the cell are players, all others have value 0: on all d columns the package needs more
    than 10 GB for one cell of the paper's size, and so it takes some 176 s and 4.7 GB there. The
    mask operator evaluates what the package asks for, each masked input on its own.

    Parameters
    ----------
    cells
        Training cells explained, drawn at random; 0 for all.
    permutations
        Orders for each cell, each also taken backwards.
    signed
        Average values instead of absolute values.
    """

    name = "shap-reference"
    quick_parameters = {"cells": 4}
    cells: NonNegativeInt = 64
    permutations: PositiveInt = 1
    signed: bool = False

    def explain(self, problem: Problem) -> Selection:
        """Explain cell after cell, and average."""
        with seeded(problem.seed):  # shap seeds NumPy's global generator, and draws from it
            scores = mean_of_players(
                problem,
                self.cells,
                lambda *asked: self._values(problem, *asked),
                signed=self.signed,
            )
        return Selection.from_scores(scores, problem.subset_size)

    def skip(self, problem: Problem) -> str | None:
        """Answer that the package is absent."""
        if find_spec("shap") is None:
            return "needs the package shap: pip install 'xbench-explain[peers]'"
        return None

    def _values(self, problem: Problem, cell: int, features: np.ndarray, seed: int) -> np.ndarray:
        """Shapley values of some features of one cell, shape (features,)."""
        present = np.ones((1, len(features)))
        asked = _explainer(
            lambda kept: problem.population.masked_values(cell, features, kept < 0.5),
            np.zeros_like(present),
            seed,
        )
        # The package gives an order 2 f + 1 evaluations: there, back, and the first again.
        evaluations = self.permutations * (2 * len(features) + 1)
        return asked(present, max_evals=evaluations, silent=True).values[0]


def _explainer(values: Callable[[np.ndarray], np.ndarray], absent: np.ndarray, seed: int) -> Any:
    import shap

    return shap.PermutationExplainer(values, shap.maskers.Independent(absent), seed=seed)
