"""Claims that GRIDS comes first in a table: whether it is ahead of each method in each number."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from xbench.metrics import METRICS
from xbench.results.current import ALL

from ..formats import format_metric
from ..statistics import MethodValues, TargetKey, pairs, same
from .evidence import Evidence, Judgement, all_of
from .published import METHODS, N_TARGETS, TABLE2_GENES, TARGETS

_OTHERS = METHODS[:-1]
_DELTAS = ("avg-delta", "rel-delta")
_OF_ROW = {cell_type: len(genes) for cell_type, genes in TARGETS.items()}


def first_in_table1_at_10(evidence: Evidence) -> Judgement:
    """Judge whether GRIDS has the largest drop for each cell type at L = 10.

    Parameters
    ----------
    evidence
        Our results.

    Examples
    --------
    >>> first_in_table1_at_10(Evidence("cortex", "mlp", {})).figures
    'GRIDS was not run beside random, saliency, smoothgrad, fimap.'
    """
    claim = "At L = 10 GRIDS lowers expression most for each cell type, in Avg. and Rel. Δ."
    return _all_ahead(claim, "Table 1", _table1(evidence, 10))


def first_in_table1_at_128(evidence: Evidence) -> Judgement:
    """Judge whether GRIDS has the largest drop for each cell type at L = 128.

    The one number where the paper itself has FIMAP ahead is left to `fimap_ahead_on_opc`.

    Parameters
    ----------
    evidence
        Our results.

    Examples
    --------
    >>> first_in_table1_at_128(Evidence("cortex", "mlp", {})).figures
    'GRIDS was not run beside random, saliency, smoothgrad, fimap.'
    """
    claim = (
        "At L = 128 GRIDS lowers expression most for each cell type, in Avg. and Rel. Δ, "
        "but for FIMAP's Avg. Δ of OPC."
    )
    found = [one for one in _table1(evidence, 128) if not _is_the_exception(one)]
    return _all_ahead(claim, "Table 1", found)


def fimap_ahead_on_opc(evidence: Evidence) -> Judgement:
    """Judge whether FIMAP is ahead of GRIDS where it is in the paper.

    Parameters
    ----------
    evidence
        Our results.

    Examples
    --------
    >>> fimap_ahead_on_opc(Evidence("cortex", "mlp", {})).figures
    'GRIDS was not run beside fimap.'
    """
    claim = "At L = 128 FIMAP lowers the Avg. Δ of OPC more than GRIDS does."
    (found,) = filter(_is_the_exception, _table1(evidence, 128))
    if found.grids is None or found.others is None:
        return Judgement(claim, "Table 1", "not testable here", figures([found], of=3))
    text = f"GRIDS has {found}, on {len(found.targets)} of 3 targets."
    ahead = found.others < found.grids and not found.equal
    # As every claim, it holds of all the targets that it is about, or not at all.
    held = None if ahead and len(found.targets) < len(TARGETS["OPC"]) else ahead
    return Judgement(claim, "Table 1", all_of([held]), text)


def first_in_table2(evidence: Evidence) -> Judgement:
    """Judge whether GRIDS lowers the most expressed genes of two cell types most.

    Parameters
    ----------
    evidence
        Our results.

    Examples
    --------
    >>> first_in_table2(Evidence("cortex", "mlp", {})).figures
    'GRIDS was not run beside random, saliency, smoothgrad, fimap.'
    """
    claim = "GRIDS lowers the 100 most expressed genes of VIP, and of Microglia, most (L = 10)."
    found = [
        duel
        for metric in _DELTAS
        for duel in duels(
            evidence.table2.get((10, metric), {}),
            evidence.grids,
            _OTHERS,
            ("VIP", "Micro"),
            10,
            metric,
        )
    ]
    return _all_ahead(claim, "Table 2", found, dict.fromkeys(("VIP", "Micro"), TABLE2_GENES))


def highest_hit_ratios(evidence: Evidence) -> Judgement:
    """Judge whether GRIDS has the highest HR and SHR at both L.

    Parameters
    ----------
    evidence
        Our results.

    Examples
    --------
    >>> highest_hit_ratios(Evidence("cortex", "mlp", {})).figures
    'GRIDS was not run beside saliency, smoothgrad, fimap.'
    """
    claim = "GRIDS' HR and SHR are higher than those of Saliency, SmoothGrad and FIMAP."
    found = [
        duel
        for size in (10, 128)
        for metric in ("hit-ratio", "soft-hit-ratio")
        for duel in duels(
            evidence.of_table1(size, metric), evidence.grids, _OTHERS[1:], (ALL,), size, metric
        )
    ]
    return _all_ahead(claim, "Table 3", found)


def _table1(evidence: Evidence, size: int) -> "list[Duel]":
    return [
        duel
        for metric in _DELTAS
        for duel in duels(
            evidence.of_table1(size, metric), evidence.grids, _OTHERS, TARGETS, size, metric
        )
    ]


def _is_the_exception(duel: "Duel") -> bool:
    return (duel.row, duel.metric, duel.other) == ("OPC", "avg-delta", "fimap")


def _all_ahead(
    claim: str, source: str, found: "list[Duel]", of: Mapping[str, int] = _OF_ROW
) -> Judgement:
    """Ahead in a row on fewer targets than the paper has is not known to be ahead in it."""
    parts = (
        None if duel.ahead and len(duel.targets) < of.get(duel.row, N_TARGETS) else duel.ahead
        for duel in found
    )
    return Judgement(claim, source, all_of(parts), figures(found, sum(of.values())))


_SHOWN = 3


@dataclass(frozen=True)
class Duel:
    """GRIDS against one method in one row and column of a table.

    Parameters
    ----------
    row
        Cell type, ``"*"`` for all targets.
    size
        L.
    metric, other
        Metric and method compared by.
    targets
        Targets that both have values for.
    grids, others
        Their means over these targets; None where there are none.
    """

    row: str
    size: int
    metric: str
    other: str
    targets: tuple[TargetKey, ...] = ()
    grids: float | None = None
    others: float | None = None

    @property
    def ahead(self) -> bool | None:
        """Whether GRIDS' mean is better; equal is not. None where one of them was not run."""
        if self.grids is None or self.others is None:
            return None
        if self.equal:
            return False
        lower = METRICS[self.metric].direction == "lower"
        return self.grids < self.others if lower else self.grids > self.others

    @property
    def equal(self) -> bool:
        """Whether both were run, and differ by no more than rounding does."""
        return self.grids is not None and self.others is not None and same(self.grids, self.others)

    def __str__(self) -> str:
        """Return row, column and numbers as a sentence names them."""
        label = METRICS[self.metric].label
        where = label if self.row == ALL else f"{label} of {self.row}"
        mine, others = (
            "nothing" if value is None else format_metric(self.metric, value)
            for value in (self.grids, self.others)
        )
        return f"{where} {mine} against {others} of {self.other} (L = {self.size})"


