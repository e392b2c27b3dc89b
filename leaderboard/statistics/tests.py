"""Tests of one method against another, one-sided, over targets.

The paper's t-test, Wilcoxon's exact signed-rank test, and Holm's correction for having tested
several methods.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from xbench.errors import XbenchError, unknown_name

from ..formats import six_digits
from .pairs import NO_DIFFERENCE, Pairs

_ROUNDING = 1e-12


def t_test(pairs: Pairs, direction: str, paired: bool = True) -> "Significance":
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
    """Whether values differ by no more than rounding does, at the largest number or around 0."""
    return float(np.ptp(values)) <= max(_ROUNDING * largest, NO_DIFFERENCE)


SIGNED_RANK = "Wilcoxon signed-rank test"


def signed_rank_test(pairs: Pairs, direction: str) -> "Significance":
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
        return too_few(SIGNED_RANK, gains.size)
    # Repetitions that cancel leave what rounding makes of 0.
    gains = gains[np.abs(gains) > NO_DIFFERENCE]
    if not gains.size:
        return Significance(SIGNED_RANK, None, None, 0, "the methods are equal on every target")
    # Differences that are equal but for rounding share their rank.
    sizes = [six_digits(abs(float(gain))) for gain in gains]
    # A mean rank may end in a half: doubled, all are whole numbers.
    doubled = np.rint(2 * stats.rankdata(sizes)).astype(int)
    reached = int(doubled[gains > 0].sum())
    p_value = float(_null_distribution(doubled)[reached:].sum())
    return Significance(SIGNED_RANK, reached / 2, min(p_value, 1.0), gains.size)


def _null_distribution(ranks: NDArray[np.int_]) -> NDArray[np.float64]:
    """Return the probability of each sum of ranks, each in it or not by the toss of a coin."""
    chances = np.zeros(int(ranks.sum()) + 1)
    chances[0] = 1.0
    for rank in ranks:
        without = chances / 2
        chances = without.copy()
        chances[rank:] += without[: without.size - rank]
    return chances


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Return p-values after Holm's (1979) step-down correction.

    The smallest of m is multiplied by m, the next by m - 1 and so on; none falls below one that
    was smaller before, and none exceeds 1. Calling those below a level significant, the chance of
    a single false one among them is at most that level, however the tests hang together.

    Parameters
    ----------
    p_values
        One for each test; None for a test that could not be done, which does not count.

    Returns
    -------
    list
        In the same order, None where it was None.

    Raises
    ------
    XbenchError
        If one is not within 0 and 1.

    Examples
    --------
    >>> holm([0.01, None, 0.5, 0.25])
    [0.03, None, 0.5, 0.5]
    """
    done = sorted((p, index) for index, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for position, (p, index) in enumerate(done):
        if not 0 <= p <= 1:
            raise XbenchError(f"p-value {index}: {p} is not within 0 and 1")
        largest = max(largest, min(1.0, p * (len(done) - position)))
        adjusted[index] = largest
    return adjusted


@dataclass(frozen=True)
class Significance:
    """The outcome of one test of one method against another.

    Parameters
    ----------
    test
        Name of the test.
    statistic
        Its statistic; None where the test cannot be done.
    p_value
        Its one-sided p-value: how probable a difference so much in the first one's favour were,
        if the methods did not differ. None where the test cannot be done.
    targets
        Number of targets that the test used.
    reason
        Why there is no p-value; empty otherwise.
    adjusted
        The p-value after Holm's correction over the methods compared; None before it.

    Examples
    --------
    >>> Significance("paired t-test", -6.2, 0.0004, 7).p_value
    0.0004
    """

    test: str
    statistic: float | None
    p_value: float | None
    targets: int
    reason: str = ""
    adjusted: float | None = None


def too_few(test: str, count: int) -> Significance:
    """Return what is said where one target or none has values of both methods.

    Examples
    --------
    >>> too_few("paired t-test", 1).reason
    '1 target with values of both methods; 2 are needed'
    """
    targets = "1 target" if count == 1 else f"{count} targets"
    reason = f"{targets} with values of both methods; 2 are needed"
    return Significance(test, None, None, count, reason)


Alternative = Literal["less", "greater"]

_BETTER: dict[str, tuple[float, Alternative]] = {
    "lower": (1.0, "less"),
    "higher": (-1.0, "greater"),
}


def alternative(direction: str) -> Alternative:
    """Return the one-sided alternative under which the first of two is the better one.

    Examples
    --------
    >>> alternative("lower")
    'less'
    """
    return _known(direction)[1]


def ascending(direction: str) -> float:
    """Return the factor that makes lower values the better ones.

    Examples
    --------
    >>> ascending("lower"), ascending("higher")
    (1.0, -1.0)
    """
    return _known(direction)[0]


def _known(direction: str) -> tuple[float, Alternative]:
    if direction not in _BETTER:
        raise unknown_name("direction", direction, _BETTER)
    return _BETTER[direction]
