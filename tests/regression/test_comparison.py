"""Every verdict by a case worked out by hand."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xbench.benchmark.thresholds import Thresholds
from xbench.errors import XbenchError
from xbench.regression.compare import compare
from xbench.regression.gate import Gate
from xbench.regression.snapshot import Snapshot

from .recorded import record, records, taken

BASE = ((0.9, 0.8, 0.85), (0.5, 0.6, 0.55))


def gate(
    before: Snapshot, after: Snapshot, quantity: str, *, method: str = "grids", **more: Any
) -> Gate:
    (found,) = [
        one
        for one in compare("ci", before, after, **more).gates
        if one.quantity == quantity and one.method == method
    ]
    return found


def lowered(by: float) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(value - by for value in values) for values in BASE)


def test_the_same_runs_are_the_same_everywhere() -> None:
    same = taken(records(BASE), records(BASE, method="random"))
    counts = compare("ci", same, same).counts
    assert counts == {"regression": 0, "better": 0, "within": 0, "same": 10}


@pytest.mark.parametrize(
    ("by", "verdict"),
    [(0.0, "same"), (5e-6, "same"), (0.05, "within"), (-0.05, "within"), (0.4, "regression"),
     (-0.4, "better")],
)  # fmt: skip
def test_a_noisy_method_is_judged_by_its_band(by: float, verdict: str) -> None:
    # Each side: variance 0.0025 at both targets, so SE = sqrt(4 * 0.0025 / 3 / 4) = 0.0289 with 8
    # degrees; one gate in a band: t(0.99, 8) = 2.896, hence +-0.0836.
    found = gate(taken(records(BASE)), taken(records(lowered(by))), "optimality")
    assert (found.verdict, found.rule) == (verdict, "band")
    assert found.limit == pytest.approx(0.0836, abs=1e-4)


def test_the_chance_of_a_false_alarm_is_shared_among_bands() -> None:
    # Two methods in a band: t(1 - 0.005, 8) = 3.355 instead of 2.896.
    both = taken(records(BASE), records(BASE, method="random"))
    found = gate(both, both, "optimality")
    assert found.limit == pytest.approx(0.0836 * 3.355 / 2.896, rel=1e-3)


@given(st.floats(1e-4, 0.4))
def test_a_method_without_noise_may_not_get_worse_at_all(by: float) -> None:
    before = taken(records(((0.5, 0.5), (0.7, 0.7)), noisy=False))
    worse = taken(records(((0.5 - by, 0.5 - by), (0.7, 0.7)), noisy=False))
    found = gate(before, worse, "optimality")
    assert (found.verdict, found.rule) == ("regression", "exact")
    assert found.detail.startswith("most at VIP:GAD1")
    assert gate(worse, before, "optimality").verdict == "better"


def test_five_lucky_repetitions_are_no_alarm_with_other_seeds() -> None:
    # Five times the same by luck: with other seeds one of five is worse, and that is no news.
    before = taken(records(((0.9,) * 5, (0.5,) * 5), noisy=False))
    unlucky = records(((0.9,) * 4 + (0.1,), (0.5,) * 5), noisy=False, first_seed=5)
    after = taken([dataclasses.replace(one, repetition=5 + one.repetition) for one in unlucky])
    found = gate(before, after, "optimality", repetitions=range(5, 10))
    assert (found.verdict, found.rule) == ("within", "band")
    always = records(((0.9,) * 5, (0.4,) * 5), noisy=False, first_seed=5)
    after = taken([dataclasses.replace(one, repetition=5 + one.repetition) for one in always])
    found = gate(before, after, "optimality", repetitions=range(5, 10))
    assert (found.verdict, found.chance) == ("regression", 0.0)


def test_noise_at_one_l_is_noise_at_all() -> None:
    calm = records(((0.5, 0.5), (0.7, 0.7)), noisy=False, L=2)
    noisy = records(((0.5, 0.4), (0.7, 0.6)), noisy=True, L=3)
    found = compare("ci", taken(calm, noisy), taken(calm, noisy)).gates
    assert {one.rule for one in found if one.quantity == "optimality"} == {"band"}


@pytest.mark.parametrize(("metric", "sign"), [("optimality", -1), ("rel-delta", 1)])
def test_worse_is_what_the_metric_says(metric: str, sign: int) -> None:
    before = taken(records(((10.0, 10.0), (20.0, 20.0)), metric=metric, noisy=False))
    moved = ((10.0 + sign, 10.0 + sign), (20.0, 20.0))
    after = taken(records(moved, metric=metric, noisy=False))
    assert gate(before, after, metric).verdict == "regression"
    assert gate(after, before, metric).verdict == "better"


def test_a_metric_without_direction_is_not_judged() -> None:
    before = taken(records(metric="hit-ratio-chance"))
    after = taken(records(lowered(0.4), metric="hit-ratio-chance"))
    assert {one.kind for one in compare("ci", before, after).gates} == {"runs", "evaluations"}


@pytest.mark.parametrize("status", ["failed", "timeout", "oom", "skipped"])
def test_a_run_without_a_result_is_a_regression(status: str) -> None:
    whole = records(BASE)
    broken = [*whole[:-1], record(cell_type="SST", target="GAD2", repetition=2, seed=2,
                                  status=status, reason="out of luck")]  # fmt: skip
    found = gate(taken(whole), taken(broken), "runs with a result")
    assert (found.verdict, found.before, found.after) == ("regression", 6, 5)
    assert found.detail == f"1 {status} of 6, such as SST:GAD2: out of luck"
    assert gate(taken(broken), taken(whole), "runs with a result").verdict == "better"
    assert gate(taken(broken), taken(broken), "runs with a result").verdict == "same"


def test_a_missing_run_is_a_regression_even_where_it_had_failed() -> None:
    whole = records(BASE)
    found = gate(taken(whole), taken(whole[1:]), "runs with a result")
    assert (found.verdict, found.detail) == ("regression", "1 missing of 6, such as VIP:GAD1")
    failed = [record(status="failed", seed=0), *whole[1:]]
    assert gate(taken(failed), taken(whole[1:]), "runs with a result").verdict == "regression"


def test_a_method_that_is_gone_is_a_regression_and_a_new_one_is_named() -> None:
    one, other = records(BASE), records(BASE, method="random")
    gone = compare("ci", taken(one, other), taken(one))
    assert [(gate.method, gate.kind) for gate in gone.gates if gate.verdict == "regression"] == [
        ("random", "runs")
    ]
    new = compare("ci", taken(one), taken(one, other))
    assert new.counts["regression"] == 0
    assert "not in the baseline, so not compared: random" in new.notes


def test_a_metric_that_is_undefined_now_is_a_regression() -> None:
    before = records(BASE)
    after = [dataclasses.replace(before[0], metrics={"optimality": None}), *before[1:]]
    found = gate(taken(before), taken(after), "optimality")
    assert (found.verdict, found.detail) == ("regression", "undefined in 1 runs")
    everywhere = [dataclasses.replace(one, metrics={"optimality": None}) for one in before]
    assert gate(taken(before), taken(everywhere), "optimality").verdict == "regression"
    assert all(one.quantity != "optimality" or one.verdict != "regression"
               for one in compare("ci", taken(after), taken(after)).gates)  # fmt: skip


@pytest.mark.parametrize("name", ["forward", "gradient", "computed"])
def test_one_evaluation_more_is_a_regression_and_one_fewer_is_better(name: str) -> None:
    before = records(BASE)
    more = [dataclasses.replace(before[0], **{f"{name}_evaluations": 101}), *before[1:]]
    found = gate(taken(before), taken(more), f"{name}-evaluations")
    assert (found.verdict, found.detail) == ("regression", "1 of 6 runs more, 0 fewer")
    back = gate(taken(more), taken(before), f"{name}-evaluations")
    assert back.verdict == "better"


def test_evaluations_that_move_between_runs_are_a_regression() -> None:
    before = records(BASE)
    moved = [
        dataclasses.replace(before[0], forward_evaluations=90),
        dataclasses.replace(before[1], forward_evaluations=110),
        *before[2:],
    ]
    found = gate(taken(before), taken(moved), "forward-evaluations")
    assert (found.verdict, found.worse) == ("regression", 0.0)


def test_evaluations_of_other_seeds_are_judged_by_a_band() -> None:
    def with_counts(counts: tuple[int, ...], first: int) -> list[Any]:
        whole = records(((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)), first_seed=first)
        return [
            dataclasses.replace(one, repetition=first + one.repetition, forward_evaluations=count)
            for one, count in zip(whole, counts * 2, strict=True)
        ]

    before = taken(with_counts((100, 110, 120), 0))
    for counts, verdict in (((105, 115, 125), "within"), ((300, 310, 320), "regression")):
        after = taken(with_counts(counts, 3))
        found = gate(before, after, "forward-evaluations", repetitions=[3, 4, 5])
        assert (found.verdict, found.rule) == (verdict, "band")


def test_a_threshold_stands_in_place_of_the_band() -> None:
    before, after = taken(records(BASE)), taken(records(lowered(0.05)))
    strict, loose = (Thresholds.model_validate({"optimality": t}) for t in (0.04, 0.06))
    assert gate(before, after, "optimality", thresholds=strict).verdict == "regression"
    assert gate(before, after, "optimality", thresholds=loose).verdict == "within"
    own = Thresholds.model_validate({"optimality": 0.04, "methods": {"grids": {"optimality": 1}}})
    assert gate(before, after, "optimality", thresholds=own).verdict == "within"


@pytest.mark.parametrize(("share", "verdict"), [(0.1, "within"), (0.04, "regression")])
def test_a_threshold_of_evaluations_is_a_share_of_the_total(share: float, verdict: str) -> None:
    told = Thresholds.model_validate({"forward-evaluations": share})
    before, after = taken(records(BASE)), taken(records(BASE, forward_evaluations=105))
    assert gate(before, after, "forward-evaluations", thresholds=told).verdict == verdict


@pytest.mark.parametrize(
    ("seconds", "verdict"), [(0.5, "within"), (1.4, "within"), (1.6, "regression"), (0.1, "better")]
)
def test_seconds_are_judged_relative_to_the_reference(seconds: float, verdict: str) -> None:
    # 0.5 of the reference before; three times that is allowed. The machine is 100 times slower.
    before = taken(records(seconds=0.5), records(method="slow", seconds=1.0), reference="slow")
    after = taken(
        records(seconds=100 * seconds), records(method="slow", seconds=100.0), reference="slow"
    )
    found = gate(before, after, "seconds")
    assert found.verdict == verdict
    assert found.after == pytest.approx(seconds)


def test_what_is_too_short_to_time_is_not_timed() -> None:
    before = taken(records(seconds=0.001), records(method="slow", seconds=1.0), reference="slow")
    for seconds, verdict in ((0.1, "within"), (0.2, "regression")):
        after = taken(
            records(seconds=seconds), records(method="slow", seconds=1.0), reference="slow"
        )
        assert gate(before, after, "seconds").verdict == verdict


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"task": "other"}, "task is ci in the baseline and other now"),
        ({"task_version": 2}, "task version is 1 in the baseline and 2 now"),
        ({"dataset_digest": "0"}, "dataset digest is da7a in the baseline and 0 now"),
        ({"surrogate_digest": "0"}, "surrogate digest is 50 in the baseline and 0 now"),
        ({"device": "cuda"}, "device is cpu in the baseline and cuda now"),
        ({"metric": "rel-delta"}, "only the baseline has optimality; only the runs have rel-delta"),
    ],
)
def test_what_cannot_be_compared_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(XbenchError) as caught:
        compare("ci", taken(records()), taken(records(**changes)))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_everything_that_differs_is_said_at_once() -> None:
    other = records(task_version=2, surrogate_digest="0")
    with pytest.raises(XbenchError, match=r"task version is .*; surrogate digest is "):
        compare("ci", taken(records()), taken(other))


def test_runs_that_all_failed_are_compared_without_metrics() -> None:
    failed = [dataclasses.replace(one, status="failed", reason="broken", metrics={}, indices=[])
              for one in records()]  # fmt: skip
    found = compare("ci", taken(records()), taken(failed))
    assert [gate.kind for gate in found.gates if gate.verdict == "regression"] == ["runs"]


def test_other_seeds_need_as_many_repetitions_and_more_than_one() -> None:
    with pytest.raises(XbenchError, match="repetitions 5-6 are 2, but baseline 'ci' has 3"):
        compare("ci", taken(records()), taken(records()), repetitions=[5, 6])
    single = taken(records(((0.5,), (0.5,))))
    with pytest.raises(XbenchError, match="one repetition, which says nothing about noise"):
        compare("ci", single, single, repetitions=[1])
    assert compare("ci", single, single).counts["regression"] == 0


def test_one_repetition_with_the_same_seed_is_exact() -> None:
    before, after = taken(records(((0.5,), (0.5,)))), taken(records(((0.49,), (0.5,))))
    assert gate(before, after, "optimality").verdict == "regression"
