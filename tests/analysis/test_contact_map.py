"""Reading contact maps: known counts, cooler's own matrices, masked bins, builds, and damage."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from xbench.analysis import contact_map
from xbench.analysis.contact_map import ContactMap, open_contact_map
from xbench.analysis.contact_source import PeakContacts
from xbench.data.features import Interval
from xbench.data.genome import chromosome_lengths, same_chromosome
from xbench.errors import XbenchError

from .small_maps import BIN, LENGTHS, READS, cooler, decaying_reads, peaks_in_bins, write_cool

# In bin 5 of chr1.
PROMOTER = (Interval("chr1", 52_000, 52_001),)
ALL_BINS = list(range(12))


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_cool(tmp_path_factory.mktemp("usual") / "map.cool", READS)


def contacts_of(found: ContactMap, bins: list[int], promoter: object = PROMOTER) -> PeakContacts:
    peaks = peaks_in_bins(bins)
    assert peaks.start is not None
    assert peaks.end is not None
    return found.contacts(promoter, peaks.start, np.minimum(peaks.end, 115_000))  # type: ignore[arg-type]


def test_known_counts(usual: str) -> None:
    found = open_contact_map(usual)
    assert (found.name, found.resolution, found.assembly, found.balanced) == (
        "map.cool",
        BIN,
        None,
        False,
    )
    assert found.lengths == LENGTHS
    contacts = contacts_of(found, ALL_BINS)
    nan = np.nan
    # Bins 3 and 9 have not one read on chr1: masked. Bins 1, 7, 10 and 11 have none with bin 5.
    expected = [4, 0, 10, nan, 30, 70, 16, 0, 6, nan, 0, 0]
    np.testing.assert_array_equal(contacts.contact, expected)
    assert contacts.unresolved.tolist() == [at == 5 for at in ALL_BINS]


def test_means_by_distance_are_over_pairs_of_bins_that_are_not_masked(usual: str) -> None:
    found = open_contact_map(usual)
    contacts = contacts_of(found, ALL_BINS)
    good = [at for at in ALL_BINS if at not in (3, 9)]
    for at in good:
        apart = abs(at - 5)
        pairs = [(i, i + apart) for i in good if i + apart in good]
        mean = sum(READS.get(pair, 0) for pair in pairs) / len(pairs)
        assert contacts.expected[at] == pytest.approx(mean)
    assert np.isnan(contacts.expected[[3, 9]]).all()


def test_balanced_weights_are_used_where_there_are_any(tmp_path: Path) -> None:
    weight = np.linspace(0.5, 1.3, 17)
    weight[[3, 8]] = np.nan
    path = write_cool(tmp_path / "map.cool", READS, weight=weight)
    found = open_contact_map(path)
    assert found.balanced
    ours = contacts_of(found, ALL_BINS)
    theirs = cooler.Cooler(path).matrix(balance=True).fetch("chr1")
    np.testing.assert_allclose(ours.contact, theirs[5], rtol=1e-12)
    assert np.isnan(ours.contact).tolist() == [at in (3, 8) for at in ALL_BINS]
    # Bin 9 has a weight but no read: its contact is 0 and known.
    assert ours.contact[9] == 0
    for at in (0, 2, 4, 7, 11):
        assert ours.expected[at] == pytest.approx(np.nanmean(np.diagonal(theirs, abs(at - 5))))


def test_a_promoter_in_a_masked_bin_has_no_known_contact(tmp_path: Path) -> None:
    weight = np.ones(17)
    weight[5] = np.nan
    found = open_contact_map(write_cool(tmp_path / "map.cool", READS, weight=weight))
    assert np.isnan(contacts_of(found, ALL_BINS).contact).all()


def test_of_two_ends_the_mean_or_the_one_that_is_known(tmp_path: Path) -> None:
    ends = (*PROMOTER, Interval("chr1", 81_000, 81_001))
    weight = np.ones(17)
    path = write_cool(tmp_path / "map.cool", READS, weight=weight)
    contacts = contacts_of(open_contact_map(path), ALL_BINS, ends)
    # Reads with bin 5, and with bin 8.
    five, eight = [4, 0, 10, 0, 30, 70, 16, 0, 6], [0, 0, 1, 0, 0, 6, 0, 0, 0]
    np.testing.assert_allclose(contacts.contact[:9], np.add(five, eight) / 2)
    assert contacts.unresolved.tolist() == [at in (5, 8) for at in ALL_BINS]
    weight[8] = np.nan
    path = write_cool(tmp_path / "other.cool", READS, weight=weight)
    contacts = contacts_of(open_contact_map(path), ALL_BINS, ends)
    np.testing.assert_allclose(contacts.contact[:8], five[:8])


@pytest.mark.parametrize("chunk", [3, 2**20])
@pytest.mark.parametrize("symmetric", [True, False])
def test_rows_are_those_of_coolers_own_matrix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int, symmetric: bool
) -> None:
    monkeypatch.setattr(contact_map, "PIXEL_CHUNK", chunk)
    generator = np.random.default_rng(0)
    reads = decaying_reads(17, generator)
    if not symmetric:
        reads |= {(other, one): count for (one, other), count in reads.items()}
    path = tmp_path / "map.cool"
    bins = cooler.binnify(cooler.util.pd.Series(LENGTHS), BIN)
    pixels = [(*pair, count) for pair, count in sorted(reads.items())]
    table = cooler.util.pd.DataFrame(pixels, columns=["bin1_id", "bin2_id", "count"])
    cooler.create_cooler(str(path), bins, table, symmetric_upper=symmetric, ordered=True)
    found = cooler.Cooler(str(path))
    for chrom, at in (("chr1", [0, 5, 11]), ("chr2", [1])):
        rows, by_distance = contact_map.read_rows(found, chrom, np.array(at), weights=None)
        whole = found.matrix(balance=False).fetch(chrom)
        np.testing.assert_array_equal(rows, whole[at])
        means = [np.diagonal(whole, apart).mean() for apart in range(len(whole))]
        np.testing.assert_allclose(by_distance, means)


def test_one_resolution_of_several(usual: str, tmp_path: Path) -> None:
    path = tmp_path / "maps.mcool"
    cooler.zoomify_cooler(usual, str(path), [BIN, 2 * BIN], chunksize=1000)
    fine = contacts_of(open_contact_map(path, BIN), ALL_BINS)
    np.testing.assert_array_equal(
        fine.contact, contacts_of(open_contact_map(usual), ALL_BINS).contact
    )
    coarse = open_contact_map(path, 2 * BIN)
    assert coarse.resolution == 2 * BIN
    # Bins 0 and 1 are one now, and so are 4 and 5: their reads are added up.
    contacts = contacts_of(coarse, [0, 1, 2, 6])
    np.testing.assert_array_equal(contacts.contact, [4, 4, 10, 16])
    assert open_contact_map(f"{path}::/resolutions/20000") == coarse
    with pytest.raises(XbenchError, match="several resolutions; choose one of: 10000, 20000"):
        open_contact_map(path)
    with pytest.raises(XbenchError, match="no resolution 5000"):
        open_contact_map(path, 5000)
    with pytest.raises(XbenchError, match=r"no map /resolutions/5. Valid maps: /resolutions/10000"):
        open_contact_map(f"{path}::/resolutions/5")


def test_the_only_resolution_need_not_be_named(usual: str, tmp_path: Path) -> None:
    path = tmp_path / "maps.mcool"
    cooler.zoomify_cooler(usual, str(path), [BIN], chunksize=1000)
    assert open_contact_map(path).resolution == BIN
    assert open_contact_map(usual, BIN).resolution == BIN
    with pytest.raises(XbenchError, match=r"no resolution 5,000. Valid resolutions: 10000"):
        open_contact_map(usual, 5000)


def test_files_that_are_no_maps(usual: str, tmp_path: Path) -> None:
    text = tmp_path / "text.cool"
    text.write_text("chr1\t0\t10000\n")
    with pytest.raises(XbenchError, match=r"text\.cool: is no \.cool or \.mcool file"):
        open_contact_map(text)
    with pytest.raises(XbenchError, match="no such file"):
        open_contact_map(tmp_path / "absent.mcool", BIN)
    whole = Path(usual).read_bytes()
    cut = tmp_path / "cut.cool"
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(XbenchError, match=r"cut\.cool"):
        open_contact_map(cut)
    empty = tmp_path / "empty.h5"
    import h5py

    h5py.File(empty, "w").close()
    with pytest.raises(XbenchError, match="holds no contact map"):
        open_contact_map(empty)


def test_a_file_that_goes_bad_after_it_was_opened(usual: str, tmp_path: Path) -> None:
    path = Path(shutil.copy(usual, tmp_path))
    found = open_contact_map(path)
    path.unlink()
    with pytest.raises(XbenchError, match=r"map\.cool: cannot be read"):
        contacts_of(found, ALL_BINS)


def test_a_promoter_is_read_once(usual: str, tmp_path: Path) -> None:
    path = Path(shutil.copy(usual, tmp_path))
    found = open_contact_map(path)
    first = contacts_of(found, ALL_BINS)
    path.unlink()
    again = contacts_of(found, [0, 4])
    assert again.contact.tolist() == first.contact[[0, 4]].tolist()
    with pytest.raises(XbenchError, match="cannot be read"):
        contacts_of(found, ALL_BINS, (Interval("chr1", 10, 11),))


def test_bins_of_several_sizes(tmp_path: Path) -> None:
    pd = cooler.util.pd
    bins = pd.DataFrame({"chrom": ["chr1"] * 3, "start": [0, 100, 250], "end": [100, 250, 300]})
    pixels = pd.DataFrame({"bin1_id": [0], "bin2_id": [1], "count": [3]})
    path = tmp_path / "fragments.cool"
    cooler.create_cooler(str(path), bins, pixels)
    with pytest.raises(XbenchError, match="bins are not of one size"):
        open_contact_map(path)


def test_without_cooler_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cooler", None)
    monkeypatch.setattr(contact_map, "find_spec", lambda name: None)
    with pytest.raises(XbenchError, match=r"pip install 'xbench-explain\[hic\]'"):
        open_contact_map(tmp_path / "map.cool")


def hg38_map(
    tmp_path: Path, assembly: str | None, *, build: str = "hg38", prefix: str = "chr"
) -> ContactMap:
    lengths = chromosome_lengths(build)
    assert lengths is not None
    renamed = {name.replace("chr", prefix): lengths[name] for name in ("chr18", "chr19")}
    path = write_cool(
        tmp_path / f"{assembly}-{build}.cool",
        {(0, 1): 5.0},
        lengths=renamed,
        bin_size=1_000_000,
        assembly=assembly,
    )
    return open_contact_map(path)


@pytest.mark.parametrize(
    ("assembly", "genome"),
    [("hg38", "hg38"), ("GRCh38", "hg38"), (None, "hg38"), ("unknown", "GRCh38"), ("hg19", None)],
)
def test_builds_that_agree(tmp_path: Path, assembly: str | None, genome: str | None) -> None:
    hg38_map(tmp_path, assembly).require_build(genome)


@pytest.mark.parametrize(
    ("assembly", "build", "message"),
    [
        ("hg19", "hg38", r"is of genome build hg19, but the peaks are of hg38"),
        ("mm39", "hg38", r"is of genome build mm39"),
        (None, "hg19", r"chr18 has 78,077,248 bases, as in hg19, but in hg38.* 80,373,285"),
        ("hg38", "mm10", r"chr18 has 90,702,639 bases, as in mm10, but in hg38"),
    ],
)
def test_builds_that_do_not(tmp_path: Path, assembly: str | None, build: str, message: str) -> None:
    found = hg38_map(tmp_path, assembly, build=build)
    with pytest.raises(XbenchError, match=message):
        found.require_build("hg38")


def test_a_peak_past_the_end_of_a_chromosome_is_of_another_build(usual: str) -> None:
    found = open_contact_map(usual)
    with pytest.raises(XbenchError, match=r"chr1:115,001 is past the end of the chromosome"):
        found.contacts(PROMOTER, np.array([114_900]), np.array([115_001]))
    # The last bin is cut short, and still a bin.
    assert found.contacts(PROMOTER, np.array([114_800]), np.array([115_000])).contact == [0]


@pytest.mark.parametrize(
    ("chrom", "names", "found"),
    [
        ("1", ["chr2", "chr1"], "chr1"),
        ("chrX", ["X"], "X"),
        ("CHRX", ["chrx"], "chrx"),
        ("chrM", ["MT"], "MT"),
        ("chr1", ["chr10", "chr11"], None),
        ("chr1_random", ["chr1"], None),
    ],
)
def test_spellings(chrom: str, names: list[str], found: str | None) -> None:
    assert same_chromosome(chrom, names, "map") == found


def test_chromosomes_may_be_spelt_without_chr(usual: str, tmp_path: Path) -> None:
    lengths = {"1": 115_000, "2": 45_000}
    plain = open_contact_map(write_cool(tmp_path / "plain.cool", READS, lengths=lengths))
    assert plain.chromosome("chr1") == "1"
    assert plain.chromosome("chr3") is None
    np.testing.assert_array_equal(
        contacts_of(plain, ALL_BINS).contact,
        contacts_of(open_contact_map(usual), ALL_BINS).contact,
    )
