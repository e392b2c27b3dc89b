"""What an explainer returns: a subset of features, checked so that nothing in it is ambiguous."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any

import numpy as np
import scipy.sparse as sp

from xbench.utils.notebook import table_html

_ROWS_SHOWN = 20


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
    names
        Of the selected features, where `xbench.explain` was asked; a method leaves them empty.

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
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        indices = _whole_numbers(self.indices)
        require_distinct(indices)
        object.__setattr__(self, "indices", indices)
        if self.scores is not None:
            object.__setattr__(self, "scores", real_scores(self.scores))
        if not isinstance(self.details, dict):
            kind = type(self.details).__name__
            raise ValueError(f"details are of type {kind} but must be a dictionary")

    def _repr_html_(self) -> str:
        how = "best first" if self.ordered else "in no order"
        if self.nested:
            how += ", nested"
        heading = f"Selection of {len(self.indices):,} features, {how}"
        columns: list[Sequence[object]] = [range(1, len(self.indices) + 1), self.indices.tolist()]
        header = ["rank" if self.ordered else "", "index"]
        if self.names:
            header.append("feature")
            columns.append(self.names)
        if self.scores is not None:
            header.append("score")
            columns.append(self.scores[self.indices].tolist())
        rows = list(zip(*columns, strict=True))
        left = len(rows) - _ROWS_SHOWN
        notes = [f"and {left:,} more"] if left > 0 else []
        return table_html(heading, header, rows[:_ROWS_SHOWN], notes)

    @classmethod
    def from_scores(cls, scores: Sequence[float] | np.ndarray, subset_size: int) -> "Selection":
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
            Where there are fewer than L, or one is NaN, infinite, masked or no real number. A
            feature that is never to be chosen may have minus infinity.
        """
        values = real_scores(scores)
        if len(values) < subset_size:
            raise ValueError(
                f"scores have shape {values.shape} but must have one of at least {subset_size}"
            )
        candidates = int(np.isfinite(values).sum())
        if candidates < subset_size:
            raise ValueError(
                f"only {candidates} scores are above minus infinity, but L = {subset_size}"
            )
        order = np.argsort(-values, kind="stable")
        return cls(order[:subset_size], ordered=True, nested=True, scores=values)

    def first(self, subset_size: int) -> "Selection":
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


def _whole_numbers(given: Any) -> np.ndarray:
    """Return indices as int64, shape (L,); whole numbers of any kind are taken."""
    indices = _array_of("indices", given)
    if indices.dtype == object and all(isinstance(one, Integral) for one in indices.flat):
        indices = np.array([int(one) for one in indices.flat]).reshape(indices.shape)
    if indices.size == 0 and indices.ndim == 1:
        return np.zeros(0, dtype=np.int64)
    if indices.ndim != 1 or not np.issubdtype(indices.dtype, np.integer):
        raise ValueError(
            f"indices have shape {indices.shape} and type {indices.dtype} but must be "
            "a flat array of integers"
        )
    largest = int(indices.max())
    if largest > np.iinfo(np.int64).max:
        raise ValueError(f"index {largest} is beyond any feature")
    return indices.astype(np.int64)


def real_scores(given: Any) -> np.ndarray:
    """Return scores as float64, shape (d,).

    Raises
    ------
    ValueError
        Where they are no flat row of real numbers, or one is NaN, plus infinity or masked.

    Examples
    --------
    >>> real_scores([1, 2])
    array([1., 2.])
    """
    values = _array_of("scores", given)
    if values.ndim != 1 or values.dtype.kind not in "iuf":
        raise ValueError(
            f"scores have shape {values.shape} and type {values.dtype} but must be a flat array "
            "of real numbers, one a feature"
        )
    values = values.astype(np.float64)
    for what, odd in (("NaN", np.isnan(values)), ("infinite", np.isposinf(values))):
        if odd.any():
            raise ValueError(f"{int(odd.sum())} scores are {what}: nothing says which is highest")
    return values


def require_distinct(indices: np.ndarray) -> None:
    """Refuse a selection in which a feature stands twice.

    Raises
    ------
    ValueError
        Naming the first of them.

    Examples
    --------
    >>> require_distinct(np.array([3, 5, 3]))
    Traceback (most recent call last):
    ValueError: indices must be distinct, but 3 is there 2 times
    """
    features, times = np.unique(indices, return_counts=True)
    repeated = np.flatnonzero(times > 1)
    if len(repeated):
        first = repeated[0]
        raise ValueError(
            f"indices must be distinct, but {features[first]} is there {times[first]} times"
        )


def _array_of(what: str, given: Any) -> np.ndarray:
    """Return what was given as NumPy reads it; what it cannot read is refused by its type."""
    _refuse_containers(what, given)
    name = type(given).__name__
    try:
        array = np.asarray(given)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        # Tensors with gradients or on another device, nested lists of different lengths.
        reason = " ".join(str(error).split())
        raise ValueError(
            f"{what} are a {name} that NumPy cannot read ({reason}); give a flat array"
        ) from error
    if array.ndim == 0:
        raise ValueError(f"{what} are a {name}; give a flat array")
    return array


def _refuse_containers(what: str, given: Any) -> None:
    """Refuse what NumPy would read as other numbers than its maker meant."""
    if np.ma.is_masked(given):
        raise ValueError(
            f"{what} are a masked array with {int(np.ma.count_masked(given))} masked "
            "entries: fill them with minus infinity, or leave them out"
        )
    if sp.issparse(given):
        raise ValueError(f"{what} are sparse ({type(given).__name__}); give a flat array")
    labels: Any = getattr(given, "index", None)
    if what == "scores" and hasattr(labels, "equals") and list(labels) != list(range(len(given))):
        raise ValueError(
            "scores are a pandas Series in another order than the features; sort it by its index, "
            "or give its values in the features' order"
        )
