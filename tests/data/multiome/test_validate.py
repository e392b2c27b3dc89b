"""`validate` tells what a file is, and all that is wrong with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import h5py
import pytest

from xbench.data.dataset import Dataset
from xbench.data.multiome import read_multiome
from xbench.data.multiome.validate import validate
from xbench.data.read_options import ReadOptions
from xbench.errors import XbenchError

from .small_layouts import WRITERS, small_multiome, write_labels, write_tenx_h5

CHOICE = ReadOptions(binarize=True, variable_genes=2, minimum_open_share=0.4)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """What is read of any of the files: test_layouts_agree.py."""
    path = WRITERS["h5mu"](small_multiome(), tmp_path_factory.mktemp("read"))
    return read_multiome(path, name="user", reading=CHOICE)


@pytest.mark.parametrize("layout", WRITERS)
def test_what_a_good_file_is(layout: str, tmp_path: Path, dataset: Dataset) -> None:
    data = small_multiome()
    path = WRITERS[layout](data, tmp_path)
    report = validate(path, replace(CHOICE, labels=write_labels(data, tmp_path)))
    assert report.will_do
    assert report.problems == []
    for line in (
        "peaks: 6",
        "genes: 4",
        "cells: 30",
        "cell types: Astro 15, Oligo 15",
        "genes with a known place: 3, 0 with their strand; give --gtf for true starts",
        f"open peaks a cell: {(data.atac > 0).sum() / 30:.1f} on average",
        f"as read: 30 cells x {dataset.n_features} peaks on "
        f"{len(dataset.features.blocks()[0])} chromosomes, 2 genes",
        "marker genes: GAD1, MOG; absent: GAD2, NXPH1, OLIG1, OLIG2, FLT1, CLDN5, ALDH1A1, AQP4, "
        "GJA1, MOBP, CX3CR1, APBB1IP",
    ):
        assert line in report.lines
    named = {"10x h5": "genome: hg38", "reference": "genome: hg38"}
    unknown = "genome: not said; the peaks would fit hg38 and hg19 and mm10"
    assert named.get(layout, unknown) in report.lines


def test_what_is_odd_but_will_do(tmp_path: Path) -> None:
    data = small_multiome()
    data.atac[:, 0] = 1
    data.atac[2], data.rna[[3, 4]] = 0, 0
    data.symbols[3] = "Mog"
    data.peaks[5] = "chrM:1-5"
    path = write_tenx_h5(data, tmp_path)
    data.barcodes, data.types = data.barcodes[:20], data.types[:20]
    labels = write_labels(data, tmp_path)
    report = validate(path, ReadOptions(labels=labels, binarize=True))
    assert report.will_do
    for line in (
        "cells without an open peak: 1, kept as they are",
        "cells without a count of any gene: 2, kept as they are",
        "cell types: Astro 5, Oligo 15",
        "cell types with fewer than 10 cells, which cannot be explained: Astro",
        "genes that share the symbol of one before them, and go by their id: 1",
        f"{path}: 10 of 30 cells have no type in {labels} and are left out",
        f"{path}: atac: 1 of 6 peaks lie on scaffolds or the mitochondrion and are left out",
    ):
        assert report.lines.count(line) == 1


def test_all_that_is_wrong_at_once(tmp_path: Path) -> None:
    data = small_multiome()
    data.peaks[1] = "chr1:249000000-249000500"
    path = write_tenx_h5(data, tmp_path)
    with h5py.File(path, "r+") as file:
        values = file["matrix/data"][:].astype(float)
        values[0] = 0.5
        del file["matrix/data"]
        file["matrix/data"] = values
    report = validate(path, genome="mm10")
    assert not report.will_do
    starts = [problem.removeprefix(f"{path}: ").split(";")[0] for problem in report.problems]
    assert len(starts) == 5
    for start, found in zip(
        (
            "its coordinates are of hg38, but mm10 is needed",
            "atac: chr1:249,000,000-249,000,500 lies past the end of chr1 in mm10",
            "atac: X holds 2, but peaks must be 0 (closed) or 1 (open)",
            "rna: X holds 0.5, which is no whole number",
            "holds no cell types",
        ),
        starts,
        strict=True,
    ):
        assert found.startswith(start)
    assert "marker genes: GAD1, MOG; absent" in " ".join(report.lines)


def test_a_modality_that_is_not_sound_does_not_hide_the_other(tmp_path: Path) -> None:
    data = small_multiome()
    path = write_tenx_h5(data, tmp_path)
    with h5py.File(path, "r+") as file:
        file["matrix/features/id"][-1] = file["matrix/features/id"][-2]
    report = validate(path)
    assert len(report.problems) == 1
    assert "atac: feature name 'chr10:300-800' occurs twice" in report.problems[0]
    assert "genes: 4" in report.lines
    assert "peaks: 6" not in report.lines


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(XbenchError, match="no such file or folder"):
        validate(tmp_path / "absent.h5")
    (tmp_path / "cut.h5").write_bytes(b"\x89HDF")
    report = validate(tmp_path / "cut.h5")
    assert not report.will_do
    assert report.problems == [
        f"{tmp_path / 'cut.h5'}: not an HDF5 file, or cut short; get or write the file again"
    ]
