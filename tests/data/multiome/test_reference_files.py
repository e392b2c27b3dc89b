"""The reference's files: what is in them, and every way they can be wrong."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from xbench.data.multiome import read_multiome
from xbench.data.read_options import ReadOptions
from xbench.errors import XbenchWarning

from .refusals import refusal
from .small_layouts import SmallMultiome, peak_line, small_multiome, write_lines, write_reference


@pytest.fixture
def data() -> SmallMultiome:
    return small_multiome()


@pytest.fixture
def folder(tmp_path: Path, data: SmallMultiome) -> Path:
    return write_reference(data, tmp_path)


def log_normalised(data: SmallMultiome, scale: float = 1e5) -> np.ndarray:
    return np.log1p(data.rna / data.rna.sum(axis=1, keepdims=True) * scale).astype(np.float32)


def test_expression_that_is_normalised_already(folder: Path, data: SmallMultiome) -> None:
    before = read_multiome(folder, name="user")
    sparse.save_npz(folder / "train_rna.npz", sparse.csr_matrix(log_normalised(data)))
    with pytest.warns(XbenchWarning, match="rna: holds fractions, so it is taken as log1p of"):
        after = read_multiome(folder, name="user")
    assert before.Y is not None
    assert after.Y is not None
    np.testing.assert_allclose(after.Y.toarray(), before.Y.toarray(), rtol=1e-6)
    assert after.Y.dtype == np.float32


@pytest.mark.filterwarnings("ignore::xbench.errors.XbenchWarning")
def test_variable_genes_of_normalised_expression(folder: Path, data: SmallMultiome) -> None:
    before = read_multiome(folder, name="user", reading=ReadOptions(variable_genes=3))
    sparse.save_npz(folder / "train_rna.npz", sparse.csr_matrix(log_normalised(data)))
    after = read_multiome(folder, name="user", reading=ReadOptions(variable_genes=3))
    assert after.output_features.names.tolist() == before.output_features.names.tolist()
    assert after.n_outputs == 3


def test_neither_counts_nor_log1p(folder: Path, data: SmallMultiome) -> None:
    scaled = data.rna / data.rna.sum(axis=1, keepdims=True) * 1e5
    sparse.save_npz(folder / "train_rna.npz", sparse.csr_matrix(scaled))
    message = refusal(folder)
    assert "train_rna.npz: holds fractions and " in message
    assert "so neither counts nor log1p of counts scaled to 1e5 a cell; store one" in message


def test_counts_of_peaks(folder: Path, data: SmallMultiome) -> None:
    sparse.save_npz(folder / "train_atac.npz", sparse.csr_matrix(data.atac))
    assert "atac: X holds 2, but peaks must be 0" in refusal(folder, binarize=False)


def test_without_gene_regions(folder: Path) -> None:
    (folder / "gene.regions.hg38.bed").unlink()
    dataset = read_multiome(folder, name="user")
    assert not dataset.output_features.has_coordinates
    assert dataset.genome is None


def test_gene_regions_name_the_build(folder: Path, data: SmallMultiome) -> None:
    (folder / "gene.regions.hg38.bed").rename(folder / "gene.regions.GRCh37.bed")
    assert read_multiome(folder, name="user").genome == "hg19"
    data.peaks[1] = "chr1:249200000-249260000"
    write_lines(folder / "atac_peaks.bed", [peak_line(peak) for peak in data.peaks])
    message = refusal(folder)
    assert "chr1:249,200,000-249,260,000 lies past the end of chr1 in hg19 (249,250,621)" in message


def test_two_files_of_gene_regions(folder: Path) -> None:
    (folder / "gene.regions.mm10.bed").touch()
    message = refusal(folder)
    assert "several files of gene regions (gene.regions.hg38.bed, gene.regions.mm10.bed)" in message


def test_the_first_region_of_a_symbol_counts(folder: Path) -> None:
    with (folder / "gene.regions.hg38.bed").open("a") as file:
        file.write("chrY\t1\t2\tPlp1\n")
    place = read_multiome(folder, name="user").target("Oligo", "Plp1").interval
    assert place is not None
    assert place.chrom == "chrX"


def test_bed_comments_and_further_columns(folder: Path, data: SmallMultiome) -> None:
    before = read_multiome(folder, name="user").digest
    lines = [f"{peak_line(peak)}\tname\t0" for peak in data.peaks]
    write_lines(folder / "atac_peaks.bed", ["# peaks", "track name=x", "", *lines])
    assert read_multiome(folder, name="user").digest == before


def test_peaks_in_the_order_of_the_reference(folder: Path, data: SmallMultiome) -> None:
    # chr10 before chr2, as the file of the paper has it.
    order = [0, 1, 4, 2, 3, 5]
    before = read_multiome(folder, name="user").digest
    write_lines(folder / "atac_peaks.bed", [peak_line(data.peaks[peak]) for peak in order])
    matrix = sparse.csr_matrix((data.atac > 0)[:, order].astype(np.float32))
    sparse.save_npz(folder / "train_atac.npz", matrix)
    assert read_multiome(folder, name="user").digest == before


@pytest.mark.parametrize(
    "name", ["train_atac.npz", "train_rna.npz", "labels.txt", "atac_peaks.bed", "gene_list.txt"]
)
def test_absent_file(name: str, folder: Path) -> None:
    (folder / name).unlink()
    assert f"no file {name}; the reference layout needs train_atac.npz" in refusal(folder)


def drop_last_line(path: Path) -> None:
    write_lines(path, path.read_text().splitlines()[:-1])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("labels.txt", "train_atac.npz has 30 rows, but labels.txt has 29 lines; use files"),
        ("atac_peaks.bed", "train_atac.npz has 6 columns, but atac_peaks.bed has 5 lines"),
        ("gene_list.txt", "train_rna.npz has 4 columns, but gene_list.txt has 3 lines"),
    ],
)
def test_tables_that_do_not_fit(name: str, said: str, folder: Path) -> None:
    drop_last_line(folder / name)
    assert said in refusal(folder)


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("atac_peaks.bed", "chr2\t50\t550", "chr2\t50", "atac_peaks.bed: line 3 has 2 columns but"),
        ("atac_peaks.bed", "chr1\t100\t600", "chr1:100-600", "line 1 has 1 columns but must have"),
        ("atac_peaks.bed", "chr2\t50\t550", "chr2\tx\t550", "column 'start' holds 'x'; give whole"),
        ("atac_peaks.bed", "chr2\t50\t550", "chr2\t550\t50", "ends at 50 but starts at 550"),
        ("atac_peaks.bed", "chr2\t50\t", "chr2\t900\t", "'chr2:900-550' ends at 550 but starts"),
        ("atac_peaks.bed", "chr2\t50\t550", "chr2\t900\t1400", "'chr2:900-1400' occurs twice"),
        ("gene_list.txt", "GAD1", "Mog", "rna: feature name 'Mog' occurs twice"),
        ("gene_list.txt", "GAD1", "GAD1\t7", "gene_list.txt: line 3 has 2 columns but must have 1"),
        ("labels.txt", "AAAACGT-1\tOligo", "AAAACGT-1", "labels.txt: line 1 has 1 columns but"),
        ("labels.txt", "AAAACGT-1\tOligo", "AAAACGT-1\t", "1 cells, such as 'AAAACGT-1', have no"),
        ("labels.txt", "AAAACGT-1", "AACACGT-1", "barcode 'AACACGT-1' occurs twice"),
        (
            "gene.regions.hg38.bed",
            "chrX\t100\t5000\tPlp1",
            "chrX\t100\t5000",
            "line 4 has 3 columns",
        ),
    ],
)
def test_wrong_tables(name: str, old: str, new: str, said: str, folder: Path) -> None:
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1))
    assert said in refusal(folder)


class Explosive:
    """Unpickling this would leave a trace."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (os.mkdir, ("exploded",))


