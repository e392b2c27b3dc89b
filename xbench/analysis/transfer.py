"""Whether a selection lowers more than what it was made for.

A second surrogate's prediction (is it the data or one model's error?), and the markers of every
other cell type (Figure 3).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from xbench.errors import XbenchError
from xbench.mask.population import MaskedPopulation, Subset
from xbench.metrics.expression import avg_delta, rel_delta


@dataclass(frozen=True)
class Transfer:
    """What masking one selection does to two surrogates of the same data.

    Parameters
    ----------
    own_rel_delta, other_rel_delta
        Rel. delta in % on the surrogate that was explained, and on the other one.
    own_avg_delta, other_avg_delta
        Avg. delta likewise.
    """

    own_rel_delta: float
    other_rel_delta: float
    own_avg_delta: float
    other_avg_delta: float


def transfer(own: MaskedPopulation, other: MaskedPopulation, indices: Subset) -> Transfer:
    """Mask a selection found on one surrogate in both.

    Where it exploits an error of the one that was explained, the other does not follow.

    Parameters
    ----------
    own, other
        The same cells and target under each surrogate.
    indices
        The selection.

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> kept = SimpleNamespace(values=lambda subset=(): np.zeros(4))
    >>> halved = SimpleNamespace(values=lambda subset=(): np.full(4, -np.log(2) * len(subset)))
    >>> found = transfer(halved, kept, [3])
    >>> round(found.own_rel_delta, 6), found.other_rel_delta
    (-50.0, 0.0)
    """
    pairs = [(one.values(), one.values(indices)) for one in (own, other)]
    (own_rel, other_rel), (own_avg, other_avg) = (
        tuple(measure(before, after) for before, after in pairs)
        for measure in (rel_delta, avg_delta)
    )
    return Transfer(own_rel, other_rel, own_avg, other_avg)


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
