"""Ranks as tiers: methods that the data cannot tell from the best of them stand together."""

from dataclasses import dataclass
from statistics import fmean

from ..formats import six_digits
from .pairs import Effect, MethodValues, TargetKey, effect, of_method, pairs
from .tests import ascending


@dataclass(frozen=True)
class Tier:
    """Methods that share a rank.

    Parameters
    ----------
    rank
        1 for the first tier, 2 for the next.
    methods
        Best mean first; the first one is the tier's best, which the others were compared with.
    means
        Mean over targets of the means over repetitions, for each of them.
    behind
        Difference of each to the tier's best, with its 95% interval; exactly zero for the best.
    """

    rank: int
    methods: tuple[str, ...]
    means: tuple[float, ...]
    behind: tuple[Effect, ...]


@dataclass(frozen=True)
class Tiers:
    """A ranking in tiers.

    Parameters
    ----------
    tiers
        The best one first.
    unranked
        Methods that have values for fewer targets than others, with how many of how many. Their
        mean, perhaps over easier targets, is comparable to none.
    """

    tiers: tuple[Tier, ...]
    unranked: dict[str, str]


def rank_in_tiers(values: MethodValues, direction: str) -> Tiers:
    """Rank methods in tiers.

    The rule: sort the methods by their mean, and walk down. The best method opens the first tier.
    Each next method joins the tier, unless the 95% interval of its paired difference to the
    tier's best (see `effect`) excludes zero: then it opens the next tier, whose best it is, and
    those after it are compared with it. So methods of one tier cannot be told from its best, but
    perhaps from each other; and the last of a tier may be as near to the first of the next. A
    difference without an interval (a single value) tells nothing apart.

    Parameters
    ----------
    values
        Repetitions of one metric at one L, by method and target. Their order does not matter.
        Equal means are ordered by name.
    direction
        Which values are better, ``"lower"`` or ``"higher"``.

    Raises
    ------
    XbenchError
        If a value is not finite, or the direction is another.

    Examples
    --------
    >>> genes = [("VIP", "GAD1"), ("VIP", "GAD2"), ("Oligo", "MOG")]
    >>> scores = {"grids": (-9, -7, -8), "greedy": (-8, -8, -7), "random": (0, 0, 1)}
    >>> values = {
    ...     name: {gene: [score] for gene, score in zip(genes, row, strict=True)}
    ...     for name, row in scores.items()
    ... }
    >>> [tier.methods for tier in rank_in_tiers(values, "lower").tiers]
    [('grids', 'greedy'), ('random',)]
    """
    sign = ascending(direction)
    found = {name: of_method(values, name) for name in values}
    everything: set[TargetKey] = set().union(*found.values())
    unranked = {
        name: f"{len(targets)} of {len(everything)} targets"
        for name, targets in sorted(found.items())
        if not targets or targets.keys() != everything
    }
    means = {
        name: fmean([fmean(repetitions.values()) for repetitions in targets.values()])
        for name, targets in found.items()
        if name not in unranked
    }
    # As the pairs do: means that differ by rounding only are equal.
    ordered = sorted(means, key=lambda name: (six_digits(sign * means[name]), name))
    groups = _walk(values, ordered)
    tiers = tuple(
        Tier(
            rank,
            tuple(name for name, _ in group),
            tuple(means[name] for name, _ in group),
            tuple(behind for _, behind in group),
        )
        for rank, group in enumerate(groups, start=1)
    )
    return Tiers(tiers, unranked)


def _walk(values: MethodValues, ordered: list[str]) -> list[list[tuple[str, Effect]]]:
    """Return groups of (method, difference to the first of its group)."""
    groups: list[list[tuple[str, Effect]]] = []
    for name in ordered:
        behind = effect(pairs(values, name, groups[-1][0][0])) if groups else None
        if behind is None or behind.side in ("below", "above"):
            none = effect(pairs(values, name, name))
            groups.append([(name, none)])
        else:
            groups[-1].append((name, behind))
    return groups
