"""A weighted linear fit around one cell, by the ``lime`` package."""

from __future__ import annotations

import random
from typing import Any

import numpy as np


def local_coefficients(
    present: np.ndarray,
    values: np.ndarray,
    *,
    length: int = 0,
    choice: str = "highest-weights",
    kernel_width: float = 0.25,
) -> np.ndarray:
    """Fit the number explained to which features are present, neighbours nearby weighing more.

    LimeBase fits a ridge regression (penalty 1, intercept free) with the kernel that its package
    has for images: ``sqrt(exp(-(distance / width)^2))`` of the cosine distance to the cell.

    Parameters
    ----------
    present
        Boolean, shape (neighbours, features); False where a feature is masked, all True in the
        first row, the cell itself.
    values
        The number explained, shape (neighbours,).
    length
        Features that may have a coefficient; all where 0.
    choice
        How they are chosen: ``"highest-weights"`` in a first fit of all, or the ``"lasso-path"``
        as far as it has no more of them (K-Lasso).
    kernel_width
        Width, above 0.

    Returns
    -------
    ndarray
        How much each feature raises the number, shape (features,).

    Examples
    --------
    >>> present = np.array([[1, 1], [1, 0], [0, 1], [0, 0]] * 500, dtype=bool)
    >>> local_coefficients(present, np.array([5.0, 3.0, 2.0, 0.0] * 500)).round(1).tolist()
    [3.0, 2.0]
    """
    coefficients = np.zeros(present.shape[1])
    if not len(coefficients):
        return coefficients

    def kernel(distances: np.ndarray) -> np.ndarray:
        return np.sqrt(np.exp(-((distances / kernel_width) ** 2)))

    # Single precision halves the time; the coefficients agree to 5 digits.
    fitted = _lime_base()(kernel, random_state=0).explain_instance_with_data(
        present.astype(np.float32),
        values[:, None].astype(np.float32),
        # The cosine of a mask and the cell's own, all ones, is the root of the share present.
        1 - np.sqrt(present.mean(axis=1)),
        label=0,
        num_features=length,
        feature_selection=choice.replace("-", "_") if length else "none",
    )[1]
    for feature, coefficient in fitted:
        coefficients[feature] = coefficient
    return coefficients


def _lime_base() -> Any:
    """Import LimeBase; what it imports draws from Python's random numbers, which are put back."""
    state = random.getstate()
    try:
        from lime.lime_base import LimeBase
    finally:
        random.setstate(state)
    return LimeBase
