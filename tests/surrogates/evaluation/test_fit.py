"""The marker genes' R2 in the fit that training stores."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import pearsonr

from xbench.data.dataset import Dataset
from xbench.surrogates.evaluation.fit import expression_fit, predict

from .small_report import COUNTS, GENES, marked_multiome, untrained


def by_hand(dataset: Dataset, genes: list[int]) -> list[float]:
    """Squared correlations over types with ten test cells, by plain loops."""
    rows = dataset.split.test
    predicted = predict(untrained(dataset), dataset.X[rows]).astype(np.float64)
    observed, types = dataset.Y[rows].toarray().astype(np.float64), dataset.cell_types[rows]
    counted = [name for name in COUNTS if (types == name).sum() >= 10]
    found = []
    for gene in genes:
        first = [observed[types == name, gene].mean() for name in counted]
        second = [predicted[types == name, gene].mean() for name in counted]
        if len(set(first)) > 1:
            found.append(pearsonr(first, second).statistic ** 2)
    return found


def test_it_is_the_mean_over_the_markers_that_are_there(marked: Dataset) -> None:
    fit = expression_fit(untrained(marked), marked)
    markers = by_hand(marked, [0, 1, 2, 3])
    assert fit["marker_type_mean_r2"] == pytest.approx(np.mean(markers))
    assert fit["marker_type_mean_r2_genes"] == 4
    every = by_hand(marked, list(range(len(GENES))))
    assert fit["test_type_mean_r2"] == pytest.approx(np.median(every))
    assert fit["test_type_mean_r2_genes"] == len(every) == len(GENES) - 1


def test_a_marker_that_is_silent_is_left_out() -> None:
    dataset = marked_multiome(silent="Gad2")
    fit = expression_fit(untrained(dataset), dataset)
    assert fit["marker_type_mean_r2_genes"] == 3
    assert fit["marker_type_mean_r2"] == pytest.approx(np.mean(by_hand(dataset, [0, 2, 3])))


def test_without_markers_the_fit_is_as_before() -> None:
    dataset = marked_multiome(genes=("A", "B", "C"))
    assert set(expression_fit(untrained(dataset), dataset)) == {
        "test_type_mean_r2",
        "test_type_mean_r2_genes",
        "test_error",
        "type_means_error",
    }
