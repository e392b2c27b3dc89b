"""One modality out of an AnnData group of an HDF5 file, read part by part.

anndata's own reader does the reading, not AnnData or MuData: that spares loading what is not used,
and lets a missing part be named.
"""

from __future__ import annotations

import warnings
from typing import Any

import h5py
import numpy as np
import pandas as pd
from anndata.io import read_elem
from scipy import sparse

from xbench.data.multiome.files import readable
from xbench.data.multiome.raw import Modality
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
