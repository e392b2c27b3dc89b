"""What a selection found in one cell type does to the markers of every other (Figure 3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xbench.errors import XbenchError
from xbench.mask.population import MaskedPopulation, Subset
from xbench.metrics.expression import rel_delta


def cross_type_changes(
    population: Callable[[str, str], MaskedPopulation],
    markers: Mapping[str, tuple[str, ...]],
    indices: Subset,
) -> dict[str, float | None]:
    """Return the change of each cell type's own markers, in its own cells, under one selection.

    Parameters
    ----------
    population
        From a cell type and a gene to that type's test cells with this gene explained.
    markers
        Marker genes of each cell type.
    indices
        What is masked, wherever it was found.

    Returns
    -------
    dict
        For ``"CELL_TYPE:GENE"`` the Rel. delta in %; None where the data have no such gene or
        too few such cells.

    References
    ----------
    Liu, Xu et al., Figure 3, where rows are normalised when they are drawn.

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> same = SimpleNamespace(values=lambda subset=(): np.zeros(3))
    >>> cross_type_changes(lambda cell_type, gene: same, {"VIP": ("GAD1",)}, [0])
    {'VIP:GAD1': 0.0}
    """
    changes: dict[str, float | None] = {}
    for cell_type, genes in markers.items():
        for gene in genes:
            try:
                cells = population(cell_type, gene)
            except XbenchError:  # A gene or a type that the data do not have.
                changes[f"{cell_type}:{gene}"] = None
            else:
                changes[f"{cell_type}:{gene}"] = rel_delta(cells.values(), cells.values(indices))
    return changes
