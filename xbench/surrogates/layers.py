"""The layers that surrogates are made of, the additive first layer before all.

Features are grouped in contiguous blocks (chromosomes; one block for an image). The layer gives
each block its hidden sums ``S_b = offset_b + sum_{j in b} x_j w_j``. Masking feature j changes
only block(j), and only by ``(p_j - x_j) w_j``: the whole mask operator rests on this.

The paper has one small network for each of 24 chromosomes; stacked as one tensor they are one
batched product instead of 24 calls. The fixed batch normalisations of a frozen network are folded
into its linear layers.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from xbench.data.stored_matrix import stretches


@dataclass(frozen=True)
class AdditiveLayer:
    """Hidden sums that are linear in the input, block by block.

    Parameters
    ----------
    weight
        Contribution of one unit of each feature, shape (n_features, hidden).
    offset
        Sums of an all-zero input, shape (n_blocks, hidden).
    boundaries
        First feature of each block and the number of features, shape (n_blocks + 1,), rising.

    Raises
    ------
    ValueError
        Where the shapes do not belong together.

    Examples
    --------
    >>> layer = AdditiveLayer(torch.eye(3), torch.zeros(2, 3), np.array([0, 2, 3]))
    >>> layer.sums(torch.tensor([[1.0, 2.0, 4.0]])).shape
    torch.Size([1, 2, 3])
    """

    weight: Tensor
    offset: Tensor
    boundaries: np.ndarray

    def __post_init__(self) -> None:
        sizes = np.diff(self.boundaries)
        if self.boundaries[-1] != len(self.weight) or (sizes < 0).any():
            raise ValueError(
                f"boundaries end at {self.boundaries[-1]} but must at {len(self.weight)}"
            )
        expected = (len(sizes), self.weight.shape[1])
        if tuple(self.offset.shape) != expected:
            raise ValueError(
                f"offset has shape {tuple(self.offset.shape)} but must have {expected}"
            )

    @cached_property
    def block_of(self) -> Tensor:
        """Block of each feature, shape (n_features,)."""
        sizes = np.diff(self.boundaries)
        blocks = np.repeat(np.arange(len(sizes)), sizes)
        return torch.from_numpy(blocks).to(self.weight.device)

    @cached_property
    def moves(self) -> np.ndarray:
        """Whether any hidden sum depends on each feature, shape (n_features,)."""
        return (self.weight != 0).any(dim=1).cpu().numpy()

    @cached_property
    def weights(self) -> tuple[Tensor, ...]:
        """The part of `weight` that belongs to each block, n_blocks views."""
        return tuple(self.weight[start:stop] for start, stop in pairwise(self.boundaries))

    @property
    def n_features(self) -> int:
        """Number of input features."""
        return self.weight.shape[0]

    @property
    def n_blocks(self) -> int:
        """Number of blocks."""
        return self.offset.shape[0]

    def sums(self, x: Tensor) -> Tensor:
        """Hidden sums of dense inputs, differentiable in `x`.

        Parameters
        ----------
        x
            Inputs, shape (n, n_features).

        Returns
        -------
        Tensor
            Shape (n, n_blocks, hidden).
        """
        edges = self.boundaries
        parts = zip(pairwise(edges), self.weights, strict=True)
        blocks = [x[:, start:stop] @ weight for (start, stop), weight in parts]
        return torch.stack(blocks, dim=1) + self.offset

    def sparse_sums(self, x: sp.csr_matrix) -> Tensor:
        """Hidden sums of sparse inputs: one multiply-add of `hidden` numbers an entry.

        Parameters
        ----------
        x
            Inputs, shape (n, n_features), with sorted indices.

        Returns
        -------
        Tensor
            Shape (n, n_blocks, hidden).
        """
        device, n_blocks = self.weight.device, self.n_blocks
        pointers = block_pointers(x, self.boundaries)
        parts = []
        # No sum spans two rows, so that some rows at a time give the same numbers in less memory.
        for first, last in list(stretches(x.indptr, TOGETHER)) or [(0, 0)]:
            starts = pointers[first * n_blocks : last * n_blocks + 1]
            entries = slice(starts[0], starts[-1])
            summed = nn.functional.embedding_bag(
                torch.from_numpy(x.indices[entries].astype(np.int64)).to(device),
                self.weight,
                torch.from_numpy(starts - starts[0]).to(device),
                mode="sum",
                per_sample_weights=torch.from_numpy(x.data[entries].astype(np.float32)).to(device),
                include_last_offset=True,
            )
            sums = summed.view(last - first, n_blocks, self.weight.shape[1])
            parts.append(sums + self.offset)
        return torch.cat(parts)


# Entries of a sparse matrix that are worked on at once: some hundred MB.
TOGETHER = 1 << 22


def block_pointers(x: sp.csr_matrix, boundaries: np.ndarray) -> np.ndarray:
    """Where each (row, block) begins among the entries of a CSR matrix.

    A row's entries are sorted by feature and a block is a run of features, so the same data with
    these pointers is a matrix of n x n_blocks rows: no copy, one block a row.

    Parameters
    ----------
    x
        Shape (n, n_features), sorted indices.
    boundaries
        Shape (n_blocks + 1,).

    Returns
    -------
    ndarray
        int64, shape (n * n_blocks + 1,).

    Examples
    --------
    >>> x = sp.csr_matrix(np.array([[1, 0, 1], [0, 0, 1]]))
    >>> block_pointers(x, np.array([0, 2, 3]))
    array([0, 1, 2, 2, 3])
    """
    if len(boundaries) == 2:
        return x.indptr.astype(np.int64)
    starts = np.empty((x.shape[0], len(boundaries) - 1), dtype=np.int64)
    # A row at a time: nothing as long as the entries is made.
    for row, (first, last) in enumerate(pairwise(x.indptr)):
        starts[row] = first + np.searchsorted(x.indices[first:last], boundaries[:-1])
    return np.append(starts.ravel(), x.indptr[-1])


class BlockLinear(nn.Module):
    """One linear map a block: (n, blocks, inputs) -> (n, blocks, outputs)."""

    def __init__(self, n_blocks: int, n_inputs: int, n_outputs: int) -> None:
        super().__init__()
        bound = 1 / math.sqrt(n_inputs)
        self.weight = nn.Parameter(
            torch.empty(n_blocks, n_inputs, n_outputs).uniform_(-bound, bound)
        )
        self.bias = nn.Parameter(torch.empty(n_blocks, n_outputs).uniform_(-bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        """Apply each block's own map."""
        products = torch.baddbmm(self.bias[:, None], x.transpose(0, 1), self.weight)
        return products.transpose(0, 1)


