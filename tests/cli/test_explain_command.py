"""``xbench explain`` on a multiome of one's own: named peaks, files, and what is to be doubted."""

import contextlib
import io
from pathlib import Path

import bioframe
import mudata
import pandas as pd
import pytest

from xbench.cli import main
from xbench.results.store import ResultStore

from ..benchmark.workbench import make_multiome, train_small, write_multiome
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


def test_a_window_known_links_and_the_trust_line_of_a_run(
    small_data: Path, small_surrogate: Path, xbench_command: Command, tmp_path: Path
) -> None:
    peaks = mudata.read_h5mu(small_data)["atac"].var
    gene = mudata.read_h5mu(small_data)["rna"].var.loc["Mog"]
    here = peaks[peaks["chrom"] == gene["chrom"]]
    known = tmp_path / "Mog.bed"
    lines = [f"{one.chrom}\t{one.start}\t{one.end}" for one in here.iloc[:2].itertuples()]
    known.write_text("\n".join(lines) + "\n")
    given = ("--data", small_data, "--checkpoint", small_surrogate, "--target", "Oligo:Mog")
    asked = ("--methods", "nearest-tss,random", "--seeds", 1, "--jobs", 1, "--within", "3kb")
    store = ("--store", tmp_path / "store", "--known", known)
    code, _, errors = xbench_command("run", "explain", *given, *asked, *store, "-L", "2,20")
    assert code == 0
    assert "trust: surrogate cross-modality" in errors
    assert "WARNING: the surrogate predicts test cells worse than the means" in errors
    assert "Mog.bed: places of genes, 2 pairs, no tested place that is not linked" in errors
    records = ResultStore(tmp_path / "store").records()
    near = set(
        here[(here["start"] < gene["end"] + 3_000) & (here["end"] > gene["start"] - 3_000)].index
    )
    for record in records:
        if record.L == 20:
            assert record.status == "skipped"
            assert f"only {len(near)} features lie within 3 kb of where Mog starts" in record.reason
            continue
        assert set(record.features) <= near
        assert record.metrics["known-precision"] is None
        linked = set(here.index[:2])
        expected = (
            len(linked & set(record.features)) / len(linked & near) if linked & near else None
        )
        assert record.metrics["known-recall"] == expected
    assert len(records) == 4


def test_genes_may_have_colons(tmp_path: Path, xbench_command: Command) -> None:
    modalities = make_multiome()
    modalities["rna"].var_names = ["HLA:A", "Gad1", "Nowhere"]
    for one in modalities.values():
        one.obs["cell_type"] = one.obs["cell_type"].replace({"Oligo": "Oligo:late"})
    data = write_multiome(tmp_path / "colons.h5mu", modalities)
    surrogate = train_small(data, tmp_path / "surrogate")
    words = ("--data", data, "--checkpoint", surrogate, "-L", 3, "--seeds", 1, "--jobs", 1)
    asked = ("--methods", "random", "--store", tmp_path / "store")
    for target in ("Oligo:late:HLA:A", "Astro:HLA:A", "Oligo:late:Gad1"):
        code, _, errors = xbench_command("run", "table1", *words, *asked, "--target", target)
        assert code == 0, errors
    found = {record.explained for record in ResultStore(tmp_path / "store").records()}
    assert found == {("Oligo:late", "HLA:A"), ("Astro", "HLA:A"), ("Oligo:late", "Gad1")}
    code, _, errors = xbench_command("run", "table1", *words, *asked, "--target", "Olig:HLA:A")
    assert code == 2
    assert "Olig" in errors
