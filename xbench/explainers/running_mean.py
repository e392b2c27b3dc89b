"""The mean over a population that is visited in sweeps, from a noisy answer at each visit."""

from collections.abc import Iterator

import numpy as np


def sweeps(n_cells: int, generator: np.random.Generator) -> Iterator[int]:
    """Yield cells for ever: in each sweep every cell once, in random order."""
    while True:
        yield from generator.permutation(n_cells).tolist()


class SweptMean:
    """Mean over all cells of many values a cell, none of which can be had without noise.

    A visit gives two independent unbiased answers of a cell. Cells come from `sweeps`, so the mean
    of the answers is unbiased after any number of visits, and which cells were drawn adds no
    variance to whole sweeps.

    Parameters
    ----------
    n_cells
        Cells of the population.
    n_values
        Values of a cell.

    Examples
    --------
    >>> swept = SweptMean(n_cells=2, n_values=1)
    >>> swept.add(2, np.array([0, 0]), np.array([[1.0, 5.0], [3.0, 5.0]]))
    >>> swept.values(), swept.standard_errors()
    (array([3.5]), array([0.5]))
    """

    def __init__(self, n_cells: int, n_values: int) -> None:
        self.n_cells, self.visits = n_cells, 0
        self._total = np.zeros(n_values)
        self._squares = np.zeros(n_values)
        self._noise = np.zeros(n_values)

    def add(self, visits: int, indices: np.ndarray, answers: np.ndarray) -> None:
        """Take in visits, of which only values that are not 0 need be told.

        Parameters
        ----------
        visits
            How many.
        indices
            Which value is told, over all visits, shape (told,).
        answers
            Two independent answers for each, shape (2, told).
        """
        mean = answers.mean(axis=0)
        for total, part in (
            (self._total, mean),
            (self._squares, mean**2),
            (self._noise, (answers[1] - answers[0]) ** 2 / 4),
        ):
            total += np.bincount(indices, part, minlength=len(total))
        self.visits += visits

    @property
    def whole_sweeps(self) -> int:
        """How often every cell has been visited."""
        return self.visits // self.n_cells

    def values(self) -> np.ndarray:
        """The mean, shape (n_values,)."""
        return self._total / max(1, self.visits)

    def standard_errors(self) -> np.ndarray:
        """Standard error of the mean, shape (n_values,).

        From how much two answers of one visit differ, and, for the cells of a sweep that is not
        yet whole, from how much cells differ (sampling without replacement). Two visits at least.
        """
        visits, rest = self.visits, self.visits % self.n_cells
        between = (self._squares - visits * self.values() ** 2) / max(1, visits - 1)
        drawn = rest * (1 - rest / self.n_cells) * np.maximum(between, 0)
        return np.sqrt(self._noise + drawn) / max(1, visits)

    def relative_error(self) -> float:
        """Largest standard error over the range of the values."""
        return relative_error(self.values(), self.standard_errors())


def relative_error(values: np.ndarray, errors: np.ndarray) -> float:
    """Largest standard error over the range of the values: how sage-importance sees convergence.

    Examples
    --------
    >>> round(relative_error(np.array([0.0, 3.0, 1.0]), np.array([0.0, 0.3, 0.6])), 9)
    0.2
    """
    # The package's own floor, for values that are all the same.
    return float(errors.max() / max(np.ptp(values), 1e-12))
