"""Training of `cross-modality` (Eq. 3-9; protocol, Training), in three stages."""

from dataclasses import dataclass, field

import numpy as np
from pydantic import PositiveInt
from torch import Tensor, nn

from xbench.data.dataset import Dataset
from xbench.surrogates.cross_modality_network import CrossModalityNetwork
from xbench.surrogates.training.alignment import Adversary, Alignment, TrainingModel
from xbench.surrogates.training.batches import (
    CellBatch,
    GeneBatch,
    PeakBatch,
    Prefetched,
    TrainingCells,
)
from xbench.surrogates.training.loop import Stage, StageHistory, own_random_numbers, train_stage
from xbench.utils.progress import SILENT, Progress


@dataclass(frozen=True)
class CrossModalityTraining:
    """Settings; early stopping ends a stage before its number of steps.

    The numbers of steps are smaller than the protocol's (see `PROTOCOL`), so that the paper's size
    takes minutes on 2 cores: the ATAC autoencoder is only where the mapping stage begins, and
    that stage passes the paper's accuracy in a tenth of the steps (docs/explanation/training.md).

    Parameters
    ----------
    atac_steps, rna_steps, mapping_steps
        Most steps of the three stages.
    batch_size
        TrainingCells in a step.
    evaluate_every, patience
        Steps between two looks at the validation loss; looks without improvement that end a stage.
    paired
        Whether both modalities were measured in the same cells. Where not, each step draws cells
        of both independently, and cells are aligned by the adversarial and cycle terms alone.
    adversary
        Settings of the adversarial terms.
    device
        ``"cpu"`` or ``"cuda"``.
    """

    atac_steps: PositiveInt = 1_500
    rna_steps: PositiveInt = 9_000
    mapping_steps: PositiveInt = 4_000
    batch_size: PositiveInt = 128
    evaluate_every: PositiveInt = 100
    patience: PositiveInt = 5
    paired: bool = True
    adversary: Adversary = field(default_factory=Adversary)
    device: str = "cpu"


PROTOCOL = CrossModalityTraining(atac_steps=36_000, rna_steps=9_000, mapping_steps=36_000)

# Without pairs the discriminators carry the whole alignment: at the protocol's pace (1e-4, every
# fifth step) nothing was learned in 1,500 steps, at this one cell types found each other in 100.
UNPAIRED = CrossModalityTraining(paired=False, adversary=Adversary(every=1, learning_rate=1e-3))


def train_cross_modality(
    kind: type[CrossModalityNetwork],
    dataset: Dataset,
    settings: CrossModalityTraining,
    seed: int = 0,
    train_rows: np.ndarray | None = None,
    progress: Progress = SILENT,
) -> tuple[CrossModalityNetwork, list[StageHistory]]:
    """Train on `train_rows` (the training cells by default), stopped early on validation cells.

    Where there is no validation cell, the training cells stop it.

    Parameters
    ----------
    kind
        The class of what is returned.
    dataset, settings, seed, train_rows, progress
        See `Recipe`.

    Returns
    -------
    CrossModalityNetwork
        The ATAC-to-RNA path alone.
    list of StageHistory
        ATAC autoencoder, RNA autoencoder, mapping.
    """
    with own_random_numbers(seed, settings.device):
        boundaries = dataset.features.blocks()[1]
        sizes = np.diff(boundaries).tolist()
        model = TrainingModel(
            kind(sizes, dataset.n_outputs),
            sizes,
            dataset.n_outputs,
            len(np.unique(dataset.cell_types)),
        ).to(settings.device)
        rows = dataset.split.train if train_rows is None else train_rows
        trainer = _Trainer(dataset, model, settings, seed, rows, progress)
        histories = [trainer.atac(), trainer.rna(), trainer.mapping()]
    surrogate = model.surrogate.cpu()
    return surrogate, histories


# Validation cells that are looked at: all of them are in memory at once.
MOST_VALIDATION = 4096


def _looked_at(rows: np.ndarray, seed: int) -> np.ndarray:
    """Return the validation cells that stop a stage: all, or some thousand where there are more."""
    if len(rows) <= MOST_VALIDATION:
        return rows
    generator = np.random.default_rng([seed, len(rows)])
    return np.sort(generator.choice(rows, MOST_VALIDATION, replace=False))


class _Trainer:
    def __init__(
        self,
        dataset: Dataset,
        model: TrainingModel,
        settings: CrossModalityTraining,
        seed: int,
        rows: np.ndarray,
        progress: Progress,
    ) -> None:
        self.model, self.settings, self.progress = model, settings, progress
        self.cells, self.rows = TrainingCells.of(dataset, settings.device), rows
        self.generator = np.random.default_rng(seed)
        # One fixed sample of validation entries, so that looks can be compared.
        fixed = np.random.default_rng(seed)
        stopping = dataset.split.stopping_rows(rows)
        self.validation = self.cells.batch(_looked_at(stopping, seed), fixed)

    def drawn(self) -> np.ndarray:
        """Rows of the next batch."""
        size = min(self.settings.batch_size, len(self.rows))
        return self.generator.choice(self.rows, size, replace=False)

    def pair(self) -> tuple[CellBatch, CellBatch]:
        """A batch of each modality: the same cells where they are paired."""
        atac = self.cells.batch(self.drawn(), self.generator)
        if self.settings.paired:
            return atac, atac
        return atac, self.cells.batch(self.drawn(), self.generator)

    def stage(self, name: str, steps: int, learning_rate: float) -> Stage:
        settings = self.settings
        return Stage(name, steps, learning_rate, settings.evaluate_every, settings.patience)

    def atac(self) -> StageHistory:
        encoder, decoder = self.model.surrogate.encoder, self.model.atac_decoder

        def loss(peaks: PeakBatch) -> Tensor:
            return decoder.loss(peaks.embed(encoder), peaks.opened, peaks.closed)

        with Prefetched(lambda: self.cells.peak_batch(self.drawn(), self.generator)) as batches:
            return train_stage(
                self.stage("ATAC autoencoder", self.settings.atac_steps, 1e-3),
                nn.ModuleList([encoder, decoder]),
                lambda step: loss(batches.next()),
                lambda: loss(self.validation.peaks).item(),
                self.progress,
            )

    def rna(self) -> StageHistory:
        encoder, decoder = self.model.rna_encoder, self.model.surrogate.decoder

        def loss(genes: GeneBatch) -> Tensor:
            return genes.loss(decoder(encoder(genes.values)))

        with Prefetched(lambda: self.cells.gene_batch(self.drawn(), self.generator)) as batches:
            return train_stage(
                self.stage("RNA autoencoder", self.settings.rna_steps, 5e-4),
                nn.ModuleList([encoder, decoder]),
                lambda step: loss(batches.next()),
                lambda: loss(self.validation.genes).item(),
                self.progress,
            )

    def mapping(self) -> StageHistory:
        alignment = Alignment(self.model, self.settings.paired, self.settings.adversary)

        with Prefetched(self.pair) as batches:
            return train_stage(
                self.stage("mapping", self.settings.mapping_steps, 5e-4),
                alignment.generators,
                lambda step: alignment.generator_loss(step, *batches.next()),
                lambda: alignment.translation_loss(self.validation),
                self.progress,
            )
