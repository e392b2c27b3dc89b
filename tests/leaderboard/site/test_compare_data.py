"""What the comparison shows is what the leaderboard's statistics say."""

from __future__ import annotations

import pytest

from xbench.leaderboard.site.compare_page import KeptRuns, _by_place, compare_data
from xbench.leaderboard.site.contents import Source, site_of
from xbench.leaderboard.statistics import effect, pairs

GENES = ("VIP/GAD1", "VIP/GAD2", "Oligo/MOG")


def runs(make_record, shift=0.0, surrogate_digest="s1"):
    drops = {"grids": (-9.0, -7.2, -8.1), "random": (0.1, -0.1, 0.0)}
    return [
        make_record(
            gene, method, drops[method][place] + shift * (place + 1) + repetition / 7,
            repetition=repetition, surrogate_digest=surrogate_digest,
        )
        for method in drops
        for place, gene in enumerate(GENES)
        for repetition in range(3)
        if (method, place, repetition) != ("random", 2, 1)
    ]  # fmt: skip


def test_effects_of_two_methods_are_those_of_the_statistics(make_record, make_task):
    task = make_task()
    site = site_of([Source("s", runs(make_record))], {"toy": task})
    ((place, found),) = _by_place(site, ()).items()
    data = compare_data(found, task)
    assert place == ("toy", "cortex", "cross-modality")
    assert [side[:2] for side in data["sides"]] == [["s", "random"], ["s", "grids"]]
    assert data["metrics"][0][0] == "rel-delta"
    expected = effect(pairs(site.studies[0].runs.values(10, "rel-delta"), "random", "grids"))
    ((one, other, mean, low, high),) = data["effects"]["rel-delta"]["10"]
    assert (one, other) == (0, 1)
    assert (mean, low, high) == (expected.mean, expected.low, expected.high)
    values = dict(data["values"]["rel-delta"]["10"][0])
    targets = [":".join(target[:2]) for target in data["targets"]]
    assert values[targets.index("Oligo:MOG")] == [0.0, None, pytest.approx(2 / 7)]


def test_two_stores_and_a_baseline_are_sides_of_their_own(make_record, make_task):
    first, second = runs(make_record), runs(make_record, 0.5, surrogate_digest="s2")
    site = site_of([Source("first", first), Source("second", second)], {"toy": make_task()})
    kept = KeptRuns("baseline old", ("toy", "cortex", "cross-modality"), first, ("d1", "s1"))
    ((_, found),) = _by_place(site, [kept]).items()
    data = compare_data(found, None)
    sides = [tuple(side) for side in data["sides"]]
    assert sides == [
        (source, method, "d1", digest)
        for source, digest in (("first", "s1"), ("second", "s2"), ("baseline old", "s1"))
        for method in ("grids", "random")
    ]
    effects = {(one, other): mean for one, other, mean, *_ in data["effects"]["rel-delta"]["10"]}
    # GRIDS of the first store minus that of the second: shifts of 0.5, 1 and 1.5.
    assert effects[0, 2] == pytest.approx(-1.0)
    assert effects[0, 4] == 0.0
