"""The table that leads the page: surrogates across, explainers down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xbench.leaderboard import render
from xbench.leaderboard.study import studies, with_runs
from xbench.leaderboard.tables import pipelines_tables
from xbench.leaderboard.tidy import tidy

GOOD = {"test_type_mean_r2": 0.9, "test_error": 2.0, "type_means_error": 2.4}
BAD = GOOD | {"test_error": 2.5}


def records(make_record: Any, *, judged: bool = False) -> list[Any]:
    """Two surrogates; `grids` reaches 0.8 of the best on one and 0.1 on the other."""
    found = []
    for surrogate, level, fit in (("cis", 0.8, GOOD), ("plain", 0.1, BAD)):
        for method, factor in (("grids", 1.0), ("random", 0.0)):
            for target in ("VIP/GAD1", "VIP/GAD2", "Oligo/MOG"):
                own = -20 * level * factor
                metrics = {"optimality": level * factor, "rel-delta": own}
                if judged:
                    metrics["judge-rel-delta"] = own / 2
                    metrics["judge-agreement"] = 0.5 if own else None
                found.append(
                    make_record(
                        target, method, surrogate=surrogate, surrogate_digest=surrogate,
                        surrogate_fit=fit, judge_fit=GOOD if judged else {}, metrics=metrics,
                    )
                )  # fmt: skip
    return found


def tables(found: list[Any], task: Any) -> dict[str, Any]:
    tasks = {"toy": task}
    return pipelines_tables(with_runs(studies(tidy(found, tasks), tasks), found, []))


def test_a_column_a_surrogate_and_a_row_an_explainer(make_record: Any, make_task: Any) -> None:
    task = make_task(layout="pipelines", metrics=("optimality",), primary_metric="optimality")
    (table,) = tables(records(make_record), task).values()
    assert [cell.text for cell in table.header[0]] == ["Explainer", "cis", "plain‡"]
    rows = [[cell.text for cell in row] for row in table.blocks[0].rows]
    assert rows == [
        ["random", "0.000 (0.000 to 0.000)", "0.000 (0.000 to 0.000)"],
        ["grids", "0.800 (0.800 to 0.800)", "0.100 (0.100 to 0.100)"],
    ]
    assert [cell.bold for cell in table.blocks[0].rows[1]] == [False, True, True]
    (note,) = table.notes
    assert note.startswith("‡ plain: the surrogate predicts test cells worse than the means")


def test_agreement_is_a_ratio_of_mean_drops_and_none_where_nothing_fell(
    make_record: Any, make_task: Any
) -> None:
    task = make_task(
        layout="pipelines",
        metrics=("judge-rel-delta", "judge-agreement"),
        primary_metric="judge-rel-delta",
    )
    found = records(make_record, judged=True)
    # Of one target of three, which falls 16 as the others do, the judge follows nothing: 16 of 48.
    found[0].metrics["judge-rel-delta"] = 0.0
    (table,) = tables(found, task).values()
    shown = {row[0].text: [cell.text for cell in row[2::2]] for row in table.blocks[0].rows}
    assert shown == {"random": ["–", "–"], "grids": ["0.33", "0.50"]}


def test_no_agreement_is_told_where_no_run_has_both(make_record: Any, make_task: Any) -> None:
    task = make_task(
        layout="pipelines",
        metrics=("judge-rel-delta", "judge-agreement"),
        primary_metric="judge-rel-delta",
    )
    found = [one for one in records(make_record, judged=True) if one.surrogate == "cis"]
    for one in found:
        # The judge was asked of other targets, and of one in another repetition.
        name = "rel-delta" if one.target == "MOG" else "judge-rel-delta"
        one.metrics[name] = None
    found += [
        make_record(
            f"{one.cell_type}/{one.target}", one.method, repetition=1, surrogate="cis",
            surrogate_digest="cis", surrogate_fit=GOOD, judge_fit=GOOD,
            metrics={"rel-delta": -16.0, "judge-rel-delta": None, "judge-agreement": 0.5},
        )
        for one in found if one.target == "MOG"
    ]  # fmt: skip
    (table,) = tables(found, task).values()
    assert {row[2].text for row in table.blocks[0].rows} == {"–"}


def test_a_method_with_fewer_targets_is_marked_and_never_best(
    make_record: Any, make_task: Any
) -> None:
    task = make_task(layout="pipelines", metrics=("optimality",), primary_metric="optimality")
    found = [
        one
        for one in records(make_record)
        if (one.surrogate, one.method, one.target) != ("cis", "grids", "MOG")
    ]
    (table,) = tables(found, task).values()
    random, grids = table.blocks[0].rows
    assert grids[1].text.endswith("†")
    assert not grids[1].bold
    assert any("grids on cis" in note for note in table.notes)
    assert random[2].text == "0.000 (0.000 to 0.000)"


def test_other_layouts_have_none(make_record: Any, make_task: Any) -> None:
    assert tables(records(make_record), make_task(layout="ranked")) == {}


def test_it_leads_the_page_and_the_fit_of_both_is_shown(
    make_record: Any, make_task: Any, tmp_path: Path
) -> None:
    task = make_task(
        layout="pipelines", title="Which pipeline?", metrics=("optimality", "judge-rel-delta"),
        primary_metric="optimality",
    )  # fmt: skip
    render(records(make_record, judged=True), {"toy": task}, tmp_path)
    page = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert page.index("Which pipeline? (cortex).") < page.index("## How to read it")
    assert page.count("Judge: R2 of type means 0.90; test error 2 (type means 2.4).") == 2
    assert page.count("WARNING: the surrogate predicts test cells worse") == 1
    assert (tmp_path / "toy--cortex.tex").is_file()
