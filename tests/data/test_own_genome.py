"""A user's own genome: chromosome lengths, gene annotations, and places however they are spelt."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from xbench.data.dataset import Dataset
from xbench.data.genome import Assembly
from xbench.data.load import load_dataset
from xbench.data.multiome.validate import validate
from xbench.data.own_genome import genome_of, places_of_genes, read_gtf
from xbench.data.read_options import ReadOptions
from xbench.errors import XbenchError

from ..benchmark.workbench import make_multiome, write_multiome
from ..slow_rest import rest_slow

GTF = """#!genome-build GRCm38
chr1\tH\tgene\t5001\t6000\t.\t-\t.\tgene_id "ENSMUSG01.4"; gene_type "x"; gene_name "Mog";
chr1\tH\texon\t5001\t5100\t.\t-\t.\tgene_id "ENSMUSG01.4"; gene_name "Mog";
1\tH\tgene\t101\t200\t.\t+\t.\tgene_id "ENSMUSG02"; gene_name "Gad1"
chrUn_random\tH\tgene\t1\t20\t.\t+\t.\tgene_id "ENSMUSG99"; gene_name "Gad1";
"""


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small file as it is."""
    return write_multiome(tmp_path_factory.mktemp("usual") / "usual.h5mu", make_multiome())


@pytest.fixture(scope="module")
def expected(usual: Path) -> Dataset:
    return load_dataset(data=usual)


def annotation(folder: Path, text: str = GTF, *, packed: bool = False) -> Path:
    path = folder / ("genes.gtf.gz" if packed else "genes.gtf")
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    return path


@pytest.mark.parametrize("packed", [False, True])
def test_genes_are_found_by_symbol_and_by_id(tmp_path: Path, packed: bool) -> None:
    gtf = read_gtf(annotation(tmp_path, packed=packed))
    assert gtf[["gene_name", "chrom", "start", "end", "strand"]].to_numpy().tolist() == [
        ["Mog", "chr1", 5_000, 6_000, "-"],
        ["Gad1", "chr1", 100, 200, "+"],
        ["Gad1", "chrUn_random", 0, 20, "+"],
    ]
    names = pd.Index(["GAD1", "ENSMUSG01", "ENSMUSG02.9"])
    places = places_of_genes(names, [], gtf, Path("genes.gtf"), "data")
    # The copy on a scaffold is passed over; versions do not count.
    assert places["start"].tolist() == [100, 5_000, 100]
    assert places["strand"].tolist() == ["+", "-", "+"]


def test_transcripts_make_a_gene_where_there_is_no_line_of_it(tmp_path: Path) -> None:
    rows = ["101\t200", "151\t400"]
    text = "".join(f'chr1\t.\ttranscript\t{one}\t.\t+\t.\tgene_id "Gad1";\n' for one in rows)
    gtf = read_gtf(annotation(tmp_path, text))
    assert gtf[["gene_id", "start", "end"]].to_numpy().tolist() == [["Gad1", 100, 400]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("chr1\t.\texon\t1\t2\t.\t+\t.\tgene_id x;\n", "no line of a gene"),
        ("chr1\t.\tgene\tone\t2\t.\t+\t.\tgene_id x;\n", "line 1 is no GTF"),
        ("chr1\t.\tgene\t9\t2\t.\t+\t.\tgene_id x;\n", "line 1 is no GTF"),
    ],
)
def test_what_is_no_annotation_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(XbenchError, match=said):
        read_gtf(annotation(tmp_path, text))
    with pytest.raises(XbenchError, match="no such file"):
        read_gtf(tmp_path / "absent.gtf")


def test_with_an_annotation_distances_are_from_the_true_start(
    tmp_path: Path, usual: Path, expected: Dataset
) -> None:
    with pytest.warns(match="1 of 3 genes .* 'Nowhere', are not in it"):
        placed = load_dataset(data=usual, gtf=annotation(tmp_path))
    gene = placed.target("Oligo", "MOG").interval
    assert gene is not None
    assert (gene.start, gene.end, gene.strand) == (5_000, 6_000, "-")
    assert placed.target("Oligo", "Nowhere").interval is None
    # The last base, 5999: of peaks at 1000 j to 1000 j + 500 the next one starts at 6000.
    assert placed.features.distance_to_start(gene)[:8].argmin() == 6
    assert placed.digest != expected.digest
    assert [one.start for one in gene.starts] == [5_999]


