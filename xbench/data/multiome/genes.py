"""From the rna modality to log1p of normalised expression of the genes that are kept.

Kept are those that differ most between cells, by dispersion against genes of like expression. The
criterion is that of Satija et al. (2015), Nature Biotechnology 33, 495-502, which Seurat calls
``mean.var.plot`` and scanpy ``flavor="seurat"``: the logarithm of variance over mean of the
normalised expression, standardised within 20 bins of genes of like mean. It needs no counts, so
that data which come normalised are treated alike.
"""

import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from xbench.data.cell_types import MARKER_GENES
from xbench.data.coordinates import read_coordinates, require_inside
from xbench.data.dataset import GENE_NAME_COLUMNS
from xbench.data.genome import Genome
from xbench.data.multiome.raw import PreparedMatrix, RawMultiome
from xbench.data.own_genome import places_of_genes, read_gtf
from xbench.data.preprocess import (
    as_counts,
    cell_totals,
    log_normalise,
    require_whole,
    scaled_to_total,
)
from xbench.data.row_blocks import (
    Room,
    checked_rows,
    columns_of,
    in_order,
    rows_of,
    rows_of_matrix,
)
from xbench.data.stored_matrix import StoredMatrix, stretches
from xbench.errors import XbenchWarning


def prepare_genes(
    raw: RawMultiome,
    rows: np.ndarray,
    variable_genes: int | None,
    where: str,
    genome: Genome | None = None,
    chromosome_names: Mapping[str, str] | None = None,
    gtf: Path | None = None,
    room: Room | None = None,
) -> PreparedMatrix:
    """Return log1p of counts scaled to 1e5 a cell, float32, of the genes that are kept.

    Cells are scaled by their counts of *all* genes, before the variable ones are chosen.

    Parameters
    ----------
    raw
        As read.
    rows
        Rows of the cells that are kept; it is among them that genes vary.
    variable_genes
        How many genes to keep, markers included (see `variable_genes.select_genes`); None for all.
    where
        File and modality, for the error's text.
    genome
        The build that all genes must be of; None where it is not known.
    chromosome_names
        Other names to give chromosomes.
    gtf
        A gene annotation that says where genes lie, instead of the data; see `gene_coordinates`.
    room
        Where the matrix goes where it is not read into memory.

    Raises
    ------
    XbenchError
        Values that are no counts, or genes of another build.
    """
    coordinates = gene_coordinates(raw, where, chromosome_names, gtf)
    if genome is not None and len(coordinates.columns):
        require_inside(coordinates, genome, where)
    counts = _counts(raw, rows, where, room)
    totals = None if raw.normalised else _totals(counts)
    kept = np.arange(counts.shape[1])
    if variable_genes is not None and variable_genes < len(kept):
        dispersion = normalised_dispersion(*gene_moments(counts, totals))
        kept = select_genes(raw.rna.var.index, dispersion, variable_genes)
    done = 0

    def normalised(block: sparse.csr_matrix) -> sparse.csr_matrix:
        nonlocal done
        first, done = done, done + block.shape[0]
        block = columns_of(block, kept)
        if totals is None:
            return block.astype(np.float32)
        return log_normalise(block, where, totals[first:done])

    blocks = rows_of_matrix(counts).map(normalised).of_width(len(kept))
    expression = blocks.put(room, "outputs", np.float32)
    if room is not None:
        room.drop(_ALL_COUNTS)
    other_names = raw.rna.var[[one for one in GENE_NAME_COLUMNS if one in raw.rna.var.columns]]
    return PreparedMatrix(expression, coordinates.join(other_names).iloc[kept])


# What the counts of all genes are called in a room.
_ALL_COUNTS = "counts"


def _counts(raw: RawMultiome, rows: np.ndarray, where: str, room: Room | None) -> sparse.csr_matrix:
    """Return the counts of all genes, checked, in the order of `rows`."""
    matrix, elsewhere = raw.rna.X, raw.rna.elsewhere
    if raw.normalised:
        warnings.warn(
            f"{where}: holds fractions, so it is taken as log1p of counts scaled to 1e5 a cell",
            XbenchWarning,
            stacklevel=3,
        )

    def whole(block: sparse.csr_matrix) -> sparse.csr_matrix:
        if not raw.normalised:
            require_whole(block, where, elsewhere)
        return block

    if not isinstance(matrix, StoredMatrix) or room is None:
        return rows_of(whole(as_counts(matrix, where, elsewhere)), rows)
    # In the order of the file first: a row here and a row there would unpack all of it each time.
    stored = np.sort(rows)
    small = matrix.dtype.kind == "f" and matrix.dtype.itemsize <= 4
    blocks = checked_rows(matrix, stored, where, elsewhere).map(whole)
    counts = blocks.put(room, _ALL_COUNTS, np.float32 if small else np.float64)
    if np.array_equal(stored, rows):
        return counts
    return in_order(counts, np.searchsorted(stored, rows), room, f"{_ALL_COUNTS}.ordered")


def _totals(counts: sparse.csr_matrix) -> np.ndarray:
    return np.concatenate([cell_totals(block) for block in rows_of_matrix(counts)])


