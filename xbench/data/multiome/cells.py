"""Which cells are read, of which type, and where each stands in both matrices.

Types come with the data or in a table beside them: barcode and cell type, as GEO and R scripts
keep them.
"""

import re
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from xbench.data.cell_types import alike_but_for_case, as_cell_types, missing_words
from xbench.data.headed_table import read_headed
from xbench.data.multiome.raw import RawMultiome, require_unique
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
    donors
        Shape (n,), the donor of each; None where none were asked for.
    """

    barcodes: pd.Index
    types: np.ndarray
    atac_rows: np.ndarray
    rna_rows: np.ndarray
    donors: np.ndarray | None = None


def choose_cells(raw: RawMultiome, reading: ReadOptions, where: str) -> CellTable:
    """Return the cells of `atac`, each with its type and, where asked for, its donor.

    With a labels file, cells that it does not name are left out, and a warning counts them.
    Without one the types stand in obs, and every cell must have one.

    Raises
    ------
    XbenchError
        A cell is in one modality only, or the types are absent, incomplete or of other cells.
    """
    cells = _typed_cells(raw, reading, where)
    if reading.donor_key is None:
        return cells
    return replace(cells, donors=_donors(raw, reading, cells.barcodes, where))


def _donors(raw: RawMultiome, reading: ReadOptions, barcodes: pd.Index, where: str) -> np.ndarray:
    """Return the donor of each cell: of the file's obs, else of the labels file."""
    key = reading.donor_key or ""
    columns = _columns_of_types(raw, key)
    if columns:
        name, column = next(iter(columns.items()))
        donors = column.astype(object).reindex(barcodes)
    elif reading.labels is not None:
        name, donors = str(reading.labels), read_labels(reading.labels, key).reindex(barcodes)
    else:
        raise _no_column(raw, key, where, "the donor", "--donor-key")
    if donors.isna().any():
        raise XbenchError(
            f"{where}: {int(donors.isna().sum())} cells, such as {donors.isna().idxmax()!r}, have "
            f"no {key!r} in {name}; name their donor, or leave --donor-key out"
        )
    return donors.astype(str).to_numpy(dtype=str)


def _typed_cells(raw: RawMultiome, reading: ReadOptions, where: str) -> CellTable:
    barcodes = raw.atac.obs.index
    rna_rows = _aligned_rows(raw, where)
    if reading.labels is None:
        types = _types_of_obs(raw, reading.cell_type_key, where)
        _tell_alike(types, where)
        return CellTable(barcodes, types, np.arange(len(barcodes)), rna_rows)
    labels = read_labels(reading.labels, reading.cell_type_key)
    rows = _labelled_rows(barcodes, labels, reading, where)
    types = labels.reindex(barcodes[rows]).to_numpy(dtype=str)
    _tell_alike(types, str(reading.labels))
    return CellTable(barcodes[rows], types, rows, rna_rows[rows])


def _aligned_rows(raw: RawMultiome, where: str) -> np.ndarray:
    """Return the row of `rna` that holds each cell of `atac`."""
    atac, rna = raw.atac.obs.index, raw.rna.obs.index
    for present, other, there, absent in ((atac, rna, "atac", "rna"), (rna, atac, "rna", "atac")):
        alone = present.difference(other)
        if len(alone):
            raise XbenchError(
                f"{where}: {len(alone)} barcodes of {there}, such as {alone[0]!r}, are not in "
                f"{absent}; {_common_stem(atac, rna)}"
            )
    return rna.get_indexer(atac)


# What pipelines put before and behind a barcode: _atac, -1, #rna_, sample1#.
_STEM = re.compile(r"(?<![ACGTacgt])([ACGTacgt]{8,})(?![ACGTacgt])")


