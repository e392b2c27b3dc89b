"""One modality out of an AnnData group of an HDF5 file, read part by part.

anndata's own reader does the reading, not AnnData or MuData: that spares loading what is not used,
and lets a missing part be named.

Layout: one MuData file (.h5mu) with modalities `atac` and `rna`.

Layout: a folder with two AnnData files, ``*atac.h5ad`` (peaks) and ``*rna.h5ad`` (genes).
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from anndata.io import read_elem
from scipy import sparse

from xbench.data.multiome.raw import Modality, RawMultiome, require_unique
from xbench.data.open_files import opened_hdf5, readable
from xbench.errors import XbenchError


def read_modality(group: h5py.Group, where: str) -> Modality:
    """Read X, obs and var of an AnnData group.

    Parameters
    ----------
    group
        Root of an .h5ad file, or one modality of an .h5mu file.
    where
        File and modality, for the error's text.

    Raises
    ------
    XbenchError
        A part is absent or damaged.
    """
    obs, var, matrix = (read_part(group, part, where) for part in ("obs", "var", "X"))
    return Modality(matrix, obs, var)


def read_part(group: h5py.Group, part: str, where: str) -> Any:
    """Read a table (a DataFrame with a text index) or, as "X", a matrix.

    Raises
    ------
    XbenchError
        It is absent or damaged.
    """
    # anndata writes an absent matrix as an element of its own kind: null.
    if part not in group or group[part].attrs.get("encoding-type") == "null":
        raise XbenchError(f"{where}: no {part}; write the file again with anndata or mudata")
    with readable(f"{where}: {part}"), warnings.catch_warnings():
        # anndata warns of changes to come that do not touch what is read here.
        warnings.simplefilter("ignore", FutureWarning)
        element = read_elem(group[part])
        return _checked_matrix(element) if part == "X" else _table(element)


def _table(element: pd.DataFrame) -> pd.DataFrame:
    element.index = element.index.astype(str)
    return element


def _checked_matrix(matrix: Any) -> Any:
    """Check that stored indices lie inside the matrix: SciPy trusts them, and would crash."""
    if sparse.issparse(matrix):
        matrix.check_format(full_check=True)
        return matrix
    return np.atleast_2d(np.asarray(matrix))


MODALITIES = ("atac", "rna")


def read_h5mu(path: Path) -> RawMultiome:
    """Read the modalities `atac` and `rna` of an .h5mu file; others are left alone.

    Raises
    ------
    XbenchError
        The file is not HDF5, cut short, damaged, or lacks a part.
    """
    with opened_hdf5(path) as file:
        if "mod" not in file:
            raise XbenchError(
                f"{path}: not a MuData file (no group 'mod'); write it with mudata's write_h5mu"
            )
        present = list(file["mod"])
        missing = [name for name in MODALITIES if name not in present]
        if missing:
            raise XbenchError(
                f"{path}: no modality {' and '.join(map(repr, missing))}; there are: "
                f"{', '.join(present) or 'none'}; name peaks 'atac' and genes 'rna'"
            )
        atac, rna = (read_modality(file["mod"][name], f"{path}: {name}") for name in MODALITIES)
        obs = read_part(file, "obs", str(path)) if "obs" in file else pd.DataFrame()
    require_unique(obs.index, "barcode", str(path))
    return RawMultiome(atac, rna, obs)


def read_h5ad_pair(folder: Path) -> RawMultiome:
    """Read the two files of a folder; other .h5ad files in it are left alone.

    Raises
    ------
    XbenchError
        Not exactly one file of each modality, or one of them is damaged or lacks a part.
    """
    return RawMultiome(_modality(folder, "atac"), _modality(folder, "rna"))


def _modality(folder: Path, name: str) -> Modality:
    path = _file_of(folder, name)
    with opened_hdf5(path) as file:
        return read_modality(file, str(path))


def _file_of(folder: Path, modality: str) -> Path:
    """Return the one file called ``atac.h5ad``, or ending in that after a separator."""
    named = re.compile(rf"(.*[._-])?{modality}\.h5ad", re.IGNORECASE)
    present = sorted(path.name for path in folder.glob("*.h5ad"))
    found = [name for name in present if named.fullmatch(name)]
    if len(found) == 1:
        return folder / found[0]
    if found:
        raise XbenchError(
            f"{folder}: {len(found)} files of {modality}: {', '.join(found)}; give a folder with "
            "one file of peaks and one of genes"
        )
    raise XbenchError(
        f"{folder}: no file {modality}.h5ad, nor one ending in _{modality}.h5ad; there are: "
        f"{', '.join(present)}; name peaks atac.h5ad and genes rna.h5ad"
    )
