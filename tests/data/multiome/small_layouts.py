"""The same small multiome, written in every layout as the programs that make them write it."""

from __future__ import annotations

import gzip
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anndata
import h5py
import mudata
import numpy as np
import pandas as pd
import scipy.io
from scipy import sparse

N_CELLS = 30
BARCODES = [f"{a}{b}{c}ACGT-1" for a in "ACG" for b in "ACGTN" for c in "AC"]
TYPES = ["Oligo"] * 15 + ["Astro"] * 15
# By chromosome and start, as every layout but a user's own has them.
PEAKS = [
    *("chr1:100-600", "chr1:2000-2500", "chr2:50-550", "chr2:900-1400"),
    *("chr10:300-800", "chrX:70-570"),
]
SYMBOLS = ["Mog", "AC0001.1", "GAD1", "Plp1"]
IDS = ["ENSG01", "ENSG02", "ENSG03", "ENSG04"]
# Where each gene lies; the second has no known place.
PLACES = [("chr1", 90, 700), None, ("chr2", 1000, 1300), ("chrX", 100, 5000)]


@dataclass
class SmallMultiome:
    """Counts of both modalities, and what rows and columns are."""

    atac: np.ndarray
    rna: np.ndarray
    barcodes: list[str] = field(default_factory=lambda: list(BARCODES))
    types: list[str] = field(default_factory=lambda: list(TYPES))
    peaks: list[str] = field(default_factory=lambda: list(PEAKS))
    symbols: list[str] = field(default_factory=lambda: list(SYMBOLS))
    ids: list[str] = field(default_factory=lambda: list(IDS))
    places: list[tuple[str, int, int] | None] = field(default_factory=lambda: list(PLACES))

    @property
    def obs(self) -> pd.DataFrame:
        return pd.DataFrame({"cell_type": self.types}, index=self.barcodes)

    def labels(self) -> pd.DataFrame:
        return pd.DataFrame({"barcode": self.barcodes, "cell_type": self.types})


def small_multiome(seed: int = 0) -> SmallMultiome:
    generator = np.random.default_rng(seed)
    atac = generator.integers(0, 3, (N_CELLS, len(PEAKS))) * (
        generator.random((N_CELLS, len(PEAKS))) < 0.6
    )
    rna = generator.poisson(3, (N_CELLS, len(SYMBOLS)))
    rna[:, 0] += 1
    return SmallMultiome(atac, rna)


def write_h5mu(data: SmallMultiome, folder: Path) -> Path:
    path = folder / "small.h5mu"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mudata.MuData({"atac": atac_of(data), "rna": rna_of(data)}).write_h5mu(path)
    return path


def write_h5ad_pair(data: SmallMultiome, folder: Path) -> Path:
    pair = folder / "pair"
    pair.mkdir()
    atac, rna = atac_of(data), rna_of(data)
    del atac.obs["cell_type"]
    atac.write_h5ad(pair / "small_atac.h5ad", compression="gzip")
    rna[::-1].copy().write_h5ad(pair / "small_rna.h5ad")
    return pair


def write_tenx_h5(data: SmallMultiome, folder: Path, genome: str = "GRCh38") -> Path:
    """As CellRanger ARC does: features by cells, column by column, strings of fixed length."""
    path = folder / "filtered_feature_bc_matrix.h5"
    matrix = sparse.csc_matrix(np.hstack([data.rna, data.atac]).T)
    table = feature_table(data)
    with h5py.File(path, "w") as file:
        group = file.create_group("matrix")
        group["barcodes"] = np.array(data.barcodes, dtype="S")
        group.create_dataset("data", data=matrix.data.astype(np.int32), compression="gzip")
        group.create_dataset("indices", data=matrix.indices.astype(np.int64), compression="gzip")
        group["indptr"] = matrix.indptr.astype(np.int64)
        group["shape"] = np.array(matrix.shape, dtype=np.int32)
        features = group.create_group("features")
        features["_all_tag_keys"] = np.array(["genome", "interval"], dtype="S")
        for name in ("id", "name", "feature_type"):
            features[name] = np.array(table[name].tolist(), dtype="S")
        features["genome"] = np.array([genome] * len(table), dtype="S")
        features["interval"] = np.array([interval_text(row) for row in table["place"]], dtype="S")
    return path


