"""The mean of several surrogates of one kind that were trained from different seeds."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from pydantic import PositiveInt
from torch import Tensor, nn

from xbench.data.dataset import Dataset
from xbench.errors import XbenchError, unknown_name
from xbench.registry.find import find, load
from xbench.surrogates.layers import AdditiveLayer
from xbench.surrogates.surrogate import Recipe, Surrogate
from xbench.surrogates.training.loop import StageHistory
from xbench.utils.progress import SILENT, Progress


class Ensemble(Surrogate):
    """Mean of the outputs of its members, each with columns of its own in the first layer.

    What one network happened to pick among peaks that are open together differs from seed to seed;
    what all of them found stays. The first layer is additive as the members' are, only wider.

    Parameters
    ----------
    of
        Name of the members' surrogate.
    members
        The configuration of each, at least one.
    n_outputs
        Genes.

    Examples
    --------
    >>> one = {"n_features": 50, "n_outputs": 5, "n_latent": 4}
    >>> Ensemble("end-to-end", [one, one], 5).frozen()(torch.ones(2, 50)).shape
    torch.Size([2, 5])
    """

    name = "ensemble"

    def __init__(self, of: str, members: Sequence[dict[str, Any]], n_outputs: int) -> None:
        super().__init__()
        kind = load(find("surrogate", of))
        self.of, self.n_outputs = of, n_outputs
        self.members = nn.ModuleList([kind(**one) for one in members])

    @classmethod
    def containing(cls, of: str, members: Sequence[Surrogate], n_outputs: int) -> Ensemble:
        """Return the ensemble of trained members, which it keeps as they are."""
        ensemble = cls(of, [], n_outputs)
        ensemble.members = nn.ModuleList(members)
        return ensemble

    def frozen(self) -> Ensemble:
        """Return the ensemble of the frozen members."""
        members = [member.frozen() for member in self._each()]
        frozen = Ensemble.containing(self.of, members, self.n_outputs)
        frozen.eval()
        return frozen

    def inputs_of(self, dataset: Dataset, rows: np.ndarray) -> sp.csr_matrix | np.ndarray:
        """Return what some cells look like to the members, which are of one kind."""
        return self._each()[0].inputs_of(dataset, rows)

    def for_outputs(self, outputs: Sequence[int]) -> Ensemble:
        """Return the ensemble of the members' models for these outputs."""
        narrowed = copy.copy(self)
        narrowed._modules = dict(self._modules)
        narrowed.members = nn.ModuleList([one.for_outputs(outputs) for one in self._each()])
        return narrowed

    def additive_layer(self) -> AdditiveLayer:
        """Return the members' layers side by side, block by block."""
        layers = [member.additive_layer() for member in self._each()]
        weight = torch.cat([layer.weight for layer in layers], dim=1)
        offset = torch.cat([layer.offset for layer in layers], dim=1)
        return AdditiveLayer(weight, offset, layers[0].boundaries)

    def tail(self, sums: Tensor, outputs: Tensor | None = None) -> Tensor:
        """Mean of the members' outputs, shape (n, wanted)."""
        parts = sums.split(sums.shape[2] // len(self.members), dim=2)
        tails = [one.tail(part, outputs) for one, part in zip(self._each(), parts, strict=True)]
        return torch.stack(tails).mean(dim=0)

    def of_sparse(self, x: sp.csr_matrix) -> Tensor:
        """Mean of the members' outputs of sparse inputs."""
        return torch.stack([member.of_sparse(x) for member in self._each()]).mean(dim=0)

    def forward(self, x: Tensor) -> Tensor:
        """Mean of the members' outputs of dense inputs."""
        return torch.stack([member(x) for member in self.members]).mean(dim=0)

    def configuration(self) -> dict[str, object]:
        """Kind and sizes of the members."""
        members = [member.configuration() for member in self._each()]
        return {"of": self.of, "members": members, "n_outputs": self.n_outputs}

    @classmethod
    def recipe(cls) -> Recipe:
        """Members are trained one after the other, see `train_ensemble`."""
        return Recipe(EnsembleTraining(), train_ensemble, classifies=False)

    def _each(self) -> list[Surrogate]:
        return [member for member in self.members if isinstance(member, Surrogate)]


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
    members: PositiveInt = 4
    member: dict[str, Any] | None = None
    device: str = "cpu"


def train_ensemble(
    dataset: Dataset,
    settings: EnsembleTraining,
    *,
    seed: int = 0,
    train_rows: np.ndarray | None = None,
    progress: Progress = SILENT,
) -> tuple[Ensemble, list[StageHistory]]:
    """Train all members on the same cells; their stages are numbered.

    Raises
    ------
    XbenchError
        Where there is no member, they would be ensembles, classifiers or what is not trained, or
        have no such setting.
    """
    if settings.members < 1:
        raise XbenchError(f"ensemble: members is {settings.members} but must be at least 1")
    recipe: Recipe = load(find("surrogate", settings.of)).recipe()  # type: ignore[attr-defined]
    if settings.of == Ensemble.name or recipe.classifies or not recipe.fitted:
        raise XbenchError(
            f"ensemble: its members cannot be {settings.of!r}; "
            "use cis, end-to-end or cross-modality"
        )
    known = [one.name for one in fields(recipe.settings)]
    for name in settings.member or {}:
        if name not in known:
            raise unknown_name("setting", name, known, f"surrogate {settings.of}")
    chosen = replace(recipe.settings, **(settings.member or {}))
    if hasattr(chosen, "device"):
        chosen = replace(chosen, device=settings.device)
    members: list[Surrogate] = []
    histories: list[StageHistory] = []
    for number in range(settings.members):
        label = f"member {number + 1} of {settings.members}"
        model, stages = recipe.train(
            dataset,
            chosen,
            seed=member_seed(seed, number),
            train_rows=train_rows,
            progress=_Labelled(progress, label),
        )
        members.append(model)
        histories += [replace(one, name=f"{label}: {one.name}") for one in stages]
    ensemble = Ensemble.containing(settings.of, members, dataset.n_outputs)
    return ensemble, histories


class _Labelled(Progress):
    """Tells another of the work of one member."""

    def __init__(self, told: Progress, label: str) -> None:
        self._told, self._label = told, label

    def started(self, work: str, total: int, done: int = 0, unit: str = "") -> None:
        self._told.started(f"{self._label}: {work}", total, done, unit)

    def advanced(self, work: str, done: int, note: str = "") -> None:
        self._told.advanced(f"{self._label}: {work}", done, note)

    def said(self, line: str) -> None:
        self._told.said(f"{self._label}: {line}")


def member_seed(seed: int, number: int) -> int:
    """Return the seed of a member: no two ensembles of different seeds share one.

    Examples
    --------
    >>> member_seed(0, 0) == member_seed(0, 1), member_seed(3, 2) == member_seed(3, 2)
    (False, True)
    """
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
