"""Why a subset falls short, on regulation small enough to work out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import xbench
from xbench.analysis import stalls
from xbench.analysis.stalls import stall_of
from xbench.simulation.response import Response
from xbench.simulation.target_truth import TargetTruth

# Module 0: peaks 1 and 2 stand in for each other; modules 1 and 2: peaks 3 and 4 alone. One
# pattern of cells, every peak open. Masking 3 and 4 takes 0.45 each from eta; masking 1 or 2
# alone next to nothing; both together 2.
OPEN = np.ones(1)


def redundant() -> TargetTruth:
    response = Response(
        OPEN,
        5.0,
        np.array([2.0, 0.5, 0.5]),
        (np.array([1, 2]), np.array([3]), np.array([4])),
        (np.array([[0.05], [0.05]]), np.array([[0.1]]), np.array([[0.1]])),
        (),
    )
    return TargetTruth(response, (np.array([1, 2]), np.array([3]), np.array([4])))


def softplus(eta: float) -> float:
    return float(np.log1p(np.exp(eta)))


# eta with everything open: 5 + 2 (1 - 0.05^2) + 2 x 0.5 x 0.9.
FULL = 5 + 2 * (1 - 0.05**2) + 0.9


def test_one_replacement_does_not_help_where_two_do() -> None:
    stall = stall_of(redundant(), np.array([3, 4]))
    assert stall.reached == pytest.approx(softplus(FULL) - softplus(FULL - 0.9))
    assert stall.by_one == stall.reached
    wanted = softplus(FULL) - softplus(FULL - 2 * (1 - 0.05**2))
    assert stall.by_two == pytest.approx(wanted)
    assert stall.best == pytest.approx(wanted)
    assert stall.reason == "no single replacement lowers F, a pair of them does"
    assert (stall.broken, stall.useless) == ((), 0)


def test_a_broken_module_is_named_and_one_replacement_mends_it() -> None:
    stall = stall_of(redundant(), np.array([1, 77]))
    assert stall.broken == ((1, 2),)
    assert stall.useless == 1
    assert stall.by_one == pytest.approx(stall.best)
    assert stall.reason.startswith("one replacement lowers F")


def test_the_best_subset_lacks_nothing() -> None:
    stall = stall_of(redundant(), np.array([2, 1]))
    assert stall.reached == pytest.approx(stall.best)
    assert stall.reason == "neither one nor two replacements lower F"


def test_a_table_of_stored_runs(
    tmp_path: Path,
    simulated_cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("XBENCH_CACHE", str(simulated_cache))
    runs = xbench.run(
        "oracle",
        dataset="simulated-multiome-small",
        methods=["random", "gradient-change"],
        targets=["Oligo:MOBP"],
        repetitions=1,
        store=tmp_path / "store",
    )
    (by_chance,) = runs[runs["method"] == "random"]["optimality"]
    assert by_chance < stalls.ENOUGH
    stalls.main([str(tmp_path / "store"), "--method", "random"])
    table = capsys.readouterr().out.splitlines()
    assert len(table) == 3
    (run_id,) = runs[runs["method"] == "random"]["run_id"]
    assert table[2].startswith(f"| Oligo:MOBP | {run_id} | ")
    assert "| 10 |" in table[2] or "| 9 |" in table[2] or "| 8 |" in table[2]
