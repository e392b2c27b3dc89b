"""One place calls chromosomes one name, whatever files call them."""

from __future__ import annotations

import bioframe
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xbench.data.coordinates import (
    base_pairs,
    named_genomes,
    natural_order,
    read_coordinates,
    unknown_chromosomes,
)
from xbench.data.genome import build_name, chromosome_name, outside_chromosomes, same_chromosome
from xbench.errors import XbenchError, XbenchWarning

HG38 = [*(f"chr{number}" for number in range(1, 23)), "chrX", "chrY", "chrM"]
PREFIXES = ["", "GRCh38_", "GRCh38______", "hg38-", "GRCh38.p13_", "hg38_"]


def accessions(build: str) -> dict[str, str]:
    table = bioframe.assembly_info(build).seqinfo
    pairs = zip(table["name"], table["aliases"], strict=True)
    return {alias: name for name, aliases in pairs for alias in str(aliases).split(",")}


@pytest.mark.parametrize("build", ["hg19", "hg38", "mm10", "mm39", "dm6", "ce11", "danRer11"])
def test_every_alias_that_bioframe_knows(build: str) -> None:
    for alias, name in accessions(build).items():
        assert chromosome_name(alias).name == name, alias


spellings = st.sampled_from(HG38).flatmap(
    lambda name: st.tuples(
        st.just(name),
        st.sampled_from(PREFIXES),
        st.sampled_from(["chr", "Chr", "CHR", "", "chromosome", "chr_"]),
        st.sampled_from(["", " "]),
    )
)


def spelt(parts: tuple[str, str, str, str]) -> str:
    name, prefix, marked, space = parts
    return f"{space}{prefix}{marked}{name[3:]}{space}"


@given(st.lists(spellings, min_size=1, max_size=12))
@settings(max_examples=15, deadline=None)
def test_any_spelling_in_any_order_is_the_same_place(
    parts: list[tuple[str, str, str, str]],
) -> None:
    check_place(parts)


# More of the same.
@pytest.mark.slow
@given(st.lists(spellings, min_size=1, max_size=12))
@settings(max_examples=200, deadline=None)
def test_any_of_many_spellings_is_the_same_place(parts: list[tuple[str, str, str, str]]) -> None:
    check_place(parts)


def check_place(parts: list[tuple[str, str, str, str]]) -> None:
    count = len(parts)
    index = [f"p{number}" for number in range(count)]
    starts = np.arange(count) * 100
    var = pd.DataFrame(
        {"chrom": [spelt(each) for each in parts], "start": starts, "end": starts + 50}, index=index
    )
    plain = var.assign(chrom=[each[0] for each in parts])
    found, expected = read_coordinates(var, "here"), read_coordinates(plain, "here")
    assert found is not None
    assert expected is not None
    pd.testing.assert_frame_equal(found, expected)
    # Whatever order they come in, they are put in one order.
    back = read_coordinates(var[::-1], "here")
    assert back is not None
    ordered = back.iloc[natural_order(back)]
    pd.testing.assert_frame_equal(ordered, expected.iloc[natural_order(expected)])


@given(st.text(max_size=20))
@settings(max_examples=50)
def test_a_name_that_is_called_so_stays(name: str) -> None:
    called = chromosome_name(name).name
    assert chromosome_name(called).name == called


@pytest.mark.parametrize(
    "name", ["GRCh38_KI270706.1", "mm10_GL456210.1", "hg38_chrUn_GL000195v1", "CHR_HSCHR1_1_CTG3"]
)
def test_scaffolds_with_prefixes_are_scaffolds(name: str) -> None:
    assert outside_chromosomes(pd.Series([name])).tolist() == [True]


@pytest.mark.parametrize("name", ["NC_000001.11", "CM021859.1", "NC_999999.1", "NT_033779.5"])
def test_accessions_of_chromosomes_are_none(name: str) -> None:
    assert outside_chromosomes(pd.Series([name])).tolist() == [False]


@pytest.mark.parametrize(
    ("name", "build"),
    [
        ("GRCh38.p13", "hg38"),
        ("GRCh38.p14", "hg38"),
        ("hg38_p12", "hg38"),
        ("GRCh37.p13", "hg19"),
        ("hs37d5", "hg19"),
        ("GRCm38.p6", "mm10"),
        ("GRCh38-2020-A", "hg38"),
        ("refdata-cellranger-arc-mm10-2020-A-2.0.0", "mm10"),
        ("GRCh38_and_mm10", "GRCh38_and_mm10"),
        ("hg381", "hg381"),
        ("rn7", "rn7"),
    ],
)
def test_patches_and_packages_of_a_build(name: str, build: str) -> None:
    assert build_name(name) == build


