"""Every metric that is declared is measured, and every one measured is declared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from xbench.benchmark.task import load_task
from xbench.data.features import Features, Interval
from xbench.data.target import Target
from xbench.metrics import METRICS
from xbench.metrics.catalog import MEASURES, Outcome, compute_metrics
from xbench.metrics.classification import log_odds_drop, own_class_share

PEAKS = Features(["a", "b", "c", "d"], ["chr1"] * 3 + ["chr2"], [100, 500, 9000, 100],
                 [200, 600, 9100, 200])  # fmt: skip
GENE = Target("VIP", "GAD1", 0, Interval("chr1", 150, 300))
OUTCOME = Outcome(np.log([2.0, 4.0]), np.log([1.0, 2.0]), np.array([1, 3]), PEAKS, GENE)
# Only a simulation knows the truth.
TRUTH = {"optimality", "true-precision", "true-precision-chance", "module-recall"}
GENOMIC = {name for name in METRICS if "hit" in name}


def test_declared_and_measured_are_the_same() -> None:
    assert MEASURES.keys() == METRICS.keys()
    assert len(GENOMIC) == 4
    for name, metric in METRICS.items():
        assert metric.name == name
        assert metric.label
        assert metric.unit
        assert metric.description
        assert metric.direction in ("lower", "higher", "none")
        assert metric.low < metric.high


def test_all_at_once() -> None:
    measured = compute_metrics(METRICS, OUTCOME)
    assert list(measured) == list(METRICS)
    wanted = {
        "avg-delta": -1.5,
        "rel-delta": -50.0,
        "rel-delta-expm1": -75.0,
        "hit-ratio": 0.0,
        "soft-hit-ratio": 100.0,
        # One of four peaks overlaps; three are within 10 Mb: 3 of 6 pairs, and all of them.
        "hit-ratio-chance": 50.0,
        "soft-hit-ratio-chance": 100.0,
    }
    for name, value in wanted.items():
        assert measured[name] == pytest.approx(value), name
    assert {name for name in measured if measured[name] is None} == TRUTH
    for name in METRICS.keys() - TRUTH:
        found = measured[name]
        assert found is not None
        assert METRICS[name].low <= found <= METRICS[name].high
        assert type(found) is float


def test_without_coordinates_there_are_no_hits() -> None:
    nowhere = replace(OUTCOME, target=Target("VIP", "GAD1", 0))
    unplaced = replace(OUTCOME, features=Features(["a", "b", "c", "d"]))
    for outcome in (nowhere, unplaced):
        assert outcome.distances is None
        assert set(compute_metrics(GENOMIC, outcome).values()) == {None}
        assert compute_metrics(["rel-delta"], outcome)["rel-delta"] == pytest.approx(-50)


def test_shares_before_and_after() -> None:
    log_odds = Outcome(
        np.array([3.0, 1, 2, -1]), np.array([-3.0, -1, 2, -4]), np.array([0]), PEAKS, GENE
    )
    measured = compute_metrics(METRICS, log_odds)
    assert measured["own-class-share-before"] == 75
    assert measured["target-class-share-before"] == 25
    assert measured["own-class-share-after"] == 25
    assert measured["target-class-share-after"] == 75
    assert measured["log-odds-drop"] == pytest.approx((6 + 2 + 0 + 3) / 4)


def test_own_class_share_agrees_with_argmax() -> None:
    logits = np.random.default_rng(0).normal(size=(200, 2))
    share = 100 * np.mean(logits.argmax(axis=1) == 0)
    assert own_class_share(logits[:, 0] - logits[:, 1]) == pytest.approx(share)


def test_log_odds_in_single_precision_are_averaged_in_double() -> None:
    before = np.full(10**5, 16_777_216.0, dtype=np.float32)
    assert log_odds_drop(before, before - 1) == pytest.approx(1.0)


@pytest.mark.parametrize("task", sorted(Path(__file__).parents[2].glob("tasks/*.toml")), ids=str)
def test_shipped_tasks_ask_for_metrics_that_exist(task: Path) -> None:
    declared = load_task(task.stem)
    assert set(declared.metrics) <= METRICS.keys()
