"""Our results as the paper's claims are judged by them, and what a judgement is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from xbench.errors import XbenchError

from ..statistics import MethodValues
from .published import TARGETS

BySize = Mapping[tuple[int, str], MethodValues]


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
    figure3: "CrossEffects | None" = None
    grids: str = "grids"

    def of_table1(self, size: int, metric: str) -> MethodValues:
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


ClaimVerdict = Literal["holds", "does not hold", "not testable here"]


@dataclass(frozen=True)
class Judgement:
    """A claim of the paper, judged by our results.

    Parameters
    ----------
    claim
        What the paper says, and how it is decided here.
    source
        Where the paper says it.
    verdict
        ``"holds"``, ``"does not hold"`` or ``"not testable here"``.
    figures
        The numbers behind the verdict, in a plain sentence.

    Examples
    --------
    >>> Judgement("GRIDS is first.", "Table 1", "holds", "Ahead in 8 of 8 rows.").verdict
    'holds'
    """

    claim: str
    source: str
    verdict: ClaimVerdict
    figures: str


def every(parts: Iterable[bool | None]) -> bool | None:
    """Return whether every part holds: False if one does not, None if one is not known.

    Parameters
    ----------
    parts
        Whether each part holds; None where that is not known. Of no parts nothing is known.

    Examples
    --------
    >>> every([True, None]), every([None, False]), every([True, True])
    (None, False, True)
    """
    known = list(parts)
    if False in known:
        return False
    return None if None in known or not known else True


def all_of(parts: Iterable[bool | None]) -> ClaimVerdict:
    """Return the verdict on a claim that holds only if every part of it does.

    One part that does not hold refutes it, whatever was not run; but it cannot be confirmed while
    a part is unknown.

    Parameters
    ----------
    parts
        As in `every`.

    Examples
    --------
    >>> all_of([True, None]), all_of([True, None, False]), all_of([True, True])
    ('not testable here', 'does not hold', 'holds')
    """
    holds = every(parts)
    if holds is None:
        return "not testable here"
    return "holds" if holds else "does not hold"


@dataclass(frozen=True)
class CrossEffects:
    """What the paper's Figure 3 shows: subsets of each cell type, markers of each.

    Parameters
    ----------
    cell_types
        Cell types.
    changes
        ``changes[i][j]``: mean change of the markers of cell type i when the subsets found for
        cell type j are masked, as Rel. delta in %; lower is a larger drop. None where there is
        none. Shape (cell types, cell types).

    Raises
    ------
    XbenchError
        If it is not square.

    Examples
    --------
    >>> CrossEffects(("VIP", "SST"), ((-9.0, -7.0), (-6.0, -8.0))).changes[0][1]
    -7.0
    """

    cell_types: tuple[str, ...]
    changes: Sequence[Sequence[float | None]]

    def __post_init__(self) -> None:
        count = len(self.cell_types)
        for name, row in zip(self.cell_types, self.changes, strict=False):
            if len(row) != count:
                raise XbenchError(f"Figure 3, {name}: {len(row)} changes but must be {count}")
        if len(self.changes) != count:
            raise XbenchError(f"Figure 3: {len(self.changes)} rows but must be {count}")
