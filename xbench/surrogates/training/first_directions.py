"""Where the first layer of a network of all peaks begins: the leading directions of the data."""

import numpy as np
import scipy.sparse as sp
import torch

from xbench.surrogates.rate_network import PER_CELL


def latent_weight(
    opened: sp.csr_matrix, n_latent: int, generator: np.random.Generator, rounds: int = 3
) -> np.ndarray:
    """Return weights whose sums are the leading directions of inverse-frequency-scaled peaks.

    Latent semantic indexing (Cusanovich et al. 2015), by randomised subspace iteration (Halko et
    al. 2011): each round is two passes over the open peaks.

    Parameters
    ----------
    opened
        Shape (n, n_features).
    n_latent
        Directions wanted; fewer than n or n_features leave the rest at 0.
    generator
        Draws the first guess.
    rounds
        Passes.

    Returns
    -------
    ndarray
        Shape (n_features, n_latent), float32.
    """
    n_cells, n_features = opened.shape
    scaled = opened.astype(np.float32)
    often = np.bincount(scaled.indices, minlength=n_features)
    rarity = np.log1p(n_cells / np.maximum(often, 1)).astype(np.float32)
    totals = np.maximum(np.diff(scaled.indptr), 1)
    scaled.data = (
        scaled.data
        * rarity[scaled.indices]
        * np.repeat(PER_CELL / totals, np.diff(scaled.indptr)).astype(np.float32)
    )
    width = min(n_latent + 8, n_cells, n_features)
    basis = scaled @ generator.standard_normal((n_features, width)).astype(np.float32)
    for _ in range(rounds):
        basis = scaled @ (scaled.T @ _orthogonal(basis))
    projected = torch.from_numpy(scaled.T @ _orthogonal(basis))
    directions = torch.linalg.svd(projected, full_matrices=False)[0].numpy()
    weight = np.zeros((n_features, n_latent), dtype=np.float32)
    found = min(width, n_latent)
    weight[:, :found] = directions[:, :found] * rarity[:, None]
    return weight


def cells_of_all_types(types: np.ndarray, most: int, generator: np.random.Generator) -> np.ndarray:
    """Return some cells, ascending: as many of each type, as far as it has them.

    What tells a rare type from the others is then a leading direction too.

    Parameters
    ----------
    types
        Shape (n,).
    most
        Cells wanted in all; a small type leaves its place empty.
    generator
        Draws the cells of each type.

    Examples
    --------
    >>> types = np.array(["a"] * 90 + ["b"] * 3)
    >>> chosen = cells_of_all_types(types, 20, np.random.default_rng(0))
    >>> len(chosen), chosen[-3:].tolist()
    (13, [90, 91, 92])
    """
    names, numbers = np.unique(types, return_inverse=True)
    each = max(1, most // len(names))
    chosen = []
    for number in range(len(names)):
        own = np.flatnonzero(numbers == number)
        chosen.append(generator.choice(own, min(each, len(own)), replace=False))
    return np.sort(np.concatenate(chosen))


def _orthogonal(basis: np.ndarray) -> np.ndarray:
    # By torch, whose number of threads training fixes: on more of them the last digits differ.
    return torch.linalg.qr(torch.from_numpy(basis))[0].numpy()
