"""What an explainer returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Selection:
    """A subset of features, chosen to be masked together.

    Parameters
    ----------
    indices
        Distinct feature indices, shape (L,); best first where `ordered`.
    ordered
        Whether `indices` is ranked.
    nested
        Whether the first l indices are what the method would return for subset size l: then one
        explanation serves every size.
    scores
        One number a feature, shape (d,); the higher, the more masking the feature lowers the loss.
    trace
        The learning curve: a list of JSON-like dictionaries with a ``step`` and a ``loss``.
    details
        Anything else worth keeping in the record, JSON-like, such as the uncertainty of scores
        (of the selected features only: a record is no place for d numbers).

    Examples
    --------
    >>> Selection.from_scores([0.1, 0.9, 0.5], subset_size=2).indices
    array([1, 2])
    """

    indices: np.ndarray
    ordered: bool = False
    nested: bool = False
    scores: np.ndarray | None = None
    trace: list[dict[str, float]] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        indices = np.asarray(self.indices)
        if indices.ndim != 1 or not np.issubdtype(indices.dtype, np.integer):
            raise ValueError(
                f"indices have shape {indices.shape} and type {indices.dtype} but must be "
                "a flat array of integers"
            )
        if len(np.unique(indices)) != len(indices):
            raise ValueError("indices must be distinct")
        object.__setattr__(self, "indices", indices.astype(np.int64))

    @classmethod
    def from_scores(cls, scores: Sequence[float] | np.ndarray, subset_size: int) -> Selection:
        """Select the features with the highest scores; ties go to the lower index.

        Parameters
        ----------
        scores
            Shape (d,); the higher, the more important to mask.
        subset_size
            L, at most d.

        Raises
        ------
        ValueError
            Where a score is NaN, or fewer than L features are scored.
        """
        values = np.asarray(scores, dtype=np.float64)
        if values.ndim != 1 or len(values) < subset_size:
            raise ValueError(
                f"scores have shape {values.shape} but must have one of at least {subset_size}"
            )
        if np.isnan(values).any():
            raise ValueError(f"{int(np.isnan(values).sum())} scores are NaN")
        order = np.argsort(-values, kind="stable")
        return cls(order[:subset_size], ordered=True, nested=True, scores=values)

    def first(self, subset_size: int) -> Selection:
        """Return the first `subset_size` indices of a nested selection.

        Raises
        ------
        ValueError
            Where the selection is not nested or too short.
        """
        if not self.nested or subset_size > len(self.indices):
            raise ValueError(f"no nested subset of {subset_size} in {len(self.indices)} indices")
        return Selection(
            self.indices[:subset_size],
            self.ordered,
            True,
            self.scores,
            list(self.trace),
            dict(self.details),
        )
