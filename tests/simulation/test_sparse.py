"""The harder simulation: what is hidden, what is seen, and what the truth makes of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse, stats

from xbench.data.dataset import Dataset
from xbench.errors import XbenchError
from xbench.simulation.accessibility import draw_cells
from xbench.simulation.counts import draw_libraries, library_factors, log_rates, seen
from xbench.simulation.gene_positions import choose_genes
from xbench.simulation.intricacies import intricate
from xbench.simulation.known_regulation import Truth, truth_of, truth_table
from xbench.simulation.parameters import SPARSE, Parameters
from xbench.simulation.peak_positions import place_peaks
from xbench.simulation.regulation import draw_regulation
from xbench.simulation.response import response_of, state_of
from xbench.simulation.simulate import Simulation, simulate
from xbench.simulation.simulated_cell_types import CELL_TYPES
from xbench.simulation.simulated_contacts import _openness
from xbench.simulation.target_truth import target_truth
from xbench.surrogates.oracle import Oracle

from .by_definition import expression
from .conftest import SPARSE_SMALL, true_expression


def shared_peaks(truth: Truth) -> np.ndarray:
    peaks, uses = np.unique(truth.cre_feature, return_counts=True)
    assert set(uses.tolist()) <= {1, 2}
    return peaks[uses == 2]


def masked(cells: sparse.csr_matrix, peaks: np.ndarray) -> sparse.csr_matrix:
    closed = cells.tolil()
    closed[:, peaks] = 0
    return closed.tocsr()


def drops(simulation: Simulation, peaks: np.ndarray) -> np.ndarray:
    """Fall of the mean of F of every gene when peaks are closed."""
    before = true_expression(simulation.state, simulation.truth)
    return (before - true_expression(masked(simulation.state, peaks), simulation.truth)).mean(0)


def test_the_same_seed_gives_the_same_and_another_design_another_digest() -> None:
    one, other = simulate(SPARSE_SMALL), simulate(SPARSE_SMALL)
    assert (one.open_peaks != other.open_peaks).nnz == 0
    assert (one.state != other.state).nnz == 0
    assert (one.counts != other.counts).nnz == 0
    assert SPARSE_SMALL.digest != replace(SPARSE_SMALL, sparse=False).digest


def test_only_what_is_open_is_seen(sparse_small: Simulation) -> None:
    hidden, seen_open = sparse_small.hidden, sparse_small.open_peaks
    assert hidden is not None
    assert seen_open.multiply(hidden).nnz == seen_open.nnz
    share = np.diff(seen_open.indptr) / np.diff(hidden.indptr)
    assert 0.1 < share.mean() < 0.3
    # One deviation of the mean of 400 cells is 2%.
    assert np.diff(seen_open.indptr).mean() == pytest.approx(SPARSE_SMALL.open_peaks, rel=0.1)


def test_an_open_site_is_seen_with_its_cell_s_chance() -> None:
    hidden = sparse.csr_matrix(np.ones((3, 20_000), dtype=np.int8))
    chances = np.array([0.1, 0.17, 0.3])
    found = seen(hidden, chances, np.random.default_rng(0))
    for count, chance in zip(np.diff(found.indptr), chances, strict=True):
        assert stats.binomtest(int(count), 20_000, chance).pvalue > 1e-3


def test_libraries_differ_in_depth_composition_and_counting() -> None:
    cells = draw_cells(Parameters(n_cells=20_000, sparse=True), np.random.default_rng(0))
    found = draw_libraries(cells.types, SPARSE, np.random.default_rng(1))
    assert np.unique(found.donor).tolist() == [0, 1, 2, 3]
    assert np.unique(found.library).tolist() == list(range(8))
    assert 0.1 <= found.detection.min() < found.detection.max() <= 0.3
    by_library = [found.depth_normal[found.library == one] for one in range(8)]
    assert stats.f_oneway(*by_library).pvalue < 1e-10
    assert 0.9 < found.depth_normal.std() < 1.1
    table = np.histogram2d(cells.types, found.library, bins=(8, 8))[0]
    assert stats.chi2_contingency(table).pvalue < 1e-10
    factors = library_factors(50_000, SPARSE, np.random.default_rng(2))
    assert factors.mean() == pytest.approx(1, abs=1e-3)
    assert np.log(factors).std() == pytest.approx(SPARSE.library_shift, rel=0.02)


def test_the_state_is_the_strength_of_what_is_open(sparse_small: Simulation) -> None:
    truth, hidden, state = sparse_small.truth, sparse_small.hidden, sparse_small.state.toarray()
    assert hidden is not None
    assert truth.cre_strength is not None
    low, high = SPARSE.strength
    assert low <= truth.cre_strength.min() < truth.cre_strength.max() <= high
    row = {feature: cre for cre, feature in enumerate(truth.cre_feature.tolist())}
    opened = hidden.toarray()
    for cell in range(0, 400, 40):
        kind = CELL_TYPES.index(sparse_small.cell_types[cell])
        for peak in range(2000):
            strength = float(truth.cre_strength[row[peak], kind]) if peak in row else 1.0
            assert state[cell, peak] == opened[cell, peak] * np.float32(strength)


def test_expression_is_a_function_of_the_state_as_defined(sparse_small: Simulation) -> None:
    truth = sparse_small.truth
    repressed = int(truth.module_gene[truth.module_effect < 0][0])
    twice = int(truth.module_gene[truth.cre_module[truth.cre_feature == shared_peaks(truth)[0]]][0])
    cells = sparse_small.state[:6]
    ours = true_expression(cells, truth)
    for row, x in enumerate(cells.toarray().astype(np.float64)):
        for gene in [repressed, twice, int(truth.trans_gene[0]), 5]:
            assert ours[row, gene] == pytest.approx(expression(truth, x, gene), abs=1e-10)
    totals = np.exp(log_rates(sparse_small.state, truth)).sum(axis=1)
    assert totals.mean() == pytest.approx(1e5, rel=1e-9)


def test_counts_follow_the_state_and_not_what_is_seen(sparse_small: Simulation) -> None:
    truth, counts = sparse_small.truth, sparse_small.counts.toarray()
    rates = np.exp(log_rates(sparse_small.state, truth))
    assert sparse_small.hidden is not None
    seen_state = sparse_small.state.multiply(sparse_small.open_peaks).tocsr()
    of_seen = np.exp(log_rates(seen_state, truth))

    def agreement(expected: np.ndarray) -> float:
        expected = expected / expected.sum(axis=1, keepdims=True)
        observed = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        pairs = [stats.pearsonr(expected[:, g], observed[:, g])[0] for g in range(60)]
        return float(np.nanmean(pairs))

    assert agreement(rates) > 1.5 * agreement(of_seen) > 0


def test_a_shared_peak_serves_two_unrelated_genes(sparse_small: Simulation) -> None:
    truth = sparse_small.truth
    peaks = shared_peaks(truth)
    assert len(peaks) >= 5
    served = 0
    for peak in peaks:
        genes = truth.module_gene[truth.cre_module[truth.cre_feature == peak]]
        assert len(set(genes.tolist())) == 2
        related = list(zip(truth.trans_gene, truth.trans_factor, strict=True))
        assert (genes[0], genes[1]) not in related
        assert (genes[1], genes[0]) not in related
        served += bool((np.abs(drops(sparse_small, np.array([peak]))[genes]) > 0).all())
    assert served >= len(peaks) // 2


def test_closing_a_repressing_cre_raises_its_gene(sparse_small: Simulation) -> None:
    truth = sparse_small.truth
    repressing = np.flatnonzero(truth.module_effect < 0)
    assert len(repressing) > 5
    synergistic = np.concatenate([truth.pair_first, truth.pair_second])
    assert not np.isin(repressing, synergistic).any()
    for module in repressing:
        change = drops(sparse_small, truth.features_of(int(module)))
        assert change[truth.module_gene[module]] <= 0
    raised = [
        drops(sparse_small, truth.features_of(int(module)))[truth.module_gene[module]]
        for module in repressing
    ]
    assert min(raised) < -0.01


def test_neighbours_open_with_their_cre_and_do_nothing(sparse_small: Simulation) -> None:
    hidden, peaks = sparse_small.hidden, sparse_small.peaks
    assert hidden is not None
    assert not np.isin(peaks.neighbour_feature, sparse_small.truth.cre_feature).any()
    opened = hidden.toarray().astype(bool)
    neighbour, cre = opened[:, peaks.neighbour_feature], opened[:, peaks.neighbour_of]
    with_cre, without = neighbour[cre], neighbour[~cre]
    assert stats.binomtest(int(with_cre.sum()), len(with_cre), SPARSE.spread, "less").pvalue > 1e-3
    assert with_cre.mean() > 4 * without.mean()
    assert np.array_equal(drops(sparse_small, peaks.neighbour_feature), np.zeros(60))
    apart = np.abs(peaks.start[peaks.neighbour_feature] - peaks.start[peaks.neighbour_of])
    assert np.median(apart) < 5_000


def test_a_tenth_of_the_cres_is_beyond_1_mb() -> None:
    """At the paper's size, where chance is small: one deviation is 0.2%."""
    parameters = Parameters(sparse=True)
    genes = choose_genes(3000, parameters.generator(0))
    plain = draw_regulation(genes, parameters.generator(1), SPARSE)
    regulation = intricate(plain, genes, SPARSE, parameters.generator(7))
    peaks = place_peaks(parameters, genes, regulation, parameters.generator(2))
    assert len(peaks.chrom) == 127_219
    gene = regulation.cre_gene
    assert np.array_equal(peaks.chrom[peaks.cre_feature], genes.chrom[gene])
    distance = np.abs(peaks.start[peaks.cre_feature] - genes.start[gene])
    assert (distance > 1e6).mean() == pytest.approx(0.1, abs=0.01)
    assert (~regulation.owner).mean() == pytest.approx(0.085, abs=0.01)
    assert (regulation.module_effect < 0).sum() / 3000 == pytest.approx(0.3, abs=0.025)


