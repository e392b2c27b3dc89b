"""Products with matrices that are sparse, or wanted only where a sparse pattern has an entry.

Nothing of the size rows x columns ever exists: the work is one row of the table, or one dot
product, for each entry of the pattern, forward and backward. `weighted_sums` and `products_at` are
differentiable by PyTorch; the three products below them are what they and their gradients are
made of.
"""

import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
import torch.nn.functional as functional
from torch import Tensor

# Columns of a table from which on it pays to sort the entries by the rows of the longer table,
# which is then passed through once, in order.
WIDE = 64


def dense_tensor(x: Any) -> Tensor:
    """Return numbers, sparse or in an array, as a dense float32 tensor of their own.

    Examples
    --------
    >>> dense_tensor(sp.csr_matrix([[0, 2]]))
    tensor([[0., 2.]])
    """
    rows = x.toarray() if sp.issparse(x) else x
    return torch.from_numpy(np.array(rows, dtype=np.float32))


def tensor_of(array: np.ndarray) -> Tensor:
    """Return an array as a tensor; a copy of one that is only to be read, which torch has none of.

    Examples
    --------
    >>> kept = np.arange(3)
    >>> kept.flags.writeable = False
    >>> tensor_of(kept)
    tensor([0, 1, 2])
    """
    return torch.from_numpy(array if array.flags.writeable else array.copy())


@dataclass(frozen=True)
class Pattern:
    """Where a sparse matrix has entries: CSR without the numbers.

    Parameters
    ----------
    pointers
        Where each row begins among the entries, and their number, shape (rows + 1,).
    indices
        Column of each entry, of the same integer type, shape (entries,).
    n_columns
        Number of columns.
    """

    pointers: np.ndarray
    indices: np.ndarray
    n_columns: int

    @classmethod
    def of(cls, matrix: sp.csr_matrix) -> "Pattern":
        """Return the pattern of a matrix."""
        return cls(matrix.indptr, matrix.indices, matrix.shape[1])

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.pointers) - 1

    @cached_property
    def transposed(self) -> "tuple[Pattern, np.ndarray]":
        """The transposed pattern, and which entry of this one each of its entries is."""
        n_rows = self.n_rows
        numbers = np.arange(len(self.indices))
        columns = sp.csr_matrix(
            (numbers, self.indices, self.pointers), shape=(n_rows, self.n_columns)
        ).tocsc()
        return Pattern(columns.indptr, columns.indices, n_rows), columns.data


def weighted_sums(pattern: Pattern, amounts: Tensor, table: Tensor) -> Tensor:
    """Sum rows of a table: a sparse matrix, whose numbers are `amounts`, times the table.

    Parameters
    ----------
    pattern
        Of shape (n, m).
    amounts
        The number of each entry, shape (entries,).
    table
        Shape (m, k).

    Returns
    -------
    Tensor
        Shape (n, k), differentiable in `amounts` and `table`.

    Examples
    --------
    >>> pattern = Pattern.of(sp.csr_matrix(np.array([[0, 1], [1, 1]])))
    >>> weighted_sums(pattern, torch.tensor([1.0, 2.0, 3.0]), torch.eye(2))
    tensor([[0., 1.],
            [2., 3.]])
    """
    return _WeightedSums.apply(amounts, table, pattern)


def products_at(pattern: Pattern, left: Tensor, right: Tensor) -> Tensor:
    """Entries of left @ right.T where the pattern has one.

    Parameters
    ----------
    pattern
        Of shape (n, m).
    left, right
        Shapes (n, k) and (m, k).

    Returns
    -------
    Tensor
        Shape (entries,), differentiable in `left` and `right`.

    Examples
    --------
    >>> pattern = Pattern.of(sp.csr_matrix(np.array([[0, 1]])))
    >>> left, right = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 0.0], [0.0, 5.0]])
    >>> products_at(pattern, left, right)
    tensor([10.])
    """
    return _ProductsAt.apply(left, right, pattern)


class _WeightedSums(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, amounts: Tensor, table: Tensor, pattern: Pattern) -> Tensor:
        context.save_for_backward(amounts, table)
        context.pattern = pattern
        return sums(pattern, amounts, table)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        amounts, table = context.saved_tensors
        gradient = gradients[0].contiguous()
        by_amount = by_table = None
        if context.needs_input_grad[0]:
            by_amount = _by_amount(context.pattern, gradient, table)
        if context.needs_input_grad[1]:
            by_table = transposed_sums(context.pattern, amounts, gradient)
        return by_amount, by_table, None


