"""What the overview says in words where a number alone would mislead."""

from __future__ import annotations

from xbench.leaderboard.site.contents import Source, site_of
from xbench.leaderboard.site.overview_page import overview_data


def cells_of(records, task):
    """Return (mean, words) of the primary metric by method; what was not run is absent."""
    data = overview_data(site_of([Source("s", records)], {"toy": task}))
    return {
        data["rows"][row]["method"]: (mean, words)
        for row, _, mean, _, _, _, _, words, _ in data["cells"]["rel-delta"]
    }


def test_failed_skipped_and_missing_targets_are_said(make_record, make_task):
    genes = ("VIP/GAD1", "VIP/GAD2", "Oligo/MOG")
    found = cells_of(
        [
            *(make_record(gene, "grids", -5.0, repetition=one) for gene in genes for one in (0, 1)),
            make_record("VIP/GAD1", "lime", -1.0),
            make_record("VIP/GAD2", "lime", status="timeout", reason="600 s"),
            make_record("Oligo/MOG", "lime", status="failed", reason="a bug"),
            *(make_record(gene, "sage", status="skipped", reason="no gradient") for gene in genes),
            make_record("VIP/GAD1", "random", 0.0),
        ],
        make_task(),
    )
    assert found == {
        "grids": (-5.0, ""),
        "lime": (-1.0, "failed 2 of 3, 1 of 3 targets"),
        "sage": (None, "skipped 3 of 3"),
        "random": (0.0, "1 of 3 targets"),
    }


def test_a_pipeline_that_was_not_run_somewhere_has_no_cell_there(make_record, make_task):
    records = [
        make_record("VIP/GAD1", "grids", -5.0),
        make_record("VIP/GAD1", "random", 0.0, L=20, metrics={"rel-delta": 0.0}),
    ]
    data = overview_data(site_of([Source("s", records)], {"toy": make_task()}))
    assert [column["L"] for column in data["columns"]] == [10, 20]
    assert {(row, column) for row, column, *_ in data["cells"]["rel-delta"]} == {(0, 1), (1, 0)}


def test_controls_are_marked(make_record):
    records = [make_record("VIP/GAD1", name) for name in ("grids", "random")]
    site = site_of([Source("s", records)], {}, controls={"random"})
    marked = {row["method"]: row["control"] for row in overview_data(site)["rows"]}
    assert marked == {"grids": False, "random": True}
