"""By how much one method differs from another, with an interval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from .bootstrap import hierarchical_interval
from .pairs import Pairs


@dataclass(frozen=True)
class Effect:
    """Mean paired difference, one method minus the other, in the unit of the values.

    Parameters
    ----------
    mean
        Mean over targets of means over repetitions of the difference; None without a target.
    low, high
        Ends of its 95% interval; None where there is none.
    targets
        Number of targets behind it.
    reason
        Why something is None; empty otherwise.
    """

    mean: float | None
    low: float | None
    high: float | None
    targets: int
    reason: str = ""

    @property
    def side(self) -> Literal["below", "above", "around", "unknown"]:
        """Where the interval lies: below zero, above zero, around it, or nowhere."""
        if self.low is None or self.high is None:
            return "unknown"
        return "below" if self.high < 0 else "above" if self.low > 0 else "around"


def effect(pairs: Pairs) -> Effect:
    """Return the mean paired difference with a bootstrap interval over targets and repetitions.

    Every target weighs the same. The interval is that of `hierarchical_interval`. A percentile
    bootstrap is too narrow where there are few targets: for 5 and fewer read it as a hint.

    Parameters
    ----------
    pairs
        Two methods' values on the targets that both have.

    Examples
    --------
    >>> one, other = ({0: 1.0}, {0: 2.0}), ({0: 0.0}, {0: 0.0})
    >>> effect(Pairs((("VIP", "GAD1"), ("VIP", "GAD2")), one, other))
    Effect(mean=1.5, low=1.0, high=2.0, targets=2, reason='')
    >>> effect(Pairs((), (), ())).reason
    'no target has values of both methods'
    """
    count = len(pairs.targets)
    if not count:
        return Effect(None, None, None, 0, "no target has values of both methods")
    mean, low, high = hierarchical_interval(pairs.differences)
    if math.isnan(low):
        return Effect(mean, None, None, count, "an interval needs more than one value")
    return Effect(mean, low, high, count)
