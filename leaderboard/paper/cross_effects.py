"""What masking the subsets of one cell type does to the markers of another (Figure 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xbench.errors import XbenchError


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
