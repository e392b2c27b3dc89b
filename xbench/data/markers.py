"""The paper's marker genes: the targets of its Table 1, by cell type.

Source: the paper's Appendix C.2, as ``protocol.md`` gives it: 16 (cell type, gene) pairs of 14
genes. Names are the paper's, human symbols; `xbench.data.dataset.Dataset` finds them in any letter
case, and cell types by their aliases.
"""

import contextlib
from collections.abc import Sequence

from xbench.data.features import Features
from xbench.errors import XbenchError

# cell type -> its genes, both in the order of the table.
MARKERS: dict[str, tuple[str, ...]] = {
    "VIP": ("GAD1", "GAD2"),
    "SST": ("GAD1", "GAD2"),
    "OPC": ("NXPH1", "OLIG1", "OLIG2"),
    "Endo": ("FLT1", "CLDN5"),
    "Astro": ("ALDH1A1", "AQP4", "GJA1"),
    "Oligo": ("MOBP", "MOG"),
    "Micro": ("CX3CR1", "APBB1IP"),
}

# Each gene once, in the order of its first cell type.
MARKER_GENES: tuple[str, ...] = tuple(
    dict.fromkeys(gene for genes in MARKERS.values() for gene in genes)
)


def present_markers(genes: Features, symbols: Sequence[str] = MARKER_GENES) -> dict[str, int]:
    """Return the column of each marker gene among `genes`, without those that are not there.

    Parameters
    ----------
    genes
        What a surrogate predicts; symbols match in any letter case.
    symbols
        The genes looked for.

    Returns
    -------
    dict
        Marker gene -> column, in the order of `symbols`.

    Examples
    --------
    >>> present_markers(Features(["Actb", "Mog", "Gad1"]))
    {'GAD1': 2, 'MOG': 1}
    """
    found = {}
    for gene in symbols:
        # Absent, or spelt in two ways of which neither is the symbol's own.
        with contextlib.suppress(XbenchError):
            found[gene] = genes.index_of(gene)
    return found


def types_of_marker(gene: str) -> tuple[str, ...]:
    """Return the cell types that a marker gene marks, by the paper's names.

    Examples
    --------
    >>> types_of_marker("GAD1")
    ('VIP', 'SST')
    """
    return tuple(cell_type for cell_type, genes in MARKERS.items() if gene in genes)