def duels(
    values: MethodValues,
    grids: str,
    others: Sequence[str],
    rows: Iterable[str],
    size: int,
    metric: str,
) -> list[Duel]:
    """Compare GRIDS with each method in each row.

    Parameters
    ----------
    values
        Repetitions of the metric at this L, by method and target.
    grids
        Label of GRIDS.
    others
        Methods to compare with.
    rows
        Cell types; ``"*"`` for all targets.
    size, metric
        L, and the name of a metric.

    Examples
    --------
    >>> values = {"grids": {("VIP", "GAD1"): [-5.0]}, "random": {("VIP", "GAD1"): [0.5]}}
    >>> [one] = duels(values, "grids", ["random"], ["VIP"], 10, "rel-delta")
    >>> one.ahead, str(one)
    (True, 'Rel. Δ(%) of VIP -5.000 against +0.500 of random (L = 10)')
    """
    return [_duel(values, grids, other, row, size, metric) for row in rows for other in others]


def _duel(values: MethodValues, grids: str, other: str, row: str, size: int, metric: str) -> Duel:
    nothing = Duel(row, size, metric, other)
    if grids not in values or other not in values:
        return nothing
    inside: MethodValues = {
        name: {target: runs for target, runs in values[name].items() if row in (ALL, target[0])}
        for name in (grids, other)
    }
    shared = pairs(inside, grids, other)
    if not shared.targets:
        return nothing
    first, second = fmean(shared.first_means), fmean(shared.second_means)
    return Duel(row, size, metric, other, shared.targets, first, second)


def figures(found: Sequence[Duel], of: int) -> str:
    """Return in a sentence how often GRIDS is ahead, where it is not, and what is missing.

    Parameters
    ----------
    found
        The comparisons that a claim is about.
    of
        Number of targets that the paper has.

    Examples
    --------
    >>> figures([], of=16)
    'Nothing of it was run.'
    >>> one = Duel("VIP", 10, "rel-delta", "random", (("VIP", "GAD1"),), -5.0, 0.5)
    >>> figures([one, Duel("VIP", 10, "rel-delta", "fimap")], of=16)
    'GRIDS is ahead in 1 of 1 comparisons, on 1 of 16 targets; no values of fimap.'
    """
    known = [one for one in found if one.ahead is not None]
    if not known:
        names = dict.fromkeys(one.other for one in found)
        return (
            f"GRIDS was not run beside {', '.join(names)}." if names else "Nothing of it was run."
        )
    targets = {target for one in known for target in one.targets}
    ahead = sum(one.ahead is True for one in known)
    text = f"GRIDS is ahead in {ahead} of {len(known)} comparisons"
    equal = sum(one.equal for one in known)
    text += f" (equal in {equal})" if equal else ""
    text += f", on {len(targets)} of {of} targets"
    behind = [str(one) for one in known if not one.ahead and not one.equal]
    if behind:
        more = f" and in {len(behind) - _SHOWN} more" if len(behind) > _SHOWN else ""
        text += f"; not in {', '.join(behind[:_SHOWN])}{more}"
    run = {one.other for one in known}
    absent = dict.fromkeys(one.other for one in found if one.other not in run)
    unknown = sum(one.ahead is None and one.other in run for one in found)
    if absent:
        text += f"; no values of {', '.join(absent)}"
    if unknown:
        text += f"; {unknown} further comparisons lack values"
    return f"{text}."
