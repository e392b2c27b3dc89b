"""Where features lie: read from a table's columns or from names, and put in natural order."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from xbench.data.features import COORDINATE_COLUMNS, Features
from xbench.errors import XbenchError

# chr1:100-200, and the separators other tools write: chr1-100-200, chr1_100_200.
_NAME = r"^(?P<chrom>\S+?)[:_-](?P<start>\d+)[-_](?P<end>\d+)$"
_SPECIAL = {"X": 0, "Y": 1, "M": 2, "MT": 2}


def read_coordinates(
    var: pd.DataFrame, where: str, chromosome_names: Mapping[str, str] | None = None
) -> pd.DataFrame | None:
    """Return chrom, start and end of each feature, from columns of these names or from the index.

    Parameters
    ----------
    var
        One row a feature. Without all three columns, names of the form ``chr1:100-200`` are read.
    where
        File and modality, for the error's text.
    chromosome_names
        Other names to give chromosomes, such as ``{"chr20": "chrX"}``.

    Returns
    -------
    A frame with `var`'s index: chrom (str, "" where missing), start and end (int64, base pairs,
    0-based and half-open, -1 where missing). None where there are no coordinates at all.

    Raises
    ------
    XbenchError
        Starts or ends that are no whole numbers, or a feature that ends before it starts.

    Examples
    --------
    >>> read_coordinates(pd.DataFrame(index=["chr1:100-200"]), "peaks").to_dict("records")
    [{'chrom': 'chr1', 'start': 100, 'end': 200}]
    """
    if set(COORDINATE_COLUMNS) <= set(var.columns):
        frame = var[list(COORDINATE_COLUMNS)]
    else:
        frame = var.index.to_series().str.extract(_NAME)
        if frame.isna().any(axis=None):
            return None
    chrom = frame["chrom"].astype(object).fillna("").astype(str).replace(chromosome_names or {})
    start = _whole_numbers(frame["start"], where)
    end = _whole_numbers(frame["end"], where)
    coordinates = pd.DataFrame({"chrom": chrom, "start": start, "end": end}, index=var.index)
    try:
        Features.from_frame(coordinates)
    except XbenchError as error:
        raise XbenchError(f"{where}: {error}") from error
    return coordinates


def natural_order(coordinates: pd.DataFrame) -> np.ndarray:
    """Return the row numbers that sort features by chromosome, start, end and name.

    Chromosomes come as people count them: chr1, chr2, ..., chr10, ..., X, Y, M, then any other by
    name, and last the features of no known chromosome.

    Examples
    --------
    >>> places = {"chrom": ["chrX", "chr10", "chr2"], "start": [1, 1, 1], "end": [2, 2, 2]}
    >>> natural_order(pd.DataFrame(places, index=["a", "b", "c"])).tolist()
    [2, 1, 0]
    """
    chromosomes = sorted(coordinates["chrom"].unique(), key=_natural_key)
    rank = coordinates["chrom"].map({name: number for number, name in enumerate(chromosomes)})
    names = coordinates.index.to_numpy(dtype=str)
    return np.lexsort((names, coordinates["end"], coordinates["start"], rank))


def require_shared_chromosomes(peaks: pd.DataFrame, genes: pd.DataFrame, where: str) -> None:
    """Raise `XbenchError` where no gene lies on a chromosome that has peaks: names that differ.

    Examples
    --------
    >>> one = pd.DataFrame({"chrom": ["chr1"]})
    >>> require_shared_chromosomes(one, one, "file.h5mu")
    """
    of_peaks = set(peaks["chrom"]) - {""}
    of_genes = set(genes["chrom"]) - {""}
    if of_peaks and of_genes and not of_peaks & of_genes:
        raise XbenchError(
            f"{where}: peaks lie on chromosomes such as {min(of_peaks)!r}, genes on ones such as "
            f"{min(of_genes)!r}, and none is shared; name chromosomes alike in both modalities"
        )


def _natural_key(chrom: str) -> tuple[int, int, str]:
    bare = chrom[3:] if chrom.lower().startswith("chr") else chrom
    if not chrom:
        return (3, 0, chrom)
    if bare.isdecimal():
        return (0, int(bare), chrom)
    if bare.upper() in _SPECIAL:
        return (1, _SPECIAL[bare.upper()], chrom)
    return (2, 0, chrom)


def _whole_numbers(column: pd.Series, where: str) -> np.ndarray:
    """Return a column as int64, -1 where it is empty."""
    numbers = pd.to_numeric(column, errors="coerce").astype(np.float64)
    unreadable = (numbers.isna() & column.notna()) | np.isinf(numbers) | (numbers % 1 > 0)
    if unreadable.any():
        raise XbenchError(
            f"{where}: column {column.name!r} holds {column[unreadable].iloc[0]!r}; "
            "give whole numbers of base pairs"
        )
    return numbers.fillna(-1).to_numpy().astype(np.int64)
