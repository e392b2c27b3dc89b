"""A user's .h5mu file (peaks and expression of the same cells) as a `Dataset`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from xbench.coordinates import natural_order, read_coordinates, require_shared_chromosomes
from xbench.counts import as_counts, binary, log_normalise
from xbench.dataset import Dataset
from xbench.errors import XbenchError
from xbench.multiome_reader import RawMultiome, read_raw_multiome
from xbench.splits import split_cells


def read_multiome(
    path: str | Path,
    *,
    name: str,
    binarize: bool = False,
    cell_type_key: str = "cell_type",
    split_seed: int = 0,
    genome: str | None = None,
    cell_type_aliases: Mapping[str, str] | None = None,
    chromosome_names: Mapping[str, str] | None = None,
    citation: str = "",
    licence: str = "",
) -> Dataset:
    """Read modalities `atac` and `rna` of an .h5mu file, checked and preprocessed.

    Peaks become int8 0 or 1 and are sorted by chromosome (chr1, chr2, ..., X, Y) and start; a peak
    that is never open stays. Raw RNA counts become log1p of counts scaled to 1e5 a cell; a cell
    without counts stays, all zero. Genes keep their order. Cells come in the order of `atac`.
    Both matrices are CSR throughout.

    Parameters
    ----------
    path
        The file. `atac`'s var has columns chrom, start, end, or names like ``chr1:100-200``;
        `rna`'s may have those columns.
    name
        What leaderboards call the dataset.
    binarize
        Take every ATAC value above 0 as open.
    cell_type_key
        The obs column with the cell type: of the file, else of `rna`, else of `atac`.
    split_seed
        Seed of the split into training, validation and test (0.7, 0.1, 0.2 of each type).
    genome
        The assembly of the coordinates, such as "hg38".
    cell_type_aliases
        Other names of cell types.
    chromosome_names
        Other names to give chromosomes, such as ``{"chr20": "chrX"}``.
    citation, licence
        Whom to credit, and the terms of use.

    Raises
    ------
    XbenchError
        Anything wrong with the file; one line naming the file, what is wrong and what to do.

    Examples
    --------
    >>> import tempfile, anndata, mudata
    >>> cells = pd.DataFrame({"cell_type": ["Oligo", "Astro", "Oligo"]}, index=["a", "b", "c"])
    >>> peaks = pd.DataFrame(index=["chr10:5-9", "chr2:5-9"])
    >>> atac = anndata.AnnData(np.array([[1.0, 0], [0, 0], [1, 1]]), obs=cells, var=peaks)
    >>> genes = pd.DataFrame(index=["Mog"])
    >>> rna = anndata.AnnData(np.array([[4.0], [0], [1]]), obs=cells, var=genes)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     mudata.MuData({"atac": atac, "rna": rna}).write_h5mu(f"{folder}/tiny.h5mu")
    ...     dataset = read_multiome(f"{folder}/tiny.h5mu", name="tiny")
    >>> dataset
    Dataset('tiny', 3 cells x 2 features, 1 outputs)
    >>> dataset.features.names.tolist()
    ['chr2:5-9', 'chr10:5-9']
    """
    path = Path(path)
    raw = read_raw_multiome(path)
    barcodes = raw.atac.obs.index
    rna_rows = _aligned_rows(raw, path)
    cell_types = _cell_types(raw, cell_type_key, path)
    peaks, genes = _coordinates(raw, path, chromosome_names)
    order = natural_order(peaks)
    expression = as_counts(raw.rna.X, f"{path}: rna")[rna_rows]
    accessibility = as_counts(raw.atac.X, f"{path}: atac")
    open_peaks = _reordered(binary(accessibility, binarize, f"{path}: atac"), order)
    obs = pd.DataFrame({"cell_type": cell_types}, index=barcodes)
    return Dataset(
        name=name,
        inputs=AnnData(open_peaks, obs=obs, var=peaks.iloc[order]),
        outputs=AnnData(log_normalise(expression, f"{path}: rna"), obs=obs, var=genes),
        cell_types=cell_types,
        split=split_cells(cell_types, seed=split_seed),
        genome=genome,
        cell_type_aliases=dict(cell_type_aliases or {}),
        default_surrogate="cross-modality",
        citation=citation,
        licence=licence,
    )


def _aligned_rows(raw: RawMultiome, path: Path) -> np.ndarray:
    """Return the row of `rna` that holds each cell of `atac`."""
    atac, rna = raw.atac.obs.index, raw.rna.obs.index
    for present, other, there, absent in ((atac, rna, "atac", "rna"), (rna, atac, "rna", "atac")):
        alone = present.difference(other)
        if len(alone):
            raise XbenchError(
                f"{path}: {len(alone)} barcodes of {there}, such as {alone[0]!r}, are not in "
                f"{absent}; keep the cells that both have (mudata.pp.intersect_obs)"
            )
    return rna.get_indexer(atac)


def _cell_types(raw: RawMultiome, key: str, path: Path) -> np.ndarray:
    """Return the cell type of each cell of `atac`."""
    tables = [table for table in (raw.obs, raw.rna.obs, raw.atac.obs) if len(table)]
    holding = [table for table in tables if key in table.columns]
    if not holding:
        columns = sorted({str(column) for table in tables for column in table.columns})
        raise XbenchError(
            f"{path}: no obs column {key!r} with the cell type; there are: "
            f"{', '.join(columns) or 'none'}; name one with --cell-type-key"
        )
    column = holding[0][key].reindex(raw.atac.obs.index).astype(object)
    missing = column.isna() | (column.astype(str).str.strip() == "")
    if missing.any():
        raise XbenchError(
            f"{path}: {int(missing.sum())} cells, such as {missing.idxmax()!r}, have no {key!r}; "
            "name their type or leave them out"
        )
    return column.astype(str).to_numpy(dtype=str)


def _coordinates(
    raw: RawMultiome, path: Path, chromosome_names: Mapping[str, str] | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the coordinates of the peaks and, where there are any, of the genes."""
    peaks = read_coordinates(raw.atac.var, f"{path}: atac", chromosome_names)
    if peaks is None:
        raise XbenchError(
            f"{path}: atac: no var columns chrom, start, end, and names such as "
            f"{str(raw.atac.var.index[0])!r} are not like chr1:100-200; add the columns"
        )
    genes = read_coordinates(raw.rna.var, f"{path}: rna", chromosome_names)
    if genes is None:
        return peaks, pd.DataFrame(index=raw.rna.var.index)
    require_shared_chromosomes(peaks, genes, str(path))
    return peaks, genes


def _reordered(matrix: sparse.csr_matrix, order: np.ndarray) -> sparse.csr_matrix:
    """Return the columns in another order, with ascending indices."""
    if np.array_equal(order, np.arange(len(order))):
        return matrix
    return matrix[:, order].sorted_indices()
