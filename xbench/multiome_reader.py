"""Reads the parts of an .h5mu file that a benchmark needs; every way it can be broken has a line.

The HDF5 groups are read one by one with anndata's own reader, not through MuData: that spares
loading what is not used, and lets a missing part be named. HDF5 holds no code, so none can run.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from anndata.io import read_elem
from scipy import sparse

from xbench.errors import XbenchError
from xbench.shapes import require_shape

MODALITIES = ("atac", "rna")


@dataclass(frozen=True, eq=False)
class Modality:
    """One modality as it is in the file: X (n x d), obs (n rows) and var (d rows)."""

    X: Any
    obs: pd.DataFrame
    var: pd.DataFrame


@dataclass(frozen=True, eq=False)
class RawMultiome:
    """Both modalities, and the table of cells that is common to them, as they are in the file."""

    atac: Modality
    rna: Modality
    obs: pd.DataFrame


def read_raw_multiome(path: Path) -> RawMultiome:
    """Read the modalities atac and rna of an .h5mu file.

    Raises
    ------
    XbenchError
        The file is absent, not HDF5, cut short, damaged, or lacks a part.

    Examples
    --------
    >>> read_raw_multiome(Path("absent.h5mu"))
    Traceback (most recent call last):
    xbench.errors.XbenchError: absent.h5mu: no such file; give the path of an .h5mu file
    """
    with _opened(path) as file, _readable(str(path)):
        if "mod" not in file:
            raise XbenchError(
                f"{path}: not a MuData file (no group 'mod'); write it with mudata's write_h5mu"
            )
        present = list(file["mod"])
        missing = [name for name in MODALITIES if name not in present]
        if missing:
            raise XbenchError(
                f"{path}: no modality {missing[0]!r}; there are: {', '.join(present) or 'none'}; "
                f"name peaks 'atac' and genes 'rna'"
            )
        atac, rna = (_modality(file["mod"][name], f"{path}: {name}") for name in MODALITIES)
        obs = _element(file, "obs", str(path)) if "obs" in file else pd.DataFrame()
        _require_unique(obs.index, "barcode", str(path))
        return RawMultiome(atac, rna, obs)


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    try:
        if not path.is_file():
            raise XbenchError(f"{path}: no such file; give the path of an .h5mu file")
        file = h5py.File(path, "r")
    except PermissionError as error:
        raise XbenchError(f"{path}: may not be read; give yourself leave to read it") from error
    except OSError as error:
        raise XbenchError(
            f"{path}: not an HDF5 file, or cut short; get or write the .h5mu file again"
        ) from error
    with file:
        yield file


@contextmanager
def _readable(where: str) -> Iterator[None]:
    """Turn whatever a damaged file makes the readers raise into one line."""
    try:
        yield
    except XbenchError:
        raise
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise XbenchError(
            f"{where} cannot be read ({reason}); get or write the file again"
        ) from error


def _modality(group: h5py.Group, where: str) -> Modality:
    obs, var, matrix = (_element(group, part, where) for part in ("obs", "var", "X"))
    require_shape(f"{where}: X", matrix.shape, (len(obs), len(var)))
    if len(obs) == 0:
        raise XbenchError(f"{where}: holds no cells; give a file with at least one")
    if len(var) == 0:
        raise XbenchError(f"{where}: holds no features; give a file with at least one")
    _require_unique(obs.index, "barcode", where)
    _require_unique(var.index, "feature name", where)
    return Modality(matrix, obs, var)


def _require_unique(index: pd.Index, kind: str, where: str) -> None:
    if index.has_duplicates:
        name = index[index.duplicated()][0]
        raise XbenchError(f"{where}: {kind} {name!r} occurs twice; give each its own")


def _element(group: h5py.Group, part: str, where: str) -> Any:
    # anndata writes an absent matrix as an element of its own kind: null.
    if part not in group or group[part].attrs.get("encoding-type") == "null":
        raise XbenchError(f"{where}: no {part}; write the file again with mudata's write_h5mu")
    with _readable(f"{where}: {part}"), warnings.catch_warnings():
        # anndata warns of changes to come that do not touch what is read here.
        warnings.simplefilter("ignore", FutureWarning)
        element = read_elem(group[part])
        if part == "X":
            return _checked_matrix(element)
        element.index = element.index.astype(str)
        return element


def _checked_matrix(matrix: Any) -> Any:
    """Check that stored indices lie inside the matrix: SciPy trusts them, and would crash."""
    if sparse.issparse(matrix):
        matrix.check_format(full_check=True)
        return matrix
    return np.atleast_2d(np.asarray(matrix))
