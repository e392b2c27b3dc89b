"""Which weights balance a contact map: cooler's own, or those of other programs."""

import re
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from xbench.errors import XbenchError, XbenchWarning
from xbench.utils.text import plain

if TYPE_CHECKING:
    from cooler import Cooler

# Cooler's own, then those that come from .hic files by Juicer, the more even ones first.
_COLUMNS = ("weight", "KR", "SCALE", "VC_SQRT", "VC")
# Of those from Juicer reads are divided, of cooler's own they are multiplied.
_DIVISIVE = frozenset(_COLUMNS[1:])
# hic2cool before 0.5 wrote the inverse under the same names (its own notes say so).
_INVERTED = re.compile(r"hic2cool-0\.[0-4]\b")
_PLACES = frozenset(("chrom", "start", "end"))


class MapWeights(NamedTuple):
    """The column of bins that balances a map.

    Parameters
    ----------
    column
        Its name.
    divisive
        Whether reads are divided by the weights of both bins, instead of multiplied.
    """

    column: str
    divisive: bool

    def of_bins(self, file: Any, first: int, last: int) -> np.ndarray:
        """Return what the reads of some bins are multiplied by, NaN for masked bins."""
        values = np.asarray(file[f"bins/{self.column}"][first:last], dtype=np.float64)
        if self.divisive:
            values = np.divide(1.0, values, out=np.full(len(values), np.nan), where=values != 0)
        return values


def find_weights(found: "Cooler", name: str) -> MapWeights | None:
    """Return the weights of a map; None where it has none.

    Parameters
    ----------
    found
        The map.
    name
        What errors call it.

    Raises
    ------
    XbenchError
        All weights that it has are missing.

    Warns
    -----
    XbenchWarning
        The weights are not cooler's own, so that how they are meant is told; or there are columns
        that are not known, which are not used.
    """
    others = [str(column) for column in found.bins().columns if column not in _PLACES]
    present = [column for column in _COLUMNS if column in others]
    with found.open("r") as file:
        for column in present:
            stored = file[f"bins/{column}"]
            if not np.isfinite(np.asarray(stored[:], dtype=np.float64)).any():
                continue
            weights = MapWeights(column, _is_divisive(column, stored, found))
            if column != "weight":
                how = "divided by" if weights.divisive else "multiplied by"
                _warn(f"{name}: is balanced by its column {column}; reads are {how} these weights")
            return weights
    if present:
        raise XbenchError(
            f"{name}: its weights ({', '.join(present)}) are all missing; balance it again by "
            "cooler balance"
        )
    if others:
        columns = ", ".join(plain(column, 40) for column in others[:5])
        _warn(
            f"{name}: has no column of weights that is known ({columns} are not used), so its "
            "contacts are reads; balance it by cooler balance if that is not meant"
        )
    return None


def _is_divisive(column: str, stored: Any, found: "Cooler") -> bool:
    said = stored.attrs.get("divisive_weights")
    if said is not None:
        return bool(said)
    by = str(found.info.get("generated-by") or "")
    return column in _DIVISIVE and _INVERTED.match(by) is None


def _warn(text: str) -> None:
    warnings.warn(text, XbenchWarning, stacklevel=4)
