"""Training of `end-to-end`: peaks and expression of the same cells, in one stage."""

from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np
import scipy.sparse as sp
import torch
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor, nn

from xbench.data.dataset import Dataset
from xbench.errors import XbenchError, unknown_name
from xbench.surrogates.rate_network import (
    PER_CELL,
    RateNetwork,
    cells_of_all_types,
    latent_weight,
)
from xbench.surrogates.training.batches import (
    LARGEST_SIZE,
    Prefetched,
)
from xbench.surrogates.training.loop import (
    Stage,
    StageHistory,
    own_random_numbers,
    train_stage,
)
from xbench.surrogates.training.paired_cells import CHUNK, PairedCells, Part
from xbench.utils.process import one_thread
from xbench.utils.progress import SILENT, Progress
from xbench.utils.sparse import Pattern, weighted_sums

LOSSES = ("negative-binomial", "poisson", "mse")
# Size of the negative binomial that a gene begins with.
USUAL_SIZE = 5.0
# Of something that not all is.
Share = Annotated[float, Field(ge=0, lt=1)]
# Cells that the first layer's directions are computed from: 3 of 4 at the paper's size tell nothing
# more, and take three quarters of the time.
CELLS_FOR_DIRECTIONS = 2_000


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
    peaks_dropped
        Share of a training cell's open peaks that a step is not shown, drawn anew each time
        (dropout of the inputs, Srivastava et al. 2014): no single peak is then relied on, and a
        step's cell looks as if it had been sequenced less deeply. Only where the first layer is
        trained.
    cell_type_weight
        Weight of a second output while training, the cell's type (cross-entropy in nats): what
        tells types apart is then learned from every cell's label, not from noisy counts alone. The
        output is dropped afterwards. None of it where 0.
    donor_weight
        The same for the cell's donor, where the data name donors (``--donor-key``).
    device
        ``"cpu"`` or ``"cuda"``.
    """

    loss: str = "negative-binomial"
    steps: PositiveInt = 2_000
    batch_size: PositiveInt = 256
    learning_rate: PositiveFloat = 1.5e-3
    evaluate_every: PositiveInt = 100
    patience: PositiveInt = 5
    decay: NonNegativeFloat = 1e-3
    first_layer: bool = True
    peaks_dropped: Share = 0.5
    cell_type_weight: NonNegativeFloat = 0.1
    donor_weight: NonNegativeFloat = 0.0
    device: str = "cpu"


class Batch(NamedTuple):
    """Some cells: sums or peaks, number of open peaks, counts (or log1p values), exposure, rows.

    Rows are those of training cells, which second outputs are asked for; None of others.
    """

    sums: Tensor | None
    peaks: Pattern | None
    totals: Tensor
    observed: Tensor
    exposure: Tensor
    rows: Tensor | None = None


class SecondOutput(nn.Module):
    """What hidden units say of a cell's label, while a network is trained.

    Parameters
    ----------
    labels
        Of each training cell, shape (n,).
    weight
        Of its cross-entropy in the loss.
    n_hidden
        Hidden units.
    """

    labels: Tensor

    def __init__(self, labels: np.ndarray, weight: float, n_hidden: int) -> None:
        super().__init__()
        names, numbers = np.unique(labels, return_inverse=True)
        self.weight = weight
        self.register_buffer("labels", torch.from_numpy(numbers))
        self.layer = nn.Linear(n_hidden, len(names))

    def loss(self, hidden: Tensor, rows: Tensor) -> Tensor:
        """Weighted mean cross-entropy, in nats, of some training cells."""
        named = self.layer(hidden)
        return self.weight * nn.functional.cross_entropy(named, self.labels[rows])


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

    Parameters
    ----------
    kind
        The class of what is returned.
    dataset, settings, seed, train_rows, progress
        See `Recipe`.

    Returns
    -------
    RateNetwork
        On the CPU.
    list of StageHistory
        One stage.

    Raises
    ------
    XbenchError
        An unknown loss, data without expression, or donors asked for that the data do not name.
    """
    check_loss(settings.loss, LOSSES)
    cells = PairedCells.of(dataset, train_rows)
    # One thread: the same numbers however many there are. A second one makes the batches.
    with own_random_numbers(seed, settings.device), one_thread():
        model = kind(dataset.n_features, dataset.n_outputs)
        history = train_network(model, cells, settings, seed, progress)
        calibrate(model, cells.training)
    return model, [history]