def gene_coordinates(
    raw: RawMultiome,
    where: str,
    chromosome_names: Mapping[str, str] | None = None,
    gtf: Path | None = None,
) -> pd.DataFrame:
    """Return chrom, start, end and, where known, strand; no column where nothing says them.

    Parameters
    ----------
    raw
        As read.
    where
        File and modality, for the error's text.
    chromosome_names
        Other names to give chromosomes.
    gtf
        A gene annotation: then all places are its own. Genes are found by id or symbol.

    Raises
    ------
    XbenchError
        They are not numbers, or a gene ends before it starts.
    """
    if gtf is not None:
        ids = [raw.rna.var[one] for one in GENE_NAME_COLUMNS if one in raw.rna.var.columns]
        return places_of_genes(raw.rna.var.index, ids, read_gtf(gtf), gtf, where)
    coordinates = read_coordinates(raw.rna.var, where, chromosome_names)
    return pd.DataFrame(index=raw.rna.var.index) if coordinates is None else coordinates


BINS = 20
# Stored values that are worked on at once.
_CHUNK = 1 << 22


def select_genes(names: pd.Index, dispersion: np.ndarray, count: int) -> np.ndarray:
    """Return the most variable genes and, always, the paper's markers that are there.

    Parameters
    ----------
    names
        d gene symbols; markers are found in any letter case.
    dispersion
        Shape (d,), from `normalised_dispersion`; undefined ones come last.
    count
        How many genes, markers included; fewer where there are fewer, more only where there are
        more markers.

    Returns
    -------
    Column numbers, ascending.

    Examples
    --------
    >>> genes = pd.Index(["A", "B", "Gad1", "C"])
    >>> select_genes(genes, np.array([0.5, 2.0, -1.0, np.nan]), 2).tolist()
    [1, 2]
    """
    wanted = {gene.lower() for gene in MARKER_GENES}
    is_marker = names.str.lower().isin(wanted)
    # Of equals the first in the file, as the sort is stable; NaN is sorted to the end.
    order = np.argsort(np.where(is_marker, -np.inf, -dispersion), kind="stable")
    return np.sort(order[: max(count, int(is_marker.sum()))])


def normalised_dispersion(mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Standardise log(variance / mean) among genes whose log1p(mean) lies in the same bin.

    Bins are of equal width over the range of log1p(mean). A gene alone in its bin gets 1: it cannot
    be compared, and is rare enough to be kept, as Seurat and scanpy do.

    Parameters
    ----------
    mean, variance
        Shape (d,), of the normalised expression (not its logarithm) over cells.

    Returns
    -------
    Shape (d,), float64; NaN for a gene that does not vary, and where a bin holds equals only.

    Examples
    --------
    >>> mean, variance = np.array([1.0, 1.0, 9.0]), np.array([2.0, 8.0, 9.0])
    >>> normalised_dispersion(mean, variance).round(3).tolist()
    [-0.707, 0.707, 1.0]
    """
    varies = variance > 0
    ratio = np.divide(variance, mean, out=np.full(mean.shape, np.nan), where=varies)
    table = pd.DataFrame({"dispersion": np.log(ratio), "bin": _bins(np.log1p(mean))})
    groups = table.groupby("bin")["dispersion"]
    centre, spread = groups.transform("mean"), groups.transform("std")
    alone = spread.isna() & table["dispersion"].notna()
    with np.errstate(invalid="ignore", divide="ignore"):
        standardised = ((table["dispersion"] - centre) / spread).replace([np.inf, -np.inf], np.nan)
    return standardised.mask(alone, 1.0).to_numpy(dtype=np.float64)


def gene_moments(
    expression: sparse.csr_matrix, totals: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and variance (n - 1 below) of each gene's normalised expression over cells.

    Parameters
    ----------
    expression
        n x d: counts with `totals`, the counts of each cell, shape (n,); or log1p of normalised
        expression, without.

    Returns
    -------
    mean, variance
        Shape (d,) each, float64.

    Examples
    --------
    >>> mean, variance = gene_moments(sparse.csr_matrix([[1, 3], [2, 0]]), np.array([4.0, 2.0]))
    >>> mean.tolist(), variance.tolist()
    ([62500.0, 37500.0], [2812500000.0, 2812500000.0])
    """
    n_cells, n_genes = expression.shape
    sums, squares = np.zeros(n_genes), np.zeros(n_genes)
    for first, last in stretches(expression.indptr, _CHUNK):
        cells = expression[first:last]
        if totals is None:
            values = np.expm1(cells.data.astype(np.float64))
        else:
            values = scaled_to_total(cells, totals[first:last])
        sums += np.bincount(cells.indices, values, minlength=n_genes)
        squares += np.bincount(cells.indices, values * values, minlength=n_genes)
    mean = sums / n_cells
    variance = (squares - n_cells * mean * mean) / max(n_cells - 1, 1)
    # Rounding may leave a trace of a variance where there is none.
    return mean, np.where(variance > 1e-12 * squares, variance, 0.0)


def _bins(values: np.ndarray) -> np.ndarray:
    """Return the number of the bin of each value: equal widths, closed above, as pandas' cut."""
    return np.asarray(pd.cut(values, bins=BINS, labels=False))
