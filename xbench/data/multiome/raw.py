"""What every layout is read into: two matrices of the same cells, as they are in the files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from xbench.errors import XbenchError
from xbench.shapes import require_shape


@dataclass(frozen=True, eq=False)
class Modality:
    """One modality: X (n cells x d features, sparse or dense), obs (n rows) and var (d rows).

    obs is indexed by barcode; var by feature name, with columns chrom, start and end where known.
    """

    X: Any
    obs: pd.DataFrame
    var: pd.DataFrame


@dataclass(frozen=True, eq=False)
class RawMultiome:
    """Both modalities, before anything is checked against anything.

    Parameters
    ----------
    atac, rna
        Peaks and genes.
    obs
        The table of cells that is common to both, where the layout has one.
    genome
        The build that the files name; None where they do not.
    normalised
        Whether rna holds log1p of normalised counts already, instead of counts.
    keep_scaffolds
        Whether peaks outside chromosomes stay: so in what somebody prepared, not in what comes
        straight from a pipeline.
    remarks
        What is worth knowing about the files, in sentences.
    """

    atac: Modality
    rna: Modality
    obs: pd.DataFrame = field(default_factory=pd.DataFrame)
    genome: str | None = None
    normalised: bool = False
    keep_scaffolds: bool = True
    remarks: tuple[str, ...] = ()


def require_sound(modality: Modality, where: str) -> None:
    """Raise `XbenchError` unless shapes fit, something is there, and no name occurs twice.

    Examples
    --------
    >>> import numpy as np
    >>> cells, genes = pd.DataFrame(index=["a"]), pd.DataFrame(index=["Mog", "Mog"])
    >>> require_sound(Modality(np.zeros((1, 2)), cells, genes), "rna")
    Traceback (most recent call last):
    xbench.errors.XbenchError: rna: feature name 'Mog' occurs twice; give each its own
    """
    require_shape(f"{where}: X", modality.X.shape, (len(modality.obs), len(modality.var)))
    for table, kind in ((modality.obs, "cells"), (modality.var, "features")):
        if len(table) == 0:
            raise XbenchError(f"{where}: holds no {kind}; give a file with at least one")
    require_unique(modality.obs.index, "barcode", where)
    require_unique(modality.var.index, "feature name", where)


def require_unique(index: pd.Index, kind: str, where: str) -> None:
    """Raise `XbenchError` where a name occurs twice.

    Examples
    --------
    >>> require_unique(pd.Index(["a", "b"]), "barcode", "atac")
    """
    if index.has_duplicates:
        name = index[index.duplicated()][0]
        raise XbenchError(f"{where}: {kind} {name!r} occurs twice; give each its own")