def test_accessions_say_of_which_build_they_are() -> None:
    of = pd.DataFrame(index=["NC_000001.11:5-9", "NC_000002.12:5-9"])
    assert named_genomes(of, "here") == "hg38"
    assert named_genomes(pd.DataFrame(index=["NC_000001.10:5-9", "2:5-9"]), "here") == "hg19"
    assert named_genomes(pd.DataFrame(index=["chr1:5-9", "2:5-9"]), "here") is None
    with pytest.raises(XbenchError, match=r"several genomes \(hg19, hg38\); give data of one"):
        named_genomes(pd.DataFrame(index=["NC_000001.10:5-9", "NC_000002.12:5-9"]), "here")


def test_several_genomes_are_refused() -> None:
    of = pd.DataFrame(index=["GRCh38_chr1:5-9", "mm10_chr1:5-9"])
    with pytest.raises(XbenchError, match=r"several genomes \(GRCh38, mm10\); give data of one"):
        named_genomes(of, "here")


def test_chromosomes_of_no_known_build_are_told() -> None:
    with pytest.warns(XbenchWarning, match="2 features lie on chromosomes of no known build, such"):
        read_coordinates(pd.DataFrame(index=["CM021859.1:5-9", "CM021859.1:15-19"]), "here")
    places = pd.DataFrame({"chrom": ["chr1", "chr2L", "chrM", ""]})
    assert unknown_chromosomes(places, "hg38").to_dict() == {"chr2L": 1}


def test_one_chromosome_under_two_names_in_a_map() -> None:
    assert same_chromosome("NC_000001.11", ["1", "2"], "map") == "1"
    with pytest.raises(XbenchError, match="map: '1' and 'chr1' are one chromosome"):
        same_chromosome("chr1", ["1", "chr1"], "map")


@pytest.mark.parametrize("odd", ["chr2:100-200(+)", "peak_17", "chr2:1.5-200"])
def test_the_name_that_is_not_understood_is_named(odd: str) -> None:
    names = [f"chr1:{number}00-{number}50" for number in range(1, 6)]
    with pytest.raises(XbenchError) as caught:
        read_coordinates(pd.DataFrame(index=[*names, odd]), "here")
    assert odd in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "chr1:1,000,000-1,000,500",
        "chr1:1e+06-1000500",
        "1:1000000..1000500",
        "chr1-1000000-1000500",
    ],
)
def test_numbers_as_people_write_them(name: str) -> None:
    found = read_coordinates(pd.DataFrame(index=[name]), "here")
    assert found is not None
    assert found.to_numpy().tolist() == [["chr1", 1_000_000, 1_000_500]]


@pytest.mark.parametrize("text", ["1,0", "1e30", "99999999999999999999", "0x10", "", "1 0", "nan"])
def test_numbers_that_are_none(text: str) -> None:
    assert base_pairs(text) is None


@pytest.mark.parametrize("start", [10**12, 2.0**70, "99999999999999999999", -(2.0**70)])
def test_coordinates_beyond_any_chromosome(start: object) -> None:
    var = pd.DataFrame({"chrom": ["chr1"], "start": [start], "end": [9]}, index=["p"])
    with pytest.raises(XbenchError, match=r"holds .*; give whole numbers of base pairs \(feat"):
        read_coordinates(var, "here")


def test_a_start_before_the_chromosome_is_cut_and_told() -> None:
    of = pd.DataFrame({"chrom": ["chr1"] * 2, "start": [-250, -1], "end": [250, 9]})
    for var in (of, pd.DataFrame(index=["chr1:-250-250", "chr1:-1-9"])):
        with pytest.warns(XbenchWarning, match="2 features begin before their chromosome and are"):
            found = read_coordinates(var, "here")
        assert found is not None
        assert found.to_numpy().tolist() == [["chr1", 0, 250], ["chr1", 0, 9]]


@pytest.mark.parametrize("place", [("chr1", np.nan, 9), ("chr1", 5, np.nan), (None, 5, 9)])
def test_a_place_known_in_part_counts_as_none(place: tuple[object, object, object]) -> None:
    var = pd.DataFrame([("chr1", 1, 2), place], columns=["chrom", "start", "end"])
    with pytest.warns(XbenchWarning, match="1 features have a place that is known in part"):
        found = read_coordinates(var, "here")
    assert found is not None
    assert found.iloc[1].tolist() == ["", -1, -1]
