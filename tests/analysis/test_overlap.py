"""Overlap of subsets: by hand, all pairs of subsets one by one, and random draws."""

from __future__ import annotations

import json
from dataclasses import asdict
from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xbench.analysis.overlap import SeedOverlap, chance_overlap, seed_overlap
from xbench.errors import XbenchError

from ..slow_rest import rest_slow


def test_by_hand() -> None:
    overlap = seed_overlap([[0, 1, 2], [2, 3, 1], [7, 8, 9]], 10)
    # 2 of 4 features, and twice 0 of 6.
    assert overlap.n_subsets == 3
    assert overlap.mean == pytest.approx((2 / 4 + 0 + 0) / 3)
    assert (overlap.lowest, overlap.highest) == (0, 0.5)
    # Of C(10, 3) = 120: 63 share one (of 5), 21 two (of 4), 1 three.
    assert overlap.chance == pytest.approx((63 / 5 + 21 / 2 + 1) / 120)
    json.dumps(asdict(overlap), allow_nan=False)


def test_equal_subsets_overlap_wholly_in_any_order() -> None:
    overlap = seed_overlap([[5, 1], [1, 5], np.array([5, 1])], 100)
    assert (overlap.mean, overlap.lowest, overlap.highest) == (1, 1, 1)


@pytest.mark.parametrize(("d", "size", "other"), [(6, 2, 2), (7, 3, 3), (6, 5, 5), (7, 2, 4)])
def test_the_chance_is_the_mean_over_all_pairs_of_subsets(d: int, size: int, other: int) -> None:
    pairs = product(combinations(range(d), size), combinations(range(d), other))
    all_overlaps = [Fraction(len({*a} & {*b}), len({*a} | {*b})) for a, b in pairs]
    assert chance_overlap(d, size, other) == pytest.approx(float(np.mean(all_overlaps)), rel=1e-12)


@pytest.mark.parametrize(("d", "size"), rest_slow([(25_734, 10), (784, 64), (127_219, 128)], 2))
def test_the_chance_is_that_of_random_draws(d: int, size: int) -> None:
    generator = np.random.default_rng(0)
    subsets = [generator.choice(d, size, replace=False) for _ in range(120)]
    overlap = seed_overlap(subsets, d)
    # 7,140 pairs, nearly independent of one another.
    pairs = [len(np.intersect1d(a, b)) / len(np.union1d(a, b)) for a, b in combinations(subsets, 2)]
    assert overlap.mean == pytest.approx(np.mean(pairs))
    assert overlap.chance == pytest.approx(chance_overlap(d, size))
    assert abs(np.mean(pairs) - chance_overlap(d, size)) < 4 * np.std(pairs) / len(pairs) ** 0.5


def test_one_subset_has_nothing_to_overlap_with() -> None:
    assert seed_overlap([[1, 2]], 10) == SeedOverlap(1, None, None, None, None)
    assert seed_overlap([], 10) == SeedOverlap(0, None, None, None, None)


@pytest.mark.parametrize(
    ("subset", "message"),
    [([], "there are none"), ([10], "out of range"), ([3, 3], "more than once")],
)
def test_what_makes_no_sense(subset: list[int], message: str) -> None:
    with pytest.raises(XbenchError, match=message):
        seed_overlap([[1, 2], subset], 10)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(d=st.integers(1, 60), data=st.data())
def test_laws_of_the_chance(d: int, data: st.DataObject) -> None:
    size, other = (data.draw(st.integers(1, d)) for _ in range(2))
    chance = chance_overlap(d, size, other)
    shared = size * other / d
    # Convex in the number shared: never below the overlap of the expected number.
    assert shared / (size + other - shared) <= chance + 1e-12
    assert chance <= min(size, other) / max(size, other) + 1e-12
    assert chance == pytest.approx(chance_overlap(d, other, size))
    assert chance_overlap(d, d) == pytest.approx(1)
    if d > 1:
        assert chance_overlap(d, 1) == pytest.approx(1 / d)
