"""Chromosome lengths, against bioframe's own tables, and what lies outside of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from xbench.data.coordinates import fitting_genomes, misplaced, require_inside
from xbench.data.genome import GENOMES, build_name, chromosome_lengths, outside_chromosomes
from xbench.errors import XbenchError


def places(*rows: tuple[str, int, int]) -> pd.DataFrame:
    names = [f"p{number}" for number in range(len(rows))]
    return pd.DataFrame(rows, columns=["chrom", "start", "end"], index=names)


@pytest.mark.parametrize("genome", GENOMES)
def test_lengths_are_those_of_bioframe(genome: str) -> None:
    bioframe = pytest.importorskip("bioframe")
    expected = bioframe.fetch_chromsizes(genome, provider="local").drop("chrM")
    assert chromosome_lengths(genome) == expected.to_dict()


def test_other_names() -> None:
    names = ["GRCh38", "HG38", "GRCh37", "GRCm38", "mm10", "GRCm39", "rn7"]
    found = [build_name(name) for name in names]
    assert found == ["hg38", "hg38", "hg19", "mm10", "mm10", "mm39", "rn7"]
    assert chromosome_lengths("GRCh37") == chromosome_lengths("hg19")
    assert chromosome_lengths("rn7") is None


def test_the_last_base_is_inside_and_the_next_is_not() -> None:
    # hg38: chrY has 57,227,415 bases; 0-based and half-open.
    peaks = places(("chrY", 57_227_000, 57_227_415), ("Y", 57_227_000, 57_227_416))
    assert misplaced(peaks, "hg38").tolist() == [False, True]


def test_chromosomes_that_a_build_has_not() -> None:
    peaks = places(
        ("chr20", 5, 9), ("chr19", 5, 9), ("chrM", 5, 9**9), ("chrUn_x", 5, 9), ("", -1, -1)
    )
    assert misplaced(peaks, "mm10").tolist() == [True, False, False, False, False]
    assert not misplaced(peaks, "hg38").any()
    assert not misplaced(peaks, "rn7").any()


def test_which_builds_fit() -> None:
    assert fitting_genomes(places(("chr1", 5, 9))) == ["hg38", "hg19", "mm10"]
    assert fitting_genomes(places(("chr1", 5, 249_000_000))) == ["hg19"]
    assert fitting_genomes(places(("chr20", 5, 63_100_000))) == ["hg38"]
    assert fitting_genomes(places(("chr1", 5, 300_000_000))) == []


def test_the_error_names_place_build_and_length() -> None:
    peaks = places(("chr1", 5, 9), ("chr1", 248_999_000, 249_300_000), ("chr2", 0, 400_000_000))
    with pytest.raises(XbenchError) as caught:
        require_inside(peaks, "GRCh37", "file.h5: atac")
    assert str(caught.value) == (
        "file.h5: atac: chr1:248,999,000-249,300,000 lies past the end of chr1 in GRCh37 "
        "(249,250,621), 2 such in all; another build? lift the coordinates over to GRCh37, or "
        "give data of that build"
    )
    with pytest.raises(XbenchError, match=r"chr22:5-9 is on no chromosome of mm10, 1 such in all"):
        require_inside(places(("chr22", 5, 9)), "mm10", "file.h5: atac")
    require_inside(peaks.iloc[:1], "hg38", "file.h5: atac")


@pytest.mark.parametrize(
    "name",
    ["GL000194.1", "KI270711.1", "NW_004078031.1", "chrUn_GL000195v1", "chr1_KI270706v1_random"],
)
def test_scaffolds(name: str) -> None:
    assert outside_chromosomes(pd.Series([name])).tolist() == [True]


@pytest.mark.parametrize("name", ["chrM", "MT", "M", "chr6_apd_hap1", "chr1_KI270762v1_alt"])
def test_the_mitochondrion_and_alternative_loci(name: str) -> None:
    assert outside_chromosomes(pd.Series([name])).tolist() == [True]


def test_chromosomes_of_any_species() -> None:
    names = ["chr1", "22", "chrX", "Y", "2L", "chr2RHet", "chrIV", "LGE64", "Chr1", ""]
    assert not outside_chromosomes(pd.Series(names)).any()
    assert outside_chromosomes(pd.Series(names)).dtype == np.bool_
