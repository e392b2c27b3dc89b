"""Training of `cis`: first the network of all peaks, then every gene's own peaks."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
import torch
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt

from xbench.data.dataset import Dataset
from xbench.data.features import Features
from xbench.errors import XbenchError
from xbench.surrogates.own_peak_network import OwnPeakNetwork
from xbench.surrogates.rate_network import RateNetwork, first_sums
from xbench.surrogates.training import noisy_or_fit
from xbench.surrogates.training.batches import LARGEST_SIZE
from xbench.surrogates.training.loop import StageHistory, own_random_numbers
from xbench.surrogates.training.own_peaks import OwnPeaks, own_peaks, peaks_near_genes
from xbench.surrogates.training.paired import (
    USUAL_SIZE,
    PairedCells,
    PairedTraining,
    Part,
    calibrate,
    check_loss,
    train_network,
)
from xbench.utils.process import one_thread
from xbench.utils.progress import SILENT, Progress

LOSSES = ("negative-binomial", "poisson")
# Steps of the fit without own peaks, which has two parameters.
ROUNDS_WITHOUT = 4
# What a peak has to move the log rate by, alone, to be kept.
NEGLIGIBLE = 1e-3
WORK = "own peaks"
# Genes between two reports of progress.
REPORTED = 50


@dataclass(frozen=True)
class CisTraining(PairedTraining):
    """Settings of `cis`, on top of those of `end-to-end`, which are for its network.

    Parameters
    ----------
    window
        How far from a gene's body its own peaks may lie, in base pairs.
    tests
        Peaks that each of two score tests chooses for a gene: one over all cells, one within cell
        types.
    modules
        Modules of peaks that stand in for each other.
    sparsity
        Penalty on the sum of the weights of a gene's own peaks, relative to a cell's loss.
    rounds
        Most steps of each gene's fit.
    """

    steps: PositiveInt = 400
    learning_rate: PositiveFloat = 1e-2
    first_layer: bool = False
    cell_type_weight: NonNegativeFloat = 0.0
    window: PositiveFloat = 1e7
    tests: PositiveInt = 20
    modules: PositiveInt = 3
    sparsity: NonNegativeFloat = 3e-4
    rounds: PositiveInt = 8


class _Own(NamedTuple):
    """What was found for a gene.

    Parameters
    ----------
    peaks
        Raising peaks, then lowering ones.
    fit
        Their weights.
    level
        Mean log rate that the network says in the training cells.
    """

    peaks: np.ndarray
    fit: noisy_or_fit.GeneFit
    level: float


@dataclass(frozen=True)
class _Columns:
    """Some cells, a gene or a peak at a time."""

    opened: sp.csc_matrix
    counts: sp.csc_matrix
    exposure: np.ndarray
    # Log rates by the network, shape (genes, n).
    network: np.ndarray

    @classmethod
    def of(cls, part: Part, model: RateNetwork) -> "_Columns":
        n_cells = part.opened.shape[0]
        network = np.empty((model.n_outputs, n_cells), dtype=np.float32)
        with torch.no_grad():
            for start, chunk in part.chunks():
                rates = model.log_rate(first_sums(model.weight, chunk))
                network[:, start : start + chunk.shape[0]] = rates.T.numpy()
        counts = part.counts
        return cls(part.opened.tocsc(), counts.counts.tocsc(), counts.exposure, network)

    def gene(self, number: int, own: OwnPeaks, level: float) -> noisy_or_fit.GeneCells:
        """Return the cells of one gene's fit; `level` is the network's mean in training."""
        opened = self.opened[:, own.peak].astype(np.float32)
        return noisy_or_fit.GeneCells(
            sp.csr_matrix(opened[:, own.score > 0]),
            sp.csr_matrix(opened[:, own.score < 0]),
            self.observed(number),
            self.exposure,
            self.network[number] - level,
        )

    def observed(self, number: int) -> np.ndarray:
        """Return the counts of one gene, shape (n,)."""
        found = np.zeros(self.counts.shape[0], dtype=np.float32)
        some = slice(*self.counts.indptr[number : number + 2])
        found[self.counts.indices[some]] = self.counts.data[some]
        return found


def train_cis(
    kind: type[OwnPeakNetwork],
    dataset: Dataset,
    settings: CisTraining,
    *,
    seed: int = 0,
    train_rows: np.ndarray | None = None,
    progress: Progress = SILENT,
) -> tuple[OwnPeakNetwork, list[StageHistory]]:
    """Train the network of all peaks, then fit each gene's own peaks to all training cells.

    A gene whose own peaks do not make its validation cells likelier than the network alone does has
    none. Genes are fitted side by side on as many threads as torch has; no number depends on how
    many these are.

    Parameters
    ----------
    kind
        The class of what is returned.
    dataset, settings, seed, train_rows, progress
        See `Recipe`.

    Returns
    -------
    OwnPeakNetwork
        On the CPU.
    list of StageHistory
        Of the network; of the genes (one look: minus the mean log likelihood of a validation
        entry).

    Raises
    ------
    XbenchError
        Where peaks or all genes have no coordinates, data have no expression, or the loss is none
        of counts.
    """
    check_loss(settings.loss, LOSSES)
    peaks, genes = dataset.features, dataset.output_features
    cells = PairedCells.of(dataset, train_rows)
    if not peaks.has_coordinates or not genes.has_coordinates:
        raise XbenchError(
            f"{dataset.name}: surrogate cis needs to know where peaks and genes lie; "
            "use end-to-end, or data with chrom, start and end of both"
        )
    threads = torch.get_num_threads()
    with own_random_numbers(seed, settings.device), one_thread():
        network = RateNetwork(dataset.n_features, dataset.n_outputs)
        histories = [train_network(network, cells, settings, seed, progress)]
        found, history = _fit_genes(
            network, cells, settings, (peaks, genes), seed, threads, progress
        )
        model = _assembled(kind, network, found, settings)
        calibrate(model, cells.training)
    return model, [*histories, history]


def _fit_genes(
    network: RateNetwork,
    cells: PairedCells,
    settings: CisTraining,
    places: tuple[Features, Features],
    seed: int,
    threads: int,
    progress: Progress,
) -> tuple[list[_Own], StageHistory]:
    """Fit all genes; none waits for another, and none draws another's random numbers."""
    started = perf_counter()
    near = peaks_near_genes(*places, settings.window)
    training, validation = (_Columns.of(one, network) for one in (cells.training, cells.validation))
    types = np.unique(cells.types, return_inverse=True)[1]

    def fit(gene: int) -> tuple[_Own, float]:
        generator = np.random.default_rng([seed, gene])
        return _fit_gene(gene, near[gene], training, validation, types, settings, generator)

    progress.started(WORK, len(near), unit="genes")
    results = _side_by_side(fit, len(near), threads, progress)
    likelihood = sum(value for _, value in results) / max(1, len(near) * len(validation.exposure))
    history = StageHistory(WORK, settings.rounds, -likelihood, [(settings.rounds, -likelihood)])
    history.seconds = perf_counter() - started
    return [own for own, _ in results], history


