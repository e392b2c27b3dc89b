"""The paper's one-sided t-test of one method against another, over targets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from .direction import alternative
from .pairs import Pairs
from .significance import Significance, too_few

_ROUNDING = 1e-12


def t_test(pairs: Pairs, direction: str, paired: bool = True) -> Significance:
    """Test one-sidedly whether the first method is better than the second, by Student's t.

    The paper reports "p-value < 0.01, one-sided t-test" (Section 5.3.1) over targets, and does
    not say whether it was paired. Both are offered: pairing is the default, since targets differ
    far more from each other than methods do on one target. (On the seven rows of the paper's
    Table 1, L = 10, Rel. delta, GRIDS against FIMAP has p = 0.0005 paired and 0.036 unpaired.)
    The independent test is Welch's, which does not ask for equal variances.

    Parameters
    ----------
    pairs
        Two methods' values on the targets that both have; a target's value, or difference, is its
        mean over repetitions.
    direction
        Which values are better, ``"lower"`` or ``"higher"``.
    paired
        Whether a target's two values belong together.

    Returns
    -------
    Significance
        Without a p-value where fewer than 2 targets are shared or where nothing varies.

    Raises
    ------
    XbenchError
        If the direction is another.

    Examples
    --------
    >>> one, other = ({0: 1.0}, {0: 2.0}, {0: 3.0}), ({0: 2.0}, {0: 4.0}, {0: 6.0})
    >>> three = Pairs((("VIP", "A"), ("VIP", "B"), ("VIP", "C")), one, other)
    >>> round(t_test(three, "lower").statistic, 4)  # -2 / (1 / sqrt(3))
    -3.4641
    """
    side = alternative(direction)
    test = "paired t-test" if paired else "Welch's t-test"
    count = len(pairs.targets)
    if count < 2:
        return too_few(test, count)
    first, second = np.array(pairs.first_means), np.array(pairs.second_means)
    largest = float(max(np.abs(first).max(), np.abs(second).max()))
    differences = np.array(pairs.mean_differences)
    if paired and _constant(differences, largest):
        reason = "the difference is the same for every target"
        return Significance(test, None, None, count, reason)
    if not paired and _constant(first, largest) and _constant(second, largest):
        reason = "neither method's values vary over the targets"
        return Significance(test, None, None, count, reason)
    if paired:
        found = stats.ttest_1samp(differences, 0.0, alternative=side)
    else:
        found = stats.ttest_ind(first, second, equal_var=False, alternative=side)
    return Significance(test, float(found.statistic), float(found.pvalue), count)


def _constant(values: NDArray[np.float64], largest: float) -> bool:
    """Whether values differ by no more than rounding does at the largest number at hand."""
    return float(np.ptp(values)) <= _ROUNDING * largest
