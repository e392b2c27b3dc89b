"""Claims that GRIDS comes first in a table."""

from __future__ import annotations

from collections.abc import Mapping

from xbench.results.current import ALL

from .ahead import Duel, duels, figures
from .evidence import Evidence
from .judgement import Judgement, all_of
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
    return Judgement(claim, "Table 1", all_of([ahead]), text)


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


def _table1(evidence: Evidence, size: int) -> list[Duel]:
    return [
        duel
        for metric in _DELTAS
        for duel in duels(
            evidence.of_table1(size, metric), evidence.grids, _OTHERS, TARGETS, size, metric
        )
    ]


def _is_the_exception(duel: Duel) -> bool:
    return (duel.row, duel.metric, duel.other) == ("OPC", "avg-delta", "fimap")


def _all_ahead(
    claim: str, source: str, found: list[Duel], of: Mapping[str, int] = _OF_ROW
) -> Judgement:
    """Ahead in a row on fewer targets than the paper has is not known to be ahead in it."""
    parts = (
        None if duel.ahead and len(duel.targets) < of.get(duel.row, N_TARGETS) else duel.ahead
        for duel in found
    )
    return Judgement(claim, source, all_of(parts), figures(found, sum(of.values())))