@pytest.mark.parametrize(
    ("columns", "read"),
    rest_slow(
        [
            ({"chrom": "Chromosome", "start": "Start", "end": "End"}, True),
            ({"chrom": "place", "start": "from", "end": "to"}, False),
            ({"chrom": "seqnames", "start": "start", "end": "end"}, True),
            ({"chrom": "chr", "start": "chromStart", "end": "chromEnd"}, True),
        ],
        2,
    ),
)
def test_places_are_read_however_their_columns_are_spelt(
    tmp_path: Path, expected: Dataset, columns: dict[str, str], read: bool
) -> None:
    parts = make_multiome()
    for part in parts.values():
        part.var = part.var.rename(columns=columns)
    path = write_multiome(tmp_path / "spelt.h5mu", parts)
    if read:
        assert load_dataset(data=path).digest == expected.digest
    else:
        with pytest.raises(XbenchError, match="no var columns chrom, start, end"):
            load_dataset(data=path)


def test_places_are_read_of_one_column_of_intervals(tmp_path: Path, expected: Dataset) -> None:
    parts = make_multiome()
    for part in parts.values():
        var = part.var
        texts = [f"{one.chrom}:{one.start}-{one.end}" for one in var.itertuples()]
        known = var["start"].astype(float).ge(0).to_numpy()
        part.var = pd.DataFrame({"interval": np.where(known, texts, "NA")}, index=var.index)
    by_interval = load_dataset(data=write_multiome(tmp_path / "interval.h5mu", parts))
    assert by_interval.digest == expected.digest


def test_the_build_is_read_from_the_file_and_from_a_sizes_file(tmp_path: Path, usual: Path) -> None:
    parts = make_multiome()
    for part in parts.values():
        part.var["genome"] = "GRCm38"
    path = write_multiome(tmp_path / "mine.h5mu", parts)
    assert load_dataset(data=path).genome == "mm10"
    with pytest.raises(XbenchError, match="coordinates are of mm10, but hg38 is needed"):
        load_dataset(data=path, genome="GRCh38")
    sizes = tmp_path / "rn7.chrom.sizes"
    sizes.write_text("chr1\t260522016\nchr2\t249053267\nchr3\t169034231\n")
    assert genome_of(str(sizes)) == Assembly(
        "rn7", {"chr1": 260_522_016, "chr2": 249_053_267, "chr3": 169_034_231}
    )
    assert load_dataset(data=usual, genome=str(sizes)).genome == "rn7"
    sizes.write_text("chr1\t260522016\nchr2\t9000\nchr3\t169034231\n")
    with pytest.raises(XbenchError, match=r"lies past the end of chr2 in rn7 \(9,000\)"):
        load_dataset(data=usual, genome=str(sizes))


def test_a_build_that_is_not_known_asks_for_its_sizes(tmp_path: Path) -> None:
    with pytest.raises(XbenchError, match=r"unknown genome 'rn7'.*or give its chrom.sizes file"):
        genome_of("rn7")
    with pytest.raises(XbenchError, match="no such file"):
        genome_of(str(tmp_path / "rn7.chrom.sizes"))


def test_a_gene_is_found_by_its_row_its_symbol_and_its_id(tmp_path: Path) -> None:
    parts = make_multiome()
    var = parts["rna"].var
    var["gene_symbol"] = list(var.index)
    var.index = pd.Index([f"ENSMUSG0{number}.1" for number in range(len(var))])
    dataset = load_dataset(data=write_multiome(tmp_path / "ids.h5mu", parts))
    outputs = {dataset.target("Oligo", name).output for name in ("mog", "ENSMUSG00.1", "Mog")}
    assert outputs == {0}
    assert dataset.names_of_output(0) == ["ENSMUSG00.1", "Mog"]
    with pytest.raises(XbenchError, match="unknown gene 'Nix'"):
        dataset.target("Oligo", "Nix")


DONORS = {
    "donor": [f"d{number % 5}" for number in range(40)],
    "of eight": [f"d{number % 8}" for number in range(40)],
    "of two": ["a", "b"] * 20,
    "one a type": ["Oligo"] * 20 + ["a", "b"] * 10,
}


