"""Contacts in the simulation whose true links are known, from the files that it gives away."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import combine_pvalues, kstest

from xbench.analysis.contact_map import ContactMap, open_contact_map
from xbench.analysis.contacts import ContactEnrichment, contact_enrichment
from xbench.analysis.loops import Loops, read_loops
from xbench.analysis.matched_draws import Matching
from xbench.data.dataset import Dataset
from xbench.data.features import Features, Interval
from xbench.errors import XbenchError
from xbench.simulation.known_regulation import Truth, truth_of
from xbench.simulation.simulated_cell_types import MARKERS
from xbench.simulation.simulation_files import read_simulation

pytest.importorskip("cooler", reason="cooler is not here; pip install '.[hic]'")


@pytest.fixture(scope="module")
def dataset(simulated_files: dict[str, Path]) -> Dataset:
    return read_simulation(simulated_files["h5mu"])


@pytest.fixture(scope="module")
def truth(dataset: Dataset) -> Truth:
    known = truth_of(dataset)
    assert known is not None
    return known


@pytest.fixture(scope="module")
def contact_map(simulated_files: dict[str, Path]) -> ContactMap:
    return open_contact_map(simulated_files["cool"])


@pytest.fixture(scope="module")
def loops(simulated_files: dict[str, Path]) -> Loops:
    return read_loops(simulated_files["bedpe"])


def gene_of(dataset: Dataset, gene: str) -> Interval:
    interval = dataset.target(MARKERS[gene][0], gene).interval
    assert interval is not None
    return interval


def accessible(dataset: Dataset, gene: str) -> np.ndarray:
    cells = dataset.X[dataset.rows(MARKERS[gene][0], "all")]
    return np.asarray((cells != 0).mean(axis=0)).ravel()


def taken(features: Features, kept: np.ndarray) -> Features:
    assert features.chrom is not None
    assert features.start is not None
    assert features.end is not None
    return Features(
        *(array[kept] for array in (features.names, features.chrom, features.start, features.end))
    )


def bins_of(features: Features) -> np.ndarray:
    """Chromosome and bin of where each feature starts, as one string."""
    assert features.chrom is not None
    assert features.start is not None
    numbers = (features.start // 100_000).astype(str)
    return np.char.add(np.char.add(features.chrom, ":"), numbers)


def measured(
    source: ContactMap | Loops,
    dataset: Dataset,
    gene: str,
    chosen: np.ndarray,
    *,
    matching: Matching | None = None,
    seed: int = 0,
) -> ContactEnrichment:
    return contact_enrichment(
        source,
        dataset.features,
        chosen,
        gene_of(dataset, gene),
        accessible(dataset, gene),
        genome="hg38",
        strand="+",  # As all genes of the simulation.
        matching=matching,
        seed=seed,
    )


def cres(dataset: Dataset, truth: Truth, gene: str) -> np.ndarray:
    output = dataset.target(MARKERS[gene][0], gene).output
    return truth.cre_feature[truth.module_gene[truth.cre_module] == output]


def test_the_map_and_the_loops_are_of_hg38(contact_map: ContactMap, loops: Loops) -> None:
    assert contact_map.assembly == "hg38"
    contact_map.require_build("GRCh38")
    loops.require_build("hg38")
    with pytest.raises(XbenchError, match=r"contacts\.cool: is of genome build hg38.* of mm10"):
        contact_map.require_build("mm10")
    with pytest.raises(
        XbenchError, match=r"loops\.bedpe: a loop reaches to .* past the end in mm10"
    ):
        loops.require_build("mm10")


def test_true_cres_are_enriched_in_the_map(
    contact_map: ContactMap, dataset: Dataset, truth: Truth
) -> None:
    p_values = []
    for gene in MARKERS:
        found = measured(contact_map, dataset, gene, cres(dataset, truth, gene))
        assert found.n_elsewhere == found.n_missing == 0
        # At 100 kb many CREs share the promoter's bin.
        assert found.n_unresolved + found.n_beyond + found.n_unmatched + found.n_compared == (
            found.n_selected
        )
        if found.p_value is not None:
            p_values.append(found.p_value)
    assert len(p_values) >= 12
    assert np.median(p_values) < 0.02
    assert combine_pvalues(p_values).pvalue < 1e-10


def test_true_cres_are_enriched_in_the_loops(loops: Loops, dataset: Dataset, truth: Truth) -> None:
    p_values, shares = [], []
    for gene in MARKERS:
        found = measured(loops, dataset, gene, cres(dataset, truth, gene))
        assert found.p_value is not None
        assert found.observed is not None
        p_values.append(found.p_value)
        shares.append(found.observed)
    # 80% of the true links are called.
    assert 0.7 < np.mean(shares) < 0.9
    assert combine_pvalues(p_values).pvalue < 1e-10


def test_random_peaks_as_far_as_cres_have_uniform_p_values(
    contact_map: ContactMap, dataset: Dataset, truth: Truth
) -> None:
    generator = np.random.default_rng(0)
    like = cres(dataset, truth, "CX3CR1")
    wanted = np.log(dataset.features.distance_to(gene_of(dataset, "CX3CR1"))[like] + 1e5)
    accessibility = np.asarray((dataset.X != 0).mean(axis=0)).ravel()
    peak_bin, start_bin = bins_of(dataset.features), bins_of(dataset.output_features)
    owner = truth.module_gene[truth.cre_module]
    p_values = []
    for output in range(0, truth.n_genes, 2):
        gene = dataset.output_features.interval(output)
        assert gene is not None
        # A peak in the bin of a CRE has its contacts, and so has a gene that starts in one bin
        # with another.
        together = np.flatnonzero(start_bin == start_bin[output])
        true = truth.cre_feature[np.isin(owner, together)]
        left = np.flatnonzero(~np.isin(peak_bin, peak_bin[true]))
        distance = np.log(dataset.features.distance_to(gene)[left] + 1e5)
        pools = (np.argsort(np.abs(distance - one))[:10] for one in wanted)
        found = contact_enrichment(
            contact_map,
            taken(dataset.features, left),
            np.unique([generator.choice(pool) for pool in pools]),
            gene,
            accessibility[left],
            genome="hg38",
            strand="+",
            matching=Matching(draws=199),
            seed=output,
        )
        if found.p_value is not None:
            p_values.append(found.p_value)
    # One gene, one p-value: those of one gene would share the noise of its row of the map.
    assert len(p_values) > 90
    assert kstest(p_values, "uniform").pvalue > 0.01
    # 5 of 100, give or take 2.2.
    assert np.mean(np.array(p_values) <= 0.05) < 0.12


def test_random_peaks_among_all_have_uniform_p_values(
    contact_map: ContactMap, dataset: Dataset
) -> None:
    generator = np.random.default_rng(1)
    p_values = []
    for gene in MARKERS:
        near = np.flatnonzero(dataset.features.distance_to(gene_of(dataset, gene)) < 9_000_000)
        for seed in range(5):
            chosen = generator.choice(near, 8, replace=False)
            matching = Matching(draws=199)
            found = measured(contact_map, dataset, gene, chosen, matching=matching, seed=seed)
            assert found.p_value is not None
            p_values.append(found.p_value)
    assert kstest(p_values, "uniform").pvalue > 0.01
    assert np.mean(np.array(p_values) <= 0.05) < 0.1


def test_a_gene_without_a_selected_peak_on_its_chromosome(
    contact_map: ContactMap, dataset: Dataset, truth: Truth
) -> None:
    found = measured(contact_map, dataset, "GAD1", cres(dataset, truth, "MOG"))
    assert found.n_elsewhere == found.n_selected
    assert (found.enrichment, found.p_value) == (None, None)
    assert found.reason == "no selected peak is on chr2"
