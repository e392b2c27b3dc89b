"""A study with the runs behind it: values, selections and findings by method and target."""

from __future__ import annotations

from typing import Any

from xbench.leaderboard import StudyRuns, studies, tidy, with_runs
from xbench.results.findings import Finding
from xbench.results.record import Record


def study_of(records: list[Record], findings: Any = (), surrogate: str = "s") -> StudyRuns:
    split = with_runs(studies(tidy(records, {}), {}), records, findings)
    (runs,) = [one for one in split if one.study.place == ("toy", "cortex", surrogate)]
    return runs


def records_of(make_record: Any) -> list[Record]:
    return [
        make_record(rel=-2.0, repetition=1, surrogate="s"),
        make_record(rel=-1.0, repetition=0, surrogate="s"),
        make_record(rel=-7.0, L=128, surrogate="s"),
        make_record("Oligo/MOG", rel=-3.0, surrogate="s"),
        make_record("Oligo/MOG", status="failed", reason="a bug", repetition=1, surrogate="s"),
        make_record("VIP/GAD2", rel=None, surrogate="s"),
        make_record("VIP/GAD1", "random", rel=0.5, surrogate="s"),
        make_record("VIP/GAD1", "random", rel=0.5, surrogate="t", run_id="of another surrogate"),
    ]


def test_repetitions_of_one_metric_at_one_size(make_record: Any) -> None:
    assert study_of(records_of(make_record)).values(10, "rel-delta") == {
        "grids": {("VIP", "GAD1"): {0: -1.0, 1: -2.0}, ("Oligo", "MOG"): {0: -3.0}},
        "random": {("VIP", "GAD1"): {0: 0.5}},
    }


def test_selections_are_of_successful_runs(make_record: Any) -> None:
    found = study_of(records_of(make_record)).selections(10)
    assert {name: {key: len(one) for key, one in of.items()} for name, of in found.items()} == {
        "grids": {("VIP", "GAD1"): 2, ("Oligo", "MOG"): 1, ("VIP", "GAD2"): 1},
        "random": {("VIP", "GAD1"): 1},
    }


def test_findings_belong_to_successful_runs_of_the_study(make_record: Any) -> None:
    records = records_of(make_record)
    findings = [
        Finding(analysis="transfer", run_id=record.run_id, against=against, values={"place": place})
        for place, record in enumerate(records)
        for against in ("a", "b")
    ]
    findings.append(Finding(analysis="transfer", run_id="of no record"))
    runs = study_of(records, findings)
    assert sorted(one.values["place"] for _, one in runs.found("transfer", "a")) == [
        0, 1, 2, 3, 5, 6,
    ]  # fmt: skip
    assert len(list(runs.found("transfer"))) == 12
    assert not list(runs.found("proximity"))
    # Only one run has the largest L; of two findings about it the later one counts.
    ((record, finding),) = runs.found_at_largest("transfer")
    assert (record.L, finding.against) == (128, "b")
    assert [one.values["place"] for _, one in runs.found_at_largest("transfer", "random")] == [6]
