"""Training of `end-to-end` and `cis`: peaks and expression of the same cells, in one stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from xbench.data.dataset import Dataset
from xbench.errors import XbenchError, unknown_name
from xbench.surrogates.own_peak_network import OwnPeakNetwork, own_pattern
from xbench.surrogates.rate_network import RateNetwork, first_sums
from xbench.surrogates.training.batches import Prefetched
from xbench.surrogates.training.first_directions import latent_weight
from xbench.surrogates.training.loop import Stage, StageHistory, train_stage
from xbench.surrogates.training.own_peaks import (
    OwnPeaks,
    peaks_near_genes,
    score_tests,
    strongest,
)
from xbench.surrogates.training.recovered_counts import (
    LARGEST_SIZE,
    Counts,
    recovered_counts,
)
from xbench.utils.process import one_thread
from xbench.utils.progress import SILENT, Progress
from xbench.utils.sparse import Pattern, weighted_sums

LOSSES = ("negative-binomial", "poisson", "mse")
# Size of the negative binomial that a gene begins with.
USUAL_SIZE = 5.0
# Cells of validation that go through the network at once.
CHUNK = 512


@dataclass(frozen=True)
class PairedTraining:
    """Settings of `end-to-end`.

    Parameters
    ----------
    loss
        ``"negative-binomial"`` or ``"poisson"`` of the counts, the depth of a cell's RNA being an
        offset; ``"mse"`` of log1p values.
    steps, batch_size, learning_rate
        Most steps of Adam; the rate falls linearly to a tenth over them.
    evaluate_every, patience
        Steps between two looks at the validation loss; looks without improvement that end it.
    decay
        Penalty on the squared weights of the network's last layer, a gene.
    first_layer
        Whether the weights of the first layer are trained too, or stay what they begin with.
    device
        ``"cpu"`` or ``"cuda"``.
    """

    loss: str = "negative-binomial"
    steps: int = 1_500
    batch_size: int = 256
    learning_rate: float = 3e-3
    evaluate_every: int = 100
    patience: int = 4
    decay: float = 1e-3
    first_layer: bool = True
    device: str = "cpu"


@dataclass(frozen=True)
class CisTraining(PairedTraining):
    """Settings of `cis`, on top of those of `end-to-end`.

    Parameters
    ----------
    window
        How far from a gene's body its own peaks may lie, in base pairs.
    tests
        Peaks that each of the two score tests chooses for a gene: one over all cells, one within
        cell types.
    modules
        Modules of peaks that stand in for each other.
    sparsity
        Penalty on the sum of |u| and w of all of a gene's own peaks, relative to a cell's loss.
    """

    learning_rate: float = 2e-2
    first_layer: bool = False
    window: float = 1e7
    tests: int = 20
    modules: int = 3
    sparsity: float = 3e-4


class Batch(NamedTuple):
    """Some cells: sums or peaks for the network, own peaks, counts, exposure, log1p values."""

    sums: Tensor | None
    peaks: Pattern | None
    totals: Tensor
    own: Pattern | None
    counts: Tensor
    exposure: Tensor


def train_end_to_end(
    kind: type[RateNetwork],
    dataset: Dataset,
    settings: PairedTraining,
    *,
    seed: int = 0,
    train_rows: np.ndarray | None = None,
    progress: Progress = SILENT,
) -> tuple[RateNetwork, list[StageHistory]]:
    """Train on `train_rows` (the training cells by default), stopped early on validation cells.

    Returns
    -------
    RateNetwork
        On the CPU.
    list of StageHistory
        One stage.
    """
    return _train(kind, dataset, settings, seed, train_rows, progress)


def train_cis(
    kind: type[OwnPeakNetwork],
    dataset: Dataset,
    settings: CisTraining,
    *,
    seed: int = 0,
    train_rows: np.ndarray | None = None,
    progress: Progress = SILENT,
) -> tuple[OwnPeakNetwork, list[StageHistory]]:
    """Choose each gene's own peaks by score tests, then train as `train_end_to_end` does.

    Raises
    ------
    XbenchError
        Where peaks or all genes have no coordinates.
    """
    return _train(kind, dataset, settings, seed, train_rows, progress)


def _train(
    kind: type[RateNetwork],
    dataset: Dataset,
    settings: PairedTraining,
    seed: int,
    train_rows: np.ndarray | None,
    progress: Progress,
) -> tuple[Any, list[StageHistory]]:
    _check(dataset, settings)
    rows = dataset.split.train if train_rows is None else train_rows
    devices: list[int] | None = [] if settings.device == "cpu" else None
    # One thread: the same numbers however many there are. A second one makes the batches.
    with torch.random.fork_rng(devices=devices), one_thread():
        torch.manual_seed(seed)
        trainer = _Trainer(kind, dataset, settings, np.asarray(rows), seed)
        history = trainer.run(progress)
        model = trainer.model.cpu()
        trainer.calibrate()
    return model, [history]


def _check(dataset: Dataset, settings: PairedTraining) -> None:
    if settings.loss not in LOSSES:
        raise unknown_name("loss", settings.loss, LOSSES)
    if dataset.Y is None:
        raise XbenchError(f"{dataset.name}: has no expression to learn; use mlp-classifier")
    if isinstance(settings, CisTraining) and (
        not dataset.features.has_coordinates or not dataset.output_features.has_coordinates
    ):
        raise XbenchError(
            f"{dataset.name}: surrogate cis needs to know where peaks and genes lie; "
            "use end-to-end, or data with chrom, start and end of both"
        )


class _Trainer:
    """A model, its data, and the loss."""

    def __init__(
        self,
        kind: type[RateNetwork],
        dataset: Dataset,
        settings: PairedTraining,
        rows: np.ndarray,
        seed: int,
    ) -> None:
        self.settings, self.rows = settings, rows
        self.generator = np.random.default_rng(seed)
        validation = dataset.split.validation
        self.validation = validation if len(validation) else rows
        opened = sp.csr_matrix(dataset.X)
        self.seen = {"train": opened[rows], "validation": opened[self.validation]}
        values = sp.csr_matrix(dataset.Y)
        self.values = {"train": values[rows], "validation": values[self.validation]}
        self.counts = {part: recovered_counts(one) for part, one in self.values.items()}
        self.types = dataset.cell_types[rows]
        self.model = self._model(kind, dataset)
        self.own = {
            part: one[:, self.model.pair_peak.numpy()]
            if isinstance(self.model, OwnPeakNetwork)
            else None
            for part, one in self.seen.items()
        }
        self.model.to(settings.device)
        self.fixed: dict[str, Tensor] = {}
        if not settings.first_layer:
            self.model.weight.requires_grad_(False)
            self.fixed = {
                part: first_sums(self.model.weight, one) for part, one in self.seen.items()
            }

    def _model(self, kind: type[RateNetwork], dataset: Dataset) -> RateNetwork:
        settings, counts = self.settings, self.counts["train"]
        size = {"n_features": dataset.n_features, "n_outputs": dataset.n_outputs}
        if isinstance(settings, CisTraining):
            pairs = own_peaks(dataset, settings, self.seen["train"], counts, self.types)
            make: Any = kind
            model: Any = make(**size, n_pairs=len(pairs.gene), n_modules=settings.modules)
            model.pair_gene = torch.from_numpy(pairs.gene)
            model.pair_peak = torch.from_numpy(pairs.peak)
            with torch.no_grad():
                model.member.add_(0.7 * torch.randn_like(model.member))
        else:
            model = kind(**size)
        weight = latent_weight(self.seen["train"], model.n_latent, self.generator)
        with torch.no_grad():
            model.weight.copy_(torch.from_numpy(weight))
            sums = first_sums(model.weight, self.seen["train"])
            latent = sums[:, :-1] * (1e3 / sums[:, -1:].clamp_min(1))
            model.centre.copy_(latent.mean(dim=0))
            model.scale.copy_(latent.std(dim=0).clamp_min(1e-6))
            mean = np.asarray(counts.counts.sum(axis=0)).ravel() + 0.1
            base = torch.from_numpy(np.log(mean / counts.exposure.sum())).float()
            model.output.weight.mul_(0.1)
            model.output.bias.copy_(base)
        if settings.loss != "mse":
            model.exposure.fill_(float(np.median(counts.exposure)))
        model.size.fill_(LARGEST_SIZE if settings.loss == "poisson" else USUAL_SIZE)
        return model

    def batch(self, part: str, rows: np.ndarray) -> Batch:
        """Some cells of a part."""
        opened, device = self.seen[part][rows], self.settings.device
        sums = self.fixed[part][torch.from_numpy(rows)].to(device) if self.fixed else None
        peaks = None if self.fixed else Pattern.of(opened)
        own = self.own[part]
        pattern = None
        if own is not None and isinstance(self.model, OwnPeakNetwork):
            pattern = own_pattern(
                own[rows], self.model.pair_gene.cpu().numpy(), self.model.n_outputs
            )
        totals = torch.from_numpy(np.diff(opened.indptr).astype(np.float32))[:, None].to(device)
        counts = self.counts[part]
        kept = self.values[part] if self.settings.loss == "mse" else counts.counts
        dense = torch.from_numpy(kept[rows].toarray()).to(device)
        exposure = torch.from_numpy(counts.exposure[rows])[:, None].to(device)
        return Batch(sums, peaks, totals, pattern, dense, exposure)

    def log_rate(self, batch: Batch) -> Tensor:
        """Log of the expected counts per 1e5."""
        model = self.model
        sums = batch.sums
        if sums is None:
            assert batch.peaks is not None
            ones = model.weight.new_ones(len(batch.peaks))
            sums = torch.cat([weighted_sums(batch.peaks, ones, model.weight), batch.totals], dim=1)
        rate = model.log_rate(sums)
        if isinstance(model, OwnPeakNetwork) and batch.own is not None:
            rate = rate + model.regulated(model.own_sums(batch.own, len(batch.counts)))
        return rate

    def loss(self, batch: Batch) -> Tensor:
        """Mean loss of an entry, without penalties; 0 for a model that predicts every count."""
        rate, observed = self.log_rate(batch).clamp(-20.0, 14.0), batch.counts
        if self.settings.loss == "mse":
            return ((self.model.expression(rate) - observed) ** 2).mean()
        expected = torch.exp(rate) * batch.exposure
        if self.settings.loss == "poisson":
            return (expected - observed * rate).mean()
        size = self.model.size
        return ((observed + size) * torch.log1p(expected / size) - observed * rate).mean()

    def penalised(self, batch: Batch) -> Tensor:
        """Loss of a step."""
        settings, model = self.settings, self.model
        total = self.loss(batch) + settings.decay * (model.output.weight**2).sum() / model.n_outputs
        if isinstance(settings, CisTraining) and isinstance(model, OwnPeakNetwork):
            total = total + settings.sparsity * model.pair_weights().abs().sum() / model.n_outputs
        return total

    def drawn(self) -> Batch:
        """The next training batch."""
        n_cells = len(self.rows)
        chosen = self.generator.choice(n_cells, min(self.settings.batch_size, n_cells), False)
        return self.batch("train", np.sort(chosen))

    def validated(self) -> float:
        """Mean validation loss."""
        n_cells, total = len(self.validation), 0.0
        for start in range(0, n_cells, CHUNK):
            batch = self.batch("validation", np.arange(start, min(start + CHUNK, n_cells)))
            total += self.loss(batch).item() * len(batch.counts)
        return total / n_cells

    def run(self, progress: Progress) -> StageHistory:
        """Train; the model is left in its best state on validation."""
        settings = self.settings
        stage = Stage(
            "pairs",
            settings.steps,
            settings.learning_rate,
            settings.evaluate_every,
            settings.patience,
            last_rate=0.1,
        )
        trained = nn.ModuleList([self.model])
        with Prefetched(self.drawn) as batches:
            return train_stage(
                stage,
                trained,
                lambda step: self.penalised(batches.next()),
                self.validated,
                progress,
            )

    def calibrate(self) -> None:
        """Give every gene the mean level that it has in the training cells."""
        self.model.eval()
        predicted = np.zeros(self.model.n_outputs)
        opened = self.seen["train"]
        with torch.no_grad():
            for start in range(0, opened.shape[0], CHUNK):
                part = opened[start : start + CHUNK].astype(np.float32)
                predicted += self.model.of_sparse(part).double().sum(dim=0).numpy()
        observed = np.asarray(self.values["train"].sum(axis=0, dtype=np.float64)).ravel()
        level = np.clip(observed / np.maximum(predicted, 1e-9), 0.2, 5.0)
        self.model.level.mul_(torch.from_numpy(level).float())


def own_peaks(
    dataset: Dataset,
    settings: CisTraining,
    opened: sp.csr_matrix,
    counts: Counts,
    types: np.ndarray,
) -> OwnPeaks:
    """Return the pairs of a gene and a peak in its window that two score tests point to.

    The first test compares with one rate for all cells: what is open where the gene is expressed.
    The second compares with a rate for each cell type: what is open in the cells of a type that
    express it more. Each keeps `settings.tests` peaks of a gene, whatever the other keeps.
    """
    pairs = peaks_near_genes(dataset.features, dataset.output_features, settings.window)
    columns = opened.astype(np.float32).tocsc()
    names, members = np.unique(types, return_inverse=True)
    by_type = score_tests(pairs, columns, *_left(counts, members, len(names)))
    within = strongest(pairs, [by_type], settings.tests)
    everywhere = np.zeros(len(members), dtype=np.int64)
    overall = score_tests(pairs, columns, *_left(counts, everywhere, 1))
    both = np.where(within, 0.0, overall)
    return pairs.chosen(within | (strongest(pairs, [both], settings.tests) & (both != 0)))


def _left(counts: Counts, members: np.ndarray, n_groups: int) -> tuple[np.ndarray, np.ndarray]:
    """Residuals of counts from a rate a group, and their variance, both of shape (n, genes).

    Weighted as a negative binomial of size `USUAL_SIZE` would: u = (count - m) / (1 + m / size) has
    variance m / (1 + m / size).
    """
    group = sp.csr_matrix(
        (np.ones(len(members), np.float32), (members, np.arange(len(members)))),
        shape=(n_groups, len(members)),
    )
    rates = (group @ counts.counts).toarray() / (group @ counts.exposure)[:, None]
    expected = rates[members] * counts.exposure[:, None]
    damped = 1.0 + expected / USUAL_SIZE
    return (counts.counts.toarray() - expected) / damped, expected / damped
