"""HR and SHR are means over targets (Table 3), all else over cell types (Table 1)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from xbench.leaderboard import tidy
from xbench.results.record import Record


def test_a_type_with_one_target_weighs_one_target_in_a_hit_ratio(
    make_record: Callable[..., Record],
) -> None:
    values = {("VIP", "GAD1"): 0.0, ("VIP", "GAD2"): 0.0, ("Endo", "FLT1"): 90.0}
    records = [
        make_record(target=f"{of}/{gene}", metrics={"hit-ratio": value, "rel-delta": value})
        for (of, gene), value in values.items()
    ]
    rows = tidy(records, {})
    overall = {row.metric: row.mean for row in rows if (row.cell_type, row.target) == ("*", "*")}
    assert overall["hit-ratio"] == pytest.approx(30.0)
    assert overall["rel-delta"] == pytest.approx(45.0)
