"""Walks for any module: a full pass for each step that changes an input."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import scipy.sparse as sp

from xbench.mask.dense_chunks import CHUNK, dense_chunks
from xbench.mask.groups import Groups


def dense_walk(
    inputs: sp.csr_matrix | np.ndarray,
    perturbation: np.ndarray,
    groups: Groups,
    steps: np.ndarray,
    losses_of: Callable[[np.ndarray], np.ndarray],
) -> sp.csr_matrix:
    """Change of each cell's loss at the step that masks each group.

    Parameters
    ----------
    inputs
        CSR or array, shape (n, d).
    perturbation
        p, shape (d,).
    groups
        What one step masks.
    steps
        At which each group is masked, shape (n, groups).
    losses_of
        Losses of dense inputs, shape (some, d).

    Returns
    -------
    csr_matrix
        float64, shape (n, groups); see `MaskedPopulation.walk`.
    """
    rows = [sp.csr_matrix((0, groups.count))]
    together = max(1, CHUNK // inputs.shape[1])
    for x, own in zip(_cells(inputs), steps, strict=True):
        # No step ever masks a feature that is in no group.
        masked_at = np.full(len(x), groups.count)
        masked_at[groups.features] = own[groups.number]
        walked = np.unique(masked_at[(x != perturbation) & (masked_at < groups.count)])
        losses = [losses_of(x[None])]
        for start in range(0, len(walked), together):
            masked = masked_at <= walked[start : start + together, None]
            losses.append(losses_of(np.where(masked, perturbation, x)))
        group = np.argsort(own)[walked]
        changes = np.diff(np.concatenate(losses).astype(np.float64))
        rows.append(sp.csr_matrix((changes, group, [0, len(group)]), shape=(1, groups.count)))
        rows[-1].sort_indices()
    return sp.csr_matrix(sp.vstack(rows))


def _cells(inputs: sp.csr_matrix | np.ndarray) -> Iterator[np.ndarray]:
    for x in dense_chunks(inputs, cells=1):
        yield x.numpy()[0]
