"""Training of `ensemble`: its members one after the other, each from a seed of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from xbench.data.dataset import Dataset
from xbench.errors import XbenchError
from xbench.registry.find import find, load
from xbench.surrogates.ensemble import Ensemble, member_seed
from xbench.surrogates.evaluation.fit import expression_fit
from xbench.surrogates.surrogate import Recipe, Surrogate
from xbench.surrogates.training.loop import StageHistory
from xbench.utils.progress import Progress, silent


@dataclass(frozen=True)
class EnsembleTraining:
    """Settings of `ensemble`.

    Parameters
    ----------
    of
        Name of the members' surrogate.
    members
        How many.
    member
        Settings of each, by name, other than their defaults.
    device
        ``"cpu"`` or ``"cuda"``.
    """

    of: str = "cis"
    members: int = 4
    member: dict[str, Any] | None = None
    device: str = "cpu"


def train_ensemble(
    dataset: Dataset,
    settings: EnsembleTraining,
    *,
    seed: int = 0,
    train_rows: np.ndarray | None = None,
    progress: Progress = silent,
) -> tuple[Ensemble, list[StageHistory], dict[str, float]]:
    """Train all members on the same cells; their stages are numbered.

    Raises
    ------
    XbenchError
        Where there is no member, or they would be ensembles or classifiers.
    """
    if settings.members < 1:
        raise XbenchError(f"ensemble: members is {settings.members} but must be at least 1")
    recipe: Recipe = load(find("surrogate", settings.of)).recipe()  # type: ignore[attr-defined]
    if settings.of == Ensemble.name or recipe.classifies:
        raise XbenchError(
            f"ensemble: its members cannot be {settings.of!r}; "
            "use cis, end-to-end or cross-modality"
        )
    chosen = replace(recipe.settings, **(settings.member or {}))
    if hasattr(chosen, "device"):
        chosen = replace(chosen, device=settings.device)
    members: list[Surrogate] = []
    histories: list[StageHistory] = []
    for number in range(settings.members):
        label = f"member {number + 1} of {settings.members}"

        def told(stage: str, step: int, steps: int, validation: float, label: str = label) -> None:
            progress(f"{label}: {stage}", step, steps, validation)

        model, stages, _ = recipe.train(
            dataset,
            chosen,
            seed=member_seed(seed, number),
            train_rows=train_rows,
            progress=told,
        )
        members.append(model)
        histories += [replace(one, name=f"{label}: {one.name}") for one in stages]
    ensemble = Ensemble.containing(settings.of, members, dataset.n_outputs)
    return ensemble, histories, expression_fit(ensemble, dataset)