def _common_stem(atac: pd.Index, rna: pd.Index) -> str:
    """Say what to do where barcodes differ: by what stands around one and the same sequence."""
    stems = [
        pd.Index([found[1] if (found := _STEM.search(name)) else "" for name in names])
        for names in (atac, rna)
    ]
    shared = stems[0].intersection(stems[1]).drop("", errors="ignore")
    if not len(shared) or 2 * len(shared) < min(len(atac), len(rna)):
        return "keep the cells that both have (mudata.pp.intersect_obs)"
    one = shared[0]
    here, there = (
        str(names[int(np.flatnonzero(stem == one)[0])])
        for names, stem in zip((atac, rna), stems, strict=True)
    )
    return (
        f"{len(shared):,} share their sequence, such as {here!r} and {there!r}: call them alike, "
        "adata.obs_names = adata.obs_names.str.extract('([ACGT]{8,})')[0] in both, if each is of "
        "one sample"
    )


def _types_of_obs(raw: RawMultiome, key: str, where: str) -> np.ndarray:
    """Return the type of each cell of `atac`: of the file's obs, else of rna's, else of atac's."""
    columns = _columns_of_types(raw, key)
    if not columns:
        raise _no_types(raw, key, where)
    cells = raw.atac.obs.index
    found = {
        name: as_cell_types(column, f"{where}: {name} column {key!r}").reindex(cells)
        for name, column in columns.items()
    }
    name, types = next(iter(found.items()))
    for other, theirs in found.items():
        _require_agreement((name, types), (other, theirs), key, where)
    missing = types.isna()
    if missing.any():
        words = missing_words(columns[name])
        written = f" (written {' or '.join(map(repr, words))})" if words else ""
        raise XbenchError(
            f"{where}: {int(missing.sum())} cells, such as {missing.idxmax()!r}, have no {key!r}"
            f"{written}; name their type or leave them out"
        )
    return types.to_numpy(dtype=str)


def _columns_of_types(raw: RawMultiome, key: str) -> dict[str, pd.Series]:
    """Return every column that is to hold the types, by the table that has it, the common first.

    MuData writes the columns of a modality into the common table too, as ``rna:cell_type``.
    """
    tables = {"obs": raw.obs, "rna's obs": raw.rna.obs, "atac's obs": raw.atac.obs}
    columns = {name: table[key] for name, table in tables.items() if key in table.columns}
    if not columns:
        copies = [name for name in (f"rna:{key}", f"atac:{key}") if name in raw.obs.columns]
        columns = {f"obs {name!r}": raw.obs[name] for name in copies}
    return columns


def _no_types(raw: RawMultiome, key: str, where: str) -> XbenchError:
    if not _obs_columns(raw):
        return XbenchError(
            f"{where}: holds no cell types; give a CSV or TSV file with a column of barcodes "
            "and one of cell types by --labels"
        )
    return _no_column(raw, key, where, "the cell type", "--cell-type-key")


def _no_column(raw: RawMultiome, key: str, where: str, what: str, option: str) -> XbenchError:
    there = ", ".join(_obs_columns(raw)) or "none"
    return XbenchError(
        f"{where}: no obs column {key!r} with {what}; there are: {there}; name one with {option}"
    )


def _obs_columns(raw: RawMultiome) -> list[str]:
    tables = [table for table in (raw.obs, raw.rna.obs, raw.atac.obs) if len(table)]
    return sorted({str(column) for table in tables for column in table.columns})


def _require_agreement(
    one: tuple[str, pd.Series], other: tuple[str, pd.Series], key: str, where: str
) -> None:
    """Refuse tables that name other types for a cell: it cannot be told which is right."""
    differ = one[1].notna() & other[1].notna() & (one[1] != other[1])
    if differ.any():
        cell = str(differ.idxmax())
        raise XbenchError(
            f"{where}: {one[0]} and {other[0]} name other types in {key!r} for "
            f"{int(differ.sum()):,} cells, such as {cell!r} ({one[1][cell]!r} and "
            f"{other[1][cell]!r}); make them agree, or give the types by --labels"
        )


