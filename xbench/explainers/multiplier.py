"""The price of a constraint, learned with everything else."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Multiplier:
    """A price that rises while a size is above what is wanted, and falls below.

    Multiplicative dual ascent with damping: ``level <- level * ratio^rate`` remembers,
    ``price = level * ratio^pull`` reacts at once (an augmented Lagrangian's term), where ratio is
    size / wanted. Dual ascent alone (a pull of 0) swings by orders of magnitude, since what is
    learned follows the price only after many steps.

    Parameters
    ----------
    level
        Price at which the size would stay as it is; above 0.
    rate, pull
        Exponents; see above.

    Examples
    --------
    >>> multiplier = Multiplier(level=2.0, rate=0.5, pull=1.0)
    >>> multiplier.update(size=40.0, wanted=10.0)
    >>> multiplier.level, multiplier.price
    (4.0, 16.0)
    """

    level: float
    rate: float = 0.1
    pull: float = 4.0

    def __post_init__(self) -> None:
        self.price = self.level

    def update(self, size: float, wanted: float) -> None:
        """Take one step; sizes are not negative, `wanted` is positive."""
        # Bounded, so that a size that is off by orders at the start does not decide for good.
        ratio = min(max(size / wanted, 0.1), 10.0)
        self.level *= ratio**self.rate
        self.price = self.level * ratio**self.pull
