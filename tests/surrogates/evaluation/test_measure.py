"""What is measured on test cells, against full passes and plain loops."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import pearsonr
from threadpoolctl import threadpool_info, threadpool_limits

from xbench.data.arrays import dataset_of
from xbench.data.dataset import Dataset
from xbench.data.features import Features
from xbench.errors import XbenchError
from xbench.surrogates.evaluation import measure as module
from xbench.surrogates.evaluation.agreement import HeldOut, held_out
from xbench.surrogates.evaluation.measure import SurrogateReport, genes_to_draw
from xbench.surrogates.evaluation.report_page import json_numbers
from xbench.surrogates.mlp_regressor import MLPRegressor
from xbench.surrogates.oracle import Oracle

from ...small_datasets import small_images
from ...toys import random_cross_modality
from .small_report import COUNTS, GENES, SILENT, SIZES, marked_multiome, report_of, untrained


def full_pass(dataset: Dataset) -> np.ndarray:
    model = random_cross_modality(list(SIZES), dataset.n_outputs)
    return model(torch.from_numpy(dataset.X[dataset.split.test].toarray())).numpy()


def test_predictions_are_those_of_full_passes(marked: Dataset, report: SurrogateReport) -> None:
    np.testing.assert_allclose(report.cells.predicted, full_pass(marked), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(report.cells.observed, marked.Y[marked.split.test].toarray())


def test_the_embedding_is_the_encoder_s_but_for_a_constant(
    marked: Dataset, report: SurrogateReport
) -> None:
    model = random_cross_modality(list(SIZES), marked.n_outputs)
    sums = model.additive_layer().sparse_sums(marked.X[marked.split.test])
    wanted = model.encoder(sums).numpy()
    assert report.cells.embedding.shape == wanted.shape == (len(sums), 20)
    difference = report.cells.embedding - wanted
    np.testing.assert_allclose(difference, difference[:1].repeat(len(sums), 0), atol=1e-4)


def test_all_linear_algebra_is_on_one_thread(
    marked: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []
    drawn = module.cell_map

    def seen(*arguments: Any, **options: Any) -> Any:
        threads.append(torch.get_num_threads())
        threads.extend(one["num_threads"] for one in threadpool_info())
        return drawn(*arguments, **options)

    monkeypatch.setattr(module, "cell_map", seen)
    with threadpool_limits(2):
        report_of(marked)
    assert len(threads) > 1
    assert set(threads) == {1}


@pytest.mark.parametrize("split", ["strict", "reference", "unknown"])
def test_baselines_are_means_of_the_cells_trained_on(marked: Dataset, split: str) -> None:
    cells = report_of(marked, split=split).cells
    rows = set(range(marked.n_cells)) - set(marked.split.validation.tolist())
    if split != "reference":
        rows -= set(marked.split.test.tolist())
    trained = sorted(rows)
    expression, types = marked.Y.toarray()[trained], marked.cell_types[trained]
    by_type, constant = cells.type_means_as_prediction(), cells.constant_prediction()
    for row, name in enumerate(cells.cell_types):
        np.testing.assert_allclose(by_type[row], expression[types == name].mean(0), rtol=1e-5)
        np.testing.assert_allclose(constant[row], expression.mean(0), rtol=1e-5)


def test_every_gene_s_agreement_by_plain_loops(marked: Dataset, report: SurrogateReport) -> None:
    types = marked.cell_types[marked.split.test]
    counted = [name for name in COUNTS if name != "Few"]
    assert [(types == name).sum() >= 10 for name in COUNTS] == [n in counted for n in COUNTS]
    cells = report.cells
    observed = cells.observed.astype(np.float64)
    predictors = {
        "surrogate": cells.predicted.astype(np.float64),
        "type-training-mean": cells.type_means_as_prediction(),
        "constant": cells.constant_prediction(),
    }
    assert set(report.agreements) == set(predictors)
    for name, predicted in predictors.items():
        found = report.agreements[name]
        for gene in range(len(GENES)):
            first = np.array([observed[types == t, gene].mean() for t in counted])
            second = np.array([predicted[types == t, gene].mean() for t in counted])
            if gene == SILENT:
                assert np.isnan(found.type_determination[gene])
            else:
                wanted = 1 - ((first - second) ** 2).sum() / ((first - first.mean()) ** 2).sum()
                assert found.type_determination[gene] == pytest.approx(wanted, rel=1e-6)
            if gene == SILENT or name == "constant":
                assert np.isnan(found.type_squared_pearson[gene])
                assert np.isnan(found.cell_pearson[gene])
                continue
            wanted = pearsonr(first, second).statistic ** 2
            assert found.type_squared_pearson[gene] == pytest.approx(wanted, rel=1e-6)
            wanted = pearsonr(observed[:, gene], predicted[:, gene]).statistic
            assert found.cell_pearson[gene] == pytest.approx(wanted, rel=1e-6)


def test_measuring_again_gives_the_same_numbers(marked: Dataset, report: SurrogateReport) -> None:
    assert json_numbers(report_of(marked)) == json_numbers(report)


def test_markers_and_their_types(report: SurrogateReport) -> None:
    found = [(one.gene, one.column, one.own_types) for one in report.markers]
    # SST is not among the cell types, VIP is called CGE; nothing here is called Oligo.
    assert found == [
        ("GAD1", 0, ("CGE",)),
        ("GAD2", 1, ("CGE",)),
        ("AQP4", 2, ("Astro",)),
        ("MOG", 3, ()),
    ]
    assert len(report.absent) == 10
    assert set(report.interpretations) == set(report.agreements)
    first = report.interpretations["surrogate"][0]
    squared = report.agreements["surrogate"].type_squared_pearson[:4]
    assert (first.value, first.defined) == (pytest.approx(squared.mean()), 4)


def test_without_markers_there_is_no_mean_r2() -> None:
    report = report_of(marked_multiome(genes=("A", "B")))
    assert (report.markers, report.interpretations, len(report.absent)) == ([], {}, 14)
    assert sorted(report.map_genes) == [0, 1]


def test_genes_drawn_are_the_paper_s_then_other_types_then_the_most_variable(
    report: SurrogateReport,
) -> None:
    # GAD2 and MOG are the paper's; GAD1 marks what GAD2 does; AQP4 marks another type.
    assert report.map_genes[:3] == [1, 3, 2]
    means = report.cells.training_means
    rest = [gene for gene in range(len(GENES)) if gene not in (1, 3, 2)]
    assert report.map_genes[3] == max(rest, key=lambda gene: np.var(means[:, gene]))
    assert genes_to_draw(report.cells, report.markers, count=2) == [1, 3]


def test_an_oracle_that_answers_for_some_genes_alone() -> None:
    from xbench.simulation.parameters import Parameters
    from xbench.simulation.simulate import simulate

    small = simulate(Parameters(n_cells=160, n_peaks=2000, n_genes=60))
    dataset = marked_multiome()
    chosen = [50, 3, 20]
    oracle = Oracle.from_truth(small.truth, 2000, chosen)
    wider = _as_dataset(dataset, 160, 2000, 60)
    cells = held_out(wider, oracle, wider.split.train)
    assert cells.genes.names.tolist() == [f"gene{gene}" for gene in chosen]
    everything = oracle(torch.from_numpy(wider.X[wider.split.test].toarray())).numpy()
    np.testing.assert_allclose(cells.predicted, everything[:, chosen], rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(cells.observed, wider.Y[wider.split.test].toarray()[:, chosen])
    assert cells.embedding is None


def _as_dataset(like: Dataset, n_cells: int, n_peaks: int, n_genes: int) -> Dataset:
    """Random numbers of other sizes in a dataset that is otherwise the same."""
    import anndata
    import pandas as pd
    from scipy import sparse

    from xbench.data.splits import split_cells

    generator = np.random.default_rng(0)
    peaks = (generator.random((n_cells, n_peaks)) < 0.1).astype(np.float32)
    genes = generator.poisson(1, (n_cells, n_genes)).astype(np.float32)
    types = np.repeat(["a", "b"], n_cells // 2)
    names = pd.DataFrame(index=[f"gene{gene}" for gene in range(n_genes)])
    return replace(
        like,
        inputs=anndata.AnnData(sparse.csr_matrix(peaks)),
        outputs=anndata.AnnData(sparse.csr_matrix(genes), var=names),
        cell_types=types,
        split=split_cells(types),
    )


def test_classes_are_refused() -> None:
    images = small_images()
    with pytest.raises(XbenchError, match="small-images: has classes, not expression"):
        held_out(images, untrained(marked_multiome()), images.split.train)


def test_the_baseline_of_a_type_of_test_cells_alone_is_the_mean_of_all() -> None:
    cells = HeldOut(
        genes=Features(["a"]),
        observed=np.ones((2, 1)),
        predicted=np.ones((2, 1)),
        cell_types=np.array(["new", "old"]),
        embedding=None,
        type_names=np.array(["new", "old"]),
        training_means=np.array([[np.nan], [3.0]]),
        training_mean=np.array([2.0]),
    )
    assert cells.type_means_as_prediction().tolist() == [[2.0], [3.0]]


def test_a_surrogate_of_a_table_is_measured_as_one_of_peaks() -> None:
    generator = np.random.default_rng(0)
    table = generator.normal(size=(60, 5)).astype(np.float32)
    dataset = dataset_of(table, table[:, 0] + table[:, 1])
    model = MLPRegressor(5, 8, 1).frozen()
    found = held_out(dataset, model, dataset.split.train)
    with torch.no_grad():
        wanted = model(torch.from_numpy(np.asarray(dataset.X)[dataset.split.test])).numpy()
    np.testing.assert_allclose(found.predicted, wanted, rtol=1e-5, atol=1e-6)