def _side_by_side(
    fit: Callable[[int], tuple[_Own, float]], n_genes: int, threads: int, progress: Progress
) -> list[tuple[_Own, float]]:
    results = []
    # A new thread begins with torch's default number of threads of its own.
    pool = ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,))
    try:
        for gene, result in enumerate(pool.map(fit, range(n_genes))):
            results.append(result)
            if (gene + 1) % REPORTED == 0 or gene + 1 == n_genes:
                progress.advanced(WORK, gene + 1)
    finally:
        pool.shutdown(cancel_futures=True)
    return results


def _fit_gene(
    gene: int,
    near: np.ndarray,
    training: _Columns,
    validation: _Columns,
    types: np.ndarray,
    settings: CisTraining,
    generator: np.random.Generator,
) -> tuple[_Own, float]:
    """Fit one gene with its own peaks and without; keep what the validation cells are likelier by.

    Returns
    -------
    tuple of _Own, float
        The log likelihood is that of the validation cells.
    """
    n_cells, poisson = len(training.exposure), settings.loss == "poisson"
    size = LARGEST_SIZE if poisson else USUAL_SIZE
    level = float(training.network[gene].mean(dtype=np.float64))
    penalties = noisy_or_fit.Penalties(settings.sparsity * n_cells, poisson=poisson)
    own = own_peaks(
        near,
        training.opened[:, near],
        training.observed(gene),
        training.exposure,
        types,
        settings.tests,
        size,
    )
    seen, unseen = (one.gene(gene, own, level) for one in (training, validation))
    modules = settings.modules
    start = noisy_or_fit.random_start(0, 0, modules, level, size, generator)
    alone = noisy_or_fit.fitted(seen.without_peaks(), start, penalties, ROUNDS_WITHOUT)
    best = noisy_or_fit.log_likelihood(unseen.without_peaks(), alone)
    none = np.zeros(0, dtype=np.int64)
    if not len(own.peak):
        return _Own(none, alone, level), best
    lowering = own.score < 0
    start = noisy_or_fit.random_start(
        int((~lowering).sum()), int(lowering.sum()), modules, level, size, generator
    )
    fit = noisy_or_fit.fitted(seen, start, penalties, settings.rounds)
    likelihood = noisy_or_fit.log_likelihood(unseen, fit)
    if not likelihood > best:
        return _Own(none, alone, level), best
    raising, lowered = _not_negligible(fit)
    peaks = np.concatenate([own.peak[~lowering][raising], own.peak[lowering][lowered]])
    fit = fit._replace(member=fit.member[raising], lowering=fit.lowering[lowered])
    return _Own(peaks, fit, level), likelihood