def block_prelu(n_blocks: int) -> nn.PReLU:
    """One learned negative slope a block: PReLU takes dimension 1 as its channels."""
    return nn.PReLU(n_blocks)


class BlockBatchNorm(nn.Module):
    """Batch normalisation of every channel of every block."""

    def __init__(self, n_blocks: int, n_channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(n_blocks * n_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (n, blocks, channels) over n."""
        return self.norm(x.reshape(len(x), -1)).view(x.shape)


def folded(layers: nn.Sequential) -> nn.Sequential:
    """Return an equal network for evaluation with fewer layers.

    A batch normalisation after a linear layer, and a linear layer directly after another, become
    part of it: the same function up to rounding, in fewer steps.

    Parameters
    ----------
    layers
        Linear, BlockLinear, BatchNorm1d, BlockBatchNorm and elementwise layers, in evaluation mode.

    Examples
    --------
    >>> network = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2)).eval()
    >>> len(folded(network))
    1
    """
    # New layers draw initial weights, replaced at once: no caller's random numbers are used up.
    with torch.random.fork_rng(devices=[]):
        return nn.Sequential(*_folded(layers)).eval()


def _folded(layers: nn.Sequential) -> list[nn.Module]:
    result: list[nn.Module] = []
    for layer in layers:
        last = result[-1] if result else None
        if isinstance(layer, nn.BatchNorm1d) and isinstance(last, nn.Linear):
            result[-1] = _linear_then_norm(last, layer)
        elif isinstance(layer, BlockBatchNorm) and isinstance(last, BlockLinear):
            result[-1] = _block_then_norm(last, layer)
        elif isinstance(layer, nn.Linear) and isinstance(last, nn.Linear):
            weight, bias = layer.weight @ last.weight, layer.weight @ last.bias + layer.bias
            result[-1] = _linear(weight, bias)
        else:
            result.append(layer)
    return result


def scale_and_shift(norm: nn.BatchNorm1d) -> tuple[Tensor, Tensor]:
    """Return the factor and the summand that a fixed normalisation amounts to, a channel each."""
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError("a batch normalisation without running statistics cannot be folded")
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return scale, norm.bias - scale * norm.running_mean


def _linear(weight: Tensor, bias: Tensor) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0], device=weight.device)
    layer.weight = nn.Parameter(weight.detach().contiguous())
    layer.bias = nn.Parameter(bias.detach().contiguous())
    return layer


def _linear_then_norm(linear: nn.Linear, norm: nn.BatchNorm1d) -> nn.Linear:
    scale, shift = scale_and_shift(norm)
    return _linear(scale[:, None] * linear.weight, scale * linear.bias + shift)


def _block_then_norm(linear: BlockLinear, norm: BlockBatchNorm) -> BlockLinear:
    scale, shift = (part.view(linear.bias.shape) for part in scale_and_shift(norm.norm))
    layer = BlockLinear(*linear.weight.shape).to(linear.weight.device)
    layer.weight = nn.Parameter((linear.weight * scale[:, None, :]).detach())
    layer.bias = nn.Parameter((linear.bias * scale + shift).detach())
    return layer
