"""Layouts: one MuData file (.h5mu) with modalities `atac` and `rna`, or two AnnData files.

The two are ``*atac.h5ad`` (peaks) and ``*rna.h5ad`` (genes) in a folder. A modality is read part by
part by anndata's own reader, not as AnnData or MuData: that spares loading what is not used, and
lets a missing part be named. A copy of a .h5mu file can say which of its peaks were chosen.
"""

import re
import shutil
import warnings
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from anndata.io import read_elem, write_elem
from scipy import sparse

from xbench.data.genome import build_name
from xbench.data.multiome.cellranger import columns_by_modality
from xbench.data.multiome.raw import Modality, RawMultiome, require_unique
from xbench.data.open_files import declared_bytes, opened_hdf5, readable, require_memory
from xbench.data.preprocess import checked_sparse, from_half_precision
from xbench.data.stored_matrix import Reopened, StoredMatrix, again, stored_matrix
from xbench.errors import XbenchError
from xbench.utils.files import cannot_write
from xbench.utils.temporaries import sweep, temporary_beside

# Stored numbers that are looked at to tell what a matrix holds.
_GLANCE = 10_000


def read_modality(
    group: Any, where: str, reopened: Reopened | None = None, place: str = ""
) -> Modality:
    """Read X, obs and var of an AnnData group.

    Parameters
    ----------
    group
        Root of an .h5ad file, or one modality of an .h5mu file, or the same of a zarr store.
    where
        File and modality, for the error's text.
    reopened
        Opens the file once more: then X stays in it, where its layout can be read row by row.
    place
        Of the group in its file.

    Raises
    ------
    XbenchError
        A part is absent or damaged.
    """
    elsewhere = counts_elsewhere(group)
    if _is_absent(group, "X") and elsewhere:
        raise XbenchError(f"{where}: no X; store counts in X{elsewhere}")
    obs, var = (read_part(group, part, where) for part in ("obs", "var"))
    matrix = None
    if reopened is not None and not _is_absent(group, "X"):
        opened = partial(reopened, f"{place}/X".lstrip("/"))
        with readable(f"{where}: X"):
            matrix = stored_matrix(group["X"], opened, f"{where}: X")
    if matrix is None:
        matrix = read_part(group, "X", where)
    return Modality(matrix, obs, var, elsewhere)


def counts_elsewhere(group: Any) -> str:
    """Return where an AnnData group keeps whole numbers beside X, as the end of an error's text."""
    layers = group.get("layers") or ()
    places = {f"layers/{name}": f"adata.layers[{name!r}]" for name in layers}
    places["raw/X"] = "adata.raw.X"
    found = [code for place, code in places.items() if _looks_like_counts(group, place)]
    if not found:
        return ""
    return f"; {' and '.join(found)} look like counts: adata.X = {found[0]}, then write it again"


def _is_array(element: Any) -> bool:
    """Whether an element of HDF5 or zarr holds numbers or texts, not other elements."""
    return not hasattr(element, "keys")


def _looks_like_counts(group: Any, place: str) -> bool:
    """Whether the first numbers of a matrix are whole and none is negative."""
    if place not in group:
        return False
    stored = group[place]
    if not _is_array(stored):
        if "data" not in stored:
            return False
        stored = stored["data"]
    if not _is_array(stored) or stored.dtype.kind not in "iuf" or not stored.shape:
        return False
    # Some rows of a dense matrix, some stored numbers of a sparse one: a fraction shows soon.
    rows = _GLANCE if stored.ndim == 1 else min(9, stored.shape[0])
    first = np.asarray(stored[:rows])
    return bool(first.size) and bool(((first >= 0) & (first % 1 == 0)).all()) and bool(first.any())


def _is_absent(group: Any, part: str) -> bool:
    # anndata writes an absent matrix as an element of its own kind: null.
    return part not in group or group[part].attrs.get("encoding-type") == "null"


def read_part(group: Any, part: str, where: str) -> Any:
    """Read a table (a DataFrame with a text index) or, as "X", a matrix.

    Raises
    ------
    XbenchError
        It is absent, damaged, larger than this machine's memory, or as anndata wrote it before 0.7.
    """
    if _is_absent(group, part):
        raise XbenchError(f"{where}: no {part}; write the file again with anndata or mudata")
    element = group[part]
    if (part != "X" and _is_array(element)) or "h5sparse_format" in element.attrs:
        raise XbenchError(
            f"{where}: {part} is as anndata wrote it before version 0.7; read the file with "
            "anndata.read_h5ad, look at it, and write it again by write_h5ad"
        )
    require_memory(declared_bytes(element), f"{where}: {part}")
    with readable(f"{where}: {part}"), warnings.catch_warnings():
        # anndata warns of changes to come that do not touch what is read here.
        warnings.simplefilter("ignore", FutureWarning)
        if part == "X" and _is_half_sparse(element):
            return _checked_matrix(_half_sparse(element, where))
        content = read_elem(element)
        return _checked_matrix(content) if part == "X" else _table(content)


