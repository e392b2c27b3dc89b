"""Draws of peaks like the selected ones: who is drawn, and nothing found where nothing is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import kstest

from xbench.analysis.contact_source import PeakContacts
from xbench.analysis.contacts import contact_enrichment
from xbench.analysis.matched_draws import Matching, drawn_sums, strata
from xbench.data.features import Interval
from xbench.errors import XbenchError

from .small_maps import BIN, peaks_in_bins


@pytest.mark.parametrize("name", ["peaks_a_group", "accessibility_groups", "draws"])
def test_matching_that_makes_no_sense(name: str) -> None:
    with pytest.raises(XbenchError, match=f"matching: {name} is 0 but must be above 0"):
        Matching(**{name: 0})


def test_strata_are_of_like_distance_and_accessibility() -> None:
    generator = np.random.default_rng(0)
    distance, accessibility = generator.permutation(300), generator.random(300)
    group = strata(distance, accessibility, Matching(30, 2))
    assert np.bincount(group).tolist() == [15] * 20
    for number in range(0, 20, 2):
        low, high = (np.flatnonzero(group == number + half) for half in (0, 1))
        both = np.concatenate([low, high])
        assert sorted(distance[both]) == list(range(15 * number, 15 * number + 30))
        assert accessibility[low].max() <= accessibility[high].min()


def test_draws_have_as_many_peaks_of_each_group_and_all_are_equally_likely() -> None:
    group = np.array([0, 1, 0, 1, 0, 2, 2])
    selected = np.array([True, True, True, False, False, False, False])
    values = 10.0 ** np.arange(7)
    sums = drawn_sums(values, group, selected, 6000, np.random.default_rng(0))
    seen, counts = np.unique(sums, return_counts=True)
    ways = [sum(values[[i, j, k]]) for i, j in combinations([0, 2, 4], 2) for k in (1, 3)]
    assert seen.tolist() == sorted(ways)
    assert np.abs(counts - 1000).max() < 4 * np.sqrt(1000 * 5 / 6)


@dataclass(frozen=True)
class DrawnMap:
    """Poisson reads with the bin of the promoter that depend on distance alone."""

    seed: int
    name: str = "drawn"
    resolution: int | None = BIN
    balanced: bool | None = False

    def chromosome(self, chrom: str) -> str | None:
        return chrom

    def require_build(self, genome: str | None) -> None:
        assert genome is None

    def contacts(
        self, promoter: Sequence[Interval], start: np.ndarray, end: np.ndarray
    ) -> PeakContacts:
        apart = np.abs(start // BIN - promoter[0].start // BIN)
        mean = 40 / np.maximum(np.arange(apart.max() + 1), 1)
        generator = np.random.default_rng([self.seed, 5])
        left, right = (generator.poisson(mean).astype(float) for _ in range(2))
        reads = np.where(start < promoter[0].start, left[apart], right[apart])
        return PeakContacts(reads, mean[apart], apart == 0, start // BIN)


def p_values_without_links(choose: object, matching: Matching) -> np.ndarray:
    """Selections on as many maps without any link."""
    gene = Interval("chr1", 100 * BIN + 2_000, 100 * BIN + 3_000)
    found = []
    for seed in range(400):
        generator = np.random.default_rng(seed)
        bins = np.sort(generator.integers(0, 200, 150))
        one = contact_enrichment(
            DrawnMap(seed),
            peaks_in_bins(bins.tolist()),
            choose(generator, np.abs(bins - 100)),  # type: ignore[operator]
            gene,
            generator.random(150),
            genome=None,
            strand="+",
            matching=matching,
            seed=seed,
        )
        assert one.p_value is not None
        found.append(one.p_value)
    return np.array(found)


def test_random_peaks_are_not_enriched() -> None:
    def any_peaks(generator: np.random.Generator, apart: np.ndarray) -> np.ndarray:
        return generator.choice(len(apart), 8, replace=False)

    p_values = p_values_without_links(any_peaks, Matching(draws=199))
    assert kstest(p_values, "uniform").pvalue > 0.01
    # 400 * 0.05 are 20, give or take 4.4.
    assert 8 <= np.sum(p_values <= 0.05) <= 33


def test_peaks_near_the_promoter_are_not_enriched_only_for_being_near() -> None:
    def near_peaks(generator: np.random.Generator, apart: np.ndarray) -> np.ndarray:
        chance = 1 / (apart + 1.0) ** 1.5
        return generator.choice(len(apart), 8, replace=False, p=chance / chance.sum())

    # In one group with all others: only the means by distance can tell.
    p_values = p_values_without_links(near_peaks, Matching(1000, 1, draws=199))
    assert kstest(p_values, "uniform").pvalue > 0.01
    assert 8 <= np.sum(p_values <= 0.05) <= 33
