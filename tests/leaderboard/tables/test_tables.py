"""Table 1 and the ranking against tables worked by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from xbench.leaderboard import Cell, Study, Table, ranked, studies, table1, tidy
from xbench.leaderboard.study import best
from xbench.leaderboard.tables.ranked import UNRANKED
from xbench.results.record import Record


def study_of(records: list[Record], task: Any) -> Study:
    tasks = {"toy": task} if task else {}
    (study,) = studies(tidy(records, tasks), tasks)
    return study


def body(table: Table, block: int = 0) -> list[list[str]]:
    """Return the texts of a block, the bold ones between stars."""
    return [
        [f"*{cell.text}*" if cell.bold else cell.text for cell in row]
        for row in table.blocks[block].rows
    ]


@pytest.fixture
def records(make_record: Any) -> list[Record]:
    scores = {
        ("VIP/GAD1", "random"): 0.0,
        ("VIP/GAD2", "random"): -0.0004,
        ("Oligo/MOG", "random"): 0.5,
        ("VIP/GAD1", "grids"): -1.0,
        ("VIP/GAD2", "grids"): -2.0,
        ("Oligo/MOG", "grids"): -4.0,
    }
    return [make_record(target, method, rel) for (target, method), rel in scores.items()]


def test_table1_has_the_layout_of_the_paper(records: Any, make_task: Any) -> None:
    table = table1(study_of(records, make_task()))
    assert table.header == (
        (Cell("Cell type"), Cell("random", span=2), Cell("grids", span=2)),
        tuple(map(Cell, ("", "Avg. Δ ↓", "Rel. Δ(%) ↓", "Avg. Δ ↓", "Rel. Δ(%) ↓"))),
    )
    assert [block.value for block in table.blocks] == ["10"]
    assert body(table) == [
        ["VIP", "-0.002", "+0.000", "*-15.000*", "*-1.500*"],
        ["Oligo", "+5.000", "+0.500", "*-40.000*", "*-4.000*"],
        ["Avg.", "+2.499", "+0.250", "*-27.500*", "*-2.750*"],
    ]
    assert table.notes == ()


def test_table1_shows_what_a_judge_says_where_there_is_one(
    make_record: Any, make_task: Any
) -> None:
    drops = {"VIP/GAD1": (-6.0, -5.0), "VIP/GAD2": (-2.0, -1.0), "Oligo/MOG": (-0.1, -0.3)}
    records = []
    for target, (own, judges) in drops.items():
        said = {"rel-delta": own, "judge-rel-delta": judges, "judge-agreement": judges / own}
        records.append(make_record(target, metrics=said))
    table = table1(study_of(records, make_task(metrics=tuple(said))))
    labels = [cell.text for cell in table.header[1]]
    assert labels == ["", "Rel. Δ(%) ↓", "judge Rel. Δ(%) ↓", "judge agreement ↑"]
    # Of means; of a drop of next to nothing no share is told.
    assert body(table)[:2] == [
        ["VIP", "-4.000", "-3.000", "0.75"],
        ["Oligo", "-0.100", "-0.300", "–"],
    ]
    assert "Rel. Δ(%), judge Rel. Δ(%) and judge agreement after masking" in table.caption


def test_no_agreement_is_told_where_the_judge_was_not_asked_of_every_run(
    make_record: Any, make_task: Any
) -> None:
    records = []
    for target, repetition, judges in (
        ("VIP/GAD1", 0, -5.0), ("VIP/GAD2", 0, None),
        ("Oligo/MOG", 0, -1.0), ("Oligo/MOG", 1, -1.0),
        ("Astro/AQP4", 0, -1.0), ("Astro/AQP4", 1, None),
    ):  # fmt: skip
        said = {"rel-delta": -2.0, "judge-rel-delta": judges, "judge-agreement": None}
        records.append(make_record(target, repetition=repetition, metrics=said))
    table = table1(study_of(records, make_task(metrics=tuple(said))))
    shown = {row[0]: row[-1] for row in body(table)}
    # The means of the others would be over different runs.
    assert shown == {"VIP": "–", "Oligo": "0.50", "Astro": "–", "Avg.": "–"}


def test_the_agreement_of_several_runs_is_a_ratio_of_means_wherever_it_is_shown(
    make_record: Any, make_task: Any
) -> None:
    # A mean of ratios would say 273%, by the runs whose own drop is next to nothing.
    drops = [(-0.001, -0.004), (-0.001, -0.004), (-8.0, -1.6)]
    records = [
        make_record(
            repetition=number,
            metrics={"rel-delta": own, "judge-rel-delta": judges, "judge-agreement": judges / own},
        )
        for number, (own, judges) in enumerate(drops)
    ]
    task = make_task(metrics=tuple(records[0].metrics), primary_metric="rel-delta")
    rows = {
        (row.cell_type, row.target): row
        for row in tidy(records, {"toy": task})
        if row.metric == "judge-agreement"
    }
    assert len(rows) == 3
    for row in rows.values():
        assert row.mean == pytest.approx(1.608 / 8.002)
        assert np.isnan(row.low)
        assert row.n == 3
    table = ranked(study_of(records, task))
    column = [cell.text for cell in table.header[0]].index("judge agreement ↑")
    assert body(table)[0][column] == "+0.201"


def test_table1_has_a_block_for_each_size(make_record: Any, make_task: Any) -> None:
    records = [make_record(rel=-size, L=size) for size in (128, 10)]
    table = table1(study_of(records, make_task()))
    assert [block.value for block in table.blocks] == ["10", "128"]
    assert body(table, 1)[0] == ["VIP", "-1280.000", "-128.000"]


def test_table1_shows_a_word_where_there_is_no_number(
    records: Any, make_record: Any, make_task: Any
) -> None:
    records = [record for record in records if record.target != "MOG"]
    records.append(make_record("Oligo/MOG", "grids", status="oom", reason="12 GiB"))
    records.append(make_record("Oligo/MOG", "random", status="skipped", reason="no gene"))
    texts = body(table1(study_of(records, make_task())))
    assert texts[1] == ["Oligo", "skipped", "skipped", "out of memory", "out of memory"]
    # Both lack the same target, so both are compared.
    assert texts[2] == ["Avg.", "-0.002", "+0.000", "*-15.000*", "*-1.500*"]


def test_table1_shows_what_was_never_run(make_record: Any, make_task: Any) -> None:
    texts = body(table1(study_of([make_record()], make_task())))
    assert texts[1] == ["Oligo", "not run", "not run"]


def test_a_mean_over_fewer_targets_is_marked_and_never_best(
    records: Any, make_record: Any, make_task: Any
) -> None:
    # It gives up on the hardest target, and would win on what is left.
    records += [
        make_record("VIP/GAD1", "picky", status="failed", reason="hard"),
        make_record("VIP/GAD2", "picky", rel=-8.0),
        make_record("Oligo/MOG", "picky", rel=-4.0),
    ]
    study = study_of(records, make_task())
    table = table1(study)
    assert [row[-1] for row in body(table)] == ["-8.000†", "*-4.000*", "-6.000†"]
    assert [row[-3] for row in body(table)] == ["*-1.500*", "*-4.000*", "*-2.750*"]
    (note,) = table.notes
    assert note.startswith("† L = 10: picky: 2 of 3 targets.")
    ranking = body(ranked(study))
    assert [row[:2] for row in ranking] == [["1", "grids"], ["2", "random"], [UNRANKED, "picky"]]
    # Both cell types drawn are VIP in 1/4 of the resamples, and the mean of the genes drawn in
    # them is -1 in 1/16 and at least -1.25 in 5/16 of those: 1.6% and 7.8%, around 2.5%.
    assert ranking[0][2] == "-2.750 (-4.000 to -1.250)"
    assert ranking[2][2] == "-6.000 (-8.000 to -4.000)†"


def test_ranking_worked_by_hand(records: Any, make_record: Any, make_task: Any) -> None:
    records.append(make_record("VIP/GAD1", "broken", status="failed", reason="a bug"))
    table = ranked(study_of(records, make_task()))
    assert " | ".join(cell.text for cell in table.header[0]) == (
        "Rank | Method | Rel. Δ(%) ↓, 95% interval | n | Targets | Avg. Δ (expression) ↓ | "
        "seconds ↓ | forward ↓ | gradient ↓ | ok | failed | skipped"
    )
    assert "Ranked by Rel. Δ(%), ↓ lower is better" in table.caption
    grids, random, broken = body(table)
    assert grids[:2] == ["1", "grids"]
    assert grids[3:] == ["3", "3", "-27.500", "0.5", "1,024", "64", "3", "0", "0"]
    assert random[:2] == ["2", "random"]
    assert broken == [UNRANKED, "broken", "failed", "0", "0", *["failed"] * 4, "0", "1", "0"]
    assert "L = 10: broken: failed: a bug." in table.notes


def test_higher_is_better_where_the_metric_says_so(make_record: Any, make_task: Any) -> None:
    records = [
        make_record(method=name, metrics={"log-odds-drop": value})
        for name, value in (("random", 1.0), ("grids", 2.0), ("same", 2.0))
    ]
    task = make_task(metrics=("log-odds-drop",), primary_metric="log-odds-drop")
    table = ranked(study_of(records, task))
    assert [row[:2] for row in body(table)] == [["1", "grids"], ["1", "same"], ["3", "random"]]
    assert "↑ higher is better" in table.caption


def test_one_run_has_no_interval_and_says_how_many(make_record: Any, make_task: Any) -> None:
    (row,) = body(ranked(study_of([make_record()], make_task())))
    assert row[2:5] == ["-10.000", "1", "1"]


def test_unknown_task_is_ranked_by_its_first_metric_and_says_so(records: Any) -> None:
    # No chance level ranks anything, though its name comes first.
    records = [
        replace(record, metrics={"a-new-metric": 1.0, "rel-delta": record.metrics["rel-delta"]})
        for record in records
    ]
    table = ranked(study_of(records, None))
    assert [row[:2] for row in body(table)] == [["1", "grids"], ["2", "random"]]
    assert "not known to this version" in table.notes[-1]
    assert "(rel-delta) ranks" in table.notes[-1]


def test_unknown_task_with_nothing_but_failures_is_shown(make_record: Any) -> None:
    table = ranked(study_of([make_record(status="failed", reason="a bug")], None))
    (row,) = body(table)
    assert row[:2] == [UNRANKED, "grids"]
    assert row[-3:] == ["0", "1", "0"]
    assert "L = 10: all methods: failed: a bug." in table.notes


def test_metric_without_direction_ranks_nobody(make_record: Any, make_task: Any) -> None:
    records = [
        make_record(method=name, metrics={"hit-ratio-chance": 5.0}) for name in ("grids", "random")
    ]
    task = make_task(metrics=("hit-ratio-chance",), primary_metric="hit-ratio-chance")
    table = ranked(study_of(records, task))
    assert [row[0] for row in body(table)] == [UNRANKED, UNRANKED]
    assert "Not ranked" in table.caption


@pytest.mark.parametrize(
    ("values", "direction", "expected"),
    [
        ([1.0, 2.0], "lower", {0}),
        ([1.0, 2.0], "higher", {1}),
        ([1.0, 2.0], "none", set()),
        ([1.0, None], "lower", set()),
        ([1.001, 1.0, 2.0], "lower", {0, 1}),
    ],
)
def test_best(values: list[float | None], direction: str, expected: set[int]) -> None:
    texts = [None if value is None else f"{value:.1f}" for value in values]
    assert best(texts, values, direction) == expected


def test_table_of_uneven_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="1 columns but must have 2"):
        Table("", ((Cell("a"),),), "lr", ())
