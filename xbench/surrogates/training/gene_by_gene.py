"""Training of `cis`: first the network of all peaks, then every gene's own peaks."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from threading import Event
from time import perf_counter

import numpy as np
import torch

from xbench.data.dataset import Dataset
from xbench.data.features import Features
from xbench.errors import XbenchError, unknown_name
from xbench.surrogates.own_peak_network import OwnPeakNetwork
from xbench.surrogates.rate_network import RateNetwork
from xbench.surrogates.training.cis_settings import FORMS, LOSSES, NETWORKS, CisTraining
from xbench.surrogates.training.gene_columns import GeneColumns, OwnPart
from xbench.surrogates.training.loop import StageHistory, own_random_numbers
from xbench.surrogates.training.own_modules import (
    Fitted,
    fit_modules,
    fit_without,
    likelier,
)
from xbench.surrogates.training.own_peaks import peaks_near_genes
from xbench.surrogates.training.paired import (
    PairedTraining,
    calibrate,
    check_loss,
    train_network,
)
from xbench.surrogates.training.paired_cells import PairedCells
from xbench.surrogates.training.peak_prior import (
    GeneScores,
    PeakPrior,
    TypeRates,
    gene_scores,
    learned_prior,
)
from xbench.surrogates.training.shrunken_fit import NearPeaks, fit_shrunken
from xbench.utils.process import one_thread, return_freed_memory
from xbench.utils.progress import SILENT, Progress

WORK, TRYING = "own peaks", "forms"
# Rate of Adam where the first layer is trained on all open peaks.
RATE_SHOWN_ALL = 3e-3
# Genes between two reports of progress.
REPORTED = 50
# Genes, evenly among those with counts, that the form is chosen by; and that the prior is learned
# from where cells have few open peaks, of which pairs are soon counted.
SAMPLED, MORE_SAMPLED = 150, 900
# Counts below which a gene says nothing of either.
FEW_COUNTS = 10
# Open peaks of a cell above which the first layer is not trained unless it is asked for, and fewer
# genes are asked for the prior.
MANY_OPEN_PEAKS = 1_000
# By how much the prior's means and variances may be scaled; validation cells decide. The first is
# compared with other forms.
SCALES = ((0.5, 0.3), (0.5, 1.0), (0.5, 0.1), (1.0, 0.3), (1.0, 1.0), (1.0, 0.1))

Fit = Callable[[int], Fitted]
# A fit with the sum over validation cells: of all genes and cells they would not fit into memory.
Summed = tuple[OwnPart, float]


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

    Genes are fitted side by side on as many threads as torch has; no number depends on how many
    these are.

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
        Of each network that was trained; of the genes (one look: minus the mean log likelihood of
        a validation entry).

    Raises
    ------
    XbenchError
        Where peaks or all genes have no coordinates, data have no expression, or no donors that are
        asked for, the loss is none of counts, or the form is unknown.
    """
    check_loss(settings.loss, LOSSES)
    if settings.form not in FORMS:
        raise unknown_name("form", settings.form, FORMS)
    if settings.network not in NETWORKS:
        raise unknown_name("network", settings.network, NETWORKS)
    peaks, genes = dataset.features, dataset.output_features
    cells = PairedCells.of(dataset, train_rows)
    if not peaks.has_coordinates or not genes.has_coordinates:
        raise XbenchError(
            f"{dataset.name}: surrogate cis needs to know where peaks and genes lie; "
            "use end-to-end, or data with chrom, start and end of both"
        )
    threads = torch.get_num_threads()
    with one_thread():
        fits = _GeneFits(cells, settings, (peaks, genes), seed, threads, progress)
        # No prior asks the network, whose training leaves all cores but one alone.
        with fits.learning_the_prior():
            network, histories = _likelier_network(dataset, cells, settings, seed, progress)
            return_freed_memory()
            found, history = fits.all_genes(network)
        # What it holds of all cells is not needed beside what comes.
        del fits
        return_freed_memory()
        model = _assembled(kind, network, found, settings)
        calibrate(model, cells.training)
    return model, [*histories, history]


def _likelier_network(
    dataset: Dataset,
    cells: PairedCells,
    settings: CisTraining,
    seed: int,
    progress: Progress,
) -> tuple[RateNetwork, list[StageHistory]]:
    """Train the network asked for, or each; return the best and the histories of all."""
    usual = PairedTraining()
    trained = replace(
        settings,
        first_layer=True,
        learning_rate=RATE_SHOWN_ALL,
        cell_type_weight=usual.cell_type_weight,
        peaks_dropped=0.0,
        steps=2 * settings.steps,
    )
    dropped = replace(
        trained,
        peaks_dropped=settings.peaks_dropped or usual.peaks_dropped,
        learning_rate=usual.learning_rate,
        steps=5 * settings.steps,
    )
    each = {"fixed": settings, "trained": trained, "dropped": dropped}
    asked = [settings.network]
    if settings.network == "likelier":
        asked = ["fixed"] if cells.training.open_peaks() > MANY_OPEN_PEAKS else list(each)
    networks, histories = [], []
    for name in asked:
        # Each from the seed: it is the same network whether the other is trained or not.
        with own_random_numbers(seed, settings.device):
            networks.append(RateNetwork(dataset.n_features, dataset.n_outputs))
            stage = f"pairs, first layer {name}"
            histories.append(train_network(networks[-1], cells, each[name], seed, progress, stage))
    best = int(np.argmin([history.best_validation for history in histories]))
    return networks[best], histories


