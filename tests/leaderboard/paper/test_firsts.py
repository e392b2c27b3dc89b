"""Claims of coming first: the paper's own numbers hold, and changed ones do not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from xbench.leaderboard.paper import Evidence
from xbench.leaderboard.paper.firsts import (
    fimap_ahead_on_opc,
    first_in_table1_at_10,
    first_in_table1_at_128,
    first_in_table2,
    highest_hit_ratios,
)

CLAIMS = {
    first_in_table1_at_10: "GRIDS is ahead in 56 of 56 comparisons, on 16 of 16 targets.",
    first_in_table1_at_128: "GRIDS is ahead in 55 of 55 comparisons, on 16 of 16 targets.",
    fimap_ahead_on_opc: "GRIDS has Avg. Δ of OPC -392.326 against -415.231 of fimap (L = 128), "
    "on 3 of 3 targets.",
    first_in_table2: "GRIDS is ahead in 16 of 16 comparisons, on 200 of 200 targets.",
    highest_hit_ratios: "GRIDS is ahead in 12 of 12 comparisons, on 16 of 16 targets.",
}
RUN_ON = {
    first_in_table1_at_10: ("values", 10, "rel-delta"),
    first_in_table1_at_128: ("values", 128, "rel-delta"),
    fimap_ahead_on_opc: ("values", 128, "avg-delta"),
    first_in_table2: ("table2", 10, "rel-delta"),
    highest_hit_ratios: ("values", 10, "hit-ratio"),
}


def values_behind(evidence: Evidence, claim: Any) -> Any:
    where, size, metric = RUN_ON[claim]
    return getattr(evidence, where)[size, metric]


@pytest.mark.parametrize("claim", CLAIMS)
def test_the_papers_own_numbers_hold(papers: Evidence, claim: Any) -> None:
    found = claim(papers)
    assert (found.verdict, found.figures) == ("holds", CLAIMS[claim])


@pytest.mark.parametrize("claim", CLAIMS)
def test_without_fimap_it_cannot_be_confirmed(papers: Evidence, claim: Any) -> None:
    del values_behind(papers, claim)["fimap"]
    found = claim(papers)
    assert found.verdict == "not testable here"
    assert found.figures == "GRIDS was not run beside fimap." or "lack values" in found.figures


@pytest.mark.parametrize("claim", [name for name in CLAIMS if name is not fimap_ahead_on_opc])
def test_one_method_ahead_refutes_it_whatever_was_not_run(papers: Evidence, claim: Any) -> None:
    values = values_behind(papers, claim)
    del values["fimap"]
    values["grids"], values["saliency"] = values["saliency"], values["grids"]
    found = claim(papers)
    assert found.verdict == "does not hold"
    assert "of saliency (L = " in found.figures


@pytest.mark.parametrize("claim", CLAIMS)
def test_nothing_run_is_not_testable(claim: Any) -> None:
    found = claim(Evidence("cortex", "mlp", {}))
    assert found.verdict == "not testable here"
    assert found.figures.startswith("GRIDS was not run beside ")


def test_grids_ahead_on_opc_is_not_what_the_paper_has(papers: Evidence) -> None:
    values = papers.values[128, "avg-delta"]
    values["fimap"] = {target: [-1.0] for target in values["fimap"]}  # type: ignore[index]
    found = fimap_ahead_on_opc(papers)
    assert found.verdict == "does not hold"
    assert "OPC -392.326 against -1.000 of fimap" in found.figures
    # Nor is it part of the other claim, before or after.
    assert first_in_table1_at_128(papers).verdict == "holds"


def test_ahead_on_some_of_opcs_genes_leaves_it_open(papers: Evidence) -> None:
    assert fimap_ahead_on_opc(papers).verdict == "holds"
    values = papers.values[128, "avg-delta"]
    values["fimap"] = {one: runs for one, runs in values["fimap"].items() if one[1] != "OLIG2"}  # type: ignore[index]
    found = fimap_ahead_on_opc(papers)
    assert found.verdict == "not testable here"
    assert "on 2 of 3 targets" in found.figures


def test_ahead_by_rounding_is_not_ahead_on_opc(papers: Evidence) -> None:
    values = papers.values[128, "avg-delta"]
    grids = values["grids"]
    values["fimap"] = {one: [value * (1 + 1e-8) for value in grids[one]] for one in grids}  # type: ignore[index]
    assert fimap_ahead_on_opc(papers).verdict == "does not hold"


def test_equal_is_not_first(papers: Evidence) -> None:
    values = papers.values[10, "hit-ratio"]
    values["fimap"] = values["grids"]  # type: ignore[index]
    found = highest_hit_ratios(papers)
    assert found.verdict == "does not hold"
    assert found.figures == (
        "GRIDS is ahead in 11 of 12 comparisons (equal in 1), on 16 of 16 targets."
    )
    # What differs by rounding in single precision is equal.
    values["fimap"] = {target: [runs[0] * (1 + 1e-7)] for target, runs in values["grids"].items()}  # type: ignore[index]
    assert highest_hit_ratios(papers) == found


def test_only_targets_of_both_are_compared_and_counted(papers: Evidence) -> None:
    for metric in ("avg-delta", "rel-delta"):
        values = papers.values[10, metric]
        # Where fimap lacks a gene, GRIDS may not lose by its own value for it.
        del values["fimap"]["Astro", "AQP4"]  # type: ignore[attr-defined]
        values["grids"]["Astro", "AQP4"] = [90.0]  # type: ignore[index]
        for name in ("random", "saliency", "smoothgrad"):
            del values[name]["Astro", "AQP4"]  # type: ignore[attr-defined]
    found = first_in_table1_at_10(papers)
    # Ahead in every row, but on fewer targets than the paper has.
    assert found.verdict == "not testable here"
    assert found.figures == "GRIDS is ahead in 56 of 56 comparisons, on 15 of 16 targets."


def test_a_row_that_was_not_run_leaves_it_open(papers: Evidence) -> None:
    values = papers.values[10, "rel-delta"]["grids"]
    del values["VIP", "GAD1"], values["VIP", "GAD2"]  # type: ignore[attr-defined]
    found = first_in_table1_at_10(papers)
    assert found.verdict == "not testable here"
    assert found.figures == (
        "GRIDS is ahead in 52 of 52 comparisons, on 16 of 16 targets; "
        "4 further comparisons lack values."
    )


def test_other_targets_and_methods_of_ours_do_not_count(papers: Evidence) -> None:
    for (_, metric), values in papers.values.items():
        best = 100.0 if metric.endswith("ratio") else -999.0
        values["search"] = {target: [best] for target in values["grids"]}  # type: ignore[index]
        values["fimap"]["VIP", "XIST"] = [best]  # type: ignore[index]
        values["grids"]["VIP", "XIST"] = [-best]  # type: ignore[index]
    assert first_in_table1_at_10(papers).verdict == "holds"
    assert highest_hit_ratios(papers).verdict == "holds"


def test_another_label_may_be_grids(papers: Evidence) -> None:
    named = replace(papers, grids="saliency")
    found = first_in_table1_at_10(named)
    assert found.verdict == "does not hold"
    assert found.figures.startswith("GRIDS is ahead in ")
    assert " and in " in found.figures