def _tell_alike(types: np.ndarray, where: str) -> None:
    for group in alike_but_for_case(types):
        warnings.warn(
            f"{where}: {' and '.join(map(repr, group))} differ in letter case only and are taken "
            "for different cell types; write them alike if they are one",
            XbenchWarning,
            stacklevel=3,
        )


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


# By which name barcodes go, the surest first; the last ones are only hints that rows are named.
_BARCODE_COLUMNS = ("barcode", "barcodes", "cell_barcode", "cell_id", "cellid")
_IDENTIFIERS = (*_BARCODE_COLUMNS, "cell", "cells", "cell.id", "cell_name", "id", "index", "name")


def read_labels(path: Path, cell_type_key: str) -> pd.Series:
    r"""Read the cell type of each barcode.

    Parameters
    ----------
    path
        A table with a header (see `xbench.data.headed_table`), gzipped or not. Barcodes stand in
        the column called ``barcode``, ``cell_barcode`` or ``cell_id``, in any letter case, else in
        the first one.
    cell_type_key
        The column with the cell types.

    Returns
    -------
    Cell types indexed by barcode; barcodes whose type is missing are left out.

    Raises
    ------
    XbenchError
        The file is absent or damaged, lacks the column or has it twice, names a barcode twice, or
        holds no type.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "labels.csv"
    ...     _ = file.write_text("barcode,cell_type\nAAAC-1,Oligo\nAAAG-1,\n")
    ...     read_labels(file, "cell_type").to_dict()
    {'AAAC-1': 'Oligo'}
    """
    if not path.exists():
        raise XbenchError(
            f"{path}: no such file; give a CSV or TSV file of barcodes and cell types"
        )
    table = read_headed(path, _IDENTIFIERS, (cell_type_key,))
    named = list(table.columns)
    if cell_type_key not in named:
        there = ", ".join(name for name in named if name)
        raise XbenchError(
            f"{path}: no column {cell_type_key!r} with the cell type; there are: {there:.200}; "
            "name one with --cell-type-key, or write a first line with the names of the columns"
        )
    if named.count(cell_type_key) > 1:
        raise XbenchError(f"{path}: has two columns {cell_type_key!r}; keep one")
    column = table[cell_type_key]
    types = as_cell_types(column, f"{path}: column {cell_type_key!r}")
    barcodes = table.iloc[:, _barcode_column(named, path)]
    labels = pd.Series(types.to_numpy(), index=pd.Index(barcodes), dtype=object)
    labels = labels[labels.notna() & (labels.index != "")]
    if labels.empty:
        raise XbenchError(
            f"{path}: column {cell_type_key!r} names no cell type; name another column with "
            "--cell-type-key"
        )
    if words := missing_words(column):
        warnings.warn(
            f"{path}: {' and '.join(map(repr, words))} in column {cell_type_key!r} is taken for a "
            "type that is not known",
            XbenchWarning,
            stacklevel=2,
        )
    _require_names(labels.index, path)
    require_unique(labels.index, "barcode", str(path))
    return labels.astype(str)


def _barcode_column(columns: list[str], path: Path) -> int:
    """Return the number of the column with the barcodes."""
    lower = [name.lower() for name in columns]
    for name in _BARCODE_COLUMNS:
        if lower.count(name) > 1:
            raise XbenchError(f"{path}: has two columns {name!r}; keep the one with the barcodes")
        if name in lower:
            return lower.index(name)
    return 0


def _require_names(barcodes: pd.Index, path: Path) -> None:
    """Refuse a first column that only counts the rows: 1, 2, 3 are no barcodes."""
    counted = [str(number) for number in range(len(barcodes) + 1)]
    if len(barcodes) > 1 and list(barcodes) in (counted[1:], counted[:-1]):
        raise XbenchError(
            f"{path}: its first column numbers the rows, and none is called 'barcode'; give the "
            "column of barcodes that name"
        )
