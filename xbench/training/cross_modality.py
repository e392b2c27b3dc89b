"""Training of `cross-modality` (Eq. 3-9; protocol, Training), in three stages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from xbench.dataset import Dataset
from xbench.surrogates.cross_modality import CrossModality
from xbench.training.alignment import Alignment
from xbench.training.balanced import balanced_squared_error, focal_loss
from xbench.training.cells import CellBatch, Cells
from xbench.training.fit import expression_fit
from xbench.training.loop import Progress, Stage, StageHistory, silent, train_stage
from xbench.training.networks import TrainingModel


@dataclass(frozen=True)
class CrossModalityTraining:
    """Settings: the protocol's numbers of steps are upper bounds, early stopping ends a stage."""

    atac_steps: int = 36_000
    rna_steps: int = 9_000
    mapping_steps: int = 36_000
    batch_size: int = 128
    evaluate_every: int = 100
    patience: int = 5
    paired: bool = True


def train_cross_modality(
    dataset: Dataset,
    settings: CrossModalityTraining,
    seed: int = 0,
    train_rows: np.ndarray | None = None,
    progress: Progress = silent,
) -> tuple[CrossModality, list[StageHistory], dict[str, float]]:
    """Train on `train_rows` (the training cells by default), stopped early on validation cells.

    Returns
    -------
    CrossModality
        The ATAC-to-RNA path alone.
    list of StageHistory
        ATAC autoencoder, RNA autoencoder, mapping.
    dict
        Fit on the test cells, see `expression_fit`.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        boundaries = dataset.features.blocks()[1]
        model = TrainingModel(
            np.diff(boundaries).tolist(),
            dataset.n_outputs,
            len(np.unique(dataset.cell_types)),
        )
        rows = dataset.split.train if train_rows is None else train_rows
        trainer = _Trainer(dataset, model, settings, seed, rows, progress)
        histories = [trainer.atac(), trainer.rna(), trainer.mapping()]
    return model.surrogate, histories, expression_fit(model.surrogate, dataset)


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
        self.cells, self.rows = Cells.of(dataset), rows
        self.generator = np.random.default_rng(seed)
        # One fixed sample of validation entries, so that looks can be compared.
        fixed = np.random.default_rng(seed)
        self.validation = self.cells.batch(dataset.split.validation, fixed)

    def batch(self) -> CellBatch:
        size = min(self.settings.batch_size, len(self.rows))
        chosen = self.generator.choice(self.rows, size, replace=False)
        return self.cells.batch(chosen, self.generator)

    def stage(self, name: str, steps: int, learning_rate: float) -> Stage:
        settings = self.settings
        return Stage(name, steps, learning_rate, settings.evaluate_every, settings.patience)

    def atac(self) -> StageHistory:
        encoder, decoder = self.model.surrogate.encoder, self.model.atac_decoder

        def loss(batch: CellBatch) -> Tensor:
            entries = batch.peak_entries
            logits = decoder(batch.embed(encoder), entries.rows, entries.columns)
            return focal_loss(logits, entries.values)

        return train_stage(
            self.stage("ATAC autoencoder", self.settings.atac_steps, 1e-3),
            nn.ModuleList([encoder, decoder]),
            lambda step: loss(self.batch()),
            lambda: loss(self.validation).item(),
            self.progress,
        )

    def rna(self) -> StageHistory:
        encoder, decoder = self.model.rna_encoder, self.model.surrogate.decoder

        def loss(batch: CellBatch) -> Tensor:
            return balanced_squared_error(decoder(encoder(batch.genes)), batch.gene_entries)

        return train_stage(
            self.stage("RNA autoencoder", self.settings.rna_steps, 5e-4),
            nn.ModuleList([encoder, decoder]),
            lambda step: loss(self.batch()),
            lambda: loss(self.validation).item(),
            self.progress,
        )

    def mapping(self) -> StageHistory:
        alignment = Alignment(self.model, paired=self.settings.paired)

        def loss(step: int) -> Tensor:
            atac = self.batch()
            rna = atac if self.settings.paired else self.batch()
            return alignment.generator_loss(step, atac, rna)

        return train_stage(
            self.stage("mapping", self.settings.mapping_steps, 5e-4),
            alignment.generators,
            loss,
            lambda: alignment.translation_loss(self.validation),
            self.progress,
        )
