"""Networks that predict the importance of each window of a cell (CXPlain's explainers)."""

from __future__ import annotations

from typing import cast

import numpy as np
import scipy.sparse as sp
import torch
import torch.nn.functional as functional
from torch import Tensor, nn

HIDDEN = 64
CHANNELS = 8


class SparsePerceptron(nn.Module):
    """A perceptron of two hidden layers over sparse inputs: only open features cost anything.

    Parameters
    ----------
    n_features, n_windows
        Sizes of input and output.
    scale
        Inputs are multiplied by it; one over their usual length keeps the first layer's sums
        near 1, whatever the number of features.

    Examples
    --------
    >>> network = SparsePerceptron(6, 3)
    >>> network(sp.csr_matrix(np.eye(2, 6, dtype=np.float32))).shape
    torch.Size([2, 3])
    """

    def __init__(self, n_features: int, n_windows: int, scale: float = 1.0) -> None:
        super().__init__()
        self.scale = scale
        self.embed = nn.EmbeddingBag(n_features, HIDDEN, mode="sum", include_last_offset=True)
        self.rest = nn.Sequential(
            nn.ReLU(), nn.Linear(HIDDEN, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, n_windows)
        )

    def forward(self, x: sp.csr_matrix) -> Tensor:
        """Return logits of sparse inputs (n, n_features), shape (n, n_windows)."""
        device = self.embed.weight.device
        indices, pointers, values = (
            torch.from_numpy(part).to(device)
            for part in (x.indices, x.indptr.astype(x.indices.dtype), x.data.astype(np.float32))
        )
        embedded = self.embed(indices, pointers, per_sample_weights=self.scale * values)
        return self.rest(embedded)


class ImageUNet(nn.Module):
    """A small U-Net (Ronneberger et al. 2015): three scales, one convolution each way.

    A patch's logit is the mean of its pixels'.

    Parameters
    ----------
    side
        Of the square image, in pixels.
    patch
        Side of a patch, in pixels; patches at the right and lower edge may be smaller.

    Examples
    --------
    >>> ImageUNet(side=7, patch=2)(sp.csr_matrix((3, 49), dtype=np.float32)).shape
    torch.Size([3, 16])
    """

    def __init__(self, side: int, patch: int) -> None:
        super().__init__()
        self.side, self.patch = side, patch
        fine, middle, coarse = CHANNELS, 2 * CHANNELS, 4 * CHANNELS
        self.down = nn.ModuleList([_convolution(1, fine), _convolution(fine, middle)])
        self.bottom = _convolution(middle, coarse)
        self.rise = nn.ModuleList(
            [
                nn.ConvTranspose2d(middle, fine, 2, stride=2),
                nn.ConvTranspose2d(coarse, middle, 2, stride=2),
            ]
        )
        self.merge = nn.ModuleList([_convolution(2 * fine, fine), _convolution(coarse, middle)])
        self.last = nn.Conv2d(fine, 1, 1)
        # Half the time on a CPU.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: sp.csr_matrix) -> Tensor:
        """Return logits of images (n, pixels), shape (n, n_patches)."""
        images = torch.from_numpy(x.toarray().astype(np.float32)).to(self.last.weight.device)
        missing = -self.side % 4
        hidden = functional.pad(images.view(-1, 1, self.side, self.side), (0, missing, 0, missing))
        kept = []
        for convolve in self.down:
            kept.append(convolve(hidden))
            hidden = functional.max_pool2d(kept[-1], 2)
        hidden = self.bottom(hidden)
        for scale in (1, 0):
            hidden = torch.cat([kept[scale], self.rise[scale](hidden)], dim=1)
            hidden = self.merge[scale](hidden)
        logits = self.last(hidden)[:, :, : self.side, : self.side]
        pooled = functional.avg_pool2d(logits, self.patch, ceil_mode=True)
        return cast(Tensor, pooled.flatten(1))


def _convolution(n_inputs: int, n_outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(n_inputs, n_outputs, 3, padding=1), nn.ReLU())
