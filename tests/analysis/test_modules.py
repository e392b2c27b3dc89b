"""Synergies against the true modules of a simulation, under its true F."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import cache

import numpy as np
import pytest

from xbench.analysis.modules import ModuleAgreement, PairKind, module_agreement
from xbench.analysis.redundancy import pair_synergies
from xbench.data.dataset import Target
from xbench.errors import XbenchError
from xbench.mask import MaskedPopulation, masked_population
from xbench.mask.objective import OBJECTIVES
from xbench.simulation.known_regulation import Truth
from xbench.simulation.parameters import Parameters
from xbench.simulation.simulate import Simulation, simulate
from xbench.simulation.target_truth import TargetTruth
from xbench.surrogates.oracle import Oracle

from ..simulation.by_definition import expression

N_PEAKS = 2000


@pytest.fixture(scope="module")
def small() -> Simulation:
    return simulate(Parameters(n_cells=400, n_peaks=N_PEAKS, n_genes=60, seed=3))


def toy_truth() -> Truth:
    """Gene 0 has modules 0 (peaks 1, 4, 6) and 1 (peaks 2, 3); gene 1 has module 2 (peak 8)."""
    nothing = np.zeros(0, dtype=int)
    return Truth(
        base=np.zeros(2),
        module_gene=np.array([0, 0, 1]),
        module_effect=np.ones(3),
        cre_feature=np.array([1, 4, 6, 2, 3, 8]),
        cre_module=np.array([0, 0, 0, 1, 1, 2]),
        cre_weight=np.full(6, 0.5),
        pair_first=nothing,
        pair_second=nothing,
        pair_effect=np.zeros(0),
        trans_gene=nothing,
        trans_factor=nothing,
        trans_effect=np.zeros(0),
    )


def test_by_hand() -> None:
    #        6    2    8    3    1    9: modules 0, 1, another gene's, 1, 0, none.
    upper = [
        [0.0, 1.0, 2.0, 3.0, 4.0, 5.0],
        [0.0, 0.0, 6.0, 7.0, 8.0, 9.0],
        [0.0, 0.0, 0.0, 10.0, 11.0, 12.0],
        [0.0, 0.0, 0.0, 0.0, 13.0, 14.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 15.0],
        [0.0] * 6,
    ]
    synergies = np.array(upper) + np.array(upper).T
    found = module_agreement(toy_truth(), 0, [6, 2, 8, 3, 1, 9], synergies, 10)
    assert found == ModuleAgreement(
        within_module=PairKind(2, (4 + 7) / 2),
        between_modules=PairKind(4, (1 + 3 + 8 + 13) / 4),
        other=PairKind(9, (2 + 5 + 6 + 9 + 10 + 11 + 12 + 14 + 15) / 9),
        cre_share=4 / 6,
        n_cres=5,
        n_cres_selected=4,
        n_modules=2,
        n_covered=1,
        n_touched=2,
    )
    json.dumps(asdict(found), allow_nan=False)


def test_a_selection_that_misses_the_gene() -> None:
    found = module_agreement(toy_truth(), 0, [8, 9], np.zeros((2, 2)), 10)
    assert found.within_module == found.between_modules == PairKind(0, None)
    assert found.other == PairKind(1, 0.0)
    assert (found.cre_share, found.n_covered, found.n_touched) == (0, 0, 0)


@pytest.mark.parametrize(
    ("gene", "indices", "size", "message"),
    [
        (2, [1, 2], 2, "no gene 2; give an output from 0 to 1"),
        (-1, [1, 2], 2, "no gene -1"),
        (0, [1, 2], 3, r"synergies has shape \(3, 3\) but must have shape \(2, 2\)"),
        (0, [10], 1, "out of range"),
    ],
)
def test_what_makes_no_sense(gene: int, indices: list[int], size: int, message: str) -> None:
    with pytest.raises(XbenchError, match=message):
        module_agreement(toy_truth(), gene, indices, np.zeros((size, size)), 10)


def gene_with_modules(truth: Truth) -> int:
    """A gene of several modules, one at least of several CREs, and the most CREs of all such."""
    owners = truth.module_gene[truth.cre_module]
    genes = [g for g in range(truth.n_genes) if len(truth.modules_of(g)) > 1]
    return max(genes, key=lambda gene: int((owners == gene).sum()))


def true_population(small: Simulation, gene: int, rows: np.ndarray) -> MaskedPopulation:
    oracle = Oracle.from_truth(small.truth, N_PEAKS).frozen()
    cells = small.open_peaks[rows].astype(np.float32)
    return masked_population(oracle, cells, Target("all", "gene", gene), OBJECTIVES["expression"])


def test_synergies_of_the_true_f_are_as_defined(small: Simulation) -> None:
    truth = small.truth
    gene = gene_with_modules(truth)
    peaks = np.concatenate([truth.features_of(module)[:2] for module in truth.modules_of(gene)])
    chosen = np.append(peaks[:4], 0)
    rows = np.flatnonzero(np.asarray(small.open_peaks[:, peaks].sum(axis=1)).ravel() > 1)[:6]

    @cache
    def drop(*subset: int) -> float:
        total = 0.0
        for x in small.open_peaks[rows].toarray():
            masked = x.copy()
            masked[list(subset)] = 0
            total += expression(truth, x, gene) - expression(truth, masked, gene)
        return total / len(rows)

    expected = [[0.0 if i == j else drop(i, j) - drop(i) - drop(j) for j in chosen] for i in chosen]
    found = pair_synergies(true_population(small, gene, rows), chosen)
    np.testing.assert_allclose(found, expected, atol=2e-6)
    assert np.abs(expected).max() > 1e-3


def test_true_backups_have_synergy_and_other_pairs_have_less(small: Simulation) -> None:
    truth = small.truth
    gene = gene_with_modules(truth)
    own = truth.cre_feature[truth.module_gene[truth.cre_module] == gene]
    factors = truth.trans_factor[truth.trans_gene == gene]
    theirs = truth.cre_feature[np.isin(truth.module_gene[truth.cre_module], factors)]
    strangers = np.setdiff1d(np.arange(N_PEAKS), np.concatenate([own, theirs]))[:20]
    selected = np.random.default_rng(0).permutation(np.concatenate([own, strangers]))
    population = true_population(small, gene, np.arange(400))
    synergies = pair_synergies(population, selected)
    found = module_agreement(truth, gene, selected, synergies, N_PEAKS)
    within, between = found.within_module.mean_synergy, found.between_modules.mean_synergy
    assert within is not None
    assert between is not None
    assert within > 0
    assert within > 5 * abs(between)
    assert found.other.mean_synergy == 0
    assert found.cre_share == len(own) / len(selected)
    assert found.n_covered == found.n_modules == len(truth.modules_of(gene))
    assert found.n_cres == found.n_cres_selected == len(own)


def test_covered_modules_are_those_of_the_metric(small: Simulation) -> None:
    truth = small.truth
    generator = np.random.default_rng(1)
    for gene in generator.choice(truth.n_genes, 10, replace=False).tolist():
        modules = tuple(truth.features_of(module) for module in truth.modules_of(gene))
        selected = generator.permutation(np.concatenate(modules))
        selected = selected[: max(1, len(selected) - 1)]
        found = module_agreement(truth, gene, selected, np.zeros((len(selected),) * 2), N_PEAKS)
        recall = TargetTruth(None, modules).module_recall(selected)  # type: ignore[arg-type]
        assert found.n_covered / found.n_modules == pytest.approx(recall)
