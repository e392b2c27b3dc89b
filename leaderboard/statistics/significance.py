"""What a significance test found, or why there is nothing to find."""

from __future__ import annotations

from dataclasses import dataclass


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