def test_the_hidden_state_is_kept_with_the_data(
    sparse_small: Simulation, sparse_dataset: Dataset
) -> None:
    rows = np.arange(sparse_dataset.n_cells)
    kept = state_of(sparse_dataset, rows)
    assert (kept != sparse_small.state).nnz == 0
    assert kept.dtype == np.float32
    assert (sparse_small.open_peaks != sparse_dataset.X).nnz == 0
    some = np.array([7, 3, 200])
    assert (state_of(sparse_dataset, some) != sparse_small.state[some]).nnz == 0
    for name in ("donor", "batch"):
        known = sparse_small.cell_columns[name].tolist()
        assert sparse_dataset.inputs.obs[name].tolist() == known
    truth = truth_of(sparse_dataset)
    assert truth is not None
    strength = sparse_small.truth.arrays()["cre_strength"]
    assert np.array_equal(truth.arrays()["cre_strength"], strength)
    table = truth_table(sparse_dataset)
    assert np.array_equal(table["strength_VIP"], truth.arrays()["cre_strength"][:, 7])


def test_nothing_is_hidden_in_the_other_simulation(dataset: Dataset) -> None:
    rows = np.array([5, 1])
    assert (state_of(dataset, rows) != dataset.X[rows]).nnz == 0
    assert "cre_strength" not in dataset.inputs.uns["truth"]


