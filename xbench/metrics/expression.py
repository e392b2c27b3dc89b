"""Change of expression after masking (paper, Section 5.3.1)."""

from __future__ import annotations

import numpy as np


def avg_delta(before: np.ndarray, after: np.ndarray) -> float:
    """Mean of exp(after) - exp(before) over cells.

    Parameters
    ----------
    before, after
        Predicted log1p expression of the target, shape (n_cells,).

    Examples
    --------
    >>> round(avg_delta(np.log([2.0, 4.0]), np.log([1.0, 1.0])), 6)
    -2.0
    """
    return float(np.mean(_exp(after) - _exp(before)))


def rel_delta(before: np.ndarray, after: np.ndarray) -> float:
    """Mean over cells of (a - b) / b with a = exp(after), b = exp(before), in %.

    exp of a log1p value is 1 + expression, so this shrinks where expression is low; see
    `rel_delta_expm1`.

    Examples
    --------
    >>> round(rel_delta(np.log([2.0, 4.0]), np.log([1.0, 1.0])), 6)
    -62.5
    """
    # (a - b) / b = exp(after - before) - 1, without the overflow of either.
    return float(100 * np.mean(np.expm1(_double(after) - _double(before))))


def rel_delta_expm1(before: np.ndarray, after: np.ndarray) -> float | None:
    """Change of summed expression expm1(F) relative to its sum before, in %.

    The ratio of sums, not the mean of ratios: a cell with no predicted expression has no ratio.
    None where nothing is expressed before.

    Examples
    --------
    >>> round(rel_delta_expm1(np.log1p([1.0, 3.0]), np.log1p([0.0, 1.0])), 6)
    -75.0
    """
    was, is_now = np.expm1(_double(before)).sum(), np.expm1(_double(after)).sum()
    return None if was <= 0 else float(100 * (is_now - was) / was)


def _double(values: np.ndarray) -> np.ndarray:
    return np.asarray(values, dtype=np.float64)


def _exp(values: np.ndarray) -> np.ndarray:
    return np.exp(_double(values))
