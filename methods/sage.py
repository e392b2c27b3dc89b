"""SAGE: Shapley values of the loss, by walks through random permutations of the features."""

from dataclasses import replace
from itertools import islice
from typing import Annotated, Literal

import numpy as np
import scipy.sparse as sp
from pydantic import Field, PositiveInt

from xbench import Explainer, Problem, Selection
from xbench.explainers.neighbours import window_of_features, windows
from xbench.explainers.running_mean import SweptMean, sweeps

# Walks at each visit of a cell: two, and both backwards.
VISIT = 4
# Numbers in the orders of one batch: 32 MB.
ORDER_CHUNK = 2**22
# One visit alone would not tell how much cells differ.
Walks = Annotated[int, Field(ge=2 * VISIT)]


class Sage(Explainer):
    """Shapley additive global importance (SAGE, Covert, Lundberg and Lee 2020).

    The game's players are features, its value is minus the mean loss of the cells with the
    other features masked. A walk masks one cell's features one after the other in random order;
    the fall of the loss at each step is an unbiased sample of that feature's score, so *a high
    score says that masking the feature lowers the loss*: minus the SAGE value.

    A step only costs where the feature differs from p in that cell: some 4,800 of 127,219 at the
    paper's size, and since version 2 only these are put in a random order (which the others are
    in does not change theirs). Elsewhere the score is 0 exactly and is counted as such. Ours, none
    of which adds a bias:

    - Cells are visited in sweeps, each once a sweep, not drawn with replacement: which cells were
      drawn adds no noise.
    - A visit is two independent walks, and both once more backwards (antithetic): a random
      permutation backwards is a random permutation, and what two features do together is then
      shared by both, whatever the order.
    - Standard errors are from how much a visit's two pairs of walks differ: see
      `xbench.explainers.running_mean`.

    It ends when the largest standard error is below `threshold` times the range of the scores, as
    the package has it, but not before every cell has been visited: a feature with a standard error
    of 0 for want of visits has then never differed from p in any cell, and scores 0 exactly.

    Parameters
    ----------
    permutations
        Walks at most (the protocol has 256,000, for MNIST 2,560,000).
    steps
        Steps at most that masked something, over all walks: the work.
    threshold
        Of convergence.
    group
        ``"none"``, or mask features by ``"windows"`` of 4 neighbouring peaks (patches of 2 x 2
        pixels), or by ``"chromosomes"``. A group's score is divided among its features in
        proportion to how much masking moves each (our choice).
    batch_size
        Walks at once; fewer where their orders would not fit in 32 MB.
    """

    name = "sage"
    version = 2
    permutations: Walks = 262_144
    steps: PositiveInt = 30_000_000
    threshold: Annotated[float, Field(gt=0, lt=1)] = 0.025
    group: Literal["none", "windows", "chromosomes"] = "none"
    batch_size: Walks = 64

    def skip(self, problem: Problem) -> str | None:
        """Return why there are no chromosomes to group by, or None."""
        if self.group == "chromosomes" and not problem.features.has_coordinates:
            return "its features have no coordinates, so no chromosomes to be grouped by"
        return None

    def explain(self, problem: Problem) -> Selection:
        """Walk until the scores have converged or all is spent; rank by score."""
        group_of = self._group_of(problem)
        groups = windows(group_of) if self.group != "none" else None
        n_groups = int(group_of.max()) + 1
        generator = problem.generator()
        players = _players(problem, group_of, n_groups)
        cells = sweeps(problem.population.n_cells, generator)
        swept = SweptMean(problem.population.n_cells, n_groups)
        widest = max(1, int(np.diff(players.indptr).max(initial=0)))
        together = max(2 * VISIT, min(self.batch_size, ORDER_CHUNK // widest)) // VISIT
        steps, converged = 0, False
        while swept.visits * VISIT <= self.permutations - VISIT and steps < self.steps:
            left = self.permutations // VISIT - swept.visits
            visited = list(islice(cells, min(together, left)))
            walkers = problem.population.batch(np.tile(visited, VISIT))
            changes = walkers.walk(_both_ways(players[visited], generator), groups)
            # Walks of one cell change the same groups, in whatever order.
            told = changes.indices[: changes.nnz // VISIT]
            falls = -changes.data.reshape(VISIT // 2, 2, -1)
            swept.add(len(visited), told, falls.mean(axis=0))
            steps += changes.nnz
            converged = swept.whole_sweeps > 0 and swept.relative_error() < self.threshold
            if converged or problem.exhausted():
                break
        part = _parts(problem, group_of) if groups else np.ones(n_groups)
        selection = Selection.from_scores(swept.values()[group_of] * part, problem.subset_size)
        errors = (swept.standard_errors()[group_of] * part)[selection.indices]
        details = {
            "permutations": swept.visits * VISIT,
            "sweeps": swept.visits / swept.n_cells,
            "converged": converged,
            "relative_error": swept.relative_error(),
            "standard_errors": errors.tolist(),
        }
        return replace(selection, details=details)

    def _group_of(self, problem: Problem) -> np.ndarray:
        if self.group == "windows":
            return window_of_features(problem.features)
        if self.group == "chromosomes":
            sizes = np.diff(problem.features.blocks()[1])
            return np.repeat(np.arange(len(sizes)), sizes)
        return np.arange(problem.n_features)


def _players(problem: Problem, group_of: np.ndarray, n_groups: int) -> sp.csr_matrix:
    """Return an entry for each group that masking changes in a cell, shape (n_cells, groups)."""
    changes = problem.population.changing_pairs()
    entries = (np.ones(changes.nnz), group_of[changes.indices], changes.indptr)
    players = sp.csr_matrix(entries, shape=(changes.shape[0], n_groups))
    players.sum_duplicates()
    return players


def _both_ways(players: sp.csr_matrix, generator: np.random.Generator) -> sp.csr_matrix:
    """Each cell's first random steps, then each cell's second ones, then all backwards."""
    counts = np.tile(np.diff(players.indptr), VISIT // 2)
    steps = np.concatenate([np.zeros(0, np.int64), *map(generator.permutation, counts)])
    backwards = np.repeat(counts, counts) - 1 - steps
    pointers = np.concatenate([[0], np.cumsum(np.tile(counts, 2))])
    groups = np.tile(players.indices, VISIT)
    shape = (VISIT * players.shape[0], players.shape[1])
    return sp.csr_matrix((np.concatenate([steps, backwards]), groups, pointers), shape=shape)


def _parts(problem: Problem, group_of: np.ndarray) -> np.ndarray:
    """Share of each feature in how much masking its group moves the inputs, shape (d,)."""
    changes = problem.population.changing_pairs()
    moved = np.bincount(changes.indices, np.abs(changes.data), minlength=len(group_of))
    return moved / np.maximum(np.bincount(group_of, moved), np.finfo(float).tiny)[group_of]