def check_loss(loss: str, losses: tuple[str, ...]) -> None:
    """Refuse a loss that is not among some."""
    if loss not in losses:
        raise unknown_name("loss", loss, losses)


def train_network(
    model: RateNetwork,
    cells: PairedCells,
    settings: PairedTraining,
    seed: int,
    progress: Progress = SILENT,
    stage: str = "pairs",
) -> StageHistory:
    """Train a network of all peaks from its beginning; it is left on the CPU.

    Parameters
    ----------
    model
        Untrained.
    cells, settings, progress
        See `train_end_to_end`.
    seed
        Of the cells in each batch; initial weights are drawn from torch's generator.
    stage
        What the history is called.

    Raises
    ------
    XbenchError
        Where donors are asked for that the data do not name.
    """
    if settings.donor_weight and cells.donors is None:
        raise XbenchError(
            f"donor_weight = {settings.donor_weight:g}: the data name no donors; "
            "give their column by --donor-key, or leave donor_weight at 0"
        )
    generator = np.random.default_rng(seed)
    _begin(model, cells, settings, generator)
    trainer = _Trainer(model.to(settings.device), cells, settings, generator)
    plan = Stage(
        stage,
        settings.steps,
        settings.learning_rate,
        settings.evaluate_every,
        settings.patience,
        last_rate=0.1,
    )
    with Prefetched(trainer.drawn) as batches:
        history = train_stage(
            plan,
            nn.ModuleList([model, *trainer.second_outputs]),
            lambda step: trainer.penalised(batches.next()),
            trainer.validated,
            progress,
        )
    model.cpu()
    return history


def without_some(
    opened: sp.csr_matrix, share: float, generator: np.random.Generator
) -> sp.csr_matrix:
    """Return the same cells without a share of their open peaks, each dropped by itself.

    Examples
    --------
    >>> opened = sp.csr_matrix(np.ones((100, 80)))
    >>> kept = without_some(opened, 0.25, np.random.default_rng(0))
    >>> kept.shape, abs(kept.nnz / opened.nnz - 0.75) < 0.02, kept.has_sorted_indices
    ((100, 80), True, True)
    """
    kept = generator.random(opened.nnz) >= share
    ends = np.concatenate([[0], np.cumsum(kept)]).astype(opened.indptr.dtype)
    parts = (opened.data[kept], opened.indices[kept], ends[opened.indptr])
    return sp.csr_matrix(parts, opened.shape)


def calibrate(model: RateNetwork, training: Part) -> None:
    """Give every gene the mean level that it has in the training cells."""
    model.eval()
    predicted = np.zeros(model.n_outputs)
    with torch.no_grad():
        for _, chunk in training.chunks():
            predicted += model.of_sparse(chunk).double().sum(dim=0).numpy()
    observed = np.asarray(training.values.sum(axis=0, dtype=np.float64)).ravel()
    level = np.clip(observed / np.maximum(predicted, 1e-9), 0.2, 5.0)
    model.level.mul_(torch.from_numpy(level).float())


def _begin(
    model: RateNetwork,
    cells: PairedCells,
    settings: PairedTraining,
    generator: np.random.Generator,
) -> None:
    """Set what the network begins with: leading directions, and each gene's mean rate."""
    training, counts = cells.training, cells.training.counts
    chosen = cells_of_all_types(cells.types, CELLS_FOR_DIRECTIONS, generator)
    weight = latent_weight(training.opened[chosen], model.n_latent, generator)
    with torch.no_grad():
        model.weight.copy_(torch.from_numpy(weight))
        sums = training.sums(model.weight)
        latent = sums[:, :-1] * (PER_CELL / sums[:, -1:].clamp_min(1))
        model.centre.copy_(latent.mean(dim=0))
        model.scale.copy_(latent.std(dim=0).clamp_min(1e-6))
        mean = np.asarray(counts.counts.sum(axis=0)).ravel() + 0.1
        model.output.weight.mul_(0.1)
        model.output.bias.copy_(torch.from_numpy(np.log(mean / counts.exposure.sum())).float())
    if settings.loss != "mse":
        model.exposure.fill_(float(np.median(counts.exposure)))
    model.size.fill_(LARGEST_SIZE if settings.loss == "poisson" else USUAL_SIZE)


