"""Tiers on the site are those of the leaderboard's statistics."""

from __future__ import annotations

from zlib import crc32

from xbench.leaderboard.site.contents import Source, site_of
from xbench.leaderboard.site.overview_page import overview_data
from xbench.leaderboard.site.tier_ranks import tier_ranks
from xbench.leaderboard.statistics import rank_in_tiers

GENES = ("VIP/GAD1", "VIP/GAD2", "Oligo/MOG")
DROPS = {
    "grids": (-9.0, -7.2, -8.1),
    "fimap": (-8.6, -7.4, -8.0),
    "saliency": (-3.0, -2.0, -2.5),
    "random": (0.1, -0.1, 0.0),
}


def records(make_record, surrogate="cross-modality", shift=0.0, layout_task="toy"):
    return [
        make_record(
            gene, method, drops[place] + 0.05 * repetition + shift,
            repetition=repetition, surrogate=surrogate, task=layout_task,
            run_id=f"{crc32(repr((surrogate, method, gene, repetition)).encode()):016x}",
        )
        for method, drops in DROPS.items()
        for place, gene in enumerate(GENES)
        for repetition in range(2)
    ]  # fmt: skip


def test_within_a_surrogate_they_are_those_of_rank_in_tiers(make_record, make_task):
    site = site_of([Source("s", records(make_record))], {"toy": make_task()})
    (entry,) = site.studies
    expected = {
        ("cross-modality", method): tier.rank
        for tier in rank_in_tiers(entry.runs.values(10, "rel-delta"), "lower").tiers
        for method in tier.methods
    }
    assert len(set(expected.values())) == 3
    assert tier_ranks([entry.runs], 10, "rel-delta") == expected
    data = overview_data(site)
    shown = {
        (data["rows"][row]["surrogate"], data["rows"][row]["method"]): tier
        for row, _, _, _, _, tier, *_ in data["cells"]["rel-delta"]
    }
    assert shown == expected


def test_surrogates_are_ranked_apart_and_together_where_the_truth_scores_them(
    make_record, make_task
):
    both = [*records(make_record), *records(make_record, "cis", shift=-20.0)]
    apart = site_of([Source("s", both)], {"toy": make_task()})
    ranks = tier_ranks([entry.runs for entry in apart.studies], 10, "rel-delta")
    assert ranks["cis", "grids"] == ranks["cross-modality", "grids"] == 1
    together = site_of([Source("s", both)], {"toy": make_task(layout="pipelines")})
    ranks = tier_ranks([entry.runs for entry in together.studies], 10, "rel-delta")
    assert ranks["cis", "grids"] == 1
    assert min(rank for (surrogate, _), rank in ranks.items() if surrogate != "cis") > max(
        rank for (surrogate, _), rank in ranks.items() if surrogate == "cis"
    )


def test_costs_have_no_tiers(make_record, make_task):
    site = site_of([Source("s", records(make_record))], {"toy": make_task()})
    assert {cell[5] for cell in overview_data(site)["cells"]["seconds"]} == {None}