def test_the_truth_of_test_cells_is_that_of_their_hidden_state(sparse_dataset: Dataset) -> None:
    """The drop of the simulator's F, not of what a response tells, over the best of all pairs."""
    truth = truth_of(sparse_dataset)
    assert truth is not None
    target, rows = sparse_dataset.target("Oligo", "MOG"), sparse_dataset.rows("Oligo", "test")
    known = target_truth(sparse_dataset, target, rows)
    assert known is not None
    cells, gene = state_of(sparse_dataset, rows), target.output
    before = true_expression(cells, truth)[:, gene].mean()

    def drop(peaks: list[int]) -> float:
        after = true_expression(masked(cells, np.array(peaks)), truth)[:, gene].mean()
        return float(before - after)

    cres = np.concatenate(known.response.features).tolist()
    best = max(drop([a, b]) for a in cres for b in cres if a < b)
    for pair in ([cres[0], cres[1]], [cres[-1], cres[2]]):
        wanted = min(1.0, drop(pair) / best)
        assert known.optimality(np.array(pair)) == pytest.approx(wanted, abs=1e-9)


def test_the_oracle_sees_the_hidden_state(
    sparse_small: Simulation, sparse_dataset: Dataset
) -> None:
    oracle = Oracle.from_truth(sparse_small.truth, 2000).frozen()
    rows = np.arange(0, 400, 7)
    cells = oracle.inputs_of(sparse_dataset, rows)
    sums = oracle.additive_layer().sparse_sums(cells)
    theirs = true_expression(sparse_small.state, sparse_small.truth)[rows]
    assert np.abs(oracle.tail(sums).numpy() - theirs).max() < 1e-5


def test_a_peak_in_two_modules_of_a_gene_is_refused(sparse_small: Simulation) -> None:
    truth = sparse_small.truth
    gene = int(np.flatnonzero(np.bincount(truth.module_gene) > 1)[0])
    first, second = (np.flatnonzero(truth.cre_module == m)[0] for m in truth.modules_of(gene)[:2])
    feature = truth.cre_feature.copy()
    feature[first] = feature[second]
    with pytest.raises(XbenchError, match=rf"two modules of output {gene}"):
        response_of(replace(truth, cre_feature=feature), sparse_small.state, gene)


def test_maps_by_type_follow_the_hidden_state(
    sparse_small: Simulation, sparse_dataset: Dataset
) -> None:
    peaks = sparse_small.truth.cre_feature[:50]
    assert sparse_small.hidden is not None
    opened = sparse_small.hidden[:, peaks].toarray()
    share = {t: opened[sparse_small.cell_types == t].mean(axis=0) for t in CELL_TYPES}
    largest = np.max(list(share.values()), axis=0)
    for name, found in _openness(sparse_dataset, peaks).items():
        np.testing.assert_allclose(found, share[name] / np.maximum(largest, 1e-12))
