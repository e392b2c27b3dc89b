"""Shapley values by walks against the package's permutation explainer, the same orders.

pytest tests/benchmarks/test_shap_walk.py -s
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from xbench.explainers.attribution import seeded
from xbench.registry.find import explainer_class

from ..toys import make_problem
from .paper_size import Case, make_case
from .side_by_side import side_by_side, timed

# About half of what was measured. At a twentieth of the size the package is as fast.
RATIO = 1.2


def compare(benchmark: Any, case: Case, cells: int, rounds: int) -> float:
    pytest.importorskip("shap")

    def scores(name: str) -> np.ndarray:
        problem = make_problem(case.model, case.inputs[:cells], 10)
        with seeded(0):
            return explainer_class(name)(cells=cells, signed=True).explain(problem).scores

    np.testing.assert_allclose(scores("shap"), scores("shap-reference"), atol=1e-5)
    return side_by_side(
        benchmark,
        timed(lambda: scores("shap")),
        timed(lambda: scores("shap-reference")),
        against="the shap package on the mask operator",
        size=f"{cells} cells, {case.inputs.shape[1]:,} peaks",
        rounds=rounds,
    )


@pytest.mark.slow
def test_a_cell_of_the_papers_size(benchmark: Any) -> None:
    assert compare(benchmark, make_case(), 1, rounds=1) >= RATIO