def write_mtx_folder(data: SmallMultiome, folder: Path, prefix: str = "") -> Path:
    made = folder / f"mtx{prefix}"
    made.mkdir()
    table = feature_table(data)
    matrix = sparse.coo_matrix(np.hstack([data.rna, data.atac]).T)
    with gzip.open(made / f"{prefix}matrix.mtx.gz", "wb") as file:
        scipy.io.mmwrite(file, matrix, field="integer")
    lines = [
        "\t".join([row.id, row.name, row.feature_type, *map(str, row.place or ("", "", ""))])
        for row in table.itertuples(index=False, name="Row")
    ]
    write_gzip(made / f"{prefix}features.tsv.gz", lines)
    write_gzip(made / f"{prefix}barcodes.tsv.gz", data.barcodes)
    return made


def write_reference(data: SmallMultiome, folder: Path) -> Path:
    made = folder / "reference"
    made.mkdir()
    sparse.save_npz(made / "train_atac.npz", sparse.csr_matrix((data.atac > 0).astype(np.float32)))
    sparse.save_npz(made / "train_rna.npz", sparse.csr_matrix(data.rna.astype(np.float32)))
    pairs = zip(data.barcodes, data.types, strict=True)
    write_lines(made / "labels.txt", [f"{barcode}\t{kind}" for barcode, kind in pairs])
    write_lines(made / "atac_peaks.bed", [peak_line(peak) for peak in data.peaks])
    write_lines(made / "gene_list.txt", data.symbols)
    regions = [
        "\t".join([*map(str, place), symbol])
        for symbol, place in zip(data.symbols, data.places, strict=True)
        if place is not None
    ]
    # The file of the reference holds every gene of the genome, not only those of the list.
    write_lines(made / "gene.regions.hg38.bed", ["chr7\t5\t9\tElsewhere", *regions])
    return made


WRITERS: dict[str, Callable[[SmallMultiome, Path], Path]] = {
    "h5mu": write_h5mu,
    "h5ad pair": write_h5ad_pair,
    "10x h5": write_tenx_h5,
    "mtx": write_mtx_folder,
    "reference": write_reference,
}


def write_labels(data: SmallMultiome, folder: Path) -> Path:
    path = folder / "labels.csv"
    data.labels().to_csv(path, index=False)
    return path


def atac_of(data: SmallMultiome) -> anndata.AnnData:
    var = pd.DataFrame(index=data.peaks)
    return anndata.AnnData(sparse.csr_matrix(data.atac.astype(np.float32)), data.obs, var)


def rna_of(data: SmallMultiome) -> anndata.AnnData:
    places = [place or (None, np.nan, np.nan) for place in data.places]
    var = pd.DataFrame(places, columns=["chrom", "start", "end"], index=data.symbols)
    return anndata.AnnData(sparse.csr_matrix(data.rna.astype(np.float32)), data.obs, var)


def feature_table(data: SmallMultiome) -> pd.DataFrame:
    """Genes, then peaks, as CellRanger ARC lists them."""
    peaks: list[dict[str, Any]] = [
        {"id": peak, "name": peak, "feature_type": "Peaks", "place": place_of(peak)}
        for peak in data.peaks
    ]
    genes = [
        {"id": key, "name": symbol, "feature_type": "Gene Expression", "place": place}
        for key, symbol, place in zip(data.ids, data.symbols, data.places, strict=True)
    ]
    return pd.DataFrame([*genes, *peaks])


def place_of(peak: str) -> tuple[str, int, int]:
    chrom, _, span = peak.partition(":")
    start, _, end = span.partition("-")
    return chrom, int(start), int(end)


def peak_line(peak: str) -> str:
    return "\t".join(map(str, place_of(peak)))


def interval_text(place: tuple[str, int, int] | None) -> str:
    return "NA" if place is None else "{}:{}-{}".format(*place)


def write_lines(path: Path, lines: list[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines))


def write_gzip(path: Path, lines: list[str]) -> None:
    path.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode()))