class _GeneFits:
    """All genes' fits; none waits for another, and none draws another's random numbers."""

    def __init__(
        self,
        cells: PairedCells,
        settings: CisTraining,
        places: tuple[Features, Features],
        seed: int,
        threads: int,
        progress: Progress,
    ) -> None:
        self.settings, self.seed = settings, seed
        self.threads, self.progress = threads, progress
        self.cells, self.open_peaks = cells, cells.training.open_peaks()
        self.peaks, self.genes = places
        self.near = peaks_near_genes(*places, settings.window)
        self._with_kinds: dict[int, NearPeaks] = {}
        self._prior: Future[PeakPrior] = Future()
        self._given_up = Event()
        self.training, self.validation = (
            GeneColumns.of(one) for one in (cells.training, cells.validation)
        )
        self.rates = TypeRates.of(self.training, np.unique(cells.types, return_inverse=True)[1])

    @contextmanager
    def learning_the_prior(self) -> Iterator[None]:
        """Learn the prior, if a form may ask for it, beside what is done in this context."""
        pool = ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(1,))
        try:
            if self.settings.form != "modules":
                self._prior = pool.submit(self._learn_prior)
            yield
        finally:
            self._given_up.set()
            pool.shutdown()

    def _learn_prior(self) -> PeakPrior:
        # Beside the network's training, which asks for memory as well.
        return_freed_memory()
        asked = SAMPLED if self.open_peaks > MANY_OPEN_PEAKS else MORE_SAMPLED
        prior = learned_prior(self._scores(self._sampled(asked)))
        return_freed_memory()
        return prior

    def all_genes(self, network: RateNetwork) -> tuple[list[OwnPart], StageHistory]:
        """Fit all genes beside a network, in the form that is asked for."""
        started = perf_counter()
        self.training = self.training.with_rates(self.cells.training, network)
        self.validation = self.validation.with_rates(self.cells.validation, network)
        form, fit, tried = self._form()
        others = [gene for gene in range(len(self.near)) if gene not in tried]
        found = tried | dict(zip(others, self._side_by_side(fit, others, WORK), strict=True))
        n_entries = max(1, len(self.near) * len(self.validation.exposure))
        likelihood = _log_likelihood(found) / n_entries
        rounds = self.settings.rounds
        history = StageHistory(f"{WORK}: {form}", rounds, -likelihood, [(rounds, -likelihood)])
        history.seconds = perf_counter() - started
        return [found[gene][0] for gene in range(len(self.near))], history

    def _form(self) -> tuple[str, Fit, dict[int, Summed]]:
        """Return the fit of a gene that makes a sample's validation cells likelier.

        Its name comes first, and last what it found of the genes that it was tried on: it is not
        fitted to them again. None of that is kept here, where it would keep all cells in memory.
        """
        if self.settings.form == "modules":
            return "modules", self._modules, {}
        sampled, prior = self._sampled(SAMPLED), self._prior.result()
        shrunken = [self._shrunken(prior.scaled(*scale)) for scale in SCALES]
        each = [self._tried(shrunken[0], sampled)]
        if self.settings.form == "likelier":
            # The simplest first: where the sample says nothing, it stays.
            others = {"none": self._without, "modules": self._modules}
            tried = {form: self._tried(fit, sampled) for form, fit in others.items()}
            form = max(tried, key=lambda one: _log_likelihood(tried[one]))
            if _log_likelihood(tried[form]) >= _log_likelihood(each[0]):
                if form == "none":
                    return form, self._without, tried[form]
                helped = {gene: own for gene, own in tried[form].items() if len(own[0].peaks)}
                return "modules, else shrunken", self._modules_else(shrunken[0]), helped
        each += [self._tried(fit, sampled) for fit in shrunken[1:]]
        best = int(np.argmax([_log_likelihood(one) for one in each]))
        mean, variance = SCALES[best]
        return f"shrunken, prior x {mean:g} and {variance:g}", shrunken[best], each[best]

    def _tried(self, fit: Fit, genes: Sequence[int]) -> dict[int, Summed]:
        return dict(zip(genes, self._side_by_side(fit, genes, TRYING), strict=True))

    def _sampled(self, most: int) -> list[int]:
        counted = np.asarray(self.training.counts.sum(axis=0)).ravel()
        has = np.array([len(near) > 0 for near in self.near]) & (counted >= FEW_COUNTS)
        eligible = np.flatnonzero(has)
        chosen = np.linspace(0, len(eligible) - 1, min(most, len(eligible)))
        return [int(gene) for gene in eligible[chosen.round().astype(int)]]

    def _scores(self, genes: Sequence[int]) -> Iterator[GeneScores]:
        def scores(gene: int) -> GeneScores:
            return gene_scores(gene, *self._near(gene), self.training, self.rates)

        # A core trains the network meanwhile. As many at a time as there are others: each holds
        # the square of its peaks.
        at_once = max(1, self.threads - 1)
        with ThreadPoolExecutor(at_once) as pool:
            for start in range(0, len(genes), at_once):
                if self._given_up.is_set():
                    return
                yield from pool.map(scores, genes[start : start + at_once])

    def _near(self, gene: int) -> NearPeaks:
        """Return the peaks near a gene with their kinds; each fit of it asks once more."""
        if gene not in self._with_kinds:
            self._with_kinds[gene] = self._look_near(gene)
        return self._with_kinds[gene]

    def _look_near(self, gene: int) -> NearPeaks:
        near = self.near[gene]
        place = self.genes.interval(gene)
        if place is None:
            return NearPeaks(near, near)
        distance = self.peaks.take(near).distance_to_start(place)
        return NearPeaks(near, self.rates.kinds(gene, near, distance))

    def _modules(self, gene: int) -> Fitted:
        generator = np.random.default_rng([self.seed, gene])
        return fit_modules(
            gene,
            self.near[gene],
            self.training,
            self.validation,
            self.rates.types,
            self.settings.own_modules,
            generator,
        )

    def _modules_else(self, instead: Fit) -> Fit:
        """Return the fit of modules, and another of genes whose cells are not likelier by them.

        A gene whose modules took noise for regulation, as they may where cells of its type are
        few, is not thereby without own peaks.
        """

        def fit(gene: int) -> Fitted:
            found = self._modules(gene)
            return found if len(found[0].peaks) else likelier(self._without(gene), instead(gene))

        return fit

    def _without(self, gene: int) -> Fitted:
        return fit_without(gene, self.training, self.validation, self.settings.own_modules)

    def _shrunken(self, prior: PeakPrior) -> Fit:
        def fit(gene: int) -> Fitted:
            if not len(self.near[gene]):
                return self._without(gene)
            return fit_shrunken(
                gene,
                self._near(gene),
                self.training,
                self.validation,
                self.rates,
                prior,
                self.settings.own_modules,
            )

        return fit

    def _side_by_side(self, fit: Fit, genes: Sequence[int], work: str) -> list[Summed]:
        results: list[Summed] = []
        if not genes:
            return results
        self.progress.started(work, len(genes), unit="genes")
        # A new thread begins with torch's default number of threads of its own.
        pool = ThreadPoolExecutor(self.threads, initializer=torch.set_num_threads, initargs=(1,))
        try:
            for own, likelihoods in pool.map(fit, genes):
                results.append((own, float(likelihoods.sum())))
                if len(results) % REPORTED == 0 or len(results) == len(genes):
                    self.progress.advanced(work, len(results))
        finally:
            pool.shutdown(cancel_futures=True)
        return results


