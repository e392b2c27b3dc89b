"""The paper's Figure 3: the subsets of each cell type, masked in every cell type's cells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from statistics import fmean
from typing import TYPE_CHECKING, Any

from xbench.utils.text import plain

from ..paper.cross_effects import CrossEffects
from ..paper.published import TARGETS
from ..quantities import finite
from ..task_like import declared_first
from .matched import at_largest

if TYPE_CHECKING:
    from xbench.results.findings import Finding

ANALYSIS = "figure3"


def cross_effects(
    records: Iterable[Mapping[str, Any]], findings: Iterable[Finding], method: str = "grids"
) -> CrossEffects | None:
    """Sum up what the subsets of each cell type do to the markers of every other.

    Parameters
    ----------
    records
        Records of runs of one (task, dataset, surrogate).
    findings
        What was found about them; those named ``"figure3"`` count.
    method
        Label of the method whose subsets were masked.

    Returns
    -------
    CrossEffects
        Entry (i, j) is the mean over the markers of cell type i of the mean over the runs of
        cell type j (its targets and repetitions) at the largest L: Rel. delta in %. Cell types
        as in the paper's Table 1, then the others by name; a marker that the data lack is in no
        mean. None where nothing was found.

    Examples
    --------
    >>> cross_effects([], []) is None
    True
    """
    # Of each marked type and gene: the changes, by the type that the subset was found in.
    changes: dict[str, dict[str, dict[str, list[float]]]] = defaultdict(dict)
    for run in at_largest(records, findings, ANALYSIS, method):
        for name, change in (run.values.get("rel_delta") or {}).items():
            marked, _, gene = name.rpartition(":")
            value = finite(change)
            if value is not None:
                of_gene = changes[plain(marked)].setdefault(gene, {})
                of_gene.setdefault(plain(run.record["cell_type"]), []).append(value)
    found_in = {
        name for genes in changes.values() for of_gene in genes.values() for name in of_gene
    }
    names = declared_first(TARGETS, {*changes, *found_in})
    if not names:
        return None
    rows = [[_entry(changes.get(row, {}), column) for column in names] for row in names]
    return CrossEffects(tuple(names), rows)


def _entry(of_genes: Mapping[str, Mapping[str, list[float]]], column: str) -> float | None:
    means = [fmean(of_gene[column]) for of_gene in of_genes.values() if column in of_gene]
    return fmean(means) if means else None
