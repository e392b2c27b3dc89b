"""Tables beside the ranking: budgets, Table 3, tests, tiers, stability, analyses, fits."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import hypergeom, ttest_rel

from xbench.leaderboard import StudyRuns, Table, studies, tidy, with_runs
from xbench.leaderboard.page import read_fits
from xbench.leaderboard.tables.analysis_tables import (
    contacts_tables,
    matched_maps_tables,
    redundancy_table,
    transfer_tables,
)
from xbench.leaderboard.tables.budget import budget_table
from xbench.leaderboard.tables.paper_layout import table3
from xbench.leaderboard.tables.significance import overlap_table, significance_table, tiers_table
from xbench.results.findings import Finding
from xbench.results.record import Record

TARGETS = ("VIP/GAD1", "VIP/GAD2", "Oligo/MOG")


def runs_of(records: list[Record], findings: Any = (), task: Any = None) -> StudyRuns:
    tasks = {} if task is None else {"toy": task}
    (runs,) = with_runs(studies(tidy(records, tasks), tasks), records, findings)
    return runs


def texts(table: Table | None, block: int = 0) -> list[list[str]]:
    assert table is not None
    return [[cell.text for cell in row] for row in table.blocks[block].rows]


@pytest.fixture
def records(make_record: Any) -> list[Record]:
    """GRIDS is the best and the dearest, random the worst and free; greedy lies between."""
    scores = {
        "random": ((0.0, 1.0), (0.0, -1.0), (0.5, 0.5)),
        "greedy": ((-4.0, -4.0), (-5.0, -5.0), (-6.0, -6.0)),
        "grids": ((-5.0, -5.0), (-7.0, -7.0), (-6.5, -7.5)),
    }
    costs = {"random": 0, "greedy": 5000, "grids": 400_000}
    return [
        make_record(
            target,
            method,
            value,
            repetition=repetition,
            forward_evaluations=costs[method],
            gradient_evaluations=0,
            indices=[10 * repetition + i for i in range(10)]
            if method == "random"
            else [*range(10)],
        )
        for method, rows in scores.items()
        for target, values in zip(TARGETS, rows, strict=True)
        for repetition, value in enumerate(values)
    ]


def test_the_best_method_within_each_budget(records: Any, make_task: Any) -> None:
    task = make_task(method_labels=("random", "greedy", "grids"))
    found = texts(budget_table(runs_of(records, task=task).study))
    assert [row[:2] for row in found] == [
        ["0", "random"],
        ["10,000", "greedy"],
        ["1,000,000", "grids"],
    ]
    # Cell types weigh alike: ((-4 - 5) / 2 - 6) / 2.
    assert found[1][2:] == ["-5.250", "5,000"]


def test_grids_against_each_other_method(records: Any, make_task: Any) -> None:
    found = texts(significance_table(runs_of(records, task=make_task())))
    by_method = {row[0]: row for row in found}
    p_value = ttest_rel([-5.0, -7.0, -7.0], [-4.0, -5.0, -6.0], alternative="less").pvalue
    assert by_method["greedy"][1] == "3"
    assert by_method["greedy"][2].startswith("-1.333 (")
    assert float(by_method["greedy"][3]) == pytest.approx(p_value, rel=0.05)
    # The largest p-value of two is not raised further than to the larger of both corrected ones.
    assert float(by_method["greedy"][4]) == pytest.approx(p_value, rel=0.05)
    # Three targets in one direction: 1 / 2^3.
    assert by_method["random"][5] == "0.12"


def test_methods_that_differ_on_every_target_are_in_tiers_of_their_own(
    records: Any, make_task: Any
) -> None:
    found = texts(tiers_table(runs_of(records, task=make_task())))
    assert [row[:2] for row in found] == [["1", "grids"], ["2", "greedy"], ["3", "random"]]
    assert {row[3] for row in found} == {"–"}


def test_subsets_from_seed_to_seed(records: Any) -> None:
    values = {"n_features": 100}
    finding = Finding(analysis="proximity", run_id=records[0].run_id, values=values)
    found = {row[0]: row[1:] for row in texts(overlap_table(runs_of(records, [finding])))}
    chance = sum(hypergeom.pmf(k, 100, 10, 10) * k / (20 - k) for k in range(11))
    assert found["grids"] == ["1.000", "1.000 to 1.000", f"{chance:.4f}", "3"]
    assert found["random"][0] == "0.000"
    unknown = {row[0]: row[1:] for row in texts(overlap_table(runs_of(records)))}
    assert unknown["grids"][2] == "–"
    # The images' pixels need no analysis to be counted.
    images = [replace(record, dataset="mnist-binary") for record in records]
    found = {row[0]: row[1:] for row in texts(overlap_table(runs_of(images)))}
    chance = sum(hypergeom.pmf(k, 784, 10, 10) * k / (20 - k) for k in range(11))
    assert found["grids"][2] == f"{chance:.4f}"


def test_table_3_has_chance_as_its_last_row(make_record: Any, make_task: Any) -> None:
    metrics = ("hit-ratio", "hit-ratio-chance", "soft-hit-ratio", "soft-hit-ratio-chance")
    records = [
        make_record(target, method, metrics=dict(zip(metrics, values, strict=True)))
        for target, hit in zip(TARGETS, (0.0, 100.0, 100.0), strict=True)
        for method, values in (
            ("random", (0.0, 1.0, hit, 6.0)),
            ("grids", (hit, 1.0, 100.0, 6.0)),
        )
    ]
    task = make_task(metrics=metrics, primary_metric="hit-ratio")
    rows = texts(table3(runs_of(records, task=task).study))
    # Targets weigh alike, as in the paper.
    assert rows == [
        ["random", "0.00", "66.67"],
        ["grids", "66.67", "100.00"],
        ["chance", "1.00", "6.00"],
    ]
    assert table3(runs_of([make_record()], task=make_task()).study) is None


def finding_of(record: Record, analysis: str, against: str = "", **values: Any) -> Finding:
    return Finding(analysis=analysis, run_id=record.run_id, against=against, values=values)


def test_redundancy_is_relative_to_the_unmasked_mean(records: Any) -> None:
    grids = [record for record in records if record.method == "grids"]
    found = [
        finding_of(
            record, "redundancy", joint=1.0, sum_of_singles=0.5, excess=0.5, mean_loss=2.0,
            synergy={"mean": 0.01}, left_out=[{"lost": 0.75}, {"lost": 0.75}],
        )
        for record in grids
    ]  # fmt: skip
    (row,) = texts(redundancy_table(runs_of(records, found)))
    shown = [cell.split(" ")[0] for cell in row]
    assert shown == ["grids", "+50.00", "+25.00", "+25.00", "+0.5", "1.50", "3", "6"]


def test_a_table_for_each_contact_map(records: Any) -> None:
    found = [
        finding_of(
            record, "contacts", name,
            observed=4.0, expected=1.0, p_value=p, n_compared=4, n_elsewhere=6,
        )
        for record in records
        for name, p in (("own.cool [1]", 0.01), ("other.cool [1]", 0.5), ("other.cool [2]", 0.5))
    ]  # fmt: skip
    tables = dict(contacts_tables(runs_of(records, found)))
    # Another file of the same name is told apart.
    assert set(tables) == {"own.cool", "other.cool [1]", "other.cool [2]"}
    significant = {name: texts(table)[0][4] for name, table in tables.items()}
    assert significant == {"own.cool": "100.0", "other.cool [1]": "0.0", "other.cool [2]": "0.0"}


def test_observed_contacts_by_expected_ones_is_a_ratio_of_means(records: Any) -> None:
    own = [record for record in records if record.method == "grids"]
    first = (own[0].cell_type, own[0].target)
    found = [
        # Of the first target no contact is expected at all; the second has nothing to compare.
        finding_of(record, "contacts", "a.cool [1]", observed=3.0, expected=0.0, p_value=0.01)
        if (record.cell_type, record.target) == first
        else finding_of(record, "contacts", "a.cool [1]", observed=5.0, expected=2.0, p_value=0.5)
        if record.target == "GAD2"
        else finding_of(record, "contacts", "a.cool [1]", reason="nothing to compare")
        for record in own
    ]
    ((_, table),) = contacts_tables(runs_of(records, found))
    (row,) = texts(table)
    assert row[1:4] == ["4 [2]", "1 [2]", "4.00 [2]"]
    assert row[4] == "50.0 [2]"
    assert row[-2:] == ["3", "6"]


def test_maps_of_the_own_type_against_those_of_others(records: Any) -> None:
    found = [
        finding_of(
            record, "matched-maps", "A: a.cool, B: b.cool",
            matched_observed=3.0, matched_expected=1.0,
            mismatched_observed=3.0, mismatched_expected=2.0,
        )
        if record.target != records[0].target
        else finding_of(record, "matched-maps", "A: a.cool, B: b.cool", reason="no map")
        for record in records
        if record.method == "grids"
    ]  # fmt: skip
    ((name, table),) = matched_maps_tables(runs_of(records, found))
    (row,) = texts(table)
    assert (name, row) == ("matched-maps", ["grids", "3.00 [2]", "1.50 [2]", "3", "6"])
    assert not matched_maps_tables(runs_of(records))
    # Another set of maps has a table of its own.
    more = [finding_of(records[0], "matched-maps", "A: c.cool", reason="no map"), *found]
    assert [name for name, _ in matched_maps_tables(runs_of(records, more))] == [
        "matched-maps",
        "matched-maps-2",
    ]


def test_what_a_second_surrogate_does_not_follow(records: Any) -> None:
    found = [
        finding_of(
            record, "transfer", "abc", own_rel_delta=-8.0, other_rel_delta=-2.0,
            own_avg_delta=-1.0, other_avg_delta=0.0,
        )
        for record in records
        if record.method == "grids"
    ]  # fmt: skip
    ((_, table),) = transfer_tables(runs_of(records, found))
    (row,) = texts(table)
    assert [cell.split(" ")[0] for cell in row[:4]] == ["grids", "-8.000", "-2.000", "-1.000"]
    assert not transfer_tables(runs_of(records))


def test_a_fit_that_is_none_is_passed_over(tmp_path: Path) -> None:
    said = {"dataset": "d", "surrogate": "s", "surrogate_digest": "1", "headline": "R2\n0.5"}
    (tmp_path / "figure2--d--s.json").write_text(json.dumps(said))
    (tmp_path / "figure2--broken.json").write_text("{")
    (tmp_path / "figure2--other.json").write_text("[1]")
    (fit,) = read_fits(tmp_path)
    assert (fit.headline, fit.image) == ("R2 0.5", "")
