"""Sizes, statistics and determinism of what is simulated; at the paper's size marked slow."""

from __future__ import annotations

import resource
import time

import numpy as np
import pytest
from scipy import sparse, stats

from xbench.data.preprocess import log_normalise
from xbench.errors import XbenchError
from xbench.simulation.accessibility import (
    Accessibility,
    SimulatedCells,
    draw_cells,
    mean_open,
    sample_open_peaks,
)
from xbench.simulation.gene_positions import gene_table
from xbench.simulation.parameters import CHROMOSOMES, PAPER_PEAKS_OF, Parameters
from xbench.simulation.simulate import Simulation, simulate
from xbench.simulation.simulated_cell_types import CELL_TYPES, MARKERS, SHARES

from .conftest import SMALL


def same(one: Simulation, other: Simulation) -> bool:
    return (
        (one.open_peaks != other.open_peaks).nnz == 0
        and (one.counts != other.counts).nnz == 0
        and np.array_equal(one.cell_types, other.cell_types)
        and all(
            np.array_equal(array, other.truth.arrays()[name])
            for name, array in one.truth.arrays().items()
        )
    )


def check_specificity(simulation: Simulation, fold: float) -> None:
    """Markers are expressed in their types at least `fold` times as in any other, by counts."""
    totals = np.asarray(simulation.counts.sum(axis=1)).ravel()
    shares = sparse.diags(1e5 / totals) @ simulation.counts
    for name, types in MARKERS.items():
        column = shares[:, simulation.genes.names == name].toarray().ravel()
        means = {t: column[simulation.cell_types == t].mean() for t in CELL_TYPES}
        own = min(means[t] for t in types)
        others = max(mean for t, mean in means.items() if t not in types)
        assert own > fold * others, (name, means)


def test_the_same_seed_gives_the_same_and_another_another(small: Simulation) -> None:
    assert same(small, simulate(SMALL))
    assert not same(small, simulate(Parameters(400, 2000, 60, seed=4)))


def test_sizes(small: Simulation) -> None:
    assert small.open_peaks.shape == (400, 2000)
    assert small.counts.shape == (400, 60)
    assert small.open_peaks.has_canonical_format
    assert set(small.open_peaks.data.tolist()) == {1}
    assert small.counts.data.min() >= 0
    assert set(MARKERS) <= set(small.genes.names)


def test_markers_are_the_paper_s() -> None:
    # Protocol, Targets: each gene with the types that it is a target of; and SATB2.
    by_type = {
        "VIP": ["GAD1", "GAD2"],
        "SST": ["GAD1", "GAD2"],
        "OPC": ["NXPH1", "OLIG1", "OLIG2"],
        "Endo": ["FLT1", "CLDN5"],
        "Astro": ["ALDH1A1", "AQP4", "GJA1"],
        "Oligo": ["MOBP", "MOG"],
        "Micro": ["CX3CR1", "APBB1IP"],
        "Exc": ["SATB2"],
    }
    ours = {t: {name for name, types in MARKERS.items() if t in types} for t in CELL_TYPES}
    assert ours == {name: set(genes) for name, genes in by_type.items()}


def test_every_type_can_be_explained(small: Simulation) -> None:
    names, counts = np.unique(small.cell_types, return_counts=True)
    assert dict(zip(names, counts, strict=True)) == SMALL.cells_of()
    assert min(SMALL.cells_of().values()) >= 10


def test_peaks_do_not_overlap_and_lie_on_their_chromosomes(small: Simulation) -> None:
    peaks = small.peaks
    lengths = gene_table().chromosome_lengths
    assert (peaks.start >= 0).all()
    assert (peaks.end <= lengths[peaks.chrom]).all()
    same_chromosome = peaks.chrom[1:] == peaks.chrom[:-1]
    assert (np.diff(peaks.chrom) >= 0).all()
    assert (peaks.start[1:] >= peaks.end[:-1])[same_chromosome].all()


def test_depth_of_small_data(small: Simulation) -> None:
    per_cell = np.diff(small.open_peaks.indptr)
    # One deviation of the mean over 400 cells is 2% (depth 0.4 / sqrt(400)).
    assert per_cell.mean() == pytest.approx(SMALL.open_peaks, rel=0.08)


def test_markers_of_small_data_are_specific(small: Simulation) -> None:
    check_specificity(small, 2.0)


