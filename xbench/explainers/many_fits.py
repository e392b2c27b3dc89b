"""Ridge regressions on shared masks, many cells at once: the dual systems by conjugate gradients.

Cells with more features have the same columns and further ones, and weights that differ little:
their systems are one matrix, a few more columns and two diagonals of each cell's own. So one
Cholesky factor serves as the preconditioner of all of them, and a step of conjugate gradients is
one product of the shared matrix with a column for each cell. Steps are taken in single precision;
what they leave is found in double, and solved for again.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

# Where a residual is so much shorter than what is asked for, coefficients have 9 digits.
SHORT = 1e-10
# The same of a round in single precision; a round takes its steps at most, and a system that some
# rounds do not solve gets a factor of its own instead.
NEAR = 1e-4
STEPS, ROUNDS = 40, 4


@dataclass(frozen=True)
class DualSystems:
    """Systems ``(R C (Z Z^T) C^T R + 1) v = b``, one for each cell.

    Z are the masks of the cell's features, C takes the weighted means off, R are the roots of the
    weights.

    Parameters
    ----------
    product
        Z Z^T of the columns that all cells have, shape (n, n).
    more
        Further columns, of which each cell has some first ones, shape (n, further).
    counts
        How many of these, ascending, shape (cells,).
    weights
        Of the neighbours in each cell's fit, above 0, shape (n, cells).
    """

    product: np.ndarray
    more: np.ndarray
    counts: np.ndarray
    weights: np.ndarray

    @property
    def shares(self) -> np.ndarray:
        """Weights that add up to 1, shape (n, cells)."""
        return self.weights / self.weights.sum(axis=0)

    def times(self, vectors: np.ndarray, cells: np.ndarray) -> np.ndarray:
        """Multiply a vector of each of some cells by its system, shape (n, some)."""
        root, share = np.sqrt(self.weights[:, cells]), self.shares[:, cells]
        scaled = root * vectors
        scaled -= share * scaled.sum(axis=0)
        result = self.product @ scaled
        more = self.more[:, : self.counts[cells].max(initial=0)]
        own = more.T @ scaled
        own *= np.arange(len(own))[:, None] < self.counts[cells]
        result += more @ own
        result -= (share * result).sum(axis=0)
        return root * result + vectors

    def matrix(self, cell: int) -> np.ndarray:
        """Return one cell's system, shape (n, n)."""
        own = self.more[:, : self.counts[cell]]
        product = self.product + own @ own.T
        root, share = np.sqrt(self.weights[:, cell]), self.shares[:, cell]
        along = product @ share
        product -= along[:, None] + along[None, :] - share @ along
        system = root[:, None] * product * root
        system[np.diag_indices_from(system)] += 1.0
        return system

    def solved(self, wanted: np.ndarray) -> np.ndarray:
        """Return the solution of each cell's system, shape (n, cells).

        Parameters
        ----------
        wanted
            The right-hand sides, shape (n, cells).

        Examples
        --------
        >>> masks = np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
        >>> systems = DualSystems(
        ...     np.zeros((3, 3)), masks, np.array([1, 2]), np.array([[1.0, 1.0]] * 3)
        ... )
        >>> found = systems.solved(np.eye(3)[:, :2])
        >>> bool(np.allclose(systems.matrix(1) @ found[:, 1], [0, 1, 0]))
        True
        """
        middle = len(self.counts) // 2
        quick = self._in_single_precision()
        # It only has to be near.
        factor = cho_factor(quick.matrix(middle), overwrite_a=True, check_finite=False)
        result, residual = np.zeros_like(wanted), wanted.copy()
        goal = SHORT * np.linalg.norm(wanted, axis=0)
        left = np.arange(wanted.shape[1])
        for _ in range(ROUNDS):
            result[:, left] += quick.nearly_solved(residual[:, left], left, factor)
            residual[:, left] = wanted[:, left] - self.times(result[:, left], left)
            left = left[np.linalg.norm(residual[:, left], axis=0) > goal[left]]
            if not len(left):
                return result
        for cell in left.tolist():
            own = cho_factor(self.matrix(cell), overwrite_a=True, check_finite=False)
            result[:, cell] = cho_solve(own, wanted[:, cell], check_finite=False)
        return result

    def nearly_solved(
        self, wanted: np.ndarray, cells: np.ndarray, factor: tuple[np.ndarray, bool]
    ) -> np.ndarray:
        """Return solutions whose residuals are `NEAR` of what is wanted, in double.

        Parameters
        ----------
        wanted
            Right-hand sides of some cells, shape (n, some).
        cells
            Which they are.
        factor
            Of a system that is near these.
        """
        length = np.linalg.norm(wanted, axis=0)
        residual = (wanted / np.where(length > 0, length, 1)).astype(self.weights.dtype)
        result, ahead = np.zeros_like(residual), np.zeros_like(residual)
        before = np.ones(len(cells), dtype=residual.dtype)
        left = np.arange(len(cells))
        for step in range(STEPS):
            left = left[np.linalg.norm(residual[:, left], axis=0) > NEAR]
            if not len(left):
                break
            near = cho_solve(factor, residual[:, left], check_finite=False)
            product = (near * residual[:, left]).sum(axis=0)
            turned = product / before[left] if step else np.zeros_like(product)
            before[left] = product
            ahead[:, left] = near + turned * ahead[:, left]
            moved = self.times(ahead[:, left], cells[left])
            by = product / (ahead[:, left] * moved).sum(axis=0)
            result[:, left] += by * ahead[:, left]
            residual[:, left] -= by * moved
        return result * length

    def _in_single_precision(self) -> "DualSystems":
        """Return the same systems in single precision.

        Of the product the means are taken off, which C takes off anyway: what is left is not small
        beside what cancels.
        """
        means = self.product.mean(axis=0)
        product = self.product - means[:, None] - means[None, :] + means.mean()
        more = self.more - 0.5
        single = [some.astype(np.float32) for some in (product, more, self.weights)]
        return DualSystems(single[0], single[1], self.counts, single[2])
