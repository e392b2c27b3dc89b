"""The marker genes' R2 in the fit that training stores."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import pearsonr

from xbench.data.dataset import Dataset
from xbench.data.splits import PROTOCOLS, Split
from xbench.errors import XbenchError, XbenchWarning
from xbench.surrogates.checkpoint import read_description
from xbench.surrogates.evaluation.fit import expression_fit, predict, worse_than_type_means
from xbench.surrogates.obtain import train_surrogate
from xbench.surrogates.training.adversarial import CrossModalityTraining

from .small_report import COUNTS, GENES, marked_multiome, untrained

SHORT = CrossModalityTraining(atac_steps=1, rna_steps=1, mapping_steps=1)


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


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_surrogate_is_compared_with_the_means_of_the_cells_it_was_trained_on(
    marked: Dataset, protocol: str, tmp_path: Path
) -> None:
    folder = train_surrogate(
        marked, "cross-modality", split=protocol, settings=SHORT, folder=tmp_path / "one"
    )
    rows = marked.split.training_rows(protocol, marked.cell_types)
    expression, types = marked.Y.toarray().astype(np.float64), marked.cell_types
    squares = [
        (expression[cell] - expression[rows[types[rows] == types[cell]]].mean(axis=0)) ** 2
        for cell in marked.split.test
    ]
    fit = read_description(folder).fit
    assert fit["type_means_error"] == pytest.approx(np.mean(squares), rel=1e-5)


def test_without_a_test_cell_a_surrogate_is_kept_and_not_measured(
    marked: Dataset, tmp_path: Path
) -> None:
    every = np.concatenate([marked.split.train, marked.split.test])
    untested = replace(
        marked, split=Split(np.sort(every), marked.split.validation, np.array([], dtype=np.int64))
    )
    with pytest.warns(XbenchWarning, match="marked & small: no cell is for the test"):
        folder = train_surrogate(untested, settings=SHORT, folder=tmp_path / "one")
    assert read_description(folder).fit == {}
    with pytest.raises(XbenchError, match="marked & small: has no test cell"):
        expression_fit(untrained(untested), untested)


def test_an_error_that_is_no_number_is_worse_than_that_of_the_means() -> None:
    nan = float("nan")
    assert worse_than_type_means({"test_error": nan, "type_means_error": 1.5})
    # As records keep it: without what is no number.
    assert worse_than_type_means({"type_means_error": 1.5})
    assert worse_than_type_means({"test_error": 2.0, "type_means_error": 1.5})
    assert not worse_than_type_means({"test_error": 1.5, "type_means_error": 1.5})
    assert not worse_than_type_means({"test_type_mean_r2": nan})
