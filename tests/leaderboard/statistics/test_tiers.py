"""Tiers by hand, and the laws they obey."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from xbench.leaderboard.formats import six_digits
from xbench.leaderboard.statistics import effect, pairs, rank_in_tiers

GENES = [("VIP", "GAD1"), ("VIP", "GAD2"), ("Oligo", "MOG"), ("Micro", "CX3CR1")]
scores = st.integers(-8, 8).map(lambda number: number / 4)
repetitions = st.lists(scores, min_size=1, max_size=3)
tables = st.dictionaries(
    st.sampled_from("abcde"), st.lists(repetitions, min_size=4, max_size=4), min_size=1
).map(lambda rows: {name: dict(zip(GENES, row, strict=True)) for name, row in rows.items()})


def shape(values: Any, direction: str = "lower") -> list[tuple[str, ...]]:
    return [tier.methods for tier in rank_in_tiers(values, direction).tiers]


def test_a_method_joins_unless_its_difference_excludes_zero(make_values: Any) -> None:
    values = make_values(
        grids=[-9, -7, -8, -6],
        near=[-8, -8, -7, -6.5],  # once better, and once more
        half=[-4, -3, -5, -2],  # worse everywhere
        random=[0, 1, 0, -1],
        also=[0, 1, 0, -1],
    )
    found = rank_in_tiers(values, "lower")
    assert [tier.methods for tier in found.tiers] == [
        ("grids", "near"),
        ("half",),
        ("also", "random"),
    ]
    assert [tier.rank for tier in found.tiers] == [1, 2, 3]
    assert found.tiers[0].means == (-7.5, -7.375)
    best, near = found.tiers[0].behind
    assert (best.mean, best.low, best.high) == (0.0, 0.0, 0.0)
    assert near == effect(pairs(values, "near", "grids"))
    assert near.side == "around"
    assert shape(values, "higher") == [("also", "random"), ("half",), ("near", "grids")]


def test_members_are_compared_with_the_best_of_their_tier_only(make_values: Any) -> None:
    # Each is behind the one before on most targets only, the third behind the first on all.
    values = make_values(a=[-6, -6, -6], b=[-5, -5, -6.5], c=[-4, -4.5, -5.75])
    assert effect(pairs(values, "b", "a")).side == "around"
    assert effect(pairs(values, "c", "b")).side == "above"
    assert effect(pairs(values, "c", "a")).side == "above"
    assert shape(values) == [("a", "b"), ("c",)]


def test_fewer_targets_are_not_ranked_and_said(make_values: Any) -> None:
    values = make_values(all=[-1, -2, -3], picky=[-9, -9, -9], none=[])
    del values["picky"]["VIP", "GENE00"]
    found = rank_in_tiers(values, "lower")
    assert [tier.methods for tier in found.tiers] == [("all",)]
    assert found.unranked == {"none": "0 of 3 targets", "picky": "2 of 3 targets"}


def test_single_values_tell_nothing_apart(make_values: Any) -> None:
    found = rank_in_tiers(make_values(a=[-9], b=[5]), "lower")
    assert [tier.methods for tier in found.tiers] == [("a", "b")]
    assert found.tiers[0].behind[1].reason == "an interval needs more than one value"


def test_nothing_has_no_tiers() -> None:
    assert rank_in_tiers({}, "lower").tiers == ()


@settings(max_examples=20, deadline=None)
@given(tables, st.randoms(use_true_random=False))
def test_the_order_of_methods_and_targets_does_not_matter(values: Any, random: Any) -> None:
    names = list(values)
    random.shuffle(names)
    shuffled = {name: dict(random.sample(list(values[name].items()), 4)) for name in names}
    assert rank_in_tiers(shuffled, "lower") == rank_in_tiers(values, "lower")


# Powers of two, so that no rounding of a scaled value moves the end of an interval across zero.
@settings(max_examples=20, deadline=None)
@given(tables, st.integers(-9, 9))
def test_a_positive_scale_does_not_matter(values: Any, exponent: int) -> None:
    scaled = {
        name: {
            target: [value * 2.0**exponent for value in runs] for target, runs in targets.items()
        }
        for name, targets in values.items()
    }
    assert shape(scaled) == shape(values)


@settings(max_examples=20, deadline=None)
@given(tables)
def test_every_method_has_one_tier_and_the_means_descend(values: Any) -> None:
    found = rank_in_tiers(values, "lower")
    ranked = [name for tier in found.tiers for name in tier.methods]
    assert sorted(ranked) == sorted(values)
    # Means that differ by no more than rounding are equal, and stand by name.
    means = [six_digits(mean) for tier in found.tiers for mean in tier.means]
    assert means == sorted(means)
    negated = {
        name: {target: [-value for value in runs] for target, runs in targets.items()}
        for name, targets in values.items()
    }
    assert shape(negated, "higher") == shape(values)
