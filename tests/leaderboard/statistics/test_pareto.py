"""The Pareto front, against the definition tried on every pair."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from xbench.leaderboard.statistics import Offer, pareto_front

FEW = st.integers(0, 5).map(float)


@given(st.lists(st.builds(Offer, FEW, FEW), max_size=12))
def test_nothing_on_the_front_is_beaten_and_whatever_is_not_on_it_is(listed):
    offers = {f"m{number}": offer for number, offer in enumerate(listed)}

    def beaten(one: Offer) -> bool:
        return any(
            other.cost <= one.cost and other.loss <= one.loss and other != one
            for other in offers.values()
        )

    front = pareto_front(offers)
    assert set(front) == {name for name, offer in offers.items() if not beaten(offer)}
    assert [offers[name].cost for name in front] == sorted(offers[name].cost for name in front)
