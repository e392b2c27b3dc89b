"""What a report is about: a surrogate, how it was trained, on which data."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xbench.data.dataset import Dataset
from xbench.errors import XbenchError
from xbench.surrogates.checkpoint import OpenedSurrogate, read_description
from xbench.utils.provenance import git_commit, machine, versions

UNKNOWN = "unknown"


@dataclass(frozen=True)
class ReportSubject:
    """A surrogate with all that is known of its making.

    Parameters
    ----------
    surrogate, surrogate_digest
        Name, and SHA-256 of the weights.
    dataset, dataset_digest
        Name, and SHA-256 of the content.
    citation, licence
        Whom to credit for the data.
    n_features, n_outputs
        Peaks and genes.
    cells
        Part of the split -> number of cells.
    split, seed
        What it was trained on, see `xbench.surrogates.obtain.train_surrogate`, and with which
        seed; ``"unknown"`` and None for a checkpoint that does not say.
    settings, fit
        As the checkpoint has them.
    training_machine
        What it was trained on; "" where the checkpoint does not say.
    stages
        Stage -> name, best_step, best_validation, and curve: (step, validation loss) pairs.
    versions, machine, git_commit
        What the report was made with.
    """

    surrogate: str
    surrogate_digest: str
    dataset: str
    dataset_digest: str
    citation: str
    licence: str
    n_features: int
    n_outputs: int
    cells: dict[str, int]
    split: str
    seed: int | None
    settings: dict[str, Any]
    fit: dict[str, float]
    training_machine: str
    stages: dict[str, Any]
    versions: dict[str, str]
    machine: str
    git_commit: str | None

    @property
    def saw_test_cells(self) -> bool | None:
        """Whether the surrogate was trained on test cells; None where that is not known."""
        return {"strict": False, "reference": True}.get(self.split)

    def training_rows(self, dataset: Dataset) -> np.ndarray:
        """Rows of the cells the surrogate was trained on; the training part where not known."""
        return dataset.split.training_rows(self.split)


def require_expression(dataset: Dataset) -> None:
    """Refuse data with classes: a report is about expression.

    Raises
    ------
    XbenchError
        Naming data that would do.
    """
    if dataset.is_classification:
        raise XbenchError(
            f"{dataset.name}: has classes, not expression; report a surrogate of data with genes, "
            "such as snare-cortex"
        )


def subject_of(dataset: Dataset, opened: OpenedSurrogate, path: Path) -> ReportSubject:
    """Describe a surrogate that was opened from a folder or a checkpoint.

    Raises
    ------
    XbenchError
        Where the dataset has classes.
    """
    require_expression(dataset)
    # A file is a checkpoint of the reference, which does not say how it was trained.
    description = read_description(path) if path.is_dir() else None
    training = description.training if description else {}
    parts = ("train", "validation", "test")
    return ReportSubject(
        surrogate=opened.name,
        surrogate_digest=opened.digest,
        dataset=dataset.name,
        dataset_digest=dataset.digest,
        citation=dataset.citation,
        licence=dataset.licence,
        n_features=dataset.n_features,
        n_outputs=dataset.n_outputs,
        cells={part: len(getattr(dataset.split, part)) for part in parts},
        split=training.get("split", UNKNOWN),
        seed=training.get("seed"),
        settings=training.get("settings", {}),
        fit=description.fit if description else {},
        training_machine=training.get("machine", ""),
        stages=training.get("stages", {}),
        versions=versions(),
        machine=machine(),
        git_commit=git_commit(),
    )
