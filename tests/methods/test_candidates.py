"""Choosing features to try: the smallest values, or random ones."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from xbench.explainers.search import drawn_outside, smallest


@settings(max_examples=60, deadline=None, derandomize=True)
@given(values=st.lists(st.sampled_from([-1.0, 0.0, 0.5, 2.0, np.inf]), min_size=1), data=st.data())
def test_the_smallest_are_those_of_a_stable_sort(values: list[float], data: st.DataObject) -> None:
    count = data.draw(st.integers(1, len(values) + 2))
    found = smallest(np.array(values), count)
    assert found.tolist() == sorted(range(len(values)), key=lambda one: (values[one], one))[:count]


def test_features_outside_are_drawn_equally_often() -> None:
    generator = np.random.default_rng(0)
    drawn = [drawn_outside(generator, 8, np.array([1, 6]), 3) for _ in range(600)]
    assert {len(set(one.tolist())) for one in drawn} == {3}
    counts = np.bincount(np.concatenate(drawn), minlength=8)
    assert counts[[1, 6]].tolist() == [0, 0]
    # Six features, each expected 300 times with a standard deviation of 12.
    assert np.abs(counts[[0, 2, 3, 4, 5, 7]] - 300).max() < 60
