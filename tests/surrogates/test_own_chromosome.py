"""A network that is not shown a gene's own chromosome answers as if its peaks were closed."""

import numpy as np
import pytest
import torch
from scipy import sparse

from xbench.data.features import Features
from xbench.surrogates.ensemble import Ensemble
from xbench.surrogates.own_chromosome import Chromosomes
from xbench.surrogates.own_peak_network import OwnPeakNetwork
from xbench.surrogates.rate_network import RateNetwork

PEAKS, GENES = 40, 6


@pytest.fixture
def places() -> tuple[Features, Features]:
    def on(names: list[str], prefix: str) -> Features:
        known = [place if name else -1 for place, name in enumerate(names)]
        ends = [place + 1 if place >= 0 else -1 for place in known]
        return Features([f"{prefix}{one}" for one in range(len(names))], names, known, ends)

    peaks = ["chr2"] * 15 + ["chr10"] * 12 + [""] * 3 + ["chrX"] * 10
    return on(peaks, "peak"), on(["chr10", "", "chr2", "chr2", "chrX", "chr3"], "gene")


def filled(places: tuple[Features, Features], *, elsewhere: bool, seed: int = 0) -> OwnPeakNetwork:
    """Return a network with random weights and three pairs: two of gene 2, and one of gene 4."""
    torch.manual_seed(seed)
    model = OwnPeakNetwork(PEAKS, GENES, 3, n_latent=5, n_hidden=7, elsewhere=elsewhere)
    if elsewhere:
        model.not_shown_own(Chromosomes.of(*places))
    with torch.no_grad():
        model.weight.normal_()
        # Sums are told per thousand open peaks: units must not be saturated.
        model.scale.fill_(100.0)
        model.output.weight.normal_()
        model.pair_gene.copy_(torch.tensor([2, 2, 4]))
        model.pair_peak.copy_(torch.tensor([1, 20, 33]))
        model.member.normal_()
        model.additive.normal_()
    return model.eval()


def opened(seed: int = 1) -> np.ndarray:
    return (np.random.default_rng(seed).random((9, PEAKS)) < 0.4).astype(np.float32)


def test_each_gene_has_the_network_of_its_cells_with_its_chromosome_closed(
    places: tuple[Features, Features],
) -> None:
    apart = filled(places, elsewhere=True)
    plain = filled(places, elsewhere=False)
    x = torch.from_numpy(opened())
    on_peaks, on_genes = (np.asarray(one.chrom) for one in places)
    for gene in range(GENES):
        there = on_peaks == on_genes[gene] if on_genes[gene] else np.zeros(PEAKS, dtype=bool)
        closed = x.clone()
        closed[:, torch.from_numpy(there)] = 0.0
        network = RateNetwork.log_rate(plain, plain.dense_sums(closed))[:, gene]
        each = x[:, plain.pair_peak, None] * plain.pair_weights()
        own = torch.zeros(len(x), GENES, plain.width).index_add(1, plain.pair_gene, each)
        rate = network + plain.regulated(own)[:, gene]
        expected = plain.expression(rate[:, None], torch.tensor([gene]))[:, 0]
        with torch.no_grad():
            torch.testing.assert_close(apart(x)[:, gene], expected, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("genes", [[2], [2, 3], [4, 0, 1], [5, 2, 0, 3, 1, 4]])
def test_the_layer_of_any_genes_gives_the_same_as_the_dense_forward(
    places: tuple[Features, Features], genes: list[int]
) -> None:
    model, x = filled(places, elsewhere=True).frozen(), opened()
    with torch.no_grad():
        dense = model(torch.from_numpy(x))
        narrowed = model.for_outputs(genes)
        layer = narrowed.additive_layer()
        assert layer.weight.shape == (PEAKS, narrowed.n_sums)
        sums = layer.sparse_sums(sparse.csr_matrix(x))
        torch.testing.assert_close(narrowed.tail(sums), dense[:, genes], atol=1e-5, rtol=1e-5)
        last = narrowed.tail(sums, torch.tensor(genes[-1:]))
        torch.testing.assert_close(last, dense[:, genes[-1:]], atol=1e-5, rtol=1e-5)
        of_all = model.of_sparse(sparse.csr_matrix(x))
        torch.testing.assert_close(of_all, dense, atol=1e-5, rtol=1e-5)


def test_a_peak_of_the_own_chromosome_counts_only_as_one_of_the_genes_own(
    places: tuple[Features, Features],
) -> None:
    model = filled(places, elsewhere=True)
    x = torch.from_numpy(opened()).requires_grad_()
    gradient = torch.autograd.grad(model(x)[:, 2].sum(), x)[0].abs().sum(dim=0)
    own_chromosome = gradient[:15]
    assert torch.nonzero(own_chromosome)[:, 0].tolist() == [1]
    assert (gradient[15:] > 0).all()


def test_members_of_an_ensemble_may_differ_in_what_their_networks_are_shown(
    places: tuple[Features, Features],
) -> None:
    members = [filled(places, elsewhere=True), filled(places, elsewhere=False, seed=4)]
    model = Ensemble.containing("cis", members, GENES).frozen()
    x, genes = opened(), [4, 2, 0]
    with torch.no_grad():
        dense = torch.stack([one(torch.from_numpy(x)) for one in members]).mean(dim=0)
        narrowed = model.for_outputs(genes)
        sums = narrowed.additive_layer().sparse_sums(sparse.csr_matrix(x))
        assert sums.shape[2] == narrowed.n_sums
        torch.testing.assert_close(narrowed.tail(sums), dense[:, genes], atol=1e-5, rtol=1e-5)