_SPARSE = {"csr_matrix": sparse.csr_matrix, "csc_matrix": sparse.csc_matrix}


def _is_half_sparse(element: Any) -> bool:
    """Whether numbers are of a kind that SciPy, and so anndata, makes no sparse matrix of."""
    known = element.attrs.get("encoding-type") in _SPARSE
    return known and "data" in element and element["data"].dtype == np.float16


def _half_sparse(element: Any, where: str) -> sparse.spmatrix:
    values = from_half_precision(element["data"][:], where)
    parts = (values, element["indices"][:], element["indptr"][:])
    shape = tuple(int(length) for length in element.attrs["shape"])
    return _SPARSE[element.attrs["encoding-type"]](parts, shape=shape)


def _table(element: pd.DataFrame) -> pd.DataFrame:
    element.index = element.index.astype(str)
    return element


def _checked_matrix(matrix: Any) -> Any:
    return checked_sparse(matrix) if sparse.issparse(matrix) else np.atleast_2d(np.asarray(matrix))


def holds_truth(file: Any) -> bool:
    """Whether an .h5mu file is a simulation's: its peaks come with the truth of what they do."""
    return "mod/atac/uns/truth" in file


def named_genome(groups: list[Any], tables: list[pd.DataFrame]) -> str | None:
    """Return the build that ``uns['genome']`` or a var column ``genome`` names, if one does.

    Where several are named, it is not known which is meant: 10x files call each gene after its own.
    """
    said: set[str] = set()
    for group in groups:
        stored = group.get("uns/genome")
        if stored is None or not _is_array(stored) or stored.shape != ():
            continue
        if stored.dtype.kind in "OST":
            text = stored[()]
            said.add(text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text))
    if not said:
        columns = [table["genome"].dropna() for table in tables if "genome" in table.columns]
        said = {str(name) for column in columns for name in column.unique()}
    builds = {build_name(name) for name in said if name.strip()}
    return builds.pop() if len(builds) == 1 else None


MODALITIES = ("atac", "rna")


def read_h5mu(path: Path, *, stays: bool = False) -> RawMultiome:
    """Read the modalities `atac` and `rna` of an .h5mu file; others are left alone.

    Parameters
    ----------
    path
        The file.
    stays
        Whether the matrices stay in the file.

    Raises
    ------
    XbenchError
        The file is not HDF5, cut short, damaged, or lacks a part.
    """
    with opened_hdf5(path) as file:
        return of_mudata(file, path, again(opened_hdf5, path) if stays else None)


def of_mudata(file: Any, path: Path, reopened: Reopened | None) -> RawMultiome:
    """Read the modalities `atac` and `rna` of an opened MuData file or store.

    Raises
    ------
    XbenchError
        It is none, or lacks a part.
    """
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
    atac, rna = (
        read_modality(file["mod"][name], f"{path}: {name}", reopened, f"mod/{name}")
        for name in MODALITIES
    )
    obs = read_part(file, "obs", str(path)) if "obs" in file else pd.DataFrame()
    groups = [file, *(file["mod"][name] for name in MODALITIES)]
    genome = named_genome(groups, [atac.var, rna.var])
    require_unique(obs.index, "barcode", str(path))
    return RawMultiome(atac, rna, obs, genome)


def read_joint_h5ad(path: Path, *, stays: bool = False) -> RawMultiome:
    """Read an .h5ad file that holds peaks and genes in one matrix, told apart by `feature_types`.

    Raises
    ------
    XbenchError
        It holds one modality only, or nothing tells them apart.
    """
    with opened_hdf5(path) as file:
        return of_joint(file, path, again(opened_hdf5, path) if stays else None)


def of_joint(file: Any, path: Path, reopened: Reopened | None) -> RawMultiome:
    """Read peaks and genes of one opened AnnData file or store; see `read_joint_h5ad`."""
    joint = read_modality(file, str(path), reopened)
    genome = named_genome([file], [joint.var])
    if "feature_types" not in joint.var.columns:
        raise XbenchError(
            f"{path}: is one file of several; give the folder that holds all of them (atac.h5ad "
            "and rna.h5ad); if it holds both, split it into these two, adata[:, peaks] and "
            "adata[:, genes], or tell them apart by a var column 'feature_types' (Peaks, Gene "
            "Expression)"
        )
    types = joint.var.rename(columns={"feature_types": "type"}).astype({"type": str})
    columns = columns_by_modality(types, str(path))
    matrix = joint.X
    atac, rna = (
        Modality(
            matrix.of_columns(columns[name])
            if isinstance(matrix, StoredMatrix)
            else matrix[:, columns[name]],
            joint.obs,
            joint.var.iloc[columns[name]],
            joint.elsewhere,
        )
        for name in MODALITIES
    )
    return RawMultiome(atac, rna, genome=genome)


