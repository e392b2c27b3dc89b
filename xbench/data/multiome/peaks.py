"""From the atac modality to open and closed peaks in the order of the genome."""

import math
import warnings
from collections.abc import Mapping

import numpy as np
import pandas as pd

from xbench.data.coordinates import (
    natural_order,
    read_coordinates,
    require_inside,
    unknown_chromosomes,
)
from xbench.data.features import COORDINATE_COLUMNS
from xbench.data.genome import Genome, name_of, outside_chromosomes
from xbench.data.multiome.raw import PreparedMatrix, RawMultiome
from xbench.data.preprocess import binary
from xbench.data.read_options import ReadOptions
from xbench.data.row_blocks import Room, RowBlocks, checked_rows, columns_of
from xbench.errors import XbenchError, XbenchWarning
from xbench.utils.text import plain


def prepare_peaks(
    raw: RawMultiome,
    rows: np.ndarray,
    reading: ReadOptions,
    where: str,
    genome: Genome | None = None,
    chromosome_names: Mapping[str, str] | None = None,
    room: Room | None = None,
) -> PreparedMatrix:
    """Return the peaks that are kept, 0 or 1 (int8), by chromosome and start.

    Parameters
    ----------
    raw
        As read.
    rows
        Rows of the cells that are kept; the share of cells in which a peak is open is theirs.
    reading
        Whether to binarize, and the least share.
    where
        File and modality, for the error's text.
    genome
        The build that all peaks must be of; None where it is not known.
    chromosome_names
        Other names to give chromosomes.
    room
        Where the matrix goes where it is not read into memory.

    Raises
    ------
    XbenchError
        Values that are neither 0 nor 1, peaks without place or of another build, or none left.
    """
    coordinates = peak_coordinates(raw, where, chromosome_names)
    if genome is not None:
        require_inside(coordinates, genome, where)
    accessibility = checked_rows(raw.atac.X, rows, where, raw.atac.elsewhere)
    open_peaks = accessibility.map(lambda block: binary(block, reading.binarize, where))
    kept = _on_chromosomes(raw, coordinates, where)
    kept &= open_often(open_peaks, reading.minimum_open_share, where)
    if not kept.any():
        raise XbenchError(
            f"{where}: no peak is left: none on a chromosome is open often enough; lower "
            "--minimum-open-share"
        )
    if genome is not None:
        _tell_unknown_chromosomes(coordinates, genome, where)
    order = natural_order(coordinates)
    order = order[kept[order]]
    chosen = open_peaks.map(lambda block: columns_of(block, order)).of_width(len(order))
    return PreparedMatrix(chosen.put(room, "inputs", np.int8), coordinates.iloc[order])


def peak_coordinates(
    raw: RawMultiome, where: str, chromosome_names: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Return chrom, start and end of each peak.

    Raises
    ------
    XbenchError
        There are none, or they are not numbers, or a peak ends before it starts.
    """
    coordinates = read_coordinates(raw.atac.var, where, chromosome_names)
    if coordinates is None:
        raise XbenchError(
            f"{where}: no var columns chrom, start, end, and names such as "
            f"{plain(raw.atac.var.index[0], 80)!r} are not like chr1:100-200; add the columns"
        )
    # A peak has no strand, whatever a column of a file says.
    return coordinates[list(COORDINATE_COLUMNS)]


def open_often(open_peaks: RowBlocks, minimum_share: float | None, where: str) -> np.ndarray:
    """Return which peaks are open in at least a share of the cells: shape (d,), bool.

    Raises
    ------
    XbenchError
        No peak is.

    Examples
    --------
    >>> from scipy import sparse
    >>> cells = sparse.csr_matrix([[1, 0], [1, 1], [1, 0]])
    >>> open_often(RowBlocks(cells, 2, 4), 0.5, "atac").tolist()
    [True, False]
    """
    if not minimum_share:
        return np.ones(open_peaks.width, dtype=bool)
    n_cells, counts = 0, np.zeros(open_peaks.width, dtype=np.int64)
    for block in open_peaks:
        n_cells += block.shape[0]
        counts += block.getnnz(axis=0)
    # Rounded first: 0.1 of 30 cells is 3, not 3.0000000000000004.
    often = counts >= math.ceil(round(minimum_share * n_cells, 9))
    if not often.any():
        raise XbenchError(
            f"{where}: no peak is open in {minimum_share:g} of the cells (at most in "
            f"{counts.max() / n_cells:.2g}); lower --minimum-open-share"
        )
    return often


def _on_chromosomes(raw: RawMultiome, coordinates: pd.DataFrame, where: str) -> np.ndarray:
    if raw.keep_scaffolds:
        return np.ones(len(coordinates), dtype=bool)
    outside = outside_chromosomes(coordinates["chrom"])
    if outside.all():
        raise XbenchError(
            f"{where}: no peak is left: none on a chromosome, for all {len(outside):,} are named "
            f"as scaffolds or the mitochondrion are ({plain(coordinates['chrom'].iloc[0], 80)!r}); "
            "call chromosomes chr1, chr2, or by their RefSeq accessions (NC_)"
        )
    if outside.any():
        warnings.warn(
            f"{where}: {int(outside.sum()):,} of {len(outside):,} peaks lie on scaffolds or the "
            "mitochondrion and are left out",
            XbenchWarning,
            stacklevel=2,
        )
    return ~outside


def _tell_unknown_chromosomes(coordinates: pd.DataFrame, genome: Genome, where: str) -> None:
    counts = unknown_chromosomes(coordinates, genome)
    if len(counts):
        names = ", ".join(plain(name, 40) for name in counts.index[:3])
        warnings.warn(
            f"{where}: {int(counts.sum()):,} peaks lie on {len(counts):,} chromosomes that "
            f"{name_of(genome)} does not have, such as {names}, and keep their places",
            XbenchWarning,
            stacklevel=3,
        )
