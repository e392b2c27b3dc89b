"""Holm's correction against statsmodels, by hand, and the laws it obeys."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from xbench.errors import XbenchError
from xbench.leaderboard.statistics import holm

probabilities = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def corrected(p_values: list[float]) -> list[float]:
    found = [p for p in holm(p_values) if p is not None]
    assert len(found) == len(p_values)
    return found


# One correction takes statsmodels a tenth of a second.
@settings(max_examples=5, deadline=None)
@given(probabilities)
def test_agrees_with_statsmodels(p_values: list[float]) -> None:
    _, witness, *_ = multipletests(p_values, method="holm")
    assert corrected(p_values) == pytest.approx(witness.tolist())


@given(probabilities)
def test_none_falls_and_their_order_stays(p_values: list[float]) -> None:
    adjusted = corrected(p_values)
    assert all(0 <= p <= after <= 1 for p, after in zip(p_values, adjusted, strict=True))
    in_order = [after for _, after in sorted(zip(p_values, adjusted, strict=True))]
    assert in_order == sorted(adjusted)


@given(probabilities, st.randoms())
def test_the_order_of_the_tests_does_not_matter(p_values: list[float], random: Random) -> None:
    before = dict(zip(p_values, corrected(p_values), strict=True))
    shuffled = list(p_values)
    random.shuffle(shuffled)
    assert dict(zip(shuffled, corrected(shuffled), strict=True)) == before


def test_worked_by_hand() -> None:
    # Times 4, 3, 2, 1 from the smallest: 0.04, 0.06, 0.06 (not 0.04), 0.06 (not 0.03).
    assert holm([0.01, 0.02, 0.03, 0.02]) == pytest.approx([0.04, 0.06, 0.06, 0.06])


def test_a_test_that_was_not_done_does_not_count() -> None:
    assert holm([None, 0.25, None, 0.125]) == [None, 0.25, None, 0.25]
    assert holm([None]) == [None]
    assert holm([]) == []


@pytest.mark.parametrize("bad", [-0.1, 1.5, float("nan")])
def test_what_is_no_probability_is_refused(bad: float) -> None:
    with pytest.raises(XbenchError, match=r"p-value 1: .* is not within 0 and 1"):
        holm([0.5, bad])
