"""The step of a walk at which each group of each cell is masked, from orders or as it is given."""

import numpy as np
import scipy.sparse as sp


def steps_of_groups(
    permutations: np.ndarray | sp.csr_matrix, n_cells: int, n_groups: int
) -> sp.csr_matrix | np.ndarray:
    """Return the step at which each group is masked.

    Parameters
    ----------
    permutations
        Groups in the order of masking, a row for each cell, shape (n_cells, n_groups); or the
        steps themselves of some groups of each cell, CSR of whole numbers from 0 on.

    Returns
    -------
    ndarray or csr_matrix
        Shape (n_cells, n_groups); sparse where steps were given, the groups sorted.

    Raises
    ------
    ValueError
        Where the shape is another one, a row is no permutation, or its steps are not 0, 1, ...

    Examples
    --------
    >>> steps_of_groups(np.array([[2, 0, 1]]), 1, 3)
    array([[1, 2, 0]])
    """
    if sp.issparse(permutations):
        return _checked_steps(permutations, n_cells, n_groups)
    orders = np.asarray(permutations)
    if orders.shape != (n_cells, n_groups) or not np.issubdtype(orders.dtype, np.integer):
        raise ValueError(
            f"permutations have shape {orders.shape} and type {orders.dtype} but must have "
            f"({n_cells}, {n_groups}) and integers: an order of the groups for each cell"
        )
    if orders.size and (orders.min() < 0 or orders.max() >= n_groups):
        raise ValueError(f"permutations: a group is out of range 0..{n_groups - 1}")
    steps = np.full(orders.shape, -1)
    places = np.arange(n_groups)
    # Row by row: one assignment to all of them would take four times as long.
    for step, order in zip(steps, orders, strict=True):
        step[order] = places
    absent = np.argwhere(steps < 0)
    if len(absent):
        row, group = absent[0]
        raise ValueError(f"permutations: row {row} does not hold group {group}")
    return steps


def _checked_steps(given: sp.csr_matrix, n_cells: int, n_groups: int) -> sp.csr_matrix:
    steps = sp.csr_matrix(given)
    if steps.shape != (n_cells, n_groups) or not np.issubdtype(steps.dtype, np.integer):
        raise ValueError(
            f"steps have shape {steps.shape} and type {steps.dtype} but must have "
            f"({n_cells}, {n_groups}) and integers: a step for some groups of each cell"
        )
    counts = np.diff(steps.indptr)
    row = np.repeat(np.arange(n_cells), counts)
    taken = np.zeros(steps.nnz, dtype=bool)
    inside = (steps.data >= 0) & (steps.data < counts[row])
    taken[steps.indptr[row[inside]] + steps.data[inside]] = True
    if not taken.all():
        wrong = row[np.argmin(taken)]
        raise ValueError(f"steps: those of row {wrong} must be 0 to {counts[wrong] - 1}, each once")
    if not steps.has_sorted_indices:
        steps = steps.sorted_indices()
    return steps


def every_step(steps: np.ndarray | sp.csr_matrix) -> np.ndarray:
    """Return the step of every group of every cell, shape (n_cells, n_groups).

    Examples
    --------
    >>> steps = sp.csr_matrix((np.array([1, 0]), np.array([0, 3]), np.array([0, 2])), shape=(1, 4))
    >>> every_step(steps)
    array([[1, 2, 3, 0]])
    """
    if isinstance(steps, np.ndarray):
        return steps
    n_cells, n_groups = steps.shape
    cell, group = np.indices((n_cells, n_groups)).reshape(2, -1)
    later = step_of(steps, cell, group).reshape(n_cells, n_groups)
    return np.argsort(np.argsort(later, axis=1), axis=1)


def step_of(steps: np.ndarray | sp.csr_matrix, cell: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Return the step of each of some pairs, from `steps_of_groups`, shape (pairs,).

    Groups without a step follow after all that have one, ascending; so steps are below twice the
    number of groups.

    Examples
    --------
    >>> steps = sp.csr_matrix((np.array([1, 0]), np.array([0, 3]), np.array([0, 2])), shape=(1, 4))
    >>> step_of(steps, np.array([0, 0, 0]), np.array([0, 2, 3]))
    array([1, 6, 0])
    """
    if isinstance(steps, np.ndarray):
        return steps[cell, group]
    n_groups = steps.shape[1]
    row = np.repeat(np.arange(steps.shape[0], dtype=np.int64), np.diff(steps.indptr))
    stored, wanted = row * n_groups + steps.indices, cell * n_groups + group
    at = np.searchsorted(stored, wanted)
    found = at < len(stored)
    found[found] = stored[at[found]] == wanted[found]
    result = n_groups + group
    result[found] = steps.data[at[found]]
    return result
