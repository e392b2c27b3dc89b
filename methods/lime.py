"""LIME: a linear fit around each cell, put together over cells by submodular pick."""

from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Annotated, Any, Literal

import numpy as np
import scipy.sparse as sp
from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from xbench import Explainer, Problem, Selection
from xbench.explainers.local_models import (
    SharedMasks,
    local_coefficients,
    picked_importance,
    submodular_pick,
)

# Bytes of one cell's float32 design; the fit holds a few copies of it.
LARGEST_DESIGN = 2**28


# Cells fitted at once, of nearly as many features each; under a budget, which cells of any number
# of features are asked for in turn, more of them, so that some of these are alike.
TOGETHER, LIMITED = 25, 100


@dataclass(frozen=True)
class _Asked:
    """What the model is asked around each cell: its features under the first masks."""

    problem: Problem
    changes: sp.csr_matrix
    masks: SharedMasks

    def features(self, cell: int) -> np.ndarray:
        """Features of a cell that differ from p, ascending."""
        return self.changes.indices[self.changes.indptr[cell] : self.changes.indptr[cell + 1]]

    def values(self, cell: int) -> np.ndarray:
        """Ask for the number explained of each neighbour, shape (neighbours,)."""
        features = self.features(cell)
        absent = ~self.masks.present[:, : len(features)]
        return self.problem.population.masked_values(cell, features, absent)


class Lime(Explainer):
    """Local linear fits on masked neighbours (LIME, Ribeiro et al. 2016).

    Around each explained cell, neighbours have each feature set to p by a fair coin; a weighted
    ridge regression of the number explained on what is still there is fitted, as the ``lime``
    package's LimeBase does. All cells share their tosses, the k-th of each for its k-th feature, so
    that most of the fit is made once for all of them (`SharedMasks`). Only features that differ
    from p in the cell are tossed: for the others masking changes nothing, and a design of all d
    columns does not work at the paper's size (of 50 true features none is found). A positive
    coefficient says that the feature raises the number, so that masking it lowers the loss.

    The paper names submodular pick, which returns *instances*; that their features are then
    ranked by ``I_j = sqrt(sum_i |W_ij|)`` over the picked instances is our reading. Features
    without a coefficient there follow, by I_j over all explained cells. Like the reference's mean
    |coefficient| it drops the sign; ``signed-mean`` keeps it.

    Parameters
    ----------
    neighbours
        Masked copies of a cell, itself among them; the protocol's 2,048 for peaks and 1,024
        for features without coordinates where None.
    cells
        Training cells explained, drawn at random.
    length
        K, features in an explanation; 0 for all that differ from p.
    choice
        How the package chooses K of them: by ``"highest-weights"`` in a first fit of all, which
        is its default, or by the ``"lasso-path"``, the paper's K-Lasso: each cell's fit is the
        package's own then, and takes seconds.
    picked
        B, explanations picked.
    kernel_width
        Of the exponential kernel of the cosine distance between masks.
    aggregate
        ``"submodular-pick"``, ``"mean-absolute"`` coefficient (the reference), or
        ``"signed-mean"``.
    """

    name = "lime"
    version = 2
    neighbours: Annotated[int, Field(ge=2)] | None = None
    cells: PositiveInt = 200
    length: NonNegativeInt = 0
    choice: Literal["highest-weights", "lasso-path"] = "highest-weights"
    picked: PositiveInt = 10
    kernel_width: PositiveFloat = 0.25
    aggregate: Literal["submodular-pick", "mean-absolute", "signed-mean"] = "submodular-pick"

    def skip(self, problem: Problem) -> str | None:
        """Answer that the package is absent, or that too many features differ from p."""
        if find_spec("lime") is None:
            return "needs the package lime: pip install 'xbench-explain[peers]'"
        neighbours = self._neighbours(problem)
        widest = int(np.diff(problem.population.changing_pairs().indptr).max(initial=0))
        if 4 * widest * neighbours <= LARGEST_DESIGN:
            return None
        return (
            f"{widest:,} features of a cell differ from p: a design of {neighbours:,} neighbours "
            f"would take {4e-9 * widest * neighbours:.1f} GB"
        )

    def explain(self, problem: Problem) -> Selection:
        """Fit cell after cell, then put the coefficients together."""
        population, generator = problem.population, problem.generator()
        changes = population.changing_pairs()
        drawn = generator.permutation(population.n_cells)[: self.cells].tolist()
        # Narrow cells first, so that the shared product grows; a budget must not choose these.
        limited = problem.budget.seconds is not None or problem.budget.evaluations is not None
        widths = np.diff(changes.indptr)[drawn]
        order = np.arange(len(drawn)) if limited else np.argsort(widths, kind="stable")
        together = LIMITED if limited else TOGETHER
        masks = SharedMasks(
            self._neighbours(problem), int(widths.max(initial=0)), generator, self.kernel_width
        )
        asked = _Asked(problem, changes, masks)
        found: dict[int, np.ndarray] = {}
        for start in range(0, len(order), together):
            values: dict[int, np.ndarray] = {}
            for number in order[start : start + together].tolist():
                values[number] = asked.values(drawn[number])
                if problem.exhausted():
                    break
            found |= self._fitted(asked.masks, values, widths)
            if problem.budget.stopped:
                break
        cells = sorted(found)
        explained = [drawn[number] for number in cells]
        pointers = np.concatenate([[0], np.cumsum(widths[cells])])
        columns = np.concatenate([asked.features(cell) for cell in explained])
        entries = (np.concatenate([found[number] for number in cells]), columns, pointers)
        weights = sp.csr_matrix(entries, shape=(len(cells), problem.n_features))
        weights.eliminate_zeros()
        return self._selection(weights, explained, problem.subset_size)

    def _fitted(
        self, masks: SharedMasks, values: dict[int, np.ndarray], widths: np.ndarray
    ) -> dict[int, np.ndarray]:
        """Return the coefficients of each cell's features, by the cell's number."""
        found = {number: np.zeros(0) for number in values if not widths[number]}
        numbers = sorted(values.keys() - found.keys(), key=lambda number: widths[number])
        if not self.length and numbers:
            of_each = [values[number].astype(np.float64) for number in numbers]
            fits = masks.coefficients_of_many(of_each, widths[numbers].tolist())
            return found | dict(zip(numbers, fits, strict=True))
        for number in numbers:
            found[number] = local_coefficients(
                masks.present[:, : widths[number]],
                values[number],
                length=self.length,
                choice=self.choice,
                kernel_width=self.kernel_width,
            )
        return found

    def _neighbours(self, problem: Problem) -> int:
        return self.neighbours or (2048 if problem.features.has_coordinates else 1024)

    def _selection(self, weights: sp.csr_matrix, drawn: list[int], size: int) -> Selection:
        """Rank by the coefficients W, shape (cells explained, d)."""
        mean = np.asarray(weights.mean(axis=0)).ravel()
        details: dict[str, Any] = {"cells": weights.shape[0]}
        if self.aggregate == "signed-mean":
            scores = mean
        elif self.aggregate == "mean-absolute":
            scores = np.asarray(abs(weights).mean(axis=0)).ravel()
        else:
            picked = submodular_pick(weights, self.picked)
            details["picked"] = {"cells": [drawn[row] for row in picked]}
            scores = picked_importance(weights, picked)
        selection = Selection.from_scores(scores, size)
        # Which way each of them works: the other aggregates' scores do not tell.
        details["mean_coefficients"] = mean[selection.indices].tolist()
        return replace(selection, details=details)
