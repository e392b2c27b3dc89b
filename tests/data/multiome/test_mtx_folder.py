"""MTX with its tables: what is in them, and every way they can be wrong."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from xbench.data.multiome import mtx as matrix_market
from xbench.data.multiome import read_multiome
from xbench.data.multiome.layout import read_raw
from xbench.data.read_options import ReadOptions

from .refusals import refusal
from .small_layouts import SmallMultiome, small_multiome, write_labels, write_mtx_folder

FEATURES, BARCODES, MATRIX = "features.tsv.gz", "barcodes.tsv.gz", "matrix.mtx.gz"


@pytest.fixture
def data() -> SmallMultiome:
    return small_multiome()


@pytest.fixture
def folder(tmp_path: Path, data: SmallMultiome) -> Path:
    return write_mtx_folder(data, tmp_path)


@pytest.fixture
def labels(tmp_path: Path, data: SmallMultiome) -> Path:
    return write_labels(data, tmp_path)


def unpacked(path: Path) -> str:
    return gzip.decompress(path.read_bytes()).decode()


def change(path: Path, edit: Callable[[str], str]) -> None:
    path.write_bytes(gzip.compress(edit(unpacked(path)).encode()))


def test_content(folder: Path, data: SmallMultiome) -> None:
    raw = read_raw(folder)
    assert np.array_equal(raw.atac.X.toarray(), data.atac)
    assert np.array_equal(raw.rna.X.toarray(), data.rna)
    assert raw.rna.var["chrom"].isna().tolist() == [False, True, False, False]


def test_files_that_are_not_gzipped(folder: Path, labels: Path) -> None:
    reading = ReadOptions(labels=labels, binarize=True)
    before = read_multiome(folder, name="user", reading=reading).digest
    for path in list(folder.iterdir()):
        path.with_suffix("").write_text(unpacked(path))
        path.unlink()
    assert sorted(path.name for path in folder.iterdir()) == [
        *("barcodes.tsv", "features.tsv", "matrix.mtx"),
    ]
    assert read_multiome(folder, name="user", reading=reading).digest == before


def test_features_without_places(folder: Path, data: SmallMultiome, labels: Path) -> None:
    lines = unpacked(folder / FEATURES).splitlines()
    short = ["\t".join(line.split("\t")[:3]) for line in lines]
    change(folder / FEATURES, lambda _: "\n".join(short))
    reading = ReadOptions(labels=labels, binarize=True)
    dataset = read_multiome(folder, name="user", reading=reading)
    assert dataset.features.names.tolist() == data.peaks
    assert not dataset.output_features.has_coordinates


def test_a_missing_companion(folder: Path, labels: Path) -> None:
    (folder / BARCODES).unlink()
    message = refusal(folder, labels=labels)
    assert f"{folder}: no file barcodes.tsv or barcodes.tsv.gz; put it beside" in message


def test_two_matrices(folder: Path, labels: Path) -> None:
    (folder / "GSE1_matrix.mtx").touch()
    message = refusal(folder, labels=labels)
    assert "several matrices (GSE1_matrix.mtx, matrix.mtx.gz); give a folder" in message


def test_the_prefix_must_be_common(tmp_path: Path, data: SmallMultiome, labels: Path) -> None:
    folder = write_mtx_folder(data, tmp_path, prefix="GSE1_")
    (folder / f"GSE1_{FEATURES}").rename(folder / FEATURES)
    assert "no file GSE1_features.tsv or GSE1_features.tsv.gz" in refusal(folder, labels=labels)


def test_the_matrix_alone(folder: Path, labels: Path) -> None:
    message = refusal(folder / MATRIX, labels=labels)
    assert "is one file of several; give the folder" in message


def test_the_tables_of_another_run(folder: Path, labels: Path) -> None:
    change(folder / BARCODES, lambda text: text + "TTTT-1\n")
    message = refusal(folder, labels=labels)
    assert "matrix.mtx.gz: has 30 columns, but barcodes.tsv.gz has 31 lines; get" in message
    change(folder / FEATURES, lambda text: "\n".join(text.splitlines()[:-1]))
    assert "has 10 rows, but features.tsv.gz has 9 lines" in refusal(folder, labels=labels)


@pytest.mark.parametrize("name", [FEATURES, BARCODES, MATRIX])
@pytest.mark.parametrize("share", [0.3, 0.95])
def test_truncated_gzip(name: str, share: float, folder: Path, labels: Path) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: int(len(content) * share)])
    assert refusal(folder, labels=labels) == (
        f"{folder / name}: cut short; get or write the file again"
    )


def test_damaged_gzip(folder: Path, labels: Path) -> None:
    content = bytearray((folder / FEATURES).read_bytes())
    content[len(content) // 2] ^= 0xFF
    (folder / FEATURES).write_bytes(bytes(content))
    assert f"{folder / FEATURES} cannot be read (" in refusal(folder, labels=labels)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("\tchrX\t70\t570", "\tchrX\t70", "features.tsv.gz: line 10 has 5 columns but must have 6"),
        ("\tchrX\t70\t570", "\tchrX\tx\t570", "atac: column 'start' holds 'x'; give whole"),
        ("\tchrX\t70\t570", "\tchrX\t570\t70", "'chrX:70-570' ends at 70 but starts at 570"),
        ("chrX:70-570\tchrX:70-570", "chr1:100-600\tx", "feature name 'chr1:100-600' occurs"),
        ("Peaks", "Genes", "no feature of type 'Peaks'; there are: Gene Expression, Genes"),
        ("Gene Expression", "x", "no feature of type 'Gene Expression'; there are: Peaks, x"),
    ],
)
def test_wrong_features(old: str, new: str, said: str, folder: Path, labels: Path) -> None:
    change(folder / FEATURES, lambda text: text.replace(old, new))
    assert said in refusal(folder, labels=labels)


def test_a_column_too_many(folder: Path, labels: Path) -> None:
    head, *entries = unpacked(folder / MATRIX).split("\n10 30 ", 1)[1].splitlines()
    lines = [f"{entry} 1" for entry in entries]
    change(
        folder / MATRIX, lambda text: "\n".join([text.split("\n10 30")[0], f"10 30 {head}", *lines])
    )
    assert "cannot be read (entries of more than three numbers)" in refusal(folder, labels=labels)


@pytest.mark.parametrize("chunk", [1, 7])
def test_stretches_make_the_whole(
    chunk: int, folder: Path, data: SmallMultiome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matrix_market, "CHUNK", chunk)
    raw = read_raw(folder)
    assert np.array_equal(raw.atac.X.toarray(), data.atac)
    assert np.array_equal(raw.rna.X.toarray(), data.rna)


def test_an_empty_matrix(tmp_path: Path, data: SmallMultiome) -> None:
    data.atac[:], data.rna[:] = 0, 0
    raw = read_raw(write_mtx_folder(data, tmp_path))
    assert raw.atac.X.shape == data.atac.shape
    assert raw.atac.X.nnz == raw.rna.X.nnz == 0


def test_an_entry_that_is_there_twice(folder: Path, labels: Path) -> None:
    def edit(text: str) -> str:
        head, tail = text.split("\n10 30 ", 1)
        count, _, entries = tail.partition("\n")
        return f"{head}\n10 30 {int(count) + 1}\n{entries.splitlines()[0]}\n{entries}"

    change(folder / MATRIX, edit)
    assert "matrix.mtx.gz: an entry is there twice; write each once" in refusal(
        folder, labels=labels
    )


@pytest.mark.parametrize("value", [300, 70_000, 5_000_000_000])
def test_large_counts(value: int, tmp_path: Path, data: SmallMultiome) -> None:
    data.rna[4, 2] = value
    raw = read_raw(write_mtx_folder(data, tmp_path))
    assert np.array_equal(raw.rna.X.toarray(), data.rna)


def test_two_columns(folder: Path, labels: Path) -> None:
    change(folder / FEATURES, lambda _: "ENSG01\tMog\n")
    message = refusal(folder, labels=labels)
    assert "features.tsv.gz: line 1 has 2 columns but must have 3 or 6; separate them" in message


def test_nothing_in_the_tables(folder: Path, labels: Path) -> None:
    change(folder / FEATURES, lambda _: "")
    message = refusal(folder, labels=labels)
    assert "features.tsv.gz: no feature of type 'Peaks'; there are: none" in message


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("integer general", "complex general", "coordinate complex general'; write a matrix"),
        (
            "integer general",
            "integer symmetric",
            "begins with '%%matrixmarket matrix coordinate integer sym",
        ),
        ("coordinate", "array", "begins with '%%matrixmarket matrix array integer general'"),
        ("\n1 1 ", "\n11 1 ", "cannot be read ("),
        ("\n1 1 ", "\n0 1 ", "cannot be read ("),
        ("\n1 1 ", "\nx 1 ", "cannot be read ("),
        ("\n1 1 ", "\n1 1 -", "rna: X holds negative values"),
        ("%%MatrixMarket", "%%Market", "begins with '%%market matrix coordinate integer"),
        ("\n1 1 ", "\n1 1 1 ", "cannot be read ("),
        ("\n10 30 ", "\n10 30 9", "entries instead of 9"),
        ("\n10 30 ", "\n10 ", "cannot be read ("),
    ],
)
def test_wrong_matrix(old: str, new: str, said: str, folder: Path, labels: Path) -> None:
    before = unpacked(folder / MATRIX)
    assert old in before
    change(folder / MATRIX, lambda text: text.replace(old, new, 1))
    assert said in refusal(folder, labels=labels)


def test_fractions(folder: Path, labels: Path) -> None:
    change(
        folder / MATRIX,
        lambda text: text.replace("integer", "real").replace("\n1 1 ", "\n1 1 0.", 1),
    )
    assert "which is no whole number; store raw counts in X" in refusal(folder, labels=labels)


def test_a_matrix_that_is_cut_between_lines(folder: Path, labels: Path) -> None:
    change(folder / MATRIX, lambda text: "\n".join(text.splitlines()[:-3]) + "\n")
    assert "matrix.mtx.gz cannot be read (" in refusal(folder, labels=labels)
