"""Mean ranks of methods over targets, and which of them Nemenyi's test does not tell apart.

Demsar (2006), Statistical comparisons of classifiers over multiple data sets, JMLR 7: the
Friedman test, then Nemenyi's post-hoc test, computed by scikit-posthocs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ..statistics import MethodValues, TargetKey, ascending

ALPHA = 0.05


@dataclass(frozen=True)
class MeanRanks:
    """Methods by their mean rank.

    Parameters
    ----------
    methods
        The best first.
    ranks
        Mean rank of each over the targets, 1 for a method that is best on all of them; ties share
        theirs.
    groups
        Positions of the first and last method of each set that is not told apart; no set lies in
        another.
    targets
        Number of targets.
    p_value
        Of the Friedman test: how probable such differences were if all methods were alike. Where it
        is not below 0.05 all methods are one group.
    left_out
        Methods without a value for every target.
    """

    methods: tuple[str, ...]
    ranks: tuple[float, ...]
    groups: tuple[tuple[int, int], ...]
    targets: int
    p_value: float
    left_out: tuple[str, ...]


def mean_ranks(values: MethodValues, direction: str) -> MeanRanks | None:
    """Rank methods on each target, and test the mean ranks.

    Parameters
    ----------
    values
        Repetitions of one metric at one L, by method and target; a target's value is their mean.
    direction
        Which values are better, ``"lower"`` or ``"higher"``.

    Returns
    -------
    MeanRanks or None
        None where fewer than 3 methods have values for all of at least 3 targets, where all values
        are equal, or where scikit-posthocs is not installed.

    Examples
    --------
    >>> mean_ranks({}, "lower") is None
    True
    """
    targets = sorted({target for of_method in values.values() for target in of_method})
    whole = [name for name, of_method in values.items() if len(of_method) == len(targets)]
    if len(whole) < 3 or len(targets) < 3 or find_spec("scikit_posthocs") is None:
        return None
    table = _table(values, whole, targets) * ascending(direction)
    ranks = stats.rankdata(table, axis=1)
    if (np.ptp(ranks, axis=1) == 0).all():
        return None
    p_value = float(stats.friedmanchisquare(*table.T).pvalue)
    mean = ranks.mean(axis=0)
    order = sorted(range(len(whole)), key=lambda place: (mean[place], whole[place]))
    alike = _alike(table)[np.ix_(order, order)] if p_value < ALPHA else np.ones((len(order),) * 2)
    return MeanRanks(
        tuple(whole[place] for place in order),
        tuple(float(mean[place]) for place in order),
        groups(alike),
        len(targets),
        p_value,
        tuple(name for name in values if name not in whole),
    )


def _table(
    values: MethodValues, methods: Sequence[str], targets: Sequence[TargetKey]
) -> NDArray[np.float64]:
    """Return the mean over repetitions; shape (targets, methods)."""

    def mean(method: str, target: TargetKey) -> float:
        repetitions = values[method][target]
        return fmean(repetitions.values() if isinstance(repetitions, dict) else repetitions)

    # Single precision's rounding is no difference.
    return np.array([[float(f"{mean(m, t):.6g}") for m in methods] for t in targets])


def _alike(table: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which pairs Nemenyi's test does not tell apart; shape (methods, methods)."""
    # Imported here: it brings plotting libraries, and only the site needs it.
    from scikit_posthocs import posthoc_nemenyi_friedman

    return np.asarray(posthoc_nemenyi_friedman(table)) >= ALPHA


def groups(alike: NDArray) -> tuple[tuple[int, int], ...]:
    """Return the largest runs of methods, sorted by rank, whose ends are not told apart.

    Nemenyi's test looks at the difference of mean ranks alone: where the ends are alike, so is
    whatever lies between.

    Parameters
    ----------
    alike
        Whether each pair is not told apart; shape (methods, methods), symmetric.

    Examples
    --------
    >>> groups(np.array([[1, 1, 0], [1, 1, 1], [0, 1, 1]]))
    ((0, 1), (1, 2))
    """
    found: list[tuple[int, int]] = []
    for first in range(len(alike)):
        last = max(np.nonzero(alike[first])[0], default=first)
        if last > first and (not found or last > found[-1][1]):
            found.append((first, int(last)))
    return tuple(found)
