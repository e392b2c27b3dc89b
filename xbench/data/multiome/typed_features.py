"""Peaks and genes out of one feature table, as CellRanger ARC writes it in HDF5 and in text."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from xbench.data.features import COORDINATE_COLUMNS
from xbench.data.multiome.raw import Modality, RawMultiome
from xbench.errors import XbenchError

# Feature types, as the files call them.
TYPES = {"atac": "Peaks", "rna": "Gene Expression"}


def columns_by_modality(features: pd.DataFrame, where: str) -> dict[str, np.ndarray]:
    """Return which rows of a feature table are peaks (`atac`) and which genes (`rna`).

    Parameters
    ----------
    features
        One row a feature, with a column ``type``; features of other types are left alone.
    where
        File, for the error's text.

    Raises
    ------
    XbenchError
        There are no peaks, or no genes.

    Examples
    --------
    >>> table = pd.DataFrame({"type": ["Gene Expression", "Peaks", "Antibody Capture", "Peaks"]})
    >>> columns_by_modality(table, "features.tsv")["atac"].tolist()
    [1, 3]
    """
    types = features["type"].to_numpy(dtype=str)
    present = ", ".join(sorted(set(types))) or "none"
    columns = {}
    for modality, kind in TYPES.items():
        columns[modality] = np.flatnonzero(types == kind)
        if not columns[modality].size:
            raise XbenchError(
                f"{where}: no feature of type {kind!r}; there are: {present}; give the output of "
                "CellRanger ARC, which holds peaks and genes of the same cells"
            )
    return columns


def assembled(
    matrices: dict[str, sparse.csr_matrix],
    columns: dict[str, np.ndarray],
    features: pd.DataFrame,
    barcodes: pd.Index,
    genome: str | None = None,
) -> RawMultiome:
    """Put together what was read of such a file.

    Parameters
    ----------
    matrices
        By modality, n cells x its features.
    columns
        From `columns_by_modality`.
    features
        One row a feature: id, name, and chrom, start, end where the file has them.
    barcodes
        n of them.
    genome
        The build the file names.
    """
    obs = pd.DataFrame(index=barcodes)
    peaks, genes = (features.iloc[columns[name]] for name in ("atac", "rna"))
    symbols, repeated = distinct_symbols(genes["name"], genes["id"])
    remarks = []
    if repeated:
        remarks.append(
            f"genes that share the symbol of one before them, and go by their id: {repeated:,}"
        )
    return RawMultiome(
        atac=Modality(matrices["atac"], obs, _var(peaks, pd.Index(peaks["id"].astype(str)))),
        rna=Modality(matrices["rna"], obs, _var(genes, symbols)),
        genome=genome,
        keep_scaffolds=False,
        remarks=tuple(remarks),
    )


def distinct_symbols(names: pd.Series, ids: pd.Series) -> tuple[pd.Index, int]:
    """Return a name for each gene, and how many could not be called by their symbol.

    Several genes of real annotations share a symbol. The first keeps it, so that a target such as
    ``VIP:GAD1`` finds it; the others go by their id, which says exactly which gene is meant.

    Examples
    --------
    >>> names, repeated = distinct_symbols(pd.Series(["A", "A"]), pd.Series(["ENSG1", "ENSG2"]))
    >>> names.tolist(), repeated
    (['A', 'ENSG2'], 1)
    """
    again = names.duplicated() | (names.str.strip() == "")
    return pd.Index(names.where(~again, ids).astype(str)), int(again.sum())


def _var(features: pd.DataFrame, names: pd.Index) -> pd.DataFrame:
    """Return the coordinates, if any is known, indexed by name."""
    columns = [name for name in COORDINATE_COLUMNS if name in features.columns]
    known = len(columns) == len(COORDINATE_COLUMNS) and features[columns].notna().any(axis=None)
    return features[columns if known else []].set_axis(names, axis="index")
