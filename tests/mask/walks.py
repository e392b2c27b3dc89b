"""What walks are tested on: one block, several that split, several that do not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from xbench.data.dataset import Target
from xbench.surrogates.surrogate import Surrogate

from ..toys import InteractingToy, random_cross_modality
from .small_models import CLASS, NARROW, SIZES, classifier

GENE = Target("all", "gene", 1)
FIRST = Target("a", "b", 0)
# Groups across blocks, one of them empty, and features that are in none.
GROUPS = [[3, 6, 20], [], [1], [21, 0, 9, 10, 11], [8, 7]]


# One block; several that split; several that do not, with a narrow and a wide tail.
MODELS: dict[str, tuple[Callable[[], Surrogate], Target, str]] = {
    "classifier": (classifier, CLASS, "cross-entropy"),
    "split": (lambda: random_cross_modality(SIZES, seed=1, **NARROW).frozen(), GENE, "expression"),
    "whole": (lambda: random_cross_modality(SIZES, seed=1, **NARROW), GENE, "expression"),
    "interacting": (lambda: InteractingToy(SIZES, 1), GENE, "expression"),
}


def posed(name: str) -> tuple[Surrogate, Target, str, Callable[[torch.Tensor], torch.Tensor]]:
    make, target, objective = MODELS[name]

    def losses_of(outputs: torch.Tensor) -> torch.Tensor:
        if target.contrast is None:
            return outputs[:, target.output]
        return torch.nn.functional.softplus(outputs[:, 1] - outputs[:, 0])

    return make(), target, objective, losses_of


def shuffled(n_cells: int, n_groups: int, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return generator.permuted(np.tile(np.arange(n_groups), (n_cells, 1)), axis=1)