class _Trainer:
    """A network, its data, and the loss."""

    def __init__(
        self,
        model: RateNetwork,
        cells: PairedCells,
        settings: PairedTraining,
        generator: np.random.Generator,
    ) -> None:
        self.model, self.cells, self.settings = model, cells, settings
        self.generator = generator
        n_hidden = model.hidden.out_features
        # Made even where it weighs nothing: the random numbers after it are then the same.
        of_types = SecondOutput(cells.types, settings.cell_type_weight, n_hidden)
        self.second_outputs = [of_types] if settings.cell_type_weight else []
        if settings.donor_weight and cells.donors is not None:
            of_donors = SecondOutput(cells.donors, settings.donor_weight, n_hidden)
            self.second_outputs.append(of_donors)
        for second in self.second_outputs:
            second.to(settings.device)
        self.fixed: dict[int, Tensor] = {}
        if not settings.first_layer:
            model.weight.requires_grad_(False)
            for part in (cells.training, cells.validation):
                self.fixed[id(part)] = part.sums(model.weight)

    def batch(self, part: Part, rows: np.ndarray, dropped: float = 0.0) -> Batch:
        """Some cells of a part, a share of their open peaks dropped."""
        opened, device = part.opened[rows], self.settings.device
        if dropped:
            opened = without_some(opened, dropped, self.generator)
        fixed = self.fixed.get(id(part))
        sums = None if fixed is None else fixed[torch.from_numpy(rows)].to(device)
        totals = np.diff(opened.indptr).astype(np.float32)[:, None]
        observed = part.values if self.settings.loss == "mse" else part.counts.counts
        return Batch(
            sums,
            Pattern.of(opened) if fixed is None else None,
            torch.from_numpy(totals).to(device),
            torch.from_numpy(observed[rows].toarray()).to(device),
            torch.from_numpy(part.counts.exposure[rows])[:, None].to(device),
            torch.from_numpy(rows).to(device) if part is self.cells.training else None,
        )

    def first_sums(self, batch: Batch) -> Tensor:
        """Weighted sums and number of open peaks."""
        sums, weight = batch.sums, self.model.weight
        if batch.peaks is not None:
            weighted = weighted_sums(batch.peaks, weight.new_ones(len(batch.peaks)), weight)
            sums = torch.cat([weighted, batch.totals], dim=1)
        assert sums is not None
        return sums

    def loss(self, batch: Batch, sums: Tensor) -> Tensor:
        """Mean loss of an entry, without penalties; 0 for a model that predicts every count."""
        rate, observed = self.model.log_rate(sums).clamp(-20.0, 14.0), batch.observed
        if self.settings.loss == "mse":
            return ((self.model.expression(rate) - observed) ** 2).mean()
        expected = torch.exp(rate) * batch.exposure
        if self.settings.loss == "poisson":
            return (expected - observed * rate).mean()
        size = self.model.size
        return ((observed + size) * torch.log1p(expected / size) - observed * rate).mean()

    def penalised(self, batch: Batch) -> Tensor:
        """Loss of a step."""
        weights = (self.model.output.weight**2).sum() / self.model.n_outputs
        sums = self.first_sums(batch)
        loss = self.loss(batch, sums) + self.settings.decay * weights
        if self.second_outputs and batch.rows is not None:
            hidden = self.model.hidden_units(sums)
            for second in self.second_outputs:
                loss = loss + second.loss(hidden, batch.rows)
        return loss

    def drawn(self) -> Batch:
        """The next training batch."""
        n_cells = self.cells.training.opened.shape[0]
        chosen = self.generator.choice(n_cells, min(self.settings.batch_size, n_cells), False)
        dropped = self.settings.peaks_dropped if self.settings.first_layer else 0.0
        return self.batch(self.cells.training, np.sort(chosen), dropped)

    def validated(self) -> float:
        """Mean validation loss."""
        n_cells, total = self.cells.validation.opened.shape[0], 0.0
        for start in range(0, n_cells, CHUNK):
            rows = np.arange(start, min(start + CHUNK, n_cells))
            batch = self.batch(self.cells.validation, rows)
            total += self.loss(batch, self.first_sums(batch)).item() * len(rows)
        return total / n_cells
