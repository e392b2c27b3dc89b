"""Our results, as the paper's claims are judged by them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..statistics import Values
from .cross_effects import CrossEffects
from .published import TARGETS

BySize = Mapping[tuple[int, str], Values]


@dataclass(frozen=True)
class Evidence:
    """Results of one dataset and surrogate; whatever was not run is left out.

    Parameters
    ----------
    dataset, surrogate
        Their names.
    values
        By (L, metric): values by method and target (cell type, gene), as the statistics take
        them. Only the paper's 16 targets count.
    table2
        The same for the most expressed genes of VIP and Micro, as in the paper's Table 2.
    figure3
        Effects of each cell type's subsets on each one's markers.
    grids
        Label of GRIDS among the methods. The others are called as the paper calls them.

    Examples
    --------
    >>> values = {"grids": {("VIP", "GAD1"): [-5.0], ("VIP", "XIST"): [-7.0]}}
    >>> Evidence("cortex", "mlp", {(10, "rel-delta"): values}).of_table1(10, "rel-delta")
    {'grids': {('VIP', 'GAD1'): [-5.0]}}
    """

    dataset: str
    surrogate: str
    values: BySize
    table2: BySize = field(default_factory=dict)
    figure3: CrossEffects | None = None
    grids: str = "grids"

    def of_table1(self, size: int, metric: str) -> Values:
        """Return the values on the paper's targets; empty where nothing was run."""
        return {
            method: {
                (cell_type, gene): repetitions
                for (cell_type, gene), repetitions in targets.items()
                if gene in TARGETS.get(cell_type, ())
            }
            for method, targets in self.values.get((size, metric), {}).items()
        }

    def sizes(self, metric: str) -> list[int]:
        """Return every L with values of a metric, ascending."""
        return sorted(size for size, name in self.values if name == metric)