@pytest.fixture(scope="module")
def donors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small file with donors in several columns."""
    parts = make_multiome()
    for part in parts.values():
        part.obs = part.obs.assign(**DONORS)
    return write_multiome(tmp_path_factory.mktemp("donors") / "donors.h5mu", parts)


@pytest.fixture(scope="module")
def of_five(donors: Path) -> Dataset:
    return load_dataset(data=donors, donor_key="donor")


def test_whole_donors_are_held_out(donors: Path, of_five: Dataset) -> None:
    dataset = of_five
    assert dataset.donors is not None
    parts = [set(dataset.donors[getattr(dataset.split, part)]) for part in PARTS]
    assert set.union(*parts) == {"d0", "d1", "d2", "d3", "d4"}
    assert sum(map(len, parts)) == 5
    assert dataset.digest != load_dataset(data=donors).digest
    report = validate(donors, ReadOptions(donor_key="donor"))
    assert "donors: d0 8, d1 8, d2 8, d3 8, d4 8" in report.lines
    assert any("fewer than 30 test cells" in line for line in report.lines)


PARTS = ("train", "validation", "test")


def test_a_repetition_draws_donors_not_cells(of_five: Dataset) -> None:
    from xbench.data.splits import divided_anew

    dataset = of_five
    assert dataset.donors is not None
    given = [dataset.rows("Oligo", part) for part in ("train", "validation")]
    drawn = set()
    for seed in range(12):
        train, validation = divided_anew(*given, "Oligo", seed, dataset.donors)
        held = set(dataset.donors[validation])
        assert not held & set(dataset.donors[train])
        assert len(held) == len(set(dataset.donors[given[1]]))
        assert sorted([*train, *validation]) == sorted(np.concatenate(given).tolist())
        drawn |= held
    assert len(drawn) > 1


def test_a_judge_is_of_other_donors(donors: Path) -> None:
    dataset = load_dataset(data=donors, donor_key="of eight")
    assert dataset.donors is not None
    halves = [
        dataset.split.training_rows(half, dataset.cell_types, dataset.donors)
        for half in ("half-a", "half-b")
    ]
    seen = [set(dataset.donors[half]) for half in halves]
    assert not seen[0] & seen[1]
    assert len(seen[0]) - len(seen[1]) in (0, 1)
    np.testing.assert_array_equal(np.sort(np.concatenate(halves)), dataset.split.train)


def test_too_few_donors_and_absent_ones_are_said(donors: Path) -> None:
    with pytest.raises(XbenchError, match="2 donors: at least 3"):
        load_dataset(data=donors, donor_key="of two")
    with pytest.raises(XbenchError, match=r"no obs column 'person' with the donor.*--donor-key"):
        load_dataset(data=donors, donor_key="person")
    with pytest.raises(XbenchError, match=r"'Oligo' has no .* cells"):
        load_dataset(data=donors, donor_key="one a type").target("Oligo", "Mog")


VERDICTS: dict[str, tuple[Any, str]] = {
    "good": (lambda parts: None, "ready to use"),
    "counts": (lambda parts: parts["atac"].X.data.__setitem__(0, 3), "usable with: --binarize"),
    "leiden": (
        lambda parts: [_renamed(part, "leiden") for part in parts.values()],
        "usable with: --cell-type-key leiden",
    ),
    "fractions": (
        lambda parts: parts["rna"].X.data.__setitem__(0, 0.5),
        "not usable yet: a problem, see above",
    ),
}


def _renamed(part: Any, name: str) -> None:
    part.obs = part.obs.rename(columns={"cell_type": name})


@pytest.mark.parametrize("name", rest_slow(VERDICTS, ("counts", "fractions")))
def test_the_verdict_is_what_reading_with_these_options_does(tmp_path: Path, name: str) -> None:
    spoil, verdict = VERDICTS[name]
    parts = make_multiome()
    spoil(parts)
    path = write_multiome(tmp_path / f"{name}.h5mu", parts)
    report = validate(path)
    assert report.verdict == verdict
    reading = ReadOptions(path=path)
    if "--binarize" in verdict:
        reading = replace(reading, binarize=True)
    if "leiden" in verdict:
        reading = replace(reading, cell_type_key="leiden")
    assert validate(path, reading).will_do == ("not usable" not in verdict)


def test_barcodes_with_a_common_stem_are_told(tmp_path: Path) -> None:
    parts = make_multiome()
    stems = [
        "".join("ACGT"[(number >> shift) % 4] for shift in range(0, 16, 2)) for number in range(40)
    ]
    parts["atac"].obs_names = [f"{stem}-1_atac" for stem in stems]
    parts["rna"].obs_names = [f"rna_{stem}-1" for stem in stems]
    path = write_multiome(tmp_path / "stems.h5mu", parts)
    (problem,) = validate(path).problems
    assert "40 share their sequence, such as 'AAAAAAAA-1_atac' and 'rna_AAAAAAAA-1'" in problem