def read_h5ad_pair(folder: Path, *, stays: bool = False) -> RawMultiome:
    """Read the two files of a folder; other .h5ad files in it are left alone.

    Raises
    ------
    XbenchError
        Not exactly one file of each modality, or one of them is damaged or lacks a part.
    """
    return of_pair(folder, [_modality(folder, name, stays) for name in MODALITIES])


def of_pair(folder: Path, pair: list[tuple[Modality, str | None]]) -> RawMultiome:
    """Put two modalities together that were read of two files, each with the build it names."""
    (atac, of_atac), (rna, of_rna) = pair
    if of_atac and of_rna and of_atac != of_rna:
        raise XbenchError(
            f"{folder}: peaks are of {of_atac}, genes of {of_rna}; give data of one build"
        )
    return RawMultiome(atac, rna, genome=of_atac or of_rna)


def _modality(folder: Path, name: str, stays: bool) -> tuple[Modality, str | None]:
    path = file_of(folder, name)
    with opened_hdf5(path) as file:
        modality = read_modality(file, str(path), again(opened_hdf5, path) if stays else None)
        return modality, named_genome([file], [modality.var])


def file_of(folder: Path, modality: str, ending: str = "h5ad") -> Path:
    """Return the one file called ``atac.h5ad``, or ending in that after a separator."""
    named = re.compile(rf"(.*[._-])?{modality}\.{ending}", re.IGNORECASE)
    # What begins with a dot is hidden: a Mac's ._ files are no copies of the others.
    present = sorted(path.name for path in folder.glob(f"*.{ending}") if path.name[0] != ".")
    found = [name for name in present if named.fullmatch(name)]
    if len(found) == 1:
        return folder / found[0]
    if found:
        raise XbenchError(
            f"{folder}: {len(found)} files of {modality}: {', '.join(found)}; give a folder with "
            "one file of peaks and one of genes"
        )
    raise XbenchError(
        f"{folder}: no file {modality}.{ending}, nor one ending in _{modality}.{ending}; there "
        f"are: {', '.join(present)}; name peaks atac.{ending} and genes rna.{ending}"
    )


def check_copy(source: Path, copy: Path) -> None:
    """Refuse what `write_selections` would: better known before hours of runs than after.

    Raises
    ------
    XbenchError
        Where one is no .h5mu file by its name, or both are the same file.
    """
    if copy.suffix != ".h5mu" or source.suffix != ".h5mu":
        raise XbenchError(f"{copy}: only .h5mu files are copied; give a name that ends in .h5mu")
    if copy.exists() and copy.samefile(source):
        raise XbenchError(f"{copy}: is the data itself; give the copy another name")


def write_selections(
    source: Path, copy: Path, columns: Mapping[str, Mapping[str, float]], made_by: str
) -> None:
    """Copy a .h5mu file and add columns to the table of its peaks, all or nothing.

    Parameters
    ----------
    source
        A .h5mu file with a modality ``atac``.
    copy
        Where the copy goes; a file that is there is replaced. Never the source itself.
    columns
        Name of each new column of ``mod['atac'].var``, and its values by peak; 0 for all others.
    made_by
        How the columns came about, kept in ``mod['atac'].uns['xbench']``.

    Raises
    ------
    XbenchError
        Where the file is no such file, lacks one of the peaks, or the copy cannot be written.
    """
    check_copy(source, copy)
    with opened_hdf5(source) as file:
        if "mod/atac/var" not in file:
            raise XbenchError(f"{source}: has no modality 'atac'; give a .h5mu file with one")
        peaks: pd.DataFrame = read_part(file["mod/atac"], "var", str(source))
    for name, values in columns.items():
        unknown = sorted(set(values) - set(peaks.index))
        if unknown:
            raise XbenchError(f"{source}: has no peak {unknown[0]!r} ({len(unknown)} of {name})")
        peaks[name] = np.array([values.get(peak, 0.0) for peak in peaks.index])
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        sweep(copy.parent, f".{copy.name}.")
        beside = temporary_beside(copy)
        try:
            shutil.copyfile(source, beside)
            with h5py.File(beside, "r+") as written:
                write_elem(written, "mod/atac/var", peaks)
                note = {"made_by": made_by, "columns": np.array(list(columns), dtype=str)}
                write_elem(written["mod/atac"].require_group("uns"), "xbench", note)
            beside.replace(copy)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(copy, error) from error
