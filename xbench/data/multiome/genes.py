"""From the rna modality to log1p of normalised expression of the genes that are kept."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import sparse

from xbench.coordinates import read_coordinates
from xbench.data.genome import require_inside
from xbench.data.multiome.prepared import PreparedMatrix, columns_of, rows_of
from xbench.data.multiome.raw import RawMultiome
from xbench.data.multiome.variable_genes import gene_moments, normalised_dispersion, select_genes
from xbench.data.preprocess import as_counts, cell_totals, log_normalise, require_whole
from xbench.errors import XbenchWarning


def prepare_genes(
    raw: RawMultiome,
    rows: np.ndarray,
    variable_genes: int | None,
    where: str,
    genome: str | None = None,
    chromosome_names: Mapping[str, str] | None = None,
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

    Raises
    ------
    XbenchError
        Values that are no counts, or genes of another build.
    """
    coordinates = gene_coordinates(raw, where, chromosome_names)
    if genome is not None and len(coordinates.columns):
        require_inside(coordinates, genome, where)
    counts = as_counts(raw.rna.X, where)
    if raw.normalised:
        warnings.warn(
            f"{where}: holds fractions, so it is taken as log1p of counts scaled to 1e5 a cell",
            XbenchWarning,
            stacklevel=2,
        )
    else:
        require_whole(counts, where)
    counts = rows_of(counts, rows)
    totals = None if raw.normalised else cell_totals(counts)
    kept = np.arange(counts.shape[1])
    if variable_genes is not None and variable_genes < len(kept):
        dispersion = normalised_dispersion(*gene_moments(counts, totals))
        kept = select_genes(raw.rna.var.index, dispersion, variable_genes)
        counts = columns_of(counts, kept)
    if totals is None:
        expression: sparse.csr_matrix = counts.astype(np.float32)
    else:
        expression = log_normalise(counts, where, totals)
    return PreparedMatrix(expression, coordinates.iloc[kept])


def gene_coordinates(
    raw: RawMultiome, where: str, chromosome_names: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Return chrom, start and end of each gene; no column where the files have none.

    Raises
    ------
    XbenchError
        They are not numbers, or a gene ends before it starts.
    """
    coordinates = read_coordinates(raw.rna.var, where, chromosome_names)
    return pd.DataFrame(index=raw.rna.var.index) if coordinates is None else coordinates
