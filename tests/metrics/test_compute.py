"""Every metric that is declared is measured, and every one measured is declared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from xbench.benchmark.task import load_task
from xbench.data.dataset import Target
from xbench.data.features import Features, Interval
from xbench.metrics import METRICS, Metric, Outcome, compute_metrics
from xbench.metrics.catalog import OF_KNOWN
from xbench.metrics.classification import log_odds_drop, own_class_share
from xbench.registry.find import entries, load

PEAKS = Features(["a", "b", "c", "d"], ["chr1"] * 3 + ["chr2"], [100, 500, 9000, 100],
                 [200, 600, 9100, 200])  # fmt: skip
GENE = Target("VIP", "GAD1", 0, Interval("chr1", 150, 300))
OUTCOME = Outcome(np.log([2.0, 4.0]), np.log([1.0, 2.0]), np.array([1, 3]), PEAKS, GENE)
# Only a simulation knows the truth.
TRUTH = {"optimality", "true-precision", "true-precision-chance", "module-recall"}
GENOMIC = {name for name in METRICS if "hit" in name}


def test_every_class_of_the_folder_is_a_metric_once() -> None:
    """The two ways to find them, by reading files and by importing them, find the same."""
    listed = {entry.name: entry for entry in entries("metric")}
    assert listed.keys() == METRICS.keys()
    assert len(GENOMIC) == 4
    for name, metric in METRICS.items():
        assert metric.name == name
        assert load(listed[name]) is type(metric)
        assert listed[name].summary == metric.description
        assert metric.low < metric.high


def declare(**given: object) -> type[Metric]:
    fields = {
        "name": "mine",
        "label": "mine",
        "unit": "1",
        "direction": "lower",
        "description": "Of mine.",
    }
    return type("Mine", (Metric,), fields | given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"label": None}, "metric Mine: label is missing; set it to a text"),
        (
            {"direction": "up"},
            "metric mine: direction 'up': must be one of: lower, higher, none",
        ),
        ({"pooled": "cells"}, "metric mine: pooled 'cells': must be one of: cell types, targets"),
        (
            {"explains": "genes"},
            "metric mine: explains 'genes': must be one of: expression, classes, any",
        ),
    ],
)
def test_a_wrong_declaration_is_refused(given: dict[str, object], message: str) -> None:
    assert declare().name == "mine"
    with pytest.raises(TypeError, match=f"^{message}$"):
        declare(**given)


def test_a_metric_says_that_it_computes_nothing() -> None:
    with pytest.raises(NotImplementedError, match=r"Mine must define compute\(outcome\)"):
        declare()().compute(OUTCOME)


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
    unknown = TRUTH | set(OF_KNOWN) | {"judge-rel-delta", "judge-agreement"}
    # Without a mask operator, an order, a model to train again or a method to ask again.
    unknown |= {"deletion-area", "insertion-area", "symmetric-relevance-gain"}
    unknown |= {"roar", "randomised-overlap"}
    assert {name for name in measured if measured[name] is None} == unknown
    for name in METRICS.keys() - unknown:
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
