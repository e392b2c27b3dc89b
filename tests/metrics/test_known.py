"""Measures against known links, beside counting, Fisher's exact test and scikit-learn."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from xbench.data.dataset import Target
from xbench.data.features import Features
from xbench.data.known_links import KnownPairs
from xbench.metrics import METRICS, Outcome, compute_metrics
from xbench.metrics.catalog import OF_KNOWN
from xbench.metrics.known import average_precision

D = 12
LINKED = np.isin(np.arange(D), [1, 4, 7, 9])
TESTED = LINKED | np.isin(np.arange(D), [0, 2, 3, 5, 6])


def outcome(
    indices: list[int],
    tested: np.ndarray | None = TESTED,
    candidates: np.ndarray | None = None,
    ranks: np.ndarray | None = None,
) -> Outcome:
    return Outcome(
        before=np.ones(3),
        after=np.zeros(3),
        indices=np.array(indices),
        features=Features([f"p{number}" for number in range(D)]),
        target=Target("Oligo", "Mog", 0),
        candidates=candidates,
        known=KnownPairs(11, LINKED, tested),
        score_ranks=ranks,
    )


def test_by_hand() -> None:
    ranks = np.arange(D)[::-1]
    found = compute_metrics([], outcome([1, 2, 4, 10], ranks=ranks))
    assert set(found) == set(OF_KNOWN)
    # Of those chosen 1, 2 and 4 were tested, 10 was not; 1 and 4 are linked.
    assert found["known-precision"] == pytest.approx(2 / 3)
    assert found["known-recall"] == 2 / 4
    assert found["known-precision-chance"] == 4 / 9
    assert found["known-enrichment"] == pytest.approx((2 / 3) / (4 / 9))
    assert (found["known-pairs"], found["known-tested"], found["known-linked"]) == (11, 9, 4)
    # Tested ones in the order of the ranks: 0 1 2 3 4 5 6 7 9; linked are the 2nd, 5th, 8th, 9th.
    assert found["known-auprc"] == pytest.approx(np.mean([1 / 2, 2 / 5, 3 / 8, 4 / 9]))


def test_sources_of_links_alone_have_no_precision() -> None:
    found = compute_metrics([], outcome([1, 2, 4, 10], tested=None, ranks=np.arange(D)))
    for name in ("precision", "precision-chance", "auprc", "tested"):
        assert found[f"known-{name}"] is None
    assert found["known-recall"] == 0.5
    assert found["known-enrichment"] == pytest.approx((2 / 4) / (4 / 12))


def test_nothing_known_is_missing_and_never_zero() -> None:
    nothing = np.zeros(D, dtype=bool)
    one = Outcome(
        np.ones(3), np.zeros(3), np.array([1]), outcome([1]).features, outcome([1]).target,
        known=KnownPairs(0, nothing, nothing),
    )  # fmt: skip
    found = compute_metrics([], one)
    counts = {"known-pairs": 0.0, "known-tested": 0.0, "known-linked": 0.0}
    assert found == dict.fromkeys(OF_KNOWN) | counts
    assert not set(OF_KNOWN) & set(compute_metrics([], Outcome(*list(vars(one).values())[:5])))


def test_the_null_is_counted_out_and_that_of_fisher() -> None:
    chosen = [1, 2, 4, 10]
    p = METRICS["known-enrichment-p"].compute(outcome(chosen))
    tested = np.flatnonzero(TESTED)
    draws = [LINKED[list(draw)].sum() for draw in combinations(tested, 3)]
    assert len(draws) == comb(9, 3)
    assert p == pytest.approx(np.mean(np.array(draws) >= 2))
    assert p == pytest.approx(fisher_exact([[2, 1], [2, 4]], alternative="greater")[1])


def test_a_window_restricts_what_chance_draws_from() -> None:
    window = np.array([0, 1, 2, 3, 10, 11])
    found = compute_metrics([], outcome([1, 2], candidates=window))
    assert (found["known-tested"], found["known-linked"]) == (4, 1)
    assert found["known-recall"] == 1.0
    assert found["known-precision-chance"] == 1 / 4
    assert found["known-enrichment"] == pytest.approx((1 / 2) / (1 / 4))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=20))
def test_average_precision_is_that_of_scikit_learn(pairs: list[tuple[bool, int]]) -> None:
    theirs = pytest.importorskip("sklearn.metrics").average_precision_score
    positive, scores = (np.array(side) for side in zip(*pairs, strict=True))
    ours = average_precision(positive.astype(bool), scores)
    if not 0 < positive.sum() < len(positive):
        assert ours is None
        return
    assert ours == pytest.approx(theirs(positive, scores))
