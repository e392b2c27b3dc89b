"""One cell under many masks of its own: what local explainers ask."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from xbench.mask.encoded import EncodedPopulation
from xbench.mask.population import Subset, check_subset
from xbench.mask.sums_of_masks import MANY, sums_of_masks

# Numbers in a chunk of masks, and of the inputs or hidden sums made of it: 32 MB of float32.
MASK_CHUNK = 2**23


def check_masks(
    cell: int, features: Subset, masks: np.ndarray, n_cells: int, n_features: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return features and masks, both checked.

    Raises
    ------
    ValueError
        For a cell that is not in the population, features out of range or repeated, or masks
        that are no Booleans of one column a feature.

    Examples
    --------
    >>> check_masks(0, [4, 2], np.array([[True, False]]), n_cells=1, n_features=5)
    (array([4, 2]), array([[ True, False]]))
    """
    if not 0 <= cell < n_cells:
        raise ValueError(f"cell {cell} is out of range 0..{n_cells - 1}")
    indices = check_subset(features, n_features)
    if masks.dtype != bool or masks.ndim != 2 or masks.shape[1] != len(indices):
        raise ValueError(
            f"masks have shape {masks.shape} and type {masks.dtype} but must have "
            f"(masks, {len(indices)}) and bool"
        )
    return indices, masks


def sums_under_masks(
    encoded: EncodedPopulation, row: int, features: np.ndarray, masks: np.ndarray
) -> Iterator[Tensor]:
    """Hidden sums of one cell under each mask, some masks at a time.

    A matrix product for each block that has features; on a CPU, of many masks, eight features are
    looked up at once instead (`sums_of_masks`): one addition of `hidden` numbers for eight features
    of a mask is the least work then.

    Parameters
    ----------
    encoded
        The population.
    row
        The cell.
    features
        Columns of the masks, shape (f,).
    masks
        Boolean, shape (masks, f); True where a feature is set to p.

    Yields
    ------
    Tensor
        Shape (some masks, n_blocks, hidden).
    """
    layer, sums = encoded.layer, encoded.sums[row]
    device = layer.weight.device
    # Features of a cell are ascending as a rule: then no mask is copied.
    order = None if (np.diff(features) > 0).all() else np.argsort(features, kind="stable")
    ascending = features if order is None else features[order]
    edges = np.searchsorted(ascending, layer.boundaries)
    change = encoded.perturbation[ascending] - encoded.inputs[row].toarray()[0, ascending]
    weight = layer.weight[torch.from_numpy(ascending).to(device)]
    step = torch.from_numpy(change).to(device)[:, None] * weight
    together = max(1, MASK_CHUNK // max(1, len(features), sums.numel()))
    for start in range(0, len(masks), together):
        chosen = masks[start : start + together]
        part = chosen if order is None else chosen[:, order]
        masked = sums.repeat(len(part), 1, 1)
        for block, (first, last) in enumerate(pairwise(edges.tolist())):
            if last > first:
                masked[:, block] += _product(part[:, first:last], step[first:last])
        yield masked


def _product(masks: np.ndarray, step: Tensor) -> Tensor:
    if len(masks) >= MANY and step.device.type == "cpu" and step.dtype == torch.float32:
        return torch.from_numpy(sums_of_masks(masks, step.numpy()))
    return torch.from_numpy(masks).to(step) @ step


def inputs_under_masks(
    x: np.ndarray, p: np.ndarray, features: np.ndarray, masks: np.ndarray
) -> Iterator[np.ndarray]:
    """Dense inputs of one cell under each mask, some masks at a time.

    Parameters
    ----------
    x, p
        The cell and the perturbation values, float32, shape (n_features,).
    features, masks
        See `sums_under_masks`.

    Yields
    ------
    ndarray
        Shape (some masks, n_features).

    Examples
    --------
    >>> x, p = np.array([1.0, 2.0, 3.0]), np.zeros(3)
    >>> next(inputs_under_masks(x, p, np.array([2, 0]), np.array([[True, False]])))
    array([[1., 2., 0.]])
    """
    together = max(1, MASK_CHUNK // len(x))
    for start in range(0, len(masks), together):
        part = masks[start : start + together]
        masked = np.repeat(x[None], len(part), axis=0)
        masked[:, features] = np.where(part, p[features], x[features])
        yield masked
