"""The network of all peaks, and beside it each gene's own, which may stand in for each other."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Self

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from xbench.errors import XbenchError
from xbench.surrogates.layers import AdditiveLayer
from xbench.surrogates.rate_network import RateNetwork, first_sums
from xbench.utils.sparse import Pattern, weighted_sums

# Bytes of first-layer weight up to which one layer answers for all genes.
WIDEST = 2**28


class OwnPeakNetwork(RateNetwork):
    """The network of `RateNetwork` plus what a gene's own peaks add to its log rate.

    With own peaks j and modules s of them:

        eta_g = network_g(x) + sum_j u_j x_j + sum_s a_s (1 - exp(-sum_j w_sj x_j))

    u may have either sign (a repressing element lowers). a and w are not negative: within a
    module s peaks stand in for each other, as redundant enhancers do (a noisy-or gate), which a
    sum cannot express and which decides the peaks that have to be masked *together*.

    Every gene has its own columns in the first layer, one a module and one for u, so the layer of
    all genes is too wide to exist at the paper's size; `for_outputs` gives that of some.

    Parameters
    ----------
    n_features, n_outputs, n_latent, n_hidden
        See `RateNetwork`.
    n_pairs
        Pairs of a gene and one of its own peaks.
    n_modules
        Modules s of a gene.
    outputs
        The genes that `additive_layer` and `tail` answer for; all where None.

    Examples
    --------
    >>> OwnPeakNetwork(50, 5, n_pairs=0, n_latent=4).frozen()(torch.ones(2, 50)).shape
    torch.Size([2, 5])
    """

    pair_gene: Tensor
    pair_peak: Tensor

    def __init__(
        self,
        n_features: int,
        n_outputs: int,
        n_pairs: int,
        n_modules: int = 3,
        n_latent: int = 32,
        n_hidden: int = 64,
        outputs: Sequence[int] | None = None,
    ) -> None:
        super().__init__(n_features, n_outputs, n_latent, n_hidden)
        self.n_modules = n_modules
        self.answered = None if outputs is None else tuple(int(one) for one in outputs)
        self.register_buffer("pair_gene", torch.zeros(n_pairs, dtype=torch.int64))
        self.register_buffer("pair_peak", torch.zeros(n_pairs, dtype=torch.int64))
        self.additive = nn.Parameter(torch.zeros(n_pairs, 1))
        # Through softplus these are w and a.
        self.member = nn.Parameter(torch.full((n_pairs, n_modules), -2.5))
        self.effect = nn.Parameter(torch.zeros(n_outputs, n_modules))

    @property
    def width(self) -> int:
        """Columns of a gene's own in the first layer."""
        return self.n_modules + 1

    def pair_weights(self) -> Tensor:
        """W of each module, then u, of each pair, shape (n_pairs, width)."""
        return torch.cat([nn.functional.softplus(self.member), self.additive], dim=1)

    def for_outputs(self, outputs: Sequence[int]) -> Self:
        """Return the same model with a layer for these genes only; it shares all parameters."""
        narrowed = copy.copy(self)
        narrowed.answered = tuple(int(one) for one in outputs)
        return narrowed

    def additive_layer(self) -> AdditiveLayer:
        """Return the network's sums and the own columns of the genes answered for, one block.

        Raises
        ------
        XbenchError
            Where that would be wider than memory should hold.
        """
        genes = self._answers()
        columns = self.n_latent + 1 + len(genes) * self.width
        if 4 * columns * self.n_features > max(WIDEST, 4 * self.n_features * 512):
            raise XbenchError(
                f"cis: a first layer of {len(genes)} genes would take "
                f"{4e-9 * columns * self.n_features:.1f} GB; ask for some by for_outputs([...])"
            )
        shared = super().additive_layer().weight
        place = torch.full((self.n_outputs,), -1, device=shared.device)
        place[torch.tensor(genes, device=shared.device)] = torch.arange(
            len(genes), device=shared.device
        )
        kept = torch.nonzero(place[self.pair_gene] >= 0)[:, 0]
        own = shared.new_zeros(self.n_features, len(genes), self.width)
        own[self.pair_peak[kept], place[self.pair_gene[kept]]] = self.pair_weights().detach()[kept]
        weight = torch.cat([shared, own.flatten(1)], dim=1)
        return AdditiveLayer(weight, weight.new_zeros(1, columns), np.array([0, self.n_features]))

    def tail(self, sums: Tensor, outputs: Tensor | None = None) -> Tensor:
        """Expression of the wanted genes from the sums, shape (n, wanted)."""
        genes = self._answers()
        wanted = genes if outputs is None else tuple(outputs.tolist())
        missing = sorted(set(wanted) - set(genes))
        if missing:
            raise XbenchError(
                f"cis: its first layer is not for output {missing[0]}; "
                f"use its for_outputs([{missing[0]}])"
            )
        flat = sums[:, 0]
        own = flat[:, self.n_latent + 1 :].view(len(flat), len(genes), self.width)
        if wanted != genes:
            own = own[:, [genes.index(one) for one in wanted]]
        chosen = torch.tensor(wanted, device=flat.device)
        rate = self.log_rate(flat, chosen) + self.regulated(own, chosen)
        return self.expression(rate, chosen)

    def regulated(self, own: Tensor, outputs: Tensor | None = None) -> Tensor:
        """What own peaks add to the log rate, shape (n, genes).

        Parameters
        ----------
        own
            Sums of the modules, then of u, shape (n, genes, width).
        outputs
            Which genes those are; all where None.
        """
        effect = nn.functional.softplus(self.effect if outputs is None else self.effect[outputs])
        activity = -torch.expm1(-own[:, :, : self.n_modules])
        return (activity * effect).sum(dim=2) + own[:, :, self.n_modules]

    def own_sums(self, pattern: Pattern, n_cells: int) -> Tensor:
        """Sums of own peaks for all genes, differentiable, shape (n, n_outputs, width).

        Parameters
        ----------
        pattern
            Rows are (cell, gene), columns pairs: see `own_pattern`.
        n_cells
            n.
        """
        weights = self.pair_weights()
        ones = weights.new_ones(len(pattern))
        return weighted_sums(pattern, ones, weights).view(n_cells, self.n_outputs, self.width)

    def of_sparse(self, x: sp.csr_matrix) -> Tensor:
        """Outputs of sparse zeros and ones for all genes: no layer of all genes is made."""
        shared = first_sums(self.weight, x).to(self.weight.device)
        pattern = own_pattern(
            x[:, self.pair_peak.cpu().numpy()], self.pair_gene.cpu().numpy(), self.n_outputs
        )
        rate = self.log_rate(shared) + self.regulated(self.own_sums(pattern, x.shape[0]))
        return self.expression(rate)

    def forward(self, x: Tensor) -> Tensor:
        """Expression of dense inputs for all genes, shape (n, n_outputs)."""
        shared = torch.cat([x @ self.weight, x.sum(dim=1, keepdim=True)], dim=1)
        each = x[:, self.pair_peak, None] * self.pair_weights()
        own = x.new_zeros(len(x), self.n_outputs, self.width).index_add(1, self.pair_gene, each)
        return self.expression(self.log_rate(shared) + self.regulated(own))

    def configuration(self) -> dict[str, object]:
        """Sizes of all layers."""
        answered = None if self.answered is None else list(self.answered)
        more = {"n_pairs": len(self.pair_gene), "n_modules": self.n_modules, "outputs": answered}
        return {**super().configuration(), **more}

    def _answers(self) -> tuple[int, ...]:
        return tuple(range(self.n_outputs)) if self.answered is None else self.answered


def own_pattern(opened: sp.csr_matrix, gene_of: np.ndarray, n_genes: int) -> Pattern:
    """Return the open own peaks of cells as rows of one gene of one cell each.

    Parameters
    ----------
    opened
        Shape (n, pairs), pairs sorted by gene.
    gene_of
        Gene of each pair, shape (pairs,).
    n_genes
        Genes, with pairs or without.
    """
    if not opened.has_sorted_indices:
        opened.sort_indices()
    cells = np.repeat(np.arange(opened.shape[0], dtype=np.int64), np.diff(opened.indptr))
    rows = cells * n_genes + gene_of[opened.indices]
    counts = np.bincount(rows, minlength=opened.shape[0] * n_genes)
    pointers = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return Pattern(pointers, opened.indices.astype(np.int32), opened.shape[1])