def _by_amount(pattern: Pattern, gradient: Tensor, table: Tensor) -> Tensor:
    narrow = table.shape[1] < WIDE and table.is_contiguous()
    if not narrow or {table.dtype, gradient.dtype} != {torch.float32} or table.is_cuda:
        return products(pattern, gradient, table)
    # Imported here: who trains takes no gradient by amounts, and numba takes half a second.
    from xbench.utils.entry_products import entry_products

    given = (gradient.detach().numpy(), table.detach().numpy())
    return torch.from_numpy(entry_products(pattern.pointers, pattern.indices, *given))


class _ProductsAt(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, left: Tensor, right: Tensor, pattern: Pattern) -> Tensor:
        context.save_for_backward(left, right)
        context.pattern = pattern
        return products(pattern, left, right)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        left, right = context.saved_tensors
        by_left = by_right = None
        if context.needs_input_grad[0]:
            by_left = sums(context.pattern, gradients[0], right)
        if context.needs_input_grad[1]:
            by_right = transposed_sums(context.pattern, gradients[0], left)
        return by_left, by_right, None


def sums(pattern: Pattern, amounts: Tensor, table: Tensor) -> Tensor:
    """Product of the sparse matrix of `amounts` with a table of m rows, shape (n, k)."""
    return functional.embedding_bag(
        tensor_of(pattern.indices).to(table.device),
        table,
        tensor_of(pattern.pointers).to(table.device),
        mode="sum",
        per_sample_weights=amounts,
        include_last_offset=True,
    )


def transposed_sums(pattern: Pattern, amounts: Tensor, table: Tensor) -> Tensor:
    """Product of its transpose with a table of n rows, shape (m, k)."""
    if table.device.type == "cpu" and table.shape[1] < WIDE:
        # SciPy multiplies by a transpose without making it: six times as fast as torch's.
        shape = (len(table), pattern.n_columns)
        matrix = sp.csr_matrix((amounts.numpy(), pattern.indices, pattern.pointers), shape=shape)
        return torch.from_numpy(matrix.T @ table.numpy())
    across, order = pattern.transposed
    amounts = amounts[torch.from_numpy(order).to(amounts.device)]
    if table.device.type == "cpu":
        return _sums_of_used_rows(across, amounts, table)
    return sums(across, amounts, table)


def _sums_of_used_rows(pattern: Pattern, amounts: Tensor, table: Tensor) -> Tensor:
    """Compute `sums`, where many rows of the pattern are empty and the table fits the cache.

    Each row of the result is written once. NumPy's zeros are memory that nobody has touched:
    filling 50 MB with zeros, as torch does, takes longer than all the sums.
    """
    used = np.flatnonzero(np.diff(pattern.pointers))
    pointers = np.append(pattern.pointers[used], len(pattern)).astype(pattern.pointers.dtype)
    compact = Pattern(pointers, pattern.indices, pattern.n_columns)
    found = sums(compact, amounts, table)
    result = torch.from_numpy(np.zeros((pattern.n_rows, table.shape[1]), found.numpy().dtype))
    return result.index_copy_(0, torch.from_numpy(used), found)


def products(pattern: Pattern, left: Tensor, right: Tensor) -> Tensor:
    """Entries of left @ right.T, shape (entries,)."""
    device = right.device
    if device.type == "cpu" and right.shape[1] >= WIDE and len(right) > len(left):
        # Entry after entry of a row, the longer table would be read all over the place.
        across, order = pattern.transposed
        result = torch.empty(len(pattern), dtype=left.dtype)
        result[torch.from_numpy(order)] = products(across, right, left)
        return result
    with warnings.catch_warnings():
        # torch calls its CSR tensors beta; the entries used here are pinned by our own tests.
        warnings.simplefilter("ignore", UserWarning)
        where = torch.sparse_csr_tensor(
            tensor_of(pattern.pointers).to(device),
            tensor_of(pattern.indices).to(device),
            torch.zeros(len(pattern), dtype=left.dtype, device=device),
            size=(len(left), len(right)),
            check_invariants=False,
        )
        return torch.sparse.sampled_addmm(where, left, right.T, beta=0.0).values()
