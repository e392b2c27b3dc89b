"""Reading a contact map: some bins against all of their chromosome, and means by distance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.signal import correlate

if TYPE_CHECKING:
    from cooler import Cooler

# Pixels read at once: some 30 MB.
PIXEL_CHUNK = 2**20


def read_rows(
    found: Cooler, chrom: str, at: np.ndarray, balanced: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Read a chromosome's pixels once.

    Parameters
    ----------
    found
        The map.
    chrom
        As the map spells it.
    at
        Bins, counted from the chromosome's first, shape (k,).
    balanced
        Whether reads are multiplied by the weights of both bins.

    Returns
    -------
    rows
        Contacts of each of these bins with all n of the chromosome, shape (k, n): 0 without a
        read, NaN where one of the two is masked: it has no weight or, in a map that is not
        balanced, no read on the chromosome.
    by_distance
        Mean contact of all pairs of bins that are not masked and 0, 1, 2, ... bins apart, shape
        (n,); 0 where there are none.

    Examples
    --------
    >>> import tempfile, cooler, pandas as pd
    >>> bins = cooler.binnify(pd.Series({"chr1": 30}), 10)
    >>> pixels = pd.DataFrame({"bin1_id": [0, 0], "bin2_id": [0, 2], "count": [5, 3]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     cooler.create_cooler(f"{folder}/map.cool", bins, pixels)
    ...     read_rows(cooler.Cooler(f"{folder}/map.cool"), "chr1", np.array([0]), balanced=False)
    (array([[ 5., nan,  3.]]), array([2.5, 0. , 3. ]))
    """
    first, last = found.extent(chrom)
    count = last - first
    rows, totals = np.zeros((len(at), count)), np.zeros(count)
    seen = np.zeros(count, dtype=bool)
    with found.open("r") as file:
        weight = np.asarray(file["bins/weight"][first:last]) if balanced else np.ones(count)
        for one, other, reads in _pixels(file, first, last):
            seen[one] = seen[other] = True
            contact = reads * weight[one] * weight[other]
            known = np.isfinite(contact)
            totals += np.bincount((other - one)[known], contact[known], minlength=count)
            for row, place in zip(rows, at, strict=True):
                row[other[one == place]] = contact[one == place]
                row[one[other == place]] = contact[other == place]
    valid = np.isfinite(weight) if balanced else seen
    rows[:, ~valid] = np.nan
    rows[~valid[at]] = np.nan
    # How many pairs of valid bins are 0, 1, 2, ... bins apart.
    pairs = np.rint(correlate(valid.astype(float), valid.astype(float), method="fft"))[count - 1 :]
    return rows, np.divide(totals, pairs, out=np.zeros(count), where=pairs > 0)


def _pixels(
    file: Any, first: int, last: int
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Pairs of bins of one chromosome, counted from its first, with their reads, in chunks."""
    start, stop = file["indexes/bin1_offset"][first], file["indexes/bin1_offset"][last]
    for here in range(int(start), int(stop), PIXEL_CHUNK):
        piece = slice(here, min(here + PIXEL_CHUNK, int(stop)))
        one, other, reads = (
            np.asarray(file[f"pixels/{column}"][piece])
            for column in ("bin1_id", "bin2_id", "count")
        )
        # Other chromosomes' bins are later ones; a map of both triangles is read by its upper one.
        kept = (other < last) & (other >= one) & (reads > 0)
        yield one[kept] - first, other[kept] - first, reads[kept].astype(np.float64)
