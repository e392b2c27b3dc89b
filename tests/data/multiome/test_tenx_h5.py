"""CellRanger ARC's .h5: what is in it, and every way it can be wrong."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import product
from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy import sparse

from xbench.data.multiome import cellranger as tenx_h5
from xbench.data.multiome import read_multiome
from xbench.data.multiome.layout import read_raw
from xbench.data.multiome.validate import validate
from xbench.data.read_options import ReadOptions
from xbench.errors import XbenchWarning

from ...slow_rest import rest_slow
from .refusals import refusal
from .small_layouts import BARCODES, SmallMultiome, small_multiome, write_labels, write_tenx_h5

Spoiler = Callable[[h5py.File], None]


@pytest.fixture
def data() -> SmallMultiome:
    return small_multiome()


@pytest.fixture
def path(tmp_path: Path, data: SmallMultiome) -> Path:
    return write_tenx_h5(data, tmp_path)


@pytest.fixture
def labels(tmp_path: Path, data: SmallMultiome) -> Path:
    return write_labels(data, tmp_path)


@pytest.mark.parametrize("chunk", rest_slow([1, 40, 1 << 24], 2))
def test_stretches_of_cells_make_the_whole(
    chunk: int, path: Path, data: SmallMultiome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tenx_h5, "CHUNK", chunk)
    raw = read_raw(path)
    assert np.array_equal(raw.atac.X.toarray(), data.atac)
    assert np.array_equal(raw.rna.X.toarray(), data.rna)
    assert raw.atac.X.indices.dtype == np.int32


# Each value once, each chunk at least once.
LARGE = {(300, 1), (70_000, 1 << 22), (-1, 1)}


@pytest.mark.parametrize(
    ("value", "chunk"), rest_slow(product((300, 70_000, -1), (1, 1 << 22)), LARGE)
)
def test_large_counts(
    value: int,
    chunk: int,
    tmp_path: Path,
    data: SmallMultiome,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tenx_h5, "CHUNK", chunk)
    data.rna[4, 2] = value
    raw = read_raw(write_tenx_h5(data, tmp_path))
    assert np.array_equal(raw.rna.X.toarray(), data.rna)
    assert np.array_equal(raw.atac.X.toarray(), data.atac)
    assert raw.atac.X.dtype == np.uint8


def test_entries_that_are_there_twice_are_summed(path: Path, data: SmallMultiome) -> None:
    with h5py.File(path, "r+") as file:
        file["matrix/indices"][:2] = [0, 0]
        file["matrix/data"][:2] = [200, 100]
    assert read_raw(path).rna.X[0, 0] == 300


def test_cells_without_any_count(tmp_path: Path, data: SmallMultiome) -> None:
    data.atac[3], data.rna[3], data.atac[-1], data.rna[-1] = 0, 0, 0, 0
    raw = read_raw(write_tenx_h5(data, tmp_path))
    assert np.array_equal(raw.atac.X.toarray(), data.atac)


def test_other_feature_types_are_left_alone(path: Path, data: SmallMultiome) -> None:
    with h5py.File(path, "r+") as file:
        file["matrix/features/feature_type"][1] = b"Antibody Capture"
    raw = read_raw(path)
    assert raw.rna.var.index.tolist() == [data.symbols[0], *data.symbols[2:]]
    assert np.array_equal(raw.rna.X.toarray(), data.rna[:, [0, 2, 3]])


def test_genes_that_share_a_symbol_go_by_their_id(tmp_path: Path, data: SmallMultiome) -> None:
    data.symbols = ["Mog", "GAD1", "Mog", "Plp1"]
    raw = read_raw(write_tenx_h5(data, tmp_path))
    assert raw.rna.var.index.tolist() == ["Mog", "GAD1", "ENSG03", "Plp1"]
    assert raw.remarks == ("genes that share the symbol of one before them, and go by their id: 1",)


def test_a_symbol_that_is_the_id_of_another_gene(
    tmp_path: Path, data: SmallMultiome, labels: Path
) -> None:
    data.symbols = ["Mog", "ENSG03", "Mog", "Plp1"]
    message = refusal(write_tenx_h5(data, tmp_path), labels=labels)
    assert "rna: feature name 'ENSG03' occurs twice" in message


def test_scaffolds_are_left_out_and_said(tmp_path: Path, data: SmallMultiome, labels: Path) -> None:
    data.peaks = [
        "chr1:1-5",
        "chrM:1-5",
        "GL000194.1:1-5",
        "chr2:1-5",
        "chrX:1-5",
        "KI270711.1:1-5",
    ]
    path = write_tenx_h5(data, tmp_path)
    reading = ReadOptions(labels=labels, binarize=True)
    with pytest.warns(XbenchWarning, match="atac: 3 of 6 peaks lie on scaffolds or the mitoch"):
        dataset = read_multiome(path, name="user", reading=reading)
    assert dataset.features.names.tolist() == ["chr1:1-5", "chr2:1-5", "chrX:1-5"]
    assert np.array_equal(dataset.X.toarray(), data.atac[:, [0, 3, 4]] > 0)  # type: ignore[union-attr]


@pytest.mark.filterwarnings("ignore::xbench.errors.XbenchWarning")
def test_only_scaffolds(tmp_path: Path, data: SmallMultiome, labels: Path) -> None:
    data.peaks = [f"chrM:{number}-{number + 1}" for number in range(6)]
    message = refusal(write_tenx_h5(data, tmp_path), labels=labels)
    assert "atac: no peak is left: none on a chromosome" in message


def test_no_labels(path: Path) -> None:
    message = refusal(path)
    assert "holds no cell types; give a CSV or TSV file with a column of barcodes" in message
    assert message.endswith("by --labels")


def test_counts_without_binarize(path: Path, labels: Path) -> None:
    message = refusal(path, labels=labels, binarize=False)
    assert "atac: X holds 2, but peaks must be 0 (closed) or 1 (open); pass --binarize" in message


def test_peaks_of_another_build(tmp_path: Path, data: SmallMultiome, labels: Path) -> None:
    data.peaks[1] = "chr1:249000000-249000500"
    message = refusal(write_tenx_h5(data, tmp_path), labels=labels)
    assert (
        "atac: chr1:249,000,000-249,000,500 lies past the end of chr1 in hg38 (248,956,422), "
        "1 such in all; another build (hg19 would fit)? lift the coordinates over to hg38"
    ) in message


def test_genes_of_another_build(tmp_path: Path, data: SmallMultiome, labels: Path) -> None:
    data.places[3] = ("chrX", 156_040_000, 156_040_896)
    message = refusal(write_tenx_h5(data, tmp_path), labels=labels)
    assert "rna: chrX:156,040,000-156,040,896 lies past the end of chrX in hg38 (1" in message


def test_the_build_that_is_needed(path: Path, labels: Path) -> None:
    message = refusal(path, labels=labels, genome="mm10")
    assert "its coordinates are of hg38, but mm10 is needed" in message
    reading = ReadOptions(labels=labels, binarize=True)
    assert read_multiome(path, name="user", reading=reading, genome="GRCh38").genome == "GRCh38"


def drop_peaks(file: h5py.File) -> None:
    kinds = file["matrix/features/feature_type"]
    kinds[:] = [b"Gene Expression"] * len(kinds)


def two_species(file: h5py.File) -> None:
    file["matrix/features/genome"][0] = b"mm10"


def another_shape(file: h5py.File) -> None:
    file["matrix/shape"][:] = [10, 31]


def index_out_of_range(file: h5py.File) -> None:
    file["matrix/indices"][5] = 10


def negative_index(file: h5py.File) -> None:
    file["matrix/indices"][5] = -1


def falling_pointers(file: h5py.File) -> None:
    file["matrix/indptr"][3] = 10_000


def short_indices(file: h5py.File) -> None:
    indices = file["matrix/indices"][:-1]
    del file["matrix/indices"]
    file["matrix/indices"] = indices


def lost_features(file: h5py.File) -> None:
    del file["matrix/features"]


def fewer_names(file: h5py.File) -> None:
    names = file["matrix/features/name"][:-1]
    del file["matrix/features/name"]
    file["matrix/features/name"] = names


def old_format(file: h5py.File) -> None:
    file.move("matrix", "GRCh38")


def same_peak(file: h5py.File) -> None:
    file["matrix/features/id"][-1] = file["matrix/features/id"][-2]


def same_barcode(file: h5py.File) -> None:
    file["matrix/barcodes"][1] = file["matrix/barcodes"][0]


def fraction(file: h5py.File) -> None:
    values = file["matrix/data"][:].astype(np.float32)
    values[0] = 0.5
    del file["matrix/data"]
    file["matrix/data"] = values


SPOILERS: dict[str, Spoiler] = {
    "no feature of type 'Peaks'; there are: Gene Expression; give the output of": drop_peaks,
    "features of several genomes (GRCh38, mm10); give a file of one species": two_species,
    "matrix is said to be 10 x 31, but there are 10 features and 30 barcodes": another_shape,
    "cannot be read (matrix/indices names features that there are not)": index_out_of_range,
    "cannot be read (matrix/indices names features that there are not) ": negative_index,
    "cannot be read (matrix/indptr does not count up": falling_pointers,
    "matrix is damaged: its parts do not fit": short_indices,
    "cannot be read (": lost_features,
    "cannot be read ( ": fewer_names,
    "no group 'matrix', so not a feature-barcode matrix": old_format,
    "atac: feature name 'chr10:300-800' occurs twice": same_peak,
    f"barcode '{BARCODES[0]}' occurs twice": same_barcode,
    "rna: X holds 0.5, which is no whole number": fraction,
}


@pytest.mark.parametrize("said", rest_slow(SPOILERS, 4))
def test_a_spoilt_file(said: str, path: Path, labels: Path) -> None:
    with h5py.File(path, "r+") as file:
        SPOILERS[said](file)
    assert said.strip() in refusal(path, labels=labels)


def test_whole_numbers_stored_as_floats(path: Path, labels: Path) -> None:
    reading = ReadOptions(labels=labels, binarize=True)
    before = read_multiome(path, name="user", reading=reading).digest
    with h5py.File(path, "r+") as file:
        values = file["matrix/data"][:].astype(np.float64)
        del file["matrix/data"]
        file["matrix/data"] = values
    assert read_multiome(path, name="user", reading=reading).digest == before


@pytest.mark.parametrize("share", rest_slow([0.02, 0.5, 0.99], (0.02, 0.99)))
def test_truncated(share: float, path: Path, labels: Path) -> None:
    os.truncate(path, int(path.stat().st_size * share))
    assert "not an HDF5 file, or cut short" in refusal(path, labels=labels)


def test_damaged_bytes(path: Path, labels: Path) -> None:
    content = bytearray(path.read_bytes())
    for place in range(1500, len(content), 997):
        content[place] ^= 0xFF
    path.write_bytes(bytes(content))
    assert refusal(path, labels=labels)


def test_stored_zeros_and_unsorted_rows(path: Path, labels: Path) -> None:
    reading = ReadOptions(labels=labels, binarize=True)
    before = read_multiome(path, name="user", reading=reading).digest
    with h5py.File(path, "r+") as file:
        first, last = file["matrix/indptr"][:2]
        for name in ("data", "indices"):
            file[f"matrix/{name}"][first:last] = file[f"matrix/{name}"][first:last][::-1]
    assert read_multiome(path, name="user", reading=reading).digest == before


def test_memory_is_bounded_by_what_is_stored(tmp_path: Path) -> None:
    import tracemalloc

    n_cells, n_peaks, stored = 10_000, 10_000, 100_000
    generator = np.random.default_rng(0)
    rows, columns = generator.integers(0, n_cells, stored), generator.integers(0, n_peaks, stored)
    matrix = sparse.csr_matrix((np.ones(stored, np.int32), (columns, rows)), (n_peaks, n_cells))
    matrix = matrix.tocsc()
    path = tmp_path / "wide.h5"
    with h5py.File(path, "w") as file:
        group = file.create_group("matrix")
        group["barcodes"] = np.array([f"b{number}" for number in range(n_cells)], dtype="S")
        for name in ("data", "indices", "indptr"):
            group[name] = getattr(matrix, name)
        group["shape"] = np.array(matrix.shape)
        features = group.create_group("features")
        names = [f"chr{n % 22 + 1}:{n}-{n + 1}" for n in range(n_peaks)]
        features["id"] = features["name"] = np.array(names, dtype="S")
        kinds = ["Gene Expression"] * 100 + ["Peaks"] * (n_peaks - 100)
        features["feature_type"] = np.array(kinds, dtype="S")
        features["genome"] = np.array([""] * n_peaks, dtype="S1")
    tracemalloc.start()
    raw = read_raw(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert raw.atac.X.nnz + raw.rna.X.nnz == matrix.nnz
    assert raw.genome is None
    # As one array of bytes the matrix alone would take 100 MB.
    assert peak < 25e6


def test_accessions_say_more_than_the_name_of_a_reference(
    tmp_path: Path, data: SmallMultiome, labels: Path
) -> None:
    accessions = {"chr1": "NC_000001.11", "chr2": "NC_000002.12", "chrX": "X", "chr10": "10"}

    def renamed(peak: str) -> str:
        chrom, _, span = peak.partition(":")
        return f"{accessions[chrom]}:{span}"

    data.peaks = [renamed(peak) for peak in data.peaks]
    path = write_tenx_h5(data, tmp_path, genome="ASM1")
    reading = ReadOptions(labels=labels, binarize=True)
    dataset = read_multiome(path, name="user", reading=reading)
    assert dataset.genome == "hg38"
    assert dataset.features.blocks()[0] == ["chr1", "chr2", "chr10", "chrX"]
    assert validate(path, reading).will_do
    path = write_tenx_h5(data, tmp_path, genome="hg19")
    message = refusal(path, labels=labels)
    assert "its chromosomes are named as of hg38, but its coordinates are to be of hg19" in message
