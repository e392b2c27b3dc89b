"""Which cells are read, of which type, and where each stands in both matrices."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from xbench.data.multiome.raw import RawMultiome
from xbench.data.multiome.tables import read_labels
from xbench.data.read_options import ReadOptions
from xbench.errors import XbenchError, XbenchWarning


@dataclass(frozen=True, eq=False)
class CellTable:
    """The n cells that are read, in the order of `atac`.

    Parameters
    ----------
    barcodes
        n of them.
    types
        Shape (n,), the type of each.
    atac_rows, rna_rows
        Shape (n,), where each cell stands in the matrices.
    """

    barcodes: pd.Index
    types: np.ndarray
    atac_rows: np.ndarray
    rna_rows: np.ndarray


def choose_cells(raw: RawMultiome, reading: ReadOptions, where: str) -> CellTable:
    """Return the cells of `atac`, each with its type.

    With a labels file, cells that it does not name are left out, and a warning counts them.
    Without one the types stand in obs, and every cell must have one.

    Raises
    ------
    XbenchError
        A cell is in one modality only, or the types are absent, incomplete or of other cells.
    """
    barcodes = raw.atac.obs.index
    rna_rows = _aligned_rows(raw, where)
    if reading.labels is None:
        types = _types_of_obs(raw, reading.cell_type_key, where)
        return CellTable(barcodes, types, np.arange(len(barcodes)), rna_rows)
    labels = read_labels(reading.labels, reading.cell_type_key)
    rows = _labelled_rows(barcodes, labels, reading, where)
    types = labels.reindex(barcodes[rows]).to_numpy(dtype=str)
    return CellTable(barcodes[rows], types, rows, rna_rows[rows])


def _aligned_rows(raw: RawMultiome, where: str) -> np.ndarray:
    """Return the row of `rna` that holds each cell of `atac`."""
    atac, rna = raw.atac.obs.index, raw.rna.obs.index
    for present, other, there, absent in ((atac, rna, "atac", "rna"), (rna, atac, "rna", "atac")):
        alone = present.difference(other)
        if len(alone):
            raise XbenchError(
                f"{where}: {len(alone)} barcodes of {there}, such as {alone[0]!r}, are not in "
                f"{absent}; keep the cells that both have (mudata.pp.intersect_obs)"
            )
    return rna.get_indexer(atac)


def _types_of_obs(raw: RawMultiome, key: str, where: str) -> np.ndarray:
    """Return the type of each cell of `atac`: of the file's obs, else of rna's, else of atac's."""
    tables = [table for table in (raw.obs, raw.rna.obs, raw.atac.obs) if len(table)]
    holding = [table for table in tables if key in table.columns]
    if not holding:
        columns = sorted({str(column) for table in tables for column in table.columns})
        if not columns:
            raise XbenchError(
                f"{where}: holds no cell types; give a CSV or TSV file with a column of barcodes "
                "and one of cell types by --labels"
            )
        raise XbenchError(
            f"{where}: no obs column {key!r} with the cell type; there are: {', '.join(columns)}; "
            "name one with --cell-type-key"
        )
    column = holding[0][key].reindex(raw.atac.obs.index).astype(object)
    missing = column.isna() | (column.astype(str).str.strip() == "")
    if missing.any():
        raise XbenchError(
            f"{where}: {int(missing.sum())} cells, such as {missing.idxmax()!r}, have no {key!r}; "
            "name their type or leave them out"
        )
    return column.astype(str).to_numpy(dtype=str)


def _labelled_rows(
    barcodes: pd.Index, labels: pd.Series, reading: ReadOptions, where: str
) -> np.ndarray:
    rows = np.flatnonzero(barcodes.isin(labels.index))
    if not rows.size:
        raise XbenchError(
            f"{reading.labels}: none of its barcodes, such as {labels.index[0]!r}, is among those "
            f"of {where}, such as {barcodes[0]!r}; give the labels of these cells, written alike"
        )
    left_out = len(barcodes) - rows.size
    if left_out:
        warnings.warn(
            f"{where}: {left_out:,} of {len(barcodes):,} cells have no type in {reading.labels} "
            "and are left out",
            XbenchWarning,
            stacklevel=2,
        )
    return rows
