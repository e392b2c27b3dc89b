"""``xbench explain`` on a multiome of one's own: named peaks, files, and what is to be doubted."""

import contextlib
import io
from pathlib import Path

import bioframe
import mudata
import pandas as pd
import pytest

from xbench.cli import main

from .conftest import Command


@pytest.fixture(scope="module")
def answered(
    small_data: Path, small_surrogate: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """The output of one explanation, and its folder."""
    folder = tmp_path_factory.mktemp("explained")
    words = [
        "explain", "--data", small_data, "--checkpoint", small_surrogate, "--target", "Oligo:Mog",
        "-L", "3", "--seeds", "2", "--methods", "grids,nearest-tss", "--jobs", "1",
        "--store", folder / "store", "--out", folder / "out", "--h5mu", folder / "copy.h5mu",
    ]  # fmt: skip
    out, errors = io.StringIO(), io.StringIO()
    quiet = contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors)
    with quiet[0], quiet[1], pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    assert not ended.value.code, errors.getvalue()
    return folder, out.getvalue()


def test_peaks_are_named_and_doubts_are_said(answered: tuple[Path, str]) -> None:
    _, out = answered
    assert "Oligo:Mog, L = 3" in out
    assert "trust: surrogate cross-modality" in out
    assert "WARNING: only " in out
    assert "chosen by grids (effect: change of the prediction" in out
    assert out.count("peak") >= 3
    assert " nearest-tss " in out


def test_files_open_in_the_programs_they_are_for(answered: tuple[Path, str]) -> None:
    folder, _ = answered
    frame = pd.read_csv(folder / "out" / "selection.tsv", sep="\t")
    assert set(frame.method) == {"grids", "nearest-tss"}
    near = frame[frame.method == "nearest-tss"]
    # The same in both repetitions, best first, on the chromosome of the gene.
    assert near.share.tolist() == [1.0] * 3
    assert set(near.chrom) == {"chr2"}
    bed = bioframe.read_table(folder / "out" / "selection.bed", schema="bed9", skiprows=1)
    assert len(bed) == len(frame)
    assert bioframe.is_bedframe(bed, cols=("chrom", "start", "end"))
    links = (folder / "out" / "links.bedpe").read_text().splitlines()
    assert {line.split("\t")[3] for line in links} == {"chr2"}


def test_the_copy_is_the_data_with_the_selections(
    answered: tuple[Path, str], small_data: Path
) -> None:
    folder, _ = answered
    before, after = mudata.read_h5mu(small_data), mudata.read_h5mu(folder / "copy.h5mu")
    peaks = after["atac"].var
    added = peaks["xbench:Oligo:Mog:nearest-tss:3"]
    assert added.sum() == 3.0
    frame = pd.read_csv(folder / "out" / "selection.tsv", sep="\t")
    assert set(added[added > 0].index) == set(frame[frame.method == "nearest-tss"].feature)
    pd.testing.assert_frame_equal(before["rna"].var, after["rna"].var)
    assert (before["atac"].X != after["atac"].X).nnz == 0
    assert "made_by" in after["atac"].uns["xbench"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "--target CELL_TYPE:GENE"),
        (("--target", "Oligo:Nogene"), "Mog"),
        (("--target", "Oligo:Mog", "--h5mu", "mine.h5ad"), "ends in .h5mu"),
    ],
)
def test_what_cannot_be_answered_is_one_line(
    words: tuple[str, ...],
    said: str,
    small_data: Path,
    small_surrogate: Path,
    xbench_command: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    given = ("--data", small_data, "--checkpoint", small_surrogate, "--methods", "nearest-tss")
    code, _, errors = xbench_command("explain", *given, *words, "--seeds", 1, "--jobs", 1)
    assert code == 2
    assert said in errors.splitlines()[-1]
