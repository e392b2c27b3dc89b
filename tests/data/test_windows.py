"""Windows of neighbouring features: runs on chromosomes, patches of images."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xbench.data.features import Features
from xbench.explainers.neighbours import image_side, window_of_features, windows


def peaks(sizes: list[int]) -> Features:
    chrom = [f"chr{number}" for number, size in enumerate(sizes) for _ in range(size)]
    d = len(chrom)
    return Features([f"peak{j}" for j in range(d)], chrom, np.arange(d), np.arange(d) + 1)


def pixels(count: int) -> Features:
    return Features([f"pixel{j}" for j in range(count)])


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    sizes=st.lists(st.integers(1, 11), min_size=1, max_size=4).filter(sum), width=st.integers(1, 5)
)
def test_runs_are_neighbours_on_one_chromosome_and_hold_each_peak_once(
    sizes: list[int], width: int
) -> None:
    features = peaks(sizes)
    window_of = window_of_features(features, width)
    runs = windows(window_of)
    assert np.concatenate(runs).tolist() == list(range(sum(sizes)))
    assert sorted(map(len, runs), reverse=True)[0] <= width
    assert features.chrom is not None
    for number, run in enumerate(runs):
        assert len({features.chrom[j] for j in run}) == 1
        assert (window_of[run] == number).all()
    # As few as can be: every chromosome has only one short window.
    assert len(runs) == sum(-(-size // width) for size in sizes)


@pytest.mark.parametrize(("side", "patch"), [(4, 2), (5, 2), (6, 3), (3, 1), (4, 9)])
def test_patches_are_squares_row_by_row(side: int, patch: int) -> None:
    window_of = window_of_features(pixels(side**2), patch=patch).reshape(side, side)
    across = -(-side // patch)
    for row in range(side):
        for column in range(side):
            assert window_of[row, column] == (row // patch) * across + column // patch
    assert len(windows(window_of.ravel())) == across**2


def test_what_is_an_image() -> None:
    assert image_side(pixels(784)) == 28
    assert image_side(pixels(785)) is None
    assert image_side(peaks([9])) is None
    # Neither: runs in the order of the columns.
    assert window_of_features(pixels(7), width=3).tolist() == [0, 0, 0, 1, 1, 1, 2]