def _not_negligible(fit: noisy_or_fit.GeneFit) -> tuple[np.ndarray, np.ndarray]:
    """Return which raising and which lowering peaks move the log rate, alone."""
    raised = -np.expm1(-noisy_or_fit.softplus(fit.member)) @ noisy_or_fit.softplus(fit.effect)
    return raised > NEGLIGIBLE, noisy_or_fit.softplus(fit.lowering) > NEGLIGIBLE


def _assembled(
    kind: type[OwnPeakNetwork], network: RateNetwork, found: list[_Own], settings: CisTraining
) -> OwnPeakNetwork:
    """Put the network and the genes' own peaks into one model."""
    n_pairs = sum(len(own.peaks) for own in found)
    model = kind(network.n_features, network.n_outputs, n_pairs, settings.modules)
    model.load_state_dict(network.state_dict(), strict=False)
    start = 0
    with torch.no_grad():
        # A module without a peak adds nothing.
        model.member.fill_(2 * noisy_or_fit.LOWEST)
        for gene, (peaks, fit, level) in enumerate(found):
            raising = slice(start, start + len(fit.member))
            lowering = slice(raising.stop, start + len(peaks))
            model.pair_gene[start : lowering.stop] = gene
            model.pair_peak[start : lowering.stop] = torch.from_numpy(peaks)
            model.member[raising] = torch.from_numpy(fit.member).float()
            model.additive[lowering, 0] = -torch.from_numpy(
                noisy_or_fit.softplus(fit.lowering)
            ).float()
            model.effect[gene] = torch.from_numpy(fit.effect).float()
            model.size[gene] = fit.size
            intercept, factor = fit.network.tolist()
            model.output.weight[gene] *= factor
            model.output.bias[gene] = (model.output.bias[gene] - level) * factor + intercept
            start = lowering.stop
    return model
