"""Known links from outside: every layout that is read, joined to peaks, and the builds checked."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xbench.data.features import Features, Interval
from xbench.data.known_link_files import read_links
from xbench.data.known_links import KnownFile, pairs_of, require_cell_types
from xbench.errors import XbenchError

NAME = "EPCrisprBenchmark_combined_data"
WHOLE = {
    f"{NAME}.training_K562.GRCh38.tsv.gz": (10_356, 471, {"K562"}),
    f"{NAME}.heldout_5_cell_types.GRCh38.tsv.gz": (
        *(4_378, 190),
        {"GM12878", "HCT116", "Jurkat", "K562", "WTC11"},
    ),
}


def shared(name: str) -> Path:
    """A file of the shared folder; the test is skipped where there is none."""
    folder = os.environ.get("XBENCH_SHARED", "../shared")
    path = Path(folder) / "data" / "links" / name
    if not path.is_file():
        pytest.skip(f"no {path}; set XBENCH_SHARED to the folder that holds data/links")
    return path


@pytest.mark.parametrize("name", WHOLE)
def test_the_crispr_benchmark_is_read_whole(name: str) -> None:
    n_pairs, regulated, types = WHOLE[name]
    links = read_links(shared(name))
    assert (len(links.pairs), int(links.pairs["regulated"].sum())) == (n_pairs, regulated)
    assert set(links.cell_types) == types
    assert (links.genome, links.negatives, links.kind) == ("hg38", True, "measured pairs")
    assert f"{n_pairs:,} pairs, {regulated:,} of them regulated" in links.summary
    row = links.pairs.iloc[0]
    with gzip.open(shared(name), "rt") as file:
        first = dict(zip(next(file).split("\t"), next(file).split("\t"), strict=True))
    assert [row["chrom"], str(row["start"]), row["gene"], row["gene_id"]] == [
        *(first["chrom"], first["chromStart"], first["measuredGeneSymbol"]),
        first["measuredGeneEnsemblId"],
    ]


def test_links_of_another_build_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "pairs.GRCh38.tsv"
    rows = ["chrom\tchromStart\tchromEnd\tmeasuredGeneSymbol\tRegulated\tchrTSS\tstartTSS"]
    rows += [f"chr1\t{at}\t{at + 500}\tG{at}\tTRUE\tchr1\t{at}" for at in (5_000, 90_000_000)]
    file.write_text("\n".join(rows) + "\n")
    links = read_links(file)
    genes = Features(
        ["G5000", "G90000000"], ["chr1", "chr1"], [6_000, 90_000_500], [9_000, 91_000_000]
    )
    links.require_build("hg38", genes, "data")
    with pytest.raises(XbenchError, match=r"pairs.GRCh38.tsv: is of hg38, but data is of mm10"):
        links.require_build("mm10", genes, "data")
    # A file that names no build: by the ends of chromosomes, and by where genes start.
    renamed = tmp_path / "pairs.tsv"
    renamed.write_text(file.read_text().replace("90000000\t90000500", "240000000\t240000500"))
    with pytest.raises(XbenchError, match=r"chr1:240,000,000-240,000,500 is not in mm10"):
        read_links(renamed).require_build("mm10", genes, "data")
    elsewhere = Features(["g5000", "g90000000"], ["chr7", "chr9"], [10, 10], [20, 20])
    with pytest.raises(XbenchError, match="2 of 2 genes start elsewhere"):
        read_links(renamed).require_build(None, elsewhere, "data")


def peaks() -> Features:
    start = np.array([100, 1_000, 2_000, 3_000, 100])
    chrom = ["chr1"] * 4 + ["chr2"]
    return Features([f"p{number}" for number in range(5)], chrom, start, start + 200)


def linked(path: Path, gene: str, place: Interval | None = None) -> list[int]:
    known = pairs_of([read_links(path)], peaks(), [gene], place, ["Oligo"])
    return np.flatnonzero(known.linked).tolist()


def test_loops_link_what_the_other_anchor_overlaps_to_a_start(tmp_path: Path) -> None:
    file = tmp_path / "plac.bedpe"
    file.write_text("chr1\t950\t1100\tchr1\t9000\t9500\nchr1\t2900\t3900\tchr1\t5000\t5100\n")
    for strand, expected in (("+", [1]), ("-", []), ("", [1])):
        gene = Interval("chr1", 9_200, 20_000, strand)
        assert linked(file, "any", gene) == expected
    # Either anchor may hold the start; without a place of the gene nothing can be said.
    assert linked(file, "any", Interval("chr1", 2_950, 2_990)) == []
    assert linked(file, "any") == []
    assert pairs_of([read_links(file)], peaks(), ["a"], None, []).tested is None


@pytest.mark.parametrize(
    "text",
    [
        "variant_id\tgene_id\tpval\nchr1_1050_C_T_b38\tENSG00000000001.7\t1e-9\n",
        "chromosome,position,molecular_trait_id\n1,1050,ENSG00000000001\n",
        "chr;pos;gene_name\nchr1;1050;mog\n",
    ],
    ids=["GTEx", "eQTL catalogue", "by symbol"],
)
def test_eqtls_link_the_peak_over_the_variant(tmp_path: Path, text: str) -> None:
    file = tmp_path / "eqtl.txt"
    file.write_text(text)
    links = read_links(file)
    assert (links.kind, links.negatives) == ("eQTLs", False)
    assert links.genome == ("hg38" if "_b38" in text else None)
    names = ["MOG", "ENSG00000000001.2"]
    known = pairs_of([links], peaks(), names, None, [])
    assert np.flatnonzero(known.linked).tolist() == [1]
    # The variant is one base, counted from 1: base 1000 is the peak's first, 1200 beyond its last.
    edge = tmp_path / "edge.txt"
    for position, found in ((1_000, []), (1_001, [1]), (1_200, [1]), (1_201, [])):
        edge.write_text(f"chr\tpos\tgene\n1\t{position}\tMog\n")
        assert linked(edge, "Mog") == found


def test_bed_files_name_the_gene_in_a_column_or_in_their_name(tmp_path: Path) -> None:
    named, of_file = tmp_path / "enhancers.bed", tmp_path / "Mog.mm10.bed"
    named.write_text("track name=x\nchr1\t2050\t2060\tMog\nchr2\t150\t160\tGad1\n")
    of_file.write_text("chr1\t2050\t2060\n")
    assert linked(named, "mog") == linked(of_file, "MOG") == [2]
    assert linked(named, "GAD1") == [4]


def test_pairs_of_other_cell_types_say_nothing(tmp_path: Path) -> None:
    file = tmp_path / "pairs.tsv"
    head = "chrom\tchromStart\tchromEnd\tmeasuredGeneSymbol\tRegulated\tCellType\tValidConnection\n"
    file.write_text(
        head
        + "chr1\t1000\t1100\tMog\tTRUE\toligo\tTRUE\nchr1\t2000\t2100\tMog\tFALSE\tOligo\tTRUE\n"
        + "chr1\t3000\t3100\tMog\tTRUE\tK562\tTRUE\nchr1\t100\t110\tMog\tTRUE\tOligo\tpromoter\n"
    )
    links = read_links(file)
    known = pairs_of([links], peaks(), ["Mog"], None, ["Oligo", "14"])
    assert known.tested is not None
    assert known.linked.tolist() == [False, True, False, False, False]
    assert known.tested.tolist() == [False, True, True, False, False]
    assert "1 pairs that are no valid connection are left out" in links.summary
    assert require_cell_types([links], {"OLIGO"}, "data") is None
    assert "is about K562, Oligo, oligo" in str(require_cell_types([links], {"14"}, "data"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no links"),
        ("hello world\n", "is no file of known links"),
        ("chrom\tstart\tend\tgene\tRegulated\nchr1\t1\t9\tMog\tmaybe\n", "TRUE or FALSE"),
        ("chrom\tstart\tend\tgene\tRegulated\nchr1\t9\t8\tMog\tTRUE\n", "end lies before"),
        ("variant_id\tgene_id\nrs12\tENSG1\n", "is not like chr1_64764_C_T_b38"),
        ("gene\tvalue\nMog\t1\n", "says nowhere where"),
        ("chr1\t9\t9\tMog\n", "end must be above"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "links.txt"
    file.write_text(text)
    with pytest.raises(XbenchError, match=said):
        read_links(file)
    with pytest.raises(XbenchError, match="cannot be read"):
        KnownFile.of(str(tmp_path / "absent.tsv"))


PLACES = st.lists(st.tuples(st.integers(0, 3_500), st.integers(1, 900), st.booleans()), max_size=6)


@settings(max_examples=20, deadline=None)
@given(PLACES)
def test_the_join_is_overlap_of_at_least_a_base(places: list[tuple[int, int, bool]]) -> None:
    import pandas as pd

    from xbench.data.known_links import KnownLinks

    rows = [("chr1", at, at + size, "G", "", yes, "") for at, size, yes in places]
    columns = ["chrom", "start", "end", "gene", "gene_id", "regulated", "cell_type"]
    pairs = pd.DataFrame(rows, columns=columns).astype({"regulated": bool})
    links = KnownLinks("f", "pairs", pairs, None, True, None, pd.DataFrame(), {})
    found = pairs_of([links], peaks(), ["G"], None, [])
    for peak in range(5):
        bases = {(peak == 4, base) for base in range(*_ends(peak))}
        over = [
            yes for at, size, yes in places if bases & {(False, b) for b in range(at, at + size)}
        ]
        assert found.linked[peak] == any(over)
        assert found.tested is not None
        assert found.tested[peak] == bool(over)


def _ends(peak: int) -> tuple[int, int]:
    place = peaks().interval(peak)
    assert place is not None
    return place.start, place.end
