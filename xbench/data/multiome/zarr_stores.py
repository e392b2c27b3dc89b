"""Layouts: one zarr store as MuData or AnnData write it, or a folder with one of each modality.

They hold what .h5mu and .h5ad files hold, and are read by the same functions.
"""

from pathlib import Path

from xbench.data.multiome.mudata import (
    MODALITIES,
    file_of,
    named_genome,
    of_joint,
    of_mudata,
    of_pair,
    read_modality,
)
from xbench.data.multiome.raw import Modality, RawMultiome
from xbench.data.open_zarr import opened_zarr
from xbench.data.stored_matrix import again


def read_zarr(path: Path, *, stays: bool = False) -> RawMultiome:
    """Read a store of MuData, or one of AnnData with peaks and genes in one matrix.

    Parameters
    ----------
    path
        The store, a folder.
    stays
        Whether the matrices stay in it.

    Raises
    ------
    XbenchError
        It holds what is not read, is damaged, or lacks a part.
    """
    with opened_zarr(path) as group:
        reopened = again(opened_zarr, path) if stays else None
        return (of_mudata if "mod" in group else of_joint)(group, path, reopened)


def read_zarr_pair(folder: Path, *, stays: bool = False) -> RawMultiome:
    """Read ``atac.zarr`` and ``rna.zarr`` of a folder, or stores whose names end so.

    Raises
    ------
    XbenchError
        Not exactly one store of each modality, or one of them cannot be read.
    """
    return of_pair(folder, [_modality(folder, name, stays) for name in MODALITIES])


def _modality(folder: Path, name: str, stays: bool) -> tuple[Modality, str | None]:
    path = file_of(folder, name, "zarr")
    with opened_zarr(path) as group:
        modality = read_modality(group, str(path), again(opened_zarr, path) if stays else None)
        return modality, named_genome([group], [modality.var])
