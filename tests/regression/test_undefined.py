"""What has no value, or changed in opposite directions, is seen in a comparison."""

from __future__ import annotations

import dataclasses
import math

import pytest

from xbench.regression.compare import compare
from xbench.regression.gate import Gate
from xbench.regression.report_formats import HEADINGS, cells
from xbench.results.record import Record

from .recorded import records, taken

NOISY = ((0.9, 0.8, 0.85), (0.5, 0.6, 0.55))
EXACT = ((0.9, 0.9, 0.9), (0.5, 0.5, 0.5))


def without(runs: list[Record], *places: int, value: float | None = None) -> list[Record]:
    return [
        dataclasses.replace(run, metrics={"optimality": value}) if place in places else run
        for place, run in enumerate(runs)
    ]


def judged(before: list[Record], after: list[Record], **options: object) -> Gate:
    found = compare("ci", taken(before), taken(after), **options)  # type: ignore[arg-type]
    return next(one for one in found.gates if one.quantity == "optimality")


@pytest.mark.parametrize("lacking", [(), (0,), (0, 1, 3)])
@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
def test_a_value_that_is_gone_is_a_regression_whatever_the_baseline_lacked(
    lacking: tuple[int, ...], value: float | None
) -> None:
    before = without(records(NOISY), *lacking)
    gate = judged(before, without(before, *range(6), value=value))
    assert gate.verdict == "regression"
    assert gate.detail == f"undefined in {6 - len(lacking)} runs"
    assert gate.after is None
    # Not "+0", as if nothing had changed.
    row = dict(zip(HEADINGS, cells(gate), strict=True))
    assert (row["now"], row["change"]) == ("–", "gone")
    assert gate.chance is None
    assert gate.before == pytest.approx(
        sum(
            sum(run.metrics["optimality"] or 0 for run in own)
            / sum(run.metrics["optimality"] is not None for run in own)
            for own in (before[:3], before[3:])
        )
        / 2
    )


def test_one_repetition_that_is_gone_is_a_regression_with_the_same_seed() -> None:
    before = without(records(NOISY), 0)
    gate = judged(before, without(before, 1))
    assert (gate.verdict, gate.detail) == ("regression", "undefined in 1 runs")
    assert judged(before, before).verdict == "same"


def test_with_other_seeds_what_was_sometimes_undefined_may_be_so_again() -> None:
    before = without(records(NOISY), 0)
    later = [
        dataclasses.replace(run, repetition=run.repetition + 3, seed=run.seed + 3, run_id=f"l{n}")
        for n, run in enumerate(records(NOISY))
    ]
    asked = {"repetitions": [3, 4, 5]}
    assert judged(before, without(later, 1), **asked).verdict != "regression"
    assert judged(before, without(later, 0, 1, 2), **asked).verdict == "regression"
    assert judged(before, without(later, 4), **asked).verdict == "regression"


def test_opposite_changes_at_two_targets_are_shown() -> None:
    before = records(EXACT, noisy=False)
    after = records(((0.8, 0.8, 0.8), (0.6, 0.6, 0.6)), noisy=False)
    gate = judged(before, after)
    assert gate.verdict == "within"
    assert gate.detail == "worse at VIP:GAD1, -0.1; better at SST:GAD2, +0.1"
    better = judged(before, records(((0.8,) * 3, (0.7,) * 3), noisy=False))
    assert better.verdict == "better"
    assert better.detail == "worse at VIP:GAD1, -0.1; better at SST:GAD2, +0.2"
