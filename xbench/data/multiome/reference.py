"""Layout: the files of the paper's reference implementation (``protocol.md`` names them).

``train_atac.npz`` and ``train_rna.npz`` (SciPy CSR, cells x features), ``labels.txt`` (barcode and
cell type), ``atac_peaks.bed``, ``gene_list.txt``, and ``gene.regions.BUILD.bed`` if there is one.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from xbench.data.genome import build_name
from xbench.data.multiome.raw import Modality, RawMultiome
from xbench.data.open_files import opened_npz
from xbench.data.preprocess import checked_sparse
from xbench.data.text_table import read_tsv
from xbench.errors import XbenchError

MATRICES = {"atac": "train_atac.npz", "rna": "train_rna.npz"}
_BED_COMMENTS = ("#", "track", "browser")
# The columns that the BED format allows.
_BED_WIDTHS = range(3, 13)


def read_reference_files(folder: Path) -> RawMultiome:
    """Read the files of the reference layout.

    The protocol does not say whether ``train_rna.npz`` holds counts. If all its numbers are whole
    they are taken as counts; else as log1p of counts scaled to 1e5 a cell, if none is larger than
    such a number can be.

    Raises
    ------
    XbenchError
        A file is absent, damaged or cut short, or their lengths do not fit.
    """
    atac, rna = (_matrix(folder, name) for name in ("atac", "rna"))
    labels = read_tsv(_file(folder, "labels.txt"), widths=range(2, 10))
    obs = pd.DataFrame({"cell_type": labels[1].to_numpy()}, index=pd.Index(labels[0]))
    peaks = _peaks(_file(folder, "atac_peaks.bed"))
    symbols = pd.Index(read_tsv(_file(folder, "gene_list.txt"), widths=(1,))[0])
    genes, genome = _placed(folder, symbols)
    for name, matrix, var in (("atac", atac, peaks), ("rna", rna, genes)):
        _require_fitting(folder, name, matrix.shape, (len(obs), len(var)))
    return RawMultiome(
        Modality(atac, obs, peaks),
        Modality(rna, obs, genes),
        genome=genome,
        normalised=_is_normalised(rna, folder / MATRICES["rna"]),
    )


def _file(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        raise XbenchError(
            f"{folder}: no file {name}; the reference layout needs {', '.join(MATRICES.values())}, "
            "labels.txt, atac_peaks.bed and gene_list.txt"
        )
    return path


def _matrix(folder: Path, modality: str) -> sparse.csr_matrix:
    path = _file(folder, MATRICES[modality])
    with opened_npz(path) as parts:
        kind = parts["format"].item()
        if kind not in (b"csr", "csr"):
            raise XbenchError(f"{path}: a {kind} matrix; save it by scipy.sparse.save_npz as csr")
        shape = tuple(int(length) for length in parts["shape"])
        entries = (parts["data"], parts["indices"], parts["indptr"])
        checked: sparse.csr_matrix = checked_sparse(sparse.csr_matrix(entries, shape=shape))
        return checked


def _peaks(path: Path) -> pd.DataFrame:
    table = read_tsv(path, _BED_WIDTHS, _BED_COMMENTS)
    places = table.iloc[:, :3].set_axis(["chrom", "start", "end"], axis="columns")
    return places.set_index(places["chrom"] + ":" + places["start"] + "-" + places["end"])


def _placed(folder: Path, symbols: pd.Index) -> tuple[pd.DataFrame, str | None]:
    """Return the places of the genes that have one, and the build that the file's name holds."""
    found = sorted(path for path in folder.glob("gene.regions.*.bed") if path.name[0] != ".")
    if not found:
        return pd.DataFrame(index=symbols), None
    if len(found) > 1:
        raise XbenchError(
            f"{folder}: several files of gene regions ({', '.join(path.name for path in found)}); "
            "keep the one of the peaks' build"
        )
    table = read_tsv(found[0], range(4, 13), _BED_COMMENTS)
    regions = table.iloc[:, :4].set_axis(["chrom", "start", "end", "symbol"], axis="columns")
    # A symbol on both X and Y, or of several genes: the first, as the reference's files list it.
    regions = regions.drop_duplicates("symbol").set_index("symbol")
    build = found[0].name.removeprefix("gene.regions.").removesuffix(".bed")
    return regions.reindex(symbols), build_name(build)


def _require_fitting(
    folder: Path, modality: str, shape: tuple[int, ...], expected: tuple[int, int]
) -> None:
    tables = {"atac": "atac_peaks.bed", "rna": "gene_list.txt"}
    for length, wanted, table in zip(
        shape, expected, ("labels.txt", tables[modality]), strict=True
    ):
        if length != wanted:
            what = "rows" if table == "labels.txt" else "columns"
            raise XbenchError(
                f"{folder}: {MATRICES[modality]} has {length} {what}, but {table} has {wanted} "
                "lines; use files that were written together"
            )


def _is_normalised(expression: sparse.csr_matrix, path: Path) -> bool:
    values = expression.data
    if values.dtype.kind != "f" or not np.isfinite(values).all() or not (values % 1 > 0).any():
        return False
    largest = float(values.max())
    if largest > np.log1p(1e5) + 1e-3:
        raise XbenchError(
            f"{path}: holds fractions and {largest:g}, so neither counts nor log1p of counts "
            "scaled to 1e5 a cell; store one of them"
        )
    return True
