"""The exact Wilcoxon signed-rank test of one method against another, over targets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from .direction import ascending
from .pairs import Pairs
from .significance import Significance, too_few

TEST = "Wilcoxon signed-rank test"


def signed_rank_test(pairs: Pairs, direction: str) -> Significance:
    """Test one-sidedly whether the first method is better than the second, by signed ranks.

    Wilcoxon (1945), on the differences of the means over repetitions. Targets without a
    difference are left out. The p-value is exact: of all ways to give the ranks signs, the share
    whose sum is as much in favour of the first method. Equal differences share their mean rank.

    Parameters
    ----------
    pairs
        Two methods' values on the targets that both have.
    direction
        Which values are better, ``"lower"`` or ``"higher"``.

    Returns
    -------
    Significance
        The statistic is the sum of the ranks of the targets on which the first method is better,
        ``targets`` the number of those that differ. Without a p-value where fewer than 2 targets
        are shared, or none differs. With n targets that differ, none is below 0.5 to the power n.

    Raises
    ------
    XbenchError
        If the direction is another.

    Examples
    --------
    >>> one, other = ({0: 1.0}, {0: 2.0}, {0: 3.0}), ({0: 2.0}, {0: 4.0}, {0: 6.0})
    >>> three = Pairs((("VIP", "A"), ("VIP", "B"), ("VIP", "C")), one, other)
    >>> found = signed_rank_test(three, "lower")
    >>> found.statistic, found.p_value
    (6.0, 0.125)
    """
    gains = -ascending(direction) * np.array(pairs.mean_differences)
    if gains.size < 2:
        return too_few(TEST, gains.size)
    gains = gains[gains != 0]
    if not gains.size:
        return Significance(TEST, None, None, 0, "the methods are equal on every target")
    # A mean rank may end in a half: doubled, all are whole numbers.
    doubled = np.rint(2 * stats.rankdata(np.abs(gains))).astype(int)
    reached = int(doubled[gains > 0].sum())
    p_value = float(_null_distribution(doubled)[reached:].sum())
    return Significance(TEST, reached / 2, min(p_value, 1.0), gains.size)


def _null_distribution(ranks: NDArray[np.int_]) -> NDArray[np.float64]:
    """Return the probability of each sum of ranks, each in it or not by the toss of a coin."""
    chances = np.zeros(int(ranks.sum()) + 1)
    chances[0] = 1.0
    for rank in ranks:
        without = chances / 2
        chances = without.copy()
        chances[rank:] += without[: without.size - rank]
    return chances
