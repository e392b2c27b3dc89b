"""The numbers that the paper published, exactly as it printed them."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from xbench.results.current import ALL

PaperTable = Literal[1, 2, 3]

METHODS = ("random", "saliency", "smoothgrad", "fimap", "grids")
"""The methods of Tables 1 and 2, in their order; Table 3 has all but ``"random"``."""

TARGETS: dict[str, tuple[str, ...]] = {
    "Astro": ("ALDH1A1", "AQP4", "GJA1"),
    "Endo": ("FLT1", "CLDN5"),
    "Micro": ("CX3CR1", "APBB1IP"),
    "OPC": ("NXPH1", "OLIG1", "OLIG2"),
    "Oligo": ("MOBP", "MOG"),
    "SST": ("GAD1", "GAD2"),
    "VIP": ("GAD1", "GAD2"),
}
"""The genes behind each row of Table 1, in its order (the paper's Appendix C.2)."""

N_TARGETS = sum(len(genes) for genes in TARGETS.values())
"""Number of (cell type, gene) targets of Tables 1 and 3: 16."""

SIZES = (10, 128)
"""The L of Tables 1 and 2."""

TABLE2_GENES = 100
"""Number of genes behind each row of Table 2: the most expressed ones."""

# As Tables 1 and 2 print them, and as cell types are called here.
_CELL_TYPES = {"Avg.": ALL, "VIP-100": "VIP", "Microglia-100": "Micro"}


@dataclass(frozen=True)
class PublishedValue:
    """One number of the paper.

    Parameters
    ----------
    table
        Number of the table.
    cell_type
        Cell type; ``"*"`` for Table 1's row "Avg." and for all of Table 3.
    L
        Number of features masked.
    method, metric
        As they are called here.
    value
        The number; expression for ``"avg-delta"``, else in %.
    printed
        The number as it stands in the paper, sign and decimals included.
    """

    table: PaperTable
    cell_type: str
    L: int
    method: str
    metric: str
    value: float
    printed: str


@cache
def published(table: PaperTable) -> tuple[PublishedValue, ...]:
    """Return the numbers of the paper's Table 1, 2 or 3 (Liu, Xu et al., Section 5.3).

    Parameters
    ----------
    table
        1 for marker genes, 2 for the 100 most expressed genes, 3 for hit ratios.

    Returns
    -------
    tuple of PublishedValue
        In the order of the paper: by L, cell type, method and metric.

    Examples
    --------
    >>> last = published(1)[-1]
    >>> last.cell_type, last.L, last.method, last.metric, last.printed
    ('*', 128, 'grids', 'rel-delta', '-36.893')
    >>> len(published(1)), len(published(2)), len(published(3))
    (160, 20, 16)
    """
    values = []
    for row in _read(f"table{table}.csv"):
        cell_type = row.pop("cell type", ALL)
        cell_type = _CELL_TYPES.get(cell_type, cell_type)
        size, method = int(row.pop("L")), row.pop("method").lower()
        values += [
            PublishedValue(table, cell_type, size, method, metric, float(printed), printed)
            for metric, printed in row.items()
        ]
    return tuple(values)


def published_value(
    table: PaperTable, cell_type: str, size: int, method: str, metric: str
) -> PublishedValue | None:
    """Return one number of the paper; None where it has none.

    Parameters
    ----------
    table, cell_type, size, method, metric
        As in `PublishedValue`; `size` is its L.

    Examples
    --------
    >>> published_value(1, "VIP", 10, "grids", "rel-delta").printed
    '-7.195'
    >>> published_value(1, "VIP", 10, "lime", "rel-delta") is None
    True
    """
    return _by_place().get((table, cell_type, size, method, metric))


@cache
def _by_place() -> dict[tuple[int, str, int, str, str], PublishedValue]:
    tables: tuple[PaperTable, ...] = (1, 2, 3)
    return {
        (one.table, one.cell_type, one.L, one.method, one.metric): one
        for table in tables
        for one in published(table)
    }


def _read(name: str) -> list[dict[str, str]]:
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
