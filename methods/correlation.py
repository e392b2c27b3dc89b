"""Correlation of each feature with what was measured: a control without a model."""

from collections.abc import Iterable
from typing import Literal

import numpy as np
import scipy.sparse as sp
from pydantic import NonNegativeFloat

from xbench import Explainer, Problem, Selection
from xbench.explainers.attribution import masking_lowers, share_changed, why_no_direction
from xbench.explainers.neighbours import distance_to_start, why_no_distance


class Correlation(Explainer):
    """Pearson correlation of accessibility and measured expression over the training cells.

    How ArchR (Granja et al. 2021) links a peak to a gene, but for its aggregates of similar cells:
    here each cell counts for itself. The surrogate is not asked. A peak that is open where the
    gene is expressed is expected to lower it when closed: positive correlations come first. A
    feature that never varies has no correlation and counts as 0.

    What differs between cell types, such as every peak that marks one, plays no part.

    Parameters
    ----------
    within
        Which cells: ``"population"``, those explained, which are of one type; or ``"cell-type"``,
        those of all types, each type's mean taken off first, so that a peak that works in several
        types is seen in all of them.
    window
        Features farther than this from where the gene may start, in base pairs, follow after all
        nearer ones (ArchR: 250,000); no limit where None.
    by_accessibility
        Whether a correlation is weighted by the square root of the share of cells that masking
        changes: a peak that is hardly ever open takes little away, however well it is followed.
    """

    name = "correlation"
    within: Literal["population", "cell-type"] = "population"
    window: NonNegativeFloat | None = None
    by_accessibility: bool = False

    def explain(self, problem: Problem) -> Selection:
        """Rank by correlation, in the direction in which masking moves a feature."""
        cells = problem.measured_cells(self.within)
        scores = correlations(cells) * masking_lowers(problem)
        if self.by_accessibility:
            scores = scores * np.sqrt(share_changed(problem))
        if self.window is not None:
            far = distance_to_start(problem.features, problem.target) > self.window
            # Correlations are in -1..1: less 3, any is below all others.
            scores = np.where(far, scores - 3, scores)
        return Selection.from_scores(scores, problem.subset_size)

    def skip(self, problem: Problem) -> str | None:
        """Refuse classes, a limit of distance without coordinates, and masking of no direction."""
        if problem.observed is None:
            return "needs a measured number for the target, such as a gene's expression"
        if self.window is not None and (why := why_no_distance(problem.features, problem.target)):
            return why
        return why_no_direction(problem)


def correlations(
    groups: Iterable[tuple[sp.csr_matrix | np.ndarray, np.ndarray]],
) -> np.ndarray:
    """Return each column's Pearson correlation with `y` within groups of rows.

    Both sides are taken as deviations from their mean in the group. The least work is one
    multiply-add an entry: x is never centred, which would fill it.

    Parameters
    ----------
    groups
        An x of shape (n, d) and a y of shape (n,) for each.

    Returns
    -------
    ndarray
        Shape (d,), float64, in -1..1; 0 where the column or y never varies within a group.

    Examples
    --------
    >>> x = np.array([[0, 1, 1], [1, 1, 0], [1, 1, 0]])
    >>> y = np.array([1.0, 3.0, 3.0])
    >>> correlations([(x, y)])
    array([ 1.,  0., -1.])
    >>> correlations([(x, y), (x, y + 100)])
    array([ 1.,  0., -1.])
    """
    variation: np.ndarray = np.zeros(1)
    product, square = variation, variation
    deviation, size = 0.0, 0.0
    for x, y in groups:
        columns = sp.csc_matrix(x, dtype=np.float64)
        measured = np.asarray(y, dtype=np.float64)
        centred = measured - measured.mean()
        total = np.asarray(columns.sum(axis=0)).ravel()
        squares = np.asarray(columns.multiply(columns).sum(axis=0)).ravel()
        variation = variation + squares - total**2 / len(centred)
        square = square + squares
        product = product + columns.T @ centred
        deviation += float(centred @ centred)
        size += float(measured @ measured)
    # What is left of a constant is rounding: some 1e-16 of the square, or of the number itself.
    varies = (variation > 1e-10 * square) & (deviation > 1e-20 * size)
    scale = np.sqrt(np.where(varies, variation, 1.0) * deviation)
    return np.clip(np.divide(product, scale, out=np.zeros_like(product), where=varies), -1, 1)
