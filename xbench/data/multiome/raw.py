"""What every layout is read into: two matrices of the same cells, as they are in the files."""

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import pandas as pd
from scipy import sparse

from xbench.data.genome import is_known_build
from xbench.errors import XbenchError, require_shape


@dataclass(frozen=True, eq=False)
class Modality:
    """One modality: X (n cells x d features), obs (n rows) and var (d rows).

    X is sparse, dense or, where it is too large for memory, an `xbench.data.StoredMatrix`.
    obs is indexed by barcode; var by feature name, with columns chrom, start and end where known.
    `elsewhere` says where counts are if not in X: the end of an error's text.
    """

    X: Any
    obs: pd.DataFrame
    var: pd.DataFrame
    elsewhere: str = ""


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


def without_genome_in_symbols(raw: RawMultiome) -> RawMultiome:
    """Return genes by their symbols, where each is called after the genome too: GRCh38_MOG.

    Genes of several genomes stay as they are: their chromosomes are refused where they are read.

    Examples
    --------
    >>> cells, genes = pd.DataFrame(index=["a"]), pd.DataFrame(index=["GRCh38_MOG", "GRCh38_GAD1"])
    >>> peaks = Modality(None, cells, pd.DataFrame())
    >>> raw = without_genome_in_symbols(RawMultiome(peaks, Modality(None, cells, genes)))
    >>> raw.rna.var.index.tolist()
    ['MOG', 'GAD1']
    """
    names = raw.rna.var.index
    prefix = str(names[0]).partition("_")[0] if len(names) else ""
    if not is_known_build(prefix) or not names.str.startswith(f"{prefix}_").all():
        return raw
    symbols = names.str.removeprefix(prefix).str.lstrip("_")
    rna = replace(raw.rna, var=raw.rna.var.set_axis(symbols, axis="index"))
    remark = f"genes are called {prefix}_SYMBOL; the genome's name is taken off"
    return replace(raw, rna=rna, remarks=(*raw.remarks, remark))


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


class PreparedMatrix(NamedTuple):
    """A matrix (n cells x d, CSR) and the d rows about its columns."""

    matrix: sparse.csr_matrix
    var: pd.DataFrame