def test_cres_are_near_their_genes(small: Simulation) -> None:
    truth = small.truth
    gene = truth.module_gene[truth.cre_module]
    assert np.array_equal(small.peaks.chrom[truth.cre_feature], small.genes.chrom[gene])
    distance = np.abs(small.peaks.start[truth.cre_feature] - small.genes.start[gene])
    assert (distance < 1e6).mean() > 0.85
    assert distance.max() <= 10_002_000
    assert len(np.unique(truth.cre_feature)) == len(truth.cre_feature)


def test_modules_are_as_the_issue_says(small: Simulation) -> None:
    truth = small.truth
    assert set(np.bincount(truth.module_gene)) <= {1, 2, 3}
    assert set(np.bincount(truth.cre_module)) <= {1, 2, 3, 4, 5}
    assert truth.cre_weight.min() >= 0.5
    assert truth.cre_weight.max() <= 0.95
    assert len(truth.trans_gene) > 0
    assert not set(truth.trans_gene) & set(truth.trans_factor)


def test_sampling_has_the_probabilities_it_claims() -> None:
    rate = np.tile([0.05, 0.7, 2.0], (8, 1))
    accessibility = Accessibility(rate, np.zeros(3, dtype=int), np.array([0.0, 0.6, 0.0]))
    count = 20_000
    state = np.zeros((count, 3))
    state[:, 0] = 1.5
    cells = SimulatedCells(np.zeros(count, dtype=int), np.full(count, 0.8), np.zeros(count), state)
    drawn = sample_open_peaks(accessibility, cells, np.random.default_rng(0))
    moved = np.array([0.05, 0.7 * np.exp(0.6 * 1.5 - 0.18), 2.0])
    for column, probability in enumerate(1 - np.exp(-0.8 * moved)):
        opened = int(drawn[:, column].sum())
        assert stats.binomtest(opened, count, probability).pvalue > 1e-3
    # Independent given the cell: the pair is open as often as the product says.
    both = int(drawn[:, 1].multiply(drawn[:, 2]).sum())
    product = np.prod(1 - np.exp(-0.8 * moved[1:]))
    assert stats.binomtest(both, count, product).pvalue > 1e-3


def test_mean_open_agrees_with_monte_carlo() -> None:
    generator = np.random.default_rng(0)
    rate, load = generator.uniform(0.01, 1.0, (8, 6)), np.array([0, 0, 0, 0.5, -0.8, 0.3])
    cells = draw_cells(Parameters(n_cells=200_000), generator)
    factor = np.exp(load * cells.state[:, :1] - load**2 / 2) * cells.depth[:, None]
    sampled = -np.expm1(-rate[cells.types] * factor).sum(axis=1).mean()
    assert mean_open(rate, load) == pytest.approx(sampled, rel=5e-3)


def test_too_small_a_size_is_refused() -> None:
    with pytest.raises(XbenchError, match=r"n_genes is 10 but must be at least 31"):
        Parameters(n_genes=10)
    with pytest.raises(XbenchError, match=r"table has 5000"):
        simulate(Parameters(n_cells=100, n_peaks=60_000, n_genes=5001))
    with pytest.raises(XbenchError, match=r"choose more peaks or fewer genes"):
        simulate(Parameters(n_cells=100, n_peaks=300, n_genes=200))
    with pytest.raises(XbenchError, match=r"CREs of 200 genes alone are open"):
        simulate(Parameters(n_cells=100, n_peaks=3000, n_genes=200, mean_open=5))


@pytest.mark.slow
def test_the_paper_s_size() -> None:
    started = time.perf_counter()
    paper = simulate(Parameters())
    seconds = time.perf_counter() - started
    assert paper.open_peaks.shape == (10_266, 127_219)
    assert paper.counts.shape == (10_266, 3_000)
    assert dict(zip(CHROMOSOMES, np.bincount(paper.peaks.chrom), strict=True)) == PAPER_PEAKS_OF
    per_cell = np.diff(paper.open_peaks.indptr)
    # One deviation of the mean is 0.4%.
    assert per_cell.mean() == pytest.approx(4811.34, rel=0.013)
    # Log-normal depth of 0.4, a little less where many peaks are open already.
    assert 0.30 < np.log(per_cell).std() < 0.42
    assert stats.skew(per_cell) > 0.7
    shares = {name: np.mean(paper.cell_types == name) for name in SHARES}
    assert shares == pytest.approx(SHARES, abs=1e-4)
    check_specificity(paper, 5.0)
    totals = np.asarray(paper.counts.sum(axis=1)).ravel()
    assert totals.mean() == pytest.approx(3000, rel=0.15)
    assert log_normalise(paper.counts, "rna").nnz / paper.counts.nnz == 1
    assert seconds < 120
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 4e6