def test_code_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    np.savez(folder / "train_rna.npz", format=np.array([Explosive()]))
    assert "train_rna.npz cannot be read (" in refusal(folder)
    assert not (folder / "exploded").exists()


def spoilt(change: Callable[[dict[str, np.ndarray]], None], path: Path) -> None:
    with np.load(path) as file:
        parts = dict(file)
    change(parts)
    np.savez(path, **parts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("part", "value", "said"),
    [
        ("format", np.array(b"csc"), "a b'csc' matrix; save it by scipy.sparse.save_npz as csr"),
        ("shape", np.array([30, 3]), "train_rna.npz cannot be read ("),
        ("indices", np.full(200, 99), "train_rna.npz cannot be read ("),
        ("indptr", np.arange(31)[::-1], "train_rna.npz cannot be read ("),
        ("data", np.array(["a"]), "train_rna.npz cannot be read ("),
    ],
)
def test_a_spoilt_matrix(part: str, value: np.ndarray, said: str, folder: Path) -> None:
    spoilt(lambda parts: parts.update({part: value}), folder / "train_rna.npz")
    assert said in refusal(folder)


def test_truncated_and_lost_part(folder: Path) -> None:
    path = folder / "train_atac.npz"
    spoilt(lambda parts: parts.pop("indices"), path)
    assert "train_atac.npz cannot be read (" in refusal(folder)
    os.truncate(path, path.stat().st_size // 2)
    assert "train_atac.npz cannot be read (" in refusal(folder)
