"""Chosen entries of a cells x peaks matrix, and the three products that training takes at them.

A row is a (cell, chromosome) pair: a peak meets only its own chromosome's hidden numbers. At the
paper's size a batch of 128 cells has 616,000 open peaks, 4% of the 16 million entries, and each
product costs 16 multiply-adds an entry; the matrix itself is never made.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

# Entries at once where a device has no kernel for sparse products: 64 MB of gathered numbers.
GATHERED = 2**20


@dataclass(frozen=True)
class Positions:
    """Where the entries are, in CSR form without values.

    Parameters
    ----------
    pointers
        Where each row begins among the entries, int32, shape (n_rows + 1,).
    columns
        Column of each entry, int32, shape (entries,).
    n_columns
        Number of columns.
    device
        Where products are computed.

    Examples
    --------
    >>> here = Positions(np.array([0, 1, 2], np.int32), np.array([2, 0], np.int32), 3)
    >>> here.products(torch.tensor([[1.0], [2.0]]), torch.tensor([[3.0], [4.0], [5.0]]))
    tensor([5., 6.])
    """

    pointers: np.ndarray
    columns: np.ndarray
    n_columns: int
    device: str = "cpu"

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.pointers) - 1

    def products(self, left: Tensor, right: Tensor) -> Tensor:
        """Inner products ``left[row] . right[column]``, shape (entries,).

        Parameters
        ----------
        left, right
            Shapes (n_rows, k) and (n_columns, k).
        """
        if self.device != "cpu":
            rows, columns = self._indices
            parts = zip(rows.split(GATHERED), columns.split(GATHERED), strict=True)
            return torch.cat([(left[row] * right[column]).sum(dim=1) for row, column in parts])
        zeros = self._csr(torch.zeros(len(self)))
        return torch.sparse.sampled_addmm(zeros, left, right.t()).values()

    def times(self, values: Tensor, right: Tensor) -> Tensor:
        """Product of the sparse matrix of `values` with `right`, shape (n_rows, k)."""
        if self.device != "cpu":
            rows, columns = self._indices
            return _summed(right, columns, rows, values, self.n_rows)
        return self._csr(values) @ right

    def transposed_times(self, values: Tensor, left: Tensor) -> Tensor:
        """Product of its transpose with `left`, shape (n_columns, k)."""
        if self.device != "cpu":
            rows, columns = self._indices
            return _summed(left, rows, columns, values, self.n_columns)
        # SciPy multiplies by a transpose without making it, seven times as fast as torch does.
        matrix = sp.csr_matrix(
            (values.numpy(), self.columns, self.pointers), shape=(self.n_rows, self.n_columns)
        )
        return torch.from_numpy(matrix.T @ left.numpy())

    def _csr(self, values: Tensor) -> Tensor:
        pointers, columns = torch.from_numpy(self.pointers), torch.from_numpy(self.columns)
        shape = (self.n_rows, self.n_columns)
        with warnings.catch_warnings():
            # torch calls all of its CSR support a beta; what is used of it here is tested.
            warnings.filterwarnings("ignore", message="Sparse CSR tensor support")
            # Never checked: these are our own, and a check costs as much as a product.
            return torch.sparse_csr_tensor(pointers, columns, values, shape, check_invariants=False)

    @cached_property
    def _indices(self) -> tuple[Tensor, Tensor]:
        """Row and column of each entry, on the device."""
        rows = np.repeat(np.arange(self.n_rows), np.diff(self.pointers))
        row, column = torch.from_numpy(rows), torch.from_numpy(self.columns.astype(np.int64))
        return row.to(self.device), column.to(self.device)


def _summed(source: Tensor, taken: Tensor, into: Tensor, values: Tensor, count: int) -> Tensor:
    """Sum ``values * source[taken]`` by `into`, in chunks."""
    result = source.new_zeros(count, source.shape[1])
    columns = (one.split(GATHERED) for one in (taken, into, values))
    for take, put, value in zip(*columns, strict=True):
        result.index_add_(0, put, source[take] * value[:, None])
    return result


class _OpenSums(torch.autograd.Function):
    @staticmethod
    def forward(ctx, weight: Tensor, positions: Positions) -> Tensor:  # type: ignore[no-untyped-def]
        ctx.positions = positions
        return positions.times(weight.new_ones(len(positions)), weight)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:  # type: ignore[no-untyped-def]
        positions = ctx.positions
        ones = gradient.new_ones(len(positions))
        return positions.transposed_times(ones, gradient.contiguous()), None


def open_sums(weight: Tensor, positions: Positions) -> Tensor:
    """Sum of the weights at each row's positions, differentiable; shape (n_rows, hidden).

    Parameters
    ----------
    weight
        Shape (n_columns, hidden).
    """
    return _OpenSums.apply(weight, positions)
