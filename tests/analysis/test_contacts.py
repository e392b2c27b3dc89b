"""Contacts of selected peaks with a promoter: by hand, all selections one by one, calibration."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xbench.analysis.compared_maps import compare_maps
from xbench.analysis.contact_map import ContactMap, open_contact_map
from xbench.analysis.contacts import ContactEnrichment, contact_enrichment
from xbench.analysis.loops import Loops
from xbench.analysis.matched_draws import Matching, strata
from xbench.data.features import Features, Interval
from xbench.errors import XbenchError

from .small_maps import BIN, READS, decaying_reads, peaks_in_bins, write_cool

# Its TSS is in bin 5 of chr1.
GENE = Interval("chr1", 52_000, 58_000)
ONE_GROUP = Matching(peaks_a_group=1000, accessibility_groups=1)


def measured(
    source: ContactMap,
    features: Features,
    indices: list[int],
    *,
    accessibility: np.ndarray | None = None,
    matching: Matching = ONE_GROUP,
    genome: str | None = None,
    gene: Interval = GENE,
    strand: str | None = "+",
    seed: int = 0,
) -> ContactEnrichment:
    return contact_enrichment(
        source,
        features,
        indices,
        gene,
        np.zeros(len(features)) if accessibility is None else accessibility,
        genome=genome,
        strand=strand,
        matching=matching,
        seed=seed,
    )


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> ContactMap:
    return opened(tmp_path_factory.mktemp("usual"), READS)


def opened(folder: Path, reads: dict[tuple[int, int], float], **options: Any) -> ContactMap:
    return open_contact_map(write_cool(folder / "map.cool", reads, **options))


def with_other_chromosome(bins: list[int], others: list[int]) -> Features:
    here, there = peaks_in_bins(bins), peaks_in_bins(others, chrom="chr2")
    parts = [
        (getattr(here, name), getattr(there, name)) for name in ("names", "chrom", "start", "end")
    ]
    return Features(*(np.concatenate(pair) for pair in parts))


def test_by_hand(usual: ContactMap) -> None:
    # Peaks 0 to 11 are in bins 0 to 11 of chr1, 12 and 13 on chr2.
    features = with_other_chromosome(list(range(12)), [0, 1])
    found = measured(usual, features, [2, 4, 5, 9, 12, 10])
    # Of the selected: one elsewhere, one in the promoter's bin, one in a masked bin.
    assert (found.n_selected, found.n_elsewhere, found.n_unresolved) == (6, 1, 1)
    assert (found.n_missing, found.n_beyond, found.n_unmatched) == (1, 0, 0)
    # Bins 2, 4 and 10; like them are bins 0, 6, 7, 8 and 11: no two bins 4 apart have a read.
    assert (found.n_compared, found.n_controls) == (3, 5)
    assert found.observed == pytest.approx((10 + 30 + 0) / 3)
    # Means by distance, bins 3 and 9 left out: bin 0 is 5 bins from the promoter, and so on.
    good = [at for at in range(12) if at not in (3, 9)]

    def mean(apart: int) -> float:
        pairs = [(i, i + apart) for i in good if i + apart in good]
        return sum(READS.get(pair, 0) for pair in pairs) / len(pairs)

    selected = mean(3) + mean(1) + mean(5)
    assert mean(4) == 0
    like = mean(5) + mean(1) + mean(2) + mean(3) + mean(6)
    controls = 4 + 16 + 0 + 6 + 0
    assert found.expected == pytest.approx(selected / 3 * controls / like)
    assert found.enrichment == pytest.approx(found.observed / found.expected)
    assert (found.source, found.resolution, found.balanced) == ("map.cool", BIN, False)
    assert (found.promoter, found.draws, found.reason) == ("TSS", 999, None)
    json.dumps(asdict(found), allow_nan=False)


def test_a_strand_that_the_gene_says_is_heeded(usual: ContactMap) -> None:
    features, long = peaks_in_bins(list(range(12))), replace(GENE, end=78_000)
    told = [
        measured(usual, features, [2, 4], gene=replace(long, strand=of_gene), strand=strand)
        for of_gene, strand in (("+", None), ("", "+"), ("-", None), ("", None))
    ]
    assert told[0] == told[1]
    assert [found.promoter for found in told] == ["TSS", "TSS", "TSS", "both ends"]
    assert told[2].observed != told[0].observed


def test_the_numbers_of_peaks_add_up(usual: ContactMap) -> None:
    features = with_other_chromosome(list(range(12)), [0, 1])
    for size in (1, 4, 9, 14):
        chosen = np.random.default_rng(size).choice(14, size, replace=False).tolist()
        found = measured(usual, features, chosen, matching=Matching(3, 2))
        parts = (found.n_elsewhere, found.n_unresolved, found.n_missing, found.n_beyond)
        assert sum(parts) + found.n_unmatched + found.n_compared == found.n_selected == size


def test_the_p_value_is_that_of_all_selections_one_by_one(usual: ContactMap) -> None:
    # The bins that are not masked, nor the promoter's, nor at a distance without any read.
    features = peaks_in_bins([0, 2, 4, 6, 7, 8, 10, 11])
    accessibility = np.array([0.1, 0.9, 0.2, 0.8, 0.3, 0.7, 0.4, 0.6])
    selected = np.isin(np.arange(8), [1, 4, 5])
    matching = Matching(peaks_a_group=4, accessibility_groups=1, draws=20_000)
    found = measured(
        usual,
        features,
        np.flatnonzero(selected).tolist(),
        accessibility=accessibility,
        matching=matching,
    )
    promoter = Interval("chr1", 52_000, 52_001)
    assert features.start is not None
    assert features.end is not None
    contacts = usual.contacts((promoter,), features.start, features.end)
    group = strata(features.distance_to(promoter), accessibility, matching)
    assert np.bincount(group).tolist() == [4, 4]
    mixed = [g for g in range(2) if 0 < selected[group == g].sum() < 4]
    assert len(mixed) == 2
    ways = [
        list(combinations(np.flatnonzero(group == g), int(selected[group == g].sum())))
        for g in mixed
    ]
    score = (contacts.contact - contacts.expected) / np.sqrt(contacts.expected)
    sums = [sum(score[i] for part in way for i in part) for way in product(*ways)]
    own = score[selected & np.isin(group, mixed)].sum()
    exact = np.mean(np.array(sums) >= own - 1e-9)
    assert 0.01 < exact < 0.99
    assert found.p_value == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 20_000))


def test_no_random_selection_has_more_than_the_best_one(tmp_path: Path) -> None:
    reads = {(min(5, at), max(5, at)): 1.0 for at in range(40)} | {(5, 20): 500.0, (5, 33): 500.0}
    source = opened(tmp_path, reads, lengths={"chr1": 400_000})
    features = peaks_in_bins(list(range(40)))
    found = measured(source, features, [20, 33], matching=Matching(1000, 1, draws=99))
    # It is drawn itself once in 780: the 99 draws of seed 0 do not hit it.
    assert found.p_value == 1 / 100
    worst = measured(source, features, [21, 30], matching=Matching(1000, 1, draws=99))
    assert worst.p_value > 0.5


def test_the_same_seed_gives_the_same(usual: ContactMap) -> None:
    features = peaks_in_bins(list(range(12)))
    first, second, other = (measured(usual, features, [2, 7], seed=seed) for seed in (1, 1, 2))
    assert first == second
    assert other.p_value != first.p_value
    assert other.enrichment == first.enrichment


@pytest.mark.parametrize(
    ("chosen", "reason"),
    [
        ([12, 13], "no selected peak is on chr1"),
        ([5], "no selected peak is left to compare"),
        ([3, 9], "no selected peak is left"),
    ],
)
def test_nothing_to_compare(usual: ContactMap, chosen: list[int], reason: str) -> None:
    features = with_other_chromosome(list(range(12)), [0, 1])
    found = measured(usual, features, chosen)
    assert found.reason is not None
    assert reason in found.reason
    assert found.observed is found.expected is found.enrichment is found.p_value is None
    assert found.n_compared == 0
    json.dumps(asdict(found), allow_nan=False)


def test_a_chromosome_that_the_map_does_not_have(usual: ContactMap) -> None:
    features = peaks_in_bins([1, 2], chrom="chr7")
    found = measured(usual, features, [0], gene=Interval("chr7", 5, 900))
    assert found.reason == "map.cool has nothing on chr7"
    assert found.n_missing == 1


def test_a_masked_promoter(tmp_path: Path) -> None:
    weight = np.ones(17)
    weight[5] = np.nan
    source = opened(tmp_path, READS, weight=weight)
    found = measured(source, peaks_in_bins(list(range(12))), [1, 2, 7])
    assert found.n_missing == 3
    assert found.p_value is None


def test_peaks_beyond_the_reach_of_the_map_are_left_out(tmp_path: Path) -> None:
    # No read joins bins more than 3 apart.
    reads = {(at, at + apart): 5.0 for at in range(12) for apart in range(4) if at + apart < 12}
    source = opened(tmp_path, reads)
    found = measured(source, peaks_in_bins(list(range(12))), [0, 1, 2, 9])
    assert (found.n_beyond, found.n_compared, found.n_controls) == (3, 1, 5)
    assert found.enrichment == pytest.approx(1)
    assert found.p_value == 1


def test_groups_without_an_unselected_peak_are_left_out(usual: ContactMap) -> None:
    features = peaks_in_bins([4, 4, 6, 7, 0, 10, 11])
    found = measured(usual, features, [0, 1, 2, 3, 5], matching=Matching(3, 1))
    # All peaks of the nearest three bins are selected; one of the other three is.
    assert (found.n_unmatched, found.n_compared) == (4, 1)
    assert (found.n_places, found.n_controls) == (1, 2)


def test_peaks_that_share_a_bin_count_once(usual: ContactMap) -> None:
    alone = measured(usual, peaks_in_bins([0, 2, 4, 6, 7, 8]), [2, 3], matching=ONE_GROUP)
    crowd = peaks_in_bins([0, 0, 2, 4, 4, 4, 6, 6, 7, 8])
    # Two of bin 4's three peaks and one of bin 6's two.
    found = measured(usual, crowd, [3, 5, 6], matching=ONE_GROUP)
    assert (found.n_selected, found.n_compared, found.n_places) == (3, 3, 2)
    assert found.n_controls == alone.n_controls == 4
    for name in ("observed", "expected", "enrichment", "p_value"):
        assert getattr(found, name) == getattr(alone, name)


def test_accessibility_of_a_bin_is_the_mean_of_its_peaks(usual: ContactMap) -> None:
    bins, open_share = [0, 0, 4, 6, 8], [0.0, 0.8, 0.5, 0.3, 0.1]
    asked = {"accessibility": np.array(open_share), "matching": Matching(1000, 2)}
    # By the means 0.1, 0.3 | 0.4, 0.5: bins 8 and 6, and bins 0 and 4.
    found = measured(usual, peaks_in_bins(bins), [2], **asked)  # type: ignore[arg-type]
    assert (found.n_places, found.n_controls) == (1, 1)
    # 30 reads with bin 4; bin 0, like it, has 4.
    by_distance = usual.contacts(
        (Interval("chr1", 52_000, 52_001),), np.array([0, 40_000]), np.array([9, 40_009])
    ).expected
    assert found.expected == pytest.approx(by_distance[1] * 4 / by_distance[0])


def test_peaks_like_the_selected_ones_that_touch_nothing(tmp_path: Path) -> None:
    reads = {(5, 8): 40.0, (0, 3): 3.0, (1, 4): 3.0, (2, 2): 9.0, (7, 7): 9.0, (9, 9): 1.0}
    source = opened(tmp_path, reads)
    found = measured(source, peaks_in_bins([2, 8]), [1])
    assert (found.observed, found.expected, found.enrichment) == (40, 0, None)
    assert found.p_value == pytest.approx(0.5, abs=0.06)
    assert found.reason == "no peak like the selected ones has any contact"


def test_a_map_of_another_build_is_refused(tmp_path: Path) -> None:
    source = opened(tmp_path, READS, assembly="mm10")
    with pytest.raises(XbenchError, match=r"map\.cool: is of genome build mm10, but .* hg38"):
        measured(source, peaks_in_bins([1, 2]), [0], genome="hg38")
    with pytest.raises(XbenchError, match=r"chr1 has 115,000 bases, but in mm10"):
        measured(source, peaks_in_bins([1, 2]), [0], genome="GRCm38")


@pytest.mark.parametrize(
    ("indices", "accessibility", "message"),
    [
        ([], np.zeros(2), "there are none"),
        ([2], np.zeros(2), "out of range"),
        ([0], np.zeros(3), r"accessibility has shape \(3,\) but must have shape \(2,\)"),
    ],
)
def test_what_makes_no_sense(
    usual: ContactMap, indices: list[int], accessibility: np.ndarray, message: str
) -> None:
    with pytest.raises(XbenchError, match=message):
        measured(usual, peaks_in_bins([1, 2]), indices, accessibility=accessibility)


def test_maps_of_several_cell_types(tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    background = decaying_reads(60, generator)
    links = {(30, at): background.get((30, at), 0) + 40.0 for at in (38, 44, 51)}
    lengths = {"chr1": 60 * BIN}
    maps = {
        name: open_contact_map(write_cool(tmp_path / f"{name}.cool", reads, lengths=lengths))
        for name, reads in {
            "Micro": background | links,
            "Astro": background,
            "Oligo": decaying_reads(60, generator),
        }.items()
    }
    features = peaks_in_bins(list(range(60)))
    gene = Interval("chr1", 30 * BIN + 5, 30 * BIN + 900)
    asked = (features, [38, 44, 51], gene, np.zeros(60))
    found = compare_maps(maps, "Micro", *asked, genome=None, strand="+", matching=ONE_GROUP)
    assert set(found.by_map) == set(maps)
    for name, source in maps.items():
        alone = contact_enrichment(source, *asked, genome=None, strand="+", matching=ONE_GROUP)
        assert found.by_map[name] == alone
    own = found.by_map["Micro"]
    assert own.p_value is not None
    assert own.p_value < 0.01
    others = [found.by_map[name].enrichment for name in ("Astro", "Oligo")]
    assert found.mismatched_enrichment == pytest.approx(np.mean(others))
    assert found.ratio == pytest.approx(own.enrichment / np.mean(others))
    assert found.ratio > 3
    json.dumps(asdict(found), allow_nan=False)
    with pytest.raises(XbenchError, match=r"unknown map 'Mikro'. Nearest: Micro"):
        compare_maps(maps, "Mikro", *asked, genome=None)
    with pytest.raises(XbenchError, match="give two at least"):
        compare_maps({"Micro": maps["Micro"]}, "Micro", *asked, genome=None)


def test_a_map_without_an_answer_does_not_count_among_the_others(usual: ContactMap) -> None:
    nothing = np.zeros((0, 2), dtype=int)
    loops = Loops("loops.bedpe", np.zeros(0, dtype=str), nothing, nothing)
    maps = {"Micro": usual, "Astro": loops}
    asked = (peaks_in_bins(list(range(12))), [2, 4], GENE, np.zeros(12))
    found = compare_maps(maps, "Micro", *asked, genome=None, matching=ONE_GROUP)
    assert found.mismatched_enrichment is found.ratio is None
    assert found.by_map["Astro"].reason == "loops.bedpe has nothing on chr1"
    assert found.by_map["Micro"].promoter == "both ends"
