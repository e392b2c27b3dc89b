"""All claims together, the diagonal of Figure 3, and what evidence is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from xbench.errors import XbenchError
from xbench.leaderboard.paper import CrossEffects, Evidence, judge
from xbench.leaderboard.paper.claims import largest_on_the_diagonal


def test_the_papers_own_numbers_hold_wherever_it_gives_them(papers: Evidence) -> None:
    found = judge(papers)
    verdicts = [one.verdict for one in found]
    # The paper has no numbers of LIME, CXPlain and SAGE on its cortex.
    assert verdicts == ["holds"] * 6 + ["not testable here"] * 3 + ["holds"] * 3
    assert len({one.claim for one in found}) == len(found) == 12
    assert all(one.source.startswith(("Table", "Figure", "Section")) for one in found)
    assert all(one.figures.endswith(".") for one in found)


def test_of_nothing_nothing_is_claimed() -> None:
    assert {one.verdict for one in judge(Evidence("cortex", "mlp", {}))} == {"not testable here"}


def test_the_diagonal(papers: Evidence) -> None:
    found = largest_on_the_diagonal(papers)
    assert found.verdict == "holds"
    assert found.figures == "The largest drop is on the diagonal for 7 of 7 cell types."


def test_a_larger_drop_beside_the_diagonal(papers: Evidence, make_diagonal: Any) -> None:
    found = largest_on_the_diagonal(replace(papers, figure3=make_diagonal(SST_VIP=-9.5)))
    assert found.verdict == "does not hold"
    assert found.figures == (
        "The largest drop is on the diagonal for 6 of 7 cell types; "
        "not for SST (-9.000, by the subsets of VIP -9.500)."
    )


@pytest.mark.parametrize("change", [-9.0, -9.000001])
def test_an_equal_drop_beside_the_diagonal_is_not_larger(
    papers: Evidence, make_diagonal: Any, change: float
) -> None:
    found = largest_on_the_diagonal(replace(papers, figure3=make_diagonal(SST_VIP=change)))
    assert found.verdict == "holds"


def test_rows_count_not_columns(papers: Evidence, make_diagonal: Any) -> None:
    # SST's subsets lower the markers of VIP by more than their own, but VIP's do still more.
    effects = make_diagonal(VIP_SST=-20.0, VIP_VIP=-30.0)
    assert largest_on_the_diagonal(replace(papers, figure3=effects)).verdict == "holds"


@pytest.mark.parametrize("gap", ["SST_VIP", "SST_SST"])
def test_a_gap_leaves_it_open(papers: Evidence, make_diagonal: Any, gap: str) -> None:
    found = largest_on_the_diagonal(replace(papers, figure3=make_diagonal(**{gap: None})))
    assert found.verdict == "not testable here"
    assert found.figures == (
        "The largest drop is on the diagonal for 6 of 6 cell types; not known for SST."
    )


def test_a_cell_type_that_is_missing_leaves_it_open(papers: Evidence) -> None:
    two = CrossEffects(("VIP", "SST"), ((-9.0, -3.0), (-3.0, -9.0)))
    found = largest_on_the_diagonal(replace(papers, figure3=two))
    assert found.verdict == "not testable here"
    assert "2 of 2 cell types; not known for Astro, Endo" in found.figures


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([[1.0, 2.0], [3.0]], "Figure 3, SST: 1 changes but must be 2"),
        ([[1.0, 2.0]], "Figure 3: 1 rows but must be 2"),
        ([[1.0, 2.0]] * 3, "Figure 3: 3 rows but must be 2"),
    ],
)
def test_a_matrix_that_is_not_square_is_refused(changes: Any, said: str) -> None:
    with pytest.raises(XbenchError, match=said):
        CrossEffects(("VIP", "SST"), changes)