def _log_likelihood(found: dict[int, Summed]) -> float:
    # Gene after gene, whichever were tried first: the same last digit.
    return float(sum(found[gene][1] for gene in sorted(found)))


def _assembled(
    kind: type[OwnPeakNetwork], network: RateNetwork, found: list[OwnPart], settings: CisTraining
) -> OwnPeakNetwork:
    """Put the network and the genes' own peaks into one model."""
    n_pairs = sum(len(own.peaks) for own in found)
    model = kind(network.n_features, network.n_outputs, n_pairs, settings.modules)
    model.load_state_dict(network.state_dict(), strict=False)
    start = 0
    with torch.no_grad():
        for gene, own in enumerate(found):
            pairs = slice(start, start + len(own.peaks))
            model.pair_gene[pairs] = gene
            model.pair_peak[pairs] = torch.from_numpy(own.peaks)
            model.member[pairs] = torch.from_numpy(own.member).float()
            model.additive[pairs, 0] = torch.from_numpy(own.additive).float()
            model.effect[gene] = torch.from_numpy(own.effect).float()
            model.size[gene] = own.size
            intercept, factor = own.network.tolist()
            model.output.weight[gene] *= factor
            model.output.bias[gene] = (model.output.bias[gene] - own.level) * factor + intercept
            start = pairs.stop
    return model
