"""`xbench data validate`: what a file is and all that is wrong with it, in plain words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..benchmark.workbench import make_multiome, write_multiome
from .conftest import Command

Refused = Callable[..., str]


def test_validate_says_what_a_good_file_is(xbench_command: Command, small_data: Path) -> None:
    ended = xbench_command("data", "validate", small_data)
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0] == "layout: a MuData file (.h5mu)"
    assert "cell types: Astro 15, Oligo 20, Rare 5" in lines
    assert lines[-1] == "ready to use"
    assert not any(line.startswith("problem: ") for line in lines)


def test_validate_names_all_that_is_wrong(xbench_command: Command, tmp_path: Path) -> None:
    parts = make_multiome()
    parts["atac"].X.data[0] = 3
    for part in parts.values():
        part.obs = part.obs.rename(columns={"cell_type": "kind"})
    file = write_multiome(tmp_path / "spoilt.h5mu", parts)
    ended = xbench_command("data", "validate", file)
    problems = [line for line in ended.out.splitlines() if line.startswith("problem: ")]
    assert (ended.code, ended.err, len(problems)) == (1, "", 2)
    assert "pass --binarize" in problems[0] + problems[1]
    assert "no obs column 'cell_type'" in problems[0] + problems[1]
    said = "usable with: --labels FILE (a CSV with columns barcode and cell_type) --binarize"
    assert ended.out.splitlines()[-1] == said
    mended = xbench_command("data", "validate", file, "--binarize", "--cell-type-key", "kind")
    assert mended.code == 0
    types = tmp_path / "types.csv"
    rows = [f"cell{number},{'Oligo' if number % 2 else 'Astro'}" for number in range(40)]
    types.write_text("\n".join(["barcode,cell_type", *rows]) + "\n", encoding="utf-8")
    labelled = xbench_command("data", "validate", file, "--binarize", "--labels", types)
    assert labelled.code == 0
    assert "cell types: Astro 20, Oligo 20" in labelled.out


def test_validate_against_a_genome(xbench_command: Command, tmp_path: Path) -> None:
    parts = make_multiome()
    # chr1 has 249,250,621 bases in hg19, 248,956,422 in hg38.
    parts["atac"].var.loc["peak11", ["start", "end"]] = [249_000_000, 249_000_500]
    file = write_multiome(tmp_path / "hg19.h5mu", parts)
    assert xbench_command("data", "validate", file, "--genome", "hg19").code == 0
    ended = xbench_command("data", "validate", file, "--genome", "hg38")
    assert ended.code == 1
    assert "chr1:249,000,000-249,000,500 lies past the end of chr1" in ended.out


def test_validate_of_what_cannot_be_opened(
    refused: Refused, small_data: Path, tmp_path: Path
) -> None:
    assert "nowhere.h5mu: no such file or folder" in refused("data", "validate", "nowhere.h5mu")
    labels = ("--labels", "nowhere.csv")
    assert "nowhere.csv: no such file" in refused("data", "validate", small_data, *labels)
    (tmp_path / "notes.txt").write_text("no data", encoding="utf-8")
    assert "none of the layouts" in refused("data", "validate", tmp_path / "notes.txt")
    cut = tmp_path / "cut.h5mu"
    cut.write_bytes(small_data.read_bytes()[:5000])
    assert "not an HDF5 file, or cut short" in refused("data", "validate", cut)
    line = refused("data", "validate", small_data, "--genome", "hg99")
    assert line.startswith("unknown genome 'hg99'. Nearest: hg")
