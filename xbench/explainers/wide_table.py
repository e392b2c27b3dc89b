"""Wide learned tables, of which a step uses a row an entry: products, and Adam on the gradient.

A table of one row a feature has millions of weights, and its gradient as many numbers, of which
each is a sum over the few entries of its feature. Here a step keeps what the gradient is made of
(entries and the other factor) and makes a row of it where Adam needs it, in the nearest cache: no
gradient is ever written. Adam still reads and writes every weight and both of its moments once a
step, as it must, since weights go on moving by what they remember.

Entries are taken feature by feature, so that a row of the table is read once, and the other
factor, of one row a cell, stays in the cache.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numba
import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from xbench.utils.compiled import Loop, compiled

# Of torch's Adam.
EPSILON = 1e-8


@dataclass(frozen=True)
class Entries:
    """Entries of a sparse matrix (cells, features), told feature by feature.

    Parameters
    ----------
    pointers
        Where each feature begins, int64, shape (features + 1,).
    cell
        Of each entry, int64, shape (entries,).
    order
        Which entry of the matrix, row by row, each of them is, int64, shape (entries,).
    n_cells
        Number of rows.
    """

    pointers: np.ndarray
    cell: np.ndarray
    order: np.ndarray
    n_cells: int

    @classmethod
    def of(cls, matrix: sp.csr_matrix) -> "Entries":
        """Sort the entries of a matrix.

        Examples
        --------
        >>> Entries.of(sp.csr_matrix(np.array([[0, 1], [1, 1]]))).order
        array([1, 0, 2])
        """
        pointers = np.zeros(matrix.shape[1] + 1, dtype=np.int64)
        np.cumsum(np.bincount(matrix.indices, minlength=matrix.shape[1]), out=pointers[1:])
        cell, order = np.empty((2, matrix.nnz), dtype=np.int64)
        indices, rows = (part.astype(np.int64) for part in (matrix.indices, matrix.indptr))
        _sort(rows, indices, pointers[:-1].copy(), cell, order)
        return cls(pointers, cell, order, matrix.shape[0])


@dataclass(frozen=True)
class FactoredGradient:
    """The gradient of a table: for each feature the sum over its entries of amount x left[cell]."""

    entries: Entries
    amounts: Tensor
    left: Tensor

    def dense(self) -> Tensor:
        """Return it as a matrix, shape (features, width)."""
        entries = self.entries
        counts = np.diff(entries.pointers)
        feature = torch.from_numpy(np.repeat(np.arange(len(counts)), counts))
        amounts = self.amounts[torch.from_numpy(entries.order)]
        rows = amounts[:, None] * self.left[torch.from_numpy(entries.cell)]
        return rows.new_zeros(len(counts), rows.shape[1]).index_add(0, feature, rows)


class WideTable(nn.Parameter):
    """A parameter (features, width) on a CPU, float32, whose gradient stays factored.

    What `sums` and `products` are differentiated by leaves its gradient in `factored`, not in
    `grad`; `step` then takes a step of Adam. Moved to another device, it is an ordinary parameter.
    """

    factored: FactoredGradient | None
    _steps: int

    @cached_property
    def _moments(self) -> tuple[np.ndarray, np.ndarray]:
        shape = tuple(self.shape)
        return np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.float32)

    def sums(self, entries: Entries, amounts: Tensor) -> Tensor:
        """Sum amount x row over the entries of each cell, differentiable, shape (cells, width)."""
        return _Sums.apply(self, entries, amounts)

    def products(self, entries: Entries, left: Tensor) -> Tensor:
        """Products of a cell's row of `left` and a feature's row, differentiable.

        Parameters
        ----------
        entries
            Where they are wanted.
        left
            Shape (cells, width).

        Returns
        -------
        Tensor
            Row by row, shape (entries,).
        """
        return products_at_entries(self, entries, left)

    @torch.no_grad()
    def step(self, rate: float, betas: tuple[float, float]) -> None:
        """Take the step of ``torch.optim.Adam`` at this rate, as far as there is a gradient."""
        gradient, self.factored = getattr(self, "factored", None), None
        if gradient is None:
            return
        self._steps = getattr(self, "_steps", 0) + 1
        first, second = betas
        entries, numbers = gradient.entries, np.float32
        _adam(
            entries.pointers,
            entries.cell,
            entries.order,
            gradient.amounts.numpy(),
            gradient.left.numpy(),
            self.numpy(),
            *self._moments,
            numbers(rate / (1 - first**self._steps)),
            numbers(first),
            numbers(second),
            numbers(1 / math.sqrt(1 - second**self._steps)),
            numbers(EPSILON),
        )


def products_at_entries(table: Tensor, entries: Entries, left: Tensor) -> Tensor:
    """Return the products of `WideTable.products`; an ordinary table gets a dense gradient.

    Parameters
    ----------
    table
        float32 on a CPU, shape (features, width).
    entries, left
        See `WideTable.products`.
    """
    return _Products.apply(table, entries, left)


def numbers_at(values: Tensor, indices: np.ndarray) -> Tensor:
    """Return ``values[indices]``, float32 on a CPU, whose gradient is counted up in one pass."""
    return _At.apply(values, indices)


def divided(parameters: Iterable[Tensor]) -> tuple[list[WideTable], list[Tensor]]:
    """Return the wide tables among parameters, and the others."""
    every = list(parameters)
    tables = [one for one in every if isinstance(one, WideTable)]
    return tables, [one for one in every if not isinstance(one, WideTable)]


class _Sums(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, table: WideTable, entries: Entries, amounts: Tensor) -> Tensor:
        context.table, context.entries = table, entries
        context.save_for_backward(amounts)
        return _summed(table, entries, amounts)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[None, None, None]:
        (amounts,) = context.saved_tensors
        _remember(context.table, context.entries, amounts, gradients[0])
        return None, None, None


class _Products(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, table: Tensor, entries: Entries, left: Tensor) -> Tensor:
        context.table, context.entries = table, entries
        context.save_for_backward(left)
        result = np.empty(len(entries.cell), dtype=np.float32)
        return _filled(_multiply, entries, left.contiguous(), table, result)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor | None, None, Tensor]:
        (left,) = context.saved_tensors
        amounts = gradients[0].contiguous()
        by_left = _summed(context.table, context.entries, amounts)
        if isinstance(context.table, WideTable):
            _remember(context.table, context.entries, amounts, left)
            return None, None, by_left
        return _collected(context.entries, amounts, left.contiguous()), None, by_left


class _At(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, values: Tensor, indices: np.ndarray) -> Tensor:
        context.indices, context.size = indices, len(values)
        return torch.from_numpy(values.detach().numpy()[indices])

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        found = np.bincount(context.indices, gradients[0].numpy(), minlength=context.size)
        return torch.from_numpy(found.astype(np.float32)), None


def _summed(table: Tensor, entries: Entries, amounts: Tensor) -> Tensor:
    result = np.zeros((entries.n_cells, table.shape[1]), dtype=np.float32)
    return _filled(_add, entries, amounts, table, result)


def _collected(entries: Entries, amounts: Tensor, left: Tensor) -> Tensor:
    result = np.empty((len(entries.pointers) - 1, left.shape[1]), dtype=np.float32)
    return _filled(_collect, entries, amounts, left, result)


def _filled(
    loop: Callable[..., None], entries: Entries, one: Tensor, other: Tensor, result: np.ndarray
) -> Tensor:
    """Let a compiled loop over entries, and two tensors, write a result."""
    numbers = (tensor.detach().numpy() for tensor in (one, other))
    loop(entries.pointers, entries.cell, entries.order, *numbers, result)
    return torch.from_numpy(result)


def _remember(table: WideTable, entries: Entries, amounts: Tensor, left: Tensor) -> None:
    if getattr(table, "factored", None) is not None:
        raise RuntimeError("a wide table was used twice before its step; take a step in between")
    table.factored = FactoredGradient(
        entries, amounts.detach().contiguous(), left.detach().contiguous()
    )


def _over_entries(*more: numba.types.Type) -> Callable[[Loop], Loop]:
    """Compile for entries, and what follows; loops with a check of divisions are no vectors."""
    counts = numba.int64[::1]
    return compiled(numba.void(counts, counts, counts, *more), checks_division=False)


_ROW, _TABLE, _NUMBER = numba.float32[::1], numba.float32[:, ::1], numba.float32


@_over_entries(_TABLE, _TABLE, _ROW)
def _multiply(
    pointers: np.ndarray,
    cell: np.ndarray,
    order: np.ndarray,
    left: np.ndarray,
    table: np.ndarray,
    result: np.ndarray,
) -> None:
    for feature in range(len(table)):
        row = table[feature]
        for entry in range(pointers[feature], pointers[feature + 1]):
            other = left[cell[entry]]
            total = np.float32(0)
            for at in range(len(row)):
                total += row[at] * other[at]
            result[order[entry]] = total


@_over_entries(_ROW, _TABLE, _TABLE)
def _add(
    pointers: np.ndarray,
    cell: np.ndarray,
    order: np.ndarray,
    amounts: np.ndarray,
    table: np.ndarray,
    result: np.ndarray,
) -> None:
    for feature in range(len(table)):
        row = table[feature]
        for entry in range(pointers[feature], pointers[feature + 1]):
            other, amount = result[cell[entry]], amounts[order[entry]]
            for at in range(len(row)):
                other[at] += amount * row[at]


@_over_entries(_ROW, _TABLE, _TABLE)
def _collect(
    pointers: np.ndarray,
    cell: np.ndarray,
    order: np.ndarray,
    amounts: np.ndarray,
    left: np.ndarray,
    result: np.ndarray,
) -> None:
    for feature in range(len(result)):
        row = result[feature]
        row[:] = 0
        for entry in range(pointers[feature], pointers[feature + 1]):
            other, amount = left[cell[entry]], amounts[order[entry]]
            for at in range(len(row)):
                row[at] += amount * other[at]


@_over_entries(numba.int64[::1], numba.int64[::1])
def _sort(
    rows: np.ndarray, indices: np.ndarray, place: np.ndarray, cell: np.ndarray, order: np.ndarray
) -> None:
    for row in range(len(rows) - 1):
        for entry in range(rows[row], rows[row + 1]):
            at = place[indices[entry]]
            place[indices[entry]] = at + 1
            cell[at], order[at] = row, entry


@_over_entries(_ROW, _TABLE, _TABLE, _TABLE, _TABLE, _NUMBER, _NUMBER, _NUMBER, _NUMBER, _NUMBER)
def _adam(
    pointers: np.ndarray,
    cell: np.ndarray,
    order: np.ndarray,
    amounts: np.ndarray,
    left: np.ndarray,
    table: np.ndarray,
    means: np.ndarray,
    squares: np.ndarray,
    rate: np.float32,
    first: np.float32,
    second: np.float32,
    widened: np.float32,
    epsilon: np.float32,
) -> None:
    one = np.float32(1)
    gradient = np.empty(table.shape[1], np.float32)
    for feature in range(len(table)):
        gradient[:] = 0
        for entry in range(pointers[feature], pointers[feature + 1]):
            other, amount = left[cell[entry]], amounts[order[entry]]
            for at in range(len(gradient)):
                gradient[at] += amount * other[at]
        weight, mean, square = table[feature], means[feature], squares[feature]
        for at in range(len(gradient)):
            now = first * mean[at] + (one - first) * gradient[at]
            power = second * square[at] + (one - second) * gradient[at] * gradient[at]
            mean[at], square[at] = now, power
            weight[at] -= rate * now / (np.sqrt(power) * widened + epsilon)
