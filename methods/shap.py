"""SHAP: Shapley values of single cells, averaged over the population."""

import numpy as np
from pydantic import NonNegativeInt, PositiveInt

from xbench import Explainer, Problem, Selection
from xbench.explainers.attribution import mean_of_players


class Shap(Explainer):
    """Mean |Shapley value| over cells (Lundberg and Lee 2017), by sampled orders.

    As the permutation explainer of the shap package: a cell's features are put back one after the
    other in a random order, from all masked to none, and masked again in the same order; each is
    credited with the mean change of the number explained. A cell's values sum to F(x) - F(p). Only
    features that differ from p in the cell are players, all others have value 0. Orders are drawn
    as the package draws them (0.46 to 0.51), so the values are its own; see `shap-reference`.

    An order and the way back are two walks of the mask operator (`MaskedPopulation.walk`), which
    updates one sum a step where the package wants each of 2 f + 1 masked inputs on its own: at the
    paper's size 64 cells of 4,800 open peaks are 614,000 steps. The package's own gradient and
    deep explainers are `gradient-shap` and `deeplift`.

    Parameters
    ----------
    cells
        Training cells explained, drawn at random; 0 for all.
    permutations
        Orders for each cell, each also taken backwards.
    signed
        Average values, of which positive ones say that masking lowers the loss, instead of
        absolute values (the package's own summary over a population).
    """

    name = "shap"
    quick_parameters = {"cells": 4}
    cells: NonNegativeInt = 64
    permutations: PositiveInt = 1
    signed: bool = False

    def explain(self, problem: Problem) -> Selection:
        """Walk cell after cell, and average."""
        scores = mean_of_players(
            problem,
            self.cells,
            lambda *asked: self._values(problem, *asked),
            signed=self.signed,
        )
        return Selection.from_scores(scores, problem.subset_size)

    def _values(self, problem: Problem, cell: int, features: np.ndarray, seed: int) -> np.ndarray:
        """Shapley values of some features of one cell, shape (features,)."""
        # The package shuffles one row of numbers again and again, by NumPy's old generator.
        shuffling = np.random.RandomState(seed)
        order = np.arange(len(features))
        orders = []
        for _ in range(self.permutations):
            shuffling.shuffle(order)
            # Putting features back in one order is masking them in the other, with minus the sign.
            orders += [order[::-1].copy(), order.copy()]
        walkers = problem.population.batch(np.full(len(orders), cell))
        walks = walkers.walk(np.stack(orders), features[:, None], of_number=True)
        return -np.asarray(walks.mean(axis=0)).ravel()
