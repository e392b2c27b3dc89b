"""Hits and their chance: by hand, and by counting every subset."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xbench.data.features import Features, Interval
from xbench.metrics.genomic import SOFT_DISTANCE, hit, hit_chance

GENE = Interval("chr1", 1000, 2000)
# Places of peaks around the gene; the distance is that between the nearest bases.
PLACES = [
    ("inside", "chr1", 1500, 1600, 0.0),
    ("over it all", "chr1", 900, 2100, 0.0),
    ("one base shared at the start", "chr1", 900, 1001, 0.0),
    ("one base shared at the end", "chr1", 1999, 2100, 0.0),
    ("adjacent before", "chr1", 900, 1000, 1.0),
    ("adjacent after", "chr1", 2000, 2100, 1.0),
    ("10 Mb after", "chr1", 1999 + SOFT_DISTANCE, 3000 + SOFT_DISTANCE, float(SOFT_DISTANCE)),
    ("a base more", "chr1", 2000 + SOFT_DISTANCE, 3000 + SOFT_DISTANCE, SOFT_DISTANCE + 1.0),
    ("same place, another chromosome", "chr2", 1500, 1600, np.inf),
    ("unknown", "", -1, -1, np.inf),
]
FEATURES = Features(*(list(column) for column in list(zip(*PLACES, strict=True))[:4]))
DISTANCES = FEATURES.distance_to(GENE)


@pytest.mark.parametrize("number", range(len(PLACES)), ids=[place[0] for place in PLACES])
def test_places(number: int) -> None:
    distance = PLACES[number][4]
    assert DISTANCES[number] == distance
    assert hit(DISTANCES, np.array([number])) == (100.0 if distance == 0 else 0.0)
    soft = 100.0 if distance <= SOFT_DISTANCE else 0.0
    assert hit(DISTANCES, np.array([number]), SOFT_DISTANCE) == soft


def test_the_closest_peak_decides() -> None:
    assert hit(DISTANCES, np.array([8, 5, 0])) == 100
    assert hit(DISTANCES, np.array([8, 5, 7])) == 0
    assert hit(DISTANCES, np.array([8, 7]), SOFT_DISTANCE) == 0


@pytest.mark.parametrize("within", [0, SOFT_DISTANCE])
@pytest.mark.parametrize("size", range(1, len(PLACES) + 1))
def test_the_chance_is_the_share_of_all_subsets(size: int, within: int) -> None:
    subsets = list(combinations(range(len(PLACES)), size))
    share = np.mean([hit(DISTANCES, np.array(subset), within) for subset in subsets])
    assert hit_chance(DISTANCES, size, within) == pytest.approx(share)


@given(st.integers(0, 30), st.integers(1, 30), st.data())
def test_the_chance_is_one_minus_all_misses(near: int, far: int, data: st.DataObject) -> None:
    distances = np.array([0.0] * near + [np.inf] * far)
    size = data.draw(st.integers(1, near + far))
    misses = comb(far, size) / comb(near + far, size)
    assert hit_chance(distances, size) == pytest.approx(100 * (1 - misses), abs=1e-9)


def test_the_papers_size_is_no_problem() -> None:
    distances = np.full(127_219, np.inf)
    assert hit_chance(distances, 128) == 0
    distances[:800] = 5e6
    # 1 - (1 - 800 / 127219)^128, but for drawing without replacement.
    assert hit_chance(distances, 128, SOFT_DISTANCE) == pytest.approx(55.43, abs=0.1)
