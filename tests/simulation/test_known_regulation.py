"""F of the simulator and of the oracle against its definition, gene by gene and cell by cell."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import sparse

from xbench.data.dataset import Dataset, Target
from xbench.errors import XbenchError
from xbench.mask import DensePopulation, masked_population
from xbench.mask.objective import OBJECTIVES
from xbench.simulation.counts import log_rates
from xbench.simulation.known_regulation import Truth, truth_of, truth_table
from xbench.simulation.simulate import Simulation
from xbench.surrogates.checkpoint import open_surrogate
from xbench.surrogates.obtain import train_surrogate
from xbench.surrogates.oracle import Oracle

from .by_definition import expression
from .conftest import true_expression


def gene_with_everything(truth: Truth) -> int:
    """A gene with synergy that is regulated through a factor too."""
    synergistic = truth.module_gene[truth.pair_first]
    return int(np.intersect1d(synergistic, truth.trans_gene)[0])


def test_expression_is_as_defined(small: Simulation) -> None:
    cells = small.open_peaks[:6]
    ours = true_expression(cells, small.truth)
    for row, x in enumerate(cells.toarray()):
        for gene in [*range(0, 60, 7), gene_with_everything(small.truth)]:
            assert ours[row, gene] == pytest.approx(expression(small.truth, x, gene), abs=1e-10)


def test_masking_is_as_defined(small: Simulation) -> None:
    gene = gene_with_everything(small.truth)
    modules = small.truth.modules_of(gene)
    x = np.ones(2000)
    before = true_expression(sparse.csr_matrix(x), small.truth)[0, gene]
    for feature in small.truth.features_of(modules[0]):
        x[feature] = 0
        after = true_expression(sparse.csr_matrix(x), small.truth)[0, gene]
        assert after == pytest.approx(expression(small.truth, x, gene), abs=1e-10)
        assert after < before
        before = after


def test_expected_counts_add_up_to_1e5_a_cell(small: Simulation) -> None:
    totals = np.exp(log_rates(small.open_peaks, small.truth)).sum(axis=1)
    assert totals.mean() == pytest.approx(1e5, rel=1e-9)


def test_observed_counts_follow_expected_ones(small: Simulation) -> None:
    expected = np.exp(log_rates(small.open_peaks, small.truth))
    counts = small.counts.toarray()
    by_gene = counts.sum(axis=0) / counts.sum()
    wanted = expected.sum(axis=0) / expected.sum()
    assert np.corrcoef(np.log(by_gene), np.log(wanted))[0, 1] > 0.99


def test_the_truth_table_names_the_cres(dataset: Dataset, truth: Truth) -> None:
    table = truth_table(dataset)
    assert len(table) == len(truth.cre_feature)
    gad1 = table[table["gene"] == "GAD1"]
    output = dataset.target("VIP", "GAD1").output
    assert sorted(gad1["module"].unique()) == truth.modules_of(output).tolist()
    assert set(gad1["chrom"]) == {"chr2"}
    for row in gad1.to_dict("records"):
        assert dataset.features.names[row["feature"]] == row["name"]
        assert row["name"] == f"{row['chrom']}:{row['start']}-{row['end']}"
        assert row["a"] == truth.module_effect[row["module"]]


def test_the_oracle_is_the_simulator(small: Simulation) -> None:
    oracle = Oracle.from_truth(small.truth, 2000).frozen()
    ours = true_expression(small.open_peaks, small.truth)
    layer = oracle.additive_layer()
    by_sums = oracle.tail(layer.sparse_sums(small.open_peaks))
    assert np.abs(by_sums.numpy() - ours).max() < 1e-6
    dense = torch.from_numpy(small.open_peaks.toarray()).double()
    assert np.abs(oracle(dense).numpy() - ours).max() < 1e-10


def test_an_oracle_of_some_genes_gives_the_same_and_is_narrow(small: Simulation) -> None:
    gene = gene_with_everything(small.truth)
    wanted = [gene, 5]
    oracle = Oracle.from_truth(small.truth, 2000).for_outputs(wanted)
    sums = oracle.additive_layer().sparse_sums(small.open_peaks)
    assert sums.shape[2] <= 12
    ours = oracle.tail(sums, torch.tensor([5, gene, gene])).numpy()
    theirs = true_expression(small.open_peaks, small.truth)[:, [5, gene, gene]]
    assert np.abs(ours - theirs).max() < 1e-6
    assert np.array_equal(oracle.tail(sums).numpy(), ours[:, [1, 0]])
    other = next(number for number in range(60) if number not in wanted)
    with pytest.raises(XbenchError, match=rf"not for output {other}.*for_outputs"):
        oracle.tail(sums, torch.tensor([other]))


def test_gradients_are_those_of_differences(small: Simulation) -> None:
    oracle = Oracle.from_truth(small.truth, 2000)
    gene = gene_with_everything(small.truth)
    features = small.truth.features_of(int(small.truth.modules_of(gene)[0]))
    x = torch.from_numpy(small.open_peaks[:1].toarray()).double().requires_grad_()
    gradient = torch.autograd.grad(oracle(x)[0, gene], x)[0][0]
    step = 1e-6
    for feature in features:
        higher, lower = x.detach().clone(), x.detach().clone()
        higher[0, feature] += step
        lower[0, feature] -= step
        slope = (oracle(higher)[0, gene] - oracle(lower)[0, gene]) / (2 * step)
        assert gradient[feature].item() == pytest.approx(slope.item(), abs=1e-6)
        assert slope > 0


def test_both_mask_operators_agree_on_the_oracle(small: Simulation) -> None:
    oracle = Oracle.from_truth(small.truth, 2000).frozen()
    gene = gene_with_everything(small.truth)
    target, objective = Target("all", "gene", gene), OBJECTIVES["expression"]
    cells = small.open_peaks[:30]
    ours = masked_population(oracle, cells, target, objective)
    theirs = DensePopulation(oracle, cells, objective, [gene], 0.0)
    modules = small.truth.modules_of(gene)
    subset = np.concatenate([small.truth.features_of(module) for module in modules])
    for chosen in (subset[:0], subset[:1], subset):
        np.testing.assert_allclose(ours.values(chosen), theirs.values(chosen), atol=2e-6)
        np.testing.assert_allclose(ours.descent(chosen), theirs.descent(chosen), atol=2e-6)


def test_an_oracle_is_kept_and_opened_as_any_surrogate(dataset: Dataset, tmp_path: Path) -> None:
    folder = train_surrogate(dataset, "oracle", folder=tmp_path / "oracle")
    opened = open_surrogate(folder, dataset)
    truth = truth_of(dataset)
    assert truth is not None
    assert opened.name == "oracle"
    sums = opened.model.additive_layer().sparse_sums(dataset.X[:20].astype(np.float32))
    ours = opened.model.tail(sums).numpy()
    assert np.abs(ours - true_expression(dataset.X[:20], truth)).max() < 1e-6


def test_no_oracle_where_nobody_knows_the_truth(dataset: Dataset, tmp_path: Path) -> None:
    inputs = dataset.inputs.copy()
    del inputs.uns["truth"]
    unknown = replace(dataset, inputs=inputs)
    assert truth_of(unknown) is None
    with pytest.raises(XbenchError, match="nobody knows its true F"):
        train_surrogate(unknown, "oracle", folder=tmp_path / "oracle")
