"""One method against each other: effect, tests, and Holm's correction over the methods."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .pairs import Effect, MethodValues, TargetKey, effect, pairs
from .tests import Significance, holm, signed_rank_test, t_test


@dataclass(frozen=True)
class MethodComparison:
    """One method against another.

    Parameters
    ----------
    method, other
        Their names.
    targets
        Number of targets that both have values for; nothing else is compared.
    missing
        Targets that only one of them has.
    effect
        Mean difference, method minus other, with its 95% interval.
    t_test
        The paper's test, paired or Welch's.
    signed_rank
        Wilcoxon's test.
    """

    method: str
    other: str
    targets: int
    missing: tuple[TargetKey, ...]
    effect: Effect
    t_test: Significance
    signed_rank: Significance


def compare(
    values: MethodValues,
    method: str,
    direction: str,
    others: Sequence[str] | None = None,
    paired: bool = True,
) -> tuple[MethodComparison, ...]:
    """Compare one method with each other one, over targets.

    Parameters
    ----------
    values
        Repetitions of one metric at one L, by method and target.
    method
        The method that is tested for being the better one.
    direction
        Which values are better, ``"lower"`` or ``"higher"``.
    others
        Methods to compare with; None for all.
    paired
        Whether the t-test is paired; see `t_test`.

    Returns
    -------
    tuple of MethodComparison
        In the order of `others`. P-values are corrected by `holm` over them, test by test.

    Raises
    ------
    XbenchError
        If a method is not among the values, a value is not finite, or the direction is another.

    Examples
    --------
    >>> values = {
    ...     "grids": {("VIP", "GAD1"): [-4.0], ("VIP", "GAD2"): [-6.0]},
    ...     "random": {("VIP", "GAD1"): [1.0], ("VIP", "GAD2"): [0.0], ("SST", "GAD1"): [0.0]},
    ... }
    >>> (one,) = compare(values, "grids", "lower")
    >>> one.targets, one.missing, one.effect.mean
    (2, (('SST', 'GAD1'),), -5.5)
    """
    names = [name for name in values if name != method] if others is None else others
    found = [_compared(values, method, name, direction, paired) for name in names]
    t_tests = _corrected([one.t_test for one in found])
    ranks = _corrected([one.signed_rank for one in found])
    return tuple(
        replace(one, t_test=by_t, signed_rank=by_rank)
        for one, by_t, by_rank in zip(found, t_tests, ranks, strict=True)
    )


def _compared(
    values: MethodValues, method: str, other: str, direction: str, paired: bool
) -> MethodComparison:
    shared = pairs(values, method, other)
    return MethodComparison(
        method,
        other,
        len(shared.targets),
        shared.missing,
        effect(shared),
        t_test(shared, direction, paired),
        signed_rank_test(shared, direction),
    )


def _corrected(tests: list[Significance]) -> list[Significance]:
    adjusted = holm([test.p_value for test in tests])
    return [replace(test, adjusted=p) for test, p in zip(tests, adjusted, strict=True)]
