"""Small networks of the shapes that the mask operator tells apart."""

from __future__ import annotations

import torch

from xbench.data.dataset import Target
from xbench.surrogates.mlp_classifier import MLPClassifier

# Features of each block, one of them empty.
SIZES = [5, 0, 7, 1, 9]
D = sum(SIZES)
# The real depth, without the real width.
NARROW = {"decoder_sizes": (12, 14), "n_gate": 8, "n_hidden": 5}
CLASS = Target("8", "3", 1, contrast=0)


def classifier(seed: int = 1) -> MLPClassifier:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return MLPClassifier(D, 16, 2).frozen()  # type: ignore[return-value]
